//! The hash table under `dict`: indices into pairs in insertion order, in one block of memory ([`Indexed`]).
//!
//! While every key is a plain `str`, whose hash stands in the string, no hashes are kept beside the pairs; the first key of
//! another kind has them written down. Invariant: in a table without hashes every key is a plain str that knows its hash.

use crate::payload::Downcast;
use crate::{Ref, Str, Trace, Value, Visitor};
use ophi_heap::OutOfMemory;
use ophi_heap::indexed::{DELETED, FIRST, Indexed, MIN_LOG2, Pair};

pub struct Table {
    indexed: Indexed,
    used: u32,
    /// All pairs before this one are deleted, so that taking the first again and again stays linear.
    front: u32,
    /// Slots marked deleted whose pairs `pop_last` has cut off: they fill the table as pairs do, else no slot would be left
    /// empty and a search would not end.
    lost: u32,
    /// Changes when pairs are added, removed or moved.
    pub generation: u32,
}

pub enum Probe {
    Hit(usize),
    Miss,
    /// Same hash, different object.
    Candidate(usize),
}

/// Where a key stands, or would ([`Table::place`]).
pub enum Place {
    At(usize),
    /// The key is absent; there is room for it, and this slot is free for it.
    Free(usize),
    /// As [`Probe::Candidate`].
    Candidate,
}

impl Default for Table {
    fn default() -> Table {
        Table::new()
    }
}

impl Table {
    pub const fn new() -> Table {
        Table { indexed: Indexed::new(), used: 0, front: 0, lost: 0, generation: 0 }
    }

    /// Live pairs.
    #[inline(always)]
    pub fn used(&self) -> usize {
        self.used as usize
    }

    #[inline(always)]
    pub fn front(&self) -> usize {
        self.front as usize
    }

    /// Whether no key is anything but a plain str.
    #[inline(always)]
    pub fn has_texts_only(&self) -> bool {
        !self.indexed.is_hashed()
    }

    /// All pairs in order, deleted ones too.
    #[inline(always)]
    pub fn pairs(&self) -> &[Pair] {
        self.indexed.pairs()
    }

    #[inline(always)]
    pub fn pairs_mut(&mut self) -> &mut [Pair] {
        self.indexed.pairs_mut()
    }

    /// The hash of a live pair.
    #[inline]
    pub fn hash_of(&self, at: usize) -> i64 {
        if let Some(hash) = self.indexed.hashes().get(at) {
            return *hash;
        }
        self.pairs().get(at).and_then(|p| p.key.as_ref()).and_then(plain_str).map_or(0, |k| k.known_hash())
    }

    /// Searches by identity and hash; passes over the first `skip` candidates (already compared unequal).
    #[inline]
    pub fn find(&self, key: &Value, hash: i64, skip: usize) -> Probe {
        if let Some(key) = plain_str(key)
            && !self.indexed.is_hashed()
        {
            return self.find_among_texts(key, hash);
        }
        self.find_any(key, hash, skip)
    }

    /// Searches for a str; `Candidate` when a key that is no plain str has the same hash.
    #[inline(always)]
    pub fn find_str(&self, key: &Ref<Str>, hash: i64) -> Probe {
        if !self.indexed.is_hashed() && plain_str(key.as_value()).is_some() {
            return self.find_among_texts(key, hash);
        }
        self.find_any(key.as_value(), hash, 0)
    }

    /// In a table without hashes every key is a plain str.
    #[inline]
    fn find_among_texts(&self, key: &Ref<Str>, hash: i64) -> Probe {
        self.indexed.walk(hash, |_, i, pair| is_text(pair, i, key, hash)).unwrap_or(Probe::Miss)
    }

    fn find_any(&self, key: &Value, hash: i64, skip: usize) -> Probe {
        let mut skip = skip;
        let hashes = self.indexed.hashes();
        self.indexed.walk(hash, |_, i, pair| is_any(hashes, pair, i, key, hash, &mut skip)).unwrap_or(Probe::Miss)
    }

