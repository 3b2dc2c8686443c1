//! Calls by what is called: Python functions by version, native functions by how they take their arguments.
#![allow(unsafe_code)]

use super::native_calls::finish;
use super::{is_exact, payload, read32, write32};
use crate::frames::{Fp, Frame, Owner, locals_of};
use crate::interpreter::calls::{CALL, call_general};
use crate::interpreter::control::{drop_word, give_up};
use crate::interpreter::dispatch::{handlers, next};
use crate::interpreter::witness::opcode_at;
use crate::native::{Args, Call, MethodKind};
use crate::objects::code::Code;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::objects::method::BoundMethod;
use crate::objects::native_function::{MethodDescriptor, NativeFunction};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, TypeFlags, Value};
use core::mem::ManuallyDrop;
use ophi_bytecode::code::flags;
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

/// Pushes the frame of the function word `found`, which a class owns, for the `total` words below `sp`. `None`: it does not take exactly
/// those, or there is no room; nothing has changed.
///
/// # Safety
/// The word is that of a live function; the words below `sp` are its arguments, which move.
#[inline(always)]
pub unsafe fn push_found(vm: &Vm, found: u64, sp: *mut Value, total: usize) -> Option<*mut Frame> {
    // SAFETY: the caller's promise; the new reference moves into the frame.
    unsafe {
        let word = ManuallyDrop::new(Value::from_bits(found));
        let function: &Function = payload(&*word);
        if !takes_exactly(function.code_now(), total) {
            return None;
        }
        let callee = push_exact(vm, &*word as *const Value as *mut Value, sp, total)?;
        // `push_exact` took the word over; the class keeps its own.
        if let Some(header) = word.header() {
            header.increment();
        }
        Some(callee)
    }
}

/// Goes on in a frame just pushed by [`push_found`]; its caller's state is stored.
///
/// # Safety
/// As for handlers.
#[inline(always)]
pub unsafe fn enter_pushed(callee: *mut Frame, fp: *mut Frame, vm: &Vm) -> crate::interpreter::dispatch::Exit {
    // SAFETY: the caller's promise.
    unsafe {
        (*callee).previous = fp;
        vm.exec.frame.set(callee);
        let mut start = (*callee).pc;
        // RESUME would only look at the breaker.
        if *start & 0xff == Opcode::RESUME_CHECK.0 as u16 && !vm.breaker.any() {
            start = start.add(1);
        }
        next(start, (*callee).sp, callee, vm)
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
                return enter_pushed(callee, fp, vm);
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
    fast CALL_PY_GENERAL |pc, sp, fp, vm, oparg| {
        // Missing arguments at the end come from the defaults.
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.function.get()) {
            let total = count + !(*sp.sub(count + 1)).is_unbound() as usize;
            let function: &Function = payload(callable);
            let code = &**function.code_now();
            let wanted = code.argcount as usize;
            if total <= wanted
                && takes_exactly(code, wanted)
                && let Some(defaults) = &*function.defaults.as_ptr()
                && is_exact(defaults, vm.exec.known.tuple.get())
                && let defaults = payload::<Tuple>(defaults).as_slice()
                && wanted - total <= defaults.len()
            {
                let from = defaults.as_ptr().add(defaults.len() - (wanted - total));
                if let Some(callee) = push_exact(vm, callable, sp, total) {
                    let slots = locals_of(callee);
                    let mut i = total;
                    while i < wanted {
                        slots.add(i).write((*from.add(i - total)).clone());
                        i += 1;
                    }
                    (*fp).pc = pc;
                    (*fp).sp = callable;
                    (*fp).return_offset = 4;
                    return enter_pushed(callee, fp, vm);
                }
            }
        }
        CALL_PY_OTHER(pc, sp, fp, vm, oparg)
    }
    flow CALL_PY_OTHER, 3 => call_general;
    fast CALL_BOUND_METHOD_GENERAL |pc, sp, fp, vm, oparg| {
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.method.get()) && (*sp.sub(count + 1)).is_unbound() {
            let method: &BoundMethod = payload(callable);
            let (function, receiver) = (method.function.clone(), method.receiver.clone());
            let last = give_up(callable);
            let old = core::ptr::replace(callable, function);
            callable.add(1).write(receiver);
            sp.write(old);
            if last {
                (*fp).pc = pc;
                (*fp).sp = sp;
                drop_word(sp);
            }
            return CALL_PY_GENERAL(pc, sp, fp, vm, oparg);
        }
        CALL_PY_OTHER(pc, sp, fp, vm, oparg)
    }
    flow CALL_NON_PY, 3 => call_general;
    fast CALL_NON_PY_GENERAL |pc, sp, fp, vm, oparg| {
        let callable = sp.sub(oparg as usize + 2);
        if is_exact(callable, vm.exec.known.function.get()) || is_exact(callable, vm.exec.known.method.get()) {
            return CALL(pc, sp, fp, vm, oparg);
        }
        (*fp).pc = pc;
        (*fp).sp = sp;
        let result = call_object(vm, callable, oparg as usize);
        finish(result, pc, sp, callable, fp, vm)
    }
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
    fast CALL_ALLOC_AND_ENTER_INIT |pc, sp, fp, vm, oparg| {
        // The instance takes the place of the class on this stack and goes as `self` to the callee; `__init__` returns under it.
        let count = oparg as usize;
        let callable = sp.sub(count + 2);
        if is_exact(callable, vm.exec.known.r#type.get())
            && (*callable.add(1)).is_unbound()
            && payload::<Type>(callable).fields.version.get() == read32(pc.add(2))
        {
            let class: &Type = payload(callable);
            let init = class.cached_init.get();
            let function: &Function = payload((&raw const init).cast());
            let code = &**function.code_now();
            if takes_exactly(code, count + 1) {
                (*fp).pc = pc;
                (*fp).sp = sp;
                let Ok(instance) = plain_instance(vm, &*callable) else {
                    return crate::interpreter::unwind::raised(pc, sp, fp, vm, 0);
                };
                let class = callable.read();
                callable.write(instance.clone());
                callable.add(1).write(instance);
                // The instance holds its class.
                if let Some(header) = class.header() { header.decrement(); }
                core::mem::forget(class);
                sp.write((*core::mem::ManuallyDrop::new(Value::from_bits(init))).clone());
                if let Some(callee) = push_exact(vm, sp, sp, count + 1) {
                    (*fp).sp = callable.add(1);
                    (*fp).return_offset = 4;
                    (*callee).owner = Owner::ThreadInit;
                    return enter_pushed(callee, fp, vm);
                }
                (*fp).sp = sp.add(1);
                return too_deep(pc, sp.add(1), fp, vm, oparg);
            }
        }
        CALL(pc, sp, fp, vm, oparg)
    }
    body too_deep, 0 => raise_too_deep;
        flow CALL_KW_PY, 3 => crate::interpreter::calls::call_kw_general;
    flow CALL_KW_BOUND_METHOD, 3 => crate::interpreter::calls::call_kw_general;
    flow CALL_KW_NON_PY, 3 => crate::interpreter::calls::call_kw_general;
}

