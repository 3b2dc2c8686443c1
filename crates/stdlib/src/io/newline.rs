//! Universal newlines: the state machine, and `IncrementalNewlineDecoder` around any decoder.
//!
//! A carriage return at the end of a part waits for the next one, because a line feed may follow. After CPython
//! Modules/_io/textio.c (`_PyIncrementalNewlineDecoder_decode`).

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout, methods,
};

use super::strings::{concat, find, slice};
use crate::support::values::{to_i64, tuple};

const CR: u8 = 1;
const LF: u8 = 2;
const CRLF: u8 = 4;

/// What has been seen so far.
#[derive(Default, Debug)]
pub struct Newlines {
    pub pending_cr: Cell<bool>,
    seen: Cell<u8>,
}

impl Trace for Newlines {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Newlines {
    pub fn reset(&self) {
        self.pending_cr.set(false);
        self.seen.set(0);
    }

    /// Takes the next part of the text and answers what can be handed on.
    pub fn feed(&self, vm: &Vm, mut text: Ref<Str>, translate: bool, last: bool) -> Res<Ref<Str>> {
        if self.pending_cr.get() && (last || !text.is_empty()) {
            text = concat(vm, &[vm.new_str("\r")?, text])?;
            self.pending_cr.set(false);
        }
        if !last && !text.is_empty() && text.at(text.len() - 1) == u32::from('\r') {
            text = slice(vm, &text, 0, text.len() - 1)?;
            self.pending_cr.set(true);
        }
        if find(&text, b'\r', 0).is_none() {
            if self.seen.get() & LF == 0 && find(&text, b'\n', 0).is_some() {
                self.seen.set(self.seen.get() | LF);
            }
            return Ok(text);
        }
        let mut out = Vec::with_capacity(text.len());
        let mut seen = self.seen.get();
        let mut points = text.code_points().peekable();
        while let Some(c) = points.next() {
            if c == u32::from('\r') {
                if points.peek() == Some(&u32::from('\n')) {
                    points.next();
                    seen |= CRLF;
                    if !translate {
                        out.push(c);
                    }
                } else {
                    seen |= CR;
                    if !translate {
                        out.push(c);
                        continue;
                    }
                }
                out.push(u32::from('\n'));
            } else {
                if c == u32::from('\n') {
                    seen |= LF;
                }
                out.push(c);
            }
        }
        drop(points);
        self.seen.set(seen);
        if translate { vm.new_str_from_code_points(&out) } else { Ok(text) }
    }

    /// None, a string, or a tuple of strings.
    pub fn value(&self, vm: &Vm) -> Res {
        let seen = self.seen.get();
        let mut found = Vec::new();
        for (bit, text) in [(CR, "\r"), (LF, "\n"), (CRLF, "\r\n")] {
            if seen & bit != 0 {
                found.push(vm.new_str(text)?.into_value());
            }
        }
        match found.len() {
            0 => Ok(Value::NONE),
            1 => Ok(found.swap_remove(0)),
            _ => tuple(vm, found),
        }
    }
}

pub struct NewlineDecoder {
    /// None: what comes in is text already.
    decoder: ValueCell,
    translate: Cell<bool>,
    newlines: Newlines,
}

ophi_runtime::trace_fields!(NewlineDecoder { decoder });

impl Payload for NewlineDecoder {
    fn def() -> &'static TypeDef {
        &INCREMENTAL_NEWLINE_DECODER
    }
    const LAYOUT: &'static LayoutOf = layout!("IncrementalNewlineDecoder");
}

pub static INCREMENTAL_NEWLINE_DECODER: TypeDef = TypeDef {
    module: "_io",
    doc: "IncrementalNewlineDecoder(decoder, translate, errors='strict')\n--\n\nTurns \\r\\n and \\r into \\n behind another decoder, and remembers which of them came.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots { new: Some(new), init: Some(init), ..Slots::NONE },
    tables: &[NewlineDecoder::METHODS],
    ..TypeDef::of::<NewlineDecoder>("IncrementalNewlineDecoder", &OBJECT)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let empty =
        NewlineDecoder { decoder: ValueCell::new(None), translate: Cell::new(false), newlines: Newlines::default() };
    let object: Ref<NewlineDecoder> = vm.new_instance(class, empty)?;
    Ok(object.into_value())
}

