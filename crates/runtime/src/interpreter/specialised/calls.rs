//! Calls by what is called: Python functions by version, native functions by how they take their arguments.
#![allow(unsafe_code)]

use super::{is_exact, payload, read32, write32};
use crate::frames::{Fp, Frame, Owner, locals_of};
use crate::interpreter::calls::{CALL, call_general, enter_callee, push_frame};
use crate::interpreter::control::{drop_word, give_up};
use crate::interpreter::dispatch::{Flow, handlers, next};
use crate::native::{Args, Call, MethodKind};
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::method::BoundMethod;
use crate::objects::native_function::{MethodDescriptor, NativeFunction};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, TypeFlags, Value};
use core::mem::ManuallyDrop;
use ophi_bytecode::instruction::Opcode;

/// Pushes the frame of a function whose parameters are exactly the `total` words below `sp`; the function's own word stands at
/// `callable` and moves into the frame. `None`: no room or too deep; nothing has changed.
#[inline(always)]
unsafe fn push_exact(vm: &Vm, callable: *mut Value, sp: *mut Value, total: usize) -> Option<*mut Frame> {
    // SAFETY: the caller checked the function; the words are written before the frame is used.
    unsafe {
        let function: &Function = payload(callable);
        let code = &**function.code_now();
        let words = code.frame_words as usize;
        let left = vm.recursion_left.get() - 1;
        let top = vm.exec.room(words)?;
        if left < 0 {
            return None;
        }
        vm.recursion_left.set(left);
        let fp = top.cast::<Frame>();
        let slots = locals_of(fp);
        // A loop, not a block copy: for a handful of words the call would cost more.
        let arguments = sp.sub(total);
        let mut i = 0;
        while i < total {
            slots.add(i).write(arguments.add(i).read());
            i += 1;
        }
        let count = code.slots();
        while i < count {
            slots.add(i).write(Value::UNBOUND);
            i += 1;
        }
        (*fp).code = code;
        (*fp).pc = code.units();
        (*fp).sp = slots.add(count);
        (&raw mut (*fp).globals).write(ManuallyDrop::new(core::ptr::read(&function.globals)));
        (&raw mut (*fp).builtins).write(ManuallyDrop::new(core::ptr::read(&function.builtins)));
        (&raw mut (*fp).function).write(callable.read());
        (&raw mut (*fp).locals).write(Value::UNBOUND);
        (&raw mut (*fp).object).write(Value::UNBOUND);
        // One store for the last word: owner `Thread`, not dying, no place.
        (&raw mut (*fp).return_offset).cast::<u64>().write(0);
        vm.exec.top.set(top.add(words));
        Some(fp)
    }
}

