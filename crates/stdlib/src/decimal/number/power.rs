//! Powers: exact where the exponent is whole and the result short, else by logarithm and exponential; and powers modulo a number.
//!
//! A result is correctly rounded but where its true value agrees with a rounding boundary for more than 80 digits beyond the
//! precision; the exact powers with fractional exponents (such as 4 to the 0.5) are among those and come out right.

use super::context::{Ctx, status};
use super::transcendental::{bits_for, digits_of, distance_from_one, fixed_of, ln_of};
use super::{Natural, Number};
use core::cmp::Ordering;
use num_bigint::BigInt;
use num_traits::{Signed, ToPrimitive, Zero};

impl Ctx<'_> {
    pub fn power(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            return nan;
        }
        if b.is_zero() {
            return if a.is_zero() { self.invalid(status::INVALID_OPERATION) } else { Number::one() };
        }
        let mut negative = false;
        let mut base = a.clone();
        if a.negative {
            if b.is_integer() {
                negative = b.is_odd_integer();
            } else if !a.is_zero() {
                return self.invalid(status::INVALID_OPERATION);
            }
            base.negative = false;
        }
        if base.is_zero() {
            return if b.negative { Number::infinity(negative) } else { Number::zero(negative, 0) };
        }
        if base.is_infinite() {
            return if b.negative { Number::zero(negative, 0) } else { Number::infinity(negative) };
        }
        let from_one = super::compare::order(&base, &Number::one());
        if from_one == Ordering::Equal {
            return self.power_of_one(&base, b, negative);
        }
        let grows = (from_one == Ordering::Greater) != b.negative;
        if b.is_infinite() {
            return if grows { Number::infinity(negative) } else { Number::zero(negative, 0) };
        }
        if b.is_integer()
            && let Some(result) = self.whole_power(&base, b, negative)
        {
            return result;
        }
        if let Some(result) = self.power_out_of_range(&base, b, negative, grows) {
            return result;
        }
        let result = self.real_power(&base, b).with_sign(negative);
        let result = self.vanished(&base, b, result);
        self.finish_inexact(result)
    }

    /// A whole power far below the range: libmpdec multiplies it out with a few digits more, rounding half even, so that it is
    /// zero also for the roundings away from zero; but where the exponents alone tell that it is too small it is not.
    fn vanished(&mut self, base: &Number, b: &Number, result: Number) -> Number {
        if result.adjusted() >= self.emin || !b.is_integer() {
            return result;
        }
        let lead = match base.adjusted() {
            0 | -1 => -1 - distance_from_one(base),
            e => i64::from(e.unsigned_abs().ilog10()),
        };
        if lead + b.adjusted() > 1 + i64::from(self.etiny().unsigned_abs().ilog10()) {
            return result;
        }
        let mut work = self.clone();
        let more = b.adjusted() + 3 + i64::from(b.negative);
        work.prec = self.prec.saturating_add(more).min(super::context::MAX_PREC);
        work.rounding = super::Rounding::HalfEven;
        work.clamp = false;
        let rounded = work.finish(result.clone());
        if !rounded.is_zero() {
            return result;
        }
        self.note(work.status);
        rounded
    }

    /// 1 to a power: with as many digits as the precision when the operands are not whole and small.
    fn power_of_one(&mut self, base: &Number, b: &Number, negative: bool) -> Number {
        if b.is_integer() {
            // 1.00 ** 3 is 1.000000, as far as the precision goes.
            let times = match (b.negative, b.to_i64()) {
                (true, _) => 0,
                (_, Some(n)) if n <= self.prec => n,
                _ => self.prec,
            };
            let exponent = base.exponent.saturating_mul(times);
            if exponent < 1 - self.prec {
                self.note(status::ROUNDED);
            }
            let exponent = exponent.max(1 - self.prec).min(0);
            return match self.power_of_ten(-exponent) {
                Some(coefficient) => self.finish(Number::new(negative, coefficient, exponent)),
                None => Number::nan(),
            };
        }
        self.note(status::INEXACT | status::ROUNDED);
        match self.power_of_ten(self.prec - 1) {
            Some(coefficient) => Number::new(negative, coefficient, 1 - self.prec),
            None => Number::nan(),
        }
    }

    /// A whole exponent and a result that need not be rounded before the end; else `None`.
    fn whole_power(&mut self, base: &Number, b: &Number, negative: bool) -> Option<Number> {
        let n = b.to_i64()?;
        let zeros = base.coefficient.trailing_zeros();
        let core = base.coefficient.shr(zeros).0;
        let times = n.unsigned_abs();
        if n > 0 {
            // The zeros at the end need not take part; they are appended as far as the precision has room.
            let digits = approximate_log10(&core) * times as f64;
            if digits > 2.0 * self.prec as f64 + 40.0 || digits > 4e9 {
                return None;
            }
            if !self.fits(digits as i64 + 20) {
                return Some(Number::nan());
            }
            let power = core.pow(times);
            let zeros = (zeros as i64).checked_mul(n)?;
            let exponent = base.exponent.checked_mul(n)?;
            let shown = zeros.min((self.prec + 2 - power.digits() as i64).max(0));
            let Some(coefficient) = self.shifted(&power, shown) else { return Some(Number::nan()) };
            let result = self.vanished(base, b, Number::new(negative, coefficient, exponent + zeros - shown));
            return Some(self.finish(result));
        }
        // A negative power is exact when the coefficient is made of twos and fives.
        let exponent = (base.exponent + zeros as i64).checked_mul(n)?;
        if core.is_one() {
            return Some(self.finish(Number::new(negative, Natural::from(1), exponent)));
        }
        let (factor, count) = only_factor(&core)?;
        let total = (count as u64).checked_mul(times)?;
        // 2^-k = 5^k / 10^k, 5^-k = 2^k / 10^k.
        let other: u64 = if factor == 2 { 5 } else { 2 };
        if total as f64 * (other as f64).log10() > self.prec as f64 + 1.0 {
            return None;
        }
        let coefficient = Natural::from(other).pow(total);
        Some(self.finish(Number::new(negative, coefficient, exponent - total as i64)))
    }

    /// Powers that leave the range by far, or do not leave 1.
    fn power_out_of_range(&mut self, base: &Number, b: &Number, negative: bool, grows: bool) -> Option<Number> {
        // log10 |ln base|, roughly.
        let near = distance_from_one(base);
        let lead = match base.adjusted() {
            0 | -1 if near > 0 => -(near as f64),
            0 | -1 => -0.5,
            e => ((e.unsigned_abs() as f64) * core::f64::consts::LN_10).log10(),
        };
        let size = lead + b.adjusted() as f64;
        if size > 21.0 {
            if grows {
                return Some(self.overflow(negative));
            }
            return Some(self.finish(Number::new(negative, Natural::from(1), self.etiny() - 2)));
        }
        if size < -(self.prec as f64) - 4.0 {
            // A little more or less than 1: the rounding may care.
            let places = self.prec + 4;
            let Some(one) = self.power_of_ten(places) else { return Some(Number::nan()) };
            let coefficient = if grows { one.add(&Natural::from(1)) } else { one.sub(&Natural::from(1)) };
            return Some(self.finish_inexact(Number::new(negative, coefficient, -places)));
        }
        None
    }

    /// `base ** b` for positive `base` that is not 1, with all digits of the precision, not yet fitted into the range.
    fn real_power(&mut self, base: &Number, b: &Number) -> Number {
        let near = distance_from_one(base);
        let size = b.adjusted().max(0) + 22;
        self.refined(|ctx, extra| {
            let digits = ctx.prec + extra + near.max(-b.adjusted()).max(0);
            let bits = bits_for(digits) + 16;
            // The logarithm's error is multiplied by b, the product's is that of the argument of exp.
            let wide = bits + bits_for(size) + bits_for(near);
            let ln = ln_of(base, wide);
            let product = (ln * fixed_of_any(b, wide)) >> (2 * wide - bits);
            let (mantissa, tens) = super::transcendental::exp_parts(&product, bits);
            let error = 1u64 << 12;
            if let Some(found) = digits_of(&mantissa, error, bits, tens, ctx.prec) {
                return Some(found);
            }
            if extra < 90 {
                return None;
            }
            // So near to a boundary lie only the exact ones: take the nearest number with one digit more.
            let scale = ctx.prec + 4;
            let nearest = nearest_digits(&mantissa, bits, scale);
            Some(Number::new(false, nearest, tens - scale))
        })
    }

    /// `a ** b % m` for whole numbers.
    pub fn power_modulo(&mut self, a: &Number, b: &Number, m: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b, m]) {
            return nan;
        }
        let whole = a.is_integer() && b.is_integer() && m.is_integer();
        if !whole
            || (b.negative && !b.is_zero())
            || m.is_zero()
            || (a.is_zero() && b.is_zero())
            || m.adjusted() >= self.prec
        {
            return self.invalid(status::INVALID_OPERATION);
        }
        let negative = a.negative && b.is_odd_integer();
        let Some((modulus, _)) = super::miscellaneous::truncated(m, self) else { return Number::nan() };
        let modulus = modulus.to_big();
        // A huge exponent of ten in base or exponent is taken step by step.
        let (base, base_tens) = parts(a);
        let ten = num_bigint::BigUint::from(10u32);
        let base = (base % &modulus) * ten.modpow(&base_tens.into(), &modulus) % &modulus;
        let (exponent, exponent_tens) = parts(b);
        let mut result = base.modpow(&exponent, &modulus);
        for _ in 0..exponent_tens {
            result = result.modpow(&ten, &modulus);
        }
        Number::new(negative, Natural::from_big(&result), 0)
    }
}

