//! `complex(real=0, imag=0)` and `complex(text)`.

use super::{Complex, view};
use crate::objects::float;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, Str, TypeRef, Value};

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let positional = args.pos();
    if positional.len() > 2 {
        return Err(vm.type_error(format!("complex() takes at most 2 arguments ({} given)", args.values.len())));
    }
    let mut real = positional.first();
    let mut imag = positional.get(1);
    for (key, value) in args.keywords().iter() {
        let Some(k) = key.downcast::<Str>() else { continue };
        let (slot, position) = match k.as_ascii() {
            Some("real") => (&mut real, 1),
            Some("imag") => (&mut imag, 2),
            _ => {
                return Err(crate::native::unexpected_keyword(vm, "complex", args.keywords(), &["real", "imag"]));
            }
        };
        if slot.is_some() {
            return Err(vm.type_error(format!(
                "argument for complex() given by name ('{}') and position ({position})",
                k.to_utf8_lossy()
            )));
        }
        *slot = Some(value);
    }
    let single = positional.len() == 1 && !args.has_keywords();
    if let (Some(r), true) = (real, single)
        && cls.is(vm.ty_of::<Complex>())
        && r.exact::<Complex>(vm).is_some()
    {
        return Ok(r.clone());
    }
    if let Some(text) = real.and_then(|r| r.downcast::<Str>()) {
        if imag.is_some() {
            return Err(vm.type_error("complex() argument 'real' must be a real number, not str"));
        }
        let plain = crate::objects::int::construct::ascii_digits(text);
        return match parse(&plain) {
            Some((re, im)) => make(vm, cls, re, im),
            None if has_stray_underscore(up_to_unreadable(text, &plain)) => {
                let shown = vm.repr(text.as_value())?;
                Err(vm.value_error(format!("could not convert string to complex: {}", shown.to_utf8_lossy())))
            }
            None => Err(vm.value_error("complex() arg is a malformed string")),
        };
    }
    if imag.is_some_and(|i| i.is_a::<Str>()) {
        return Err(vm.type_error("complex() argument 'imag' must be a real number, not str"));
    }
    let (mut re, mut im) = (0.0, 0.0);
    let mut real_is_complex = false;
    if let Some(r) = real {
        (re, im) = match part(vm, r, true)? {
            Some((parts, is_complex)) => {
                if is_complex && !single {
                    not_real(vm, "real", r)?;
                }
                real_is_complex = is_complex;
                parts
            }
            None => {
                return Err(vm.type_error(if imag.is_none() && positional.len() == 1 {
                    format!("complex() argument must be a string or a number, not {}", vm.class(r).qualified_name(vm))
                } else {
                    format!("complex() argument 'real' must be a real number, not {}", vm.type_name(r))
                }));
            }
        };
    }
    if let Some(i) = imag {
        match part(vm, i, false)? {
            Some(((x, y), is_complex)) => {
                if is_complex {
                    not_real(vm, "imag", i)?;
                    re -= y;
                }
                // A sum would lose the sign of a negative zero.
                im = if real_is_complex { im + x } else { x };
            }
            None => {
                return Err(
                    vm.type_error(format!("complex() argument 'imag' must be a real number, not {}", vm.type_name(i)))
                );
            }
        }
    }
    make(vm, cls, re, im)
}

fn make(vm: &Vm, cls: &TypeRef, re: f64, im: f64) -> Res {
    Ok(vm.new_instance(cls, Complex { re, im })?.into_value())
}

/// The deprecated use of complex numbers as parts.
#[cold]
fn not_real(vm: &Vm, parameter: &str, value: &Value) -> Res<()> {
    let got = vm.class(value).qualified_name(vm);
    let message = format!("complex() argument '{parameter}' must be a real number, not {got}");
    vm.warn(&crate::objects::exceptions::DEPRECATION_WARNING, &message, 1)
}

/// What `__complex__` answers; `None` for classes without it.
pub fn by_method(vm: &Vm, value: &Value) -> Res<Option<(f64, f64)>> {
    let Some(result) = vm.call_special(value, &vm.names().__complex__, &[])? else { return Ok(None) };
    let Some(c) = view(&result) else {
        return Err(vm.type_error(format!("__complex__ returned non-complex (type {})", vm.type_name(&result))));
    };
    if result.exact::<Complex>(vm).is_none() {
        vm.warn_strict_subclass("__complex__", "complex", &result)?;
    }
    Ok(Some(c))
}

/// The number as a pair, and whether it was complex; `None` when it is no number.
fn part(vm: &Vm, value: &Value, allow_method: bool) -> Res<Option<((f64, f64), bool)>> {
    if value.exact::<Complex>(vm).is_none()
        && allow_method
        && let Some(c) = by_method(vm, value)?
    {
        return Ok(Some((c, true)));
    }
    if let Some(c) = view(value) {
        return Ok(Some((c, true)));
    }
    let slots = vm.class(value).slots();
    if float::view(value).is_none() && slots.float.is_none() && slots.index.is_none() {
        return Ok(None);
    }
    Ok(Some(((vm.to_f64(value)?, 0.0), false)))
}

/// Reads `complex(text)`: parentheses and white space around allowed.
pub fn parse(text: &str) -> Option<(f64, f64)> {
    let blank = |c: char| c.is_ascii_whitespace() || c == '\x0b';
    let t = text.trim_matches(blank);
    let t = match t.strip_prefix('(') {
        Some(inner) => inner.strip_suffix(')')?.trim_matches(blank),
        None => t,
    };
    if let Some(body) = t.strip_suffix(['j', 'J']) {
        // The sign that splits the parts is the last one that follows neither the start nor an exponent.
        let b = body.as_bytes();
        let split = (1..b.len()).rev().find(|&i| matches!(b[i], b'+' | b'-') && !matches!(b[i - 1], b'e' | b'E'));
        let imaginary = |s: &str| match s {
            "" | "+" => Some(1.0),
            "-" => Some(-1.0),
            s if s.ends_with(|c: char| c.is_ascii_whitespace()) => None,
            s => float::convert::parse(s),
        };
        return match split {
            Some(i) => Some((number(&body[..i])?, imaginary(&body[i..])?)),
            None if body.starts_with(|c: char| c.is_ascii_whitespace()) => None,
            None => Some((0.0, imaginary(body)?)),
        };
    }
    Some((number(t)?, 0.0))
}

/// CPython reads no further than the first character that is neither ASCII nor a digit or a space: `plain` has a `?` in its place.
fn up_to_unreadable<'a>(text: &Str, plain: &'a str) -> &'a str {
    let end = text.code_points().zip(plain.bytes()).position(|(c, shown)| shown == b'?' && c != u32::from(b'?'));
    &plain[..end.unwrap_or(plain.len())]
}

/// Whether an underscore stands elsewhere than between two digits.
fn has_stray_underscore(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_digit = |at: Option<usize>| at.and_then(|at| bytes.get(at)).is_some_and(u8::is_ascii_digit);
    (0..bytes.len()).any(|at| bytes[at] == b'_' && !(is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))))
}

fn number(s: &str) -> Option<f64> {
    if s.is_empty() || s.contains(|c: char| c.is_ascii_whitespace()) { None } else { float::convert::parse(s) }
}
