//! What slices can do: `indices`, comparison as tuples, hash, repr, pickling.

use super::Slice;
use crate::objects::int;
use crate::objects::text_builder::TextBuilder;
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value, methods};
use num_bigint::{BigInt, Sign};

pub fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "slice")?;
    let given = args.check_positional(vm, "slice", 1, 3)?;
    let none = Value::NONE;
    let (start, stop, step) = match given {
        [stop] => (&none, stop, &none),
        [start, stop] => (start, stop, &none),
        _ => (&given[0], &given[1], &given[2]),
    };
    vm.new_slice(start, stop, step)
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Slice>> {
    this.downcast::<Slice>().ok_or_else(|| vm.type_error("a slice is required"))
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let slice = of(vm, this)?;
    let mut out = TextBuilder::new();
    out.push("slice(");
    out.push_str(&*vm.repr(&slice.start)?);
    out.push(", ");
    out.push_str(&*vm.repr(&slice.stop)?);
    out.push(", ");
    out.push_str(&*vm.repr(&slice.step)?);
    out.push(")");
    out.finish(vm)
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let slice = of(vm, this)?;
    // As a tuple's, but without the length mixed in at the end (CPython `slicehash`).
    let mut acc: u64 = 2_870_177_450_012_600_261;
    for part in [&slice.start, &slice.stop, &slice.step] {
        let lane = vm.hash(part)? as u64;
        acc = acc.wrapping_add(lane.wrapping_mul(14_029_467_366_897_019_727));
        acc = acc.rotate_left(31).wrapping_mul(11_400_714_785_074_694_791);
    }
    Ok(if acc == u64::MAX { 1_546_275_796 } else { acc as i64 })
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Slice>(), b.downcast::<Slice>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if a.is(b) {
        return Ok(Value::bool(matches!(op, CompareOp::Eq | CompareOp::Le | CompareOp::Ge)));
    }
    let left = vm.new_tuple(&[x.start.clone(), x.stop.clone(), x.step.clone()])?;
    let right = vm.new_tuple(&[y.start.clone(), y.stop.clone(), y.step.clone()])?;
    vm.compare(&left, &right, op)
}

/// A part as an exact integer of any size.
fn integer(vm: &Vm, value: &Value) -> Res<BigInt> {
    if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
        return Err(vm.type_error("slice indices must be integers or None or have an __index__ method"));
    }
    let index = vm.index(value)?;
    Ok(int::view(&index).map(|v| v.to_bigint()).unwrap_or_default())
}

/// `_PySlice_GetLongIndices`: start, stop and step for a length of any size.
pub fn long_indices(vm: &Vm, slice: &Slice, length: &BigInt) -> Res<(BigInt, BigInt, BigInt)> {
    let step = if slice.step.is_none() { BigInt::from(1) } else { integer(vm, &slice.step)? };
    if step.sign() == Sign::NoSign {
        return Err(vm.value_error("slice step cannot be zero"));
    }
    let backward = step.sign() == Sign::Minus;
    let lower = if backward { BigInt::from(-1) } else { BigInt::from(0) };
    let upper = if backward { length + &lower } else { length.clone() };
    let bound = |part: &Value, default: &BigInt| -> Res<BigInt> {
        if part.is_none() {
            return Ok(default.clone());
        }
        let i = integer(vm, part)?;
        Ok(if i.sign() == Sign::Minus { (i + length).max(lower.clone()) } else { i.min(upper.clone()) })
    };
    let start = bound(&slice.start, if backward { &upper } else { &lower })?;
    let stop = bound(&slice.stop, if backward { &lower } else { &upper })?;
    Ok((start, stop, step))
}

#[methods]
impl Slice {
    #[getter]
    fn start(_: &Vm, this: &Ref<Slice>) -> Value {
        this.start.clone()
    }

    #[getter]
    fn stop(_: &Vm, this: &Ref<Slice>) -> Value {
        this.stop.clone()
    }

    #[getter]
    fn step(_: &Vm, this: &Ref<Slice>) -> Value {
        this.step.clone()
    }

    #[method(
        doc = "S.indices(len) -> (start, stop, stride)\n\nThe positions that the slice means in a sequence of this length; those outside are brought inside.",
        sig = "(object, /)"
    )]
    fn indices(vm: &Vm, this: &Ref<Slice>, object: &Value) -> Res {
        let length = vm.index(object)?;
        let length = int::view(&length).map(|v| v.to_bigint()).unwrap_or_default();
        if length.sign() == Sign::Minus {
            return Err(vm.value_error("length should not be negative"));
        }
        let (start, stop, step) = long_indices(vm, this, &length)?;
        vm.new_tuple(&[vm.new_bigint(start)?, vm.new_bigint(stop)?, vm.new_bigint(step)?])
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Slice>) -> Res {
        let parts = vm.new_tuple(&[this.start.clone(), this.stop.clone(), this.step.clone()])?;
        vm.new_tuple(&[vm.ty_of::<Slice>().to_value(), parts])
    }
}
