//! The hash table under `dict`: indices of 1, 2 or 4 bytes into entries in insertion order.

use crate::payload::Downcast;
use crate::{Str, Trace, Value, Visitor};
use ophi_heap::{Buffer, OutOfMemory, Ref, TryPush, new_buffer};

pub struct Entry {
    pub hash: i64,
    /// `None`: deleted.
    pub key: Option<Value>,
    pub value: Option<Value>,
}

/// Slots of the index table. Stored as `entry + 2`; so that fresh memory is all empty.
const EMPTY: u32 = 0;
const DELETED: u32 = 1;

enum Indices {
    None,
    U8(Buffer<u8>),
    U16(Buffer<u16>),
    U32(Buffer<u32>),
}

pub struct Table {
    indices: Indices,
    mask: usize,
    /// Entries that may still be appended before the table must grow.
    room: usize,
    pub entries: Buffer<Entry>,
    pub used: usize,
    /// All entries before this one are deleted, so that taking the first again and again stays linear.
    pub front: usize,
    /// Changes when entries are added, removed or moved.
    pub generation: u32,
}

pub enum Probe {
    Hit(usize),
    Miss,
    /// Same hash, different object.
    Candidate(usize),
}

const MIN_SIZE: usize = 8;
const PERTURB_SHIFT: u32 = 5;

impl Table {
    pub const fn new() -> Table {
        Table { indices: Indices::None, mask: 0, room: 0, entries: new_buffer(), used: 0, front: 0, generation: 0 }
    }

    #[inline(always)]
    fn index(&self, slot: usize) -> u32 {
        match &self.indices {
            Indices::None => EMPTY,
            Indices::U8(b) => b[slot] as u32,
            Indices::U16(b) => b[slot] as u32,
            Indices::U32(b) => b[slot],
        }
    }

    #[inline(always)]
    fn set_index(&mut self, slot: usize, value: u32) {
        match &mut self.indices {
            Indices::None => {}
            Indices::U8(b) => b[slot] = value as u8,
            Indices::U16(b) => b[slot] = value as u16,
            Indices::U32(b) => b[slot] = value,
        }
    }

    /// Walks the probe sequence of `hash`; `visit` is given each entry index and may stop.
    #[inline(always)]
    fn probe<T>(&self, hash: i64, mut visit: impl FnMut(usize, usize) -> Option<T>) -> Option<T> {
        if matches!(self.indices, Indices::None) {
            return None;
        }
        let mut perturb = hash as u64;
        let mut slot = hash as usize & self.mask;
        loop {
            match self.index(slot) {
                EMPTY => return None,
                DELETED => {}
                entry => {
                    if let Some(answer) = visit(slot, entry as usize - 2) {
                        return Some(answer);
                    }
                }
            }
            perturb >>= PERTURB_SHIFT;
            slot = (slot.wrapping_mul(5).wrapping_add(perturb as usize).wrapping_add(1)) & self.mask;
        }
    }

    /// Searches by identity and hash; passes over the first `skip` candidates (already compared unequal).
    pub fn find(&self, key: &Value, hash: i64, skip: usize) -> Probe {
        let mut skip = skip;
        let key_str = key.downcast::<Str>();
        self.probe(hash, |_, i| {
            let e = &self.entries[i];
            let k = e.key.as_ref()?;
            if k.is(key) {
                return Some(Probe::Hit(i));
            }
            if e.hash != hash {
                return None;
            }
            if let (Some(a), Some(b)) = (key_str, k.downcast::<Str>())
                && is_plain_str(key)
                && is_plain_str(k)
            {
                return a.equals(b).then_some(Probe::Hit(i));
            }
            if !k.is_object() && k.is_small_int() && key.is_small_int() {
                return None; // equal immediates are identical
            }
            if skip > 0 {
                skip -= 1;
                return None;
            }
            Some(Probe::Candidate(i))
        })
        .unwrap_or(Probe::Miss)
    }

    /// Searches for a str; `Candidate` when a key that is no plain str has the same hash.
    #[inline]
    pub fn find_str(&self, key: &Ref<Str>, hash: i64) -> Probe {
        self.probe(hash, |_, i| {
            let e = &self.entries[i];
            let k = e.key.as_ref()?;
            if k.is(key.as_value()) {
                return Some(Probe::Hit(i));
            }
            if e.hash != hash {
                return None;
            }
            match k.downcast::<Str>() {
                Some(other) if is_plain_str(k) && is_plain_str(key.as_value()) => {
                    other.equals(key).then_some(Probe::Hit(i))
                }
                _ => Some(Probe::Candidate(i)),
            }
        })
        .unwrap_or(Probe::Miss)
    }

    pub fn key(&self, entry: usize) -> Value {
        self.entries.get(entry).and_then(|e| e.key.clone()).unwrap_or(Value::UNBOUND)
    }

    pub fn is_key(&self, entry: usize, key: &Value) -> bool {
        self.entries.get(entry).and_then(|e| e.key.as_ref()).is_some_and(|k| k.is(key))
    }

