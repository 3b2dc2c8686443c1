//! Methods and slots that generators, coroutines and asynchronous generators share.
#![allow(unsafe_code)]

use super::{Generator, State, coroutine, is_async_generator, is_coroutine, is_generator};
use crate::interpreter::generators::{Sent, send, throw_into};
use crate::objects::exceptions as exc;
use crate::objects::traceback::Traceback;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Value, methods};
use ophi_heap::GcHead;

pub fn this(value: &Value) -> &Ref<Generator> {
    match value.downcast::<Generator>() {
        Some(generator) => generator,
        None => unreachable!("a slot of `generator` was called on another type"),
    }
}

pub fn identity(_: &Vm, value: &Value) -> Res {
    Ok(value.clone())
}

pub fn repr(vm: &Vm, value: &Value) -> Res {
    let qualname = this(value).qualname.get();
    let name = qualname.as_ref().and_then(|q| q.downcast::<Str>().map(|s| s.to_utf8_lossy().into_owned()));
    let text = format!("<{} object {} at {:#x}>", vm.type_name(value), name.unwrap_or_default(), value.bits());
    Ok(vm.new_str(&text)?.into_value())
}

pub fn next(vm: &Vm, value: &Value) -> Res<Option<Value>> {
    match send(vm, value, this(value), Value::NONE)? {
        Sent::Yielded(item) => Ok(Some(item)),
        Sent::Returned(result) if result.is_none() => Ok(None),
        Sent::Returned(result) => Err(vm.stop_iteration(Some(result))),
    }
}

/// What `send` and `throw` give their Python caller.
pub fn to_result(vm: &Vm, sent: Sent) -> Res {
    match sent {
        Sent::Yielded(item) => Ok(item),
        Sent::Returned(result) if result.is_none() => Err(vm.stop_iteration(None)),
        Sent::Returned(result) => Err(vm.stop_iteration(Some(result))),
    }
}

fn check_made(vm: &Vm, kind: &Value, made: Value) -> Res {
    if exc::is_exception(&made) {
        return Ok(made);
    }
    let class = vm.str(kind)?;
    Err(vm.type_error(format!(
        "calling {} should have returned an instance of BaseException, not {}",
        class.to_utf8_lossy(),
        vm.type_name(&made)
    )))
}

/// Makes the exception instance of `throw(type, value, traceback)`.
pub fn exception_of(vm: &Vm, kind: &Value, value: Option<&Value>, traceback: Option<&Value>) -> Res {
    let traceback = traceback.filter(|t| !t.is_none());
    if traceback.is_some_and(|t| !t.is_a::<Traceback>()) {
        return Err(vm.type_error("throw() third argument must be a traceback object"));
    }
    let value = value.filter(|v| !v.is_none());
    let exception = if let Some(class) = kind.downcast::<crate::Type>().filter(|c| c.has(crate::TypeFlags::EXCEPTION)) {
        let made = match value {
            Some(v) if vm.class(v).is_subtype(class) => Ok(v.clone()),
            Some(v) => match v.downcast::<crate::Tuple>() {
                Some(args) => vm.call(kind, args.as_slice()),
                None => vm.call(kind, core::slice::from_ref(v)),
            },
            None => vm.call(kind, &[]),
        };
        // What goes wrong in making it is thrown instead.
        match made.and_then(|made| check_made(vm, kind, made)) {
            Ok(exception) => exception,
            Err(raised) => return Ok(vm.take_raised(raised)),
        }
    } else if exc::is_exception(kind) {
        if value.is_some() {
            return Err(vm.type_error("instance exception may not have a separate value"));
        }
        kind.clone()
    } else {
        return Err(vm.type_error(format!(
            "exceptions must be classes or instances deriving from BaseException, not {}",
            vm.type_name(kind)
        )));
    };
    if let (Some(traceback), Some(payload)) = (traceback, exception.downcast::<exc::BaseException>()) {
        payload.traceback.set(Some(traceback.clone()));
    }
    Ok(exception)
}

