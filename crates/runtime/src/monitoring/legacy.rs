//! `sys.settrace` and `sys.setprofile`: tools 7 and 6, whose callbacks call the thread's trace or profile function.
//!
//! Events are wanted as long as any thread has a function; threads without one let them pass. After CPython
//! Python/legacy_tracing.c and Python/sysmodule.c (`trace_trampoline`, `profile_trampoline`).

use super::events::{Event, EventSet};
use super::fire::Answer;
use super::threads::Hook;
use super::{PROFILE_TOOL, TRACE_TOOL, tools};
use crate::objects::code::Code;
use crate::objects::exceptions::BaseException;
use crate::objects::frame::FrameObject;
use crate::objects::native_function::{MethodDescriptor, NativeFunction};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};
use core::cell::Cell;

/// What a trace or profile function is told, in CPython's order of `PyTrace_*`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum What {
    Call,
    Exception,
    Line,
    Return,
    CCall,
    CException,
    CReturn,
    Opcode,
}

impl What {
    pub fn name(self) -> &'static str {
        match self {
            What::Call => "call",
            What::Exception => "exception",
            What::Line => "line",
            What::Return => "return",
            What::CCall => "c_call",
            What::CException => "c_exception",
            What::CReturn => "c_return",
            What::Opcode => "opcode",
        }
    }
}

/// A native trace or profile function: the object it was set with, the frame, what, and the argument.
pub type TraceFunction = fn(&Vm, &Value, &Ref<FrameObject>, What, Option<&Value>) -> Res<()>;

const TRACE_EVENTS: EventSet = Event::PyStart.bit()
    | Event::PyResume.bit()
    | Event::PyReturn.bit()
    | Event::PyYield.bit()
    | Event::Raise.bit()
    | Event::Line.bit()
    | Event::Jump.bit()
    | Event::PyUnwind.bit()
    | Event::PyThrow.bit()
    | Event::StopIteration.bit();
const PROFILE_EVENTS: EventSet = Event::PyStart.bit()
    | Event::PyResume.bit()
    | Event::PyReturn.bit()
    | Event::PyYield.bit()
    | Event::Call.bit()
    | Event::PyUnwind.bit()
    | Event::PyThrow.bit();

fn frame_here(vm: &Vm, kind: &str) -> Res<Ref<FrameObject>> {
    match vm.frame_object(0)? {
        Some(frame) => Ok(frame),
        None => Err(vm.system_error(format!("Missing frame when calling {kind} function."))),
    }
}

/// Calls the thread's profile function, if it has one.
fn call_profile(vm: &Vm, what: What, arg: Option<&Value>) -> Res<Answer> {
    if let Some(function) = vm.tracing.profile.function.get() {
        let frame = frame_here(vm, "profile")?;
        function(vm, &vm.tracing.profile.object.get_or_none(), &frame, what, arg)?;
    }
    Ok(Answer::Go)
}

/// An event for the profile function.
pub fn profile_event(vm: &Vm, event: Event, args: &[Value]) -> Res<Answer> {
    match event {
        Event::PyStart | Event::PyResume | Event::PyThrow => call_profile(vm, What::Call, Some(&Value::NONE)),
        Event::PyReturn | Event::PyYield => call_profile(vm, What::Return, args.get(2)),
        Event::PyUnwind => call_profile(vm, What::Return, None),
        Event::Call => profile_native(vm, What::CCall, args),
        Event::CReturn => profile_native(vm, What::CReturn, args),
        Event::CRaise => profile_native(vm, What::CException, args),
        _ => Ok(Answer::Go),
    }
}

/// Calls of builtin functions and methods are told; a method descriptor is told as the method it stands for.
fn profile_native(vm: &Vm, what: What, args: &[Value]) -> Res<Answer> {
    match native_callable(vm, &args[2], &args[3])? {
        Some(function) => call_profile(vm, what, Some(&function)),
        None => Ok(Answer::Go),
    }
}

