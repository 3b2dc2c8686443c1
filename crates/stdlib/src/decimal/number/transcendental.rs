//! `exp`, `ln`, `log10`, correctly rounded (half even).
//!
//! Method: the function is computed in binary fixed point with a known error bound and some digits more than wanted; when both
//! ends of the error interval round to the same decimal number that is the result, else it is done again with twice the extra
//! digits (Ziv's strategy). It ends because the functions' values at decimal arguments are transcendental but in the cases
//! that are told apart beforehand. `exp` reduces its argument by multiples of ln 10 and powers of two and sums the series;
//! `ln` is Newton's iteration on `exp`.

use super::context::{Ctx, Rounding, status};
use super::{Natural, Number};
use num_bigint::{BigInt, BigUint, Sign};
use num_traits::{Signed, ToPrimitive, Zero};

/// An exponent beyond all exponents that calculations may go on with.
const BEYOND: i64 = i64::MAX / 4;

/// Bits of `n` decimal digits, rounded up.
pub fn bits_for(digits: i64) -> u64 {
    (digits.max(1) as f64 * core::f64::consts::LOG2_10) as u64 + 4
}

/// `atanh(1 / n) * 2^bits`, off by less than the number of its terms.
fn inverse_atanh(n: u32, bits: u64) -> BigInt {
    let square = n * n;
    let mut power = (BigInt::from(1) << bits) / n;
    let mut sum = power.clone();
    let mut k = 1u32;
    while !power.is_zero() {
        power /= square;
        k += 2;
        sum += &power / k;
    }
    sum
}

/// `ln(10) * 2^bits`, off by less than 2^20 units for any feasible number of bits (Machin's kind of formula).
pub fn ln10(bits: u64) -> BigInt {
    const GUARD: u64 = 40;
    let wide = bits + GUARD;
    let sum = inverse_atanh(31, wide) * 46u32 + inverse_atanh(49, wide) * 34u32 + inverse_atanh(161, wide) * 20u32;
    sum >> GUARD
}

/// A number in fixed point, off by at most one unit. Its magnitude must be moderate.
pub fn fixed_of(n: &Number, bits: u64) -> BigInt {
    let coefficient = BigInt::from_biguint(Sign::Plus, n.coefficient.to_big());
    let magnitude = if n.exponent >= 0 {
        (coefficient * BigInt::from(10).pow(n.exponent as u32)) << bits
    } else {
        (coefficient << bits) / BigInt::from_biguint(Sign::Plus, power_of_ten(-n.exponent as u64))
    };
    if n.negative { -magnitude } else { magnitude }
}

fn power_of_ten(n: u64) -> BigUint {
    BigUint::from(5u32).pow(n as u32) << n
}

/// `exp(x / 2^bits)` as mantissa in fixed point (with `bits`) and decimal exponent; the error of the mantissa in units is below
/// 2^(8 + log2 of the squarings) plus what an error of `x` brings. `x` is below 2^70 or so in magnitude.
pub fn exp_parts(x: &BigInt, bits: u64) -> (BigInt, i64) {
    // Guard bits: for the multiples of ln 10, the squarings and the sums.
    let squarings = ((bits as f64).sqrt() * 0.7) as u64 + 2;
    let guard = squarings + 96;
    let wide = bits + guard;
    let ln10 = ln10(wide);
    let x = x << guard;
    let half = &ln10 >> 1;
    // floor((x + ln10 / 2) / ln10): the rest lies within half of ln 10.
    let shifted: BigInt = &x + &half;
    let mut tens = &shifted / &ln10;
    if shifted.is_negative() && !(&shifted % &ln10).is_zero() {
        tens -= 1;
    }
    let rest: BigInt = (&x - &tens * &ln10) >> squarings;
    let one = BigInt::from(1) << wide;
    let mut sum = &one + &rest;
    let mut term = rest.clone();
    let mut k = 2u32;
    while !term.is_zero() && term != BigInt::from(-1) {
        term = ((term * &rest) >> wide) / k;
        sum += &term;
        k += 1;
    }
    for _ in 0..squarings {
        sum = (&sum * &sum) >> wide;
    }
    let beyond = if tens.is_negative() { -BEYOND } else { BEYOND };
    (sum >> guard, tens.to_i64().filter(|tens| tens.abs() < BEYOND).unwrap_or(beyond))
}

