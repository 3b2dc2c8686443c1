//! The greatest common divisor of large integers, by Lehmer's method (Knuth, volume 2, algorithm 4.5.2 L): the leading words
//! tell many steps of Euclid's algorithm at once, which are then done on the whole numbers in one linear combination.

use core::cmp::Ordering;
use num_bigint::BigUint;
use num_integer::Integer;

/// Bits of the leading parts that are looked at: quotients and cofactors then stay within signed words.
const WINDOW: u32 = 62;

pub fn gcd(a: BigUint, b: BigUint) -> BigUint {
    let (mut a, mut b) = (a.to_u64_digits(), b.to_u64_digits());
    loop {
        if compare(&a, &b) == Ordering::Less {
            core::mem::swap(&mut a, &mut b);
        }
        match b[..] {
            [] => return whole(&a),
            [last] => return last.gcd(&rest_by_one(&a, last)).into(),
            _ => {}
        }
        let (x, y) = leading(&a, &b);
        match cofactors(x, y) {
            // The leading parts tell nothing: one division.
            (_, 0, _, _) => {
                let rest = (whole(&a) % whole(&b)).to_u64_digits();
                a = core::mem::replace(&mut b, rest);
            }
            step => combine(&mut a, &mut b, step),
        }
    }
}

fn whole(digits: &[u64]) -> BigUint {
    BigUint::new(digits.iter().flat_map(|digit| [*digit as u32, (digit >> 32) as u32]).collect())
}

fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

fn rest_by_one(a: &[u64], by: u64) -> u64 {
    a.iter().rev().fold(0, |rest, digit| ((u128::from(rest) << 64 | u128::from(*digit)) % u128::from(by)) as u64)
}

/// The first [`WINDOW`] bits of `a`, of at least two digits, and the bits of `b`, which is not larger, at the same places.
fn leading(a: &[u64], b: &[u64]) -> (u64, u64) {
    let top = a.len() - 1;
    let shift = a[top].leading_zeros();
    let bits = |n: &[u64]| {
        let digit = |i: usize| u128::from(n.get(i).copied().unwrap_or(0));
        ((digit(top) << 64 | digit(top - 1)) << shift >> (128 - WINDOW)) as u64
    };
    (bits(a), bits(b))
}

/// (A, B, C, D) such that A a + B b and C a + D b are what Euclid's steps on the leading parts lead to, as far as the parts
/// cut off cannot change a quotient: as long as the rest, and what is missing to the next one, outweigh the cofactors
/// (Jebelean, A double-digit Lehmer-Euclid algorithm; here with the larger of the two cofactors).
fn cofactors(mut x: u64, mut y: u64) -> (i64, i64, i64, i64) {
    let (mut a, mut b, mut c, mut d) = (1i64, 0i64, 0i64, 1i64);
    while y != 0 {
        // Most quotients are 1 or 2.
        let (mut q, mut rest) = (1, x - y);
        if rest >= y {
            (q, rest) = (2, rest - y);
            if rest >= y {
                (q, rest) = (x / y, x % y);
            }
        }
        let Ok(q) = i64::try_from(q) else { break };
        let Some(next_c) = q.checked_mul(c).and_then(|p| a.checked_sub(p)) else { break };
        let Some(next_d) = q.checked_mul(d).and_then(|p| b.checked_sub(p)) else { break };
        let next = next_c.unsigned_abs().max(next_d.unsigned_abs());
        let now = c.unsigned_abs().max(d.unsigned_abs());
        if rest < next || y - rest < next + now {
            break;
        }
        (a, c) = (c, next_c);
        (b, d) = (d, next_d);
        (x, y) = (y, rest);
    }
    (a, b, c, d)
}

/// `(A a + B b, C a + D b)` in place, the factors of each of opposite signs, the results known not to be negative.
fn combine(a: &mut Vec<u64>, b: &mut Vec<u64>, (x, y, z, w): (i64, i64, i64, i64)) {
    b.resize(a.len(), 0);
    let (mut first, mut second) = (0i128, 0i128);
    for (p, q) in a.iter_mut().zip(b.iter_mut()) {
        let (m, n) = (i128::from(*p), i128::from(*q));
        first += i128::from(x) * m + i128::from(y) * n;
        second += i128::from(z) * m + i128::from(w) * n;
        (*p, *q) = (first as u64, second as u64);
        first >>= 64;
        second >>= 64;
    }
    for digits in [a, b] {
        let used = digits.iter().rposition(|digit| *digit != 0).map_or(0, |at| at + 1);
        digits.truncate(used);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_traits::Zero;

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
