"""How long it takes to free structures of a million levels (or as many as the argument says): best of four, milliseconds of processor
time. Run it with each interpreter: `python ends.py [LEVELS]`.
"""
import gc
import sys
from time import process_time


class Node:
    def __init__(self, inner):
        self.inner = inner


def waiting(inner):
    yield inner


def delegating(inner):
    yield from inner


def started(inner):
    generator = waiting(inner)
    next(generator)
    return generator


KINDS = {
    "lists": lambda inner: [inner],
    "tuples": lambda inner: (inner,),
    "instances": Node,
    "generators": waiting,
    "started": started,
    "yield from": delegating,
}


def chain(make, levels):
    inner = None
    for _ in range(levels):
        inner = make(inner)
    return inner


gc.disable()
levels = int(sys.argv[1]) if len(sys.argv) > 1 else 1000000
for name, make in KINDS.items():
    best = 9e9
    for _ in range(4):
        outermost = chain(make, levels)
        start = process_time()
        del outermost
        best = min(best, process_time() - start)
    print(f"{name:12s} {levels:9d}  {best * 1e3:9.1f} ms", flush=True)
