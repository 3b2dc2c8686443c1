//! `sys.monitoring` (PEP 669), `sys.settrace` and `sys.setprofile`, `sys._jit`.

use super::Sys;
use super::hooks::audit;
use ophi_runtime::monitoring::events::{EVENTS, EventSet};
use ophi_runtime::monitoring::{legacy, tools};
use ophi_runtime::objects::code::Code;
use ophi_runtime::objects::module::Module;
use ophi_runtime::objects::namespace::Namespace;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Ref, Res, Str, Tuple, Value, Vm, methods};

fn code_of<'a>(vm: &Vm, code: &'a Value) -> Res<&'a Ref<Code>> {
    code.downcast::<Code>().ok_or_else(|| vm.type_error("code must be a code object"))
}

struct Monitoring;

#[methods]
impl Monitoring {
    #[function(sig = "(tool_id, name, /)")]
    fn use_tool_id(vm: &Vm, tool_id: i64, name: &Value) -> Res<()> {
        let tool = tools::tool(vm, tool_id)?;
        if !name.is_a::<Str>() {
            return Err(vm.value_error("tool name must be a str"));
        }
        let names = &vm.interpreter().monitoring.names;
        if names[tool].is_set() {
            return Err(vm.value_error(format!("tool {tool} is already in use")));
        }
        names[tool].set(Some(name.clone()));
        Ok(())
    }
    #[function(sig = "(tool_id, /)")]
    fn clear_tool_id(vm: &Vm, tool_id: i64) -> Res<()> {
        let tool = tools::tool(vm, tool_id)?;
        if vm.interpreter().monitoring.names[tool].is_set() { tools::clear_tool(vm, tool) } else { Ok(()) }
    }
    #[function(sig = "(tool_id, /)")]
    fn free_tool_id(vm: &Vm, tool_id: i64) -> Res<()> {
        Monitoring::clear_tool_id(vm, tool_id)?;
        vm.interpreter().monitoring.names[tools::tool(vm, tool_id)?].set(None);
        Ok(())
    }
    #[function(sig = "(tool_id, /)")]
    fn get_tool(vm: &Vm, tool_id: i64) -> Res {
        Ok(vm.interpreter().monitoring.names[tools::tool(vm, tool_id)?].get_or_none())
    }
    #[function(sig = "(tool_id, event, func, /)")]
    fn register_callback(vm: &Vm, tool_id: i64, event: i32, func: &Value) -> Res {
        let tool = tools::tool(vm, tool_id)?;
        if event.count_ones() != 1 {
            return Err(vm.value_error("The callback can only be set for one event at a time"));
        }
        let Some(which) = EVENTS.get(event.trailing_zeros() as usize) else {
            return Err(vm.value_error(format!("invalid event {event}")));
        };
        audit(vm, vm.intern("sys.monitoring.register_callback")?.as_value(), core::slice::from_ref(func))?;
        let callback = if func.is_none() { None } else { Some(func.clone()) };
        Ok(tools::register_callback(vm, tool, *which, callback).unwrap_or(Value::NONE))
    }
    #[function(sig = "(tool_id, /)")]
    fn get_events(vm: &Vm, tool_id: i64) -> Res<EventSet> {
        let tool = tools::tool(vm, tool_id)?;
        Ok(vm.interpreter().monitoring.global_events(tool))
    }
    #[function(sig = "(tool_id, event_set, /)")]
    fn set_events(vm: &Vm, tool_id: i64, event_set: i32) -> Res<()> {
        let tool = tools::tool(vm, tool_id)?;
        tools::set_events_checked(vm, tool, event_set.into())
    }
    #[function(sig = "(tool_id, code, /)")]
    fn get_local_events(vm: &Vm, tool_id: i64, code: &Value) -> Res<EventSet> {
        let code = code_of(vm, code)?;
        let tool = tools::tool(vm, tool_id)?;
        Ok(code.monitoring.watch().map_or(0, |w| w.local_events(tool)))
    }
    #[function(sig = "(tool_id, code, event_set, /)")]
    fn set_local_events(vm: &Vm, tool_id: i64, code: &Value, event_set: i32) -> Res<()> {
        let code = code_of(vm, code)?;
        let tool = tools::tool(vm, tool_id)?;
        tools::set_local_events_checked(vm, tool, code, event_set.into())
    }
    #[function(sig = "()")]
    fn restart_events(vm: &Vm) -> Res<()> {
        tools::restart_events(vm)
    }
    #[function(sig = "()")]
    fn _all_events(vm: &Vm) -> Res {
        Ok(tools::all_events(vm)?.into_value())
    }
}

