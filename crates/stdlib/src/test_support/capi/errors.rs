//! Raising exceptions, displaying them, reporting those that nobody can catch.

use super::Capi;
use crate::sys::print_exception;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::r#type::TYPE;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Dict, Raised, Ref, Res, Str, Tuple, Value, Vm, methods};

/// A class made as a `class` statement makes it, `module.name` given in one.
fn make_class(vm: &Vm, full_name: &str, doc: Option<&Value>, bases: Value, dict: Option<&Ref<Dict>>) -> Res {
    let Some((module, name)) = full_name.rsplit_once('.') else {
        return Err(vm.system_error("PyErr_NewException: name must be module.class"));
    };
    let namespace = match dict {
        Some(dict) => dict.copy(vm)?,
        None => vm.new_dict()?,
    };
    if namespace.get_text(vm, "__module__")?.is_none() {
        namespace.set_text(vm, "__module__", vm.new_str(module)?.into_value())?;
    }
    if let Some(doc) = doc {
        namespace.set_text(vm, "__doc__", doc.clone())?;
    }
    let bases = if bases.is_a::<Tuple>() { bases } else { vm.new_tuple(&[bases])? };
    let name = vm.new_str(name)?.into_value();
    vm.call(vm.ty(&TYPE).as_value(), &[name, bases, namespace.into_value()])
}

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    let base = vm.ty(&exc::EXCEPTION).to_value();
    module.add(vm, "error", make_class(vm, "_testcapi.error", None, base, None)?)
}

/// Raises an exception given as instance or class.
fn raise_value(vm: &Vm, exception: &Value, args: &[Value]) -> Raised {
    if exc::is_exception(exception) {
        return vm.raise(exception.clone());
    }
    if !exc::is_exception_class(exception) {
        let shown = vm.repr(exception).map(|shown| shown.to_utf8_lossy().into_owned());
        return match shown {
            Ok(shown) => {
                vm.system_error(format!("_PyErr_SetObject: exception {shown} is not a BaseException subclass"))
            }
            Err(raised) => raised,
        };
    }
    match vm.call(exception, args) {
        Ok(made) if exc::is_exception(&made) => vm.raise(made),
        Ok(made) => {
            let message = format!(
                "calling {} should have returned an instance of BaseException, not {}",
                vm.repr(exception).map(|shown| shown.to_utf8_lossy().into_owned()).unwrap_or_default(),
                vm.type_name(&made)
            );
            vm.type_error(message)
        }
        Err(raised) => raised,
    }
}

/// `%R` in a format stands for the repr of the next argument.
fn format_reprs(vm: &Vm, format: &str, args: &[Value]) -> Res<String> {
    let mut text = String::new();
    let mut args = args.iter();
    let mut parts = format.split("%R");
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        match args.next() {
            Some(arg) => text.push_str(&vm.repr(arg)?.to_utf8_lossy()),
            None => return Err(vm.value_error("fewer arguments than %R")),
        }
        text.push_str(part);
    }
    Ok(text)
}

#[methods(ERRORS)]
impl Capi {
    #[function(sig = "(exception, num_args, /)")]
    fn raise_exception(vm: &Vm, exception: &Value, num_args: usize) -> Res {
        if num_args > 1 << 20 {
            return Err(vm.no_memory());
        }
        let args: Vec<Value> = (0..num_args as i32).map(Value::int32).collect();
        Err(raise_value(vm, exception, &args))
    }

    #[function(sig = "()")]
    fn raise_memoryerror(vm: &Vm) -> Res {
        Err(vm.no_memory())
    }

    /// Make an exception class from its full name.
    #[function(sig = "(name, doc=<unrepresentable>, base=<unrepresentable>, dict=<unrepresentable>)")]
    fn make_exception_with_doc(
        vm: &Vm,
        name: String,
        doc: Option<&Value>,
        base: Option<&Value>,
        dict: Option<&Ref<Dict>>,
    ) -> Res {
        let base = base.cloned().unwrap_or_else(|| vm.ty(&exc::EXCEPTION).to_value());
        make_class(vm, &name, doc, base, dict)
    }

