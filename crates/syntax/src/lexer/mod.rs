//! The lexer: text to tokens in one pass, with CPython's tokens, positions and errors.
//!
//! Problem: the parser and `tokenize` must see exactly CPython's token sequence, and the errors CPython's lexer gives
//! must come with the same message and position. Method: one forward scan over the bytes, a table for byte classes and
//! `memchr` for the long runs (comments, strings); everything is a byte offset, so nothing is allocated per token.
//! f- and t-strings are a stack of [`StringMode`]s: inside the literal part the scan is in `Literal` mode, inside a
//! replacement field in the ordinary mode. Source: CPython Parser/lexer/lexer.c, state.c.
//!
//! Invariants: tokens are ordered and do not overlap; the last one is `EndMarker` or `ErrorToken`, and only then is an
//! error set; every scan moves forward or stops, so lexing ends.

mod brackets;
mod errors;
mod fstring;
mod indent;
mod names;
mod number;
mod options;
mod strings;

pub(crate) use errors::char_offset;
pub use errors::{Buffer, error_text, never_closed};
pub use options::{LexOptions, Mode, OpenBracket, Stop, Tokens};

use crate::diagnostic::{SourceWarning, SyntaxDiagnostic};
use crate::source::Source;
use crate::token::{self, Token, TokenKind};
use fstring::StringMode;

/// The tokens of a source; see [`Tokens`]. Never fails: an error is the last token.
pub fn tokenize_all(source: &Source, options: LexOptions) -> Tokens {
    let mut lexer = Lexer::new(source, options);
    lexer.tokens.reserve(source.bytes().len() / 4 + 8);
    lexer.run();
    Tokens {
        tokens: lexer.tokens,
        error: lexer.error,
        warnings: lexer.warnings,
        stop: lexer.stop,
        error_is_coded: lexer.error_is_coded,
        buffer_start: lexer.buffer_start as u32,
        eof_seen_at: lexer.eof_seen_at,
    }
}

/// A byte in every place of a word.
const fn eight(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// An error token is to be pushed; the diagnostic is already recorded.
struct Failed;
type Scan<T = ()> = Result<T, Failed>;

struct Lexer<'s> {
    source: &'s Source,
    bytes: &'s [u8],
    options: LexOptions,
    pos: usize,
    /// CPython's `tok->buf`: the start of the last line that was begun between tokens.
    buffer_start: usize,
    /// 1-based line of `pos`.
    line: u32,
    /// The next token starts a physical line.
    at_line_start: bool,
    /// The current line is blank or holds only a comment.
    blank_line: bool,
    /// A comment that is alone on its line was just made (`extra_tokens`).
    comment_newline: bool,
    /// Columns of the open blocks: with tabs to 8, and with tabs to 1.
    indents: Vec<(u32, u32)>,
    /// INDENT (positive) or DEDENT (negative) tokens still to be made.
    pending: i32,
    brackets: Vec<OpenBracket>,
    modes: Vec<StringMode>,
    tokens: Vec<Token>,
    warnings: Vec<(u32, SourceWarning)>,
    error: Option<SyntaxDiagnostic>,
    stop: Stop,
    error_is_coded: bool,
    eof_seen_at: u32,
}

impl<'s> Lexer<'s> {
    fn new(source: &'s Source, options: LexOptions) -> Self {
        Lexer {
            source,
            bytes: source.bytes(),
            options,
            pos: 0,
            buffer_start: 0,
            line: 1,
            at_line_start: true,
            blank_line: false,
            comment_newline: false,
            indents: vec![(0, 0)],
            pending: 0,
            brackets: Vec::new(),
            modes: Vec::new(),
            tokens: Vec::new(),
            warnings: Vec::new(),
            error: None,
            stop: Stop::Eof,
            error_is_coded: false,
            eof_seen_at: u32::MAX,
        }
    }

    fn run(&mut self) {
        loop {
            let literal = self.modes.last().is_some_and(|mode| mode.in_literal);
            let step = if literal { self.scan_literal() } else { self.scan_token() };
            if step.is_err() {
                // The error may lie inside a character; a token may not.
                let at = self.source.text().floor_char_boundary(self.pos) as u32;
                self.push_empty(TokenKind::ErrorToken, at);
                return;
            }
            if self.tokens.last().is_some_and(|token| token.kind == TokenKind::EndMarker) && !self.go_on_after_end() {
                return;
            }
        }
    }

