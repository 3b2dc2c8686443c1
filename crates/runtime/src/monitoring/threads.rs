//! What each thread keeps for its trace and profile functions; the frames of all threads.
#![allow(unsafe_code)]

use super::legacy::TraceFunction;
use crate::frames::{Frame, Owner};
use crate::{ValueCell, Vm};
use core::cell::Cell;

/// A trace or profile function with the object it works for.
#[derive(Default)]
pub struct Hook {
    pub function: Cell<Option<TraceFunction>>,
    pub object: ValueCell,
}

/// A thread's share.
#[derive(Default)]
pub struct ThreadTracing {
    /// Callbacks that are running: they are not told about themselves.
    pub depth: Cell<u32>,
    /// One more than the number of the event whose callback runs; 0: none.
    pub event: Cell<u8>,
    pub trace: Hook,
    pub profile: Hook,
}

/// Calls `f` for every frame of Python code that is running on any thread of the interpreter.
pub fn each_frame(vm: &Vm, mut f: impl FnMut(*mut Frame)) {
    vm.for_each_thread(|thread| {
        let mut fp = thread.exec.frame.get();
        while !fp.is_null() {
            // SAFETY: a chain of live frames.
            unsafe {
                if !matches!((*fp).owner, Owner::FrameObject | Owner::Interpreter) && !(*fp).dying {
                    f(fp);
                }
                fp = (*fp).previous;
            }
        }
    });
}
