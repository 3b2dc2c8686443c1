//! Floats as decimal text in the C presentation types `e`, `f`, `g`, `r`, correctly rounded.
//!
//! Exact digits come from the standard library's formatting, the shortest ones from `zmij`; layout is done here, on a small
//! buffer that needs no allocation for ordinary numbers.

use core::fmt::Write;
use smallvec::SmallVec;

/// ASCII text in the making.
#[derive(Default)]
pub struct Text {
    bytes: SmallVec<[u8; 64]>,
}

impl Write for Text {
    fn write_str(&mut self, s: &str) -> core::fmt::Result {
        self.bytes.extend_from_slice(s.as_bytes());
        Ok(())
    }
}

impl core::ops::Deref for Text {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Text {
    pub fn of(text: &str) -> Text {
        Text { bytes: SmallVec::from_slice(text.as_bytes()) }
    }

    pub fn push(&mut self, b: u8) {
        self.bytes.push(b);
    }

    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    pub fn zeros(&mut self, n: usize) {
        self.bytes.resize(self.bytes.len() + n, b'0');
    }

    pub fn make_uppercase(&mut self) {
        self.bytes.make_ascii_uppercase();
    }

    fn has(&self, wanted: &[u8]) -> bool {
        self.bytes.iter().any(|b| wanted.contains(b))
    }

    /// `e` with its sign and at least two digits.
    fn exponent(&mut self, e: i32) {
        self.push(b'e');
        self.push(if e < 0 { b'-' } else { b'+' });
        let e = e.unsigned_abs();
        if e >= 100 {
            self.push(b'0' + (e / 100) as u8);
        }
        self.push(b'0' + (e / 10 % 10) as u8);
        self.push(b'0' + (e % 10) as u8);
    }

