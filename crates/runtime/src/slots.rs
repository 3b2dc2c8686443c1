//! The operations of a type as function pointers.
//!
//! One table declares every slot with the kind of its function. `Slots` (plain data, written in type definitions), reading and
//! writing a slot by [`SlotId`], and inheritance come from it. What dunder methods stand for which slot is told in
//! `objects::type::slot_defs`. After CPython Objects/typeobject.c (`slotdefs`).

use crate::native::Args;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value};

/// The comparison a rich comparison is asked for; numbers are CPython's `Py_LT` ... `Py_GE`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum CompareOp {
    Lt = 0,
    Le = 1,
    Eq = 2,
    Ne = 3,
    Gt = 4,
    Ge = 5,
}

impl CompareOp {
    pub const ALL: [CompareOp; 6] =
        [CompareOp::Lt, CompareOp::Le, CompareOp::Eq, CompareOp::Ne, CompareOp::Gt, CompareOp::Ge];

    /// The operation with the operands exchanged.
    pub const fn swapped(self) -> CompareOp {
        match self {
            CompareOp::Lt => CompareOp::Gt,
            CompareOp::Le => CompareOp::Ge,
            CompareOp::Gt => CompareOp::Lt,
            CompareOp::Ge => CompareOp::Le,
            same => same,
        }
    }

    pub const fn symbol(self) -> &'static str {
        match self {
            CompareOp::Lt => "<",
            CompareOp::Le => "<=",
            CompareOp::Eq => "==",
            CompareOp::Ne => "!=",
            CompareOp::Gt => ">",
            CompareOp::Ge => ">=",
        }
    }

    /// The answer for an ordering of the operands.
    pub const fn matches(self, ordering: core::cmp::Ordering) -> bool {
        use core::cmp::Ordering::*;
        match self {
            CompareOp::Lt => matches!(ordering, Less),
            CompareOp::Le => matches!(ordering, Less | Equal),
            CompareOp::Eq => matches!(ordering, Equal),
            CompareOp::Ne => !matches!(ordering, Equal),
            CompareOp::Gt => matches!(ordering, Greater),
            CompareOp::Ge => matches!(ordering, Greater | Equal),
        }
    }
}

