//! The operations of `str`: equality and order, hash, subscripts, `in`, `+`, `*`, `str(...)`.

use super::build::copy_units;
use super::{Data, Kind, Str, find};
use crate::objects::int;
use crate::objects::slice::Slice;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value};

pub(super) fn text<'a>(vm: &Vm, value: &'a Value) -> Res<&'a Ref<Str>> {
    value.downcast::<Str>().ok_or_else(|| {
        vm.type_error(format!("descriptor requires a 'str' object but received a '{}'", vm.type_name(value)))
    })
}

pub fn str(vm: &Vm, this: &Value) -> Res {
    vm.unchanged_value(text(vm, this)?)
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    Ok(text(vm, this)?.hash(vm))
}

pub fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Str>(), b.downcast::<Str>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    Ok(Value::bool(match op {
        CompareOp::Eq => a.is(b) || x.equals(y),
        CompareOp::Ne => !a.is(b) && !x.equals(y),
        _ => op.matches(find::order(x, y)),
    }))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(text(vm, this)?.len())
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let this = text(vm, this)?;
    let Some(item) = item.downcast::<Str>() else {
        return Err(vm.type_error(format!("'in <string>' requires string as left operand, not {}", vm.type_name(item))));
    };
    Ok(find::holds(this, item))
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let this = text(vm, this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        return subslice(vm, this, slice);
    }
    if int::view(key).is_none() && vm.class(key).slots().index.is_none() {
        return Err(vm.type_error(format!("string indices must be integers, not '{}'", vm.type_name(key))));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + this.len() as isize } else { i };
    if at < 0 || at >= this.len() as isize {
        return Err(vm.index_error("string index out of range"));
    }
    Ok(vm.single(this.at(at as usize))?.into_value())
}

fn subslice(vm: &Vm, this: &Ref<Str>, slice: &Ref<Slice>) -> Res {
    let chosen = slice.unpack(vm)?.adjust(this.len());
    if chosen.len == 0 {
        return Ok(vm.empty_str()?.into_value());
    }
    if chosen.step == 1 {
        let start = chosen.start as usize;
        return Ok(vm.new_substr(this, start, start + chosen.len)?.into_value());
    }
    let picked = match this.data() {
        Data::Ascii(d) => vm.new_str_with(Kind::Ascii, chosen.len, |out| chosen.pick(d, out))?,
        Data::Latin1(d) => {
            let mut bytes = vec![0; chosen.len];
            chosen.pick(d, &mut bytes);
            vm.new_str_of_data(Data::Latin1(&bytes))?
        }
        Data::Ucs2(d) => {
            let mut units = vec![0; chosen.len];
            chosen.pick(d, &mut units);
            vm.new_str_of_data(Data::Ucs2(&units))?
        }
        Data::Ucs4(d) => {
            let mut units = vec![0; chosen.len];
            chosen.pick(d, &mut units);
            vm.new_str_of_data(Data::Ucs4(&units))?
        }
    };
    Ok(picked.into_value())
}

pub fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let x = text(vm, a)?;
    let Some(y) = b.downcast::<Str>() else {
        return Err(vm.type_error(format!("can only concatenate str (not \"{}\") to str", vm.type_name(b))));
    };
    if y.is_empty() {
        return vm.unchanged_value(x);
    }
    if x.is_empty() {
        return vm.unchanged_value(y);
    }
    let kind = x.kind().max(y.kind());
    let Some(total) = x.len().checked_add(y.len()).filter(|n| *n <= isize::MAX as usize) else {
        return Err(vm.overflow_error("strings are too large to concat"));
    };
    let joined = vm.new_str_with(kind, total, |out| {
        copy_units(out, kind, 0, x.data());
        copy_units(out, kind, x.len(), y.data());
    })?;
    Ok(joined.into_value())
}

pub fn repeat(vm: &Vm, this: &Value, n: isize) -> Res {
    let this = text(vm, this)?;
    if n < 1 || this.is_empty() {
        return Ok(vm.empty_str()?.into_value());
    }
    if n == 1 {
        return vm.unchanged_value(this);
    }
    let n = n as usize;
    let Some(total) = this.len().checked_mul(n).filter(|t| *t <= isize::MAX as usize) else {
        return Err(vm.overflow_error("repeated string is too long"));
    };
    let raw = this.raw();
    let repeated = vm.new_str_with(this.kind(), total, |out| fill_repeated(out, raw))?;
    Ok(repeated.into_value())
}

