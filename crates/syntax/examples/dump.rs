//! Prints the tree of Python files as `ast.dump(ast.parse(text), include_attributes=True, indent=1)` does, or the error;
//! for comparing with another parser. Usage: `dump [--repeat N] FILE...`; `--repeat` measures instead.
#![allow(clippy::disallowed_methods)] // A tool reads its files itself.

use bumpalo::Bump;
use ophi_syntax::ast::{DumpOptions, NodeRef, dump};
use ophi_syntax::{Mode, ParseFlags, Source, parse};
use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut repeat = 0;
    if arguments.first().is_some_and(|first| first == "--repeat") {
        repeat = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        arguments.drain(..2.min(arguments.len()));
    }
    let mut sources = Vec::new();
    for path in &arguments {
        let text = String::from_utf8_lossy(&std::fs::read(path)?).into_owned();
        match Source::from_text(text, true) {
            Ok(source) => sources.push(source),
            Err(error) => eprintln!("{path}: {}", error.message),
        }
    }
    for _ in 0..repeat {
        let start = Instant::now();
        for source in &sources {
            let arena = Bump::new();
            std::hint::black_box(parse(source, Mode::File, ParseFlags::default(), &arena)).ok();
        }
        let bytes: usize = sources.iter().map(|source| source.bytes().len()).sum();
        println!("{:.1} MB/s", bytes as f64 / 1e6 / start.elapsed().as_secs_f64());
    }
    if repeat > 0 {
        return Ok(());
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for source in &sources {
        let arena = Bump::new();
        match parse(source, Mode::File, ParseFlags::default(), &arena) {
            Ok(tree) => {
                let options = DumpOptions { include_attributes: true, indent: Some(" "), ..DumpOptions::default() };
                writeln!(out, "{}", dump(NodeRef::from(&*arena.alloc(tree)), options))?;
            }
            Err(error) => writeln!(out, "{error:?}")?,
        }
    }
    out.flush()
}
