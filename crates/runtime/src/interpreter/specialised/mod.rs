//! Specialisation (PEP 659): instructions that rewrite themselves for what they meet.
//!
//! Every adaptive instruction counts in the first unit of its cache, as CPython's do (Include/internal/pycore_backoff.h): 12 bits of
//! count, 4 bits of backoff. When the count is used up, the family's `specialise_*` function looks at the operands and names a
//! form; that form's handler checks that its assumptions still hold and otherwise falls back to the plain instruction, which counts.
//! What does not fit the instruction's own cache stands in the code's side table ([`Side`]), indexed from the cache.
#![allow(unsafe_code)]

pub mod arithmetic;
pub mod attributes;
pub mod calls;
pub mod containers;
pub mod globals;
pub mod loops;
pub mod native_calls;
pub mod pairs;

use crate::Value;
use crate::frames::{Fp, Frame};
use crate::payload::TypeDef;
use crate::vm::Vm;
use core::cell::Cell;
use ophi_bytecode::instruction::{CACHES, Kind, MIN_INSTRUMENTED_OPCODE, Opcode};

/// Count 1, backoff 1.
pub const WARMUP: u16 = 1 << 4 | 1;
/// Count 52, backoff 0.
pub(super) const COOLDOWN: u16 = 52 << 4;
const MAX_BACKOFF: u16 = 12;

/// What an instruction remembers beyond its own cache units.
#[derive(Clone, Copy, Default)]
pub struct Side {
    pub a: u32,
    pub b: u32,
    pub c: u32,
    pub d: u32,
}

/// Prepares a fresh copy of a code's units for running: counters start, instructions with a side entry learn its index.
/// Returns how many side entries there are.
pub fn quicken(units: &mut [u16]) -> usize {
    let mut sides = 0;
    let mut at = 0;
    while at < units.len() {
        let op = Opcode((units[at] & 0xff) as u8);
        let caches = CACHES[op.0 as usize] as usize;
        if caches > 0 && at + caches < units.len() {
            units[at + 1] = match op {
                Opcode::JUMP_BACKWARD => 4095 << 4 | MAX_BACKOFF,
                Opcode::POP_JUMP_IF_FALSE
                | Opcode::POP_JUMP_IF_TRUE
                | Opcode::POP_JUMP_IF_NONE
                | Opcode::POP_JUMP_IF_NOT_NONE => 0x5555,
                _ => WARMUP,
            };
            let side = match op {
                Opcode::LOAD_GLOBAL => Some(2),
                Opcode::STORE_ATTR => Some(4),
                _ => None,
            };
            if let Some(unit) = side {
                // An index past the end means: no entry, the instruction stays plain.
                units[at + unit] = sides.min(u16::MAX as usize) as u16;
                sides = (sides + 1).min(u16::MAX as usize);
            }
        }
        at += 1 + caches;
    }
    sides
}

/// The form an instruction is to take, or why it stays plain.
pub type Specialiser = fn(&Vm, Fp, *mut u16, u32) -> Option<Opcode>;

/// Runs a specialiser and writes what it said; true when the instruction has a form to run now. An instruction that is
/// hidden by an instrumented one stays as it is.
///
/// # Safety
/// `pc` is an instruction of the running frame, whose state is current.
#[cold]
#[inline(never)]
pub unsafe fn specialise(
    vm: &Vm,
    fp: *mut Frame,
    pc: *mut u16,
    oparg: u32,
    base: Opcode,
    chooser: Specialiser,
) -> bool {
    // SAFETY: the caller's promise; the opcode byte and the counter are units of the instruction.
    unsafe {
        if *pc as u8 == Opcode::WITNESSED.0 {
            return crate::interpreter::witness::specialise(vm, Fp::new(fp), pc, oparg, base, chooser);
        }
        if is_instrumented(*pc) {
            *pc.add(1) = backed_off(*pc.add(1));
            return false;
        }
        match chooser(vm, Fp::new(fp), pc, oparg) {
            // Watched code is not fused: the second instruction may be one that tells something.
            Some(op) if op.row().kind == Kind::Ours && (*(*fp).code).monitoring.watch().is_some() => {
                *pc.add(1) = backed_off(*pc.add(1));
                false
            }
            Some(op) => {
                *pc = (*pc & 0xff00) | op.0 as u16;
                *pc.add(1) = COOLDOWN;
                true
            }
            None => {
                *pc = (*pc & 0xff00) | base.0 as u16;
                *pc.add(1) = backed_off(*pc.add(1));
                false
            }
        }
    }
}

/// Whether a unit holds an instrumented instruction.
#[inline(always)]
pub fn is_instrumented(unit: u16) -> bool {
    (unit & 0xff) as u8 >= MIN_INSTRUMENTED_OPCODE
}

/// The counter after a failure: twice as long as before.
pub(super) fn backed_off(counter: u16) -> u16 {
    let backoff = ((counter & 15) + 1).min(MAX_BACKOFF);
    ((1 << backoff) - 1) << 4 | backoff
}

