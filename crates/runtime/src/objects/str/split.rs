//! Cutting text: at white space, at a separator, at line ends.

use super::{Data, Str, find};
use crate::objects::list::List;
use crate::unicode;
use crate::vm::{OrRaise, Res, Vm};
use crate::{Ref, Tuple, Value, with_units};
use ophi_heap::{Buffer, TryPush, buffer_with_capacity};

/// White space of ASCII.
#[inline(always)]
pub fn is_ascii_space(b: u8) -> bool {
    (b == b' ') | (b.wrapping_sub(9) < 5) | (b.wrapping_sub(28) < 4)
}

/// The pieces between runs of white space; after `max` cuts from the left the rest stays whole.
pub fn white_space(vm: &Vm, text: &Ref<Str>, max: usize) -> Res {
    let mut out = room(vm)?;
    let put = |a: usize, b: usize| out.try_push(vm.new_substr(text, a, b)?.into_value()).or_raise(vm);
    match text.data() {
        Data::Ascii(d) => each_word(d, max, is_ascii_space, |d, from| find_ascii_space(d, from, is_ascii_space), put),
        Data::Latin1(d) => each_wide_word(d, max, put),
        Data::Ucs2(d) => each_wide_word(d, max, put),
        Data::Ucs4(d) => each_wide_word(d, max, put),
    }?;
    Ok(List::from_buffer(vm, out)?.into_value())
}

/// Room for the pieces of a short text.
fn room(vm: &Vm) -> Res<Buffer<Value>> {
    buffer_with_capacity(12).or_raise(vm)
}

/// As `white_space`, cutting from the right.
pub fn white_space_from_right(vm: &Vm, text: &Ref<Str>, max: usize) -> Res {
    let mut parts = match text.data() {
        Data::Ascii(d) => words_from_right(vm, d, max, is_ascii_space),
        Data::Latin1(d) => words_from_right(vm, d, max, |b| unicode::is_space(b as u32)),
        Data::Ucs2(d) => words_from_right(vm, d, max, |c| unicode::is_space(c as u32)),
        Data::Ucs4(d) => words_from_right(vm, d, max, unicode::is_space),
    }?;
    parts.reverse();
    pieces(vm, text, parts)
}

fn pieces(vm: &Vm, text: &Ref<Str>, parts: Vec<(usize, usize)>) -> Res {
    vm.check_room(parts.len() * size_of::<Value>())?;
    let mut out = Vec::with_capacity(parts.len());
    for (a, b) in parts {
        out.push(vm.new_substr(text, a, b)?.into_value());
    }
    Ok(List::from_vec(vm, out)?.into_value())
}

/// Ranges of the words in `bytes`, between white space, which is among ASCII's.
pub fn words(vm: &Vm, bytes: &[u8], max: usize, is_space: impl Fn(u8) -> bool) -> Res<Vec<(usize, usize)>> {
    let mut out = Vec::new();
    let put = |a: usize, b: usize| vm.push_within_limit(&mut out, (a, b));
    each_word(bytes, max, &is_space, |bytes, from| find_ascii_space(bytes, from, &is_space), put)?;
    Ok(out)
}

fn each_wide_word<U: find::Unit>(units: &[U], max: usize, put: impl FnMut(usize, usize) -> Res<()>) -> Res<()> {
    let is_space = |unit: U| unicode::is_space(find::code(unit));
    each_word(units, max, is_space, |units, from| find_space(units, from, is_space), put)
}

/// Hands the ranges of the words to `put`; after `max` of them the rest is one. `find_space`: the place of the first white space
/// from a place on, or the end.
#[inline(always)]
fn each_word<U: Copy>(
    units: &[U],
    max: usize,
    is_space: impl Fn(U) -> bool,
    find_space: impl Fn(&[U], usize) -> usize,
    mut put: impl FnMut(usize, usize) -> Res<()>,
) -> Res<()> {
    let mut i = 0;
    let n = units.len();
    let mut left = max;
    loop {
        while i < n && is_space(units[i]) {
            i += 1;
        }
        if i == n {
            return Ok(());
        }
        if left == 0 {
            return put(i, n);
        }
        left -= 1;
        let start = i;
        i = find_space(units, i + 1);
        put(start, i)?;
    }
}

