"""When objects end: locals, arguments, temporaries, items of containers, attributes, what a frame held when it failed."""
class N:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
def f(a, b, *args, k, **kw):
    c = N("c"); d = N("d")
    def g(): return d, a
    e = N("e")
    print("leave")
f(N("a"), N("b"), N("arg0"), k=N("k"), kw=N("kw"))
print("--")
def h():
    for x in [N("i1"), N("i2"), N("i3")]:
        print("loop")
    print("after loop")
h()
print("--")
x = N("x1"); x = N("x2")
print("tuple"); x, y = N("x3"), N("y1")
(N("l1"), N("l2"), N("l3"))
[N("s1"), N("s2")]
{N("k1"): N("v1"), N("k2"): N("v2")}
{N("set")}
print("dict del"); dd = {i: N("v%d" % i) for i in range(4)}
del dd[2]; dd.clear()
print("list"); l = [N(i) for i in range(5)]
del l[1:3]; print("cut"); l[0] = None; print("set"); l.clear(); print("cleared")
class O: pass
o = O(); o.z = N("z"); o.a = N("a"); o.m = N("m"); del o.a; print("o"); del o
def gen():
    a = N("ga")
    try: yield N("yielded")
    finally: print("fin")
g = gen(); next(g); del g
print("exc")
try:
    q = N("q")
    raise ValueError(N("in exc"))
except ValueError as e:
    print("handler")
print("after handler")
def deep(n):
    v = N("deep%d" % n)
    if n == 0: raise KeyError
    deep(n - 1)
try: deep(3)
except KeyError: print("caught")
print("after caught")
class W:
    def __enter__(s): return N("ctx")
    def __exit__(s, *a): print("exit")
with W() as c: print("body")
print("after with"); c = None
a = b = N("ab"); del a; print("b left"); del b
print(str(N("temp")) and "x")
print([N("comp") for _ in range(2)] and "made")
lam = lambda n=N("default"): n
del lam
class K:
    v = N("classattr")
del K
import gc; gc.collect()
print("end")