handlers! {
    fast CALL_PY_EXACT_ARGS |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.function.get()) && payload::<Function>(callable).version.get() == read32(pc.add(2)) {
            let total = count + !(*sp.sub(count + 1)).is_unbound() as usize;
            if payload::<Function>(callable).code_now().argcount as usize == total
                && let Some(callee) = push_exact(vm, callable, sp, total)
            {
                (*fp).pc = pc;
                (*fp).sp = callable;
                (*fp).return_offset = 4;
                (*callee).previous = fp;
                vm.exec.frame.set(callee);
                let mut start = (*callee).pc;
                // RESUME would only look at the breaker.
                if *start & 0xff == Opcode::RESUME_CHECK.0 as u16 && !vm.breaker.any() { start = start.add(1); }
                return next(start, (*callee).sp, callee, vm);
            }
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast CALL_BOUND_METHOD_EXACT_ARGS |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.method.get()) && (*sp.sub(count + 1)).is_unbound() {
            let method: &BoundMethod = payload(callable);
            let function: *const Value = &method.function;
            if is_exact(function, vm.exec.known.function.get())
                && payload::<Function>(function).version.get() == read32(pc.add(2))
            {
                // As the method call it stands for: function and receiver take their places.
                let (function, receiver) = (method.function.clone(), method.receiver.clone());
                let last = give_up(callable);
                let old = core::ptr::replace(callable, function);
                callable.add(1).write(receiver);
                if last {
                    sp.write(old);
                    return drop_above(pc, sp, fp, vm, oparg);
                }
                core::mem::forget(old);
                return CALL_PY_EXACT_ARGS(pc, sp, fp, vm, oparg);
            }
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    fast drop_above |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp;
        drop_word(sp);
        CALL_PY_EXACT_ARGS(pc, sp, fp, vm, oparg)
    }
    fast RETURN_VALUE |pc, sp, fp, vm, oparg| {
        // The usual end: nobody has looked at the frame and no local dies with it.
        if (*fp).owner as u8 == Owner::Thread as u8 && (*fp).object.is_unbound() && (*fp).locals.is_unbound() {
            let value = sp.sub(1);
            let mut at = locals_of(fp);
            while at < value {
                if give_up(at) {
                    return return_slow(pc, sp, fp, vm, 0);
                }
                at.write(Value::UNBOUND);
                at = at.add(1);
            }
            if give_up(&raw mut (*fp).function) {
                return return_slow(pc, sp, fp, vm, 1);
            }
            let caller = (*fp).previous;
            vm.exec.frame.set(caller);
            vm.exec.top.set(fp.cast());
            vm.recursion_left.set(vm.recursion_left.get() + 1);
            let caller_sp = (*caller).sp;
            caller_sp.write(value.read());
            return next((*caller).pc.add((*caller).return_offset as usize), caller_sp.add(1), caller, vm);
        }
        crate::interpreter::calls::RETURN_SLOW(pc, sp, fp, vm, 0)
    }
    fast return_slow |pc, sp, fp, vm, oparg| { crate::interpreter::calls::RETURN_SLOW(pc, sp, fp, vm, oparg) }
    flow CALL_PY_GENERAL, 3 => call_general;
    flow CALL_BOUND_METHOD_GENERAL, 3 => call_general;
    flow CALL_NON_PY, 3 => call_general;
    fast CALL_NON_PY_GENERAL |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(oparg as usize + 2);
        if is_exact(callable, vm.exec.known.function.get()) || is_exact(callable, vm.exec.known.method.get()) {
            return CALL(pc, sp, fp, vm, oparg);
        }
        CALL_NON_PY(pc, sp, fp, vm, oparg)
    }
    guarded CALL_BUILTIN_O, 3, CALL => builtin_o;
    guarded CALL_BUILTIN_FAST, 3, CALL => builtin_fast;
    guarded CALL_BUILTIN_FAST_WITH_KEYWORDS, 3, CALL => builtin_fast;
    guarded CALL_BUILTIN_CLASS, 3, CALL => builtin_class;
    guarded CALL_METHOD_DESCRIPTOR_O, 3, CALL => descriptor_o;
    guarded CALL_METHOD_DESCRIPTOR_NOARGS, 3, CALL => descriptor_noargs;
    guarded CALL_METHOD_DESCRIPTOR_FAST, 3, CALL => descriptor_fast;
    guarded CALL_METHOD_DESCRIPTOR_FAST_WITH_KEYWORDS, 3, CALL => descriptor_fast;
    guarded CALL_TYPE_1, 3, CALL => type_1;
    guarded CALL_STR_1, 3, CALL => str_1;
    guarded CALL_TUPLE_1, 3, CALL => tuple_1;
    guarded CALL_LEN, 3, CALL => len;
    guarded CALL_ISINSTANCE, 3, CALL => isinstance;
    fast CALL_LIST_APPEND |pc, sp, fp, vm, oparg| {
        // callable, list, item: the result is dropped by the POP_TOP behind.
        let callable = sp.sub(3);
        if is_exact(callable, vm.exec.known.method_descriptor.get())
            && (*callable).bits() == read_append(vm)
            && is_exact(sp.sub(2), vm.exec.known.list.get())
        {
            let list: &List = payload(sp.sub(2));
            let items = &mut *list.items.as_ptr();
            if items.len() < items.capacity() {
                let end = items.as_mut_ptr().add(items.len());
                end.write(sp.sub(1).read());
                items.set_len(items.len() + 1);
                let a = give_up(sp.sub(2));
                if a { return append_free(pc, sp, fp, vm, 0); }
                // The descriptor is never the last reference: its class holds it.
                let b = give_up(callable);
                debug_assert!(!b);
                return next(pc.add(5), callable, fp, vm);
            }
        }
        CALL_LIST_APPEND_SLOW(pc, sp, fp, vm, oparg)
    }
    fast append_free |pc, sp, fp, vm, oparg| {
        (*fp).pc = pc;
        (*fp).sp = sp.sub(3);
        drop_word(sp.sub(2));
        drop_word(sp.sub(3));
        next(pc.add(5), sp.sub(3), fp, vm)
    }
    guarded CALL_LIST_APPEND_SLOW, 3, CALL => list_append;
    flow CALL_ALLOC_AND_ENTER_INIT_FLOW, 3 => alloc_and_enter_init;
    fast CALL_ALLOC_AND_ENTER_INIT |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(oparg as usize + 2);
        if (*sp.sub(oparg as usize + 1)).is_unbound()
            && let Some(header) = (*callable).header()
            && header.type_head().flags.get().has(TypeFlags::TYPE)
            && payload::<Type>(callable).fields.version.get() == read32(pc.add(2))
        {
            return CALL_ALLOC_AND_ENTER_INIT_FLOW(pc, sp, fp, vm, oparg);
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    flow CALL_KW_PY, 3 => crate::interpreter::calls::call_kw_general;
    flow CALL_KW_BOUND_METHOD, 3 => crate::interpreter::calls::call_kw_general;
    flow CALL_KW_NON_PY, 3 => crate::interpreter::calls::call_kw_general;
}

