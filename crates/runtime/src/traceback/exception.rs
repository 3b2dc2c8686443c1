//! The last lines of a traceback: class, message, notes, and the place of a syntax error.

use crate::objects::exceptions::SyntaxError;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{List, Str, Tuple, Value};

/// The value, with an exception on the way forgotten.
fn quietly<T>(vm: &Vm, result: Res<T>) -> Option<T> {
    match result {
        Ok(value) => Some(value),
        Err(raised) => {
            vm.forget(raised);
            None
        }
    }
}

/// `module.Class`, without module for builtins and `__main__`.
fn class_name(vm: &Vm, exception: &Value) -> String {
    let class = vm.class(exception).clone();
    let module = quietly(vm, vm.get_attr(class.as_value(), &vm.names().__module__));
    let name = class.qualname();
    match module.as_ref().and_then(|m| m.downcast::<Str>()) {
        Some(module) if module.eq_str("builtins") || module.eq_str("__main__") => name,
        Some(module) => format!("{}.{name}", module.to_utf8_lossy()),
        None => format!("<unknown>.{name}"),
    }
}

/// "Class: message" as a line.
pub fn message_line(vm: &Vm, exception: &Value) -> String {
    let name = class_name(vm, exception);
    match quietly(vm, vm.str(exception)).map(|text| text.to_utf8_lossy().into_owned()) {
        Some(text) if text.is_empty() => format!("{name}\n"),
        Some(text) => format!("{name}: {text}\n"),
        None => format!("{name}: <exception str() failed>\n"),
    }
}

/// "Class: message" with the notes below, each line ended.
pub fn exception_lines(vm: &Vm, exception: &Value) -> String {
    let name = class_name(vm, exception);
    let mut out = String::new();
    let syntax = exception.downcast::<SyntaxError>();
    let text = match syntax {
        Some(error) => {
            out.push_str(&syntax_place(vm, error));
            match error.msg.get().filter(|m| !m.is_none()) {
                Some(message) => quietly(vm, vm.str(&message)).map(|t| t.to_utf8_lossy().into_owned()),
                None => Some("<no detail available>".to_string()),
            }
        }
        None => quietly(vm, vm.str(exception)).map(|t| t.to_utf8_lossy().into_owned()),
    };
    match text {
        Some(text) if text.is_empty() => out.push_str(&format!("{name}\n")),
        Some(text) => out.push_str(&format!("{name}: {text}\n")),
        None => out.push_str(&format!("{name}: <exception str() failed>\n")),
    }
    notes(vm, exception, &mut out);
    out
}

fn notes(vm: &Vm, exception: &Value, out: &mut String) {
    let Some(Some(notes)) = quietly(vm, vm.get_attr_opt(exception, &vm.names().__notes__)) else { return };
    let items = match (notes.downcast::<List>(), notes.downcast::<Tuple>()) {
        (Some(list), _) => list.to_vec(),
        (_, Some(tuple)) => tuple.as_slice().to_vec(),
        _ => {
            if let Some(text) = quietly(vm, vm.repr(&notes)) {
                out.push_str(&format!("{}\n", text.to_utf8_lossy()));
            }
            return;
        }
    };
    for note in items {
        match quietly(vm, vm.str(&note)) {
            Some(text) => out.push_str(&format!("{}\n", text.to_utf8_lossy())),
            None => out.push_str("<note str() failed>\n"),
        }
    }
}

fn number(value: Option<Value>) -> Option<i64> {
    value.and_then(|v| v.as_small_int())
}

/// File, line and carets of a syntax error.
fn syntax_place(vm: &Vm, error: &SyntaxError) -> String {
    let mut out = String::new();
    let Some(line) = number(error.lineno.get()) else { return out };
    let filename = error.filename.get().filter(|f| !f.is_none());
    let filename = filename.and_then(|f| quietly(vm, vm.str(&f))).map(|t| t.to_utf8_lossy().into_owned());
    let filename = filename.unwrap_or_else(|| "<string>".to_string());
    out.push_str(&format!("  File \"{filename}\", line {line}\n"));
    let text = error.text.get().and_then(|t| t.downcast::<Str>().map(|t| t.to_utf8_lossy().into_owned()));
    let Some(text) = text else { return out };
    let right = text.trim_end_matches('\n');
    let stripped = right.trim_start_matches([' ', '\n', '\u{c}']);
    let spaces = right.chars().count() - stripped.chars().count();
    let first = text.split('\n').next().unwrap_or("");
    let shown = if number(error.end_lineno.get()) == Some(line) { stripped } else { first.trim_start() };
    out.push_str(&format!("    {shown}\n"));
    let Some(offset) = number(error.offset.get()) else { return out };
    let len = shown.chars().count() as i64 + spaces as i64;
    let same_line = number(error.end_lineno.get()) == Some(line);
    let end = match number(error.end_offset.get()) {
        Some(end) if same_line && end != 0 => end,
        _ if same_line => offset,
        _ => len + 1,
    };
    let end = if end == offset || end == -1 { offset + 1 } else { end };
    let start = offset - 1 - spaces as i64;
    let stop = end - 1 - spaces as i64;
    if start >= 0 {
        // Tabs before the carets stay tabs, so that they line up.
        let before: String =
            shown.chars().take(start as usize).map(|c| if c.is_whitespace() { c } else { ' ' }).collect();
        out.push_str(&format!("    {before}{}\n", "^".repeat((stop - start).max(1) as usize)));
    }
    out
}
