//! Template strings (PEP 750): `Template`, `Interpolation`, the iterator over both. After CPython Objects/templateobject.c
//! and Objects/interpolationobject.c.

use crate::native::{self, Parameter, ParameterKind, Signature};
use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, TypeRef, Value, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Interpolation {
    value: Value,
    expression: Value,
    conversion: Value,
    format_spec: Value,
}
trace_fields!(Interpolation { value, expression, conversion, format_spec });

/// One string more than interpolations; strings and interpolations take turns, a string first.
#[repr(C)]
pub struct Template {
    strings: Ref<Tuple>,
    interpolations: Ref<Tuple>,
}
trace_fields!(Template { strings, interpolations });

#[repr(C)]
pub struct TemplateIterator {
    template: Ref<Template>,
    /// Counts strings and interpolations together.
    position: Cell<usize>,
}
trace_fields!(TemplateIterator { template });

macro_rules! payloads {
    ($($t:ident $def:ident $name:literal;)*) => {$(
        impl Payload for $t {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static Layout = layout!($name);
        }
    )*};
}
payloads! {
    Interpolation INTERPOLATION "Interpolation";
    Template TEMPLATE "Template";
    TemplateIterator TEMPLATE_ITERATOR "TemplateIter";
}

pub static INTERPOLATION: TypeDef = TypeDef {
    module: "string.templatelib",
    doc: "Interpolation object",
    flags: TypeFlags::GC,
    slots: Slots { repr: Some(interpolation_repr), new: Some(interpolation_new), ..Slots::NONE },
    tables: &[Interpolation::METHODS],
    finish: Some(|vm, ty| {
        let names: Vec<Value> = ["value", "expression", "conversion", "format_spec"]
            .iter()
            .map(|n| Ok(vm.intern(n)?.into_value()))
            .collect::<Res<_>>()?;
        ty.namespace().set_str(vm, &vm.names().__match_args__, vm.new_tuple(&names)?)
    }),
    ..TypeDef::of::<Interpolation>("Interpolation", &OBJECT)
};

pub static TEMPLATE: TypeDef = TypeDef {
    module: "string.templatelib",
    doc: "Template object",
    flags: TypeFlags::GC,
    slots: Slots {
        repr: Some(template_repr),
        iter: Some(template_iter),
        concat: Some(concat),
        new: Some(template_new),
        ..Slots::NONE
    },
    tables: &[Template::METHODS],
    ..TypeDef::of::<Template>("Template", &OBJECT)
};

pub static TEMPLATE_ITERATOR: TypeDef = TypeDef {
    module: "string.templatelib",
    doc: "Template iterator object",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(iterator_self), iternext: Some(iterator_next), ..Slots::NONE },
    ..TypeDef::of::<TemplateIterator>("TemplateIter", &OBJECT)
};

impl Vm {
    /// What BUILD_TEMPLATE makes of a tuple of strings and one of interpolations.
    pub fn make_template(&self, strings: &Value, interpolations: &Value) -> Res {
        let (Some(strings), Some(interpolations)) = (strings.downcast::<Tuple>(), interpolations.downcast::<Tuple>())
        else {
            return Err(self.system_error("a template is made of two tuples"));
        };
        let template = Template { strings: strings.clone(), interpolations: interpolations.clone() };
        Ok(self.new_object(template)?.into_value())
    }

    /// What BUILD_INTERPOLATION makes.
    pub fn make_interpolation(&self, value: &Value, text: &Value, conversion: &Value, format_spec: &Value) -> Res {
        let interpolation = Interpolation {
            value: value.clone(),
            expression: text.clone(),
            conversion: conversion.clone(),
            format_spec: format_spec.clone(),
        };
        Ok(self.new_object(interpolation)?.into_value())
    }
}

