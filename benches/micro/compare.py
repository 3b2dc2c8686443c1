#!/usr/bin/env python3
"""Run the micro-benchmarks side by side on several interpreters and print the ratios.

usage: compare.py [--only FILE,FILE] [--filter TEXT] [--rounds N] [--json FILE] [--worst N] NAME=COMMAND NAME=COMMAND...

The first interpreter is judged against the others. Every file of `cases/` runs in a process of its own, the
interpreters by turns, `--rounds` times; the figure is the least. ratio > 1: the first is that many times faster.
`growth` compares how the costs rise from the smallest to the largest size: above 1, the first interpreter's rise more.
"""
import argparse
import json
import math
import pathlib
import shlex
import subprocess

HERE = pathlib.Path(__file__).resolve().parent


def collect(command, path, options):
    arguments = [*shlex.split(command), str(HERE / "run_cases.py"), str(path), "--budget", str(options.budget)]
    if options.filter:
        arguments += ["--filter", options.filter]
    try:
        done = subprocess.run(arguments, capture_output=True, text=True, timeout=options.timeout)
        output, note = done.stdout, done.stderr
    except subprocess.TimeoutExpired as late:
        output, note = (late.stdout or b"").decode(), "timeout"
    rows = [json.loads(line) for line in output.splitlines() if line.startswith("{")]
    return rows, note.strip().splitlines()[-1:] if note else []


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
    parser.add_argument("--budget", type=float, default=0.02)
    parser.add_argument("--timeout", type=float, default=300)
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
        for _ in range(options.rounds):
            for name, command in peers:
                rows, note = collect(command, path, options)
                errors += [f"{path.stem} {name}: {line}" for line in note]
                for row in rows:
                    key = (f"{path.stem}.{row['case']}", row["n"])
                    if "error" in row:
                        errors.append(f"{key[0]} n={key[1]} {name}: {row['error']}")
                        continue
                    cell = table.setdefault(key, {})
                    cell[name] = min(cell.get(name, math.inf), row["seconds"])
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
