//! `displayhook`, `excepthook`, `unraisablehook`, `breakpointhook`, `exit`, audit hooks.

use super::Sys;
use crate::support::{builtin, import};
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::exceptions::BaseException;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Res, Tuple, Value, Vm, methods};

/// Raises an auditing event (PEP 578).
pub fn audit(vm: &Vm, event: &Value, args: &[Value]) -> Res<()> {
    vm.tell_auditors(event, args)
}

/// An attribute of `sys`; `None` when it is missing.
pub fn sys_attribute(vm: &Vm, name: &str) -> Res<Option<Value>> {
    vm.sys_attribute(name)
}

/// Prints the exception as the interpreter does when nobody catches it: through the library's `traceback`, which knows about
/// suggestions and colours; natively when that fails.
pub fn print_exception(vm: &Vm, exception: &Value) -> Res<()> {
    let Some(stderr) = sys_attribute(vm, "stderr")?.filter(|f| !f.is_none()) else { return Ok(()) };
    print_exception_to(vm, exception, &stderr)
}

/// As [`print_exception`], to a stream that need not be `sys.stderr`.
pub fn print_exception_to(vm: &Vm, exception: &Value, stderr: &Value) -> Res<()> {
    let printed = (|| -> Res<()> {
        let traceback = import(vm, "traceback")?;
        if sys_attribute(vm, "stderr")?.is_some_and(|usual| usual.is(stderr)) {
            vm.call_method_str(&traceback, "_print_exception_bltin", core::slice::from_ref(exception))?;
            return Ok(());
        }
        let class = vm.class(exception).to_value();
        let of = vm.get_attr_str(exception, "__traceback__")?;
        let arguments = [class, exception.clone(), of, Value::NONE, stderr.clone()];
        vm.call_method_str(&traceback, "print_exception", &arguments)?;
        Ok(())
    })();
    if let Err(raised) = printed {
        let inner = vm.take_raised(raised);
        let text = vm.new_str(&ophi_runtime::traceback::render(vm, exception))?.into_value();
        if let Err(raised) = vm.call_method_str(stderr, "write", &[text]) {
            vm.forget(raised);
        }
        drop(inner);
    }
    if let Err(raised) = vm.call_method_str(stderr, "flush", &[]) {
        vm.forget(raised);
    }
    Ok(())
}

/// `sys.excepthook(type, value, traceback)`, after remembering the exception in `sys.last_exc`.
pub fn report(vm: &Vm, exception: &Value) {
    let result = (|| -> Res<()> {
        let class = vm.class(exception).to_value();
        let traceback = exception.downcast::<BaseException>().map_or(Value::NONE, |e| e.traceback.get_or_none());
        if let Some(sys) = vm.modules().get_text(vm, "sys")? {
            vm.set_attr_str(&sys, "last_exc", exception)?;
            vm.set_attr_str(&sys, "last_type", &class)?;
            vm.set_attr_str(&sys, "last_value", exception)?;
            vm.set_attr_str(&sys, "last_traceback", &traceback)?;
        }
        let hook = sys_attribute(vm, "excepthook")?.filter(|h| !h.is_none());
        let args =
            || Ok(vec![hook.clone().unwrap_or(Value::NONE), class.clone(), exception.clone(), traceback.clone()]);
        if let Err(raised) = vm.audit("sys.excepthook", args) {
            // A hook may keep the exception from being shown.
            if vm.raised_is(&exc::RUNTIME_ERROR) {
                vm.forget(raised);
            } else {
                vm.unraisable(raised, Some("Exception ignored in audit hook"), None);
            }
            return Ok(());
        }
        match hook {
            Some(hook) => vm.call(&hook, &[class, exception.clone(), traceback]).map(drop),
            None => print_exception(vm, exception),
        }
    })();
    if let Err(raised) = result {
        let inner = vm.take_raised(raised);
        eprintln!("Error in sys.excepthook:");
        if let Err(raised) = print_exception(vm, &inner) {
            vm.forget(raised);
        }
        eprintln!("\nOriginal exception was:");
        if let Err(raised) = print_exception(vm, exception) {
            vm.forget(raised);
        }
    }
}

