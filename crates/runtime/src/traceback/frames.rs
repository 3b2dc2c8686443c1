//! The frames of a traceback: file, line, function, source line.

use crate::Value;
use crate::objects::traceback::Traceback;
use crate::payload::Downcast;
use crate::vm::Vm;
use crate::warnings::source_line;

/// As many frames as `BUILTIN_EXCEPTION_LIMIT` shows; equal ones beyond this are counted.
const REPEATS_SHOWN: usize = 3;

pub fn text(vm: &Vm, traceback: &Value) -> String {
    let mut out = String::new();
    let mut last: Option<(String, i32, String)> = None;
    let mut repeats = 0;
    let mut at = traceback.downcast::<Traceback>().cloned();
    while let Some(entry) = at {
        at = entry.next.get().and_then(|next| crate::payload::into_ref::<Traceback>(next).ok());
        let Some(code) = entry.frame.code_object() else { continue };
        let file = code.file().to_utf8_lossy().into_owned();
        let name = code.name.to_utf8_lossy().into_owned();
        let line = entry.line();
        let key = (file, line.unwrap_or(-1), name);
        if last.as_ref() == Some(&key) {
            repeats += 1;
            if repeats >= REPEATS_SHOWN {
                continue;
            }
        } else {
            finish_repeats(repeats, &mut out);
            repeats = 0;
        }
        let (file, number, name) = &key;
        let shown = if line.is_some() { number.to_string() } else { "None".to_string() };
        out.push_str(&format!("  File \"{file}\", line {shown}, in {name}\n"));
        if line.is_some() {
            out.push_str(&source(vm, file, *number));
        }
        last = Some(key);
    }
    finish_repeats(repeats, &mut out);
    out
}

fn finish_repeats(repeats: usize, out: &mut String) {
    if repeats >= REPEATS_SHOWN {
        let more = repeats + 1 - REPEATS_SHOWN;
        let s = if more > 1 { "s" } else { "" };
        out.push_str(&format!("  [Previous line repeated {more} more time{s}]\n"));
    }
}

/// The source line.
fn source(vm: &Vm, file: &str, number: i32) -> String {
    let Some(line) = source_line(vm, file, number) else { return String::new() };
    let stripped = line.trim();
    if stripped.is_empty() {
        return String::new();
    }
    format!("    {stripped}\n")
}
