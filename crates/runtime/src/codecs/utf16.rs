//! UTF-16 and UTF-32 in both byte orders, with byte order marks.

use super::errors::{Errors, Replacement, write_unit};
use crate::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions::raise_unicode_encode;
use crate::objects::str::build::Builder;
use crate::objects::str::{Data, Str};
use crate::vm::{Res, Vm};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// The machine's, with a byte order mark.
    Native,
    Little,
    Big,
}

const NATIVE_BIG: bool = cfg!(target_endian = "big");

impl Order {
    /// -1 little, 0 native with mark, 1 big (what `codecs` functions take and return).
    pub fn from_number(n: i32) -> Order {
        match n {
            0 => Order::Native,
            i if i < 0 => Order::Little,
            _ => Order::Big,
        }
    }

    pub fn number(self) -> i32 {
        match self {
            Order::Native => 0,
            Order::Little => -1,
            Order::Big => 1,
        }
    }

    fn is_big(self) -> bool {
        match self {
            Order::Native => NATIVE_BIG,
            Order::Little => false,
            Order::Big => true,
        }
    }
}

fn name(width: usize, order: Order) -> &'static str {
    match (width, order) {
        (2, Order::Native) => "utf-16",
        (2, Order::Little) => "utf-16-le",
        (2, Order::Big) => "utf-16-be",
        (_, Order::Native) => "utf-32",
        (_, Order::Little) => "utf-32-le",
        (_, Order::Big) => "utf-32-be",
    }
}

fn push16(out: &mut Vec<u8>, c: u32, big: bool) {
    if c < 0x10000 {
        return write_unit(out, c, 2, big);
    }
    let c = c - 0x10000;
    write_unit(out, 0xd800 + (c >> 10), 2, big);
    write_unit(out, 0xdc00 + (c & 0x3ff), 2, big);
}

