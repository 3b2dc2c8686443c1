//! Runs the golden files of `tests/compiler/` at the repository's root: each case is a source, options, and what CPython
//! 3.14 makes of it. `record.py` beside them describes the format and rewrites the answers.
#![allow(clippy::disallowed_methods, reason = "a tool of the developers, not part of the program")]

use std::fmt::Write as _;
use std::path::PathBuf;

use ophi_bytecode::code::{decode_exception_table, positions};
use ophi_bytecode::{CodeObject, Constant, Opcode, Position, PyString};
use ophi_compiler::symtable::{ScopeId, SymbolTable};
use ophi_compiler::{CompileOptions, compile_source, diagnostic, symbol_table};
use ophi_syntax::ast;
use ophi_syntax::parser::{ParseFlags, parse};
use ophi_syntax::{DiagnosticKind, Mode, Source, SyntaxDiagnostic, WarningCategory};

struct Case {
    name: String,
    mode: Mode,
    optimize: u8,
    flags: u32,
    source: String,
    want: String,
}

fn cases(folder: &str, file: &str) -> Vec<Case> {
    let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../tests/compiler", folder, file].iter().collect();
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let text = format!("\n{text}");
    let found: Vec<Case> = text
        .split("\n=== ")
        .skip(1)
        .map(|case| {
            let (title, body) = case.split_once('\n').expect("a case has a body");
            let (source, want) = body.split_once("\n--- answer").expect("a case has an answer");
            let mut words = title.split(' ');
            let mut case = Case {
                name: words.next().unwrap_or_default().to_owned(),
                mode: Mode::File,
                optimize: 0,
                flags: 0,
                source: format!("{source}\n"),
                want: want.trim().to_owned(),
            };
            for word in words {
                match word.split_once('=').expect("an option has a value") {
                    ("mode", "eval") => case.mode = Mode::Eval,
                    ("mode", "single") => case.mode = Mode::Single,
                    ("optimize", level) => case.optimize = level.parse().expect("a level"),
                    ("flags", hex) => case.flags = u32::from_str_radix(hex, 16).expect("hexadecimal"),
                    other => panic!("unknown option {other:?}"),
                }
            }
            case
        })
        .collect();
    assert!(!found.is_empty(), "no cases in {}", path.display());
    found
}

fn float_hex(x: f64) -> String {
    let sign = if x.is_sign_negative() { "-" } else { "" };
    if x.is_infinite() {
        return format!("{sign}inf");
    }
    if x == 0.0 {
        return format!("{sign}0x0.0p+0");
    }
    let bits = x.to_bits();
    format!("{sign}0x1.{:013x}p{:+}", bits & ((1 << 52) - 1), (bits >> 52 & 0x7ff) as i32 - 1023)
}

fn constant<'c>(value: &'c Constant, children: &mut Vec<&'c CodeObject>) -> String {
    let mut list = |items: &'c [Constant]| items.iter().map(|c| constant(c, children)).collect::<Vec<_>>();
    match value {
        Constant::None => "None".into(),
        Constant::Bool(true) => "True".into(),
        Constant::Bool(false) => "False".into(),
        Constant::Ellipsis => "Ellipsis".into(),
        Constant::StopIteration | Constant::Foreign(_) => value.type_name().into(),
        Constant::Int(n) => format!("int {n}"),
        Constant::BigInt(n) => format!("int {n}"),
        Constant::Float(x) => format!("float {}", float_hex(*x)),
        Constant::Complex(c) => format!("complex {} {}", float_hex(c.re), float_hex(c.im)),
        Constant::Str(text) => format!("str {}", ascii(text)),
        Constant::Bytes(bytes) => format!("bytes {}", ast::constant_repr(&ast::Constant::Bytes(bytes))),
        Constant::Tuple(items) => format!("({})", list(items).join(", ")),
        Constant::FrozenSet(items) => {
            let mut items = list(items);
            items.sort();
            format!("frozenset {{{}}}", items.join(", "))
        }
        Constant::Slice(parts) => format!("slice ({})", list(&parts[..]).join(", ")),
        Constant::Code(code) => {
            children.push(code);
            format!("code {}", code.qualname)
        }
    }
}

/// Python's `ascii()` of a string.
fn ascii(text: &PyString) -> String {
    let repr = ast::str_repr(ast::PyStr::from_generalized_utf8(text.as_bytes()));
    repr.chars().fold(String::new(), |mut out, c| {
        let _ = match u32::from(c) {
            0..=0x7f => write!(out, "{c}"),
            n @ 0x80..=0xff => write!(out, "\\x{n:02x}"),
            n @ 0x100..=0xffff => write!(out, "\\u{n:04x}"),
            n => write!(out, "\\U{n:08x}"),
        };
        out
    })
}

fn place(p: &Position) -> String {
    let part = |n: i32| if n < 0 { "-".to_owned() } else { n.to_string() };
    format!("{}:{}-{}:{}", part(p.line), part(p.col), part(p.end_line), part(p.end_col))
}

