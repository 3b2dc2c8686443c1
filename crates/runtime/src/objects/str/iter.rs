//! `str_iterator`, and `str_ascii_iterator` for text that is ASCII.

use super::Str;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct StrIterator {
    /// `None`: exhausted.
    pub(crate) text: ValueCell,
    pub(crate) index: Cell<usize>,
}
trace_fields!(StrIterator { text });

impl Payload for StrIterator {
    fn def() -> &'static TypeDef {
        &STR_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("str_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

const SLOTS: Slots = Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next), ..Slots::NONE };
const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION);

pub static STR_ITERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: SLOTS,
    tables: &[StrIterator::METHODS],
    ..TypeDef::of::<StrIterator>("str_iterator", &crate::objects::object::OBJECT)
};

pub static STR_ASCII_ITERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: SLOTS,
    tables: &[StrIterator::METHODS],
    ..TypeDef::of::<StrIterator>("str_ascii_iterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let ascii = this.exact::<Str>(vm).is_some_and(|t| t.is_ascii());
    let class = vm.ty(if ascii { &STR_ASCII_ITERATOR } else { &STR_ITERATOR }).clone();
    let payload = StrIterator { text: ValueCell::some(this.clone()), index: Cell::new(0) };
    Ok(vm.new_instance(&class, payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<StrIterator>() else { return Ok(None) };
    let i = iterator.index.get();
    let c = iterator.text.with(|text| text?.downcast::<Str>().filter(|text| i < text.len()).map(|text| text.at(i)));
    match c {
        Some(c) => {
            iterator.index.set(i + 1);
            vm.single(c).map(|text| Some(text.into_value()))
        }
        _ => {
            iterator.text.set(None);
            Ok(None)
        }
    }
}

#[methods]
impl StrIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<StrIterator>) -> usize {
        let len = this.text.get().and_then(|t| t.downcast::<Str>().map(|t| t.len())).unwrap_or(0);
        len.saturating_sub(this.index.get())
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<StrIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.text.get() {
            Some(text) => {
                let args = vm.new_tuple(&[text])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get() as i64)?])
            }
            None => {
                let empty = vm.empty_str()?.into_value();
                let args = vm.new_tuple(&[empty])?;
                vm.new_tuple(&[iter, args])
            }
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<StrIterator>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if let Some(text) = this.text.get() {
            let len = text.downcast::<Str>().map_or(0, |t| t.len());
            this.index.set((index.max(0) as usize).min(len));
        }
        Ok(())
    }
}
