//! The intern table: one string object per text.
//!
//! Interned strings are immortal here (as CPython's static ones are): identifiers and constants come back again and again.

use super::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{GilCell, Ref};
use hashbrown::HashTable;

pub struct InternTable {
    strings: GilCell<HashTable<Ref<Str>>>,
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
            let found = self.strings.with(|t| t.find(hash, |s| s.as_ascii() == Some(text)).cloned());
            if let Some(found) = found {
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
        let found = self.strings.with(|t| t.find(hash, |s| s.equals(string)).cloned());
        if let Some(found) = found {
            return Ok(found);
        }
        let exact = match string.as_value().exact::<Str>(vm) {
            Some(exact) => exact.clone(),
            // An instance of a subclass: a plain copy is interned.
            None => vm.new_str_from(string.kind(), string.len(), string.code_points())?,
        };
        self.add(vm, hash, exact)
    }

    /// Enters an exact `str` whose text is not there.
    fn add(&self, vm: &Vm, hash: u64, exact: Ref<Str>) -> Res<Ref<Str>> {
        exact.mark_interned(true);
        exact.header().make_immortal();
        let kept = exact.clone();
        self.strings.with_mut(|t| {
            t.insert_unique(hash, kept, |s| super::hash::hash_bytes(s.raw(), vm.interpreter().hash_key) as u64);
        });
        Ok(exact)
    }

    pub fn len(&self) -> usize {
        self.strings.with(HashTable::len)
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
