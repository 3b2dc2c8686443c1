//! Making the lexer's diagnostics: positions and texts as CPython reports them.
//!
//! Two of CPython's paths meet here. Errors the lexer words itself (`_PyTokenizer_syntaxerror`) point at the character
//! before the scan position, start and end alike, with the line less its newline as text. Errors it only names by code
//! (indentation, continuation, end of input) are worded by the parser (`_Pypegen_tokenizer_error`) and carry the line
//! with its newline. The tokenize module words the latter differently: see `tokenize`.

use super::{Failed, Lexer, OpenBracket, Stop};
use crate::diagnostic::{DiagnosticKind, ErrorLocation, SyntaxDiagnostic};
use crate::source::{Source, count_chars};

/// How far CPython's lexer has read: what its `tok->lineno` would be. Decides the `text` of parser errors.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Buffer {
    /// 1-based line of the last byte read.
    pub line: u32,
}

/// The `text` attribute CPython gives an error on `line` of a source that is not a file on disk: the line read last
/// keeps its newline, an earlier one loses it, and instead of a later one the line read last is shown
/// (`_PyPegen_raise_error_known_location`).
pub fn error_text(source: &Source, line: u32, buffer: Buffer) -> String {
    if buffer.line <= line { source.line_with_newline(buffer.line) } else { source.line_text(line) }.to_owned()
}

/// CPython's `_PyPegen_byte_offset_to_character_offset`: characters in the first `column` bytes of an error's text; a
/// column past the end counts as one past the end.
pub(crate) fn char_offset(text: &str, column: usize) -> i32 {
    let bytes = text.as_bytes();
    let past = usize::from(column > bytes.len());
    (count_chars(&bytes[..column.min(bytes.len())]) + past) as i32
}

impl Lexer<'_> {
    fn record(&mut self, diagnostic: SyntaxDiagnostic, stop: Stop) -> Failed {
        self.error = Some(diagnostic);
        self.stop = stop;
        Failed
    }

    /// CPython's `_PyTokenizer_syntaxerror` with `tok->cur` at `at`, on `line`.
    pub(super) fn diagnostic_at(&self, at: usize, line: u32, message: String) -> SyntaxDiagnostic {
        let column = (at as u32).saturating_sub(self.source.line_start(line));
        let offset = self.source.char_column(line, column) as i32;
        SyntaxDiagnostic {
            kind: DiagnosticKind::SyntaxError,
            message,
            location: Some(ErrorLocation {
                lineno: line as i32,
                offset,
                end_lineno: line as i32,
                end_offset: offset,
                text: Some(self.source.line_text(line).to_owned()),
                anonymous: false,
                last_statement: None,
            }),
        }
    }

    pub(super) fn fail_at(&mut self, at: usize, line: u32, message: String, stop: Stop) -> Failed {
        let diagnostic = self.diagnostic_at(at, line, message);
        self.record(diagnostic, stop)
    }

    /// An error at the scan position.
    pub(super) fn fail_here(&mut self, message: String) -> Failed {
        self.fail_at(self.pos, self.line, message, Stop::Error)
    }

    /// An error over a range, both ends 1-based from `start` and `end` (byte offsets of the character after).
    pub(super) fn fail_range(&mut self, start: usize, end: usize, pos: usize, message: String) -> Failed {
        self.pos = pos.min(self.bytes.len());
        let mut diagnostic = self.diagnostic_at(start, self.line, message);
        let end_column = (end as u32).saturating_sub(self.source.line_start(self.line));
        if let Some(location) = &mut diagnostic.location {
            location.end_offset = self.source.char_column(self.line, end_column) as i32;
        }
        self.record(diagnostic, Stop::Error)
    }

    /// An error worded by the parser on the current line. `column` counts bytes from 1; `end_offset` is CPython's 0 or
    /// -1 for "none".
    fn fail_coded(&mut self, kind: DiagnosticKind, message: &str, line: u32, column: usize, end_offset: i32) -> Failed {
        self.error_is_coded = true;
        let text = self.source.line_with_newline(line).to_owned();
        let location = ErrorLocation {
            lineno: line as i32,
            offset: char_offset(&text, column),
            end_lineno: line as i32,
            end_offset,
            text: Some(text),
            anonymous: false,
            last_statement: None,
        };
        let diagnostic = SyntaxDiagnostic { kind, message: message.to_owned(), location: Some(location) };
        self.record(diagnostic, Stop::Error)
    }

    pub(super) fn fail_tabs(&mut self) -> Failed {
        let message = "inconsistent use of tabs and spaces in indentation";
        self.fail_coded(DiagnosticKind::TabError, message, self.line_for_cpython(), 1, 0)
    }

    pub(super) fn fail_too_deep(&mut self) -> Failed {
        let message = "too many levels of indentation";
        self.fail_coded(DiagnosticKind::IndentationError, message, self.line_for_cpython(), 1, 0)
    }

    pub(super) fn fail_dedent(&mut self) -> Failed {
        let line = self.line_for_cpython();
        let column = self.source.line_with_newline(line).len();
        let message = "unindent does not match any outer indentation level";
        self.fail_coded(DiagnosticKind::IndentationError, message, line, column, -1)
    }

    /// `at` is the character that should have been a newline.
    pub(super) fn fail_after_backslash(&mut self, at: usize) -> Failed {
        let read = (at + 1).min(self.bytes.len());
        let column = read - self.buffer_start;
        let message = "unexpected character after line continuation character";
        self.pos = read;
        self.fail_coded(DiagnosticKind::SyntaxError, message, self.line, column, 0)
    }

    /// The end of input after a backslash and newline.
    pub(super) fn fail_unexpected_eof(&mut self) -> Failed {
        let line = self.line_for_cpython();
        if let Some(open) = self.brackets.last().copied() {
            return self.fail_open(open, line);
        }
        let column = self.bytes.len() - self.source.line_start(line) as usize;
        let failed = self.fail_coded(DiagnosticKind::SyntaxError, "unexpected EOF while parsing", line, column, -1);
        self.stop = Stop::Eof;
        failed
    }

    /// The end of input inside brackets.
    pub(super) fn fail_never_closed(&mut self) -> Failed {
        let line = self.line_for_cpython();
        match self.brackets.last().copied() {
            Some(open) => self.fail_open(open, line),
            None => self.fail_unexpected_eof(),
        }
    }

    fn fail_open(&mut self, open: OpenBracket, reached: u32) -> Failed {
        let diagnostic = never_closed(self.source, open, Buffer { line: reached });
        self.record(diagnostic, Stop::Eof)
    }

    /// Only verbatim sources can hold a null byte; CPython finds it when it reads the line.
    pub(super) fn fail_null_byte(&mut self) -> Failed {
        self.fail_here("source code cannot contain null bytes".to_owned())
    }
}

/// `'(' was never closed`, at the bracket.
pub fn never_closed(source: &Source, open: OpenBracket, buffer: Buffer) -> SyntaxDiagnostic {
    let text = error_text(source, open.line, buffer);
    let column = open.offset - source.line_start(open.line);
    let location = ErrorLocation {
        lineno: open.line as i32,
        offset: char_offset(&text, column as usize + 1),
        end_lineno: open.line as i32,
        end_offset: 0,
        text: Some(text),
        anonymous: false,
        last_statement: None,
    };
    SyntaxDiagnostic {
        kind: DiagnosticKind::SyntaxError,
        message: format!("'{}' was never closed", open.byte as char),
        location: Some(location),
    }
}
