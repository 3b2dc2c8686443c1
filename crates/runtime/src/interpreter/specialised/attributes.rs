//! Attributes by class version, shape and offset.
//!
//! LOAD_ATTR's cache: class version (32), keys version or shape (32), then 64 bits: an offset, or a class attribute not owned (it is
//! alive while the version stands). STORE_ATTR keeps version, shapes and offset in the side table.
#![allow(unsafe_code)]

use super::{class_version, is_exact, payload, read32, read64, write32, write64};
use crate::Value;
use crate::frames::Fp;
use crate::interpreter::attributes::{LOAD_ATTR, STORE_ATTR};
use crate::interpreter::calls::{enter_callee, push_frame};
use crate::interpreter::control::{give_up, pop_free, pop_free_two};
use crate::interpreter::dispatch::{Flow, handlers, next};
use crate::objects::dict::Dict;
use crate::objects::function::Function;
use crate::objects::module::Module;
use crate::objects::native_function::{MemberDescriptor, MethodDescriptor, Place};
use crate::objects::property::Property;
use crate::objects::r#type::slot_functions::only_missing_differs;
use crate::payload::Downcast;
use crate::protocol::attributes::{AttributeKind, is_generic};
use crate::vm::{Res, Vm};
use crate::{Type, TypeFlags};
use core::mem::ManuallyDrop;
use ophi_bytecode::instruction::Opcode;
use ophi_heap::object::tail;

/// The class attribute in the cache, a new reference.
///
/// # Safety
/// `pc` lies at a specialised LOAD_ATTR whose class version was just found current.
#[inline(always)]
pub unsafe fn cached(pc: *mut u16) -> Value {
    // SAFETY: the class version was checked: its namespace owns the value.
    unsafe { (*ManuallyDrop::new(Value::from_bits(read64(pc.add(6))))).clone() }
}

/// The inline value that LOAD_ATTR_INSTANCE_VALUE at `pc` is to load from `owner`, a new reference; `None` when the cache does not fit.
///
/// # Safety
/// `pc` lies at a LOAD_ATTR_INSTANCE_VALUE (or method form) whose cache a specialiser has filled.
#[inline(always)]
pub unsafe fn instance_value(owner: &Value, pc: *mut u16) -> Option<Value> {
    // SAFETY: the cache of the instruction; shape and version tell that the word is there.
    unsafe {
        let header = owner.header()?;
        if header.type_head().version.get() != read32(pc.add(2)) || header.shape.get() != read32(pc.add(4)) {
            return None;
        }
        tail::word(owner, read32(pc.add(6)) as usize).get()
    }
}

/// Replaces the owner on top by `value`; what is left to do when the owner was held only by the stack.
macro_rules! replace_owner {
    ($value:expr, $pc:ident, $sp:ident, $fp:ident, $vm:ident, $oparg:ident) => {{
        let value = $value;
        let last = give_up($sp.sub(1));
        let owner = core::ptr::replace($sp.sub(1), value);
        if last {
            $sp.write(owner);
            return load_attr_free($pc, $sp, $fp, $vm, $oparg);
        }
        core::mem::forget(owner);
        $sp.write(Value::UNBOUND);
        next($pc.add(10), $sp.add(($oparg & 1) as usize), $fp, $vm)
    }};
}

