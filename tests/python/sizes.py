"""`sys.getsizeof` of the types whose size programs reason about."""

import array
import collections
import datetime
import fractions
import sys
import types


class Plain:
    pass


class Slotted:
    __slots__ = ("a", "b")


plain = Plain()
plain.x = 1
for value in (
    0, 1, -1, 2**30, 2**60, 2**1000, 1.5, 1j, True, None, ..., "", "abc", "x" * 100, "\u4f60\u597d", "\U0001f600", b"", b"abc", bytearray(),
    (), (1, 2, 3), [], [1, 2, 3], list(range(100)), [0] * 1000, {}, {"a": 1}, {"a": 1, "b": 2, "c": 3}, {i: i for i in range(100)},
    set(), {1, 2, 3}, set(range(100)), frozenset((1, 2)), range(10), slice(1, 2), plain, Slotted(), object(), plain.__init__,
    collections.deque(), array.array("i", [1, 2]), datetime.date(2020, 1, 1), datetime.timedelta(1), fractions.Fraction(1, 2),
    iter([]), iter(()), iter("a"), {}.keys(), types.CellType(1),
):
    print(type(value).__name__, sys.getsizeof(value))


class Whole(int):
    pass


for value in (0, 1 << 60, -(1 << 100)):
    print(Whole(value).__sizeof__(), sys.getsizeof(Whole(value)), Whole.__basicsize__, Whole.__itemsize__)
