//! The tasks there are, which `all_tasks` tells of: native ones in a table of weak references, others in a `WeakSet`, and those that
//! make their first step at once in a set.

use super::running;
use super::state::{Part, State, given};
use super::task::Task;
use ophi_runtime::objects::set::Set;
use ophi_runtime::objects::weakref::{self, WeakRef};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{GilCell, Ref, Res, Value, ValueCell, Vm};

#[derive(Default)]
pub struct Tasks {
    /// References to native tasks; a task knows its place (`Task::place`).
    native: GilCell<Vec<Option<Ref<WeakRef>>>>,
    free: GilCell<Vec<u32>>,
    /// A `WeakSet` of the tasks of other classes.
    others: ValueCell,
    /// A set of tasks of other classes that make their first step.
    eager: ValueCell,
}
ophi_runtime::trace_fields!(Tasks { native, others, eager });

/// A task that has no place in the table.
pub const NO_PLACE: u32 = u32::MAX;

/// Enters a native task.
pub fn enter(vm: &Vm, state: &State, task: &Ref<Task>) -> Res<()> {
    if task.place.get() != NO_PLACE {
        return Ok(());
    }
    let reference = weakref::make(vm, vm.ty(&weakref::REFERENCE), task.as_value(), None)?;
    let tasks = &state.tasks;
    let place = match tasks.free.with_mut(Vec::pop) {
        Some(place) => place,
        None => tasks.native.with_mut(|all| {
            all.push(None);
            all.len() as u32 - 1
        }),
    };
    tasks.native.with_mut(|all| all[place as usize] = Some(reference));
    task.place.set(place);
    Ok(())
}

/// Takes a native task out; at its end, or when it goes without having come to one.
pub fn leave(state: &State, task: &Task) {
    let place = task.place.replace(NO_PLACE);
    if place == NO_PLACE {
        return;
    }
    let gone = state.tasks.native.with_mut(|all| all[place as usize].take());
    state.tasks.free.with_mut(|free| free.push(place));
    drop(gone);
}

fn others(vm: &Vm, state: &State) -> Res {
    made_once(&state.tasks.others, || vm.call(&state.part(vm, Part::WeakSet)?, &[]))
}

fn eager(vm: &Vm, state: &State) -> Res {
    made_once(&state.tasks.eager, || vm.new_set(&[]))
}

fn made_once(cell: &ValueCell, make: impl FnOnce() -> Res) -> Res {
    if let Some(known) = cell.get() {
        return Ok(known);
    }
    let made = make()?;
    cell.set(Some(made.clone()));
    Ok(made)
}

/// The task when its class is exactly ours.
fn native<'a>(vm: &Vm, task: &'a Value) -> Option<&'a Ref<Task>> {
    task.exact::<Task>(vm)
}

pub fn register(vm: &Vm, state: &State, task: &Value) -> Res<()> {
    if let Some(task) = native(vm, task) {
        return enter(vm, state, task);
    }
    vm.call_method(&others(vm, state)?, &state.names().add, std::slice::from_ref(task)).map(drop)
}

pub fn register_eager(vm: &Vm, state: &State, task: &Value) -> Res<()> {
    if let Some(task) = native(vm, task) {
        return enter(vm, state, task);
    }
    vm.set_add(&eager(vm, state)?, task.clone())
}

pub fn unregister(vm: &Vm, state: &State, task: &Value) -> Res<()> {
    if let Some(task) = native(vm, task) {
        leave(state, task);
        return Ok(());
    }
    vm.call_method(&others(vm, state)?, &state.names().discard, std::slice::from_ref(task)).map(drop)
}

pub fn unregister_eager(vm: &Vm, state: &State, task: &Value) -> Res<()> {
    if let Some(task) = native(vm, task) {
        leave(state, task);
        return Ok(());
    }
    vm.call_method(&eager(vm, state)?, &state.names().discard, std::slice::from_ref(task)).map(drop)
}

pub fn all_tasks(vm: &Vm, state: &State, asked: Option<&Value>) -> Res {
    let asked = match given(asked) {
        Some(asked) => asked.clone(),
        None => running::running_loop(vm, state).ok_or_else(|| running::no_running_loop(vm))?,
    };
    let tasks = Set::new(vm)?;
    let native: Vec<Value> =
        state.tasks.native.with(|all| all.iter().flatten().filter_map(|reference| reference.get()).collect());
    for task in native {
        if task.downcast::<Task>().is_some_and(|t| t.base.is_pending() && t.base.is_in_loop(&asked)) {
            tasks.add(vm, &task)?;
        }
    }
    let mut foreign = vm.collect(&eager(vm, state)?)?;
    foreign.extend(vm.collect(&others(vm, state)?)?);
    for task in foreign {
        let done = vm.call_method(&task, &state.names().done, &[])?;
        if !vm.is_true(&done)? && super::future::loop_of(vm, state, &task)?.is(&asked) {
            tasks.add(vm, &task)?;
        }
    }
    Ok(tasks.into_value())
}
