//! Names, and the string prefixes that look like them.

use super::{Lexer, Scan, eight};
use crate::parser::codes;
use crate::token::{Token, TokenKind};
use crate::unicode;

impl Lexer<'_> {
    pub(super) fn scan_name(&mut self, start: usize) -> Scan {
        // Eight bytes are looked at together: most names end among the first eight, at a place hard to foretell.
        let first = self.word(start);
        let (mut at, mut word, mut all) = (start, first, 0);
        let mut length = name_length(word);
        while length == 8 {
            all |= word;
            at += 8;
            word = self.word(at);
            length = name_length(word);
        }
        all |= word & low_bytes(length);
        at += length as usize;
        if matches!(self.byte(at), b'"' | b'\'') && at - start <= 5 {
            let prefix = Prefix::of(&self.bytes[start..at]);
            if let Some(prefix) = prefix {
                if let Some((a, b)) = prefix.conflict() {
                    let message = format!("'{a}' and '{b}' prefixes are incompatible");
                    return Err(self.fail_range(start + 1, at + 1, at + 1, message));
                }
                return if prefix.f || prefix.t {
                    self.begin_fstring(start, at, prefix.r, prefix.t)
                } else {
                    self.scan_string(start, at)
                };
            }
        }
        self.pos = at;
        if all & HIGH_BITS != 0 && !self.options.extra_tokens {
            self.check_name(start, at)?;
        }
        // No keyword is longer.
        let code = if at - start <= 8 { codes::of_word(first & low_bytes((at - start) as u32)) } else { codes::NAME };
        let token = Token::new(TokenKind::Name, start as u32, at as u32, self.line, 0);
        self.tokens.push(Token { code, ..token });
        self.note_peek();
        Ok(())
    }

    /// PEP 3131: XID_Start or underscore, then XID_Continue.
    fn check_name(&mut self, start: usize, end: usize) -> Scan {
        let source = self.source;
        let name = source.slice(start as u32, end as u32);
        let bad = name
            .char_indices()
            .find(|&(i, c)| !(if i == 0 { c == '_' || unicode::is_xid_start(c) } else { unicode::is_xid_continue(c) }));
        let Some((i, c)) = bad else { return Ok(()) };
        self.pos = start + i + c.len_utf8();
        let code = c as u32;
        Err(self.fail_here(if crate::printable::is_printable(code) {
            format!("invalid character '{c}' (U+{code:04X})")
        } else {
            format!("invalid non-printable character U+{code:04X}")
        }))
    }
}

const HIGH_BITS: u64 = eight(0x80);

/// A mask of the lowest bytes, at most eight.
#[inline(always)]
fn low_bytes(count: u32) -> u64 {
    u64::MAX.checked_shr(64 - 8 * count).unwrap_or(0)
}

/// How many of the lowest bytes of a word can go on a name: letters, digits, `_` and all of other characters.
#[inline(always)]
fn name_length(word: u64) -> u32 {
    // Seven bits a byte leave room for the carry of a comparison: `x + 128 - low` has the high bit for `x >= low`.
    let bits = word & !HIGH_BITS;
    let lower = bits | eight(0x20);
    let letter = (lower + eight(128 - b'a')) & !(lower + eight(128 - b'z' - 1));
    let digit = (bits + eight(128 - b'0')) & !(bits + eight(128 - b'9' - 1));
    let not_underscore = (bits ^ eight(b'_')) + eight(127);
    let ends = !(letter | digit | !not_underscore | word) & HIGH_BITS;
    ends.trailing_zeros() / 8
}

/// Which prefix letters stand before a quote.
#[derive(Default, Clone, Copy)]
struct Prefix {
    b: bool,
    r: bool,
    u: bool,
    f: bool,
    t: bool,
}

impl Prefix {
    /// `None` when the letters are no prefix (another letter, or one twice).
    fn of(letters: &[u8]) -> Option<Prefix> {
        let mut prefix = Prefix::default();
        for letter in letters {
            let seen = match letter.to_ascii_lowercase() {
                b'b' => &mut prefix.b,
                b'r' => &mut prefix.r,
                b'u' => &mut prefix.u,
                b'f' => &mut prefix.f,
                b't' => &mut prefix.t,
                _ => return None,
            };
            if std::mem::replace(seen, true) {
                return None;
            }
        }
        Some(prefix)
    }

    fn conflict(self) -> Option<(char, char)> {
        let Prefix { b, r, u, f, t } = self;
        let pairs = [
            (u && b, 'u', 'b'),
            (u && r, 'u', 'r'),
            (u && f, 'u', 'f'),
            (u && t, 'u', 't'),
            (b && f, 'b', 'f'),
            (b && t, 'b', 't'),
            (f && t, 'f', 't'),
        ];
        pairs.into_iter().find(|pair| pair.0).map(|(_, one, two)| (one, two))
    }
}
