"""Words, cases, `in` and `%` over random text of each width, and moves in ordered dicts: digests of what each gives.

What walks text eight characters at a time, or takes a short way for texts and bytes that are exactly such, must give the
same as the long way: at every length, beside every kind of white space, for subclasses too.
"""
import hashlib
import random
from collections import OrderedDict

POOLS = ["abc XYZ\t\n", "\xe4\xf6\xfc\xdf \x85\xa0\xc9", "\u03b1\u0392\u03b3\u03a3\u03c2\u03c3 \u017e\u017d\u2003\u2028", "\u4f60\u597d\u3000 springt",
         "\u0130\u0131\u0149\u01c5 \ufb01\u1680", "\U00010400\U0001f600 a\u205f", "\u1c90\u10d0\u13e0\uab70 \u200b\u2019", "\x1c\x1f \x0b"]
BYTES = [b"a", b"word", b" ", b"\t", b"\n", b"\x0b", b"\x0c", b"\r", b"\x1c", b"\x1f", b"\x85", b"\xa0", b"\x00", b"\x08", b"\xff", b"longerword"]
PARTS = ["a", "b", "ab", "ba", "", "\xe9", "a\xe9", "\u03b1", "b\u03b1", "\U0001f600"]
FORMATS = ["%s", "%d", "%b", "%5s", "%-4d", "%a", "%r", "%c", "x", "%%", "%x", "%(a)s", "%i", " ", "%.2f", "%"]


class Text(str):
    def __contains__(self, other):
        return "mine"


class Octets(bytes):
    pass


VALUES = [1, -5, 10**20, b"x", b"", bytearray(b"q"), "t", "\xe9", "", True, 2.5, None, {"a": 1}, {b"a": b"v"}, Octets(b"sub"), Text("sub"), 65]


class Digest:
    def __init__(self, name):
        self.name, self.state, self.count = name, hashlib.sha256(), 0

    def add(self, *results):
        self.state.update(ascii(results).encode())
        self.count += 1

    def show(self):
        print(self.name, self.count, self.state.hexdigest())


r = random.Random(7)
words, cases, octets, within, percent, moves = map(Digest, ["words", "cases", "octets", "within", "percent", "moves"])
for i in range(1500):
    s = "".join(r.choice(r.choice(POOLS[:r.randint(1, 8)])) for _ in range(r.randint(0, 40)))
    words.add(s.split(), s.split(None, 2), s.rsplit(None, 3), s.strip(), s.isspace(), s.splitlines())
    cases.add(s.lower(), s.upper(), s.casefold(), s.title(), s.swapcase(), s.capitalize(), s.islower(), s.isupper(), s.istitle())
for i in range(1500):
    b = b"".join(r.choice(BYTES) for _ in range(r.randint(0, 12)))
    t = b.decode("latin1")
    a = b.decode("ascii", "ignore")
    octets.add(b.split(), bytearray(b).split(None, 2), b.rsplit(None, 1), t.split(), t.split(None, 1), a.split(), a.split(None, 3), a.rsplit())
for i in range(2000):
    hay = "".join(r.choice(PARTS) for _ in range(r.choice([0, 1, 2, 5, 9, 20, 100, 300])))
    part = "".join(r.choice(PARTS) for _ in range(r.randint(0, 4)))
    within.add(part in hay, part not in hay, hay.find(part), part in Text(hay), Text(part) in hay, hay.split(part) if part else 0)
for i in range(1500):
    form = "".join(r.choice(FORMATS) for _ in range(r.randint(0, 4)))
    k = r.randint(0, 4)
    value = tuple(r.choice(VALUES) for _ in range(k)) if k != 4 else r.choice(VALUES)
    for f in (form, form.encode(), bytearray(form.encode())):
        try:
            percent.add(f % value)
        except Exception as error:
            percent.add(type(error).__name__, str(error))
for size in (1, 2, 3, 5, 8, 10, 50, 200):
    od = OrderedDict((r.choice([i, str(i), (i,)]), i) for i in range(size))
    keys = list(od)
    for i in range(400):
        k, op = r.choice(keys), r.random()
        if op < .6 and k in od:
            od.move_to_end(k)
        elif op < .7 and k in od:
            od.move_to_end(k, last=False)
        elif op < .8 and k in od:
            del od[k]
        elif op < .95:
            od[k] = i
        elif od:
            od.popitem(r.random() < .5)
        if i % 50 == 0:
            moves.add(list(od.items()), od.get(k))
    moves.add(list(reversed(od)), od == OrderedDict(od))
for digest in (words, cases, octets, within, percent, moves):
    digest.show()
print([1] * 3, ["q"] * 2, [[]] * 2, [None] * 0, ["a"] * -1, [range(i) for i in range(3)], range(2**70, 2**71, 3)[2**60])
