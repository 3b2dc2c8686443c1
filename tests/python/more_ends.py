"""More ends: what sorting, replacing items, functions and classes in their teardown give up, and when."""
import gc
import sys


class N:
    def __init__(self, n):
        self.n = n

    def __del__(self):
        print("del", self.n)

    def __lt__(self, other):
        return self.n < other.n


print("keys of a sort")
sorted([1, 2, 3], key=lambda x: N("key%d" % x))
print("sorted")
l = [3, 1, 2]
l.sort(key=lambda x: N("key%d" % x))
print("key fails")
def failing(x):
    if x == 3:
        raise KeyError
    return N("key%d" % x)
try:
    sorted([1, 2, 3, 4], key=failing)
except KeyError:
    print("caught")
print("comparison fails")
class Bad(N):
    def __lt__(self, other):
        raise ValueError
try:
    sorted([1, 2, 3], key=lambda x: Bad("bad%d" % x))
except ValueError as e:
    print("caught")
print("after")
print("min")
min([2, 1, 3], key=lambda x: N("min%d" % x))
max([2, 1, 3], key=lambda x: N("max%d" % x))
print("setitem")
l = [N("old0"), N("old1")]
l[0] = print("value")
print("stored")
d = {1: N("oldv")}
d[1] = N("newv")
print("dict stored")
d[1] = None
class W:
    def __del__(self): print("W", d.get(1), len(l), type(l[-1]).__name__ if l else None)
d[1] = W(); d[1] = 5
d.update({1: W()}); d.update({1: 6})
d.setdefault(2, W()); d.pop(2); d |= {1: 3}
l[1] = W(); l[1] = 7
l[:] = [W(), 8]; l[:] = [9, 9]
l.clear()
print("slice assign")
l = [N("s%d" % i) for i in range(4)]
l[1:3] = [N("t")]
print("assigned")
l *= 0
print("emptied")
l = [N("r%d" % i) for i in range(3)]
l.reverse(); l.pop(0); l.remove(l[0]); del l
print("function")
def f(a=N("default"), *, k=N("kwdefault")) -> N("annotation"): return c
c = 1
f.attribute = N("attribute"); f.__doc__ = N("doc"); f.__annotations__["z"] = N("ann z")
del f
print("closure")
def outer():
    cell = N("cell")
    def inner(a=N("d2")): return cell
    inner.x = N("x"); inner.y = N("y")
    return inner
g = outer(); del g
def outer2():
    cell = N("cell2"); other = N("other")
    return lambda a=N("d3"): (cell, other)
g = outer2(); del g
print("bound")
class B(N):
    def m(self): pass
b = B("b").m; del b
print("property")
p = property(N("get"), N("set"), N("delete"), N("pdoc")); del p
import functools, itertools, collections
p = functools.partial(N, N("parg"), k=N("pk")); del p
class CC:
    def __init__(self): self.n = N("slotless")
    def __call__(self, *a): return 0
p = functools.partial(CC(), N("parg")); del p
z = zip([N("z1")], [N("z2")]); del z
m = map(CC(), [N("m1")]); del m
e = enumerate([N("e1")]); next(e); del e
c = itertools.chain([N("c1")], [N("c2")]); next(c); print("next"); del c
c = itertools.cycle([N("cy1"), N("cy2")]); next(c); del c
i = itertools.islice([N("i1"), N("i2")], 1); next(i); print("islice"); next(i, None); print("over"); del i
t1, t2 = itertools.tee([N("t1"), N("t2")]); next(t1); del t1; print("one tee"); del t2
d = collections.deque([N("d1"), N("d2"), N("d3")]); d.rotate(1); d.popleft(); d.clear()
d = collections.deque([N("dm%d" % i) for i in range(3)], 2); print("made"); d.append(N("dm9")); del d
o = collections.OrderedDict([(1, N("o1")), (2, N("o2"))]); o[2] = N("o2b"); del o
dd = collections.defaultdict(N, {1: N("dd")}); del dd
s = {N("sa")}; s.clear(); s = frozenset([N("sb")]); del s
print("super")
class S(N):
    def __init__(self, n): super().__init__(n); self.x = N("sx")
s = S("s"); s.__class__ = N; del s
print("slots")
class Sl:
    __slots__ = ("b", "a", "c", "__dict__")
    def __del__(self): print("Sl")
s = Sl(); s.c = N("sc"); s.a = N("sa"); s.b = N("sb"); s.other = N("so"); del s
class Sub(list): pass
s = Sub([N("item")]); s.attr = N("attr"); del s
class SubD(dict): pass
s = SubD({1: N("ditem")}); s.attr = N("dattr"); del s
class SubT(tuple): pass
s = SubT([N("titem")]); s.attr = N("tattr"); del s
class E(Exception): pass
e = E(N("arg")); e.attr = N("eattr"); e.__cause__ = E(N("cause")); e.__context__ = E(N("ctx")); del e
print("generator")
def gen(a):
    b = N("gb")
    try:
        yield N("gy")
    finally:
        print("closing")
g = gen(N("ga")); x = next(g); g.close(); print("closed"); del x
g = gen(N("ga2")); next(g); g = None
print("unpack")
a, *r = N("u1"), N("u2"), N("u3"); r = None; a = None
f = lambda *a, **k: None
f(*[N("p1"), N("p2")], **{"k": N("pk")})
print("string"); str(N("fmt")); f"{N('fs')!s:.0}"
print("compare"); N("lo") < N("hi"); [N("q1")] == [N("q2")]; N("x") in [N("y1"), N("y2")]
print("augmented")
class Add(N):
    def __iadd__(self, o): return N("sum")
v = Add("v"); v += N("w"); print("added"); v = None
print("return in finally")
def fin():
    a = N("fa")
    try: return N("ret")
    finally: b = N("fb"); print("fin")
fin()
print("del attr")
class P:
    pass
p = P(); p.x = N("px"); p.x = N("px2"); del p.x; vars(p)["y"] = N("py"); p.__dict__ = {"z": N("pz")}; del p
print("class")
class Q:
    a = N("qa")
    def m(self, x=N("qdefault")): pass
Q.b = N("qb"); Q.a = N("qa2"); del Q.b
del Q; gc.collect()
print("module")
import types
m = types.ModuleType("m"); m.a = N("ma"); m.b = N("mb"); del m
print("comp"); {N("k"): N("v") for _ in (1,)}; [N("li") for _ in (1, 2)]; list(N("ge") for _ in (1, 2))
print("match")
match N("subject"):
    case N(n=y): print("matched")
print("matched left")
with_ = None
print("end")
