//! The methods and attributes of tasks that futures do not have, or have otherwise.

use super::future::alias;
use super::future_methods::present;
use super::state::{Part, is_plain_str};
use super::task::Task;
use ophi_runtime::{Args, Ref, Res, TypeRef, Value, Vm, methods};

#[methods]
impl Task {
    #[method(sig = "(result, /)")]
    fn set_result(vm: &Vm, this: &Ref<Task>, result: &Value) -> Res {
        let _ = (this, result);
        Err(vm.runtime_error("Task does not support set_result operation"))
    }

    #[method(sig = "(exception, /)")]
    fn set_exception(vm: &Vm, this: &Ref<Task>, exception: &Value) -> Res {
        let _ = (this, exception);
        Err(vm.runtime_error("Task does not support set_exception operation"))
    }

    /// Ask the task to stop: the next time its turn comes, CancelledError is raised in its coroutine.
    ///
    /// The coroutine may tidy up, raise something else, or go on as if nothing had happened; cancelled() is true only
    /// once it has ended with CancelledError. False when the task is done already. Requests are counted, see cancelling().
    #[method(sig = "(msg=None)", text = "($self, /, msg=None)")]
    fn cancel(vm: &Vm, this: &Ref<Task>, msg: Option<&Value>) -> Res<bool> {
        this.base.log_traceback.set(false);
        if !this.base.is_pending() {
            return Ok(false);
        }
        this.cancel_requests.set(this.cancel_requests.get() + 1);
        if let Some(waits_for) = this.waits_for.get()
            && super::step::cancel_other(vm, &this.base.state, &waits_for, msg.cloned())?
        {
            return Ok(true);
        }
        this.must_cancel.set(true);
        this.base.cancel_message.set(msg.cloned());
        Ok(true)
    }

    /// How many requests to cancel the task are open: calls of cancel() less those of uncancel().
    #[method(sig = "()")]
    fn cancelling(_: &Vm, this: &Ref<Task>) -> i64 {
        this.cancel_requests.get()
    }

    /// Take one request to cancel the task back; how many are left.
    ///
    /// For code that has caught CancelledError and wants the task to go on.
    #[method(sig = "()")]
    fn uncancel(_: &Vm, this: &Ref<Task>) -> i64 {
        let left = this.cancel_requests.get();
        if left > 0 {
            this.cancel_requests.set(left - 1);
            if left == 1 {
                this.must_cancel.set(false);
            }
        }
        this.cancel_requests.get()
    }

    /// The frames of the task's coroutine, the oldest first: where it is suspended, or the traceback of the exception
    /// that ended it, or none when it ended otherwise.
    ///
    /// limit bounds their number: the newest frames of a suspended coroutine, the oldest of a traceback are kept. A
    /// suspended coroutine shows one frame only.
    #[method(sig = "(*, limit=None)")]
    fn get_stack(vm: &Vm, this: &Ref<Task>, limit: Option<&Value>) -> Res {
        this.base.owner(vm)?;
        let function = this.base.state.part(vm, Part::TaskGetStack)?;
        vm.call(&function, &[this.to_value(), limit.cloned().unwrap_or(Value::NONE)])
    }

    /// Print what get_stack() gives as module traceback would, to file or to sys.stderr.
    #[method(sig = "(*, limit=None, file=None)")]
    fn print_stack(vm: &Vm, this: &Ref<Task>, limit: Option<&Value>, file: Option<&Value>) -> Res {
        this.base.owner(vm)?;
        let function = this.base.state.part(vm, Part::TaskPrintStack)?;
        let or_none = |value: Option<&Value>| value.cloned().unwrap_or(Value::NONE);
        vm.call(&function, &[this.to_value(), or_none(limit), or_none(file)])
    }

    #[method(sig = "()")]
    fn get_name(vm: &Vm, this: &Ref<Task>) -> Res {
        if let Some(name) = this.name.get() {
            return Ok(name);
        }
        match this.number.get() {
            0 => Ok(Value::NONE),
            number => {
                let name = vm.new_str(&format!("Task-{number}"))?.into_value();
                this.name.set(Some(name.clone()));
                Ok(name)
            }
        }
    }

    #[method(sig = "(value, /)")]
    fn set_name(vm: &Vm, this: &Ref<Task>, value: &Value) -> Res<()> {
        let name = if is_plain_str(vm, value) { value.clone() } else { vm.str(value)?.into_value() };
        this.name.set(Some(name));
        Ok(())
    }

    #[method(sig = "()")]
    fn get_coro(_: &Vm, this: &Ref<Task>) -> Value {
        this.coroutine.get_or_none()
    }

    #[method(sig = "()")]
    fn get_context(_: &Vm, this: &Ref<Task>) -> Value {
        this.context.get_or_none()
    }

    #[getter]
    fn _log_destroy_pending(_: &Vm, this: &Ref<Task>) -> bool {
        this.log_destroy_pending.get()
    }

    #[setter(name = "_log_destroy_pending")]
    fn set_log_destroy_pending(vm: &Vm, this: &Ref<Task>, value: Option<&Value>) -> Res<()> {
        let value = present(vm, this.as_value(), "_log_destroy_pending", value)?;
        this.log_destroy_pending.set(vm.is_true(value)?);
        Ok(())
    }

    #[getter]
    fn _must_cancel(_: &Vm, this: &Ref<Task>) -> bool {
        this.must_cancel.get()
    }

    #[getter]
    fn _coro(_: &Vm, this: &Ref<Task>) -> Value {
        this.coroutine.get_or_none()
    }

    #[getter]
    fn _fut_waiter(_: &Vm, this: &Ref<Task>) -> Value {
        this.waits_for.get_or_none()
    }

    /// Tasks are generic over what their coroutine returns.
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        alias(vm, cls, object)
    }
}

/// Refuses every argument, as the functions that a loop calls without any do.
pub fn refuse_arguments(vm: &Vm, args: Args<'_>) -> Res<()> {
    if args.has_keywords() {
        return Err(vm.type_error("function takes no keyword arguments"));
    }
    if !args.pos().is_empty() {
        return Err(vm.type_error("function takes no positional arguments"));
    }
    Ok(())
}
