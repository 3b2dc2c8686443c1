//! The methods and attributes of futures; tasks take over all but a few.

use super::future::{Future, Progress, alias, call_soon};
use super::graph;
use ophi_runtime::{List, Ref, Res, TypeRef, Value, Vm, methods};
use smallvec::SmallVec;

/// `attribute 'x' of '...' objects cannot be deleted`.
pub fn present<'a>(vm: &Vm, this: &Value, name: &str, value: Option<&'a Value>) -> Res<&'a Value> {
    value.ok_or_else(|| {
        let class = crate::support::values::qualified_name(vm, vm.class(this));
        vm.attribute_error(format!("attribute '{name}' of '{class}' objects cannot be deleted"))
    })
}

#[methods]
impl Future {
    /// The result of the operation.
    ///
    /// Raises CancelledError when it was cancelled, its exception when it ended with one, InvalidStateError when it
    /// has not ended yet.
    #[method(sig = "()")]
    fn result(vm: &Vm, this: &Ref<Future>) -> Res {
        if !this.owner.is_set() {
            return Err(this.not_ready(vm));
        }
        this.get_result(vm)
    }

    /// The exception the operation ended with; None when it ended without.
    ///
    /// Raises CancelledError when it was cancelled, InvalidStateError when it has not ended yet.
    #[method(sig = "()")]
    fn exception(vm: &Vm, this: &Ref<Future>) -> Res {
        if !this.owner.is_set() {
            return Err(this.not_ready(vm));
        }
        match this.progress.get() {
            Progress::Cancelled => {
                let error = this.cancelled_error(vm)?;
                Err(vm.raise(error))
            }
            Progress::Pending => Err(this.state.invalid_state(vm, "Exception is not set.")),
            Progress::Finished => {
                this.log_traceback.set(false);
                Ok(this.exception.get_or_none())
            }
        }
    }

    /// End the future with a result. InvalidStateError when it is done already.
    #[method(sig = "(result, /)", name = "set_result")]
    fn set_result_(vm: &Vm, this: &Ref<Future>, result: Value) -> Res<()> {
        this.set_result(vm, this.as_value(), result)
    }

    /// End the future with an exception. InvalidStateError when it is done already.
    #[method(sig = "(exception, /)", name = "set_exception")]
    fn set_exception_(vm: &Vm, this: &Ref<Future>, exception: Value) -> Res<()> {
        this.set_exception(vm, this.as_value(), exception)
    }

