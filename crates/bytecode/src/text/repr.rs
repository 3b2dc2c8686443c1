//! Python's `repr` of constants, as each version prints it.
//!
//! Two things differ from what an interpreter prints: a code object shows no address (`<code object f, file "m.py",
//! line 1>`), and a frozenset shows its items in the order it is written in, not that of their hashes, so that the text
//! is the same each time. The output is limited: shared tuples inside tuples can make a text of any size out of a few
//! bytes of file.
//!
//! Source: CPython `Objects/floatobject.c` (`float_repr`), `Objects/complexobject.c`, `Objects/unicodeobject.c`
//! (`unicode_repr`), `Objects/bytesobject.c`, `Objects/codeobject.c` (`code_repr`).

use ophi_number_text::{complex_repr, float_repr};
use std::fmt::Write;

use super::printable::is_printable_in;
use crate::code::{CodeObject, Constant};
use crate::pystring::PyString;
use crate::version::Version;

/// Longest text a constant may have, in bytes; what follows is `...`.
const LIMIT: usize = 1 << 20;

/// The `repr` of a constant in 3.14.
pub fn repr(constant: &Constant) -> String {
    Repr::new(Version::V3_14).constant(constant)
}

/// How to print constants.
#[derive(Clone, Copy, Debug)]
pub struct Repr {
    version: Version,
    /// Containers are cut there, and, if it is less than [`LIMIT`], texts.
    limit: usize,
}

/// No CPython prints an int of more bits (4300 digits are its limit, and the time grows with the square): its hexadecimal
/// digits are shown.
const MOST_BITS: u64 = 1 << 16;

impl Repr {
    /// As that version does.
    pub fn new(version: Version) -> Repr {
        Repr { version, limit: LIMIT }
    }

    /// As that version does, but cut after about so many bytes, in time that does not grow with the constant.
    pub fn short(version: Version, limit: usize) -> Repr {
        Repr { version, limit: limit.min(LIMIT - 1) }
    }

    /// The text of a constant. Surrogates are escaped, so that it is always valid UTF-8.
    pub fn constant(self, constant: &Constant) -> String {
        let mut out = String::new();
        self.push(&mut out, constant, 0);
        out
    }

    fn push(self, out: &mut String, constant: &Constant, depth: usize) {
        if out.len() > self.limit || depth > 200 {
            out.push_str("...");
            return;
        }
        match constant {
            Constant::None => out.push_str("None"),
            Constant::Bool(true) => out.push_str("True"),
            Constant::Bool(false) => out.push_str("False"),
            Constant::Ellipsis => out.push_str("Ellipsis"),
            Constant::StopIteration => out.push_str("<class 'StopIteration'>"),
            Constant::Int(value) => _ = write!(out, "{value}"),
            Constant::BigInt(value) if value.bits() > MOST_BITS.min(4 * self.limit as u64) => {
                _ = write!(out, "{:#x}", **value);
            }
            Constant::BigInt(value) => {
                _ = write!(out, "{value}");
                if self.version == Version::V2_7 {
                    out.push('L');
                }
            }
            Constant::Float(value) => out.push_str(&float_repr(*value)),
            Constant::Complex(value) => out.push_str(&complex_repr(value.re, value.im)),
            Constant::Str(text) if self.limit < LIMIT && text.as_bytes().len() > self.limit => {
                self.str(out, &head(text, self.limit));
                out.push_str("...");
            }
            Constant::Str(text) => self.str(out, text),
            Constant::Bytes(bytes) => {
                let bytes = if self.limit < LIMIT { &bytes[..bytes.len().min(self.limit)] } else { bytes };
                if self.version > Version::V2_7 {
                    out.push('b');
                }
                push_bytes(out, bytes);
            }
            Constant::Tuple(items) => {
                out.push('(');
                self.items(out, items, depth);
                out.push_str(if items.len() == 1 { ",)" } else { ")" });
            }
            Constant::FrozenSet(items) if items.is_empty() => out.push_str("frozenset()"),
            Constant::FrozenSet(items) => {
                let old = self.version == Version::V2_7;
                out.push_str(if old { "frozenset([" } else { "frozenset({" });
                self.items(out, items, depth);
                out.push_str(if old { "])" } else { "})" });
            }
            Constant::Slice(parts) => {
                out.push_str("slice(");
                self.items(out, &parts[..], depth);
                out.push(')');
            }
            Constant::Code(code) => out.push_str(&code_repr(code)),
            Constant::Foreign(_) => out.push_str("<object>"),
        }
    }

    fn items(self, out: &mut String, items: &[Constant], depth: usize) {
        for (i, item) in items.iter().enumerate() {
            if out.len() > self.limit {
                out.push_str("...");
                return;
            }
            if i > 0 {
                out.push_str(", ");
            }
            self.push(out, item, depth + 1);
        }
    }

