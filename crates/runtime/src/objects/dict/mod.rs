//! `dict`: compact and ordered: a table of indices into an array of entries in insertion order.
//!
//! Method as CPython's Objects/dictobject.c: open addressing with perturbation over a power-of-two index table, entries
//! appended and never moved until a resize. Keys compare by identity, then hash, then `==`; a comparison may run Python code that
//! changes the dict, so it is made outside the borrow and the search starts again when the table has changed.
//!
//! Invariant: `used` live entries; every live entry's index stands in the table; `keys_version` is 0 or unique to this set of
//! keys and positions (inline caches of globals and modules read entries by position under it).

pub mod iter;
pub mod methods;
pub mod slots;
pub mod table;
pub mod views;

use crate::payload::{Downcast, Payload, TypeDef};
use crate::slots::Slots;
use crate::vm::{OrRaise, Res, Vm};
use crate::{GilCell, Ref, Str, Value, layout};
use core::cell::Cell;
use ophi_heap::{Layout, TypeFlags};
use table::Table;

#[repr(C)]
pub struct Dict {
    pub(crate) table: GilCell<Table>,
    /// Identifies the current keys and their positions for inline caches; 0: not yet numbered.
    keys_version: Cell<u32>,
    /// Made as the `__dict__` of an instance; only `__sizeof__` asks.
    pub(crate) from_instance: Cell<bool>,
}

pub static DICT: TypeDef = TypeDef {
    doc: "dict() -> an empty dict\ndict(mapping) -> with the keys and values of a mapping\ndict(iterable) -> with pairs (key, value) from an iterable\ndict(**kwargs) -> with the names and values of keyword arguments,\n    also behind one of the others",
    flags: TypeFlags::BASETYPE
        .with(TypeFlags::DICT_SUBCLASS)
        .with(TypeFlags::GC)
        .with(TypeFlags::MAPPING)
        .with(TypeFlags::MATCH_SELF),
    slots: Slots {
        repr: Some(slots::repr),
        richcompare: Some(slots::compare),
        iter: Some(iter::iter_keys),
        init: Some(slots::init),
        new: Some(slots::new),
        or: Some(slots::or),
        inplace_or: Some(slots::inplace_or),
        len: Some(slots::len),
        getitem: Some(slots::getitem),
        setitem: Some(slots::setitem),
        contains: Some(slots::contains),
        ..Slots::NONE
    },
    tables: &[Dict::METHODS],
    ..TypeDef::of::<Dict>("dict", &crate::objects::object::OBJECT)
};

impl Payload for Dict {
    fn def() -> &'static TypeDef {
        &DICT
    }
    const LAYOUT: &'static Layout = layout!("dict");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

impl crate::Trace for Dict {
    fn trace(&self, visitor: &mut crate::Visitor<'_>) {
        self.table.trace(visitor)
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.table.describe(edges)
    }
    fn clear(&self) {
        self.clear_for_collector()
    }
}

/// As many pairs fit into the smallest table.
const SMALL: usize = 5;

/// What a search found.
enum Found {
    At(usize),
    Nowhere,
    /// The candidate at this entry has the hash but is another object: compare with `==`.
    Maybe(usize, Value),
}

impl Dict {
    #[inline(always)]
    pub const fn empty() -> Dict {
        Dict { table: GilCell::new(Table::new()), keys_version: Cell::new(0), from_instance: Cell::new(false) }
    }

    pub fn new(vm: &Vm) -> Res<Ref<Dict>> {
        vm.make_object(Dict::empty)
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.table.with(|t| t.used())
    }

    #[inline(always)]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Position of `key` among the entries.
    #[inline]
    pub fn find(&self, vm: &Vm, key: &Value, hash: i64) -> Res<Option<usize>> {
        match self.table.with(|t| t.find(key, hash, 0)) {
            table::Probe::Hit(i) => Ok(Some(i)),
            table::Probe::Miss => Ok(None),
            table::Probe::Candidate(_) => self.find_by_comparing(vm, key, hash),
        }
    }