/// The builtin function that a call of `callable` with the first argument `first` runs.
pub fn native_callable(vm: &Vm, callable: &Value, first: &Value) -> Res<Option<Value>> {
    if callable.exact::<NativeFunction>(vm).is_some() {
        return Ok(Some(callable.clone()));
    }
    if callable.exact::<MethodDescriptor>(vm).is_none()
        || vm.interpreter().monitoring.missing.get().is_some_and(|m| m.is(first))
    {
        return Ok(None);
    }
    let Some(get) = vm.class(callable).slots().descr_get else { return Ok(None) };
    let class = vm.class(first).to_value();
    get(vm, callable, Some(first), Some(&class)).map(Some)
}

/// Switches INSTRUCTION events of the frame's code on or off for the trace function.
pub fn set_opcode_trace(vm: &Vm, frame: &FrameObject, enable: bool) -> Res<()> {
    let Some(code) = frame.code_object() else { return Ok(()) };
    let events = code.monitoring.watch().map_or(0, |w| w.local_events(TRACE_TOOL));
    let bit = Event::Instruction.bit();
    let wanted = if enable { events | bit } else { events & !bit };
    if wanted == events { Ok(()) } else { tools::set_local_events(vm, TRACE_TOOL, &code, wanted) }
}

/// Calls the thread's trace function, if it has one.
fn call_trace(vm: &Vm, what: What, arg: Option<&Value>) -> Res<Answer> {
    let Some(function) = vm.tracing.trace.function.get() else { return Ok(Answer::Go) };
    let frame = frame_here(vm, "trace")?;
    if frame.trace_opcodes.get() {
        set_opcode_trace(vm, &frame, true)?;
    }
    let result = function(vm, &vm.tracing.trace.object.get_or_none(), &frame, what, arg);
    frame.lineno.set(0);
    result?;
    Ok(Answer::Go)
}

/// An event for the trace function.
pub fn trace_event(vm: &Vm, event: Event, args: &[Value]) -> Res<Answer> {
    match event {
        Event::PyStart | Event::PyResume | Event::PyThrow => call_trace(vm, What::Call, Some(&Value::NONE)),
        Event::PyReturn | Event::PyYield => call_trace(vm, What::Return, args.get(2)),
        Event::PyUnwind => call_trace(vm, What::Return, None),
        Event::Raise | Event::StopIteration => trace_exception(vm, &args[2]),
        Event::Jump => trace_jump(vm, args),
        Event::Instruction => trace_instruction(vm),
        _ => Ok(Answer::Go),
    }
}

fn trace_exception(vm: &Vm, exception: &Value) -> Res<Answer> {
    let class = vm.class(exception).to_value();
    let traceback = exception.downcast::<BaseException>().map_or(Value::NONE, |e| e.traceback.get_or_none());
    let triple = vm.new_tuple(&[class, exception.clone(), traceback])?;
    call_trace(vm, What::Exception, Some(&triple))
}

/// A line begins.
pub fn trace_line_here(vm: &Vm, line: i32) -> Res<()> {
    let Some(function) = vm.tracing.trace.function.get() else { return Ok(()) };
    let frame = frame_here(vm, "trace")?;
    if !frame.trace_lines.get() || line < 0 {
        return Ok(());
    }
    frame.lineno.set(line);
    let result = function(vm, &vm.tracing.trace.object.get_or_none(), &frame, What::Line, Some(&Value::NONE));
    frame.lineno.set(0);
    result
}

/// A jump backwards to the line it comes from begins the line again.
fn trace_jump(vm: &Vm, args: &[Value]) -> Res<Answer> {
    if vm.tracing.trace.function.get().is_none() {
        return Ok(Answer::Go);
    }
    let unit = |i: usize| args.get(i).and_then(Value::as_small_int).unwrap_or(0) as usize / 2;
    let (from, to) = (unit(1), unit(2));
    let Some(code) = args[0].downcast::<Code>() else { return Ok(Answer::Go) };
    let Some(watch) = code.monitoring.watch() else { return Ok(Answer::Go) };
    let line = watch.line_at(code, to);
    if to > from || line != watch.line_at(code, from) {
        // The target tells its line itself.
        return Ok(Answer::Disable);
    }
    trace_line_here(vm, line)?;
    Ok(Answer::Go)
}