#[methods(HOOKS)]
impl Sys {
    /// This hook function is called by built-in breakpoint().
    #[function(sig = "(*args, **kwargs)")]
    fn breakpointhook(vm: &Vm, args: &[Value], kwargs: ophi_runtime::native::Keywords<'_>) -> Res {
        let os = import(vm, "os")?;
        let environ = vm.get_attr_str(&os, "environ")?;
        let key = vm.new_str("PYTHONBREAKPOINT")?.into_value();
        let chosen = vm.call_method_str(&environ, "get", &[key])?;
        let name = if chosen.is_none() { String::new() } else { vm.str(&chosen)?.to_utf8_lossy().into_owned() };
        let name = match name.as_str() {
            "0" => return Ok(Value::NONE),
            "" => "pdb.set_trace".to_string(),
            other => other.to_string(),
        };
        let (module, function) = name.rsplit_once('.').unwrap_or(("builtins", &name));
        let found = import(vm, module).and_then(|_| {
            let module = vm.modules().get_text(vm, module)?.unwrap_or(Value::NONE);
            vm.get_attr_str(&module, function)
        });
        let hook = match found {
            Ok(hook) => hook,
            Err(raised) => {
                vm.forget(raised);
                vm.warn(&exc::RUNTIME_WARNING, &format!("Ignoring unimportable $PYTHONBREAKPOINT: \"{name}\""), 1)?;
                return Ok(Value::NONE);
            }
        };
        let mut values = args.to_vec();
        values.extend_from_slice(kwargs.values);
        vm.call_args(&hook, Args { values: &values, names: kwargs.names })
    }

    /// Write the repr of an object, unless it is None, to sys.stdout, and keep it as builtins._
    #[function(sig = "(object, /)")]
    fn displayhook(vm: &Vm, object: &Value) -> Res<()> {
        let Some(builtins) = vm.interpreter().builtins.get() else {
            return Err(vm.runtime_error("lost builtins module"));
        };
        if object.is_none() {
            return Ok(());
        }
        builtins.set_text(vm, "_", Value::NONE)?;
        let Some(out) = sys_attribute(vm, "stdout")?.filter(|f| !f.is_none()) else {
            return Err(vm.runtime_error("lost sys.stdout"));
        };
        let text = vm.repr(object)?.into_value();
        let written = vm.call_method_str(&out, "write", core::slice::from_ref(&text));
        if vm.catch(written, &exc::UNICODE_ERROR)?.is_none() {
            // The stream cannot show it: backslashes instead.
            let encoding = vm.get_attr_str(&out, "encoding")?;
            let errors = vm.new_str("backslashreplace")?.into_value();
            let bytes = vm.call_method_str(&text, "encode", &[encoding.clone(), errors])?;
            match vm.get_attr_str_opt(&out, "buffer")? {
                Some(buffer) => {
                    vm.call_method_str(&buffer, "write", &[bytes])?;
                }
                None => {
                    let strict = vm.new_str("strict")?.into_value();
                    let text = vm.call_method_str(&bytes, "decode", &[encoding, strict])?;
                    vm.call_method_str(&out, "write", &[text])?;
                }
            }
        }
        let newline = vm.new_str("\n")?.into_value();
        vm.call_method_str(&out, "write", &[newline])?;
        builtins.set_text(vm, "_", object.clone())
    }

    /// Write an exception with its traceback to sys.stderr.
    #[function(sig = "(exctype, value, traceback, /)")]
    fn excepthook(vm: &Vm, exctype: &Value, value: &Value, traceback: &Value) -> Res<()> {
        let _ = exctype;
        if !exc::is_exception(value) {
            let Some(stderr) = sys_attribute(vm, "stderr")?.filter(|f| !f.is_none()) else { return Ok(()) };
            let got = vm.type_name(value);
            let text = format!("TypeError: print_exception(): Exception expected for value, {got} found\n");
            vm.call_method_str(&stderr, "write", &[vm.new_str(&text)?.into_value()])?;
            return Ok(());
        }
        if !traceback.is_none() && vm.get_attr_str(value, "__traceback__")?.is_none() {
            vm.set_attr_str(value, "__traceback__", traceback)?;
        }
        print_exception(vm, value)
    }

