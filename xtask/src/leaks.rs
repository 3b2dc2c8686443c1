//! `cargo xtask leaks`: runs CPython's test modules three times each in one process and prints what grows.
//!
//! The work is `leaks.py`'s, run by the built `ophi`, a process a module; this command finds the files and adds up.

use std::path::PathBuf;
use std::process::{Command, ExitCode};

pub const USAGE: &str = "\
leaks --oracle-tests DIR [--ophi PATH] [--timeout SECONDS] MODULE...
    Run each test module of DIR (the folder that holds CPython's package `test`) three times in one process
    and print the objects that the third run left behind, class by class, and the references that the walk
    of the heap cannot explain. PATH: target/release/ophi unless given.";

const SCRIPT: &str = include_str!("leaks.py");

pub fn run(words: &[String]) -> Result<ExitCode, String> {
    let (mut tests, mut ophi, mut timeout, mut modules) =
        (None, PathBuf::from("target/release/ophi"), 300u64, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let mut value = || words.next().cloned().ok_or_else(|| format!("{word} wants a value"));
        match word.as_str() {
            "--oracle-tests" => tests = Some(PathBuf::from(value()?)),
            "--ophi" => ophi = PathBuf::from(value()?),
            "--timeout" => timeout = value()?.parse().map_err(|_| "--timeout wants seconds".to_string())?,
            _ if word.starts_with('-') => return Err(format!("unknown option {word}\n{USAGE}")),
            _ => modules.push(word.clone()),
        }
    }
    let tests = tests.ok_or_else(|| format!("--oracle-tests is missing\n{USAGE}"))?;
    let ophi = ophi.canonicalize().map_err(|error| format!("{}: {error}", ophi.display()))?;
    let scratch = std::env::temp_dir().join(format!("ophi-leaks-{}", std::process::id()));
    std::fs::create_dir_all(&scratch).map_err(|error| format!("{}: {error}", scratch.display()))?;
    let script = scratch.join("leaks.py");
    std::fs::write(&script, SCRIPT).map_err(|error| format!("{}: {error}", script.display()))?;
    let mut grown = 0;
    for module in &modules {
        // `timeout` ends a module that hangs.
        let status = Command::new("timeout")
            .arg(timeout.to_string())
            .arg(&ophi)
            .args([script.as_os_str(), module.as_ref()])
            .current_dir(&scratch)
            .env("PYTHONPATH", &tests)
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .status()
            .map_err(|error| format!("{}: {error}", ophi.display()))?;
        match status.code() {
            Some(0) => {}
            Some(1) => grown += 1,
            other => println!("{module}: did not end well ({})", other.unwrap_or(-1)),
        }
    }
    let _ = std::fs::remove_dir_all(&scratch);
    println!("{grown} of {} modules leave something behind", modules.len());
    Ok(if grown == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}
