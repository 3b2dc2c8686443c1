//! String and bytes literals: their extent, and the unterminated ones.

use super::{Lexer, Scan, Stop};
use crate::token::{Token, TokenKind};

impl Lexer<'_> {
    /// A literal starting at `start` (its prefix) whose opening quote is at `quote_at`.
    pub(super) fn scan_string(&mut self, start: usize, quote_at: usize) -> Scan {
        let quote = self.byte(quote_at);
        if self.byte(quote_at + 1) == quote {
            if self.byte(quote_at + 2) != quote {
                self.pos = quote_at + 2;
                self.push(TokenKind::String, start, self.pos);
                self.note_peek();
                return Ok(());
            }
            return self.scan_triple(start, quote_at, quote);
        }
        let mut at = quote_at + 1;
        let mut escaped_quote = false;
        let mut lines = 0;
        loop {
            let rest = self.bytes.get(at..).unwrap_or(&[]);
            match memchr::memchr3(quote, b'\\', b'\n', rest) {
                None => {
                    return Err(self.fail_unterminated(start, lines, quote, 1, escaped_quote, true));
                }
                Some(i) if rest[i] == quote => {
                    at += i + 1;
                    break;
                }
                Some(i) if rest[i] == b'\n' => {
                    return Err(self.fail_unterminated(start, lines, quote, 1, escaped_quote, false));
                }
                Some(i) => {
                    let (next, crossed) = self.skip_escaped(at + i + 1);
                    escaped_quote |= self.byte(at + i + 1) == quote;
                    lines += crossed;
                    at = next;
                }
            }
        }
        self.push_string(start, at, lines);
        Ok(())
    }

    fn scan_triple(&mut self, start: usize, quote_at: usize, quote: u8) -> Scan {
        let body = quote_at + 3;
        let mut at = body;
        loop {
            let rest = self.bytes.get(at..).unwrap_or(&[]);
            match memchr::memchr2(quote, b'\\', rest) {
                None => {
                    let lines = self.count_lines(body, self.bytes.len());
                    return Err(self.fail_unterminated(start, lines, quote, 3, false, true));
                }
                Some(i) if rest[i] == b'\\' => {
                    at = (at + i + 2).min(self.bytes.len());
                    if self.byte(at - 1) == b'\r' && self.byte(at) == b'\n' {
                        at += 1;
                    }
                }
                Some(i) => {
                    at += i + 1;
                    if self.byte(at) == quote && self.byte(at + 1) == quote {
                        at += 2;
                        break;
                    }
                }
            }
        }
        let lines = self.count_lines(body, at);
        self.push_string(start, at, lines);
        Ok(())
    }

    /// The character after a backslash is skipped (`\r\n` as one). Returns where to go on and the lines crossed.
    fn skip_escaped(&self, at: usize) -> (usize, u32) {
        match self.byte(at) {
            b'\n' => (at + 1, 1),
            b'\r' if self.byte(at + 1) == b'\n' => (at + 2, 1),
            _ => ((at + 1).min(self.bytes.len()), 0),
        }
    }

    pub(super) fn count_lines(&self, from: usize, to: usize) -> u32 {
        memchr::memchr_iter(b'\n', &self.bytes[from..to]).count() as u32
    }

    fn push_string(&mut self, start: usize, end: usize, lines: u32) {
        let counted = lines.min(u16::MAX as u32) as u16;
        self.tokens.push(Token::new(TokenKind::String, start as u32, end as u32, self.line, counted));
        self.pos = end;
        self.line += lines;
    }

    /// The error is reported at the literal's first character; its end was noticed `lines` lines further on.
    fn fail_unterminated(
        &mut self,
        start: usize,
        lines: u32,
        quote: u8,
        quote_size: u8,
        escaped_quote: bool,
        at_end: bool,
    ) -> super::Failed {
        let line = self.line;
        self.line += lines;
        if at_end {
            self.note_eof();
            self.pos = self.bytes.len();
        }
        let noticed = self.line_for_cpython();
        if let Some(mode) = self.modes.last()
            && mode.quote == quote
            && mode.quote_size == quote_size
        {
            let message = format!("{}-string: expecting '}}'", mode.prefix);
            return self.fail_at(start + 1, line, message, Stop::Error);
        }
        let (message, stop) = if quote_size == 3 {
            let message = format!("unterminated triple-quoted string literal (detected at line {noticed})");
            (message, Stop::EofInString)
        } else {
            let hint = if escaped_quote { "; perhaps you escaped the end quote?" } else { "" };
            let stop = if at_end { Stop::EolInString } else { Stop::Error };
            (format!("unterminated string literal (detected at line {noticed}){hint}"), stop)
        };
        self.fail_at(start + 1, line, message, stop)
    }
}
