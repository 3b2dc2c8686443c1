//! `_lzma`: on `liblzma` (XZ Utils). After CPython Modules/_lzmamodule.c.

use super::feed::Step;
use super::frame::{self, Cost, Held, squeeze};
use super::lzma_filters::{self as filters, Filter};
use crate::support::buffer::Readable;
use crate::support::builtin;
use liblzma::stream::{Action, Check, Error, LzmaOptions, Status, Stream};
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Raised, Ref, Res, TypeDef, TypeRef, Value, ValueCell, Vm, layout, methods};

pub static MODULE: ModuleDef = ModuleDef { name: "_lzma", doc: "", tables: &[Functions::METHODS], init };

const FORMAT_AUTO: i64 = 0;
const FORMAT_XZ: i64 = 1;
const FORMAT_ALONE: i64 = 2;
const FORMAT_RAW: i64 = 3;
const CHECK_NONE: i64 = 0;
const CHECK_CRC64: i64 = 4;
const CHECK_UNKNOWN: i64 = 16;

#[derive(Default)]
struct ErrorClass(ValueCell);

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let state = vm.interpreter().state::<ErrorClass>();
    if !state.0.is_set() {
        let namespace = vm.new_dict()?;
        namespace.set_text(vm, "__module__", vm.new_str("_lzma")?.into_value())?;
        namespace.set_text(vm, "__doc__", vm.new_str("Call to liblzma failed.")?.into_value())?;
        let bases = vm.new_tuple(&[builtin(vm, "Exception")?])?;
        let class =
            vm.call(&builtin(vm, "type")?, &[vm.new_str("LZMAError")?.into_value(), bases, namespace.into_value()])?;
        state.0.set(Some(class));
    }
    module.add(vm, "LZMAError", state.0.get_or_none())?;
    module.add_type(vm, &COMPRESSOR)?;
    module.add_type(vm, &DECOMPRESSOR)?;
    for (name, value) in [
        ("FORMAT_AUTO", FORMAT_AUTO),
        ("FORMAT_XZ", FORMAT_XZ),
        ("FORMAT_ALONE", FORMAT_ALONE),
        ("FORMAT_RAW", FORMAT_RAW),
        ("CHECK_NONE", CHECK_NONE),
        ("CHECK_CRC32", 1),
        ("CHECK_CRC64", CHECK_CRC64),
        ("CHECK_SHA256", 10),
        ("CHECK_ID_MAX", 15),
        ("CHECK_UNKNOWN", CHECK_UNKNOWN),
        ("FILTER_LZMA1", filters::LZMA1 as i64),
        ("FILTER_LZMA2", filters::LZMA2 as i64),
        ("FILTER_DELTA", filters::DELTA as i64),
        ("FILTER_X86", filters::X86 as i64),
        ("FILTER_IA64", filters::IA64 as i64),
        ("FILTER_ARM", filters::ARM as i64),
        ("FILTER_ARMTHUMB", filters::ARMTHUMB as i64),
        ("FILTER_SPARC", filters::SPARC as i64),
        ("FILTER_POWERPC", filters::POWERPC as i64),
        ("MF_HC3", 3),
        ("MF_HC4", 4),
        ("MF_BT2", 18),
        ("MF_BT3", 19),
        ("MF_BT4", 20),
        ("MODE_FAST", 1),
        ("MODE_NORMAL", 2),
        ("PRESET_DEFAULT", i64::from(filters::PRESET_DEFAULT)),
        ("PRESET_EXTREME", i64::from(filters::PRESET_EXTREME)),
    ] {
        module.add_int(vm, name, value)?;
    }
    Ok(())
}

#[cold]
fn lzma_error(vm: &Vm, message: &str) -> Raised {
    vm.raise_class(&vm.interpreter().state::<ErrorClass>().0.get_or_none(), message)
}

#[cold]
fn error(vm: &Vm, error: Error) -> Raised {
    let message = match error {
        Error::UnsupportedCheck => "Unsupported integrity check",
        Error::Mem => return vm.no_memory(),
        Error::MemLimit => "Memory usage limit exceeded",
        Error::Format => "Input format not supported by decoder",
        Error::Options => "Invalid or unsupported options",
        Error::Data => "Corrupt input data",
        Error::Program => "Internal error",
        Error::NoCheck => "Unrecognized error from liblzma: 2",
    };
    lzma_error(vm, message)
}

pub struct Compressor {
    /// Gone when it was flushed.
    stream: Held<Stream>,
    cost: Cost,
}
trace_fields!(Compressor { stream });

