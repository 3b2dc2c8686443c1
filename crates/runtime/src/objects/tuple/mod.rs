//! `tuple`: a fixed sequence; the items stand behind the payload in the same block.

pub mod iter;
pub mod methods;
pub mod reuse;
pub mod slots;

use crate::payload::{Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{Res, Vm};
use crate::{Ref, TypeRef, Value, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags};

#[repr(C)]
pub struct Tuple {
    /// -1: not yet computed.
    hash: Cell<i64>,
    len: u32,
    /// Where the items begin, in words from the payload on.
    place: u32,
}

/// Where the items of an exact tuple begin.
const PLACE: u32 = (size_of::<Tuple>() / size_of::<Value>()) as u32;

pub static TUPLE: TypeDef = TypeDef {
    doc: "tuple(iterable=(), /)\n--\n\nA sequence that cannot be changed.\n\nOf the items of an iterable, or empty. A tuple given is returned itself.",
    flags: TypeFlags::BASETYPE
        .with(TypeFlags::TUPLE)
        .with(TypeFlags::GC)
        .with(TypeFlags::SEQUENCE)
        .with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(slots::repr),
        hash: Some(slots::hash),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        contains: Some(slots::contains),
        concat: Some(slots::concat),
        repeat: Some(slots::repeat),
        new: Some(slots::new),
        ..Slots::NONE
    },
    tables: &[Tuple::METHODS],
    ..TypeDef::of::<Tuple>("tuple", &crate::objects::object::OBJECT)
};

impl Payload for Tuple {
    fn def() -> &'static TypeDef {
        &TUPLE
    }
    const LAYOUT: &'static Layout = layout!("tuple");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl crate::Trace for Tuple {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.as_slice().trace(visitor)
    }
}

impl Drop for Tuple {
    #[allow(unsafe_code)]
    fn drop(&mut self) {
        let (items, len) = (self.start(), self.len());
        // The tuple is empty before any item's finalizer can look at it.
        self.len = 0;
        // SAFETY: `len` initialised values stand at `items`, dropped once.
        unsafe { ophi_heap::buffer::drop_slice_backwards(items, len) }
    }
}

impl Tuple {
    #[inline(always)]
    fn unfilled() -> Tuple {
        Tuple { hash: Cell::new(-1), len: 0, place: PLACE }
    }

    #[inline(always)]
    fn start(&self) -> *mut Value {
        (self as *const Tuple).cast::<Value>().wrapping_add(self.place as usize).cast_mut()
    }

    /// Puts other items in; the old ones go to the caller. Only for a tuple that no Python code can see.
    #[allow(unsafe_code)]
    fn exchange<C: FromIterator<Value>>(&self, items: impl Iterator<Item = Value>) -> C {
        self.hash.set(-1);
        let (start, len) = (self.start(), self.len());
        // SAFETY: `len` initialised values stand at `start`; nobody borrows them, since nobody else knows the tuple.
        items.take(len).enumerate().map(|(i, item)| unsafe { start.add(i).replace(item) }).collect()
    }

    /// As [`Tuple::exchange`] for two items; `None` when the tuple has another length.
    #[inline]
    #[allow(unsafe_code)]
    fn exchange_two(&self, first: Value, second: Value) -> Result<(Value, Value), (Value, Value)> {
        if self.len() != 2 {
            return Err((first, second));
        }
        self.hash.set(-1);
        let start = self.start();
        // SAFETY: two initialised values stand at `start`; nobody borrows them, since nobody else knows the tuple.
        Ok(unsafe { (start.replace(first), start.add(1).replace(second)) })
    }

    /// Puts other items in, the old ones into their place; false when there are more or fewer. As for [`Tuple::exchange`].
    #[allow(unsafe_code)]
    fn swap(&self, items: &mut [Value]) -> bool {
        if self.len() != items.len() {
            return false;
        }
        self.hash.set(-1);
        let start = self.start();
        for (i, item) in items.iter_mut().enumerate() {
            // SAFETY: as many initialised values stand at `start`; nobody borrows them, since nobody else knows the tuple.
            unsafe { core::ptr::swap(start.add(i), item) };
        }
        true
    }

