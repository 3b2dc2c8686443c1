//! Keyed hashes as objects: `_hashlib.HMAC` and `_hmac.HMAC`, and the functions of `_hmac`. After CPython Modules/hmacmodule.c.

use super::algorithms::{self, Algorithm, Hmac};
use super::openssl::error_class;
use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Raised, Ref, Res, Str, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

pub static MODULE: ModuleDef = ModuleDef { name: "_hmac", doc: "", tables: &[Functions::METHODS], init };

#[derive(Default)]
struct Known(ValueCell);

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &HMAC)?;
    let state = vm.interpreter().state::<Known>();
    if !state.0.is_set() {
        state.0.set(Some(error_class(vm, "_hmac", "UnknownHashError")?));
    }
    module.add(vm, "UnknownHashError", state.0.get_or_none())?;
    module.add_int(vm, "_GIL_MINSIZE", super::GIL_MINSIZE)
}

pub struct Keyed {
    hmac: GilCell<Hmac>,
}

impl Trace for Keyed {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Keyed {
    fn def() -> &'static TypeDef {
        &HMAC
    }
    const LAYOUT: &'static Layout = layout!("HMAC");
}

const DOC: &str = "The object used to calculate HMAC of a message.\n\nMethods:\n\nupdate() -- updates the current digest with an additional string\ndigest() -- return the current digest value\nhexdigest() -- return the current digest as a string of hexadecimal digits\ncopy() -- return a copy of the current hash object\n\nAttributes:\n\nname -- the name, including the hash algorithm used by this object\ndigest_size -- number of bytes in digest() output\n";

pub static OPENSSL_HMAC: TypeDef = TypeDef {
    module: "_hashlib",
    doc: DOC,
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[Keyed::METHODS],
    ..TypeDef::of::<Keyed>("HMAC", &OBJECT)
};

static HMAC: TypeDef = TypeDef {
    module: "_hmac",
    doc: DOC,
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[Keyed::METHODS],
    ..TypeDef::of::<Keyed>("HMAC", &OBJECT)
};

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(keyed) = this.downcast::<Keyed>() else { return Err(vm.type_error("an HMAC is required")) };
    let at = ophi_runtime::protocol::representation::address(this);
    let name = keyed.hmac.with(|hmac| hmac.algorithm.name);
    Ok(vm.new_str(&format!("<{name} HMAC object @ {at:#x}>"))?.into_value())
}

pub fn make(vm: &Vm, def: &'static TypeDef, hmac: Hmac) -> Res {
    Ok(vm.new_instance(&vm.ty(def).clone(), Keyed { hmac: GilCell::new(hmac) })?.into_value())
}

#[methods]
impl Keyed {
    /// Return a copy ("clone") of the HMAC object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Keyed>) -> Res<Ref<Keyed>> {
        let hmac = this.hmac.with(Hmac::copy);
        vm.new_instance(&vm.class(this.as_value()).clone(), Keyed { hmac: GilCell::new(hmac) })
    }

    /// Return the digest of the bytes passed to the update() method so far.
    #[method(sig = "()")]
    fn digest(vm: &Vm, this: &Ref<Keyed>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.hmac.with(Hmac::finish))
    }

    /// Return hexadecimal digest of the bytes passed to the update() method so far.
    #[method(sig = "()")]
    fn hexdigest(_: &Vm, this: &Ref<Keyed>) -> String {
        super::hex(&this.hmac.with(Hmac::finish))
    }

    /// Update the HMAC object with msg.
    #[method(sig = "(msg)")]
    fn update(vm: &Vm, this: &Ref<Keyed>, msg: &Value) -> Res<()> {
        let bytes = super::bytes_to_hash(vm, msg)?;
        this.hmac.with_mut(|hmac| hmac.update(&bytes));
        Ok(())
    }

    #[getter]
    fn block_size(_: &Vm, this: &Ref<Keyed>) -> usize {
        this.hmac.with(|hmac| hmac.algorithm.block_size)
    }

    #[getter]
    fn digest_size(_: &Vm, this: &Ref<Keyed>) -> usize {
        this.hmac.with(|hmac| hmac.algorithm.digest_size)
    }

    #[getter]
    fn name(_: &Vm, this: &Ref<Keyed>) -> String {
        format!("hmac-{}", this.hmac.with(|hmac| hmac.algorithm.name))
    }
}

