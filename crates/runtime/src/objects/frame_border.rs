//! What classes and `super` need from running frames: set by the interpreter's part of this crate when it starts.

use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Value};
use core::cell::Cell;

/// Functions over the running Python frame. `None`: no frames yet.
#[derive(Default)]
pub struct FrameBorder {
    /// The globals of the innermost Python frame.
    pub globals: Cell<Option<fn(&Vm) -> Option<Ref<Dict>>>>,
    /// `__class__` cell and first argument of the innermost Python frame, for `super()`.
    pub zero_argument_super: Cell<Option<fn(&Vm) -> Res<(Value, Value)>>>,
    /// A bound method of function and receiver.
    pub bind_method: Cell<Option<fn(&Vm, Value, Value) -> Res>>,
}

impl Vm {
    pub(crate) fn caller_globals(&self) -> Option<Ref<Dict>> {
        self.interpreter().state::<FrameBorder>().globals.get().and_then(|f| f(self))
    }

    pub(crate) fn zero_argument_super(&self) -> Res<(Value, Value)> {
        match self.interpreter().state::<FrameBorder>().zero_argument_super.get() {
            Some(f) => f(self),
            None => Err(crate::objects::super_object::no_arguments(self)),
        }
    }

    pub(crate) fn bind_to(&self, function: &Value, receiver: &Value) -> Res {
        match self.interpreter().state::<FrameBorder>().bind_method.get() {
            Some(f) => f(self, function.clone(), receiver.clone()),
            None => Err(self.not_implemented("bound methods are not there yet")),
        }
    }
}