fn trace_instruction(vm: &Vm) -> Res<Answer> {
    let frame = frame_here(vm, "trace")?;
    let Some(function) = vm.tracing.trace.function.get().filter(|_| frame.trace_opcodes.get()) else {
        set_opcode_trace(vm, &frame, false)?;
        return Ok(Answer::Go);
    };
    let result = function(vm, &vm.tracing.trace.object.get_or_none(), &frame, What::Opcode, Some(&Value::NONE));
    frame.lineno.set(0);
    result?;
    Ok(Answer::Go)
}

/// Sets a hook and counts the threads that have one. How many there are.
fn install(hook: &Hook, count: &Cell<usize>, function: Option<TraceFunction>, object: Option<Value>) -> usize {
    let (before, after) = (hook.function.get().is_some() as usize, function.is_some() as usize);
    hook.function.set(function);
    let old = hook.object.replace(object);
    count.set(count.get() + after - before);
    drop(old);
    count.get()
}

/// Sets the trace function of `thread`, which may be another than the running one.
pub fn set_trace(vm: &Vm, thread: &Vm, function: Option<TraceFunction>, object: Option<Value>) -> Res<()> {
    let count = &vm.interpreter().monitoring.tracing_threads;
    let tracing = install(&thread.tracing.trace, count, function, object);
    if tracing > 0
        && let Some(frame) = vm.frame_object(0)?
        && frame.trace_opcodes.get()
    {
        set_opcode_trace(vm, &frame, true)?;
    }
    tools::set_events(vm, TRACE_TOOL, if tracing > 0 { TRACE_EVENTS } else { 0 })
}

/// Sets the profile function of `thread`.
pub fn set_profile(vm: &Vm, thread: &Vm, function: Option<TraceFunction>, object: Option<Value>) -> Res<()> {
    let count = &vm.interpreter().monitoring.profiling_threads;
    let profiling = install(&thread.tracing.profile, count, function, object);
    tools::set_events(vm, PROFILE_TOOL, if profiling > 0 { PROFILE_EVENTS } else { 0 })
}

/// Sets the trace or profile function of every thread.
pub fn for_all_threads(vm: &Vm, mut set: impl FnMut(&Vm, &Vm) -> Res<()>) -> Res<()> {
    let mut outcome = Ok(());
    vm.for_each_thread(|thread| {
        if outcome.is_ok() {
            outcome = set(vm, thread);
        }
    });
    outcome
}

/// A thread ends.
pub fn forget_thread(vm: &Vm) {
    let monitoring = &vm.interpreter().monitoring;
    install(&vm.tracing.trace, &monitoring.tracing_threads, None, None);
    install(&vm.tracing.profile, &monitoring.profiling_threads, None, None);
}

/// Calls a Python function as a trace or profile function is called.
fn call_python(vm: &Vm, callback: &Value, frame: &Ref<FrameObject>, what: What, arg: Option<&Value>) -> Res {
    let args = [frame.to_value(), vm.intern(what.name())?.into_value(), arg.cloned().unwrap_or(Value::NONE)];
    vm.call(callback, &args)
}

/// Does `f` with the exception in flight put aside; what it raises itself is dropped.
fn beside(vm: &Vm, f: impl FnOnce() -> Res<()>) {
    let exception = vm.put_aside();
    if let Err(second) = f() {
        vm.forget(second);
    }
    vm.bring_back(exception);
}

/// The trace function that stands for a Python function: `call` events go to the global one, others to the frame's.
pub fn python_trace(vm: &Vm, global: &Value, frame: &Ref<FrameObject>, what: What, arg: Option<&Value>) -> Res<()> {
    let callback = if what == What::Call { Some(global.clone()) } else { frame.trace.get() };
    let Some(callback) = callback else { return Ok(()) };
    match call_python(vm, &callback, frame, what, arg) {
        Ok(result) => {
            if !result.is_none() {
                frame.trace.set(Some(result));
            }
            Ok(())
        }
        Err(raised) => {
            beside(vm, || set_trace(vm, vm, None, None));
            frame.trace.set(None);
            Err(raised)
        }
    }
}

/// The profile function that stands for a Python function.
pub fn python_profile(vm: &Vm, function: &Value, frame: &Ref<FrameObject>, what: What, arg: Option<&Value>) -> Res<()> {
    match call_python(vm, function, frame, what, arg) {
        Ok(_) => Ok(()),
        Err(raised) => {
            beside(vm, || set_profile(vm, vm, None, None));
            Err(raised)
        }
    }
}
