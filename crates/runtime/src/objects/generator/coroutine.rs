//! Coroutines: the wrapper that `__await__` gives, awaitables, origins, the warning about a coroutine never awaited.

use super::methods::{close, exception_of, this, throw, to_result};
use super::{COROUTINE, Generator, is_coroutine, is_generator};
use crate::interpreter::generators::{Sent, send};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, layout, methods};
use ophi_bytecode::code::flags;
use ophi_heap::{Layout, TypeFlags, trace_fields};

/// What `coroutine.__await__()` returns.
#[repr(C)]
pub struct CoroutineWrapper {
    pub coroutine: Value,
}

trace_fields!(CoroutineWrapper { coroutine });

pub static COROUTINE_WRAPPER: TypeDef = TypeDef {
    doc: "A wrapper object implementing __await__ for coroutines.",
    flags: TypeFlags::GC,
    slots: Slots { iter: Some(super::methods::identity), iternext: Some(wrapper_next), ..Slots::NONE },
    tables: &[CoroutineWrapper::METHODS],
    ..TypeDef::of::<CoroutineWrapper>("coroutine_wrapper", &crate::objects::object::OBJECT)
};

impl Payload for CoroutineWrapper {
    fn def() -> &'static TypeDef {
        &COROUTINE_WRAPPER
    }
    const LAYOUT: &'static Layout = layout!("coroutine_wrapper");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub fn wrap(vm: &Vm, value: &Value) -> Res {
    Ok(vm.new_object(CoroutineWrapper { coroutine: value.clone() })?.into_value())
}

fn wrapper_next(vm: &Vm, value: &Value) -> Res<Option<Value>> {
    let Some(wrapper) = value.downcast::<CoroutineWrapper>() else { return Ok(None) };
    super::methods::next(vm, &wrapper.coroutine)
}

#[methods]
impl CoroutineWrapper {
    /// send(arg) -> go on with arg as the value of the await, up to the next one or StopIteration.
    #[method(sig = "(object, /)")]
    fn send(vm: &Vm, this_: &Ref<CoroutineWrapper>, value: Value) -> Res {
        let sent = send(vm, &this_.coroutine, this(&this_.coroutine), value)?;
        to_result(vm, sent)
    }
    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Raise exception in coroutine, return next iterated value or raise
    /// StopIteration.
    #[doc = " the (type, val, tb) signature is deprecated, "]
    /// and may be removed in a future version of Python.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn throw(vm: &Vm, this_: &Ref<CoroutineWrapper>, kind: Value, value: Option<&Value>, tb: Option<&Value>) -> Res {
        super::methods::warn_three_arguments(vm, "throw", value.is_some() || tb.is_some())?;
        let exception = exception_of(vm, &kind, value, tb)?;
        let sent = throw(vm, &this_.coroutine, exception, true)?;
        to_result(vm, sent)
    }
    /// close() -> raise GeneratorExit inside coroutine.
    #[method(sig = "()")]
    fn close(vm: &Vm, this_: &Ref<CoroutineWrapper>) -> Res {
        close(vm, &this_.coroutine)
    }
}

/// Sends into one of the helper objects that have a send of their own; `None` for other values.
pub fn send_to_helper(vm: &Vm, receiver: &Value, value: &Value) -> Option<Res<Sent>> {
    if let Some(wrapper) = receiver.downcast::<CoroutineWrapper>() {
        return Some(send(vm, &wrapper.coroutine, this(&wrapper.coroutine), value.clone()));
    }
    super::async_generator::send_to_helper(vm, receiver, value)
}

/// Whether `await` takes the value as it is: a coroutine, or a generator marked by `types.coroutine`.
fn is_awaitable_as_is(vm: &Vm, value: &Value) -> bool {
    is_coroutine(vm, value)
        || (is_generator(vm, value)
            && value.downcast::<Generator>().is_some_and(|g| g.code.has(flags::ITERABLE_COROUTINE)))
}

/// The iterator that awaiting the value runs (CPython `_PyCoro_GetAwaitableIter`).
pub fn awaitable_iterator(vm: &Vm, value: &Value) -> Res {
    if is_awaitable_as_is(vm, value) {
        return Ok(value.clone());
    }
    let Some(get) = vm.class(value).slots().r#await else {
        return Err(vm.type_error(format!("'{}' object can't be awaited", vm.type_name(value))));
    };
    let iterator = get(vm, value)?;
    if is_awaitable_as_is(vm, &iterator) {
        return Err(vm.type_error("__await__() returned a coroutine"));
    }
    if vm.class(&iterator).slots().iternext.is_none() {
        return Err(vm.type_error(format!("__await__() returned non-iterator of type '{}'", vm.type_name(&iterator))));
    }
    Ok(iterator)
}

/// (file, line, function) of the frames that made a coroutine.
pub fn origin(vm: &Vm, depth: usize) -> Res {
    let mut entries = Vec::new();
    for level in 0..depth {
        let Some(fp) = vm.frame_at(level + 1) else { break };
        let code = fp.code();
        let line = code.line_of(fp.lasti() * 2).unwrap_or(0);
        entries.push(vm.new_tuple(&[code.file().into_value(), Value::int32(line), code.name.to_value()])?);
    }
    vm.new_tuple(&entries)
}

/// "coroutine '...' was never awaited".
pub fn warn_never_awaited(vm: &Vm, value: &Value) {
    debug_assert!(vm.class(value).is(vm.ty(&COROUTINE)));
    let warned = match vm.warn_unawaited_by_module(value) {
        Ok(warned) => warned,
        Err(raised) => {
            let warned = vm.raised_is(&crate::objects::exceptions::RUNTIME_WARNING);
            super::methods::unraisable_while(vm, raised, "finalizing coroutine", value);
            warned
        }
    };
    if !warned && let Err(raised) = vm.warn_unawaited(value) {
        super::methods::unraisable_while(vm, raised, "finalizing coroutine", value);
    }
}
