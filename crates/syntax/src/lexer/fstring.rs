//! f-strings and t-strings: the literal parts, and when the scan passes between them and the replacement fields.
//!
//! A literal part ends where a replacement field or the string ends; `{{` and `}}` end it too, keeping one brace, and
//! so does `\N{…}` after its brace. CPython's curly counters are kept as they are because error messages depend on
//! them: `depth` counts brackets open inside the string, `field_depth` the depth at which the current field opened
//! (-1: none). Source: CPython Parser/lexer/lexer.c (`tok_get_fstring_mode`).

use super::{Failed, Lexer, Scan, Stop};
use crate::diagnostic::{SourceWarning, WarningCategory};
use crate::token::{Token, TokenKind};

/// CPython's MAXFSTRINGLEVEL.
const MAX_STRINGS: usize = 150;
/// CPython's MAX_EXPR_NESTING.
const MAX_FIELDS: i32 = 3;

/// An open f- or t-string.
pub(super) struct StringMode {
    /// `f` or `t`, for messages.
    pub prefix: char,
    pub quote: u8,
    pub quote_size: u8,
    pub raw: bool,
    /// Scanning a literal part (of the string or of a format specification), not a replacement field.
    pub in_literal: bool,
    pub in_format_spec: bool,
    /// A `=` stood at the top of the current field.
    pub debug: bool,
    pub depth: i32,
    pub field_depth: i32,
    start: usize,
    start_line: u32,
}

impl StringMode {
    pub(super) fn note_equals(&mut self) {
        if self.depth - self.field_depth == 1 {
            self.debug = true;
        }
    }

    fn kind(&self, f: TokenKind, t: TokenKind) -> TokenKind {
        if self.prefix == 't' { t } else { f }
    }
}

