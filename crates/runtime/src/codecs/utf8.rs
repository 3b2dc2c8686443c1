//! UTF-8. Valid input is checked by the standard library and copied; errors are told as CPython's decoder tells them: the
//! longest prefix that could have begun a character is one error.

use super::errors::{Errors, Replacement};
use crate::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::str::build::Builder;
use crate::objects::str::{Data, Str, push_wtf8};
use crate::vm::{Res, Vm};

pub fn encode(vm: &Vm, text: &Ref<Str>, errors: &mut Errors<'_>) -> Res<Ref<Bytes>> {
    if let Some(ascii) = text.as_ascii() {
        return vm.new_bytes(ascii.as_bytes());
    }
    if let Data::Latin1(d) = text.data() {
        vm.check_room(d.len() * 2)?;
        let more = d.chunks(128).map(|part| part.iter().map(|b| b >> 7).sum::<u8>() as usize).sum::<usize>();
        return vm.new_exact_bytes(d.len() + more, |out| encode_latin(d, out));
    }
    let n = text.len();
    vm.check_room(n * 3)?;
    if let Some(whole) = encode_whole(vm, text.data())? {
        return Ok(whole);
    }
    let mut out = Vec::with_capacity(n * 3);
    let mut i = 0;
    while i < n {
        let c = text.at(i);
        if !(0xd800..0xe000).contains(&c) {
            push_wtf8(&mut out, c);
            i += 1;
            continue;
        }
        let end = (i..n).find(|k| !(0xd800..0xe000).contains(&text.at(*k))).unwrap_or(n);
        let done =
            errors.encode(vm, "utf-8", text, (i, end), "surrogates not allowed", Some(&|c, out| push_wtf8(out, c)))?;
        match done.with {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(points) => {
                for c in points {
                    if c >= 0x80 {
                        return Err(crate::objects::exceptions::raise_unicode_encode(
                            vm,
                            "utf-8",
                            text.as_value(),
                            i,
                            end,
                            "surrogates not allowed",
                        ));
                    }
                    out.push(c as u8);
                }
            }
        }
        i = done.next;
    }
    vm.new_bytes(&out)
}

/// Latin-1 as UTF-8; `out` has just the room. Eight characters are taken for ASCII at a time; what of them is not is written over.
fn encode_latin(text: &[u8], out: &mut [u8]) {
    let (mut i, mut o) = (0, 0);
    while i < text.len() {
        if let (Some(block), Some(to)) = (text[i..].first_chunk::<8>(), out[o..].first_chunk_mut::<8>()) {
            *to = *block;
            let high = u64::from_le_bytes(*block) & 0x8080_8080_8080_8080;
            let plain = if high == 0 { 8 } else { high.trailing_zeros() as usize / 8 };
            (i, o) = (i + plain, o + plain);
        } else if text[i] < 0x80 {
            out[o] = text[i];
            (i, o) = (i + 1, o + 1);
        }
        while let Some(&b) = text.get(i)
            && b >= 0x80
        {
            out[o..o + 2].copy_from_slice(&[0xc0 | b >> 6, 0x80 | b & 0x3f]);
            (i, o) = (i + 1, o + 2);
        }
    }
}

/// The bytes as text when they are UTF-8: the quick check, which does not tell where the error is.
#[inline]
pub fn valid(bytes: &[u8]) -> Option<&str> {
    simdutf8::basic::from_utf8(bytes).ok()
}

/// The bytes of a character, and how many of them count.
#[inline(always)]
fn encoded(c: u32) -> ([u8; 4], usize) {
    let low = |shift: u32| 0x80 | (c >> shift & 0x3f) as u8;
    match c {
        0..=0x7f => ([c as u8, 0, 0, 0], 1),
        0x80..=0x7ff => ([0xc0 | (c >> 6) as u8, low(0), 0, 0], 2),
        0x800..=0xffff => ([0xe0 | (c >> 12) as u8, low(6), low(0), 0], 3),
        _ => ([0xf0 | (c >> 18) as u8, low(12), low(6), low(0)], 4),
    }
}

/// What texts are made of. Each width has its own loops, whose steps are wide instructions.
trait Unit: Copy + Into<u32> {
    /// How long they are in UTF-8, and whether there are surrogates.
    fn measure(units: &[Self]) -> (usize, bool);
    fn are_ascii(block: &[Self; 8]) -> bool;
    fn low_bytes(block: &[Self; 8]) -> [u8; 8];
}

macro_rules! units {
    ($($unit:ty),*) => {$(
        impl Unit for $unit {
            fn measure(units: &[Self]) -> (usize, bool) {
                let (mut total, mut surrogate) = (units.len(), 0);
                // As many as a unit can count, with three for each.
                for part in units.chunks(<$unit>::MAX as usize / 3) {
                    let mut more = 0;
                    for u in part {
                        let c = u32::from(*u);
                        more += (c >= 0x80) as $unit + (c >= 0x800) as $unit + (c >= 0x10000) as $unit;
                        surrogate |= (c & 0xffff_f800 == 0xd800) as $unit;
                    }
                    total += more as usize;
                }
                (total, surrogate != 0)
            }

            #[inline(always)]
            fn are_ascii(block: &[Self; 8]) -> bool {
                block.iter().fold(0, |all, u| all | u) < 0x80
            }

            #[inline(always)]
            fn low_bytes(block: &[Self; 8]) -> [u8; 8] {
                block.map(|u| u as u8)
            }
        }
    )*};
}

