"""`cmath` at zeros, infinities and NaNs: every function, every pair. Zeros have signs, NaNs have none."""

import cmath

inf, nan = float("inf"), float("nan")
VALUES = (0.0, -0.0, 1.0, -1.0, inf, -inf, nan)
EXACT = "sqrt exp log cos sin tan cosh sinh tanh acos asin atan acosh asinh atanh isfinite isnan isinf polar".split()


def shown(function, *args):
    try:
        return function(*args)
    except (ValueError, OverflowError) as error:
        return f"{type(error).__name__}: {error}"


def rounded(value):
    """The last digits are the C library's."""
    if isinstance(value, complex):
        return f"{value.real:.12g} {value.imag:.12g}"
    if isinstance(value, tuple):
        return " ".join(f"{part:.12g}" for part in value)
    return str(value)


for name in EXACT:
    for real in VALUES:
        print(name, real, [rounded(shown(getattr(cmath, name), complex(real, imag))) for imag in VALUES])
for r in VALUES:
    print("rect", r, [rounded(shown(cmath.rect, r, phi)) for phi in VALUES])
