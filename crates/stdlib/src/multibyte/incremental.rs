//! `MultibyteIncrementalEncoder` and `MultibyteIncrementalDecoder`: texts in pieces.

use super::codec::{codec_of, errors_name, errors_of, set_errors};
use super::conversion::{decode, encode, errors as named};
use super::engine::{Codec, Memory};
use crate::support::buffer::{Readable, readable};
use crate::support::builtin;
use ophi_heap::Layout;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::{UNICODE_ERROR, raise_unicode_decode};
use ophi_runtime::objects::int::INT;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm,
    layout, methods,
};
use std::cell::Cell;
use std::sync::Arc;

/// What an encoder holds back.
pub struct Encoding {
    pub codec: Arc<Codec>,
    pub errors: ValueCell,
    pub memory: Cell<Memory>,
    pending: GilCell<Vec<u32>>,
}

impl Encoding {
    pub fn new(codec: Arc<Codec>, errors: Ref<Str>) -> Encoding {
        let memory = Cell::new(codec.start_encoding());
        Encoding { codec, errors: ValueCell::some(errors.into_value()), memory, pending: GilCell::new(Vec::new()) }
    }

    /// Encodes a piece; the last one is brought to its end.
    pub fn feed(&self, vm: &Vm, text: &Value, last: bool) -> Res<Vec<u8>> {
        let Some(text) = text.downcast::<Str>() else {
            return Err(vm.type_error("couldn't convert the object to str."));
        };
        let mut joined = self.pending.with(Vec::clone);
        let text = if joined.is_empty() {
            text.clone()
        } else {
            joined.extend(text.code_points());
            vm.new_str_from_code_points(&joined)?
        };
        let name = errors_name(&self.errors);
        let (mut memory, mut out) = (self.memory.get(), Vec::new());
        let taken = encode(vm, &self.codec, &text, &mut named(Some(&name)), last, &mut memory, &mut out)?;
        if last {
            self.codec.finish(&mut memory, &mut out);
        }
        self.pending.set(text.code_points().skip(taken).collect());
        self.memory.set(memory);
        Ok(out)
    }

    pub fn has_pending(&self) -> bool {
        self.pending.with(|pending| !pending.is_empty())
    }

    pub fn reset(&self) {
        let mut memory = self.memory.get();
        self.codec.finish(&mut memory, &mut Vec::new());
        self.memory.set(memory);
        self.pending.set(Vec::new());
    }
}

pub struct IncrementalEncoder(pub Encoding);

impl Trace for IncrementalEncoder {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.0.errors.trace(visitor);
    }
}

impl Payload for IncrementalEncoder {
    fn def() -> &'static TypeDef {
        &ENCODER
    }
    const LAYOUT: &'static Layout = layout!("MultibyteIncrementalEncoder");
}

pub static ENCODER: TypeDef = TypeDef {
    module: "_multibytecodec",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots { new: Some(new_encoder), init: Some(|_, _, _| Ok(())), ..Slots::NONE },
    tables: &[IncrementalEncoder::METHODS],
    ..TypeDef::of::<IncrementalEncoder>("MultibyteIncrementalEncoder", &OBJECT)
};

fn new_encoder(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let errors = errors_of(vm, "IncrementalEncoder", args, 0)?;
    let encoding = Encoding::new(codec_of(vm, cls)?, errors);
    Ok(vm.new_instance(cls, IncrementalEncoder(encoding))?.into_value())
}

/// Bytes of a state as a number, the first one lowest.
fn number(vm: &Vm, bytes: &[u8]) -> Res {
    let bytes = vm.new_bytes(bytes)?.into_value();
    vm.call_method_str(&builtin(vm, "int")?, "from_bytes", &[bytes, vm.new_str("little")?.into_value()])
}

/// The bytes of a state given as a number.
fn state_bytes(vm: &Vm, state: &Value, size: i64) -> Res<Vec<u8>> {
    let arguments = [vm.new_int(size)?, vm.new_str("little")?.into_value()];
    let bytes = vm.call_method_str(state, "to_bytes", &arguments)?;
    Ok(readable(vm, &bytes)?.as_slice().to_vec())
}

#[methods]
impl IncrementalEncoder {
    #[method(sig = "(input, final=False)")]
    fn encode(vm: &Vm, this: &Ref<IncrementalEncoder>, input: &Value, r#final: bool) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.0.feed(vm, input, r#final)?)
    }

    #[method(sig = "()")]
    fn getstate(vm: &Vm, this: &Ref<IncrementalEncoder>) -> Res {
        let pending = vm.new_str_from_code_points(&this.0.pending.with(Vec::clone))?;
        let utf8 = ophi_runtime::codecs::utf8_of(vm, &pending)?;
        let mut bytes = vec![utf8.len() as u8];
        bytes.extend_from_slice(&utf8);
        bytes.extend_from_slice(&this.0.memory.get());
        number(vm, &bytes)
    }

    #[method(sig = "(state, /)")]
    fn setstate(vm: &Vm, this: &Ref<IncrementalEncoder>, state: &Value) -> Res<()> {
        const SIZE: usize = 1 + 8 + 8;
        if !vm.is_instance_of(state, &INT) {
            return Err(vm.type_error(format!("setstate() argument must be int, not {}", vm.type_name(state))));
        }
        let bytes = state_bytes(vm, state, SIZE as i64)?;
        let length = usize::from(bytes[0]);
        let (Some(pending), Some(memory)) = (bytes.get(1..1 + length), bytes.get(1 + length..1 + length + 8)) else {
            return Err(vm.raise_message(&UNICODE_ERROR, "pending buffer too large"));
        };
        let pending = ophi_runtime::codecs::decode_bytes(vm, pending, None, None)?;
        this.0.pending.set(pending.code_points().collect());
        this.0.memory.set(memory.try_into().unwrap_or_default());
        Ok(())
    }

