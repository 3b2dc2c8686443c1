"""Sorts of a few items, sums, copies of lists, tuples, sets and deques made in one piece, on random data."""
import random
from collections import deque

rng = random.Random(5)


class Text(str):
    pass


def few(kind, n):
    if kind == "float":
        return [rng.choice([rng.uniform(-9, 9), rng.choice([0.0, -0.0, 1e300, -1e300, 1e-300, float("inf"), 2.5])]) for _ in range(n)]
    if kind == "plain":
        return [rng.choice([0.0, 0.5, -0.5, 1.5, 2.5, -1e9, 1e9]) for _ in range(n)]
    alphabet = {"text": "ab\0\xe9", "wide": "ab\u4f60\U0001f600\0", "long": "a"}[kind]
    made = ["".join(rng.choices(alphabet, k=rng.randrange(12))) for _ in range(n)]
    return [rng.choice(made) + "" for _ in range(n)] if n else []


for kind in ("float", "plain", "text", "wide", "long"):
    for n in (0, 1, 2, 3, 10, 15, 16, 17, 30):
        for _ in range(3):
            items = few(kind, n)
            up, down = sorted(items), sorted(items, reverse=True)
            print(kind, n, up == sorted(items, key=lambda x: x), list(map(ascii, up))[:17])
            print([ascii(x) for x in down][:17])
            own = items[:]
            own.sort(reverse=True)
            print([id(x) for x in own] == [id(x) for x in down])
# Equal texts keep their order.
items = ["".join(c) for c in ("ab", "ab", "aa", "ab", "aa")]
print([[i for i, y in enumerate(items) if x is y] for x in sorted(items)])
print([[i for i, y in enumerate(items) if x is y] for x in sorted(items, reverse=True)])
for mixed in (["a", 1], [1.5, "a"], [1.5, None], ["a", b"a"], [Text("b"), "a", Text("a")], [2, 1.5, 1], [1.5, True, 0.5]):
    try:
        print(sorted(mixed), sorted(mixed, reverse=True))
    except TypeError as error:
        print(error)


class Odd:
    def __iter__(self):
        return iter([3, 1, 2])

    def __length_hint__(self):
        print("asked")
        return 10


print(sorted(Odd()), sorted(x for x in "hello"), sorted({3: 1, 1: 2}), sorted((2, 1)))

# Lists and tuples joined, copied, repeated.
a, b = [[], 1, "x"], [2.5, None]
print(a + b, b + a, a + [], [] + a, (1, "x") + (b,), () + (1,), (1,) + ())
for left, right in ((a, (1,)), ((1,), a), (a, "x"), ((), "x"), (a, None)):
    try:
        print(left + right)
    except TypeError as error:
        print(error)


class Other:
    def __radd__(self, left):
        return "radd"

    def __iter__(self):
        return iter("pq")


class OwnList(list):
    def __add__(self, other):
        return "own add"

    def __radd__(self, other):
        return "own radd"

    def __iadd__(self, other):
        return "own iadd"


class OwnTuple(tuple):
    def __radd__(self, other):
        return "tuple radd"


print([1] + Other(), (1,) + Other(), [1] + OwnList([2]), OwnList([1]) + [2], (1,) + OwnTuple((2,)), OwnTuple((1,)) + (2,))
for right in (Other(), OwnList([2]), OwnTuple((2,)), (3,), [3], "ab", {1: 2}):
    own = [1]
    same = own
    own += right
    print(own, own is same)
own = OwnList([1])
own += [2]
print(own)
own = [1, [2]]
own += own
print(own, own[1] is own[3])
own.extend(own)
print(len(own), own[:3], own[1:3], own[5:2], own[-3:], own * 2 == own + own)
c = own.copy()
c.append(1)
print(len(c), len(own), c[:8] == own)
for n in range(6):
    e = []
    for i in range(n):
        e += (i, "t")
        e.extend([i])
        e.extend(tuple(e[:2]))
    print(e)

# Sets without and with objects.
for make in (set, frozenset):
    for items in ([1, 2, 3], [1, "a", 2.5], [None, True, 0], range(40), [str(i) for i in range(40)], [(1, 2), 7], []):
        s = make(items)
        t = s.copy()
        u = make(s)
        print(len(s), s == t == u, hash(t) == hash(s) if make is frozenset else None, sorted(map(str, t)))
        if make is set:
            t.add("new")
            w = t.copy()
            w.discard("new")
            v = w.copy()
            print(len(t), len(w), w == s, v == s, v | t == t, sorted(map(str, t - v)), t & v == s, t ^ v)
            while v:
                v.pop()
            v.update([5, 6], ["x"], {"y": 1}, "z")
            print(sorted(map(str, v)), sorted(map(str, v.copy())))
            v.clear()
            v.update(range(5))
            print(v, v.copy())
for _ in range(60):
    pool = rng.choice([list(range(12)), [1, 2, "a", "b", 2.5, None, (1,)]])
    s, t = set(), set()
    for _ in range(rng.randrange(30)):
        x = rng.choice(pool)
        match rng.randrange(5):
            case 0 | 1:
                s.add(x)
            case 2:
                s.discard(x)
            case 3:
                t = s.copy()
            case 4:
                s ^= t
    print(len(s), len(t), sorted(map(str, s | t)), s <= t, s == t, frozenset(s) == s)

# Deques.
for source in ([1, 2, 3], (1, 2, 3), iter([1, 2, 3]), range(3), "abc", {1: 2}, [], deque([4, 5])):
    for limit in (None, 0, 2, 5):
        q = deque(source, limit)
        q.extend([7, "x"])
        q.extend((8,))
        q.extend(q)
        print(q, len(q), list(q), list(reversed(q)))
q = deque([1, 2, 3])
i = iter(q)
print(next(i))
q.extend([])
print(next(i))
for walk in (iter, reversed):
    for before in range(4):
        q = deque([1, 2, 3])
        i = walk(q)
        out = [next(i) for _ in range(before)]
        q.extend([4])
        for _ in range(2):
            try:
                out.append(next(i, "end"))
            except RuntimeError as error:
                out.append(str(error))
        print(out)
q = deque()
q.__init__([1, 2])
q.__init__((3,), 5)
q.__init__()
print(q)
for bad in ((1,), ([], "x"), ([], -1), ([], 1, 2)):
    try:
        print(deque(*bad))
    except (TypeError, ValueError) as error:
        print(error)
print([len(range(*x)) for x in ((5,), (-5,), (2, 9), (9, 2), (0, 10, 3), (10, 0, -3), (2**61, 2**61 + 2), (-2**61, 2**61 - 1))])
