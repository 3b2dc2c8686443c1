"""Records tests/flowgraph/*.cases with the reference CPython: `python3.14 record.py [--corpus DIR OUT | --all FOLDER]`.

A case holds a sequence of instructions, its constants, and what CPython's optimize_cfg (or assemble_code_object) makes
of it. Instructions read NAME OPARG LINE END_LINE COL END_COL; jump opargs are instruction indices. Constants read
N T F . (None True False Ellipsis), i123, f/c + hex bits, s + JSON string, b + hex, (tuple), {frozenset}, /(slice), and
o + number for code objects. Only the definitions file cases.py is edited by hand.
"""
import ast, json, opcode, os, struct, sys
import _testinternalcapi as internal

class Codes(dict):
    def __missing__(self, code):
        self[code] = f"o{len(self)}"
        return self[code]


def encode(value, codes):
    sub = lambda items: " ".join(encode(i, codes) for i in items)
    match value:
        case None: return "N"
        case True: return "T"
        case False: return "F"
        case x if x is ...: return "."
        case int(): return f"i{value}"
        case float(): return "f" + struct.pack(">d", value).hex()
        case complex(): return "c" + struct.pack(">dd", value.real, value.imag).hex()
        case str(): return "s" + json.dumps(value)
        case bytes(): return "b" + value.hex()
        case tuple(): return "(" + sub(value) + ")"
        case frozenset(): return "{" + " ".join(sorted(encode(i, codes) for i in value)) + "}"
        case slice(): return "/(" + sub((value.start, value.stop, value.step)) + ")"
        case _ if hasattr(value, "co_code"): return codes[value]
    raise TypeError(value)


NAMES = {number: name for name, number in opcode.opmap.items()}


NAN = "7ff8000000000000"


def show(sequence, mark):
    for op, arg, *loc in sequence.get_instructions():
        yield f"{mark} {NAMES[op]} {arg or 0} {' '.join(map(str, loc))}"


def merged(instructions, consts):
    """The result as compile() would give it: optimize_cfg gets constants that are not interned, and so may keep two
    equal ones. NaNs stay apart."""
    numbers, kept = {}, []
    renumbered = []
    for text in consts:
        known = numbers.setdefault(text, len(kept))
        if known == len(kept) or NAN in text:
            known = len(kept)
            kept.append(text)
        renumbered.append(known)
    for op, arg, *loc in instructions:
        if NAMES[op] == "LOAD_CONST":
            arg = renumbered[arg]
        yield f"< {NAMES[op]} {arg or 0} {' '.join(map(str, loc))}"
    yield from (f"result {text}" for text in kept)


def optimize_case(name, sequence, consts, nlocals):
    codes = Codes()
    consts = list(consts)
    out = [f"case {name}", f"nlocals {nlocals}"]
    out += [f"const {encode(c, codes)}" for c in consts]
    out += show(sequence, ">")
    try:
        result = internal.optimize_cfg(sequence, consts, nlocals)
    except (ValueError, SystemError) as error:
        out.append(f"error {type(error).__name__}: {error}")
    else:
        out += merged(result.get_instructions(), [encode(c, codes) for c in consts])
    return out + ["end", ""]


def assemble_case(name, sequence, metadata):
    codes = Codes()
    out = [f"case {name}", "assemble"]
    for key in ("argcount", "posonlyargcount", "kwonlyargcount", "firstlineno"):
        out.append(f"meta {key} {metadata[key]}")
    for key in ("varnames", "cellvars", "freevars"):
        out.append(f"meta {key} {' '.join(metadata[key])}")
    out += [f"const {encode(c, codes)}" for c in metadata["consts"]]
    out += show(sequence, ">")
    try:
        code = internal.assemble_code_object(metadata["filename"], sequence, metadata)
    except (ValueError, SystemError) as error:
        out.append(f"error {type(error).__name__}: {error}")
    else:
        out.append(f"code {code.co_code.hex()}")
        out.append(f"linetable {code.co_linetable.hex()}")
        out.append(f"exceptiontable {code.co_exceptiontable.hex()}")
        out.append(f"stacksize {code.co_stacksize}")
        out.append(f"kinds {internal.get_co_localskinds(code)}")
    return out + ["end", ""]


