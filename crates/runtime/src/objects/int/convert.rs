//! Text to integers and back, with the limit on decimal digits (`sys.set_int_max_str_digits`).

use crate::vm::{Res, Vm};
use num_bigint::{BigInt, Sign};
use num_traits::{Signed, Zero};

/// Decimal text of a big integer; ValueError beyond the limit.
pub fn to_decimal(vm: &Vm, b: &BigInt) -> Res<String> {
    let limit = vm.interpreter().int_max_str_digits.get();
    if limit != 0 {
        // A cheap lower bound first: digits > bits * log10(2).
        let at_least = (b.bits() as f64 * 0.301_029_995_663) as usize;
        if at_least > limit {
            return Err(too_many(vm, limit));
        }
    }
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

/// What `parse` could not read.
pub enum ParseError {
    Invalid,
    TooManyDigits(usize),
}

/// Reads an integer literal in `base` (0: by prefix) from ASCII text, white space around allowed, as `int(text, base)` does.
pub fn parse(text: &str, base: u32, limit: usize) -> Result<BigInt, ParseError> {
    let trimmed = text.trim_matches(|c: char| {
        matches!(c, ' ' | '\t' | '\n' | '\r' | '\x0b' | '\x0c' | '\x1c'..='\x1f' | '\u{85}' | '\u{a0}')
    });
    let (sign, mut body) = match trimmed.as_bytes().first() {
        Some(b'-') => (Sign::Minus, &trimmed[1..]),
        Some(b'+') => (Sign::Plus, &trimmed[1..]),
        _ => (Sign::Plus, trimmed),
    };
    let mut base = base;
    let prefix = match body.get(..2).map(str::to_ascii_lowercase).as_deref() {
        Some("0x") => Some(16),
        Some("0o") => Some(8),
        Some("0b") => Some(2),
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
    let mut digits = Vec::with_capacity(body.len());
    // One underscore between digits, and one after a prefix.
    let mut last_was_digit = after_prefix;
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
        digits.push(digit);
        last_was_digit = true;
    }
    if digits.is_empty() || !last_was_digit {
        return Err(ParseError::Invalid);
    }
    if by_literal_rules && digits.len() > 1 && digits[0] == 0 && digits.iter().any(|d| *d != 0) {
        return Err(ParseError::Invalid);
    }
    if limit != 0 && !base.is_power_of_two() && digits.len() > limit {
        return Err(ParseError::TooManyDigits(digits.len()));
    }
    if digits.len() <= 18 && base <= 10 {
        let n = digits.iter().fold(0i64, |n, d| n * base as i64 + *d as i64);
        return Ok(BigInt::from(if sign == Sign::Minus { -n } else { n }));
    }
    BigInt::from_radix_be(sign, &digits, base).ok_or(ParseError::Invalid)
}

/// Digits in a base of 2, 8 or 16 with the prefix, as `bin`, `oct` and `hex` print.
pub fn with_prefix(b: &BigInt, base: u32) -> String {
    let prefix = match base {
        2 => "0b",
        8 => "0o",
        _ => "0x",
    };
    let digits = if b.is_zero() { "0".to_string() } else { b.magnitude().to_str_radix(base) };
    format!("{}{prefix}{digits}", if b.is_negative() { "-" } else { "" })
}
