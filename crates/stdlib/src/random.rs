//! `_random`: the Mersenne Twister MT19937 (Matsumoto and Nishimura 1998), seeded as CPython Modules/_randommodule.c seeds
//! it, so that the same seeds give the same numbers.

use num_bigint::BigInt;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Ref, Res, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_random",
    doc: "The Mersenne Twister.",
    tables: &[],
    init: |vm: &Vm, module: &Ref<Module>| module.add_type(vm, &RANDOM),
};

const N: usize = 624;
const M: usize = 397;

struct Twister {
    state: [u32; N],
    index: usize,
}

impl Twister {
    fn new(seed: u32) -> Twister {
        let mut state = [0u32; N];
        state[0] = seed;
        for i in 1..N {
            let before = state[i - 1];
            state[i] = (before ^ (before >> 30)).wrapping_mul(1_812_433_253).wrapping_add(i as u32);
        }
        Twister { state, index: N }
    }

    fn from_key(key: &[u32]) -> Twister {
        let mut twister = Twister::new(19_650_218);
        let s = &mut twister.state;
        let (mut i, mut j) = (1, 0);
        for _ in 0..N.max(key.len()) {
            let before = s[i - 1];
            s[i] =
                (s[i] ^ (before ^ (before >> 30)).wrapping_mul(1_664_525)).wrapping_add(key[j]).wrapping_add(j as u32);
            i += 1;
            j += 1;
            if i >= N {
                s[0] = s[N - 1];
                i = 1;
            }
            if j >= key.len() {
                j = 0;
            }
        }
        for _ in 0..N - 1 {
            let before = s[i - 1];
            s[i] = (s[i] ^ (before ^ (before >> 30)).wrapping_mul(1_566_083_941)).wrapping_sub(i as u32);
            i += 1;
            if i >= N {
                s[0] = s[N - 1];
                i = 1;
            }
        }
        s[0] = 0x8000_0000;
        twister
    }

    fn next(&mut self) -> u32 {
        if self.index >= N {
            for k in 0..N {
                let y = (self.state[k] & 0x8000_0000) | (self.state[(k + 1) % N] & 0x7fff_ffff);
                let mixed = if y & 1 == 0 { 0 } else { 0x9908_b0df };
                self.state[k] = self.state[(k + M) % N] ^ (y >> 1) ^ mixed;
            }
            self.index = 0;
        }
        let mut y = self.state[self.index];
        self.index += 1;
        y ^= y >> 11;
        y ^= (y << 7) & 0x9d2c_5680;
        y ^= (y << 15) & 0xefc6_0000;
        y ^ (y >> 18)
    }
}

pub struct Random {
    twister: GilCell<Box<Twister>>,
}

impl Trace for Random {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Random {
    fn def() -> &'static TypeDef {
        &RANDOM
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Random");
}

pub static RANDOM: TypeDef = TypeDef {
    module: "_random",
    doc: "Random() -> a generator of random numbers with a state of its own.",
    flags: TypeFlags::BASETYPE,
    slots: Slots { new: Some(new), init: Some(init), ..Slots::NONE },
    tables: &[Random::METHODS],
    ..TypeDef::of::<Random>("Random", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, Random { twister: GilCell::new(Box::new(Twister::new(0))) })?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    if vm.class(this).is(vm.ty(&RANDOM)) {
        args.no_keywords(vm, "Random")?;
    }
    let given = args.check_positional(vm, "Random", 0, 1)?;
    match this.downcast::<Random>() {
        Some(own) => own.seed_with(vm, given.first()),
        None => Err(vm.type_error("a Random is required")),
    }
}

impl Random {
    fn seed_with(&self, vm: &Vm, seed: Option<&Value>) -> Res<()> {
        let key: Vec<u32> = match seed.filter(|s| !s.is_none()) {
            None => {
                let mut bytes = vec![0u8; 4 * N];
                if crate::support::host(vm).fill_random(&mut bytes).is_err() {
                    return Err(vm.os_error_message("the host gives no randomness"));
                }
                bytes.as_chunks::<4>().0.iter().map(|c| u32::from_le_bytes(*c)).collect()
            }
            Some(seed) => {
                let magnitude = match int::view(seed) {
                    Some(view) => view.to_bigint().magnitude().clone(),
                    None => num_bigint::BigUint::from(vm.hash(seed)? as u64),
                };
                magnitude.to_u32_digits()
            }
        };
        let key = if key.is_empty() { vec![0] } else { key };
        self.twister.set(Box::new(Twister::from_key(&key)));
        Ok(())
    }
}

#[methods]
impl Random {
    #[method(doc = "random() -> x in the interval [0, 1).", sig = "()")]
    fn random(_: &Vm, this: &Ref<Random>) -> f64 {
        this.twister.with_mut(|t| {
            let (a, b) = (t.next() >> 5, t.next() >> 6);
            (a as f64 * 67_108_864.0 + b as f64) / 9_007_199_254_740_992.0
        })
    }

