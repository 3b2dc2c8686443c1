//! Loops over builtin iterators and generators, back-edges, starts of functions.
#![allow(unsafe_code)]

use super::{is_exact, payload};
use crate::frames::{Fp, Frame, locals_of};
use crate::interpreter::calls::RESUME;
use crate::interpreter::control::{
    FOR_ITER, FOR_ITER_SLOW, JUMP_BACKWARD, LOAD_CONST, give_up, pop_free, safepoint_then,
};
use crate::interpreter::dispatch::{Exit, FUSED, Flow, handlers, next};
use crate::interpreter::generators::{SEND, SEND_SLOW, jump};
use crate::interpreter::witness::opcode_at;
use crate::objects::dict::iter::ITEM_ITERATOR;
use crate::objects::exceptions as exc;
use crate::objects::generator::{Generator, State};
use crate::objects::iterators::enumerate::ENUMERATE;
use crate::objects::iterators::zip::{ZIP, Zip};
use crate::objects::list::List;
use crate::objects::list::iter::{LIST_ITERATOR, ListIterator};
use crate::objects::range::iter::{RANGE_ITERATOR, RangeIterator};
use crate::objects::str::iter::{STR_ASCII_ITERATOR, StrIterator};
use crate::objects::str::{Data, Str};
use crate::objects::tuple::iter::{TUPLE_ITERATOR, TupleIterator};
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, Value};
use ophi_bytecode::instruction::Opcode;
use ophi_heap::value::MAX_SMALL;

/// The item goes to the stack, or at once to the local that STORE_FAST names.
///
/// # Safety
/// As for handlers; `pc` stands behind FOR_ITER, the word at `sp` is free.
#[inline(always)]
unsafe fn item_stored(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, item: Value) -> Exit {
    // SAFETY: the caller's promise.
    unsafe {
        let unit = *pc;
        if FUSED && (unit as u8 == Opcode::STORE_FAST.0 || unit as u8 == Opcode::STORE_FAST__LOAD_FAST_BORROW.0) {
            let slot = locals_of(fp).add((unit >> 8) as usize);
            sp.write(core::ptr::replace(slot, item));
            if give_up(sp) {
                return pop_free(pc.add(1), sp, fp, vm, 0);
            }
            return next(pc.add(1), sp, fp, vm);
        }
        sp.write(item);
        next(pc, sp.add(1), fp, vm)
    }
}

