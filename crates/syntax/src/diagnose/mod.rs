//! Says why a text does not parse.
//!
//! (being built: the generic error only)

mod warnings;

pub(crate) use warnings::escape_warning;

use crate::diagnostic::{DiagnosticKind, SourceWarning, SyntaxDiagnostic};
use crate::lexer::{Mode, Tokens};
use crate::parser::ParseFlags;
use crate::source::Source;

pub(crate) fn diagnose(
    _source: &Source,
    tokens: &Tokens,
    _mode: Mode,
    _flags: ParseFlags,
    _warnings: &mut Vec<SourceWarning>,
) -> SyntaxDiagnostic {
    if let Some(error) = &tokens.error {
        return error.clone();
    }
    SyntaxDiagnostic::bare(DiagnosticKind::SyntaxError, "invalid syntax")
}
