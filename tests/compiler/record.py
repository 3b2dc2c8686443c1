"""Rewrites the answers in the golden files beside it with those of the CPython 3.14 that runs it.

usage: python3.14 record.py          (all files)

A file of code/ or symtable/ is a list of cases:

    === name [mode=exec|eval|single] [optimize=0|1|2] [flags=hex]
    source
    --- answer
    what CPython made of it

In code/ the answer is every code object, in order of discovery; or the error; warnings come first. In symtable/ it is
the tree of blocks.
"""
import _symtable
import dis
import pathlib
import types
import warnings

HERE = pathlib.Path(__file__).parent


def const(value, children):
    if isinstance(value, types.CodeType):
        children.append(value)
        return f"code {value.co_qualname}"
    if isinstance(value, (tuple, frozenset)):
        items = [const(v, children) for v in value]
        if isinstance(value, frozenset):
            return "frozenset {" + ", ".join(sorted(items)) + "}"
        return "(" + ", ".join(items) + ")"
    if isinstance(value, slice):
        return "slice " + const((value.start, value.stop, value.step), children)
    if isinstance(value, str):
        return f"str {ascii(value)}"
    if isinstance(value, float):
        return f"float {value.hex()}"
    if isinstance(value, complex):
        return f"complex {value.real.hex()} {value.imag.hex()}"
    if value is None or value is ... or isinstance(value, bool):
        return repr(value)
    return f"{type(value).__name__} {value!r}"


def place(position):
    line, end_line, col, end_col = ("-" if part is None else part for part in position)
    return f"{line}:{col}-{end_line}:{end_col}"


def dump(code, out):
    children = []
    out.append(
        f"code {code.co_qualname} ({code.co_name}) line {code.co_firstlineno} args {code.co_argcount}"
        f"/{code.co_posonlyargcount}/{code.co_kwonlyargcount} flags {code.co_flags:x} stack {code.co_stacksize}"
    )
    for what in ("names", "varnames", "cellvars", "freevars"):
        names = getattr(code, "co_" + what)
        if names:
            out.append(f"  {what} {' '.join(names)}")
    for i, value in enumerate(code.co_consts):
        out.append(f"  const {i} {const(value, children)}")
    positions = list(code.co_positions())
    units = code.co_code
    offset = 0
    while offset < len(units):
        op, arg = units[offset], units[offset + 1]
        name = dis.opname[op]
        shown = f"{name} {arg}" if op in dis.hasarg else name
        out.append(f"  {offset:4} {shown:<30} {place(positions[offset // 2])}")
        offset += 2 + 2 * dis._inline_cache_entries.get(name, 0)
    for entry in dis._parse_exception_table(code):
        out.append(f"  handler {entry.start}-{entry.end} -> {entry.target} depth {entry.depth} lasti {int(entry.lasti)}")
    for child in children:
        dump(child, out)


def compiled(source, options):
    out = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            code = compile(
                source,
                "<golden>",
                options.get("mode", "exec"),
                int(options.get("flags", "0"), 16),
                dont_inherit=True,
                optimize=int(options.get("optimize", 0)),
            )
        except SyntaxError as error:
            answer = [
                f"{type(error).__name__} {error.msg} at {error.lineno}:{error.offset}-"
                f"{error.end_lineno}:{error.end_offset}"
            ]
        else:
            answer = []
            dump(code, answer)
    for warning in caught:
        out.append(f"{warning.category.__name__} {warning.message} at {warning.lineno}")
    return out + answer


def symbols(source, options):
    out = []

    def visit(entry, depth):
        out.append(
            f"{'  ' * depth}{entry.name} type {entry.type} line {entry.lineno} nested {entry.nested}"
            f" params ({' '.join(entry.varnames)})"
        )
        for name, flags in sorted(entry.symbols.items()):
            out.append(f"{'  ' * depth}  .{name} {flags:x}")
        for child in entry.children:
            visit(child, depth + 1)

    try:
        visit(_symtable.symtable(source, "<golden>", options.get("mode", "exec")), 0)
    except SyntaxError as error:
        out = [f"{error.msg} at {error.lineno}:{error.offset}-{error.end_lineno}:{error.end_offset}"]
    return out


def rewrite(path, answer):
    head, *cases = ("\n" + path.read_text()).split("\n=== ")
    out = [head.lstrip("\n")] if head.strip() else []
    for case in cases:
        title, _, body = case.partition("\n")
        source = body.split("\n--- answer")[0]
        options = dict(option.split("=") for option in title.split(" ")[1:])
        out.append("=== " + "\n".join([title, source, "--- answer", *answer(source + "\n", options)]))
    path.write_text("\n".join(out) + "\n")


for path in sorted((HERE / "code").glob("*.txt")):
    rewrite(path, compiled)
for path in sorted((HERE / "symtable").glob("*.txt")):
    rewrite(path, symbols)
