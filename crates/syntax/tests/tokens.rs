//! The lexer against `tests/tokens/`: answers recorded from CPython by `tests/tokens/record.py`, which also says what
//! the files hold. Every case must match to the character.
#![allow(clippy::disallowed_methods)] // A test reads its files itself.

use bumpalo::Bump;
use ophi_syntax::ast::{Constant, ExprKind, NodeRef, constant_repr, walk};
use ophi_syntax::source::{DecodeFailure, Origin, SourceError};
use ophi_syntax::tokenize::tokenize;
use ophi_syntax::{
    DiagnosticKind, LexOptions, Mode, ParseFlags, Source, SyntaxDiagnostic, parse, parse_with_warnings, tokenize_all,
};
use std::path::PathBuf;

struct Case {
    input: Vec<u8>,
    answer: Vec<String>,
}

fn cases(name: &str) -> Vec<Case> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/tokens").join(name);
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let mut cases: Vec<Case> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with("# ") && !line.is_empty()) {
        match line.strip_prefix("input: ") {
            Some(input) => cases.push(Case { input: unescape(input), answer: Vec::new() }),
            None => cases.last_mut().expect("an answer follows an input").answer.push(line.to_owned()),
        }
    }
    assert!(!cases.is_empty(), "{name} holds no case");
    cases
}

fn unescape(text: &str) -> Vec<u8> {
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
    out
}

fn escape(text: &str) -> String {
    format!("\"{}\"", text.as_bytes().escape_ascii())
}

fn kind_name(kind: DiagnosticKind) -> &'static str {
    match kind {
        DiagnosticKind::SyntaxError => "SyntaxError",
        DiagnosticKind::IndentationError => "IndentationError",
        DiagnosticKind::TabError => "TabError",
        other => panic!("the lexer does not give {other:?}"),
    }
}

fn shown(error: &SyntaxDiagnostic) -> String {
    let head = format!("{} {}", kind_name(error.kind), escape(&error.message));
    let Some(at) = &error.location else { return head };
    let text = at.text.as_deref().map_or("None".to_owned(), escape);
    // An error about the codec has no end.
    let end = if at.offset == -1 { "- -".to_owned() } else { format!("{} {}", at.end_lineno, at.end_offset) };
    let anonymous = if at.anonymous { " anonymous" } else { "" };
    format!("{head} {} {} {end} {text}{anonymous}", at.lineno, at.offset)
}

/// Compares all cases of a file and reports all that differ.
fn check(name: &str, answer: impl Fn(&Case) -> Option<Vec<String>>) {
    let mut wrong = String::new();
    let mut compared = 0;
    for case in cases(name) {
        let Some(ours) = answer(&case) else { continue };
        compared += 1;
        if ours != case.answer {
            let input = case.input.escape_ascii();
            wrong += &format!("{input}\n  expected {:#?}\n  got {:#?}\n", case.answer, ours);
        }
    }
    assert!(compared > 0, "{name}: nothing compared");
    assert!(wrong.is_empty(), "{name}:\n{wrong}");
}

fn text(case: &Case) -> String {
    String::from_utf8(case.input.clone()).expect("these inputs are UTF-8")
}

fn tokenized(case: &Case) -> Option<Vec<String>> {
    let tokenized = tokenize(text(case), true).expect("the input is short");
    let mut out: Vec<String> = tokenized
        .iter()
        .map(|token| {
            let (kind, (l, c), (el, ec)) = (token.kind.number(), token.start, token.end);
            format!("{kind} {l} {c} {el} {ec} {} {}", escape(token.string), escape(token.line))
        })
        .collect();
    if let Some(error) = &tokenized.error {
        let mut line = format!("{} {}", kind_name(error.kind), escape(&error.message));
        if let Some(at) = &error.location {
            let end = at.end.map_or("None None".to_owned(), |(line, offset)| format!("{line} {offset}"));
            line += &format!(" {} {} {end} {}", at.lineno, at.offset, escape(&at.text));
        }
        out.push(line);
    }
    Some(out)
}

#[test]
fn layout_as_tokenize_sees_it() {
    check("tokenize-layout.txt", tokenized);
}

#[test]
fn strings_as_tokenize_sees_them() {
    check("tokenize-strings.txt", tokenized);
}

/// Messages only the lexer gives; all other errors in the files are the parser's and tested with it.
const LEXER_MESSAGES: [&str; 17] = [
    "unterminated ",
    "inconsistent use of tabs",
    "unindent does not match",
    "too many levels of indentation",
    "too many nested ",
    "unexpected character after line continuation",
    "unexpected EOF while parsing",
    "unmatched '",
    "closing parenthesis ",
    "leading zeros in decimal",
    "invalid digit ",
    "invalid character ",
    "invalid non-printable ",
    "f-string: expecting '}'",
    "f-string: single '}'",
    "f-string: unmatched ",
    "f-string: newlines are not",
];

fn lexer_error(mode: Mode) -> impl Fn(&Case) -> Option<Vec<String>> {
    move |case| {
        let message = case.answer[0].split_once('"').map_or("", |(_, rest)| rest).replace("\\'", "'");
        let number = message.starts_with("invalid ") && message.contains(" literal\"");
        let prefixes = message.contains("prefixes are incompatible");
        let template = message.strip_prefix("t-").map(|rest| format!("f-{rest}"));
        let known = LEXER_MESSAGES.iter().any(|known| template.as_deref().unwrap_or(&message).starts_with(known));
        if case.answer[0] != "ok" && !known && !number && !prefixes {
            return None;
        }
        let source = Source::from_text(text(case), mode == Mode::File).expect("the input is a source");
        let tokens = tokenize_all(&source, LexOptions { mode, ..LexOptions::default() });
        Some(vec![tokens.error.as_ref().map_or("ok".to_owned(), shown)])
    }
}

