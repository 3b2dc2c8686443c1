//! The functions that are fuzzed. Each takes any bytes, and panics only where a promise is broken.

use std::sync::{Arc, OnceLock};

use bumpalo::Bump;
use ophi_analyzer::metrics::{Detail, report_all};
use ophi_bytecode::marshal::{read_constant, write_constant};
use ophi_bytecode::pyc::{Validation, read_pyc, write_pyc};
use ophi_bytecode::text::{DisOptions, dis};
use ophi_bytecode::verify::{stack_depths, verify_all};
use ophi_bytecode::{CodeObject, Constant, Version};
use ophi_compiler::{CompileOptions, compile_source};
use ophi_syntax::ast::{DumpOptions, NodeRef, depth, dump, for_each_child};
use ophi_syntax::parser::{ParseFlags, parse};
use ophi_syntax::source::{DecodeFailure, Origin};
use ophi_syntax::tokenize::tokenize;
use ophi_syntax::{LexOptions, Mode, Source, tokenize_all};

use super::seeds;

/// One of [`TARGETS`].
pub struct Target {
    pub name: &'static str,
    pub what: &'static str,
    pub run: fn(&[u8]),
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Pieces worth inserting.
    pub words: &'static [&'static str],
}

const PYTHON: &[&str] = &[
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    "'",
    "\"",
    "'''",
    "\"\"\"",
    "f'",
    "t'''",
    "rb'",
    "\\",
    "\\\n",
    "\n",
    "\n ",
    "\n\t",
    "    ",
    ":",
    ";",
    ",",
    "=",
    ":=",
    "->",
    "**",
    "*",
    "@",
    "!",
    "...",
    "#",
    "# type: ignore",
    "# coding: latin-1\n",
    "\u{feff}",
    "é",
    "\u{1d518}",
    "\0",
    "0x",
    "1_0",
    "1e",
    "1j",
    "if ",
    "else: ",
    "elif a: ",
    "for a in b: ",
    "async ",
    "await ",
    "def f(): ",
    "class A: ",
    "lambda: ",
    "yield ",
    "return ",
    "match a:\n case ",
    "case _: ",
    "with a as b: ",
    "try: ",
    "except* E: ",
    "finally: ",
    "global a; ",
    "nonlocal a; ",
    "import a; ",
    "from . import *; ",
    "type A[T] = ",
    "not ",
    "is ",
    "in ",
    "a",
    "a.b",
    "a[b:c]",
    "-",
    "~",
    "1",
    "{a: b}",
    "{**a}",
    "(a for a in b)",
    "break; ",
    "continue; ",
    "del a; ",
    "print 1",
    "pass; ",
    "{a!r:{b}}",
];

/// Everything that reads what it did not write.
pub const TARGETS: [Target; 7] = [
    Target { name: "lexer", what: "tokens of a text", run: lexer, seeds: seeds::programs, words: PYTHON },
    Target { name: "parser", what: "the tree of a text", run: parser, seeds: seeds::programs, words: PYTHON },
    Target { name: "compiler", what: "the code of a text", run: compiler, seeds: seeds::programs, words: PYTHON },
    Target { name: "marshal", what: "marshalled values", run: marshal, seeds: seeds::marshalled, words: &[] },
    Target { name: "pyc", what: ".pyc files of every version", run: pyc, seeds: seeds::pycs, words: &[] },
    Target {
        name: "verifier",
        what: "code objects with damaged fields",
        run: verifier,
        seeds: seeds::verified,
        words: &[],
    },
    Target { name: "analyzer", what: "reports on .pyc files", run: analyzer, seeds: seeds::pycs, words: &[] },
];

/// The text of an input: decoded as a source file where that works, else as Latin-1.
fn source(data: &[u8], whole: bool) -> Option<Source> {
    let mut no_codec = |_: &str, _: &[u8]| Err(DecodeFailure::Message("no codec".to_owned()));
    let decoded = Source::from_bytes(data, Origin::Bytes, whole, &mut no_codec).ok();
    decoded.or_else(|| Source::from_text(data.iter().map(|&byte| byte as char).collect::<String>(), whole).ok())
}

