//! Type variables of parametrised types: collecting them, and putting arguments in their place. After CPython
//! Objects/genericaliasobject.c (`_Py_make_parameters`, `_Py_subs_parameters`).

use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{List, Ref, Tuple, Type, Value};

/// Type variables in `args`, each once, in order.
pub fn collect(vm: &Vm, args: &[Value]) -> Res<Ref<Tuple>> {
    let mut out: Vec<Value> = Vec::new();
    gather(vm, args, &mut out)?;
    Tuple::from_vec(vm, out)
}

fn gather(vm: &Vm, args: &[Value], out: &mut Vec<Value>) -> Res<()> {
    let names = vm.names();
    for arg in args {
        // Classes have `__parameters__` only as generic classes do; they hold no variables themselves.
        if arg.is_a::<Type>() {
            continue;
        }
        if let Some(list) = items_of(arg) {
            vm.recurse(" in __parameter__ calculation", || gather(vm, &list, out))?;
            continue;
        }
        if vm.get_attr_opt(arg, &names.__typing_subst__)?.is_some() {
            if !out.iter().any(|v| v.is(arg)) {
                out.push(arg.clone());
            }
            continue;
        }
        if let Some(inner) = vm.get_attr_opt(arg, &names.__parameters__)?
            && let Some(inner) = inner.downcast::<Tuple>()
        {
            for variable in inner.as_slice() {
                if !out.iter().any(|v| v.is(variable)) {
                    out.push(variable.clone());
                }
            }
        }
    }
    Ok(())
}

fn items_of(arg: &Value) -> Option<Vec<Value>> {
    match (arg.downcast::<Tuple>(), arg.downcast::<List>()) {
        (Some(tuple), _) => Some(tuple.as_slice().to_vec()),
        (_, Some(list)) => Some(list.to_vec()),
        _ => None,
    }
}

/// Arguments given, with unpacked tuples of fixed length spread out.
fn unpack(vm: &Vm, item: &Value) -> Res<Vec<Value>> {
    let given = match item.downcast::<Tuple>() {
        Some(tuple) => tuple.as_slice().to_vec(),
        None => vec![item.clone()],
    };
    let mut out = Vec::with_capacity(given.len());
    for arg in given {
        if !arg.is_a::<Type>()
            && let Some(inner) = vm.get_attr_opt(&arg, &vm.names().__typing_unpacked_tuple_args__)?
            && let Some(inner) = inner.downcast::<Tuple>()
            && inner.as_slice().last().is_none_or(|l| l.bits() != ophi_heap::value::ELLIPSIS_BITS)
        {
            out.extend_from_slice(inner.as_slice());
            continue;
        }
        out.push(arg);
    }
    Ok(out)
}

/// `args` with `parameters` replaced by what `item` gives for them.
pub fn substitute(vm: &Vm, this: &Value, args: &[Value], parameters: &Ref<Tuple>, item: &Value) -> Res<Vec<Value>> {
    let names = vm.names();
    let shown = || -> Res<String> { Ok(vm.repr(this)?.to_utf8_lossy().into_owned()) };
    if parameters.is_empty() {
        return Err(vm.type_error(format!("{} is not a generic class", shown()?)));
    }
    let mut given = Tuple::from_vec(vm, unpack(vm, item)?)?;
    for parameter in parameters.as_slice() {
        if let Some(prepare) = vm.get_attr_opt(parameter, &names.__typing_prepare_subst__)?.filter(|p| !p.is_none()) {
            let prepared = vm.call(&prepare, &[this.clone(), given.to_value()])?;
            given = match crate::payload::into_ref::<Tuple>(prepared) {
                Ok(tuple) => tuple,
                Err(single) => Tuple::from_slice(vm, &[single])?,
            };
        }
    }
    if given.len() != parameters.len() {
        let how = if given.len() > parameters.len() { "many" } else { "few" };
        return Err(vm.type_error(format!(
            "Too {how} arguments for {}; actual {}, expected {}",
            shown()?,
            given.len(),
            parameters.len()
        )));
    }
    replace(vm, args, parameters.as_slice(), given.as_slice())
}

fn replace(vm: &Vm, args: &[Value], parameters: &[Value], given: &[Value]) -> Res<Vec<Value>> {
    let names = vm.names();
    let mut out = Vec::with_capacity(args.len());
    for arg in args {
        if arg.is_a::<Type>() {
            out.push(arg.clone());
            continue;
        }
        if let Some(items) = items_of(arg) {
            let inner = vm.recurse(" in __parameter__ substitution", || replace(vm, &items, parameters, given))?;
            out.push(match arg.is_a::<Tuple>() {
                true => vm.new_tuple(&inner)?,
                false => vm.new_list(inner)?,
            });
            continue;
        }
        let unpacked = match vm.get_attr_opt(arg, &names.__typing_is_unpacked_typevartuple__)? {
            Some(flag) => vm.is_true(&flag)?,
            None => false,
        };
        let new = match vm.get_attr_opt(arg, &names.__typing_subst__)? {
            Some(subst) => {
                let at = parameters.iter().position(|p| p.is(arg));
                match at.and_then(|i| given.get(i)) {
                    Some(value) => vm.call(&subst, core::slice::from_ref(value))?,
                    None => {
                        let shown = vm.repr(arg)?;
                        return Err(vm.type_error(format!(
                            "argument {} with __typing_subst__ was not found in __parameters__",
                            shown.to_utf8_lossy()
                        )));
                    }
                }
            }
            None => nested(vm, arg, parameters, given)?,
        };
        match (unpacked, new.downcast::<Tuple>()) {
            (true, Some(many)) => out.extend_from_slice(many.as_slice()),
            (true, None) => {
                let original = vm.get_attr_opt(arg, &names.__name__)?;
                let _ = original;
                return Err(vm.type_error(format!(
                    "expected __typing_subst__ of {} objects to return a tuple, not {}",
                    vm.type_name(arg),
                    vm.type_name(&new)
                )));
            }
            (false, _) => out.push(new),
        }
    }
    Ok(out)
}

/// `arg[...]` for an argument that has type variables of its own.
fn nested(vm: &Vm, arg: &Value, parameters: &[Value], given: &[Value]) -> Res {
    let Some(own) = vm.get_attr_opt(arg, &vm.names().__parameters__)? else { return Ok(arg.clone()) };
    let Some(own) = own.downcast::<Tuple>().filter(|o| !o.is_empty()) else { return Ok(arg.clone()) };
    let mut chosen = Vec::with_capacity(own.len());
    for variable in own.as_slice() {
        match parameters.iter().position(|p| p.is(variable)).and_then(|i| given.get(i)) {
            Some(value) => {
                // A variable that stands for many is spread out.
                match (value.downcast::<Tuple>(), vm.class(variable).slots().iter) {
                    (Some(many), Some(_)) => chosen.extend_from_slice(many.as_slice()),
                    _ => chosen.push(value.clone()),
                }
            }
            None => chosen.push(variable.clone()),
        }
    }
    let key = vm.new_tuple(&chosen)?;
    match vm.class(arg).slots().getitem {
        Some(get) => vm.recurse(" in __parameter__ substitution", || get(vm, arg, &key)),
        None => Ok(arg.clone()),
    }
}
