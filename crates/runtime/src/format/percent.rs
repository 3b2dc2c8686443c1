//! `format % values`, for text and for bytes. After CPython Objects/unicodeobject.c (`unicode_format_arg`) and
//! Objects/bytesobject.c (`_PyBytes_FormatEx`).

use super::float;
use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::objects::str::build::{Builder, copy_units};
use crate::objects::str::find::Unit;
use crate::objects::str::{Data, Kind, Str};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};
use num_traits::Signed;
use smallvec::SmallVec;

/// What one `%...x` asks for.
#[derive(Default)]
struct Directive {
    left: bool,
    plus: bool,
    blank: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
}

/// The values as they are consumed.
struct Values<'a> {
    all: &'a Value,
    tuple: Option<&'a [Value]>,
    next: usize,
    /// The value a mapping key stands for.
    keyed: Option<Value>,
    keyed_used: bool,
    /// The text that is the whole result so far.
    whole: Option<Value>,
}

impl Values<'_> {
    fn next(&mut self, vm: &Vm) -> Res {
        if let Some(value) = &self.keyed {
            if !self.keyed_used {
                self.keyed_used = true;
                return Ok(value.clone());
            }
        } else if let Some(tuple) = self.tuple {
            if let Some(value) = tuple.get(self.next) {
                self.next += 1;
                return Ok(value.clone());
            }
        } else if self.next == 0 {
            self.next = 1;
            return Ok(self.all.clone());
        }
        Err(vm.type_error("not enough arguments for format string"))
    }

    fn left_over(&self) -> bool {
        match (&self.keyed, self.tuple) {
            (Some(_), _) => !self.keyed_used,
            (None, Some(tuple)) => self.next < tuple.len(),
            (None, None) => self.next == 0,
        }
    }
}

pub fn format_str(vm: &Vm, format: &Ref<Str>, values: &Value) -> Res {
    if let Some(text) = values.exact::<Str>(vm)
        && let Some(made) = around_text(vm, format, text)
    {
        return made;
    }
    let mut out = Builder::with_capacity(format.len() + 16);
    let whole = run(vm, format.data(), values, &mut out)?;
    out.check(vm)?;
    // Nothing around the only value, or no directive: the text itself.
    if let Some(whole) = whole
        && whole.downcast::<Str>().is_some_and(|text| text.len() == out.len())
    {
        return Ok(whole);
    }
    if out.len() == format.len()
        && (!out.is_empty() || format.as_value().exact::<Str>(vm).is_some())
        && find_percent(format.data(), 0).is_none()
    {
        return Ok(format.to_value());
    }
    Ok(out.finish(vm)?.into_value())
}

/// ASCII around one `%s` that stands for an ASCII text: put together where the result lies. `None` for all else.
fn around_text(vm: &Vm, format: &Str, text: &Ref<Str>) -> Option<Res> {
    let (format, inner) = (format.as_ascii()?.as_bytes(), text.as_ascii()?.as_bytes());
    let at = next_percent(format, 0)?;
    let (before, after) = (&format[..at], format.get(at + 2..)?);
    if format[at + 1] != b's' || next_percent(after, 0).is_some() {
        return None;
    }
    if before.is_empty() && after.is_empty() {
        return Some(Ok(text.to_value()));
    }
    let made = vm.new_str_with(Kind::Ascii, before.len() + inner.len() + after.len(), |out| {
        let mut at = 0;
        for part in [before, inner, after] {
            copy_units(out, Kind::Ascii, at, Data::Ascii(part));
            at += part.len();
        }
    });
    Some(made.map(Ref::into_value))
}

/// The result's bytes, for `bytes` and `bytearray`.
pub fn format_bytes(vm: &Vm, format: &[u8], values: &Value) -> Res<Vec<u8>> {
    let mut out = Builder::for_bytes(format.len() + 16);
    run_units(vm, format, values, true, false, &mut out)?;
    out.into_latin1(vm)
}

/// As [`format_bytes`] with an exact `bytes` object as the result.
pub fn format_to_bytes(vm: &Vm, format: &[u8], values: &Value) -> Res {
    let mut out = Builder::for_bytes(format.len() + 16);
    run_units(vm, format, values, true, false, &mut out)?;
    Ok(out.with_latin1(vm, |bytes| vm.new_bytes(bytes))?.into_value())
}

