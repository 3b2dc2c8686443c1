//! The lock of a buffered stream: one thread at a time, and not the same one twice.
//!
//! The GIL is given up while the raw stream works, so that another thread may come in the middle of an operation; and a
//! signal handler that prints may come in the middle of a print. The first waits, the second gets RuntimeError.
//!
//! Who is inside is known to holders of the GIL alone, who enter and leave without an atomic instruction: two of them take as long
//! as the rest of reading a line. Only who has to wait, and who ends such a wait, uses a mutex.

use std::cell::Cell;

use ophi_runtime::{Res, Value, Vm};
use parking_lot::{Condvar, Mutex};

#[derive(Default)]
pub struct Lock {
    /// The thread inside; 0 is none.
    owner: Cell<u64>,
    /// How many threads wait to come in.
    waiting: Cell<usize>,
    /// How often a thread has left while others waited.
    left: Mutex<u64>,
    changed: Condvar,
}

/// Held while a thread is inside.
pub struct Inside<'a>(&'a Lock);

impl Lock {
    #[inline]
    pub fn enter(&self, vm: &Vm, stream: &Value) -> Res<Inside<'_>> {
        if self.owner.get() != 0 {
            self.wait(vm, stream)?;
        }
        self.owner.set(vm.thread_id);
        Ok(Inside(self))
    }

    /// Returns when nobody is inside.
    #[cold]
    fn wait(&self, vm: &Vm, stream: &Value) -> Res<()> {
        if self.owner.get() == vm.thread_id {
            let text = vm.repr(stream)?;
            return Err(vm.runtime_error(format!("reentrant call inside {}", text.to_utf8_lossy())));
        }
        self.waiting.set(self.waiting.get() + 1);
        while self.owner.get() != 0 {
            // The thread inside cannot leave before this one has given up the GIL.
            let known = *self.left.lock();
            crate::support::without_gil(vm, || {
                let mut left = self.left.lock();
                while *left == known {
                    self.changed.wait(&mut left);
                }
            });
        }
        self.waiting.set(self.waiting.get() - 1);
        Ok(())
    }
}

impl Drop for Inside<'_> {
    #[inline]
    fn drop(&mut self) {
        self.0.owner.set(0);
        if self.0.waiting.get() > 0 {
            *self.0.left.lock() += 1;
            self.0.changed.notify_all();
        }
    }
}
