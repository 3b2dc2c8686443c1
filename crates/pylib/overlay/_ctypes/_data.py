"""What all C types share, and the simple ones.

A type knows its `Info`; an instance is a stretch of `_foreign.Memory`, its own or a part of another's. Objects whose address
was stored in C memory are kept alive by the outermost instance (`_objects`).
"""

import _foreign
import struct as _struct
import sys as _sys

_BIG = ">"
_LITTLE = "<"
_NATIVE = _LITTLE if _sys.byteorder == "little" else _BIG
_SWAPPED = _BIG if _sys.byteorder == "little" else _LITTLE


class ArgumentError(Exception):
    pass


def _no_module(cls):
    cls.__module__ = "ctypes" if cls is ArgumentError else "_ctypes"
    return cls


_no_module(ArgumentError)


class Info:
    """Size, alignment and buffer format of a C type; `code` is how `_foreign` passes it; `is_final`: in use already."""

    __slots__ = ("size", "align", "format", "code", "shape", "item_size", "is_final", "fields", "length", "type",
                 "flags", "argtypes", "restype", "has_pointer")

    def __init__(self, size, align, format, code, shape=(), item_size=None):
        self.size = size
        self.align = align
        self.format = format
        self.code = code
        self.shape = shape
        self.item_size = size if item_size is None else item_size
        self.is_final = False
        self.fields = None
        self.length = 0
        self.type = None


def info_of(cls):
    """The `Info` of a C type; None for anything else."""
    return cls.__dict__.get("_info_") if isinstance(cls, CType) else None


class CType(type):
    """What the metaclasses of C types have in common."""

    def __mul__(cls, length):
        from _ctypes._aggregates import array_of
        return array_of(cls, length)

    __rmul__ = __mul__

    def __repr__(cls):
        return type.__repr__(cls)

    @property
    def __pointer_type__(cls):
        try:
            return cls.__dict__["_pointer_type_"]
        except KeyError:
            raise AttributeError(f"type {cls!r} has no attribute '__pointer_type__'") from None

    @__pointer_type__.setter
    def __pointer_type__(cls, value):
        type.__setattr__(cls, "_pointer_type_", value)

    def from_address(cls, address):
        """C.from_address(integer) -> C instance

        Access a C instance at the specified address."""
        if not isinstance(address, int):
            raise TypeError("integer expected")
        info = storage_of(cls)
        _sys.audit("ctypes.cdata", address)
        return at_memory(cls, _foreign.Memory.at(address & 0xFFFFFFFFFFFFFFFF, info.size))

    def from_buffer(cls, source, offset=0, /):
        """C.from_buffer(object, offset=0, /) -> C instance

        Create a C instance from a writeable buffer."""
        info = storage_of(cls)
        view = memoryview(source)
        if view.readonly:
            raise TypeError("underlying buffer is not writable")
        if not view.c_contiguous:
            raise TypeError("underlying buffer is not C contiguous")
        if offset < 0:
            raise ValueError("offset cannot be negative")
        if info.size > view.nbytes - offset:
            raise ValueError(
                f"Buffer size too small ({view.nbytes} instead of at least {info.size + offset} bytes)")
        _sys.audit("ctypes.cdata/buffer", view.nbytes, offset)
        instance = at_memory(cls, _foreign.Memory.of(source).part(offset, info.size))
        instance._objects = {"ffffffff": view}
        return instance

    def from_buffer_copy(cls, source, offset=0, /):
        """C.from_buffer_copy(object, offset=0, /) -> C instance

        Create a C instance from a readable buffer."""
        info = storage_of(cls)
        data = bytes(memoryview(source))
        if offset < 0:
            raise ValueError("offset cannot be negative")
        if info.size > len(data) - offset:
            raise ValueError(f"Buffer size too small ({len(data)} instead of at least {info.size + offset} bytes)")
        _sys.audit("ctypes.cdata/buffer", len(data), offset)
        instance = at_memory(cls, _foreign.Memory(info.size))
        instance._view()[:] = data[offset:offset + info.size]
        return instance

    def in_dll(cls, library, name, /):
        """C.in_dll(dll, name) -> C instance

        Access a C instance in a dll."""
        _sys.audit("ctypes.dlsym", library, name)
        try:
            address = _foreign.find_symbol(library._handle, name)
        except OSError as error:
            raise ValueError(str(error)) from None
        return cls.from_address(address)

    def from_param(cls, value, /):
        """Convert a Python object into a function call parameter."""
        if isinstance(value, cls):
            return value
        if isinstance(value, CArgument) and isinstance(value._object, cls):
            return value
        as_parameter = getattr(value, "_as_parameter_", None)
        if as_parameter is not None:
            return cls.from_param(as_parameter)
        raise TypeError(f"expected {cls.__name__} instance instead of {type(value).__name__}")


