//! The pure-Python library, compiled at build time and embedded in the binary.
//!
//! Problem: one file must hold the interpreter and its library, and starting must cost nothing for modules that are not
//! imported. Method: the build script (`build/`) compiles every module and lays its code (`ophi_bytecode::stored`) and compressed
//! source into one blob; here is a sorted index over it. Looking a module up is a binary search; nothing is read,
//! unpacked or allocated until someone asks.
//!
//! # What a module's file is
//!
//! The library appears to programs as a folder [`ROOT`] that is on no disk: `/<ophiolite>/lib/python3.14`. It is the
//! entry of `sys.path` where CPython has its own library folder, so that a script's neighbours shadow the library as
//! they do there; `sys._stdlib_dir` is the same. A path hook claims that entry and the packages below it, and its loader
//! serves code, source (`get_source`, so that `linecache`, tracebacks and `inspect` show it) and data (`get_data`,
//! for `pkgutil` and `importlib.resources`) from here. `__file__`, `co_filename` and `spec.origin` are paths below it.
//! The host shows the same folder to the program's own file operations (`ophi_host::Folder`).
//! The path is absolute because `site` makes every entry of `sys.path` absolute, the same on every machine so that
//! code needs no rewriting when it is loaded, and has angle brackets so that a reader sees that it is no file.
//!
//! The modules that CPython freezes ([`Module::is_frozen`]) carry `<frozen NAME>` instead, as there, and are found by
//! the frozen importer under the same names.
//!
//! # What is embedded
//!
//! CPython 3.14's library from the `rustpython-pylib` crate (PSF licence), mended where that crate changed it for
//! its own runtime, with the files of `overlay/`, which are ours, replacing or joining it. `docs/library.md` lists
//! what is missing or different.
#![forbid(unsafe_code)]

use std::io::Read;

/// Where the library seems to be.
pub const ROOT: &str = "/<ophiolite>/lib/python3.14";

static BLOB: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/library.bin"));

include!(concat!(env!("OUT_DIR"), "/index.rs"));

pub(crate) struct Entry {
    name: &'static str,
    path: &'static str,
    file_name: &'static str,
    is_package: bool,
    is_frozen: bool,
    code: (usize, usize),
    source: (usize, usize),
    source_length: usize,
}

pub(crate) struct DataEntry {
    path: &'static str,
    packed: bool,
    range: (usize, usize),
    length: usize,
}

/// A module of the library. Cheap to copy: it points into the binary.
#[derive(Clone, Copy)]
pub struct Module(&'static Entry);

impl Module {
    /// The dotted name.
    pub fn name(self) -> &'static str {
        self.0.name
    }

    pub fn is_package(self) -> bool {
        self.0.is_package
    }

    /// Is it one of the modules that CPython freezes?
    pub fn is_frozen(self) -> bool {
        self.0.is_frozen
    }

    /// The path below [`ROOT`], as `json/__init__.py`.
    pub fn path(self) -> &'static str {
        self.0.path
    }

    /// `co_filename` of the module's code.
    pub fn file_name(self) -> &'static str {
        self.0.file_name
    }

    /// Code at optimisation level 0, as `ophi_bytecode::stored` lays it out; `None` for a module that our compiler did not take at build time,
    /// which must be compiled from its source.
    pub fn code(self) -> Option<&'static [u8]> {
        let (start, end) = self.0.code;
        (start < end).then(|| &BLOB[start..end])
    }

    /// The source text, UTF-8 with `\n` as in the file, unpacked at every call.
    pub fn source(self) -> Vec<u8> {
        unpack(self.0.source, self.0.source_length)
    }
}

impl std::fmt::Debug for Module {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Module({})", self.0.path)
    }
}

fn unpack((start, end): (usize, usize), length: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(length);
    // The blob is made by our build script; were it damaged, a short answer would be the consequence.
    let _ = flate2::read::DeflateDecoder::new(&BLOB[start..end]).read_to_end(&mut out);
    out
}

/// The module with this dotted name.
pub fn find(name: &str) -> Option<Module> {
    MODULES.binary_search_by(|entry| entry.name.cmp(name)).ok().map(|at| Module(&MODULES[at]))
}

