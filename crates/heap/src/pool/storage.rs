//! Storage for [`crate::Buffer`] and the tables of dicts: in the pools when small, else from the system's allocator, counted to the byte.

use super::{BLOCK_ALIGN, Kind, MAX_SMALL, current};
use crate::copying::copy_values;
use crate::native::Uncounted;
use core::alloc::{GlobalAlloc, Layout};
use core::ptr::NonNull;

/// Small storage lies in the pools too.
#[inline(always)]
fn is_small(layout: Layout) -> bool {
    layout.size() <= MAX_SMALL && layout.align() <= BLOCK_ALIGN
}

/// Storage for [`crate::Buffer`]: pool blocks when small, else system memory, counted to the byte.
#[inline]
pub(crate) fn raw_allocate(layout: Layout) -> Option<NonNull<u8>> {
    if is_small(layout) {
        return current().allocate_block(layout.size(), Kind::Storage);
    }
    allocate_outside(layout, |layout| {
        // SAFETY: the size is not zero (checked by the caller).
        unsafe { Uncounted.alloc(layout) }
    })
}

/// As [`raw_allocate`], all bytes zero.
pub(crate) fn raw_allocate_zeroed(layout: Layout) -> Option<NonNull<u8>> {
    if is_small(layout) {
        let block = current().allocate_block(layout.size(), Kind::Storage)?;
        // SAFETY: the whole block is ours.
        unsafe { core::ptr::write_bytes(block.as_ptr(), 0, layout.size()) };
        return Some(block);
    }
    allocate_outside(layout, |layout| {
        // SAFETY: as above.
        unsafe { Uncounted.alloc_zeroed(layout) }
    })
}

fn allocate_outside(layout: Layout, allocate: impl FnOnce(Layout) -> *mut u8) -> Option<NonNull<u8>> {
    let heap = current();
    #[cfg(any(debug_assertions, feature = "zeal"))]
    if heap.zeal.refuses(heap) {
        return None;
    }
    if !heap.charge(layout.size()) {
        return None;
    }
    let p = NonNull::new(allocate(layout));
    if let Some(p) = p
        && !heap.is_limited()
    {
        super::system::want_large_pages(p, layout.size());
    }
    match p {
        None => heap.discharge(layout.size()),
        Some(p) if heap.traced.get() => (heap.hooks().allocated)(p.as_ptr(), layout.size()),
        Some(_) => {}
    }
    p
}

/// # Safety
/// `p` came from `raw_allocate` or `raw_resize` with `layout`.
#[inline]
pub(crate) unsafe fn raw_free(p: NonNull<u8>, layout: Layout) {
    if is_small(layout) {
        // SAFETY: the caller's promise; small storage came from the pools.
        return unsafe { current().free_block(p) };
    }
    // SAFETY: the caller's promise.
    unsafe { free_outside(p, layout) }
}

/// # Safety
/// As [`raw_free`], for what is not small.
#[inline(never)]
unsafe fn free_outside(p: NonNull<u8>, layout: Layout) {
    let heap = current();
    if heap.traced.get() {
        (heap.hooks().released)(p.as_ptr());
    }
    heap.discharge(layout.size());
    // SAFETY: the caller's promise.
    unsafe {
        #[cfg(any(debug_assertions, feature = "zeal"))]
        core::ptr::write_bytes(p.as_ptr(), 0xdd, layout.size());
        Uncounted.dealloc(p.as_ptr(), layout)
    }
}

/// # Safety
/// `p` came from `raw_allocate` or `raw_resize` with `old`; `new.size()` is not zero; alignments agree.
pub(crate) unsafe fn raw_resize(p: NonNull<u8>, old: Layout, new: Layout) -> Option<NonNull<u8>> {
    if is_small(old) || is_small(new) {
        if is_small(old) && is_small(new) && old.size().div_ceil(BLOCK_ALIGN) == new.size().div_ceil(BLOCK_ALIGN) {
            return Some(p);
        }
        let q = raw_allocate(new)?;
        // SAFETY: both blocks hold at least the smaller size, and do not overlap.
        unsafe {
            copy_values(p.as_ptr(), q.as_ptr(), old.size().min(new.size()));
            raw_free(p, old);
        }
        return Some(q);
    }
    let heap = current();
    if new.size() > old.size() && !heap.charge(new.size() - old.size()) {
        return None;
    }
    // SAFETY: the caller's promise.
    let q = NonNull::new(unsafe { Uncounted.realloc(p.as_ptr(), old, new.size()) });
    match q {
        Some(q) => {
            if new.size() < old.size() {
                heap.discharge(old.size() - new.size());
            }
            if heap.traced.get() {
                (heap.hooks().released)(p.as_ptr());
                (heap.hooks().allocated)(q.as_ptr(), new.size());
            }
        }
        None => {
            if new.size() > old.size() {
                heap.discharge(new.size() - old.size());
            }
        }
    }
    q
}
