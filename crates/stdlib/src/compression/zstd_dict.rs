//! `ZstdDict`: what compressor and decompressor agree on beforehand.

use super::zstd::dict_of;
use crate::support::buffer::Readable;
use crate::support::buffer::readable;
use ophi_heap::{Layout, Trace, Visitor};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, Tuple, TypeDef, TypeRef, Value, Vm, layout, methods};

pub struct ZstdDict {
    pub content: Box<[u8]>,
    id: u32,
}

impl Trace for ZstdDict {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for ZstdDict {
    fn def() -> &'static TypeDef {
        &ZSTD_DICT
    }
    const LAYOUT: &'static Layout = layout!("ZstdDict");
}

pub static ZSTD_DICT: TypeDef = TypeDef {
    module: "compression.zstd",
    doc: "ZstdDict(dict_content, /, *, is_raw=False)\n--\n\nA dictionary for compressing and decompressing.\n\ndict_content is as train_dict() makes it, or, with is_raw, any bytes that resemble the data.",
    slots: Slots {
        new: Some(new),
        len: Some(|vm, this| match dict_of(this) {
            Some(dict) => Ok(dict.content.len()),
            None => Err(vm.type_error("a ZstdDict is required")),
        }),
        repr: Some(|vm, this| match dict_of(this) {
            Some(dict) => {
                let text = format!("<ZstdDict dict_id={} dict_size={}>", dict.id, dict.content.len());
                Ok(vm.new_str(&text)?.into_value())
            }
            None => Err(vm.type_error("a ZstdDict is required")),
        }),
        ..Slots::NONE
    },
    tables: &[ZstdDict::METHODS],
    ..TypeDef::of::<ZstdDict>("ZstdDict", &OBJECT)
};

static SIGNATURE: Signature = Signature {
    text: "(dict_content, /, *, is_raw=False)",
    parameters: &[
        Parameter { name: "", kind: ParameterKind::PositionalOnly, required: true },
        Parameter { name: "is_raw", kind: ParameterKind::KeywordOnly, required: false },
    ],
};

/// The first bytes of a formatted dictionary.
const MAGIC: [u8; 4] = 0xec30_a437_u32.to_le_bytes();

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if args.pos().len() != 1 {
        let given = args.pos().len();
        return Err(vm.type_error(format!("ZstdDict() takes exactly 1 positional argument ({given} given)")));
    }
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "ZstdDict", args, &mut bound)?;
    let content: Box<[u8]> = match bound[0] {
        Some(content) => Readable(readable(vm, content)?).to_vec().into_boxed_slice(),
        None => Box::default(),
    };
    if content.len() < 8 {
        return Err(vm.value_error("Zstandard dictionary content too short (must have at least eight bytes)"));
    }
    let is_raw = bound[1].map_or(Ok(false), |raw| vm.is_true(raw))?;
    let id = if is_raw { 0 } else { zstd_safe::get_dict_id_from_dict(&content).map_or(0, |id| id.get()) };
    if !is_raw && id == 0 {
        return Err(vm.value_error("invalid Zstandard dictionary"));
    }
    Ok(vm.new_instance(cls, ZstdDict { content, id })?.into_value())
}

/// How a dictionary is used: prepared once, loaded each time, or as what stands before the data.
const DIGESTED: i32 = 0;
const UNDIGESTED: i32 = 1;
const PREFIX: i32 = 2;

fn used_as(vm: &Vm, this: &Ref<ZstdDict>, how: i32) -> Res {
    vm.new_tuple(&[this.to_value(), Value::int32(how)])
}

/// A dictionary argument: a `ZstdDict`, or what one of its attributes `as_...` gives.
pub fn given(vm: &Vm, value: &Value) -> Res<(Ref<ZstdDict>, i32)> {
    if let Some(dict) = dict_of(value) {
        return Ok((dict.clone(), DIGESTED));
    }
    if let Some(pair) = value.downcast::<Tuple>()
        && let [dict, how] = pair.as_slice()
        && let (Some(dict), Some(how)) = (dict_of(dict), how.as_small_int())
        && (i64::from(DIGESTED)..=i64::from(PREFIX)).contains(&how)
    {
        return Ok((dict.clone(), how as i32));
    }
    Err(vm.type_error("zstd_dict argument should be a ZstdDict object."))
}

/// Whether it is used as a prefix. One that begins as a dictionary does would be read as one: that is refused.
pub fn is_prefix(vm: &Vm, dict: &ZstdDict, how: i32) -> Res<bool> {
    if how == PREFIX && dict.content.starts_with(&MAGIC) {
        return Err(vm.not_implemented("a formatted dictionary cannot be used as a prefix"));
    }
    Ok(how == PREFIX)
}

#[methods]
impl ZstdDict {
    /// The number of the dictionary, 0 for raw content: frames made with it tell.
    #[member]
    fn dict_id(_: &Vm, this: &Ref<ZstdDict>) -> u32 {
        this.id
    }

    /// The dictionary as bytes.
    #[getter]
    fn dict_content(vm: &Vm, this: &Ref<ZstdDict>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.content)
    }

    /// To be given as zstd_dict: prepared once for many frames. Some options of the compressor are then the dictionary's.
    #[getter]
    fn as_digested_dict(vm: &Vm, this: &Ref<ZstdDict>) -> Res {
        used_as(vm, this, DIGESTED)
    }

    /// To be given as zstd_dict: loaded anew each time; all options of the compressor hold.
    #[getter]
    fn as_undigested_dict(vm: &Vm, this: &Ref<ZstdDict>) -> Res {
        used_as(vm, this, UNDIGESTED)
    }

    /// To be given as zstd_dict: as if it stood before the data of the next frame.
    #[getter]
    fn as_prefix(vm: &Vm, this: &Ref<ZstdDict>) -> Res {
        used_as(vm, this, PREFIX)
    }
}
