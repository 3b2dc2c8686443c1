//! What `await future` runs: yields the future once, then gives its result.

use super::future::{Future, future_of};
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::interpreter::generators::Sent;
use ophi_runtime::objects::exceptions::{self as exc, BaseException};
use ophi_runtime::objects::generator::methods::warn_three_arguments;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::traceback::Traceback;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

pub struct FutureIter {
    /// Empty once something was thrown in or it was closed.
    future: ValueCell,
}
trace_fields!(FutureIter { future });

impl Payload for FutureIter {
    fn def() -> &'static TypeDef {
        &FUTURE_ITER
    }
    const LAYOUT: &'static Layout = layout!("FutureIter");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static FUTURE_ITER: TypeDef = TypeDef {
    module: "_asyncio",
    flags: TypeFlags::GC,
    slots: Slots {
        new: Some(|vm, _, _| Ok(vm.new_object(FutureIter { future: ValueCell::default() })?.into_value())),
        iter: Some(|_, this| Ok(this.clone())),
        iternext: Some(next),
        send: Some(send),
        ..Slots::NONE
    },
    tables: &[FutureIter::METHODS],
    ..TypeDef::of::<FutureIter>("FutureIter", &OBJECT)
};

pub fn iterator(vm: &Vm, this: &Value) -> Res {
    if let Some(future) = future_of(this) {
        future.owner(vm)?;
    }
    Ok(vm.new_object(FutureIter { future: ValueCell::some(this.clone()) })?.into_value())
}

fn send(vm: &Vm, this: &Value, _: &Value) -> Res<Sent> {
    let Some(held) = this.downcast::<FutureIter>().and_then(|iter| iter.future.get()) else {
        return Ok(Sent::Returned(Value::NONE));
    };
    let Some(future) = future_of(&held) else { return Ok(Sent::Returned(Value::NONE)) };
    step(vm, future, &held)
}

fn step(vm: &Vm, future: &Future, held: &Value) -> Res<Sent> {
    if !future.is_pending() {
        return Ok(Sent::Returned(future.get_result(vm)?));
    }
    if future.blocking.replace(true) {
        return Err(vm.runtime_error("await wasn't used with future"));
    }
    Ok(Sent::Yielded(held.clone()))
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    match send(vm, this, &Value::NONE)? {
        Sent::Yielded(item) => Ok(Some(item)),
        Sent::Returned(result) if result.is_none() => Ok(None),
        Sent::Returned(result) => Err(vm.stop_iteration(Some(result))),
    }
}

#[methods]
impl FutureIter {
    #[method(sig = "(value, /)", name = "send", text = "")]
    fn send_(vm: &Vm, this: &Value, value: &Value) -> Res {
        let _ = value;
        next(vm, this)?.ok_or_else(|| vm.stop_iteration(None))
    }

    #[method(sig = "(type, value=None, traceback=None, /)", text = "")]
    fn throw(vm: &Vm, this: &Ref<FutureIter>, kind: Value, value: Option<&Value>, traceback: Option<&Value>) -> Res {
        warn_three_arguments(vm, "throw", value.is_some() || traceback.is_some())?;
        if traceback.is_some_and(|t| !t.is_none() && !t.is_a::<Traceback>()) {
            return Err(vm.type_error("throw() third argument must be a traceback"));
        }
        let value = value.filter(|v| !v.is_none());
        let exception = if exc::is_exception_class(&kind) {
            match value {
                Some(value) if exc::matches(vm, value, &kind) => value.clone(),
                Some(value) => vm.call(&kind, std::slice::from_ref(value))?,
                None => vm.call(&kind, &[])?,
            }
        } else if exc::is_exception(&kind) {
            if value.is_some() {
                return Err(vm.type_error("instance exception may not have a separate value"));
            }
            kind
        } else {
            return Err(vm.type_error("exceptions must be classes deriving BaseException or instances of such a class"));
        };
        let Some(base) = exception.downcast::<BaseException>() else {
            return Err(vm.type_error("exceptions must derive from BaseException"));
        };
        if let Some(traceback) = traceback.filter(|t| !t.is_none()) {
            base.traceback.set(Some(traceback.clone()));
        }
        this.future.set(None);
        Err(vm.raise_again(exception))
    }

    #[method(sig = "()", text = "")]
    fn close(_: &Vm, this: &Ref<FutureIter>) {
        this.future.set(None);
    }
}
