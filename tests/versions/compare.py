#!/usr/bin/env python3
"""Compares our listings with those of a CPython, over its whole standard library.

    compare.py [--record] OPHI PYTHON...

Each PYTHON compiles its own library (tests left out) into a temporary folder and prints what its `dis` module says of
every file; `OPHI dis` prints the same files. Addresses are left out and the items of frozensets sorted, because their order
follows hashes. A row of the table below is printed for each, and the first differences. Exit status 1 if there are any.

| version | files | lines   | equal | digest of ours |
|---------|-------|---------|-------|---|
| 2.7.18  |   446 |  598245 |  446 | bf96fef38ce9e105a7657d01d5138431 |
| 3.6.15  |   485 |  773280 |  485 | d623de1610b4468fd6efa2acc8bd163f |
| 3.7.16  |   489 |  789027 |  489 | 4ca82725d0150b6f0c6eed9a2dd3161d |
| 3.8.18  |   494 |  827880 |  494 | 78d887ab3c959d8fca057cfadccf1971 |
| 3.9.18  |   501 |  851084 |  501 | c364bfa84e6533b4f0c0134fbe82f9ea |
| 3.10.13 |   508 |  912887 |  508 | 80855650de5169de4a5539893843ef3d |
| 3.11.7  |   526 | 1028733 |  526 | de1caeda8d48625c7ab283de531ffe26 |
| 3.12.1  |   527 |  968804 |  527 | b550e838ae613c205699f5139edea1c1 |
| 3.13.0  |   544 | 1015069 |  544 | 00c417b1656fcd05cb0f3611c791c33e |
| 3.14.10 |   553 | 1127133 |  553 | 2579b1bfb9dee21e34e725ca0a8f7c16 |
| 3.15.2  |   591 | 1208733 |  591 | 30c0f58d9b351f711ff44136e3e23b56 |

The `dis` of 2.7 and 3.6 does not look into nested code by itself; here it is told to, as `ophi dis --depth` is. The digest is
the first half of the SHA-256 of our listings of all the files.

With --record the same is done with the programs of this repository that the version compiles, and where the listings are
equal, the `.pyc` files are kept in `VERSION.zip` beside this file and the SHA-256 of our listing of each in `VERSION.txt`:
the goldens of `crates/analyzer/tests/versions.rs`, which needs no interpreter.
"""
import glob
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import zipfile

# Runs under the compared interpreter, 2.7 included. Programs come as pairs of a name and a file.
HELPER = r"""
from __future__ import print_function
import dis, io, marshal, os, sys
out, programs = sys.argv[1], sys.argv[2:]
root = os.path.dirname(os.__file__)
skip = ('__pycache__', 'test', 'tests', 'site-packages', 'dist-packages', 'lib2to3', 'idlelib', 'turtledemo',
        'ensurepip', 'distutils', 'pydoc_data', 'bsddb', 'lib-tk')
if sys.version_info < (3, 4):
    import imp
    magic = imp.get_magic()
else:
    import importlib.util
    magic = importlib.util.MAGIC_NUMBER
header = 8 if sys.version_info < (3, 3) else 12 if sys.version_info < (3, 7) else 16
pairs = list(zip(programs[::2], programs[1::2]))
for folder, folders, names in os.walk(root if not programs else ''):
    folders[:] = sorted(name for name in folders if name not in skip)
    for name in sorted(names):
        path = os.path.join(folder, name)
        if name.endswith('.py'):
            pairs.append((os.path.relpath(path, root), path))
files = []
for short, path in pairs:
    target = os.path.join(out, short.replace(os.sep, '.')[:-3] + '.pyc')
    try:
        with open(path, 'rb') as file:
            code = compile(file.read(), short, 'exec', dont_inherit=True)
    except (EnvironmentError, SyntaxError, ValueError, TypeError):
        continue
    with open(target, 'wb') as file:
        file.write(magic + bytes(bytearray(header - 4)) + marshal.dumps(code))
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


def programs(folder):
    """The programs of this repository: files, and the sources in the goldens of constructs, written into a folder."""
    root = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "../.."))
    pairs = []
    for pattern in "tests/python/*.py", "tests/chapter/listings/*.py", "tests/tools/*.py", "benches/**/*.py":
        for path in sorted(glob.glob(os.path.join(root, pattern), recursive=True)):
            pairs += [os.path.relpath(path, root), path]
    for path in sorted(glob.glob(os.path.join(root, "tests/constructs/*.txt"))):
        with open(path, encoding="utf-8") as file:
            source = file.read().split("--- source\n", 1)[1].split("\n--- ", 1)[0] + "\n"
        name = "constructs/" + os.path.basename(path)[:-4] + ".py"
        target = os.path.join(folder, name.replace("/", "."))
        with open(target, "w", encoding="utf-8") as file:
            file.write(source)
        pairs += [name, target]
    return pairs


def record(version, folder, got, equal):
    """Keeps the files with equal listings and the digests of our listings."""
    here = os.path.dirname(os.path.abspath(__file__))
    lines = []
    with zipfile.ZipFile(os.path.join(here, version + ".zip"), "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for path in sorted(equal):
            name = os.path.basename(path)
            with open(path, "rb") as file:
                archive.writestr(zipfile.ZipInfo(name), file.read(), zipfile.ZIP_DEFLATED, 9)
            lines.append(f"{hashlib.sha256(got[path].encode('utf-8', 'surrogateescape')).hexdigest()} {name}\n")
    with open(os.path.join(here, version + ".txt"), "w", encoding="ascii") as file:
        file.writelines(lines)


def main():
    args = sys.argv[1:]
    is_record = args[0] == "--record"
    ophi, *pythons = args[is_record:]
    status = 0
    for python in pythons:
        version = subprocess.check_output([python, "-c", "import sys; print(sys.version.split()[0])"]).decode().strip()
        with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as sources:
            own = programs(sources) if is_record else []
            wanted = split(subprocess.check_output([python, "-c", HELPER, folder, *own]))
            got = split(subprocess.check_output([ophi, "dis", "--depth", "1000", *sorted(wanted)]))
            equal = []
            for path, want in wanted.items():
                a, b = normalize(want), normalize(got.get(path, ""))
                if a == b:
                    equal.append(path)
                    continue
                status = 1
                for number, (x, y) in enumerate(zip(a.split("\n"), b.split("\n")), 1):
                    if x != y:
                        print(f"{os.path.basename(path)}:{number}\n  want {x[:160]}\n  got  {y[:160]}")
                        break
            if is_record:
                record(".".join(version.split(".")[:2]), folder, got, equal)
        lines = sum(text.count("\n") for text in wanted.values())
        digest = hashlib.sha256("".join(got[path] for path in sorted(got)).encode("utf-8", "surrogateescape")).hexdigest()
        print(f"| {version:<7} | {len(wanted):>5} | {lines:>7} | {len(equal):>4} | {digest[:32]} |", flush=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
