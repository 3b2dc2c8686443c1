//! `staticmethod`. After CPython Objects/funcobject.c.

use crate::objects::object::OBJECT;
use crate::objects::wrapped_function as shared;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
#[derive(Default)]
pub struct StaticMethod {
    pub callable: ValueCell,
}
trace_fields!(StaticMethod { callable });

impl Payload for StaticMethod {
    fn def() -> &'static TypeDef {
        &STATIC_METHOD
    }
    const LAYOUT: &'static Layout = layout!("staticmethod");
}

pub static STATIC_METHOD: TypeDef = TypeDef {
    doc: "staticmethod(function, /)\n--\n\nConvert a function to be a static method.\n\nA static method does not receive an implicit first argument.\nTo declare a static method, use this idiom:\n\n     class C:\n         @staticmethod\n         def f(arg1, arg2, argN):\n             ...\n\nIt can be called either on the class (e.g. C.f()) or on an instance\n(e.g. C().f()). Both the class and the instance are ignored, and\nneither is passed implicitly as the first argument to the method.\n\nStatic methods in Python are similar to those found in Java or C++.\nFor a more advanced concept, see the classmethod builtin.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(repr),
        descr_get: Some(descr_get),
        call: Some(call),
        init: Some(init),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[StaticMethod::METHODS, crate::objects::r#type::construct::DICT_TABLE],
    ..TypeDef::of::<StaticMethod>("staticmethod", &OBJECT)
};

/// A plain `staticmethod` around a callable, with the callable's name and doc.
pub fn new_static(vm: &Vm, callable: Value) -> Res {
    let made = vm.new_object(StaticMethod { callable: ValueCell::some(callable.clone()) })?;
    if vm.class(&callable).def.is_some_and(|d| d.name != "builtin_function_or_method") {
        shared::copy_attributes(vm, made.as_value(), &callable)?;
    }
    Ok(made.into_value())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<StaticMethod>> {
    this.downcast::<StaticMethod>().ok_or_else(|| vm.type_error("a staticmethod is required"))
}

fn callable(vm: &Vm, this: &Value) -> Res {
    of(vm, this)?.callable.get().ok_or_else(|| vm.runtime_error("uninitialized staticmethod object"))
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let made: Ref<StaticMethod> = vm.new_instance(cls, StaticMethod::default())?;
    Ok(made.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    args.no_keywords(vm, "staticmethod")?;
    let given = args.check_positional(vm, "staticmethod", 1, 1)?;
    of(vm, this)?.callable.set(Some(given[0].clone()));
    shared::copy_attributes(vm, this, &given[0])
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let inner = vm.repr(&of(vm, this)?.callable.get_or_none())?;
    let mut points: Vec<u32> = "<staticmethod(".chars().map(|c| c as u32).collect();
    points.extend(inner.code_points());
    points.extend(")>".chars().map(|c| c as u32));
    Ok(vm.new_str_from_code_points(&points)?.into_value())
}

fn descr_get(vm: &Vm, this: &Value, _: Option<&Value>, _: Option<&Value>) -> Res {
    callable(vm, this)
}

fn call(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let callable = callable(vm, this)?;
    vm.call_args(&callable, args)
}

#[methods]
impl StaticMethod {
    #[member]
    fn __func__(_: &Vm, this: &Ref<StaticMethod>) -> Value {
        this.callable.get_or_none()
    }

    #[member]
    fn __wrapped__(_: &Vm, this: &Ref<StaticMethod>) -> Value {
        this.callable.get_or_none()
    }

    #[getter]
    fn __isabstractmethod__(vm: &Vm, this: &Ref<StaticMethod>) -> Res<bool> {
        shared::is_abstract(vm, &this.callable.get_or_none())
    }

    #[getter]
    fn __annotations__(vm: &Vm, this: &Ref<StaticMethod>) -> Res {
        shared::copied(vm, this.as_value(), &this.callable.get_or_none(), &vm.names().__annotations__)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(vm: &Vm, this: &Ref<StaticMethod>, value: Option<&Value>) -> Res<()> {
        shared::store(vm, this.as_value(), &vm.names().__annotations__, value)
    }

    #[getter]
    fn __annotate__(vm: &Vm, this: &Ref<StaticMethod>) -> Res {
        shared::copied(vm, this.as_value(), &this.callable.get_or_none(), &vm.names().__annotate__)
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(vm: &Vm, this: &Ref<StaticMethod>, value: Option<&Value>) -> Res<()> {
        shared::store(vm, this.as_value(), &vm.names().__annotate__, value)
    }

    /// See PEP 585
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
