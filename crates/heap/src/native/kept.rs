//! Blocks that a thread has freed and keeps for its next requests: a list for each size, taken from and put back to at one end.
//!
//! The C library keeps seven blocks of a size like this, and none above a kilobyte (glibc's `tcache`). A compiler frees hundreds at once,
//! the vectors of a function or of a whole module, and asks for as many again for the next; programs make and drop texts of some
//! kilobytes one after the other. With the C library's few, most of these take the long way through its shared bins.
//!
//! All blocks are the system allocator's, each as large as all of its size are: sizes are multiples of 16 bytes up to [`SMALL`], then
//! eighths of a power of two.

use super::taken_for;
use core::alloc::{GlobalAlloc, Layout};
use core::cell::Cell;
use core::ptr::null_mut;
use std::alloc::System;

/// What a thread keeps at most of small blocks and of others, in bytes: of the small ones about what the code objects of a large
/// module take. `OPHI_SYSTEM_ALLOCATOR=1` at build time turns this off, for tools that watch every block.
const MOST_KEPT: [usize; 2] =
    if option_env!("OPHI_SYSTEM_ALLOCATOR").is_some() { [0; 2] } else { [1 << 20, 256 << 10] };

/// The C library's blocks are multiples of this, with a word of its own.
const STEP: usize = 16;
const OWN: usize = 8;
/// The most that a small block holds, and any.
pub(crate) const SMALL: usize = 1040 - OWN;
const LARGEST: usize = (32 << 10) - OWN;
const SMALL_SIZES: usize = (SMALL + OWN) / STEP + 1;
/// Sizes a power of two, and the power of two after which they begin.
const FRACTIONS: usize = 8;
const FIRST_POWER: u32 = 10;
const SIZES: usize = SMALL_SIZES + FRACTIONS * 5;

/// A free block: where the next of its size is.
struct Free {
    next: *mut Free,
}

pub(super) struct Kept {
    first: [Cell<*mut Free>; SIZES],
    /// Bytes that may still be kept in small blocks and in others.
    room: [Cell<usize>; 2],
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

/// One of the sizes.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Size {
    number: usize,
    /// What the block takes, its word included.
    taken: usize,
}

impl Size {
    #[inline(always)]
    fn of(size: usize) -> Size {
        let taken = (taken_for(size) as usize).max(2 * STEP);
        if size <= SMALL { Size { number: taken / STEP, taken } } else { Size::above_small(taken) }
    }

    fn above_small(taken: usize) -> Size {
        let power = (taken - 1).ilog2();
        let unit = power - FRACTIONS.ilog2();
        let fractions = (taken - 1) >> unit;
        let number = SMALL_SIZES + (power - FIRST_POWER) as usize * FRACTIONS + (fractions - FRACTIONS);
        Size { number, taken: (fractions + 1) << unit }
    }

    fn numbered(number: usize) -> Size {
        let Some(above) = number.checked_sub(SMALL_SIZES) else { return Size { number, taken: number * STEP } };
        let power = FIRST_POWER + (above / FRACTIONS) as u32;
        Size { number, taken: (FRACTIONS + above % FRACTIONS + 1) << (power - FRACTIONS.ilog2()) }
    }

    /// The largest size whose blocks hold no more than `usable` bytes, which the system's allocator says of a block.
    fn of_usable(usable: usize) -> Size {
        let taken = (usable + OWN) / STEP * STEP;
        if taken <= SMALL + OWN {
            return Size { number: taken / STEP, taken };
        }
        let unit = taken.ilog2() - FRACTIONS.ilog2();
        // One less than the size above is the size at most as large; between the small sizes and the first fraction is none.
        let whole = taken >> unit << unit;
        if whole <= SMALL + OWN { Size::of(SMALL) } else { Size::above_small(whole) }
    }

    fn is_small(self) -> bool {
        self.number < SMALL_SIZES
    }

    fn layout(self) -> Layout {
        // SAFETY: the size is not too large, the alignment a power of two.
        unsafe { Layout::from_size_align_unchecked(self.taken - OWN, STEP) }
    }
}

/// Whether blocks for such requests are of the [`Size`]s.
#[inline(always)]
fn is_kept(layout: Layout) -> bool {
    layout.size() <= LARGEST && layout.align() <= STEP
}

