//! `Decimal.__format__`: the format specification mini-language, on decimal digits.

use super::context::Context;
use super::number::{Ctx, Number};
use super::slots;
use super::value::Decimal;
use crate::support::import;
use ophi_runtime::objects::int;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Raised, Ref, Res, Str, Value, Vm};

struct Spec {
    fill: u32,
    align: u32,
    sign: u32,
    no_negative_zero: bool,
    alternate: bool,
    zero_padded: bool,
    width: usize,
    grouping: Option<char>,
    precision: Option<i64>,
    fraction_grouping: Option<char>,
    kind: char,
    locale: bool,
}

/// The signs of a locale.
struct Style {
    point: Vec<u32>,
    separator: Vec<u32>,
    /// Sizes of groups from the right; 0 ends with "repeat the last", 127 with "no more".
    groups: Vec<u32>,
}

#[cold]
fn invalid(vm: &Vm) -> Raised {
    vm.value_error("invalid format string")
}

fn parse(vm: &Vm, text: &[u32], capitals: bool) -> Res<Spec> {
    let at = |i: usize| text.get(i).copied().and_then(char::from_u32).unwrap_or('\0');
    let is_align = |i: usize| i < text.len() && matches!(at(i), '<' | '>' | '=' | '^');
    let general = if capitals { 'G' } else { 'g' };
    let mut spec = Spec {
        fill: u32::from(' '),
        align: u32::from('>'),
        sign: u32::from('-'),
        no_negative_zero: false,
        alternate: false,
        zero_padded: false,
        width: 0,
        grouping: None,
        precision: None,
        fraction_grouping: None,
        kind: general,
        locale: false,
    };
    let mut i = 0;
    let mut deprecated = false;
    let mut aligned = true;
    if is_align(1) {
        (spec.fill, spec.align) = (text[0], text[1]);
        i = 2;
    } else if is_align(0) {
        spec.align = text[0];
        i = 1;
    } else {
        aligned = false;
    }
    if matches!(at(i), '+' | '-' | ' ') {
        spec.sign = text[i];
        i += 1;
    }
    for (letter, flag) in [('z', &mut spec.no_negative_zero), ('#', &mut spec.alternate)] {
        if at(i) == letter {
            *flag = true;
            i += 1;
        }
    }
    if at(i) == '0' {
        if aligned {
            return Err(invalid(vm));
        }
        spec.zero_padded = true;
        spec.fill = u32::from('0');
        spec.align = u32::from('=');
        i += 1;
    }
    let number = |i: &mut usize| -> Option<i64> {
        let start = *i;
        let mut n = 0i64;
        while let Some(d) = at(*i).to_digit(10) {
            n = n.saturating_mul(10).saturating_add(i64::from(d));
            *i += 1;
        }
        (*i > start).then_some(n.min(i64::MAX - 1))
    };
    let start = i;
    spec.width = number(&mut i).unwrap_or(0) as usize;
    if spec.width >= (i64::MAX - 1) as usize {
        // 19 digits could still be written in a machine word.
        return Err(match i - start {
            0..=19 => vm.value_error("format specification exceeds internal limits of _decimal"),
            _ => vm.overflow_error("cannot fit 'int' into an index-sized integer"),
        });
    }
    if matches!(at(i), ',' | '_') {
        spec.grouping = Some(at(i));
        i += 1;
    }
    if at(i) == '.' {
        i += 1;
        spec.precision = number(&mut i);
        if matches!(at(i), ',' | '_') {
            spec.fraction_grouping = Some(at(i));
            i += 1;
        }
        if spec.precision.is_none() && spec.fraction_grouping.is_none() {
            return Err(invalid(vm));
        }
    }
    if i < text.len() {
        spec.kind = match at(i) {
            k @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G' | '%') => k,
            'n' | 'N' if spec.grouping.is_some() => return Err(invalid(vm)),
            'n' => {
                spec.locale = true;
                'g'
            }
            'N' => {
                deprecated = true;
                spec.locale = true;
                'G'
            }
            _ => return Err(invalid(vm)),
        };
        i += 1;
    }
    if i != text.len() {
        return Err(invalid(vm));
    }
    if deprecated {
        vm.warn(
            &ophi_runtime::objects::exceptions::DEPRECATION_WARNING,
            "Format specifier 'N' is deprecated and slated for removal in Python 3.18",
            1,
        )?;
    }
    if spec.precision == Some(0) && matches!(spec.kind, 'g' | 'G') {
        spec.precision = Some(1);
    }
    Ok(spec)
}

