//! `_zstd`: on `zstd-safe`, which holds the reference implementation. After CPython Modules/_zstd.
//!
//! A prefix is loaded as a dictionary of raw content and forgotten after its frame. One that looks like a formatted dictionary cannot
//! be used so, and is refused; so is `finalize_dict`, which the crate does not offer.

use super::feed::Step;
use super::frame::{Cost, Held, Reading, squeeze};
use super::zstd_dict::{self, ZSTD_DICT, ZstdDict};
use super::zstd_options as options;
use crate::support::buffer::Readable;
use crate::support::builtin;
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::int::INT;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Raised, Ref, Res, Tuple, Type, TypeDef, TypeRef, Value, ValueCell, Vm, layout, methods,
};
use std::cell::Cell;
use zstd_safe::zstd_sys::ZSTD_EndDirective as Directive;
use zstd_safe::{CCtx, CParameter, DCtx, InBuffer, OutBuffer, ResetDirective};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_zstd", doc: "The native half of compression.zstd.", tables: &[Functions::METHODS], init };

#[derive(Default)]
pub struct State {
    error: ValueCell,
    /// The enumerations of parameters, which the Python half tells of.
    pub compression: ValueCell,
    pub decompression: ValueCell,
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = vm.interpreter().state::<State>();
    if !state.error.is_set() {
        let namespace = vm.new_dict()?;
        namespace.set_text(vm, "__module__", vm.new_str("compression.zstd")?.into_value())?;
        namespace.set_text(vm, "__doc__", vm.new_str("What the zstd library refuses.")?.into_value())?;
        let bases = vm.new_tuple(&[builtin(vm, "Exception")?])?;
        let arguments = [vm.new_str("ZstdError")?.into_value(), bases, namespace.into_value()];
        state.error.set(Some(vm.call(&builtin(vm, "type")?, &arguments)?));
    }
    module.add(vm, "ZstdError", state.error.get_or_none())?;
    module.add_type(vm, &ZSTD_DICT)?;
    module.add_type(vm, &COMPRESSOR)?;
    module.add_type(vm, &DECOMPRESSOR)?;
    module.add_int(vm, "zstd_version_number", i64::from(zstd_safe::version_number()))?;
    module.add_str(vm, "zstd_version", zstd_safe::version_string())?;
    module.add_int(vm, "ZSTD_CLEVEL_DEFAULT", 3)?;
    module.add_int(vm, "ZSTD_DStreamOutSize", DCtx::out_size() as i64)?;
    for parameter in options::COMPRESSION {
        module.add_int(vm, parameter.constant, i64::from(parameter.key))?;
    }
    module.add_int(vm, "ZSTD_d_windowLogMax", i64::from(options::WINDOW_LOG_MAX.key))?;
    for (number, name) in (1..).zip(options::STRATEGIES) {
        module.add_int(vm, &format!("ZSTD_{name}"), number)?;
    }
    Ok(())
}

/// Raises ZstdError.
#[cold]
pub fn zstd_error(vm: &Vm, message: &str) -> Raised {
    vm.raise_class(&vm.interpreter().state::<State>().error.get_or_none(), message)
}

/// ZstdError: `what`, and the library's word for an error code.
#[cold]
pub fn failed(vm: &Vm, what: &str, code: usize) -> Raised {
    zstd_error(vm, &format!("{what}: {}", zstd_safe::get_error_name(code)))
}

const fn optional(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required: false }
}

/// Values of `mode`.
const CONTINUE: i32 = 0;
const FLUSH_BLOCK: i32 = 1;
const FLUSH_FRAME: i32 = 2;

struct Writing {
    context: CCtx<'static>,
    /// There is a prefix to be forgotten when the frame ends.
    has_prefix: bool,
    level: i32,
    cost: Cost,
}