    /// A key of the same hash has to be asked whether it is equal, which may run Python code that changes the dict.
    #[inline(never)]
    fn find_by_comparing(&self, vm: &Vm, key: &Value, hash: i64) -> Res<Option<usize>> {
        loop {
            let mut skip = 0;
            let generation = self.table.with(|t| t.generation);
            loop {
                let found = self.table.with(|t| match t.find(key, hash, skip) {
                    table::Probe::Hit(i) => Found::At(i),
                    table::Probe::Miss => Found::Nowhere,
                    table::Probe::Candidate(i) => Found::Maybe(i, t.key(i)),
                });
                match found {
                    Found::At(i) => return Ok(Some(i)),
                    Found::Nowhere => return Ok(None),
                    Found::Maybe(i, candidate) => {
                        let equal = vm.equal(&candidate, key)?;
                        let (here, unchanged) =
                            self.table.with(|t| (t.is_key(i, &candidate), t.generation == generation));
                        if here && equal {
                            return Ok(Some(i));
                        }
                        if !here || !unchanged {
                            break; // changed meanwhile: from the beginning
                        }
                        skip += 1;
                    }
                }
            }
        }
    }

    /// Position of an exact str; runs no Python code unless a key is an instance of a str subclass.
    #[inline]
    pub fn find_str(&self, vm: &Vm, key: &Ref<Str>) -> Option<usize> {
        let hash = key.hash(vm);
        let quick = self.table.with(|t| t.find_str(key, hash));
        match quick {
            table::Probe::Hit(i) => Some(i),
            table::Probe::Miss => None,
            table::Probe::Candidate(_) => match self.find(vm, key.as_value(), hash) {
                Ok(found) => found,
                Err(raised) => {
                    vm.forget(raised);
                    None
                }
            },
        }
    }

    pub fn get(&self, vm: &Vm, key: &Value) -> Res<Option<Value>> {
        let hash = vm.hash_key(key)?;
        self.get_hashed(vm, key, hash)
    }

    pub fn get_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> Res<Option<Value>> {
        let found = self.find(vm, key, hash)?;
        Ok(found.and_then(|i| self.value_at(i)))
    }

    #[inline]
    pub fn get_str(&self, vm: &Vm, key: &Ref<Str>) -> Option<Value> {
        self.find_str(vm, key).and_then(|i| self.value_at(i))
    }

    /// By text, for native code that has no interned name at hand.
    /// As [`Dict::get_str`]; looks first where the key stood the last time, be it in another dict.
    #[inline]
    pub fn get_str_near(&self, vm: &Vm, key: &Ref<Str>, place: &Cell<u32>) -> Option<Value> {
        if let Some(value) = self.value_if_key(place.get() as usize, key.as_value()) {
            return Some(value);
        }
        let position = self.find_str(vm, key)?;
        place.set(position as u32);
        self.value_at(position)
    }

    pub fn get_text(&self, vm: &Vm, key: &str) -> Res<Option<Value>> {
        Ok(self.get_str(vm, &vm.intern(key)?))
    }

    /// The value of the entry at a position; `None` for deleted entries and beyond the end.
    #[inline(always)]
    pub fn value_at(&self, position: usize) -> Option<Value> {
        self.table.with(|t| t.pairs().get(position).and_then(|p| p.value.clone()))
    }

    /// The value at a position when the key there is identical to `key` (inline caches of instance dicts).
    #[inline(always)]
    pub fn value_if_key(&self, position: usize, key: &Value) -> Option<Value> {
        self.table.with(|t| {
            let e = t.pairs().get(position)?;
            if e.key.as_ref()?.is(key) { e.value.clone() } else { None }
        })
    }

    /// Key and value at a position.
    pub fn entry_at(&self, position: usize) -> Option<(Value, Value)> {
        self.table.with(|t| {
            let e = t.pairs().get(position)?;
            Some((e.key.clone()?, e.value.clone()?))
        })
    }

    /// One more than the last position.
    pub fn end(&self) -> usize {
        self.table.with(|t| t.pairs().len())
    }