/// The word of `list.append`'s descriptor.
#[inline(always)]
fn read_append(vm: &Vm) -> u64 {
    vm.exec.list_append.get()
}

/// Callable and the arguments with a bound self in front.
#[inline(always)]
fn operands<'a>(fp: Fp, oparg: u32) -> (&'a Value, &'a [Value]) {
    let count = oparg as usize;
    let total = count + !fp.top(count + 1).is_unbound() as usize;
    (fp.top(count + 2), fp.top_slice(total))
}

#[inline(always)]
fn finish(vm: &Vm, fp: Fp, oparg: u32, result: Value) -> Res<bool> {
    fp.drop_top(oparg as usize + 2);
    fp.push(result);
    if vm.breaker.any() {
        vm.safepoint()?;
    }
    Ok(true)
}

fn builtin_o(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    let (Some(native), [arg]) = (callable.exact::<NativeFunction>(vm), args) else { return Ok(false) };
    let Call::One(f) = native.def.call else { return Ok(false) };
    vm.enter_call("")?;
    let result = f(vm, native.this.as_ref().unwrap_or(&Value::NONE), arg);
    vm.leave_call();
    finish(vm, fp, oparg, result?)
}

fn builtin_fast(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    let Some(native) = callable.exact::<NativeFunction>(vm) else { return Ok(false) };
    let Call::Many(f) = native.def.call else { return Ok(false) };
    vm.enter_call("")?;
    let result = f(vm, native.this.as_ref().unwrap_or(&Value::NONE), Args::positional(args));
    vm.leave_call();
    finish(vm, fp, oparg, result?)
}

fn builtin_class(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    if !callable.downcast::<Type>().is_some_and(|t| !t.is_heap()) {
        return Ok(false);
    }
    let result = vm.call_args(callable, Args::positional(args))?;
    finish(vm, fp, oparg, result)
}

