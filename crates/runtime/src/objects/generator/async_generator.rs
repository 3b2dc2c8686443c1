//! Asynchronous generators: the awaitables of `__anext__`, `asend`, `athrow`, `aclose`, and `anext(it, default)`.
//!
//! A value that an asynchronous generator yields travels wrapped, to tell it from what it awaits. After CPython Objects/genobject.c
//! (`async_gen_asend_send`, `async_gen_athrow_send`, `async_gen_unwrap_value`).

use super::methods::{exception_of, this, throw, to_result};
use super::{Generator, State};
use crate::interpreter::generators::{Sent, send};
use crate::objects::exceptions as exc;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

/// A yielded value on its way out.
#[repr(C)]
pub struct WrappedValue {
    pub value: Value,
}
trace_fields!(WrappedValue { value });

pub static WRAPPED_VALUE: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    ..TypeDef::of::<WrappedValue>("async_generator_wrapped_value", &crate::objects::object::OBJECT)
};
impl Payload for WrappedValue {
    fn def() -> &'static TypeDef {
        &WRAPPED_VALUE
    }
    const LAYOUT: &'static Layout = layout!("async_generator_wrapped_value");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

/// Wraps a value for the way out (the ASYNC_GEN_WRAP intrinsic).
pub fn wrap_yielded(vm: &Vm, value: Value) -> Res {
    Ok(vm.new_object(WrappedValue { value })?.into_value())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Progress {
    Init,
    Iterating,
    Closed,
}

/// `asend(value)` and `__anext__()`.
#[repr(C)]
pub struct AsyncSend {
    generator: Value,
    value: ValueCell,
    progress: Cell<Progress>,
}
impl crate::Trace for AsyncSend {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.generator.trace(visitor);
        self.value.trace(visitor);
    }
    fn clear(&self) {
        self.value.clear()
    }
}

/// An awaitable that dies before its first step was never awaited.
fn warn_unawaited(vm: &Vm, generator: &Value, progress: Progress, method: &str) {
    if progress != Progress::Init {
        return;
    }
    let qualname = match this(generator).qualname.get().map(|name| vm.str(&name)) {
        Some(Ok(name)) => name.to_utf8_lossy().into_owned(),
        Some(Err(raised)) => {
            vm.forget(raised);
            return;
        }
        None => String::new(),
    };
    let message = format!("coroutine method '{method}' of '{qualname}' was never awaited");
    if let Err(raised) = vm.warn(&exc::RUNTIME_WARNING, &message, 1) {
        super::methods::unraisable_while(vm, raised, "finalizing async generator", generator);
    }
}

fn finalize_send(vm: &Vm, value: &Value) {
    if let Some(object) = value.downcast::<AsyncSend>() {
        warn_unawaited(vm, &object.generator, object.progress.get(), "asend");
    }
}

fn finalize_throw(vm: &Vm, value: &Value) {
    if let Some(object) = value.downcast::<AsyncThrow>() {
        let method = if object.is_close() { "aclose" } else { "athrow" };
        warn_unawaited(vm, &object.generator, object.progress.get(), method);
    }
}

pub static ASYNC_SEND: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::FINALIZER),
    slots: Slots {
        finalize: Some(finalize_send),
        r#await: Some(super::methods::identity),
        iter: Some(super::methods::identity),
        iternext: Some(async_send_next),
        ..Slots::NONE
    },
    tables: &[AsyncSend::METHODS],
    ..TypeDef::of::<AsyncSend>("async_generator_asend", &crate::objects::object::OBJECT)
};
impl Payload for AsyncSend {
    fn def() -> &'static TypeDef {
        &ASYNC_SEND
    }
    const LAYOUT: &'static Layout = layout!("async_generator_asend");
}

/// `athrow(...)` and `aclose()`.
#[repr(C)]
pub struct AsyncThrow {
    generator: Value,
    /// None: `aclose`.
    arguments: Option<Value>,
    progress: Cell<Progress>,
}
impl crate::Trace for AsyncThrow {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.generator.trace(visitor);
        self.arguments.trace(visitor);
    }
}

