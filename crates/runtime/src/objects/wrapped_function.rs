//! What `staticmethod` and `classmethod` share: the callable, and the attributes copied from it.

use crate::vm::{Res, Vm};
use crate::{Dict, Ref, Value};

/// Copies `__module__`, `__name__`, `__qualname__` and `__doc__` of the callable, as `functools.wraps` does.
pub fn copy_attributes(vm: &Vm, wrapper: &Value, callable: &Value) -> Res<()> {
    let names = vm.names();
    for name in [&names.__module__, &names.__name__, &names.__qualname__, &names.__doc__] {
        if let Some(value) = vm.get_attr_opt(callable, name)? {
            vm.set_own_attribute(wrapper, name, value)?;
        }
    }
    Ok(())
}

/// `__annotations__` and `__annotate__` come from the callable when first asked for, and stay.
pub fn copied(vm: &Vm, wrapper: &Value, callable: &Value, name: &Ref<crate::Str>) -> Res {
    let dict: Option<Ref<Dict>> = vm.instance_dict(wrapper)?;
    if let Some(known) = dict.as_ref().and_then(|d| d.get_str(vm, name)) {
        return Ok(known);
    }
    let value = vm.get_attr(callable, name)?;
    if let Some(dict) = dict {
        dict.set_str(vm, name, value.clone())?;
    }
    Ok(value)
}

pub fn store(vm: &Vm, wrapper: &Value, name: &Ref<crate::Str>, value: Option<&Value>) -> Res<()> {
    let Some(dict) = vm.instance_dict(wrapper)? else { return Ok(()) };
    match value {
        Some(value) => dict.set_str(vm, name, value.clone()),
        None => match dict.remove_str(vm, name) {
            Some(_) => Ok(()),
            None => Err(vm.attribute_error(name.to_utf8_lossy())),
        },
    }
}

/// Whether `__isabstractmethod__` of the callable is true.
pub fn is_abstract(vm: &Vm, callable: &Value) -> Res<bool> {
    match vm.get_attr_opt(callable, &vm.names().__isabstractmethod__)? {
        Some(flag) => vm.is_true(&flag),
        None => Ok(false),
    }
}