/// Cache units as numbers.
///
/// # Safety
/// The units belong to the instruction's cache.
#[inline(always)]
pub unsafe fn read32(units: *const u16) -> u32 {
    // SAFETY: two units.
    unsafe { units.cast::<u32>().read_unaligned() }
}
/// # Safety
/// As [`read32`].
#[inline(always)]
pub unsafe fn write32(units: *mut u16, value: u32) {
    // SAFETY: two units.
    unsafe { units.cast::<u32>().write_unaligned(value) }
}
/// # Safety
/// As [`read32`], four units.
#[inline(always)]
pub unsafe fn read64(units: *const u16) -> u64 {
    // SAFETY: four units.
    unsafe { units.cast::<u64>().read_unaligned() }
}
/// # Safety
/// As [`read64`].
#[inline(always)]
pub unsafe fn write64(units: *mut u16, value: u64) {
    // SAFETY: four units.
    unsafe { units.cast::<u64>().write_unaligned(value) }
}

/// Addresses of the type objects that handlers test for, at hand for quick comparison.
#[derive(Default)]
pub struct Known {
    pub ready: Cell<bool>,
    pub r#type: Cell<usize>,
    pub list: Cell<usize>,
    pub tuple: Cell<usize>,
    pub dict: Cell<usize>,
    pub str: Cell<usize>,
    pub function: Cell<usize>,
    pub method: Cell<usize>,
    pub native_function: Cell<usize>,
    pub method_descriptor: Cell<usize>,
    pub module: Cell<usize>,
    pub cell: Cell<usize>,
    pub set: Cell<usize>,
    pub frozenset: Cell<usize>,
    pub slice: Cell<usize>,
    pub generator: Cell<usize>,
    pub coroutine: Cell<usize>,
    pub list_iterator: Cell<usize>,
    pub tuple_iterator: Cell<usize>,
    pub range_iterator: Cell<usize>,
    pub ascii_iterator: Cell<usize>,
    pub enumerate: Cell<usize>,
    pub zip: Cell<usize>,
    pub dict_items: Cell<usize>,
    /// Where the classes of words that are no pointers stand (`Vm::class`).
    pub immediates: [Cell<usize>; 12],
}

impl Known {
    #[cold]
    pub fn fill(&self, vm: &Vm) {
        use crate::objects as o;
        let address = |def: &'static TypeDef| vm.ty(def).as_ptr() as usize;
        self.r#type.set(address(&o::r#type::TYPE));
        vm.fill_immediates();
        self.cell.set(address(&o::cell::CELL));
        self.set.set(address(&o::set::SET));
        self.frozenset.set(address(&o::set::FROZENSET));
        self.slice.set(address(&o::slice::SLICE));
        self.list.set(address(&o::list::LIST));
        self.tuple.set(address(&o::tuple::TUPLE));
        self.dict.set(address(&o::dict::DICT));
        self.str.set(address(&o::str::STR));
        self.function.set(address(&o::function::FUNCTION));
        self.method.set(address(&o::method::METHOD));
        self.native_function.set(address(&o::native_function::NATIVE_FUNCTION));
        self.method_descriptor.set(address(&o::native_function::METHOD_DESCRIPTOR));
        self.module.set(address(&o::module::MODULE));
        self.generator.set(address(&o::generator::GENERATOR));
        self.coroutine.set(address(&o::generator::COROUTINE));
        // Functions are told by identity; what is not there yet stays 0 and is never met.
        let word = |found: crate::vm::Res| match found {
            Ok(value) => value.bits(),
            Err(raised) => {
                vm.forget(raised);
                0
            }
        };
        if vm.interpreter().builtins.with(Option::is_some) {
            vm.exec.len_function.set(word(vm.get_builtin("len")));
            vm.exec.isinstance_function.set(word(vm.get_builtin("isinstance")));
            if let Ok(name) = vm.intern("append") {
                let found = vm.ty(&o::list::LIST).lookup(vm, &name);
                vm.exec.list_append.set(found.map_or(0, |f| f.bits()));
            }
            self.ready.set(true);
        }
    }
}

/// Whether the word is an object whose class is exactly the one at `ty`.
///
/// # Safety
/// The word holds a value.
#[inline(always)]
pub unsafe fn is_exact(word: *const Value, ty: usize) -> bool {
    // SAFETY: the caller's promise.
    match unsafe { &*word }.header() {
        Some(header) => header.type_pointer().as_ptr() as usize == ty,
        None => false,
    }
}

/// The payload of an object word.
///
/// # Safety
/// The word holds an object with payload `T`.
#[inline(always)]
pub unsafe fn payload<'a, T>(word: *const Value) -> &'a T {
    // SAFETY: the caller's promise; the object is alive while the word owns it.
    unsafe { &(*((*word).bits() as *const ophi_heap::Object<T>)).payload }
}

/// Class version of the value; 0 (matching no cache) for immediates.
///
/// # Safety
/// The word holds a value.
#[inline(always)]
pub unsafe fn class_version(word: *const Value) -> u32 {
    // SAFETY: the caller's promise.
    match unsafe { &*word }.header() {
        Some(header) => header.type_head().version.get(),
        None => 0,
    }
}
