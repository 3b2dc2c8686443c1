//! The operations of ints whose words stand behind the object. `None`: the result, or the work, is for `num-bigint`.

use super::limbs::{self, Divisor, Scratch};
use super::payload::MAX_WORDS;
use super::{Limbs, limbs as limbs_of};
use crate::Value;
use crate::vm::{Res, Vm};
use core::cmp::Ordering;

/// Words of the shorter factor up to which the schoolbook method is the quicker one.
const SCHOOLBOOK: usize = 32;

/// An operation on both operands, if both are such ints.
#[inline]
pub fn both(
    vm: &Vm,
    a: &Value,
    b: &Value,
    operation: impl FnOnce(&Vm, Limbs<'_>, Limbs<'_>) -> Option<Res>,
) -> Option<Res> {
    let (mut room_a, mut room_b) = (0, 0);
    operation(vm, limbs_of(a, &mut room_a)?, limbs_of(b, &mut room_b)?)
}

#[inline]
fn negated(a: Limbs<'_>) -> Limbs<'_> {
    Limbs { negative: !a.negative, ..a }
}

pub fn add(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    if a.negative == b.negative {
        let room = limbs::words_of_sum(a.words, b.words);
        return (room <= MAX_WORDS).then(|| vm.new_limbs(a.negative, room, |out| limbs::add(out, a.words, b.words)));
    }
    let (negative, larger, smaller) = match limbs::compare(a.words, b.words) {
        Ordering::Equal => return Some(vm.new_int(0)),
        Ordering::Greater => (a.negative, a.words, b.words),
        Ordering::Less => (b.negative, b.words, a.words),
    };
    Some(vm.new_limbs(negative, larger.len(), |out| limbs::subtract(out, larger, smaller)))
}

pub fn subtract(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    add(vm, a, negated(b))
}

pub fn multiply(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    let room = a.words.len() + b.words.len();
    if a.is_zero() || b.is_zero() {
        return Some(vm.new_int(0));
    }
    if room > MAX_WORDS || a.words.len().min(b.words.len()) > SCHOOLBOOK {
        return None;
    }
    Some(vm.new_limbs(a.negative != b.negative, room, |out| limbs::multiply(out, a.words, b.words)))
}

pub fn floor_divide(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    let negative = a.negative != b.negative;
    match b.words {
        [] => None,
        [word] => Some(vm.new_limbs(negative, a.words.len(), |out| {
            out.copy_from_slice(a.words);
            if Divisor::new(*word).divide(out) != 0 && negative {
                limbs::increment(out);
            }
        })),
        words => {
            let (mut quotient, rest) = limbs::divide(a.words, words);
            round_down(negative, &mut quotient, &rest);
            Some(vm.new_words(negative, &quotient))
        }
    }
}

/// From the quotient cut off to the one rounded down.
fn round_down(negative: bool, quotient: &mut Scratch, rest: &[u64]) {
    if negative && !limbs::trimmed(rest).is_empty() && limbs::increment(quotient) {
        quotient.push(1);
    }
}

/// The remainder with the divisor's sign, from that of the magnitudes.
fn new_remainder(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>, rest: &[u64]) -> Res {
    let rest = limbs::trimmed(rest);
    if a.negative == b.negative || rest.is_empty() {
        return vm.new_words(b.negative, rest);
    }
    vm.new_limbs(b.negative, b.words.len(), |out| limbs::subtract(out, b.words, rest))
}

pub fn remainder(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    match b.words {
        [] => None,
        [word] => Some(new_remainder(vm, a, b, &[Divisor::new(*word).remainder(a.words)])),
        words => Some(new_remainder(vm, a, b, &limbs::divide(a.words, words).1)),
    }
}

pub fn divmod(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>) -> Option<Res> {
    if b.is_zero() {
        return None;
    }
    let (mut quotient, rest) = limbs::divide(a.words, b.words);
    let negative = a.negative != b.negative;
    round_down(negative, &mut quotient, &rest);
    let pair = vm.new_words(negative, &quotient).and_then(|quotient| Ok((quotient, new_remainder(vm, a, b, &rest)?)));
    Some(pair.and_then(|(quotient, rest)| crate::Tuple::pair(vm, quotient, rest)))
}

pub fn shift_left(vm: &Vm, a: Limbs<'_>, by: u64) -> Option<Res> {
    let room = (by / 64).saturating_add(a.words.len() as u64 + 1);
    if room > MAX_WORDS as u64 {
        return None;
    }
    Some(vm.new_limbs(a.negative, room as usize, |out| limbs::shift_left(out, a.words, by)))
}

pub fn shift_right(vm: &Vm, a: Limbs<'_>, by: u64) -> Res {
    if by / 64 >= a.words.len() as u64 {
        return vm.new_int(if a.negative { -1 } else { 0 });
    }
    // Rounded down, the magnitude may grow by one: where all that is left are ones, by a word.
    let left = a.words.len() - (by / 64) as usize;
    let room = left + usize::from(a.negative);
    if room > MAX_WORDS {
        let mut out = [0; MAX_WORDS];
        if limbs::shift_right(&mut out, a.words, by) {
            limbs::increment(&mut out);
        }
        return vm.new_words(a.negative, &out);
    }
    vm.new_limbs(a.negative, room, |out| {
        let (shifted, top) = out.split_at_mut(left);
        let lost = limbs::shift_right(shifted, a.words, by);
        let over = a.negative && lost && limbs::increment(shifted);
        top.fill(over.into());
    })
}

fn twos_complement<'a>(n: Limbs<'a>) -> impl Iterator<Item = u64> + use<'a> {
    limbs::twos_complement(n.negative, n.words.iter().copied())
}

