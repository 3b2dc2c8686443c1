//! What classes and `super` need from running frames.

use crate::objects::cell::Cell;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Type, Value};

impl Vm {
    pub(crate) fn caller_globals(&self) -> Option<Ref<Dict>> {
        self.current_globals()
    }

    /// The `__class__` cell's content and the first argument of the running function, for `super()` without arguments.
    pub(crate) fn zero_argument_super(&self) -> Res<(Value, Value)> {
        let Some(fp) = self.current_frame() else { return Err(self.runtime_error("super(): no current frame")) };
        let code = fp.code();
        if code.argcount == 0 {
            return Err(self.runtime_error("super(): no arguments"));
        }
        let mut first = fp.local(0);
        if let Some(value) = &first
            && code.kind(0) & ophi_bytecode::code::kinds::CELL != 0
            && let Some(cell) = value.downcast::<Cell>()
        {
            first = cell.value.get();
        }
        let Some(first) = first else { return Err(self.runtime_error("super(): arg[0] deleted")) };
        for slot in 0..code.slots() {
            if !code.is_free(slot) || !code.slot_names[slot].eq_str("__class__") {
                continue;
            }
            let cell = fp.local(slot as u32);
            let Some(cell) = cell.as_ref().and_then(|c| c.downcast::<Cell>()) else {
                return Err(self.runtime_error("super(): bad __class__ cell"));
            };
            let Some(class) = cell.value.get() else {
                return Err(self.runtime_error("super(): empty __class__ cell"));
            };
            if !class.is_a::<Type>() {
                return Err(self.runtime_error(format!(
                    "super(): __class__ is not a type ({})",
                    self.type_name(&class)
                )));
            }
            return Ok((class, first));
        }
        Err(self.runtime_error("super(): __class__ cell not found"))
    }

    pub(crate) fn bind_to(&self, function: &Value, receiver: &Value) -> Res {
        self.bind_method(function.clone(), receiver.clone())
    }
}
