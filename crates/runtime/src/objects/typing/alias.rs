//! `typing.TypeAliasType`: what `type X = ...` makes.

use super::{Lazy, docs};
use crate::native::{self, Parameter, ParameterKind, Signature};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct TypeAlias {
    pub name: Ref<Str>,
    params: Option<Ref<Tuple>>,
    value: Lazy,
    module: Option<Value>,
}
trace_fields!(TypeAlias { name, params, value, module });

impl Payload for TypeAlias {
    fn def() -> &'static TypeDef {
        &TYPE_ALIAS
    }
    const LAYOUT: &'static Layout = layout!("TypeAliasType");
}

pub static TYPE_ALIAS: TypeDef = TypeDef {
    module: "typing",
    doc: docs::TYPE_ALIAS_TYPE,
    flags: TypeFlags::GC,
    slots: Slots {
        repr: Some(repr),
        or: Some(super::or),
        iter: Some(iter),
        getitem: Some(getitem),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[TypeAlias::METHODS],
    ..TypeDef::of::<TypeAlias>("TypeAliasType", &OBJECT)
};

/// What the `type` statement makes of (name, parameters, function).
pub fn make(vm: &Vm, parts: &Value) -> Res {
    let Some([name, params, evaluate]) = parts.downcast::<Tuple>().map(|t| t.as_slice()) else {
        return Err(vm.system_error("a type alias is made of three parts"));
    };
    let Some(name) = name.downcast::<Str>() else { return Err(vm.type_error("a type alias's name is a str")) };
    let payload = TypeAlias {
        name: name.clone(),
        params: params.downcast::<Tuple>().cloned(),
        value: Lazy::later(Some(evaluate.clone())),
        module: super::caller_module(vm),
    };
    Ok(vm.new_object(payload)?.into_value())
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(name, value, *, type_params=())",
        parameters: &[
            Parameter { name: "name", kind: ParameterKind::Positional, required: true },
            Parameter { name: "value", kind: ParameterKind::Positional, required: true },
            Parameter { name: "type_params", kind: ParameterKind::KeywordOnly, required: false },
        ],
    };
    let mut bound = [None; 3];
    native::bind(vm, Some(&SIGNATURE), "typealias", args, &mut bound)?;
    let (Some(name), Some(value)) = (bound[0], bound[1]) else { return Err(vm.type_error("typealias() needs a name")) };
    let Some(name) = name.downcast::<Str>() else {
        return Err(vm.type_error(format!("typealias() argument 'name' must be str, not {}", vm.type_name(name))));
    };
    let params = match bound[2] {
        None => None,
        Some(params) => match params.downcast::<Tuple>() {
            Some(params) => {
                check_params(vm, params)?;
                Some(params.clone()).filter(|p| !p.is_empty())
            }
            None => return Err(vm.type_error("type_params must be a tuple")),
        },
    };
    let payload = TypeAlias {
        name: name.clone(),
        params,
        value: Lazy::known(Some(value.clone())),
        module: super::caller_module(vm),
    };
    let made: Ref<TypeAlias> = vm.new_instance(cls, payload)?;
    Ok(made.into_value())
}

/// Only type parameters, and none without a default behind one with.
fn check_params(vm: &Vm, params: &Ref<Tuple>) -> Res<()> {
    let mut default_seen = false;
    for param in params.as_slice() {
        let default = if let Some(p) = param.downcast::<super::type_var::TypeVar>() {
            super::has_default(&p.default)
        } else if let Some(p) = param.downcast::<super::param_spec::ParamSpec>() {
            super::has_default(&p.default)
        } else if let Some(p) = param.downcast::<super::type_var_tuple::TypeVarTuple>() {
            super::has_default(&p.default)
        } else {
            return Err(vm.type_error(format!("Expected a type param, got {}", vm.repr(param)?.to_utf8_lossy())));
        };
        if default_seen && !default {
            return Err(vm.type_error(format!(
                "non-default type parameter '{}' follows default type parameter",
                vm.repr(param)?.to_utf8_lossy()
            )));
        }
        default_seen |= default;
    }
    Ok(())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<TypeAlias>> {
    this.downcast::<TypeAlias>().ok_or_else(|| vm.type_error("a TypeAliasType is required"))
}

fn repr(vm: &Vm, this: &Value) -> Res {
    Ok(of(vm, this)?.name.to_value())
}

fn iter(vm: &Vm, this: &Value) -> Res {
    let unpack = super::typing(vm, "Unpack")?;
    let items = vm.new_tuple(&[vm.get_item(&unpack, this)?])?;
    vm.iter(&items)
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    if of(vm, this)?.params.is_none() {
        return Err(vm.type_error("Only generic type aliases are subscriptable"));
    }
    crate::objects::generic_alias::new_alias(vm, this, key)
}

#[methods]
impl TypeAlias {
    #[member]
    fn __name__(_: &Vm, this: &Ref<TypeAlias>) -> Ref<Str> {
        this.name.clone()
    }

    #[getter]
    fn __value__(vm: &Vm, this: &Ref<TypeAlias>) -> Res {
        Ok(this.value.get(vm)?.unwrap_or(Value::NONE))
    }

    #[getter]
    fn evaluate_value(vm: &Vm, this: &Ref<TypeAlias>) -> Res {
        this.value.evaluator(vm)
    }

    #[getter]
    fn __type_params__(vm: &Vm, this: &Ref<TypeAlias>) -> Res {
        match &this.params {
            Some(params) => Ok(params.to_value()),
            None => vm.new_tuple(&[]),
        }
    }

    #[getter]
    fn __parameters__(vm: &Vm, this: &Ref<TypeAlias>) -> Res {
        match &this.params {
            Some(params) => Ok(super::unpacked(vm, params)?.into_value()),
            None => vm.new_tuple(&[]),
        }
    }

    #[getter]
    fn __module__(_: &Vm, this: &Ref<TypeAlias>) -> Value {
        this.module.clone().unwrap_or(Value::NONE)
    }

    #[method(sig = "()", doc = "")]
    fn __reduce__(_: &Vm, this: &Ref<TypeAlias>) -> Ref<Str> {
        this.name.clone()
    }
}
