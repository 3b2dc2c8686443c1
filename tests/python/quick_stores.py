"""Stores into dicts and sets, membership and reads to the end, on the ways that take no call: what is moved, replaced and dropped."""
import collections
import os
import random
import tempfile

random.seed(7)


class Noisy:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        log.append("gone " + self.name)

    def __repr__(self):
        return self.name


class Same:
    """Equal to every other one of its number, and asked for it."""

    def __init__(self, number):
        self.number = number

    def __hash__(self):
        return self.number % 3

    def __eq__(self, other):
        asked.append((self.number, getattr(other, "number", other)))
        return isinstance(other, Same) and self.number == other.number


log, asked = [], []


def store_over(d, key, rounds):
    for i in range(rounds):
        d[key] = Noisy(f"{type(key).__name__}{i}")


for key in ("a", 1, (1, 2), 2.5, Same(4)):
    d = {}
    store_over(d, key, 4)
    print(type(key).__name__, log, len(d))
    log.clear()
    d.clear()
    print(log)
    log.clear()


def store_last(make):
    for i in range(3):
        make()["k" + str(i)] = Noisy("v" + str(i))


store_last(dict)
print(log)
log.clear()

# A finalizer that changes the dict which is stored into.
table = {}


class Meddler:
    def __del__(self):
        table.clear()
        table["left"] = 1


def meddle():
    for i in range(3):
        table["x"] = Meddler()
        table["y"] = i
    return dict(table)


print(sorted(meddle()))

# Comprehensions with keys that come again.
words = [random.choice("abcdefghij") * random.randint(1, 3) for _ in range(400)]
print({w: i for i, w in enumerate(words)} == dict(zip(words, range(400))))
print(list({w: len(w) for w in words}.items())[:7])
print({i % 7: i for i in range(50)})
print({(i % 3, i % 2): i for i in range(20)})
print({Same(i % 4).number: i for i in range(12)}, len({Same(i % 4): i for i in range(12)}))
print(sorted({w for w in words}), len({i * 8 % 13 for i in range(100)}))
print(len({Same(i % 5) for i in range(30)}), asked[:5], len(asked))
asked.clear()
try:
    {[]: 1 for _ in range(2)}
except TypeError as e:
    print(e)
try:
    {[] for _ in range(2)}
except TypeError as e:
    print(e)
log.clear()
print(len({"one": Noisy(str(i)) for i in range(4)}), log)
log.clear()

# Membership.
small = set(range(0, 64, 3))
texts = {"k%d" % i for i in range(50)}
frozen = frozenset(texts | small | {None, 2.0, (1, 2)})
hits = [0] * 6
for i in range(-5, 200):
    hits[0] += i in small
    hits[1] += i not in small
    hits[2] += ("k%d" % i) in texts
    hits[3] += i in frozen
    hits[4] += float(i) in frozen
    hits[5] += (i, i + 1) in frozen
print(hits)
big = {1 << 70, -(1 << 70), 2**61 - 1, 0, -1}
print([x in big for x in (1 << 70, 2**61 - 1, 0, 1, -1, -2, 2**61 - 2, True, False, 0.0)])
print([frozenset({1, 2}) in {frozenset({2, 1})}, {1, 2} in {frozenset({2, 1})}, 3 in set(), "" in frozenset()])
try:
    [[] in small for _ in range(3)]
except TypeError as e:
    print(e)


class Text(str):
    def __contains__(self, part):
        return "asked"


def holds(texts, part):
    return [part in text for text in texts]


print(holds(["", "a", "ab", "cab", "\u4f60ab", "x" * 100 + "ab", "b" * 40], "ab"))
print(holds(["", "a", "\xe9", "\u4f60", "\U0001f600"], ""), holds(["\xe9", "e", "\u4f60\xe9"], "\xe9"))
print(holds(["ab", Text("ab"), "ab"], Text("b")), holds([["a"], "a", {"a"}, ("b",)], "a"))
try:
    holds(["a", "b", "c"], 1)
except TypeError as e:
    print(e)
print(["not" for part in ("a", "b", "c", "d") if part not in "abc"])

# Moves to the end, with pairs that come and go in between.
ordered = collections.OrderedDict((i, str(i)) for i in range(40))
for i in range(2000):
    key = random.randrange(40)
    if i % 11 == 0:
        ordered.pop(key, None)
    elif key in ordered:
        ordered.move_to_end(key, last=i % 5 != 0)
    else:
        ordered[key] = str(i)
print(list(ordered.items())[:9], len(ordered))
named = collections.OrderedDict.fromkeys("abcdefghijklmnopqrstuvwxyz")
for letter in "thequickbrownfoxjumpsoverthelazydog" * 30:
    named.move_to_end(letter)
print("".join(named))
plain = {}
for i in range(3000):
    plain[i % 17] = i
    if i % 3 == 0:
        plain.pop(random.randrange(17), None)
print(plain)

# Reads to the end.
with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "f")
    for size in (0, 1, 100, 8191, 8192, 70_000):
        with open(path, "wb") as f:
            f.write(bytes(range(256)) * (size // 256) + b"x" * (size % 256))
        with open(path, "rb") as f:
            whole = f.read()
            again = f.read()
        with open(path, "rb") as f:
            parts = f.read(10), f.read()
        with open(path, "rb", buffering=0) as f:
            raw = f.readall(), f.read(), f.readall()
        print(size, len(whole), again, b"".join(parts) == whole, raw[0] == whole, raw[1:])
    with open(path, "w+b") as f:
        for _ in range(3):
            f.write(b"more " * 2000)
            f.flush()
            f.seek(0)
            print(len(f.read()))
        f.seek(5)
        with open(path, "ab") as other:
            other.write(b"end")
        print(len(f.read()), f.read())
        f.seek(10**6)
        print(f.read())
        f.seek(-4, os.SEEK_END)
        print(f.read())
    reader, writer = os.pipe()
    os.write(writer, b"through a pipe")
    os.close(writer)
    with open(reader, "rb") as f:
        print(f.read())
