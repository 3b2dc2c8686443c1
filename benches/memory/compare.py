#!/usr/bin/env python3
"""Peak memory of the programs in `programs/`, side by side on several interpreters.

usage: compare.py [--only NAME,NAME] [--json FILE] NAME=COMMAND NAME=COMMAND...

The figure is the largest resident set of the process in MiB (`ru_maxrss` of the finished child); `bare` is the process
that runs nothing. The first interpreter is judged: ratio < 1 means it needs less. All must print the same.
"""
import argparse
import json
import math
import os
import pathlib
import shlex
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def run(command, arguments):
    """(peak in MiB, seconds of processor time, output) of one process."""
    with tempfile.TemporaryFile("w+") as output:
        child = subprocess.Popen([*shlex.split(command), *arguments], stdout=output)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = status
        output.seek(0)
        text = output.read()
    if status:
        sys.exit(f"{command} {arguments}: status {status}")
    return usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime, text


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("interpreters", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    peers = [item.split("=", 1) for item in options.interpreters]
    judged = peers[0][0]
    only = [name for name in options.only.split(",") if name]
    jobs = [("bare", ["-c", "pass"])]
    jobs += [(path.stem, [str(path)]) for path in sorted((HERE / "programs").glob("*.py"))]
    table, logs = {}, {name: [] for name, _ in peers[1:]}
    print(f"{'program':14s}" + "".join(f"{name:>24s}" for name, _ in peers))
    for job, arguments in jobs:
        if only and job not in only:
            continue
        row = table[job] = {name: run(command, arguments) for name, command in peers}
        if len({text for _, _, text in row.values()}) != 1:
            sys.exit(f"{job}: the outputs differ")
        cells = []
        for name, (peak, seconds, _) in row.items():
            cell = f"{peak:8.1f} MiB {seconds:5.2f}s"
            if name != judged:
                ratio = row[judged][0] / peak
                cell += f" {ratio:4.2f}x"
                if job != "bare":
                    logs[name].append(math.log(ratio))
            cells.append(f"{cell:>24s}")
        print(f"{job:14s}" + "".join(cells), flush=True)
    for name, values in logs.items():
        if values:
            print(f"against {name}: geometric mean {math.exp(sum(values) / len(values)):.3f}x, "
                  f"most {math.exp(max(values)):.2f}x")
    if options.json:
        rows = {job: {name: cell[:2] for name, cell in row.items()} for job, row in table.items()}
        pathlib.Path(options.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
