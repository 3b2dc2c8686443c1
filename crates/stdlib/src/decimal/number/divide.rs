//! Quotients of natural numbers: Knuth's algorithm D, and above a size the recursive division of Burnikel and Ziegler, whose
//! work is that of products (Brent and Zimmermann, Modern Computer Arithmetic, 1.4.3).

use super::natural::{BASE, Limbs, Natural, compare_slices, split, trim, trimmed};
use core::cmp::Ordering;

/// Limbs of quotient and divisor from which on recursion pays.
const RECURSIVE_FROM: usize = 80;

/// Quotient and remainder; `b` must not be zero.
pub fn div_rem(a: &[u64], b: &[u64]) -> (Natural, Natural) {
    if compare_slices(a, b) == Ordering::Less {
        return (Natural::zero(), Natural::from_slice(a));
    }
    match b {
        [] => (Natural::zero(), Natural::zero()),
        [by] => by_one(a, *by),
        _ => {
            // Algorithm D and the recursion both want a divisor whose first limb is at least half the base.
            let factor = BASE / (b[b.len() - 1] + 1);
            if factor <= 1 {
                return normalised(a, b);
            }
            let (a, b) = (times(a, factor), times(b, factor));
            let (quotient, rest) = normalised(&a, &b);
            (quotient, by_one(&rest.0, factor).0)
        }
    }
}

fn times(a: &[u64], by: u64) -> Limbs {
    let mut out = Limbs::with_capacity(a.len() + 1);
    let mut carry = 0;
    for limb in a {
        let (high, low) = split(u128::from(*limb) * u128::from(by) + u128::from(carry));
        out.push(low);
        carry = high;
    }
    if carry != 0 {
        out.push(carry);
    }
    out
}

fn by_one(a: &[u64], by: u64) -> (Natural, Natural) {
    let mut out = Limbs::new();
    out.resize(a.len(), 0);
    let mut rest = 0u64;
    for (place, limb) in out.iter_mut().zip(a).rev() {
        if rest == 0 {
            (*place, rest) = (limb / by, limb % by);
        } else {
            let x = u128::from(rest) * u128::from(BASE) + u128::from(*limb);
            *place = (x / u128::from(by)) as u64;
            rest = (x as u64).wrapping_sub(place.wrapping_mul(by));
        }
    }
    (Natural::from_limbs(out), Natural::from(rest))
}

fn normalised(a: &[u64], b: &[u64]) -> (Natural, Natural) {
    if a.len() < b.len() {
        return (Natural::zero(), Natural::from_slice(a));
    }
    let n = b.len();
    if n < RECURSIVE_FROM || a.len() - n < RECURSIVE_FROM {
        return school(a, b);
    }
    // Pieces of the divisor's length, from the top.
    let mut rest = Natural::zero();
    let mut quotient = Limbs::new();
    quotient.resize(a.len() + 1, 0);
    let pieces = a.len().div_ceil(n);
    for i in (0..pieces).rev() {
        let piece = &a[i * n..((i + 1) * n).min(a.len())];
        let mut joined = Limbs::from_slice(piece);
        joined.resize(piece.len(), 0);
        joined.extend_from_slice(&rest.0);
        trim(&mut joined);
        let (q, r) = recursive(&joined, b);
        for (place, limb) in quotient[i * n..].iter_mut().zip(&q.0) {
            *place = *limb;
        }
        rest = r;
    }
    (Natural::from_limbs(quotient), rest)
}

/// Division of at most twice as many limbs by a normalised divisor: first the upper half of the quotient from the upper parts,
/// mended by a product, then the lower half.
fn recursive(a: &[u64], b: &[u64]) -> (Natural, Natural) {
    if compare_slices(a, b) == Ordering::Less {
        return (Natural::zero(), Natural::from_slice(a));
    }
    let n = b.len();
    let m = a.len() - n;
    if m < RECURSIVE_FROM {
        return school(a, b);
    }
    let k = m / 2;
    let (high, middle) = step(a, b, k, 2 * k);
    let (low, rest) = step(&middle.0, b, k, k);
    let mut quotient = Limbs::new();
    quotient.resize(k, 0);
    quotient[..low.0.len().min(k)].copy_from_slice(&low.0[..low.0.len().min(k)]);
    quotient.extend_from_slice(&high.0);
    let quotient = Natural::from_limbs(quotient);
    // A lower part of more than k limbs carries into the upper one.
    let quotient = match low.0.get(k..) {
        Some(over) if !over.is_empty() => {
            let mut shifted = Limbs::new();
            shifted.resize(k, 0);
            shifted.extend_from_slice(over);
            quotient.add(&Natural::from_limbs(shifted))
        }
        _ => quotient,
    };
    (quotient, rest)
}

