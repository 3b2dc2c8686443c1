//! Integers, floats and complex numbers by a format specification.

use super::float;
use super::spec::{Align, Spec, pad, parse, unknown_code};
use crate::objects::int::IntView;
use crate::objects::str::Data;
use crate::objects::str::build::Builder;
use crate::objects::{complex, float as float_object, int};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value};
use num_traits::Signed;

/// Digits grouped from the right.
fn grouped(digits: &[u8], separator: char, group: usize) -> Vec<u8> {
    let n = digits.len();
    let mut out = Vec::with_capacity(n + n / group);
    for (i, c) in digits.iter().enumerate() {
        if i > 0 && (n - i).is_multiple_of(group) {
            out.push(separator as u8);
        }
        out.push(*c);
    }
    out
}

/// Digits of a fraction grouped from the left.
fn grouped_fraction(digits: &[u8], separator: char) -> Vec<u8> {
    let mut out = Vec::new();
    for (i, c) in digits.iter().enumerate() {
        if i > 0 && i.is_multiple_of(3) {
            out.push(separator as u8);
        }
        out.push(*c);
    }
    out
}

/// Sign, prefix, digits and the rest, padded and grouped. `whole` are the digits that groups and zero filling touch.
struct Layout<'a> {
    sign: &'a [u8],
    prefix: &'a [u8],
    whole: &'a [u8],
    rest: &'a [u8],
    group: usize,
}

fn lay_out(vm: &Vm, spec: &Spec, parts: Layout<'_>) -> Res {
    let width = spec.width.unwrap_or(0);
    vm.check_room(width)?;
    let fixed = parts.sign.len() + parts.prefix.len() + parts.rest.len();
    let zero_filled = spec.align == Some(Align::AfterSign) && spec.fill == '0' as u32;
    let mut whole = parts.whole;
    let regrouped;
    // Infinities and NaN have no digits to group.
    if let Some(separator) = spec.grouping.filter(|_| !whole.is_empty()) {
        let mut digits = whole.to_vec();
        if zero_filled {
            // Zeros join the groups: add digits until the grouped text is wide enough.
            let room = width.saturating_sub(fixed);
            while grouped_len(digits.len(), parts.group) < room {
                digits.insert(0, b'0');
            }
        }
        regrouped = grouped(&digits, separator, parts.group);
        whole = &regrouped;
    }
    let len = fixed + whole.len();
    let mut out = Builder::with_capacity(width.max(len));
    let ascii = |out: &mut Builder, text: &[u8]| out.push_data(Data::Ascii(text));
    if spec.align == Some(Align::AfterSign) {
        ascii(&mut out, parts.sign);
        ascii(&mut out, parts.prefix);
        out.repeat(spec.fill, width.saturating_sub(len));
        ascii(&mut out, whole);
        ascii(&mut out, parts.rest);
    } else {
        pad(&mut out, spec, len, Align::Right, |out| {
            ascii(out, parts.sign);
            ascii(out, parts.prefix);
            ascii(out, whole);
            ascii(out, parts.rest);
        });
    }
    Ok(out.finish(vm)?.into_value())
}

fn grouped_len(digits: usize, group: usize) -> usize {
    digits + digits.saturating_sub(1) / group
}

fn sign_text(negative: bool, spec: &Spec) -> &'static [u8] {
    match (negative, spec.sign) {
        (true, _) => b"-",
        (false, Some('+')) => b"+",
        (false, Some(' ')) => b" ",
        _ => b"",
    }
}

/// By a specification of nothing but a type: most are that short.
fn short_int(vm: &Vm, value: &Value, spec: &Str) -> Option<Res> {
    let radix = match spec.as_ascii()?.as_bytes() {
        b"d" => 10,
        b"x" => 16,
        b"o" => 8,
        b"b" => 2,
        _ => return None,
    };
    let i = value.as_small_int()?;
    let mut room = [0u8; 64];
    let len = ophi_number_text::int::small_digits(i.unsigned_abs(), radix, &mut room).len();
    // 62 digits at most: there is room for the sign.
    let mut start = room.len() - len;
    if i < 0 {
        start -= 1;
        room[start] = b'-';
    }
    Some(match &room[start..] {
        &[digit] => vm.single(digit.into()).map(Ref::into_value),
        text => vm.new_ascii(text).map(Ref::into_value),
    })
}