fn find_percent(data: Data<'_>, from: usize) -> Option<usize> {
    match data {
        Data::Ascii(d) | Data::Latin1(d) => memchr::memchr(b'%', &d[from..]).map(|i| i + from),
        Data::Ucs2(d) => d[from..].iter().position(|c| *c == 37).map(|i| i + from),
        Data::Ucs4(d) => d[from..].iter().position(|c| *c == 37).map(|i| i + from),
    }
}

/// Appends the result to `out`; returns the text that is all of it so far as one value made it.
fn run(vm: &Vm, format: Data<'_>, values: &Value, out: &mut Builder) -> Res<Option<Value>> {
    let ascii = matches!(format, Data::Ascii(_));
    crate::with_units!(format, |units| run_units(vm, units, values, false, ascii, out))
}

/// The position of the next percent sign. Directives stand close together: it is looked for step by step first.
#[inline]
fn next_percent<U: Unit>(format: &[U], from: usize) -> Option<usize> {
    const NEAR: usize = 16;
    let near = format[from..].iter().take(NEAR).position(|c| (*c).into() == 37).map(|i| i + from);
    if near.is_some() || format.len() - from <= NEAR {
        return near;
    }
    find_percent(U::data(format), from + NEAR)
}

/// As [`run`]. `ascii`: the format is known to be so.
fn run_units<U: Unit>(
    vm: &Vm,
    format: &[U],
    values: &Value,
    bytes: bool,
    ascii: bool,
    out: &mut Builder,
) -> Res<Option<Value>> {
    let literal = |part| if ascii { Data::Ascii(U::bytes(part)) } else { U::data(part) };
    fn at<U: Unit>(format: &[U], i: usize) -> u32 {
        format[i].into()
    }
    let n = format.len();
    let tuple = values.downcast::<Tuple>().map(|t| t.as_slice());
    let is_text = values.is_a::<Str>()
        || bytes && (values.is_a::<Bytes>() || values.is_a::<crate::objects::bytearray::ByteArray>());
    let mapping = tuple.is_none() && !is_text && vm.class(values).slots().getitem.is_some();
    let mut args = Values { all: values, tuple, next: 0, keyed: None, keyed_used: false, whole: None };
    let mut i = 0;
    loop {
        let Some(percent) = next_percent(format, i) else {
            out.push_data(literal(&format[i..]));
            break;
        };
        out.push_data(literal(&format[i..percent]));
        i = percent + 1;
        if i >= n {
            return Err(vm.value_error("incomplete format"));
        }
        if at(format, i) == '%' as u32 {
            out.push('%' as u32);
            i += 1;
            continue;
        }
        if at(format, i) == '(' as u32 {
            if !mapping {
                return Err(vm.type_error("format requires a mapping"));
            }
            let start = i + 1;
            let mut depth = 1;
            i = start;
            while i < n && depth > 0 {
                match at(format, i) {
                    40 => depth += 1,
                    41 => depth -= 1,
                    _ => {}
                }
                i += 1;
            }
            if depth > 0 {
                return Err(vm.value_error("incomplete format key"));
            }
            let key = match U::data(&format[start..i - 1]) {
                Data::Latin1(d) if bytes => vm.new_bytes(d)?.into_value(),
                part => vm.new_str_of_data(part)?.into_value(),
            };
            let found = vm.get_item(values, &key)?;
            args.keyed = Some(found);
            args.keyed_used = false;
        }
        // Nothing but the kind, as most directives are.
        if i < n {
            let c = at(format, i);
            if matches!(c, 98 | 100 | 115) && plain(vm, out, c, &mut args, bytes) {
                i += 1;
                continue;
            }
        }
        let mut d = Directive::default();
        while i < n {
            match at(format, i) {
                45 => d.left = true,
                43 => d.plus = true,
                32 => d.blank = true,
                35 => d.alternate = true,
                48 => d.zero = true,
                _ => break,
            }
            i += 1;
        }
        if i < n && at(format, i) == '*' as u32 {
            let w = star(vm, &mut args, "width too big")?;
            i += 1;
            d.left |= w < 0;
            d.width = w.unsigned_abs() as usize;
        } else {
            d.width = digits(vm, format, &mut i, isize::MAX as usize, "width too big")?.unwrap_or(0);
        }
        if i < n && at(format, i) == '.' as u32 {
            i += 1;
            if i < n && at(format, i) == '*' as u32 {
                let p = star(vm, &mut args, "precision too big")?;
                if i32::try_from(p).is_err() {
                    return Err(vm.overflow_error("Python int too large to convert to C int"));
                }
                i += 1;
                d.precision = Some(p.max(0) as usize);
            } else {
                d.precision = Some(
                    digits(
                        vm,
                        format,
                        &mut i,
                        i32::MAX as usize,
                        if bytes { "prec too big" } else { "precision too big" },
                    )?
                    .unwrap_or(0),
                );
            }
        }
        if i < n && matches!(at(format, i), 104 | 108 | 76) {
            i += 1;
        }
        if i >= n {
            return Err(vm.value_error("incomplete format"));
        }
        let c = at(format, i);
        i += 1;
        let value = args.next(vm)?;
        if d.width > 0 {
            vm.check_room(d.width)?;
        }
        if !bytes && c == 's' as u32 && out.is_empty() && value.exact::<Str>(vm).is_some() {
            args.whole = Some(value.clone());
        }
        one(vm, out, &d, c, &value, bytes, i - 1)?;
    }
    if !mapping && args.left_over() {
        return Err(vm.type_error(if bytes {
            "not all arguments converted during bytes formatting"
        } else {
            "not all arguments converted during string formatting"
        }));
    }
    Ok(args.whole)
}

