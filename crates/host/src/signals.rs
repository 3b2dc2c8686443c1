//! Signals: installing handlers that only set flags, masks, timers, waiting.
//!
//! A signal belongs to the process, not to an interpreter, so the flags are the one piece of global state here. The
//! handler does what CPython's `trip_signal` does with async-signal-safe means only: it marks the signal, marks that
//! something is pending, calls the notifier (a plain function that wakes the evaluation loop), and writes the signal's
//! number to the wake-up descriptor. Whoever runs the main thread asks [`Signals::take_pending`].

use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};

use crate::error::check_number;
use crate::fds::timespec;
use crate::{Fd, HostError, OsHost, Outcome};

/// A set of signals 1..=64: bit n-1 is signal n.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SigSet(pub u64);

impl SigSet {
    pub fn contains(self, signal: i32) -> bool {
        (1..=64).contains(&signal) && self.0 >> (signal - 1) & 1 == 1
    }

    pub fn with(self, signal: i32) -> SigSet {
        if (1..=64).contains(&signal) { SigSet(self.0 | 1 << (signal - 1)) } else { self }
    }

    pub fn iter(self) -> impl Iterator<Item = i32> {
        (1..=64).filter(move |&signal| self.contains(signal))
    }
}

/// What a signal does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Disposition {
    Default,
    Ignore,
    /// Sets the pending flag, see the module's doc.
    Flag,
    /// A handler that this crate did not install.
    Foreign,
}

/// The members of `siginfo_t` that Python shows.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct SigInfo {
    pub signo: i32,
    pub code: i32,
    pub errno: i32,
    pub pid: i32,
    pub uid: u32,
    pub status: i32,
    pub band: i64,
}

pub(crate) fn siginfo_from(raw: &libc::siginfo_t) -> SigInfo {
    // SAFETY: the union's members are plain integers, so that each may be read whatever was written.
    let (pid, uid, status) = unsafe { (raw.si_pid(), raw.si_uid(), raw.si_status()) };
    SigInfo { signo: raw.si_signo, code: raw.si_code, errno: raw.si_errno, pid, uid, status, band: 0 }
}

pub(crate) fn sigset_into(set: SigSet) -> libc::sigset_t {
    let mut raw = zeroed!(libc::sigset_t);
    os_plain!(libc::sigemptyset(&mut raw));
    for signal in set.iter() {
        os_plain!(libc::sigaddset(&mut raw, signal));
    }
    raw
}

fn sigset_from(raw: &libc::sigset_t) -> SigSet {
    (1..=64).filter(|&signal| os_plain!(libc::sigismember(raw, signal)) == 1).fold(SigSet(0), SigSet::with)
}

static PENDING: AtomicU64 = AtomicU64::new(0);
static ANY_PENDING: AtomicBool = AtomicBool::new(false);
static WAKEUP: AtomicI32 = AtomicI32::new(-1);
static NOTIFIER: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// What the handler does; also how `raise`-like operations mark a signal by hand.
pub fn trip(signal: i32) {
    if !(1..=64).contains(&signal) {
        return;
    }
    PENDING.fetch_or(1 << (signal - 1), Ordering::SeqCst);
    ANY_PENDING.store(true, Ordering::SeqCst);
    let notifier = NOTIFIER.load(Ordering::SeqCst);
    if !notifier.is_null() {
        // SAFETY: only `set_notifier` stores here, and it stores a `fn()`.
        let notifier: fn() = unsafe { std::mem::transmute(notifier) };
        notifier();
    }
    let fd = WAKEUP.load(Ordering::SeqCst);
    if fd >= 0 {
        let byte = signal as u8;
        os_plain!(libc::write(fd, (&raw const byte).cast(), 1));
    }
}

extern "C" fn on_signal(signal: i32) {
    let saved = HostError::last();
    trip(signal);
    // SAFETY: errno's location is valid on every thread; the interrupted code must find its value unchanged.
    unsafe { *libc::__errno_location() = saved.errno() };
}

/// The flag that says whether any signal waits to be taken; cheap to poll.
pub fn pending_flag() -> &'static AtomicBool {
    &ANY_PENDING
}

