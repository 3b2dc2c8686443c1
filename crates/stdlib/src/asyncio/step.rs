//! One step of a task: its coroutine runs until it waits, ends or raises; then what comes next is arranged with the loop.

use super::future::{call_soon, loop_of, plain_future};
use super::state::{Part, State};
use super::task::Task;
use super::task_methods::refuse_arguments;
use super::{graph, running};
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::interpreter::generators::{Sent, send, send_to_any};
use ophi_runtime::native::{Call, MethodDef, MethodKind};
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::generator::{self, Generator};
use ophi_runtime::objects::native_function::NativeFunction;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, Str, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

/// What the loop calls to make a step.
pub struct StepCall {
    task: ValueCell,
    /// The exception to raise in the coroutine.
    exception: ValueCell,
}
trace_fields!(StepCall { task, exception });

impl Payload for StepCall {
    fn def() -> &'static TypeDef {
        &STEP_CALL
    }
    const LAYOUT: &'static Layout = layout!("TaskStepMethWrapper");
}

static STEP_CALL: TypeDef = TypeDef {
    module: "_asyncio",
    flags: TypeFlags::GC,
    slots: Slots {
        new: Some(|vm, _, _| {
            let empty = StepCall { task: ValueCell::default(), exception: ValueCell::default() };
            Ok(vm.new_object(empty)?.into_value())
        }),
        call: Some(call),
        ..Slots::NONE
    },
    tables: &[StepCall::METHODS],
    ..TypeDef::of::<StepCall>("TaskStepMethWrapper", &OBJECT)
};

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    refuse_arguments(vm, args)?;
    let Some(own) = this.downcast::<StepCall>() else { return Err(vm.type_error("a step is required")) };
    if let Some(task) = own.task.get().as_ref().and_then(|task| task.downcast::<Task>()) {
        make(vm, task, own.exception.get())?;
    }
    Ok(Value::NONE)
}

#[methods]
impl StepCall {
    #[getter]
    fn __self__(_: &Vm, this: &Ref<StepCall>) -> Value {
        this.task.get_or_none()
    }
}

/// What a future calls that a task waits for.
static WAKEUP: MethodDef =
    MethodDef { name: "task_wakeup", doc: "", signature: None, kind: MethodKind::Instance, call: Call::One(wake_up) };

fn wake_up(vm: &Vm, this: &Value, future: &Value) -> Res {
    let Some(task) = this.downcast::<Task>() else { return Err(vm.type_error("a Task is required")) };
    graph::discard(vm, future, this)?;
    let exception = match plain_future(vm, future) {
        Some(plain) => match plain.outcome(vm) {
            Ok(Ok(_)) => None,
            Ok(Err(exception)) => Some(exception),
            Err(raised) => Some(vm.take_raised(raised)),
        },
        None => match vm.call_method(future, &task.base.state.names().result, &[]) {
            Ok(_) => None,
            Err(raised) => Some(vm.take_raised(raised)),
        },
    };
    make(vm, task, exception)?;
    Ok(Value::NONE)
}

/// Has the loop make a step soon, raising `exception` in the coroutine when there is one.
pub fn soon(vm: &Vm, task: &Ref<Task>, exception: Option<Value>) -> Res<()> {
    let step =
        vm.new_object(StepCall { task: ValueCell::some(task.to_value()), exception: ValueCell::new(exception) })?;
    let owner = task.base.owner(vm)?;
    call_soon(vm, &task.base.state, &owner, step.into_value(), None, task.context.get_or_none())
}

/// Makes a step as the loop's current task.
fn make(vm: &Vm, task: &Ref<Task>, exception: Option<Value>) -> Res<()> {
    let state = &task.base.state;
    let owner = task.base.owner(vm)?;
    running::enter_task(vm, state, &owner, task.as_value())?;
    match advance(vm, task, exception) {
        Ok(()) => running::leave_task(vm, state, &owner, task.as_value()),
        Err(raised) => {
            let first = vm.take_raised(raised);
            if let Err(second) = running::leave_task(vm, state, &owner, task.as_value()) {
                vm.forget(second);
            }
            Err(vm.raise_again(first))
        }
    }
}