handlers! {
    fast load_attr_free |pc, sp, fp, vm, oparg| {
        // The owner waits at sp; a NULL may have to take its place.
        if oparg & 1 == 0 { return pop_free(pc.add(10), sp, fp, vm, 0); }
        load_attr_free_method(pc, sp, fp, vm, oparg)
    }
    body FREE_UNDER_NULL, 9 => free_under_null;
    fast load_attr_free_method |pc, sp, fp, vm, oparg| { FREE_UNDER_NULL(pc, sp.add(1), fp, vm, oparg) }
    fast LOAD_ATTR_INSTANCE_VALUE |pc, sp, fp, vm, oparg| {
        if let Some(value) = instance_value(&*sp.sub(1), pc) {
            return replace_owner!(value, pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_SLOT |pc, sp, fp, vm, oparg| {
        if class_version(sp.sub(1)) == read32(pc.add(2))
            && let Some(value) = tail::word(&*sp.sub(1), read32(pc.add(6)) as usize).get()
        {
            return replace_owner!(value, pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_WITH_HINT |pc, sp, fp, vm, oparg| {
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_head().version.get() == read32(pc.add(2))
            && header.shape.get() == 0
        {
            let word: &Option<Value> = &*tail::word(&*sp.sub(1), header.type_head().dict_offset()).as_ptr();
            if let Some(dict) = word {
                let dict: &Dict = payload(dict);
                let name = (*(*fp).code).name_at((oparg >> 1) as usize).as_value();
                if let Some(value) = dict.value_if_key(read32(pc.add(6)) as usize, name) {
                    return replace_owner!(value, pc, sp, fp, vm, oparg);
                }
            }
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_MODULE |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.module.get()) {
            let header = (*sp.sub(1)).bits() as *const ophi_heap::Header;
            let word: &Option<Value> = &*tail::word(&*sp.sub(1), (*header).type_head().dict_offset()).as_ptr();
            if let Some(dict) = word {
                let dict: &Dict = payload(dict);
                if dict.current_keys_version() == read32(pc.add(2))
                    && let Some(value) = dict.value_at(read32(pc.add(6)) as usize)
                {
                    return replace_owner!(value, pc, sp, fp, vm, oparg);
                }
            }
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_CLASS |pc, sp, fp, vm, oparg| {
        let owner = &*sp.sub(1);
        if let Some(header) = owner.header()
            && header.type_head().flags.get().has(TypeFlags::TYPE)
            && payload::<Type>(owner).fields.version.get() == read32(pc.add(2))
        {
            return replace_owner!(cached(pc), pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_CLASS_WITH_METACLASS_CHECK |pc, sp, fp, vm, oparg| {
        let owner = &*sp.sub(1);
        if let Some(header) = owner.header()
            && header.type_head().flags.get().has(TypeFlags::TYPE)
            && header.type_head().version.get() == read32(pc.add(4))
            && payload::<Type>(owner).fields.version.get() == read32(pc.add(2))
        {
            return replace_owner!(cached(pc), pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_METHOD_WITH_VALUES |pc, sp, fp, vm, oparg| {
        if let Some(header) = (*sp.sub(1)).header() && header.type_head().version.get() == read32(pc.add(2)) {
            if header.shape.get() == read32(pc.add(4)) {
                // The function goes under its receiver.
                let receiver = core::ptr::replace(sp.sub(1), cached(pc));
                sp.write(receiver);
                return next(pc.add(10), sp.add(1), fp, vm);
            }
            return method_other_shape(pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast method_other_shape |pc, sp, fp, vm, oparg| {
        // Another shape of the same class: the method counts as long as the instance has no attribute of that name.
        let owner = &*sp.sub(1);
        let name = (*(*fp).code).name_at((oparg >> 1) as usize);
        if !has_own(vm, owner, name) {
            if let Some(header) = owner.header() && header.shape.get() != 0 { write32(pc.add(4), header.shape.get()); }
            let receiver = core::ptr::replace(sp.sub(1), cached(pc));
            sp.write(receiver);
            return next(pc.add(10), sp.add(1), fp, vm);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_METHOD_NO_DICT |pc, sp, fp, vm, oparg| {
        if class_version(sp.sub(1)) == read32(pc.add(2)) {
            let receiver = core::ptr::replace(sp.sub(1), cached(pc));
            sp.write(receiver);
            return next(pc.add(10), sp.add(1), fp, vm);
        }
        LOAD_ATTR_METHOD_IMMEDIATE(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_METHOD_IMMEDIATE |pc, sp, fp, vm, oparg| {
        if immediate_version(vm, sp.sub(1)) == read32(pc.add(2)) {
            let receiver = core::ptr::replace(sp.sub(1), cached(pc));
            sp.write(receiver);
            return next(pc.add(10), sp.add(1), fp, vm);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_METHOD_LAZY_DICT |pc, sp, fp, vm, oparg| {
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_head().version.get() == read32(pc.add(2))
            && header.shape.get() == 0
            && !tail::word(&*sp.sub(1), header.type_head().dict_offset()).is_set()
        {
            let receiver = core::ptr::replace(sp.sub(1), cached(pc));
            sp.write(receiver);
            return next(pc.add(10), sp.add(1), fp, vm);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_NONDESCRIPTOR_NO_DICT |pc, sp, fp, vm, oparg| {
        if class_version(sp.sub(1)) == read32(pc.add(2)) {
            return replace_owner!(cached(pc), pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES |pc, sp, fp, vm, oparg| {
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_head().version.get() == read32(pc.add(2))
            && header.shape.get() == read32(pc.add(4))
        {
            return replace_owner!(cached(pc), pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    flow LOAD_ATTR_PROPERTY_ENTER, 9 => enter_property;
    fast LOAD_ATTR_PROPERTY |pc, sp, fp, vm, oparg| {
        if class_version(sp.sub(1)) == read32(pc.add(2)) {
            return LOAD_ATTR_PROPERTY_ENTER(pc, sp, fp, vm, oparg);
        }
        LOAD_ATTR(pc, sp, fp, vm, oparg)
    }
    fast STORE_ATTR_INSTANCE_VALUE |pc, sp, fp, vm, oparg| {
        let side = (*(*fp).code).side(*pc.add(4));
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_head().version.get() == side.a
            && header.shape.get() == side.b
        {
            let word = tail::word(&*sp.sub(1), side.d as usize).as_ptr();
            let value = sp.sub(2).read();
            // An empty word holds nothing to drop.
            let old = match core::ptr::replace(word, Some(value)) {
                Some(old) => old,
                None => Value::UNBOUND,
            };
            header.shape.set(side.c);
            // Owner and old value are given up; either may be the last reference.
            let owner_last = give_up(sp.sub(1));
            let owner = sp.sub(1).read();
            sp.sub(2).write(owner);
            sp.sub(1).write(old);
            let old_last = give_up(sp.sub(1));
            if owner_last || old_last {
                return store_attr_free(pc, sp, fp, vm, owner_last as u32 | (old_last as u32) << 1);
            }
            return next(pc.add(5), sp.sub(2), fp, vm);
        }
        STORE_ATTR(pc, sp, fp, vm, oparg)
    }
    fast STORE_ATTR_WITH_HINT |pc, sp, fp, vm, oparg| {
        let side = (*(*fp).code).side(*pc.add(4));
        if let Some(header) = (*sp.sub(1)).header()
            && header.type_head().version.get() == side.a
            && header.shape.get() == 0
            && let Some(dict) = &*tail::word(&*sp.sub(1), header.type_head().dict_offset()).as_ptr()
            && is_exact(dict, vm.exec.known.dict.get())
        {
            let name = (*(*fp).code).name_at(oparg as usize).as_value();
            if let Some(entry) = (&mut *payload::<Dict>(dict).table.as_ptr()).pairs_mut().get_mut(side.d as usize)
                && let (Some(key), Some(_)) = (&entry.key, &entry.value)
                && key.is(name)
            {
                // The old value takes the place of the new one on the stack.
                core::ptr::swap((&raw mut entry.value).cast::<Value>(), sp.sub(2));
                let owner_last = give_up(sp.sub(1));
                let old_last = give_up(sp.sub(2));
                if owner_last || old_last {
                    return pop_free_two(pc.add(5), sp.sub(2), fp, vm, old_last as u32 | (owner_last as u32) << 1);
                }
                return next(pc.add(5), sp.sub(2), fp, vm);
            }
        }
        STORE_ATTR(pc, sp, fp, vm, oparg)
    }
    fast STORE_ATTR_SLOT |pc, sp, fp, vm, oparg| {
        let side = (*(*fp).code).side(*pc.add(4));
        if class_version(sp.sub(1)) == side.a {
            let word = tail::word(&*sp.sub(1), side.d as usize).as_ptr();
            let value = sp.sub(2).read();
            // An empty word holds nothing to drop.
            let old = match core::ptr::replace(word, Some(value)) {
                Some(old) => old,
                None => Value::UNBOUND,
            };
            let owner_last = give_up(sp.sub(1));
            let owner = sp.sub(1).read();
            sp.sub(2).write(owner);
            sp.sub(1).write(old);
            let old_last = give_up(sp.sub(1));
            if owner_last || old_last {
                return store_attr_free(pc, sp, fp, vm, owner_last as u32 | (old_last as u32) << 1);
            }
            return next(pc.add(5), sp.sub(2), fp, vm);
        }
        STORE_ATTR(pc, sp, fp, vm, oparg)
    }
    fast store_attr_free |pc, sp, fp, vm, oparg| {
        // Bit 0: the word at sp - 2; bit 1: the word at sp - 1.
        (*fp).pc = pc;
        (*fp).sp = sp.sub(2);
        drop_marked(sp.sub(2), oparg);
        next(pc.add(5), sp.sub(2), fp, vm)
    }
}

#[inline(never)]
fn has_own(vm: &Vm, owner: &Value, name: &crate::Ref<crate::Str>) -> bool {
    vm.own_attribute(owner, name).is_some()
}

#[cold]
#[inline(never)]
unsafe fn drop_marked(words: *mut Value, which: u32) {
    // SAFETY: the marked words own values that nobody else drops.
    unsafe {
        let (first, second) = (words.read(), words.add(1).read());
        if which & 2 != 0 {
            drop(second)
        } else {
            core::mem::forget(second)
        }
        if which & 1 != 0 { drop(first) } else { core::mem::forget(first) }
    }
}

/// Drops the owner under the NULL that takes its place.
fn free_under_null(_: &Vm, fp: Fp, _: u32) -> Res<()> {
    let owner = fp.replace_top(1, Value::UNBOUND);
    drop(owner);
    Ok(())
}

fn enter_property(vm: &Vm, fp: Fp, _: u32) -> Res<Flow> {
    // SAFETY: the version was checked: the cached getter is alive; the frame is complete when it enters the chain.
    unsafe {
        let getter = cached((*fp.raw()).pc);
        let Some(function) = getter.downcast::<Function>() else { return Err(vm.system_error("a getter vanished")) };
        let callee = push_frame(vm, function)?;
        crate::frames::locals_of(callee).write(fp.pop());
        enter_callee(vm, fp.raw(), callee, 10);
    }
    Ok(Flow::Switched)
}

pub(crate) fn specialise_load_attr(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
    let owner = fp.top(1);
    let name = fp.name(oparg >> 1);
    let method = oparg & 1 != 0;
    let Some(header) = owner.header() else {
        // SAFETY: as below.
        return if method { unsafe { immediate_method(vm, owner, name, pc) } } else { None };
    };
    // SAFETY: the cache units of LOAD_ATTR.
    unsafe {
        if is_exact(owner, vm.exec.known.module.get()) {
            if !core::ptr::eq(owner.downcast::<Module>()?.as_ptr().cast(), header) {
                return None;
            }
            let dict = vm.module_namespace(owner)?;
            if dict.as_value().exact::<Dict>(vm).is_none() || vm.class(owner).lookup(vm, name).is_some() {
                return None;
            }
            let position = dict.find_str(vm, name)?;
            let version = dict.keys_version(vm);
            write32(pc.add(2), version);
            write32(pc.add(6), position as u32);
            return (version != 0).then_some(Opcode::LOAD_ATTR_MODULE);
        }
        if let Some(class) = owner.downcast::<Type>() {
            return class_attribute(vm, owner, class, name, pc);
        }
        let class = vm.class(owner);
        let hooked = !is_generic(class.slots().getattro);
        if hooked && !only_missing_differs(vm, class) {
            return None;
        }
        let version = class.ensure_version(vm);
        if version == 0 {
            return None;
        }
        write32(pc.add(2), version);
        let shape = header.shape.get();
        let has_dict = class.has(TypeFlags::DICT);
        let found = class.lookup(vm, name);
        let kind = found.as_ref().map(|f| vm.attribute_kind(f));
        if let (Some(found), Some(AttributeKind::DataDescriptor)) = (&found, kind) {
            if let Some(member) = found.downcast::<MemberDescriptor>() {
                if !class.is_subtype(&member.owner) {
                    return None;
                }
                write32(pc.add(6), slot_offset(class, member)?);
                return Some(Opcode::LOAD_ATTR_SLOT);
            }
            // A getter's AttributeError would have to go to `__getattr__`.
            if let Some(property) = found.exact::<Property>(vm)
                && !method
                && !hooked
                && let Some(getter) = property.getter.get()
                && let Some(function) = getter.exact::<Function>(vm)
            {
                let code = function.code_now();
                let plain = code.flags & 0xc == 0 && code.kwonlyargcount == 0 && code.argcount == 1;
                if plain {
                    write64(pc.add(6), getter.bits());
                    return Some(Opcode::LOAD_ATTR_PROPERTY);
                }
            }
            return None;
        }
        if has_dict && shape != 0 {
            if let Some(index) = vm.interpreter().shapes.find(shape, name) {
                write32(pc.add(4), shape);
                let offset = class.head().dict_offset() + 8 + 8 * index;
                write32(pc.add(6), offset as u32);
                return Some(Opcode::LOAD_ATTR_INSTANCE_VALUE);
            }
        } else if has_dict && let Some(dict) = tail::dict(owner).and_then(|w| w.get()) {
            let dict = dict.exact::<Dict>(vm)?;
            if let Some(position) = dict.find_str(vm, name) {
                write32(pc.add(6), position as u32);
                return Some(Opcode::LOAD_ATTR_WITH_HINT);
            }
        }
        let found = found?;
        write32(pc.add(4), shape);
        write64(pc.add(6), found.bits());
        match kind {
            Some(AttributeKind::Method) if method => {
                if !has_dict {
                    return Some(Opcode::LOAD_ATTR_METHOD_NO_DICT);
                }
                if shape != 0 {
                    return Some(Opcode::LOAD_ATTR_METHOD_WITH_VALUES);
                }
                let lazy = tail::dict(owner).is_some_and(|w| !w.is_set());
                lazy.then_some(Opcode::LOAD_ATTR_METHOD_LAZY_DICT)
            }
            Some(AttributeKind::Plain) => {
                if !has_dict {
                    return Some(Opcode::LOAD_ATTR_NONDESCRIPTOR_NO_DICT);
                }
                (shape != 0).then_some(Opcode::LOAD_ATTR_NONDESCRIPTOR_WITH_VALUES)
            }
            _ => None,
        }
    }
}

/// The version of the class of a value that is no object; 0 for an object.
///
/// # Safety
/// The word holds a value.
#[inline(never)]
unsafe fn immediate_version(vm: &Vm, word: *const Value) -> u32 {
    // SAFETY: the caller's promise.
    let value = unsafe { &*word };
    if value.is_object() { 0 } else { vm.class(value).head().version.get() }
}

/// A method of a small integer, a float, None...
///
/// # Safety
/// `pc` stands behind a LOAD_ATTR with its cache.
unsafe fn immediate_method(vm: &Vm, owner: &Value, name: &crate::Ref<crate::Str>, pc: *mut u16) -> Option<Opcode> {
    let class = vm.class(owner);
    if !is_generic(class.slots().getattro) {
        return None;
    }
    let found = class.lookup(vm, name)?;
    let version = class.ensure_version(vm);
    if version == 0 || vm.attribute_kind(&found) != AttributeKind::Method {
        return None;
    }
    // SAFETY: the cache units of LOAD_ATTR.
    unsafe {
        write32(pc.add(2), version);
        write64(pc.add(6), found.bits());
    }
    Some(Opcode::LOAD_ATTR_METHOD_NO_DICT)
}

/// Where the slot's word stands in instances; `None` for members of native payloads.
fn slot_offset(class: &Type, member: &MemberDescriptor) -> Option<u32> {
    match member.place {
        Place::Slot(index) => Some(class.head().tail_offset.get() + 8 * index as u32),
        Place::Native(_) => None,
    }
}

unsafe fn class_attribute(
    vm: &Vm,
    owner: &Value,
    class: &crate::TypeRef,
    name: &crate::Ref<crate::Str>,
    pc: *mut u16,
) -> Option<Opcode> {
    let meta = vm.class(owner);
    let plain_type = vm.ty(&crate::objects::r#type::TYPE);
    if !core::ptr::fn_addr_eq(meta.slots().getattro?, plain_type.slots().getattro?) {
        return None;
    }
    if meta.lookup(vm, name).is_some_and(|f| vm.attribute_kind(&f) == AttributeKind::DataDescriptor) {
        return None;
    }
    let found = class.lookup(vm, name)?;
    // Functions and methods of builtin types come as they are through a class; whatever else has `__get__` does not.
    let is_function = found.exact::<Function>(vm).is_some() || found.exact::<MethodDescriptor>(vm).is_some();
    if !is_function && vm.class(&found).slots().descr_get.is_some() {
        return None;
    }
    let version = class.ensure_version(vm);
    if version == 0 {
        return None;
    }
    // SAFETY: the cache units of LOAD_ATTR.
    unsafe {
        write32(pc.add(2), version);
        write64(pc.add(6), found.bits());
        if meta.is(plain_type) {
            // `type` itself never changes.
            return Some(Opcode::LOAD_ATTR_CLASS);
        }
        let meta_version = meta.ensure_version(vm);
        write32(pc.add(4), meta_version);
        (meta_version != 0).then_some(Opcode::LOAD_ATTR_CLASS_WITH_METACLASS_CHECK)
    }
}

pub(crate) fn specialise_store_attr(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
    let owner = fp.top(1);
    let name = fp.name(oparg);
    let header = owner.header()?;
    let class = vm.class(owner);
    let generic = crate::protocol::attributes::generic_set_attr as crate::slots::SetAttr;
    if class.slots().setattro.is_some_and(|f| !core::ptr::fn_addr_eq(f, generic)) {
        return None;
    }
    let version = class.ensure_version(vm);
    // SAFETY: the index unit of STORE_ATTR's cache names its side entry.
    let side = unsafe { fp.code().side_mut(*pc.add(4)) }?;
    if version == 0 {
        return None;
    }
    side.a = version;
    if let Some(found) = class.lookup(vm, name) {
        let slots = vm.class(&found).slots();
        if let Some(member) = found.downcast::<MemberDescriptor>() {
            if !class.is_subtype(&member.owner) {
                return None;
            }
            side.d = slot_offset(class, member)?;
            return Some(Opcode::STORE_ATTR_SLOT);
        }
        if slots.descr_set.is_some() {
            return None;
        }
    }
    let shape = header.shape.get();
    if !class.has(TypeFlags::DICT) {
        return None;
    }
    if shape == 0 {
        let dict = tail::dict(owner).and_then(|word| word.get())?;
        side.d = dict.exact::<Dict>(vm)?.find_str(vm, name)? as u32;
        return Some(Opcode::STORE_ATTR_WITH_HINT);
    }
    let shapes = &vm.interpreter().shapes;
    let start = class.head().dict_offset() as u32 + 8;
    side.b = shape;
    if let Some(index) = shapes.find(shape, name) {
        side.c = shape;
        side.d = start + 8 * index as u32;
        return Some(Opcode::STORE_ATTR_INSTANCE_VALUE);
    }
    let count = (shape & 0xff) as usize;
    if name.is_interned()
        && let Some(after) = shapes.after(shape, name)
    {
        side.c = after;
        side.d = start + 8 * count as u32;
        return Some(Opcode::STORE_ATTR_INSTANCE_VALUE);
    }
    None
}
