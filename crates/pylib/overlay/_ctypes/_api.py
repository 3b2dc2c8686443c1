"""Functions of CPython's C API that programs call by `ctypes.pythonapi` and that have a meaning without it.

Ophiolite has no C API: these are functions of Python that `_functions` calls as if they were C's. Each tells by a letter an argument
what it wants: `O` an object, `N` an object or NULL, `i` an integer, `p` an address, `s` a C string, `*` all that is left, as it came.
"""

import _foreign
import sys as _sys
import weakref as _weakref

from _ctypes._data import CArgument, PyCSimpleType, _CData, _SimpleCData, _address, _write, _NATIVE, string_at

FUNCTIONS = {}


class _Null:
    """What stands for NULL where an object may be missing: None is an object."""


def api(wants=""):
    def enter(function):
        FUNCTIONS[function.__name__] = (wants, function)
        return function
    return enter


def call(entry, passed, restype):
    wants, function = entry
    fixed = wants.rstrip("*")
    if len(passed) < len(fixed):
        raise TypeError(f"{function.__name__}() needs {len(fixed)} arguments ({len(passed)} given)")
    values = [_CONVERT[want](value) for want, value in zip(fixed, passed)]
    if fixed != wants:
        values += passed[len(fixed):]
    return _answer(function(*values), restype)


def _number(value):
    if isinstance(value, CArgument):
        value = value._value
    elif isinstance(value, _SimpleCData) and type(value)._type_ not in "zZPO":
        value = value.value
    elif isinstance(value, _CData):
        return _pointer(value)
    if value is None:
        return 0
    if isinstance(value, str):
        return ord(value)
    return value if isinstance(value, int) else int.from_bytes(value)


def _pointer(value):
    if value is None:
        return 0
    if isinstance(value, int):
        return value & 0xFFFFFFFFFFFFFFFF
    if isinstance(value, CArgument):
        return value._value & 0xFFFFFFFFFFFFFFFF
    if isinstance(value, (bytes, str)):
        return int.from_bytes(_write("z" if isinstance(value, bytes) else "Z", _NATIVE, value)[0], _sys.byteorder)
    if isinstance(value, _CData):
        from _ctypes._aggregates import Array
        if isinstance(value, Array):
            return value._memory.address
        return int.from_bytes(bytes(value._view()[:8]), _sys.byteorder)
    raise TypeError("Don't know how to convert a parameter")


def _maybe_object(value):
    if isinstance(value, CArgument) and value._tag == "O":
        return value._object
    if isinstance(value, _SimpleCData) and type(value)._type_ == "O":
        return value.value if any(value._view()) else _Null
    if value is None or isinstance(value, (int, CArgument, _CData)) and not _number(value):
        return _Null
    raise NotImplementedError("an object of which only the address is given: declare the argument as ctypes.py_object")


def _object(value):
    value = _maybe_object(value)
    if value is _Null:
        raise SystemError("null argument to internal routine")
    return value


def _text(value):
    if isinstance(value, bytes):
        return value
    address = _pointer(value)
    if not address:
        raise SystemError("null argument to internal routine")
    return string_at(address)


_CONVERT = {"O": _object, "N": _maybe_object, "i": _number, "p": _pointer, "s": _text, "o": lambda value: value}
_texts = {}


def _answer(result, restype):
    """A result as C would hand it over: objects for `py_object`, else the bits that the result's type has room for."""
    if restype is None:
        return None
    if isinstance(restype, PyCSimpleType) and restype._type_ == "O":
        return result
    if isinstance(result, bytes):
        if result not in _texts:
            _texts[result] = _write("z", _NATIVE, result)
        result = int.from_bytes(_texts[result][0], _sys.byteorder)
    elif result is None:
        result = 0
    elif not isinstance(result, int):
        result = id(result)
    if isinstance(restype, PyCSimpleType):
        instance = restype()
        instance._view()[:] = _address(result)[:len(instance._view())]
        return instance.value if restype.__bases__[0] is _SimpleCData else instance
    if isinstance(restype, type) and issubclass(restype, _CData):
        raise TypeError("the result is no instance of that type")
    number = result & 0xFFFFFFFF
    return restype(number - (1 << 32) if number >> 31 else number)


# The interpreter.

