#!/usr/bin/env python3
"""Count the instructions that benchmark programs execute, and which follow each other; print the tables of docs/instruction-statistics.md.

usage: statistics.py OPHI FOLDER [--programs a,b,c] [--rows N]

OPHI is built with `cargo build --profile quick --features op-stats`. FOLDER is `pyperformance/data-files/benchmarks` of the package
`pyperformance` (pip download pyperformance==1.14.0 --no-deps, unzipped). Every program weighs the same:
a row's figure is the mean over the programs of its share in what that program executed.
"""
import argparse
import collections
import os
import pathlib
import subprocess
import sys
import tempfile

PROGRAMS = ("chaos,comprehensions,coroutines,deepcopy,deltablue,fannkuch,float,generators,go,hexiom,json_dumps,logging,nbody,nqueens,"
            "pickle,pyflate,raytrace,regex_compile,richards,scimark,spectral_norm,telco,unpack_sequence")
ARGUMENTS = {"pickle": ["--pure-python", "pickle"]}
# What the programs ask of `pyperf`: the work is done and not timed.
STAND_IN = '''
import argparse, asyncio
from time import perf_counter

def repeat(work):
    # A tenth of a second at least, so that the imports of a small program do not outweigh its work.
    loops, start = 1, perf_counter()
    while True:
        work(loops)
        if perf_counter() - start > 0.1:
            return
        loops *= 2

class Runner:
    def __init__(self, *_, **__):
        self.metadata, self.argparser, self.args = {}, argparse.ArgumentParser(), None
    def parse_args(self, args=None):
        self.args = self.args or self.argparser.parse_args(args)
        return self.args
    def bench_func(self, name, func, *args, inner_loops=None, **_):
        self.parse_args()
        repeat(lambda n: [func(*args) for _ in range(n)])
    def bench_time_func(self, name, func, *args, inner_loops=None, **_):
        self.parse_args()
        repeat(lambda n: func(n, *args))
    def bench_async_func(self, name, func, *args, inner_loops=None, loop_factory=None, **_):
        self.parse_args()
        asyncio.run(func(*args))

def python_implementation():
    return "ophiolite"
'''


def counts(ophi, script, arguments, folder):
    """The rows `op NAME COUNT` and `pair FIRST SECOND COUNT` that the build prints at its end, as two dicts of shares."""
    done = subprocess.run([ophi, str(script), *arguments], cwd=script.parent, capture_output=True, text=True, timeout=600,
                          env=dict(os.environ, PYTHONPATH=folder, PYTHONDONTWRITEBYTECODE="1"))
    singles, pairs = {}, {}
    for line in done.stderr.splitlines():
        words = line.split()
        if len(words) == 3 and words[0] == "op":
            singles[words[1]] = int(words[2])
        elif len(words) == 4 and words[0] == "pair":
            pairs[words[1], words[2]] = int(words[3])
    if done.returncode or not singles:
        raise SystemExit(f"{script.parent.name}: {(done.stderr.strip().splitlines() or ['no counts: is OPHI built with op-stats?'])[-1]}")
    total = sum(singles.values())
    return total, *({name: count / total for name, count in table.items()} for table in (singles, pairs))


def table(title, shares, rows):
    """The most frequent entries: mean share, and the program where the share is the largest."""
    mean = {name: sum(by.values()) / len(PROGRAMS_RUN) for name, by in shares.items()}
    print(f"\n| {title} | mean % | most in | % there |\n|---|---|---|---|")
    for name in sorted(mean, key=lambda n: (-mean[n], n))[:rows]:
        where = max(shares[name], key=lambda p: (shares[name][p], p))
        print(f"| {name} | {100 * mean[name]:.2f} | {where} | {100 * shares[name][where]:.1f} |")


parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("ophi", type=os.path.abspath)
parser.add_argument("folder", type=pathlib.Path)
parser.add_argument("--programs", default=PROGRAMS)
parser.add_argument("--rows", type=int, default=40)
options = parser.parse_args()
PROGRAMS_RUN = options.programs.split(",")
singles, pairs = collections.defaultdict(dict), collections.defaultdict(dict)
executed = 0
with tempfile.TemporaryDirectory() as folder:
    pathlib.Path(folder, "pyperf.py").write_text(STAND_IN)
    for program in PROGRAMS_RUN:
        script = options.folder.resolve() / f"bm_{program}" / "run_benchmark.py"
        total, ops, twos = counts(options.ophi, script, ARGUMENTS.get(program, []), folder)
        executed += total
        for name, share in ops.items():
            singles[f"`{name}`"][program] = share
        for (first, second), share in twos.items():
            pairs[f"`{first}` `{second}`"][program] = share
print(f"{executed:,} instructions in {len(PROGRAMS_RUN)} programs: {', '.join(PROGRAMS_RUN)}.")
table("instruction", singles, options.rows)
table("pair", pairs, options.rows)
