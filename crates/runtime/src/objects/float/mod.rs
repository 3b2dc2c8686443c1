//! `float`: self-tagged immediates, boxes for infinities, NaN, extremes, and instances of subclasses.

pub mod convert;
pub mod methods;
pub mod slots;

use crate::payload::{Downcast, Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Value, layout};
use ophi_heap::{Layout, TypeFlags};

/// A boxed float.
pub struct Float {
    pub value: f64,
}

pub static FLOAT: TypeDef = TypeDef {
    doc: "float(x=0, /)\n--\n\nA floating-point number, from a number or a string.",
    slots: slots::SLOTS,
    tables: &[Float::METHODS],
    vectorcall: Some(slots::vectorcall),
    flags: TypeFlags::BASETYPE.with(TypeFlags::FLOAT).with(TypeFlags::MATCH_SELF),
    ..TypeDef::of::<Float>("float", &crate::objects::object::OBJECT)
};

impl Payload for Float {
    fn def() -> &'static TypeDef {
        &FLOAT
    }
    const LAYOUT: &'static Layout = layout!("float");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl crate::Trace for Float {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

/// The float in `value` when it is a float or an instance of a subclass.
#[inline(always)]
pub fn view(value: &Value) -> Option<f64> {
    value.as_small_float().or_else(|| value.downcast::<Float>().map(|f| f.value))
}

impl Vm {
    #[inline(always)]
    pub fn new_float(&self, f: f64) -> Res {
        match Value::small_float(f) {
            Some(v) => Ok(v),
            None => Ok(self.new_object(Float { value: f })?.into_value()),
        }
    }
}