    /// Have a function called, with the future as its argument, when the future is done.
    ///
    /// When it is done already, the loop calls the function soon.
    #[method(sig = "(fn, /, *, context=<unrepresentable>)")]
    fn add_done_callback(vm: &Vm, this: &Ref<Future>, r#fn: Value, context: Option<&Value>) -> Res<()> {
        let Some(owner) = this.owner.get() else { return Err(vm.runtime_error("uninitialized Future object")) };
        let context = match context {
            Some(context) => context.clone(),
            None => crate::contextvars::copy_current(vm)?.into_value(),
        };
        if this.is_pending() {
            this.add_callback(r#fn, context);
            return Ok(());
        }
        call_soon(vm, &this.state, &owner, r#fn, Some(this.to_value()), context)
    }

    /// Take a function out of those to be called at the end, as often as it is among them; how often it was.
    #[method(sig = "(fn, /)")]
    fn remove_done_callback(vm: &Vm, this: &Ref<Future>, r#fn: &Value) -> Res<usize> {
        this.owner(vm)?;
        // Comparing may run Python code that changes the list: each is looked at where it then stands.
        let mut removed = 0;
        let mut kept: SmallVec<[_; 1]> = SmallVec::new();
        loop {
            let Some(next) = this.callbacks.with_mut(|all| (!all.is_empty()).then(|| all.remove(0))) else { break };
            match vm.equal(&next.0, r#fn) {
                Ok(true) => removed += 1,
                Ok(false) => kept.push(next),
                Err(raised) => {
                    kept.push(next);
                    let rest = this.callbacks.take();
                    kept.extend(rest);
                    drop(this.callbacks.replace(kept));
                    return Err(raised);
                }
            }
        }
        drop(this.callbacks.replace(kept));
        Ok(removed)
    }

    /// Cancel the future, and have its callbacks called. False when it is done already.
    #[method(sig = "(msg=None)", name = "cancel", text = "($self, /, msg=None)")]
    fn cancel_(vm: &Vm, this: &Ref<Future>, msg: Option<&Value>) -> Res<bool> {
        this.owner(vm)?;
        this.cancel(vm, this.as_value(), msg.cloned())
    }

    /// Was the future cancelled?
    #[method(sig = "()")]
    fn cancelled(_: &Vm, this: &Ref<Future>) -> bool {
        this.progress.get() == Progress::Cancelled
    }

    /// Has the future ended: with a result, with an exception, by being cancelled?
    #[method(sig = "()")]
    fn done(_: &Vm, this: &Ref<Future>) -> bool {
        !this.is_pending()
    }

    /// The event loop the future belongs to.
    #[method(sig = "()")]
    fn get_loop(vm: &Vm, this: &Ref<Future>) -> Res {
        this.owner(vm)
    }

    /// The CancelledError to raise where a cancelled future is asked for its result.
    ///
    /// To be called once: the exception that was kept for it is then forgotten.
    #[method(sig = "()")]
    fn _make_cancelled_error(vm: &Vm, this: &Ref<Future>) -> Res {
        this.cancelled_error(vm)
    }

    #[getter]
    fn _state(vm: &Vm, this: &Ref<Future>) -> Res {
        this.owner(vm)?;
        Ok(vm.intern(this.progress.get().name())?.into_value())
    }

    #[getter]
    fn _asyncio_future_blocking(_: &Vm, this: &Ref<Future>) -> bool {
        this.owner.is_set() && this.blocking.get()
    }

    #[setter(name = "_asyncio_future_blocking")]
    fn set_blocking(vm: &Vm, this: &Ref<Future>, value: Option<&Value>) -> Res<()> {
        this.owner(vm)?;
        let value = present(vm, this.as_value(), "_asyncio_future_blocking", value)?;
        this.blocking.set(vm.is_true(value)?);
        Ok(())
    }

    #[getter]
    fn _loop(_: &Vm, this: &Ref<Future>) -> Value {
        this.owner.get_or_none()
    }

    #[getter]
    fn _callbacks(vm: &Vm, this: &Ref<Future>) -> Res {
        this.owner(vm)?;
        let callbacks = this.callbacks.with(|all| all.to_vec());
        if callbacks.is_empty() {
            return Ok(Value::NONE);
        }
        let pairs = callbacks.into_iter().map(|(function, context)| vm.new_tuple(&[function, context]));
        Ok(List::from_vec(vm, pairs.collect::<Res<Vec<_>>>()?)?.into_value())
    }

    #[getter]
    fn _result(vm: &Vm, this: &Ref<Future>) -> Res {
        this.owner(vm)?;
        Ok(this.result.get_or_none())
    }

    #[getter]
    fn _exception(vm: &Vm, this: &Ref<Future>) -> Res {
        this.owner(vm)?;
        Ok(this.exception.get_or_none())
    }

    #[getter]
    fn _log_traceback(vm: &Vm, this: &Ref<Future>) -> Res<bool> {
        this.owner(vm)?;
        Ok(this.log_traceback.get())
    }

    #[setter(name = "_log_traceback")]
    fn set_log_traceback(vm: &Vm, this: &Ref<Future>, value: Option<&Value>) -> Res<()> {
        let value = present(vm, this.as_value(), "_log_traceback", value)?;
        if vm.is_true(value)? {
            return Err(vm.value_error("_log_traceback can only be set to False"));
        }
        this.log_traceback.set(false);
        Ok(())
    }

    #[getter]
    fn _source_traceback(_: &Vm, this: &Ref<Future>) -> Value {
        this.source_traceback.get_or_none()
    }

    #[getter]
    fn _cancel_message(_: &Vm, this: &Ref<Future>) -> Value {
        this.cancel_message.get_or_none()
    }

    #[setter(name = "_cancel_message")]
    fn set_cancel_message(vm: &Vm, this: &Ref<Future>, value: Option<&Value>) -> Res<()> {
        let value = present(vm, this.as_value(), "_cancel_message", value)?;
        this.cancel_message.set(Some(value.clone()));
        Ok(())
    }

    #[getter]
    fn _asyncio_awaited_by(vm: &Vm, this: &Ref<Future>) -> Res {
        graph::show(vm, this)
    }
}

#[methods(CLASS)]
impl Future {
    /// Futures are generic over what they give.
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        alias(vm, cls, object)
    }
}
