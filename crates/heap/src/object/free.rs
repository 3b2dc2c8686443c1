//! Freeing: what happens when the last reference goes, in bounded machine stack however deep the structure.

use super::functions::drop_payload;
use super::tail::drop_tail;
use super::{Object, Trace};
use crate::header::{GcHead, Header, TypeFlags};
use crate::pool::{self, Heap};
use crate::value::Value;
use core::cell::Cell;
use core::ptr::NonNull;

/// Gives up one reference.
///
/// # Safety
/// The caller owns one reference to the live object at `p` and does not use it afterwards.
#[inline(always)]
pub unsafe fn release(p: NonNull<Header>) {
    // SAFETY: live by the caller's promise.
    if unsafe { p.as_ref() }.decrement() {
        // SAFETY: that was the last reference.
        unsafe { free_object(p) }
    }
}

/// How deep `free_object` may recurse before it queues objects instead.
const MAX_FREE_DEPTH: u32 = 64;

// Per thread: a finalizer may hand the GIL over, and the thread that runs meanwhile is at a depth of its own.
thread_local! {
    static FREE_DEPTH: Cell<u32> = const { Cell::new(0) };
    static QUEUED: Cell<usize> = const { Cell::new(0) };
    static FREE_LATER: core::cell::RefCell<Vec<NonNull<Header>>> = const { core::cell::RefCell::new(Vec::new()) };
}

/// Frees an object whose count has reached zero, in the way its type asks for.
///
/// # Safety
/// `p` is a live object with count 0 to which nobody else refers.
#[inline(always)]
pub unsafe fn free_object(p: NonNull<Header>) {
    // SAFETY: the object keeps its type alive; the rest is the caller's promise.
    unsafe { (p.as_ref().type_head().free)(p) }
}

/// Frees any object: finalizer, weak references, payload, tail, memory, type.
/// Nested frees beyond a fixed depth are queued and done by the outermost call, so deep structures need no deep stack.
///
/// # Safety
/// As [`free_object`].
#[inline(never)]
pub unsafe fn free_general(p: NonNull<Header>) {
    let heap = pool::current();
    let depth = FREE_DEPTH.get();
    if depth >= MAX_FREE_DEPTH {
        // SAFETY: the caller's promise.
        return unsafe { free_later(heap, p) };
    }
    FREE_DEPTH.set(depth + 1);
    // SAFETY: the caller's promise.
    unsafe { free_one(heap, p) };
    if depth == 0 && QUEUED.get() != 0 {
        free_queued(heap);
    }
    FREE_DEPTH.set(depth);
}

/// As [`free_general`] for instances of a builtin class whose payload owns no other object, or only such as own none: no depth to
/// count.
///
/// # Safety
/// As [`free_object`]; the object is header and payload `T` alone, and begins its block.
pub unsafe fn free_leaf<T>(p: NonNull<Header>) {
    // SAFETY: the caller's promise.
    unsafe {
        drop_payload::<T>(p);
        pool::current().free_block(p.cast());
    }
}

/// As [`free_general`] for instances of a builtin class that are prefix, header and payload `T` alone.
///
/// # Safety
/// As [`free_object`], of such a class.
pub unsafe fn free_collected<T>(p: NonNull<Header>) {
    // SAFETY: such objects stand behind their prefix.
    let gc = unsafe { p.cast::<GcHead>().sub(1).as_ref() };
    let depth = FREE_DEPTH.get();
    if depth >= MAX_FREE_DEPTH || gc.has(GcHead::WEAKLY_REFERENCED) {
        // SAFETY: the caller's promise.
        return unsafe { free_general(p) };
    }
    FREE_DEPTH.set(depth + 1);
    let heap = pool::current();
    heap.gc.untrack_dying(gc);
    // SAFETY: nobody refers to the object: the payload is dropped once, then the block goes back whole.
    unsafe {
        drop_payload::<T>(p);
        heap.free_block(p.cast::<GcHead>().sub(1).cast());
    }
    if depth == 0 && QUEUED.get() != 0 {
        free_queued(heap);
    }
    FREE_DEPTH.set(depth);
}

/// As [`free_collected`] for instances with the word of a dict behind the payload.
///
/// # Safety
/// As [`free_collected`].
pub unsafe fn free_with_dict<T>(p: NonNull<Header>) {
    // SAFETY: the word stands behind the payload, written at birth; where there is a dict, it goes before the payload does.
    unsafe {
        if (*p.cast::<Object<T>>().add(1).cast::<Option<Value>>().as_ptr()).is_some() {
            free_general(p)
        } else {
            free_collected::<T>(p)
        }
    }
}

