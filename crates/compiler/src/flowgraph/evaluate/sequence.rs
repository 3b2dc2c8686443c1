//! `+`, `*` and subscripts of strings, bytes and tuples. Source: CPython Objects/abstract.c, Objects/sliceobject.c
//! (`PySlice_Unpack`, `PySlice_AdjustIndices`).

use num_bigint::BigInt;
use num_traits::Signed;
use ophi_bytecode::code::Constant;
use ophi_bytecode::pystring::PyString;

use super::number::as_int;

/// The length of a sequence constant.
pub fn len(constant: &Constant) -> Option<usize> {
    match constant {
        Constant::Str(text) => Some(text.code_point_count()),
        Constant::Bytes(bytes) => Some(bytes.len()),
        Constant::Tuple(items) => Some(items.len()),
        _ => None,
    }
}

fn joined(bytes: Vec<u8>) -> Option<Constant> {
    PyString::from_bytes(&bytes).ok().map(Constant::Str)
}

/// `left + right` of two sequences of one type.
pub fn concatenate(left: &Constant, right: &Constant) -> Option<Constant> {
    match (left, right) {
        (Constant::Str(a), Constant::Str(b)) => joined([a.as_bytes(), b.as_bytes()].concat()),
        (Constant::Bytes(a), Constant::Bytes(b)) => Some(Constant::Bytes([&a[..], &b[..]].concat().into())),
        (Constant::Tuple(a), Constant::Tuple(b)) => Some(Constant::Tuple([&a[..], &b[..]].concat().into())),
        _ => None,
    }
}

pub fn repeat(sequence: &Constant, times: usize) -> Option<Constant> {
    // An empty sequence may be repeated any number of times.
    let times = if len(sequence)? == 0 { 1 } else { times };
    match sequence {
        Constant::Str(text) => joined(text.as_bytes().repeat(times)),
        Constant::Bytes(bytes) => Some(Constant::Bytes(bytes.repeat(times).into())),
        Constant::Tuple(items) => {
            Some(Constant::Tuple(std::iter::repeat_n(&items[..], times).flatten().cloned().collect()))
        }
        _ => None,
    }
}

/// `sequence[index]` for an int or a slice of ints.
pub fn subscript(sequence: &Constant, index: &Constant) -> Option<Constant> {
    let len = len(sequence)?;
    if let Constant::Slice(parts) = index {
        return pick(sequence, &slice_indices(parts, len)?);
    }
    let index = i64::try_from(as_int(index)?).ok()?;
    let index = if index < 0 { index + len as i64 } else { index };
    let index = usize::try_from(index).ok().filter(|i| *i < len)?;
    Some(match sequence {
        Constant::Str(text) => Constant::Str(PyString::from_code_points(text.code_points().nth(index))),
        Constant::Bytes(bytes) => Constant::Int(i64::from(bytes[index])),
        Constant::Tuple(items) => items[index].clone(),
        _ => return None,
    })
}

fn pick(sequence: &Constant, indices: &[usize]) -> Option<Constant> {
    Some(match sequence {
        Constant::Str(text) => {
            let points: Vec<u32> = text.code_points().collect();
            Constant::Str(PyString::from_code_points(indices.iter().map(|&i| points[i])))
        }
        Constant::Bytes(bytes) => Constant::Bytes(indices.iter().map(|&i| bytes[i]).collect()),
        Constant::Tuple(items) => Constant::Tuple(indices.iter().map(|&i| items[i].clone()).collect()),
        _ => return None,
    })
}

/// The positions a slice selects; None where it raises.
fn slice_indices(parts: &[Constant; 3], len: usize) -> Option<Vec<usize>> {
    const MAX: i64 = i64::MAX;
    let clamp = |value: BigInt| {
        let negative = value.is_negative();
        i64::try_from(value).unwrap_or(if negative { i64::MIN } else { MAX })
    };
    let part = |constant: &Constant| match constant {
        Constant::None => Some(None),
        other => as_int(other).map(|value| Some(clamp(value))),
    };
    let [start, stop, step] = parts;
    let step = part(step)?.unwrap_or(1).max(-MAX);
    if step == 0 {
        return None;
    }
    let (start, stop) = (part(start)?, part(stop)?);
    let len = len as i64;
    // The first and last position possible in the direction of the step.
    let (low, high) = if step < 0 { (-1, len - 1) } else { (0, len) };
    let adjust = |value: i64| if value < 0 { value.saturating_add(len).max(low) } else { value.min(high) };
    let start = start.map_or(if step < 0 { high } else { low }, adjust);
    let stop = stop.map_or(if step < 0 { low } else { high }, adjust);
    let mut indices = Vec::new();
    let mut at = start;
    while if step < 0 { at > stop } else { at < stop } {
        indices.push(at as usize);
        at = match at.checked_add(step) {
            Some(next) => next,
            None => break,
        };
    }
    Some(indices)
}