door! {
    /// Signals.
    pub trait Signals {
        /// Installs a disposition and answers the former one.
        fn set_disposition(&self, signal: i32, disposition: Disposition) -> Disposition;
        fn disposition(&self, signal: i32) -> Disposition;
        /// Takes all signals that arrived since the last call.
        fn take_pending(&self) -> SigSet;
        /// A function the handler calls; it must be async-signal-safe: set an atomic flag, no more.
        fn set_notifier(&self, notifier: fn());
        /// Sets the descriptor that gets each signal's number, answers the former one (-1: none).
        fn set_wakeup_fd(&self, fd: Fd) -> Fd;
        fn raise(&self, signal: i32);
        fn pause(&self);
        /// Answers the seconds that were left.
        fn alarm(&self, seconds: u32) -> u32;
        /// (value, interval) in microseconds; answers the former ones.
        fn setitimer(&self, which: i32, value: i64, interval: i64) -> (i64, i64);
        fn getitimer(&self, which: i32) -> (i64, i64);
        fn sigmask(&self, how: i32, set: SigSet) -> SigSet;
        fn sigpending(&self) -> SigSet;
        fn sigwait(&self, set: SigSet) -> i32;
        fn sigwaitinfo(&self, set: SigSet) -> SigInfo;
        /// `None` when the time ran out; `timeout` in nanoseconds.
        fn sigtimedwait(&self, set: SigSet, timeout: i64) -> Option<SigInfo>;
        fn siginterrupt(&self, signal: i32, interrupt: bool);
        fn pthread_kill(&self, thread: u64, signal: i32);
        fn pidfd_send_signal(&self, pidfd: Fd, signal: i32, flags: u32);
        /// The C library's name of a signal; `None` when it has none.
        fn strsignal(&self, signal: i32) -> Option<Vec<u8>>;
        /// Signals that a program may use.
        fn valid_signals(&self) -> SigSet;
        /// This thread's `pthread_self`.
        fn thread_self(&self) -> u64;
    }
}

fn microseconds(t: libc::timeval) -> i64 {
    t.tv_sec * 1_000_000 + t.tv_usec
}

fn timeval(us: i64) -> libc::timeval {
    libc::timeval { tv_sec: us.div_euclid(1_000_000), tv_usec: us.rem_euclid(1_000_000) }
}

fn disposition_from(action: &libc::sigaction) -> Disposition {
    match action.sa_sigaction {
        libc::SIG_DFL => Disposition::Default,
        libc::SIG_IGN => Disposition::Ignore,
        handler if handler == on_signal as *const () as usize => Disposition::Flag,
        _ => Disposition::Foreign,
    }
}

