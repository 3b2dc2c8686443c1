//! `_hashlib`: the digests that OpenSSL offers CPython, under the same names, on RustCrypto's implementations; key derivation.
//! After CPython Modules/_hashopenssl.c.

use super::algorithms::{self, ALGORITHMS, Algorithm, State};
use super::keyed;
use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Raised, Ref, Res, Str, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

use crate::support::buffer::Readable;
use crate::support::{builtin, without_gil};

pub static MODULE: ModuleDef =
    ModuleDef { name: "_hashlib", doc: "OpenSSL interface for hashlib module", tables: &[Functions::METHODS], init };

#[derive(Default)]
struct Known {
    unsupported: ValueCell,
    /// Functions that stand for an algorithm as `digestmod`.
    constructors: GilCell<Vec<(Value, &'static str)>>,
}
ophi_runtime::trace_fields!(Known { unsupported, constructors });

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [&HASH, &HASH_XOF, &keyed::OPENSSL_HMAC] {
        module.add_type(vm, def)?;
    }
    let state = vm.interpreter().traced_state::<Known>();
    if !state.unsupported.is_set() {
        state.unsupported.set(Some(error_class(vm, "_hashlib", "UnsupportedDigestmodError")?));
    }
    module.add(vm, "UnsupportedDigestmodError", state.unsupported.get_or_none())?;
    let mut names = Vec::new();
    for algorithm in ALGORITHMS {
        names.push(vm.new_str(algorithm.name)?.into_value());
    }
    let names = vm.new_list(names)?;
    module.add(vm, "openssl_md_meth_names", vm.call(&builtin(vm, "frozenset")?, &[names])?)?;
    let dict = module.dict(vm)?;
    let constructors = vm.new_dict()?;
    let mut known = Vec::new();
    for algorithm in ALGORITHMS {
        if let Some(function) = dict.get_text(vm, &format!("openssl_{}", algorithm.name))? {
            constructors.set(vm, &function, vm.new_str(algorithm.name)?.into_value())?;
            known.push((function, algorithm.name));
        }
    }
    state.constructors.set(known);
    let proxy = vm.get_attr_str(&crate::support::import(vm, "types")?, "MappingProxyType")?;
    module.add(vm, "_constructors", vm.call(&proxy, &[constructors.into_value()])?)?;
    module.add_int(vm, "_GIL_MINSIZE", super::GIL_MINSIZE)
}

/// A subclass of ValueError.
pub fn error_class(vm: &Vm, module: &str, name: &str) -> Res {
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str(module)?.into_value())?;
    let bases = vm.new_tuple(&[builtin(vm, "ValueError")?])?;
    vm.call(&builtin(vm, "type")?, &[vm.new_str(name)?.into_value(), bases, namespace.into_value()])
}

#[cold]
fn unsupported(vm: &Vm, message: &str) -> Raised {
    vm.raise_class(&vm.interpreter().traced_state::<Known>().unsupported.get_or_none(), message)
}

fn algorithm(vm: &Vm, name: &str) -> Res<&'static Algorithm> {
    algorithms::by_any_name(name).ok_or_else(|| unsupported(vm, "[digital envelope routines] unsupported"))
}

/// The algorithm of a `digestmod`: a name, or one of the constructors.
fn algorithm_of(vm: &Vm, digestmod: &Value) -> Res<&'static Algorithm> {
    if let Some(name) = digestmod.downcast::<Str>() {
        return algorithm(vm, &name.to_utf8_lossy());
    }
    let state = vm.interpreter().traced_state::<Known>();
    let name = state.constructors.with(|all| all.iter().find(|(f, _)| f.is(digestmod)).map(|(_, name)| *name));
    match name {
        Some(name) => algorithm(vm, name),
        None => {
            let shown = vm.repr(digestmod)?;
            Err(unsupported(vm, &format!("Unsupported digestmod {}", shown.to_utf8_lossy())))
        }
    }
}

