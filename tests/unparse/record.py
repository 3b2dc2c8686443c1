"""Records the answers in `expressions.txt`. Run with CPython 3.14 from the repository's root:

    python3.14 tests/unparse/record.py

Each case is an `input:` line, an expression in ASCII with escapes, and the text CPython keeps of it as an annotation
under `from __future__ import annotations` (or the message of its error). To add a case, add its `input:` line.
"""

import os
import warnings

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expressions.txt")


def escape(text):
    special = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in text.encode("utf-8"))


def unescape(text):
    return text.encode("ascii").decode("unicode_escape").encode("latin-1").decode("utf-8")


def annotation(expression):
    source = f"from __future__ import annotations\nx: {expression}\n"
    namespace = {}
    exec(compile(source, "f", "exec", dont_inherit=True), namespace)
    return namespace["__annotations__"]["x"]


def main():
    warnings.simplefilter("ignore")
    with open(PATH, encoding="ascii") as file:
        lines = [line.rstrip("\n") for line in file]
    out = [line for line in lines if line.startswith("# ")]
    for line in lines:
        if line.startswith("input: "):
            out += ["", line, escape(annotation(unescape(line[len("input: "):])))]
    with open(PATH, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


if __name__ == "__main__":
    main()
