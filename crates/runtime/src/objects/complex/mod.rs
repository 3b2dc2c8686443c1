//! `complex`: a pair of floats, always boxed. After CPython Objects/complexobject.c.

pub mod construct;
pub mod methods;
pub mod slots;

use crate::objects::{float, int};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Value, layout};
use ophi_heap::{Layout, TypeFlags};

pub struct Complex {
    pub re: f64,
    pub im: f64,
}

pub static COMPLEX: TypeDef = TypeDef {
    doc: "complex(real=0, imag=0)\n--\n\nA complex number, from a string, a number, or real and imaginary part.",
    flags: TypeFlags::BASETYPE,
    slots: slots::SLOTS,
    tables: &[Complex::METHODS],
    ..TypeDef::of::<Complex>("complex", &crate::objects::object::OBJECT)
};

impl Payload for Complex {
    fn def() -> &'static TypeDef {
        &COMPLEX
    }
    const LAYOUT: &'static Layout = layout!("complex");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl crate::Trace for Complex {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

/// The parts of a complex or an instance of a subclass.
#[inline]
pub fn view(value: &Value) -> Option<(f64, f64)> {
    value.downcast::<Complex>().map(|c| (c.re, c.im))
}

/// A complex, float or int as complex; `None` for other types.
pub fn operand(vm: &Vm, value: &Value) -> Res<Option<(f64, f64)>> {
    if let Some(c) = view(value) {
        return Ok(Some(c));
    }
    if let Some(f) = float::view(value) {
        return Ok(Some((f, 0.0)));
    }
    match int::view(value) {
        Some(i) => Ok(Some((int::slots::as_f64(vm, i)?, 0.0))),
        None => Ok(None),
    }
}

impl Vm {
    pub fn new_complex(&self, re: f64, im: f64) -> Res {
        Ok(self.new_object(Complex { re, im })?.into_value())
    }
}

pub use slots::power;
