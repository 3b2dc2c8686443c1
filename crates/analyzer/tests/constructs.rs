//! One small program for each construct of the language, and what every layer makes of it: `tests/constructs/`.
//!
//! Tokens, tree, scopes and bytecode are what CPython 3.14.10's `-m tokenize`, `-m ast`, `-m symtable` and `-m dis` print
//! (recorded by `tests/constructs/record.py`); the flow graph is `ophi cfg`'s own, written anew with `OPHI_BLESS=1`.
#![allow(clippy::disallowed_methods)]

use std::io;
use std::path::Path;

use ophi_analyzer::cli::{Io, run};
use ophi_analyzer::input::Files;

struct One(String);

impl Files for One {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        if path == "program.py" { Ok(self.0.clone().into_bytes()) } else { Err(io::ErrorKind::NotFound.into()) }
    }

    fn list(&self, _: &str) -> io::Result<Vec<String>> {
        Err(io::ErrorKind::NotADirectory.into())
    }

    fn stdin(&self) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }

    fn module(&self, _: &str) -> Option<(String, Vec<u8>)> {
        None
    }
}

const SECTIONS: [(&str, &str); 5] =
    [("tokens", "tokens"), ("tree", "ast"), ("scopes", "symbols"), ("bytecode", "dis"), ("flow graph", "cfg")];

fn command(files: &One, command: &str) -> String {
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut io = Io { out: &mut out, err: &mut err, files, terminal: false, color: false, progress: false, threads: 1 };
    let status = run(command, &["program.py".to_owned()], &mut io);
    assert_eq!(status, Some(0), "{}", String::from_utf8_lossy(&err));
    String::from_utf8(out).expect("UTF-8")
}

fn section<'a>(golden: &'a str, name: &str) -> &'a str {
    let rest = golden.split_once(&format!("--- {name}\n")).expect("the section").1;
    rest.find("\n--- ").map_or(rest, |end| &rest[..=end])
}

#[test]
fn every_layer_of_every_construct() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/constructs");
    let bless = std::env::var_os("OPHI_BLESS").is_some();
    let mut paths: Vec<_> =
        std::fs::read_dir(&folder).expect("the folder").map(|e| e.expect("an entry").path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "txt"));
    paths.sort();
    let mut wrong = Vec::new();
    for path in &paths {
        let golden = std::fs::read_to_string(path).expect("readable");
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let files = One(section(&golden, "source").to_owned());
        for (title, word) in SECTIONS {
            let got = command(&files, word);
            if bless && word == "cfg" {
                let before = golden.split_once("--- flow graph\n").expect("the last section").0;
                std::fs::write(path, format!("{before}--- flow graph\n{got}")).expect("writable");
                continue;
            }
            let want = section(&golden, title);
            if got != want {
                let first = want.lines().zip(got.lines()).find(|(a, b)| a != b);
                wrong.push(format!("{name}: {title}: want, got: {first:?} of {} and {} bytes", want.len(), got.len()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(paths.len() >= 34, "only {} constructs", paths.len());
}
