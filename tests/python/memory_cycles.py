"""Cycles through every kind of container are found; counts, resurrection, the order of teardown."""
import gc
import sys
import types
import weakref
from collections import OrderedDict, defaultdict, deque
from functools import partial
from itertools import chain, combinations, count, groupby, permutations, product, tee

gc.disable()
gc.collect()


class Node:
    pass


def found(name, build):
    node = Node()
    gone = weakref.ref(node)
    build(node)
    del node
    before = gone() is not None
    gc.collect()
    print(name, before, gone() is None)


def generator(node):
    held = node
    yield
    return held


async def coroutine(node):
    held = node
    return held


def started(node):
    it = generator(node)
    next(it)
    return it


def closure(node):
    def inner():
        return node
    return inner


def caught(node):
    try:
        held = node
        raise ValueError
    except ValueError as error:
        return error


def in_class(node):
    return type("Made", (), {"node": node})


def in_module(node):
    module = types.ModuleType("made")
    module.node = node
    return module


class Slots:
    __slots__ = ("node", "__weakref__")


def in_slots(node):
    holder = Slots()
    holder.node = node
    return holder


def method_of(node):
    class Owner:
        def method(self):
            pass
    owner = Owner()
    owner.node = node
    return owner.method


CONTAINERS = {
    "list": lambda n: [n],
    "tuple": lambda n: (n, []),
    "dict value": lambda n: {1: n},
    "dict key": lambda n: {n: 1},
    "set": lambda n: {n},
    "frozenset": lambda n: frozenset([n]),
    "deque": lambda n: deque([n]),
    "OrderedDict": lambda n: OrderedDict(a=n),
    "defaultdict": lambda n: defaultdict(lambda: n),
    "closure": closure,
    "default": lambda n: (lambda x=n: x),
    "generator": started,
    "bound method": method_of,
    "class": in_class,
    "module": in_module,
    "slots": in_slots,
    "traceback": caught,
    "partial": lambda n: partial(print, n),
    "property": lambda n: property(lambda self: n),
    "classmethod": lambda n: classmethod(closure(n)),
    "slice": lambda n: slice(n, n),
    "cell": lambda n: types.CellType(n),
    "mappingproxy": lambda n: types.MappingProxyType({1: n}),
    "namespace": lambda n: types.SimpleNamespace(n=n),
    "list iterator": lambda n: iter([n]),
    "dict iterator": lambda n: iter({n: n}),
    "set iterator": lambda n: iter({n}),
    "map": lambda n: map(closure(n), []),
    "filter": lambda n: filter(closure(n), []),
    "zip": lambda n: zip([n], [n]),
    "enumerate": lambda n: enumerate([n]),
    "reversed": lambda n: reversed([n]),
    "chain": lambda n: chain([n]),
    "combinations": lambda n: combinations([n, n], 1),
    "permutations": lambda n: permutations([n, n]),
    "product": lambda n: product([n]),
    "groupby": lambda n: groupby([n]),
    "tee": lambda n: tee([n])[0],
    "memoryview of array": lambda n: [memoryview(b"x"), n],
    "exception": lambda n: ValueError(n),
    "weakref callback": lambda n: [weakref.ref(n, lambda _, n=[n]: None)],
    "bound builtin": lambda n: [n].append,
    "super": lambda n: super(Node, n),
}

for name, make in CONTAINERS.items():
    def build(node, make=make):
        node.link = make(node)
    found(name, build)

# A class given in a finalizer: its instances give it up when they go.
class Old:
    def __del__(self):
        self.__class__ = New


class New:
    pass


before = sys.getrefcount(New)
for _ in range(50):
    Old()
gc.collect()
print("class given by a finalizer", sys.getrefcount(New) == before)

# Resurrection: the finalizer runs once, the object can be collected later.
class Lazarus:
    def __init__(self):
        self.me = self

    def __del__(self):
        print("finalizer")
        kept.append(self)


kept = []
Lazarus()
print(gc.collect() > 0, len(kept))
ref = weakref.ref(kept[0])
kept.clear()
gc.collect()
print(ref() is None)

# Immediate release, in order.
class Told:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("gone", self.name)


def function():
    a = Told("a")
    b = Told("b")
    del a
    print("between")


function()
x = Told("x")
x = None
print("end")
