"""Patterns made by chance, each on some texts: what `re` finds."""
import hashlib
import random
import re
import warnings

warnings.simplefilter("ignore")
r = random.Random(7)


def atom(depth):
    kind = r.randrange(14 if depth else 9)
    if kind == 0:
        return r.choice([".", r"\w", r"\d", r"\s", r"\W", "[ab]", "[^a]", "[a-c]", "[^b\u4f60]", "[\u4f60-\u5fff]"])
    if kind < 5:
        return r.choice("abcAB1 \n\u4f60\xe9")
    if kind == 5:
        return r.choice(["^", "$", r"\b", r"\B", r"\A", r"\Z"])
    if kind == 6:
        return r.choice([r"\1", r"\2", "ab", ""])
    if kind < 9:
        return r.choice("ab") + r.choice(["*", "+", "?", "*?", "+?", "??", "*+", "{2}", "{1,3}", "{0,2}?", "++"])
    if kind == 10:
        return "(?:" + choice(depth - 1) + ")"
    if kind == 11:
        return r.choice(["(?=", "(?!", "(?>", "(?<=", "(?<!"]) + choice(depth - 1) + ")"
    if kind == 12:
        return "(?(1)" + row(depth - 1) + "|" + row(depth - 1) + ")"
    return "(" + choice(depth - 1) + ")"


def row(depth):
    return "".join(atom(depth) for _ in range(r.randrange(1, 4)))


def choice(depth):
    return "|".join(row(depth) for _ in range(r.choice([1, 1, 1, 2, 3])))


def text():
    kind = r.choice(["ab", "abcAB1 \n", "ab\xe9\xc91 ", "ab\u4f601\n", "ab\U0001f600\u4f60 1"])
    return "".join(r.choice(kind) for _ in range(r.randrange(0, 12)))


def whole(match):
    return match and (match.regs, match.lastindex)


for i in range(1500):
    pattern, flags = choice(3), r.choice([0, 0, 0, re.I, re.M, re.S, re.A, re.A | re.I])
    try:
        compiled = re.compile(pattern, flags)
    except re.error:
        continue
    results = []
    for _ in range(4):
        t, pos, end = text(), r.randrange(0, 4), r.choice([99, 99, 5])
        results += [whole(f(t, pos, end)) for f in (compiled.search, compiled.match, compiled.fullmatch)]
        results += [[whole(m) for m in compiled.finditer(t)], compiled.findall(t), compiled.split(t), compiled.sub("<>", t)]
    print(ascii(pattern), int(flags), hashlib.sha256(repr(results).encode()).hexdigest()[:12])
