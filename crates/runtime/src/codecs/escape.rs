//! `unicode_escape`, `raw_unicode_escape`, and the escapes of bytes literals.

use super::errors::{Errors, Strategy};
use crate::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions::DEPRECATION_WARNING;
use crate::objects::str::Str;
use crate::objects::str::build::Builder;
use crate::objects::str::repr::push_escape;
use crate::vm::{Res, Vm};

/// Bytes of the longest escape.
const ESCAPE: usize = 10;

pub fn encode(vm: &Vm, text: &Str) -> Res<Ref<Bytes>> {
    vm.check_room(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    for c in text.code_points() {
        vm.reserve_within_limit(&mut out, ESCAPE)?;
        match c {
            9 => out.extend_from_slice(b"\\t"),
            10 => out.extend_from_slice(b"\\n"),
            13 => out.extend_from_slice(b"\\r"),
            92 => out.extend_from_slice(b"\\\\"),
            32..127 => out.push(c as u8),
            _ => push_escape(&mut out, c),
        }
    }
    vm.new_bytes(&out)
}

pub fn encode_raw(vm: &Vm, text: &Str) -> Res<Ref<Bytes>> {
    vm.check_room(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    for c in text.code_points() {
        vm.reserve_within_limit(&mut out, ESCAPE)?;
        if c < 256 { out.push(c as u8) } else { push_escape(&mut out, c) }
    }
    vm.new_bytes(&out)
}

fn hex_digit(b: u8) -> Option<u32> {
    (b as char).to_digit(16)
}

/// What an escape turned out to be.
enum Escape {
    Char(u32, usize),
    /// Reason, and where the bad bytes end.
    Bad(&'static str, usize),
    /// The bytes end within it.
    Unfinished,
}

/// Hexadecimal digits at `at`, exactly `count` of them.
fn hexadecimal(
    bytes: &[u8],
    at: usize,
    count: usize,
    truncated: &'static str,
    beyond: &'static str,
    last: bool,
) -> Escape {
    let mut c: u32 = 0;
    for k in 0..count {
        match bytes.get(at + k) {
            Some(b) => match hex_digit(*b) {
                Some(d) => c = c.wrapping_shl(4) | d,
                None => return Escape::Bad(truncated, at + k),
            },
            None if !last => return Escape::Unfinished,
            None => return Escape::Bad(truncated, at + k),
        }
    }
    if c > 0x10ffff { Escape::Bad(beyond, at + count) } else { Escape::Char(c, at + count) }
}

fn named(bytes: &[u8], at: usize, last: bool) -> Escape {
    let malformed = "malformed \\N character escape";
    match bytes.get(at) {
        None if !last => return Escape::Unfinished,
        Some(b'{') => {}
        _ => return Escape::Bad(malformed, at),
    }
    let start = at + 1;
    let end = bytes[start..].iter().position(|b| *b == b'}').map(|i| i + start);
    let Some(end) = end else {
        return if last { Escape::Bad(malformed, bytes.len()) } else { Escape::Unfinished };
    };
    if end == start {
        return Escape::Bad(malformed, end);
    }
    let found = core::str::from_utf8(&bytes[start..end]).ok().and_then(crate::unicode::lookup);
    match found {
        Some(c) => Escape::Char(c, end + 1),
        None => Escape::Bad("unknown Unicode character name", end + 1),
    }
}

/// Warns of an escape that means nothing.
fn warn_invalid(vm: &Vm, text: &str, octal: bool, prefix: &str) -> Res<()> {
    let what = if octal { "octal escape" } else { "escape" };
    let message =
        format!("{prefix}\"\\{text}\" is an invalid {what} sequence. Such sequences will not work in the future. ");
    vm.warn(&DEPRECATION_WARNING, &message, 1)
}

/// The text and how many bytes were used.
pub fn decode(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>, last: bool) -> Res<(Ref<Str>, usize)> {
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len());
    let mut warned = false;
    let mut i = 0;
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let Some(&b) = bytes.get(i) else { break };
        if b != b'\\' {
            out.push(b as u32);
            i += 1;
            continue;
        }
        let start = i;
        let Some(&kind) = bytes.get(i + 1) else {
            if !last {
                return Ok((out.finish(vm)?, start));
            }
            let done = errors.decode(vm, "unicodeescape", bytes, (start, i + 1), "\\ at end of string")?;
            done.with.iter().for_each(|c| out.push(*c));
            i = done.next;
            owned = done.object.or(owned);
            continue;
        };
        i += 2;
        let escape = match kind {
            b'\n' => continue,
            b'\\' | b'\'' | b'"' => Escape::Char(kind as u32, i),
            b'b' => Escape::Char(8, i),
            b't' => Escape::Char(9, i),
            b'n' => Escape::Char(10, i),
            b'r' => Escape::Char(13, i),
            b'f' => Escape::Char(12, i),
            b'v' => Escape::Char(11, i),
            b'a' => Escape::Char(7, i),
            b'0'..=b'7' => {
                let mut c = (kind - b'0') as u32;
                let mut at = i;
                while at < i + 2
                    && let Some(d @ b'0'..=b'7') = bytes.get(at)
                {
                    c = c * 8 + (d - b'0') as u32;
                    at += 1;
                }
                if at == bytes.len() && at < i + 2 && !last {
                    Escape::Unfinished
                } else {
                    if c > 0o377 && !warned {
                        warned = true;
                        warn_invalid(vm, &format!("{c:o}"), true, "")?;
                    }
                    Escape::Char(c, at)
                }
            }
            b'x' => hexadecimal(bytes, i, 2, "truncated \\xXX escape", "", last),
            b'u' => hexadecimal(bytes, i, 4, "truncated \\uXXXX escape", "", last),
            b'U' => hexadecimal(bytes, i, 8, "truncated \\UXXXXXXXX escape", "illegal Unicode character", last),
            b'N' => named(bytes, i, last),
            other => {
                if !warned {
                    warned = true;
                    warn_invalid(vm, &(other as char).to_string(), false, "")?;
                }
                out.push(b'\\' as u32);
                out.push(other as u32);
                continue;
            }
        };
        match escape {
            Escape::Char(c, next) => {
                out.push(c);
                i = next;
            }
            Escape::Unfinished => return Ok((out.finish(vm)?, start)),
            Escape::Bad(reason, end) => {
                let done = errors.decode(vm, "unicodeescape", bytes, (start, end), reason)?;
                done.with.iter().for_each(|c| out.push(*c));
                i = done.next;
                owned = done.object.or(owned);
            }
        }
    }
    Ok((out.finish(vm)?, i))
}

pub fn decode_raw(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>, last: bool) -> Res<(Ref<Str>, usize)> {
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len());
    let mut i = 0;
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let Some(&b) = bytes.get(i) else { break };
        if b != b'\\' {
            out.push(b as u32);
            i += 1;
            continue;
        }
        let (start, count) = match bytes.get(i + 1) {
            None if last => {
                out.push(b as u32);
                i += 1;
                continue;
            }
            None => return Ok((out.finish(vm)?, i)),
            Some(b'u') => (i, 4),
            Some(b'U') => (i, 8),
            Some(other) => {
                out.push(b as u32);
                out.push(*other as u32);
                i += 2;
                continue;
            }
        };
        let truncated = if count == 4 { "truncated \\uXXXX escape" } else { "truncated \\UXXXXXXXX escape" };
        match hexadecimal(bytes, i + 2, count, truncated, "\\Uxxxxxxxx out of range", last) {
            Escape::Char(c, next) => {
                out.push(c);
                i = next;
            }
            Escape::Unfinished => return Ok((out.finish(vm)?, start)),
            Escape::Bad(reason, end) => {
                let done = errors.decode(vm, "rawunicodeescape", bytes, (start, end), reason)?;
                done.with.iter().for_each(|c| out.push(*c));
                i = done.next;
                owned = done.object.or(owned);
            }
        }
    }
    Ok((out.finish(vm)?, i))
}

