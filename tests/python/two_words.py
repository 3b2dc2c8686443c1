"""Integers around the borders of one and two words: every operator, hashes, comparisons, sums."""
import hashlib
import operator as o

edges = [0, 1, 2, 3, 7, 15, 61, 62, 63, 64, 93, 122, 123, 124, 125, 126, 127, 128, 129, 190]
numbers = sorted({s * ((1 << e) + d) for e in edges for d in (-3, -1, 0, 1, 2) for s in (1, -1)})
numbers += [True, False]
seen = hashlib.sha256()


def tell(name, results):
    digest = hashlib.sha256(repr(results).encode()).hexdigest()[:16]
    print(name, digest)


def tried(f, *args):
    try:
        return f(*args)
    except ZeroDivisionError as error:
        return str(error)


for f in (o.add, o.sub, o.mul, o.and_, o.or_, o.xor, o.floordiv, o.mod, o.truediv, o.eq, o.lt, o.le, divmod):
    tell(f.__name__, [tried(f, a, b) for a in numbers for b in numbers])
for f in (o.neg, o.invert, abs, hash, str, hex, float, bool, int.bit_length, int.bit_count):
    if f is o.invert:
        tell("invert", [~int(a) for a in numbers])
        continue
    tell(f.__name__, [f(a) for a in numbers])
for by in (0, 1, 5, 60, 61, 62, 63, 64, 65, 130):
    tell(f"shift {by}", [(a << by, a >> by) for a in numbers])
tell("power", [a**e for a in numbers for e in range(5)])
tell("sums", [sum(numbers[i:]) for i in range(len(numbers))])
tell("sums with a float", [sum([a, 0.5, a]) for a in numbers])
tell("bytes", [a.to_bytes(40, "little", signed=True) for a in numbers])
tell("sorted", sorted(numbers, key=lambda a: (a ^ (1 << 100), a)))


class Own(int):
    def __add__(self, other):
        return "own"


big = Own(1 << 80)
print(big + 1, 1 - big, sum([1], big), big * 2, -big, big == 1 << 80, hash(big) == hash(1 << 80), {big: 1}[1 << 80])
print(Own(0) * 5, Own(3) - 3, Own(1 << 62) // 3, type(Own(1 << 90) & -1), type(+Own(1 << 90)))