    /// Report an exception that has no one to go to.
    ///
    /// The argument has exc_type, exc_value, exc_traceback, err_msg and object.
    #[function(sig = "(unraisable, /)")]
    fn unraisablehook(vm: &Vm, unraisable: &Value) -> Res<()> {
        if vm.get_attr_str_opt(unraisable, "err_msg")?.is_none() {
            return Err(vm.type_error("sys.unraisablehook argument type must be UnraisableHookArgs"));
        }
        let Some(stderr) = sys_attribute(vm, "stderr")?.filter(|f| !f.is_none()) else { return Ok(()) };
        let message = vm.get_attr_str(unraisable, "err_msg")?;
        let object = vm.get_attr_str(unraisable, "object")?;
        let value = vm.get_attr_str(unraisable, "exc_value")?;
        let mut text = String::new();
        match (message.is_none(), object.is_none()) {
            (false, true) => text = format!("{}:\n", vm.str(&message)?.to_utf8_lossy()),
            (no_message, false) => {
                let message = if no_message {
                    "Exception ignored in".to_string()
                } else {
                    vm.str(&message)?.to_utf8_lossy().into_owned()
                };
                let shown = match vm.repr(&object) {
                    Ok(shown) => shown.to_utf8_lossy().into_owned(),
                    Err(raised) => {
                        vm.forget(raised);
                        "<object repr() failed>".to_string()
                    }
                };
                text = format!("{message}: {shown}\n");
            }
            (true, true) => {}
        }
        let text = vm.new_str(&text)?.into_value();
        vm.call_method_str(&stderr, "write", &[text])?;
        if !exc::is_exception(&value) {
            return Ok(());
        }
        // Native, as in CPython: the hook runs where the library may be half gone.
        let traceback = vm.get_attr_str(unraisable, "exc_traceback")?;
        let text = vm.new_str(&ophi_runtime::traceback::render_one(vm, &value, &traceback))?.into_value();
        vm.call_method_str(&stderr, "write", &[text])?;
        vm.call_method_str(&stderr, "flush", &[]).map(drop)
    }

    /// End the interpreter by raising SystemExit(status).
    ///
    /// status is the exit status, None for 0; anything else is printed, and the status is 1.
    #[function(sig = "(status=None, /)")]
    fn exit(vm: &Vm, status: Option<&Value>) -> Res {
        let class = builtin(vm, "SystemExit")?;
        let exception = match status {
            // A tuple stands for the exception's arguments.
            Some(status) => match status.exact::<Tuple>(vm) {
                Some(all) => vm.call(&class, all.as_slice())?,
                None => vm.call(&class, std::slice::from_ref(status))?,
            },
            None => vm.call(&class, &[])?,
        };
        Err(vm.raise(exception))
    }

    /// Passes the event to any hooks that are attached.
    #[function(sig = "(event, /, *args)", name = "audit")]
    fn audit_function(vm: &Vm, event: &Value, args: &[Value]) -> Res<()> {
        vm.expect_str(event, "audit() argument 1")?;
        audit(vm, event, args)
    }

    /// Adds a new audit hook callback.
    #[function(sig = "(hook)")]
    fn addaudithook(vm: &Vm, hook: Value) -> Res<()> {
        let event = vm.new_str("sys.addaudithook")?.into_value();
        match audit(vm, &event, &[]) {
            Ok(()) => {}
            // A hook may veto later ones by raising RuntimeError; other exceptions go on.
            Err(raised) if vm.raised_is(&exc::RUNTIME_ERROR) => {
                vm.forget(raised);
                return Ok(());
            }
            Err(raised) => return Err(raised),
        }
        vm.add_audit_hook(hook);
        Ok(())
    }
}
