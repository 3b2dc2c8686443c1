//! Compares our symbol tables with those `symtables.py` had CPython make.
//! usage: symtables DUMP_DIR FILE_LIST [SHOWN], or: symtables - FILE (prints ours)
#![allow(clippy::disallowed_methods, reason = "a tool of the developers, not part of the program")]

use ophi_compiler::symtable::{ScopeId, SymbolTable};
use ophi_compiler::{CompileOptions, symbol_table};
use ophi_syntax::parser::{ParseFlags, parse};
use ophi_syntax::source::{DecodeFailure, Origin};
use ophi_syntax::{Mode, Source};

fn dump(table: &SymbolTable, id: ScopeId, depth: usize, out: &mut Vec<String>) {
    let entry = &table[id];
    let mut symbols: Vec<_> = entry.symbols.iter().collect();
    symbols.sort();
    let symbols: Vec<String> = symbols.iter().map(|(name, flags)| format!("{name}={flags:x}")).collect();
    let varnames = entry.varnames.join(" ");
    let (indent, kind) = ("  ".repeat(depth), entry.kind as u8);
    let nested = u8::from(entry.nested);
    out.push(format!("{indent}{} {kind} {} {nested} [{varnames}] {}", entry.name, entry.loc.line, symbols.join(" ")));
    for &child in &entry.children {
        dump(table, child, depth + 1, out);
    }
}

fn ours(name: &str) -> Result<Vec<String>, String> {
    let bytes = std::fs::read(name).map_err(|e| e.to_string())?;
    let mut no_codec = |_: &str, _: &[u8]| Err(DecodeFailure::Message("codec".into()));
    let source = Source::from_bytes(&bytes, Origin::Bytes, true, &mut no_codec).map_err(|e| format!("{e:?}"))?;
    let arena = bumpalo::Bump::new();
    let flags = ParseFlags { max_int_digits: 0, ..ParseFlags::default() };
    let module = parse(&source, Mode::File, flags, &arena).map_err(|e| e.message)?;
    let table = symbol_table(&module, &CompileOptions::new(name)).map_err(|e| e.to_string())?;
    let mut out = Vec::new();
    dump(&table, SymbolTable::TOP, 0, &mut out);
    Ok(out)
}

fn run(args: &[String]) {
    let [dir, list, rest @ ..] = args else {
        eprintln!("usage: symtables DUMP_DIR FILE_LIST [SHOWN]");
        return;
    };
    if dir == "-" {
        match ours(list) {
            Ok(lines) => println!("{}", lines.join("\n")),
            Err(e) => println!("error {e}"),
        }
        return;
    }
    let shown: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(5);
    let (mut files, mut equal) = (0, 0);
    for (number, name) in std::fs::read_to_string(list).unwrap_or_default().lines().enumerate() {
        let Ok(want) = std::fs::read_to_string(format!("{dir}/{number}.txt")) else { continue };
        files += 1;
        let want: Vec<&str> = want.lines().collect();
        let expects_error = want.first().is_some_and(|l| l.starts_with("error"));
        match ours(name) {
            Err(_) if expects_error => equal += 1,
            Ok(got) if got == want => equal += 1,
            Ok(got) => {
                if files - equal <= shown {
                    let at = got.iter().zip(&want).position(|(g, w)| g != w).unwrap_or(got.len().min(want.len()));
                    let (w, g) = (want.get(at).unwrap_or(&"(end)"), got.get(at).map_or("(end)", String::as_str));
                    println!("{name}\n  want {w}\n  got  {g}");
                }
            }
            Err(e) => println!("{name}: {e}"),
        }
    }
    println!("equal {equal}/{files}");
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let worker = std::thread::Builder::new().stack_size(256 << 20).spawn(move || run(&args));
    if worker.map(std::thread::JoinHandle::join).is_err() {
        std::process::exit(1);
    }
}
