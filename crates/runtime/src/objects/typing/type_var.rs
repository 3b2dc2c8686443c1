//! `typing.TypeVar`.

use super::{Lazy, call_typing, cannot_subclass, docs, has_default, shown_default, type_check};
use crate::native::{self, Parameter, ParameterKind, Signature};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct TypeVar {
    pub name: Ref<Str>,
    bound: Lazy,
    constraints: Lazy,
    pub(super) default: Lazy,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
}
trace_fields!(TypeVar { name, bound, constraints, default });

impl Payload for TypeVar {
    fn def() -> &'static TypeDef {
        &TYPE_VAR
    }
    const LAYOUT: &'static Layout = layout!("TypeVar");
}

pub static TYPE_VAR: TypeDef = TypeDef {
    module: "typing",
    doc: docs::TYPE_VAR,
    flags: TypeFlags::GC.with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), or: Some(super::or), new: Some(new), ..Slots::NONE },
    tables: &[TypeVar::METHODS],
    ..TypeDef::of::<TypeVar>("TypeVar", &OBJECT)
};

/// A flag given by keyword.
pub(super) fn flag(vm: &Vm, value: Option<&Value>) -> Res<bool> {
    value.map_or(Ok(false), |v| vm.is_true(v))
}

/// The variance rules that `TypeVar` and `ParamSpec` share.
pub(super) fn check_variance(vm: &Vm, covariant: bool, contravariant: bool, infer: bool) -> Res<()> {
    if covariant && contravariant {
        return Err(vm.value_error("Bivariant types are not supported."));
    }
    if infer && (covariant || contravariant) {
        return Err(vm.value_error("Variance cannot be specified with infer_variance."));
    }
    Ok(())
}

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    const fn keyword(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
    }
    static SIGNATURE: Signature = Signature {
        text: "(name, *constraints, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)",
        parameters: &[
            Parameter { name: "name", kind: ParameterKind::Positional, required: true },
            Parameter { name: "constraints", kind: ParameterKind::VarArgs, required: false },
            keyword("bound"),
            keyword("default"),
            keyword("covariant"),
            keyword("contravariant"),
            keyword("infer_variance"),
        ],
    };
    let mut bound = [None; 6];
    let rest = native::bind(vm, Some(&SIGNATURE), "typevar", args, &mut bound)?;
    let Some(name) = bound[0] else { return Err(vm.type_error("typevar() missing required argument 'name' (pos 1)")) };
    let Some(name) = name.downcast::<Str>() else {
        return Err(vm.type_error(format!("typevar() argument 'name' must be str, not {}", vm.type_name(name))));
    };
    let (covariant, contravariant, infer_variance) = (flag(vm, bound[3])?, flag(vm, bound[4])?, flag(vm, bound[5])?);
    check_variance(vm, covariant, contravariant, infer_variance)?;
    let upper = match bound[1].filter(|b| !b.is_none()) {
        Some(value) => Some(type_check(vm, value, "Bound must be a type.")?),
        None => None,
    };
    let constraints = match rest.positional {
        [] => None,
        [_] => return Err(vm.type_error("A single constraint is not allowed")),
        _ if upper.is_some() => return Err(vm.type_error("Constraints cannot be combined with bound=...")),
        many => {
            let message = "TypeVar(name, constraint, ...): constraints must be types.";
            let checked: Vec<Value> = many.iter().map(|c| type_check(vm, c, message)).collect::<Res<_>>()?;
            Some(vm.new_tuple(&checked)?)
        }
    };
    let payload = TypeVar {
        name: name.clone(),
        bound: Lazy::known(upper),
        constraints: Lazy::known(constraints),
        default: super::default_of(vm, bound[2]),
        covariant,
        contravariant,
        infer_variance,
    };
    let made: Ref<TypeVar> = vm.new_instance(cls, payload)?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

