"""Dumps the symbol tables that the running CPython makes of source files, for `symtables.rs` to compare with ours.

usage: python3.14 symtables.py OUT_DIR FILE_LIST
"""
import _symtable
import sys


def dump(entry, depth, out):
    symbols = " ".join(f"{name}={flags:x}" for name, flags in sorted(entry.symbols.items()))
    out.append(
        f"{'  ' * depth}{entry.name} {entry.type} {entry.lineno} {entry.nested} [{' '.join(entry.varnames)}] {symbols}"
    )
    for child in entry.children:
        dump(child, depth + 1, out)


def main():
    out_dir, file_list = sys.argv[1:]
    with open(file_list) as f:
        files = f.read().split("\n")
    for number, name in enumerate(files):
        if not name:
            continue
        out = []
        try:
            with open(name, "rb") as f:
                dump(_symtable.symtable(f.read(), name, "exec"), 0, out)
        except Exception as error:
            out = [f"error {type(error).__name__} {error}"]
        with open(f"{out_dir}/{number}.txt", "w", encoding="utf-8", errors="surrogatepass") as f:
            f.write("\n".join(out) + "\n")


main()
