//! The operations of `memoryview`.

use super::{MemoryView, items, of};
use crate::native::receiver;
use crate::objects::buffer::{Exported, flags};
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, Str, TypeRef, Value};

pub fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    let object = match (args.pos(), args.keywords().iter().next()) {
        ([object], None) => object.clone(),
        ([], Some((name, value))) if args.values.len() == 1 => {
            if !name.downcast::<Str>().is_some_and(|n| n.eq_str("object")) {
                return Err(vm.type_error("memoryview() missing required argument 'object' (pos 1)"));
            }
            value.clone()
        }
        ([], None) => return Err(vm.type_error("memoryview() missing required argument 'object' (pos 1)")),
        _ => {
            return Err(vm.type_error(format!("memoryview() takes at most 1 argument ({} given)", args.values.len())));
        }
    };
    of(vm, &object)
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let view = receiver::<MemoryView>(vm, this, "__repr__")?;
    let what = if view.is_released() { "released memory" } else { "memory" };
    let address = crate::protocol::representation::address(this);
    Ok(vm.new_str(&format!("<{what} at {address:#x}>"))?.into_value())
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let view = receiver::<MemoryView>(vm, this, "__hash__")?;
    if view.hash.get() != -1 {
        return Ok(view.hash.get());
    }
    view.check(vm)?;
    let g = &view.geometry;
    if !g.read_only {
        return Err(vm.value_error("cannot hash writable memoryview object"));
    }
    if !matches!(items::native(&g.format), Some('B' | 'b' | 'c')) {
        return Err(vm.value_error("memoryview: hashing is restricted to formats 'B', 'b' or 'c'"));
    }
    // The exporter must be hashable itself; its `__hash__` may not take the memory away.
    let exported = export(vm, this, super::flags::FULL_RO)?;
    vm.hash(&view.object())?;
    drop(exported);
    let bytes = g.to_vec(vm)?;
    let fresh = crate::objects::str::hash::hash_bytes(&bytes, vm.interpreter().hash_key);
    view.hash.set(fresh);
    Ok(fresh)
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    let view = receiver::<MemoryView>(vm, this, "__len__")?;
    view.check(vm)?;
    match view.geometry.shape.first() {
        Some(n) => Ok(*n as usize),
        None => Err(vm.type_error("0-dim memory has no length")),
    }
}

/// Equal shapes and equal items as Python values; formats that cannot be read are unequal.
pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let equal = match a.downcast::<MemoryView>() {
        Some(x) if x.is_released() => Some(a.is(b)),
        Some(x) => equal_to(vm, x, b)?,
        None => None,
    };
    Ok(match equal {
        Some(equal) => Value::bool(equal == (op == CompareOp::Eq)),
        None => Value::NOT_IMPLEMENTED,
    })
}

fn equal_to(vm: &Vm, x: &MemoryView, b: &Value) -> Res<Option<bool>> {
    let other;
    let y = match b.downcast::<MemoryView>() {
        Some(y) if y.is_released() => return Ok(Some(false)),
        Some(y) => &y.geometry,
        None => {
            let Some(export) = vm.class(b).slots().buffer else { return Ok(None) };
            match export(vm, b, flags::FULL_RO) {
                Ok(export) => {
                    other = (super::Geometry::of(&export), export);
                    &other.0
                }
                Err(raised) => {
                    vm.forget(raised);
                    return Ok(None);
                }
            }
        }
    };
    let x = &x.geometry;
    if x.shape.len() != y.shape.len() {
        return Ok(Some(false));
    }
    for (m, n) in x.shape.iter().zip(&y.shape) {
        if m != n {
            return Ok(Some(false));
        }
        if *m == 0 {
            break;
        }
    }
    let (xs, ys) = (x.to_vec(vm)?, y.to_vec(vm)?);
    if let (Some(p), Some(q)) = (items::native(&x.format), items::native(&y.format)) {
        if p == q && !matches!(p, 'e' | 'f' | 'd' | '?') {
            return Ok(Some(xs == ys));
        }
        for (i, j) in xs.chunks_exact(x.item_size).zip(ys.chunks_exact(y.item_size)) {
            let (i, j) = (items::unpack(vm, p, i)?, items::unpack(vm, q, j)?);
            if !vm.equal(&i, &j)? || is_nan(&i) {
                return Ok(Some(false));
            }
        }
        return Ok(Some(true));
    }
    // Other formats go through the struct module.
    let (Some(p), Some(q)) = (unpacker(vm, &x.format)?, unpacker(vm, &y.format)?) else { return Ok(Some(false)) };
    for (i, j) in xs.chunks_exact(x.item_size).zip(ys.chunks_exact(y.item_size)) {
        let i = vm.call(&p, &[vm.new_bytes(i)?.into_value()])?;
        let j = vm.call(&q, &[vm.new_bytes(j)?.into_value()])?;
        if !vm.equal(&i, &j)? {
            return Ok(Some(false));
        }
    }
    Ok(Some(true))
}

/// Identity does not make two items equal: they are made anew.
fn is_nan(value: &Value) -> bool {
    crate::objects::float::view(value).is_some_and(f64::is_nan)
}

/// `struct.Struct(format).unpack`; `None` when the format is not the struct module's.
fn unpacker(vm: &Vm, format: &str) -> Res<Option<Value>> {
    let module = crate::codecs::registry::import(vm, "struct")?;
    let class = vm.get_attr_str(&module, "Struct")?;
    match vm.call(&class, &[vm.new_str(format)?.into_value()]) {
        Ok(made) => vm.get_attr_str(&made, "unpack").map(Some),
        Err(raised) => {
            vm.forget(raised);
            Ok(None)
        }
    }
}

/// A view exports what it sees.
pub fn export(vm: &Vm, this: &Value, wanted: u32) -> Res<Exported> {
    let view = receiver::<MemoryView>(vm, this, "__buffer__")?;
    view.check(vm)?;
    view.may_be_viewed(vm)?;
    let g = &view.geometry;
    let asks = |flag: u32| wanted & flag == flag;
    if asks(flags::WRITABLE) && g.read_only {
        return Err(vm.buffer_error("memoryview: underlying buffer is not writable"));
    }
    if asks(flags::C_CONTIGUOUS) && !g.c_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    if asks(flags::F_CONTIGUOUS) && !g.f_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not Fortran contiguous"));
    }
    if asks(flags::ANY_CONTIGUOUS) && !g.c_contiguous() && !g.f_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not contiguous"));
    }
    if !asks(flags::INDIRECT) && g.has_suboffsets() {
        return Err(vm.buffer_error("memoryview: underlying buffer requires suboffsets"));
    }
    if !asks(flags::STRIDES) && !g.c_contiguous() {
        return Err(vm.buffer_error("memoryview: underlying buffer is not C-contiguous"));
    }
    if !asks(flags::ND) && asks(flags::FORMAT) {
        return Err(vm.buffer_error("memoryview: cannot cast to unsigned bytes if the format flag is present"));
    }
    view.exports.set(view.exports.get() + 1);
    Ok(Exported {
        owner: this.clone(),
        start: g.start,
        len: g.len,
        read_only: g.read_only,
        item_size: g.item_size,
        format: g.format.clone(),
        shape: g.shape.to_vec(),
        strides: g.strides.to_vec(),
        suboffsets: g.suboffsets.to_vec(),
        release: Some(|owner| {
            if let Some(view) = owner.downcast::<MemoryView>() {
                view.exports.set(view.exports.get().saturating_sub(1));
            }
        }),
    })
}
