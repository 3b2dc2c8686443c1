"""Small records, plain slices, unions of two classes, words as bytes: the usual cases have shorter ways than the rest."""
import marshal
import struct
import typing


def show(call, *args, **kw):
    try:
        print(repr(call(*args, **kw)))
    except Exception as e:
        print(type(e).__name__, e)


data = bytes(range(120, 200)) + bytes(range(16))
for order in ("", "<", ">", "=", "!", "@"):
    for form in ("B", "bH", "hIq", "BbHh", "BBBBB", "3s", "2p", "?c", "0s", "0i", "", "x", "xb2x", "f", "ed", "3sB"):
        show(lambda f: struct.unpack_from(f, data), order + form)
    for kind in "bBhHiIlLqQ?cfde":
        for count in (2, 3, 5):
            show(lambda f: struct.unpack_from(f, data), f"{order}{count}{kind}")
            show(lambda f: struct.unpack_from(f, data, 40), f"{order}{count}{kind}")
            show(lambda f: struct.unpack(f, data[-struct.calcsize(f):]), f"{order}{count}{kind}")
    show(lambda f: list(struct.iter_unpack(f, data)), order + "HH")
    show(lambda f: list(struct.iter_unpack(f, memoryview(data))), order + "4s")
    show(lambda f: list(struct.iter_unpack(f, bytearray(data))), order + "2I")
show(struct.unpack, "<HH", b"abc")
show(struct.unpack, "<3H", b"abc")

view = memoryview(bytes(range(12)))
for cut in (slice(None), slice(3, 9), slice(9, 3), slice(-4, None), slice(None, None, 2), slice(None, None, -1),
            slice(8, 2, -3), slice(100, 200), slice(0, 0), slice(5, 5), slice(-1, -20, -5), slice(None, None, 0)):
    for v in (view, view[::2], view[::-3], view.cast("H"), view.cast("I")[::-1], view[4:4]):
        show(lambda: (v[cut].tolist(), v[cut].shape, v[cut].strides, v[cut].nbytes, v[cut].contiguous, v[cut].format,
                      v[cut].readonly, v[cut].suboffsets))
show(lambda: view[1:2][0])
show(lambda: view["a":])
grid = view.cast("B", (3, 4))
show(lambda: grid[1:].tolist())
released = memoryview(b"abc")
released.release()
show(lambda: released[1:])


class Meta(type):
    def __eq__(self, other):
        return isinstance(other, Meta)

    def __hash__(self):
        return 5


class One(metaclass=Meta):
    pass


class Two(metaclass=Meta):
    pass


class Plain:
    pass


show(lambda: int | str)
show(lambda: int | int)
show(lambda: int | None)
show(lambda: None | int)
show(lambda: None | None)
show(lambda: One | Two)
show(lambda: (One | int).__args__)
show(lambda: int | str == str | int)
show(lambda: (int | str) == (str | int))
show(lambda: (int | str) != (str | int))
show(lambda: (int | str) == (str | bytes))
show(lambda: hash(int | str) == hash(str | int))
show(lambda: hash(int | None) == hash(typing.Optional[int]))
show(lambda: {int | str: 1}[typing.Union[str, int]])
show(lambda: (int | str) | (str | bytes))
show(lambda: (int | Plain).__parameters__)
show(lambda: isinstance(3, int | str))
show(lambda: typing.Union[int, int])
show(lambda: typing.Union[int, None])
show(lambda: typing.Union[int, str, int])
show(lambda: int | 3)
show(lambda: list[int] | int)
show(lambda: (list[int] | int) == (int | list[int]))

for n in (0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, -32768, 65535, 2**31, -2**31, 2**32 - 1, 2**47, 2**55 - 1, 2**63 - 1, -2**63,
          2**63, 2**64 - 1, 2**64, True):
    for length in (0, 1, 2, 3, 4, 7, 8, 9, 16):
        for signed in (False, True):
            for order in ("big", "little"):
                show(n.to_bytes, length, order, signed=signed)
show((5).to_bytes)
show((5).to_bytes, -1)
show((5).to_bytes, 2, "middle")

nested = ()
for _ in range(10):
    nested = (nested, [nested, "a\xe9", 1.5])
for value in ([], [()], [(1,), [2, [3]], {"a": (4, "b")}], ("text", "t\xe9xt", "\u4f60", b"x", 2.5, 3j, None, ...), {1, 2} - {2},
              frozenset({7}), ["x" * 300, "\xff" * 300], [[[]] * 3] * 3, slice(1, (2, 3), None)):
    for version in (0, 2, 4, 5):
        show(lambda: marshal.loads(marshal.dumps(value, version)))
print(marshal.loads(marshal.dumps(nested)) == nested)
full = marshal.dumps([(1, "text", 2.5), [3, (4,)], {"k": ()}])
for end in range(len(full)):
    show(marshal.loads, full[:end])

from array import array

for code in "bBhHiIlLqQfd":
    for n in (0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32, 2**63 - 1, 2**63,
              2**64 - 1, 2**64, -2**63, True, 1.5, "x", None):
        show(lambda: list(array(code, [n])))
        show(lambda: memoryview(array(code, [n, n])).tolist())
        show(lambda: list(memoryview(array(code, [n, 1]))))
    a = array(code, range(5))
    show(lambda: (sum(a), list(a), a[3], a[-1], list(memoryview(a)[::-2]), [x for x in memoryview(a)[1:4]]))
walk = iter(array("i", [1, 2, 3]))
grown = array("i", [1])
walk = iter(grown)
show(lambda: next(walk))
show(lambda: next(walk, "end"))
grown.append(5)
show(lambda: next(walk, "end"))
show(lambda: list(array("w", "a\u4f60\U0001f600")))
