"""Names the tests that CPython's suite keeps for CPython alone ("implementation detail"), as the running interpreter is told to skip them.

usage: PYTHONPATH=LIB_TEST OPHI details.py [MODULE ...] > implementation-detail.txt

Without MODULE the modules of core.txt. `record.py` runs these tests all the same; this list says which they are.
"""
import pathlib
import sys
import unittest



def tests(suite):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from tests(test)
        else:
            yield test


def reason(test):
    method = getattr(test, getattr(test, "_testMethodName", ""), None)
    for owner in (type(test), method):
        if getattr(owner, "__unittest_skip__", False):
            return getattr(owner, "__unittest_skip_why__", "")
    return ""


def main():
    modules = sys.argv[1:]
    if not modules:
        listed = pathlib.Path(__file__).with_name("core.txt").read_text()
        modules = [line.split("#")[0].strip() for line in listed.splitlines()]
    print("# Tests that CPython's suite keeps for CPython alone. Written by `details.py`.")
    for module in filter(None, modules):
        sys.argv[1:] = []
        suite = unittest.defaultTestLoader.loadTestsFromName("test." + module)
        for test in tests(suite):
            if "implementation detail" in reason(test):
                print(test.id().removeprefix("test."))


main()