@api()
def Py_GetVersion():
    return _sys.version.encode()


@api()
def Py_GetPlatform():
    return _sys.platform.encode()


@api()
def Py_GetCopyright():
    return _sys.copyright.encode()


@api()
def Py_IsInitialized():
    return 1


@api()
def Py_IsFinalizing():
    return int(_sys.is_finalizing())


# Threads. A call by `pythonapi` has the GIL already.

@api()
def PyGILState_Ensure():
    return 0


@api("i")
def PyGILState_Release(state):
    return None


@api()
def PyGILState_Check():
    return 1


@api("iN")
def PyThreadState_SetAsyncExc(ident, exception):
    return _foreign.send_exception(ident & 0xFFFFFFFFFFFFFFFF, None if exception is _Null else exception)


@api()
def PyErr_SetInterrupt():
    import _thread
    _thread.interrupt_main()


# Frames: the caller is outside of `_ctypes`.

def _caller():
    frame = _sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__package__") == "_ctypes":
        frame = frame.f_back
    return frame


def _snapshot(frame):
    found = frame.f_locals
    return found if frame.f_locals is frame.f_globals or isinstance(found, dict) else dict(found)


@api()
def PyEval_GetFrameLocals():
    return _snapshot(_caller())


def _frame(frame):
    if not isinstance(frame, type(_sys._getframe())):
        raise SystemError("bad argument to internal function")
    return frame


@api("Oi")
def PyFrame_LocalsToFast(frame, clear):
    """Does nothing since locals are written through (PEP 667)."""


# Cells.

def _cell(cell):
    if type(cell) is not type((lambda: cell).__closure__[0]):
        raise SystemError("bad argument to internal function")
    return cell


@api("O")
def PyCell_Get(cell):
    return _cell(cell).cell_contents


@api("ON")
def PyCell_Set(cell, value):
    if value is _Null:
        del _cell(cell).cell_contents
    else:
        _cell(cell).cell_contents = value
    return 0


# Bytes, memory and mappings.

@api("pi")
def PyBytes_FromStringAndSize(address, size):
    if size < 0:
        raise SystemError("Negative size passed to PyBytes_FromStringAndSize")
    if not address:
        raise NotImplementedError("bytes to be filled in by C")
    return bytes(_foreign.Memory.at(address, size, True)) if size else b""


@api("pii")
def PyMemoryView_FromMemory(address, size, flags):
    return memoryview(_foreign.Memory.at(address, size, flags & 0x200 == 0))


@api("O")
def PyDictProxy_New(mapping):
    return type(type.__dict__)(mapping)


_CONVERSIONS = {
    "c": None, "d": (4, True), "i": (4, True), "u": (4, False), "x": (4, False),
    "ld": (8, True), "li": (8, True), "lu": (8, False), "zd": (8, True), "zi": (8, True), "zu": (8, False), "p": None, "s": None,
}


@api("s*")
def PyBytes_FromFormat(format, *rest):
    """Like C's printf, with `%c %d %i %u %x %ld %li %lu %zd %zi %zu %p %s`; a width is ignored, an unknown rest is copied."""
    import re
    made = bytearray()
    rest = iter(rest)
    at = 0
    while at < len(format):
        if format[at] != 0x25:
            made.append(format[at])
            at += 1
            continue
        found = re.compile(rb"%\d*(?:\.(\d*))?([lz]?[a-z]|%)").match(format, at)
        kind = found and found[2].decode()
        if kind == "%":
            made += b"%"
        elif kind not in _CONVERSIONS:
            return bytes(made + format[at:])
        else:
            try:
                value = next(rest)
            except StopIteration:
                raise TypeError("PyBytes_FromFormat() needs an argument for each conversion") from None
            made += _converted(kind, value, found[1])
        at = found.end()
    return bytes(made)


def _converted(kind, value, precision):
    if kind == "s":
        text = _text(value)
        return text[:int(precision)] if precision else text
    if kind == "p":
        return b"%#x" % _pointer(value)
    number = _number(value)
    if kind == "c":
        if not 0 <= number <= 255:
            raise OverflowError("PyBytes_FromFormatV(): %c format expects an integer in range [0; 255]")
        return bytes([number])
    size, signed = _CONVERSIONS[kind]
    number &= (1 << 8 * size) - 1
    if signed and number >> 8 * size - 1:
        number -= 1 << 8 * size
    return b"%x" % number if kind == "x" else b"%d" % number