fn interpolation_new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature = Signature {
        text: "(value, expression='', conversion=None, format_spec='')",
        parameters: &[
            Parameter { name: "value", kind: ParameterKind::Positional, required: true },
            Parameter { name: "expression", kind: ParameterKind::Positional, required: false },
            Parameter { name: "conversion", kind: ParameterKind::Positional, required: false },
            Parameter { name: "format_spec", kind: ParameterKind::Positional, required: false },
        ],
    };
    let mut bound = [None; 4];
    native::bind(vm, Some(&SIGNATURE), "Interpolation", args, &mut bound)?;
    let text = |at: usize, name: &str| -> Res {
        match bound[at] {
            None => Ok(vm.intern("")?.into_value()),
            Some(value) if value.is_a::<Str>() => Ok(value.clone()),
            Some(value) => {
                let got = if value.is_none() { "None".to_string() } else { vm.type_name(value) };
                Err(vm.type_error(format!("Interpolation() argument '{name}' must be str, not {got}")))
            }
        }
    };
    let expression = text(1, "expression")?;
    let conversion = match bound[2].filter(|c| !c.is_none()) {
        None => Value::NONE,
        Some(_) => {
            let conversion = text(2, "conversion")?;
            let known = conversion.downcast::<Str>().is_some_and(|c| ["s", "r", "a"].iter().any(|k| c.eq_str(k)));
            if !known {
                return Err(vm.value_error("Interpolation() argument 'conversion' must be one of 's', 'a' or 'r'"));
            }
            conversion
        }
    };
    let format_spec = text(3, "format_spec")?;
    let value = bound[0].cloned().unwrap_or(Value::NONE);
    let made: Ref<Interpolation> =
        vm.new_instance(cls, Interpolation { value, expression, conversion, format_spec })?;
    Ok(made.into_value())
}

fn interpolation_repr(vm: &Vm, this: &Value) -> Res {
    let Some(this) = this.downcast::<Interpolation>() else {
        return Err(vm.type_error("an Interpolation is required"));
    };
    let mut parts = Vec::with_capacity(4);
    for part in [&this.value, &this.expression, &this.conversion, &this.format_spec] {
        parts.push(vm.repr(part)?.to_utf8_lossy().into_owned());
    }
    Ok(vm.new_str(&format!("Interpolation({})", parts.join(", ")))?.into_value())
}

/// Joins neighbouring strings and puts empty ones between neighbouring interpolations.
fn template_new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if args.has_keywords() {
        return Err(vm.type_error("Template.__new__ only accepts *args arguments"));
    }
    let mut strings: Vec<Vec<u32>> = vec![Vec::new()];
    let mut interpolations = Vec::new();
    for arg in args.pos() {
        if let Some(text) = arg.downcast::<Str>() {
            if let Some(last) = strings.last_mut() {
                last.extend(text.code_points());
            }
        } else if arg.is_a::<Interpolation>() {
            interpolations.push(arg.clone());
            strings.push(Vec::new());
        } else {
            return Err(vm.type_error(format!(
                "Template.__new__ *args need to be of type 'str' or 'Interpolation', got {}",
                vm.type_name(arg)
            )));
        }
    }
    let strings: Vec<Value> =
        strings.iter().map(|s| Ok(vm.new_str_from_code_points(s)?.into_value())).collect::<Res<_>>()?;
    let payload =
        Template { strings: Tuple::from_vec(vm, strings)?, interpolations: Tuple::from_vec(vm, interpolations)? };
    let made: Ref<Template> = vm.new_instance(cls, payload)?;
    Ok(made.into_value())
}

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Template>> {
    this.downcast::<Template>().ok_or_else(|| vm.type_error("a Template is required"))
}

fn template_repr(vm: &Vm, this: &Value) -> Res {
    let template = of(vm, this)?;
    let strings = vm.repr(template.strings.as_value())?;
    let interpolations = vm.repr(template.interpolations.as_value())?;
    let text =
        format!("Template(strings={}, interpolations={})", strings.to_utf8_lossy(), interpolations.to_utf8_lossy());
    Ok(vm.new_str(&text)?.into_value())
}

fn template_iter(vm: &Vm, this: &Value) -> Res {
    let template = of(vm, this)?.clone();
    Ok(vm.new_object(TemplateIterator { template, position: Cell::new(0) })?.into_value())
}

fn iterator_self(_: &Vm, this: &Value) -> Res {
    Ok(this.clone())
}