/// `%s`, `%b` or `%d` without more, for text and whole numbers; false: the value is another and has not been taken.
#[inline]
fn plain(vm: &Vm, out: &mut Builder, c: u32, args: &mut Values<'_>, bytes: bool) -> bool {
    let value = match (&args.keyed, args.tuple) {
        (Some(value), _) => Some(value).filter(|_| !args.keyed_used),
        (None, Some(tuple)) => tuple.get(args.next),
        (None, None) => Some(args.all).filter(|_| args.next == 0),
    };
    let Some(value) = value else { return false };
    if bytes && c != 100 {
        let Some(part) = value.exact::<Bytes>(vm) else { return false };
        out.push_data(Data::Latin1(part.as_slice()));
    } else if c == 98 {
        return false;
    } else if let Some(i) = value.as_small_int() {
        push_small_int(out, i);
    } else if c == 115
        && let Some(text) = value.exact::<Str>(vm)
    {
        if out.is_empty() {
            args.whole = Some(value.clone());
        }
        out.push_str(text);
    } else {
        return false;
    }
    match args.keyed {
        Some(_) => args.keyed_used = true,
        None => args.next += 1,
    }
    true
}

/// The number in decimal.
#[inline]
pub fn push_small_int(out: &mut Builder, i: i64) {
    let mut room = [0u8; 64];
    if i < 0 {
        out.push(b'-' as u32);
    }
    out.push_data(Data::Ascii(ophi_number_text::int::small_digits(i.unsigned_abs(), 10, &mut room)));
}

fn star(vm: &Vm, args: &mut Values<'_>, message: &str) -> Res<i64> {
    let value = args.next(vm)?;
    match int::view(&value) {
        Some(v) => match v.to_i64() {
            Some(i) if i > -i64::MAX => Ok(i),
            _ if message.starts_with('w') => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
            _ => Err(vm.overflow_error("Python int too large to convert to C int")),
        },
        None => Err(vm.type_error("* wants int")),
    }
}

fn digits<U: Unit>(vm: &Vm, format: &[U], i: &mut usize, max: usize, message: &str) -> Res<Option<usize>> {
    let mut n: Option<usize> = None;
    while *i < format.len() {
        let c: u32 = format[*i].into();
        if !(48..58).contains(&c) {
            break;
        }
        let next = n.unwrap_or(0).checked_mul(10).and_then(|v| v.checked_add((c - 48) as usize));
        match next.filter(|v| *v <= max) {
            Some(v) => n = Some(v),
            None => return Err(vm.value_error(message)),
        }
        *i += 1;
    }
    Ok(n)
}

