"""The library's command line tools, run as `python -m`; times, paths and the interpreter's own name are evened out."""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.request

folder = pathlib.Path(tempfile.mkdtemp(prefix="tools-")).resolve()
os.chdir(folder)
(folder / "sample.py").write_text('''"""A sample module."""
import unittest

LIMIT = 3


def double(x):
    """Twice x."""
    return 2 * x


class SampleTest(unittest.TestCase):
    def test_double(self):
        self.assertEqual(double(2), 4)

    def test_wrong(self):
        self.assertEqual(double(2), 5)

    @unittest.skip("not today")
    def test_skipped(self):
        pass


if __name__ == "__main__":
    print([double(i) for i in range(LIMIT)])
''')
(folder / "plain.py").write_text('''"""A module to be told about."""\n\nLIMIT = 3\n\n\ndef double(x: int = 1) -> int:
    """Twice x."""\n    return 2 * x\n\n\nclass Plain:\n    """A class."""\n\n    size = 1\n\n    def method(self, a, *b):\n        """A method."""\n''')
(folder / "bad.py").write_text("def f(:\n")
(folder / "data.json").write_text('{"b": [1, 2.5, null], "a": {"c": "é"}}')


def even(text):
    text = text.replace(str(folder), "<folder>").replace(sys.executable, "<python>")
    text = re.sub(r"[/\w<>.~-]*/(?=(unittest|pdb|cProfile|pstats|runpy|bdb)\b[\w/]*\.py)", "<library>/", text)
    text = re.sub(r"(<library>/.*), line \d+", r"\1, line <n>", text)
    text = re.sub(r"\d+-\d+-\d+ \d+:\d+:\d+", "<date>", text)
    text = re.sub(r"\d+\.\d+s\b", "<time>", text)
    text = re.sub(r"\b\d+(\.\d+)? (nsec|usec|msec|sec) per loop", "<time> per loop", text)
    text = re.sub(r"\d+ loops?", "<n> loops", text)
    text = re.sub(r"\d+\.\d{3}", "<t>", text)
    text = re.sub(r"\d+ function calls( \(\d+ primitive calls\))?", "<n> function calls", text)
    return text


def tool(*arguments, input="", keep=lambda line: True):
    print("$ -m", *arguments)
    done = subprocess.run(
        [sys.executable, "-m", *arguments], input=input, capture_output=True, text=True, encoding="utf-8", timeout=60
    )
    for name, text in ("out", done.stdout), ("err", done.stderr):
        for line in even(text).splitlines():
            if keep(line):
                print(f"{name}| {line}".rstrip())
    print("status", done.returncode)


tool("unittest", "-v", "sample")
tool("unittest", "missing_module")
tool("json.tool", "data.json")
tool("json.tool", "--sort-keys", "--indent", "2", "--no-ensure-ascii", "data.json")
tool("json", "--compact", input="[1, 2]")
tool("json.tool", input="[1,, 2]")
tool("timeit", "-n", "5", "-r", "2", "pass", keep=lambda line: "best of" in line)
tool("dis", "sample.py", keep=lambda line: "<code object" not in line)
tool("ast", "--indent", "1", input="x = f(1)[2:]")
tool("tokenize", input="x = 1 # one\n")
tool("tokenize", "-e", "sample.py", keep=lambda line: "OP" not in line)
tool("symtable", "sample.py")
tool("compileall", "-q", ".")
print(sorted(p.name.split(".")[0] for p in (folder / "__pycache__").iterdir()))
tool("py_compile", "bad.py")
tool("pdb", "sample.py", input="b double\nc\nw\np x\nn\nu\nl\nq\n", keep=lambda line: "bdb.py" not in line)
tool("cProfile", "-s", "ncalls", "sample.py", keep=lambda line: "sample.py" in line or line.startswith("["))
tool("zipfile", "-c", "made.zip", "sample.py", "data.json")
tool("zipfile", "-l", "made.zip", keep=lambda line: line.startswith("File") or "data" in line[:4])
tool("zipfile", "-t", "made.zip")
tool("tarfile", "-c", "made.tar", "sample.py")
tool("tarfile", "-l", "made.tar")
tool("gzip", "data.json")
print((folder / "data.json.gz").exists())
tool("base64", "-e", input="hello")
tool("pydoc", "plain")
tool("pydoc", "len")
tool("inspect", "sample:double")
tool("calendar", "2024", "2")
tool("quopri", input="a=b é\n")
tool("uuid", "-u", "uuid5", "-n", "@dns", "-N", "python.org")
tool("asyncio", input="await asyncio.sleep(0, 5)\n", keep=lambda line: line.startswith(">>>"))
tool("venv", "--without-pip", "env")
print(sorted(p.name for p in (folder / "env" / "bin").iterdir() if p.name.lower().startswith("activate")))
python = folder / "env" / "bin" / "python"
done = subprocess.run(
    [python, "-c", "import sys; print(sys.prefix, sys.prefix != sys.base_prefix)"], capture_output=True, text=True
)
print(even(done.stdout), end="")
tool("no_such_module")
tool("sample")

server = subprocess.Popen(
    [sys.executable, "-u", "-m", "http.server", "--bind", "127.0.0.1", "0"], stdout=subprocess.PIPE,
    stderr=subprocess.DEVNULL, text=True,
)
port = re.search(r"port (\d+)", server.stdout.readline())[1]
with urllib.request.urlopen(f"http://127.0.0.1:{port}/sample.py") as answer:
    print(answer.status, answer.headers["Content-Type"], len(answer.read()))
server.terminate()
server.wait()
shutil.rmtree(folder)
