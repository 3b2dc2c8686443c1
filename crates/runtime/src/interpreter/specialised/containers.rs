//! Unpacking and item assignment of builtin containers; methods through `super()`.
#![allow(unsafe_code)]

use super::calls::{enter_pushed, push_found, takes_exactly};
use super::native_calls::drop_operand;
use super::{is_exact, payload};
use crate::frames::{Fp, Owner};
use crate::interpreter::attributes::LOAD_SUPER_ATTR;
use crate::interpreter::containers::{STORE_SUBSCR, UNPACK_SEQUENCE};
use crate::interpreter::control::{give_up, pop_free, pop_free_two};
use crate::interpreter::dispatch::{handlers, next};
use crate::objects::dict::Dict;
use crate::objects::dict::table::Place;
use crate::objects::function::Function;
use crate::objects::list::List;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Tuple, Type, TypeFlags, Value};
use ophi_bytecode::instruction::Opcode;
use ophi_heap::indexed::Pair;

handlers! {
    fast UNPACK_SEQUENCE_TWO_TUPLE |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.tuple.get()) {
            let tuple: &Tuple = payload(sp.sub(1));
            if let [first, second] = tuple.as_slice() && oparg == 2 {
                let (first, second) = (first.clone(), second.clone());
                let last = give_up(sp.sub(1));
                let sequence = core::ptr::replace(sp.sub(1), second);
                sp.write(first);
                sp.add(1).write(sequence);
                if last { return pop_free(pc.add(2), sp.add(1), fp, vm, 0); }
                return next(pc.add(2), sp.add(1), fp, vm);
            }
        }
        UNPACK_SEQUENCE(pc, sp, fp, vm, oparg)
    }
    fast UNPACK_SEQUENCE_TUPLE |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.tuple.get()) {
            let tuple: &Tuple = payload(sp.sub(1));
            let items = tuple.as_slice();
            let count = oparg as usize;
            if items.len() == count {
                let sequence = (*sp.sub(1)).bits();
                let mut at = sp.sub(1);
                let mut i = count;
                while i > 0 {
                    i -= 1;
                    at.write((*items.as_ptr().add(i)).clone());
                    at = at.add(1);
                }
                at.write(Value::from_bits(sequence));
                if give_up(at) { return pop_free(pc.add(2), at, fp, vm, 0); }
                return next(pc.add(2), at, fp, vm);
            }
        }
        UNPACK_SEQUENCE(pc, sp, fp, vm, oparg)
    }
    fast UNPACK_SEQUENCE_LIST |pc, sp, fp, vm, oparg| {
        if is_exact(sp.sub(1), vm.exec.known.list.get()) {
            let list: &List = payload(sp.sub(1));
            let items = &*list.items.as_ptr();
            let count = oparg as usize;
            if items.len() == count {
                let sequence = (*sp.sub(1)).bits();
                let mut at = sp.sub(1);
                let mut i = count;
                while i > 0 {
                    i -= 1;
                    at.write((*items.as_ptr().add(i)).clone());
                    at = at.add(1);
                }
                at.write(Value::from_bits(sequence));
                if give_up(at) { return pop_free(pc.add(2), at, fp, vm, 0); }
                return next(pc.add(2), at, fp, vm);
            }
        }
        UNPACK_SEQUENCE(pc, sp, fp, vm, oparg)
    }
    fast STORE_SUBSCR_LIST_INT |pc, sp, fp, vm, oparg| {
        // value, list, index
        let index = (*sp.sub(1)).bits();
        if index & 3 == 1 && is_exact(sp.sub(2), vm.exec.known.list.get()) {
            let list: &List = payload(sp.sub(2));
            let items = &mut *list.items.as_ptr();
            let position = (index as i64) >> 2;
            let position = if position < 0 { position + items.len() as i64 } else { position };
            if (position as usize) < items.len() {
                let slot = items.as_mut_ptr().add(position as usize);
                let old = core::ptr::replace(slot, sp.sub(3).read());
                let list_last = give_up(sp.sub(2));
                sp.sub(3).write(old);
                let old_last = give_up(sp.sub(3));
                if list_last || old_last {
                    return pop_free_two(pc.add(2), sp.sub(3), fp, vm, old_last as u32 | (list_last as u32) << 1);
                }
                return next(pc.add(2), sp.sub(3), fp, vm);
            }
        }
        STORE_SUBSCR(pc, sp, fp, vm, oparg)
    }
    fast STORE_SUBSCR_SETITEM |pc, sp, fp, vm, oparg| {
        // value, container, key: the class's own `__setitem__` takes container, key, value, and its result is not wanted.
        let container = sp.sub(2);
        if let Some(header) = (*container).header() {
            let class: &Type = &(*header.type_pointer().as_ptr().cast::<ophi_heap::Object<Type>>()).payload;
            let (found, version) = class.cached_setitem.get();
            if version != 0 && version == class.fields.version.get() {
                // The value goes behind the others; the word above the stack is free.
                sp.write(sp.sub(3).read());
                if let Some(callee) = push_found(vm, found, sp.add(1), 3) {
                    (*fp).pc = pc;
                    (*fp).sp = sp.sub(3);
                    (*fp).return_offset = 2;
                    (*callee).owner = Owner::ThreadIgnored;
                    return enter_pushed(callee, fp, vm);
                }
            }
        }
        STORE_SUBSCR(pc, sp, fp, vm, oparg)
    }
    fast STORE_SUBSCR_DICT |pc, sp, fp, vm, oparg| {
        let (value, dict, key) = (sp.sub(3), sp.sub(2), sp.sub(1));
        if is_exact(dict, vm.exec.known.dict.get()) {
            let stored = store_moving(vm, payload::<Dict>(dict), key, value);
            if !matches!(stored, Stored::No) {
                (*fp).pc = pc;
                (*fp).sp = value;
                if matches!(stored, Stored::Instead) {
                    drop_operand(value);
                    drop_operand(key);
                }
                drop_operand(dict);
                return next(pc.add(2), value, fp, vm);
            }
        }
        STORE_SUBSCR_DICT_SLOW(pc, sp, fp, vm, oparg)
    }
    guarded STORE_SUBSCR_DICT_SLOW, 1, STORE_SUBSCR => store_dict;
    guarded LOAD_SUPER_ATTR_METHOD, 1, LOAD_SUPER_ATTR => super_method;
    guarded LOAD_SUPER_ATTR_ATTR, 1, LOAD_SUPER_ATTR => super_attribute;
}

