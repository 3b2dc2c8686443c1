"""`ctypes.pythonapi`: functions of CPython's C API that programs call by name."""

import ctypes
import gc
import threading
import time
from ctypes import c_char_p, c_int, c_long, c_size_t, c_ulong, c_void_p, py_object, pythonapi


def shown(function, *args):
    try:
        return function(*args)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


print("unknown:", hasattr(pythonapi, "Py_NoSuchFunction"))

# Exceptions sent to threads.
send = pythonapi.PyThreadState_SetAsyncExc
send.argtypes = (c_ulong, py_object)


class Sent(Exception):
    pass


try:
    send(threading.get_ident(), Sent)
    for _ in range(10_000_000):
        pass
    print("nothing came")
except Sent as error:
    print("in the own thread:", repr(error), error.__context__)

log = []
started = threading.Event()


def work():
    try:
        while True:
            started.set()
            time.sleep(0.005)
    except Sent:
        log.append("caught")
    finally:
        log.append("left")


thread = threading.Thread(target=work)
thread.start()
started.wait()
print("no such thread:", send(12345, Sent))
print("found:", send(thread.ident, Sent))
thread.join(20)
print("in another thread:", log, thread.is_alive())

# Sent and taken back: the argument is NULL.
take_back = pythonapi["PyThreadState_SetAsyncExc"]
take_back.argtypes = (c_ulong, c_void_p)


def withdrawn():
    threading.current_thread().go.wait()
    log.append("never hit")


log.clear()
thread = threading.Thread(target=withdrawn)
thread.go = threading.Event()
thread.start()
print(send(thread.ident, Sent), take_back(thread.ident, None))
thread.go.set()
thread.join(20)
print(log)

# Frames and cells.
pythonapi.PyEval_GetFrameLocals.restype = py_object
pythonapi.PyEval_GetFrameGlobals.restype = py_object
pythonapi.PyEval_GetFrameBuiltins.restype = py_object
pythonapi.PyCell_Set.argtypes = (py_object, py_object)
pythonapi.PyCell_Get.argtypes = (py_object,)
pythonapi.PyCell_Get.restype = py_object


def frames():
    local = 1
    found = pythonapi.PyEval_GetFrameLocals()
    found["local"] = 2
    print(local, found, pythonapi.PyEval_GetFrameGlobals() is globals())
    print(pythonapi.PyEval_GetFrameBuiltins()["len"] is len)

    def inner():
        return local
    cell = inner.__closure__[0]
    print(pythonapi.PyCell_Get(cell), pythonapi.PyCell_Set(cell, "new"), inner(), local)
    print(type(shown(pythonapi.PyCell_Set, 42, 1)))


frames()

# Extra slots of code objects.
released = []
releaser = ctypes.CFUNCTYPE(None, c_void_p)
release = releaser(released.append)
ask = pythonapi.PyUnstable_Eval_RequestCodeExtraIndex
ask.argtypes, ask.restype = (releaser,), ctypes.c_ssize_t
put = pythonapi.PyUnstable_Code_SetExtra
put.argtypes = (py_object, ctypes.c_ssize_t, c_void_p)
get = pythonapi.PyUnstable_Code_GetExtra
get.argtypes = (py_object, ctypes.c_ssize_t, ctypes.POINTER(c_void_p))
index = ask(release)
function = eval("lambda: 42")
extra = c_void_p(7)
print(get(function.__code__, index, extra), extra.value)
print(put(function.__code__, index, 100), get(function.__code__, index, extra), extra.value, released)
print(put(function.__code__, index, 200), released)
print(shown(put, 42, index, 1).partition(":")[0], shown(put, function.__code__, index + 99, 1).partition(":")[0])
print(get(function.__code__, index + 99, extra), extra.value)
del function
gc.collect()
print(released)

# Bytes.
form = pythonapi.PyBytes_FromFormat
form.argtypes, form.restype = (c_char_p,), py_object
print(form(b"%c|%d|%ld|%zd|%x|%s|%.2s|%%|%p", c_int(65), c_int(-1), c_long(-2), c_size_t(-3), c_int(2748), b"text", b"text",
           c_void_p(255)))
print(form(b"100%"), form(b"%i%", c_int(3)), shown(form, b"%c", c_int(256)))
buffer = ctypes.create_string_buffer(b"hello")
pythonapi.PyBytes_FromStringAndSize.restype = py_object
print(pythonapi.PyBytes_FromStringAndSize(buffer, 5))
pythonapi.PyMemoryView_FromMemory.restype = py_object
view = pythonapi.PyMemoryView_FromMemory(buffer, 5, 0x200)
view[0] = ord("J")
print(buffer.value, view.readonly, pythonapi.PyMemoryView_FromMemory(buffer, 5, 0x100).readonly)

# The interpreter.
pythonapi.Py_GetVersion.restype = c_char_p
print(pythonapi.Py_GetVersion().startswith(b"3.14."), pythonapi.Py_IsInitialized(), pythonapi.PyGILState_Check())
pythonapi.PyObject_Repr.argtypes, pythonapi.PyObject_Repr.restype = (py_object,), py_object
print(pythonapi.PyObject_Repr(["a", 1]))
