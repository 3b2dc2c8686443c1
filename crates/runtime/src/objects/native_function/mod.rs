//! Callable objects around native functions: what module functions, methods of builtin types and slot wrappers are.
//!
//! | type | where it comes from |
//! |---|---|
//! | `builtin_function_or_method` | functions of modules, bound methods, `__new__` |
//! | `method_descriptor`, `classmethod_descriptor` | methods in a builtin class's namespace |
//! | `getset_descriptor`, `member_descriptor` | attributes of builtin classes; `__slots__` |
//! | `wrapper_descriptor`, `method-wrapper` | dunder methods that stand for native slots |
//!
//! Messages and reprs are those of CPython Objects/methodobject.c and Objects/descrobject.c.

pub mod attributes;
mod calls;
mod descriptors;

use crate::native::{GetSetDef, MethodDef};
use crate::objects::object::OBJECT;
use crate::objects::r#type::slot_defs::SlotDef;
use crate::payload::{Payload, TypeDef};
use crate::slots::{SlotFn, Slots};
use crate::vm::{Res, Vm};
use crate::{Ref, Str, TypeRef, Value, ValueCell, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

pub use attributes::builtin;
pub use calls::call_bound;

/// `builtin_function_or_method`.
#[repr(C)]
pub struct NativeFunction {
    pub def: &'static MethodDef,
    /// What the function receives: instance, class or module.
    pub this: Option<Value>,
    /// `__module__`; none for methods.
    pub module: ValueCell,
    /// Receiver and module as the function shows them are those of a module function.
    pub of_module: Cell<bool>,
}
trace_fields!(NativeFunction { this, module });

/// `method_descriptor`.
#[repr(C)]
pub struct MethodDescriptor {
    pub owner: TypeRef,
    pub def: &'static MethodDef,
}
trace_fields!(MethodDescriptor { owner });

/// `classmethod_descriptor`.
#[repr(C)]
pub struct ClassMethodDescriptor {
    pub owner: TypeRef,
    pub def: &'static MethodDef,
}
trace_fields!(ClassMethodDescriptor { owner });

/// `getset_descriptor`.
#[repr(C)]
pub struct GetSetDescriptor {
    pub owner: TypeRef,
    pub def: &'static GetSetDef,
}
trace_fields!(GetSetDescriptor { owner });

/// Where a member's value stands.
#[derive(Clone, Copy)]
pub enum Place {
    /// The slot word with this number in the instance's tail.
    Slot(usize),
    /// A field of the native payload; read-only.
    Native(&'static GetSetDef),
}

/// `member_descriptor`: an entry of `__slots__`, or a field of a native payload.
#[repr(C)]
pub struct MemberDescriptor {
    pub owner: TypeRef,
    pub name: Ref<Str>,
    pub place: Place,
}
trace_fields!(MemberDescriptor { owner, name });

/// `wrapper_descriptor`: a native slot under its dunder name.
#[repr(C)]
pub struct WrapperDescriptor {
    pub owner: TypeRef,
    pub def: &'static SlotDef,
    pub wrapped: SlotFn,
}
trace_fields!(WrapperDescriptor { owner });

/// `method-wrapper`: a slot wrapper bound to an object.
#[repr(C)]
pub struct MethodWrapper {
    pub descriptor: Ref<WrapperDescriptor>,
    pub this: Value,
}
trace_fields!(MethodWrapper { descriptor, this });

macro_rules! payloads {
    ($($t:ident $def:ident $name:literal;)*) => {$(
        impl Payload for $t {
            fn def() -> &'static TypeDef { &$def }
            const LAYOUT: &'static Layout = layout!($name);
        }
    )*};
}

payloads! {
    NativeFunction NATIVE_FUNCTION "builtin_function_or_method";
    MethodDescriptor METHOD_DESCRIPTOR "method_descriptor";
    ClassMethodDescriptor CLASSMETHOD_DESCRIPTOR "classmethod_descriptor";
    GetSetDescriptor GETSET_DESCRIPTOR "getset_descriptor";
    MemberDescriptor MEMBER_DESCRIPTOR "member_descriptor";
    WrapperDescriptor WRAPPER_DESCRIPTOR "wrapper_descriptor";
    MethodWrapper METHOD_WRAPPER "method-wrapper";
}

const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION);

pub static NATIVE_FUNCTION: TypeDef = TypeDef {
    flags: FLAGS.with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(attributes::function_repr),
        hash: Some(attributes::function_hash),
        richcompare: Some(attributes::function_compare),
        call: Some(calls::call_function),
        ..Slots::NONE
    },
    tables: &[NativeFunction::METHODS],
    ..TypeDef::of::<NativeFunction>("builtin_function_or_method", &OBJECT)
};

