//! Python programs run by the built binary: the chapter's listings and the programs of `tests/python`.
//!
//! What is expected was recorded from CPython 3.14.10. The chapter's outputs are normalised as its own check does: addresses,
//! paths, timings and sizes that differ from run to run.

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

fn replace(pattern: &str, text: &str, with: &str) -> String {
    regex::Regex::new(pattern).map(|r| r.replace_all(text, with).into_owned()).unwrap_or_default()
}

fn normalise(name: &str, text: &str) -> String {
    let mut text = replace(&format!(r#"[^\s'"]*[\\/]({}\.py\b)"#, regex::escape(name)), text, "$1");
    text = replace(r"\b0x[0-9a-fA-F]+\b", &text, "0x…");
    match name {
        "08_gil_threads" => {
            text = replace(r"(?m)^(I/O 4 threads:) (0\.9\d|1\.[0-4]\d)s$", &text, "$1 ~1 s");
            replace(r"(?m)^(CPU 4 threads:) \d+\.\d\ds$", &text, "$1 ran")
        }
        "13_gc_module" => replace(r"(?m)\A\(\d+, \d+, \d+\)$", &text, "<gc.get_count>"),
        "15_tracemalloc" => replace(
            r"(?m)size=\d+(?:\.\d+)? [KMGT]?i?B, count=\d+, average=\d+(?:\.\d+)? [KMGT]?i?B$",
            &text,
            "size=…, count=…, average=…",
        ),
        "26_sys_module" => {
            text = replace(r"(?m)\A[a-z_][a-z0-9_]*$", &text, "<sys.implementation.name>");
            text = replace(r"(?m)^\d+\.\d+\.\d+.*(?:\n\[.*)?\n(sys\.version_info\()", &text, "<sys.version>\n$1");
            replace(r"(?m)^\['[\w.]+'(?:, '[\w.]+'){9}\]$", &text, "<10 module names>")
        }
        _ => text,
    }
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
fn the_chapters_listings_print_what_cpython_prints() {
    let folder = root().join("tests/chapter/listings");
    let names = programs(&folder);
    assert_eq!(names.len(), 27);
    let mut wrong = Vec::new();
    for name in names {
        let expected = std::fs::read_to_string(root().join(format!("tests/chapter/expected/{name}.txt"))).unwrap_or_default();
        let printed = normalise(&name, &run(&folder, &format!("{name}.py")));
        if printed != normalise(&name, &expected) {
            wrong.push(format!("{name}: printed\n{printed}\nexpected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

#[test]
fn programs_print_what_cpython_prints() {
    let folder = root().join("tests/python");
    let names = programs(&folder);
    assert!(!names.is_empty());
    let mut wrong = Vec::new();
    for name in names {
        let expected = std::fs::read_to_string(folder.join(format!("{name}.out"))).unwrap_or_default();
        let printed = run(&folder, &format!("{name}.py"));
        if printed != expected {
            wrong.push(format!("{name}: printed\n{printed}\nexpected\n{expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}
