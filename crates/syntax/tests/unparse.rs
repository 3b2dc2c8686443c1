//! `unparse` against `tests/unparse/expressions.txt`, recorded from CPython by `tests/unparse/record.py`.
#![allow(clippy::disallowed_methods)] // A test reads its files itself.

use bumpalo::Bump;
use ophi_syntax::ast::Mod;
use ophi_syntax::{Mode, ParseFlags, Source, parse, unparse};
use std::path::PathBuf;

fn unescape(text: &str) -> String {
    let mut out = Vec::new();
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'\\' {
            out.push(byte);
            continue;
        }
        out.push(match bytes.next() {
            Some(b't') => b'\t',
            Some(b'n') => b'\n',
            Some(b'r') => b'\r',
            Some(b'x') => {
                let digits: String = bytes.by_ref().take(2).map(char::from).collect();
                u8::from_str_radix(&digits, 16).expect("two hexadecimal digits")
            }
            Some(other) => other,
            None => panic!("an escape is cut off"),
        });
    }
    String::from_utf8(out).expect("the cases are UTF-8")
}

fn text_of(expression: &str) -> Result<String, String> {
    let source = Source::from_text(expression, false).map_err(|error| error.message)?;
    let arena = Bump::new();
    match parse(&source, Mode::Eval, ParseFlags::default(), &arena) {
        Ok(Mod::Expression { body }) => unparse::expression(body).map_err(|error| error.0.to_owned()),
        Ok(_) => Err("not an expression".to_owned()),
        Err(error) => Err(error.message),
    }
}

#[test]
fn annotations_read_as_in_cpython() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/unparse/expressions.txt");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let lines: Vec<&str> = text.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()).collect();
    let mut wrong = String::new();
    let mut compared = 0;
    for pair in lines.chunks(2) {
        let [input, answer] = pair else { panic!("an input has no answer") };
        let input = unescape(input.strip_prefix("input: ").expect("an input line"));
        let expected = Ok(unescape(answer));
        let ours = text_of(&input);
        compared += 1;
        if ours != expected {
            wrong += &format!("{input}\n  expected {expected:?}\n  got {ours:?}\n");
        }
        // The text reads back as itself.
        if let Ok(ours) = ours {
            let again = text_of(&ours);
            if again.as_deref() != Ok(&ours) {
                wrong += &format!("{input}\n  reads {ours:?}\n  then {again:?}\n");
            }
        }
    }
    assert!(compared > 150, "only {compared} cases");
    assert!(wrong.is_empty(), "{wrong}");
}

#[test]
fn deep_trees_are_refused() {
    let text = text_of(&format!("a{}", ".b".repeat(50_000)));
    assert_eq!(text, Err("maximum recursion depth exceeded during compilation".to_owned()));
}
