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

MICRO = pathlib.Path(__file__).resolve().parent.parent.parent / "benches" / "micro"
sys.path.insert(0, str(MICRO))
from run_cases import build

# A frame of a handler has some 64 bytes or more: ROUNDS of them do not fit.
STACK, ROUNDS = 512 << 10, 12_000
# A case whose rounds take longer is not repeated so often.
SECONDS = 0.3


def run_case(setup, statement, n):
    loop = build(setup, statement)
    once = loop(n, 1, time.perf_counter)
    loop(n, min(ROUNDS, int(SECONDS / max(once, 1e-9)) + 1), time.perf_counter)


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
