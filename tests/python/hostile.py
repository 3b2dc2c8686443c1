# Code that works against the objects it is called from: containers changed under an operation, generators entered twice,
# classes exchanged under their instances, objects that come back. Nothing crashes; the outcomes are CPython's.
import array
import collections
import functools
import gc
import io
import itertools
import operator
import sys
import weakref


def show(name, f):
    try:
        result = f()
    except BaseException as error:
        print(name, type(error).__name__, str(error)[:90])
    else:
        text = repr(result)
        print(name, text if len(text) < 100 else len(text))


class Hook:
    """Runs an action whenever it is asked anything."""

    def __init__(self, act, value=0):
        self.act, self.value = act, value

    def __eq__(self, other):
        self.act()
        return False

    def __lt__(self, other):
        self.act()
        return True

    def __hash__(self):
        return hash(self.value)

    def __index__(self):
        self.act()
        return self.value

    def __iter__(self):
        self.act()
        return iter([1, 2, 3])

    def __len__(self):
        self.act()
        return 3

    def __repr__(self):
        self.act()
        return "hook"

    def __bool__(self):
        self.act()
        return True

    def __contains__(self, item):
        self.act()
        return True

    def __length_hint__(self):
        self.act()
        return 5


# Lists
def on_list(make, use):
    items = [1, 2, 3]
    hook = Hook(items.clear)
    items.append(hook)
    return use(items, hook)


for name, use in {
    "index": lambda l, h: l.index(5), "count": lambda l, h: l.count(5), "remove": lambda l, h: l.remove(5),
    "contains": lambda l, h: 5 in l, "eq": lambda l, h: l == [1, 2, 3, 4], "lt": lambda l, h: l < [1, 2, 3, 4],
    "repr": lambda l, h: repr(l), "sort": lambda l, h: l.sort(key=lambda x: h), "sort2": lambda l, h: [h, h].sort(),
    "insert": lambda l, h: l.insert(h, 1), "pop": lambda l, h: l.pop(h), "getitem": lambda l, h: l[h],
    "setitem": lambda l, h: l.__setitem__(h, 1), "delitem": lambda l, h: l.__delitem__(h),
    "slice": lambda l, h: l[h:3], "setslice": lambda l, h: l.__setitem__(slice(h, 3), [7]),
    "setslice of itself": lambda l, h: l.__setitem__(slice(0, 2), l), "delslice": lambda l, h: l.__delitem__(slice(h, 3)),
    "setslice iterable": lambda l, h: l.__setitem__(slice(0, 2), h), "extend": lambda l, h: l.extend(h),
    "mul": lambda l, h: l * h, "join": lambda l, h: ",".join(l), "sum": lambda l, h: sum(l, h),
    "sorted": lambda l, h: sorted(l, key=lambda x: l.clear() or 0), "min": lambda l, h: min(l, key=lambda x: l.clear() or 0),
    "map": lambda l, h: list(map(lambda x: l.clear(), l)), "all": lambda l, h: all(l), "tuple": lambda l, h: len(tuple(l)),
    "zip": lambda l, h: list(zip(l, map(lambda x: l.clear(), l))), "unpack": lambda l, h: [*h, *l],
    "reversed": lambda l, h: [l.clear() for _ in reversed(l)], "iter": lambda l, h: [l.pop() for _ in l],
    "extend itself": lambda l, h: l.extend(l) or len(l), "index bounds": lambda l, h: l.index(1, h, h),
    "copy": lambda l, h: len(l.copy()), "iadd": lambda l, h: operator.iadd(l, h),
}.items():
    show("list " + name, lambda: on_list(None, use))
show("sort growing", lambda: (l := [3, 1, 2]).sort(key=lambda x: l.append(x) or x))
show("sort replaced", lambda: (l := [3, 1, 2]).sort(key=functools.cmp_to_key(lambda a, b: l.extend([1] * 5) or a - b)))


# Dicts and sets
def on_dict(use):
    items = {i: i for i in range(5)}
    hook = Hook(items.clear, 2)
    return use(items, hook)