impl Lexer<'_> {
    pub(super) fn begin_fstring(&mut self, start: usize, quote_at: usize, raw: bool, template: bool) -> Scan {
        let quote = self.byte(quote_at);
        let triple = self.byte(quote_at + 1) == quote && self.byte(quote_at + 2) == quote;
        let quote_size = if triple { 3 } else { 1 };
        self.pos = quote_at + quote_size as usize;
        if self.modes.len() + 1 >= MAX_STRINGS {
            return Err(self.fail_here("too many nested f-strings or t-strings".to_owned()));
        }
        let mode = StringMode {
            prefix: if template { 't' } else { 'f' },
            quote,
            quote_size,
            raw,
            in_literal: true,
            in_format_spec: false,
            debug: false,
            depth: 0,
            field_depth: -1,
            start,
            start_line: self.line,
        };
        let kind = mode.kind(TokenKind::FStringStart, TokenKind::TStringStart);
        self.modes.push(mode);
        self.push(kind, start, self.pos);
        Ok(())
    }

    /// Called in a replacement field at one of `:`, `}`, `!`, `{`. A colon at the field's own level begins its format
    /// specification.
    pub(super) fn begins_format_spec(&mut self, byte: u8) -> bool {
        let Some(mode) = self.modes.last_mut() else { return false };
        if byte != b':' || mode.field_depth < 0 || mode.depth - 1 != mode.field_depth {
            return false;
        }
        mode.in_literal = true;
        mode.in_format_spec = true;
        true
    }

    /// One token in a literal part.
    pub(super) fn scan_literal(&mut self) -> Scan {
        let start = self.pos;
        let Some(mode) = self.modes.last() else { return self.scan_token() };
        let (quote, quote_size) = (mode.quote, mode.quote_size as usize);
        let single = quote_size == 1;
        let (raw, in_format_spec, depth) = (mode.raw, mode.in_format_spec, mode.depth);
        if self.byte(start) == b'{' && self.byte(start + 1) != b'{' {
            self.begin_field()?;
            return self.scan_token();
        }
        if (0..quote_size).all(|i| self.byte(start + i) == quote) {
            let kind = mode.kind(TokenKind::FStringEnd, TokenKind::TStringEnd);
            self.modes.pop();
            self.pos = start + quote_size;
            self.push(kind, start, self.pos);
            return Ok(());
        }
        let mut at = start;
        let mut in_name_escape = false;
        let mut quotes = 0;
        loop {
            let Some(&b) = self.bytes.get(at) else { return Err(self.fail_unterminated_fstring(at, true)) };
            if b == 0 {
                return Err(self.fail_null_byte());
            }
            if b == quote {
                quotes += 1;
                at += 1;
                if quotes == quote_size {
                    self.push_middle(start, at - quote_size, at - quote_size);
                    return Ok(());
                }
                continue;
            }
            quotes = 0;
            match b {
                b'\n' if single => {
                    if in_format_spec {
                        let prefix = self.modes.last().map_or('f', |mode| mode.prefix);
                        self.pos = at + 1;
                        return Err(self.fail_here(format!(
                            "{prefix}-string: newlines are not allowed in format specifiers for single quoted \
                             {prefix}-strings"
                        )));
                    }
                    return Err(self.fail_unterminated_fstring(at, false));
                }
                b'{' => {
                    if self.byte(at + 1) != b'{' || in_format_spec {
                        self.push_middle(start, at, at);
                        self.begin_field()?;
                    } else {
                        self.push_middle(start, at + 1, at + 2);
                    }
                    return Ok(());
                }
                b'}' => {
                    if in_name_escape {
                        self.push_middle(start, at + 1, at + 1);
                    } else if self.byte(at + 1) == b'}' && !in_format_spec && depth == 0 {
                        self.push_middle(start, at + 1, at + 2);
                    } else {
                        self.push_middle(start, at, at);
                        self.leave_literal();
                    }
                    return Ok(());
                }
                b'\\' => {
                    at += 1;
                    if self.byte(at) == b'\r' {
                        at += 1;
                    }
                    match self.byte(at) {
                        brace @ (b'{' | b'}') => {
                            if !raw {
                                self.warn_escaped_brace(at, brace as char);
                            }
                            // The brace is looked at again, as itself.
                        }
                        b'N' if !raw => {
                            at += 1;
                            if self.byte(at) == b'{' {
                                in_name_escape = true;
                                at += 1;
                            }
                        }
                        _ => at = (at + 1).min(self.bytes.len()),
                    }
                }
                _ => at += 1,
            }
        }
    }

    /// A replacement field opens at `self.pos`.
    fn begin_field(&mut self) -> Scan {
        let Some(mode) = self.modes.last_mut() else { return Ok(()) };
        mode.field_depth += 1;
        if mode.field_depth >= MAX_FIELDS {
            let prefix = mode.prefix;
            return Err(self.fail_here(format!("{prefix}-string: expressions nested too deeply")));
        }
        self.leave_literal();
        Ok(())
    }

    fn leave_literal(&mut self) {
        if let Some(mode) = self.modes.last_mut() {
            mode.in_literal = false;
            mode.in_format_spec = false;
        }
    }

    /// Makes the MIDDLE token `start..end`; the scan goes on at `next`.
    fn push_middle(&mut self, start: usize, end: usize, next: usize) {
        let lines = self.count_lines(start, end);
        let kind = self
            .modes
            .last()
            .map_or(TokenKind::FStringMiddle, |mode| mode.kind(TokenKind::FStringMiddle, TokenKind::TStringMiddle));
        let counted = lines.min(u16::MAX as u32) as u16;
        self.tokens.push(Token::new(kind, start as u32, end as u32, self.line, counted));
        self.line += lines;
        self.pos = next;
    }

    /// `at` is the newline or the end of input.
    fn fail_unterminated_fstring(&mut self, at: usize, at_end: bool) -> Failed {
        self.line += self.count_lines(self.pos, at);
        self.pos = at;
        if at_end {
            self.note_eof();
        }
        let noticed = self.line_for_cpython();
        let Some(mode) = self.modes.last() else { return Failed };
        let prefix = mode.prefix;
        let (start, line) = (mode.start + 1, mode.start_line);
        if mode.quote_size == 3 {
            let message = format!("unterminated triple-quoted {prefix}-string literal (detected at line {noticed})");
            self.fail_at(start, line, message, Stop::EofInString)
        } else {
            let message = format!("unterminated {prefix}-string literal (detected at line {noticed})");
            self.fail_at(start, line, message, Stop::Error)
        }
    }

    fn warn_escaped_brace(&mut self, at: usize, brace: char) {
        let line = self.line + self.count_lines(self.pos, at);
        let start = format!("\"\\{brace}\" is an invalid escape sequence. ");
        let end = format!("Did you mean \"\\\\{brace}\"? A raw string is also an option.");
        let as_error = self.diagnostic_at(at + 1, line, format!("{start}{end}"));
        let warning = SourceWarning {
            category: WarningCategory::SyntaxWarning,
            message: format!("{start}Such sequences will not work in the future. {end}"),
            lineno: line,
            as_error,
        };
        self.warnings.push((self.tokens.len() as u32, warning));
    }
}
