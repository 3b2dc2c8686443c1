//! From Python's values to decimal numbers and back.

use super::arguments::{unpack, word};
use super::context::Context;
use super::current;
use super::number::context::{Ctx, status};
use super::number::miscellaneous::truncated;
use super::number::text::parse;
use super::number::{Kind, Natural, Number};
use super::value::{self, DECIMAL, Decimal};
use num_bigint::BigInt;
use num_integer::Integer;
use ophi_runtime::objects::float;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, List, Raised, Ref, Res, Str, Tuple, TypeRef, Value, Vm};
use std::borrow::Cow;

/// `Decimal(value="0", context=None)`
pub fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let [source, context] = unpack(vm, args, ["value", "context"], 0)?;
    let context = current::given_or_current(vm, context)?;
    let Some(source) = source else { return value::new_of(vm, class, Number::zero(false, 0)) };
    if class.is(vm.ty(&DECIMAL)) && source.exact::<Decimal>(vm).is_some() {
        return Ok(source.clone());
    }
    let number = exact_from(vm, source, &context)?;
    value::new_of(vm, class, number)
}

/// Any value that `Decimal()` takes, exactly.
fn exact_from(vm: &Vm, source: &Value, context: &Ref<Context>) -> Res<Number> {
    if let Some(decimal) = source.downcast::<Decimal>() {
        return Ok(decimal.number.clone());
    }
    if let Some(text) = source.downcast::<Str>() {
        return exact_from_text(vm, &ascii(text, true), context);
    }
    if let Some(view) = int::view(source) {
        return exact_from_int(vm, view, context);
    }
    if source.is_a::<Tuple>() || source.is_a::<List>() {
        let number = from_tuple(vm, source)?;
        return context.run_exact(vm, |_| number);
    }
    if let Some(f) = float::view(source) {
        context.signal(vm, status::FLOAT_OPERATION)?;
        return Ok(from_f64(f));
    }
    Err(unsupported(vm, source))
}

/// Any value that `Context.create_decimal` takes, rounded.
pub fn rounded_from(vm: &Vm, source: &Value, context: &Ref<Context>) -> Res<Number> {
    if let Some(decimal) = source.downcast::<Decimal>() {
        let n = &decimal.number;
        return context.run(vm, |ctx| fitted(ctx, n.clone()));
    }
    if let Some(text) = source.downcast::<Str>() {
        return context.run(vm, |ctx| match parse(&ascii(text, false)) {
            Some(n) => fitted(ctx, n),
            None => ctx.invalid(status::CONVERSION_SYNTAX),
        });
    }
    let number = if let Some(view) = int::view(source) {
        from_int(view)
    } else if source.is_a::<Tuple>() || source.is_a::<List>() {
        from_tuple(vm, source)?
    } else if let Some(f) = float::view(source) {
        context.signal(vm, status::FLOAT_OPERATION)?;
        from_f64(f)
    } else {
        return Err(unsupported(vm, source));
    };
    context.run(vm, |ctx| fitted(ctx, number))
}

/// A number fitted into the context; the payload of a NaN must have room.
fn fitted(ctx: &mut Ctx<'_>, n: Number) -> Number {
    if n.is_nan() && n.coefficient.digits() as i64 > ctx.prec - i64::from(ctx.clamp) {
        return ctx.invalid(status::CONVERSION_SYNTAX);
    }
    ctx.finish(n)
}

#[cold]
pub fn unsupported(vm: &Vm, value: &Value) -> Raised {
    vm.type_error(format!("conversion from {} to Decimal is not supported", vm.type_name(value)))
}

fn exact_from_text(vm: &Vm, text: &[u8], context: &Ref<Context>) -> Res<Number> {
    match parse(text) {
        // The usual case needs no fitting.
        Some(n) if n.is_finite() && n.exponent > -1_000_000 && n.exponent < 1_000_000 && text.len() < 1000 => Ok(n),
        Some(n) => context.run_exact(vm, |_| n),
        None => context.run(vm, |ctx| ctx.invalid(status::CONVERSION_SYNTAX)),
    }
}

/// The text as ASCII: digits of other scripts become 0-9; with `loose`, white space around and underscores go. What cannot be
/// part of a number becomes `?`.
fn ascii(text: &Str, loose: bool) -> Cow<'_, [u8]> {
    if let Some(plain) = text.as_ascii()
        && (!loose || plain.bytes().all(|b| b > b' ' && b != b'_'))
    {
        return Cow::Borrowed(plain.as_bytes());
    }
    let mut out: Vec<u8> = match text.as_ascii() {
        Some(ascii) => ascii.as_bytes().to_vec(),
        None => int::construct::ascii_digits(text).as_bytes().to_vec(),
    };
    if loose {
        let is_space = |b: &u8| matches!(b, b' ' | b'\t'..=b'\r' | 0x1c..=0x1f);
        let start = out.iter().position(|b| !is_space(b)).unwrap_or(out.len());
        let end = out.iter().rposition(|b| !is_space(b)).map_or(start, |i| i + 1);
        out.truncate(end);
        out.drain(..start);
        out.retain(|b| *b != b'_');
    }
    Cow::Owned(out)
}

