//! Arithmetic of ints, floats and complex numbers, mixed as Python mixes them.
//!
//! A bool counts as an int. Int with float converts the int (raising where it overflows); anything with complex is
//! complex arithmetic, in the mixed real-complex forms 3.14 has. Source: CPython Objects/longobject.c,
//! Objects/floatobject.c, Objects/complexobject.c.

use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::{Signed, ToPrimitive, Zero};
use ophi_bytecode::code::{Complex, Constant};

use super::{MAX_INT_SIZE, complex, float};

pub enum Number {
    Int(BigInt),
    Float(f64),
    Complex(Complex),
}

use Number as N;

pub fn as_int(constant: &Constant) -> Option<BigInt> {
    match constant {
        Constant::Bool(value) => Some(BigInt::from(u8::from(*value))),
        Constant::Int(value) => Some(BigInt::from(*value)),
        Constant::BigInt(value) => Some((**value).clone()),
        _ => None,
    }
}

/// `float(int)`; None where it raises OverflowError.
pub fn to_float(value: &BigInt) -> Option<f64> {
    value.to_f64().filter(|f| f.is_finite())
}

/// Operands of a binary operation after Python's coercion.
enum Pair {
    Ints(BigInt, BigInt),
    Floats(f64, f64),
    RealComplex(f64, Complex),
    ComplexReal(Complex, f64),
    Complexes(Complex, Complex),
}

impl From<Number> for Constant {
    fn from(number: Number) -> Constant {
        match number {
            N::Int(value) => Constant::from_bigint(value),
            N::Float(value) => Constant::Float(value),
            N::Complex(value) => Constant::Complex(value),
        }
    }
}

impl Number {
    pub fn of(constant: &Constant) -> Option<Number> {
        match constant {
            Constant::Float(value) => Some(N::Float(*value)),
            Constant::Complex(value) => Some(N::Complex(*value)),
            _ => as_int(constant).map(N::Int),
        }
    }

    fn with(self, other: Number) -> Option<Pair> {
        Some(match (self, other) {
            (N::Int(a), N::Int(b)) => Pair::Ints(a, b),
            (N::Complex(a), N::Complex(b)) => Pair::Complexes(a, b),
            (N::Complex(a), b) => Pair::ComplexReal(a, b.real()?),
            (a, N::Complex(b)) => Pair::RealComplex(a.real()?, b),
            (a, b) => Pair::Floats(a.real()?, b.real()?),
        })
    }

    /// The value as a float, if it is real and fits.
    fn real(&self) -> Option<f64> {
        match self {
            N::Int(value) => to_float(value),
            N::Float(value) => Some(*value),
            N::Complex(_) => None,
        }
    }