/// What [`store_moving`] has done.
#[derive(Clone, Copy)]
pub(crate) enum Stored {
    /// Nothing: the hash is not at hand, an object must be asked, or there is no memory.
    No,
    /// Both words have moved into the dict.
    Anew,
    /// The value's word holds what was there before; the key is still the caller's.
    Instead,
}

/// Stores an item, moving it out of the words where it stands. A call of its own: the handlers stay without a frame.
///
/// # Safety
/// The words hold values, which are the caller's to give.
#[inline(never)]
pub(crate) unsafe fn store_moving(vm: &Vm, dict: &Dict, key: *mut Value, value: *mut Value) -> Stored {
    // SAFETY: the caller's promise; each word is moved out at most once.
    unsafe {
        let Some(hash) = vm.hash_known(&*key) else { return Stored::No };
        match dict.table.with_mut(|table| table.place(&*key, hash)) {
            Ok(Place::Free(slot)) => {
                dict.keys_change();
                dict.table.with_mut(|table| table.append_at(slot, key.read(), hash, value.read()));
                Stored::Anew
            }
            Ok(Place::At(at)) => dict.table.with_mut(|table| match table.pairs_mut().get_mut(at) {
                Some(Pair { value: Some(own), .. }) => {
                    core::ptr::swap(own, value);
                    Stored::Instead
                }
                _ => Stored::No,
            }),
            Ok(Place::Candidate) | Err(_) => Stored::No,
        }
    }
}

fn store_dict(vm: &Vm, fp: Fp, _: u32) -> Res<bool> {
    let Some(dict) = fp.top(2).exact::<Dict>(vm) else { return Ok(false) };
    dict.set(vm, fp.top(1), fp.top(3).clone())?;
    fp.drop_top(3);
    Ok(true)
}

