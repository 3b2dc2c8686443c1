"""What happens at the end of a program, and in which order: atexit, finalizers, threads, modules, generators, weak references."""
import subprocess, sys, os, textwrap
def run(name, code, *args):
    r = subprocess.run([sys.executable, *args, "-c", textwrap.dedent(code)], capture_output=True, text=True, timeout=20)
    import re
    err = re.sub("0x[0-9a-f]+", "ADDR", r.stderr)
    print("==", name, r.returncode); print(r.stdout, end=""); print(err, end="")
run("atexit order", """
import atexit, sys
class D:
    def __del__(s): print("del", s.n)
def D2(n):
    d = D(); d.n = n; return d
g = D2("global"); _u = D2("underscore"); z = D2("z")
atexit.register(print, "first"); atexit.register(print, "second")
@atexit.register
def third(): print("third"); atexit.register(print, "late")
def bad(): raise ValueError("bad")
atexit.register(bad)
atexit.register(lambda: sys.exit(5))
""")
run("unregister", """
import atexit
def f(*a): print("f", a)
atexit.register(f, 1); atexit.register(f, 2); atexit.register(print, "p")
def u(): atexit.unregister(f); print("u", atexit._ncallbacks())
atexit.register(u)
""")
run("clear", """
import atexit
atexit.register(print, 1); atexit._clear(); atexit.register(print, 2)
print(atexit._ncallbacks()); atexit._run_exitfuncs(); print(atexit._ncallbacks())
""")
run("finalize", """
import weakref, atexit
class A: pass
a = A(); b = A(); c = A()
atexit.register(print, "atexit before")
f = weakref.finalize(a, print, "fa"); g = weakref.finalize(b, print, "fb"); h = weakref.finalize(c, print, "fc"); h.atexit = False
atexit.register(print, "atexit after")
print(f.alive, f.peek()[1:3]); del a; print(f.alive, f())
""")
run("threads daemon", """
import threading, time, sys
class D:
    def __del__(s): print("D gone", sys.is_finalizing())
def w():
    d = D()
    while True: time.sleep(0.01)
t = threading.Thread(target=w, daemon=True); t.start(); time.sleep(0.05)
import atexit; atexit.register(print, "atexit", threading.active_count())
print("end")
""")
run("threads nondaemon", """
import threading, time, atexit
def w(): time.sleep(0.1); print("worker done")
threading.Thread(target=w).start(); atexit.register(print, "atexit")
threading._register_atexit(print, "thread atexit")
print("main done")
""")
run("main globals", """
import sys
class D:
    def __init__(s, n): s.n = n
    def __del__(s): print(s.n, sys is not None, print is not None, D if 'D' in globals() else 'noD')
a = D("a"); b = D("b"); _c = D("_c"); d = [D("d")]; d.append(d); e = D("e"); e.me = e
""")
run("module order", """
import sys, types
class D:
    def __init__(s, n): s.n = n
    def __del__(s, p=print): p(s.n)
for n in "xyz":
    m = types.ModuleType(n); m._p = D(n + "._p"); m.q = D(n + ".q"); sys.modules[n] = m; m.f = lambda: m
del m
sys.modules["held"] = held = types.ModuleType("held"); held.q = D("held.q")
import builtins; builtins.kept = D("builtins.kept"); sys.kept = D("sys.kept"); sys.modules["none"] = None
""")
run("del imports", """
class D:
    def __del__(s):
        try:
            import json; print("imported", json.__name__)
        except BaseException as e: print(type(e).__name__, e)
d = D(); d.d = d
""")
run("del new thread", """
import threading
class D:
    def __del__(s):
        try: threading.Thread(target=print).start()
        except BaseException as e: print(type(e).__name__, e)
d = D()
""")
run("del raises", """
class D:
    def __del__(s): raise ValueError("in del")
d = D(); e = D(); e.e = e
""")
run("weakref callbacks at exit", """
import weakref
class A: pass
a = A(); r = weakref.ref(a, lambda r: print("called")); b = A(); b.b = b; s = weakref.ref(b, lambda r: print("called b"))
""")
run("excepthook end", """
import sys, atexit
atexit.register(print, "atexit")
sys.excepthook = lambda *a: print("hook", a[0].__name__)
class D:
    def __del__(s): print("D")
def f(): d = D(); 1/0
f()
""")
run("sys.exit in main", """
import sys, atexit
atexit.register(print, "bye")
class D:
    def __del__(s): print("D")
def f():
    d = D(); sys.exit("message")
f()
""")
run("flush at exit", """
import sys, io
class W(io.StringIO):
    def flush(s): sys.__stdout__.write("flushed\\n")
sys.stdout = W()
""")
run("generators at exit", """
def g(n):
    try: yield
    finally: print("closed", n)
a = g("a"); next(a); b = g("b"); next(b); c = [g("c")]; next(c[0]); c.append(c)
async def co():
    try: await aw()
    finally: print("co closed")
class aw:
    def __await__(s): yield
d = co(); d.send(None)
async def never(): pass
e = never()
""")
run("resurrect at exit", """
class R:
    def __del__(s): L.append(s); print("R")
L = []
r = R(); x = R(); x.x = x
""")
run("order in cycle", """
import gc, weakref
class D:
    def __init__(s, n): s.n = n
    def __del__(s): print("del", s.n, end=" ")
def ring(n):
    l = [D(i) for i in range(n)]
    for i in range(n): l[i].next = l[(i + 1) % n]
ring(5); print(gc.collect())
l = [D(i) for i in range(4)]
for a in l: a.all = l
w = [weakref.ref(a, lambda r, i=i: print("w", i, end=" ")) for i, a in enumerate(l)]
w += [weakref.ref(l[0], lambda r: print("w0b", end=" "))]
del a, l; print(gc.collect())
class E: pass
e = E(); ws = [weakref.ref(e, lambda r, i=i: print("cb", i, end=" ")) for i in range(4)]; p = weakref.proxy(e, lambda r: print("proxy", end=" "))
del e; print()
""")
run("resurrection", """
import gc, weakref
kept = []
class R:
    def __init__(s, n): s.n = n; s.me = s
    def __del__(s): kept.append(s); print("del", s.n, end=" ")
r = R(1); w = weakref.ref(r); r.other = R(2); r.other.other = r; del r
print(gc.collect(), len(kept), w() is None, gc.collect()); kept.clear(); print(gc.collect(), gc.garbage)
class P:
    def __del__(s): global again; again = s
P(); a = again; print(gc.is_finalized(a)); wr = weakref.ref(a, lambda r: print("wr")); del again, a; print("again" in globals(), wr())
""")