pub static METHOD_DESCRIPTOR: TypeDef = TypeDef {
    flags: FLAGS.with(TypeFlags::METHOD_DESCRIPTOR),
    slots: Slots {
        repr: Some(descriptors::method_repr),
        call: Some(calls::call_method_descriptor),
        descr_get: Some(descriptors::method_get),
        ..Slots::NONE
    },
    tables: &[MethodDescriptor::METHODS, MethodDescriptor::REDUCTION],
    ..TypeDef::of::<MethodDescriptor>("method_descriptor", &OBJECT)
};

pub static CLASSMETHOD_DESCRIPTOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(descriptors::class_method_repr),
        call: Some(calls::call_class_method_descriptor),
        descr_get: Some(descriptors::class_method_get),
        ..Slots::NONE
    },
    tables: &[ClassMethodDescriptor::METHODS],
    ..TypeDef::of::<ClassMethodDescriptor>("classmethod_descriptor", &OBJECT)
};

pub static GETSET_DESCRIPTOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(descriptors::getset_repr),
        descr_get: Some(descriptors::getset_get),
        descr_set: Some(descriptors::getset_set),
        ..Slots::NONE
    },
    tables: &[GetSetDescriptor::METHODS],
    ..TypeDef::of::<GetSetDescriptor>("getset_descriptor", &OBJECT)
};

pub static MEMBER_DESCRIPTOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(descriptors::member_repr),
        descr_get: Some(descriptors::member_get),
        descr_set: Some(descriptors::member_set),
        ..Slots::NONE
    },
    tables: &[MemberDescriptor::METHODS],
    ..TypeDef::of::<MemberDescriptor>("member_descriptor", &OBJECT)
};

pub static WRAPPER_DESCRIPTOR: TypeDef = TypeDef {
    flags: FLAGS.with(TypeFlags::METHOD_DESCRIPTOR),
    slots: Slots {
        repr: Some(descriptors::wrapper_repr),
        call: Some(calls::call_wrapper_descriptor),
        descr_get: Some(descriptors::wrapper_get),
        ..Slots::NONE
    },
    tables: &[WrapperDescriptor::METHODS, WrapperDescriptor::REDUCTION],
    ..TypeDef::of::<WrapperDescriptor>("wrapper_descriptor", &OBJECT)
};

pub static METHOD_WRAPPER: TypeDef = TypeDef {
    flags: FLAGS,
    slots: Slots {
        repr: Some(descriptors::method_wrapper_repr),
        hash: Some(descriptors::method_wrapper_hash),
        richcompare: Some(descriptors::method_wrapper_compare),
        call: Some(calls::call_method_wrapper),
        ..Slots::NONE
    },
    tables: &[MethodWrapper::METHODS],
    ..TypeDef::of::<MethodWrapper>("method-wrapper", &OBJECT)
};

impl NativeFunction {
    /// A function of a module (`module` is its `__module__`), or, without module, a bound method.
    pub fn new(
        vm: &Vm,
        def: &'static MethodDef,
        this: Option<Value>,
        module: Option<Value>,
    ) -> Res<Ref<NativeFunction>> {
        let of_module = Cell::new(module.is_some());
        vm.new_object(NativeFunction { def, this, module: ValueCell::new(module), of_module })
    }

    /// A native function bound to a receiver.
    pub fn bound(vm: &Vm, def: &'static MethodDef, this: Value) -> Res<Ref<NativeFunction>> {
        NativeFunction::new(vm, def, Some(this), None)
    }
}
