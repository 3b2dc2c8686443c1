//! Classes whose instances bind to an object as functions do, or stand for an awaitable of native code.

use ophi_heap::trace_fields;
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout};

/// An instance says whether it is of the class that called it.
#[repr(C)]
pub struct MethodDescriptor {
    answer: bool,
}
trace_fields!(MethodDescriptor {});

impl Payload for MethodDescriptor {
    fn def() -> &'static TypeDef {
        &BASE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("MethodDescriptorBase");
}

fn answer(vm: &Vm, this: &Value, _: Args<'_>) -> Res {
    match this.downcast::<MethodDescriptor>() {
        Some(this) => Ok(Value::bool(this.answer)),
        None => Err(vm.type_error("a method descriptor is required")),
    }
}

fn bind(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    match instance.filter(|instance| !instance.is_none()) {
        Some(instance) => vm.bind_method(this.clone(), instance.clone()),
        None => Ok(this.clone()),
    }
}

pub static BASE: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE.with(TypeFlags::METHOD_DESCRIPTOR),
    slots: Slots {
        new: Some(|vm, cls: &TypeRef, _| Ok(vm.new_instance(cls, MethodDescriptor { answer: true })?.into_value())),
        call: Some(answer),
        descr_get: Some(bind),
        ..Slots::NONE
    },
    ..TypeDef::of::<MethodDescriptor>("MethodDescriptorBase", &OBJECT)
};

pub static DERIVED: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE.with(TypeFlags::METHOD_DESCRIPTOR),
    ..TypeDef::of::<MethodDescriptor>("MethodDescriptorDerived", &BASE)
};

/// Does not bind; a call gives the arguments back.
pub static NO_BINDING: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE,
    slots: Slots {
        call: Some(|vm, _, args| vm.new_tuple(args.pos())),
        descr_get: Some(|_, this, _, _| Ok(this.clone())),
        ..Slots::NONE
    },
    ..TypeDef::of::<MethodDescriptor>("MethodDescriptorNopGet", &BASE)
};

pub static SECOND: TypeDef = TypeDef {
    flags: TypeFlags::BASETYPE.with(TypeFlags::METHOD_DESCRIPTOR),
    slots: Slots {
        new: Some(|vm, cls: &TypeRef, _| Ok(vm.new_instance(cls, MethodDescriptor { answer: false })?.into_value())),
        call: Some(answer),
        ..Slots::NONE
    },
    ..TypeDef::of::<MethodDescriptor>("MethodDescriptor2", &BASE)
};

/// Awaiting it gives what it was made with.
pub struct Awaitable {
    iterator: Value,
}
trace_fields!(Awaitable { iterator });

impl Payload for Awaitable {
    fn def() -> &'static TypeDef {
        &AWAITABLE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("awaitType");
}

pub static AWAITABLE: TypeDef = TypeDef {
    doc: "C level type with tp_as_async",
    flags: TypeFlags::GC,
    slots: Slots {
        new: Some(|vm, cls: &TypeRef, args| {
            let [iterator] = args.check_positional(vm, "awaitObject", 1, 1)? else {
                return Err(vm.type_error("awaitObject expected 1 argument"));
            };
            Ok(vm.new_instance(cls, Awaitable { iterator: iterator.clone() })?.into_value())
        }),
        r#await: Some(|vm, this| match this.downcast::<Awaitable>() {
            Some(this) => Ok(this.iterator.clone()),
            None => Err(vm.type_error("an awaitType is required")),
        }),
        ..Slots::NONE
    },
    ..TypeDef::of::<Awaitable>("awaitType", &OBJECT)
};

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for def in [&BASE, &DERIVED, &NO_BINDING, &SECOND, &AWAITABLE] {
        module.add_type(vm, def)?;
    }
    Ok(())
}
