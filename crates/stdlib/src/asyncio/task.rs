//! `Task`: a future that runs a coroutine.

use super::future::{FUTURE, Future, future_of};
use super::registry::{self, NO_PLACE};
use super::running;
use super::state::{Part, State, given, is_plain_str};
use super::{future, step};
use crate::contextvars;
use ophi_heap::Layout;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::generator;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout,
};
use std::cell::Cell;

#[repr(C)]
pub struct Task {
    pub base: Future,
    /// Empty when a first step made at once has ended it.
    pub coroutine: ValueCell,
    /// A name that was given, or the number's once somebody asked.
    pub name: ValueCell,
    pub number: Cell<u64>,
    pub context: ValueCell,
    /// The future the coroutine waits for.
    pub waits_for: ValueCell,
    /// `cancel` was called while it waited for nothing.
    pub must_cancel: Cell<bool>,
    pub log_destroy_pending: Cell<bool>,
    /// Calls of `cancel` less those of `uncancel`.
    pub cancel_requests: Cell<i64>,
    /// Place in the registry.
    pub place: Cell<u32>,
}

impl Trace for Task {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.base.trace(visitor);
        for cell in self.cells() {
            cell.trace(visitor);
        }
    }
    fn clear(&self) {
        self.base.clear();
        for cell in self.cells() {
            cell.clear();
        }
    }
}

impl Drop for Task {
    fn drop(&mut self) {
        registry::leave(&self.base.state, self);
    }
}

impl Payload for Task {
    fn def() -> &'static TypeDef {
        &TASK
    }
    const LAYOUT: &'static Layout = layout!("Task", Future);
}

pub static TASK: TypeDef = TypeDef {
    module: "_asyncio",
    doc: "Task(coro, *, loop=None, name=None, context=None, eager_start=False)\n--\n\nA future that runs a coroutine, step by step, in an event loop.",
    flags: TypeFlags::BASETYPE
        .with(TypeFlags::GC)
        .with(TypeFlags::WEAKREF)
        .with(TypeFlags::DICT)
        .with(TypeFlags::FINALIZER)
        .with(TypeFlags::IMMUTABLE),
    slots: Slots { new: Some(new), init: Some(init), repr: Some(repr), finalize: Some(finalize), ..Slots::NONE },
    tables: &[Task::METHODS],
    ..TypeDef::of::<Task>("Task", &FUTURE)
};

static SIGNATURE: Signature = Signature {
    text: "(coro, *, loop=None, name=None, context=None, eager_start=False)",
    parameters: &[
        Parameter { name: "coro", kind: ParameterKind::Positional, required: true },
        Parameter { name: "loop", kind: ParameterKind::KeywordOnly, required: false },
        Parameter { name: "name", kind: ParameterKind::KeywordOnly, required: false },
        Parameter { name: "context", kind: ParameterKind::KeywordOnly, required: false },
        Parameter { name: "eager_start", kind: ParameterKind::KeywordOnly, required: false },
    ],
};

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let task = Task {
        base: Future::fresh(State::of(vm)?),
        coroutine: ValueCell::default(),
        name: ValueCell::default(),
        number: Cell::new(0),
        context: ValueCell::default(),
        waits_for: ValueCell::default(),
        must_cancel: Cell::new(false),
        log_destroy_pending: Cell::new(false),
        cancel_requests: Cell::new(0),
        place: Cell::new(NO_PLACE),
    };
    Ok(vm.new_instance(cls, task)?.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let mut bound = [None; 5];
    bind(vm, Some(&SIGNATURE), "Task", args, &mut bound)?;
    let [coroutine, owner, name, context, eager] = bound;
    let (Some(task), Some(coroutine)) = (this.downcast::<Task>(), coroutine) else {
        return Err(vm.type_error("a Task is required"));
    };
    let eager = eager.map_or(Ok(false), |eager| vm.is_true(eager))?;
    task.base.set_up(vm, owner)?;
    let state = task.base.state.clone();
    if !is_coroutine(vm, &state, coroutine)? {
        // So that nothing is said when this task goes.
        task.log_destroy_pending.set(false);
        let shown = vm.repr(coroutine)?;
        return Err(vm.type_error(format!("a coroutine was expected, got {}", shown.to_utf8_lossy())));
    }
    let context = match given(context) {
        Some(context) => context.clone(),
        None => contextvars::copy_current(vm)?.into_value(),
    };
    task.context.set(Some(context));
    task.waits_for.set(None);
    task.must_cancel.set(false);
    task.log_destroy_pending.set(true);
    task.cancel_requests.set(0);
    task.coroutine.set(Some(coroutine.clone()));
    task.name.set(None);
    match given(name) {
        None => task.number.set(state.next_name()),
        Some(name) if is_plain_str(vm, name) => task.name.set(Some(name.clone())),
        Some(name) => task.name.set(Some(vm.str(name)?.into_value())),
    }
    if eager {
        let running = vm.call_method(&task.base.owner(vm)?, &state.names().is_running, &[])?;
        if vm.is_true(&running)? {
            return start_at_once(vm, &state, task);
        }
    }
    step::soon(vm, task, None)?;
    // A task of a subclass too: it is a native one as far as steps go.
    registry::enter(vm, &state, task)
}

/// Makes the first step before the constructor returns.
fn start_at_once(vm: &Vm, state: &State, task: &Ref<Task>) -> Res<()> {
    let owner = task.base.owner(vm)?;
    let before = running::swap_task(vm, state, &owner, task.as_value())?;
    let stepped = (|| {
        registry::enter(vm, state, task)?;
        let context = task.context.get_or_none();
        contextvars::run_in(vm, &context, || step::advance(vm, task, None))
    })();
    let aside = stepped.as_ref().is_err().then(|| vm.put_aside()).flatten();
    let left = running::swap_task(vm, state, &owner, &before);
    if aside.is_some() {
        if let Err(raised) = left {
            vm.forget(raised);
        }
        vm.bring_back(aside);
    } else {
        left?;
    }
    if !task.base.is_pending() {
        registry::leave(state, task);
        task.coroutine.set(None);
    }
    stepped
}

fn is_coroutine(vm: &Vm, state: &State, value: &Value) -> Res<bool> {
    if generator::is_coroutine(vm, value) {
        return Ok(true);
    }
    let answer = vm.call(&state.part(vm, Part::IsCoroutine)?, std::slice::from_ref(value))?;
    vm.is_true(&answer)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(base) = future_of(this) else { return Err(vm.type_error("a Task is required")) };
    base.owner(vm)?;
    vm.call(&base.state.part(vm, Part::TaskRepr)?, std::slice::from_ref(this))
}

/// A task that goes before its coroutine has ended says so.
fn finalize(vm: &Vm, this: &Value) {
    if let Some(task) = this.downcast::<Task>()
        && task.base.is_pending()
        && task.log_destroy_pending.get()
    {
        let message = "Task was destroyed but it is pending!";
        if let Err(raised) = future::tell_handler(vm, &task.base, message, &[("task", this.clone())]) {
            vm.unraisable(raised, None, Some(this));
        }
    }
    future::finalize(vm, this);
}

impl Task {
    fn cells(&self) -> [&ValueCell; 4] {
        [&self.coroutine, &self.name, &self.context, &self.waits_for]
    }
}
