//! Text and bytes of ints whose words stand behind the object, from and to the words directly.

use super::limbs::{Divisor, Scratch, multiply_add};
use super::payload::MAX_WORDS;
use ophi_number_text::int::small_digits;
use smallvec::SmallVec;

/// The highest power of ten in a word, and its exponent.
const TEN_TO: u64 = 10_000_000_000_000_000_000;
const DIGITS: usize = 19;
const BY_TEN_TO: Divisor = Divisor::new(TEN_TO);

/// Room for digits: those of four words need no vector.
pub type Digits = SmallVec<[u8; 96]>;

/// The decimal digits of a magnitude, behind a minus if that is asked for.
pub fn decimal(negative: bool, words: &[u64]) -> Digits {
    let mut out = Digits::from_elem(b'0', words.len() * 20 + 1);
    let mut left = Scratch::from_slice(words);
    let mut at = out.len();
    let mut len = words.len();
    let mut room = [0; 64];
    while len > 1 {
        let part = BY_TEN_TO.divide(&mut left[..len]);
        len -= usize::from(left[len - 1] == 0);
        // The places in front of its digits are zeros already.
        let digits = small_digits(part, 10, &mut room);
        out[at - digits.len()..at].copy_from_slice(digits);
        at -= DIGITS;
    }
    let digits = small_digits(left.first().copied().unwrap_or(0), 10, &mut room);
    out[at - digits.len()..at].copy_from_slice(digits);
    at -= digits.len();
    if negative {
        at -= 1;
        out[at] = b'-';
    }
    out.drain(..at);
    out
}

/// Writes digits of a base of 2, 8 or 16, so many bits each, of a magnitude that is not zero, with [`count_of_digits`] places.
pub fn write_digits(out: &mut [u8], words: &[u64], bits: u32) {
    let digit = |word: u64| b"0123456789abcdef"[(word & ((1 << bits) - 1)) as usize];
    if bits != 3 {
        for (places, word) in out.rchunks_mut((64 / bits) as usize).zip(words) {
            let mut word = *word;
            for place in places.iter_mut().rev() {
                *place = digit(word);
                word >>= bits;
            }
        }
        return;
    }
    // Three bits may lie across two words.
    for (i, place) in out.iter_mut().rev().enumerate() {
        let (word, shift) = (3 * i / 64, (3 * i % 64) as u32);
        let high = match words.get(word + 1) {
            Some(next) if shift > 61 => next << (64 - shift),
            _ => 0,
        };
        *place = digit(words[word] >> shift | high);
    }
}

pub fn count_of_digits(words: &[u64], bits: u32) -> usize {
    super::limbs::bits(words).div_ceil(bits.into()) as usize
}

/// Digits that [`MAX_WORDS`] surely hold.
pub const MOST_DIGITS: usize = MAX_WORDS * DIGITS;

/// The number that so few decimal digits tell that a word holds them: [`DIGITS`]. `None` when there is something else among them.
#[inline(always)]
pub fn from_digits(text: &[u8]) -> Option<u64> {
    let mut value = 0u64;
    for c in text {
        let digit = c.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        value = value * 10 + u64::from(digit);
    }
    Some(value)
}

/// The magnitude that decimal digits tell, no more than [`MOST_DIGITS`]; `None` when there is something else among them.
pub fn from_decimal(text: &[u8]) -> Option<Scratch> {
    let mut words = Scratch::new();
    let first = text.len() % DIGITS;
    let (head, rest) = text.split_at(first);
    let mut take = |part: &[u8]| {
        let value = from_digits(part)?;
        let over = multiply_add(&mut words, TEN_TO, value);
        if over != 0 {
            words.push(over);
        }
        Some(())
    };
    take(head)?;
    for part in rest.chunks_exact(DIGITS) {
        take(part)?;
    }
    Some(words)
}

/// The magnitude that hexadecimal digits tell; `None` when there is something else among them.
pub fn from_hex(text: &[u8]) -> Option<Scratch> {
    text.rchunks(16)
        .map(|part| {
            part.iter().try_fold(0, |word, c| {
                let digit = (*c as char).to_digit(16)?;
                Some(word << 4 | u64::from(digit))
            })
        })
        .collect()
}
