//! `_thread`: threads, locks and thread-local data. After CPython Modules/_threadmodule.c.
//!
//! A Python thread is a system thread with a context ([`Vm`]) of its own on the shared interpreter; it holds the GIL whenever it
//! touches a value. Waiting (for locks, for threads) gives the GIL up.

mod handle;
mod local;
mod lock;
mod rlock;
mod start;

use crate::support::errors::OrOsError;
use crate::support::structseq::{self, Field, Spec};
use ophi_runtime::native::{GetSetDef, MethodTable};
use ophi_runtime::objects::module::{ModuleDef, Namespace};
use ophi_runtime::objects::tuple::TUPLE;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Ref, Res, Str, Tuple, TypeDef, TypeFlags, Value, Vm, methods};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

pub struct Thread;

/// Longest wait that locks accept, in seconds.
pub const TIMEOUT_MAX: f64 = 9223372036.0;

/// Threads running Python code besides the first, and the stack size new ones get.
#[derive(Default)]
pub(crate) struct Threads {
    pub running: std::sync::Arc<AtomicUsize>,
    pub stack_size: std::cell::Cell<usize>,
    /// Handles of threads that `_shutdown` waits for.
    pub joinable: ophi_runtime::GilCell<Vec<std::sync::Arc<handle::Shared>>>,
    /// What all handles share with their threads, for a child process.
    handles: ophi_runtime::GilCell<Vec<std::sync::Weak<handle::Shared>>>,
}

impl Threads {
    fn remember(&self, shared: &std::sync::Arc<handle::Shared>) {
        self.handles.with_mut(|all| {
            // Now and then those that are gone are taken out, so that the list stays as long as twice the living.
            if all.len().is_power_of_two() {
                all.retain(|shared| shared.strong_count() > 0);
            }
            all.push(std::sync::Arc::downgrade(shared));
        });
    }
}

/// In a child process: this thread is the only one, and the main one.
pub fn after_fork_in_child(vm: &Vm) {
    let threads = vm.interpreter().state::<Threads>();
    let survivor = start::ident();
    let handles = threads.handles.with(|all| all.clone());
    handles.iter().filter_map(std::sync::Weak::upgrade).for_each(|shared| shared.end_unless(survivor));
    threads.joinable.with_mut(|all| all.retain(|shared| shared.ident() == survivor));
    let was_main = start::become_main(vm);
    threads.running.store(usize::from(!was_main), Ordering::SeqCst);
}

/// Bytes of a thread's name that Linux keeps.
const MAX_THREAD_NAME: usize = 15;

const HOOK_ARGS_FIELDS: &[Field; 4] = &[
    ("exc_type", "Exception type"),
    ("exc_value", "Exception value"),
    ("exc_traceback", "Exception traceback"),
    ("thread", "Thread"),
];
static HOOK_ARGS_MEMBERS: [GetSetDef; 4] = structseq::accessors(HOOK_ARGS_FIELDS);
static HOOK_ARGS_TABLE: MethodTable = MethodTable { methods: &[], accessors: &[], members: &HOOK_ARGS_MEMBERS };
static HOOK_ARGS_DEF: TypeDef = TypeDef {
    module: "_thread",
    doc: "ExceptHookArgs\n\nWhat threading.excepthook is called with.",
    flags: TypeFlags::TUPLE.with(TypeFlags::GC).with(TypeFlags::SEQUENCE).with(TypeFlags::DICT),
    slots: Slots { repr: Some(structseq::repr), ..Slots::NONE },
    tables: &[&HOOK_ARGS_TABLE],
    ..TypeDef::of::<Tuple>("_ExceptHookArgs", &TUPLE)
};
static HOOK_ARGS: Spec = Spec { def: &HOOK_ARGS_DEF, fields: HOOK_ARGS_FIELDS, visible: 4, defaults: &[] };

pub static MODULE: ModuleDef = ModuleDef {
    name: "_thread",
    doc: "Threads and locks at the lowest level; threading is built upon it.",
    tables: &[Thread::METHODS],
    init: |vm, module| {
        vm.interpreter().services().drop_gil.set(Some(|vm| {
            vm.hand_over_gil();
            Ok(())
        }));
        HOOK_ARGS.register(vm)?;
        module.add_type(vm, &HOOK_ARGS_DEF)?;
        module.add_type(vm, &lock::LOCK)?;
        module.add(vm, "LockType", vm.ty(&lock::LOCK).to_value())?;
        module.add_type(vm, &rlock::RLOCK)?;
        module.add_type(vm, &handle::HANDLE)?;
        module.add_type(vm, &local::LOCAL)?;
        module.add(vm, "error", vm.ty(&ophi_runtime::objects::exceptions::RUNTIME_ERROR).to_value())?;
        module.add(vm, "TIMEOUT_MAX", vm.new_float(TIMEOUT_MAX)?)?;
        module.add_int(vm, "_NAME_MAXLEN", 15)?;
        let module = module.as_value();
        for (alias, name) in [("start_new", "start_new_thread"), ("allocate", "allocate_lock"), ("exit_thread", "exit")]
        {
            let function = vm.get_attr_str(module, name)?;
            vm.set_attr_str(module, alias, &function)?;
        }
        Ok(())
    },
};

