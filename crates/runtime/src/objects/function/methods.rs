//! Attributes of functions, and `function(...)`.

use super::Function;
use crate::native::Args;
use crate::objects::cell::Cell;
use crate::objects::code::Code;
use crate::objects::dict::Dict;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, TypeRef, Value, methods};

pub fn repr(vm: &Vm, value: &Value) -> Res {
    let Some(function) = value.downcast::<Function>() else { return Err(vm.type_error("a function is expected")) };
    let text = format!("<function {} at {:#x}>", function.display_name(), value.bits());
    Ok(vm.new_str(&text)?.into_value())
}

fn string<'a>(vm: &Vm, value: Option<&'a Value>, name: &str) -> Res<&'a Value> {
    match value {
        Some(v) if v.is_a::<Str>() => Ok(v),
        _ => Err(vm.type_error(format!("{name} must be set to a string object"))),
    }
}

#[methods]
impl Function {
    #[getter(name = "__code__")]
    fn get_code(vm: &Vm, this: &Ref<Function>) -> Res {
        vm.audit("object.__getattr__", || Ok(vec![this.to_value(), vm.intern("__code__")?.into_value()]))?;
        Ok(this.code_ref().into_value())
    }

    #[setter(name = "__code__")]
    fn set_code(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        crate::objects::r#type::attributes::audit_change(vm, this.as_value(), "__code__", value)?;
        let Some(code) = value.and_then(|v| v.downcast::<Code>()) else {
            return Err(vm.type_error("__code__ must be set to a code object"));
        };
        let (have, want) = (this.closure_tuple().map_or(0, |c| c.len()), code.free_count());
        if have != want {
            return Err(vm.value_error(format!(
                "{}() requires a code object with {have} free vars, not {want}",
                this.display_name()
            )));
        }
        use ophi_bytecode::code::flags;
        let kind = flags::GENERATOR | flags::COROUTINE | flags::ASYNC_GENERATOR;
        if this.code_ref().flags & kind != code.flags & kind {
            vm.warn(
                &crate::objects::exceptions::DEPRECATION_WARNING,
                "Assigning a code object of non-matching type is deprecated (e.g., from a generator to a plain function)",
                1,
            )?;
        }
        // The old code's docstring stays.
        this.docstring(vm)?;
        this.version.set(0);
        let old = this.code.replace(code.clone());
        this.retired.with_mut(|retired| retired.get_or_insert_default().push(old));
        Ok(())
    }

    #[member(name = "__globals__")]
    fn get_globals(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.globals.to_value())
    }

    #[member(name = "__builtins__")]
    fn get_builtins(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.builtins.clone())
    }

    #[member(name = "__closure__")]
    fn get_closure(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.closure.get_or_none())
    }

    #[getter(name = "__defaults__")]
    fn get_defaults(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.defaults.get_or_none())
    }

    #[setter(name = "__defaults__")]
    fn set_defaults(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        crate::objects::r#type::attributes::audit_change(
            vm,
            this.as_value(),
            "__defaults__",
            value.filter(|v| !v.is_none()),
        )?;
        let value = value.filter(|v| !v.is_none());
        if value.is_some_and(|v| !v.is_a::<Tuple>()) {
            return Err(vm.type_error("__defaults__ must be set to a tuple object"));
        }
        this.version.set(0);
        this.defaults.set(value.cloned());
        Ok(())
    }

    #[getter(name = "__kwdefaults__")]
    fn get_kwdefaults(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.kwdefaults.get_or_none())
    }

    #[setter(name = "__kwdefaults__")]
    fn set_kwdefaults(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        crate::objects::r#type::attributes::audit_change(
            vm,
            this.as_value(),
            "__kwdefaults__",
            value.filter(|v| !v.is_none()),
        )?;
        let value = value.filter(|v| !v.is_none());
        if value.is_some_and(|v| !v.is_a::<Dict>()) {
            return Err(vm.type_error("__kwdefaults__ must be set to a dict object"));
        }
        this.version.set(0);
        this.kwdefaults.set(value.cloned());
        Ok(())
    }

    #[getter(name = "__name__")]
    fn get_name(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.name.get_or_none())
    }

    #[setter(name = "__name__")]
    fn set_name(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        this.name.set(Some(string(vm, value, "__name__")?.clone()));
        Ok(())
    }

    #[getter(name = "__qualname__")]
    fn get_qualname(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.qualname.get_or_none())
    }

    #[setter(name = "__qualname__")]
    fn set_qualname(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        this.qualname.set(Some(string(vm, value, "__qualname__")?.clone()));
        Ok(())
    }

    #[getter(name = "__doc__")]
    fn get_doc(vm: &Vm, this: &Ref<Function>) -> Res {
        this.docstring(vm)
    }

    #[setter(name = "__doc__")]
    fn set_doc(_: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        this.doc.set(value.cloned());
        Ok(())
    }

    #[getter(name = "__module__")]
    fn get_module(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.module.get_or_none())
    }

    #[setter(name = "__module__")]
    fn set_module(_: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        this.module.set(value.cloned());
        Ok(())
    }

    #[getter(name = "__annotate__")]
    fn get_annotate(_: &Vm, this: &Ref<Function>) -> Res {
        Ok(this.annotate.get_or_none())
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        let Some(value) = value else { return Err(vm.type_error("__annotate__ cannot be deleted")) };
        if value.is_none() {
            this.annotate.set(None);
            return Ok(());
        }
        if vm.class(value).slots().call.is_none() {
            return Err(vm.type_error("__annotate__ must be callable or None"));
        }
        this.annotate.set(Some(value.clone()));
        this.annotations.set(None);
        Ok(())
    }

    #[getter(name = "__annotations__")]
    fn get_annotations(vm: &Vm, this: &Ref<Function>) -> Res {
        if let Some(found) = this.annotations.get() {
            if let Some(pairs) = found.downcast::<Tuple>().cloned() {
                // Kept as a flat tuple of names and values until somebody looks.
                let dict = Dict::new(vm)?;
                for pair in pairs.as_slice().chunks_exact(2) {
                    dict.set(vm, &pair[0], pair[1].clone())?;
                }
                this.annotations.set(Some(dict.to_value()));
                return Ok(dict.into_value());
            }
            return Ok(found);
        }
        let dict = match this.annotate.get() {
            Some(annotate) => {
                let made = vm.call(&annotate, &[Value::int32(1)])?;
                if !made.is_a::<Dict>() {
                    return Err(
                        vm.type_error(format!("__annotate__ returned non-dict of type '{}'", vm.type_name(&made)))
                    );
                }
                made
            }
            None => Dict::new(vm)?.into_value(),
        };
        this.annotations.set(Some(dict.clone()));
        Ok(dict)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        let value = value.filter(|v| !v.is_none());
        if value.is_some_and(|v| !v.is_a::<Dict>()) {
            return Err(vm.type_error("__annotations__ must be set to a dict object"));
        }
        this.annotations.set(value.cloned());
        this.annotate.set(None);
        Ok(())
    }

    #[getter(name = "__type_params__")]
    fn get_type_params(vm: &Vm, this: &Ref<Function>) -> Res {
        match this.type_params.get() {
            Some(params) => Ok(params),
            None => vm.new_tuple(&[]),
        }
    }

    #[setter(name = "__type_params__")]
    fn set_type_params(vm: &Vm, this: &Ref<Function>, value: Option<&Value>) -> Res<()> {
        match value {
            Some(v) if v.is_a::<Tuple>() => {
                this.type_params.set(Some(v.clone()));
                Ok(())
            }
            _ => Err(vm.type_error("__type_params__ must be set to a tuple")),
        }
    }
}

