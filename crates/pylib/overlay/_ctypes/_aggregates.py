"""Structures, unions and arrays. The layout of fields is computed by `ctypes._layout`."""

import sys as _sys

from _ctypes._data import (
    CType, Info, _CData, _NATIVE, _SimpleCData, PyCSimpleType, _no_module, at_memory, info_of, keep, read_part, storage_of,
    write_part,
)


@_no_module
class CField:
    """Structure/Union member"""

    def __init__(self, *, name, type, byte_size, byte_offset, index, _internal_use, bit_size=None, bit_offset=None):
        if not _internal_use:
            raise TypeError("CField is internal")
        self.name = name
        self.type = type
        self.byte_size = byte_size
        self.byte_offset = self.offset = byte_offset
        self.is_bitfield = bit_size is not None
        self.bit_offset = bit_offset if self.is_bitfield else 0
        self.bit_size = bit_size if self.is_bitfield else byte_size * 8
        self.is_anonymous = False
        self._index = index
        if self.is_bitfield and not isinstance(type, PyCSimpleType):
            raise TypeError(f"bit fields not allowed for type {type.__name__}")
        if self.is_bitfield and type._type_ not in "bBhHiIlLqQ?c":
            raise TypeError(f"bit fields not allowed for type {type.__name__}")

    @property
    def size(self):
        return self.bit_size << 16 | self.bit_offset if self.is_bitfield else self.byte_size

    def __get__(self, instance, owner=None):
        if instance is None:
            return self
        if not self.is_bitfield:
            part = read_part(self.type, instance, self.byte_offset, self._index)
            # Arrays of characters are read as text.
            if isinstance(part, Array) and getattr(part._type_, "_type_", None) in ("c", "u"):
                return part.value
            return part
        word = self._word(instance) >> self.bit_offset & (1 << self.bit_size) - 1
        if self.type._type_ in "bhilq" and word >> self.bit_size - 1:
            word -= 1 << self.bit_size
        return bool(word) if self.type._type_ == "?" else word

    def _order(self):
        return "little" if info_of(self.type).format[0] == "<" else "big"

    def _word(self, instance):
        view = memoryview(instance._memory)[self.byte_offset:self.byte_offset + self.byte_size]
        return int.from_bytes(view, self._order())

    def __set__(self, instance, value):
        if not self.is_bitfield:
            return write_part(self.type, instance, self.byte_offset, self._index, value)
        if not isinstance(value, int):
            raise TypeError(f"int expected instead of {type(value).__name__} instance")
        mask = (1 << self.bit_size) - 1 << self.bit_offset
        word = self._word(instance) & ~mask | value << self.bit_offset & mask
        view = memoryview(instance._memory)[self.byte_offset:self.byte_offset + self.byte_size]
        view[:] = word.to_bytes(self.byte_size, self._order())

    def __delete__(self, instance):
        raise TypeError("can't delete attribute")

    def __repr__(self):
        shown = self.type.__name__
        if self.is_bitfield:
            return (f"<ctypes.CField {self.name!r} type={shown}, ofs={self.byte_offset}, bit_size={self.bit_size}, "
                    f"bit_offset={self.bit_offset}>")
        return f"<ctypes.CField {self.name!r} type={shown}, ofs={self.byte_offset}, size={self.byte_size}>"


CField.__module__ = "ctypes"


