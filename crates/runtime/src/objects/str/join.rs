//! `join` and `replace`: one pass to measure, one to copy.

use super::build::{Units, copy_units};
use super::{Str, find};
use crate::objects::list::List;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};

pub fn join(vm: &Vm, sep: &Ref<Str>, iterable: &Value) -> Res {
    if let Some(tuple) = iterable.exact::<Tuple>(vm) {
        return join_items(vm, sep, tuple.as_slice());
    }
    let items = match iterable.exact::<List>(vm) {
        // Nothing that joining does can change the list, unless an item is no str.
        Some(list) => return list.items.with(|items| join_items(vm, sep, items)),
        None => vm.collect_or(iterable, || "can only join an iterable".into())?,
    };
    join_items(vm, sep, &items)
}

/// The items, all str, with `sep` between them.
pub fn join_items(vm: &Vm, sep: &Ref<Str>, items: &[Value]) -> Res {
    if items.is_empty() {
        return Ok(vm.empty_str()?.into_value());
    }
    if let [only] = items
        && only.exact::<Str>(vm).is_some()
    {
        return Ok(only.clone());
    }
    let mut total = sep.len().checked_mul(items.len() - 1);
    let mut kind = if items.len() > 1 { sep.kind() } else { super::Kind::Ascii };
    for (i, item) in items.iter().enumerate() {
        let Some(text) = item.downcast::<Str>() else {
            return Err(
                vm.type_error(format!("sequence item {i}: expected str instance, {} found", vm.type_name(item)))
            );
        };
        total = total.and_then(|t| t.checked_add(text.len()));
        kind = kind.max(text.kind());
    }
    let Some(total) = total.filter(|t| *t <= isize::MAX as usize) else {
        return Err(vm.overflow_error("join() result is too long for a Python string"));
    };
    let joined = vm.new_str_with(kind, total, |out| {
        if kind.width() == 1 {
            return join_bytes(out, sep.raw(), items);
        }
        let mut at = 0;
        for (i, item) in items.iter().enumerate() {
            if i > 0 {
                copy_units(out, kind, at, sep.data());
                at += sep.len();
            }
            if let Some(text) = item.downcast::<Str>() {
                copy_units(out, kind, at, text.data());
                at += text.len();
            }
        }
    })?;
    Ok(joined.into_value())
}

/// As [`join_items`] does it for text of one byte a character; `out` has just the room.
pub fn join_bytes(mut out: &mut [u8], sep: &[u8], items: &[Value]) {
    for (i, item) in items.iter().enumerate() {
        let Some(text) = item.downcast::<Str>() else { continue };
        let parts = [if i > 0 { sep } else { b"" }, text.raw()];
        for part in parts {
            let (to, rest) = core::mem::take(&mut out).split_at_mut(part.len());
            match part {
                [one] => to[0] = *one,
                _ => super::copy_short(to, part),
            }
            out = rest;
        }
    }
}

/// At most `max` occurrences of `old` become `new`.
pub fn replace(vm: &Vm, text: &Ref<Str>, old: &Str, new: &Str, max: usize) -> Res {
    if max == 0 || old.len() > text.len() || old.kind() > text.kind() || old.equals(new) {
        return vm.unchanged_value(text);
    }
    if old.len() == 1 && new.len() == 1 && max >= text.len() {
        return replace_unit(vm, text, old.at(0), new.at(0));
    }
    if vm.heap().is_limited() {
        // Counted first: the places may take more than the text.
        let count = if old.is_empty() { text.len() } else { find::count_in(text, old, 0, text.len()) };
        vm.check_room(count.min(max).saturating_mul(2 * size_of::<usize>()))?;
    }
    let cuts: Vec<usize> =
        if old.is_empty() { (0..=text.len()).take(max).collect() } else { find::positions(text, old, max) };
    if cuts.is_empty() {
        return vm.unchanged_value(text);
    }
    let removed = cuts.len() * old.len();
    let Some(total) = cuts.len().checked_mul(new.len()).and_then(|n| n.checked_add(text.len() - removed)) else {
        return Err(vm.overflow_error("replace string is too long"));
    };
    if total > isize::MAX as usize {
        return Err(vm.overflow_error("replace string is too long"));
    }
    if total == 0 {
        return Ok(vm.empty_str()?.into_value());
    }
    let kind = text.kind().max(new.kind());
    let each = |push: &mut dyn FnMut(super::Data<'_>)| {
        let mut from = 0;
        for &at in &cuts {
            push(text.data().part(from, at));
            push(new.data());
            from = at + old.len();
        }
        push(text.data().part(from, text.len()));
    };
    if kind == super::Kind::Ascii
        || (kind == new.kind() && !new.is_empty())
        || (kind == text.kind() && old.kind() < kind)
    {
        // The result surely needs the kind: copied straight to its place.
        let made = vm.new_str_with(kind, total, |out| {
            let mut at = 0;
            each(&mut |data| {
                copy_units(out, kind, at, data);
                at += data.len();
            });
        })?;
        return Ok(made.into_value());
    }
    // The units, and the string made of them.
    vm.check_room((total * kind.width()).saturating_mul(2))?;
    let mut units = Units::new(kind, total);
    each(&mut |data| units.push_data(data));
    Ok(units.finish(vm)?.into_value())
}

