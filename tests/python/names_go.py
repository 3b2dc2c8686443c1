"""Strings interned while a program runs go when nobody uses them, and a name is found again under another address."""

import gc
import sys
import warnings


def interned():
    gc.collect()
    warnings.simplefilter("ignore")
    sys._clear_type_cache()
    return sys.getunicodeinternedsize()


class Thing:
    pass


def use_names(start, count):
    for i in range(start, start + count):
        thing = Thing()
        name = f"attribute_{i}"
        setattr(thing, name, i)
        assert getattr(thing, name) == i
        assert getattr(thing, name + "_no", None) is None
        del thing
        sys.intern(f"text number {i}")


def use_code(start, count):
    for i in range(start, start + count):
        namespace = {}
        exec(f"def function_{i}(argument_{i}): return argument_{i} + 'constant_{i}'", namespace)
        assert namespace[f"function_{i}"]("a") == f"aconstant_{i}"
        kind = type(f"Class_{i}", (), {f"method_{i}": lambda self: i})
        assert getattr(kind(), f"method_{i}")() == i
        del kind, namespace


use_names(0, 200)
before = interned()
use_names(1000, 2000)
print("names left:", interned() - before > 400)
use_code(0, 300)

kept = sys.intern("a name that " + "is kept")
again = "".join(["a name that ", "is kept"])
print(kept is again, sys.intern(again) is kept, sys._is_interned(kept), sys._is_immortal(kept))
where = {kept: 1}
del kept
print(where[again], sys.intern(again) is next(iter(where)))


def constant():
    return "some_constant_of_code"


print(constant() is sys.intern("some_constant" + "_of_code"), sys._is_immortal(constant()))

# A name that a class does not have must not be taken for another one that comes to lie where it lay.
class Many:
    found = 1


wrong = present = 0
for i in range(20000):
    if hasattr(Many, f"nothing_{i % 977}_{i}"):
        wrong += 1
    if getattr(Many, "".join(["fo", "und"]), None) == 1:
        present += 1
print(wrong, present)
