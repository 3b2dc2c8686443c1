//! How the system's allocator is told to treat large blocks.
//!
//! Left to itself it maps what has more than 128 KiB, and unmaps it when it is freed; it learns from that, but gives back what is free at the
//! end of its memory all the same. A program that makes texts of a megabyte in turn then gets each page anew, which costs more than what it
//! does with the text. So up to [`MAPPED`] blocks stay in the allocator's own memory, of which [`FREE_AT_END`] may be unused. What is larger
//! is mapped, and asks for large pages: those are had for the price of one fault in 512.

use core::ptr::NonNull;

/// Blocks of so many bytes are mapped: more than the table of a set of a hundred thousand takes, which is filled and dropped in turn. A
/// growing list that would leave larger holes behind moves by remapping.
const MAPPED: usize = (4 << 20) + (64 << 10);
const FREE_AT_END: usize = 32 << 20;
/// As most systems have them.
const LARGE_PAGE: usize = 2 << 20;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
fn set(mapped: usize, free_at_end: usize) {
    // SAFETY: sets parameters of the allocator, which may be done at any time.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, mapped as libc::c_int);
        libc::mallopt(libc::M_TRIM_THRESHOLD, free_at_end as libc::c_int);
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
fn set(_: usize, _: usize) {}

pub(super) fn keep_freed_blocks() {
    set(MAPPED, FREE_AT_END);
}

/// Under a limit large blocks go back at once, and move by remapping: a copy would need both places.
pub(super) fn give_freed_blocks_back() {
    set(128 << 10, 128 << 10);
}

/// Asks for large pages under a block that has just been allocated, if it is large enough to have been mapped.
#[inline(always)]
pub(super) fn want_large_pages(block: NonNull<u8>, size: usize) {
    if size >= MAPPED {
        advise(block, size);
    }
}

#[cold]
fn advise(block: NonNull<u8>, size: usize) {
    let start = (block.as_ptr() as usize).next_multiple_of(LARGE_PAGE);
    let end = (block.as_ptr() as usize + size) & !(LARGE_PAGE - 1);
    #[cfg(target_os = "linux")]
    if start < end {
        // SAFETY: the range lies inside the block; where the system refuses, pages are small.
        unsafe { libc::madvise(start as *mut libc::c_void, end - start, libc::MADV_HUGEPAGE) };
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (start, end);
}
