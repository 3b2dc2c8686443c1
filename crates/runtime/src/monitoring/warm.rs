//! The code objects whose RESUME has become RESUME_CHECK: a ring of links that stand inside them.
//!
//! Code objects never move, so a link's neighbours can be addresses; a code object that dies takes itself out. The ring exists so
//! that RESUME_CHECK need not compare versions: when the version advances, every member's RESUME is restored.
#![allow(unsafe_code)]

use crate::objects::code::Code;
use core::cell::Cell;
use core::ptr::null;
use ophi_bytecode::instruction::Opcode;

/// A place in the ring; both null: not in it.
pub struct WarmLink {
    previous: Cell<*const WarmLink>,
    next: Cell<*const WarmLink>,
}

impl Default for WarmLink {
    fn default() -> WarmLink {
        WarmLink { previous: Cell::new(null()), next: Cell::new(null()) }
    }
}

impl WarmLink {
    fn unlink(&self) {
        if self.next.get().is_null() {
            return;
        }
        // SAFETY: neighbours take themselves out before they go.
        unsafe {
            (*self.previous.get()).next.set(self.next.get());
            (*self.next.get()).previous.set(self.previous.get());
        }
        self.previous.set(null());
        self.next.set(null());
    }
}

impl Drop for WarmLink {
    fn drop(&mut self) {
        self.unlink();
    }
}

/// The ring's fixed member.
pub struct WarmList(Box<WarmLink>);

impl Default for WarmList {
    fn default() -> WarmList {
        let head = Box::<WarmLink>::default();
        head.previous.set(&raw const *head);
        head.next.set(&raw const *head);
        WarmList(head)
    }
}

impl WarmList {
    /// The code's RESUME has been quickened.
    pub fn add(&self, code: &Code) {
        let link = &code.monitoring.warm;
        if !link.next.get().is_null() {
            return;
        }
        let head: *const WarmLink = &raw const *self.0;
        // SAFETY: the head's neighbour is a live link.
        unsafe {
            let first = self.0.next.get();
            link.previous.set(head);
            link.next.set(first);
            (*first).previous.set(link);
        }
        self.0.next.set(link);
    }

    /// Restores every member's RESUME and empties the ring.
    pub fn restore_all(&self) {
        let head: *const WarmLink = &raw const *self.0;
        loop {
            let first = self.0.next.get();
            if core::ptr::eq(first, head) {
                return;
            }
            // SAFETY: every link but the head stands in the `monitoring.warm` of a live code object.
            unsafe {
                let code = first.cast::<u8>().sub(core::mem::offset_of!(Code, monitoring.warm)).cast::<Code>();
                (*first).unlink();
                restore(&*code);
            }
        }
    }
}

fn restore(code: &Code) {
    let several = code.is_generator_like();
    for (at, base) in super::code::instructions(code) {
        if base == Opcode::RESUME {
            // SAFETY: a unit of the stream.
            unsafe {
                let unit = code.units().add(at);
                if *unit & 0xff == Opcode::RESUME_CHECK.0 as u16 {
                    *unit = (*unit & 0xff00) | Opcode::RESUME.0 as u16;
                }
            }
            if !several {
                return;
            }
        }
    }
}
