//! `_remote_debugging`: the names that `asyncio.tools` and the profilers import. Reading the frames of another process is not
//! possible: an unwinder refuses to be made. After CPython Modules/_remote_debugging_module.c.

use crate::struct_sequence;
use ophi_heap::{Layout, Trace, Visitor};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, TypeDef, Vm, layout};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_remote_debugging",
    doc: "",
    tables: &[],
    init: |vm: &Vm, module: &Ref<Module>| {
        module.add_type(vm, &UNWINDER)?;
        for spec in [&TASK_INFO, &CORO_INFO, &FRAME_INFO, &THREAD_INFO, &AWAITED_INFO] {
            let class = spec.register(vm)?;
            module.add(vm, spec.def.name, class)?;
        }
        // Of the build; `sys.remote_exec` relies on it.
        module.add_int(vm, "PROCESS_VM_READV_SUPPORTED", 1)
    },
};

struct Unwinder;

impl Trace for Unwinder {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Unwinder {
    fn def() -> &'static TypeDef {
        &UNWINDER
    }
    const LAYOUT: &'static Layout = layout!("RemoteUnwinder");
}

static UNWINDER: TypeDef = TypeDef {
    module: "_remote_debugging",
    doc: "RemoteUnwinder(pid): Inspect stack of a remote Python process.",
    slots: Slots {
        new: Some(|vm, _, _| Err(vm.not_implemented("the frames of another process cannot be read"))),
        ..Slots::NONE
    },
    ..TypeDef::of::<Unwinder>("RemoteUnwinder", &OBJECT)
};

struct_sequence! {
    "Information about an asyncio task",
    pub TASK_INFO: TASK_INFO_TYPE = "_remote_debugging" "TaskInfo", 4 of 4 {
        "task_id" "Task ID (memory address)",
        "task_name" "Task name",
        "coroutine_stack" "Coroutine call stack",
        "awaited_by" "Tasks awaiting this task",
    }
}

struct_sequence! {
    "Information about a coroutine",
    pub CORO_INFO: CORO_INFO_TYPE = "_remote_debugging" "CoroInfo", 2 of 2 {
        "call_stack" "Coroutine call stack",
        "task_name" "Task name",
    }
}

struct_sequence! {
    "Information about a frame",
    pub FRAME_INFO: FRAME_INFO_TYPE = "_remote_debugging" "FrameInfo", 3 of 3 {
        "filename" "Source code filename",
        "lineno" "Line number",
        "funcname" "Function name",
    }
}

struct_sequence! {
    "Information about a thread",
    pub THREAD_INFO: THREAD_INFO_TYPE = "_remote_debugging" "ThreadInfo", 2 of 2 {
        "thread_id" "Thread ID",
        "frame_info" "Frame information",
    }
}

struct_sequence! {
    "Information about what a thread is awaiting",
    pub AWAITED_INFO: AWAITED_INFO_TYPE = "_remote_debugging" "AwaitedInfo", 2 of 2 {
        "thread_id" "Thread ID",
        "awaited_by" "List of tasks awaited by this thread",
    }
}