    /// Searches for a key in order to set its value: one walk for both. When it is absent the table is grown as far as need be,
    /// and nothing else has changed.
    #[inline(always)]
    pub fn place(&mut self, key: &Value, hash: i64) -> Result<Place, OutOfMemory> {
        let text = plain_str(key);
        if !self.indexed.has_slots() {
            let hashed = self.indexed.is_hashed() || text.is_none_or(|k| k.known_hash() != hash);
            self.indexed = Indexed::smallest(hashed)?;
            return Ok(Place::Free(hash as usize & self.indexed.mask()));
        }
        let hashed = self.indexed.is_hashed();
        let slot = match text {
            Some(text) if !hashed => {
                let found = self.indexed.walk_to_end(hash, |_, at, pair| is_text(pair, at, text, hash));
                match found {
                    Ok(Probe::Hit(at)) => return Ok(Place::At(at)),
                    Ok(_) => return Ok(Place::Candidate),
                    Err(_) if text.known_hash() != hash => return self.place_anew(hash, true),
                    Err(slot) => slot,
                }
            }
            _ => {
                let hashes = self.indexed.hashes();
                match self.indexed.walk_to_end(hash, |_, at, pair| is_any(hashes, pair, at, key, hash, &mut 0)) {
                    Ok(Probe::Hit(at)) => return Ok(Place::At(at)),
                    Ok(_) => return Ok(Place::Candidate),
                    Err(_) if !hashed => return self.place_anew(hash, true),
                    Err(slot) => slot,
                }
            }
        };
        if self.is_full() {
            return self.place_anew(hash, hashed);
        }
        Ok(Place::Free(slot))
    }

    /// Another table, with hashes or with more slots, and the slot in it for an absent key.
    #[inline(never)]
    fn place_anew(&mut self, hash: i64, hashed: bool) -> Result<Place, OutOfMemory> {
        if hashed != self.indexed.is_hashed() {
            self.keep_hashes()?;
        } else {
            self.resize(log2_for(self.used() * 3), hashed)?;
        }
        Ok(Place::Free(self.indexed.free_slot(hash)))
    }

    /// Appends a pair whose key is absent, into the slot that [`Table::place`] has just named.
    #[inline(always)]
    pub fn append_at(&mut self, slot: usize, key: Value, hash: i64, value: Value) {
        self.indexed.append_at(slot, Some(key), Some(value), hash);
        self.used += 1;
        self.generation = self.generation.wrapping_add(1);
    }

    pub fn key(&self, at: usize) -> Value {
        self.pairs().get(at).and_then(|p| p.key.clone()).unwrap_or(Value::UNBOUND)
    }

    pub fn is_key(&self, at: usize, key: &Value) -> bool {
        self.pairs().get(at).and_then(|p| p.key.as_ref()).is_some_and(|k| k.is(key))
    }

    /// Slots that are not empty, or pairs still to be given one.
    #[inline(always)]
    fn filled(&self) -> usize {
        self.indexed.len() + self.lost as usize
    }

    #[inline(always)]
    fn is_full(&self) -> bool {
        self.filled() >= self.indexed.capacity()
    }

    /// Appends a pair whose key is absent.
    pub fn insert(&mut self, key: Value, hash: i64, value: Value) -> Result<(), OutOfMemory> {
        let hashed = self.indexed.is_hashed();
        if !self.indexed.has_slots() {
            let text = plain_str(&key).is_some_and(|k| k.known_hash() == hash);
            self.indexed = Indexed::with_log2(MIN_LOG2, hashed || !text)?;
        } else if !hashed && plain_str(&key).is_none_or(|k| k.known_hash() != hash) {
            self.keep_hashes()?;
        } else if self.is_full() {
            self.resize(log2_for(self.used() * 3), hashed)?;
        }
        self.indexed.append(Some(key), Some(value), hash);
        self.used += 1;
        self.generation = self.generation.wrapping_add(1);
        Ok(())
    }

