"""The short ways of floats and small ints: plain formats, rounding, parsing, hexadecimal text, remainders, sums."""

import math
import random
import struct
import zlib

r = random.Random(53)
SPECIAL = [0.0, -0.0, 1.0, 0.5, 1e15, 1e16, 999999999999999.0, 1e22, 1e23, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan, 2.0**53, 2.0**61]


def number():
    return (
        lambda: r.choice(SPECIAL),
        lambda: r.random() * 1000,
        lambda: float(r.randrange(-(10**6), 10**6)),
        lambda: r.randrange(-(10**6), 10**6) / 8,
        lambda: struct.unpack("d", r.randbytes(8))[0],
        lambda: r.uniform(-1, 1) * 10 ** r.randrange(-20, 20),
        lambda: round(r.random() * 100, 2) + 0.005,
        lambda: r.randrange(-50, 50) + 0.5,
        lambda: r.randrange(1000) * 1.1,
    )[r.randrange(9)]()


def other():
    return r.choice([number(), number(), r.randrange(-10, 10), 2**53, 2**53 + 1, -(2**53) - 1, 2**61, 10**30, True])


SPECS = [".2f", "f", "g", "e", ".0f", ".0g", ".0e", ".10f", ".17g", ".30f", ".3", "n", "%", ".1%", "10.3f", "+.2f", "#.3g", ",.2f", ".99f", "G", "x", ".", ".f", ".123f", "d"]


def parsed(a):
    text = r.choice([repr(a), "%.2f" % a, "%.1f" % a, "%g" % a, "%.15f" % a])
    return float(r.choice(["", "", " ", "+", "-", "0"]) + text + r.choice(["", "", " ", "0", ".", "_", "e5", "x", "_0"]))


FAMILIES = {
    "format": [lambda a: format(a, r.choice(SPECS)), lambda a: "%.2f" % a, lambda a: "%g" % a],
    "int format": [lambda a: format(r.randrange(-(10**9), 10**9) >> r.randrange(40), r.choice(["d", "x", "o", "b", "X", "c", "5x", ",", "z"]))],
    "round": [lambda a: round(a), lambda a: round(a, 2), lambda a: round(a, r.randrange(0, 24)), lambda a: round(a, -r.randrange(0, 24))],
    "hex": [lambda a: a.hex(), lambda a: float.fromhex(a.hex()).hex()],
    "parse": [parsed],
    "repr": [repr, lambda a: repr(complex(a, number())), lambda a: repr(complex(0, a)), lambda a: repr(complex(-0.0, a))],
    "remainder": [lambda a: a % other(), lambda a: a // other(), lambda a: other() % a, lambda a: other() // a, lambda a: divmod(a, other())],
    "power": [lambda a: a ** other(), lambda a: r.randrange(-5, 5) ** r.randrange(0, 40), lambda a: 2 ** a],
    "compare": [lambda a: a < other(), lambda a: a == other(), lambda a: other() >= a, lambda a: other() != a, lambda a: a == int(a)],
    "complex": [lambda a: complex(a, 1) * complex(2, a), lambda a: complex(a, 1) - complex(2, a), lambda a: complex(a, 1) + other()],
    "fsum": [lambda a: math.fsum([a, r.random(), -a, number()]), lambda a: math.fsum([number() for _ in range(40)])],
}

for name, functions in FAMILIES.items():
    checksum = 0
    errors = set()
    for _ in range(500):
        try:
            # Powers are only as exact as the C library.
            result = r.choice(functions)(number())
            text = f"{result:.12g}" if name == "power" and isinstance(result, float) else repr(result)
        except (ValueError, ZeroDivisionError, OverflowError) as e:
            text = f"{type(e).__name__}: {e}"
            errors.add(text.split(":")[0])
        checksum = zlib.crc32(text.encode(), checksum)
    print(f"{name:12}{checksum:08x} {' '.join(sorted(errors))}")

for step in (2, 53, 54, 70):
    powers = [2.0**k for k in range(-1074, 1000, step)]
    print(math.fsum(powers).hex(), math.fsum(reversed(powers)).hex(), math.fsum(powers + [-x for x in powers]).hex())
for items in ([math.inf, -math.inf], [1e308] * 3, [math.nan], [1, "x"], [10**400], []):
    try:
        print(math.fsum(items))
    except Exception as e:
        print(type(e).__name__, e)
