//! The operations of `bytearray`.

use super::ByteArray;
use crate::native::receiver;
use crate::objects::buffer::Exported;
use crate::objects::byte_string::{ByteString, Held, args, decode, quoted, repeated_len};
use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::objects::slice::Slice;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, TypeRef, Value};

/// `str(bytearray)`: the repr, and a warning under `-b`.
pub fn str(vm: &Vm, this: &Value) -> Res {
    super::super::byte_string::warn_text(vm, "str() on a bytearray instance")?;
    repr(vm, this)
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let own = receiver::<ByteArray>(vm, this, "__repr__")?;
    let name = vm.class(this).name();
    vm.check_room(own.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(own.len() + name.len() + 5);
    out.extend_from_slice(name.as_bytes());
    out.push(b'(');
    own.with(|s| quoted(s, true, &mut out));
    out.push(b')');
    match core::str::from_utf8(&out) {
        Ok(text) => Ok(vm.new_str(text)?.into_value()),
        Err(_) => Ok(vm.new_latin1(&out)?.into_value()),
    }
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(receiver::<ByteArray>(vm, this, "__len__")?.len())
}

pub fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, ByteArray::empty())?.into_value())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let own = receiver::<ByteArray>(vm, this, "__init__")?;
    let bound = decode::arguments(vm, "bytearray", args)?;
    if !own.is_empty() {
        own.splice(vm, 0, own.len(), b"")?;
    }
    if let Some(encoded) = decode::encoded(vm, "bytearray", bound)? {
        let bytes = args::like(vm, &encoded)?;
        return own.splice(vm, 0, 0, &bytes);
    }
    let Some(source) = bound[0] else { return Ok(()) };
    if let Some(bytes) = source.exact::<Bytes>(vm) {
        return own.splice(vm, 0, own.len(), bytes.as_slice());
    }
    if let Some(n) = decode::count(vm, source)? {
        vm.check_room(n)?;
        return own.splice(vm, 0, 0, &vec![0; n]);
    }
    let slots = vm.class(source).slots();
    let by_item = slots.buffer.is_none()
        && slots.iter.is_some()
        && !source.is_a::<crate::Str>()
        && source.exact::<crate::List>(vm).is_none()
        && source.exact::<crate::Tuple>(vm).is_none();
    if !by_item {
        let bytes = decode::from_object(vm, source, "bytearray")?;
        return own.splice(vm, 0, own.len(), &bytes);
    }
    // An iterator sees the array grow.
    let words = || format!("cannot convert '{}' object to bytearray", vm.type_name(source));
    let iterator = vm.iter_or(source, words)?;
    while let Some(item) = vm.next(&iterator)? {
        let b = decode::byte(vm, &item, "bytearray")?;
        let n = own.len();
        own.splice(vm, n, n, &[b])?;
    }
    Ok(())
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let own = receiver::<ByteArray>(vm, this, "__setitem__")?;
    if let Some(slice) = key.downcast::<Slice>() {
        return set_slice(vm, this, slice, value);
    }
    if int::view(key).is_none() && vm.class(key).slots().index.is_none() {
        return Err(vm.type_error(format!("bytearray indices must be integers or slices, not {}", vm.type_name(key))));
    }
    let i = vm.to_index(key)?;
    let position = |len: usize| {
        let at = if i < 0 { i + len as isize } else { i };
        usize::try_from(at).ok().filter(|at| *at < len)
    };
    let out_of_range = || vm.index_error("bytearray index out of range");
    if position(own.len()).is_none() {
        return Err(out_of_range());
    }
    match value {
        None => match position(own.len()) {
            Some(at) => own.splice(vm, at, at + 1, b""),
            None => Err(out_of_range()),
        },
        Some(value) => {
            // `__index__` may have changed the array.
            let b = decode::byte(vm, value, "bytearray")?;
            match position(own.len()) {
                Some(at) => own.bytes.with_mut(|bytes| bytes[at] = b),
                None => return Err(out_of_range()),
            }
            Ok(())
        }
    }
}

