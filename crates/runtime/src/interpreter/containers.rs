//! Displays, comprehension appends, subscripts, unpacking.
#![allow(unsafe_code)]

use super::dispatch::{handlers, next};
use super::specialised::containers::{Stored, specialise_store_subscr, specialise_unpack_sequence, store_moving};
use super::specialised::native_calls::drop_operand;
use super::specialised::{is_exact, payload};
use crate::frames::Fp;
use crate::objects::dict::Dict;
use crate::objects::list::List;
use crate::objects::set::Set;
use crate::objects::slice::Bounds;
use crate::payload::Downcast;
use crate::vm::{OrRaise, Raised, Res, Vm};
use crate::{Ref, Tuple, Value};
use smallvec::SmallVec;

handlers! {
    body BUILD_TUPLE, 0 => build_tuple;
    body BUILD_LIST, 0 => build_list;
    body BUILD_SET, 0 => build_set;
    body BUILD_MAP, 0 => build_map;
    body BUILD_SLICE, 0 => build_slice;
    fast LIST_APPEND |pc, sp, fp, vm, oparg| {
        let list = sp.sub(1 + oparg as usize);
        if is_exact(list, vm.exec.known.list.get()) {
            let items = &mut *payload::<List>(list).items.as_ptr();
            if items.len() < items.capacity() {
                items.as_mut_ptr().add(items.len()).write(sp.sub(1).read());
                items.set_len(items.len() + 1);
                return next(pc.add(1), sp.sub(1), fp, vm);
            }
        }
        LIST_APPEND_SLOW(pc, sp, fp, vm, oparg)
    }
    body LIST_APPEND_SLOW, 0 => list_append;
    body LIST_EXTEND, 0 => list_extend;
    fast SET_ADD |pc, sp, fp, vm, oparg| {
        let (item, set) = (sp.sub(1), sp.sub(1 + oparg as usize));
        if is_exact(set, vm.exec.known.set.get())
            && let Some(hash) = vm.hash_known(&*item)
        {
            match payload::<Set>(set).table.with_mut(|table| table.insert_first(item.read(), hash)) {
                Ok(()) => return next(pc.add(1), item, fp, vm),
                // It is still on the stack.
                Err(item) => core::mem::forget(item),
            }
        }
        SET_ADD_SLOW(pc, sp, fp, vm, oparg)
    }
    body SET_ADD_SLOW, 0 => set_add;
    body SET_UPDATE, 0 => set_update;
    fast MAP_ADD |pc, sp, fp, vm, oparg| {
        let (key, value) = (sp.sub(2), sp.sub(1));
        let dict = key.sub(oparg as usize);
        if is_exact(dict, vm.exec.known.dict.get()) {
            match store_moving(vm, payload::<Dict>(dict), key, value) {
                Stored::Anew => return next(pc.add(1), key, fp, vm),
                Stored::Instead => {
                    (*fp).pc = pc;
                    (*fp).sp = key;
                    drop_operand(value);
                    drop_operand(key);
                    return next(pc.add(1), key, fp, vm);
                }
                Stored::No => {}
            }
        }
        MAP_ADD_SLOW(pc, sp, fp, vm, oparg)
    }
    body MAP_ADD_SLOW, 0 => map_add;
    body DICT_UPDATE, 0 => dict_update;
    body DICT_MERGE, 0 => dict_merge;
    body BINARY_SLICE, 0 => binary_slice;
    body STORE_SLICE, 0 => store_slice;
    adaptive STORE_SUBSCR, STORE_SUBSCR_SLOW => specialise_store_subscr;
    body STORE_SUBSCR_SLOW, 1 => store_subscr;
    body DELETE_SUBSCR, 0 => delete_subscr;
    adaptive UNPACK_SEQUENCE, UNPACK_SEQUENCE_SLOW => specialise_unpack_sequence;
    body UNPACK_SEQUENCE_SLOW, 1 => unpack_sequence;
    body UNPACK_EX, 0 => unpack_ex;
    body GET_LEN, 0 => get_len;
}

fn build_tuple(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = oparg as usize;
    // SAFETY: the words move into the tuple once it is there; nothing fails in between.
    unsafe {
        let first = (*fp.raw()).sp.sub(count);
        let tuple = Tuple::from_words(vm, first, count)?;
        (*fp.raw()).sp = first;
        fp.push(tuple.into_value());
    }
    Ok(())
}

