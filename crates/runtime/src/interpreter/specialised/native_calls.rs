//! Calls of native functions and of methods of builtin types, with the arguments left on the caller's operand stack.
//!
//! Each handler checks what is called, calls it, and gives the operands up one by one; an operand that dies is freed right here,
//! since a handler that calls out has its prologue anyway. The recursion counter is left alone: natives that run Python code
//! push frames, which count. Whatever does not fit goes on as the plain CALL, which raises what there is to raise.
#![allow(unsafe_code)]

use super::{is_exact, payload};
use crate::frames::Frame;
use crate::interpreter::calls::CALL;
use crate::interpreter::control::{give_up, safepoint_then};
use crate::interpreter::dispatch::{Exit, handlers, next};
use crate::interpreter::unwind::raised;
use crate::native::{Args, Call, MethodDef};
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::native_function::{MethodDescriptor, NativeFunction};
use crate::objects::str::Str;
use crate::objects::r#type::construct;
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, Value};

/// Gives up what a stack word owns; the word is dead afterwards.
///
/// # Safety
/// The word owns a value that nobody else drops.
#[inline(always)]
pub unsafe fn drop_operand(word: *mut Value) {
    // SAFETY: the caller's promise.
    unsafe {
        if give_up(word) {
            free_last(word);
        }
    }
}

/// Frees the object whose last reference stands in the word.
///
/// # Safety
/// As [`drop_operand`], and the object's count is 1.
#[inline(never)]
pub unsafe fn free_last(word: *mut Value) {
    // SAFETY: the caller's promise.
    unsafe { drop(word.read()) }
}

/// The end of a native call: operands from `callable` up to `sp` go, the result comes, the breaker is looked at.
///
/// # Safety
/// As for handlers; the operands are alive.
#[inline(always)]
pub(super) unsafe fn finish(
    result: Res,
    pc: *mut u16,
    sp: *mut Value,
    callable: *mut Value,
    fp: *mut Frame,
    vm: &Vm,
) -> Exit {
    // SAFETY: the caller's promise; each word is given up once, from the top down.
    unsafe {
        // A plain word: a value alive across the drops would need cleaning up, and the dispatch would be a real call.
        let word = match result {
            Ok(value) => value.into_bits(),
            Err(_) => 0,
        };
        if word == 0 {
            return raised(pc, sp, fp, vm, 0);
        }
        let mut at = sp;
        while at > callable {
            at = at.sub(1);
            (*fp).sp = at;
            drop_operand(at);
        }
        callable.write(Value::from_bits(word));
        if vm.breaker.any() {
            return safepoint_then(pc.add(4), callable.add(1), fp, vm, 0);
        }
        next(pc.add(4), callable.add(1), fp, vm)
    }
}

/// Calls with many arguments: the fat argument block must not live in a handler.
#[inline(never)]
unsafe fn call_many(
    f: fn(&Vm, &Value, Args<'_>) -> Res,
    vm: &Vm,
    this: &Value,
    arguments: *const Value,
    count: usize,
) -> Res {
    // SAFETY: the caller's words.
    f(vm, this, Args::positional(unsafe { core::slice::from_raw_parts(arguments, count) }))
}

/// The definition of a method descriptor when `receiver` is an instance of its class.
///
/// # Safety
/// Both words hold values.
#[inline(always)]
unsafe fn method_of(vm: &Vm, callable: *const Value, receiver: *const Value) -> Option<&'static MethodDef> {
    // SAFETY: the caller's promise.
    unsafe {
        if !is_exact(callable, vm.exec.known.method_descriptor.get()) {
            return None;
        }
        let descriptor: &MethodDescriptor = payload(callable);
        let owner = descriptor.owner.as_ptr() as usize;
        let class = vm.class(&*receiver);
        if class.as_ptr() as usize == owner || class.is_subtype(&descriptor.owner) {
            Some(descriptor.def)
        } else {
            None
        }
    }
}

/// What a native function receives first.
#[inline(always)]
fn receiver_of(native: &NativeFunction) -> &Value {
    const NONE: &Value = &Value::NONE;
    native.this.as_ref().unwrap_or(NONE)
}

