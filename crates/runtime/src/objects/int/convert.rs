//! Text to integers and back, with the limit on decimal digits (`sys.set_int_max_str_digits`).

use super::Limbs;
use super::limbs::Scratch;
use super::words_text::{self, Digits};
use crate::vm::{Res, Vm};
use crate::{Ref, Str};
use num_bigint::{BigInt, BigUint, Sign};

/// Decimal text of a small integer.
pub fn small_str(vm: &Vm, i: i64) -> Res<Ref<Str>> {
    let mut room = [0u8; 64];
    let len = ophi_number_text::int::small_digits(i.unsigned_abs(), 10, &mut room).len();
    let mut start = room.len() - len;
    if i < 0 {
        start -= 1;
        room[start] = b'-';
    }
    match &room[start..] {
        &[digit] => vm.single(digit as u32),
        text => vm.new_ascii(text),
    }
}

/// Decimal text of an integer whose words are there; ValueError beyond the limit.
pub fn words_str(vm: &Vm, limbs: Limbs<'_>) -> Res {
    Ok(vm.new_ascii(&words_digits(vm, limbs, 10)?)?.into_value())
}

/// The digits in base 2, 8, 10 or 16, behind a minus if it is negative; ValueError beyond the limit.
pub fn words_digits(vm: &Vm, limbs: Limbs<'_>, radix: u32) -> Res<Digits> {
    if radix != 10 && !limbs.is_zero() {
        let (bits, sign) = (radix.ilog2(), usize::from(limbs.negative));
        let mut digits = Digits::from_elem(b'-', sign + words_text::count_of_digits(limbs.words, bits));
        words_text::write_digits(&mut digits[sign..], limbs.words, bits);
        return Ok(digits);
    }
    let digits = words_text::decimal(limbs.negative, limbs.words);
    let limit = vm.interpreter().int_max_str_digits.get();
    if limit != 0 && digits.len() - usize::from(limbs.negative) > limit {
        return Err(too_many(vm, limit));
    }
    Ok(digits)
}

/// Decimal text of a big integer; ValueError beyond the limit.
pub fn to_decimal(vm: &Vm, b: &BigInt) -> Res<String> {
    let limit = vm.interpreter().int_max_str_digits.get();
    if limit != 0 {
        // A cheap lower bound first: digits > bits * log10(2).
        let at_least = (b.bits() as f64 * core::f64::consts::LOG10_2) as usize;
        if at_least > limit {
            return Err(too_many(vm, limit));
        }
    }
    // The digits, and the parts of the number they are taken from.
    vm.check_room((b.bits() / 8).saturating_mul(4) as usize)?;
    let text = b.to_str_radix(10);
    if limit != 0 && text.trim_start_matches('-').len() > limit {
        return Err(too_many(vm, limit));
    }
    Ok(text)
}

fn too_many(vm: &Vm, limit: usize) -> crate::vm::Raised {
    vm.value_error(format!(
        "Exceeds the limit ({limit} digits) for integer string conversion; use sys.set_int_max_str_digits() to increase the limit"
    ))
}

/// What `parse` has read.
pub enum Parsed {
    /// Fits the immediate form.
    Small(i64),
    /// Sign and magnitude, of no more words than stand behind an object.
    Words(bool, Scratch),
    Big(BigInt),
}

/// What `parse` could not read.
pub enum ParseError {
    Invalid,
    TooManyDigits(usize),
}

/// A minus or none, and so few digits that a word holds them: most texts are that.
#[inline]
fn short_decimal(text: &[u8]) -> Option<i64> {
    let (negative, digits) = match text {
        [b'-', digits @ ..] => (true, digits),
        digits => (false, digits),
    };
    if digits.is_empty() || digits.len() > 18 {
        return None;
    }
    let n = words_text::from_digits(digits)? as i64;
    Some(if negative { -n } else { n })
}

