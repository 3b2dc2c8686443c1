//! Files in memory, commands run on them, and the `.pyc` of each version's golden.
#![allow(dead_code, clippy::disallowed_methods)]

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use ophi_analyzer::cli::{Io, run};
use ophi_analyzer::input::Files;

#[derive(Default)]
pub struct Memory(pub BTreeMap<String, Vec<u8>>);

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

/// What a command line prints, errors after the output, and its status.
pub fn answer(files: &Memory, line: &str) -> (String, i32) {
    let mut words = line.split_whitespace().map(str::to_owned);
    let command = words.next().unwrap_or_default();
    let args: Vec<String> = words.collect();
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = Io { out: &mut out, err: &mut err, files, terminal: false, color: false, progress: false, threads: 2 };
    let status = run(&command, &args, &mut io).expect("a command");
    let mut text = String::from_utf8(out).expect("UTF-8");
    text += std::str::from_utf8(&err).expect("UTF-8");
    (text, status)
}

/// The versions whose bytecode is read.
pub const VERSIONS: [&str; 11] = ["2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13", "3.14", "3.15"];

/// The `.pyc` of a version's golden.
pub fn pyc(version: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../bytecode/tests/goldens");
    let text = std::fs::read_to_string(folder.join(format!("{version}.txt"))).expect("a golden");
    let hex = text.split_once("--- pyc\n").and_then(|(_, rest)| rest.split_once("--- dis\n")).expect("a pyc").0;
    let digits: Vec<u32> = hex.chars().filter_map(|c| c.to_digit(16)).collect();
    digits.chunks(2).map(|pair| (pair[0] << 4 | pair[1]) as u8).collect()
}

/// Marsaglia's xorshift.
pub struct Random(u64);

impl Random {
    pub fn new() -> Random {
        Random(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % limit.max(1)
    }
}
