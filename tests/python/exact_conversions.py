"""Texts that become numbers, bytes and dates, and small corners of numbers: results and errors."""

import cmath
import codecs
import datetime
import decimal


def shown(function, *args):
    try:
        return ascii(function(*args))
    except Exception as error:
        return ascii(f"{type(error).__name__}: {error}")


for text in ("1_0", "_1", "1_", "1_0j", "1__0j", "1_x", "a_b", "1_0+2_0j", "1_+2j", "  1__0 ", "1_é", "\u0661_\u0662", "1_\x00", ""):
    print(ascii(text), shown(complex, text), shown(float, text), shown(int, text))
print([shown(float.fromhex, text) for text in ("\ud800", "1\ud800", "é", "0x1.8p1")])
for text in ("Zé", "12Zé", "1 é", "é", "12é", "12 3é 4", "12Z", "1"):
    print(ascii(text), shown(bytes.fromhex, text), shown(bytearray.fromhex, text))
print(shown(bytes.fromhex, b"Z\xe9"), shown(bytes.fromhex, b"1\xe9"))
print([shown(make) for make in (lambda: b"".decode("no such"), lambda: str(b"", "no such"), lambda: str(memoryview(b""), "a", "b"),
                                lambda: bytearray().decode("x"), lambda: "".encode("no such"), lambda: b"".decode("idna", "x"))])

for encoding in ("utf-16-le", "utf-16", "utf-32", "utf-8", "latin-1", "ascii"):
    for errors in ("strict", "surrogateescape", "replace", "backslashreplace", "surrogatepass"):
        print(encoding, errors, shown("a\ud800\ud801b\udc80\udc81".encode, encoding, errors), shown("\udc80\ud800\udfff".encode, encoding, errors))
ranges = []
codecs.register_error("noted", lambda error: (ranges.append((error.start, error.end)), ("?", error.end))[1])
for encoding in ("utf-16-le", "utf-32", "utf-8", "ascii", "latin-1", "cp1252"):
    ranges.clear()
    print(encoding, shown("a\ud800\ud801b\udc80\udc81é日日".encode, encoding, "noted"), ranges)

for text in ("75650418T1", "7565041800", "2020W01123", "2020W0112x", "2020-W0112", "2020W01-12", "20200102ab", "2020-0102x", "2020-01-0"):
    print(text, shown(datetime.date.fromisoformat, text), shown(datetime.datetime.fromisoformat, text))

infinity = float("inf")
for z in (complex(5e-238, infinity), complex(infinity, 1), complex(-infinity, -infinity), complex(1e200, 1e200), complex(0, 0)):
    print(z, [shown(pow, z, by) for by in (0, 1, 2, 3, 0.5, 1j, -1, -2, 100, 101)])
print([shown(cmath.phase, z) for z in (complex(1e300, -1e-300), complex(1, 1e-310), complex(1e10, 5e-324), complex(1, 0.0))])
print(cmath.sqrt(complex(-1e-323, 0)), cmath.sqrt(complex(1e-320, -5e-324)))

for rounding in ("HALF_EVEN", "DOWN", "UP", "CEILING", "FLOOR", "05UP", "HALF_UP", "HALF_DOWN"):
    for precision in (1, 3, 9):
        context = decimal.Context(prec=precision, rounding=f"ROUND_{rounding}")
        large, small = decimal.Decimal("1500468628"), decimal.Decimal("7.4489347106E-10")
        print(rounding, precision, context.power(large, small), context.power(large, -small), context.power(1 / large, small))
