//! Numbers as text: the numeric strings of the specification.

use super::context::{Ctx, MAX_EMAX, MIN_ETINY, status};
use super::natural::WIDTH;
use super::{Kind, Natural, Number};

/// Reads a numeric string of ASCII (after removal of underscores and white space around). `None`: not a number.
pub fn parse(text: &[u8]) -> Option<Number> {
    let (negative, body) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if body.first().is_some_and(|c| c.is_ascii_alphabetic()) {
        return special(negative, body);
    }
    let (mut small, mut point) = (0u64, None);
    let mut i = 0;
    while let Some(c) = body.get(i) {
        match c {
            // Too large a number is read again below.
            b'0'..=b'9' => small = small.wrapping_mul(10).wrapping_add(u64::from(c - b'0')),
            b'.' if point.is_none() => point = Some(i),
            _ => break,
        }
        i += 1;
    }
    let digits = i - usize::from(point.is_some());
    if digits == 0 {
        return None;
    }
    let fraction = point.map_or(0, |at| i - 1 - at) as i64;
    let coefficient = if digits <= WIDTH {
        Natural::from(small)
    } else {
        let text: smallvec::SmallVec<[u8; 64]> = body[..i].iter().copied().filter(u8::is_ascii_digit).collect();
        Natural::from_digits(&text)
    };
    let exponent = match body.get(i) {
        None => 0,
        Some(b'e' | b'E') => exponent(&body[i + 1..])?,
        Some(_) => return None,
    };
    Some(Number::new(negative, coefficient, exponent.saturating_sub(fraction)))
}

/// A whole number; what is beyond all exponents stays beyond.
fn exponent(text: &[u8]) -> Option<i64> {
    const BEYOND: i64 = i64::MAX / 2;
    let (negative, digits) = match text.first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let value = digits.iter().fold(0i64, |n, d| n.saturating_mul(10).saturating_add(i64::from(d - b'0')).min(BEYOND));
    Some(if negative { -value } else { value })
}

fn special(negative: bool, text: &[u8]) -> Option<Number> {
    let lower = text.to_ascii_lowercase();
    if lower == b"inf" || lower == b"infinity" {
        return Some(Number::infinity(negative));
    }
    let (kind, payload) = if let Some(payload) = lower.strip_prefix(b"nan") {
        (Kind::QuietNan, payload)
    } else {
        (Kind::SignalingNan, lower.strip_prefix(b"snan")?)
    };
    if !payload.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(Number { coefficient: Natural::from_digits(payload), exponent: 0, negative, kind })
}

impl Ctx<'_> {
    /// Takes a number that was given in full. In the widest context what had to be changed to fit is no number: nobody
    /// constructs a Decimal that is not the one asked for.
    pub fn exact(&mut self, n: Number) -> Number {
        let n = self.finish(n);
        if self.status & (status::INEXACT | status::ROUNDED | status::CLAMPED) != 0 {
            self.status = status::INVALID_OPERATION;
            return Number::nan();
        }
        self.status &= status::INVALID;
        n
    }
}

/// Is the exponent one that numbers can have?
pub fn is_representable(n: &Number) -> bool {
    n.adjusted() <= MAX_EMAX && n.exponent >= MIN_ETINY
}

impl Number {
    /// The text of the specification's to-scientific-string or, with `engineering`, to-engineering-string.
    pub fn to_text(&self, engineering: bool, capitals: bool) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        if self.negative {
            out.push(b'-');
        }
        match self.kind {
            Kind::Infinity => {
                out.extend_from_slice(b"Infinity");
                return out;
            }
            Kind::QuietNan | Kind::SignalingNan => {
                out.extend_from_slice(if self.is_signaling() { b"sNaN" } else { b"NaN" });
                if !self.coefficient.is_zero() {
                    self.coefficient.push_digits(&mut out);
                }
                return out;
            }
            Kind::Finite => {}
        }
        let start = out.len();
        self.coefficient.push_digits(&mut out);
        let digits = (out.len() - start) as i64;
        // How many digits would stand before the point without an exponent.
        let left = self.exponent + digits;
        let point = if self.exponent <= 0 && left > -6 {
            left
        } else if !engineering {
            1
        } else if self.coefficient.is_zero() {
            (left + 1).rem_euclid(3) - 1
        } else {
            (left - 1).rem_euclid(3) + 1
        };
        if point <= 0 {
            out.splice(start..start, [b'0', b'.'].into_iter().chain(std::iter::repeat_n(b'0', -point as usize)));
        } else if point >= digits {
            out.extend(std::iter::repeat_n(b'0', (point - digits) as usize));
        } else {
            out.insert(start + point as usize, b'.');
        }
        if left != point {
            out.push(if capitals { b'E' } else { b'e' });
            let exponent = left - point;
            out.push(if exponent < 0 { b'-' } else { b'+' });
            out.extend_from_slice(exponent.unsigned_abs().to_string().as_bytes());
        }
        out
    }
}
