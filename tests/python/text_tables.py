"""Short ways of text, octets and tables: they must give what the long ways give."""

# UTF-8 of mixed text, whatever stands at whatever place of a block.
PIECES = ["", "a", "abcdefg", "abcdefgh", "\xe4", "\xe4\xf6", "\u4f60", "\u4f60\u597d", "\U0001f600", "\x7f", "\x80", "\u07ff\u0800"]
total = 0
for before in PIECES:
    for middle in PIECES:
        for after in PIECES:
            text = before + middle + "0123456789"[: len(before) * 2] + after + middle
            data = text.encode()
            assert data.decode() == text and data.decode("utf-8", "replace") == text
            assert data == b"".join(c.encode() for c in text), text
            assert len(data) == sum(1 if c < "\x80" else 2 if c < "\u0800" else 3 if c < "\U00010000" else 4 for c in text)
            total += len(data)
print(total)
for bad in ("\ud800", "a\udfffb", "\xe4\ud834x"):
    try:
        bad.encode()
    except UnicodeEncodeError as error:
        print(error, bad.encode("utf-8", "surrogatepass"))

# Cutting.
for text in ("", " ", "  word  ", " " * 40 + "x" + "\t" * 33, "\x1c\x1dx\x1f", "x" * 20, "\xa0 \u2003y\u3000"):
    print([text.strip(), text.lstrip(), text.rstrip()], text.strip("x"), text.strip("x\t "), text.strip("\xa0"))
    raw = text.encode("latin-1", "ignore")
    print([raw.strip(), raw.lstrip(), raw.rstrip(), raw.strip(b"x"), raw.strip(b"x\t ")])
for text in ("a\nb", "a\r\nb\r", "\n\n", "a\x1cb\x1dc\x1ed\x1fe\x0bf\x0cg", "no end of line here at all\r\nnext\n", "x\x85y\u2028z"):
    print(text.splitlines(), text.splitlines(True))
print("a,b,,c".rsplit(","), "a,b,,c".rsplit(",", 1), ",".rsplit(","), "abc".rsplit(","), "a,b".rsplit(",", 0))
print("key=value".partition("="), "abcabc".find("ca"), "aaaaab".find("ab"), "abc" * 9 in "abc" * 10, "b" in "a")

# Case, translation, padding, repr.
for text in ("ABC", "\xc4\xd6\xdc\xdf\xd7\xf7\xb5", "\u0391\u03a3 \u03a3", "\u4f60B\u597d", "\u0130I", "\u1e9e", "\uff21", "\U00010400"):
    print(text.lower(), text.upper(), text.casefold(), text.title(), text.swapcase(), text.capitalize())
print("hello".translate({101: None, 108: "LL", 111: 0x4F60}), "hello".translate({}), "h\xe9llo".translate({233: "e", 108: 76}))


class Shout(dict):
    def __missing__(self, key):
        if key == 98:
            raise LookupError
        return chr(key).upper()


print("abcabc".translate(Shout()), "zebra".translate(str.maketrans("abc", "xyz", "z")))
print(["x".ljust(3), "x".rjust(3, "\xe4"), "x".center(4, "\u4f60"), "ab".center(5), "ab".center(1), "7".zfill(3), "-7".zfill(4)])
for text in ("", "it's", 'say "x"', "it's \"x\"", "\\\n\r\t\x00\x7f", "tab\tend'", "\xe9\x80\u200b"):
    print(repr(text), ascii(text), f"{text!r:>12}")

# Formats.
VALUES = [1, -1, 0, 10**30, "x", "\xe9", "\u4f60", 1.5, None, (1, 2), ("a",), (), {"a": 1}, True, b"b"]
for form in ("%s", "%d", "<%s>", "%s%s", "%5s|", "%-5d|", "%05d", "%x", "%(a)s-%(a)d", "%(a)5d", "%%", "100%", "%", "%(a", "%q", "\xe9%s", "\u4f60%d"):
    for value in VALUES:
        try:
            print(form % value, end=" ")
        except Exception as error:
            print(type(error).__name__, error, end=" ")
    print()
