"""Memory exported by classes of Python, and the end of an export (PEP 688)."""


class Exporter:
    def __init__(self):
        self.data = bytearray(b"abc")

    def __buffer__(self, flags):
        print("get", flags)
        return memoryview(self.data)

    def __release_buffer__(self, view):
        print("release", view.tobytes())
        view.release()


def attempt(function, *args):
    try:
        print(function.__name__, function(*args))
    except Exception as error:
        print(function.__name__, type(error).__name__, error)


exporter = Exporter()
with memoryview(exporter) as view:
    print(view[0], type(view.obj).__name__)
print(bytes(exporter), b"-".join([exporter]))
exporter.data.append(1)

native = bytearray(b"abc")
view = native.__buffer__(0)
for wrong in (1, memoryview(b"x"), memoryview(bytearray(b"x"))):
    attempt(native.__release_buffer__, wrong)
attempt(native.append, 1)
attempt(native.__release_buffer__, view)
attempt(native.__release_buffer__, view)
attempt(len, view)
attempt(native.append, 1)
attempt(native.__buffer__, 2**31)
attempt(native.__buffer__, "x")
print(hasattr(b"", "__release_buffer__"), hasattr(b"", "__buffer__"))


class Listener(bytearray):
    kept = None

    def __release_buffer__(self, view):
        print("ends", view.tobytes(), view.obj)
        for maker in (memoryview, memoryview.toreadonly):
            attempt(maker, view)
        attempt(view.cast, "b")
        Listener.kept = view


listener = Listener(b"hello")
with memoryview(listener) as view:
    print(view.obj)
    attempt(listener.clear)
listener.clear()
attempt(Listener.kept.tobytes)


class Wrong:
    def __buffer__(self, flags):
        return b"no view"


attempt(memoryview, Wrong())


class Inner(bytearray):
    def __buffer__(self, flags):
        return super().__buffer__(flags)

    def __release_buffer__(self, view):
        print("inner ends")
        super().__release_buffer__(view)


with memoryview(Inner(b"xyz")) as view:
    print(view.tobytes())


class Raises:
    def __buffer__(self, flags):
        return memoryview(b"r")

    def __release_buffer__(self, view):
        raise ValueError("lost")


import sys

sys.unraisablehook = lambda u: print("unraisable", u.err_msg, u.exc_value)
try:
    with memoryview(Raises()):
        raise KeyError("kept")
except KeyError as error:
    print(repr(error))
