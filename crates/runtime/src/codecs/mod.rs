//! Text to bytes and back. The usual encodings are here; others are found through the registry (`codecs.register`).
//!
//! An encoder walks the code points and hands what it cannot express to an [`errors::Errors`], which answers with a
//! replacement and a position to go on from: the builtin strategies without making an exception, registered ones by calling
//! them. After CPython Objects/unicodeobject.c and Python/codecs.c; reasons and positions are its own.

pub mod charmap;
pub mod errors;
pub mod escape;
pub mod latin;
pub mod registry;
pub mod utf16;
pub mod utf7;
pub mod utf8;

use crate::objects::buffer::Exported;
use crate::objects::bytes::Bytes;
use crate::objects::str::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};
use errors::Errors;

/// An encoding implemented here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Builtin {
    Utf8,
    Utf16(utf16::Order),
    Utf32(utf16::Order),
    Latin1,
    Ascii,
}

/// The encoding that a name stands for without asking the registry (`_Py_normalize_encoding` and the shortcuts of
/// `PyUnicode_Decode`).
pub fn builtin(name: &str) -> Option<Builtin> {
    use utf16::Order::Native;
    // As they are mostly written.
    match name {
        "utf-8" | "utf8" | "UTF-8" => return Some(Builtin::Utf8),
        "latin-1" | "latin1" => return Some(Builtin::Latin1),
        "ascii" => return Some(Builtin::Ascii),
        "utf-16" => return Some(Builtin::Utf16(Native)),
        _ => {}
    }
    let mut lower = String::with_capacity(name.len());
    let mut gap = false;
    for c in name.chars() {
        if c.is_ascii_alphanumeric() || c == '.' {
            if gap && !lower.is_empty() {
                lower.push('_');
            }
            gap = false;
            lower.push(c.to_ascii_lowercase());
        } else {
            gap = true;
        }
    }
    Some(match lower.as_str() {
        "utf_8" | "utf8" => Builtin::Utf8,
        "utf_16" | "utf16" => Builtin::Utf16(Native),
        "utf_32" | "utf32" => Builtin::Utf32(Native),
        "latin_1" | "latin1" | "iso_8859_1" | "iso8859_1" => Builtin::Latin1,
        "ascii" | "us_ascii" => Builtin::Ascii,
        _ => return None,
    })
}

/// An encoding's or error handler's name as Rust text; ValueError when it holds a null character.
pub fn c_name<'a>(vm: &Vm, name: Option<&'a Ref<Str>>) -> Res<Option<std::borrow::Cow<'a, str>>> {
    let Some(name) = name else { return Ok(None) };
    let Some(text) = name.to_utf8() else {
        encode_builtin(vm, name, Builtin::Utf8, &mut Errors::strict())?;
        return Ok(None);
    };
    if text.contains('\0') {
        return Err(vm.value_error("embedded null character"));
    }
    Ok(Some(text))
}

fn encode_builtin(vm: &Vm, text: &Ref<Str>, which: Builtin, errors: &mut Errors<'_>) -> Res<Ref<Bytes>> {
    match which {
        Builtin::Utf8 => utf8::encode(vm, text, errors),
        Builtin::Latin1 => latin::encode(vm, text, 256, errors),
        Builtin::Ascii => latin::encode(vm, text, 128, errors),
        Builtin::Utf16(order) => utf16::encode16(vm, text, order, errors),
        Builtin::Utf32(order) => utf16::encode32(vm, text, order, errors),
    }
}

/// In development mode, LookupError for names that mean nothing, even where the text needs no codec or no handler.
#[inline]
fn check_names(vm: &Vm, encoding: Option<&str>, errors: Option<&str>) -> Res<()> {
    if !vm.interpreter().dev_mode.get() {
        return Ok(());
    }
    if let Some(encoding) = encoding.filter(|e| builtin(e).is_none()) {
        registry::lookup(vm, encoding)?;
    }
    if let Some(errors) = errors {
        registry::lookup_error(vm, errors)?;
    }
    Ok(())
}