def storage_of(cls):
    """The `Info` of a type that instances can be made of; it is final from now on."""
    info = info_of(cls)
    if info is None:
        raise TypeError("abstract class")
    info.is_final = True
    return info


def at_memory(cls, memory, base=None, index=0):
    """An instance that stands for given memory, which belongs to `base` when there is one."""
    instance = object.__new__(cls)
    instance._memory = memory
    instance._b_base_ = base
    instance._b_index_ = index
    instance._b_needsfree_ = False
    instance._objects = None
    return instance


def keep(instance, index, value):
    """Keeps `value` alive with the outermost instance, as that which the part `index` refers to."""
    key = f"{index:x}"
    while instance._b_base_ is not None:
        key += f":{instance._b_index_:x}"
        instance = instance._b_base_
    if instance._objects is None:
        instance._objects = {}
    if isinstance(instance._objects, dict):
        if value is None:
            instance._objects.pop(key, None)
        else:
            instance._objects[key] = value


def kept(instance, index):
    """What `keep` kept."""
    key = f"{index:x}"
    while instance._b_base_ is not None:
        key += f":{instance._b_index_:x}"
        instance = instance._b_base_
    return instance._objects.get(key) if isinstance(instance._objects, dict) else None


@_no_module
class _CData:
    """What all C instances have in common."""

    def __new__(cls, *args, **kwargs):
        info = storage_of(cls)
        instance = at_memory(cls, _foreign.Memory(info.size))
        instance._b_needsfree_ = True
        return instance

    def _view(self):
        """The bytes, for reading and writing."""
        return memoryview(self._memory)

    def __buffer__(self, flags):
        info = info_of(type(self))
        size = self._memory.size
        if size != info.size:
            return memoryview(self._memory)
        return memoryview(self._memory.part(0, size, info.format, info.shape, info.item_size))

    def __hash__(self):
        raise TypeError("unhashable type")

    def __reduce__(self):
        if getattr(info_of(type(self)), "has_pointer", False):
            raise ValueError("ctypes objects containing pointers cannot be pickled")
        hidden = ("_memory", "_b_base_", "_b_index_", "_b_needsfree_", "_objects")
        state = {name: value for name, value in self.__dict__.items() if name not in hidden}
        return _unpickle, (type(self), (state, bytes(self._view())))

    def __setstate__(self, state):
        names, data = state
        self._view()[:len(data)] = data
        self.__dict__.update(names)

    def __ctypes_from_outparam__(self):
        return self


def _unpickle(cls, state):
    instance = cls.__new__(cls)
    instance.__setstate__(state)
    return instance


class CArgument:
    """An argument of a call, ready to be passed: the bytes, their type, and what they rest on."""

    __slots__ = ("_tag", "_code", "_bytes", "_object", "_value")

    def __init__(self, tag, code, data, kept, value):
        self._tag = tag
        self._code = code
        self._bytes = data
        self._object = kept
        self._value = value

    def __repr__(self):
        if self._tag in ("z", "Z", "P", "O"):
            return f"<cparam '{self._tag}' ({self._value:#x})>"
        return f"<cparam '{self._tag}' ({self._value})>"


CArgument.__name__ = CArgument.__qualname__ = "CArgObject"
_no_module(CArgument)

# Code of the type: size, and the struct module's code.
_SIMPLE = {
    "c": (1, "c"), "b": (1, "b"), "B": (1, "B"), "?": (1, "?"), "h": (2, "h"), "H": (2, "H"), "i": (4, "i"),
    "I": (4, "I"), "l": (8, "q"), "L": (8, "Q"), "q": (8, "q"), "Q": (8, "Q"), "f": (4, "f"), "d": (8, "d"),
    "g": (16, None), "P": (8, "Q"), "z": (8, "Q"), "Z": (8, "Q"), "O": (8, "Q"), "u": (4, "I"),
    "v": (2, "h"), "F": (8, None), "D": (16, None), "G": (32, None),
}
_INTEGERS = "bBhHiIlLqQ"


