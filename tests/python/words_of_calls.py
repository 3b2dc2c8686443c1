# What calls with wrong arguments say, and in which order they look: natives whose words were once ours.
import array, csv, decimal, functools, io, operator, struct
from datetime import datetime, time


def told(f, *args, **keywords):
    try:
        print(ascii(f(*args, **keywords)))
    except Exception as error:
        print(type(error).__name__, ascii(str(error)))


# More arguments than there are parameters: "at most", also where all are required.
told(functools.cmp_to_key, 1, 2)
told(struct.Struct, 1, 2, 3)
told(csv.get_dialect, 1, 2)
told(csv.unregister_dialect, 1, name=2)
told(type(int.__dict__), 1, 2)
told(memoryview._from_flags, 1, 2, 3)
told(functools.cmp_to_key, mycmp=1, other=2)
told(struct.Struct)
told(struct.Struct, size=1)
told(struct.Struct, "i", format="i")
print(struct.Struct(format="i").size)

# An array that lends its bytes cannot grow by them.
numbers = array.array("b", b"abc")
told(numbers.frombytes, numbers)
told(numbers.frombytes, memoryview(numbers))
told(numbers.frombytes, 1)
told(numbers.frombytes, b"d")
print(numbers)

# The arithmetic of contexts takes two operands by position.
context = decimal.getcontext()
for name in "add compare divide max same_quantum scaleb".split():
    told(getattr(context, name), 1)
    told(getattr(context, name), 1, 2, 3)
    told(getattr(context, name), 7, 2)
told(context.fma, 1, 2)
told(context.fma, 1, 2, 3)
told(context.fma, 1, 2, 3, z=4)

# The bases of streams take nothing, but their subclasses may.
for base in io.IOBase, io.RawIOBase, io.BufferedIOBase, io.TextIOBase:
    told(base, 1)
    told(base, mode="r")
    told(type("S", (base,), {}), 1)
    print(type(type("S", (base,), {"__init__": lambda self, *args: None})(1, 2)).__mro__[1].__name__)

# Bounds of a search are read before what is sought.
for sequence in b"abc", bytearray(b"abc"):
    for name in "find rfind index rindex count".split():
        told(getattr(sequence, name), [], 1.5)
        told(getattr(sequence, name), 999, 0, "x")
        told(getattr(sequence, name), [], 1)

# list.__getitem__ is a method, not a slot's wrapper.
print(type(list.__getitem__).__name__, type(tuple.__getitem__).__name__, list.__getitem__.__text_signature__)
told([1, 2].__getitem__, 1, 2)
told([1, 2].__getitem__, index=1)
told(list.__getitem__)
told(list.__getitem__, (), 1)
told([1, 2].__getitem__, slice(1))
told([1, 2].__getitem__, 5)
told([1, 2].__getitem__, "a")


class Second(list):
    def __getitem__(self, index):
        return ("mine", super().__getitem__(index))


told(lambda: Second([1, 2])[1])
told(operator.getitem, Second([1, 2]), 0)

# One character between a time and its zone is read over; not so one that begins a fraction, nor one of two bytes.
for text in (
    "14:+06 14:3+06 14x+06 143+06 14:30:1+06 14305+06 14:30:+06 1430:+06 14\xe9+06 14++06 14:30:11x+06 14:30:11.+06 14,+06 "
    "14:30:11.1234567+06 14:30:11.1x+06 14.+06 14: 145 14:30:15+06: 14:30:15+06:0 14:30:15+063 14Z 14:Z 14:30xZ 14:30:15xZ"
).split():
    told(time.fromisoformat, text)
    told(datetime.fromisoformat, "2024-02-03T" + text)

# An underscore behind a character that no number has is not read any more.
for kind in float, complex, int:
    for text in ("\xe9", "1\xe9", "1\xe9_", "_\xe9", "1_\xe9", "\xe91_", "\ud800Z_", "1__0", "1_", "\u0661_\u0662", "?_", "1__?"):
        told(kind, text)
