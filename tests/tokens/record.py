"""Records the answers in this folder's golden files. Run with CPython 3.14 from the repository's root:

    python3.14 tests/tokens/record.py

Each case is an `input:` line (a bytes literal's inside, ASCII) followed by the answer; a blank line ends it. The
inputs stay as they are in the files, the answers are rewritten. To add a case, add its `input:` line.

- tokenize-*.txt: what `tokenize` sees (`_tokenize.TokenizerIter(extra_tokens=True)`), then the error if any.
- errors-*.txt: the exception of `compile(text, "f", mode)`, of those the lexer gives; the mode is in the file's name.
- warnings.txt: the warnings of `compile`, and the error each becomes under `-W error`.
- encodings.txt: how `compile(bytes)` decodes, as the text or the error.
"""

import _tokenize
import ast
import glob
import os
import warnings

HERE = os.path.dirname(os.path.abspath(__file__))


def escape(data):
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    special = {9: "\\t", 10: "\\n", 13: "\\r", 34: '\\"', 39: "\\'", 92: "\\\\"}
    return "".join(special.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data)


def unescape(text):
    return text.encode("ascii").decode("unicode_escape").encode("latin-1")


def location(args):
    if len(args) < 2 or args[1] is None:
        return ""
    name, line, offset, text, *end = args[1]
    shown = "None" if text is None else f'"{escape(text)}"'
    end = " ".join(map(str, end)) if end else "- -"
    return f" {line} {offset} {end} {shown}{' anonymous' if name is None else ''}"


def error(e):
    return f'{type(e).__name__} "{escape(str(e.args[0]))}"{location(e.args)}'


def tokens(data):
    it = iter(split(data.decode("utf-8")))
    out = []
    try:
        for kind, string, start, end, line in _tokenize.TokenizerIter(lambda: next(it, ""), extra_tokens=True):
            out.append(f'{kind} {start[0]} {start[1]} {end[0]} {end[1]} "{escape(string)}" "{escape(line)}"')
    except SyntaxError as e:
        out.append(error(e))
    return out


def split(text):
    lines = text.split("\n")
    return [line + "\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])


def errors(mode):
    def answer(data):
        try:
            compile(data.decode("utf-8"), "f", mode, flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as e:
            return [error(e)]
        return ["ok"]

    return answer


def warned(data):
    out = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        compile(data.decode("utf-8"), "f", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    for w in caught:
        out.append(f'{w.category.__name__} {w.lineno} "{escape(str(w.message))}"')
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            compile(data.decode("utf-8"), "f", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
        except SyntaxError as e:
            out.append(error(e))
    return out


def decoded(data):
    try:
        tree = compile(data, "f", "exec", flags=ast.PyCF_ONLY_AST, dont_inherit=True)
    except SyntaxError as e:
        return [error(e)]
    return [ascii(node.value) for node in ast.walk(tree) if isinstance(node, ast.Constant)]


ANSWERS = {"tokenize": tokens, "warnings": warned, "encodings": decoded}


def main():
    warnings.simplefilter("ignore")
    for path in sorted(glob.glob(os.path.join(HERE, "*.txt"))):
        name = os.path.basename(path).removesuffix(".txt")
        kind, _, rest = name.partition("-")
        answer = errors(rest) if kind == "errors" else ANSWERS[kind]
        with open(path, encoding="ascii") as file:
            lines = [line.rstrip("\n") for line in file]
        out = [line for line in lines if line.startswith("#")]
        for line in lines:
            if line.startswith("input: "):
                out += ["", line, *answer(unescape(line[len("input: "):]))]
        with open(path, "w", encoding="ascii") as file:
            file.write("\n".join(out).lstrip("\n") + "\n")


if __name__ == "__main__":
    main()
