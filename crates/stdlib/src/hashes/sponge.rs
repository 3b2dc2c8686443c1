//! SHA-3 and SHAKE: constructors are the classes themselves; SHAKE gives digests of any length.

use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::native::{Args, Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeRef, Value, Vm, layout, methods};
use sha3::digest::{ExtendableOutput, Update, XofReader};

use super::fixed::{Algorithm, Hash};

pub fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [&SHA3_224, &SHA3_256, &SHA3_384, &SHA3_512, &SHAKE_128, &SHAKE_256] {
        module.add_type(vm, def)?;
    }
    module.add_str(vm, "implementation", "HACL")?;
    module.add_int(vm, "_GIL_MINSIZE", super::GIL_MINSIZE)
}

const fn keyword(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
}

static SIGNATURE: Signature = Signature {
    text: "(data=b'', *, usedforsecurity=True, string=None)",
    parameters: &[
        Parameter { name: "data", kind: ParameterKind::Positional, required: false },
        keyword("usedforsecurity"),
        keyword("string"),
    ],
};

fn first_data<'a>(vm: &Vm, name: &'static str, args: Args<'a>) -> Res<Option<&'a Value>> {
    let mut bound = [None; 3];
    bind(vm, Some(&SIGNATURE), name, args, &mut bound)?;
    super::initial(vm, bound[0], bound[2].filter(|s| !s.is_none()))
}

macro_rules! sha3_classes {
    ($($def:ident $algorithm:ident $name:literal $block:literal $state:ty;)*) => {$(
        static $algorithm: Algorithm =
            Algorithm { name: $name, block_size: $block, start: || Box::new(<$state>::default()) };
        static $def: TypeDef = TypeDef {
            module: "_sha3",
            doc: concat!($name, "([data], *, usedforsecurity=True) -> SHA3 object\n\nReturn a new SHA3 hash object."),
            slots: Slots {
                new: Some(|vm, _, args| Ok(Hash::new(vm, &$def, &$algorithm, first_data(vm, $name, args)?)?.into_value())),
                ..Slots::NONE
            },
            tables: &[Hash::METHODS, Hash::SPONGE],
            ..TypeDef::of::<Hash>($name, &OBJECT)
        };
    )*};
}

sha3_classes! {
    SHA3_224 SHA3_224_ALGORITHM "sha3_224" 144 sha3::Sha3_224;
    SHA3_256 SHA3_256_ALGORITHM "sha3_256" 136 sha3::Sha3_256;
    SHA3_384 SHA3_384_ALGORITHM "sha3_384" 104 sha3::Sha3_384;
    SHA3_512 SHA3_512_ALGORITHM "sha3_512" 72 sha3::Sha3_512;
}

/// Bits of the permutation's state.
const STATE_BITS: usize = 1600;

#[methods(SPONGE)]
impl Hash {
    /// Hash these bytes too, after those hashed so far.
    #[method(sig = "(data, /)", name = "update")]
    fn update_sponge(vm: &Vm, this: &Ref<Hash>, data: &Value) -> Res<()> {
        Hash::feed(vm, this, data)
    }

    #[getter]
    fn _capacity_bits(_: &Vm, this: &Ref<Hash>) -> usize {
        STATE_BITS - 8 * this.algorithm.block_size
    }

    #[getter]
    fn _rate_bits(_: &Vm, this: &Ref<Hash>) -> usize {
        8 * this.algorithm.block_size
    }

    #[getter]
    fn _suffix(vm: &Vm, _this: &Ref<Hash>) -> Res<Ref<Bytes>> {
        vm.new_bytes(b"\x06")
    }
}

#[derive(Clone)]
enum State {
    Short(sha3::Shake128),
    Long(sha3::Shake256),
}

pub struct Shake {
    state: GilCell<State>,
}

impl Trace for Shake {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Shake {
    fn def() -> &'static TypeDef {
        &SHAKE_128
    }
    const LAYOUT: &'static Layout = layout!("shake");
}

const SHAKE_DOC: &str = "([data], *, usedforsecurity=True) -> SHAKE object";

