#!/usr/bin/env python3
"""Compares the complexities that `ophi analyze` prints with radon's, and explains each difference.

    compare.py OPHI RADON DIR [--list]

For every function of DIR: McCabe's number counted on the tree (`source_cyclomatic`) must be radon's; the number of the flow
graph (`cyclomatic_complexity`) may differ, but only by what constructs in the function account for, of the kinds in CAUSES. A
table of the kinds is printed; `--list` names the functions too. Functions that only one of the two has are counted: radon
counts those in code that the compiler drops (`if 0:`), and leaves out those of classes inside functions. Files that radon
cannot read, because they are newer than the Python it runs on, are named and left out. Exit status 1 if numbers of the tree
differ, or numbers of the graph that nothing explains. Run it with the Python that radon runs on, or a newer one.

Over CPython 3.14.10's library without its tests, radon 6.0.1 on Python 3.13: the table is in docs/inspect.md.
"""
import ast
import collections
import json
import os
import subprocess
import sys

CAUSES = {
    "generator expression": "a code object of its own; radon counts it with the function around it",
    "lambda": "the same",
    "else of try": "radon counts it; nothing is decided there",
    "else of loop": "the same",
    "bare except": "radon counts it; it catches everything",
    "constant condition": "`while True`, `if __debug__`: the compiler drops the test, or all of it",
    "inside assert": "radon does not look inside: `and`, `or` and conditional expressions there",
    "match": "each test of a pattern is a decision; radon counts cases",
    "default or decorator": "evaluated by the function around; radon leaves it out",
    "annotation": "not evaluated there in 3.14",
    "shared position": "jumps that the compiler turned round and gave one position, more than two of them",
}
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def answer(*command):
    return json.loads(subprocess.run(command, capture_output=True, check=False, text=True).stdout)


def radons(radon, folder):
    """Radon's numbers by file, name and line, and the files it cannot read."""
    numbers, unread = {}, set()

    def add(path, block):
        if block["type"] != "class":
            numbers[path, block["name"], block["lineno"]] = block["complexity"]
        for inner in block.get("methods", []) + block.get("closures", []) + block.get("inner_classes", []):
            add(path, inner)

    for path, blocks in answer(radon, "cc", "--json", folder).items():
        if isinstance(blocks, list):
            for block in blocks:
                add(os.path.normpath(path), block)
        else:
            unread.add(os.path.normpath(path))
            print("radon cannot read:", path, blocks.get("error"))
    return numbers, unread


def ophis(ophi, folder, theirs, unread):
    """Our two numbers by radon's keys, and what radon does not have.

    Radon names a function by the line of its `def`, a code object by that of its first decorator: a function of ours is the
    first of radon's that has its name and begins at or after its line.
    """
    lines = collections.defaultdict(list)
    for path, name, line in theirs:
        lines[path, name].append(line)
    ours, unmatched = {}, []
    for file in answer(ophi, "analyze", "--json", folder)["files"]:
        path = os.path.normpath(file["file"])
        if path in unread:
            continue
        for code in file["codes"]:
            if code["source_cyclomatic"] is None or code["name"].startswith("<") or code["kind"] == "class":
                continue
            within = (line for line in lines[path, code["name"]] if line >= code["line"])
            if (line := min(within, default=None)) is None:
                unmatched.append((path, code["name"], code["line"]))
            else:
                ours[path, code["name"], line] = code["source_cyclomatic"], code["cyclomatic_complexity"]
    return ours, unmatched


def is_constant(test):
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        return is_constant(test.operand)
    return isinstance(test, ast.Constant) or isinstance(test, ast.Name) and test.id == "__debug__"


def decisions(*nodes):
    """How many decisions of expressions radon counts in them."""
    count = 0
    for node in (inner for node in nodes if node for inner in ast.walk(node)):
        if isinstance(node, ast.IfExp):
            count += 1
        elif isinstance(node, ast.BoolOp):
            count += len(node.values) - 1
        elif isinstance(node, ast.comprehension):
            count += 1 + len(node.ifs)
    return count


def causes(function):
    """By how much each kind of construct in a function lets our number differ from radon's."""
    by = collections.Counter()

    def visit(node):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef():
                by["default or decorator"] += decisions(*node.decorator_list, *node.args.defaults, *node.args.kw_defaults)
                return
            case ast.ClassDef():
                by["default or decorator"] += decisions(*node.decorator_list, *node.bases, *node.keywords)
                return
            case ast.Lambda():
                by["lambda"] -= decisions(node.body)
                for default in node.args.defaults:
                    visit(default)
                return
            case ast.GeneratorExp():
                # Its first iterable is evaluated outside.
                by["generator expression"] -= decisions(node) - decisions(node.generators[0].iter)
                visit(node.generators[0].iter)
                return
            case ast.For() | ast.AsyncFor() | ast.While() if node.orelse:
                by["else of loop"] -= 1
            case ast.Try():
                by["else of try"] -= bool(node.orelse)
                by["bare except"] -= sum(handler.type is None for handler in node.handlers)
            case ast.Assert():
                by["inside assert"] += decisions(node.test, node.msg)
            case ast.Match():
                by["match"] += 0
            case ast.AnnAssign():
                by["annotation"] -= decisions(node.annotation)
            case ast.BoolOp() if any(is_constant(value) for value in node.values[:-1]):
                by["constant condition"] -= 1
        if isinstance(node, (ast.While, ast.If, ast.IfExp, ast.Assert)):
            test = node.test
            # `0 and x`: with the test the whole statement goes.
            first = test.values[0] if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else None
            is_dropped = isinstance(first, ast.Constant) and not first.value
            by["constant condition"] -= is_constant(test) or is_dropped
        for child in ast.iter_child_nodes(node):
            visit(child)

    for statement in function.body:
        visit(statement)
    return by


def main(ophi, radon, folder, *options):
    theirs, unread = radons(radon, folder)
    ours, unmatched = ophis(ophi, folder, theirs, unread)
    tree = [key for key in ours if ours[key][0] != theirs[key]]
    by = {key: ours[key][1] - theirs[key] for key in ours}
    print(f"{len(ours)} functions in both; {len(theirs) - len(ours)} only radon's, {len(unmatched)} only ours")
    print(f"the tree's number is equal on {len(ours) - len(tree)}, the flow graph's on {sum(not n for n in by.values())}")
    for key in tree:
        print("tree differs:", *key, "ours", ours[key][0], "radon", theirs[key])

    functions, nodes = collections.Counter(), {}
    for path in {key[0] for key in by}:
        with open(path, "rb") as file:
            for node in ast.walk(ast.parse(file.read())):
                if isinstance(node, FUNCTIONS):
                    nodes[path, node.name, node.lineno] = node
    unexplained = []
    for key, difference in sorted(by.items()):
        found = causes(nodes[key])
        rest = difference - sum(found.values())
        if rest == -1 and "match" not in found and found["generator expression"]:
            found["shared position"] = rest
        elif rest and "match" not in found:
            unexplained.append((*key, difference, dict(found)))
        for kind, part in found.items():
            if part or kind == "match" and rest:
                functions[kind] += 1
                if "--list" in options:
                    print(f"{kind}: {key[0]}:{key[2]}: {key[1]}: {difference:+}")
    print("\n| functions | what differs | why |\n|--:|---|---|")
    for kind, count in functions.most_common():
        print(f"| {count} | {kind} | {CAUSES[kind]} |")
    for key in unexplained:
        print("unexplained:", *key)
    return bool(tree or unexplained)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
