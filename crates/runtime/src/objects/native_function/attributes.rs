//! Attributes of native functions and descriptors, and the operations of `builtin_function_or_method`.

use super::*;
use crate::native::{MethodKind, Signature};
use crate::objects::object::identity_hash;
use crate::payload::Downcast;
use crate::protocol::representation::address;
use crate::slots::CompareOp;
use crate::{Type, methods};

fn doc_value(vm: &Vm, doc: &'static str) -> Res {
    if doc.is_empty() { Ok(Value::NONE) } else { Ok(vm.new_str(doc)?.into_value()) }
}

fn signature_value(vm: &Vm, signature: Option<&'static Signature>) -> Res {
    match signature {
        Some(signature) if !signature.text.is_empty() => Ok(vm.new_str(signature.text)?.into_value()),
        _ => Ok(Value::NONE),
    }
}

/// `($module, ...)`: the signature of a function shown with its receiver.
fn module_signature(text: &str) -> Option<String> {
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')'))?;
    Some(match inner {
        "" => "($module, /)".to_string(),
        _ if inner.starts_with('$') => text.to_string(),
        _ if inner.split([',', '\n']).any(|p| p.trim() == "/") => format!("($module, {inner})"),
        _ => format!("($module, /, {inner})"),
    })
}

fn qualified(vm: &Vm, owner: &TypeRef, name: &str) -> Res {
    Ok(vm.new_str(&format!("{}.{name}", owner.qualname()))?.into_value())
}

/// `(getattr, (owner, name))`, which pickles a descriptor by reference.
fn reduce(vm: &Vm, owner: &TypeRef, name: &str) -> Res {
    let getattr = builtin(vm, "getattr")?;
    let arguments = vm.new_tuple(&[owner.to_value(), vm.intern(name)?.into_value()])?;
    vm.new_tuple(&[getattr, arguments])
}

/// A function of the builtins namespace.
pub fn builtin(vm: &Vm, name: &str) -> Res {
    vm.get_builtin(name)
}

#[methods]
impl NativeFunction {
    #[getter]
    fn __name__(vm: &Vm, this: &Ref<NativeFunction>) -> Res<Ref<Str>> {
        vm.intern(this.def.name)
    }

    #[getter]
    fn __qualname__(vm: &Vm, this: &Ref<NativeFunction>) -> Res {
        let receiver = match &this.this {
            Some(receiver) if !this.of_module.get() && !receiver.is_a::<crate::objects::module::Module>() => receiver,
            _ => return Ok(vm.intern(this.def.name)?.into_value()),
        };
        let owner = match receiver.downcast::<Type>() {
            Some(ty) => ty.clone(),
            None => vm.class(receiver).clone(),
        };
        qualified(vm, &owner, this.def.name)
    }

    #[getter]
    fn __doc__(vm: &Vm, this: &Ref<NativeFunction>) -> Res {
        doc_value(vm, this.def.doc)
    }

