//! The inspection commands over the real file system: `inspect dis file.pyc`.
#![allow(clippy::disallowed_methods)]

use std::io::{self, IsTerminal, Read};

use ophi_analyzer::cli::{COMMANDS, Io, run};
use ophi_analyzer::input::Files;

struct Disk;

impl Files for Disk {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn list(&self, path: &str) -> io::Result<Vec<String>> {
        std::fs::read_dir(path)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        let mut data = Vec::new();
        io::stdin().read_to_end(&mut data).map(|_| data)
    }

    fn module(&self, _: &str) -> Option<(String, Vec<u8>)> {
        None
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut err = io::stderr();
    let status = {
        let mut io = Io {
            out: &mut out,
            err: &mut err,
            files: &Disk,
            terminal: io::stdout().is_terminal(),
            color: io::stdout().is_terminal(),
            progress: io::stderr().is_terminal(),
            threads: std::thread::available_parallelism().map_or(1, |n| n.get()),
        };
        let command = args.first().map_or("", String::as_str);
        match run(command, args.get(1..).unwrap_or_default(), &mut io) {
            Some(status) => status,
            None => {
                COMMANDS.iter().for_each(|(name, what)| eprintln!("{name:<8} {what}"));
                2
            }
        }
    };
    drop(out);
    std::process::exit(status);
}
