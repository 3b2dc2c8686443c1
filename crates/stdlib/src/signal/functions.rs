//! The functions of `_signal`.

use ophi_host::{Disposition, HostError, SigInfo, SigSet};
use ophi_runtime::objects::exceptions::OVERFLOW_ERROR;
use ophi_runtime::{Raised, Res, Value, Vm, methods};

use super::{NSIG, STRUCT_SIGINFO, State, keyboard_interrupt};
use crate::support::errors::OrOsError;
use crate::support::values::{collect, to_i32, tuple};
use crate::support::{blocking, builtin, host};
use crate::time::duration;

macro_rules! constants {
    ($($name:ident)*) => { &[$((stringify!($name), libc::$name)),*] };
}

pub const CONSTANTS: &[(&str, i32)] = constants! {
    ITIMER_PROF ITIMER_REAL ITIMER_VIRTUAL SIGABRT SIGALRM SIGBUS SIGCHLD SIGCONT SIGFPE SIGHUP SIGILL SIGINT SIGIO SIGIOT
    SIGKILL SIGPIPE SIGPOLL SIGPROF SIGPWR SIGQUIT SIGSEGV SIGSTKFLT SIGSTOP SIGSYS SIGTERM SIGTRAP SIGTSTP SIGTTIN
    SIGTTOU SIGURG SIGUSR1 SIGUSR2 SIGVTALRM SIGWINCH SIGXCPU SIGXFSZ SIG_BLOCK SIG_SETMASK SIG_UNBLOCK
};

/// The frame that a handler is told, or None.
pub fn current_frame(vm: &Vm) -> Res {
    Ok(vm.frame_object(0)?.map_or(Value::NONE, ophi_runtime::Ref::into_value))
}

fn check_number(vm: &Vm, signal: i32) -> Res<()> {
    if (1..NSIG).contains(&signal) { Ok(()) } else { Err(vm.value_error("signal number out of range")) }
}

fn set_of(vm: &Vm, value: &Value) -> Res<SigSet> {
    let mut set = SigSet::default();
    for item in collect(vm, value)? {
        // What no machine integer holds is out of range like any other number.
        let signal = match to_i32(vm, &item) {
            Ok(signal) => signal,
            Err(raised) if vm.raised_is(&OVERFLOW_ERROR) => {
                vm.forget(raised);
                -1
            }
            Err(raised) => return Err(raised),
        };
        if !(1..NSIG).contains(&signal) {
            return Err(vm.value_error(format!("signal number {signal} out of range [1; {}]", NSIG - 1)));
        }
        set = set.with(signal);
    }
    Ok(set)
}

fn set_value(vm: &Vm, set: SigSet) -> Res {
    let items = set.iter().map(Value::int32).collect();
    vm.call(&builtin(vm, "set")?, &[vm.new_list(items)?])
}

fn info_value(vm: &Vm, info: &SigInfo) -> Res {
    let values = vec![
        Value::int32(info.signo),
        Value::int32(info.code),
        Value::int32(info.errno),
        Value::int32(info.pid),
        vm.new_int(i64::from(info.uid))?,
        Value::int32(info.status),
        vm.new_int(info.band)?,
    ];
    STRUCT_SIGINFO.make(vm, values)
}

