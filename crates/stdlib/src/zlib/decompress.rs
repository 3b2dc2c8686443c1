//! `zlib.Decompress`, and `zlib._ZlibDecompressor`, which keeps its own input.

use core::cell::Cell;

use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::native::{Args, Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Vm, layout, methods};

use super::stream::{self, Inflate};
use crate::support::buffer::Readable;

pub struct Decompress {
    inflate: GilCell<Option<Inflate>>,
    unused: GilCell<Vec<u8>>,
    tail: GilCell<Vec<u8>>,
    is_over: Cell<bool>,
}

impl Trace for Decompress {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Decompress {
    fn def() -> &'static TypeDef {
        &DECOMPRESS
    }
    const LAYOUT: &'static Layout = layout!("zlib.Decompress");
}

pub static DECOMPRESS: TypeDef = TypeDef {
    module: "zlib",
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    tables: &[Decompress::METHODS],
    ..TypeDef::of::<Decompress>("Decompress", &OBJECT)
};

impl Decompress {
    pub fn new(vm: &Vm, inflate: Inflate) -> Res<Ref<Decompress>> {
        vm.new_object(Decompress {
            inflate: GilCell::new(Some(inflate)),
            unused: GilCell::new(Vec::new()),
            tail: GilCell::new(Vec::new()),
            is_over: Cell::new(false),
        })
    }

    /// Decompresses `data`, and files what is left of it.
    fn run(&self, vm: &Vm, data: &[u8], limit: usize) -> Res<Vec<u8>> {
        // Taken out while it works, so that nothing is borrowed.
        let Some(mut inflate) = self.inflate.replace(None) else {
            return Err(super::error(vm, "Error -2 while decompressing data: inconsistent stream state"));
        };
        let mut out = Vec::new();
        let result = inflate.run(vm, data, &mut out, limit);
        let is_over = inflate.is_over;
        self.inflate.replace(Some(inflate));
        let rest = &data[result?..];
        self.is_over.set(is_over);
        if is_over {
            self.unused.with_mut(|unused| unused.extend_from_slice(rest));
            self.tail.replace(Vec::new());
        } else {
            self.tail.replace(rest.to_vec());
        }
        Ok(out)
    }
}

#[methods]
impl Decompress {
    /// Return a bytes object containing the decompressed version of the data.
    ///
    ///   data
    ///     The binary data to decompress.
    ///   max_length
    ///     The maximum allowable length of the decompressed data.
    ///     Unconsumed input data will be stored in
    ///     the unconsumed_tail attribute.
    ///
    /// After calling this function, some of the input data may still be stored in
    /// internal buffers for later processing.
    /// Call the flush() method to clear these buffers.
    #[method(sig = "(data, /, max_length=0)")]
    fn decompress(vm: &Vm, this: &Ref<Decompress>, data: Readable, max_length: isize) -> Res<Ref<Bytes>> {
        let limit = match usize::try_from(max_length) {
            Ok(0) => usize::MAX,
            Ok(limit) => limit,
            Err(_) => return Err(vm.value_error("max_length must be non-negative")),
        };
        vm.new_bytes(&this.run(vm, &data, limit)?)
    }

    /// Return a bytes object containing any remaining decompressed data.
    ///
    ///   length
    ///     the initial size of the output buffer.
    #[method(sig = "(length=16384, /)")]
    fn flush(vm: &Vm, this: &Ref<Decompress>, length: isize) -> Res<Ref<Bytes>> {
        if length <= 0 {
            return Err(vm.value_error("length must be greater than zero"));
        }
        let tail = this.tail.replace(Vec::new());
        vm.new_bytes(&this.run(vm, &tail, usize::MAX)?)
    }

    /// Return a copy of the decompression object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, _this: &Ref<Decompress>) -> Res {
        Err(vm.not_implemented("copying a stream that is being decompressed"))
    }

    #[member]
    fn unused_data(vm: &Vm, this: &Ref<Decompress>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.unused.with(Vec::clone))
    }

    #[member]
    fn unconsumed_tail(vm: &Vm, this: &Ref<Decompress>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.tail.with(Vec::clone))
    }

    #[member]
    fn eof(_: &Vm, this: &Ref<Decompress>) -> bool {
        this.is_over.get()
    }
}

/// Keeps the input that a limited call has not used.
pub struct Buffered {
    inner: Decompress,
    needs_input: Cell<bool>,
}

impl Trace for Buffered {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Buffered {
    fn def() -> &'static TypeDef {
        &BUFFERED
    }
    const LAYOUT: &'static Layout = layout!("zlib._ZlibDecompressor");
}

pub static BUFFERED: TypeDef = TypeDef {
    module: "zlib",
    doc: "_ZlibDecompressor(wbits=15, zdict=b'')\n\nDecompresses piece by piece. zdict is the dictionary that the compressor used.\n",
    slots: Slots { new: Some(new), ..Slots::NONE },
    tables: &[Buffered::METHODS],
    ..TypeDef::of::<Buffered>("_ZlibDecompressor", &OBJECT)
};

static SIGNATURE: Signature = Signature {
    text: "(wbits=15, zdict=b'')",
    parameters: &[
        Parameter { name: "wbits", kind: ParameterKind::Positional, required: false },
        Parameter { name: "zdict", kind: ParameterKind::Positional, required: false },
    ],
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "_ZlibDecompressor", args, &mut bound)?;
    let wbits = match bound[0] {
        Some(wbits) => crate::support::values::to_i32(vm, wbits)?,
        None => 15,
    };
    let Some(inflate) = Inflate::new(wbits, stream::dictionary(vm, bound[1])?) else {
        return Err(vm.value_error("Invalid initialization option"));
    };
    let inner = Decompress {
        inflate: GilCell::new(Some(inflate)),
        unused: GilCell::new(Vec::new()),
        tail: GilCell::new(Vec::new()),
        is_over: Cell::new(false),
    };
    Ok(vm.new_instance(cls, Buffered { inner, needs_input: Cell::new(true) })?.into_value())
}

#[methods]
impl Buffered {
    /// Decompress data, to at most max_length bytes if that is not negative.
    ///
    /// What is left over is kept: needs_input is then false, and b'' may be given the next time. What follows the
    /// end of the stream goes to unused_data.
    #[method(sig = "(data, /, max_length=-1)")]
    fn decompress(vm: &Vm, this: &Ref<Buffered>, data: Readable, max_length: isize) -> Res<Ref<Bytes>> {
        if this.inner.is_over.get() {
            return Err(vm.eof_error("End of stream already reached"));
        }
        let limit = usize::try_from(max_length).unwrap_or(usize::MAX);
        let mut input = this.inner.tail.replace(Vec::new());
        input.extend_from_slice(&data);
        let out = this.inner.run(vm, &input, limit)?;
        let is_empty = this.inner.tail.with(Vec::is_empty);
        this.needs_input.set(!this.inner.is_over.get() && is_empty);
        vm.new_bytes(&out)
    }

    #[member]
    fn eof(_: &Vm, this: &Ref<Buffered>) -> bool {
        this.inner.is_over.get()
    }

    /// Data found after the end of the compressed stream.
    #[member]
    fn unused_data(vm: &Vm, this: &Ref<Buffered>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.inner.unused.with(Vec::clone))
    }

    /// Can nothing more be had before more data is given?
    #[member]
    fn needs_input(_: &Vm, this: &Ref<Buffered>) -> bool {
        this.needs_input.get()
    }
}
