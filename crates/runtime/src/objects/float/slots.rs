//! The operations of `float`. After CPython Objects/floatobject.c.

use super::{Float, view};
use crate::objects::int::{self, IntView};
use crate::payload::Downcast;
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Str, TypeRef, Value};
use num_bigint::BigInt;
use num_traits::{FromPrimitive, Signed};

pub const SLOTS: Slots = Slots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(new),
    add: Some(add),
    subtract: Some(subtract),
    multiply: Some(multiply),
    remainder: Some(remainder),
    divmod: Some(divmod),
    power: Some(power),
    negative: Some(negative),
    positive: Some(to_float),
    absolute: Some(absolute),
    bool: Some(truth),
    int: Some(truncate),
    float: Some(to_float),
    floor_divide: Some(floor_divide),
    true_divide: Some(true_divide),
    ..Slots::NONE
};

/// A float or an int as a float; `None` for other types; OverflowError for integers beyond the range.
fn operand(vm: &Vm, value: &Value) -> Res<Option<f64>> {
    if let Some(f) = view(value) {
        return Ok(Some(f));
    }
    match int::view(value) {
        Some(i) => int::slots::as_f64(vm, i).map(Some),
        None => Ok(None),
    }
}

macro_rules! operands {
    ($vm:expr, $a:expr, $b:expr) => {
        match (operand($vm, $a)?, operand($vm, $b)?) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

fn expect(vm: &Vm, value: &Value) -> Res<f64> {
    view(value).ok_or_else(|| vm.type_error(format!("must be real number, not {}", vm.type_name(value))))
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let mut text = crate::format::float::Text::default();
    crate::format::float::write_repr(&mut text, expect(vm, value)?);
    Ok(vm.new_ascii(&text)?.into_value())
}

/// Numeric hash (CPython `_Py_HashDouble`): equal numbers of any type have equal hashes. NaN hashes by identity.
pub fn hash_f64(f: f64) -> Option<i64> {
    const BITS: i32 = 61;
    const MODULUS: u64 = (1 << BITS) - 1;
    if f.is_nan() {
        return None;
    }
    if f.is_infinite() {
        return Some(if f > 0.0 { 314159 } else { -314159 });
    }
    // The value is mantissa * 2^exponent; modulo 2^61 - 1, multiplying by a power of two turns the bits round.
    let bits = f.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    let (mantissa, exponent) = match (bits >> 52 & 0x7ff) as i32 {
        0 => (fraction, -1074),
        biased => (fraction | 1 << 52, biased - 1075),
    };
    let turn = exponent.rem_euclid(BITS);
    let x = ((mantissa << turn) & MODULUS) | mantissa >> (BITS - turn);
    let signed = if f < 0.0 { -(x as i64) } else { x as i64 };
    Some(if signed == -1 { -2 } else { signed })
}

fn hash(vm: &Vm, value: &Value) -> Res<i64> {
    let f = expect(vm, value)?;
    Ok(hash_f64(f).unwrap_or_else(|| (value.bits() as i64).rotate_right(4)))
}

fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let Some(x) = view(a) else { return Ok(Value::NOT_IMPLEMENTED) };
    if let Some(y) = view(b) {
        return Ok(Value::bool(match op {
            CompareOp::Lt => x < y,
            CompareOp::Le => x <= y,
            CompareOp::Eq => x == y,
            CompareOp::Ne => x != y,
            CompareOp::Gt => x > y,
            CompareOp::Ge => x >= y,
        }));
    }
    let Some(i) = int::view(b) else { return Ok(Value::NOT_IMPLEMENTED) };
    Ok(Value::bool(match compare_to_int(x, i) {
        Some(ordering) => op.matches(ordering),
        None => op == CompareOp::Ne,
    }))
}

/// Exact comparison; `None` for NaN.
fn compare_to_int(x: f64, i: IntView<'_>) -> Option<core::cmp::Ordering> {
    use core::cmp::Ordering;
    if x.is_nan() {
        return None;
    }
    if x.is_infinite() {
        return Some(if x > 0.0 { Ordering::Greater } else { Ordering::Less });
    }
    if let IntView::Small(i) = i
        && i.unsigned_abs() <= 1 << 53
    {
        return x.partial_cmp(&(i as f64));
    }
    let floor = x.floor();
    let whole = BigInt::from_f64(floor)?;
    Some(match whole.cmp(&i.to_bigint()) {
        Ordering::Equal if x > floor => Ordering::Greater,
        other => other,
    })
}

macro_rules! arithmetic {
    ($name:ident, $op:tt) => {
        fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
            let (a, b) = operands!(vm, a, b);
            vm.new_float(a $op b)
        }
    };
}
arithmetic!(add, +);
arithmetic!(subtract, -);
arithmetic!(multiply, *);

fn true_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (a, b) = operands!(vm, a, b);
    if b == 0.0 {
        return Err(vm.zero_division("division by zero"));
    }
    vm.new_float(a / b)
}

/// Floor quotient and remainder with the divisor's sign.
pub fn div_mod(a: f64, b: f64) -> (f64, f64) {
    let mut remainder = a % b;
    let mut quotient = (a - remainder) / b;
    if remainder != 0.0 {
        if (b < 0.0) != (remainder < 0.0) {
            remainder += b;
            quotient -= 1.0;
        }
    } else {
        remainder = 0f64.copysign(b);
    }
    let floored = if quotient != 0.0 {
        let floor = quotient.floor();
        if quotient - floor > 0.5 { floor + 1.0 } else { floor }
    } else {
        0f64.copysign(a / b)
    };
    (floored, remainder)
}

