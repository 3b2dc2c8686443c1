//! The payload of `int`: words behind the object, or a vector of `num-bigint` for long ones.
//!
//! ```text
//!   header | head | made | word 0, word 1, ...      exact ints
//!   header | head | made | dict | word 0, ...       instances of a subclass
//! ```
//! An int of up to [`MAX_WORDS`] words takes one block, and its operations read and write the words where they stand. What else wants it
//! as a `BigInt` gets one made on first demand and kept.
#![allow(unsafe_code)]

use super::Limbs;
use super::limbs::trimmed;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value};
use core::cell::{Cell, OnceCell};
use num_bigint::{BigInt, BigUint, Sign};

/// The longest integers whose words stand behind the object. Their operations need no room that would have to be asked for first.
pub const MAX_WORDS: usize = 128;

/// A boxed integer. Exact `int` objects are boxed only when they do not fit the immediate form.
#[repr(C)]
pub struct Int {
    /// The number of words above, in bit 17 whether only `made` knows the value, in bit 16 whether it is negative, in the low 16 bits
    /// where the words begin, in words from the payload on.
    head: Cell<u64>,
    made: OnceCell<Box<BigInt>>,
}

const PLACE_MASK: u64 = 0xffff;
const NEGATIVE: u64 = 1 << 16;
const LONG: u64 = 1 << 17;
const LEN_SHIFT: u32 = 32;
/// Where the words of exact ints begin.
const PLACE: u64 = (size_of::<Int>() / 8) as u64;

impl Int {
    /// One of more than [`MAX_WORDS`].
    pub fn long(value: BigInt) -> Int {
        Int { head: Cell::new(LONG), made: OnceCell::from(Box::new(value)) }
    }

    fn empty() -> Int {
        Int { head: Cell::new(0), made: OnceCell::new() }
    }

    /// The words, none of a long one.
    #[inline(always)]
    fn words(&self) -> &[u64] {
        let head = self.head.get();
        let start = (self as *const Int).cast::<u64>().wrapping_add((head & PLACE_MASK) as usize);
        // SAFETY: so many words stand there, in the object's own block, written once when the object was made.
        unsafe { core::slice::from_raw_parts(start, (head >> LEN_SHIFT) as usize) }
    }

    #[inline(always)]
    pub fn limbs(&self) -> Option<Limbs<'_>> {
        let head = self.head.get();
        if head & LONG != 0 {
            return None;
        }
        Some(Limbs { negative: head & NEGATIVE != 0, words: self.words() })
    }

    /// The value where it has less than 127 bits; `None` says nothing.
    #[inline(always)]
    pub fn wide(&self) -> Option<i128> {
        let limbs = self.limbs()?;
        let magnitude = match limbs.words {
            [word] => i128::from(*word),
            [low, high] if *high >> 62 == 0 => i128::from(*high) << 64 | i128::from(*low),
            [] => 0,
            _ => return None,
        };
        Some(if limbs.negative { -magnitude } else { magnitude })
    }

    /// The value where it fits the immediate form, which only instances of subclasses have in a box.
    pub fn as_small(&self) -> Option<i64> {
        let limbs = self.limbs()?;
        small(limbs.negative, limbs.words).and_then(|value| value.as_small_int())
    }

    pub fn big(&self) -> &BigInt {
        self.made.get_or_init(|| {
            let halves = self.words().iter().flat_map(|word| [*word as u32, (word >> 32) as u32]);
            let sign = if self.head.get() & NEGATIVE != 0 { Sign::Minus } else { Sign::Plus };
            Box::new(BigInt::from_biguint(sign, BigUint::new(halves.collect())))
        })
    }
}

#[inline(always)]
fn head(negative: bool, len: usize, place: u64) -> u64 {
    (len as u64) << LEN_SHIFT | (if negative { NEGATIVE } else { 0 }) | place
}

/// The immediate form, if it holds the value.
#[inline(always)]
fn small(negative: bool, words: &[u64]) -> Option<Value> {
    let magnitude = match words {
        [] => 0,
        [word] => i64::try_from(*word).ok()?,
        _ => return None,
    };
    Value::small_int(if negative { -magnitude } else { magnitude })
}

impl Vm {
    /// An exact int of at most `room` words, [`MAX_WORDS`] or fewer: immediate when it fits. `fill` must write all of them; zeros at the end
    /// do not count.
    #[inline]
    pub fn new_limbs(&self, negative: bool, room: usize, fill: impl FnOnce(&mut [u64])) -> Res {
        debug_assert!(room <= MAX_WORDS);
        let object = self.new_plain(Int::empty, room * 8)?;
        // SAFETY: `room` words stand behind the payload, all written by `fill`; nobody else has seen the object.
        let words = unsafe { core::slice::from_raw_parts_mut(object.as_ptr().add(1).cast::<u64>(), room) };
        fill(words);
        let words = trimmed(words);
        if let Some(small) = small(negative, words) {
            return Ok(small);
        }
        object.head.set(head(negative, words.len(), PLACE));
        Ok(object.into_value())
    }

    /// An exact int of these words, [`MAX_WORDS`] or fewer: immediate when it fits. Zeros at the end do not count.
    #[inline]
    pub fn new_words(&self, negative: bool, words: &[u64]) -> Res {
        let words = trimmed(words);
        if let Some(small) = small(negative, words) {
            return Ok(small);
        }
        debug_assert!(words.len() <= MAX_WORDS);
        let object = self.new_plain(
            || Int { head: Cell::new(head(negative, words.len(), PLACE)), made: OnceCell::new() },
            words.len() * 8,
        )?;
        // SAFETY: so many words stand behind the payload; nobody else has seen the object.
        unsafe { core::ptr::copy_nonoverlapping(words.as_ptr(), object.as_ptr().add(1).cast(), words.len()) };
        Ok(object.into_value())
    }

    /// An instance of a subclass, of so many words without zeros at the end.
    pub fn new_words_of(&self, cls: &TypeRef, negative: bool, words: &[u64]) -> Res {
        let object: Ref<Int> = self.new_instance_with(cls, Int::empty(), words.len() * 8)?;
        // SAFETY: so many words stand behind the instance; nobody else has seen the object.
        let place = unsafe {
            let start = ophi_heap::object::extra_bytes(&object, cls.head()).cast::<u64>().as_ptr();
            core::ptr::copy_nonoverlapping(words.as_ptr(), start, words.len());
            (start as usize - (&raw const *object) as usize) as u64 / 8
        };
        if place > PLACE_MASK {
            return Err(self.no_memory());
        }
        object.head.set(head(negative, words.len(), place));
        Ok(object.into_value())
    }
}