handlers! {
    fast FOR_ITER_LIST |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.list_iterator.get()) {
            let iterator: &ListIterator = payload(sp.sub(1));
            let word: &Option<Value> = &*iterator.list.as_ptr();
            if let Some(list) = word {
                let list: &List = payload(list);
                let index = iterator.index.get();
                if let Some(item) = (&*list.items.as_ptr()).get(index) {
                    let item = item.clone();
                    iterator.index.set(index + 1);
                    return item_stored(pc.add(2), sp, fp, vm, item);
                }
                // The end: the plain form lets the list go.
                return FOR_ITER_SLOW(pc, sp, fp, vm, oparg);
            }
            return next(pc.add(3 + oparg as usize), sp, fp, vm);
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
    }
    fast FOR_ITER_TUPLE |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.tuple_iterator.get()) {
            let iterator: &TupleIterator = payload(sp.sub(1));
            let word: &Option<Value> = &*iterator.tuple.as_ptr();
            if let Some(tuple) = word {
                let tuple: &Tuple = payload(tuple);
                let index = iterator.index.get();
                if let Some(item) = tuple.as_slice().get(index) {
                    let item = item.clone();
                    iterator.index.set(index + 1);
                    return item_stored(pc.add(2), sp, fp, vm, item);
                }
                return FOR_ITER_SLOW(pc, sp, fp, vm, oparg);
            }
            return next(pc.add(3 + oparg as usize), sp, fp, vm);
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
    }
    fast FOR_ITER_RANGE |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.range_iterator.get()) {
            let iterator: &RangeIterator = payload(sp.sub(1));
            let left = iterator.left.get();
            if left <= 0 {
                return next(pc.add(3 + oparg as usize), sp, fp, vm);
            }
            let value = iterator.next.get();
            if value.unsigned_abs() <= MAX_SMALL as u64 {
                iterator.left.set(left - 1);
                iterator.next.set(value.wrapping_add(iterator.step.get()));
                return item_stored(pc.add(2), sp, fp, vm, Value::from_bits(((value as u64) << 2) | 1));
            }
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
    }
    fast FOR_ITER_NATIVE |pc, sp, fp, vm, oparg| {
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_pointer().as_ptr() as usize != vm.exec.known.generator.get()
        {
            if header.type_pointer().as_ptr() as usize == vm.exec.known.ascii_iterator.get() {
                return for_iter_ascii(pc, sp, fp, vm, oparg);
            }
            let class: &Type = &(*header.type_pointer().as_ptr().cast::<ophi_heap::Object<Type>>()).payload;
            if let Some(advance) = class.slots().iternext {
                (*fp).pc = pc;
                (*fp).sp = sp;
                return match advance(vm, &*sp.sub(1)) {
                    Ok(Some(item)) => {
                        sp.write(item);
                        next(pc.add(2), sp.add(1), fp, vm)
                    }
                    Ok(None) => next(pc.add(3 + oparg as usize), sp, fp, vm),
                    Err(_) => for_iter_raised(pc, sp, fp, vm, oparg),
                };
            }
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
    }
    flow for_iter_raised, 1 => stop_or_raise;
    fast for_iter_ascii |pc, sp, fp, vm, oparg| {
        let iterator: &StrIterator = payload(sp.sub(1));
        let word: &Option<Value> = &*iterator.text.as_ptr();
        if let Some(text) = word {
            // Such iterators are made for exact strings only.
            let index = iterator.index.get();
            if let Data::Ascii(bytes) = payload::<Str>(text).data()
                && let Some(byte) = bytes.get(index)
                && let Some(item) = vm.known_single(*byte)
            {
                let item = item.clone().into_value();
                iterator.index.set(index + 1);
                return item_stored(pc.add(2), sp, fp, vm, item);
            }
        }
        FOR_ITER_SLOW(pc, sp, fp, vm, oparg)
    }
    fast FOR_ITER_GEN |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.generator.get()) {
            let generator: &Generator = payload(sp.sub(1));
            let left = vm.recursion_left.get() - 1;
            let ready = matches!(generator.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom);
            if ready && left >= 0 {
                vm.recursion_left.set(left);
                (*fp).pc = pc;
                (*fp).sp = sp;
                (*fp).return_offset = 2 + oparg as u16;
                let callee = generator.frame();
                let top = (*callee).sp;
                top.write(Value::NONE);
                (*callee).previous = fp;
                generator.state.set(State::Executing);
                vm.handled.push_level(&generator.handled);
                vm.exec.frame.set(callee);
                return next((*callee).pc, top.add(1), callee, vm);
            }
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
    }
    fast SEND_GEN |pc, sp, fp, vm, oparg| {
        let receiver = sp.sub(2);
        if is_exact(receiver, vm.exec.known.generator.get()) || is_exact(receiver, vm.exec.known.coroutine.get()) {
            let generator: &Generator = payload(receiver);
            let left = vm.recursion_left.get() - 1;
            let state = generator.state.get();
            let ready = matches!(state, State::Suspended | State::SuspendedYieldFrom)
                || (state == State::Created && (*sp.sub(1)).is_none());
            if ready && left >= 0 {
                vm.recursion_left.set(left);
                (*fp).pc = pc;
                (*fp).sp = sp.sub(1);
                (*fp).return_offset = 2 + oparg as u16;
                let callee = generator.frame();
                let top = (*callee).sp;
                top.write(sp.sub(1).read());
                (*callee).previous = fp;
                generator.state.set(State::Executing);
                vm.handled.push_level(&generator.handled);
                vm.exec.frame.set(callee);
                return next((*callee).pc, top.add(1), callee, vm);
            }
            return SEND_SLOW(pc, sp, fp, vm, oparg);
        }
        SEND(pc, sp, fp, vm, oparg)
    }
    fast JUMP_BACKWARD_NO_JIT |pc, sp, fp, vm, oparg| {
        pc = pc.add(2).sub(oparg as usize);
        if vm.breaker.any() { return safepoint_then(pc, sp, fp, vm, 0); }
        next(pc, sp, fp, vm)
    }
    fast JUMP_BACKWARD_JIT |pc, sp, fp, vm, oparg| { JUMP_BACKWARD(pc, sp, fp, vm, oparg) }
    fast RESUME_CHECK |pc, sp, fp, vm, oparg| {
        if vm.breaker.any() { return RESUME(pc, sp, fp, vm, oparg); }
        next(pc.add(1), sp, fp, vm)
    }
    fast LOAD_CONST_IMMORTAL |pc, sp, fp, vm, oparg| { LOAD_CONST(pc, sp, fp, vm, oparg) }
    fast LOAD_CONST_MORTAL |pc, sp, fp, vm, oparg| { LOAD_CONST(pc, sp, fp, vm, oparg) }
}

