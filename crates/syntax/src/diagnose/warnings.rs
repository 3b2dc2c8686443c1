//! The warning about an escape that means nothing. Source: CPython Parser/string_parser.c
//! (`warn_invalid_escape_sequence`).

use super::location::known_location;
use crate::diagnostic::{DiagnosticKind, SourceWarning, SyntaxDiagnostic, WarningCategory};
use crate::lexer::Buffer;
use crate::parser::literals::InvalidEscape;
use crate::source::Source;
use crate::token::Token;

/// `text` is what was decoded, `token` where CPython thinks it stood: for the literal parts of an f-string that is the
/// closing quote, so line and column are off as CPython's are.
pub(crate) fn escape_warning(
    source: &Source,
    token: Token,
    text: &str,
    invalid: InvalidEscape,
    feature_version: u8,
) -> SourceWarning {
    let (before, rest) = text.split_at(invalid.offset);
    let written: &str = if invalid.octal { &rest[..3.min(rest.len())] } else { &rest[..1] };
    let what = if invalid.octal { "an invalid octal escape sequence" } else { "an invalid escape sequence" };
    let start = format!("\"\\{written}\" is {what}. ");
    let end = format!("Did you mean \"\\\\{written}\"? A raw string is also an option.");
    let newlines = memchr::memchr_iter(b'\n', before.as_bytes()).count() as u32;
    let lineno = token.line + newlines;
    // Columns are counted in the form the decoder reads, where a character beyond ASCII takes ten bytes.
    let line = before.rsplit('\n').next().unwrap_or("");
    let mut column: u32 = line.chars().map(|c| if c.is_ascii() { 1 } else { 10 }).sum();
    if newlines == 0 {
        column += token.start - source.line_start(token.line) + leading_quotes(source.slice(token.start, token.end));
    }
    let category =
        if feature_version >= 12 { WarningCategory::SyntaxWarning } else { WarningCategory::DeprecationWarning };
    let (from, to) = ((lineno, i64::from(column) - 1), (lineno, i64::from(column) + 1));
    let location = known_location(source, from, to, Buffer { line: source.line_of(token.end) });
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

/// How often the first quote of a token without prefix is repeated, other quotes between them passed over.
fn leading_quotes(token: &str) -> u32 {
    let Some(first) = token.bytes().next() else { return 0 };
    token.bytes().take_while(|b| matches!(b, b'"' | b'\'')).filter(|&b| b == first).count() as u32
}
