//! Calling native functions, bound or through descriptors.

use super::{ClassMethodDescriptor, MethodDescriptor, MethodWrapper, NativeFunction, WrapperDescriptor};
use crate::native::{Call, MethodDef, call_native};
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Args, Type, TypeRef, Value};

/// Calls `def` on a receiver; `owner` is asked for only when a message needs the qualified name.
#[inline(always)]
pub fn call_bound(
    vm: &Vm,
    def: &'static MethodDef,
    receiver: &Value,
    args: Args<'_>,
    owner: impl FnOnce() -> Option<String>,
) -> Res {
    // Handed on word by word: a copy of the three would be a wide load right behind narrow stores, for which the processor waits
    // longer than a short function takes.
    let Args { values, names } = args;
    match (def.call, values) {
        (Call::Many(f), _) if names.is_none() => f(vm, receiver, Args::positional(values)),
        (Call::Many(f), _) if !def.signature.is_some_and(|s| s.takes_no_keywords()) => {
            f(vm, receiver, Args { values, names })
        }
        (Call::NoArgs(f), []) => f(vm, receiver),
        (Call::One(f), [only]) if names.is_none_or(|names| names.is_empty()) => f(vm, receiver, only),
        _ => call_native(vm, def, receiver, Args { values, names }, owner().as_deref()),
    }
}

fn payload<'a, T: crate::Payload>(vm: &Vm, this: &'a Value) -> Res<&'a crate::Ref<T>> {
    this.downcast::<T>().ok_or_else(|| vm.type_error(format!("a {} is required", T::def().name)))
}

pub fn call_function(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let function = payload::<NativeFunction>(vm, this)?;
    let none = Value::NONE;
    let receiver = function.this.as_ref().unwrap_or(&none);
    call_bound(vm, function.def, receiver, args, || owner_of(vm, function))
}

/// What stands before the function's name in messages: the module when it is not `builtins`, or the class.
fn owner_of(vm: &Vm, function: &NativeFunction) -> Option<String> {
    if function.of_module.get() {
        let module = function.module.get()?;
        let module = module.downcast::<crate::Str>()?.to_utf8_lossy().into_owned();
        return (module != "builtins").then_some(module);
    }
    let this = function.this.as_ref()?;
    Some(match this.downcast::<Type>() {
        Some(ty) => ty.qualname(),
        None => vm.class(this).qualname(),
    })
}

#[cold]
fn needs_argument(vm: &Vm, owner: &TypeRef, name: &str) -> Raised {
    vm.type_error(format!("unbound method {}.{name}() needs an argument", owner.qualname()))
}

pub fn call_method_descriptor(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let descriptor = payload::<MethodDescriptor>(vm, this)?;
    let Some((receiver, _)) = args.pos().split_first() else {
        return Err(needs_argument(vm, &descriptor.owner, descriptor.def.name));
    };
    if !vm.class(receiver).is_subtype(&descriptor.owner) {
        return Err(super::descriptors::not_applicable(vm, descriptor.def.name, &descriptor.owner, receiver));
    }
    let rest = Args { values: &args.values[1..], names: args.names };
    call_bound(vm, descriptor.def, receiver, rest, || Some(descriptor.owner.qualname()))
}

pub fn call_class_method_descriptor(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let descriptor = payload::<ClassMethodDescriptor>(vm, this)?;
    let name = descriptor.def.name;
    let owner = descriptor.owner.full_name();
    let Some((receiver, _)) = args.pos().split_first() else {
        return Err(vm.type_error(format!("descriptor '{name}' of '{owner}' object needs an argument")));
    };
    let bound = super::descriptors::class_method_get(vm, this, None, Some(receiver))?;
    vm.call_args(&bound, Args { values: &args.values[1..], names: args.names })
}

pub fn call_wrapper_descriptor(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let descriptor = payload::<WrapperDescriptor>(vm, this)?;
    let name = descriptor.def.name;
    let Some((receiver, _)) = args.pos().split_first() else {
        let owner = descriptor.owner.full_name();
        return Err(vm.type_error(format!("descriptor '{name}' of '{owner}' object needs an argument")));
    };
    if !vm.class(receiver).is_subtype(&descriptor.owner) {
        let owner = descriptor.owner.full_name();
        let got = vm.type_name(receiver);
        return Err(vm.type_error(format!("descriptor '{name}' requires a '{owner}' object but received a '{got}'")));
    }
    descriptor.call(vm, receiver, Args { values: &args.values[1..], names: args.names })
}

impl WrapperDescriptor {
    /// Runs the wrapped slot on a receiver of the right class.
    pub fn call(&self, vm: &Vm, receiver: &Value, args: Args<'_>) -> Res {
        if !self.def.keywords && args.has_keywords() {
            return Err(vm.type_error(format!("wrapper {}() takes no keyword arguments", self.def.name)));
        }
        (self.def.wrapper)(vm, self.wrapped, receiver, args)
    }
}

pub fn call_method_wrapper(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let wrapper = payload::<MethodWrapper>(vm, this)?;
    wrapper.descriptor.call(vm, &wrapper.this, args)
}
