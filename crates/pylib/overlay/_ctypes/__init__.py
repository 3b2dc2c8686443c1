"""Create and manipulate C compatible data types in Python.

The native half of `ctypes`, written in Python on the few primitives of `_foreign`: `_data` holds what all types share and the
simple ones, `_aggregates` structures, unions and arrays, `_pointers` pointers, `_functions` calls and callbacks.
"""

from _ctypes._data import (
    ArgumentError, _SimpleCData, addressof, alignment, buffer_info, byref, get_errno, resize, set_errno, sizeof,
)
from _ctypes._pointers import POINTER, _Pointer, _pointer_type_cache, pointer
from _ctypes._aggregates import Array, CField, Structure, Union
from _ctypes._functions import (
    CFuncPtr, _cast_addr, _memmove_addr, _memoryview_at_addr, _memset_addr, _string_at_addr, _wstring_at_addr,
    call_cdeclfunction, call_function, dlclose, dlopen, dlsym,
)

__version__ = "1.1.0"

FUNCFLAG_CDECL = 1
FUNCFLAG_PYTHONAPI = 4
FUNCFLAG_USE_ERRNO = 8
FUNCFLAG_USE_LASTERROR = 16
CTYPES_MAX_ARGCOUNT = 1024
RTLD_LOCAL = 0
RTLD_GLOBAL = 0x100
SIZEOF_TIME_T = 8
