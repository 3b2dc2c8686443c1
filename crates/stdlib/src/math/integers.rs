//! Exact functions of integers: factorials, binomials, divisors, roots.
//!
//! Products of ranges are made as a balanced tree, so that large factors meet large ones.

use super::euclid;
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};
use ophi_runtime::objects::int::limbs::{self, Scratch};
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::{Res, Value, Vm, methods};

/// The product of `low..=high` (1 when empty).
fn product(low: u64, high: u64) -> BigInt {
    if low > high {
        return BigInt::one();
    }
    if high - low < 16 {
        let mut result = BigInt::one();
        let mut part = 1u64;
        for i in low..=high {
            match part.checked_mul(i) {
                Some(p) => part = p,
                None => {
                    result *= part;
                    part = i;
                }
            }
        }
        return result * part;
    }
    let middle = low + (high - low) / 2;
    product(low, middle) * product(middle + 1, high)
}

/// n (n-1) ... for `count` factors, of an `n` of any size.
fn falling(n: &BigInt, count: u64) -> BigInt {
    if let Some(n) = n.to_u64() {
        return if count > n { BigInt::zero() } else { product(n - count + 1, n) };
    }
    match count {
        0 => BigInt::one(),
        1 => n.clone(),
        _ => {
            let half = count / 2;
            falling(n, half) * falling(&(n - half), count - half)
        }
    }
}

fn integer(vm: &Vm, value: &Value) -> Res<BigInt> {
    let index = vm.index(value)?;
    match int::view(&index) {
        Some(view) => Ok(view.to_bigint()),
        None => Err(vm.type_error("an integer is required")),
    }
}

/// The binomial coefficient where no product on the way is beyond a word.
fn comb_of_words(n: i64, k: i64) -> Option<i64> {
    let mut chosen = 1i64;
    if n < 0 || !(0..=n).contains(&k) {
        return None;
    }
    let k = k.min(n - k);
    for i in 1..=k {
        // What is chosen from i items is whole: the division leaves no rest.
        chosen = chosen.checked_mul(n - k + i)? / i;
    }
    Some(chosen)
}

/// The factorials that a word holds.
static FACTORIALS: [i64; 21] = {
    let mut all = [1; 21];
    let mut n = 1;
    while n < all.len() {
        all[n] = all[n - 1] * n as i64;
        n += 1;
    }
    all
};

/// Up to here a factorial is short enough to be multiplied word by word.
const SHORT_FACTORIAL: u64 = 800;

/// The words of `n!`: as many factors as make a word are taken in at once.
fn short_factorial(n: u64) -> Scratch {
    let mut words = Scratch::from_slice(&[1]);
    let mut take = |by: u64| {
        let over = limbs::multiply_add(&mut words, by, 0);
        if over != 0 {
            words.push(over);
        }
    };
    let mut part = 1u64;
    for i in 2..=n {
        match part.checked_mul(i) {
            Some(more) => part = more,
            None => {
                take(part);
                part = i;
            }
        }
    }
    take(part);
    words
}

/// The square root rounded down.
///
/// The root of the leading bits, with twice as many of them in every step (CPython `math.isqrt` tells the proof): the last division, of
/// as many bits as the number has by half of them, costs as much as all those before it.
fn square_root(n: &BigUint) -> BigUint {
    let bits = n.bits();
    if bits <= 128 {
        return BigUint::from(n.to_u128().unwrap_or(0).isqrt());
    }
    let half = (bits - 1) / 2;
    let mut steps = 0;
    while half >> steps > 62 {
        steps += 1;
    }
    let mut known = half >> steps;
    let mut root = BigUint::from((n >> (2 * (half - known))).to_u128().unwrap_or(0).isqrt());
    for step in (0..steps).rev() {
        let before = core::mem::replace(&mut known, half >> step);
        let quotient = (n >> (2 * half + 1 - before - known)) / &root;
        root = (root << (known - before - 1)) + quotient;
    }
    if &root * &root > *n { root - 1u8 } else { root }
}