    /// The position of the next live entry at or after `position`: how iterators walk.
    #[inline]
    pub fn next_position(&self, position: usize) -> Option<usize> {
        self.table.with(|t| {
            let start = position.max(t.front());
            let more = t.pairs().get(start..)?.iter().position(|p| p.key.is_some())?;
            Some(start + more)
        })
    }

    /// The next live entry at or after `position`, with its position.
    #[inline]
    pub fn next_entry(&self, position: usize) -> Option<(usize, Value, Value)> {
        let at = self.next_position(position)?;
        let (key, value) = self.entry_at(at)?;
        Some((at, key, value))
    }

    /// As [`Dict::next_entry`], with the key's hash.
    #[inline]
    pub fn next_hashed(&self, position: usize) -> Option<(usize, Value, Value, i64)> {
        let (at, key, value) = self.next_entry(position)?;
        Some((at, key, value, self.table.with(|t| t.hash_of(at))))
    }

    /// Looks at the pairs in order, deleted ones too. `look` must not run Python code.
    pub fn with_pairs<R>(&self, look: impl FnOnce(&[ophi_heap::indexed::Pair]) -> R) -> R {
        self.table.with(|t| look(t.pairs()))
    }

    /// Whether every key is certain to be exactly a str.
    #[inline]
    pub fn has_texts_only(&self) -> bool {
        self.table.with(|t| t.has_texts_only())
    }

    /// The key at a position.
    #[inline(always)]
    pub fn key_at(&self, position: usize) -> Option<Value> {
        self.table.with(|t| t.pairs().get(position).and_then(|p| p.key.clone()))
    }

    /// Removes the last entry.
    pub fn pop_last(&self) -> Option<(Value, Value)> {
        self.keys_change();
        self.table.with_mut(Table::pop_last)
    }

    /// The last live entry with its position and hash.
    pub fn last_hashed(&self) -> Option<(usize, Value, Value, i64)> {
        self.table.with(|t| {
            let at = t.pairs().iter().rposition(|p| p.value.is_some())?;
            let pair = &t.pairs()[at];
            Some((at, pair.key.clone()?, pair.value.clone()?, t.hash_of(at)))
        })
    }

    /// Puts an entry whose key is absent before all others.
    pub fn insert_first(&self, vm: &Vm, key: Value, hash: i64, value: Value) -> Res<()> {
        self.keys_change();
        self.table.with_mut(|t| t.insert_first(key, hash, value)).or_raise(vm)
    }

    /// Makes the live entry at a position the last one.
    pub fn move_last(&self, vm: &Vm, position: usize, hash: i64) -> Res<()> {
        self.keys_change();
        self.table.with_mut(|t| t.move_last(position, hash)).or_raise(vm)
    }

    /// Takes over all entries of `other` at once; the dict itself is empty.
    pub(crate) fn fill_from(&self, vm: &Vm, other: &Dict) -> Res<()> {
        let mut copy = other.table.with(Table::try_clone).or_raise(vm)?;
        self.keys_change();
        let old = self.table.with_mut(|t| {
            copy.generation = t.generation.wrapping_add(1);
            core::mem::replace(t, copy)
        });
        drop(old);
        Ok(())
    }

    #[inline]
    pub fn set(&self, vm: &Vm, key: &Value, value: Value) -> Res<()> {
        let hash = vm.hash_key(key)?;
        self.set_hashed(vm, key, hash, value)
    }

    #[inline(never)]
    pub fn set_hashed(&self, vm: &Vm, key: &Value, hash: i64, value: Value) -> Res<()> {
        // The usual case is one walk of the table; what was there before is dropped afterwards.
        match self.table.with_mut(|t| t.place(key, hash)) {
            Ok(table::Place::Free(slot)) => {
                self.keys_change();
                self.table.with_mut(|t| t.append_at(slot, key.clone(), hash, value));
                Ok(())
            }
            Ok(table::Place::At(at)) => {
                self.replace_at(at, value);
                Ok(())
            }
            Ok(table::Place::Candidate) => self.set_by_comparing(vm, key, hash, value),
            Err(ophi_heap::OutOfMemory) => Err(vm.no_memory()),
        }
    }

