#!/usr/bin/env python3
"""pyperformance's programs side by side on several interpreters; the first one is judged against the others.

    benches/programs/compare.py [--only NAME,NAME] [--timeout SECONDS] NAME=COMMAND NAME=COMMAND...

The programs come from the package `pyperformance`, which pip downloads once into the folder for temporary files; nothing is
installed. They run on the stand-in `pyperf.py` beside this file, each in a process of its own, one interpreter after the other.
"""

import argparse
import json
import math
import os
import pathlib
import subprocess
import sys
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
VERSION = "1.14.0"
PROGRAMS = """async_generators async_tree chaos comprehensions coroutines deepcopy deltablue fannkuch float generators go hexiom
json_dumps json_loads logging nbody nqueens pickle pidigits pyflate raytrace regex_compile richards scimark spectral_norm telco
typing_runtime_protocols unpack_sequence""".split()
ARGUMENTS = {"pickle": ["--pure-python", "pickle"], "async_tree": ["none"]}


def programs():
    """The folder of the programs."""
    cache = pathlib.Path(tempfile.gettempdir()) / f"ophiolite-pyperformance-{VERSION}"
    folder = cache / "pyperformance" / "data-files" / "benchmarks"
    if not folder.is_dir():
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", cache, f"pyperformance=={VERSION}"]
        subprocess.run(command, check=True)
        zipfile.ZipFile(next(cache.glob("*.whl"))).extractall(cache)
    return folder


def seconds(command, script, timeout):
    """Seconds an iteration of each benchmark that the script reports; empty, with the reason told, when it fails."""
    environment = dict(os.environ, PYTHONPATH=str(HERE), PYTHONDONTWRITEBYTECODE="1")
    name = script.parent.name.removeprefix("bm_")
    try:
        done = subprocess.run(
            [command, script, *ARGUMENTS.get(name, [])], cwd=script.parent, env=environment, capture_output=True, text=True, timeout=timeout
        )
    except subprocess.TimeoutExpired:
        print(f"{name}: {command} took more than {timeout} s", file=sys.stderr)
        return {}
    if done.returncode:
        print(f"{name}: {command}: {done.stderr.strip().splitlines()[-1:]}", file=sys.stderr)
    rows = (json.loads(line) for line in done.stdout.splitlines() if line.startswith('{"name"'))
    return {row["name"]: row["seconds"] for row in rows}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PROGRAMS), help="these programs, with commas between")
    parser.add_argument("--timeout", type=float, default=120)
    parser.add_argument("interpreters", nargs="+", metavar="NAME=COMMAND")
    options = parser.parse_args()
    interpreters = [given.partition("=")[::2] for given in options.interpreters]
    # The programs run in folders of their own.
    interpreters = [(name, os.path.abspath(command) if os.sep in command else command) for name, command in interpreters]
    folder = programs()
    print(f"{'benchmark':28}" + "".join(f"{name:>14}" for name, _ in interpreters) + "   ratio")
    ratios = []
    for program in options.only.split(","):
        script = folder / f"bm_{program}" / "run_benchmark.py"
        results = [seconds(command, script, options.timeout) for _, command in interpreters]
        for row in results[0]:
            values = [result.get(row) for result in results]
            shown = "".join(f"{value * 1e3:12.4f}ms" if value else f"{'-':>14}" for value in values)
            against = [value / values[0] for value in values[1:] if value]
            ratios += against[:1]
            print(f"{row:28}{shown}   " + " ".join(f"{ratio:.2f}" for ratio in against), flush=True)
    if ratios:
        print(f"geometric mean {math.exp(math.fsum(map(math.log, ratios)) / len(ratios)):.2f}, lowest {min(ratios):.2f}, {len(ratios)} benchmarks")


if __name__ == "__main__":
    main()
