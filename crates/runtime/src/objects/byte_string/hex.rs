//! `hex` and `fromhex`, shared with `binascii` and `memoryview`.

use crate::objects::str::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The separator argument of `hex`.
pub fn separator(vm: &Vm, sep: Option<&Value>) -> Res<Option<u8>> {
    let Some(sep) = sep else { return Ok(None) };
    let len = vm.len(sep)?;
    let byte = if let Some(text) = sep.downcast::<Str>() {
        if len != 1 {
            return Err(vm.value_error("sep must be length 1."));
        }
        text.at(0)
    } else if let Some(bytes) = sep.downcast::<crate::objects::bytes::Bytes>() {
        match bytes.as_slice() {
            [b] => *b as u32,
            _ => return Err(vm.value_error("sep must be length 1.")),
        }
    } else {
        return Err(vm.type_error("sep must be str or bytes."));
    };
    match byte {
        0..128 => Ok(Some(byte as u8)),
        _ => Err(vm.value_error("sep must be ASCII.")),
    }
}

/// Two digits a byte; `sep` between groups of `group` bytes, counted from the right when positive, else from the left.
pub fn hex(vm: &Vm, bytes: &[u8], sep: Option<u8>, group: i64) -> Res<Vec<u8>> {
    vm.check_room(bytes.len().saturating_mul(3))?;
    let n = bytes.len();
    let size = group.unsigned_abs() as usize;
    let Some(sep) = sep.filter(|_| size > 0) else {
        let mut out = vec![0; n * 2];
        for (pair, b) in out.chunks_exact_mut(2).zip(bytes) {
            pair[0] = DIGITS[(b >> 4) as usize];
            pair[1] = DIGITS[(b & 15) as usize];
        }
        return Ok(out);
    };
    let mut out = Vec::with_capacity(n * 3);
    for (i, b) in bytes.iter().enumerate() {
        if i > 0 && (if group > 0 { n - i } else { i }).is_multiple_of(size) {
            out.push(sep);
        }
        out.extend_from_slice(&[DIGITS[(b >> 4) as usize], DIGITS[(b & 15) as usize]]);
    }
    Ok(out)
}

/// What each byte is worth as a hexadecimal digit; 0xff: none.
static WORTH: [u8; 256] = {
    let mut worth = [0xff; 256];
    let mut i = 0;
    while i < 16 {
        worth[DIGITS[i] as usize] = i as u8;
        worth[DIGITS[i].to_ascii_uppercase() as usize] = i as u8;
        i += 1;
    }
    worth
};

/// Bytes of text that is nothing but digits, in pairs.
fn from_digits(text: &[u8]) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) {
        return None;
    }
    let mut out = vec![0; text.len() / 2];
    let mut bad = 0;
    for (to, pair) in out.iter_mut().zip(text.chunks_exact(2)) {
        let (high, low) = (WORTH[pair[0] as usize], WORTH[pair[1] as usize]);
        bad |= high | low;
        *to = high << 4 | low;
    }
    (bad < 16).then_some(out)
}

pub fn digit(c: u32) -> Option<u8> {
    char::from_u32(c).and_then(|c| c.to_digit(16)).map(|d| d as u8)
}

/// The bytes of hexadecimal text; white space between bytes is skipped.
pub fn from_hex(vm: &Vm, text: &Value) -> Res<Vec<u8>> {
    if let Some(bytes) = text.downcast::<Str>().and_then(|t| t.as_ascii()).and_then(|t| from_digits(t.as_bytes())) {
        return Ok(bytes);
    }
    let points: Vec<u32> = if let Some(text) = text.downcast::<Str>() {
        text.code_points().collect()
    } else if vm.class(text).slots().buffer.is_some() {
        super::args::like(vm, text)?.iter().map(|b| *b as u32).collect()
    } else {
        return Err(vm.type_error(format!("fromhex() argument must be str or bytes-like, not {}", vm.type_name(text))));
    };
    let bad = |at: usize| vm.value_error(format!("non-hexadecimal number found in fromhex() arg at position {at}"));
    if let Some(at) = points.iter().position(|point| *point > 127)
        && text.is_a::<Str>()
    {
        return Err(bad(at));
    }
    let mut out = Vec::with_capacity(points.len() / 2);
    let mut i = 0;
    loop {
        while i < points.len() && points[i] < 128 && super::algorithms::is_space(points[i] as u8) {
            i += 1;
        }
        if i >= points.len() {
            return Ok(out);
        }
        let Some(high) = digit(points[i]) else { return Err(bad(i)) };
        let Some(next) = points.get(i + 1) else {
            return Err(vm.value_error("fromhex() arg must contain an even number of hexadecimal digits"));
        };
        let Some(low) = digit(*next) else { return Err(bad(i + 1)) };
        out.push(high << 4 | low);
        i += 2;
    }
}

/// The text of `hex`.
pub fn hex_text(vm: &Vm, bytes: &[u8], sep: Option<&Value>, group: i64) -> Res<Ref<Str>> {
    let sep = separator(vm, sep)?;
    let digits = hex(vm, bytes, sep, group)?;
    vm.new_ascii(&digits)
}
