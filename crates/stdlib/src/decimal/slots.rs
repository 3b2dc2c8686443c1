//! The operators of `Decimal`.

use super::context::Context;
use super::convert::{self, Whole, from_f64, operand};
use super::current;
use super::number::compare::order;
use super::number::{Ctx, Natural, Number, status};
use super::state;
use super::value::{self, Decimal, of};
use ophi_runtime::objects::{complex, float, int};
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{Ref, Res, Value, Vm};
use std::borrow::Cow;

pub type UnaryOperation = fn(&mut Ctx<'_>, &Number) -> Number;
pub type BinaryOperation = fn(&mut Ctx<'_>, &Number, &Number) -> Number;

#[inline(always)]
pub fn unary(vm: &Vm, this: &Value, operation: UnaryOperation) -> Res {
    let context = current::get(vm)?;
    let n = &of(vm, this)?.number;
    value::new(vm, context.run(vm, |ctx| operation(ctx, n))?)
}

#[inline(always)]
pub fn binary(vm: &Vm, a: &Value, b: &Value, operation: BinaryOperation) -> Res {
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(Value::NOT_IMPLEMENTED) };
    let context = current::get(vm)?;
    value::new(vm, context.run(vm, |ctx| operation(ctx, &x, &y))?)
}

pub fn divmod(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(Value::NOT_IMPLEMENTED) };
    let context = current::get(vm)?;
    let (quotient, rest) = context.run(vm, |ctx| ctx.divmod(&x, &y))?;
    vm.new_tuple(&[value::new(vm, quotient)?, value::new(vm, rest)?])
}

pub fn power(vm: &Vm, a: &Value, b: &Value, m: &Value) -> Res {
    let (Some(x), Some(y)) = (operand(a), operand(b)) else { return Ok(Value::NOT_IMPLEMENTED) };
    let context = current::get(vm)?;
    if m.is_none() {
        return value::new(vm, context.run(vm, |ctx| ctx.power(&x, &y))?);
    }
    let Some(m) = operand(m) else { return Ok(Value::NOT_IMPLEMENTED) };
    value::new(vm, context.run(vm, |ctx| ctx.power_modulo(&x, &y, &m))?)
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let text = text(vm, of(vm, this)?, false, None)?;
    Ok(vm.new_ascii(&[b"Decimal('", &text[..], b"')"].concat())?.into_value())
}

pub fn str(vm: &Vm, this: &Value) -> Res {
    Ok(vm.new_ascii(&text(vm, of(vm, this)?, false, None)?)?.into_value())
}

/// The text of a number, with the exponent's letter as the context says.
pub fn text(vm: &Vm, this: &Decimal, engineering: bool, context: Option<&Context>) -> Res<Vec<u8>> {
    let capitals = match context {
        Some(context) => context.settings.get().capitals,
        None => current::get(vm)?.settings.get().capitals,
    };
    Ok(this.number.to_text(engineering, capitals))
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let decimal = of(vm, this)?;
    let known = decimal.hash.get();
    if known != 0 {
        return Ok(known);
    }
    if decimal.number.is_signaling() {
        return Err(vm.type_error("Cannot hash a signaling NaN value"));
    }
    let hash = if decimal.number.is_nan() {
        ophi_runtime::objects::object::methods::identity_hash(this)
    } else {
        convert::hash(&decimal.number)
    };
    decimal.hash.set(hash);
    Ok(hash)
}

pub fn to_int(vm: &Vm, this: &Value) -> Res {
    convert::to_int(vm, &of(vm, this)?.number, Whole::Truncate)
}

pub fn to_float(vm: &Vm, this: &Value) -> Res {
    vm.new_float(convert::to_f64(vm, &of(vm, this)?.number)?)
}

/// Comparison with any number. Ordering a NaN signals; so does testing a signaling one for equality.
pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let this = of(vm, a)?;
    if let Some(y) = operand(b)
        && !this.number.is_nan()
        && !y.is_nan()
    {
        return Ok(Value::bool(op.matches(order(&this.number, &y))));
    }
    let context = current::get(vm)?;
    let equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    let mut x = Cow::Borrowed(&this.number);
    let y = if let Some(y) = operand(b) {
        y
    } else if let Some((re, im)) = complex::view(b).filter(|_| equality) {
        if im != 0.0 {
            return Ok(Value::bool(op == CompareOp::Ne));
        }
        note_float(vm, &context, equality)?;
        Cow::Owned(from_f64(re))
    } else if let Some(f) = float::view(b) {
        note_float(vm, &context, equality)?;
        Cow::Owned(from_f64(f))
    } else if vm.is_instance(b, &state::of(vm).rational.get_or_none())? {
        // a == n / d exactly when a * d == n.
        let (top, bottom) = (whole(vm, b, "numerator")?, whole(vm, b, "denominator")?);
        if this.number.is_finite() {
            x = Cow::Owned(Number {
                coefficient: this.number.coefficient.mul(&bottom.coefficient),
                ..this.number.clone()
            });
        }
        Cow::Owned(top)
    } else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if x.is_nan() || y.is_nan() {
        if !equality || x.is_signaling() || y.is_signaling() {
            context.signal(vm, status::INVALID_OPERATION)?;
        }
        return Ok(Value::bool(op == CompareOp::Ne));
    }
    Ok(Value::bool(op.matches(order(&x, &y))))
}

/// A comparison with a float: testing for equality only sets the flag.
fn note_float(vm: &Vm, context: &Ref<Context>, equality: bool) -> Res<()> {
    if equality {
        context.flags.set(context.flags.get() | status::FLOAT_OPERATION);
        return Ok(());
    }
    context.signal(vm, status::FLOAT_OPERATION)
}

fn whole(vm: &Vm, rational: &Value, name: &str) -> Res<Number> {
    let part = vm.get_attr_str(rational, name)?;
    match int::view(&part) {
        Some(view) => Ok(convert::from_int(view)),
        None => Err(vm.type_error(format!("{name} must be an integer, not {}", vm.type_name(&part)))),
    }
}

/// The digits of a coefficient as a tuple of ints.
pub fn digits_tuple(vm: &Vm, n: &Natural) -> Res {
    let mut text = Vec::new();
    n.push_digits(&mut text);
    let digits: Vec<Value> = text.iter().map(|d| Value::int32(i32::from(d - b'0'))).collect();
    vm.new_tuple(&digits)
}
