//! Integers, floats and complex numbers by a format specification.

use super::float;
use super::spec::{Align, Spec, pad, parse, unknown_code};
use crate::objects::{complex, float as float_object, int};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value};
use num_traits::{Signed, ToPrimitive};

/// Digits grouped from the right.
fn grouped(digits: &str, separator: char, group: usize) -> String {
    let n = digits.len();
    let mut out = String::with_capacity(n + n / group);
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (n - i).is_multiple_of(group) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// Digits of a fraction grouped from the left.
fn grouped_fraction(digits: &str, separator: char) -> String {
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && i.is_multiple_of(3) {
            out.push(separator);
        }
        out.push(c);
    }
    out
}

/// Sign, prefix, digits and the rest, padded and grouped. `whole` are the digits that groups and zero filling touch.
struct Layout<'a> {
    sign: &'a str,
    prefix: &'a str,
    whole: &'a str,
    rest: &'a str,
    group: usize,
}

fn lay_out(vm: &Vm, spec: &Spec, parts: Layout<'_>) -> Res<Vec<u32>> {
    let width = spec.width.unwrap_or(0);
    if !vm.heap().charge(width) {
        return Err(vm.no_memory());
    }
    vm.heap().discharge(width);
    let mut whole = parts.whole.to_string();
    let fixed = parts.sign.len() + parts.prefix.len() + parts.rest.len();
    let zero_filled = spec.align == Some(Align::AfterSign) && spec.fill == '0' as u32;
    // Infinities and NaN have no digits to group.
    if let Some(separator) = spec.grouping.filter(|_| !whole.is_empty()) {
        if zero_filled {
            // Zeros join the groups: add digits until the grouped text is wide enough.
            let room = width.saturating_sub(fixed);
            while grouped_len(whole.len(), parts.group) < room {
                whole.insert(0, '0');
            }
        }
        whole = grouped(&whole, separator, parts.group);
    } else if zero_filled {
        let missing = width.saturating_sub(fixed + whole.len());
        whole.insert_str(0, &"0".repeat(missing));
    }
    if spec.align == Some(Align::AfterSign) {
        let used = fixed + whole.len();
        let missing = width.saturating_sub(used);
        let mut out: Vec<u32> = parts.sign.chars().chain(parts.prefix.chars()).map(u32::from).collect();
        out.extend(std::iter::repeat_n(spec.fill, missing));
        out.extend(whole.chars().chain(parts.rest.chars()).map(u32::from));
        return Ok(out);
    }
    let body: Vec<u32> = parts
        .sign
        .chars()
        .chain(parts.prefix.chars())
        .chain(whole.chars())
        .chain(parts.rest.chars())
        .map(u32::from)
        .collect();
    Ok(pad(spec, &body, Align::Right))
}

fn grouped_len(digits: usize, group: usize) -> usize {
    digits + digits.saturating_sub(1) / group
}

fn sign_text(negative: bool, spec: &Spec) -> &'static str {
    match (negative, spec.sign) {
        (true, _) => "-",
        (false, Some('+')) => "+",
        (false, Some(' ')) => " ",
        _ => "",
    }
}

