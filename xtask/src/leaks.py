"""Runs one of CPython's test modules three times in this process and prints what the third run left behind.

usage: ophi leaks.py MODULE...        (run by `cargo xtask leaks`)

After each run the caches that have a way to be emptied are emptied and the collector runs until it finds nothing; then every
object of the heap is counted by class. What the third run adds to the second is growth: printed class by class, and the
balance of counts and named references with it. The exit status is 1 when anything has grown.
"""
import abc
import gc
import io
import sys
import unittest
import warnings

import ophiolite.heap as heap


def decode_functions():
    """Bodies of library functions are decoded when they first run: which run is a matter of time where threads wait."""
    from types import CodeType, FunctionType

    work = [f.__code__ for f in gc.get_objects() if type(f) is FunctionType]
    while work:
        work.extend(c for c in work.pop().co_consts if type(c) is CodeType)


def settle():
    for name, clear in (
        ("re", lambda m: m.purge()),
        ("linecache", lambda m: m.clearcache()),
        ("urllib.parse", lambda m: m.clear_cache()),
        ("fnmatch", lambda m: m._compile_pattern.cache_clear()),
        ("struct", lambda m: m._clearcache()),
        ("typing", lambda m: [cleanup() for cleanup in m._cleanups]),
        ("_strptime", lambda m: m._regex_cache.clear()),
        ("mimetypes", lambda m: setattr(m, "inited", False)),
        ("importlib", lambda m: m.invalidate_caches()),
        ("inspect", lambda m: m._shadowed_dict_from_weakref_mro_tuple.cache_clear()),
    ):
        module = sys.modules.get(name)
        if module is not None:
            clear(module)
    for cls in gc.get_objects():
        # What an abstract class has found out about others, dead ones among them.
        if isinstance(cls, abc.ABCMeta):
            cls._abc_caches_clear()
    # The last object of the list would keep what it refers to.
    del cls
    sys.path_importer_cache.clear()
    warnings.resetwarnings()
    sys._clear_internal_caches()
    decode_functions()
    sys.stdout.flush()
    for _ in range(6):
        if not gc.collect():
            break


def run(module):
    suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
    result = unittest.TestResult()
    out, err = sys.stdout, sys.stderr
    sys.stdout = sys.stderr = io.StringIO()
    try:
        suite.run(result)
    finally:
        sys.stdout, sys.stderr = out, err
    return result.testsRun, len(result.failures), len(result.errors)


def named_census():
    sums = {}
    for cls, n in heap.census().items():
        name = sys.intern(f"{getattr(cls, '__module__', '?')}.{getattr(cls, '__qualname__', '?')}")
        sums[name] = sums.get(name, 0) + n
    return sums


def count(into):
    settle()
    # The names are interned and in the dict before the census that counts, so that it does not find itself.
    into.update(dict.fromkeys(named_census(), 0))
    into.update(named_census())


def main(module):
    censuses = [{}, {}, {}]
    count({})
    for census in censuses:
        tests = run(module)
        count(census)
    second, third = censuses[1:]
    grown = {name: n - second.get(name, 0) for name, n in third.items() if n != second.get(name, 0)}
    grown |= {name: -n for name, n in second.items() if name not in third}
    left = heap.balance()["unexplained"]
    total = sum(grown.values())
    print(f"{module}: {tests[0]} tests; {total:+} objects; {len(left)} unexplained", file=sys.__stdout__)
    for name, n in sorted(grown.items(), key=lambda item: -abs(item[1]))[:12]:
        print(f"    {n:+6} {name}", file=sys.__stdout__)
    for obj, held, named, scanned in left[:12]:
        text = repr(obj) if isinstance(obj, (str, bytes, int, type)) else object.__repr__(obj)
        print(f"    ?      {type(obj).__name__}: count {held}, named {named}, scanned {scanned}: {text[:90]}", file=sys.__stdout__)
    return total > 0


if __name__ == "__main__":
    modules = sys.argv[1:]
    sys.argv[1:] = []
    sys.exit(any([main(module) for module in modules]))