fn build_list(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = oparg as usize;
    let mut items = ophi_heap::buffer_with_capacity(count).or_raise(vm)?;
    // SAFETY: the words move into the buffer, which has room for them.
    unsafe {
        let first = (*fp.raw()).sp.sub(count);
        core::ptr::copy_nonoverlapping(first, items.as_mut_ptr(), count);
        items.set_len(count);
        (*fp.raw()).sp = first;
    }
    fp.push(List::from_buffer(vm, items)?.into_value());
    Ok(())
}

fn build_set(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = oparg as usize;
    let set = vm.new_set(fp.top_slice(count))?;
    fp.drop_top(count);
    fp.push(set);
    Ok(())
}

fn build_map(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let count = 2 * oparg as usize;
    if count == 0 {
        fp.push(Dict::new(vm)?.into_value());
        return Ok(());
    }
    // SAFETY: the words stand on top of the frame's stack; what runs while a key is hashed or compared leaves them alone.
    let words = unsafe { core::slice::from_raw_parts_mut((*fp.raw()).sp.sub(count), count) };
    let dict = Dict::from_words(vm, words)?;
    // Nothing is left in the words.
    // SAFETY: they are the top of the stack.
    unsafe { (*fp.raw()).sp = (*fp.raw()).sp.sub(count) };
    fp.push(dict.into_value());
    Ok(())
}

fn build_slice(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let step = if oparg == 3 { fp.pop() } else { Value::NONE };
    let stop = fp.pop();
    let start = fp.pop();
    fp.push(vm.new_slice(&start, &stop, &step)?);
    Ok(())
}

fn list_at(vm: &Vm, fp: Fp, depth: usize) -> Res<Ref<List>> {
    match fp.top(depth).downcast::<List>() {
        Some(list) => Ok(list.clone()),
        None => Err(vm.system_error("expected a list")),
    }
}

fn dict_at(vm: &Vm, fp: Fp, depth: usize) -> Res<Ref<Dict>> {
    match fp.top(depth).downcast::<Dict>() {
        Some(dict) => Ok(dict.clone()),
        None => Err(vm.system_error("expected a dict")),
    }
}

fn list_append(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    list_at(vm, fp, oparg as usize)?.push(vm, value)
}

fn list_extend(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let iterable = fp.pop();
    let list = list_at(vm, fp, oparg as usize)?;
    if !vm.is_iterable(&iterable) {
        return Err(vm.type_error(format!("Value after * must be an iterable, not {}", vm.type_name(&iterable))));
    }
    list.extend(vm, &iterable)
}

fn set_add(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    vm.set_add(fp.top(oparg as usize), value)
}

fn set_update(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let iterable = fp.pop();
    let set = fp.top(oparg as usize).clone();
    match set.exact::<Set>(vm) {
        Some(set) => set.update(vm, &iterable),
        None => vm.for_each(&iterable, |vm, item| vm.set_add(&set, item)),
    }
}

fn map_add(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    let key = fp.pop();
    // The dict stays on the stack, where no other code sees it.
    match fp.top(oparg as usize).downcast::<Dict>() {
        Some(dict) => dict.set(vm, &key, value),
        None => Err(vm.system_error("expected a dict")),
    }
}

/// Key and value pairs of any mapping.
fn mapping_items(vm: &Vm, mapping: &Value) -> Res<Option<Vec<(Value, Value)>>> {
    if let Some(dict) = mapping.exact::<Dict>(vm) {
        return Ok(Some(dict.items()));
    }
    let Some(keys) = vm.get_attr_opt(mapping, &vm.names().keys)? else { return Ok(None) };
    let keys = vm.call(&keys, &[])?;
    let mut items = Vec::new();
    for key in vm.collect(&keys)? {
        let value = vm.get_item(mapping, &key)?;
        items.push((key, value));
    }
    Ok(Some(items))
}

fn dict_update(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let update = fp.pop();
    let dict = dict_at(vm, fp, oparg as usize)?;
    if update.exact::<crate::Dict>(vm).is_some() {
        return dict.update_arg(vm, &update);
    }
    let Some(items) = mapping_items(vm, &update)? else {
        return Err(vm.type_error(format!("'{}' object is not a mapping", vm.type_name(&update))));
    };
    for (key, value) in items {
        dict.set(vm, &key, value)?;
    }
    Ok(())
}

