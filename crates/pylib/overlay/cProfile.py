"""A profiler with native hooks: the Python face of `_lsprof`.

Ophiolite's own; same interface as CPython's module of this name.
"""

__all__ = ["run", "runctx", "Profile"]

import _lsprof
import importlib.machinery
import io
import profile as _pyprofile


def run(statement, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).run(statement, filename, sort)


def runctx(statement, globals, locals, filename=None, sort=-1):
    return _pyprofile._Utils(Profile).runctx(statement, globals, locals, filename, sort)


run.__doc__ = _pyprofile.run.__doc__
runctx.__doc__ = _pyprofile.runctx.__doc__


class Profile(_lsprof.Profiler):
    """Profile(timer=None, timeunit=None, subcalls=True, builtins=True)

    Builds a profiler object using the specified timer function.
    The default timer is a fast built-in one based on real time.
    For custom timer functions returning integers, 'timeunit' can
    be a float specifying a scale (that is, how long each integer unit
    is, in seconds).
    """

    def print_stats(self, sort=-1):
        import pstats
        keys = sort if isinstance(sort, tuple) else (sort,)
        pstats.Stats(self).strip_dirs().sort_stats(*keys).print_stats()

    def dump_stats(self, file):
        import marshal
        with open(file, "wb") as out:
            self.create_stats()
            marshal.dump(self.stats, out)

    def create_stats(self):
        self.disable()
        self.snapshot_stats()

    def snapshot_stats(self):
        """Turn the entries of _lsprof into the table pstats reads.

        stats maps a function's label to (primitive calls, calls, own time, cumulative time, callers); a caller's
        label maps to the same four figures, counted for the calls that came from there.
        """
        rows = self.getstats()
        self.stats = {}
        callers_of = {}
        for row in rows:
            name = label(row.code)
            primitive = row.callcount - row.reccallcount
            callers_of[id(row.code)] = callers = {}
            if name in self.stats:
                # Two code objects may share a label; their figures are added.
                old = self.stats[name]
                callers.update(old[4])
                figures = (old[0] + primitive, old[1] + row.callcount,
                           old[2] + row.inlinetime, old[3] + row.totaltime)
            else:
                figures = primitive, row.callcount, row.inlinetime, row.totaltime
            self.stats[name] = *figures, callers
        for row in rows:
            name = label(row.code)
            for call in row.calls or ():
                callers = callers_of.get(id(call.code))
                if callers is None:
                    continue
                figures = (call.callcount, call.callcount - call.reccallcount, call.inlinetime, call.totaltime)
                if name in callers:
                    figures = tuple(a + b for a, b in zip(callers[name], figures))
                callers[name] = figures

    def run(self, cmd):
        import __main__
        namespace = __main__.__dict__
        return self.runctx(cmd, namespace, namespace)

    def runctx(self, cmd, globals, locals):
        self.enable()
        try:
            exec(cmd, globals, locals)
        finally:
            self.disable()
        return self

    def runcall(self, func, /, *args, **kw):
        self.enable()
        try:
            return func(*args, **kw)
        finally:
            self.disable()

    def __enter__(self):
        self.enable()
        return self

    def __exit__(self, *exc_info):
        self.disable()


def label(code):
    """(file, line, name) of a code object; a built-in function has only its text."""
    if isinstance(code, str):
        return "~", 0, code
    return code.co_filename, code.co_firstlineno, code.co_name


def main():
    import os
    import sys
    import runpy
    import pstats
    from optparse import OptionParser

    parser = OptionParser(usage="cProfile.py [-o output_file_path] [-s sort] [-m module | scriptfile] [arg] ...")
    parser.allow_interspersed_args = False
    parser.add_option("-o", "--outfile", dest="outfile", help="Save stats to <outfile>", default=None)
    parser.add_option("-s", "--sort", dest="sort", type="choice", default=2,
                      choices=sorted(pstats.Stats.sort_arg_dict_default),
                      help="Sort order when printing to stdout, based on pstats.Stats class")
    parser.add_option("-m", dest="module", action="store_true", help="Profile a library module", default=False)

    if not sys.argv[1:]:
        parser.print_usage()
        sys.exit(2)

    options, args = parser.parse_args()
    sys.argv[:] = args

    # The script may change the working folder before the figures are written.
    if options.outfile is not None:
        options.outfile = os.path.abspath(options.outfile)

    if not args:
        parser.print_usage()
        return parser

    if options.module:
        code = "run_module(modname, run_name='__main__')"
        namespace = {"run_module": runpy.run_module, "modname": args[0]}
    else:
        name = args[0]
        sys.path.insert(0, os.path.dirname(name))
        with io.open_code(name) as script:
            code = compile(script.read(), name, "exec")
        # The script runs in a module of its own, as it would without a profiler.
        module = type(sys)("__main__")
        module.__spec__ = importlib.machinery.ModuleSpec(name="__main__", loader=None, origin=name)
        module.__file__ = name
        module.__builtins__ = __builtins__
        sys.modules["__main__"] = module
        namespace = module.__dict__
    try:
        runctx(code, namespace, None, options.outfile, options.sort)
    except BrokenPipeError as error:
        # Nobody reads any more; the interpreter's own flush at exit would complain again.
        sys.stdout = None
        sys.exit(error.errno)
    return parser


if __name__ == "__main__":
    main()
