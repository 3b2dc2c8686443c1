//! `set` and `frozenset`: one payload, two classes. After CPython Objects/setobject.c.
//!
//! Searches compare by identity, hash, then `==`, which may run Python code that changes the set; the search then begins
//! again. The operations follow CPython's in which operand is walked and which table is copied, because that decides the
//! order of the result.

pub mod iter;
pub mod methods;
pub mod operations;
pub mod slots;
pub mod table;

use crate::objects::object::OBJECT;
use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{OrRaise, Res, Vm};
use crate::{GilCell, Ref, TypeRef, Value, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags};
use table::{Probe, SetTable};

#[repr(C)]
pub struct Set {
    pub(crate) table: GilCell<SetTable>,
    /// The hash of a frozenset; -1: not yet computed.
    pub(crate) hash: Cell<i64>,
}

impl crate::Trace for Set {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.table.trace(visitor)
    }
    fn clear(&self) {
        self.clear_all()
    }
}

impl Payload for Set {
    fn def() -> &'static TypeDef {
        &SET
    }
    const LAYOUT: &'static Layout = layout!("set");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

const FLAGS: TypeFlags = TypeFlags::GC.with(TypeFlags::BASETYPE).with(TypeFlags::WEAKREF).with(TypeFlags::MATCH_SELF);

const COMMON: Slots = Slots {
    repr: Some(slots::repr),
    richcompare: Some(slots::compare),
    iter: Some(iter::iter),
    len: Some(slots::len),
    contains: Some(slots::contains),
    subtract: Some(slots::subtract),
    and: Some(slots::and),
    xor: Some(slots::xor),
    or: Some(slots::or),
    ..Slots::NONE
};

pub static SET: TypeDef = TypeDef {
    doc: "set(iterable=(), /)\n--\n\nBuild an unordered collection of unique elements.",
    flags: FLAGS,
    slots: Slots {
        init: Some(slots::init),
        new: Some(slots::new),
        inplace_subtract: Some(slots::inplace_subtract),
        inplace_and: Some(slots::inplace_and),
        inplace_xor: Some(slots::inplace_xor),
        inplace_or: Some(slots::inplace_or),
        ..COMMON
    },
    tables: &[Set::METHODS, Set::MUTATING],
    vectorcall: Some(slots::vectorcall),
    ..TypeDef::of::<Set>("set", &OBJECT)
};

pub static FROZENSET: TypeDef = TypeDef {
    doc: "frozenset(iterable=(), /)\n--\n\nBuild an immutable unordered collection of unique elements.",
    flags: FLAGS,
    slots: Slots { hash: Some(slots::hash), new: Some(slots::new_frozen), ..COMMON },
    tables: &[Set::METHODS],
    ..TypeDef::of::<Set>("frozenset", &OBJECT)
};

impl Set {
    pub const fn empty() -> Set {
        Set { table: GilCell::new(SetTable::new()), hash: Cell::new(-1) }
    }

    pub fn new(vm: &Vm) -> Res<Ref<Set>> {
        vm.make_object(Set::empty)
    }

