//! Issuing a warning: where it comes from, what the filters say, remembering it.

use super::filter::{action_for, already_warned, once_registry};
use super::show::show;
use crate::objects::exceptions as exc;
use crate::objects::frame::FrameObject;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Str, Value};

/// The arguments of [`warn_explicit`].
pub struct WarnExplicit {
    pub category: Value,
    /// A text, or an instance of a warning.
    pub message: Value,
    pub filename: Value,
    pub lineno: i32,
    /// `None`: from the file name. Python's None: no warning is given any more.
    pub module: Option<Value>,
    pub registry: Option<Value>,
    /// The source line, when known.
    pub line: Option<Value>,
    pub source: Option<Value>,
}

/// The module's name as the file name tells it.
fn module_from(vm: &Vm, filename: &Value) -> Res {
    let Some(name) = filename.downcast::<Str>() else { return Ok(filename.clone()) };
    let text = name.to_utf8_lossy();
    if text.is_empty() {
        return Ok(vm.new_str("<unknown>")?.into_value());
    }
    match text.strip_suffix(".py") {
        Some(stem) => Ok(vm.new_str(stem)?.into_value()),
        None => Ok(filename.clone()),
    }
}

/// Gives, drops or raises a warning as the filters want it.
pub fn warn_explicit(vm: &Vm, warning: &WarnExplicit) -> Res<()> {
    let module = match &warning.module {
        Some(module) if module.is_none() => return Ok(()),
        Some(module) => module.clone(),
        None => module_from(vm, &warning.filename)?,
    };
    let registry = match &warning.registry {
        Some(registry) => match registry.downcast::<Dict>() {
            Some(dict) => Some(dict.clone()),
            None => return Err(vm.type_error("'registry' must be a dict or None")),
        },
        None => None,
    };
    let is_instance = vm.is_instance(&warning.message, &vm.ty(&exc::WARNING).to_value())?;
    let (text, message, category) = if is_instance {
        let text = vm.str(&warning.message)?.into_value();
        (text, warning.message.clone(), vm.class(&warning.message).to_value())
    } else {
        let made = vm.call(&warning.category, core::slice::from_ref(&warning.message))?;
        (warning.message.clone(), made, warning.category.clone())
    };
    let key = vm.new_tuple(&[text.clone(), category.clone(), Value::int32(warning.lineno)])?;
    if let Some(registry) = &registry
        && already_warned(vm, registry, &key, false)?
    {
        return Ok(());
    }
    let (action, item) = action_for(vm, &category, &text, warning.lineno, &module)?;
    let name = action.downcast::<Str>().map(|a| a.to_utf8_lossy().into_owned()).unwrap_or_default();
    if name == "error" {
        if !exc::is_exception(&message) {
            return Err(vm.type_error("exceptions must derive from BaseException"));
        }
        return Err(vm.raise(message));
    }
    if name == "ignore" {
        return Ok(());
    }
    if name != "always" && name != "all" {
        if let Some(registry) = &registry {
            registry.set(vm, &key, Value::TRUE)?;
        }
        let seen = match name.as_str() {
            "once" => {
                let registry = match &registry {
                    Some(registry) => registry.clone(),
                    None => once_registry(vm)?,
                };
                already_warned(vm, &registry, &vm.new_tuple(&[text.clone(), category.clone()])?, true)?
            }
            "module" => match &registry {
                Some(registry) => {
                    already_warned(vm, registry, &vm.new_tuple(&[text.clone(), category.clone()])?, true)?
                }
                None => false,
            },
            "default" => false,
            _ => {
                let (action, item) = (vm.repr(&action)?, vm.repr(&item)?);
                return Err(vm.runtime_error(format!(
                    "Unrecognized action ({}) in warnings.filters:\n {}",
                    action.to_utf8_lossy(),
                    item.to_utf8_lossy()
                )));
            }
        };
        if seen {
            return Ok(());
        }
    }
    show(vm, &category, &text, &message, warning)
}

/// Frames of the import machinery are not blamed.
fn is_internal(frame: &FrameObject) -> bool {
    frame.code().is_some_and(|code| {
        let name = code.file().to_utf8_lossy().into_owned();
        name.contains("importlib") && name.contains("_bootstrap")
    })
}

fn to_skip(frame: &FrameObject, prefixes: &[String]) -> bool {
    frame.code().is_some_and(|code| {
        let name = code.file().to_utf8_lossy().into_owned();
        prefixes.iter().any(|p| name.starts_with(p.as_str()))
    })
}

fn caller(vm: &Vm, frame: &Ref<FrameObject>) -> Res<Option<Ref<FrameObject>>> {
    Ok(crate::payload::into_ref::<FrameObject>(frame.caller(vm)?).ok())
}

/// The frame a warning of this stack level is about; `None`: above all frames.
fn blamed(vm: &Vm, mut level: isize, prefixes: &[String]) -> Res<Option<Ref<FrameObject>>> {
    if !prefixes.is_empty() {
        level = level.max(2);
    }
    let mut frame = vm.frame_object(0)?;
    let plain = level <= 0 || frame.as_ref().is_some_and(|f| is_internal(f));
    while level > 1 {
        level -= 1;
        let Some(at) = &frame else { return Ok(None) };
        let mut next = caller(vm, at)?;
        if !plain {
            while let Some(f) = &next
                && (is_internal(f) || to_skip(f, prefixes))
            {
                next = caller(vm, f)?;
            }
        }
        frame = next;
    }
    Ok(frame)
}

/// `warnings.warn` with a category that has been checked.
pub fn do_warn(
    vm: &Vm,
    message: &Value,
    category: &Value,
    stack_level: isize,
    source: Option<&Value>,
    prefixes: &[String],
) -> Res<()> {
    let frame = blamed(vm, stack_level, prefixes)?;
    let (globals, filename, lineno) = match &frame {
        Some(frame) => {
            let globals = vm.get_attr_str(frame.as_value(), "f_globals")?;
            let filename = match frame.code() {
                Some(code) => code.file().into_value(),
                None => vm.new_str("<sys>")?.into_value(),
            };
            (Some(globals), filename, frame.line().unwrap_or(0))
        }
        None => {
            let globals = vm.interpreter().sys.get().map(Ref::into_value);
            (globals, vm.new_str("<sys>")?.into_value(), 0)
        }
    };
    let globals = match globals.as_ref().and_then(|g| g.downcast::<Dict>()) {
        Some(globals) => globals.clone(),
        None => vm.new_dict()?,
    };
    let registry = match globals.get_text(vm, "__warningregistry__")? {
        Some(registry) => registry,
        None => {
            let fresh = vm.new_dict()?.into_value();
            globals.set_text(vm, "__warningregistry__", fresh.clone())?;
            fresh
        }
    };
    let module = match globals.get_str(vm, &vm.names().__name__) {
        Some(name) if name.is_none() || name.is_a::<Str>() => name,
        _ => vm.new_str("<string>")?.into_value(),
    };
    warn_explicit(
        vm,
        &WarnExplicit {
            category: category.clone(),
            message: message.clone(),
            filename,
            lineno,
            module: Some(module),
            registry: Some(registry),
            line: None,
            source: source.cloned(),
        },
    )
}
