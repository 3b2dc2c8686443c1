# Dicts whose keys change from plain strings to other kinds and back, copies, deletions, iteration and reuse of pairs.
class Text(str):
    def __eq__(self, other):
        return str.__eq__(self, other)

    def __hash__(self):
        return str.__hash__(self)


class Odd:
    def __init__(self, n):
        self.n = n

    def __hash__(self):
        return hash("key3")

    def __eq__(self, other):
        return other == "key3" or isinstance(other, Odd) and other.n == self.n


d = {f"key{i}": i for i in range(12)}
print(d[Text("key3")], Text("nothing") in d, d[Odd(1)], Odd(2) in d)
d[Odd(5)] = "odd"
print(len(d), d["key3"])
d[3] = "three"
d[3.0] = "still three"
d[(1, 2)] = "pair"
d[Text("new")] = "text"
print(len(d), d[3], d[(1, 2)], d["new"], list(d)[-4:-2])
copy = dict(d)
for i in range(0, 12, 2):
    del d[f"key{i}"]
print(len(d), len(copy), list(d.values()))
again = d.copy()
print(again == d, list(again) == list(d), {**d} == d, dict(d.items()) == d)
while len(d) > 2:
    d.popitem()
print(d)
d.clear()
d["fresh"] = 1
print(d, list(d.items()), list(reversed(d)))
for n in (0, 1, 5, 6, 86, 171, 172, 1000, 43691, 70000):
    big = {i: str(i) for i in range(n)}
    names = {str(i): i for i in range(n)}
    print(n, len(big), all(big[i] == str(i) for i in big), all(names[k] == v for k, v in names.items()), len(dict(names)))
kept = [pair for pair in {"a": 1, "b": 2}.items()]
loose = []
for pair in zip("abc", range(3)):
    if pair[1] != 1:
        loose.append(pair)
print(kept, loose, list(enumerate("xy")), [hash(p) == hash(tuple(p)) for p in zip("ab", "cd")])
it = iter({"a": 1})
shrinking = {i: i for i in range(3)}
try:
    for key in shrinking:
        del shrinking[key]
        shrinking[key + 10] = 0
except RuntimeError as error:
    print(error)
print(list({1: 2}), list({1: 2}.values()), [*{"q": 1}], list(range(5, 0, -2)), list(b"ab"), sorted({3, 1}), tuple({"z": 0}))
nest = {}
nest["self"] = nest
print(nest, hash((1, "a", 2.5)) == hash((1, "a", 2.5)), {(1, "a"): 1}[(1, "a")])
