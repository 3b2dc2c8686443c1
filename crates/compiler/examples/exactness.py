"""Dumps the code objects that the running CPython makes of source files, for `exactness.rs` to compare with ours.

usage: python3.14 exactness.py OUT_DIR LEVEL FILE_LIST
Writes OUT_DIR/<number of the file in the list>.txt, one line a fact of a code object, or `error ...`.
"""
import sys
import types
import warnings


def const(value, children):
    if isinstance(value, types.CodeType):
        children.append(value)
        return f"code#{len(children) - 1}"
    if value is None or value is ... or value is True or value is False:
        return repr(value)
    if isinstance(value, int):
        return f"i:{value:x}"
    if isinstance(value, float):
        return f"f:{value.hex()}"
    if isinstance(value, complex):
        return f"c:{value.real.hex()},{value.imag.hex()}"
    if isinstance(value, str):
        return "s:" + value.encode("utf-8", "surrogatepass").hex()
    if isinstance(value, bytes):
        return "b:" + value.hex()
    if isinstance(value, tuple):
        return "(" + ",".join(const(v, children) for v in value) + ")"
    if isinstance(value, frozenset):
        return "{" + ",".join(sorted(const(v, children) for v in value)) + "}"
    if isinstance(value, slice):
        return "[" + ",".join(const(v, children) for v in (value.start, value.stop, value.step)) + "]"
    return f"?{type(value)}"


def dump(code, out):
    children = []
    consts = [const(c, children) for c in code.co_consts]
    out.append(f"code {code.co_qualname} {code.co_name} line {code.co_firstlineno}")
    out.append(f" args {code.co_argcount} {code.co_posonlyargcount} {code.co_kwonlyargcount}")
    out.append(f" flags {code.co_flags:x}")
    out.append(f" names {' '.join(code.co_names)}")
    out.append(f" varnames {' '.join(code.co_varnames)}")
    out.append(f" cellvars {' '.join(code.co_cellvars)}")
    out.append(f" freevars {' '.join(code.co_freevars)}")
    out.append(f" consts {' '.join(consts)}")
    out.append(f" code {code.co_code.hex()}")
    out.append(f" stacksize {code.co_stacksize}")
    out.append(f" exceptions {code.co_exceptiontable.hex()}")
    out.append(f" lines {code.co_linetable.hex()}")
    for child in children:
        dump(child, out)


def main():
    out_dir, level, file_list = sys.argv[1:]
    warnings.simplefilter("ignore")
    sys.set_int_max_str_digits(0)
    with open(file_list) as f:
        files = f.read().split("\n")
    for number, name in enumerate(files):
        if not name:
            continue
        out = []
        try:
            with open(name, "rb") as f:
                code = compile(f.read(), name, "exec", dont_inherit=True, optimize=int(level))
            dump(code, out)
        except Exception as error:
            out = [f"error {type(error).__name__} {error}"]
        with open(f"{out_dir}/{number}.txt", "w", encoding="utf-8", errors="surrogatepass") as f:
            f.write("\n".join(out) + "\n")


main()
