//! Issuing warnings from native code: through the `warnings` module when it can be imported.

use crate::Value;
use crate::payload::TypeDef;
use crate::vm::{Res, Vm};

impl Vm {
    /// `warnings.warn(message, category, stacklevel)`. Errors when a filter turns the warning into an exception. Before the
    /// machinery of imports exists the warning is dropped, as CPython drops it.
    pub fn warn(&self, category: &'static TypeDef, message: &str, stack_level: i64) -> Res<()> {
        let category = self.ty(category).to_value();
        self.warn_class(&category, message, stack_level)
    }

    /// As [`Vm::warn`], with a class object.
    pub fn warn_class(&self, category: &Value, message: &str, stack_level: i64) -> Res<()> {
        let Some(modules) = self.interpreter().modules.get() else { return Ok(()) };
        let module = match modules.get_text(self, "_warnings")? {
            Some(module) => module,
            None => match modules.get_text(self, "warnings")? {
                Some(module) => module,
                None => return Ok(()),
            },
        };
        let text = self.new_str(message)?.into_value();
        self.call_method_str(&module, "warn", &[text, category.clone(), self.new_int(stack_level)?])?;
        Ok(())
    }
}
