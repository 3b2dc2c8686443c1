//! Iterators that are not tied to one container: `enumerate`, `reversed`, `zip`, `map`, `filter`, callable iterators.
//! After CPython Objects/enumobject.c, Objects/iterobject.c, Python/bltinmodule.c.

pub mod callable;
pub mod enumerate;
pub mod filter;
pub mod map;
pub mod reversed;
pub mod zip;

use crate::vm::{Res, Vm};
use crate::{Args, TypeRef, Value};

/// `__iter__` of iterators.
pub fn self_iter(_: &Vm, this: &Value) -> Res {
    Ok(this.clone())
}

/// What exhausted iterators pickle as: `iter(())`.
pub fn reduce_empty_tuple(vm: &Vm, iter: Value) -> Res {
    let empty = vm.new_tuple(&[])?;
    let args = vm.new_tuple(&[empty])?;
    vm.new_tuple(&[iter, args])
}

/// What exhausted iterators pickle as: `iter([])`.
pub fn reduce_empty_list(vm: &Vm, iter: Value) -> Res {
    let empty = vm.new_list(Vec::new())?;
    let args = vm.new_tuple(&[empty])?;
    vm.new_tuple(&[iter, args])
}

/// Keywords are refused by the class itself; subclasses with their own `__init__` may take them.
pub fn refuse_keywords(vm: &Vm, cls: &TypeRef, base: &TypeRef, args: Args<'_>, name: &str) -> Res<()> {
    let init = |ty: &TypeRef| ty.slots().init.map(|f| f as usize);
    if cls.is(base) || init(cls) == init(base) { args.no_keywords(vm, name) } else { Ok(()) }
}

/// The same for what takes its arguments in `__init__`: subclasses with their own `__new__` may take keywords.
pub fn refuse_init_keywords(vm: &Vm, cls: &TypeRef, base: &TypeRef, args: Args<'_>, name: &str) -> Res<()> {
    let new = |ty: &TypeRef| ty.slots().new.map(|f| f as usize);
    if cls.is(base) || new(cls) == new(base) { args.no_keywords(vm, name) } else { Ok(()) }
}
