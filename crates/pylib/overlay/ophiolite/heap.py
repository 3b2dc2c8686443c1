"""The heap explained: every object, every reference, every byte.

    references_to(obj)   who refers to an object: (kind, name, holder)
    path_to_root(obj)    a shortest way from a root of the interpreter to it
    retained(obj)        what would die with it; retained_size(obj): in bytes
    census()             how many objects there are of each class
    objects(cls)         those of one class
    balance()            the named references of every object against its count
    pools()              the allocator's figures

    python -m ophiolite.heap [-m module | program.py] [arguments]

runs a program and then holds the count of every object of the process against
the references that can be named: all of them are explained, or listed.
"""

import sys

from _ophiolite import balance, census, objects, path_to_root, pools, references_to, retained

__all__ = ["balance", "census", "objects", "path_to_root", "pools", "references_to", "retained", "retained_size", "report", "main"]


def retained_size(obj):
    """Bytes that would be free if nothing referred to obj."""
    return sum(map(sys.getsizeof, retained(obj)))


def report(sums, file=None, limit=20):
    """Prints what balance() returned; the number of unexplained objects."""
    left = sums["unexplained"]
    print(
        f"heap: {sums['objects']} objects, {sums['immortal']} immortal; "
        f"{sums['counted']} references, {sums['named']} named, {sums['scanned']} held by native code, "
        f"{len(left)} objects unexplained",
        file=file,
    )
    for obj, count, named, scanned in left[:limit]:
        shown = obj.__qualname__ if isinstance(obj, type) else object.__repr__(obj) if not isinstance(obj, (str, bytes, int, tuple)) else repr(obj)
        print(f"  {type(obj).__name__}: count {count}, named {named}, scanned {scanned}: {shown[:120]}", file=file)
    return len(left)


def main(argv=None):
    import runpy

    arguments = sys.argv[1:] if argv is None else list(argv)
    if not arguments or arguments[0] in ("-h", "--help"):
        print(__doc__.strip())
        return 2
    status = 0
    try:
        if arguments[0] == "-m":
            sys.argv = arguments[1:]
            runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
        else:
            sys.argv = arguments
            runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1 if end.code else 0
    return 1 if report(balance(), file=sys.stderr) else status


if __name__ == "__main__":
    sys.exit(main())
