//! The operations of `array`.

use super::items::Code;
use super::{ARRAY, Array, of};
use core::cell::Cell;
use ophi_runtime::objects::buffer::{Exported, flags};
use ophi_runtime::objects::int;
use ophi_runtime::objects::slice::Slice;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{Args, GilCell, Ref, Res, Str, TypeRef, Value, Vm};

/// A type code argument.
pub fn parse_code(vm: &Vm, name: &str, position: usize, value: &Value) -> Res<Code> {
    let expected =
        |got: String| vm.type_error(format!("{name}() argument {position} must be a unicode character, not {got}"));
    match value.downcast::<Str>() {
        Some(text) if text.len() == 1 => Code::parse(text.at(0))
            .ok_or_else(|| vm.value_error("bad typecode (must be b, B, u, w, h, H, i, I, l, L, q, Q, f or d)")),
        Some(text) => Err(expected(format!("a string of length {}", text.len()))),
        None => Err(expected(vm.type_name(value))),
    }
}

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if cls.is(vm.ty(&ARRAY)) {
        args.no_keywords(vm, "array.array")?;
    }
    let given = args.pos();
    if given.is_empty() || given.len() > 2 {
        let bound = if given.is_empty() { "at least 1 argument" } else { "at most 2 arguments" };
        return Err(vm.type_error(format!("array() takes {bound} ({} given)", given.len())));
    }
    let code = parse_code(vm, "array", 1, &given[0])?;
    if code.0 == b'u' {
        crate::support::warn(
            vm,
            "DeprecationWarning",
            "The 'u' type code is deprecated and will be removed in Python 3.16",
            1,
        )?;
    }
    let source = given.get(1);
    if let Some(source) = source {
        let text = source.is_a::<Str>() || source.downcast::<Array>().is_some_and(|a| a.code.is_text());
        if text && !code.is_text() {
            let what = if source.is_a::<Str>() { "a str" } else { "a unicode array" };
            return Err(
                vm.type_error(format!("cannot use {what} to initialize an array with typecode '{}'", code.0 as char))
            );
        }
    }
    let payload = Array { code, bytes: GilCell::new(Vec::new()), exports: Cell::new(0) };
    let array: Ref<Array> = vm.new_instance(cls, payload)?;
    let Some(source) = source else { return Ok(array.into_value()) };
    if let Some(text) = source.downcast::<Str>() {
        vm.check_room(text.len().saturating_mul(4))?;
        let bytes: Vec<u8> = text.code_points().flat_map(|c| c.to_ne_bytes()).collect();
        array.bytes.set(bytes);
    } else if let Some(other) = source.downcast::<Array>().filter(|o| o.code == code) {
        array.bytes.set(other.copied(vm)?);
    } else if !source.is_a::<Array>() && (is_bytes(vm, source)) {
        array.add_bytes(vm, crate::support::buffer::readable(vm, source)?.as_slice())?;
    } else {
        vm.for_each(source, |vm, item| array.push(vm, &item))?;
    }
    Ok(array.into_value())
}

fn is_bytes(vm: &Vm, value: &Value) -> bool {
    let name = vm.class(value).mro_types().iter().any(|t| matches!(t.full_name().as_str(), "bytes" | "bytearray"));
    name && vm.class(value).slots().buffer.is_some()
}

