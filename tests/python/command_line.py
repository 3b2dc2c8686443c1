"""The command line: targets, options, exit codes, standard input, the interactive loop."""
import os
import re
import subprocess
import sys
import tempfile

FOLDER = tempfile.mkdtemp()
os.chdir(FOLDER)
ENV = {"PATH": os.environ.get("PATH", ""), "HOME": FOLDER, "LC_ALL": "C.UTF-8"}


def write(name, text):
    os.makedirs(os.path.dirname(os.path.abspath(name)), exist_ok=True)
    with open(name, "w") as file:
        file.write(text)


def run(*args, stdin="", **env):
    child = subprocess.run([sys.executable, *args], input=stdin, capture_output=True, env=ENV | env, encoding="utf-8",
                           errors="backslashreplace")
    print("$", *args, *(f"{key}={value}" for key, value in env.items()), "->", child.returncode)
    for name, text in ("", child.stdout), ("! ", child.stderr):
        text = text.replace(FOLDER, "FOLDER").replace(sys.executable, "PYTHON").replace(os.path.realpath(sys.executable), "PYTHON")
        text = re.sub(r"0x[0-9a-f]+", "0x...", text)
        text = re.sub(r"(?m)^( *File \").*/lib/python3.14/", r"\1LIB/", text)
        text = re.sub(r"(?m)^( *File \".*LIB/.*\", line) \d+", r"\1 N", text)
        text = re.sub(r"(?m)^( *File \")<frozen ([\w.]+)>", r"\1LIB/\2.py", text)
        for line in text.splitlines():
            print("   ", name + line)


write("show.py", "import sys\nprint(__name__, __file__.rpartition('/')[2], sys.argv, sys.flags.optimize)\nassert 0, 'assertions are on'\n")
write("pack/__init__.py", "print('package', __name__)\n")
write("pack/__main__.py", "import sys\nprint('main', __name__, __package__, sys.argv[1:])\n")
write("fold/__main__.py", "import sys\nprint('folder', __name__, repr(__package__), sys.path[0].rpartition('/')[2])\n")
write("bad.py", "x = 1\nif x:\nprint(x)\n")
write("raises.py", "def f(n):\n    return 1 / n\n\nf(0)\n")
write("exits.py", "import sys\nsys.exit(eval(sys.argv[1]))\n")
write("skip.py", "@echo off\nprint('second line', __import__('sys')._getframe().f_lineno)\n")
write("start.py", "import sys\nstarted = 5\n")
write("warn.py", "import warnings\nwarnings.warn('careful', DeprecationWarning)\nprint('\\d')\n")
write("latin.py", "x = 1\ny = '\\x00'\n")
with open("latin.py", "wb") as file:
    file.write(b"# comment\nx = '\xe9'\n")
with open("nul.py", "wb") as file:
    file.write(b"x = 1\x00\n")

run("show.py", "a", "-b")
run("-O", "show.py")
run("-OO", "show.py")
run("-c", "import sys; print(sys.argv, __name__)", "x", "-y")
run("-c", "print(1")
run("-c", "raise KeyError('k')")
run("-m", "pack", "1", "2")
run("-m", "show", "z")
run("-m", "nothing.here")
run("-m", "pack.nothing")
run("fold")
run("missing.py")
run("bad.py")
run("raises.py")
run("latin.py")
run("nul.py")
for value in ("0", "3", "None", "'text'", "256 + 7", "-1", "[1, 2]", "True", "2.5"):
    run("exits.py", value)
run("-x", "skip.py")
run("-", "arg", stdin="import sys\nprint(sys.argv, __name__)\n")
run(stdin="print('from stdin')\nimport sys; print(repr(sys.stdin.read()))\n")
run("-W", "error", "warn.py")
run("-W", "ignore", "warn.py")
run("warn.py")
run("warn.py", PYTHONWARNINGS="ignore")
run("-b", "-c", "print(b'a' == 'a', str(b'a'))")
run("-bb", "-c", "str(b'a')")
run("-P", "-c", "import sys; print('' in sys.path)")
run("-S", "-c", "import sys; print('site' in sys.modules)")
run("-s", "-c", "import sys; print(sys.flags.no_user_site)")
run("-c", "import sys; print(sys.flags.optimize, sys.dont_write_bytecode)", PYTHONOPTIMIZE="2", PYTHONDONTWRITEBYTECODE="1")
run("-B", "-c", "import sys; print(sys.dont_write_bytecode)")
run("-u", "-c", "import sys; print(sys.stdout.write_through, sys.flags.unbuffered)")
run("-X", "utf8=0", "-X", "thing=5", "-c", "import sys; print(sys._xoptions, sys.flags.utf8_mode)")
run("-X", "int_max_str_digits=700", "-c", "import sys; print(sys.get_int_max_str_digits())")
run("-X", "int_max_str_digits=7", "-c", "1")
run("-X", "dev", "-c", "import sys; print(sys.flags.dev_mode, sys.warnoptions)")
run("-q", "-c", "print('quiet')")
run("-Z")
run("--nothing")
run("-c")
run("-m")
run("-X")
run("-W")
run("-V")
run("--version")
run("-c", "import os, signal; os.kill(os.getpid(), signal.SIGTERM)")
run("-c", "raise KeyboardInterrupt")
run("-c", "import sys; sys.stdout.close()")
run("-c", "import os; os.close(1); print('lost')")
run("-c", "import atexit\natexit.register(print, 'at exit')\nraise SystemExit('bye')")
run("-c", "import sys\nsys.excepthook = lambda t, v, tb: print('hook', t.__name__, v)\n1/0")
run("-c", "import threading\nthreading.Thread(target=lambda: 1/0, name='T').start()")
run("-c", "class A:\n    def __del__(self): 1/0\nA()")
run("-c", "print('\\udc80')")
run("-c", "import sys; print(sys.stdin.encoding, sys.stdout.errors, sys.getfilesystemencoding())")
run("-c", "import sys; print(sys.stdout.encoding)", PYTHONIOENCODING="latin-1:replace")
run("-c", "import hashlib; print(hash('abc') == hash('abc'))", PYTHONHASHSEED="1")
run("-c", "print(hash('abc'), hash(b'abc'), list({'a', 'b', 'c', 'd'}))", PYTHONHASHSEED="0")
run("-c", "print(1)", PYTHONHASHSEED="x")
run("-i", "-c", "x = 5", stdin="print(x)\nx = \n")
run("-i", "raises.py", stdin="print(f)\nimport sys; print(type(sys.last_exc))\n")
run("-i", "-q", stdin="import sys\nprint(started, sys.argv)\nraise SystemExit(4)\n", PYTHONSTARTUP="start.py")
run("-i", "-q", PYTHONINSPECT="1", stdin="""1 + 1
def f(n):
    return 1 / n

f(1)
f(0)
if 1:
    print('yes')
else:
    print('no')

x = (1,
     2)
x
'''a
b'''
1 +
for i in range(2): i

_
class A:
    def g(self):
        raise ValueError('v')

A().g()
import sys; sys.ps1 = '? '
None
""")
