//! Builtins about numbers: `abs`, `bin`, `divmod`, `hex`, `oct`, `pow`, `round`, `sum`.

use crate::objects::bytes::Bytes;
use crate::objects::int::words_text::{count_of_digits, write_digits};
use crate::objects::str::Kind;
use crate::objects::{complex, float, int};
use crate::payload::Downcast;
use crate::protocol::numbers::BinaryOp;
use crate::protocol::steps::Steps;
use crate::vm::{Res, Vm};
use crate::{Str, Value, methods};
use num_bigint::Sign;

pub struct Numbers;

/// The digits of an integer with a prefix (`PyNumber_ToBase`).
fn to_base(vm: &Vm, number: &Value, radix: u32, prefix: &str) -> Res {
    let index = vm.index(number)?;
    let write = |negative: bool, words: &[u64]| {
        let (bits, sign) = (radix.ilog2(), if negative { &b"-"[..] } else { b"" });
        let start = sign.len() + prefix.len();
        let text = vm.new_str_with(Kind::Ascii, start + count_of_digits(words, bits), |out| {
            out[..sign.len()].copy_from_slice(sign);
            out[sign.len()..start].copy_from_slice(prefix.as_bytes());
            write_digits(&mut out[start..], words, bits);
        });
        Ok(text?.into_value())
    };
    if !index.is_small_int()
        && let Some(limbs) = int::limbs(&index, &mut 0)
        && !limbs.is_zero()
    {
        return write(limbs.negative, limbs.words);
    }
    match int::view(&index) {
        Some(int::IntView::Small(i)) => {
            let mut digits = [0u8; 64];
            let digits = ophi_number_text::int::small_digits(i.unsigned_abs(), radix, &mut digits);
            let parts = [if i < 0 { &b"-"[..] } else { b"" }, prefix.as_bytes(), digits];
            let len = parts.iter().map(|p| p.len()).sum();
            let text = vm.new_str_with(Kind::Ascii, len, |mut out| {
                for part in parts {
                    let (here, rest) = out.split_at_mut(part.len());
                    here.copy_from_slice(part);
                    out = rest;
                }
            })?;
            Ok(text.into_value())
        }
        Some(int::IntView::Big(b)) => {
            // The digits, and the words they are made from.
            vm.check_room((b.bits() / u64::from(radix.ilog2()) + b.bits() / 8) as usize)?;
            write(b.sign() == Sign::Minus, &b.magnitude().to_u64_digits())
        }
        None => Err(vm.type_error("__index__ returned no integer")),
    }
}

/// A float sum that remembers what rounding lost (Neumaier's compensated summation).
#[derive(Clone, Copy, Default)]
struct Compensated {
    high: f64,
    low: f64,
}

impl Compensated {
    fn add(&mut self, x: f64) {
        let total = self.high + x;
        if self.high.abs() >= x.abs() {
            self.low += (self.high - total) + x;
        } else {
            self.low += (x - total) + self.high;
        }
        self.high = total;
    }

    /// An infinite sum stays infinite, and a negative zero keeps its sign.
    fn value(self) -> f64 {
        if self.low != 0.0 && self.low.is_finite() { self.high + self.low } else { self.high }
    }
}

fn exact_float(vm: &Vm, value: &Value) -> Option<f64> {
    if value.is_small_float() || value.exact::<float::Float>(vm).is_some() { float::view(value) } else { None }
}

/// Sums with shortcuts for ints, floats and complex numbers, in this order, as CPython tries them: the first item that does
/// not fit is added in the general way, and the kind of the result decides how to go on. Integers that have left 64 bits are not
/// left for another shortcut: floats behind them are added plainly.
fn sum_of(vm: &Vm, iterable: &Value, start: Value) -> Res {
    let walk = Steps::over(vm, iterable)?;
    let mut result = start;
    let exact_int = |item: &Value| {
        if item.is_small_int() || item.exact::<crate::Int>(vm).is_some() { int::wide(item) } else { None }
    };
    let is_bool = |item: &Value| item.is_true() || item.is_false();
    let number = |item: &Value| if is_bool(item) { Some(item.is_true().into()) } else { exact_int(item) };
    let word = |wide: i128| i64::try_from(wide).ok();
    if let Some(mut total) = exact_int(&result).and_then(word) {
        loop {
            walk.take_known(vm, |item| match item.as_small_int().and_then(|i| total.checked_add(i)) {
                Some(next) => {
                    total = next;
                    true
                }
                None => false,
            });
            let Some(item) = walk.next(vm)? else { return vm.new_int(total) };
            match number(&item).and_then(word).and_then(|i| total.checked_add(i)) {
                Some(next) => total = next,
                None => {
                    result = vm.binary_op(BinaryOp::Add, &vm.new_int(total)?, &item)?;
                    break;
                }
            }
        }
    }
    if let Some(mut total) = exact_int(&result) {
        loop {
            let Some(item) = walk.next(vm)? else { return vm.new_wide(total) };
            match number(&item).and_then(|i| total.checked_add(i)) {
                Some(next) => total = next,
                None => {
                    result = vm.binary_op(BinaryOp::Add, &vm.new_wide(total)?, &item)?;
                    break;
                }
            }
        }
        return sum_plainly(vm, &walk, result);
    }
    // An int or of a class made from it, as bool is.
    let is_integer = |item: &Value| item.is_small_int() || is_bool(item) || item.is_a::<crate::Int>();
    if let Some(first) = exact_float(vm, &result) {
        let mut total = Compensated { high: first, low: 0.0 };
        loop {
            walk.take_known(vm, |item| match item.as_small_float() {
                Some(f) => {
                    total.add(f);
                    true
                }
                None => false,
            });
            let Some(item) = walk.next(vm)? else { return vm.new_float(total.value()) };
            if let Some(f) = exact_float(vm, &item) {
                total.add(f);
            } else if is_integer(&item) {
                total.add(vm.to_f64(&item)?);
            } else {
                result = vm.binary_op(BinaryOp::Add, &vm.new_float(total.value())?, &item)?;
                break;
            }
        }
    }
    if result.exact::<complex::Complex>(vm).is_some()
        && let Some((re, im)) = complex::view(&result)
    {
        let (mut real, mut imaginary) = (Compensated { high: re, low: 0.0 }, Compensated { high: im, low: 0.0 });
        loop {
            let Some(item) = walk.next(vm)? else {
                return vm.new_complex(real.value(), imaginary.value());
            };
            if item.exact::<complex::Complex>(vm).is_some()
                && let Some((re, im)) = complex::view(&item)
            {
                real.add(re);
                imaginary.add(im);
            } else if is_integer(&item) {
                real.add(vm.to_f64(&item)?);
            } else if let Some(f) = float::view(&item) {
                real.add(f);
            } else {
                let so_far = vm.new_complex(real.value(), imaginary.value())?;
                result = vm.binary_op(BinaryOp::Add, &so_far, &item)?;
                break;
            }
        }
    }
    sum_plainly(vm, &walk, result)
}

