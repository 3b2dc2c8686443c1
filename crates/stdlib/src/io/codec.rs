//! Between text and bytes: the three encodings done here, and any other through Python's codec objects.
//!
//! UTF-8, Latin-1 and ASCII need no codec object: valid input is converted at once, and only what is wrong goes to the
//! `_codecs` function of the encoding, which knows the error handlers. The decoder's state is then the bytes of an
//! unfinished character, which is also what `tell` needs.

use ophi_runtime::codecs::utf8;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::str::Kind;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Tuple, Value, Vm};

use crate::support::{import, values::to_i64};

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Codec {
    #[default]
    Utf8,
    Latin1,
    Ascii,
    /// A codec object of Python's.
    Python,
}

impl Codec {
    /// Which encoding a name stands for.
    pub fn of(name: &str) -> Codec {
        let plain: String =
            name.chars().map(|c| if c == '_' || c == ' ' { '-' } else { c.to_ascii_lowercase() }).collect();
        match plain.as_str() {
            "utf-8" | "utf8" | "u8" | "utf" | "cp65001" => Codec::Utf8,
            "latin-1" | "latin1" | "iso-8859-1" | "iso8859-1" | "8859" | "cp819" | "l1" | "latin" => Codec::Latin1,
            "ascii" | "us-ascii" | "646" | "ansi-x3.4-1968" => Codec::Ascii,
            _ => Codec::Python,
        }
    }

    fn functions(self) -> (&'static str, &'static str) {
        match self {
            Codec::Latin1 => ("latin_1_decode", "latin_1_encode"),
            Codec::Ascii => ("ascii_decode", "ascii_encode"),
            _ => ("utf_8_decode", "utf_8_encode"),
        }
    }

    /// The text of `bytes` and how many of them it took; without `last` an unfinished character is left.
    pub fn decode(self, vm: &Vm, bytes: &[u8], errors: &Value, last: bool) -> Res<(Ref<Str>, usize)> {
        if self == Codec::Utf8
            && let Some(text) = utf8::valid(bytes)
        {
            return Ok((vm.new_str(text)?, bytes.len()));
        }
        match self {
            Codec::Latin1 => return Ok((vm.new_latin1(bytes)?, bytes.len())),
            _ if bytes.is_ascii() => return Ok((vm.new_ascii(bytes)?, bytes.len())),
            Codec::Utf8 => match std::str::from_utf8(bytes) {
                Ok(text) => return Ok((vm.new_str(text)?, bytes.len())),
                Err(error) if error.error_len().is_none() && !last => {
                    let valid = &bytes[..error.valid_up_to()];
                    return Ok((vm.new_wtf8(valid)?, valid.len()));
                }
                Err(_) => {}
            },
            _ => {}
        }
        let function = vm.get_attr_str(&import(vm, "_codecs")?, self.functions().0)?;
        let mut args = vec![vm.new_bytes(bytes)?.into_value(), errors.clone()];
        if self == Codec::Utf8 {
            args.push(Value::bool(last));
        }
        let answer = vm.call(&function, &args)?;
        match answer.downcast::<Tuple>().map(|answer| answer.as_slice()) {
            Some([text, count]) if text.is_a::<Str>() => {
                let count = to_i64(vm, count)?.clamp(0, bytes.len() as i64) as usize;
                match text.downcast::<Str>() {
                    Some(text) => Ok((text.clone(), count)),
                    None => Err(vm.type_error("decoder must return a tuple (object,integer)")),
                }
            }
            _ => Err(vm.type_error("decoder must return a tuple (object,integer)")),
        }
    }

    /// The bytes of `text`.
    pub fn encode(self, vm: &Vm, text: &Ref<Str>, errors: &Value) -> Res<Vec<u8>> {
        if text.is_ascii() || (self == Codec::Latin1 && text.kind() == Kind::Latin1) {
            return Ok(text.raw().to_vec());
        }
        if self == Codec::Utf8
            && let Some(bytes) = utf8::encode_whole(vm, text.data())?
        {
            return Ok(bytes.as_slice().to_vec());
        }
        let function = vm.get_attr_str(&import(vm, "_codecs")?, self.functions().1)?;
        let answer = vm.call(&function, &[text.to_value(), errors.clone()])?;
        let bytes = answer.downcast::<Tuple>().and_then(|answer| answer.as_slice().first().cloned());
        match bytes.as_ref().and_then(|bytes| bytes.downcast::<Bytes>()) {
            Some(bytes) => Ok(bytes.as_slice().to_vec()),
            None => Err(vm.type_error("encoder must return a tuple (object, integer)")),
        }
    }
}

/// `codecs.lookup` for an encoding of text; LookupError for others.
pub fn look_up_text_encoding(vm: &Vm, name: &Value) -> Res {
    let lookup = vm.get_attr_str(&import(vm, "_codecs")?, "lookup")?;
    let info = vm.call(&lookup, std::slice::from_ref(name))?;
    if let Some(flag) = vm.get_attr_str_opt(&info, "_is_text_encoding")?
        && !vm.is_true(&flag)?
    {
        let name = vm.expect_str(name, "encoding")?.to_utf8_lossy().into_owned();
        return Err(vm.lookup_error(format!("'{name}' is not a text encoding")));
    }
    Ok(info)
}
