"""dict, set, frozenset, views, Counter, defaultdict, OrderedDict."""
S = (10, 1000, 100000)
B = (10, 1000, 1000000)
KEYS = {"str": "k = ['key%d' % i for i in range(n)]", "int": "k = [i * 7 for i in range(n)]",
        "tuple": "k = [(i, 'a') for i in range(n)]", "float": "k = [i * 1.1 for i in range(n)]"}
FRESH = {"str": "j = ['key%d' % i for i in range(n)]", "int": "j = [i * 7 for i in range(n)]",
         "tuple": "j = [(i, 'a') for i in range(n)]", "float": "j = [i * 1.1 for i in range(n)]"}
MADE = "; d = {x: x for x in k}; s = set(k)"
CASES = []
for kind, keys in KEYS.items():
    both = keys + "; " + FRESH[kind] + MADE
    CASES += [
        (f"dict.insert_{kind}", B, keys, "d = {}\nfor x in k: d[x] = 1"),
        (f"dict.lookup_{kind}", B, both, "for x in k: d[x]"),
        (f"dict.lookup_equal_{kind}", S, both, "for x in j: d[x]"),
        (f"dict.missing_{kind}", S, both + "; e = dict.fromkeys(k[:n // 2]); j = k[n // 2:]", "for x in j: x in e"),
        (f"set.add_{kind}", S, keys, "s = set()\nfor x in k: s.add(x)"),
        (f"set.in_{kind}", S, both, "for x in j: x in s"),
        (f"set.of_{kind}", B, keys, "set(k)"),
    ]
for kind in ("str", "int"):
    made = KEYS[kind] + MADE
    CASES += [
        (f"dict.iterate_{kind}", B, made, "for x in d: pass"),
        (f"dict.items_{kind}", S, made, "for x, y in d.items(): pass"),
        (f"dict.values_{kind}", S, made, "for x in d.values(): pass"),
        (f"dict.list_{kind}", S, made, "list(d)"),
        (f"dict.list_items_{kind}", S, made, "list(d.items())"),
        (f"dict.copy_{kind}", B, made, "d.copy()"),
        (f"dict.of_dict_{kind}", S, made, "dict(d)"),
        (f"dict.comprehension_{kind}", S, made, "{x: 1 for x in k}"),
        (f"dict.fromkeys_{kind}", S, made, "dict.fromkeys(k)"),
        (f"dict.of_zip_{kind}", S, made, "dict(zip(k, k))"),
        (f"dict.of_pairs_{kind}", S, made + "; p = list(d.items())", "dict(p)"),
        (f"dict.merge_{kind}", S, made + "; e = {x: 1 for x in k[n // 2:]}", "d | e"),
        (f"dict.update_{kind}", S, made, "e = {}\ne.update(d)"),
        (f"dict.star_{kind}", S, made, "{**d}"),
        (f"dict.equal_{kind}", S, made + "; e = dict(d)", "d == e"),
        (f"dict.pop_{kind}", S, made, "e = d.copy()\nfor x in k: e.pop(x)"),
        (f"dict.popitem_{kind}", S, made, "e = d.copy()\nfor x in k: e.popitem()"),
        (f"dict.del_{kind}", S, made, "e = d.copy()\nfor x in k: del e[x]"),
        (f"dict.queue_{kind}", S, made, "e = d.copy()\nfor x in k:\n    y = next(iter(e))\n    del e[y]\n    e[y] = 1"),
        (f"dict.get_{kind}", S, made, "for x in k: d.get(x)"),
        (f"dict.get_missing_{kind}", S, made, "for x in k: d.get(None, 1)"),
        (f"dict.setdefault_{kind}", S, made, "e = {}\nfor x in k: e.setdefault(x, 1)"),
        (f"dict.increment_{kind}", S, made + "; e = dict.fromkeys(k, 0)", "for x in k: e[x] += 1"),
        (f"dict.get_increment_{kind}", S, made, "e = {}\nfor x in k: e[x] = e.get(x, 0) + 1"),
        (f"dict.repr_{kind}", S, made, "repr(d)"),
        (f"set.iterate_{kind}", B, made, "for x in s: pass"),
        (f"set.copy_{kind}", B, made, "s.copy()"),
        (f"set.union_{kind}", S, made + "; t = set(k[n // 2:])", "s | t"),
        (f"set.intersection_{kind}", S, made + "; t = set(k[n // 2:])", "s & t"),
        (f"set.difference_{kind}", S, made + "; t = set(k[n // 2:])", "s - t"),
        (f"set.symmetric_{kind}", S, made + "; t = set(k[n // 2:])", "s ^ t"),
        (f"set.subset_{kind}", S, made + "; t = set(k[n // 2:])", "t <= s"),
        (f"set.update_{kind}", S, made, "t = set()\nt.update(k)"),
        (f"set.discard_{kind}", S, made, "t = set(s)\nfor x in k: t.discard(x)"),
        (f"set.pop_{kind}", S, made, "t = set(s)\nwhile t: t.pop()"),
        (f"set.equal_{kind}", S, made + "; t = set(k)", "s == t"),
        (f"set.frozen_hash_{kind}", S, made, "hash(frozenset(s))"),
        (f"set.sorted_{kind}", S, made, "sorted(s)"),
        (f"set.comprehension_{kind}", S, made, "{x for x in k}"),
        (f"Counter.of_{kind}", S, made + "; from collections import Counter", "Counter(k)"),
        (f"Counter.add_{kind}", S, made + "; from collections import Counter", "c = Counter()\nfor x in k: c[x] += 1"),
        (f"defaultdict.int_{kind}", S, made + "; from collections import defaultdict", "e = defaultdict(int)\nfor x in k: e[x] += 1"),
        (f"defaultdict.list_{kind}", S, made + "; from collections import defaultdict", "e = defaultdict(list)\nfor x in k: e[x].append(1)"),
        (f"OrderedDict.insert_{kind}", S, made + "; from collections import OrderedDict", "e = OrderedDict()\nfor x in k: e[x] = 1"),
        (f"OrderedDict.move_{kind}", S, made + "; from collections import OrderedDict; e = OrderedDict(d)", "for x in k: e.move_to_end(x)"),
        (f"OrderedDict.iterate_{kind}", S, made + "; from collections import OrderedDict; e = OrderedDict(d)", "for x in e: pass"),
    ]
