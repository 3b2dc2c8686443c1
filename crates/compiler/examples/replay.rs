//! Replays recorded calls of `compile`: each line of the JSON files named is a source, mode, flags and what CPython
//! made of it (a dump as of `exactness.py`, or an error; and warnings). Prints what we answer differently.
//! usage: replay FILE.jsonl ... (with SHOW=n for n examples of each kind)
#![allow(clippy::disallowed_methods, reason = "a tool of the developers, not part of the program")]

use std::collections::BTreeMap;

use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::parser::ParseFlags;
use ophi_syntax::{DiagnosticKind, Mode, Source, SyntaxDiagnostic, WarningCategory};
use serde_json::Value;

#[path = "shared/dump.rs"]
mod dump;

fn kind_name(kind: DiagnosticKind) -> &'static str {
    match kind {
        DiagnosticKind::SyntaxError | DiagnosticKind::UnicodeError => "SyntaxError",
        DiagnosticKind::IndentationError => "IndentationError",
        DiagnosticKind::TabError => "TabError",
        DiagnosticKind::IncompleteInput => "_IncompleteInputError",
        DiagnosticKind::ValueError => "ValueError",
        DiagnosticKind::OverflowError => "OverflowError",
        DiagnosticKind::RecursionError => "RecursionError",
        DiagnosticKind::MemoryError => "MemoryError",
    }
}

fn shown(error: &SyntaxDiagnostic) -> String {
    let place = error.location.as_ref().map(|l| (l.lineno, l.offset, l.end_lineno, l.end_offset));
    format!("{} {:?} {:?}", kind_name(error.kind), error.message, place)
}

fn shown_python(error: &Value) -> String {
    let number = |i: usize| error[i].as_i64();
    let place = match (number(2), number(3), number(4), number(5)) {
        (Some(a), b, c, d) => Some((a, b.unwrap_or(-9), c.unwrap_or(-9), d.unwrap_or(-9))),
        _ => None,
    };
    format!("{} {:?} {:?}", error[0].as_str().unwrap_or(""), error[1].as_str().unwrap_or(""), place)
}

struct Answer {
    /// `parse` or `compile`, where an error came from.
    lines: Vec<String>,
    error: Option<String>,
    warnings: Vec<String>,
}

fn answer(case: &Value) -> Answer {
    let text = case["source"].as_str().unwrap_or_default();
    let flags = case["flags"].as_u64().unwrap_or(0) as u32;
    let mode = match case["mode"].as_str() {
        Some("eval") => Mode::Eval,
        Some("single") => Mode::Single,
        _ => Mode::File,
    };
    let source = match Source::from_text(text, mode == Mode::File) {
        Ok(source) => source,
        Err(e) => return Answer { lines: Vec::new(), error: Some(shown(&e)), warnings: Vec::new() },
    };
    let parse_flags = ParseFlags {
        type_comments: flags & 0x1000 != 0,
        dont_imply_dedent: flags & 0x200 != 0,
        allow_incomplete: flags & 0x4000 != 0,
        barry_as_flufl: flags & 0x40_0000 != 0,
        ..ParseFlags::default()
    };
    let mut options = CompileOptions::new("<file>");
    options.optimize = case["optimize"].as_u64().unwrap_or(0) as u8;
    options.flags = flags;
    let compiled = compile_source(&source, mode, parse_flags, &options);
    let warnings = compiled
        .warnings
        .iter()
        .map(|w| {
            let category = match w.category {
                WarningCategory::SyntaxWarning => "SyntaxWarning",
                WarningCategory::DeprecationWarning => "DeprecationWarning",
            };
            format!("{category} {} {}", w.message, w.lineno)
        })
        .collect();
    match compiled.result {
        Ok(code) => {
            let mut lines = Vec::new();
            dump::dump(&code, &mut lines);
            Answer { lines, error: None, warnings }
        }
        Err(e) => Answer { lines: Vec::new(), error: Some(shown(&e)), warnings },
    }
}

fn run(files: &[String]) {
    let show: usize = std::env::var("SHOW").ok().and_then(|n| n.parse().ok()).unwrap_or(3);
    let mut kinds: BTreeMap<&str, (usize, Vec<String>)> = BTreeMap::new();
    let (mut cases, mut equal) = (0, 0);
    for file in files {
        for line in std::fs::read_to_string(file).unwrap_or_default().lines() {
            let Ok(case) = serde_json::from_str::<Value>(line) else { continue };
            cases += 1;
            let ours = answer(&case);
            let theirs = case.get("error").map(shown_python);
            let their_warnings: Vec<String> = case["warnings"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|w| format!("{} {} {}", w[0].as_str().unwrap_or(""), w[1].as_str().unwrap_or(""), w[2]))
                .collect();
            let their_lines: Vec<&str> =
                case["dump"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            let difference = match (&ours.error, &theirs) {
                (Some(a), Some(b)) if a != b => Some(("error differs", format!("want {b}\n    got  {a}"))),
                (Some(a), None) => Some(("error of ours only", a.clone())),
                (None, Some(b)) => Some(("no error of ours", b.clone())),
                (None, None) if ours.lines != their_lines => {
                    let at = ours.lines.iter().zip(&their_lines).position(|(a, b)| a != b).unwrap_or(0);
                    let (a, b) = (ours.lines.get(at), their_lines.get(at));
                    Some(("code", format!("want {b:?}\n    got  {a:?}")))
                }
                _ if ours.warnings != their_warnings => {
                    Some(("warnings", format!("want {their_warnings:?}\n    got  {:?}", ours.warnings)))
                }
                _ => None,
            };
            match difference {
                None => equal += 1,
                Some((kind, text)) => {
                    let entry = kinds.entry(kind).or_default();
                    entry.0 += 1;
                    if entry.1.len() < show {
                        let source: String = case["source"].as_str().unwrap_or("").chars().take(300).collect();
                        let text: String = text.chars().take(600).collect();
                        entry.1.push(format!("{} {source:?}\n    {text}", case["mode"]));
                    }
                }
            }
        }
    }
    for (kind, (count, examples)) in &kinds {
        println!("{kind}: {count}");
        for example in examples {
            println!("  {example}");
        }
    }
    println!("equal {equal}/{cases}");
}

fn main() {
    let files: Vec<String> = std::env::args().skip(1).collect();
    let worker = std::thread::Builder::new().stack_size(256 << 20).spawn(move || run(&files));
    if worker.map(std::thread::JoinHandle::join).is_err() {
        std::process::exit(1);
    }
}
