//! The threads that run Python code of one interpreter: whom `sys._current_frames` and `faulthandler` show.
//!
//! A context enters the list when its thread begins to work for the interpreter ([`super::bootstrap::enter`]) and leaves it
//! when that ends, both under the list's own lock, so that a watchdog which cannot get the GIL may walk it too.
//! After the thread list of CPython Python/pystate.c.
#![allow(unsafe_code)]

use super::Res;
use super::state::{Breaker, Vm};
use crate::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The running thread's ident, `pthread_self`: what `threading.get_ident()` answers.
#[cfg(unix)]
pub fn current_ident() -> u64 {
    // SAFETY: no precondition.
    unsafe { libc::pthread_self() as u64 }
}

/// Contexts in the order in which their threads began.
#[derive(Default)]
pub struct ThreadList(Mutex<Vec<Entry>>);

struct Entry(*const Vm);

// SAFETY: an address; it is followed only as the list's methods say.
unsafe impl Send for Entry {}

/// The list, held.
pub(super) struct Held<'a>(MutexGuard<'a, Vec<Entry>>);

impl Held<'_> {
    /// Forgets every thread but that of `vm`, whose contexts stay where they are: nobody will ever end them.
    pub(super) fn keep_only(mut self, vm: &Vm) {
        let at = &raw const *vm;
        self.0.retain(|entry| entry.0 == at);
    }
}

impl ThreadList {
    fn lock(&self) -> MutexGuard<'_, Vec<Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `vm` begins to run; false when it is in the list already (a nested entry).
    pub(super) fn add(&self, vm: &Vm) -> bool {
        let mut all = self.lock();
        let at = &raw const *vm;
        if all.iter().any(|entry| entry.0 == at) {
            return false;
        }
        all.push(Entry(at));
        true
    }

    /// Keeps the list as it is until the answer is dropped.
    pub(super) fn hold(&self) -> Held<'_> {
        Held(self.lock())
    }

    /// How many threads there are.
    pub fn count(&self) -> usize {
        self.lock().len()
    }

    pub(super) fn remove(&self, vm: &Vm) {
        let at = &raw const *vm;
        self.lock().retain(|entry| entry.0 != at);
    }

    /// The contexts' addresses, the latest thread first. They stay valid while the caller holds the GIL: a thread leaves the
    /// list before its context ends, and needs the GIL for that.
    fn addresses(&self) -> Vec<*const Vm> {
        self.lock().iter().rev().map(|entry| entry.0).collect()
    }

    /// Shows `f` each context, the latest thread first, without allocating, and without the GIL: for reports of a process that
    /// is stuck or dying. Answers false when the list is being changed and cannot be read.
    ///
    /// # Safety
    /// `f` reads only the thread's ident and its chain of frames, and takes into account that they may change meanwhile.
    pub unsafe fn for_each_unlocked(&self, mut f: impl FnMut(&Vm)) -> bool {
        let Ok(all) = self.0.try_lock() else {
            return false;
        };
        for entry in all.iter().rev() {
            // SAFETY: a context is taken out of the list before it ends, which the lock we hold delays.
            f(unsafe { &*entry.0 });
        }
        true
    }
}

impl Vm {
    /// Calls `f` with the context of every thread of the interpreter, the latest first; those of other threads are stopped
    /// outside the loop, at a place where they gave up the GIL. `f` must not give up the GIL.
    pub fn for_each_thread(&self, mut f: impl FnMut(&Vm)) {
        for address in self.interpreter().threads.addresses() {
            // SAFETY: `addresses` says why they are valid while this thread holds the GIL.
            f(unsafe { &*address });
        }
    }

    /// Has `exception`, a class, raised in the thread of that ident at its next safe point; `None` takes back what waits there. The
    /// number of threads found. After CPython Python/pystate.c (`PyThreadState_SetAsyncExc`).
    pub fn send_exception(&self, ident: u64, exception: Option<&Value>) -> usize {
        let mut before = None;
        let mut found = 0;
        self.for_each_thread(|thread| {
            if thread.thread_id == ident && found == 0 {
                before = thread.sent_exception.take();
                thread.sent_exception.set(exception.cloned());
                found = 1;
            }
        });
        if found == 1 {
            self.breaker.set(Breaker::ASYNC_EXCEPTION);
        }
        // What its going runs may look at the threads.
        drop(before);
        found
    }

    /// Called when this thread has got the GIL: the breaker is all threads', and another may have served it in vain.
    #[inline]
    pub(super) fn notice_sent_exception(&self) {
        if self.sent_exception.is_set() {
            self.breaker.set(Breaker::ASYNC_EXCEPTION);
        }
    }

    /// Serves `ASYNC_EXCEPTION`.
    pub(crate) fn raise_sent_exception(&self) -> Res<()> {
        match self.sent_exception.take() {
            Some(class) if crate::objects::exceptions::is_exception_class(&class) => {
                let exception = self.call(&class, &[])?;
                Err(self.raise(exception))
            }
            Some(other) => {
                let text = self.repr(&other)?;
                Err(self.raise_message(
                    &crate::objects::exceptions::SYSTEM_ERROR,
                    &format!("_PyErr_SetObject: exception {} is not a BaseException subclass", text.to_utf8_lossy()),
                ))
            }
            None => Ok(()),
        }
    }
}
