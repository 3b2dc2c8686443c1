//! `memory_iterator`.

use super::{MemoryView, access};
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Value, ValueCell, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags, trace_fields};

#[repr(C)]
pub struct MemoryIterator {
    /// `None`: exhausted.
    view: ValueCell,
    index: Cell<isize>,
    format: char,
    len: isize,
}
trace_fields!(MemoryIterator { view });

pub static MEMORY_ITERATOR: TypeDef = TypeDef {
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { iter: Some(|_, v| Ok(v.clone())), iternext: Some(next), ..Slots::NONE },
    ..TypeDef::of::<MemoryIterator>("memory_iterator", &crate::objects::object::OBJECT)
};

impl Payload for MemoryIterator {
    fn def() -> &'static TypeDef {
        &MEMORY_ITERATOR
    }
    const LAYOUT: &'static Layout = layout!("memory_iterator");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub fn iter(vm: &Vm, this: &Value) -> Res {
    let view = crate::native::receiver::<MemoryView>(vm, this, "__iter__")?;
    view.check(vm)?;
    let g = &view.geometry;
    match g.dimensions() {
        0 => return Err(vm.type_error("invalid indexing of 0-dim memory")),
        1 => {}
        _ => return Err(vm.not_implemented("multi-dimensional sub-views are not implemented")),
    }
    let payload = MemoryIterator {
        view: ValueCell::some(this.clone()),
        index: Cell::new(0),
        format: access::format(vm, g)?,
        len: g.shape[0],
    };
    Ok(vm.new_object(payload)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<MemoryIterator>() else { return Ok(None) };
    let Some(value) = iterator.view.get() else { return Ok(None) };
    let Some(view) = value.downcast::<MemoryView>() else { return Ok(None) };
    let i = iterator.index.get();
    if i >= iterator.len {
        iterator.view.set(None);
        return Ok(None);
    }
    view.check(vm)?;
    iterator.index.set(i + 1);
    let g = &view.geometry;
    let at = match g.suboffsets.is_empty() {
        true => g.start.wrapping_offset(g.strides[0].wrapping_mul(i)),
        false => g.address(&[i]),
    };
    access::read(vm, g, iterator.format, at).map(Some)
}
