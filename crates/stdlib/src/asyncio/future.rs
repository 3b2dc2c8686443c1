//! `Future`: the payload, and what can happen to it.

use super::graph::Waiters;
use super::state::{Part, State};
use super::task::Task;
use super::{awaiting, registry, running};
use ophi_heap::Layout;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::exceptions::{self as exc, BaseException};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Payload, Raised, Ref, Res, Trace, Type, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm,
    layout,
};
use smallvec::SmallVec;
use std::cell::Cell;
use std::rc::Rc;

#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub enum Progress {
    #[default]
    Pending,
    Cancelled,
    Finished,
}

impl Progress {
    pub fn name(self) -> &'static str {
        match self {
            Progress::Pending => "PENDING",
            Progress::Cancelled => "CANCELLED",
            Progress::Finished => "FINISHED",
        }
    }
}

/// A function to call when the future is done, and the context to call it in (`None`: the loop's choice).
pub type Callback = (Value, Value);

#[repr(C)]
pub struct Future {
    pub state: Rc<State>,
    /// Empty until `__init__` has run.
    pub owner: ValueCell,
    pub callbacks: GilCell<SmallVec<[Callback; 1]>>,
    pub result: ValueCell,
    pub exception: ValueCell,
    /// The exception's traceback when it was set; gone once it was raised.
    pub traceback: ValueCell,
    pub source_traceback: ValueCell,
    pub cancel_message: ValueCell,
    /// The CancelledError that ended a task, to be raised once to who asks for its result.
    pub cancelled_error: ValueCell,
    pub waiters: GilCell<Waiters>,
    pub progress: Cell<Progress>,
    /// There is an exception that nobody has asked for.
    pub log_traceback: Cell<bool>,
    /// Set by `await`, so that a task can tell it from a `yield` of the future.
    pub blocking: Cell<bool>,
}

impl Trace for Future {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.owner.trace(visitor);
        self.callbacks.with(|all| all.iter().for_each(|pair| pair.trace(visitor)));
        for cell in self.cells() {
            cell.trace(visitor);
        }
        self.waiters.trace(visitor);
    }
    fn clear(&self) {
        self.owner.clear();
        drop(self.callbacks.take());
        for cell in self.cells() {
            cell.clear();
        }
        drop(self.waiters.take());
    }
}

impl Payload for Future {
    fn def() -> &'static TypeDef {
        &FUTURE
    }
    const LAYOUT: &'static Layout = layout!("Future");
}

const FLAGS: TypeFlags = TypeFlags::BASETYPE
    .with(TypeFlags::GC)
    .with(TypeFlags::WEAKREF)
    .with(TypeFlags::DICT)
    .with(TypeFlags::FINALIZER)
    .with(TypeFlags::IMMUTABLE);

pub static FUTURE: TypeDef = TypeDef {
    module: "_asyncio",
    doc: "Future(*, loop=None)\n--\n\nWhat will be there later: the result of an operation, or the exception it ends with.\n\nMuch like concurrent.futures.Future, but result() and exception() do not wait, callbacks are called by the event\nloop, and wait() and as_completed() of concurrent.futures do not know it.",
    flags: FLAGS,
    slots: Slots {
        new: Some(new),
        init: Some(init),
        repr: Some(repr),
        iter: Some(awaiting::iterator),
        r#await: Some(awaiting::iterator),
        finalize: Some(finalize),
        ..Slots::NONE
    },
    tables: &[Future::METHODS, Future::CLASS],
    ..TypeDef::of::<Future>("Future", &OBJECT)
};

