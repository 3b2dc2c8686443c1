//! One item of a buffer as a Python value and back, for the native single-character formats. After CPython
//! Objects/memoryobject.c (`unpack_single`, `pack_single`).

use crate::Value;
use crate::objects::int;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use num_bigint::BigInt;

/// The format character of a native format (`x` or `@x`).
pub fn native(format: &str) -> Option<char> {
    let body = format.strip_prefix('@').unwrap_or(format);
    let mut chars = body.chars();
    let c = chars.next()?;
    (chars.next().is_none() && size(c).is_some()).then_some(c)
}

/// Bytes of an item.
pub fn size(c: char) -> Option<usize> {
    Some(match c {
        'c' | 'b' | 'B' | '?' => 1,
        'h' | 'H' | 'e' => 2,
        'i' | 'I' | 'f' => 4,
        'l' | 'L' | 'q' | 'Q' | 'n' | 'N' | 'd' | 'P' => 8,
        _ => return None,
    })
}

fn array<const N: usize>(bytes: &[u8]) -> [u8; N] {
    bytes.first_chunk().copied().unwrap_or([0; N])
}

pub fn unpack(vm: &Vm, c: char, bytes: &[u8]) -> Res {
    match c {
        'B' => Ok(Value::int32(bytes[0] as i32)),
        'b' => Ok(Value::int32(bytes[0] as i8 as i32)),
        'c' => Ok(vm.new_bytes(&bytes[..1])?.into_value()),
        '?' => Ok(Value::bool(bytes[0] != 0)),
        'h' => Ok(Value::int32(i16::from_ne_bytes(array(bytes)) as i32)),
        'H' => Ok(Value::int32(u16::from_ne_bytes(array(bytes)) as i32)),
        'i' => vm.new_int(i32::from_ne_bytes(array(bytes)) as i64),
        'I' => vm.new_int(u32::from_ne_bytes(array(bytes)) as i64),
        'l' | 'q' | 'n' => vm.new_int(i64::from_ne_bytes(array(bytes))),
        'L' | 'Q' | 'N' | 'P' => {
            let n = u64::from_ne_bytes(array(bytes));
            match i64::try_from(n) {
                Ok(i) => vm.new_int(i),
                Err(_) => vm.new_bigint(BigInt::from(n)),
            }
        }
        'e' => vm.new_float(half_to_f64(u16::from_ne_bytes(array(bytes)))),
        'f' => vm.new_float(f32::from_ne_bytes(array(bytes)) as f64),
        'd' => vm.new_float(f64::from_ne_bytes(array(bytes))),
        _ => Err(unsupported(vm, &c.to_string())),
    }
}

/// A format that is not one of the native codes.
pub fn foreign_format(vm: &Vm, format: &str) -> crate::vm::Raised {
    vm.not_implemented(format!("memoryview: unsupported format {format}"))
}

pub fn unsupported(vm: &Vm, format: &str) -> crate::vm::Raised {
    vm.not_implemented(format!("memoryview: format {format} not supported"))
}

/// The bytes of `value` in format `c`; at most eight, `size(c)` of them meaningful.
pub fn pack(vm: &Vm, c: char, value: &Value) -> Res<[u8; 8]> {
    let mut out = [0u8; 8];
    let mut put = |bytes: &[u8]| out[..bytes.len()].copy_from_slice(bytes);
    let wrong_type = || vm.type_error(format!("memoryview: invalid type for format '{c}'"));
    let wrong_value = || vm.value_error(format!("memoryview: invalid value for format '{c}'"));
    match c {
        'c' => match value.downcast::<crate::objects::bytes::Bytes>() {
            Some(b) if b.len() == 1 => put(b.as_slice()),
            Some(_) => return Err(wrong_value()),
            None => return Err(wrong_type()),
        },
        '?' => put(&[vm.is_true(value)? as u8]),
        'e' | 'f' | 'd' => {
            let result = vm.to_f64(value);
            let Some(f) = vm.catch(result, &crate::objects::exceptions::TYPE_ERROR)? else { return Err(wrong_type()) };
            match c {
                'e' => match f64_to_half(f) {
                    Some(h) => put(&h.to_ne_bytes()),
                    None => return Err(vm.overflow_error("float too large to pack with e format")),
                },
                'f' => {
                    let single = f as f32;
                    if single.is_infinite() && f.is_finite() {
                        return Err(vm.overflow_error("float too large to pack with f format"));
                    }
                    put(&single.to_ne_bytes())
                }
                _ => put(&f.to_ne_bytes()),
            }
        }
        _ => {
            if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
                return Err(wrong_type());
            }
            let Some(i) = vm.index_as_i128(value)? else { return Err(wrong_value()) };
            macro_rules! fit {
                ($t:ty) => {
                    match <$t>::try_from(i) {
                        Ok(n) => put(&n.to_ne_bytes()),
                        Err(_) => return Err(wrong_value()),
                    }
                };
            }
            match c {
                'b' => fit!(i8),
                'B' => fit!(u8),
                'h' => fit!(i16),
                'H' => fit!(u16),
                'i' => fit!(i32),
                'I' => fit!(u32),
                'l' | 'q' | 'n' => fit!(i64),
                'L' | 'Q' | 'N' => fit!(u64),
                'P' => match u64::try_from(i).or_else(|_| i64::try_from(i).map(|n| n as u64)) {
                    Ok(n) => put(&n.to_ne_bytes()),
                    Err(_) => return Err(wrong_value()),
                },
                _ => return Err(unsupported(vm, &c.to_string())),
            }
        }
    }
    Ok(out)
}

/// IEEE 754 binary16.
pub fn half_to_f64(h: u16) -> f64 {
    let sign = if h & 0x8000 != 0 { -1.0 } else { 1.0 };
    let exponent = (h >> 10 & 0x1f) as i32;
    let fraction = (h & 0x3ff) as f64;
    match exponent {
        0 => sign * fraction * 2f64.powi(-24),
        31 if h & 0x3ff == 0 => sign * f64::INFINITY,
        31 => f64::from_bits((h as u64 & 0x8000) << 48 | 0x7ff0_0000_0000_0000 | (h as u64 & 0x3ff) << 42),
        _ => sign * (1.0 + fraction / 1024.0) * 2f64.powi(exponent - 15),
    }
}

/// Rounded to nearest even; `None` when a finite number is too large.
pub fn f64_to_half(f: f64) -> Option<u16> {
    let sign = if f.is_sign_negative() { 0x8000u16 } else { 0 };
    if f.is_nan() {
        let fraction = (f.to_bits() >> 42 & 0x3ff) as u16;
        return Some(sign | 0x7c00 | if fraction == 0 { 0x200 } else { fraction });
    }
    if f.is_infinite() {
        return Some(sign | 0x7c00);
    }
    let a = f.abs();
    if a == 0.0 {
        return Some(sign);
    }
    let exponent = ((a.to_bits() >> 52) as i32 - 1023).max(-14);
    // Units in the last place of a half at this exponent.
    let scaled = a / 2f64.powi(exponent - 10);
    let mut n = scaled.round_ties_even() as u32;
    let mut exponent = exponent;
    if n >= 2048 {
        n /= 2;
        exponent += 1;
    }
    if exponent > 15 {
        return None;
    }
    let bits = if n < 1024 { n as u16 } else { ((exponent + 15) as u16) << 10 | (n - 1024) as u16 };
    Some(sign | bits)
}