    /// In `single` mode the end of input first ends the statement and closes the blocks
    /// (CPython's `_PyPegen_fill_token`). Returns whether there are more tokens to make.
    fn go_on_after_end(&mut self) -> bool {
        if self.options.mode != Mode::Single || self.options.extra_tokens {
            return false;
        }
        let count = self.tokens.len();
        let started = count >= 2 && !(self.tokens[count - 2].kind == TokenKind::Newline && self.single_ended());
        if !started {
            return false;
        }
        if let Some(last) = self.tokens.last_mut() {
            *last = Token::new(TokenKind::Newline, last.start, last.end, last.line, last.lines);
        }
        if self.indents.len() > 1 && !self.options.dont_imply_dedent {
            self.pending = -(self.indents.len() as i32 - 1);
            self.indents.truncate(1);
        }
        true
    }

    /// Whether the last but one token is the NEWLINE that [`Self::go_on_after_end`] made of an ENDMARKER.
    fn single_ended(&self) -> bool {
        let token = self.tokens[self.tokens.len() - 2];
        token.start as usize == self.bytes.len() && token.end as usize == self.bytes.len()
    }

    /// The byte at `at`; 0 past the end (a text holds no null byte, see [`Self::null_line`]).
    #[inline(always)]
    fn byte(&self, at: usize) -> u8 {
        self.bytes.get(at).copied().unwrap_or(0)
    }

    /// The eight bytes at `at`, the first one lowest; 0 past the end.
    #[inline(always)]
    fn word(&self, at: usize) -> u64 {
        let rest = self.bytes.get(at..).unwrap_or(&[]);
        match rest.first_chunk() {
            Some(word) => u64::from_le_bytes(*word),
            None => rest.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
        }
    }

    #[inline(always)]
    fn push(&mut self, kind: TokenKind, start: usize, end: usize) {
        let line = self.line;
        self.tokens.push(Token::new(kind, start as u32, end as u32, line, 0));
    }

    fn push_empty(&mut self, kind: TokenKind, at: u32) {
        let line = self.line_for_cpython();
        self.tokens.push(Token::new(kind, at, at, line, 0));
    }

    /// CPython's `tok->lineno`: the line of the last byte read, so at the end of input the last line with text.
    fn line_for_cpython(&self) -> u32 {
        if self.pos >= self.bytes.len() && self.bytes.last().is_none_or(|&b| b == b'\n') {
            self.line - 1
        } else {
            self.line
        }
    }

