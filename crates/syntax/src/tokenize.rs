//! `_tokenize.TokenizerIter`: the tokens `tokenize.generate_tokens` yields, with character columns and physical lines.
//!
//! The lexer does the work (with `extra_tokens` it keeps comments and blank lines); here its byte ranges become
//! CPython's `(type, string, start, end, line)`. A missing final newline is supplied for the lexer and hidden again:
//! the last NEWLINE or NL is then the empty string, and `line` ends without it. Source: CPython
//! Python/Python-tokenize.c.

use crate::diagnostic::{DiagnosticKind, SyntaxDiagnostic};
use crate::lexer::{LexOptions, Stop, Tokens, tokenize_all};
use crate::source::{Source, count_chars};
use crate::token::{Token, TokenKind};

/// One token as Python sees it. Lines count from 1, columns in characters from 0 (-1: unknown).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TokenInfo<'s> {
    pub kind: TokenKind,
    pub string: &'s str,
    pub start: (u32, i32),
    pub end: (u32, i32),
    pub line: &'s str,
}

/// The error that ends a token sequence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenizeError {
    pub kind: DiagnosticKind,
    pub message: String,
    /// `None` for an error raised with a message alone.
    pub location: Option<TokenizeLocation>,
}

/// Location of a [`TokenizeError`]; the file name is always `<string>`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TokenizeLocation {
    pub lineno: i32,
    pub offset: i32,
    pub text: String,
    /// `(end_lineno, end_offset)`, which CPython leaves `None` for errors of layout.
    pub end: Option<(i32, i32)>,
}

/// A tokenized text: iterate with [`Tokenized::iter`], then look at [`Tokenized::error`].
#[derive(Debug)]
pub struct Tokenized {
    source: Source,
    tokens: Tokens,
    extra_tokens: bool,
    pub error: Option<TokenizeError>,
}

/// Tokenizes the joined lines of a `readline`.
///
/// # Errors
/// A text too large for positions.
pub fn tokenize(text: impl Into<String>, extra_tokens: bool) -> Result<Tokenized, SyntaxDiagnostic> {
    let mut text = text.into();
    // CPython refuses a null character when it reads the line, so the lines before it are tokenized.
    let null = memchr::memchr(0, text.as_bytes()).map(|at| {
        let line_start = memchr::memrchr(b'\n', &text.as_bytes()[..at]).map_or(0, |i| i + 1);
        let lineno = memchr::memchr_iter(b'\n', &text.as_bytes()[..at]).count() as i32 + 1;
        let error = TokenizeError {
            kind: DiagnosticKind::SyntaxError,
            message: "source code cannot contain null bytes".to_owned(),
            location: Some(TokenizeLocation {
                lineno,
                offset: 0,
                text: text[line_start..at].to_owned(),
                end: Some((lineno, 0)),
            }),
        };
        text.truncate(line_start);
        error
    });
    let source = Source::verbatim(text)?;
    let options = LexOptions { extra_tokens, ..LexOptions::default() };
    let mut tokens = tokenize_all(&source, options);
    let error = match null {
        Some(error) if tokens.eof_seen_at != u32::MAX => {
            tokens.tokens.truncate(tokens.eof_seen_at as usize);
            Some(error)
        }
        _ => tokens.error.take().map(|error| reword(&source, &tokens, error)),
    };
    if tokens.tokens.last().is_some_and(|token| token.kind == TokenKind::ErrorToken) {
        tokens.tokens.pop();
    }
    Ok(Tokenized { source, tokens, extra_tokens, error })
}

/// The parser's wording of an error that the lexer only names by code becomes the tokenizer's.
fn reword(source: &Source, tokens: &Tokens, error: SyntaxDiagnostic) -> TokenizeError {
    let SyntaxDiagnostic { kind, message, location } = error;
    if tokens.stop == Stop::Eof {
        let message = "unexpected EOF in multi-line statement".to_owned();
        return TokenizeError { kind: DiagnosticKind::SyntaxError, message, location: None };
    }
    let location = location.map(|at| {
        let line = at.lineno.max(0) as u32;
        if tokens.error_is_coded {
            let text = source.slice(tokens.buffer_start, source.line_start(line + 1));
            let offset = count_chars(text.as_bytes()) as i32;
            let text = text.strip_suffix('\n').unwrap_or(text).to_owned();
            TokenizeLocation { lineno: at.lineno, offset, text, end: None }
        } else {
            let end = Some((at.end_lineno, at.end_offset));
            TokenizeLocation { lineno: at.lineno, offset: at.offset, text: at.text.unwrap_or_default(), end }
        }
    });
    TokenizeError { kind, message, location }
}