/// How long a word is cannot be foretold: eight characters are looked at without a branch.
#[inline(always)]
fn find_space<U: Copy>(units: &[U], from: usize, is_space: impl Fn(U) -> bool) -> usize {
    let mut at = from;
    while let Some(chunk) = units.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let spaces = chunk.iter().rev().fold(0u32, |bits, unit| bits << 1 | is_space(*unit) as u32);
        if spaces != 0 {
            return at + spaces.trailing_zeros() as usize;
        }
        at += chunk.len();
    }
    while at < units.len() && !is_space(units[at]) {
        at += 1;
    }
    at
}

/// The same for ASCII, in one word: few bytes up to the blank are no white space.
#[inline(always)]
fn find_ascii_space(bytes: &[u8], from: usize, is_space: impl Fn(u8) -> bool) -> usize {
    const EACH: u64 = 0x0101_0101_0101_0101;
    const HIGH: u64 = 0x80 * EACH;
    let mut at = from;
    while let Some(chunk) = bytes.get(at..).and_then(|rest| rest.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*chunk);
        // The high bit of each byte up to the blank.
        let mut low = !((word | HIGH) - (b' ' as u64 + 1) * EACH) & !word & HIGH;
        while low != 0 {
            let place = low.trailing_zeros() as usize / 8;
            if is_space(chunk[place]) {
                return at + place;
            }
            low &= low - 1;
        }
        at += chunk.len();
    }
    while at < bytes.len() && !is_space(bytes[at]) {
        at += 1;
    }
    at
}

/// As `words` from the right, last word first.
pub fn words_from_right<U: Copy>(
    vm: &Vm,
    units: &[U],
    max: usize,
    is_space: impl Fn(U) -> bool,
) -> Res<Vec<(usize, usize)>> {
    let mut out = Vec::new();
    let mut i = units.len();
    loop {
        while i > 0 && is_space(units[i - 1]) {
            i -= 1;
        }
        if i == 0 {
            return Ok(out);
        }
        if out.len() == max {
            vm.push_within_limit(&mut out, (0, i))?;
            return Ok(out);
        }
        let end = i;
        while i > 0 && !is_space(units[i - 1]) {
            i -= 1;
        }
        vm.push_within_limit(&mut out, (i, end))?;
    }
}

/// The pieces between separators; the separator is not empty.
pub fn separator(vm: &Vm, text: &Ref<Str>, sep: &Str, max: usize) -> Res {
    let mut out = room(vm)?;
    let mut from = 0;
    if let (Data::Ascii(d), Data::Ascii([one])) = (text.data(), sep.data()) {
        // Short pieces are usual: a plain loop finds the end of one sooner than a search is begun.
        let mut left = max;
        let mut at = 0;
        while left > 0 && at < d.len() {
            let near = d[at..d.len().min(at + 16)].iter().position(|b| b == one);
            let Some(step) = near.or_else(|| memchr::memchr(*one, d.get(at + 16..)?).map(|more| more + 16)) else {
                break;
            };
            at += step;
            out.try_push(vm.new_substr(text, from, at)?.into_value()).or_raise(vm)?;
            at += 1;
            from = at;
            left -= 1;
        }
    } else {
        for at in find::positions(text, sep, max) {
            out.try_push(vm.new_substr(text, from, at)?.into_value()).or_raise(vm)?;
            from = at + sep.len();
        }
    }
    out.try_push(vm.new_substr(text, from, text.len())?.into_value()).or_raise(vm)?;
    Ok(List::from_buffer(vm, out)?.into_value())
}

