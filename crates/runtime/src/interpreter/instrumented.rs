//! Instrumented instructions: the event, then the work of the instruction they stand for. After CPython Python/bytecodes.c.
//!
//! A callback may move the frame (`f_lineno`); the handlers whose event allows that look at the frame's pc afterwards.
#![allow(unsafe_code)]

use super::calls::{call_arguments, enter_callee, finish_call, push_bound, return_value, unwrap_method};
use super::dispatch::{Flow, handlers, resume};
use super::generators::{end_async_for, jump, yield_value};
use super::unwind;
use crate::Tuple;
use crate::Value;
use crate::frames::{Fp, Frame};
use crate::monitoring::fire::{fire_at, fire_beside, fire_instruction, fire_jump, fire_line};
use crate::monitoring::{Event, code, fire, fire_exception};
use crate::native::Args;
use crate::objects::exceptions as exc;
use crate::objects::function::Function;
use crate::objects::generator::{is_coroutine, is_generator};
use crate::objects::method::BoundMethod;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use ophi_bytecode::instruction::Opcode;
use ophi_heap::value::{FALSE_BITS, NONE_BITS, TRUE_BITS};

/// Answers of [`line`] and [`instruction`] beyond opcodes.
const FAILED: u32 = 256;
const MOVED: u32 = 257;
/// Added to an opcode that ends a branch and needs to know, by its free oparg, that another event of it has been told first.
const TOLD: u32 = 512;

handlers! {
    fast INSTRUMENTED_LINE |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp;
        let op = line(vm, fp);
        if op < FAILED { return super::TABLE[op as usize](pc, sp, fp, vm, oparg); }
        if op >= TOLD { return super::TABLE[(op & 0xff) as usize](pc, sp, fp, vm, 1); }
        if op == MOVED { return resume(vm); }
        unwind::raised(pc, sp, fp, vm, 0)
    }
    fast INSTRUMENTED_INSTRUCTION |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp;
        let op = instruction(vm, fp);
        if op < FAILED { return super::TABLE[op as usize](pc, sp, fp, vm, oparg); }
        if op >= TOLD { return super::TABLE[(op & 0xff) as usize](pc, sp, fp, vm, 1); }
        if op == MOVED { return resume(vm); }
        unwind::raised(pc, sp, fp, vm, 0)
    }
    flow INSTRUMENTED_RESUME, 0 => instrumented_resume;
    flow INSTRUMENTED_RETURN_VALUE, 0 => instrumented_return;
    flow INSTRUMENTED_YIELD_VALUE, 0 => instrumented_yield;
    flow INSTRUMENTED_CALL, 3 => instrumented_call;
    flow INSTRUMENTED_CALL_KW, 3 => instrumented_call_kw;
    flow INSTRUMENTED_CALL_FUNCTION_EX, 0 => instrumented_call_ex;
    body INSTRUMENTED_LOAD_SUPER_ATTR, 1 => instrumented_super;
    flow INSTRUMENTED_JUMP_FORWARD, 0 => instrumented_jump_forward;
    flow INSTRUMENTED_JUMP_BACKWARD, 1 => instrumented_jump_backward;
    flow INSTRUMENTED_POP_JUMP_IF_TRUE, 1 => instrumented_if_true;
    flow INSTRUMENTED_POP_JUMP_IF_FALSE, 1 => instrumented_if_false;
    flow INSTRUMENTED_POP_JUMP_IF_NONE, 1 => instrumented_if_none;
    flow INSTRUMENTED_POP_JUMP_IF_NOT_NONE, 1 => instrumented_if_not_none;
    flow INSTRUMENTED_NOT_TAKEN, 0 => instrumented_not_taken;
    flow INSTRUMENTED_FOR_ITER, 1 => instrumented_for_iter;
    flow INSTRUMENTED_POP_ITER, 0 => instrumented_pop_iter;
    body INSTRUMENTED_END_FOR, 0 => instrumented_end_for;
    body INSTRUMENTED_END_SEND, 0 => instrumented_end_send;
    flow INSTRUMENTED_END_ASYNC_FOR, 0 => instrumented_end_async_for;
}

