//! What our front end makes of a source: the same records, to the character, that `tests/exactness/worker.py` writes for
//! the interpreter it runs in.

use bumpalo::Bump;
use ophi_bytecode::code::flags::FUTURE_MASK;
use ophi_bytecode::text::{DisOptions, dis};
use ophi_bytecode::{CodeObject, Version};
use ophi_compiler::symtable::{ScopeId, SymbolTable};
use ophi_compiler::{ALLOW_TOP_LEVEL_AWAIT, CompileOptions, Recursion, compile_source, diagnostic, optimized_tree};
use ophi_syntax::ast::{Constant, DumpOptions, NodeRef, PyStr, constant_repr, depth, dump};
use ophi_syntax::parser::{ParseFlags, parse, parse_with_warnings};
use ophi_syntax::source::{DecodeFailure, Origin, SourceError, find_encoding};
use ophi_syntax::tokenize::tokenize;
use ophi_syntax::{DiagnosticKind, Mode, Source, SourceWarning, SyntaxDiagnostic, TokenKind, WarningCategory};

use super::code;

/// The stages that need no interpreter.
pub const STAGES: [&str; 8] = ["tokens", "tree", "symbols", "code-0", "code-1", "code-2", "dis", "dis-full"];

/// Why there is no answer of ours: a codec that only the runtime has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NeedsCodec;

/// Python's `ascii` of a text.
pub fn ascii(text: &str) -> String {
    let quoted = constant_repr(&Constant::Str(PyStr::new(text)));
    if quoted.is_ascii() {
        return quoted;
    }
    let mut out = String::with_capacity(quoted.len() * 2);
    for c in quoted.chars() {
        match c as u32 {
            0..=0x7f => out.push(c),
            0x80..=0xff => out += &format!("\\x{:02x}", c as u32),
            0x100..=0xffff => out += &format!("\\u{:04x}", c as u32),
            _ => out += &format!("\\U{:08x}", c as u32),
        }
    }
    out
}

fn class_name(kind: DiagnosticKind) -> &'static str {
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

/// An error as one line: type, message, place, text.
fn error_text(error: &SyntaxDiagnostic) -> String {
    if error.kind == DiagnosticKind::RecursionError {
        return "error RecursionError".to_owned();
    }
    let head = format!("error {} {}", class_name(error.kind), ascii(&error.message));
    let is_syntax = !matches!(
        error.kind,
        DiagnosticKind::ValueError
            | DiagnosticKind::OverflowError
            | DiagnosticKind::RecursionError
            | DiagnosticKind::MemoryError
    );
    match &error.location {
        None if is_syntax => format!("{head} None None None None None"),
        None => head,
        Some(at) => {
            let text = at.text.as_deref().map_or("None".to_owned(), ascii);
            // An error about the codec has no end.
            let end = match at.offset {
                -1 => "None None".to_owned(),
                _ => format!("{} {}", at.end_lineno, at.end_offset),
            };
            format!("{head} {} {} {end} {text}", at.lineno, at.offset)
        }
    }
}

fn decoded(data: &[u8], whole: bool) -> Result<Result<Source, SyntaxDiagnostic>, NeedsCodec> {
    let mut asked = false;
    let mut no_codec = |_: &str, _: &[u8]| {
        asked = true;
        Err(DecodeFailure::Raised)
    };
    match Source::from_bytes(data, Origin::Bytes, whole, &mut no_codec) {
        _ if asked => Err(NeedsCodec),
        Ok(source) => Ok(Ok(source)),
        Err(SourceError::Diagnostic(error)) => Ok(Err(error)),
        Err(SourceError::Raised) => Err(NeedsCodec),
    }
}

/// `tokenize.tokenize` over the bytes of a file, ENCODING first.
fn tokens(data: &[u8]) -> Result<String, NeedsCodec> {
    let body = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    let encoding = find_encoding(data).map_err(|_| NeedsCodec)?;
    let (text, encoding) = match (std::str::from_utf8(body), encoding.as_deref()) {
        (Ok(text), None | Some("utf-8")) => (text.to_owned(), "utf-8"),
        (_, Some("iso-8859-1")) => (body.iter().map(|&byte| byte as char).collect(), "iso-8859-1"),
        _ => return Err(NeedsCodec),
    };
    let Ok(tokenized) = tokenize(text, true) else { return Err(NeedsCodec) };
    let mut out = vec![format!("{} 0 0 0 0 '{encoding}' ''", TokenKind::Encoding.number())];
    let mut before = "";
    for token in tokenized.iter() {
        let shown = if token.line == before { "=".to_owned() } else { ascii(token.line) };
        before = token.line;
        let ((line, col), (end_line, end_col)) = (token.start, token.end);
        let number = token.kind.number();
        out.push(format!("{number} {line} {col} {end_line} {end_col} {} {shown}", ascii(token.string)));
    }
    if let Some(error) = &tokenized.error {
        let at = error.location.as_ref();
        if error.kind == DiagnosticKind::SyntaxError {
            // Lib/tokenize.py turns it into its own error, and rewords one message.
            let reworded = error.message.contains("unterminated triple-quoted string literal");
            let message = if reworded { "EOF in multi-line string" } else { &error.message };
            let place = at.map_or("None None".to_owned(), |at| format!("{} {}", at.lineno, at.offset));
            out.push(format!("error TokenError {} {place}", ascii(message)));
        } else {
            let place = at.map_or("None None None None None".to_owned(), |at| {
                let end = at.end.map_or("None None".to_owned(), |(line, offset)| format!("{line} {offset}"));
                format!("{} {} {end} {}", at.lineno, at.offset, ascii(&at.text))
            });
            out.push(format!("error {} {} {place}", class_name(error.kind), ascii(&error.message)));
        }
    }
    Ok(out.join("\n"))
}

