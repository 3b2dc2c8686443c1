#!/usr/bin/env python3
"""What holes cost: every second of many objects is freed, and objects of another size are made. Peak memory above that of a bare process.

usage: holes.py NAME=COMMAND NAME=COMMAND...

The first interpreter is judged: a ratio below 1 means that it needs less.
"""
import shlex
import subprocess
import sys

KINDS = {
    "bytes": (400000, "bytes(64)", "bytes(100)"),
    "mixed bytes": (400000, "bytes(16 + i * 7 % 400)", "bytes(24 + i * 11 % 400)"),
    "beyond the pools": (100000, "bytes(600 + i % 1000)", "bytes(700 + i * 3 % 1000)"),
    "strings": (400000, "'x%d' % i", "'y' * (40 + i % 20)"),
    "tuples": (400000, "(i, i)", "(i, i, i)"),
    "lists": (400000, "[i]", "[i, i, i, i, i]"),
    "dicts": (100000, "{'a': i}", "{'a': i, 'b': i, 'c': i, 'd': i, 'e': i, 'f': i}"),
}
PROGRAM = """
kept = [{first} for i in range({count})]
del kept[::2]
more = [{second} for i in range({count} // 2)]
"""
PEAK = """
with open("/proc/self/status") as status:
    print([line.split()[1] for line in status if line.startswith("VmHWM")][0])
"""


def peak(command, program):
    """KiB; the least of three runs."""
    runs = [subprocess.run([*shlex.split(command), "-c", program + PEAK], capture_output=True, text=True) for _ in range(3)]
    return min(int(done.stdout) for done in runs)


def main():
    peers = [word.split("=", 1) for word in sys.argv[1:]]
    if not peers:
        sys.exit(__doc__)
    bare = {name: peak(command, "") for name, command in peers}
    print(f"{'holes':18s}" + "".join(f"{name + ' MiB':>16s}" for name, _ in peers) + f"{'ratio':>8s}")
    print(f"{'bare':18s}" + "".join(f"{bare[name] / 1024:16.1f}" for name, _ in peers))
    for kind, (count, first, second) in KINDS.items():
        program = PROGRAM.format(first=first, second=second, count=count)
        above = [(peak(command, program) - bare[name]) / 1024 for name, command in peers]
        print(f"{kind:18s}" + "".join(f"{mib:16.1f}" for mib in above) + f"{above[0] / above[-1]:8.2f}")


if __name__ == "__main__":
    main()
