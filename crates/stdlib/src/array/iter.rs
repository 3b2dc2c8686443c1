//! `arrayiterator`.

use super::{Array, of};
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::objects::iterators::self_iter;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Payload, Ref, Res, TypeDef, TypeFlags, Value, ValueCell, Vm, layout, methods};

pub struct ArrayIterator {
    /// `None`: exhausted.
    array: ValueCell,
    index: Cell<usize>,
}
trace_fields!(ArrayIterator { array });

impl Payload for ArrayIterator {
    fn def() -> &'static TypeDef {
        &ARRAY_ITERATOR
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("arrayiterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static ARRAY_ITERATOR: TypeDef = TypeDef {
    module: "array",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(self_iter), iternext: Some(next), ..Slots::NONE },
    tables: &[ArrayIterator::METHODS],
    give_known: Some(give_known),
    ..TypeDef::of::<ArrayIterator>("arrayiterator", &OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    of(vm, this)?;
    let payload = ArrayIterator { array: ValueCell::some(this.clone()), index: Cell::new(0) };
    Ok(vm.new_object(payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<ArrayIterator>() else { return Ok(None) };
    let i = own.index.get();
    let found = own.array.with(|array| {
        let array = array?.downcast::<Array>()?;
        Some((array.code, array.word(i)?))
    });
    match found {
        Some((code, word)) => {
            own.index.set(i + 1);
            code.read(vm, word).map(Some)
        }
        None => {
            own.array.set(None);
            Ok(None)
        }
    }
}

fn give_known(vm: &Vm, this: &Value, take: &mut dyn FnMut(&Value) -> bool) {
    let Some(own) = this.downcast::<ArrayIterator>() else { return };
    own.array.with(|array| {
        let Some(array) = array.and_then(|array| array.downcast::<Array>()) else { return };
        let mut at = own.index.get();
        // What cannot be made is refused as well: `next` comes to it again and says why.
        while array.word(at).is_some_and(|word| array.code.read(vm, word).is_ok_and(|item| take(&item))) {
            at += 1;
        }
        own.index.set(at);
    });
}

#[methods]
impl ArrayIterator {
    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<ArrayIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.array.get() {
            Some(array) => {
                let args = vm.new_tuple(&[array])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get() as i64)?])
            }
            None => ophi_runtime::objects::iterators::reduce_empty_tuple(vm, iter),
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(state, /)")]
    fn __setstate__(_: &Vm, this: &Ref<ArrayIterator>, state: isize) -> Res<()> {
        let len = this.array.get().and_then(|a| a.downcast::<Array>().map(|a| a.len())).unwrap_or(0);
        this.index.set((state.max(0) as usize).min(len));
        Ok(())
    }
}