/// By a specification of nothing but a precision of one or two digits and a type, of a finite float.
fn short_float(vm: &Vm, value: &Value, spec: &Str) -> Option<Res> {
    let digit = |c: &u8| c.is_ascii_digit().then_some(usize::from(c.wrapping_sub(b'0')));
    let (precision, kind) = match spec.as_ascii()?.as_bytes() {
        [kind] => (6, kind),
        [b'.', unit, kind] => (digit(unit)?, kind),
        [b'.', ten, unit, kind] => (digit(ten)? * 10 + digit(unit)?, kind),
        _ => return None,
    };
    let kind = match kind {
        b'e' | b'f' | b'g' => char::from(*kind),
        _ => return None,
    };
    let f = value.as_small_float()?;
    let mut text = float::Text::default();
    if f.is_sign_negative() {
        text.push(b'-');
    }
    float::write_digits(&mut text, f.abs(), kind, precision);
    Some(vm.new_ascii(&text).map(Ref::into_value))
}

/// `int.__format__`.
pub fn format_int(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    if let Some(text) = short_int(vm, value, spec) {
        return text;
    }
    let parsed = parse(vm, spec, value, true)?;
    let view = || int::view(value).ok_or_else(|| vm.type_error("an integer is required"));
    let kind = parsed.kind.and_then(char::from_u32);
    match kind {
        None | Some('d' | 'b' | 'o' | 'x' | 'X' | 'c' | 'n') => {}
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            let f = vm.new_float(int::slots::as_f64(vm, view()?)?)?;
            return format_float_as(vm, &f, &parsed, value);
        }
        _ => return Err(unknown_code(vm, parsed.kind.unwrap_or(0), value)),
    }
    if parsed.precision.is_some() {
        return Err(vm.value_error("Precision not allowed in integer format specifier"));
    }
    if parsed.no_negative_zero {
        return Err(vm.value_error("Negative zero coercion (z) not allowed in integer format specifier"));
    }
    if kind == Some('c') {
        if parsed.sign.is_some() {
            return Err(vm.value_error("Sign not allowed with integer format specifier 'c'"));
        }
        if parsed.alternate {
            return Err(vm.value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
        }
        let Some(c) = view()?.to_i64() else {
            return Err(vm.overflow_error("Python int too large to convert to C long"));
        };
        if !(0..=0x10ffff).contains(&c) {
            return Err(vm.overflow_error("%c arg not in range(0x110000)"));
        }
        vm.check_room(parsed.width.unwrap_or(0))?;
        let mut out = Builder::new();
        pad(&mut out, &parsed, 1, Align::Left, |out| out.push(c as u32));
        return Ok(out.finish(vm)?.into_value());
    }
    let (radix, prefix, group) = match kind {
        Some('b') => (2, &b"0b"[..], 4),
        Some('o') => (8, &b"0o"[..], 4),
        Some('x') => (16, &b"0x"[..], 4),
        Some('X') => (16, &b"0X"[..], 4),
        _ => (10, &b""[..], 3),
    };
    let mut room = [0u8; 64];
    let (mut few, mut long);
    let (negative, digits) = if let Some(i) = value.as_small_int() {
        (i < 0, ophi_number_text::int::small_digits(i.unsigned_abs(), radix, &mut room))
    } else if let Some(limbs) = int::limbs(value, &mut 0) {
        few = int::convert::words_digits(vm, int::Limbs { negative: false, ..limbs }, radix)?;
        (limbs.negative, &mut few[..])
    } else if let IntView::Big(b) = view()? {
        long = match radix {
            10 => int::convert::to_decimal(vm, &b.abs())?,
            radix => b.magnitude().to_str_radix(radix),
        }
        .into_bytes();
        (b.is_negative(), &mut long[..])
    } else {
        return Err(vm.type_error("an integer is required"));
    };
    if kind == Some('X') {
        digits.make_ascii_uppercase();
    }
    let parts = Layout {
        sign: sign_text(negative, &parsed),
        prefix: if parsed.alternate { prefix } else { b"" },
        whole: digits,
        rest: b"",
        group,
    };
    lay_out(vm, &parsed, parts)
}

/// `float.__format__`.
pub fn format_float(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    if let Some(text) = short_float(vm, value, spec) {
        return text;
    }
    let parsed = parse(vm, spec, value, true)?;
    format_float_as(vm, value, &parsed, value)
}

/// What of digits a C `int` counts, with room for the rest of the number.
pub fn check_precision(vm: &Vm, precision: usize) -> Res<()> {
    if precision >= i32::MAX as usize - 1023 {
        return Err(vm.value_error("precision too big"));
    }
    vm.check_room(precision)
}

