//! The operations of `int` and `bool`. After CPython Objects/longobject.c.

use super::{Int, IntView, divide, is_int, limbs, view, wide, words};
use crate::payload::Downcast;
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, TypeRef, Value};
use num_bigint::{BigInt, BigUint};
use num_integer::Integer;
use num_traits::{One, Signed, ToPrimitive, Zero};

/// Both operands as integers, or `return Ok(NotImplemented)`.
macro_rules! operands {
    ($a:expr, $b:expr) => {
        match (view($a), view($b)) {
            (Some(a), Some(b)) => (a, b),
            _ => return Ok(Value::NOT_IMPLEMENTED),
        }
    };
}

pub const SLOTS: Slots = Slots {
    repr: Some(repr),
    hash: Some(hash),
    richcompare: Some(compare),
    new: Some(super::construct::new),
    add: Some(add),
    subtract: Some(subtract),
    multiply: Some(multiply),
    remainder: Some(remainder),
    divmod: Some(divmod),
    power: Some(power),
    negative: Some(negative),
    positive: Some(to_int),
    absolute: Some(absolute),
    bool: Some(truth),
    invert: Some(invert),
    lshift: Some(lshift),
    rshift: Some(rshift),
    and: Some(and),
    xor: Some(xor),
    or: Some(or),
    int: Some(to_int),
    float: Some(to_float),
    floor_divide: Some(floor_divide),
    true_divide: Some(true_divide),
    index: Some(to_int),
    ..Slots::NONE
};

pub const BOOL_SLOTS: Slots = Slots {
    repr: Some(bool_repr),
    new: Some(bool_new),
    and: Some(bool_and),
    xor: Some(bool_xor),
    or: Some(bool_or),
    invert: Some(bool_invert),
    ..Slots::NONE
};

fn expect<'a>(vm: &Vm, value: &'a Value) -> Res<IntView<'a>> {
    view(value).ok_or_else(|| vm.type_error(format!("an integer is required (got type {})", vm.type_name(value))))
}

fn repr(vm: &Vm, value: &Value) -> Res {
    if let Some(i) = value.as_small_int() {
        return Ok(super::convert::small_str(vm, i)?.into_value());
    }
    if let Some(limbs) = limbs(value, &mut 0) {
        return super::convert::words_str(vm, limbs);
    }
    let text = match expect(vm, value)? {
        IntView::Small(i) => return Ok(super::convert::small_str(vm, i)?.into_value()),
        IntView::Big(b) => super::convert::to_decimal(vm, b)?,
    };
    Ok(vm.new_ascii(text.as_bytes())?.into_value())
}

/// The numeric hash.
pub fn hash_big(b: &BigInt) -> i64 {
    words::hash(b.is_negative(), b.magnitude().iter_u64_digits())
}

fn hash(vm: &Vm, value: &Value) -> Res<i64> {
    if let Some(hash) = hash_of(value) {
        return Ok(hash);
    }
    Ok(match expect(vm, value)? {
        IntView::Small(i) => crate::protocol::basic::hash_i64(i),
        IntView::Big(b) => hash_big(b),
    })
}

/// The numeric hash of an int of any kind but a long one.
pub(crate) fn hash_of(value: &Value) -> Option<i64> {
    if let Some(i) = wide(value) {
        // 2^61 is 1 under the modulus: the parts of 61 bits are added.
        const MODULUS: u64 = (1 << 61) - 1;
        let all = i.unsigned_abs();
        let sum = (all as u64 & MODULUS) + ((all >> 61) as u64 & MODULUS) + (all >> 122) as u64;
        let sum = (sum & MODULUS) + (sum >> 61);
        let rest = (if sum >= MODULUS { sum - MODULUS } else { sum }) as i64;
        let signed = if i < 0 { -rest } else { rest };
        return Some(if signed == -1 { -2 } else { signed });
    }
    let mut room = 0;
    let limbs = limbs(value, &mut room)?;
    Some(words::hash(limbs.negative, limbs.words.iter().copied()))
}

