//! UTF-7 (RFC 2152): runs of base 64 between `+` and `-`.

use super::errors::Errors;
use crate::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::str::Str;
use crate::vm::{Res, Vm};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn sextet(b: u8) -> Option<u32> {
    ALPHABET.iter().position(|a| *a == b).map(|i| i as u32)
}

/// Written as itself outside base 64.
fn is_direct(c: u32) -> bool {
    c < 128 && (c == 9 || c == 10 || c == 13 || (32..127).contains(&c)) && !matches!(c as u8, b'+' | b'\\' | b'~')
}

struct Bits {
    buffer: u32,
    count: u32,
}

impl Bits {
    fn push(&mut self, out: &mut Vec<u8>, unit: u32) {
        self.buffer = self.buffer << 16 | unit;
        self.count += 16;
        while self.count >= 6 {
            out.push(ALPHABET[(self.buffer >> (self.count - 6)) as usize & 63]);
            self.count -= 6;
        }
        self.buffer &= (1 << self.count) - 1;
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        if self.count > 0 {
            out.push(ALPHABET[(self.buffer << (6 - self.count)) as usize & 63]);
        }
        *self = Bits { buffer: 0, count: 0 };
    }
}

pub fn encode(vm: &Vm, text: &Str) -> Res<Ref<Bytes>> {
    vm.check_room(text.len())?;
    let mut out = Vec::with_capacity(text.len());
    let mut bits = Bits { buffer: 0, count: 0 };
    let mut shifted = false;
    for c in text.code_points() {
        vm.reserve_within_limit(&mut out, 8)?;
        if is_direct(c) {
            if shifted {
                bits.flush(&mut out);
                shifted = false;
                if sextet(c as u8).is_some() || c == '-' as u32 {
                    out.push(b'-');
                }
            }
            out.push(c as u8);
            continue;
        }
        if !shifted {
            if c == '+' as u32 {
                out.extend_from_slice(b"+-");
                continue;
            }
            out.push(b'+');
            shifted = true;
        }
        if c >= 0x10000 {
            bits.push(&mut out, 0xd800 + ((c - 0x10000) >> 10));
            bits.push(&mut out, 0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            bits.push(&mut out, c);
        }
    }
    if shifted {
        bits.flush(&mut out);
        out.push(b'-');
    }
    vm.new_bytes(&out)
}

/// The text and how many bytes were used.
pub fn decode(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>, last: bool) -> Res<(Ref<Str>, usize)> {
    let mut owned: Option<Vec<u8>> = None;
    vm.check_room(bytes.len().saturating_mul(4))?;
    let mut out: Vec<u32> = Vec::with_capacity(bytes.len());
    let (mut shifted, mut surrogate, mut shift_out) = (false, 0u32, 0usize);
    let (mut buffer, mut count) = (0u32, 0u32);
    let (mut i, mut start) = (0, 0);
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let reason: &'static str;
        if i >= bytes.len() {
            if shifted && last && (surrogate != 0 || count >= 6 || (count > 0 && buffer != 0)) {
                reason = "unterminated shift sequence";
                shifted = false;
            } else {
                break;
            }
        } else {
            let b = bytes[i];
            if shifted {
                if let Some(six) = sextet(b) {
                    buffer = buffer << 6 | six;
                    count += 6;
                    i += 1;
                    if count >= 16 {
                        let unit = buffer >> (count - 16) & 0xffff;
                        count -= 16;
                        buffer &= (1 << count) - 1;
                        if surrogate != 0 {
                            if (0xdc00..0xe000).contains(&unit) {
                                out.push(0x10000 + ((surrogate - 0xd800) << 10) + (unit - 0xdc00));
                                surrogate = 0;
                                continue;
                            }
                            out.push(surrogate);
                            surrogate = 0;
                        }
                        if (0xd800..0xdc00).contains(&unit) { surrogate = unit } else { out.push(unit) }
                    }
                    continue;
                }
                shifted = false;
                if count >= 6 {
                    i += 1;
                    reason = "partial character in base64 sequence";
                } else if count > 0 && buffer != 0 {
                    i += 1;
                    reason = "non-zero padding bits in base64 sequence";
                } else {
                    if surrogate != 0 && b < 128 && b != b'+' {
                        out.push(surrogate);
                    }
                    surrogate = 0;
                    if b == b'-' {
                        i += 1;
                    }
                    continue;
                }
            } else if b == b'+' {
                start = i;
                i += 1;
                match bytes.get(i) {
                    Some(b'-') => {
                        out.push(b'+' as u32);
                        i += 1;
                        continue;
                    }
                    Some(next) if sextet(*next).is_none() => {
                        i += 1;
                        reason = "ill-formed sequence";
                    }
                    _ => {
                        shifted = true;
                        surrogate = 0;
                        shift_out = out.len();
                        (buffer, count) = (0, 0);
                        continue;
                    }
                }
            } else if b < 128 {
                out.push(b as u32);
                i += 1;
                continue;
            } else {
                start = i;
                i += 1;
                reason = "unexpected special character";
            }
        }
        let done = errors.decode(vm, "utf7", bytes, (start, i.min(bytes.len())), reason)?;
        out.extend_from_slice(&done.with);
        i = done.next;
        (surrogate, buffer, count) = (0, 0, 0);
        owned = done.object.or(owned);
    }
    let mut used = i;
    if shifted && !last {
        out.truncate(shift_out);
        used = start;
    }
    Ok((vm.new_str_from_code_points(&out)?, used))
}