pub static ASYNC_THROW: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::FINALIZER),
    slots: Slots {
        finalize: Some(finalize_throw),
        r#await: Some(super::methods::identity),
        iter: Some(super::methods::identity),
        iternext: Some(async_throw_next),
        ..Slots::NONE
    },
    tables: &[AsyncThrow::METHODS],
    ..TypeDef::of::<AsyncThrow>("async_generator_athrow", &crate::objects::object::OBJECT)
};
impl Payload for AsyncThrow {
    fn def() -> &'static TypeDef {
        &ASYNC_THROW
    }
    const LAYOUT: &'static Layout = layout!("async_generator_athrow");
}

/// Tells the event loop's hooks about a generator that is used for the first time.
fn init_hooks(vm: &Vm, generator: &Ref<Generator>) -> Res<()> {
    if generator.hooks_ready.replace(true) {
        return Ok(());
    }
    generator.extra.set(vm.exec.asyncgen_finalizer.get());
    if let Some(hook) = vm.exec.asyncgen_firstiter.get() {
        vm.call(&hook, core::slice::from_ref(generator.as_value()))?;
    }
    Ok(())
}

pub fn anext(vm: &Vm, value: &Value) -> Res {
    asend(vm, this(value), Value::NONE)
}

pub fn asend(vm: &Vm, generator: &Ref<Generator>, value: Value) -> Res {
    init_hooks(vm, generator)?;
    let object = AsyncSend {
        generator: generator.to_value(),
        value: ValueCell::some(value),
        progress: Cell::new(Progress::Init),
    };
    Ok(vm.new_object(object)?.into_value())
}

pub fn athrow(vm: &Vm, generator: &Ref<Generator>, arguments: Option<(Value, Option<Value>, Option<Value>)>) -> Res {
    init_hooks(vm, generator)?;
    let arguments = match arguments {
        None => None,
        Some((kind, value, tb)) => {
            Some(vm.new_tuple(&[kind, value.unwrap_or(Value::NONE), tb.unwrap_or(Value::NONE)])?)
        }
    };
    let object = AsyncThrow { generator: generator.to_value(), arguments, progress: Cell::new(Progress::Init) };
    Ok(vm.new_object(object)?.into_value())
}

/// Takes the wrapping off: a wrapped value ends the awaitable, anything else is awaited further.
fn unwrap(vm: &Vm, generator: &Generator, sent: Res<Sent>) -> Res<Sent> {
    match sent {
        Ok(Sent::Yielded(item)) => match item.downcast::<WrappedValue>() {
            Some(wrapped) => {
                generator.running_async.set(false);
                Ok(Sent::Returned(wrapped.value.clone()))
            }
            None => Ok(Sent::Yielded(item)),
        },
        Ok(Sent::Returned(_)) => {
            generator.closed.set(true);
            generator.running_async.set(false);
            Err(vm.raise_with(&exc::STOP_ASYNC_ITERATION, &[]))
        }
        Err(raised) => {
            if vm.raised_is(&exc::STOP_ASYNC_ITERATION) || vm.raised_is(&exc::GENERATOR_EXIT) {
                generator.closed.set(true);
            }
            generator.running_async.set(false);
            Err(raised)
        }
    }
}

impl AsyncSend {
    fn advance(&self, vm: &Vm, value: &Value) -> Res<Sent> {
        let generator = this(&self.generator);
        let mut value = value.clone();
        match self.progress.get() {
            Progress::Closed => {
                return Err(vm.runtime_error("cannot reuse already awaited __anext__()/asend()"));
            }
            Progress::Init => {
                if generator.running_async.get() {
                    self.progress.set(Progress::Closed);
                    return Err(vm.runtime_error("anext(): asynchronous generator is already running"));
                }
                if value.is_none() {
                    value = self.value.get_or_none();
                }
                self.progress.set(Progress::Iterating);
            }
            Progress::Iterating => {}
        }
        generator.running_async.set(true);
        let sent = send(vm, &self.generator, generator, value);
        let sent = unwrap(vm, generator, sent);
        if !matches!(sent, Ok(Sent::Yielded(_))) {
            self.progress.set(Progress::Closed);
        }
        sent
    }
}

