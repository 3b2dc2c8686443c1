//! `cargo xtask start-order`: writes the list of functions that a start executes, for the linker (`crates/ophi/build.rs`).
//!
//! The release program runs a few starts under callgrind, which names every function it sees. The names carry hashes that change with
//! the code, so the list is good for the program it was taken from and loses a few names with every change.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

pub const USAGE: &str = "\
start-order
    List what target/release/ophi executes at a start in crates/ophi/start-order.txt. Needs valgrind. Build anew afterwards.";

const STARTS: &[&[&str]] = &[&["-c", "pass"], &["-S", "-c", "pass"], &["-c", "print(1)"]];

pub fn run(_: &[String]) -> Result<ExitCode, String> {
    let root = crate::root();
    let program = root.join("target/release/ophi");
    let mut names = BTreeSet::new();
    for start in STARTS {
        names.extend(executed(&root, &program, start)?);
    }
    // Mangled names alone: those of C are not ours to place.
    let ours = |name: &&String| name.starts_with("_R") || name.starts_with("_ZN");
    let list: String = names.iter().filter(ours).map(|name| format!("{name}\n")).collect();
    let path = root.join("crates/ophi/start-order.txt");
    std::fs::write(&path, &list).map_err(|e| format!("{}: {e}", path.display()))?;
    println!("{} functions", list.lines().count());
    Ok(ExitCode::SUCCESS)
}

/// The mangled names of the functions that ran.
fn executed(root: &Path, program: &Path, start: &[&str]) -> Result<Vec<String>, String> {
    let out = root.join("target/start-order.callgrind");
    let status = Command::new("valgrind")
        .args(["--tool=callgrind", "--demangle=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(start)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .map_err(|e| format!("valgrind: {e}"))?;
    if !status.success() {
        return Err(format!("{} {start:?} failed under valgrind", program.display()));
    }
    let text = std::fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let _ = std::fs::remove_file(&out);
    // `fn=(12) name` where a function is first named, `cfn=` where it is first called; a cycle's members end in 'number.
    let named = text.lines().filter_map(|line| line.strip_prefix("fn=(").or_else(|| line.strip_prefix("cfn=(")));
    let names = named.filter_map(|rest| rest.split_once(") ")).map(|(_, name)| name.split('\'').next().unwrap_or(name));
    Ok(names.map(str::to_string).collect())
}
