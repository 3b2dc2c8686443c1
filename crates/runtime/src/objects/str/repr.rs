//! `repr` of text: quotes chosen to need the least escapes, printable characters as they are (Unicode 16), the rest escaped.
//! After CPython Objects/unicodeobject.c (`unicode_repr`).

use super::{Data, Str};
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

const HEX: &[u8; 16] = b"0123456789abcdef";

/// `\xhh`, `\uhhhh` or `\Uhhhhhhhh`.
pub fn push_escape(out: &mut Vec<u8>, c: u32) {
    let (letter, digits) = match c {
        0..=0xff => (b'x', 2),
        0x100..=0xffff => (b'u', 4),
        _ => (b'U', 8),
    };
    out.extend_from_slice(&[b'\\', letter]);
    for i in (0..digits).rev() {
        out.push(HEX[(c >> (4 * i)) as usize & 15]);
    }
}

/// A character of a repr made ASCII: those beyond are escaped.
pub fn push_ascii_escaped(out: &mut Vec<u8>, c: u32) {
    if c < 128 { out.push(c as u8) } else { push_escape(out, c) }
}

/// Whether `str.isprintable` holds for the code point.
#[inline]
pub fn is_printable(c: u32) -> bool {
    match c {
        0..=0x1f | 0x7f..=0xa0 | 0xad => false,
        0x20..=0xff => true,
        _ => ophi_syntax::printable::is_printable(c),
    }
}

/// The slot `repr` of `str`.
pub fn repr(vm: &Vm, this: &Value) -> Res {
    use crate::payload::Downcast;
    match this.downcast::<Str>() {
        Some(text) => Ok(repr_of(vm, text)?.into_value()),
        None => Err(vm.type_error("descriptor '__repr__' requires a 'str' object")),
    }
}

/// `repr(text)`.
pub fn repr_of(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Data::Ascii(bytes) = text.data() {
        let mut single = false;
        let mut double = false;
        let mut plain = true;
        for &b in bytes {
            single |= b == b'\'';
            double |= b == b'"';
            plain &= (0x20..0x7f).contains(&b) && b != b'\\';
        }
        let quote = if single && !double { b'"' } else { b'\'' };
        if plain && !(single && double) {
            return vm.new_str_with(super::Kind::Ascii, bytes.len() + 2, |out| {
                out[0] = quote;
                out[1..=bytes.len()].copy_from_slice(bytes);
                out[bytes.len() + 1] = quote;
            });
        }
        let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 4 + 8);
        out.push(quote);
        for &b in bytes {
            match b {
                b'\\' => out.extend_from_slice(b"\\\\"),
                b'\n' => out.extend_from_slice(b"\\n"),
                b'\r' => out.extend_from_slice(b"\\r"),
                b'\t' => out.extend_from_slice(b"\\t"),
                _ if b == quote => out.extend_from_slice(&[b'\\', b]),
                0x20..0x7f => out.push(b),
                _ => push_escape(&mut out, b as u32),
            }
        }
        out.push(quote);
        return vm.new_ascii(&out);
    }
    let points: Vec<u32> = text.code_points().collect();
    let quote = if points.contains(&39) && !points.contains(&34) { 34 } else { 39 };
    let mut out: Vec<u32> = Vec::with_capacity(points.len() + 8);
    out.push(quote);
    let mut escape = Vec::with_capacity(10);
    for c in points {
        match c {
            92 => out.extend_from_slice(&[92, 92]),
            10 => out.extend_from_slice(&[92, 110]),
            13 => out.extend_from_slice(&[92, 114]),
            9 => out.extend_from_slice(&[92, 116]),
            _ if c == quote => out.extend_from_slice(&[92, c]),
            _ if is_printable(c) => out.push(c),
            _ => {
                escape.clear();
                push_escape(&mut escape, c);
                out.extend(escape.iter().map(|b| *b as u32));
            }
        }
    }
    out.push(quote);
    vm.new_str_from_code_points(&out)
}