for name, use in {
    "get": lambda d, h: d.get(h), "getitem": lambda d, h: d[h], "set": lambda d, h: d.__setitem__(h, 1) or len(d),
    "pop": lambda d, h: d.pop(h, 7), "setdefault": lambda d, h: d.setdefault(h, 4), "contains": lambda d, h: h in d,
    "update": lambda d, h: d.update({h: 1}) or len(d), "eq": lambda d, h: d == {**d, 3: h},
    "iterate": lambda d, h: [d.update({k + 100: 1}) for k in d], "iterate delete": lambda d, h: [d.pop(k) for k in d],
    "iterate replace": lambda d, h: [(d.pop(k), d.update({-k - 9: 1})) for k in list(d)[:1] for k in d],
    "values": lambda d, h: [d.clear() for _ in d.values()], "items": lambda d, h: [d.clear() for _ in d.items()],
    "reversed": lambda d, h: [d.clear() for _ in reversed(d)], "or": lambda d, h: len(d | {h: 1}),
    "fromkeys": lambda d, h: len(dict.fromkeys([h, 2])), "repr": lambda d, h: repr({1: h, 2: d}),
    "items contains": lambda d, h: (2, h) in d.items(), "keys and": lambda d, h: len(d.keys() & {h}),
    "unpack": lambda d, h: (lambda **k: len(k))(**{"a": h}), "copy": lambda d, h: len(d.copy()),
    "popitem": lambda d, h: [d.popitem() for _ in d], "match": lambda d, h: h in d.values(),
}.items():
    show("dict " + name, lambda: on_dict(use))


def on_set(use):
    items = {i for i in range(5)}
    return use(items, Hook(items.clear, 2))


for name, use in {
    "add": lambda s, h: s.add(h) or len(s), "discard": lambda s, h: s.discard(h), "contains": lambda s, h: h in s,
    "and": lambda s, h: len(s & {h}), "or": lambda s, h: len(s | {h}), "sub": lambda s, h: len(s - {h}),
    "xor": lambda s, h: len(s ^ {h}), "update": lambda s, h: s.update([h]) or len(s), "eq": lambda s, h: s == {0, 1, h, 3, 4},
    "le": lambda s, h: {h} <= s, "isdisjoint": lambda s, h: s.isdisjoint([h]), "iterate": lambda s, h: [s.add(k + 9) for k in s],
    "pop": lambda s, h: [s.pop() for _ in s], "difference_update": lambda s, h: s.difference_update([h]) or len(s),
    "intersection_update": lambda s, h: s.intersection_update([h]) or len(s), "remove": lambda s, h: s.remove(h),
    "symmetric": lambda s, h: s.symmetric_difference_update([h]) or len(s), "repr": lambda s, h: repr({h}),
}.items():
    show("set " + name, lambda: on_set(use))


# Deques, arrays, buffers
def on_deque(use):
    items = collections.deque([1, 2, 3])
    hook = Hook(items.clear, 1)
    items.append(hook)
    return use(items, hook)


for name, use in {
    "index": lambda d, h: d.index(5), "count": lambda d, h: d.count(5), "remove": lambda d, h: d.remove(5),
    "contains": lambda d, h: 5 in d, "insert": lambda d, h: d.insert(h, 1), "rotate": lambda d, h: d.rotate(h),
    "getitem": lambda d, h: d[h], "iterate": lambda d, h: [d.append(1) for _ in d], "eq": lambda d, h: d == collections.deque([1, 2, 3, 4]),
    "extend": lambda d, h: d.extend(h), "extend itself": lambda d, h: d.extend(d) or len(d), "mul": lambda d, h: len(d * h),
    "extendleft": lambda d, h: d.extendleft(d) or len(d), "repr": lambda d, h: len(repr(d)),
}.items():
    show("deque " + name, lambda: on_deque(use))