impl Tokenized {
    pub fn iter(&self) -> Iter<'_> {
        Iter { tokenized: self, index: 0, column: Column::default() }
    }
}

/// Turns byte offsets that mostly grow along a line into character columns.
#[derive(Default)]
struct Column {
    line_start: u32,
    byte: u32,
    chars: u32,
}

impl Column {
    fn at(&mut self, source: &Source, line_start: u32, offset: u32) -> i32 {
        if line_start != self.line_start || offset < self.byte {
            *self = Column { line_start, byte: line_start, chars: 0 };
        }
        let passed = source.bytes().get(self.byte as usize..offset as usize).unwrap_or(&[]);
        self.chars += count_chars(passed) as u32;
        self.byte = offset;
        self.chars as i32
    }
}

/// The tokens up to and including ENDMARKER, or up to the error.
pub struct Iter<'t> {
    tokenized: &'t Tokenized,
    index: usize,
    column: Column,
}

impl<'t> Iterator for Iter<'t> {
    type Item = TokenInfo<'t>;

    fn next(&mut self) -> Option<TokenInfo<'t>> {
        let tokenized = self.tokenized;
        let token = *tokenized.tokens.tokens.get(self.index)?;
        let index = self.index as u32;
        self.index += 1;
        let source = &tokenized.source;
        let at_end = token.kind == TokenKind::EndMarker
            || (token.kind == TokenKind::Dedent && index >= tokenized.tokens.eof_seen_at);
        if !tokenized.extra_tokens {
            return Some(self.plain(token));
        }
        if at_end {
            let at = (token.line + 1, 0);
            return Some(TokenInfo { kind: token.kind, string: "", start: at, end: at, line: "" });
        }
        let line_start = source.line_start(token.line);
        let last_line = last_line(source, token);
        let start = (token.line, self.column.at(source, line_start, token.start));
        let end_start = source.line_start(last_line);
        let end = (last_line, self.column.at(source, end_start, token.end));
        let hidden = source.has_implicit_newline() && token.end as usize == source.bytes().len();
        let (kind, string) = match token.kind {
            TokenKind::Newline if hidden => (token.kind, source.slice(token.start, token.end - 1)),
            TokenKind::Nl if hidden => (token.kind, ""),
            kind if kind.is_operator() => (TokenKind::Op, source.slice(token.start, token.end)),
            kind => (kind, source.slice(token.start, token.end)),
        };
        Some(TokenInfo { kind, string, start, end, line: lines(source, token.line, last_line) })
    }
}

impl<'t> Iter<'t> {
    fn plain(&mut self, token: Token) -> TokenInfo<'t> {
        let source = &self.tokenized.source;
        let last_line = last_line(source, token);
        let (start, end) = if token.has_column() {
            let start = self.column.at(source, source.line_start(token.line), token.start);
            (start, self.column.at(source, source.line_start(last_line), token.end))
        } else {
            (-1, -1)
        };
        TokenInfo {
            kind: token.kind,
            string: source.slice(token.start, token.end),
            start: (token.line, start),
            end: (last_line, end),
            line: lines(source, token.line, last_line),
        }
    }
}

fn last_line(source: &Source, token: Token) -> u32 {
    if token.lines == u16::MAX { source.line_of(token.end) } else { token.line + u32::from(token.lines) }
}

/// Whole lines `first..=last`, less a newline that is not the user's.
fn lines(source: &Source, first: u32, last: u32) -> &str {
    let text = source.slice(source.line_start(first), source.line_start(last + 1));
    let hidden = source.has_implicit_newline() && last + 1 >= source.line_count();
    if hidden { text.strip_suffix('\n').unwrap_or(text) } else { text }
}