/// `ln(m / 2^bits)` for `0 < m`, off by at most 2^12 units.
fn ln_fixed(m: &BigInt, bits: u64) -> BigInt {
    // A first value from the leading bits.
    let length = m.bits();
    let lead = (m >> length.saturating_sub(64)).to_f64().unwrap_or(1.0);
    let binary = length.saturating_sub(64) as f64 - bits as f64;
    let first = lead.ln() + binary * core::f64::consts::LN_2;
    let mut y = BigInt::from((first * (1u64 << 44) as f64) as i64);
    let mut have = 44u64;
    let mut good = 40u64;
    while good < bits + 8 {
        good = (3 * good - 8).min(bits + 16);
        let wide = good + 16;
        y = if wide >= have { y << (wide - have) } else { y >> (have - wide) };
        have = wide;
        // y + 2 (m - e^y) / (m + e^y): converges with the third power.
        let (mantissa, tens) = exp_parts(&y, wide);
        let e = scaled(mantissa, tens);
        let m = if wide >= bits { m << (wide - bits) } else { m >> (bits - wide) };
        let step = ((&m - &e) << (wide + 1)) / (m + e);
        y += step;
    }
    if have >= bits { y >> (have - bits) } else { y << (bits - have) }
}

fn scaled(mantissa: BigInt, tens: i64) -> BigInt {
    let power = BigInt::from(10).pow(tens.unsigned_abs() as u32);
    if tens >= 0 { mantissa * power } else { mantissa / power }
}

/// `ln` of a positive number with an absolute error of at most 2^14 units of `2^-bits`.
pub fn ln_of(n: &Number, bits: u64) -> BigInt {
    // n = m * 10^e with m between 1/3.2 and 3.2; then ln n = ln m + e ln 10.
    let digits = n.digits();
    let leading = n.coefficient.digit((digits - 1) as usize);
    let tens = n.exponent + digits - 1 + i64::from(leading >= 3);
    let m = Number::new(false, n.coefficient.clone(), n.exponent - tens);
    let wide = bits + 72;
    let ln = ln_fixed(&fixed_of(&m, wide), wide);
    let ln = if tens == 0 { ln } else { ln + ln10(wide) * tens };
    ln >> 72
}

/// `value / 2^bits * 10^tens` cut to a few digits more than `prec`, then a digit that stands for all that follow, so that it can
/// be rounded in any way at any place of the precision. `None`: the error interval does not tell the digits.
pub fn digits_of(value: &BigInt, error: u64, bits: u64, tens: i64, prec: i64) -> Option<Number> {
    const MORE: i64 = 3;
    let magnitude = value.abs();
    let error = BigInt::from(error);
    if magnitude <= error {
        return None;
    }
    let estimate = ((magnitude.bits() as f64 - bits as f64) * core::f64::consts::LOG10_2).floor() as i64;
    let scale = prec + MORE - estimate;
    let digits = |m: BigInt| -> Natural {
        let m = m.to_biguint().unwrap_or_default();
        let scaled = if scale >= 0 { m * power_of_ten(scale as u64) } else { m / power_of_ten(-scale as u64) };
        Natural::from_big(&(scaled >> bits))
    };
    let (low, high) = (digits(&magnitude - &error), digits(magnitude + error));
    if low != high {
        return None;
    }
    let mut coefficient = low.shl(1);
    coefficient.increment();
    Some(Number::new(value.is_negative(), coefficient, tens - scale - 1))
}