    /// As a string, for callers whose text need not be quick.
    pub fn into_string(self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

/// The digits of a float without sign or point, and where the point stands: `0.DIGITS * 10^point`.
pub struct Digits {
    room: [u8; 24],
    len: usize,
    pub point: i32,
}

impl core::ops::Deref for Digits {
    type Target = [u8];
    fn deref(&self) -> &[u8] {
        &self.room[..self.len]
    }
}

/// The shortest digits that identify a finite, non-negative float.
pub fn shortest(f: f64) -> Digits {
    let mut digits = Digits { room: [b'0'; 24], len: 0, point: 1 };
    if f == 0.0 {
        digits.len = 1;
        return digits;
    }
    let mut buffer = zmij::Buffer::new();
    let text = buffer.format_finite(f).as_bytes();
    // Digits with or without a point, then maybe an exponent; zeros in front and behind do not count.
    let mut point = None;
    let mut exponent = 0;
    let mut seen = 0;
    for (i, b) in text.iter().enumerate() {
        match b {
            b'.' => point = Some(seen),
            b'e' => {
                exponent = small_number(&text[i + 1..]);
                break;
            }
            _ => {
                seen += 1;
                if digits.len > 0 || *b != b'0' {
                    digits.room[digits.len] = *b;
                    digits.len += 1;
                }
            }
        }
    }
    digits.point = point.unwrap_or(seen) - (seen - digits.len as i32) + exponent;
    while digits.len > 1 && digits.room[digits.len - 1] == b'0' {
        digits.len -= 1;
    }
    digits
}

fn small_number(text: &[u8]) -> i32 {
    let (negative, digits) = match text {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        _ => (false, text),
    };
    let n = digits.iter().fold(0, |n, d| n * 10 + (*d as i32 - 48));
    if negative { -n } else { n }
}

/// Python's `repr` of a float: exponent form below 1e-4 and from 1e16 on.
pub fn write_repr(out: &mut Text, f: f64) {
    if f.is_nan() {
        return out.extend(b"nan");
    }
    if f.is_sign_negative() {
        out.push(b'-');
    }
    if f.is_infinite() {
        return out.extend(b"inf");
    }
    if let Some(whole) = small_whole(f) {
        let mut room = [0; 64];
        out.extend(crate::int::small_digits(whole, 10, &mut room));
        return out.extend(b".0");
    }
    let digits = shortest(f.abs());
    let point = digits.point;
    if (-4 < point && point <= 16) || f == 0.0 {
        if point <= 0 {
            out.extend(b"0.");
            out.zeros(point.unsigned_abs() as usize);
            out.extend(&digits);
        } else if point as usize >= digits.len() {
            out.extend(&digits);
            out.zeros(point as usize - digits.len());
            out.extend(b".0");
        } else {
            let (whole, fraction) = digits.split_at(point as usize);
            out.extend(whole);
            out.push(b'.');
            out.extend(fraction);
        }
        return;
    }
    out.push(digits[0]);
    if digits.len() > 1 {
        out.push(b'.');
        out.extend(&digits[1..]);
    }
    out.exponent(point - 1);
}

/// The magnitude of a float that is a whole number of at most 15 digits: all of them are told apart by those digits.
fn small_whole(f: f64) -> Option<u64> {
    let magnitude = f.abs();
    if magnitude >= 1e15 {
        return None;
    }
    let whole = magnitude as u64;
    (whole as f64 == magnitude).then_some(whole)
}

/// A part of a complex number: as [`write_repr`], whole numbers without ".0".
pub fn write_part(out: &mut Text, f: f64) {
    write_repr(out, f);
    if out.ends_with(b".0") {
        out.bytes.truncate(out.len() - 2);
    }
}

/// `float.hex` of a finite float.
pub fn write_hex(out: &mut Text, f: f64) {
    if f.is_sign_negative() {
        out.push(b'-');
    }
    if f == 0.0 {
        return out.extend(b"0x0.0p+0");
    }
    let bits = f.to_bits();
    let biased = ((bits >> 52) & 0x7ff) as i32;
    let (lead, exponent) = if biased == 0 { (b'0', -1022) } else { (b'1', biased - 1023) };
    let mut digits = *b"0x1.0000000000000p";
    digits[2] = lead;
    for (i, place) in digits[4..17].iter_mut().enumerate() {
        *place = b"0123456789abcdef"[(bits >> (48 - 4 * i) & 15) as usize];
    }
    out.extend(&digits);
    out.push(if exponent < 0 { b'-' } else { b'+' });
    let mut room = [0; 64];
    out.extend(crate::int::small_digits(exponent.unsigned_abs().into(), 10, &mut room));
}

/// The finite `f` rounded at a decimal place behind the point, ties to even, as its text in that many digits reads back. `None`: too many.
pub fn round_places(f: f64, places: usize) -> Option<f64> {
    // Both are exact as floats, so their quotient is rounded once, as the reading of the text would be.
    let n = scaled(f.abs(), places).filter(|n| *n <= 1 << 53)?;
    let unit = *TENS.get(places)? as f64;
    Some((n as f64 / unit).copysign(f))
}

/// The float that plain digits with at most one point tell, a minus before them or not, where they are few enough to be exact.
pub fn parse_short(text: &[u8]) -> Option<f64> {
    if let [b'-', text @ ..] = text {
        return if text.first()?.is_ascii_digit() { Some(-parse_short(text)?) } else { None };
    }
    if text.len() > 16 {
        return None;
    }
    let (mut n, mut behind) = (0u64, None);
    for (i, c) in text.iter().enumerate() {
        match c {
            b'0'..=b'9' => n = n * 10 + u64::from(c - b'0'),
            b'.' if behind.is_none() => behind = Some(text.len() - 1 - i),
            _ => return None,
        }
    }
    // Both are exact as floats: the quotient is rounded once.
    let digits = text.len() - usize::from(behind.is_some());
    if digits == 0 || n > 1 << 53 {
        return None;
    }
    Some(n as f64 / TENS[behind.unwrap_or(0)] as f64)
}

/// Text of a finite, non-negative float. `kind`: one of e, f, g, r (shortest), upper case set by the caller.
/// `add_dot_zero`: `r` and `g` without precision show ".0" on integral values.
pub fn digits(f: f64, kind: char, precision: usize, alternate: bool, add_dot_zero: bool) -> Text {
    let mut text = Text::default();
    match kind {
        'e' | 'f' => write_digits(&mut text, f, kind, precision),
        'g' => general(&mut text, f, precision.max(1), alternate),
        _ => {
            write_repr(&mut text, f);
            if !add_dot_zero && text.ends_with(b".0") {
                text.bytes.truncate(text.len() - 2);
            }
        }
    }
    if alternate && !text.has(b".") {
        let at = text.iter().position(|b| *b == b'e').unwrap_or(text.len());
        text.bytes.insert(at, b'.');
    } else if add_dot_zero && kind == 'g' && !text.has(b".e") {
        text.extend(b".0");
    }
    text
}

/// As [`digits`], of the kinds e, f and g, appended.
pub fn write_digits(text: &mut Text, f: f64, kind: char, precision: usize) {
    match kind {
        'e' => exponent(text, f, precision),
        'g' => general(text, f, precision.max(1), false),
        _ if quick_fixed(text, f, precision) => {}
        _ => {
            let _ = write!(text, "{:.*}", precision.min(EXACT), f);
            text.zeros(precision.saturating_sub(EXACT));
        }
    }
}

/// No float has more digits than this behind its point; the formatting of the standard library takes no more than 65535.
const EXACT: usize = 1100;

/// The powers of ten that multiply any mantissa within 127 bits.
static TENS: [u128; 23] = {
    let mut tens = [1; 23];
    let mut i = 1;
    while i < tens.len() {
        tens[i] = 10 * tens[i - 1];
        i += 1;
    }
    tens
};

/// `f * 10^scale` as the nearest whole number (ties to even), when that fits a word. Exact: the mantissa times the power of ten is
/// a whole number of at most 127 bits, and what the shift drops decides.
fn scaled(f: f64, scale: usize) -> Option<u64> {
    let bits = f.to_bits();
    let (field, fraction) = (bits >> 52 & 0x7ff, bits & ((1 << 52) - 1));
    let (mantissa, exponent) = if field == 0 { (fraction, -1074) } else { (fraction | 1 << 52, field as i32 - 1075) };
    let product = mantissa as u128 * *TENS.get(scale)?;
    let rounded = match exponent {
        0..=10 if product >> 64 == 0 => product << exponent,
        0.. => return None,
        // Less than half of one.
        ..=-128 => 0,
        _ => {
            let shift = exponent.unsigned_abs();
            let (whole, rest) = (product >> shift, product & ((1 << shift) - 1));
            let half = 1 << (shift - 1);
            if rest > half || (rest == half && whole & 1 == 1) { whole + 1 } else { whole }
        }
    };
    u64::try_from(rounded).ok()
}

/// `precision` digits behind the point, when a word holds all digits.
fn quick_fixed(out: &mut Text, f: f64, precision: usize) -> bool {
    let Some(n) = scaled(f, precision) else { return false };
    let mut room = [0; 64];
    let digits = crate::int::small_digits(n, 10, &mut room);
    let whole = digits.len().saturating_sub(precision);
    match &digits[..whole] {
        [] => out.push(b'0'),
        all => out.extend(all),
    }
    if precision > 0 {
        out.push(b'.');
        out.zeros(precision.saturating_sub(digits.len()));
        out.extend(&digits[whole..]);
    }
    true
}

/// As [`scientific`], for numbers and precisions of everyday size.
fn quick_scientific(f: f64, precision: usize) -> Option<(Text, i32)> {
    if precision > 16 || !(1e-10..1e22).contains(&f) {
        return None;
    }
    // At most one off, which the number of digits shows.
    let mut e = f.log10().floor() as i32;
    let (least, end) = (TENS[precision] as u64, TENS[precision + 1] as u64);
    let mut n = scaled(f, usize::try_from(precision as i32 - e).ok()?)?;
    if n < least || n >= end {
        e += if n < least { -1 } else { 1 };
        n = scaled(f, usize::try_from(precision as i32 - e).ok()?)?;
    }
    if n < least || n >= end {
        return None;
    }
    let mut room = [0; 64];
    let digits = crate::int::small_digits(n, 10, &mut room);
    let mut text = Text::default();
    text.push(digits[0]);
    if precision > 0 {
        text.push(b'.');
        text.extend(&digits[1..]);
    }
    Some((text, e))
}

/// Mantissa `d.ddd` with `precision` digits behind the point, and the exponent.
fn scientific(f: f64, precision: usize) -> (Text, i32) {
    if let Some(quick) = quick_scientific(f, precision) {
        return quick;
    }
    let mut text = Text::default();
    let _ = write!(text, "{:.*e}", precision.min(EXACT), f);
    let at = text.iter().rposition(|b| *b == b'e').unwrap_or(text.len());
    let e = small_number(text.get(at + 1..).unwrap_or(&[]));
    text.bytes.truncate(at);
    (text, e)
}

fn exponent(out: &mut Text, f: f64, precision: usize) {
    let (mantissa, e) = scientific(f, precision);
    out.extend(&mantissa);
    out.zeros(precision.saturating_sub(EXACT));
    out.exponent(e);
}

fn general(out: &mut Text, f: f64, precision: usize, alternate: bool) {
    let (mantissa, e) = scientific(f, precision.min(EXACT) - 1);
    let first = mantissa.first().copied().unwrap_or(b'0');
    let mut rest = mantissa.get(2..).unwrap_or(&[]);
    if !alternate {
        let zeros = rest.iter().rev().take_while(|b| **b == b'0').count();
        rest = &rest[..rest.len() - zeros];
    }
    let padding = if alternate { precision.saturating_sub(EXACT) } else { 0 };
    if e < -4 || e >= precision.min(EXACT) as i32 {
        out.push(first);
        if !rest.is_empty() {
            out.push(b'.');
            out.extend(rest);
        }
        out.zeros(padding);
        return out.exponent(e);
    }
    if e < 0 {
        out.extend(b"0.");
        out.zeros(e.unsigned_abs() as usize - 1);
        out.push(first);
        out.extend(rest);
    } else {
        let whole = (e as usize).min(rest.len());
        out.push(first);
        out.extend(&rest[..whole]);
        out.zeros(e as usize - whole);
        if rest.len() > whole {
            out.push(b'.');
            out.extend(&rest[whole..]);
        }
    }
    out.zeros(padding);
}

/// A precision without a type: like `g`, but with at least one digit after the point, and exponents from the precision on.
pub fn without_type(f: f64, precision: usize, alternate: bool) -> Text {
    // No float has more digits.
    let precision = precision.clamp(1, EXACT);
    let mut text = digits(f, 'g', precision, alternate, false);
    if text.has(b"e") || (!alternate && text.has(b".")) {
        return text;
    }
    let (mantissa, e) = scientific(f, precision - 1);
    if e == precision as i32 - 1 {
        // All digits stand before the point.
        let mut kept = &mantissa[..];
        if !alternate {
            let zeros = kept.iter().rev().take_while(|b| **b == b'0').count();
            kept = match &kept[..kept.len() - zeros] {
                [] => b"0",
                [start @ .., b'.'] => start,
                all => all,
            };
        }
        let mut out = Text::default();
        out.extend(kept);
        if alternate && kept.len() == 1 {
            out.push(b'.');
        }
        out.exponent(e);
        return out;
    }
    if !alternate {
        text.extend(b".0");
    }
    text
}
