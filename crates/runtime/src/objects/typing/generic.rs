//! `typing.Generic`.

use super::{docs, typing};
use crate::objects::object::{Instance, OBJECT};
use crate::payload::{Downcast, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Args, Tuple, TypeRef, Value, methods};
use ophi_heap::TypeFlags;

pub static GENERIC: TypeDef = TypeDef {
    module: "typing",
    doc: docs::GENERIC,
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    tables: &[Functions::METHODS],
    ..TypeDef::of::<Instance>("Generic", &OBJECT)
};

struct Functions;

fn call_with_class(vm: &Vm, name: &str, class: &TypeRef, args: Args<'_>) -> Res {
    let function = typing(vm, name)?;
    let all: Vec<Value> = core::iter::once(class.as_value()).chain(args.values).cloned().collect();
    vm.call_args(&function, Args { values: &all, names: args.names })
}

#[methods]
impl Functions {
    /// Generic[T, ...] for declaring a class's parameters, Class[int, ...] for filling them in.
    #[classmethod]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        call_with_class(vm, "_generic_class_getitem", cls, args)
    }

    /// Function to initialize subclasses.
    #[classmethod]
    fn __init_subclass__(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        call_with_class(vm, "_generic_init_subclass", cls, args)
    }
}

/// `Generic[params]`, the base that a class with type parameters gets.
pub fn subscript(vm: &Vm, params: &Value) -> Res {
    let Some(params) = params.downcast::<Tuple>() else { return Err(vm.type_error("type parameters are a tuple")) };
    let params = super::unpacked(vm, params)?;
    super::call_typing(vm, "_GenericAlias", &[vm.ty(&GENERIC).to_value(), params.into_value()])
}
