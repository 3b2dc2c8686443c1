//! `_signal`: Python handlers for signals.
//!
//! The host's handler only marks a signal and sets the breaker of the main interpreter; [`serve`] runs the Python
//! functions at the next safe point of the main thread, and whenever a blocking call was interrupted. The table of
//! handlers belongs to the interpreter. After CPython Modules/signalmodule.c.

mod functions;

use std::sync::Arc;
use std::sync::OnceLock;

use ophi_host::Disposition;
use ophi_runtime::objects::exceptions::{KEYBOARD_INTERRUPT, OS_ERROR};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::vm::Breaker;
use ophi_runtime::{Ref, Res, Value, ValueCell, Vm};

use crate::struct_sequence;
use crate::support::{builtin, host};

pub const NSIG: i32 = 65;

struct_sequence! {
    "struct_siginfo: what sigwaitinfo and sigtimedwait tell of a signal, as a tuple with names.",
    pub STRUCT_SIGINFO: STRUCT_SIGINFO_TYPE = "signal" "struct_siginfo", 7 of 7 {
        "si_signo" "signal number",
        "si_code" "signal code",
        "si_errno" "errno associated with this signal",
        "si_pid" "sending process ID",
        "si_uid" "real user ID of sending process",
        "si_status" "exit value or signal",
        "si_band" "band event for SIGPOLL",
    }
}

/// Handlers by signal number; unset is None, a handler that Python did not install.
pub struct State {
    handlers: Vec<ValueCell>,
    pub itimer_error: ValueCell,
    /// The thread that may install handlers and on which they run; 0 until the module is made.
    pub main_thread: std::cell::Cell<u64>,
}

ophi_runtime::trace_fields!(State { handlers, itimer_error });

impl Default for State {
    fn default() -> Self {
        State {
            handlers: (0..NSIG).map(|_| ValueCell::new(None)).collect(),
            itimer_error: ValueCell::new(None),
            main_thread: std::cell::Cell::new(0),
        }
    }
}

impl State {
    pub fn handler(&self, signal: i32) -> &ValueCell {
        &self.handlers[signal as usize % NSIG as usize]
    }
}

pub static MODULE: ModuleDef = ModuleDef {
    name: "_signal",
    doc: "This module provides mechanisms to use signal handlers in Python.",
    tables: &[functions::Functions::METHODS],
    init,
};

/// Whose evaluation loop is told that a signal came: the first interpreter that asked.
static BREAKER: OnceLock<Arc<Breaker>> = OnceLock::new();

/// Called in signal context: sets one atomic flag.
fn notify() {
    if let Some(breaker) = BREAKER.get() {
        breaker.set(Breaker::SIGNALS);
    }
}

/// Connects the host's signals with this interpreter, and makes SIGINT raise KeyboardInterrupt (and SIGPIPE and SIGXFSZ
/// errors of the calls that cause them). Called once when the main interpreter starts.
pub fn install(vm: &Vm) -> Res<()> {
    let _ = BREAKER.set(vm.interpreter().breaker.clone());
    let host = host(vm);
    let _ = host.set_notifier(notify);
    vm.interpreter().services().signals.set(Some(serve));
    for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
        let _ = host.set_disposition(signal, Disposition::Ignore);
    }
    // Making the module reads the dispositions and installs the handler of SIGINT.
    crate::support::import(vm, "_signal").map(drop)
}

/// Gives the signals that Python functions handle back to the system: the interpreter ends (`_PySignal_Fini`).
pub fn end(vm: &Vm) {
    let state = vm.interpreter().traced_state::<State>();
    for signal in 1..NSIG {
        let handler = state.handler(signal).take();
        if handler.is_some_and(|handler| !handler.is_none() && handler.as_small_int().is_none()) {
            let _ = host(vm).set_disposition(signal, Disposition::Default);
        }
    }
}

/// Runs the handlers of the signals that have come.
pub fn serve(vm: &Vm) -> Res<()> {
    let state = vm.interpreter().traced_state::<State>();
    if state.main_thread.get() != vm.thread_id {
        if state.main_thread.get() != 0 && ophi_host::pending_flag().load(std::sync::atomic::Ordering::SeqCst) {
            // The main thread will look.
            vm.breaker.set(Breaker::SIGNALS);
        }
        return Ok(());
    }
    let pending = host(vm).take_pending().unwrap_or_default();
    for signal in pending.iter() {
        let handler = state.handler(signal).get_or_none();
        let default = handler.as_small_int().is_some();
        if handler.is_none() || default {
            continue;
        }
        let frame = functions::current_frame(vm)?;
        if let Err(raised) = vm.call(&handler, &[Value::int32(signal), frame]) {
            // What has not run yet is not lost.
            for later in pending.iter().filter(|&later| later > signal) {
                ophi_host::trip(later);
            }
            return Err(raised);
        }
    }
    Ok(())
}

/// Has the signal's Python handler run as if the signal had come; nothing where the system's own action is in force.
pub fn simulate(vm: &Vm, signal: i32) {
    let handler = vm.interpreter().traced_state::<State>().handler(signal).get_or_none();
    if handler.as_small_int().is_none() {
        ophi_host::trip(signal);
    }
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in functions::CONSTANTS {
        module.add_int(vm, name, i64::from(*value))?;
    }
    module.add_int(vm, "SIGRTMIN", i64::from(libc::SIGRTMIN()))?;
    module.add_int(vm, "SIGRTMAX", i64::from(libc::SIGRTMAX()))?;
    module.add_int(vm, "NSIG", i64::from(NSIG))?;
    module.add_int(vm, "SIGCLD", i64::from(libc::SIGCHLD))?;
    module.add_int(vm, "SIG_DFL", 0)?;
    module.add_int(vm, "SIG_IGN", 1)?;
    module.add(vm, "struct_siginfo", STRUCT_SIGINFO.register(vm)?)?;
    let state = vm.interpreter().traced_state::<State>();
    state.main_thread.set(vm.thread_id);
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("signal")?.into_value())?;
    let bases = vm.new_tuple(&[vm.ty(&OS_ERROR).to_value()])?;
    let name = vm.new_str("ItimerError")?.into_value();
    let class = vm.call(&builtin(vm, "type")?, &[name, bases, namespace.into_value()])?;
    state.itimer_error.set(Some(class.clone()));
    module.add(vm, "ItimerError", class)?;
    let host = host(vm);
    for signal in 1..NSIG {
        let value = match host.disposition(signal) {
            Ok(Disposition::Default) => Value::int32(0),
            Ok(Disposition::Ignore) => Value::int32(1),
            _ => Value::NONE,
        };
        state.handler(signal).set(Some(value));
    }
    if state.handler(libc::SIGINT).get_or_none().as_small_int() == Some(0) {
        let dict = module.dict(vm)?;
        if let Some(handler) = dict.get_text(vm, "default_int_handler")? {
            state.handler(libc::SIGINT).set(Some(handler));
            let _ = host.set_disposition(libc::SIGINT, Disposition::Flag);
        }
    }
    Ok(())
}

/// KeyboardInterrupt, as `default_int_handler` raises it.
pub fn keyboard_interrupt(vm: &Vm) -> ophi_runtime::Raised {
    vm.raise_with(&KEYBOARD_INTERRUPT, &[])
}