pub(crate) fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    if let (Some(a), Some(b)) = (wide(a), wide(b)) {
        return Ok(Value::bool(op.matches(a.cmp(&b))));
    }
    if let (Some(a), Some(b)) = (limbs(a, &mut 0), limbs(b, &mut 0)) {
        let ordering = match (a.negative, b.negative) {
            (false, false) => super::limbs::compare(a.words, b.words),
            (true, true) => super::limbs::compare(b.words, a.words),
            (false, true) => core::cmp::Ordering::Greater,
            (true, false) => core::cmp::Ordering::Less,
        };
        return Ok(Value::bool(op.matches(ordering)));
    }
    let (a, b) = operands!(a, b);
    let ordering = match (a, b) {
        (IntView::Small(a), IntView::Small(b)) => a.cmp(&b),
        // A big one is beyond every small one, on the side of its sign.
        (IntView::Small(_), IntView::Big(b)) => {
            if b.is_negative() {
                core::cmp::Ordering::Greater
            } else {
                core::cmp::Ordering::Less
            }
        }
        (IntView::Big(a), IntView::Small(_)) => {
            if a.is_negative() {
                core::cmp::Ordering::Less
            } else {
                core::cmp::Ordering::Greater
            }
        }
        (IntView::Big(a), IntView::Big(b)) => a.cmp(b),
    };
    Ok(Value::bool(op.matches(ordering)))
}

/// Refuses results whose memory the heap would refuse. `bits` is an upper bound of the result's size.
fn check_size(vm: &Vm, bits: u64) -> Res<()> {
    if bits > 1 << 13 {
        let bytes = (bits / 8) as usize;
        if bits / 8 > isize::MAX as u64 || !vm.heap().has_room(bytes) {
            return Err(vm.no_memory());
        }
    }
    Ok(())
}

fn bits(v: IntView<'_>) -> u64 {
    match v {
        IntView::Small(i) => 64 - i.unsigned_abs().leading_zeros() as u64,
        IntView::Big(b) => b.bits(),
    }
}

macro_rules! arithmetic {
    ($name:ident, $checked:ident, $op:tt) => {
        fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
            if let (Some(a), Some(b)) = (wide(a), wide(b)) {
                return vm.new_wide(a $op b);
            }
            if let Some(result) = words::both(vm, a, b, words::$name) {
                return result;
            }
            let (a, b) = operands!(a, b);
            if let (IntView::Small(a), IntView::Small(b)) = (a, b) && let Some(r) = a.$checked(b) {
                return vm.new_int(r);
            }
            check_size(vm, bits(a).max(bits(b)))?;
            match (a, b) {
                (IntView::Big(a), IntView::Big(b)) => vm.new_bigint(a $op b),
                (IntView::Big(a), IntView::Small(b)) => vm.new_bigint(a $op b),
                (IntView::Small(a), IntView::Big(b)) => vm.new_bigint(a $op b),
                (IntView::Small(a), IntView::Small(b)) => vm.new_bigint(BigInt::from(a) $op b),
            }
        }
    };
}
arithmetic!(add, checked_add, +);
arithmetic!(subtract, checked_sub, -);

fn multiply(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(a), Some(b)) = (wide(a), wide(b)) {
        let product = match (i64::try_from(a), i64::try_from(b)) {
            (Ok(a), Ok(b)) => Some(i128::from(a) * i128::from(b)),
            _ => a.checked_mul(b),
        };
        if let Some(product) = product {
            return vm.new_wide(product);
        }
    }
    if let Some(product) = words::both(vm, a, b, words::multiply) {
        return product;
    }
    let (a, b) = operands!(a, b);
    if let (IntView::Small(a), IntView::Small(b)) = (a, b)
        && let Some(r) = a.checked_mul(b)
    {
        return vm.new_int(r);
    }
    check_size(vm, bits(a) + bits(b))?;
    match (a, b) {
        (IntView::Big(a), IntView::Big(b)) => vm.new_bigint(a * b),
        (IntView::Big(a), IntView::Small(b)) => vm.new_bigint(a * b),
        (IntView::Small(a), IntView::Big(b)) => vm.new_bigint(a * b),
        (IntView::Small(a), IntView::Small(b)) => vm.new_bigint(BigInt::from(a) * b),
    }
}

fn is_zero(v: IntView<'_>) -> bool {
    matches!(v, IntView::Small(0))
}

fn floor_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(a), Some(b)) = (wide(a), wide(b))
        && b != 0
    {
        return match (i64::try_from(a), i64::try_from(b)) {
            (Ok(a), Ok(b)) if a != i64::MIN => vm.new_wide(Integer::div_floor(&a, &b).into()),
            _ => vm.new_wide(Integer::div_floor(&a, &b)),
        };
    }
    if let Some(result) = words::both(vm, a, b, words::floor_divide) {
        return result;
    }
    let (a, b) = operands!(a, b);
    if is_zero(b) {
        return Err(vm.zero_division("division by zero"));
    }
    check_size(vm, bits(a).saturating_mul(2))?;
    if let (IntView::Small(a), IntView::Small(b)) = (a, b) {
        return vm.new_int(Integer::div_floor(&a, &b));
    }
    if let (IntView::Big(a), IntView::Small(b)) = (a, b)
        && !a.is_negative()
        && b > 0
    {
        return vm.new_bigint(a / b);
    }
    vm.new_bigint(divide::div_floor(&a.to_bigint(), &b.to_bigint()))
}

fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    if let (Some(a), Some(b)) = (wide(a), wide(b))
        && b != 0
    {
        return match (i64::try_from(a), i64::try_from(b)) {
            (Ok(a), Ok(b)) if a != i64::MIN => vm.new_wide(a.mod_floor(&b).into()),
            _ => vm.new_wide(a.mod_floor(&b)),
        };
    }
    if let Some(result) = words::both(vm, a, b, words::remainder) {
        return result;
    }
    let (a, b) = operands!(a, b);
    if is_zero(b) {
        return Err(vm.zero_division("division by zero"));
    }
    check_size(vm, bits(a).saturating_mul(2))?;
    if let (IntView::Small(a), IntView::Small(b)) = (a, b) {
        return vm.new_int(a.mod_floor(&b));
    }
    if let (IntView::Big(a), IntView::Small(b)) = (a, b)
        && !a.is_negative()
        && b > 0
    {
        return vm.new_bigint(a % b);
    }
    vm.new_bigint(divide::div_mod_floor(&a.to_bigint(), &b.to_bigint()).1)
}

fn divmod(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !(a.is_small_int() && b.is_small_int())
        && let Some(result) = words::both(vm, a, b, words::divmod)
    {
        return result;
    }
    let (a, b) = operands!(a, b);
    if is_zero(b) {
        return Err(vm.zero_division("division by zero"));
    }
    check_size(vm, bits(a).saturating_mul(2))?;
    let (q, r) = match (a, b) {
        (IntView::Small(a), IntView::Small(b)) => {
            (vm.new_int(Integer::div_floor(&a, &b))?, vm.new_int(a.mod_floor(&b))?)
        }
        _ => {
            let (q, r) = divide::div_mod_floor(&a.to_bigint(), &b.to_bigint());
            (vm.new_bigint(q)?, vm.new_bigint(r)?)
        }
    };
    crate::Tuple::pair(vm, q, r)
}

/// The quotient as the nearest float, ties to even, also when neither operand fits a float.
fn true_divide(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (a, b) = operands!(a, b);
    if is_zero(b) {
        return Err(vm.zero_division("division by zero"));
    }
    const EXACT: u64 = 1 << 53;
    if let (IntView::Small(a), IntView::Small(b)) = (a, b)
        && a.unsigned_abs() <= EXACT
        && b.unsigned_abs() <= EXACT
    {
        return vm.new_float(a as f64 / b as f64);
    }
    match divide_exact(&a.to_bigint(), &b.to_bigint()) {
        Some(f) => vm.new_float(f),
        None => Err(vm.overflow_error("integer division result too large for a float")),
    }
}

/// The nearest float to an integer of so many bits, ties to even; `None` when it overflows.
fn nearest(negative: bool, bits: u64, words: impl DoubleEndedIterator<Item = u64>) -> Option<f64> {
    if bits > 1024 {
        return None;
    }
    // The first 64 significant bits, and whether anything follows them: the conversion of a word then rounds once.
    let mut top: u64 = 0;
    let mut left = 64;
    let mut sticky = false;
    let mut first = true;
    for word in words.rev() {
        if first {
            left = word.leading_zeros();
            top = word << left;
            first = false;
        } else if left > 0 {
            top |= word >> (64 - left);
            sticky |= word << left != 0;
            left = 0;
        } else {
            sticky |= word != 0;
        }
    }
    let f = scale((top | sticky as u64) as f64, bits as i64 - 64);
    if f.is_infinite() { None } else { Some(if negative { -f } else { f }) }
}

