//! Native functions of every calling convention, and calls whose arguments are laid out by hand.
//!
//! The functions answer with what they got: the receiver and the arguments. One body serves module functions, methods,
//! class methods and static methods.

use super::Capi;
use ophi_heap::trace_fields;
use ophi_runtime::native::{Args, Call, MethodDef, MethodKind, MethodTable};
use ophi_runtime::objects::module::{Module, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Dict, Payload, Ref, Res, Tuple, TypeDef, TypeRef, Value, Vm, layout, methods};

fn pair(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let positional = vm.new_tuple(args.pos())?;
    vm.new_tuple(&[this.clone(), positional])
}

fn with_keywords(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let keywords = vm.new_dict()?;
    for (name, value) in args.keywords().iter() {
        keywords.set(vm, name, value.clone())?;
    }
    let positional = vm.new_tuple(args.pos())?;
    vm.new_tuple(&[this.clone(), positional, keywords.into_value()])
}

/// The functions of one kind: `$this` turns what the call receives into what the function shows.
macro_rules! conventions {
    ($name:ident, $kind:ident, $prefix:literal, $this:expr) => {
        static $name: &[MethodDef] = &[
            MethodDef {
                name: "meth_varargs",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::Many(|vm, this, args| {
                    args.no_keywords(vm, concat!($prefix, "meth_varargs"))?;
                    pair(vm, $this(this), args)
                }),
            },
            MethodDef {
                name: "meth_varargs_keywords",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::Many(|vm, this, args| with_keywords(vm, $this(this), args)),
            },
            MethodDef {
                name: "meth_o",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::One(|vm, this, only| vm.new_tuple(&[$this(this).clone(), only.clone()])),
            },
            MethodDef {
                name: "meth_noargs",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::NoArgs(|_, this| Ok($this(this).clone())),
            },
            MethodDef {
                name: "meth_fastcall",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::Many(|vm, this, args| {
                    args.no_keywords(vm, concat!($prefix, "meth_fastcall"))?;
                    pair(vm, $this(this), args)
                }),
            },
            MethodDef {
                name: "meth_fastcall_keywords",
                doc: "",
                signature: None,
                kind: MethodKind::$kind,
                call: Call::Many(|vm, this, args| with_keywords(vm, $this(this), args)),
            },
        ];
    };
}

fn receiver(this: &Value) -> &Value {
    this
}

/// A static method shows no receiver.
fn none(_: &Value) -> &Value {
    const NONE: &Value = &Value::NONE;
    NONE
}

conventions!(OF_MODULE, Static, "_testcapi.", receiver);
conventions!(OF_INSTANCE, Instance, "MethInstance.", receiver);
conventions!(OF_CLASS, Class, "MethClass.", receiver);
conventions!(OF_STATIC, Static, "MethStatic.", none);

const fn table(methods: &'static [MethodDef]) -> MethodTable {
    MethodTable { methods, accessors: &[], members: &[] }
}

pub static FUNCTIONS_TABLE: MethodTable = table(OF_MODULE);
pub const FUNCTIONS: &MethodTable = &FUNCTIONS_TABLE;

macro_rules! classes {
    ($($payload:ident $def:ident $name:literal $doc:literal $methods:ident $table:ident;)*) => {$(
        pub struct $payload;
        trace_fields!($payload {});
        impl Payload for $payload {
            fn def() -> &'static TypeDef {
                &$def
            }
            const LAYOUT: &'static ophi_heap::Layout = layout!($name);
        }
        static $table: MethodTable = table($methods);
        pub static $def: TypeDef = TypeDef {
            doc: $doc,
            slots: Slots { new: Some(|vm, cls: &TypeRef, _| Ok(vm.new_instance(cls, $payload)?.into_value())), ..Slots::NONE },
            tables: &[&$table],
            ..TypeDef::of::<$payload>($name, &OBJECT)
        };
    )*};
}

