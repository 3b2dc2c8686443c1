//! Loops over builtin iterators and generators, back-edges, starts of functions.
#![allow(unsafe_code)]

use super::{is_exact, payload};
use crate::Tuple;
use crate::Value;
use crate::frames::Fp;
use crate::interpreter::calls::RESUME;
use crate::interpreter::control::{FOR_ITER, FOR_ITER_SLOW, JUMP_BACKWARD, LOAD_CONST, safepoint_then};
use crate::interpreter::dispatch::{handlers, next};
use crate::interpreter::generators::{SEND, SEND_SLOW};
use crate::objects::generator::{Generator, State};
use crate::objects::list::List;
use crate::objects::list::iter::{LIST_ITERATOR, ListIterator};
use crate::objects::range::iter::{RANGE_ITERATOR, RangeIterator};
use crate::objects::tuple::iter::{TUPLE_ITERATOR, TupleIterator};
use crate::vm::Vm;
use ophi_bytecode::instruction::Opcode;
use ophi_heap::value::MAX_SMALL;

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
                    sp.write(item);
                    return next(pc.add(2), sp.add(1), fp, vm);
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
                    sp.write(item);
                    return next(pc.add(2), sp.add(1), fp, vm);
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
                sp.write(Value::from_bits(((value as u64) << 2) | 1));
                return next(pc.add(2), sp.add(1), fp, vm);
            }
        }
        FOR_ITER(pc, sp, fp, vm, oparg)
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
}

pub fn specialise_for_iter(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
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
    }
    None
}

pub fn specialise_send(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    let known = &vm.exec.known;
    let receiver = fp.top(2);
    // SAFETY: the word holds a value.
    let generator = unsafe { is_exact(receiver, known.generator.get()) || is_exact(receiver, known.coroutine.get()) };
    generator.then_some(Opcode::SEND_GEN)
}
