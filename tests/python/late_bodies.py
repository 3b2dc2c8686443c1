# Code that has not run yet, looked at from outside; what the code objects of one compilation share.
import dis
import gc
import marshal
import types

SOURCE = '''
def f(): return "a b", (1, 2, "x y"), 1.5, 10**20, frozenset
def g(): return "a b", (1, 2, "x y"), 1.5, 10**20, f
class C:
    def h(self, x): return "a b", x in {1, 2, "q q"}
def branches(x):
    if x:
        return [y for y in x if y]
    while x: x -= 1
    try:
        x()
    except ValueError as error:
        raise KeyError from error
'''


def nested(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from nested(constant)


# Each question is asked of code nobody has asked anything before.
QUESTIONS = {
    "co_lines": lambda code: list(code.co_lines()),
    "co_branches": lambda code: list(code.co_branches()),
    "co_positions": lambda code: hash(tuple(code.co_positions())) == hash(tuple(code.replace().co_positions())),
    "co_code": lambda code: len(code.co_code),
    "co_linetable": lambda code: code.co_linetable.hex(),
    "co_exceptiontable": lambda code: code.co_exceptiontable.hex(),
    "co_names": lambda code: (code.co_names, code.co_varnames, code.co_cellvars, code.co_freevars),
    "co_consts": lambda code: [constant for constant in code.co_consts if not hasattr(constant, "co_code")],
    "replace": lambda code: code.replace(co_name="other").co_qualname,
    "equal": lambda code: (code == code.replace(), hash(code) == hash(code.replace())),
    "marshal": lambda code: marshal.loads(marshal.dumps(code)) == code,
    "dis": lambda code: len(list(dis.get_instructions(code))),
    "line": lambda code: code.co_firstlineno,
}
for name, question in QUESTIONS.items():
    print(name)
    for code in nested(compile(SOURCE, "late", "exec")):
        print("   ", code.co_qualname, question(code))

module = compile(SOURCE, "late", "exec")
f, g = [c for c in module.co_consts if isinstance(c, types.CodeType)][:2]
print([a is b for a, b in zip(f.co_consts, g.co_consts)])
# What is shared outlives the outermost code.
del module
space = {}
exec(compile(SOURCE, "late", "exec"), space)
gc.collect()
print([a is b for a, b in zip(space["f"](), space["g"]())], space["C"]().h("q q"))

# The first run makes nothing the collector would count.
exec(compile("def once(): return (1, 2, (3, 'a b')), 'x y', 2.5", "late", "exec"), space)
gc.collect()
before = len(gc.get_objects())
space["once"]()
gc.collect()
print(len(gc.get_objects()) <= before)

# The line of code that fails when it first runs, and of code never run.
exec(compile("\n\ndef fails():\n    return 1 / 0", "late", "exec"), space)
try:
    space["fails"]()
except ZeroDivisionError as error:
    print(error.__traceback__.tb_next.tb_lineno, space["fails"].__code__.co_firstlineno)
print(space["f"].__doc__, [*space["branches"].__code__.co_lines()][:2])