/// An algorithm that HMAC can be built on.
fn keyed_algorithm(vm: &Vm, digestmod: &Value) -> Res<&'static Algorithm> {
    let algorithm = algorithm_of(vm, digestmod)?;
    if algorithm.digest_size == 0 {
        return Err(vm.value_error("no reason supplied"));
    }
    Ok(algorithm)
}

pub struct Hash {
    algorithm: &'static Algorithm,
    state: GilCell<Box<dyn State>>,
}

impl Trace for Hash {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Hash {
    fn def() -> &'static TypeDef {
        &HASH
    }
    const LAYOUT: &'static Layout = layout!("_hashlib.HASH");
}

static HASH: TypeDef = TypeDef {
    module: "_hashlib",
    doc: "HASH(name, string=b\"\")\n--\n\nA hash is an object used to calculate a checksum of a string of information.\n\nMethods:\n\nupdate() -- updates the current digest with an additional string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the hash algorithm being used by this object\ndigest_size -- number of bytes in this hashes output",
    flags: TypeFlags::BASETYPE.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[Hash::METHODS],
    ..TypeDef::of::<Hash>("HASH", &OBJECT)
};

static HASH_XOF: TypeDef = TypeDef {
    module: "_hashlib",
    doc: "HASHXOF(name, string=b\"\")\n--\n\nA hash of extendable output: digest and hexdigest take the length that is wanted.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[Hash::EXTENDABLE],
    ..TypeDef::of::<Hash>("HASHXOF", &HASH)
};

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(hash) = this.downcast::<Hash>() else { return Err(vm.type_error("a HASH is required")) };
    let at = ophi_runtime::protocol::representation::address(this);
    let class = vm.class(this).full_name();
    Ok(vm.new_str(&format!("<{} {class} object @ {at:#x}>", hash.algorithm.name))?.into_value())
}

fn make(vm: &Vm, algorithm: &'static Algorithm, data: Option<&Value>, string: Option<&Value>) -> Res {
    let mut state = (algorithm.start)();
    if let Some(data) = super::initial(vm, data, string)? {
        state.update(&super::bytes_to_hash(vm, data)?);
    }
    let def = if algorithm.digest_size == 0 { &HASH_XOF } else { &HASH };
    Ok(vm.new_instance(&vm.ty(def).clone(), Hash { algorithm, state: GilCell::new(state) })?.into_value())
}

#[methods]
impl Hash {
    /// Return a copy of the hash object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Hash>) -> Res<Ref<Hash>> {
        let state = this.state.with(|state| state.copy());
        let class = vm.class(this.as_value()).clone();
        vm.new_instance(&class, Hash { algorithm: this.algorithm, state: GilCell::new(state) })
    }

    /// Return the digest value as a bytes object.
    #[method(sig = "()")]
    fn digest(vm: &Vm, this: &Ref<Hash>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.state.with(|state| state.finish(0)))
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method(sig = "()")]
    fn hexdigest(_: &Vm, this: &Ref<Hash>) -> String {
        super::hex(&this.state.with(|state| state.finish(0)))
    }

    /// Update this hash object's state with the provided string.
    #[method(sig = "(obj, /)")]
    fn update(vm: &Vm, this: &Ref<Hash>, obj: &Value) -> Res<()> {
        let bytes = super::bytes_to_hash(vm, obj)?;
        this.state.with_mut(|state| state.update(&bytes));
        Ok(())
    }

    #[getter]
    fn block_size(_: &Vm, this: &Ref<Hash>) -> usize {
        this.algorithm.block_size
    }

    #[getter]
    fn digest_size(_: &Vm, this: &Ref<Hash>) -> usize {
        this.algorithm.digest_size
    }

    #[getter]
    fn name(_: &Vm, this: &Ref<Hash>) -> &'static str {
        this.algorithm.name
    }
}

fn output(vm: &Vm, this: &Hash, length: isize) -> Res<Vec<u8>> {
    let Ok(length) = usize::try_from(length) else {
        return Err(vm.value_error("value must be positive"));
    };
    vm.check_room(length)?;
    Ok(this.state.with(|state| state.finish(length)))
}