/// The nearest float to `a / b`; `None` when it overflows.
pub fn divide_exact(a: &BigInt, b: &BigInt) -> Option<f64> {
    let negative = a.is_negative() != b.is_negative();
    let (a, b) = (a.magnitude(), b.magnitude());
    if a.is_zero() {
        return Some(if negative { -0.0 } else { 0.0 });
    }
    // Scale so that the quotient has at least 55 bits beyond those of a float, but not below the subnormal limit.
    let shift = (a.bits() as i64 - b.bits() as i64 - 55).max(-1074 - 2);
    let (mut q, r) = if shift <= 0 { (a << shift.unsigned_abs()).div_rem(b) } else { a.div_rem(&(b << shift as u64)) };
    if !r.is_zero() {
        q |= BigUint::one(); // sticky
    }
    // Round to 53 bits, fewer near the subnormal limit.
    let bits = q.bits() as i64;
    let drop = (bits - 53).max(-1074 - shift).max(0);
    let mut mantissa = &q >> drop as u64;
    let half = if drop > 0 { BigUint::one() << (drop - 1) as u64 } else { BigUint::zero() };
    let rest = &q - (&mantissa << drop as u64);
    if drop > 0 && (rest > half || (rest == half && mantissa.is_odd())) {
        mantissa += 1u32;
    }
    let m = mantissa.to_u64()? as f64;
    let exponent = shift + drop;
    let f = scale(m, exponent);
    if f.is_infinite() { None } else { Some(if negative { -f } else { f }) }
}

/// `m * 2^exponent` without double rounding, for an `m` of at most 53 bits whose result is exact or overflows.
pub fn scale(m: f64, exponent: i64) -> f64 {
    let mut f = m;
    let mut e = exponent;
    while e > 1000 {
        f *= 2f64.powi(1000);
        e -= 1000;
    }
    while e < -1000 {
        f *= 2f64.powi(-1000);
        e += 1000;
    }
    // A power of two that is no subnormal is nothing but its exponent.
    f * if (-1022..=1023).contains(&e) { f64::from_bits(((e + 1023) as u64) << 52) } else { 2f64.powi(e as i32) }
}

/// `base ** exponent % modulus` with the modulus's sign, for an exponent that is not negative.
fn small_power_modulo(base: i64, exponent: i64, modulus: i64) -> i64 {
    let m = modulus.unsigned_abs();
    let times =
        |a: u64, b: u64| if m <= u32::MAX as u64 { a * b % m } else { (a as u128 * b as u128 % m as u128) as u64 };
    let mut square = base.rem_euclid(m as i64) as u64;
    let mut result = 1 % m;
    let mut left = exponent;
    while left > 0 {
        if left & 1 == 1 {
            result = times(result, square);
        }
        left >>= 1;
        if left > 0 {
            square = times(square, square);
        }
    }
    if modulus < 0 && result != 0 { result as i64 - m as i64 } else { result as i64 }
}

fn power(vm: &Vm, a: &Value, b: &Value, modulus: &Value) -> Res {
    let (base, exponent) = operands!(a, b);
    if !modulus.is_none() {
        let Some(modulus) = view(modulus) else { return Ok(Value::NOT_IMPLEMENTED) };
        if let (IntView::Small(b), IntView::Small(e), IntView::Small(m)) = (base, exponent, modulus)
            && e >= 0
            && m != 0
        {
            return vm.new_int(small_power_modulo(b, e, m));
        }
        return power_modulo(vm, base.to_bigint(), exponent.to_bigint(), modulus.to_bigint());
    }
    let exponent = match exponent {
        IntView::Small(e) if e < 0 => {
            // A negative exponent leaves the integers.
            let (x, y) = (vm.to_f64(a)?, vm.to_f64(b)?);
            let slots = crate::objects::float::FLOAT.slots;
            return match slots.power {
                Some(power) => power(vm, &vm.new_float(x)?, &vm.new_float(y)?, &Value::NONE),
                None => vm.new_float(x.powf(y)),
            };
        }
        IntView::Small(e) => e as u64,
        IntView::Big(e) if e.is_negative() => {
            let (x, y) = (vm.to_f64(a)?, vm.to_f64(b)?);
            return vm.new_float(x.powf(y));
        }
        IntView::Big(e) => match base {
            IntView::Small(0 | 1) => return vm.new_int(base.to_i64().unwrap_or(0)),
            IntView::Small(-1) => return vm.new_int(if e.is_odd() { -1 } else { 1 }),
            _ => return Err(vm.no_memory()),
        },
    };
    if let IntView::Small(x) = base {
        if exponent == 2
            && let Some(r) = x.checked_mul(x)
        {
            return vm.new_int(r);
        }
        if let Some(r) = u32::try_from(exponent).ok().and_then(|e| x.checked_pow(e)) {
            return vm.new_int(r);
        }
    }
    check_size(vm, bits(base).saturating_mul(exponent))?;
    let Ok(exponent) = u32::try_from(exponent) else { return Err(vm.no_memory()) };
    vm.new_bigint(base.to_bigint().pow(exponent))
}

