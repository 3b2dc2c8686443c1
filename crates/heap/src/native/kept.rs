//! Small blocks that a thread has freed and keeps for its next requests: a list for each size, taken from and put back to at one end.
//!
//! The C library keeps seven blocks of a size like this (glibc's `tcache`). A compiler frees hundreds at once, the vectors of a function or
//! of a whole module, and asks for as many again for the next: with seven, most of them take the long way through the shared bins.

use super::taken_for;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::null_mut;
use std::alloc::System;

/// What a thread keeps at most, in bytes. `OPHI_SYSTEM_ALLOCATOR=1` at build time turns this off, for tools that watch every block.
const MOST_KEPT: usize = if option_env!("OPHI_SYSTEM_ALLOCATOR").is_some() { 0 } else { 256 << 10 };

/// The C library's blocks are multiples of this, with a word of its own.
const STEP: usize = 16;
const OWN: usize = 8;
pub(super) const LARGEST: usize = 1024;
const SIZES: usize = (LARGEST + OWN) / STEP + 2;

/// A free block: where the next of its size is.
struct Free {
    next: *mut Free,
}

pub(super) struct Kept {
    first: [Cell<*mut Free>; SIZES],
    /// Bytes that may still be kept.
    room: Cell<usize>,
    /// This thread's end will give the blocks back; from then on nothing is kept.
    watched: Cell<bool>,
}

thread_local! {
    static WATCH: Watch = const { Watch };
}

/// Gives a thread's blocks back at its end.
struct Watch;

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = super::LOCAL.try_with(|local| local.kept.end());
    }
}

#[inline(always)]
pub(super) fn is_small(layout: Layout) -> bool {
    layout.size() <= LARGEST && layout.align() <= STEP
}

impl Kept {
    pub(super) const fn new() -> Self {
        Self { first: [const { Cell::new(null_mut()) }; SIZES], room: Cell::new(0), watched: Cell::new(false) }
    }

    /// A block for the layout, kept or new.
    ///
    /// # Safety
    /// As [`GlobalAlloc::alloc`].
    #[inline(always)]
    pub(super) unsafe fn allocate(&self, layout: Layout) -> *mut u8 {
        if !is_small(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        }
        let taken = block_size(layout.size());
        let first = &self.first[taken / STEP];
        let block = first.get();
        if block.is_null() {
            // SAFETY: as above.
            return unsafe { new_block(taken) };
        }
        // SAFETY: a block of the list is free, and holds the next one's place.
        first.set(unsafe { (*block).next });
        self.room.set(self.room.get() + taken);
        block.cast()
    }

    /// Keeps a block or gives it back.
    ///
    /// # Safety
    /// As [`GlobalAlloc::dealloc`]; the block came from [`Self::allocate`] of any thread.
    #[inline(always)]
    pub(super) unsafe fn free(&self, p: *mut u8, layout: Layout) {
        if !is_small(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(p, layout) };
        }
        let taken = block_size(layout.size());
        if self.room.get() < taken && !self.begin() {
            // SAFETY: small blocks are all of their size's layout.
            return unsafe { System.dealloc(p, block_layout(taken)) };
        }
        self.room.set(self.room.get() - taken);
        let first = &self.first[taken / STEP];
        let block = p.cast::<Free>();
        // SAFETY: the block is the caller's to give, aligned to 16 bytes and at least 24 long.
        unsafe { block.write(Free { next: first.get() }) };
        first.set(block);
    }

    /// No room: at the thread's first block because nobody has seen to its end yet.
    #[cold]
    #[inline(never)]
    fn begin(&self) -> bool {
        if MOST_KEPT == 0 || self.watched.replace(true) || WATCH.try_with(|_| ()).is_err() {
            return false;
        }
        self.room.set(MOST_KEPT);
        true
    }

    /// Gives all kept blocks back.
    pub(super) fn give_back(&self) {
        for (i, first) in self.first.iter().enumerate() {
            let taken = i * STEP;
            let mut block = first.replace(null_mut());
            while !block.is_null() {
                // SAFETY: as in `allocate`; nobody else knows the block.
                unsafe {
                    let next = (*block).next;
                    System.dealloc(block.cast(), block_layout(taken));
                    block = next;
                }
                self.room.set(self.room.get() + taken);
            }
        }
    }

    fn end(&self) {
        self.give_back();
        self.room.set(0);
    }
}

/// What a small block takes with its word.
#[inline(always)]
pub(super) fn block_size(size: usize) -> usize {
    (taken_for(size) as usize).max(2 * STEP)
}

fn block_layout(taken: usize) -> Layout {
    // SAFETY: the size is small, the alignment a power of two.
    unsafe { Layout::from_size_align_unchecked(taken - OWN, STEP) }
}

/// A block as large as all of its size are.
#[inline(never)]
unsafe fn new_block(taken: usize) -> *mut u8 {
    // SAFETY: the size is not zero: the smallest takes 32 bytes.
    unsafe { System.alloc(block_layout(taken)) }
}
