//! What the front end reports: errors and warnings about source text, as plain data.
//!
//! A [`SyntaxDiagnostic`] carries exactly the attributes CPython puts on the exception (`lineno`, `offset`,
//! `end_lineno`, `end_offset`, `text`), columns counted in characters and from 1, with CPython's 0 and -1 where it
//! uses them. The front end knows no file name: whoever raises the exception adds it.

/// Which exception class the diagnostic becomes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DiagnosticKind {
    SyntaxError,
    IndentationError,
    TabError,
    /// `_IncompleteInputError`, a `SyntaxError` that `codeop` understands; only when incomplete input is allowed.
    IncompleteInput,
    /// Text that does not decode. Raised as `SyntaxError` whose message is `(unicode error) …` by the parser, or bare
    /// where CPython lets the `UnicodeDecodeError` out.
    UnicodeError,
    ValueError,
    OverflowError,
    RecursionError,
    MemoryError,
}

/// An error about source text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SyntaxDiagnostic {
    pub kind: DiagnosticKind,
    pub message: String,
    /// `None` for errors that CPython raises without location details.
    pub location: Option<ErrorLocation>,
}

/// The `(filename, lineno, offset, text, end_lineno, end_offset)` of a `SyntaxError`, less the file name.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ErrorLocation {
    pub lineno: i32,
    /// 1-based, in characters.
    pub offset: i32,
    pub end_lineno: i32,
    pub end_offset: i32,
    /// The `text` attribute; `None` is Python's `None`.
    pub text: Option<String>,
    /// CPython makes the error before it knows the file name: its arguments have `None` for it, and `filename` is set afterwards.
    pub anonymous: bool,
    /// Where the last statement begins (line, column in bytes) that was complete before the error; line 0: there was none.
    /// Only errors of the parser have it.
    pub last_statement: Option<(u32, u32)>,
}

impl ErrorLocation {
    /// Whether `end_lineno` and `end_offset` are known: not when the text could not be read at all.
    pub fn has_end(&self) -> bool {
        self.offset >= 0
    }
}

impl SyntaxDiagnostic {
    /// A diagnostic without location.
    pub fn bare(kind: DiagnosticKind, message: impl Into<String>) -> Self {
        SyntaxDiagnostic { kind, message: message.into(), location: None }
    }
}

/// Category of a warning the front end can give.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WarningCategory {
    SyntaxWarning,
    DeprecationWarning,
}

/// A warning found in the text; the caller hands it to `warnings.warn_explicit`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourceWarning {
    pub category: WarningCategory,
    pub message: String,
    /// The line the warning is attributed to.
    pub lineno: u32,
    /// What CPython raises instead when a filter turns the warning into an error.
    pub as_error: SyntaxDiagnostic,
}