impl Kept {
    pub(super) const fn new() -> Self {
        Self {
            first: [const { Cell::new(null_mut()) }; SIZES],
            room: [const { Cell::new(0) }; 2],
            watched: Cell::new(false),
        }
    }

    /// A block for the layout, kept or new; `None` if none is kept.
    #[inline(always)]
    fn take(&self, size: Size) -> Option<*mut u8> {
        let first = &self.first[size.number];
        let block = first.get();
        if block.is_null() {
            return None;
        }
        // SAFETY: a block of the list is free, and holds the next one's place.
        first.set(unsafe { (*block).next });
        let room = &self.room[usize::from(!size.is_small())];
        room.set(room.get() + size.taken);
        Some(block.cast())
    }

    /// A block for the layout, kept or new.
    ///
    /// # Safety
    /// As [`GlobalAlloc::alloc`].
    #[inline(always)]
    pub(super) unsafe fn allocate(&self, layout: Layout) -> *mut u8 {
        if !is_kept(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc(layout) };
        }
        let size = Size::of(layout.size());
        // SAFETY: the size is not zero: the smallest takes 32 bytes.
        self.take(size).unwrap_or_else(|| unsafe { new_block(size) })
    }

    /// The same, all bytes zero.
    ///
    /// # Safety
    /// As [`GlobalAlloc::alloc_zeroed`].
    #[inline]
    pub(super) unsafe fn allocate_zeroed(&self, layout: Layout) -> *mut u8 {
        if !is_kept(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.alloc_zeroed(layout) };
        }
        let size = Size::of(layout.size());
        // SAFETY: as above; the block is as long as the layout says.
        unsafe {
            let Some(block) = self.take(size) else { return System.alloc_zeroed(size.layout()) };
            block.write_bytes(0, layout.size());
            block
        }
    }

    /// Keeps a block or gives it back.
    ///
    /// # Safety
    /// As [`GlobalAlloc::dealloc`]; the block came from these functions, of any thread.
    #[inline(always)]
    pub(super) unsafe fn free(&self, p: *mut u8, layout: Layout) {
        if !is_kept(layout) {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(p, layout) };
        }
        // SAFETY: blocks are all of their size's layout.
        unsafe { self.keep(p, Size::of(layout.size())) }
    }

    /// # Safety
    /// `p` is a block of the system's allocator of at least that size, and the caller's to give.
    #[inline(always)]
    unsafe fn keep(&self, p: *mut u8, size: Size) {
        let room = &self.room[usize::from(!size.is_small())];
        if room.get() < size.taken && !self.begin() {
            // SAFETY: the caller's promise.
            return unsafe { System.dealloc(p, size.layout()) };
        }
        room.set(room.get() - size.taken);
        let first = &self.first[size.number];
        let block = p.cast::<Free>();
        // SAFETY: the block is aligned to 16 bytes and at least 24 long.
        unsafe { block.write(Free { next: first.get() }) };
        first.set(block);
    }

    /// A block's bytes in one of another length, which may be the same one; null if there is no memory, and nothing has changed.
    ///
    /// # Safety
    /// As [`GlobalAlloc::realloc`]; the block came from these functions, of any thread.
    #[inline]
    pub(super) unsafe fn resize(&self, p: *mut u8, old: Layout, length: usize) -> *mut u8 {
        // SAFETY: the length is not zero, as the caller promises, and no greater than an address range.
        let new = unsafe { Layout::from_size_align_unchecked(length, old.align()) };
        match (is_kept(old), is_kept(new)) {
            (true, true) if Size::of(old.size()) == Size::of(length) => return p,
            (false, false) => {
                // SAFETY: the caller's promise.
                return unsafe { System.realloc(p, old, length) };
            }
            _ => {}
        }
        if old.size() > SMALL && length > SMALL && old.align() <= STEP {
            let real = |layout: Layout| if is_kept(layout) { Size::of(layout.size()).layout() } else { layout };
            // SAFETY: so large are the blocks in truth.
            return unsafe { System.realloc(p, real(old), real(new).size()) };
        }
        // SAFETY: both blocks hold that many bytes; the old one is the caller's to give.
        unsafe {
            let q = self.allocate(new);
            if !q.is_null() {
                core::ptr::copy_nonoverlapping(p, q, old.size().min(length));
                self.free(p, old);
            }
            q
        }
    }

    /// Keeps a block of which the C library knows how long it is, or gives it back to it.
    ///
    /// # Safety
    /// `p` came from [`Self::allocate`] with an alignment of at most 16, or from `malloc` or `realloc`, and holds `usable` bytes.
    pub(super) unsafe fn free_usable(&self, p: *mut u8, usable: usize) {
        let size = if usable <= LARGEST { Some(Size::of_usable(usable)) } else { None };
        // SAFETY: the caller's promise.
        unsafe {
            match size {
                Some(size) => self.keep(p, size),
                None => libc::free(p.cast()),
            }
        }
    }

    /// No room: at the thread's first block because nobody has seen to its end yet.
    #[cold]
    #[inline(never)]
    fn begin(&self) -> bool {
        if MOST_KEPT[0] == 0 || self.watched.replace(true) || WATCH.try_with(|_| ()).is_err() {
            return false;
        }
        self.room.iter().zip(MOST_KEPT).for_each(|(room, most)| room.set(most));
        true
    }

    /// Gives all kept blocks back.
    pub(super) fn give_back(&self) {
        for (number, first) in self.first.iter().enumerate() {
            let size = Size::numbered(number);
            let room = &self.room[usize::from(!size.is_small())];
            let mut block = first.replace(null_mut());
            while !block.is_null() {
                // SAFETY: as in `take`; nobody else knows the block.
                unsafe {
                    let next = (*block).next;
                    System.dealloc(block.cast(), size.layout());
                    block = next;
                }
                room.set(room.get() + size.taken);
            }
        }
    }

    fn end(&self) {
        self.give_back();
        self.room.iter().for_each(|room| room.set(0));
    }
}

