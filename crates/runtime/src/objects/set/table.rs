//! The hash table under `set`: open addressing with short linear probes, laid out exactly as CPython's Objects/setobject.c
//! lays it out, so that sets of equal hashes built in the same way iterate in the same order.
//!
//! Invariant: `used` keys, `fill` keys and removed places; at least one unused place, so that every search ends.

use crate::objects::dict::table::known_equal;
use crate::{Trace, Value, Visitor};
use ophi_heap::{
    Buffer, OutOfMemory, Place, REMOVED, copied_places, drop_places, find_place, free_place, in_registers, new_buffer,
    unused_places,
};

/// Places looked at one after the other.
const RUN: usize = 10;
pub const MIN_SIZE: usize = 8;

pub struct SetTable {
    /// Empty, or `mask + 1` places.
    pub entries: Buffer<Place>,
    pub mask: usize,
    pub fill: usize,
    pub used: usize,
    /// Where `pop` goes on searching.
    finger: usize,
    /// Whether any key is an object, or has been: without, copies count no references, and nothing is to be given up.
    objects: bool,
    /// Changes when places are given out anew.
    pub generation: u32,
}

pub enum Probe {
    Hit(usize),
    /// The place where the key would go: unused, or one that has lost its key.
    Free(usize),
    /// Same hash, another object.
    Candidate(usize),
}

impl Default for SetTable {
    fn default() -> SetTable {
        SetTable::new()
    }
}

impl SetTable {
    pub const fn new() -> SetTable {
        SetTable {
            entries: new_buffer(),
            mask: MIN_SIZE - 1,
            fill: 0,
            used: 0,
            finger: 0,
            objects: false,
            generation: 0,
        }
    }

    /// Searches by identity and hash, passing over the first `skip` candidates (compared unequal already).
    #[inline(always)]
    pub fn find(&self, key: &Value, hash: i64, skip: usize) -> Probe {
        if self.entries.is_empty() {
            return Probe::Free(hash as usize & self.mask);
        }
        let mut skip = skip;
        let found = find_place::<RUN, _>(&self.entries, hash, |at, own| {
            if own.is(key) { Some(Probe::Hit(at)) } else { of_same_hash(own, key, at, &mut skip) }
        });
        found.unwrap_or_else(Probe::Free)
    }

    /// Whether a key is there, if the first place of its hash tells.
    #[inline(always)]
    pub fn first_tells(&self, key: &Value, hash: i64) -> Option<bool> {
        match self.entries.get(hash as usize & self.mask) {
            Some(Place { key: Some(own), .. }) if own.is(key) => Some(true),
            None | Some(Place { key: None, hash: 0 }) => Some(false),
            _ => None,
        }
    }

    /// Whether a key is there, if that can be told without comparing objects of the same hash.
    #[inline(always)]
    pub fn tells(&self, key: &Value, hash: i64) -> Option<bool> {
        match self.find(key, hash, 0) {
            Probe::Hit(_) => Some(true),
            Probe::Free(_) => Some(false),
            Probe::Candidate(_) => None,
        }
    }

    /// Puts a key into the first place of its hash if that has never been used, and the table need not grow: so it is for most
    /// keys. Else the key comes back.
    #[inline(always)]
    pub fn insert_first(&mut self, key: Value, hash: i64) -> Result<(), Value> {
        let fill = self.fill + 1;
        match self.entries.get_mut(hash as usize & self.mask) {
            Some(place @ Place { key: None, hash: 0 }) if fill * 5 < self.mask * 3 => {
                self.objects |= key.is_object();
                place.hash = hash;
                // Nothing is there to be dropped.
                core::mem::forget(place.key.replace(key));
                self.used += 1;
                self.fill = fill;
                Ok(())
            }
            _ => Err(key),
        }
    }

    /// Puts a key that is absent into the free place that [`SetTable::find`] named.
    #[inline(always)]
    pub fn insert_at(&mut self, at: usize, key: Value, hash: i64) -> Result<(), OutOfMemory> {
        self.ensure_places()?;
        let is_unused = self.entries[at].hash != REMOVED;
        self.put(at, key, hash);
        self.used += 1;
        if !is_unused {
            return Ok(());
        }
        self.fill += 1;
        if self.fill * 5 < self.mask * 3 {
            return Ok(());
        }
        self.grow()
    }

    /// Into a place without key.
    #[inline(always)]
    fn put(&mut self, at: usize, key: Value, hash: i64) {
        self.objects |= key.is_object();
        let place = &mut self.entries[at];
        place.hash = hash;
        // Nothing is there to be dropped.
        core::mem::forget(place.key.replace(key));
    }

