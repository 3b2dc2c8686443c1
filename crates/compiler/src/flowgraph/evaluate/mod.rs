//! Python's operators on constants, exactly as the running program would compute them.
//!
//! `None` means "leave it to run time": the operation raises, warns, is not defined on constants, or its result would be
//! too large to be worth keeping. The limits hold only where an operation can blow up (`*`, `**`, `<<`); others fold
//! whatever their operands. Source: CPython Python/flowgraph.c (`eval_const_binop`, `eval_const_unaryop`,
//! `const_folding_safe_*`).

mod complex;
mod float;
mod number;
mod sequence;

use ophi_bytecode::code::Constant;

use number::Number;

/// Bits of an integer product, power or shift.
const MAX_INT_SIZE: u64 = 128;
/// Items of a repeated tuple.
const MAX_COLLECTION_SIZE: i64 = 256;
/// Characters of a repeated string.
const MAX_STR_SIZE: i64 = 4096;
/// Items of a repeated tuple, those of tuples inside included.
const MAX_TOTAL_ITEMS: i64 = 1024;

/// Operators of `BINARY_OP` on constants; in-place forms and `@` are never folded.
pub fn binary(operator: u32, left: &Constant, right: &Constant) -> Option<Constant> {
    match operator {
        0 => add(left, right),
        5 => multiply(left, right),
        ophi_bytecode::instruction::NB_SUBSCR => sequence::subscript(left, right),
        6 if matches!(left, Constant::Str(_) | Constant::Bytes(_)) => None,
        1 | 7 | 12 => {
            if let (&Constant::Bool(a), &Constant::Bool(b)) = (left, right) {
                return Some(Constant::Bool(match operator {
                    1 => a & b,
                    7 => a | b,
                    _ => a ^ b,
                }));
            }
            bitwise(operator, left, right)
        }
        2..=3 | 6 | 8..=11 => arithmetic(operator, left, right),
        _ => None,
    }
}

fn bitwise(operator: u32, left: &Constant, right: &Constant) -> Option<Constant> {
    let (Number::Int(a), Number::Int(b)) = (Number::of(left)?, Number::of(right)?) else { return None };
    Some(Constant::from_bigint(match operator {
        1 => a & b,
        7 => a | b,
        _ => a ^ b,
    }))
}

fn arithmetic(operator: u32, left: &Constant, right: &Constant) -> Option<Constant> {
    let (a, b) = (Number::of(left)?, Number::of(right)?);
    let result = match operator {
        2 => a.floor_divide(b)?,
        3 => a.shift_left(b)?,
        6 => a.remainder(b)?,
        8 => a.power(b)?,
        9 => a.shift_right(b)?,
        10 => a.subtract(b)?,
        11 => a.true_divide(b)?,
        _ => return None,
    };
    Some(result.into())
}

fn add(left: &Constant, right: &Constant) -> Option<Constant> {
    match (left, right) {
        (Constant::Str(_), Constant::Str(_))
        | (Constant::Bytes(_), Constant::Bytes(_))
        | (Constant::Tuple(_), Constant::Tuple(_)) => sequence::concatenate(left, right),
        _ => Some(Number::of(left)?.add(Number::of(right)?)?.into()),
    }
}

fn multiply(left: &Constant, right: &Constant) -> Option<Constant> {
    if let Some(len) = sequence::len(right) {
        let times = number::as_int(left)?;
        let times = i64::try_from(times).ok();
        if len > 0 {
            let times = times?;
            let limit = if matches!(right, Constant::Tuple(_)) { MAX_COLLECTION_SIZE } else { MAX_STR_SIZE };
            if times < 0 || times > limit / len as i64 {
                return None;
            }
            if matches!(right, Constant::Tuple(_)) && times > 0 && complexity(right, MAX_TOTAL_ITEMS / times) < 0 {
                return None;
            }
        }
        return sequence::repeat(right, times?.max(0) as usize);
    }
    if sequence::len(left).is_some() {
        return multiply(right, left);
    }
    let (a, b) = (Number::of(left)?, Number::of(right)?);
    Some(a.multiply(b)?.into())
}

/// `limit` less the items of the tuple and of the tuples inside it; negative if there are more.
fn complexity(constant: &Constant, mut limit: i64) -> i64 {
    if let Constant::Tuple(items) = constant {
        limit -= items.len() as i64;
        for item in items.iter() {
            if limit < 0 {
                break;
            }
            limit = complexity(item, limit);
        }
    }
    limit
}

pub fn negative(operand: &Constant) -> Option<Constant> {
    Some(Number::of(operand)?.negative().into())
}

pub fn positive(operand: &Constant) -> Option<Constant> {
    Some(Number::of(operand)?.into())
}

/// `~` of an int. Of a bool it warns, which is left to run time.
pub fn invert(operand: &Constant) -> Option<Constant> {
    if matches!(operand, Constant::Bool(_)) {
        return None;
    }
    number::as_int(operand).map(|value| Constant::from_bigint(!value))
}

pub fn is_true(constant: &Constant) -> bool {
    match constant {
        Constant::None => false,
        Constant::Bool(value) => *value,
        Constant::Int(value) => *value != 0,
        Constant::Float(value) => *value != 0.0,
        Constant::Complex(value) => value.re != 0.0 || value.im != 0.0,
        Constant::Str(text) => !text.is_empty(),
        Constant::Bytes(bytes) => !bytes.is_empty(),
        Constant::Tuple(items) | Constant::FrozenSet(items) => !items.is_empty(),
        Constant::BigInt(_)
        | Constant::Ellipsis
        | Constant::StopIteration
        | Constant::Code(_)
        | Constant::Slice(_)
        | Constant::Foreign(_) => true,
    }
}

/// Contains a NaN: CPython compares constants by identity first, so two NaNs that were computed are never one constant.
pub fn has_nan(constant: &Constant) -> bool {
    match constant {
        Constant::Float(value) => value.is_nan(),
        Constant::Complex(value) => value.re.is_nan() || value.im.is_nan(),
        Constant::Tuple(items) | Constant::FrozenSet(items) => items.iter().any(has_nan),
        Constant::Slice(parts) => parts.iter().any(has_nan),
        _ => false,
    }
}
