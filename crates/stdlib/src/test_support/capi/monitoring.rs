//! Events that code which is not Python's tells of: `CodeLike` stands for such code, with a set of interested tools per place.
//! After CPython Modules/_testcapi/monitoring.c and Python/instrumentation.c (`PyMonitoring_EnterScope`, `PyMonitoring_Fire*`).

use super::Capi;
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::monitoring::Event;
use ophi_runtime::monitoring::events::{EVENTS, GLOBAL_EVENTS};
use ophi_runtime::monitoring::fire::fire_foreign;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, TypeDef, TypeFlags, Value, Vm, layout, methods};

/// Tools that want to know, for each place.
#[repr(C)]
pub struct CodeLike {
    tools: Box<[Cell<u8>]>,
}
trace_fields!(CodeLike {});

impl Payload for CodeLike {
    fn def() -> &'static TypeDef {
        &CODE_LIKE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("CodeLike");
}

static CODE_LIKE: TypeDef = TypeDef {
    flags: TypeFlags::NONE,
    slots: Slots {
        new: Some(|vm, _, args: Args<'_>| {
            args.no_keywords(vm, "CodeLike")?;
            args.check_positional(vm, "CodeLike", 1, 1)?;
            let places = vm.to_size(&args.values[0])?.clamp(0, 1 << 16) as usize;
            let tools = (0..places).map(|_| Cell::new(0)).collect();
            Ok(vm.new_object(CodeLike { tools })?.into_value())
        }),
        repr: Some(|vm, this| {
            let places = this.downcast::<CodeLike>().map_or(0, |this| this.tools.len());
            Ok(vm.new_str(&format!("PyCodeLikeObject: num_events = {places}"))?.into_value())
        }),
        ..Slots::NONE
    },
    ..TypeDef::of::<CodeLike>("CodeLike", &OBJECT)
};

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &CODE_LIKE)
}

fn event(vm: &Vm, number: i32) -> Res<Event> {
    let known = usize::try_from(number).ok().filter(|number| *number < GLOBAL_EVENTS);
    known.map(|number| EVENTS[number]).ok_or_else(|| vm.value_error(format!("no event has the number {number}")))
}

/// Tells of an event at a place; which tools still want to know.
fn tell(vm: &Vm, code: &Value, offset: i32, event: Event, rest: &[Value]) -> Res<i64> {
    let Some(code_like) = code.downcast::<CodeLike>() else {
        return Err(vm.type_error(format!("expected a code-like, got {}", vm.type_name(code))));
    };
    let Some(tools) = usize::try_from(offset).ok().and_then(|at| code_like.tools.get(at)) else {
        return Err(vm.value_error(format!("offset {offset} is out of range")));
    };
    let mut args = vec![code.clone(), Value::int32(offset)];
    args.extend_from_slice(rest);
    let left = fire_foreign(vm, event, tools.get(), &args);
    tools.set(left.tools);
    left.outcome.map(|()| i64::from(left.tools))
}

/// As [`tell`], for events about the exception in flight.
fn tell_exception(vm: &Vm, code: &Value, offset: i32, event: Event, exception: &Value) -> Res<i64> {
    if exception.is_none() {
        return Err(vm.value_error(format!("Firing event {} with no exception set", event as u8)));
    }
    tell(vm, code, offset, event, core::slice::from_ref(exception))
}

#[methods(MONITORING)]
impl Capi {
    #[function(sig = "(code, event1, event2=-1, /)")]
    fn monitoring_enter_scope(vm: &Vm, code: &Value, event1: i32, event2: i32) -> Res<()> {
        let Some(code_like) = code.downcast::<CodeLike>() else {
            return Err(vm.type_error(format!("expected a code-like, got {}", vm.type_name(code))));
        };
        let numbers = [event1, event2];
        for (tools, number) in code_like.tools.iter().zip(numbers.into_iter().filter(|number| *number >= 0)) {
            let event = event(vm, number)?;
            tools.set(vm.interpreter().monitoring.wanted[event as usize].get());
        }
        Ok(())
    }

    #[function(sig = "()")]
    fn monitoring_exit_scope(_: &Vm) {}