fn one(vm: &Vm, out: &mut Builder, d: &Directive, c: u32, value: &Value, bytes: bool, index: usize) -> Res<()> {
    if d.width > 1 << 20 {
        vm.check_room(d.width)?;
    }
    match char::from_u32(c).unwrap_or('\0') {
        'r' | 'a' if bytes => text(out, d, vm.ascii(value)?.data()),
        's' | 'b' if bytes => {
            if let Some(b) = value.exact::<Bytes>(vm) {
                text(out, d, Data::Latin1(b.as_slice()));
            } else {
                let b = bytes_value(vm, value)?;
                text(out, d, Data::Latin1(&b));
            }
        }
        's' => text(out, d, vm.str(value)?.data()),
        'r' => text(out, d, vm.repr(value)?.data()),
        'a' => text(out, d, vm.ascii(value)?.data()),
        k @ ('d' | 'i' | 'u' | 'o' | 'x' | 'X') => integer(vm, out, d, k, value)?,
        k @ ('e' | 'E' | 'f' | 'F' | 'g' | 'G') => {
            let f = match vm.to_f64(value) {
                Err(raised) if bytes && vm.raised_is(&crate::objects::exceptions::TYPE_ERROR) => {
                    vm.forget(raised);
                    return Err(vm.type_error(format!("float argument required, not {}", vm.type_name(value))));
                }
                other => other?,
            };
            super::number::check_precision(vm, d.precision.unwrap_or(0))?;
            real(out, f, k, d);
        }
        'c' => {
            let c = character(vm, value, bytes)?;
            let plain = Directive { left: d.left, width: d.width, ..Directive::default() };
            match bytes {
                true => text(out, &plain, Data::Latin1(&[c as u8])),
                false => text(out, &plain, Data::Ucs4(&[c])),
            }
        }
        _ => {
            let shown = match char::from_u32(c) {
                Some(ch) if (32..128).contains(&c) => ch,
                _ => '?',
            };
            return Err(vm.value_error(format!("unsupported format character '{shown}' (0x{c:x}) at index {index}")));
        }
    }
    Ok(())
}

/// Padding around text cut to the precision.
fn text(out: &mut Builder, d: &Directive, data: Data<'_>) {
    let keep = d.precision.unwrap_or(usize::MAX).min(data.len());
    let missing = d.width.saturating_sub(keep);
    if !d.left {
        out.repeat(32, missing);
    }
    let part = data.part(0, keep);
    if let Data::Ucs4(units) = part {
        units.iter().for_each(|c| out.push(*c));
    } else {
        out.push_data(part);
    }
    if d.left {
        out.repeat(32, missing);
    }
}

/// A number: its sign, then `prefix` characters that stay before zeros, then digits.
fn number(out: &mut Builder, d: &Directive, negative: bool, prefix: &[u8], digits: &[u8]) {
    let sign: &[u8] = match negative {
        true => b"-",
        false if d.plus => b"+",
        false if d.blank => b" ",
        false => b"",
    };
    let missing = d.width.saturating_sub(sign.len() + prefix.len() + digits.len());
    let zeros = d.zero && !d.left;
    if !zeros && !d.left {
        out.repeat(32, missing);
    }
    out.push_data(Data::Ascii(sign));
    out.push_data(Data::Ascii(prefix));
    if zeros {
        out.repeat(48, missing);
    }
    out.push_data(Data::Ascii(digits));
    if d.left {
        out.repeat(32, missing);
    }
}

fn integer(vm: &Vm, out: &mut Builder, d: &Directive, kind: char, value: &Value) -> Res<()> {
    let (radix, prefix) = match kind {
        'x' => (16, &b"0x"[..]),
        'X' => (16, &b"0X"[..]),
        'o' => (8, &b"0o"[..]),
        _ => (10, &b""[..]),
    };
    let prefix = if d.alternate { prefix } else { b"" };
    if let (Some(i), None) = (value.as_small_int(), d.precision) {
        let mut room = [0u8; 64];
        let digits = ophi_number_text::int::small_digits(i.unsigned_abs(), radix, &mut room);
        if kind == 'X' {
            digits.make_ascii_uppercase();
        }
        number(out, d, i < 0, prefix, digits);
        return Ok(());
    }
    let converted = if int::is_int(value) { value.clone() } else { convert(vm, kind, value)? };
    if d.precision.is_some_and(|p| p > i32::MAX as usize - 3) {
        return Err(vm.overflow_error("precision too large"));
    }
    let (negative, mut digits) = if let Some(limbs) = int::limbs(&converted, &mut 0) {
        let digits = int::convert::words_digits(vm, int::Limbs { negative: false, ..limbs }, radix)?;
        (limbs.negative, digits)
    } else if let Some(int::IntView::Big(big)) = int::view(&converted) {
        let digits = match radix {
            10 => int::convert::to_decimal(vm, &big.abs())?,
            radix => big.magnitude().to_str_radix(radix),
        };
        (big.is_negative(), SmallVec::from_vec(digits.into_bytes()))
    } else {
        return Err(vm.type_error("an integer is required"));
    };
    if kind == 'X' {
        digits.make_ascii_uppercase();
    }
    if let Some(p) = d.precision.filter(|p| *p > digits.len()) {
        vm.check_room(p)?;
        digits.insert_many(0, core::iter::repeat_n(b'0', p - digits.len()));
    }
    number(out, d, negative, prefix, &digits);
    Ok(())
}

