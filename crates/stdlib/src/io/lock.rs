//! The lock of a buffered stream: one thread at a time, and not the same one twice.
//!
//! The GIL is given up while the raw stream works, so that another thread may come in the middle of an operation; and a
//! signal handler that prints may come in the middle of a print. The first waits, the second gets RuntimeError.

use std::cell::Cell;

use ophi_runtime::{Res, Value, Vm};
use parking_lot::lock_api::RawMutex as _;

pub struct Lock {
    mutex: parking_lot::RawMutex,
    /// The thread inside; 0 is none.
    owner: Cell<u64>,
}

impl Default for Lock {
    fn default() -> Self {
        Lock { mutex: parking_lot::RawMutex::INIT, owner: Cell::new(0) }
    }
}

/// Held while a thread is inside.
pub struct Inside<'a>(&'a Lock);

impl Lock {
    pub fn enter(&self, vm: &Vm, stream: &Value) -> Res<Inside<'_>> {
        if !self.mutex.try_lock() {
            if self.owner.get() == vm.thread_id {
                let text = vm.repr(stream)?;
                return Err(vm.runtime_error(format!("reentrant call inside {}", text.to_utf8_lossy())));
            }
            crate::support::without_gil(vm, || self.mutex.lock());
        }
        self.owner.set(vm.thread_id);
        Ok(Inside(self))
    }
}

impl Drop for Inside<'_> {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        self.0.owner.set(0);
        // SAFETY: an `Inside` exists only while its thread holds the mutex.
        unsafe { self.0.mutex.unlock() };
    }
}
