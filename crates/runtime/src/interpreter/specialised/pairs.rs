//! Loops that take pairs apart: `for i, x in enumerate(...)`, `zip(a, b)`, `d.items()`.
//!
//! When UNPACK_SEQUENCE 2 follows FOR_ITER, the two items go to the stack as it would leave them, and no tuple is made.
#![allow(unsafe_code)]

use super::loops::{FOR_ITER_NATIVE, for_iter_raised};
use super::payload;
use crate::Value;
use crate::interpreter::control::FOR_ITER;
use crate::interpreter::dispatch::{handlers, next};
use crate::objects::dict::iter::DictIterator;
use crate::objects::iterators::enumerate::Enumerate;
use crate::objects::iterators::zip::Zip;
use crate::vm::{Res, Vm};
use ophi_bytecode::instruction::Opcode;

/// Whether the unit is UNPACK_SEQUENCE 2, specialised or not.
#[inline(always)]
fn unpacks_two(unit: u16) -> bool {
    let op = unit as u8;
    unit >> 8 == 2
        && (op == Opcode::UNPACK_SEQUENCE_TWO_TUPLE.0
            || op == Opcode::UNPACK_SEQUENCE.0
            || op == Opcode::UNPACK_SEQUENCE_TUPLE.0)
}

handlers! {
    fast FOR_ITER_PAIR |pc, sp, fp, vm, oparg| {
        if !unpacks_two(*pc.add(2)) { return FOR_ITER_NATIVE(pc, sp, fp, vm, oparg); }
        let iterator = sp.sub(1);
        let Some(header) = (*iterator).header() else { return FOR_ITER(pc, sp, fp, vm, oparg) };
        let class = header.type_pointer().as_ptr() as usize;
        let known = &vm.exec.known;
        (*fp).pc = pc;
        (*fp).sp = sp;
        let more = if class == known.enumerate.get() {
            next_numbered(vm, &*iterator, sp)
        } else if class == known.dict_items.get() {
            next_entry(vm, &*iterator, sp)
        } else if class == known.zip.get() && payload::<Zip>(iterator).iterators.len() == 2 {
            next_zipped(vm, &*iterator, sp)
        } else {
            return FOR_ITER(pc, sp, fp, vm, oparg);
        };
        match more {
            Ok(true) => next(pc.add(4), sp.add(2), fp, vm),
            Ok(false) => next(pc.add(3 + oparg as usize), sp, fp, vm),
            Err(_) => for_iter_raised(pc, sp, fp, vm, oparg),
        }
    }
}

/// Writes a pair to two free words: the first item on top.
///
/// # Safety
/// The words at `out` are free.
#[inline(always)]
unsafe fn put(out: *mut Value, first: Value, second: Value) {
    // SAFETY: the caller's promise.
    unsafe {
        out.write(second);
        out.add(1).write(first);
    }
}

#[inline(never)]
unsafe fn next_numbered(vm: &Vm, iterator: &Value, out: *mut Value) -> Res<bool> {
    // SAFETY: the caller checked the class.
    let enumerate: &Enumerate = unsafe { payload(iterator) };
    match enumerate.advance(vm)? {
        Some((index, item)) => {
            // SAFETY: free words.
            unsafe { put(out, index, item) };
            Ok(true)
        }
        None => Ok(false),
    }
}

#[inline(never)]
unsafe fn next_entry(vm: &Vm, iterator: &Value, out: *mut Value) -> Res<bool> {
    // SAFETY: the caller checked the class.
    let items: &DictIterator = unsafe { payload(iterator) };
    match items.forward_pair(vm)? {
        Some((key, value)) => {
            // SAFETY: free words.
            unsafe { put(out, key, value) };
            Ok(true)
        }
        None => Ok(false),
    }
}

#[inline(never)]
unsafe fn next_zipped(vm: &Vm, iterator: &Value, out: *mut Value) -> Res<bool> {
    // SAFETY: the caller checked the class.
    let zip: &Zip = unsafe { payload(iterator) };
    match zip.advance_two(vm)? {
        Some((first, second)) => {
            // SAFETY: free words.
            unsafe { put(out, first, second) };
            Ok(true)
        }
        None => Ok(false),
    }
}
