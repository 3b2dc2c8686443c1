//! `_codecs`: the codecs of the runtime as functions, and the registry.

use ophi_runtime::codecs::errors::Errors;
use ophi_runtime::codecs::utf16::{self, Order};
use ophi_runtime::codecs::{self, c_name, charmap, escape, latin, registry, utf7, utf8};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use crate::support::buffer::Readable;

pub static MODULE: ModuleDef = ModuleDef { name: "_codecs", doc: "", tables: &[Functions::METHODS], init };

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

struct Functions;

/// `(bytes, length of the text)`.
fn encoded(vm: &Vm, bytes: Ref<Bytes>, text: &Str) -> Res {
    vm.new_tuple(&[bytes.into_value(), vm.new_int(text.len() as i64)?])
}

/// `(text, bytes used)`.
fn decoded(vm: &Vm, text: Ref<Str>, used: usize) -> Res {
    vm.new_tuple(&[text.into_value(), vm.new_int(used as i64)?])
}

/// Bytes, or text seen as UTF-8.
fn text_or_bytes(vm: &Vm, data: &Value) -> Res<Vec<u8>> {
    match data.downcast::<Str>() {
        Some(text) => codecs::utf8_of(vm, text),
        None => Ok(crate::support::buffer::readable(vm, data)?.as_slice().to_vec()),
    }
}

