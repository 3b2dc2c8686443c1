//! Chores of the repository: `cargo xtask COMMAND`.
//!
//! One file a command; a command takes the words after its name and answers with the process's exit code. To add one, write
//! `src/NAME.rs` with `USAGE` and `run`, and name it in [`COMMANDS`].

#![allow(clippy::disallowed_methods)] // Chores work on the disk.

mod leaks;
mod ledger;
mod profile;
mod start_order;
mod zeal;

use xtask::{exactness, fuzz};

use std::path::PathBuf;
use std::process::ExitCode;

struct Command {
    name: &'static str,
    usage: &'static str,
    run: fn(&[String]) -> Result<ExitCode, String>,
}

const COMMANDS: &[Command] = &[
    Command { name: "exactness", usage: exactness::USAGE, run: exactness::run },
    Command { name: "fuzz", usage: fuzz::USAGE, run: fuzz::run },
    Command { name: "leaks", usage: leaks::USAGE, run: leaks::run },
    Command { name: "ledger", usage: ledger::USAGE, run: ledger::run },
    Command { name: "profile", usage: profile::USAGE, run: profile::run },
    Command { name: "start-order", usage: start_order::USAGE, run: start_order::run },
    Command { name: "zeal", usage: zeal::USAGE, run: zeal::run },
];

/// The repository's root: the folder above this crate.
fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).parent().map(PathBuf::from).unwrap_or_default()
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let Some(command) = COMMANDS.iter().find(|command| words.first().is_some_and(|word| word == command.name)) else {
        eprintln!("usage: cargo xtask COMMAND ...\n");
        for command in COMMANDS {
            eprintln!("{}\n", command.usage);
        }
        return ExitCode::from(2);
    };
    match (command.run)(&words[1..]) {
        Ok(code) => code,
        Err(message) => {
            eprintln!("cargo xtask {}: {message}", command.name);
            ExitCode::from(2)
        }
    }
}
