//! Number literals: their extent, and everything CPython has to say about malformed ones.

use super::{CLASS, Failed, HEX, Lexer, NAME, Scan};
use crate::diagnostic::{SourceWarning, WarningCategory};
use crate::token::TokenKind;

impl Lexer<'_> {
    /// A number starting at `start` with a digit, or with a period before a digit.
    pub(super) fn scan_number(&mut self, start: usize) -> Scan {
        let first = self.byte(start);
        let end = match first {
            b'.' => self.scan_fraction(start + 1)?,
            b'0' => match self.byte(start + 1) | 0x20 {
                b'x' => self.scan_radix(start + 2, "hexadecimal", |b| CLASS[b as usize] & HEX != 0)?,
                b'o' => self.scan_radix(start + 2, "octal", |b| matches!(b, b'0'..=b'7'))?,
                b'b' => self.scan_radix(start + 2, "binary", |b| matches!(b, b'0' | b'1'))?,
                _ => self.scan_zeros(start)?,
            },
            _ => {
                let at = self.scan_digits(start)?;
                self.scan_after_integer(at)?
            }
        };
        self.pos = end;
        self.push(TokenKind::Number, start, end);
        self.note_peek();
        Ok(())
    }

    /// Digits with single underscores between; `at` is at a digit. Returns the end.
    fn scan_digits(&mut self, mut at: usize) -> Scan<usize> {
        loop {
            while self.byte(at).is_ascii_digit() {
                at += 1;
            }
            if self.byte(at) != b'_' {
                return Ok(at);
            }
            at += 1;
            if !self.byte(at).is_ascii_digit() {
                return Err(self.fail_number(at, "invalid decimal literal"));
            }
        }
    }

    fn scan_radix(&mut self, mut at: usize, kind: &str, is_digit: fn(u8) -> bool) -> Scan<usize> {
        loop {
            if self.byte(at) == b'_' {
                at += 1;
            }
            let b = self.byte(at);
            if !is_digit(b) {
                return Err(if b.is_ascii_digit() {
                    self.fail_digit(at, kind)
                } else {
                    self.fail_number(at, &format!("invalid {kind} literal"))
                });
            }
            while is_digit(self.byte(at)) {
                at += 1;
            }
            if self.byte(at) != b'_' {
                break;
            }
        }
        if self.byte(at).is_ascii_digit() {
            return Err(self.fail_digit(at, kind));
        }
        self.check_end(at, kind)?;
        Ok(at)
    }

    fn fail_digit(&mut self, at: usize, kind: &str) -> Failed {
        let digit = self.byte(at) as char;
        self.fail_number(at + 1, &format!("invalid digit '{digit}' in {kind} literal"))
    }

    /// A number that starts with 0 and has no radix letter: zero, a float, or an old-style octal (an error).
    fn scan_zeros(&mut self, start: usize) -> Scan<usize> {
        let mut at = start + 1;
        loop {
            if self.byte(at) == b'_' {
                at += 1;
                if !self.byte(at).is_ascii_digit() {
                    return Err(self.fail_number(at, "invalid decimal literal"));
                }
            }
            if self.byte(at) != b'0' {
                break;
            }
            at += 1;
        }
        let zeros_end = at + 1;
        let nonzero = self.byte(at).is_ascii_digit();
        if nonzero {
            at = self.scan_digits(at)?;
        }
        match self.byte(at) {
            b'.' | b'e' | b'E' | b'j' | b'J' => self.scan_after_integer(at),
            _ if nonzero && !self.options.extra_tokens => {
                let message = "leading zeros in decimal integer literals are not permitted; \
                               use an 0o prefix for octal integers";
                Err(self.fail_range(start + 1, zeros_end, at, message.to_owned()))
            }
            _ => {
                self.check_end(at, "decimal")?;
                Ok(at)
            }
        }
    }

    fn scan_after_integer(&mut self, at: usize) -> Scan<usize> {
        if self.byte(at) == b'.' { self.scan_fraction(at + 1) } else { self.scan_exponent(at) }
    }

    /// After the period.
    fn scan_fraction(&mut self, mut at: usize) -> Scan<usize> {
        if self.byte(at).is_ascii_digit() {
            at = self.scan_digits(at)?;
        }
        self.scan_exponent(at)
    }

    fn scan_exponent(&mut self, mut at: usize) -> Scan<usize> {
        if self.byte(at) | 0x20 == b'e' {
            let e = at;
            at += 1;
            if matches!(self.byte(at), b'+' | b'-') {
                at += 1;
                if !self.byte(at).is_ascii_digit() {
                    return Err(self.fail_number(at, "invalid decimal literal"));
                }
            } else if !self.byte(at).is_ascii_digit() {
                // `1else`, or an error.
                self.check_end(e, "decimal")?;
                return Ok(e);
            }
            at = self.scan_digits(at)?;
        }
        if self.byte(at) | 0x20 == b'j' {
            at += 1;
            self.check_end(at, "imaginary")?;
        } else {
            self.check_end(at, "decimal")?;
        }
        Ok(at)
    }

    /// A number directly before a keyword that can follow one is a warning, before any other name an error.
    #[inline]
    fn check_end(&mut self, at: usize, kind: &str) -> Scan {
        let next = self.byte(at);
        if CLASS[next as usize] & NAME == 0 || next >= 128 || self.options.extra_tokens {
            return Ok(());
        }
        let message = format!("invalid {kind} literal");
        if self.at_keyword(at) {
            if ["and", "else", "for", "or", "not"].iter().any(|word| &self.bytes[at..] == word.as_bytes()) {
                // To know that the keyword ends, CPython has looked past the end of input.
                self.note_eof();
            }
            let as_error = self.diagnostic_at(at, self.line, message.clone());
            let category = WarningCategory::SyntaxWarning;
            let warning = SourceWarning { category, message, lineno: self.line, as_error };
            self.warnings.push((self.tokens.len() as u32, warning));
            return Ok(());
        }
        Err(self.fail_number(at, &message))
    }

    fn at_keyword(&self, at: usize) -> bool {
        let rest = &self.bytes[at..];
        // Of `if`, `in` and `is` CPython looks at two letters only.
        if matches!(rest, [b'i', b'f' | b'n' | b's', ..]) {
            return true;
        }
        ["and", "else", "for", "or", "not"]
            .iter()
            .any(|word| rest.starts_with(word.as_bytes()) && CLASS[self.byte(at + word.len()) as usize] & NAME == 0)
    }

    fn fail_number(&mut self, at: usize, message: &str) -> Failed {
        self.pos = at;
        self.fail_here(message.to_owned())
    }
}
