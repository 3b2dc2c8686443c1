//! An object as a whole, payload, tail and class: visited, named, cleared.

use super::Visitor;
use super::tail::{drop_tail, tail_words};
use crate::describe::Edges;
use crate::header::{Header, TypeFlags};
use core::ptr::NonNull;

/// Visits what an object owns: payload, tail, and its class when that was made at run time.
///
/// # Safety
/// `p` is a live object.
pub unsafe fn traverse_object(p: NonNull<Header>, visitor: &mut Visitor<'_>) {
    // SAFETY: live; visitors change no value.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.traverse_payload)(p, visitor);
        let flags = ty.flags.get();
        if !flags.has(TypeFlags::HEAP.with(TypeFlags::DICT)) && ty.slot_words.get() == 0 {
            return;
        }
        visitor.each((*tail_words(p, ty)).iter().flatten());
        if flags.has(TypeFlags::HEAP) {
            visitor.pointer(p.as_ref().type_pointer().cast());
        }
    }
}

/// Names what an object owns: payload, tail words, and its class when that was made at run time.
///
/// # Safety
/// `p` is a live object.
pub unsafe fn describe_object(p: NonNull<Header>, edges: &mut Edges<'_>) {
    use crate::describe::Part;
    // SAFETY: live; describing changes no value.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.describe_payload)(p, edges);
        let slots = ty.slot_words.get() as usize;
        for (i, word) in (*tail_words(p, ty)).iter().enumerate() {
            let part = match i {
                _ if i < slots => Part::Slot(i),
                _ if i == slots => Part::Dict,
                _ => Part::Attribute(i - slots - 1),
            };
            if let Some(v) = word {
                edges.part(part).value(v);
            }
        }
        if ty.flags.get().has(TypeFlags::HEAP) {
            edges.part(Part::Class).pointer(p.as_ref().type_pointer().cast());
        }
    }
}

/// Breaks the object's references (the collector's `tp_clear`). Inline attribute values are emptied in place.
///
/// # Safety
/// `p` is a live object that the caller holds a reference to.
pub unsafe fn clear_object(p: NonNull<Header>) {
    // SAFETY: live and held by the caller.
    unsafe {
        let ty = p.as_ref().type_head();
        (ty.clear_payload)(p);
        drop_tail(p, ty);
    }
}