/// What the tables of a level take, for at most so much data: the logarithms of the entries of its two tables are the library's own.
fn tables(level: i32, data: usize) -> usize {
    const LOGS: [(u32, u32); 22] = [
        (13, 14),
        (15, 16),
        (16, 17),
        (18, 18),
        (18, 19),
        (18, 19),
        (19, 20),
        (19, 20),
        (20, 21),
        (21, 22),
        (21, 22),
        (22, 23),
        (22, 22),
        (22, 23),
        (23, 23),
        (22, 22),
        (23, 22),
        (23, 22),
        (24, 22),
        (25, 23),
        (26, 24),
        (27, 25),
    ];
    let level = if level == 0 { 3 } else { level.clamp(1, 22) };
    let (chain, hash) = LOGS[level as usize - 1];
    let most = usize::BITS - data.leading_zeros() + 1;
    (4usize << chain.min(most)) + (4usize << hash.min(most)) + (256 << 10)
}

pub struct Compressor {
    stream: Held<Writing>,
    last_mode: Cell<i32>,
}
trace_fields!(Compressor { stream });

impl Payload for Compressor {
    fn def() -> &'static TypeDef {
        &COMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("ZstdCompressor");
}

static COMPRESSOR: TypeDef = TypeDef {
    module: "compression.zstd",
    doc: "ZstdCompressor(level=None, options=None, zstd_dict=None)\n--\n\nCompresses piece by piece.\n\n  level\n    how much effort is made; 3 when nothing is said\n  options\n    a dict of CompressionParameter to number, in place of level\n  zstd_dict\n    a ZstdDict\n\ncompress() does it in one call.",
    slots: Slots { new: Some(new_compressor), ..Slots::NONE },
    tables: &[Compressor::METHODS],
    finish: Some(|vm, ty| {
        for (name, mode) in [("CONTINUE", CONTINUE), ("FLUSH_BLOCK", FLUSH_BLOCK), ("FLUSH_FRAME", FLUSH_FRAME)] {
            ty.namespace().set_text(vm, name, Value::int32(mode))?;
        }
        Ok(())
    }),
    ..TypeDef::of::<Compressor>("ZstdCompressor", &OBJECT)
};

static NEW_COMPRESSOR: Signature = Signature {
    text: "(level=None, options=None, zstd_dict=None)",
    parameters: &[optional("level"), optional("options"), optional("zstd_dict")],
};

fn new_compressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 3];
    bind(vm, Some(&NEW_COMPRESSOR), "ZstdCompressor", args, &mut bound)?;
    let [level, given, dict] = bound.map(|value: Option<&Value>| value.filter(|v| !v.is_none()));
    let Some(mut context) = CCtx::try_create() else { return Err(vm.no_memory()) };
    match (level, given) {
        (Some(_), Some(_)) => return Err(vm.type_error("Only one of level or options should be used.")),
        (Some(level), None) => {
            if !vm.is_instance_of(level, &INT) {
                return Err(vm.type_error("invalid type for level, expected int"));
            }
            options::set_level(vm, &mut context, level)?;
        }
        (None, Some(given)) => options::set_compression(vm, &mut context, given)?,
        (None, None) => {}
    }
    let level = match level {
        Some(level) => vm.to_index(level)?.clamp(-1, 22) as i32,
        None => 0,
    };
    let cost = Cost::new(vm, context.sizeof(), 1, 8 << 20)?;
    let mut has_prefix = false;
    if let Some(dict) = dict {
        let (dict, use_as) = zstd_dict::given(vm, dict)?;
        has_prefix = zstd_dict::is_prefix(vm, &dict, use_as)?;
        let loaded = context.load_dictionary(&dict.content);
        loaded.map_err(|code| failed(vm, "Unable to load Zstandard dictionary or prefix for compression", code))?;
    }
    let stream = Held::new(Writing { context, has_prefix, level, cost });
    Ok(vm.new_instance(class, Compressor { stream, last_mode: Cell::new(FLUSH_FRAME) })?.into_value())
}

