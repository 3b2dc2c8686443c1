"""The collector's own interface: arguments, figures, generations, callbacks, debugging flags, referents, resurrection."""
# zeal: counts collections
import gc, sys, weakref, io, contextlib, subprocess, textwrap
def t(name, f):
    try: r = f()
    except BaseException as e: r = "%s: %s" % (type(e).__name__, e)
    print(name, "list" if isinstance(r, list) else r)
# arguments
for args in ((3,), (-1,), ("x",), (None,), (1, 2), (2.0,), (True,)):
    t("collect%r" % (args,), lambda: type(gc.collect(*args)).__name__)
t("collect kw", lambda: type(gc.collect(generation=1)).__name__)
t("collect kw2", lambda: gc.collect(gen=1))
for g in (0, 1, 2, 3, -1, None, "x", 1.5):
    t("get_objects %r" % (g,), lambda: type(gc.get_objects(g)).__name__)
t("get_objects kw", lambda: type(gc.get_objects(generation=0)).__name__)
old = gc.get_threshold()
for a in ((), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), ("x",), (-5,), (2**40,), (1.5,)):
    def f():
        gc.set_threshold(*a); return gc.get_threshold()
    t("threshold%r" % (a,), f)
gc.set_threshold(*old)
print(old)
for a in ((), ("x",), (1.5,), (2**40,), (-1,), (0,), (38,)):
    def f():
        gc.set_debug(*a); return gc.get_debug()
    t("debug%r" % (a,), f)
gc.set_debug(0)
print([n for n in dir(gc) if n.isupper()], [getattr(gc, n) for n in dir(gc) if n.isupper()])
old = gc.get_threshold()
for g in (-2,-3,3,2**40,-2**40,2**31,True): t(g,lambda:gc.get_objects(g))
for g in (2**31,-2**31-1,2**70): t(g,lambda:gc.collect(g))
for g in (2**31,-2**31-1,2**70): t(g,lambda:gc.set_debug(g))
for g in ((2**31,),(-2**31-1,),(1,2**31),(1,2,2**31),(1,2,"x"),(1,2.0),(1,None)): t(g,lambda:gc.set_threshold(*g))
gc.set_threshold(2000,10,0); print(gc.get_threshold())
gc.set_threshold(0); print(gc.get_threshold())
gc.set_threshold(700,-1,-1); print(gc.get_threshold())
t("kw",lambda:gc.set_threshold(threshold0=1)); t("kw2",lambda:gc.get_objects(gen=1)); t("kw3",lambda:gc.set_debug(flags=1))
class D(dict): pass
class S(str): pass
for d in ({"a":[]},{1:[]},{S("a"):[]},{"a":1,2:3},{(1,):2}):
    print([type(o).__name__ for o in gc.get_referents(d)])
gc.set_threshold(*old); gc.set_debug(0)
print(gc.isenabled(), gc.disable(), gc.isenabled(), gc.enable(), gc.isenabled())
print(sorted(gc.get_stats()[0]), len(gc.get_stats()), [type(s).__name__ for s in gc.get_stats()])
s0 = gc.get_stats(); gc.collect(0); gc.collect(1); gc.collect(2); s1 = gc.get_stats()
print([b["collections"] - a["collections"] for a, b in zip(s0, s1)])
class N: pass
def cyc(n=1):
    for _ in range(n):
        a = N(); a.a = a