/// The quotient of `a` by `b * BASE^at`-ish parts: divides `a / BASE^cut` by `b / BASE^k`, then takes the product with the lower
/// `k` limbs of `b` off. `cut - k` is how far the quotient stands from the bottom; gives quotient and what is left of `a`.
fn step(a: &[u64], b: &[u64], k: usize, cut: usize) -> (Natural, Natural) {
    let (b0, b1) = b.split_at(k);
    let upper = if a.len() > cut { &a[cut..] } else { &[][..] };
    let (mut quotient, rest) = if compare_slices(upper, b1) == Ordering::Less {
        (Natural::zero(), Natural::from_slice(upper))
    } else {
        normalised(upper, b1)
    };
    let offset = cut - k;
    // left = rest * BASE^cut + lower limbs of a - quotient * b0 * BASE^offset
    let mut left = Limbs::from_slice(&a[..cut.min(a.len())]);
    left.resize(cut, 0);
    left.extend_from_slice(&rest.0);
    trim(&mut left);
    let mut left = Natural(left);
    let shifted = |n: &Natural| {
        let mut limbs = Limbs::new();
        limbs.resize(offset, 0);
        limbs.extend_from_slice(&n.0);
        Natural::from_limbs(limbs)
    };
    let product = shifted(&quotient.mul(&Natural::from_slice(trimmed(b0))));
    let divisor = shifted(&Natural::from_slice(b));
    while left < product {
        left = left.add(&divisor);
        quotient = quotient.sub(&Natural::from(1));
    }
    (quotient, left.sub(&product))
}

/// Knuth, The Art of Computer Programming, 4.3.1, algorithm D; `b` is normalised, has two limbs or more, and is no longer than `a`.
fn school(a: &[u64], b: &[u64]) -> (Natural, Natural) {
    let n = b.len();
    let mut u = Limbs::from_slice(a);
    u.push(0);
    let m = a.len() - n;
    let mut quotient = Limbs::new();
    quotient.resize(m + 1, 0);
    let base = u128::from(BASE);
    let (top, next) = (u128::from(b[n - 1]), u128::from(b[n - 2]));
    for j in (0..=m).rev() {
        let head = u128::from(u[j + n]) * base + u128::from(u[j + n - 1]);
        let mut guess = head / top;
        let mut rest = head % top;
        while guess >= base || guess * next > rest * base + u128::from(u[j + n - 2]) {
            guess -= 1;
            rest += top;
            if rest >= base {
                break;
            }
        }
        let digit = guess as u64;
        // u[j..=j+n] -= digit * b
        let (mut carry, mut borrow) = (0u64, 0u64);
        for i in 0..n {
            let (high, low) = split(u128::from(digit) * u128::from(b[i]) + u128::from(carry));
            carry = high;
            let take = low + borrow;
            if u[i + j] < take {
                u[i + j] = u[i + j] + BASE - take;
                borrow = 1;
            } else {
                u[i + j] -= take;
                borrow = 0;
            }
        }
        let take = carry + borrow;
        let negative = u[j + n] < take;
        u[j + n] = u[j + n].wrapping_sub(take);
        quotient[j] = digit;
        if negative {
            quotient[j] -= 1;
            let mut carry = 0;
            for i in 0..n {
                let sum = u[i + j] + b[i] + carry;
                if sum >= BASE {
                    u[i + j] = sum - BASE;
                    carry = 1;
                } else {
                    u[i + j] = sum;
                    carry = 0;
                }
            }
            u[j + n] = u[j + n].wrapping_add(carry);
        }
    }
    u.truncate(n);
    (Natural::from_limbs(quotient), Natural::from_limbs(u))
}
