//! `list`: a growable sequence.

pub mod iter;
pub mod methods;
pub mod slots;
pub mod sort;

use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref, Value, layout};
use ophi_heap::buffer::{copied_values, drop_backwards};
use ophi_heap::{Buffer, Layout, TryPush, TypeFlags, buffer_with_capacity, new_buffer};

#[repr(C)]
pub struct List {
    pub items: GilCell<Buffer<Value>>,
}

pub static LIST: TypeDef = TypeDef {
    doc: "list(iterable=(), /)\n--\n\nA sequence that can be changed.\n\nOf the items of an iterable, or empty.",
    flags: TypeFlags::BASETYPE
        .with(TypeFlags::LIST)
        .with(TypeFlags::GC)
        .with(TypeFlags::SEQUENCE)
        .with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(slots::repr),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        init: Some(slots::init),
        new: Some(slots::new),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        setitem: Some(slots::setitem),
        contains: Some(slots::contains),
        concat: Some(slots::concat),
        repeat: Some(slots::repeat),
        inplace_concat: Some(slots::inplace_concat),
        inplace_repeat: Some(slots::inplace_repeat),
        ..Slots::NONE
    },
    tables: &[List::METHODS],
    vectorcall: Some(slots::vectorcall),
    ..TypeDef::of::<List>("list", &crate::objects::object::OBJECT)
};

impl Payload for List {
    fn def() -> &'static TypeDef {
        &LIST
    }
    const LAYOUT: &'static Layout = layout!("list");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl crate::Trace for List {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.items.trace(visitor)
    }
    fn clear(&self) {
        drop_backwards(self.items.replace(new_buffer()))
    }
}

impl Drop for List {
    #[inline]
    fn drop(&mut self) {
        ophi_heap::buffer::empty_backwards(self.items.get_mut())
    }
}

impl List {
    pub fn empty() -> List {
        List { items: GilCell::new(new_buffer()) }
    }

    pub fn new(vm: &Vm) -> Res<Ref<List>> {
        vm.new_object(List::empty())
    }

    #[inline(always)]
    pub fn from_buffer(vm: &Vm, items: Buffer<Value>) -> Res<Ref<List>> {
        let items = ophi_heap::in_registers(items);
        vm.make_object(|| List { items: GilCell::new(items) })
    }

    pub fn from_slice(vm: &Vm, items: &[Value]) -> Res<Ref<List>> {
        use crate::vm::OrRaise;
        List::from_buffer(vm, copied_values(items).or_raise(vm)?)
    }

    pub fn from_vec(vm: &Vm, items: Vec<Value>) -> Res<Ref<List>> {
        use crate::vm::OrRaise;
        let mut buffer = buffer_with_capacity(items.len()).or_raise(vm)?;
        buffer.extend(items);
        List::from_buffer(vm, buffer)
    }

    #[inline]
    pub fn push(&self, vm: &Vm, value: Value) -> Res<()> {
        use crate::vm::OrRaise;
        self.items.with_mut(|items| items.try_push(value)).or_raise(vm)
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.items.with(|items| items.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    #[inline(always)]
    pub fn get(&self, index: usize) -> Option<Value> {
        self.items.with(|items| items.get(index).cloned())
    }

    /// New references to all items.
    pub fn to_vec(&self) -> Vec<Value> {
        self.items.with(|items| items.to_vec())
    }
}

impl Vm {
    pub fn new_list(&self, items: Vec<Value>) -> Res {
        Ok(List::from_vec(self, items)?.into_value())
    }
}
