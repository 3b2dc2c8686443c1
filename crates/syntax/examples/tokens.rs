//! Prints the tokens of Python files as `tokenize.generate_tokens` reports them, one a line; for comparing with
//! another tokenizer. Usage: `tokens [--repeat N | --errors] (--list LIST | FILE...)`; a file that is not UTF-8 is read
//! as Latin-1. `--repeat` measures instead, `--errors` prints the error the lexer has for the parser.
#![allow(clippy::disallowed_methods)] // A tool reads its files itself.

use ophi_syntax::tokenize::tokenize;
use ophi_syntax::{LexOptions, Source, tokenize_all};
use std::io::Write;
use std::time::Instant;

fn main() -> std::io::Result<()> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let mut repeat = 0;
    if arguments.first().is_some_and(|first| first == "--repeat") {
        repeat = arguments.get(1).and_then(|n| n.parse().ok()).unwrap_or(1);
        arguments.drain(..2.min(arguments.len()));
    }
    let errors = arguments.first().is_some_and(|first| first == "--errors");
    if errors {
        arguments.remove(0);
    }
    if arguments.first().is_some_and(|first| first == "--list") {
        let list = std::fs::read_to_string(arguments.get(1).map_or("", |path| path.as_str()))?;
        arguments = list.lines().map(str::to_owned).collect();
    }
    let texts: Vec<(String, String)> = arguments
        .into_iter()
        .map(|path| {
            let bytes = std::fs::read(&path)?;
            let text =
                String::from_utf8(bytes).unwrap_or_else(|error| error.as_bytes().iter().map(|&b| b as char).collect());
            Ok((path, text))
        })
        .collect::<std::io::Result<_>>()?;
    if repeat > 0 {
        return measure(repeat, &texts);
    }
    let mut out = std::io::BufWriter::new(std::io::stdout().lock());
    for (path, text) in texts {
        writeln!(out, "== {path}")?;
        if errors {
            write_error(&mut out, text)?;
            continue;
        }
        let Ok(tokenized) = tokenize(text, true) else { continue };
        for token in tokenized.iter() {
            let (start, end) = (token.start, token.end);
            let kind = token.kind.number();
            writeln!(
                out,
                "{kind} {} {} {} {} {:?} {:?}",
                start.0,
                start.1,
                end.0,
                end.1,
                Bytes(token.string),
                Bytes(token.line)
            )?;
        }
        if let Some(error) = tokenized.error {
            write!(out, "{:?} {:?}", error.kind, Bytes(&error.message))?;
            if let Some(at) = error.location {
                write!(out, " {} {} {:?} {:?}", at.lineno, at.offset, Bytes(&at.text), at.end)?;
            }
            writeln!(out)?;
        }
    }
    Ok(())
}

/// Shows text the same way everywhere: ASCII with escapes.
struct Bytes<'a>(&'a str);

impl std::fmt::Debug for Bytes<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "\"{}\"", self.0.as_bytes().escape_ascii())
    }
}

fn write_error(out: &mut impl Write, text: String) -> std::io::Result<()> {
    let Ok(source) = Source::from_text(text, true) else { return Ok(()) };
    let Some(error) = tokenize_all(&source, LexOptions::default()).error else { return Ok(()) };
    write!(out, "{:?} {:?}", error.kind, Bytes(&error.message))?;
    if let Some(at) = error.location {
        let text = at.text.unwrap_or_default();
        write!(out, " {} {} {} {} {:?}", at.lineno, at.offset, at.end_lineno, at.end_offset, Bytes(&text))?;
    }
    writeln!(out)
}

fn measure(repeat: usize, texts: &[(String, String)]) -> std::io::Result<()> {
    let sources: Vec<Source> =
        texts.iter().filter_map(|(_, text)| Source::from_text(text.as_str(), true).ok()).collect();
    let bytes: usize = sources.iter().map(|source| source.bytes().len()).sum();
    let mut best = f64::INFINITY;
    let mut count = 0;
    for _ in 0..repeat {
        let begin = Instant::now();
        count = sources.iter().map(|source| tokenize_all(source, LexOptions::default()).tokens.len()).sum();
        best = best.min(begin.elapsed().as_secs_f64());
    }
    println!("{bytes} bytes, {count} tokens, {:.1} MB/s", bytes as f64 / best / 1e6);
    Ok(())
}