units!(u8, u16, u32);

/// All of the text when there is no lone surrogate in it: one pass to measure, one to write.
pub fn encode_whole(vm: &Vm, data: Data<'_>) -> Res<Option<Ref<Bytes>>> {
    #[inline(always)]
    fn put(c: u32, out: &mut [u8], o: &mut usize) {
        let (bytes, n) = encoded(c);
        match out[*o..].first_chunk_mut::<4>() {
            Some(to) => *to = bytes,
            None => out[*o..*o + n].copy_from_slice(&bytes[..n]),
        }
        *o += n;
    }
    fn written<U: Unit>(units: &[U], out: &mut [u8]) {
        let (mut rest, mut o) = (units, 0);
        while !rest.is_empty() {
            // ASCII, as long as eight are; then up to the next other one by one.
            while let Some((block, behind)) = rest.split_first_chunk::<8>()
                && U::are_ascii(block)
                && let Some(to) = out[o..].first_chunk_mut::<8>()
            {
                *to = U::low_bytes(block);
                (rest, o) = (behind, o + 8);
            }
            while let Some((u, behind)) = rest.split_first()
                && (*u).into() < 0x80
            {
                out[o] = (*u).into() as u8;
                (rest, o) = (behind, o + 1);
            }
            while let Some((u, behind)) = rest.split_first()
                && (*u).into() >= 0x80
            {
                put((*u).into(), out, &mut o);
                rest = behind;
            }
        }
    }
    crate::with_units!(data, |units| {
        let (total, surrogate) = Unit::measure(units);
        if surrogate {
            return Ok(None);
        }
        vm.new_exact_bytes(total, |out| written(units, out)).map(Some)
    })
}

/// Length of the error at the start of `bytes`, and its reason; `None`: the bytes end within a character that may go on.
fn error_at(bytes: &[u8]) -> (Option<usize>, &'static str) {
    let b = bytes[0];
    let (need, low, high) = match b {
        0xc2..=0xdf => (2, 0x80, 0xbf),
        0xe0 => (3, 0xa0, 0xbf),
        0xed => (3, 0x80, 0x9f),
        0xe1..=0xef => (3, 0x80, 0xbf),
        0xf0 => (4, 0x90, 0xbf),
        0xf1..=0xf3 => (4, 0x80, 0xbf),
        0xf4 => (4, 0x80, 0x8f),
        _ => return (Some(1), "invalid start byte"),
    };
    for k in 1..need {
        let Some(&next) = bytes.get(k) else { return (None, "unexpected end of data") };
        let ok = if k == 1 { (low..=high).contains(&next) } else { next & 0xc0 == 0x80 };
        if !ok {
            return (Some(k), "invalid continuation byte");
        }
    }
    // Not reached for bytes the checker refused.
    (Some(need), "invalid start byte")
}

/// The text of what is UTF-8 from beginning to end.
pub fn decode_valid(vm: &Vm, bytes: &[u8]) -> Option<Res<Ref<Str>>> {
    if bytes.is_ascii() {
        return Some(vm.new_str_of_data(Data::Ascii(bytes)));
    }
    let text = valid(bytes)?;
    Some(match vm.new_str_beyond_ascii(text) {
        Ok(text) if text.len() == 1 => vm.single(text.at(0)),
        text => text,
    })
}

/// The text, and how many bytes were used: with `last` false an unfinished character at the end is left over.
pub fn decode(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>, last: bool) -> Res<(Ref<Str>, usize)> {
    if let Some(text) = decode_valid(vm, bytes) {
        return Ok((text?, bytes.len()));
    }
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len());
    let mut at = 0;
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let rest = &bytes[at.min(bytes.len())..];
        let valid = match core::str::from_utf8(rest) {
            Ok(text) => {
                out.push_text(text);
                let used = bytes.len();
                return Ok((out.finish(vm)?, used));
            }
            Err(e) => e.valid_up_to(),
        };
        if let Ok(text) = core::str::from_utf8(&rest[..valid]) {
            out.push_text(text);
        }
        let start = at + valid;
        let (len, reason) = error_at(&bytes[start..]);
        let end = match len {
            None if !last => return Ok((out.finish(vm)?, start)),
            // What a surrogate begins with may still become one that surrogatepass takes.
            Some(_) if !last && is_partial_surrogate(&bytes[start..]) => return Ok((out.finish(vm)?, start)),
            None => bytes.len(),
            Some(len) => start + len,
        };
        let done = errors.decode(vm, "utf-8", bytes, (start, end), reason)?;
        done.with.iter().for_each(|c| out.push(*c));
        at = done.next;
        if let Some(other) = done.object {
            owned = Some(other);
        }
    }
}

fn is_partial_surrogate(bytes: &[u8]) -> bool {
    bytes.len() == 2 && bytes[0] == 0xed && (0xa0..=0xbf).contains(&bytes[1])
}
