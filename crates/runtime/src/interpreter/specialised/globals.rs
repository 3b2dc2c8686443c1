//! Globals and builtins by position, under the versions of both dicts' keys.
#![allow(unsafe_code)]

use super::is_exact;
use crate::Value;
use crate::frames::Fp;
use crate::interpreter::dispatch::{handlers, next};
use crate::interpreter::names::LOAD_GLOBAL;
use crate::objects::dict::Dict;
use crate::vm::Vm;
use ophi_bytecode::instruction::Opcode;

handlers! {
    fast LOAD_GLOBAL_MODULE |pc, sp, fp, vm, oparg| {
        let side = (*(*fp).code).side(*pc.add(2));
        let dict: &Dict = &(*fp).globals;
        if dict.current_keys_version() == side.a && let Some(value) = dict.value_at(side.c as usize) {
            sp.write(value);
            sp.add(1).write(Value::UNBOUND);
            return next(pc.add(5), sp.add(1 + (oparg & 1) as usize), fp, vm);
        }
        LOAD_GLOBAL(pc, sp, fp, vm, oparg)
    }
    fast LOAD_GLOBAL_BUILTIN |pc, sp, fp, vm, oparg| {
        let side = (*(*fp).code).side(*pc.add(2));
        let dict: &Dict = &(*fp).globals;
        let builtins: *const Value = &*(*fp).builtins;
        if dict.current_keys_version() == side.a && is_exact(builtins, vm.exec.known.dict.get()) {
            let builtins: &Dict = super::payload(builtins);
            if builtins.current_keys_version() == side.b && let Some(value) = builtins.value_at(side.c as usize) {
                sp.write(value);
                sp.add(1).write(Value::UNBOUND);
                return next(pc.add(5), sp.add(1 + (oparg & 1) as usize), fp, vm);
            }
        }
        LOAD_GLOBAL(pc, sp, fp, vm, oparg)
    }
}

pub(crate) fn specialise_load_global(vm: &Vm, fp: Fp, pc: *mut u16, oparg: u32) -> Option<Opcode> {
    let name = fp.name(oparg >> 1);
    let globals = fp.globals();
    // SAFETY: words of the running frame; the index unit of LOAD_GLOBAL's cache names its side entry.
    unsafe {
        if !is_exact(globals.as_value(), vm.exec.known.dict.get()) {
            return None;
        }
        let side = fp.code().side_mut(*pc.add(2))?;
        if let Some(position) = globals.find_str(vm, name) {
            side.a = globals.keys_version(vm);
            side.c = position as u32;
            return (side.a != 0).then_some(Opcode::LOAD_GLOBAL_MODULE);
        }
        if !is_exact(fp.builtins(), vm.exec.known.dict.get()) {
            return None;
        }
        let builtins: &Dict = super::payload(fp.builtins());
        let position = builtins.find_str(vm, name)?;
        side.a = globals.keys_version(vm);
        side.b = builtins.keys_version(vm);
        side.c = position as u32;
        (side.a != 0 && side.b != 0).then_some(Opcode::LOAD_GLOBAL_BUILTIN)
    }
}
