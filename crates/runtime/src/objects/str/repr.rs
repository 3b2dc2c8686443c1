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

const SINGLE: u8 = 1;
const DOUBLE: u8 = 2;
const ESCAPED: u8 = 4;

/// What an ASCII character means for the repr of its text.
static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut b = 0;
    while b < 256 {
        if WIDTHS[b] != 1 {
            marks[b] = ESCAPED;
        }
        b += 1;
    }
    marks[b'\'' as usize] = SINGLE;
    marks[b'"' as usize] = DOUBLE;
    marks
};

/// How many characters stand for one of ASCII, but for the quote.
static WIDTHS: [u8; 256] = {
    let mut widths = [4; 256];
    let mut b = 0x20;
    while b < 0x7f {
        widths[b] = 1;
        b += 1;
    }
    widths[b'\\' as usize] = 2;
    widths[b'\n' as usize] = 2;
    widths[b'\r' as usize] = 2;
    widths[b'\t' as usize] = 2;
    widths
};

/// The bytes of ASCII text in quotes, with escapes; `out` has just the room.
fn escape_into(out: &mut [u8], bytes: &[u8], quote: u8) {
    let last = out.len() - 1;
    out[0] = quote;
    out[last] = quote;
    let mut at = 1;
    let mut put = |part: &[u8]| {
        out[at..at + part.len()].copy_from_slice(part);
        at += part.len();
    };
    for &b in bytes {
        match b {
            b'\\' => put(b"\\\\"),
            b'\n' => put(b"\\n"),
            b'\r' => put(b"\\r"),
            b'\t' => put(b"\\t"),
            _ if b == quote => put(&[b'\\', b]),
            0x20..0x7f => put(&[b]),
            _ => put(&[b'\\', b'x', HEX[b as usize >> 4], HEX[b as usize & 15]]),
        }
    }
}

/// `repr(text)`.
pub fn repr_of(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Data::Ascii(bytes) = text.data() {
        let seen = bytes.iter().fold(0, |seen, b| seen | MARKS[*b as usize]);
        let quote = if seen & (SINGLE | DOUBLE) == SINGLE { b'"' } else { b'\'' };
        if seen & ESCAPED == 0 && seen & (SINGLE | DOUBLE) != SINGLE | DOUBLE {
            return vm.new_str_with(super::Kind::Ascii, bytes.len() + 2, |out| {
                let n = bytes.len();
                out[0] = quote;
                super::copy_short(&mut out[1..=n], bytes);
                out[n + 1] = quote;
            });
        }
        let total: usize = bytes.iter().map(|b| WIDTHS[*b as usize] as usize + (*b == quote) as usize).sum();
        return vm.new_str_with(super::Kind::Ascii, total + 2, |out| escape_into(out, bytes, quote));
    }
    vm.check_room(text.len().saturating_mul(8))?;
    let points: Vec<u32> = text.code_points().collect();
    let quote = if points.contains(&39) && !points.contains(&34) { 34 } else { 39 };
    let mut out: Vec<u32> = Vec::with_capacity(points.len() + 8);
    out.push(quote);
    let mut escape = Vec::with_capacity(10);
    for c in points {
        vm.reserve_within_limit(&mut out, 10)?;
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
