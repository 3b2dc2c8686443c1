//! Union, intersection, difference and symmetric difference of a set with a set, a dict or any iterable.

use super::Set;
use super::table::Entry;
use crate::payload::Downcast;
use crate::vm::{OrRaise, Res, Vm};
use crate::{Dict, Ref, TypeRef, Value};

impl Set {
    /// The class that operators and methods give their results: `set` or `frozenset`, for subclasses too.
    pub fn base_class<'a>(vm: &'a Vm, this: &Value) -> &'a TypeRef {
        if super::is_frozen(vm, this) { vm.ty(&super::FROZENSET) } else { vm.ty(&super::SET) }
    }

    /// Adds all items of an iterable.
    pub fn update(&self, vm: &Vm, other: &Value) -> Res<()> {
        if let Some(set) = other.downcast::<Set>() {
            return self.merge(vm, set);
        }
        if let Some(dict) = other.exact::<Dict>(vm) {
            let size = dict.len();
            self.table
                .with_mut(|t| if (t.fill + size) * 5 >= t.mask * 3 { t.resize((t.used + size) * 2) } else { Ok(()) })
                .or_raise(vm)?;
            let mut position = 0;
            while let Some((at, key, _, hash)) = dict.next_hashed(position) {
                self.add_hashed(vm, &key, hash)?;
                position = at + 1;
            }
            return Ok(());
        }
        vm.for_each(other, |vm, item| self.add(vm, &item).map(drop))
    }

    /// CPython `set_merge`: how it copies decides the order.
    fn merge(&self, vm: &Vm, other: &Ref<Set>) -> Res<()> {
        if core::ptr::eq::<Set>(self, &**other) || other.is_empty() {
            return Ok(());
        }
        let done = self
            .table
            .with_mut(|t| {
                other.table.with(|o| {
                    if (t.fill + o.used) * 5 >= t.mask * 3 {
                        t.resize((t.used + o.used) * 2)?;
                    }
                    if t.fill != 0 {
                        return Ok(false);
                    }
                    if t.mask == o.mask && o.fill == o.used {
                        // An empty table has no keys to drop.
                        t.entries = o.copy_places()?;
                    } else {
                        t.ensure_places()?;
                        for Entry { key, hash } in &o.entries {
                            if let Some(key) = key {
                                t.insert_clean(key.clone(), *hash);
                            }
                        }
                    }
                    t.fill = o.used;
                    t.used = o.used;
                    t.generation = t.generation.wrapping_add(1);
                    Ok(true)
                })
            })
            .or_raise(vm)?;
        if done {
            return Ok(());
        }
        let mut position = 0;
        while let Some((at, key, hash)) = other.next(position) {
            self.add_hashed(vm, &key, hash)?;
            position = at + 1;
        }
        Ok(())
    }

    /// A new set of class `cls` with the same elements.
    pub fn copy_as(&self, vm: &Vm, cls: &TypeRef, this: &Value) -> Res<Ref<Set>> {
        let copy = Set::new_of(vm, cls)?;
        debug_assert!(this.is_a::<Set>());
        copy.update(vm, this)?;
        Ok(copy)
    }

    /// The elements that `other` has too, as a set of the base class.
    pub fn intersection_of(&self, vm: &Vm, this: &Value, other: &Value) -> Res<Ref<Set>> {
        let result = Set::new_of(vm, Set::base_class(vm, this))?;
        if this.is(other) {
            result.update(vm, this)?;
            return Ok(result);
        }
        if let Some(set) = other.downcast::<Set>() {
            // The smaller is walked.
            let (walked, asked): (&Set, &Set) = if set.len() > self.len() { (self, set) } else { (set, self) };
            let mut position = 0;
            while let Some((at, key, hash)) = walked.next(position) {
                if asked.contains_hashed(vm, &key, hash)? {
                    result.add_hashed(vm, &key, hash)?;
                }
                position = at + 1;
            }
            return Ok(result);
        }
        let iterator = vm.iter(other)?;
        while let Some(item) = vm.next(&iterator)? {
            let hash = vm.hash(&item)?;
            if self.contains_hashed(vm, &item, hash)? {
                result.add_hashed(vm, &item, hash)?;
                if result.len() == self.len() {
                    break; // nothing more can come
                }
            }
        }
        Ok(result)
    }

    /// For views: the intersection of a plain set with an iterable.
    pub fn intersection(self: &Set, vm: &Vm, other: &Value) -> Res<Ref<Set>> {
        let result = Set::new(vm)?;
        let iterator = vm.iter(other)?;
        while let Some(item) = vm.next(&iterator)? {
            let hash = vm.hash_element(&item)?;
            if self.contains_hashed(vm, &item, hash)? {
                result.add_hashed(vm, &item, hash)?;
            }
        }
        Ok(result)
    }

    /// Removes what `other` has. `other` may be the set itself.
    pub fn difference_update(&self, vm: &Vm, other: &Value) -> Res<()> {
        match other.downcast::<Set>() {
            Some(set) if core::ptr::eq::<Set>(self, &**set) => {
                self.clear_all();
                return Ok(());
            }
            Some(set) => {
                let mut set = set.clone();
                if set.len() >> 3 > self.len() {
                    // Far larger: only what both have matters.
                    let common = Set::new(vm)?;
                    let mut position = 0;
                    while let Some((at, key, hash)) = self.next(position) {
                        if set.contains_hashed(vm, &key, hash)? {
                            common.add_hashed(vm, &key, hash)?;
                        }
                        position = at + 1;
                    }
                    set = common;
                }
                let mut position = 0;
                while let Some((at, key, hash)) = set.next(position) {
                    self.discard_hashed(vm, &key, hash)?;
                    position = at + 1;
                }
            }
            None => {
                let iterator = vm.iter(other)?;
                while let Some(item) = vm.next(&iterator)? {
                    let hash = vm.hash_element(&item)?;
                    self.discard_hashed(vm, &item, hash)?;
                }
            }
        }
        self.table
            .with_mut(|t| {
                if t.fill - t.used <= t.mask / 4 {
                    return Ok(());
                }
                t.resize(if t.used > 50_000 { t.used * 2 } else { t.used * 4 })
            })
            .or_raise(vm)
    }

    /// The elements that `other` has not, as a set of the base class.
    pub fn difference_of(&self, vm: &Vm, this: &Value, other: &Value) -> Res<Ref<Set>> {
        let base = Set::base_class(vm, this);
        let (set, dict) = (other.downcast::<Set>(), other.exact::<Dict>(vm));
        let size = match (set, dict) {
            (Some(set), _) => set.len(),
            (_, Some(dict)) => dict.len(),
            _ => usize::MAX,
        };
        if (set.is_none() && dict.is_none()) || self.len() >> 2 > size {
            let copy = self.copy_as(vm, base, this)?;
            copy.difference_update(vm, other)?;
            return Ok(copy);
        }
        let result = Set::new_of(vm, base)?;
        let mut position = 0;
        while let Some((at, key, hash)) = self.next(position) {
            let there = match (set, dict) {
                (Some(set), _) => set.contains_hashed(vm, &key, hash)?,
                (_, Some(dict)) => dict.get_hashed(vm, &key, hash)?.is_some(),
                _ => false,
            };
            if !there {
                result.add_hashed(vm, &key, hash)?;
            }
            position = at + 1;
        }
        Ok(result)
    }

    /// Keeps what exactly one of the two has.
    pub fn symmetric_difference_update(&self, vm: &Vm, other: &Value) -> Res<()> {
        if let Some(set) = other.downcast::<Set>()
            && core::ptr::eq::<Set>(self, &**set)
        {
            self.clear_all();
            return Ok(());
        }
        if let Some(dict) = other.exact::<Dict>(vm) {
            let mut position = 0;
            while let Some((at, key, _, hash)) = dict.next_hashed(position) {
                self.toggle(vm, &key, hash)?;
                position = at + 1;
            }
            return Ok(());
        }
        let set = match other.downcast::<Set>() {
            Some(set) => set.clone(),
            None => {
                let made = Set::new(vm)?;
                made.update(vm, other)?;
                made
            }
        };
        let mut position = 0;
        while let Some((at, key, hash)) = set.next(position) {
            self.toggle(vm, &key, hash)?;
            position = at + 1;
        }
        Ok(())
    }

    fn toggle(&self, vm: &Vm, key: &Value, hash: i64) -> Res<()> {
        if !self.discard_hashed(vm, key, hash)? {
            self.add_hashed(vm, key, hash)?;
        }
        Ok(())
    }

    /// Puts the elements of `other` in place of the set's own.
    pub fn swap_elements(&self, other: &Set) {
        let theirs = other.table.replace(super::table::SetTable::new());
        let generation = self.table.with(|t| t.generation).wrapping_add(1);
        let old = self.table.replace(theirs);
        self.table.with_mut(|t| t.generation = generation);
        self.hash.set(-1);
        drop(old);
    }

    /// Whether every element is in `other`.
    pub fn is_subset(&self, vm: &Vm, other: &Set) -> Res<bool> {
        if self.len() > other.len() {
            return Ok(false);
        }
        let mut position = 0;
        while let Some((at, key, hash)) = self.next(position) {
            if !other.contains_hashed(vm, &key, hash)? {
                return Ok(false);
            }
            position = at + 1;
        }
        Ok(true)
    }
}