fn format_float_as(vm: &Vm, value: &Value, spec: &Spec, shown_for: &Value) -> Res {
    format_float_with(vm, value, spec, shown_for, true)
}

/// `dot_zero`: without a type, integral values show ".0" (floats do, the parts of complex numbers do not).
fn format_float_with(vm: &Vm, value: &Value, spec: &Spec, shown_for: &Value, dot_zero: bool) -> Res {
    let Some(f) = float_object::view(value) else { return Err(vm.type_error("a float is required")) };
    let kind = spec.kind.and_then(char::from_u32);
    let (base, upper, percent) = match kind {
        None => (if spec.precision.is_some() { 'g' } else { 'r' }, false, false),
        Some(k @ ('e' | 'f' | 'g')) => (k, false, false),
        Some(k @ ('E' | 'F' | 'G')) => (k.to_ascii_lowercase(), true, false),
        Some('n') => ('g', false, false),
        Some('%') => ('f', false, true),
        _ => return Err(unknown_code(vm, spec.kind.unwrap_or(0), shown_for)),
    };
    let precision = spec.precision.unwrap_or(6);
    check_precision(vm, precision)?;
    let scaled = if percent { f * 100.0 } else { f };
    let mut negative = scaled.is_sign_negative() && !scaled.is_nan();
    let mut text = if scaled.is_finite() {
        let text = if kind.is_none() && spec.precision.is_some() {
            float::without_type(scaled.abs(), precision, spec.alternate)
        } else {
            float::digits(scaled.abs(), base, precision, spec.alternate, kind.is_none() && dot_zero)
        };
        if negative && spec.no_negative_zero && !text.iter().any(|b| b.is_ascii_digit() && *b != b'0') {
            negative = false;
        }
        text
    } else {
        float::Text::of(if scaled.is_nan() { "nan" } else { "inf" })
    };
    if upper {
        text.make_uppercase();
    }
    if percent {
        text.push(b'%');
    }
    let whole_end =
        if scaled.is_finite() { text.iter().position(|b| !b.is_ascii_digit()).unwrap_or(text.len()) } else { 0 };
    let (whole, mut rest) = text.split_at(whole_end);
    let regrouped;
    if let Some(separator) = spec.fraction_grouping
        && let Some(fraction) = rest.strip_prefix(b".")
    {
        let end = fraction.iter().position(|b| !b.is_ascii_digit()).unwrap_or(fraction.len());
        regrouped = [b".", &grouped_fraction(&fraction[..end], separator)[..], &fraction[end..]].concat();
        rest = &regrouped;
    }
    let parts = Layout { sign: sign_text(negative, spec), prefix: b"", whole, rest, group: 3 };
    lay_out(vm, spec, parts)
}

/// `complex.__format__`.
pub fn format_complex(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    let parsed = parse(vm, spec, value, true)?;
    let Some((re, im)) = complex::view(value) else { return Err(vm.type_error("a complex is required")) };
    let kind = parsed.kind.and_then(char::from_u32);
    if !matches!(kind, None | Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'n')) {
        return Err(unknown_code(vm, parsed.kind.unwrap_or(0), value));
    }
    if parsed.fill == '0' as u32 {
        return Err(vm.value_error("Zero padding is not allowed in complex format specifier"));
    }
    if parsed.align == Some(Align::AfterSign) {
        return Err(vm.value_error("'=' alignment flag is not allowed in complex format specifier"));
    }
    let mut part = parsed.clone();
    part.width = None;
    part.align = None;
    let text_of = |f: f64, sign: Option<char>| -> Res<String> {
        let mut p = part.clone();
        p.sign = sign;
        if kind.is_none() && p.precision.is_some() {
            p.kind = Some('g' as u32);
        }
        let v = vm.new_float(f)?;
        let text = format_float_with(vm, &v, &p, value, false)?;
        Ok(vm.str(&text)?.to_utf8_lossy().into_owned())
    };
    let plain = kind.is_none();
    let skip_real = plain && re == 0.0 && re.is_sign_positive();
    let imaginary = text_of(im, if skip_real { parsed.sign } else { Some('+') })?;
    let body = if skip_real {
        format!("{imaginary}j")
    } else {
        let real = text_of(re, parsed.sign)?;
        if plain { format!("({real}{imaginary}j)") } else { format!("{real}{imaginary}j") }
    };
    vm.check_room(parsed.width.unwrap_or(0))?;
    let mut out = Builder::new();
    pad(&mut out, &parsed, body.len(), Align::Right, |out| out.push_ascii(&body));
    Ok(out.finish(vm)?.into_value())
}