/// What `super().name` finds behind `class` in the MRO of the receiver's class; `None` when the plain form must look.
fn behind(vm: &Vm, fp: Fp, oparg: u32) -> Option<Value> {
    if !fp.top(3).is(vm.ty(&crate::objects::super_object::SUPER).as_value()) {
        return None;
    }
    let class = fp.top(2).downcast::<Type>()?;
    let receiver = fp.top(1);
    if receiver.is_a::<Type>() {
        return None;
    }
    let name = fp.name(oparg >> 2);
    if name.eq_str("__class__") {
        return None;
    }
    let mro = vm.class(receiver).mro();
    let mut after = mro.as_slice().iter().skip_while(|c| !c.is(class.as_value()));
    after.next()?;
    for class in after {
        if let Some(found) = class.downcast::<Type>()?.namespace().get_str(vm, name) {
            return Some(found);
        }
    }
    None
}

fn super_method(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let Some(found) = behind(vm, fp, oparg) else { return Ok(false) };
    if oparg & 1 == 0 || !vm.class(&found).has(TypeFlags::METHOD_DESCRIPTOR) {
        return Ok(false);
    }
    let receiver = fp.pop();
    fp.drop_top(2);
    fp.push(found);
    fp.push(receiver);
    Ok(true)
}

fn super_attribute(vm: &Vm, fp: Fp, oparg: u32) -> Res<bool> {
    let Some(found) = behind(vm, fp, oparg) else { return Ok(false) };
    if oparg & 1 != 0 {
        return Ok(false);
    }
    let receiver = fp.top(1).clone();
    let class = vm.class(&receiver).clone();
    let value = vm.bind_attribute(&found, &receiver, &class)?;
    fp.drop_top(3);
    fp.push(value);
    Ok(true)
}

pub fn specialise_unpack_sequence(vm: &Vm, fp: Fp, _: *mut u16, oparg: u32) -> Option<Opcode> {
    let value = fp.top(1);
    if let Some(tuple) = value.exact::<Tuple>(vm) {
        if tuple.len() != oparg as usize {
            return None;
        }
        return Some(if oparg == 2 { Opcode::UNPACK_SEQUENCE_TWO_TUPLE } else { Opcode::UNPACK_SEQUENCE_TUPLE });
    }
    let list = value.exact::<List>(vm)?;
    (list.len() == oparg as usize).then_some(Opcode::UNPACK_SEQUENCE_LIST)
}

pub fn specialise_store_subscr(vm: &Vm, fp: Fp, _: *mut u16, _: u32) -> Option<Opcode> {
    let (container, key) = (fp.top(2), fp.top(1));
    if container.exact::<List>(vm).is_some() && key.is_small_int() {
        return Some(Opcode::STORE_SUBSCR_LIST_INT);
    }
    if container.exact::<Dict>(vm).is_some() {
        return Some(Opcode::STORE_SUBSCR_DICT);
    }
    let class = vm.class(container);
    if !class.is_heap() || container.is_a::<Type>() {
        return None;
    }
    let found = class.lookup(vm, &vm.names().__setitem__)?;
    let function = found.exact::<Function>(vm)?;
    let version = class.ensure_version(vm);
    if version == 0 || !takes_exactly(function.code_now(), 3) {
        return None;
    }
    class.cached_setitem.set((found.bits(), version));
    Some(Opcode::STORE_SUBSCR_SETITEM)
}

pub fn specialise_load_super_attr(vm: &Vm, fp: Fp, _: *mut u16, oparg: u32) -> Option<Opcode> {
    let found = behind(vm, fp, oparg)?;
    let method = vm.class(&found).has(TypeFlags::METHOD_DESCRIPTOR);
    match (oparg & 1 != 0, method) {
        (true, true) => Some(Opcode::LOAD_SUPER_ATTR_METHOD),
        (false, _) => Some(Opcode::LOAD_SUPER_ATTR_ATTR),
        _ => None,
    }
}