fn dict_merge(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let update = fp.pop();
    let dict = dict_at(vm, fp, oparg as usize)?;
    if dict.is_empty()
        && let Some(given) = update.exact::<Dict>(vm)
    {
        // No key can be there twice.
        return if given.is_empty() { Ok(()) } else { dict.fill_from(vm, given) };
    }
    let callable = || super::calls::function_text(vm, fp.top(oparg as usize + 3));
    let Some(items) = mapping_items(vm, &update)? else {
        return Err(vm.type_error(format!(
            "{} argument after ** must be a mapping, not {}",
            callable(),
            vm.type_name(&update)
        )));
    };
    for (key, value) in items {
        if dict.get(vm, &key)?.is_some() {
            let name = vm.str(&key)?;
            return Err(vm.type_error(format!(
                "{} got multiple values for keyword argument '{}'",
                callable(),
                name.to_utf8_lossy()
            )));
        }
        dict.set(vm, &key, value)?;
    }
    Ok(())
}

/// The bounds of `[start:stop]` when both are small integers or absent.
fn plain_bounds(start: &Value, stop: &Value) -> Option<Bounds> {
    let bound = |value: &Value, absent: isize| {
        if value.is_none() { Some(absent) } else { value.as_small_int().map(|i| i as isize) }
    };
    Some(Bounds { start: bound(start, 0)?, stop: bound(stop, isize::MAX)?, step: 1 })
}

fn binary_slice(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    // The common containers need no slice object.
    if let Some(bounds) = plain_bounds(fp.top(2), fp.top(1)) {
        let container = fp.top(3);
        let part = if let Some(list) = container.exact::<List>(vm) {
            let chosen = bounds.adjust(list.len());
            Some(list.slice(vm, chosen.start as usize, chosen.start as usize + chosen.len)?.into_value())
        } else if let Some(tuple) = container.exact::<Tuple>(vm) {
            let chosen = bounds.adjust(tuple.len());
            let items = &tuple.as_slice()[chosen.start as usize..chosen.start as usize + chosen.len];
            if chosen.len < tuple.len() { Some(Tuple::from_slice(vm, items)?.into_value()) } else { None }
        } else {
            None
        };
        if let Some(part) = part {
            fp.drop_top(3);
            fp.push(part);
            return Ok(());
        }
    }
    let slice = vm.new_slice(fp.top(2), fp.top(1), &Value::NONE)?;
    let result = vm.get_item(fp.top(3), &slice)?;
    drop(slice);
    fp.drop_top(3);
    fp.push(result);
    Ok(())
}

/// `list[start:stop] = other` for two lists when as many items come as go.
fn store_list_slice(vm: &Vm, fp: Fp) -> Option<()> {
    let bounds = plain_bounds(fp.top(2), fp.top(1))?;
    let (list, other) = (fp.top(3).exact::<List>(vm)?, fp.top(4).exact::<List>(vm)?);
    let chosen = bounds.adjust(list.len());
    if list.is(other) || other.len() != chosen.len {
        return None;
    }
    let place = chosen.start as usize..chosen.start as usize + chosen.len;
    if other.header().count() == 1 {
        // Nobody else sees the other list: the items change places, and what was here dies with it.
        list.items.with_mut(|items| other.items.with_mut(|more| items[place].swap_with_slice(more)));
    } else {
        let old: Vec<Value> = list.items.with_mut(|items| {
            other.items.with(|more| {
                items[place].iter_mut().zip(more).map(|(slot, new)| core::mem::replace(slot, new.clone())).collect()
            })
        });
        drop(old);
    }
    fp.drop_top(4);
    Some(())
}

fn store_slice(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    if store_list_slice(vm, fp).is_some() {
        return Ok(());
    }
    let slice = vm.new_slice(fp.top(2), fp.top(1), &Value::NONE)?;
    vm.set_item(fp.top(3), &slice, fp.top(4))?;
    fp.drop_top(4);
    Ok(())
}

fn store_subscr(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    vm.set_item(fp.top(2), fp.top(1), fp.top(3))?;
    fp.drop_top(3);
    Ok(())
}