    /// From here on hashes are kept beside the pairs.
    #[cold]
    fn keep_hashes(&mut self) -> Result<(), OutOfMemory> {
        let now = self.indexed.slot_count().trailing_zeros();
        let full = self.is_full();
        self.resize(if full { log2_for(self.used() * 3) } else { now.max(MIN_LOG2) }, true)
    }

    pub fn remove(&mut self, at: usize, hash: i64) -> Option<(Value, Value)> {
        let slot = self.indexed.walk(hash, |slot, i, _| (i == at).then_some(slot))?;
        self.take_out(slot, at)
    }

    /// Removes a key, if it is there, in one walk; `None`: an object must be asked whether it is equal.
    pub fn remove_known(&mut self, key: &Value, hash: i64) -> Option<Option<(Value, Value)>> {
        let found = match plain_str(key) {
            Some(text) if !self.indexed.is_hashed() => {
                self.indexed.walk(hash, |slot, at, pair| Some((slot, is_text(pair, at, text, hash)?)))
            }
            _ => {
                let hashes = self.indexed.hashes();
                self.indexed.walk(hash, |slot, at, pair| Some((slot, is_any(hashes, pair, at, key, hash, &mut 0)?)))
            }
        };
        match found {
            None => Some(None),
            Some((slot, Probe::Hit(at))) => Some(self.take_out(slot, at)),
            Some(_) => None,
        }
    }

    /// Removes the live pair at a position, which the slot names.
    #[inline(always)]
    fn take_out(&mut self, slot: usize, at: usize) -> Option<(Value, Value)> {
        self.indexed.set_slot(slot, DELETED);
        self.used -= 1;
        self.generation = self.generation.wrapping_add(1);
        let pair = self.pairs_mut().get_mut(at)?;
        let taken = (pair.key.take()?, pair.value.take()?);
        self.pass_front(at);
        Some(taken)
    }

    /// Makes a live pair the last one; its slot stays its own.
    pub fn move_last(&mut self, at: usize, hash: i64) -> Result<(), OutOfMemory> {
        let mut at = at;
        if self.is_full() {
            // The places that others were moved away from go. Moves make no table larger: room for half as many as there are keys
            // is enough until the next time.
            let before = self.pairs().iter().take(at).filter(|pair| pair.key.is_some()).count();
            self.resize(log2_for(self.used() * 9 / 4), self.indexed.is_hashed())?;
            at = before;
        }
        let Some(slot) = self.indexed.walk(hash, |slot, i, _| (i == at).then_some(slot)) else { return Ok(()) };
        let Some(pair) = self.pairs_mut().get_mut(at) else { return Ok(()) };
        let (key, value) = (pair.key.take(), pair.value.take());
        self.indexed.append_at(slot, key, value, hash);
        self.generation = self.generation.wrapping_add(1);
        self.pass_front(at);
        Ok(())
    }

    /// Puts a pair whose key is absent before all others: in a place that a deleted pair left there, or that is made.
    pub fn insert_first(&mut self, key: Value, hash: i64, value: Value) -> Result<(), OutOfMemory> {
        let text = plain_str(&key).is_some_and(|k| k.known_hash() == hash);
        let hashed = self.indexed.is_hashed() || !text;
        if self.front == 0 || self.is_full() || hashed != self.indexed.is_hashed() {
            self.make_front(hashed)?;
        }
        let slot = self.indexed.free_slot(hash);
        if self.indexed.slot(slot) != DELETED {
            // One more slot is taken than pairs tell.
            self.lost += 1;
        }
        self.front -= 1;
        self.indexed.set_slot(slot, self.front + FIRST);
        self.indexed.fill(self.front as usize, key, value, hash);
        self.used += 1;
        self.generation = self.generation.wrapping_add(1);
        Ok(())
    }

