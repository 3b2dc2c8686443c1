//! Python's `//`, `%` and `**` on floats. Source: CPython Objects/floatobject.c (`_float_div_mod`, `float_rem`,
//! `float_pow`).

use ophi_bytecode::code::Complex;

use super::complex;
use super::number::Number;

/// `a // b`, b not zero.
pub fn floor_divide(a: f64, b: f64) -> f64 {
    let modulus = a % b;
    let mut quotient = (a - modulus) / b;
    if modulus != 0.0 && (b < 0.0) != (modulus < 0.0) {
        quotient -= 1.0;
    }
    if quotient == 0.0 {
        return 0f64.copysign(a / b);
    }
    let floor = quotient.floor();
    if quotient - floor > 0.5 { floor + 1.0 } else { floor }
}

/// `a % b`, b not zero: the sign is b's.
pub fn remainder(a: f64, b: f64) -> f64 {
    let modulus = a % b;
    if modulus == 0.0 {
        0f64.copysign(b)
    } else if (b < 0.0) != (modulus < 0.0) {
        modulus + b
    } else {
        modulus
    }
}

fn is_odd(value: f64) -> bool {
    (value.abs() % 2.0) == 1.0
}

/// `a ** b`; complex for a negative base with a fractional exponent; None where it raises.
pub fn power(a: f64, b: f64) -> Option<Number> {
    let real = |value: f64| Some(Number::Float(value));
    if b == 0.0 {
        return real(1.0);
    }
    if a.is_nan() {
        return real(a);
    }
    if b.is_nan() {
        return real(if a == 1.0 { 1.0 } else { b });
    }
    if b.is_infinite() {
        let a = a.abs();
        return real(if a == 1.0 {
            1.0
        } else if (b > 0.0) == (a > 1.0) {
            b.abs()
        } else {
            0.0
        });
    }
    if a.is_infinite() {
        return real(match (b > 0.0, is_odd(b)) {
            (true, true) => a,
            (true, false) => a.abs(),
            (false, true) => 0f64.copysign(a),
            (false, false) => 0.0,
        });
    }
    if a == 0.0 {
        if b < 0.0 {
            return None;
        }
        return real(if is_odd(b) { a } else { 0.0 });
    }
    let mut base = a;
    let mut negate = false;
    if a < 0.0 {
        if b != b.floor() {
            return complex::power(Complex { re: a, im: 0.0 }, Complex { re: b, im: 0.0 }).map(Number::Complex);
        }
        base = -a;
        negate = is_odd(b);
    }
    let result = if base == 1.0 { 1.0 } else { base.powf(b) };
    if result.is_infinite() {
        return None;
    }
    real(if negate { -result } else { result })
}