pub fn from_int(view: IntView<'_>) -> Number {
    match view {
        IntView::Small(i) => Number::small(i),
        IntView::Big(big) => Number::new(big.sign() == num_bigint::Sign::Minus, Natural::from_big(big.magnitude()), 0),
    }
}

pub fn exact_from_int(_: &Vm, view: IntView<'_>, _: &Context) -> Res<Number> {
    // No integer in memory is too long for a coefficient.
    Ok(from_int(view))
}

/// The exact value of a float.
pub fn from_f64(f: f64) -> Number {
    let negative = f.is_sign_negative();
    if f.is_nan() {
        return Number::special(negative, Kind::QuietNan);
    }
    if f.is_infinite() {
        return Number::infinity(negative);
    }
    let bits = f.to_bits();
    let stored = (bits >> 52 & 0x7ff) as i32;
    let fraction = bits & ((1 << 52) - 1);
    let (mut mantissa, mut exponent) =
        if stored == 0 { (fraction, -1074) } else { (fraction | 1 << 52, stored - 1075) };
    if mantissa == 0 {
        return Number::zero(negative, 0);
    }
    let zeros = mantissa.trailing_zeros() as i32;
    mantissa >>= zeros;
    exponent += zeros;
    let m = Natural::from(mantissa);
    if exponent >= 0 {
        return Number::new(negative, m.mul(&Natural::from(2).pow(exponent as u64)), 0);
    }
    Number::new(negative, m.mul(&Natural::from(5).pow(-exponent as u64)), i64::from(exponent))
}

/// `(sign, digits, exponent)`
fn from_tuple(vm: &Vm, source: &Value) -> Res<Number> {
    let items = vm.collect(source)?;
    let [sign, digits, exponent] = &items[..] else {
        return Err(vm.value_error("argument must be a sequence of length 3"));
    };
    let negative = match int::view(sign).and_then(|view| view.to_i64()) {
        Some(0) => false,
        Some(1) => true,
        _ => return Err(vm.value_error("sign must be an integer with the value 0 or 1")),
    };
    let mut kind = Kind::Finite;
    let mut power = 0;
    if let Some(text) = exponent.downcast::<Str>() {
        kind = match text.to_utf8_lossy().as_ref() {
            "F" => return Ok(Number::infinity(negative)),
            "n" => Kind::QuietNan,
            "N" => Kind::SignalingNan,
            _ => return Err(vm.value_error("string argument in the third position must be 'F', 'n' or 'N'")),
        };
    } else if int::view(exponent).is_some() {
        power = word(vm, exponent)?;
    } else {
        return Err(vm.value_error("exponent must be an integer"));
    }
    let not_digits = || vm.value_error("coefficient must be a tuple of digits");
    if !digits.is_a::<Tuple>() && !digits.is_a::<List>() {
        return Err(not_digits());
    }
    let mut text = Vec::new();
    for digit in vm.collect(digits)? {
        match int::view(&digit).and_then(|view| view.to_i64()) {
            Some(d @ 0..=9) => text.push(b'0' + d as u8),
            _ => return Err(not_digits()),
        }
    }
    let power = power.clamp(-(i64::MAX / 2), i64::MAX / 2);
    Ok(Number { coefficient: Natural::from_digits(&text), exponent: power, negative, kind })
}

/// `from_float`: an int or float, exactly and without a signal.
pub fn from_int_or_float(vm: &Vm, source: &Value) -> Res<Number> {
    if let Some(view) = int::view(source) {
        return Ok(from_int(view));
    }
    match float::view(source) {
        Some(f) => Ok(from_f64(f)),
        None => Err(vm.type_error("argument must be int or float")),
    }
}

/// An operand: a Decimal or an int. `None`: neither.
#[inline]
pub fn operand(value: &Value) -> Option<Cow<'_, Number>> {
    if let Some(decimal) = value.downcast::<Decimal>() {
        return Some(Cow::Borrowed(&decimal.number));
    }
    int::view(value).map(|view| Cow::Owned(from_int(view)))
}

/// An operand of a method; TypeError for what is no number.
pub fn expect<'a>(vm: &Vm, value: &'a Value) -> Res<Cow<'a, Number>> {
    operand(value).ok_or_else(|| unsupported(vm, value))
}