    pub fn add(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) => N::Int(a + b),
            Pair::Floats(a, b) => N::Float(a + b),
            Pair::ComplexReal(a, b) | Pair::RealComplex(b, a) => N::Complex(Complex { re: a.re + b, im: a.im }),
            Pair::Complexes(a, b) => N::Complex(Complex { re: a.re + b.re, im: a.im + b.im }),
        })
    }

    pub fn subtract(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) => N::Int(a - b),
            Pair::Floats(a, b) => N::Float(a - b),
            Pair::ComplexReal(a, b) => N::Complex(Complex { re: a.re - b, im: a.im }),
            Pair::RealComplex(a, b) => N::Complex(Complex { re: a - b.re, im: -b.im }),
            Pair::Complexes(a, b) => N::Complex(Complex { re: a.re - b.re, im: a.im - b.im }),
        })
    }

    pub fn multiply(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) => {
                if !a.is_zero() && !b.is_zero() && a.bits() + b.bits() > MAX_INT_SIZE {
                    return None;
                }
                N::Int(a * b)
            }
            Pair::Floats(a, b) => N::Float(a * b),
            Pair::ComplexReal(a, b) | Pair::RealComplex(b, a) => N::Complex(Complex { re: a.re * b, im: a.im * b }),
            Pair::Complexes(a, b) => N::Complex(complex::product(a, b)),
        })
    }

    pub fn true_divide(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) => N::Float(divide_ints(&a, &b)?),
            Pair::Floats(a, b) if b != 0.0 => N::Float(a / b),
            Pair::Floats(..) => return None,
            Pair::ComplexReal(a, b) if b != 0.0 => N::Complex(Complex { re: a.re / b, im: a.im / b }),
            Pair::ComplexReal(..) => return None,
            Pair::RealComplex(a, b) => N::Complex(complex::real_quotient(a, b)?),
            Pair::Complexes(a, b) => N::Complex(complex::quotient(a, b)?),
        })
    }

    pub fn floor_divide(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) if !b.is_zero() => N::Int(a.div_floor(&b)),
            Pair::Floats(a, b) if b != 0.0 => N::Float(float::floor_divide(a, b)),
            _ => return None,
        })
    }

    pub fn remainder(self, other: Number) -> Option<Number> {
        Some(match self.with(other)? {
            Pair::Ints(a, b) if !b.is_zero() => N::Int(a.mod_floor(&b)),
            Pair::Floats(a, b) if b != 0.0 => N::Float(float::remainder(a, b)),
            _ => return None,
        })
    }

    pub fn shift_left(self, other: Number) -> Option<Number> {
        let (N::Int(a), N::Int(b)) = (self, other) else { return None };
        if b.is_negative() {
            return None;
        }
        if a.is_zero() || b.is_zero() {
            return Some(N::Int(a));
        }
        let by = b.to_u64().filter(|by| *by <= MAX_INT_SIZE && a.bits() <= MAX_INT_SIZE - by)?;
        Some(N::Int(a << by))
    }

    pub fn shift_right(self, other: Number) -> Option<Number> {
        let (N::Int(a), N::Int(b)) = (self, other) else { return None };
        if b.is_negative() {
            return None;
        }
        Some(N::Int(match b.to_u64() {
            Some(by) if by < a.bits() => a >> by,
            _ => BigInt::from(if a.is_negative() { -1 } else { 0 }),
        }))
    }

    pub fn power(self, other: Number) -> Option<Number> {
        match self.with(other)? {
            Pair::Ints(a, b) => {
                if b.is_negative() {
                    return float::power(to_float(&a)?, to_float(&b)?);
                }
                if b.is_zero() || a.is_zero() {
                    return Some(N::Int(BigInt::from(u8::from(b.is_zero()))));
                }
                let exponent = b.to_u64()?;
                if a.bits() > MAX_INT_SIZE / exponent {
                    return None;
                }
                Some(N::Int(a.pow(exponent as u32)))
            }
            Pair::Floats(a, b) => float::power(a, b),
            Pair::ComplexReal(a, b) => complex::power(a, Complex { re: b, im: 0.0 }).map(N::Complex),
            Pair::RealComplex(a, b) => complex::power(Complex { re: a, im: 0.0 }, b).map(N::Complex),
            Pair::Complexes(a, b) => complex::power(a, b).map(N::Complex),
        }
    }

    pub fn negative(self) -> Number {
        match self {
            N::Int(value) => N::Int(-value),
            N::Float(value) => N::Float(-value),
            N::Complex(value) => N::Complex(Complex { re: -value.re, im: -value.im }),
        }
    }
}

/// `a / b` correctly rounded (half to even); None on division by zero or overflow.
fn divide_ints(a: &BigInt, b: &BigInt) -> Option<f64> {
    if b.is_zero() {
        return None;
    }
    let negative = (a.sign() == Sign::Minus) != (b.sign() == Sign::Minus);
    if a.is_zero() {
        return Some(if b.is_negative() { -0.0 } else { 0.0 });
    }
    let (a, b) = (a.magnitude(), b.magnitude());
    const EXACT: u64 = 1 << 53;
    let magnitude = match (a.to_u64(), b.to_u64()) {
        (Some(x), Some(y)) if x <= EXACT && y <= EXACT => x as f64 / y as f64,
        _ => {
            // quotient = floor(a * 2^shift / b) with at least 55 significant bits, or all bits a double can hold.
            let shift = (b.bits() as i64 - a.bits() as i64 + 56).min(1076);
            let (numerator, denominator) =
                if shift >= 0 { (a << shift as u64, b.clone()) } else { (a.clone(), b << (-shift) as u64) };
            let (quotient, rest) = numerator.div_rem(&denominator);
            let bits = quotient.bits() as i64;
            let drop = (bits - 53).max(shift - 1074).max(0);
            let kept = &quotient >> drop as u64;
            let lost = &quotient - (&kept << drop as u64);
            let mut mantissa = kept.to_u64()?;
            if drop > 0 {
                let half = num_bigint::BigUint::from(1u8) << (drop - 1) as u64;
                let above = lost > half || (lost == half && !rest.is_zero());
                if above || (lost == half && mantissa & 1 == 1) {
                    mantissa += 1;
                }
            }
            scale(mantissa as f64, drop - shift)?
        }
    };
    Some(if negative { -magnitude } else { magnitude })
}

/// `value * 2^exponent` where the result is exact or infinite (then None).
fn scale(mut value: f64, mut exponent: i64) -> Option<f64> {
    while exponent > 1000 {
        value *= 2f64.powi(1000);
        exponent -= 1000;
        if value.is_infinite() {
            return None;
        }
    }
    while exponent < -1000 {
        value *= 2f64.powi(-500);
        exponent += 500;
    }
    if exponent < -500 {
        value *= 2f64.powi(-500);
        exponent += 500;
    }
    Some(value * 2f64.powi(exponent as i32)).filter(|v| v.is_finite())
}
