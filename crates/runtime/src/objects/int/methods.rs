//! The methods and attributes of `int`.

use super::slots;
use super::{Int, IntView, limbs, view};
use crate::objects::bytes::Bytes;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Str, TypeRef, Value, methods};
use num_bigint::{BigInt, Sign};
use num_integer::Integer;
use num_traits::Signed;

fn number<'a>(vm: &Vm, value: &'a Value) -> Res<IntView<'a>> {
    view(value).ok_or_else(|| vm.type_error(format!("an integer is required (got type {})", vm.type_name(value))))
}

/// `byteorder` as "is it little?".
fn is_little(vm: &Vm, byteorder: Option<&Value>) -> Res<bool> {
    let Some(order) = byteorder else { return Ok(false) };
    let Some(order) = order.downcast::<Str>() else {
        return Err(vm.type_error(format!("to_bytes() argument 'byteorder' must be str, not {}", vm.type_name(order))));
    };
    match order.as_ascii() {
        Some("little") => Ok(true),
        Some("big") => Ok(false),
        _ => Err(vm.value_error("byteorder must be either 'little' or 'big'")),
    }
}

#[methods]
impl Int {
    /// Returns self, the complex conjugate of any int.
    #[method(sig = "()")]
    fn conjugate(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    /// How many binary digits the absolute value needs.
    ///
    /// >>> (37).bit_length()
    /// 6
    #[method(sig = "()")]
    fn bit_length(vm: &Vm, this: &Value) -> Res<u64> {
        if let Some(limbs) = limbs(this, &mut 0) {
            return Ok(super::limbs::bits(limbs.words));
        }
        Ok(match number(vm, this)? {
            IntView::Small(i) => 64 - i.unsigned_abs().leading_zeros() as u64,
            IntView::Big(b) => b.bits(),
        })
    }

    /// How many ones the binary digits of the absolute value have.
    ///
    /// >>> (13).bit_count()
    /// 3
    #[method(sig = "()")]
    fn bit_count(vm: &Vm, this: &Value) -> Res<u64> {
        if let Some(limbs) = limbs(this, &mut 0) {
            return Ok(limbs.words.iter().map(|word| u64::from(word.count_ones())).sum());
        }
        Ok(match number(vm, this)? {
            IntView::Small(i) => i.unsigned_abs().count_ones() as u64,
            IntView::Big(b) => b.magnitude().count_ones(),
        })
    }

    /// The integer as so many bytes; OverflowError if they do not hold it.
    ///
    /// byteorder is 'big' (the most significant byte first) or 'little'; signed allows negative numbers, in two's complement.
    #[method(sig = "(length=1, byteorder='big', *, signed=False)")]
    fn to_bytes(vm: &Vm, this: &Value, length: isize, byteorder: Option<&Value>, signed: bool) -> Res {
        let little = is_little(vm, byteorder)?;
        if length < 0 {
            return Err(vm.value_error("length argument must be non-negative"));
        }
        let length = length as usize;
        if let (Some(i), 1..=8) = (this.as_small_int(), length) {
            // The length usual for a word. Its bits above the length must all be its sign.
            if i < 0 && !signed {
                return Err(vm.overflow_error("can't convert negative int to unsigned"));
            }
            let bits = 8 * length as u32;
            let fits = match signed {
                true => i >> (bits - 1) == i >> 63,
                false => bits == 64 || (i as u64) >> bits == 0,
            };
            if !fits {
                return Err(vm.overflow_error("int too big to convert"));
            }
            let (low, high) = (i.to_le_bytes(), i.to_be_bytes());
            return Ok(vm.new_bytes(if little { &low[..length] } else { &high[8 - length..] })?.into_value());
        }
        let form = Form { length, little, signed };
        if let Some(limbs) = limbs(this, &mut 0) {
            let words = limbs.words.iter().copied();
            let power = limbs.words.iter().map(|word| word.count_ones()).sum::<u32>() == 1;
            return bytes_of_words(vm, limbs.negative, super::limbs::bits(limbs.words), power, words, form);
        }
        match number(vm, this)? {
            IntView::Big(b) => {
                let power = b.magnitude().trailing_zeros() == b.bits().checked_sub(1);
                bytes_of_words(vm, b.is_negative(), b.bits(), power, b.magnitude().iter_u64_digits(), form)
            }
            // Such an int has its words.
            IntView::Small(_) => Err(vm.type_error("an integer is required")),
        }
    }

    /// The integer that these bytes are.
    ///
    /// byteorder is 'big' (the most significant byte first) or 'little'; signed says whether two's complement is meant.
    #[classmethod(sig = "(bytes, byteorder='big', *, signed=False)")]
    fn from_bytes(vm: &Vm, cls: &TypeRef, bytes: &Value, byteorder: Option<&Value>, signed: bool) -> Res {
        let little = is_little(vm, byteorder)?;
        let value = match bytes.exact::<Bytes>(vm) {
            Some(bytes) => value_of_bytes(vm, bytes.as_slice(), little, signed)?,
            None if bytes.is_a::<crate::Str>() => return Err(vm.type_error("cannot convert 'str' object to bytes")),
            None => match vm.call_special(bytes, &vm.names().__bytes__, &[])? {
                Some(made) => match made.downcast::<Bytes>() {
                    Some(made) => value_of_bytes(vm, made.as_slice(), little, signed)?,
                    None => {
                        let got = vm.type_name(&made);
                        return Err(vm.type_error(format!("__bytes__ returned non-bytes (type {got})")));
                    }
                },
                None => value_of_bytes(vm, &vm.bytes_of(bytes)?, little, signed)?,
            },
        };
        if cls.is(vm.ty_of::<Int>()) {
            return Ok(value);
        }
        vm.call(cls.as_value(), &[value])
    }

    /// The pair of the integer and 1.
    ///
    /// >>> (7).as_integer_ratio()
    /// (7, 1)
    #[method(sig = "()")]
    fn as_integer_ratio(vm: &Vm, this: &Value) -> Res {
        vm.new_tuple(&[slots::to_int(vm, this)?, Value::int32(1)])
    }

    /// True. There for code that takes floats too.
    #[method(sig = "()")]
    fn is_integer(_vm: &Vm, _this: &Value) -> bool {
        true
    }

    /// Truncating an Integral returns itself.
    #[method(sig = "()")]
    fn __trunc__(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    /// Flooring an Integral returns itself.
    #[method(sig = "()")]
    fn __floor__(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    /// Ceiling of an Integral returns itself.
    #[method(sig = "()")]
    fn __ceil__(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    /// The integer itself; with a negative ndigits, rounded to tens, hundreds and so on.
    #[method(sig = "(ndigits=None, /)")]
    fn __round__(vm: &Vm, this: &Value, ndigits: Option<&Value>) -> Res {
        let Some(ndigits) = ndigits else { return slots::to_int(vm, this) };
        let digits = vm.index_as_i128(ndigits)?;
        let places = match digits {
            Some(d) if d >= 0 => return slots::to_int(vm, this),
            Some(d) => d.unsigned_abs(),
            None => match view(&vm.index(ndigits)?) {
                Some(IntView::Big(b)) if b.is_negative() => u128::MAX,
                _ => return slots::to_int(vm, this),
            },
        };
        let value = number(vm, this)?.to_bigint();
        // Beyond the number's own digits everything rounds to zero.
        if places > (value.bits() as u128) / 3 + 2 {
            return vm.new_int(0);
        }
        let unit = BigInt::from(10).pow(places as u32);
        let (q, r) = value.div_mod_floor(&unit);
        let twice: BigInt = &r * 2;
        let up = match twice.cmp(&unit) {
            core::cmp::Ordering::Greater => true,
            core::cmp::Ordering::Equal => q.is_odd(),
            core::cmp::Ordering::Less => false,
        };
        vm.new_bigint((if up { q + 1 } else { q }) * unit)
    }

    #[method(sig = "()", doc = "")]
    fn __getnewargs__(vm: &Vm, this: &Value) -> Res {
        vm.new_tuple(&[slots::to_int(vm, this)?])
    }

    /// Convert to a string according to format_spec.
    #[method(sig = "(format_spec, /)")]
    fn __format__(vm: &Vm, this: &Value, format_spec: &crate::Ref<Str>) -> Res {
        crate::format::format_int(vm, this, format_spec)
    }

    /// Returns size in memory, in bytes.
    #[method(sig = "()")]
    fn __sizeof__(vm: &Vm, this: &Value) -> Res<u64> {
        // CPython's figure: 4 bytes per digit of 30 bits, at least one, behind the header.
        let bits = Self::bit_length(vm, this)?;
        let head = crate::objects::r#type::attributes::basic_size(vm.class(this)) as u64;
        Ok(head + 4 * bits.div_ceil(30).max(1))
    }

    #[getter(doc = "the real part of a complex number")]
    fn real(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    #[getter(doc = "the imaginary part of a complex number")]
    fn imag(_vm: &Vm, _this: &Value) -> i32 {
        0
    }

    #[getter(doc = "the numerator of a rational number in lowest terms")]
    fn numerator(vm: &Vm, this: &Value) -> Res {
        slots::to_int(vm, this)
    }

    #[getter(doc = "the denominator of a rational number in lowest terms")]
    fn denominator(_vm: &Vm, _this: &Value) -> i32 {
        1
    }
}

/// What `int.to_bytes` is asked for.
struct Form {
    length: usize,
    little: bool,
    signed: bool,
}

/// `int.to_bytes` of a sign and a magnitude of so many bits, which is a power of two or not.
fn bytes_of_words(
    vm: &Vm,
    negative: bool,
    bits: u64,
    power: bool,
    words: impl Iterator<Item = u64>,
    form: Form,
) -> Res {
    let Form { length, little, signed } = form;
    if negative && !signed {
        return Err(vm.overflow_error("can't convert negative int to unsigned"));
    }
    if !vm.heap().has_room(length) {
        return Err(vm.no_memory());
    }
    // The sign takes a bit, but for the lowest number of a length: -128 fits a byte.
    let needed = bits + u64::from(signed && !(negative && power));
    if bits > 0 && needed > 8 * length as u64 {
        return Err(vm.overflow_error("int too big to convert"));
    }
    Ok(vm.new_exact_bytes(length, |out| write_words(out, little, negative, words))?.into_value())
}

/// Fills `out` with a number in two's complement, which it has room for.
fn write_words(out: &mut [u8], little: bool, negative: bool, words: impl Iterator<Item = u64>) {
    let mut words = super::limbs::twos_complement(negative, words);
    if little {
        let mut whole = out.chunks_exact_mut(8);
        for (part, word) in whole.by_ref().zip(words.by_ref()) {
            part.copy_from_slice(&word.to_le_bytes());
        }
        let last = whole.into_remainder();
        if let (1.., Some(word)) = (last.len(), words.next()) {
            last.copy_from_slice(&word.to_le_bytes()[..last.len()]);
        }
    } else {
        let mut whole = out.rchunks_exact_mut(8);
        for (part, word) in whole.by_ref().zip(words.by_ref()) {
            part.copy_from_slice(&word.to_be_bytes());
        }
        let last = whole.into_remainder();
        if let (1.., Some(word)) = (last.len(), words.next()) {
            last.copy_from_slice(&word.to_be_bytes()[8 - last.len()..]);
        }
    }
}

/// Writes the number that bytes are, in two's complement, into words enough for them.
fn read_words(out: &mut [u64], data: &[u8], little: bool, negative: bool) {
    let fill = if negative { 0xff } else { 0 };
    for (out, i) in out.iter_mut().zip((0..data.len()).step_by(8)) {
        let left = data.len() - i;
        let mut bytes = [fill; 8];
        let kept = left.min(8);
        if little {
            bytes[..kept].copy_from_slice(&data[i..i + kept]);
            *out = u64::from_le_bytes(bytes);
        } else {
            bytes[8 - kept..].copy_from_slice(&data[left - kept..left]);
            *out = u64::from_be_bytes(bytes);
        }
    }
    if negative {
        super::limbs::negate(out);
    }
}

/// The integer that bytes stand for.
fn value_of_bytes(vm: &Vm, data: &[u8], little: bool, signed: bool) -> Res {
    if data.len() <= 8 {
        let negative = signed && (if little { data.last() } else { data.first() }).is_some_and(|b| b & 0x80 != 0);
        let start = if negative { u64::MAX } else { 0 };
        let join = |n: u64, b: &u8| (n << 8) | *b as u64;
        let n = if little { data.iter().rev().fold(start, join) } else { data.iter().fold(start, join) };
        if signed || n <= i64::MAX as u64 {
            return vm.new_int(n as i64);
        }
    }
    let words = data.len().div_ceil(8);
    if words <= super::payload::MAX_WORDS {
        let highest = if little { data.last() } else { data.first() };
        let negative = signed && highest.is_some_and(|b| b & 0x80 != 0);
        return vm.new_limbs(negative, words, |out| read_words(out, data, little, negative));
    }
    // The digits, and what turns the bytes round.
    vm.check_room(data.len().saturating_mul(2))?;
    vm.new_bigint(match (little, signed) {
        (true, true) => BigInt::from_signed_bytes_le(data),
        (false, true) => BigInt::from_signed_bytes_be(data),
        (true, false) => BigInt::from_bytes_le(Sign::Plus, data),
        (false, false) => BigInt::from_bytes_be(Sign::Plus, data),
    })
}
