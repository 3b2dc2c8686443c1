//! Prints the annotation text of every topmost expression of Python files, one a line after its position; for
//! comparing with another compiler. Usage: `annotations LIST`, a file of paths.
#![allow(clippy::disallowed_methods)] // A tool reads its files itself.

use bumpalo::Bump;
use ophi_syntax::ast::{NodeRef, walk};
use ophi_syntax::{Mode, ParseFlags, Source, parse, unparse};
use std::io::Write;

fn main() -> std::io::Result<()> {
    let list = std::fs::read_to_string(std::env::args().nth(1).unwrap_or_default())?;
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for path in list.lines() {
        let Ok(text) = String::from_utf8(std::fs::read(path)?) else { continue };
        let Ok(source) = Source::from_text(text, true) else { continue };
        let arena = Bump::new();
        let Ok(module) = parse(&source, Mode::File, ParseFlags::default(), &arena) else {
            writeln!(out, "== {path} does not parse")?;
            continue;
        };
        writeln!(out, "== {path}")?;
        let mut lines = Vec::new();
        walk(NodeRef::Mod(&module), |node| {
            let NodeRef::Expr(expr) = node else { return true };
            let range = expr.range;
            let text = unparse::expression(expr).unwrap_or_else(|error| error.0.to_owned());
            let text = text.as_bytes().escape_ascii();
            let (l, c, el, ec) = (range.lineno, range.col_offset, range.end_lineno, range.end_col_offset);
            lines.push(format!("{l} {c} {el} {ec} {text}"));
            false
        });
        for line in lines {
            writeln!(out, "{line}")?;
        }
    }
    Ok(())
}
