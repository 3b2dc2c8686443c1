//! `bytes_iterator` and `bytearray_iterator`.

use super::Bytes;
use crate::objects::bytearray::ByteArray;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, Value, ValueCell, layout, methods};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct BytesIterator {
    /// `None`: exhausted.
    bytes: ValueCell,
    index: Cell<usize>,
}
trace_fields!(BytesIterator { bytes });

impl Payload for BytesIterator {
    fn def() -> &'static TypeDef {
        &BYTES_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("bytes_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

const SLOTS: Slots = Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next), ..Slots::NONE };
const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION);

pub static BYTES_ITERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: SLOTS,
    tables: &[BytesIterator::METHODS],
    ..TypeDef::of::<BytesIterator>("bytes_iterator", &crate::objects::object::OBJECT)
};

pub static BYTEARRAY_ITERATOR: TypeDef = TypeDef {
    flags: FLAGS,
    slots: SLOTS,
    tables: &[BytesIterator::METHODS],
    ..TypeDef::of::<BytesIterator>("bytearray_iterator", &crate::objects::object::OBJECT)
};

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let class = vm.ty(if this.is_a::<Bytes>() { &BYTES_ITERATOR } else { &BYTEARRAY_ITERATOR }).clone();
    let payload = BytesIterator { bytes: ValueCell::some(this.clone()), index: Cell::new(0) };
    Ok(vm.new_instance(&class, payload)?.into_value())
}

fn at(value: &Value, i: usize) -> Option<u8> {
    match value.downcast::<Bytes>() {
        Some(bytes) => bytes.as_slice().get(i).copied(),
        None => value.downcast::<ByteArray>()?.get(i),
    }
}

fn length(value: &Value) -> usize {
    match value.downcast::<Bytes>() {
        Some(bytes) => bytes.len(),
        None => value.downcast::<ByteArray>().map_or(0, |b| b.len()),
    }
}

fn next(_: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<BytesIterator>() else { return Ok(None) };
    let i = iterator.index.get();
    match iterator.bytes.with(|bytes| at(bytes?, i)) {
        Some(b) => {
            iterator.index.set(i + 1);
            Ok(Some(Value::int32(b as i32)))
        }
        None => {
            iterator.bytes.set(None);
            Ok(None)
        }
    }
}

#[methods]
impl BytesIterator {
    #[method(doc = "Private method returning an estimate of len(list(it)).", sig = "()")]
    fn __length_hint__(_: &Vm, this: &Ref<BytesIterator>) -> usize {
        this.bytes.get().map_or(0, |b| length(&b)).saturating_sub(this.index.get())
    }

    #[method(doc = "Return state information for pickling.", sig = "()")]
    fn __reduce__(vm: &Vm, this: &Ref<BytesIterator>) -> Res {
        let iter = vm.get_builtin("iter")?;
        match this.bytes.get() {
            Some(bytes) => {
                let args = vm.new_tuple(&[bytes])?;
                vm.new_tuple(&[iter, args, vm.new_int(this.index.get() as i64)?])
            }
            None => {
                let args = vm.new_tuple(&[vm.new_tuple(&[])?])?;
                vm.new_tuple(&[iter, args])
            }
        }
    }

    #[method(doc = "Set state information for unpickling.", sig = "(object, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<BytesIterator>, object: &Value) -> Res<()> {
        let index = vm.to_size(object)?;
        if let Some(bytes) = this.bytes.get() {
            this.index.set((index.max(0) as usize).min(length(&bytes)));
        }
        Ok(())
    }
}