class _Aggregate(CType):
    """The metaclass of structures and unions."""

    _is_struct = True

    def __new__(meta, name, bases, namespace, **kwargs):
        namespace = {"__module__": _sys._getframemodulename(1), **namespace}
        fields = namespace.get("_fields_")
        if "_abstract_" in namespace:
            return super().__new__(meta, name, bases, namespace, **kwargs)
        body = {key: value for key, value in namespace.items() if key != "_fields_"}
        cls = super().__new__(meta, name, bases, body, **kwargs)
        base = meta._base_with_fields(cls)
        if base is not None:
            info_of(base).is_final = True
        if fields is not None or "_fields_" in namespace:
            cls._fields_ = fields
        else:
            inherited = info_of(base) if base is not None else None
            info = Info(0, 1, "B", ()) if inherited is None else Info(
                inherited.size, inherited.align, inherited.format, inherited.code)
            info.fields = () if inherited is None else inherited.fields
            info.has_pointer = inherited is not None and inherited.has_pointer
            type.__setattr__(cls, "_info_", info)
        return cls

    @staticmethod
    def _base_with_fields(cls):
        for base in cls.__mro__[1:]:
            info = info_of(base)
            if info is not None:
                return base
        return None

    def __setattr__(cls, name, value):
        if name == "_fields_":
            cls._lay_out(value)
        type.__setattr__(cls, name, value)

    def _lay_out(cls, fields):
        from ctypes import _layout
        own = cls.__dict__.get("_info_")
        if own is not None and own.is_final:
            raise AttributeError("_fields_ is final")
        if "_fields_" in cls.__dict__:
            raise AttributeError("_fields_ is final")
        base = cls._base_with_fields(cls)
        layout = _layout.get_layout(cls, fields, cls._is_struct, base)
        inherited = info_of(base).fields if base is not None else ()
        codes = tuple(_code(field.type) for field in layout.fields)
        if base is not None:
            codes = tuple(info_of(base).code) + codes
        own = Info(layout.size, layout.align, layout.format_spec, codes)
        own.fields = inherited + tuple(layout.fields)
        own.has_pointer = any(getattr(info_of(field.type), "has_pointer", False) for field in layout.fields)
        for field in layout.fields:
            if not isinstance(field.name, str):
                raise TypeError(f"field {field.name!r}: name must be a string, not {type(field.name).__name__}")
            info_of(field.type).is_final = True
            type.__setattr__(cls, field.name, field)
        for position, field in enumerate(own.fields):
            if position >= len(inherited):
                field._index = position
        type.__setattr__(cls, "_info_", own)
        own.is_final = True
        cls._add_anonymous(layout.fields)

    def _add_anonymous(cls, fields):
        by_name = {field.name: field for field in fields}
        for name in cls.__dict__.get("_anonymous_", ()):
            if name not in by_name:
                raise AttributeError(name)
            outer = by_name[name]
            if not isinstance(outer.type, _Aggregate):
                raise AttributeError(f"'{name}' is specified in _anonymous_ but not in _fields_")
            outer.is_anonymous = True
            for inner in info_of(outer.type).fields:
                moved = CField(
                    name=inner.name, type=inner.type, byte_size=inner.byte_size, index=outer._index,
                    byte_offset=outer.byte_offset + inner.byte_offset, _internal_use=True,
                    bit_size=inner.bit_size if inner.is_bitfield else None,
                    bit_offset=inner.bit_offset if inner.is_bitfield else None)
                type.__setattr__(cls, inner.name, moved)

    def _store(cls, owner, target, index, value):
        if not isinstance(value, tuple):
            raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")
        try:
            made = cls(*value)
        except Exception as error:
            raise RuntimeError(f"({cls.__name__}) {type(error)} {error}") from None
        target[:] = made._view()
        keep(owner, index, made._objects)


def _code(cls):
    """How a field's type is passed by value; unions are passed as the words they fill."""
    info = info_of(cls)
    return info.code if info.code else "B"


class PyCStructType(_Aggregate):
    pass


class UnionType(_Aggregate):
    _is_struct = False


PyCStructType.__module__ = UnionType.__module__ = "_ctypes"


def _set_fields(self, *args, **kwargs):
    fields = info_of(type(self)).fields
    for field, value in zip(fields, args):
        setattr(self, field.name, value)
    if len(args) > len(fields):
        raise TypeError("too many initializers")
    done = {field.name for field in fields[:len(args)]}
    for name, value in kwargs.items():
        if name in done:
            raise TypeError(f"duplicate values for field {name!r}")
        setattr(self, name, value)


