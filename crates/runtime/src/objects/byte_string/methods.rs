//! The methods that `bytes` and `bytearray` have in common, written once: `byte_methods!(Bytes)` makes the table.
//! Documentation strings are CPython's.

use super::ByteString;
pub use super::Held;
use crate::objects::bytes::Bytes;
use crate::objects::str::Str;
use crate::objects::str::find;
use crate::payload::Downcast;
use crate::vm::{OrRaise, Res, Vm};
use crate::{List, Ref, Tuple, Value};
use ophi_heap::TryPush;

pub use super::args::{Fill, Like, any_affix, like, sought};
pub use super::{algorithms as a, hex, translate};
pub use crate::objects::str::case::{swap_ascii, title_ascii};
pub use crate::objects::str::methods::{bounds, limit};
pub use crate::objects::str::split::{words, words_from_right};

pub fn find_in(text: &[u8], sub: &[u8], start: usize, end: usize) -> Option<usize> {
    let end = end.min(text.len());
    if start > end {
        return None;
    }
    if sub.is_empty() {
        return Some(start);
    }
    find::find(&text[start..end], sub).map(|at| at + start)
}

pub fn rfind_in(text: &[u8], sub: &[u8], start: usize, end: usize) -> Option<usize> {
    let end = end.min(text.len());
    if start > end {
        return None;
    }
    if sub.is_empty() {
        return Some(end);
    }
    find::rfind(&text[start..end], sub).map(|at| at + start)
}

pub fn count_in(text: &[u8], sub: &[u8], start: usize, end: usize) -> usize {
    let end = end.min(text.len());
    if start > end {
        return 0;
    }
    if sub.is_empty() {
        return end - start + 1;
    }
    find::count(&text[start..end], sub, usize::MAX)
}

pub fn not_empty(vm: &Vm, sep: &[u8]) -> Res<()> {
    if sep.is_empty() {
        return Err(vm.value_error("empty separator"));
    }
    Ok(())
}

/// A changed copy, or the object itself when the bytes are the same.
pub fn result<T: ByteString>(vm: &Vm, this: &Ref<T>, out: Vec<u8>) -> Res {
    if this.with(|s| s.len() == out.len() && s == out) { T::unchanged(vm, this) } else { T::make(vm, &out) }
}

pub fn list_of_parts<T: ByteString>(vm: &Vm, this: &Ref<T>, parts: Vec<(usize, usize)>) -> Res {
    if let [(0, end)] = parts[..]
        && end == this.with(|s| s.len())
    {
        return Ok(List::from_vec(vm, vec![T::unchanged(vm, this)?])?.into_value());
    }
    // Making bytes runs no Python code.
    let mut items = ophi_heap::buffer_with_capacity(parts.len()).or_raise(vm)?;
    this.with(|text| {
        for (a, b) in parts {
            items.push(T::make(vm, &text[a..b])?);
        }
        Ok(())
    })?;
    Ok(List::from_buffer(vm, items)?.into_value())
}

/// The lines as a list.
pub fn lines_of<T: ByteString>(vm: &Vm, this: &Ref<T>, keep_ends: bool) -> Res {
    let mut items = ophi_heap::buffer_with_capacity(12).or_raise(vm)?;
    // Making bytes runs no Python code.
    let whole = this.with(|text| {
        let mut from = 0;
        while from < text.len() {
            // Short lines are usual: a plain loop finds the end of one sooner than a search is begun.
            let rest = &text[from..];
            let near = rest[..rest.len().min(24)].iter().position(|b| (*b == b'\n') | (*b == b'\r'));
            let len = near.or_else(|| memchr::memchr2(b'\n', b'\r', rest)).unwrap_or(rest.len());
            let broken = match rest[len..] {
                [b'\r', b'\n', ..] => 2,
                [_, ..] => 1,
                [] => 0,
            };
            let kept = if keep_ends { len + broken } else { len };
            if kept == text.len() {
                return Ok(true);
            }
            let line = T::make(vm, &rest[..kept])?;
            items.try_push(line).or_raise(vm)?;
            from += len + broken;
        }
        Ok(false)
    })?;
    if whole {
        return Ok(List::from_vec(vm, vec![T::unchanged(vm, this)?])?.into_value());
    }
    Ok(List::from_buffer(vm, items)?.into_value())
}