/// Every `old` becomes `new`, one character for one: no place need be remembered.
fn replace_unit(vm: &Vm, text: &Ref<Str>, old: u32, new: u32) -> Res {
    fn changed<U: find::Unit>(units: &[U], old: u32, new: u32) -> impl Iterator<Item = u32> + '_ {
        units.iter().map(move |u| if (*u).into() == old { new } else { (*u).into() })
    }
    let made = crate::with_units!(text.data(), |units| {
        if find::position(units, old).is_none() {
            return vm.unchanged_value(text);
        }
        let kind = if text.is_ascii() && new < 128 {
            super::Kind::Ascii
        } else {
            super::Kind::for_max(changed(units, old, new).fold(0, |all, c| all | c))
        };
        vm.new_str_from(kind, units.len(), changed(units, old, new))
    })?;
    Ok(made.into_value())
}

pub fn expand_tabs(vm: &Vm, text: &Ref<Str>, size: usize) -> Res {
    let mut total = 0usize;
    let mut column = 0usize;
    let mut any = false;
    let narrow = match text.data() {
        super::Data::Ascii(d) | super::Data::Latin1(d) => d,
        _ => &[],
    };
    let wide = (narrow.len()..text.len()).map(|i| text.at(i));
    for c in narrow.iter().map(|b| *b as u32).chain(wide) {
        let n = match c {
            9 => {
                any = true;
                if size > 0 { size - column % size } else { 0 }
            }
            _ => 1,
        };
        total = match total.checked_add(n).filter(|t| *t <= isize::MAX as usize) {
            Some(t) => t,
            None => return Err(vm.overflow_error("new string is too long")),
        };
        column = if matches!(c, 10 | 13) { 0 } else { column + n };
    }
    if !any {
        return vm.unchanged_value(text);
    }
    vm.check_room((total * text.kind().width()).saturating_mul(2))?;
    if let super::Data::Ascii(d) | super::Data::Latin1(d) = text.data() {
        let made = vm.new_str_with(text.kind(), total, |out| {
            let (mut at, mut line) = (0, 0);
            for &c in d {
                if c == 9 {
                    let n = if size > 0 { size - (at - line) % size } else { 0 };
                    out[at..at + n].fill(b' ');
                    at += n;
                } else {
                    out[at] = c;
                    at += 1;
                    if matches!(c, 10 | 13) {
                        line = at;
                    }
                }
            }
        })?;
        return Ok(made.into_value());
    }
    let mut out = Units::new(text.kind(), total);
    column = 0;
    for c in text.code_points() {
        if c == 9 {
            let n = if size > 0 { size - column % size } else { 0 };
            (0..n).for_each(|_| out.push_char(32));
            column += n;
        } else {
            out.push_char(c);
            column = if matches!(c, 10 | 13) { 0 } else { column + 1 };
        }
    }
    Ok(out.finish(vm)?.into_value())
}

/// The text with `left` and `right` fill characters around it.
pub fn padded(vm: &Vm, text: &Ref<Str>, left: usize, right: usize, fill: u32) -> Res {
    if left == 0 && right == 0 {
        return vm.unchanged_value(text);
    }
    let total = left.checked_add(right).and_then(|n| n.checked_add(text.len()));
    let Some(total) = total.filter(|t| *t <= isize::MAX as usize) else {
        return Err(vm.overflow_error("padded string is too long"));
    };
    if let (super::Data::Ascii(d), 0..128) = (text.data(), fill) {
        let made = vm.new_str_with(super::Kind::Ascii, total, |out| {
            let (before, rest) = out.split_at_mut(left);
            let (own, after) = rest.split_at_mut(d.len());
            before.fill(fill as u8);
            super::copy_short(own, d);
            after.fill(fill as u8);
        })?;
        return Ok(made.into_value());
    }
    let kind = text.kind().max(super::Kind::for_max(fill));
    let width = kind.width();
    let unit = fill.to_ne_bytes();
    let unit: &[u8] = match width {
        1 => &[fill as u8],
        2 => &(fill as u16).to_ne_bytes(),
        _ => &unit,
    };
    let made = vm.new_str_with(kind, total, |out| {
        super::slots::fill_repeated(&mut out[..left * width], unit);
        copy_units(out, kind, left, text.data());
        let after = (left + text.len()) * width;
        super::slots::fill_repeated(&mut out[after..], unit);
    })?;
    Ok(made.into_value())
}