    /// Appends an entry whose key is absent.
    pub fn insert(&mut self, key: Value, hash: i64, value: Value) -> Result<(), OutOfMemory> {
        if self.room == 0 {
            self.grow()?;
        }
        let entry = self.entries.len();
        self.entries.try_push(Entry { hash, key: Some(key), value: Some(value) })?;
        self.room -= 1;
        self.used += 1;
        self.generation = self.generation.wrapping_add(1);
        self.place(hash, entry);
        Ok(())
    }

    /// Puts the entry's index into the first free slot of its probe sequence.
    #[inline]
    fn place(&mut self, hash: i64, entry: usize) {
        let mut perturb = hash as u64;
        let mut slot = hash as usize & self.mask;
        while self.index(slot) > DELETED {
            perturb >>= PERTURB_SHIFT;
            slot = (slot.wrapping_mul(5).wrapping_add(perturb as usize).wrapping_add(1)) & self.mask;
        }
        self.set_index(slot, entry as u32 + 2);
    }

    pub fn remove(&mut self, entry: usize, hash: i64) -> Option<(Value, Value)> {
        let slot = self.probe(hash, |slot, i| (i == entry).then_some(slot))?;
        self.set_index(slot, DELETED);
        self.used -= 1;
        self.generation = self.generation.wrapping_add(1);
        let e = &mut self.entries[entry];
        let pair = (e.key.take()?, e.value.take()?);
        if entry == self.front {
            while self.entries.get(self.front).is_some_and(|e| e.key.is_none()) {
                self.front += 1;
            }
        }
        self.front = self.front.min(self.entries.len());
        Some(pair)
    }

    /// Removes the last live entry and what is deleted behind it, so that `popitem` in a loop stays linear. Nothing else
    /// shortens the array: an iterator must see that a new key stands behind the removed one.
    pub fn pop_last(&mut self) -> Option<(Value, Value)> {
        let at = self.entries.iter().rposition(|e| e.key.is_some())?;
        let hash = self.entries[at].hash;
        let pair = self.remove(at, hash)?;
        self.entries.truncate(at);
        self.front = self.front.min(at);
        Some(pair)
    }

    /// A table for three times the live entries; deleted ones go.
    fn grow(&mut self) -> Result<(), OutOfMemory> {
        let want = (self.used * 3).max(MIN_SIZE).next_power_of_two();
        self.resize(want)
    }

    /// Room for `more` entries without growing.
    pub fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if self.room >= more {
            return Ok(());
        }
        let want = ((self.used + more) * 3).div_ceil(2).max(MIN_SIZE).next_power_of_two();
        self.resize(want)
    }

    fn resize(&mut self, size: usize) -> Result<(), OutOfMemory> {
        let usable = size * 2 / 3;
        if usable > u32::MAX as usize - 2 {
            return Err(OutOfMemory);
        }
        let mut entries: Buffer<Entry> = new_buffer();
        entries.try_reserve_exact(usable.max(self.used)).map_err(|_| OutOfMemory)?;
        let indices = if usable + 1 < u8::MAX as usize {
            Indices::U8(zeroed(size)?)
        } else if usable + 1 < u16::MAX as usize {
            Indices::U16(zeroed(size)?)
        } else {
            Indices::U32(zeroed(size)?)
        };
        // Nothing fails from here on.
        entries.extend(self.entries.drain(..).filter(|e| e.key.is_some()));
        self.entries = entries;
        self.front = 0;
        self.indices = indices;
        self.mask = size - 1;
        self.room = usable - self.used;
        self.generation = self.generation.wrapping_add(1);
        for i in 0..self.entries.len() {
            let hash = self.entries[i].hash;
            self.place(hash, i);
        }
        Ok(())
    }

    pub fn try_clone(&self) -> Result<Table, OutOfMemory> {
        let mut copy = Table::new();
        if self.used == 0 {
            return Ok(copy);
        }
        let size = ((self.used * 3).div_ceil(2)).max(MIN_SIZE).next_power_of_two();
        copy.resize(size)?;
        for e in &self.entries {
            if let (Some(k), Some(v)) = (&e.key, &e.value) {
                copy.insert(k.clone(), e.hash, v.clone())?;
            }
        }
        Ok(copy)
    }

    /// Slots of the index table, for `sys.getsizeof`.
    pub fn size(&self) -> usize {
        if matches!(self.indices, Indices::None) { 0 } else { self.mask + 1 }
    }
}

fn zeroed<T: Copy + Default>(size: usize) -> Result<Buffer<T>, OutOfMemory> {
    let mut b = ophi_heap::buffer_with_capacity(size)?;
    b.resize(size, T::default());
    Ok(b)
}

/// Whether the value is a str whose comparison cannot be overridden: exactly `str`.
#[inline(always)]
fn is_plain_str(value: &Value) -> bool {
    value.header().is_some_and(|h| !h.type_head().flags.get().has(ophi_heap::TypeFlags::HEAP))
}

impl Trace for Table {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        for e in &self.entries {
            e.key.trace(visitor);
            e.value.trace(visitor);
        }
    }
}