    fn str(self, out: &mut String, text: &PyString) {
        if self.version > Version::V2_7 {
            push_str(out, text, self.version);
            return;
        }
        // 2.7 escapes all that is not ASCII, and calls the type unicode.
        out.push('u');
        let quote = quote_for(text.as_bytes());
        out.push(quote);
        for point in text.code_points() {
            match point {
                0x20..0x7F => push_plain(out, point, quote),
                9 | 10 | 13 => push_plain(out, point, quote),
                0..0x100 => _ = write!(out, "\\x{point:02x}"),
                0x100..0x10000 => _ = write!(out, "\\u{point:04x}"),
                _ => _ = write!(out, "\\U{point:08x}"),
            }
        }
        out.push(quote);
    }
}

/// The first bytes of a text, in whole characters.
pub fn head(text: &PyString, limit: usize) -> PyString {
    let bytes = text.as_bytes();
    let is_start = |at: &usize| bytes.get(*at).is_none_or(|byte| byte & 0xC0 != 0x80);
    let end = (0..=limit.min(bytes.len())).rev().find(is_start).unwrap_or(0);
    PyString::from_bytes(&bytes[..end]).unwrap_or_else(|_| PyString::empty())
}

/// `<code object NAME, file "FILE", line N>`.
pub(crate) fn code_repr(code: &CodeObject) -> String {
    let line = if code.firstlineno == 0 { -1 } else { code.firstlineno };
    format!("<code object {}, file \"{}\", line {line}>", code.name, code.filename)
}

/// Double quotes where the text has single ones but no double ones.
fn quote_for(bytes: &[u8]) -> char {
    if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' }
}

/// `repr` of a bytes.
pub fn repr_bytes(bytes: &[u8]) -> String {
    let mut out = String::from("b");
    push_bytes(&mut out, bytes);
    out
}

fn push_bytes(out: &mut String, bytes: &[u8]) {
    let quote = quote_for(bytes);
    out.push(quote);
    for &byte in bytes {
        match byte {
            9 | 10 | 13 | 0x20..0x7F => push_plain(out, byte.into(), quote),
            _ => _ = write!(out, "\\x{byte:02x}"),
        }
    }
    out.push(quote);
}

/// A character that has its own escape or none.
fn push_plain(out: &mut String, point: u32, quote: char) {
    match char::from_u32(point) {
        Some('\t') => out.push_str("\\t"),
        Some('\n') => out.push_str("\\n"),
        Some('\r') => out.push_str("\\r"),
        Some('\\') => out.push_str("\\\\"),
        Some(c) if c == quote => out.extend(['\\', c]),
        Some(c) => out.push(c),
        None => _ = write!(out, "\\u{point:04x}"),
    }
}

/// `repr` of a str.
pub fn repr_str(text: &PyString) -> String {
    let mut out = String::new();
    push_str(&mut out, text, Version::V3_14);
    out
}

fn push_str(out: &mut String, text: &PyString, version: Version) {
    let quote = quote_for(text.as_bytes());
    out.push(quote);
    for point in text.code_points() {
        if matches!(point, 9 | 10 | 13) || is_printable_in(point, version) {
            push_plain(out, point, quote);
        } else if point < 0x100 {
            _ = write!(out, "\\x{point:02x}");
        } else if point < 0x10000 {
            _ = write!(out, "\\u{point:04x}");
        } else {
            _ = write!(out, "\\U{point:08x}");
        }
    }
    out.push(quote);
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::pystring::push_code_point;

    fn points(points: &[u32]) -> Constant {
        let mut bytes = Vec::new();
        points.iter().for_each(|&point| push_code_point(&mut bytes, point));
        Constant::Str(PyString::from_bytes(&bytes).unwrap())
    }

    #[test]
    fn text_and_containers() {
        assert_eq!(repr(&Constant::str("it's")), r#""it's""#);
        assert_eq!(repr(&Constant::str("a'\"\n\\")), r#"'a\'"\n\\'"#);
        assert_eq!(
            repr(&points(&[0xE9, 0xAD, 0x7F, 0xD800, 0x2028, 0x1F600, 0xE0001])),
            "'é\\xad\\x7f\\ud800\\u2028😀\\U000e0001'"
        );
        assert_eq!(repr(&Constant::Bytes(b"'\x00\xff\t".as_slice().into())), r#"b"'\x00\xff\t""#);
        let one = Constant::tuple([Constant::Int(1)]);
        assert_eq!(repr(&one), "(1,)");
        assert_eq!(repr(&Constant::FrozenSet(Arc::from([one.clone(), Constant::None]))), "frozenset({(1,), None})");
        assert_eq!(Repr::new(Version::V2_7).constant(&Constant::FrozenSet(Arc::from([one]))), "frozenset([(1,)])");
        assert_eq!(Repr::new(Version::V2_7).constant(&points(&[0xE9, 0x41])), "u'\\xe9A'");
    }

    #[test]
    fn a_small_file_cannot_make_a_huge_text() {
        let mut bomb = Constant::Int(0);
        for _ in 0..100 {
            bomb = Constant::tuple(vec![bomb; 10]);
        }
        assert!(repr(&bomb).len() < 2 * LIMIT);
    }
}