fn set_slice(vm: &Vm, this: &Value, slice: &Slice, value: Option<&Value>) -> Res<()> {
    let own = receiver::<ByteArray>(vm, this, "__setitem__")?;
    let bounds = slice.unpack(vm)?;
    let new = match value {
        None => Vec::new(),
        Some(value) if value.is(this) => own.to_vec(),
        Some(value) => {
            if int::view(value).is_some() || value.is_a::<crate::Str>() {
                return Err(vm.type_error("can assign only bytes, buffers, or iterables of ints in range(0, 256)"));
            }
            decode::from_object(vm, value, "bytearray")?
        }
    };
    let chosen = bounds.adjust(own.len());
    if chosen.step == 1 {
        let start = chosen.start as usize;
        return own.splice(vm, start, start + chosen.len, &new);
    }
    if value.is_none() {
        own.check_resizable(vm)?;
        let (first, distance) = chosen.ascending();
        own.bytes.with_mut(|bytes| {
            let mut i = 0;
            let mut left = chosen.len;
            bytes.retain(|_| {
                let gone = left > 0 && i >= first && (i - first).is_multiple_of(distance);
                left -= gone as usize;
                i += 1;
                !gone
            });
        });
        return Ok(());
    }
    if new.is_empty() && chosen.len > 0 {
        own.check_resizable(vm)?;
    }
    if new.len() != chosen.len {
        return Err(vm.value_error(format!(
            "attempt to assign bytes of size {} to extended slice of size {}",
            new.len(),
            chosen.len
        )));
    }
    own.bytes.with_mut(|bytes| chosen.positions().zip(&new).for_each(|(i, b)| bytes[i] = *b));
    Ok(())
}

pub fn repeat(vm: &Vm, this: &Value, n: isize) -> Res {
    let own = receiver::<ByteArray>(vm, this, "__mul__")?;
    let unit = own.to_vec();
    let total = repeated_len(vm, unit.len(), n)?;
    vm.check_room(total)?;
    ByteArray::make(vm, &unit.repeat(n.max(0) as usize))
}

pub fn inplace_concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let own = receiver::<ByteArray>(vm, a, "__iadd__")?;
    if let Some(bytes) = b.exact::<crate::objects::bytes::Bytes>(vm) {
        own.splice(vm, own.len(), own.len(), bytes.as_slice())?;
        return Ok(a.clone());
    }
    let Some(export) = vm.class(b).slots().buffer else {
        return Err(vm.type_error(format!("can't concat {} to {}", vm.type_name(b), vm.type_name(a))));
    };
    if a.is(b) {
        let copy = own.to_vec();
        own.splice(vm, copy.len(), copy.len(), &copy)?;
        return Ok(a.clone());
    }
    let other = export(vm, b, 0)?;
    own.splice(vm, own.len(), own.len(), other.as_slice())?;
    drop(other);
    Ok(a.clone())
}

pub fn inplace_repeat(vm: &Vm, this: &Value, n: isize) -> Res {
    let own = receiver::<ByteArray>(vm, this, "__imul__")?;
    let unit = own.to_vec();
    let total = repeated_len(vm, unit.len(), n)?;
    vm.check_room(total)?;
    own.splice(vm, 0, unit.len(), &unit.repeat(n.max(0) as usize))?;
    Ok(this.clone())
}

pub fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    match a.downcast::<ByteArray>() {
        Some(format) => {
            let _held = Held::new(format);
            let format = format.to_vec();
            ByteArray::make(vm, &crate::format::percent::format_bytes(vm, &format, b)?)
        }
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// Exports the bytes for reading and writing.
pub fn export(vm: &Vm, this: &Value, _: u32) -> Res<Exported> {
    let own = receiver::<ByteArray>(vm, this, "__buffer__")?;
    own.exports.set(own.exports.get() + 1);
    let (start, len) = own.bytes.with_mut(|b| (b.as_mut_ptr(), b.len()));
    Ok(Exported::bytes(this.clone(), start, len, false, Some(release)))
}

fn release(owner: &Value) {
    if let Some(own) = owner.downcast::<ByteArray>() {
        own.exports.set(own.exports.get().saturating_sub(1));
    }
}
