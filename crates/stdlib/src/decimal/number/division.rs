//! Division, remainders, and the square root.

use super::context::{Ctx, Rounding, status};
use super::natural::{Dropped, POWERS, WIDTH, digits_of};
use super::round::rounds_up;
use super::{Natural, Number};

impl Ctx<'_> {
    pub fn divide(&mut self, a: &Number, b: &Number) -> Number {
        let negative = a.negative != b.negative;
        if !a.is_finite() || !b.is_finite() {
            if let Some(nan) = self.nan_of(&[a, b]) {
                return nan;
            }
            if a.is_infinite() && b.is_infinite() {
                return self.invalid(status::INVALID_OPERATION);
            }
            if a.is_infinite() {
                return Number::infinity(negative);
            }
            self.note(status::CLAMPED);
            return Number::zero(negative, self.etiny());
        }
        if b.coefficient.is_zero() {
            if a.coefficient.is_zero() {
                return self.invalid(status::DIVISION_UNDEFINED);
            }
            self.note(status::DIVISION_BY_ZERO);
            return Number::infinity(negative);
        }
        let ideal = a.exponent - b.exponent;
        if a.coefficient.is_zero() {
            return self.finish(Number::zero(negative, ideal));
        }
        if let Some(quotient) = self.short_quotient(negative, a, b) {
            return quotient;
        }
        // An exact quotient has at most this many digits: 2^n divides 10^n, and 2^n has n / 3.3 digits.
        let enough = a.digits() + 4 * b.digits() + 1;
        if self.prec > enough.max(10_000) {
            let (coefficient, exponent, exact) = quotient(a, b, enough);
            if exact {
                return self.finish(shortened(negative, coefficient, exponent, ideal));
            }
            if !self.fits(self.prec + b.digits()) {
                return Number::nan();
            }
        }
        let (mut coefficient, exponent, exact) = quotient(a, b, self.prec);
        if exact {
            return self.finish(shortened(negative, coefficient, exponent, ideal));
        }
        // One digit more than needed; what follows must not look like nothing or like a half.
        if matches!(coefficient.digit(0), 0 | 5) {
            coefficient.increment();
        }
        self.finish(Number::new(negative, coefficient, exponent))
    }

    /// The quotient of coefficients of one limb each at a usual precision: digits come in steps of a limb, exactly as many as the
    /// context has, so that the remainder tells how to round. `None`: the general way is needed.
    fn short_quotient(&mut self, negative: bool, a: &Number, b: &Number) -> Option<Number> {
        let ([x], [y]) = (&a.coefficient.0[..], &b.coefficient.0[..]) else { return None };
        if self.prec > 2 * WIDTH as i64 || self.clamp {
            return None;
        }
        let (x, y) = (*x, *y);
        let (x_digits, y_digits) = (digits_of(x), digits_of(y));
        let first_is_larger = if x_digits >= y_digits {
            x >= y * POWERS[x_digits - y_digits]
        } else {
            x * POWERS[y_digits - x_digits] >= y
        };
        let mut left = self.prec + y_digits as i64 - x_digits as i64 - i64::from(first_is_larger);
        let ideal = a.exponent - b.exponent;
        let adjusted = ideal - left + self.prec - 1;
        if left < 0 || adjusted > self.emax || adjusted - self.prec < self.emin {
            return None;
        }
        let (mut quotient, mut rest) = (u128::from(x / y), x % y);
        let mut exponent = ideal;
        while left > 0 && rest != 0 {
            let step = left.min(WIDTH as i64);
            let power = POWERS[step as usize];
            let more = u128::from(rest) * u128::from(power);
            let digits = (more / u128::from(y)) as u64;
            rest = (more as u64).wrapping_sub(digits.wrapping_mul(y));
            quotient = quotient * u128::from(power) + u128::from(digits);
            exponent -= step;
            left -= step;
        }
        if rest == 0 {
            return Some(self.finish(shortened(negative, Natural::from_u128(quotient), exponent, ideal)));
        }
        self.note(status::INEXACT | status::ROUNDED);
        let dropped = match (2 * rest).cmp(&y) {
            core::cmp::Ordering::Less => Dropped::BelowHalf,
            core::cmp::Ordering::Equal => Dropped::Half,
            core::cmp::Ordering::Greater => Dropped::AboveHalf,
        };
        let mut coefficient = Natural::from_u128(quotient);
        if rounds_up(self.rounding, negative, &coefficient, dropped) {
            coefficient.increment();
        }
        Some(self.finish(Number::new(negative, coefficient, exponent)))
    }

    /// Integer part of the quotient and remainder of finite numbers, the divisor not zero. `None`: the quotient has too many
    /// digits.
    fn whole_quotient(&mut self, a: &Number, b: &Number) -> Option<(Number, Number)> {
        let negative = a.negative != b.negative;
        let ideal = if b.is_infinite() { a.exponent } else { a.exponent.min(b.exponent) };
        let difference = a.adjusted() - b.adjusted();
        if a.coefficient.is_zero() || b.is_infinite() || difference <= -2 {
            let rest = self.rescaled(a, ideal, self.rounding)?;
            return Some((Number::zero(negative, 0), rest));
        }
        if difference <= self.prec {
            let (shift_a, shift_b) = (a.exponent.max(b.exponent) - b.exponent, a.exponent.max(b.exponent) - a.exponent);
            let x = self.shifted(&a.coefficient, shift_a)?;
            let y = self.shifted(&b.coefficient, shift_b)?;
            let (quotient, rest) = x.div_rem(&y);
            if quotient.digits() as i64 <= self.prec {
                return Some((Number::new(negative, quotient, 0), Number::new(a.negative, rest, ideal)));
            }
        }
        self.note(status::DIVISION_IMPOSSIBLE);
        None
    }

    pub fn divide_integer(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() {
            return if b.is_infinite() { self.invalid(status::INVALID_OPERATION) } else { Number::infinity(negative) };
        }
        if b.is_zero() {
            if a.is_zero() {
                return self.invalid(status::DIVISION_UNDEFINED);
            }
            self.note(status::DIVISION_BY_ZERO);
            return Number::infinity(negative);
        }
        if b.is_infinite() {
            // A zero that no context touches.
            return Number::zero(negative, 0);
        }
        match self.whole_quotient(a, b) {
            Some((quotient, _)) => self.finish(quotient),
            None => Number::nan(),
        }
    }

    pub fn remainder(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if a.is_infinite() {
            return self.invalid(status::INVALID_OPERATION);
        }
        if b.is_zero() {
            return self.invalid(if a.is_zero() { status::DIVISION_UNDEFINED } else { status::INVALID_OPERATION });
        }
        match self.whole_quotient(a, b) {
            Some((_, rest)) => self.finish(rest),
            None => Number::nan(),
        }
    }

    pub fn divmod(&mut self, a: &Number, b: &Number) -> (Number, Number) {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return (nan.clone(), nan);
        }
        let negative = a.negative != b.negative;
        if a.is_infinite() {
            let rest = self.invalid(status::INVALID_OPERATION);
            return (if b.is_infinite() { Number::nan() } else { Number::infinity(negative) }, rest);
        }
        if b.is_zero() {
            if a.is_zero() {
                let nan = self.invalid(status::DIVISION_UNDEFINED);
                return (nan.clone(), nan);
            }
            self.note(status::DIVISION_BY_ZERO | status::INVALID_OPERATION);
            return (Number::infinity(negative), Number::nan());
        }
        match self.whole_quotient(a, b) {
            Some((quotient, rest)) => {
                (if b.is_infinite() { quotient } else { self.finish(quotient) }, self.finish(rest))
            }
            None => (Number::nan(), Number::nan()),
        }
    }

    /// The remainder with the least magnitude; of two, the one of the even quotient.
    pub fn remainder_near(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if a.is_infinite() {
            return self.invalid(status::INVALID_OPERATION);
        }
        if b.is_zero() {
            return self.invalid(if a.is_zero() { status::DIVISION_UNDEFINED } else { status::INVALID_OPERATION });
        }
        if b.is_infinite() {
            return self.finish(a.clone());
        }
        let ideal = a.exponent.min(b.exponent);
        if a.coefficient.is_zero() {
            return self.finish(Number::zero(a.negative, ideal));
        }
        let difference = a.adjusted() - b.adjusted();
        if difference > self.prec {
            return self.invalid(status::DIVISION_IMPOSSIBLE);
        }
        if difference <= -2 {
            return match self.rescaled(a, ideal, self.rounding) {
                Some(rest) => self.finish(rest),
                None => Number::nan(),
            };
        }
        let (Some(x), Some(y)) =
            (self.shifted(&a.coefficient, a.exponent - ideal), self.shifted(&b.coefficient, b.exponent - ideal))
        else {
            return Number::nan();
        };
        let (mut quotient, mut rest) = x.div_rem(&y);
        let mut negative = a.negative;
        let twice = rest.add(&rest);
        if twice > y || (twice == y && quotient.is_odd()) {
            rest = y.sub(&rest);
            quotient.increment();
            negative = !negative;
        }
        if quotient.digits() as i64 > self.prec {
            return self.invalid(status::DIVISION_IMPOSSIBLE);
        }
        self.finish(Number::new(negative, rest, ideal))
    }

    pub fn sqrt(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() && !a.negative {
            return a.clone();
        }
        if a.is_zero() {
            return self.finish(Number::zero(a.negative, a.exponent.div_euclid(2)));
        }
        if a.negative {
            return self.invalid(status::INVALID_OPERATION);
        }
        let saved = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
        let root = self.root(a);
        let result = self.finish(root);
        self.rounding = saved;
        result
    }

    fn root(&mut self, a: &Number) -> Number {
        let ideal = a.exponent.div_euclid(2);
        // A square's root has at most half as many digits: with a huge precision try that first.
        let enough = a.digits() / 2 + 2;
        let prec = if self.prec > enough.max(10_000) {
            let (coefficient, exponent, exact) = root_digits(a, enough);
            if exact {
                return restored(coefficient, exponent, ideal);
            }
            if !self.fits(2 * self.prec) {
                return Number::nan();
            }
            self.prec
        } else {
            self.prec
        };
        let (mut coefficient, exponent, exact) = root_digits(a, prec);
        if exact {
            return restored(coefficient, exponent, ideal);
        }
        if coefficient.digit(0) % 5 == 0 {
            coefficient.increment();
        }
        Number::new(false, coefficient, exponent)
    }
}

