//! The warning about an escape that means nothing. Source: CPython Parser/string_parser.c
//! (`warn_invalid_escape_sequence`).

use crate::diagnostic::{DiagnosticKind, ErrorLocation, SourceWarning, SyntaxDiagnostic, WarningCategory};
use crate::parser::literals::InvalidEscape;
use crate::source::Source;
use crate::token::Token;

/// `body` is the byte offset in the source of `text`, the part of `token` that was decoded.
pub(crate) fn escape_warning(
    source: &Source,
    token: Token,
    body: usize,
    text: &str,
    invalid: InvalidEscape,
    feature_version: u8,
) -> SourceWarning {
    let rest = &text[invalid.offset..];
    let written: &str = if invalid.octal { &rest[..3.min(rest.len())] } else { &rest[..1] };
    let what = if invalid.octal { "an invalid octal escape sequence" } else { "an invalid escape sequence" };
    let start = format!("\"\\{written}\" is {what}. ");
    let end = format!("Did you mean \"\\\\{written}\"? A raw string is also an option.");
    let at = (body + invalid.offset) as u32;
    let lineno = token.line + memchr::memchr_iter(b'\n', &text.as_bytes()[..invalid.offset]).count() as u32;
    let category =
        if feature_version >= 12 { WarningCategory::SyntaxWarning } else { WarningCategory::DeprecationWarning };
    let column = at.saturating_sub(source.line_start(lineno));
    let offset = source.char_column(lineno, column) as i32;
    let location = ErrorLocation {
        lineno: lineno as i32,
        offset,
        end_lineno: lineno as i32,
        end_offset: offset + 1,
        text: Some(source.line_with_newline(lineno).to_owned()),
        anonymous: false,
    };
    SourceWarning {
        category,
        message: format!("{start}Such sequences will not work in the future. {end}"),
        lineno,
        as_error: SyntaxDiagnostic {
            kind: DiagnosticKind::SyntaxError,
            message: format!("{start}{end}"),
            location: Some(location),
        },
    }
}
