"""CPython's side of the bench: texts on standard input, a line of figures for each subject.

The collector of cycles is off: what is timed is the compiler, and trees hold no cycles.
"""
import ast
import gc
import sys
import time
import tracemalloc
import warnings

warnings.simplefilter("ignore")
gc.disable()
rounds = int(sys.argv[1])
texts = []
stdin = sys.stdin.buffer
while head := stdin.readline():
    texts.append(stdin.read(int(head)).decode())

subjects = {
    "CPython tree": lambda text: compile(text, "bench", "exec", ast.PyCF_ONLY_AST),
    "CPython code": lambda text: compile(text, "bench", "exec", dont_inherit=True),
}
for name, work in subjects.items():
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for text in texts:
            work(text)
        best = min(best, time.perf_counter() - start)
    tracemalloc.start()
    peaks = 0
    for text in texts:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work(text)
        peaks += tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    print(name, best, peaks, sep="\t", flush=True)
