//! Mends what `rustpython-pylib` changed in CPython's library for its own runtime, and what our layout needs.
//!
//! An edit names a file, replaces the text from one anchor up to (not including) another, and so carries nothing of the
//! library but the anchors. How the list was found: every file was compared with CPython 3.14.10's; what is not listed
//! differs by later bug fixes only, or in comments.

use crate::collect::Module;

struct Edit {
    path: &'static str,
    from: &'static str,
    until: &'static str,
    with: &'static str,
}

const EDITS: &[Edit] = &[
    Edit { path: "_compat_pickle.py", from: "# NOTE: RUSTPYTHON", until: "for excname in PYTHON2", with: "" },
    // FileIO is always there.
    Edit {
        path: "io.py",
        from: "open, open_code, BytesIO,",
        until: " StringIO",
        with: "open, open_code, FileIO, BytesIO,",
    },
    Edit { path: "io.py", from: "# XXX: RUSTPYTHON", until: "# for seek()", with: "" },
    Edit { path: "io.py", from: "if FileIO is not None:", until: "\nfor klass", with: "RawIOBase.register(FileIO)\n" },
    Edit { path: "json/decoder.py", from: "    # RUSTPYTHON", until: "    # Note that this exc", with: "" },
    Edit {
        path: "platform.py",
        from: "\n        # XXX: RUSTPYTHON",
        until: "        if builddate",
        with: "        name = 'CPython'\n",
    },
    Edit { path: "site.py", from: "return 'RustPython'", until: "\n\n# Copy", with: "return 'Python'\n" },
    Edit {
        path: "site.py",
        from: "    # XXX: RUSTPYTHON\n",
        until: "\n\ndef getuserbase",
        with: "    return f'{userbase}/lib/python{version[0]}.{version[1]}{abi_thread}/site-packages'\n",
    },
    Edit {
        path: "sysconfig/__init__.py",
        from: "return 'RustPython'",
        until: "\n# NOTE: site.py",
        with: "return 'Python'\n",
    },
    // Bug fixes of 3.14.10.
    Edit {
        path: "bdb.py",
        from: "        self._set_stopinfo(frame, frame, lineno)\n",
        until: "\n    def set_step(",
        with: "        self._set_stopinfo(frame, frame, lineno, cmdframe=frame, cmdlineno=frame.f_lineno)\n",
    },
    Edit {
        path: "bdb.py",
        from: "            for bp in blist:",
        until: "\n                bp.deleteMe()\n        del",
        with: "            for bp in blist[:]:",
    },
    Edit {
        path: "bdb.py",
        from: "        self.stop_trace()\n        if frame is None:",
        until: "\n            frame = sys._getframe().f_back",
        with: "        if self.enterframe is not None:\n            # A trace function is running already.\n            return\n        self.stop_trace()\n        if frame is None:",
    },
    Edit {
        path: "threading.py",
        from: "                if timeout > 0:\n                    gotit = waiter.acquire(True, timeout)",
        until: "\n            return gotit",
        with: "                if timeout <= 0:\n                    gotit = waiter.acquire(False)\n                else:\n                    gotit = waiter.acquire(True, timeout)",
    },
    Edit {
        path: "queue.py",
        from: "        if timeout is not None and timeout < 0:\n            raise ValueError(\"'timeout' must be a non-negative number\")\n        if not self._count",
        until: ".acquire(block, timeout)",
        with: "        if not block:\n            timeout = None\n        elif timeout is not None and timeout < 0:\n            raise ValueError(\"'timeout' must be a non-negative number\")\n        if not self._count",
    },
    Edit {
        path: "pdb.py",
        from: "                except SyntaxError:\n                    continue",
        until: "\n                # We should",
        with: "                except Exception:\n                    continue",
    },
    Edit {
        path: "pdb.py",
        from: "        except SyntaxError as exc:\n            return _rstr(self._format_exc(exc))\n        return \"\"",
        until: "\n",
        with: "        except Exception as exc:\n            return _rstr(self._format_exc(exc))\n        return \"\"",
    },
    // The library's source stands in no file; its modules know their loader.
    Edit {
        path: "pdb.py",
        from: "        lines = linecache.getlines(filename)\n        if not lines:",
        until: "\n            return None",
        with: "        owner = next((vars(m) for m in list(sys.modules.values()) if getattr(m, '__file__', None) == filename), None)\n        lines = linecache.getlines(filename, owner)\n        if not lines:",
    },
    Edit { path: "unittest/__init__.py", from: "\n\n\n# XXX: RUSTPYTHON", until: "\u{0}", with: "\n" },
    // Abstract test cases are left out.
    Edit { path: "unittest/loader.py", from: "import os\n", until: "import re", with: "import inspect\nimport os\n" },
    Edit {
        path: "unittest/loader.py",
        from: "        if testCaseClass in (case.TestCase, case.FunctionTestCase):",
        until: "\n",
        with: "        if testCaseClass in (case.TestCase, case.FunctionTestCase) or inspect.isabstract(testCaseClass):",
    },
    Edit {
        path: "unittest/loader.py",
        from: "                and obj not in (case.TestCase, case.FunctionTestCase)\n",
        until: "            ):",
        with: "                and obj not in (case.TestCase, case.FunctionTestCase) and not inspect.isabstract(obj)\n",
    },
    Edit {
        path: "unittest/loader.py",
        from: "            name = parts[-1]\n            inst",
        until: " = parent(name)",
        with: concat!(
            "            if inspect.isabstract(parent):\n",
            "                raise TypeError('Cannot instantiate abstract test case ' + parent.__name__)\n",
            "            name = parts[-1]\n            inst",
        ),
    },
    Edit {
        path: "unittest/mock.py",
        from: "                            __return_value_doc)",
        until: "\n",
        with: "                            doc=__return_value_doc)",
    },
    Edit {
        path: "unittest/mock.py",
        from: "    def _exit_side_effect(exctype, excinst, exctb):",
        until: "\n",
        with: "    def _exit_side_effect(*_):",
    },
    // The class of a bound builtin method stands in for the module it has not.
    Edit {
        path: "annotationlib.py",
        from: "        if value.__module__ == \"builtins\":",
        until: "    elif isinstance(value, _Template)",
        with: concat!(
            "        where = value.__module__\n",
            "        if where is None:\n",
            "            owner = getattr(value, '__self__', None)\n",
            "            if owner is not None:\n",
            "                where = (owner if isinstance(owner, type) else type(owner)).__module__\n",
            "        if where is None or where == 'builtins':\n",
            "            return value.__qualname__\n",
            "        return f'{where}.{value.__qualname__}'\n",
        ),
    },
    Edit {
        path: "zipapp.py",
        from: "    if interpreter and isinstance(new_archive, str)",
        until: ":",
        with: "    if interpreter and isinstance(new_archive, (str, os.PathLike))",
    },
    Edit {
        path: "zipimport.py",
        from: "                    name = name.decode()\n                else:",
        until: "\n",
        with: concat!(
            "                    try:\n",
            "                        name = name.decode()\n",
            "                    except UnicodeDecodeError as error:\n",
            "                        message = f\"can't decode file name in Zip file: {archive!r}\"\n",
            "                        raise ZipImportError(message, path=archive) from error\n",
            "                else:",
        ),
    },
    Edit {
        path: "doctest.py",
        from: "        self.seek(size)\n        StringIO",
        until: ".truncate",
        with: "        if size is not None:\n            self.seek(size)\n        StringIO",
    },
    Edit {
        path: "doctest.py",
        from: "            file = inspect.getsourcefile(obj)\n        except TypeError",
        until: ":",
        with: "            file = inspect.getsourcefile(obj)\n        except (TypeError, OSError)",
    },
    // Whatever compiling raises is shown.
    Edit {
        path: "code.py",
        from: "        except (OverflowError, SyntaxError, ValueError):",
        until: "\n            # Case 1",
        with: "        except Exception:",
    },
    Edit {
        path: "tabnanny.py",
        from: "        errprint(\"Usage:\", sys.argv[0], \"[-v]",
        until: " file_or",
        with: "        errprint(f\"Usage: {sys.executable} -m tabnanny [-v]",
    },
    // `__main__` of a script has a loader and no spec.
    Edit {
        path: "importlib/_bootstrap_external.py",
        from: "    spec = module_globals.get('__spec__', missing)\n",
        until: "\n    if loader is None:",
        with: concat!(
            "    spec = module_globals.get('__spec__', missing)\n\n",
            "    # A script's `__main__` has no spec.\n",
            "    if spec is None and module_globals.get('__name__') == '__main__':\n        return loader\n",
        ),
    },
    // A SyntaxError may be made with anything for its message.
    Edit {
        path: "traceback.py",
        from: "        msg = self.msg or ",
        until: "        yield \"{}{}{}: ",
        with: concat!(
            "        msg = self.msg\n",
            "        if msg is None or isinstance(msg, str) and not msg:\n",
            "            msg = \"<no detail available>\"\n",
        ),
    },
    // Modules that CPython 3.14.10 no longer imports at start of these; they show in sys.modules and cost time.
    Edit { path: "traceback.py", from: "import codeop\n", until: "import keyword", with: "" },
    Edit {
        path: "traceback.py",
        from: "        assert self._is_syntax_error\n        try:",
        until: "\n            import _sugg",
        with: "        assert self._is_syntax_error\n        import codeop\n        try:",
    },
    // The source of `-c` is remembered until somebody asks for lines.
    Edit {
        path: "linecache.py",
        from: "        _interactive_cache[key] = entry\n",
        until: "\u{0}",
        with: concat!(
            "        _interactive_cache[key] = entry\n\n\n",
            "def _archived(filename):\n",
            "    # A finder of an archive on sys.path serves the files below the archive's own path.\n",
            "    import os, sys\n",
            "    finders, above = sys.path_importer_cache, os.path.dirname(filename)\n",
            "    while finders is not None and above:\n",
            "        read = getattr(finders.get(above), 'get_data', None)\n",
            "        try:\n",
            "            if read is not None:\n",
            "                from importlib.util import decode_source\n",
            "                return decode_source(read(filename))\n",
            "        except (ImportError, OSError, UnicodeDecodeError, SyntaxError):\n",
            "            pass\n",
            "        above = os.path.dirname(above) if above != os.sep else ''\n",
            "    return None\n\n\n",
            "import _imp\n_imp._show_command(_register_code)\ndel _imp\n",
        ),
    },
    Edit {
        path: "linecache.py",
        from: "        # Try looking through the module search",
        until: " path, which",
        with: concat!(
            "        data = _archived(fullname)\n",
            "        if data is not None:\n",
            "            lines = [line + '\\n' for line in data.splitlines()]\n",
            "            cache[filename] = len(data), None, lines, fullname\n",
            "            return lines\n\n",
            "        # Try looking through the module search",
        ),
    },
    Edit { path: "pathlib/__init__.py", from: "import ntpath\n", until: "import ", with: "" },
    Edit {
        path: "pathlib/__init__.py",
        from: "        if self.parser is ntpath",
        until: ":",
        with: "        import ntpath\n        if self.parser is ntpath",
    },
    Edit {
        path: "pathlib/__init__.py",
        from: "    parser = ntpath",
        until: "\n",
        with: "    import ntpath\n    parser = ntpath",
    },
];

/// Applies the edits of one file. An `until` of NUL means the end of the file.
pub fn apply(module: &mut Module) {
    for edit in EDITS.iter().filter(|edit| edit.path == module.path) {
        let text = String::from_utf8(std::mem::take(&mut module.source)).expect("the library is UTF-8");
        let start = text.find(edit.from).unwrap_or_else(|| panic!("{}: no anchor {:?}", edit.path, edit.from));
        let end = match edit.until {
            "\u{0}" => text.len(),
            until => {
                let after = start + edit.from.len();
                after + text[after..].find(until).unwrap_or_else(|| panic!("{}: no anchor {until:?}", edit.path))
            }
        };
        module.source = [&text[..start], edit.with, &text[end..]].concat().into_bytes();
    }
}
