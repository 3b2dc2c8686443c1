//! Digests of fixed length without parameters: MD5, SHA-1, SHA-2; SHA-3 shares the payload.

use md5::digest::DynDigest;
use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, Vm, layout, methods};

/// An algorithm: its name, the bytes of a block, a fresh state.
pub struct Algorithm {
    pub name: &'static str,
    pub block_size: usize,
    pub start: fn() -> Box<dyn DynDigest>,
}

pub struct Hash {
    pub algorithm: &'static Algorithm,
    pub state: GilCell<Box<dyn DynDigest>>,
}

impl Trace for Hash {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Hash {
    fn def() -> &'static TypeDef {
        &MD5
    }
    const LAYOUT: &'static Layout = layout!("hash");
}

macro_rules! digests {
    ($($def:ident: $module:literal $class:literal, $algorithm:ident $name:literal $block:literal $state:ty;)*) => {$(
        pub static $algorithm: Algorithm =
            Algorithm { name: $name, block_size: $block, start: || Box::new(<$state>::default()) };
        pub static $def: TypeDef = TypeDef {
            module: $module,
            flags: TypeFlags::DISALLOW_INSTANTIATION,
            tables: &[Hash::METHODS, Hash::UPDATE],
            ..TypeDef::of::<Hash>($class, &OBJECT)
        };
    )*};
}

digests! {
    MD5: "_md5" "md5", MD5_ALGORITHM "md5" 64 md5::Md5;
    SHA1: "_sha1" "sha1", SHA1_ALGORITHM "sha1" 64 sha1::Sha1;
    SHA224: "_sha2" "SHA224Type", SHA224_ALGORITHM "sha224" 64 sha2::Sha224;
    SHA256: "_sha2" "SHA256Type", SHA256_ALGORITHM "sha256" 64 sha2::Sha256;
    SHA384: "_sha2" "SHA384Type", SHA384_ALGORITHM "sha384" 128 sha2::Sha384;
    SHA512: "_sha2" "SHA512Type", SHA512_ALGORITHM "sha512" 128 sha2::Sha512;
}

impl Hash {
    pub fn new(vm: &Vm, def: &'static TypeDef, algorithm: &'static Algorithm, data: Option<&Value>) -> Res<Ref<Hash>> {
        let mut state = (algorithm.start)();
        if let Some(data) = data {
            state.update(&super::bytes_to_hash(vm, data)?);
        }
        vm.new_instance(&vm.ty(def).clone(), Hash { algorithm, state: GilCell::new(state) })
    }

    fn finish(&self) -> Box<[u8]> {
        self.state.with(|state| state.box_clone()).finalize()
    }

    pub fn feed(vm: &Vm, this: &Ref<Hash>, data: &Value) -> Res<()> {
        let bytes = super::bytes_to_hash(vm, data)?;
        this.state.with_mut(|state| state.update(&bytes));
        Ok(())
    }
}

#[methods]
impl Hash {
    /// Return a copy of the hash object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Hash>) -> Res<Ref<Hash>> {
        let state = this.state.with(|state| state.box_clone());
        vm.new_instance(
            &vm.class(this.as_value()).clone(),
            Hash { algorithm: this.algorithm, state: GilCell::new(state) },
        )
    }

    /// Return the digest value as a bytes object.
    #[method(sig = "()")]
    fn digest(vm: &Vm, this: &Ref<Hash>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.finish())
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method(sig = "()")]
    fn hexdigest(_: &Vm, this: &Ref<Hash>) -> String {
        super::hex(&this.finish())
    }

    #[getter]
    fn block_size(_: &Vm, this: &Ref<Hash>) -> usize {
        this.algorithm.block_size
    }

    #[getter]
    fn name(_: &Vm, this: &Ref<Hash>) -> &'static str {
        this.algorithm.name
    }

    #[getter]
    fn digest_size(_: &Vm, this: &Ref<Hash>) -> usize {
        this.state.with(|state| state.output_size())
    }
}

#[methods(UPDATE)]
impl Hash {
    /// Update this hash object's state with the provided string.
    #[method(sig = "(obj, /)")]
    fn update(vm: &Vm, this: &Ref<Hash>, obj: &Value) -> Res<()> {
        Hash::feed(vm, this, obj)
    }
}

fn make(
    vm: &Vm,
    (def, algorithm): (&'static TypeDef, &'static Algorithm),
    data: Option<&Value>,
    string: Option<&Value>,
) -> Res<Ref<Hash>> {
    Hash::new(vm, def, algorithm, super::initial(vm, data, string)?)
}

pub struct Functions;

#[methods(MD5)]
impl Functions {
    /// Return a new MD5 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn md5(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&MD5, &MD5_ALGORITHM), data, string)
    }
}

#[methods(SHA1)]
impl Functions {
    /// Return a new SHA1 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha1(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&SHA1, &SHA1_ALGORITHM), data, string)
    }
}

#[methods(SHA2)]
impl Functions {
    /// Return a new SHA-224 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha224(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&SHA224, &SHA224_ALGORITHM), data, string)
    }

    /// Return a new SHA-256 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha256(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&SHA256, &SHA256_ALGORITHM), data, string)
    }

    /// Return a new SHA-384 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha384(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&SHA384, &SHA384_ALGORITHM), data, string)
    }

    /// Return a new SHA-512 hash object; optionally initialized with a string.
    #[function(sig = "(data=b'', *, usedforsecurity=True, string=None)")]
    fn sha512(vm: &Vm, data: Option<&Value>, usedforsecurity: bool, string: Option<&Value>) -> Res<Ref<Hash>> {
        let _ = usedforsecurity;
        make(vm, (&SHA512, &SHA512_ALGORITHM), data, string)
    }
}