fn answer(fp: Fp, pc: *mut u16, told: Res<(Opcode, bool)>) -> u32 {
    // SAFETY: the running frame.
    let now = unsafe { (*fp.raw()).pc };
    match told {
        Ok(_) if now != pc => MOVED,
        Ok((op @ (Opcode::INSTRUMENTED_NOT_TAKEN | Opcode::INSTRUMENTED_POP_ITER), true)) => TOLD + op.0 as u32,
        Ok((op, _)) => op.0 as u32,
        Err(_) => FAILED,
    }
}

#[inline(never)]
unsafe fn line(vm: &Vm, fp: *mut Frame) -> u32 {
    // SAFETY: the running frame, its state current.
    unsafe { answer(Fp::new(fp), (*fp).pc, fire_line(vm, Fp::new(fp))) }
}

#[inline(never)]
unsafe fn instruction(vm: &Vm, fp: *mut Frame) -> u32 {
    // SAFETY: as above.
    unsafe { answer(Fp::new(fp), (*fp).pc, fire_instruction(vm, Fp::new(fp)).map(|op| (op, true))) }
}

fn pc_of(fp: Fp) -> *mut u16 {
    // SAFETY: the running frame.
    unsafe { (*fp.raw()).pc }
}

/// Goes on at `pc`.
fn go(fp: Fp, pc: *mut u16) -> Res<Flow> {
    // SAFETY: the running frame; jumps of valid code stay inside it.
    unsafe { (*fp.raw()).pc = pc };
    Ok(Flow::Switched)
}

fn instrumented_resume(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let at = pc_of(fp);
    code::enter_code(vm, fp)?;
    // SAFETY: a unit of the stream.
    if unsafe { *at & 0xff } != Opcode::INSTRUMENTED_RESUME.0 as u16 {
        return Ok(Flow::Switched);
    }
    if vm.breaker.any() && oparg & 3 < 2 {
        vm.safepoint()?;
    }
    fire(vm, fp, if oparg > 0 { Event::PyResume } else { Event::PyStart }, &[])?;
    Ok(if pc_of(fp) == at { Flow::Next } else { Flow::Switched })
}

fn instrumented_return(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let value = fp.top(1).clone();
    fire(vm, fp, Event::PyReturn, core::slice::from_ref(&value))?;
    drop(value);
    return_value(vm, fp, oparg)
}

fn instrumented_yield(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let at = pc_of(fp);
    let value = fp.top(1).clone();
    fire(vm, fp, Event::PyYield, core::slice::from_ref(&value))?;
    drop(value);
    if pc_of(fp) != at {
        return Ok(Flow::Switched);
    }
    yield_value(vm, fp, oparg)
}

fn missing(vm: &Vm) -> Value {
    vm.interpreter().monitoring.missing.get_or_none()
}

/// A native call is over: its result, unless a callback raised.
fn told_return(vm: &Vm, fp: Fp, result: Res, told: &[Value]) -> Res {
    match result {
        Ok(result) => {
            fire(vm, fp, Event::CReturn, told)?;
            Ok(result)
        }
        Err(raised) => {
            fire_beside(vm, fp, Event::CRaise, told);
            Err(raised)
        }
    }
}

fn instrumented_call(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let count = oparg as usize;
    unwrap_method(vm, fp, count + 2);
    let total = count + !fp.top(count + 1).is_unbound() as usize;
    let first = if total > 0 { fp.top(total).clone() } else { missing(vm) };
    let told = [fp.top(count + 2).clone(), first];
    fire(vm, fp, Event::Call, &told)?;
    let args = Args::positional(fp.top_slice(total));
    if let Some(function) = told[0].exact::<Function>(vm) {
        // SAFETY: the frame is complete when it enters the chain.
        unsafe {
            let callee = push_bound(vm, function, args)?;
            fp.drop_top(count + 2);
            enter_callee(vm, fp.raw(), callee, 4);
        }
        return Ok(Flow::Switched);
    }
    let result = vm.call_args(&told[0], args);
    let result = told_return(vm, fp, result, &told)?;
    finish_call(vm, fp, count + 2, result)
}