/// As [`free_collected`] for a type with a finalizer.
///
/// # Safety
/// As [`free_collected`].
pub unsafe fn free_finalized<T: Trace>(p: NonNull<Header>) {
    // SAFETY: the caller's promise; such objects stand behind their prefix.
    unsafe {
        let payload = &(*p.cast::<Object<T>>().as_ptr()).payload;
        if payload.is_finished() {
            return free_collected::<T>(p);
        }
        let depth = FREE_DEPTH.get();
        if depth >= MAX_FREE_DEPTH || p.cast::<GcHead>().sub(1).as_ref().has(GcHead::WEAKLY_REFERENCED) {
            return free_general(p);
        }
        // As while a finalizer runs: the object is whole and followed, and what it gives up may find it and keep it.
        FREE_DEPTH.set(depth + 1);
        p.as_ref().increment();
        let finished = payload.finish_quietly();
        let last = p.as_ref().decrement();
        FREE_DEPTH.set(depth);
        match (finished, last) {
            (_, false) => {}
            (true, true) => free_collected::<T>(p),
            (false, true) => free_general(p),
        }
    }
}

/// # Safety
/// As [`free_object`].
#[cold]
#[inline(never)]
unsafe fn free_later(heap: &Heap, p: NonNull<Header>) {
    // A collection that runs before its turn comes must not find a dead object.
    // SAFETY: live until it is freed.
    if let Some(gc) = unsafe { p.as_ref() }.gc_head() {
        heap.gc.untrack(gc);
    }
    FREE_LATER.with_borrow_mut(|later| later.push(p));
    QUEUED.set(QUEUED.get() + 1);
}

#[cold]
#[inline(never)]
fn free_queued(heap: &Heap) {
    // What is queued first comes first, and what its end queues before what was queued behind it: the order of ends that a deep
    // machine stack would make.
    FREE_LATER.with_borrow_mut(|later| later.reverse());
    while let Some((next, left)) = FREE_LATER.with_borrow_mut(|later| Some((later.pop()?, later.len()))) {
        QUEUED.set(QUEUED.get() - 1);
        // SAFETY: queued by `free_object` with count 0; what a finalizer may bring back is followed again first.
        unsafe {
            if let Some(gc) = next.as_ref().gc_head() {
                heap.gc.track(gc);
            }
            free_one(heap, next)
        }
        FREE_LATER.with_borrow_mut(|later| {
            if later.len() > left + 1 {
                later[left..].reverse();
            }
        });
    }
    // What a deep structure took is given back.
    FREE_LATER.with_borrow_mut(|later| {
        if later.is_empty() && later.capacity() > 1024 {
            *later = Vec::new();
        }
    });
}

/// # Safety
/// As [`free_object`].
#[inline(always)]
unsafe fn free_one(heap: &Heap, p: NonNull<Header>) {
    // SAFETY: live until its memory is given back below.
    let header = unsafe { p.as_ref() };
    let mut ty = header.type_pointer();
    // SAFETY: the object keeps its type alive.
    let mut flags = unsafe { ty.as_ref() }.flags.get();
    if flags.has(TypeFlags::FINALIZER) {
        let already = header.gc_head().is_some_and(|g| g.has(GcHead::FINALIZED));
        if !already {
            if let Some(g) = header.gc_head() {
                g.set(GcHead::FINALIZED, true);
            }
            header.increment();
            (heap.hooks().finalize)(p);
            if !header.decrement() {
                return; // resurrected
            }
            // A finalizer may have given the object another class.
            ty = header.type_pointer();
            // SAFETY: as above.
            flags = unsafe { ty.as_ref() }.flags.get();
        }
    }
    if flags.has(TypeFlags::GC) {
        // SAFETY: objects of such types are allocated with the prefix right before the header.
        let gc = unsafe { p.cast::<GcHead>().sub(1).as_ref() };
        if gc.has(GcHead::WEAKLY_REFERENCED) {
            header.increment();
            (heap.hooks().forget_weak_references)(p);
            if !header.decrement() {
                return; // a callback brought it back
            }
            ty = header.type_pointer();
            // SAFETY: as above; classes that can take each other's instances agree on the prefix.
            flags = unsafe { ty.as_ref() }.flags.get();
        }
        heap.gc.untrack(gc);
    }
    // SAFETY: the object keeps its type alive.
    let type_head = unsafe { ty.as_ref() };
    // SAFETY: nobody refers to the object; payload and tail are dropped once, then the block is given back whole.
    unsafe {
        if flags.has(TypeFlags::DICT) || type_head.slot_words.get() != 0 {
            drop_tail(p, type_head);
        }
        (type_head.drop_payload)(p);
        heap.free_block(block_start(p, flags));
    }
    if flags.has(TypeFlags::HEAP) {
        // SAFETY: the instance owned one reference to its type.
        unsafe { release(ty.cast()) }
    }
}

/// Where the memory block of an object begins.
fn block_start(p: NonNull<Header>, flags: TypeFlags) -> NonNull<u8> {
    let p = p.cast::<u8>();
    // SAFETY: collected objects are allocated with their prefix in the same block.
    if flags.has(TypeFlags::GC) { unsafe { p.sub(size_of::<GcHead>()) } } else { p }
}
