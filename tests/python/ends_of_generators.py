"""Generators that go before their end, in every state: what runs, in which order, and what sees them meanwhile."""
import gc, weakref, sys
log = []
def p(*a): log.append(" ".join(map(str, a)))
class D:
    def __init__(s, n): s.n = n
    def __del__(s): p("del", s.n)
# generators dropped in different states
def gen(n, *held):
    d = D(n)
    yield 1
    yield 2
def gen_try(n):
    d = D(n)
    try: yield 1
    finally: p("finally", n)
def gen_from(n): 
    d = D(n)
    yield from gen_try(n + "-inner")
def gen_ex(n):
    d = D(n)
    try: 1/0
    except ZeroDivisionError: yield 1
def gen_with(n):
    class C:
        def __enter__(s): return s
        def __exit__(s, *a): p("exit", n, a[0] and a[0].__name__)
    with C(): yield 1
def gen_self(n):
    d = D(n); me = yield 1; yield 2
def gen_ignore(n):
    try: yield 1
    except GeneratorExit: yield 2
for make in (gen, gen_try, gen_from, gen_ex, gen_with):
    for steps in (0, 1):
        g = make(make.__name__ + str(steps))
        for _ in range(steps): next(g)
        w = weakref.ref(g, lambda r, k=make.__name__: p("weak", k))
        del g; p("|")
g = gen_self("self"); next(g); g.send(g); del g; gc.collect(); p("cycle")
g = gen("frame"); next(g); f = g.gi_frame; del g; p("frame held", f.f_locals.get("d") is not None, f.f_lasti > 0); del f; p("|")
g = gen("frame0"); f = g.gi_frame; del g; p("frame0", sorted(f.f_locals)); del f
g = gen("code", D("arg")); next(g); c = g.gi_code; del g; p(c.co_name)
sys.unraisablehook = lambda u: p("unraisable", type(u.exc_value).__name__, u.exc_value, u.err_msg.split(" at ")[0])
g = gen_ignore("i"); next(g); del g
# chain order
def link(before, n):
    d = D(n); yield before
g = None
for i in range(3):
    h = link(g, i); next(h); g = h
del g, h; p("|")
g = None
for i in range(200): h = link(g, i); next(h); g = h
del g, h; p("|", len(log), log[-5:])
# a destructor that looks
class L:
    def __del__(s): p("frames", [o.__name__ for o in gc.get_objects() if type(o).__name__ == "generator" and o.__name__ == "looked"])
def looked(): l = L(); yield
g = looked(); next(g); del g
class Back:
    def __init__(s): s.g = None
    def __del__(s):
        try: next(s.g)
        except BaseException as e: p(type(e).__name__, e)
def backward(b): yield b
b = Back(); g = backward(b); b.g = g; next(g); del g, b; gc.collect()
import sys as _s
ev = []
_s.monitoring.use_tool_id(3, "x"); _s.monitoring.register_callback(3, _s.monitoring.events.PY_UNWIND, lambda c, o, e: ev.append((c.co_name, type(e).__name__)))
_s.monitoring.set_events(3, _s.monitoring.events.PY_UNWIND)
g = gen("mon"); next(g); del g; g = gen("mon0"); del g
_s.monitoring.set_events(3, 0); _s.monitoring.free_tool_id(3)
p(ev)
async def ag():
    d = D("ag"); yield 1
a = ag(); 
try: a.asend(None).send(None)
except StopIteration: pass
del a
async def co(): d = D("co"); 
c = co(); import warnings
with warnings.catch_warnings(record=True) as ws: warnings.simplefilter("always"); del c; p([str(w.message) for w in ws])
import types
@types.coroutine
def tc(): d = D("tc"); yield
c = tc(); c.send(None); del c; c = tc(); del c
print("\n".join(log))