fn instrumented_call_kw(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let count = oparg as usize;
    unwrap_method(vm, fp, count + 3);
    let total = count + !fp.top(count + 2).is_unbound() as usize;
    let names = fp.top(1).downcast::<Tuple>().filter(|n| !n.is_empty());
    let args = Args { values: &fp.top_slice(total + 1)[..total], names };
    let first = args.values.first().cloned().unwrap_or_else(|| missing(vm));
    let told = [fp.top(count + 3).clone(), first];
    fire(vm, fp, Event::Call, &told)?;
    if let Some(function) = told[0].exact::<Function>(vm) {
        // SAFETY: as above.
        unsafe {
            let callee = push_bound(vm, function, args)?;
            fp.drop_top(count + 3);
            enter_callee(vm, fp.raw(), callee, 4);
        }
        return Ok(Flow::Switched);
    }
    let result = vm.call_args(&told[0], args);
    let result = told_return(vm, fp, result, &told)?;
    finish_call(vm, fp, count + 3, result)
}

fn instrumented_call_ex(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    let (values, names) = call_arguments(vm, fp)?;
    let first = match fp.top(2).downcast::<Tuple>().and_then(|t| t.as_slice().first()) {
        Some(first) => first.clone(),
        None => missing(vm),
    };
    let told = [fp.top(4).clone(), first];
    fire(vm, fp, Event::Call, &told)?;
    // Python functions too are called from here, as CPython does.
    let mut result = vm.call_args(&told[0], Args { values: &values, names: names.as_ref() });
    if told[0].exact::<Function>(vm).is_none() && told[0].exact::<BoundMethod>(vm).is_none() {
        result = told_return(vm, fp, result, &told);
    }
    drop(values);
    finish_call(vm, fp, 4, result?)
}

/// `super().name`, by way of the super object, whose making is told as a call.
fn instrumented_super(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (callee, class, receiver) = (fp.top(3).clone(), fp.top(2).clone(), fp.top(1).clone());
    let two = oparg & 2 != 0;
    let told = [callee, if two { class.clone() } else { missing(vm) }];
    fire(vm, fp, Event::Call, &told)?;
    let result = if two { vm.call(&told[0], &[class, receiver]) } else { vm.call(&told[0], &[]) };
    let object = told_return(vm, fp, result, &told)?;
    let value = vm.get_attr(&object, fp.name(oparg >> 2))?;
    fp.drop_top(3);
    fp.push(value);
    if oparg & 1 != 0 {
        fp.push(Value::UNBOUND);
    }
    Ok(())
}

/// The running frame's instruction jumps.
fn told_jump(vm: &Vm, fp: Fp, event: Event, target: usize) -> Res<Flow> {
    let at = fp.lasti() as usize;
    let to = fire_jump(vm, fp, event, at, target)?;
    go(fp, to)
}

fn instrumented_jump_forward(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    told_jump(vm, fp, Event::Jump, fp.lasti() as usize + 1 + oparg as usize)
}

fn instrumented_jump_backward(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    if vm.breaker.any() {
        vm.safepoint()?;
    }
    told_jump(vm, fp, Event::Jump, fp.lasti() as usize + 2 - oparg as usize)
}

fn told_if(vm: &Vm, fp: Fp, oparg: u32, jumps: impl FnOnce(u64) -> bool) -> Res<Flow> {
    let value = fp.pop();
    let jumps = jumps(value.bits());
    drop(value);
    if jumps { told_jump(vm, fp, Event::BranchRight, fp.lasti() as usize + 2 + oparg as usize) } else { Ok(Flow::Next) }
}

fn instrumented_if_true(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    told_if(vm, fp, oparg, |bits| bits == TRUE_BITS)
}
fn instrumented_if_false(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    told_if(vm, fp, oparg, |bits| bits == FALSE_BITS)
}
fn instrumented_if_none(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    told_if(vm, fp, oparg, |bits| bits == NONE_BITS)
}
fn instrumented_if_not_none(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    told_if(vm, fp, oparg, |bits| bits != NONE_BITS)
}

/// The unit of the branch that led to the running frame's instruction, as its tools see it: the instruction executed before, which
/// is the instruction itself when another event of it has been `told` first.
fn branch_before(fp: Fp, told: u32, branch: impl FnOnce(&crate::objects::code::Code, usize) -> usize) -> usize {
    let at = fp.lasti() as usize;
    if told != 0 { at } else { branch(fp.code(), at) }
}