/// The code points as units of 16 bits when each is one and none a surrogate.
fn plain_units(data: Data<'_>) -> Option<std::borrow::Cow<'_, [u16]>> {
    match data {
        Data::Ascii(d) | Data::Latin1(d) => Some(d.iter().map(|b| *b as u16).collect()),
        Data::Ucs2(d) => {
            let surrogate = d.iter().fold(false, |any, c| any | (c & 0xf800 == 0xd800));
            (!surrogate).then_some(std::borrow::Cow::Borrowed(d))
        }
        Data::Ucs4(_) => None,
    }
}

pub fn encode16(vm: &Vm, text: &Ref<Str>, order: Order, errors: &mut Errors<'_>) -> Res<Ref<Bytes>> {
    encode(vm, text, order, errors, 2)
}

pub fn encode32(vm: &Vm, text: &Ref<Str>, order: Order, errors: &mut Errors<'_>) -> Res<Ref<Bytes>> {
    encode(vm, text, order, errors, 4)
}

fn encode(vm: &Vm, text: &Ref<Str>, order: Order, errors: &mut Errors<'_>, width: usize) -> Res<Ref<Bytes>> {
    let n = text.len();
    let big = order.is_big();
    vm.check_room((n + 1) * width)?;
    let mut out = Vec::with_capacity((n + 1) * width);
    if order == Order::Native {
        write_unit(&mut out, 0xfeff, width, big);
    }
    if big == NATIVE_BIG
        && width == 2
        && let Some(units) = plain_units(text.data())
    {
        out.extend(units.iter().flat_map(|c| c.to_ne_bytes()));
        return vm.new_bytes(&out);
    }
    let push = |out: &mut Vec<u8>, c: u32| if width == 2 { push16(out, c, big) } else { write_unit(out, c, 4, big) };
    let encoding = name(width, order);
    let reason = "surrogates not allowed";
    let mut i = 0;
    while i < n {
        let c = text.at(i);
        if !(0xd800..0xe000).contains(&c) {
            push(&mut out, c);
            i += 1;
            continue;
        }
        // One at a time, as CPython, other than in UTF-8.
        let end = i + 1;
        let pass = |c: u32, out: &mut Vec<u8>| write_unit(out, c, width, big);
        let done = errors.encode(vm, encoding, text, (i, end), reason, Some(&pass))?;
        match done.with {
            Replacement::Bytes(bytes) if bytes.len() % width == 0 => out.extend_from_slice(&bytes),
            Replacement::Text(points) if points.iter().all(|c| *c < 128) => {
                points.into_iter().for_each(|c| push(&mut out, c))
            }
            _ => return Err(raise_unicode_encode(vm, encoding, text.as_value(), i, end, reason)),
        }
        i = done.next;
    }
    vm.new_bytes(&out)
}

/// What a decoder has made: the text, the bytes it used, and the byte order it found.
pub struct Outcome {
    pub text: Ref<Str>,
    pub used: usize,
    pub order: Order,
}

pub fn decode16(vm: &Vm, bytes: &[u8], order: Order, errors: &mut Errors<'_>, last: bool) -> Res<Outcome> {
    let mut order = order;
    let mut at = 0;
    if order == Order::Native && bytes.len() >= 2 {
        match (bytes[0], bytes[1]) {
            (0xff, 0xfe) => (order, at) = (Order::Little, 2),
            (0xfe, 0xff) => (order, at) = (Order::Big, 2),
            _ => {}
        }
    }
    let big = order.is_big();
    let encoding = name(2, if big { Order::Big } else { Order::Little });
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len() / 2);
    let unit = |bytes: &[u8], at: usize| -> u32 {
        let pair = [bytes[at], bytes[at + 1]];
        (if big { u16::from_be_bytes(pair) } else { u16::from_le_bytes(pair) }) as u32
    };
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let n = bytes.len();
        if at >= n {
            return Ok(Outcome { text: out.finish(vm)?, used: at, order });
        }
        let (end, reason) = if n - at < 2 {
            if !last {
                return Ok(Outcome { text: out.finish(vm)?, used: at, order });
            }
            (n, "truncated data")
        } else {
            match unit(bytes, at) {
                high @ 0xd800..=0xdbff => {
                    if n - at < 4 {
                        if !last {
                            return Ok(Outcome { text: out.finish(vm)?, used: at, order });
                        }
                        (n, "unexpected end of data")
                    } else {
                        let low = unit(bytes, at + 2);
                        if (0xdc00..0xe000).contains(&low) {
                            out.push(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                            at += 4;
                            continue;
                        }
                        (at + 2, "illegal UTF-16 surrogate")
                    }
                }
                0xdc00..=0xdfff => (at + 2, "illegal encoding"),
                c => {
                    out.push(c);
                    at += 2;
                    continue;
                }
            }
        };
        let done = errors.decode(vm, encoding, bytes, (at, end), reason)?;
        done.with.iter().for_each(|c| out.push(*c));
        at = done.next;
        if let Some(other) = done.object {
            owned = Some(other);
        }
    }
}

pub fn decode32(vm: &Vm, bytes: &[u8], order: Order, errors: &mut Errors<'_>, last: bool) -> Res<Outcome> {
    let mut order = order;
    let mut at = 0;
    if order == Order::Native && bytes.len() >= 4 {
        match bytes[..4] {
            [0xff, 0xfe, 0, 0] => (order, at) = (Order::Little, 4),
            [0, 0, 0xfe, 0xff] => (order, at) = (Order::Big, 4),
            _ => {}
        }
    }
    let big = order.is_big();
    let encoding = name(4, if big { Order::Big } else { Order::Little });
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len() / 4);
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let n = bytes.len();
        if at >= n {
            return Ok(Outcome { text: out.finish(vm)?, used: at, order });
        }
        let (end, reason) = if n - at < 4 {
            if !last {
                return Ok(Outcome { text: out.finish(vm)?, used: at, order });
            }
            (n, "truncated data")
        } else {
            let unit = [bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]];
            match if big { u32::from_be_bytes(unit) } else { u32::from_le_bytes(unit) } {
                0xd800..=0xdfff => (at + 4, "code point in surrogate code point range(0xd800, 0xe000)"),
                c if c > 0x10ffff => (at + 4, "code point not in range(0x110000)"),
                c => {
                    out.push(c);
                    at += 4;
                    continue;
                }
            }
        };
        let done = errors.decode(vm, encoding, bytes, (at, end), reason)?;
        done.with.iter().for_each(|c| out.push(*c));
        at = done.next;
        if let Some(other) = done.object {
            owned = Some(other);
        }
    }
}
