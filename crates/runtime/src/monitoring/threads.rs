//! The threads of an interpreter, and what each keeps for its trace and profile functions.
#![allow(unsafe_code)]

use super::legacy::TraceFunction;
use crate::frames::{Frame, Owner};
use crate::{GilCell, ValueCell, Vm};
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
    known: Cell<bool>,
}

/// The threads that have entered the interpreter.
#[derive(Default)]
pub struct Threads(GilCell<Vec<*const Vm>>);

impl Threads {
    /// A thread begins or goes on; its context stays where it is until it is dropped.
    #[inline]
    pub fn enter(&self, vm: &Vm) {
        if !vm.tracing.known.replace(true) {
            self.0.with_mut(|all| all.push(vm));
        }
    }

    /// A thread's context ends.
    pub fn leave(&self, vm: &Vm) {
        if vm.tracing.known.replace(false) {
            self.0.with_mut(|all| all.retain(|other| !core::ptr::eq(*other, vm)));
        }
    }

    /// Calls `f` for every thread there is now.
    pub fn each<E>(&self, mut f: impl FnMut(&Vm) -> Result<(), E>) -> Result<(), E> {
        for thread in self.0.get() {
            if self.0.with(|all| all.contains(&thread)) {
                // SAFETY: a thread takes itself out before its context goes; that needs the GIL, which the caller holds.
                f(unsafe { &*thread })?;
            }
        }
        Ok(())
    }

    /// Calls `f` for every frame of Python code that is running on any thread.
    pub fn each_frame<E>(&self, mut f: impl FnMut(*mut Frame) -> Result<(), E>) -> Result<(), E> {
        self.each(|thread| {
            let mut fp = thread.exec.frame.get();
            while !fp.is_null() {
                // SAFETY: a chain of live frames.
                unsafe {
                    if matches!((*fp).owner, Owner::Thread | Owner::Generator) && !(*fp).dying {
                        f(fp)?;
                    }
                    fp = (*fp).previous;
                }
            }
            Ok(())
        })
    }
}
