//! The bytes that Rust's own collections hold: an allocator for the process that counts what it gives.
//!
//! Native code keeps work of its own in vectors, maps and big integers. Their growth cannot be refused, but it is counted, so that a
//! memory limit speaks of the whole program; code that is about to hold much asks [`crate::Heap::has_room`] first.
//!
//! Each thread adds its balance to the process's number when it has changed by [`STEP`]: counting costs a few instructions, and the
//! number is right to that much a thread. The number belongs to the process, as its allocator does: it is the one piece of global
//! state here, and stays 0 where [`Counting`] is not installed.

use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::sync::atomic::{AtomicIsize, Ordering};

mod kept;

const STEP: isize = 64 << 10;

static HELD: AtomicIsize = AtomicIsize::new(0);
/// The most that was held since the system's allocator was last asked to give back what it keeps.
static MOST: AtomicIsize = AtomicIsize::new(0);

/// What a thread has of its own.
struct Local {
    /// Bytes taken and not yet added to the process's number.
    balance: Cell<isize>,
    kept: kept::Kept,
}

thread_local! {
    // Without a destructor: it is there until the thread's very end.
    static LOCAL: Local = const { Local { balance: Cell::new(0), kept: kept::Kept::new() } };
}

/// Bytes held by Rust's collections in this process.
#[inline]
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed).max(0) as usize
}

impl Local {
    #[inline(always)]
    fn add(&self, bytes: isize) {
        let now = self.balance.get() + bytes;
        self.balance.set(now);
        if !(-STEP..=STEP).contains(&now) {
            self.tell(now);
        }
    }

    #[cold]
    #[inline(never)]
    fn tell(&self, now: isize) {
        self.balance.set(0);
        let held = HELD.fetch_add(now, Ordering::Relaxed) + now;
        MOST.fetch_max(held, Ordering::Relaxed);
    }
}

/// What the system's allocator takes for a block of `size` bytes, with its own word and rounded as the C library of Linux does.
#[inline(always)]
fn taken_for(size: usize) -> isize {
    ((size + 23) & !15) as isize
}

/// With a memory limit: has the system's allocator give back the pages between its blocks when much of what it gave is free again.
/// Small blocks it otherwise keeps for ever, resident and counted by nobody.
pub fn give_back() {
    const MUCH: isize = 2 << 20;
    let held = HELD.load(Ordering::Relaxed);
    if MOST.load(Ordering::Relaxed) - held > MUCH {
        MOST.store(held, Ordering::Relaxed);
        LOCAL.with(|local| local.kept.give_back());
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: may be called at any time.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

/// The system's allocator, counted, blocks that were freed kept for the next requests:
/// `#[global_allocator] static ALLOCATOR: Counting = Counting;`.
pub struct Counting;

// SAFETY: all memory comes from and returns to the system's allocator; a kept block is given out once; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LOCAL.with(|local| {
            // SAFETY: the caller's promise is the system allocator's.
            let p = unsafe { local.kept.allocate(layout) };
            if !p.is_null() {
                local.add(taken_for(layout.size()));
            }
            p
        })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        LOCAL.with(|local| {
            // SAFETY: as above.
            let p = unsafe { local.kept.allocate_zeroed(layout) };
            if !p.is_null() {
                local.add(taken_for(layout.size()));
            }
            p
        })
    }

    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        LOCAL.with(|local| {
            local.add(-taken_for(layout.size()));
            // SAFETY: as above; the block came from this allocator.
            unsafe { local.kept.free(p, layout) }
        })
    }

    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LOCAL.with(|local| {
            // SAFETY: as above.
            let q = unsafe { local.kept.resize(p, layout, size) };
            if !q.is_null() {
                local.add(taken_for(size) - taken_for(layout.size()));
            }
            q
        })
    }
}

/// A block of at least `size` bytes, aligned to 16, of which the C library knows how long it is; null if there is no memory.
pub(crate) fn allocate_usable(size: usize) -> *mut u8 {
    // SAFETY: sizes that overflow are refused by the allocator; the size is not zero.
    LOCAL.with(|local| unsafe { local.kept.allocate(Layout::from_size_align_unchecked(size.max(1), 16)) })
}

/// Gives such a block up, or one that `realloc` made of it.
///
/// # Safety
/// The block is the caller's, and holds `usable` bytes.
pub(crate) unsafe fn free_usable(p: *mut u8, usable: usize) {
    // SAFETY: the caller's promise.
    LOCAL.with(|local| unsafe { local.kept.free_usable(p, usable) })
}

/// [`Counting`] without the count, for memory that is counted elsewhere.
pub(crate) struct Uncounted;

// SAFETY: as of `Counting`.
unsafe impl GlobalAlloc for Uncounted {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        LOCAL.with(|local| unsafe { local.kept.allocate(layout) })
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        LOCAL.with(|local| unsafe { local.kept.allocate_zeroed(layout) })
    }

    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        LOCAL.with(|local| unsafe { local.kept.free(p, layout) })
    }

    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promise.
        LOCAL.with(|local| unsafe { local.kept.resize(p, layout, size) })
    }
}
