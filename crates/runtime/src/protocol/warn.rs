//! Issuing warnings from native code (`PyErr_WarnEx`).

use crate::Value;
use crate::payload::TypeDef;
use crate::vm::{Res, Vm};
use crate::warnings::{WarnExplicit, do_warn, warn_explicit};

impl Vm {
    /// `warnings.warn(message, category, stacklevel)`. Errors when a filter turns the warning into an exception.
    pub fn warn(&self, category: &'static TypeDef, message: &str, stack_level: i64) -> Res<()> {
        let category = self.ty(category).to_value();
        self.warn_class(&category, message, stack_level)
    }

    /// As [`Vm::warn`], with a class object.
    pub fn warn_class(&self, category: &Value, message: &str, stack_level: i64) -> Res<()> {
        if self.interpreter().modules.get().is_none() {
            // Before there are modules nobody could see it.
            return Ok(());
        }
        let text = self.new_str(message)?.into_value();
        do_warn(self, &text, category, stack_level as isize, None, &[])
    }

    /// `warnings.warn_explicit` about a line of a file (`PyErr_WarnExplicitObject`), without registry.
    pub fn warn_at(&self, category: &'static TypeDef, message: &str, filename: &Value, lineno: i32) -> Res<()> {
        let warning = WarnExplicit {
            category: self.ty(category).to_value(),
            message: self.new_str(message)?.into_value(),
            filename: filename.clone(),
            lineno,
            module: None,
            registry: None,
            line: None,
            source: None,
        };
        warn_explicit(self, &warning)
    }
}