pub fn partition<T: ByteString>(
    vm: &Vm,
    this: &Ref<T>,
    text: &[u8],
    sep: &[u8],
    at: Option<usize>,
    from_right: bool,
) -> Res {
    let Some(at) = at else {
        let (whole, left, right) = (T::unchanged(vm, this)?, T::make(vm, b"")?, T::make(vm, b"")?);
        return if from_right { vm.new_tuple(&[left, right, whole]) } else { vm.new_tuple(&[whole, left, right]) };
    };
    vm.new_tuple(&[T::make(vm, &text[..at])?, T::make(vm, sep)?, T::make(vm, &text[at + sep.len()..])?])
}

/// Exact bytes objects in a list or tuple, several of them, joined at once; `None` for anything else.
pub fn join_plain(vm: &Vm, sep: &[u8], iterable: &Value) -> Option<Res> {
    if let Some(tuple) = iterable.exact::<Tuple>(vm) {
        return join_items(vm, sep, tuple.as_slice());
    }
    // Making bytes runs no Python code.
    iterable.exact::<List>(vm)?.items.with(|items| join_items(vm, sep, items))
}

fn join_items(vm: &Vm, sep: &[u8], items: &[Value]) -> Option<Res> {
    let [first, rest @ ..] = items else { return None };
    if rest.is_empty() {
        return None;
    }
    let mut total = first.exact::<Bytes>(vm)?.len();
    for item in rest {
        total = total.checked_add(sep.len())?.checked_add(item.exact::<Bytes>(vm)?.len())?;
    }
    let made = vm.new_exact_bytes(total, |mut out| {
        for (i, item) in items.iter().enumerate() {
            let Some(bytes) = item.exact::<Bytes>(vm) else { continue };
            for part in [if i > 0 { sep } else { b"" }, bytes.as_slice()] {
                let (to, after) = core::mem::take(&mut out).split_at_mut(part.len());
                crate::objects::str::copy_short(to, part);
                out = after;
            }
        }
    });
    Some(made.map(|made| made.into_value()))
}

/// The only item of a list or tuple when it is an exact bytes object: joining gives it back.
pub fn only_exact_bytes(vm: &Vm, iterable: &Value) -> Option<Value> {
    let only = match (iterable.exact::<Tuple>(vm), iterable.exact::<List>(vm)) {
        (Some(tuple), _) if tuple.len() == 1 => tuple.as_slice()[0].clone(),
        (_, Some(list)) if list.len() == 1 => list.get(0)?,
        _ => return None,
    };
    only.exact::<Bytes>(vm).is_some().then_some(only)
}

/// What is UTF-8 needs no codec where none is named; in development mode the names are looked at first.
#[inline]
pub fn decode_plain<T: ByteString>(vm: &Vm, this: &Ref<T>) -> Option<Res<Ref<Str>>> {
    if vm.interpreter().dev_mode.get() {
        return None;
    }
    // Making text runs no Python code.
    this.with(|bytes| crate::codecs::utf8::decode_valid(vm, bytes))
}

