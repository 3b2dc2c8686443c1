//! `range`: an arithmetic progression of integers of any size. After CPython Objects/rangeobject.c.
//!
//! The four parts are exact ints; where all are immediates (`small`), iteration and membership need no big integers.

pub mod iter;
pub mod methods;
pub mod slots;

use crate::objects::int;
use crate::objects::object::OBJECT;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, layout};
use num_bigint::{BigInt, Sign};
use num_traits::Signed;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Range {
    pub start: Value,
    pub stop: Value,
    pub step: Value,
    pub length: Value,
}
trace_fields!(Range { start, stop, step, length });

impl Payload for Range {
    fn def() -> &'static TypeDef {
        &RANGE
    }
    const LAYOUT: &'static Layout = layout!("range");
    // Its ints own nothing.
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

pub static RANGE: TypeDef = TypeDef {
    doc: "range(stop) -> range object\nrange(start, stop[, step]) -> range object\n\nThe integers from start (0 if not given) up to, not including, stop, each step (1 if not given) further than the\none before. A negative step goes downwards.",
    flags: TypeFlags::SEQUENCE,
    slots: Slots {
        repr: Some(slots::repr),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        contains: Some(slots::contains),
        bool: Some(slots::truth),
        new: Some(slots::new),
        ..Slots::NONE
    },
    tables: &[Range::METHODS],
    ..TypeDef::of::<Range>("range", &OBJECT)
};

/// A part of a range: always an int object.
pub(crate) fn big(value: &Value) -> BigInt {
    int::view(value).map(|v| v.to_bigint()).unwrap_or_default()
}

impl Range {
    /// A range from exact ints; `step` is not 0.
    pub fn new(vm: &Vm, start: Value, stop: Value, step: Value) -> Res<Ref<Range>> {
        let length = length(vm, &start, &stop, &step)?;
        vm.new_object(Range { start, stop, step, length })
    }

    /// Start, step and length when all fit machine words and so does every item.
    pub fn small(&self) -> Option<(i64, i64, i64)> {
        Some((self.start.as_small_int()?, self.step.as_small_int()?, self.length.as_small_int()?))
            .filter(|_| self.stop.is_small_int())
    }

    /// The item at a position that is not checked.
    pub(crate) fn item(&self, vm: &Vm, position: &BigInt) -> Res {
        vm.new_bigint(big(&self.start) + position * big(&self.step))
    }
}

fn length(vm: &Vm, start: &Value, stop: &Value, step: &Value) -> Res {
    if let (Some(a), Some(b), Some(s)) = (start.as_small_int(), stop.as_small_int(), step.as_small_int()) {
        // 62-bit operands: no overflow.
        let n = if s == 1 {
            (b - a).max(0)
        } else if s > 0 && a < b {
            (b - a - 1) / s + 1
        } else if s < 0 && b < a {
            (a - b - 1) / -s + 1
        } else {
            0
        };
        return vm.new_int(n);
    }
    let (a, b, s) = (big(start), big(stop), big(step));
    let n = if s.sign() == Sign::Plus && a < b {
        (b - a - 1) / s + 1
    } else if s.sign() == Sign::Minus && b < a {
        (a - b - 1) / s.abs() + 1
    } else {
        BigInt::from(0)
    };
    vm.new_bigint(n)
}