/// What a compressor of this window takes: tables, and for each byte of the window itself and three words of the match finder.
fn cost_of_compressor(vm: &Vm, window: u32) -> Res<Cost> {
    let window = window as usize;
    Cost::new(vm, (192 << 10) + window.min(8 << 20) / 16, 13, window)
}

/// The window of a preset.
fn preset_window(preset: u32) -> u32 {
    const BITS: [u32; 10] = [18, 20, 21, 22, 22, 23, 23, 24, 25, 26];
    1 << BITS[(preset & 31).min(9) as usize]
}

/// The window that the head of a stream asks for, as far as it can be told.
fn announced_window(head: &[u8]) -> Option<usize> {
    const LZMA2: [u8; 2] = [0x21, 1];
    if head.starts_with(MAGIC) {
        let properties = head.get(12..)?.windows(3).take(24).find(|w| w.starts_with(&LZMA2))?;
        let bits = u32::from(properties[2].min(40));
        return 1usize.checked_shl(bits / 2 + 11).map(|half| half * (2 + bits as usize % 2));
    }
    let size = head.get(1..)?.first_chunk::<4>()?;
    Some(u32::from_le_bytes(*size) as usize)
}

impl Payload for Compressor {
    fn def() -> &'static TypeDef {
        &COMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("LZMACompressor");
}

static COMPRESSOR: TypeDef = TypeDef {
    module: "_lzma",
    doc: "LZMACompressor(format=FORMAT_XZ, check=-1, preset=None, filters=None)\n\nCompresses piece by piece.\n\nformat is the container, FORMAT_XZ, FORMAT_ALONE or FORMAT_RAW; check the\nintegrity check of FORMAT_XZ; the settings are either a preset or a chain\nof filters, each a dict with an id and the filter's options.\n\ncompress() does it in one call.",
    slots: Slots { new: Some(new_compressor), ..Slots::NONE },
    tables: &[Compressor::METHODS],
    ..TypeDef::of::<Compressor>("LZMACompressor", &OBJECT)
};

const fn optional(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required: false }
}

static NEW_COMPRESSOR: Signature = Signature {
    text: "",
    parameters: &[optional("format"), optional("check"), optional("preset"), optional("filters")],
};

fn small(vm: &Vm, value: Option<&Value>, default: i64) -> Res<i64> {
    let Some(value) = value else { return Ok(default) };
    let index = vm.index(value)?;
    match int::view(&index).and_then(|view| view.to_i64()).filter(|n| i32::try_from(*n).is_ok()) {
        Some(n) => Ok(n),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

fn new_compressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 4];
    bind(vm, Some(&NEW_COMPRESSOR), "LZMACompressor", args, &mut bound)?;
    let format = small(vm, bound[0], FORMAT_XZ)?;
    let check = small(vm, bound[1], -1)?;
    let preset = bound[2].filter(|v| !v.is_none());
    let specs = bound[3].filter(|v| !v.is_none());
    if preset.is_some() && specs.is_some() {
        return Err(vm.value_error("Cannot specify both preset and filter chain"));
    }
    let preset = preset.map_or(Ok(filters::PRESET_DEFAULT), |preset| filters::uint32(vm, preset))?;
    let window = match specs {
        None => preset_window(preset),
        Some(specs) => {
            let largest = |filter: &Filter| match filter {
                Filter::Lzma { options, .. } => options.dict_size,
                _ => 0,
            };
            filters::parse_chain(vm, specs, &lzma_error)?.iter().map(largest).max().unwrap_or(0)
        }
    };
    let cost = cost_of_compressor(vm, window)?;
    if format != FORMAT_XZ && check != -1 && check != CHECK_NONE {
        return Err(vm.value_error("Integrity checks are only supported by FORMAT_XZ"));
    }
    let stream = match format {
        FORMAT_XZ => {
            let check = match check {
                -1 | CHECK_CRC64 => Check::Crc64,
                CHECK_NONE => Check::None,
                1 => Check::Crc32,
                10 => Check::Sha256,
                n if (0..=15).contains(&n) => return Err(error(vm, Error::UnsupportedCheck)),
                _ => return Err(error(vm, Error::Program)),
            };
            match specs {
                None => Stream::new_easy_encoder(preset, check),
                Some(specs) => {
                    let chain = filters::parse_chain(vm, specs, &lzma_error)?;
                    Stream::new_stream_encoder(&filters::build(vm, &chain, &lzma_error)?, check)
                }
            }
        }
        FORMAT_ALONE => match specs {
            None => match LzmaOptions::new_preset(preset) {
                Ok(options) => Stream::new_lzma_encoder(&options),
                Err(_) => return Err(lzma_error(vm, &format!("Invalid compression preset: {preset}"))),
            },
            Some(specs) => match &filters::parse_chain(vm, specs, &lzma_error)?[..] {
                [Filter::Lzma { second: false, options }] => Stream::new_lzma_encoder(&options.raw),
                _ => {
                    return Err(vm.value_error("Invalid filter chain for FORMAT_ALONE - must be a single LZMA1 filter"));
                }
            },
        },
        FORMAT_RAW => {
            let Some(specs) = specs else {
                return Err(vm.value_error("Must specify filters for FORMAT_RAW"));
            };
            let chain = filters::parse_chain(vm, specs, &lzma_error)?;
            Stream::new_raw_encoder(&filters::build(vm, &chain, &lzma_error)?)
        }
        _ => return Err(vm.value_error(format!("Invalid container format: {format}"))),
    };
    let stream = stream.map_err(|e| error(vm, e))?;
    Ok(vm.new_instance(class, Compressor { stream: Held::new(stream), cost })?.into_value())
}

