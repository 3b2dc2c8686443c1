//! Keeps the slots of classes made at run time in step with the names along their MRO.
//!
//! A slot holds the native function when every name that stands for it leads to a slot wrapper around that one function
//! (it was inherited untouched), else the generic function that looks the name up. After CPython Objects/typeobject.c
//! (`update_one_slot`, `update_slots_callback`).

use super::TypeRef;
use super::members;
use super::slot_defs::{SLOT_DEFS, rows_of};
use super::slot_functions as g;
use crate::objects::native_function::{NativeFunction, WrapperDescriptor};
use crate::payload::Downcast;
use crate::slots::{SlotFn, SlotId};
use crate::vm::Vm;
use crate::{Ref, Str, TypeFlags};

/// All slots of a new class, from its MRO.
pub fn all(vm: &Vm, ty: &TypeRef) {
    let mut done: Vec<SlotId> = Vec::with_capacity(SLOT_DEFS.len());
    for row in SLOT_DEFS {
        if !done.contains(&row.slot) {
            done.push(row.slot);
            one(vm, ty, row.slot);
        }
    }
    new_slot(vm, ty);
    flags(vm, ty);
}

/// The slots of a new class with one base: the base's, but for the names it defines itself.
pub fn from_single_base(vm: &Vm, ty: &TypeRef, base: &TypeRef) {
    let inherited = *base.slots();
    ty.update_slots(|slots| *slots = inherited);
    for name in ty.namespace().keys() {
        if let Some(name) = name.downcast::<Str>() {
            for_name(vm, ty, name);
        }
    }
    // Native bases may lack `__new__` of their own but inherit the function.
    new_slot(vm, ty);
    flags(vm, ty);
}

fn for_name(vm: &Vm, ty: &TypeRef, name: &Ref<Str>) {
    let Some(text) = name.as_ascii() else { return };
    let mut last = None;
    for row in rows_of(text) {
        if last != Some(row.slot) {
            one(vm, ty, row.slot);
        }
        last = Some(row.slot);
    }
}

/// After a class attribute was set or deleted: its slots, and those of subclasses that do not define the name themselves.
pub fn after_change(vm: &Vm, ty: &TypeRef, name: &Ref<Str>) {
    let Some(text) = name.as_ascii() else { return };
    let is_new = text == "__new__";
    if !is_new && rows_of(text).next().is_none() {
        return;
    }
    if is_new {
        new_slot(vm, ty);
    } else {
        for_name(vm, ty, name);
        flags(vm, ty);
    }
    for sub in ty.direct_subclasses() {
        if sub.dict.get().is_some_and(|d| d.find_str(vm, name).is_none()) {
            after_change(vm, &sub, name);
        }
    }
}

/// `__new__` found along the MRO decides: a builtin `__new__` puts the native function in.
fn new_slot(vm: &Vm, ty: &TypeRef) {
    let Some(found) = ty.lookup(vm, &vm.names().__new__) else {
        ty.update_slots(|slots| slots.new = None);
        return;
    };
    let native = found.downcast::<NativeFunction>().filter(|f| core::ptr::eq(f.def, &members::NEW));
    // A builtin `__new__` leaves the layout base's function in force, even when it is another class's: so CPython does it.
    let inherited = ty.base.get().and_then(|b| b.slots().new);
    let new = match native {
        Some(_) if inherited.is_some() => inherited,
        _ => Some(g::new as crate::slots::New),
    };
    ty.update_slots(|slots| slots.new = new);
}

fn flags(vm: &Vm, ty: &TypeRef) {
    if ty.slots().finalize.is_some() {
        ty.set_flags(ty.flags().with(TypeFlags::FINALIZER));
    }
    let _ = vm;
}

fn one(vm: &Vm, ty: &TypeRef, slot: SlotId) {
    let mut specific: Option<SlotFn> = None;
    let mut generic: Option<SlotFn> = None;
    let mut use_generic = false;
    let mut found_any = false;
    for row in SLOT_DEFS.iter().filter(|r| r.slot == slot) {
        let Ok(name) = vm.intern(row.name) else { continue };
        let Some(found) = ty.lookup(vm, &name) else { continue };
        found_any = true;
        if let Some(wrapper) = found.downcast::<WrapperDescriptor>()
            && wrapper.def.name == row.name
        {
            if wrapper.def.slot != slot {
                // The same name stands for another slot of that class (`+` of sequences against `+` of numbers). That one
                // serves when the class has inherited it alone; else the name must be looked up, to refuse the wrong class.
                let inherited = |id: SlotId| ty.base.get().is_some_and(|base| base.slots().get(id).is_some());
                if !inherited(wrapper.def.slot) || inherited(slot) {
                    generic = generic.or(row.generic);
                    use_generic = true;
                }
                continue;
            }
            generic = generic.or(row.generic);
            let same = specific.is_none_or(|s| s.address() == wrapper.wrapped.address());
            if same && ty.is_subtype(&wrapper.owner) {
                specific = Some(wrapper.wrapped);
            } else {
                use_generic = true;
            }
        } else if slot == SlotId::hash && found.is_none() {
            specific = Some(SlotFn::Hash(g::hash_not_implemented));
        } else {
            use_generic = true;
            generic = row.generic;
        }
    }
    let function = match (found_any, use_generic, specific) {
        (false, ..) => None,
        (true, false, Some(specific)) => Some(specific),
        (true, true, _) => generic,
        (true, false, None) => None,
    };
    ty.update_slots(|slots| slots.set(slot, function));
}
