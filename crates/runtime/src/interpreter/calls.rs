//! Calls and returns. After CPython Python/ceval.c (`_PyEvalFramePushAndInit`) and Python/bytecodes.c.
//!
//! A Python function called from Python code gets a frame and runs in the same loop; everything else is called through its class's
//! `call` slot with the arguments still on the caller's operand stack.
#![allow(unsafe_code)]

use super::control::give_up;
use super::dispatch::{Flow, handlers, next};
use super::specialised::calls::{specialise_call, specialise_call_kw};
use super::specialised::native_calls::drop_operand;
use super::{Entry, generators};
use crate::frames::{Fp, Frame, Owner, clear_frame, locals_of, pop_thread_frame};
use crate::monitoring;
use crate::native::Args;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::objects::function::{Function, bind};
use crate::objects::method::BoundMethod;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Tuple, Value};
use core::mem::ManuallyDrop;
use ophi_bytecode::code::flags;
use smallvec::SmallVec;

/// Whether every parameter is a plain positional one, so that the arguments move to their slots as they are.
#[inline(always)]
fn is_simple(code: &Code) -> bool {
    code.flags & (flags::VARARGS | flags::VARKEYWORDS) == 0 && code.kwonlyargcount == 0
}

/// A frame for the function on top of the stack, its slots UNBOUND, not yet in the chain. Raises RecursionError.
#[inline]
pub unsafe fn push_frame(vm: &Vm, function: &Ref<Function>) -> Res<*mut Frame> {
    let code = function.code_now();
    let Some(words) = vm.exec.room(code.frame_words as usize) else { return Err(vm.recursion_error("")) };
    vm.enter_call("")?;
    let fp = words.cast::<Frame>();
    // SAFETY: `room` gave the words; every field is written.
    unsafe {
        let slots = locals_of(fp);
        for i in 0..code.slots() {
            slots.add(i).write(Value::UNBOUND);
        }
        fp.write(Frame {
            code: &raw const **code,
            pc: code.units(),
            sp: slots.add(code.slots()),
            previous: core::ptr::null_mut(),
            globals: ManuallyDrop::new(core::ptr::read(&function.globals)),
            builtins: ManuallyDrop::new(core::ptr::read(&function.builtins)),
            function: function.to_value(),
            // Code that keeps its names in a mapping runs in the globals unless the caller says otherwise.
            locals: if code.has(flags::OPTIMIZED) { Value::UNBOUND } else { function.globals.to_value() },
            object: Value::UNBOUND,
            return_offset: 0,
            owner: Owner::Thread,
            dying: false,
            place: 0,
        });
        vm.exec.top.set(words.add(code.frame_words as usize));
    }
    Ok(fp)
}

/// A frame with its arguments bound; nothing is left on the stack when binding fails.
#[inline]
pub unsafe fn push_bound(vm: &Vm, function: &Ref<Function>, args: Args<'_>) -> Res<*mut Frame> {
    // SAFETY: the caller's promise.
    unsafe {
        push_filled(vm, function, |code, slots| {
            if args.names.is_none() && is_simple(code) && args.values.len() == code.argcount as usize {
                for (slot, value) in slots.iter_mut().zip(args.values) {
                    *slot = value.clone();
                }
                return Ok(());
            }
            bind::bind(vm, function, code, args, slots)
        })
    }
}

/// A frame whose slots `fill` has filled.
#[inline(always)]
unsafe fn push_filled(
    vm: &Vm,
    function: &Ref<Function>,
    fill: impl FnOnce(&Code, &mut [Value]) -> Res<()>,
) -> Res<*mut Frame> {
    // SAFETY: the frame is filled before it enters the chain.
    unsafe {
        let fp = push_frame(vm, function)?;
        let code = &*(*fp).code;
        match fill(code, core::slice::from_raw_parts_mut(locals_of(fp), code.slots())) {
            Ok(()) => Ok(fp),
            Err(raised) => Err(unbound(vm, fp, raised)),
        }
    }
}