#[methods(EXTENDABLE)]
impl Hash {
    /// Return the digest value as a bytes object.
    #[method(sig = "(length)", name = "digest")]
    fn long_digest(vm: &Vm, this: &Ref<Hash>, length: isize) -> Res<Ref<Bytes>> {
        vm.new_bytes(&output(vm, this, length)?)
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method(sig = "(length)", name = "hexdigest")]
    fn long_hexdigest(vm: &Vm, this: &Ref<Hash>, length: isize) -> Res<String> {
        Ok(super::hex(&output(vm, this, length)?))
    }

    #[getter(name = "digest_size")]
    fn no_digest_size(_: &Vm, _this: &Ref<Hash>) -> usize {
        0
    }
}

macro_rules! functions {
    ($($function:ident $name:literal;)*) => {
        #[methods]
        impl Functions {
            $(
                /// Returns a hash object of this algorithm; optionally initialized with a string.
                #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
                fn $function(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res {
                    let _ = usedforsecurity;
                    make(vm, algorithm(vm, $name)?, data, string)
                }
            )*

            /// Return a new hash object using the named algorithm.
            ///
            /// An optional string argument may be provided and will be
            /// automatically hashed.
            #[function(sig = "(name, data=b'', *, usedforsecurity=True, string=None)")]
            fn new(
                vm: &Vm,
                name: String,
                data: Option<&Value>,
                usedforsecurity: bool,
                string: Option<&Value>,
            ) -> Res {
                let _ = usedforsecurity;
                make(vm, algorithm(vm, &name)?, data, string)
            }

            /// Return 'a == b' in time that does not depend on where they differ.
            #[function(sig = "(a, b, /)")]
            fn compare_digest(vm: &Vm, a: &Value, b: &Value) -> Res {
                let module = crate::support::import(vm, "_operator")?;
                vm.call_method_str(&module, "_compare_digest", &[a.clone(), b.clone()])
            }

            /// Is the library in a mode that only offers what FIPS 140-2 allows? It is not.
            #[function(sig = "()")]
            fn get_fips_mode(_: &Vm) -> i64 {
                0
            }

            /// Single-shot HMAC.
            #[function(sig = "(key, msg, digest)")]
            fn hmac_digest(vm: &Vm, key: Readable, msg: Readable, digest: &Value) -> Res<Ref<Bytes>> {
                let mut hmac = algorithms::Hmac::new(keyed_algorithm(vm, digest)?, &key);
                hmac.update(&msg);
                vm.new_bytes(&hmac.finish())
            }

            /// Return a new hmac object.
            #[function(sig = "(key, msg=b'', digestmod=None)")]
            fn hmac_new(vm: &Vm, key: Readable, msg: Option<&Value>, digestmod: Option<&Value>) -> Res {
                let Some(digestmod) = digestmod else {
                    return Err(vm.type_error("Missing required parameter 'digestmod'."));
                };
                let mut hmac = algorithms::Hmac::new(keyed_algorithm(vm, digestmod)?, &key);
                if let Some(message) = msg.filter(|message| !message.is_none()) {
                    hmac.update(&super::bytes_to_hash(vm, message)?);
                }
                keyed::make(vm, &keyed::OPENSSL_HMAC, hmac)
            }

            /// Password based key derivation function 2 (PKCS #5 v2.0) with HMAC as pseudorandom function.
            #[function(sig = "(hash_name, password, salt, iterations, dklen=None)")]
            fn pbkdf2_hmac(
                vm: &Vm,
                hash_name: String,
                password: Readable,
                salt: Readable,
                iterations: i64,
                dklen: Option<&Value>,
            ) -> Res<Ref<Bytes>> {
                let algorithm = algorithm(vm, &hash_name)?;
                if algorithm.digest_size == 0 {
                    return Err(vm.value_error("no reason supplied"));
                }
                if password.len() > i32::MAX as usize {
                    return Err(vm.overflow_error("password is too long."));
                }
                if salt.len() > i32::MAX as usize {
                    return Err(vm.overflow_error("salt is too long."));
                }
                if iterations < 1 {
                    return Err(vm.value_error("iteration value must be greater than 0."));
                }
                if iterations > i64::from(i32::MAX) {
                    return Err(vm.overflow_error("iteration value is too great."));
                }
                let length = match dklen.filter(|length| !length.is_none()) {
                    None => algorithm.digest_size as i64,
                    Some(length) => int::view(length).and_then(|l| l.to_i64()).ok_or_else(|| {
                        vm.overflow_error("Python int too large to convert to C long")
                    })?,
                };
                if length < 1 {
                    return Err(vm.value_error("key length must be greater than 0."));
                }
                if length > i64::from(i32::MAX) {
                    return Err(vm.overflow_error("key length is too great."));
                }
                vm.check_room(length as usize)?;
                let (password, salt) = (password.to_vec(), salt.to_vec());
                let mut key = vec![0; length as usize];
                without_gil(vm, || algorithms::pbkdf2(algorithm, &password, &salt, iterations as u64, &mut key));
                vm.new_bytes(&key)
            }

            /// scrypt password-based key derivation function.
            #[function(sig = "(password, *, salt, n, r, p, maxmem=0, dklen=64)")]
            fn scrypt(
                vm: &Vm,
                password: Readable,
                salt: Readable,
                n: u64,
                r: u64,
                p: u64,
                maxmem: i64,
                dklen: i64,
            ) -> Res<Ref<Bytes>> {
                if n < 2 || !n.is_power_of_two() {
                    return Err(vm.value_error("n must be a power of 2."));
                }
                if !(0..=i64::from(i32::MAX)).contains(&maxmem) {
                    return Err(vm.value_error("maxmem must be positive and smaller than 2147483647"));
                }
                if !(1..=i64::from(i32::MAX)).contains(&dklen) {
                    return Err(vm.value_error("dklen must be greater than 0 and smaller than 2147483647"));
                }
                // OpenSSL's bounds: the memory of both arrays, 32 MiB when nothing is said.
                const DEFAULT: u128 = 32 << 20;
                let limit = if maxmem == 0 { DEFAULT } else { maxmem as u128 };
                let block = 128 * u128::from(r);
                let wanted = block * (u128::from(p) + u128::from(n) + 2);
                let invalid = || vm.value_error("[digital envelope routines] invalid digest");
                if r == 0 || p == 0 || u128::from(r) * u128::from(p) >= 1 << 30 {
                    return Err(invalid());
                }
                if wanted > limit {
                    return Err(vm.value_error("[digital envelope routines] memory limit exceeded"));
                }
                vm.check_room(wanted as usize)?;
                let (Ok(r), Ok(p)) = (u32::try_from(r), u32::try_from(p)) else { return Err(invalid()) };
                let Ok(params) = scrypt::Params::new(n.trailing_zeros() as u8, r, p, 64) else {
                    return Err(invalid());
                };
                let (password, salt) = (password.to_vec(), salt.to_vec());
                let mut key = vec![0; dklen as usize];
                match without_gil(vm, || scrypt::scrypt(&password, &salt, &params, &mut key)) {
                    Ok(()) => vm.new_bytes(&key),
                    Err(_) => Err(invalid()),
                }
            }
        }
    };
}

pub struct Functions;

functions! {
    openssl_md5 "md5";
    openssl_sha1 "sha1";
    openssl_sha224 "sha224";
    openssl_sha256 "sha256";
    openssl_sha384 "sha384";
    openssl_sha512 "sha512";
    openssl_sha3_224 "sha3_224";
    openssl_sha3_256 "sha3_256";
    openssl_sha3_384 "sha3_384";
    openssl_sha3_512 "sha3_512";
    openssl_shake_128 "shake_128";
    openssl_shake_256 "shake_256";
}
