//! UnicodeEncodeError, UnicodeDecodeError, UnicodeTranslateError. After CPython Objects/exceptions.c.

use super::base::{self, BaseException, new_of};
use super::{FLAGS, UNICODE_ERROR};
use crate::format::builder::Builder;
use crate::native::{Args, GetSetDef, MethodTable, receiver};
use crate::objects::bytes::Bytes;
use crate::payload::{Downcast, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, ValueCell};
use core::cell::Cell;

/// The payload of all three.
#[repr(C)]
#[derive(Default)]
pub struct UnicodeError {
    pub base: BaseException,
    pub encoding: ValueCell,
    /// What could not be converted: str, or bytes for decoding.
    pub object: ValueCell,
    pub start: Cell<isize>,
    pub end: Cell<isize>,
    pub reason: ValueCell,
}

exception_payload!(UnicodeError, UNICODE_ENCODE_ERROR, "UnicodeError" { encoding, object, reason });
fields!(UnicodeError:
    encoding "encoding" "exception encoding",
    object "object" "exception object",
    reason "reason" "exception reason",
);

macro_rules! range_accessor {
    ($field:ident $name:literal $doc:literal) => {
        GetSetDef {
            name: $name,
            doc: $doc,
            get: Some(|vm, this| vm.new_int(receiver::<UnicodeError>(vm, this, $name)?.$field.get() as i64)),
            set: Some(|vm, this, value| {
                let error = receiver::<UnicodeError>(vm, this, $name)?;
                let Some(value) = value else { return Err(vm.type_error("can't delete numeric/char attribute")) };
                if !value.is_a::<crate::Int>() && !value.is_small_int() && !value.is_true() && !value.is_false() {
                    return Err(vm.type_error("an integer is required"));
                }
                match vm.index_as_i128(value)?.and_then(|i| isize::try_from(i).ok()) {
                    Some(i) => error.$field.set(i),
                    None => return Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
                }
                Ok(())
            }),
        }
    };
}

impl UnicodeError {
    const RANGE: &'static MethodTable = &MethodTable {
        members: &[],
        methods: &[],
        accessors: &[range_accessor!(start "start" "exception start"), range_accessor!(end "end" "exception end")],
    };
}

macro_rules! definition {
    ($def:ident $name:literal $doc:literal $init:ident $str:ident) => {
        pub static $def: TypeDef = TypeDef {
            doc: $doc,
            flags: FLAGS,
            slots: Slots { new: Some(new_of::<UnicodeError>), init: Some($init), str: Some($str), ..Slots::NONE },
            tables: &[UnicodeError::FIELDS, UnicodeError::RANGE],
            ..TypeDef::of::<UnicodeError>($name, &UNICODE_ERROR)
        };
    };
}

definition!(UNICODE_ENCODE_ERROR "UnicodeEncodeError" "Unicode encoding error." encode_init encode_str);
definition!(UNICODE_DECODE_ERROR "UnicodeDecodeError" "Unicode decoding error." decode_init decode_str);
definition!(UNICODE_TRANSLATE_ERROR "UnicodeTranslateError" "Unicode translation error." translate_init translate_str);

fn expect_text(vm: &Vm, args: &[Value], index: usize) -> Res {
    let value = &args[index];
    if value.is_a::<Str>() {
        return Ok(value.clone());
    }
    let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
    Err(vm.type_error(format!("argument {} must be str, not {got}", index + 1)))
}

fn expect_size(vm: &Vm, value: &Value) -> Res<isize> {
    match vm.index_as_i128(value)?.and_then(|i| isize::try_from(i).ok()) {
        Some(i) => Ok(i),
        None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
    }
}

fn exactly<'a>(vm: &Vm, args: Args<'a>, n: usize) -> Res<&'a [Value]> {
    let given = args.pos();
    if given.len() != n {
        return Err(vm.type_error(format!("function takes exactly {n} arguments ({} given)", given.len())));
    }
    Ok(given)
}

/// Reads the arguments from `at` on: object, start, end, reason.
fn rest(vm: &Vm, error: &UnicodeError, args: &[Value], at: usize, object: Value) -> Res<()> {
    let (start, end) = (expect_size(vm, &args[at + 1])?, expect_size(vm, &args[at + 2])?);
    let reason = expect_text(vm, args, at + 3)?;
    error.object.set(Some(object));
    error.start.set(start);
    error.end.set(end);
    error.reason.set(Some(reason));
    Ok(())
}

fn encode_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let error = receiver::<UnicodeError>(vm, this, "__init__")?;
    let given = exactly(vm, args, 5)?;
    let (encoding, object) = (expect_text(vm, given, 0)?, expect_text(vm, given, 1)?);
    rest(vm, error, given, 1, object)?;
    error.encoding.set(Some(encoding));
    Ok(())
}

