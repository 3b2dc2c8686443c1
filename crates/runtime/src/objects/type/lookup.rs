//! Looking a name up along the MRO, cached per class version.
//!
//! A version number is given to a class when first needed and taken away (with those of all subclasses) whenever a namespace
//! along its MRO changes; numbers are never used again. So a cache entry is right exactly while version and name agree,
//! and may hold the found value without owning it; the name is owned. After CPython Objects/typeobject.c (`_PyType_Lookup`).

use super::{Type, TypeRef};
use crate::payload::Downcast;
use crate::vm::Vm;
use crate::{Ref, Str, Value};
use core::cell::Cell;

const CACHE_SIZE: usize = 4096;

#[derive(Clone, Copy)]
struct Entry {
    version: u32,
    name: u64,
    /// Word of the value, not owned; 0: the name is not found.
    found: u64,
}

pub struct MethodCache {
    entries: Box<[Cell<Entry>]>,
}

impl MethodCache {
    pub fn new() -> MethodCache {
        MethodCache { entries: (0..CACHE_SIZE).map(|_| Cell::new(Entry { version: 0, name: 0, found: 0 })).collect() }
    }

    #[inline(always)]
    fn slot(&self, version: u32, name: u64) -> &Cell<Entry> {
        &self.entries[((version as u64 ^ (name >> 4)) as usize) % CACHE_SIZE]
    }

    /// Owns the name: its address must not come to mean another one.
    #[allow(unsafe_code)]
    fn put(&self, version: u32, name: &Ref<Str>, found: u64) {
        let word = name.to_value().into_bits();
        let old = self.slot(version, word).replace(Entry { version, name: word, found });
        if old.name != 0 {
            // SAFETY: the entry that is gone owned this reference.
            drop(unsafe { Value::from_bits(old.name) });
        }
    }

    #[allow(unsafe_code)]
    pub fn clear(&self) {
        for e in &self.entries {
            let old = e.replace(Entry { version: 0, name: 0, found: 0 });
            if old.name != 0 {
                // SAFETY: as in `put`.
                drop(unsafe { Value::from_bits(old.name) });
            }
        }
    }

    /// The names, which are owned here.
    #[allow(unsafe_code)]
    pub fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        for e in self.entries.iter().map(Cell::get).filter(|e| e.name != 0) {
            // SAFETY: the word of a reference that the entry owns; not dropped here.
            edges.value(&core::mem::ManuallyDrop::new(unsafe { Value::from_bits(e.name) }));
        }
    }
}

impl Default for MethodCache {
    fn default() -> MethodCache {
        MethodCache::new()
    }
}

impl Type {
    /// What `name` means along the MRO, unbound: the raw class attribute. Runs no Python code for interned names.
    #[inline]
    #[allow(unsafe_code)]
    pub fn lookup(&self, vm: &Vm, name: &Ref<Str>) -> Option<Value> {
        let version = self.fields.version.get();
        if version != 0 {
            let word = name.as_value().bits();
            let entry = vm.interpreter().method_cache.slot(version, word).get();
            if entry.version == version && entry.name == word {
                if entry.found == 0 {
                    return None;
                }
                // SAFETY: the version still stands, so the namespace that owns the value is unchanged and alive.
                let value = core::mem::ManuallyDrop::new(unsafe { Value::from_bits(entry.found) });
                return Some((*value).clone());
            }
        }
        self.lookup_slow(vm, name)
    }

    #[cold]
    #[inline(never)]
    fn lookup_slow(&self, vm: &Vm, name: &Ref<Str>) -> Option<Value> {
        let found = self.lookup_uncached(vm, name);
        if name.is_interned() {
            let version = self.ensure_version(vm);
            if version != 0 {
                vm.interpreter().method_cache.put(version, name, found.as_ref().map_or(0, Value::bits));
            }
        }
        found
    }

    fn lookup_uncached(&self, vm: &Vm, name: &Ref<Str>) -> Option<Value> {
        let mro = self.mro.get()?;
        for class in mro.downcast::<crate::Tuple>()?.as_slice() {
            let Some(class) = class.downcast::<Type>() else { continue };
            if let Some(dict) = class.dict.get()
                && let Some(value) = dict.get_str(vm, name)
            {
                return Some(value);
            }
        }
        None
    }

    /// The class's version, giving it one when it has none. 0: numbers are used up, do not cache.
    pub fn ensure_version(&self, vm: &Vm) -> u32 {
        let version = self.fields.version.get();
        if version != 0 {
            return version;
        }
        if self.uncacheable.get() {
            return 0;
        }
        // A versioned class has versioned bases: `modified` may then stop at classes without one.
        let bases = self.bases.get();
        if let Some(bases) = bases.as_ref().and_then(|b| b.downcast::<crate::Tuple>()) {
            for base in bases.as_slice() {
                if let Some(base) = base.downcast::<Type>()
                    && base.ensure_version(vm) == 0
                {
                    return 0;
                }
            }
        }
        let next = &vm.interpreter().next_type_version;
        let version = next.get();
        if version == u32::MAX {
            return 0;
        }
        next.set(version + 1);
        self.fields.version.set(version);
        version
    }

    /// Must be called after every change of the namespace, bases or MRO: inline caches and the method cache forget.
    #[allow(unsafe_code)]
    pub fn modified(&self) {
        if self.fields.version.get() == 0 {
            return;
        }
        self.fields.version.set(0);
        for sub in self.direct_subclasses() {
            sub.modified();
        }
    }

    /// New references to the direct subclasses, in order of creation.
    #[allow(unsafe_code)]
    pub fn direct_subclasses(&self) -> Vec<TypeRef> {
        self.subclasses.with(|list| {
            list.iter()
                .filter_map(|p| core::ptr::NonNull::new(*p as *mut ophi_heap::Header))
                // SAFETY: a class takes itself out of the list when it dies; one that is dying has count 0 and is left out.
                .filter(|p| unsafe { p.as_ref() }.count() != 0)
                // SAFETY: as above: alive, and only classes are listed.
                .map(|p| unsafe { Ref::from_value_unchecked(Value::from_borrowed(p)) })
                .collect()
        })
    }

    /// Notes a new class among the direct subclasses.
    pub fn add_subclass(&self, sub: &TypeRef) {
        self.subclasses.with_mut(|s| s.push(sub.as_ptr() as *const _));
    }

    /// The same for a class that may be there already.
    pub fn add_subclass_once(&self, sub: &TypeRef) {
        let p = sub.as_ptr() as *const _;
        self.subclasses.with_mut(|s| {
            if !s.contains(&p) {
                s.push(p)
            }
        });
    }
}
