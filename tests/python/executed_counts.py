"""How often each instruction of a program is executed: what `ophiolite.inspect.run` counts, beside the INSTRUCTION events of CPython."""
import dis
import os
import sys
import tempfile
import types
from collections import Counter

PROGRAM = '''
import math
class Point:
    def __init__(self, x, y):
        self.x = x
        self.y = y
    @property
    def size(self):
        return math.hypot(self.x, self.y)
class Circle:
    def __init__(self, r):
        self.r, self.x, self.y = r, 0.0, 0.0
    def __getattr__(self, name):
        return len(name)
def add(a, b):
    return a + b
def total(shapes):
    t = 0
    for i, s in enumerate(shapes):
        t += s.x
        if s.y > 3:
            t += 1
    return t
def collect(n):
    out = []
    for i in range(n):
        out.append(i % 7)
    for i in out:
        if not i:
            continue
        out[i] = i
        while i:
            i -= 1
    return sorted(out, key=lambda x: -x)
for i in range(100): add(i, i)
for i in range(100): add(1.5, i)
for i in range(100): add("a", "b")
add(2**61, 2**61)
total([Point(i, i) for i in range(200)])
total([Circle(i) for i in range(50)])
collect(100)
assert Point(3, 4).size == 5
def odd(x):
    return [x] @ x
for i in range(30):
    try:
        odd(i)
    except TypeError:
        pass
    finally:
        text = f"{i!r:>5}"
def numbers(n):
    for i in range(n):
        yield i
def pass_on(n):
    got = yield from numbers(n)
    return got
assert sum(pass_on(100)) == 4950
async def wait(n):
    return n
async def main():
    return [await wait(i) for i in range(20)]
try:
    main().send(None)
except StopIteration as stop:
    assert len(stop.value) == 20
def kinds(x):
    match x:
        case [a, b]: return a
        case {"k": v}: return v
        case Point(x=3): return 3
        case str(): return "text"
    return None
for i in range(40):
    kinds([1, 2]); kinds({"k": 1}); kinds("x"); kinds(i)
def fib(n):
    return n if n < 2 else fib(n - 1) + fib(n - 2)
fib(12)
text = ""
for i in range(50):
    text += "ab"
def change():
    text = ""
    for i in range(50):
        text += "ab"
        del i
    return text
change()
d = {}
for k in "abcabc" * 20:
    d[k] = d.get(k, 0) + 1
for k, v in d.items():
    assert v == 40 and k in d
lambda: 0
def many(*args, key=None, **rest):
    return len(args) + len(rest)
for i in range(60):
    many(1, 2, a=3); many(*[1, 2], **{"b": 1}); many(key=1)
'''


def all_code(code):
    yield code
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from all_code(constant)


def by_monitoring(path):
    with open(path) as file:
        code = compile(file.read(), path, "exec")
    codes = list(all_code(code))
    counts = {each: Counter() for each in codes}
    m = sys.monitoring
    m.use_tool_id(3, "counts")

    def executed(code, offset):
        counts[code][offset] += 1

    m.register_callback(3, m.events.INSTRUCTION, executed)
    for each in codes:
        m.set_local_events(3, each, m.events.INSTRUCTION)
    exec(code, {"__name__": "__main__"})
    m.free_tool_id(3)
    for each in codes:
        yield each.co_qualname, [
            (i.offset, i.opname, counts[each][i.offset]) for i in dis.get_instructions(each)
        ]


def by_witness(path):
    from ophiolite import inspect

    for each in inspect.run(path):
        assert each["whole"]
        for row in each["instructions"]:
            assert row["executed"] == sum(row["forms"].values()), row
        yield each["name"], [(row["offset"], row["instruction"], row["executed"]) for row in each["instructions"]]


with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "program.py")
    with open(path, "w") as file:
        file.write(PROGRAM)
    try:
        import ophiolite
    except ImportError:
        results = by_monitoring(path)
    else:
        results = by_witness(path)
    for name, rows in results:
        print(name)
        started = False
        for offset, opname, executed in rows:
            # On CPython where a function starts or resumes, and what comes before, is no event of an instruction.
            started = started or opname == "RESUME"
            if started and opname != "RESUME":
                print("   ", offset, opname, executed)
