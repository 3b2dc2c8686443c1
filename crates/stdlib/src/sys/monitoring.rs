//! `sys.monitoring` (PEP 669), `sys.settrace` and `sys.setprofile`, `sys._jit`.
//!
//! Tools, callbacks and events are kept as CPython keeps them. The interpreter raises no events yet: asking for some is refused with
//! NotImplementedError instead of being ignored.

use super::Sys;
use ophi_runtime::objects::module::Module;
use ophi_runtime::objects::namespace::Namespace;
use ophi_runtime::{GilCell, Ref, Res, Value, Vm, methods};

const TOOLS: usize = 6;
const EVENTS: [(&str, u32); 19] = [
    ("PY_START", 0),
    ("PY_RESUME", 1),
    ("PY_RETURN", 2),
    ("PY_YIELD", 3),
    ("CALL", 4),
    ("LINE", 5),
    ("INSTRUCTION", 6),
    ("JUMP", 7),
    ("BRANCH_LEFT", 8),
    ("BRANCH_RIGHT", 9),
    ("STOP_ITERATION", 10),
    ("RAISE", 11),
    ("EXCEPTION_HANDLED", 12),
    ("PY_UNWIND", 13),
    ("PY_THROW", 14),
    ("RERAISE", 15),
    ("C_RETURN", 16),
    ("C_RAISE", 17),
    ("BRANCH", 18),
];

#[derive(Default)]
struct Tools {
    names: GilCell<[Option<Value>; TOOLS]>,
    callbacks: GilCell<Vec<((usize, u32), Value)>>,
}

fn tool(vm: &Vm, id: i64) -> Res<usize> {
    match usize::try_from(id) {
        Ok(id) if id < TOOLS => Ok(id),
        _ => Err(vm.value_error(format!("invalid tool {id} (must be between 0 and 5)"))),
    }
}

fn tool_in_use(vm: &Vm, id: i64) -> Res<usize> {
    let id = tool(vm, id)?;
    if vm.interpreter().state::<Tools>().names.with(|names| names[id].is_none()) {
        return Err(vm.value_error(format!("tool {id} is not in use")));
    }
    Ok(id)
}

fn refuse(vm: &Vm, events: i64) -> Res<()> {
    if events == 0 { Ok(()) } else { Err(vm.not_implemented("the interpreter raises no monitoring events yet")) }
}

struct Monitoring;

#[methods]
impl Monitoring {
    #[function(sig = "(tool_id, name, /)")]
    fn use_tool_id(vm: &Vm, tool_id: i64, name: &Value) -> Res<()> {
        let id = tool(vm, tool_id)?;
        if !name.is_a_str() {
            return Err(vm.value_error("tool name must be a str"));
        }
        let state = vm.interpreter().state::<Tools>();
        if state.names.with(|names| names[id].is_some()) {
            return Err(vm.value_error(format!("tool {id} is already in use")));
        }
        state.names.with_mut(|names| names[id] = Some(name.clone()));
        Ok(())
    }
    #[function(sig = "(tool_id, /)")]
    fn clear_tool_id(vm: &Vm, tool_id: i64) -> Res<()> {
        let id = tool(vm, tool_id)?;
        let state = vm.interpreter().state::<Tools>();
        let gone = state.callbacks.take();
        let (drop_now, keep): (Vec<_>, Vec<_>) = gone.into_iter().partition(|((t, _), _)| *t == id);
        state.callbacks.set(keep);
        drop(drop_now);
        Ok(())
    }
    #[function(sig = "(tool_id, /)")]
    fn free_tool_id(vm: &Vm, tool_id: i64) -> Res<()> {
        let id = tool(vm, tool_id)?;
        Monitoring::clear_tool_id(vm, tool_id)?;
        let old = vm.interpreter().state::<Tools>().names.with_mut(|names| names[id].take());
        drop(old);
        Ok(())
    }
    #[function(sig = "(tool_id, /)")]
    fn get_tool(vm: &Vm, tool_id: i64) -> Res {
        let id = tool(vm, tool_id)?;
        let name = vm.interpreter().state::<Tools>().names.with(|names| names[id].clone());
        Ok(name.unwrap_or(Value::NONE))
    }
    #[function(sig = "(tool_id, event, func, /)")]
    fn register_callback(vm: &Vm, tool_id: i64, event: i64, func: &Value) -> Res {
        let id = tool(vm, tool_id)?;
        if event <= 0 || event.count_ones() != 1 {
            return Err(vm.value_error("The callback can only be set for one event at a time"));
        }
        let number = event.trailing_zeros();
        if number as usize >= EVENTS.len() {
            return Err(vm.value_error(format!("invalid event {event}")));
        }
        let state = vm.interpreter().state::<Tools>();
        let old = state.callbacks.with_mut(|all| {
            let old = all.iter().position(|(k, _)| *k == (id, number)).map(|i| all.swap_remove(i).1);
            if !func.is_none() {
                all.push(((id, number), func.clone()));
            }
            old
        });
        Ok(old.unwrap_or(Value::NONE))
    }
    #[function(sig = "(tool_id, /)")]
    fn get_events(vm: &Vm, tool_id: i64) -> Res<i64> {
        tool_in_use(vm, tool_id)?;
        Ok(0)
    }
    #[function(sig = "(tool_id, event_set, /)")]
    fn set_events(vm: &Vm, tool_id: i64, event_set: i64) -> Res<()> {
        tool_in_use(vm, tool_id)?;
        refuse(vm, event_set)
    }
    #[function(sig = "(tool_id, code, /)")]
    fn get_local_events(vm: &Vm, tool_id: i64, _code: &Value) -> Res<i64> {
        tool_in_use(vm, tool_id)?;
        Ok(0)
    }
    #[function(sig = "(tool_id, code, event_set, /)")]
    fn set_local_events(vm: &Vm, tool_id: i64, _code: &Value, event_set: i64) -> Res<()> {
        tool_in_use(vm, tool_id)?;
        refuse(vm, event_set)
    }
    #[function(sig = "()")]
    fn restart_events(_vm: &Vm) -> Res<()> {
        Ok(())
    }
}