fn points(text: &str) -> Vec<u32> {
    text.chars().map(u32::from).collect()
}

/// The style of the locale, or of a dict given instead.
fn locale_style(vm: &Vm, given: Option<&Value>) -> Res<Style> {
    let conventions = match given {
        Some(given) => given.clone(),
        None => vm.call_method_str(&import(vm, "_locale")?, "localeconv", &[])?,
    };
    let Some(dict) = conventions.downcast::<Dict>() else {
        return Err(vm.type_error("optional argument must be a dict"));
    };
    let mut style = Style { point: points("."), separator: Vec::new(), groups: Vec::new() };
    let text = |name: &str| -> Res<Option<Vec<u32>>> {
        match dict.get_text(vm, name)? {
            Some(value) => match value.downcast::<Str>() {
                Some(text) => Ok(Some(text.code_points().collect())),
                None => Err(vm.type_error("bad argument type for built-in operation")),
            },
            None => Ok(None),
        }
    };
    if let Some(point) = text("decimal_point")? {
        style.point = point;
    }
    if let Some(separator) = text("thousands_sep")? {
        style.separator = separator;
    }
    match dict.get_text(vm, "grouping")? {
        // An override gives the groups as characters.
        Some(value) if value.is_a::<Str>() => {
            style.groups = value.downcast::<Str>().map(|text| text.code_points().collect()).unwrap_or_default();
        }
        Some(value) => {
            for group in vm.collect(&value)? {
                style.groups.push(int::view(&group).and_then(|g| g.to_i64()).unwrap_or(0) as u32);
            }
        }
        None => {}
    }
    if given.is_some() && (style.point.len() != 1 || style.separator.len() > 1 || style.groups.iter().any(|g| *g > 127))
    {
        return Err(vm.value_error("invalid override dict"));
    }
    Ok(style)
}

