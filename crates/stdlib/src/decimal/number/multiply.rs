//! Products of natural numbers: row by row, by Karatsuba's method, and for huge ones by a number theoretic transform.
//!
//! The transform works modulo the prime 2^64 - 2^32 + 1, whose multiplicative group has elements of order 2^32, on pieces of
//! six digits: a convolution of n pieces stays below n * 10^12, so up to 10^7 pieces are exact. Larger operands are first cut
//! by Karatsuba's method.

use super::natural::{Limbs, Natural, add_into, split, sub_from, trim, trimmed};

/// Limbs from which on a method pays, measured on products of equal length.
const KARATSUBA_FROM: usize = 40;
const TRANSFORM_FROM: usize = 700;
const TRANSFORM_UP_TO: usize = 1 << 21;

pub fn multiply(a: &[u64], b: &[u64]) -> Natural {
    let (a, b) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    if b.is_empty() {
        return Natural::zero();
    }
    let mut out = Limbs::new();
    out.resize(a.len() + b.len(), 0);
    multiply_into(a, b, &mut out);
    trim(&mut out);
    Natural(out)
}

/// `out = a * b`; `out` has exactly as many limbs as both together, and `a` at least as many as `b`.
fn multiply_into(a: &[u64], b: &[u64], out: &mut [u64]) {
    if b.len() < KARATSUBA_FROM {
        rows(a, b, out);
    } else if b.len() >= TRANSFORM_FROM && a.len() + b.len() <= TRANSFORM_UP_TO && a.len() < 8 * b.len() {
        transform::multiply(a, b, out);
    } else if a.len() >= 2 * b.len() {
        in_pieces(a, b, out);
    } else {
        karatsuba(a, b, out);
    }
}

fn rows(a: &[u64], b: &[u64], out: &mut [u64]) {
    out.fill(0);
    for (i, x) in b.iter().enumerate() {
        let mut carry = 0;
        for (y, place) in a.iter().zip(&mut out[i..]) {
            let (high, low) = split(u128::from(*x) * u128::from(*y) + u128::from(*place) + u128::from(carry));
            *place = low;
            carry = high;
        }
        out[i + a.len()] = carry;
    }
}

/// A long operand times a short one: pieces as long as the short one.
fn in_pieces(a: &[u64], b: &[u64], out: &mut [u64]) {
    out.fill(0);
    for (i, piece) in a.chunks(b.len()).enumerate() {
        let piece = trimmed(piece);
        let product = multiply(piece, b);
        add_into(&mut out[i * b.len()..], &product.0);
    }
}

fn karatsuba(a: &[u64], b: &[u64], out: &mut [u64]) {
    let half = a.len().div_ceil(2);
    let (a0, a1) = a.split_at(half);
    let (b0, b1) = b.split_at(half.min(b.len()));
    let (a0, b0) = (trimmed(a0), trimmed(b0));
    let low = multiply(a0, b0);
    let high = multiply(a1, b1);
    let sum = |x: &[u64], y: &[u64]| Natural::from_slice(x).add(&Natural::from_slice(y));
    let mut middle = sum(a0, a1).mul(&sum(b0, b1));
    sub_from(&mut middle.0, &low.0);
    sub_from(&mut middle.0, &high.0);
    trim(&mut middle.0);
    out.fill(0);
    out[..low.0.len()].copy_from_slice(&low.0);
    if !high.is_zero() {
        out[2 * half..2 * half + high.0.len()].copy_from_slice(&high.0);
    }
    add_into(&mut out[half..], &middle.0);
}

mod transform {
    const PRIME: u64 = 0xffff_ffff_0000_0001;
    const GENERATOR: u64 = 7;
    const PIECE: u64 = 1_000_000;

    fn add(a: u64, b: u64) -> u64 {
        let (sum, carried) = a.overflowing_add(b);
        if carried || sum >= PRIME { sum.wrapping_sub(PRIME) } else { sum }
    }

    fn sub(a: u64, b: u64) -> u64 {
        if a >= b { a - b } else { a.wrapping_sub(b).wrapping_add(PRIME) }
    }

