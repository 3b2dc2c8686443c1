"""Says what this interpreter makes of Python sources, as digests or in full: the half of `cargo xtask exactness` that runs
in Python. CPython 3.14 runs it to give the answers, ophi to be compared.

Requests are lines of JSON on standard input, answers lines of JSON on standard output, in the same order.

    {"path": FILE, "name": NAME, "stages": [STAGE...], "full": false}     what the stages make of a file
    {"program": {"source" or "hex", "mode", "flags", "optimize", "version"}, "full": false}    one call of compile()

An answer is {STAGE: [record...]}; a record is a text, or its digest (BLAKE2b of 8 bytes, in hexadecimal) unless `full`. The
stages code-0, code-1, code-2, dis, dis-full and positions have a record for each code object, outer before inner; the others
have one. The answer of `modes` also holds the programs it tried, in "programs".
"""

import _symtable
import ast
import dis
import hashlib
import io
import json
import re
import sys
import tokenize
import types
import warnings

ERRORS = (SyntaxError, ValueError, OverflowError, RecursionError, MemoryError, TypeError)


def error_text(e):
    """An exception as one line: type, message, place, text."""
    if isinstance(e, SyntaxError):
        place = f"{e.lineno} {e.offset} {e.end_lineno} {e.end_offset}"
        return f"error {type(e).__name__} {e.msg!a} {place} {e.text!a}"
    if isinstance(e, RecursionError):
        # The message tells how much machine stack was used.
        return "error RecursionError"
    return f"error {type(e).__name__} {str(e)!a}"


# Tokens


def tokens(data, name):
    out = []
    before = None
    try:
        for kind, string, (line, col), (end_line, end_col), text in tokenize.tokenize(io.BytesIO(data).readline):
            shown = "=" if text == before else ascii(text)
            before = text
            out.append(f"{kind} {line} {col} {end_line} {end_col} {string!a} {shown}")
    except tokenize.TokenError as e:
        message, (line, col) = e.args
        out.append(f"error TokenError {message!a} {line} {col}")
    except SyntaxError as e:
        out.append(error_text(e))
    return ["\n".join(out)]


# Trees


def tree(data, name):
    try:
        return [ast.dump(ast.parse(data, name), include_attributes=True)]
    except ERRORS as e:
        return [error_text(e)]


def unparse(data, name):
    try:
        return [ast.unparse(ast.parse(data, name))]
    except ERRORS as e:
        return [error_text(e)]


def literals(data, name):
    """literal_eval of every expression that is not inside one that worked."""
    try:
        open_nodes = [ast.parse(data, name)]
    except ERRORS as e:
        return [error_text(e)]
    out = []
    while open_nodes:
        node = open_nodes.pop()
        if isinstance(node, ast.expr):
            try:
                value = ast.literal_eval(node)
            except (ValueError, TypeError, SyntaxError, RecursionError) as e:
                # The message of a ValueError shows the node's address.
                out.append(f"{type(e).__name__} {re.sub(' at 0x[0-9a-f]+', '', str(e))}")
            else:
                out.append(constant(value, []))
                continue
        open_nodes.extend(ast.iter_child_nodes(node))
    return ["\n".join(out)]


def segment(lines, node):
    """The source of a node: whole lines and parts of lines, by its byte columns."""
    first, last = node.lineno - 1, node.end_lineno - 1
    part = lines[first : last + 1]
    part[-1] = part[-1][: node.end_col_offset]
    part[0] = part[0][node.col_offset :]
    return b"".join(part).decode()


def snippets(data):
    """Programs for the other modes and flags, cut from a file: (source, mode, flags, version)."""
    try:
        text = io.TextIOWrapper(io.BytesIO(data), tokenize.detect_encoding(io.BytesIO(data).readline)[0]).read()
        module = ast.parse(text)
    except ERRORS + (LookupError,):
        return
    yield text, "exec", ast.PyCF_TYPE_COMMENTS, 14
    yield text, "exec", 0, 7
    lines = [line + b"\n" for line in text.encode().split(b"\n")]
    for node in module.body:
        if not getattr(node, "decorator_list", None):
            yield segment(lines, node) + "\n", "single", 0, 14
    for node in ast.walk(module):
        if isinstance(node, ast.Expr):
            yield segment(lines, node.value), "eval", 0, 14
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and node.returns:
            parameters = [segment(lines, arg.annotation) for arg in node.args.args if arg.annotation]
            yield f"({', '.join(parameters)}) -> {segment(lines, node.returns)}", "func_type", 0, 14


def modes(data, name):
    programs = [
        {"source": source, "mode": mode, "flags": flags | ast.PyCF_ONLY_AST, "optimize": 0, "version": version}
        for source, mode, flags, version in snippets(data)
    ]
    return programs, ["\n".join(program(one)) for one in programs]


# Symbol tables


def symbols(data, name):
    out = []

    def visit(entry, depth):
        flags = " ".join(f"{symbol}={flags:x}" for symbol, flags in sorted(entry.symbols.items()))
        head = f"{'  ' * depth}{entry.name} {entry.type} {entry.lineno} {int(entry.nested)}"
        out.append(f"{head} [{' '.join(entry.varnames)}] {flags}")
        for child in entry.children:
            visit(child, depth + 1)

    try:
        visit(_symtable.symtable(data, name, "exec"), 0)
    except ERRORS as e:
        out = [error_text(e)]
    return ["\n".join(out)]