#[cold]
fn itimer_error(vm: &Vm, error: HostError) -> Raised {
    let build = || -> Res {
        let class = vm.interpreter().traced_state::<State>().itimer_error.get_or_none();
        vm.call(&class, &[Value::int32(error.errno()), vm.new_str(&error.message())?.into_value()])
    };
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

/// (value, interval) in microseconds as floats of seconds.
fn timer_value(vm: &Vm, (value, interval): (i64, i64)) -> Res {
    tuple(vm, vec![vm.new_float(value as f64 / 1e6)?, vm.new_float(interval as f64 / 1e6)?])
}

/// Microseconds, rounded up, of seconds.
fn microseconds(vm: &Vm, value: &Value) -> Res<i64> {
    let ns = duration(vm, value)?;
    Ok(if ns >= 0 { ns.saturating_add(999) / 1000 } else { ns / 1000 })
}

fn main_thread_only(vm: &Vm, message: &str) -> Res<()> {
    let main = vm.interpreter().traced_state::<State>().main_thread.get();
    if main != vm.thread_id { Err(vm.value_error(message)) } else { Ok(()) }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Set the action for the given signal.
    #[function(sig = "(signalnum, handler, /)")]
    fn signal(vm: &Vm, signalnum: i32, handler: &Value) -> Res {
        main_thread_only(vm, "signal only works in main thread of the main interpreter")?;
        check_number(vm, signalnum)?;
        let disposition = if vm.class(handler).slots().call.is_some() {
            Disposition::Flag
        } else {
            match ophi_runtime::objects::int::view(handler).and_then(|number| number.to_i64()) {
                Some(0) => Disposition::Default,
                Some(1) => Disposition::Ignore,
                _ => {
                    let message = "signal handler must be signal.SIG_IGN, signal.SIG_DFL, or a callable object";
                    return Err(vm.type_error(message));
                }
            }
        };
        crate::support::check_signals(vm)?;
        host(vm).set_disposition(signalnum, disposition).or_os_error(vm)?;
        let state = vm.interpreter().traced_state::<State>();
        Ok(state.handler(signalnum).replace(Some(handler.clone())).unwrap_or(Value::NONE))
    }

    /// Return the current action for the given signal.
    #[function(sig = "(signalnum, /)")]
    fn getsignal(vm: &Vm, signalnum: i32) -> Res {
        check_number(vm, signalnum)?;
        Ok(vm.interpreter().traced_state::<State>().handler(signalnum).get_or_none())
    }

    /// What Ctrl-C does unless a program decides otherwise: raises KeyboardInterrupt.
    #[function(sig = "(signalnum, frame, /)")]
    fn default_int_handler(vm: &Vm, signalnum: i32, frame: &Value) -> Res<()> {
        let _ = (signalnum, frame);
        Err(keyboard_interrupt(vm))
    }

    /// Have SIGALRM sent to this process in so many seconds.
    #[function(sig = "(seconds, /)")]
    fn alarm(vm: &Vm, seconds: i32) -> Res<u32> {
        host(vm).alarm(seconds as u32).or_os_error(vm)
    }

    /// Wait until a signal arrives.
    #[function(sig = "()")]
    fn pause(vm: &Vm) -> Res<()> {
        let host = host(vm);
        let _ = crate::support::without_gil(vm, || host.pause());
        crate::support::check_signals(vm)
    }

    /// Send a signal to the executing process.
    #[function(sig = "(signalnum, /)")]
    fn raise_signal(vm: &Vm, signalnum: i32) -> Res<()> {
        host(vm).raise(signalnum).or_os_error(vm)?;
        crate::support::check_signals(vm)
    }

    /// Return the system description of the given signal.
    #[function(sig = "(signalnum, /)")]
    fn strsignal(vm: &Vm, signalnum: i32) -> Res<Option<String>> {
        check_number(vm, signalnum)?;
        let text = host(vm).strsignal(signalnum).or_os_error(vm)?;
        Ok(text.map(|text| String::from_utf8_lossy(&text).into_owned()))
    }

    /// Change system call restart behaviour.
    #[function(sig = "(signalnum, flag, /)")]
    fn siginterrupt(vm: &Vm, signalnum: i32, flag: i32) -> Res<()> {
        check_number(vm, signalnum)?;
        host(vm).siginterrupt(signalnum, flag != 0).or_os_error(vm)
    }

    /// Sets the fd to be written to (with the signal number) when a signal comes in.
    #[function(sig = "(fd, /, *, warn_on_full_buffer=True)")]
    fn set_wakeup_fd(vm: &Vm, fd: i32, warn_on_full_buffer: bool) -> Res<i32> {
        let _ = warn_on_full_buffer;
        main_thread_only(vm, "set_wakeup_fd only works in main thread of the main interpreter")?;
        let host = host(vm);
        if fd >= 0 {
            host.fstat(fd).or_os_error(vm)?;
            if host.get_blocking(fd).or_os_error(vm)? {
                return Err(vm.value_error(format!("the fd {fd} must be in non-blocking mode")));
            }
        }
        host.set_wakeup_fd(fd.max(-1)).or_os_error(vm)
    }

    /// Sets given itimer (one of ITIMER_REAL, ITIMER_VIRTUAL or ITIMER_PROF).
    #[function(sig = "(which, seconds, interval=None, /)", text = "($module, which, seconds, interval=0.0, /)")]
    fn setitimer(vm: &Vm, which: i32, seconds: &Value, interval: Option<&Value>) -> Res {
        let value = microseconds(vm, seconds)?;
        let interval = interval.map_or(Ok(0), |interval| microseconds(vm, interval))?;
        if value < 0 || interval < 0 {
            return Err(itimer_error(vm, HostError(libc::EINVAL)));
        }
        let old = host(vm).setitimer(which, value, interval).map_err(|error| itimer_error(vm, error))?;
        timer_value(vm, old)
    }

    /// Returns current value of given itimer.
    #[function(sig = "(which, /)")]
    fn getitimer(vm: &Vm, which: i32) -> Res {
        timer_value(vm, host(vm).getitimer(which).map_err(|error| itimer_error(vm, error))?)
    }

    /// Fetch and/or change the signal mask of the calling thread.
    #[function(sig = "(how, mask, /)")]
    fn pthread_sigmask(vm: &Vm, how: i32, mask: &Value) -> Res {
        let set = set_of(vm, mask)?;
        let old = host(vm).sigmask(how, set).or_os_error(vm)?;
        // Signals that were waiting come now.
        crate::support::check_signals(vm)?;
        set_value(vm, old)
    }

    /// Examine pending signals.
    #[function(sig = "()")]
    fn sigpending(vm: &Vm) -> Res {
        set_value(vm, host(vm).sigpending().or_os_error(vm)?)
    }

    /// Wait for a signal.
    #[function(sig = "(sigset, /)")]
    fn sigwait(vm: &Vm, sigset: &Value) -> Res<i32> {
        let set = set_of(vm, sigset)?;
        blocking(vm, |host| host.sigwait(set))?.or_os_error(vm)
    }

    /// Wait synchronously until one of the signals in *sigset* is delivered.
    #[function(sig = "(sigset, /)")]
    fn sigwaitinfo(vm: &Vm, sigset: &Value) -> Res {
        let set = set_of(vm, sigset)?;
        info_value(vm, &blocking(vm, |host| host.sigwaitinfo(set))?.or_os_error(vm)?)
    }

    /// Like sigwaitinfo(), but with a timeout.
    #[function(sig = "(sigset, timeout, /)")]
    fn sigtimedwait(vm: &Vm, sigset: &Value, timeout: &Value) -> Res {
        let length = duration(vm, timeout)?;
        if length < 0 {
            return Err(vm.value_error("timeout must be non-negative"));
        }
        let set = set_of(vm, sigset)?;
        let deadline = host(vm).now_monotonic().or_os_error(vm)?.saturating_add(length);
        let info = blocking(vm, |host| {
            let left = deadline.saturating_sub(host.now_monotonic()?).max(0);
            host.sigtimedwait(set, left)
        })?;
        match info.or_os_error(vm)? {
            Some(info) => info_value(vm, &info),
            None => Ok(Value::NONE),
        }
    }

    /// Send a signal to a thread.
    #[function(sig = "(thread_id, signalnum, /)")]
    fn pthread_kill(vm: &Vm, thread_id: u64, signalnum: i32) -> Res<()> {
        host(vm).pthread_kill(thread_id, signalnum).or_os_error(vm)?;
        crate::support::check_signals(vm)
    }

    /// Send a signal to the process behind a pid descriptor.
    #[function(sig = "(pidfd, signalnum, siginfo=None, flags=0, /)")]
    fn pidfd_send_signal(vm: &Vm, pidfd: i32, signalnum: i32, siginfo: Option<&Value>, flags: i32) -> Res<()> {
        if siginfo.is_some() {
            return Err(vm.type_error("siginfo must be None"));
        }
        host(vm).pidfd_send_signal(pidfd, signalnum, flags as u32).or_os_error(vm)
    }

    /// Return a set of valid signal numbers on this platform.
    #[function(sig = "()")]
    fn valid_signals(vm: &Vm) -> Res {
        set_value(vm, host(vm).valid_signals().or_os_error(vm)?)
    }
}