for form in (b"%s", b"%d", b"%d %s", b"%b|%x", b"%(a)d", b"%5d|", b"%"):
    for value in (1, (1, b"x"), b"y", {b"a": 3}, (2, bytearray(b"z"))):
        try:
            print(form % value, end=" ")
        except Exception as error:
            print(type(error).__name__, error, end=" ")
    print()
for form in ("{}", "{0}{0}", "{a}", "{a!r:>4}", "{:>5}", "{:{}}", "{0[0]}", "{a.real}", "{{}}", "{", "}", "{a", "{!}", "{a!x}", "{0.}", "\xe9{}", "{:\u4f60>4}"):
    for args in ((), (1,), ("ab", 3), ("\u4f60", 4), ([7], 2)):
        try:
            print(form.format(*args, a=5), end=" ")
        except Exception as error:
            print(type(error).__name__, error, end=" ")
    print()
whole = "whole" + str(len(VALUES))
print("%s" % whole is whole, "{}".format(whole) is whole, ("x" + "%s" % whole)[1:] == whole, len("%s" * 50 % tuple(range(50))))
print("".join(["a", "\xe9", "\u4f60"]), "\u4f60".join("abc"), "-".join(["one", "twenty-two characters..", ""]), f"{1}{'b'}{2.5}\xe9")


# Sets: which operand is walked decides the order; equality may run code that changes the set.
def shown(s):
    return list(s)