fn async_send_next(vm: &Vm, value: &Value) -> Res<Option<Value>> {
    let Some(object) = value.downcast::<AsyncSend>() else { return Ok(None) };
    let sent = object.advance(vm, &Value::NONE)?;
    to_result(vm, sent).map(Some)
}

#[methods]
impl AsyncSend {
    /// send(value) -> go on with value as the result of the yield, up to the next one or StopIteration.
    #[method(sig = "(object, /)")]
    fn send(vm: &Vm, this: &Ref<AsyncSend>, value: &Value) -> Res {
        let sent = this.advance(vm, value)?;
        to_result(vm, sent)
    }
    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    #[doc = " the (type, val, tb) signature is deprecated, "]
    /// and may be removed in a future version of Python.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn throw(vm: &Vm, this_: &Ref<AsyncSend>, kind: Value, value: Option<&Value>, tb: Option<&Value>) -> Res {
        let generator = this(&this_.generator);
        match this_.progress.get() {
            Progress::Closed => {
                return Err(vm.runtime_error("cannot reuse already awaited __anext__()/asend()"));
            }
            Progress::Init => {
                if generator.running_async.get() {
                    this_.progress.set(Progress::Closed);
                    return Err(vm.runtime_error("anext(): asynchronous generator is already running"));
                }
                this_.progress.set(Progress::Iterating);
                generator.running_async.set(true);
            }
            Progress::Iterating => {}
        }
        let exception = exception_of(vm, &kind, value, tb)?;
        let sent = throw(vm, &this_.generator, exception, true);
        let sent = unwrap(vm, generator, sent);
        if sent.is_err() {
            this_.progress.set(Progress::Closed);
        }
        to_result(vm, sent?)
    }
    /// close() -> raise GeneratorExit inside generator.
    #[method(sig = "()")]
    fn close(vm: &Vm, this_: &Ref<AsyncSend>) -> Res {
        if this_.progress.get() == Progress::Closed {
            return Ok(Value::NONE);
        }
        let exit = vm.ty(&exc::GENERATOR_EXIT).to_value();
        match AsyncSend::throw(vm, this_, exit, None, None) {
            Ok(_) => Err(vm.runtime_error("coroutine ignored GeneratorExit")),
            Err(raised) => swallow_end(vm, raised),
        }
    }
}

fn swallow_end(vm: &Vm, raised: crate::vm::Raised) -> Res {
    if vm.raised_is(&exc::STOP_ITERATION)
        || vm.raised_is(&exc::STOP_ASYNC_ITERATION)
        || vm.raised_is(&exc::GENERATOR_EXIT)
    {
        vm.forget(raised);
        return Ok(Value::NONE);
    }
    Err(raised)
}

impl AsyncThrow {
    fn exception(&self, vm: &Vm) -> Res {
        match self.arguments.as_ref().and_then(|a| a.downcast::<crate::Tuple>()) {
            Some(arguments) => match arguments.as_slice() {
                [kind, value, tb] => exception_of(vm, kind, Some(value), Some(tb)),
                _ => Err(vm.system_error("athrow lost its arguments")),
            },
            None => exc::instantiate(vm, &exc::GENERATOR_EXIT, &[]),
        }
    }

    fn is_close(&self) -> bool {
        self.arguments.is_none()
    }

    fn advance(&self, vm: &Vm, value: &Value) -> Res<Sent> {
        let generator = this(&self.generator);
        if self.progress.get() == Progress::Closed {
            return Err(vm.runtime_error("cannot reuse already awaited aclose()/athrow()"));
        }
        if generator.state.get() == State::Cleared {
            self.progress.set(Progress::Closed);
            return Err(vm.stop_iteration(None));
        }
        let sent = if self.progress.get() == Progress::Init {
            if generator.running_async.get() {
                self.progress.set(Progress::Closed);
                let what = if self.is_close() { "aclose()" } else { "athrow()" };
                return Err(vm.runtime_error(format!("{what}: asynchronous generator is already running")));
            }
            if generator.closed.get() {
                self.progress.set(Progress::Closed);
                return Err(vm.raise_with(&exc::STOP_ASYNC_ITERATION, &[]));
            }
            if !value.is_none() {
                return Err(vm.runtime_error("can't send non-None value to a just-started coroutine"));
            }
            self.progress.set(Progress::Iterating);
            generator.running_async.set(true);
            if self.is_close() {
                generator.closed.set(true);
            }
            let exception = self.exception(vm)?;
            throw(vm, &self.generator, exception, !self.is_close())
        } else {
            send(vm, &self.generator, generator, value.clone())
        };
        self.finish(vm, sent)
    }