struct Jit;

#[methods]
impl Jit {
    /// Return True if the current Python executable supports JIT compilation, and False otherwise.
    #[function(sig = "()")]
    fn is_available(_vm: &Vm) -> Res<bool> {
        Ok(false)
    }
    /// Return True if JIT compilation is enabled for the current Python process (implies sys._jit.is_available()), and False otherwise.
    #[function(sig = "()")]
    fn is_enabled(_vm: &Vm) -> Res<bool> {
        Ok(false)
    }
    /// Return True if the topmost Python frame is currently executing JIT code (implies sys._jit.is_enabled()), and False otherwise.
    #[function(sig = "()")]
    fn is_active(_vm: &Vm) -> Res<bool> {
        Ok(false)
    }
}

#[methods(TRACE)]
impl Sys {
    /// Set the global debug tracing function.
    ///
    /// It will be called on each function call.  See the debugger chapter
    /// in the library manual.
    #[function(sig = "(function, /)")]
    fn settrace(vm: &Vm, function: &Value) -> Res<()> {
        if function.is_none() { Ok(()) } else { Err(vm.not_implemented("the interpreter calls no trace function yet")) }
    }
    /// Return the global debug tracing function set with sys.settrace.
    ///
    /// See the debugger chapter in the library manual.
    #[function(sig = "()")]
    fn gettrace(_vm: &Vm) -> Res {
        Ok(Value::NONE)
    }
    /// Set the profiling function.
    ///
    /// It will be called on each function call and return.  See the profiler
    /// chapter in the library manual.
    #[function(sig = "(function, /)")]
    fn setprofile(vm: &Vm, function: &Value) -> Res<()> {
        if function.is_none() {
            Ok(())
        } else {
            Err(vm.not_implemented("the interpreter calls no profile function yet"))
        }
    }
    /// Return the profiling function set with sys.setprofile.
    ///
    /// See the profiler chapter in the library manual.
    #[function(sig = "()")]
    fn getprofile(_vm: &Vm) -> Res {
        Ok(Value::NONE)
    }
    /// Enable or disable origin tracking for coroutine objects in this thread.
    ///
    /// Coroutine objects will track 'depth' frames of traceback information
    /// about where they came from, available in their cr_origin attribute.
    ///
    /// Set a depth of 0 to disable.
    #[function(sig = "(depth)")]
    fn set_coroutine_origin_tracking_depth(vm: &Vm, depth: i32) -> Res<()> {
        match usize::try_from(depth) {
            Ok(depth) => {
                vm.exec.origin_depth.set(depth);
                Ok(())
            }
            Err(_) => Err(vm.value_error("depth must be >= 0")),
        }
    }
    /// Check status of origin tracking for coroutine objects in this thread.
    #[function(sig = "()")]
    fn get_coroutine_origin_tracking_depth(vm: &Vm) -> Res<usize> {
        Ok(vm.exec.origin_depth.get())
    }
}

/// Whether the value is text.
trait IsStr {
    fn is_a_str(&self) -> bool;
}

impl IsStr for Value {
    fn is_a_str(&self) -> bool {
        use ophi_runtime::payload::Downcast;
        self.is_a::<ophi_runtime::Str>()
    }
}

/// Adds the submodules `sys.monitoring` and `sys._jit`.
pub fn add(vm: &Vm, sys: &Ref<Module>) -> Res<()> {
    let monitoring = Module::new(vm, "sys.monitoring", Value::NONE)?;
    vm.add_functions(&monitoring, &[&Monitoring::METHODS])?;
    let events = Namespace::new(vm)?;
    for (name, number) in EVENTS {
        vm.set_attr_str(events.as_value(), name, &vm.new_int(1 << number)?)?;
    }
    vm.set_attr_str(events.as_value(), "NO_EVENTS", &vm.new_int(0)?)?;
    let set = |name: &str, value: &Value| vm.set_attr_str(monitoring.as_value(), name, value);
    set("events", events.as_value())?;
    for (name, id) in [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)] {
        set(name, &vm.new_int(id)?)?;
    }
    for name in ["DISABLE", "MISSING"] {
        let marker = vm.call(vm.ty(&ophi_runtime::objects::object::OBJECT).as_value(), &[])?;
        set(name, &marker)?;
    }
    vm.set_attr_str(sys.as_value(), "monitoring", monitoring.as_value())?;
    let jit = Module::new(vm, "sys._jit", Value::NONE)?;
    vm.add_functions(&jit, &[&Jit::METHODS])?;
    vm.set_attr_str(sys.as_value(), "_jit", jit.as_value())
}
