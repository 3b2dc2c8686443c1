//! Natural numbers in base 10^18: what decimal coefficients are made of.
//!
//! Limbs stand least significant first, the last one is not zero, zero is the empty list. Base 10^18 rather than a power of two
//! because decimal arithmetic aligns, cuts and rounds at decimal digits, and prints: all of that is linear here. Two limbs
//! (36 digits, more than the default precision) stand in the number itself. Products of two limbs are split by a multiplication
//! with the base's reciprocal (Möller and Granlund, Improved division by invariant integers).

use super::{divide, multiply};
use core::cmp::Ordering;
use num_bigint::{BigUint, Sign};
use smallvec::SmallVec;

pub type Limbs = SmallVec<[u64; 2]>;

/// Decimal digits of a limb.
pub const WIDTH: usize = 18;
pub const BASE: u64 = 1_000_000_000_000_000_000;

pub static POWERS: [u64; 20] = {
    let mut all = [1u64; 20];
    let mut i = 1;
    while i < 20 {
        all[i] = all[i - 1] * 10;
        i += 1;
    }
    all
};

const SHIFT: u32 = BASE.leading_zeros();
const NORMAL_BASE: u64 = BASE << SHIFT;
const RECIPROCAL: u64 = (u128::MAX / NORMAL_BASE as u128 - (1 << 64)) as u64;

/// (x / BASE, x % BASE) for `x < BASE * 2^60`.
#[inline(always)]
pub fn split(x: u128) -> (u64, u64) {
    let x = x << SHIFT;
    let (high, low) = ((x >> 64) as u64, x as u64);
    let estimate = (RECIPROCAL as u128 * high as u128).wrapping_add(x);
    let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
    let mut rest = low.wrapping_sub(quotient.wrapping_mul(NORMAL_BASE));
    if rest > estimate as u64 {
        quotient = quotient.wrapping_sub(1);
        rest = rest.wrapping_add(NORMAL_BASE);
    }
    if rest >= NORMAL_BASE {
        quotient += 1;
        rest -= NORMAL_BASE;
    }
    (quotient, rest >> SHIFT)
}

/// How many decimal digits `n` has; 0 for 0.
#[inline(always)]
pub fn digits_of(n: u64) -> usize {
    if n == 0 {
        return 0;
    }
    let guess = (((64 - n.leading_zeros()) * 1233) >> 12) as usize;
    if n < POWERS[guess] { guess } else { guess + 1 }
}

/// What was cut off below the last digit that stays.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dropped {
    Nothing,
    BelowHalf,
    Half,
    AboveHalf,
}

#[derive(Default, PartialEq, Eq, Debug)]
pub struct Natural(pub Limbs);

impl Clone for Natural {
    #[inline]
    fn clone(&self) -> Natural {
        match self.0[..] {
            [] => Natural::zero(),
            [limb] => Natural::one_limb(limb),
            [low, high] => Natural(Limbs::from([low, high])),
            ref limbs => Natural(Limbs::from_slice(limbs)),
        }
    }
}

impl From<u64> for Natural {
    #[inline]
    fn from(n: u64) -> Natural {
        match n {
            0 => Natural::zero(),
            n if n < BASE => Natural::one_limb(n),
            n => Natural(Limbs::from([n % BASE, n / BASE])),
        }
    }
}

/// Removes zeros at the top.
pub fn trim(limbs: &mut Limbs) {
    while limbs.last() == Some(&0) {
        limbs.pop();
    }
}

pub fn trimmed(slice: &[u64]) -> &[u64] {
    let mut n = slice.len();
    while n > 0 && slice[n - 1] == 0 {
        n -= 1;
    }
    &slice[..n]
}