impl Signals for OsHost {
    fn set_disposition(&self, signal: i32, disposition: Disposition) -> Outcome<Disposition> {
        let mut action = zeroed!(libc::sigaction);
        action.sa_sigaction = match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignore => libc::SIG_IGN,
            Disposition::Flag => on_signal as *const () as usize,
            Disposition::Foreign => return Err(HostError(libc::EINVAL)),
        };
        // Blocking calls must come back with EINTR, so no SA_RESTART; the alternate stack serves a full main stack.
        action.sa_flags = libc::SA_ONSTACK;
        let mut old = zeroed!(libc::sigaction);
        os!(libc::sigaction(signal, &action, &mut old))?;
        Ok(disposition_from(&old))
    }

    fn disposition(&self, signal: i32) -> Outcome<Disposition> {
        let mut old = zeroed!(libc::sigaction);
        os!(libc::sigaction(signal, std::ptr::null(), &mut old))?;
        Ok(disposition_from(&old))
    }

    fn take_pending(&self) -> Outcome<SigSet> {
        // The flag goes down first: a signal that arrives between the two lines raises it again.
        ANY_PENDING.store(false, Ordering::SeqCst);
        Ok(SigSet(PENDING.swap(0, Ordering::SeqCst)))
    }

    fn set_notifier(&self, notifier: fn()) -> Outcome<()> {
        NOTIFIER.store(notifier as *mut (), Ordering::SeqCst);
        Ok(())
    }

    fn set_wakeup_fd(&self, fd: Fd) -> Outcome<Fd> {
        Ok(WAKEUP.swap(fd, Ordering::SeqCst))
    }

    fn raise(&self, signal: i32) -> Outcome<()> {
        os!(libc::raise(signal)).map(drop)
    }

    fn pause(&self) -> Outcome<()> {
        os!(libc::pause()).map(drop)
    }

    fn alarm(&self, seconds: u32) -> Outcome<u32> {
        Ok(os_plain!(libc::alarm(seconds)))
    }

    fn setitimer(&self, which: i32, value: i64, interval: i64) -> Outcome<(i64, i64)> {
        let new = libc::itimerval { it_interval: timeval(interval), it_value: timeval(value) };
        let mut old = zeroed!(libc::itimerval);
        os!(libc::syscall(libc::SYS_setitimer, which, &new, &mut old))?;
        Ok((microseconds(old.it_value), microseconds(old.it_interval)))
    }

    fn getitimer(&self, which: i32) -> Outcome<(i64, i64)> {
        let mut now = zeroed!(libc::itimerval);
        os!(libc::syscall(libc::SYS_getitimer, which, &mut now))?;
        Ok((microseconds(now.it_value), microseconds(now.it_interval)))
    }

    fn sigmask(&self, how: i32, set: SigSet) -> Outcome<SigSet> {
        let mut old = zeroed!(libc::sigset_t);
        check_number(os_plain!(libc::pthread_sigmask(how, &sigset_into(set), &mut old)))?;
        Ok(sigset_from(&old))
    }

    fn sigpending(&self) -> Outcome<SigSet> {
        let mut set = zeroed!(libc::sigset_t);
        os!(libc::sigpending(&mut set))?;
        Ok(sigset_from(&set))
    }

    fn sigwait(&self, set: SigSet) -> Outcome<i32> {
        let mut signal = 0;
        check_number(os_plain!(libc::sigwait(&sigset_into(set), &mut signal)))?;
        Ok(signal)
    }

    fn sigwaitinfo(&self, set: SigSet) -> Outcome<SigInfo> {
        let mut info = zeroed!(libc::siginfo_t);
        os!(libc::sigwaitinfo(&sigset_into(set), &mut info))?;
        Ok(siginfo_from(&info))
    }

    fn sigtimedwait(&self, set: SigSet, timeout: i64) -> Outcome<Option<SigInfo>> {
        let mut info = zeroed!(libc::siginfo_t);
        match os!(libc::sigtimedwait(&sigset_into(set), &mut info, &timespec(timeout))) {
            Ok(_) => Ok(Some(siginfo_from(&info))),
            Err(error) if error.is_would_block() => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn siginterrupt(&self, signal: i32, interrupt: bool) -> Outcome<()> {
        let mut action = zeroed!(libc::sigaction);
        os!(libc::sigaction(signal, std::ptr::null(), &mut action))?;
        if interrupt {
            action.sa_flags &= !libc::SA_RESTART;
        } else {
            action.sa_flags |= libc::SA_RESTART;
        }
        os!(libc::sigaction(signal, &action, std::ptr::null_mut())).map(drop)
    }

    fn pthread_kill(&self, thread: u64, signal: i32) -> Outcome<()> {
        check_number(os_plain!(libc::pthread_kill(thread, signal)))
    }

    fn pidfd_send_signal(&self, pidfd: Fd, signal: i32, flags: u32) -> Outcome<()> {
        let info = std::ptr::null::<libc::siginfo_t>();
        os!(libc::syscall(libc::SYS_pidfd_send_signal, pidfd, signal, info, flags)).map(drop)
    }

    fn strsignal(&self, signal: i32) -> Outcome<Option<Vec<u8>>> {
        let text = os_plain!(libc::strsignal(signal));
        if text.is_null() {
            return Ok(None);
        }
        // SAFETY: strsignal answers with a string that lives until this thread's next call of it.
        let text = unsafe { std::ffi::CStr::from_ptr(text) }.to_bytes();
        Ok((!text.starts_with(b"Unknown signal")).then(|| text.to_vec()))
    }

    fn valid_signals(&self) -> Outcome<SigSet> {
        let mut raw = zeroed!(libc::sigset_t);
        os!(libc::sigfillset(&mut raw))?;
        Ok(sigset_from(&raw))
    }

    fn thread_self(&self) -> Outcome<u64> {
        Ok(os_plain!(libc::pthread_self()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fds;

    #[test]
    fn a_signal_sets_flag_and_wakes() {
        let host = OsHost;
        let (reader, writer) = host.pipe2(libc::O_CLOEXEC | libc::O_NONBLOCK).unwrap();
        host.set_wakeup_fd(writer).unwrap();
        assert_eq!(host.set_disposition(libc::SIGUSR1, Disposition::Flag).unwrap(), Disposition::Default);
        host.raise(libc::SIGUSR1).unwrap();
        assert!(pending_flag().load(Ordering::SeqCst));
        assert!(host.take_pending().unwrap().contains(libc::SIGUSR1));
        assert!(!host.take_pending().unwrap().contains(libc::SIGUSR1));
        let mut byte = [0];
        host.read(reader, &mut byte).unwrap();
        assert_eq!(i32::from(byte[0]), libc::SIGUSR1);
        host.set_wakeup_fd(-1).unwrap();
        assert_eq!(host.set_disposition(libc::SIGUSR1, Disposition::Default).unwrap(), Disposition::Flag);
        assert!(host.valid_signals().unwrap().contains(15));
        assert!(!host.valid_signals().unwrap().contains(32));
    }
}
