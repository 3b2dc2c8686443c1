#!/usr/bin/env python3
"""Compares our listings with those of a CPython, over its whole standard library.

    compare.py OPHI PYTHON...

Each PYTHON compiles its own library (tests left out) into a temporary folder and prints what its `dis` module says of
every file; `OPHI dis` prints the same files. Addresses are left out and the items of frozensets sorted, because their order
follows hashes. A row of the table below is printed for each, and the first differences. Exit status 1 if there are any.

| version | files | lines | equal |
|---------|-------|-------|-------|
| 2.7.18  |   446 |  598245 |  446 |
| 3.6.15  |   485 |  773280 |  485 |
| 3.7.16  |   489 |  789027 |  489 |
| 3.8.18  |   494 |  827880 |  494 |
| 3.9.18  |   501 |  851084 |  501 |
| 3.10.13 |   508 |  912887 |  508 |
| 3.11.7  |   526 | 1028733 |  526 |
| 3.12.1  |   527 |  968804 |  527 |
| 3.13.0  |   544 | 1015069 |  544 |
| 3.14.10 |   556 | 1129515 |  556 |
| 3.15.2  |   591 | 1208733 |  591 |

The `dis` of 2.7 and 3.6 does not look into nested code by itself; here it is told to, as `ophi dis --depth` is.
"""
import os
import re
import subprocess
import sys
import tempfile

# Runs under the compared interpreter, 2.7 included.
HELPER = r"""
from __future__ import print_function
import dis, io, marshal, os, py_compile, sys
out = sys.argv[1]
root = os.path.dirname(os.__file__)
skip = ('__pycache__', 'test', 'tests', 'site-packages', 'dist-packages', 'lib2to3', 'idlelib', 'turtledemo',
        'ensurepip', 'distutils', 'pydoc_data', 'bsddb', 'lib-tk')
header = 8 if sys.version_info < (3, 3) else 12 if sys.version_info < (3, 7) else 16
files = []
for folder, folders, names in os.walk(root):
    folders[:] = sorted(name for name in folders if name not in skip)
    for name in sorted(names):
        path = os.path.join(folder, name)
        if not name.endswith('.py'):
            continue
        short = os.path.relpath(path, root)
        target = os.path.join(out, short.replace(os.sep, '.')[:-3] + '.pyc')
        try:
            py_compile.compile(path, cfile=target, dfile=short, doraise=True)
        except Exception:
            continue
        files.append(target)
def show(code):
    dis.dis(code)
    if sys.version_info < (3, 7):
        # Later versions do this themselves.
        for constant in code.co_consts:
            if hasattr(constant, 'co_code'):
                print()
                print('Disassembly of %r:' % (constant,))
                show(constant)
if sys.version_info >= (3,):
    sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding='utf-8', errors='backslashreplace', newline='\n')
for path in sorted(files):
    with open(path, 'rb') as file:
        code = marshal.loads(file.read()[header:])
    print('== ' + path)
    show(code)
"""


def normalize(text):
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    items = lambda m: "frozenset(" + m[1] + ", ".join(sorted(m[2].split(", "))) + m[3] + ")"
    return re.sub(r"frozenset\(([\[{])(.*?)([\]}])\)", items, text)


def split(data):
    parts = re.split(r"(?m)^== (\S+\.pyc)\n", data.decode("utf-8", "surrogateescape"))
    return dict(zip(parts[1::2], parts[2::2]))


def main():
    ophi, pythons = sys.argv[1], sys.argv[2:]
    status = 0
    for python in pythons:
        version = subprocess.check_output([python, "-c", "import sys; print(sys.version.split()[0])"]).decode().strip()
        with tempfile.TemporaryDirectory() as folder:
            wanted = split(subprocess.check_output([python, "-c", HELPER, folder]))
            got = split(subprocess.check_output([ophi, "dis", "--depth", "1000", *sorted(wanted)]))
        equal = 0
        for path, want in wanted.items():
            a, b = normalize(want), normalize(got.get(path, ""))
            equal += a == b
            if a != b:
                status = 1
                for number, (x, y) in enumerate(zip(a.split("\n"), b.split("\n")), 1):
                    if x != y:
                        print(f"{os.path.basename(path)}:{number}\n  want {x[:160]}\n  got  {y[:160]}")
                        break
        lines = sum(text.count("\n") for text in wanted.values())
        print(f"| {version:<7} | {len(wanted):>5} | {lines:>7} | {equal:>4} |", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