pub fn format(vm: &Vm, this: &Ref<Decimal>, spec: &Value, given: Option<&Value>, context: &Ref<Context>) -> Res {
    let Some(text) = spec.downcast::<Str>() else { return Err(vm.type_error("format arg must be str")) };
    if text.is_empty() && given.is_none() {
        return Ok(vm.new_ascii(&slots::text(vm, this, false, Some(context))?)?.into_value());
    }
    let capitals = context.settings.get().capitals;
    let text: smallvec::SmallVec<[u32; 16]> = text.code_points().collect();
    let spec = parse(vm, &text, capitals)?;
    let style = match given {
        Some(given) => locale_style(vm, Some(given))?,
        None if spec.locale => locale_style(vm, None)?,
        None => Style { point: points("."), separator: Vec::new(), groups: Vec::new() },
    };
    let style = match spec.grouping {
        Some(separator) => Style { separator: vec![separator as u32], groups: vec![3, 0], ..style },
        None if spec.locale => style,
        None => Style { separator: Vec::new(), groups: Vec::new(), ..style },
    };
    vm.check_room(spec.width)?;
    let mut n = this.number.clone();
    if !n.is_finite() {
        let negative = n.negative;
        n.negative = false;
        let mut body: Vec<u32> = n.to_text(false, true).into_iter().map(u32::from).collect();
        if spec.kind == '%' {
            body.push(u32::from('%'));
        }
        // Zeros are for digits.
        let spec = match spec.zero_padded {
            true => Spec { fill: u32::from(' '), align: u32::from('>'), ..spec },
            false => spec,
        };
        return finish(vm, &spec, sign(&spec, negative), body);
    }
    if spec.kind == '%' {
        n.exponent += 2;
    }
    let Some(n) = context.run(vm, |ctx| rounded(ctx, &n, &spec))? else { return Err(vm.no_memory()) };
    let negative = n.negative && !(spec.no_negative_zero && n.coefficient.is_zero());
    if matches!(spec.kind, 'f' | 'F')
        && style.separator.is_empty()
        && spec.fraction_grouping.is_none()
        && !spec.alternate
        && !spec.zero_padded
        && !spec.locale
        && given.is_none()
    {
        return positional(vm, &spec, negative, &n);
    }
    let (whole, fraction, exponent) = digits(&n, &spec);
    let mut rest: Vec<u32> = Vec::new();
    if !fraction.is_empty() || spec.alternate {
        rest.extend_from_slice(&style.point);
        for (i, digit) in fraction.iter().enumerate() {
            if let Some(separator) = spec.fraction_grouping.filter(|_| i > 0 && i % 3 == 0) {
                rest.push(separator as u32);
            }
            rest.push(u32::from(*digit));
        }
    }
    if exponent != 0 || matches!(spec.kind, 'e' | 'E') {
        rest.push(if matches!(spec.kind, 'e' | 'g') { u32::from('e') } else { u32::from('E') });
        rest.extend(points(&format!("{exponent:+}")));
    }
    if spec.kind == '%' {
        rest.push(u32::from('%'));
    }
    let sign = sign(&spec, negative);
    let room = if spec.zero_padded { spec.width.saturating_sub(rest.len() + sign.len()) } else { 0 };
    let mut body = grouped(&whole, &style, room);
    body.extend(rest);
    finish(vm, &spec, sign, body)
}

/// A finite number without exponent and groups, the usual case.
fn positional(vm: &Vm, spec: &Spec, negative: bool, n: &Number) -> Res {
    let mut digits = Vec::with_capacity(48);
    n.coefficient.push_digits(&mut digits);
    if n.exponent >= 0 {
        digits.extend(std::iter::repeat_n(b'0', n.exponent as usize));
    } else {
        let fraction = -n.exponent as usize;
        if digits.len() <= fraction {
            digits.splice(..0, std::iter::repeat_n(b'0', fraction + 1 - digits.len()));
        }
        digits.insert(digits.len() - fraction, b'.');
    }
    let sign = match char::from_u32(spec.sign) {
        _ if negative => Some(u32::from('-')),
        Some('+' | ' ') => Some(spec.sign),
        _ => None,
    };
    let missing = spec.width.saturating_sub(digits.len() + usize::from(sign.is_some()));
    let (before, between, after) = match char::from_u32(spec.align) {
        Some('<') => (0, 0, missing),
        Some('^') => (missing / 2, 0, missing - missing / 2),
        Some('=') => (0, missing, 0),
        _ => (missing, 0, 0),
    };
    let mut out = Builder::with_capacity(digits.len() + missing + 1);
    out.repeat(spec.fill, before);
    if let Some(sign) = sign {
        out.push(sign);
    }
    out.repeat(spec.fill, between);
    out.push_ascii(core::str::from_utf8(&digits).unwrap_or_default());
    out.repeat(spec.fill, after);
    Ok(out.finish(vm)?.into_value())
}

