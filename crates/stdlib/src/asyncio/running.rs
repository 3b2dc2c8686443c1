//! Which loop runs in a thread, and which task of it.

use super::state::{Part, State};
use ophi_runtime::{GilCell, Raised, Res, Trace, Value, Visitor, Vm};

/// A thread in which a loop runs.
struct Thread {
    id: u64,
    running: Value,
    task: Option<Value>,
}

impl Trace for Thread {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.running.trace(visitor);
        self.task.trace(visitor);
    }
}

/// The threads in which loops run; hardly ever more than a few.
#[derive(Default)]
pub struct Threads(GilCell<Vec<Thread>>);
ophi_runtime::trace_fields!(Threads { 0 });

impl Threads {
    fn loop_of(&self, thread: u64) -> Option<Value> {
        self.0.with(|all| all.iter().find(|t| t.id == thread).map(|t| t.running.clone()))
    }

    fn is_loop_of(&self, thread: u64, running: &Value) -> bool {
        self.0.with(|all| all.iter().any(|t| t.id == thread && t.running.is(running)))
    }

    /// The task that runs in this thread.
    fn task_of(&self, thread: u64) -> Option<Value> {
        self.0.with(|all| all.iter().find(|t| t.id == thread).and_then(|t| t.task.clone()))
    }

    /// The task that runs in this loop, whatever the thread.
    fn task_in(&self, running: &Value) -> Option<Value> {
        self.0.with(|all| all.iter().find(|t| t.running.is(running)).and_then(|t| t.task.clone()))
    }

    fn swap_task(&self, thread: u64, task: Option<Value>) -> Option<Value> {
        self.0.with_mut(|all| match all.iter_mut().find(|t| t.id == thread) {
            Some(found) => std::mem::replace(&mut found.task, task),
            None => task,
        })
    }
}

pub fn running_loop(vm: &Vm, state: &State) -> Option<Value> {
    state.threads.loop_of(vm.thread_id)
}

#[cold]
pub fn no_running_loop(vm: &Vm) -> Raised {
    vm.runtime_error("no running event loop")
}

pub fn set_running_loop(vm: &Vm, state: &State, running: Option<Value>) {
    let thread = vm.thread_id;
    let old = state.threads.0.with_mut(|all| {
        let at = all.iter().position(|t| t.id == thread);
        match (at, running) {
            (Some(at), Some(running)) => Some((std::mem::replace(&mut all[at].running, running), None)),
            (Some(at), None) => {
                let gone = all.swap_remove(at);
                Some((gone.running, gone.task))
            }
            (None, Some(running)) => {
                all.push(Thread { id: thread, running, task: None });
                None
            }
            (None, None) => None,
        }
    });
    drop(old);
}

/// The loop to use: the running one, else the policy's.
pub fn event_loop(vm: &Vm, state: &State) -> Res {
    if let Some(running) = running_loop(vm, state) {
        return Ok(running);
    }
    let policy = vm.call(&state.part(vm, Part::EventLoopPolicy)?, &[])?;
    vm.call_method(&policy, &state.names().get_event_loop, &[])
}

pub fn current_task(vm: &Vm, asked: Option<&Value>) -> Res {
    let state = State::of(vm)?;
    let found = match asked {
        None => {
            if running_loop(vm, &state).is_none() {
                return Err(no_running_loop(vm));
            }
            state.threads.task_of(vm.thread_id)
        }
        Some(asked) => state.threads.task_in(asked),
    };
    Ok(found.unwrap_or(Value::NONE))
}

fn check_loop(vm: &Vm, state: &State, asked: &Value) -> Res<()> {
    if state.threads.is_loop_of(vm.thread_id, asked) {
        return Ok(());
    }
    let shown = vm.repr(asked)?;
    Err(vm.runtime_error(format!("loop {} is not the running loop", shown.to_utf8_lossy())))
}

pub fn enter_task(vm: &Vm, state: &State, asked: &Value, task: &Value) -> Res<()> {
    check_loop(vm, state, asked)?;
    if let Some(other) = state.threads.task_of(vm.thread_id) {
        let (task, other) = (vm.repr(task)?, vm.repr(&other)?);
        return Err(vm.runtime_error(format!(
            "Cannot enter into task {} while another task {} is being executed.",
            task.to_utf8_lossy(),
            other.to_utf8_lossy()
        )));
    }
    state.threads.swap_task(vm.thread_id, Some(task.clone()));
    Ok(())
}

pub fn leave_task(vm: &Vm, state: &State, asked: &Value, task: &Value) -> Res<()> {
    check_loop(vm, state, asked)?;
    let current = state.threads.task_of(vm.thread_id);
    if !current.as_ref().is_some_and(|current| current.is(task)) {
        let (task, current) = (vm.repr(task)?, vm.repr(&current.unwrap_or(Value::NONE))?);
        return Err(vm.runtime_error(format!(
            "Invalid attempt to leave task {} while task {} is entered.",
            task.to_utf8_lossy(),
            current.to_utf8_lossy()
        )));
    }
    drop(state.threads.swap_task(vm.thread_id, None));
    Ok(())
}

/// The task that ran before; None for none, as in the argument.
pub fn swap_task(vm: &Vm, state: &State, asked: &Value, task: &Value) -> Res {
    check_loop(vm, state, asked)?;
    let new = (!task.is_none()).then(|| task.clone());
    Ok(state.threads.swap_task(vm.thread_id, new).unwrap_or(Value::NONE))
}