    /// Moves `count` keys, each followed by its value, from `words` into a new dict.
    ///
    /// # Errors
    /// A key cannot be hashed, or its comparison raises: the words that have been moved are UNBOUND then, the others as they were.
    pub fn from_words(vm: &Vm, words: &mut [Value]) -> Res<Ref<Dict>> {
        let dict = Dict::new(vm)?;
        let count = words.len() / 2;
        if count > SMALL {
            let text = words[0].exact::<Str>(vm).is_some();
            dict.table.with_mut(|t| t.reserve_new(count, !text)).or_raise(vm)?;
        }
        for pair in words.chunks_exact_mut(2) {
            let hash = vm.hash_key(&pair[0])?;
            match dict.table.with_mut(|t| t.place(&pair[0], hash)) {
                Ok(table::Place::Free(slot)) => {
                    let key = core::mem::replace(&mut pair[0], Value::UNBOUND);
                    let value = core::mem::replace(&mut pair[1], Value::UNBOUND);
                    dict.table.with_mut(|t| t.append_at(slot, key, hash, value));
                }
                _ => {
                    let key = core::mem::replace(&mut pair[0], Value::UNBOUND);
                    let value = core::mem::replace(&mut pair[1], Value::UNBOUND);
                    dict.set_hashed(vm, &key, hash, value)?;
                }
            }
        }
        Ok(dict)
    }

    #[inline(never)]
    fn set_by_comparing(&self, vm: &Vm, key: &Value, hash: i64, value: Value) -> Res<()> {
        match self.find_by_comparing(vm, key, hash)? {
            Some(i) => self.replace_at(i, value),
            None => self.insert_new(vm, key.clone(), hash, value)?,
        }
        Ok(())
    }

    #[inline]
    pub fn set_str(&self, vm: &Vm, key: &Ref<Str>, value: Value) -> Res<()> {
        match self.find_str(vm, key) {
            Some(i) => {
                self.replace_at(i, value);
                Ok(())
            }
            None => self.insert_new(vm, key.to_value(), key.hash(vm), value),
        }
    }

    pub fn set_text(&self, vm: &Vm, key: &str, value: Value) -> Res<()> {
        self.set_str(vm, &vm.intern(key)?, value)
    }

    /// To be called when a key comes or goes.
    #[inline(always)]
    pub(crate) fn keys_change(&self) {
        self.keys_version.set(0);
    }

    /// Another value for a live entry; keys and positions stay.
    #[inline]
    pub fn replace_at(&self, position: usize, value: Value) {
        let old = self.table.with_mut(|t| t.pairs_mut().get_mut(position).and_then(|p| p.value.replace(value)));
        drop(old);
    }

    /// Makes room for `more` entries at once.
    pub fn reserve(&self, vm: &Vm, more: usize) -> Res<()> {
        self.keys_change();
        self.table.with_mut(|t| t.reserve(more)).or_raise(vm)
    }

    /// Appends an entry for a key known to be absent.
    pub fn insert_new(&self, vm: &Vm, key: Value, hash: i64, value: Value) -> Res<()> {
        self.keys_change();
        self.table.with_mut(|t| t.insert(key, hash, value)).or_raise(vm)
    }

    /// Removes a key; the value it had.
    pub fn remove(&self, vm: &Vm, key: &Value) -> Res<Option<Value>> {
        let hash = vm.hash_key(key)?;
        self.remove_hashed(vm, key, hash)
    }

    pub fn remove_hashed(&self, vm: &Vm, key: &Value, hash: i64) -> Res<Option<Value>> {
        let removed = match self.table.with_mut(|t| t.remove_known(key, hash)) {
            Some(removed) => removed,
            None => self.find(vm, key, hash)?.and_then(|i| self.table.with_mut(|t| t.remove(i, hash))),
        };
        if removed.is_some() {
            self.keys_change();
        }
        Ok(removed.map(|(_, value)| value))
    }