    fn finish(&self, vm: &Vm, sent: Res<Sent>) -> Res<Sent> {
        let generator = this(&self.generator);
        if !self.is_close() {
            let sent = unwrap(vm, generator, sent);
            if !matches!(sent, Ok(Sent::Yielded(_))) {
                self.progress.set(Progress::Closed);
            }
            return sent;
        }
        match sent {
            Ok(Sent::Yielded(item)) if item.is_a::<WrappedValue>() => {
                generator.running_async.set(false);
                self.progress.set(Progress::Closed);
                Err(vm.runtime_error("async generator ignored GeneratorExit"))
            }
            Ok(Sent::Yielded(item)) => Ok(Sent::Yielded(item)),
            Ok(Sent::Returned(_)) => {
                generator.running_async.set(false);
                self.progress.set(Progress::Closed);
                Err(vm.stop_iteration(None))
            }
            Err(raised) => {
                generator.running_async.set(false);
                self.progress.set(Progress::Closed);
                if vm.raised_is(&exc::STOP_ASYNC_ITERATION) || vm.raised_is(&exc::GENERATOR_EXIT) {
                    vm.forget(raised);
                    return Err(vm.stop_iteration(None));
                }
                Err(raised)
            }
        }
    }
}

fn async_throw_next(vm: &Vm, value: &Value) -> Res<Option<Value>> {
    let Some(object) = value.downcast::<AsyncThrow>() else { return Ok(None) };
    let sent = object.advance(vm, &Value::NONE)?;
    to_result(vm, sent).map(Some)
}

#[methods]
impl AsyncThrow {
    /// send(value) -> go on with value as the result of the yield, up to the next one or StopIteration.
    #[method(sig = "(object, /)")]
    fn send(vm: &Vm, this: &Ref<AsyncThrow>, value: &Value) -> Res {
        let sent = this.advance(vm, value)?;
        to_result(vm, sent)
    }
    /// throw(value)
    /// throw(type[,value[,tb]])
    ///
    /// Raise exception in generator, return next yielded value or raise
    /// StopIteration.
    #[doc = " the (type, val, tb) signature is deprecated, "]
    /// and may be removed in a future version of Python.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn throw(vm: &Vm, this_: &Ref<AsyncThrow>, kind: Value, value: Option<&Value>, tb: Option<&Value>) -> Res {
        let generator = this(&this_.generator);
        match this_.progress.get() {
            Progress::Closed => {
                return Err(vm.runtime_error("cannot reuse already awaited aclose()/athrow()"));
            }
            Progress::Init => {
                if generator.running_async.get() {
                    this_.progress.set(Progress::Closed);
                    let what = if this_.is_close() { "aclose()" } else { "athrow()" };
                    return Err(vm.runtime_error(format!("{what}: asynchronous generator is already running")));
                }
                this_.progress.set(Progress::Iterating);
                generator.running_async.set(true);
            }
            Progress::Iterating => {}
        }
        let exception = exception_of(vm, &kind, value, tb)?;
        let sent = throw(vm, &this_.generator, exception, true);
        let sent = this_.finish(vm, sent)?;
        to_result(vm, sent)
    }
    /// close() -> raise GeneratorExit inside generator.
    #[method(sig = "()")]
    fn close(vm: &Vm, this_: &Ref<AsyncThrow>) -> Res {
        if this_.progress.get() == Progress::Closed {
            return Ok(Value::NONE);
        }
        let exit = vm.ty(&exc::GENERATOR_EXIT).to_value();
        match AsyncThrow::throw(vm, this_, exit, None, None) {
            Ok(_) => Err(vm.runtime_error("coroutine ignored GeneratorExit")),
            Err(raised) => swallow_end(vm, raised),
        }
    }
}

