//! `set_iterator`.

use super::Set;
use crate::objects::iterators::self_iter;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct SetIterator {
    /// `None`: exhausted.
    pub set: ValueCell,
    pub position: Cell<usize>,
    /// The set's length when the iteration began; `usize::MAX` after an error, so that the error stays.
    pub used: Cell<usize>,
    pub left: Cell<usize>,
}
trace_fields!(SetIterator { set });

impl Payload for SetIterator {
    fn def() -> &'static TypeDef {
        &SET_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("set_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static SET_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[SetIterator::METHODS],
    ..TypeDef::of::<SetIterator>("set_iterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let len = super::slots::of(vm, this)?.len();
    let payload = SetIterator {
        set: ValueCell::some(this.clone()),
        position: Cell::new(0),
        used: Cell::new(len),
        left: Cell::new(len),
    };
    Ok(vm.new_object(payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<SetIterator>() else { return Ok(None) };
    // `None`: the set has another size than in the beginning.
    let next = iterator.set.with(|holder| {
        let Some(set) = holder.and_then(|holder| holder.downcast::<Set>()) else { return Some(Err(())) };
        set.table.with(|table| {
            if iterator.used.get() != table.used {
                return None;
            }
            let position = iterator.position.get();
            for (step, place) in table.entries.get(position..).unwrap_or_default().iter().enumerate() {
                if let Some(key) = &place.key {
                    iterator.position.set(position + step + 1);
                    iterator.left.set(iterator.left.get().saturating_sub(1));
                    return Some(Ok(Some(key.clone())));
                }
            }
            Some(Ok(None))
        })
    });
    match next {
        Some(Ok(Some(key))) => Ok(Some(key)),
        Some(Ok(None)) => {
            iterator.set.set(None);
            Ok(None)
        }
        // Exhausted before.
        Some(Err(())) => Ok(None),
        None => {
            iterator.used.set(usize::MAX);
            Err(vm.runtime_error("Set changed size during iteration"))
        }
    }
}

#[methods]
impl SetIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<SetIterator>) -> usize {
        let Some(set) = this.set.get() else { return 0 };
        match set.downcast::<Set>() {
            Some(set) if set.len() == this.used.get() => this.left.get(),
            _ => 0,
        }
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<SetIterator>) -> Res {
        let mut rest = Vec::new();
        if let Some(set) = this.set.get()
            && let Some(set) = set.downcast::<Set>()
        {
            if set.len() != this.used.get() {
                return Err(vm.runtime_error("Set changed size during iteration"));
            }
            let mut position = this.position.get();
            while let Some((at, key, _)) = set.next(position) {
                rest.push(key);
                position = at + 1;
            }
        }
        let args = vm.new_tuple(&[vm.new_list(rest)?])?;
        vm.new_tuple(&[vm.get_builtin("iter")?, args])
    }
}
