//! `map`, with `strict` (3.14).

use super::self_iter;
use super::zip::{strict, too_short};
use crate::native::Args;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, TypeRef, Value, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct Map {
    // Given up in this order.
    pub iterators: Ref<Tuple>,
    pub function: Value,
    pub strict: Cell<bool>,
}
trace_fields!(Map { iterators, function });

impl Payload for Map {
    fn def() -> &'static TypeDef {
        &MAP
    }
    const LAYOUT: &'static Layout = layout!("map");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static MAP: TypeDef = TypeDef {
    doc: "map(function, iterable, /, *iterables, strict=False)\n--\n\nfunction(a, b, ...) for the first items of the iterables, the second ones and so on, up to the shortest.\n\nstrict=True demands that all end together.",
    flags: TypeFlags::GC.with(TypeFlags::BASETYPE),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), new: Some(new), ..Slots::NONE },
    tables: &[Map::METHODS],
    ..TypeDef::of::<Map>("map", &crate::objects::object::OBJECT)
};

fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let strict = strict(vm, "map", args)?;
    let [function, iterables @ ..] = args.pos() else {
        return Err(vm.type_error("map() must have at least two arguments."));
    };
    if iterables.is_empty() {
        return Err(vm.type_error("map() must have at least two arguments."));
    }
    let mut iterators: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
    for iterable in iterables {
        iterators.push(vm.iter(iterable)?);
    }
    let iterators = Tuple::from_exact(vm, iterators.len(), iterators.into_iter())?;
    let payload = Map { function: function.clone(), iterators, strict: Cell::new(strict) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(map) = this.downcast::<Map>() else { return Ok(None) };
    let iterators = map.iterators.as_slice();
    if let [only] = iterators {
        let Some(item) = vm.next(only)? else { return Ok(None) };
        return vm.call(&map.function, core::slice::from_ref(&item)).map(Some);
    }
    if let [first, second] = iterators
        && !map.strict.get()
    {
        let Some(first) = vm.next(first)? else { return Ok(None) };
        let Some(second) = vm.next(second)? else { return Ok(None) };
        return vm.call(&map.function, &[first, second]).map(Some);
    }
    let mut items: smallvec::SmallVec<[Value; 4]> = smallvec::SmallVec::new();
    for (i, iterator) in iterators.iter().enumerate() {
        match vm.next(iterator)? {
            Some(item) => items.push(item),
            None if map.strict.get() => match too_short(vm, "map", iterators, i)? {
                Some(raised) => return Err(raised),
                None => return Ok(None),
            },
            None => return Ok(None),
        }
    }
    vm.call(&map.function, &items).map(Some)
}

#[methods]
impl Map {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<Map>) -> Res {
        let cls = vm.class(this.as_value()).to_value();
        let mut parts = vec![this.function.clone()];
        parts.extend_from_slice(this.iterators.as_slice());
        let args = vm.new_tuple(&parts)?;
        if this.strict.get() {
            return vm.new_tuple(&[cls, args, Value::TRUE]);
        }
        vm.new_tuple(&[cls, args])
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<Map>, object: &Value) -> Res<()> {
        this.strict.set(vm.is_true(object)?);
        Ok(())
    }
}
