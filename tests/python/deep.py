# Depth without end: whatever recurses ends in RecursionError (or MemoryError), or works; nothing crashes.
import ast
import copy
import functools
import itertools
import json
import operator
import pickle
import sys
import threading
import types
import weakref

LIMITS = (RecursionError, MemoryError)


def check(name, f, *args):
    try:
        f(*args)
    except LIMITS:
        pass
    except Exception as error:
        print(name, "raised", type(error).__name__)
        return
    print(name, "ok")


def must_recurse(name, f, *args):
    try:
        f(*args)
    except RecursionError:
        print(name, "RecursionError")
    else:
        print(name, "ended")


def nested(n, make, start):
    value = start
    for _ in range(n):
        value = make(value)
    return value


# Python calling itself
def down(n):
    return 0 if n == 0 else 1 + down(n - 1)


must_recurse("function", down, 10**6)
sys.setrecursionlimit(20_000)
print(down(10_000))
sys.setrecursionlimit(1000)


class Attributes:
    def __getattr__(self, name):
        return getattr(self, name + "x")

    @property
    def again(self):
        return self.again

    def __getitem__(self, key):
        return self[key]

    def __len__(self):
        return len(self)

    def __bool__(self):
        return bool(self)

    def __iter__(self):
        return iter(self)

    def __hash__(self):
        return hash(self)

    def __eq__(self, other):
        return self == other

    def __lt__(self, other):
        return self < other

    def __add__(self, other):
        return self + other

    def __repr__(self):
        return str(self)

    def __str__(self):
        return repr(self)

    def __format__(self, spec):
        return format(self, spec)

    def __contains__(self, item):
        return item in self

    def __call__(self):
        return self()

    def __index__(self):
        return operator.index(self)

    def __setattr__(self, name, value):
        setattr(self, name, value)

    def __enter__(self):
        with self:
            pass

    def __exit__(self, *_):
        pass

    def __dir__(self):
        return dir(self)

    def __instancecheck__(self, other):
        return isinstance(other, self)

    def __reduce_ex__(self, protocol):
        return copy.copy(self)


a = Attributes()
for name, f in {
    "getattr": lambda: a.foo, "property": lambda: a.again, "getitem": lambda: a[0], "len": lambda: len(a),
    "bool": lambda: bool(a), "iter": lambda: iter(a), "hash": lambda: hash(a), "eq": lambda: a == a,
    "lt": lambda: a < a, "add": lambda: a + 1, "repr": lambda: repr(a), "str": lambda: str(a),
    "format": lambda: format(a, "x"), "contains": lambda: 1 in a, "call": lambda: a(), "index": lambda: operator.index(a),
    "setattr": lambda: setattr(a, "x", 1), "with": lambda: a.__enter__(), "dir": lambda: dir(a),
    "instancecheck": lambda: isinstance(1, a), "reduce": lambda: copy.copy(a), "sort": lambda: sorted([a, a]),
    "f-string": lambda: f"{a}", "percent": lambda: "%s" % a, "set": lambda: {a, a}, "dict": lambda: {a: a},
    "sort key": lambda: sorted([1, 2], key=lambda x: a + x), "max": lambda: max(a, a), "print": lambda: print(a, end=""),
    "abs": lambda: [].__contains__(a) or a[1],
}.items():
    must_recurse(name, f)


class Tied:
    pass


Tied.__repr__ = Tied.__str__
must_recurse("repr is str", repr, Tied())
Tied.__call__ = Tied()
must_recurse("call is instance", Tied())

# Nested containers
DEPTH = 20_000
# Whose repr copies the text of what is inside at every level.
SLOW = {"namespace", "partial", "mappingproxy", "exception"}
makers = {
    "list": (lambda v: [v], []),
    "tuple": (lambda v: (v,), ()),
    "dict": (lambda v: {1: v}, {}),
    "frozenset": (lambda v: frozenset([v]), frozenset()),
    "namespace": (lambda v: types.SimpleNamespace(a=v), types.SimpleNamespace()),
    "slice": (lambda v: slice(v), slice(1)),
    "partial": (lambda v: functools.partial(print, v), functools.partial(print)),
    "mappingproxy": (lambda v: types.MappingProxyType(v), {}),
    "alias": (lambda v: list[v], int),
    "exception": (lambda v: ValueError(v), ValueError()),
}
for name, (make, start) in makers.items():
    depth = 2_000 if name in SLOW else DEPTH
    x = nested(depth, make, start)
    y = nested(depth, make, start)
    check(name + " repr", repr, x)
    check(name + " eq", operator.eq, x, y)
    check(name + " hash", lambda: hash(x) if getattr(type(x), "__hash__") and name not in ("mappingproxy", "namespace") else 0)
    check(name + " deepcopy", lambda: copy.deepcopy(x) if name in ("list", "tuple", "dict") else 0)
    check(name + " pickle", lambda: pickle.dumps(x) if name in ("list", "tuple", "dict") else 0)
    check(name + " json", lambda: json.dumps(x) if name in ("list", "tuple", "dict") else 0)
    del x, y

classes = nested(DEPTH, lambda v: (v,), int)
check("isinstance", isinstance, 1, classes)
check("issubclass", issubclass, int, classes)


def catch():
    try:
        raise ValueError
    except nested(DEPTH, lambda v: (v,), ValueError):
        pass


try:
    catch()
except (TypeError, *LIMITS):
    pass
except ValueError:
    pass
print("except with nested tuples ok")
check("json.loads", lambda: json.loads("[" * DEPTH + "]" * DEPTH))
check("pickle.loads", lambda: pickle.loads(b"(" * DEPTH + b"t" * DEPTH + b"."))
check("startswith", lambda: "a".startswith(("a",)))

