//! `_hashlib`, `_hmac`, `_md5`, `_sha1`, `_sha2`, `_sha3`, `_blake2`: message digests, on the implementations of RustCrypto and `blake2*_simd`.
//!
//! `hashlib` takes them when there is no `_hashlib`. One payload serves all algorithms of fixed length: a boxed state that can
//! be copied. After CPython Modules/md5module.c, sha1module.c, sha2module.c, sha3module.c, blake2module.c.

mod algorithms;
mod blake2;
mod fixed;
mod keyed;
mod openssl;
mod sponge;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm};

use crate::support::buffer::Readable;

pub static OPENSSL: &ModuleDef = &openssl::MODULE;
pub static HMAC: &ModuleDef = &keyed::MODULE;
pub static MD5: ModuleDef = ModuleDef { name: "_md5", doc: "", tables: &[fixed::Functions::MD5], init: init_md5 };
pub static SHA1: ModuleDef = ModuleDef { name: "_sha1", doc: "", tables: &[fixed::Functions::SHA1], init: init_sha1 };
pub static SHA2: ModuleDef = ModuleDef { name: "_sha2", doc: "", tables: &[fixed::Functions::SHA2], init: init_sha2 };
pub static SHA3: ModuleDef = ModuleDef { name: "_sha3", doc: "", tables: &[], init: sponge::init };
pub static BLAKE2: ModuleDef =
    ModuleDef { name: "_blake2", doc: "_blake2b provides BLAKE2b for hashlib\n", tables: &[], init: blake2::init };

/// Inputs from this size on are hashed without the GIL in CPython; modules show it.
const GIL_MINSIZE: i64 = 2048;

fn init_md5(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "MD5Type", vm.ty(&fixed::MD5).to_value())?;
    module.add_int(vm, "_GIL_MINSIZE", GIL_MINSIZE)
}

fn init_sha1(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "SHA1Type", vm.ty(&fixed::SHA1).to_value())?;
    module.add_int(vm, "_GIL_MINSIZE", GIL_MINSIZE)
}

fn init_sha2(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [&fixed::SHA224, &fixed::SHA256, &fixed::SHA384, &fixed::SHA512] {
        module.add_type(vm, def)?;
    }
    module.add_int(vm, "_GIL_MINSIZE", GIL_MINSIZE)
}

/// The bytes to hash; TypeError for text.
fn bytes_to_hash(vm: &Vm, data: &Value) -> Res<Readable> {
    if data.is_a::<Str>() {
        return Err(vm.type_error("Strings must be encoded before hashing"));
    }
    if vm.class(data).slots().buffer.is_none() {
        return Err(vm.type_error("object supporting the buffer API required"));
    }
    crate::support::buffer::readable(vm, data).map(Readable)
}

/// The first data of a constructor, which older programs name `string`.
fn initial<'a>(vm: &Vm, data: Option<&'a Value>, string: Option<&'a Value>) -> Res<Option<&'a Value>> {
    match (data, string) {
        (Some(_), Some(_)) => Err(vm.type_error(
            "'data' and 'string' are mutually exclusive and support for 'string' keyword parameter is slated for removal in a future version.",
        )),
        (data, string) => Ok(data.or(string)),
    }
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        for digit in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(digit), 16).unwrap_or('0'));
        }
    }
    text
}
