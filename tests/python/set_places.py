"""Sets whose keys meet in few places: order, removal, copies, and keys that change the set while they are compared."""


class Key:
    def __init__(self, value, hash):
        self.value, self.own = value, hash

    def __hash__(self):
        return self.own

    def __eq__(self, other):
        return isinstance(other, Key) and self.value == other.value

    def __repr__(self):
        return f"K{self.value}"


def show(title, s):
    order = list(s)
    print(title, len(s), order[:12], order[-3:], hash(frozenset(s)))


state = 7


def number(limit):
    global state
    state = (state * 6364136223846793005 + 1442695040888963407) % 2**64
    return (state >> 33) % limit


KINDS = {
    "close": lambda i: i * 7,
    "far": lambda i: i << 20,
    "wide": lambda i: i << 80,
    "negative": lambda i: -i << 61,
    "float": lambda i: i * 0.5,
    "tuple": lambda i: (i, i << 40),
    "none": lambda i: None if i % 5 == 0 else (i if i % 3 else (i,)),
    "zero": lambda i: Key(i, 0),
    "same": lambda i: Key(i, 123456789),
}
for name, make in KINDS.items():
    s, alone = set(), {}
    for step in range(600 if name not in ("zero", "same") else 90):
        key = make(number(400))
        if number(3):
            s.add(key)
            alone[key] = step
        else:
            s.discard(key)
            alone.pop(key, None)
        if step % 37 == 0:
            s = s.copy() if step % 2 else set(s)
    assert s == alone.keys() and all(key in s for key in alone), name
    assert not any(make(i) in s for i in range(400, 420)), name
    if name in ("tuple", "none"):
        # Their order goes by the hash of None and of tuples alone.
        print(name, len(s), hash(frozenset(s)) == hash(frozenset(list(s)[::-1])))
    elif name in ("zero", "same"):
        print(name, len(s), list(s)[:9])
    else:
        show(name, s)
    half = set(list(s)[::2])
    print(" ", len(s & half), len(s | half), len(s - half), len(s ^ half), half <= s, s.isdisjoint(s - half))
    popped = [s.pop() for _ in range(len(s) // 2)]
    print("  popped", len(popped), s.isdisjoint(popped))


class Clearing(Key):
    """Empties the set that it is searched in."""

    def __eq__(self, other):
        shared.clear()
        return False

    __hash__ = Key.__hash__


shared = {Key(i, 5) for i in range(4)}
shared.add(Clearing(9, 5))
print(sorted(shared, key=lambda k: k.value))


class Counted:
    alive = 0

    def __init__(self):
        Counted.alive += 1

    def __del__(self):
        Counted.alive -= 1


objects = {Counted() for _ in range(300)} | set(range(300))
copies = [objects.copy() for _ in range(3)]
objects.clear()
print(Counted.alive, [len(c) for c in copies])
copies.pop()
copies = [c - set(range(300)) for c in copies]
print(Counted.alive, [len(c) for c in copies])
copies.clear()
print(Counted.alive)
big = set(range(70000))
print(len(big.copy()), len(set(big) - set(range(69990))), sum(big.copy()))
d = dict.fromkeys(range(3000), 1)
print(list(d.copy().items())[-1], len({**d}), dict(d) == d, hash((1, 2)) in {hash((1, 2))}, (1, 2) in {(1, 2): 3})


def places(s):
    """The order, and how many more keys fit before the table grows."""
    order, before, count = list(s), s.__sizeof__(), 0
    while s.__sizeof__() == before:
        s.add(100_000 + count)
        count += 1
    return order, count


def crowd(*gone):
    s = {0}
    for key in (32, 64, 96, 128, 10, 11, 12):
        s.add(key)
    for key in gone:
        s.discard(key)
    return s


# A new key takes the last removed place that the search for it has passed.
s = crowd(0, 32, 64)
s.add(160)
s.add(192)
print(places(s))
for change in (lambda s: s.update([160]), lambda s: s.update({160: 1}), lambda s: s.update({160}), lambda s: s.add(160),
               lambda s: s.__ixor__({160}), lambda s: s.add(96), lambda s: s.add(32.0), lambda s: s.remove(96)):
    s = crowd(32, 64)
    change(s)
    print(places(s))
for turns in (1, 5, 10, 15, 100):
    s = crowd(12)
    for turn in range(turns):
        s.discard(128 + 32 * turn)
        s.add(160 + 32 * turn)
    print(turns, places(s))


def taken(count=10):
    s = set(range(20))
    for _ in range(count):
        s.pop()
    s.update(range(count))
    return s


# Where `pop` goes on survives what empties the set or changes its elements.
for change in (lambda s: s.clear() or s.update(range(30)), lambda s: s.intersection_update(range(15)), lambda s: s.__iand__(set(range(30))),
               lambda s: s.__init__(range(25)), lambda s: s.__isub__({1}), lambda s: s.__ixor__(s) and s.update(range(20)),
               lambda s: s.update(range(100))):
    s = taken()
    change(s)
    print(s.pop() if s else None, len(s), taken().copy().pop())

# A display takes a set over as update does.
s = set(i << 20 for i in range(60)).difference(i << 20 for i in range(0, 40, 2))
for i in range(1, 40, 2):
    s.discard(i << 20)
for made in ({*s}, {*s, 5 << 20}, {5 << 20, *s}, {*s, *{1: 2}}, {*s} | s):
    print(len(made), made.__sizeof__(), [key >> 20 for key in made])
for wrong in (1, [[]], [{}], {1: 2}, None):
    try:
        print({*wrong})
    except TypeError as error:
        print(error)