for kind in (lambda: bytearray(b"abcdef"), lambda: array.array("i", range(6))):
    for name, use in {
        "getitem": lambda b, h: b[h], "setitem": lambda b, h: b.__setitem__(h, 1), "setitem value": lambda b, h: b.__setitem__(1, h),
        "slice": lambda b, h: b[h:4], "setslice": lambda b, h: b.__setitem__(slice(h, 4), b), "delitem": lambda b, h: b.__delitem__(h),
        "insert": lambda b, h: b.insert(h, 1), "insert value": lambda b, h: b.insert(4, h), "append": lambda b, h: b.append(h),
        "pop": lambda b, h: b.pop(h), "extend": lambda b, h: b.extend([h, h]), "mul": lambda b, h: b * h, "index": lambda b, h: b.index(h),
        "contains": lambda b, h: h in b, "count": lambda b, h: b.count(h), "remove": lambda b, h: b.remove(h),
    }.items():
        data = kind()
        if isinstance(data, array.array) and name in ("insert value", "append", "extend"):
            continue
        hook = Hook(lambda: data.__delitem__(slice(None)), 2)
        show(type(data).__name__ + " " + name, lambda: use(data, hook))
        data = kind()
        view = memoryview(data)
        show("exported " + type(data).__name__ + " " + name, lambda: use(data, Hook(lambda: data.__delitem__(slice(None)), 2)))
        view.release()
view = memoryview(bytearray(8))
show("view index", lambda: view[Hook(view.release, 2)])
view = memoryview(bytearray(8))
show("view value", lambda: view.__setitem__(2, Hook(view.release, 2)))
view = memoryview(bytearray(8))
show("view slice", lambda: type(view[Hook(view.release, 2):]))
stream = io.BytesIO(b"abc")
show("stream buffer", lambda: (stream.getbuffer(), stream.write(b"x" * 50)))
stream = io.BytesIO(b"abc")
show("stream closed", lambda: stream.read(Hook(stream.close, 1)))
show("stream seek", lambda: stream.seek(0))
text = io.StringIO("abc")
show("text closed", lambda: text.read(Hook(text.close, 1)))


# Generators
def entering():
    yield next(me)


me = entering()
show("generator in itself", lambda: next(me))


def throwing():
    try:
        yield 1
    finally:
        me2.throw(ValueError)


me2 = throwing()
next(me2)
show("throw in itself", lambda: me2.close())


def closing():
    yield me3.close()


me3 = closing()
show("close in itself", lambda: next(me3))


def stubborn():
    while True:
        try:
            yield 1
        except GeneratorExit:
            pass


g = stubborn()
next(g)
show("ignores exit", lambda: g.close())
g.gi_frame and None


class Delegate:
    def __iter__(self):
        return self

    def __next__(self):
        return next(outer)


def delegating():
    yield from Delegate()


outer = delegating()
show("delegates to itself", lambda: next(outer))
for make in (lambda f: map(f, [1]), lambda f: filter(f, [1]), lambda f: itertools.takewhile(f, [1]), lambda f: itertools.groupby([1, 2], f),
             lambda f: itertools.accumulate([1, 2], f), lambda f: itertools.starmap(f, [(1,)]), lambda f: itertools.dropwhile(f, [1])):
    it = make(lambda *a: next(it))
    show(type(it).__name__ + " in itself", lambda: next(it))
it = itertools.chain.from_iterable(iter(lambda: [next(it)], 0))
show("chain in itself", lambda: next(it))
a, b = itertools.tee(iter(lambda: next(a), 0))
show("tee in itself", lambda: next(a))
it = zip(iter(lambda: next(it), 0))
show("zip in itself", lambda: next(it))
it = iter(lambda: next(it), 0)
show("iter in itself", lambda: next(it))
it = itertools.cycle(iter(lambda: next(it), 0))
show("cycle in itself", lambda: next(it))
it = itertools.islice(iter(lambda: next(it), 0), 3)
show("islice in itself", lambda: next(it))


# Classes
class A:
    pass


class B:
    __slots__ = ("x",)


class C(A):
    def __eq__(self, other):
        self.__class__ = A
        return NotImplemented


show("class while compared", lambda: (C() == C(), type(C())))
show("class to slots", lambda: setattr(A(), "__class__", B))
show("class to int", lambda: setattr(A(), "__class__", int))
show("class of int", lambda: setattr(1, "__class__", A))
show("bases cycle", lambda: setattr(A, "__bases__", (C,)))
show("bases of itself", lambda: setattr(C, "__bases__", (C,)))
show("bases empty", lambda: setattr(C, "__bases__", ()))
show("bases of builtin", lambda: setattr(int, "__bases__", (object,)))
show("dict of class", lambda: setattr(A, "__dict__", {}))
show("name", lambda: setattr(A, "__name__", "a\0b"))
show("name type", lambda: setattr(A, "__name__", 1))
show("del name", lambda: delattr(A, "__name__"))
show("instance dict", lambda: setattr(A(), "__dict__", 1))


