//! The parser against `tests/syntax/`: trees and errors recorded from CPython by `tests/syntax/record.py`, which also
//! says what the files hold. Every case must match to the character.
#![allow(clippy::disallowed_methods)] // A test reads its files itself.

use bumpalo::Bump;
use ophi_syntax::ast::{Constant, PyStr};
use ophi_syntax::ast::{DumpOptions, NodeRef, constant_repr, dump, for_each_child};
use ophi_syntax::{Mode, ParseFlags, Source, SyntaxDiagnostic, parse};
use std::fmt::Write;
use std::path::PathBuf;

fn position(node: NodeRef<'_>, out: &mut String) {
    if let Some(range) = node.range() {
        let (start, end) = ((range.lineno, range.col_offset), (range.end_lineno, range.end_col_offset));
        let name = node.class().name();
        writeln!(out, "{}:{}-{}:{} {name}", start.0, start.1, end.0, end.1).expect("a string takes all");
    }
    for_each_child(node, |child| position(child, out));
}

/// `ascii(text)`: `repr` with the rest escaped too.
fn ascii(text: Option<&str>) -> String {
    let Some(text) = text else { return "None".to_owned() };
    let mut out = String::new();
    for c in constant_repr(&Constant::Str(PyStr::new(text))).chars() {
        match c as u32 {
            0..=0x7f => out.push(c),
            0x80..=0xff => write!(out, "\\x{:02x}", c as u32).expect("a string takes all"),
            0x100..=0xffff => write!(out, "\\u{:04x}", c as u32).expect("a string takes all"),
            _ => write!(out, "\\U{:08x}", c as u32).expect("a string takes all"),
        }
    }
    out
}

fn error(error: &SyntaxDiagnostic) -> String {
    let mut out = format!("{:?}: {}", error.kind, error.message);
    if let Some(at) = &error.location {
        write!(out, "\nat {}:{}-{}:{}", at.lineno, at.offset, at.end_lineno, at.end_offset)
            .expect("a string takes all");
        write!(out, "\ntext {}", ascii(at.text.as_deref())).expect("a string takes all");
    }
    out
}

fn answer(program: &str, head: &str) -> String {
    let mut words = head.split(' ');
    let mode = match words.next() {
        Some("exec") => Mode::File,
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => Mode::FuncType,
    };
    let mut flags = ParseFlags::default();
    for flag in words {
        match flag.strip_prefix("version=") {
            Some(version) => flags.feature_version = version.parse().expect("a minor version"),
            None => flags.type_comments = true,
        }
    }
    let arena = Bump::new();
    let source = match Source::from_text(program, mode == Mode::File) {
        Ok(source) => source,
        Err(diagnostic) => return error(&diagnostic),
    };
    match parse(&source, mode, flags, &arena) {
        Ok(tree) => {
            let tree = NodeRef::from(&*arena.alloc(tree));
            let mut out = dump(tree, DumpOptions { indent: Some(" "), ..DumpOptions::default() }) + "\n";
            position(tree, &mut out);
            out.trim_end().to_owned()
        }
        Err(diagnostic) => error(&diagnostic),
    }
}

#[test]
fn trees_and_errors() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/syntax");
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .expect("the folder of goldens")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    paths.sort();
    let mut wrong = String::new();
    let mut count = 0;
    for path in paths {
        let text = std::fs::read_to_string(&path).expect("UTF-8");
        for case in text.split("=== ").skip(1) {
            let (head, rest) = case.split_once('\n').expect("a first line");
            let (program, expected) = rest.split_once("\n---\n").expect("a line --- after the program");
            let got = answer(program, head);
            count += 1;
            if got != expected.trim_end_matches('\n') {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                write!(wrong, "{name}: {head}\n{program}\n--- expected\n{expected}--- got\n{got}\n\n")
                    .expect("a string takes all");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(count >= 234, "only {count} cases were read");
}

/// Depth is bounded as CPython bounds it, and never overflows the stack.
#[test]
fn deep_programs() {
    let check = || {
        for (unit, innermost, closing, most) in
            [("-", "1", "", 5968), ("not ", "1", "", 5968), ("1**", "1", "", 2984), ("lambda:", "1", "", 2984)]
        {
            for (count, accepted) in [(most, true), (most + 1, false), (100_000, false)] {
                let program = unit.repeat(count) + innermost + closing;
                let source = Source::from_text(program, true).expect("a source");
                let arena = Bump::new();
                let result = parse(&source, Mode::File, ParseFlags::default(), &arena);
                assert_eq!(result.is_ok(), accepted, "{unit} {count}");
            }
        }
    };
    let thread = std::thread::Builder::new().stack_size(8 << 20).spawn(check).expect("a thread");
    thread.join().expect("no overflow");
}