    /// Whether an exception (or its class) is handled by `except exc`.
    #[function(sig = "(err, exc, /)")]
    fn err_givenexceptionmatches(vm: &Vm, err: &Value, exc: &Value) -> bool {
        given_matches(vm, err, exc)
    }

    #[function]
    fn err_writeunraisable(vm: &Vm, args: Args) -> Res<()> {
        let [exception, object] = args.check_positional(vm, "err_writeunraisable", 2, 2)? else { return Ok(()) };
        let raised = raise_value(vm, exception, &[]);
        vm.unraisable(raised, None, Some(object).filter(|object| !object.is_none()));
        Ok(())
    }

    #[function]
    fn err_formatunraisable(vm: &Vm, args: Args) -> Res<()> {
        let pos = args.check_positional(vm, "err_formatunraisable", 2, usize::MAX)?;
        let message = match pos[1].downcast::<Str>() {
            Some(format) => Some(format_reprs(vm, &format.to_utf8_lossy(), &pos[2..])?),
            None => None,
        };
        let raised = raise_value(vm, &pos[0], &[]);
        vm.unraisable(raised, message.as_deref(), None);
        Ok(())
    }

    /// To test the format of exceptions as printed out.
    #[function(sig = "(exception, legacy=False, /)")]
    fn exception_print(vm: &Vm, exception: &Value, legacy: bool) -> Res<()> {
        // The older of CPython's two functions prints in the same way.
        let _ = legacy;
        if exc::is_exception(exception) {
            return print_exception(vm, exception);
        }
        let Some(stderr) = crate::sys::sys_attribute(vm, "stderr")?.filter(|f| !f.is_none()) else { return Ok(()) };
        let got = vm.type_name(exception);
        let text = format!("TypeError: print_exception(): Exception expected for value, {got} found\n");
        vm.call_method_str(&stderr, "write", &[vm.new_str(&text)?.into_value()])?;
        Ok(())
    }

    /// To test the format of tracebacks as printed out.
    #[function(sig = "(traceback, file, /)")]
    fn traceback_print(vm: &Vm, traceback: &Value, file: &Value) -> Res<()> {
        if !traceback.is_a::<ophi_runtime::objects::traceback::Traceback>() {
            return Err(vm.system_error("bad argument to internal function"));
        }
        let text =
            format!("Traceback (most recent call last):\n{}", ophi_runtime::traceback::frames_text(vm, traceback));
        vm.call_method_str(file, "write", &[vm.new_str(&text)?.into_value()])?;
        Ok(())
    }

    /// A `__get__` that calls its first argument.
    #[function]
    fn bad_get(vm: &Vm, args: Args) -> Res {
        let given = args.pos().len();
        let [this, _, class] = args.pos() else {
            return Err(vm.type_error(format!("function takes exactly 3 arguments ({given} given)")));
        };
        vm.call(class, &[])?;
        vm.repr(this).map(Ref::into_value)
    }
}

/// Classes may stand in tuples in tuples; what is nested deeper than calls may be does not match.
fn given_matches(vm: &Vm, err: &Value, kind: &Value) -> bool {
    if let Some(kinds) = kind.downcast::<Tuple>() {
        let inner = vm.recurse(" in PyErr_GivenExceptionMatches", || {
            Ok(kinds.as_slice().iter().any(|one| given_matches(vm, err, one)))
        });
        return inner.unwrap_or_else(|raised| {
            vm.unraisable(raised, None, Some(kind));
            false
        });
    }
    if exc::is_exception(err) && exc::is_exception_class(kind) {
        return exc::matches(vm, err, kind);
    }
    if exc::is_exception_class(err)
        && exc::is_exception_class(kind)
        && let (Some(sub), Some(class)) = (err.downcast::<ophi_runtime::Type>(), kind.downcast::<ophi_runtime::Type>())
    {
        return sub.is_subtype(class);
    }
    err.is(kind)
}