def _read(code, order, data, owner, index):
    """The Python value of the bytes of a simple type."""
    if code == "c":
        return bytes(data)
    if code in "?v":
        return any(data)
    if code == "F":
        return complex(*_struct.unpack(order + "2f", data))
    if code == "D":
        return complex(*_struct.unpack(order + "2d", data))
    if code == "g":
        return _long_double(data)
    if code == "G":
        return complex(_long_double(data[:16]), _long_double(data[16:]))
    value = _struct.unpack(order + _SIMPLE[code][1], data)[0]
    if code == "u":
        return chr(value)
    if code == "z":
        return string_at(value) if value else None
    if code == "Z":
        return wide_string_at(value) if value else None
    if code == "P":
        return value or None
    if code == "O":
        if not value:
            raise ValueError("PyObject is NULL")
        found = kept(owner, index) if owner._b_base_ is not None or isinstance(owner._objects, dict) else owner._objects
        if found is None or id(found) & 0xFFFFFFFFFFFFFFFF != value:
            raise NotImplementedError("an object that only C code refers to")
        return found
    return value


def _long_double(data):
    """The x87 80-bit number in the first ten bytes."""
    mantissa = int.from_bytes(data[:8], "little")
    head = int.from_bytes(data[8:10], "little")
    sign, exponent = head >> 15, head & 0x7FFF
    if exponent == 0x7FFF:
        value = float("inf") if mantissa << 1 & 0xFFFFFFFFFFFFFFFF == 0 else float("nan")
    else:
        shift = exponent - 16383 - 63
        try:
            value = float(mantissa << shift) if shift >= 0 else mantissa / (1 << -shift)
        except OverflowError:
            value = float("inf")
    return -value if sign else value


def _long_double_bytes(value):
    sign = 0x8000 if _struct.pack("<d", value)[7] & 0x80 else 0
    value = abs(value)
    if value != value:
        mantissa, head = 0xC000000000000000, 0x7FFF
    elif value == float("inf"):
        mantissa, head = 0x8000000000000000, 0x7FFF
    elif value == 0:
        mantissa, head = 0, 0
    else:
        numerator, denominator = value.as_integer_ratio()
        exponent = numerator.bit_length() - denominator.bit_length()
        if (numerator << max(-exponent, 0)) < (denominator << max(exponent, 0)):
            exponent -= 1
        shift = 63 - exponent
        mantissa = (numerator << shift) // denominator if shift >= 0 else numerator // (denominator << -shift)
        head = exponent + 16383
    return mantissa.to_bytes(8, "little") + (head | sign).to_bytes(2, "little") + bytes(6)


def string_at(address):
    """The zero-terminated bytes at an address."""
    length = _foreign.string_length(address)
    return bytes(_foreign.Memory.at(address, length, True)) if length else b""


def wide_string_at(address, length=-1):
    """The zero-terminated wide string at an address."""
    if length < 0:
        length = _foreign.string_length(address, 4)
    data = bytes(_foreign.Memory.at(address, length * 4, True)) if length else b""
    return "".join(chr(point) for point in _struct.unpack(f"={length}I", data))


# C may keep the address of a text argument as long as the bytes object lives. What was passed is a copy of it, so the latest
# copies are kept for a while after the call.
_recent = []
_RECENT_BYTES = 1 << 20


def _text_memory(data):
    memory = _foreign.Memory(len(data))
    memoryview(memory)[:] = data
    _recent.append(memory)
    if len(_recent) > 64 or len(data) > 4096:
        while len(_recent) > 64 or sum(part.size for part in _recent) > _RECENT_BYTES:
            del _recent[0]
    return memory


