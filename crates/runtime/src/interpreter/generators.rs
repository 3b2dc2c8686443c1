//! Generators at work: RETURN_GENERATOR, YIELD_VALUE, SEND, and resuming from native code.
//!
//! A generator's frame lies inside its object and runs in the same loop as everything else: resumed by FOR_ITER or SEND it is put on top of
//! the chain; a yield takes it off again. After CPython Objects/genobject.c (`gen_send_ex2`) and Python/bytecodes.c.
#![allow(unsafe_code)]

use super::Entry;
use super::control::{give_up, pop_free};
use super::dispatch::{Exit, Flow, handlers, next};
use super::instrumented::told_stop;
use super::specialised::loops::specialise_send;
use crate::frames::{Fp, Frame};
use crate::monitoring::{self, Event};
use crate::objects::generator::{Generator, State, coroutine, is_coroutine, is_generator};
use crate::objects::r#type::slot_functions;
use crate::objects::{exceptions as exc, generator};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeFlags, Value};
use ophi_bytecode::code::flags;

/// What a resumed generator gave.
pub enum Sent {
    Yielded(Value),
    Returned(Value),
}

handlers! {
    flow RETURN_GENERATOR, 0 => return_generator;
    fast YIELD_VALUE |pc, sp, fp, vm, oparg| {
        // The value goes to whoever runs the generator; only generators' frames yield.
        let generator = Generator::of_frame(fp);
        generator.state.set(if oparg == 1 { State::SuspendedYieldFrom } else { State::Suspended });
        vm.handled.pop_level();
        (*fp).pc = pc.add(1);
        (*fp).sp = sp.sub(1);
        let caller = (*fp).previous;
        (*fp).previous = core::ptr::null_mut();
        vm.exec.frame.set(caller);
        vm.leave_call();
        let caller_sp = (*caller).sp;
        caller_sp.write(sp.sub(1).read());
        // Both FOR_ITER and SEND have one cache unit; shims are laid out alike.
        next((*caller).pc.add(2), caller_sp.add(1), caller, vm)
    }
    adaptive SEND, SEND_SLOW => specialise_send;
    flow SEND_SLOW, 1 => send_op;
    fast END_SEND |pc, sp, fp, vm, oparg| {
        // The receiver goes, the value stays.
        let value = sp.sub(1).read();
        let receiver = core::ptr::replace(sp.sub(2), value);
        sp = sp.sub(1);
        sp.write(receiver);
        if give_up(sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
        next(pc.add(1), sp, fp, vm)
    }
    body GET_YIELD_FROM_ITER, 0 => get_yield_from_iter;
    body GET_AWAITABLE, 0 => get_awaitable;
    body GET_AITER, 0 => get_aiter;
    body GET_ANEXT, 0 => get_anext;
    flow END_ASYNC_FOR, 0 => end_async_for;
    flow CLEANUP_THROW, 0 => cleanup_throw;
}

/// The running frame of a generator has ended: by returning or by an exception.
///
/// # Safety
/// `fp` is a generator's frame and the innermost running one of `vm`.
pub unsafe fn finished(vm: &Vm, fp: *mut Frame) {
    // SAFETY: a frame owned by a generator lies inside it.
    let generator = unsafe { Generator::of_frame(fp) };
    generator.state.set(State::Cleared);
    vm.handled.pop_level();
    drop(generator.handled.value.take());
}

/// Puts a suspended generator on top of the chain; `value` is what its `yield` gives.
///
/// # Safety
/// The generator is suspended: its frame's state is stored and the frame is in no chain.
#[inline]
pub unsafe fn enter_generator(vm: &Vm, generator: &Generator, value: Value) -> Res<()> {
    vm.enter_call("")?;
    // SAFETY: a suspended frame's state is current; it stays where it is while it runs.
    unsafe {
        let fp = generator.frame();
        Fp::new(fp).push(value);
        (*fp).previous = vm.exec.frame.get();
        generator.state.set(State::Executing);
        vm.handled.push_level(&generator.handled);
        vm.exec.frame.set(fp);
    }
    Ok(())
}

fn return_generator(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    let made = generator::from_frame(vm, fp)?;
    // SAFETY: `from_frame` moved the frame into the object and took it off the stack; its caller heads the chain.
    unsafe {
        let caller = vm.exec.frame.get();
        Fp::new(caller).push(made);
        (*caller).pc = (*caller).pc.add((*caller).return_offset as usize);
    }
    Ok(Flow::Switched)
}

pub fn yield_value(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let value = fp.pop();
    let frame = fp.raw();
    // SAFETY: only generators' frames yield.
    unsafe {
        let generator = Generator::of_frame(frame);
        generator.state.set(if oparg == 1 { State::SuspendedYieldFrom } else { State::Suspended });
        vm.handled.pop_level();
        (*frame).pc = (*frame).pc.add(1);
        let caller = (*frame).previous;
        (*frame).previous = core::ptr::null_mut();
        vm.exec.frame.set(caller);
        vm.leave_call();
        Fp::new(caller).push(value);
        // Both FOR_ITER and SEND have one cache unit; shims are laid out alike.
        (*caller).pc = (*caller).pc.add(2);
    }
    Ok(Flow::Switched)
}

/// Whether the value is a generator or coroutine whose frame can be entered now.
#[inline]
pub fn enterable<'a>(vm: &Vm, value: &'a Value) -> Option<&'a Ref<Generator>> {
    let generator = value.downcast::<Generator>()?;
    let ready = matches!(generator.state.get(), State::Created | State::Suspended | State::SuspendedYieldFrom);
    (ready && (is_generator(vm, value) || is_coroutine(vm, value))).then_some(generator)
}