@_no_module
class Structure(_CData, metaclass=PyCStructType):
    """Structure base class"""

    _abstract_ = True
    __init__ = _set_fields


@_no_module
class Union(_CData, metaclass=UnionType):
    """Union base class"""

    _abstract_ = True
    __init__ = _set_fields


class PyCArrayType(CType):
    def __new__(meta, name, bases, namespace, **kwargs):
        namespace = {"__module__": _sys._getframemodulename(1), **namespace}
        cls = super().__new__(meta, name, bases, namespace, **kwargs)
        if not any(isinstance(base, PyCArrayType) for base in bases):
            return cls
        length = getattr(cls, "_length_", None)
        element = getattr(cls, "_type_", None)
        if length is None:
            raise AttributeError("class must define a '_length_' attribute")
        if not isinstance(length, int):
            raise TypeError("The '_length_' attribute must be an integer")
        if length < 0:
            raise ValueError("The '_length_' attribute must not be negative")
        if length > 0x7FFFFFFFFFFFFFFF:
            raise OverflowError("The '_length_' attribute is too large")
        if element is None:
            raise AttributeError("class must define a '_type_' attribute")
        inner = info_of(element)
        if inner is None:
            raise TypeError("_type_ must have storage info")
        if inner.size * length > 0x7FFFFFFFFFFFFFFF:
            raise OverflowError("array too large")
        inner.is_final = True
        info = Info(inner.size * length, inner.align, inner.format, (_code(element),) * min(length, 64),
                    (length, *inner.shape), inner.item_size)
        info.length = length
        info.type = element
        info.has_pointer = getattr(inner, "has_pointer", False)
        type.__setattr__(cls, "_info_", info)
        if isinstance(element, PyCSimpleType):
            if element._type_ == "c":
                type.__setattr__(cls, "value", property(_get_bytes, _set_bytes, doc="string value"))
                type.__setattr__(cls, "raw", property(_get_raw, _set_raw, doc="value"))
            elif element._type_ == "u":
                type.__setattr__(cls, "value", property(_get_text, _set_text, doc="string value"))
        return cls

    def from_param(cls, value, /):
        if isinstance(value, cls):
            return value
        element = getattr(cls._type_, "_type_", None)
        if (isinstance(value, bytes) and element == "c") or (isinstance(value, str) and element == "u"):
            if len(value) > cls._length_:
                raise ValueError("Invalid length")
            made = cls()
            made.value = value
            return made
        return CType.from_param(cls, value)

    def _store(cls, owner, target, index, value):
        element = cls._type_
        if isinstance(element, PyCSimpleType) and element._type_ in "cu" and isinstance(value, (bytes, bytearray, str)):
            part = at_memory(cls, owner._memory.part(target.obj is None or _offset(owner, target), len(target)), owner, index)
            part.value = value
            return
        if isinstance(element, PyCSimpleType) and element._type_ == "c":
            raise TypeError(f"expected bytes, {type(value).__name__} found")
        if isinstance(element, PyCSimpleType) and element._type_ == "u":
            raise TypeError(f"unicode string expected instead of {type(value).__name__} instance")
        if not isinstance(value, tuple):
            raise TypeError(f"expected {cls.__name__} instance, got {type(value).__name__}")
        try:
            made = cls(*value)
        except Exception as error:
            raise RuntimeError(f"({cls.__name__}) {type(error)} {error}") from None
        target[:] = made._view()
        keep(owner, index, made._objects)


def _offset(owner, target):
    """Where a slice of the owner's memory begins."""
    import _foreign
    return _foreign.Memory.of(target).address - owner._memory.address


PyCArrayType.__module__ = "_ctypes"


def _get_raw(self):
    return bytes(self._view())