/// Reads an integer literal in `base` (0: by prefix) from ASCII text, white space around allowed, as `int(text, base)` does.
pub fn parse(text: &str, base: u32, limit: usize) -> Result<Parsed, ParseError> {
    if base == 10
        && let Some(i) = short_decimal(text.as_bytes())
    {
        return Ok(Parsed::Small(i));
    }
    let blank = |c: char| matches!(c, ' ' | '\t'..='\r');
    let trimmed = match text.as_bytes() {
        // The usual text: nothing to trim.
        [first, .., last] if first.is_ascii_alphanumeric() && last.is_ascii_alphanumeric() => text,
        _ => text.trim_matches(blank),
    };
    let (sign, mut body) = match trimmed.as_bytes().first() {
        Some(b'-') => (Sign::Minus, &trimmed[1..]),
        Some(b'+') => (Sign::Plus, &trimmed[1..]),
        _ => (Sign::Plus, trimmed),
    };
    let mut base = base;
    let prefix = match body.as_bytes() {
        [b'0', b'x' | b'X', ..] => Some(16),
        [b'0', b'o' | b'O', ..] => Some(8),
        [b'0', b'b' | b'B', ..] => Some(2),
        _ => None,
    };
    let mut after_prefix = false;
    match prefix {
        Some(p) if base == 0 || base == p => {
            base = p;
            body = &body[2..];
            after_prefix = true;
        }
        _ => {}
    }
    let by_literal_rules = base == 0;
    if base == 0 {
        base = 10;
    }
    let negative = sign == Sign::Minus;
    // The usual long text: nothing but digits.
    if base == 10
        && !by_literal_rules
        && (19..=words_text::MOST_DIGITS).contains(&body.len())
        && (limit == 0 || body.len() <= limit)
        && let Some(words) = words_text::from_decimal(body.as_bytes())
    {
        return Ok(Parsed::Words(negative, words));
    }
    if base == 16
        && (1..=16 * super::payload::MAX_WORDS).contains(&body.len())
        && let Some(words) = words_text::from_hex(body.as_bytes())
    {
        return Ok(Parsed::Words(negative, words));
    }
    if base.is_power_of_two() && base != 8 && base <= 16 && body.len() > 32 && !body.starts_with('0') {
        let bits = base.ilog2() as usize;
        if let Some(magnitude) = from_digit_bytes(body.as_bytes(), bits) {
            return Ok(Parsed::Big(BigInt::from_biguint(sign, magnitude)));
        }
    }
    // Beyond the decimal digits that a word holds for certain, digits are gathered first.
    let quick = base == 10 && body.len() <= 18;
    let mut small: i64 = 0;
    let mut digits = Vec::with_capacity(if quick { 0 } else { body.len() });
    // One underscore between digits, and one after a prefix.
    let mut last_was_digit = after_prefix;
    let mut count = 0;
    for c in body.bytes() {
        if c == b'_' {
            if !last_was_digit {
                return Err(ParseError::Invalid);
            }
            last_was_digit = false;
            continue;
        }
        let digit = match c {
            b'0'..=b'9' => c - b'0',
            b'a'..=b'z' => c - b'a' + 10,
            b'A'..=b'Z' => c - b'A' + 10,
            _ => return Err(ParseError::Invalid),
        };
        if digit as u32 >= base {
            return Err(ParseError::Invalid);
        }
        if quick {
            small = small * 10 + digit as i64;
        } else {
            digits.push(digit);
        }
        count += 1;
        last_was_digit = true;
    }
    if count == 0 || !last_was_digit {
        return Err(ParseError::Invalid);
    }
    let nonzero = || small != 0 || digits.iter().any(|d| *d != 0);
    if by_literal_rules && count > 1 && body.starts_with('0') && nonzero() {
        return Err(ParseError::Invalid);
    }
    if limit != 0 && !base.is_power_of_two() && count > limit {
        return Err(ParseError::TooManyDigits(count));
    }
    if quick {
        return Ok(Parsed::Small(if sign == Sign::Minus { -small } else { small }));
    }
    let magnitude = match base {
        10 if count > 2 * CHUNK => join_decimal(&digits),
        2 | 4 | 16 => from_bits(&digits, base.ilog2() as usize),
        _ => BigUint::from_radix_be(&digits, base).ok_or(ParseError::Invalid)?,
    };
    Ok(Parsed::Big(BigInt::from_biguint(sign, magnitude)))
}

/// The values of digit characters; 255: no digit.
static DIGIT_VALUES: [u8; 256] = {
    let mut values = [255; 256];
    let mut i = 0;
    while i < 36 {
        values[b"0123456789abcdefghijklmnopqrstuvwxyz"[i] as usize] = i as u8;
        values[b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[i] as usize] = i as u8;
        i += 1;
    }
    values
};

/// As [`from_bits`], from text of nothing but digits; `None` when there is something else in it.
fn from_digit_bytes(text: &[u8], bits: usize) -> Option<BigUint> {
    let mut all = 0;
    let mut pack = |part: &[u8]| {
        part.iter().fold(0u32, |word, c| {
            let digit = DIGIT_VALUES[*c as usize];
            all |= digit;
            (word << bits) | digit as u32
        })
    };
    let words: Vec<u32> = text.rchunks(32 / bits).map(&mut pack).collect();
    (all >> bits == 0).then(|| BigUint::new(words))
}

/// Digits of a base whose power fills words exactly: packed without arithmetic.
fn from_bits(digits: &[u8], bits: usize) -> BigUint {
    let per_word = 32 / bits;
    let words = digits.rchunks(per_word).map(|part| part.iter().fold(0u32, |word, d| (word << bits) | *d as u32));
    BigUint::new(words.collect())
}

/// Decimal digits that the quadratic method takes at once.
const CHUNK: usize = 1 << 9;

/// Halves again and again: the two parts meet in one multiplication, whose fast methods then carry the cost. The powers of
/// ten for the halves are made once a level.
fn join_decimal(digits: &[u8]) -> BigUint {
    let mut parts: Vec<BigUint> =
        digits.rchunks(CHUNK).map(|part| BigUint::from_radix_be(part, 10).unwrap_or_default()).collect();
    let mut unit = BigUint::from(10u8).pow(CHUNK as u32);
    while parts.len() > 1 {
        let pairs = parts.chunks(2);
        parts = pairs
            .map(|pair| match pair {
                [low, high] => high * &unit + low,
                _ => pair[0].clone(),
            })
            .collect();
        if parts.len() > 1 {
            unit = &unit * &unit;
        }
    }
    parts.pop().unwrap_or_default()
}
