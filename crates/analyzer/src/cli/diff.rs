//! `ophi diff`.

use serde_json::json;

use super::options::{Format, Options};
use super::{Io, Outcome, SCHEMA, Stop, complain};
use crate::compare::{Difference, Line, compare};
use crate::input::{LoadError, Loaded, open};

/// Equal instructions shown around a difference.
const CONTEXT: usize = 3;

pub(super) fn diff(options: &Options, io: &mut Io<'_>) -> Outcome {
    let [first, second] = options.paths.as_slice() else {
        return Err(Stop::Usage("two files are needed".into()));
    };
    let (Some(a), Some(b)) = (load(first, io), load(second, io)) else { return Ok(2) };
    let differences = compare((&a.code, a.version), (&b.code, b.version));
    if options.format == Format::Json {
        let list: Vec<_> = differences.iter().map(json_of).collect();
        let value =
            json!({"schema": SCHEMA, "command": "diff", "first": a.name, "second": b.name, "differences": list});
        writeln!(io.out, "{value}")?;
    } else if !differences.is_empty() {
        writeln!(io.out, "--- {} (Python {})\n+++ {} (Python {})", a.name, a.version, b.name, b.version)?;
        for difference in &differences {
            io.out.write_all(text(difference, io.color).as_bytes())?;
        }
    }
    Ok(i32::from(!differences.is_empty()))
}

fn load(path: &str, io: &mut Io<'_>) -> Option<Loaded> {
    let mut inputs = open(io.files, path);
    let loaded = match (inputs.next(), inputs.next()) {
        (Some(input), None) => input.and_then(|input| input.load()),
        _ => Err(LoadError::new(path, "is an archive; name a file")),
    };
    loaded.map_err(|error| complain(&error, io)).ok()
}

fn text(difference: &Difference, color: bool) -> String {
    let line = |line: Option<i32>| line.map_or("-".into(), |line| line.to_string());
    let (from, to) = difference.lines;
    let paint = |code: &str, text: String| if color { format!("\x1b[{code}m{text}\x1b[0m") } else { text };
    let mut out = paint("36", format!("@@ {} (line {} -> {}) @@", difference.qualname, line(from), line(to))) + "\n";
    for fact in &difference.facts {
        out += &format!("! {fact}\n");
    }
    let changed = |i: usize| !matches!(difference.edit.get(i), Some(Line::Same(_)) | None);
    let mut hidden = 0;
    for (i, line) in difference.edit.iter().enumerate() {
        let near = (i.saturating_sub(CONTEXT)..=i + CONTEXT).any(changed);
        if !near {
            hidden += 1;
            continue;
        }
        if std::mem::take(&mut hidden) > 0 {
            out += "  …\n";
        }
        out += &match line {
            Line::Same(text) => format!("  {text}"),
            Line::Removed(text) => paint("31", format!("- {text}")),
            Line::Added(text) => paint("32", format!("+ {text}")),
        };
        out.push('\n');
    }
    out
}

fn json_of(difference: &Difference) -> serde_json::Value {
    let edit: Vec<_> = difference
        .edit
        .iter()
        .map(|line| match line {
            Line::Same(text) => json!([" ", text]),
            Line::Removed(text) => json!(["-", text]),
            Line::Added(text) => json!(["+", text]),
        })
        .collect();
    json!({"qualname": difference.qualname, "lines": [difference.lines.0, difference.lines.1], "facts": difference.facts,
        "edit": edit})
}
