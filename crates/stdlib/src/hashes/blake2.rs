//! `blake2b` and `blake2s` with all their parameters: key, salt, person, tree hashing.

use ophi_heap::{GilCell, Layout, Trace, Visitor};
use ophi_runtime::native::{Args, Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeRef, Value, Vm, layout, methods};

use crate::support::buffer::readable;

pub fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (def, prefix, limits) in [(&BLAKE2B, "BLAKE2B", &LIMITS_B), (&BLAKE2S, "BLAKE2S", &LIMITS_S)] {
        module.add_type(vm, def)?;
        for (name, value) in limits.constants() {
            module.add_int(vm, &format!("{prefix}_{name}"), value as i64)?;
        }
    }
    module.add_int(vm, "_GIL_MINSIZE", super::GIL_MINSIZE)
}

struct Limits {
    name: &'static str,
    shown: &'static str,
    digest: usize,
    key: usize,
    salt: usize,
    person: usize,
    node_offset: u64,
}

impl Limits {
    fn constants(&self) -> [(&'static str, usize); 4] {
        [
            ("SALT_SIZE", self.salt),
            ("PERSON_SIZE", self.person),
            ("MAX_KEY_SIZE", self.key),
            ("MAX_DIGEST_SIZE", self.digest),
        ]
    }
}

static LIMITS_B: Limits =
    Limits { name: "blake2b", shown: "Blake2b", digest: 64, key: 64, salt: 16, person: 16, node_offset: u64::MAX };
static LIMITS_S: Limits =
    Limits { name: "blake2s", shown: "Blake2s", digest: 32, key: 32, salt: 8, person: 8, node_offset: (1 << 48) - 1 };

#[derive(Clone)]
enum State {
    Big(blake2b_simd::State),
    Small(blake2s_simd::State),
}

pub struct Blake2 {
    limits: &'static Limits,
    digest_size: usize,
    /// Apart: it wants to lie at addresses that no object has.
    state: GilCell<Box<State>>,
}

impl Trace for Blake2 {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Blake2 {
    fn def() -> &'static TypeDef {
        &BLAKE2B
    }
    const LAYOUT: &'static Layout = layout!("blake2");
}

static BLAKE2B: TypeDef = TypeDef {
    module: "_blake2",
    doc: "Return a new BLAKE2b hash object.",
    flags: ophi_runtime::TypeFlags::BASETYPE,
    slots: Slots { new: Some(|vm, cls, args| new(vm, cls, &LIMITS_B, args)), ..Slots::NONE },
    tables: &[Blake2::METHODS],
    finish: Some(|vm, cls| add_constants(vm, cls, &LIMITS_B)),
    ..TypeDef::of::<Blake2>("blake2b", &OBJECT)
};

static BLAKE2S: TypeDef = TypeDef {
    module: "_blake2",
    doc: "Return a new BLAKE2s hash object.",
    flags: ophi_runtime::TypeFlags::BASETYPE,
    slots: Slots { new: Some(|vm, cls, args| new(vm, cls, &LIMITS_S, args)), ..Slots::NONE },
    tables: &[Blake2::METHODS],
    finish: Some(|vm, cls| add_constants(vm, cls, &LIMITS_S)),
    ..TypeDef::of::<Blake2>("blake2s", &OBJECT)
};

fn add_constants(vm: &Vm, cls: &TypeRef, limits: &Limits) -> Res<()> {
    for (name, value) in limits.constants() {
        cls.namespace().set_text(vm, name, vm.new_int(value as i64)?)?;
    }
    Ok(())
}

const fn keyword(name: &'static str) -> Parameter {
    Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
}

static SIGNATURE: Signature = Signature {
    text: "(data=b'', *, digest_size=64, key=b'', salt=b'', person=b'', fanout=1, depth=1, leaf_size=0, node_offset=0, node_depth=0, inner_size=0, last_node=False, usedforsecurity=True, string=None)",
    parameters: &[
        Parameter { name: "data", kind: ParameterKind::Positional, required: false },
        keyword("digest_size"),
        keyword("key"),
        keyword("salt"),
        keyword("person"),
        keyword("fanout"),
        keyword("depth"),
        keyword("leaf_size"),
        keyword("node_offset"),
        keyword("node_depth"),
        keyword("inner_size"),
        keyword("last_node"),
        keyword("usedforsecurity"),
        keyword("string"),
    ],
};

/// A small integer parameter; what does not fit 64 bits is out of every range.
fn number(vm: &Vm, value: Option<&Value>, default: i64) -> Res<i64> {
    let Some(value) = value else { return Ok(default) };
    match vm.index_as_i128(value)?.and_then(|n| i64::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

/// An unsigned parameter with a limit of its own.
fn unsigned(vm: &Vm, value: Option<&Value>, name: &str, max: u64) -> Res<u64> {
    let Some(value) = value else { return Ok(0) };
    let index = vm.index(value)?;
    let n = match int::view(&index) {
        Some(IntView::Small(n)) if n >= 0 => n as u64,
        Some(IntView::Big(b)) if b.sign() == num_bigint::Sign::Plus => match u64::try_from(b) {
            Ok(n) => n,
            Err(_) => return Err(vm.overflow_error("Python int too large for C unsigned long long")),
        },
        _ => return Err(vm.value_error("Cannot convert negative int")),
    };
    if n > max { Err(vm.overflow_error(format!("{name} is too large"))) } else { Ok(n) }
}

fn parameter_bytes(vm: &Vm, value: Option<&Value>, name: &str, max: usize) -> Res<Vec<u8>> {
    let Some(value) = value else { return Ok(Vec::new()) };
    let bytes = readable(vm, value)?.as_slice().to_vec();
    if bytes.len() > max {
        return Err(vm.value_error(format!("maximum {name} length is {max} bytes")));
    }
    Ok(bytes)
}

fn new(vm: &Vm, cls: &TypeRef, limits: &'static Limits, args: Args<'_>) -> Res {
    let mut bound = [None; 14];
    bind(vm, Some(&SIGNATURE), limits.name, args, &mut bound)?;
    let [data, size, key, salt, person, fanout, depth, leaf, offset, node_depth, inner, last, _, string] = bound;
    let data = super::initial(vm, data, string.filter(|s| !s.is_none()))?;
    let size = number(vm, size, limits.digest as i64)?;
    if size < 1 || size > limits.digest as i64 {
        return Err(vm.value_error(format!(
            "digest_size for {} must be between 1 and {} bytes, here it is {size}",
            limits.shown, limits.digest
        )));
    }
    let size = size as usize;
    let salt = parameter_bytes(vm, salt, "salt", limits.salt)?;
    let person = parameter_bytes(vm, person, "person", limits.person)?;
    let Ok(fanout) = u8::try_from(number(vm, fanout, 1)?) else {
        return Err(vm.value_error("fanout must be between 0 and 255"));
    };
    let depth = match u8::try_from(number(vm, depth, 1)?) {
        Ok(depth) if depth > 0 => depth,
        _ => return Err(vm.value_error("depth must be between 1 and 255")),
    };
    let leaf = unsigned(vm, leaf, "leaf_size", u64::from(u32::MAX))? as u32;
    let offset = unsigned(vm, offset, "node_offset", limits.node_offset)?;
    let Ok(node_depth) = u8::try_from(number(vm, node_depth, 0)?) else {
        return Err(vm.value_error("node_depth must be between 0 and 255"));
    };
    let inner = number(vm, inner, 0)?;
    if inner < 0 || inner > limits.digest as i64 {
        return Err(vm.value_error(format!("inner_size must be between 0 and is {}", limits.digest)));
    }
    let last = match last {
        Some(last) => vm.is_true(last)?,
        None => false,
    };
    let key = parameter_bytes(vm, key, "key", limits.key)?;
    // Lengths were checked: the builders panic on others.
    let mut state = if limits.digest == 64 {
        let mut params = blake2b_simd::Params::new();
        params.hash_length(size).key(&key).salt(&salt).personal(&person).fanout(fanout).max_depth(depth);
        params.max_leaf_length(leaf).node_offset(offset).node_depth(node_depth);
        State::Big(params.inner_hash_length(inner as usize).last_node(last).to_state())
    } else {
        let mut params = blake2s_simd::Params::new();
        params.hash_length(size).key(&key).salt(&salt).personal(&person).fanout(fanout).max_depth(depth);
        params.max_leaf_length(leaf).node_offset(offset).node_depth(node_depth);
        State::Small(params.inner_hash_length(inner as usize).last_node(last).to_state())
    };
    if let Some(data) = data {
        state.update(&super::bytes_to_hash(vm, data)?);
    }
    Ok(vm.new_instance(cls, Blake2 { limits, digest_size: size, state: GilCell::new(Box::new(state)) })?.into_value())
}

impl State {
    fn update(&mut self, data: &[u8]) {
        match self {
            State::Big(state) => drop(state.update(data)),
            State::Small(state) => drop(state.update(data)),
        }
    }

    fn finish(&self) -> Vec<u8> {
        match self {
            State::Big(state) => state.finalize().as_bytes().to_vec(),
            State::Small(state) => state.finalize().as_bytes().to_vec(),
        }
    }
}

#[methods]
impl Blake2 {
    /// Return a copy of the hash object.
    #[method(sig = "()")]
    fn copy(vm: &Vm, this: &Ref<Blake2>) -> Res<Ref<Blake2>> {
        let state = GilCell::new(this.state.with(|state| state.clone()));
        let payload = Blake2 { limits: this.limits, digest_size: this.digest_size, state };
        vm.new_instance(&vm.class(this.as_value()).clone(), payload)
    }

    /// Return the digest value as a bytes object.
    #[method(sig = "()")]
    fn digest(vm: &Vm, this: &Ref<Blake2>) -> Res<Ref<Bytes>> {
        vm.new_bytes(&this.state.with(|state| state.finish()))
    }

    /// Return the digest value as a string of hexadecimal digits.
    #[method(sig = "()")]
    fn hexdigest(_: &Vm, this: &Ref<Blake2>) -> String {
        super::hex(&this.state.with(|state| state.finish()))
    }

    /// Hash these bytes too, after those hashed so far.
    #[method(sig = "(data, /)")]
    fn update(vm: &Vm, this: &Ref<Blake2>, data: &Value) -> Res<()> {
        let bytes = super::bytes_to_hash(vm, data)?;
        this.state.with_mut(|state| state.update(&bytes));
        Ok(())
    }

    #[getter]
    fn name(_: &Vm, this: &Ref<Blake2>) -> &'static str {
        this.limits.name
    }

    #[getter]
    fn block_size(_: &Vm, this: &Ref<Blake2>) -> usize {
        2 * this.limits.digest
    }

    #[getter]
    fn digest_size(_: &Vm, this: &Ref<Blake2>) -> usize {
        this.digest_size
    }
}
