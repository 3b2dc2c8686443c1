//! Arithmetic of `timedelta`, exact in microseconds; quotients and products with floats round half to even.

use super::delta::{self, Delta};
use num_bigint::BigInt;
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use ophi_runtime::objects::{float, int};
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::numbers::BinaryOp;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Ref, Res, Tuple, Value, Vm};

pub const SLOTS: Slots = Slots {
    add: Some(add),
    subtract: Some(subtract),
    multiply: Some(multiply),
    true_divide: Some(true_divide),
    floor_divide: Some(floor_divide),
    remainder: Some(remainder),
    divmod: Some(divmod),
    negative: Some(negative),
    positive: Some(positive),
    absolute: Some(absolute),
    bool: Some(|vm, this| Ok(!delta::of(vm, this)?.is_zero())),
    ..Slots::NONE
};

fn made(delta: Res<Ref<Delta>>) -> Res {
    Ok(delta?.into_value())
}

/// Both as durations; `None` when one is something else.
fn both<'a>(a: &'a Value, b: &'a Value) -> Option<(&'a Ref<Delta>, &'a Ref<Delta>)> {
    Some((a.downcast::<Delta>()?, b.downcast::<Delta>()?))
}

fn add(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
    let (seconds, micros) = (a.seconds + b.seconds, a.micros + b.micros);
    made(delta::new(vm, i64::from(a.days) + i64::from(b.days), seconds.into(), micros.into()))
}

fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
    let (seconds, micros) = (a.seconds - b.seconds, a.micros - b.micros);
    made(delta::new(vm, i64::from(a.days) - i64::from(b.days), seconds.into(), micros.into()))
}

fn negative(vm: &Vm, this: &Value) -> Res {
    let this = delta::of(vm, this)?;
    made(delta::new(vm, -i64::from(this.days), (-this.seconds).into(), (-this.micros).into()))
}

fn positive(vm: &Vm, this: &Value) -> Res {
    let this = delta::of(vm, this)?;
    made(delta::new(vm, this.days.into(), this.seconds.into(), this.micros.into()))
}

fn absolute(vm: &Vm, this: &Value) -> Res {
    if delta::of(vm, this)?.days < 0 { negative(vm, this) } else { positive(vm, this) }
}

/// A duration of a whole number of microseconds.
fn from_big(vm: &Vm, micros: &BigInt) -> Res {
    match micros.to_i128() {
        Some(micros) => made(delta::from_micros(vm, micros)),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

/// The quotient rounded to the nearest, ties to even.
fn divide_nearest(vm: &Vm, a: &BigInt, b: &BigInt) -> Res<BigInt> {
    if b.is_zero() {
        return Err(vm.zero_division("division by zero"));
    }
    let (a, b) = if b.is_negative() { (-a, -b) } else { (a.clone(), b.clone()) };
    let (quotient, rest) = a.div_mod_floor(&b);
    let up = match (rest * 2u8).cmp(&b) {
        core::cmp::Ordering::Less => false,
        core::cmp::Ordering::Equal => quotient.is_odd(),
        core::cmp::Ordering::Greater => true,
    };
    Ok(if up { quotient + 1 } else { quotient })
}

/// `float.as_integer_ratio`
fn integer_ratio(vm: &Vm, value: &Value) -> Res<(BigInt, BigInt)> {
    let pair = vm.call_method_str(value, "as_integer_ratio", &[])?;
    let Some(pair) = pair.downcast::<Tuple>() else {
        let got = vm.type_name(&pair);
        return Err(
            vm.type_error(format!("unexpected return type from as_integer_ratio(): expected tuple, not '{got}'"))
        );
    };
    let [up, down] = pair.as_slice() else {
        return Err(vm.value_error("as_integer_ratio() must return a 2-tuple"));
    };
    let whole = |part: &Value| match int::view(part) {
        Some(view) => Ok(view.to_bigint()),
        None => Err(vm.type_error(format!("'{}' object cannot be interpreted as an integer", vm.type_name(part)))),
    };
    Ok((whole(up)?, whole(down)?))
}

fn multiply(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (this, factor) = match (a.downcast::<Delta>(), b.downcast::<Delta>()) {
        (Some(this), None) => (this, b),
        (None, Some(this)) => (this, a),
        _ => return Ok(Value::NOT_IMPLEMENTED),
    };
    let micros = this.total_micros();
    if let Some(factor) = int::view(factor) {
        if let Some(product) = factor.to_i64().and_then(|n| micros.checked_mul(n.into())) {
            return made(delta::from_micros(vm, product));
        }
        return from_big(vm, &(BigInt::from(micros) * factor.to_bigint()));
    }
    if float::view(factor).is_some() {
        let (up, down) = integer_ratio(vm, factor)?;
        return from_big(vm, &divide_nearest(vm, &(BigInt::from(micros) * up), &down)?);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// `a / b` as the nearest float.
pub fn ratio(vm: &Vm, a: i128, b: i128) -> Res {
    let (a, b) = (vm.new_bigint(BigInt::from(a))?, vm.new_bigint(BigInt::from(b))?);
    vm.binary_op(BinaryOp::TrueDivide, &a, &b)
}

fn true_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some(this) = a.downcast::<Delta>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if let Some(other) = b.downcast::<Delta>() {
        if other.is_zero() {
            return Err(vm.zero_division("division by zero"));
        }
        return ratio(vm, this.total_micros(), other.total_micros());
    }
    let micros = BigInt::from(this.total_micros());
    if let Some(divisor) = int::view(b) {
        return from_big(vm, &divide_nearest(vm, &micros, &divisor.to_bigint())?);
    }
    if float::view(b).is_some() {
        let (up, down) = integer_ratio(vm, b)?;
        return from_big(vm, &divide_nearest(vm, &(micros * down), &up)?);
    }
    Ok(Value::NOT_IMPLEMENTED)
}

fn floor_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some(this) = a.downcast::<Delta>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let micros = this.total_micros();
    if let Some(other) = b.downcast::<Delta>() {
        if other.is_zero() {
            return Err(vm.zero_division("division by zero"));
        }
        return vm.new_bigint(BigInt::from(Integer::div_floor(&micros, &other.total_micros())));
    }
    if let Some(divisor) = int::view(b) {
        let divisor = divisor.to_bigint();
        if divisor.is_zero() {
            return Err(vm.zero_division("division by zero"));
        }
        return from_big(vm, &BigInt::from(micros).div_floor(&divisor));
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// Quotient and rest of two durations.
fn divided(vm: &Vm, a: &Ref<Delta>, b: &Ref<Delta>) -> Res<(i128, i128)> {
    if b.is_zero() {
        return Err(vm.zero_division("division by zero"));
    }
    Ok(a.total_micros().div_mod_floor(&b.total_micros()))
}

fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
    made(delta::from_micros(vm, divided(vm, a, b)?.1))
}

fn divmod(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some((a, b)) = both(a, b) else { return Ok(Value::NOT_IMPLEMENTED) };
    let (quotient, rest) = divided(vm, a, b)?;
    let quotient = vm.new_bigint(BigInt::from(quotient))?;
    vm.new_tuple(&[quotient, delta::from_micros(vm, rest)?.into_value()])
}