/// A required operand of a method as [`unpack`] found it.
pub fn given<'a>(vm: &Vm, value: Option<&'a Value>) -> Res<Cow<'a, Number>> {
    match value {
        Some(value) => expect(vm, value),
        None => Err(vm.type_error("function missing required argument")),
    }
}

#[cold]
fn no_integer(vm: &Vm, n: &Number, what: &str) -> Raised {
    if n.is_nan() {
        vm.value_error(format!("cannot convert NaN to {what}"))
    } else {
        vm.overflow_error(format!("cannot convert Infinity to {what}"))
    }
}

/// How a whole number is made of one that is not.
#[derive(Clone, Copy, PartialEq)]
pub enum Whole {
    Truncate,
    Floor,
    Ceiling,
    HalfEven,
}

pub fn to_int(vm: &Vm, n: &Number, how: Whole) -> Res {
    use super::number::Rounding;
    if !n.is_finite() {
        return Err(no_integer(vm, n, "integer"));
    }
    if n.exponent == 0
        && let Some(small) = n.coefficient.to_u64().and_then(|m| i64::try_from(m).ok())
    {
        return vm.new_int(if n.negative { -small } else { small });
    }
    let room = |bytes: usize| vm.check_room(bytes).map_err(|raised| vm.forget(raised)).is_ok();
    let mut ctx = Ctx::widest(&room);
    ctx.rounding = match how {
        Whole::Truncate => Rounding::Down,
        Whole::Floor => Rounding::Floor,
        Whole::Ceiling => Rounding::Ceiling,
        Whole::HalfEven => Rounding::HalfEven,
    };
    let whole = ctx.to_integral(n, false);
    match truncated(&whole, &mut ctx) {
        Some((magnitude, _)) => vm.new_bigint(magnitude.to_bigint(n.negative)),
        None => Err(vm.no_memory()),
    }
}

pub fn to_f64(vm: &Vm, n: &Number) -> Res<f64> {
    match n.kind {
        Kind::SignalingNan => Err(vm.value_error("cannot convert signaling NaN to float")),
        Kind::QuietNan => Ok(if n.negative { -f64::NAN } else { f64::NAN }),
        Kind::Infinity => Ok(if n.negative { f64::NEG_INFINITY } else { f64::INFINITY }),
        Kind::Finite => {
            let text = n.to_text(false, true);
            let text = core::str::from_utf8(&text).unwrap_or("0");
            text.parse().map_err(|_| vm.value_error(format!("could not convert string to float: '{text}'")))
        }
    }
}

/// Numerator and denominator in lowest terms.
pub fn to_ratio(vm: &Vm, n: &Number) -> Res {
    if !n.is_finite() {
        return Err(no_integer(vm, n, "integer ratio"));
    }
    let (mut top, mut bottom) = (n.coefficient.to_bigint(n.negative), BigInt::from(1));
    let size = n.exponent.unsigned_abs();
    if !n.coefficient.is_zero() {
        let Ok(power) = u32::try_from(size) else { return Err(vm.no_memory()) };
        vm.check_room(power as usize / 2)?;
        let ten = BigInt::from(10).pow(power);
        if n.exponent >= 0 {
            top *= ten;
        } else {
            let common = top.gcd(&ten);
            top /= &common;
            bottom = ten / common;
        }
    }
    vm.new_tuple(&[vm.new_bigint(top)?, vm.new_bigint(bottom)?])
}

/// The hash that all numbers of the same value have.
pub fn hash(n: &Number) -> i64 {
    const MODULUS: u64 = (1 << 61) - 1;
    const INFINITY: i64 = 314_159;
    let mul = |a: u64, b: u64| (u128::from(a) * u128::from(b) % u128::from(MODULUS)) as u64;
    let sign = if n.negative { -1 } else { 1 };
    if n.is_infinite() {
        return sign * INFINITY;
    }
    let pow = |mut base: u64, mut exponent: u64| {
        let mut result = 1;
        while exponent != 0 {
            if exponent & 1 == 1 {
                result = mul(result, base);
            }
            base = mul(base, base);
            exponent >>= 1;
        }
        result
    };
    let base = super::number::natural::BASE % MODULUS;
    let value = n.coefficient.0.iter().rev().fold(0, |h, limb| (mul(h, base) + limb % MODULUS) % MODULUS);
    let ten = if n.exponent >= 0 { 10 } else { pow(10, MODULUS - 2) };
    let h = sign * mul(value, pow(ten, n.exponent.unsigned_abs())) as i64;
    if h == -1 { -2 } else { h }
}
