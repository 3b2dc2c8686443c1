//! The commands as a user sees them: each golden holds files, command lines, and what they print.
//!
//! A golden is made of sections: `=== file NAME` (text), `=== hex NAME` (bytes in hexadecimal), and `=== $ COMMAND`, whose
//! text is the output, errors after it, then `[status N]` unless it is 0. `OPHI_BLESS=1 cargo test` writes the outputs anew.
#![allow(clippy::disallowed_methods)]

mod support;

use std::path::{Path, PathBuf};

use support::{Memory, Random, VERSIONS, answer, pyc};

fn command(files: &Memory, line: &str) -> String {
    let (mut text, status) = answer(files, line);
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
    let mut random = Random::new();
    for version in VERSIONS {
        let data = pyc(version);
        for round in 0..25 {
            let mut damaged = data.clone();
            for _ in 0..random.below(4) {
                let at = 16 + random.below(damaged.len() - 16);
                damaged[at] = random.below(256) as u8;
            }
            if random.below(8) == 0 {
                damaged.truncate(16 + random.below(damaged.len() - 16));
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
