//! `SyntaxError`, its subclasses and their fields. After CPython Objects/exceptions.c.

use super::base::{self, BaseException, new_of};
use super::{EXCEPTION, FLAGS};
use crate::format::builder::Builder;
use crate::native::{Args, receiver};
use crate::payload::{Downcast, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Int, Str, Value, ValueCell};

#[repr(C)]
#[derive(Default)]
pub struct SyntaxError {
    pub base: BaseException,
    pub msg: ValueCell,
    pub filename: ValueCell,
    pub lineno: ValueCell,
    pub offset: ValueCell,
    pub text: ValueCell,
    pub end_lineno: ValueCell,
    pub end_offset: ValueCell,
    pub print_file_and_line: ValueCell,
    pub metadata: ValueCell,
}

exception_payload!(SyntaxError, SYNTAX_ERROR, "SyntaxError" {
    msg, filename, lineno, offset, text, end_lineno, end_offset, print_file_and_line, metadata
});
fields!(SyntaxError:
    msg "msg" "exception msg",
    filename "filename" "exception filename",
    lineno "lineno" "exception lineno",
    offset "offset" "exception offset",
    text "text" "exception text",
    end_lineno "end_lineno" "exception end lineno",
    end_offset "end_offset" "exception end offset",
    print_file_and_line "print_file_and_line" "exception print_file_and_line",
    metadata "_metadata" "exception private metadata",
);

pub static SYNTAX_ERROR: TypeDef = TypeDef {
    doc: "Invalid syntax.",
    flags: FLAGS,
    slots: Slots { new: Some(new_of::<SyntaxError>), init: Some(init), str: Some(str), ..Slots::NONE },
    tables: &[SyntaxError::FIELDS],
    ..TypeDef::of::<SyntaxError>("SyntaxError", &EXCEPTION)
};

pub static INDENTATION_ERROR: TypeDef = TypeDef {
    doc: "Improper indentation.",
    flags: FLAGS,
    ..TypeDef::of::<SyntaxError>("IndentationError", &SYNTAX_ERROR)
};

pub static TAB_ERROR: TypeDef = TypeDef {
    doc: "Improper mixture of spaces and tabs.",
    flags: FLAGS,
    ..TypeDef::of::<SyntaxError>("TabError", &INDENTATION_ERROR)
};

pub static INCOMPLETE_INPUT_ERROR: TypeDef = TypeDef {
    doc: "incomplete input.",
    flags: FLAGS,
    ..TypeDef::of::<SyntaxError>("_IncompleteInputError", &SYNTAX_ERROR)
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let error = receiver::<SyntaxError>(vm, this, "__init__")?;
    if let Some(message) = args.pos().first() {
        error.msg.set(Some(message.clone()));
    }
    let [_, details] = args.pos() else { return Ok(()) };
    let details = vm.collect_values(details)?;
    let n = details.len();
    if !(4..=7).contains(&n) {
        let bound = if n < 4 { "at least 4" } else { "at most 7" };
        return Err(vm.type_error(format!("function takes {bound} arguments ({n} given)")));
    }
    let cells = [
        &error.filename,
        &error.lineno,
        &error.offset,
        &error.text,
        &error.end_lineno,
        &error.end_offset,
        &error.metadata,
    ];
    for (i, cell) in cells.into_iter().enumerate() {
        // What is not given stays, but for the end position.
        if i < n || i == 4 || i == 5 {
            cell.set(details.get(i).cloned());
        }
    }
    if n == 5 {
        return Err(vm.type_error("end_offset must be provided when end_lineno is provided"));
    }
    Ok(())
}

fn str(vm: &Vm, this: &Value) -> Res {
    let error = receiver::<SyntaxError>(vm, this, "__str__")?;
    let filename = error.filename.get();
    let filename = filename.as_ref().and_then(|f| f.downcast::<Str>());
    let line = error.lineno.get().filter(|l| l.is_small_int() || l.exact::<Int>(vm).is_some());
    let message = vm.str(&error.msg.get_or_none())?;
    if filename.is_none() && line.is_none() {
        return Ok(message.into_value());
    }
    let mut out = Builder::new().str(&message).text(" (");
    if let Some(filename) = filename {
        let points: Vec<u32> = filename.code_points().collect();
        let start = points.iter().rposition(|c| *c == '/' as u32).map_or(0, |i| i + 1);
        out.push_points(&points[start..]);
        if line.is_some() {
            out.push_text(", ");
        }
    }
    if let Some(line) = line {
        let line = vm.index_as_i128(&line)?.and_then(|i| i64::try_from(i).ok()).unwrap_or(-1);
        out.push_text(&format!("line {line}"));
    }
    out.push_text(")");
    out.value(vm)
}
