"""Short texts and bytes: comparison, search, pieces, iteration; values written in short ways of their own."""
import csv
import io
import marshal
import random
from base64 import b64encode
from operator import methodcaller

R = random.Random(1)
words = ["", "a", "b", "ab", "ba", "abc", "abab", "word77", "word75", "\xe9", "\u0416a", "a\U0001f600", "x" * 16, "x" * 17,
         "x" * 15 + "y", "x" * 40, "x" * 39 + "y", "\x00", "a\x00"]

# Comparison.
rows = []
for a in words:
    b = a[:1] + a[1:]
    assert a == b and not a != b and a <= b and a >= b and not a < b and not a > b
    rows.append("".join("<" if a < c else ">" if a > c else "=" for c in words))
    for c in words:
        less, equal = a < c, a == c
        assert (a <= c) == (less or equal) and (a > c) == (c < a) and (a >= c) == (not less) and (a != c) == (not equal)
print(*rows, sep="\n")


def mixed(values):
    out = []
    for a, b in values:
        try:
            out.append((a == b, a != b, a < b))
        except TypeError as error:
            out.append(str(error))
    return out


class Sub(str):
    def __eq__(self, other):
        return "sub"

    def __lt__(self, other):
        return "less"

    __hash__ = str.__hash__


print(mixed([("a", "b")] * 5 + [("a", 1), (1, "a"), ("a", Sub("a")), (Sub("a"), "a"), ("b", "a"), ("a", None)]))

# Search: all texts and needles of few letters.
total = 0
for n in range(12):
    for _ in range(40):
        text = "".join(R.choice("ab\xe9") for _ in range(n))
        for m in (0, 1, 2, 3, 5, n):
            needle = "".join(R.choice("ab\xe9") for _ in range(m))
            plain = next((i for i in range(n - m + 1) if all(text[i + k] == needle[k] for k in range(m))), -1)
            assert text.find(needle) == plain, (text, needle)
            assert (needle in text) == (plain >= 0)
            assert text.encode("latin-1").find(needle.encode("latin-1")) == plain
            wide, sought = text.replace("\xe9", "\u4f60"), needle.replace("\xe9", "\u4f60")
            assert wide.find(sought) == plain and (sought in wide) == (plain >= 0)
            total += plain
print(total)

# Iteration, with the text given up and the iterator changed on the way.
print([c for c in "abc"], [c for c in ""], [c for c in "a\xe9\u0416"])
iterator = iter("abcdef")
seen = []
for c in iterator:
    seen.append(c)
    if c == "b":
        iterator.__setstate__(4)
print(seen, list(iterator), iterator.__reduce__()[1])
for c in iterator:
    print("never")

# Pieces.
print("a,b,c".split(","), ",".split(","), "a,,b,".split(",", 2), ("ab," * 20).split(","), "a b".split(","))
print("one two  three ".split(), ("w " * 14).split(), "a--b--c".rsplit("--", 1), ("a-" * 15).rsplit("-"))
for text in [b"", b"a", b"a\n", b"a\nb", b"\r\n", b"a\r\nb\rc\n\nd", b"\n" * 14, b"x" * 30 + b"\n" + b"y" * 30, b"a\r", b"\r\r\n"]:
    for kind in (bytes, bytearray):
        print(kind(text).splitlines(), kind(text).splitlines(True))
whole = b"one line"
print(whole.splitlines()[0] is whole)

# Bytes of a count, and what is no count.
for source in (0, 1, 5, True, -1, 2.5, 1 << 70, "a", [1, 2]):
    try:
        print(bytes(source), end=" ")
    except (TypeError, ValueError, OverflowError) as error:
        print(type(error).__name__, error, end=" ")
print(bytes(3) is not bytes(3), bytes(70000).count(0), type(type("B", (bytes,), {})(2)).__name__)
for data in (b"abc", b"", b"x" * 100, b"\xff", "\u0416".encode(), bytearray(b"abc"), bytearray(b"\xc3\xa9")):
    try:
        print(data.decode(), end=" ")
    except UnicodeDecodeError as error:
        print(error, end=" ")
print()

# Items of views.
view = memoryview(bytes(range(10)))
print(view[3], view[-1], view[::2][2], view.cast("H")[1], view[2:][-8], memoryview(b"abcd").cast("c")[1])
for key in (10, -11, 1 << 62, "a", None, 2.0):
    try:
        view[key]
    except (IndexError, TypeError) as error:
        print(error)
view.release()
try:
    view[0]
except ValueError as error:
    print(error)


# Methods of builtin classes through the class, which may change its mind.
def through(classes, value):
    return [cls.copy(value(cls)) for cls in classes]


class List(list):
    pass


print(through([list, list, list, List, dict, set, list], lambda cls: cls()))
List.copy = lambda self: "own"
print(through([list, List, List], lambda cls: cls()))
for wrong in ((), (1,), ([], 1)):
    try:
        list.copy(*wrong)
    except TypeError as error:
        print(error)


# None at the end of calls.
class Odd:
    def __eq__(self, other):
        return other is None

    __hash__ = None


values = [1, "a", 0, [], Odd(), 7]
print(list(iter(iter(values).__next__, None))[:4], None in values, values.count(None), [None].count(Odd()))
print(methodcaller("upper")("a"), methodcaller("split", ",")("a,b"), methodcaller("replace", "a", "b")("aa"))

# Rows.
out = io.StringIO()
for quoting in (csv.QUOTE_MINIMAL, csv.QUOTE_ALL, csv.QUOTE_NONNUMERIC, csv.QUOTE_NONE, csv.QUOTE_STRINGS, csv.QUOTE_NOTNULL):
    writer = csv.writer(out, quoting=quoting, escapechar="\\", delimiter=";", lineterminator="!\n")
    writer.writerow(["a", 'b"c', "d;e", "f\ng", "", None, 1, 2.5, "!", "\xe9;", "\\"])
print(out.getvalue())

# Base 64 and marshal.
for n in range(8):
    print(b64encode(bytes(range(250, 250 + min(n, 6))) + bytes(max(n - 6, 0))), end=" ")
print(len(b64encode(bytes(1000))))
shared = ["text", 2.5, (1, 2)]
for value in (shared * 3, list(range(-7, 1030)) * 2, {"k": shared, 1: None}, ((), ((),), "a" * 300, "\u0416", 2**80, -1.5)):
    data = marshal.dumps(value)
    assert marshal.loads(data) == value and marshal.load(io.BytesIO(data)) == value
    for cut in range(0, len(data), 1 + len(data) // 50):
        try:
            marshal.loads(data[:cut])
            print("no error")
        except (EOFError, ValueError, TypeError) as error:
            assert isinstance(error, EOFError)
print(marshal.dumps((1000000, "t", 2.5, None, [True]), 2))
