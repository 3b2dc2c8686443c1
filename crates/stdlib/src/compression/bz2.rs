//! `_bz2`: on `bzip2` (libbz2-rs). After CPython Modules/_bz2module.c.

use super::feed::Step;
use super::frame::{Held, Reading, squeeze};
use crate::support::buffer::Readable;
use bzip2::{Action, Compress, Compression, Decompress, Error, Status};
use ophi_heap::{Layout, trace_fields};
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
    /// Gone when it was flushed.
    stream: Held<Compress>,
}
trace_fields!(Compressor { stream });

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
    Ok(vm.new_instance(class, Compressor { stream: Held::new(stream) })?.into_value())
}

/// Runs the library over all of `data`; with `Finish`, until the stream has ended.
fn compressed(vm: &Vm, stream: &mut Compress, data: &[u8], action: Action) -> Res<Vec<u8>> {
    squeeze(vm, data, action != Action::Run, |input, output| {
        let before = (stream.total_in(), stream.total_out());
        let status = stream.compress(input, output, action).map_err(|e| error(vm, e))?;
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
        let result = this.stream.lend(|stream| match data.is_empty() {
            true => Ok(Vec::new()),
            false => compressed(vm, stream, &data, Action::Run),
        });
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

pub struct Decompressor {
    state: Held<Reading<Decompress>>,
}
trace_fields!(Decompressor { state });

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
    let state = Held::new(Reading::new(Decompress::new(false)));
    Ok(vm.new_instance(class, Decompressor { state })?.into_value())
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
            feed.run(vm, &data, max_length, false, |input, output| {
                let before = (stream.total_in(), stream.total_out());
                let status = stream.decompress(input, output).map_err(|e| error(vm, e))?;
                Ok(Step {
                    taken: (stream.total_in() - before.0) as usize,
                    made: (stream.total_out() - before.1) as usize,
                    at_end: status == Status::StreamEnd,
                })
            })
        });
        vm.new_bytes(&result.unwrap_or_else(|| Err(vm.runtime_error("the decompressor is in use")))?)
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
