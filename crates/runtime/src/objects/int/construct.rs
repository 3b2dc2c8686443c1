//! `int(x=0)` and `int(x, base=10)`.

use super::convert::{ParseError, Parsed, parse};
use super::{Int, view};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, Str, TypeRef, Value};
use num_bigint::BigInt;
use std::borrow::Cow;

/// `int(x)` of a number or of text.
pub fn vectorcall(vm: &Vm, _: &TypeRef, args: &[Value]) -> Option<Res> {
    let [only] = args else { return None };
    if only.is_small_int() {
        return Some(Ok(only.clone()));
    }
    if only.exact::<Str>(vm).is_some() {
        return Some(from_object(vm, only));
    }
    let whole = only.as_small_float().filter(|f| f.abs() < (1u64 << 60) as f64)?;
    Value::small_int(whole as i64).map(Ok)
}

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if let ([x], false) = (args.values, args.has_keywords()) {
        return finish(vm, cls, from_object(vm, x)?);
    }
    let positional = args.pos();
    if positional.len() > 2 && !args.has_keywords() {
        return Err(crate::native::wrong_count(vm, "int", positional.len(), 0, 2));
    }
    if args.values.len() > 2 {
        return Err(vm.type_error(format!("int() takes at most 2 arguments ({} given)", args.values.len())));
    }
    let mut base = positional.get(1);
    for (key, value) in args.keywords().iter() {
        match key.downcast::<Str>() {
            Some(k) if k.eq_str("base") => {
                if base.is_some() {
                    return Err(vm.type_error("argument for int() given by name ('base') and position (2)"));
                }
                base = Some(value)
            }
            _ => return Err(crate::native::unexpected_keyword(vm, "int", args.keywords(), &["base"])),
        }
    }
    let value = match (positional.first(), base) {
        (None, None) => return finish(vm, cls, Value::int32(0)),
        (None, Some(_)) => return Err(vm.type_error("int() missing string argument")),
        (Some(x), None) => return finish(vm, cls, from_object(vm, x)?),
        (Some(x), Some(base)) => {
            let base = vm.index_as_i128(base)?.unwrap_or(-1);
            if base != 0 && !(2..=36).contains(&base) {
                return Err(vm.value_error("int() base must be >= 2 and <= 36, or 0"));
            }
            let is_text = is_plain_text(x);
            match if is_text { from_text(vm, x, base as u32)? } else { None } {
                Some(value) => value,
                None => return Err(vm.type_error("int() can't convert non-string with explicit base")),
            }
        }
    };
    finish(vm, cls, value)
}

/// The value as an instance of `cls`.
fn finish(vm: &Vm, cls: &TypeRef, value: Value) -> Res {
    if cls.is(vm.ty_of::<Int>()) {
        return Ok(value);
    }
    let big = view(&value).map_or_else(BigInt::default, |v| v.to_bigint());
    vm.new_int_of(cls, big)
}

/// `int(x)` (CPython `PyNumber_Long`): an exact int.
pub fn from_object(vm: &Vm, x: &Value) -> Res {
    if x.is_small_int() {
        return Ok(x.clone());
    }
    if x.exact::<Str>(vm).is_some()
        && let Some(value) = from_text(vm, x, 10)?
    {
        return Ok(value);
    }
    let slots = vm.class(x).slots();
    if let Some(to_int) = slots.int {
        let result = to_int(vm, x)?;
        return exact(vm, result, "__int__");
    }
    if let Some(index) = slots.index {
        let result = index(vm, x)?;
        return exact(vm, result, "__index__");
    }
    if let Some(value) = from_text(vm, x, 10)? {
        return Ok(value);
    }
    Err(vm.type_error(format!(
        "int() argument must be a string, a bytes-like object or a real number, not '{}'",
        vm.type_name(x)
    )))
}

