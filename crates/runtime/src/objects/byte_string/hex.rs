//! `hex` and `fromhex`, shared with `binascii` and `memoryview`.

use crate::objects::bytes::Bytes;
use crate::objects::str::{Kind, Str};
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

/// Two digits a byte, a byte at a time without a look into a table: wide operations.
fn write_pairs(out: &mut [u8], bytes: &[u8]) {
    for (pair, b) in out.as_chunks_mut::<2>().0.iter_mut().zip(bytes) {
        let digits = (*b >> 4) as u16 | ((*b & 15) as u16) << 8;
        // One in each half that is ten and more: from '9' to 'a' it is 39 further.
        let letters = ((digits + 0x0606) >> 4) & 0x0101;
        *pair = (digits + 0x3030 + letters * (b'a' - b'9' - 1) as u16).to_le_bytes();
    }
}

/// Digits and separators: `sep` between groups of `size` bytes, counted from the right or from the left.
struct Digits<'a> {
    bytes: &'a [u8],
    sep: Option<(u8, usize)>,
    from_right: bool,
}

impl<'a> Digits<'a> {
    fn of(vm: &Vm, bytes: &'a [u8], sep: Option<u8>, group: i64) -> Res<Digits<'a>> {
        vm.check_room(bytes.len().saturating_mul(3))?;
        let size = group.unsigned_abs() as usize;
        Ok(Digits { bytes, sep: sep.filter(|_| size > 0).map(|sep| (sep, size)), from_right: group > 0 })
    }

    fn len(&self) -> usize {
        let n = self.bytes.len();
        2 * n + self.sep.map_or(0, |(_, size)| n.saturating_sub(1) / size)
    }

    fn write(&self, out: &mut [u8]) {
        let Some((sep, size)) = self.sep else { return write_pairs(out, self.bytes) };
        // The group that is not full stands first or last.
        let odd = self.bytes.len() % size;
        let (first, rest) = self.bytes.split_at(if self.from_right { odd } else { 0 });
        let mut at = 0;
        for group in Some(first).filter(|first| !first.is_empty()).into_iter().chain(rest.chunks(size)) {
            if at > 0 {
                out[at] = sep;
                at += 1;
            }
            let end = at + 2 * group.len();
            write_pairs(&mut out[at..end], group);
            at = end;
        }
    }
}

/// Two digits a byte; `sep` between groups of `group` bytes, counted from the right when positive, else from the left.
pub fn hex(vm: &Vm, bytes: &[u8], sep: Option<u8>, group: i64) -> Res<Ref<Bytes>> {
    let digits = Digits::of(vm, bytes, sep, group)?;
    vm.new_exact_bytes(digits.len(), |out| digits.write(out))
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
    let digits = Digits::of(vm, bytes, sep, group)?;
    vm.new_str_with(Kind::Ascii, digits.len(), |out| digits.write(out))
}
