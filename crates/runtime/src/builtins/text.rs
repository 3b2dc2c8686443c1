//! Builtins about text: `ascii`, `chr`, `format`, `ord`, `repr`.

use crate::objects::bytearray::ByteArray;
use crate::objects::bytes::Bytes;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, methods};

pub struct Text;

#[methods]
impl Text {
    #[function(sig = "(obj, /)", doc = "As repr(), with \\x, \\u and \\U escapes for everything outside ASCII.")]
    fn ascii(vm: &Vm, obj: &Value) -> Res<Ref<Str>> {
        vm.ascii(obj)
    }

    #[function(sig = "(i, /)", doc = "The character with this code point, from 0 to 0x10ffff.")]
    fn chr(vm: &Vm, i: &Value) -> Res<Ref<Str>> {
        match vm.index_as_i128(i)? {
            Some(c) if (0..=0x10ffff).contains(&c) => vm.new_char(c as u32),
            _ => Err(vm.value_error("chr() arg not in range(0x110000)")),
        }
    }

    #[function(
        sig = "(value, format_spec='', /)",
        doc = "type(value).__format__(value, format_spec): the value as text, as the specification wants it."
    )]
    fn format(vm: &Vm, value: &Value, format_spec: Option<&Ref<Str>>) -> Res {
        match format_spec {
            Some(spec) => vm.format(value, spec.as_value()),
            None => vm.format(value, &vm.new_str("")?.into_value()),
        }
    }

    #[function(
        sig = "(character, /)",
        doc = "The code point of a string of one character, or the value of a single byte."
    )]
    fn ord(vm: &Vm, character: &Value) -> Res<u32> {
        let wrong = |n: usize| vm.type_error(format!("ord() expected a character, but string of length {n} found"));
        if let Some(text) = character.downcast::<Str>() {
            return if text.len() == 1 { Ok(text.at(0)) } else { Err(wrong(text.len())) };
        }
        if character.is_a::<Bytes>() || character.is_a::<ByteArray>() {
            let bytes = vm.bytes_of(character)?;
            return if bytes.len() == 1 { Ok(bytes[0] as u32) } else { Err(wrong(bytes.len())) };
        }
        Err(vm.type_error(format!("ord() expected string of length 1, but {} found", vm.type_name(character))))
    }

    #[function(
        sig = "(obj, /)",
        doc = "Text that shows the object to a programmer; where possible, eval(repr(obj)) == obj."
    )]
    fn repr(vm: &Vm, obj: &Value) -> Res<Ref<Str>> {
        vm.repr(obj)
    }
}
