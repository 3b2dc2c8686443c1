//! Arithmetic of magnitudes: words of 64 bits, the lowest first.
//!
//! Numbers of a few dozen words are what programs beyond the word use most. At that size the schoolbook methods win, and what counts is
//! that nothing else is done: no vector is made, the result is written where it stays. Longer numbers go to `num-bigint`.
//!
//! Division multiplies by a reciprocal made once (Möller and Granlund, "Improved division by invariant integers", 2011); a divisor of
//! more words goes by Knuth's algorithm D (The Art of Computer Programming 2, 4.3.1) with that reciprocal for the estimates.
//!
//! Unless told otherwise, operands have no zero words at their end, and results may have.

use core::cmp::Ordering;
use smallvec::SmallVec;

/// Room for the numbers between operands and result.
pub type Scratch = SmallVec<[u64; 24]>;

/// Without the zero words at the end.
#[inline]
pub fn trimmed(words: &[u64]) -> &[u64] {
    let mut len = words.len();
    while len > 0 && words[len - 1] == 0 {
        len -= 1;
    }
    &words[..len]
}

pub fn bits(words: &[u64]) -> u64 {
    match words.last() {
        Some(top) => words.len() as u64 * 64 - u64::from(top.leading_zeros()),
        None => 0,
    }
}

