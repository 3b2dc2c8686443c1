//! The Python programs of `tests/python`, run by the built binary. What is expected was recorded from CPython 3.14.10.

#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use std::path::{Path, PathBuf};
use std::process::Command;

#[path = "../../../tests/recorded.rs"]
mod recorded;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn run(folder: &Path, program: &str) -> String {
    match recorded::prepare(Command::new(env!("CARGO_BIN_EXE_ophi")).arg(program), folder).output() {
        Ok(done) => recorded::form(&done),
        Err(error) => format!("<cannot be run: {error}>"),
    }
}

#[test]
fn programs_print_what_cpython_prints() {
    compare("tests/python");
}

/// The tools of the library: programs that start many processes, so apart from the others.
#[test]
fn tools_print_what_cpython_prints() {
    compare("tests/tools");
}

fn compare(folder: &str) {
    let folder = root().join(folder);
    let names = recorded::programs(&folder);
    assert!(!names.is_empty());
    let mut wrong = Vec::new();
    for name in names {
        let expected = std::fs::read_to_string(folder.join(format!("{name}.txt"))).unwrap_or_default();
        let printed = run(&folder, &format!("{name}.py"));
        if printed != expected {
            wrong.push(format!("{name}: printed\n{printed}\nexpected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