fn sum_plainly(vm: &Vm, walk: &Steps, mut result: Value) -> Res {
    while let Some(item) = walk.next(vm)? {
        result = vm.binary_op(BinaryOp::Add, &result, &item)?;
    }
    Ok(result)
}

#[methods]
impl Numbers {
    #[function(sig = "(x, /)", doc = "Return the absolute value of the argument.")]
    fn abs(vm: &Vm, x: &Value) -> Res {
        vm.absolute(x)
    }

    #[function(
        sig = "(number, /)",
        doc = "The binary digits of an integer, with 0b before them.\n\n   >>> bin(10)\n   '0b1010'"
    )]
    fn bin(vm: &Vm, number: &Value) -> Res {
        to_base(vm, number, 2, "0b")
    }

    #[function(
        sig = "(number, /)",
        doc = "The hexadecimal digits of an integer, with 0x before them.\n\n   >>> hex(255)\n   '0xff'"
    )]
    fn hex(vm: &Vm, number: &Value) -> Res {
        to_base(vm, number, 16, "0x")
    }

    #[function(
        sig = "(number, /)",
        doc = "The octal digits of an integer, with 0o before them.\n\n   >>> oct(8)\n   '0o10'"
    )]
    fn oct(vm: &Vm, number: &Value) -> Res {
        to_base(vm, number, 8, "0o")
    }

    #[function(sig = "(x, y, /)", doc = "Return the tuple (x//y, x%y).  Invariant: div*y + mod == x.")]
    fn divmod(vm: &Vm, x: &Value, y: &Value) -> Res {
        vm.divmod(x, y)
    }

    #[function(
        name = "pow",
        sig = "(base, exp, mod=None)",
        doc = "base**exp, or base**exp % mod computed without the large number between."
    )]
    fn power(vm: &Vm, base: &Value, exp: &Value, modulus: Option<&Value>) -> Res {
        vm.power(base, exp, modulus.unwrap_or(&Value::NONE))
    }

    #[function(
        sig = "(number, ndigits=None)",
        doc = "Round to so many decimal digits, to an integer if ndigits is not given or None.\n\nOf two numbers as near, the one with the even last digit is taken. ndigits may be negative."
    )]
    fn round(vm: &Vm, number: &Value, ndigits: Option<&Value>) -> Res {
        if ndigits.is_none() {
            if number.is_small_int() {
                return Ok(number.clone());
            }
            if let Some(f) = number.as_small_float().filter(|f| f.abs() < (1u64 << 60) as f64) {
                return vm.new_int(f.round_ties_even() as i64);
            }
        }
        if let (Some(f), Some(places @ 0..=22)) = (number.as_small_float(), ndigits.and_then(|n| n.as_small_int()))
            && let Some(rounded) = ophi_number_text::float::round_places(f, places as usize)
        {
            return vm.new_float(rounded);
        }
        let args = match ndigits {
            Some(n) => core::slice::from_ref(n),
            None => &[],
        };
        match vm.call_special(number, &vm.names().__round__, args)? {
            Some(rounded) => Ok(rounded),
            None => Err(vm.type_error(format!("type {} doesn't define __round__ method", vm.type_name(number)))),
        }
    }

    #[function(
        sig = "(iterable, /, start=0)",
        doc = "The sum of the items and start. Made for numbers; strings are refused."
    )]
    fn sum(vm: &Vm, iterable: &Value, start: Option<&Value>) -> Res {
        let Some(start) = start else { return sum_of(vm, iterable, Value::int32(0)) };
        let join = match start {
            _ if start.is_a::<Str>() => Some(("strings", "''")),
            _ if start.is_a::<Bytes>() => Some(("bytes", "b''")),
            _ if vm.class(start).def.is_some_and(|d| d.name == "bytearray") => Some(("bytearray", "b''")),
            _ => None,
        };
        if let Some((what, glue)) = join {
            // What cannot be iterated is told first.
            vm.iter(iterable)?;
            return Err(vm.type_error(format!("sum() can't sum {what} [use {glue}.join(seq) instead]")));
        }
        sum_of(vm, iterable, start.clone())
    }
}
