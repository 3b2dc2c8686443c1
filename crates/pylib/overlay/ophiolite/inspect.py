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
import re
import sys
import types

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


def _is_form(number):
    return _ophiolite.deopt(number) != number


def _adapts(instruction):
    """Whether an instruction looks at what it meets; the other caches are counters of jumps."""
    return bool(instruction.cache_info) and not instruction.opname.startswith(("POP_JUMP", "JUMP_BACKWARD"))


def forms(func):
    """What has become of each instruction that adapts to what it meets: a list of dicts.

    Keys: offset, line, instruction, form (the specialised instruction now in its place, or None), failures: how often the
    interpreter looked and found no form that fits, or had to give one up (counted up to 12). `run` tells more, and of every
    instruction.
    """
    code = _code(func)
    now = code._co_code_adaptive
    out = []
    for instruction in dis.get_instructions(code):
        at = instruction.offset
        number = now[at]
        form = _ophiolite.opname(number) if _is_form(number) else None
        failures = 0
        if _adapts(instruction):
            counter = int.from_bytes(now[at + 2 : at + 4], "little")
            # The low bits are the backoff: 1 at first, one more each time nothing fitted, 0 once a form was found.
            failures = 0 if form else max((counter & 15) - 1, 0)
        elif form is None or form.startswith("INSTRUMENTED"):
            continue
        out.append(
            {
                "offset": at,
                "line": instruction.line_number,
                "instruction": instruction.opname,
                "form": form,
                "failures": failures,
            }
        )
    return out


def _all_code(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _all_code(constant)


def run(path, argv=()):
    """Runs the program in a file as `__main__`; what happened in each of its code objects.

    The answer is a list of dicts: name, file, line, executed (instructions), whole (False where a debugger or profiler of the program
    took instructions over, so that counts are missing), instructions. Keys of an instruction:

    offset, line, instruction, argument   as `dis` shows them
    executed      how often
    adapts        whether it looks at what it meets and takes specialised forms
    form          the form it had at the end, or None
    forms         how often it was executed as what: {name: times}; a form that misses goes on as the plain instruction
    misses        a form did not fit: a list of form, form_is (what the form is for), chosen_for, met, times
    refusals      it looked for a form and found none: a list of met, times

    `met` is None for the rest where more than a handful of different things were met. An exception that leaves the program is shown and
    ends it, as usual.
    """
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    codes = list(_all_code(code))
    main = types.ModuleType("__main__")
    main.__file__ = path
    saved = sys.argv, sys.path[0], sys.modules["__main__"]
    sys.argv, sys.path[0], sys.modules["__main__"] = [path, *argv], path.rpartition("/")[0], main
    for each in codes:
        _ophiolite.witness(each)
    try:
        exec(code, main.__dict__)
    except SystemExit:
        pass
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.argv, sys.path[0], sys.modules["__main__"] = saved
    return [_happened(each) for each in codes]


# Where an object stands is different every time.
_ADDRESS = re.compile(r"(<[^<>]*?) at 0x[0-9a-fA-F]+")


def _happened(code):
    whole, told = _ophiolite.witnessed(code) or (False, [])
    told = {row[0]: row[1:] for row in told}
    rows = []
    for instruction in dis.get_instructions(code):
        executed, now, runs, misses, refusals = told.get(instruction.offset, (0, instruction.opcode, [], [], []))
        rows.append(
            {
                "offset": instruction.offset,
                "line": instruction.line_number,
                "instruction": instruction.opname,
                "argument": _ADDRESS.sub(r"\1", instruction.argrepr),
                "executed": executed,
                "adapts": _adapts(instruction),
                "form": _ophiolite.opname(now) if _is_form(now) else None,
                "forms": {_ophiolite.opname(number): times for number, times in runs},
                "misses": [
                    {
                        "form": _ophiolite.opname(number),
                        "form_is": _ophiolite.opdoc(number),
                        "chosen_for": chosen_for,
                        "met": met or None,
                        "times": times,
                    }
                    for number, chosen_for, met, times in misses
                ],
                "refusals": [{"met": met or None, "times": times} for met, times in refusals],
            }
        )
    return {
        "name": code.co_qualname,
        "file": code.co_filename,
        "line": code.co_firstlineno,
        "executed": sum(row["executed"] for row in rows),
        "whole": whole,
        "instructions": rows,
    }


def _times(count):
    return "once" if count == 1 else f"{count:,} times"


def _reasons(row):
    """Lines that say why forms were missed or not found."""
    for miss in row["misses"]:
        met, chosen_for = miss["met"] or "something else", miss["chosen_for"]
        if met == chosen_for:
            # The classes are as before: something finer did not hold.
            why = f"met {met}, as when it was chosen; but the form is for: {miss['form_is']}"
        elif chosen_for:
            why = f"met {met}; it was chosen for {chosen_for}"
        else:
            why = f"met {met}; the form is for: {miss['form_is']}"
        yield f"{miss['form']} missed {_times(miss['times'])}: {why}"
    for refusal in row["refusals"]:
        yield f"no form found, {_times(refusal['times'])}, for {refusal['met'] or 'something else'}"


def _print_run(result, top):
    import linecache

    for code in result:
        rows = code["instructions"]
        adapting = [row for row in rows if row["adapts"] and row["executed"]]
        found = sum(row["form"] is not None for row in adapting)
        missed = sum(miss["times"] for row in rows for miss in row["misses"])
        print(f"{code['name']} ({code['file']}:{code['line']})")
        print(
            f"  executed {code['executed']:,} instructions; of {len(adapting)} that adapt {found} took a form; "
            f"missed {_times(missed) if missed else 'never'}"
        )
        if not code["whole"]:
            print("  a tool of the program took instructions over: counts are missing")
        if not code["executed"]:
            print()
            continue
        shown = sorted(rows, key=lambda row: -row["executed"])[:top] if top else rows
        last = None
        for row in shown:
            if row["line"] and row["line"] != last:
                last = row["line"]
                print(f"  {last:>6} | {linecache.getline(code['file'], last).strip()}")
            name = row["form"] or row["instruction"]
            argument = f"({row['argument']})" if row["argument"] else ""
            print(f"  {row['executed']:>15,}  {row['offset']:>5}  {name} {argument}".rstrip())
            for reason in _reasons(row):
                print(f"{'':>26}  {reason}")
        print()


USAGE = """\
usage: ophi analyze --run [--json] [--top N] FILE [ARGUMENT]...

Runs a program, then tells what each instruction of its file did: how often it was executed, the specialised form it
took, how often a form was missed and why, and what it met when no form fitted.

  --json     one line of JSON after the program's own output
  --top N    the N instructions of each function that were executed most

The program runs several times as slowly as by itself. Its instructions are counted one by one, so the pairs that the
interpreter otherwise makes of neighbours are not seen here.

  ophi analyze --run --top 5 prog.py input.txt"""


def main(args):
    as_json = False
    top = None
    while args and args[0].startswith("-"):
        option, *args = args
        if option == "--json":
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
        result = run(path, argv)
    except (OSError, SyntaxError) as error:
        print(f"ophi analyze: {error}", file=sys.stderr)
        return 1
    if as_json:
        print(json.dumps({"schema": "ophiolite.inspect/1", "command": "analyze --run", "codes": result}))
    else:
        _print_run(result, top)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