fn dump(code: &CodeObject, out: &mut String) {
    let _ = writeln!(
        out,
        "code {} ({}) line {} args {}/{}/{} flags {:x} stack {}",
        code.qualname,
        code.name,
        code.firstlineno,
        code.argcount,
        code.posonlyargcount,
        code.kwonlyargcount,
        code.flags,
        code.stacksize
    );
    let lists: [(&str, Vec<&PyString>); 4] = [
        ("names", code.names.iter().collect()),
        ("varnames", code.varnames().collect()),
        ("cellvars", code.cellvars().collect()),
        ("freevars", code.freevars().collect()),
    ];
    for (what, names) in lists {
        if !names.is_empty() {
            let names: Vec<String> = names.into_iter().map(PyString::to_string_lossy).collect();
            let _ = writeln!(out, "  {what} {}", names.join(" "));
        }
    }
    let mut children = Vec::new();
    for (i, value) in code.consts.iter().enumerate() {
        let _ = writeln!(out, "  const {i} {}", constant(value, &mut children));
    }
    let places: Vec<Position> = positions(&code.linetable, code.firstlineno).collect();
    let mut offset = 0;
    while offset + 1 < code.code.len() {
        let op = Opcode(code.code[offset]);
        let arg = code.code[offset + 1];
        let shown = if op.has_arg() { format!("{} {arg}", op.name()) } else { op.name().to_owned() };
        let at = places.get(offset / 2).map(place).unwrap_or_default();
        let _ = writeln!(out, "  {offset:4} {shown:<30} {at}");
        offset += 2 + 2 * op.caches();
    }
    for entry in decode_exception_table(&code.exceptiontable).expect("our own table decodes") {
        let lasti = u8::from(entry.lasti);
        let (start, end, target, depth) = (entry.start, entry.end, entry.target, entry.depth);
        let _ = writeln!(out, "  handler {start}-{end} -> {target} depth {depth} lasti {lasti}");
    }
    for child in children {
        dump(child, out);
    }
}

fn error(e: &SyntaxDiagnostic) -> String {
    assert_eq!(e.kind, DiagnosticKind::SyntaxError, "{e:?}");
    match &e.location {
        Some(l) => format!("{} at {}:{}-{}:{}", e.message, l.lineno, l.offset, l.end_lineno, l.end_offset),
        None => e.message.clone(),
    }
}

fn compiled(case: &Case) -> String {
    let mut out = String::new();
    let source = match Source::from_text(case.source.as_str(), true) {
        Ok(source) => source,
        Err(e) => return format!("SyntaxError {}\n", error(&e)),
    };
    let mut options = CompileOptions::new("<golden>");
    options.optimize = case.optimize;
    options.flags = case.flags;
    let compiled = compile_source(&source, case.mode, ParseFlags::default(), &options);
    for warning in &compiled.warnings {
        let category = match warning.category {
            WarningCategory::SyntaxWarning => "SyntaxWarning",
            WarningCategory::DeprecationWarning => "DeprecationWarning",
        };
        let _ = writeln!(out, "{category} {} at {}", warning.message, warning.lineno);
    }
    match compiled.result {
        Ok(code) => dump(&code, &mut out),
        Err(e) => {
            let _ = writeln!(out, "SyntaxError {}", error(&e));
        }
    }
    out
}

fn symbols(case: &Case) -> String {
    fn visit(table: &SymbolTable, id: ScopeId, depth: usize, out: &mut String) {
        let entry = &table[id];
        let indent = "  ".repeat(depth);
        let (kind, line, nested) = (entry.kind as u8, entry.loc.line, u8::from(entry.nested));
        let params: Vec<&str> = table.parameters(entry).map(|name| &**name).collect();
        let params = params.join(" ");
        let _ = writeln!(out, "{indent}{} type {kind} line {line} nested {nested} params ({params})", entry.name);
        let mut symbols: Vec<_> = table.symbols(entry).collect();
        symbols.sort();
        for (name, flags) in symbols {
            let _ = writeln!(out, "{indent}  .{name} {flags:x}");
        }
        for &child in &entry.children {
            visit(table, child, depth + 1, out);
        }
    }
    let source = Source::from_text(case.source.as_str(), true).expect("a text");
    let arena = bumpalo::Bump::new();
    let module = parse(&source, case.mode, ParseFlags::default(), &arena).expect("a tree");
    let mut out = String::new();
    match symbol_table(&module, &CompileOptions::new("<golden>")) {
        Ok(table) => visit(&table, SymbolTable::TOP, 0, &mut out),
        Err(e) => out = error(&diagnostic(&e)),
    }
    out
}

fn check(folder: &str, file: &str, answer: fn(&Case) -> String) {
    let mut failed = String::new();
    for case in cases(folder, file) {
        let got = answer(&case);
        let (got, want) = (got.trim(), case.want.as_str());
        if got != want {
            let at = got.lines().zip(want.lines()).position(|(g, w)| g != w);
            let at = at.unwrap_or_else(|| got.lines().count().min(want.lines().count()));
            let _ = writeln!(
                failed,
                "{folder}/{file} {}: line {at} of the answer\n  want {:?}\n  got  {:?}",
                case.name,
                want.lines().nth(at),
                got.lines().nth(at)
            );
        }
    }
    assert!(failed.is_empty(), "\n{failed}");
}

macro_rules! goldens {
    ($folder:literal, $answer:path, $($name:ident)*) => {
        $(
            #[test]
            fn $name() {
                check($folder, concat!(stringify!($name), ".txt"), $answer);
            }
        )*
        #[test]
        fn every_file_has_its_test() {
            let path: PathBuf = [env!("CARGO_MANIFEST_DIR"), "../../tests/compiler", $folder].iter().collect();
            let known = [$(concat!(stringify!($name), ".txt")),*];
            for entry in std::fs::read_dir(path).expect("the folder of goldens") {
                let name = entry.expect("an entry").file_name().to_string_lossy().into_owned();
                assert!(known.contains(&name.as_str()), "{name} has no test");
            }
        }
    };
}

mod code {
    use super::*;
    goldens!("code", compiled, annotations assignments asynchronous calls classes comprehensions control_flow errors
        exceptions expressions functions imports patterns strings type_params);
}

mod symtable {
    use super::*;
    goldens!("symtable", symbols, blocks);
}
