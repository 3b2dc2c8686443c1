//! The intern table: one string object per text.
//!
//! The table does not own what it holds: a string leaves it when the last reference is gone. The names of builtin things are immortal
//! ([`Vm::intern_forever`]). After CPython's `interned` (Objects/unicodeobject.c), whose mortal strings it does not count either.

use super::{Member, Str};
use crate::payload::Downcast;
use crate::vm::bootstrap::with_current;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref};
use hashbrown::HashTable;

pub struct InternTable {
    strings: GilCell<HashTable<Member>>,
}

impl Default for InternTable {
    /// With room for what a start interns.
    fn default() -> InternTable {
        InternTable { strings: GilCell::new(HashTable::with_capacity(3500)) }
    }
}

impl InternTable {
    pub fn intern_text(&self, vm: &Vm, text: &str) -> Res<Ref<Str>> {
        // The hash of text is that of its raw units; for ASCII they are the text's bytes.
        if text.is_ascii() {
            let hash = super::hash::hash_bytes(text.as_bytes(), vm.interpreter().hash_key) as u64;
            if let Some(found) = self.find(hash, |s| s.as_ascii() == Some(text)) {
                return Ok(found);
            }
        }
        let fresh = vm.new_str(text)?;
        if text.is_ascii() { self.add(vm, fresh.hash(vm) as u64, fresh) } else { self.intern(vm, &fresh) }
    }

    pub fn intern(&self, vm: &Vm, string: &Ref<Str>) -> Res<Ref<Str>> {
        if string.is_interned() {
            return Ok(string.clone());
        }
        let hash = string.hash(vm) as u64;
        if let Some(found) = self.find(hash, |s| s.equals(string)) {
            return Ok(found);
        }
        let exact = match string.as_value().exact::<Str>(vm) {
            Some(exact) => exact.clone(),
            // An instance of a subclass: a plain copy is interned.
            None => vm.new_str_from(string.kind(), string.len(), string.code_points())?,
        };
        self.add(vm, hash, exact)
    }

    #[inline]
    fn find(&self, hash: u64, is_it: impl Fn(&Ref<Str>) -> bool) -> Option<Ref<Str>> {
        self.strings.with(|t| t.find(hash, |m| is_it(m.get()) && m.lives()).map(|m| m.get().clone()))
    }

    /// Enters an exact `str` whose text is not there.
    fn add(&self, vm: &Vm, hash: u64, exact: Ref<Str>) -> Res<Ref<Str>> {
        let Some(member) = Member::of(&exact) else { return Ok(exact) };
        let added = self.strings.with_mut(|t| {
            let room = t.try_reserve(1, |m| super::hash::hash_bytes(m.get().raw(), vm.interpreter().hash_key) as u64);
            if room.is_ok() {
                t.insert_unique(hash, member, |m| m.get().known_hash() as u64);
            }
            room.is_ok()
        });
        if !added {
            return Err(vm.no_memory());
        }
        exact.mark_interned(true);
        Ok(exact)
    }

    fn remove(&self, string: &Str) {
        self.strings.with_mut(|t| {
            if let Ok(entry) = t.find_entry(string.known_hash() as u64, |m| m.is(string)) {
                entry.remove();
            }
        })
    }

    /// How many strings there are, and how many of them are immortal.
    pub fn len(&self) -> (usize, usize) {
        self.strings.with(|t| (t.len(), t.iter().filter(|m| m.get().header().is_immortal()).count()))
    }
}

/// An interned string goes.
#[cold]
#[inline(never)]
pub(super) fn leave(string: &Str) {
    with_current(|vm| vm.interpreter().interned.remove(string));
}