/// Binding has failed: the frame goes.
#[cold]
#[inline(never)]
unsafe fn unbound(vm: &Vm, fp: *mut Frame, raised: Raised) -> Raised {
    let aside = vm.take_raised(raised);
    // SAFETY: the topmost frame, which nobody runs.
    unsafe { pop_thread_frame(vm, fp) };
    vm.raise_again(aside)
}

/// Calls a Python function from native code. `locals`: the mapping that module and class bodies run in.
pub fn call_function(vm: &Vm, function: &Ref<Function>, args: Args<'_>, locals: Option<Value>) -> Res {
    // SAFETY: the frame is complete.
    unsafe {
        run_pushed(vm, || {
            let fp = push_bound(vm, function, args)?;
            if let Some(locals) = locals {
                (*fp).locals = locals;
            }
            Ok(fp)
        })
    }
}

/// Runs the frame that `push` makes under a shim of its own.
///
/// # Safety
/// The frame is complete, and not yet in the chain.
#[inline(always)]
unsafe fn run_pushed(vm: &Vm, push: impl FnOnce() -> Res<*mut Frame>) -> Res {
    let entry = Entry::push(vm)?;
    match push() {
        Ok(fp) => {
            // SAFETY: the caller's promise.
            unsafe { (*fp).previous = vm.exec.frame.get() };
            vm.exec.frame.set(fp);
            entry.run(vm)
        }
        Err(raised) => {
            entry.abandon(vm);
            Err(raised)
        }
    }
}

/// As [`call_function`] with the receiver before the arguments: the special methods that operators, iteration and the like call.
pub fn call_function_on(vm: &Vm, function: &Ref<Function>, receiver: &Value, args: &[Value]) -> Res {
    let code = function.code_now();
    if !is_simple(code) || code.argcount as usize != args.len() + 1 {
        let all: SmallVec<[Value; 6]> = core::iter::once(receiver).chain(args).cloned().collect();
        return call_function(vm, function, Args::positional(&all), None);
    }
    // SAFETY: the frame is complete; the code has as many slots at least.
    unsafe {
        run_pushed(vm, || {
            let fp = push_frame(vm, function)?;
            let slots = locals_of(fp);
            slots.write(receiver.clone());
            for (i, value) in args.iter().enumerate() {
                slots.add(1 + i).write(value.clone());
            }
            Ok(fp)
        })
    }
}

/// Runs a code object in a namespace (`PyEval_EvalCode`). `locals` defaults to the globals.
pub fn run_code(vm: &Vm, code: &Ref<Code>, globals: &Ref<Dict>, locals: Option<Value>, closure: Option<Value>) -> Res {
    let builtins = vm.builtins_of(globals)?;
    let function = Function::with_builtins(vm, code.clone(), globals.clone(), builtins)?;
    function.closure.set(closure);
    let locals = if code.has(flags::OPTIMIZED) { None } else { Some(locals.unwrap_or_else(|| globals.to_value())) };
    call_function(vm, &function, Args::EMPTY, locals)
}

/// Drops the words of a frame below `end`, the last one first, as CPython does.
///
/// # Safety
/// The words own values that nobody else will drop; the frame is out of the chain.
#[inline(always)]
unsafe fn drop_locals(fp: *mut Frame, end: *mut Value) {
    // SAFETY: the caller's promise.
    unsafe {
        let first = locals_of(fp);
        let mut at = end;
        while at > first {
            at = at.sub(1);
            drop_operand(at);
        }
    }
}

