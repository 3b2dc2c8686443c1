//! An exception on its way: traceback entries, the exception table, frames that are left.
//!
//! After CPython Python/ceval.c (`exception_unwind`) and Objects/exception_handling_notes.
#![allow(unsafe_code)]

use super::dispatch::{Exit, resume};
use crate::frames::{Fp, Frame, Owner, clear_frame, lasti, locals_of, pop_thread_frame};
use crate::monitoring::fire::fire_at;
use crate::monitoring::{Event, fire_exception};
use crate::objects::exceptions::BaseException;
use crate::objects::traceback::Traceback;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Value, ValueCell};
use core::cell::Cell;

/// The token of the exception in flight, when an entry frame was left by one.
pub fn pending(vm: &Vm) -> Raised {
    let aside = vm.put_aside();
    match aside {
        Some(exception) => vm.raise_again(exception),
        None => vm.system_error("an instruction failed without an exception"),
    }
}

/// An instruction of the running frame raised: its traceback entry is added and a handler is looked for.
///
/// # Safety
/// As for every handler; the frame's pc and sp are current.
#[cold]
#[inline(never)]
pub unsafe fn raised(_: *mut u16, _: *mut Value, _: *mut Frame, vm: &Vm, _: u32) -> Exit {
    // SAFETY: the running frame.
    let found = unsafe {
        let fp = vm.exec.frame.get();
        trace_here(vm, fp);
        tell_raise(vm, fp, Event::Raise, end_of((*fp).pc, fp));
        find_handler(vm, (*fp).pc, end_of((*fp).pc, fp))
    };
    // SAFETY: a handler was found: the frame's state is current.
    if found { unsafe { resume(vm) } } else { Exit::Raised }
}

/// An exception was thrown into a suspended generator: it is raised by the `yield`, which stands before the frame's pc.
///
/// # Safety
/// As [`raised`].
#[cold]
#[inline(never)]
pub unsafe fn thrown(vm: &Vm) -> Exit {
    // SAFETY: the running frame, which has been suspended behind an instruction.
    let found = unsafe {
        let fp = vm.exec.frame.get();
        trace_here(vm, fp);
        let at = lasti(fp) - 1;
        tell_raise(vm, fp, Event::Raise, at);
        find_handler(vm, (*fp).pc.sub(1), at)
    };
    // SAFETY: a handler was found: the frame's state is current.
    if found { unsafe { resume(vm) } } else { Exit::Raised }
}

/// As [`raised`], without a traceback entry for the running frame: the exception has one already (RERAISE). The handler is the
/// one that covers `pc`; the frame's own pc may be that of the first raise meanwhile, which is what tracebacks show.
///
/// # Safety
/// As [`raised`].
#[cold]
#[inline(never)]
pub unsafe fn reraised(pc: *mut u16, _: *mut Value, _: *mut Frame, vm: &Vm, _: u32) -> Exit {
    // SAFETY: as above.
    let found = unsafe {
        let fp = vm.exec.frame.get();
        let at = pc.offset_from((*(*fp).code).units()) as i32;
        tell_raise(vm, fp, Event::Reraise, at);
        find_handler(vm, pc, at)
    };
    // SAFETY: as above.
    if found { unsafe { resume(vm) } } else { Exit::Raised }
}

/// The last unit of the instruction at `pc`: where CPython's instruction pointer stands when an instruction fails.
unsafe fn end_of(pc: *mut u16, fp: *mut Frame) -> i32 {
    // SAFETY: the caller names the frame that runs, and a unit of its code.
    unsafe {
        let code = &*(*fp).code;
        let at = pc.offset_from(code.units()) as i32;
        at + crate::monitoring::code::base_at(code, at as usize).caches() as i32
    }
}

/// Tells of the exception in flight, if any tool wants to know.
#[inline(always)]
unsafe fn tell_raise(vm: &Vm, fp: *mut Frame, event: Event, shown: i32) {
    if vm.interpreter().monitoring.wants(event) {
        // SAFETY: the caller names the frame that runs.
        unsafe { tell(vm, fp, event, shown) };
    }
}

#[cold]
#[inline(never)]
unsafe fn tell(vm: &Vm, fp: *mut Frame, event: Event, shown: i32) {
    // SAFETY: as above.
    unsafe {
        if (*fp).owner != Owner::Interpreter {
            fire_exception(vm, Fp::new(fp), event, shown);
        }
    }
}

/// Adds a traceback entry for the frame to the exception in flight.
#[inline(never)]
unsafe fn trace_here(vm: &Vm, fp: *mut Frame) {
    // SAFETY: the caller names a live frame.
    if unsafe { (*fp).owner } == Owner::Interpreter {
        return;
    }
    let Some(exception) = vm.put_aside() else { return };
    // SAFETY: as above.
    let made = unsafe { add_traceback(vm, &exception, fp) };
    if let Err(second) = made {
        // No memory for the entry: the exception goes on without it.
        vm.forget(second);
    }
    vm.bring_back(Some(exception));
}

