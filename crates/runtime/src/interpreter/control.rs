//! Moving values between locals, constants and the operand stack; jumps; loops.
#![allow(unsafe_code)]

use super::dispatch::{Exit, FUSED, Flow, handlers, next};
use super::generators::{enter_generator, enterable, jump};
use super::specialised::arithmetic::specialise_to_bool;
use super::specialised::loops::specialise_for_iter;
use crate::Value;
use crate::frames::{Fp, Frame, locals_of};
use crate::objects::exceptions as exc;
use crate::vm::{Res, Vm};
use ophi_bytecode::instruction::Opcode;
use ophi_heap::value::{FALSE_BITS, NONE_BITS, TRUE_BITS};

/// Gives up one reference of a word that is read for the last time. True when it is the last one: then the object is untouched
/// and the caller must let [`pop_free`] drop it.
///
/// # Safety
/// The word owns a value.
#[inline(always)]
pub unsafe fn give_up(word: *const Value) -> bool {
    // SAFETY: the caller's promise.
    let value = unsafe { &*word };
    if let Some(header) = value.header() {
        let count = header.count();
        if count as i32 > 1 {
            header.decrement();
        }
        return count == 1;
    }
    false
}

/// Drops the value that stands in the free word at `sp` and goes on at `pc`.
///
/// # Safety
/// As for handlers; the word at `sp` owns a value that nobody else will drop.
#[inline(never)]
pub unsafe fn pop_free(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, _: u32) -> Exit {
    // SAFETY: the caller's promise; the frame's state is stored because a destructor may look at it.
    unsafe {
        (*fp).pc = pc.sub(1);
        (*fp).sp = sp;
        drop_word(sp);
        next(pc, sp, fp, vm)
    }
}

/// Gives up the marked ones (bits 0 and 1) of the two free words at `sp`, the upper one first, and goes on at `pc`.
///
/// # Safety
/// As for handlers; the marked words own values that nobody else will drop.
#[inline(never)]
pub unsafe fn pop_free_two(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, which: u32) -> Exit {
    // SAFETY: as for `pop_free`.
    unsafe {
        (*fp).pc = pc.sub(1);
        (*fp).sp = sp;
        if which & 2 != 0 {
            drop_word(sp.add(1));
        }
        if which & 1 != 0 {
            drop_word(sp);
        }
        next(pc, sp, fp, vm)
    }
}

/// Drops the value in a word.
///
/// # Safety
/// The word owns a value that nobody else will drop.
#[inline(never)]
pub unsafe fn drop_word(word: *mut Value) {
    // SAFETY: the caller's promise.
    unsafe { drop(word.read()) }
}

/// The breaker is set: serves it and goes on at `pc`.
///
/// # Safety
/// As for handlers.
#[cold]
#[inline(never)]
pub unsafe fn safepoint_then(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, _: u32) -> Exit {
    // SAFETY: as for handlers.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp;
        match vm.safepoint() {
            Ok(()) => next(pc, sp, fp, vm),
            Err(_) => super::unwind::raised(pc, sp, fp, vm, 0),
        }
    }
}

/// Where a conditional jump that is not taken goes on: past the NOT_TAKEN that marks it.
///
/// # Safety
/// `pc` points into the stream.
#[inline(always)]
pub unsafe fn fall_through(pc: *mut u16) -> *mut u16 {
    // SAFETY: the caller's promise.
    unsafe { if *pc & 0xff == Opcode::NOT_TAKEN.0 as u16 { pc.add(1) } else { pc } }
}

/// The truth value of a test goes to the stack, or decides at once where the conditional jump that nearly always follows goes. `pc` stands
/// behind the test, `sp` where its result belongs.
///
/// # Safety
/// As for handlers.
#[inline(always)]
pub unsafe fn compare_jump(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, truth: bool) -> Exit {
    // SAFETY: the caller's promise.
    unsafe {
        let unit = *pc;
        if FUSED && unit as u8 == Opcode::POP_JUMP_IF_FALSE.0 {
            let after = pc.add(2);
            return if truth {
                next(fall_through(after), sp, fp, vm)
            } else {
                next(after.add((unit >> 8) as usize), sp, fp, vm)
            };
        }
        if FUSED && unit as u8 == Opcode::POP_JUMP_IF_TRUE.0 {
            let after = pc.add(2);
            return if truth {
                next(after.add((unit >> 8) as usize), sp, fp, vm)
            } else {
                next(fall_through(after), sp, fp, vm)
            };
        }
        sp.write(Value::bool(truth));
        next(pc, sp.add(1), fp, vm)
    }
}