/// The descriptor's definition when the receiver is an instance of its class.
#[inline(always)]
fn descriptor<'a>(
    vm: &Vm,
    callable: &'a Value,
    args: &'a [Value],
) -> Option<(&'static crate::native::MethodDef, &'a Value, &'a [Value])> {
    let descriptor = callable.exact::<MethodDescriptor>(vm)?;
    let (receiver, rest) = args.split_first()?;
    let class = vm.class(receiver);
    (class.is(&descriptor.owner) || class.is_subtype(&descriptor.owner)).then_some((descriptor.def, receiver, rest))
}

fn descriptor_o(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    let Some((def, receiver, [arg])) = descriptor(vm, callable, args) else { return Ok(false) };
    let Call::One(f) = def.call else { return Ok(false) };
    vm.enter_call("")?;
    let result = f(vm, receiver, arg);
    vm.leave_call();
    finish(vm, fp, oparg, result?)
}

fn descriptor_noargs(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    let Some((def, receiver, [])) = descriptor(vm, callable, args) else { return Ok(false) };
    let Call::NoArgs(f) = def.call else { return Ok(false) };
    vm.enter_call("")?;
    let result = f(vm, receiver);
    vm.leave_call();
    finish(vm, fp, oparg, result?)
}

fn descriptor_fast(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, args) = operands(fp, oparg);
    let Some((def, receiver, rest)) = descriptor(vm, callable, args) else { return Ok(false) };
    let Call::Many(f) = def.call else { return Ok(false) };
    vm.enter_call("")?;
    let result = f(vm, receiver, Args::positional(rest));
    vm.leave_call();
    finish(vm, fp, oparg, result?)
}

fn type_1(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [arg]) = operands(fp, oparg) else { return Ok(false) };
    if !callable.is(vm.ty(&crate::objects::r#type::TYPE).as_value()) {
        return Ok(false);
    }
    let class = vm.class(arg).to_value();
    finish(vm, fp, oparg, class)
}

fn str_1(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [arg]) = operands(fp, oparg) else { return Ok(false) };
    if !callable.is(vm.ty(&crate::objects::str::STR).as_value()) {
        return Ok(false);
    }
    let text = vm.str(arg)?.into_value();
    finish(vm, fp, oparg, text)
}

fn tuple_1(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [arg]) = operands(fp, oparg) else { return Ok(false) };
    if !callable.is(vm.ty(&crate::objects::tuple::TUPLE).as_value()) {
        return Ok(false);
    }
    let tuple = match arg.exact::<Tuple>(vm) {
        Some(_) => arg.clone(),
        None => Tuple::from_vec(vm, vm.collect(arg)?)?.into_value(),
    };
    finish(vm, fp, oparg, tuple)
}

fn len(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [arg]) = operands(fp, oparg) else { return Ok(false) };
    if callable.bits() != vm.exec.len_function.get() {
        return Ok(false);
    }
    let len = vm.new_int(vm.len(arg)? as i64)?;
    finish(vm, fp, oparg, len)
}

fn isinstance(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [value, class]) = operands(fp, oparg) else { return Ok(false) };
    if callable.bits() != vm.exec.isinstance_function.get() {
        return Ok(false);
    }
    let answer = Value::bool(vm.is_instance(value, class)?);
    finish(vm, fp, oparg, answer)
}

#[allow(unsafe_code)]
fn list_append(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let (callable, [list, item]) = operands(fp, oparg) else { return Ok(false) };
    if callable.bits() != read_append(vm) {
        return Ok(false);
    }
    let Some(list) = list.exact::<List>(vm) else { return Ok(false) };
    list.push(vm, item.clone())?;
    fp.drop_top(3);
    // The POP_TOP behind is skipped: the handler adds the instruction's own length.
    // SAFETY: specialised only when a POP_TOP follows.
    unsafe { (*fp.raw()).pc = (*fp.raw()).pc.add(1) };
    Ok(true)
}