fn decode_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let error = receiver::<UnicodeError>(vm, this, "__init__")?;
    let given = exactly(vm, args, 5)?;
    let encoding = expect_text(vm, given, 0)?;
    expect_size(vm, &given[2])?;
    expect_size(vm, &given[3])?;
    expect_text(vm, given, 4)?;
    let object = if given[1].is_a::<Bytes>() {
        given[1].clone()
    } else {
        let Some(buffer) = vm.class(&given[1]).slots().buffer else {
            return Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(&given[1]))));
        };
        let bytes = buffer(vm, &given[1], 0)?.as_slice().to_vec();
        vm.new_bytes(&bytes)?.into_value()
    };
    rest(vm, error, given, 1, object)?;
    error.encoding.set(Some(encoding));
    Ok(())
}

fn translate_init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    base::init(vm, this, args)?;
    let error = receiver::<UnicodeError>(vm, this, "__init__")?;
    let given = exactly(vm, args, 4)?;
    let object = expect_text(vm, given, 0)?;
    rest(vm, error, given, 0, object)
}

/// `'utf-8' codec ` as messages begin.
fn codec(vm: &Vm, error: &UnicodeError) -> Res<Builder> {
    let out = Builder::new().text("'");
    let out = match error.encoding.get() {
        Some(encoding) => out.str(&*vm.str(&encoding)?),
        None => out.text("<NULL>"),
    };
    Ok(out.text("' codec "))
}

fn reason(vm: &Vm, error: &UnicodeError) -> Res<Ref<Str>> {
    match error.reason.get() {
        Some(reason) => vm.str(&reason),
        None => vm.new_str("<NULL>"),
    }
}

/// The object once encoding and reason have been asked for their text, which may have changed it.
fn object_now(vm: &Vm, error: &UnicodeError) -> Res {
    error.object.get().ok_or_else(|| vm.type_error("UnicodeError 'object' attribute is not set"))
}

fn wrong_object(vm: &Vm, what: &str) -> crate::vm::Raised {
    vm.type_error(format!("UnicodeError 'object' attribute must be a {what}"))
}

/// The index when the range is exactly one unit inside the object.
fn single(error: &UnicodeError, len: usize) -> Option<usize> {
    let (start, end) = (error.start.get(), error.end.get());
    let inside = start >= 0 && (start as usize) < len && end >= 0 && end as usize <= len;
    (inside && end == start + 1).then_some(start as usize)
}

fn shown_char(c: u32) -> String {
    match c {
        0..=0xff => format!("\\x{c:02x}"),
        0x100..=0xffff => format!("\\u{c:04x}"),
        _ => format!("\\U{c:08x}"),
    }
}

fn text_message(vm: &Vm, error: &UnicodeError, with_codec: bool, verb: &str) -> Res {
    if !error.object.is_set() {
        return vm.new_str("").map(Ref::into_value);
    }
    let mut out = if with_codec { codec(vm, error)? } else { Builder::new() };
    let reason = reason(vm, error)?;
    let object = object_now(vm, error)?;
    let Some(text) = object.downcast::<Str>() else { return Err(wrong_object(vm, "string")) };
    match single(error, text.len()) {
        Some(i) => out.push_text(&format!("{verb} character '{}' in position {i}: ", shown_char(text.at(i)))),
        None => out.push_text(&format!(
            "{verb} characters in position {}-{}: ",
            error.start.get(),
            error.end.get().wrapping_sub(1)
        )),
    }
    out.str(&reason).value(vm)
}

fn encode_str(vm: &Vm, this: &Value) -> Res {
    let error = receiver::<UnicodeError>(vm, this, "__str__")?;
    text_message(vm, error, true, "can't encode")
}

fn translate_str(vm: &Vm, this: &Value) -> Res {
    let error = receiver::<UnicodeError>(vm, this, "__str__")?;
    text_message(vm, error, false, "can't translate")
}

fn decode_str(vm: &Vm, this: &Value) -> Res {
    let error = receiver::<UnicodeError>(vm, this, "__str__")?;
    if !error.object.is_set() {
        return vm.new_str("").map(Ref::into_value);
    }
    let mut out = codec(vm, error)?;
    let reason = reason(vm, error)?;
    let object = object_now(vm, error)?;
    let Some(bytes) = object.downcast::<Bytes>() else { return Err(wrong_object(vm, "bytes")) };
    match single(error, bytes.as_slice().len()) {
        Some(i) => {
            out.push_text(&format!("can't decode byte 0x{:02x} in position {i}: ", bytes.as_slice()[i]));
        }
        None => out.push_text(&format!(
            "can't decode bytes in position {}-{}: ",
            error.start.get(),
            error.end.get().wrapping_sub(1)
        )),
    }
    out.str(&reason).value(vm)
}
