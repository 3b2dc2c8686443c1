"""Functions of C: calls, callbacks, shared libraries."""

import _foreign
import sys as _sys

from _ctypes._data import (
    ArgumentError, CArgument, CType, Info, PyCSimpleType, _CData, _NATIVE, _SimpleCData, _address, _no_module, _read,
    _write, at_memory, info_of, keep, string_at, wide_string_at,
)
from _ctypes._aggregates import Array

_USE_ERRNO = 8
_PYTHONAPI = 4


def _cast(address, source, target):
    if not isinstance(target, type) or not (
            getattr(info_of(target), "code", None) == "P"):
        name = target.__name__ if isinstance(target, type) else type(target).__name__
        raise TypeError(f"cast() argument 2 must be a pointer, not {name}")
    result = target.__new__(target) if not isinstance(target, PyCFuncPtrType) else at_memory(target, _foreign.Memory(8))
    result._view()[:8] = _address(address)
    if isinstance(source, _CData):
        result._objects = {"cast": source, **(source._objects if isinstance(source._objects, dict) else {})}
    elif source is not None:
        result._objects = {"cast": source}
    return result


def _memmove(target, source, count):
    data = bytes(_foreign.Memory.at(source, count, True)) if count else b""
    memoryview(_foreign.Memory.at(target, count))[:] = data
    return target


def _memset(target, value, count):
    memoryview(_foreign.Memory.at(target, count))[:] = bytes([value & 0xFF]) * count
    return target


def _string_at(address, size):
    if size < 0:
        return string_at(address)
    return bytes(_foreign.Memory.at(address, size, True)) if size else b""


def _memoryview_at(address, size, read_only):
    return memoryview(_foreign.Memory.at(address, size, bool(read_only)))


# Numbers that stand for functions of this module where ctypes asks for addresses; no function lies on the first page.
_cast_addr, _memmove_addr, _memset_addr, _string_at_addr, _wstring_at_addr, _memoryview_at_addr = range(8, 56, 8)
_OWN = {
    _cast_addr: _cast, _memmove_addr: _memmove, _memset_addr: _memset, _string_at_addr: _string_at,
    _wstring_at_addr: wide_string_at, _memoryview_at_addr: _memoryview_at,
}


class PyCFuncPtrType(CType):
    def __new__(meta, name, bases, namespace, **kwargs):
        namespace = {"__module__": _sys._getframemodulename(1), **namespace}
        cls = super().__new__(meta, name, bases, namespace, **kwargs)
        if not any(isinstance(base, PyCFuncPtrType) for base in bases):
            return cls
        if not isinstance(getattr(cls, "_flags_", None), int):
            raise TypeError("class must define _flags_ which must be an integer")
        info = Info(8, 8, "X{}", "P")
        info.has_pointer = True
        type.__setattr__(cls, "_info_", info)
        return cls

    def _store(cls, owner, target, index, value):
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")


PyCFuncPtrType.__module__ = "_ctypes"


def _argument(value, number):
    """An argument without a declared type: the type for `_foreign`, the bytes, what they rest on."""
    if value is None:
        return "P", bytes(8), None
    if isinstance(value, CArgument):
        return value._code, value._bytes, value
    if isinstance(value, _CData):
        return _passed(value)
    if isinstance(value, int):
        return "i", (value & 0xFFFFFFFF).to_bytes(4, _sys.byteorder), None
    if isinstance(value, (bytes, str)):
        data, held = _write("z" if isinstance(value, bytes) else "Z", _NATIVE, value)
        return "P", data, held
    as_parameter = getattr(value, "_as_parameter_", None)
    if as_parameter is not None:
        return _argument(as_parameter, number)
    raise TypeError(f"Don't know how to convert parameter {number}")


def _passed(value):
    """A C instance as an argument: arrays by address, the rest by value."""
    if isinstance(value, Array):
        return "P", _address(value._memory.address), value
    return _by_value(type(value)), bytes(value._view()), value