    #[function(sig = "(code, offset, /)")]
    fn fire_event_py_start(vm: &Vm, code: &Value, offset: i32) -> Res<i64> {
        tell(vm, code, offset, Event::PyStart, &[])
    }
    #[function(sig = "(code, offset, /)")]
    fn fire_event_py_resume(vm: &Vm, code: &Value, offset: i32) -> Res<i64> {
        tell(vm, code, offset, Event::PyResume, &[])
    }
    #[function(sig = "(code, offset, value, /)")]
    fn fire_event_py_return(vm: &Vm, code: &Value, offset: i32, value: Value) -> Res<i64> {
        tell(vm, code, offset, Event::PyReturn, &[value])
    }
    #[function(sig = "(code, offset, value, /)")]
    fn fire_event_py_yield(vm: &Vm, code: &Value, offset: i32, value: Value) -> Res<i64> {
        tell(vm, code, offset, Event::PyYield, &[value])
    }
    #[function(sig = "(code, offset, callable, arg0, /)")]
    fn fire_event_call(vm: &Vm, code: &Value, offset: i32, callable: Value, arg0: Value) -> Res<i64> {
        tell(vm, code, offset, Event::Call, &[callable, arg0])
    }
    #[function(sig = "(code, offset, line, /)")]
    fn fire_event_line(vm: &Vm, code: &Value, offset: i32, line: i32) -> Res<i64> {
        tell(vm, code, offset, Event::Line, &[Value::int32(line)])
    }
    #[function(sig = "(code, offset, target, /)")]
    fn fire_event_jump(vm: &Vm, code: &Value, offset: i32, target: Value) -> Res<i64> {
        tell(vm, code, offset, Event::Jump, &[target])
    }
    #[function(sig = "(code, offset, target, /)")]
    fn fire_event_branch_right(vm: &Vm, code: &Value, offset: i32, target: Value) -> Res<i64> {
        tell(vm, code, offset, Event::BranchRight, &[target])
    }
    #[function(sig = "(code, offset, target, /)")]
    fn fire_event_branch_left(vm: &Vm, code: &Value, offset: i32, target: Value) -> Res<i64> {
        tell(vm, code, offset, Event::BranchLeft, &[target])
    }
    #[function(sig = "(code, offset, exception, /)")]
    fn fire_event_py_throw(vm: &Vm, code: &Value, offset: i32, exception: &Value) -> Res<i64> {
        tell_exception(vm, code, offset, Event::PyThrow, exception)
    }
    #[function(sig = "(code, offset, exception, /)")]
    fn fire_event_raise(vm: &Vm, code: &Value, offset: i32, exception: &Value) -> Res<i64> {
        tell_exception(vm, code, offset, Event::Raise, exception)
    }
    #[function(sig = "(code, offset, exception, /)")]
    fn fire_event_exception_handled(vm: &Vm, code: &Value, offset: i32, exception: &Value) -> Res<i64> {
        tell_exception(vm, code, offset, Event::ExceptionHandled, exception)
    }
    #[function(sig = "(code, offset, exception, /)")]
    fn fire_event_reraise(vm: &Vm, code: &Value, offset: i32, exception: &Value) -> Res<i64> {
        tell_exception(vm, code, offset, Event::Reraise, exception)
    }
    #[function(sig = "(code, offset, exception, /)")]
    fn fire_event_py_unwind(vm: &Vm, code: &Value, offset: i32, exception: &Value) -> Res<i64> {
        tell_exception(vm, code, offset, Event::PyUnwind, exception)
    }
    /// What is no StopIteration is the value of one.
    #[function(sig = "(code, offset, value, /)")]
    fn fire_event_stop_iteration(vm: &Vm, code: &Value, offset: i32, value: &Value) -> Res<i64> {
        let class = vm.ty(&exc::STOP_ITERATION);
        let exception = if vm.class(value).is_subtype(class) {
            value.clone()
        } else {
            vm.call(class.as_value(), core::slice::from_ref(value))?
        };
        tell(vm, code, offset, Event::StopIteration, &[exception])
    }
}
