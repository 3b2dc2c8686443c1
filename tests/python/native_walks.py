"""Walks by native iterators over lists, tuples and other iterables: what changes while it is walked, calls from inside,
ends that stay ends."""
import random
from itertools import (accumulate, batched, chain, combinations, combinations_with_replacement, compress, dropwhile,
                       filterfalse, groupby, islice, pairwise, permutations, product, starmap, takewhile, tee, zip_longest)

rng = random.Random(20)


class Iterable:
    def __init__(self, items):
        self.items = items

    def __iter__(self):
        return iter(self.items)


class Sequence:
    def __init__(self, items):
        self.items = items

    def __getitem__(self, i):
        return self.items[i]


class OwnList(list):
    def __iter__(self):
        return iter([*super().__iter__(), "own"])


def sources(items):
    return [list(items), tuple(items), iter(list(items)), (x for x in items), Iterable(items), Sequence(items),
            OwnList(items), dict.fromkeys(items), range(len(items)), iter(tuple(items))]


def run(label, iterator, limit=60):
    out = []
    try:
        for item in iterator:
            out.append(item)
            if len(out) > limit:
                out.append("...")
                break
        for _ in range(2):
            out.append(next(iterator, "end"))
    except Exception as error:
        out.append(f"{type(error).__name__}: {error}")
    print(label, out)


def groups(iterator):
    for key, group in iterator:
        yield key, list(group)


for n in (0, 1, 2, 3, 7):
    items = [rng.randrange(5) for _ in range(n)]
    for k in range(10):
        def made():
            return sources(items)[k]
        label = f"{n}.{k}"
        run(label, accumulate(made()))
        run(label, accumulate(made(), lambda a, b: a * 2 + (b if isinstance(b, int) else 1), initial=rng.choice([None, 3])))
        run(label, batched(made(), rng.randrange(1, 5)))
        run(label, batched(made(), 2, strict=True))
        run(label, chain(made(), made(), [], made()))
        run(label, chain.from_iterable([made(), (), made()]))
        run(label, chain.from_iterable((made(), 5, made())))
        run(label, compress(made(), made()))
        run(label, dropwhile(lambda x: x != 2, made()))
        run(label, takewhile(lambda x: x != 2, made()))
        run(label, filterfalse(None, made()))
        run(label, groups(groupby(made())))
        run(label, groups(groupby(made(), lambda x: x == 2)))
        run(label, pairwise(made()))
        run(label, starmap(lambda *a: a, zip(made(), made())))
        run(label, starmap(lambda *a: a, [[1], (2, 3), made()]))
        run(label, zip_longest(made(), made(), fillvalue="-"))
        run(label, zip_longest(made(), [1, 2], made()))
        a, b = tee(made())
        run(label, a)
        run(label, b)
        for _ in range(4):
            start, stop, step = rng.randrange(4), rng.choice([None, 0, 1, 2, 5, 9]), rng.randrange(1, 4)
            run(f"{label} {start} {stop} {step}", islice(made(), start, stop, step))
        run(label, combinations(made(), 2))
        run(label, combinations_with_replacement(made(), 2))
        run(label, permutations(made(), 2))
        run(label, product(made(), made()))


def changed(make, change):
    items = [1, 2, 3, 4, 5]
    iterator = make(items)
    out = []
    for i in range(8):
        out.append(next(iterator, "end"))
        change(items, i)
    print(out, items)


def grow(items, i):
    items.append(i * 10)


def shrink(items, i):
    if items:
        items.pop()


def wave(items, i):
    items[:] = [9] * (i % 3) + items[:2]


def empty_then_grow(items, i):
    items.clear() if i == 2 else items.append(i)


for make in (accumulate, lambda d: batched(d, 2), lambda d: chain(d, d), lambda d: chain.from_iterable([d, d]), pairwise,
             lambda d: islice(d, 1, None, 2), lambda d: zip_longest(d, d), lambda d: zip_longest(d, [1], d),
             lambda d: compress(d, d), lambda d: dropwhile(lambda x: x < 2, d), lambda d: takewhile(bool, d),
             lambda d: filterfalse(lambda x: x == 3, d), lambda d: (k for k, g in groupby(d)), lambda d: tee(d)[1],
             lambda d: starmap(lambda *a: a, zip(d, d))):
    for change in (grow, shrink, wave, empty_then_grow):
        changed(make, change)


# An iterator that is asked again while it runs.
class Again:
    def __init__(self, items):
        self.items = iter(items)
        self.outer = None
        self.depth = 0

    def __iter__(self):
        return self

    def __next__(self):
        item = next(self.items)
        if self.outer is not None and self.depth < 2:
            self.depth += 1
            try:
                return (item, next(self.outer, "none"))
            except Exception as error:
                return (item, type(error).__name__)
            finally:
                self.depth -= 1
        return item


for make in (pairwise, lambda d: batched(d, 2), lambda d: chain(d, [7]), lambda d: chain.from_iterable(d),
             lambda d: islice(d, 1, 6, 2), lambda d: zip_longest(d, [1, 2]), lambda d: tee(d)[0],
             lambda d: accumulate(d, lambda a, b: (a, b)), lambda d: compress(d, [1, 0, 1, 1])):
    again = Again([[1], [2], [3], [4], [5]])
    iterator = make(again)
    again.outer = iterator
    out = []
    try:
        for item in iterator:
            out.append(item)
    except Exception as error:
        out.append(f"{type(error).__name__}: {error}")
    print(out)


# Items that end the walk when they go.
class Bomb:
    def __del__(self):
        for _ in outer:
            pass


bombs = [Bomb() for _ in range(3)]
outer = islice(bombs, 2, None)
del bombs
print(len(list(outer)))
outer = chain([Bomb()], [1, 2, 3])
next(outer)
print(list(outer))


class Add(int):
    def __add__(self, other):
        data.append(1) if len(data) < 12 else data.clear()
        return Add(int(self) + int(other))

    __radd__ = __add__


data = [1, 2, Add(3), 4, 5, 6.5, 7]
print(sum(data), data)
data = [1, 2, Add(3), 4, 5]
print(list(accumulate(data)), data)

# Sums: kinds that change on the way, at the limits of small numbers.
pool = [0, 1, -1, True, False, 2**61, -2**61, 2**62, 2**63, -2**63, 2**100, 1.5, -0.0, 1e308, 1e-300, float("inf"), 1j, 2 + 3j]
for _ in range(200):
    items = rng.choices(pool[:rng.choice([5, 11, 16, 18])], k=rng.randrange(6))
    start = rng.choice(pool)
    print([repr(sum(c, start)) for c in (items, tuple(items), iter(items))], repr(sum(items)))
for arguments in ((0,), (5,), (3, 9), (9, 3), (0, 20, 3), (20, 0, -3), (2**61 - 2, 2**61 + 3), (-2**61 - 3, -2**61 + 3),
                  (2**63 - 2, 2**63 + 2), (2**70, 2**70 + 4), (0, 2**61, 2**60), (0, 2**62, 2**61 - 1)):
    print(arguments, sum(range(*arguments)), sum(range(*arguments), 1.5), list(range(*arguments)))
for bad in (["a"], [1, "a"], [1.5, "a"], [1j, None], (1, [])):
    try:
        print(sum(bad))
    except TypeError as error:
        print(error)
print(sum([[1], [2]], []), sum(((1,), (2,)), ()), any([0, "", [], 0.0, None]), all([1, "a", [0], 0.5]), any(()), all(()))