/// Strings and interpolations in turn; empty strings are left out.
fn iterator_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<TemplateIterator>() else {
        return Err(vm.type_error("a TemplateIter is required"));
    };
    loop {
        let position = iterator.position.get();
        iterator.position.set(position + 1);
        let items = if position % 2 == 0 { &iterator.template.strings } else { &iterator.template.interpolations };
        let Some(item) = items.as_slice().get(position / 2) else { return Ok(None) };
        if item.downcast::<Str>().is_none_or(|s| !s.is_empty()) {
            return Ok(Some(item.clone()));
        }
    }
}

fn concat(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Template>(), b.downcast::<Template>()) else {
        let got = vm.type_name(if a.is_a::<Template>() { b } else { a });
        return Err(vm.type_error(format!(
            "can only concatenate string.templatelib.Template (not \"{got}\") to string.templatelib.Template"
        )));
    };
    let mut strings = x.strings.as_slice().to_vec();
    let mut following = y.strings.as_slice().iter();
    if let (Some(last), Some(first)) = (strings.pop(), following.next())
        && let (Some(last), Some(first)) = (last.downcast::<Str>(), first.downcast::<Str>())
    {
        let joined: Vec<u32> = last.code_points().chain(first.code_points()).collect();
        strings.push(vm.new_str_from_code_points(&joined)?.into_value());
    }
    strings.extend(following.cloned());
    let mut interpolations = x.interpolations.as_slice().to_vec();
    interpolations.extend_from_slice(y.interpolations.as_slice());
    let strings = vm.new_tuple(&strings)?;
    let interpolations = vm.new_tuple(&interpolations)?;
    vm.make_template(&strings, &interpolations)
}

#[methods]
impl Interpolation {
    /// Value
    #[member]
    fn value(_: &Vm, this: &Ref<Interpolation>) -> Value {
        this.value.clone()
    }

    /// Expression
    #[member]
    fn expression(_: &Vm, this: &Ref<Interpolation>) -> Value {
        this.expression.clone()
    }

    /// Conversion
    #[member]
    fn conversion(_: &Vm, this: &Ref<Interpolation>) -> Value {
        this.conversion.clone()
    }

    /// Format specifier
    #[member]
    fn format_spec(_: &Vm, this: &Ref<Interpolation>) -> Value {
        this.format_spec.clone()
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Ref<Interpolation>) -> Res {
        let class = vm.class(this.as_value()).to_value();
        let state = vm.new_tuple(&[
            this.value.clone(),
            this.expression.clone(),
            this.conversion.clone(),
            this.format_spec.clone(),
        ])?;
        vm.new_tuple(&[class, state])
    }

    /// Interpolations are generic over the types of their values
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}

#[methods]
impl Template {
    /// Strings
    #[member]
    fn strings(_: &Vm, this: &Ref<Template>) -> Ref<Tuple> {
        this.strings.clone()
    }

    /// Interpolations
    #[member]
    fn interpolations(_: &Vm, this: &Ref<Template>) -> Ref<Tuple> {
        this.interpolations.clone()
    }

    /// Values of interpolations
    #[getter]
    fn values(vm: &Vm, this: &Ref<Template>) -> Res {
        let values: Vec<Value> = this
            .interpolations
            .as_slice()
            .iter()
            .filter_map(|i| i.downcast::<Interpolation>().map(|i| i.value.clone()))
            .collect();
        vm.new_tuple(&values)
    }

    #[method(sig = "()", doc = "")]
    fn __reduce__(vm: &Vm, this: &Ref<Template>) -> Res {
        let import = crate::objects::native_function::builtin(vm, "__import__")?;
        drop(vm.call(&import, &[vm.intern("string.templatelib")?.into_value()])?);
        let library = vm.modules().get_text(vm, "string.templatelib")?.unwrap_or(Value::NONE);
        let function = vm.get_attr_str(&library, "_template_unpickle")?;
        let state = vm.new_tuple(&[this.strings.to_value(), this.interpolations.to_value()])?;
        vm.new_tuple(&[function, state])
    }

    /// Template supports [] for generic usage
    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        crate::objects::generic_alias::new_alias(vm, cls.as_value(), object)
    }
}