pub fn compare_slices(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `a += b` from limb 0 on; `a` must have room; gives the carry out.
pub fn add_into(a: &mut [u64], b: &[u64]) -> u64 {
    let mut carry = 0;
    for (i, limb) in a.iter_mut().enumerate() {
        if i >= b.len() && carry == 0 {
            break;
        }
        let sum = *limb + b.get(i).copied().unwrap_or(0) + carry;
        if sum >= BASE {
            *limb = sum - BASE;
            carry = 1;
        } else {
            *limb = sum;
            carry = 0;
        }
    }
    carry
}

/// `a -= b`; gives the borrow out.
pub fn sub_from(a: &mut [u64], b: &[u64]) -> u64 {
    let mut borrow = 0;
    for (i, limb) in a.iter_mut().enumerate() {
        if i >= b.len() && borrow == 0 {
            break;
        }
        let take = b.get(i).copied().unwrap_or(0) + borrow;
        if *limb < take {
            *limb = *limb + BASE - take;
            borrow = 1;
        } else {
            *limb -= take;
            borrow = 0;
        }
    }
    borrow
}

impl Natural {
    pub fn zero() -> Natural {
        Natural(Limbs::new())
    }

    /// A number from 1 to `BASE - 1`.
    #[inline(always)]
    fn one_limb(limb: u64) -> Natural {
        debug_assert!(limb != 0 && limb < BASE);
        Natural(Limbs::from_buf_and_len([limb, 0], 1))
    }

    /// A number below `BASE`.
    #[inline(always)]
    fn at_most_one_limb(limb: u64) -> Natural {
        Natural(Limbs::from_buf_and_len([limb, 0], usize::from(limb != 0)))
    }

    /// `low + high * BASE`, not zero.
    #[inline(always)]
    fn two_limbs(low: u64, high: u64) -> Natural {
        Natural(Limbs::from_buf_and_len([low, high], 1 + usize::from(high != 0)))
    }

    /// A number below `BASE * BASE`.
    pub fn from_u128(n: u128) -> Natural {
        debug_assert!(n < u128::from(BASE) * u128::from(BASE));
        let (high, low) = split(n);
        if high == 0 { Natural::at_most_one_limb(low) } else { Natural::two_limbs(low, high) }
    }

    pub fn from_limbs(mut limbs: Limbs) -> Natural {
        trim(&mut limbs);
        Natural(limbs)
    }

    pub fn from_slice(limbs: &[u64]) -> Natural {
        Natural(Limbs::from_slice(trimmed(limbs)))
    }

    #[inline(always)]
    pub fn is_zero(&self) -> bool {
        self.0.is_empty()
    }

    pub fn is_one(&self) -> bool {
        self.0[..] == [1]
    }

    /// Decimal digits; 0 for zero.
    #[inline(always)]
    pub fn digits(&self) -> usize {
        match self.0.last() {
            None => 0,
            Some(top) => (self.0.len() - 1) * WIDTH + digits_of(*top),
        }
    }

    pub fn to_u64(&self) -> Option<u64> {
        match self.0[..] {
            [] => Some(0),
            [low] => Some(low),
            [low, high] => high.checked_mul(BASE)?.checked_add(low),
            _ => None,
        }
    }

    /// The digit that counts 10^at.
    pub fn digit(&self, at: usize) -> u8 {
        match self.0.get(at / WIDTH) {
            Some(limb) => (limb / POWERS[at % WIDTH] % 10) as u8,
            None => 0,
        }
    }

    pub fn is_odd(&self) -> bool {
        self.0.first().is_some_and(|limb| limb & 1 == 1)
    }

    #[inline]
    pub fn add(&self, other: &Natural) -> Natural {
        if let ([a], [b]) = (&self.0[..], &other.0[..]) {
            let sum = a + b;
            return if sum < BASE { Natural::one_limb(sum) } else { Natural::two_limbs(sum - BASE, 1) };
        }
        self.add_limbs(other)
    }

    fn add_limbs(&self, other: &Natural) -> Natural {
        let (long, short) = if self.0.len() >= other.0.len() { (self, other) } else { (other, self) };
        let mut limbs = long.0.clone();
        if add_into(&mut limbs, &short.0) != 0 {
            limbs.push(1);
        }
        Natural(limbs)
    }

    /// `self - other`, which must not be negative.
    pub fn sub(&self, other: &Natural) -> Natural {
        if let ([a], [b]) = (&self.0[..], &other.0[..]) {
            return Natural::at_most_one_limb(a - b);
        }
        let mut limbs = self.0.clone();
        let borrow = sub_from(&mut limbs, &other.0);
        debug_assert_eq!(borrow, 0);
        Natural::from_limbs(limbs)
    }

    pub fn increment(&mut self) {
        if add_into(&mut self.0, &[1]) != 0 || self.0.is_empty() {
            self.0.push(1);
        }
    }

    #[inline]
    pub fn mul(&self, other: &Natural) -> Natural {
        if let ([a], [b]) = (&self.0[..], &other.0[..]) {
            let product = u128::from(*a) * u128::from(*b);
            if product < u128::from(BASE) {
                return Natural::one_limb(product as u64);
            }
            let (high, low) = split(product);
            return Natural::two_limbs(low, high);
        }
        multiply::multiply(&self.0, &other.0)
    }

    pub fn mul_small(&self, by: u64) -> Natural {
        self.mul(&Natural::from(by))
    }

    /// Quotient and remainder; `by` must not be zero.
    pub fn div_rem(&self, by: &Natural) -> (Natural, Natural) {
        divide::div_rem(&self.0, &by.0)
    }

    pub fn div_rem_small(&self, by: u64) -> (Natural, u64) {
        let (quotient, rest) = self.div_rem(&Natural::from(by));
        (quotient, rest.to_u64().unwrap_or(0))
    }

    /// `self * 10^n`.
    pub fn shl(&self, n: usize) -> Natural {
        if n == 0 || self.is_zero() {
            return self.clone();
        }
        if let [limb] = self.0[..]
            && n + digits_of(limb) <= WIDTH
        {
            return Natural::one_limb(limb * POWERS[n]);
        }
        let (whole, part) = (n / WIDTH, n % WIDTH);
        let mut limbs = Limbs::with_capacity(self.0.len() + whole + 1);
        limbs.resize(whole, 0);
        if part == 0 {
            limbs.extend_from_slice(&self.0);
            return Natural(limbs);
        }
        let (up, down) = (POWERS[part], POWERS[WIDTH - part]);
        let mut carry = 0;
        for limb in &self.0 {
            limbs.push(limb % down * up + carry);
            carry = limb / down;
        }
        if carry != 0 {
            limbs.push(carry);
        }
        Natural(limbs)
    }

    /// `self / 10^n` rounded down, and what was cut off.
    pub fn shr(&self, n: usize) -> (Natural, Dropped) {
        if n == 0 || self.is_zero() {
            return (self.clone(), Dropped::Nothing);
        }
        if let [limb] = self.0[..]
            && n < WIDTH
        {
            let (stays, first) = (limb / POWERS[n], limb % POWERS[n]);
            let dropped = match first.cmp(&(POWERS[n] / 2)) {
                Ordering::Less if first == 0 => Dropped::Nothing,
                Ordering::Less => Dropped::BelowHalf,
                Ordering::Equal => Dropped::Half,
                Ordering::Greater => Dropped::AboveHalf,
            };
            return (Natural::at_most_one_limb(stays), dropped);
        }
        let (whole, part) = (n / WIDTH, n % WIDTH);
        let at = |i: usize| self.0.get(i).copied().unwrap_or(0);
        let (first, half, below) = match part {
            0 => (at(whole - 1), BASE / 2, whole - 1),
            _ => (at(whole) % POWERS[part], POWERS[part] / 2, whole),
        };
        let sticky = self.0.iter().take(below).any(|limb| *limb != 0);
        let dropped = match (first.cmp(&half), sticky) {
            (Ordering::Less, false) if first == 0 => Dropped::Nothing,
            (Ordering::Less, _) => Dropped::BelowHalf,
            (Ordering::Equal, false) => Dropped::Half,
            _ => Dropped::AboveHalf,
        };
        let mut limbs = Limbs::new();
        if whole < self.0.len() {
            if part == 0 {
                limbs.extend_from_slice(&self.0[whole..]);
            } else {
                let (down, up) = (POWERS[part], POWERS[WIDTH - part]);
                limbs.reserve(self.0.len() - whole);
                for i in whole..self.0.len() {
                    limbs.push(self.0[i] / down + at(i + 1) % down * up);
                }
                trim(&mut limbs);
            }
        }
        (Natural(limbs), dropped)
    }

    /// `self % 10^n`.
    pub fn low(&self, n: usize) -> Natural {
        let (whole, part) = (n / WIDTH, n % WIDTH);
        if whole >= self.0.len() {
            return self.clone();
        }
        let mut limbs = Limbs::from_slice(&self.0[..whole]);
        limbs.push(self.0[whole] % POWERS[part]);
        Natural::from_limbs(limbs)
    }

    /// How many zeros the decimal text ends in; 0 for zero.
    pub fn trailing_zeros(&self) -> usize {
        let Some(whole) = self.0.iter().position(|limb| *limb != 0) else { return 0 };
        let mut limb = self.0[whole];
        let mut n = whole * WIDTH;
        while limb.is_multiple_of(10) {
            limb /= 10;
            n += 1;
        }
        n
    }

    /// `10^n`.
    pub fn power_of_ten(n: usize) -> Natural {
        let mut limbs = Limbs::with_capacity(n / WIDTH + 1);
        limbs.resize(n / WIDTH, 0);
        limbs.push(POWERS[n % WIDTH]);
        Natural(limbs)
    }

    /// `10^n - 1`.
    pub fn nines(n: usize) -> Natural {
        let mut limbs = Limbs::with_capacity(n / WIDTH + 1);
        limbs.resize(n / WIDTH, BASE - 1);
        if !n.is_multiple_of(WIDTH) {
            limbs.push(POWERS[n % WIDTH] - 1);
        }
        Natural(limbs)
    }

    /// From ASCII digits.
    pub fn from_digits(text: &[u8]) -> Natural {
        let mut limbs = Limbs::with_capacity(text.len() / WIDTH + 1);
        for part in text.rchunks(WIDTH) {
            limbs.push(part.iter().fold(0, |n, d| n * 10 + u64::from(d - b'0')));
        }
        Natural::from_limbs(limbs)
    }

    /// Appends the decimal text; "0" for zero.
    pub fn push_digits(&self, out: &mut Vec<u8>) {
        let Some((top, rest)) = self.0.split_last() else {
            out.push(b'0');
            return;
        };
        let mut buffer = [b'0'; WIDTH + 2];
        let mut put = |mut limb: u64, width: usize, out: &mut Vec<u8>| {
            for place in buffer[..width].iter_mut().rev() {
                *place = b'0' + (limb % 10) as u8;
                limb /= 10;
            }
            out.extend_from_slice(&buffer[..width]);
        };
        put(*top, digits_of(*top), out);
        for limb in rest.iter().rev() {
            put(*limb, WIDTH, out);
        }
    }

    pub fn from_big(big: &BigUint) -> Natural {
        let words: Vec<u64> = big.iter_u64_digits().collect();
        if let [word] = words[..] {
            return Natural::from(word);
        }
        from_words(&words)
    }

    pub fn to_big(&self) -> BigUint {
        to_big(&self.0)
    }

    pub fn to_bigint(&self, negative: bool) -> num_bigint::BigInt {
        num_bigint::BigInt::from_biguint(if negative { Sign::Minus } else { Sign::Plus }, self.to_big())
    }

    /// The largest natural whose square is at most this; and is it exact?
    pub fn sqrt(&self) -> (Natural, bool) {
        let root = isqrt(self);
        let exact = root.mul(&root) == *self;
        (root, exact)
    }

    pub fn pow(&self, mut exponent: u64) -> Natural {
        let mut result = Natural::from(1);
        let mut power = self.clone();
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = result.mul(&power);
            }
            exponent >>= 1;
            if exponent != 0 {
                power = power.mul(&power);
            }
        }
        result
    }
}