/// The awaitable of `anext(iterator, default)`.
#[repr(C)]
pub struct AnextAwaitable {
    wrapped: Value,
    default: Value,
}
trace_fields!(AnextAwaitable { wrapped, default });

pub static ANEXT_AWAITABLE: TypeDef = TypeDef {
    flags: TypeFlags::GC,
    slots: Slots {
        r#await: Some(super::methods::identity),
        iter: Some(super::methods::identity),
        iternext: Some(anext_next),
        ..Slots::NONE
    },
    tables: &[AnextAwaitable::METHODS],
    ..TypeDef::of::<AnextAwaitable>("anext_awaitable", &crate::objects::object::OBJECT)
};
impl Payload for AnextAwaitable {
    fn def() -> &'static TypeDef {
        &ANEXT_AWAITABLE
    }
    const LAYOUT: &'static Layout = layout!("anext_awaitable");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

/// `anext(iterator, default)` for the builtins module.
pub fn anext_with_default(vm: &Vm, wrapped: Value, default: Value) -> Res {
    Ok(vm.new_object(AnextAwaitable { wrapped, default })?.into_value())
}

impl AnextAwaitable {
    /// What awaiting runs; a coroutine is asked for its `__await__`.
    fn iterator(&self, vm: &Vm) -> Res {
        let iterator = super::coroutine::awaitable_iterator(vm, &self.wrapped)?;
        if vm.class(&iterator).slots().iternext.is_some() {
            return Ok(iterator);
        }
        match vm.class(&iterator).slots().r#await {
            Some(get) => get(vm, &iterator),
            None => Err(vm.type_error(format!(
                "{}.__await__() must return an iterable, not {}",
                vm.type_name(&self.wrapped),
                vm.type_name(&iterator)
            ))),
        }
    }

    /// StopAsyncIteration becomes the end with the default.
    fn end(&self, vm: &Vm, result: Res) -> Res {
        match result {
            Err(raised) if vm.raised_is(&exc::STOP_ASYNC_ITERATION) => {
                vm.forget(raised);
                Err(vm.stop_iteration(Some(self.default.clone())))
            }
            other => other,
        }
    }
}

fn anext_next(vm: &Vm, value: &Value) -> Res<Option<Value>> {
    let Some(object) = value.downcast::<AnextAwaitable>() else { return Ok(None) };
    let iterator = object.iterator(vm)?;
    let result = match vm.class(&iterator).slots().iternext {
        Some(next) => next(vm, &iterator),
        None => Ok(None),
    };
    match result {
        Ok(Some(item)) => Ok(Some(item)),
        Ok(None) => Ok(None),
        Err(raised) => object.end(vm, Err(raised)).map(Some),
    }
}

#[methods]
impl AnextAwaitable {
    #[method(sig = "(object, /)")]
    fn send(vm: &Vm, this: &Ref<AnextAwaitable>, value: Value) -> Res {
        let iterator = this.iterator(vm)?;
        let result = vm.call_method(&iterator, &vm.names().send, &[value]);
        this.end(vm, result)
    }
    #[method]
    fn throw(vm: &Vm, this: &Ref<AnextAwaitable>, args: crate::Args<'_>) -> Res {
        let iterator = this.iterator(vm)?;
        let result = vm.call_method(&iterator, &vm.names().throw, args.pos());
        this.end(vm, result)
    }
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<AnextAwaitable>) -> Res {
        let iterator = this.iterator(vm)?;
        let result = vm.call_method(&iterator, &vm.names().close, &[]);
        this.end(vm, result)
    }
}

/// As `coroutine::send_to_helper`, for the objects of this file.
pub fn send_to_helper(vm: &Vm, receiver: &Value, value: &Value) -> Option<Res<Sent>> {
    let sent = if let Some(object) = receiver.downcast::<AsyncSend>() {
        object.advance(vm, value)
    } else if let Some(object) = receiver.downcast::<AsyncThrow>() {
        object.advance(vm, value)
    } else {
        return None;
    };
    Some(match sent {
        Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
            let exception = vm.take_raised(raised);
            Ok(Sent::Returned(crate::interpreter::border::stop_iteration_value(vm, &exception)))
        }
        other => other,
    })
}