    /// One token in the ordinary mode. NL and COMMENT tokens count only with `extra_tokens`; without, the scan goes on.
    fn scan_token(&mut self) -> Scan {
        'next_line: loop {
            self.blank_line = false;
            if self.at_line_start {
                self.at_line_start = false;
                self.scan_indentation()?;
            }
            if self.pending != 0 {
                self.push_pending();
                return Ok(());
            }
            // A backslash at the end of a line leads back here.
            loop {
                // Mostly one space or none, which is hard to foretell; more is rare.
                self.pos += usize::from(self.byte(self.pos) == b' ');
                while matches!(self.byte(self.pos), b' ' | b'\t' | b'\x0c') {
                    self.pos += 1;
                }
                let start = self.pos;
                let Some(&first) = self.bytes.get(start) else {
                    return self.scan_end();
                };
                // What comes next is hard to foretell: one jump decides.
                match FIRST[first as usize] {
                    First::Name => return self.scan_name(start),
                    First::Digit => return self.scan_number(start),
                    First::LineFeed => {
                        if self.end_line(start, start + 1) {
                            return Ok(());
                        }
                        continue 'next_line;
                    }
                    First::Hash => {
                        if self.scan_comment(start) {
                            return Ok(());
                        }
                    }
                    First::Quote => return self.scan_string(start, start),
                    First::Dot => return self.scan_dot(start),
                    First::OpenBracket if self.modes.is_empty() => {
                        self.pos += 1;
                        self.open_bracket(start, first)?;
                        return self.finish_operator(start, first);
                    }
                    First::CloseBracket if self.modes.is_empty() => {
                        self.pos += 1;
                        self.close_bracket(first)?;
                        return self.finish_operator(start, first);
                    }
                    First::Alone => {
                        self.pos += 1;
                        return self.finish_operator(start, first);
                    }
                    First::Backslash => {
                        self.pos += 1;
                        self.scan_continuation()?;
                    }
                    First::CarriageReturn => {
                        if self.byte(start + 1) == b'\n' {
                            if self.end_line(start, start + 2) {
                                return Ok(());
                            }
                            continue 'next_line;
                        }
                        if self.scan_after_carriage_return(start)? {
                            return Ok(());
                        }
                    }
                    First::Null => return Err(self.fail_null_byte()),
                    First::OpenBracket | First::CloseBracket | First::Operator => return self.scan_operator(start),
                }
            }
        }
    }

    /// At a carriage return that ends no line, which only verbatim sources have: CPython reads on with the next
    /// character but keeps the token's start. Returns whether a token was made.
    fn scan_after_carriage_return(&mut self, start: usize) -> Scan<bool> {
        let at = start + 1;
        self.pos = at;
        match self.byte(at) {
            b'\'' | b'"' => self.scan_string(start, at)?,
            b'.' => self.scan_dot(at)?,
            b'0'..=b'9' => self.scan_number(at)?,
            b'\\' => {
                self.pos += 1;
                self.scan_continuation()?;
                return Ok(false);
            }
            _ if at >= self.bytes.len() => self.scan_end()?,
            _ => self.scan_operator(start)?,
        }
        if let Some(token) = self.tokens.last_mut() {
            token.start = token.start.min(start as u32);
        }
        Ok(true)
    }

    /// At a line's end, after which `next` is the next line. Returns whether a token was made.
    fn end_line(&mut self, start: usize, next: usize) -> bool {
        self.pos = next;
        // CPython's `readline` tokenizer keeps an f-string's lines together.
        if self.modes.is_empty() || !self.options.extra_tokens {
            self.buffer_start = next;
        }
        self.at_line_start = true;
        let made = if self.blank_line || !self.brackets.is_empty() {
            self.comment_newline = false;
            if self.options.extra_tokens {
                self.push(TokenKind::Nl, start, next);
            }
            self.options.extra_tokens
        } else if self.comment_newline && self.options.extra_tokens {
            self.comment_newline = false;
            self.push(TokenKind::Nl, start, next);
            true
        } else {
            let end = if self.options.extra_tokens { next } else { next - 1 };
            self.push(TokenKind::Newline, start.min(end), end);
            true
        };
        self.line += 1;
        made
    }

    fn scan_end(&mut self) -> Scan {
        let index = self.tokens.len() as u32;
        self.eof_seen_at = self.eof_seen_at.min(index);
        if !self.brackets.is_empty() {
            return Err(self.fail_never_closed());
        }
        let at = self.pos as u32;
        self.push_empty(TokenKind::EndMarker, at);
        Ok(())
    }

    /// Skips a comment, or makes the token it is. Returns whether it made one.
    fn scan_comment(&mut self, start: usize) -> bool {
        let rest = &self.bytes[start..];
        let length = memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
        self.pos = start + length;
        if self.options.type_comments && self.push_type_comment(start) {
            return true;
        }
        if self.options.extra_tokens {
            self.push(TokenKind::Comment, start, self.pos);
            self.comment_newline = self.blank_line;
            return true;
        }
        false
    }

    /// `# type: …` becomes TYPE_COMMENT (or TYPE_IGNORE) holding what follows the colon.
    fn push_type_comment(&mut self, start: usize) -> bool {
        let blank = |mut at: usize| {
            while matches!(self.byte(at), b' ' | b'\t') {
                at += 1;
            }
            at
        };
        let word = blank(start + 1);
        if !self.bytes[word..self.pos].starts_with(b"type:") {
            return false;
        }
        let text = blank(word + 5).min(self.pos);
        let after = text + 6;
        let ignore = self.bytes[text..self.pos].starts_with(b"ignore")
            && !(self.pos > after && (self.byte(after) >= 128 || self.byte(after).is_ascii_alphanumeric()));
        if ignore {
            self.push(TokenKind::TypeIgnore, after, self.pos);
            if self.blank_line && self.byte(self.pos) == b'\n' {
                self.pos += 1;
                self.line += 1;
                self.at_line_start = true;
            }
        } else {
            self.push(TokenKind::TypeComment, text, self.pos);
        }
        true
    }

    /// After a backslash: the rest of the line must be empty, and there must be a next line.
    fn scan_continuation(&mut self) -> Scan {
        let mut at = self.pos;
        if self.byte(at) == b'\r' {
            at += 1;
        }
        if self.byte(at) != b'\n' {
            if at >= self.bytes.len() {
                self.note_eof();
            }
            return Err(self.fail_after_backslash(at));
        }
        self.pos = at + 1;
        self.line += 1;
        if self.pos >= self.bytes.len() {
            self.note_eof();
            return Err(self.fail_unexpected_eof());
        }
        Ok(())
    }

    fn note_eof(&mut self) {
        self.eof_seen_at = self.eof_seen_at.min(self.tokens.len() as u32);
    }

    fn scan_dot(&mut self, start: usize) -> Scan {
        if self.byte(start + 1).is_ascii_digit() {
            return self.scan_number(start);
        }
        let (kind, length) = if self.byte(start + 1) == b'.' && self.byte(start + 2) == b'.' {
            (TokenKind::Ellipsis, 3)
        } else {
            (TokenKind::Dot, 1)
        };
        self.pos = start + length;
        self.push(kind, start, self.pos);
        self.note_peek();
        Ok(())
    }

    /// Operators and delimiters; `self.pos` is at the operator's first byte (after `start` only when a lone carriage
    /// return stands before it).
    fn scan_operator(&mut self, start: usize) -> Scan {
        let at = self.pos;
        let first = self.byte(at);
        if !self.modes.is_empty() && matches!(first, b':' | b'}' | b'!' | b'{') && self.begins_format_spec(first) {
            self.pos = at + 1;
            self.push(TokenKind::Colon, start, self.pos);
            return Ok(());
        }
        let second = self.byte(at + 1);
        if CLASS[second as usize] & OPERATOR_TAIL != 0
            && let Some(two) = token::two_chars(first, second)
        {
            let (kind, length) = match token::three_chars(first, second, self.byte(at + 2)) {
                Some(three) => (three, 3),
                None => (two, 2),
            };
            self.pos = at + length;
            self.push(kind, start, self.pos);
            self.note_peek();
            return Ok(());
        }
        self.pos = at + 1;
        match first {
            b'(' | b'[' | b'{' => self.open_bracket(start, first)?,
            b')' | b']' | b'}' => self.close_bracket(first)?,
            b'=' => {
                if let Some(mode) = self.modes.last_mut() {
                    mode.note_equals();
                }
            }
            0..=31 | 127 => return Err(self.fail_here(format!("invalid non-printable character U+{first:04X}"))),
            _ => {}
        }
        self.finish_operator(start, first)
    }

    /// Makes the token of an operator of one character, up to `self.pos`.
    #[inline(always)]
    fn finish_operator(&mut self, start: usize, first: u8) -> Scan {
        self.push(token::one_char(first), start, self.pos);
        self.note_peek();
        Ok(())
    }

    /// The token just made ended at the end of input, and its scan looked further.
    #[inline(always)]
    fn note_peek(&mut self) {
        if self.pos >= self.bytes.len() {
            self.eof_seen_at = self.eof_seen_at.min(self.tokens.len() as u32 - 1);
        }
    }
}