# Extra slots of code objects (PEP 523).

_releases = []
_extras = {}
_MOST_USERS = 255


@api("o")
def PyUnstable_Eval_RequestCodeExtraIndex(release):
    if len(_releases) == _MOST_USERS:
        return -1
    # The object, not its address alone: it is called when the last code has gone, which may be long after its owner.
    _releases.append(release)
    return len(_releases) - 1


def _release(index, address):
    release = _pointer(_releases[index])
    if release:
        _foreign.call(release, "v", ["P"], [_address(address)], -1, True, False)


def _code(code):
    if not isinstance(code, type(_caller.__code__)):
        raise SystemError("bad argument to internal function")
    return code


@api("Oip")
def PyUnstable_Code_SetExtra(code, index, extra):
    _code(code)
    if not 0 <= index < len(_releases):
        raise SystemError("bad argument to internal function")
    key = id(code)
    if key not in _extras:
        def gone(_, key=key):
            for index, address in enumerate(_extras.pop(key)[1]):
                _release(index, address)
        _extras[key] = _weakref.ref(code, gone), []
    slots = _extras[key][1]
    slots += [0] * (len(_releases) - len(slots))
    before, slots[index] = slots[index], extra
    if before:
        _release(index, before)
    return 0


@api("Oip")
def PyUnstable_Code_GetExtra(code, index, target):
    _code(code)
    slots = _extras[id(code)][1] if id(code) in _extras else []
    value = slots[index] if 0 <= index < len(slots) else 0
    memoryview(_foreign.Memory.at(target, 8))[:] = _address(value)
    return 0


# Frames, and everyday operations on objects.

def _operation(name, wants, function):
    function.__name__ = name
    api(wants)(function)


for _name, _wants, _function in (
    ("PyEval_GetFrame", "", lambda: _caller()),
    ("PyEval_GetGlobals", "", lambda: _caller().f_globals),
    ("PyEval_GetBuiltins", "", lambda: _caller().f_builtins),
    ("PyEval_GetFrameGlobals", "", lambda: _caller().f_globals),
    ("PyEval_GetFrameBuiltins", "", lambda: _caller().f_builtins),
    ("PyFrame_GetLocals", "O", lambda frame: _frame(frame).f_locals),
    ("PyFrame_GetCode", "O", lambda frame: _frame(frame).f_code),
    ("PyFrame_GetBack", "O", lambda frame: _frame(frame).f_back),
    ("PyFrame_GetLineNumber", "O", lambda frame: _frame(frame).f_lineno),
    ("PyObject_Repr", "O", lambda value: repr(value)),
    ("PyObject_Str", "O", lambda value: str(value)),
    ("PyObject_Type", "O", lambda value: type(value)),
    ("PyObject_IsTrue", "O", lambda value: int(bool(value))),
    ("PyObject_Hash", "O", lambda value: hash(value)),
    ("PyObject_Length", "O", lambda value: len(value)),
    ("PyObject_Size", "O", lambda value: len(value)),
    ("PyObject_Dir", "O", lambda value: dir(value)),
    ("PyObject_GetAttr", "OO", lambda value, name: getattr(value, name)),
    ("PyObject_GetAttrString", "Os", lambda value, name: getattr(value, name.decode())),
    ("PyObject_HasAttrString", "Os", lambda value, name: int(hasattr(value, name.decode()))),
    ("PyObject_SetAttrString", "OsO", lambda value, name, new: setattr(value, name.decode(), new)),
    ("PyObject_GetItem", "OO", lambda value, key: value[key]),
    ("PyObject_CallObject", "ON", lambda called, args: called() if args is _Null else called(*args)),
    ("PyImport_ImportModule", "s", lambda name: __import__("importlib").import_module(name.decode())),
    ("PyImport_GetModuleDict", "", lambda: _sys.modules),
    ("PySys_GetObject", "s", lambda name: getattr(_sys, name.decode())),
    ("PyLong_FromLong", "i", lambda number: number),
    ("PyUnicode_FromString", "s", lambda text: text.decode()),
):
    _operation(_name, _wants, _function)
