//! The system's allocator, counting what is alive while asked to: peak memory is the most that was alive at once.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicBool, AtomicIsize, Ordering::Relaxed};

pub struct Counting;

static ACTIVE: AtomicBool = AtomicBool::new(false);
static ALIVE: AtomicIsize = AtomicIsize::new(0);
static PEAK: AtomicIsize = AtomicIsize::new(0);

fn count(by: isize) {
    if ACTIVE.load(Relaxed) {
        let alive = ALIVE.fetch_add(by, Relaxed) + by;
        PEAK.fetch_max(alive, Relaxed);
    }
}

// SAFETY: every call is handed to the system's allocator unchanged; counting touches nothing of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size() as isize);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        count(-(layout.size() as isize));
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size as isize - layout.size() as isize);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.realloc(at, layout, size) }
    }
}

/// The most bytes alive at once while `work` ran, beyond those alive before.
pub fn peak(work: impl FnOnce()) -> usize {
    ALIVE.store(0, Relaxed);
    PEAK.store(0, Relaxed);
    ACTIVE.store(true, Relaxed);
    work();
    ACTIVE.store(false, Relaxed);
    PEAK.load(Relaxed).max(0) as usize
}
