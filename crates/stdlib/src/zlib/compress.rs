//! `zlib.Compress`: a stream being compressed.

use flate2::{FlushCompress, Status};
use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Vm, layout, methods};

use super::{error, stream};
use crate::support::buffer::Readable;

pub struct Compress {
    /// `None`: finished.
    deflate: GilCell<Option<flate2::Compress>>,
}

impl Trace for Compress {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Compress {
    fn def() -> &'static TypeDef {
        &COMPRESS
    }
    const LAYOUT: &'static Layout = layout!("zlib.Compress");
}

pub static COMPRESS: TypeDef = TypeDef {
    module: "zlib",
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    tables: &[Compress::METHODS],
    ..TypeDef::of::<Compress>("Compress", &OBJECT)
};

impl Compress {
    pub fn new(vm: &Vm, deflate: flate2::Compress) -> Res<Ref<Compress>> {
        vm.new_object(Compress { deflate: GilCell::new(Some(deflate)) })
    }

    /// The stream is taken out while it works, so that nothing is borrowed.
    fn run(vm: &Vm, this: &Compress, data: &[u8], flush: FlushCompress, doing: &str) -> Res<Ref<Bytes>> {
        let inconsistent = || error(vm, format!("Error -2 while {doing}: inconsistent stream state"));
        let Some(mut deflate) = this.deflate.replace(None) else { return Err(inconsistent()) };
        let mut out = Vec::new();
        let result = stream::feed(&mut deflate, data, &mut out, flush);
        if !matches!(result, Ok(Status::StreamEnd)) {
            this.deflate.replace(Some(deflate));
        }
        match result {
            Ok(_) => vm.new_bytes(&out),
            Err(_) => Err(inconsistent()),
        }
    }
}

#[methods]
impl Compress {
    /// Returns a bytes object containing compressed data.
    ///
    ///   data
    ///     Binary data to be compressed.
    ///
    /// After calling this function, some of the input data may still
    /// be stored in internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[method(sig = "(data, /)")]
    fn compress(vm: &Vm, this: &Ref<Compress>, data: Readable) -> Res<Ref<Bytes>> {
        Compress::run(vm, this, &data, FlushCompress::None, "compressing data")
    }

    /// Return a bytes object containing any remaining compressed data.
    ///
    ///   mode
    ///     One of the constants Z_SYNC_FLUSH, Z_FULL_FLUSH, Z_FINISH.
    ///     If mode == Z_FINISH, the compressor object can no longer be
    ///     used after calling the flush() method.  Otherwise, more data
    ///     can still be compressed.
    #[method(sig = "(mode=4, /)")]
    fn flush(vm: &Vm, this: &Ref<Compress>, mode: i32) -> Res<Ref<Bytes>> {
        let mode = match mode {
            0 => return vm.new_bytes(&[]),
            // Z_BLOCK stops at a block boundary, which a partial flush makes.
            1 | 5 => FlushCompress::Partial,
            2 => FlushCompress::Sync,
            3 => FlushCompress::Full,
            4 => FlushCompress::Finish,
            _ => return Err(error(vm, "Error -2 while flushing: inconsistent stream state")),
        };
        Compress::run(vm, this, &[], mode, "flushing")
    }

    /// Return a copy of the compression object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, _this: &Ref<Compress>) -> Res {
        Err(vm.not_implemented("copying a stream that is being compressed"))
    }
}