/// Throws through delegates: a `yield from` passes the exception on first (CPython `_gen_throw`).
pub fn throw(vm: &Vm, value: &Value, exception: Value, close_on_exit: bool) -> Res<Sent> {
    vm.check_stack(" while calling a Python object")?;
    let generator = this(value);
    let Some(delegate) = generator.delegate() else { return throw_into(vm, value, generator, exception) };
    if close_on_exit && vm.class(&exception).is_subtype(vm.ty(&exc::GENERATOR_EXIT)) {
        generator.state.set(State::Executing);
        let closed = close_delegate(vm, &delegate);
        generator.state.set(State::SuspendedYieldFrom);
        drop(delegate);
        return match closed {
            Ok(()) => throw_into(vm, value, generator, exception),
            Err(raised) => {
                let second = vm.take_raised(raised);
                throw_into(vm, value, generator, second)
            }
        };
    }
    let method = if is_generator(vm, &delegate) || is_coroutine(vm, &delegate) {
        None
    } else {
        match vm.get_attr_opt(&delegate, &vm.names().throw)? {
            Some(method) => Some(method),
            None => {
                drop(delegate);
                return throw_into(vm, value, generator, exception);
            }
        }
    };
    let result = as_caller(vm, generator, || match &method {
        Some(method) => vm.call(method, core::slice::from_ref(&exception)),
        None => throw(vm, &delegate, exception.clone(), close_on_exit).and_then(|s| to_result(vm, s)),
    });
    drop(delegate);
    match result {
        Ok(item) => Ok(Sent::Yielded(item)),
        Err(raised) => {
            // StopIteration included: the code around the `yield` looks at it.
            let second = vm.take_raised(raised);
            throw_into(vm, value, generator, second)
        }
    }
}

/// Runs `f` with the frame of a generator that delegates in the chain, so that backtraces are complete.
fn as_caller(vm: &Vm, generator: &Ref<Generator>, f: impl FnOnce() -> Res) -> Res {
    let before = vm.exec.frame.get();
    // SAFETY: a suspended frame's state is current; it is taken out again before anyone can resume it.
    unsafe { (*generator.frame()).previous = before };
    vm.exec.frame.set(generator.frame());
    generator.state.set(State::Executing);
    let result = f();
    generator.state.set(State::SuspendedYieldFrom);
    vm.exec.frame.set(before);
    // SAFETY: as above.
    unsafe { (*generator.frame()).previous = core::ptr::null_mut() };
    result
}

/// Reports what nobody can catch: the message tells what was being done with which object.
pub fn unraisable_while(vm: &Vm, raised: Raised, doing: &str, object: &Value) {
    let exception = vm.take_raised(raised);
    let message = match vm.repr(object) {
        Ok(shown) => format!("Exception ignored while {doing} {}", shown.to_utf8_lossy()),
        Err(second) => {
            vm.forget(second);
            format!("Exception ignored while {doing} <object repr() failed>")
        }
    };
    let raised = vm.raise_again(exception);
    vm.unraisable(raised, Some(&message), None);
}

fn close_delegate(vm: &Vm, delegate: &Value) -> Res<()> {
    if is_generator(vm, delegate) || is_coroutine(vm, delegate) {
        close(vm, delegate)?;
        return Ok(());
    }
    match vm.get_attr_opt(delegate, &vm.names().close) {
        Ok(Some(method)) => vm.call(&method, &[]).map(drop),
        Ok(None) => Ok(()),
        Err(raised) => {
            unraisable_while(vm, raised, "closing generator", delegate);
            Ok(())
        }
    }
}

/// Whether somebody wants to hear of frames that end by an exception: then those that are closed have to run.
pub fn is_watched(vm: &Vm) -> bool {
    vm.interpreter().monitoring.wants(crate::monitoring::Event::PyUnwind)
}

