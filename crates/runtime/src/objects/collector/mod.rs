//! The cycle collector as the runtime drives it: weak references and finalizers of the unreachable, `gc.callbacks`,
//! `gc.garbage`. The algorithm itself is in `ophi_heap::gc`.

pub mod module;

use crate::vm::{Breaker, Res, Vm};
use crate::{Dict, List, Ref, Value, ValueCell};
use core::cell::Cell;
use ophi_heap::gc::{GENERATIONS, Reclaim};

/// State of the `gc` module that a collection consults.
#[derive(Default)]
pub struct State {
    /// The list `gc.callbacks`.
    pub callbacks: ValueCell,
    /// The list `gc.garbage`.
    pub garbage: ValueCell,
    pub debug: Cell<u32>,
}

pub const DEBUG_STATS: u32 = 1;
pub const DEBUG_COLLECTABLE: u32 = 2;
pub const DEBUG_UNCOLLECTABLE: u32 = 4;
pub const DEBUG_SAVEALL: u32 = 32;

/// Writes a line of the debugging flags' output to `sys.stderr`; an exception on the way is dropped (`PySys_WriteStderr`).
pub fn write_debug(vm: &Vm, text: &str) {
    let write = || -> Res<()> {
        match vm.sys_attribute("stderr")?.filter(|s| !s.is_none()) {
            Some(stderr) => vm.call_method_str(&stderr, "write", &[vm.new_str(text)?.into_value()]).map(drop),
            None => Ok(()),
        }
    };
    if let Err(raised) = write() {
        vm.forget(raised);
    }
}

struct Runtime<'a> {
    vm: &'a Vm,
    debug: u32,
}

impl Reclaim for Runtime<'_> {
    fn clear_weak_references(&mut self, unreachable: &[Value]) {
        crate::objects::weakref::clear_unreachable(self.vm, unreachable);
    }

    fn forget_weak_references(&mut self, unreachable: &[Value]) {
        crate::objects::weakref::forget_unreachable(self.vm, unreachable);
    }

    fn finalize(&mut self, object: &Value) {
        let Some(finalize) = self.vm.class(object).slots().finalize else { return };
        let aside = self.vm.put_aside();
        finalize(self.vm, object);
        self.vm.bring_back(aside);
    }

    fn save(&mut self, unreachable: &[Value]) -> bool {
        if self.debug & DEBUG_COLLECTABLE != 0 {
            for object in unreachable {
                let line = format!("gc: collectable <{} {:#x}>\n", self.vm.class(object).full_name(), object.bits());
                write_debug(self.vm, &line);
            }
        }
        if self.debug & DEBUG_SAVEALL == 0 {
            return false;
        }
        let state = self.vm.interpreter().state::<State>();
        if let Some(garbage) = state.garbage.get()
            && let Ok(garbage) = crate::payload::into_ref::<List>(garbage)
        {
            for object in unreachable {
                if let Err(raised) = garbage.push(self.vm, object.clone()) {
                    self.vm.forget(raised);
                }
            }
        }
        true
    }
}

impl Vm {
    /// Collects a generation and all younger ones; the number of unreachable objects found. Runs Python code.
    pub fn collect_garbage(&self, generation: usize) -> usize {
        let gc = &self.heap().gc;
        if gc.collecting.replace(true) {
            return 0;
        }
        let aside = self.put_aside();
        crate::accounting::drop_retired_classes(self);
        self.tell_callbacks("start", generation, 0);
        let debug = self.interpreter().state::<State>().debug.get();
        if debug & DEBUG_STATS != 0 {
            let sizes: Vec<String> = (0..GENERATIONS).map(|g| format!(" {}", gc.len(g))).collect();
            write_debug(self, &format!("gc: collecting generation {generation}...\n"));
            write_debug(self, &format!("gc: objects in each generation:{}\n", sizes.concat()));
            write_debug(self, &format!("gc: objects in permanent generation: {}\n", gc.len(GENERATIONS)));
        }
        let began = std::time::Instant::now();
        let found = gc.collect_now(generation, &mut Runtime { vm: self, debug });
        if debug & DEBUG_STATS != 0 {
            let seconds = began.elapsed().as_secs_f64();
            write_debug(self, &format!("gc: done, {found} unreachable, 0 uncollectable, {seconds:.4}s elapsed\n"));
        }
        self.tell_callbacks("stop", generation, found);
        gc.collecting.set(false);
        self.bring_back(aside);
        found
    }

    /// What the interpreter does at a safe point when `Breaker::COLLECT` is set.
    pub fn run_due_collection(&self) {
        self.breaker.take(Breaker::COLLECT);
        let gc = &self.heap().gc;
        #[cfg(any(debug_assertions, feature = "zeal"))]
        if self.heap().zeal.due.take() {
            self.collect_garbage(GENERATIONS - 1);
            return;
        }
        if gc.enabled.get()
            && let Some(generation) = gc.due_generation()
        {
            self.collect_garbage(generation.min(GENERATIONS - 1));
        }
    }

    fn tell_callbacks(&self, phase: &str, generation: usize, collected: usize) {
        let Some(callbacks) = self.interpreter().state::<State>().callbacks.get() else { return };
        let Ok(callbacks) = crate::payload::into_ref::<List>(callbacks) else { return };
        if callbacks.is_empty() {
            return;
        }
        let run = || -> Res<()> {
            let info: Ref<Dict> = self.new_dict()?;
            info.set_text(self, "generation", self.new_int(generation as i64)?)?;
            info.set_text(self, "collected", self.new_int(collected as i64)?)?;
            info.set_text(self, "uncollectable", Value::int32(0))?;
            let phase = self.new_str(phase)?.into_value();
            // By number: a callback may take itself, or another, off the list.
            let mut at = 0;
            while let Some(callback) = callbacks.get(at) {
                at += 1;
                if let Err(raised) = self.call(&callback, &[phase.clone(), info.to_value()]) {
                    crate::objects::finalize::report_callback(self, raised, "GC callback", &callback);
                }
            }
            Ok(())
        };
        if let Err(raised) = run() {
            self.forget(raised);
        }
    }
}
