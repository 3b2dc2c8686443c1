"""isinstance() and what objects say of their class, before and after their class changes."""
import math
import random


class Lazy:
    def __getattr__(self, name):
        return 5


class Proxy:
    @property
    def __class__(self):
        return int


class Hook:
    def __getattribute__(self, name):
        return str if name == "__class__" else object.__getattribute__(self, name)


def show(*values):
    for value in values:
        print(type(value).__name__, [isinstance(value, c) for c in (int, str, (int,), (str, bytes), (bytes, (str, int)), int | str)])


lazy = Lazy()
show(lazy, Proxy(), Hook(), 3, "s", True)
Lazy.__getattribute__ = Hook.__getattribute__
show(lazy)
del Lazy.__getattribute__
show(lazy)


class Base:
    pass


class Derived(Base):
    pass


derived = Derived()
show(derived)
Base.__getattribute__ = Hook.__getattribute__
show(derived)
del Base.__getattribute__
show(derived)
try:
    isinstance(derived, (int, "no class"))
except TypeError as error:
    print(error)
print(isinstance(3, (int, "no class")))

# Greatest common divisors of all sizes, by another way.
r = random.Random(7)


def euclid(a, b):
    while b:
        a, b = b, a % b
    return a


for bits in (10, 60, 64, 65, 120, 128, 129, 300, 1000, 3000):
    pairs = [(r.getrandbits(r.randrange(1, bits)), r.getrandbits(bits)) for _ in range(40)]
    common = [r.getrandbits(bits // 2) | 1 for _ in range(40)]
    print(bits, all(math.gcd(a, b) == euclid(a, b) for a, b in pairs), all(math.gcd(a * c, b * c) == euclid(a * c, b * c) for (a, b), c in zip(pairs, common)))
a, b = 1, 1
for _ in range(2000):
    a, b = b, a + b
print(math.gcd(a, b), math.gcd(a * 12, b * 18), math.gcd(-a, a * b) == a)

# Starred unpacking.
for items in ([1, 2, 3, 4], (1, 2, 3), [1, 2], (1,), []):
    try:
        first, *rest, last = items
        print(first, rest, last)
        *rest, last = items
        print(rest, last)
    except ValueError as error:
        print(error)