/// What a token's first byte decides.
#[derive(Clone, Copy)]
enum First {
    /// Any byte of a non-ASCII character included; checked afterwards.
    Name,
    Digit,
    LineFeed,
    Hash,
    Quote,
    Dot,
    OpenBracket,
    CloseBracket,
    /// No operator goes on behind it.
    Alone,
    Backslash,
    CarriageReturn,
    Null,
    /// Everything else, what can start no token included.
    Operator,
}

static FIRST: [First; 256] = {
    let mut table = [First::Operator; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match i as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 128.. => First::Name,
            b'0'..=b'9' => First::Digit,
            b'\n' => First::LineFeed,
            b'#' => First::Hash,
            b'\'' | b'"' => First::Quote,
            b'.' => First::Dot,
            b'(' | b'[' | b'{' => First::OpenBracket,
            b')' | b']' | b'}' => First::CloseBracket,
            b',' | b';' | b'~' => First::Alone,
            b'\\' => First::Backslash,
            b'\r' => First::CarriageReturn,
            0 => First::Null,
            _ => First::Operator,
        };
        i += 1;
    }
    table
};

/// Continues a name.
const NAME: u8 = 1;
const HEX: u8 = 2;
/// Can be the second byte of an operator.
const OPERATOR_TAIL: u8 = 4;

static CLASS: [u8; 256] = {
    let mut table = [0u8; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let mut class = 0;
        if b.is_ascii_alphanumeric() || b == b'_' || b >= 128 {
            class |= NAME;
        }
        if b.is_ascii_hexdigit() {
            class |= HEX;
        }
        if matches!(b, b'=' | b'>' | b'<' | b'*' | b'/') {
            class |= OPERATOR_TAIL;
        }
        table[i] = class;
        i += 1;
    }
    table
};
