//! Auditing events (PEP 578): what the interpreter tells the hooks of `sys.addaudithook` before it does something.
//!
//! Without hooks an event costs one look at a flag; its arguments are made only when somebody listens. A hook is not traced unless
//! its `__cantrace__` is true. After CPython Python/sysmodule.c (`sys_audit_tstate`).

use crate::vm::{Res, Vm};
use crate::{GilCell, Value};

/// The hooks, in the order in which they were added.
#[derive(Default)]
pub struct AuditHooks(GilCell<Vec<Value>>);
crate::trace_fields!(AuditHooks { 0 });

impl Vm {
    /// Raises an auditing event; an error is a hook's veto.
    #[inline]
    pub fn audit(&self, event: &str, args: impl FnOnce() -> Res<Vec<Value>>) -> Res<()> {
        if self.interpreter().auditing.get() {
            let args = args()?;
            self.tell_auditors(&self.intern(event)?.into_value(), &args)
        } else {
            Ok(())
        }
    }

    /// Adds a hook for the rest of the interpreter's life.
    pub fn add_audit_hook(&self, hook: Value) {
        self.interpreter().traced_state::<AuditHooks>().0.with_mut(|all| all.push(hook));
        self.interpreter().auditing.set(true);
    }

    /// [`Vm::audit`] with an event that is a str already.
    pub fn tell_auditors(&self, event: &Value, args: &[Value]) -> Res<()> {
        if !self.interpreter().auditing.get() {
            return Ok(());
        }
        let hooks = self.interpreter().traced_state::<AuditHooks>().0.get();
        let args = self.new_tuple(args)?;
        let depth = &self.tracing.depth;
        for hook in hooks {
            depth.set(depth.get() + 1);
            let traced = self.get_attr_str_opt(&hook, "__cantrace__").and_then(|flag| match flag {
                Some(flag) => self.is_true(&flag),
                None => Ok(false),
            });
            if matches!(traced, Ok(true)) {
                depth.set(depth.get() - 1);
            }
            let told = match &traced {
                Ok(_) => self.call(&hook, &[event.clone(), args.clone()]).map(drop),
                Err(_) => Ok(()),
            };
            if !matches!(traced, Ok(true)) {
                depth.set(depth.get() - 1);
            }
            traced?;
            told?;
        }
        Ok(())
    }
}