fn mode(choice: u8) -> Mode {
    [Mode::File, Mode::Eval, Mode::Single, Mode::FuncType][usize::from(choice & 3)]
}

/// Tokens lie in order inside the text, on character boundaries, and an error comes last.
pub fn lexer(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let mode = mode(choice);
    if let Some(source) = source(rest, mode == Mode::File) {
        let options =
            LexOptions { mode, extra_tokens: choice & 4 != 0, type_comments: choice & 8 != 0, ..LexOptions::default() };
        let tokens = tokenize_all(&source, options);
        let mut end = 0;
        for token in &tokens.tokens {
            assert!(
                token.start <= token.end && token.end as usize <= source.bytes().len(),
                "{token:?} outside the text"
            );
            assert!(source.text().is_char_boundary(token.start as usize), "{token:?} inside a character");
            assert!(source.text().is_char_boundary(token.end as usize), "{token:?} inside a character");
            assert!(token.start >= end || token.start == token.end, "{token:?} before the end of another");
            end = end.max(token.start);
        }
        assert!(!tokens.tokens.is_empty() || tokens.error.is_some(), "neither tokens nor an error");
    }
    if let Ok(tokenized) = tokenize(String::from_utf8_lossy(rest), true) {
        assert!(tokenized.iter().count() > 0 || tokenized.error.is_some());
    }
}

/// A tree's nodes lie inside their parents' lines; it can be printed.
pub fn parser(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let mode = mode(choice);
    let Some(source) = source(rest, mode == Mode::File) else { return };
    let arena = Bump::new();
    let flags = ParseFlags {
        type_comments: choice & 4 != 0,
        feature_version: if choice & 8 != 0 { 7 } else { 14 },
        dont_imply_dedent: choice & 16 != 0,
        allow_incomplete: choice & 32 != 0,
        ..ParseFlags::default()
    };
    match parse(&source, mode, flags, &arena) {
        Ok(module) => {
            let root = NodeRef::from(&*arena.alloc(module));
            if depth(root) < 2000 {
                assert!(!dump(root, DumpOptions { include_attributes: true, ..DumpOptions::default() }).is_empty());
            }
            let lines = source.line_count();
            let mut open = vec![root];
            while let Some(node) = open.pop() {
                if let Some(range) = node.range() {
                    let start = (range.lineno, range.col_offset);
                    assert!(start <= (range.end_lineno, range.end_col_offset), "{range:?} ends before it starts");
                    assert!(range.end_lineno <= lines, "{range:?} is past the text");
                }
                for_each_child(node, |child| open.push(child));
            }
        }
        Err(error) => assert!(!error.message.is_empty(), "an error without a message"),
    }
}

/// What is compiled keeps the verifier's rules and survives marshal.
pub fn compiler(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let mode = [Mode::File, Mode::Eval, Mode::Single][usize::from(choice % 3)];
    let Some(source) = source(rest, mode == Mode::File) else { return };
    let options = CompileOptions { optimize: choice / 3 % 3, ..CompileOptions::new("fuzz.py") };
    let Ok(code) = compile_source(&source, mode, ParseFlags::default(), &options).result else { return };
    let violations = verify_all(&code, Version::V3_14);
    assert!(violations.is_empty(), "compiled code breaks a rule: {}", violations[0]);
    let bytes = write_pyc(&code, Validation::Timestamp { mtime: 0, size: 0 });
    if let Ok(bytes) = bytes {
        let again = read_pyc(&bytes).expect("what was written reads");
        assert_eq!(write_pyc(&again.code, again.validation).as_ref(), Ok(&bytes), "marshal is not stable");
    }
}

fn version(choice: u8) -> Version {
    Version::ALL.into_iter().find(|version| version.magic_bytes()[0] == choice).unwrap_or(Version::V3_14)
}

