//! `_json`: the scanner and the encoder that `json` uses when they are there. After CPython Modules/_json.c.
//!
//! The scanner reads the units of the text as they are stored (one, two or four bytes each), shares equal keys of one call,
//! and calls Python only for hooks. The encoder appends to one buffer and calls Python only for `default`, foreign encoders,
//! and mappings that are no exact dicts.

mod encoder;
mod scanner;
mod text;

use ophi_runtime::native::Call;
use ophi_runtime::objects::module::{ModuleDef, Namespace};
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_json",
    doc: "json speedups\n",
    tables: &[Functions::METHODS],
    init: |vm, module| {
        module.add(vm, "make_scanner", vm.ty(&scanner::SCANNER).to_value())?;
        module.add(vm, "make_encoder", vm.ty(&encoder::ENCODER).to_value())
    },
};

pub struct Functions;

/// How the encoder writes strings.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Escape {
    /// As `encode_basestring_ascii`.
    ToAscii,
    /// As `encode_basestring`.
    Plain,
    /// Through a Python callable.
    Foreign,
}

impl Escape {
    /// What the callable is.
    pub fn of(encoder: &Value) -> Escape {
        let Some(function) = encoder.downcast::<NativeFunction>() else { return Escape::Foreign };
        let Call::One(call) = function.def.call else { return Escape::Foreign };
        let is = |i: usize| match Functions::METHODS.methods[i].call {
            Call::One(own) => own as usize == call as usize,
            _ => false,
        };
        if is(0) {
            Escape::ToAscii
        } else if is(1) {
            Escape::Plain
        } else {
            Escape::Foreign
        }
    }
}

fn text_argument<'a>(vm: &Vm, value: &'a Value) -> Res<&'a Ref<Str>> {
    value
        .downcast::<Str>()
        .ok_or_else(|| vm.type_error(format!("first argument must be a string, not {}", vm.type_name(value))))
}

#[methods]
impl Functions {
    // The first two are told apart by position in `Escape::of`.
    #[function(
        doc = "encode_basestring_ascii(string) -> string\n\nThe string as JSON, in quotes, with escapes for everything outside ASCII.",
        sig = "(string, /)",
        text = "($self, object, /)"
    )]
    fn encode_basestring_ascii(vm: &Vm, string: &Value) -> Res {
        text::encoded(vm, text_argument(vm, string)?, Escape::ToAscii)
    }

    #[function(
        doc = "encode_basestring(string) -> string\n\nThe string as JSON, in quotes.",
        sig = "(string, /)",
        text = "($self, object, /)"
    )]
    fn encode_basestring(vm: &Vm, string: &Value) -> Res {
        text::encoded(vm, text_argument(vm, string)?, Escape::Plain)
    }

    #[function(
        doc = "scanstring(string, end, strict=True) -> (string, end)\n\nRead a JSON string; end is the position behind its opening quote. The answer is the text without\nescapes and the position behind the closing quote. strict refuses control characters."
    )]
    fn scanstring(vm: &Vm, args: ophi_runtime::Args) -> Res {
        args.no_keywords(vm, "scanstring")?;
        let given = args.pos();
        if given.len() < 2 || given.len() > 3 {
            let (bound, n) = if given.len() < 2 { ("at least", 2) } else { ("at most", 3) };
            return Err(vm.type_error(format!("scanstring() takes {bound} {n} arguments ({} given)", given.len())));
        }
        let end = vm.to_size(&given[1])?;
        let strict = match given.get(2) {
            Some(strict) => vm.is_true(strict)?,
            None => true,
        };
        let text = text_argument(vm, &given[0])?;
        if end < 0 || end as usize > text.len() {
            return Err(vm.value_error("end is out of bounds"));
        }
        let (string, next) = scanner::scan_string(vm, text, end as usize, strict)?;
        vm.new_tuple(&[string.into_value(), vm.new_int(next as i64)?])
    }
}
