#!/usr/bin/env python3
"""Compares the complexities that `ophi analyze` prints with radon's.

    compare.py OPHI RADON DIR

For every function of DIR: McCabe's number counted on the tree (`source_cyclomatic`) must be radon's; the number of the flow
graph (`cyclomatic_complexity`) may differ, and how often is told. Functions that only one of the two has are told too: radon
counts also functions in code that the compiler drops (`if 0:`), which have no code object. Files that radon cannot read,
because they are newer than the Python it runs on, are named and left out. Exit status 1 if numbers of the tree differ.

Over CPython 3.14.10's library without its tests, radon 6.0.1 on Python 3.11: the tree's number is equal on all 12,977
functions that both have; radon alone has 3 functions and we alone 61; the flow graph's number is equal on 12,069 (93 %).
"""
import collections
import json
import os
import subprocess
import sys

ophi, radon, folder = sys.argv[1:]


def answer(*command):
    return json.loads(subprocess.run(command, capture_output=True, check=False, text=True).stdout)


theirs, unread = {}, set()


def add(path, block):
    if block["type"] != "class":
        theirs[path, block["name"], block["lineno"]] = block["complexity"]
    for inner in block.get("methods", []) + block.get("closures", []) + block.get("inner_classes", []):
        add(path, inner)


for path, blocks in answer(radon, "cc", "--json", folder).items():
    if isinstance(blocks, list):
        for block in blocks:
            add(os.path.normpath(path), block)
    else:
        unread.add(os.path.normpath(path))
        print("radon cannot read:", path, blocks.get("error"))

# Radon names a function by the line of its `def`, a code object by that of its first decorator: a function of ours is the
# first of radon's that has its name and begins at or after its line.
lines = collections.defaultdict(list)
for path, name, line in theirs:
    lines[path, name].append(line)
ours, unmatched = {}, []
for file in answer(ophi, "analyze", "--json", folder)["files"]:
    if os.path.normpath(file["file"]) in unread:
        continue
    for code in file["codes"]:
        if code.get("source_cyclomatic") is not None and not code["name"].startswith("<"):
            if code["kind"] != "class":
                path = os.path.normpath(file["file"])
                within = (line for line in lines[path, code["name"]] if line >= code["line"])
                if (line := min(within, default=None)) is None:
                    unmatched.append((path, code["name"], code["line"]))
                    continue
                ours[path, code["name"], line] = code["source_cyclomatic"], code["cyclomatic_complexity"]

common = [key for key in theirs if key in ours]
tree = [key for key in common if ours[key][0] != theirs[key]]
graph = collections.Counter(ours[key][1] - theirs[key] for key in common)
print(f"{len(common)} functions in both; tree equal on {len(common) - len(tree)}, flow graph equal on {graph[0]}")
for key in tree:
    print("tree differs:", *key, "ours", ours[key][0], "radon", theirs[key])
print("flow graph minus radon:", *(f"{by:+}: {count}" for by, count in sorted(graph.items())))
for key in theirs:
    if key not in ours:
        print("only radon:", *key)
for key in unmatched:
    print("only ours:", *key)
sys.exit(bool(tree))