    /// 2^64 = 2^32 - 1 and 2^96 = -1 modulo the prime.
    fn reduce(x: u128) -> u64 {
        let (low, high) = (x as u64, (x >> 64) as u64);
        let (high_low, high_high) = (high & 0xffff_ffff, high >> 32);
        let (mut t, borrowed) = low.overflowing_sub(high_high);
        if borrowed {
            t = t.wrapping_sub(0xffff_ffff);
        }
        let (sum, carried) = t.overflowing_add(high_low * 0xffff_ffff);
        let sum = if carried { sum.wrapping_add(0xffff_ffff) } else { sum };
        if sum >= PRIME { sum - PRIME } else { sum }
    }

    fn mul(a: u64, b: u64) -> u64 {
        reduce(u128::from(a) * u128::from(b))
    }

    fn pow(mut base: u64, mut exponent: u64) -> u64 {
        let mut result = 1;
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = mul(result, base);
            }
            base = mul(base, base);
            exponent >>= 1;
        }
        result
    }

    /// Powers of a root of unity of order `n`, `n / 2` of them.
    fn roots(n: usize, inverse: bool) -> Vec<u64> {
        let mut root = pow(GENERATOR, (PRIME - 1) / n as u64);
        if inverse {
            root = pow(root, PRIME - 2);
        }
        let mut all = Vec::with_capacity(n / 2);
        let mut power = 1;
        for _ in 0..n / 2 {
            all.push(power);
            power = mul(power, root);
        }
        all
    }

    /// Decimation in frequency; leaves the result in bit-reversed order.
    fn forward(data: &mut [u64], roots: &[u64]) {
        let n = data.len();
        let mut length = n;
        while length > 1 {
            let (half, step) = (length / 2, n / length);
            for block in data.chunks_mut(length) {
                let (low, high) = block.split_at_mut(half);
                for (k, (x, y)) in low.iter_mut().zip(high).enumerate() {
                    let (u, v) = (*x, *y);
                    *x = add(u, v);
                    *y = mul(sub(u, v), roots[k * step]);
                }
            }
            length = half;
        }
    }

    /// Decimation in time; takes bit-reversed order.
    fn backward(data: &mut [u64], roots: &[u64]) {
        let n = data.len();
        let mut length = 2;
        while length <= n {
            let (half, step) = (length / 2, n / length);
            for block in data.chunks_mut(length) {
                let (low, high) = block.split_at_mut(half);
                for (k, (x, y)) in low.iter_mut().zip(high).enumerate() {
                    let (u, v) = (*x, mul(*y, roots[k * step]));
                    *x = add(u, v);
                    *y = sub(u, v);
                }
            }
            length *= 2;
        }
    }

    fn pieces(limbs: &[u64], n: usize) -> Vec<u64> {
        let mut all = Vec::with_capacity(n);
        for limb in limbs {
            all.extend([limb % PIECE, limb / PIECE % PIECE, limb / (PIECE * PIECE)]);
        }
        all.resize(n, 0);
        all
    }

    pub fn multiply(a: &[u64], b: &[u64], out: &mut [u64]) {
        let n = (3 * (a.len() + b.len())).next_power_of_two();
        let up = roots(n, false);
        let mut x = pieces(a, n);
        forward(&mut x, &up);
        if std::ptr::eq(a, b) {
            x.iter_mut().for_each(|x| *x = mul(*x, *x));
        } else {
            let mut y = pieces(b, n);
            forward(&mut y, &up);
            x.iter_mut().zip(&y).for_each(|(x, y)| *x = mul(*x, *y));
        }
        backward(&mut x, &roots(n, true));
        let scale = pow(n as u64, PRIME - 2);
        let mut carry = 0u64;
        let mut next = |x: u64| {
            let sum = u128::from(mul(x, scale)) + u128::from(carry);
            carry = (sum / u128::from(PIECE)) as u64;
            (sum % u128::from(PIECE)) as u64
        };
        for (limb, part) in out.iter_mut().zip(x.chunks(3)) {
            let low = next(part[0]);
            let middle = next(part.get(1).copied().unwrap_or(0));
            let high = next(part.get(2).copied().unwrap_or(0));
            *limb = low + middle * PIECE + high * PIECE * PIECE;
        }
    }
}