impl Ctx<'_> {
    /// Tries with growing precision until `attempt` (given extra digits) can tell the rounded result.
    pub fn refined(&mut self, mut attempt: impl FnMut(&Ctx<'_>, i64) -> Option<Number>) -> Number {
        if !self.fits(self.prec) {
            return Number::nan();
        }
        let mut extra = 6;
        loop {
            if let Some(result) = attempt(self, extra) {
                return result;
            }
            extra *= 4;
        }
    }

    /// Rounds a result that has more digits than the precision, whose further digits are not all zero.
    pub fn finish_inexact(&mut self, n: Number) -> Number {
        // An exact one (4 to the 0.5) is padded to the precision.
        let n = match self.prec - n.digits() {
            missing if missing > 0 && n.is_finite() && !n.coefficient.is_zero() => {
                match self.shifted(&n.coefficient, missing) {
                    Some(coefficient) => Number { coefficient, exponent: n.exponent - missing, ..n },
                    None => n,
                }
            }
            _ => n,
        };
        let before = core::mem::take(&mut self.status);
        let result = self.finish(n);
        let subnormal = if self.status & status::SUBNORMAL != 0 { status::UNDERFLOW } else { 0 };
        self.note(before | status::INEXACT | status::ROUNDED | subnormal);
        result
    }

    /// As [`Ctx::finish_inexact`], rounding half even whatever the context says.
    fn finish_half_even(&mut self, n: Number) -> Number {
        let saved = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
        let result = self.finish_inexact(n);
        self.rounding = saved;
        result
    }

    /// 1 and a trace more, or less.
    fn near_one(&mut self, below: bool) -> Number {
        let places = self.prec + 3;
        let Some(mut coefficient) = self.power_of_ten(places) else { return Number::nan() };
        if below {
            coefficient = coefficient.sub(&Natural::from(1));
        } else {
            coefficient.increment();
        }
        Number::new(false, coefficient, -places)
    }

    pub fn exp(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_infinite() {
            return if a.negative { Number::zero(false, 0) } else { a.clone() };
        }
        if a.coefficient.is_zero() {
            return Number::one();
        }
        let adjusted = a.adjusted();
        if adjusted > 19 {
            let saved = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
            let result = self.out_of_range(a.negative);
            self.rounding = saved;
            return result;
        }
        if adjusted < -self.prec - 1 {
            // 1 plus less than half of the last digit.
            let one = self.near_one(a.negative);
            return self.finish_half_even(one);
        }
        let result = self.refined(|ctx, extra| {
            let bits = bits_for(ctx.prec + extra) + 8;
            // An error of one unit in the argument is one of about 3.2 units in the mantissa.
            let (mantissa, tens) = exp_parts(&fixed_of(a, bits), bits);
            digits_of(&mantissa, 1 << 4, bits, tens, ctx.prec)
        });
        self.finish_half_even(result)
    }

    /// A result far outside of any range.
    pub fn out_of_range(&mut self, small: bool) -> Number {
        if small { self.finish(Number::new(false, Natural::from(1), self.etiny() - 2)) } else { self.overflow(false) }
    }

    pub fn ln(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_zero() {
            return Number::infinity(true);
        }
        if a.negative {
            return self.invalid(status::INVALID_OPERATION);
        }
        if a.is_infinite() {
            return a.clone();
        }
        let zeros = a.coefficient.trailing_zeros();
        if a.exponent == -(zeros as i64) && a.coefficient.shr(zeros).0.is_one() {
            return Number::zero(false, 0);
        }
        let small = distance_from_one(a);
        let result = self.refined(|ctx, extra| {
            let bits = bits_for(ctx.prec + extra + small) + 16;
            digits_of(&ln_of(a, bits), 1 << 15, bits, 0, ctx.prec)
        });
        self.finish_half_even(result)
    }

    pub fn log10(&mut self, a: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a]) {
            return nan;
        }
        if a.is_zero() {
            return Number::infinity(true);
        }
        if a.negative {
            return self.invalid(status::INVALID_OPERATION);
        }
        if a.is_infinite() {
            return a.clone();
        }
        let zeros = a.coefficient.trailing_zeros();
        if a.coefficient.shr(zeros).0.is_one() {
            // A power of ten.
            let exponent = Number::small(a.exponent + zeros as i64);
            let saved = core::mem::replace(&mut self.rounding, Rounding::HalfEven);
            let result = self.finish(exponent);
            self.rounding = saved;
            return result;
        }
        let small = distance_from_one(a);
        let result = self.refined(|ctx, extra| {
            let bits = bits_for(ctx.prec + extra + small) + 16;
            let wide = bits + 8;
            let quotient = (ln_of(a, wide) << wide) / ln10(wide);
            digits_of(&(quotient >> 8), 1 << 15, bits, 0, ctx.prec)
        });
        self.finish_half_even(result)
    }
}

/// How many zeros follow the point in `|n - 1|`: so many digits does the logarithm start later. 0 for numbers not near 1.
pub fn distance_from_one(n: &Number) -> i64 {
    if !(-1..=0).contains(&n.adjusted()) {
        return 0;
    }
    let nothing = |_: usize| true;
    let mut wide = Ctx::widest(&nothing);
    let difference = wide.subtract(n, &Number::one());
    (-difference.adjusted()).max(0)
}
