//! Globals, builtins, names of module and class bodies, cells.
#![allow(unsafe_code)]

use super::control::{give_up, pop_free};
use super::dispatch::{handlers, next};
use super::specialised::globals::specialise_load_global;
use super::specialised::{is_exact, payload};
use crate::frames::{Fp, locals_of};
use crate::objects::cell::Cell;
use crate::objects::dict::Dict;
use crate::objects::exceptions as exc;
use crate::objects::function::Function;
use crate::payload::Downcast;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Str, Tuple, Value};

handlers! {
    adaptive LOAD_GLOBAL, LOAD_GLOBAL_SLOW => specialise_load_global;
    body LOAD_GLOBAL_SLOW, 4 => load_global;
    body STORE_GLOBAL, 0 => store_global;
    body DELETE_GLOBAL, 0 => delete_global;
    body LOAD_NAME, 0 => load_name;
    body STORE_NAME, 0 => store_name;
    body DELETE_NAME, 0 => delete_name;
    body LOAD_LOCALS, 0 => load_locals;
    body LOAD_FROM_DICT_OR_GLOBALS, 0 => load_from_dict_or_globals;
    body LOAD_FROM_DICT_OR_DEREF, 0 => load_from_dict_or_deref;
    body LOAD_BUILD_CLASS, 0 => load_build_class;
    body SETUP_ANNOTATIONS, 0 => setup_annotations;
    body MAKE_CELL, 0 => make_cell;
    fast COPY_FREE_VARS |pc, sp, fp, vm, oparg| {
        // The slots are empty when a function starts.
        let function: &Function = payload(&raw const (*fp).function);
        let count = oparg as usize;
        if let Some(closure) = &*function.closure.as_ptr()
            && is_exact(closure, vm.exec.known.tuple.get())
            && let cells = payload::<Tuple>(closure).as_slice()
            && cells.len() == count
        {
            let mut slot = locals_of(fp).add((*(*fp).code).slots() - count);
            for cell in cells {
                slot.write(cell.clone());
                slot = slot.add(1);
            }
            return next(pc.add(1), sp, fp, vm);
        }
        COPY_FREE_VARS_SLOW(pc, sp, fp, vm, oparg)
    }
    body COPY_FREE_VARS_SLOW, 0 => copy_free_vars;
    fast LOAD_DEREF |pc, sp, fp, vm, oparg| {
        let slot = locals_of(fp).add(oparg as usize);
        if is_exact(slot, vm.exec.known.cell.get())
            && let Some(value) = &*payload::<Cell>(slot).value.as_ptr()
        {
            sp.write(value.clone());
            return next(pc.add(1), sp.add(1), fp, vm);
        }
        LOAD_DEREF_SLOW(pc, sp, fp, vm, oparg)
    }
    body LOAD_DEREF_SLOW, 0 => load_deref;
    fast STORE_DEREF |pc, sp, fp, vm, oparg| {
        let slot = locals_of(fp).add(oparg as usize);
        if is_exact(slot, vm.exec.known.cell.get()) {
            let word = payload::<Cell>(slot).value.as_ptr();
            sp = sp.sub(1);
            if let Some(old) = core::ptr::replace(word, Some(sp.read())) {
                sp.write(old);
                if give_up(sp) { return pop_free(pc.add(1), sp, fp, vm, 0); }
            }
            return next(pc.add(1), sp, fp, vm);
        }
        STORE_DEREF_SLOW(pc, sp, fp, vm, oparg)
    }
    body STORE_DEREF_SLOW, 0 => store_deref;
    body DELETE_DEREF, 0 => delete_deref;
}

/// NameError with its `name` set.
#[cold]
pub fn name_error(vm: &Vm, name: &Ref<Str>) -> Raised {
    let raised = vm.name_error(format!("name '{}' is not defined", name.to_utf8_lossy()));
    with_name(vm, raised, name)
}