/// The integer a value that is none converts to.
fn convert(vm: &Vm, kind: char, value: &Value) -> Res {
    let slots = vm.class(value).slots();
    let hex = matches!(kind, 'x' | 'X' | 'o');
    let wrong = || {
        let wanted = if hex { "an integer" } else { "a real number" };
        vm.type_error(format!("%{kind} format: {wanted} is required, not {}", vm.type_name(value)))
    };
    let result = match (slots.int, slots.index) {
        (Some(to_int), _) if !hex => to_int(vm, value),
        (_, Some(index)) => index(vm, value),
        _ => return Err(wrong()),
    };
    match vm.catch(result, &crate::objects::exceptions::TYPE_ERROR)? {
        Some(v) if int::is_int(&v) => Ok(v),
        Some(_) => Err(wrong()),
        None => Err(wrong()),
    }
}

fn real(out: &mut Builder, f: f64, kind: char, d: &Directive) {
    let mut body = if f.is_nan() {
        float::Text::of("nan")
    } else if f.is_infinite() {
        float::Text::of("inf")
    } else {
        float::digits(f.abs(), kind.to_ascii_lowercase(), d.precision.unwrap_or(6), d.alternate, false)
    };
    if kind.is_ascii_uppercase() {
        body.make_uppercase();
    }
    number(out, d, f.is_sign_negative() && !f.is_nan(), b"", &body);
}

fn character(vm: &Vm, value: &Value, bytes: bool) -> Res<u32> {
    if bytes {
        let slice = match (value.downcast::<Bytes>(), value.downcast::<crate::objects::bytearray::ByteArray>()) {
            (Some(b), _) => Some((b.as_slice().to_vec(), "bytes")),
            (_, Some(b)) => Some((b.to_vec(), "bytearray")),
            _ => None,
        };
        if let Some((slice, name)) = slice {
            let article = "a";
            return match slice[..] {
                [b] => Ok(b as u32),
                _ => Err(vm.type_error(format!(
                    "%c requires an integer in range(256) or a single byte, not {article} {name} object of length {}",
                    slice.len()
                ))),
            };
        }
        if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
            return Err(vm.type_error(format!(
                "%c requires an integer in range(256) or a single byte, not {}",
                vm.class(value).qualified_name(vm)
            )));
        }
        return match vm.index_as_i128(value)?.and_then(|i| u8::try_from(i).ok()) {
            Some(b) => Ok(b as u32),
            None => Err(vm.overflow_error("%c arg not in range(256)")),
        };
    }
    if let Some(text) = value.downcast::<Str>() {
        return match text.len() {
            1 => Ok(text.at(0)),
            n => Err(vm.type_error(format!("%c requires an int or a unicode character, not a string of length {n}"))),
        };
    }
    if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
        return Err(vm.type_error(format!(
            "%c requires an int or a unicode character, not {}",
            vm.class(value).qualified_name(vm)
        )));
    }
    match vm.index_as_i128(value)?.and_then(|i| u32::try_from(i).ok()).filter(|c| *c < 0x110000) {
        Some(c) => Ok(c),
        None => Err(vm.overflow_error("%c arg not in range(0x110000)")),
    }
}

/// What `%b` takes: bytes, a buffer, or `__bytes__`.
fn bytes_value(vm: &Vm, value: &Value) -> Res<Vec<u8>> {
    if let Some(b) = value.downcast::<Bytes>()
        && value.exact::<Bytes>(vm).is_some()
    {
        return Ok(b.as_slice().to_vec());
    }
    if let Some(result) = vm.call_special(value, &vm.names().__bytes__, &[])? {
        return match result.downcast::<Bytes>() {
            Some(b) => Ok(b.as_slice().to_vec()),
            None => Err(vm.type_error(format!("__bytes__ returned non-bytes (type {})", vm.type_name(&result)))),
        };
    }
    if let Some(export) = vm.class(value).slots().buffer {
        return crate::objects::memoryview::contiguous(&export(vm, value, crate::objects::buffer::flags::FULL_RO)?, vm);
    }
    Err(vm.type_error(format!(
        "%b requires a bytes-like object, or an object that implements __bytes__, not '{}'",
        vm.type_name(value)
    )))
}
