//! How the programs of `tests/python` and `tests/tools` are run and what is recorded of them, as `tests/record_programs.py` does it
//! with CPython. Part of whatever runs them here, by `#[path]`.

use std::path::Path;
use std::process::{Command, Output};

/// The folder and the variables.
pub fn prepare<'a>(command: &'a mut Command, folder: &Path) -> &'a mut Command {
    command
        .current_dir(folder)
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHON_COLORS", "0")
        .env("PYTHONHASHSEED", "0")
}

/// Standard output, and the exit status with the last line of standard error when it is not 0.
pub fn form(done: &Output) -> String {
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

/// The names of the programs in a folder, sorted.
pub fn programs(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .flatten()
        .filter_map(|e| e.file_name().to_str().and_then(|n| n.strip_suffix(".py")).map(str::to_string))
        .collect();
    names.sort();
    names
}
