"""Searches of short patterns in text and bytes of every length: near, far, overlapping, at the ends, and patterns that nearly fit everywhere."""
import zlib
from collections import OrderedDict

state = 12345


def number(below):
    global state
    state = (state * 1103515245 + 12345) % (1 << 31)
    return (state >> 8) % below


def made(alphabet, length):
    return "".join(alphabet[number(len(alphabet))] for _ in range(length))


digest = 0


def note(*values):
    global digest
    digest = zlib.crc32(repr(values).encode(), digest)


for alphabet in ("ab", "abcd", "aé", "a好", "a\U0001f40d"):
    for length in (0, 1, 7, 8, 9, 31, 32, 33, 40, 100, 255, 256, 257, 300, 1000, 3000):
        text = made(alphabet, length)
        if number(2):
            # Far apart.
            text = text[: length // 3] + "x" * number(400) + text[length // 3 :]
        for n in (1, 2, 3, 7, 8, 9, 17, 40):
            at = number(len(text) + 1)
            for part in (text[at : at + n], made(alphabet, n), text[:n], text[-n:]):
                if not part:
                    continue
                note(text.find(part), text.rfind(part), text.count(part), part in text, text.find(part, 3, -2), text.rfind(part, 3, -2))
                note(text.replace(part, "<>"), text.replace(part, ""), text.replace(part, "longer than before", 2))
                note(text.split(part), text.rsplit(part, 2), text.partition(part), text.rpartition(part))
                note(text.startswith(part), text.endswith(part), text[1:].startswith(part, 2))
                raw, piece = text.encode(), part.encode()
                note(raw.find(piece), raw.rfind(piece), raw.count(piece), piece in raw, raw.replace(piece, b"+"), raw.split(piece))
                note(bytearray(raw).replace(piece, b"<>"), raw.decode() == text)
        for step in (-3, -2, -1, 1, 2, 3, 5):
            note(text[::step], text[3::step], text[:5:step], text[-2:1:step], text.encode()[::step], text.encode()[4:9:step])
    print(alphabet.encode("ascii", "backslashreplace").decode(), digest)

print("aaaa".count("aa"), ("a" * 5000).count("a" * 40), ("a" * 5000 + "b").rfind("a" * 40 + "b"), ("b" + "a" * 5000).find("b" + "a" * 40))
print([t.isspace() for t in ("", " ", " \t" * 70, " " * 200 + "x", "\x85", "a")])

# Either end of an OrderedDict.
d, order = OrderedDict(), []
for i in range(20000):
    what, key = number(10), number(50)
    key = key if number(2) else str(key)
    if what < 3:
        d[key] = i
        if key not in order:
            order.append(key)
    elif what < 9 and key in d:
        first = number(2) == 0
        d.move_to_end(key, last=not first)
        order.remove(key)
        order.insert(0 if first else len(order), key)
    elif what == 9 and d:
        first = number(2) == 0
        assert d.popitem(last=not first)[0] == order.pop(0 if first else -1)
    if i % 50 == 0:
        assert list(d) == order and list(reversed(d)) == order[::-1] and list(d.copy()) == order
print(len(d), all(key in d for key in order))


# Attributes deleted in the middle.
class Point:
    def __init__(self):
        self.a, self.b, self.c, self.d = 1, 2, 3, 4


p, q = Point(), Point()
del p.b, p.a
p.e = 5
p.b = 6
print(vars(p), vars(q), p.c, p.d, p.e)
try:
    p.a
except AttributeError as error:
    print(error)
del q.d
q.d = 7
print(q.__dict__, sorted([3, 1, 2], key=lambda x: -x, reverse=True))
