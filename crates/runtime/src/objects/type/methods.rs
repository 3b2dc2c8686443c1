//! The methods of classes and the operations of `type`.

use super::{Type, TypeRef, bases, construct};
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, Str, Tuple, Value, methods};

/// `<class 'module.name'>`.
pub fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(ty) = this.downcast::<Type>() else { return crate::objects::object::repr(vm, this) };
    let module = super::attributes::module_of(vm, ty);
    let text = match module.as_ref().and_then(|m| m.downcast::<Str>()).filter(|m| !m.eq_str("builtins")) {
        Some(module) => format!("<class '{}.{}'>", module.to_utf8_lossy(), ty.qualname()),
        None => format!("<class '{}'>", ty.name()),
    };
    Ok(vm.new_str(&text)?.into_value())
}

/// `X | Y` makes a union.
pub fn or(vm: &Vm, a: &Value, b: &Value) -> Res {
    crate::objects::union::or(vm, a, b)
}

#[methods]
impl Type {
    /// Return a type's method resolution order.
    #[method(sig = "()", name = "mro")]
    fn compute_order(vm: &Vm, this: &Ref<Type>) -> Res {
        let own = this.bases.get_or_none();
        let own = own.downcast::<Tuple>().map(|b| b.as_slice().to_vec()).unwrap_or_default();
        vm.new_list(bases::linearise(vm, this, &own)?)
    }

    /// Return a list of immediate subclasses.
    #[method(sig = "()")]
    fn __subclasses__(vm: &Vm, this: &Ref<Type>) -> Res {
        vm.new_list(this.direct_subclasses().into_iter().map(Ref::into_value).collect())
    }

    /// Create the namespace for the class statement
    #[classmethod(text = "($cls, name, bases, /, **kwds)")]
    fn __prepare__(vm: &Vm, _cls: &TypeRef, _args: Args) -> Res {
        Ok(vm.new_dict()?.into_value())
    }

    /// Check if an object is an instance.
    #[method(sig = "(instance, /)")]
    fn __instancecheck__(vm: &Vm, this: &Ref<Type>, instance: &Value) -> Res<bool> {
        vm.real_is_instance(instance, this.as_value())
    }

    /// Check if a class is a subclass.
    #[method(sig = "(subclass, /)")]
    fn __subclasscheck__(vm: &Vm, this: &Ref<Type>, subclass: &Value) -> Res<bool> {
        vm.real_is_subclass(subclass, this.as_value())
    }

    /// Specialized __dir__ implementation for types.
    #[method(sig = "()")]
    fn __dir__(vm: &Vm, this: &Ref<Type>) -> Res {
        let names = vm.new_dict()?;
        super::attributes::merge_class_dict(vm, &names, this.as_value())?;
        vm.new_list(names.keys())
    }

    /// Return memory consumption of the type object.
    #[method(sig = "()")]
    fn __sizeof__(vm: &Vm, this: &Ref<Type>) -> usize {
        vm.class(this.as_value()).head().instance_size()
    }
}

pub const NEW: crate::slots::New = construct::new;
