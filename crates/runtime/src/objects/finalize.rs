//! Finalizers (`__del__`), and exceptions that nobody can catch: those of finalizers and callbacks go to
//! `sys.unraisablehook`.

use crate::Value;
use crate::objects::namespace::Namespace;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};

/// Reports what a callback raised: `what` says whose it was (`deallocator`, `GC callback`).
pub fn report_callback(vm: &Vm, raised: Raised, what: &str, callback: &Value) {
    report_context(vm, raised, &format!("while calling {what}"), callback)
}

/// As [`report_callback`] for other places: `context` stands between "Exception ignored" and the function's repr.
pub fn report_context(vm: &Vm, raised: Raised, context: &str, callback: &Value) {
    let exception = vm.take_raised(raised);
    let shown = match vm.repr(callback) {
        Ok(shown) => shown.to_utf8_lossy().into_owned(),
        Err(raised) => {
            vm.forget(raised);
            "<object repr() failed>".to_string()
        }
    };
    let raised = vm.raise_again(exception);
    vm.unraisable(raised, Some(&format!("Exception ignored {context} {shown}")), None);
}

impl Vm {
    /// Reports an exception that has no one to go to (`PyErr_WriteUnraisable`, `PyErr_FormatUnraisable`).
    pub fn unraisable(&self, raised: Raised, message: Option<&str>, object: Option<&Value>) {
        let exception = self.take_raised(raised);
        if let Some(base) = exception.downcast::<crate::objects::exceptions::BaseException>()
            && base.traceback.get().is_none()
        {
            match crate::objects::traceback::here(self) {
                Ok(here) => base.traceback.set(here),
                Err(again) => self.forget(again),
            }
        }
        if let Err(again) = self.call_unraisable_hook(&exception, message, object) {
            self.report_failed_hook(again);
        }
    }

    /// The hook itself raised: that is reported by the hook the interpreter started with.
    #[cold]
    fn report_failed_hook(&self, raised: Raised) {
        let exception = self.take_raised(raised);
        let report = || -> Res<()> {
            let Some(hook) = self.sys_attribute("unraisablehook")? else { return Ok(()) };
            let Some(original) = self.sys_attribute("__unraisablehook__")? else { return Ok(()) };
            let arguments =
                self.unraisable_arguments(&exception, Some("Exception ignored in sys.unraisablehook"), Some(&hook))?;
            self.call(&original, &[arguments]).map(drop)
        };
        if let Err(again) = report() {
            self.forget(again);
        }
    }

    fn call_unraisable_hook(&self, exception: &Value, message: Option<&str>, object: Option<&Value>) -> Res<()> {
        let Some(hook) = self.sys_attribute("unraisablehook")?.filter(|h| !h.is_none()) else {
            return Ok(());
        };
        let arguments = self.unraisable_arguments(exception, message, object)?;
        self.audit("sys.unraisablehook", || Ok(vec![hook.clone(), arguments.clone()]))?;
        self.call(&hook, &[arguments]).map(drop)
    }

    /// What the hook receives: `sys.UnraisableHookArgs`.
    fn unraisable_arguments(&self, exception: &Value, message: Option<&str>, object: Option<&Value>) -> Res {
        let traceback =
            exception.downcast::<crate::objects::exceptions::BaseException>().and_then(|e| e.traceback.get());
        let message = match message {
            Some(message) => self.new_str(message)?.into_value(),
            None => Value::NONE,
        };
        let values = [
            self.class(exception).to_value(),
            exception.clone(),
            traceback.unwrap_or(Value::NONE),
            message,
            object.cloned().unwrap_or(Value::NONE),
        ];
        match self.sys_attribute("UnraisableHookArgs")? {
            Some(class) => {
                let tuple = self.new_tuple(&values)?;
                self.call(&class, &[tuple])
            }
            None => {
                let names = ["exc_type", "exc_value", "exc_traceback", "err_msg", "object"];
                let namespace = Namespace::new(self)?;
                for (name, value) in names.iter().zip(values) {
                    self.set_attr_str(namespace.as_value(), name, &value)?;
                }
                Ok(namespace.into_value())
            }
        }
    }
}
