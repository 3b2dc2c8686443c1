//! Reducing objects for `copy` and `pickle`: `__reduce_ex__`, `__getstate__`. After CPython Objects/typeobject.c
//! (`object___reduce_ex__`, `reduce_newobj`, `object_getstate_default`) and Lib/copyreg.py.

use crate::objects::r#type::attributes::slot_names;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Dict, List, Ref, Str, Tuple, Value};

/// `copyreg`, imported when it is not there yet.
fn copyreg(vm: &Vm) -> Res {
    if let Some(module) = vm.modules().get_text(vm, "copyreg")? {
        return Ok(module);
    }
    let import = crate::objects::native_function::builtin(vm, "__import__")?;
    vm.call(&import, &[vm.intern("copyreg")?.into_value()])
}

/// `__reduce_ex__`: an overridden `__reduce__` comes first.
pub fn reduce_ex(vm: &Vm, this: &Value, protocol: i32) -> Res {
    let name = &vm.names().__reduce__;
    let class = vm.class(this).clone();
    let own = class.lookup(vm, name);
    let default = vm.ty(&super::OBJECT).lookup(vm, name);
    let overridden = match (&own, &default) {
        (Some(a), Some(b)) => !a.is(b),
        _ => own.is_some(),
    };
    if overridden {
        return vm.call_method(this, name, &[]);
    }
    reduce(vm, this, protocol)
}

pub fn reduce(vm: &Vm, this: &Value, protocol: i32) -> Res {
    if protocol >= 2 {
        return new_object(vm, this);
    }
    let function = vm.get_attr_str(&copyreg(vm)?, "_reduce_ex")?;
    vm.call(&function, &[this.clone(), Value::int32(protocol)])
}

/// `(copyreg.__newobj__, (cls, *args), state, listitems, dictitems)`.
fn new_object(vm: &Vm, this: &Value) -> Res {
    let class = vm.class(this).clone();
    if class.slots().new.is_none() {
        return Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))));
    }
    let (args, kwargs) = new_arguments(vm, this)?;
    let copyreg = copyreg(vm)?;
    let has_args = args.is_some();
    let (function, arguments) = match kwargs.filter(|k| k.downcast::<Dict>().is_some_and(|d| !d.is_empty())) {
        None => {
            let mut all = vec![class.to_value()];
            if let Some(args) = args.as_ref().and_then(|a| a.downcast::<Tuple>()) {
                all.extend_from_slice(args.as_slice());
            }
            (vm.get_attr_str(&copyreg, "__newobj__")?, Tuple::from_vec(vm, all)?.into_value())
        }
        Some(kwargs) => {
            let args = match args {
                Some(args) => args,
                None => vm.new_tuple(&[])?,
            };
            let all = vm.new_tuple(&[class.to_value(), args, kwargs])?;
            (vm.get_attr_str(&copyreg, "__newobj_ex__")?, all)
        }
    };
    let required = !has_args && !this.is_a::<List>() && !this.is_a::<Dict>();
    let state = state_of(vm, this, required)?;
    let list_items = match this.downcast::<List>() {
        Some(_) => match vm.class(this).slots().iter {
            Some(iter) => iter(vm, this)?,
            None => Value::NONE,
        },
        None => Value::NONE,
    };
    let dict_items = match this.downcast::<Dict>() {
        Some(_) => {
            let items = vm.call_method(this, &vm.names().items, &[])?;
            match vm.class(&items).slots().iter {
                Some(iter) => iter(vm, &items)?,
                None => Value::NONE,
            }
        }
        None => Value::NONE,
    };
    vm.new_tuple(&[function, arguments, state, list_items, dict_items])
}

/// Whether instances reduce to `copyreg.__newobj__(cls)` and the state that is their dict: nothing of the reduction is
/// overridden, and there are no slots. An instance's own attributes are not looked at.
pub fn is_plain(vm: &Vm, class: &crate::TypeRef) -> bool {
    let names = vm.names();
    let root = vm.ty(&super::OBJECT);
    let same = |name: &Ref<Str>| match (class.lookup(vm, name), root.lookup(vm, name)) {
        (Some(own), Some(default)) => own.is(&default),
        _ => false,
    };
    let head = class.head();
    class.def.is_none()
        && crate::protocol::attributes::is_generic(class.slots().getattro)
        && class.slots().new.is_some()
        && class.flags().has(ophi_heap::TypeFlags::DICT)
        && head.slot_words.get() == 0
        && head.tail_offset.get() as usize <= size_of::<ophi_heap::object::Object<super::Instance>>()
        && [&names.__reduce_ex__, &names.__reduce__, &names.__getstate__, &names.__class__].into_iter().all(same)
        && class.lookup(vm, &names.__getnewargs_ex__).is_none()
        && class.lookup(vm, &names.__getnewargs__).is_none()
        && class
            .lookup(vm, &names.__dict__)
            .is_some_and(|found| found.is_a::<crate::objects::native_function::GetSetDescriptor>())
        && slot_names(vm, class).is_empty()
}

