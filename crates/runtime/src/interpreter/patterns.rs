//! Structural pattern matching. After CPython Python/ceval.c (`_PyEval_MatchClass`, `_PyEval_MatchKeys`).

use super::dispatch::handlers;
use crate::frames::Fp;
use crate::objects::dict::Dict;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Tuple, Type, TypeFlags, Value};

handlers! {
    body MATCH_SEQUENCE, 0 => match_sequence;
    body MATCH_MAPPING, 0 => match_mapping;
    body MATCH_KEYS, 0 => match_keys;
    body MATCH_CLASS, 0 => match_class;
}

fn match_sequence(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    fp.push(Value::bool(vm.class(fp.top(1)).has(TypeFlags::SEQUENCE)));
    Ok(())
}

fn match_mapping(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    fp.push(Value::bool(vm.class(fp.top(1)).has(TypeFlags::MAPPING)));
    Ok(())
}

fn match_keys(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let subject = fp.top(2).clone();
    let keys = fp.top(1).clone();
    let keys = keys.downcast::<Tuple>().map_or(Vec::new(), |k| k.as_slice().to_vec());
    let result = (|| -> Res {
        if keys.is_empty() {
            return vm.new_tuple(&[]);
        }
        let seen = Dict::new(vm)?;
        let get = vm.load_method(&subject, &vm.names().get)?;
        let dummy = vm.call(vm.ty(&crate::objects::object::OBJECT).as_value(), &[])?;
        let mut values = Vec::with_capacity(keys.len());
        for key in &keys {
            if seen.get(vm, key)?.is_some() {
                let text = vm.repr(key)?;
                return Err(vm.value_error(format!("mapping pattern checks duplicate key ({})", text.to_utf8_lossy())));
            }
            seen.set(vm, key, Value::NONE)?;
            let value = if get.takes_self {
                vm.call(&get.callable, &[subject.clone(), key.clone(), dummy.clone()])?
            } else {
                vm.call(&get.callable, &[key.clone(), dummy.clone()])?
            };
            if value.is(&dummy) {
                return Ok(Value::NONE);
            }
            values.push(value);
        }
        vm.new_tuple(&values)
    })()?;
    fp.push(result);
    Ok(())
}

fn match_class(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (subject, class, names) = (fp.top(3).clone(), fp.top(2).clone(), fp.top(1).clone());
    let names = names.downcast::<Tuple>().map_or(Vec::new(), |k| k.as_slice().to_vec());
    let result = attributes(vm, &subject, &class, oparg as usize, &names)?;
    fp.drop_top(3);
    fp.push(match result {
        Some(values) => vm.new_tuple(&values)?,
        None => Value::NONE,
    });
    Ok(())
}

fn attributes(vm: &Vm, subject: &Value, class: &Value, count: usize, names: &[Value]) -> Res<Option<Vec<Value>>> {
    let Some(ty) = class.downcast::<Type>() else {
        return Err(vm.type_error("called match pattern must be a class"));
    };
    if !vm.is_instance(subject, class)? {
        return Ok(None);
    }
    let mut seen: Vec<Ref<Str>> = Vec::new();
    let mut values = Vec::new();
    let mut fetch = |vm: &Vm, name: &Ref<Str>| -> Res<Option<Value>> {
        if seen.iter().any(|s| s.equals(name)) {
            let text = vm.repr(name.as_value())?;
            return Err(vm.type_error(format!(
                "{}() got multiple sub-patterns for attribute {}",
                ty.name(),
                text.to_utf8_lossy()
            )));
        }
        seen.push(name.clone());
        vm.get_attr_opt(subject, name)
    };
    if count > 0 {
        let mut self_only = false;
        let match_args = match vm.get_attr_opt(class, &vm.names().__match_args__)? {
            Some(found) => match found.exact::<Tuple>(vm) {
                Some(tuple) => tuple.as_slice().to_vec(),
                None => {
                    return Err(vm.type_error(format!(
                        "{}.__match_args__ must be a tuple (got {})",
                        ty.name(),
                        vm.type_name(&found)
                    )));
                }
            },
            None => {
                self_only = ty.has(TypeFlags::MATCH_SELF);
                Vec::new()
            }
        };
        let allowed = if self_only { 1 } else { match_args.len() };
        if allowed < count {
            let s = if allowed == 1 { "" } else { "s" };
            return Err(
                vm.type_error(format!("{}() accepts {allowed} positional sub-pattern{s} ({count} given)", ty.name()))
            );
        }
        if self_only {
            values.push(subject.clone());
        } else {
            for name in &match_args[..count] {
                let Some(text) = name.exact::<Str>(vm) else {
                    return Err(
                        vm.type_error(format!("__match_args__ elements must be strings (got {})", vm.type_name(name)))
                    );
                };
                match fetch(vm, text)? {
                    Some(value) => values.push(value),
                    None => return Ok(None),
                }
            }
        }
    }
    for name in names {
        let Some(text) = name.downcast::<Str>() else { continue };
        match fetch(vm, text)? {
            Some(value) => values.push(value),
            None => return Ok(None),
        }
    }
    Ok(Some(values))
}
