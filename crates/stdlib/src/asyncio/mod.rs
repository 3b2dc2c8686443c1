//! `_asyncio`: futures and tasks, the running loop and the current task of a thread. After CPython Modules/_asynciomodule.c.
//!
//! * [`state`]    names, what is imported from `asyncio` when it is first needed
//! * [`running`]  which loop and which task run in a thread
//! * [`registry`] the tasks there are, without keeping them alive
//! * [`future`]   the payload of a future and what can happen to it; [`future_methods`] what Python sees, [`awaiting`] its iterator
//! * [`task`]     the payload of a task, its methods; [`step`] one step of its coroutine
//! * [`graph`]    who waits for whom
//!
//! Exactly these classes are served by quick paths; for subclasses and foreign futures every operation goes through their methods.

mod awaiting;
mod future;
mod future_methods;
mod graph;
mod registry;
mod running;
mod state;
mod step;
mod task;
mod task_methods;

use future::FUTURE;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};
use state::State;
use task::TASK;

pub static MODULE: ModuleDef =
    ModuleDef { name: "_asyncio", doc: "The native half of the package asyncio.", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &FUTURE)?;
    module.add_type(vm, &TASK)
}

struct Functions;

#[methods]
impl Functions {
    /// The task that runs in the loop, or None.
    ///
    /// Without a loop, that of the running loop.
    #[function(sig = "(loop=None)")]
    fn current_task(vm: &Vm, r#loop: Option<&Value>) -> Res {
        running::current_task(vm, r#loop)
    }

    /// The event loop to use here: the one that runs, else the one the policy gives.
    #[function(sig = "()")]
    fn get_event_loop(vm: &Vm) -> Res {
        running::event_loop(vm, &*State::of(vm)?)
    }

    /// The loop that runs in this thread; RuntimeError when there is none.
    #[function(sig = "()")]
    fn get_running_loop(vm: &Vm) -> Res {
        running::running_loop(vm, &*State::of(vm)?).ok_or_else(|| running::no_running_loop(vm))
    }

    /// The loop that runs in this thread, or None.
    #[function(sig = "()")]
    fn _get_running_loop(vm: &Vm) -> Res {
        Ok(running::running_loop(vm, &*State::of(vm)?).unwrap_or(Value::NONE))
    }

    /// Tell which loop runs in this thread; None: none does. For event loops.
    #[function(sig = "(loop, /)")]
    fn _set_running_loop(vm: &Vm, r#loop: &Value) -> Res<()> {
        running::set_running_loop(vm, &*State::of(vm)?, (!r#loop.is_none()).then(|| r#loop.clone()));
        Ok(())
    }

    /// Enter a task among those that all_tasks() tells of.
    #[function(sig = "(task)")]
    fn _register_task(vm: &Vm, task: &Value) -> Res<()> {
        registry::register(vm, &*State::of(vm)?, task)
    }

    /// Enter a task that is about to make its first step at once.
    #[function(sig = "(task)")]
    fn _register_eager_task(vm: &Vm, task: &Value) -> Res<()> {
        registry::register_eager(vm, &*State::of(vm)?, task)
    }

    /// Take out a task that is done.
    #[function(sig = "(task)")]
    fn _unregister_task(vm: &Vm, task: &Value) -> Res<()> {
        registry::unregister(vm, &*State::of(vm)?, task)
    }

    /// Take out a task that has made its first step.
    #[function(sig = "(task)")]
    fn _unregister_eager_task(vm: &Vm, task: &Value) -> Res<()> {
        registry::unregister_eager(vm, &*State::of(vm)?, task)
    }

    /// A task begins to run; no other may run in this loop.
    #[function(sig = "(loop, task)")]
    fn _enter_task(vm: &Vm, r#loop: &Value, task: &Value) -> Res<()> {
        running::enter_task(vm, &*State::of(vm)?, r#loop, task)
    }

    /// The task stops running.
    #[function(sig = "(loop, task)")]
    fn _leave_task(vm: &Vm, r#loop: &Value, task: &Value) -> Res<()> {
        running::leave_task(vm, &*State::of(vm)?, r#loop, task)
    }

    /// Put a task (or None) in the place of the one that runs, which is returned.
    #[function(sig = "(loop, task)")]
    fn _swap_current_task(vm: &Vm, r#loop: &Value, task: &Value) -> Res {
        running::swap_task(vm, &*State::of(vm)?, r#loop, task)
    }

    /// The tasks of the loop that are not done, as a set. Without a loop, of the running one.
    #[function(sig = "(loop=None)")]
    fn all_tasks(vm: &Vm, r#loop: Option<&Value>) -> Res {
        registry::all_tasks(vm, &*State::of(vm)?, r#loop)
    }

    /// Note that waiter waits for fut. Only native futures take notes.
    #[function(sig = "(fut, waiter, /)")]
    fn future_add_to_awaited_by(vm: &Vm, fut: &Value, waiter: &Value) -> Res<()> {
        graph::add(vm, fut, waiter)
    }

    /// Forget that waiter waits for fut.
    #[function(sig = "(fut, waiter, /)")]
    fn future_discard_from_awaited_by(vm: &Vm, fut: &Value, waiter: &Value) -> Res<()> {
        graph::discard(vm, fut, waiter)
    }
}