impl Array {
    pub fn add_bytes(&self, vm: &Vm, more: &[u8]) -> Res<()> {
        if !more.len().is_multiple_of(self.code.size()) {
            return Err(vm.value_error("bytes length not a multiple of item size"));
        }
        self.may_resize(vm)?;
        self.make_room(vm, more.len())?;
        self.bytes.with_mut(|bytes| bytes.extend_from_slice(more));
        Ok(())
    }
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let array = of(vm, this)?;
    let name = vm.class(this).name();
    let code = array.code.0 as char;
    if array.is_empty() {
        return Ok(vm.new_str(&format!("{name}('{code}')"))?.into_value());
    }
    let items = if array.code.is_text() { array.text(vm)? } else { vm.new_list(array.items(vm)?)? };
    let shown = vm.repr(&items)?;
    Ok(vm.new_str(&format!("{name}('{code}', {})", shown.to_utf8_lossy()))?.into_value())
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Array>(), b.downcast::<Array>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if x.len() != y.len() && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::bool(op == CompareOp::Ne));
    }
    let mut i = 0;
    while let (Some(p), Some(q)) = (x.get(vm, i), y.get(vm, i)) {
        let (p, q) = (p?, q?);
        if !vm.equal(&p, &q)? {
            return match op {
                CompareOp::Eq => Ok(Value::FALSE),
                CompareOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(&p, &q, op),
            };
        }
        i += 1;
    }
    Ok(Value::bool(op.matches(x.len().cmp(&y.len()))))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

fn is_index(vm: &Vm, key: &Value) -> bool {
    int::view(key).is_some() || vm.class(key).slots().index.is_some()
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let array = of(vm, this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        let selection = slice.unpack(vm)?.adjust(array.len());
        let size = array.code.size();
        vm.check_room(selection.len * size)?;
        let chosen = array.bytes.with(|bytes| {
            let mut out = Vec::with_capacity(selection.len * size);
            for i in selection.positions() {
                out.extend_from_slice(&bytes[i * size..(i + 1) * size]);
            }
            out
        });
        return Ok(Array::new(vm, array.code, chosen)?.into_value());
    }
    if !is_index(vm, key) {
        return Err(vm.type_error("array indices must be integers"));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + array.len() as isize } else { i };
    match usize::try_from(at).ok().and_then(|at| array.get(vm, at)) {
        Some(item) => item,
        None => Err(vm.index_error("array index out of range")),
    }
}

pub fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let array = of(vm, this)?;
    let size = array.code.size();
    if let Some(slice) = key.downcast::<Slice>() {
        return set_slice(vm, array, slice, value);
    }
    if !is_index(vm, key) {
        return Err(vm.type_error("array indices must be integers"));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + array.len() as isize } else { i };
    let Some(at) = usize::try_from(at).ok().filter(|at| *at < array.len()) else {
        return Err(vm.index_error("array assignment index out of range"));
    };
    match value {
        Some(value) => {
            let word = array.code.write(vm, value)?;
            // The value's conversion may have changed the array.
            let stored = array.bytes.with_mut(|bytes| match bytes.get_mut(at * size..(at + 1) * size) {
                Some(slot) => {
                    slot.copy_from_slice(&word[..size]);
                    true
                }
                None => false,
            });
            if !stored {
                return Err(vm.index_error("array assignment index out of range"));
            }
        }
        None => {
            array.may_resize(vm)?;
            array.bytes.with_mut(|bytes| drop(bytes.drain(at * size..(at + 1) * size)));
        }
    }
    Ok(())
}

fn set_slice(vm: &Vm, array: &Ref<Array>, slice: &Slice, value: Option<&Value>) -> Res<()> {
    let with = match value {
        None => Vec::new(),
        Some(value) => {
            let Some(other) = value.downcast::<Array>() else {
                let got = vm.type_name(value);
                return Err(vm.type_error(format!("can only assign array (not \"{got}\") to array slice")));
            };
            if other.code != array.code {
                return Err(vm.type_error("bad argument type for built-in operation"));
            }
            other.copied(vm)?
        }
    };
    let size = array.code.size();
    let selection = slice.unpack(vm)?.adjust(array.len());
    if selection.step == 1 {
        let start = selection.start.max(0) as usize * size;
        let end = start + selection.len * size;
        if with.len() != end - start {
            array.may_resize(vm)?;
        }
        array.make_room(vm, with.len().saturating_sub(end - start))?;
        array.bytes.with_mut(|bytes| drop(bytes.splice(start..end, with)));
        return Ok(());
    }
    if value.is_none() {
        if selection.len > 0 {
            array.may_resize(vm)?;
        }
        let removed: std::collections::HashSet<usize> = selection.positions().collect();
        array.bytes.with_mut(|bytes| {
            let kept: Vec<u8> = bytes
                .chunks(size)
                .enumerate()
                .filter(|(i, _)| !removed.contains(i))
                .flat_map(|(_, item)| item.iter().copied())
                .collect();
            *bytes = kept;
        });
        return Ok(());
    }
    let n = with.len() / size;
    if n != selection.len {
        return Err(
            vm.value_error(format!("attempt to assign array of size {n} to extended slice of size {}", selection.len))
        );
    }
    array.bytes.with_mut(|bytes| {
        for (i, item) in selection.positions().zip(with.chunks(size)) {
            bytes[i * size..(i + 1) * size].copy_from_slice(item);
        }
    });
    Ok(())
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let array = of(vm, this)?;
    let mut i = 0;
    while let Some(own) = array.get(vm, i) {
        if vm.equal(&own?, item)? {
            return Ok(true);
        }
        i += 1;
    }
    Ok(false)
}

