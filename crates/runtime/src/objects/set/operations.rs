//! Union, intersection, difference and symmetric difference of a set with a set, a dict or any iterable.

use super::Set;
use super::table::Probe;
use crate::payload::Downcast;
use crate::vm::{OrRaise, Res, Vm};
use crate::{Dict, Ref, TypeRef, Value};

/// The hash of numbers and text, and of a tuple that has been asked before: no Python code runs.
#[inline(always)]
fn quick_hash(vm: &Vm, value: &Value) -> Option<i64> {
    if !value.is_object() {
        return match value.as_small_int() {
            Some(i) => Some(crate::protocol::basic::hash_i64(i)),
            None => crate::objects::float::slots::hash_f64(value.as_small_float()?),
        };
    }
    match crate::objects::dict::table::plain_str(value) {
        Some(text) => Some(text.hash(vm)),
        None => vm.hash_of_tuple(value).or_else(|| hash_of_int(vm, value)),
    }
}

#[inline(never)]
fn hash_of_int(vm: &Vm, value: &Value) -> Option<i64> {
    value.exact::<crate::Int>(vm).and_then(|_| crate::objects::int::slots::hash_of(value))
}

impl Set {
    /// The class that operators and methods give their results: `set` or `frozenset`, for subclasses too.
    pub fn base_class<'a>(vm: &'a Vm, this: &Value) -> &'a TypeRef {
        let (set, frozen) = (vm.ty(&super::SET), vm.ty(&super::FROZENSET));
        let class = vm.class(this);
        if !class.is(set) && (class.is(frozen) || super::is_frozen(vm, this)) { frozen } else { set }
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
        if let Some(text) = other.exact::<crate::Str>(vm).and_then(|text| text.as_ascii()) {
            // A character that has come already is there.
            let mut seen = [false; 128];
            for b in text.bytes() {
                if !core::mem::replace(&mut seen[b as usize & 127], true) {
                    self.add(vm, vm.single(b as u32)?.as_value())?;
                }
            }
            return Ok(());
        }
        if let Some(list) = other.exact::<crate::List>(vm) {
            return self.add_items(vm, |from| list.items.with(|items| self.add_known(vm, items, from)));
        }
        if let Some(tuple) = other.exact::<crate::Tuple>(vm) {
            return self.add_items(vm, |from| self.add_known(vm, tuple.as_slice(), from));
        }
        vm.for_each(other, |vm, item| self.add(vm, &item).map(drop))
    }

    /// Adds items until one needs Python code: its position, and itself; `None` at the end.
    fn add_known(
        &self,
        vm: &Vm,
        items: &[Value],
        from: usize,
    ) -> Result<Option<(usize, Value)>, ophi_heap::OutOfMemory> {
        self.table.with_mut(|own| {
            let mut next = from;
            while let Some(item) = items.get(next) {
                let i = next;
                next += 1;
                let Some(hash) = quick_hash(vm, item) else { return Ok(Some((i, item.clone()))) };
                let Err(key) = own.insert_first(item.clone(), hash) else { continue };
                match own.find(item, hash, 0) {
                    // Not its last reference.
                    Probe::Hit(_) => drop(key),
                    Probe::Free(at) => own.insert_at(at, key, hash)?,
                    Probe::Candidate(_) => return Ok(Some((i, key))),
                }
            }
            Ok(None)
        })
    }

    fn add_items(
        &self,
        vm: &Vm,
        mut known: impl FnMut(usize) -> Result<Option<(usize, Value)>, ophi_heap::OutOfMemory>,
    ) -> Res<()> {
        let mut from = 0;
        while let Some((at, item)) = known(from).or_raise(vm)? {
            self.add(vm, &item)?;
            from = at + 1;
        }
        Ok(())
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
                    let size = t.size_with(o.used);
                    if t.fill == 0 {
                        return t.fill_from(o, size.unwrap_or(t.mask + 1)).map(|()| true);
                    }
                    if size.is_some() {
                        t.resize((t.used + o.used) * 2)?;
                    }
                    Ok(false)
                })
            })
            .or_raise(vm)?;
        if done { Ok(()) } else { self.add_where(vm, other, |_, _| Some(true), |_, _, _| Ok(true)) }
    }

    /// Adds the elements of `walked` that `wanted` says yes to; when it does not know (`None`), `ask`, which may run Python code,
    /// decides. All that needs none is done while the tables are borrowed once.
    fn add_where(
        &self,
        vm: &Vm,
        walked: &Set,
        wanted: impl Fn(&Value, i64) -> Option<bool>,
        ask: impl Fn(&Vm, &Value, i64) -> Res<bool>,
    ) -> Res<()> {
        let mut position = 0;
        loop {
            // Stops at an element for which Python code must be asked.
            let stopped = self
                .table
                .with_mut(|own| {
                    walked.table.with(|table| {
                        while let Some(place) = table.entries.get(position) {
                            if let Some(key) = &place.key {
                                match wanted(key, place.hash) {
                                    None => return Ok(Some((key.clone(), place.hash, false))),
                                    Some(false) => {}
                                    Some(true) => match own.find(key, place.hash, 0) {
                                        Probe::Hit(_) => {}
                                        Probe::Free(at) => own.insert_at(at, key.clone(), place.hash)?,
                                        Probe::Candidate(_) => return Ok(Some((key.clone(), place.hash, true))),
                                    },
                                }
                            }
                            position += 1;
                        }
                        Ok(None)
                    })
                })
                .or_raise(vm)?;
            let Some((key, hash, sure)) = stopped else { return Ok(()) };
            if sure || ask(vm, &key, hash)? {
                self.add_hashed(vm, &key, hash)?;
            }
            position += 1;
        }
    }

    /// Whether the key is there, when no Python code need be asked.
    #[inline(always)]
    fn knows(&self, key: &Value, hash: i64) -> Option<bool> {
        self.table.with(|t| match t.find(key, hash, 0) {
            Probe::Hit(_) => Some(true),
            Probe::Free(_) => Some(false),
            Probe::Candidate(_) => None,
        })
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
            result.add_where(
                vm,
                walked,
                |key, hash| asked.knows(key, hash),
                |vm, key, hash| asked.contains_hashed(vm, key, hash),
            )?;
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
        if let Some(set) = set {
            result.add_where(
                vm,
                self,
                |key, hash| set.knows(key, hash).map(|there| !there),
                |vm, key, hash| Ok(!set.contains_hashed(vm, key, hash)?),
            )?;
            return Ok(result);
        }
        let mut position = 0;
        while let Some((at, key, hash)) = self.next(position) {
            let there = match dict {
                Some(dict) => dict.get_hashed(vm, &key, hash)?.is_some(),
                None => false,
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
        let old = self.table.with_mut(|t| t.exchange(theirs));
        self.hash.set(-1);
        drop(old);
    }

    /// Whether every element is in `other`.
    pub fn is_subset(&self, vm: &Vm, other: &Set) -> Res<bool> {
        if self.len() > other.len() {
            return Ok(false);
        }
        let mut position = 0;
        loop {
            // Stops at an element that is not there, or for which Python code must be asked.
            let stopped = self.table.with(|table| {
                while let Some(place) = table.entries.get(position) {
                    // Sets made alike have a key at the same place.
                    let alike = |key: &Value| {
                        other.table.with(|t| {
                            t.entries
                                .get(position)
                                .is_some_and(|p| p.hash == place.hash && p.key.as_ref().is_some_and(|k| k.is(key)))
                        })
                    };
                    if let Some(key) = &place.key
                        && !alike(key)
                    {
                        match other.knows(key, place.hash) {
                            Some(true) => {}
                            Some(false) => return Some(Err(())),
                            None => return Some(Ok((key.clone(), place.hash))),
                        }
                    }
                    position += 1;
                }
                None
            });
            match stopped {
                None => return Ok(true),
                Some(Err(())) => return Ok(false),
                Some(Ok((key, hash))) => {
                    if !other.contains_hashed(vm, &key, hash)? {
                        return Ok(false);
                    }
                    position += 1;
                }
            }
        }
    }
}