static SIGNATURE: Signature = Signature {
    text: "(decoder, translate, errors='strict')",
    parameters: &[
        Parameter { name: "decoder", kind: ParameterKind::Positional, required: true },
        Parameter { name: "translate", kind: ParameterKind::Positional, required: true },
        Parameter { name: "errors", kind: ParameterKind::Positional, required: false },
    ],
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(object) = this.downcast::<NewlineDecoder>() else { return Err(vm.type_error("a decoder is expected")) };
    let mut bound = [None; 3];
    bind(vm, Some(&SIGNATURE), "IncrementalNewlineDecoder", args, &mut bound)?;
    let (Some(decoder), Some(translate)) = (bound[0], bound[1]) else { return Ok(()) };
    object.translate.set(vm.is_true(translate)?);
    object.decoder.set(Some(decoder.clone()));
    object.newlines.reset();
    Ok(())
}

impl NewlineDecoder {
    fn inner(&self, vm: &Vm) -> Res<Option<Value>> {
        match self.decoder.get() {
            Some(decoder) => Ok(Some(decoder).filter(|decoder| !decoder.is_none())),
            None => Err(vm.value_error("IncrementalNewlineDecoder.__init__() not called")),
        }
    }
}

#[methods]
impl NewlineDecoder {
    #[method(sig = "(input, final=False)")]
    fn decode(vm: &Vm, this: &Ref<NewlineDecoder>, input: &Value, last: bool) -> Res {
        let output = match this.inner(vm)? {
            Some(decoder) => vm.call_method_str(&decoder, "decode", &[input.clone(), Value::bool(last)])?,
            None => input.clone(),
        };
        let Some(text) = output.downcast::<Str>() else {
            let got = vm.type_name(&output);
            return Err(vm.type_error(format!("decoder should return a string result, not '{got}'")));
        };
        Ok(this.newlines.feed(vm, text.clone(), this.translate.get(), last)?.into_value())
    }

    #[method(sig = "()")]
    fn getstate(vm: &Vm, this: &Ref<NewlineDecoder>) -> Res {
        let (buffer, flag) = match this.inner(vm)? {
            None => (vm.new_bytes(b"")?.into_value(), 0),
            Some(decoder) => {
                let state = vm.call_method_str(&decoder, "getstate", &[])?;
                match state.downcast::<Tuple>().map(|state| state.as_slice()) {
                    Some([buffer, flag]) => (buffer.clone(), to_i64(vm, flag)?),
                    _ => return Err(vm.type_error("illegal decoder state")),
                }
            }
        };
        let flag = flag << 1 | i64::from(this.newlines.pending_cr.get());
        tuple(vm, vec![buffer, vm.new_int(flag)?])
    }

    #[method(sig = "(state, /)")]
    fn setstate(vm: &Vm, this: &Ref<NewlineDecoder>, state: &Value) -> Res<()> {
        let Some(items) = state.downcast::<Tuple>() else {
            return Err(vm.type_error("state argument must be a tuple"));
        };
        let [buffer, flag] = items.as_slice() else {
            return Err(vm.type_error("setstate(): illegal state argument"));
        };
        let flag = to_i64(vm, flag)?;
        this.newlines.pending_cr.set(flag & 1 != 0);
        if let Some(decoder) = this.inner(vm)? {
            let inner = tuple(vm, vec![buffer.clone(), vm.new_int(flag >> 1)?])?;
            vm.call_method_str(&decoder, "setstate", &[inner])?;
        }
        Ok(())
    }

    #[method(sig = "()")]
    fn reset(vm: &Vm, this: &Ref<NewlineDecoder>) -> Res<()> {
        this.newlines.reset();
        if let Some(decoder) = this.inner(vm)? {
            vm.call_method_str(&decoder, "reset", &[])?;
        }
        Ok(())
    }

    #[getter]
    fn newlines(vm: &Vm, this: &Ref<NewlineDecoder>) -> Res {
        this.inner(vm)?;
        this.newlines.value(vm)
    }
}
