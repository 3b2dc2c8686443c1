//! `repr` of constants, character for character as CPython writes it, so that `ast.dump` text can be compared.
//!
//! Sources: Objects/unicodeobject.c `unicode_repr`, Objects/bytesobject.c `PyBytes_Repr`. Numbers: `ophi_number_text`.

use super::{Constant, PyStr};
use crate::printable::is_printable;
use ophi_number_text::{complex_repr, float_repr};
use std::fmt::Write;

/// `repr(value)`.
pub fn constant_repr(value: &Constant<'_>) -> String {
    match value {
        Constant::None => "None".into(),
        Constant::True => "True".into(),
        Constant::False => "False".into(),
        Constant::Ellipsis => "Ellipsis".into(),
        Constant::Int(i) => i.to_string(),
        Constant::BigInt(b) => b.to_bigint().to_string(),
        Constant::Float(x) => float_repr(*x),
        Constant::Complex { real, imag } => complex_repr(*real, *imag),
        Constant::Str(s) => str_repr(*s),
        Constant::Bytes(b) => bytes_repr(b),
        Constant::Tuple(items) => {
            let list = items.iter().map(constant_repr).collect::<Vec<_>>().join(", ");
            if items.len() == 1 { format!("({list},)") } else { format!("({list})") }
        }
        Constant::FrozenSet([]) => "frozenset()".into(),
        Constant::FrozenSet(items) => {
            format!("frozenset({{{}}})", items.iter().map(constant_repr).collect::<Vec<_>>().join(", "))
        }
    }
}

/// `repr` of a string: single quotes unless only double quotes avoid escapes.
pub fn str_repr(text: PyStr<'_>) -> String {
    let bytes = text.as_bytes();
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 2);
    out.push(quote);
    for c in text.code_points() {
        match c {
            0x5c => out.push_str("\\\\"),
            0x0a => out.push_str("\\n"),
            0x0d => out.push_str("\\r"),
            0x09 => out.push_str("\\t"),
            _ if c == quote as u32 => {
                out.push('\\');
                out.push(quote);
            }
            _ if is_printable(c) => out.push(char::from_u32(c).unwrap_or('\u{fffd}')),
            0..=0xff => drop(write!(out, "\\x{c:02x}")),
            0x100..=0xffff => drop(write!(out, "\\u{c:04x}")),
            _ => drop(write!(out, "\\U{c:08x}")),
        }
    }
    out.push(quote);
    out
}

/// `repr` of bytes.
pub fn bytes_repr(bytes: &[u8]) -> String {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { '"' } else { '\'' };
    let mut out = String::with_capacity(bytes.len() + 3);
    out.push('b');
    out.push(quote);
    for &b in bytes {
        match b {
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            _ if b == quote as u8 => {
                out.push('\\');
                out.push(quote);
            }
            0x20..=0x7e => out.push(b as char),
            _ => drop(write!(out, "\\x{b:02x}")),
        }
    }
    out.push(quote);
    out
}