/// What the type parameter syntax makes: bound and constraints are functions to be called later.
pub fn make(vm: &Vm, name: Value, bound: Option<Value>, constraints: Option<Value>) -> Res {
    let name = crate::payload::into_ref::<Str>(name).map_err(|_| vm.type_error("a type variable's name is a str"))?;
    let made = vm.new_object(TypeVar {
        name,
        bound: Lazy::later(bound),
        constraints: Lazy::later(constraints),
        default: Lazy::default(),
        covariant: false,
        contravariant: false,
        infer_variance: true,
    })?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(this) = this.downcast::<TypeVar>() else { return Err(vm.type_error("a TypeVar is required")) };
    let prefix = match (this.infer_variance, this.covariant, this.contravariant) {
        (true, ..) => "",
        (_, true, _) => "+",
        (_, _, true) => "-",
        _ => "~",
    };
    super::variance_repr(vm, &this.name, prefix)
}

#[methods]
impl TypeVar {
    #[member]
    fn __name__(_: &Vm, this: &Ref<TypeVar>) -> Ref<Str> {
        this.name.clone()
    }

    #[member]
    fn __covariant__(_: &Vm, this: &Ref<TypeVar>) -> bool {
        this.covariant
    }

    #[member]
    fn __contravariant__(_: &Vm, this: &Ref<TypeVar>) -> bool {
        this.contravariant
    }

    #[member]
    fn __infer_variance__(_: &Vm, this: &Ref<TypeVar>) -> bool {
        this.infer_variance
    }

    #[getter]
    fn __bound__(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        Ok(this.bound.get(vm)?.unwrap_or(Value::NONE))
    }

    #[getter]
    fn __constraints__(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        match this.constraints.get(vm)? {
            Some(constraints) => Ok(constraints),
            None => vm.new_tuple(&[]),
        }
    }

    #[getter]
    fn __default__(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        shown_default(vm, &this.default)
    }

    #[getter]
    fn evaluate_bound(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        this.bound.evaluator(vm)
    }

    #[getter]
    fn evaluate_constraints(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        this.constraints.evaluator(vm)
    }

    #[getter]
    fn evaluate_default(vm: &Vm, this: &Ref<TypeVar>) -> Res {
        this.default.evaluator(vm)
    }

    #[method(sig = "()", doc = "")]
    fn has_default(_: &Vm, this: &Ref<TypeVar>) -> bool {
        has_default(&this.default)
    }

    #[method(sig = "(arg, /)", doc = "")]
    fn __typing_subst__(vm: &Vm, this: &Value, arg: &Value) -> Res {
        call_typing(vm, "_typevar_subst", &[this.clone(), arg.clone()])
    }

    #[method(sig = "(alias, args, /)", doc = "")]
    fn __typing_prepare_subst__(vm: &Vm, this: &Ref<TypeVar>, alias: &Value, args: &Value) -> Res {
        let params = vm.get_attr(alias, &vm.names().__parameters__)?;
        let params = vm.collect_values(&params)?;
        let Some(index) = params.iter().position(|p| p.is(this.as_value())) else {
            return Err(vm.value_error("tuple.index(x): x not in tuple"));
        };
        let given = vm.collect_values(args)?;
        if index < given.len() {
            return Ok(args.clone());
        }
        if index == given.len() && has_default(&this.default) {
            let mut all = given;
            all.push(shown_default(vm, &this.default)?);
            return vm.new_tuple(&all);
        }
        let shown = vm.str(alias)?.to_utf8_lossy().into_owned();
        Err(vm.type_error(format!(
            "Too few arguments for {shown}; actual {}, expected at least {}",
            given.len(),
            index + 1
        )))
    }

    #[method(sig = "()", doc = "")]
    fn __reduce__(_: &Vm, this: &Ref<TypeVar>) -> Ref<Str> {
        this.name.clone()
    }

    #[method(sig = "(object, /)", doc = "")]
    fn __mro_entries__(vm: &Vm, _this: &Value, _object: &Value) -> Res {
        cannot_subclass(vm, "TypeVar")
    }
}