classes! {
    MethInstance METH_INSTANCE "MethInstance" "Class with normal (instance) methods to test calling conventions" OF_INSTANCE INSTANCE_TABLE;
    MethClass METH_CLASS "MethClass" "Class with class methods to test calling conventions" OF_CLASS CLASS_TABLE;
    MethStatic METH_STATIC "MethStatic" "Class with static methods to test calling conventions" OF_STATIC STATIC_TABLE;
}

pub fn add(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_type(vm, &METH_INSTANCE)?;
    module.add_type(vm, &METH_CLASS)?;
    module.add_type(vm, &METH_STATIC)
}

/// The positional arguments that a caller gave as a tuple or None.
fn positional(vm: &Vm, value: &Value) -> Res<Vec<Value>> {
    match value.downcast::<Tuple>() {
        Some(tuple) => Ok(tuple.as_slice().to_vec()),
        None if value.is_none() => Ok(Vec::new()),
        None => Err(vm.type_error("args must be None or a tuple")),
    }
}

/// Calls with keywords taken from a dict.
fn call_with_dict(vm: &Vm, function: &Value, mut values: Vec<Value>, keywords: Option<&Ref<Dict>>) -> Res {
    let items = keywords.map(|dict| dict.items()).unwrap_or_default();
    if items.is_empty() {
        return vm.call(function, &values);
    }
    let names: Vec<Value> = items.iter().map(|(name, _)| name.clone()).collect();
    let names = Tuple::from_vec(vm, names)?;
    values.extend(items.into_iter().map(|(_, value)| value));
    vm.call_args(function, Args { values: &values, names: Some(&names) })
}

#[methods(CALLS)]
impl Capi {
    #[function(sig = "(func, func_args, kwargs, /)")]
    fn pyobject_fastcalldict(vm: &Vm, func: &Value, func_args: &Value, kwargs: &Value) -> Res {
        let values = positional(vm, func_args)?;
        match kwargs.downcast::<Dict>() {
            Some(keywords) => call_with_dict(vm, func, values, Some(keywords)),
            None if kwargs.is_none() => vm.call(func, &values),
            None => Err(vm.type_error("kwnames must be None or a dict")),
        }
    }

    #[function(sig = "(func, func_args, kwnames, /)")]
    fn pyobject_vectorcall(vm: &Vm, func: &Value, func_args: &Value, kwnames: &Value) -> Res {
        let values = positional(vm, func_args)?;
        let names = match kwnames.downcast::<Tuple>() {
            Some(names) => Some(names).filter(|names| !names.is_empty()),
            None if kwnames.is_none() => None,
            None => return Err(vm.type_error("kwnames must be None or a tuple")),
        };
        if names.is_some_and(|names| names.len() > values.len()) {
            return Err(vm.value_error("kwnames longer than args"));
        }
        vm.call_args(func, Args { values: &values, names })
    }

    #[function(sig = "(func, argstuple, kwargs=<unrepresentable>, /)")]
    fn pyvectorcall_call(vm: &Vm, func: &Value, argstuple: &Value, kwargs: Option<&Value>) -> Res {
        if vm.class(func).slots().call.is_none() {
            return Err(vm.type_error(format!("'{}' object does not support vectorcall", vm.type_name(func))));
        }
        let Some(args) = argstuple.downcast::<Tuple>() else { return Err(vm.type_error("args must be a tuple")) };
        let keywords = match kwargs {
            None => None,
            Some(value) => match value.downcast::<Dict>() {
                Some(dict) => Some(dict),
                None => return Err(vm.type_error("kwargs must be a dict")),
            },
        };
        call_with_dict(vm, func, args.as_slice().to_vec(), keywords)
    }

    #[function(sig = "(func, args, kwargs=None, /)")]
    fn pycfunction_call(vm: &Vm, func: &Value, args: &Ref<Tuple>, kwargs: Option<&Ref<Dict>>) -> Res {
        call_with_dict(vm, func, args.as_slice().to_vec(), kwargs)
    }
}