#[test]
fn errors_in_a_file() {
    check("errors-exec.txt", lexer_error(Mode::File));
}

#[test]
fn errors_in_a_single_statement() {
    check("errors-single.txt", lexer_error(Mode::Single));
}

#[test]
fn errors_in_an_expression() {
    check("errors-eval.txt", lexer_error(Mode::Eval));
}

#[test]
fn warnings_and_what_they_become() {
    check("warnings.txt", |case| {
        let source = Source::from_text(text(case), true).expect("the input is a source");
        let arena = Bump::new();
        let mut warnings = Vec::new();
        if let Err(error) = parse_with_warnings(&source, Mode::File, ParseFlags::default(), &arena, &mut warnings) {
            return Some(vec![shown(&error)]);
        }
        let mut out: Vec<String> = warnings
            .iter()
            .map(|warning| format!("{:?} {} {}", warning.category, warning.lineno, escape(&warning.message)))
            .collect();
        out.extend(warnings.first().map(|warning| shown(&warning.as_error)));
        Some(out)
    });
}

#[test]
fn byte_order_marks_and_coding_cookies() {
    check("encodings.txt", |case| {
        let mut decode = |name: &str, bytes: &[u8]| match name {
            "iso-8859-15" => Ok(bytes.iter().map(|&b| if b == 0xA4 { '€' } else { b as char }).collect()),
            _ => Err(DecodeFailure::Message(format!("unknown encoding: {name}"))),
        };
        if case.input.starts_with(b"# coding: ")
            && [&b"utf-7"[..], b"utf-16", b"hex", b"rot13"].iter().any(|name| case.input[10..].starts_with(name))
        {
            // Codecs of the runtime, which is asked through the hook.
            return None;
        }
        let source = match Source::from_bytes(&case.input, Origin::Bytes, true, &mut decode) {
            Ok(source) => source,
            Err(SourceError::Diagnostic(error)) => return Some(vec![shown(&error)]),
            Err(SourceError::Raised) => panic!("the hook does not raise"),
        };
        let arena = Bump::new();
        let module = match parse(&source, Mode::File, ParseFlags::default(), &arena) {
            Ok(module) => module,
            Err(error) => return Some(vec![shown(&error)]),
        };
        let mut out = Vec::new();
        walk(NodeRef::Mod(&module), |node| {
            if let NodeRef::Expr(expr) = node
                && let ExprKind::Constant { value, .. } = expr.kind
            {
                out.push(ascii(&value));
            }
            true
        });
        Some(out)
    });
}

fn ascii(value: &Constant<'_>) -> String {
    let mut out = String::new();
    for c in constant_repr(value).chars() {
        match c as u32 {
            0..=0x7F => out.push(c),
            code @ 0..=0xFF => out += &format!("\\x{code:02x}"),
            code @ 0..=0xFFFF => out += &format!("\\u{code:04x}"),
            code => out += &format!("\\U{code:08x}"),
        }
    }
    out
}

/// Whatever the bytes, lexing ends, tokens are ordered and lie on character boundaries, and only the last is an error.
#[test]
fn mutations_never_panic_or_hang() {
    let mut seeds: Vec<Vec<u8>> = Vec::new();
    for name in ["tokenize-layout.txt", "tokenize-strings.txt", "errors-exec.txt"] {
        seeds.extend(cases(name).into_iter().map(|case| case.input));
    }
    let pieces: [&[u8]; 24] = [
        b"'",
        b"\"",
        b"'''",
        b"\"\"\"",
        b"f'",
        b"t'''",
        b"{",
        b"}",
        b"(",
        b")",
        b"[",
        b"]",
        b"\\",
        b"\n",
        b"\r",
        b"\t",
        b" ",
        b"#",
        b":",
        b"=",
        b"0x",
        b"1_",
        "é\u{a0}".as_bytes(),
        b"\0",
    ];
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move |bound: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % bound.max(1) as u64) as usize
    };
    for round in 0..60_000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        if bytes.len() > 300 {
            bytes.truncate(300);
        }
        for _ in 0..=random(4) {
            let at = random(bytes.len() + 1);
            match random(3) {
                0 if at < bytes.len() => {
                    bytes.remove(at);
                }
                1 if at < bytes.len() => bytes[at] = random(256) as u8,
                _ => {
                    let piece = pieces[random(pieces.len())];
                    bytes.splice(at..at, piece.iter().copied());
                }
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let tokenized = tokenize(text.clone(), true).expect("the input is short");
        assert!(tokenized.iter().count() <= text.len() * 2 + 200);
        for mode in [Mode::File, Mode::Eval, Mode::Single] {
            let Ok(source) = Source::from_text(text.as_str(), mode == Mode::File) else { continue };
            let options =
                LexOptions { mode, type_comments: round % 2 == 0, interactive: round % 3 == 0, ..Default::default() };
            let tokens = tokenize_all(&source, options);
            let mut end = 0;
            for token in &tokens.tokens {
                assert!(token.start >= end && token.end >= token.start, "{text:?}: {token:?} after {end}");
                assert!(source.text().is_char_boundary(token.start as usize));
                assert!(source.text().is_char_boundary(token.end as usize));
                end = token.end;
            }
            assert_eq!(
                tokens.error.is_some(),
                tokens.tokens.last().map(|t| t.kind) == Some(ophi_syntax::TokenKind::ErrorToken)
            );
        }
    }
}
