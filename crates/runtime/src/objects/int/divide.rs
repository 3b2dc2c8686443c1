//! Floor division of big integers.
//!
//! `num-bigint` divides long operands by the Burnikel-Ziegler method however short the quotient is. A quotient of one word needs none of
//! that: the leading words give it but for a few units, one multiplication and one subtraction give the remainder. Programs that take the
//! digits of a long fraction off one by one live on this case.

use num_bigint::{BigInt, BigUint, Sign};
use num_integer::Integer;
use num_traits::Zero;

/// Shorter divisors are left to the schoolbook method of the library, which is as quick there.
const LONG: u64 = 8 * 64;
/// Bits by which the operands may differ in length, so that the quotient has at most one more and fits a word.
const GAP: u64 = 61;

/// Quotient and remainder, if the quotient is that short.
fn short_quotient(a: &BigUint, b: &BigUint) -> Option<(u64, BigUint)> {
    let (long, short) = (a.bits(), b.bits());
    if short < LONG || long.checked_sub(short)? > GAP {
        return None;
    }
    // Both operands without the last `shift` bits: 64 of the divisor, at most 126 of the dividend.
    let shift = short - 64;
    let estimate = (top(a, shift) / (top(b, shift) + 1)) as u64;
    let (mut quotient, mut rest) = (estimate, a - b * estimate);
    // The divisor was taken one unit too large in 64 bits, so the estimate is at most a few units too small.
    while rest >= *b {
        rest -= b;
        quotient += 1;
    }
    Some((quotient, rest))
}

/// `value >> shift`, which fits.
fn top(value: &BigUint, shift: u64) -> u128 {
    let words = value.iter_u64_digits();
    let (skipped, offset) = ((shift / 64) as usize, shift % 64);
    let kept = words.len() - skipped;
    let mut top = 0u128;
    for (index, word) in words.rev().take(kept).enumerate() {
        let place = (kept - 1 - index) as u64 * 64;
        top |=
            if place >= offset { u128::from(word) << (place - offset) } else { u128::from(word) >> (offset - place) };
    }
    top
}

/// Quotient rounded down and remainder with the divisor's sign. The divisor is not zero.
pub fn div_mod_floor(a: &BigInt, b: &BigInt) -> (BigInt, BigInt) {
    let Some((quotient, rest)) = short_quotient(a.magnitude(), b.magnitude()) else {
        return a.div_mod_floor(b);
    };
    if a.sign() == b.sign() {
        return (quotient.into(), BigInt::from_biguint(b.sign(), rest));
    }
    if rest.is_zero() {
        return (-BigInt::from(quotient), BigInt::zero());
    }
    (-BigInt::from(quotient + 1), BigInt::from_biguint(b.sign(), b.magnitude() - rest))
}

/// The quotient alone.
pub fn div_floor(a: &BigInt, b: &BigInt) -> BigInt {
    match short_quotient(a.magnitude(), b.magnitude()) {
        Some((quotient, _)) if a.sign() == b.sign() => quotient.into(),
        Some((quotient, rest)) => {
            BigInt::from_biguint(Sign::Minus, BigUint::from(quotient + u64::from(!rest.is_zero())))
        }
        None => a.div_floor(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_the_library_divides() {
        let mut state = 1u64;
        let mut word = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 32) as u32
        };
        for bits in [500u64, 512, 513, 576, 640, 1000, 5000] {
            for gap in [0, 1, 2, 30, 60, 61, 62, 70] {
                for kind in 0..4 {
                    let mut number = |bits: u64| {
                        let words = (0..bits.div_ceil(32)).map(|_| if kind == 3 { u32::MAX } else { word() });
                        let number = BigUint::new(words.collect()) >> (bits.div_ceil(32) * 32 - bits);
                        number | BigUint::from(1u8) << (bits - 1)
                    };
                    let b = number(bits);
                    let a = if kind == 2 { &b * 7u8 } else { number(bits + gap) };
                    let (a, b) = (BigInt::from(a), BigInt::from(b));
                    for (a, b) in [(a.clone(), b.clone()), (-&a, b.clone()), (a.clone(), -&b), (-&a, -&b)] {
                        assert_eq!(div_mod_floor(&a, &b), a.div_mod_floor(&b), "{a} {b}");
                        assert_eq!(div_floor(&a, &b), a.div_floor(&b), "{a} {b}");
                    }
                }
            }
        }
    }
}