/// The module at this path below [`ROOT`], with `/`.
pub fn find_path(path: &str) -> Option<Module> {
    let stem = path.strip_suffix(".py")?;
    let name = stem.strip_suffix("/__init__").unwrap_or(stem).replace('/', ".");
    find(&name).filter(|module| module.path() == path)
}

/// The module that code with this `co_filename` comes from.
pub fn find_file_name(file_name: &str) -> Option<Module> {
    if let Some(name) = file_name.strip_prefix("<frozen ").and_then(|rest| rest.strip_suffix('>')) {
        return find(name).filter(|module| module.is_frozen());
    }
    find_path(file_name.strip_prefix(ROOT)?.strip_prefix('/')?)
}

/// All modules, sorted by name.
pub fn modules() -> impl ExactSizeIterator<Item = Module> {
    MODULES.iter().map(Module)
}

/// The content of a file at this path below [`ROOT`]: a module's source or a data file.
pub fn data(path: &str) -> Option<Vec<u8>> {
    if let Some(module) = find_path(path) {
        return Some(module.source());
    }
    let entry = &DATA[DATA.binary_search_by(|entry| entry.path.cmp(path)).ok()?];
    let (start, end) = entry.range;
    Some(if entry.packed { unpack(entry.range, entry.length) } else { BLOB[start..end].to_vec() })
}

/// The length of a file at this path below [`ROOT`], without unpacking it.
pub fn size(path: &str) -> Option<usize> {
    if let Some(module) = find_path(path) {
        return Some(module.0.source_length);
    }
    let at = DATA.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
    Some(DATA[at].length)
}

/// The names directly inside a folder of the library (`""` is [`ROOT`] itself), sorted; empty when there is no such folder.
pub fn list(folder: &str) -> Vec<&'static str> {
    let below = |path: &'static str| -> Option<&'static str> {
        let rest = if folder.is_empty() { path } else { path.strip_prefix(folder)?.strip_prefix('/')? };
        rest.split('/').next()
    };
    let all = MODULES.iter().map(|entry| entry.path).chain(DATA.iter().map(|entry| entry.path));
    let mut names: Vec<_> = all.filter_map(below).collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_are_found_by_name_path_and_file_name() {
        let json = find("json").unwrap();
        assert!(json.is_package() && !json.is_frozen());
        assert_eq!(json.path(), "json/__init__.py");
        assert_eq!(json.file_name(), "/<ophiolite>/lib/python3.14/json/__init__.py");
        assert_eq!(find_path("json/__init__.py").unwrap().name(), "json");
        assert_eq!(find_file_name(json.file_name()).unwrap().name(), "json");
        assert!(find_path("json.py").is_none());
        let os = find("os").unwrap();
        assert_eq!(os.file_name(), "<frozen os>");
        assert_eq!(find_file_name("<frozen os>").unwrap().name(), "os");
        assert!(find("no.such.module").is_none());
    }

    #[test]
    fn the_index_is_sorted_and_whole() {
        assert!(modules().len() > 500);
        assert!(MODULES.is_sorted_by(|a, b| a.name < b.name));
        assert!(DATA.is_sorted_by(|a, b| a.path < b.path));
        for module in modules() {
            assert_eq!(module.source().len(), module.0.source_length, "{module:?}");
        }
    }

    #[test]
    fn nothing_of_the_crates_own_runtime_is_left() {
        for module in modules().filter(|module| module.path() != "_opcode_metadata.py") {
            let source = String::from_utf8(module.source()).unwrap();
            assert!(!source.to_uppercase().contains("RUSTPYTHON"), "{module:?}");
        }
    }

    #[test]
    fn folders_and_data() {
        assert_eq!(list("json"), ["__init__.py", "__main__.py", "decoder.py", "encoder.py", "scanner.py", "tool.py"]);
        assert!(list("").contains(&"os.py"));
        assert!(data("venv/scripts/common/activate").is_some());
        assert!(data("json/decoder.py").is_some());
        assert!(data("no/such").is_none());
    }
}
