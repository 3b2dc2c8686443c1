//! `_testmultiphase`: a native module made in two steps, creation and execution (PEP 489), as every native module here is.
//!
//! Only what makes sense without extension files: a function, a class, an exception, constants. After CPython
//! Modules/_testmultiphase.c.

use ophi_heap::trace_fields;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::r#type::TYPE;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, Str, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_testmultiphase",
    doc: "Test module main",
    tables: &[Functions::METHODS],
    init: |vm, module: &Ref<Module>| {
        module.add(vm, "Example", vm.ty(&EXAMPLE).to_value())?;
        module.add_int(vm, "int_const", 1969)?;
        module.add_str(vm, "str_const", "something different")?;
        let namespace = vm.new_dict()?;
        namespace.set_text(vm, "__module__", vm.new_str("_testimportexec")?.into_value())?;
        let bases = vm.new_tuple(&[vm.ty(&exc::EXCEPTION).to_value()])?;
        let name = vm.new_str("error")?.into_value();
        let error = vm.call(vm.ty(&TYPE).as_value(), &[name, bases, namespace.into_value()])?;
        module.add(vm, "error", error)
    },
};

/// A class with one method.
#[repr(C)]
pub struct Example;
trace_fields!(Example {});

impl Payload for Example {
    fn def() -> &'static TypeDef {
        &EXAMPLE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("Example");
}

pub static EXAMPLE: TypeDef = TypeDef {
    module: "_testimportexec",
    doc: "The Example type",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT),
    slots: Slots { new: Some(|vm, cls: &TypeRef, _| Ok(vm.new_instance(cls, Example)?.into_value())), ..Slots::NONE },
    tables: &[Example::METHODS],
    ..TypeDef::of::<Example>("Example", &OBJECT)
};

#[methods]
impl Example {
    /// demo() -> None
    #[method]
    fn demo(vm: &Vm, this: &Ref<Example>, args: ophi_runtime::Args) -> Res {
        let _ = this;
        match args.check_positional(vm, "demo", 0, 1)? {
            [value] if value.is_a::<Str>() => Ok(value.clone()),
            _ => Ok(Value::NONE),
        }
    }
}

struct Functions;

#[methods]
impl Functions {
    /// foo(i,j)
    ///
    /// Return the sum of i and j.
    #[function(sig = "(i, j, /)")]
    fn foo(vm: &Vm, i: i64, j: i64) -> Res<i64> {
        i.checked_add(j).ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"))
    }
}
