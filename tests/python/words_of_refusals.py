"""What is said to operands, iterables, keys and texts that do not fit; and what a table of `translate` is asked."""
class X: pass
class S(str): pass
import collections
for v in (X(), {}.keys(), collections.OrderedDict(), iter([]), 1.5, len, X, collections.deque(), slice(1), lambda: 0, object(), None, type, range(3), {1}, memoryview(b"a"), collections.Counter(), collections.defaultdict(), {}.__iter__(), type({}.items()), (i for i in ()), Exception(), collections.UserDict(), __import__("types").MappingProxyType({}), __import__("types").SimpleNamespace(), __import__("array").array("i"), __import__("weakref").WeakKeyDictionary(), int|str, list[int], property(), __import__("contextvars").copy_context()):
    for w in ("ab", b"x", [1], (2,)):
        try:
            x = v; x *= w; print(type(v).__name__, repr(x)[:50])
        except Exception as e: print(type(v).__name__, e)
s = S("abc")
print(type(s % ()), s % () is s, type(S("a%%") % ()), type(S("%s") % "a"), "abc" % () , type(S("")%()))
t = "abcdef"; print(t % () is t, (t % {}) is t)
for a in (float("inf"), float("-inf"), float("nan"), 2.0, 0.0, 1j, complex("inf+1j"), complex(0, float("inf")), 1e300, -1.5):
    for b in (1j, 2-3j, complex("inf"), complex(0,float("inf")), complex("nan"), -1.5, 1e300, 0j, complex(1e300, 1e300), complex(-1e300, 2)):
        for f in (lambda: pow(complex(a), b), lambda: complex(a) ** b):
            try: print(a, b, f())
            except Exception as e: print(a, b, type(e).__name__, e)
for a in (bytearray(b"xy"), b"xy", bytearray(b"1_"), b"\xff"):
    for f in (int, float, lambda a: int(a, 16), ord, complex, lambda a: int(a, 99)):
        try: print(f(a))
        except Exception as e: print(type(e).__name__, e)
for v in (int | str, list[int], X(), 1.5, None, X, len):
    for f in (bytes, bytearray, list, lambda v: 1 in v, tuple, set, lambda v: [*v], lambda v: {**v}, iter, reversed, lambda v: v.index, sum, dict, lambda v: [].extend(v), lambda v: "".join(v), lambda v: b"".join(v), lambda v: set().update(v), lambda v: __import__("operator").countOf(v, 1), lambda v: __import__("operator").indexOf(v, 1), lambda v: (lambda a, b: 0)(*v), all, max, sorted):
        try: print(type(v).__name__, repr(f(v))[:30])
        except Exception as e: print(type(v).__name__, type(e).__name__, e)
class It:
    def __iter__(self): raise TypeError("mine")
for f in (bytes, bytearray, list, lambda v: 1 in v, tuple, set):
    try: f(It())
    except Exception as e: print(type(e).__name__, e)
class M:
    def __init__(self): self.n = []
    def __getitem__(self, c): self.n.append(c); return {97: "x", 98: None, 99: "\xe9"}.get(c, c)
for t in ("aabb", "aab\xe9a", "acacaa", "a\u20aca", "aac" * 3):
    m = M(); print(ascii(t.translate(m)), m.n)
for k in (collections.Counter(), [], {}, X, collections.OrderedDict(), __import__("decimal").Decimal("sNaN")):
    for f in (lambda: {k: 1}, lambda: {k}, lambda: {}.get(k), lambda: k in {1}, lambda: frozenset([k]), lambda: hash(k), lambda: {}.setdefault(k), lambda: {}.pop(k), lambda: {1}.discard(k), lambda: dict.fromkeys([k])):
        try: f(); print("ok")
        except Exception as e: print(type(e).__name__, e)
for v in (5, 1.5, "x", It(), int | str, None, [300], ["a"]):
    try: b = bytearray(); b.extend(v); print(b)
    except Exception as e: print(type(e).__name__, e)
    try: l = [1, 2, 3]; l[::2] = v; print(l)
    except Exception as e: print(type(e).__name__, e)
    try: d = {}; d.update([v]); print(d)
    except Exception as e: print(type(e).__name__, e)
    try: a, b = v; print(a, b)
    except Exception as e: print(type(e).__name__, e)
    try: print(",".join(v))
    except Exception as e: print(type(e).__name__, e)
class Mdel(M):
    def __getitem__(self, c): self.n.append(c); return None if c in (97, 0x20ac) else c + 1
for t in ("aab\xe9a", "aaaa", "\u20aca\u20acb", "baab\xe9", "ba\xe9a\u20ac"):
    m = Mdel(); print(ascii(t.translate(m)), m.n)