fn delete_subscr(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    match fp.top(2).exact::<Dict>(vm) {
        Some(dict) => drop(dict.remove(vm, fp.top(1))?.ok_or_else(|| vm.key_error(fp.top(1)))?),
        None => vm.del_item(fp.top(2), fp.top(1))?,
    }
    fp.drop_top(2);
    Ok(())
}

fn get_len(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let len = vm.len(fp.top(1))?;
    fp.push(vm.new_int(len as i64)?);
    Ok(())
}

/// Pushes so that the first item ends on top.
fn push_reversed(fp: Fp, items: impl IntoIterator<Item = Value, IntoIter: DoubleEndedIterator>) {
    for item in items.into_iter().rev() {
        fp.push(item);
    }
}

fn cannot_unpack(vm: &Vm, value: &Value) -> Res<Value> {
    if !vm.is_iterable(value) {
        return Err(vm.type_error(format!("cannot unpack non-iterable {} object", vm.type_name(value))));
    }
    vm.iter(value)
}

fn unpack_sequence(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let sequence = fp.pop();
    let want = oparg as usize;
    if let Some(tuple) = sequence.exact::<Tuple>(vm).filter(|t| t.len() == want) {
        for item in tuple.as_slice().iter().rev() {
            fp.push(item.clone());
        }
        return Ok(());
    }
    let items: SmallVec<[Value; 4]> = if let Some(list) = sequence.exact::<List>(vm).filter(|l| l.len() == want) {
        list.to_vec().into()
    } else {
        let iterator = cannot_unpack(vm, &sequence)?;
        let mut items = SmallVec::with_capacity(want);
        while items.len() < want {
            match vm.next(&iterator)? {
                Some(item) => items.push(item),
                None => {
                    return Err(
                        vm.value_error(format!("not enough values to unpack (expected {want}, got {})", items.len()))
                    );
                }
            }
        }
        if vm.next(&iterator)?.is_some() {
            let known = sequence
                .exact::<Tuple>(vm)
                .map(|t| t.len())
                .or_else(|| sequence.exact::<List>(vm).map(|l| l.len()))
                .or_else(|| sequence.exact::<Dict>(vm).map(|d| d.len()));
            return Err(vm.value_error(match known {
                Some(got) => format!("too many values to unpack (expected {want}, got {got})"),
                None => format!("too many values to unpack (expected {want})"),
            }));
        }
        items
    };
    drop(sequence);
    push_reversed(fp, items);
    Ok(())
}

fn unpack_ex(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let sequence = fp.pop();
    let (before, after) = ((oparg & 0xff) as usize, (oparg >> 8) as usize);
    if let Some(list) = sequence.exact::<List>(vm) {
        // The items are safe from the list's changes: nothing runs until they are on the stack.
        return list.items.with(|items| unpack_parts(vm, fp, items, before, after));
    }
    if let Some(tuple) = sequence.exact::<Tuple>(vm) {
        return unpack_parts(vm, fp, tuple.as_slice(), before, after);
    }
    let iterator = cannot_unpack(vm, &sequence)?;
    let mut items = Vec::new();
    while items.len() < before {
        match vm.next(&iterator)? {
            Some(item) => items.push(item),
            None => return Err(too_few_values(vm, before + after, items.len())),
        }
    }
    let mut rest = Vec::new();
    while let Some(item) = vm.next(&iterator)? {
        vm.push_within_limit(&mut rest, item)?;
    }
    if rest.len() < after {
        return Err(too_few_values(vm, before + after, before + rest.len()));
    }
    let tail = rest.split_off(rest.len() - after);
    items.push(vm.new_list(rest)?);
    items.extend(tail);
    push_reversed(fp, items);
    Ok(())
}

/// The first and last items onto the stack, those between as a list.
fn unpack_parts(vm: &Vm, fp: Fp, items: &[Value], before: usize, after: usize) -> Res<()> {
    let Some(between) = items.len().checked_sub(before + after) else {
        return Err(too_few_values(vm, before + after, items.len()));
    };
    let (first, rest) = items.split_at(before);
    let (between, last) = rest.split_at(between);
    let between = List::from_slice(vm, between)?;
    push_reversed(fp, last.iter().cloned());
    fp.push(between.into_value());
    push_reversed(fp, first.iter().cloned());
    Ok(())
}

#[cold]
fn too_few_values(vm: &Vm, wanted: usize, got: usize) -> Raised {
    vm.value_error(format!("not enough values to unpack (expected at least {wanted}, got {got})"))
}