def _by_value(cls):
    """The type of `cls` for `_foreign`. Arrays in structures are spelled out; unions are passed as words of their size."""
    from _ctypes._aggregates import UnionType
    info = info_of(cls)
    if isinstance(cls, UnionType):
        return ("Q",) * (info.size // 8) + ("B",) * (info.size % 8) if info.size % 8 else ("Q",) * (info.size // 8)
    return info.code


@_no_module
class CFuncPtr(_CData, metaclass=PyCFuncPtrType):
    """Function Pointer"""

    def __new__(cls, *args):
        if info_of(cls) is None:
            raise TypeError("abstract class")
        return super().__new__(cls)

    def __init__(self, *args):
        self._closure = None
        self._name = None
        self._outputs = None
        if not args:
            return
        first = args[0]
        if isinstance(first, tuple):
            if len(first) != 2:
                raise TypeError("argument 1 must be a sequence of length 2, not " + str(len(first)))
            name, library = first
            handle = getattr(library, "_handle", None)
            if not isinstance(handle, int):
                raise TypeError("the _handle attribute of the second argument must be an integer")
            if isinstance(name, int):
                raise TypeError("the first item of the tuple must be a string")
            _sys.audit("ctypes.dlsym", library, name)
            name = name.decode() if isinstance(name, bytes) else name
            try:
                address = _foreign.find_symbol(handle, name)
            except OSError as error:
                address = _address_of_api(name) if getattr(library, "_name", "") is None else 0
                if not address:
                    raise AttributeError(str(error)) from None
            self._library = library
            if len(args) > 1:
                self._outputs = _check_outputs(args[1], self)
        elif isinstance(first, int):
            address = first
        elif callable(first):
            self._closure = _callback(type(self), first)
            address = self._closure.address
            self._objects = {"0": first}
        else:
            raise TypeError("argument must be callable or integer function address")
        self._view()[:8] = _address(address)

    def _address(self):
        return int.from_bytes(self._view()[:8], _sys.byteorder)

    @property
    def restype(self):
        """specify the result type"""
        if "_own_restype" in self.__dict__:
            return self._own_restype
        return getattr(type(self), "_restype_", None)

    @restype.setter
    def restype(self, value):
        if value is not None and info_of(value) is None and not callable(value):
            raise TypeError("restype must be a type, a callable, or None")
        self._own_restype = value

    @restype.deleter
    def restype(self):
        self.__dict__.pop("_own_restype", None)

    @property
    def argtypes(self):
        """specify the argument types"""
        if "_own_argtypes" in self.__dict__:
            return self._own_argtypes
        return getattr(type(self), "_argtypes_", None)

    @argtypes.setter
    def argtypes(self, value):
        if value is None:
            self._own_argtypes = None
            return
        value = tuple(value)
        for number, kind in enumerate(value, 1):
            if not hasattr(kind, "from_param"):
                raise TypeError(f"item {number} in _argtypes_ has no from_param method")
        self._own_argtypes = value

    @argtypes.deleter
    def argtypes(self):
        self.__dict__.pop("_own_argtypes", None)

    @property
    def errcheck(self):
        """a function to check for errors"""
        return self.__dict__.get("_errcheck")

    @errcheck.setter
    def errcheck(self, value):
        if value is not None and not callable(value):
            raise TypeError("the errcheck attribute must be callable")
        self._errcheck = value

    def __bool__(self):
        return any(self._view())

    def __repr__(self):
        return f"<{type(self).__name__} object at {id(self):#x}>"

    def __call__(self, *args, **kwargs):
        argtypes = self.argtypes
        outputs = []
        if self._outputs is not None:
            args, outputs = _filled_in(self._outputs, argtypes, args, kwargs)
        flags = type(self)._flags_
        if argtypes is not None:
            if len(args) < len(argtypes):
                plural = "" if len(argtypes) == 1 else "s"
                raise TypeError(f"this function takes at least {len(argtypes)} argument{plural} ({len(args)} given)")
        address = self._address()
        if not address:
            raise ValueError("attempt to call a NULL function")
        own = _OWN.get(address)
        if own is not None:
            return _call_own(own, argtypes, args, self.restype)
        entry = _API.get(address)
        if entry is not None:
            return _call_api(self, entry, argtypes, args)
        codes, data, held = [], [], []
        for number, value in enumerate(args, 1):
            try:
                if argtypes is not None and number <= len(argtypes):
                    value = argtypes[number - 1].from_param(value)
                code, content, kept_alive = _argument(value, number)
            except Exception as error:
                raise ArgumentError(f"argument {number}: {type(error).__name__}: {error}") from None
            codes.append(code)
            data.append(content)
            held.append((value, kept_alive))
        restype = self.restype
        code, convert = _result(restype)
        fixed = len(argtypes) if argtypes is not None and len(args) > len(argtypes) else -1
        answer = _foreign.call(address, code, codes, data, fixed, bool(flags & _PYTHONAPI), bool(flags & _USE_ERRNO))
        result = convert(answer)
        del held
        check = self.errcheck
        if check is not None:
            result = check(result, self, args)
        if not outputs:
            return result
        outputs = [value.__ctypes_from_outparam__() for value in outputs]
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


def _result(restype):
    """The type of a result for `_foreign`, and what makes a Python value of the bytes."""
    if restype is None:
        return "v", lambda data: None
    info = info_of(restype)
    if info is None:
        return "i", lambda data: restype(int.from_bytes(data, _sys.byteorder, signed=True))
    if isinstance(restype, PyCSimpleType) and restype._type_ == "O":
        raise NotImplementedError("functions of C that return Python objects")

    def convert(data):
        instance = at_memory(restype, _foreign.Memory(info.size))
        instance._view()[:info.size] = data[:info.size]
        if isinstance(restype, PyCSimpleType) and restype.__bases__[0] is _SimpleCData:
            result = instance.value
        else:
            result = instance
        check = getattr(restype, "_check_retval_", None)
        return check(result) if check is not None else result

    return _by_value(restype), convert


def _call_own(function, argtypes, args, restype):
    """A function of this module, called as if it were one of C."""
    values, held = [], []
    for number, (kind, value) in enumerate(zip(argtypes, args), 1):
        try:
            if isinstance(kind, PyCSimpleType) and kind._type_ == "O":
                values.append(value)
                continue
            passed = kind.from_param(value)
            held.append(passed)
            if passed is None:
                values.append(0)
            elif isinstance(passed, CArgument):
                values.append(passed._value)
            elif isinstance(passed, Array):
                values.append(passed._memory.address)
            elif isinstance(passed, _SimpleCData) and type(passed)._type_ not in "zZP":
                values.append(passed.value)
            else:
                values.append(int.from_bytes(passed._view()[:8], _sys.byteorder))
        except Exception as error:
            raise ArgumentError(f"argument {number}: {type(error).__name__}: {error}") from None
    if function is _cast:
        return _cast(values[0], args[1], args[2])
    result = function(*values)
    del held
    return result


# The functions of `_api` that somebody asked for, by the numbers that stand for them, which follow those of `_OWN`.
_API = {}


def _address_of_api(name):
    from _ctypes import _api
    entry = _api.FUNCTIONS.get(name)
    if entry is None:
        return 0
    for address, known in _API.items():
        if known is entry:
            return address
    address = 8 * (len(_OWN) + len(_API) + 1)
    _API[address] = entry
    return address


def _call_api(function, entry, argtypes, args):
    """A function of `_api`, called as if it were one of C."""
    from _ctypes import _api
    passed = []
    for number, value in enumerate(args, 1):
        try:
            if argtypes is not None and number <= len(argtypes):
                value = argtypes[number - 1].from_param(value)
        except Exception as error:
            raise ArgumentError(f"argument {number}: {type(error).__name__}: {error}") from None
        passed.append(value)
    result = _api.call(entry, passed, function.restype)
    check = function.errcheck
    return result if check is None else check(result, function, args)


def _check_outputs(flags, function):
    """The second argument of a prototype: (direction, name, default) for each parameter."""
    if flags is None:
        return None
    if not isinstance(flags, tuple):
        raise TypeError("paramflags must be a tuple or None")
    argtypes = function.argtypes
    if argtypes is not None and len(flags) != len(argtypes):
        raise ValueError("paramflags must have the same length as argtypes")
    checked = []
    for item in flags:
        if not isinstance(item, tuple) or not 1 <= len(item) <= 3 or not isinstance(item[0], int):
            raise TypeError("paramflags must be a sequence of (int [,string [,value]]) tuples")
        if item[0] & 7 not in (0, 1, 2, 3, 4, 5):
            raise TypeError(f"paramflag value {item[0] & 7} not supported")
        checked.append(item)
    return tuple(checked)


def _filled_in(flags, argtypes, args, kwargs):
    """All arguments of a prototype with parameter flags, and the instances that hold its output."""
    filled, outputs = [], []
    rest = list(args)
    used = 0
    for number, (flag, kind) in enumerate(zip(flags, argtypes or ()), 1):
        direction = flag[0] & 7
        name = flag[1] if len(flag) > 1 else None
        if direction == 2:
            made = kind._type_()
            outputs.append(made)
            from _ctypes._data import byref
            filled.append(byref(made) if not isinstance(made, Array) else made)
            continue
        if direction & 4:
            value = flag[2] if len(flag) > 2 else 0
        elif used < len(rest):
            value = rest[used]
            used += 1
        elif name is not None and name in kwargs:
            value = kwargs[name]
        elif len(flag) > 2:
            value = flag[2]
        elif name:
            raise TypeError(f"required argument '{name}' missing")
        else:
            raise TypeError("not enough arguments")
        if direction == 3:
            made = value if isinstance(value, kind._type_) else kind._type_(value)
            outputs.append(made)
            from _ctypes._data import byref
            value = byref(made)
        filled.append(value)
    if used < len(rest):
        raise TypeError(f"call takes exactly {used} arguments ({len(rest)} given)")
    return filled, outputs


def _callback(cls, function):
    """C code that calls `function` with arguments of the types that `cls` declares."""
    restype = getattr(cls, "_restype_", None)
    argtypes = getattr(cls, "_argtypes_", None)
    if argtypes is None:
        raise TypeError("cannot construct instance of this class: no argtypes")
    codes = [_by_value(kind) for kind in argtypes]
    result_code = "v" if restype is None else _by_value(restype)
    if restype is not None and info_of(restype) is None:
        raise TypeError("invalid result type for callback function")

    def run(contents):
        values = []
        for kind, content in zip(argtypes, contents):
            instance = at_memory(kind, _foreign.Memory(info_of(kind).size))
            instance._view()[:] = content[:info_of(kind).size]
            plain = isinstance(kind, PyCSimpleType) and kind.__bases__[0] is _SimpleCData
            values.append(instance.value if plain else instance)
        result = function(*values)
        if restype is None:
            return None
        if isinstance(result, restype):
            return bytes(result._view())
        if isinstance(restype, PyCSimpleType):
            data, held = _write(restype._type_, _NATIVE, result)
            return data
        return bytes(restype(result)._view())

    return _foreign.Closure(run, result_code, codes)


def dlopen(name, flag=2, /):
    """dlopen(name, flag={RTLD_GLOBAL|RTLD_LOCAL}) open a shared library"""
    if isinstance(name, bytes):
        import os
        name = os.fsdecode(name)
    _sys.audit("ctypes.dlopen", name)
    return _foreign.open_library(name, flag | 2)


def dlclose(handle, /):
    """dlclose a library"""
    _foreign.close_library(handle)


def dlsym(handle, name, /):
    """find symbol in shared library"""
    return _foreign.find_symbol(handle, name)


def _call(flags, address, arguments):
    codes, data, held = [], [], []
    for number, value in enumerate(arguments, 1):
        code, content, kept_alive = _argument(value, number)
        codes.append(code)
        data.append(content)
        held.append(kept_alive)
    answer = _foreign.call(address, "i", codes, data, -1, bool(flags & _PYTHONAPI), False)
    return int.from_bytes(answer, _sys.byteorder, signed=True)


def call_function(address, arguments, /):
    return _call(0, address, arguments)


def call_cdeclfunction(address, arguments, /):
    return _call(1, address, arguments)
