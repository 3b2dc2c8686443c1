//! `property`. After CPython Objects/descrobject.c.

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Raised, Res, Vm};
use crate::{Args, Ref, Str, TypeRef, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
#[derive(Default)]
pub struct Property {
    pub getter: ValueCell,
    pub setter: ValueCell,
    pub deleter: ValueCell,
    doc: ValueCell,
    name: ValueCell,
    /// The doc came from the getter, so copies with another getter take that one's.
    getter_doc: Cell<bool>,
}
trace_fields!(Property { getter, setter, deleter, doc, name });

impl Payload for Property {
    fn def() -> &'static TypeDef {
        &PROPERTY
    }
    const LAYOUT: &'static Layout = layout!("property");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static PROPERTY: TypeDef = TypeDef {
    doc: "property(fget=None, fset=None, fdel=None, doc=None)\n--\n\nAn attribute that functions get, set and delete.\n\nfget, fset and fdel are these functions, doc its docstring, fget's if not given. As a decorator:\n\nclass C:\n    @property\n    def x(self): ...\n    @x.setter\n    def x(self, value): ...\n    @x.deleter\n    def x(self): ...",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        descr_get: Some(descr_get),
        descr_set: Some(descr_set),
        init: Some(init),
        new: Some(new),
        ..Slots::NONE
    },
    tables: &[Property::METHODS],
    ..TypeDef::of::<Property>("property", &OBJECT)
};

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Property>> {
    this.downcast::<Property>().ok_or_else(|| vm.type_error("a property is required"))
}