def _set_raw(self, value):
    data = bytes(memoryview(value))
    if len(data) > self._memory.size:
        raise ValueError("byte string too long")
    self._view()[:len(data)] = data


def _get_bytes(self):
    data = bytes(self._view())
    end = data.find(b"\0")
    return data if end < 0 else data[:end]


def _set_bytes(self, value):
    if not isinstance(value, (bytes, bytearray)):
        raise TypeError(f"bytes expected instead of {type(value).__name__} instance")
    size = self._memory.size
    if len(value) > size:
        if self._b_base_ is not None and not isinstance(self._b_base_, Array):
            raise ValueError(f"bytes too long ({len(value)}, maximum length {size})")
        raise ValueError("byte string too long")
    view = self._view()
    view[:len(value)] = value
    if len(value) < size:
        view[len(value)] = 0


def _get_text(self):
    text = []
    for at in range(0, self._memory.size, 4):
        point = int.from_bytes(self._view()[at:at + 4], _sys.byteorder)
        if not point:
            break
        text.append(chr(point))
    return "".join(text)


def _set_text(self, value):
    if not isinstance(value, str):
        raise TypeError(f"unicode string expected instead of {type(value).__name__} instance")
    length = self._memory.size // 4
    if len(value) > length:
        raise ValueError("string too long")
    data = b"".join(ord(c).to_bytes(4, _sys.byteorder) for c in value)
    if len(value) < length:
        data += bytes(4)
    self._view()[:len(data)] = data


@_no_module
class Array(_CData, metaclass=PyCArrayType):
    """Abstract base class for arrays.

    The recommended way to create concrete array types is by multiplying any
    ctypes data type with a non-negative integer. Alternatively, you can subclass
    this type and define _length_ and _type_ class variables. Array elements can
    be read and written using standard subscript and slice accesses for slice
    reads, the resulting object is not itself an Array.
    """

    def __init__(self, *args):
        for index, value in enumerate(args):
            self[index] = value

    def __len__(self):
        return self._length_

    def _position(self, index):
        index = index.__index__()
        if index < 0:
            index += self._length_
        if not 0 <= index < self._length_:
            raise IndexError("invalid index")
        return index

    def __getitem__(self, index):
        if isinstance(index, slice):
            items = [self[i] for i in range(*index.indices(self._length_))]
            code = getattr(self._type_, "_type_", None) if isinstance(self._type_, PyCSimpleType) else None
            if code == "c":
                return b"".join(items)
            return "".join(items) if code == "u" else items
        if not hasattr(index, "__index__"):
            raise TypeError("indices must be integers")
        position = self._position(index)
        return read_part(self._type_, self, position * info_of(self._type_).size, position)

    def __setitem__(self, index, value):
        if isinstance(index, slice):
            where = range(*index.indices(self._length_))
            if len(where) != len(value):
                raise ValueError("Can only assign sequence of same size")
            for i, item in zip(where, value):
                self[i] = item
            return
        if not hasattr(index, "__index__"):
            raise TypeError("indices must be integer")
        position = self._position(index)
        write_part(self._type_, self, position * info_of(self._type_).size, position, value)

    def __delitem__(self, index):
        raise TypeError("Array does not support item deletion")

    def __iter__(self):
        for index in range(self._length_):
            yield self[index]

    def __class_getitem__(cls, item):
        import types
        return types.GenericAlias(cls, item)


_arrays = {}


def array_of(element, length):
    """The array type of `length` elements; the same one each time."""
    length = length.__index__()
    if length < 0:
        raise ValueError(f"Array length must be >= 0, not {length}")
    key = (element, length)
    found = _arrays.get(key)
    if found is None:
        if info_of(element) is None:
            raise TypeError("Expected a type object")
        found = PyCArrayType(f"{element.__name__}_Array_{length}", (Array,), {
            "_length_": length, "_type_": element,
            "__module__": _sys._getframemodulename(2) or "ctypes"})
        _arrays[key] = found
    return found