handlers! {
    fast PUSH_NULL |pc, sp, fp, vm, oparg| {
        sp.write(Value::UNBOUND);
        next(pc.add(1), sp.add(1), fp, vm)
    }
    adaptive CALL, CALL_SLOW => specialise_call;
    flow CALL_SLOW, 3 => call_general;
    adaptive CALL_KW, CALL_KW_SLOW => specialise_call_kw;
    flow CALL_KW_SLOW, 3 => call_kw_general;
    flow CALL_FUNCTION_EX, 0 => call_function_ex;
    flow RETURN_SLOW, 0 => return_value;
    fast RETURN_VALUE |pc, sp, fp, vm, oparg| {
        // The usual end: nobody has looked at the frame.
        if (*fp).owner == Owner::Thread && (*fp).object.is_unbound() && (*fp).locals.is_unbound() {
            // The last local goes first, as in CPython.
            let value = sp.sub(1);
            let first = locals_of(fp);
            let mut at = value;
            while at > first {
                at = at.sub(1);
                if give_up(at) {
                    let index = at.offset_from(first) as u32;
                    return return_dropping(pc, sp, fp, vm, index);
                }
            }
            if give_up(&raw mut (*fp).function) { return return_dropping(pc, sp, fp, vm, u32::MAX); }
            let caller = (*fp).previous;
            vm.exec.frame.set(caller);
            vm.exec.top.set(fp.cast());
            vm.leave_call();
            let caller_sp = (*caller).sp;
            caller_sp.write(value.read());
            return next((*caller).pc.add((*caller).return_offset as usize), caller_sp.add(1), caller, vm);
        }
        return_other(pc, sp, fp, vm, oparg)
    }
    fast return_dropping |pc, sp, fp, vm, oparg| {
        // The locals up to this one are still owned. The frame leaves the chain before a destructor can run.
        (*fp).pc = pc;
        (*fp).sp = sp;
        (*fp).dying = true;
        let caller = (*fp).previous;
        vm.exec.frame.set(caller);
        if oparg != u32::MAX {
            drop_locals(fp, locals_of(fp).add(oparg as usize + 1));
        }
        drop_operand(&raw mut (*fp).function);
        vm.exec.top.set(fp.cast());
        vm.leave_call();
        let caller_sp = (*caller).sp;
        caller_sp.write(sp.sub(1).read());
        next((*caller).pc.add((*caller).return_offset as usize), caller_sp.add(1), caller, vm)
    }
    fast return_other |pc, sp, fp, vm, oparg| {
        // A result that is not wanted, or a generator that ends; what else there is takes the long way.
        if (*fp).object.is_unbound() && (*fp).locals.is_unbound() {
            if (*sp.sub(1)).is_none() && matches!((*fp).owner, Owner::ThreadInit | Owner::ThreadIgnored) {
                return return_nothing(pc, sp, fp, vm, oparg);
            }
            if (*fp).owner == Owner::Generator { return return_from_generator(pc, sp, fp, vm, oparg); }
        }
        RETURN_SLOW(pc, sp, fp, vm, oparg)
    }
    fast return_nothing |pc, sp, fp, vm, oparg| {
        // None is not pushed: what the call is to give, if anything, stands on the caller's stack already.
        (*fp).pc = pc;
        (*fp).sp = sp;
        (*fp).dying = true;
        let caller = (*fp).previous;
        vm.exec.frame.set(caller);
        drop_locals(fp, sp.sub(1));
        drop_operand(&raw mut (*fp).function);
        vm.exec.top.set(fp.cast());
        vm.leave_call();
        next((*caller).pc.add((*caller).return_offset as usize), (*caller).sp, caller, vm)
    }
    fast return_from_generator |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp;
        (*fp).dying = true;
        let caller = (*fp).previous;
        vm.exec.frame.set(caller);
        (*fp).previous = core::ptr::null_mut();
        // Whoever runs the generator holds it: it outlives the drops below.
        generators::finished(vm, fp);
        drop_locals(fp, sp.sub(1));
        drop_operand(&raw mut (*fp).function);
        vm.leave_call();
        let caller_sp = (*caller).sp;
        caller_sp.write(sp.sub(1).read());
        next((*caller).pc.add((*caller).return_offset as usize), caller_sp.add(1), caller, vm)
    }
    fast INTERPRETER_EXIT |pc, sp, fp, vm, oparg| {
        // The shim leaves the chain; its one operand is the result.
        vm.exec.result.set(sp.sub(1).read().into_bits());
        vm.exec.frame.set((*fp).previous);
        vm.exec.top.set(fp.cast());
        super::dispatch::Exit::Done
    }
    body MAKE_FUNCTION, 0 => make_function;
    body SET_FUNCTION_ATTRIBUTE, 0 => set_function_attribute;
    body EXIT_INIT_CHECK, 0 => exit_init_check;
    flow RESUME, 0 => resume;
}