/// Adds an entry for the frame to an exception's traceback (`PyTraceBack_Here`).
///
/// # Safety
/// `fp` is a live frame of Python code.
pub unsafe fn add_traceback(vm: &Vm, exception: &Value, fp: *mut Frame) -> Res<()> {
    let Some(payload) = exception.downcast::<BaseException>() else { return Ok(()) };
    // SAFETY: the caller's promise.
    let (frame, at) = unsafe { (crate::objects::frame::object_of(vm, fp)?, lasti(fp) * 2) };
    let entry = vm.new_object(Traceback {
        next: ValueCell::new(payload.traceback.get()),
        frame,
        lasti: at,
        lineno: Cell::new(-1),
    })?;
    payload.traceback.set(Some(entry.into_value()));
    Ok(())
}

/// Leaves frames until one has a handler; false when an entry frame was left. `shown`: the unit that tools are told.
#[inline(never)]
// The frame's stack pointer moves with every pop.
#[allow(clippy::while_immutable_condition)]
unsafe fn find_handler(vm: &Vm, mut pc: *mut u16, mut shown: i32) -> bool {
    // SAFETY: the chain's frames are live; each is left in the order in which it was entered.
    unsafe {
        loop {
            let fp = vm.exec.frame.get();
            if (*fp).owner == Owner::Interpreter {
                vm.exec.frame.set((*fp).previous);
                vm.exec.top.set(fp.cast());
                return false;
            }
            let at = pc.offset_from((*(*fp).code).units()) as i32;
            if at >= 0
                && let Some(handler) = (*(*fp).code).handler_of(at as u32 * 2)
            {
                let bottom = locals_of(fp).add((*(*fp).code).slots() + handler.depth as usize);
                let frame = Fp::new(fp);
                while (*fp).sp > bottom {
                    drop(frame.pop());
                }
                if handler.lasti {
                    // Where it was raised first: RERAISE has put the frame's pc there.
                    frame.push(Value::int32(lasti(fp)));
                }
                let exception = vm.put_aside().unwrap_or(Value::NONE);
                frame.push(exception);
                let target = (*(*fp).code).units().add(handler.target as usize / 2);
                if vm.interpreter().monitoring.wants(Event::ExceptionHandled) && !handled(vm, frame, target) {
                    (pc, shown) = (target.sub(1), handler.target as i32 / 2 - 1);
                    continue;
                }
                (*fp).pc = target;
                return true;
            }
            if vm.interpreter().monitoring.wants(Event::PyUnwind) {
                unwinding(vm, fp, shown);
            }
            leave(vm, fp);
            let caller = vm.exec.frame.get();
            trace_here(vm, caller);
            pc = (*caller).pc;
            if (*caller).owner != Owner::Interpreter {
                shown = pc.offset_from((*(*caller).code).units()) as i32 - 1;
                tell_raise(vm, caller, Event::Raise, shown);
            }
        }
    }
}

/// Tells that the exception on top of the stack has found its handler; false when a callback raised.
#[cold]
#[inline(never)]
unsafe fn handled(vm: &Vm, fp: Fp, target: *mut u16) -> bool {
    let exception = fp.top(1).clone();
    // SAFETY: the running frame.
    let at = unsafe { target.offset_from(fp.code().units()) as i32 };
    fire_at(vm, fp, Event::ExceptionHandled, 0, at, core::slice::from_ref(&exception)).is_ok()
}

/// Tells that the frame is left by the exception in flight. Its operands are gone by then.
#[cold]
#[inline(never)]
// The frame's stack pointer moves with every pop.
#[allow(clippy::while_immutable_condition)]
unsafe fn unwinding(vm: &Vm, fp: *mut Frame, shown: i32) {
    // SAFETY: the running frame; what stands above its slots are operands.
    unsafe {
        let frame = Fp::new(fp);
        let aside = vm.put_aside();
        let bottom = locals_of(fp).add((*(*fp).code).slots());
        while (*fp).sp > bottom {
            drop(frame.pop());
        }
        vm.bring_back(aside);
        tell(vm, fp, Event::PyUnwind, shown);
    }
}

/// Takes the running frame out of the chain and ends it; for a generator's frame the generator is finished.
///
/// # Safety
/// `fp` is the running frame.
pub unsafe fn leave(vm: &Vm, fp: *mut Frame) {
    // SAFETY: the caller's promise.
    unsafe {
        let aside = vm.put_aside();
        vm.exec.frame.set((*fp).previous);
        if (*fp).owner == Owner::Generator {
            (*fp).previous = core::ptr::null_mut();
            super::generators::finished(vm, fp);
            clear_frame(vm, fp);
            vm.leave_call();
        } else {
            pop_thread_frame(vm, fp);
        }
        vm.bring_back(aside);
    }
}
