//! `faulthandler`: where the program is, when it crashes, hangs, or is asked by a signal.
//!
//! The reports are those of `ophi_runtime::traceback::emergency`; signals are caught by the host's `Faults`, so a report is written
//! inside the handler. The watchdog of `dump_traceback_later` is a thread of its own. After CPython Modules/faulthandler.c.

mod report;
mod watchdog;

use std::cell::{Cell, RefCell};

use ophi_host::{FATAL, Fd};
use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::{Ref, Res, Value, ValueCell, Vm, methods};

use crate::support::errors::OrOsError;
use crate::support::host;

pub static MODULE: ModuleDef =
    ModuleDef { name: "faulthandler", doc: "faulthandler module.", tables: &[Functions::METHODS], init };

fn init(_: &Vm, _: &Ref<Module>) -> Res<()> {
    Ok(())
}

/// The files that signals write to are kept open, so they are kept.
#[derive(Default)]
struct State {
    is_enabled: Cell<bool>,
    fault_file: ValueCell,
    signal_files: RefCell<Vec<(i32, Value)>>,
    watchdog: RefCell<Option<watchdog::Watchdog>>,
    watchdog_file: ValueCell,
}

fn state(vm: &Vm) -> std::rc::Rc<State> {
    vm.interpreter().state::<State>()
}

/// The descriptor of what a caller gave as `file`, and the object to keep (None for a plain number).
fn descriptor(vm: &Vm, file: Option<&Value>) -> Res<(Fd, Value)> {
    let file = match file {
        Some(file) if !file.is_none() => file.clone(),
        _ => match crate::sys::sys_attribute(vm, "stderr")? {
            Some(stderr) if !stderr.is_none() => stderr,
            Some(_) => return Err(vm.runtime_error("sys.stderr is None")),
            None => return Err(vm.runtime_error("unable to get sys.stderr")),
        },
    };
    if vm.class(&file).is_subtype(vm.ty(&ophi_runtime::objects::int::INT)) {
        let fd = match vm.index_as_i128(&file)?.and_then(|n| i32::try_from(n).ok()) {
            Some(fd) if fd >= 0 => fd,
            _ => return Err(vm.value_error("file is not a valid file descriptor")),
        };
        return Ok((fd, Value::NONE));
    }
    let number = vm.call_method_str(&file, "fileno", &[])?;
    let fd = match number.as_small_int().and_then(|n| i32::try_from(n).ok()) {
        Some(fd) if fd >= 0 => fd,
        _ => return Err(vm.runtime_error("file.fileno() is not a valid file descriptor")),
    };
    if let Err(raised) = vm.call_method_str(&file, "flush", &[]) {
        vm.forget(raised);
    }
    Ok((fd, file))
}

/// Switches the handler on as `-X faulthandler` and PYTHONFAULTHANDLER do: reports go to the standard error stream.
pub fn enable_at_start(vm: &Vm) -> Res<()> {
    watch_faults(vm, 2, true)?;
    state(vm).is_enabled.set(true);
    Ok(())
}

fn watch_faults(vm: &Vm, fd: Fd, all_threads: bool) -> Res<()> {
    let host = host(vm);
    for (signal, _) in FATAL {
        host.watch_signal(*signal, fd, all_threads, false, report::on_signal).or_os_error(vm)?;
    }
    Ok(())
}

fn check_signal(vm: &Vm, signal: i32) -> Res<()> {
    if FATAL.iter().any(|(number, _)| *number == signal) {
        return Err(vm.runtime_error(format!("signal {signal} cannot be registered, use enable() instead")));
    }
    if !(1..crate::signal::NSIG).contains(&signal) {
        return Err(vm.value_error("signal number out of range"));
    }
    Ok(())
}

pub struct Functions;