/// `timeout` in seconds as a duration: `None`, also for -1, waits for ever. `blocking` false means "do not wait".
pub(crate) fn wait_time(vm: &Vm, blocking: bool, timeout: Option<&Value>) -> Res<Option<Duration>> {
    const UNSET: i64 = -1_000_000_000;
    let ns = timeout.map_or(Ok(UNSET), |timeout| crate::time::duration(vm, timeout))?;
    if !blocking {
        if ns != UNSET {
            return Err(vm.value_error("can't specify a timeout for a non-blocking call"));
        }
        return Ok(Some(Duration::ZERO));
    }
    match u64::try_from(ns) {
        _ if ns == UNSET => Ok(None),
        Ok(ns) => Ok(Some(Duration::from_nanos(ns))),
        Err(_) => Err(vm.value_error("timeout value must be a non-negative number")),
    }
}

#[methods]
impl Thread {
    /// Start a thread that calls function(*args, **kwargs), and return its identifier.
    ///
    /// The thread ends when the function does; an exception, SystemExit apart, goes to sys.unraisablehook.
    #[function(sig = "(function, args, kwargs=<unrepresentable>, /)", text = "($module, function, args, kwargs={}, /)")]
    fn start_new_thread(vm: &Vm, function: &Value, args: &Value, kwargs: Option<&Value>) -> Res<u64> {
        if vm.class(function).slots().call.is_none() {
            return Err(vm.type_error("first arg must be callable"));
        }
        let Some(args) = args.downcast::<Tuple>() else {
            return Err(vm.type_error("2nd arg must be a tuple"));
        };
        if kwargs.is_some_and(|k| k.downcast::<ophi_runtime::Dict>().is_none()) {
            return Err(vm.type_error("optional 3rd arg must be a dictionary"));
        }
        vm.audit("_thread.start_new_thread", || {
            Ok(vec![function.clone(), args.to_value(), kwargs.cloned().unwrap_or(Value::NONE)])
        })?;
        start::spawn(vm, function.clone(), args.clone(), kwargs.cloned(), None)
    }

    /// *For internal use only*: start a new thread.
    ///
    /// Like start_new_thread(), this starts a new thread calling the given function.
    /// Unlike start_new_thread(), this returns a handle object with methods to join
    /// or detach the given thread.
    #[function(sig = "(function, handle=None, daemon=True)")]
    fn start_joinable_thread(vm: &Vm, function: &Value, handle: Option<&Value>, daemon: bool) -> Res {
        if vm.class(function).slots().call.is_none() {
            return Err(vm.type_error("thread function must be callable"));
        }
        let given = handle.cloned().unwrap_or(Value::NONE);
        let handle = match handle {
            Some(handle) => match handle.downcast::<handle::Handle>() {
                Some(handle) => handle.clone(),
                None => return Err(vm.type_error("'handle' must be a _ThreadHandle")),
            },
            None => handle::Handle::new(vm)?,
        };
        vm.audit("_thread.start_joinable_thread", || {
            Ok(vec![function.clone(), vm.new_int(i64::from(daemon))?, given.clone()])
        })?;
        if !handle.shared.begin() {
            return Err(vm.runtime_error("thread already started"));
        }
        vm.interpreter().state::<Threads>().remember(&handle.shared);
        if !daemon {
            vm.interpreter().state::<Threads>().joinable.with_mut(|all| all.push(handle.shared.clone()));
        }
        let args = Tuple::from_slice(vm, &[])?;
        match start::spawn(vm, function.clone(), args, None, Some(handle.shared.clone())) {
            Ok(_) => Ok(handle.into_value()),
            Err(raised) => {
                handle.shared.fail();
                Err(raised)
            }
        }
    }

    /// A handle for a thread that this module did not start. For threading alone.
    #[function(sig = "(ident, /)")]
    fn _make_thread_handle(vm: &Vm, ident: u64) -> Res {
        let handle = handle::Handle::new(vm)?;
        handle.shared.adopt(ident);
        vm.interpreter().state::<Threads>().remember(&handle.shared);
        Ok(handle.into_value())
    }

    /// A number, not zero, that no other living thread has. It may be used again when the thread has ended.
    #[function(sig = "()")]
    fn get_ident(_vm: &Vm) -> u64 {
        start::ident()
    }

    /// The system's own number of this thread.
    #[function(sig = "()")]
    fn get_native_id(vm: &Vm) -> Res<i64> {
        let host = crate::support::host(vm);
        Ok(host.gettid().map_or(0, |id| id as i64))
    }

