//! The GIL: one lock an interpreter; who holds it may touch the interpreter's values.
//!
//! A thread that waits asks, after each switch interval, for the lock to be handed over: it sets `DROP_GIL` on the breaker,
//! which the holder sees at its next safe point. The holder then waits until another thread has really taken it, so that a
//! busy thread cannot take it back at once. After CPython Python/ceval_gil.c.

use super::state::{Breaker, Vm};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

#[derive(Default)]
struct State {
    held: bool,
    waiting: usize,
    /// Threads asleep until something changes. While there are none nobody is woken: that would be a call of the system each
    /// time the lock is given up or taken.
    asleep: usize,
    /// Counts hand-overs; tells a waiter whether the holder has changed meanwhile.
    switches: u64,
    /// Set when the interpreter ends: only this thread may take the lock from then on.
    kept_by: Option<std::thread::ThreadId>,
}

impl State {
    fn is_free(&self) -> bool {
        !self.held && self.kept_by.is_none_or(|thread| thread == std::thread::current().id())
    }
}

pub struct Gil {
    state: Mutex<State>,
    changed: Condvar,
    /// Switch interval in microseconds.
    interval: AtomicU64,
}

impl Default for Gil {
    fn default() -> Gil {
        Gil { state: Mutex::new(State::default()), changed: Condvar::new(), interval: AtomicU64::new(5000) }
    }
}

impl Gil {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes whoever waits for a change.
    #[inline]
    fn tell(&self, state: &State) {
        if state.asleep > 0 {
            self.changed.notify_all();
        }
    }

    /// Sleeps until something changes; the flag says that the time has run out.
    fn sleep<'a>(&self, mut state: MutexGuard<'a, State>, time: Duration) -> (MutexGuard<'a, State>, bool) {
        state.asleep += 1;
        let (mut state, timeout) = self.changed.wait_timeout(state, time).unwrap_or_else(PoisonError::into_inner);
        state.asleep -= 1;
        (state, timeout.timed_out())
    }

    pub fn set_interval(&self, seconds: f64) {
        self.interval.store(((seconds * 1e6) as u64).max(1), Ordering::Relaxed);
    }

    /// Takes the lock, asking its holder for it after each interval.
    pub fn acquire(&self, breaker: &Breaker) {
        let mut state = self.lock();
        while !state.is_free() {
            state.waiting += 1;
            let seen = state.switches;
            let interval = Duration::from_micros(self.interval.load(Ordering::Relaxed));
            let (again, timed_out) = self.sleep(state, interval);
            state = again;
            state.waiting -= 1;
            if timed_out && state.held && state.switches == seen {
                breaker.set(Breaker::DROP_GIL);
            }
        }
        state.held = true;
        state.switches += 1;
        self.tell(&state);
    }

    /// Called by the holder when the interpreter ends: threads that want the lock wait for ever, whatever happens.
    pub fn keep(&self) {
        self.lock().kept_by = Some(std::thread::current().id());
    }

    /// Whether only the thread that ends the interpreter may still run.
    pub fn is_kept(&self) -> bool {
        self.lock().kept_by.is_some()
    }

    pub fn release(&self) {
        let mut state = self.lock();
        debug_assert!(state.held, "the GIL is released by who holds it");
        state.held = false;
        self.tell(&state);
    }

    /// Hands the lock to a waiting thread, if there is one, and takes it again.
    fn hand_over(&self, breaker: &Breaker) {
        let mut state = self.lock();
        if state.waiting == 0 || state.kept_by.is_some() {
            return;
        }
        state.held = false;
        let seen = state.switches;
        self.tell(&state);
        // Until someone has had it; bounded, should the waiters give up.
        while state.switches == seen && state.waiting > 0 {
            let (again, timed_out) = self.sleep(state, Duration::from_millis(5));
            state = again;
            if timed_out {
                break;
            }
        }
        drop(state);
        self.acquire(breaker);
    }
}

impl Vm {
    /// Runs `fork`, which may copy this process; only this thread goes on in the copy, which `in_child` tells from the outcome.
    /// The locks of the GIL and of the list of threads are held meanwhile, so that no thread that the copy lacks holds them in it.
    pub fn across_fork<T>(&self, fork: impl FnOnce() -> T, in_child: impl FnOnce(&T) -> bool) -> T {
        let mut gil = self.interpreter().gil.lock();
        let threads = self.interpreter().threads.hold();
        let outcome = fork();
        if in_child(&outcome) {
            gil.waiting = 0;
            gil.asleep = 0;
            threads.keep_only(self);
        }
        outcome
    }

    /// Runs `f`, which touches no Python value, while other threads may hold the GIL.
    pub fn without_gil<T>(&self, f: impl FnOnce() -> T) -> T {
        struct Retake<'a>(&'a Vm);
        impl Drop for Retake<'_> {
            fn drop(&mut self) {
                self.0.interpreter().gil.acquire(&self.0.breaker);
                self.0.notice_sent_exception();
            }
        }
        self.interpreter().gil.release();
        let _retake = Retake(self);
        f()
    }

    /// Serves `DROP_GIL`.
    pub fn hand_over_gil(&self) {
        self.interpreter().gil.hand_over(&self.breaker);
        self.notice_sent_exception();
    }
}
