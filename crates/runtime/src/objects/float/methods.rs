//! The methods and attributes of `float`.

use super::{Float, convert, slots, view};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value, methods};
use num_bigint::BigInt;

fn number(vm: &Vm, value: &Value) -> Res<f64> {
    view(value).ok_or_else(|| vm.type_error(format!("must be real number, not {}", vm.type_name(value))))
}

#[methods]
impl Float {
    /// Return self, the complex conjugate of any float.
    #[method(sig = "()")]
    fn conjugate(vm: &Vm, this: &Value) -> Res {
        slots::to_float(vm, this)
    }

    /// Return True if the float is an integer.
    #[method(sig = "()")]
    fn is_integer(vm: &Vm, this: &Value) -> Res<bool> {
        let f = number(vm, this)?;
        Ok(f.is_finite() && f.floor() == f)
    }

    /// Numerator and denominator, in lowest terms, of the exact value. OverflowError for infinities, ValueError for NaNs.
    ///
    /// >>> (0.75).as_integer_ratio()
    /// (3, 4)
    #[method(sig = "()")]
    fn as_integer_ratio(vm: &Vm, this: &Value) -> Res {
        let f = number(vm, this)?;
        if f.is_infinite() {
            return Err(vm.overflow_error("cannot convert Infinity to integer ratio"));
        }
        if f.is_nan() {
            return Err(vm.value_error("cannot convert NaN to integer ratio"));
        }
        // The significand without its trailing zeros, and its exponent, where numerator and denominator fit two words.
        let (bits, field) = (f.to_bits() & ((1 << 52) - 1), (f.to_bits() >> 52 & 0x7ff) as i32);
        if (1023 - 60..1023 + 100).contains(&field) {
            let significand = bits | 1 << 52;
            let zeros = significand.trailing_zeros();
            let whole = i128::from(significand >> zeros) * if f < 0.0 { -1 } else { 1 };
            let exponent = field - 1075 + zeros as i32;
            let (top, bottom) = if exponent > 0 { (whole << exponent, 1) } else { (whole, 1i128 << -exponent) };
            return crate::Tuple::pair(vm, vm.new_wide(top)?, vm.new_wide(bottom)?);
        }
        let (mut m, mut e) = convert::split(f);
        while m != m.floor() {
            m *= 2.0;
            e -= 1;
        }
        let mut top = BigInt::from(m as i64);
        let mut bottom = BigInt::from(1);
        if e > 0 {
            top <<= e;
        } else {
            bottom <<= -e;
        }
        vm.new_tuple(&[vm.new_bigint(top)?, vm.new_bigint(bottom)?])
    }

    /// The exact value as hexadecimal text like '0x1.8000000000000p+1'.
    ///
    /// >>> (3.0).hex()
    /// '0x1.8000000000000p+1'
    #[method(sig = "()")]
    fn hex(vm: &Vm, this: &Value) -> Res {
        Ok(vm.new_ascii(&convert::to_hex(number(vm, this)?))?.into_value())
    }

    /// The number that hexadecimal text like '0x1.8p+1' stands for.
    ///
    /// >>> float.fromhex('0x1.8p+1')
    /// 3.0
    #[classmethod(sig = "(string, /)")]
    fn fromhex(vm: &Vm, cls: &TypeRef, string: &Ref<Str>) -> Res {
        let text = crate::codecs::utf8_of(vm, string)?;
        let f = match convert::from_hex(&String::from_utf8_lossy(&text)) {
            Ok(f) => f,
            Err(convert::HexError::Invalid) => {
                return Err(vm.value_error("invalid hexadecimal floating-point string"));
            }
            Err(convert::HexError::TooLarge) => {
                return Err(vm.overflow_error("hexadecimal value too large to represent as a float"));
            }
        };
        in_class(vm, cls, vm.new_float(f)?)
    }

    /// Convert real number to a floating-point number.
    #[classmethod(sig = "(number, /)")]
    fn from_number(vm: &Vm, cls: &TypeRef, number: &Value) -> Res {
        if cls.is(vm.ty_of::<Float>()) && vm.class(number).is(cls) {
            return Ok(number.clone());
        }
        in_class(vm, cls, vm.new_float(vm.to_f64(number)?)?)
    }