    /// A table anew with as many places before the first pair as there are pairs, and as many slots to spare.
    fn make_front(&mut self, hashed: bool) -> Result<(), OutOfMemory> {
        let room = self.used().max(2);
        let log2 = log2_for(((self.used() + 2 * room) * 3).div_ceil(2));
        let mut fresh = Indexed::with_log2(log2, hashed)?;
        for _ in 0..room {
            fresh.push(None, None, 0);
        }
        let was_hashed = self.indexed.is_hashed();
        self.indexed.take_pairs(|pair, hash| {
            if let Some(key) = &pair.key {
                let hash = if was_hashed { hash } else { plain_str(key).map_or(0, |k| k.known_hash()) };
                fresh.append(pair.key, pair.value, hash);
            }
        });
        self.indexed = fresh;
        self.front = room as u32;
        self.lost = 0;
        self.generation = self.generation.wrapping_add(1);
        Ok(())
    }

    /// The pair at `at` has been deleted.
    #[inline]
    fn pass_front(&mut self, at: usize) {
        if at == self.front() {
            let gone = self.pairs()[at..].iter().take_while(|p| p.key.is_none()).count();
            self.front += gone as u32;
        }
    }

    /// Removes the last live pair and what is deleted behind it, so that `popitem` in a loop stays linear. Nothing else
    /// shortens the array: an iterator must see that a new key stands behind the removed one.
    pub fn pop_last(&mut self) -> Option<(Value, Value)> {
        let at = self.pairs().iter().rposition(|p| p.key.is_some())?;
        let pair = self.remove(at, self.hash_of(at))?;
        self.lost += (self.indexed.len() - at) as u32;
        self.indexed.truncate(at);
        self.front = self.front.min(at as u32);
        Some(pair)
    }

    /// Room for `more` pairs without growing.
    pub fn reserve(&mut self, more: usize) -> Result<(), OutOfMemory> {
        if self.indexed.capacity().saturating_sub(self.filled()) >= more {
            return Ok(());
        }
        self.resize(log2_for(((self.used() + more) * 3).div_ceil(2)), self.indexed.is_hashed())
    }

    /// As [`Table::reserve`] in a table that has no slots yet.
    pub fn reserve_new(&mut self, count: usize, hashed: bool) -> Result<(), OutOfMemory> {
        self.resize(log2_for((count * 3).div_ceil(2)), hashed)
    }

    /// Other slots; deleted pairs go.
    fn resize(&mut self, log2: u32, hashed: bool) -> Result<(), OutOfMemory> {
        let was_hashed = self.indexed.is_hashed();
        let known_hash = |key: &Value| plain_str(key).map_or(0, |k| k.known_hash());
        if hashed == was_hashed && self.size() == 1 << log2 {
            self.indexed.compact(known_hash);
            (self.front, self.lost) = (0, 0);
            self.generation = self.generation.wrapping_add(1);
            return Ok(());
        }
        let mut old = core::mem::replace(&mut self.indexed, Indexed::with_log2(log2, hashed)?);
        (self.front, self.lost) = (0, 0);
        self.generation = self.generation.wrapping_add(1);
        old.take_pairs(|pair, hash| {
            if let Some(key) = &pair.key {
                let hash = if was_hashed { hash } else { known_hash(key) };
                self.indexed.append(pair.key, pair.value, hash);
            }
        });
        Ok(())
    }

    pub fn try_clone(&self) -> Result<Table, OutOfMemory> {
        if self.used == 0 {
            return Ok(Table::new());
        }
        // Mostly live: the same memory again. Else only what is live.
        if self.indexed.len() <= self.used() + self.used() / 2 {
            return Ok(Table {
                indexed: self.indexed.try_clone()?,
                used: self.used,
                front: self.front,
                lost: self.lost,
                generation: 0,
            });
        }
        let mut copy = Table::new();
        copy.resize(log2_for((self.used() * 3).div_ceil(2)), self.indexed.is_hashed())?;
        for (at, pair) in self.pairs().iter().enumerate() {
            if pair.key.is_some() {
                copy.indexed.append(pair.key.clone(), pair.value.clone(), self.hash_of(at));
            }
        }
        copy.used = self.used;
        Ok(copy)
    }

