"""Decimal arithmetic on random operands in contexts of all roundings: results and flags, as digests and samples."""
import hashlib
import pickle
import random
from decimal import *
import decimal

random.seed(20)


def operand():
    if random.random() < 0.04:
        return Decimal(random.choice(["nan", "snan", "inf", "-inf", "nan123", "-snan7"]))
    size = random.choice([1, 2, 3, 5, 9, 17, 18, 19, 28, 36, 37, 50])
    digits = "".join(random.choice("0123456789") for _ in range(random.randint(1, size)))
    if random.random() < 0.1:
        digits = random.choice(["0", "1", "5", "10", "100", "2", "4", "99999", "50000", "1000000"])
    exponent = random.choice([0, 0, 0, -1, -2, 1, 2, -5, 5, -20, 20, random.randint(-60, 60)])
    return Decimal("%s%se%d" % (random.choice(["", "-"]), digits, exponent))


CONTEXTS = [
    Context(prec=prec, rounding=getattr(decimal, rounding), Emin=emin, Emax=emax, clamp=clamp, traps=[])
    for rounding in ["ROUND_UP", "ROUND_DOWN", "ROUND_CEILING", "ROUND_FLOOR",
                     "ROUND_HALF_UP", "ROUND_HALF_DOWN", "ROUND_HALF_EVEN", "ROUND_05UP"]
    for prec, emin, emax, clamp in [(1, -5, 5, 0), (3, -10, 10, 0), (9, -999, 999, 0),
                                    (28, -999999, 999999, 0), (7, -20, 20, 1), (40, -30, 60, 1)]
]
ONE = """abs ln log10 logb minus plus next_minus next_plus normalize sqrt to_integral_value to_integral_exact number_class
to_eng_string to_sci_string logical_invert is_normal is_subnormal create_decimal""".split()
TWO = """add subtract multiply divide divide_int remainder remainder_near compare compare_signal compare_total max max_mag min
min_mag next_toward quantize scaleb same_quantum divmod copy_sign""".split()


def shown(context, name, *args):
    context.clear_flags()
    result = getattr(context, name)(*args)
    flags = [signal.__name__ for signal, is_set in context.flags.items() if is_set]
    return f"{context.prec} {context.rounding} {name} {' '.join(map(str, args))} -> {result} {flags}"


for name in ONE + TWO:
    lines = [shown(random.choice(CONTEXTS), name, *[operand() for _ in range(1 if name in ONE else 2)]) for _ in range(150)]
    print(name, hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], lines[0])
for name in "rotate", "shift", "power":
    lines = [shown(random.choice(CONTEXTS), name, operand(), Decimal(random.randint(-12, 12))) for _ in range(150)]
    print(name, hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], lines[0])
lines = [shown(random.choice(CONTEXTS), "fma", operand(), operand(), operand()) for _ in range(300)]
print("fma", hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16], lines[0])

with localcontext(prec=100):
    print(Decimal(2).sqrt(), Decimal(1).exp(), Decimal(2).ln(), Decimal(2).log10(), Decimal(2) ** Decimal("0.3"), sep="\n")
    print(Decimal("1e-30").exp(), Decimal("1." + "0" * 40 + "1").ln(), Decimal(10) ** -7, Decimal(4) ** Decimal("0.5"))
with localcontext(prec=20000):
    # Long operands take other ways through multiplication and division.
    a, b = Decimal(3) ** 30000, Decimal(7) ** 12000
    for value in (a * b, a / b, a // b, a % b, a.sqrt(), (a * b) / a - b, a * a / a == a):
        print(hashlib.sha256(str(value).encode()).hexdigest()[:16], end=" ")
    print(int(a) == 3 ** 30000 if a == a.to_integral_value() and a.as_tuple().exponent == 0 else "rounded")
    print(Decimal(3 ** 20000) == 3 ** 20000, hash(Decimal(3 ** 20000)) == hash(3 ** 20000))

for spec in ["", "f", ".2f", "10.3e", "+g", "%", ",.1f", "_", "020,.2f", "*^20", "z.1f", "#.0f", ".3_f", "nope", "=+12.1%"]:
    for text in ["1234.567", "-0.04", "1e50", "nan", "-inf", "0e5"]:
        try:
            print(repr(format(Decimal(text), spec)), end=" ")
        except ValueError as error:
            print(error, end=" ")
    print()
for code in ["Decimal('x')", "Decimal((1, 2))", "Decimal(1) / 0", "Decimal(0) / 0", "Decimal(1) + 1.5", "Decimal(-1).sqrt()",
             "int(Decimal('inf'))", "Context(prec=0)", "Context(rounding='x')", "Decimal(1) < Decimal('nan')",
             "Decimal(1).exp(1, 2)", "localcontext(foo=1)", "Context().flags", "getcontext().flags[1]",
             "hash(Decimal('snan'))", "Context(prec=10**18 - 1).divide(1, 3)"]:
    try:
        print(code, eval(code))
    except Exception as error:
        print(code, type(error).__name__, error)
for value in [Decimal("-1.50"), Decimal("snan12"), Context(prec=5, flags=[Inexact], traps=[Overflow])]:
    copy = pickle.loads(pickle.dumps(value))
    print(repr(value), repr(copy))
print(sum(map(Decimal, range(100))), max(Decimal(1), 2, 1.5), round(Decimal("2.675"), 2), divmod(Decimal(-7), 2))
print(Decimal("0.1") == 0.1, Decimal("0.5") == 0.5, Decimal("-3.25").as_integer_ratio(), Decimal.from_float(0.1))
