"""Pointers, and the types that POINTER() makes."""

import _foreign
import sys as _sys

from _ctypes._data import (
    CArgument, CType, Info, PyCSimpleType, _CData, _address, _no_module, at_memory, info_of, keep, read_part, storage_of,
    write_part,
)


class PyCPointerType(CType):
    def __new__(meta, name, bases, namespace, **kwargs):
        namespace = {"__module__": _sys._getframemodulename(1), **namespace}
        cls = super().__new__(meta, name, bases, namespace, **kwargs)
        if not any(isinstance(base, PyCPointerType) for base in bases):
            return cls
        info = Info(8, 8, "&B", "P")
        info.has_pointer = True
        type.__setattr__(cls, "_info_", info)
        target = cls.__dict__.get("_type_")
        if target is not None:
            cls._point_to(target)
        return cls

    def _point_to(cls, target):
        inner = info_of(target)
        if inner is None:
            raise TypeError(f"{target!r} must have storage info")
        shape = "".join(("(", ",".join(map(str, inner.shape)), ")")) if inner.shape else ""
        cls._info_.format = f"&{shape}{inner.format}"
        if "_pointer_type_" not in target.__dict__:
            type.__setattr__(target, "_pointer_type_", cls)

    def set_type(cls, target, /):
        cls._point_to(target)
        type.__setattr__(cls, "_type_", target)

    def __setattr__(cls, name, value):
        if name == "_type_":
            cls._point_to(value)
        type.__setattr__(cls, name, value)

    def from_param(cls, value, /):
        """Convert a Python object into a function call parameter."""
        from _ctypes._aggregates import Array
        from _ctypes._data import byref
        if value is None:
            return value
        target = cls._type_
        if isinstance(value, target):
            return byref(value)
        if isinstance(value, (_Pointer, Array)):
            other = getattr(value, "_type_", None)
            if isinstance(other, type) and issubclass(other, target):
                return value
        if isinstance(value, CArgument) and value._tag == "P" and isinstance(value._object, target):
            return value
        return CType.from_param(cls, value)

    def _store(cls, owner, target, index, value):
        from _ctypes._aggregates import Array
        if value is None:
            target[:] = bytes(8)
            keep(owner, index, None)
            return
        if isinstance(value, Array) and issubclass(value._type_, cls._type_):
            target[:] = _address(value._memory.address)
            keep(owner, index, value)
            return
        if isinstance(value, _Pointer) and issubclass(value._type_, cls._type_):
            target[:] = value._view()
            keep(owner, index, value)
            return
        raise TypeError(f"incompatible types, {type(value).__name__} instance instead of {cls.__name__} instance")


PyCPointerType.__module__ = "_ctypes"


@_no_module
class _Pointer(_CData, metaclass=PyCPointerType):
    """XXX to be provided"""

    def __new__(cls, *args):
        if getattr(cls, "_type_", None) is None:
            raise TypeError("Cannot create instance: has no _type_")
        return super().__new__(cls)

    def __init__(self, *args):
        if len(args) > 1:
            raise TypeError(f"POINTER expected at most 1 argument, got {len(args)}")
        if args:
            self.contents = args[0]

    def _target_address(self):
        address = int.from_bytes(self._view()[:8], _sys.byteorder)
        if not address:
            raise ValueError("NULL pointer access")
        return address

    def _target(self, index):
        size = info_of(self._type_).size
        memory = _foreign.Memory.at((self._target_address() + index * size) & 0xFFFFFFFFFFFFFFFF, size, False, self)
        owner = at_memory(self._type_, memory)
        # What was stored through this pointer is kept alive by it.
        owner._b_base_, owner._b_index_ = self, index
        return owner

    @property
    def contents(self):
        """the object this pointer points to (read-write)"""
        found = self._objects.get("1") if isinstance(self._objects, dict) else None
        address = self._target_address()
        memory = _foreign.Memory.at(address, info_of(self._type_).size, False, (self, found))
        target = at_memory(self._type_, memory)
        target._b_base_, target._b_index_ = self, 0
        return target

    @contents.setter
    def contents(self, value):
        if not isinstance(value, _CData):
            raise TypeError(f"expected {self._type_.__name__} instead of {type(value).__name__}")
        self._view()[:8] = _address(value._memory.address)
        keep(self, 1, value)
        keep(self, 0, value._objects)

    def __bool__(self):
        return any(self._view())

    def __getitem__(self, index):
        if isinstance(index, slice):
            step = 1 if index.step is None else index.step
            if step == 0:
                raise ValueError("slice step cannot be zero")
            if index.start is None and step < 0:
                raise ValueError("slice start is required for step < 0")
            if index.stop is None:
                raise ValueError("slice stop is required")
            items = [self[i] for i in range(index.start or 0, index.stop, step)]
            code = getattr(self._type_, "_type_", None) if isinstance(self._type_, PyCSimpleType) else None
            if code == "c":
                return b"".join(items)
            return "".join(items) if code == "u" else items
        if not hasattr(index, "__index__"):
            raise TypeError("Pointer indices must be integer")
        return read_part(self._type_, self._target(index.__index__()), 0, 0)

    def __setitem__(self, index, value):
        if not hasattr(index, "__index__"):
            raise TypeError("Pointer indices must be integer")
        write_part(self._type_, self._target(index.__index__()), 0, 0, value)

    def __delitem__(self, index):
        raise TypeError("Pointer does not support item deletion")


_pointer_type_cache = {}


def POINTER(target, /):
    """Create and return a new ctypes pointer type.

    Pointer types are cached and reused internally,
    so calling this function repeatedly is cheap."""
    if target is None:
        from ctypes import c_void_p
        return c_void_p
    found = _pointer_type_cache.get(target)
    if found is not None:
        return found
    if isinstance(target, str):
        found = PyCPointerType(f"LP_{target}", (_Pointer,), {"__module__": "ctypes"})
        _pointer_type_cache[target] = found
        return found
    if not isinstance(target, CType):
        raise TypeError("must have a ctypes type")
    found = target.__dict__.get("_pointer_type_")
    if found is None:
        found = PyCPointerType(f"LP_{target.__name__}", (_Pointer,), {"_type_": target, "__module__": "ctypes"})
        type.__setattr__(target, "_pointer_type_", found)
    return found


def pointer(obj, /):
    """Create a new pointer instance, pointing to 'obj'.

    The returned object is of the type POINTER(type(obj)). Note that if you
    just want to pass a pointer to an object to a foreign function call, you
    should use byref(obj) which is much faster."""
    if info_of(type(obj)) is None:
        raise TypeError(f"{type(obj)!r} must have storage info")
    return POINTER(type(obj))(obj)
