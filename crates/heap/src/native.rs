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
use std::alloc::System;

const STEP: isize = 64 << 10;

static HELD: AtomicIsize = AtomicIsize::new(0);
/// The most that was held since the system's allocator was last asked to give back what it keeps.
static MOST: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static BALANCE: Cell<isize> = const { Cell::new(0) };
}

/// Bytes held by Rust's collections in this process.
#[inline]
pub fn held() -> usize {
    HELD.load(Ordering::Relaxed).max(0) as usize
}

#[inline(always)]
fn add(bytes: isize) {
    // A thread that is ending has no balance left: what it frees then is some few blocks.
    let _ = BALANCE.try_with(|balance| {
        let now = balance.get() + bytes;
        if (-STEP..=STEP).contains(&now) {
            balance.set(now);
        } else {
            balance.set(0);
            let held = HELD.fetch_add(now, Ordering::Relaxed) + now;
            MOST.fetch_max(held, Ordering::Relaxed);
        }
    });
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
        #[cfg(all(target_os = "linux", target_env = "gnu"))]
        // SAFETY: may be called at any time.
        unsafe {
            libc::malloc_trim(0);
        }
    }
}

/// The system's allocator, counted: `#[global_allocator] static ALLOCATOR: Counting = Counting;`.
pub struct Counting;

// SAFETY: all memory comes from and returns to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is the system allocator's.
        let p = unsafe { System.alloc(layout) };
        if !p.is_null() {
            add(taken_for(layout.size()));
        }
        p
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let p = unsafe { System.alloc_zeroed(layout) };
        if !p.is_null() {
            add(taken_for(layout.size()));
        }
        p
    }

    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        add(-taken_for(layout.size()));
        // SAFETY: as above.
        unsafe { System.dealloc(p, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let q = unsafe { System.realloc(p, layout, size) };
        if !q.is_null() {
            add(taken_for(size) - taken_for(layout.size()));
        }
        q
    }
}