/// Addresses of the iterators' classes.
pub fn fill_known(vm: &Vm) {
    let known = &vm.exec.known;
    known.list_iterator.set(vm.ty(&LIST_ITERATOR).as_ptr() as usize);
    known.tuple_iterator.set(vm.ty(&TUPLE_ITERATOR).as_ptr() as usize);
    known.range_iterator.set(vm.ty(&RANGE_ITERATOR).as_ptr() as usize);
    known.ascii_iterator.set(vm.ty(&STR_ASCII_ITERATOR).as_ptr() as usize);
    known.enumerate.set(vm.ty(&ENUMERATE).as_ptr() as usize);
    known.zip.set(vm.ty(&ZIP).as_ptr() as usize);
    known.dict_items.set(vm.ty(&ITEM_ITERATOR).as_ptr() as usize);
}

pub(crate) fn specialise_for_iter(vm: &Vm, fp: Fp, pc: *mut u16, _: u32) -> Option<Opcode> {
    let known = &vm.exec.known;
    let iterator = fp.top(1);
    // SAFETY: the word holds a value.
    unsafe {
        if is_exact(iterator, known.list_iterator.get()) {
            return Some(Opcode::FOR_ITER_LIST);
        }
        if is_exact(iterator, known.tuple_iterator.get()) {
            return Some(Opcode::FOR_ITER_TUPLE);
        }
        if is_exact(iterator, known.range_iterator.get()) {
            return Some(Opcode::FOR_ITER_RANGE);
        }
        if is_exact(iterator, known.generator.get()) {
            return Some(Opcode::FOR_ITER_GEN);
        }
        let pairs = is_exact(iterator, known.enumerate.get())
            || is_exact(iterator, known.dict_items.get())
            || is_exact(iterator, known.zip.get()) && payload::<Zip>(iterator).iterators.len() == 2;
        if pairs && opcode_at(fp, pc.add(2)).deopt() == Opcode::UNPACK_SEQUENCE && *pc.add(2) >> 8 == 2 {
            return Some(Opcode::FOR_ITER_PAIR);
        }
    }
    vm.class(iterator).slots().iternext.map(|_| Opcode::FOR_ITER_NATIVE)
}

/// An iterator raised: StopIteration ends the loop, anything else goes on.
fn stop_or_raise(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let Some(exception) = vm.put_aside() else {
        return Err(vm.system_error("an iterator failed without an exception"));
    };
    let raised = vm.raise_again(exception);
    if vm.raised_is(&exc::STOP_ITERATION) {
        vm.forget(raised);
        return jump(fp, 3 + oparg as usize);
    }
    Err(raised)
}

pub fn specialise_send(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    let known = &vm.exec.known;
    let receiver = fp.top(2);
    // SAFETY: the word holds a value.
    let generator = unsafe { is_exact(receiver, known.generator.get()) || is_exact(receiver, known.coroutine.get()) };
    generator.then_some(Opcode::SEND_GEN)
}