/// `gen_close`: the value it returned, or None.
pub fn close(vm: &Vm, value: &Value) -> Res {
    vm.check_stack(" while calling a Python object")?;
    let generator = this(value);
    match generator.state.get() {
        State::Created => {
            generator.discard_frame(vm);
            return Ok(Value::NONE);
        }
        State::Cleared => return Ok(Value::NONE),
        State::Executing => {
            return Err(vm.value_error(format!("{} already executing", super::kind_name_short(vm, value))));
        }
        State::Suspended => {
            // Nothing catches here: no need to run it.
            if generator.catches_nothing() && !is_async_generator(vm, value) && !is_watched(vm) {
                generator.discard_frame(vm);
                return Ok(Value::NONE);
            }
        }
        State::SuspendedYieldFrom => {}
    }
    let mut failed = None;
    if let Some(delegate) = generator.delegate() {
        generator.state.set(State::Executing);
        let closed = close_delegate(vm, &delegate);
        generator.state.set(State::SuspendedYieldFrom);
        if let Err(raised) = closed {
            failed = Some(vm.take_raised(raised));
        }
    }
    let exception = match failed {
        Some(exception) => exception,
        None => exc::instantiate(vm, &exc::GENERATOR_EXIT, &[])?,
    };
    match throw_into(vm, value, generator, exception) {
        Ok(Sent::Yielded(_)) => Err(vm.runtime_error(format!("{} ignored GeneratorExit", super::kind_name(vm, value)))),
        Ok(Sent::Returned(result)) => Ok(result),
        Err(raised) => {
            if vm.raised_is(&exc::GENERATOR_EXIT) || vm.raised_is(&exc::STOP_ITERATION) {
                vm.forget(raised);
                Ok(Value::NONE)
            } else {
                Err(raised)
            }
        }
    }
}

/// What happens when a generator dies before its end: it is closed; a coroutine that never ran is reported.
pub fn finalize(vm: &Vm, value: &Value) {
    let generator = this(value);
    // Unlike those of other objects, weak references to a generator go before it is closed.
    if let Some(pointer) = value.pointer()
        && value.header().and_then(|h| h.gc_head()).is_some_and(|g| g.has(GcHead::WEAKLY_REFERENCED))
    {
        crate::objects::weakref::forget(vm, pointer);
    }
    if generator.state.get() == State::Cleared {
        return;
    }
    if is_async_generator(vm, value)
        && let Some(hook) = generator.extra.get()
        && !generator.closed.get()
    {
        if let Err(raised) = vm.call(&hook, core::slice::from_ref(value)) {
            unraisable_while(vm, raised, "finalizing generator", value);
        }
        return;
    }
    if is_coroutine(vm, value) && generator.state.get() == State::Created {
        coroutine::warn_never_awaited(vm, value);
        generator.discard_frame(vm);
        return;
    }
    if let Err(raised) = close(vm, value) {
        unraisable_while(vm, raised, "closing generator", value);
    }
}

/// The old way of throwing is deprecated.
pub fn warn_three_arguments(vm: &Vm, method: &str, given: bool) -> Res<()> {
    if !given {
        return Ok(());
    }
    let message =
        format!("the (type, exc, tb) signature of {method}() is deprecated, use the single-arg signature instead.");
    vm.warn(&exc::DEPRECATION_WARNING, &message, 1)
}

fn set_string(vm: &Vm, cell: &crate::ValueCell, name: &str, value: Option<&Value>) -> Res<()> {
    match value {
        Some(v) if v.is_a::<Str>() => {
            cell.set(Some(v.clone()));
            Ok(())
        }
        _ => Err(vm.type_error(format!("{name} must be set to a string object"))),
    }
}

fn frame_object(vm: &Vm, this: &Generator) -> Res {
    if this.state.get() == State::Cleared {
        return Ok(Value::NONE);
    }
    // SAFETY: not cleared: the frame is live.
    Ok(unsafe { crate::objects::frame::object_of(vm, this.frame()) }?.into_value())
}