/// CPython's trees and compiler go as deep as 8 MiB of machine stack allow; about here on the machines compared.
const DEEPEST_TREE: usize = 52_000;
const DEEPEST_COMPILED: u32 = 27_000;

fn compile_options(name: &str) -> CompileOptions {
    let recursion = Recursion { limit: DEEPEST_COMPILED, ..Recursion::default() };
    CompileOptions { recursion, ..CompileOptions::new(name) }
}

fn tree_text(module: NodeRef<'_>) -> String {
    if depth(module) > DEEPEST_TREE {
        return "error RecursionError".to_owned();
    }
    dump(module, DumpOptions { include_attributes: true, ..DumpOptions::default() })
}

fn tree(source: &Source) -> String {
    let arena = Bump::new();
    match parse(source, Mode::File, ParseFlags::default(), &arena) {
        Ok(module) => tree_text(NodeRef::Mod(&module)),
        Err(error) => error_text(&error),
    }
}

fn symbols(source: &Source, name: &str) -> String {
    fn visit(table: &SymbolTable, id: ScopeId, depth: usize, out: &mut Vec<String>) {
        let entry = &table[id];
        let mut symbols: Vec<_> = table.symbols(entry).collect();
        symbols.sort();
        let flags: Vec<String> = symbols.iter().map(|(name, flags)| format!("{name}={flags:x}")).collect();
        let (indent, kind, nested) = ("  ".repeat(depth), entry.kind as u8, u8::from(entry.nested));
        let varnames: Vec<&str> = table.parameters(entry).map(|name| &**name).collect();
        let varnames = varnames.join(" ");
        out.push(format!("{indent}{} {kind} {} {nested} [{varnames}] {}", entry.name, entry.loc.line, flags.join(" ")));
        entry.children.iter().for_each(|&child| visit(table, child, depth + 1, out));
    }
    let arena = Bump::new();
    let table = parse(source, Mode::File, ParseFlags::default(), &arena)
        .and_then(|module| ophi_compiler::symbol_table(&module, &compile_options(name)).map_err(|e| diagnostic(&e)));
    match table {
        Ok(table) => {
            let mut out = Vec::new();
            visit(&table, SymbolTable::TOP, 0, &mut out);
            out.join("\n")
        }
        Err(error) => error_text(&error),
    }
}

/// Without addresses (`dis` shows them, and so may constants), and the items of every frozenset in order of their texts:
/// their order follows hashes.
fn normal(text: &str) -> String {
    let text = &without_addresses(text);
    let mut out = String::with_capacity(text.len());
    let mut rest = &text[..];
    while let Some(at) = rest.find("frozenset({") {
        let start = at + "frozenset({".len();
        let line = rest[start..].find('\n').map_or(rest.len(), |end| start + end);
        let Some(end) = rest[start..line].find("})") else {
            out += &rest[..start];
            rest = &rest[start..];
            continue;
        };
        let mut items: Vec<&str> = rest[start..start + end].split(", ").collect();
        items.sort_unstable();
        out += &rest[..start];
        out += &items.join(", ");
        rest = &rest[start + end..];
    }
    out + rest
}

fn without_addresses(text: &str) -> String {
    const MARK: &str = " at 0x";
    let mut parts = text.split(MARK);
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit() || ('a'..='f').contains(&c));
        if rest.len() == part.len() {
            out += MARK;
        }
        out += rest;
    }
    out
}

fn compiled(source: &Source, name: &str, optimize: u8) -> Result<CodeObject, SyntaxDiagnostic> {
    let options = CompileOptions { optimize, ..compile_options(name) };
    compile_source(source, Mode::File, ParseFlags::default(), &options).result
}

fn codes(source: &Source, name: &str, optimize: u8, show: Option<&DisOptions>) -> Vec<String> {
    match compiled(source, name, optimize) {
        Ok(module) => {
            let mut out = Vec::new();
            code::each(&module, &mut |code, text| {
                out.push(match show {
                    None => text,
                    Some(options) => normal(&dis(code, Version::V3_14, options)),
                });
            });
            out
        }
        Err(error) => vec![error_text(&error)],
    }
}

