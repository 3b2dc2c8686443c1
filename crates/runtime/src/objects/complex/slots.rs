//! The operations of `complex`.

use super::{operand, view};
use crate::Value;
use crate::objects::float;
use crate::objects::int;
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};

pub const SLOTS: Slots = Slots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(super::construct::new),
    add: Some(add),
    subtract: Some(subtract),
    multiply: Some(multiply),
    power: Some(power_slot),
    negative: Some(negative),
    positive: Some(positive),
    absolute: Some(absolute),
    bool: Some(truth),
    true_divide: Some(true_divide),
    ..Slots::NONE
};

macro_rules! operands {
    ($vm:expr, $a:expr, $b:expr) => {
        match (operand($vm, $a)?, operand($vm, $b)?) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

fn expect(vm: &Vm, value: &Value) -> Res<(f64, f64)> {
    view(value).ok_or_else(|| vm.type_error("a complex number is required"))
}

fn repr(vm: &Vm, value: &Value) -> Res {
    let (re, im) = expect(vm, value)?;
    let mut text = ophi_number_text::float::Text::default();
    ophi_number_text::write_complex_repr(&mut text, re, im);
    Ok(vm.new_ascii(&text)?.into_value())
}

fn hash(vm: &Vm, value: &Value) -> Res<i64> {
    let (re, im) = expect(vm, value)?;
    let identity = (value.bits() as i64).rotate_right(4);
    let re = float::slots::hash_f64(re).unwrap_or(identity);
    let im = float::slots::hash_f64(im).unwrap_or(identity);
    let h = re.wrapping_add(im.wrapping_mul(1000003));
    Ok(if h == -1 { -2 } else { h })
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if !matches!(op, CompareOp::Eq | CompareOp::Ne) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let Some((re, im)) = view(a) else { return Ok(Value::NOT_IMPLEMENTED) };
    let equal = if let Some((x, y)) = view(b) {
        re == x && im == y
    } else if let Some(f) = float::view(b) {
        re == f && im == 0.0
    } else if int::view(b).is_some() {
        let same = vm.compare(&vm.new_float(re)?, b, CompareOp::Eq)?;
        im == 0.0 && vm.is_true(&same)?
    } else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    Ok(Value::bool(equal == (op == CompareOp::Eq)))
}

/// The real part of mixed operations stays real: only a complex operand has an imaginary part to combine.
fn add(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(x), Some(y)) = (view(a), view(b)) {
        return vm.new_complex(x.0 + y.0, x.1 + y.1);
    }
    let ((ar, ai), (br, bi)) = operands!(vm, a, b);
    vm.new_complex(ar + br, if view(a).is_some() { ai } else { bi })
}

fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(x), Some(y)) = (view(a), view(b)) {
        return vm.new_complex(x.0 - y.0, x.1 - y.1);
    }
    let ((ar, ai), (br, bi)) = operands!(vm, a, b);
    vm.new_complex(ar - br, if view(a).is_some() { ai } else { -bi })
}

/// Product with the recovery of infinities of C11 annex G.
pub fn product((a, b): (f64, f64), (c, d): (f64, f64)) -> (f64, f64) {
    let (ac, bd, ad, bc) = (a * c, b * d, a * d, b * c);
    let (mut x, mut y) = (ac - bd, ad + bc);
    if x.is_nan() && y.is_nan() {
        let (mut a, mut b, mut c, mut d) = (a, b, c, d);
        let unit = |v: f64| if v.is_infinite() { 1f64 } else { 0.0 }.copysign(v);
        let zero = |v: f64| if v.is_nan() { 0f64.copysign(v) } else { v };
        let mut again = false;
        if a.is_infinite() || b.is_infinite() {
            (a, b, c, d) = (unit(a), unit(b), zero(c), zero(d));
            again = true;
        }
        if c.is_infinite() || d.is_infinite() {
            (c, d, a, b) = (unit(c), unit(d), zero(a), zero(b));
            again = true;
        }
        if !again && (ac.is_infinite() || bd.is_infinite() || ad.is_infinite() || bc.is_infinite()) {
            (a, b, c, d) = (zero(a), zero(b), zero(c), zero(d));
            again = true;
        }
        if again {
            x = f64::INFINITY * (a * c - b * d);
            y = f64::INFINITY * (a * d + b * c);
        }
    }
    (x, y)
}

fn multiply(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(x), Some(y)) = (view(a), view(b)) {
        let (re, im) = product(x, y);
        return vm.new_complex(re, im);
    }
    let (x, y) = operands!(vm, a, b);
    let im = if view(a).is_some() { x.1 * y.0 } else { x.0 * y.1 };
    vm.new_complex(x.0 * y.0, im)
}