fn is_suspended(this: &Generator) -> bool {
    matches!(this.state.get(), State::Suspended | State::SuspendedYieldFrom)
}

#[methods(NAMES)]
impl Generator {
    /// name of the async generator
    #[getter(name = "__name__")]
    fn get_name(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.name.get_or_none())
    }
    #[setter(name = "__name__")]
    fn set_name(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        set_string(vm, &this.name, "__name__", value)
    }
    /// qualified name of the async generator
    #[getter(name = "__qualname__")]
    fn get_qualname(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.qualname.get_or_none())
    }
    #[setter(name = "__qualname__")]
    fn set_qualname(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        set_string(vm, &this.qualname, "__qualname__", value)
    }
}

#[methods(SHARED)]
impl Generator {
    /// name of the generator
    #[getter(name = "__name__")]
    fn shared_name(vm: &Vm, this: &Ref<Generator>) -> Res {
        Generator::get_name(vm, this)
    }
    #[setter(name = "__name__")]
    fn set_shared_name(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        Generator::set_name(vm, this, value)
    }
    /// qualified name of the generator
    #[getter(name = "__qualname__")]
    fn shared_qualname(vm: &Vm, this: &Ref<Generator>) -> Res {
        Generator::get_qualname(vm, this)
    }
    #[setter(name = "__qualname__")]
    fn set_shared_qualname(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        Generator::set_qualname(vm, this, value)
    }

    /// send(value) -> go on with value as the result of the yield, up to the next one or StopIteration.
    #[method(sig = "(object, /)")]
    fn send(vm: &Vm, this: &Ref<Generator>, value: Value) -> Res {
        let sent = send(vm, this.as_value(), this, value)?;
        to_result(vm, sent)
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Has the exception come out of the yield in generator; the result is what the next one gives, or StopIteration.
    /// The form with several arguments is deprecated and will go.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn throw(vm: &Vm, this: &Ref<Generator>, kind: Value, value: Option<&Value>, tb: Option<&Value>) -> Res {
        warn_three_arguments(vm, "throw", value.is_some() || tb.is_some())?;
        let exception = exception_of(vm, &kind, value, tb)?;
        let sent = throw(vm, this.as_value(), exception, true)?;
        to_result(vm, sent)
    }

    /// close() -> ends the generator: GeneratorExit comes out of its yield.
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Generator>) -> Res {
        close(vm, this.as_value())
    }
}

#[methods(GENERATOR_ONLY)]
impl Generator {
    #[getter]
    fn gi_code(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.code.to_value())
    }
    #[getter]
    fn gi_frame(vm: &Vm, this: &Ref<Generator>) -> Res {
        frame_object(vm, this)
    }
    #[getter]
    fn gi_running(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(this.state.get() == State::Executing)
    }
    #[getter]
    fn gi_suspended(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(is_suspended(this))
    }
    /// object being iterated by yield from, or None
    #[getter]
    fn gi_yieldfrom(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.delegate().unwrap_or(Value::NONE))
    }
    #[classmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn class_getitem(vm: &Vm, cls: &crate::TypeRef, item: &Value) -> Res {
        vm.generic_alias(cls.as_value(), item)
    }
}

#[methods(COROUTINE_ONLY)]
impl Generator {
    /// name of the coroutine
    #[getter(name = "__name__")]
    fn coroutine_name(vm: &Vm, this: &Ref<Generator>) -> Res {
        Generator::get_name(vm, this)
    }
    #[setter(name = "__name__")]
    fn set_coroutine_name(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        Generator::set_name(vm, this, value)
    }
    /// qualified name of the coroutine
    #[getter(name = "__qualname__")]
    fn coroutine_qualname(vm: &Vm, this: &Ref<Generator>) -> Res {
        Generator::get_qualname(vm, this)
    }
    #[setter(name = "__qualname__")]
    fn set_coroutine_qualname(vm: &Vm, this: &Ref<Generator>, value: Option<&Value>) -> Res<()> {
        Generator::set_qualname(vm, this, value)
    }