/// Calls what stands at `callable` with the `count` words behind it, and before them the receiver when there is one.
///
/// # Safety
/// The words hold values.
#[inline(never)]
unsafe fn call_object(vm: &Vm, callable: *const Value, count: usize) -> Res {
    // SAFETY: the caller's promise.
    unsafe {
        let own = usize::from(!(*callable.add(1)).is_unbound());
        let values = core::slice::from_raw_parts(callable.add(2 - own), count + own);
        vm.call_args(&*callable, Args::positional(values))
    }
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

/// Whether the code takes exactly `total` positional arguments and runs at once.
#[inline(always)]
pub(crate) fn takes_exactly(code: &Code, total: usize) -> bool {
    const OTHER: u32 =
        flags::VARARGS | flags::VARKEYWORDS | flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
    code.flags & (OTHER | flags::OPTIMIZED) == flags::OPTIMIZED
        && code.kwonlyargcount == 0
        && code.argcount as usize == total
}

#[inline(never)]
fn plain_instance(vm: &Vm, class: &Value) -> Res {
    let Some(class) = class.downcast::<Type>() else { return Err(vm.system_error("a class vanished")) };
    Ok(vm.new_instance(class, crate::objects::object::Instance)?.into_value())
}

fn raise_too_deep(vm: &Vm, _: Fp, _: u32) -> Res<()> {
    Err(vm.recursion_error(""))
}

pub(crate) fn specialise_call(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
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
            if nargs == 1 && oparg == 1 && callable.bits() == vm.exec.len_function.get() {
                return Some(Opcode::CALL_LEN);
            }
            if nargs == 2 && oparg == 2 && callable.bits() == vm.exec.isinstance_function.get() {
                return Some(Opcode::CALL_ISINSTANCE);
            }
            return Some(match native.def.call {
                Call::One(_) if nargs == 1 && oparg == 1 => Opcode::CALL_BUILTIN_O,
                Call::Many(_) if oparg as usize == nargs => Opcode::CALL_BUILTIN_FAST,
                _ => Opcode::CALL_NON_PY_GENERAL,
            });
        }
        if let Some(descriptor) = callable.exact::<MethodDescriptor>(vm) {
            if descriptor.def.kind != MethodKind::Instance || oparg as usize == nargs {
                return Some(Opcode::CALL_NON_PY_GENERAL);
            }
            return Some(match descriptor.def.call {
                Call::NoArgs(_) if nargs == 1 => Opcode::CALL_METHOD_DESCRIPTOR_NOARGS,
                Call::One(_) if nargs == 2 => {
                    let pops = opcode_at(fp, pc.add(4)).deopt() == Opcode::POP_TOP;
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
        let direct = oparg as usize == nargs && vm.class(callable).is(vm.ty(&crate::objects::r#type::TYPE));
        return Some(if direct { Opcode::CALL_BUILTIN_CLASS } else { Opcode::CALL_NON_PY_GENERAL });
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
        if let Some(function) = init.exact::<Function>(vm)
            && takes_exactly(function.code_now(), nargs + 1)
        {
            let version = class.ensure_version(vm);
            if version != 0 {
                class.cached_init.set(init.bits());
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
