//! `bool`: the two constants, as numbers and in logic. After CPython Objects/boolobject.c.

use crate::slots::{Binary, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, TypeRef, Value};

pub const DOC: &str = "bool(object=False, /)\n--\n\nTrue or False: the truth of the argument.\nThere are no other instances. bool is a subclass of int that cannot be subclassed itself.";

pub const SLOTS: Slots = Slots {
    repr: Some(repr),
    and: Some(and),
    or: Some(or),
    xor: Some(xor),
    invert: Some(invert),
    new: Some(new),
    ..Slots::NONE
};

/// `bool(x)`.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    let [only] = args else { return None };
    Some(vm.is_true(only).map(Value::bool))
}

fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "bool")?;
    match args.check_positional(vm, "bool", 0, 1)? {
        [] => Ok(Value::FALSE),
        [value, ..] => Ok(Value::bool(vm.is_true(value)?)),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    Ok(vm.intern(if this.is_true() { "True" } else { "False" })?.into_value())
}

fn truth(value: &Value) -> Option<bool> {
    (value.is_true() || value.is_false()).then(|| value.is_true())
}

/// Two bools give a bool; anything else is what it is for integers.
fn logic(
    vm: &Vm,
    a: &Value,
    b: &Value,
    on_bools: fn(bool, bool) -> bool,
    on_integers: fn(&Slots) -> Option<Binary>,
) -> Res {
    match (truth(a), truth(b)) {
        (Some(x), Some(y)) => Ok(Value::bool(on_bools(x, y))),
        _ => match on_integers(&super::INT.slots) {
            Some(f) => f(vm, a, b),
            None => Ok(Value::NOT_IMPLEMENTED),
        },
    }
}

fn and(vm: &Vm, a: &Value, b: &Value) -> Res {
    logic(vm, a, b, |x, y| x & y, |s| s.and)
}

fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    logic(vm, a, b, |x, y| x | y, |s| s.or)
}

fn xor(vm: &Vm, a: &Value, b: &Value) -> Res {
    logic(vm, a, b, |x, y| x ^ y, |s| s.xor)
}

fn invert(vm: &Vm, this: &Value) -> Res {
    vm.warn(
        &crate::objects::exceptions::DEPRECATION_WARNING,
        "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of the underlying int object and is usually not what you expect from the negation of a bool object. Use the 'not' operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
        1,
    )?;
    Ok(Value::int32(if this.is_true() { -2 } else { -1 }))
}