CASES += [
    ("dict.display", (1,), "", "{'a': 1, 'b': 2, 'c': 3}"),
    ("dict.keys_and", S, KEYS["str"] + MADE + "; e = dict.fromkeys(k[::2])", "d.keys() & e.keys()"),
    ("dict.nested", S, KEYS["str"], "{x: {'a': 1} for x in k}"),
    ("dict.kwargs", S, "def f(**kw): return kw\nd = range(n)", "for _ in d: f(a=1, b=2)"),
    ("dict.clear", S, KEYS["str"] + MADE, "e = d.copy()\ne.clear()"),
    ("dict.most_common", S, "from collections import Counter; c = Counter(i % 97 for i in range(n))", "c.most_common(5)"),
    ("dict.object_keys", S, "class K: pass\nk = [K() for _ in range(n)]", "d = {}\nfor x in k: d[x] = 1"),
    ("dict.hash_user", (10, 1000, 10000), "class K:\n    def __init__(self, x): self.x = x\n    def __hash__(self): return self.x\n    def __eq__(self, o): return self.x == o.x\nk = [K(i) for i in range(n)]; j = [K(i) for i in range(n)]; d = dict.fromkeys(k)", "for x in j: d[x]"),
    ("dict.colliding_ints", S, "k = [i << 20 for i in range(n)]", "d = {}\nfor x in k: d[x] = 1"),
    ("set.colliding_ints", S, "k = [i << 20 for i in range(n)]", "set(k)"),
    ("set.big_ints", S, "k = [i << 80 for i in range(n)]", "set(k)"),
    ("set.frozen_in", S, "s = {frozenset((i, i + 1)) for i in range(n)}; f = frozenset((1, 2))", "f in s"),
]
