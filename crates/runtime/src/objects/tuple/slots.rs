//! The operations of `tuple`. After CPython Objects/tupleobject.c.

use super::Tuple;
use crate::native::Args;
use crate::objects::iterators::refuse_keywords;
use crate::objects::slice::Slice;
use crate::objects::text_builder::TextBuilder;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Tuple>> {
    this.downcast::<Tuple>().ok_or_else(|| vm.type_error("a tuple is required"))
}

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    refuse_keywords(vm, cls, vm.ty_of::<Tuple>(), args, "tuple")?;
    let given = args.check_positional(vm, "tuple", 0, 1)?;
    let Some(source) = given.first() else {
        return Ok(Tuple::new_of(vm, cls, 0, core::iter::empty())?.into_value());
    };
    if cls.is(vm.ty_of::<Tuple>()) && source.exact::<Tuple>(vm).is_some() {
        return Ok(source.clone());
    }
    let items = vm.collect(source)?;
    Ok(Tuple::new_of(vm, cls, items.len(), items.into_iter())?.into_value())
}

/// xxHash's mixing of the items' hashes, as CPython has it.
pub fn hash_values(vm: &Vm, items: &[Value]) -> Res<i64> {
    const PRIME_1: u64 = 11_400_714_785_074_694_791;
    const PRIME_2: u64 = 14_029_467_366_897_019_727;
    const PRIME_5: u64 = 2_870_177_450_012_600_261;
    let mut acc = PRIME_5;
    for item in items {
        acc = acc.wrapping_add((vm.hash(item)? as u64).wrapping_mul(PRIME_2));
        acc = acc.rotate_left(31).wrapping_mul(PRIME_1);
    }
    acc = acc.wrapping_add(items.len() as u64 ^ (PRIME_5 ^ 3_527_539));
    Ok(if acc == u64::MAX { 1_546_275_796 } else { acc as i64 })
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let tuple = of(vm, this)?;
    tuple.hash_by(|| vm.recurse(" while hashing a tuple", || hash_values(vm, tuple.as_slice())))
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let tuple = of(vm, this)?;
    if tuple.is_empty() {
        return Ok(vm.new_str("()")?.into_value());
    }
    if vm.repr_enter(this)? {
        return Ok(vm.new_str("(...)")?.into_value());
    }
    let result = repr_items(vm, tuple);
    vm.repr_leave(this);
    result
}

fn repr_items(vm: &Vm, tuple: &Ref<Tuple>) -> Res {
    let mut out = TextBuilder::new();
    out.push("(");
    for (i, item) in tuple.as_slice().iter().enumerate() {
        if i > 0 {
            out.push(", ");
        }
        out.push_repr(vm, item)?;
    }
    out.push(if tuple.len() == 1 { ",)" } else { ")" });
    out.finish(vm)
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Tuple>(), b.downcast::<Tuple>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let (x, y) = (x.as_slice(), y.as_slice());
    for (p, q) in x.iter().zip(y) {
        if !vm.equal(p, q)? {
            return match op {
                CompareOp::Eq => Ok(Value::FALSE),
                CompareOp::Ne => Ok(Value::TRUE),
                _ => vm.compare(p, q, op),
            };
        }
    }
    Ok(Value::bool(op.matches(x.len().cmp(&y.len()))))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(of(vm, this)?.len())
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let tuple = of(vm, this)?;
    let items = tuple.as_slice();
    if let Some(slice) = key.downcast::<Slice>() {
        let selection = slice.unpack(vm)?.adjust(items.len());
        if selection.len == items.len() && selection.step == 1 && this.exact::<Tuple>(vm).is_some() {
            return Ok(this.clone());
        }
        let chosen = selection.positions().map(|i| items[i].clone());
        return Ok(Tuple::from_exact(vm, selection.len, chosen)?.into_value());
    }
    if !key.is_small_int() && vm.class(key).slots().index.is_none() && crate::objects::int::view(key).is_none() {
        let got = vm.type_name(key);
        return Err(vm.type_error(format!("tuple indices must be integers or slices, not {got}")));
    }
    let i = vm.to_index(key)?;
    let at = if i < 0 { i + items.len() as isize } else { i };
    match usize::try_from(at).ok().and_then(|i| items.get(i)) {
        Some(item) => Ok(item.clone()),
        None => Err(vm.index_error("tuple index out of range")),
    }
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    for own in of(vm, this)?.as_slice() {
        if vm.equal(own, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}

pub fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let x = of(vm, a)?;
    let Some(y) = b.downcast::<Tuple>() else {
        let got = vm.type_name(b);
        return Err(vm.type_error(format!("can only concatenate tuple (not \"{got}\") to tuple")));
    };
    if x.is_empty() && b.exact::<Tuple>(vm).is_some() {
        return Ok(b.clone());
    }
    if y.is_empty() && a.exact::<Tuple>(vm).is_some() {
        return Ok(a.clone());
    }
    Ok(Tuple::of_parts(vm, x.as_slice(), y.as_slice())?.into_value())
}

pub fn repeat(vm: &Vm, this: &Value, times: isize) -> Res {
    let tuple = of(vm, this)?;
    if (tuple.is_empty() || times == 1) && this.exact::<Tuple>(vm).is_some() {
        return Ok(this.clone());
    }
    let times = times.max(0) as usize;
    let items = tuple.as_slice();
    let Some(total) = items.len().checked_mul(times) else { return Err(vm.no_memory()) };
    let all = core::iter::repeat_n(items, times).flatten().cloned();
    Ok(Tuple::from_exact(vm, total, all)?.into_value())
}
