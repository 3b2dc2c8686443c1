//! `typing.Union`: what `X | Y` makes.
use crate::payload::{Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value, layout};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Union {
    pub args: Ref<Tuple>,
}
trace_fields!(Union { args });
impl Payload for Union {
    fn def() -> &'static TypeDef {
        &UNION
    }
    const LAYOUT: &'static Layout = layout!("Union");
}
pub static UNION: TypeDef = TypeDef {
    module: "typing",
    flags: TypeFlags::GC.with(TypeFlags::WEAKREF),
    ..TypeDef::of::<Union>("Union", &crate::objects::object::OBJECT)
};
pub fn or(_: &Vm, _: &Value, _: &Value) -> Res {
    Ok(Value::NOT_IMPLEMENTED)
}
