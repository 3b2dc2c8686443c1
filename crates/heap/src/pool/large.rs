//! Blocks that are too large for the pools, and small ones that found no pool: from the system's allocator, in one list.

use super::{BLOCK_ALIGN, Heap, Kind, MAX_SMALL, POOL_SIZE, Pool};
use core::cell::Cell;
use core::ptr::NonNull;

/// The bits of `Large::next` that hold the kind.
pub(super) const KIND: usize = 3;

/// Stands before each large object: the list of them. The low bits of `next` are the [`Kind`] of what follows.
#[repr(C)]
pub(super) struct Large {
    pub(super) next: Cell<usize>,
    prev: Cell<usize>,
}

pub(super) const LARGE_PREFIX: usize = size_of::<Large>();
const _: () = assert!(LARGE_PREFIX.is_multiple_of(BLOCK_ALIGN));

impl Large {
    pub(super) fn is_of(&self, kind: Kind) -> bool {
        self.next.get() & KIND == kind as usize
    }
}

impl Heap {
    pub(super) fn allocate_large(&self, size: usize, kind: Kind) -> Option<NonNull<u8>> {
        let size = size.checked_add(LARGE_PREFIX)?;
        if size > isize::MAX as usize || !self.charge(size) {
            return None;
        }
        let p = NonNull::new(crate::native::allocate_usable(size));
        match p {
            Some(p) => {
                if !self.is_limited() {
                    super::system::want_large_pages(p, size);
                }
                self.large_blocks.set(self.large_blocks.get() + 1);
                // The usable size is what free_large will see.
                // SAFETY: just allocated; the prefix is written before it is linked, and the block lies behind it.
                unsafe {
                    let usable = libc::malloc_usable_size(p.as_ptr().cast());
                    self.taken.set(self.taken.get() + usable - size);
                    p.cast::<Large>().write(Large { next: Cell::new(kind as usize), prev: Cell::new(0) });
                    self.link_large(p.cast().as_ref());
                    Some(p.add(LARGE_PREFIX))
                }
            }
            None => {
                self.discharge(size);
                None
            }
        }
    }

    /// The prefix of a large block.
    ///
    /// # Safety
    /// `block` came from `allocate_large`.
    unsafe fn large_of(block: NonNull<u8>) -> NonNull<Large> {
        // SAFETY: the caller's promise.
        unsafe { block.sub(LARGE_PREFIX).cast() }
    }

    fn link_large(&self, large: &Large) {
        let first = self.large.get();
        large.next.set(first | (large.next.get() & KIND));
        large.prev.set(0);
        if first != 0 {
            // SAFETY: members of the list are live.
            unsafe { (*(first as *const Large)).prev.set(large as *const Large as usize) };
        }
        self.large.set(large as *const Large as usize);
    }

    fn unlink_large(&self, large: &Large) {
        let (next, prev) = (large.next.get() & !KIND, large.prev.get());
        // SAFETY: neighbours in the list are live.
        unsafe {
            if next != 0 {
                (*(next as *const Large)).prev.set(prev);
            }
            if prev == 0 {
                self.large.set(next);
            } else {
                let before = &(*(prev as *const Large)).next;
                before.set(next | (before.get() & KIND));
            }
        }
    }

    /// Makes a block at least `size` bytes long, moving it when it must; `held` of its bytes are in use and kept. `None` when memory is
    /// refused: the block is then as it was. Blocks that grow once are given room to grow again.
    ///
    /// # Safety
    /// `block` came from `allocate_block` of this heap; after a move the old address is not used.
    pub unsafe fn grow_block(&self, block: NonNull<u8>, held: usize, size: usize) -> Option<NonNull<u8>> {
        let address = block.as_ptr() as usize;
        // SAFETY: the caller's promise: a live pool block, or a block of the system's allocator.
        unsafe {
            let is_collected = if self.is_pooled(address) {
                (*((address & !(POOL_SIZE - 1)) as *const Pool)).is_of(Kind::Collected)
            } else {
                Heap::large_of(block).as_ref().is_of(Kind::Collected)
            };
            let kind = if is_collected { Kind::Collected } else { Kind::Plain };
            let usable = if self.is_pooled(address) {
                (*((address & !(POOL_SIZE - 1)) as *const Pool)).block_size()
            } else {
                libc::malloc_usable_size(Heap::large_of(block).as_ptr().cast()) - LARGE_PREFIX
            };
            if size <= usable && !self.traced.get() {
                return Some(block);
            }
            let wanted = size.saturating_add(size / 8);
            if self.is_pooled(address) || self.traced.get() {
                let fresh = self.allocate_block(if wanted <= MAX_SMALL { size } else { wanted }, kind)?;
                core::ptr::copy_nonoverlapping(block.as_ptr(), fresh.as_ptr(), held);
                self.free_block(block);
                return Some(fresh);
            }
            if wanted > isize::MAX as usize || !self.charge(wanted - usable) {
                return None;
            }
            let large = Heap::large_of(block);
            self.unlink_large(large.as_ref());
            let grown = NonNull::new(libc::realloc(large.as_ptr().cast(), wanted + LARGE_PREFIX) as *mut Large);
            let Some(grown) = grown else {
                self.link_large(large.as_ref());
                self.discharge(wanted - usable);
                return None;
            };
            self.link_large(grown.as_ref());
            // The usable size is what freeing will see.
            let taken = libc::malloc_usable_size(grown.as_ptr().cast());
            self.taken.set(self.taken.get() + taken - (wanted + LARGE_PREFIX));
            Some(grown.cast::<u8>().add(LARGE_PREFIX))
        }
    }

    /// # Safety
    /// `block` came from `allocate_large`.
    #[cold]
    pub(super) unsafe fn free_large(&self, block: NonNull<u8>) {
        // SAFETY: the caller's promise.
        unsafe {
            let large = Heap::large_of(block);
            self.unlink_large(large.as_ref());
            let taken = libc::malloc_usable_size(large.as_ptr().cast());
            self.discharge(taken);
            #[cfg(any(debug_assertions, feature = "zeal"))]
            core::ptr::write_bytes(large.as_ptr().cast::<u8>(), 0xdd, taken);
            crate::native::free_usable(large.as_ptr().cast(), taken);
        }
        self.large_blocks.set(self.large_blocks.get() - 1);
    }
}
