//! `int`: immediates of 62 bits, boxes beyond, and boxes for instances of subclasses.

pub mod boolean;
pub mod construct;
pub mod convert;
mod divide;
pub mod methods;
pub mod slots;

use crate::payload::{Downcast, Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, layout};
use num_bigint::BigInt;
use num_traits::ToPrimitive;
use ophi_heap::{Layout, TypeFlags};

/// A boxed integer. Exact `int` objects are boxed only when they do not fit the immediate form.
pub struct Int {
    pub value: BigInt,
}

pub static INT: TypeDef = TypeDef {
    doc: "int([x]) -> integer\nint(x, base=10) -> integer\n\nA number cut off towards zero, or the number that a string stands for, in base 2 to 36; base 0 goes by a prefix\nlike 0x. Without an argument, 0.\n\n>>> int('0x1f', 0)\n31",
    flags: TypeFlags::BASETYPE.with(TypeFlags::INT).with(TypeFlags::MATCH_SELF),
    slots: slots::SLOTS,
    tables: &[Int::METHODS],
    ..TypeDef::of::<Int>("int", &crate::objects::object::OBJECT)
};

pub static BOOL: TypeDef = TypeDef {
    doc: boolean::DOC,
    flags: TypeFlags::MATCH_SELF,
    slots: boolean::SLOTS,
    ..TypeDef::of::<Int>("bool", &INT)
};

impl Payload for Int {
    fn def() -> &'static TypeDef {
        &INT
    }
    const LAYOUT: &'static Layout = layout!("int");
}

impl crate::Trace for Int {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

/// The value of any int (bool and subclasses too).
#[derive(Clone, Copy, Debug)]
pub enum IntView<'a> {
    Small(i64),
    Big(&'a BigInt),
}

impl IntView<'_> {
    pub fn to_bigint(self) -> BigInt {
        match self {
            IntView::Small(i) => BigInt::from(i),
            IntView::Big(b) => b.clone(),
        }
    }

    pub fn to_i64(self) -> Option<i64> {
        match self {
            IntView::Small(i) => Some(i),
            IntView::Big(b) => b.to_i64(),
        }
    }
}

/// The integer in `value` when it is an int, a bool or an instance of a subclass.
#[inline]
pub fn view(value: &Value) -> Option<IntView<'_>> {
    if let Some(i) = value.as_small_int() {
        return Some(IntView::Small(i));
    }
    if value.is_true() {
        return Some(IntView::Small(1));
    }
    if value.is_false() {
        return Some(IntView::Small(0));
    }
    value.downcast::<Int>().map(|b| match b.value.to_i64() {
        Some(i) if Value::small_int(i).is_some() => IntView::Small(i),
        _ => IntView::Big(&b.value),
    })
}

impl Vm {
    #[inline(always)]
    pub fn new_int(&self, i: i64) -> Res {
        match Value::small_int(i) {
            Some(v) => Ok(v),
            None => self.new_bigint(BigInt::from(i)),
        }
    }

    /// An exact int: immediate when it fits.
    pub fn new_bigint(&self, value: BigInt) -> Res {
        if let Some(small) = value.to_i64().and_then(Value::small_int) {
            return Ok(small);
        }
        Ok(self.new_object(Int { value })?.into_value())
    }

    /// An instance of a subclass of int.
    pub fn new_int_of(&self, cls: &TypeRef, value: BigInt) -> Res {
        if cls.is(self.ty_of::<Int>()) {
            return self.new_bigint(value);
        }
        let object: Ref<Int> = self.new_instance(cls, Int { value })?;
        Ok(object.into_value())
    }
}