    #[method(sig = "()")]
    fn reset(_: &Vm, this: &Ref<IncrementalEncoder>) {
        this.0.reset();
    }

    #[getter]
    fn errors(_: &Vm, this: &Ref<IncrementalEncoder>) -> Value {
        this.0.errors.get_or_none()
    }

    #[setter(name = "errors")]
    fn set_errors_(vm: &Vm, this: &Ref<IncrementalEncoder>, value: Option<&Value>) -> Res<()> {
        set_errors(vm, &this.0.errors, value)
    }
}

/// What a decoder holds back.
pub struct Decoding {
    pub codec: Arc<Codec>,
    pub errors: ValueCell,
    memory: Cell<Memory>,
    pending: GilCell<Vec<u8>>,
}

/// Bytes a decoder may hold back.
const PENDING: usize = 8;

impl Decoding {
    pub fn new(codec: Arc<Codec>, errors: Ref<Str>) -> Decoding {
        let memory = Cell::new(codec.start_decoding());
        Decoding { codec, errors: ValueCell::some(errors.into_value()), memory, pending: GilCell::new(Vec::new()) }
    }

    pub fn feed(&self, vm: &Vm, bytes: &[u8], last: bool) -> Res<Vec<u32>> {
        let mut joined = self.pending.with(Vec::clone);
        joined.extend_from_slice(bytes);
        let name = errors_name(&self.errors);
        let (mut memory, mut out) = (self.memory.get(), Vec::new());
        let taken = decode(vm, &self.codec, &joined, &mut named(Some(&name)), last, &mut memory, &mut out)?;
        self.memory.set(memory);
        self.pending.set(joined[taken.min(joined.len())..].to_vec());
        Ok(out)
    }

    pub fn has_pending(&self) -> bool {
        self.pending.with(|pending| !pending.is_empty())
    }

    pub fn reset(&self) {
        let mut memory = self.memory.get();
        self.codec.restart_decoding(&mut memory);
        self.memory.set(memory);
        self.pending.set(Vec::new());
    }
}

pub struct IncrementalDecoder(Decoding);

impl Trace for IncrementalDecoder {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.0.errors.trace(visitor);
    }
}

impl Payload for IncrementalDecoder {
    fn def() -> &'static TypeDef {
        &DECODER
    }
    const LAYOUT: &'static Layout = layout!("MultibyteIncrementalDecoder");
}

pub static DECODER: TypeDef = TypeDef {
    module: "_multibytecodec",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots { new: Some(new_decoder), init: Some(|_, _, _| Ok(())), ..Slots::NONE },
    tables: &[IncrementalDecoder::METHODS],
    ..TypeDef::of::<IncrementalDecoder>("MultibyteIncrementalDecoder", &OBJECT)
};

fn new_decoder(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let errors = errors_of(vm, "IncrementalDecoder", args, 0)?;
    let decoding = Decoding::new(codec_of(vm, cls)?, errors);
    Ok(vm.new_instance(cls, IncrementalDecoder(decoding))?.into_value())
}

#[methods]
impl IncrementalDecoder {
    #[method(sig = "(input, final=False)")]
    fn decode(vm: &Vm, this: &Ref<IncrementalDecoder>, input: Readable, r#final: bool) -> Res<Ref<Str>> {
        vm.new_str_from_code_points(&this.0.feed(vm, &input, r#final)?)
    }

    #[method(sig = "()")]
    fn getstate(vm: &Vm, this: &Ref<IncrementalDecoder>) -> Res {
        let pending = vm.new_bytes(&this.0.pending.with(Vec::clone))?;
        vm.new_tuple(&[pending.into_value(), number(vm, &this.0.memory.get())?])
    }

    #[method(sig = "(state, /)")]
    fn setstate(vm: &Vm, this: &Ref<IncrementalDecoder>, state: &Ref<Tuple>) -> Res<()> {
        let (pending, number) = match state.as_slice() {
            [pending, number] => (pending.downcast::<Bytes>(), Some(number).filter(|n| vm.is_instance_of(n, &INT))),
            _ => (None, None),
        };
        let (Some(pending), Some(number)) = (pending, number) else {
            return Err(vm.type_error("setstate(): illegal state argument"));
        };
        let memory = state_bytes(vm, number, 8)?;
        let length = pending.as_slice().len();
        if length > PENDING {
            let object = pending.as_value();
            return Err(raise_unicode_decode(vm, this.0.codec.name, object, 0, length, "pending buffer too large"));
        }
        this.0.pending.set(pending.as_slice().to_vec());
        this.0.memory.set(memory.try_into().unwrap_or_default());
        Ok(())
    }

    #[method(sig = "()")]
    fn reset(_: &Vm, this: &Ref<IncrementalDecoder>) {
        this.0.reset();
    }

    #[getter]
    fn errors(_: &Vm, this: &Ref<IncrementalDecoder>) -> Value {
        this.0.errors.get_or_none()
    }

    #[setter(name = "errors")]
    fn set_errors_(vm: &Vm, this: &Ref<IncrementalDecoder>, value: Option<&Value>) -> Res<()> {
        set_errors(vm, &this.0.errors, value)
    }
}