impl PartialOrd for Natural {
    fn partial_cmp(&self, other: &Natural) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Natural {
    #[inline]
    fn cmp(&self, other: &Natural) -> Ordering {
        compare_slices(&self.0, &other.0)
    }
}

/// From binary words, least significant first: halves are converted and put together, so that the work is that of the products.
fn from_words(words: &[u64]) -> Natural {
    const SMALL: usize = 16;
    if words.len() <= SMALL {
        let mut limbs = Limbs::new();
        for word in words.iter().rev() {
            // limbs * 2^64 + word
            let mut carry = u128::from(*word);
            for limb in limbs.iter_mut() {
                let x = (u128::from(*limb) << 64) + carry;
                carry = x / u128::from(BASE);
                *limb = (x % u128::from(BASE)) as u64;
            }
            while carry != 0 {
                limbs.push((carry % u128::from(BASE)) as u64);
                carry /= u128::from(BASE);
            }
        }
        return Natural::from_limbs(limbs);
    }
    // Powers 2^(64 * SMALL * 2^k) serve every split of the same depth.
    let mut chunks: Vec<Natural> = words.chunks(SMALL).map(from_words).collect();
    let mut power = from_words(&{
        let mut one = vec![0; SMALL - 1];
        one.push(1 << 63);
        one
    })
    .mul_small(2);
    while chunks.len() > 1 {
        chunks = chunks
            .chunks(2)
            .map(|pair| match pair {
                [low, high] => high.mul(&power).add(low),
                _ => pair[0].clone(),
            })
            .collect();
        if chunks.len() > 1 {
            power = power.mul(&power);
        }
    }
    chunks.pop().unwrap_or_default()
}

fn to_big(limbs: &[u64]) -> BigUint {
    const SMALL: usize = 32;
    if limbs.len() <= SMALL {
        return limbs.iter().rev().fold(BigUint::default(), |n, limb| n * BASE + *limb);
    }
    let mut chunks: Vec<BigUint> = limbs.chunks(SMALL).map(to_big).collect();
    let mut power = BigUint::from(BASE).pow(SMALL as u32);
    while chunks.len() > 1 {
        chunks = chunks
            .chunks(2)
            .map(|pair| match pair {
                [low, high] => high * &power + low,
                _ => pair[0].clone(),
            })
            .collect();
        if chunks.len() > 1 {
            power = &power * &power;
        }
    }
    chunks.pop().unwrap_or_default()
}

/// Square root rounded down: the root of the upper half gives half of the digits, one step of Newton's the others.
fn isqrt(n: &Natural) -> Natural {
    if let Some(small) = n.to_u64() {
        return Natural::from(small.isqrt());
    }
    if n.0.len() == 2 {
        let wide = u128::from(n.0[1]) * u128::from(BASE) + u128::from(n.0[0]);
        return Natural::from(wide.isqrt() as u64);
    }
    // Cut 2k digits off, so that the upper part keeps a bit more than half of the digits.
    let k = n.digits() / 4 - 1;
    let upper = isqrt(&n.shr(2 * k).0);
    let estimate = upper.shl(k);
    let mut root = estimate.add(&n.div_rem(&estimate).0).div_rem_small(2).0;
    // The estimate was a little low, so the step ends at the root or barely above it.
    while root.mul(&root) > *n {
        root = root.sub(&Natural::from(1));
    }
    loop {
        let mut next = root.clone();
        next.increment();
        if next.mul(&next) > *n {
            return root;
        }
        root = next;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(seed: u64, limbs: usize) -> Natural {
        let mut x = seed | 1;
        let all = (0..limbs).map(|_| {
            x = x.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (x >> 3) % BASE
        });
        Natural::from_limbs(all.collect())
    }

    #[test]
    fn products_and_quotients_of_all_sizes_agree_with_binary_integers() {
        for (i, (m, n)) in
            [(1, 1), (2, 1), (3, 2), (40, 39), (70, 35), (150, 140), (700, 90), (1300, 1290)].into_iter().enumerate()
        {
            let (a, b) = (sample(7 + i as u64, m), sample(99 + i as u64, n));
            let product = a.mul(&b);
            assert_eq!(product.to_big(), a.to_big() * b.to_big(), "{m} x {n}");
            assert_eq!(Natural::from_big(&product.to_big()), product);
            let more = product.add(&sample(5, n).shr(3).0);
            let (q, r) = more.div_rem(&b);
            assert!(r < b);
            assert_eq!(q.mul(&b).add(&r), more, "{m} / {n}");
            let (root, exact) = a.mul(&a).sqrt();
            assert!(exact && root == a);
        }
    }

    #[test]
    fn shifts_tell_what_they_drop() {
        let n = Natural::from_digits(b"123456789012345678950000000000000000000");
        assert_eq!(n.shr(19).1, Dropped::Nothing);
        assert_eq!(n.shr(20).1, Dropped::Half);
        assert_eq!(n.shr(21).1, Dropped::AboveHalf);
        assert_eq!(n.shr(38).1, Dropped::BelowHalf);
        assert_eq!(n.shr(39), (Natural::zero(), Dropped::BelowHalf));
        assert_eq!(n.shl(41).shr(41), (n.clone(), Dropped::Nothing));
        assert_eq!(n.low(20).to_u64(), None);
        assert_eq!(n.trailing_zeros(), 19);
    }
}
