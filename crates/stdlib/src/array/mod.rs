//! `array`: machine values packed side by side. After CPython Modules/arraymodule.c.
//!
//! The items stand as bytes in native order; [`items`] tells how each type code reads and writes one. While the memory is
//! exported (`exports` above 0) the length may not change.

pub mod items;
pub mod iter;
pub mod methods;
pub mod rebuild;
pub mod slots;

use core::cell::Cell;
use items::Code;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{GilCell, Payload, Ref, Res, Trace, TypeDef, TypeFlags, Value, Visitor, Vm, layout};

pub static MODULE: ModuleDef = ModuleDef {
    name: "array",
    doc: "Sequences of numbers or characters of one kind, packed as in C.\n",
    tables: &[rebuild::Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "ArrayType", vm.ty(&ARRAY).to_value())?;
    module.add_type(vm, &ARRAY)?;
    let abstract_class = vm.get_attr_str(&crate::support::import(vm, "collections.abc")?, "MutableSequence")?;
    vm.call_method_str(&abstract_class, "register", &[vm.ty(&ARRAY).to_value()])?;
    module.add_str(vm, "typecodes", "bBuwhHiIlLqQfd")
}

pub struct Array {
    pub code: Code,
    pub bytes: GilCell<Vec<u8>>,
    pub exports: Cell<usize>,
}

impl Trace for Array {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Array {
    fn def() -> &'static TypeDef {
        &ARRAY
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("array");
}

pub static ARRAY: TypeDef = TypeDef {
    module: "array",
    doc: "array(typecode [, initializer]) -> array\n\nReturn a new array whose items are restricted by typecode, and\ninitialized from the optional initializer value, which must be a list,\nstring or iterable over elements of the appropriate type.\n\nArrays represent basic values and behave very much like lists, except\nthe type of objects stored in them is constrained. The type is specified\nat object creation time by using a type code, which is a single character.",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::WEAKREF).with(TypeFlags::SEQUENCE),
    slots: Slots {
        repr: Some(slots::repr),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        new: Some(slots::new),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        setitem: Some(slots::setitem),
        contains: Some(slots::contains),
        concat: Some(slots::concat),
        repeat: Some(slots::repeat),
        inplace_concat: Some(slots::inplace_concat),
        inplace_repeat: Some(slots::inplace_repeat),
        buffer: Some(slots::buffer),
        ..Slots::NONE
    },
    tables: &[Array::METHODS],
    ..TypeDef::of::<Array>("array", &OBJECT)
};

impl Array {
    pub fn new(vm: &Vm, code: Code, bytes: Vec<u8>) -> Res<Ref<Array>> {
        vm.new_object(Array { code, bytes: GilCell::new(bytes), exports: Cell::new(0) })
    }

    pub fn len(&self) -> usize {
        self.bytes.with(Vec::len) / self.code.size()
    }

    pub fn is_empty(&self) -> bool {
        self.bytes.with(Vec::is_empty)
    }

    pub fn get(&self, vm: &Vm, i: usize) -> Option<Res> {
        Some(self.code.read(vm, self.word(i)?))
    }

    /// The bytes of an item in native order, the rest zero. Runs no Python code.
    fn word(&self, i: usize) -> Option<[u8; 8]> {
        // Sizes that are known are read in one go.
        fn wide<const N: usize>(bytes: &[u8], i: usize) -> Option<[u8; 8]> {
            let mut word = [0; 8];
            word[..N].copy_from_slice(bytes.get(i * N..)?.first_chunk::<N>()?);
            Some(word)
        }
        self.bytes.with(|bytes| match self.code.size() {
            1 => wide::<1>(bytes, i),
            2 => wide::<2>(bytes, i),
            4 => wide::<4>(bytes, i),
            _ => wide::<8>(bytes, i),
        })
    }

    /// BufferError when the length may not change now.
    pub fn may_resize(&self, vm: &Vm) -> Res<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("cannot resize an array that is exporting buffers"));
        }
        Ok(())
    }

    pub fn push(&self, vm: &Vm, item: &Value) -> Res<()> {
        let word = self.code.write(vm, item)?;
        self.may_resize(vm)?;
        let size = self.code.size();
        self.make_room(vm, size)?;
        self.bytes.with_mut(|bytes| bytes.extend_from_slice(&word[..size]));
        Ok(())
    }

    /// Room for so many bytes more, or MemoryError.
    pub fn make_room(&self, vm: &Vm, more: usize) -> Res<()> {
        let (len, capacity) = self.bytes.with(|bytes| (bytes.len(), bytes.capacity()));
        if capacity - len < more {
            vm.check_room(more.max(capacity))?;
            self.bytes.with_mut(|bytes| bytes.reserve(more));
        }
        Ok(())
    }

    /// A copy of the bytes.
    pub fn copied(&self, vm: &Vm) -> Res<Vec<u8>> {
        vm.check_room(self.bytes.with(Vec::len))?;
        Ok(self.bytes.get())
    }

    pub fn items(&self, vm: &Vm) -> Res<Vec<Value>> {
        vm.check_room(self.len() * size_of::<Value>())?;
        let mut all = Vec::with_capacity(self.len());
        let mut i = 0;
        while let Some(item) = self.get(vm, i) {
            all.push(item?);
            i += 1;
        }
        Ok(all)
    }
}

pub fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Array>> {
    this.downcast::<Array>().ok_or_else(|| vm.type_error("an array is required"))
}
