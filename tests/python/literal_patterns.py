"""Patterns that are plain text, and getters of items: the short ways give what the long ones do."""
import random
import re
from operator import itemgetter

R = random.Random(7)
shown = []
for literal in ("a", "ab", "aa", "b\xe9", "\u4f60", "a\U0001f600", "aab", "x" * 20, "."):
    pattern = re.compile(re.escape(literal))
    for letters in ("ab", "ab\xe9", "ab\u4f60", "a\U0001f600", "x", "a."):
        for n in (0, 1, 2, 5, 24, 60):
            text = "".join(R.choice(letters) for _ in range(n))
            spans, at = [], text.find(literal)
            while at >= 0:
                spans.append((at, at + len(literal)))
                at = text.find(literal, at + len(literal))
            assert [m.span() for m in pattern.finditer(text)] == spans, (literal, text)
            assert pattern.findall(text) == [literal] * len(spans)
            assert pattern.split(text) == text.split(literal)
            for new in ("", "-", "\u0416", literal, literal * 2):
                for count in (0, 1, 2, 100):
                    want = text.replace(literal, new, count or -1), min(len(spans), count or 1 << 60)
                    assert pattern.subn(new, text, count) == want
                    assert pattern.subn(lambda m: new, text, count) == want
            for start, end in ((0, n), (1, n), (0, n - 1), (2, 4), (n, n), (-3, n + 9)):
                clipped = min(max(start, 0), n), max(min(end, n), 0)
                found = pattern.search(text, start, end)
                at = text.find(literal, *clipped)
                assert (found.span()[0] if found else -1) == at, (literal, text, start, end)
                matched = pattern.match(text, start, end)
                assert bool(matched) == text.startswith(literal, *clipped)
                whole = pattern.fullmatch(text, start, end)
                assert bool(whole) == (text[clipped[0]:clipped[1]] == literal)
            shown.append(len(spans))
print(sum(shown), len(shown))
print(re.compile("a").sub("b", "banana", -1))
print(re.sub("n", "\\n", "banana"), re.sub("n", r"\g<0>\g<0>", "banana"), re.sub(b"a", b"b", b"banana"))
text = "banana"
print(re.sub("z", "y", text) is text, re.sub("a", "a", text) == text, re.subn("an", "", text), re.sub("banana", "", text) == "")


class Text(str):
    pass


for result in (re.sub("a", "o", Text("banana")), re.sub("z", "o", Text("banana")), re.sub("a", Text("o"), "banana")):
    print(type(result).__name__, result)
scanner = re.compile("an").scanner("bananan")
print([scanner.search().span() for _ in range(3)], scanner.search(), re.compile("an").scanner("an an").match().span())
print(re.match("ab", "abab").regs, re.match("ab", "abab").lastindex, re.search("(?i)A", "xa").span(), re.split("a", "a"))
for wrong in (1, b"a", None):
    try:
        re.sub("a", wrong, "banana")
    except TypeError as error:
        print(error)
print(re.sub("z", b"x", "banana"))


class Items(list):
    def __getitem__(self, key):
        return ("asked", key)


class Key:
    def __index__(self):
        return 1

    def __repr__(self):
        return "Key()"


for getter in (itemgetter(1), itemgetter(-1), itemgetter(0, 1), itemgetter(0, 1, 2), itemgetter(True), itemgetter(Key()), itemgetter(5),
               itemgetter(slice(0, 2)), itemgetter("a"), itemgetter(1 << 70)):
    for thing in ((1, 2, 3), [1, 2, 3], "abc", Items([1]), {1: "one", "a": 2, True: 3}, b"abc", range(3), 7):
        try:
            print(getter(thing), end=" ")
        except (TypeError, IndexError, KeyError) as error:
            print(f"{type(error).__name__}: {error}", end=" ")
    print()
for wrong in (lambda: itemgetter(1)(), lambda: itemgetter(1)((), ()), lambda: itemgetter(1)(obj=()), lambda: itemgetter()):
    try:
        wrong()
    except TypeError as error:
        print(error)