static SIGNATURE: Signature = Signature {
    text: "(*, loop=None)",
    parameters: &[Parameter { name: "loop", kind: ParameterKind::KeywordOnly, required: false }],
};

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    Ok(vm.new_instance(cls, Future::fresh(State::of(vm)?))?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let mut bound = [None];
    bind(vm, Some(&SIGNATURE), "Future", args, &mut bound)?;
    match future_of(this) {
        Some(future) => future.set_up(vm, bound[0]),
        None => Err(vm.type_error("a Future is required")),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(future) = future_of(this) else { return Err(vm.type_error("a Future is required")) };
    future.owner(vm)?;
    vm.call(&future.state.part(vm, Part::FutureRepr)?, std::slice::from_ref(this))
}

/// A future whose exception nobody asked for says so before it goes.
pub fn finalize(vm: &Vm, this: &Value) {
    let Some(future) = future_of(this) else { return };
    if !future.log_traceback.replace(false) {
        return;
    }
    let message = format!("{} exception was never retrieved", vm.class(this).name());
    let exception = future.exception.get_or_none();
    let told = tell_handler(vm, future, &message, &[("exception", exception), ("future", this.clone())]);
    if let Err(raised) = told {
        vm.unraisable(raised, None, Some(this));
    }
}

/// Calls the loop's exception handler with a context of these entries.
pub fn tell_handler(vm: &Vm, future: &Future, message: &str, entries: &[(&str, Value)]) -> Res<()> {
    let aside = vm.put_aside();
    let told = (|| {
        let context = vm.new_dict()?;
        context.set_text(vm, "message", vm.new_str(message)?.into_value())?;
        for (name, value) in entries {
            context.set_text(vm, name, value.clone())?;
        }
        if let Some(source) = future.source_traceback.get() {
            context.set_text(vm, "source_traceback", source)?;
        }
        let names = future.state.names();
        vm.call_method(&future.owner(vm)?, &names.call_exception_handler, &[context.into_value()]).map(drop)
    })();
    if told.is_ok() {
        vm.bring_back(aside);
    }
    told
}

/// The payload of a future or task, of these classes or others made from them.
#[inline]
pub fn future_of(value: &Value) -> Option<&Future> {
    value.downcast::<Future>().map(|future| &**future)
}

/// As [`future_of`], of exactly these classes: whose methods nobody has replaced.
#[inline]
pub fn plain_future<'a>(vm: &Vm, value: &'a Value) -> Option<&'a Future> {
    if let Some(future) = value.exact::<Future>(vm) {
        return Some(future);
    }
    value.exact::<Task>(vm).map(|task| &task.base)
}

/// The loop of any future-like object.
pub fn loop_of(vm: &Vm, state: &State, future: &Value) -> Res {
    if let Some(plain) = plain_future(vm, future) {
        return plain.owner(vm);
    }
    let names = state.names();
    match vm.get_attr_opt(future, &names.get_loop)? {
        Some(get) => vm.call(&get, &[]),
        None => vm.get_attr(future, &names._loop),
    }
}

/// `loop.call_soon(function[, argument], context=context)`.
pub fn call_soon(
    vm: &Vm,
    state: &State,
    owner: &Value,
    function: Value,
    argument: Option<Value>,
    context: Value,
) -> Res<()> {
    let keywords = state.keyword(vm, Part::ContextKeyword)?;
    let values: SmallVec<[Value; 3]> = match argument {
        Some(argument) => smallvec::smallvec![function, argument, context],
        None => smallvec::smallvec![function, context],
    };
    vm.call_method_args(owner, &state.names().call_soon, Args { values: &values, names: Some(&keywords) }).map(drop)
}

impl Future {
    pub fn fresh(state: Rc<State>) -> Future {
        Future {
            state,
            owner: ValueCell::default(),
            callbacks: GilCell::new(SmallVec::new()),
            result: ValueCell::default(),
            exception: ValueCell::default(),
            traceback: ValueCell::default(),
            source_traceback: ValueCell::default(),
            cancel_message: ValueCell::default(),
            cancelled_error: ValueCell::default(),
            waiters: GilCell::new(Waiters::None),
            progress: Cell::new(Progress::Pending),
            log_traceback: Cell::new(false),
            blocking: Cell::new(false),
        }
    }

    /// Everything a second `__init__` empties.
    fn cells(&self) -> [&ValueCell; 6] {
        [
            &self.result,
            &self.exception,
            &self.traceback,
            &self.source_traceback,
            &self.cancel_message,
            &self.cancelled_error,
        ]
    }

    /// What `__init__` does.
    pub fn set_up(&self, vm: &Vm, owner: Option<&Value>) -> Res<()> {
        self.clear();
        self.progress.set(Progress::Pending);
        self.log_traceback.set(false);
        self.blocking.set(false);
        let owner = match super::state::given(owner) {
            Some(owner) => owner.clone(),
            None => running::event_loop(vm, &self.state)?,
        };
        self.owner.set(Some(owner.clone()));
        let debug = vm.call_method(&owner, &self.state.names().get_debug, &[])?;
        if vm.is_true(&debug)? {
            let stack = vm.call(&self.state.part(vm, Part::ExtractStack)?, &[])?;
            self.source_traceback.set(Some(stack));
        }
        Ok(())
    }

    /// The loop; RuntimeError before `__init__`.
    pub fn owner(&self, vm: &Vm) -> Res {
        self.owner.get().ok_or_else(|| vm.runtime_error("Future object is not initialized."))
    }

    pub fn is_in_loop(&self, asked: &Value) -> bool {
        self.owner.with(|owner| owner.is_some_and(|owner| owner.is(asked)))
    }

    #[inline]
    pub fn is_pending(&self) -> bool {
        self.progress.get() == Progress::Pending
    }