/// Of a whole number: its digits without the zeros, and how many zeros follow.
fn parts(n: &Number) -> (num_bigint::BigUint, u64) {
    if n.exponent >= 0 {
        (n.coefficient.to_big(), n.exponent as u64)
    } else {
        (n.coefficient.shr(-n.exponent as usize).0.to_big(), 0)
    }
}

/// `value / 2^bits * 10^scale`, to the nearest.
fn nearest_digits(value: &BigInt, bits: u64, scale: i64) -> Natural {
    let scaled: BigInt = (value * BigInt::from(10).pow(scale as u32) + (BigInt::from(1) << (bits - 1))) >> bits;
    Natural::from_big(&scaled.abs().to_biguint().unwrap_or_default())
}

/// In fixed point; an exponent far below the last bit gives 0.
fn fixed_of_any(n: &Number, bits: u64) -> BigInt {
    if n.adjusted() < -(bits as i64) { BigInt::zero() } else { fixed_of(n, bits) }
}

fn approximate_log10(n: &Natural) -> f64 {
    let digits = n.digits() as i64;
    let cut = (digits - 17).max(0);
    let lead = n.shr(cut as usize).0.to_u64().unwrap_or(1) as f64;
    lead.log10() + cut as f64
}

/// Is it a power of two, or of five? Which, and of how many.
fn only_factor(n: &Natural) -> Option<(u32, usize)> {
    let big = n.to_big();
    let twos = big.trailing_zeros().unwrap_or(0);
    if twos > 0 {
        return ((&big >> twos) == num_bigint::BigUint::from(1u32)).then_some((2, twos as usize));
    }
    // 5^k has k log2(5) bits.
    let count = (big.bits() as f64 / 5f64.log2()).floor().to_u32()?;
    (num_bigint::BigUint::from(5u32).pow(count) == big && count > 0).then_some((5, count as usize))
}