static SHAKE_128: TypeDef = TypeDef {
    module: "_sha3",
    doc: SHAKE_DOC,
    slots: Slots {
        new: Some(|vm, _, args| {
            shake(vm, &SHAKE_128, State::Short(Default::default()), first_data(vm, "shake_128", args)?)
        }),
        ..Slots::NONE
    },
    tables: &[Shake::METHODS],
    ..TypeDef::of::<Shake>("shake_128", &OBJECT)
};

static SHAKE_256: TypeDef = TypeDef {
    module: "_sha3",
    doc: SHAKE_DOC,
    slots: Slots {
        new: Some(|vm, _, args| {
            shake(vm, &SHAKE_256, State::Long(Default::default()), first_data(vm, "shake_256", args)?)
        }),
        ..Slots::NONE
    },
    tables: &[Shake::METHODS],
    ..TypeDef::of::<Shake>("shake_256", &OBJECT)
};

impl State {
    fn update(&mut self, data: &[u8]) {
        match self {
            State::Short(state) => state.update(data),
            State::Long(state) => state.update(data),
        }
    }

    fn block_size(&self) -> usize {
        match self {
            State::Short(_) => 168,
            State::Long(_) => 136,
        }
    }
}

fn shake(vm: &Vm, def: &'static TypeDef, mut state: State, data: Option<&Value>) -> Res {
    if let Some(data) = data {
        state.update(&super::bytes_to_hash(vm, data)?);
    }
    let class: TypeRef = vm.ty(def).clone();
    Ok(vm.new_instance(&class, Shake { state: GilCell::new(state) })?.into_value())
}

fn output(vm: &Vm, this: &Shake, length: &Value) -> Res<Vec<u8>> {
    let index = vm.index(length)?;
    let length = match int::view(&index).and_then(|i| i.to_i64()) {
        Some(length) if length >= 0 => length as usize,
        Some(_) => return Err(vm.value_error("Cannot convert negative int")),
        None => return Err(vm.overflow_error("Python int too large for C unsigned long")),
    };
    if length >= 1 << 29 {
        return Err(vm.value_error("length is too large"));
    }
    vm.check_room(length)?;
    let mut bytes = vec![0; length];
    match this.state.with(State::clone) {
        State::Short(state) => state.finalize_xof().read(&mut bytes),
        State::Long(state) => state.finalize_xof().read(&mut bytes),
    }
    Ok(bytes)
}

#[methods]
impl Shake {
    /// Return a copy of the hash object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Shake>) -> Res<Ref<Shake>> {
        let state = this.state.with(State::clone);
        vm.new_instance(&vm.class(this.as_value()).clone(), Shake { state: GilCell::new(state) })
    }

    /// Return the digest value as a bytes object.
    #[method(sig = "(length)")]
    fn digest(vm: &Vm, this: &Ref<Shake>, length: &Value) -> Res<Ref<Bytes>> {
        vm.new_bytes(&output(vm, this, length)?)
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method(sig = "(length)")]
    fn hexdigest(vm: &Vm, this: &Ref<Shake>, length: &Value) -> Res<String> {
        Ok(super::hex(&output(vm, this, length)?))
    }

    /// Hash these bytes too, after those hashed so far.
    #[method(sig = "(data, /)")]
    fn update(vm: &Vm, this: &Ref<Shake>, data: &Value) -> Res<()> {
        let bytes = super::bytes_to_hash(vm, data)?;
        this.state.with_mut(|state| state.update(&bytes));
        Ok(())
    }

    #[getter]
    fn block_size(_: &Vm, this: &Ref<Shake>) -> usize {
        this.state.with(State::block_size)
    }

    #[getter]
    fn name(_: &Vm, this: &Ref<Shake>) -> &'static str {
        if this.state.with(State::block_size) == 168 { "shake_128" } else { "shake_256" }
    }

    #[getter]
    fn digest_size(_: &Vm, _this: &Ref<Shake>) -> usize {
        0
    }

    #[getter]
    fn _capacity_bits(_: &Vm, this: &Ref<Shake>) -> usize {
        STATE_BITS - 8 * this.state.with(State::block_size)
    }

    #[getter]
    fn _rate_bits(_: &Vm, this: &Ref<Shake>) -> usize {
        8 * this.state.with(State::block_size)
    }

    #[getter]
    fn _suffix(vm: &Vm, _this: &Ref<Shake>) -> Res<Ref<Bytes>> {
        vm.new_bytes(b"\x1f")
    }
}
