"""sum() over arrays and their iterators, and tuple(x): what a short way of them must not change."""
from array import array
import random


def show(make):
    try:
        made = make()
        print(type(made).__name__, repr(made))
    except Exception as error:
        print(type(error).__name__, error)


limits = {"b": 8, "h": 16, "i": 32, "l": 64, "q": 64}
random.seed(7)
for code, bits in limits.items():
    low, high = -(1 << bits - 1), (1 << bits - 1) - 1
    for wide, least, most in ((code, low, high), (code.upper(), 0, (1 << bits) - 1)):
        items = [least, most, 0, 1] + [random.randint(least, most) for _ in range(40)]
        for start in (0, 5, -7, True, 1.5, 2 + 1j, 1 << 70, most):
            assert sum(array(wide, items), start) == sum(items, start), (wide, start)
        show(lambda: sum(array(wide, items)))
        show(lambda: sum(array(wide, items), 0.5))
        show(lambda: sum(array(wide)))

nan, inf = float("nan"), float("inf")
for items in (
    [], [0.0], [-0.0], [1.5] * 10, [0.1] * 10, [1e308, 1e308, -1e308], [1e100, 1.0, -1e100], [inf, 1.0], [inf, -inf],
    [nan, 1.0], [5e-324, 1e-310, 2.5], [1e-300, 1e300, -1e300], [0.0, -0.0, 1e200, 3.25],
):
    for code in "df":
        for start in (0, -0.0, 0.25, 1, 1j):
            show(lambda: sum(array(code, items), start))
    assert repr(sum(array("d", items))) == repr(sum(items))

show(lambda: sum(array("w", "ab")))
show(lambda: sum(array("w", "ab"), ""))
show(lambda: sum(array("w")))
show(lambda: sum(array("d", [1.0]), "x"))
show(lambda: sum(array("i", [1, 2]), [3]))

# An iterator that has been used, that is asked again after the end, and an array that grows and shrinks.
walk = iter(array("d", [1.0, 2.0, 4.0]))
print(next(walk), sum(walk), sum(walk), list(walk))
numbers = array("i", [1, 2, 3])
walk = iter(numbers)
print(next(walk), sum(walk))
numbers.append(9)
print(list(walk), sum(walk))
walk = iter(numbers)
next(walk), next(walk), next(walk)
del numbers[1:]
print(sum(walk), list(walk))


class Adder:
    """Changes the array while it is summed."""

    def __radd__(self, other):
        return self

    def __add__(self, item):
        if len(numbers) < 6:
            numbers.append(item + 1)
        self.seen = getattr(self, "seen", []) + [item]
        return self


print(sum(numbers, Adder()).seen, numbers)


class Sub(array):
    def __iter__(self):
        return iter([100, 200])


print(sum(Sub("i", [1, 2])), sum(iter(Sub("i", [1]))))


# tuple(x)
class Tuples(tuple):
    pass


class Lists(list):
    def __iter__(self):
        return iter("own")


class Bad:
    def __iter__(self):
        yield 1
        raise KeyError("mid")


given = (1, 2)
print(tuple(given) is given, tuple() is tuple([]), tuple(Tuples(given)) is given, tuple(Tuples(given)))
print(tuple([1, "a", None]), tuple(Lists([1])), tuple("xyz"), tuple(range(4)), tuple({1: 2}), tuple(i * i for i in range(3)))
print(Tuples([1, 2]), type(Tuples([1])).__name__, type(Tuples()).__name__)
items = [[], {}]
made = tuple(items)
print(made[0] is items[0], made[1] is items[1], len(made))
for call in (lambda: tuple(5), lambda: tuple(1, 2), lambda: tuple(iterable=[1]), lambda: tuple([1], x=2), lambda: tuple(Bad()), lambda: tuple(None)):
    show(call)
print(tuple.__new__(tuple, [1, 2]), tuple.__call__([3]))
