//! `_bz2`: on `bzip2` (libbz2-rs). After CPython Modules/_bz2module.c.

use super::feed::{Feed, Step};
use crate::support::buffer::Readable;
use bzip2::{Action, Compress, Compression, Decompress, Error, Status};
use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, FromArg, Payload, Raised, Ref, Res, TypeDef, TypeRef, Vm, layout, methods};

pub static MODULE: ModuleDef = ModuleDef { name: "_bz2", doc: "", tables: &[], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &COMPRESSOR)?;
    module.add_type(vm, &DECOMPRESSOR)
}

#[cold]
fn error(vm: &Vm, error: Error) -> Raised {
    match error {
        Error::Param => vm.value_error("Internal error - invalid parameters passed to libbzip2"),
        Error::Data | Error::DataMagic => vm.os_error_message("Invalid data stream"),
        Error::Sequence => vm.runtime_error("Internal error - Invalid sequence of commands sent to libbzip2"),
    }
}

pub struct Compressor {
    /// `None`: flushed.
    stream: GilCell<Option<Compress>>,
}

impl Trace for Compressor {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Compressor {
    fn def() -> &'static TypeDef {
        &COMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("BZ2Compressor");
}

static COMPRESSOR: TypeDef = TypeDef {
    module: "_bz2",
    doc: "BZ2Compressor(compresslevel=9, /)\n--\n\nCompresses piece by piece.\n\n  compresslevel\n    from 1 (quick) to 9 (small)\n\ncompress() does it in one call.",
    slots: Slots { new: Some(new_compressor), ..Slots::NONE },
    tables: &[Compressor::METHODS],
    ..TypeDef::of::<Compressor>("BZ2Compressor", &OBJECT)
};

fn new_compressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "BZ2Compressor")?;
    let level = match args.check_positional(vm, "BZ2Compressor", 0, 1)? {
        [level] => {
            let place = ophi_runtime::native::Place {
                function: "BZ2Compressor",
                parameter: "compresslevel",
                position: 1,
                by_position: true,
            };
            i32::from_arg(vm, level, place)?
        }
        _ => 9,
    };
    if !(1..=9).contains(&level) {
        return Err(vm.value_error("compresslevel must be between 1 and 9"));
    }
    let stream = Compress::new(Compression::new(level as u32), 0);
    Ok(vm.new_instance(class, Compressor { stream: GilCell::new(Some(stream)) })?.into_value())
}

/// Runs the library over all of `data`; with `Finish`, until the stream has ended.
fn compressed(vm: &Vm, stream: &mut Compress, data: &[u8], action: Action) -> Res<Vec<u8>> {
    let mut out = vec![0; 16 * 1024];
    let (mut taken, mut made) = (0, 0);
    loop {
        if made == out.len() {
            vm.check_room(made)?;
            out.resize(2 * made, 0);
        }
        let before = (stream.total_in(), stream.total_out());
        let status = stream.compress(&data[taken..], &mut out[made..], action).map_err(|e| error(vm, e))?;
        taken += (stream.total_in() - before.0) as usize;
        made += (stream.total_out() - before.1) as usize;
        let done = match action {
            Action::Run => taken == data.len() && made < out.len(),
            _ => status == Status::StreamEnd,
        };
        if done {
            out.truncate(made);
            return Ok(out);
        }
    }
}

#[methods]
impl Compressor {
    /// Provide data to the compressor object.
    ///
    /// Returns a chunk of compressed data if possible, or b'' otherwise.
    #[method(sig = "(data, /)")]
    fn compress(vm: &Vm, this: &Ref<Compressor>, data: Readable) -> Res<Ref<Bytes>> {
        let Some(mut stream) = this.stream.replace(None) else {
            return Err(vm.value_error("Compressor has been flushed"));
        };
        let result = if data.is_empty() { Ok(Vec::new()) } else { compressed(vm, &mut stream, &data, Action::Run) };
        this.stream.set(Some(stream));
        vm.new_bytes(&result?)
    }

    /// Finish the compression process.
    ///
    /// Returns the compressed data left in internal buffers.
    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<Compressor>) -> Res<Ref<Bytes>> {
        let Some(mut stream) = this.stream.replace(None) else {
            return Err(vm.value_error("Repeated call to flush()"));
        };
        vm.new_bytes(&compressed(vm, &mut stream, &[], Action::Finish)?)
    }
}

struct Reading {
    stream: Decompress,
    feed: Feed,
}

pub struct Decompressor {
    /// `None` while it works.
    state: GilCell<Option<Reading>>,
}

impl Trace for Decompressor {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Decompressor {
    fn def() -> &'static TypeDef {
        &DECOMPRESSOR
    }
    const LAYOUT: &'static Layout = layout!("BZ2Decompressor");
}

static DECOMPRESSOR: TypeDef = TypeDef {
    module: "_bz2",
    doc: "BZ2Decompressor()\n--\n\nDecompresses piece by piece.\n\ndecompress() does it in one call.",
    slots: Slots { new: Some(new_decompressor), ..Slots::NONE },
    tables: &[Decompressor::METHODS],
    ..TypeDef::of::<Decompressor>("BZ2Decompressor", &OBJECT)
};

fn new_decompressor(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "BZ2Decompressor")?;
    args.check_positional(vm, "BZ2Decompressor", 0, 0)?;
    let feed = Feed { starved: true, ..Feed::default() };
    let state = Reading { stream: Decompress::new(false), feed };
    Ok(vm.new_instance(class, Decompressor { state: GilCell::new(Some(state)) })?.into_value())
}

#[methods]
impl Decompressor {
    /// Decompress *data*, returning uncompressed data as bytes.
    ///
    /// If *max_length* is nonnegative, returns at most *max_length* bytes of
    /// decompressed data; needs_input then tells whether more input is wanted.
    #[method(sig = "(data, max_length=-1)")]
    fn decompress(vm: &Vm, this: &Ref<Decompressor>, data: Readable, max_length: isize) -> Res<Ref<Bytes>> {
        let Some(mut state) = this.state.replace(None) else {
            return Err(vm.runtime_error("the decompressor is in use"));
        };
        let Reading { stream, feed } = &mut state;
        let result = feed.run(vm, &data, max_length, false, |input, output| {
            let before = (stream.total_in(), stream.total_out());
            let status = stream.decompress(input, output).map_err(|e| error(vm, e))?;
            Ok(Step {
                taken: (stream.total_in() - before.0) as usize,
                made: (stream.total_out() - before.1) as usize,
                at_end: status == Status::StreamEnd,
            })
        });
        this.state.set(Some(state));
        vm.new_bytes(&result?)
    }

    #[member]
    fn eof(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.with(|state| state.as_ref().is_some_and(|s| s.feed.eof))
    }

    #[member]
    fn needs_input(_: &Vm, this: &Ref<Decompressor>) -> bool {
        this.state.with(|state| state.as_ref().is_some_and(|s| s.feed.starved))
    }

    #[member]
    fn unused_data(vm: &Vm, this: &Ref<Decompressor>) -> Res<Ref<Bytes>> {
        let unused = this.state.with(|state| state.as_ref().map(|s| s.feed.unused.clone()).unwrap_or_default());
        vm.new_bytes(&unused)
    }
}
