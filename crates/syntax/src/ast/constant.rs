//! The values a `Constant` node holds.
//!
//! The parser makes all of them except tuples and frozen sets, which come from trees built by Python code and from
//! constant folding. Strings may hold lone surrogates, so they are bytes in generalized UTF-8 (every code point up to
//! U+10FFFF encoded as UTF-8 would, surrogates included), which is UTF-8 whenever no surrogate occurs.

use num_bigint::{BigInt, BigUint, Sign};
use std::fmt;

/// A Python string literal's value: code points, surrogates allowed, in generalized UTF-8.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PyStr<'a>(&'a [u8]);

impl<'a> PyStr<'a> {
    pub const fn new(text: &'a str) -> PyStr<'a> {
        PyStr(text.as_bytes())
    }

    /// Takes bytes that are generalized UTF-8; whatever is not is shown as U+FFFD by [`PyStr::code_points`].
    pub const fn from_generalized_utf8(bytes: &'a [u8]) -> PyStr<'a> {
        PyStr(bytes)
    }

    /// The text, unless it holds a surrogate.
    pub fn as_str(self) -> Option<&'a str> {
        std::str::from_utf8(self.0).ok()
    }

    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub fn code_points(self) -> impl Iterator<Item = u32> + 'a {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            let (c, n) = decode(rest)?;
            rest = &rest[n..];
            Some(c)
        })
    }
}

impl fmt::Debug for PyStr<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::repr::str_repr(*self))
    }
}

impl<'a> From<&'a str> for PyStr<'a> {
    fn from(text: &'a str) -> PyStr<'a> {
        PyStr::new(text)
    }
}

fn decode(bytes: &[u8]) -> Option<(u32, usize)> {
    let first = *bytes.first()?;
    let (n, bits) = match first {
        0..=0x7f => return Some((u32::from(first), 1)),
        0xc2..=0xdf => (2, u32::from(first & 0x1f)),
        0xe0..=0xef => (3, u32::from(first & 0x0f)),
        0xf0..=0xf4 => (4, u32::from(first & 0x07)),
        _ => return Some((0xfffd, 1)),
    };
    let Some(tail) = bytes.get(1..n) else { return Some((0xfffd, 1)) };
    let c = tail.iter().fold(bits, |c, b| c << 6 | u32::from(b & 0x3f));
    Some((c, n))
}

/// Appends code point `c` (at most U+10FFFF, surrogates allowed) as generalized UTF-8.
pub fn push_code_point(out: &mut Vec<u8>, c: u32) {
    match char::from_u32(c) {
        Some(c) => out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        None => out.extend_from_slice(&[0xe0 | (c >> 12) as u8, 0x80 | (c >> 6 & 0x3f) as u8, 0x80 | (c & 0x3f) as u8]),
    }
}

/// A constant. `Int` holds whatever fits 64 bits; `BigInt` holds the rest, never a value `Int` could hold.
#[derive(Clone, Copy, PartialEq)]
pub enum Constant<'a> {
    None,
    True,
    False,
    Ellipsis,
    Int(i64),
    BigInt(BigLiteral<'a>),
    Float(f64),
    Complex { real: f64, imag: f64 },
    Str(PyStr<'a>),
    Bytes(&'a [u8]),
    Tuple(&'a [Constant<'a>]),
    FrozenSet(&'a [Constant<'a>]),
}

/// An integer beyond 64 bits: sign and magnitude, 32-bit digits, least significant first.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BigLiteral<'a> {
    pub negative: bool,
    pub digits: &'a [u32],
}

impl BigLiteral<'_> {
    pub fn to_bigint(self) -> BigInt {
        let sign = if self.negative { Sign::Minus } else { Sign::Plus };
        BigInt::from_biguint(sign, BigUint::from_slice(self.digits))
    }
}

impl<'a> Constant<'a> {
    /// The constant for any integer, stored in `arena` when it does not fit 64 bits.
    pub fn int(value: &BigInt, arena: &'a bumpalo::Bump) -> Constant<'a> {
        match i64::try_from(value) {
            Ok(small) => Constant::Int(small),
            Err(_) => Constant::BigInt(BigLiteral {
                negative: value.sign() == Sign::Minus,
                digits: arena.alloc_slice_copy(&value.magnitude().to_u32_digits()),
            }),
        }
    }

    pub const fn bool(value: bool) -> Constant<'a> {
        if value { Constant::True } else { Constant::False }
    }
}

impl fmt::Debug for Constant<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::repr::constant_repr(self))
    }
}
