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
        with: "        _interactive_cache[key] = entry\n\n\nimport _imp\n_imp._show_command(_register_code)\ndel _imp\n",
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
