"""Reports on the bytecode of live functions, and on what the interpreter made of it.

    analyze(func)        a dict: what is in its bytecode
    print_report(func)   the same for people to read
    forms(func)          what its instructions became while it ran
    run(path, argv)      runs a program and tells that of all its code; `ophi analyze --run`

A function, method, class, module, code object, generator or source text will do: whatever `dis.dis` takes that has code.
Nested code is reported by itself. `analyze` executes nothing.
"""

import _ophiolite
import dis
import json
import sys
import types
from collections import Counter

__all__ = ["analyze", "forms", "print_report", "run"]


def _code(thing):
    """The code object of what the caller has."""
    return dis._get_code_object(thing)


def analyze(func):
    """A report on a function's bytecode.

    The keys of the first group are name, file, line, instruction_count, opcode_counts (the five most frequent),
    constants (but None), local_variables, free_variables, stack_size, complexity_estimate (1 and the conditional jumps
    POP_JUMP_IF_TRUE, POP_JUMP_IF_FALSE and FOR_ITER). Those that follow are the keys of a report of `ophi analyze --json`,
    among them cyclomatic_complexity (decisions in the source, from the flow graph), nesting, stack_depth (found by
    following the code), calls, imports, names_read, exception_handlers, dead_instructions.
    """
    code = _code(func)
    full = json.loads(_ophiolite.report(code))
    report = {
        "name": code.co_name,
        "file": code.co_filename,
        "line": code.co_firstlineno,
        "instruction_count": full.pop("instruction_count"),
        "opcode_counts": dict(full["opcode_counts"][:5]),
        "constants": [constant for constant in code.co_consts if constant is not None],
        "local_variables": list(code.co_varnames),
        "free_variables": list(code.co_freevars),
        "stack_size": code.co_stacksize,
        "complexity_estimate": full.pop("complexity_estimate"),
    }
    report["all_opcode_counts"] = dict(full.pop("opcode_counts"))
    for key, value in full.items():
        report.setdefault(key, value)
    return report


def print_report(func, *, file=None, disassembly=True):
    """Prints the report on a function: its size, stack, complexity, names, most frequent instructions, disassembly."""
    report = analyze(func)

    def line(text=""):
        print(text, file=file)

    rule = "━" * 50
    line(f"\n{rule}")
    line(f" Function: {report['name']}")
    line(f" File: {report['file']}:{report['line']}")
    line(rule)
    line(f" Instructions: {report['instruction_count']}")
    line(f" Stack depth: {report['stack_size']}")
    line(f" Complexity est.: {report['complexity_estimate']}")
    if report["constants"]:
        line(f" Constants: {report['constants']}")
    if report["local_variables"]:
        line(f" Locals: {report['local_variables']}")
    if report["free_variables"]:
        line(f" Free vars: {report['free_variables']}")
    line("\n Top opcodes:")
    for name, count in report["opcode_counts"].items():
        line(f" {name:<30} {count:>3} {'█' * count}")
    if disassembly:
        line()
        line(" Disassembly:")
        dis.dis(func, file=file)


# What happened in a run


def _jump_counter(name):
    return name.startswith(("POP_JUMP", "JUMP_BACKWARD"))