handlers! {
    fast CALL_BUILTIN_O |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && is_exact(callable, vm.exec.known.native_function.get()) && (*sp.sub(2)).is_unbound() {
            let native: &NativeFunction = payload(callable);
            if let Call::One(f) = native.def.call {
                (*fp).pc = pc;
                (*fp).sp = sp;
                let result = f(vm, receiver_of(native), &*sp.sub(1));
                return finish(result, pc, sp, callable, fp, vm);
            }
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_BUILTIN_FAST |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.native_function.get()) && (*callable.add(1)).is_unbound() {
            let native: &NativeFunction = payload(callable);
            if let Call::Many(f) = native.def.call {
                (*fp).pc = pc;
                (*fp).sp = sp;
                let result = call_many(f, vm, receiver_of(native), callable.add(2), count);
                return finish(result, pc, sp, callable, fp, vm);
            }
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_BUILTIN_FAST_WITH_KEYWORDS |pc, sp, fp, vm, oparg| { CALL_BUILTIN_FAST(pc, sp, fp, vm, oparg) }
    fast CALL_METHOD_DESCRIPTOR_O |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1
            && !(*sp.sub(2)).is_unbound()
            && let Some(def) = method_of(vm, callable, sp.sub(2))
            && let Call::One(f) = def.call
        {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = f(vm, &*sp.sub(2), &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_METHOD_DESCRIPTOR_NOARGS |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(2);
        if oparg == 0
            && !(*sp.sub(1)).is_unbound()
            && let Some(def) = method_of(vm, callable, sp.sub(1))
            && let Call::NoArgs(f) = def.call
        {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = f(vm, &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_METHOD_DESCRIPTOR_FAST |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if !(*callable.add(1)).is_unbound()
            && let Some(def) = method_of(vm, callable, callable.add(1))
            && let Call::Many(f) = def.call
        {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = call_many(f, vm, &*callable.add(1), callable.add(2), count);
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS |pc, sp, fp, vm, oparg| {
        CALL_METHOD_DESCRIPTOR_FAST(pc, sp, fp, vm, oparg)
    }
    fast CALL_LEN |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && (*callable).bits() == vm.exec.len_function.get() && (*sp.sub(2)).is_unbound() {
            let known = &vm.exec.known;
            let argument = sp.sub(1);
            if let Some(header) = (*argument).header() {
                let class = header.type_pointer().as_ptr() as usize;
                let len = if class == known.list.get() {
                    (*payload::<List>(argument).items.as_ptr()).len()
                } else if class == known.tuple.get() {
                    payload::<Tuple>(argument).len()
                } else if class == known.str.get() {
                    payload::<Str>(argument).len()
                } else if class == known.dict.get() {
                    payload::<Dict>(argument).len()
                } else {
                    return CALL_LEN_SLOW(pc, sp, fp, vm, oparg);
                };
                (*fp).pc = pc;
                (*fp).sp = callable;
                drop_operand(argument);
                // `len` is held by the builtins.
                drop_operand(callable);
                callable.write(Value::from_bits(((len as u64) << 2) | 1));
                return next(pc.add(4), callable.add(1), fp, vm);
            }
        }
        CALL_LEN_SLOW(pc, sp, fp, vm, oparg)
    }
    fast CALL_LEN_SLOW |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && (*callable).bits() == vm.exec.len_function.get() && (*sp.sub(2)).is_unbound() {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = len_of(vm, &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_ISINSTANCE |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(4);
        if oparg == 2 && (*callable).bits() == vm.exec.isinstance_function.get() && (*sp.sub(3)).is_unbound() {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = instance_test(vm, &*sp.sub(2), &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_TYPE_1 |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && (*callable).bits() == vm.exec.known.r#type.get() as u64 && (*sp.sub(2)).is_unbound() {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = Ok(vm.class(&*sp.sub(1)).to_value());
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_STR_1 |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && (*callable).bits() == vm.exec.known.str.get() as u64 && (*sp.sub(2)).is_unbound() {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = text_of(vm, &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_TUPLE_1 |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(3);
        if oparg == 1 && (*callable).bits() == vm.exec.known.tuple.get() as u64 && (*sp.sub(2)).is_unbound() {
            (*fp).pc = pc;
            (*fp).sp = sp;
            let result = tuple_of(vm, &*sp.sub(1));
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_BUILTIN_CLASS |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if let Some(header) = (*callable).header()
            && header.type_pointer().as_ptr() as usize == vm.exec.known.r#type.get()
            && !payload::<Type>(callable).is_heap()
            && (*callable.add(1)).is_unbound()
        {
            (*fp).pc = pc;
            (*fp).sp = sp;
            // SAFETY: the arguments stand on the operand stack. The class's class is `type`, whose call this is.
            let args = core::slice::from_raw_parts(callable.add(2), count);
            let result = call_class(vm, &*callable, args);
            return finish(result, pc, sp, callable, fp, vm);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
}

#[inline(never)]
fn len_of(vm: &Vm, value: &Value) -> Res {
    vm.new_int(vm.len(value)? as i64)
}

#[inline(never)]
fn instance_test(vm: &Vm, value: &Value, class: &Value) -> Res {
    Ok(Value::bool(vm.is_instance(value, class)?))
}

#[inline(never)]
fn text_of(vm: &Vm, value: &Value) -> Res {
    Ok(vm.str(value)?.into_value())
}

#[inline(never)]
fn tuple_of(vm: &Vm, value: &Value) -> Res {
    use crate::payload::Downcast;
    if let Some(list) = value.exact::<List>(vm)
        && !list.is_empty()
    {
        let made = list.items.with(|items| Tuple::from_exact(vm, items.len(), items.iter().cloned()));
        return Ok(made?.into_value());
    }
    match value.exact::<Tuple>(vm) {
        Some(_) => Ok(value.clone()),
        None => Ok(Tuple::from_vec(vm, vm.collect(value)?)?.into_value()),
    }
}

/// Calls a class whose class is `type`.
///
/// Not inlined: the arguments' place on the machine stack would make the handler's jump to the next one a call.
#[inline(never)]
fn call_class(vm: &Vm, class: &Value, args: &[Value]) -> Res {
    construct::call(vm, class, Args::positional(args))
}
