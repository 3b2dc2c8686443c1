//! Reports of all threads or one, to a descriptor. See `ophi_runtime::traceback::emergency` for what may happen here.
#![allow(unsafe_code)]

use ophi_host::{FATAL, FaultReport, Fd, thread_name, write_report};
use ophi_runtime::Vm;
use ophi_runtime::traceback::emergency::Report;
use ophi_runtime::vm::Interpreter;
use ophi_runtime::vm::bootstrap::with_current;

/// Threads that are shown; then an ellipsis.
const MAX_THREADS: usize = 100;

/// What the host calls in a signal handler.
pub fn on_signal(fd: Fd, fault: FaultReport) {
    if fault.is_fatal {
        let name = FATAL.iter().find(|(number, _)| *number == fault.signal).map_or("unknown signal", |(_, name)| name);
        write_report(fd, b"Fatal Python error: ");
        write_report(fd, name.as_bytes());
        write_report(fd, b"\n\n");
    }
    let shown = with_current(|vm| {
        if fault.all_threads {
            all_threads(vm.interpreter(), fd, Some(vm.thread_id));
        } else if fault.is_fatal {
            one_thread(vm, fd, true);
        } else {
            this_thread(vm, fd);
        }
    });
    if shown.is_none() {
        write_report(fd, b"<no Python thread is running here>\n");
    }
}

pub fn this_thread(vm: &Vm, fd: Fd) {
    Report::new(&mut |bytes| write_report(fd, bytes)).this_thread(vm);
}

fn one_thread(vm: &Vm, fd: Fd, is_current: bool) {
    let mut buffer = [0; 64];
    let name = thread_name(vm.thread_id, &mut buffer);
    Report::new(&mut |bytes| write_report(fd, bytes)).thread(vm, is_current, name);
}

/// Every thread of the interpreter, the latest first. `current`: the ident of the one that reports.
pub fn all_threads(interpreter: &Interpreter, fd: Fd, current: Option<u64>) {
    let mut shown = 0;
    let mut show = |vm: &Vm| {
        if shown == MAX_THREADS {
            write_report(fd, b"...\n");
        } else if shown < MAX_THREADS {
            if shown > 0 {
                write_report(fd, b"\n");
            }
            one_thread(vm, fd, Some(vm.thread_id) == current);
        }
        shown += 1;
    };
    // SAFETY: only the ident and the frames are read.
    if !unsafe { interpreter.threads.for_each_unlocked(&mut show) } {
        write_report(fd, b"<the list of threads is changing>\n");
    }
}
