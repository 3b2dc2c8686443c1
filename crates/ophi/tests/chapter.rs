//! The listings of the text that started the project, run by the built binary and compared with what CPython prints.
//!
//! Normalised, on both sides alike: addresses; the path before a listing's own file name; the text of `sys.version`;
//! `gc.get_count()`; tracemalloc's sizes and counts; `sys.implementation.name`; which ten modules are loaded first; the
//! times of listing 08 (four sleeping threads must take about a second, four computing ones need only have run). A run
//! that ends with another exit status than 0 gets a last line with it and the last line of its standard error.
#![allow(clippy::disallowed_methods)] // A test runs programs and reads files.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/chapter")
}

/// `0x` followed by hexadecimal digits becomes `0x…`.
fn without_addresses(line: &str) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(at) = rest.find("0x") {
        let before = rest[..at].chars().next_back();
        let digits = rest[at + 2..].bytes().take_while(u8::is_ascii_hexdigit).count();
        out.push_str(&rest[..at + 2]);
        rest = &rest[at + 2..];
        let word_before = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        let word_after = rest[digits..].chars().next().is_some_and(|c| c.is_alphanumeric() || c == '_');
        if digits > 0 && !word_before && !word_after {
            out.push('…');
            rest = &rest[digits..];
        }
    }
    out + rest
}

/// The path in front of the listing's own file name goes.
fn without_paths(text: &str, file: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find(file) {
        let kept = rest[..at]
            .rfind(|c: char| c.is_whitespace() || c == '\'' || c == '"')
            .map_or(0, |space| space + rest[space..].chars().next().map_or(1, char::len_utf8));
        let path = &rest[kept..at];
        out.push_str(&rest[..kept]);
        if !(path.ends_with('/') || path.is_empty()) {
            out.push_str(path);
        }
        out.push_str(file);
        rest = &rest[at + file.len()..];
    }
    out + rest
}

/// A line `LABEL: 1.23s`.
fn seconds(line: &str, label: &str) -> Option<f64> {
    line.strip_prefix(label)?.trim().strip_suffix('s')?.parse().ok()
}

fn gil_threads(line: &str) -> String {
    match (seconds(line, "I/O 4 threads:"), seconds(line, "CPU 4 threads:")) {
        (Some(time), _) if (0.9..1.5).contains(&time) => "I/O 4 threads: ~1 s".into(),
        (_, Some(_)) => "CPU 4 threads: ran".into(),
        _ => line.into(),
    }
}

/// `size=…, count=…, average=…` at the end of a line.
fn tracemalloc(line: &str) -> String {
    match line.find("size=") {
        Some(at) if line[at..].contains(", count=") && line[at..].contains(", average=") => {
            format!("{}size=…, count=…, average=…", &line[..at])
        }
        _ => line.into(),
    }
}

/// The lines of listing 26 that may differ between two right runs.
fn sys_module(lines: Vec<String>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let is_name = |text: &str| {
            text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let names: Option<Vec<&str>> =
            line.strip_prefix('[').and_then(|line| line.strip_suffix(']')).map(|inside| inside.split(", ").collect());
        if index == 0 && is_name(line) {
            out.push("<sys.implementation.name>".into());
        } else if line.starts_with("sys.version_info(") && !out.is_empty() {
            // One or two lines of sys.version stand before.
            while out
                .last()
                .is_some_and(|last| last.starts_with('[') || last.starts_with("3.") && last.matches('.').count() >= 2)
            {
                out.pop();
            }
            if out.last().is_none_or(|last| last != "<sys.version>") {
                out.push("<sys.version>".into());
            }
            out.push(line.clone());
        } else if let Some(names) = names
            && names.iter().all(|name| name.starts_with('\'') && name.ends_with('\''))
        {
            out.push(format!("<{} module names>", names.len()));
        } else {
            out.push(line.clone());
        }
    }
    out
}

fn normalised(name: &str, text: &str) -> String {
    let text = without_paths(text, &format!("{name}.py"));
    let mut lines: Vec<String> = text.lines().map(without_addresses).collect();
    match name {
        "08_gil_threads" => lines = lines.iter().map(|line| gil_threads(line)).collect(),
        "15_tracemalloc" => lines = lines.iter().map(|line| tracemalloc(line)).collect(),
        "26_sys_module" => lines = sys_module(lines),
        "13_gc_module" => {
            if let Some(first) = lines.first_mut()
                && first.starts_with('(')
                && first.ends_with(')')
            {
                *first = "<gc.get_count>".into();
            }
        }
        _ => {}
    }
    lines.join("\n")
}

fn run(listing: &Path) -> String {
    let done = Command::new(env!("CARGO_BIN_EXE_ophi"))
        .arg(listing.file_name().expect("a listing has a name"))
        .current_dir(folder().join("listings"))
        .env("PYTHONIOENCODING", "utf-8")
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .env("PYTHON_COLORS", "0")
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs");
    let mut text = String::from_utf8_lossy(&done.stdout).into_owned();
    if !done.status.success() {
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        let errors = String::from_utf8_lossy(&done.stderr).into_owned();
        let last = errors.trim().lines().last().unwrap_or_default();
        let status = done.status.code().map_or_else(|| "signal".into(), |code| code.to_string());
        text.push_str(&format!("<exit {status}: {last}>\n"));
    }
    text
}

#[test]
fn every_listing_prints_what_cpython_prints() {
    let mut listings: Vec<PathBuf> = std::fs::read_dir(folder().join("listings"))
        .expect("the listings stand in the repository")
        .map(|entry| entry.expect("a folder entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
        .collect();
    listings.sort();
    assert_eq!(listings.len(), 27);
    let mut wrong = Vec::new();
    for listing in &listings {
        let name = listing.file_stem().expect("a listing has a name").to_string_lossy().into_owned();
        let expected = std::fs::read_to_string(folder().join("expected").join(format!("{name}.txt")))
            .expect("each listing has its expected output");
        let (expected, got) = (normalised(&name, &expected), normalised(&name, &run(listing)));
        if expected != got {
            wrong.push(format!("--- {name}: expected\n{expected}\n--- got\n{got}"));
        }
    }
    assert!(wrong.is_empty(), "{} of {} listings differ\n{}", wrong.len(), listings.len(), wrong.join("\n"));
}
