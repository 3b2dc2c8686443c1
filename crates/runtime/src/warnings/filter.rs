//! Which action the filters ask for, and what the registries remember.

use super::Warnings;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, List, Ref, Str, Tuple, Value};

/// An attribute of the Python module `warnings`, when that is there (`import`: import it for this).
pub fn attribute(vm: &Vm, name: &str, import: bool) -> Res<Option<Value>> {
    let module = match vm.modules().get_text(vm, "warnings")? {
        Some(module) => module,
        None if import => {
            let text = vm.new_str("warnings")?.into_value();
            let found = vm.get_builtin("__import__").and_then(|f| vm.call(&f, &[text]));
            match found {
                Ok(module) => module,
                Err(raised) => {
                    // Late in the interpreter's life nothing can be imported any more.
                    if !vm.raised_is(&crate::objects::exceptions::IMPORT_ERROR) {
                        return Err(raised);
                    }
                    vm.forget(raised);
                    return Ok(None);
                }
            }
        }
        None => return Ok(None),
    };
    vm.get_attr_str_opt(&module, name)
}

/// Whether a filter's pattern accepts the text: None all, a str itself, anything else by its `match`.
fn accepts(vm: &Vm, pattern: &Value, text: &Value) -> Res<bool> {
    if pattern.is_none() {
        return Ok(true);
    }
    if pattern.exact::<Str>(vm).is_some() {
        return vm.equal(pattern, text);
    }
    let answer = vm.call_method_str(pattern, "match", core::slice::from_ref(text))?;
    vm.is_true(&answer)
}

fn search(
    vm: &Vm,
    filters: &Ref<List>,
    category: &Value,
    text: &Value,
    lineno: i32,
    module: &Value,
) -> Res<Option<(Value, Value)>> {
    let mut i = 0;
    while let Some(item) = filters.get(i) {
        let Some([action, message, wanted, from, line]) = item.downcast::<Tuple>().map(|t| t.as_slice()) else {
            return Err(vm.value_error(format!("warnings.filters item {i} isn't a 5-tuple")));
        };
        if !action.is_a::<Str>() {
            return Err(vm.type_error(format!("action must be a string, not '{}'", vm.type_name(action))));
        }
        let good_message = accepts(vm, message, text)?;
        let good_module = accepts(vm, from, module)?;
        let subclass = vm.is_subclass(category, wanted)?;
        let line = vm.index_as_i128(line)?.unwrap_or(-1);
        if good_message && subclass && good_module && (line == 0 || line == lineno as i128) {
            return Ok(Some((action.clone(), item.clone())));
        }
        i += 1;
    }
    Ok(None)
}

/// The filters of the running context, when `catch_warnings` has set some.
fn context_filters(vm: &Vm, state: &Warnings) -> Res<Option<Ref<List>>> {
    let Some(variable) = state.context.get() else { return Ok(None) };
    let context = vm.call_method_str(&variable, "get", &[Value::NONE])?;
    if context.is_none() {
        return Ok(None);
    }
    let filters = vm.get_attr_str(&context, "_filters")?;
    match crate::payload::into_ref::<List>(filters) {
        Ok(list) => Ok(Some(list)),
        Err(_) => Err(vm.value_error("_filters of warnings._warnings_context must be a list")),
    }
}

/// The action for a warning, and the filter that asked for it (None for the default action).
pub fn action_for(vm: &Vm, category: &Value, text: &Value, lineno: i32, module: &Value) -> Res<(Value, Value)> {
    let state = vm.interpreter().state::<Warnings>();
    if let Some(filters) = context_filters(vm, &state)?
        && let Some(found) = search(vm, &filters, category, text, lineno, module)?
    {
        return Ok(found);
    }
    let filters = match attribute(vm, "filters", false)? {
        Some(filters) => match crate::payload::into_ref::<List>(filters) {
            Ok(list) => {
                // Kept for the time when the module's attribute is gone.
                state.filters.set(Some(list.clone()));
                list
            }
            Err(_) => return Err(vm.value_error("warnings.filters must be a list")),
        },
        None => state.filters(vm)?,
    };
    if let Some(found) = search(vm, &filters, category, text, lineno, module)? {
        return Ok(found);
    }
    let default = match attribute(vm, "defaultaction", false)? {
        Some(action) if action.is_a::<Str>() => action,
        Some(other) => {
            return Err(
                vm.type_error(format!("warnings.defaultaction must be a string, not '{}'", vm.type_name(&other)))
            );
        }
        None => vm.intern("default")?.into_value(),
    };
    Ok((default, Value::NONE))
}

/// The registry for the action "once".
pub fn once_registry(vm: &Vm) -> Res<Ref<Dict>> {
    match attribute(vm, "onceregistry", false)? {
        Some(value) => match crate::payload::into_ref::<Dict>(value) {
            Ok(dict) => {
                vm.interpreter().state::<Warnings>().once.set(Some(dict.clone()));
                Ok(dict)
            }
            Err(other) => {
                Err(vm.type_error(format!("warnings.onceregistry must be a dict, not '{}'", vm.type_name(&other))))
            }
        },
        None => vm.interpreter().state::<Warnings>().once(vm),
    }
}

/// Whether the registry has the key; enters it when asked to. A registry made under other filters is emptied first.
pub fn already_warned(vm: &Vm, registry: &Ref<Dict>, key: &Value, enter: bool) -> Res<bool> {
    let version = vm.interpreter().state::<Warnings>().version.get();
    let current = registry.get_text(vm, "version")?.is_some_and(|v| v.as_small_int() == Some(version));
    if current {
        if let Some(found) = registry.get(vm, key)?
            && vm.is_true(&found)?
        {
            return Ok(true);
        }
    } else {
        registry.clear_all();
        registry.set_text(vm, "version", vm.new_int(version)?)?;
    }
    if enter {
        registry.set(vm, key, Value::TRUE)?;
    }
    Ok(false)
}
