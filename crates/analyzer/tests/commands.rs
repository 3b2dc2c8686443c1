//! The commands as a user sees them: each golden holds files, command lines, and what they print.
//!
//! A golden is made of sections: `=== file NAME` (text), `=== hex NAME` (bytes in hexadecimal), and `=== $ COMMAND`, whose
//! text is the output, errors after it, then `[status N]` unless it is 0. `OPHI_BLESS=1 cargo test` writes the outputs anew.
#![allow(clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use ophi_analyzer::cli::{Io, run};
use ophi_analyzer::input::Files;

#[derive(Default)]
struct Memory(BTreeMap<String, Vec<u8>>);

impl Files for Memory {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "No such file or directory"))
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        let prefix = if path == "." { String::new() } else { format!("{path}/") };
        let below = self.0.keys().filter_map(|name| name.strip_prefix(&prefix));
        let mut names: Vec<String> = below.map(|rest| rest.split('/').next().unwrap_or(rest).to_owned()).collect();
        names.dedup();
        if names.is_empty() || self.0.contains_key(path) { Err(io::ErrorKind::NotADirectory.into()) } else { Ok(names) }
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        self.read("-")
    }

    fn module(&self, name: &str) -> Option<(String, Vec<u8>)> {
        let name = format!("lib/{name}.py");
        self.read(&name).ok().map(|data| (name, data))
    }
}

fn command(files: &Memory, line: &str) -> String {
    let mut words = line.split_whitespace().map(str::to_owned);
    let command = words.next().unwrap_or_default();
    let args: Vec<String> = words.collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = Io { out: &mut out, err: &mut err, files, color: false, progress: false, threads: 2 };
    let status = run(&command, &args, &mut io).expect("a command");
    let mut text = String::from_utf8(out).expect("UTF-8");
    text += std::str::from_utf8(&err).expect("UTF-8");
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    if status != 0 {
        text += &format!("[status {status}]\n");
    }
    text
}

/// Runs one golden; its text with the outputs as they are now.
fn replay(text: &str) -> String {
    let mut files = Memory::default();
    let mut out = String::new();
    let mut parts = text.split("\n=== ");
    if let Some(intro) = parts.next() {
        out += intro;
    }
    for part in parts {
        let (head, body) = part.split_once('\n').unwrap_or((part, ""));
        out += &format!("\n=== {head}\n");
        if let Some(name) = head.strip_prefix("file ") {
            files.0.insert(name.into(), format!("{body}\n").into_bytes());
            out += body;
        } else if let Some(name) = head.strip_prefix("hex ") {
            let digits: Vec<u32> = body.chars().filter_map(|c| c.to_digit(16)).collect();
            let bytes = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
            files.0.insert(name.into(), bytes);
            out += body;
        } else if let Some(line) = head.strip_prefix("$ ") {
            out += command(&files, line).trim_end_matches('\n');
        }
    }
    out.trim_end_matches('\n').to_owned() + "\n"
}

fn goldens() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/goldens");
    let mut list: Vec<PathBuf> =
        std::fs::read_dir(folder).expect("goldens").map(|e| e.expect("entry").path()).collect();
    list.sort();
    list
}

#[test]
fn commands_print_what_the_goldens_say() {
    let bless = std::env::var_os("OPHI_BLESS").is_some();
    for path in goldens() {
        let text = std::fs::read_to_string(&path).expect("readable");
        let now = replay(&text);
        if bless {
            std::fs::write(&path, now).expect("writable");
        } else {
            let line = text.lines().zip(now.lines()).position(|(a, b)| a != b);
            let shown = line.map(|at| (at + 1, text.lines().nth(at), now.lines().nth(at)));
            assert!(text == now, "{}: line, recorded, now: {shown:?}", path.display());
        }
    }
}

/// Every golden's files, damaged in many ways, through every command: no panic, an exit status of 0, 1 or 2.
#[test]
fn damaged_inputs_are_survived() {
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = move |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 16) as usize % below.max(1)
    };
    let pycs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bytecode/tests/goldens");
    for version in ["2.7", "3.6", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"] {
        let text = std::fs::read_to_string(pycs.join(format!("{version}.txt"))).expect("a golden");
        let hex = text.split_once("--- pyc\n").and_then(|(_, rest)| rest.split_once("--- dis\n")).expect("a pyc").0;
        let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
        let data: Vec<u8> = digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect();
        for round in 0..25 {
            let mut damaged = data.clone();
            for _ in 0..random(4) {
                let at = 16 + random(damaged.len() - 16);
                damaged[at] = random(256) as u8;
            }
            if random(8) == 0 {
                damaged.truncate(16 + random(damaged.len() - 16));
            }
            let mut files = Memory::default();
            files.0.insert("a.pyc".into(), damaged);
            files.0.insert("b.pyc".into(), data.clone());
            let lines = [
                "dis --json --stack a.pyc",
                "dis --stack --source --info a.pyc",
                "cfg --html a.pyc",
                "cfg a.pyc",
                "cfg --dot a.pyc",
                "analyze --json a.pyc",
                "analyze --html --dis a.pyc",
                "verify a.pyc",
                "diff a.pyc b.pyc",
            ];
            let text = command(&files, lines[round % lines.len()]);
            assert!(!text.contains("[status") || text.contains("[status 1]") || text.contains("[status 2]"));
        }
    }
}
