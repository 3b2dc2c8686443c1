//! One value as bytes and back.

use super::format::{Field, Layout, error};
use num_bigint::BigInt;
use ophi_runtime::objects::bytearray::ByteArray;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::memoryview::items::{f64_to_half, half_to_f64};
use ophi_runtime::objects::{complex, int};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Value, Vm};

fn word(bytes: &[u8], big: bool) -> u64 {
    macro_rules! of {
        ($t:ty, $b:expr) => {
            if big { <$t>::from_be_bytes($b) as u64 } else { <$t>::from_le_bytes($b) as u64 }
        };
    }
    match *bytes {
        [a] => a as u64,
        [a, b] => of!(u16, [a, b]),
        [a, b, c, d] => of!(u32, [a, b, c, d]),
        [a, b, c, d, e, f, g, h] => of!(u64, [a, b, c, d, e, f, g, h]),
        _ => 0,
    }
}

/// The lowest bytes of `n`.
fn put_word(out: &mut [u8], n: u64, big: bool) {
    let (little, large) = (n.to_le_bytes(), n.to_be_bytes());
    let size = out.len().min(8);
    out[..size].copy_from_slice(if big { &large[8 - size..] } else { &little[..size] });
}

fn float(bytes: &[u8], big: bool) -> f64 {
    let n = word(bytes, big);
    match bytes.len() {
        2 => half_to_f64(n as u16),
        4 => f32::from_bits(n as u32) as f64,
        _ => f64::from_bits(n),
    }
}

/// The value of a field in its bytes.
pub fn unpack(vm: &Vm, kind: char, bytes: &[u8], big: bool) -> Res {
    match kind {
        'b' | 'h' | 'i' | 'l' | 'q' | 'n' => {
            let unused = 64 - 8 * bytes.len() as u32;
            vm.new_int(((word(bytes, big) << unused) as i64) >> unused)
        }
        'B' | 'H' | 'I' | 'L' | 'Q' | 'N' | 'P' => {
            let n = word(bytes, big);
            match i64::try_from(n) {
                Ok(i) => vm.new_int(i),
                Err(_) => vm.new_bigint(BigInt::from(n)),
            }
        }
        '?' => Ok(Value::bool(bytes[0] != 0)),
        'c' | 's' => Ok(vm.new_bytes(bytes)?.into_value()),
        'p' => {
            let n = bytes.first().map_or(0, |n| *n as usize).min(bytes.len().saturating_sub(1));
            Ok(vm.new_bytes(bytes.get(1..1 + n).unwrap_or(&[]))?.into_value())
        }
        'F' | 'D' => {
            let (re, im) = bytes.split_at(bytes.len() / 2);
            vm.new_complex(float(re, big), float(im, big))
        }
        _ => vm.new_float(float(bytes, big)),
    }
}

fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match (value.downcast::<Bytes>(), value.downcast::<ByteArray>()) {
        (Some(b), _) => Some(b.as_slice().to_vec()),
        (_, Some(b)) => Some(b.to_vec()),
        _ => None,
    }
}

fn put_float(vm: &Vm, out: &mut [u8], f: f64, kind: char, big: bool) -> Res<()> {
    let too_large = || vm.overflow_error(format!("float too large to pack with {kind} format"));
    let n = match out.len() {
        2 => f64_to_half(f).ok_or_else(too_large)? as u64,
        4 => {
            let single = f as f32;
            if single.is_infinite() && f.is_finite() {
                return Err(too_large());
            }
            single.to_bits() as u64
        }
        _ => f.to_bits(),
    };
    put_word(out, n, big);
    Ok(())
}

/// Writes `value` into the field's bytes.
pub fn pack(vm: &Vm, field: &Field, layout: &Layout, value: &Value, out: &mut [u8]) -> Res<()> {
    let kind = field.kind;
    match kind {
        '?' => out[0] = vm.is_true(value)? as u8,
        'c' => match value.downcast::<Bytes>().map(|b| b.as_slice().to_vec()) {
            Some(b) if b.len() == 1 => out[0] = b[0],
            _ => return Err(error(vm, "char format requires a bytes object of length 1")),
        },
        's' => {
            let Some(b) = bytes_of(value) else { return Err(error(vm, "argument for 's' must be a bytes object")) };
            let n = b.len().min(out.len());
            out[..n].copy_from_slice(&b[..n]);
        }
        'p' => {
            let Some(b) = bytes_of(value) else { return Err(error(vm, "argument for 'p' must be a bytes object")) };
            if out.is_empty() {
                return Ok(());
            }
            let n = b.len().min(out.len() - 1);
            out[1..=n].copy_from_slice(&b[..n]);
            out[0] = n.min(255) as u8;
        }
        'e' | 'f' | 'd' => {
            let result = vm.to_f64(value);
            let Some(f) = vm.catch(result, &ophi_runtime::objects::exceptions::TYPE_ERROR)? else {
                return Err(error(vm, "required argument is not a float"));
            };
            put_float(vm, out, f, kind, layout.big)?;
        }
        'F' | 'D' => {
            let parts = match complex::view(value) {
                Some(parts) => parts,
                None => match vm.to_f64(value) {
                    Ok(f) => (f, 0.0),
                    Err(raised) => {
                        vm.forget(raised);
                        return Err(error(vm, "required argument is not a complex"));
                    }
                },
            };
            let half = out.len() / 2;
            let (re, im) = out.split_at_mut(half);
            put_float(vm, re, parts.0, kind, layout.big)?;
            put_float(vm, im, parts.1, kind, layout.big)?;
        }
        _ => integer(vm, field, layout, value, out)?,
    }
    Ok(())
}

fn integer(vm: &Vm, field: &Field, layout: &Layout, value: &Value, out: &mut [u8]) -> Res<()> {
    // The usual number: positive, and small enough for signed fields too.
    if let Some(i) = value.as_small_int()
        && i >= 0
        && field.size <= 8
        && (i as u64) >> (8 * field.size - 1) == 0
    {
        put_word(out, i as u64, layout.big);
        return Ok(());
    }
    if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
        return Err(error(vm, "required argument is not an integer"));
    }
    let bits = 8 * field.size as u32;
    let signed = field.kind.is_ascii_lowercase();
    let (low, high) = match signed {
        true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        false => (0, (1i128 << bits) - 1),
    };
    let n = vm.index_as_i128(value)?;
    let fits = |n: &i128| (low..=high).contains(n) || (field.kind == 'P' && (i64::MIN as i128..0).contains(n));
    match n.filter(fits) {
        Some(n) => {
            put_word(out, n as u64, layout.big);
            Ok(())
        }
        None => {
            if field.kind == 'P' {
                return Err(error(vm, "int too large to convert"));
            }
            Err(error(vm, &format!("'{}' format requires {low} <= number <= {high}", field.kind)))
        }
    }
}