/// What reads in 3.14's format is written, and what was written reads the same.
pub fn marshal(data: &[u8]) {
    let Some((&choice, rest)) = data.split_first() else { return };
    let version = version(choice);
    let Ok((value, read)) = read_constant(rest, version) else { return };
    assert!(read <= rest.len(), "{read} of {} bytes were read", rest.len());
    if version == Version::V3_14
        && is_small(&value)
        && let Ok(bytes) = write_constant(&value)
    {
        let (again, _) = read_constant(&bytes, version).expect("what was written reads");
        assert_eq!(write_constant(&again).as_ref(), Ok(&bytes), "marshal is not stable");
    }
}

/// Shared values can stand for trees of any size; those are not written out.
fn is_small(value: &Constant) -> bool {
    fn count(value: &Constant, left: &mut usize) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            return;
        }
        match value {
            Constant::Tuple(items) | Constant::FrozenSet(items) => items.iter().for_each(|item| count(item, left)),
            Constant::Slice(parts) => parts.iter().for_each(|item| count(item, left)),
            Constant::Code(code) => code.consts.iter().for_each(|item| count(item, left)),
            _ => {}
        }
    }
    let mut left = 10_000;
    count(value, &mut left);
    left > 0
}

/// A `.pyc` reads or gives an error with its place; what reads can be listed and judged.
pub fn pyc(data: &[u8]) {
    match read_pyc(data) {
        Ok(pyc) => examine(&pyc.code, pyc.version),
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}

fn examine(code: &CodeObject, version: Version) {
    let violations = verify_all(code, version);
    let shallow = DisOptions { depth: Some(2), show_caches: true, show_offsets: true, ..DisOptions::default() };
    dis(code, version, &shallow);
    dis(code, version, &DisOptions { depth: Some(0), show_positions: true, ..DisOptions::default() });
    if violations.is_empty() && version >= Version::V3_9 {
        let depths = stack_depths(code, version).expect("verified code has depths");
        assert!(depths.max <= code.stacksize, "verified code needs {} of {} places", depths.max, code.stacksize);
    }
}

/// Damage to the fields of code objects that read well: the first bytes choose the object and the field.
pub fn verifier(data: &[u8]) {
    static WHOLE: OnceLock<Vec<Arc<CodeObject>>> = OnceLock::new();
    let list = WHOLE.get_or_init(|| {
        let pyc = seeds::verified().pop().and_then(|data| read_pyc(&data).ok());
        let mut list: Vec<_> = pyc.map(|pyc| pyc.code).into_iter().collect();
        let mut next = 0;
        while let Some(code) = list.get(next).cloned() {
            list.extend(code.children().cloned());
            next += 1;
        }
        list
    });
    assert!(!list.is_empty(), "no golden of 3.14");
    let mut edits = data.chunks_exact(6);
    let Some(first) = edits.next() else { return };
    let mut code = (*list[usize::from(first[0]) % list.len()]).clone();
    for edit in std::iter::once(first).chain(edits.take(8)) {
        let at = usize::from(edit[2]) | usize::from(edit[3]) << 8;
        let set = |shared: &mut std::sync::Arc<[u8]>| {
            let mut bytes = shared.to_vec();
            if !bytes.is_empty() {
                let at = at % bytes.len();
                bytes[at] = edit[4];
            }
            *shared = bytes.into();
        };
        match edit[1] % 12 {
            0..=5 => set(&mut code.code),
            6 => set(&mut code.exceptiontable),
            7 => set(&mut code.linetable),
            8 => code.stacksize = u32::from(edit[4]),
            9 => code.flags ^= 1 << (edit[4] % 32),
            10 => code.argcount = u32::from(edit[4]),
            _ => code.localspluskinds = edit[..usize::from(edit[4] % 6)].to_vec().into(),
        }
    }
    examine(&code, Version::V3_14);
}

/// Reports on whatever reads.
pub fn analyzer(data: &[u8]) {
    if let Ok(pyc) = read_pyc(data) {
        let reports = report_all(&pyc.code, pyc.version, Detail::Full);
        assert!(!reports.is_empty());
    }
}
