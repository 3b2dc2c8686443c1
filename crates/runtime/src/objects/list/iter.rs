//! `list_iterator` and `list_reverseiterator`: they see a list grow and shrink while they walk.

use super::List;
use crate::objects::iterators::{reduce_empty_list, self_iter};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct ListIterator {
    /// `None`: exhausted.
    pub list: ValueCell,
    pub index: Cell<usize>,
}
trace_fields!(ListIterator { list });

#[repr(C)]
pub struct ListReverseIterator {
    pub list: ValueCell,
    /// The position of the next item; below 0: exhausted.
    pub index: Cell<isize>,
}
trace_fields!(ListReverseIterator { list });

impl Payload for ListIterator {
    fn def() -> &'static TypeDef {
        &LIST_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("list_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl Payload for ListReverseIterator {
    fn def() -> &'static TypeDef {
        &LIST_REVERSE_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("list_reverseiterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static LIST_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[ListIterator::METHODS],
    ..TypeDef::of::<ListIterator>("list_iterator", &crate::objects::object::OBJECT)
};

pub static LIST_REVERSE_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next_back), ..Slots::NONE },
    tables: &[ListReverseIterator::METHODS],
    ..TypeDef::of::<ListReverseIterator>("list_reverseiterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let payload = ListIterator { list: ValueCell::some(this.clone()), index: Cell::new(0) };
    Ok(vm.new_object(payload)?.into_value())
}

pub fn reversed(vm: &Vm, this: &Value) -> Res {
    let len = super::slots::of(vm, this)?.len();
    let payload = ListReverseIterator { list: ValueCell::some(this.clone()), index: Cell::new(len as isize - 1) };
    Ok(vm.new_object(payload)?.into_value())
}

impl ListIterator {
    /// The next item; at the end nothing changes.
    #[inline(always)]
    pub fn advance(&self) -> Option<Value> {
        let i = self.index.get();
        let item = self.list.with(|list| list?.downcast::<List>()?.get(i))?;
        self.index.set(i + 1);
        Some(item)
    }
}

fn next(_: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<ListIterator>() else { return Ok(None) };
    match iterator.advance() {
        Some(item) => Ok(Some(item)),
        None => {
            iterator.list.set(None);
            Ok(None)
        }
    }
}

fn next_back(_: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<ListReverseIterator>() else { return Ok(None) };
    let i = iterator.index.get();
    match usize::try_from(i).ok().and_then(|i| iterator.list.with(|list| list?.downcast::<List>()?.get(i))) {
        Some(item) => {
            iterator.index.set(i - 1);
            Ok(Some(item))
        }
        None => {
            iterator.index.set(-1);
            iterator.list.set(None);
            Ok(None)
        }
    }
}

fn length(list: &ValueCell) -> usize {
    list.get().and_then(|l| l.downcast::<List>().map(|l| l.len())).unwrap_or(0)
}

#[methods]
impl ListIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<ListIterator>) -> usize {
        length(&this.list).saturating_sub(this.index.get())
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ListIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.list.get() {
            Some(list) => {
                let args = vm.new_tuple(&[list])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get() as i64)?])
            }
            None => reduce_empty_list(vm, iter),
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<ListIterator>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if this.list.is_set() {
            this.index.set(index.max(0) as usize);
        }
        Ok(())
    }
}

#[methods]
impl ListReverseIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<ListReverseIterator>) -> usize {
        let left = (this.index.get() + 1).max(0) as usize;
        if length(&this.list) < left { 0 } else { left }
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ListReverseIterator>) -> Res {
        // The look-up may run code that moves the iterator.
        let reversed = vm.get_builtin("reversed")?;
        match this.list.get() {
            Some(list) if this.index.get() >= 0 => {
                let args = vm.new_tuple(&[list])?;
                vm.new_tuple(&[reversed, args, vm.new_int(this.index.get() as i64)?])
            }
            _ => reduce_empty_list(vm, reversed),
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<ListReverseIterator>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if this.list.is_set() {
            this.index.set(index.clamp(-1, length(&this.list) as isize - 1));
        }
        Ok(())
    }
}