fn power_modulo(vm: &Vm, base: BigInt, exponent: BigInt, modulus: BigInt) -> Res {
    if modulus.is_zero() {
        return Err(vm.value_error("pow() 3rd argument cannot be 0"));
    }
    let positive = modulus.abs();
    let (base, exponent) = if exponent.is_negative() {
        match base.modinv(&positive) {
            Some(inverse) => (inverse, -exponent),
            None => return Err(vm.value_error("base is not invertible for the given modulus")),
        }
    } else {
        (base, exponent)
    };
    let mut result =
        if positive.is_one() { BigInt::zero() } else { base.mod_floor(&positive).modpow(&exponent, &positive) };
    if modulus.is_negative() && !result.is_zero() {
        result += &modulus;
    }
    vm.new_bigint(result)
}

fn negative(vm: &Vm, value: &Value) -> Res {
    if let Some(i) = wide(value) {
        return vm.new_wide(-i);
    }
    if let Some(limbs) = limbs(value, &mut 0) {
        return vm.new_words(!limbs.negative, limbs.words);
    }
    match expect(vm, value)? {
        IntView::Small(i) => vm.new_int(-i),
        IntView::Big(b) => {
            check_size(vm, b.bits())?;
            vm.new_bigint(-b)
        }
    }
}

fn absolute(vm: &Vm, value: &Value) -> Res {
    if let Some(limbs) = limbs(value, &mut 0) {
        return vm.new_words(false, limbs.words);
    }
    match expect(vm, value)? {
        IntView::Small(i) => vm.new_int(i.abs()),
        IntView::Big(b) => {
            check_size(vm, b.bits())?;
            vm.new_bigint(b.abs())
        }
    }
}

fn invert(vm: &Vm, value: &Value) -> Res {
    if let Some(i) = wide(value) {
        return vm.new_wide(!i);
    }
    if let Some(limbs) = limbs(value, &mut 0)
        && let Some(result) = words::invert(vm, limbs)
    {
        return result;
    }
    match expect(vm, value)? {
        IntView::Small(i) => vm.new_int(!i),
        IntView::Big(b) => {
            check_size(vm, b.bits())?;
            vm.new_bigint(!b.clone())
        }
    }
}

fn truth(vm: &Vm, value: &Value) -> Res<bool> {
    if let Some(limbs) = limbs(value, &mut 0) {
        return Ok(!limbs.is_zero());
    }
    Ok(!is_zero(expect(vm, value)?))
}

/// An exact int of the same value.
pub fn to_int(vm: &Vm, value: &Value) -> Res {
    if value.is_small_int() || value.exact::<Int>(vm).is_some() {
        return Ok(value.clone());
    }
    if let Some(limbs) = limbs(value, &mut 0) {
        return vm.new_words(limbs.negative, limbs.words);
    }
    match expect(vm, value)? {
        IntView::Small(i) => vm.new_int(i),
        IntView::Big(b) => vm.new_bigint(b.clone()),
    }
}

/// The nearest float; OverflowError beyond the range.
pub fn as_f64(vm: &Vm, v: IntView<'_>) -> Res<f64> {
    match v {
        IntView::Small(i) => Ok(i as f64),
        IntView::Big(b) => nearest(b.is_negative(), b.bits(), b.magnitude().iter_u64_digits())
            .ok_or_else(|| vm.overflow_error("int too large to convert to float")),
    }
}

pub(crate) fn to_float(vm: &Vm, value: &Value) -> Res {
    if let Some(limbs) = limbs(value, &mut 0)
        && let Some(f) = nearest(limbs.negative, super::limbs::bits(limbs.words), limbs.words.iter().copied())
    {
        return vm.new_float(f);
    }
    vm.new_float(as_f64(vm, expect(vm, value)?)?)
}

/// How far to shift; `None`: further than any number is long.
fn shift_count(vm: &Vm, by: &Value) -> Res<Option<u64>> {
    let count = match limbs(by, &mut 0) {
        Some(by) if by.negative => return Err(vm.value_error("negative shift count")),
        Some(by) => match by.words {
            [] => Some(0),
            [word] => Some(*word),
            _ => None,
        },
        None => match expect(vm, by)? {
            IntView::Big(b) if b.is_negative() => return Err(vm.value_error("negative shift count")),
            _ => None,
        },
    };
    Ok(count)
}