/// `int.__format__`.
pub fn format_int(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    let parsed = parse(vm, spec, value, true)?;
    let Some(view) = int::view(value) else { return Err(vm.type_error("an integer is required")) };
    let kind = parsed.kind.and_then(char::from_u32);
    match kind {
        None | Some('d' | 'b' | 'o' | 'x' | 'X' | 'c' | 'n') => {}
        Some('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => {
            let f = vm.new_float(int::slots::as_f64(vm, view)?)?;
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
    let big = view.to_bigint();
    if kind == Some('c') {
        if parsed.sign.is_some() {
            return Err(vm.value_error("Sign not allowed with integer format specifier 'c'"));
        }
        if parsed.alternate {
            return Err(vm.value_error("Alternate form (#) not allowed with integer format specifier 'c'"));
        }
        let Some(c) = big.to_i64() else {
            return Err(vm.overflow_error("Python int too large to convert to C long"));
        };
        if !(0..=0x10ffff).contains(&c) {
            return Err(vm.overflow_error("%c arg not in range(0x110000)"));
        }
        let out = pad(&parsed, &[c as u32], Align::Left);
        return Ok(vm.new_str_from_code_points(&out)?.into_value());
    }
    let magnitude = big.abs();
    let (digits, prefix, group) = match kind {
        Some('b') => (magnitude.to_str_radix(2), "0b", 4),
        Some('o') => (magnitude.to_str_radix(8), "0o", 4),
        Some('x') => (magnitude.to_str_radix(16), "0x", 4),
        Some('X') => (magnitude.to_str_radix(16).to_uppercase(), "0X", 4),
        _ => (int::convert::to_decimal(vm, &magnitude)?, "", 3),
    };
    let parts = Layout {
        sign: sign_text(big.is_negative(), &parsed),
        prefix: if parsed.alternate { prefix } else { "" },
        whole: &digits,
        rest: "",
        group,
    };
    Ok(vm.new_str_from_code_points(&lay_out(vm, &parsed, parts)?)?.into_value())
}

/// `float.__format__`.
pub fn format_float(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    let parsed = parse(vm, spec, value, true)?;
    format_float_as(vm, value, &parsed, value)
}

fn check_precision(vm: &Vm, precision: usize) -> Res<()> {
    if precision > i32::MAX as usize {
        return Err(vm.value_error("precision too big"));
    }
    Ok(())
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
    let text = if scaled.is_finite() {
        let mut text = float::digits(scaled.abs(), base, precision, spec.alternate, kind.is_none() && dot_zero);
        if kind.is_none() && spec.precision.is_some() && !spec.alternate {
            text = without_type(scaled.abs(), precision);
        }
        if negative && spec.no_negative_zero && !text.bytes().any(|b| b.is_ascii_digit() && b != b'0') {
            negative = false;
        }
        text
    } else if scaled.is_nan() {
        "nan".to_string()
    } else {
        "inf".to_string()
    };
    let mut text = if upper { text.to_uppercase() } else { text };
    if percent {
        text.push('%');
    }
    let whole_end = text.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(text.len());
    let (whole, rest) = if scaled.is_finite() { text.split_at(whole_end) } else { ("", text.as_str()) };
    let mut rest = rest.to_string();
    if let Some(separator) = spec.fraction_grouping
        && let Some(fraction) = rest.strip_prefix('.')
    {
        let end = fraction.bytes().position(|b| !b.is_ascii_digit()).unwrap_or(fraction.len());
        rest = format!(".{}{}", grouped_fraction(&fraction[..end], separator), &fraction[end..]);
    }
    let parts = Layout { sign: sign_text(negative, spec), prefix: "", whole, rest: &rest, group: 3 };
    Ok(vm.new_str_from_code_points(&lay_out(vm, spec, parts)?)?.into_value())
}

/// A precision without a type: like `g`, but with at least one digit after the point, and exponents from the precision on.
fn without_type(f: f64, precision: usize) -> String {
    // No float has more digits.
    let precision = precision.clamp(1, 1100);
    let text = format!("{:.*e}", precision - 1, f);
    let e: i32 = text.split_once('e').and_then(|(_, e)| e.parse().ok()).unwrap_or(0);
    let mut general = float::digits(f, 'g', precision, false, false);
    // `repr` rules: an exponent as soon as all digits stand before the point.
    if e == precision as i32 - 1 && !general.contains(['e', '.']) {
        let (mantissa, _) = text.split_once('e').unwrap_or((&text, "0"));
        let mantissa =
            if mantissa.contains('.') { mantissa.trim_end_matches('0').trim_end_matches('.') } else { mantissa };
        return format!("{mantissa}e+{e:02}");
    }
    if !general.contains(['.', 'e']) {
        general.push_str(".0");
    }
    general
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
    let points: Vec<u32> = body.chars().map(u32::from).collect();
    Ok(vm.new_str_from_code_points(&pad(&parsed, &points, Align::Right))?.into_value())
}