/// Runs the coroutine and deals with what comes of it.
pub fn advance(vm: &Vm, task: &Ref<Task>, exception: Option<Value>) -> Res<()> {
    let (base, this) = (&task.base, task.as_value());
    if !base.is_pending() {
        let (shown, given) = (vm.repr(this)?, vm.repr(&exception.unwrap_or(Value::NONE))?);
        let message = format!("__step(): already done: {} {}", shown.to_utf8_lossy(), given.to_utf8_lossy());
        return Err(base.state.invalid_state(vm, &message));
    }
    let mut exception = exception;
    if task.must_cancel.get() {
        let is_cancellation = match &exception {
            Some(given) => base.state.is_cancelled_error(vm, given)?,
            None => false,
        };
        if !is_cancellation {
            exception = Some(base.cancelled_error(vm)?);
        }
        task.must_cancel.set(false);
    }
    task.waits_for.set(None);
    let Some(coroutine) = task.coroutine.get() else {
        return Err(vm.runtime_error("uninitialized Task object"));
    };
    match resume(vm, &coroutine, exception) {
        Ok(Sent::Yielded(result)) => wait_for(vm, task, result),
        Ok(Sent::Returned(_)) if task.must_cancel.replace(false) => {
            // Cancelled right before the coroutine ended.
            base.cancel(vm, this, base.cancel_message.get()).map(drop)
        }
        Ok(Sent::Returned(result)) => base.set_result(vm, this, result),
        Err(raised) => {
            let exception = vm.take_raised(raised);
            if base.state.is_cancelled_error(vm, &exception)? {
                base.cancelled_error.set(Some(exception));
                return base.cancel(vm, this, None).map(drop);
            }
            base.set_exception(vm, this, exception.clone())?;
            let ends_program = vm.is_instance_of(&exception, &exc::KEYBOARD_INTERRUPT)
                || vm.is_instance_of(&exception, &exc::SYSTEM_EXIT);
            if ends_program { Err(vm.raise_again(exception)) } else { Ok(()) }
        }
    }
}

fn resume(vm: &Vm, coroutine: &Value, exception: Option<Value>) -> Res<Sent> {
    let native = coroutine
        .downcast::<Generator>()
        .filter(|_| generator::is_coroutine(vm, coroutine) || generator::is_generator(vm, coroutine));
    match (native, exception) {
        (Some(native), None) => send(vm, coroutine, native, Value::NONE),
        (None, None) => send_to_any(vm, coroutine, &Value::NONE),
        (Some(_), Some(exception)) => generator::methods::throw(vm, coroutine, exception, true),
        (None, Some(exception)) => match vm.call_method(coroutine, &vm.names().throw, &[exception]) {
            Ok(item) => Ok(Sent::Yielded(item)),
            Err(raised) if vm.raised_is(&exc::STOP_ITERATION) => {
                let stop = vm.take_raised(raised);
                Ok(Sent::Returned(exc::stop_iteration_value(&stop)))
            }
            Err(raised) => Err(raised),
        },
    }
}

