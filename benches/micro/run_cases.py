"""Time the cases of one file of `cases/` in this interpreter and print one JSON object a line.

usage: python run_cases.py CASES.py [--filter TEXT] [--budget SECONDS] [--turns N]

A case file holds a list CASES of tuples (name, sizes, setup, statement). `setup` runs once for each size with `n`
bound; `statement` is repeated until the measurement lasts. Processor time is measured, not wall time, so that a
busy machine disturbs less; the figure is the least of several measurements.

With --turns every case of every size is measured N times and each time waits for a line of standard input before: so
whoever starts two interpreters has them measure the same case one right after the other, in the same phase of the machine.
"""
import gc
import json
import sys
import time

TEMPLATE = """
def inner(n, rounds, clock):
{setup}
    rounds = [None] * rounds
    start = clock()
    for _ in rounds:
{statement}
    return clock() - start
"""


def indent(text, width):
    return "\n".join(" " * width + line for line in text.strip().splitlines()) or " " * width + "pass"


def build(setup, statement):
    space = {}
    source = TEMPLATE.format(setup=indent(setup, 4), statement=indent(statement, 8))
    exec(compile(source, "<case>", "exec"), space)
    return space["inner"]


def measure(inner, n, budget):
    """Least processor seconds one run of the statement takes."""
    clock = time.process_time
    rounds = 1
    while True:
        spent = inner(n, rounds, clock)
        if spent >= budget / 2:
            break
        rounds = max(rounds + 1, min(rounds * 10, int(rounds * budget / max(spent, 1e-7))))
    best = spent / rounds
    for _ in range(3 if spent < 2 * budget else 1):
        best = min(best, inner(n, rounds, clock) / rounds)
    return best


def figure(name, n, inner, budget):
    try:
        return {"case": name, "n": n, "seconds": measure(inner(), n, budget)}
    except Exception as error:
        return {"case": name, "n": n, "error": f"{type(error).__name__}: {error}"}


def main(argv):
    path, wanted, budget, turns = argv[0], "", 0.02, 0
    for name, value in zip(argv[1::2], argv[2::2]):
        if name == "--filter":
            wanted = value
        elif name == "--budget":
            budget = float(value)
        elif name == "--turns":
            turns = int(value)
    space = {}
    with open(path) as file:
        exec(compile(file.read(), path, "exec"), space)
    gc.disable()
    for name, sizes, setup, statement in space["CASES"]:
        if wanted not in name:
            continue
        for n in sizes:
            for _ in range(turns or 1):
                if turns:
                    sys.stdin.readline()
                print(json.dumps(figure(name, n, lambda: build(setup, statement), budget)), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
