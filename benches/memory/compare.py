#!/usr/bin/env python3
"""Peak memory of the programs in `programs/`, side by side on several interpreters.

usage: compare.py [--only NAME,NAME] [--json FILE] NAME=COMMAND NAME=COMMAND...

The figure is the largest resident set of the process in MiB; `bare` is the process that runs nothing. The first interpreter is judged: ratio < 1 means it needs less. All must print the same.
"""
import argparse
import json
import math
import os
import pathlib
import shlex
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent


# The program runs in `__main__`; the peak is the kernel's own figure for the address space, read at the end. (What `wait4`
# tells of a child counts the parent's memory before `exec`.)
WRAPPER = """
import sys
sys.argv = sys.argv[1:]
if sys.argv[0] != "-":
    with open(sys.argv[0]) as source:
        exec(compile(source.read(), sys.argv[0], "exec"), globals())
with open("/proc/self/status") as status:
    peak = [line.split()[1] for line in status if line.startswith("VmHWM")]
sys.stderr.write("PEAK " + peak[0])
"""


def run(command, program):
    """(peak in MiB, seconds of processor time, output) of one process."""
    before = os.times()
    done = subprocess.run([*shlex.split(command), "-c", WRAPPER, program], capture_output=True, text=True)
    after = os.times()
    if done.returncode or not done.stderr.startswith("PEAK "):
        sys.exit(f"{command} {program}: {done.stderr}")
    seconds = after.children_user + after.children_system - before.children_user - before.children_system
    return int(done.stderr.split()[1]) / 1024, seconds, done.stdout


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default="")
    parser.add_argument("--json")
    parser.add_argument("interpreters", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    peers = [item.split("=", 1) for item in options.interpreters]
    judged = peers[0][0]
    only = [name for name in options.only.split(",") if name]
    jobs = [("bare", "-")]
    jobs += [(path.stem, str(path)) for path in sorted((HERE / "programs").glob("*.py"))]
    table, logs = {}, {name: [] for name, _ in peers[1:]}
    print(f"{'program':14s}" + "".join(f"{name:>24s}" for name, _ in peers))
    for job, program in jobs:
        if only and job not in only:
            continue
        row = table[job] = {name: run(command, program) for name, command in peers}
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
