//! Builtins about text: `ascii`, `chr`, `format`, `ord`, `repr`.

use crate::objects::bytes::Bytes;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value, methods};

pub struct Text;

#[methods]
impl Text {
    #[function(
        sig = "(obj, /)",
        doc = "Return an ASCII-only representation of an object.\n\nAs repr(), return a string containing a printable representation of an\nobject, but escape the non-ASCII characters in the string returned by\nrepr() using \\\\x, \\\\u or \\\\U escapes. This generates a string similar\nto that returned by repr() in Python 2."
    )]
    fn ascii(vm: &Vm, obj: &Value) -> Res<Ref<Str>> {
        vm.ascii(obj)
    }

    #[function(sig = "(i, /)", doc = "Return a Unicode string of one character with ordinal i; 0 <= i <= 0x10ffff.")]
    fn chr(vm: &Vm, i: &Value) -> Res<Ref<Str>> {
        match vm.index_as_i128(i)? {
            Some(c) if (0..=0x10ffff).contains(&c) => vm.new_char(c as u32),
            _ => Err(vm.value_error("chr() arg not in range(0x110000)")),
        }
    }

    #[function(
        sig = "(value, format_spec='', /)",
        doc = "Return type(value).__format__(value, format_spec)\n\nMany built-in types implement format_spec according to the\nFormat Specification Mini-language. See help('FORMATTING').\n\nIf type(value) does not supply a method named __format__\nand format_spec is empty, then str(value) is returned.\nSee also help('SPECIALMETHODS')."
    )]
    fn format(vm: &Vm, value: &Value, format_spec: Option<&Ref<Str>>) -> Res {
        match format_spec {
            Some(spec) => vm.format(value, spec.as_value()),
            None => vm.format(value, &vm.new_str("")?.into_value()),
        }
    }

    #[function(
        sig = "(character, /)",
        doc = "Return the ordinal value of a character.\n\nIf the argument is a one-character string, return the Unicode code\npoint of that character.\n\nIf the argument is a bytes or bytearray object of length 1, return its\nsingle byte value."
    )]
    fn ord(vm: &Vm, character: &Value) -> Res<u32> {
        let wrong =
            |what: &str, n: usize| vm.type_error(format!("ord() expected a character, but {what} of length {n} found"));
        if let Some(text) = character.downcast::<Str>() {
            return if text.len() == 1 { Ok(text.at(0)) } else { Err(wrong("string", text.len())) };
        }
        let is_bytearray = vm.class(character).mro_types().iter().any(|t| t.def.is_some_and(|d| d.name == "bytearray"));
        if character.is_a::<Bytes>() || is_bytearray {
            let bytes = vm.bytes_of(character)?;
            let what = if is_bytearray { "bytearray" } else { "string" };
            return if bytes.len() == 1 { Ok(bytes[0] as u32) } else { Err(wrong(what, bytes.len())) };
        }
        Err(vm.type_error(format!("ord() expected string of length 1, but {} found", vm.type_name(character))))
    }

    #[function(
        sig = "(obj, /)",
        doc = "Return the canonical string representation of the object.\n\nFor many object types, including most builtins, eval(repr(obj)) == obj."
    )]
    fn repr(vm: &Vm, obj: &Value) -> Res<Ref<Str>> {
        vm.repr(obj)
    }
}
