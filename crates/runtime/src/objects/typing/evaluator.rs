//! `NoDefault`, and the functions that stand for values known from the start (`evaluate_bound` of `TypeVar('T', bound=int)`).

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Tuple, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct ConstantEvaluator {
    value: Value,
}
trace_fields!(ConstantEvaluator { value });

impl Payload for ConstantEvaluator {
    fn def() -> &'static TypeDef {
        &CONSTANT_EVALUATOR
    }
    const LAYOUT: &'static Layout = layout!("_ConstEvaluator");
}

pub static CONSTANT_EVALUATOR: TypeDef = TypeDef {
    module: "_typing",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), call: Some(call), ..Slots::NONE },
    ..TypeDef::of::<ConstantEvaluator>("_ConstEvaluator", &OBJECT)
};

pub fn constant(vm: &Vm, value: Value) -> Res {
    Ok(vm.new_object(ConstantEvaluator { value })?.into_value())
}

fn value_of(vm: &Vm, this: &Value) -> Res {
    match this.downcast::<ConstantEvaluator>() {
        Some(evaluator) => Ok(evaluator.value.clone()),
        None => Err(vm.type_error("a constevaluator is required")),
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let text = format!("<constevaluator {}>", vm.repr(&value_of(vm, this)?)?.to_utf8_lossy());
    Ok(vm.new_str(&text)?.into_value())
}

/// `annotationlib.Format.STRING`.
const STRING: i128 = 4;

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    args.no_keywords(vm, "constevaluator.__call__")?;
    let [format] = args.pos() else {
        return Err(
            vm.type_error(format!("constevaluator.__call__() takes exactly 1 argument ({} given)", args.pos().len()))
        );
    };
    let value = value_of(vm, this)?;
    if vm.index_as_i128(format)? != Some(STRING) {
        return Ok(value);
    }
    let text = match value.downcast::<Tuple>() {
        Some(items) => {
            let parts: Vec<String> =
                items.as_slice().iter().map(|v| crate::objects::generic_alias::type_repr(vm, v)).collect::<Res<_>>()?;
            format!("({})", parts.join(", "))
        }
        None => crate::objects::generic_alias::type_repr(vm, &value)?,
    };
    Ok(vm.new_str(&text)?.into_value())
}

/// The one instance of `NoDefaultType`.
#[repr(C)]
pub struct NoDefault;

impl crate::Trace for NoDefault {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for NoDefault {
    fn def() -> &'static TypeDef {
        &NO_DEFAULT
    }
    const LAYOUT: &'static Layout = layout!("NoDefaultType");
}

pub static NO_DEFAULT: TypeDef = TypeDef {
    doc: "The type of the NoDefault singleton.",
    slots: Slots { repr: Some(no_default_repr), new: Some(no_default_new), ..Slots::NONE },
    tables: &[NoDefault::METHODS],
    ..TypeDef::of::<NoDefault>("NoDefaultType", &OBJECT)
};

#[derive(Default)]
struct Singleton {
    value: ValueCell,
}

pub fn no_default(vm: &Vm) -> Res {
    let state = vm.interpreter().state::<Singleton>();
    if let Some(known) = state.value.get() {
        return Ok(known);
    }
    let made: Ref<NoDefault> = vm.new_object(NoDefault)?;
    state.value.set(Some(made.to_value()));
    Ok(made.into_value())
}

fn no_default_repr(vm: &Vm, _: &Value) -> Res {
    Ok(vm.new_str("typing.NoDefault")?.into_value())
}

fn no_default_new(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    if !args.values.is_empty() {
        return Err(vm.type_error("NoDefaultType takes no arguments"));
    }
    no_default(vm)
}

#[methods]
impl NoDefault {
    #[method(sig = "()", doc = "")]
    fn __reduce__(vm: &Vm, _this: &Value) -> Res {
        Ok(vm.new_str("NoDefault")?.into_value())
    }
}
