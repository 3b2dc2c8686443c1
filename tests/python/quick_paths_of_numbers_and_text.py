"""Texts of floats by precision, searches in short and wide texts, literals of bases that are powers of two, characters one by one."""
import random

numbers = [0.5, 1.5, 2.5, 0.125, 0.375, 1e22, 9.5, 99.5, 9.995, 0.05, 0.0005, 123456.789, 1e15, 2**53 - 1.0, 2.0**63, 2.0**64, 1e21,
           1e-5, 1e-10, 9.999999999999999e-11, 5e-324, 1e-30, 0.1, 1 / 3, 2 / 3, 999999.5, 9999995.0, 0.1 + 0.2, 1e16, 1.7976931348623157e308, 0.0, 1e-9,
           9.9999999999999995e-5, 1000000.0, 999999.9999999999, 4503599627370497.5]
for f in numbers:
    print(*(format(f, s) for s in (".0f", ".1f", ".2f", ".3f", ".10f", ".22f", ".25f", ".0e", ".1e", ".3e", ".6e", ".16e", ".17e", "g", ".1g", ".3g", ".12g", ".17g", "#.3g", "#.0f", ".4", "%")))
    print("%f %e %g %.3f %+.2e %010.2f" % (f, f, f, -f, f, f), round(f, 2), round(f, 5))
source = random.Random(12)
total = 0
for _ in range(3000):
    f = source.uniform(-1, 1) * 10 ** source.randint(-12, 24)
    p = source.randint(0, 18)
    for kind in "efg":
        text = format(f, f".{p}{kind}")
        total = (total * 31 + sum(map(ord, text)) * len(text)) % 1000003
print(total)
for k in range(-3, 12):
    for tail in range(0, 100, 5):
        f = int(f"1{tail:02d}") / 10 ** max(k, 0) * 10 ** max(-k, 0)
        total = (total * 31 + sum(map(ord, f"{f:.1f}{f:.2f}{f:.1e}{f:.2g}"))) % 1000003
print(total)

for text in ("abab" * 20 + "b", "x" * 63 + "ab", "\u4f60" * 40 + "\u597d" + "\u4f60" * 5 + "\u597d", "\U0001f600" * 33 + "a\U0001f601", "a" * 300 + "ab"):
    for part in ("b", "ab", "bb", "abb", "\u597d", "\u597d\u4f60", "\u4f60\u597d", "\U0001f601", "a\U0001f601", "q", text, text + "a"):
        print(text.find(part), text.rfind(part), text.count(part), len(text.split(part)), len(text.replace(part, "--")), part in text, end=" ")
    print()
for text, base in (("f" * 40, 16), ("1" * 70, 2), ("123" * 20, 4), ("dead_BEEF" * 8, 16), ("0x" + "Ab" * 30, 0), ("-" + "7" * 50, 16), ("0" * 50 + "1", 16), ("g" * 40, 16),
                   ("2" * 40, 2), ("f" * 40 + "_", 16), (" +" + "a1" * 30 + "\n", 16), ("\u0661" * 40, 16)):
    try:
        print(int(text, base))
    except ValueError as error:
        print(error)
print(list("h\xe9llo"), list("\u4f60a\U0001f600"), sorted(set("mississippi\u597d")), tuple("ab"), set("") == set(), {*"aa"}, dict.fromkeys("aba"))


class Text(str):
    def __iter__(self):
        return iter([1, 2])


print(list(Text("abc")), set(Text("abc")), tuple(Text("abc")))
