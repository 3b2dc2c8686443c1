//! The test build's zeal: a collection falls due at every n-th allocation, one allocation is refused, what is freed is poisoned.
//!
//! Poisoning (in `pool`) is always on with the feature; the numbers are set by the embedder (`ophi -X zeal-collect=N`, `-X zeal-fail=N`).
//! Collections still run at safe points only, as ever: the allocation asks for one.

use crate::pool::Heap;
use core::cell::Cell;

#[derive(Default)]
pub struct Zeal {
    /// Allocations since the numbers were set.
    count: Cell<u64>,
    /// 0: never.
    collect_every: Cell<u64>,
    /// The allocation that is refused, 0: none.
    fail_at: Cell<u64>,
    /// Allocations are neither counted nor refused while this is not 0.
    spared: Cell<u32>,
    /// A collection of everything is due, whatever the thresholds say.
    pub due: Cell<bool>,
}

impl Zeal {
    /// Returns how many allocations were counted since the last call.
    pub fn set(&self, collect_every: u64, fail_at: u64) -> u64 {
        self.collect_every.set(collect_every);
        self.fail_at.set(fail_at);
        self.count.replace(0)
    }

    /// Refuses nothing until the guard goes: for what would end the process.
    pub fn spare(&self) -> impl Drop + '_ {
        struct Spared<'a>(&'a Cell<u32>);
        impl Drop for Spared<'_> {
            fn drop(&mut self) {
                self.0.set(self.0.get() - 1);
            }
        }
        self.spared.set(self.spared.get() + 1);
        Spared(&self.spared)
    }

    /// Counts one allocation; true when this is the one to refuse.
    pub(crate) fn refuses(&self, heap: &Heap) -> bool {
        if self.spared.get() != 0 {
            return false;
        }
        let count = self.count.get() + 1;
        self.count.set(count);
        let every = self.collect_every.get();
        if every != 0 && count.is_multiple_of(every) && heap.gc.enabled.get() && !heap.gc.collecting.get() {
            self.due.set(true);
            (heap.hooks().collection_due)();
        }
        count == self.fail_at.get()
    }
}
