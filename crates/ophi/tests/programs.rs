//! The Python programs of `tests/python`, run by the built binary. What is expected was recorded from CPython 3.14.10.

#![allow(clippy::disallowed_methods, reason = "a test runs programs and reads files")]

use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Standard output, and the exit status with the last line of standard error when it is not 0.
fn run(folder: &Path, program: &str) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_ophi"))
        .arg(program)
        .current_dir(folder)
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHON_COLORS", "0")
        .env("PYTHONHASHSEED", "0")
        .output();
    let done = match done {
        Ok(done) => done,
        Err(error) => return format!("<cannot be run: {error}>"),
    };
    let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        let status = done.status.code().unwrap_or(-1);
        text.push_str(&format!("<exit {status}: {}>\n", errors.trim().lines().last().unwrap_or("")));
    }
    text
}

fn programs(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().to_str().and_then(|n| n.strip_suffix(".py")).map(str::to_string))
        .collect();
    names.sort();
    names
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
    let names = programs(&folder);
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