    /// Gives a tuple of placeholders its items; whoever holds it already has not looked into it yet.
    pub(crate) fn fill(vm: &Vm, tuple: &Ref<Tuple>, mut items: Vec<Value>) {
        vm.track(tuple.as_value());
        tuple.swap(&mut items);
    }

    /// The hash as far as it has been asked for; -1 otherwise.
    #[inline(always)]
    pub(crate) fn known_hash(&self) -> i64 {
        self.hash.get()
    }

    /// The hash by `compute`, which is asked once.
    #[inline]
    pub(super) fn hash_by(&self, compute: impl FnOnce() -> Res<i64>) -> Res<i64> {
        if self.hash.get() == -1 {
            self.hash.set(compute()?);
        }
        Ok(self.hash.get())
    }

    #[inline(always)]
    #[allow(unsafe_code)]
    pub fn as_slice(&self) -> &[Value] {
        if self.len == 0 {
            return &[];
        }
        // SAFETY: initialised when the tuple was made, never changed afterwards.
        unsafe { core::slice::from_raw_parts(self.start(), self.len()) }
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub fn from_slice(vm: &Vm, items: &[Value]) -> Res<Ref<Tuple>> {
        Tuple::of_parts(vm, items, &[])
    }

    /// The items of both.
    #[allow(unsafe_code)]
    pub fn of_parts(vm: &Vm, first: &[Value], second: &[Value]) -> Res<Ref<Tuple>> {
        let len = first.len() + second.len();
        // SAFETY: as many are written as there is room for; the new object is in neither of them.
        unsafe {
            Tuple::filled(vm, len, |start| {
                ophi_heap::buffer::write_references(start, first);
                ophi_heap::buffer::write_references(start.add(first.len()), second);
                len
            })
        }
    }

    /// A tuple of the items that `fill` writes and counts; it gets the place of the first one and runs no Python code.
    ///
    /// # Safety
    /// `fill` writes as many as it tells, one after the other, `len` at most.
    #[allow(unsafe_code)]
    #[inline(always)]
    unsafe fn filled(vm: &Vm, len: usize, fill: impl FnOnce(*mut Value) -> usize) -> Res<Ref<Tuple>> {
        if len == 0 {
            return Tuple::empty(vm);
        }
        if len > u32::MAX as usize {
            return Err(vm.no_memory());
        }
        let object = vm.new_collected(Tuple::unfilled, len * size_of::<Value>())?;
        // SAFETY: room for the items, aligned to 8, stands right behind the payload; nobody else knows the new object, and `len`
        // is raised when all are there.
        unsafe {
            let written = fill(object.as_ptr().add(1).cast::<Value>());
            debug_assert_eq!(written, len);
            (*object.as_ptr()).payload.len = written as u32;
        }
        Ok(object)
    }

    pub fn from_vec(vm: &Vm, items: Vec<Value>) -> Res<Ref<Tuple>> {
        Tuple::from_exact(vm, items.len(), items.into_iter())
    }

    /// Of the items from `start` on, which are taken out.
    #[allow(unsafe_code)]
    pub fn of_last(vm: &Vm, items: &mut Vec<Value>, start: usize) -> Res<Ref<Tuple>> {
        let len = items.len().saturating_sub(start);
        // SAFETY: the items belong to the vector until it is cut off, and from then on to the tuple, where each is written once.
        // Word by word, for they were just stored so: longer loads would wait until all of them are in the cache.
        unsafe {
            Tuple::filled(vm, len, |place| {
                let from = items.as_ptr().add(start);
                items.set_len(start);
                for n in 0..len {
                    place.add(n).write(from.add(n).read_volatile());
                }
                len
            })
        }
    }

    /// From an iterator of exactly `len` values that runs no Python code.
    #[allow(unsafe_code)]
    pub fn from_exact(vm: &Vm, len: usize, items: impl Iterator<Item = Value>) -> Res<Ref<Tuple>> {
        // SAFETY: each place is written once, and the iterator is cut off behind the last one.
        unsafe {
            Tuple::filled(vm, len, |start| {
                let mut n = 0;
                for item in items.take(len) {
                    start.add(n).write(item);
                    n += 1;
                }
                n
            })
        }
    }

    /// The one empty tuple.
    fn empty(vm: &Vm) -> Res<Ref<Tuple>> {
        let known = &vm.interpreter().empty_tuple;
        if let Some(empty) = known.get() {
            return Ok(empty.clone());
        }
        let made = vm.new_collected(Tuple::unfilled, 0)?;
        vm.untrack(made.as_value());
        made.header().make_immortal();
        let _ = known.set(made.clone());
        Ok(made)
    }

    /// `(first, second)` as a value.
    #[inline]
    pub fn pair(vm: &Vm, first: Value, second: Value) -> Res {
        Ok(Tuple::of_array(vm, [first, second])?.into_value())
    }

    /// A tuple of so many items, which is not none.
    #[allow(unsafe_code)]
    pub fn of_array<const N: usize>(vm: &Vm, items: [Value; N]) -> Res<Ref<Tuple>> {
        const { assert!(N > 0) };
        let object = vm.new_collected(Tuple::unfilled, size_of::<[Value; N]>())?;
        let items = core::mem::ManuallyDrop::new(items);
        // SAFETY: the class has no tail, so room for the items, aligned to 8, stands right behind the payload; `len` is raised
        // when all are there. Each is moved once, by itself, as in `of_last`.
        unsafe {
            let place = object.as_ptr().add(1).cast::<Value>();
            for n in 0..N {
                place.add(n).write(items.as_ptr().add(n).read_volatile());
            }
            (*object.as_ptr()).payload.len = N as u32;
        }
        Ok(object)
    }

    /// Moves the `len` words at `words` into a new tuple; on an error they stay where they are.
    ///
    /// # Safety
    /// The words hold values; the caller forgets them afterwards.
    #[inline]
    #[allow(unsafe_code)]
    pub unsafe fn from_words(vm: &Vm, words: *const Value, len: usize) -> Res<Ref<Tuple>> {
        let words = words.cast::<u64>();
        // SAFETY: the caller's promise; plain words until each becomes a value of the tuple.
        Tuple::from_exact(vm, len, (0..len).map(|i| unsafe { Value::from_bits(*words.add(i)) }))
    }

    /// As [`Tuple::from_exact`] for a subclass.
    #[inline]
    pub fn new_of(vm: &Vm, cls: &TypeRef, len: usize, items: impl Iterator<Item = Value>) -> Res<Ref<Tuple>> {
        if cls.is(vm.ty_of::<Tuple>()) {
            return Tuple::from_exact(vm, len, items);
        }
        Tuple::allocate(vm, cls, len, items)
    }

    #[allow(unsafe_code)]
    fn allocate(vm: &Vm, cls: &TypeRef, len: usize, items: impl Iterator<Item = Value>) -> Res<Ref<Tuple>> {
        let Some(extra) = len.checked_mul(size_of::<Value>()) else { return Err(vm.no_memory()) };
        if len > u32::MAX as usize {
            return Err(vm.no_memory());
        }
        let payload = Tuple { hash: Cell::new(-1), len: 0, place: 0 };
        let object = vm.new_instance_with(cls, payload, extra)?;
        // SAFETY: `extra` bytes stand behind the instance, aligned to 8; each item is written once, and `len` is raised only
        // when all are there.
        unsafe {
            let start = ophi_heap::object::extra_bytes(&object, cls.head()).cast::<Value>().as_ptr();
            let mut n = 0;
            for item in items.take(len) {
                start.add(n).write(item);
                n += 1;
            }
            debug_assert_eq!(n, len);
            let tuple = &mut (*object.as_ptr()).payload;
            tuple.place = ((start as usize - (&raw const *tuple) as usize) / 8) as u32;
            tuple.len = n as u32;
        }
        Ok(object)
    }
}

impl Vm {
    pub fn new_tuple(&self, items: &[Value]) -> Res {
        Ok(Tuple::from_slice(self, items)?.into_value())
    }
}
