//! `MultibyteCodec`: what `getcodec` answers; and the handling of errors that its incremental forms share.

use super::conversion::{decode, encode, errors as named};
use super::engine::Codec;
use crate::support::buffer::readable;
use ophi_heap::Layout;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout, methods,
};
use std::sync::Arc;

pub struct MultibyteCodec {
    pub codec: Arc<Codec>,
}

impl Trace for MultibyteCodec {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for MultibyteCodec {
    fn def() -> &'static TypeDef {
        &CODEC
    }
    const LAYOUT: &'static Layout = layout!("MultibyteCodec");
}

pub static CODEC: TypeDef = TypeDef {
    module: "_multibytecodec",
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    tables: &[MultibyteCodec::METHODS],
    ..TypeDef::of::<MultibyteCodec>("MultibyteCodec", &OBJECT)
};

#[methods]
impl MultibyteCodec {
    /// The text as bytes, and its length.
    ///
    /// errors names the handler of what cannot be encoded: strict, ignore, replace, xmlcharrefreplace, or any that
    /// is registered with codecs.register_error.
    #[method(sig = "(input, errors=None)")]
    fn encode(vm: &Vm, this: &Ref<MultibyteCodec>, input: &Value, errors: Option<&Ref<Str>>) -> Res {
        let text = match input.downcast::<Str>() {
            Some(text) => text.clone(),
            None => vm.str(input)?,
        };
        let errors = errors.map(|name| name.to_utf8_lossy());
        let (mut memory, mut out) = (this.codec.start_encoding(), Vec::new());
        let mut errors = named(errors.as_deref());
        encode(vm, &this.codec, &text, &mut errors, true, &mut memory, &mut out)?;
        this.codec.finish(&mut memory, &mut out);
        vm.new_tuple(&[vm.new_bytes(&out)?.into_value(), vm.new_int(text.len() as i64)?])
    }

    /// The bytes as text, and their number.
    ///
    /// errors names the handler of what cannot be decoded: strict, ignore, replace, or any that is registered with
    /// codecs.register_error.
    #[method(sig = "(input, errors=None)")]
    fn decode(vm: &Vm, this: &Ref<MultibyteCodec>, input: &Value, errors: Option<&Ref<Str>>) -> Res {
        let bytes = readable(vm, input)?;
        let bytes = bytes.as_slice();
        let errors = errors.map(|name| name.to_utf8_lossy());
        let (mut memory, mut out) = (this.codec.start_decoding(), Vec::new());
        let mut errors = named(errors.as_deref());
        decode(vm, &this.codec, bytes, &mut errors, true, &mut memory, &mut out)?;
        let text = vm.new_str_from_code_points(&out)?;
        vm.new_tuple(&[text.into_value(), vm.new_int(bytes.len() as i64)?])
    }
}

/// The codec of a class made from one of the incremental or stream classes: its attribute `codec`.
pub fn codec_of(vm: &Vm, cls: &TypeRef) -> Res<Arc<Codec>> {
    let found = vm.get_attr_str(cls.as_value(), "codec")?;
    match found.downcast::<MultibyteCodec>() {
        Some(codec) => Ok(codec.codec.clone()),
        None => Err(vm.type_error("codec is unexpected type")),
    }
}

/// The argument `errors` of a constructor.
pub fn errors_of(vm: &Vm, name: &'static str, args: Args<'_>, before: usize) -> Res<Ref<Str>> {
    let keyword = args.keywords().get("errors");
    if args.keyword_count() > usize::from(keyword.is_some()) || args.pos().len() > before + 1 {
        return Err(vm.type_error(format!("{name}() takes at most {} arguments", before + 1)));
    }
    match args.pos().get(before).or(keyword) {
        None => vm.intern("strict"),
        Some(given) => match given.downcast::<Str>() {
            Some(text) => Ok(text.clone()),
            None => {
                Err(vm.type_error(format!("{name}() argument {} must be str, not {}", before + 1, vm.type_name(given))))
            }
        },
    }
}

/// Sets `errors`.
pub fn set_errors(vm: &Vm, cell: &ValueCell, value: Option<&Value>) -> Res<()> {
    let Some(value) = value else { return Err(vm.attribute_error("cannot delete attribute")) };
    if !value.is_a::<Str>() {
        return Err(vm.type_error("errors must be a string"));
    }
    cell.set(Some(value.clone()));
    Ok(())
}

/// The name in an `errors` cell.
pub fn errors_name(cell: &ValueCell) -> String {
    let name = cell.get();
    let name = name.as_ref().and_then(|name| name.downcast::<Str>());
    name.map_or_else(|| "strict".to_string(), |name| name.to_utf8_lossy().into_owned())
}