impl Writing {
    fn run(&mut self, vm: &Vm, data: &[u8], mode: i32) -> Res<Vec<u8>> {
        let directive = match mode {
            CONTINUE => Directive::ZSTD_e_continue,
            FLUSH_BLOCK => Directive::ZSTD_e_flush,
            _ => Directive::ZSTD_e_end,
        };
        if self.cost.is_new() {
            self.cost.set_fixed(tables(self.level, if mode == FLUSH_FRAME { data.len() } else { usize::MAX >> 1 }));
        }
        self.cost.pass(vm, data.len())?;
        let result = squeeze(vm, data, mode != CONTINUE, |input, output| {
            let mut source = InBuffer::around(input);
            let mut sink = OutBuffer::around(output);
            let left = self.context.compress_stream2(&mut sink, &mut source, directive);
            let left = left.map_err(|code| failed(vm, "Unable to compress Zstandard data", code))?;
            Ok(Step { taken: source.pos(), made: sink.pos(), at_end: left == 0 })
        });
        if result.is_err() {
            let _ = self.context.reset(ResetDirective::SessionOnly);
        }
        if mode == FLUSH_FRAME && std::mem::take(&mut self.has_prefix) {
            let _ = self.context.disable_dictionary();
        }
        result
    }
}

impl Compressor {
    fn run(&self, vm: &Vm, data: &[u8], mode: i32) -> Res<Ref<Bytes>> {
        let result = self.stream.lend(|stream| stream.run(vm, data, mode));
        let result = result.unwrap_or_else(|| Err(vm.runtime_error("the compressor is in use")));
        self.last_mode.set(if result.is_ok() { mode } else { FLUSH_FRAME });
        vm.new_bytes(&result?)
    }
}

#[methods]
impl Compressor {
    /// Take more data; what is compressed of it so far.
    ///
    /// mode says what becomes of what the compressor holds: CONTINUE keeps it, FLUSH_BLOCK gives it out, FLUSH_FRAME
    /// ends the frame with it.
    #[method(sig = "(data, mode=0)", text = "($self, /, data, mode=ZstdCompressor.CONTINUE)")]
    fn compress(vm: &Vm, this: &Ref<Compressor>, data: Readable, mode: i32) -> Res<Ref<Bytes>> {
        if !(CONTINUE..=FLUSH_FRAME).contains(&mode) {
            return Err(vm.value_error("mode argument wrong value, it should be one of ZstdCompressor.CONTINUE, ZstdCompressor.FLUSH_BLOCK, ZstdCompressor.FLUSH_FRAME."));
        }
        this.run(vm, &data, mode)
    }

    /// What the compressor still holds: as a block (FLUSH_BLOCK), or as the end of the frame (FLUSH_FRAME). What comes after that
    /// belongs to the next frame.
    #[method(sig = "(mode=2)", text = "($self, /, mode=ZstdCompressor.FLUSH_FRAME)")]
    fn flush(vm: &Vm, this: &Ref<Compressor>, mode: i32) -> Res<Ref<Bytes>> {
        if mode != FLUSH_FRAME && mode != FLUSH_BLOCK {
            return Err(vm.value_error(
                "mode argument wrong value, it should be ZstdCompressor.FLUSH_FRAME or ZstdCompressor.FLUSH_BLOCK.",
            ));
        }
        this.run(vm, &[], mode)
    }

    /// Say how many bytes the next frame will hold; None: that is not known. Its header then tells.
    #[method(sig = "(size, /)")]
    fn set_pledged_input_size(vm: &Vm, this: &Ref<Compressor>, size: &Value) -> Res<()> {
        let size = match size.is_none() {
            true => None,
            false => {
                if vm.class(size).slots().index.is_none() {
                    return Err(vm.type_error("an integer is required"));
                }
                // The two highest numbers have a meaning of their own.
                let size = vm.index_as_i128(size)?.and_then(|n| u64::try_from(n).ok()).filter(|n| *n < u64::MAX - 1);
                let wrong = "size argument should be a positive int less than 18446744073709551614";
                Some(size.ok_or_else(|| vm.value_error(wrong))?)
            }
        };
        if this.last_mode.get() != FLUSH_FRAME {
            return Err(vm.value_error("set_pledged_input_size() method must be called when last_mode == FLUSH_FRAME"));
        }
        let done = this.stream.lend(|stream| stream.context.set_pledged_src_size(size));
        match done {
            Some(Err(code)) => Err(failed(vm, "Unable to set pledged uncompressed content size", code)),
            _ => Ok(()),
        }
    }

    #[member]
    fn last_mode(_: &Vm, this: &Ref<Compressor>) -> i32 {
        this.last_mode.get()
    }
}

