"""Sources whose declared encoding cannot be used, or does not fit: compiled from bytes, and run as files."""
import ast
import os
import subprocess
import symtable
import sys
import tempfile

SOURCES = [
    b"# coding: uft-8\nx\n",
    b"\xef\xbb\xbf# coding: latin-1\n",
    b"# coding: utf-8\n\xff\n",
    b"# coding: ascii\n\xc3\xa9\n",
    b"#!/bin/x\n# coding: ascii\nx = 1\n\n'\xc3\xa9'\n",
    b"# coding: shift_jis\n'\x81'\n",
    b"\xff\n",
    b"# coding: rot13\nx",
    b"x\n\x00y",
    b"# coding: utf-16\n",
    b"# coding: latin-1\nprint(ascii('\xe9'))\n",
    b"# coding: cp1252\nprint(ascii('\x80'))\n",
]

with tempfile.TemporaryDirectory() as folder:
    path = os.path.join(folder, "x.py")
    for source in SOURCES:
        print(source)
        for call in (
            lambda: compile(source, "f", "exec"),
            lambda: ast.parse(source),
            lambda: symtable.symtable(source, "s", "exec"),
            lambda: exec(source),
        ):
            try:
                call()
            except SyntaxError as e:
                print("  ", e.args, e, e.filename, e.lineno, e.offset, e.end_lineno, e.end_offset, ascii(e.text))
            else:
                print("   fine")
        with open(path, "wb") as file:
            file.write(source)
        done = subprocess.run([sys.executable, path], capture_output=True, text=True)
        print(done.returncode, done.stdout, ascii(done.stderr.replace(path, "PATH")))
