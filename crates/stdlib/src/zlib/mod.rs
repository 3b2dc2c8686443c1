//! `zlib`: the deflate format in its three wrappings (raw, zlib, gzip), on `flate2` over `zlib-rs`.
//!
//! Compressed bytes differ from those of the C library (another matcher), what they stand for does not. The matcher's memory
//! level and strategy have no counterpart and are ignored. After CPython Modules/zlibmodule.c.

mod compress;
mod decompress;
mod stream;

use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::{EXCEPTION, FLAGS};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::vm::Raised;
use ophi_runtime::{Ref, Res, TypeDef, Value, Vm, methods};

use crate::support::buffer::Readable;
use compress::Compress;
use decompress::Decompress;
use stream::{Engines, Inflate};

pub static MODULE: ModuleDef = ModuleDef {
    name: "zlib",
    doc: "Compression by the format of zlib and gzip: compress(), decompress(), compressobj(), decompressobj(), and the\nchecksums adler32() and crc32().",
    tables: &[Functions::METHODS],
    init,
};

pub static ERROR: TypeDef = TypeDef {
    module: "zlib",
    flags: FLAGS,
    ..TypeDef::of::<ophi_runtime::objects::exceptions::BaseException>("error", &EXCEPTION)
};

const CONSTANTS: &[(&str, i64)] = &[
    ("DEFLATED", 8),
    ("DEF_BUF_SIZE", 16384),
    ("DEF_MEM_LEVEL", 8),
    ("MAX_WBITS", 15),
    ("Z_BEST_COMPRESSION", 9),
    ("Z_BEST_SPEED", 1),
    ("Z_BLOCK", 5),
    ("Z_DEFAULT_COMPRESSION", -1),
    ("Z_DEFAULT_STRATEGY", 0),
    ("Z_FILTERED", 1),
    ("Z_FINISH", 4),
    ("Z_FIXED", 4),
    ("Z_FULL_FLUSH", 3),
    ("Z_HUFFMAN_ONLY", 2),
    ("Z_NO_COMPRESSION", 0),
    ("Z_NO_FLUSH", 0),
    ("Z_PARTIAL_FLUSH", 1),
    ("Z_RLE", 3),
    ("Z_SYNC_FLUSH", 2),
    ("Z_TREES", 6),
];

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in CONSTANTS {
        module.add_int(vm, name, *value)?;
    }
    module.add_str(vm, "ZLIB_VERSION", "1.3.1")?;
    module.add_str(vm, "ZLIB_RUNTIME_VERSION", "1.3.1")?;
    module.add_str(vm, "__version__", "1.0")?;
    module.add_type(vm, &ERROR)?;
    module.add_type(vm, &decompress::BUFFERED)
}

/// `zlib.error`.
#[cold]
fn error(vm: &Vm, message: impl AsRef<str>) -> Raised {
    vm.raise_message(&ERROR, message.as_ref())
}

/// The low 32 bits of an int, as C takes an unsigned argument by mask.
fn masked(vm: &Vm, value: Option<&Value>, default: u32) -> Res<u32> {
    match value {
        None => Ok(default),
        Some(value) => match vm.index_as_i128(value)? {
            Some(n) => Ok(n as u32),
            None => Err(vm.overflow_error("int too large to convert")),
        },
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// The Adler-32 checksum of data, going on from value.
    #[function(sig = "(data, value=1, /)")]
    fn adler32(vm: &Vm, data: Readable, value: Option<&Value>) -> Res<u32> {
        Ok(zlib_rs::adler32::adler32(masked(vm, value, 1)?, &data))
    }

    /// The CRC-32 checksum of data, going on from value.
    #[function(sig = "(data, value=0, /)")]
    fn crc32(vm: &Vm, data: Readable, value: Option<&Value>) -> Res<u32> {
        Ok(zlib_rs::crc32::crc32(masked(vm, value, 0)?, &data))
    }

    /// data, compressed.
    ///
    /// level goes from 0 to 9, or is -1 for the usual one; wbits says window size and kind of header.
    #[function(
        sig = "(data, /, level=-1, wbits=15)",
        text = "($module, data, /, level=Z_DEFAULT_COMPRESSION, wbits=MAX_WBITS)"
    )]
    fn compress(vm: &Vm, data: Readable, level: i32, wbits: i32) -> Res<Ref<Bytes>> {
        match vm.interpreter().state::<Engines>().compress(vm, &data, level, wbits) {
            Some(out) => vm.new_bytes(&out?),
            None => Err(error(vm, "Bad compression level")),
        }
    }

    /// An object that compresses piece by piece.
    ///
    /// level goes from 0 to 9, or is -1 for the usual one; wbits says window size and kind of header; memLevel and
    /// strategy tune it; zdict is a dictionary of text to expect.
    #[function(
        sig = "(level=-1, method=8, wbits=15, memLevel=8, strategy=0, zdict=None)",
        text = "($module, /, level=Z_DEFAULT_COMPRESSION, method=DEFLATED, wbits=MAX_WBITS, memLevel=DEF_MEM_LEVEL, strategy=Z_DEFAULT_STRATEGY, zdict=<unrepresentable>)"
    )]
    fn compressobj(
        vm: &Vm,
        level: i32,
        method: i32,
        wbits: i32,
        mem_level: i32,
        strategy: i32,
        zdict: Option<&Value>,
    ) -> Res<Ref<Compress>> {
        let known = method == 8 && (1..=9).contains(&mem_level) && (0..=4).contains(&strategy);
        let Some(mut deflate) = stream::deflate(level, wbits).filter(|_| known) else {
            return Err(vm.value_error("Invalid initialization option"));
        };
        if let Some(dictionary) = zdict {
            let dictionary = crate::support::buffer::readable(vm, dictionary)?;
            if deflate.set_dictionary(dictionary.as_slice()).is_err() {
                return Err(vm.value_error("Invalid dictionary"));
            }
        }
        Compress::new(vm, deflate)
    }

    /// data, decompressed.
    ///
    /// wbits says window size and kind of header; bufsize is the first size of the output.
    #[function(
        sig = "(data, /, wbits=15, bufsize=16384)",
        text = "($module, data, /, wbits=MAX_WBITS, bufsize=DEF_BUF_SIZE)"
    )]
    fn decompress(vm: &Vm, data: Readable, wbits: i32, bufsize: isize) -> Res<Ref<Bytes>> {
        if bufsize < 0 {
            return Err(vm.value_error("bufsize must be non-negative"));
        }
        let Some(done) = vm.interpreter().state::<Engines>().decompress(vm, &data, wbits) else {
            return Err(error(vm, "Error -2 while preparing to decompress data: inconsistent stream state"));
        };
        let (out, is_over) = done?;
        if !is_over {
            return Err(error(vm, "Error -5 while decompressing data: incomplete or truncated stream"));
        }
        vm.new_bytes(&out)
    }

    /// An object that decompresses piece by piece.
    ///
    /// wbits says window size and kind of header; zdict is the dictionary that the compressor used.
    #[function(sig = "(wbits=15, zdict=b'')", text = "($module, /, wbits=MAX_WBITS, zdict=b'')")]
    fn decompressobj(vm: &Vm, wbits: i32, zdict: Option<&Value>) -> Res<Ref<Decompress>> {
        match Inflate::new(wbits, stream::dictionary(vm, zdict)?) {
            Some(inflate) => Decompress::new(vm, inflate),
            None => Err(vm.value_error("Invalid initialization option")),
        }
    }
}
