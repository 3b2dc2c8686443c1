//! Fitting a number into a context: precision, subnormals, overflow, clamping.

use super::context::{Ctx, Rounding, status};
use super::natural::{Dropped, Natural};
use super::{Kind, Number};

/// Does the part that stays grow by one unit?
#[inline]
pub fn rounds_up(rounding: Rounding, negative: bool, stays: &Natural, dropped: Dropped) -> bool {
    if dropped == Dropped::Nothing {
        return false;
    }
    match rounding {
        Rounding::HalfEven => match dropped {
            Dropped::AboveHalf => true,
            Dropped::Half => stays.is_odd(),
            _ => false,
        },
        Rounding::HalfUp => matches!(dropped, Dropped::Half | Dropped::AboveHalf),
        Rounding::HalfDown => dropped == Dropped::AboveHalf,
        Rounding::Up => true,
        Rounding::Down => false,
        Rounding::Ceiling => !negative,
        Rounding::Floor => negative,
        Rounding::ZeroFiveUp => matches!(stays.digit(0), 0 | 5),
    }
}

/// The coefficient without its last `n` digits, rounded; and was anything but zeros dropped?
pub fn cut(rounding: Rounding, negative: bool, coefficient: &Natural, n: i64) -> (Natural, bool) {
    let (mut stays, dropped) = coefficient.shr(usize::try_from(n).unwrap_or(usize::MAX));
    if rounds_up(rounding, negative, &stays, dropped) {
        stays.increment();
    }
    (stays, dropped != Dropped::Nothing)
}

impl Ctx<'_> {
    /// Fits `n` into the context.
    #[inline]
    pub fn finish(&mut self, n: Number) -> Number {
        if n.is_finite() && !n.coefficient.is_zero() {
            let digits = n.coefficient.digits() as i64;
            let adjusted = n.exponent + digits - 1;
            if digits <= self.prec && adjusted <= self.emax && adjusted >= self.emin && !self.clamp {
                return n;
            }
        }
        self.finish_slow(n)
    }

    fn finish_slow(&mut self, mut n: Number) -> Number {
        match n.kind {
            Kind::Infinity => return n,
            Kind::QuietNan => return n.quieted(self),
            Kind::SignalingNan => {
                let quiet = n.quieted(self);
                return Number { kind: Kind::SignalingNan, ..quiet };
            }
            Kind::Finite => {}
        }
        let (etiny, etop) = (self.etiny(), self.etop());
        if n.coefficient.is_zero() {
            let highest = if self.clamp { etop } else { self.emax };
            let exponent = n.exponent.min(highest).max(etiny);
            if exponent != n.exponent {
                self.note(status::CLAMPED);
                n.exponent = exponent;
            }
            return n;
        }
        let digits = n.digits();
        // The exponent at which the number has as many digits as the context.
        let mut lowest = digits + n.exponent - self.prec;
        if lowest > etop {
            return self.overflow(n.negative);
        }
        let subnormal = lowest < etiny;
        if subnormal {
            lowest = etiny;
        }
        if n.exponent < lowest {
            let (mut coefficient, changed) = cut(self.rounding, n.negative, &n.coefficient, lowest - n.exponent);
            if coefficient.digits() as i64 > self.prec {
                coefficient = coefficient.shr(1).0;
                lowest += 1;
            }
            if lowest > etop {
                return self.overflow(n.negative);
            }
            if changed {
                self.note(status::INEXACT | if subnormal { status::UNDERFLOW } else { 0 });
            }
            if subnormal {
                self.note(status::SUBNORMAL);
            }
            self.note(status::ROUNDED);
            if coefficient.is_zero() {
                self.note(status::CLAMPED);
            }
            return Number::new(n.negative, coefficient, lowest);
        }
        if subnormal {
            self.note(status::SUBNORMAL);
        }
        if self.clamp && n.exponent > etop {
            self.note(status::CLAMPED);
            match self.shifted(&n.coefficient, n.exponent - etop) {
                Some(coefficient) => return Number::new(n.negative, coefficient, etop),
                None => return Number::nan(),
            }
        }
        n
    }

    /// The result of an operation that is too large: infinity, or the largest number when rounding goes towards zero.
    pub fn overflow(&mut self, negative: bool) -> Number {
        self.note(status::OVERFLOW | status::INEXACT | status::ROUNDED);
        let to_infinity = match self.rounding {
            Rounding::HalfEven | Rounding::HalfUp | Rounding::HalfDown | Rounding::Up => true,
            Rounding::Ceiling => !negative,
            Rounding::Floor => negative,
            Rounding::Down | Rounding::ZeroFiveUp => false,
        };
        if to_infinity {
            return Number::infinity(negative);
        }
        self.largest(negative)
    }

    /// The largest finite number of the context.
    pub fn largest(&mut self, negative: bool) -> Number {
        if !self.fits(self.prec) {
            return Number::nan();
        }
        Number::new(negative, Natural::nines(self.prec as usize), self.etop())
    }

    /// `n` with another exponent, rounded where digits are lost; knows no limits of precision or range. `None`: no room.
    pub fn rescaled(&mut self, n: &Number, exponent: i64, rounding: Rounding) -> Option<Number> {
        if !n.is_finite() {
            return Some(n.clone());
        }
        if n.coefficient.is_zero() {
            return Some(Number::zero(n.negative, exponent));
        }
        if n.exponent >= exponent {
            let coefficient = self.shifted(&n.coefficient, n.exponent - exponent)?;
            return Some(Number::new(n.negative, coefficient, exponent));
        }
        let (coefficient, _) = cut(rounding, n.negative, &n.coefficient, exponent - n.exponent);
        Some(Number::new(n.negative, coefficient, exponent))
    }
}