/// Smith's method; `None` for a zero divisor.
pub fn quotient((ar, ai): (f64, f64), (br, bi): (f64, f64)) -> Option<(f64, f64)> {
    let (mut re, mut im);
    if br.abs() >= bi.abs() {
        if br == 0.0 {
            return None;
        }
        let ratio = bi / br;
        let denominator = br + bi * ratio;
        re = (ar + ai * ratio) / denominator;
        im = (ai - ar * ratio) / denominator;
    } else if bi.abs() >= br.abs() {
        let ratio = br / bi;
        let denominator = br * ratio + bi;
        re = (ar * ratio + ai) / denominator;
        im = (ai * ratio - ar) / denominator;
    } else {
        (re, im) = (f64::NAN, f64::NAN);
    }
    if re.is_nan() && im.is_nan() {
        let unit = |v: f64| if v.is_infinite() { 1f64 } else { 0.0 }.copysign(v);
        if (ar.is_infinite() || ai.is_infinite()) && br.is_finite() && bi.is_finite() {
            let (x, y) = (unit(ar), unit(ai));
            re = f64::INFINITY * (x * br + y * bi);
            im = f64::INFINITY * (y * br - x * bi);
        } else if (br.is_infinite() || bi.is_infinite()) && ar.is_finite() && ai.is_finite() {
            let (x, y) = (unit(br), unit(bi));
            re = 0.0 * (ar * x + ai * y);
            im = 0.0 * (ai * x - ar * y);
        }
    }
    Some((re, im))
}

/// As [`quotient`] for a real dividend, whose imaginary part is no zero but absent: it gives no sign to the result.
fn quotient_of_real(a: f64, (br, bi): (f64, f64)) -> Option<(f64, f64)> {
    let (re, im) = if br.abs() >= bi.abs() {
        if br == 0.0 {
            return None;
        }
        let ratio = bi / br;
        let denominator = br + bi * ratio;
        (a / denominator, -a * ratio / denominator)
    } else if bi.abs() >= br.abs() {
        let ratio = br / bi;
        let denominator = br * ratio + bi;
        (a * ratio / denominator, -a / denominator)
    } else {
        (f64::NAN, f64::NAN)
    };
    if re.is_nan() && im.is_nan() && a.is_finite() && (br.is_infinite() || bi.is_infinite()) {
        let unit = |v: f64| if v.is_infinite() { 1f64 } else { 0.0 }.copysign(v);
        return Some((0.0 * (a * unit(br)), 0.0 * (-a * unit(bi))));
    }
    Some((re, im))
}

fn true_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (x, y) = operands!(vm, a, b);
    if view(b).is_none() {
        if y.0 == 0.0 {
            return Err(vm.zero_division("division by zero"));
        }
        return vm.new_complex(x.0 / y.0, x.1 / y.0);
    }
    let result = if view(a).is_none() { quotient_of_real(x.0, y) } else { quotient(x, y) };
    match result {
        Some((re, im)) => vm.new_complex(re, im),
        None => Err(vm.zero_division("division by zero")),
    }
}

fn power_slot(vm: &Vm, a: &Value, b: &Value, modulus: &Value) -> Res {
    if !modulus.is_none() {
        return Err(vm.value_error("complex modulo"));
    }
    let (x, y) = operands!(vm, a, b);
    power(vm, x, y)
}

/// `x ** y`; small integral exponents by multiplication.
pub fn power(vm: &Vm, x: (f64, f64), y: (f64, f64)) -> Res {
    let by_multiplication = y.1 == 0.0 && y.0 == y.0.floor() && y.0.abs() <= 100.0;
    let result = if by_multiplication {
        match integer_power(x, y.0 as i32) {
            Some(r) => r,
            None => return Err(vm.zero_division("zero to a negative or complex power")),
        }
    } else if y == (0.0, 0.0) {
        (1.0, 0.0)
    } else if x == (0.0, 0.0) {
        if y.1 != 0.0 || y.0 < 0.0 {
            return Err(vm.zero_division("zero to a negative or complex power"));
        }
        (0.0, 0.0)
    } else {
        let magnitude = x.0.hypot(x.1);
        let mut len = magnitude.powf(y.0);
        let angle = x.1.atan2(x.0);
        let mut phase = angle * y.0;
        if y.1 != 0.0 {
            len *= (-angle * y.1).exp();
            phase += y.1 * magnitude.ln();
        }
        if phase.is_infinite() {
            // The C library's sine calls it a domain error, and so does CPython.
            return Err(vm.zero_division("zero to a negative or complex power"));
        }
        (len * phase.cos(), len * phase.sin())
    };
    if result.0.is_infinite() || result.1.is_infinite() {
        return Err(vm.overflow_error("complex exponentiation"));
    }
    vm.new_complex(result.0, result.1)
}

fn integer_power(x: (f64, f64), n: i32) -> Option<(f64, f64)> {
    let mut result = (1.0, 0.0);
    let mut base = x;
    let mut left = n.unsigned_abs();
    while left > 0 {
        if left & 1 == 1 {
            result = product(result, base);
        }
        left >>= 1;
        if left > 0 {
            base = product(base, base);
        }
    }
    if n < 0 { quotient((1.0, 0.0), result) } else { Some(result) }
}

fn negative(vm: &Vm, value: &Value) -> Res {
    let (re, im) = expect(vm, value)?;
    vm.new_complex(-re, -im)
}

fn positive(vm: &Vm, value: &Value) -> Res {
    let (re, im) = expect(vm, value)?;
    vm.new_complex(re, im)
}

fn absolute(vm: &Vm, value: &Value) -> Res {
    let (re, im) = expect(vm, value)?;
    let r = re.hypot(im);
    if r.is_infinite() && re.is_finite() && im.is_finite() {
        return Err(vm.overflow_error("absolute value too large"));
    }
    vm.new_float(r)
}

fn truth(vm: &Vm, value: &Value) -> Res<bool> {
    let (re, im) = expect(vm, value)?;
    Ok(re != 0.0 || im != 0.0)
}
