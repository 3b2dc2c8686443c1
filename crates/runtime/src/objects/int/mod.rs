//! `int`: immediates of 62 bits, boxes beyond, and boxes for instances of subclasses.

pub mod boolean;
pub mod construct;
pub mod convert;
mod divide;
pub mod limbs;
pub mod methods;
mod payload;
pub mod slots;
mod words;
pub mod words_text;

use crate::payload::{Downcast, Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{TypeRef, Value, layout};
use num_bigint::{BigInt, Sign};
use num_traits::ToPrimitive;
use ophi_heap::{Layout, TypeFlags};
pub use payload::Int;
use payload::MAX_WORDS;

/// The integer in `value` when it is an int that is no bool and fits an `i128` with room for a carry; `None` says nothing.
#[inline]
pub fn wide(value: &Value) -> Option<i128> {
    match value.as_small_int() {
        Some(i) => Some(i.into()),
        None => value.downcast::<Int>()?.wide(),
    }
}

/// A sign and a magnitude.
#[derive(Clone, Copy)]
pub struct Limbs<'a> {
    pub negative: bool,
    /// Without zero words at the end.
    pub words: &'a [u64],
}

impl Limbs<'_> {
    pub fn is_zero(&self) -> bool {
        self.words.is_empty()
    }
}

/// The integer in `value`, of any kind of int, as words: those behind the object, or one word in `room`. `None`: no int, or a long one.
#[inline]
pub fn limbs<'a>(value: &'a Value, room: &'a mut u64) -> Option<Limbs<'a>> {
    let small = match value.as_small_int() {
        Some(i) => i,
        None if value.is_true() => 1,
        None if value.is_false() => 0,
        None => return value.downcast::<Int>()?.limbs(),
    };
    *room = small.unsigned_abs();
    let words = core::slice::from_ref(room);
    Some(Limbs { negative: small < 0, words: if small == 0 { &[] } else { words } })
}

pub static INT: TypeDef = TypeDef {
    doc: "int([x]) -> integer\nint(x, base=10) -> integer\n\nA number cut off towards zero, or the number that a string stands for, in base 2 to 36; base 0 goes by a prefix\nlike 0x. Without an argument, 0.\n\n>>> int('0x1f', 0)\n31",
    flags: TypeFlags::BASETYPE.with(TypeFlags::INT).with(TypeFlags::MATCH_SELF),
    slots: slots::SLOTS,
    tables: &[Int::METHODS],
    vectorcall: Some(construct::vectorcall),
    ..TypeDef::of::<Int>("int", &crate::objects::object::OBJECT)
};

pub static BOOL: TypeDef = TypeDef {
    doc: boolean::DOC,
    flags: TypeFlags::MATCH_SELF,
    slots: boolean::SLOTS,
    vectorcall: Some(boolean::vectorcall),
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

/// Whether it is an int, a bool or an instance of a subclass.
#[inline]
pub fn is_int(value: &Value) -> bool {
    value.is_small_int() || value.is_true() || value.is_false() || value.is_a::<Int>()
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
    value.downcast::<Int>().map(|b| match b.as_small() {
        Some(i) => IntView::Small(i),
        None => IntView::Big(b.big()),
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
    #[inline]
    pub fn new_wide(&self, value: i128) -> Res {
        if let Some(small) = i64::try_from(value).ok().and_then(Value::small_int) {
            return Ok(small);
        }
        let magnitude = value.unsigned_abs();
        let (low, high) = (magnitude as u64, (magnitude >> 64) as u64);
        if high == 0 {
            return self.new_words(value < 0, &[low]);
        }
        self.new_words(value < 0, &[low, high])
    }

    /// An exact int: immediate when it fits.
    pub fn new_bigint(&self, value: BigInt) -> Res {
        if value.bits() > MAX_WORDS as u64 * 64 {
            // Its digits are there already; what is beyond the limit goes again.
            if value.bits() > ASKING {
                self.check_room(0)?;
            }
            return Ok(self.new_object(Int::long(value))?.into_value());
        }
        self.new_limbs(value.sign() == Sign::Minus, value.iter_u64_digits().len(), |out| {
            out.iter_mut().zip(value.iter_u64_digits()).for_each(|(out, word)| *out = word);
        })
    }

    /// An instance of a subclass of int.
    pub fn new_int_of(&self, cls: &TypeRef, value: BigInt) -> Res {
        if cls.is(self.ty_of::<Int>()) {
            return self.new_bigint(value);
        }
        if value.bits() > MAX_WORDS as u64 * 64 {
            return Ok(self.new_instance(cls, Int::long(value))?.into_value());
        }
        let words: limbs::Scratch = value.iter_u64_digits().collect();
        self.new_words_of(cls, value.sign() == Sign::Minus, &words)
    }
}