pub type Unary = fn(&Vm, &Value) -> Res;
/// Returns NotImplemented when it does not know the operands.
pub type Binary = fn(&Vm, &Value, &Value) -> Res;
pub type Ternary = fn(&Vm, &Value, &Value, &Value) -> Res;
pub type Inquiry = fn(&Vm, &Value) -> Res<bool>;
pub type Length = fn(&Vm, &Value) -> Res<usize>;
pub type Hash = fn(&Vm, &Value) -> Res<i64>;
pub type RichCompare = fn(&Vm, &Value, &Value, CompareOp) -> Res;
pub type GetAttr = fn(&Vm, &Value, &Ref<Str>) -> Res;
/// `None` deletes.
pub type SetAttr = fn(&Vm, &Value, &Ref<Str>, Option<&Value>) -> Res<()>;
/// Self, instance (None: accessed on the class), class.
pub type DescrGet = fn(&Vm, &Value, Option<&Value>, Option<&Value>) -> Res;
pub type DescrSet = fn(&Vm, &Value, &Value, Option<&Value>) -> Res<()>;
/// `None` deletes.
pub type SetItem = fn(&Vm, &Value, &Value, Option<&Value>) -> Res<()>;
pub type Contains = fn(&Vm, &Value, &Value) -> Res<bool>;
pub type Repeat = fn(&Vm, &Value, isize) -> Res;
/// `Ok(None)`: exhausted.
pub type Next = fn(&Vm, &Value) -> Res<Option<Value>>;
/// `am_send`: sends a value in and tells a yield from a return, without a StopIteration.
pub type Send = fn(&Vm, &Value, &Value) -> Res<crate::interpreter::generators::Sent>;
pub type CallFn = fn(&Vm, &Value, Args<'_>) -> Res;
pub type Init = fn(&Vm, &Value, Args<'_>) -> Res<()>;
pub type New = fn(&Vm, &TypeRef, Args<'_>) -> Res;
pub type Finalize = fn(&Vm, &Value);
/// Exports the object's bytes; flags are `PyBUF_*`.
pub type GetBuffer = fn(&Vm, &Value, u32) -> Res<crate::objects::buffer::Exported>;

macro_rules! declare_slots {
    ($($(#[$doc:meta])* $name:ident: $kind:ident),* $(,)?) => {
        /// A type's operations. `None`: the type has none of its own (and, after inheritance, none at all).
        #[derive(Clone, Copy)]
        pub struct Slots { $($(#[$doc])* pub $name: Option<$kind>,)* }

        impl Slots {
            pub const NONE: Slots = Slots { $($name: None,)* };

            pub fn get(&self, id: SlotId) -> Option<SlotFn> {
                match id { $(SlotId::$name => self.$name.map(SlotFn::$kind),)* }
            }

            /// Puts a function of the right kind in; a function of another kind clears the slot.
            pub fn set(&mut self, id: SlotId, function: Option<SlotFn>) {
                match id {
                    $(SlotId::$name => {
                        self.$name = match function { Some(SlotFn::$kind(f)) => Some(f), _ => None };
                    })*
                }
            }

            /// Takes over from `base` what is empty here.
            pub fn inherit(&mut self, base: &Slots) {
                $(if self.$name.is_none() { self.$name = base.$name; })*
            }
        }

        /// Names a slot.
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
        #[allow(non_camel_case_types)]
        pub enum SlotId { $($name,)* }

        impl SlotId {
            pub const ALL: &'static [SlotId] = &[$(SlotId::$name,)*];
        }
    };
}

declare_slots! {
    repr: Unary, str: Unary, hash: Hash, call: CallFn, richcompare: RichCompare,
    getattro: GetAttr, setattro: SetAttr, descr_get: DescrGet, descr_set: DescrSet,
    iter: Unary, iternext: Next, init: Init, new: New, finalize: Finalize,
    // numbers
    add: Binary, subtract: Binary, multiply: Binary, remainder: Binary, divmod: Binary, power: Ternary,
    negative: Unary, positive: Unary, absolute: Unary, bool: Inquiry, invert: Unary,
    lshift: Binary, rshift: Binary, and: Binary, xor: Binary, or: Binary, int: Unary, float: Unary,
    inplace_add: Binary, inplace_subtract: Binary, inplace_multiply: Binary, inplace_remainder: Binary,
    inplace_power: Ternary, inplace_lshift: Binary, inplace_rshift: Binary, inplace_and: Binary, inplace_xor: Binary,
    inplace_or: Binary, floor_divide: Binary, true_divide: Binary, inplace_floor_divide: Binary,
    inplace_true_divide: Binary, index: Unary, matrix_multiply: Binary, inplace_matrix_multiply: Binary,
    // sequences and mappings
    len: Length, getitem: Binary, setitem: SetItem, contains: Contains,
    /// `sq_concat`: the `+` of sequences, tried after `add`.
    concat: Binary,
    /// `sq_repeat`: the `*` of sequences, tried after `multiply`.
    repeat: Repeat,
    inplace_concat: Binary, inplace_repeat: Repeat,
    // asynchronous
    r#await: Unary, aiter: Unary, anext: Unary, send: Send,
    buffer: GetBuffer,
}

/// A slot's function with its kind.
#[derive(Clone, Copy)]
pub enum SlotFn {
    Unary(Unary),
    Binary(Binary),
    Ternary(Ternary),
    Inquiry(Inquiry),
    Length(Length),
    Hash(Hash),
    RichCompare(RichCompare),
    GetAttr(GetAttr),
    SetAttr(SetAttr),
    DescrGet(DescrGet),
    DescrSet(DescrSet),
    SetItem(SetItem),
    Contains(Contains),
    Repeat(Repeat),
    Next(Next),
    Send(Send),
    CallFn(CallFn),
    Init(Init),
    New(New),
    Finalize(Finalize),
    GetBuffer(GetBuffer),
}

impl SlotFn {
    /// The function's address, to tell whether two slots are the same.
    pub fn address(self) -> usize {
        match self {
            SlotFn::Unary(f) => f as usize,
            SlotFn::Binary(f) => f as usize,
            SlotFn::Ternary(f) => f as usize,
            SlotFn::Inquiry(f) => f as usize,
            SlotFn::Length(f) => f as usize,
            SlotFn::Hash(f) => f as usize,
            SlotFn::RichCompare(f) => f as usize,
            SlotFn::GetAttr(f) => f as usize,
            SlotFn::SetAttr(f) => f as usize,
            SlotFn::DescrGet(f) => f as usize,
            SlotFn::DescrSet(f) => f as usize,
            SlotFn::SetItem(f) => f as usize,
            SlotFn::Contains(f) => f as usize,
            SlotFn::Repeat(f) => f as usize,
            SlotFn::Next(f) => f as usize,
            SlotFn::Send(f) => f as usize,
            SlotFn::CallFn(f) => f as usize,
            SlotFn::Init(f) => f as usize,
            SlotFn::New(f) => f as usize,
            SlotFn::Finalize(f) => f as usize,
            SlotFn::GetBuffer(f) => f as usize,
        }
    }
}