    pub fn new_of(vm: &Vm, cls: &TypeRef) -> Res<Ref<Set>> {
        if cls.is(vm.ty(&SET)) {
            return Set::new(vm);
        }
        vm.new_instance(cls, Set::empty())
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.table.with(|t| t.used)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next element at or after a position: how iterators walk.
    #[inline]
    pub fn next(&self, position: usize) -> Option<(usize, Value, i64)> {
        self.table.with(|t| t.next(position))
    }

    pub fn items(&self) -> Vec<Value> {
        self.table.with(|t| t.entries.iter().filter_map(|e| e.key.clone()).collect())
    }

    /// The place of a key, or the place where it would go.
    #[inline]
    fn search(&self, vm: &Vm, key: &Value, hash: i64) -> Res<Result<usize, usize>> {
        match self.table.with(|t| t.find(key, hash, 0)) {
            Probe::Hit(at) => Ok(Ok(at)),
            Probe::Free(at) => Ok(Err(at)),
            Probe::Candidate(at) => self.search_by_comparing(vm, key, hash, Some(at)),
        }
    }

    /// An element of the same hash has to be asked whether it is equal, which may run Python code that changes the set.
    /// `first` is the first such element, if it was found before.
    #[inline(never)]
    fn search_by_comparing(
        &self,
        vm: &Vm,
        key: &Value,
        hash: i64,
        mut first: Option<usize>,
    ) -> Res<Result<usize, usize>> {
        loop {
            let generation = self.table.with(|t| t.generation);
            let mut skip = 0;
            loop {
                let probe =
                    self.table.with(|t| match first.take().map_or_else(|| t.find(key, hash, skip), Probe::Candidate) {
                        Probe::Hit(at) => Ok(Ok(at)),
                        Probe::Free(at) => Ok(Err(at)),
                        Probe::Candidate(at) => Err((at, t.entries[at].key.clone())),
                    });
                let (at, candidate) = match probe {
                    Ok(found) => return Ok(found),
                    Err((at, Some(candidate))) => (at, candidate),
                    Err((at, None)) => return Ok(Err(at)),
                };
                let equal = equal_elements(vm, &candidate, key)?;
                let same = self.table.with(|t| {
                    t.generation == generation
                        && t.entries.get(at).and_then(|e| e.key.as_ref()).is_some_and(|k| k.is(&candidate))
                });
                if !same {
                    break;
                }
                if equal {
                    return Ok(Ok(at));
                }
                skip += 1;
            }
        }
    }

    pub fn contains_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> Res<bool> {
        Ok(self.search(vm, key, hash)?.is_ok())
    }

    /// Adds a key; true when it was absent.
    #[inline]
    pub fn add_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> Res<bool> {
        self.add_owned(vm, key.clone(), hash)
    }

    /// As [`Set::add_hashed`], with a key that nobody needs any more.
    #[inline]
    pub fn add_owned(&self, vm: &Vm, key: Value, hash: i64) -> Res<bool> {
        match self.table.with_mut(|t| t.insert_first(key, hash)) {
            Ok(()) => Ok(true),
            Err(key) => self.add_searching(vm, key, hash),
        }
    }

    #[inline(never)]
    fn add_searching(&self, vm: &Vm, key: Value, hash: i64) -> Res<bool> {
        // Nothing to compare: one look at the table does it. A key that is not put in is dropped when the look has ended.
        let added = self.table.with_mut(|t| match t.find(&key, hash, 0) {
            Probe::Hit(_) => Ok(Err((key, NotAdded::IsThere))),
            Probe::Candidate(_) => Ok(Err((key, NotAdded::Unknown))),
            Probe::Free(_) if t.ensure_places().is_err() => Ok(Err((key, NotAdded::NoMemory))),
            Probe::Free(at) => t.insert_at(at, key, hash).map(Ok),
        });
        match added.or_raise(vm)? {
            Ok(()) => Ok(true),
            Err((_, NotAdded::IsThere)) => Ok(false),
            Err((key, NotAdded::Unknown)) => self.add_by_comparing(vm, &key, hash),
            Err((_, NotAdded::NoMemory)) => Err(vm.no_memory()),
        }
    }

    #[inline(never)]
    fn add_by_comparing(&self, vm: &Vm, key: &Value, hash: i64) -> Res<bool> {
        match self.search_by_comparing(vm, key, hash, None)? {
            Ok(_) => Ok(false),
            Err(free) => {
                let key = key.clone();
                self.table.with_mut(|t| t.insert_at(free, key, hash)).or_raise(vm)?;
                Ok(true)
            }
        }
    }

    /// Removes a key; true when it was there.
    pub fn discard_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> Res<bool> {
        match self.search(vm, key, hash)? {
            Ok(at) => {
                let removed = self.table.with_mut(|t| t.remove_at(at));
                Ok(removed.is_some())
            }
            Err(_) => Ok(false),
        }
    }

    pub fn add(&self, vm: &Vm, key: &Value) -> Res<bool> {
        let hash = vm.hash_element(key)?;
        self.add_hashed(vm, key, hash)
    }

    pub fn contains(&self, vm: &Vm, key: &Value) -> Res<bool> {
        let hash = vm.hash_element(key)?;
        self.contains_hashed(vm, key, hash)
    }

    pub fn clear_all(&self) {
        let old = self.table.with_mut(|t| t.exchange(SetTable::new()));
        drop(old);
    }
}

/// Why a key has not been added yet.
enum NotAdded {
    IsThere,
    /// One of the same hash must be asked whether it is equal.
    Unknown,
    NoMemory,
}

/// `==` of elements; frozensets are asked without a detour.
fn equal_elements(vm: &Vm, own: &Value, key: &Value) -> Res<bool> {
    let frozen = vm.ty(&FROZENSET);
    if vm.class(own).is(frozen)
        && vm.class(key).is(frozen)
        && let (Some(x), Some(y)) = (own.downcast::<Set>(), key.downcast::<Set>())
    {
        return slots::equal(vm, x, y);
    }
    vm.equal(own, key)
}

/// Whether the value is a frozenset.
pub fn is_frozen(vm: &Vm, value: &Value) -> bool {
    vm.is_instance_of(value, &FROZENSET)
}

impl Vm {
    /// The hash of a set element; an unhashable one is named in the TypeError.
    #[inline]
    pub fn hash_element(&self, key: &Value) -> Res<i64> {
        match self.hash_known(key) {
            Some(hash) => Ok(hash),
            None => self.hash_element_anew(key),
        }
    }

    #[inline(never)]
    fn hash_element_anew(&self, key: &Value) -> Res<i64> {
        self.hash(key).map_err(|raised| self.unhashable(raised, key, "a set element"))
    }

    pub fn new_set(&self, items: &[Value]) -> Res {
        let set = Set::new(self)?;
        for item in items {
            set.add(self, item)?;
        }
        Ok(set.into_value())
    }

    pub fn set_add(&self, set: &Value, item: Value) -> Res<()> {
        if let Some(own) = set.exact::<Set>(self) {
            let hash = self.hash_element(&item)?;
            return own.add_owned(self, item, hash).map(drop);
        }
        match set.downcast::<Set>() {
            Some(own) if self.class(set).is(self.ty(&SET)) || self.class(set).is_subtype(self.ty(&SET)) => {
                own.add(self, &item).map(drop)
            }
            _ => Err(self.type_error(format!("expected a set, not {}", self.type_name(set)))),
        }
    }

    pub fn new_frozenset(&self, items: &[Value]) -> Res {
        let set = Set::new_of(self, self.ty(&FROZENSET))?;
        for item in items {
            set.add(self, item)?;
        }
        Ok(set.into_value())
    }

    /// The items of a frozenset.
    pub fn frozenset_items(&self, value: &Value) -> Option<Vec<Value>> {
        use crate::payload::Downcast;
        let set = value.downcast::<Set>()?;
        is_frozen(self, value).then(|| set.items())
    }
}
