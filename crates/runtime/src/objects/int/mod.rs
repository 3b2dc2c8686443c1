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
use core::cell::OnceCell;
use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use ophi_heap::{Layout, TypeFlags};

/// A boxed integer. Exact `int` objects are boxed only when they do not fit the immediate form.
pub struct Int {
    /// The value as an `i128`, low word first, where it fits one; 0: only `big` knows it. Most that are beyond a word fit.
    words: [u64; 2],
    /// Made when first asked for, if the words tell the value.
    big: OnceCell<BigInt>,
}

impl Int {
    fn of_wide(value: i128) -> Int {
        Int { words: [value as u64, (value >> 64) as u64], big: OnceCell::new() }
    }

    fn of_big(value: BigInt) -> Int {
        let wide = if value.bits() < 127 { value.to_i128().unwrap_or(0) } else { 0 };
        Int { words: [wide as u64, (wide >> 64) as u64], big: OnceCell::from(value) }
    }

    #[inline]
    fn wide(&self) -> Option<i128> {
        let value = (i128::from(self.words[1]) << 64) | i128::from(self.words[0]);
        (value != 0).then_some(value)
    }

    fn big(&self) -> &BigInt {
        self.big.get_or_init(|| BigInt::from(self.wide().unwrap_or(0)))
    }
}

/// The integer in `value` when it is an int that is no bool and fits an `i128` with room for a carry; `None` says nothing.
#[inline]
pub fn wide(value: &Value) -> Option<i128> {
    match value.as_small_int() {
        Some(i) => Some(i.into()),
        None => value.downcast::<Int>()?.wide(),
    }
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
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
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
    value.downcast::<Int>().map(|b| {
        match b.wide() {
            Some(wide) => match i64::try_from(wide) {
                Ok(i) if Value::small_int(i).is_some() => IntView::Small(i),
                _ => IntView::Big(b.big()),
            },
            // What no words tell is beyond them, or zero in an instance of a subclass.
            None => match b.big() {
                zero if zero.sign() == Sign::NoSign => IntView::Small(0),
                big => IntView::Big(big),
            },
        }
    })
}

/// Bits of an integer from which on the limit is asked.
const ASKING: u64 = 1 << 18;

impl Vm {
    #[inline(always)]
    pub fn new_int(&self, i: i64) -> Res {
        match Value::small_int(i) {
            Some(v) => Ok(v),
            None => self.new_wide(i.into()),
        }
    }

    /// An exact int: immediate when it fits.
    pub fn new_wide(&self, value: i128) -> Res {
        if let Some(small) = i64::try_from(value).ok().and_then(Value::small_int) {
            return Ok(small);
        }
        if value.unsigned_abs() >> 126 != 0 {
            return self.new_bigint(BigInt::from(value));
        }
        Ok(self.new_object(Int::of_wide(value))?.into_value())
    }

    /// An exact int: immediate when it fits.
    pub fn new_bigint(&self, value: BigInt) -> Res {
        if value.bits() > 126 {
            // Its digits are there already; what is beyond the limit goes again.
            if value.bits() > ASKING {
                self.check_room(0)?;
            }
            return Ok(self.new_object(Int { words: [0, 0], big: OnceCell::from(value) })?.into_value());
        }
        if let Some(small) = value.to_i64().and_then(Value::small_int) {
            return Ok(small);
        }
        Ok(self.new_object(Int::of_big(value))?.into_value())
    }

    /// An instance of a subclass of int.
    pub fn new_int_of(&self, cls: &TypeRef, value: BigInt) -> Res {
        if cls.is(self.ty_of::<Int>()) {
            return self.new_bigint(value);
        }
        let object: Ref<Int> = self.new_instance(cls, Int::of_big(value))?;
        Ok(object.into_value())
    }
}
