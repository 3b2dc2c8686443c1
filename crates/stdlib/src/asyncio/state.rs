//! What the module keeps for an interpreter: names, objects of the package's Python half, threads, tasks.

use super::registry::Tasks;
use super::running::Threads;
use crate::support::import;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Ref, Res, Str, Tuple, Value, ValueCell, Vm, trace_fields};
use std::cell::{Cell, OnceCell};
use std::rc::Rc;

#[derive(Default)]
pub struct State {
    names: OnceCell<Names>,
    parts: [ValueCell; Part::COUNT],
    pub threads: Threads,
    pub tasks: Tasks,
    /// Number of the last task that was given no name.
    last_name: Cell<u64>,
}
trace_fields!(State { names, parts, threads, tasks });

macro_rules! names {
    ($($name:ident),* $(,)?) => {
        /// Interned names of methods and attributes.
        pub struct Names { $(pub $name: Ref<Str>,)* }
        trace_fields!(Names { $($name),* });
        impl Names {
            fn new(vm: &Vm) -> Res<Names> {
                Ok(Names { $($name: vm.intern(stringify!($name))?,)* })
            }
        }
    };
}
names!(
    call_soon,
    call_exception_handler,
    get_debug,
    is_running,
    get_loop,
    get_event_loop,
    _loop,
    _asyncio_future_blocking,
    add_done_callback,
    cancel,
    result,
    done,
    add,
    discard,
    context,
    msg,
);

/// Objects of the Python half, by module and name.
#[derive(Clone, Copy)]
pub enum Part {
    CancelledError,
    InvalidStateError,
    FutureRepr,
    TaskRepr,
    TaskGetStack,
    TaskPrintStack,
    IsCoroutine,
    EventLoopPolicy,
    ExtractStack,
    WeakSet,
    /// `("context",)`, `("msg",)`: names of the keywords of calls made often.
    ContextKeyword,
    MessageKeyword,
}

impl Part {
    const COUNT: usize = Part::MessageKeyword as usize + 1;

    fn place(self) -> (&'static str, &'static str) {
        match self {
            Part::CancelledError => ("asyncio.exceptions", "CancelledError"),
            Part::InvalidStateError => ("asyncio.exceptions", "InvalidStateError"),
            Part::FutureRepr => ("asyncio.base_futures", "_future_repr"),
            Part::TaskRepr => ("asyncio.base_tasks", "_task_repr"),
            Part::TaskGetStack => ("asyncio.base_tasks", "_task_get_stack"),
            Part::TaskPrintStack => ("asyncio.base_tasks", "_task_print_stack"),
            Part::IsCoroutine => ("asyncio.coroutines", "iscoroutine"),
            Part::EventLoopPolicy => ("asyncio.events", "_get_event_loop_policy"),
            Part::ExtractStack => ("traceback", "extract_stack"),
            Part::WeakSet => ("weakref", "WeakSet"),
            Part::ContextKeyword => ("", "context"),
            Part::MessageKeyword => ("", "msg"),
        }
    }
}

impl State {
    pub fn of(vm: &Vm) -> Res<Rc<State>> {
        let state = vm.interpreter().traced_state::<State>();
        if state.names.get().is_none() {
            let _ = state.names.set(Names::new(vm)?);
        }
        Ok(state)
    }

    pub fn names(&self) -> &Names {
        match self.names.get() {
            Some(names) => names,
            None => unreachable!("State::of makes the names"),
        }
    }

    pub fn part(&self, vm: &Vm, part: Part) -> Res {
        if let Some(known) = self.parts[part as usize].get() {
            return Ok(known);
        }
        let found = match part.place() {
            ("", keyword) => vm.new_tuple(&[vm.intern(keyword)?.into_value()])?,
            (module, name) => vm.get_attr_str(&import(vm, module)?, name)?,
        };
        self.parts[part as usize].set(Some(found.clone()));
        Ok(found)
    }

    /// The names of a call's keywords.
    pub fn keyword(&self, vm: &Vm, part: Part) -> Res<Ref<Tuple>> {
        ophi_runtime::payload::into_ref(self.part(vm, part)?).map_err(|_| vm.system_error("keywords are a tuple"))
    }

    /// Raises `asyncio.InvalidStateError`.
    #[cold]
    pub fn invalid_state(&self, vm: &Vm, message: &str) -> Raised {
        match self.part(vm, Part::InvalidStateError) {
            Ok(class) => vm.raise_class(&class, message),
            Err(raised) => raised,
        }
    }

    /// Whether the exception is an `asyncio.CancelledError`.
    pub fn is_cancelled_error(&self, vm: &Vm, exception: &Value) -> Res<bool> {
        let class = self.part(vm, Part::CancelledError)?;
        Ok(ophi_runtime::objects::exceptions::matches(vm, exception, &class))
    }

    pub fn next_name(&self) -> u64 {
        self.last_name.set(self.last_name.get() + 1);
        self.last_name.get()
    }
}

/// An optional argument that counts as absent when it is None.
pub fn given(value: Option<&Value>) -> Option<&Value> {
    value.filter(|v| !v.is_none())
}

/// Whether the value is a str, not of a subclass.
pub fn is_plain_str(vm: &Vm, value: &Value) -> bool {
    value.exact::<Str>(vm).is_some()
}