pub struct Decompressor {
    state: Held<Reading<DCtx<'static>>>,
    cost: Cost,
}
trace_fields!(Decompressor { state });

impl Payload for Decompressor {
    fn def() -> &'static TypeDef {
        &DECOMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("ZstdDecompressor");
}

static DECOMPRESSOR: TypeDef = TypeDef {
    module: "compression.zstd",
    doc: "ZstdDecompressor(zstd_dict=None, options=None)\n--\n\nDecompresses one frame piece by piece.\n\n  zstd_dict\n    a ZstdDict\n  options\n    a dict of DecompressionParameter to number\n\ndecompress() does it in one call, for all frames.",
    slots: Slots { new: Some(new_decompressor), ..Slots::NONE },
    tables: &[Decompressor::METHODS],
    ..TypeDef::of::<Decompressor>("ZstdDecompressor", &OBJECT)
};

static NEW_DECOMPRESSOR: Signature =
    Signature { text: "(zstd_dict=None, options=None)", parameters: &[optional("zstd_dict"), optional("options")] };

fn new_decompressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 2];
    bind(vm, Some(&NEW_DECOMPRESSOR), "ZstdDecompressor", args, &mut bound)?;
    let [dict, given] = bound.map(|value: Option<&Value>| value.filter(|v| !v.is_none()));
    let Some(mut context) = DCtx::try_create() else { return Err(vm.no_memory()) };
    if let Some(dict) = dict {
        let (dict, use_as) = zstd_dict::given(vm, dict)?;
        zstd_dict::is_prefix(vm, &dict, use_as)?;
        let loaded = context.load_dictionary(&dict.content);
        loaded.map_err(|code| failed(vm, "Unable to load Zstandard dictionary or prefix for decompression", code))?;
    }
    if let Some(given) = given {
        options::set_decompression(vm, &mut context, given)?;
    }
    let cost = Cost::new(vm, context.sizeof(), 1, 8 << 20)?;
    let state = Held::new(Reading::new(context));
    Ok(vm.new_instance(class, Decompressor { state, cost })?.into_value())
}

#[methods]
impl Decompressor {
    /// What data is decompressed to, as far as it can be told yet.
    ///
    /// A max_length that is not negative bounds the answer; needs_input then says whether more data is wanted, or whether
    /// some is held back that b'' in the next call gets out.
    #[method(sig = "(data, max_length=-1)")]
    fn decompress(vm: &Vm, this: &Ref<Decompressor>, data: Readable, max_length: isize) -> Res<Ref<Bytes>> {
        let result = this.state.lend(|Reading { stream, feed }| {
            if feed.eof {
                return Err(vm.eof_error("Already at the end of a Zstandard frame."));
            }
            let result = feed.run(vm, &data, max_length, true, |input, output| {
                let mut source = InBuffer::around(input);
                let mut sink = OutBuffer::around(output);
                let left = stream.decompress_stream(&mut sink, &mut source);
                let left = left.map_err(|code| failed(vm, "Unable to decompress Zstandard data", code))?;
                Ok(Step { taken: source.pos(), made: sink.pos(), at_end: left == 0 })
            });
            if result.is_err() {
                let _ = stream.reset(ResetDirective::SessionOnly);
            }
            result
        });
        let made = result.unwrap_or_else(|| Err(vm.runtime_error("the decompressor is in use")))?;
        this.cost.pass(vm, made.len())?;
        vm.new_bytes(&made)
    }

    #[member]
    fn eof(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.eof()
    }

    #[member]
    fn needs_input(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.needs_input()
    }

    #[getter]
    fn unused_data(vm: &Vm, this: &Ref<Decompressor>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.state.unused())
    }
}

struct Functions;

