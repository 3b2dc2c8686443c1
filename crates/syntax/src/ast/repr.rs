//! `repr` of constants, character for character as CPython writes it, so that `ast.dump` text can be compared.
//!
//! Sources: Objects/unicodeobject.c `unicode_repr`, Objects/bytesobject.c `PyBytes_Repr`, Python/pystrtod.c
//! `PyOS_double_to_string` with format `r`, Objects/complexobject.c `complex_repr`.

use super::{Constant, PyStr};
use crate::printable::is_printable;
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

/// `repr` of a float: the shortest digits that read back the same, with an exponent below 1e-4 and from 1e16.
pub fn float_repr(x: f64) -> String {
    float_text(x, true)
}

fn float_text(x: f64, dot_zero: bool) -> String {
    if x.is_nan() {
        return "nan".into();
    }
    if x.is_infinite() {
        return if x > 0.0 { "inf" } else { "-inf" }.into();
    }
    let (scientific, plain) = shortest(x);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if x != 0.0 && !(-4..16).contains(&exponent) {
        return format!("{mantissa}e{}{:02}", if exponent < 0 { '-' } else { '+' }, exponent.abs());
    }
    if dot_zero && !plain.contains('.') { plain + ".0" } else { plain }
}

/// The fewest digits that tell the value from its neighbours, with an exponent and without. Of two such texts that are
/// equally near Rust takes the upper one, Python the even one where it reads back, as exact rounding does.
fn shortest(value: f64) -> (String, String) {
    let scientific = format!("{value:e}");
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count().max(1);
    let exact = format!("{value:.*e}", digits - 1);
    if exact == scientific || exact.parse() != Ok(value) {
        return (scientific, format!("{value}"));
    }
    let decimals = digits as i32 - 1 - exponent.parse::<i32>().unwrap_or(0);
    (exact, format!("{value:.*}", decimals.max(0) as usize))
}

/// `repr` of a complex number; a real part of exactly positive zero is left out.
pub fn complex_repr(real: f64, imag: f64) -> String {
    let imaginary = float_text(imag, false);
    if real == 0.0 && real.is_sign_positive() {
        return imaginary + "j";
    }
    let sign = if imaginary.starts_with('-') { "" } else { "+" };
    format!("({}{sign}{imaginary}j)", float_text(real, false))
}