#[methods]
impl Functions {
    #[function(
        doc = "Add a function that finds codecs: it gets an encoding's name in lower case and answers with a\nCodecInfo, or None when it knows no such encoding.",
        sig = "(search_function, /)"
    )]
    fn register(vm: &Vm, search_function: &Value) -> Res<()> {
        registry::register(vm, search_function)
    }

    #[function(
        doc = "Take out a search function and forget all codecs found so far. Unknown functions are ignored.",
        sig = "(search_function, /)"
    )]
    fn unregister(vm: &Vm, search_function: &Value) -> Res<()> {
        registry::unregister(vm, search_function)
    }

    #[function(
        doc = "Find the CodecInfo of an encoding by asking the registered search functions.",
        sig = "(encoding, /)"
    )]
    fn lookup(vm: &Vm, encoding: &Ref<Str>) -> Res {
        let name = c_name(vm, Some(encoding))?.unwrap_or_default();
        registry::lookup(vm, &name)
    }

    #[function(
        doc = "Encode obj with the codec that the encoding names ('utf-8' if not given).\n\nerrors names what happens to what cannot be encoded: 'strict' raises a ValueError, others are\n'ignore', 'replace', 'backslashreplace', 'xmlcharrefreplace' and whatever register_error() knows.",
        sig = "(obj, encoding='utf-8', errors='strict')"
    )]
    fn encode(vm: &Vm, obj: &Value, encoding: Option<&Ref<Str>>, errors: Option<&Ref<Str>>) -> Res {
        let (encoding, errors) = (c_name(vm, encoding)?, c_name(vm, errors)?);
        registry::encode_through(vm, obj, encoding.as_deref().unwrap_or("utf-8"), errors.as_deref(), false)
    }

    #[function(
        doc = "Decode obj with the codec that the encoding names ('utf-8' if not given).\n\nerrors names what happens to what cannot be decoded: 'strict' raises a ValueError, others are\n'ignore', 'replace', 'backslashreplace' and whatever register_error() knows.",
        sig = "(obj, encoding='utf-8', errors='strict')"
    )]
    fn decode(vm: &Vm, obj: &Value, encoding: Option<&Ref<Str>>, errors: Option<&Ref<Str>>) -> Res {
        let (encoding, errors) = (c_name(vm, encoding)?, c_name(vm, errors)?);
        registry::decode_through(vm, obj, encoding.as_deref().unwrap_or("utf-8"), errors.as_deref(), false)
    }

    #[function(
        doc = "Give an error handler a name.\n\nThe handler gets the UnicodeError and answers with a pair: what to put in place of the bad part,\nand the position to go on from.",
        sig = "(errors, handler, /)"
    )]
    fn register_error(vm: &Vm, errors: &Ref<Str>, handler: &Value) -> Res<()> {
        let name = c_name(vm, Some(errors))?.unwrap_or_default();
        registry::register_error(vm, &name, handler)
    }

    #[function(
        doc = "Forget a handler that register_error() has put in; built-in ones stay (ValueError).\n\nTrue if there was one, else False.",
        sig = "(errors, /)"
    )]
    fn _unregister_error(vm: &Vm, errors: &Ref<Str>) -> Res<bool> {
        let name = c_name(vm, Some(errors))?.unwrap_or_default();
        registry::unregister_error(vm, &name)
    }

    #[function(
        doc = "lookup_error(errors) -> handler\n\nThe error handler of this name; LookupError if there is none.",
        sig = "(name, /)"
    )]
    fn lookup_error(vm: &Vm, name: &Ref<Str>) -> Res {
        let name = c_name(vm, Some(name))?.unwrap_or_default();
        registry::lookup_error(vm, &name)
    }

    #[function(doc = "", sig = "(data, errors=None, /)")]
    fn escape_encode(vm: &Vm, data: &Ref<Bytes>, _errors: Option<&Ref<Str>>) -> Res {
        let bytes = vm.new_bytes(&escape::encode_bytes(vm, data.as_slice())?)?;
        vm.new_tuple(&[bytes.into_value(), vm.new_int(data.len() as i64)?])
    }

    #[function(doc = "", sig = "(data, errors=None, /)")]
    fn escape_decode(vm: &Vm, data: &Value, errors: Option<&Ref<Str>>) -> Res {
        let bytes = text_or_bytes(vm, data)?;
        let errors = c_name(vm, errors)?;
        let out = escape::decode_bytes(vm, &bytes, errors.as_deref())?;
        vm.new_tuple(&[vm.new_bytes(&out)?.into_value(), vm.new_int(bytes.len() as i64)?])
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_8_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf8::encode(vm, str, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_7_encode(vm: &Vm, str: &Ref<Str>, _errors: Option<&Ref<Str>>) -> Res {
        encoded(vm, utf7::encode(vm, str)?, str)
    }

    #[function(doc = "", sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_16_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>, byteorder: i32) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode16(vm, str, Order::from_number(byteorder), &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_16_le_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode16(vm, str, Order::Little, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_16_be_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode16(vm, str, Order::Big, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, byteorder=0, /)")]
    fn utf_32_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>, byteorder: i32) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode32(vm, str, Order::from_number(byteorder), &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_32_le_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode32(vm, str, Order::Little, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn utf_32_be_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = utf16::encode32(vm, str, Order::Big, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn latin_1_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = latin::encode(vm, str, 256, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn ascii_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = latin::encode(vm, str, 128, &mut Errors::named(errors.as_deref()))?;
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn unicode_escape_encode(vm: &Vm, str: &Ref<Str>, _errors: Option<&Ref<Str>>) -> Res {
        encoded(vm, escape::encode(vm, str)?, str)
    }

    #[function(doc = "", sig = "(str, errors=None, /)")]
    fn raw_unicode_escape_encode(vm: &Vm, str: &Ref<Str>, _errors: Option<&Ref<Str>>) -> Res {
        encoded(vm, escape::encode_raw(vm, str)?, str)
    }

    #[function(doc = "", sig = "(str, errors=None, mapping=None, /)")]
    fn charmap_encode(vm: &Vm, str: &Ref<Str>, errors: Option<&Ref<Str>>, mapping: Option<&Value>) -> Res {
        let errors = c_name(vm, errors)?;
        let errors = &mut Errors::named(errors.as_deref());
        let bytes = match mapping {
            Some(mapping) => charmap::encode(vm, str, errors, mapping)?,
            None => latin::encode(vm, str, 256, errors)?,
        };
        encoded(vm, bytes, str)
    }

    #[function(doc = "", sig = "(map, /)")]
    fn charmap_build(vm: &Vm, map: &Ref<Str>) -> Res {
        charmap::build(vm, map)
    }

    #[function(doc = "", sig = "(data, errors=None, /)")]
    fn readbuffer_encode(vm: &Vm, data: &Value, _errors: Option<&Ref<Str>>) -> Res {
        let bytes = text_or_bytes(vm, data)?;
        vm.new_tuple(&[vm.new_bytes(&bytes)?.into_value(), vm.new_int(bytes.len() as i64)?])
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_8_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let (text, used) = utf8::decode(vm, &bytes, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, text, used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_7_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let (text, used) = utf7::decode(vm, &bytes, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, text, used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_16_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode16(vm, &bytes, Order::Native, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_16_le_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode16(vm, &bytes, Order::Little, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_16_be_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode16(vm, &bytes, Order::Big, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_16_ex_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, byteorder: i32, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done =
            utf16::decode16(vm, &bytes, Order::from_number(byteorder), &mut Errors::named(errors.as_deref()), r#final)?;
        let order = vm.new_int(done.order.number() as i64)?;
        vm.new_tuple(&[done.text.into_value(), vm.new_int(done.used as i64)?, order])
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_32_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode32(vm, &bytes, Order::Native, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_32_le_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode32(vm, &bytes, Order::Little, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=False, /)")]
    fn utf_32_be_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done = utf16::decode32(vm, &bytes, Order::Big, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, done.text, done.used)
    }

    #[function(doc = "", sig = "(data, errors=None, byteorder=0, final=False, /)")]
    fn utf_32_ex_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, byteorder: i32, r#final: bool) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let done =
            utf16::decode32(vm, &bytes, Order::from_number(byteorder), &mut Errors::named(errors.as_deref()), r#final)?;
        let order = vm.new_int(done.order.number() as i64)?;
        vm.new_tuple(&[done.text.into_value(), vm.new_int(done.used as i64)?, order])
    }

    #[function(doc = "", sig = "(data, errors=None, /)")]
    fn latin_1_decode(vm: &Vm, data: Readable, _errors: Option<&Ref<Str>>) -> Res {
        let text = vm.new_latin1(&data)?;
        decoded(vm, text, data.len())
    }

    #[function(doc = "", sig = "(data, errors=None, /)")]
    fn ascii_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let text = latin::decode_ascii(vm, &bytes, &mut Errors::named(errors.as_deref()))?;
        decoded(vm, text, bytes.len())
    }

    #[function(doc = "", sig = "(data, errors=None, final=True, /)")]
    fn unicode_escape_decode(vm: &Vm, data: &Value, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let bytes = text_or_bytes(vm, data)?;
        let errors = c_name(vm, errors)?;
        let (text, used) = escape::decode(vm, &bytes, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, text, used)
    }

    #[function(doc = "", sig = "(data, errors=None, final=True, /)")]
    fn raw_unicode_escape_decode(vm: &Vm, data: &Value, errors: Option<&Ref<Str>>, r#final: bool) -> Res {
        let bytes = text_or_bytes(vm, data)?;
        let errors = c_name(vm, errors)?;
        let (text, used) = escape::decode_raw(vm, &bytes, &mut Errors::named(errors.as_deref()), r#final)?;
        decoded(vm, text, used)
    }

    #[function(doc = "", sig = "(data, errors=None, mapping=None, /)")]
    fn charmap_decode(vm: &Vm, data: Readable, errors: Option<&Ref<Str>>, mapping: Option<&Value>) -> Res {
        let errors = c_name(vm, errors)?;
        let bytes = data.to_vec();
        let text = match mapping {
            Some(mapping) => charmap::decode(vm, &bytes, &mut Errors::named(errors.as_deref()), mapping)?,
            None => vm.new_latin1(&bytes)?,
        };
        decoded(vm, text, bytes.len())
    }
}
