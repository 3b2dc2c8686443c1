#!/usr/bin/env python3
"""What tracemalloc costs: a program that keeps its objects and one whose objects are short-lived, traced and not.

usage: traced.py NAME=COMMAND NAME=COMMAND...

Each figure is the time while traced (by one frame and by ten) over the time without; all of an interpreter's are taken in one process, the best
of seven rounds.
"""
import shlex
import subprocess
import sys

PROGRAM = """
import gc, tracemalloc
from time import process_time

def kept():
    rows = []
    for i in range(20000):
        rows.append((i, [i], {"i": i}))

def short_lived():
    for i in range(100000):
        (i, [i], str(i))

def timed(work):
    gc.collect()
    start = process_time()
    work()
    return process_time() - start

for work in (kept, short_lived):
    best = {0: 9e9, 1: 9e9, 10: 9e9}
    for _ in range(7):
        for frames in best:
            if frames:
                tracemalloc.start(frames)
            best[frames] = min(best[frames], timed(work))
            if frames:
                tracemalloc.stop()
    print(work.__name__, best[0] * 1e3, best[1] / best[0], best[10] / best[0])
"""


def main():
    peers = [word.split("=", 1) for word in sys.argv[1:]]
    if not peers:
        sys.exit(__doc__)
    for name, command in peers:
        done = subprocess.run([*shlex.split(command), "-c", PROGRAM], capture_output=True, text=True)
        for line in done.stdout.splitlines():
            work, untraced, one, ten = line.split()
            print(f"{name:12s}{work:14s}{float(untraced):9.1f} ms   one frame {float(one):5.2f}   ten {float(ten):5.2f}")


if __name__ == "__main__":
    main()