for n in (0, 1, 3, 5, 20, 100):
    a, b = set(range(n)), set(range(n // 2, n * 2, 3))
    for left, right in ((a, b), (b, a), (a, set(range(1000, 1000 + n * 7, 7)))):
        print(shown(left | right)[-5:], shown(left & right)[:5], shown(left - right)[:5], shown(left ^ right)[-5:], left <= right, left == set(left))
    c = set(a)
    c.update(b, range(3), "ab"[:0], (n,), [n + 1, True])
    c -= b
    print(shown(c)[-6:], len(c), frozenset(a) == a, hash(frozenset(a)) == hash(frozenset(c | a) - (c - a)))
print(sorted(set("mississippi")), sorted(set("\u4f60a\u4f60")), set([1, 1.0, True]), {(1, "a")} & {(1, "a"), (1, "b")}, (1, "a") in {(1, "a")})


class Key:
    def __init__(self, name, then=None):
        self.name, self.then = name, then

    def __hash__(self):
        return 7

    def __eq__(self, other):
        log.append((self.name, getattr(other, "name", other)))
        if self.then:
            self.then()
        return isinstance(other, Key) and self.name == other.name

    def __repr__(self):
        return self.name


log = []
one, two, other = {Key("a"), Key("b")}, {Key("b"), Key("c")}, {7, Key("a")}
for action in ("one | two", "one & two", "one - two", "one ^ two", "one <= two", "one == two", "one | other", "other - one", "7 in one"):
    log.clear()
    result = eval(action)
    print(action, sorted(map(repr, result)) if isinstance(result, set) else result, len(log))
grown = {1, 2}
clash = {Key("x", lambda: grown.add(len(grown) + 50)), 7}
grown.add(7)
try:
    print(len(grown | clash), len(clash | grown) >= 3, clash <= grown)
except RuntimeError as error:
    print(error)
numbers = {1, 2, 3}
try:
    for i in numbers:
        numbers.add(i + 10)
except RuntimeError as error:
    print(error)

# Dicts.
d = {i: str(i) for i in range(10)}
for change in ("d[99] = 1", "del d[3]", "d.update({5: 6})"):
    e = dict(d)
    try:
        for key, value in d.items():
            exec(change)
        print(change, "passed")
    except RuntimeError as error:
        print(change, error)
    d = e
for walk in (lambda: iter(d), lambda: iter(d.values()), lambda: iter(d.items()), lambda: reversed(d)):
    it = walk()
    first = next(it)
    d[first if isinstance(first, int) else 0] = "changed"
    print(first, next(it), it.__length_hint__(), len(list(it)))
    d.pop(9, None)
    try:
        print(next(it, "end"))
    except RuntimeError as error:
        print(error)
    d[9] = "9"
print(d == dict(reversed(d.items())), d == {**d, 9: 9}, {1: 1.0} == {1: 1}, {1: float("nan")} == {1: 2}, {(1, "a"): 2} == {(1, "a"): 2})
nan = float("nan")
print({1: nan} == {1: nan}, {1: nan} == {1: float("nan")}, {"a": [1]} == {"a": [1]}, {"a": 1} == {"b": 1})
print(sorted(d.keys() & {1: 0, 2: 0, 77: 0}.keys()), sorted(d.keys() & [1, 2, 77]), list({3: 0, 1: 0}.keys() & {1: 0, 3: 0, 5: 0}.keys()))
pairs = list(d.items())
print(pairs[0] is pairs[1], pairs[:2], [p for p in d.items()][:2], len({id(p) for p in pairs}))
log.clear()
table = {Key("a"): 1, Key("b"): 2}
table[Key("b")] = 3
print(list(table.items()), table == {Key("b"): 3, Key("a"): 1}, len(log))

# Views of memory.
view = memoryview(bytearray(range(20)))
print(view[3:].tolist(), view[::-3].tolist(), view[5:2].tobytes(), view[-4:-1].tolist(), bytes(view[::2]), view[2:8][1:3].tolist())
print(bytes(view[4:4]), bytes(view[4:5]), bytes(memoryview(b"abc").cast("b")), memoryview(b"12345678").cast("H")[1:3].tobytes())
shaped = view.cast("B", (4, 5))
print(shaped.shape, shaped.strides, shaped.tolist()[1], bytes(shaped) == bytes(view))


class Index:
    def __index__(self):
        victim.release()
        return 1


victim = memoryview(b"abcdef")
try:
    print(victim[Index():].tobytes())
except ValueError as error:
    print(error)
print(b"a-b-c".replace(b"-", b"+"), b"hello".translate(None, b"l"), b"hello".translate(bytes(range(255, -1, -1)), b"e"), b"abc".translate(None))

# Joined octets, factories, hexadecimal digits, removed places of sets.
for parts in ([], [b"a"], [b"a", b""], (b"abc", b"d" * 20, b""), [b"a", bytearray(b"b")], [b"a", "b"], iter([b"x", b"y"])):
    for sep in (b"", b", ", b"-" * 9):
        try:
            print(sep.join(parts), end=" ")
        except TypeError as error:
            print(error, end=" ")
print()
for digits in ("", "00ff", "0g", "0", "a b", "AB cd", "\xe9\xe9"):
    try:
        print(bytes.fromhex(digits), end=" ")
    except ValueError as error:
        print(error, end=" ")
print()
from collections import OrderedDict, defaultdict

for factory in (int, list, dict, lambda: 5, None):
    made = defaultdict(factory)
    try:
        print(made["a"], made["a"] is made["a"], list(made), made.get("b"), "b" in made)
    except KeyError as error:
        print("KeyError", error)


class Mine(defaultdict):
    def __missing__(self, key):
        return "own " + key


class Stored(defaultdict):
    def __setitem__(self, key, value):
        super().__setitem__(key, [value])


print(Mine(int)["x"], Stored(int)["x"], Stored(int, a=1), defaultdict.__missing__(defaultdict(list), 3))
ordered = OrderedDict.fromkeys("abc")
ordered.move_to_end("a")
ordered.move_to_end("c", last=False)
print(list(ordered))
holes = set(range(30))
for i in range(0, 30, 2):
    holes.discard(i)
print(0 in holes, 1 in holes, holes | {0}, sorted(holes & {1, 2, 3}), len(holes), {frozenset({1, 2}), frozenset({3})} == {frozenset({3}), frozenset({2, 1})})
