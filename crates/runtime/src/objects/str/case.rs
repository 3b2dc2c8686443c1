//! Case mapping with the full rules: several characters for one, and the final sigma. ASCII takes the short way.

use super::build::Builder;
use super::{Kind, Str};
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
fn lower_at(points: &[u32], i: usize) -> Mapped {
    let c = points[i];
    if c != SIGMA {
        return unicode::to_lower(c);
    }
    let skip = |c: &&u32| unicode::has(**c, unicode::CASE_IGNORABLE);
    let cased = |c: Option<&u32>| c.is_some_and(|c| unicode::has(*c, unicode::CASED));
    let before = cased(points[..i].iter().rev().find(|c| !skip(c)));
    let after = cased(points[i + 1..].iter().find(|c| !skip(c)));
    let mut mapped = Mapped::new();
    mapped.push(if before && !after { 0x3c2 } else { 0x3c3 });
    mapped
}

pub fn lower(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), <[u8]>::make_ascii_lowercase);
    }
    let points: Vec<u32> = text.code_points().collect();
    let mut out = Builder::with_capacity(points.len());
    for i in 0..points.len() {
        extend(&mut out, lower_at(&points, i));
    }
    out.finish(vm)
}

pub fn upper(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), <[u8]>::make_ascii_uppercase);
    }
    let mut out = Builder::with_capacity(text.len());
    text.code_points().for_each(|c| extend(&mut out, unicode::to_upper(c)));
    out.finish(vm)
}

pub fn casefold(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if text.is_ascii() {
        return lower(vm, text);
    }
    let mut out = Builder::with_capacity(text.len());
    text.code_points().for_each(|c| extend(&mut out, unicode::to_fold(c)));
    out.finish(vm)
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
    let points: Vec<u32> = text.code_points().collect();
    let mut out = Builder::with_capacity(points.len());
    for i in 0..points.len() {
        extend(&mut out, if i == 0 { unicode::to_title(points[0]) } else { lower_at(&points, i) });
    }
    out.finish(vm)
}

pub fn swapcase(vm: &Vm, text: &Str) -> Res<Ref<Str>> {
    if let Some(ascii) = text.as_ascii() {
        return ascii_mapped(vm, ascii.as_bytes(), swap_ascii);
    }
    let points: Vec<u32> = text.code_points().collect();
    let mut out = Builder::with_capacity(points.len());
    for (i, &c) in points.iter().enumerate() {
        let flags = unicode::flags(c);
        if flags & unicode::UPPER != 0 {
            extend(&mut out, lower_at(&points, i));
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
    let points: Vec<u32> = text.code_points().collect();
    let mut out = Builder::with_capacity(points.len());
    let mut inside = false;
    for (i, &c) in points.iter().enumerate() {
        extend(&mut out, if inside { lower_at(&points, i) } else { unicode::to_title(c) });
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