fn exact(vm: &Vm, result: Value, method: &str) -> Res {
    if result.is_small_int() || result.exact::<Int>(vm).is_some() {
        return Ok(result);
    }
    if view(&result).is_some() {
        vm.warn_strict_subclass(method, "int", &result)?;
        return super::slots::to_int(vm, &result);
    }
    Err(vm.type_error(format!("{method} returned non-int (type {})", vm.type_name(&result))))
}

fn is_plain_text(x: &Value) -> bool {
    x.is_a::<Str>() || x.is_a::<crate::objects::bytes::Bytes>() || x.is_a::<crate::objects::bytearray::ByteArray>()
}

/// From str, bytes or bytearray; `None` for other types.
fn from_text(vm: &Vm, x: &Value, base: u32) -> Res<Option<Value>> {
    let text = if let Some(s) = x.downcast::<Str>() {
        ascii_digits(s)
    } else if let Some(buffer) = vm.class(x).slots().buffer {
        let exported = buffer(vm, x, 0)?;
        Cow::Owned(exported.as_slice().iter().map(|b| *b as char).collect())
    } else {
        return Ok(None);
    };
    let limit = vm.interpreter().int_max_str_digits.get();
    match parse(&text, base, limit) {
        Ok(Parsed::Small(i)) => vm.new_int(i).map(Some),
        Ok(Parsed::Words(negative, words)) => vm.new_words(negative, &words).map(Some),
        Ok(Parsed::Big(big)) => vm.new_bigint(big).map(Some),
        Err(ParseError::TooManyDigits(n)) => Err(vm.value_error(format!(
            "Exceeds the limit ({limit} digits) for integer string conversion: value has {n} digits; use \
             sys.set_int_max_str_digits() to increase the limit"
        ))),
        Err(ParseError::Invalid) => {
            // Buffers show as the bytes they hold.
            let is_text = x.is_a::<Str>();
            let shown = if is_text { vm.repr(x)? } else { vm.repr(vm.new_bytes(&vm.bytes_of(x)?)?.as_value())? };
            let shown = shown.to_utf8_lossy();
            let shown: String = shown.chars().take(200).collect();
            Err(vm.value_error(format!("invalid literal for int() with base {base}: {shown}")))
        }
    }
}

/// The text with every decimal digit of any script as ASCII; other characters beyond ASCII become `?` (CPython
/// `_PyUnicode_TransformDecimalAndSpaceToASCII`), white space a blank.
pub fn ascii_digits(s: &Str) -> Cow<'_, str> {
    if let Some(text) = s.as_ascii() {
        return Cow::Borrowed(text);
    }
    Cow::Owned(decimal_text(s))
}

fn decimal_text(s: &Str) -> String {
    s.code_points()
        .map(|c| match char::from_u32(c) {
            Some(c) if c.is_ascii() => c,
            Some(c) if c.is_whitespace() => ' ',
            Some(c) => decimal_digit(c).map_or('?', |d| (b'0' + d) as char),
            None => '?',
        })
        .collect()
}

/// The value of a decimal digit (Unicode category Nd): digits stand in runs of ten from zero on.
pub fn decimal_digit(c: char) -> Option<u8> {
    if let Some(d) = c.to_digit(10) {
        return Some(d as u8);
    }
    let at = ZEROS.partition_point(|z| *z <= c as u32);
    let zero = *ZEROS.get(at.checked_sub(1)?)?;
    let d = c as u32 - zero;
    if d < 10 { Some(d as u8) } else { None }
}

/// Code points of the digit zero of each script (Unicode 16, category Nd), ascending.
static ZEROS: &[u32] = &[
    0x30, 0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66, 0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0,
    0xf20, 0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50, 0x1bb0, 0x1c40, 0x1c50, 0xa620,
    0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50, 0xabf0, 0xff10, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136,
    0x111d0, 0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730, 0x118e0, 0x11950, 0x11bf0,
    0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130, 0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8,
    0x1d7e2, 0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0,
];