/// What `__getnewargs_ex__` or `__getnewargs__` give.
fn new_arguments(vm: &Vm, this: &Value) -> Res<(Option<Value>, Option<Value>)> {
    let names = vm.names();
    if let Some(result) = vm.call_special(this, &names.__getnewargs_ex__, &[])? {
        let Some(pair) = result.downcast::<Tuple>() else {
            return Err(
                vm.type_error(format!("__getnewargs_ex__ should return a tuple, not '{}'", vm.type_name(&result)))
            );
        };
        let [args, kwargs] = pair.as_slice() else {
            return Err(
                vm.value_error(format!("__getnewargs_ex__ should return a tuple of length 2, not {}", pair.len()))
            );
        };
        if !args.is_a::<Tuple>() {
            return Err(vm.type_error(format!(
                "first item of the tuple returned by __getnewargs_ex__ must be a tuple, not '{}'",
                vm.type_name(args)
            )));
        }
        if !kwargs.is_a::<Dict>() {
            return Err(vm.type_error(format!(
                "second item of the tuple returned by __getnewargs_ex__ must be a dict, not '{}'",
                vm.type_name(kwargs)
            )));
        }
        return Ok((Some(args.clone()), Some(kwargs.clone())));
    }
    if let Some(result) = vm.call_special(this, &names.__getnewargs__, &[])? {
        if !result.is_a::<Tuple>() {
            return Err(vm.type_error(format!("__getnewargs__ should return a tuple, not '{}'", vm.type_name(&result))));
        }
        return Ok((Some(result), None));
    }
    Ok((None, None))
}

/// `obj.__getstate__()`, natively when it is not overridden.
fn state_of(vm: &Vm, this: &Value, required: bool) -> Res {
    let name = &vm.names().__getstate__;
    let own = vm.class(this).lookup(vm, name);
    let default = vm.ty(&super::OBJECT).lookup(vm, name);
    match (&own, &default) {
        (Some(a), Some(b)) if a.is(b) && vm.own_attribute(this, name).is_none() => default_state(vm, this, required),
        _ => vm.call_method(this, name, &[]),
    }
}

pub fn get_state(vm: &Vm, this: &Value) -> Res {
    default_state(vm, this, false)
}

/// The instance's dict, or (dict, slots) when it has slots with values, or None when it has neither.
fn default_state(vm: &Vm, this: &Value, required: bool) -> Res {
    let class = vm.class(this).clone();
    if required {
        let head = class.head();
        let plain = class.flags().0 & ophi_heap::TypeFlags::DICT.0 != 0 || head.slot_words.get() > 0;
        let base_only = head.tail_offset.get() as usize > size_of::<ophi_heap::object::Object<super::Instance>>();
        let _ = plain;
        if base_only {
            return Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))));
        }
    }
    let state = match vm.get_attr_opt(this, &vm.names().__dict__)? {
        Some(dict) => match dict.downcast::<Dict>() {
            // A copy is not needed: pickle writes it before anyone changes it; copy.copy relies on the very dict.
            Some(dict) if dict.is_empty() && vm.instance_dict(this)?.is_some() => match slot_state(vm, this, &class)? {
                None => return Ok(Value::NONE),
                Some(slots) => return vm.new_tuple(&[Value::NONE, slots]),
            },
            _ => dict,
        },
        None => Value::NONE,
    };
    match slot_state(vm, this, &class)? {
        Some(slots) => vm.new_tuple(&[state, slots]),
        None => Ok(state),
    }
}

fn slot_state(vm: &Vm, this: &Value, class: &crate::TypeRef) -> Res<Option<Value>> {
    let declared = vm.intern("__slotnames__")?;
    let known = class.namespace().get_str(vm, &declared);
    if known.is_none() && slot_names(vm, class).is_empty() {
        return Ok(None);
    }
    let names = match known {
        Some(names) => names,
        None => {
            let function = vm.get_attr_str(&copyreg(vm)?, "_slotnames")?;
            vm.call(&function, core::slice::from_ref(class.as_value()))?
        }
    };
    if names.is_none() {
        return Ok(None);
    }
    let Some(list) = names.downcast::<List>() else {
        return Err(vm.type_error("copyreg._slotnames didn't return a list or None"));
    };
    let names = list.to_vec();
    let slots = vm.new_dict()?;
    for name in &names {
        let Some(name) = name.downcast::<Str>() else {
            return Err(vm.type_error(format!("attribute name must be string, not '{}'", vm.type_name(name))));
        };
        if let Some(value) = vm.get_attr_opt(this, name)? {
            slots.set(vm, name.as_value(), value)?;
        }
        if list.len() != names.len() {
            return Err(vm.runtime_error("__slotsname__ changed size during iteration"));
        }
    }
    Ok((!slots.is_empty()).then(|| slots.into_value()))
}
