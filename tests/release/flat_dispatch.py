"""Does every instruction's handler jump to the next one, or has some become a call that grows the machine stack?

Only the optimised program jumps, so this runs on a release build: every case of the micro-benchmarks, at its least size, many times in one
loop on a thread with little stack. A handler that calls instead of jumping overflows it (RecursionError, or a crash).

usage: ophi tests/release/flat_dispatch.py
"""
import pathlib
import runpy
import sys
import threading
import time
import traceback

# A frame of a handler is some 64 bytes or more: that many of them do not fit.
STACK, ROUNDS, SECONDS = 512 << 10, 12_000, 0.4
HERE = pathlib.Path(__file__).resolve().parent
MICRO = HERE.parent.parent / "benches" / "micro"

LOOP = """
def loop(n, rounds, clock, end):
{setup}
    for turn in rounds:
        if not turn & 255 and clock() > end:
            break
{statement}
"""


def indent(text, width):
    return "\n".join(" " * width + line for line in text.strip().splitlines()) or " " * width + "pass"


def run_case(setup, statement, n):
    space = {}
    exec(LOOP.format(setup=indent(setup, 4), statement=indent(statement, 8)), space)
    space["loop"](n, range(ROUNDS), time.perf_counter, time.perf_counter() + SECONDS)


def main():
    failed = []
    for path in sorted((MICRO / "cases").glob("*.py")):
        cases = runpy.run_path(str(path))["CASES"]
        for name, sizes, setup, statement in cases:
            try:
                run_case(setup, statement, min(sizes))
            except BaseException:
                failed.append(f"{path.stem}.{name}: {traceback.format_exc(limit=-1)}")
        print(f"{path.stem}: {len(cases)} cases", flush=True)
    print("\n".join(failed) or "flat")
    results.append(not failed)


results = []
threading.stack_size(STACK)
thread = threading.Thread(target=main)
thread.start()
thread.join()
sys.exit(results != [True])