class Meta(type):
    def mro(cls):
        return [cls, int] if cls.__name__ == "Bad" else type.mro(cls)


show("mro layout", lambda: Meta("Bad", (), {}))


class Changing(type):
    def mro(cls):
        if "__bases__" in cls.__dict__ or getattr(cls, "go", 0):
            cls.go = 0
            cls.__bases__ = (A,)
        return type.mro(cls)


show("mro changes bases", lambda: Changing("X", (C,), {"go": 1}).__mro__)
show("subclass hook", lambda: type("S", (), {"__init_subclass__": 1}) and type("T", (type("S", (), {"__init_subclass__": 1}),), {}))
show("set name", lambda: type("S", (), {"a": type("D", (), {"__set_name__": lambda *a: 1 / 0})()}))
show("slots conflict", lambda: type("S", (), {"__slots__": ["a"], "a": 1}))
show("slots of int", lambda: type("S", (int,), {"__slots__": ["a"]}))
show("slots name", lambda: type("S", (), {"__slots__": ["1a"]}))
show("two layouts", lambda: type("S", (int, str), {}))


# Objects that come back, and finalizers that raise
kept = []


class Back:
    def __del__(self):
        kept.append(self)


Back()
show("came back", lambda: (len(kept), kept.clear(), len(kept)))


class Raises:
    def __del__(self):
        raise ValueError("in del")


old, sys.unraisablehook = sys.unraisablehook, lambda info: print("unraisable", info.exc_value)
del_me = Raises()
del del_me
cycle = Raises()
cycle.me = cycle
del cycle
gc.collect()


class Deleting:
    def __del__(self):
        holder.clear()


holder = [Deleting() for _ in range(5)]
show("clear in del", lambda: holder.clear())
holder = [Deleting() for _ in range(5)]
show("replaced in del", lambda: holder.__setitem__(slice(0, 3), [1]))
holder = {i: Deleting() for i in range(5)}
show("dict clear in del", lambda: holder.clear())
holder = {i: Deleting() for i in range(5)}
show("dict set in del", lambda: holder.__setitem__(1, 2) or len(holder))
holder = {i: Deleting() for i in range(5)}
show("dict pop in del", lambda: holder.pop(1) and len(holder))
target = A()
target.x = 1
dead = weakref.ref(target, lambda r: print("called", r() is None))
target = None
show("dead", lambda: dead())
weak = weakref.WeakValueDictionary()
weak[1] = target = A()
show("weak iteration", lambda: [weak.clear() for _ in weak.values()])
sys.unraisablehook = old

# Sizes
for name, f in {
    "range": lambda: len(range(10**30)), "list": lambda: [0] * 10**18, "bytes": lambda: bytes(10**18), "str": lambda: "ab" * 10**18,
    "tuple": lambda: (1, 2) * 10**18, "shift": lambda: 1 << 2**70, "width": lambda: "%*d" % (2**62, 1),
    "format": lambda: format(1, f"{2**62}"), "center": lambda: "a".center(2**62), "zfill": lambda: "a".zfill(2**62),
    "bytearray": lambda: bytearray(2**62), "replace": lambda: ("a" * 10**6).replace("", "b" * 10**13 if 0 else "b").__len__(),
    "expandtabs": lambda: "\t".expandtabs(2**40), "to_bytes": lambda: (1).to_bytes(2**62), "read": lambda: io.BytesIO(b"").read(2**62),
    "array": lambda: array.array("i", [1]) * 2**61, "index": lambda: [1][2**70],
    "slice": lambda: [1, 2][2**70 :: -(2**70)], "hex": lambda: float.fromhex("0x1p99999999999999"), "chr": lambda: chr(2**40),
    "islice": lambda: next(itertools.islice([], 2**70)), 
    
    "round": lambda: round(1.5, 2**70), "float": lambda: float("1" + "0" * 400),
    "int of float": lambda: int(float("inf")), "struct": lambda: __import__("struct").calcsize("9999999999999999999s"),
    "fromkeys": lambda: len(dict.fromkeys(range(1000))), "sleep": lambda: __import__("time").sleep(2**70),
}.items():
    show("huge " + name, f)
print("end")
