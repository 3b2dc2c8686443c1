"""Ints around the borders of 64-bit words, and long ones: every operation, the answers as checksums."""

import math
import operator
import random
import sys
import zlib

r = random.Random(64)


class Own(int):
    pass


class WithDict(int):
    def __init__(self, *_):
        self.note = 1


def number():
    kind = r.randrange(9)
    value = (
        lambda: r.choice([0, 1, 2, 10, 255, 256]),
        lambda: (1 << (64 * r.randrange(1, 5))) + r.randrange(-3, 4),
        lambda: (1 << r.randrange(55, 70)) + r.randrange(-3, 4),
        lambda: r.getrandbits(r.randrange(1, 400)),
        lambda: r.getrandbits(r.randrange(60, 3000)),
        lambda: (1 << r.randrange(1, 9000)) - r.randrange(0, 2),
        lambda: r.getrandbits(r.randrange(7900, 8400)),
        lambda: ((1 << 64 * r.randrange(1, 10)) - 1) << r.randrange(0, 130),
        lambda: 10 ** r.randrange(0, 120) + r.randrange(-1, 2),
    )[kind]()
    if r.random() < 0.4:
        value = -value
    kind = r.randrange(30)
    return Own(value) if kind == 0 else WithDict(value) if kind == 1 else value


def shift():
    return r.choice([-1, 0, 1, 7, 63, 64, 65, 128, r.randrange(0, 300), r.randrange(0, 9000)])


def to_bytes(a, b):
    length = r.choice([(a.bit_length() + 7) // 8, a.bit_length() // 8 + 1, r.randrange(0, 20)])
    return a.to_bytes(length, r.choice(["little", "big"]), signed=r.random() < 0.6)


def from_bytes(a, b):
    data = r.randbytes(r.choice([r.randrange(0, 40), r.randrange(0, 1100)]))
    data = r.choice([data, bytes(len(data) // 2) + data, b"\xff" * (len(data) // 2) + data, b"\x80" + bytes(len(data))])
    return int.from_bytes(data, r.choice(["little", "big"]), signed=r.random() < 0.5)


def from_text(a, b):
    text = r.choice([str, str, hex, oct, bin])(a)
    before = r.choice(["", "", " ", "+", "\t", "0"])
    text = before + text + r.choice(["", "", "\n", "_", "_1", " 1", "g", "0"])
    return int(text, r.choice([0, 10, 10, 16, 8, 2, 36]))


def formatted(a, b):
    return format(a, r.choice(["d", "x", "X", "o", "b", ",", "_x", "40d", "+d", "#x", "<30x", "", "n", "e"]))


def percent(a, b):
    return r.choice(["%d", "%x", "%o", "%X", "%s", "%40d", "%+d", "%.50d", "%#x"]) % a


FAMILIES = {
    "add": [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: b - a, lambda a, b: a - a, operator.iadd],
    "multiply": [lambda a, b: a * b, lambda a, b: a * a, operator.mul, lambda a, b: a ** 2],
    "divide": [lambda a, b: a // b, lambda a, b: a % b, divmod, operator.truediv, lambda a, b: (a * b) // b, lambda a, b: (a * b + 5) % b],
    "bits": [lambda a, b: a & b, lambda a, b: a | b, lambda a, b: a ^ b, lambda a, b: ~a, lambda a, b: -a & b],
    "compare": [lambda a, b: a < b, lambda a, b: a <= b, lambda a, b: a == b, lambda a, b: a != b, lambda a, b: a >= b, lambda a, b: a == a + 1],
    "shift": [lambda a, b: a << shift(), lambda a, b: a >> shift(), lambda a, b: operator.rshift(a, shift())],
    "to_bytes": [to_bytes],
    "from_bytes": [from_bytes],
    "from_text": [from_text],
    "text": [lambda a, b: str(a), lambda a, b: hex(a), lambda a, b: oct(a), lambda a, b: bin(a), formatted, percent],
    "one": [
        lambda a, b: -a, lambda a, b: abs(a), lambda a, b: hash(a), lambda a, b: bool(a), lambda a, b: int(a), lambda a, b: float(a),
        lambda a, b: a.bit_length(), lambda a, b: a.bit_count(), lambda a, b: a.__sizeof__(), lambda a, b: round(a, -r.randrange(0, 30)),
        lambda a, b: type(+a), lambda a, b: Own(a) == a, lambda a, b: a < 1e30, lambda a, b: float(a) == a if abs(a) < 1 << 1000 else 0,
    ],
    "math": [lambda a, b: math.isqrt(a), lambda a, b: math.gcd(a, b), lambda a, b: math.factorial(abs(a) % 1000), lambda a, b: pow(a, 3, 10**30 + 7)],
    "sum": [lambda a, b: sum([a, b, 1]), lambda a, b: range(a, a + 5)[-1], lambda a, b: {a: 1}.get(int(a))],
}

for name, functions in FAMILIES.items():
    checksum = 0
    errors = set()
    for _ in range(400):
        try:
            result = r.choice(functions)(number(), number())
            text = hex(result) if isinstance(result, int) else repr(result)
        except (ValueError, ZeroDivisionError, OverflowError) as e:
            text = f"{type(e).__name__}: {e}"
            errors.add(text.split(":")[0])
        checksum = zlib.crc32(text.encode(), checksum)
    print(f"{name:12}{checksum:08x} {' '.join(sorted(errors))}")

# In place, and what stays an immediate.
x = 1 << 62
for step in range(5):
    x += x
    x -= 1
    x <<= 3
    x ^= 12345
    x //= 7
    print(x, x & 0xFFFF, x > 1 << 64, x - x)

x, y = 0, 1
for _ in range(1000):
    x, y = y, x + y
print(x, x % 10**9, x // 10**200)

print([(1 << bits).__sizeof__() for bits in (0, 29, 30, 59, 60, 61, 62, 63, 64, 127, 128, 8191, 8192)])
print([sys.getsizeof(-(1 << bits)) for bits in (0, 29, 30, 59, 60, 61, 62, 63, 64, 127, 128, 8191, 8192)])
print((1 << 64).to_bytes(9), (-(1 << 63)).to_bytes(8, signed=True), (-(1 << 127)).to_bytes(16, "little", signed=True))
for wrong in (lambda: (1 << 64).to_bytes(8), lambda: (-(1 << 63) - 1).to_bytes(8, signed=True), lambda: (1 << 70) << (1 << 70), lambda: (1 << 70) >> -(1 << 70),
              lambda: 1 << -1, lambda: (1 << 70) // 0, lambda: (1 << 70) % 0, lambda: divmod(1 << 70, 0), lambda: int("1" * 5000), lambda: str(10**5000), lambda: float(1 << 1024)):
    try:
        print(wrong())
    except Exception as e:
        print(type(e).__name__, e)
print(0 << (1 << 100), (1 << 70) >> (1 << 70), -(1 << 70) >> (1 << 70))

sys.set_int_max_str_digits(640)
for text in ("7" * 640, "7" * 641):
    try:
        print(len(str(int(text))))
    except ValueError as e:
        print(e)
try:
    print(str(10**640))
except ValueError as e:
    print(e)
try:
    print(f"{10**640:d} %d" % 10**640)
except ValueError as e:
    print(e)
