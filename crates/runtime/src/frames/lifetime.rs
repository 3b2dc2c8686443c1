//! The end of a frame: its values are given up, or move to its frame object when somebody holds one.
//!
//! A frame that ends is first taken out of the chain (`vm.exec.frame` is its caller), then cleared, then its words are free:
//! destructors that run meanwhile put their frames above it. After CPython Python/frame.c (`take_ownership`).
#![allow(unsafe_code)]

use super::{Frame, HEADER_WORDS, Owner, locals_of};
use crate::Value;
use crate::objects::frame::FrameObject;
use crate::payload::Downcast;
use crate::vm::Vm;
use ophi_heap::buffer_with_capacity;

/// Drops everything the frame owns, the last local first. The words hold UNBOUND afterwards, so that a destructor that sees the frame finds it empty.
///
/// # Safety
/// `fp` is a frame of Python code that nobody runs.
pub unsafe fn release_frame_values(fp: *mut Frame) {
    // SAFETY: the caller's promise; each word is taken out before it is dropped.
    unsafe {
        let start = locals_of(fp);
        let mut at = (*fp).sp;
        while at > start {
            at = at.sub(1);
            drop(core::ptr::replace(at, Value::UNBOUND));
        }
        (*fp).sp = start.add((*(*fp).code).slots());
        drop(core::ptr::replace(&raw mut (*fp).locals, Value::UNBOUND));
    }
}

/// Ends a frame that is out of the chain: gives its values up, or moves them to its frame object.
///
/// # Safety
/// `fp` is a frame of Python code that nobody runs; its header is dead afterwards.
pub unsafe fn clear_frame(vm: &Vm, fp: *mut Frame) {
    // SAFETY: the caller's promise; every owned word is read or dropped exactly once.
    unsafe {
        (*fp).dying = true;
        if !(*fp).object.is_unbound() {
            let object = core::ptr::replace(&raw mut (*fp).object, Value::UNBOUND);
            let shared = object.header().is_some_and(|h| h.count() > 1);
            if let Some(object) = object.downcast::<FrameObject>() {
                if shared {
                    take_ownership(vm, object, fp);
                    return;
                }
                object.frame.set(core::ptr::null_mut());
            }
        }
        release_frame_values(fp);
        core::ptr::drop_in_place(&raw mut (*fp).function);
    }
}

/// Moves the frame's values into a block of its frame object.
///
/// # Safety
/// As [`clear_frame`].
#[cold]
unsafe fn take_ownership(vm: &Vm, object: &FrameObject, fp: *mut Frame) {
    // SAFETY: the caller's promise; header and slots are copied bit for bit, and the originals are not dropped.
    unsafe {
        let slots = (*(*fp).code).slots();
        // What is left on the operand stack goes; it is not visible through the frame object.
        let locals = locals_of(fp);
        while (*fp).sp > locals.add(slots) {
            (*fp).sp = (*fp).sp.sub(1);
            drop((*fp).sp.read());
        }
        let words = HEADER_WORDS + slots;
        let Ok(mut block) = buffer_with_capacity::<u64>(words) else {
            // Without memory the frame is what `clear()` leaves of it.
            object.frame.set(core::ptr::null_mut());
            release_frame_values(fp);
            core::ptr::drop_in_place(&raw mut (*fp).function);
            return;
        };
        core::ptr::copy_nonoverlapping(fp.cast::<u64>(), block.as_mut_ptr(), words);
        block.set_len(words);
        let copy = block.as_mut_ptr().cast::<Frame>();
        (*copy).owner = Owner::FrameObject;
        (*copy).sp = locals_of(copy).add(slots);
        (*copy).dying = false;
        (*copy).previous = core::ptr::null_mut();
        object.frame.set(copy);
        object.block.set(Some(block));
        let caller = super::visible((*fp).previous);
        if !caller.is_null()
            && !object.back.is_set()
            && let Ok(back) = crate::objects::frame::object_of(vm, caller)
        {
            object.back.set(Some(back.into_value()));
        }
    }
}

/// Ends the topmost frame of the thread's stack and frees its words. `vm.exec.frame` is its caller already.
///
/// # Safety
/// As [`clear_frame`]; `fp` is the topmost frame on the stack.
#[inline]
pub unsafe fn pop_thread_frame(vm: &Vm, fp: *mut Frame) {
    // SAFETY: the caller's promise.
    unsafe { clear_frame(vm, fp) };
    vm.exec.top.set(fp.cast());
    vm.leave_call();
}
