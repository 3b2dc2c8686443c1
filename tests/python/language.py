# A walk through the language.
def fib(n, *, memo={}):
    if n not in memo:
        memo[n] = n if n < 2 else fib(n - 1) + fib(n - 2)
    return memo[n]


class Base:
    registry = []

    def __init_subclass__(cls, **kw):
        super().__init_subclass__()
        Base.registry.append(cls.__name__)

    @property
    def name(self):
        return type(self).__name__

    def __repr__(self):
        return f"<{self.name}>"


class Left(Base):
    pass


class Right(Left):
    __slots__ = ("value",)


def kind(x):
    match x:
        case 0 | 1:
            return "small"
        case int():
            return "int"
        case [first, *rest]:
            return f"list of {first} and {len(rest)}"
        case {"k": v, **others}:
            return f"map {v} {others}"
        case str() as s if s.isupper():
            return "shout"
        case _:
            return "other"


def generator():
    try:
        got = yield 1
        yield got * 2
    finally:
        print("closed")


print(fib(80), 2**100, -7 // 2, -7 % 3, 7.0 / 2, 1e16, 0.1 + 0.2, round(2.5), 10**20 // 3)
print(Base.registry, Left(), Right.__mro__[1].__name__)
print([kind(x) for x in (0, 5, [1, 2, 3], {"k": 1, "z": 2}, "ABC", "abc", None)])
g = generator()
print(next(g), g.send(21))
g.close()
print({k: v for k, v in zip("abc", range(3))}, {1, 2} | {3}, (lambda *a, **k: (a, k))(1, b=2))
print(f"{3.14159:.2f} {'x':>5} {255:#x} {1234567:,} {True!r}", "%5.1f|%-4s|%03d" % (2.25, "ab", 7))
try:
    try:
        {}["missing"]
    except KeyError as e:
        raise ValueError("wrapped") from e
except ValueError as e:
    print(repr(e), repr(e.__cause__))
try:
    raise ExceptionGroup("g", [TypeError("t"), OSError("o")])
except* TypeError as eg:
    print("types", eg.exceptions)
except* OSError as eg:
    print("os", eg.exceptions)
a, *b, c = "hello"
print(a, b, c, b[::-1], sorted("banana", key=lambda ch: -ord(ch)))
with open(__file__) as f:
    print(f.readline().strip())


def deep(n):
    return deep(n + 1)


try:
    deep(0)
except RecursionError as e:
    print(e)
try:
    None.missing
except AttributeError as e:
    print(e)
type Alias[T] = list[T]
print(Alias[int], "grüße"[2:4], "ß".upper(), b"a\xff", bytearray(b"xy"), memoryview(b"abc")[1])
