//! Starting and ending threads.

use super::{Threads, handle::Shared, local};
use ophi_runtime::payload::Downcast;
use ophi_runtime::vm::bootstrap;
use ophi_runtime::{Args, Dict, GilCell, Ref, Res, Tuple, Value, Vm};
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Machine stack of a thread unless `stack_size` chose another.
const STACK_SIZE: usize = 16 << 20;

/// The ident of this thread; another thread may get it once this one has ended.
pub fn ident() -> u64 {
    ophi_runtime::vm::threads::current_ident()
}

#[derive(Default)]
struct MainIdent(Cell<u64>);

/// The ident of the first thread that asked: the one that imported `_thread` at the start.
pub fn main_ident(vm: &Vm) -> u64 {
    let state = vm.interpreter().state::<MainIdent>();
    if state.0.get() == 0 {
        state.0.set(ident());
    }
    state.0.get()
}

/// Makes this thread the main one; whether it was.
pub fn become_main(vm: &Vm) -> bool {
    let was_main = main_ident(vm) == ident();
    vm.interpreter().state::<MainIdent>().0.set(ident());
    was_main
}

/// What a new thread takes over.
struct Task {
    function: Value,
    args: Ref<Tuple>,
    kwargs: Option<Value>,
}

ophi_runtime::trace_fields!(Task { function, args, kwargs });

/// What threads that have not come to run yet will take over, by number: their values are the interpreter's meanwhile.
#[derive(Default)]
struct Starting {
    last: Cell<u64>,
    tasks: GilCell<Vec<(u64, Task)>>,
}
ophi_runtime::trace_fields!(Starting { tasks });

impl Starting {
    fn add(&self, task: Task) -> u64 {
        self.last.set(self.last.get() + 1);
        self.tasks.with_mut(|tasks| tasks.push((self.last.get(), task)));
        self.last.get()
    }

    fn take(&self, number: u64) -> Option<Task> {
        self.tasks.with_mut(|tasks| {
            let at = tasks.iter().position(|(n, _)| *n == number)?;
            Some(tasks.swap_remove(at).1)
        })
    }
}

/// Starts a thread that calls `function(*args, **kwargs)`; its ident. RuntimeError when the system refuses.
pub fn spawn(
    vm: &Vm,
    function: Value,
    args: Ref<Tuple>,
    kwargs: Option<Value>,
    shared: Option<Arc<Shared>>,
) -> Res<u64> {
    if vm.interpreter().gil.is_kept() {
        let class = &ophi_runtime::objects::exceptions::PYTHON_FINALIZATION_ERROR;
        return Err(vm.raise_message(class, "can't create new thread at interpreter shutdown"));
    }
    main_ident(vm);
    let threads = vm.interpreter().state::<Threads>();
    let size = match threads.stack_size.get() {
        0 => STACK_SIZE,
        chosen => chosen.max(1 << 20),
    };
    let running = threads.running.clone();
    let interpreter = vm.interpreter_arc();
    let starting = vm.interpreter().traced_state::<Starting>();
    let number = starting.add(Task { function, args, kwargs });
    let (tell, told) = std::sync::mpsc::channel::<u64>();
    running.fetch_add(1, Ordering::SeqCst);
    let counter = running.clone();
    let body = move || {
        let me = ident();
        if let Some(shared) = &shared {
            shared.run(me);
        }
        let _ = tell.send(me);
        interpreter.gil.acquire(&interpreter.breaker);
        {
            let thread_vm = Vm::new(interpreter.clone(), size, me);
            bootstrap::enter(&thread_vm, |vm| {
                let task = vm.interpreter().traced_state::<Starting>().take(number);
                task.into_iter().for_each(|task| run(vm, task));
                local::forget_thread(vm);
                crate::contextvars::forget_thread(vm);
                ophi_runtime::monitoring::legacy::forget_thread(vm);
                drop(vm.put_aside());
            });
            // The context owns stacks, no values any more.
            bootstrap::enter(&thread_vm, |_| ());
            drop(thread_vm);
        }
        counter.fetch_sub(1, Ordering::SeqCst);
        if let Some(shared) = &shared {
            shared.finish();
        }
        interpreter.gil.release();
    };
    match std::thread::Builder::new().stack_size(size + (256 << 10)).spawn(body) {
        Ok(_) => vm.without_gil(|| told.recv()).map_err(|_| vm.runtime_error("can't start new thread")),
        Err(_) => {
            running.fetch_sub(1, Ordering::SeqCst);
            drop(starting.take(number));
            Err(vm.runtime_error("can't start new thread"))
        }
    }
}

fn run(vm: &Vm, task: Task) {
    let Task { function, args, kwargs } = task;
    let result = (|| -> Res {
        let Some(kwargs) = kwargs.as_ref().and_then(|k| k.downcast::<Dict>()) else {
            return vm.call(&function, args.as_slice());
        };
        let items = kwargs.items();
        let names: Vec<Value> = items.iter().map(|(k, _)| k.clone()).collect();
        let names = Tuple::from_slice(vm, &names)?;
        let mut values = args.as_slice().to_vec();
        values.extend(items.into_iter().map(|(_, v)| v));
        vm.call_args(&function, Args { values: &values, names: Some(&names) })
    })();
    if let Err(raised) = result {
        if vm.raised_is(&ophi_runtime::objects::exceptions::SYSTEM_EXIT) {
            vm.forget(raised);
        } else {
            ophi_runtime::objects::finalize::report_context(vm, raised, "in thread started by", &function);
        }
    }
    drop((function, args, kwargs));
}