/// The code learns which events are wanted; from then on RESUME_CHECK looks at the breaker only.
fn resume(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    if monitoring::enter_code(vm, fp)? {
        return Ok(Flow::Switched);
    }
    // After a `yield from` the breaker waits: the innermost generator has checked it.
    if vm.breaker.any() && oparg & 3 < 2 {
        vm.safepoint()?;
    }
    Ok(Flow::Next)
}

/// Puts a method's function and receiver in the places of the callable and the missing self.
#[inline]
pub fn unwrap_method(vm: &Vm, fp: Fp, depth: usize) {
    if !fp.top(depth - 1).is_unbound() {
        return;
    }
    let Some(method) = fp.top(depth).exact::<BoundMethod>(vm) else { return };
    let (function, receiver) = (method.function.clone(), method.receiver.clone());
    drop(fp.replace_top(depth - 1, receiver));
    drop(fp.replace_top(depth, function));
}

/// The callee's frame enters the chain; the caller goes on after the call instruction, `units` long.
#[inline(always)]
pub unsafe fn enter_callee(vm: &Vm, caller: *mut Frame, callee: *mut Frame, units: u16) {
    // SAFETY: both are live frames; the callee is complete.
    unsafe {
        (*caller).return_offset = units;
        (*callee).previous = caller;
    }
    vm.exec.frame.set(callee);
}

#[inline(always)]
fn is_function(vm: &Vm, callable: &Value) -> bool {
    // SAFETY: any value may be asked.
    unsafe { super::specialised::is_exact(callable, vm.exec.known.function.get()) }
}

pub fn call_general(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let count = oparg as usize;
    if !is_function(vm, fp.top(count + 2)) {
        unwrap_method(vm, fp, count + 2);
    }
    let has_self = !fp.top(count + 1).is_unbound();
    let total = count + has_self as usize;
    if let Some(function) = fp.top(count + 2).exact::<Function>(vm) {
        // SAFETY: the frame is complete when it enters the chain; moved arguments are taken off the caller's stack.
        unsafe {
            let code = function.code_now();
            let callee = if is_simple(code) && total == code.argcount as usize {
                let callee = push_frame(vm, function)?;
                let sp = (*fp.raw()).sp;
                core::ptr::copy_nonoverlapping(sp.sub(total), locals_of(callee), total);
                (*fp.raw()).sp = sp.sub(total);
                fp.drop_top(2 - has_self as usize);
                callee
            } else {
                let callee = push_bound(vm, function, Args::positional(fp.top_slice(total)))?;
                fp.drop_top(count + 2);
                callee
            };
            enter_callee(vm, fp.raw(), callee, 4);
        }
        return Ok(Flow::Switched);
    }
    let result = vm.call_args(fp.top(count + 2), Args::positional(fp.top_slice(total)))?;
    finish_call(vm, fp, count + 2, result)
}

/// A native call is over: its operands go, its result comes, the breaker is looked at.
#[inline]
pub fn finish_call(vm: &Vm, fp: Fp, operands: usize, result: Value) -> Res<Flow> {
    fp.drop_top(operands);
    fp.push(result);
    if vm.breaker.any() {
        vm.safepoint()?;
    }
    Ok(Flow::Next)
}

pub fn call_kw_general(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let count = oparg as usize;
    if !is_function(vm, fp.top(count + 3)) {
        unwrap_method(vm, fp, count + 3);
    }
    let names = fp.top(1).downcast::<Tuple>();
    let total = count + !fp.top(count + 2).is_unbound() as usize;
    let values = &fp.top_slice(total + 1)[..total];
    let args = Args { values, names: names.filter(|n| !n.is_empty()) };
    if let Some(function) = fp.top(count + 3).exact::<Function>(vm) {
        // SAFETY: as in `call`.
        unsafe {
            let callee = push_bound(vm, function, args)?;
            fp.drop_top(count + 3);
            enter_callee(vm, fp.raw(), callee, 4);
        }
        return Ok(Flow::Switched);
    }
    let result = vm.call_args(fp.top(count + 3), args)?;
    finish_call(vm, fp, count + 3, result)
}

