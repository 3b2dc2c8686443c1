"""Regular expressions: repeats of groups in all forms, and what random patterns find in random texts."""

import hashlib, random, re, warnings
warnings.simplefilter("ignore")
R = random.Random(2026)
ALPHA = "abcAB01_ \n-é"
def cls():
    s = "[" + ("^" if R.random() < .25 else "")
    for _ in range(R.randint(1, 3)):
        s += R.choice(["a", "b", "a-c", "0-9", r"\w", r"\d", r"\s", "A-B", "_", "é", r"\W", r"\D", r"\n", "à-ü"])
    return s + "]"
def atom(d, names):
    r = R.random()
    if r < .38: return R.choice(["a", "b", "c", "ab", "abc", "A", "0", "1", "_", " ", "é", r"\n", "-"])
    if r < .50: return cls()
    if r < .60: return R.choice([".", r"\w", r"\d", r"\s", r"\W", r"\D", r"\S"])
    if r < .68: return R.choice(["^", "$", r"\b", r"\B", r"\A", r"\Z"])
    if d <= 0: return "a"
    if r < .82: names.append(1); return "(" + alt(d - 1, names) + ")"
    if r < .88: return "(?:" + alt(d - 1, names) + ")"
    if r < .91: return R.choice(["(?=", "(?!"]) + alt(d - 1, names) + ")"
    if r < .93: return R.choice(["(?<=", "(?<!"]) + R.choice(["a", "ab", "[ab]", r"\w", "^", r"\b", "a|b"]) + ")"
    if r < .95 and names: return "\\" + str(R.randint(1, len(names)))
    if r < .96 and names: return "(?(%d)%s|%s)" % (R.randint(1, len(names)), seq(d - 1, names), seq(d - 1, names))
    if r < .98: return "(?>" + alt(d - 1, names) + ")"
    return R.choice(["(?i:", "(?s:", "(?m:", "(?-i:", "(?a:"]) + alt(d - 1, names) + ")"
def rep(d, names):
    a = atom(d, names)
    if R.random() < .4:
        a += R.choice(["*", "+", "?", "{2}", "{1,2}", "{,2}", "{2,}", "*?", "+?", "??", "{1,2}?", "*+", "++", "?+", "{0,3}"])
    return a
def seq(d, names): return "".join(rep(d, names) for _ in range(R.randint(1, 4)))
def alt(d, names): return "|".join(seq(d, names) for _ in range(R.choice([1, 1, 1, 2, 3])))
def text():
    return "".join(R.choice(ALPHA if R.random() < .6 else "ab") for _ in range(R.randint(0, 14)))
def show(m): return None if m is None else (m.span(), m.groups(), m.lastindex, [m.span(i) for i in range(1, (m.re.groups or 0) + 1)])
FORMS = [
    (r"(a|b)*", "abba"), (r"(?:(a)|b)*", "ab"), (r"(?:(a)|b)*?c", "abc"), (r"(a?)*", "aab"), (r"(a?)*?b", "aab"), (r"(a|){3}", "aa"),
    (r"(?:\b|a)+?c", "aac"), (r"(?:(?<![ab]){2})+?c", "c"), (r"((a)|(b))+", "ab"), (r"(?:a|(b))*+x", "abx"), (r"(?:ab)++b", "ababb"),
    (r"(?:(a)\1?)+", "aaa"), (r"(?:(x)?(?(1)y|z))+", "xyzxy"), (r"((?:ab){2,3}?)(ab)*", "abababab"), (r"(?=(?:a(b))+)\w+", "abab"),
    (r"(?:(?>a|ab)c)*", "acabc"), (r"(?:[^\d\D])*a", "a"), (r"(?:a*)*b", "aac"), (r"(?s:(.)\1)+$", "aabb\n"), (r"(?:(a)|(b)|(c))*?$", "cab"),
]
for pattern, subject in FORMS:
    found = re.search(pattern, subject)
    print(pattern, subject, found and (found.span(), found.groups(), found.lastindex), re.findall(pattern, subject))
print(re.match(rb"(?iL:[^a-z]+|x)*", b"1X-").span())

# What a thousand random patterns find, a digest for each fifty.
lines = []
for i in range(1000):
    p = alt(3, []); t = [text() for _ in range(3)]
    flags = R.choice([0, 0, 0, re.I, re.M, re.S, re.A, re.I | re.M])
    isb = R.random() < .2
    if isb:
        p = p.encode("latin-1"); t = [x.encode("latin-1") for x in t]
    out = []
    try:
        c = re.compile(p, flags)
    except Exception as e:
        lines.append(repr((p, type(e).__name__, str(e)))); continue
    for x in t:
        try:
            a, b = sorted((R.randint(0, 8), R.randint(0, 14)))
            out.append((show(c.search(x)), show(c.match(x)), show(c.fullmatch(x)), [show(m) for m in c.finditer(x)], c.findall(x),
              c.sub(b"<>" if isb else "<>", x), c.split(x), c.subn((lambda m: m.group()[::-1]), x, 2), show(c.search(x, a, b)), show(c.fullmatch(x, a)), c.split(x, 1)))
        except Exception as e: out.append((type(e).__name__, str(e)))
    lines.append(repr((p, flags, out)))
for start in range(0, len(lines), 50):
    print(start, hashlib.sha256("\n".join(lines[start:start + 50]).encode()).hexdigest()[:16])