pub fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let x = of(vm, a)?;
    let Some(y) = b.downcast::<Array>() else {
        let got = vm.type_name(b);
        return Err(vm.type_error(format!("can only append array (not \"{got}\") to array")));
    };
    if x.code != y.code {
        return Err(vm.type_error("bad argument type for built-in operation"));
    }
    let more = y.copied(vm)?;
    vm.check_room(x.bytes.with(Vec::len) + more.len())?;
    let mut bytes = Vec::with_capacity(x.bytes.with(Vec::len) + more.len());
    x.bytes.with(|own| bytes.extend_from_slice(own));
    bytes.extend(more);
    Ok(Array::new(vm, x.code, bytes)?.into_value())
}

fn repeated(vm: &Vm, array: &Array, times: isize) -> Res<Vec<u8>> {
    let bytes = array.copied(vm)?;
    let times = times.max(0) as usize;
    match bytes.len().checked_mul(times) {
        Some(n) if n < isize::MAX as usize / 2 => {
            vm.check_room(n)?;
            let mut all = Vec::with_capacity(n);
            (0..times).for_each(|_| all.extend_from_slice(&bytes));
            Ok(all)
        }
        _ => Err(vm.no_memory()),
    }
}

pub fn repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let array = of(vm, this)?;
    Ok(Array::new(vm, array.code, repeated(vm, array, times)?)?.into_value())
}

pub fn inplace_repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let array = of(vm, this)?;
    if times != 1 && !array.is_empty() {
        array.may_resize(vm)?;
        let all = repeated(vm, array, times)?;
        array.bytes.set(all);
    }
    Ok(this.clone())
}

pub fn inplace_concat(vm: &Vm, this: &Value, other: &Value) -> Res {
    if !other.is_a::<Array>() {
        let got = vm.type_name(other);
        return Err(vm.type_error(format!("can only extend with array (not \"{got}\")")));
    }
    extend(vm, of(vm, this)?, other)?;
    Ok(this.clone())
}

pub fn extend(vm: &Vm, array: &Ref<Array>, source: &Value) -> Res<()> {
    if let Some(other) = source.downcast::<Array>() {
        if other.code != array.code {
            return Err(vm.type_error("can only extend with array of same kind"));
        }
        let more = other.copied(vm)?;
        return array.add_bytes(vm, &more);
    }
    vm.for_each(source, |vm, item| array.push(vm, &item))
}

pub fn buffer(vm: &Vm, this: &Value, wanted: u32) -> Res<Exported> {
    let array = of(vm, this)?;
    let (start, len) = array.bytes.with_mut(|bytes| (bytes.as_mut_ptr(), bytes.len()));
    array.exports.set(array.exports.get() + 1);
    let release = |owner: &Value| {
        if let Some(array) = owner.downcast::<Array>() {
            array.exports.set(array.exports.get().saturating_sub(1));
        }
    };
    let mut exported = Exported::bytes(this.clone(), start, len, false, Some(release));
    exported.item_size = array.code.size();
    if wanted & flags::FORMAT != 0 {
        exported.format = array.code.format().into();
    }
    Ok(exported)
}