    #[cold]
    fn grow(&mut self) -> Result<(), OutOfMemory> {
        self.resize(if self.used > 50_000 { self.used * 2 } else { self.used * 4 })
    }

    /// A table with more than `minimum` places; removed places go.
    pub fn resize(&mut self, minimum: usize) -> Result<(), OutOfMemory> {
        let size = size_for(minimum);
        let fresh = in_registers(unused_places(size)?);
        let old = in_registers(core::mem::replace(&mut self.entries, fresh));
        self.mask = size - 1;
        self.fill = self.used;
        self.generation = self.generation.wrapping_add(1);
        for entry in old {
            if let Some(key) = entry.key {
                self.insert_clean(key, entry.hash);
            }
        }
        Ok(())
    }

    /// Into a table without removed places, a key known to be absent. The counts are the caller's.
    #[inline]
    pub fn insert_clean(&mut self, key: Value, hash: i64) {
        let at = free_place::<RUN>(&self.entries, hash);
        self.put(at, key, hash);
    }

    /// Takes all of `other` over into a table without keys, that will have `size` places.
    pub fn fill_from(&mut self, other: &SetTable, size: usize) -> Result<(), OutOfMemory> {
        debug_assert!(self.fill == 0);
        let copied = size == other.mask + 1 && other.fill == other.used;
        let fresh = if copied { copied_places(&other.entries, other.objects)? } else { unused_places(size)? };
        // No keys are in it.
        self.entries = in_registers(fresh);
        self.objects |= other.objects;
        self.mask = size - 1;
        if !copied {
            for Place { key, hash } in &other.entries {
                if let Some(key) = key {
                    self.insert_clean(key.clone(), *hash);
                }
            }
        }
        self.fill = other.used;
        self.used = other.used;
        self.generation = self.generation.wrapping_add(1);
        Ok(())
    }

    /// Whether so many keys more want a larger table, and how large it will be then.
    #[inline]
    pub fn size_with(&self, more: usize) -> Option<usize> {
        ((self.fill + more) * 5 >= self.mask * 3).then(|| size_for((self.used + more) * 2))
    }

    /// Other places instead of its own, which are returned; `pop` goes on searching from where it was.
    pub fn exchange(&mut self, mut other: SetTable) -> SetTable {
        other.finger = self.finger;
        other.generation = self.generation.wrapping_add(1);
        core::mem::replace(self, other)
    }

    pub fn remove_at(&mut self, at: usize) -> Option<Value> {
        let entry = self.entries.get_mut(at)?;
        let key = entry.key.take()?;
        entry.hash = REMOVED;
        self.used -= 1;
        Some(key)
    }

    /// Removes any key: the next one from where the last `pop` ended.
    pub fn pop(&mut self) -> Option<Value> {
        if self.used == 0 {
            return None;
        }
        let mut at = self.finger & self.mask;
        while self.entries[at].key.is_none() {
            at += 1;
            if at > self.mask {
                at = 0;
            }
        }
        self.finger = at + 1;
        self.remove_at(at)
    }

    /// The next key at or after `position`.
    pub fn next(&self, position: usize) -> Option<(usize, Value, i64)> {
        let rest = self.entries.get(position..)?;
        let (offset, entry) = rest.iter().enumerate().find(|(_, e)| e.key.is_some())?;
        Some((position + offset, entry.key.clone()?, entry.hash))
    }

    /// Makes the places real before the first key goes in.
    #[inline(always)]
    pub fn ensure_places(&mut self) -> Result<(), OutOfMemory> {
        if self.entries.is_empty() {
            self.entries = unused_places(self.mask + 1)?;
        }
        Ok(())
    }
}

/// What a key of the same hash that is not the same object means.
#[inline(never)]
fn of_same_hash(own: &Value, key: &Value, at: usize, skip: &mut usize) -> Option<Probe> {
    match known_equal(own, key) {
        Some(equal) => equal.then_some(Probe::Hit(at)),
        None if *skip > 0 => {
            *skip -= 1;
            None
        }
        None => Some(Probe::Candidate(at)),
    }
}

/// The least table with more than `minimum` places.
fn size_for(minimum: usize) -> usize {
    (minimum + 1).next_power_of_two().max(MIN_SIZE)
}

impl Drop for SetTable {
    #[inline]
    fn drop(&mut self) {
        drop_places(&mut self.entries, self.objects);
    }
}

impl Trace for SetTable {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        if self.objects {
            for entry in &self.entries {
                entry.key.trace(visitor);
            }
        }
    }
}