def build(instructions):
    sequence = internal.new_instruction_sequence()
    labels = {}
    for item in instructions:
        if isinstance(item, str):
            sequence.use_label(labels.setdefault(item, len(labels)))
        else:
            name, arg, *loc = item
            if isinstance(arg, str):
                arg = labels.setdefault(arg, len(labels))
            loc = loc if len(loc) == 4 else ([loc[0], loc[0], 0, 1] if loc else [-1] * 4)
            sequence.addop(opcode.opmap[name], arg or 0, *loc)
    return sequence


def sequences(sequence):
    yield sequence
    for nested in sequence.get_nested():
        yield from sequences(nested)


# Stand-ins for the constants of nested code, which codegen does not show.
STAND_INS = [None, 7, "text", 2.5, True, 1003, (1, 2), b"bytes", -17.25, "name", 301, 0.125, ("a", None), 19, False, "end", 254, 256, 3j]


def corpus(root, out):
    with open(out, "w") as file:
        for folder, _, names in sorted(os.walk(os.path.realpath(root))):
            for name in sorted(names):
                if not name.endswith(".py"):
                    continue
                path = os.path.join(folder, name)
                try:
                    tree = ast.parse(open(path, "rb").read(), path)
                    top, metadata = internal.compiler_codegen(tree, path, 0)
                except (SyntaxError, ValueError, RecursionError):
                    continue
                # The module's own sequence may point to annotations that went away with the compiler.
                for number, sequence in enumerate(s for n in top.get_nested() for s in sequences(n)):
                    instructions = sequence.get_instructions()
                    used = [i[1] for i in instructions if NAMES[i[0]] == "LOAD_CONST"]
                    fast = [i[1] for i in instructions if "_FAST" in NAMES[i[0]]]
                    consts = [STAND_INS[i % 19] if i < 19 else f"const {i}" for i in range(max(used, default=-1) + 1)]
                    case = optimize_case(f"{path}:{number}", sequence, consts, max(fast, default=-1) + 1)
                    file.write("\n".join(case) + "\n")
                    deref = [i[1] for i in instructions if "DEREF" in NAMES[i[0]] or NAMES[i[0]] == "LOAD_CLOSURE"]
                    numbered = lambda prefix, used: {f"{prefix}{i}": i for i in range(max(used, default=-1) + 1)}
                    case = assemble_case(f"{path}:{number}", sequence, {
                        "name": "name", "qualname": "name", "filename": path, "argcount": 0, "posonlyargcount": 0,
                        "kwonlyargcount": 0, "firstlineno": max(1, instructions[0][2]), "names": {}, "freevars": {},
                        "varnames": numbered("local", fast), "cellvars": numbered("cell", deref),
                        "consts": numbered("const", used), "fasthidden": {}})
                    file.write("\n".join(case) + "\n")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--corpus"]:
        corpus(sys.argv[2], sys.argv[3])
    else:
        import cases
        everything = sys.argv[1:2] == ["--all"]
        here = sys.argv[2] if everything else os.path.dirname(os.path.abspath(__file__))
        for topic, entries in cases.TOPICS.items():
            with open(os.path.join(here, topic + ".cases"), "w") as file:
                for number, (name, entry) in enumerate(entries.items()):
                    if len(entries) > 1000 and number % 37 and not everything:
                        continue
                    if "metadata" in entry:
                        case = assemble_case(name, build(entry["instructions"]), cases.complete(entry["metadata"]))
                    else:
                        case = optimize_case(name, build(entry["instructions"]), entry.get("consts", []), entry.get("nlocals", 0))
                    file.write("\n".join(case) + "\n")
