"""Sets whose keys have hashes alike in their low bits, with keys removed and put back: members, and their order."""
import random

r = random.Random(20)
SHAPES = [
    lambda i: i << 20,
    lambda i: i << 80,
    lambda i: i * 1024 + i % 3,
    lambda i: -i,
    lambda i: i * (2**61 - 1),
    lambda i: float(i << 30),
    lambda i: (i << 58) + 6,
]


class Key:
    def __init__(self, x): self.x = x
    def __hash__(self): return self.x << 16
    def __eq__(self, other): return isinstance(other, Key) and self.x == other.x
    def __repr__(self): return f"K{self.x}"


def digest(s):
    h = 0
    for x in s:
        h = (h * 31 + hash(x)) % 1000003
    return len(s), h


for shape in SHAPES + [Key]:
    for count in (0, 1, 4, 5, 9, 33, 150, 700):
        keys = [shape(i) for i in range(count)]
        s = set(keys)
        out = [digest(s)]
        for _ in range(count * 2):
            k = shape(r.randrange(count + 3))
            match r.randrange(4):
                case 0: s.discard(k)
                case 1: s.add(k)
                case 2: s ^= {k}
                case _: out.append(k in s)
        out.append(digest(s))
        t = s.copy()
        for _ in range(count // 3):
            if t: t.pop()
        t.update(keys[::2])
        print(count, out[0], sum(1 for x in out if x is True), out[-1], digest(t), digest(s | t), digest(s & t), digest(s - t))
        if count < 6:
            print(s, frozenset(keys), s == set(keys), 0 in s, -1 in s, -2 in s)