pub fn compare(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// The words that `a + b` needs, or one more.
#[inline]
pub fn words_of_sum(a: &[u64], b: &[u64]) -> usize {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let top = long.last().copied().unwrap_or(0);
    let other = if short.len() == long.len() { short.last().copied().unwrap_or(0) } else { 0 };
    // A carry from below adds one to the two highest words.
    long.len() + usize::from(top.carrying_add(other, true).1)
}

/// `a + b` into as many words as [`words_of_sum`] tells.
#[inline]
pub fn add(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (low, high) = long.split_at(short.len());
    let (out_low, out_high) = out.split_at_mut(short.len());
    let mut carry = false;
    for ((out, x), y) in out_low.iter_mut().zip(low).zip(short) {
        (*out, carry) = x.carrying_add(*y, carry);
    }
    let (out_high, top) = out_high.split_at_mut(high.len());
    for (out, x) in out_high.iter_mut().zip(high) {
        (*out, carry) = x.overflowing_add(carry.into());
    }
    if let Some(top) = top.first_mut() {
        *top = carry.into();
    }
}

/// `a - b`, of an `a` that is not smaller, into as many words as `a` has.
#[inline]
pub fn subtract(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    let mut borrow = false;
    for ((out, x), y) in out_low.iter_mut().zip(low).zip(b) {
        (*out, borrow) = x.borrowing_sub(*y, borrow);
    }
    for (out, x) in out_high.iter_mut().zip(high) {
        (*out, borrow) = x.overflowing_sub(borrow.into());
    }
}

/// `a * b`, of operands that are not zero, into as many words as both have.
pub fn multiply(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (long, short) = if a.len() >= b.len() { (a, b) } else { (b, a) };
    let (first, rest) = short.split_first().unwrap_or((&0, &[]));
    let mut carry = 0;
    for (out, x) in out.iter_mut().zip(long) {
        (*out, carry) = x.carrying_mul(*first, carry);
    }
    out[long.len()] = carry;
    for (i, y) in rest.iter().enumerate() {
        let mut carry = 0;
        for (out, x) in out[i + 1..].iter_mut().zip(long) {
            (*out, carry) = x.carrying_mul_add(*y, *out, carry);
        }
        out[i + 1 + long.len()] = carry;
    }
}

/// `words * by + more` in place; what does not fit.
pub fn multiply_add(words: &mut [u64], by: u64, more: u64) -> u64 {
    words.iter_mut().fold(more, |carry, word| {
        let high;
        (*word, high) = word.carrying_mul(by, carry);
        high
    })
}

/// `a << by` into `a.len() + by / 64 + 1` words.
pub fn shift_left(out: &mut [u64], a: &[u64], by: u64) {
    let (skipped, by) = ((by / 64) as usize, by % 64);
    out[..skipped].fill(0);
    let out = &mut out[skipped..];
    if by == 0 {
        out[..a.len()].copy_from_slice(a);
        out[a.len()] = 0;
        return;
    }
    let mut low = 0;
    for (out, word) in out.iter_mut().zip(a) {
        *out = low | word << by;
        low = word >> (64 - by);
    }
    out[a.len()] = low;
}

/// `a >> by` into `a.len() - by / 64` words, at least one, and whether a one was shifted out.
pub fn shift_right(out: &mut [u64], a: &[u64], by: u64) -> bool {
    let (skipped, by) = ((by / 64) as usize, by % 64);
    let (lost, kept) = a.split_at(skipped);
    let any = lost.iter().any(|word| *word != 0);
    if by == 0 {
        out.copy_from_slice(kept);
        return any;
    }
    let above = kept[1..].iter().chain(&[0]);
    for ((out, word), above) in out.iter_mut().zip(kept).zip(above) {
        *out = word >> by | above << (64 - by);
    }
    any || kept[0] << (64 - by) != 0
}

/// One added in place; whether it ran over.
pub fn increment(words: &mut [u64]) -> bool {
    words.iter_mut().all(|word| {
        *word = word.wrapping_add(1);
        *word == 0
    })
}

/// Two's complement negation in place.
pub fn negate(words: &mut [u64]) {
    let mut carry = true;
    for word in words {
        (*word, carry) = (!*word).overflowing_add(carry.into());
    }
}

/// The words of a number in two's complement, without end.
pub fn twos_complement(negative: bool, words: impl Iterator<Item = u64>) -> impl Iterator<Item = u64> {
    let flip = if negative { u64::MAX } else { 0 };
    let mut carry = negative;
    words.chain(core::iter::repeat(0)).map(move |word| {
        let (word, over) = (word ^ flip).overflowing_add(carry.into());
        carry = over;
        word
    })
}

/// A divisor of one word, or the highest word of a longer one.
#[derive(Clone, Copy)]
pub struct Divisor {
    /// Shifted, so that its highest bit is one.
    word: u64,
    shift: u32,
    reciprocal: u64,
}

impl Divisor {
    /// Of a word that is not zero.
    pub const fn new(word: u64) -> Divisor {
        let shift = word.leading_zeros();
        let word = word << shift;
        let reciprocal = ((((!word) as u128) << 64 | u64::MAX as u128) / word as u128) as u64;
        Divisor { word, shift, reciprocal }
    }

    /// Quotient and remainder of two words by the shifted divisor, of which the high one is smaller.
    #[inline(always)]
    fn step(&self, high: u64, low: u64) -> (u64, u64) {
        let both = u128::from(high) << 64 | u128::from(low);
        let estimate = (u128::from(self.reciprocal) * u128::from(high)).wrapping_add(both);
        let mut quotient = ((estimate >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.word));
        if rest > estimate as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.word);
        }
        if rest >= self.word {
            quotient = quotient.wrapping_add(1);
            rest -= self.word;
        }
        (quotient, rest)
    }

    /// Divides in place by the word this was made of; the remainder.
    pub fn divide(&self, words: &mut [u64]) -> u64 {
        if self.shift == 0 {
            return words.iter_mut().rev().fold(0, |high, word| {
                let rest;
                (*word, rest) = self.step(high, *word);
                rest
            });
        }
        self.divide_shifted(words)
    }

    /// The remainder alone.
    pub fn remainder(&self, words: &[u64]) -> u64 {
        if self.shift == 0 {
            return words.iter().rev().fold(0, |rest, word| self.step(rest, *word).1);
        }
        let Some(top) = words.last() else { return 0 };
        let mut above = *top;
        let mut rest = above >> (64 - self.shift);
        for word in words.iter().rev().skip(1) {
            rest = self.step(rest, above << self.shift | word >> (64 - self.shift)).1;
            above = *word;
        }
        self.step(rest, above << self.shift).1 >> self.shift
    }

    fn divide_shifted(&self, words: &mut [u64]) -> u64 {
        let Some(top) = words.last() else { return 0 };
        let mut rest = top >> (64 - self.shift);
        for i in (0..words.len()).rev() {
            let below = if i > 0 { words[i - 1] >> (64 - self.shift) } else { 0 };
            (words[i], rest) = self.step(rest, words[i] << self.shift | below);
        }
        rest >> self.shift
    }
}