    #[getter]
    fn __self__(_: &Vm, this: &Ref<NativeFunction>) -> Value {
        // A static method of a class is told its class, but is bound to nothing. `__new__` is a bound one, not a static one.
        let is_new = core::ptr::eq(this.def, &crate::objects::r#type::members::NEW);
        if this.def.kind == MethodKind::Static && !this.of_module.get() && !is_new {
            return Value::NONE;
        }
        this.this.clone().unwrap_or(Value::NONE)
    }

    #[getter]
    fn __text_signature__(vm: &Vm, this: &Ref<NativeFunction>) -> Res {
        match this.def.signature {
            Some(signature) if this.of_module.get() => match module_signature(signature.text) {
                Some(text) => Ok(vm.new_str(&text)?.into_value()),
                None => Ok(Value::NONE),
            },
            signature => signature_value(vm, signature),
        }
    }

    #[getter]
    fn __module__(_: &Vm, this: &Ref<NativeFunction>) -> Value {
        this.module.get_or_none()
    }

    #[setter(name = "__module__")]
    fn set_module(_: &Vm, this: &Ref<NativeFunction>, value: Option<&Value>) -> Res<()> {
        this.module.set(value.cloned());
        Ok(())
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<NativeFunction>) -> Res {
        let name = vm.intern(this.def.name)?;
        match &this.this {
            Some(receiver) if !this.of_module.get() && !receiver.is_a::<crate::objects::module::Module>() => {
                let getattr = builtin(vm, "getattr")?;
                let arguments = vm.new_tuple(&[receiver.clone(), name.into_value()])?;
                vm.new_tuple(&[getattr, arguments])
            }
            _ => Ok(name.into_value()),
        }
    }
}

pub fn function_repr(vm: &Vm, this: &Value) -> Res {
    let Some(function) = this.downcast::<NativeFunction>() else { return Err(vm.type_error("a function is required")) };
    let name = function.def.name;
    let text = match &function.this {
        Some(receiver) if !function.of_module.get() && !receiver.is_a::<crate::objects::module::Module>() => {
            format!("<built-in method {name} of {} object at {:#x}>", vm.type_name(receiver), address(receiver))
        }
        _ => format!("<built-in function {name}>"),
    };
    Ok(vm.new_str(&text)?.into_value())
}

pub fn function_hash(_: &Vm, this: &Value) -> Res<i64> {
    let Some(function) = this.downcast::<NativeFunction>() else { return Ok(0) };
    let receiver = function.this.as_ref().map_or(0, identity_hash);
    let code = function.def as *const _ as usize as i64;
    Ok(match receiver ^ code.rotate_right(4) {
        -1 => -2,
        h => h,
    })
}

pub fn function_compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<NativeFunction>(), b.downcast::<NativeFunction>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    let receivers = match (&x.this, &y.this) {
        (Some(p), Some(q)) => p.is(q),
        (None, None) => true,
        _ => false,
    };
    let same = core::ptr::eq(x.def, y.def) && receivers;
    Ok(match op {
        CompareOp::Eq => Value::bool(same),
        CompareOp::Ne => Value::bool(!same),
        _ => Value::NOT_IMPLEMENTED,
    })
}

macro_rules! descriptor_attributes {
    ($($t:ident { $signature:expr })*) => {$(
        #[methods]
        impl $t {
            #[member]
            fn __name__(vm: &Vm, this: &Ref<$t>) -> Res<Ref<Str>> {
                vm.intern(&this.name_text())
            }

            #[getter]
            fn __qualname__(vm: &Vm, this: &Ref<$t>) -> Res {
                qualified(vm, &this.owner, &this.name_text())
            }

            #[getter]
            fn __doc__(vm: &Vm, this: &Ref<$t>) -> Res {
                doc_value(vm, this.doc_text())
            }

            #[getter]
            fn __objclass__(_: &Vm, this: &Ref<$t>) -> TypeRef {
                this.owner.clone()
            }

            #[getter]
            fn __text_signature__(vm: &Vm, this: &Ref<$t>) -> Res {
                let of: fn(&$t) -> Option<&'static str> = $signature;
                match of(this) {
                    Some(text) if !text.is_empty() => Ok(vm.new_str(text)?.into_value()),
                    _ => Ok(Value::NONE),
                }
            }
        }
    )*};
}

// Class methods as they stand in a namespace cannot be pickled.
macro_rules! descriptor_reductions {
    ($($t:ident)*) => {$(
        #[methods(REDUCTION)]
        impl $t {
            #[method(sig = "()")]
            fn __reduce__(vm: &Vm, this: &Ref<$t>) -> Res {
                reduce(vm, &this.owner, &this.name_text())
            }
        }
    )*};
}
descriptor_reductions!(MethodDescriptor WrapperDescriptor);