fn factorial_of(vm: &Vm, n: &Value) -> Res {
    let n = vm.index(n)?;
    if let Some(factorial) = n.as_small_int().and_then(|n| FACTORIALS.get(usize::try_from(n).ok()?)) {
        return vm.new_int(*factorial);
    }
    match int::view(&n) {
        Some(IntView::Small(n)) if (0..=SHORT_FACTORIAL as i64).contains(&n) => {
            vm.new_words(false, &short_factorial(n as u64))
        }
        Some(IntView::Small(n)) if n >= 0 => vm.new_bigint(product(1, n as u64)),
        Some(IntView::Big(n)) if n.is_positive() => match n.to_i64() {
            Some(n) => vm.new_bigint(product(1, n as u64)),
            None => Err(vm.overflow_error("factorial() argument should not exceed 9223372036854775807")),
        },
        _ => Err(vm.value_error("factorial() not defined for negative values")),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// In how many ways k of n items can be chosen, order left out.
    ///
    /// The binomial coefficient n! / (k! * (n - k)!); 0 when k > n.
    #[function(sig = "(n, k, /)")]
    fn comb(vm: &Vm, n: &Value, k: &Value) -> Res {
        if let (Some(n), Some(k)) = (n.as_small_int(), k.as_small_int())
            && let Some(chosen) = comb_of_words(n, k)
        {
            return vm.new_int(chosen);
        }
        let (n, k) = (integer(vm, n)?, integer(vm, k)?);
        if n.is_negative() {
            return Err(vm.value_error("n must be a non-negative integer"));
        }
        if k.is_negative() {
            return Err(vm.value_error("k must be a non-negative integer"));
        }
        if k > n {
            return vm.new_int(0);
        }
        let k = k.clone().min(&n - k);
        match k.to_i64() {
            Some(k) => vm.new_bigint(falling(&n, k as u64) / product(1, k as u64)),
            None => Err(vm.overflow_error("min(n - k, k) must not exceed 9223372036854775807")),
        }
    }

    /// Find n!.
    #[function(sig = "(n, /)")]
    fn factorial(vm: &Vm, n: &Value) -> Res {
        factorial_of(vm, n)
    }

    /// Greatest Common Divisor.
    #[function(sig = "(*integers)")]
    fn gcd(vm: &Vm, integers: &[Value]) -> Res {
        let mut result = BigUint::zero();
        let mut small = 0u64;
        for value in integers {
            if let (Some(i), true) = (value.as_small_int(), result.is_zero()) {
                small = small.gcd(&i.unsigned_abs());
                continue;
            }
            let value = integer(vm, value)?.into_parts().1;
            if result.is_zero() {
                result = core::mem::take(&mut small).into();
            }
            if !result.is_one() {
                result = euclid::gcd(result, value);
            }
        }
        match i64::try_from(small) {
            Ok(small) if result.is_zero() => vm.new_int(small),
            _ => vm.new_bigint(BigInt::from(result)),
        }
    }

    /// Return the integer part of the square root of the input.
    #[function(sig = "(n, /)")]
    fn isqrt(vm: &Vm, n: &Value) -> Res {
        let n = integer(vm, n)?;
        if n.is_negative() {
            return Err(vm.value_error("isqrt() argument must be nonnegative"));
        }
        vm.new_bigint(square_root(n.magnitude()).into())
    }

    /// Least Common Multiple.
    #[function(sig = "(*integers)")]
    fn lcm(vm: &Vm, integers: &[Value]) -> Res {
        let mut result = BigInt::one();
        for value in integers {
            let value = integer(vm, value)?;
            if !result.is_zero() {
                result = result.lcm(&value);
            }
        }
        vm.new_bigint(result.abs())
    }

    /// In how many ways k of n items can be put in a row.
    ///
    /// n! / (n - k)!; 0 when k > n; n! without k.
    #[function(sig = "(n, k=None, /)")]
    fn perm(vm: &Vm, n: &Value, k: Option<&Value>) -> Res {
        let Some(k) = k else { return factorial_of(vm, n) };
        let (n, k) = (integer(vm, n)?, integer(vm, k)?);
        if n.is_negative() {
            return Err(vm.value_error("n must be a non-negative integer"));
        }
        if k.is_negative() {
            return Err(vm.value_error("k must be a non-negative integer"));
        }
        if k > n {
            return vm.new_int(0);
        }
        match k.to_i64() {
            Some(k) => vm.new_bigint(falling(&n, k as u64)),
            None => Err(vm.overflow_error("k must not exceed 9223372036854775807")),
        }
    }
}
