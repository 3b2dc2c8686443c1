//! Signals that are answered inside the handler itself: faults, and signals on which a program wants to see where it is.
//!
//! A fault (SIGSEGV and its like) cannot wait for a safe point, so its handler reports at once: it calls the [`Reporter`] that
//! was given, with the descriptor to write to, and then lets the signal do what it did before. Signals belong to the process,
//! so the table is global. Everything on the way is async-signal-safe: atomics, `write`, no allocation. After CPython
//! Modules/faulthandler.c.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU32, Ordering};

use crate::{Fd, HostError, OsHost, Outcome};

/// Writes a report to a descriptor; runs in signal context.
pub type Reporter = fn(Fd, FaultReport);

/// What a reporter is asked to write.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FaultReport {
    pub signal: i32,
    /// The process will end; otherwise the program only asked where it is.
    pub is_fatal: bool,
    pub all_threads: bool,
}

/// The signals that [`Faults::watch_signal`] takes for fatal ones.
pub const FATAL: &[(i32, &str)] = &[
    (libc::SIGBUS, "Bus error"),
    (libc::SIGILL, "Illegal instruction"),
    (libc::SIGFPE, "Floating-point exception"),
    (libc::SIGABRT, "Aborted"),
    (libc::SIGSEGV, "Segmentation fault"),
];

const ALL_THREADS: u32 = 1;
const CHAIN: u32 = 2;
const IS_FATAL: u32 = 4;
const SIGNALS: usize = 65;

struct Slot {
    /// -1: not watched.
    fd: AtomicI32,
    flags: AtomicU32,
    /// Whether `before` has been written.
    has_before: AtomicBool,
    before: UnsafeCell<MaybeUninit<libc::sigaction>>,
}

// SAFETY: `before` is written by `watch_signal` before `has_before` is set and never after, and read only once it is set.
unsafe impl Sync for Slot {}

static SLOTS: [Slot; SIGNALS] = [const {
    Slot {
        fd: AtomicI32::new(-1),
        flags: AtomicU32::new(0),
        has_before: AtomicBool::new(false),
        before: UnsafeCell::new(MaybeUninit::uninit()),
    }
}; SIGNALS];

static REPORTER: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

fn slot(signal: i32) -> Outcome<&'static Slot> {
    usize::try_from(signal).ok().filter(|&n| n > 0).and_then(|n| SLOTS.get(n)).ok_or(HostError(libc::EINVAL))
}

impl Slot {
    fn put_back(&self, signal: i32) {
        if self.has_before.load(Ordering::Acquire) {
            // SAFETY: written before the flag was set.
            let before = unsafe { (*self.before.get()).as_ptr() };
            os_plain!(libc::sigaction(signal, before, std::ptr::null_mut()));
        }
    }

    fn catch(&self, signal: i32) -> Outcome<()> {
        let mut action = zeroed!(libc::sigaction);
        action.sa_sigaction = on_fault as *const () as usize;
        action.sa_flags = libc::SA_ONSTACK;
        let flags = self.flags.load(Ordering::SeqCst);
        if flags & (CHAIN | IS_FATAL) != 0 {
            action.sa_flags |= libc::SA_NODEFER;
        }
        if flags & IS_FATAL == 0 {
            action.sa_flags |= libc::SA_RESTART;
        }
        let mut before = zeroed!(libc::sigaction);
        os!(libc::sigaction(signal, &action, &mut before))?;
        if !self.has_before.load(Ordering::Acquire) {
            // SAFETY: nobody reads it before the flag is set; `watch_signal` is serialised by its caller's GIL.
            unsafe { (*self.before.get()).write(before) };
            self.has_before.store(true, Ordering::Release);
        }
        Ok(())
    }
}

extern "C" fn on_fault(signal: i32) {
    let saved = HostError::last();
    if let Ok(slot) = slot(signal) {
        let (fd, flags) = (slot.fd.load(Ordering::SeqCst), slot.flags.load(Ordering::SeqCst));
        let is_fatal = flags & IS_FATAL != 0;
        if is_fatal {
            // A fault inside the report must end the process.
            slot.put_back(signal);
        }
        let reporter = REPORTER.load(Ordering::SeqCst);
        if fd >= 0 && !reporter.is_null() {
            // SAFETY: only `watch_signal` stores here, and it stores a `Reporter`.
            let reporter: Reporter = unsafe { std::mem::transmute(reporter) };
            reporter(fd, FaultReport { signal, is_fatal, all_threads: flags & ALL_THREADS != 0 });
        }
        // SAFETY: errno's location is valid on every thread.
        unsafe { *libc::__errno_location() = saved.errno() };
        if is_fatal {
            os_plain!(libc::raise(signal));
        } else if flags & CHAIN != 0 {
            slot.put_back(signal);
            os_plain!(libc::raise(signal));
            let _ = slot.catch(signal);
        }
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = saved.errno() };
}

/// Writes to a descriptor from signal context; what cannot be written is lost.
pub fn write_report(fd: Fd, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let n = os_plain!(libc::write(fd, bytes.as_ptr().cast(), bytes.len()));
        if n < 0 && HostError::last().is_interrupted() {
            continue;
        }
        let Ok(n @ 1..) = usize::try_from(n) else { return };
        bytes = &bytes[n..];
    }
}

/// The system's name of a thread (by its `pthread_self`), empty when it has none; async-signal-safe on Linux.
pub fn thread_name(thread: u64, buffer: &mut [u8; 64]) -> &[u8] {
    let failed = os_plain!(libc::pthread_getname_np(thread, buffer.as_mut_ptr().cast(), buffer.len())) != 0;
    let length = if failed { 0 } else { buffer.iter().position(|&b| b == 0).unwrap_or(0) };
    &buffer[..length]
}

door! {
    /// Reports inside signal handlers.
    pub trait Faults {
        /// Reports on a signal from now on. `chain`: afterwards the signal does what it did before.
        fn watch_signal(&self, signal: i32, fd: Fd, all_threads: bool, chain: bool, reporter: Reporter);
        /// Ends that; false when the signal was not watched.
        fn unwatch_signal(&self, signal: i32) -> bool;
        /// Reads from address zero.
        fn read_null(&self);
    }
}

impl Faults for OsHost {
    fn watch_signal(&self, signal: i32, fd: Fd, all_threads: bool, chain: bool, reporter: Reporter) -> Outcome<()> {
        let slot = slot(signal)?;
        let fatal = FATAL.iter().any(|(number, _)| *number == signal);
        let bit = |set: bool, bit: u32| if set { bit } else { 0 };
        let flags = bit(all_threads, ALL_THREADS) | bit(chain, CHAIN) | bit(fatal, IS_FATAL);
        REPORTER.store(reporter as *mut (), Ordering::SeqCst);
        slot.flags.store(flags, Ordering::SeqCst);
        slot.fd.store(fd, Ordering::SeqCst);
        slot.catch(signal)
    }

    fn unwatch_signal(&self, signal: i32) -> Outcome<bool> {
        let slot = slot(signal)?;
        let was = slot.fd.swap(-1, Ordering::SeqCst) >= 0;
        if was {
            slot.put_back(signal);
            slot.has_before.store(false, Ordering::Release);
        }
        Ok(was)
    }

    fn read_null(&self) -> Outcome<()> {
        // SAFETY: an address that is never mapped: the fault that the caller asks for, to see how the process reports it.
        let byte = unsafe { std::ptr::read_volatile(std::hint::black_box(std::ptr::without_provenance::<u8>(0))) };
        std::hint::black_box(byte);
        Ok(())
    }
}