fn compressed(vm: &Vm, stream: &mut Stream, data: &[u8], action: Action) -> Res<Vec<u8>> {
    squeeze(vm, data, matches!(action, Action::Finish), |input, output| {
        let before = (stream.total_in(), stream.total_out());
        let status = stream.process(input, output, action).map_err(|e| error(vm, e))?;
        Ok(Step {
            taken: (stream.total_in() - before.0) as usize,
            made: (stream.total_out() - before.1) as usize,
            at_end: status == Status::StreamEnd,
        })
    })
}

#[methods]
impl Compressor {
    /// Take more data; what is compressed of it so far, which may be nothing yet.
    #[method(sig = "(data, /)")]
    fn compress(vm: &Vm, this: &Ref<Compressor>, data: Readable) -> Res<Ref<Bytes>> {
        this.cost.pass(vm, data.len())?;
        let result = this.stream.lend(|stream| compressed(vm, stream, &data, Action::Run));
        vm.new_bytes(&result.unwrap_or_else(|| Err(vm.value_error("Compressor has been flushed")))?)
    }

    /// The rest of the compressed data. The compressor cannot be used any more.
    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<Compressor>) -> Res<Ref<Bytes>> {
        let Some(mut stream) = this.stream.end() else {
            return Err(vm.value_error("Repeated call to flush()"));
        };
        vm.new_bytes(&compressed(vm, &mut stream, &[], Action::Finish)?)
    }
}

/// A stream and the integrity check it has.
struct Checked {
    stream: Stream,
    /// The first bytes of the stream, until they tell the integrity check.
    head: Vec<u8>,
    check: i64,
}

type Reading = frame::Reading<Checked>;

/// The start of an .xz file, whose eighth byte names the check.
const MAGIC: &[u8] = b"\xfd7zXZ\0";

impl Checked {
    /// Looks for the kind of integrity check in the head of the stream.
    fn notice(&mut self, data: &[u8]) {
        const HEAD: usize = 8;
        if self.check != CHECK_UNKNOWN || self.head.len() >= HEAD {
            return;
        }
        let wanted = HEAD - self.head.len();
        self.head.extend_from_slice(&data[..data.len().min(wanted)]);
        if self.head.len() == HEAD {
            self.check = if self.head.starts_with(MAGIC) { i64::from(self.head[7] & 15) } else { CHECK_NONE };
        }
    }
}

pub struct Decompressor {
    state: Held<Reading>,
    cost: Cost,
}
trace_fields!(Decompressor { state });

impl Payload for Decompressor {
    fn def() -> &'static TypeDef {
        &DECOMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("LZMADecompressor");
}

static DECOMPRESSOR: TypeDef = TypeDef {
    module: "_lzma",
    doc: "LZMADecompressor(format=FORMAT_AUTO, memlimit=None, filters=None)\n--\n\nDecompresses piece by piece.\n\n  format\n    The container format, by default FORMAT_AUTO, which takes .xz and .lzma.\n  memlimit\n    The memory that may be used; LZMAError when more is needed.\n  filters\n    The chain of filters of a raw stream.\n\ndecompress() does it in one call.",
    slots: Slots { new: Some(new_decompressor), ..Slots::NONE },
    tables: &[Decompressor::METHODS],
    ..TypeDef::of::<Decompressor>("LZMADecompressor", &OBJECT)
};

static NEW_DECOMPRESSOR: Signature =
    Signature { text: "", parameters: &[optional("format"), optional("memlimit"), optional("filters")] };