#[methods]
impl Functions {
    /// A dictionary made from samples, which stand one after the other in samples_bytes.
    #[function(sig = "(samples_bytes, samples_sizes, dict_size, /)")]
    fn train_dict(vm: &Vm, samples_bytes: &Ref<Bytes>, samples_sizes: &Ref<Tuple>, dict_size: isize) -> Res {
        let Some(size) = usize::try_from(dict_size).ok().filter(|size| *size > 0) else {
            return Err(vm.value_error("dict_size argument should be positive number."));
        };
        let mut sizes = Vec::new();
        for size in samples_sizes.as_slice() {
            if vm.class(size).slots().index.is_none() {
                return Err(vm.type_error("an integer is required"));
            }
            sizes.push(vm.index_as_i128(size)?.and_then(|n| usize::try_from(n).ok()).unwrap_or(usize::MAX));
        }
        let samples = samples_bytes.as_slice();
        let total = sizes.iter().try_fold(0usize, |total, size| total.checked_add(*size));
        if total != Some(samples.len()) {
            return Err(vm.value_error("The samples size tuple doesn't match the concatenation's size."));
        }
        vm.check_room(size)?;
        let mut dict = vec![0; size];
        match zstd_safe::train_from_buffer(&mut dict[..], samples, &sizes) {
            Ok(made) => Ok(vm.new_bytes(&dict[..made])?.into_value()),
            Err(code) => Err(failed(vm, "Unable to train the Zstandard dictionary", code)),
        }
    }

    /// Not offered: the library's function is not among those of the crate.
    #[function(
        sig = "(custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level, /)",
        text = "($module, custom_dict_bytes, samples_bytes, samples_sizes,\n              dict_size, compression_level, /)"
    )]
    fn finalize_dict(
        vm: &Vm,
        custom_dict_bytes: &Value,
        samples_bytes: &Value,
        samples_sizes: &Value,
        dict_size: &Value,
        compression_level: &Value,
    ) -> Res {
        let _ = (custom_dict_bytes, samples_bytes, samples_sizes, dict_size, compression_level);
        Err(vm.not_implemented("finalizing a dictionary is not supported"))
    }

    /// The least and the greatest value of a parameter.
    #[function(sig = "(parameter, is_compress)")]
    fn get_param_bounds(vm: &Vm, parameter: i32, is_compress: bool) -> Res {
        options::bounds(vm, parameter, is_compress)
    }

    /// How many bytes the frame has that frame_buffer begins with.
    #[function(sig = "(frame_buffer)")]
    fn get_frame_size(vm: &Vm, frame_buffer: Readable) -> Res<usize> {
        zstd_safe::find_frame_compressed_size(&frame_buffer).map_err(|code| {
            let said = zstd_safe::get_error_name(code);
            zstd_error(
                vm,
                &format!("Error when finding the compressed size of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning of a frame, and its length is not less than this complete frame. Zstd error message: {said}."),
            )
        })
    }

    /// What a frame's header tells: the number of bytes it holds, or None, and the number of its dictionary, or 0.
    #[function(sig = "(frame_buffer)")]
    fn get_frame_info(vm: &Vm, frame_buffer: Readable) -> Res {
        let Ok(size) = zstd_safe::get_frame_content_size(&frame_buffer) else {
            return Err(zstd_error(
                vm,
                "Error when getting information from the header of a Zstandard frame. Ensure the frame_buffer argument starts from the beginning of a frame, and its length is not less than the frame header (6~18 bytes).",
            ));
        };
        let size = match size {
            Some(size) => vm.new_int(size as i64)?,
            None => Value::NONE,
        };
        let dict = zstd_safe::get_dict_id_from_frame(&frame_buffer).map_or(0, |id| id.get());
        vm.new_tuple(&[size, vm.new_int(i64::from(dict))?])
    }

    /// Tell of the enumerations CompressionParameter and DecompressionParameter.
    #[function(sig = "(c_parameter_type, d_parameter_type)")]
    fn set_parameter_types(vm: &Vm, c_parameter_type: &Ref<Type>, d_parameter_type: &Ref<Type>) -> Res<()> {
        let state = vm.interpreter().state::<State>();
        state.compression.set(Some(c_parameter_type.to_value()));
        state.decompression.set(Some(d_parameter_type.to_value()));
        Ok(())
    }
}

/// Sets a parameter, as the library takes it.
pub fn set(context: &mut CCtx<'static>, parameter: CParameter) -> Result<(), usize> {
    context.set_parameter(parameter).map(drop)
}

/// A dictionary argument's payload.
pub fn dict_of(value: &Value) -> Option<&Ref<ZstdDict>> {
    value.downcast::<ZstdDict>()
}