macro_rules! static_docs {
    ($($t:ident),*) => {$(impl $t {
        fn doc_text(&self) -> &'static str {
            self.def.doc
        }
    })*};
}
static_docs!(MethodDescriptor, ClassMethodDescriptor, GetSetDescriptor, WrapperDescriptor);

impl MemberDescriptor {
    fn doc_text(&self) -> &'static str {
        match self.place {
            Place::Slot(_) => "",
            Place::Native(def) => def.doc,
        }
    }
}

descriptor_attributes! {
    MethodDescriptor { |d| d.def.signature.map(|s| s.text) }
    ClassMethodDescriptor { |d| d.def.signature.map(|s| s.text) }
    WrapperDescriptor { |d| Some(d.def.signature) }
}

macro_rules! data_descriptor_attributes {
    ($($t:ident)*) => {$(
        #[methods]
        impl $t {
            #[member]
            fn __name__(vm: &Vm, this: &Ref<$t>) -> Res<Ref<Str>> {
                vm.intern(&this.name_text())
            }

            #[getter]
            fn __qualname__(vm: &Vm, this: &Ref<$t>) -> Res {
                qualified(vm, &this.owner, &this.name_text())
            }

            #[getter]
            fn __doc__(vm: &Vm, this: &Ref<$t>) -> Res {
                doc_value(vm, this.doc_text())
            }

            #[getter]
            fn __objclass__(_: &Vm, this: &Ref<$t>) -> TypeRef {
                this.owner.clone()
            }
        }
    )*};
}
data_descriptor_attributes!(GetSetDescriptor);

#[methods]
impl MemberDescriptor {
    #[member]
    fn __name__(_: &Vm, this: &Ref<MemberDescriptor>) -> Ref<Str> {
        this.name.clone()
    }

    #[getter]
    fn __qualname__(vm: &Vm, this: &Ref<MemberDescriptor>) -> Res {
        qualified(vm, &this.owner, &this.name_text())
    }

    #[getter]
    fn __doc__(vm: &Vm, this: &Ref<MemberDescriptor>) -> Res {
        doc_value(vm, this.doc_text())
    }

    #[member]
    fn __objclass__(_: &Vm, this: &Ref<MemberDescriptor>) -> TypeRef {
        this.owner.clone()
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<MemberDescriptor>) -> Res {
        reduce(vm, &this.owner, &this.name_text())
    }
}

#[methods]
impl MethodWrapper {
    #[getter]
    fn __name__(vm: &Vm, this: &Ref<MethodWrapper>) -> Res<Ref<Str>> {
        vm.intern(this.descriptor.def.name)
    }

    #[getter]
    fn __qualname__(vm: &Vm, this: &Ref<MethodWrapper>) -> Res {
        qualified(vm, &this.descriptor.owner, this.descriptor.def.name)
    }

    #[getter]
    fn __doc__(vm: &Vm, this: &Ref<MethodWrapper>) -> Res {
        doc_value(vm, this.descriptor.def.doc)
    }

    #[member]
    fn __objclass__(_: &Vm, this: &Ref<MethodWrapper>) -> TypeRef {
        this.descriptor.owner.clone()
    }

    #[member]
    fn __self__(_: &Vm, this: &Ref<MethodWrapper>) -> Value {
        this.this.clone()
    }

    #[getter]
    fn __text_signature__(vm: &Vm, this: &Ref<MethodWrapper>) -> Res {
        Ok(vm.new_str(this.descriptor.def.signature)?.into_value())
    }

    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<MethodWrapper>) -> Res {
        let getattr = builtin(vm, "getattr")?;
        let arguments = vm.new_tuple(&[this.this.clone(), vm.intern(this.descriptor.def.name)?.into_value()])?;
        vm.new_tuple(&[getattr, arguments])
    }
}

/// Whether a method of a builtin class is bound to the class when accessed.
pub fn binds_class(kind: MethodKind) -> bool {
    kind == MethodKind::Class
}
