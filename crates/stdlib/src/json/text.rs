//! Strings as JSON writes them: quotes, escapes, and nothing but ASCII when that is asked for.

use super::Escape;
use ophi_runtime::objects::str::Data;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::{Res, Str, Vm};

/// How a byte is written: 0 as it is, `u` as `\u00XX`, others after a backslash.
const ESCAPES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 0x20 {
        table[i] = b'u';
        i += 1;
    }
    table[8] = b'b';
    table[9] = b't';
    table[10] = b'n';
    table[12] = b'f';
    table[13] = b'r';
    table[b'"' as usize] = b'"';
    table[b'\\' as usize] = b'\\';
    table
};

/// As `ESCAPES`, for output that is all printable ASCII.
const ASCII_ESCAPES: [u8; 256] = {
    let mut table = ESCAPES;
    let mut i = 0x7f;
    while i < 256 {
        table[i] = b'u';
        i += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789abcdef";

fn push_unit(out: &mut Builder, unit: u16) {
    let digit = |shift: u16| HEX[(unit >> shift & 15) as usize];
    let bytes = [b'\\', b'u', digit(12), digit(8), digit(4), digit(0)];
    out.push_data(Data::Ascii(&bytes));
}

/// One character that may need an escape.
fn push_escaped(out: &mut Builder, c: u32, table: &[u8; 256], to_ascii: bool) {
    match u8::try_from(c).map(|b| table[b as usize]) {
        Ok(0) => out.push(c),
        Ok(b'u') => push_unit(out, c as u16),
        Ok(escape) => out.push_data(Data::Ascii(&[b'\\', escape])),
        Err(_) if !to_ascii => out.push(c),
        Err(_) => match char::from_u32(c) {
            Some(c) => c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| push_unit(out, *unit)),
            None => push_unit(out, c as u16),
        },
    }
}

/// Appends the string with its quotes.
pub fn push_string(out: &mut Builder, text: &Str, to_ascii: bool) {
    let table = if to_ascii { &ASCII_ESCAPES } else { &ESCAPES };
    out.push(b'"' as u32);
    match text.data() {
        Data::Ascii(bytes) | Data::Latin1(bytes) => {
            let mut rest = bytes;
            while let Some(at) = rest.iter().position(|b| table[*b as usize] != 0) {
                out.push_data(Data::Latin1(&rest[..at]));
                push_escaped(out, rest[at] as u32, table, to_ascii);
                rest = &rest[at + 1..];
            }
            out.push_data(Data::Latin1(rest));
        }
        Data::Ucs2(units) => units.iter().for_each(|c| push_escaped(out, *c as u32, table, to_ascii)),
        Data::Ucs4(units) => units.iter().for_each(|c| push_escaped(out, *c, table, to_ascii)),
    }
    out.push(b'"' as u32);
}

pub fn encoded(vm: &Vm, text: &Str, escape: Escape) -> Res {
    let mut out = Builder::with_capacity(text.len() + 2);
    push_string(&mut out, text, escape == Escape::ToAscii);
    Ok(out.finish(vm)?.into_value())
}
