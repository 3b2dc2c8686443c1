//! Which files make up the library.

use std::collections::BTreeMap;
use std::path::Path;

/// One Python module as it will be embedded.
pub struct Module {
    /// Dotted name.
    pub name: String,
    pub is_package: bool,
    /// Path below the library's root, with `/`.
    pub path: String,
    pub source: Vec<u8>,
}

/// Everything to embed, each list sorted by its name or path.
pub struct Files {
    pub modules: Vec<Module>,
    /// Files that are not modules but that modules read: path below the root and content.
    pub data: Vec<(String, Vec<u8>)>,
}

/// What is not taken: programs with a window, other systems' files, shims of the crate that CPython has not.
const LEFT_OUT: &[&str] = &[
    "_dummy_os.py",
    "_dummy_thread.py",
    "_pycodecs.py",
    "ctypes/macholib",
    "dummy_threading.py",
    "idlelib",
    "test",
    "tkinter",
    "turtle.py",
    "turtledemo",
    "venv/scripts/nt",
];

/// Data that modules open beside themselves.
const DATA: &[&str] = &["ensurepip/_bundled", "pydoc_data/_pydoc.css", "venv/scripts"];

fn walk(root: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    let entries = std::fs::read_dir(root.join(below)).unwrap_or_else(|e| panic!("cannot list {below:?}: {e}"));
    for entry in entries {
        let entry = entry.expect("a directory entry");
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name.clone() } else { format!("{below}/{name}") };
        if LEFT_OUT.contains(&path.as_str()) || name == "__pycache__" {
            continue;
        }
        // The crate may be unpacked behind a symbolic link, so that links are followed.
        let kind = std::fs::metadata(entry.path()).expect("a readable file");
        if kind.is_dir() {
            walk(root, &path, found);
        } else if path.ends_with(".py") || DATA.iter().any(|data| path.starts_with(data)) {
            found.insert(path, std::fs::read(entry.path()).expect("a readable file"));
        }
    }
}

fn module_name(path: &str) -> (String, bool) {
    let stem = path.strip_suffix(".py").expect("a module's path");
    match stem.strip_suffix("/__init__") {
        Some(package) => (package.replace('/', "."), true),
        None => (stem.replace('/', "."), false),
    }
}

/// The library with the overlay's files replacing or joining it.
pub fn collect(library: &Path, overlay: &Path) -> Files {
    let mut found = BTreeMap::new();
    walk(library, "", &mut found);
    if overlay.is_dir() {
        walk(overlay, "", &mut found);
    }
    let (mut modules, mut data) = (Vec::new(), Vec::new());
    for (path, source) in found {
        let is_module = path.ends_with(".py") && !DATA.iter().any(|prefix| path.starts_with(prefix));
        if is_module {
            let (name, is_package) = module_name(&path);
            modules.push(Module { name, is_package, path, source });
        } else {
            data.push((path, source));
        }
    }
    modules.sort_by(|a, b| a.name.cmp(&b.name));
    Files { modules, data }
}