fn new(vm: &Vm, cls: &TypeRef, _: Args<'_>) -> Res {
    let made: Ref<Property> = vm.new_instance(cls, Property::default())?;
    Ok(made.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    use crate::native::{Parameter, ParameterKind::Positional, Signature};
    static SIGNATURE: Signature = Signature {
        text: "(fget=None, fset=None, fdel=None, doc=None)",
        parameters: &[
            Parameter { name: "fget", kind: Positional, required: false },
            Parameter { name: "fset", kind: Positional, required: false },
            Parameter { name: "fdel", kind: Positional, required: false },
            Parameter { name: "doc", kind: Positional, required: false },
        ],
    };
    let mut bound = [None; 4];
    crate::native::bind(vm, Some(&SIGNATURE), "property", args, &mut bound)?;
    let property = of(vm, this)?;
    let given = |v: Option<&Value>| v.filter(|v| !v.is_none()).cloned();
    property.getter.set(given(bound[0]));
    property.setter.set(given(bound[1]));
    property.deleter.set(given(bound[2]));
    property.doc.set(None);
    property.name.set(None);
    property.getter_doc.set(false);
    let mut doc = given(bound[3]);
    if doc.is_none()
        && bound[3].is_none_or(Value::is_none)
        && let Some(getter) = property.getter.get()
    {
        doc = vm.get_attr_opt(&getter, &vm.names().__doc__)?.filter(|d| !d.is_none());
        property.getter_doc.set(doc.is_some());
    }
    if vm.class(this).is(vm.ty(&PROPERTY)) {
        property.doc.set(doc);
        return Ok(());
    }
    // Subclasses keep the doc as an attribute, for the class's own `__doc__` stands in the way of the member.
    if doc.is_none() && !property.getter_doc.get() {
        doc = Some(Value::NONE);
    }
    if let Some(doc) = doc {
        let result = vm.set_attr(this, &vm.names().__doc__, &doc);
        if let Err(raised) = result {
            if property.getter_doc.get() || !vm.raised_is(&crate::objects::exceptions::ATTRIBUTE_ERROR) {
                return Err(raised);
            }
            // As before 3.12: a doc that cannot be stored is dropped.
            vm.forget(raised);
        }
    }
    Ok(())
}

/// The name it was assigned to, or its getter's.
fn name_of(vm: &Vm, property: &Property) -> Res<Option<Value>> {
    if let Some(name) = property.name.get() {
        return Ok(Some(name));
    }
    match property.getter.get() {
        Some(getter) => vm.get_attr_opt(&getter, &vm.names().__name__),
        None => Ok(None),
    }
}

#[cold]
fn missing(vm: &Vm, property: &Property, instance: &Value, what: &str) -> Raised {
    let kind = vm.class(instance).qualname();
    match name_of(vm, property) {
        Err(raised) => raised,
        Ok(Some(name)) => match vm.repr(&name) {
            Ok(name) => {
                vm.attribute_error(format!("property {} of '{kind}' object has no {what}", name.to_utf8_lossy()))
            }
            Err(raised) => raised,
        },
        Ok(None) => vm.attribute_error(format!("property of '{kind}' object has no {what}")),
    }
}

pub fn descr_get(vm: &Vm, this: &Value, instance: Option<&Value>, _: Option<&Value>) -> Res {
    let Some(instance) = instance.filter(|i| !i.is_none()) else { return Ok(this.clone()) };
    let property = of(vm, this)?;
    match property.getter.get() {
        Some(getter) => vm.call(&getter, core::slice::from_ref(instance)),
        None => Err(missing(vm, property, instance, "getter")),
    }
}

fn descr_set(vm: &Vm, this: &Value, instance: &Value, value: Option<&Value>) -> Res<()> {
    let property = of(vm, this)?;
    match value {
        Some(value) => match property.setter.get() {
            Some(setter) => vm.call(&setter, &[instance.clone(), value.clone()])?,
            None => return Err(missing(vm, property, instance, "setter")),
        },
        None => match property.deleter.get() {
            Some(deleter) => vm.call(&deleter, core::slice::from_ref(instance))?,
            None => return Err(missing(vm, property, instance, "deleter")),
        },
    };
    Ok(())
}

/// A property of the same class with one function replaced.
fn copy(vm: &Vm, this: &Ref<Property>, getter: Option<&Value>, setter: Option<&Value>, deleter: Option<&Value>) -> Res {
    let class = vm.class(this.as_value()).to_value();
    let pick = |new: Option<&Value>, old: &ValueCell| match new {
        Some(new) if !new.is_none() => new.clone(),
        _ => old.get_or_none(),
    };
    let getter = pick(getter, &this.getter);
    let doc = if this.getter_doc.get() && !getter.is_none() { Value::NONE } else { this.doc.get_or_none() };
    let arguments = [getter, pick(setter, &this.setter), pick(deleter, &this.deleter), doc];
    let made = vm.call(&class, &arguments)?;
    if let Some(copy) = made.downcast::<Property>() {
        copy.name.set(this.name.get());
    }
    Ok(made)
}

#[methods]
impl Property {
    /// A copy of the property that gets with this function.
    #[method(sig = "(object, /)")]
    fn getter(vm: &Vm, this: &Ref<Property>, object: &Value) -> Res {
        copy(vm, this, Some(object), None, None)
    }

    /// A copy of the property that sets with this function.
    #[method(sig = "(object, /)")]
    fn setter(vm: &Vm, this: &Ref<Property>, object: &Value) -> Res {
        copy(vm, this, None, Some(object), None)
    }

    /// A copy of the property that deletes with this function.
    #[method(sig = "(object, /)")]
    fn deleter(vm: &Vm, this: &Ref<Property>, object: &Value) -> Res {
        copy(vm, this, None, None, Some(object))
    }

    /// __set_name__(owner, name, /)
    /// --
    ///
    /// Method to set name of a property.
    #[method(doc = "Method to set name of a property.", text = "($self, owner, name, /)")]
    fn __set_name__(vm: &Vm, this: &Ref<Property>, args: Args) -> Res<()> {
        let given = args.pos();
        if given.len() != 2 {
            return Err(
                vm.type_error(format!("__set_name__() takes 2 positional arguments but {} were given", given.len()))
            );
        }
        this.name.set(Some(given[1].clone()));
        Ok(())
    }

    #[member]
    fn fget(_: &Vm, this: &Ref<Property>) -> Value {
        this.getter.get_or_none()
    }

    #[member]
    fn fset(_: &Vm, this: &Ref<Property>) -> Value {
        this.setter.get_or_none()
    }

    #[member]
    fn fdel(_: &Vm, this: &Ref<Property>) -> Value {
        this.deleter.get_or_none()
    }

    #[getter]
    fn __doc__(_: &Vm, this: &Ref<Property>) -> Value {
        this.doc.get_or_none()
    }

    #[setter(name = "__doc__")]
    fn set_doc(_: &Vm, this: &Ref<Property>, value: Option<&Value>) -> Res<()> {
        this.doc.set(value.cloned());
        Ok(())
    }

    #[getter]
    fn __name__(vm: &Vm, this: &Ref<Property>) -> Res {
        match name_of(vm, this)? {
            Some(name) => Ok(name),
            None => {
                let class = vm.type_name(this.as_value());
                Err(vm.attribute_error(format!("'{class}' object has no attribute '__name__'")))
            }
        }
    }

    #[setter(name = "__name__")]
    fn set_name(_: &Vm, this: &Ref<Property>, value: Option<&Value>) -> Res<()> {
        this.name.set(value.cloned());
        Ok(())
    }

    #[getter]
    fn __isabstractmethod__(vm: &Vm, this: &Ref<Property>) -> Res<bool> {
        for function in [&this.getter, &this.setter, &this.deleter] {
            if let Some(function) = function.get()
                && crate::objects::wrapped_function::is_abstract(vm, &function)?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// The name a property goes by in messages, for callers that have only the value.
pub fn display_name(vm: &Vm, property: &Property) -> Option<Ref<Str>> {
    name_of(vm, property).ok().flatten().and_then(|n| crate::payload::into_ref::<Str>(n).ok())
}
