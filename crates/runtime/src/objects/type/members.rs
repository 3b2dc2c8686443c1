//! Fills a native class's namespace: `__new__`, slot wrappers, methods, accessors, `__doc__`, `__module__`.

use super::slot_defs::SLOT_DEFS;
use super::{Type, TypeRef};
use crate::native::{Call, MethodDef, MethodKind, Signature};
use crate::objects::dict::Dict;
use crate::objects::native_function::{
    ClassMethodDescriptor, GetSetDescriptor, MemberDescriptor, MethodDescriptor, NativeFunction, Place,
    WrapperDescriptor,
};
use crate::payload::{Downcast, TypeDef};
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeFlags, Value};

/// `T.__new__`: calls the `new` slot of the class it belongs to (its receiver) for the class given first.
pub static NEW: MethodDef = MethodDef {
    name: "__new__",
    doc: "Create and return a new object.  See help(type) for accurate signature.",
    signature: Some(&Signature { text: "($type, *args, **kwargs)", parameters: &[] }),
    kind: MethodKind::Static,
    call: Call::Many(call_new),
};

pub fn add_native_members(vm: &Vm, ty: &TypeRef, def: &'static TypeDef, dict: &Ref<Dict>) -> Res<()> {
    let names = vm.names();
    if def.slots.new.is_some() {
        let new = NativeFunction::bound(vm, &NEW, ty.to_value())?;
        dict.set_str(vm, &names.__new__, new.into_value())?;
    }
    for row in SLOT_DEFS {
        // `__getattr__` has no native form.
        if row.signature.is_empty() {
            continue;
        }
        let Some(wrapped) = def.slots.get(row.slot) else { continue };
        // Bytes never move: there is nothing to give back.
        if row.name == "__release_buffer__" && core::ptr::eq(def, &crate::objects::bytes::BYTES) {
            continue;
        }
        let name = vm.intern_forever(row.name)?;
        if dict.find_str(vm, &name).is_some() {
            continue;
        }
        let value = if row.name == "__hash__"
            && wrapped.address() == super::slot_functions::hash_not_implemented as *const () as usize
        {
            Value::NONE
        } else {
            vm.new_object(WrapperDescriptor { owner: ty.clone(), def: row, wrapped })?.into_value()
        };
        dict.set_str(vm, &name, value)?;
    }
    for table in def.tables {
        add_table(vm, ty, dict, table)?;
    }
    // A native class whose instances have attributes of their own shows them, whether its tables say so or not.
    let inherits = def.base.is_some_and(|base| vm.ty(base).has(TypeFlags::DICT));
    if def.flags.has(TypeFlags::DICT) && !inherits && dict.find_str(vm, &names.__dict__).is_none() {
        add_table(vm, ty, dict, super::construct::DICT_TABLE)?;
    }
    if def.module != "builtins" && dict.find_str(vm, &names.__module__).is_none() {
        dict.set_str(vm, &names.__module__, vm.intern_forever(def.module)?.into_value())?;
    }
    if dict.find_str(vm, &names.__doc__).is_none() {
        let doc = doc_text(def);
        let doc = if doc.is_empty() { Value::NONE } else { vm.new_str(doc)?.into_value() };
        dict.set_str(vm, &names.__doc__, doc)?;
    }
    // A class that compares but does not hash is unhashable.
    if def.slots.richcompare.is_some() && def.slots.hash.is_none() && dict.find_str(vm, &names.__hash__).is_none() {
        dict.set_str(vm, &names.__hash__, Value::NONE)?;
    }
    Ok(())
}

/// Adds methods and accessors of a table to a class's namespace; names already there stay.
pub fn add_table(vm: &Vm, ty: &TypeRef, dict: &Ref<Dict>, table: &'static crate::native::MethodTable) -> Res<()> {
    for def in table.methods {
        let value = match def.kind {
            MethodKind::Instance => vm.new_object(MethodDescriptor { owner: ty.clone(), def })?.into_value(),
            MethodKind::Class => vm.new_object(ClassMethodDescriptor { owner: ty.clone(), def })?.into_value(),
            MethodKind::Static => {
                let function = NativeFunction::bound(vm, def, ty.to_value())?.into_value();
                crate::objects::staticmethod::new_static(vm, function)?
            }
        };
        dict.set_str(vm, &vm.intern_forever(def.name)?, value)?;
    }
    for def in table.members {
        let name = vm.intern_forever(def.name)?;
        let member = MemberDescriptor { owner: ty.clone(), name: name.clone(), place: Place::Native(def) };
        dict.set_str(vm, &name, vm.new_object(member)?.into_value())?;
    }
    for def in table.accessors {
        let value = vm.new_object(GetSetDescriptor { owner: ty.clone(), def })?;
        dict.set_str(vm, &vm.intern_forever(def.name)?, value.into_value())?;
    }
    Ok(())
}

/// Splits a definition's doc into text signature and text.
fn split_doc(def: &'static TypeDef) -> (Option<&'static str>, &'static str) {
    let Some((first, rest)) = def.doc.split_once("\n--\n") else { return (None, def.doc) };
    match first.strip_prefix(def.name.rsplit('.').next().unwrap_or(def.name)) {
        Some(signature) if signature.starts_with('(') => (Some(signature), rest.trim_start_matches('\n')),
        _ => (None, def.doc),
    }
}

pub fn doc_text(def: &'static TypeDef) -> &'static str {
    split_doc(def).1
}

pub fn text_signature(def: &'static TypeDef) -> Option<&'static str> {
    split_doc(def).0
}

/// After CPython `tp_new_wrapper`: the class given must inherit, and no native base in between may want its own `__new__`.
fn call_new(vm: &Vm, this: &Value, args: Args<'_>) -> Res {
    let Some(owner) = this.downcast::<Type>() else {
        return Err(vm.type_error("__new__() called with non-type 'self'"));
    };
    let name = owner.full_name();
    let Some((first, _)) = args.pos().split_first() else {
        return Err(vm.type_error(format!("{name}.__new__(): not enough arguments")));
    };
    let Some(class) = first.downcast::<Type>() else {
        let got = vm.type_name(first);
        return Err(vm.type_error(format!("{name}.__new__(X): X is not a type object ({got})")));
    };
    if !class.is_subtype(owner) {
        let got = class.full_name();
        return Err(vm.type_error(format!("{name}.__new__({got}): {got} is not a subtype of {name}")));
    }
    // The most derived native base decides how the instance begins.
    let mut native = class.clone();
    while native.slots().new.is_some_and(|f| f as usize == super::slot_functions::new as *const () as usize) {
        match native.base.get() {
            Some(base) => native = base,
            None => break,
        }
    }
    let own = owner.slots().new;
    // A class that cannot be instantiated has no way to begin an instance at all.
    let Some(begin) = native.slots().new else {
        return Err(vm.type_error(format!("cannot create '{}' instances", class.full_name())));
    };
    if own.is_some_and(|own| own as usize != begin as usize) {
        let (got, better) = (class.full_name(), native.full_name());
        return Err(vm.type_error(format!("{name}.__new__({got}) is not safe, use {better}.__new__()")));
    }
    match own {
        Some(new) => new(vm, class, Args { values: &args.values[1..], names: args.names }),
        None => Err(vm.type_error(format!("cannot create '{name}' instances"))),
    }
}