pub fn decode_own<T: ByteString>(
    vm: &Vm,
    this: &Ref<T>,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Res<Ref<Str>> {
    if let Some(bytes) = this.as_value().downcast::<Bytes>() {
        if vm.interpreter().dev_mode.get() {
            return crate::codecs::decode_bytes(vm, bytes.as_slice(), encoding, errors);
        }
        return match crate::codecs::builtin(encoding.unwrap_or("utf-8")) {
            Some(which) => crate::codecs::decode_builtin(
                vm,
                bytes.as_slice(),
                which,
                &mut crate::codecs::errors::Errors::named(errors),
            ),
            None => crate::codecs::decode_buffer(
                vm,
                this.as_value(),
                crate::objects::bytes::export(vm, this.as_value(), 0)?,
                encoding,
                errors,
            ),
        };
    }
    let bytes = this.with(|s| s.to_vec());
    crate::codecs::decode_bytes(vm, &bytes, encoding, errors)
}

/// Writes the table `SHARED` of methods for a [`ByteString`].
#[macro_export]
macro_rules! byte_methods {
    ($T:ty) => {
        #[$crate::methods(SHARED)]
        impl $T {
            #[method(doc = "How often sub occurs in B[start:end], without overlaps.", sig = "(sub, start=None, end=None, /)", text = "($self, sub[, start[, end]], /)")]
            fn count(vm: &Vm, this: &Ref<$T>, sub: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
                let _held = Held::new(this);
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                let sub = sought(vm, sub)?;
                Ok(this.with(|s| count_in(s, &sub, start, end)))
            }

            #[method(doc = "Where sub occurs first in B[start:end]; -1 if it does not.", sig = "(sub, start=None, end=None, /)", text = "($self, sub[, start[, end]], /)")]
            fn find(vm: &Vm, this: &Ref<$T>, sub: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<isize> {
                let _held = Held::new(this);
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                let sub = sought(vm, sub)?;
                Ok(this.with(|s| find_in(s, &sub, start, end)).map_or(-1, |at| at as isize))
            }

            #[method(doc = "Where sub occurs last in B[start:end]; -1 if it does not.", sig = "(sub, start=None, end=None, /)", text = "($self, sub[, start[, end]], /)")]
            fn rfind(vm: &Vm, this: &Ref<$T>, sub: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<isize> {
                let _held = Held::new(this);
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                let sub = sought(vm, sub)?;
                Ok(this.with(|s| rfind_in(s, &sub, start, end)).map_or(-1, |at| at as isize))
            }

            #[method(doc = "Where sub occurs first in B[start:end]; ValueError if it does not.", sig = "(sub, start=None, end=None, /)", text = "($self, sub[, start[, end]], /)")]
            fn index(vm: &Vm, this: &Ref<$T>, sub: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
                let _held = Held::new(this);
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                let sub = sought(vm, sub)?;
                this.with(|s| find_in(s, &sub, start, end)).ok_or_else(|| vm.value_error("subsection not found"))
            }

            #[method(doc = "Where sub occurs last in B[start:end]; ValueError if it does not.", sig = "(sub, start=None, end=None, /)", text = "($self, sub[, start[, end]], /)")]
            fn rindex(vm: &Vm, this: &Ref<$T>, sub: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<usize> {
                let _held = Held::new(this);
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                let sub = sought(vm, sub)?;
                this.with(|s| rfind_in(s, &sub, start, end)).ok_or_else(|| vm.value_error("subsection not found"))
            }

            #[method(doc = "A copy with each old replaced by new, the first count of them only, if that is not negative.", sig = "(old, new, count=-1, /)")]
            fn replace(vm: &Vm, this: &Ref<$T>, old: Like, new: Like, count: isize) -> Res {
                match this.with(|s| a::replace::<$T>(vm, s, &old, &new, limit(count)))? {
                    Some(made) => Ok(made),
                    None => <$T as ByteString>::unchanged(vm, this),
                }
            }

            #[method(doc = "The parts between separators as a list; with maxsplit, separated at the first so many places only.\n\nNone separates at runs of ASCII white space, and drops empty parts.", sig = "(sep=None, maxsplit=-1)")]
            fn split(vm: &Vm, this: &Ref<$T>, sep: Option<&Value>, maxsplit: isize) -> Res {
                let held = Held::new(this);
                let sep = sep.filter(|s| !s.is_none()).map(|s| like(vm, s)).transpose()?;
                let parts = match &sep {
                    None => this.with(|s| words(vm, s, limit(maxsplit), a::is_space))?,
                    Some(sep) => {
                        not_empty(vm, sep)?;
                        this.with(|s| a::split(vm, s, sep, limit(maxsplit)))?
                    }
                };
                drop(held);
                list_of_parts(vm, this, parts)
            }

            #[method(doc = "The parts between separators as a list, separated from the right; with maxsplit, at so many places only.\n\nNone separates at runs of ASCII white space, and drops empty parts.", sig = "(sep=None, maxsplit=-1)")]
            fn rsplit(vm: &Vm, this: &Ref<$T>, sep: Option<&Value>, maxsplit: isize) -> Res {
                let held = Held::new(this);
                let sep = sep.filter(|s| !s.is_none()).map(|s| like(vm, s)).transpose()?;
                let parts = match &sep {
                    None => {
                        let mut parts = this.with(|s| words_from_right(vm, s, limit(maxsplit), a::is_space))?;
                        parts.reverse();
                        parts
                    }
                    Some(sep) => {
                        not_empty(vm, sep)?;
                        this.with(|s| a::split_from_right(vm, s, sep, limit(maxsplit)))?
                    }
                };
                drop(held);
                list_of_parts(vm, this, parts)
            }

            #[method(doc = "The lines as a list, with their ends only when keepends is true.", sig = "(keepends=False)")]
            fn splitlines(vm: &Vm, this: &Ref<$T>, keepends: bool) -> Res {
                lines_of(vm, this, keepends)
            }

            #[method(doc = "The items of an iterable one after the other, with this between them.", sig = "(iterable_of_bytes, /)")]
            fn join(vm: &Vm, this: &Ref<$T>, iterable_of_bytes: &Value) -> Res {
                if <$T>::NAME == "bytes" && let Some(joined) = this.with(|sep| join_plain(vm, sep, iterable_of_bytes)) {
                    return joined;
                }
                let sep = this.with(|s| s.to_vec());
                // The separator keeps its size while the items are fetched.
                let _exported = match vm.class(this.as_value()).slots().buffer {
                    Some(export) if <$T>::NAME != "bytes" => Some(export(vm, this.as_value(), 0)?),
                    _ => None,
                };
                if <$T>::NAME == "bytes" && let Some(only) = only_exact_bytes(vm, iterable_of_bytes) {
                    return Ok(only);
                }
                <$T>::make(vm, &translate::join(vm, &sep, iterable_of_bytes)?)
            }

            #[method(doc = "A tuple of three: what stands before the first sep, sep, and what follows. Without sep in it: everything and two empty ones.", sig = "(sep, /)")]
            fn partition(vm: &Vm, this: &Ref<$T>, sep: Like) -> Res {
                not_empty(vm, &sep)?;
                let text = this.with(|s| s.to_vec());
                partition::<$T>(vm, this, &text, &sep, find_in(&text, &sep, 0, text.len()), false)
            }

            #[method(doc = "A tuple of three: what stands before the last sep, sep, and what follows. Without sep in it: two empty ones and everything.", sig = "(sep, /)")]
            fn rpartition(vm: &Vm, this: &Ref<$T>, sep: Like) -> Res {
                not_empty(vm, &sep)?;
                let text = this.with(|s| s.to_vec());
                partition::<$T>(vm, this, &text, &sep, rfind_in(&text, &sep, 0, text.len()), true)
            }

            #[method(doc = "Does B[start:end] begin with the prefix, or with one of a tuple of prefixes?", sig = "(prefix, start=None, end=None, /)", text = "($self, prefix[, start[, end]], /)")]
            fn startswith(vm: &Vm, this: &Ref<$T>, prefix: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<bool> {
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                any_affix(vm, "startswith", prefix, |part| this.with(|s| start <= end && s[start.min(s.len())..end.min(s.len())].starts_with(part) && start <= s.len()))
            }

            #[method(doc = "Does B[start:end] end with the suffix, or with one of a tuple of suffixes?", sig = "(suffix, start=None, end=None, /)", text = "($self, suffix[, start[, end]], /)")]
            fn endswith(vm: &Vm, this: &Ref<$T>, suffix: &Value, start: Option<&Value>, end: Option<&Value>) -> Res<bool> {
                let (start, end) = bounds(vm, start, end, this.with(|s| s.len()))?;
                any_affix(vm, "endswith", suffix, |part| this.with(|s| start <= end && s[start.min(s.len())..end.min(s.len())].ends_with(part) && start <= s.len()))
            }

            #[method(doc = "Without the prefix, if it begins with it.", sig = "(prefix, /)")]
            fn removeprefix(vm: &Vm, this: &Ref<$T>, prefix: Like) -> Res {
                match this.with(|s| s.strip_prefix(&*prefix).filter(|_| !prefix.is_empty()).map(<[u8]>::to_vec)) {
                    Some(rest) => <$T>::make(vm, &rest),
                    None => <$T as ByteString>::unchanged(vm, this),
                }
            }

            #[method(doc = "Without the suffix, if it ends with it.", sig = "(suffix, /)")]
            fn removesuffix(vm: &Vm, this: &Ref<$T>, suffix: Like) -> Res {
                match this.with(|s| s.strip_suffix(&*suffix).filter(|_| !suffix.is_empty()).map(<[u8]>::to_vec)) {
                    Some(rest) => <$T>::make(vm, &rest),
                    None => <$T as ByteString>::unchanged(vm, this),
                }
            }

            #[method(doc = "The text that the bytes encode.\n\nerrors names what happens to bytes that mean nothing: 'strict' raises UnicodeDecodeError, others are 'ignore',\n'replace' and whatever codecs.register_error() knows.", sig = "(encoding='utf-8', errors='strict')")]
            fn decode(vm: &Vm, this: &Ref<$T>, encoding: Option<&Ref<Str>>, errors: Option<&Ref<Str>>) -> Res<Ref<Str>> {
                if let (None, None) = (encoding, errors)
                    && let Some(text) = decode_plain(vm, this)
                {
                    return text;
                }
                let (encoding, errors) = ($crate::codecs::c_name(vm, encoding)?, $crate::codecs::c_name(vm, errors)?);
                decode_own(vm, this, encoding.as_deref(), errors.as_deref())
            }

            #[method(doc = "Hexadecimal digits, two for each byte.\n\nsep, if given, stands between groups of bytes_per_sep bytes, counted from the right, or for a negative\nnumber from the left.\n\n>>> b'\\x01\\xfe'.hex()\n'01fe'\n>>> b'\\x01\\xfe'.hex(':')\n'01:fe'", sig = "(sep=<unrepresentable>, bytes_per_sep=1)")]
            fn hex(vm: &Vm, this: &Ref<$T>, sep: Option<&Value>, bytes_per_sep: i32) -> Res<Ref<Str>> {
                let _held = Held::new(this);
                let bytes = this.with(|s| s.to_vec());
                hex::hex_text(vm, &bytes, sep, bytes_per_sep as i64)
            }

            #[method(doc = "Put it in the middle of so many bytes, filled up with fillchar.", sig = "(width, fillchar=b' ', /)")]
            fn center(vm: &Vm, this: &Ref<$T>, width: isize, fillchar: Option<Fill>) -> Res {
                let out = this.with(|s| {
                    let missing = (width.max(0) as usize).saturating_sub(s.len());
                    let left = missing / 2 + (missing & width as usize & 1);
                    a::padded::<$T>(vm, s, left, missing - left, fillchar.map_or(b' ', |f| f.0))
                })?;
                result::<$T>(vm, this, out)
            }

            #[method(doc = "Fill up with fillchar on the right, to so many bytes.", sig = "(width, fillchar=b' ', /)")]
            fn ljust(vm: &Vm, this: &Ref<$T>, width: isize, fillchar: Option<Fill>) -> Res {
                let out = this.with(|s| {
                    a::padded::<$T>(vm, s, 0, (width.max(0) as usize).saturating_sub(s.len()), fillchar.map_or(b' ', |f| f.0))
                })?;
                result::<$T>(vm, this, out)
            }

            #[method(doc = "Fill up with fillchar on the left, to so many bytes.", sig = "(width, fillchar=b' ', /)")]
            fn rjust(vm: &Vm, this: &Ref<$T>, width: isize, fillchar: Option<Fill>) -> Res {
                let out = this.with(|s| {
                    a::padded::<$T>(vm, s, (width.max(0) as usize).saturating_sub(s.len()), 0, fillchar.map_or(b' ', |f| f.0))
                })?;
                result::<$T>(vm, this, out)
            }

            #[method(doc = "Fill up with zeros on the left, behind a sign, to this width.", sig = "(width, /)")]
            fn zfill(vm: &Vm, this: &Ref<$T>, width: isize) -> Res {
                let out = this.with(|s| a::zero_filled::<$T>(vm, s, width.max(0) as usize))?;
                result::<$T>(vm, this, out)
            }

            #[method(doc = "Tabs replaced by spaces, up to the next column that tabsize divides.", sig = "(tabsize=8)")]
            fn expandtabs(vm: &Vm, this: &Ref<$T>, tabsize: i32) -> Res {
                let out = this.with(|s| a::expand_tabs(vm, s, tabsize.max(0) as usize))?;
                result::<$T>(vm, this, out)
            }

            #[method(doc = "Each byte replaced by the one at its place in the table of 256; bytes in delete are left out. A table of None\nreplaces nothing.", sig = "(table, /, delete=b'')")]
            fn translate(vm: &Vm, this: &Ref<$T>, table: &Value, delete: Option<&Value>) -> Res {
                let table = if table.is_none() { None } else { Some(like(vm, table)?) };
                if table.as_ref().is_some_and(|t| t.len() != 256) {
                    return Err(vm.value_error("translation table must be 256 characters long"));
                }
                let deleted = delete.map(|d| like(vm, d)).transpose()?;
                let deleted = deleted.as_ref().map_or(&[][..], |d| d);
                vm.check_room(this.with(|s| s.len()).saturating_mul(2))?;
                match this.with(|s| translate::translate(s, table.as_deref(), deleted)) {
                    Some(out) => <$T>::make(vm, &out),
                    None => <$T as ByteString>::unchanged(vm, this),
                }
            }

            #[method(doc = "Without the bytes at both ends that occur in the argument, or without ASCII white space there.", sig = "(bytes=None, /)")]
            fn strip(vm: &Vm, this: &Ref<$T>, bytes: Option<Like>) -> Res {
                let (from, to, len) = this.with(|s| {
                    let (from, to) = a::strip(s, bytes.as_deref(), true, true);
                    (from, to, s.len())
                });
                if from == 0 && to == len {
                    return <$T as ByteString>::unchanged(vm, this);
                }
                // Making bytes runs no Python code.
                this.with(|s| <$T>::make(vm, &s[from..to]))
            }

            #[method(doc = "Without the leading bytes that occur in the argument, or without leading ASCII white space.", sig = "(bytes=None, /)")]
            fn lstrip(vm: &Vm, this: &Ref<$T>, bytes: Option<Like>) -> Res {
                let (from, to, len) = this.with(|s| {
                    let (from, to) = a::strip(s, bytes.as_deref(), true, false);
                    (from, to, s.len())
                });
                if from == 0 && to == len {
                    return <$T as ByteString>::unchanged(vm, this);
                }
                // Making bytes runs no Python code.
                this.with(|s| <$T>::make(vm, &s[from..to]))
            }

            #[method(doc = "Without the trailing bytes that occur in the argument, or without trailing ASCII white space.", sig = "(bytes=None, /)")]
            fn rstrip(vm: &Vm, this: &Ref<$T>, bytes: Option<Like>) -> Res {
                let (from, to, len) = this.with(|s| {
                    let (from, to) = a::strip(s, bytes.as_deref(), false, true);
                    (from, to, s.len())
                });
                if from == 0 && to == len {
                    return <$T as ByteString>::unchanged(vm, this);
                }
                // Making bytes runs no Python code.
                this.with(|s| <$T>::make(vm, &s[from..to]))
            }

            #[method(doc = "B.lower() -> copy of B\n\nLarge ASCII letters made small.", sig = "()")]
            fn lower(vm: &Vm, this: &Ref<$T>) -> Res {
                this.with(|s| <$T>::make_with(vm, s.len(), |out| {
                    out.copy_from_slice(s);
                    out.make_ascii_lowercase()
                }))
            }

            #[method(doc = "B.upper() -> copy of B\n\nSmall ASCII letters made large.", sig = "()")]
            fn upper(vm: &Vm, this: &Ref<$T>) -> Res {
                this.with(|s| <$T>::make_with(vm, s.len(), |out| {
                    out.copy_from_slice(s);
                    out.make_ascii_uppercase()
                }))
            }

            #[method(doc = "B.swapcase() -> copy of B\n\nSmall ASCII letters made large and large ones small.", sig = "()")]
            fn swapcase(vm: &Vm, this: &Ref<$T>) -> Res {
                this.with(|s| <$T>::make_with(vm, s.len(), |out| {
                    out.copy_from_slice(s);
                    swap_ascii(out)
                }))
            }

            #[method(doc = "B.title() -> copy of B\n\nEach word begins with a large ASCII letter and goes on in small ones.", sig = "()")]
            fn title(vm: &Vm, this: &Ref<$T>) -> Res {
                this.with(|s| <$T>::make_with(vm, s.len(), |out| {
                    out.copy_from_slice(s);
                    title_ascii(out)
                }))
            }

            #[method(doc = "B.capitalize() -> copy of B\n\nThe first ASCII letter large, the others small.", sig = "()")]
            fn capitalize(vm: &Vm, this: &Ref<$T>) -> Res {
                // The copy to work on, and the object.
                vm.check_room(this.with(|s| s.len()).saturating_mul(2))?;
                let mut out = this.with(|s| s.to_vec());
                {
                    out.make_ascii_lowercase();
                    if let Some(first) = out.first_mut() {
                        first.make_ascii_uppercase();
                    }
                };
                <$T>::make(vm, &out)
            }

            #[method(doc = "B.isalnum() -> bool\n\nIs B not empty, and of ASCII letters and digits only?", sig = "()")]
            fn isalnum(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::all(s, u8::is_ascii_alphanumeric))
            }

            #[method(doc = "B.isalpha() -> bool\n\nIs B not empty, and of ASCII letters only?", sig = "()")]
            fn isalpha(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::all(s, u8::is_ascii_alphabetic))
            }

            #[method(doc = "B.isascii() -> bool\n\nAre all bytes below 128? None is above in an empty B.", sig = "()")]
            fn isascii(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| s.is_ascii())
            }

            #[method(doc = "B.isdigit() -> bool\n\nIs B not empty, and of ASCII digits only?", sig = "()")]
            fn isdigit(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::all(s, u8::is_ascii_digit))
            }

            #[method(doc = "B.islower() -> bool\n\nHas B small ASCII letters and no large ones?", sig = "()")]
            fn islower(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::cased(s, u8::is_ascii_lowercase, u8::is_ascii_uppercase))
            }

            #[method(doc = "B.isspace() -> bool\n\nIs B not empty, and of ASCII white space only?", sig = "()")]
            fn isspace(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::all(s, |b| a::is_space(*b)))
            }

            #[method(doc = "B.istitle() -> bool\n\nDoes every word begin with a large ASCII letter and go on in small ones? There must be a letter.", sig = "()")]
            fn istitle(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::is_title(s))
            }

            #[method(doc = "B.isupper() -> bool\n\nHas B large ASCII letters and no small ones?", sig = "()")]
            fn isupper(_: &Vm, this: &Ref<$T>) -> bool {
                this.with(|s| a::cased(s, u8::is_ascii_uppercase, u8::is_ascii_lowercase))
            }

            #[function(doc = "Return a translation table usable for the bytes or bytearray translate method.\n\nThe returned table will be one where each byte in frm is mapped to\nthe byte at the same position in to.\n\nThe bytes objects frm and to must be of the same length.", sig = "(frm, to, /)")]
            fn maketrans(vm: &Vm, frm: Like, to: Like) -> Res {
                translate::maketrans(vm, &frm, &to)
            }
        }
    };
}