def _write(code, order, value):
    """The bytes of a Python value as a simple type, and what must be kept alive for them."""
    if code in _INTEGERS:
        if isinstance(value, float):
            raise TypeError("'float' object cannot be interpreted as an integer")
        number = value if isinstance(value, int) else _index(value)
        size = _SIMPLE[code][0]
        number &= (1 << size * 8) - 1
        return number.to_bytes(size, "little" if order == _LITTLE else "big"), None
    if code in "fd":
        if not isinstance(value, float):
            if not isinstance(value, int) and not hasattr(value, "__float__") and not hasattr(value, "__index__"):
                raise TypeError(f"must be real number, not {type(value).__name__}")
            value = float(value)
        if code == "f" and abs(value) > 3.4028235677973366e38 and value - value == 0:
            value = float("inf") if value > 0 else float("-inf")
        return _struct.pack(order + code, value), None
    if code in "FD":
        value = complex(value)
        return _struct.pack(order + ("2f" if code == "F" else "2d"), value.real, value.imag), None
    if code == "g":
        if not isinstance(value, (int, float)) and not hasattr(value, "__float__"):
            raise TypeError(f"must be real number, not {type(value).__name__}")
        return _long_double_bytes(float(value)), None
    if code == "G":
        value = complex(value)
        return _long_double_bytes(value.real) + _long_double_bytes(value.imag), None
    if code == "?":
        return (b"\1" if value else b"\0"), None
    if code == "v":
        return (b"\xff\xff" if value else b"\0\0"), None
    if code == "c":
        if isinstance(value, (bytes, bytearray)):
            if len(value) != 1:
                kind = type(value).__name__
                raise TypeError("one character bytes, bytearray, or an integer in range(256) expected, "
                                f"not {kind} of length {len(value)}")
            return bytes(value), None
        if isinstance(value, int):
            if not 0 <= value < 256:
                raise TypeError("integer not in range(256)")
            return bytes([value]), None
        raise TypeError("one character bytes, bytearray, or an integer in range(256) expected, "
                        f"not {type(value).__name__}")
    if code == "u":
        if not isinstance(value, str):
            raise TypeError(f"a unicode character expected, not instance of {type(value).__name__}")
        if len(value) != 1:
            raise TypeError(f"a unicode character expected, not a string of length {len(value)}")
        return ord(value).to_bytes(4, "little" if order == _LITTLE else "big"), None
    if code == "z":
        if value is None:
            return bytes(8), None
        if isinstance(value, bytes):
            memory = _text_memory(value + b"\0")
            return _address(memory.address), (value, memory)
        if isinstance(value, int):
            return _address(value), None
        raise TypeError(f"bytes or integer address expected instead of {type(value).__name__} instance")
    if code == "Z":
        if value is None:
            return bytes(8), None
        if isinstance(value, str):
            memory = _text_memory(_struct.pack(f"={len(value) + 1}I", *map(ord, value), 0))
            return _address(memory.address), (value, memory)
        if isinstance(value, int):
            return _address(value), None
        raise TypeError(f"unicode string or integer address expected instead of {type(value).__name__} instance")
    if code == "P":
        if value is None:
            return bytes(8), None
        if isinstance(value, int):
            return _address(value), None
        raise TypeError("cannot be converted to pointer")
    if code == "O":
        return _address(id(value)), value
    raise NotImplementedError(f"C type {code!r}")


def _address(value):
    return (value & 0xFFFFFFFFFFFFFFFF).to_bytes(8, _sys.byteorder)


def _index(value):
    try:
        return type(value).__index__(value)
    except AttributeError:
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as an integer") from None


class PyCSimpleType(CType):
    def __new__(meta, name, bases, namespace, **kwargs):
        namespace = {"__module__": _sys._getframemodulename(1), **namespace}
        cls = super().__new__(meta, name, bases, namespace, **kwargs)
        code = getattr(cls, "_type_", None)
        if not any(isinstance(base, PyCSimpleType) for base in bases):
            return cls
        if not isinstance(code, str):
            raise TypeError("class must define a '_type_' string attribute" if not code
                            else "class must define a '_type_' string attribute")
        if len(code) != 1:
            raise ValueError("class must define a '_type_' attribute which must be a string of length 1")
        if code not in _SIMPLE:
            raise AttributeError("class must define a '_type_' attribute which must be\n"
                                 "a single character string containing one of 'cbBhHiIlLdfuzZqQPXOv?gFDG'.")
        size = _SIMPLE[code][0]
        order = namespace.get("_order_", _NATIVE)
        align = {"F": 4, "D": 8, "G": 16}.get(code, size)
        # The codes of the struct module in their standard sizes.
        shown = {"l": "l" if order == _NATIVE else "q", "L": "L" if order == _NATIVE else "Q", "F": "Zf", "D": "Zd",
                 "G": "Zg"}.get(code, code)
        if size == 8 and code in "lL":
            shown = {"l": "q", "L": "Q"}[code] if False else code
        info = Info(size, align, order + shown, {"O": "P", "z": "P", "Z": "P", "v": "h"}.get(code, code))
        info.has_pointer = code in "zZPO"
        type.__setattr__(cls, "_info_", info)
        if _SimpleCData in bases and code in "hHiIlLqQfdFDbB?cPu" and "_order_" not in namespace:
            _add_orders(meta, cls, name, namespace, code, size)
        return cls

    def __call__(cls, *args, **kwargs):
        instance = cls.__new__(cls, *args, **kwargs)
        if isinstance(instance, cls):
            instance.__init__(*args, **kwargs)
        return instance

    def from_param(cls, value, /):
        if isinstance(value, cls):
            return value
        code = cls._type_
        if code in "zZP":
            found = _pointer_param(cls, code, value)
        else:
            try:
                data, held = _write(code, cls._info_.format[0], value)
                shown = _read(code, cls._info_.format[0], data, None, 0) if code != "O" else id(value)
                return CArgument(code, cls._info_.code, data, held if held is not None else value, shown)
            except TypeError as error:
                found, failure = None, error
            else:
                failure = None
            if found is None:
                as_parameter = getattr(value, "_as_parameter_", None)
                if as_parameter is not None:
                    return cls.from_param(as_parameter)
                raise failure
        if found is not None:
            return found
        as_parameter = getattr(value, "_as_parameter_", None)
        if as_parameter is not None:
            return cls.from_param(as_parameter)
        raise TypeError(f"'{type(value).__name__}' object cannot be interpreted as ctypes.{cls.__name__}")