/// An operation on the bits of two's complement.
#[inline(always)]
pub fn bitwise(vm: &Vm, a: Limbs<'_>, b: Limbs<'_>, operation: impl Fn(u64, u64) -> u64) -> Option<Res> {
    let sign = |negative: bool| if negative { u64::MAX } else { 0 };
    let negative = operation(sign(a.negative), sign(b.negative)) != 0;
    if !a.negative && !b.negative {
        let (long, short) = if a.words.len() >= b.words.len() { (a.words, b.words) } else { (b.words, a.words) };
        return Some(vm.new_limbs(false, long.len(), |out| {
            let (out_low, out_high) = out.split_at_mut(short.len());
            let (low, high) = long.split_at(short.len());
            out_low.iter_mut().zip(low).zip(short).for_each(|((out, a), b)| *out = operation(*a, *b));
            out_high.iter_mut().zip(high).for_each(|(out, a)| *out = operation(*a, 0));
        }));
    }
    // One word more: -2^64 & -1 needs what neither magnitude has.
    let room = a.words.len().max(b.words.len()) + 1;
    if room > MAX_WORDS {
        return None;
    }
    Some(vm.new_limbs(negative, room, |out| {
        let words = twos_complement(a).zip(twos_complement(b));
        out.iter_mut().zip(words).for_each(|(out, (a, b))| *out = operation(a, b));
        if negative {
            limbs::negate(out);
        }
    }))
}

/// -1 - a.
pub fn invert(vm: &Vm, a: Limbs<'_>) -> Option<Res> {
    add(vm, negated(a), Limbs { negative: true, words: &[1] })
}

/// The numeric hash: the value modulo 2^61 - 1 with the sign kept.
pub fn hash(negative: bool, words: impl DoubleEndedIterator<Item = u64>) -> i64 {
    const MODULUS: u64 = (1 << 61) - 1;
    // 2^64 is 8 under the modulus: a word is taken in by turning three bits and adding.
    let rest = words.rev().fold(0u64, |h, word| {
        let turned = ((h << 3) & MODULUS) | (h >> 58);
        let sum = turned + (word & MODULUS) + (word >> 61);
        let sum = (sum & MODULUS) + (sum >> 61);
        if sum >= MODULUS { sum - MODULUS } else { sum }
    }) as i64;
    let signed = if negative { -rest } else { rest };
    if signed == -1 { -2 } else { signed }
}