fn with_name(vm: &Vm, raised: Raised, name: &Ref<Str>) -> Raised {
    let exception = vm.take_raised(raised);
    if let Err(second) = vm.set_attr(&exception, &vm.names().name, name.as_value()) {
        vm.forget(second);
    }
    vm.raise_again(exception)
}

/// A slot's name: running code has its body, and its instructions name its own slots.
fn slot_name<'a>(fp: Fp, slot: u32) -> &'a crate::Ref<crate::Str> {
    match fp.code().slot_name(slot as usize) {
        Some(name) => name,
        None => unreachable!("an instruction names a slot that its code does not have"),
    }
}

#[cold]
pub fn unbound_local(vm: &Vm, fp: Fp, slot: u32) -> Raised {
    let name = slot_name(fp, slot);
    // CPython leaves the `name` of this class unset.
    vm.unbound_local_error(format!(
        "cannot access local variable '{}' where it is not associated with a value",
        name.to_utf8_lossy()
    ))
}

#[cold]
fn unbound_cell(vm: &Vm, fp: Fp, slot: u32) -> Raised {
    if !fp.code().is_free(slot as usize) {
        return unbound_local(vm, fp, slot);
    }
    let name = slot_name(fp, slot);
    let raised = vm.name_error(format!(
        "cannot access free variable '{}' where it is not associated with a value in enclosing scope",
        name.to_utf8_lossy()
    ));
    with_name(vm, raised, name)
}

/// A name in the builtins: a dict, or any mapping.
fn in_builtins(vm: &Vm, builtins: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
    match builtins.exact::<Dict>(vm) {
        Some(dict) => Ok(dict.get_str(vm, name)),
        None => in_mapping(vm, builtins, name),
    }
}

/// A name in any mapping; a missing one is no error.
fn in_mapping(vm: &Vm, mapping: &Value, name: &Ref<Str>) -> Res<Option<Value>> {
    if let Some(dict) = mapping.exact::<Dict>(vm) {
        return Ok(dict.get_str(vm, name));
    }
    let found = vm.get_item(mapping, name.as_value());
    vm.catch(found, &exc::KEY_ERROR)
}

pub fn global(vm: &Vm, fp: Fp, name: &Ref<Str>) -> Res<Option<Value>> {
    let globals = fp.globals();
    let found = match globals.as_value().exact::<Dict>(vm) {
        Some(dict) => dict.get_str(vm, name),
        None => in_mapping(vm, globals.as_value(), name)?,
    };
    match found {
        Some(value) => Ok(Some(value)),
        None => in_builtins(vm, fp.builtins(), name),
    }
}

fn load_global(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg >> 1);
    match global(vm, fp, name)? {
        Some(value) => {
            fp.push(value);
            if oparg & 1 != 0 {
                fp.push(Value::UNBOUND);
            }
            Ok(())
        }
        None => Err(name_error(vm, name)),
    }
}

fn store_global(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    fp.globals().set_str(vm, fp.name(oparg), value)
}

fn delete_global(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    match fp.globals().remove_str(vm, name) {
        Some(_) => Ok(()),
        None => Err(name_error(vm, name)),
    }
}

fn locals_mapping<'a>(vm: &Vm, fp: Fp) -> Res<&'a Value> {
    let locals = fp.locals();
    if locals.is_unbound() { Err(vm.system_error("no locals")) } else { Ok(locals) }
}

fn load_name(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    let found = match in_mapping(vm, locals_mapping(vm, fp)?, name)? {
        Some(value) => Some(value),
        None => global(vm, fp, name)?,
    };
    match found {
        Some(value) => {
            fp.push(value);
            Ok(())
        }
        None => Err(name_error(vm, name)),
    }
}

fn store_name(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    let name = fp.name(oparg);
    let locals = fp.locals();
    if locals.is_unbound() {
        return Err(vm.system_error(format!("no locals found when storing '{}'", name.to_utf8_lossy())));
    }
    match locals.exact::<Dict>(vm) {
        Some(dict) => dict.set_str(vm, name, value),
        None => vm.set_item(locals, name.as_value(), &value),
    }
}