fn instrumented_not_taken(vm: &Vm, fp: Fp, told: u32) -> Res<Flow> {
    let source = branch_before(fp, told, |code, at| {
        // The instruction before: a conditional jump with its cache unit, or END_SEND.
        let mut before = at;
        for (unit, _) in code::instructions(code).take_while(|(unit, _)| *unit < at) {
            before = unit;
        }
        before
    });
    let to = fire_jump(vm, fp, Event::BranchLeft, source, fp.lasti() as usize + 1)?;
    go(fp, to)
}

fn instrumented_for_iter(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let iterator = fp.top(1);
    let Some(advance) = vm.class(iterator).slots().iternext else {
        return Err(vm.type_error(format!("'{}' object is not an iterator", vm.type_name(iterator))));
    };
    match advance(vm, iterator) {
        Ok(Some(item)) => {
            fp.push(item);
            told_jump(vm, fp, Event::BranchLeft, fp.lasti() as usize + 2)
        }
        Ok(None) => jump(fp, 3 + oparg as usize),
        Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
            told_stop(vm, fp);
            vm.forget(raised);
            jump(fp, 3 + oparg as usize)
        }
        Err(raised) => Err(raised),
    }
}

/// A StopIteration that the running frame's instruction swallows is told as raised.
pub fn told_stop(vm: &Vm, fp: Fp) {
    if vm.interpreter().monitoring.wants(Event::Raise) {
        fire_exception(vm, fp, Event::Raise, fp.lasti());
    }
}

fn instrumented_pop_iter(vm: &Vm, fp: Fp, told: u32) -> Res<Flow> {
    let source = branch_before(fp, told, |code, at| {
        let mut arg = 0;
        for (unit, op) in code::instructions(code).take_while(|(unit, _)| *unit < at) {
            arg = arg << 8 | code::arg_at(code, unit);
            if op == Opcode::EXTENDED_ARG {
                continue;
            }
            // The loop's end stands before its POP_ITER.
            if op == Opcode::FOR_ITER && unit + 2 + arg + 1 == at {
                return unit;
            }
            arg = 0;
        }
        at
    });
    let to = fire_jump(vm, fp, Event::BranchRight, source, fp.lasti() as usize + 1)?;
    drop(fp.pop());
    go(fp, to)
}

/// A generator that was entered without a call has returned `value`: told as the StopIteration that it stands for (PEP 380).
fn told_stop_iteration(vm: &Vm, fp: Fp, value: &Value) -> Res<()> {
    let watched = fp.code().monitoring.watch().is_some_and(|w| w.is_active(Event::StopIteration));
    if !watched || vm.tracing.depth.get() != 0 {
        return Ok(());
    }
    let args = if value.is_none() { &[] } else { core::slice::from_ref(value) };
    let exception = exc::instantiate(vm, &exc::STOP_ITERATION, args)?;
    exc::set_context(vm, &exception);
    let at = fp.lasti();
    fire_at(vm, fp, Event::StopIteration, at as usize, at, core::slice::from_ref(&exception))
}

fn instrumented_end_for(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    if is_generator(vm, fp.top(2)) {
        told_stop_iteration(vm, fp, &fp.top(1).clone())?;
    }
    drop(fp.pop());
    Ok(())
}

fn instrumented_end_send(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    if is_generator(vm, fp.top(2)) || is_coroutine(vm, fp.top(2)) {
        told_stop_iteration(vm, fp, &fp.top(1).clone())?;
    }
    let value = fp.pop();
    drop(fp.replace_top(1, value));
    Ok(())
}

fn instrumented_end_async_for(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let ends = vm.class(fp.top(1)).is_subtype(vm.ty(&exc::STOP_ASYNC_ITERATION));
    if !ends {
        return end_async_for(vm, fp, oparg);
    }
    // The branch is that of the END_SEND to which the oparg leads back.
    let next = fp.lasti() as usize + 1;
    let to = fire_jump(vm, fp, Event::BranchRight, next.saturating_sub(oparg as usize), next)?;
    fp.drop_top(2);
    go(fp, to)
}