fn send_op(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let receiver = fp.top(2);
    if let Some(generator) = enterable(vm, receiver)
        && (fp.top(1).is_none() || generator.state.get() != State::Created)
    {
        let value = fp.pop();
        // SAFETY: enterable; the caller goes on behind SEND when it yields and at END_SEND when it returns.
        unsafe {
            (*fp.raw()).return_offset = 2 + oparg as u16;
            enter_generator(vm, generator, value)?;
        }
        return Ok(Flow::Switched);
    }
    let value = fp.top(1).clone();
    let sent = send_observed(vm, receiver, &value, Some(fp))?;
    match sent {
        Sent::Yielded(result) => {
            drop(fp.replace_top(1, result));
            Ok(Flow::Next)
        }
        Sent::Returned(result) => {
            drop(fp.replace_top(1, result));
            jump(fp, 2 + oparg as usize)
        }
    }
}

/// Moves the frame's pc and goes on there.
pub fn jump(fp: Fp, units: usize) -> Res<Flow> {
    // SAFETY: jumps of valid code stay inside it.
    unsafe { (*fp.raw()).pc = (*fp.raw()).pc.add(units) };
    Ok(Flow::Switched)
}

/// `PyIter_Send`: a generator-like receiver, an iterator, or anything with `send`.
pub fn send_to_any(vm: &Vm, receiver: &Value, value: &Value) -> Res<Sent> {
    send_observed(vm, receiver, value, None)
}

/// As [`send_to_any`]; a StopIteration that ends it is told as raised in `observer`, the frame of the SEND.
fn send_observed(vm: &Vm, receiver: &Value, value: &Value, observer: Option<Fp>) -> Res<Sent> {
    let observer = observer.filter(|_| vm.interpreter().monitoring.wants(Event::Raise));
    if let Some(generator) = receiver.downcast::<Generator>()
        && !generator::is_async_generator(vm, receiver)
    {
        return send(vm, receiver, generator, value.clone());
    }
    let own = vm.class(receiver).slots().send.map(|send| send(vm, receiver, value));
    if let Some(sent) = own.or_else(|| coroutine::send_to_helper(vm, receiver, value)) {
        if let (Some(fp), Ok(Sent::Returned(result))) = (observer, &sent) {
            let raised = vm.stop_iteration(if result.is_none() { None } else { Some(result.clone()) });
            told_stop(vm, fp);
            vm.forget(raised);
        }
        return sent;
    }
    let result = if value.is_none() && vm.class(receiver).slots().iternext.is_some() {
        match vm.class(receiver).slots().iternext {
            Some(next) if slot_functions::is_dunder_next(next) => slot_functions::next_raising(vm, receiver),
            Some(next) => match next(vm, receiver) {
                Ok(Some(item)) => return Ok(Sent::Yielded(item)),
                Ok(None) => return Ok(Sent::Returned(Value::NONE)),
                Err(raised) => Err(raised),
            },
            None => Ok(Value::NONE),
        }
    } else {
        vm.call_method(receiver, &vm.names().send, core::slice::from_ref(value))
    };
    match result {
        Ok(item) => Ok(Sent::Yielded(item)),
        Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
            if let Some(fp) = observer {
                told_stop(vm, fp);
            }
            let exception = vm.take_raised(raised);
            Ok(Sent::Returned(crate::interpreter::border::stop_iteration_value(vm, &exception)))
        }
        Err(raised) => Err(raised),
    }
}