def _pointer_param(cls, code, value):
    """What c_char_p, c_wchar_p and c_void_p take as arguments; None for the rest."""
    from _ctypes._aggregates import Array
    from _ctypes._functions import CFuncPtr
    from _ctypes._pointers import _Pointer
    if value is None:
        return CArgument(code, "P", bytes(8), None, 0)
    if isinstance(value, (bytes, str)) and (code == "P" or isinstance(value, bytes) == (code == "z")):
        tag = "z" if isinstance(value, bytes) else "Z"
        data, held = _write(tag, _NATIVE, value)
        return CArgument(tag, "P", data, held, int.from_bytes(data, _sys.byteorder))
    if code == "P" and isinstance(value, int):
        return CArgument("P", "P", _address(value), None, value & 0xFFFFFFFFFFFFFFFF)
    characters = {"z": "c", "Z": "u"}.get(code)
    if isinstance(value, (Array, _Pointer)):
        element = getattr(value, "_type_", None)
        if code == "P" or getattr(element, "_type_", None) == characters:
            return value
    if isinstance(value, CArgument):
        if value._tag == "P" and (code == "P" or getattr(type(value._object), "_type_", None) == characters):
            return value
        if code == "P" and value._tag in "zZ":
            return value
    if code == "P" and (isinstance(value, CFuncPtr) or getattr(type(value), "_type_", None) in ("z", "Z")):
        return CArgument("P", "P", bytes(value._view()), value, int.from_bytes(value._view(), _sys.byteorder))
    return None


def _add_orders(meta, cls, name, namespace, code, size):
    """`__ctype_le__` and `__ctype_be__`: the type in both byte orders."""
    mine, other = ("le", "be") if _sys.byteorder == "little" else ("be", "le")
    type.__setattr__(cls, f"__ctype_{mine}__", cls)
    if size == 1 or code == "P":
        swapped = cls
        if code == "P":
            return
    else:
        body = dict(namespace, _order_=_SWAPPED)
        swapped = meta(name, (_SimpleCData,), body)
        type.__setattr__(swapped, f"__ctype_{mine}__", cls)
        type.__setattr__(swapped, f"__ctype_{other}__", swapped)
    type.__setattr__(cls, f"__ctype_{other}__", swapped)


@_no_module
class _SimpleCData(_CData, metaclass=PyCSimpleType):
    """XXX to be provided"""

    def __init__(self, *args):
        if len(args) > 1:
            raise TypeError(f"__init__ expected at most 1 argument, got {len(args)}")
        if args:
            self.value = args[0]

    @property
    def value(self):
        """current value"""
        cls = type(self)
        return _read(cls._type_, cls._info_.format[0], self._view()[:cls._info_.size], self, 0)

    @value.setter
    def value(self, value):
        cls = type(self)
        data, held = _write(cls._type_, cls._info_.format[0], value)
        self._view()[:len(data)] = data
        if self._b_base_ is None:
            self._objects = held if cls._type_ == "O" or held is None else _Held(held)
        else:
            keep(self, 0, held)

    @value.deleter
    def value(self):
        raise TypeError("can't delete attribute")

    def __bool__(self):
        return any(self._view())

    def __repr__(self):
        cls = type(self)
        if cls.__bases__[0] is not _SimpleCData:
            return object.__repr__(self)
        if cls._type_ == "P" or cls._type_ in "zZ":
            value = int.from_bytes(self._view(), _sys.byteorder)
            if cls._type_ == "P":
                return f"{cls.__name__}({value or None})"
            return f"{cls.__name__}({value})" if value else f"{cls.__name__}(None)"
        if cls._type_ == "O" and not any(self._view()):
            return f"{cls.__name__}(<NULL>)"
        return f"{cls.__name__}({self.value!r})"

    def __ctypes_from_outparam__(self):
        return self.value if type(self).__bases__[0] is _SimpleCData else self


