//! Attribute access on modules, construction from Python, repr.

use super::Module;
use crate::payload::Downcast;
use crate::protocol::attributes::generic_get_attr_opt;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, TypeRef, Value, methods};

/// The namespace every module starts with.
pub fn set_initial(vm: &Vm, module: &Value, name: Value, doc: Value) -> Res<()> {
    let Some(dict) = vm.instance_dict(module)? else { return Ok(()) };
    let names = vm.names();
    dict.set_str(vm, &names.__name__, name)?;
    dict.set_str(vm, &names.__doc__, doc)?;
    dict.set_str(vm, &names.__package__, Value::NONE)?;
    dict.set_str(vm, &names.__loader__, Value::NONE)?;
    dict.set_str(vm, &names.__spec__, Value::NONE)
}

pub fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let module: Ref<Module> = vm.new_instance(cls, Module)?;
    vm.instance_dict(module.as_value())?;
    Ok(module.into_value())
}

pub fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    static SIGNATURE: crate::native::Signature = crate::native::Signature {
        text: "(name, doc=None)",
        parameters: &[
            crate::native::Parameter { name: "name", kind: crate::native::ParameterKind::Positional, required: true },
            crate::native::Parameter { name: "doc", kind: crate::native::ParameterKind::Positional, required: false },
        ],
    };
    let mut bound = [None; 2];
    crate::native::bind(vm, Some(&SIGNATURE), "module", args, &mut bound)?;
    let Some(name) = bound[0] else { return Ok(()) };
    if !name.is_a::<Str>() {
        return Err(vm.type_error(format!("module() argument 'name' must be str, not {}", vm.type_name(name))));
    }
    set_initial(vm, this, name.clone(), bound[1].cloned().unwrap_or(Value::NONE))
}

/// `<module 'name' from 'file'>`; importlib's `_module_repr` once it is loaded, so that specifications show.
pub fn repr(vm: &Vm, this: &Value) -> Res {
    if let Some(importlib) =
        vm.modules().get_text(vm, "importlib._bootstrap")?.or(vm.modules().get_text(vm, "_frozen_importlib")?)
        && let Some(function) = vm.get_attr_str_opt(&importlib, "_module_repr")?
    {
        return vm.call(&function, core::slice::from_ref(this));
    }
    let dict = super::dict_of(this);
    let name = dict.as_ref().and_then(|d| d.get_str(vm, &vm.names().__name__));
    let name = match &name {
        Some(name) => vm.repr(name)?.to_utf8_lossy().into_owned(),
        None => "'?'".to_string(),
    };
    let file = dict.as_ref().and_then(|d| d.get_str(vm, &vm.names().__file__));
    let text = match file {
        Some(file) => format!("<module {name} from {}>", vm.repr(&file)?.to_utf8_lossy()),
        None => format!("<module {name} (built-in)>"),
    };
    Ok(vm.new_str(&text)?.into_value())
}

/// Generic access, then the module's own `__getattr__` (PEP 562), then the message that names the module.
pub fn get_attr(vm: &Vm, this: &Value, name: &Ref<Str>) -> Res {
    let found = generic_get_attr_opt(vm, this, name);
    let found = vm.catch(found, &crate::objects::exceptions::ATTRIBUTE_ERROR)?.flatten();
    if let Some(found) = found {
        return Ok(found);
    }
    let Some(dict) = super::dict_of(this) else { return Err(vm.no_attribute(this, name)) };
    if let Some(hook) = dict.get_str(vm, &vm.names().__getattr__) {
        return vm.call(&hook, &[name.to_value()]);
    }
    let text = name.to_utf8_lossy();
    let module_name = dict.get_str(vm, &vm.names().__name__);
    let message = match module_name.as_ref().and_then(|n| n.downcast::<Str>()) {
        None => format!("module has no attribute '{text}'"),
        Some(module_name) => {
            let module = module_name.to_utf8_lossy();
            match dict.get_str(vm, &vm.names().__spec__).filter(|s| !s.is_none()) {
                Some(spec) => missing_in_imported(vm, &dict, &spec, &module, &text)?,
                None => format!("module '{module}' has no attribute '{text}'"),
            }
        }
    };
    Err(vm.attribute_error_for(this, name, &message))
}

/// Whether the import of the module with this namespace is under way.
fn is_initializing(vm: &Vm, dict: &Ref<crate::Dict>) -> Res<bool> {
    let Some(spec) = dict.get_str(vm, &vm.names().__spec__).filter(|spec| !spec.is_none()) else { return Ok(false) };
    match vm.get_attr_opt(&spec, &vm.names()._initializing)? {
        Some(flag) => vm.is_true(&flag),
        None => Ok(false),
    }
}