/// Sends into a generator, coroutine or asynchronous generator from native code. Messages as CPython's `gen_send_ex2`.
pub fn send(vm: &Vm, this: &Value, generator: &Ref<Generator>, value: Value) -> Res<Sent> {
    match generator.state.get() {
        State::Created if !value.is_none() => {
            let what = generator::kind_name(vm, this);
            return Err(vm.type_error(format!("can't send non-None value to a just-started {what}")));
        }
        State::Executing => {
            return Err(vm.value_error(format!("{} already executing", generator::kind_name_short(vm, this))));
        }
        State::Cleared => {
            if is_coroutine(vm, this) {
                return Err(vm.runtime_error("cannot reuse already awaited coroutine"));
            }
            return Ok(Sent::Returned(Value::NONE));
        }
        _ => {}
    }
    let held = generator.clone();
    let entry = Entry::push(vm)?;
    // SAFETY: the generator is suspended; the shim below takes its result.
    if let Err(raised) = unsafe { enter_generator(vm, generator, value) } {
        entry.abandon(vm);
        return Err(raised);
    }
    let result = entry.run(vm)?;
    Ok(if held.state.get() == State::Cleared { Sent::Returned(result) } else { Sent::Yielded(result) })
}

/// Raises an exception at the generator's suspension point. The exception has been normalised.
pub fn throw_into(vm: &Vm, this: &Value, generator: &Ref<Generator>, exception: Value) -> Res<Sent> {
    match generator.state.get() {
        State::Executing => {
            return Err(vm.value_error(format!("{} already executing", generator::kind_name_short(vm, this))));
        }
        State::Cleared => {
            if is_coroutine(vm, this) {
                return Err(vm.runtime_error("cannot reuse already awaited coroutine"));
            }
            return Err(vm.raise_again(exception));
        }
        State::Created if !vm.interpreter().monitoring.wants(Event::PyThrow) => {
            // Nothing of it has run: it ends here, with a traceback entry of its first line.
            // SAFETY: a frame that nobody runs.
            unsafe {
                let added = super::add_traceback(vm, &exception, generator.frame());
                if let Err(second) = added {
                    vm.forget(second);
                }
            }
            generator.discard_frame(vm);
            return Err(vm.raise_again(exception));
        }
        _ => {}
    }
    let held = generator.clone();
    let entry = Entry::push(vm)?;
    // SAFETY: as in `send`; handlers count on the value that is sent in.
    unsafe {
        if let Err(raised) = enter_generator(vm, generator, Value::NONE) {
            entry.abandon(vm);
            return Err(raised);
        }
        // What is handled inside the generator is the context; what its caller handles is not.
        if generator.handled.value.is_set() {
            exc::set_context(vm, &exception);
        }
        vm.bring_back(Some(exception));
        let fp = Fp::new(generator.frame());
        monitoring::prepare_throw(vm, fp);
        if vm.interpreter().monitoring.wants(Event::PyThrow) {
            monitoring::fire_exception(vm, fp, Event::PyThrow, fp.lasti());
        }
    }
    let result = entry.run_raising(vm)?;
    Ok(if held.state.get() == State::Cleared { Sent::Returned(result) } else { Sent::Yielded(result) })
}

impl Entry {
    /// As `run`, with the exception in flight thrown into the generator's frame that heads the chain.
    pub fn run_raising(self, vm: &Vm) -> Res {
        // SAFETY: the frame's state is current.
        let mut exit = unsafe { super::unwind::thrown(vm) };
        if exit == Exit::Again {
            // SAFETY: the trampoline form left the state of the next instruction.
            exit = unsafe { super::dispatch::run_on(vm) };
        }
        match exit {
            // SAFETY: INTERPRETER_EXIT left an owned word.
            Exit::Done => Ok(unsafe { Value::from_bits(vm.exec.result.get()) }),
            _ => Err(super::unwind::pending(vm)),
        }
    }
}