/// How messages name a callable: `module.qualname()`, without the module for builtins (CPython `_PyObject_FunctionStr`).
pub fn function_text(vm: &Vm, callable: &Value) -> String {
    let names = vm.names();
    let found = (|| -> Res<Option<String>> {
        let Some(qualname) = vm.get_attr_opt(callable, &names.__qualname__)? else { return Ok(None) };
        let Some(qualname) = qualname.downcast::<Str>().map(|q| q.to_utf8_lossy().into_owned()) else {
            return Ok(None);
        };
        let module = vm.get_attr_opt(callable, &names.__module__)?;
        Ok(Some(match module.as_ref().and_then(|m| m.downcast::<Str>()) {
            Some(module) if !module.eq_str("builtins") => format!("{}.{qualname}()", module.to_utf8_lossy()),
            _ => format!("{qualname}()"),
        }))
    })();
    match found {
        Ok(Some(text)) => text,
        Ok(None) => vm.str(callable).map_or_else(
            |raised| {
                vm.forget(raised);
                "?".to_string()
            },
            |s| s.to_utf8_lossy().into_owned(),
        ),
        Err(raised) => {
            vm.forget(raised);
            "?".to_string()
        }
    }
}

#[cold]
pub fn not_iterable_arguments(vm: &Vm, callable: &Value, given: &Value) -> Raised {
    vm.type_error(format!(
        "{} argument after * must be an iterable, not {}",
        function_text(vm, callable),
        vm.type_name(given)
    ))
}

/// The arguments of CALL_FUNCTION_EX; the second operand is a tuple afterwards.
pub fn call_arguments(vm: &Vm, fp: Fp) -> Res<(SmallVec<[Value; 8]>, Option<Ref<Tuple>>)> {
    let given = fp.top(2).clone();
    if given.exact::<Tuple>(vm).is_none() {
        if !vm.is_iterable(&given) {
            return Err(not_iterable_arguments(vm, fp.top(4), &given));
        }
        let items = vm.collect(&given)?;
        let tuple = Tuple::from_vec(vm, items)?.into_value();
        drop(fp.replace_top(2, tuple));
    }
    drop(given);
    let mut values: SmallVec<[Value; 8]> = SmallVec::new();
    let mut names = None;
    if !fp.top(3).is_unbound() {
        values.push(fp.top(3).clone());
    }
    if let Some(tuple) = fp.top(2).downcast::<Tuple>() {
        values.extend(tuple.as_slice().iter().cloned());
    }
    if let Some(dict) = fp.top(1).downcast::<Dict>()
        && !dict.is_empty()
    {
        let mut keys: SmallVec<[Value; 8]> = SmallVec::with_capacity(dict.len());
        dict.with_pairs(|pairs| {
            for pair in pairs {
                if let (Some(key), Some(value)) = (&pair.key, &pair.value) {
                    keys.push(key.clone());
                    values.push(value.clone());
                }
            }
        });
        if keys.iter().any(|k| !k.is_a::<Str>()) {
            return Err(vm.type_error("keywords must be strings"));
        }
        names = Some(Tuple::from_exact(vm, keys.len(), keys.into_iter())?);
    }
    Ok((values, names))
}

fn call_function_ex(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    if !fp.top(1).is_unbound()
        && fp.top(3).is_unbound()
        && let Some(function) = fp.top(4).exact::<Function>(vm)
        && let Some(tuple) = fp.top(2).exact::<Tuple>(vm)
        && let Some(dict) = fp.top(1).exact::<Dict>(vm)
        // Made for this call: nobody else looks at it, and nothing that runs while it is read can change it.
        && dict.header().count() == 1
        && dict.has_texts_only()
    {
        // SAFETY: as in `call`; the dict's word is the top of the stack.
        unsafe {
            let keywords = &mut *(*fp.raw()).sp.sub(1);
            let callee = push_filled(vm, function, |code, slots| {
                bind::bind_spread(vm, function, code, tuple.as_slice(), keywords, slots)
            })?;
            fp.drop_top(4);
            enter_callee(vm, fp.raw(), callee, 1);
        }
        return Ok(Flow::Switched);
    }
    let no_names = fp.top(1).is_unbound() || fp.top(1).exact::<Dict>(vm).is_some_and(|dict| dict.is_empty());
    if no_names
        && fp.top(3).is_unbound()
        && let Some(tuple) = fp.top(2).exact::<Tuple>(vm)
    {
        // The operands stay on the stack, and the tuple's items in their places, until the call is over or its frame complete.
        return call_with(vm, fp, Args::positional(tuple.as_slice()));
    }
    let (values, names) = call_arguments(vm, fp)?;
    call_with(vm, fp, Args { values: &values, names: names.as_ref() })
}

