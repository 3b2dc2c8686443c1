"""Records the answers in this folder's golden files. Run with CPython 3.14 from the repository's root:

    python3.14 tests/syntax/record.py

A case is a line `=== mode [flags]`, the program, a line `---`, and the answer. Programs stay as they are in the files,
answers are rewritten; to add a case, add its first line and the program. Flags: `type_comments`, `version=N`.

- trees-*.txt: `ast.dump(tree, indent=1)`, then every node that has a position, parents before children.
- errors-*.txt: the exception; where it points, as lines and columns counted from 1; the text it shows.
"""

import ast
import glob
import os
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))


def located(node):
    if hasattr(node, "col_offset"):
        yield node
    for _, value in ast.iter_fields(node):
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from located(child)


def position(node):
    start, end = (node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset)
    return "{}:{}-{}:{} {}".format(*start, *end, type(node).__name__)


def answer(program, mode, flags):
    flag_bits, version = ast.PyCF_ONLY_AST, 14
    for flag in flags:
        if flag == "type_comments":
            flag_bits |= ast.PyCF_TYPE_COMMENTS
        else:
            version = int(flag.removeprefix("version="))
    try:
        tree = compile(program, "f", mode, flag_bits, _feature_version=version)
    except (SyntaxError, MemoryError, ValueError) as e:
        if isinstance(e, UnicodeDecodeError):
            return f"UnicodeError: {e}"
        lines = [f"{type(e).__name__}: {e.args[0]}"]
        if isinstance(e, SyntaxError):
            lines.append(f"at {e.lineno}:{e.offset}-{e.end_lineno}:{e.end_offset}")
            lines.append(f"text {ascii(e.text)}")
        return "\n".join(lines)
    return "\n".join([ast.dump(tree, indent=1), *map(position, located(tree))])


def rewrite(path):
    with open(path, encoding="utf-8") as file:
        chunks = file.read().split("=== ")
    out = [chunks[0]]
    for chunk in chunks[1:]:
        head, _, rest = chunk.partition("\n")
        program = rest.partition("\n---\n")[0]
        mode, *flags = head.split()
        out.append(f"{head}\n{program}\n---\n{answer(program, mode, flags)}\n")
    with open(path, "w", encoding="utf-8") as file:
        file.write("=== ".join(out))


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    for path in sorted(glob.glob(os.path.join(HERE, "*-*.txt"))):
        rewrite(path)
