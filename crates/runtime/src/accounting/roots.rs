//! References that the interpreter and its threads hold: by name where they are kept in a known place, by scanning where native
//! code holds them in passing.

use super::Holder;
use crate::frames::{Owner, describe_frame};
use crate::vm::Vm;
use core::ptr::NonNull;
use ophi_heap::{Edge, Edges, Header, Trace};

pub fn for_each(vm: &Vm, f: &mut dyn FnMut(Holder, Edge, NonNull<Header>)) {
    let interpreter = vm.interpreter();
    let mut root = |name: &'static str, what: &dyn Fn(&mut Edges<'_>)| {
        let mut sink = |edge: Edge, target: NonNull<Header>| f(Holder::Root(name), edge, target);
        what(&mut Edges::new(&mut sink));
    };
    root("builtin types", &|edges| interpreter.types.describe(edges));
    root("method cache", &|edges| interpreter.method_cache.describe(edges));
    root("shapes", &|edges| interpreter.shapes.describe(edges));
    root("sys.modules", &|edges| interpreter.modules.describe(edges));
    root("builtins namespace", &|edges| interpreter.builtins.describe(edges));
    root("the empty tuple", &|edges| interpreter.empty_tuple.describe(edges));
    root("common constants", &|edges| interpreter.common.describe(edges));
    root("sys namespace", &|edges| interpreter.sys.describe(edges));
    root("program folder", &|edges| interpreter.program_folder.describe(edges));
    root("emergency MemoryError", &|edges| interpreter.emergency.describe(edges));
    root("monitoring", &|edges| interpreter.monitoring.describe(edges));
    root("classes left by __class__ assignment", &|edges| interpreter.retired_classes.describe(edges));
    root("single characters", &|edges| interpreter.singles.describe(edges));
    interpreter.extensions.with(|all| {
        for extension in all {
            if let Some((name, describe)) = extension.describe {
                root(name, &|edges| describe(&*extension.state, edges));
            }
        }
    });
    vm.for_each_thread(|thread| {
        let mut root = |name: &'static str, what: &dyn Fn(&mut Edges<'_>)| {
            let mut sink = |edge: Edge, target: NonNull<Header>| f(Holder::Root(name), edge, target);
            what(&mut Edges::new(&mut sink));
        };
        root("exception in flight", &|edges| thread.raised_cell().describe(edges));
        root("exception sent by another thread", &|edges| thread.sent_exception_cell().describe(edges));
        root("handled exception", &|edges| thread.handled.base().value.describe(edges));
        root("asynchronous generator hooks", &|edges| {
            thread.exec.asyncgen_firstiter.describe(edges);
            thread.exec.asyncgen_finalizer.describe(edges);
        });
        root("trace and profile functions", &|edges| {
            thread.tracing.trace.object.describe(edges);
            thread.tracing.profile.object.describe(edges);
        });
        let mut fp = thread.exec.frame.get();
        while !fp.is_null() {
            // SAFETY: the chain is made of live frames, whose state is saved while code outside the loop runs.
            unsafe {
                if (*fp).owner != Owner::Interpreter {
                    let mut sink = |edge: Edge, target: NonNull<Header>| f(Holder::Frame(fp as usize), edge, target);
                    describe_frame(fp, &mut Edges::new(&mut sink));
                }
                fp = (*fp).previous;
            }
        }
    });
}

/// Shows `word` what native code may hold: the words of the machine stacks, and those of the state that native modules keep.
pub fn scan(vm: &Vm, word: &mut dyn FnMut(usize)) {
    scan_stacks(vm, word);
    scan_states(vm, word);
}

/// The words of the machine stacks, of this thread from here on.
#[inline(never)]
pub fn scan_stacks(vm: &Vm, word: &mut dyn FnMut(usize)) {
    let here = 0usize;
    let here = &raw const here as usize;
    vm.for_each_thread(|thread| {
        let (low, high) = thread.machine_stack();
        let low = if core::ptr::eq(thread, vm) { here } else { low };
        let mut at = low & !7;
        while at + 8 <= high {
            // SAFETY: words of a live thread's stack; the other threads wait for the GIL.
            word(unsafe { (at as *const usize).read_volatile() });
            at += 8;
        }
    });
}

fn scan_states(vm: &Vm, word: &mut dyn FnMut(usize)) {
    vm.interpreter().extensions.with(|all| {
        for extension in all.iter().filter(|e| e.describe.is_none()) {
            let state = &*extension.state;
            let bytes = size_of_val(state);
            let start = (&raw const *state).cast::<u8>() as usize;
            let mut at = start.next_multiple_of(8);
            while at + 8 <= start + bytes {
                // SAFETY: inside a value that the interpreter owns; padding is read as whatever stands there.
                word(unsafe { (at as *const usize).read_volatile() });
                at += 8;
            }
        }
    });
}