/// Makes the instance, and runs `__init__` under a frame that checks its result and returns the instance.
fn alloc_and_enter_init(vm: &Vm, fp: Fp, oparg: u32) -> Res<Flow> {
    let count = oparg as usize;
    let Some(class) = fp.top(count + 2).downcast::<Type>().cloned() else {
        return Err(vm.system_error("a class vanished"));
    };
    let Some(init) = class.lookup(vm, &vm.names().__init__) else { return Err(vm.system_error("__init__ vanished")) };
    let Some(function) = init.exact::<Function>(vm) else { return Err(vm.system_error("__init__ vanished")) };
    let code = function.code_now();
    if code.argcount as usize != count + 1 || code.flags & 0xc != 0 || code.kwonlyargcount != 0 {
        return call_general(vm, fp, oparg);
    }
    let instance: crate::Ref<crate::objects::object::Instance> =
        vm.new_instance(&class, crate::objects::object::Instance)?;
    let cleanup = crate::interpreter::calls::cleanup_function(vm)?;
    // SAFETY: both frames are complete when they enter the chain; the arguments move off the caller's stack.
    unsafe {
        let shim = push_frame(vm, &cleanup)?;
        (*shim).owner = Owner::Cleanup;
        let callee = match push_frame(vm, function) {
            Ok(callee) => callee,
            Err(raised) => {
                let aside = vm.take_raised(raised);
                crate::frames::pop_thread_frame(vm, shim);
                return Err(vm.raise_again(aside));
            }
        };
        let sp = (*fp.raw()).sp;
        let slots = locals_of(callee);
        slots.write(instance.to_value());
        core::ptr::copy_nonoverlapping(sp.sub(count), slots.add(1), count);
        (*fp.raw()).sp = sp.sub(count);
        fp.drop_top(2);
        Fp::new(shim).push(instance.into_value());
        (*shim).return_offset = 0;
        (*fp.raw()).return_offset = 4;
        (*shim).previous = fp.raw();
        vm.exec.frame.set(shim);
        enter_callee(vm, shim, callee, 0);
    }
    Ok(Flow::Switched)
}

pub fn specialise_call(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
    let (callable, args) = operands(fp, oparg);
    let known = &vm.exec.known;
    let nargs = args.len();
    // SAFETY: the cache units of CALL.
    unsafe {
        if is_exact(callable, known.function.get()) {
            return python(vm, callable, pc, nargs, Opcode::CALL_PY_EXACT_ARGS, Opcode::CALL_PY_GENERAL);
        }
        if is_exact(callable, known.method.get()) && fp.top(oparg as usize + 1).is_unbound() {
            let method: &BoundMethod = payload(callable);
            if !is_exact(&method.function, known.function.get()) {
                return Some(Opcode::CALL_NON_PY_GENERAL);
            }
            return python(
                vm,
                &method.function,
                pc,
                nargs + 1,
                Opcode::CALL_BOUND_METHOD_EXACT_ARGS,
                Opcode::CALL_BOUND_METHOD_GENERAL,
            );
        }
        if let Some(native) = callable.exact::<NativeFunction>(vm) {
            if nargs == 1 && callable.bits() == vm.exec.len_function.get() {
                return Some(Opcode::CALL_LEN);
            }
            if nargs == 2 && callable.bits() == vm.exec.isinstance_function.get() {
                return Some(Opcode::CALL_ISINSTANCE);
            }
            return Some(match native.def.call {
                Call::One(_) if nargs == 1 => Opcode::CALL_BUILTIN_O,
                Call::Many(_) => Opcode::CALL_BUILTIN_FAST,
                _ => Opcode::CALL_NON_PY_GENERAL,
            });
        }
        if let Some(descriptor) = callable.exact::<MethodDescriptor>(vm) {
            if descriptor.def.kind != MethodKind::Instance || nargs == 0 {
                return Some(Opcode::CALL_NON_PY_GENERAL);
            }
            return Some(match descriptor.def.call {
                Call::NoArgs(_) if nargs == 1 => Opcode::CALL_METHOD_DESCRIPTOR_NOARGS,
                Call::One(_) if nargs == 2 => {
                    let pops = (*pc.add(4) & 0xff) as u8 == Opcode::POP_TOP.0;
                    if pops && oparg == 1 && callable.bits() == read_append(vm) && is_exact(&args[0], known.list.get())
                    {
                        Opcode::CALL_LIST_APPEND
                    } else {
                        Opcode::CALL_METHOD_DESCRIPTOR_O
                    }
                }
                Call::Many(_) => Opcode::CALL_METHOD_DESCRIPTOR_FAST,
                _ => Opcode::CALL_NON_PY_GENERAL,
            });
        }
        if let Some(class) = callable.downcast::<Type>() {
            return class_call(vm, callable, class, pc, oparg, nargs);
        }
    }
    Some(Opcode::CALL_NON_PY_GENERAL)
}

