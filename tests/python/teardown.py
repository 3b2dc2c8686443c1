"""The end of an interpreter: what is finalized, in which order, what finalizers can still do, what is printed, and the exit status.

Each program runs in a process of its own; addresses are left out."""
import re
import subprocess
import sys
import tempfile

PROGRAMS = {
    'globals and cycles': r'''
import gc, sys
gc.disable()  # When the young are looked at depends on how many objects a start makes.
class N:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n, sys is not None and sys.is_finalizing())
_a = N("_a"); b = N("b"); __c__ = N("__c__"); _d = N("_d"); e = N("e")
import atexit
atexit.register(print, "atexit 1"); atexit.register(print, "atexit 2")
class M: pass
cyc = M(); cyc.self = cyc; cyc.n = N("in cycle")
def f():
    x = N("fx"); y = N("fy"); z = N("fz")
    del y
    print("end f")
f()
def gen():
    g = N("gen local")
    try: yield 1
    finally: print("gen finally", sys.is_finalizing())
G = gen(); next(G)
import weakref
w = weakref.ref(b, lambda r: print("weakref callback b"))
fin = weakref.finalize(e, print, "finalize e")
''',
    'unraisable hook': r'''
import sys
class R:
    def __init__(self, n): self.n = n
    def __del__(self): raise ValueError(self.n)
a = R("a"); b = R("b")
def hook(u): print("hook", type(u.exc_value).__name__, u.exc_value, u.err_msg)
sys.unraisablehook = hook
del a
c = R("c")
''',
    'raising finalizers': r'''
import sys
class R:
    def __init__(self, n): self.n = n
    def __del__(self): raise ValueError(self.n)
a = R("a")
class C: pass
c=C(); c.c=c; c.r=R("cyc")
''',
    'modules replaced': r'''
import sys, types
class N:
    def __init__(self, n): self.n = n
    def __del__(self, print=print): print("del", self.n)
m = types.ModuleType("mm"); m.x = N("mm.x"); sys.modules["mm"] = m
sys.modules["nn"] = N("not a module")
del m
m2 = types.ModuleType("m2"); m2.y = N("m2.y"); m2.me=m2; sys.modules["m2"]=m2; del m2
sys.modules = {"x": N("in new modules")}
g = N("g")
''',
    'exit functions': r'''
import atexit, sys
def bad(): raise KeyError("bad")
def ex(): sys.exit(7)
atexit.register(print, "last")
atexit.register(bad)
atexit.register(ex)
@atexit.register
def nested():
    print("nested"); atexit.register(print, "registered in atexit")
sys.exit(3)
''',
    'builtins and sys': r'''
import sys, builtins
class N:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
builtins.extra = N("builtins.extra")
builtins._priv = N("builtins._priv")
sys.mine = N("sys.mine")
sys._priv = N("sys._priv")
sys.path.append(N("in path"))
sys.last_value = N("last_value")
sys.argv.append(N("argv"))
try: 1/0
except Exception as e: sys.last_exc = e; e.n = N("exc attr")
_u = N("_u")
u = N("u")
sys.stdout.extra = N("stdout attr") if hasattr(sys.stdout, "__dict__") else None
''',
    'stdout replaced': r'''
import sys
class Out:
    def __init__(s, o): s.o = o
    def write(s, t): s.o.write("[" + t.replace("\n", "|") + "]"); s.o.flush()
    def flush(s): s.o.write("<flush>"); s.o.flush()
    def __del__(s): s.o.write("Out del\n"); s.o.flush()
sys.stdout = Out(sys.__stdout__)
class N:
    def __del__(s): print("del N", sys.stdout is sys.__stdout__)
n = N()
print("hi")
''',
    'classes': r'''
import sys
class Meta(type):
    def __del__(cls): print("del class", cls.__name__)
class A(metaclass=Meta):
    def __del__(s): print("del A instance")
a = A()
def outer():
    v = A()
    def inner(): return v
    return inner
inn = outer()
try:
    def thrower():
        loc = A()
        raise ValueError
    thrower()
except ValueError as e: saved = e
class S:
    __slots__ = ("a", "b", "__weakref__")
    def __del__(s): print("del S")
s = S(); s.a = s; s.b = A()
d = {}
d["d"] = d; d["x"] = A()
lst = [A()]; lst.append(lst)
''',
    'callbacks and finalize': r'''
import weakref, sys, gc
class N:
    def __init__(self, n): self.n = n
    def __del__(self): print("del", self.n)
class P: pass
p = P(); q = P(); p.q = q; q.p = p
w1 = weakref.ref(p, lambda r: print("cb p")); w2 = weakref.ref(q, lambda r: print("cb q"))
n = N("n")
w3 = weakref.ref(n, lambda r: print("cb n", r() is None))
w4 = weakref.ref(n, lambda r: print("cb n later"))
f1 = weakref.finalize(n, print, "finalize 1"); f2 = weakref.finalize(n, print, "finalize 2")
f3 = weakref.finalize(p, print, "finalize p"); f3.atexit = False
wd = weakref.WeakValueDictionary(a=n); ws = weakref.WeakSet([n, p])
pr = weakref.proxy(n, lambda r: print("proxy cb"))
m = N("m"); m.me = m; 
w5 = weakref.ref(m, lambda r: print("cb m"))
del m
gc.collect()
print("end")
''',
    'suspended generators': r'''
import sys
def g():
    try: yield 1
    except GeneratorExit: print("GeneratorExit"); raise
    finally: print("finally")
a = g(); next(a)
def h():
    try: yield
    finally: yield 2
b = h(); next(b)
async def co():
    print("never")
c = co()
class A:
    def __await__(self): yield 1
async def co2():
    try: await A()
    finally: print("co2 finally")
d = co2(); d.send(None)
async def ag():
    try: yield 1
    finally: print("ag finally")
e = ag(); 
try: e.__anext__().send(None)
except StopIteration as s: print(s.value)
def cyc():
    me = yield
    try: yield
    finally: print("cyc fin")
k = cyc(); next(k); k.send(k); del k
print("end")
''',
    'imports and files': r'''
import sys, os
class N:
    def __del__(self):
        import json
        print("imported in del", json.dumps([1]))
class I:
    def __del__(self):
        try:
            import nonexistent_module_x
        except ImportError as e: print(type(e).__name__, e)
a = N(); b = I()
f = open(os.devnull, "w")
f2 = open(os.devnull, "wb"); f2.write(b"x")
print("end")
''',
    'module names': r'''
import sys
class N:
    def __init__(s, n): s.n = n
    def __del__(s): print("del", s.n, [k for k in ("a", "b", "_p", "c") if globals().get(k) is not None])
_p = N("_p"); a = N("a"); b = N("b"); c = N("c")
def __getattr__(n): return 1
__all__ = N("__all__")
me = sys.modules[__name__]
me.__dict__["zz"] = N("zz")
raise ValueError("uncaught")
''',
    'garbage': r'''
import sys, gc
gc.disable()
class N:
    def __init__(s, n): s.n = n; s.me = s
    def __del__(s): print("del", s.n)
for i in range(3): N(i)
gc.set_debug(gc.DEBUG_UNCOLLECTABLE)
gc.garbage.append(N("garbage"))
n = N("global")
''',
    'exceptions of finalizers': r'''
import sys, os
class N:
    def __del__(s): print("del"); sys.exit(5)
n = N()
class K:
    def __del__(s): raise KeyboardInterrupt
k = K()
class T:
    def __del__(s): undefined_name
t = T(); del t
sys.stderr.write("err\n")
''',
    'closed stdout': r'''
import sys, io
class N:
    def __del__(s):
        try: print("x")
        except Exception as e: sys.__stderr__.write(repr(e) + "\n")
n = N()
sys.stdout.close()
''',
    'resurrection': r'''
import sys
class N:
    def __init__(s, n): s.n = n
    def __del__(s): print("resurrect", s.n); keep.append(s)
keep = []
n = N("n"); del n
keep.clear(); print("cleared")
class Z:
    def __del__(s):
        print("Z del"); sys.modules["__main__"].revived = s
z = Z()
''',
    'containers': r'''
import sys
import collections, functools, contextvars, types
class N:
    def __init__(s, n): s.n = n
    def __del__(s): print("del", s.n)
dq = collections.deque([N("dq0"), N("dq1")])
od = collections.OrderedDict(a=N("od a"), b=N("od b"))
dd = collections.defaultdict(list, k=N("dd"))
pt = functools.partial(print, N("partial"))
@functools.lru_cache
def cached(x): return N("cached %s" % x)
cached(1); cached(2)
cv = contextvars.ContextVar("cv"); cv.set(N("ctxvar"))
ns = types.SimpleNamespace(x=N("ns"))
mp = types.MappingProxyType({"x": N("mp")})
it = iter([N("it")]); z = zip([N("z")]); mm = map(N, "ab"); next(mm)
sl = slice(N("slice"), None)
meth = N("bound").__init__
prop = property(N("prop"))
import itertools
ch = itertools.chain([N("chain")]); t1, t2 = itertools.tee([N("tee")])
next(t1)
print("end")
''',
    'builtins that go': r'''
import warnings, sys, logging
class N:
    def __del__(s): warnings.warn("in del", UserWarning); logging.warning("log in del")
n = N()
class M:
    def __del__(s): print("open?", open); open("/dev/null").close(); print("ok")
m = M()
''',
    'signals': r'''
import signal, os, sys, atexit
def h(*a): print("signal", a[0])
signal.signal(signal.SIGUSR1, h)
class N:
    def __del__(s): os.kill(os.getpid(), signal.SIGUSR1); print("del N")
n = N()
atexit.register(os.kill, os.getpid(), signal.SIGUSR1)
def unreg(): print("not called")
atexit.register(unreg); atexit.unregister(unreg)
atexit.register(sys.stdout.write, "written\n")
''',
    'modules and locals': r'''
import sys
class C(type):
    def __del__(cls): print("class", cls.__name__)
class A(metaclass=C): pass
class B(A): pass
import types
m = types.ModuleType("zz"); 
class N:
    def __init__(s, n): s.n = n
    def __del__(s): print("del", s.n)
m.a = N("mod a"); m._b = N("mod _b"); m.f = lambda: m
sys.modules["zz"] = m
m2 = types.ModuleType("yy"); m2.a = N("mod2 a"); m2._b = N("mod2 _b"); m2.g = eval("lambda: 1", m2.__dict__)
sys.modules["yy"] = m2; 
del m, m2
import ctypes
keep = ctypes.c_int
x = N("main x")
import json; json.extra = N("json extra")
import os; os.extra = N("os extra"); os._extra = N("os _extra")
class D(dict):
    def __del__(s): print("D", list(s))
d = D(a=1)
def inner():
    class Local:
        def __del__(s): print("Local", Local is not None)
    return Local()
loc = inner()
loc.me = loc
try: raise KeyError
except KeyError: tb = sys.exc_info()[2]
tb_n = N("tbn")
exc = None
def raiser():
    n = N("in raiser"); raise OSError
try: raiser()
except OSError as e: exc = e
exc.self = exc
print("end")
''',
    'names of sys': r'''
import sys, builtins, types
class N:
    def __init__(s,n): s.n=n
    def __del__(s): 
        sys.__stdout__ and print("del", s.n, file=sys.__stdout__)
    def __call__(s,*a): pass
    def write(s,t): return len(t)
    def flush(s): pass
for name in "displayhook excepthook breakpointhook unraisablehook __interactivehook__ ps1 ps2 last_exc last_type last_value last_traceback argv path path_hooks path_importer_cache meta_path tracebacklimit dont_write_bytecode other zzz aaa __displayhook__ __excepthook__ stderr".split():
    if name in ("path_hooks",): sys.path_hooks.append(N(name)); continue
    if name in ("meta_path",): sys.meta_path.append(N(name)); continue
    if name in ("path_importer_cache",): sys.path_importer_cache["x"]=N(name); continue
    if name=="path": sys.path.append(N(name)); continue
    if name=="argv": sys.argv.append(N(name)); continue
    setattr(sys,name,N(name))
builtins.mine = N("builtins.mine")
builtins._ = N("builtins._")
a_global = N("global a")
_under = N("global _under")
b_global = N("global b")
m = types.ModuleType("mymod"); m.x = N("mymod.x"); sys.modules["mymod"]=m
m2 = types.ModuleType("mymod2"); m2.x = N("mymod2.x"); sys.modules["mymod2"]=m2; del m2
sys.modules["notmodule"]=N("notmodule")
class C:
    attr=N("class attr")
def f(x=N("default")): pass
f.attr=N("f attr")
cyc=N("cycle"); cyc.me=cyc
import threading; tl=threading.local(); tl.x=N("tl")
import contextvars; cv=contextvars.ContextVar("cv"); cv.set(N("cv"))
import atexit; atexit.register(N("atexit"))
import weakref; weakref.finalize(C, N("finalize"))
import codecs; codecs.register(N("codec") and (lambda n, x=N("codecdef"): None))
import gc; gc.disable(); gc.callbacks.append(N("gccb"))
import warnings; warnings.filters.append(N("filter"))
def g():
    try: yield
    finally: print("gen closing", file=sys.__stdout__)
gg=g(); next(gg)
sys.settrace(None)
print("end", file=sys.__stdout__)
''',
}

with tempfile.TemporaryDirectory() as folder:
    for name, source in PROGRAMS.items():
        path = folder + "/program.py"
        with open(path, "w") as file:
            file.write(source)
        done = subprocess.run([sys.executable, "program.py"], cwd=folder, capture_output=True, text=True, timeout=60)
        print("==", name, done.returncode)
        for line in (done.stdout + done.stderr).replace(folder, "").splitlines():
            print("   ", re.sub("0x[0-9a-f]+", "0x", line))