pub fn separator_from_right(vm: &Vm, text: &Ref<Str>, sep: &Str, max: usize) -> Res {
    if let (Data::Ascii(d), Data::Ascii([one])) = (text.data(), sep.data()) {
        let mut out = room(vm)?;
        let mut end = d.len();
        let mut left = max;
        while left > 0
            && let Some(at) = d[..end].iter().rposition(|b| b == one)
        {
            out.try_push(vm.new_substr(text, at + 1, end)?.into_value()).or_raise(vm)?;
            end = at;
            left -= 1;
        }
        out.try_push(vm.new_substr(text, 0, end)?.into_value()).or_raise(vm)?;
        out.reverse();
        return Ok(List::from_buffer(vm, out)?.into_value());
    }
    let cuts = find::positions_from_right(text, sep, max);
    let mut out = Vec::with_capacity(cuts.len() + 1);
    let mut end = text.len();
    for at in cuts {
        out.push(vm.new_substr(text, at + sep.len(), end)?.into_value());
        end = at;
    }
    out.push(vm.new_substr(text, 0, end)?.into_value());
    out.reverse();
    Ok(List::from_vec(vm, out)?.into_value())
}

/// Ranges of lines: (start, end without the break, end with it).
pub fn line_ranges<U: Copy + Into<u32>>(units: &[U], is_break: impl Fn(u32) -> bool) -> Vec<(usize, usize, usize)> {
    let mut out = Vec::new();
    let (mut i, n) = (0, units.len());
    while i < n {
        let start = i;
        while i < n && !is_break(units[i].into()) {
            i += 1;
        }
        let end = i;
        if i < n {
            let c: u32 = units[i].into();
            i += if c == 13 && i + 1 < n && units[i + 1].into() == 10u32 { 2 } else { 1 };
        }
        out.push((start, end, i));
    }
    out
}

pub fn lines(vm: &Vm, text: &Ref<Str>, keep_ends: bool) -> Res {
    if let Data::Ascii(d) = text.data() {
        return ascii_lines(vm, text, d, keep_ends);
    }
    let ranges = with_units!(text.data(), |d| line_ranges(d, unicode::is_line_break));
    let parts = ranges.into_iter().map(|(a, end, whole)| (a, if keep_ends { whole } else { end })).collect();
    pieces(vm, text, parts)
}

fn ascii_lines(vm: &Vm, text: &Ref<Str>, d: &[u8], keep_ends: bool) -> Res {
    let is_break = |b: u8| (b.wrapping_sub(10) < 4) | (b.wrapping_sub(28) < 3);
    let mut out = room(vm)?;
    let mut from = 0;
    while from < d.len() {
        // Control characters are few: a block without one is passed at once.
        let mut end = from;
        for block in d[from..].chunks_exact(16) {
            if block.iter().fold(false, |any, b| any | is_break(*b)) {
                break;
            }
            end += 16;
        }
        end += d[end..].iter().position(|b| is_break(*b)).unwrap_or(d.len() - end);
        let next = match d[end..] {
            [b'\r', b'\n', ..] => end + 2,
            [_, ..] => end + 1,
            [] => end,
        };
        let line = vm.new_substr(text, from, if keep_ends { next } else { end })?;
        out.try_push(line.into_value()).or_raise(vm)?;
        from = next;
    }
    Ok(List::from_buffer(vm, out)?.into_value())
}

/// `(before, separator, after)`, or the text with two empty strings on the side `from_right` tells.
pub fn partition(vm: &Vm, text: &Ref<Str>, sep: &Value, from_right: bool) -> Res {
    let sep = vm.expect_str_argument(sep)?;
    if sep.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    let at =
        if from_right { find::rfind_in(text, sep, 0, text.len()) } else { find::find_in(text, sep, 0, text.len()) };
    match at {
        Some(at) => {
            let parts = [
                vm.new_substr(text, 0, at)?.into_value(),
                vm.unchanged_value(sep)?,
                vm.new_substr(text, at + sep.len(), text.len())?.into_value(),
            ];
            Ok(Tuple::of_array(vm, parts)?.into_value())
        }
        None => {
            let (whole, empty) = (vm.unchanged_value(text)?, vm.empty_str()?.into_value());
            if from_right {
                vm.new_tuple(&[empty.clone(), empty, whole])
            } else {
                vm.new_tuple(&[whole, empty.clone(), empty])
            }
        }
    }
}
