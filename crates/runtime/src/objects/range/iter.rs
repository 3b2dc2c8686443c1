//! `range_iterator` over machine words, `longrange_iterator` over integers of any size.

use super::{Range, big};
use crate::objects::iterators::self_iter;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Value, layout, methods};
use core::cell::Cell;
use num_bigint::BigInt;
use num_traits::{Signed, Zero};
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct RangeIterator {
    /// The next item.
    pub next: Cell<i64>,
    pub step: Cell<i64>,
    /// How many are left.
    pub left: Cell<i64>,
}

pub struct LongRangeIterator {
    pub next: GilCell<BigInt>,
    pub step: BigInt,
    pub left: GilCell<BigInt>,
}

impl crate::Trace for RangeIterator {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl crate::Trace for LongRangeIterator {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for RangeIterator {
    fn def() -> &'static TypeDef {
        &RANGE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("range_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl Payload for LongRangeIterator {
    fn def() -> &'static TypeDef {
        &LONG_RANGE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("longrange_iterator");
}

pub static RANGE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[RangeIterator::METHODS],
    ..TypeDef::of::<RangeIterator>("range_iterator", &crate::objects::object::OBJECT)
};

pub static LONG_RANGE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { iter: Some(self_iter), iternext: Some(next_long), ..Slots::NONE },
    tables: &[LongRangeIterator::METHODS],
    ..TypeDef::of::<LongRangeIterator>("longrange_iterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let range = super::slots::of(vm, this)?;
    if let Some((start, step, left)) = range.small() {
        return small(vm, start, step, left);
    }
    long(vm, big(&range.start), big(&range.step), big(&range.length))
}

pub fn reversed(vm: &Vm, this: &Value) -> Res {
    let range = super::slots::of(vm, this)?;
    if let Some((start, step, left)) = range.small()
        && let Some(last) = step.checked_mul(left - 1).and_then(|d| d.checked_add(start))
    {
        return small(vm, last, -step, left);
    }
    let (start, step, left) = (big(&range.start), big(&range.step), big(&range.length));
    let last = start + (&left - 1) * &step;
    long(vm, last, -step, left)
}

fn small(vm: &Vm, next: i64, step: i64, left: i64) -> Res {
    let payload = RangeIterator { next: Cell::new(next), step: Cell::new(step), left: Cell::new(left) };
    Ok(vm.new_object(payload)?.into_value())
}

fn long(vm: &Vm, next: BigInt, step: BigInt, left: BigInt) -> Res {
    let payload = LongRangeIterator { next: GilCell::new(next), step, left: GilCell::new(left) };
    Ok(vm.new_object(payload)?.into_value())
}

impl RangeIterator {
    #[inline(always)]
    pub fn advance(&self) -> Option<i64> {
        let left = self.left.get();
        if left <= 0 {
            return None;
        }
        let item = self.next.get();
        self.left.set(left - 1);
        self.next.set(item.wrapping_add(self.step.get()));
        Some(item)
    }

    /// The next item when it is an immediate; it stays the next one.
    #[inline(always)]
    pub(crate) fn peek(&self) -> Option<Value> {
        if self.left.get() > 0 { Value::small_int(self.next.get()) } else { None }
    }

    /// Goes past the item that [`RangeIterator::peek`] showed.
    #[inline(always)]
    pub(crate) fn pass(&self) {
        self.left.set(self.left.get() - 1);
        self.next.set(self.next.get().wrapping_add(self.step.get()));
    }
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    match this.downcast::<RangeIterator>().and_then(|i| i.advance()) {
        Some(item) => vm.new_int(item).map(Some),
        None => Ok(None),
    }
}

fn next_long(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<LongRangeIterator>() else { return Ok(None) };
    if !iterator.left.with(BigInt::is_positive) {
        return Ok(None);
    }
    let item = iterator.next.with_mut(|next| {
        let item = next.clone();
        *next += &iterator.step;
        item
    });
    iterator.left.with_mut(|left| *left -= 1);
    vm.new_bigint(item).map(Some)
}

/// `(iter, (range(...),), None)`: as CPython pickles what is left.
fn reduce(vm: &Vm, next: BigInt, step: BigInt, left: BigInt) -> Res {
    let stop = &next + &step * left;
    let step = if step.is_zero() { BigInt::from(1) } else { step };
    let range = Range::new(vm, vm.new_bigint(next)?, vm.new_bigint(stop)?, vm.new_bigint(step)?)?;
    let args = vm.new_tuple(&[range.into_value()])?;
    vm.new_tuple(&[vm.get_builtin("iter")?, args, Value::NONE])
}

#[methods]
impl RangeIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<RangeIterator>) -> i64 {
        this.left.get()
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<RangeIterator>) -> Res {
        reduce(vm, this.next.get().into(), this.step.get().into(), this.left.get().into())
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(_: &Vm, this: &Ref<RangeIterator>, object: i64) -> Res<()> {
        let skip = object.clamp(0, this.left.get());
        this.next.set(this.next.get().wrapping_add(skip.wrapping_mul(this.step.get())));
        this.left.set(this.left.get() - skip);
        Ok(())
    }
}

#[methods]
impl LongRangeIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(vm: &Vm, this: &Ref<LongRangeIterator>) -> Res {
        vm.new_bigint(this.left.get())
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<LongRangeIterator>) -> Res {
        reduce(vm, this.next.get(), this.step.clone(), this.left.get())
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<LongRangeIterator>, object: &Value) -> Res<()> {
        let state = vm.index(object)?;
        let left = this.left.get();
        let skip = big(&state).clamp(BigInt::zero(), left.clone());
        this.next.with_mut(|next| *next += &skip * &this.step);
        this.left.set(left - skip);
        Ok(())
    }
}