gc.collect(); s0 = gc.get_stats()
cyc(5); print(gc.collect(0)); s1 = gc.get_stats()
print([(b["collected"] - a["collected"], b["uncollectable"] - a["uncollectable"]) for a, b in zip(s0, s1)])
cyc(3); gc.collect(0); x = N(); x.x = x; gc.collect(0); del x; print("young", gc.collect(0), gc.collect(1), gc.collect(2))
x = N(); x.x = x; gc.collect(0); gc.collect(1); del x; print("old", gc.collect(0), gc.collect(1), gc.collect(2))
# counts
gc.disable(); gc.collect(); c = gc.get_count(); l = [[] for _ in range(10)]; d = gc.get_count(); print(c[1:], d[1:], d[0] - c[0] >= 10)
gc.collect(0); print(gc.get_count()[1:]); gc.collect(0); print(gc.get_count()[1:]); gc.collect(1); print(gc.get_count()[1:]); gc.collect(); print(gc.get_count()[1:])
gc.enable()
# freeze
gc.collect(); n = gc.get_freeze_count(); print(n, gc.freeze(), gc.get_freeze_count() > 100, len(gc.get_objects()) < 100)
x = N(); x.x = x; gc.freeze(); del x; print(gc.collect()); gc.unfreeze(); print(gc.get_freeze_count(), gc.collect() >= 1)
print(gc.freeze.__doc__ is not None, gc.get_count() is not None)
# callbacks
log = []
def cb(phase, info): log.append((phase, sorted(info.items())))
gc.callbacks.append(cb); gc.collect(); cyc(2); gc.collect(1); gc.collect(0); gc.callbacks.remove(cb)
for e in log: print(e)
log.clear()
def bad(phase, info): raise ValueError(phase)
def hook(u): log.append((u.exc_type.__name__, str(u.exc_value), u.err_msg.split(" at ")[0], u.object))
sys.unraisablehook = hook
gc.callbacks[:] = [bad, cb]; gc.collect(0); gc.callbacks.clear()
for e in log: print(e)
log.clear()
gc.callbacks.append(3); gc.collect(0); gc.callbacks.clear(); print(log); log.clear()
def remover(phase, info): log.append(phase); gc.callbacks.remove(remover)
gc.callbacks[:] = [remover, cb]; gc.collect(0); gc.callbacks.clear(); print([e if isinstance(e, str) else e[0] for e in log]); log.clear()
def nested(phase, info): log.append((phase, gc.collect()))
gc.callbacks[:] = [nested]; cyc(); gc.collect(); gc.callbacks.clear(); print(log); log.clear()
def maker(phase, info):
    if phase == "start": cyc(); log.append(1)
gc.callbacks[:] = [maker]; print(gc.collect()); gc.callbacks.clear(); print(gc.collect()); log.clear()
gc.callbacks = [cb]; gc.collect(0); print(len(log)); 
import importlib
log.clear()
# saveall, garbage
gc.callbacks = []
gc.set_debug(gc.DEBUG_SAVEALL); cyc(2); print(gc.collect(), len(gc.garbage), [type(o).__name__ for o in gc.garbage]); gc.set_debug(0); gc.garbage.clear(); print(gc.collect())
# debug output
code = """
import gc
class N: pass
gc.collect()
gc.set_debug(gc.DEBUG_COLLECTABLE)
def f():
    a = N(); a.a = a; b = [a]; b.append(b)
f(); gc.collect(); gc.set_debug(0)
"""
r = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True); import re
print(sorted(re.sub("0x[0-9a-f]+", "ADDR", r.stderr).splitlines()))
# referrers
a = N(); b = [a]; c = {"k": a}; d = (a,)
print(sorted(type(o).__name__ for o in gc.get_referrers(a) if o in (b, d) or o == c))
print([type(o).__name__ for o in gc.get_referents(b, c, d)], gc.get_referents(), gc.get_referents(1, "x", None))
print(gc.get_referrers(), [gc.is_tracked(o) for o in (1, "x", (), (1, 2), (a,), [], {}, {1: 2}, {"a": []}, {"a": 1}, N, a, set(), frozenset(), object(), gc.collect, len, iter([]), range(3), slice(1), 1.5, 2j, b"", bytearray(), type, N.__dict__)])
t("is_tracked()", lambda: gc.is_tracked())
class F:
    def __del__(s): pass
f = F(); print(gc.is_finalized(f), gc.is_finalized(1), gc.is_finalized([]))
class R:
    def __del__(s): global kept; kept = s
R(); print(gc.is_finalized(kept)); k = kept; del kept; del k; print("kept" in globals())