/// The escapes of bytes literals resolved.
pub fn decode_bytes(vm: &Vm, bytes: &[u8], errors: Option<&str>) -> Res<Vec<u8>> {
    let errors = errors.unwrap_or("strict");
    let mut out = Vec::with_capacity(bytes.len());
    let mut warned = false;
    let mut i = 0;
    while i < bytes.len() {
        if bytes[i] != b'\\' {
            out.push(bytes[i]);
            i += 1;
            continue;
        }
        let Some(&kind) = bytes.get(i + 1) else { return Err(vm.value_error("Trailing \\ in string")) };
        i += 2;
        match kind {
            b'\n' => {}
            b'\\' | b'\'' | b'"' => out.push(kind),
            b'b' => out.push(8),
            b't' => out.push(9),
            b'n' => out.push(10),
            b'r' => out.push(13),
            b'f' => out.push(12),
            b'v' => out.push(11),
            b'a' => out.push(7),
            b'0'..=b'7' => {
                let mut c = (kind - b'0') as u32;
                let end = i + 2;
                while i < end
                    && let Some(d @ b'0'..=b'7') = bytes.get(i)
                {
                    c = c * 8 + (d - b'0') as u32;
                    i += 1;
                }
                if c > 0o377 && !warned {
                    warned = true;
                    warn_invalid(vm, &format!("{c:o}"), true, "b")?;
                }
                out.push(c as u8);
            }
            b'x' => {
                let digit = |at: usize| bytes.get(at).and_then(|b| hex_digit(*b));
                if let (Some(high), Some(low)) = (digit(i), digit(i + 1)) {
                    out.push((high << 4 | low) as u8);
                    i += 2;
                    continue;
                }
                match super::errors::strategy(errors) {
                    Strategy::Strict => {
                        return Err(vm.value_error(format!("invalid \\x escape at position {}", i - 2)));
                    }
                    Strategy::Replace => out.push(b'?'),
                    Strategy::Ignore => {}
                    _ => {
                        return Err(vm.value_error(format!("decoding error; unknown error handling code: {errors}")));
                    }
                }
                if digit(i).is_some() {
                    i += 1;
                }
            }
            other => {
                if !warned {
                    warned = true;
                    warn_invalid(vm, &(other as char).to_string(), false, "b")?;
                }
                out.extend_from_slice(&[b'\\', other]);
            }
        }
    }
    Ok(out)
}

/// The bytes as the inside of a literal.
pub fn encode_bytes(vm: &Vm, bytes: &[u8]) -> Res<Vec<u8>> {
    vm.check_room(bytes.len())?;
    let mut out = Vec::with_capacity(bytes.len());
    for &b in bytes {
        vm.reserve_within_limit(&mut out, ESCAPE)?;
        match b {
            b'\'' | b'\\' => out.extend_from_slice(&[b'\\', b]),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            0x20..0x7f => out.push(b),
            _ => push_escape(&mut out, b as u32),
        }
    }
    Ok(out)
}