def forms(func):
    """What has become of each instruction that adapts to what it meets: a list of dicts.

    Keys: offset, line, instruction, form (the specialised instruction now in its place, or None), failures: how often the
    interpreter looked and found no form that fits, or had to give one up (counted up to 12), executed (None: see `run`).
    """
    code = _code(func)
    lines = [None] * (len(code.co_code) // 2)
    for start, end, number in code.co_lines():
        lines[start // 2 : end // 2] = [number] * ((end - start) // 2)
    now = code._co_code_adaptive
    out = []
    for instruction in dis.get_instructions(code):
        at = instruction.offset
        number, name = now[at], instruction.opname
        form = _ophiolite.opname(number)
        fused = number != instruction.opcode and not instruction.cache_info
        if instruction.cache_info and not _jump_counter(name):
            counter = int.from_bytes(now[at + 2 : at + 4], "little")
            specialised = form if number != instruction.opcode else None
            # The low bits are the backoff: 1 at first, one more each time nothing fitted, 0 once a form was found.
            failures = 0 if specialised else max((counter & 15) - 1, 0)
            out.append(_row(instruction, lines, specialised, failures))
        elif fused and not form.startswith("INSTRUMENTED"):
            out.append(_row(instruction, lines, form, 0))
    return out


def _row(instruction, lines, form, failures):
    return {
        "offset": instruction.offset,
        "line": lines[instruction.offset // 2],
        "instruction": instruction.opname,
        "form": form,
        "failures": failures,
        "executed": None,
    }


def _all_code(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_code(constant)


class _Counting:
    """Counts every instruction that the given code objects execute, with sys.monitoring."""

    tool = 3

    def __init__(self, codes):
        self.codes = codes
        self.counts = {code: Counter() for code in codes}

    def __enter__(self):
        monitoring = sys.monitoring
        monitoring.use_tool_id(self.tool, "ophiolite.inspect")
        counts = self.counts

        def executed(code, offset):
            counts[code][offset] += 1

        monitoring.register_callback(self.tool, monitoring.events.INSTRUCTION, executed)
        for code in self.codes:
            monitoring.set_local_events(self.tool, code, monitoring.events.INSTRUCTION)
        return self

    def __exit__(self, *_):
        for code in self.codes:
            sys.monitoring.set_local_events(self.tool, code, 0)
        sys.monitoring.free_tool_id(self.tool)


def run(path, argv=(), *, counts=False):
    """Runs the program in a file as `__main__`; what happened in each of its code objects.

    The answer is a list of dicts: name, file, line, instructions (as `forms` gives them; with `counts` every instruction,
    with how often it was executed). Counted instructions are watched, and watched instructions do not specialise: with
    `counts` the forms stay None. An exception that leaves the program is shown and ends it, as usual.
    """
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    codes = list(_all_code(code))
    main = types.ModuleType("__main__")
    main.__file__ = path
    saved = sys.argv, sys.path[0], sys.modules["__main__"]
    sys.argv, sys.path[0], sys.modules["__main__"] = [path, *argv], path.rpartition("/")[0], main
    counting = _Counting(codes) if counts else None
    try:
        if counting:
            with counting:
                exec(code, main.__dict__)
        else:
            exec(code, main.__dict__)
    except SystemExit:
        pass
    except Exception:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.argv, sys.path[0], sys.modules["__main__"] = saved
    return [_happened(code, counting and counting.counts[code]) for code in codes]


def _happened(code, counts):
    if counts is None:
        rows = forms(code)
    else:
        rows = []
        for instruction in dis.get_instructions(code):
            row = _row(instruction, [instruction.positions.lineno] * (len(code.co_code) // 2), None, 0)
            # Where a function starts or resumes is no event of an instruction.
            row["executed"] = None if instruction.opname == "RESUME" else counts[instruction.offset]
            rows.append(row)
    return {"name": code.co_qualname, "file": code.co_filename, "line": code.co_firstlineno, "instructions": rows}


def _print_run(result, counts, top):
    for code in result:
        rows = code["instructions"]
        if counts:
            rows = [row for row in rows if row["executed"] is not None]
            total = sum(row["executed"] for row in rows)
            print(f"{code['name']} ({code['file']}:{code['line']}): {total} instructions executed")
            shown = sorted(rows, key=lambda row: -row["executed"])[:top] if top else rows
            for row in shown:
                if row["executed"]:
                    print(f"  {row['offset']:>5}  line {row['line'] or '-':>5}  {row['executed']:>12}  {row['instruction']}")
        else:
            found = sum(row["form"] is not None for row in rows)
            missed = [row for row in rows if row["failures"]]
            print(f"{code['name']} ({code['file']}:{code['line']}): {found} of {len(rows)} took a form, {len(missed)} found none")
            for row in rows[:top] if top else rows:
                fate = row["form"] or (f"none fitted, {row['failures']} times" if row["failures"] else "-")
                print(f"  {row['offset']:>5}  line {row['line'] or '-':>5}  {row['instruction']:<24} {fate}")


USAGE = """\
usage: ophi analyze --run [--counts] [--json] [--top N] FILE [ARGUMENT]...

Runs a program, then tells what became of its instructions: the specialised form each took, and how often none fitted.

  --counts   how often each instruction was executed instead (slower; counted instructions do not specialise)
  --json     one line of JSON after the program's own output
  --top N    no more than N instructions of each function"""


def main(args):
    counts = as_json = False
    top = None
    while args and args[0].startswith("-"):
        option, *args = args
        if option == "--counts":
            counts = True
        elif option == "--json":
            as_json = True
        elif option == "--top" and args and args[0].isdigit():
            top, args = int(args[0]), args[1:]
        elif option in ("-h", "--help"):
            print(USAGE)
            return 0
        else:
            print(f"ophi analyze: unknown option {option}\n{USAGE}", file=sys.stderr)
            return 2
    if not args:
        print(f"ophi analyze: --run needs a program\n{USAGE}", file=sys.stderr)
        return 2
    path, *argv = args
    try:
        result = run(path, argv, counts=counts)
    except (OSError, SyntaxError) as error:
        print(f"ophi analyze: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps({"schema": "ophiolite.inspect/1", "command": "analyze --run", "codes": result}))
    else:
        _print_run(result, counts, top)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
