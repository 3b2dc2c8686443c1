//! `bytearray`: bytes that grow and change. While something holds an export of them they keep their place and size.

mod growable;
pub mod methods;
pub mod slots;

use crate::objects::byte_string::methods::*;
use crate::objects::byte_string::{self, ByteString};
use crate::objects::str::Str;
use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{OrRaise, Res, Vm};
use crate::{GilCell, Ref, Value, layout};
use core::cell::Cell;
use growable::Growable;
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct ByteArray {
    pub bytes: GilCell<Growable>,
    /// Exports that have not ended.
    pub exports: Cell<usize>,
}

impl crate::Trace for ByteArray {
    fn trace(&self, _: &mut crate::Visitor<'_>) {}
}

pub static BYTEARRAY: TypeDef = TypeDef {
    doc: "bytearray(iterable_of_ints) -> bytearray\nbytearray(string, encoding[, errors]) -> bytearray\nbytearray(bytes_or_buffer) -> a copy that can be changed\nbytearray(int) -> so many zero bytes\nbytearray() -> empty\n\nBytes that can be changed.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(slots::repr),
        str: Some(slots::str),
        richcompare: Some(byte_string::compare),
        iter: Some(crate::objects::bytes::iter::iter),
        new: Some(slots::new),
        init: Some(slots::init),
        len: Some(slots::len),
        getitem: Some(byte_string::getitem::<ByteArray>),
        setitem: Some(slots::setitem),
        contains: Some(byte_string::contains::<ByteArray>),
        concat: Some(byte_string::concat::<ByteArray>),
        repeat: Some(slots::repeat),
        inplace_concat: Some(slots::inplace_concat),
        inplace_repeat: Some(slots::inplace_repeat),
        remainder: Some(slots::remainder),
        buffer: Some(slots::export),
        ..Slots::NONE
    },
    tables: &[ByteArray::SHARED, ByteArray::METHODS],
    ..TypeDef::of::<ByteArray>("bytearray", &crate::objects::object::OBJECT)
};

impl Payload for ByteArray {
    fn def() -> &'static TypeDef {
        &BYTEARRAY
    }
    const LAYOUT: &'static Layout = layout!("bytearray");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

impl ByteString for ByteArray {
    const NAME: &'static str = "bytearray";

    fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        self.bytes.with(|b| f(b))
    }

    fn make(vm: &Vm, bytes: &[u8]) -> Res {
        Ok(ByteArray::new(vm, bytes)?.into_value())
    }

    fn exports(&self) -> Option<&Cell<usize>> {
        Some(&self.exports)
    }

    fn unchanged(vm: &Vm, this: &Ref<ByteArray>) -> Res {
        let copy = this.to_vec();
        ByteArray::make(vm, &copy)
    }
}

impl ByteArray {
    pub fn empty() -> ByteArray {
        ByteArray { bytes: GilCell::new(Growable::new()), exports: Cell::new(0) }
    }

    pub fn new(vm: &Vm, bytes: &[u8]) -> Res<Ref<ByteArray>> {
        let array = ByteArray::empty();
        array.bytes.with_mut(|b| b.try_extend_from_slice(bytes)).or_raise(vm)?;
        vm.new_object(array)
    }

    pub fn len(&self) -> usize {
        self.bytes.with(|b| b.len())
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    pub fn get(&self, i: usize) -> Option<u8> {
        self.bytes.with(|b| b.get(i).copied())
    }

    pub fn to_vec(&self) -> Vec<u8> {
        self.bytes.with(|b| b.to_vec())
    }

    /// BufferError while exports last.
    pub fn check_resizable(&self, vm: &Vm) -> Res<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }

    /// Puts `new` in place of `start..end`; the size may change only while there is no export.
    pub fn splice(&self, vm: &Vm, start: usize, end: usize, new: &[u8]) -> Res<()> {
        let len = self.len();
        let (start, end) = (start.min(len), end.clamp(start.min(len), len));
        if end - start == new.len() {
            self.bytes.with_mut(|b| b[start..end].copy_from_slice(new));
            return Ok(());
        }
        self.check_resizable(vm)?;
        if start == 0 && new.is_empty() {
            self.bytes.with_mut(|b| b.remove_front(end));
            return Ok(());
        }
        if start == len {
            return self.bytes.with_mut(|b| b.try_extend_from_slice(new)).or_raise(vm);
        }
        self.bytes
            .with_mut(|b| {
                let grown = new.len().saturating_sub(end - start);
                b.try_grow(grown)?;
                let tail = len - end;
                let after = start + new.len();
                b.resize(len.max(after + tail), 0);
                b.copy_within(end..end + tail, after);
                b[start..after].copy_from_slice(new);
                b.truncate(after + tail);
                Ok(())
            })
            .or_raise(vm)
    }
}

crate::byte_methods!(ByteArray);
