//! Operations digit by digit on numbers of zeros and ones, and shifts and rotations of digits.

use super::context::{Ctx, status};
use super::{Natural, Number};

/// Digits of a logical operand, least significant first: zeros and ones, sign and exponent 0.
fn logical_digits(n: &Number) -> Option<Vec<u8>> {
    if n.negative || !n.is_finite() || n.exponent != 0 {
        return None;
    }
    let mut text = Vec::new();
    n.coefficient.push_digits(&mut text);
    text.reverse();
    text.iter().all(|d| matches!(d, b'0' | b'1')).then_some(text)
}

impl Ctx<'_> {
    fn number_of(&mut self, mut digits: Vec<u8>) -> Number {
        digits.truncate(usize::try_from(self.prec).unwrap_or(usize::MAX));
        digits.reverse();
        Number::new(false, Natural::from_digits(&digits), 0)
    }

    pub fn logical(&mut self, a: &Number, b: &Number, join: fn(bool, bool) -> bool) -> Number {
        let (Some(x), Some(y)) = (logical_digits(a), logical_digits(b)) else {
            return self.invalid(status::INVALID_OPERATION);
        };
        let bit = |digits: &[u8], i: usize| digits.get(i) == Some(&b'1');
        let digits = (0..x.len().max(y.len())).map(|i| b'0' + u8::from(join(bit(&x, i), bit(&y, i)))).collect();
        self.number_of(digits)
    }

    pub fn logical_invert(&mut self, a: &Number) -> Number {
        let Some(mut digits) = logical_digits(a) else { return self.invalid(status::INVALID_OPERATION) };
        if !self.fits(self.prec) {
            return Number::nan();
        }
        digits.resize(self.prec as usize, b'0');
        digits.iter_mut().for_each(|d| *d ^= 1);
        self.number_of(digits)
    }

    /// The second operand of shift and rotate: whole, at most as large as the precision.
    fn places(&mut self, n: &Number) -> Option<i64> {
        let places = match n.exponent {
            0 => n.to_i64().filter(|n| n.abs() <= self.prec),
            _ => None,
        };
        if places.is_none() {
            self.note(status::INVALID_OPERATION);
        }
        places
    }

    /// Moves the digits to the left (to the right when `by` is negative); digits that leave the precision are lost.
    pub fn shift(&mut self, a: &Number, by: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, by]) {
            return nan;
        }
        let Some(places) = self.places(by) else { return Number::nan() };
        if a.is_infinite() {
            return a.clone();
        }
        let prec = self.prec as usize;
        let coefficient = if places < 0 {
            // A coefficient longer than the precision counts with its last digits only.
            a.coefficient.low(prec).shr(-places as usize).0
        } else {
            let kept = a.coefficient.low(prec - places as usize);
            match self.shifted(&kept, places) {
                Some(shifted) => shifted,
                None => return Number::nan(),
            }
        };
        Number::new(a.negative, coefficient, a.exponent)
    }

    pub fn rotate(&mut self, a: &Number, by: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, by]) {
            return nan;
        }
        let Some(places) = self.places(by) else { return Number::nan() };
        if a.is_infinite() {
            return a.clone();
        }
        let left = if places < 0 { places + self.prec } else { places };
        let kept = a.coefficient.low(self.prec as usize);
        if kept.is_zero() {
            return Number::new(a.negative, kept, a.exponent);
        }
        let right = (self.prec - left) as usize;
        let upper = kept.shr(right).0;
        let Some(lower) = self.shifted(&kept.low(right), left) else { return Number::nan() };
        Number::new(a.negative, lower.add(&upper), a.exponent)
    }
}
