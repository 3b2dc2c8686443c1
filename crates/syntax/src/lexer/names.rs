//! Names, and the string prefixes that look like them.

use super::{CLASS, Lexer, NAME, Scan};
use crate::token::TokenKind;
use crate::unicode;

impl Lexer<'_> {
    pub(super) fn scan_name(&mut self, start: usize) -> Scan {
        let mut all = 0;
        let rest = self.bytes.get(start..).unwrap_or(&[]);
        let length = rest.iter().position(|&b| {
            all |= b;
            CLASS[b as usize] & NAME == 0
        });
        // The byte that ends the name is below 128.
        let at = start + length.unwrap_or(rest.len());
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
        if all >= 128 && !self.options.extra_tokens {
            self.check_name(start, at)?;
        }
        self.push(TokenKind::Name, start, at);
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
