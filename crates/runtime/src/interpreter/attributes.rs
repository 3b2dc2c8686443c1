//! Attribute access, `super()`, special methods.

use super::dispatch::handlers;
use super::specialised::attributes::{specialise_load_attr, specialise_store_attr};
use super::specialised::containers::specialise_load_super_attr;
use crate::Value;
use crate::frames::Fp;
use crate::vm::{Raised, Res, Vm};
use ophi_bytecode::instruction::SPECIAL_METHODS;
use ophi_heap::TypeFlags;

handlers! {
    adaptive LOAD_ATTR, LOAD_ATTR_SLOW => specialise_load_attr;
    body LOAD_ATTR_SLOW, 9 => load_attr;
    adaptive STORE_ATTR, STORE_ATTR_SLOW => specialise_store_attr;
    body STORE_ATTR_SLOW, 4 => store_attr;
    body DELETE_ATTR, 0 => delete_attr;
    adaptive LOAD_SUPER_ATTR, LOAD_SUPER_ATTR_SLOW => specialise_load_super_attr;
    body LOAD_SUPER_ATTR_SLOW, 1 => load_super_attr;
    body LOAD_SPECIAL, 0 => load_special;
}

fn load_attr(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let name = fp.name(oparg >> 1);
    let owner = fp.top(1);
    if oparg & 1 == 0 {
        let value = vm.get_attr(owner, name)?;
        drop(fp.replace_top(1, value));
        return Ok(());
    }
    let method = vm.load_method(owner, name)?;
    if method.takes_self {
        // The owner becomes the first argument.
        let owner = fp.replace_top(1, method.callable);
        fp.push(owner);
    } else {
        drop(fp.replace_top(1, method.callable));
        fp.push(Value::UNBOUND);
    }
    Ok(())
}

fn store_attr(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    vm.set_attr(fp.top(1), fp.name(oparg), fp.top(2))?;
    fp.drop_top(2);
    Ok(())
}

fn delete_attr(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    vm.del_attr(fp.top(1), fp.name(oparg))?;
    fp.drop_top(1);
    Ok(())
}

fn load_super_attr(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let (callee, class, receiver) = (fp.top(3).clone(), fp.top(2).clone(), fp.top(1).clone());
    if callee.is(vm.ty(&crate::objects::super_object::SUPER).as_value()) {
        let found = vm.super_attr(&class, &receiver, fp.name(oparg >> 2), oparg & 1 != 0)?;
        fp.drop_top(3);
        fp.push(found.callable);
        match (oparg & 1 != 0, found.takes_self) {
            (true, true) => fp.push(receiver),
            (true, false) => fp.push(Value::UNBOUND),
            (false, _) => {}
        }
        return Ok(());
    }
    let object = if oparg & 2 != 0 { vm.call(&callee, &[class, receiver])? } else { vm.call(&callee, &[])? };
    let value = vm.get_attr(&object, fp.name(oparg >> 2))?;
    fp.drop_top(3);
    fp.push(value);
    if oparg & 1 != 0 {
        fp.push(Value::UNBOUND);
    }
    Ok(())
}

/// A function is not bound: it is called with the owner before its arguments (`_PyObject_LookupSpecialMethod`).
fn load_special(vm: &Vm, fp: Fp, oparg: u32) -> Res<()> {
    let names = vm.names();
    let name = [&names.__enter__, &names.__exit__, &names.__aenter__, &names.__aexit__][oparg as usize & 3];
    let owner = fp.top(1);
    let class = vm.class(owner);
    let Some(method) = class.lookup(vm, name) else { return Err(no_special(vm, &owner.clone(), oparg)) };
    let kind = vm.class(&method);
    if kind.has(TypeFlags::METHOD_DESCRIPTOR) {
        let owner = fp.replace_top(1, method);
        fp.push(owner);
        return Ok(());
    }
    let method = match kind.slots().descr_get {
        Some(get) => get(vm, &method, Some(&owner.clone()), Some(class.clone().as_value()))?,
        None => method,
    };
    drop(fp.replace_top(1, method));
    fp.push(Value::UNBOUND);
    Ok(())
}

#[cold]
fn no_special(vm: &Vm, owner: &Value, oparg: u32) -> Raised {
    let class = vm.type_name(owner);
    let asynchronous = oparg >= 2;
    let protocol = if asynchronous { "the asynchronous context manager" } else { "the context manager" };
    let missed = SPECIAL_METHODS[oparg as usize & 3];
    // The other protocol may have been meant.
    let names = vm.names();
    let (other, hint) = if asynchronous {
        (
            [&names.__enter__, &names.__exit__],
            " but it supports the context manager protocol. Did you mean to use 'with'?",
        )
    } else {
        (
            [&names.__aenter__, &names.__aexit__],
            " but it supports the asynchronous context manager protocol. Did you mean to use 'async with'?",
        )
    };
    let has_other = other.iter().all(|name| vm.class(owner).lookup(vm, name).is_some());
    let hint = if has_other { hint } else { "" };
    vm.type_error(format!("'{class}' object does not support {protocol} protocol (missed {missed} method){hint}"))
}
