//! Addition, subtraction, multiplication, fused multiply-add, and the one-operand forms.

use super::context::{Ctx, Rounding, status};
use super::{Kind, Natural, Number};

impl Ctx<'_> {
    pub fn add(&mut self, a: &Number, b: &Number) -> Number {
        self.add_signed(a, b, b.negative)
    }

    pub fn subtract(&mut self, a: &Number, b: &Number) -> Number {
        if b.is_nan() {
            // A NaN keeps its sign.
            return self.add(a, b);
        }
        self.add_signed(a, b, !b.negative)
    }

    /// `a + b` where `b` has another sign than its own.
    fn add_signed(&mut self, a: &Number, b: &Number, b_negative: bool) -> Number {
        if !a.is_finite() || !b.is_finite() {
            if let Some(nan) = self.nan_of(&[a, b]) {
                return nan;
            }
            return match (a.is_infinite(), b.is_infinite()) {
                (true, true) if a.negative != b_negative => self.invalid(status::INVALID_OPERATION),
                (true, _) => a.clone(),
                _ => Number::infinity(b_negative),
            };
        }
        if a.exponent == b.exponent {
            let sum = sum(self.rounding, a.negative, &a.coefficient, b_negative, &b.coefficient, a.exponent);
            return self.finish(sum);
        }
        let (lowest, zero_negative) = (a.exponent.min(b.exponent), self.rounding == Rounding::Floor);
        match (a.coefficient.is_zero(), b.coefficient.is_zero()) {
            (true, true) => {
                let negative = if a.negative != b_negative { zero_negative } else { a.negative };
                return self.finish(Number::zero(negative, lowest));
            }
            (true, false) => return self.plus_zero(b, b_negative, lowest),
            (false, true) => return self.plus_zero(a, a.negative, lowest),
            _ => {}
        }
        let (high, high_negative, low, low_negative) =
            if a.exponent > b.exponent { (a, a.negative, b, b_negative) } else { (b, b_negative, a, a.negative) };
        // A number far below the other's last digit only tells on which side the result lies.
        let (high_digits, low_digits) = (high.digits(), low.digits());
        let floor = high.exponent + (high_digits - self.prec - 2).min(-1);
        let one;
        let (low_coefficient, low_exponent) = if low_digits + low.exponent - 1 < floor {
            one = Natural::from(1);
            (&one, floor)
        } else {
            (&low.coefficient, low.exponent)
        };
        let Some(high_coefficient) = self.shifted(&high.coefficient, high.exponent - low_exponent) else {
            return Number::nan();
        };
        let sum = sum(self.rounding, high_negative, &high_coefficient, low_negative, low_coefficient, low_exponent);
        self.finish(sum)
    }

    /// `n + 0` where the zero has the exponent `lowest`: as many zeros as the precision has room for are appended.
    fn plus_zero(&mut self, n: &Number, negative: bool, lowest: i64) -> Number {
        let exponent = lowest.max(n.exponent - self.prec - 1).min(n.exponent);
        match self.shifted(&n.coefficient, n.exponent - exponent) {
            Some(coefficient) => self.finish(Number::new(negative, coefficient, exponent)),
            None => Number::nan(),
        }
    }

    pub fn multiply(&mut self, a: &Number, b: &Number) -> Number {
        if a.is_finite() && b.is_finite() {
            let product = self.product(a, b);
            return self.finish(product);
        }
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if a.is_zero() || b.is_zero() {
            return self.invalid(status::INVALID_OPERATION);
        }
        Number::infinity(a.negative != b.negative)
    }

    /// The exact product of finite numbers.
    fn product(&mut self, a: &Number, b: &Number) -> Number {
        let negative = a.negative != b.negative;
        // Two limbs each surely fit.
        let large = a.coefficient.0.len() > 2 || b.coefficient.0.len() > 2;
        if large && !self.fits(a.digits() + b.digits()) {
            return Number::nan();
        }
        Number::new(negative, a.coefficient.mul(&b.coefficient), a.exponent + b.exponent)
    }

    /// `a * b + c`, rounded once.
    pub fn fma(&mut self, a: &Number, b: &Number, c: &Number) -> Number {
        let product = if a.is_finite() && b.is_finite() {
            self.product(a, b)
        } else if let Some(signaling) = [a, b].into_iter().find(|n| n.is_signaling()) {
            self.note(status::INVALID_OPERATION);
            return signaling.quieted(self);
        } else if let Some(quiet) = [a, b].into_iter().find(|n| n.is_nan()) {
            quiet.clone()
        } else if a.is_zero() || b.is_zero() {
            return self.invalid(status::INVALID_OPERATION);
        } else {
            Number::infinity(a.negative != b.negative)
        };
        self.add(&product, c)
    }

    pub fn plus(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_zero() && self.rounding != Rounding::Floor {
            return self.finish(a.clone().absolute());
        }
        self.finish(a.clone())
    }

    pub fn minus(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_zero() && self.rounding != Rounding::Floor {
            return self.finish(a.clone().absolute());
        }
        self.finish(a.clone().negated())
    }

    pub fn absolute(&mut self, a: &Number) -> Number {
        if a.negative { self.minus(a) } else { self.plus(a) }
    }

    /// Rounds to the context and takes trailing zeros away.
    pub fn normalize(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        let rounded = self.finish(a.clone());
        if rounded.kind != Kind::Finite {
            return rounded;
        }
        if rounded.coefficient.is_zero() {
            return Number::zero(rounded.negative, 0);
        }
        let highest = if self.clamp { self.etop() } else { self.emax };
        let zeros = (rounded.coefficient.trailing_zeros() as i64).min(highest - rounded.exponent).max(0);
        if zeros == 0 {
            return rounded;
        }
        Number::new(rounded.negative, rounded.coefficient.shr(zeros as usize).0, rounded.exponent + zeros)
    }
}

/// The sum of aligned coefficients.
#[inline]
fn sum(rounding: Rounding, a_negative: bool, a: &Natural, b_negative: bool, b: &Natural, exponent: i64) -> Number {
    if a_negative == b_negative {
        return Number::new(a_negative, a.add(b), exponent);
    }
    match a.cmp(b) {
        core::cmp::Ordering::Greater => Number::new(a_negative, a.sub(b), exponent),
        core::cmp::Ordering::Less => Number::new(b_negative, b.sub(a), exponent),
        core::cmp::Ordering::Equal => Number::zero(rounding == Rounding::Floor, exponent),
    }
}
