//! Makes type objects from definitions.
//!
//! `ensure` makes the object (bases first) and registers it, then fills names, bases, MRO, namespace and slots. While an
//! interpreter starts, objects exist before strings do; `Bootstrap` in `vm` makes the first few empty and fills them
//! once names can be interned.

use super::{TYPE, Type, TypeRef};
use crate::objects::dict::Dict;
use crate::payload::TypeDef;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};
use core::cell::Cell;
use core::ptr::NonNull;
use ophi_heap::{TypeFields, TypeFlags, TypeHead};

/// The type object for `def`, made now when it does not exist yet. A failure here (no memory for a builtin type) is fatal.
pub fn ensure<'a>(vm: &'a Vm, def: &'static TypeDef) -> &'a TypeRef {
    if vm.interpreter().types[def.id.get()].get().is_none() {
        let filled = vm.interpreter().beyond_limit(|| {
            let made = allocate(vm, def);
            register(vm, def, made);
            fill(vm, def)
        });
        if let Err(raised) = filled {
            vm.forget(raised);
            crate::vm::no_memory_at_all(&format!("the builtin type {}", def.name));
        }
    }
    match vm.interpreter().types[def.id.get()].get() {
        Some(ty) => ty,
        None => panic!("the builtin type {} was not registered", def.name),
    }
}

/// Like `ensure`, but leaves the object empty when strings cannot be made yet.
pub fn ensure_empty(vm: &Vm, def: &'static TypeDef) {
    if vm.interpreter().types[def.id.get()].get().is_none() {
        if let Some(base) = def.base {
            ensure_empty(vm, base);
        }
        let made = allocate(vm, def);
        register(vm, def, made);
    }
}

fn register(vm: &Vm, def: &'static TypeDef, ty: TypeRef) {
    let _ = vm.interpreter().types[def.id.get()].set(ty);
}

/// The bare object: layout and slots, nothing that needs other objects. Immortal.
#[allow(unsafe_code)]
fn allocate(vm: &Vm, def: &'static TypeDef) -> TypeRef {
    let base = def.base.map(|b| ensure_registered(vm, b));
    let mut flags = def.flags;
    let mut slots = def.slots;
    if let Some(base) = &base {
        flags = flags.with(TypeFlags(base.flags().0 & TypeFlags::INHERITED.0));
        let own_hash = slots.hash.is_some() || slots.richcompare.is_some();
        let own = (slots.hash, slots.richcompare);
        slots.inherit(base.slots());
        if own_hash {
            // Equality and hash are inherited together or not at all.
            (slots.hash, slots.richcompare) = own;
        }
        if def.flags.has(TypeFlags::DISALLOW_INSTANTIATION) {
            slots.new = None;
        }
    }
    let free = def.functions.free(flags).unwrap_or_else(|| {
        // Only a subclass that shares its base's payload may be more; objects of the payload's own class would be made too small.
        let shared = def.base.is_some_and(|base| core::ptr::eq(base.functions.layout, def.functions.layout));
        assert!(shared, "instances of {} are more than their payload says", def.name);
        ophi_heap::object::free_general
    });
    let fields = TypeFields {
        flags: Cell::new(flags.with(TypeFlags::IMMUTABLE)),
        version: Cell::new(0),
        free,
        drop_payload: def.functions.drop_payload,
        traverse_payload: def.functions.traverse_payload,
        describe_payload: def.functions.describe_payload,
        clear_payload: def.functions.clear_payload,
        release_early: def.functions.release_early,
        layout: def.functions.layout,
        tail_offset: Cell::new(def.functions.size.next_multiple_of(8) as u32),
        slot_words: Cell::new(0),
        inline_values: Cell::new(0),
    };
    let payload = Type::empty(fields, Some(def), slots);
    let metatype = vm.interpreter().types[TYPE.id.get()].get();
    let object = match metatype {
        // SAFETY: `type` was built for payload Type.
        Some(metatype) => unsafe { vm.heap().new_object(metatype.head(), payload, 0) },
        None => {
            // The first one: `type` itself, described by a throw-away head until it exists.
            let seed = TypeHead { header: ophi_heap::Header::new(NonNull::dangling()), fields: seed_fields() };
            // SAFETY: the head describes payload Type and outlives the call.
            let object = unsafe { vm.heap().new_object(&seed, payload, 0) };
            if let Ok(object) = &object {
                let own: *const TypeHead = object.as_ptr().cast();
                if let Some(own) = NonNull::new(own as *mut TypeHead) {
                    object.header().set_type(own);
                }
            }
            object
        }
    };
    let Ok(object) = object else { crate::vm::no_memory_at_all(&format!("the builtin type {}", def.name)) };
    object.header().make_immortal();
    vm.untrack(object.as_value());
    object.base.set(base);
    object
}

fn ensure_registered(vm: &Vm, def: &'static TypeDef) -> TypeRef {
    if vm.interpreter().names_are_ready() {
        return ensure(vm, def).clone();
    }
    ensure_empty(vm, def);
    match vm.interpreter().types[def.id.get()].get() {
        Some(ty) => ty.clone(),
        None => panic!("the builtin type {} was not registered", def.name),
    }
}

fn seed_fields() -> TypeFields {
    TypeFields {
        flags: Cell::new(TypeFlags::GC),
        version: Cell::new(0),
        free: ophi_heap::object::free_general,
        drop_payload: TYPE.functions.drop_payload,
        traverse_payload: TYPE.functions.traverse_payload,
        describe_payload: TYPE.functions.describe_payload,
        clear_payload: TYPE.functions.clear_payload,
        release_early: TYPE.functions.release_early,
        layout: TYPE.functions.layout,
        tail_offset: Cell::new(TYPE.functions.size.next_multiple_of(8) as u32),
        slot_words: Cell::new(0),
        inline_values: Cell::new(0),
    }
}

/// Names, bases, MRO, namespace with methods and slot wrappers. Idempotent.
pub fn fill(vm: &Vm, def: &'static TypeDef) -> Res<()> {
    let ty = ensure_registered(vm, def);
    if ty.dict.with(Option::is_some) {
        return Ok(());
    }
    if let Some(base) = def.base {
        fill(vm, base)?;
    }
    let name = vm.intern_forever(def.name)?;
    ty.name.set(Some(name.clone()));
    ty.qualname.set(Some(name));
    let base = ty.base.get();
    let mut mro = vec![ty.to_value()];
    let bases: Vec<Value> = base.iter().map(|b| b.to_value()).collect();
    if let Some(base) = &base {
        mro.extend(base.mro().as_slice().iter().cloned());
        base.add_subclass(&ty);
    }
    ty.bases.set(Some(Tuple::from_slice(vm, &bases)?.into_value()));
    ty.mro.set(Some(Tuple::from_slice(vm, &mro)?.into_value()));
    let dict: Ref<Dict> = Dict::new(vm)?;
    ty.dict.set(Some(dict.clone()));
    super::members::add_native_members(vm, &ty, def, &dict)?;
    if let Some(finish) = def.finish {
        finish(vm, &ty)?;
    }
    ty.modified();
    Ok(())
}
