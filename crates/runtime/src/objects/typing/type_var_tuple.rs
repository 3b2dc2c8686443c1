//! `typing.TypeVarTuple`.

use super::{Lazy, call_typing, cannot_subclass, docs, has_default, shown_default, typing};
use crate::native::{self, Parameter, ParameterKind, Signature};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct TypeVarTuple {
    pub name: Ref<Str>,
    pub(super) default: Lazy,
}
trace_fields!(TypeVarTuple { name, default });

impl Payload for TypeVarTuple {
    fn def() -> &'static TypeDef {
        &TYPE_VAR_TUPLE
    }
    const LAYOUT: &'static Layout = layout!("TypeVarTuple");
}

pub static TYPE_VAR_TUPLE: TypeDef = TypeDef {
    module: "typing",
    doc: docs::TYPE_VAR_TUPLE,
    flags: TypeFlags::GC.with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), iter: Some(iter), new: Some(new), ..Slots::NONE },
    tables: &[TypeVarTuple::METHODS],
    ..TypeDef::of::<TypeVarTuple>("TypeVarTuple", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(name, *, default=typing.NoDefault)",
        parameters: &[
            Parameter { name: "name", kind: ParameterKind::Positional, required: true },
            Parameter { name: "default", kind: ParameterKind::KeywordOnly, required: false },
        ],
    };
    let mut bound = [None; 2];
    native::bind(vm, Some(&SIGNATURE), "typevartuple", args, &mut bound)?;
    let Some(name) = bound[0].and_then(|n| n.downcast::<Str>()) else {
        let got = bound[0].map_or_else(String::new, |n| vm.type_name(n));
        return Err(vm.type_error(format!("typevartuple() argument 'name' must be str, not {got}")));
    };
    let payload = TypeVarTuple { name: name.clone(), default: super::default_of(vm, bound[1]) };
    let made: Ref<TypeVarTuple> = vm.new_instance(cls, payload)?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

/// What the type parameter syntax makes.
pub fn make(vm: &Vm, name: Value) -> Res {
    let name = crate::payload::into_ref::<Str>(name).map_err(|_| vm.type_error("a type variable's name is a str"))?;
    let made = vm.new_object(TypeVarTuple { name, default: Lazy::default() })?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    match this.downcast::<TypeVarTuple>() {
        Some(this) => Ok(this.name.to_value()),
        None => Err(vm.type_error("a TypeVarTuple is required")),
    }
}

/// `typing.Unpack[Ts]`.
pub(super) fn unpack(vm: &Vm, this: &Value) -> Res {
    let unpack = typing(vm, "Unpack")?;
    vm.get_item(&unpack, this)
}

fn iter(vm: &Vm, this: &Value) -> Res {
    let items = vm.new_tuple(&[unpack(vm, this)?])?;
    vm.iter(&items)
}

#[methods]
impl TypeVarTuple {
    #[member]
    fn __name__(_: &Vm, this: &Ref<TypeVarTuple>) -> Ref<Str> {
        this.name.clone()
    }

    /// The default value for this TypeVarTuple.
    #[getter]
    fn __default__(vm: &Vm, this: &Ref<TypeVarTuple>) -> Res {
        shown_default(vm, &this.default)
    }

    #[getter]
    fn evaluate_default(vm: &Vm, this: &Ref<TypeVarTuple>) -> Res {
        this.default.evaluator(vm)
    }

    #[method(sig = "()", doc = "")]
    fn has_default(_: &Vm, this: &Ref<TypeVarTuple>) -> bool {
        has_default(&this.default)
    }

    #[method(sig = "(arg, /)", doc = "")]
    fn __typing_subst__(vm: &Vm, _this: &Value, _arg: &Value) -> Res {
        Err(vm.type_error("Substitution of bare TypeVarTuple is not supported"))
    }

    #[method(sig = "(alias, args, /)", doc = "")]
    fn __typing_prepare_subst__(vm: &Vm, this: &Value, alias: &Value, args: &Value) -> Res {
        call_typing(vm, "_typevartuple_prepare_subst", &[this.clone(), alias.clone(), args.clone()])
    }

    #[method(sig = "()", doc = "")]
    fn __reduce__(_: &Vm, this: &Ref<TypeVarTuple>) -> Ref<Str> {
        this.name.clone()
    }

    #[method(sig = "(object, /)", doc = "")]
    fn __mro_entries__(vm: &Vm, _this: &Value, _object: &Value) -> Res {
        cannot_subclass(vm, "TypeVarTuple")
    }
}