    pub fn remove_str(&self, vm: &Vm, key: &Ref<Str>) -> Option<Value> {
        let i = self.find_str(vm, key)?;
        self.remove_at(i, key.hash(vm)).map(|(_, v)| v)
    }

    /// Removes the live entry at a position; key and value go to the caller.
    pub fn remove_at(&self, position: usize, hash: i64) -> Option<(Value, Value)> {
        self.keys_change();
        self.table.with_mut(|t| t.remove(position, hash))
    }

    /// The value for `key`, storing `default` when absent.
    pub fn set_default(&self, vm: &Vm, key: &Value, default: Value) -> Res {
        let hash = vm.hash_key(key)?;
        if let Some(value) = self.get_hashed(vm, key, hash)? {
            return Ok(value);
        }
        self.insert_new(vm, key.clone(), hash, default.clone())?;
        Ok(default)
    }

    /// Removes everything.
    pub fn clear_all(&self) {
        drop(self.take_table());
    }

    /// Removes everything; all values go before the first key does.
    pub fn clear_values_first(&self) {
        let mut old = self.take_table();
        for pair in old.pairs_mut() {
            drop(pair.value.take());
        }
    }

    fn take_table(&self) -> Table {
        self.keys_change();
        self.table.with_mut(|t| {
            let generation = t.generation.wrapping_add(1);
            let old = std::mem::take(t);
            t.generation = generation;
            old
        })
    }

    pub(crate) fn clear_for_collector(&self) {
        self.clear_all()
    }

    /// New references to all entries in order.
    pub fn items(&self) -> Vec<(Value, Value)> {
        self.table.with(|t| t.pairs().iter().filter_map(|p| Some((p.key.clone()?, p.value.clone()?))).collect())
    }

    pub fn keys(&self) -> Vec<Value> {
        self.table.with(|t| t.pairs().iter().filter_map(|p| p.key.clone()).collect())
    }

    pub fn values(&self) -> Vec<Value> {
        self.table.with(|t| t.pairs().iter().filter_map(|p| p.value.clone()).collect())
    }

    /// A shallow copy with the same order.
    pub fn copy(&self, vm: &Vm) -> Res<Ref<Dict>> {
        let table = self.table.with(Table::try_clone).or_raise(vm)?;
        vm.make_object(|| Dict {
            table: GilCell::new(table),
            keys_version: Cell::new(0),
            from_instance: Cell::new(false),
        })
    }

    /// The version of keys and positions, numbering them when needed; 0: numbers are used up, do not cache.
    pub fn keys_version(&self, vm: &Vm) -> u32 {
        let known = self.keys_version.get();
        if known != 0 {
            return known;
        }
        let next = &vm.interpreter().next_keys_version;
        let fresh = next.get();
        if fresh != u32::MAX {
            next.set(fresh + 1);
            self.keys_version.set(fresh);
            return fresh;
        }
        0
    }

    /// The version as it stands; 0 when not numbered.
    #[inline(always)]
    pub fn current_keys_version(&self) -> u32 {
        self.keys_version.get()
    }

    /// Changes whenever entries are added, removed or moved (not when a value is replaced).
    pub fn generation(&self) -> u32 {
        self.table.with(|t| t.generation)
    }

    /// Copies all entries of `other`, replacing values of keys already here.
    pub fn update_from(&self, vm: &Vm, other: &Dict) -> Res<()> {
        let mut position = 0;
        while let Some((at, key, value)) = other.next_entry(position) {
            self.set(vm, &key, value)?;
            position = at + 1;
        }
        Ok(())
    }

    /// Whether the key is there.
    #[inline]
    pub fn contains(&self, vm: &Vm, key: &Value) -> Res<bool> {
        let hash = vm.hash_key(key)?;
        Ok(self.find(vm, key, hash)?.is_some())
    }
}

impl Vm {
    pub fn new_dict(&self) -> Res<Ref<Dict>> {
        Dict::new(self)
    }
}

/// The dict in `value`, subclasses included.
pub fn as_dict(value: &Value) -> Option<&Ref<Dict>> {
    value.downcast::<Dict>()
}