    #[function(sig = "()", doc = "Internal only. Return the ident of the main thread.")]
    fn _get_main_thread_ident(vm: &Vm) -> u64 {
        start::main_ident(vm)
    }

    #[function(sig = "()", doc = "Return the number of threads currently running Python code.")]
    fn _count(vm: &Vm) -> usize {
        vm.interpreter().state::<Threads>().running.load(Ordering::SeqCst)
    }

    #[function(sig = "()", doc = "Is this the process's first interpreter?")]
    fn _is_main_interpreter(_vm: &Vm) -> bool {
        true
    }

    #[function(sig = "()", doc = "May this interpreter have daemon threads?")]
    fn daemon_threads_allowed(_vm: &Vm) -> bool {
        true
    }

    /// Wait for all threads but daemons and the calling one.
    #[function(sig = "()")]
    fn _shutdown(vm: &Vm) -> Res<()> {
        loop {
            let threads = vm.interpreter().state::<Threads>();
            let Some(next) = threads.joinable.with_mut(|all| all.pop()) else { return Ok(()) };
            if next.ident() != start::ident() {
                handle::join(vm, &next, None)?;
            }
        }
    }

    /// A new lock.
    #[function(sig = "()")]
    fn allocate_lock(vm: &Vm) -> Res {
        lock::Lock::new(vm)
    }

    /// Raise SystemExit, which ends this thread without a word.
    #[function(sig = "()")]
    fn exit(vm: &Vm) -> Res {
        Err(vm.raise_with(&ophi_runtime::objects::exceptions::SYSTEM_EXIT, &[]))
    }

    /// Return the thread stack size used when creating new threads.  The
    /// optional size argument specifies the stack size (in bytes) to be used
    /// for subsequent thread creation.
    #[function(sig = "(size=0, /)")]
    fn stack_size(vm: &Vm, size: isize) -> Res<usize> {
        if size < 0 {
            return Err(vm.value_error("size must be 0 or a positive value"));
        }
        if size != 0 && size < 32768 {
            return Err(vm.value_error(format!("size not valid: {size} bytes")));
        }
        Ok(vm.interpreter().state::<Threads>().stack_size.replace(size as usize))
    }

    /// Set the name of the current thread.
    #[function(sig = "(name)")]
    fn set_name(vm: &Vm, name: &Ref<Str>) -> Res<()> {
        let bytes = crate::support::paths::fs_encode(vm, name)?;
        // As the system takes names: up to a NUL, and only so long.
        let end = bytes.iter().position(|b| *b == 0).unwrap_or(bytes.len());
        let kept = &bytes[..end.min(MAX_THREAD_NAME)];
        let Ok(name) = std::ffi::CString::new(kept) else {
            return Err(vm.value_error("embedded null byte"));
        };
        crate::support::host(vm).set_thread_name(&name).or_os_error(vm)
    }

    /// Get the name of the current thread.
    #[function(sig = "()")]
    fn _get_name(vm: &Vm) -> Res {
        let name = crate::support::host(vm).thread_name().or_os_error(vm)?;
        crate::support::paths::fs_decode(vm, &name)
    }

    /// Handle uncaught Thread.run() exception.
    #[function(sig = "(args, /)", name = "_excepthook")]
    fn excepthook(vm: &Vm, args: &Value) -> Res<()> {
        let exception = vm.get_attr_str(args, "exc_value")?;
        let thread = vm.get_attr_str(args, "thread")?;
        if vm.class(&exception).is_subtype(vm.ty(&ophi_runtime::objects::exceptions::SYSTEM_EXIT)) {
            return Ok(());
        }
        let name = if thread.is_none() {
            start::ident().to_string()
        } else {
            let name = vm.get_attr_str(&thread, "name")?;
            vm.str(&name)?.to_utf8_lossy().into_owned()
        };
        // The stream may be gone while threads run on; they keep the one of their start.
        let stderr = match crate::sys::sys_attribute(vm, "stderr")? {
            Some(stderr) if !stderr.is_none() => stderr,
            _ if thread.is_none() => return Ok(()),
            _ => vm.get_attr_str(&thread, "_stderr")?,
        };
        if stderr.is_none() {
            return Ok(());
        }
        let text = vm.new_str(&format!("Exception in thread {name}:\n"))?.into_value();
        vm.call_method_str(&stderr, "write", &[text])?;
        crate::sys::print_exception_to(vm, &exception, &stderr)
    }

    /// Act as if the signal (SIGINT if not given) had arrived: its handler runs in the main thread.
    #[function(sig = "(signum=2, /)", text = "($module, signum=signal.SIGINT, /)")]
    fn interrupt_main(vm: &Vm, signum: i32) -> Res<()> {
        if !(1..65).contains(&signum) {
            return Err(vm.value_error("signal number out of range"));
        }
        crate::signal::simulate(vm, signum);
        Ok(())
    }
}
