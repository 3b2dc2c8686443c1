//! The types of the constants: `NoneType`, `ellipsis`, `NotImplementedType`.

use crate::layout;
use crate::payload::{Payload, TypeDef};
use ophi_heap::{Layout, TypeFlags};

/// Never allocated: the constants are immediates.
pub struct Constant;

impl crate::Trace for Constant {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for Constant {
    fn def() -> &'static TypeDef {
        &NONE_TYPE
    }
    const LAYOUT: &'static Layout = layout!("constant");
}

pub static NONE_TYPE: TypeDef =
    TypeDef { flags: TypeFlags::NONE, ..TypeDef::of::<Constant>("NoneType", &crate::objects::object::OBJECT) };
pub static ELLIPSIS_TYPE: TypeDef = TypeDef::of::<Constant>("ellipsis", &crate::objects::object::OBJECT);
pub static NOT_IMPLEMENTED_TYPE: TypeDef =
    TypeDef::of::<Constant>("NotImplementedType", &crate::objects::object::OBJECT);
