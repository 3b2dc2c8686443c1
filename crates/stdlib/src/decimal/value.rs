//! The object `Decimal`.

use super::number::Number;
use super::{convert, methods, slots};
use ophi_heap::Make;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout};
use std::cell::Cell;

pub struct Decimal {
    pub number: Number,
    /// 0 until it is asked for.
    pub hash: Cell<i64>,
}

impl Trace for Decimal {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Decimal {
    fn def() -> &'static TypeDef {
        &DECIMAL
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("decimal.Decimal");
    const MAKE: Make = Make::Leaf;
}

pub static DECIMAL: TypeDef = TypeDef {
    module: "decimal",
    doc: "Decimal(value=\"0\", context=None)\n--\n\nA decimal number from an integer, a string, a tuple, a float or another Decimal.\nThe value is taken exactly; the context only tells whether what is no number\nraises InvalidOperation.\n",
    flags: TypeFlags::BASETYPE,
    slots: Slots {
        new: Some(convert::new),
        repr: Some(slots::repr),
        str: Some(slots::str),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        add: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.add(x, y))),
        subtract: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.subtract(x, y))),
        multiply: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.multiply(x, y))),
        true_divide: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.divide(x, y))),
        floor_divide: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.divide_integer(x, y))),
        remainder: Some(|vm, a, b| slots::binary(vm, a, b, |c, x, y| c.remainder(x, y))),
        divmod: Some(slots::divmod),
        power: Some(slots::power),
        negative: Some(|vm, a| slots::unary(vm, a, |c, x| c.minus(x))),
        positive: Some(|vm, a| slots::unary(vm, a, |c, x| c.plus(x))),
        absolute: Some(|vm, a| slots::unary(vm, a, |c, x| c.absolute(x))),
        bool: Some(|vm, a| Ok(!of(vm, a)?.number.is_zero())),
        int: Some(slots::to_int),
        float: Some(slots::to_float),
        ..Slots::NONE
    },
    tables: &[&methods::TABLE, methods::Plain::METHODS],
    ..TypeDef::of::<Decimal>("Decimal", &OBJECT)
};

pub fn of<'a>(vm: &Vm, value: &'a Value) -> Res<&'a Ref<Decimal>> {
    use ophi_runtime::payload::Downcast;
    value.downcast::<Decimal>().ok_or_else(|| vm.type_error("argument must be a Decimal"))
}

/// A Decimal with this value.
#[inline]
pub fn new(vm: &Vm, number: Number) -> Res {
    Ok(vm.make_object(|| Decimal { number, hash: Cell::new(0) })?.into_value())
}

pub fn new_of(vm: &Vm, class: &TypeRef, number: Number) -> Res {
    Ok(vm.new_instance(class, Decimal { number, hash: Cell::new(0) })?.into_value())
}