/// Arranges for the task to go on when what its coroutine has yielded is done.
fn wait_for(vm: &Vm, task: &Ref<Task>, result: Value) -> Res<()> {
    let (state, this) = (&task.base.state, task.as_value());
    if result.is(this) {
        let shown = vm.repr(this)?;
        return wrong(vm, task, format!("Task cannot await on itself: {}", shown.to_utf8_lossy()));
    }
    let context = task.context.get_or_none();
    if let Some(future) = plain_future(vm, &result) {
        let owner = task.base.owner(vm)?;
        if !future.is_in_loop(&owner) {
            return wrong_loop(vm, task, &result);
        }
        if !future.blocking.replace(false) {
            return not_awaited(vm, task, &result);
        }
        graph::add_to(vm, future, this)?;
        let wake_up = NativeFunction::bound(vm, &WAKEUP, this.clone())?.into_value();
        if future.is_pending() {
            future.add_callback(wake_up, context);
        } else {
            call_soon(vm, state, &owner, wake_up, Some(result.clone()), context)?;
        }
        return waits_for(vm, task, result);
    }
    if result.is_none() {
        return soon(vm, task, None);
    }
    let names = state.names();
    let blocking = vm.get_attr_opt(&result, &names._asyncio_future_blocking)?;
    if let Some(blocking) = blocking.filter(|b| !b.is_none()) {
        let blocking = vm.is_true(&blocking)?;
        if !task.base.is_in_loop(&loop_of(vm, state, &result)?) {
            return wrong_loop(vm, task, &result);
        }
        if !blocking {
            return not_awaited(vm, task, &result);
        }
        graph::add(vm, &result, this)?;
        vm.set_attr(&result, &names._asyncio_future_blocking, &Value::FALSE)?;
        let wake_up = NativeFunction::bound(vm, &WAKEUP, this.clone())?.into_value();
        let keywords = state.keyword(vm, Part::ContextKeyword)?;
        let arguments = Args { values: &[wake_up, context], names: Some(&keywords) };
        vm.call_method_args(&result, &names.add_done_callback, arguments)?;
        return waits_for(vm, task, result);
    }
    let (task_shown, shown) = (|| Ok((vm.repr(this)?, vm.repr(&result)?)))()?;
    let (task_shown, shown): (Ref<Str>, Ref<Str>) = (task_shown, shown);
    if generator::is_generator(vm, &result) {
        let message = format!(
            "yield was used instead of yield from for generator in task {} with {}",
            task_shown.to_utf8_lossy(),
            shown.to_utf8_lossy()
        );
        return wrong(vm, task, message);
    }
    wrong(vm, task, format!("Task got bad yield: {}", shown.to_utf8_lossy()))
}

/// The task waits for `future`; a cancellation that came while it ran goes there at once.
fn waits_for(vm: &Vm, task: &Ref<Task>, future: Value) -> Res<()> {
    task.waits_for.set(Some(future.clone()));
    if task.must_cancel.get() && cancel_other(vm, &task.base.state, &future, task.base.cancel_message.get())? {
        task.must_cancel.set(false);
    }
    Ok(())
}

/// `future.cancel(msg=message)`, as a truth value.
pub fn cancel_other(vm: &Vm, state: &State, future: &Value, message: Option<Value>) -> Res<bool> {
    let keywords = state.keyword(vm, Part::MessageKeyword)?;
    let values = [message.unwrap_or(Value::NONE)];
    let answer =
        vm.call_method_args(future, &state.names().cancel, Args { values: &values, names: Some(&keywords) })?;
    vm.is_true(&answer)
}

fn wrong(vm: &Vm, task: &Ref<Task>, message: String) -> Res<()> {
    let text = vm.new_str(&message)?.into_value();
    let exception = exc::instantiate(vm, &exc::RUNTIME_ERROR, &[text])?;
    soon(vm, task, Some(exception))
}

#[cold]
fn wrong_loop(vm: &Vm, task: &Ref<Task>, result: &Value) -> Res<()> {
    let (this, other) = (vm.repr(task.as_value())?, vm.repr(result)?);
    let message =
        format!("Task {} got Future {} attached to a different loop", this.to_utf8_lossy(), other.to_utf8_lossy());
    wrong(vm, task, message)
}

#[cold]
fn not_awaited(vm: &Vm, task: &Ref<Task>, result: &Value) -> Res<()> {
    let (this, other) = (vm.repr(task.as_value())?, vm.repr(result)?);
    let message =
        format!("yield was used instead of yield from in task {} with {}", this.to_utf8_lossy(), other.to_utf8_lossy());
    wrong(vm, task, message)
}