    /// Slots of the index table, for `sys.getsizeof`.
    pub fn size(&self) -> usize {
        self.indexed.slot_count()
    }
}

/// Whether the pair's key is the text `key`, in a table where every key is text.
#[inline(always)]
fn is_text(pair: &Pair, at: usize, key: &Ref<Str>, hash: i64) -> Option<Probe> {
    let k = pair.key.as_ref()?;
    if k.is(key.as_value()) {
        return Some(Probe::Hit(at));
    }
    let k = k.downcast::<Str>()?;
    (k.known_hash() == hash && k.equals(key)).then_some(Probe::Hit(at))
}

/// Whether the pair's key is `key`; passes over the first `skip` that would have to be asked.
#[inline(always)]
fn is_any(hashes: &[i64], pair: &Pair, at: usize, key: &Value, hash: i64, skip: &mut usize) -> Option<Probe> {
    let k = pair.key.as_ref()?;
    if k.is(key) {
        return Some(Probe::Hit(at));
    }
    let own = match hashes.get(at) {
        Some(own) => *own,
        None => plain_str(k)?.known_hash(),
    };
    if own != hash {
        return None;
    }
    match known_equal(k, key) {
        Some(equal) => equal.then_some(Probe::Hit(at)),
        None if *skip > 0 => {
            *skip -= 1;
            None
        }
        None => Some(Probe::Candidate(at)),
    }
}

/// The least table with at least `slots` slots.
fn log2_for(slots: usize) -> u32 {
    slots.max(1).next_power_of_two().trailing_zeros().max(MIN_LOG2)
}

/// Whether two words that differ are values that differ: small integers, or small floats.
#[inline(always)]
pub(crate) fn differ_as_words(a: &Value, b: &Value) -> bool {
    (a.is_small_int() && b.is_small_int()) || (a.is_small_float() && b.is_small_float())
}

/// Whether two objects that are not the same are equal, as far as no Python code need be asked: small numbers, text, and tuples
/// of them.
#[inline]
pub(crate) fn known_equal(a: &Value, b: &Value) -> Option<bool> {
    if let Some(equal) = flat_equal(a, b) {
        return Some(equal);
    }
    let (x, y) = (plain_tuple(a)?, plain_tuple(b)?);
    if x.len() != y.len() {
        return Some(false);
    }
    for (a, b) in x.as_slice().iter().zip(y.as_slice()) {
        if !a.is(b) && !flat_equal(a, b)? {
            return Some(false);
        }
    }
    Some(true)
}

#[inline(always)]
fn flat_equal(a: &Value, b: &Value) -> Option<bool> {
    if differ_as_words(a, b) {
        return Some(false);
    }
    Some(plain_str(a)?.equals(plain_str(b)?))
}

/// The value as a tuple whose comparison cannot be overridden.
#[inline(always)]
fn plain_tuple(value: &Value) -> Option<&Ref<crate::Tuple>> {
    let flags = value.header()?.type_head().flags.get();
    if flags.has(ophi_heap::TypeFlags::TUPLE) && !flags.has(ophi_heap::TypeFlags::HEAP) {
        return value.downcast::<crate::Tuple>();
    }
    None
}

/// The value as a str whose comparison cannot be overridden: exactly `str`.
#[inline(always)]
pub fn plain_str(value: &Value) -> Option<&Ref<Str>> {
    let flags = value.header()?.type_head().flags.get();
    if flags.has(ophi_heap::TypeFlags::STR) && !flags.has(ophi_heap::TypeFlags::HEAP) {
        return value.downcast::<Str>();
    }
    None
}

impl Trace for Table {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        if self.has_texts_only() {
            // Exact strings refer to nothing: the collector need not see them, and does not in CPython.
            return visitor.each(self.pairs().iter().filter_map(|pair| pair.value.as_ref()));
        }
        self.indexed.trace(visitor)
    }
    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        self.indexed.describe(edges)
    }
}
