//! The greatest common divisor of large integers, by Lehmer's method (Knuth, volume 2, algorithm 4.5.2 L): the leading words
//! tell many steps of Euclid's algorithm at once, which are then done on the whole numbers in one linear combination.

use num_bigint::BigUint;
use num_integer::Integer;
use num_traits::{ToPrimitive, Zero};

/// Bits of the leading parts that are looked at: quotients and cofactors then stay within signed words.
const WINDOW: u64 = 62;

pub fn gcd(a: BigUint, b: BigUint) -> BigUint {
    let (mut a, mut b) = if a >= b { (a, b) } else { (b, a) };
    loop {
        if b.is_zero() {
            return a;
        }
        if let (Some(x), Some(y)) = (a.to_u64(), b.to_u64()) {
            return x.gcd(&y).into();
        }
        let shift = a.bits().saturating_sub(WINDOW);
        let leading = |n: &BigUint| (n >> shift).to_i64().unwrap_or(0);
        let step = cofactors(leading(&a), leading(&b));
        match step {
            // The leading parts tell nothing: one division.
            (_, 0, _, _) => {
                let rest = &a % &b;
                a = core::mem::replace(&mut b, rest);
            }
            (x, y, z, w) => {
                let next = combine(&a, x, &b, y);
                let rest = combine(&a, z, &b, w);
                (a, b) = (next, rest);
            }
        }
        if a < b {
            core::mem::swap(&mut a, &mut b);
        }
    }
}

/// (A, B, C, D) such that A a + B b and C a + D b are what Euclid's steps on the leading parts lead to, as far as the parts
/// cut off cannot change a quotient.
fn cofactors(mut x: i64, mut y: i64) -> (i64, i64, i64, i64) {
    let (mut a, mut b, mut c, mut d) = (1i64, 0i64, 0i64, 1i64);
    loop {
        if y + c <= 0 || y + d <= 0 {
            break;
        }
        let q = (x + a) / (y + c);
        if q != (x + b) / (y + d) {
            break;
        }
        let Some(next) = q.checked_mul(d).and_then(|p| b.checked_sub(p)) else { break };
        let Some(other) = q.checked_mul(c).and_then(|p| a.checked_sub(p)) else { break };
        (a, c) = (c, other);
        (b, d) = (d, next);
        (x, y) = (y, x - q * y);
    }
    (a, b, c, d)
}

/// `a x + b y` of factors with opposite signs, known not to be negative.
fn combine(a: &BigUint, x: i64, b: &BigUint, y: i64) -> BigUint {
    let (p, q) = (a * x.unsigned_abs(), b * y.unsigned_abs());
    match (x < 0, y < 0) {
        (false, true) => p - q,
        (true, false) => q - p,
        _ => p + q,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_binary_method() {
        let mut seed = 1u64;
        let mut next = |words: usize| {
            let digits = (0..words).map(|_| {
                seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
                (seed >> 32) as u32
            });
            BigUint::new(digits.collect())
        };
        let mut tried = 0;
        for words in 1..40 {
            let (a, b, c) = (next(words), next(words / 2 + 1), next(words));
            for (x, y) in
                [(&a * &b, &c * &b), (a.clone(), c.clone()), (&a * &a, a.clone()), (a.clone(), BigUint::zero())]
            {
                assert_eq!(gcd(x.clone(), y.clone()), x.gcd(&y));
                tried += 1;
            }
        }
        assert_eq!(tried, 156);
    }
}