/// The names that HACL* offers for HMAC.
const BUILT_IN: &[&str] = &[
    "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha3_224", "sha3_256", "sha3_384", "sha3_512", "blake2s",
    "blake2b",
];

#[cold]
fn unknown(vm: &Vm, digest: &Value) -> Raised {
    match vm.repr(digest) {
        Ok(shown) => {
            let class = vm.interpreter().state::<Known>().0.get_or_none();
            vm.raise_class(&class, &format!("unsupported hash type: {}", shown.to_utf8_lossy()))
        }
        Err(raised) => raised,
    }
}

/// The algorithm of a name, or of a constructor of the built-in modules.
fn algorithm_of(vm: &Vm, digest: &Value) -> Res<&'static Algorithm> {
    let name = match digest.downcast::<Str>() {
        Some(name) => name.to_utf8_lossy().into_owned(),
        None => match vm.get_attr_str_opt(digest, "__name__")? {
            Some(name) => vm.str(&name)?.to_utf8_lossy().into_owned(),
            None => return Err(unknown(vm, digest)),
        },
    };
    let lower = name.to_ascii_lowercase();
    let lower = match lower.as_str() {
        "blake2s_32" => "blake2s",
        "blake2b_32" => "blake2b",
        other => other,
    };
    match algorithms::by_name(lower).filter(|algorithm| BUILT_IN.contains(&algorithm.name)) {
        Some(algorithm) => Ok(algorithm),
        None => Err(unknown(vm, digest)),
    }
}

fn computed(vm: &Vm, algorithm: &'static Algorithm, key: &Value, message: &Value) -> Res<Ref<Bytes>> {
    let key = super::bytes_to_hash(vm, key)?;
    let mut hmac = Hmac::new(algorithm, &key);
    hmac.update(&super::bytes_to_hash(vm, message)?);
    vm.new_bytes(&hmac.finish())
}

macro_rules! functions {
    ($($function:ident $name:literal;)*) => {
        #[methods]
        impl Functions {
            $(
                #[function(doc = "", sig = "(key, msg, /)")]
                fn $function(vm: &Vm, key: &Value, msg: &Value) -> Res<Ref<Bytes>> {
                    match algorithms::by_name($name) {
                        Some(algorithm) => computed(vm, algorithm, key, msg),
                        None => Err(vm.system_error("a hash algorithm is missing")),
                    }
                }
            )*

            #[function(doc = "", sig = "(key, msg, digest)")]
            fn compute_digest(vm: &Vm, key: &Value, msg: &Value, digest: &Value) -> Res<Ref<Bytes>> {
                computed(vm, algorithm_of(vm, digest)?, key, msg)
            }

            /// Return a new HMAC object.
            #[function(sig = "(key, msg=None, digestmod=None)")]
            fn new(vm: &Vm, key: &Value, msg: Option<&Value>, digestmod: Option<&Value>) -> Res {
                let Some(digestmod) = digestmod else {
                    return Err(vm.type_error("new() missing 1 required argument 'digestmod'"));
                };
                let algorithm = algorithm_of(vm, digestmod)?;
                let mut hmac = Hmac::new(algorithm, &super::bytes_to_hash(vm, key)?);
                if let Some(message) = msg {
                    hmac.update(&super::bytes_to_hash(vm, message)?);
                }
                make(vm, &HMAC, hmac)
            }
        }
    };
}

pub struct Functions;

functions! {
    compute_md5 "md5";
    compute_sha1 "sha1";
    compute_sha224 "sha224";
    compute_sha256 "sha256";
    compute_sha384 "sha384";
    compute_sha512 "sha512";
    compute_sha3_224 "sha3_224";
    compute_sha3_256 "sha3_256";
    compute_sha3_384 "sha3_384";
    compute_sha3_512 "sha3_512";
    compute_blake2s_32 "blake2s";
    compute_blake2b_32 "blake2b";
}