#[methods(TRACE)]
impl Sys {
    /// Have a function called when functions are called; it decides how they are traced further. For debuggers.
    #[function(sig = "(function, /)")]
    fn settrace(vm: &Vm, function: &Value) -> Res<()> {
        set_trace(vm, vm, function)
    }
    /// sys.settrace() for all threads.
    #[function(sig = "(arg, /)", text = "($module, function, /)")]
    fn _settraceallthreads(vm: &Vm, arg: &Value) -> Res<()> {
        legacy::for_all_threads(vm, |vm, thread| set_trace(vm, thread, arg))
    }
    /// What sys.settrace() has set.
    #[function(sig = "()")]
    fn gettrace(vm: &Vm) -> Res {
        Ok(vm.tracing.trace.object.get_or_none())
    }
    /// Have a function called when functions are called and return. For profilers.
    #[function(sig = "(function, /)")]
    fn setprofile(vm: &Vm, function: &Value) -> Res<()> {
        set_profile(vm, vm, function)
    }
    /// sys.setprofile() for all threads.
    #[function(sig = "(arg, /)", text = "($module, function, /)")]
    fn _setprofileallthreads(vm: &Vm, arg: &Value) -> Res<()> {
        legacy::for_all_threads(vm, |vm, thread| set_profile(vm, thread, arg))
    }
    /// What sys.setprofile() has set.
    #[function(sig = "()")]
    fn getprofile(vm: &Vm) -> Res {
        Ok(vm.tracing.profile.object.get_or_none())
    }
    /// func(*args), with tracing on as it was. For debuggers that debug what a debugger calls.
    #[function(sig = "(func, args, /)")]
    fn call_tracing(vm: &Vm, func: &Value, args: &Value) -> Res {
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(vm.type_error(format!("call_tracing() argument 2 must be tuple, not {}", vm.type_name(args))));
        };
        let depth = vm.tracing.depth.replace(0);
        let result = vm.call_args(func, Args::positional(args.as_slice()));
        vm.tracing.depth.set(depth);
        result
    }
    /// Have new coroutines of this thread remember so many frames of where they were made, in cr_origin. 0 for none.
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
    /// How many frames new coroutines of this thread remember of where they were made.
    #[function(sig = "()")]
    fn get_coroutine_origin_tracking_depth(vm: &Vm) -> Res<usize> {
        Ok(vm.exec.origin_depth.get())
    }
}

fn set_trace(vm: &Vm, thread: &Vm, function: &Value) -> Res<()> {
    audit(vm, vm.intern("sys.settrace")?.as_value(), &[])?;
    if function.is_none() {
        return legacy::set_trace(vm, thread, None, None);
    }
    legacy::set_trace(vm, thread, Some(legacy::python_trace), Some(function.clone()))
}

fn set_profile(vm: &Vm, thread: &Vm, function: &Value) -> Res<()> {
    audit(vm, vm.intern("sys.setprofile")?.as_value(), &[])?;
    if function.is_none() {
        return legacy::set_profile(vm, thread, None, None);
    }
    legacy::set_profile(vm, thread, Some(legacy::python_profile), Some(function.clone()))
}

/// Adds the submodules `sys.monitoring` and `sys._jit`.
pub fn add(vm: &Vm, sys: &Ref<Module>) -> Res<()> {
    let monitoring = Module::new(vm, "sys.monitoring", Value::NONE)?;
    vm.add_functions(&monitoring, &[Monitoring::METHODS])?;
    let events = Namespace::new(vm)?;
    for event in EVENTS {
        vm.set_attr_str(events.as_value(), event.name(), &vm.new_int(event.bit().into())?)?;
    }
    vm.set_attr_str(events.as_value(), "NO_EVENTS", &vm.new_int(0)?)?;
    let set = |name: &str, value: &Value| vm.set_attr_str(monitoring.as_value(), name, value);
    set("events", events.as_value())?;
    for (name, id) in [("DEBUGGER_ID", 0), ("COVERAGE_ID", 1), ("PROFILER_ID", 2), ("OPTIMIZER_ID", 5)] {
        set(name, &vm.new_int(id)?)?;
    }
    let state = &vm.interpreter().monitoring;
    for (name, cell) in [("DISABLE", &state.disable), ("MISSING", &state.missing)] {
        let marker = vm.call(vm.ty(&ophi_runtime::objects::object::OBJECT).as_value(), &[])?;
        set(name, &marker)?;
        cell.set(Some(marker));
    }
    vm.set_attr_str(sys.as_value(), "monitoring", monitoring.as_value())
}
