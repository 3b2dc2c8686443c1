//! The types of the constants: `NoneType`, `ellipsis`, `NotImplementedType`. After CPython Objects/object.c and
//! Objects/sliceobject.c.

use crate::layout;
use crate::payload::{Payload, TypeDef};
use crate::slots::{CompareOp, Slots};
use crate::vm::{Res, Vm};
use crate::{Args, Value, methods};
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

pub static NONE_TYPE: TypeDef = TypeDef {
    doc: "NoneType()\n--\n\nThe type of the None singleton.",
    flags: TypeFlags::NONE,
    slots: Slots {
        repr: Some(|vm, _| Ok(vm.intern("None")?.into_value())),
        hash: Some(|_, _| Ok(NONE_HASH)),
        richcompare: Some(none_compare),
        bool: Some(|_, _| Ok(false)),
        new: Some(|vm, _, args| constant(vm, args, "NoneType", Value::NONE)),
        ..Slots::NONE
    },
    ..TypeDef::of::<Constant>("NoneType", &crate::objects::object::OBJECT)
};

/// `hash(None)`.
const NONE_HASH: i64 = 0xfca8_6420;

pub static ELLIPSIS_TYPE: TypeDef = TypeDef {
    doc: "ellipsis()\n--\n\nThe type of the Ellipsis singleton.",
    slots: Slots {
        repr: Some(|vm, _| Ok(vm.intern("Ellipsis")?.into_value())),
        new: Some(|vm, _, args| constant(vm, args, "EllipsisType", Value::ELLIPSIS)),
        ..Slots::NONE
    },
    tables: &[Constant::NAMED],
    ..TypeDef::of::<Constant>("ellipsis", &crate::objects::object::OBJECT)
};

pub static NOT_IMPLEMENTED_TYPE: TypeDef = TypeDef {
    doc: "NotImplementedType()\n--\n\nThe type of the NotImplemented singleton.",
    slots: Slots {
        repr: Some(|vm, _| Ok(vm.intern("NotImplemented")?.into_value())),
        bool: Some(|vm, _| Err(vm.type_error("NotImplemented should not be used in a boolean context"))),
        new: Some(|vm, _, args| constant(vm, args, "NotImplementedType", Value::NOT_IMPLEMENTED)),
        ..Slots::NONE
    },
    tables: &[Constant::NAMED],
    ..TypeDef::of::<Constant>("NotImplementedType", &crate::objects::object::OBJECT)
};

/// Calling the class gives the constant.
fn constant(vm: &Vm, args: Args<'_>, name: &str, value: Value) -> Res {
    if !args.values.is_empty() {
        return Err(vm.type_error(format!("{name} takes no arguments")));
    }
    Ok(value)
}

fn none_compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    Ok(match op {
        CompareOp::Eq if a.is(b) => Value::TRUE,
        CompareOp::Ne if a.is(b) => Value::FALSE,
        _ => Value::NOT_IMPLEMENTED,
    })
}

#[methods(NAMED)]
impl Constant {
    #[method(sig = "()", doc = "")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        Ok(vm.repr(this)?.into_value())
    }
}