/// The message for a module with a specification: says when it is only half initialised (circular import).
fn missing_in_imported(vm: &Vm, dict: &Ref<crate::Dict>, spec: &Value, module: &str, name: &str) -> Res<String> {
    let initializing = is_initializing(vm, dict)?;
    let file = crate::interpreter::imports::file_origin(vm, spec)?;
    if let (Some(file), Some(own_name)) = (&file, dict.get_str(vm, &vm.names().__name__)) {
        use crate::interpreter::imports::Shadowing;
        let shown = vm.repr(file)?.to_utf8_lossy().into_owned();
        match Shadowing::of(vm, &own_name, file)? {
            Shadowing::StandardLibrary => {
                return Ok(format!(
                    "module '{module}' has no attribute '{name}' (consider renaming {shown} since it has the same name as the standard library module named '{module}' and prevents importing that standard library module)"
                ));
            }
            Shadowing::Library if initializing => {
                return Ok(format!(
                    "module '{module}' has no attribute '{name}' (consider renaming {shown} if it has the same name as a library you intended to import)"
                ));
            }
            _ => {}
        }
    }
    let origin = file.as_ref().and_then(|o| o.downcast::<Str>()).map(|o| o.to_utf8_lossy().into_owned());
    if initializing {
        return Ok(match origin {
            Some(origin) => format!(
                "partially initialized module '{module}' from '{origin}' has no attribute '{name}' (most likely due to a circular import)"
            ),
            None => format!(
                "partially initialized module '{module}' has no attribute '{name}' (most likely due to a circular import)"
            ),
        });
    }
    let uninitialized = match vm.get_attr_str_opt(spec, "_uninitialized_submodules")? {
        Some(list) => match list.downcast::<crate::List>() {
            Some(list) => list.to_vec().iter().any(|v| v.downcast::<Str>().is_some_and(|s| s.eq_str(name))),
            None => false,
        },
        None => false,
    };
    if uninitialized {
        return Ok(format!(
            "cannot access submodule '{name}' of module '{module}' (most likely due to a circular import)"
        ));
    }
    Ok(format!("module '{module}' has no attribute '{name}'"))
}

#[methods]
impl Module {
    /// __dir__() -> list
    /// specialized dir() implementation
    #[method(text = "($self, /)")]
    fn __dir__(vm: &Vm, this: &Value, args: Args) -> Res {
        args.check_positional(vm, "__dir__", 0, 0)?;
        let dict = vm.get_attr(this, &vm.names().__dict__)?;
        let Some(dict) = dict.downcast::<crate::Dict>() else {
            return Err(vm.type_error("module.__dict__ is not a dictionary"));
        };
        match dict.get_str(vm, &vm.names().__dir__) {
            Some(hook) => vm.call(&hook, &[]),
            None => vm.new_list(dict.keys()),
        }
    }

    #[member]
    fn __dict__(vm: &Vm, this: &Value) -> Res {
        Ok(vm.instance_dict(this)?.map_or(Value::NONE, Ref::into_value))
    }

    #[getter]
    fn __annotations__(vm: &Vm, this: &Value) -> Res {
        let Some(dict) = vm.instance_dict(this)? else { return Ok(Value::NONE) };
        let names = vm.names();
        if let Some(known) = dict.get_str(vm, &names.__annotations__) {
            return Ok(known);
        }
        let annotations = match dict.get_str(vm, &names.__annotate__).filter(|f| !f.is_none()) {
            Some(annotate) => {
                let made = vm.call(&annotate, &[Value::int32(1)])?;
                if !made.is_a::<crate::Dict>() {
                    return Err(
                        vm.type_error(format!("__annotate__ returned non-dict of type '{}'", vm.type_name(&made)))
                    );
                }
                made
            }
            None => vm.new_dict()?.into_value(),
        };
        // While the module's code runs, more of them may come.
        if !is_initializing(vm, &dict)? {
            dict.set_str(vm, &names.__annotations__, annotations.clone())?;
        }
        Ok(annotations)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
        let Some(dict) = vm.instance_dict(this)? else { return Ok(()) };
        let names = vm.names();
        match value {
            Some(value) => dict.set_str(vm, &names.__annotations__, value.clone())?,
            None => {
                if dict.remove_str(vm, &names.__annotations__).is_none() {
                    return Err(vm.attribute_error("__annotations__"));
                }
            }
        }
        drop(dict.remove_str(vm, &names.__annotate__));
        Ok(())
    }

    #[getter]
    fn __annotate__(vm: &Vm, this: &Value) -> Res {
        let Some(dict) = vm.instance_dict(this)? else { return Ok(Value::NONE) };
        match dict.get_str(vm, &vm.names().__annotate__) {
            Some(known) => Ok(known),
            None => {
                dict.set_str(vm, &vm.names().__annotate__, Value::NONE)?;
                Ok(Value::NONE)
            }
        }
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(vm: &Vm, this: &Value, value: Option<&Value>) -> Res<()> {
        let Some(dict) = vm.instance_dict(this)? else { return Ok(()) };
        let Some(value) = value else {
            return Err(vm.type_error("cannot delete __annotate__ attribute"));
        };
        if !value.is_none() && vm.class(value).slots().call.is_none() {
            return Err(vm.type_error("__annotate__ must be callable or None"));
        }
        dict.set_str(vm, &vm.names().__annotate__, value.clone())?;
        if !value.is_none() {
            drop(dict.remove_str(vm, &vm.names().__annotations__));
        }
        Ok(())
    }
}