/// `function(code, globals, name=None, argdefs=None, closure=None, kwdefaults=None)`.
pub fn new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    let names = ["code", "globals", "name", "argdefs", "closure", "kwdefaults"];
    let mut found: [Option<&Value>; 6] = [None; 6];
    if args.pos().len() > 6 {
        return Err(vm.type_error(format!("function() takes at most 6 arguments ({} given)", args.values.len())));
    }
    for (slot, value) in found.iter_mut().zip(args.pos()) {
        *slot = Some(value);
    }
    for (key, value) in args.keywords().iter() {
        let key = key.downcast::<Str>();
        match names.iter().position(|n| key.is_some_and(|k| k.eq_str(n))) {
            Some(i) if found[i].is_none() => found[i] = Some(value),
            Some(i) => {
                return Err(vm.type_error(format!(
                    "argument for function() given by name ('{}') and position ({})",
                    names[i],
                    i + 1
                )));
            }
            None => {
                let key = key.map_or(String::new(), |k| k.to_utf8_lossy().into_owned());
                return Err(vm.type_error(format!("function() got an unexpected keyword argument '{key}'")));
            }
        }
    }
    for (i, name) in names[..2].iter().enumerate() {
        if found[i].is_none() {
            return Err(vm.type_error(format!("function() missing required argument '{name}' (pos {})", i + 1)));
        }
    }
    let [Some(code), Some(globals), name, defaults, closure, kwdefaults] = found else {
        return Err(vm.type_error("function() takes code and globals"));
    };
    let Some(code) = code.downcast::<Code>() else {
        return Err(vm.type_error(format!("function() argument 'code' must be code, not {}", vm.type_name(code))));
    };
    let Some(globals) = globals.downcast::<Dict>() else {
        return Err(vm.type_error(format!("function() argument 'globals' must be dict, not {}", vm.type_name(globals))));
    };
    let name = name.filter(|v| !v.is_none());
    if name.is_some_and(|n| !n.is_a::<Str>()) {
        return Err(vm.type_error("arg 3 (name) must be None or string"));
    }
    let defaults = defaults.filter(|v| !v.is_none());
    if defaults.is_some_and(|n| !n.is_a::<Tuple>()) {
        return Err(vm.type_error("arg 4 (defaults) must be None or tuple"));
    }
    let free = code.free_count();
    let closure_given = closure.filter(|v| !v.is_none());
    match closure_given {
        Some(c) if !c.is_a::<Tuple>() => return Err(vm.type_error("arg 5 (closure) must be tuple")),
        None if free != 0 => return Err(vm.type_error("arg 5 (closure) must be tuple")),
        _ => {}
    }
    let cells = closure_given.and_then(|c| c.downcast::<Tuple>()).map_or(&[][..], |c| c.as_slice());
    if cells.len() != free {
        return Err(vm.value_error(format!(
            "{} requires closure of length {free}, not {}",
            code.name.to_utf8_lossy(),
            cells.len()
        )));
    }
    if let Some(wrong) = cells.iter().find(|c| !c.is_a::<Cell>()) {
        return Err(vm.type_error(format!("arg 5 (closure) expected cell, found {}", vm.type_name(wrong))));
    }
    let kwdefaults = kwdefaults.filter(|v| !v.is_none());
    if kwdefaults.is_some_and(|n| !n.is_a::<Dict>()) {
        return Err(vm.type_error("arg 6 (kwdefaults) must be None or dict"));
    }
    let function = Function::new(vm, code.clone(), globals.clone())?;
    if let Some(name) = name {
        function.name.set(Some(name.clone()));
    }
    function.defaults.set(defaults.cloned());
    function.closure.set(closure_given.cloned());
    function.kwdefaults.set(kwdefaults.cloned());
    Ok(function.into_value())
}