    #[method(
        doc = "seed([n]) -> None\n\nBegin anew from n; without it, from the system's randomness.",
        sig = "(n=None, /)"
    )]
    fn seed(vm: &Vm, this: &Ref<Random>, n: Option<&Value>) -> Res<()> {
        this.seed_with(vm, n)
    }

    #[method(doc = "getstate() -> tuple containing the current state.", sig = "()")]
    fn getstate(vm: &Vm, this: &Ref<Random>) -> Res {
        let words: Vec<i64> =
            this.twister.with(|t| t.state.iter().map(|w| *w as i64).chain([t.index as i64]).collect());
        let mut values = Vec::with_capacity(words.len());
        for word in words {
            values.push(vm.new_int(word)?);
        }
        Ok(Tuple::from_vec(vm, values)?.into_value())
    }

    #[method(doc = "setstate(state) -> None.  Restores generator state.", sig = "(state, /)")]
    fn setstate(vm: &Vm, this: &Ref<Random>, state: &Value) -> Res<()> {
        let Some(state) = state.downcast::<Tuple>() else { return Err(vm.type_error("state vector must be a tuple")) };
        if state.len() != N + 1 {
            return Err(vm.value_error("state vector is the wrong size"));
        }
        let mut words = Vec::with_capacity(N + 1);
        for value in state.as_slice() {
            let index = vm.index(value)?;
            let word = int::view(&index).and_then(|v| v.to_i64()).and_then(|i| u64::try_from(i).ok());
            let Some(word) = word else {
                return Err(vm.overflow_error("can't convert negative value to unsigned int"));
            };
            words.push(word);
        }
        if words[N] > N as u64 {
            return Err(vm.value_error("invalid state"));
        }
        this.twister.with_mut(|t| {
            for (slot, word) in t.state.iter_mut().zip(&words) {
                *slot = *word as u32;
            }
            t.index = words[N] as usize;
        });
        Ok(())
    }

    #[method(doc = "getrandbits(k) -> x.  Generates an int with k random bits.", sig = "(k, /)")]
    fn getrandbits(vm: &Vm, this: &Ref<Random>, k: &Value) -> Res {
        let index = vm.index(k)?;
        let bits = match int::view(&index).and_then(|v| v.to_i64()) {
            Some(bits) if bits < 0 => return Err(vm.value_error("Cannot convert negative int")),
            Some(bits) => bits as u64,
            None if matches!(int::view(&index), Some(int::IntView::Big(big)) if big.sign() == num_bigint::Sign::Minus) =>
            {
                return Err(vm.value_error("Cannot convert negative int"));
            }
            None => return Err(vm.overflow_error("Python int too large to convert to C uint64_t")),
        };
        if bits == 0 {
            return vm.new_int(0);
        }
        if bits <= 32 {
            return vm.new_int(this.twister.with_mut(|t| (t.next() >> (32 - bits)) as i64));
        }
        if bits > 1 << 36 {
            return Err(vm.no_memory());
        }
        vm.check_room(bits as usize / 8 * 3)?;
        let mut left = bits;
        let mut digits = Vec::with_capacity(bits.div_ceil(32) as usize);
        this.twister.with_mut(|t| {
            while left > 0 {
                let word = t.next();
                digits.push(if left < 32 { word >> (32 - left) } else { word });
                left = left.saturating_sub(32);
            }
        });
        vm.new_bigint(BigInt::from(num_bigint::BigUint::new(digits)))
    }
}
