# Numbers as text and back: formats, reprs, digits of every base, what int() and float() refuse.
import math

floats = [0.0, -0.0, 1.0, 0.1, 1e16, 9999999999999998.0, 1e-5, 0.0001, 123456.789, 696.0, 2.0**-44, 5e-324, 1.7976931348623157e308,
          -2.5, 1e22, 1e23, float("inf"), float("-inf"), float("nan")]
specs = ["", "g", "e", "f", ".3", "#.3", ".0", ".0e", "#.0f", "010.3f", "+,.2f", "_.4f", ".1%", ">15.3e", "^20", "z.1f", "G", "#g", ".17g", "=+12.1f"]
for f in floats:
    print(repr(f), [format(f, s) for s in specs], ["%g" % f, "%#g" % f, "%+.3e" % f, "%010.2f" % f, "% .0f" % f, "%E" % f])
ints = [0, 7, -1, 255, -4096, 10**18, 10**19, -(2**63), 2**64, 3**90]
for i in ints:
    print(i, [format(i, s) for s in ["x", "#X", "b", "#o", "08d", "+d", ",", "_x", "020,", "^12", "=+9", ".2f"]],
          ["%5d|%-5d|%05d" % (i, i, i), "%#x %o %+d %.5d" % (i, i, i, i)], hex(i), hash(i), float(i))
    print(int(str(i)) == i, int(hex(i), 16) == i, int(oct(i), 8) == i, int.from_bytes(i.to_bytes(20, "little", signed=True), "little", signed=True) == i)
for text in ["1_000", " 12 ", "0x1f", "00", "0_0", "1__0", "_1", "1_", "\u0663\u0664", " \x1f7", "\u3000\x1c8", "", "-", "+5", "9" * 19, "1e5", ".5", "5.", "1e400", "-inf", "infinity", "1_.0"]:
    for read in (int, float, lambda s: int(s, 0), lambda s: int(s, 16)):
        try:
            print(repr(read(text)), end=" ")
        except ValueError as error:
            print(error, end=" ")
    print()
for b, e, m in [(3, 5, 7), (-3, 5, 7), (3, 5, -7), (0, 0, 1), (2, 10**9, 10**9 + 7), (10**17, 12345, 10**17 + 3)]:
    print(pow(b, e, m), end=" ")
print()
for n, size in [(127, 1), (128, 1), (-128, 1), (-129, 1), (255, 1), (256, 1), (0, 0), (-1, 0), (2**62, 8)]:
    for signed in (False, True):
        try:
            print(n.to_bytes(size, "big", signed=signed), end=" ")
        except OverflowError as error:
            print(error, end=" ")
print()
print([math.gcd(a, b) for a, b in [(0, 0), (12, -18), (2**200, 6**80), (3**150, 3**77 * 2**90), (10**40 + 1, 10**39 + 7)]])
big = int("123456789" * 300)
print(big % 10**9, hash(big), int(hex(big), 16) == big, math.gcd(big * 77, big * 91) == big * 7)
