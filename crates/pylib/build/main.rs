//! Takes the pure-Python library at build time, compiles it and packs it into one blob.
//!
//! Method: `collect` lists the files of `rustpython-pylib` with our `overlay` on top and mends what that crate changed
//! for its own runtime (`edits`); the modules are compiled by `ophi-compiler` on all cores; `pack` lays code and
//! compressed source into `library.bin` and writes the sorted index as Rust.
//!
//! Invariants: the output depends on the input files alone (names are sorted, threads do not order anything); a module
//! that does not compile is embedded as source only and reported as a warning, so that the build of the interpreter
//! never hangs on one file; an edit whose anchor is gone stops the build, because it would silently do nothing.

#![allow(clippy::disallowed_methods)] // A build script works on the disk.

mod collect;
mod compile;
mod edits;
mod pack;

use std::path::{Path, PathBuf};

fn main() {
    let manifest = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR"));
    let out = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    println!("cargo:rerun-if-changed=build");
    println!("cargo:rerun-if-changed=overlay");
    let mut files = collect::collect(Path::new(rustpython_pylib::LIB_PATH), &manifest.join("overlay"));
    for file in &mut files.modules {
        edits::apply(file);
    }
    let codes = compile::compile_all(&files.modules);
    pack::write(&out, &files, &codes);
}