# Nested iterators and callables
for name, make in {
    "map": lambda v: map(int, v), "filter": lambda v: filter(None, v), "zip": lambda v: zip(v),
    "chain": lambda v: itertools.chain(v), "enumerate": lambda v: enumerate(v), "islice": lambda v: itertools.islice(v, 2),
    "takewhile": lambda v: itertools.takewhile(bool, v), "cycle": lambda v: itertools.cycle(v),
    "accumulate": lambda v: itertools.accumulate(v), "chain.from_iterable": lambda v: itertools.chain.from_iterable([v]),
}.items():
    check(name + " nested", lambda: next(nested(DEPTH, make, iter([1, 2, 3]))))


def through(source):
    for item in source:
        yield item


def delegate(source):
    yield from source


check("generators", lambda: next(nested(DEPTH, through, iter([1]))))
check("yield from", lambda: next(nested(DEPTH, delegate, iter([1]))))
check("bound methods", lambda: nested(DEPTH, lambda v: types.MethodType(v, 1), lambda *_: 0)())
try:
    nested(DEPTH, lambda v: types.MethodType(v, 1), print).nothing
except (AttributeError, *LIMITS):
    print("attribute of bound methods ok")
check("static methods", lambda: nested(DEPTH, staticmethod, int)())
check("abstract properties", lambda: nested(DEPTH, property, int).__isabstractmethod__)

# Source
for name, source in {
    "parentheses": "(" * DEPTH + ")" * DEPTH, "brackets": "[" * DEPTH + "]" * DEPTH, "minus": "-" * DEPTH + "1",
    "not": "not " * DEPTH + "1", "plus": "1" + "+1" * DEPTH, "attributes": "a" + ".b" * DEPTH, "calls": "a" + "()" * DEPTH,
    "subscripts": "a" + "[0]" * DEPTH, "conditions": "1 if 1 else " * DEPTH + "1", "lambdas": "lambda:" * DEPTH + "1",
    "powers": "2" + "**2" * DEPTH, "comparisons": "1" + "<1" * DEPTH, "awaits": "await " * DEPTH + "1",
    "stars": "*" * DEPTH + "a", "fstrings": "f'{" * 150 + "1" + "}'" * 150, "and": "1" + " and 1" * DEPTH,
}.items():
    for run in (compile, ast.parse):
        try:
            run(source, "deep", "eval") if run is compile else run(source)
        except (SyntaxError, RecursionError, MemoryError):
            pass
    print(name, "source ok")
for name, source in {
    "elif": "if 1: pass\n" + "elif 1: pass\n" * 20_000,
    "blocks": "".join(" " * i + "if 1:\n" for i in range(99)) + " " * 99 + "pass\n",
    "deep blocks": "".join(" " * i + "if 1:\n" for i in range(2000)) + " " * 2000 + "pass\n",
    "functions": "".join(" " * i + "def f():\n" for i in range(99)) + " " * 99 + "pass\n",
    "decorators": "@a\n" * DEPTH + "def f(): pass\n",
    "assignments": "a=" * DEPTH + "1\n",
}.items():
    try:
        compile(source, "deep", "exec")
    except (SyntaxError, RecursionError, MemoryError):
        pass
    print(name, "source ok")
tree = nested(DEPTH, lambda v: ast.UnaryOp(ast.USub(), v), ast.Constant(1))
check("unparse", ast.unparse, tree)
check("dump", ast.dump, tree)
check("compile tree", lambda: compile(ast.Expression(tree), "deep", "eval"))
check("literal_eval", lambda: ast.literal_eval(tree))
del tree

# Letting go
for name, (make, start) in makers.items():
    x = nested(60_000, make, start)
    del x
    print(name, "freed")


class Node:
    def __init__(self, next):
        self.next = next


head = None
for _ in range(200_000):
    head = Node(head)
del head
print("linked list freed")


class Noisy:
    count = 0

    def __init__(self, next):
        self.next = next

    def __del__(self):
        Noisy.count += 1


head = None
for _ in range(50_000):
    head = Noisy(head)
del head
print("finalizers", Noisy.count)
head = nested(40_000, through, iter([1]))
del head
print("generators freed")
head = nested(40_000, delegate, iter([1]))
del head
print("delegating generators freed")
head = ValueError()
for _ in range(40_000):
    new = ValueError()
    new.__context__ = head
    new.__cause__ = head
    head = new
del head, new
print("contexts freed")
head = None
for _ in range(20_000):
    node = Node(head)
    head = weakref.ref(node, lambda r, n=node: None)
    head = node
del head, node
print("weak references freed")


# Chains of handled exceptions
def chain(n):
    try:
        raise ValueError(n)
    except ValueError:
        if n:
            chain(n - 1)
        raise


must_recurse("handlers", chain, 10**6)


class InInit(Exception):
    def __init__(self):
        raise InInit


def raise_in_init():
    raise InInit


must_recurse("exception in its own __init__", raise_in_init)


# Small stacks
def in_thread(f):
    result = []

    def run():
        try:
            f()
        except Exception:
            result.append("limit")
        else:
            result.append("ended")

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    return result[0]


for size in (0, 256 << 10, 1 << 20):
    threading.stack_size(size)
    deep_list = nested(DEPTH, lambda v: [v], [])
    results = [in_thread(f) for f in (lambda: down(10**6), lambda: repr(a))]
    check("thread repr", in_thread, lambda: repr(deep_list))
    check("thread compile", in_thread, lambda: ast.parse("-" * 5000 + "1"))
    check("thread json", in_thread, lambda: json.loads("[" * DEPTH + "]" * DEPTH))
    print(size, results)
    del deep_list
threading.stack_size(0)
print("end")