fn new_decompressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 3];
    bind(vm, Some(&NEW_DECOMPRESSOR), "LZMADecompressor", args, &mut bound)?;
    let format = small(vm, bound[0], FORMAT_AUTO)?;
    let limit = match bound[1].filter(|v| !v.is_none()) {
        Some(limit) => {
            if format == FORMAT_RAW {
                return Err(vm.value_error("Cannot specify memory limit with FORMAT_RAW"));
            }
            match vm.index_as_i128(limit)?.and_then(|n| u64::try_from(n).ok()) {
                Some(limit) => limit,
                None => return Err(vm.overflow_error("can't convert to an unsigned 64-bit integer")),
            }
        }
        None => u64::MAX,
    };
    let specs = bound[2].filter(|v| !v.is_none());
    if format == FORMAT_RAW && specs.is_none() {
        return Err(vm.value_error("Must specify filters for FORMAT_RAW"));
    }
    if format != FORMAT_RAW && specs.is_some() {
        return Err(vm.value_error("Cannot specify filters except with FORMAT_RAW"));
    }
    let mut check = CHECK_UNKNOWN;
    let stream = match format {
        FORMAT_AUTO => Stream::new_auto_decoder(limit, 0),
        FORMAT_XZ => Stream::new_stream_decoder(limit, 0),
        FORMAT_ALONE => {
            check = CHECK_NONE;
            Stream::new_lzma_decoder(limit)
        }
        FORMAT_RAW => {
            check = CHECK_NONE;
            let chain = filters::parse_chain(vm, specs.unwrap_or(&Value::NONE), &lzma_error)?;
            Stream::new_raw_decoder(&filters::build(vm, &chain, &lzma_error)?)
        }
        _ => return Err(vm.value_error(format!("Invalid container format: {format}"))),
    };
    let stream = stream.map_err(|e| error(vm, e))?;
    let state = Held::new(Reading::new(Checked { stream, head: Vec::new(), check }));
    Ok(vm.new_instance(class, Decompressor { state, cost: Cost::new(vm, 32 << 10, 1, 8 << 20)? })?.into_value())
}

#[methods]
impl Decompressor {
    /// What data is decompressed to, as far as it can be told yet.
    ///
    /// A max_length that is not negative bounds the answer; needs_input then says whether more data is wanted, or whether
    /// some is held back that b'' in the next call gets out.
    #[method(sig = "(data, max_length=-1)")]
    fn decompress(vm: &Vm, this: &Ref<Decompressor>, data: Readable, max_length: isize) -> Res<Ref<Bytes>> {
        if this.cost.is_new()
            && let Some(window) = announced_window(&data)
        {
            this.cost.set_window(window);
        }
        let result = this.state.lend(|Reading { stream: checked, feed }| {
            if !feed.eof {
                checked.notice(&data);
            }
            let stream = &mut checked.stream;
            feed.run(vm, &data, max_length, true, |input, output| {
                let before = (stream.total_in(), stream.total_out());
                let status = stream.process(input, output, Action::Run).map_err(|e| error(vm, e))?;
                Ok(Step {
                    taken: (stream.total_in() - before.0) as usize,
                    made: (stream.total_out() - before.1) as usize,
                    at_end: status == Status::StreamEnd,
                })
            })
        });
        let made = result.unwrap_or_else(|| Err(vm.runtime_error("the decompressor is in use")))?;
        this.cost.pass(vm, made.len())?;
        vm.new_bytes(&made)
    }

    #[member]
    fn check(_: &Vm, this: &Ref<Decompressor>) -> i64 {
        this.state.look(|state| state.map_or(CHECK_UNKNOWN, |s| s.stream.check))
    }

    #[member]
    fn eof(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.eof()
    }

    #[member]
    fn needs_input(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.needs_input()
    }

    #[member]
    fn unused_data(vm: &Vm, this: &Ref<Decompressor>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.state.unused())
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Can this integrity check be made? CHECK_NONE and CHECK_CRC32 always can.
    #[function(sig = "(check_id, /)")]
    fn is_check_supported(_: &Vm, check_id: i32) -> bool {
        matches!(check_id, 0 | 1 | 4 | 10)
    }

    /// The properties of a filter, which is a dict, as they stand in a header: its options without its id.
    #[function(sig = "(filter, /)")]
    fn _encode_filter_properties(vm: &Vm, filter: &Value) -> Res<Ref<Bytes>> {
        let filter = filters::parse(vm, filter, &lzma_error)?;
        vm.new_bytes(&filters::properties(vm, &filter, &lzma_error)?)
    }

    /// A filter as a dict, from its id and its properties as they stand in a header.
    #[function(sig = "(filter_id, encoded_props, /)")]
    fn _decode_filter_properties(vm: &Vm, filter_id: u64, encoded_props: Readable) -> Res {
        filters::decode(vm, filter_id, &encoded_props, &lzma_error)
    }
}
