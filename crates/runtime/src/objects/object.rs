//! `object`: the root of all classes.

use crate::layout;
use crate::payload::{Payload, TypeDef, TypeId};
use crate::slots::Slots;
use ophi_heap::{Functions, Layout, TypeFlags};

/// The payload of plain instances: nothing but header and tail.
pub struct Instance;

impl crate::Trace for Instance {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

impl Payload for Instance {
    fn def() -> &'static TypeDef {
        &OBJECT
    }
    const LAYOUT: &'static Layout = layout!("object");
}

pub static OBJECT: TypeDef = TypeDef {
    name: "object",
    module: "builtins",
    doc: "The base class of the class hierarchy.\n\nWhen called, it accepts no arguments and returns a new featureless\ninstance that has no instance attributes and cannot be given any.\n",
    base: None,
    flags: TypeFlags::BASETYPE,
    functions: Functions::of::<Instance>(Instance::LAYOUT),
    slots: Slots::NONE,
    tables: &[],
    finish: None,
    id: TypeId::new(),
};