/// `str.encode`: bytes.
pub fn encode_text(vm: &Vm, text: &Ref<Str>, encoding: Option<&str>, errors: Option<&str>) -> Res {
    check_names(vm, encoding, errors)?;
    let encoding = encoding.unwrap_or("utf-8");
    if let Some(which) = builtin(encoding) {
        return Ok(encode_builtin(vm, text, which, &mut Errors::named(errors))?.into_value());
    }
    let result = registry::encode_through(vm, text.as_value(), encoding, errors, true)?;
    if result.is_a::<Bytes>() {
        return Ok(result);
    }
    if let Some(array) = result.downcast::<crate::objects::bytearray::ByteArray>() {
        let message = format!(
            "encoder {encoding} returned bytearray instead of bytes; use codecs.encode() to encode to arbitrary types"
        );
        vm.warn(&crate::objects::exceptions::RUNTIME_WARNING, &message, 1)?;
        return Ok(vm.new_bytes(&array.to_vec())?.into_value());
    }
    Err(vm.type_error(format!(
        "'{encoding}' encoder returned '{}' instead of 'bytes'; use codecs.encode() to encode to arbitrary types",
        vm.type_name(&result)
    )))
}

/// `bytes.decode` for an encoding implemented here.
pub fn decode_builtin(vm: &Vm, bytes: &[u8], which: Builtin, errors: &mut Errors<'_>) -> Res<Ref<Str>> {
    match which {
        Builtin::Utf8 => Ok(utf8::decode(vm, bytes, errors, true)?.0),
        Builtin::Latin1 => vm.new_str_of_data(crate::objects::str::Data::Latin1(bytes)),
        Builtin::Ascii => latin::decode_ascii(vm, bytes, errors),
        Builtin::Utf16(order) => Ok(utf16::decode16(vm, bytes, order, errors, true)?.text),
        Builtin::Utf32(order) => Ok(utf16::decode32(vm, bytes, order, errors, true)?.text),
    }
}

/// The text of `bytes`; through the registry when the encoding is not one of ours.
pub fn decode_bytes(vm: &Vm, bytes: &[u8], encoding: Option<&str>, errors: Option<&str>) -> Res<Ref<Str>> {
    check_names(vm, encoding, errors)?;
    if bytes.is_empty() {
        // Whatever the encoding is called.
        return vm.new_ascii(b"");
    }
    match builtin(encoding.unwrap_or("utf-8")) {
        Some(which) => decode_builtin(vm, bytes, which, &mut Errors::named(errors)),
        None => {
            let object = vm.new_bytes(bytes)?.into_value();
            decode_object(vm, &object, encoding.unwrap_or("utf-8"), errors)
        }
    }
}

fn decode_object(vm: &Vm, object: &Value, encoding: &str, errors: Option<&str>) -> Res<Ref<Str>> {
    let result = registry::decode_through(vm, object, encoding, errors, true)?;
    crate::payload::into_ref::<Str>(result).map_err(|other| {
        vm.type_error(format!(
            "'{encoding}' decoder returned '{}' instead of 'str'; use codecs.decode() to decode to arbitrary types",
            vm.type_name(&other)
        ))
    })
}

/// As [`decode_bytes`] for what `object` exports.
pub fn decode_buffer(
    vm: &Vm,
    object: &Value,
    exported: Exported,
    encoding: Option<&str>,
    errors: Option<&str>,
) -> Res<Ref<Str>> {
    check_names(vm, encoding, errors)?;
    if exported.as_slice().is_empty() {
        return vm.new_ascii(b"");
    }
    let encoding = encoding.unwrap_or("utf-8");
    match builtin(encoding) {
        // An error handler is Python code that could change what is exported: it then works on a copy.
        Some(which) if object.exact::<Bytes>(vm).is_some() || errors.is_none() => {
            decode_builtin(vm, exported.as_slice(), which, &mut Errors::named(errors))
        }
        Some(which) => {
            let bytes = exported.as_slice().to_vec();
            drop(exported);
            decode_builtin(vm, &bytes, which, &mut Errors::named(errors))
        }
        None => {
            drop(exported);
            let view = crate::objects::memoryview::of(vm, object)?;
            decode_object(vm, &view, encoding, errors)
        }
    }
}

/// The text's UTF-8, or UnicodeEncodeError for lone surrogates.
pub fn utf8_of(vm: &Vm, text: &Ref<Str>) -> Res<Vec<u8>> {
    match text.to_utf8() {
        Some(utf8) => Ok(utf8.into_owned().into_bytes()),
        None => Ok(utf8::encode(vm, text, &mut Errors::strict())?.as_slice().to_vec()),
    }
}