class _Held(tuple):
    """A text with the memory it was copied to; equal to the text."""

    def __eq__(self, other):
        return self[0] == other

    __hash__ = tuple.__hash__


PyCSimpleType.__module__ = "_ctypes"


def read_part(cls, owner, offset, index):
    """The value of the part of `owner` at `offset`: a Python value for plain simple types, else an instance."""
    info = info_of(cls)
    memory = owner._memory.part(offset, info.size)
    if isinstance(cls, PyCSimpleType) and cls.__bases__[0] is _SimpleCData:
        part = at_memory(cls, memory, owner, index)
        return _read(cls._type_, info.format[0], memoryview(memory), part, 0)
    return at_memory(cls, memory, owner, index)


def write_part(cls, owner, offset, index, value):
    """Stores a value in the part of `owner` at `offset`."""
    info = info_of(cls)
    target = memoryview(owner._memory)[offset:offset + info.size]
    if isinstance(value, cls):
        target[:] = value._view()[:info.size]
        keep(owner, index, value._objects if value._objects is not None else value)
        return
    if isinstance(cls, PyCSimpleType):
        data, held = _write(cls._type_, info.format[0], value)
        target[:] = data
        if cls._type_ == "O":
            part = at_memory(cls, owner._memory.part(offset, info.size), owner, index)
            keep(part, 0, held)
        else:
            keep(owner, index, held)
        return
    cls._store(owner, target, index, value)


def sizeof(obj, /):
    """sizeof(C type or instance) -> integer

    Return the size in bytes of a C instance."""
    if isinstance(obj, CType):
        info = info_of(obj)
        if info is not None:
            return info.size
    elif isinstance(obj, _CData):
        return obj._memory.size
    raise TypeError("this type has no size")


def alignment(obj, /):
    """alignment(C type or instance) -> integer

    Return the alignment requirements of a C instance."""
    info = info_of(obj if isinstance(obj, type) else type(obj))
    if info is None:
        raise TypeError("no alignment info")
    return info.align


def addressof(obj, /):
    """Return the address of the C instance internal buffer"""
    if not isinstance(obj, _CData):
        raise TypeError(f"addressof() argument must be _ctypes._CData, not {type(obj).__name__}")
    _sys.audit("ctypes.addressof", obj)
    return obj._memory.address


def byref(obj, offset=0, /):
    """byref(C instance[, offset=0]) -> byref-object

    Return a pointer lookalike to a C instance, only usable as function argument."""
    if not isinstance(obj, _CData):
        raise TypeError(f"byref() argument 1 must be _ctypes._CData, not {type(obj).__name__}")
    address = obj._memory.address + offset
    return CArgument("P", "P", _address(address), obj, address)


def resize(obj, size, /):
    """Resize the memory of a C instance."""
    info = info_of(type(obj))
    if info is None:
        raise TypeError("excepted ctypes instance")
    if size < info.size:
        raise ValueError(f"minimum size is {info.size}")
    if not obj._b_needsfree_:
        raise ValueError("Memory cannot be resized because this object doesn't own it")
    memory = _foreign.Memory(size)
    old = obj._view()
    count = min(len(old), size)
    memoryview(memory)[:count] = old[:count]
    obj._memory = memory


def buffer_info(obj, /):
    """Return buffer interface information"""
    info = info_of(obj if isinstance(obj, type) else type(obj))
    if info is None:
        raise TypeError("not a ctypes type or object")
    return info.format, len(info.shape), tuple(info.shape)


def get_errno():
    _sys.audit("ctypes.get_errno")
    return _foreign.get_errno()


def set_errno(value, /):
    _sys.audit("ctypes.set_errno", value)
    return _foreign.set_errno(value)
