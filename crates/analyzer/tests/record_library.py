"""Records tests/library-dis.txt with CPython 3.14.10.

    cargo run -p ophi-analyzer --example dump_library -- FOLDER
    python3.14 crates/analyzer/tests/record_library.py FOLDER > crates/analyzer/tests/library-dis.txt
"""
import dis
import io
import os
import re
import sys
import warnings


def normalize(text):
    text = re.sub(r" at 0x[0-9a-f]+", "", text)
    items = lambda m: "frozenset({" + ", ".join(sorted(m[1].split(", "))) + "})"
    return re.sub(r"frozenset\(\{(.*?)\}\)", items, text, flags=re.S)


def fnv(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 & 0xFFFFFFFFFFFFFFFF
    return value


warnings.simplefilter("ignore")
root = sys.argv[1]
for folder, folders, names in os.walk(root):
    folders.sort()
    for name in sorted(names):
        path = os.path.join(folder, name)
        short = os.path.relpath(path, root)
        with open(path, "rb") as file:
            source = file.read()
        try:
            code = compile(source, short, "exec", dont_inherit=True)
        except SyntaxError as error:
            print(short, error, file=sys.stderr)
            continue
        out = io.StringIO()
        dis.dis(code, file=out)
        text = normalize(out.getvalue()).encode("utf-8", "replace")
        text_of_source = source.decode("utf-8", "replace").encode()
        print(short, "%016x" % fnv(text_of_source), "%016x" % fnv(text))
