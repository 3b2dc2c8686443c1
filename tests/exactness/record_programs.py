"""Runs modules of CPython's test package and writes every call of compile(), eval() and exec() with a text that they make:
the programs of `cargo xtask exactness`. Only what was asked is recorded; the answers come from `worker.py`.

    PYTHONPATH=FOLDER_OF_TEST python3.14 record_programs.py OUT.jsonl MODULE...
"""

import __future__
import builtins
import functools
import io
import json
import sys
import unittest

FUTURE = functools.reduce(
    lambda a, b: a | b, (getattr(__future__, name).compiler_flag for name in __future__.all_feature_names)
)
seen = set()
out = open(sys.argv[1], "w", encoding="utf-8")


def note(source, mode, flags=0, optimize=-1, version=-1):
    if isinstance(source, str):
        try:
            source.encode()
        except UnicodeEncodeError:
            return
        what = {"source": source}
    elif isinstance(source, (bytes, bytearray)):
        what = {"hex": bytes(source).hex()}
    else:
        return
    what |= {
        "mode": mode,
        "flags": flags,
        "optimize": max(optimize, 0),
        "version": version if version >= 0 else 14,
    }
    line = json.dumps(what)
    # Programs of many megabytes test limits of memory and time.
    if line not in seen and len(line) < 2_000_000:
        seen.add(line)
        out.write(line + "\n")


real_compile, real_eval, real_exec = builtins.compile, builtins.eval, builtins.exec


@functools.wraps(real_compile)
def compile(source, filename, mode, flags=0, dont_inherit=False, optimize=-1, *, _feature_version=-1):
    frame = sys._getframe(1)
    inherited = 0 if dont_inherit else frame.f_code.co_flags & FUTURE
    # Numbers that no C int holds are a matter of the arguments, not of the program.
    if isinstance(mode, str) and isinstance(flags, int) and isinstance(optimize, int) and abs(optimize) < 2**31:
        note(source, mode, flags | inherited, optimize, _feature_version)
    return real_compile(
        source, filename, mode, flags | inherited, True, optimize, _feature_version=_feature_version
    )


def runner(real, mode):
    @functools.wraps(real)
    def run(source, globals=None, locals=None, **keywords):
        frame = sys._getframe(1)
        if isinstance(source, str):
            note(source.lstrip(" \t") if mode == "eval" else source, mode, frame.f_code.co_flags & FUTURE)
        if globals is None:
            globals = frame.f_globals
            if locals is None:
                locals = frame.f_locals
        return real(source, globals, globals if locals is None else locals, **keywords)

    return run


builtins.compile = compile
builtins.eval = runner(real_eval, "eval")
builtins.exec = runner(real_exec, "exec")
for name in sys.argv[2:]:
    try:
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + name)
        unittest.TextTestRunner(stream=io.StringIO()).run(suite)
    except Exception as e:
        print(f"{name}: {type(e).__name__}: {e}", file=sys.stderr)
out.close()
