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
            HELD.fetch_add(now, Ordering::Relaxed);
        }
    });
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
            add(layout.size() as isize);
        }
        p
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        let p = unsafe { System.alloc_zeroed(layout) };
        if !p.is_null() {
            add(layout.size() as isize);
        }
        p
    }

    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        add(-(layout.size() as isize));
        // SAFETY: as above.
        unsafe { System.dealloc(p, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        let q = unsafe { System.realloc(p, layout, size) };
        if !q.is_null() {
            add(size as isize - layout.size() as isize);
        }
        q
    }
}
