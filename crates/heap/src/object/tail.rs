//! An instance's tail, for those who know its type: slots, the dict word, inline values.

use crate::cell::ValueCell;
use crate::header::{Header, TypeFlags, TypeHead};
use crate::value::Value;
use core::ptr::NonNull;

/// # Safety
/// `value` is an object whose type has more than `index` slot words.
#[inline(always)]
pub unsafe fn slot(value: &Value, index: usize) -> &ValueCell {
    // SAFETY: the caller's promise; the word stands in the tail, initialised at birth.
    unsafe {
        let p = value.bits() as *const u8;
        let offset = (*(p as *const Header)).type_head().tail_offset.get() as usize + 8 * index;
        &*(p.add(offset) as *const ValueCell)
    }
}

/// The word `offset` bytes behind the header (inline caches remember offsets).
///
/// # Safety
/// A tail word of `value` is there.
#[inline(always)]
pub unsafe fn word(value: &Value, offset: usize) -> &ValueCell {
    // SAFETY: the caller's promise.
    unsafe { &*((value.bits() as *const u8).add(offset) as *const ValueCell) }
}

/// The dict word of an instance whose type has `TypeFlags::DICT`.
#[inline(always)]
pub fn dict(value: &Value) -> Option<&ValueCell> {
    let ty = value.header()?.type_head();
    if !ty.flags.get().has(TypeFlags::DICT) {
        return None;
    }
    // SAFETY: types with the flag have the word at dict_offset.
    Some(unsafe { word(value, ty.dict_offset()) })
}

/// # Safety
/// `index` is below the room for inline values that the instance was made with.
#[inline(always)]
pub unsafe fn inline(value: &Value, index: usize) -> &ValueCell {
    // SAFETY: the caller's promise.
    unsafe {
        let ty = (*(value.bits() as *const Header)).type_head();
        word(value, ty.dict_offset() + 8 + 8 * index)
    }
}

/// The tail words of an object that may hold values.
///
/// # Safety
/// `p` is a live instance of `ty`.
#[inline]
pub(super) unsafe fn tail_words(p: NonNull<Header>, ty: &TypeHead) -> *mut [Option<Value>] {
    let flags = ty.flags.get();
    let mut words = ty.slot_words.get() as usize;
    if flags.has(TypeFlags::DICT) {
        // SAFETY: live.
        words += 1 + (unsafe { p.as_ref() }.shape.get() & 0xff) as usize;
    }
    // SAFETY: the tail lies inside the block (instance_size); an empty tail is never read.
    let start = unsafe { p.cast::<u8>().add(ty.tail_offset.get() as usize) }.cast::<Option<Value>>();
    core::ptr::slice_from_raw_parts_mut(start.as_ptr(), words)
}

/// # Safety
/// `p` is an instance of `ty` that nobody refers to any more.
pub(super) unsafe fn drop_tail(p: NonNull<Header>, ty: &TypeHead) {
    // SAFETY: words are taken out one by one, so code run by a drop finds them empty.
    unsafe {
        let tail = tail_words(p, ty);
        for i in 0..tail.len() {
            let word = (tail as *mut Option<Value>).add(i);
            if let Some(value) = (*word).take() {
                if ty.flags.get().has(TypeFlags::EARLY) {
                    (ty.release_early)(p);
                }
                drop(value);
            }
        }
    }
}
