"""Runs one program under `ophi` built with zeal, and prints how it ended and whether the heap is consistent.

usage: ophi zeal.py count|fail N PROGRAM        (run by `cargo xtask zeal`)

`count` prints the number of allocations of the whole program; `fail` refuses the N-th of them. The last line of standard error is

    zeal: ALLOCATIONS ENDING UNEXPLAINED

ENDING is `finished`, or the class of the exception the program ended with; UNEXPLAINED the number of objects whose count the walk
of the heap cannot explain.

The refusal is for this process alone: a process it forks is asked for nothing. What waits for the answer of a process that died
waits for ever under CPython too (a worker of `multiprocessing.Pool` that ends in the middle of a task takes the task along).
"""
import os
import runpy
import sys

import _ophiolite


def main(mode, number, program):
    folder, name = os.path.split(program)
    sys.argv[:] = [name]
    sys.path[0] = folder
    # What is imported from here on is the program's own, and so is the failure.
    ending = "finished"
    os.register_at_fork(after_in_child=lambda: _ophiolite.zeal(0, 0))
    _ophiolite.zeal(0, number if mode == "fail" else 0)
    try:
        runpy.run_path(program, run_name="__main__")
    except SystemExit:
        pass
    except BaseException as error:
        ending = type(error).__name__
        error.__traceback__ = None
        del error
    count = _ophiolite.zeal(0, 0)
    try:
        sys.stdout.flush()
    except Exception:
        pass
    left = _ophiolite.balance()["unexplained"]
    for obj, held, named, scanned in left[:12]:
        print(f"  {type(obj).__name__}: count {held}, named {named}, scanned {scanned}: {object.__repr__(obj)[:120]}", file=sys.__stderr__)
    print(f"zeal: {count} {ending} {len(left)}", file=sys.__stderr__)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), os.path.abspath(sys.argv[3]))
