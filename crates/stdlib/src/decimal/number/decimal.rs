//! The number: sign, kind, coefficient, exponent.

use super::context::{Ctx, status};
use super::natural::Natural;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Finite,
    Infinity,
    QuietNan,
    SignalingNan,
}

/// `(-1)^negative * coefficient * 10^exponent`; of a NaN the coefficient is the payload.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Number {
    pub coefficient: Natural,
    pub exponent: i64,
    pub negative: bool,
    pub kind: Kind,
}

impl Number {
    #[inline]
    pub fn new(negative: bool, coefficient: Natural, exponent: i64) -> Number {
        Number { coefficient, exponent, negative, kind: Kind::Finite }
    }

    pub fn special(negative: bool, kind: Kind) -> Number {
        Number { coefficient: Natural::zero(), exponent: 0, negative, kind }
    }

    pub fn nan() -> Number {
        Number::special(false, Kind::QuietNan)
    }

    pub fn infinity(negative: bool) -> Number {
        Number::special(negative, Kind::Infinity)
    }

    pub fn zero(negative: bool, exponent: i64) -> Number {
        Number::new(negative, Natural::zero(), exponent)
    }

    pub fn one() -> Number {
        Number::small(1)
    }

    pub fn small(n: i64) -> Number {
        Number::new(n < 0, Natural::from(n.unsigned_abs()), 0)
    }

    #[inline(always)]
    pub fn is_finite(&self) -> bool {
        self.kind == Kind::Finite
    }

    pub fn is_infinite(&self) -> bool {
        self.kind == Kind::Infinity
    }

    pub fn is_nan(&self) -> bool {
        matches!(self.kind, Kind::QuietNan | Kind::SignalingNan)
    }

    pub fn is_signaling(&self) -> bool {
        self.kind == Kind::SignalingNan
    }

    pub fn is_zero(&self) -> bool {
        self.is_finite() && self.coefficient.is_zero()
    }

    /// Digits of the coefficient, 1 for zero.
    #[inline]
    pub fn digits(&self) -> i64 {
        self.coefficient.digits().max(1) as i64
    }

    /// The exponent of the first digit; 0 for infinities and NaN.
    #[inline]
    pub fn adjusted(&self) -> i64 {
        if self.is_finite() { self.exponent + self.digits() - 1 } else { 0 }
    }

    pub fn negated(mut self) -> Number {
        self.negative = !self.negative;
        self
    }

    pub fn absolute(mut self) -> Number {
        self.negative = false;
        self
    }

    pub fn with_sign(mut self, negative: bool) -> Number {
        self.negative = negative;
        self
    }

    /// Is it a whole number?
    pub fn is_integer(&self) -> bool {
        self.is_finite()
            && (self.exponent >= 0
                || self.coefficient.is_zero()
                || self.coefficient.trailing_zeros() as i64 >= -self.exponent)
    }

    /// Of a whole number: is it odd?
    pub fn is_odd_integer(&self) -> bool {
        match self.exponent {
            0 => self.coefficient.is_odd(),
            e if e > 0 => false,
            e => self.coefficient.digit(usize::try_from(-e).unwrap_or(usize::MAX)) % 2 == 1,
        }
    }

    /// The value of a small whole number.
    pub fn to_i64(&self) -> Option<i64> {
        if !self.is_integer() {
            return None;
        }
        if self.coefficient.is_zero() {
            return Some(0);
        }
        let magnitude = if self.exponent >= 0 {
            if self.adjusted() > 19 {
                return None;
            }
            self.coefficient.shl(self.exponent as usize)
        } else {
            self.coefficient.shr(usize::try_from(-self.exponent).ok()?).0
        };
        let value = i128::from(magnitude.to_u64()?);
        i64::try_from(if self.negative { -value } else { value }).ok()
    }

    /// A NaN made quiet, its payload cut to what the context has room for.
    pub fn quieted(&self, ctx: &Ctx<'_>) -> Number {
        let room = ctx.prec - i64::from(ctx.clamp);
        let payload = match usize::try_from(room) {
            Ok(room) if self.coefficient.digits() > room => self.coefficient.low(room),
            _ => self.coefficient.clone(),
        };
        Number { coefficient: payload, exponent: 0, negative: self.negative, kind: Kind::QuietNan }
    }
}

impl Ctx<'_> {
    /// The result of an operation with a NaN among its operands: the first signaling one, else the first.
    pub fn nan_of(&mut self, operands: &[&Number]) -> Option<Number> {
        if let Some(signaling) = operands.iter().find(|n| n.is_signaling()) {
            self.note(status::INVALID_OPERATION);
            return Some(signaling.quieted(self));
        }
        operands.iter().find(|n| n.is_nan()).map(|n| n.quieted(self))
    }
}
