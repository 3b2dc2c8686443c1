//! The operations of `range`.

use super::{Range, big};
use crate::native::Args;
use crate::objects::int;
use crate::objects::slice::{Slice, methods::long_indices};
use crate::objects::tuple::slots::hash_values;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value};
use num_bigint::{BigInt, Sign};
use num_traits::{ToPrimitive, Zero};

pub(super) fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Range>> {
    this.downcast::<Range>().ok_or_else(|| vm.type_error("a range is required"))
}

/// An exact int: bools and subclasses lose their class.
fn exact_int(vm: &Vm, value: &Value) -> Res {
    if value.is_small_int() {
        return Ok(value.clone());
    }
    let index = vm.index(value)?;
    match int::view(&index) {
        Some(int::IntView::Small(i)) => vm.new_int(i),
        Some(int::IntView::Big(b)) => vm.new_bigint(b.clone()),
        None => Ok(index),
    }
}

pub fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "range")?;
    let zero = vm.new_int(0)?;
    let one = vm.new_int(1)?;
    let (start, stop, step) = match args.pos() {
        [stop] => (zero, exact_int(vm, stop)?, one),
        [start, stop] => (exact_int(vm, start)?, exact_int(vm, stop)?, one),
        [start, stop, step] => {
            let (start, stop, step) = (exact_int(vm, start)?, exact_int(vm, stop)?, exact_int(vm, step)?);
            if big(&step).is_zero() {
                return Err(vm.value_error("range() arg 3 must not be zero"));
            }
            (start, stop, step)
        }
        [] => return Err(vm.type_error("range expected at least 1 argument, got 0")),
        more => return Err(vm.type_error(format!("range expected at most 3 arguments, got {}", more.len()))),
    };
    Ok(Range::new(vm, start, stop, step)?.into_value())
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let range = of(vm, this)?;
    let (start, stop) = (vm.repr(&range.start)?, vm.repr(&range.stop)?);
    let (start, stop) = (start.to_utf8_lossy(), stop.to_utf8_lossy());
    let text = if range.step.as_small_int() == Some(1) {
        format!("range({start}, {stop})")
    } else {
        format!("range({start}, {stop}, {})", vm.repr(&range.step)?.to_utf8_lossy())
    };
    Ok(vm.new_str(&text)?.into_value())
}

/// Ranges are equal when they are the same sequence.
fn key(range: &Range) -> [Value; 3] {
    let empty = range.length.as_small_int() == Some(0);
    let single = range.length.as_small_int() == Some(1);
    [
        range.length.clone(),
        if empty { Value::NONE } else { range.start.clone() },
        if empty || single { Value::NONE } else { range.step.clone() },
    ]
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    hash_values(vm, &key(of(vm, this)?))
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Range>(), b.downcast::<Range>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let (x, y) = (key(x), key(y));
    let mut equal = true;
    for (p, q) in x.iter().zip(&y) {
        equal = equal && vm.equal(p, q)?;
    }
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    let range = of(vm, this)?;
    match big(&range.length).to_isize() {
        Some(n) => Ok(n as usize),
        None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

pub fn truth(vm: &Vm, this: &Value) -> Res<bool> {
    Ok(of(vm, this)?.length.as_small_int() != Some(0))
}

pub fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let range = of(vm, this)?;
    if let Some(slice) = key.downcast::<Slice>() {
        let length = big(&range.length);
        let (start, stop, step) = long_indices(vm, slice, &length)?;
        let from = range.item(vm, &start)?;
        let to = range.item(vm, &stop)?;
        let by = vm.new_bigint(step * big(&range.step))?;
        return Ok(Range::new(vm, from, to, by)?.into_value());
    }
    if int::view(key).is_none() && vm.class(key).slots().index.is_none() {
        let got = vm.type_name(key);
        return Err(vm.type_error(format!("range indices must be integers or slices, not {got}")));
    }
    if let (Some(i), Some((start, step, n))) = (key.as_small_int(), range.small()) {
        let at = if i < 0 { i + n } else { i };
        if at < 0 || at >= n {
            return Err(vm.index_error("range object index out of range"));
        }
        return vm.new_int(start + at * step);
    }
    let index = vm.index(key)?;
    let mut at = big(&index);
    let length = big(&range.length);
    if at.sign() == Sign::Minus {
        at += &length;
    }
    if at.sign() == Sign::Minus || at >= length {
        return Err(vm.index_error("range object index out of range"));
    }
    range.item(vm, &at)
}

/// The position of an exact integer.
pub(super) fn position(range: &Range, item: &BigInt) -> Option<BigInt> {
    let step = big(&range.step);
    let offset = item - big(&range.start);
    if step.is_zero() || !(&offset % &step).is_zero() {
        return None;
    }
    let at = offset / step;
    (at.sign() != Sign::Minus && at < big(&range.length)).then_some(at)
}

/// Whether the value is an int whose comparison is not overridden.
pub(super) fn is_plain_int(vm: &Vm, value: &Value) -> bool {
    value.is_small_int() || value.is_true() || value.is_false() || value.exact::<crate::Int>(vm).is_some()
}

pub fn contains(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let range = of(vm, this)?;
    if is_plain_int(vm, item) {
        if let (Some(i), Some((start, step, n))) = (item.as_small_int(), range.small()) {
            let offset = i - start;
            return Ok(offset % step == 0 && (0..n).contains(&(offset / step)));
        }
        return Ok(position(range, &big(item)).is_some());
    }
    let iterator = vm.iter(this)?;
    while let Some(own) = vm.next(&iterator)? {
        if vm.equal(&own, item)? {
            return Ok(true);
        }
    }
    Ok(false)
}
