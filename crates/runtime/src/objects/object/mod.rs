//! `object`: the root of all classes.

pub mod methods;
pub mod reduce;

use crate::layout;
use crate::payload::{Payload, TypeDef, TypeId};
use crate::protocol::attributes::{generic_get_attr, generic_set_attr};
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
    doc: "object()\n--\n\nThe class above all classes. Its own instances have no attributes and take none.\n",
    base: None,
    flags: TypeFlags::BASETYPE,
    functions: Functions::of::<Instance>(Instance::LAYOUT, Instance::MAKE),
    slots: Slots {
        repr: Some(methods::repr),
        str: Some(methods::str),
        hash: Some(methods::hash),
        richcompare: Some(methods::richcompare),
        getattro: Some(generic_get_attr),
        setattro: Some(generic_set_attr),
        init: Some(methods::init),
        new: Some(methods::new),
        ..Slots::NONE
    },
    tables: &[Instance::METHODS],
    missing: None,
    vectorcall: None,
    give_known: None,
    finish: None,
    id: TypeId::new(),
};

pub use methods::{identity_hash, overrides_init, repr};
