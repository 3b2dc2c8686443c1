//! The hash table under `set`: open addressing with short linear probes, laid out exactly as CPython's Objects/setobject.c
//! lays it out, so that sets of equal hashes built in the same way iterate in the same order.
//!
//! Invariant: `used` keys, `fill` keys and removed places; at least one unused place, so that every search ends.

use crate::payload::Downcast;
use crate::{Str, Trace, Value, Visitor};
use ophi_heap::{Buffer, OutOfMemory, buffer_with_capacity, new_buffer};

pub struct Entry {
    pub key: Option<Value>,
    /// Without a key: 0 unused, -1 removed (no hash is -1).
    pub hash: i64,
}

const REMOVED: i64 = -1;
const LINEAR_PROBES: usize = 9;
const PERTURB_SHIFT: u32 = 5;
pub const MIN_SIZE: usize = 8;

pub struct SetTable {
    /// Empty, or `mask + 1` places.
    pub entries: Buffer<Entry>,
    pub mask: usize,
    pub fill: usize,
    pub used: usize,
    /// Where `pop` goes on searching.
    finger: usize,
    /// Changes when places are given out anew.
    pub generation: u32,
}

pub enum Probe {
    Hit(usize),
    /// The unused place where the key would go.
    Free(usize),
    /// Same hash, another object.
    Candidate(usize),
}

impl SetTable {
    pub const fn new() -> SetTable {
        SetTable { entries: new_buffer(), mask: MIN_SIZE - 1, fill: 0, used: 0, finger: 0, generation: 0 }
    }

    /// Visits the places of a hash in order until `visit` answers.
    #[inline(always)]
    fn walk<T>(&self, hash: i64, mut visit: impl FnMut(usize, &Entry) -> Option<T>) -> T {
        let mask = self.mask;
        let mut i = hash as usize & mask;
        let mut perturb = hash as u64;
        loop {
            let probes = if i + LINEAR_PROBES <= mask { LINEAR_PROBES } else { 0 };
            for at in i..=i + probes {
                if let Some(answer) = visit(at, &self.entries[at]) {
                    return answer;
                }
            }
            perturb >>= PERTURB_SHIFT;
            i = i.wrapping_mul(5).wrapping_add(1).wrapping_add(perturb as usize) & mask;
        }
    }

    /// Searches by identity and hash, passing over the first `skip` candidates (compared unequal already).
    #[inline]
    pub fn find(&self, key: &Value, hash: i64, skip: usize) -> Probe {
        if self.entries.is_empty() {
            return Probe::Free(hash as usize & self.mask);
        }
        let mut skip = skip;
        let plain = is_plain_str(key);
        self.walk(hash, |at, entry| {
            let Some(own) = &entry.key else { return (entry.hash == 0).then_some(Probe::Free(at)) };
            if entry.hash != hash {
                return None;
            }
            if own.is(key) {
                return Some(Probe::Hit(at));
            }
            if crate::objects::dict::table::differ_as_words(own, key) {
                return None;
            }
            if plain
                && is_plain_str(own)
                && let (Some(a), Some(b)) = (own.downcast::<Str>(), key.downcast::<Str>())
            {
                return a.equals(b).then_some(Probe::Hit(at));
            }
            if skip > 0 {
                skip -= 1;
                return None;
            }
            Some(Probe::Candidate(at))
        })
    }

    /// Puts a key that is absent into the free place that [`SetTable::find`] named.
    #[inline]
    pub fn insert_at(&mut self, at: usize, key: Value, hash: i64) -> Result<(), OutOfMemory> {
        if self.entries.is_empty() {
            self.entries = unused(self.mask + 1)?;
        }
        self.entries[at] = Entry { key: Some(key), hash };
        self.fill += 1;
        self.used += 1;
        if self.fill * 5 < self.mask * 3 {
            return Ok(());
        }
        self.grow()
    }

    #[cold]
    fn grow(&mut self) -> Result<(), OutOfMemory> {
        self.resize(if self.used > 50_000 { self.used * 2 } else { self.used * 4 })
    }

    /// A table with more than `minimum` places; removed places go.
    pub fn resize(&mut self, minimum: usize) -> Result<(), OutOfMemory> {
        let mut size = MIN_SIZE;
        while size <= minimum {
            size <<= 1;
        }
        let fresh = unused(size)?;
        let old = core::mem::replace(&mut self.entries, fresh);
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
    pub fn insert_clean(&mut self, key: Value, hash: i64) {
        let at = self.walk(hash, |at, entry| entry.key.is_none().then_some(at));
        self.entries[at] = Entry { key: Some(key), hash };
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

    /// The same table, place by place.
    pub fn copy_places(&self) -> Result<Buffer<Entry>, OutOfMemory> {
        let mut copy = buffer_with_capacity(self.entries.len())?;
        copy.extend(self.entries.iter().map(|e| Entry { key: e.key.clone(), hash: e.hash }));
        Ok(copy)
    }

    /// Makes the places real before keys go in by [`SetTable::insert_clean`].
    pub fn ensure_places(&mut self) -> Result<(), OutOfMemory> {
        if self.entries.is_empty() {
            self.entries = unused(self.mask + 1)?;
        }
        Ok(())
    }
}

fn unused(size: usize) -> Result<Buffer<Entry>, OutOfMemory> {
    let mut places = buffer_with_capacity(size)?;
    places.resize_with(size, || Entry { key: None, hash: 0 });
    Ok(places)
}

#[inline(always)]
fn is_plain_str(value: &Value) -> bool {
    value.header().is_some_and(|h| {
        let flags = h.type_head().flags.get();
        flags.has(ophi_heap::TypeFlags::STR) && !flags.has(ophi_heap::TypeFlags::HEAP)
    })
}

impl Trace for SetTable {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        for entry in &self.entries {
            entry.key.trace(visitor);
        }
    }
}
