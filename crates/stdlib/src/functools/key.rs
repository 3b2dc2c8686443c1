//! `KeyWrapper`: what `cmp_to_key` makes; called with an object it wraps that; wrapped objects compare through the function.

use ophi_heap::trace_fields;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{Args, Payload, Ref, Res, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

pub struct Key {
    compare: Value,
    object: ValueCell,
}
trace_fields!(Key { compare, object });

impl Payload for Key {
    fn def() -> &'static TypeDef {
        &KEY
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("KeyWrapper");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static KEY: TypeDef = TypeDef {
    module: "functools",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { call: Some(call), richcompare: Some(compare), ..Slots::NONE },
    tables: &[Key::METHODS],
    ..TypeDef::of::<Key>("KeyWrapper", &OBJECT)
};

pub fn new(vm: &Vm, compare: &Value) -> Res {
    Ok(vm.new_object(Key { compare: compare.clone(), object: ValueCell::new(None) })?.into_value())
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(obj)",
        parameters: &[Parameter { name: "obj", kind: ParameterKind::Positional, required: true }],
    };
    let mut bound = [None];
    bind(vm, Some(&SIGNATURE), "K", args, &mut bound)?;
    let Some(own) = this.downcast::<Key>() else { return Err(vm.type_error("a KeyWrapper is required")) };
    Ok(vm.new_object(Key { compare: own.compare.clone(), object: ValueCell::new(bound[0].cloned()) })?.into_value())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let Some(x) = a.downcast::<Key>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let Some(y) = b.downcast::<Key>() else { return Err(vm.type_error("other argument must be K instance")) };
    let (Some(left), Some(right)) = (x.object.get(), y.object.get()) else {
        return Err(vm.attribute_error("object"));
    };
    let answer = vm.call(&x.compare, &[left, right])?;
    vm.compare(&answer, &Value::int32(0), op)
}

#[methods]
impl Key {
    /// How the object that `cmp_to_key` returns is called.
    #[getter]
    fn __text_signature__(_: &Vm, _this: &Ref<Key>) -> &'static str {
        "(obj)"
    }

    #[getter(name = "obj")]
    fn obj(_: &Vm, this: &Ref<Key>) -> Value {
        this.object.get_or_none()
    }
}
