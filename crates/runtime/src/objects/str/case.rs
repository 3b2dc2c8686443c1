//! Case mapping with the full rules: several characters for one, and the final sigma. ASCII takes the short way.

use super::build::Builder;
use super::{Data, Kind, Str, find};
use crate::Ref;
use crate::unicode::{self, Mapped};
use crate::vm::{Res, Vm};

fn ascii_mapped(vm: &Vm, text: &[u8], map: impl FnOnce(&mut [u8])) -> Res<Ref<Str>> {
    vm.new_str_with(Kind::Ascii, text.len(), |out| {
        out.copy_from_slice(text);
        map(out)
    })
}

fn extend(out: &mut Builder, mapped: Mapped) {
    mapped.into_iter().for_each(|c| out.push(c))
}

const SIGMA: u32 = 0x3a3;

/// Lower case of the character at `i`: capital sigma at the end of a word becomes the final form.
fn lower_at(text: &Str, i: usize) -> Mapped {
    let c = text.at(i);
    if c != SIGMA {
        return unicode::to_lower(c);
    }
    let skip = |c: &u32| unicode::has(*c, unicode::CASE_IGNORABLE);
    let cased = |c: Option<u32>| c.is_some_and(|c| unicode::has(c, unicode::CASED));
    let before = cased((0..i).rev().map(|k| text.at(k)).find(|c| !skip(c)));
    let after = cased((i + 1..text.len()).map(|k| text.at(k)).find(|c| !skip(c)));
    let mut mapped = Mapped::new();
    mapped.push(if before && !after { 0x3c2 } else { 0x3c3 });
    mapped
}

pub fn lower(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), <[u8]>::make_ascii_lowercase);
    }
    map_wide(vm, text, unicode::CHANGES_LOWER, ascii_lower, |i, _| lower_at(text, i))
}

/// Text beyond ASCII, each character by itself: `plain` for ASCII (and nothing to others), `full` for others that have one of the
/// flags `changes`.
fn map_wide(
    vm: &Vm,
    text: &Str,
    changes: u16,
    plain: impl Fn(u32) -> u32,
    full: impl Fn(usize, u32) -> Mapped,
) -> Res<Ref<Str>> {
    // Ideographs and what stands among them have no case; their flags would be searched for.
    let keeps = |c: u32| matches!(c, 0..0x80 | 0x2e80..0xa640) || !unicode::has(c, changes);
    if crate::with_units!(text.data(), |units| units.iter().all(|unit| keeps(find::code(*unit)))) {
        return map_ascii_of(vm, text, plain);
    }
    vm.check_room(text.len() * 4)?;
    let mut out: Vec<u32> = Vec::with_capacity(text.len());
    crate::with_units!(text.data(), |units| for (i, unit) in units.iter().enumerate() {
        let c = find::code(*unit);
        if keeps(c) {
            out.push(plain(c));
        } else {
            out.extend(full(i, c));
        }
    });
    vm.new_str_from_code_points(&out)
}

/// Text beyond ASCII of which `plain` changes ASCII alone, to ASCII.
fn map_ascii_of(vm: &Vm, text: &Str, plain: impl Fn(u32) -> u32) -> Res<Ref<Str>> {
    vm.new_str_with(text.kind(), text.len(), |out| match text.data() {
        Data::Ascii(units) | Data::Latin1(units) => {
            out.iter_mut().zip(units).for_each(|(place, unit)| *place = plain(*unit as u32) as u8);
        }
        Data::Ucs2(units) => {
            let places = out.chunks_exact_mut(2).zip(units);
            places.for_each(|(place, unit)| place.copy_from_slice(&(plain(*unit as u32) as u16).to_ne_bytes()));
        }
        Data::Ucs4(units) => {
            let places = out.chunks_exact_mut(4).zip(units);
            places.for_each(|(place, unit)| place.copy_from_slice(&plain(*unit).to_ne_bytes()));
        }
    })
}

/// Small letters for the capitals of ASCII, between which is one bit.
fn ascii_lower(c: u32) -> u32 {
    c ^ ((c.wrapping_sub(65) < 26) as u32) << 5
}

fn ascii_upper(c: u32) -> u32 {
    c ^ ((c.wrapping_sub(97) < 26) as u32) << 5
}

pub fn upper(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), <[u8]>::make_ascii_uppercase);
    }
    map_wide(vm, text, unicode::CHANGES_UPPER, ascii_upper, |_, c| unicode::to_upper(c))
}

pub fn casefold(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if text.is_ascii() {
        return lower(vm, text);
    }
    map_wide(vm, text, unicode::CHANGES_FOLD, ascii_lower, |_, c| unicode::to_fold(c))
}

pub fn capitalize(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), |out| {
            out.make_ascii_lowercase();
            if let Some(first) = out.first_mut() {
                first.make_ascii_uppercase();
            }
        });
    }
    let mut out = Builder::with_capacity(text.len());
    for i in 0..text.len() {
        extend(&mut out, if i == 0 { unicode::to_title(text.at(0)) } else { lower_at(text, i) });
    }
    out.finish(vm)
}

pub fn swapcase(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), swap_ascii);
    }
    let mut out = Builder::with_capacity(text.len());
    for (i, c) in text.code_points().enumerate() {
        let flags = unicode::flags(c);
        if flags & unicode::UPPER != 0 {
            extend(&mut out, lower_at(text, i));
        } else if flags & unicode::LOWER != 0 {
            extend(&mut out, unicode::to_upper(c));
        } else {
            out.push(c);
        }
    }
    out.finish(vm)
}

/// Exchanges upper and lower case of ASCII letters.
pub fn swap_ascii(bytes: &mut [u8]) {
    for b in bytes {
        if b.is_ascii_alphabetic() {
            *b ^= 0x20;
        }
    }
}

/// Title case of ASCII bytes.
pub fn title_ascii(bytes: &mut [u8]) {
    let mut inside = false;
    for b in bytes {
        if inside {
            b.make_ascii_lowercase()
        } else {
            b.make_ascii_uppercase()
        }
        inside = b.is_ascii_alphabetic();
    }
}

pub fn title(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), title_ascii);
    }
    let mut out = Builder::with_capacity(text.len());
    let mut inside = false;
    for (i, c) in text.code_points().enumerate() {
        extend(&mut out, if inside { lower_at(text, i) } else { unicode::to_title(c) });
        // Modifier letters are cased and ignorable: they continue a word and do not start one.
        inside = is_cased(c);
    }
    out.finish(vm)
}

fn is_cased(c: u32) -> bool {
    unicode::has(c, unicode::CASED | unicode::LOWER | unicode::UPPER | unicode::TITLE_CASE)
}

/// `islower` and `isupper`: `wanted` somewhere, `forbidden` nowhere.
pub fn all_cased(text: &Str, wanted: u16, forbidden: u16) -> bool {
    let mut any = false;
    for c in text.code_points() {
        let flags = unicode::flags(c);
        if flags & forbidden != 0 {
            return false;
        }
        any |= flags & wanted != 0;
    }
    any
}

pub fn is_title(text: &Str) -> bool {
    let (mut any, mut inside) = (false, false);
    for c in text.code_points() {
        let flags = unicode::flags(c);
        if flags & (unicode::UPPER | unicode::TITLE_CASE) != 0 {
            if inside {
                return false;
            }
            inside = true;
            any = true;
        } else if flags & unicode::LOWER != 0 {
            if !inside {
                return false;
            }
            any = true;
        } else {
            inside = false;
        }
    }
    any
}
