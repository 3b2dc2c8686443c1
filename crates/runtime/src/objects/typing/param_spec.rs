//! `typing.ParamSpec`, and its `args` and `kwargs`.

use super::type_var::{check_variance, flag};
use super::{Lazy, call_typing, cannot_subclass, docs, has_default, shown_default};
use crate::native::{self, Parameter, ParameterKind, Signature};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, TypeRef, Value, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct ParamSpec {
    pub name: Ref<Str>,
    bound: Option<Value>,
    pub(super) default: Lazy,
    covariant: bool,
    contravariant: bool,
    infer_variance: bool,
}
trace_fields!(ParamSpec { name, bound, default });

impl Payload for ParamSpec {
    fn def() -> &'static TypeDef {
        &PARAM_SPEC
    }
    const LAYOUT: &'static Layout = layout!("ParamSpec");
}

pub static PARAM_SPEC: TypeDef = TypeDef {
    module: "typing",
    doc: docs::PARAM_SPEC,
    flags: TypeFlags::GC.with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), or: Some(super::or), new: Some(new), ..Slots::NONE },
    tables: &[ParamSpec::METHODS],
    ..TypeDef::of::<ParamSpec>("ParamSpec", &OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    const fn keyword(name: &'static str) -> Parameter {
        Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
    }
    static SIGNATURE: Signature = Signature {
        text: "(name, *, bound=None, default=typing.NoDefault, covariant=False, contravariant=False, infer_variance=False)",
        parameters: &[
            Parameter { name: "name", kind: ParameterKind::Positional, required: true },
            keyword("bound"),
            keyword("default"),
            keyword("covariant"),
            keyword("contravariant"),
            keyword("infer_variance"),
        ],
    };
    let mut bound = [None; 6];
    native::bind(vm, Some(&SIGNATURE), "paramspec", args, &mut bound)?;
    let Some(name) = bound[0] else {
        return Err(vm.type_error("paramspec() missing required argument 'name' (pos 1)"));
    };
    let Some(name) = name.downcast::<Str>() else {
        return Err(vm.type_error(format!("paramspec() argument 'name' must be str, not {}", vm.type_name(name))));
    };
    let (covariant, contravariant, infer_variance) = (flag(vm, bound[3])?, flag(vm, bound[4])?, flag(vm, bound[5])?);
    check_variance(vm, covariant, contravariant, infer_variance)?;
    let upper = bound[1].filter(|b| !b.is_none()).cloned();
    let default = super::default_of(vm, bound[2]);
    let payload = ParamSpec { name: name.clone(), bound: upper, default, covariant, contravariant, infer_variance };
    let made: Ref<ParamSpec> = vm.new_instance(cls, payload)?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

/// What the type parameter syntax makes.
pub fn make(vm: &Vm, name: Value) -> Res {
    let name = crate::payload::into_ref::<Str>(name).map_err(|_| vm.type_error("a type variable's name is a str"))?;
    let made = vm.new_object(ParamSpec {
        name,
        bound: None,
        default: Lazy::default(),
        covariant: false,
        contravariant: false,
        infer_variance: true,
    })?;
    super::set_module(vm, made.as_value())?;
    Ok(made.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(this) = this.downcast::<ParamSpec>() else { return Err(vm.type_error("a ParamSpec is required")) };
    let prefix = match (this.infer_variance, this.covariant, this.contravariant) {
        (true, ..) => "",
        (_, true, _) => "+",
        (_, _, true) => "-",
        _ => "~",
    };
    super::variance_repr(vm, &this.name, prefix)
}

#[methods]
impl ParamSpec {
    #[member]
    fn __name__(_: &Vm, this: &Ref<ParamSpec>) -> Ref<Str> {
        this.name.clone()
    }

    #[member]
    fn __bound__(_: &Vm, this: &Ref<ParamSpec>) -> Value {
        this.bound.clone().unwrap_or(Value::NONE)
    }

    #[member]
    fn __covariant__(_: &Vm, this: &Ref<ParamSpec>) -> bool {
        this.covariant
    }

    #[member]
    fn __contravariant__(_: &Vm, this: &Ref<ParamSpec>) -> bool {
        this.contravariant
    }

    #[member]
    fn __infer_variance__(_: &Vm, this: &Ref<ParamSpec>) -> bool {
        this.infer_variance
    }

    /// Represents positional arguments.
    #[getter]
    fn args(vm: &Vm, this: &Ref<ParamSpec>) -> Res {
        Ok(vm.new_object(ParamSpecArgs { origin: this.to_value() })?.into_value())
    }

    /// Represents keyword arguments.
    #[getter]
    fn kwargs(vm: &Vm, this: &Ref<ParamSpec>) -> Res {
        Ok(vm.new_object(ParamSpecKwargs { origin: this.to_value() })?.into_value())
    }

    /// The default value for this ParamSpec.
    #[getter]
    fn __default__(vm: &Vm, this: &Ref<ParamSpec>) -> Res {
        shown_default(vm, &this.default)
    }

    #[getter]
    fn evaluate_default(vm: &Vm, this: &Ref<ParamSpec>) -> Res {
        this.default.evaluator(vm)
    }

    #[method(sig = "()", doc = "")]
    fn has_default(_: &Vm, this: &Ref<ParamSpec>) -> bool {
        has_default(&this.default)
    }

    #[method(sig = "(arg, /)", doc = "")]
    fn __typing_subst__(vm: &Vm, this: &Value, arg: &Value) -> Res {
        call_typing(vm, "_paramspec_subst", &[this.clone(), arg.clone()])
    }

    #[method(sig = "(alias, args, /)", doc = "")]
    fn __typing_prepare_subst__(vm: &Vm, this: &Value, alias: &Value, args: &Value) -> Res {
        call_typing(vm, "_paramspec_prepare_subst", &[this.clone(), alias.clone(), args.clone()])
    }

    #[method(sig = "()", doc = "")]
    fn __reduce__(_: &Vm, this: &Ref<ParamSpec>) -> Ref<Str> {
        this.name.clone()
    }

    #[method(sig = "(object, /)", doc = "")]
    fn __mro_entries__(vm: &Vm, _this: &Value, _object: &Value) -> Res {
        cannot_subclass(vm, "ParamSpec")
    }
}

macro_rules! parts {
    ($($t:ident $def:ident $name:literal $suffix:literal $doc:expr, $new:ident $repr:ident $compare:ident;)*) => {$(
        #[repr(C)]
        pub struct $t {
            origin: Value,
        }
        trace_fields!($t { origin });

        impl Payload for $t {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static Layout = layout!($name);
        }

        pub static $def: TypeDef = TypeDef {
            module: "typing",
            doc: $doc,
            flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
            slots: Slots { repr: Some($repr), richcompare: Some($compare), new: Some($new), ..Slots::NONE },
            tables: &[$t::METHODS],
            ..TypeDef::of::<$t>($name, &OBJECT)
        };

        fn $new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
            static SIGNATURE: Signature = Signature {
                text: "(origin)",
                parameters: &[Parameter { name: "origin", kind: ParameterKind::Positional, required: true }],
            };
            let mut bound = [None];
            native::bind(vm, Some(&SIGNATURE), concat!("paramspec", $suffix), args, &mut bound)?;
            let made: Ref<$t> = vm.new_instance(cls, $t { origin: bound[0].cloned().unwrap_or(Value::NONE) })?;
            Ok(made.into_value())
        }

        fn $repr(vm: &Vm, this: &Value) -> Res {
            let Some(this) = this.downcast::<$t>() else { return Err(vm.type_error("a ParamSpec part is required")) };
            let shown = match this.origin.downcast::<ParamSpec>() {
                Some(spec) => spec.name.to_utf8_lossy().into_owned(),
                None => vm.repr(&this.origin)?.to_utf8_lossy().into_owned(),
            };
            Ok(vm.new_str(&format!("{shown}.{}", $suffix))?.into_value())
        }

        fn $compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
            match (a.downcast::<$t>(), b.downcast::<$t>()) {
                (Some(x), Some(y)) if matches!(op, CompareOp::Eq | CompareOp::Ne) => vm.compare(&x.origin, &y.origin, op),
                _ => Ok(Value::NOT_IMPLEMENTED),
            }
        }

        #[methods]
        impl $t {
            #[member]
            fn __origin__(_: &Vm, this: &Ref<$t>) -> Value {
                this.origin.clone()
            }

            #[method(sig = "(object, /)", doc = "")]
            fn __mro_entries__(vm: &Vm, _this: &Value, _object: &Value) -> Res {
                cannot_subclass(vm, $name)
            }
        }
    )*};
}

parts! {
    ParamSpecArgs PARAM_SPEC_ARGS "ParamSpecArgs" "args" docs::PARAM_SPEC_ARGS, new_args args_repr compare_args;
    ParamSpecKwargs PARAM_SPEC_KWARGS "ParamSpecKwargs" "kwargs" docs::PARAM_SPEC_KWARGS, new_kwargs kwargs_repr compare_kwargs;
}
