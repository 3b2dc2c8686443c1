"""Makes the goldens of this folder: every construct of the language in one small program, and what CPython's own commands
print of it. Run with CPython 3.14 from the repository's root:

    python3.14 tests/constructs/record.py [NAME...]

A golden has sections, each after a line `--- NAME`: source, tokens (`-m tokenize`), tree (`-m ast`), scopes (`-m symtable`),
bytecode (`-m dis`), and the flow graph, which CPython does not print: `ophi cfg` does, and `OPHI_BLESS=1 cargo test -p
ophi-analyzer` writes it. To add a construct, add it to PROGRAMS.
"""

import os
import pathlib
import re
import subprocess
import sys

PROGRAMS = {
    "assert": "assert a, b",
    "assignment": "a = b = c\na.b, c[0], *d = e\na += 1\na: int = 1",
    "async": "async def f(a):\n    async for b in a:\n        await b\n    async with a as c:\n        return [d async for d in c]",
    "boolean": "a and b or not c",
    "call": "f(a, *b, c=d, **e)\na.m(1)",
    "class": "class A(B, metaclass=C):\n    'doc'\n    x = 1\n    def m(self):\n        return super().m(), __class__",
    "comparison": "a < b <= c\na is not b\na not in b",
    "comprehension": "[a for a in b if a]\n{a: b for a, b in c}\n{a for b in c for a in b}\n(a for a in b)",
    "conditional": "a if b else c",
    "constants": "(1, 2.5, 3j, 'a', b'b', None, True, ..., (1, 2))\nx in {1, 2}\n-1 + 2 * 3",
    "decorator": "@a\n@b.c(1)\ndef f(): pass",
    "delete": "del a, b.c, d[0], e[1:2]",
    "dict": "{'a': 1, **b}\n{}",
    "fstring": "f'{a!r:>{b}}{c=}d{{'",
    "for": "for a, b in c:\n    if a: break\n    continue\nelse:\n    d",
    "function": "def f(a, b=1, /, c=2, *d, e, g=3, **h) -> int:\n    return lambda: a",
    "generator": "def f():\n    a = yield 1\n    yield from a",
    "global": "def f():\n    global a\n    a = 1\n    def g():\n        nonlocal b\n        b = 2\n    b = 1",
    "if": "if a:\n    b\nelif c:\n    d\nelse:\n    e",
    "import": "import a.b as c, d\nfrom .e import f as g\nfrom h import *",
    "list": "[1, a, *b]\n[]",
    "match": "match a:\n    case 1 | -2: b\n    case [x, *_] if x: c\n    case {'k': v, **r}: d\n    case P(1, q=y): e\n    case _: f",
    "raise": "raise A(1) from b",
    "return": "def f(a):\n    if a: return 1\n    return",
    "set": "{1, a, *b}",
    "slice": "a[1:2, ::3]\na[b:c]",
    "try": "try:\n    a\nexcept (B, C) as d:\n    e\nelse:\n    f\nfinally:\n    g",
    "try-star": "try:\n    a\nexcept* B as c:\n    d",
    "tstring": "t'{a!s:b}c'",
    "type": "type A[T: int, *U, **V] = dict[T, U]\ndef f[T](a: T) -> T: ...\nclass B[T]: pass",
    "unary": "-a, +b, ~c",
    "walrus": "if (a := b) > 1: a",
    "while": "while a < 10:\n    a += 1\nelse:\n    b",
    "with": "with a as b, c:\n    d",
}
COMMANDS = {"tokens": "tokenize", "tree": "ast", "scopes": "symtable", "bytecode": "dis"}
# The interpreter that runs this, by the name it was called: a wrapper need not be sys.executable.
PYTHON = os.environ.get("PYTHON", sys.executable)
HERE = pathlib.Path(__file__).resolve().parent


def normal(text):
    return re.sub(r" at 0x[0-9a-f]+", "", text)


def main():
    for name in sys.argv[1:] or PROGRAMS:
        source = PROGRAMS[name]
        path = HERE / f"{name}.txt"
        old = path.read_text() if path.exists() else ""
        graph = old.partition("--- flow graph\n")[2]
        parts = [f"--- source\n{source}\n"]
        for section, module in COMMANDS.items():
            (HERE / "program.py").write_text(source + "\n")
            command = [PYTHON, "-m", module, "program.py"]
            text = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=True).stdout
            parts.append(f"--- {section}\n{normal(text)}")
        path.write_text("".join(parts) + "--- flow graph\n" + graph)
    (HERE / "program.py").unlink()


if __name__ == "__main__":
    main()
