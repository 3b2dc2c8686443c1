//! Tracebacks as text, for when the library's `traceback` cannot run: broken library, early start, late end.
//!
//! The layout is that of Lib/traceback.py (`TracebackException.format`) without colours and suggestions: chained exceptions,
//! frames with source lines (without carets, as CPython's own fallback), repeated frames counted, notes, groups as trees. Nothing here raises; what cannot be
//! shown is said so.

pub mod emergency;
mod exception;
mod frames;

pub use exception::exception_lines;
pub use frames::text as frames_text;

use crate::Value;
use crate::objects::exceptions::{BaseException, group::ExceptionGroup};
use crate::payload::Downcast;
use crate::vm::Vm;

const CAUSE: &str = "\nThe above exception was the direct cause of the following exception:\n\n";
const CONTEXT: &str = "\nDuring handling of the above exception, another exception occurred:\n\n";

/// Groups nested deeper, and more exceptions in one group, are not shown.
const MAX_GROUP_DEPTH: usize = 10;
const MAX_GROUP_WIDTH: usize = 15;

/// Indentation of nested groups.
#[derive(Clone, Copy, Default)]
struct Margin {
    depth: usize,
    /// An inner exception is being shown: its lines are set off by a bar.
    needs_close: bool,
}

/// The whole text of an exception, as printed when nobody catches it.
pub fn render(vm: &Vm, exception: &Value) -> String {
    let mut out = String::new();
    let mut seen = Vec::new();
    chain(vm, exception, &mut Margin::default(), &mut seen, &mut out);
    out
}

/// One exception with the given traceback, without what it is chained to and without notes.
pub fn render_one(vm: &Vm, exception: &Value, traceback: &Value) -> String {
    let mut out = String::new();
    if !traceback.is_none() {
        out.push_str("Traceback (most recent call last):\n");
        out.push_str(&frames::text(vm, traceback));
    }
    let line = exception::message_line(vm, exception);
    // The colon stands here even where no message follows.
    let bare = line.strip_suffix('\n').filter(|name| !name.contains(": "));
    out.push_str(&bare.map_or(line.clone(), |name| format!("{name}: \n")));
    out
}

/// Appends lines, each behind the margin of the group they belong to.
fn emit(margin: Margin, marker: &str, text: &str, out: &mut String) {
    for line in text.split_inclusive('\n') {
        if margin.depth > 0 {
            out.push_str(&"  ".repeat(margin.depth));
            out.push_str(marker);
            out.push(' ');
        }
        out.push_str(line);
    }
}

fn chain(vm: &Vm, exception: &Value, margin: &mut Margin, seen: &mut Vec<u64>, out: &mut String) {
    // From the newest back to the oldest, then printed the other way round.
    let mut links: Vec<(Value, &str)> = Vec::new();
    let mut at = Some((exception.clone(), ""));
    while let Some((current, how)) = at {
        if seen.contains(&current.bits()) {
            break;
        }
        seen.push(current.bits());
        at = current.downcast::<BaseException>().and_then(|base| match base.cause.get() {
            Some(cause) => Some((cause, CAUSE)),
            None if base.suppress_context.get() => None,
            None => base.context.get().map(|context| (context, CONTEXT)),
        });
        links.push((current, how));
    }
    for (i, (link, _)) in links.iter().enumerate().rev() {
        one(vm, link, margin, seen, out);
        if i > 0 {
            // How the next newer one came about: noted where that one's cause was found.
            emit(*margin, "|", links[i].1, out);
        }
    }
}

fn one(vm: &Vm, exception: &Value, margin: &mut Margin, seen: &mut Vec<u64>, out: &mut String) {
    let traceback = exception.downcast::<BaseException>().and_then(|e| e.traceback.get());
    let Some(group) = exception.downcast::<ExceptionGroup>() else {
        if let Some(traceback) = &traceback {
            emit(*margin, "|", "Traceback (most recent call last):\n", out);
            emit(*margin, "|", &frames::text(vm, traceback), out);
        }
        emit(*margin, "|", &exception_lines(vm, exception), out);
        return;
    };
    if margin.depth > MAX_GROUP_DEPTH {
        emit(*margin, "|", &format!("... (max_group_depth is {MAX_GROUP_DEPTH})\n"), out);
        return;
    }
    let top = margin.depth == 0;
    if top {
        margin.depth = 1;
    }
    if let Some(traceback) = &traceback {
        emit(*margin, if top { "+" } else { "|" }, "Exception Group Traceback (most recent call last):\n", out);
        emit(*margin, "|", &frames::text(vm, traceback), out);
    }
    emit(*margin, "|", &exception_lines(vm, exception), out);
    let nested = group.nested();
    let shown = nested.len().min(MAX_GROUP_WIDTH + 1);
    margin.needs_close = false;
    for (i, inner) in nested.iter().take(shown).enumerate() {
        let last = i + 1 == shown;
        if last {
            margin.needs_close = true;
        }
        let truncated = i >= MAX_GROUP_WIDTH;
        let title = if truncated { "...".to_string() } else { (i + 1).to_string() };
        out.push_str(&"  ".repeat(margin.depth));
        out.push_str(if i == 0 { "+-" } else { "  " });
        out.push_str(&format!("+---------------- {title} ----------------\n"));
        margin.depth += 1;
        if truncated {
            let rest = nested.len() - MAX_GROUP_WIDTH;
            let s = if rest > 1 { "s" } else { "" };
            emit(*margin, "|", &format!("and {rest} more exception{s}\n"), out);
        } else {
            chain(vm, inner, margin, seen, out);
        }
        if last && margin.needs_close {
            out.push_str(&"  ".repeat(margin.depth));
            out.push_str("+------------------------------------\n");
            margin.needs_close = false;
        }
        margin.depth -= 1;
    }
    if top {
        margin.depth = 0;
    }
}
