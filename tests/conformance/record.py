"""Runs one of CPython's test modules and writes every test's outcome as it comes.

usage: INTERPRETER record.py MODULE OUT [DONE]

OUT gets one line per event, `WORD<tab>ID`, flushed at once: `start` when a test begins, then `pass`, `fail`, `error` or `skip`; at
the end `end<tab>`. So whoever reads OUT after a crash knows which test it was in. Tests named in the file DONE, one a line, are left
out. Tests that CPython's suite keeps for CPython alone run too: what they look at is what this interpreter is measured by.
"""
import sys
import unittest


class Recorder(unittest.TestResult):
    def __init__(self, out):
        super().__init__()
        self.out = out

    def _write(self, word, test):
        name = test.id() if hasattr(test, "id") else str(test)
        self.out.write(f"{word}\t{name!a}\n")
        self.out.flush()

    def startTest(self, test):
        self._write("start", test)

    def addSuccess(self, test):
        self._write("pass", test)

    def addFailure(self, test, err):
        self._write("fail", test)

    def addError(self, test, err):
        self._write("error", test)

    def addSkip(self, test, reason):
        self._write("skip", test)

    def addExpectedFailure(self, test, err):
        self._write("pass", test)

    def addUnexpectedSuccess(self, test):
        self._write("fail", test)

    def addSubTest(self, test, subtest, err):
        if err is not None:
            self._write("fail", test)


def without(suite, done):
    """The suite without the tests already run; classes and modules stay together for their set-up."""
    kept = type(suite)() if isinstance(suite, unittest.TestSuite) else unittest.TestSuite()
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            kept.addTest(without(test, done))
        elif repr(test.id()) not in done and ascii(test.id()) not in done:
            kept.addTest(test)
    return kept


def load(module):
    """The module's tests. Where importing it takes CPython's C API from ctypes, as in a build without ctypes."""
    try:
        return unittest.defaultTestLoader.loadTestsFromName("test." + module)
    except AttributeError as error:
        if "undefined symbol: Py" not in str(error):
            raise
    sys.modules.pop("test." + module, None)
    ctypes = sys.modules.pop("ctypes", None)
    sys.modules["ctypes"] = None
    try:
        return unittest.defaultTestLoader.loadTestsFromName("test." + module)
    finally:
        sys.modules["ctypes"] = ctypes


def main():
    module, out_name, *rest = sys.argv[1:]
    sys.argv[1:] = []
    done = set()
    if rest:
        with open(rest[0], encoding="ascii") as file:
            done = {line.rstrip("\n") for line in file}
    with open(out_name, "a", encoding="ascii") as out:
        try:
            from test import support
            support.verbose = 0
            support.use_resources = {}

            def check_impl_detail(**guards):
                guards, default = support._parse_guards(guards)
                return guards.get("cpython", default)

            support.check_impl_detail = check_impl_detail
        except Exception:
            pass
        recorder = Recorder(out)
        try:
            suite = load(module)
        except BaseException as error:
            out.write(f"error\t{f'<import: {type(error).__name__}: {error}>'!a}\n")
            suite = unittest.TestSuite()
        try:
            without(suite, done).run(recorder)
        finally:
            out.write("end\t\n")


main()