#[methods]
impl Functions {
    /// Enable the fault handler.
    #[function(
        sig = "(file=sys.stderr, all_threads=True, c_stack=True)",
        text = "($module, /, file=sys.stderr, all_threads=True)"
    )]
    fn enable(vm: &Vm, file: Option<&Value>, all_threads: bool, c_stack: bool) -> Res<()> {
        let _ = c_stack; // The C stack cannot be shown here; reports say so where they are asked for it alone.
        let (fd, file) = descriptor(vm, file)?;
        watch_faults(vm, fd, all_threads)?;
        let state = state(vm);
        state.is_enabled.set(true);
        drop(state.fault_file.replace(Some(file)));
        Ok(())
    }

    /// Disable the fault handler.
    #[function(sig = "()")]
    fn disable(vm: &Vm) -> Res<bool> {
        let state = state(vm);
        let was = state.is_enabled.replace(false);
        if was {
            for (signal, _) in FATAL {
                host(vm).unwatch_signal(*signal).or_os_error(vm)?;
            }
        }
        drop(state.fault_file.replace(None));
        Ok(was)
    }

    /// Check if the handler is enabled.
    #[function(sig = "()")]
    fn is_enabled(vm: &Vm) -> bool {
        state(vm).is_enabled.get()
    }

    /// Write what this thread, or every thread, is doing to a file.
    #[function(sig = "(file=sys.stderr, all_threads=True)")]
    fn dump_traceback(vm: &Vm, file: Option<&Value>, all_threads: bool) -> Res<()> {
        let (fd, _file) = descriptor(vm, file)?;
        if all_threads {
            report::all_threads(vm.interpreter(), fd, Some(vm.thread_id));
        } else {
            report::this_thread(vm, fd);
        }
        crate::support::check_signals(vm)
    }

    /// Dump the C stack of the current thread.
    #[function(sig = "(file=sys.stderr)")]
    fn dump_c_stack(vm: &Vm, file: Option<&Value>) -> Res<()> {
        let (fd, _file) = descriptor(vm, file)?;
        ophi_host::write_report(fd, b"Current thread's C stack trace (most recent call first):\n");
        ophi_host::write_report(fd, b"  <cannot get C stack on this system>\n");
        Ok(())
    }

    /// Write what every thread is doing after so many seconds, or again and again with repeat.
    ///
    /// With exit, the process ends thereafter without any cleaning up.
    #[function(sig = "(timeout, repeat=False, file=sys.stderr, exit=False)")]
    fn dump_traceback_later(vm: &Vm, timeout: &Value, repeat: bool, file: Option<&Value>, exit: bool) -> Res<()> {
        // Rounded up to whole microseconds.
        let microseconds = crate::time::functions::duration(vm, timeout)?.saturating_add(999).div_euclid(1000);
        if microseconds <= 0 {
            return Err(vm.value_error("timeout must be greater than 0"));
        }
        let (fd, file) = descriptor(vm, file)?;
        let state = state(vm);
        let before = state.watchdog.borrow_mut().take();
        vm.without_gil(|| drop(before));
        let task = watchdog::Task { microseconds: microseconds as u64, repeat, fd, exit };
        match watchdog::Watchdog::start(vm.interpreter_arc(), host(vm), task) {
            Some(watchdog) => *state.watchdog.borrow_mut() = Some(watchdog),
            None => return Err(vm.runtime_error("unable to start watchdog thread")),
        }
        drop(state.watchdog_file.replace(Some(file)));
        Ok(())
    }

    /// Cancel the previous call to dump_traceback_later().
    #[function(sig = "()")]
    fn cancel_dump_traceback_later(vm: &Vm) {
        let state = state(vm);
        let before = state.watchdog.borrow_mut().take();
        vm.without_gil(|| drop(before));
        drop(state.watchdog_file.replace(None));
    }

    /// Write what this thread, or every thread, is doing to a file whenever the signal arrives.
    #[function(sig = "(signum, file=sys.stderr, all_threads=True, chain=False)")]
    fn register(vm: &Vm, signum: i32, file: Option<&Value>, all_threads: bool, chain: bool) -> Res<()> {
        check_signal(vm, signum)?;
        let (fd, file) = descriptor(vm, file)?;
        host(vm).watch_signal(signum, fd, all_threads, chain, report::on_signal).or_os_error(vm)?;
        let state = state(vm);
        let before = forget_file(&state, signum);
        state.signal_files.borrow_mut().push((signum, file));
        drop(before);
        Ok(())
    }

    /// Undo register() for this signal.
    #[function(sig = "(signum, /)")]
    fn unregister(vm: &Vm, signum: i32) -> Res<bool> {
        check_signal(vm, signum)?;
        let was = host(vm).unwatch_signal(signum).or_os_error(vm)?;
        drop(forget_file(&state(vm), signum));
        Ok(was)
    }

    /// Read address 0, which the system punishes with a signal. For tests.
    #[function(sig = "()")]
    fn _read_null(vm: &Vm) -> Res<()> {
        host(vm).read_null().or_os_error(vm)
    }

    /// Raise a SIGSEGV signal.
    #[function(sig = "(release_gil=False, /)")]
    fn _sigsegv(vm: &Vm, release_gil: bool) -> Res<()> {
        raise(vm, libc::SIGSEGV, release_gil)
    }

    /// Raise a SIGABRT signal.
    #[function(sig = "()")]
    fn _sigabrt(vm: &Vm) -> Res<()> {
        host(vm).abort().or_os_error(vm)
    }

    /// Raise a SIGFPE signal.
    #[function(sig = "()")]
    fn _sigfpe(vm: &Vm) -> Res<()> {
        raise(vm, libc::SIGFPE, false)
    }
}

fn raise(vm: &Vm, signal: i32, without_gil: bool) -> Res<()> {
    let host = host(vm);
    let outcome = if without_gil { vm.without_gil(|| host.raise(signal)) } else { host.raise(signal) };
    outcome.or_os_error(vm)
}

/// Takes the kept file of a signal; to be dropped when no borrow is held.
fn forget_file(state: &State, signal: i32) -> Option<Value> {
    let mut files = state.signal_files.borrow_mut();
    let at = files.iter().position(|(number, _)| *number == signal)?;
    Some(files.swap_remove(at).1)
}