fn get_yield_from_iter(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let iterable = fp.top(1);
    if is_coroutine(vm, iterable) {
        if !fp.code().has(flags::COROUTINE | flags::ITERABLE_COROUTINE) {
            return Err(vm.type_error("cannot 'yield from' a coroutine object in a non-coroutine generator"));
        }
        return Ok(());
    }
    if is_generator(vm, iterable) {
        return Ok(());
    }
    let iterator = vm.iter(iterable)?;
    drop(fp.replace_top(1, iterator));
    Ok(())
}

fn get_awaitable(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let iterable = fp.top(1);
    let iterator = match coroutine::awaitable_iterator(vm, iterable) {
        Ok(iterator) => iterator,
        Err(raised) => {
            let class = vm.class(iterable);
            if class.slots().r#await.is_none() && vm.raised_is(&exc::TYPE_ERROR) && oparg != 0 {
                vm.forget(raised);
                let method = if oparg == 1 { "__aenter__" } else { "__aexit__" };
                return Err(vm.type_error(format!(
                    "'async with' received an object from {method} that does not implement __await__: {}",
                    class.full_name()
                )));
            }
            return Err(raised);
        }
    };
    if is_coroutine(vm, &iterator)
        && let Some(coroutine) = iterator.downcast::<Generator>()
        && coroutine.state.get() == State::SuspendedYieldFrom
    {
        return Err(vm.runtime_error("coroutine is being awaited already"));
    }
    drop(fp.replace_top(1, iterator));
    Ok(())
}

fn get_aiter(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let object = fp.pop();
    let Some(aiter) = vm.class(&object).slots().aiter else {
        return Err(vm.type_error(format!(
            "'async for' requires an object with __aiter__ method, got {}",
            vm.type_name(&object)
        )));
    };
    let iterator = aiter(vm, &object)?;
    if vm.class(&iterator).slots().anext.is_none() {
        return Err(vm.type_error(format!(
            "'async for' received an object from __aiter__ that does not implement __anext__: {}",
            vm.type_name(&iterator)
        )));
    }
    fp.push(iterator);
    Ok(())
}

fn get_anext(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let iterator = fp.top(1);
    if generator::is_async_generator(vm, iterator) {
        let Some(anext) = vm.class(iterator).slots().anext else { return Err(vm.system_error("no __anext__")) };
        let awaitable = anext(vm, iterator)?;
        fp.push(awaitable);
        return Ok(());
    }
    let Some(anext) = vm.class(iterator).slots().anext else {
        return Err(vm.type_error(format!(
            "'async for' requires an iterator with __anext__ method, got {}",
            vm.type_name(iterator)
        )));
    };
    let made = anext(vm, iterator)?;
    match coroutine::awaitable_iterator(vm, &made) {
        Ok(awaitable) => {
            fp.push(awaitable);
            Ok(())
        }
        Err(raised) => {
            let cause = vm.take_raised(raised);
            let second = vm
                .type_error(format!("'async for' received an invalid object from __anext__: {}", vm.type_name(&made)));
            let second = vm.take_raised(second);
            crate::interpreter::border::set_cause(&second, Some(cause.clone()));
            if let Some(e) = second.downcast::<exc::BaseException>() {
                e.context.set(Some(cause));
            }
            Err(vm.raise_again(second))
        }
    }
}

pub fn end_async_for(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    let exception = fp.pop();
    if vm.class(&exception).is_subtype(vm.ty(&exc::STOP_ASYNC_ITERATION)) {
        drop(fp.pop());
        return Ok(Flow::Next);
    }
    // Re-raised as it is, without another traceback entry.
    let raised = vm.raise_again(exception);
    super::exceptions::reraise_here(vm, raised)
}

fn cleanup_throw(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    let exception = fp.top(1).clone();
    if vm.class(&exception).is_subtype(vm.ty(&exc::STOP_ITERATION)) {
        let value = crate::interpreter::border::stop_iteration_value(vm, &exception);
        fp.drop_top(3);
        fp.push(Value::NONE);
        fp.push(value);
        return Ok(Flow::Next);
    }
    drop(fp.pop());
    let raised = vm.raise_again(exception);
    super::exceptions::reraise_here(vm, raised)
}

/// Whether the class marks its instances as sequences for patterns; kept here for the pattern instructions.
pub fn has_flag(vm: &Vm, value: &Value, flag: TypeFlags) -> bool {
    vm.class(value).has(flag)
}

/// Whether FOR_ITER may enter the value's frame: a generator proper (a coroutine is no iterator).
#[inline(always)]
pub fn is_plain_generator(vm: &Vm, value: &Value) -> bool {
    is_generator(vm, value)
}