unsafe fn python(
    vm: &Vm,
    function: &Value,
    pc: *mut u16,
    total: usize,
    exact: Opcode,
    general: Opcode,
) -> Option<Opcode> {
    // SAFETY: the caller checked the class.
    let function: &Function = unsafe { payload(function) };
    let version = function.ensure_version(vm);
    if version == 0 {
        return None;
    }
    // SAFETY: the version units of CALL's cache.
    unsafe { write32(pc.add(2), version) };
    let code = function.code_now();
    let optimised = code.has(ophi_bytecode::code::flags::OPTIMIZED);
    let simple = optimised && code.flags & 0xc == 0 && code.kwonlyargcount == 0 && code.argcount as usize == total;
    Some(if simple { exact } else { general })
}

unsafe fn class_call(
    vm: &Vm,
    callable: &Value,
    class: &crate::TypeRef,
    pc: *mut u16,
    oparg: u32,
    nargs: usize,
) -> Option<Opcode> {
    if !class.is_heap() {
        if nargs == 1 && oparg == 1 {
            if callable.is(vm.ty(&crate::objects::r#type::TYPE).as_value()) {
                return Some(Opcode::CALL_TYPE_1);
            }
            if callable.is(vm.ty(&crate::objects::str::STR).as_value()) {
                return Some(Opcode::CALL_STR_1);
            }
            if callable.is(vm.ty(&crate::objects::tuple::TUPLE).as_value()) {
                return Some(Opcode::CALL_TUPLE_1);
            }
        }
        return Some(Opcode::CALL_BUILTIN_CLASS);
    }
    let object = vm.ty(&crate::objects::object::OBJECT);
    let plain_meta = vm.class(callable).is(vm.ty(&crate::objects::r#type::TYPE));
    let plain_new = match (class.slots().new, object.slots().new) {
        (Some(a), Some(b)) => core::ptr::fn_addr_eq(a, b),
        _ => false,
    };
    let plain_layout = class.head().has_layout(<crate::objects::object::Instance as crate::Payload>::LAYOUT)
        && core::ptr::eq(class.head().layout, <crate::objects::object::Instance as crate::Payload>::LAYOUT);
    if plain_meta && plain_new && plain_layout && !class.has(TypeFlags::ABSTRACT) && oparg as usize == nargs {
        let init = class.lookup(vm, &vm.names().__init__)?;
        if init.exact::<Function>(vm).is_some() {
            let version = class.ensure_version(vm);
            if version != 0 {
                // SAFETY: the version units of CALL's cache.
                unsafe { write32(pc.add(2), version) };
                return Some(Opcode::CALL_ALLOC_AND_ENTER_INIT);
            }
        }
    }
    Some(Opcode::CALL_NON_PY_GENERAL)
}

pub fn specialise_call_kw(vm: &Vm, fp: Fp, _: *mut u16, oparg: u32) -> Option<Opcode> {
    let callable = fp.top(oparg as usize + 3);
    if callable.exact::<Function>(vm).is_some() {
        return Some(Opcode::CALL_KW_PY);
    }
    if callable.exact::<BoundMethod>(vm).is_some() {
        return Some(Opcode::CALL_KW_BOUND_METHOD);
    }
    Some(Opcode::CALL_KW_NON_PY)
}
