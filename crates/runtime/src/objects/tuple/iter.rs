//! `tuple_iterator`.

use super::Tuple;
use crate::objects::iterators::{reduce_empty_tuple, self_iter};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct TupleIterator {
    /// `None`: exhausted.
    pub tuple: ValueCell,
    pub index: Cell<usize>,
}
trace_fields!(TupleIterator { tuple });

impl Payload for TupleIterator {
    fn def() -> &'static TypeDef {
        &TUPLE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("tuple_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static TUPLE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[TupleIterator::METHODS],
    ..TypeDef::of::<TupleIterator>("tuple_iterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let payload = TupleIterator { tuple: ValueCell::some(this.clone()), index: Cell::new(0) };
    Ok(vm.new_object(payload)?.into_value())
}

fn next(_: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<TupleIterator>() else { return Ok(None) };
    let i = iterator.index.get();
    match iterator.tuple.with(|tuple| tuple?.downcast::<Tuple>()?.as_slice().get(i).cloned()) {
        Some(item) => {
            iterator.index.set(i + 1);
            Ok(Some(item))
        }
        None => {
            iterator.tuple.set(None);
            Ok(None)
        }
    }
}

#[methods]
impl TupleIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<TupleIterator>) -> usize {
        let len = this.tuple.get().and_then(|t| t.downcast::<Tuple>().map(|t| t.len())).unwrap_or(0);
        len.saturating_sub(this.index.get())
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<TupleIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.tuple.get() {
            Some(tuple) => {
                let args = vm.new_tuple(&[tuple])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get() as i64)?])
            }
            None => reduce_empty_tuple(vm, iter),
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<TupleIterator>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if let Some(tuple) = this.tuple.get() {
            let len = tuple.downcast::<Tuple>().map_or(0, |t| t.len());
            this.index.set((index.max(0) as usize).min(len));
        }
        Ok(())
    }
}
