//! What `sys.monitoring` does to the interpreter's tools.

use super::code::{instrument, set_local, set_of, version_changed};
use super::events::{ALL_EVENTS, EVENTS, Event, EventSet};
use super::{Monitoring, PUBLIC_TOOLS};
use crate::objects::code::Code;
use crate::vm::{Raised, Res, Vm};
use crate::{Dict, Ref, Value};

const C_EVENTS: EventSet = Event::CReturn.bit() | Event::CRaise.bit();

/// The tool's number, checked.
pub fn tool(vm: &Vm, id: i64) -> Res<usize> {
    match usize::try_from(id) {
        Ok(id) if id < PUBLIC_TOOLS => Ok(id),
        _ => Err(vm.value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn check_in_use(vm: &Vm, tool: usize) -> Res<()> {
    if tool < PUBLIC_TOOLS && !vm.interpreter().monitoring.names[tool].is_set() {
        return Err(vm.value_error(format!("tool {tool} is not in use")));
    }
    Ok(())
}

fn used_up(vm: &Vm) -> Raised {
    vm.overflow_error("events set too many times")
}

impl Monitoring {
    fn advance(&self, vm: &Vm, by: u32) -> Res<u32> {
        match self.version.get().checked_add(by) {
            Some(version) => {
                self.version.set(version);
                Ok(version)
            }
            None => Err(used_up(vm)),
        }
    }

    /// Events that a tool wants everywhere.
    pub fn global_events(&self, tool: usize) -> EventSet {
        let tools: Vec<u8> = self.wanted.iter().map(|w| w.get()).collect();
        set_of(&tools, tool)
    }
}

/// A set as a program gives it becomes one of events that can be wanted.
fn wanted_set(vm: &Vm, set: EventSet) -> Res<EventSet> {
    if set & C_EVENTS != 0 && set & (C_EVENTS | Event::Call.bit()) != C_EVENTS | Event::Call.bit() {
        return Err(vm.value_error("cannot set C_RETURN or C_RAISE events independently"));
    }
    let mut set = set & !C_EVENTS;
    if set & Event::Branch.bit() != 0 {
        set = set & !Event::Branch.bit() | Event::BranchLeft.bit() | Event::BranchRight.bit();
    }
    Ok(set)
}

/// Sets the events a tool wants everywhere.
pub fn set_events(vm: &Vm, tool: usize, events: EventSet) -> Res<()> {
    check_in_use(vm, tool)?;
    let monitoring = &vm.interpreter().monitoring;
    if monitoring.global_events(tool) == events {
        return Ok(());
    }
    for (event, wanted) in monitoring.wanted.iter().enumerate() {
        wanted.set(wanted.get() & !(1 << tool) | ((events >> event & 1) as u8) << tool);
    }
    monitoring.advance(vm, 1)?;
    version_changed(vm);
    Ok(())
}

/// `set_events` for Python code.
pub fn set_events_checked(vm: &Vm, tool: usize, events: i64) -> Res<()> {
    if !(0..1 << ALL_EVENTS).contains(&events) {
        return Err(vm.value_error(format!("invalid event set 0x{:x}", events as i32)));
    }
    let events = wanted_set(vm, events as EventSet)?;
    set_events(vm, tool, events)
}

/// `set_local_events` for Python code.
pub fn set_local_events_checked(vm: &Vm, tool: usize, code: &Code, events: i64) -> Res<()> {
    let events = wanted_set(vm, events as u32)?;
    if events >= 1 << super::events::LOCAL_EVENTS {
        return Err(vm.value_error(format!("invalid local event set 0x{events:x}")));
    }
    set_local_events(vm, tool, code, events)
}

/// Sets the events a tool wants in one code object.
pub fn set_local_events(vm: &Vm, tool: usize, code: &Code, events: EventSet) -> Res<()> {
    check_in_use(vm, tool)?;
    set_local(vm, code, tool, events)
}

/// Registers a callback; what was registered before.
pub fn register_callback(vm: &Vm, tool: usize, event: Event, callback: Option<Value>) -> Option<Value> {
    vm.interpreter().monitoring.set_callback(tool, event, callback)
}

/// Forgets callbacks, events and local events of a tool.
pub fn clear_tool(vm: &Vm, tool: usize) -> Res<()> {
    for event in EVENTS {
        drop(register_callback(vm, tool, event, None));
    }
    set_events(vm, tool, 0)?;
    let monitoring = &vm.interpreter().monitoring;
    let version = monitoring.advance(vm, 1)?;
    monitoring.tool_versions[tool].set(version);
    version_changed(vm);
    Ok(())
}

/// Whatever was disabled is told again.
pub fn restart_events(vm: &Vm) -> Res<()> {
    let monitoring = &vm.interpreter().monitoring;
    let restart = monitoring.advance(vm, 1)?;
    monitoring.last_restart.set(restart);
    monitoring.advance(vm, 1)?;
    version_changed(vm);
    Ok(())
}

/// Events some tool wants everywhere, with the tools as bits.
pub fn all_events(vm: &Vm) -> Res<Ref<Dict>> {
    let dict = Dict::new(vm)?;
    for (event, wanted) in EVENTS.iter().zip(&vm.interpreter().monitoring.wanted) {
        if wanted.get() != 0 {
            dict.set_text(vm, event.name(), vm.new_int(wanted.get() as i64)?)?;
        }
    }
    Ok(dict)
}

/// Brings a code object up to date, for those who look at its stream.
pub fn refresh(vm: &Vm, code: &Code) {
    instrument(vm, code);
}

/// The interpreter ends: callbacks and functions that were set are let go. Nothing is told any more.
pub fn forget_everything(vm: &Vm) {
    let monitoring = &vm.interpreter().monitoring;
    for wanted in &monitoring.wanted {
        wanted.set(0);
    }
    if let Err(raised) = monitoring.advance(vm, 1) {
        vm.forget(raised);
    }
    version_changed(vm);
    for tool in 0..PUBLIC_TOOLS {
        for event in EVENTS {
            drop(register_callback(vm, tool, event, None));
        }
    }
    vm.for_each_thread(super::legacy::forget_thread);
}
