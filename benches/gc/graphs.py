"""What collections cost on graphs of growing size: time of a full collection of live objects, of garbage, and in all while
the graph is built with the collector on. Run it with each interpreter: `python graphs.py [SIZE...]`; seconds of processor time.
"""
import gc
import sys
from time import process_time


class Node:
    def __init__(self, left):
        self.left = left
        self.me = self


def instances(n):
    last = None
    kept = []
    for _ in range(n):
        last = Node(last)
        kept.append(last)
    return kept


def containers(n):
    kept = []
    for i in range(n // 3):
        row = [i, None, (i, kept)]
        row[1] = {"row": row}
        kept.append(row)
    return kept


def measure(build, n):
    gc.collect()
    start = process_time()
    gc.disable()
    kept = build(n)
    built = process_time() - start
    start = process_time()
    gc.collect()
    live = process_time() - start
    start = process_time()
    del kept
    gc.collect()
    garbage = process_time() - start
    gc.enable()
    start = process_time()
    kept = build(n)
    automatic = process_time() - start
    del kept
    gc.collect()
    print(f"{build.__name__:12s} {n:9d}  live {live * 1e3:9.2f} ms  garbage {garbage * 1e3:9.2f} ms  "
          f"build {built * 1e3:9.2f} ms  build with collections {automatic * 1e3:9.2f} ms", flush=True)


for size in map(int, sys.argv[1:] or ["100000", "1000000"]):
    for build in (instances, containers):
        measure(build, size)