/// The records of one of [`STAGES`] for a file.
///
/// # Errors
/// The text is in an encoding that only the runtime knows.
pub fn stage(stage: &str, data: &[u8], name: &str) -> Result<Vec<String>, NeedsCodec> {
    if stage == "tokens" {
        return Ok(vec![tokens(data)?]);
    }
    let source = match decoded(data, true)? {
        Ok(source) => source,
        Err(error) => return Ok(vec![error_text(&error)]),
    };
    let plain = DisOptions { depth: Some(0), ..DisOptions::default() };
    Ok(match stage {
        "tree" => vec![tree(&source)],
        "symbols" => vec![symbols(&source, name)],
        "code-0" => codes(&source, name, 0, None),
        "code-1" => codes(&source, name, 1, None),
        "code-2" => codes(&source, name, 2, None),
        "dis" => codes(&source, name, 0, Some(&plain)),
        "dis-full" => {
            let full = DisOptions { show_caches: true, show_offsets: true, ..plain };
            codes(&source, name, 0, Some(&full))
        }
        _ => unreachable!("the caller names one of STAGES"),
    })
}

/// One call of `compile()`.
#[derive(Clone, Debug)]
pub struct Program {
    pub source: ProgramSource,
    pub mode: Mode,
    pub flags: u32,
    pub optimize: u8,
    pub version: u8,
}

/// What was given to `compile()`.
#[derive(Clone, Debug)]
pub enum ProgramSource {
    Text(String),
    Bytes(Vec<u8>),
}

const ONLY_AST: u32 = 0x400;
const TYPE_COMMENTS: u32 = 0x1000;
const DONT_IMPLY_DEDENT: u32 = 0x200;
const ALLOW_INCOMPLETE: u32 = 0x4000;
const OPTIMIZED: u32 = 0x8000;
const BARRY_AS_FLUFL: u32 = 0x40_0000;

/// Warnings, the first of them as an error, and the tree, code or error: the record of a program.
///
/// # Errors
/// As [`stage`].
pub fn program(program: &Program) -> Result<String, NeedsCodec> {
    let whole = program.mode == Mode::File;
    let source = match &program.source {
        ProgramSource::Text(text) => Source::from_text(text.as_str(), whole),
        ProgramSource::Bytes(data) => decoded(data, whole)?,
    };
    let source = match source {
        Ok(source) => source,
        Err(error) => return Ok(error_text(&error)),
    };
    let flags = program.flags;
    let mut parse_flags = ParseFlags {
        type_comments: flags & TYPE_COMMENTS != 0,
        dont_imply_dedent: flags & DONT_IMPLY_DEDENT != 0,
        allow_incomplete: flags & ALLOW_INCOMPLETE != 0,
        barry_as_flufl: flags & BARRY_AS_FLUFL != 0,
        ..ParseFlags::default()
    };
    let mut options = compile_options("<program>");
    options.flags = flags & (FUTURE_MASK | ALLOW_TOP_LEVEL_AWAIT);
    options.optimize = program.optimize;
    let (warnings, answer) = if flags & ONLY_AST != 0 {
        parse_flags.feature_version = program.version;
        parsed(&source, program.mode, parse_flags, &options, flags)
    } else {
        let compiled = compile_source(&source, program.mode, parse_flags, &options);
        let mut out = Vec::new();
        match compiled.result {
            Ok(code) => code::each(&code, &mut |_, text| out.push(text)),
            Err(error) => out.push(error_text(&error)),
        }
        (compiled.warnings, out.join("\n"))
    };
    let mut out: Vec<String> = warnings.iter().map(warning_text).collect();
    out.extend(warnings.first().map(|warning| format!("as {}", error_text(&warning.as_error))));
    out.push(answer);
    Ok(out.join("\n"))
}

fn warning_text(warning: &SourceWarning) -> String {
    let category = match warning.category {
        WarningCategory::SyntaxWarning => "SyntaxWarning",
        WarningCategory::DeprecationWarning => "DeprecationWarning",
    };
    format!("{category} {} {}", ascii(&warning.message), warning.lineno)
}

fn parsed(
    source: &Source,
    mode: Mode,
    parse_flags: ParseFlags,
    options: &CompileOptions,
    flags: u32,
) -> (Vec<SourceWarning>, String) {
    let arena = Bump::new();
    let mut warnings = Vec::new();
    let module = match parse_with_warnings(source, mode, parse_flags, &arena, &mut warnings) {
        Ok(module) => module,
        Err(error) => return (warnings, error_text(&error)),
    };
    if options.optimize < 2 && flags & OPTIMIZED == 0 {
        return (warnings, tree_text(NodeRef::Mod(&module)));
    }
    let answer = match optimized_tree(&arena, &module, options, flags & OPTIMIZED == 0) {
        Ok(module) => tree_text(NodeRef::Mod(&module)),
        Err(error) => error_text(&diagnostic(&error)),
    };
    (warnings, answer)
}
