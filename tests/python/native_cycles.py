"""Cycles that lead through native objects alone: each is found, whatever kind of container holds the way back."""

import asyncio
import collections
import contextvars
import functools
import gc
import io
import itertools
import queue
import threading
import types

loop = asyncio.new_event_loop()


def tracked():
    for _ in range(3):
        gc.collect()
    return len(gc.get_objects())


def simple_queue():
    q = queue.SimpleQueue()
    q.put(q)


def deque():
    d = collections.deque()
    d.append(d)
    d.append(iter(d))


def future_callback():
    f = loop.create_future()
    f.add_done_callback(f.cancel)


def future_result():
    f = loop.create_future()
    f.set_result(f)


def partial_of_itself():
    p = functools.partial(print)
    p.__setstate__((print, (p,), {}, None))


def default_factory():
    d = collections.defaultdict()
    d.default_factory = d.get


def ordered():
    d = collections.OrderedDict()
    d[1] = d


def chained():
    items = []
    items.append(itertools.chain(items, items))


def tee_of_its_items():
    class Source:
        def __iter__(self):
            return self

        def __next__(self):
            return self.item

    source = Source()
    head, tail = itertools.tee(source)
    source.item = head
    next(head)


def cycle_of_itself():
    items = []
    c = itertools.cycle(items)
    items.append(c)
    next(c)
    next(c)


def cached():
    @functools.lru_cache
    def f(x):
        return x

    f(f)


def context():
    v = contextvars.ContextVar("v")
    c = contextvars.copy_context()
    c.run(v.set, c)


def longest():
    items = []
    items.append(itertools.zip_longest(items, items, fillvalue=items))


def products():
    items = []
    items.append(items)
    p = itertools.product(items, repeat=2)
    next(p)
    items.append(p)


def proxy():
    d = {}
    d[1] = types.MappingProxyType(d)


def thread_local():
    own = threading.local()
    own.me = own


def property_of_its_class():
    class A:
        pass

    A.p = property(A)


def namespace():
    n = types.SimpleNamespace()
    n.me = n


def stream():
    class Stream(io.StringIO):
        pass

    s = Stream()
    s.me = s


def exception_context():
    e = Exception()
    e.__context__ = ValueError(e)


for build in [value for value in list(globals().values()) if isinstance(value, types.FunctionType) and value is not tracked]:
    build()
    build()
    before = tracked()
    build()
    build()
    build()
    print(build.__name__, tracked() - before)