/// A block as large as all of its size are.
#[inline(never)]
unsafe fn new_block(size: Size) -> *mut u8 {
    // SAFETY: the size is not zero: the smallest takes 32 bytes.
    unsafe { System.alloc(size.layout()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_request_fits_its_size_and_no_smaller_one() {
        let mut before = Size::of(1);
        for bytes in 1..=LARGEST {
            let size = Size::of(bytes);
            assert!(size == Size::numbered(size.number) && bytes <= size.layout().size(), "{bytes}");
            assert!(size == before || before.layout().size() < bytes, "{bytes}");
            assert_eq!(size.number < SMALL_SIZES, bytes <= SMALL, "{bytes}");
            before = size;
            assert!(Size::of_usable(size.layout().size()) == size);
            let held = Size::of_usable(bytes.max(2 * STEP - OWN));
            assert!(
                held == Size::numbered(held.number) && held.layout().size() <= bytes.max(2 * STEP - OWN),
                "{bytes}"
            );
        }
        assert_eq!(before.number, SIZES - 1);
    }

    #[test]
    fn blocks_keep_their_bytes_through_all_sizes() {
        let kept = Kept::new();
        let layout = |size: usize| Layout::from_size_align(size, 8).unwrap();
        let sizes = [1, 24, 25, 1000, 1024, 1025, 5000, LARGEST, LARGEST + 1, 200_000, 40_000, 2000, 100, 8];
        // SAFETY: each block is used as its layout says, and given up once.
        unsafe {
            for round in 0..3 {
                let mut size = 8;
                let mut p = kept.allocate_zeroed(layout(size));
                assert_eq!(p.cast::<u64>().read(), 0);
                p.write(round + 7);
                for new in sizes {
                    p = kept.resize(p, layout(size), new);
                    size = new;
                    assert_eq!(p.read(), round + 7, "{new}");
                    p.add(new - 1).write(round + 7);
                    p.write(round + 7);
                }
                kept.free(p, layout(size));
            }
            let all = sizes.map(|size| (kept.allocate(layout(size)), size));
            for (i, (p, size)) in all.into_iter().enumerate() {
                p.write_bytes(i as u8, size);
            }
            for (i, (p, size)) in all.into_iter().enumerate() {
                assert_eq!((p.read(), p.add(size - 1).read()), (i as u8, i as u8));
                kept.free(p, layout(size));
            }
        }
        kept.end();
    }
}