    /// send(arg) -> puts arg into coroutine as the value of its await and goes on to the next one, or to StopIteration.
    #[method(sig = "(object, /)", name = "send")]
    fn coroutine_send(vm: &Vm, this: &Ref<Generator>, value: Value) -> Res {
        Generator::send(vm, this, value)
    }

    /// throw(value)
    /// throw(type[,value[,traceback]])
    ///
    /// Has the exception come out of the await in coroutine; the result is what the next one gives, or StopIteration.
    /// The form with several arguments is deprecated and will go.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "", name = "throw")]
    fn coroutine_throw(vm: &Vm, this: &Ref<Generator>, kind: Value, value: Option<&Value>, tb: Option<&Value>) -> Res {
        Generator::throw(vm, this, kind, value, tb)
    }

    /// close() -> ends it: GeneratorExit comes out of the await inside coroutine.
    #[method(sig = "()", name = "close")]
    fn coroutine_close(vm: &Vm, this: &Ref<Generator>) -> Res {
        close(vm, this.as_value())
    }
    #[getter]
    fn cr_code(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.code.to_value())
    }
    #[getter]
    fn cr_frame(vm: &Vm, this: &Ref<Generator>) -> Res {
        frame_object(vm, this)
    }
    #[getter]
    fn cr_running(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(this.state.get() == State::Executing)
    }
    #[getter]
    fn cr_suspended(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(is_suspended(this))
    }
    /// object being awaited on, or None
    #[getter]
    fn cr_await(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.delegate().unwrap_or(Value::NONE))
    }
    #[getter]
    fn cr_origin(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.extra.get_or_none())
    }
    #[classmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn coroutine_class_getitem(vm: &Vm, cls: &crate::TypeRef, item: &Value) -> Res {
        vm.generic_alias(cls.as_value(), item)
    }
}

#[methods(ASYNC_ONLY)]
impl Generator {
    #[getter]
    fn ag_code(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.code.to_value())
    }
    #[getter]
    fn ag_frame(vm: &Vm, this: &Ref<Generator>) -> Res {
        frame_object(vm, this)
    }
    #[getter]
    fn ag_running(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(this.running_async.get())
    }
    #[getter]
    fn ag_suspended(_: &Vm, this: &Ref<Generator>) -> Res<bool> {
        Ok(is_suspended(this))
    }
    /// object being awaited on, or None
    #[getter]
    fn ag_await(_: &Vm, this: &Ref<Generator>) -> Res {
        Ok(this.delegate().unwrap_or(Value::NONE))
    }
    /// asend(v) -> an awaitable that makes v the result of the yield and goes on.
    #[method(sig = "(object, /)")]
    fn asend(vm: &Vm, this: &Ref<Generator>, value: Value) -> Res {
        super::async_generator::asend(vm, this, value)
    }
    /// athrow(value)
    /// athrow(type[,value[,tb]])
    ///
    /// An awaitable that has the exception come out of the yield in the generator. The form with several arguments is
    /// deprecated and will go.
    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn athrow(vm: &Vm, this: &Ref<Generator>, kind: Value, value: Option<Value>, tb: Option<Value>) -> Res {
        warn_three_arguments(vm, "athrow", value.is_some() || tb.is_some())?;
        super::async_generator::athrow(vm, this, Some((kind, value, tb)))
    }
    /// aclose() -> an awaitable that ends the generator: GeneratorExit comes out of its yield.
    #[method(sig = "()")]
    fn aclose(vm: &Vm, this: &Ref<Generator>) -> Res {
        super::async_generator::athrow(vm, this, None)
    }
    #[classmethod(name = "__class_getitem__", sig = "(object, /)")]
    fn async_class_getitem(vm: &Vm, cls: &crate::TypeRef, item: &Value) -> Res {
        vm.generic_alias(cls.as_value(), item)
    }
}