fn lshift(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !is_int(a) || !is_int(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let by = shift_count(vm, b)?;
    let mut room = 0;
    let words = limbs(a, &mut room);
    if words.is_some_and(|a| a.is_zero()) {
        return vm.new_int(0);
    }
    let by = match by {
        // Above what a count of digits can be; below, there is no such memory.
        Some(by) if by < i64::MAX as u64 - 63 => by,
        _ => return Err(vm.overflow_error("too many digits in integer")),
    };
    if by >= 1 << 61 {
        return Err(vm.no_memory());
    }
    if let Some(i) = a.as_small_int()
        && by < 62
    {
        return vm.new_wide(i128::from(i) << by);
    }
    if let Some(a) = words
        && let Some(result) = words::shift_left(vm, a, by)
    {
        return result;
    }
    let a = expect(vm, a)?;
    check_size(vm, bits(a).saturating_add(by))?;
    // Shifted from where it stands: a copy would be as large as the result.
    vm.new_bigint(match a {
        IntView::Small(i) => BigInt::from(i) << by,
        IntView::Big(b) => b << by,
    })
}

fn rshift(vm: &Vm, a: &Value, b: &Value) -> Res {
    if !is_int(a) || !is_int(b) {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    let by = shift_count(vm, b)?.unwrap_or(u64::MAX);
    if let Some(i) = a.as_small_int() {
        return vm.new_int(i >> by.min(63));
    }
    if let Some(a) = limbs(a, &mut 0) {
        return words::shift_right(vm, a, by);
    }
    match expect(vm, a)? {
        IntView::Small(i) => vm.new_int(i >> by.min(63)),
        IntView::Big(b) if by >= b.bits() => vm.new_int(if b.is_negative() { -1 } else { 0 }),
        IntView::Big(b) => {
            check_size(vm, b.bits() - by)?;
            vm.new_bigint(b >> by)
        }
    }
}

macro_rules! bitwise {
    ($name:ident, $op:tt) => {
        fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
            if let (Some(a), Some(b)) = (wide(a), wide(b)) {
                return vm.new_wide(a $op b);
            }
            if let Some(result) = words::both(vm, a, b, |vm, a, b| words::bitwise(vm, a, b, |a, b| a $op b)) {
                return result;
            }
            let (a, b) = operands!(a, b);
            check_size(vm, bits(a).max(bits(b)))?;
            match (a, b) {
                (IntView::Small(a), IntView::Small(b)) => vm.new_int(a $op b),
                // A copy of one, which becomes the result.
                (IntView::Big(a), IntView::Big(b)) => vm.new_bigint(a $op b),
                _ => vm.new_bigint(a.to_bigint() $op b.to_bigint()),
            }
        }
    };
}
bitwise!(and, &);
bitwise!(or, |);
bitwise!(xor, ^);

fn as_bool(value: &Value) -> Option<bool> {
    if value.is_true() {
        Some(true)
    } else if value.is_false() {
        Some(false)
    } else {
        None
    }
}

macro_rules! bool_bitwise {
    ($name:ident, $int:ident, $op:tt) => {
        fn $name(vm: &Vm, a: &Value, b: &Value) -> Res {
            match (as_bool(a), as_bool(b)) {
                (Some(a), Some(b)) => Ok(Value::bool(a $op b)),
                _ => $int(vm, a, b),
            }
        }
    };
}
bool_bitwise!(bool_and, and, &);
bool_bitwise!(bool_or, or, |);
bool_bitwise!(bool_xor, xor, ^);

fn bool_repr(vm: &Vm, value: &Value) -> Res {
    Ok(vm.intern(if value.is_true() { "True" } else { "False" })?.into_value())
}

fn bool_invert(vm: &Vm, value: &Value) -> Res {
    vm.warn(
        &crate::objects::exceptions::DEPRECATION_WARNING,
        "Bitwise inversion '~' on bool is deprecated and will be removed in Python 3.16. This returns the bitwise inversion of \
         the underlying int object and is usually not what you expect from the negation of a bool object. Use the 'not' \
         operator for boolean negation or ~int(x) for the bitwise inversion of the underlying int.",
        1,
    )?;
    invert(vm, value)
}

fn bool_new(vm: &Vm, _cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "bool")?;
    match args.check_positional(vm, "bool", 0, 1)?.first() {
        Some(value) => Ok(Value::bool(vm.is_true(value)?)),
        None => Ok(Value::FALSE),
    }
}
