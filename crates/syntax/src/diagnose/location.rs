//! From CPython's error positions to the attributes of the exception.
//!
//! Source: Parser/pegen_errors.c (`_PyPegen_raise_error_known_location`).

use crate::diagnostic::ErrorLocation;
use crate::lexer::{Buffer, char_offset, error_text};
use crate::source::Source;

/// The location of an error from line and byte column to line and byte column, columns counted from 0; an end column of
/// -1 means there is none. `buffer` is how far the text had been read.
pub(super) fn known_location(source: &Source, from: (u32, i64), to: (u32, i64), buffer: Buffer) -> ErrorLocation {
    let text = error_text(source, from.0, buffer);
    let offset = |column: i64| match usize::try_from(column + 1) {
        Ok(column) => char_offset(&text, column),
        Err(_) => (column + 1) as i32,
    };
    let end_offset = if to.1 + 1 > 0 { offset(to.1) } else { (to.1 + 1) as i32 };
    ErrorLocation {
        lineno: from.0 as i32,
        offset: offset(from.1),
        end_lineno: to.0 as i32,
        end_offset,
        text: Some(text),
        anonymous: false,
        last_statement: None,
    }
}