/// Divides `rest`, one word longer than the dividend, by `divisor` of two words or more, both shifted so that the divisor's highest bit is
/// one. `rest` becomes the remainder; `quotient` has as many words as `rest` has more than `divisor`.
fn divide_shifted(quotient: &mut [u64], rest: &mut [u64], divisor: &[u64]) {
    let n = divisor.len();
    let (top, second) = (Divisor::new(divisor[n - 1]), divisor[n - 2]);
    for (j, out) in quotient.iter_mut().enumerate().rev() {
        let (high, middle, low) = (rest[j + n], rest[j + n - 1], rest[j + n - 2]);
        let (mut digit, mut left) = if high >= top.word {
            let (left, over) = middle.overflowing_add(top.word);
            (u64::MAX, (!over).then_some(left))
        } else {
            let (digit, left) = top.step(high, middle);
            (digit, Some(left))
        };
        // The two highest words leave the estimate two too large at most, the third nearly never.
        while let Some(known) = left
            && u128::from(digit) * u128::from(second) > (u128::from(known) << 64 | u128::from(low))
        {
            digit -= 1;
            left = known.checked_add(top.word);
        }
        let window = &mut rest[j..=j + n];
        let (mut carry, mut borrow) = (0, false);
        for (word, by) in window.iter_mut().zip(divisor) {
            let product;
            (product, carry) = by.carrying_mul(digit, carry);
            (*word, borrow) = word.borrowing_sub(product, borrow);
        }
        (window[n], borrow) = window[n].borrowing_sub(carry, borrow);
        if borrow {
            digit -= 1;
            let mut carry = false;
            for (word, by) in window.iter_mut().zip(divisor) {
                (*word, carry) = word.carrying_add(*by, carry);
            }
            window[n] = window[n].wrapping_add(carry.into());
        }
        *out = digit;
    }
}

/// Quotient and remainder. The divisor is not zero.
pub fn divide(a: &[u64], b: &[u64]) -> (Scratch, Scratch) {
    if compare(a, b) == Ordering::Less {
        return (Scratch::new(), Scratch::from_slice(a));
    }
    if let [word] = b {
        let mut quotient = Scratch::from_slice(a);
        let rest = Divisor::new(*word).divide(&mut quotient);
        return (quotient, Scratch::from_slice(&[rest]));
    }
    let shift = u64::from(b[b.len() - 1].leading_zeros());
    let mut rest = Scratch::from_elem(0, a.len() + 1);
    let mut divisor = Scratch::from_elem(0, b.len() + 1);
    shift_left(&mut rest, a, shift);
    shift_left(&mut divisor, b, shift);
    let mut quotient = Scratch::from_elem(0, a.len() + 1 - b.len());
    divide_shifted(&mut quotient, &mut rest, &divisor[..b.len()]);
    rest.truncate(b.len());
    if shift > 0 {
        let mut above = 0;
        for word in rest.iter_mut().rev() {
            (*word, above) = (*word >> shift | above, *word << (64 - shift));
        }
    }
    (quotient, rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use num_bigint::BigUint;

    fn number(words: &[u64]) -> BigUint {
        words.iter().rev().fold(BigUint::default(), |n, word| (n << 64u8) | BigUint::from(*word))
    }

    #[test]
    fn as_the_library_reckons() {
        let mut state = 1u64;
        let mut word = move || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            match state >> 61 {
                0 => 0,
                1 => u64::MAX,
                2 => 1 << 63,
                3 => (state >> 20) & 0xff,
                _ => state ^ state >> 33,
            }
        };
        for round in 0..20_000 {
            let mut words = |len: usize| {
                let mut words: Vec<u64> = (0..len).map(|_| word()).collect();
                if let Some(top) = words.last_mut() {
                    *top = (*top).max(1);
                }
                words
            };
            let (a, b) = (words(1 + round % 9), words(1 + round / 9 % 7));
            let (x, y) = (number(&a), number(&b));
            let mut out = vec![7; words_of_sum(&a, &b)];
            add(&mut out, &a, &b);
            assert_eq!(number(&out), &x + &y);
            let mut out = vec![7; a.len() + b.len()];
            multiply(&mut out, &a, &b);
            assert_eq!(number(&out), &x * &y);
            if compare(&a, &b).is_ge() {
                let mut out = vec![7; a.len()];
                subtract(&mut out, &a, &b);
                assert_eq!(number(&out), &x - &y);
            }
            let (q, r) = divide(&a, &b);
            assert_eq!((number(&q), number(&r)), (&x / &y, &x % &y), "{a:x?} {b:x?}");
            assert_eq!(BigUint::from(Divisor::new(b[0].max(1)).remainder(&a)), &x % b[0].max(1));
            let by = (round % 150) as u64;
            let mut out = vec![7; a.len() + by as usize / 64 + 1];
            shift_left(&mut out, &a, by);
            assert_eq!(number(&out), &x << by);
            if by / 64 < a.len() as u64 {
                let mut out = vec![7; a.len() - by as usize / 64];
                let lost = shift_right(&mut out, &a, by);
                assert_eq!(number(&out), &x >> by);
                assert_eq!(lost, (&x >> by) << by != x);
            }
            assert_eq!(bits(&a), x.bits());
        }
    }
}
