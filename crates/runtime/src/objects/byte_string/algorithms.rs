//! Searching, cutting and changing byte slices.

use crate::Value;
use crate::objects::byte_string::ByteString;
use crate::objects::str::copy_short;
use crate::objects::str::find::{find_all, rfind};
use crate::vm::{Res, Vm};

pub fn is_space(b: u8) -> bool {
    matches!(b, 9..=13 | 32)
}

/// Ranges between separators, from the left.
pub fn split(vm: &Vm, text: &[u8], sep: &[u8], max: usize) -> Res<Vec<(usize, usize)>> {
    if vm.heap().is_limited() {
        let mut count = 0usize;
        find_all(text, sep, max, |_| count += 1);
        vm.check_room(count.saturating_mul(2 * size_of::<(usize, usize)>()))?;
    }
    let mut out = Vec::new();
    let mut from = 0;
    find_all(text, sep, max, |at| {
        out.push((from, at));
        from = at + sep.len();
    });
    out.push((from, text.len()));
    Ok(out)
}

/// Ranges between separators, cut from the right, in order.
pub fn split_from_right(vm: &Vm, text: &[u8], sep: &[u8], max: usize) -> Res<Vec<(usize, usize)>> {
    let mut out = Vec::new();
    let mut end = text.len();
    while out.len() < max
        && let Some(at) = rfind(&text[..end], sep)
    {
        vm.push_within_limit(&mut out, (at + sep.len(), end))?;
        end = at;
    }
    out.push((0, end));
    out.reverse();
    Ok(out)
}

/// At most `max` occurrences of `old` become `new`; `None` when there is none.
pub fn replace<T: ByteString>(vm: &Vm, text: &[u8], old: &[u8], new: &[u8], max: usize) -> Res<Option<Value>> {
    if max == 0 || old.len() > text.len() {
        return Ok(None);
    }
    if let ([old], [new]) = (old, new)
        && max >= text.len()
    {
        if memchr::memchr(*old, text).is_none() {
            return Ok(None);
        }
        let (old, new) = (*old, *new);
        return T::make_with(vm, text.len(), |out| {
            out.iter_mut().zip(text).for_each(|(to, b)| *to = if *b == old { new } else { *b })
        })
        .map(Some);
    }
    let mut cuts = Vec::new();
    if old.is_empty() {
        cuts.extend((0..=text.len()).take(max));
    } else {
        find_all(text, old, max, |at| cuts.push(at));
    }
    if cuts.is_empty() {
        return Ok(None);
    }
    let total = cuts.len().checked_mul(new.len()).and_then(|n| n.checked_add(text.len() - cuts.len() * old.len()));
    let Some(total) = total.filter(|t| *t <= isize::MAX as usize) else {
        return Err(vm.overflow_error("replace bytes is too long"));
    };
    let fill = |mut out: &mut [u8]| {
        let mut put = |part: &[u8]| {
            let (to, rest) = core::mem::take(&mut out).split_at_mut(part.len());
            copy_short(to, part);
            out = rest;
        };
        let mut from = 0;
        for at in cuts {
            put(&text[from..at]);
            put(new);
            from = at + old.len();
        }
        put(&text[from..]);
    };
    T::make_with(vm, total, fill).map(Some)
}

/// The range left after taking bytes off the sides.
pub fn strip(text: &[u8], chars: Option<&[u8]>, left: bool, right: bool) -> (usize, usize) {
    let inside = |b: u8| match chars {
        None => is_space(b),
        Some(set) => set.contains(&b),
    };
    let (mut a, mut b) = (0, text.len());
    if left {
        while a < b && inside(text[a]) {
            a += 1;
        }
    }
    if right {
        while b > a && inside(text[b - 1]) {
            b -= 1;
        }
    }
    (a, b)
}

pub fn expand_tabs(vm: &Vm, text: &[u8], size: usize) -> Res<Vec<u8>> {
    let tabs = memchr::memchr_iter(b'\t', text).count();
    let Some(bound) = tabs.checked_mul(size).and_then(|n| n.checked_add(text.len())) else {
        return Err(vm.overflow_error("result too long"));
    };
    if bound > isize::MAX as usize {
        return Err(vm.overflow_error("result too long"));
    }
    vm.check_room(bound)?;
    let mut out = Vec::with_capacity(text.len());
    let mut column = 0;
    for &b in text {
        match b {
            b'\t' => {
                let n = if size > 0 { size - column % size } else { 0 };
                out.resize(out.len() + n, b' ');
                column += n;
            }
            _ => {
                out.push(b);
                column = if matches!(b, b'\n' | b'\r') { 0 } else { column + 1 };
            }
        }
    }
    Ok(out)
}

pub fn padded<T: ByteString>(vm: &Vm, text: &[u8], left: usize, right: usize, fill: u8) -> Res<Vec<u8>> {
    let Some(total) = left.checked_add(right).and_then(|n| n.checked_add(text.len())) else {
        return Err(vm.no_memory());
    };
    if total > T::LONGEST {
        return Err(vm.overflow_error("byte string is too large"));
    }
    vm.check_room(total)?;
    let mut out = Vec::with_capacity(total);
    out.resize(left, fill);
    out.extend_from_slice(text);
    out.resize(total, fill);
    Ok(out)
}

pub fn zero_filled<T: ByteString>(vm: &Vm, text: &[u8], width: usize) -> Res<Vec<u8>> {
    let mut out = padded::<T>(vm, text, width.saturating_sub(text.len()), 0, b'0')?;
    let missing = out.len() - text.len();
    if missing > 0 && matches!(text.first(), Some(b'+' | b'-')) {
        out.swap(0, missing);
    }
    Ok(out)
}

/// `istitle` of ASCII.
pub fn is_title(text: &[u8]) -> bool {
    let (mut any, mut inside) = (false, false);
    for b in text {
        if b.is_ascii_uppercase() {
            if inside {
                return false;
            }
            (inside, any) = (true, true);
        } else if b.is_ascii_lowercase() {
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

/// All of `text` pass and there is some.
pub fn all(text: &[u8], test: impl Fn(&u8) -> bool) -> bool {
    !text.is_empty() && text.iter().all(test)
}

/// `islower`, `isupper`: some of the one case, none of the other.
pub fn cased(text: &[u8], wanted: impl Fn(&u8) -> bool, forbidden: impl Fn(&u8) -> bool) -> bool {
    text.iter().any(wanted) && !text.iter().any(forbidden)
}
