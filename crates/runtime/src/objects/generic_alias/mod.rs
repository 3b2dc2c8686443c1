//! `types.GenericAlias` (PEP 585): `list[int]`. After CPython Objects/genericaliasobject.c.

mod methods;
pub mod parameters;

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Type, TypeRef, Value, ValueCell, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct GenericAlias {
    pub origin: Value,
    pub args: Ref<Tuple>,
    /// Tuple of type variables in `args`; made when first asked for.
    parameters: ValueCell,
    /// `*tuple[int]`.
    starred: Cell<bool>,
}
trace_fields!(GenericAlias { origin, args, parameters });

impl Payload for GenericAlias {
    fn def() -> &'static TypeDef {
        &GENERIC_ALIAS
    }
    const LAYOUT: &'static Layout = layout!("GenericAlias");
}

pub static GENERIC_ALIAS: TypeDef = TypeDef {
    module: "types",
    doc: "GenericAlias(origin, args, /)\n--\n\nA generic type with its arguments (PEP 585): list[int] has __origin__ list and __args__ (int,).",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::WEAKREF),
    slots: Slots {
        repr: Some(methods::repr),
        hash: Some(methods::hash),
        richcompare: Some(methods::compare),
        call: Some(methods::call),
        getattro: Some(methods::get_attr),
        iter: Some(methods::iter),
        or: Some(crate::objects::union::or),
        getitem: Some(methods::getitem),
        new: Some(methods::new),
        ..Slots::NONE
    },
    tables: &[GenericAlias::METHODS],
    ..TypeDef::of::<GenericAlias>("GenericAlias", &OBJECT)
};

/// What iterating over an alias gives once: the starred alias.
#[repr(C)]
pub struct AliasIterator {
    alias: ValueCell,
}
trace_fields!(AliasIterator { alias });

impl Payload for AliasIterator {
    fn def() -> &'static TypeDef {
        &ALIAS_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("generic_alias_iterator");
}

pub static ALIAS_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(methods::iterator_self), iternext: Some(methods::iterator_next), ..Slots::NONE },
    tables: &[AliasIterator::METHODS],
    ..TypeDef::of::<AliasIterator>("generic_alias_iterator", &OBJECT)
};

/// `origin[args]`; a tuple stands for several arguments. What `__class_getitem__` of builtin classes does.
pub fn new_alias(vm: &Vm, origin: &Value, args: &Value) -> Res {
    new_of(vm, &vm.ty(&GENERIC_ALIAS).clone(), origin, args, false)
}

pub(crate) fn new_of(vm: &Vm, cls: &TypeRef, origin: &Value, args: &Value, starred: bool) -> Res {
    let args = match args.downcast::<Tuple>() {
        Some(args) => args.clone(),
        None => Tuple::from_slice(vm, core::slice::from_ref(args))?,
    };
    let payload =
        GenericAlias { origin: origin.clone(), args, parameters: ValueCell::new(None), starred: Cell::new(starred) };
    let alias: Ref<GenericAlias> = vm.new_instance(cls, payload)?;
    Ok(alias.into_value())
}

impl GenericAlias {
    pub fn is_starred(&self) -> bool {
        self.starred.get()
    }

    /// The type variables in the arguments.
    pub fn parameters(&self, vm: &Vm) -> Res<Ref<Tuple>> {
        if let Some(known) = self.parameters.get().and_then(|p| crate::payload::into_ref::<Tuple>(p).ok()) {
            return Ok(known);
        }
        let made = parameters::collect(vm, self.args.as_slice())?;
        self.parameters.set(Some(made.to_value()));
        Ok(made)
    }
}

/// How a type shows inside `list[...]` and unions: classes by qualified name, others by repr.
pub fn type_repr(vm: &Vm, value: &Value) -> Res<String> {
    if value.bits() == ophi_heap::value::ELLIPSIS_BITS {
        return Ok("...".to_string());
    }
    if value.is_none() || vm.class(value).is(vm.ty(&crate::objects::singletons::NONE_TYPE)) {
        return Ok("None".to_string());
    }
    if value.downcast::<Type>().is_some_and(|t| t.is(vm.ty(&crate::objects::singletons::NONE_TYPE))) {
        return Ok("None".to_string());
    }
    let names = vm.names();
    let parametrised =
        vm.get_attr_opt(value, &names.__origin__)?.is_some() && vm.get_attr_opt(value, &names.__args__)?.is_some();
    if !parametrised
        && let Some(qualname) = vm.get_attr_opt(value, &names.__qualname__)?
        && let Some(module) = vm.get_attr_opt(value, &names.__module__)?.filter(|m| !m.is_none())
    {
        let qualname = vm.str(&qualname)?.to_utf8_lossy().into_owned();
        let module = vm.str(&module)?.to_utf8_lossy().into_owned();
        return Ok(if module == "builtins" { qualname } else { format!("{module}.{qualname}") });
    }
    Ok(vm.repr(value)?.to_utf8_lossy().into_owned())
}