    /// Asks the loop to call what waits for the end.
    fn schedule_callbacks(&self, vm: &Vm, this: &Value) -> Res<()> {
        if let Some(task) = this.downcast::<Task>() {
            registry::leave(&self.state, task);
        }
        let callbacks = self.callbacks.take();
        if callbacks.is_empty() {
            return Ok(());
        }
        let owner = self.owner(vm)?;
        for (function, context) in callbacks {
            call_soon(vm, &self.state, &owner, function, Some(this.clone()), context)?;
        }
        Ok(())
    }

    fn check_pending(&self, vm: &Vm) -> Res<()> {
        self.owner(vm)?;
        if self.is_pending() { Ok(()) } else { Err(self.state.invalid_state(vm, "invalid state")) }
    }

    pub fn set_result(&self, vm: &Vm, this: &Value, result: Value) -> Res<()> {
        self.check_pending(vm)?;
        self.result.set(Some(result));
        self.progress.set(Progress::Finished);
        self.schedule_callbacks(vm, this)
    }

    pub fn set_exception(&self, vm: &Vm, this: &Value, exception: Value) -> Res<()> {
        self.check_pending(vm)?;
        let mut exception = exception;
        if exc::is_exception_class(&exception) {
            exception = vm.call(&exception, &[])?;
            if self.progress.get() != Progress::Pending {
                return Err(self.state.invalid_state(vm, "invalid state"));
            }
        }
        if !exc::is_exception(&exception) {
            return Err(vm.type_error("invalid exception object"));
        }
        if vm.is_instance_of(&exception, &exc::STOP_ITERATION) {
            let message = "StopIteration interacts badly with generators and cannot be raised into a Future";
            let text = vm.new_str(message)?.into_value();
            let other = exc::instantiate(vm, &exc::RUNTIME_ERROR, &[text])?;
            if let Some(base) = other.downcast::<BaseException>() {
                base.cause.set(Some(exception.clone()));
                base.context.set(Some(exception));
                base.suppress_context.set(true);
            }
            exception = other;
        }
        self.traceback.set(exception.downcast::<BaseException>().and_then(|e| e.traceback.get()));
        self.exception.set(Some(exception));
        self.progress.set(Progress::Finished);
        self.schedule_callbacks(vm, this)?;
        self.log_traceback.set(true);
        Ok(())
    }

    /// False when it is done already.
    pub fn cancel(&self, vm: &Vm, this: &Value, message: Option<Value>) -> Res<bool> {
        self.log_traceback.set(false);
        if !self.is_pending() {
            return Ok(false);
        }
        self.progress.set(Progress::Cancelled);
        self.cancel_message.set(message);
        self.schedule_callbacks(vm, this)?;
        Ok(true)
    }

    /// The CancelledError to raise; the one that ended a task is given once.
    pub fn cancelled_error(&self, vm: &Vm) -> Res {
        if let Some(saved) = self.cancelled_error.take() {
            return Ok(saved);
        }
        let class = self.state.part(vm, Part::CancelledError)?;
        match self.cancel_message.get().filter(|message| !message.is_none()) {
            Some(message) => vm.call(&class, &[message]),
            None => vm.call(&class, &[]),
        }
    }

    /// The result, or the exception to raise in its place; raises when there is neither.
    pub fn outcome(&self, vm: &Vm) -> Res<Result<Value, Value>> {
        match self.progress.get() {
            Progress::Cancelled => Ok(Err(self.cancelled_error(vm)?)),
            Progress::Pending => Err(self.state.invalid_state(vm, "Result is not set.")),
            Progress::Finished => {
                self.log_traceback.set(false);
                let Some(exception) = self.exception.get() else { return Ok(Ok(self.result.get_or_none())) };
                if let Some(base) = exception.downcast::<BaseException>() {
                    base.traceback.set(self.traceback.take());
                }
                Ok(Err(exception))
            }
        }
    }

    /// The result, or what is raised in its place.
    pub fn get_result(&self, vm: &Vm) -> Res {
        self.outcome(vm)?.map_err(|exception| vm.raise(exception))
    }

    pub fn add_callback(&self, function: Value, context: Value) {
        self.callbacks.with_mut(|all| all.push((function, context)));
    }

    #[cold]
    pub fn not_ready(&self, vm: &Vm) -> Raised {
        self.state.invalid_state(vm, "Future object is not initialized.")
    }
}

/// `Future[int]`, `Task[int]`.
pub fn alias(vm: &Vm, cls: &Ref<Type>, object: &Value) -> Res {
    ophi_runtime::objects::generic_alias::new_alias(vm, cls.as_value(), object)
}
