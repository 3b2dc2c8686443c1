#!/usr/bin/env python3
"""Run the micro-benchmarks side by side on several interpreters and print the ratios.

usage: compare.py [--only FILE,FILE] [--filter TEXT] [--rounds N] [--turns N] [--json FILE] [--worst N] NAME=COMMAND NAME=COMMAND...

The first interpreter is judged against the others. Every file of `cases/` runs in a process of its own, `--rounds` times;
the interpreters measure each case by turns, `--turns` times a round, so that the machine is in the same phase for all of
them; the figure is the least. ratio > 1: the first is that many times faster.
`growth` compares how the costs rise from the smallest to the largest size: above 1, the first interpreter's rise more.
"""
import argparse
import json
import math
import pathlib
import shlex
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent


class Worker:
    """An interpreter at work on one file of cases: measures the next row when it is asked to."""

    def __init__(self, name, command, path, options):
        arguments = [*shlex.split(command), str(HERE / "run_cases.py"), str(path)]
        arguments += ["--budget", str(options.budget), "--turns", str(options.turns)]
        if options.filter:
            arguments += ["--filter", options.filter]
        self.name, self.timeout = name, options.timeout
        self.process = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def row(self):
        """The next row, None after the last or when it takes too long."""
        late = threading.Timer(self.timeout, self.process.kill)
        late.start()
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            return None
        finally:
            late.cancel()
        return json.loads(line) if line.startswith("{") else None

    def end(self):
        """What went wrong, as lines."""
        _, notes = self.process.communicate()
        if self.process.returncode:
            return notes.strip().splitlines()[-1:] or [f"ended with {self.process.returncode}"]
        return []


def collect(path, peers, options, table, errors):
    """One round of one file: every interpreter's rows, a turn each."""
    workers = [Worker(name, command, path, options) for name, command in peers]
    working = list(workers)
    while working:
        for worker in list(working):
            row = worker.row()
            if row is None:
                working.remove(worker)
                continue
            key = (f"{path.stem}.{row['case']}", row["n"])
            if "error" in row:
                errors.append(f"{key[0]} n={key[1]} {worker.name}: {row['error']}")
                continue
            cell = table.setdefault(key, {})
            cell[worker.name] = min(cell.get(worker.name, math.inf), row["seconds"])
    for worker in workers:
        errors += [f"{path.stem} {worker.name}: {line}" for line in worker.end()]


def time_text(seconds):
    for unit, scale in (("s ", 1), ("ms", 1e3), ("us", 1e6)):
        if seconds * scale >= 1:
            return f"{seconds * scale:8.2f}{unit}"
    return f"{seconds * 1e9:8.1f}ns"


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--filter", default="")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--turns", type=int, default=3)
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--timeout", type=float, default=60, help="seconds that one measurement may take")
    parser.add_argument("--json")
    parser.add_argument("--worst", type=int, default=0, help="print only the N slowest cases")
    parser.add_argument("interpreters", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    peers = [item.split("=", 1) for item in options.interpreters]
    judged = peers[0][0]
    table, errors = {}, []
    only = [name for name in options.only.split(",") if name]
    for path in sorted((HERE / "cases").glob("*.py")):
        if only and path.stem not in only:
            continue
        for done in range(options.rounds):
            if sys.stderr.isatty():
                print(f"\r{path.stem} {done + 1}/{options.rounds} ", end="", file=sys.stderr, flush=True)
            collect(path, peers, options, table, errors)
    for peer, _ in peers[1:]:
        report(table, judged, peer, options.worst)
    for line in dict.fromkeys(errors):
        print("ERROR", line)
    if options.json:
        rows = [{"case": case, "n": n, **cell} for (case, n), cell in table.items()]
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))


def report(table, judged, peer, worst):
    rows = [(key, cell[judged], cell[peer]) for key, cell in table.items() if judged in cell and peer in cell]
    ratios = {key: theirs / ours for key, ours, theirs in rows}
    growth = {}
    for case in {case for case, _ in ratios}:
        sizes = sorted(n for name, n in ratios if name == case)
        if len(sizes) > 1:
            growth[case, sizes[-1]] = ratios[case, sizes[0]] / ratios[case, sizes[-1]]
    shown = sorted(rows, key=lambda row: ratios[row[0]])[:worst] if worst else rows
    print(f"{'case':42s}{'n':>9s}{judged:>12s}{peer:>12s}{'ratio':>8s}  growth")
    for key, ours, theirs in shown:
        rise = f"{growth[key]:7.2f}" if key in growth else ""
        print(f"{key[0]:42s}{key[1]:9d}{time_text(ours):>12s}{time_text(theirs):>12s}{ratios[key]:7.2f}x{rise}")
    groups = {}
    for (case, _), ratio in ratios.items():
        groups.setdefault(case.split(".")[0], []).append(ratio)
    for group, values in groups.items():
        print(f"{group:20s} geometric mean {mean(values):5.2f}x  least {min(values):5.2f}x  of {len(values)}")
    slow = sum(ratio < 0.7 for ratio in ratios.values())
    print(f"against {peer}: geometric mean {mean(list(ratios.values())):.3f}x over {len(ratios)}, {slow} below 0.7x")


if __name__ == "__main__":
    main()