#[inline(always)]
unsafe fn local<'a>(fp: *mut Frame, index: u32) -> &'a mut Value {
    // SAFETY: slot numbers of valid code are in range.
    unsafe { &mut *locals_of(fp).add(index as usize) }
}

/// Pushes a copy of a word.
#[inline(always)]
unsafe fn push_copy(sp: *mut Value, value: &Value) {
    // SAFETY: the word at sp is free.
    unsafe { sp.write(value.clone()) }
}

/// Moves `value` into the slot and leaves what was there in the free word at `free`; true when that word still must be dropped.
#[inline(always)]
unsafe fn store(fp: *mut Frame, index: u32, value: Value, free: *mut Value) -> bool {
    // SAFETY: the caller's words.
    unsafe {
        let slot = locals_of(fp).add(index as usize);
        let old = slot.read();
        slot.write(value);
        free.write(old);
        give_up(free)
    }
}

handlers! {
    fast CACHE |pc, sp, fp, vm, oparg| { unknown(pc, sp, fp, vm, oparg) }
    fast RESERVED |pc, sp, fp, vm, oparg| { read_body(pc, sp, fp, vm) }
    fast ENTER_EXECUTOR |pc, sp, fp, vm, oparg| { unknown(pc, sp, fp, vm, oparg) }
    fast UNKNOWN |pc, sp, fp, vm, oparg| { unknown(pc, sp, fp, vm, oparg) }
    fast NOP |pc, sp, fp, vm, oparg| { next(pc.add(1), sp, fp, vm) }
    fast NOT_TAKEN |pc, sp, fp, vm, oparg| { next(pc.add(1), sp, fp, vm) }
    fast POP_TOP |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if give_up(sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    fast POP_ITER |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if give_up(sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    fast END_FOR |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if give_up(sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    fast COPY |pc, sp, fp, vm, oparg| {
        push_copy(sp, &*sp.sub(oparg as usize));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast SWAP |pc, sp, fp, vm, oparg| {
        core::ptr::swap(sp.sub(1), sp.sub(oparg as usize));
        next(pc.add(1), sp, fp, vm)
    }
    fast LOAD_CONST |pc, sp, fp, vm, oparg| {
        push_copy(sp, (*(*fp).code).const_at(oparg as usize));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast LOAD_SMALL_INT |pc, sp, fp, vm, oparg| {
        // An addition or subtraction that follows is done at once; a miss leaves it to its own handler.
        let following = (*pc.add(1) & 0xff) as u8;
        let left = (*sp.sub(1)).bits();
        if left & 3 == 1 && FUSED {
            if following == Opcode::BINARY_OP_ADD_INT.0
                && let Some(sum) = (left as i64).checked_add((oparg as i64) << 2)
            {
                sp.sub(1).write(Value::from_bits(sum as u64));
                return next(pc.add(7), sp, fp, vm);
            }
            if following == Opcode::BINARY_OP_SUBTRACT_INT.0
                && let Some(difference) = (left as i64).checked_sub((oparg as i64) << 2)
            {
                sp.sub(1).write(Value::from_bits(difference as u64));
                return next(pc.add(7), sp, fp, vm);
            }
        }
        sp.write(Value::int32(oparg as i32));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast LOAD_FAST |pc, sp, fp, vm, oparg| {
        push_copy(sp, local(fp, oparg));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast LOAD_FAST_BORROW |pc, sp, fp, vm, oparg| {
        push_copy(sp, local(fp, oparg));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast LOAD_FAST_LOAD_FAST |pc, sp, fp, vm, oparg| {
        push_copy(sp, local(fp, oparg >> 4));
        push_copy(sp.add(1), local(fp, oparg & 15));
        next(pc.add(1), sp.add(2), fp, vm)
    }
    fast LOAD_FAST_BORROW_LOAD_FAST_BORROW |pc, sp, fp, vm, oparg| {
        push_copy(sp, local(fp, oparg >> 4));
        push_copy(sp.add(1), local(fp, oparg & 15));
        next(pc.add(1), sp.add(2), fp, vm)
    }
    fast LOAD_FAST_CHECK |pc, sp, fp, vm, oparg| {
        let value = local(fp, oparg);
        if value.is_unbound() { return unbound_local(pc, sp, fp, vm, oparg); }
        push_copy(sp, value);
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast LOAD_FAST_AND_CLEAR |pc, sp, fp, vm, oparg| {
        sp.write(core::ptr::replace(local(fp, oparg), Value::UNBOUND));
        next(pc.add(1), sp.add(1), fp, vm)
    }
    fast STORE_FAST |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if store(fp, oparg, sp.read(), sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    fast STORE_FAST_LOAD_FAST |pc, sp, fp, vm, oparg| {
        // The value loaded goes where the one stored stood; what was displaced waits above it.
        let value = sp.sub(1).read();
        let last = store(fp, oparg >> 4, value, sp);
        push_copy(sp.sub(1), local(fp, oparg & 15));
        if last { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    fast STORE_FAST_STORE_FAST |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        let value = sp.read();
        let first = store(fp, oparg >> 4, value, sp);
        let value = sp.sub(1).read();
        let slot = local(fp, oparg & 15);
        let old = core::ptr::replace(slot, value);
        sp.sub(1).write(old);
        let second = give_up(sp.sub(1));
        if first || second { return free_two(pc, sp, fp, vm, first as u32 | (second as u32) << 1); }
        next(pc.add(1), sp.sub(1), fp, vm)
    }
    body DELETE_FAST, 0 => delete_fast;
    fast JUMP_FORWARD |pc, sp, fp, vm, oparg| { next(pc.add(1 + oparg as usize), sp, fp, vm) }
    fast JUMP_BACKWARD |pc, sp, fp, vm, oparg| {
        pc = pc.add(2).sub(oparg as usize);
        if vm.breaker.any() { return safepoint_then(pc, sp, fp, vm, 0); }
        next(pc, sp, fp, vm)
    }
    fast JUMP_BACKWARD_NO_INTERRUPT |pc, sp, fp, vm, oparg| { next(pc.add(1).sub(oparg as usize), sp, fp, vm) }
    fast POP_JUMP_IF_FALSE |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        pc = if (*sp).bits() == FALSE_BITS { pc.add(2 + oparg as usize) } else { fall_through(pc.add(2)) };
        next(pc, sp, fp, vm)
    }
    fast POP_JUMP_IF_TRUE |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        pc = if (*sp).bits() == TRUE_BITS { pc.add(2 + oparg as usize) } else { fall_through(pc.add(2)) };
        next(pc, sp, fp, vm)
    }
    fast POP_JUMP_IF_NONE |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if (*sp).bits() == NONE_BITS { return next(pc.add(2 + oparg as usize), sp, fp, vm); }
        if give_up(sp) { return pop_free(pc.add(2), sp, fp, vm, 0); }
        next(pc.add(2), sp, fp, vm)
    }
    fast POP_JUMP_IF_NOT_NONE |pc, sp, fp, vm, oparg| {
        sp = sp.sub(1);
        if (*sp).bits() == NONE_BITS { return next(pc.add(2), sp, fp, vm); }
        pc = pc.add(2 + oparg as usize);
        if give_up(sp) { return pop_free(pc, sp, fp, vm, 0); }
        next(pc, sp, fp, vm)
    }
    fast EXTENDED_ARG |pc, sp, fp, vm, oparg| {
        let unit = *pc.add(1);
        super::TABLE[(unit & 0xff) as usize](pc.add(1), sp, fp, vm, oparg << 8 | (unit >> 8) as u32)
    }
    fast UNARY_NOT |pc, sp, fp, vm, oparg| {
        let top = sp.sub(1);
        top.write(Value::bool((*top).bits() == FALSE_BITS));
        next(pc.add(1), sp, fp, vm)
    }
    fast IS_OP |pc, sp, fp, vm, oparg| {
        let same = (*sp.sub(2)).bits() == (*sp.sub(1)).bits();
        let first = give_up(sp.sub(2));
        let second = give_up(sp.sub(1));
        let answer = same != (oparg != 0);
        if first || second {
            // The answer must not cover what is still to be dropped.
            return is_op_free(pc, sp, fp, vm, first as u32 | (second as u32) << 1 | (answer as u32) << 2);
        }
        compare_jump(pc.add(1), sp.sub(2), fp, vm, answer)
    }
    adaptive FOR_ITER, FOR_ITER_SLOW => specialise_for_iter;
    flow FOR_ITER_SLOW, 1 => for_iter;
    body GET_ITER, 0 => get_iter;
    body TO_BOOL_SLOW, 3 => to_bool;
    adaptive TO_BOOL, TO_BOOL_SLOW => specialise_to_bool;
    body LOAD_COMMON_CONSTANT, 0 => load_common_constant;
}

#[inline(never)]
unsafe fn free_two(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, which: u32) -> Exit {
    // SAFETY: the marked words at sp - 1 and sp own values that nobody else drops.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp.sub(1);
        if which & 1 != 0 {
            drop_word(sp);
        }
        if which & 2 != 0 {
            drop_word(sp.sub(1));
        }
        next(pc.add(1), sp.sub(1), fp, vm)
    }
}

#[inline(never)]
unsafe fn is_op_free(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, which: u32) -> Exit {
    // SAFETY: the marked words at sp - 2 and sp - 1 own values that nobody else drops.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp.sub(2);
        if which & 2 != 0 {
            drop_word(sp.sub(1));
        }
        if which & 1 != 0 {
            drop_word(sp.sub(2));
        }
        sp.sub(2).write(Value::bool(which & 4 != 0));
        next(pc.add(1), sp.sub(1), fp, vm)
    }
}

#[cold]
#[inline(never)]
unsafe fn unknown(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, oparg: u32) -> Exit {
    // SAFETY: as for handlers.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp;
        raise_unknown(vm, fp, pc);
        super::unwind::raised(pc, sp, fp, vm, oparg)
    }
}

#[cold]
#[inline(never)]
unsafe fn unbound_local(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm, oparg: u32) -> Exit {
    // SAFETY: as for handlers.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp;
        raise_unbound(vm, Fp::new(fp), oparg);
        super::unwind::raised(pc, sp, fp, vm, oparg)
    }
}

/// The code's body is not read yet: reads it and begins with its first instruction.
#[cold]
#[inline(never)]
unsafe fn read_body(pc: *mut u16, sp: *mut Value, fp: *mut Frame, vm: &Vm) -> Exit {
    // SAFETY: as for handlers; the frame was made for this code, whose stream begins where its body says.
    unsafe {
        (*fp).pc = pc;
        (*fp).sp = sp;
        let code = &*(*fp).code;
        if code.body(vm).is_err() {
            return super::unwind::raised(pc, sp, fp, vm, 0);
        }
        (*fp).pc = code.units();
        next(code.units(), sp, fp, vm)
    }
}

#[inline(never)]
fn raise_unknown(vm: &Vm, fp: *mut Frame, pc: *mut u16) {
    // SAFETY: a live frame's code; `pc` is inside its stream.
    let at = unsafe { pc.offset_from((*(*fp).code).units()) }.max(0) as usize;
    // SAFETY: as above.
    let opcode = crate::monitoring::code::byte_at(unsafe { &*(*fp).code }, at);
    let _ = vm.system_error(format!("unknown opcode {opcode}"));
}

#[inline(never)]
fn raise_unbound(vm: &Vm, fp: Fp, oparg: u32) {
    let _ = super::names::unbound_local(vm, fp, oparg);
}

fn delete_fast(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let old = fp.replace_local(oparg, Value::UNBOUND);
    if old.is_unbound() {
        return Err(super::names::unbound_local(vm, fp, oparg));
    }
    Ok(())
}

fn for_iter(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let iterator = fp.top(1);
    // In watched code the plain form calls its iterator, as CPython's does: how a generator's end is told depends on it.
    if fp.code().monitoring.watch().is_none()
        && let Some(generator) = enterable(vm, iterator)
        && super::generators::is_plain_generator(vm, iterator)
    {
        // SAFETY: enterable; it goes on behind FOR_ITER when it yields and at END_FOR when it returns.
        unsafe {
            (*fp.raw()).return_offset = 2 + oparg as u16;
            enter_generator(vm, generator, Value::NONE)?;
        }
        return Ok(Flow::Switched);
    }
    let Some(advance) = vm.class(iterator).slots().iternext else {
        return Err(vm.type_error(format!("'{}' object is not an iterator", vm.type_name(iterator))));
    };
    match advance(vm, iterator) {
        Ok(Some(item)) => {
            fp.push(item);
            Ok(Flow::Next)
        }
        Ok(None) => jump(fp, 3 + oparg as usize),
        Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
            super::instrumented::told_stop(vm, fp);
            vm.forget(raised);
            jump(fp, 3 + oparg as usize)
        }
        Err(raised) => Err(raised),
    }
}

fn get_iter(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let iterator = vm.iter(fp.top(1))?;
    drop(fp.replace_top(1, iterator));
    Ok(())
}

fn to_bool(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let truth = vm.is_true(fp.top(1))?;
    drop(fp.replace_top(1, Value::bool(truth)));
    Ok(())
}

fn common_function(vm: &Vm, index: usize) -> Res {
    match vm.interpreter().common.with(|all| all.get(index).cloned()) {
        Some(function) => Ok(function),
        None => Err(vm.system_error("a common constant is missing")),
    }
}

fn load_common_constant(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = match oparg {
        0 => vm.ty(&exc::ASSERTION_ERROR).to_value(),
        1 => vm.ty(&exc::NOT_IMPLEMENTED_ERROR).to_value(),
        2 => vm.ty_of::<crate::Tuple>().to_value(),
        3 => common_function(vm, 0)?,
        _ => common_function(vm, 1)?,
    };
    fp.push(value);
    Ok(())
}
