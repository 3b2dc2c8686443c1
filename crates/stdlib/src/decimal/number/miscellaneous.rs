//! Quantizing, rounding to whole numbers, neighbours, exponents, classes.

use super::context::{Ctx, MAX_EMAX, MIN_ETINY, Rounding, status};
use super::natural::Dropped;
use super::{Kind, Natural, Number};
use core::cmp::Ordering;

impl Ctx<'_> {
    /// `a` with the exponent of `b`.
    pub fn quantize(&mut self, a: &Number, b: &Number) -> Number {
        if !a.is_finite() || !b.is_finite() {
            if let Some(nan) = self.nan_of(&[a, b]) {
                return nan;
            }
            if a.is_infinite() && b.is_infinite() {
                return a.clone();
            }
            return self.invalid(status::INVALID_OPERATION);
        }
        self.quantize_to(a, b.exponent)
    }

    /// Finite `a` with this exponent.
    pub fn quantize_to(&mut self, a: &Number, exponent: i64) -> Number {
        if exponent < self.etiny() || exponent > self.emax {
            return self.invalid(status::INVALID_OPERATION);
        }
        if a.coefficient.is_zero() {
            return self.finish(Number::zero(a.negative, exponent));
        }
        let adjusted = a.adjusted();
        if adjusted > self.emax || adjusted - exponent + 1 > self.prec {
            return self.invalid(status::INVALID_OPERATION);
        }
        let mut changed = false;
        let coefficient = if a.exponent >= exponent {
            match self.shifted(&a.coefficient, a.exponent - exponent) {
                Some(coefficient) => coefficient,
                None => return Number::nan(),
            }
        } else {
            let (coefficient, inexact) =
                super::round::cut(self.rounding, a.negative, &a.coefficient, exponent - a.exponent);
            changed = inexact;
            coefficient
        };
        let result = Number::new(a.negative, coefficient, exponent);
        let (digits, is_zero) = (result.digits(), result.coefficient.is_zero());
        let adjusted = exponent + digits - 1;
        if digits > self.prec || (!is_zero && adjusted > self.emax) {
            return self.invalid(status::INVALID_OPERATION);
        }
        let subnormal = !is_zero && adjusted < self.emin;
        if subnormal {
            self.note(status::SUBNORMAL);
        }
        if exponent > a.exponent {
            self.note(status::ROUNDED | if changed { status::INEXACT } else { 0 });
        }
        if !is_zero && !subnormal && !self.clamp {
            return result;
        }
        // Here only clamping is left to do; a subnormal result of quantizing is no underflow.
        let before = self.status;
        let result = self.finish(result);
        self.status = before | (self.status & !(status::UNDERFLOW));
        result
    }

    /// The whole number by the context's rounding; `exact`: notes what was lost.
    pub fn to_integral(&mut self, a: &Number, exact: bool) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() || a.exponent >= 0 {
            return a.clone();
        }
        if a.coefficient.is_zero() {
            return Number::zero(a.negative, 0);
        }
        let (coefficient, changed) = super::round::cut(self.rounding, a.negative, &a.coefficient, -a.exponent);
        if exact {
            self.note(status::ROUNDED | if changed { status::INEXACT } else { 0 });
        }
        Number::new(a.negative, coefficient, 0)
    }

    /// The largest number of the context below `a`.
    pub fn next_minus(&mut self, a: &Number) -> Number {
        match self.nan_of(&[a]) {
            Some(nan) => nan,
            None => self.neighbour(a, true),
        }
    }

    pub fn next_plus(&mut self, a: &Number) -> Number {
        match self.nan_of(&[a]) {
            Some(nan) => nan,
            None => self.neighbour(a, false),
        }
    }

    /// The neighbour of a number that is not NaN; raises no condition.
    fn neighbour(&mut self, a: &Number, down: bool) -> Number {
        if a.is_infinite() {
            if a.negative == down {
                return a.clone();
            }
            return self.largest(!down);
        }
        let mut quiet = self.clone();
        quiet.rounding = if down { Rounding::Floor } else { Rounding::Ceiling };
        let fitted = quiet.finish(a.clone());
        if fitted.is_infinite() || super::compare::order(&fitted, a) != Ordering::Equal {
            return fitted;
        }
        // Something smaller than the last digit of anything in the context.
        let tiny = Number::new(down, Natural::from(1), quiet.etiny() - 1);
        let result = quiet.add(a, &tiny);
        self.note(quiet.status & status::NO_MEMORY);
        result
    }

    /// The neighbour of `a` in the direction of `b`.
    pub fn next_toward(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let ordering = super::compare::order(a, b);
        if ordering == Ordering::Equal {
            return a.clone().with_sign(b.negative);
        }
        let result = self.neighbour(a, ordering == Ordering::Greater);
        if result.is_infinite() {
            if a.is_finite() {
                self.note(status::OVERFLOW | status::INEXACT | status::ROUNDED);
            }
        } else if result.adjusted() < self.emin {
            self.note(status::UNDERFLOW | status::SUBNORMAL | status::INEXACT | status::ROUNDED);
            if result.is_zero() {
                self.note(status::CLAMPED);
            }
        }
        result
    }

    /// The exponent of the first digit, as a number.
    pub fn logb(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() {
            return Number::infinity(false);
        }
        if a.is_zero() {
            self.note(status::DIVISION_BY_ZERO);
            return Number::infinity(true);
        }
        let exponent = Number::small(a.adjusted());
        self.finish(exponent)
    }

    /// `a * 10^b`.
    pub fn scaleb(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        let limit = 2 * (i128::from(self.emax) + i128::from(self.prec));
        let by = match b.exponent {
            0 if b.is_finite() => b.to_i64().filter(|by| i128::from(by.unsigned_abs()) <= limit.unsigned_abs() as i128),
            _ => None,
        };
        let Some(by) = by else { return self.invalid(status::INVALID_OPERATION) };
        if a.is_infinite() {
            return a.clone();
        }
        let moved = Number { exponent: a.exponent.saturating_add(by), ..a.clone() };
        self.finish(moved)
    }

    pub fn is_normal(&self, a: &Number) -> bool {
        a.is_finite() && !a.coefficient.is_zero() && a.adjusted() >= self.emin
    }

    pub fn is_subnormal(&self, a: &Number) -> bool {
        a.is_finite() && !a.coefficient.is_zero() && a.adjusted() < self.emin
    }

    pub fn class_of(&self, a: &Number) -> &'static str {
        match (a.kind, a.negative) {
            (Kind::SignalingNan, _) => "sNaN",
            (Kind::QuietNan, _) => "NaN",
            (Kind::Infinity, false) => "+Infinity",
            (Kind::Infinity, true) => "-Infinity",
            (Kind::Finite, negative) => match (a.coefficient.is_zero(), self.is_subnormal(a), negative) {
                (true, _, false) => "+Zero",
                (true, _, true) => "-Zero",
                (_, true, false) => "+Subnormal",
                (_, true, true) => "-Subnormal",
                (_, _, false) => "+Normal",
                _ => "-Normal",
            },
        }
    }
}

/// Have both numbers the same exponent (or are both infinite, or both NaN)?
pub fn same_quantum(a: &Number, b: &Number) -> bool {
    match (a.kind, b.kind) {
        (Kind::Finite, Kind::Finite) => a.exponent == b.exponent,
        (Kind::Infinity, Kind::Infinity) => true,
        _ => a.is_nan() && b.is_nan(),
    }
}

/// The whole part of a finite number, and whether anything was cut off. `None`: too large to be written out.
pub fn truncated(a: &Number, ctx: &mut Ctx<'_>) -> Option<(Natural, bool)> {
    if a.exponent >= 0 {
        return Some((ctx.shifted(&a.coefficient, a.exponent)?, false));
    }
    let (whole, dropped) = a.coefficient.shr(usize::try_from(-a.exponent).unwrap_or(usize::MAX));
    Some((whole, dropped != Dropped::Nothing))
}

/// Can a number have this exponent at all?
pub fn is_exponent(e: i64) -> bool {
    (MIN_ETINY..=MAX_EMAX).contains(&e)
}
