//! Floats to text and back: `repr`, `float(text)`, hexadecimal notation, the parts of a float.

use crate::format::float::{Text, write_repr};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Str, Value};
use smallvec::SmallVec;

/// The shortest text that reads back as the same float, in Python's notation.
pub fn repr(f: f64) -> String {
    let mut out = Text::default();
    write_repr(&mut out, f);
    out.into_string()
}

/// `f` as mantissa in [0.5, 1) and exponent of two, like C's `frexp`; zero and specials as they are.
pub fn split(f: f64) -> (f64, i32) {
    if f == 0.0 || !f.is_finite() {
        return (f, 0);
    }
    let bits = f.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    if biased == 0 {
        let (m, e) = split(f * 2f64.powi(64));
        return (m, e - 64);
    }
    (f64::from_bits((bits & !(0x7ff << 52)) | (1022 << 52)), biased - 1022)
}

/// `m * 2^e` correctly rounded, like C's `ldexp`.
pub fn join(m: f64, e: i32) -> f64 {
    if m == 0.0 || !m.is_finite() {
        return m;
    }
    let (fraction, own) = split(m);
    let total = own as i64 + e as i64;
    if total > 1024 {
        return f64::INFINITY.copysign(m);
    }
    if total < -1080 {
        return 0f64.copysign(m);
    }
    if total >= -1021 {
        let half = f64::from_bits(((total - 1 + 1023) as u64) << 52);
        return fraction * 2.0 * half;
    }
    // Subnormal: one rounding, done by the last multiplication.
    let up = f64::from_bits(((total + 60 + 1023) as u64) << 52);
    fraction * up * 2f64.powi(-60)
}

/// Reads what `float(text)` accepts: `None` when it is no float.
pub fn parse(text: &str) -> Option<f64> {
    if let Some(f) = ophi_number_text::float::parse_short(text.as_bytes()) {
        return Some(f);
    }
    let blank = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r');
    let mut bytes = text.as_bytes();
    while let [first, rest @ ..] = bytes
        && blank(first)
    {
        bytes = rest;
    }
    while let [rest @ .., last] = bytes
        && blank(last)
    {
        bytes = rest;
    }
    let (negative, unsigned) = match bytes {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, bytes),
    };
    let signed = |f: f64| Some(if negative { -f } else { f });
    let first = *unsigned.first()?;
    if !(first.is_ascii_digit() || first == b'.') {
        if unsigned.eq_ignore_ascii_case(b"inf") || unsigned.eq_ignore_ascii_case(b"infinity") {
            return signed(f64::INFINITY);
        }
        return if unsigned.eq_ignore_ascii_case(b"nan") { signed(f64::NAN) } else { None };
    }
    if unsigned.iter().all(|c| matches!(c, b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-')) {
        return signed(core::str::from_utf8(unsigned).ok()?.parse().ok()?);
    }
    // Underscores stand between digits only.
    let mut plain: SmallVec<[u8; 64]> = SmallVec::new();
    for (i, c) in unsigned.iter().enumerate() {
        match c {
            b'_' => {
                let before = i.checked_sub(1).and_then(|k| unsigned.get(k)).is_some_and(u8::is_ascii_digit);
                let after = unsigned.get(i + 1).is_some_and(u8::is_ascii_digit);
                if !before || !after {
                    return None;
                }
            }
            b'0'..=b'9' | b'.' | b'e' | b'E' | b'+' | b'-' => plain.push(*c),
            _ => return None,
        }
    }
    signed(core::str::from_utf8(&plain).ok()?.parse().ok()?)
}

/// `float(text)` for str, bytes and other buffers.
pub fn from_text(vm: &Vm, x: &Value) -> Res<f64> {
    let text = match x.downcast::<Str>() {
        Some(s) => crate::objects::int::construct::ascii_digits(s),
        None => {
            let bytes = vm.bytes_of(x)?;
            std::borrow::Cow::Owned(bytes.iter().map(|b| if b.is_ascii() { *b as char } else { '?' }).collect())
        }
    };
    match parse(&text) {
        Some(f) => Ok(f),
        None => {
            let shown = vm.repr(x)?;
            Err(vm.value_error(format!("could not convert string to float: {}", shown.to_utf8_lossy())))
        }
    }
}

/// `float.hex`.
pub fn to_hex(f: f64) -> Text {
    let mut out = Text::default();
    if f.is_finite() {
        ophi_number_text::float::write_hex(&mut out, f)
    } else {
        write_repr(&mut out, f)
    }
    out
}

/// What `from_hex` could not read.
pub enum HexError {
    Invalid,
    TooLarge,
}

/// `float.fromhex`, correctly rounded.
pub fn from_hex(text: &str) -> Result<f64, HexError> {
    let t = text.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, t) = match t.as_bytes().first() {
        Some(b'-') => (true, &t[1..]),
        Some(b'+') => (false, &t[1..]),
        _ => (false, t),
    };
    let sign = |f: f64| if negative { -f } else { f };
    match t.to_ascii_lowercase().as_str() {
        "inf" | "infinity" => return Ok(sign(f64::INFINITY)),
        "nan" => return Ok(sign(f64::NAN)),
        _ => {}
    }
    let t = t.strip_prefix("0x").or_else(|| t.strip_prefix("0X")).unwrap_or(t);
    let (digits, exponent) = match t.find(['p', 'P']) {
        Some(at) => {
            let e = &t[at + 1..];
            let unsigned = e.strip_prefix(['+', '-']).unwrap_or(e);
            if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
                return Err(HexError::Invalid);
            }
            let magnitude = unsigned.parse::<i64>().unwrap_or(1 << 40).min(1 << 40);
            (&t[..at], if e.starts_with('-') { -magnitude } else { magnitude })
        }
        None => (t, 0),
    };
    let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && part.is_empty() || !whole.bytes().chain(part.bytes()).all(|b| b.is_ascii_hexdigit()) {
        return Err(HexError::Invalid);
    }
    let all: String = whole.chars().chain(part.chars()).collect();
    let all = all.trim_start_matches('0');
    if all.is_empty() {
        return Ok(sign(0.0));
    }
    // 16 hex digits carry more than 53 bits; the rest only says whether anything follows.
    let keep = all.len().min(16);
    let mut mantissa = u64::from_str_radix(&all[..keep], 16).map_err(|_| HexError::Invalid)?;
    if all[keep..].bytes().any(|b| b != b'0') {
        mantissa |= 1;
    }
    let scale = exponent - 4 * part.len() as i64 + 4 * (all.len() - keep) as i64;
    let top = 64 - mantissa.leading_zeros() as i64;
    let highest = top + scale; // the value lies in [2^(highest-1), 2^highest)
    if highest > 1024 {
        return Err(HexError::TooLarge);
    }
    let precision = 53.min(highest + 1074);
    if precision < 0 {
        return Ok(sign(0.0));
    }
    let drop = top - precision;
    let rounded = if drop > 0 {
        let (kept, rest) = if drop >= 64 { (0, mantissa) } else { (mantissa >> drop, mantissa & ((1 << drop) - 1)) };
        let half = 1u64 << (drop - 1).min(63);
        if rest > half || (rest == half && kept & 1 == 1) { kept + 1 } else { kept }
    } else {
        mantissa
    };
    let f = join(rounded as f64, (scale + drop.max(0)) as i32);
    if f.is_infinite() { Err(HexError::TooLarge) } else { Ok(sign(f)) }
}