/// The number with the digits that the precision asks for.
fn rounded(ctx: &mut Ctx<'_>, n: &Number, spec: &Spec) -> Option<Number> {
    let mut n = n.clone();
    if let Some(precision) = spec.precision {
        let rounding = ctx.rounding;
        let significant = |ctx: &mut Ctx<'_>, n: Number, places: i64| -> Option<Number> {
            if n.is_zero() {
                return Some(n);
            }
            let once = ctx.rescaled(&n, n.adjusted() + 1 - places, rounding)?;
            if once.adjusted() == n.adjusted() {
                return Some(once);
            }
            // A carry made it longer.
            ctx.rescaled(&once, once.adjusted() + 1 - places, rounding)
        };
        n = match spec.kind {
            'e' | 'E' => significant(ctx, n, precision.checked_add(1)?)?,
            'f' | 'F' | '%' => ctx.rescaled(&n, -precision, rounding)?,
            _ if n.digits() > precision => significant(ctx, n, precision)?,
            _ => n,
        };
    }
    if n.is_zero() && n.exponent > 0 && matches!(spec.kind, 'f' | 'F' | '%') {
        n.exponent = 0;
    }
    if matches!(spec.kind, 'f' | 'F' | '%') && !ctx.fits(n.digits() + n.exponent.abs()) {
        return None;
    }
    Some(n)
}

/// Digits before and after the point, and the exponent.
fn digits(n: &Number, spec: &Spec) -> (Vec<u8>, Vec<u8>, i64) {
    let mut all = Vec::new();
    n.coefficient.push_digits(&mut all);
    let length = all.len() as i64;
    let left = n.exponent + length;
    let point = match spec.kind {
        'e' | 'E' => match spec.precision {
            Some(precision) if n.is_zero() => 1 - precision,
            _ => 1,
        },
        'f' | 'F' | '%' => left,
        _ if n.exponent <= 0 && left > -6 => left,
        _ => 1,
    };
    let zeros = |count: i64| std::iter::repeat_n(b'0', usize::try_from(count).unwrap_or(0));
    let (whole, fraction) = if point < 0 {
        (vec![b'0'], zeros(-point).chain(all).collect())
    } else if point > length {
        all.extend(zeros(point - length));
        (all, Vec::new())
    } else {
        let fraction = all.split_off(point as usize);
        (if all.is_empty() { vec![b'0'] } else { all }, fraction)
    };
    (whole, fraction, left - point)
}

fn sign(spec: &Spec, negative: bool) -> Vec<u32> {
    match char::from_u32(spec.sign) {
        _ if negative => vec![u32::from('-')],
        Some('+' | ' ') => vec![spec.sign],
        _ => Vec::new(),
    }
}

/// Digits in groups, with zeros in front until `room` is filled.
fn grouped(digits: &[u8], style: &Style, room: usize) -> Vec<u32> {
    // The size of the n-th group from the right; `None`: it has no end.
    let size_of = |n: usize| -> Option<usize> {
        if style.separator.is_empty() {
            return None;
        }
        let mut last = None;
        for size in style.groups.iter().take(n + 1) {
            match size {
                0 => break,
                127 => return None,
                size => last = Some(*size as usize),
            }
        }
        last
    };
    let mut out: Vec<u32> = Vec::new();
    let (mut group, mut in_group, mut taken) = (0, 0, 0);
    while taken < digits.len() || out.len() < room {
        if size_of(group) == Some(in_group) {
            out.extend(style.separator.iter().rev());
            group += 1;
            in_group = 0;
        }
        let digit = digits.len().checked_sub(taken + 1).map_or(b'0', |i| digits[i]);
        out.push(u32::from(digit));
        taken += 1;
        in_group += 1;
    }
    out.reverse();
    out
}

fn finish(vm: &Vm, spec: &Spec, sign: Vec<u32>, body: Vec<u32>) -> Res {
    let missing = spec.width.saturating_sub(sign.len() + body.len());
    let fill = |n: usize| std::iter::repeat_n(spec.fill, n);
    let out: Vec<u32> = match char::from_u32(spec.align) {
        Some('<') => sign.into_iter().chain(body).chain(fill(missing)).collect(),
        Some('^') => fill(missing / 2).chain(sign).chain(body).chain(fill(missing - missing / 2)).collect(),
        Some('=') => sign.into_iter().chain(fill(missing)).chain(body).collect(),
        _ => fill(missing).chain(sign).chain(body).collect(),
    };
    Ok(vm.new_str_from_code_points(&out)?.into_value())
}