/// Calls the callable of CALL_FUNCTION_EX.
#[inline]
fn call_with(vm: &Vm, fp: Fp, args: Args<'_>) -> Res<Flow> {
    if let Some(function) = fp.top(4).exact::<Function>(vm) {
        // SAFETY: as in `call`.
        unsafe {
            let callee = push_bound(vm, function, args)?;
            fp.drop_top(4);
            enter_callee(vm, fp.raw(), callee, 1);
        }
        return Ok(Flow::Switched);
    }
    let result = vm.call_args(fp.top(4), args)?;
    finish_call(vm, fp, 4, result)
}

pub fn return_value(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    let value = fp.pop();
    let frame = fp.raw();
    // SAFETY: the frame ends; its caller goes on behind its call instruction.
    unsafe {
        let caller = (*frame).previous;
        vm.exec.frame.set(caller);
        let owner = (*frame).owner;
        if (*frame).owner == Owner::Generator {
            (*frame).previous = core::ptr::null_mut();
            generators::finished(vm, frame);
            clear_frame(vm, frame);
            vm.leave_call();
        } else {
            pop_thread_frame(vm, frame);
        }
        match owner {
            // The instance stands on the caller's stack already.
            Owner::ThreadInit if !value.is_none() => return Err(init_result(vm, &value)),
            Owner::ThreadInit | Owner::ThreadIgnored => drop(value),
            _ => Fp::new(caller).push(value),
        }
        (*caller).pc = (*caller).pc.add((*caller).return_offset as usize);
    }
    Ok(Flow::Switched)
}

fn make_function(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let code = fp.pop();
    let Ok(code) = crate::payload::into_ref::<Code>(code) else { return Err(vm.system_error("expected code")) };
    // As CPython: the builtins come from the globals of the frame, whose own are right unless globals changed.
    let function = Function::new(vm, code, fp.globals().clone())?;
    fp.push(function.into_value());
    Ok(())
}

fn set_function_attribute(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let function = fp.pop();
    let attribute = fp.pop();
    let Some(target) = function.downcast::<Function>() else { return Err(vm.system_error("expected a function")) };
    let cell = match oparg {
        1 => &target.defaults,
        2 => &target.kwdefaults,
        4 => &target.annotations,
        8 => &target.closure,
        _ => {
            name_annotate(vm, target, &attribute)?;
            &target.annotate
        }
    };
    if oparg == 16
        && let (Some(annotate), Some(owner)) = (attribute.downcast::<Function>(), target.qualname.get())
        && let Some(owner) = owner.downcast::<crate::Str>()
    {
        // The code object is named after the scope alone; the function says whose annotations it makes.
        let name = crate::objects::str::slots::concat(vm, owner.as_value(), vm.new_str(".__annotate__")?.as_value())?;
        annotate.qualname.set(Some(name));
    }
    cell.set(Some(attribute));
    fp.push(function);
    Ok(())
}

/// The function that makes annotations is called after the one it belongs to, which its code does not know.
fn name_annotate(vm: &Vm, owner: &Function, annotate: &Value) -> Res<()> {
    if let Some(annotate) = annotate.downcast::<Function>()
        && let Some(qualname) = owner.qualname.get().as_ref().and_then(|name| name.downcast::<Str>())
    {
        let name = [&qualname.to_wtf8()[..], b".__annotate__"].concat();
        annotate.qualname.set(Some(vm.new_wtf8(&name)?.into_value()));
    }
    Ok(())
}

fn exit_init_check(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let value = fp.pop();
    if value.is_none() {
        return Ok(());
    }
    Err(init_result(vm, &value))
}

#[cold]
fn init_result(vm: &Vm, value: &Value) -> Raised {
    vm.type_error(format!("__init__() should return None, not '{}'", vm.type_name(value)))
}