    /// Return the Integral closest to x between 0 and x.
    #[method(sig = "()")]
    fn __trunc__(vm: &Vm, this: &Value) -> Res {
        slots::truncate(vm, this)
    }

    /// Return the floor as an Integral.
    #[method(sig = "()")]
    fn __floor__(vm: &Vm, this: &Value) -> Res {
        slots::to_integer(vm, number(vm, this)?.floor())
    }

    /// Return the ceiling as an Integral.
    #[method(sig = "()")]
    fn __ceil__(vm: &Vm, this: &Value) -> Res {
        slots::to_integer(vm, number(vm, this)?.ceil())
    }

    /// The nearest integer, the even one of two as near; with ndigits, as round(x, ndigits).
    #[method(sig = "(ndigits=None, /)")]
    fn __round__(vm: &Vm, this: &Value, ndigits: Option<&Value>) -> Res {
        let f = number(vm, this)?;
        let Some(ndigits) = ndigits else { return slots::to_integer(vm, f.round_ties_even()) };
        let digits = vm.index_as_i128(ndigits)?.unwrap_or(i128::MAX).clamp(-10_000, 10_000) as i32;
        if !f.is_finite() || f == 0.0 || digits > 323 {
            return vm.new_float(f);
        }
        if digits < -308 {
            return vm.new_float(0f64.copysign(f));
        }
        let rounded = round_decimal(f, digits);
        if rounded.is_infinite() {
            return Err(vm.overflow_error("rounded value too large to represent"));
        }
        vm.new_float(rounded)
    }

    #[method(sig = "()", doc = "")]
    fn __getnewargs__(vm: &Vm, this: &Value) -> Res {
        vm.new_tuple(&[slots::to_float(vm, this)?])
    }

    /// Formats the float according to format_spec.
    #[method(sig = "(format_spec, /)")]
    fn __format__(vm: &Vm, this: &Value, format_spec: &Ref<Str>) -> Res {
        crate::format::format_float(vm, this, format_spec)
    }

    /// How C's 'double' or 'float' is laid out here. For Python's own tests.
    #[classmethod(sig = "(typestr, /)")]
    fn __getformat__(vm: &Vm, _cls: &TypeRef, typestr: &Ref<Str>) -> Res<&'static str> {
        if !typestr.eq_str("double") && !typestr.eq_str("float") {
            return Err(vm.value_error("__getformat__() argument 1 must be 'double' or 'float'"));
        }
        Ok(if cfg!(target_endian = "little") { "IEEE, little-endian" } else { "IEEE, big-endian" })
    }

    #[getter(doc = "the real part of a complex number")]
    fn real(vm: &Vm, this: &Value) -> Res {
        slots::to_float(vm, this)
    }

    #[getter(doc = "the imaginary part of a complex number")]
    fn imag(_vm: &Vm, _this: &Value) -> f64 {
        0.0
    }
}

fn in_class(vm: &Vm, cls: &TypeRef, value: Value) -> Res {
    if cls.is(vm.ty_of::<Float>()) { Ok(value) } else { vm.call(cls.as_value(), &[value]) }
}

/// `f` rounded half-even at a decimal place, by exact decimal digits.
pub fn round_decimal(f: f64, digits: i32) -> f64 {
    if digits >= 0 {
        if let Some(rounded) = ophi_number_text::float::round_places(f, digits as usize) {
            return rounded;
        }
        return format!("{f:.*}", digits as usize).parse().unwrap_or(f);
    }
    // Exact: integers beyond the place, ties to even.
    let unit = BigInt::from(10).pow(digits.unsigned_abs());
    let whole = num_traits::FromPrimitive::from_f64(f.trunc()).unwrap_or_else(BigInt::default);
    let exact = f.fract() == 0.0;
    let negative = f < 0.0;
    let magnitude = num_traits::Signed::abs(&whole);
    let (q, r) = num_integer::Integer::div_rem(&magnitude, &unit);
    let twice: BigInt = &r * 2;
    let up = twice > unit || (twice == unit && (!exact || num_integer::Integer::is_odd(&q)));
    let rounded = (if up { q + 1 } else { q }) * unit;
    let text = rounded.to_string();
    let value: f64 = text.parse().unwrap_or(f);
    if negative { -value } else { value }
}