/// Fills `out`, which has the room of whole copies, with copies of `unit`: doubling what is there, up to what stays near the processor.
pub fn fill_repeated(out: &mut [u8], unit: &[u8]) {
    const NEAR: usize = 4096;
    if let [b] = unit {
        return out.fill(*b);
    }
    let n = unit.len().min(out.len());
    out[..n].copy_from_slice(&unit[..n]);
    let mut done = n;
    while done < out.len() && done > 0 {
        let (there, rest) = out.split_at_mut(done);
        if done >= NEAR {
            rest.chunks_mut(done).for_each(|to| ophi_heap::copy_bytes(to, &there[..to.len()]));
            return;
        }
        let more = done.min(rest.len());
        rest[..more].copy_from_slice(&there[..more]);
        done += more;
    }
}

pub fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    match a.downcast::<Str>() {
        Some(format) => crate::format::percent::format_str(vm, format, b),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// `str(x)`.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    let [only] = args else { return None };
    Some(vm.str(only).map(Ref::into_value))
}

/// `str(object='')`, `str(bytes, encoding, errors)`.
pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let made = match (args.pos(), args.has_keywords()) {
        ([], false) => vm.empty_str()?,
        ([one], false) => vm.str(one)?,
        _ => new_with(vm, args)?,
    };
    of_class(vm, cls, made)
}

/// The text as an instance of `cls`.
pub fn of_class(vm: &Vm, cls: &TypeRef, made: Ref<Str>) -> Res {
    if cls.is(vm.ty_of::<Str>()) {
        return Ok(made.into_value());
    }
    let kind: Kind = made.kind();
    Ok(vm.new_str_of(cls, kind, made.len(), |out| out.copy_from_slice(made.raw()))?.into_value())
}

fn new_with(vm: &Vm, args: Args<'_>) -> Res<Ref<Str>> {
    let positional = args.pos();
    let given = args.values.len();
    if given > 3 && args.has_keywords() {
        return Err(vm.type_error(format!("str() takes at most 3 arguments ({given} given)")));
    }
    if positional.len() > 3 {
        return Err(vm.type_error(format!("str expected at most 3 arguments, got {given}")));
    }
    let mut bound: [Option<&Value>; 3] = [None; 3];
    for (slot, value) in bound.iter_mut().zip(positional) {
        *slot = Some(value);
    }
    for (name, value) in args.keywords().iter() {
        let name = name.downcast::<Str>().map(|n| n.to_utf8_lossy().into_owned()).unwrap_or_default();
        let Some(i) = ["object", "encoding", "errors"].iter().position(|n| *n == name) else {
            return Err(crate::native::unexpected_keyword(
                vm,
                "str",
                args.keywords(),
                &["object", "encoding", "errors"],
            ));
        };
        if bound[i].is_some() {
            return Err(vm.type_error(format!("argument for str() given by name ('{name}') and position ({})", i + 1)));
        }
        bound[i] = Some(value);
    }
    let [object, encoding, errors] = bound;
    let option = |value: Option<&Value>, name: &str| -> Res<Option<Ref<Str>>> {
        match value {
            None => Ok(None),
            Some(v) => match v.downcast::<Str>() {
                Some(text) => Ok(Some(text.clone())),
                None => Err(vm.type_error(format!(
                    "str() argument '{name}' must be str, not {}",
                    if v.is_none() { "None".to_string() } else { vm.type_name(v) }
                ))),
            },
        }
    };
    let (encoding, errors) = (option(encoding, "encoding")?, option(errors, "errors")?);
    let Some(object) = object else { return vm.empty_str() };
    if encoding.is_none() && errors.is_none() {
        return vm.str(object);
    }
    if object.is_a::<Str>() {
        return Err(vm.type_error("decoding str is not supported"));
    }
    let Some(export) = vm.class(object).slots().buffer else {
        return Err(vm.type_error(format!("decoding to str: need a bytes-like object, {} found", vm.type_name(object))));
    };
    let exported = export(vm, object, 0)?;
    let (encoding, errors) =
        (crate::codecs::c_name(vm, encoding.as_ref())?, crate::codecs::c_name(vm, errors.as_ref())?);
    crate::codecs::decode_buffer(vm, object, exported, encoding.as_deref(), errors.as_deref())
}
