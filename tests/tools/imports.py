"""Imports every module of the standard library; tells each that fails, with its error.

`tests/library/modules.txt` names them all, `tests/library/missing.txt` those that Ophiolite does not have. The missing ones are left
out here on both interpreters, and must really be missing on ours.
"""
import contextlib
import importlib
import io
import pathlib
import sys
import warnings

library = pathlib.Path(__file__).resolve().parent.parent / "library"
names = (library / "modules.txt").read_text().split()
missing = {line.split()[0] for line in (library / "missing.txt").read_text().splitlines() if line[:1] not in ("#", "")}
warnings.simplefilter("ignore")


def outcome(name):
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            importlib.import_module(name)
    except BaseException as error:
        return f"{type(error).__name__}: {error}"
    return "ok"


assert missing <= set(names), sorted(missing - set(names))
good = 0
for name in names:
    if name in missing:
        if sys.implementation.name == "ophiolite" and not outcome(name).startswith(("ImportError", "ModuleNotFoundError")):
            print(f"{name}: named as missing, but {outcome(name)}")
        continue
    told = outcome(name)
    good += told == "ok"
    if told != "ok":
        print(f"{name}: {told}")
print(good, "modules imported")