/// At least one digit more of the quotient than `prec`, its exponent, and whether that is all.
fn quotient(a: &Number, b: &Number, prec: i64) -> (Natural, i64, bool) {
    let shift = b.digits() - a.digits() + prec + 1;
    let exponent = a.exponent - b.exponent - shift;
    let (quotient, rest) = if shift >= 0 {
        a.coefficient.shl(shift as usize).div_rem(&b.coefficient)
    } else {
        a.coefficient.div_rem(&b.coefficient.shl(-shift as usize))
    };
    (quotient, exponent, rest.is_zero())
}

/// An exact quotient with its exponent brought up to the ideal one as far as zeros reach.
fn shortened(negative: bool, coefficient: Natural, exponent: i64, ideal: i64) -> Number {
    let zeros = (coefficient.trailing_zeros() as i64).min(ideal - exponent);
    if zeros <= 0 {
        return Number::new(negative, coefficient, exponent);
    }
    Number::new(negative, coefficient.shr(zeros as usize).0, exponent + zeros)
}

/// `prec + 1` digits of the square root, their exponent, and whether they are all.
fn root_digits(a: &Number, prec: i64) -> (Natural, i64, bool) {
    let wanted = prec + 1;
    let half = a.exponent.div_euclid(2);
    let (mut c, length) = if a.exponent.rem_euclid(2) == 1 {
        (a.coefficient.shl(1), a.digits() / 2 + 1)
    } else {
        (a.coefficient.clone(), (a.digits() + 1) / 2)
    };
    let shift = wanted - length;
    let mut exact = true;
    if shift >= 0 {
        c = c.shl(2 * shift as usize);
    } else {
        let (upper, dropped) = c.shr(2 * (-shift) as usize);
        exact = dropped == super::natural::Dropped::Nothing;
        c = upper;
    }
    let (root, square) = c.sqrt();
    (root, half - shift, exact && square)
}

/// An exact root brought to the ideal exponent; zeros are appended up to the precision.
fn restored(coefficient: Natural, exponent: i64, ideal: i64) -> Number {
    if exponent > ideal {
        return Number::new(false, coefficient.shl((exponent - ideal) as usize), ideal);
    }
    let zeros = (coefficient.trailing_zeros() as i64).min(ideal - exponent);
    if zeros <= 0 {
        return Number::new(false, coefficient, exponent);
    }
    Number::new(false, coefficient.shr(zeros as usize).0, exponent + zeros)
}