fn delete_name(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    let locals = locals_mapping(vm, fp)?;
    if let Some(dict) = locals.exact::<Dict>(vm) {
        return match dict.remove_str(vm, name) {
            Some(_) => Ok(()),
            None => Err(name_error(vm, name)),
        };
    }
    match vm.del_item(locals, name.as_value()) {
        Ok(()) => Ok(()),
        Err(raised) if vm.raised_is(&exc::KEY_ERROR) => {
            vm.forget(raised);
            Err(name_error(vm, name))
        }
        Err(raised) => Err(raised),
    }
}

fn load_locals(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let locals = locals_mapping(vm, fp)?.clone();
    fp.push(locals);
    Ok(())
}

fn load_from_dict_or_globals(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg);
    let found = match in_mapping(vm, fp.top(1), name)? {
        Some(value) => Some(value),
        None => global(vm, fp, name)?,
    };
    match found {
        Some(value) => {
            drop(fp.replace_top(1, value));
            Ok(())
        }
        None => Err(name_error(vm, name)),
    }
}

fn load_from_dict_or_deref(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = slot_name(fp, oparg);
    let found = match in_mapping(vm, fp.top(1), name)? {
        Some(value) => Some(value),
        None => cell_value(vm, fp, oparg)?,
    };
    match found {
        Some(value) => {
            drop(fp.replace_top(1, value));
            Ok(())
        }
        None => Err(unbound_cell(vm, fp, oparg)),
    }
}

fn load_build_class(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    match in_builtins(vm, fp.builtins(), &vm.names().__build_class__)? {
        Some(value) => {
            fp.push(value);
            Ok(())
        }
        None => Err(vm.name_error("__build_class__ not found")),
    }
}

fn setup_annotations(vm: &Vm, fp: Fp, _: u32) -> Res<()> {
    let locals = locals_mapping(vm, fp)?;
    let name = &vm.names().__annotations__;
    if in_mapping(vm, locals, name)?.is_none() {
        let dict = Dict::new(vm)?.into_value();
        vm.set_item(locals, name.as_value(), &dict)?;
    }
    Ok(())
}

fn make_cell(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.local(oparg);
    let cell = Cell::new(vm, value)?;
    drop(fp.replace_local(oparg, cell.into_value()));
    Ok(())
}

fn copy_free_vars(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let Some(closure) = fp.function().downcast::<Function>().and_then(|f| f.closure_tuple()) else {
        return Err(vm.system_error("a function with free variables has no closure"));
    };
    let first = fp.code().slots() as u32 - oparg;
    for (i, cell) in closure.as_slice().iter().enumerate().take(oparg as usize) {
        drop(fp.replace_local(first + i as u32, cell.clone()));
    }
    Ok(())
}

fn cell_value(vm: &Vm, fp: Fp, slot: u32) -> Res<Option<Value>> {
    match fp.local(slot).as_ref().and_then(|c| c.downcast::<Cell>()) {
        Some(cell) => Ok(cell.value.get()),
        None => Err(vm.system_error("expected a cell")),
    }
}

fn load_deref(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    match cell_value(vm, fp, oparg)? {
        Some(value) => {
            fp.push(value);
            Ok(())
        }
        None => Err(unbound_cell(vm, fp, oparg)),
    }
}

fn store_deref(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let value = fp.pop();
    match fp.local(oparg).as_ref().and_then(|c| c.downcast::<Cell>()) {
        Some(cell) => {
            cell.value.set(Some(value));
            Ok(())
        }
        None => Err(vm.system_error("expected a cell")),
    }
}

fn delete_deref(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let old = match fp.local(oparg).as_ref().and_then(|c| c.downcast::<Cell>()) {
        Some(cell) => cell.value.take(),
        None => return Err(vm.system_error("expected a cell")),
    };
    if old.is_none() {
        return Err(unbound_cell(vm, fp, oparg));
    }
    Ok(())
}