# Code objects


def constant(value, children):
    """A constant, exact in type; code objects are numbered and collected."""
    if value is None or value is True or value is False:
        return str(value)
    if value is ...:
        return "Ellipsis"
    kind = type(value)
    if kind is int:
        return f"i:{value:x}"
    if kind is float:
        return f"f:{value.hex()}"
    if kind is complex:
        return f"c:{value.real.hex()},{value.imag.hex()}"
    if kind is str:
        return f"s:{value.encode('utf-8', 'surrogatepass').hex()}"
    if kind is bytes:
        return f"b:{value.hex()}"
    if kind is types.CodeType:
        children.append(value)
        return f"code#{len(children) - 1}"
    if kind is tuple:
        return f"({','.join([constant(item, children) for item in value])})"
    if kind is list:
        return f"l({','.join([constant(item, children) for item in value])})"
    if kind in (frozenset, set):
        return f"{{{','.join(sorted([constant(item, children) for item in value]))}}}"
    if kind is dict:
        return f"d({','.join([constant(item, children) for item in value.items()])})"
    if kind is slice:
        return f"[{','.join([constant(item, children) for item in (value.start, value.stop, value.step)])}]"
    return f"{kind.__name__} {value!r}"


def code_text(code, children):
    consts = " ".join([constant(value, children) for value in code.co_consts])
    return f"""\
code {code.co_qualname} {code.co_name} line {code.co_firstlineno} file {code.co_filename}
 args {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}
 flags {code.co_flags:x}
 names {' '.join(code.co_names)}
 varnames {' '.join(code.co_varnames)}
 cellvars {' '.join(code.co_cellvars)}
 freevars {' '.join(code.co_freevars)}
 consts {consts}
 code {code.co_code.hex()}
 stacksize {code.co_stacksize}
 exceptions {code.co_exceptiontable.hex()}
 lines {code.co_linetable.hex()}"""


def each_code(code, show, out):
    children = []
    text = code_text(code, children)
    out.append(text if show is None else show(code))
    for child in children:
        each_code(child, show, out)


def compiled(source, name, optimize, show=None):
    out = []
    try:
        each_code(compile(source, name, "exec", dont_inherit=True, optimize=optimize), show, out)
    except ERRORS as e:
        out = [error_text(e)]
    return out


def normal(text):
    """Without addresses, and the items of frozensets in order of their texts, because their order follows hashes."""
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    return re.sub(
        r"frozenset\(\{(.*?)\}\)", lambda m: "frozenset({" + ", ".join(sorted(m[1].split(", "))) + "})", text
    )


def listing(**options):
    def show(code):
        out = io.StringIO()
        dis.dis(code, file=out, depth=0, adaptive=False, **options)
        return normal(out.getvalue())

    return show


def positions(code):
    return f"{list(code.co_positions())} {list(code.co_lines())} {list(code.co_branches())}"


def from_tree(data, name):
    try:
        module = ast.parse(data, name)
    except ERRORS as e:
        return [error_text(e)]
    return compiled(module, name, 0)


STAGES = {
    "tokens": tokens,
    "tree": tree,
    "symbols": symbols,
    "code-0": lambda data, name: compiled(data, name, 0),
    "code-1": lambda data, name: compiled(data, name, 1),
    "code-2": lambda data, name: compiled(data, name, 2),
    "dis": lambda data, name: compiled(data, name, 0, listing()),
    "dis-full": lambda data, name: compiled(data, name, 0, listing(show_caches=True, show_offsets=True)),
    "positions": lambda data, name: compiled(data, name, 0, positions),
    "unparse": unparse,
    "literals": literals,
    "code-tree": from_tree,
}


def program(request):
    """One call of compile: warnings, the first warning as an error, then the tree, the code or the error."""
    source = bytes.fromhex(request["hex"]) if "hex" in request else request["source"]
    flags = request["flags"]

    def run():
        return compile(
            source,
            "<program>",
            request["mode"],
            flags,
            dont_inherit=True,
            optimize=request["optimize"],
            _feature_version=request["version"],
        )

    out = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            made = run()
            if isinstance(made, ast.AST):
                answer = [ast.dump(made, include_attributes=True)]
            else:
                answer = []
                each_code(made, None, answer)
        except ERRORS as e:
            answer = [error_text(e)]
    for warning in caught:
        out.append(f"{warning.category.__name__} {str(warning.message)!a} {warning.lineno}")
    if caught:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                run()
            except ERRORS as e:
                out.append("as " + error_text(e))
    return out + answer


def digest(text):
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()


def escaped(text):
    return text.encode("utf-8", "backslashreplace").decode()


def serve(request):
    keep = escaped if request.get("full") else digest
    if "program" in request:
        return {"program": [keep("\n".join(program(request["program"])))]}
    with open(request["path"], "rb") as file:
        data = file.read()
    answer = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for stage in request["stages"]:
            if stage == "modes":
                answer["programs"], records = modes(data, request["name"])
            else:
                records = STAGES[stage](data, request["name"])
            answer[stage] = [keep(text) for text in records]
    return answer


def main():
    sys.stdin.reconfigure(encoding="utf-8")
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    for line in sys.stdin:
        try:
            answer = serve(json.loads(line))
        except Exception as e:
            answer = {"failed": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
