"""An interpreter's side of the bench: its name as the argument, the texts on standard input, then a line for each thing asked; a line of
figures for each subject.

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
stdin = sys.stdin.buffer
texts = [stdin.read(int(stdin.readline())).decode() for _ in range(int(stdin.readline()))]

subjects = {
    f"{sys.argv[1]}, ast": lambda text: compile(text, "bench", "exec", ast.PyCF_ONLY_AST),
    f"{sys.argv[1]}, compile()": lambda text: compile(text, "bench", "exec", dont_inherit=True),
}


def seconds(work):
    start = time.process_time()
    for text in texts:
        work(text)
    return time.process_time() - start


def memory(work):
    tracemalloc.start()
    peaks = 0
    for text in texts:
        before, _ = tracemalloc.get_traced_memory()
        tracemalloc.reset_peak()
        work(text)
        peaks += tracemalloc.get_traced_memory()[1] - before
    tracemalloc.stop()
    return peaks


while asked := stdin.readline().strip():
    for name, work in subjects.items():
        print(name, memory(work) if asked == b"memory" else seconds(work), sep="\t", flush=True)
