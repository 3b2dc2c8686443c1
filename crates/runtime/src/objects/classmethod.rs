//! `classmethod`. After CPython Objects/funcobject.c.

use crate::objects::object::OBJECT;
use crate::objects::wrapped_function as shared;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value, ValueCell, layout, methods};
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
#[derive(Default)]
pub struct ClassMethod {
    pub callable: ValueCell,
}
trace_fields!(ClassMethod { callable });

impl Payload for ClassMethod {
    fn def() -> &'static TypeDef {
        &CLASS_METHOD
    }
    const LAYOUT: &'static Layout = layout!("classmethod");
}

pub static CLASS_METHOD: TypeDef = TypeDef {
    doc: "classmethod(function, /)\n--\n\nMake a method that gets the class in place of the instance.\n\n     class C:\n         @classmethod\n         def f(cls, arg1): ...\n\nC.f() and C().f() both call it with C, or with the subclass they are called on.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT).with(TypeFlags::WEAKREF),
    slots: Slots { repr: Some(repr), descr_get: Some(descr_get), init: Some(init), new: Some(new), ..Slots::NONE },
    tables: &[ClassMethod::METHODS, crate::objects::r#type::construct::DICT_TABLE],
    ..TypeDef::of::<ClassMethod>("classmethod", &OBJECT)
};

/// A plain `classmethod` around a callable, with the callable's name and doc.
pub fn new_class_method(vm: &Vm, callable: Value) -> Res {
    let made = vm.new_object(ClassMethod { callable: ValueCell::some(callable.clone()) })?;
    if vm.class(&callable).def.is_some_and(|d| d.name != "builtin_function_or_method") {
        shared::copy_attributes(vm, made.as_value(), &callable)?;
    }
    Ok(made.into_value())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<ClassMethod>> {
    this.downcast::<ClassMethod>().ok_or_else(|| vm.type_error("a classmethod is required"))
}

fn callable(vm: &Vm, this: &Value) -> Res {
    of(vm, this)?.callable.get().ok_or_else(|| vm.runtime_error("uninitialized classmethod object"))
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let made: Ref<ClassMethod> = vm.new_instance(cls, ClassMethod::default())?;
    Ok(made.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    args.no_keywords(vm, "classmethod")?;
    let given = args.check_positional(vm, "classmethod", 1, 1)?;
    of(vm, this)?.callable.set(Some(given[0].clone()));
    shared::copy_attributes(vm, this, &given[0])
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let inner = vm.repr(&of(vm, this)?.callable.get_or_none())?;
    let mut points: Vec<u32> = "<classmethod(".chars().map(|c| c as u32).collect();
    points.extend(inner.code_points());
    points.extend(")>".chars().map(|c| c as u32));
    Ok(vm.new_str_from_code_points(&points)?.into_value())
}

/// The callable bound to the class.
fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, class: Option<&Value>) -> Res {
    let callable = callable(vm, this)?;
    let class = match (class, instance) {
        (Some(class), _) => class.clone(),
        (None, Some(instance)) => vm.class(instance).to_value(),
        (None, None) => Value::NONE,
    };
    vm.bind_method(callable, class)
}

#[methods]
impl ClassMethod {
    #[member]
    fn __func__(_: &Vm, this: &Ref<ClassMethod>) -> Value {
        this.callable.get_or_none()
    }

    #[member]
    fn __wrapped__(_: &Vm, this: &Ref<ClassMethod>) -> Value {
        this.callable.get_or_none()
    }

    #[getter]
    fn __isabstractmethod__(vm: &Vm, this: &Ref<ClassMethod>) -> Res<bool> {
        shared::is_abstract(vm, &this.callable.get_or_none())
    }

    #[getter]
    fn __annotations__(vm: &Vm, this: &Ref<ClassMethod>) -> Res {
        shared::copied(vm, this.as_value(), &this.callable.get_or_none(), &vm.names().__annotations__)
    }

    #[setter(name = "__annotations__")]
    fn set_annotations(vm: &Vm, this: &Ref<ClassMethod>, value: Option<&Value>) -> Res<()> {
        shared::store(vm, this.as_value(), &vm.names().__annotations__, value)
    }

    #[getter]
    fn __annotate__(vm: &Vm, this: &Ref<ClassMethod>) -> Res {
        shared::copied(vm, this.as_value(), &this.callable.get_or_none(), &vm.names().__annotate__)
    }

    #[setter(name = "__annotate__")]
    fn set_annotate(vm: &Vm, this: &Ref<ClassMethod>, value: Option<&Value>) -> Res<()> {
        shared::store(vm, this.as_value(), &vm.names().__annotate__, value)
    }

    /// See PEP 585
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