fn floor_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (a, b) = operands!(vm, a, b);
    if b == 0.0 {
        return Err(vm.zero_division("division by zero"));
    }
    vm.new_float(div_mod(a, b).0)
}

fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (a, b) = operands!(vm, a, b);
    if b == 0.0 {
        return Err(vm.zero_division("division by zero"));
    }
    vm.new_float(remainder_of(a, b))
}

/// The remainder with the divisor's sign.
pub fn remainder_of(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest == 0.0 {
        0f64.copysign(b)
    } else if (b < 0.0) != (rest < 0.0) {
        rest + b
    } else {
        rest
    }
}

fn divmod(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (a, b) = operands!(vm, a, b);
    if b == 0.0 {
        return Err(vm.zero_division("division by zero"));
    }
    let (q, r) = div_mod(a, b);
    vm.new_tuple(&[vm.new_float(q)?, vm.new_float(r)?])
}

fn power(vm: &Vm, a: &Value, b: &Value, modulus: &Value) -> Res {
    if !modulus.is_none() {
        return Err(vm.type_error("pow() 3rd argument not allowed unless all arguments are integers"));
    }
    let (x, y) = operands!(vm, a, b);
    if y == 0.0 {
        return vm.new_float(1.0);
    }
    if x == 0.0 && y < 0.0 && y.is_finite() {
        return Err(vm.zero_division("zero to a negative power"));
    }
    if x < 0.0 && y.is_finite() && x.is_finite() && y.floor() != y {
        return crate::objects::complex::power(vm, (x, 0.0), (y, 0.0));
    }
    let r = x.powf(y);
    if r.is_infinite() && x.is_finite() && y.is_finite() {
        let result = vm.new_tuple(&[Value::int32(34), vm.new_str("Numerical result out of range")?.into_value()])?;
        return match result.downcast::<crate::Tuple>() {
            Some(t) => Err(vm.raise_with(&crate::objects::exceptions::OVERFLOW_ERROR, t.as_slice())),
            None => vm.new_float(r),
        };
    }
    vm.new_float(r)
}

fn negative(vm: &Vm, value: &Value) -> Res {
    vm.new_float(-expect(vm, value)?)
}

/// An exact float of the same value.
pub fn to_float(vm: &Vm, value: &Value) -> Res {
    if value.is_small_float() || value.exact::<Float>(vm).is_some() {
        return Ok(value.clone());
    }
    vm.new_float(expect(vm, value)?)
}

fn absolute(vm: &Vm, value: &Value) -> Res {
    vm.new_float(expect(vm, value)?.abs())
}

fn truth(vm: &Vm, value: &Value) -> Res<bool> {
    Ok(expect(vm, value)? != 0.0)
}

/// `int(f)`: towards zero.
pub fn truncate(vm: &Vm, value: &Value) -> Res {
    to_integer(vm, expect(vm, value)?.trunc())
}

/// An integral float as an int; OverflowError and ValueError for infinities and NaN.
pub fn to_integer(vm: &Vm, f: f64) -> Res {
    if f.is_nan() {
        return Err(vm.value_error("cannot convert float NaN to integer"));
    }
    if f.is_infinite() {
        return Err(vm.overflow_error("cannot convert float infinity to integer"));
    }
    if f.abs() < (1u64 << 60) as f64 {
        return vm.new_int(f as i64);
    }
    vm.new_bigint(BigInt::from_f64(f).unwrap_or_default())
}

/// `float(x)` of an integer or of text.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    let [only] = args else { return None };
    if let Some(i) = only.as_small_int() {
        return Some(vm.new_float(i as f64));
    }
    if only.exact::<crate::Str>(vm).is_some() {
        return Some(super::convert::from_text(vm, only).and_then(|f| vm.new_float(f)));
    }
    only.exact::<crate::Int>(vm)?;
    Some(crate::objects::int::slots::to_float(vm, only))
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let own_init = vm.ty_of::<Float>().slots().init.map(|f| f as usize);
    if cls.is(vm.ty_of::<Float>()) || cls.slots().init.map(|f| f as usize) == own_init {
        args.no_keywords(vm, "float")?;
    }
    let f = match args.check_positional(vm, "float", 0, 1)?.first() {
        None => 0.0,
        Some(x) => from_object(vm, x)?,
    };
    if cls.is(vm.ty_of::<Float>()) {
        return vm.new_float(f);
    }
    Ok(vm.new_instance(cls, Float { value: f })?.into_value())
}

/// `float(x)` (`PyNumber_Float`): the methods come before the text.
pub fn from_object(vm: &Vm, x: &Value) -> Res<f64> {
    if let Some(float) = x.exact::<Float>(vm) {
        return Ok(float.value);
    }
    let slots = vm.class(x).slots();
    if let Some(to_float) = slots.float {
        let result = to_float(vm, x)?;
        return vm.checked_float(x, &result);
    }
    if slots.index.is_some() || !(x.is_a::<Str>() || slots.buffer.is_some()) {
        if slots.index.is_none() {
            return Err(
                vm.type_error(format!("float() argument must be a string or a real number, not '{}'", vm.type_name(x)))
            );
        }
        return vm.to_f64(x);
    }
    super::convert::from_text(vm, x)
}

/// Sign of an integer view, for exactness in `fromhex` and friends.
pub fn is_negative(v: IntView<'_>) -> bool {
    match v {
        IntView::Small(i) => i < 0,
        IntView::Big(b) => b.is_negative(),
    }
}
