//! The memory of a compact hash table: pairs in order and a table of their indices, in one block.
//!
//! ```text
//!   pairs    capacity x (key, value)          capacity = two thirds of the slots
//!   hashes   capacity x i64                   only when the owner cannot read them off the keys
//!   indices  2^log2 slots of 1, 2 or 4 bytes  0: empty, 1: deleted, else index + 2
//! ```
//! Nothing here knows what a hash means: searching is the owner's. Invariant: the first `len` pairs are initialised;
//! `len <= capacity`; a table without slots owns no memory.

use crate::buffer::OutOfMemory;
use crate::copying::copy_values;
use crate::describe::{Edges, Part};
use crate::object::{Trace, Visitor};
use crate::pool;
use crate::value::{Value, keep_branches_apart};
use core::alloc::Layout;
use core::ptr::NonNull;

/// A key and its value; both `None` when deleted.
pub struct Pair {
    pub key: Option<Value>,
    pub value: Option<Value>,
}

pub struct Indexed {
    block: NonNull<Pair>,
    len: u32,
    /// 0: no slots.
    log2: u8,
    hashed: bool,
}

const PAIR: usize = size_of::<Pair>();
/// Smallest table: eight slots.
pub const MIN_LOG2: u32 = 3;
const MAX_LOG2: u32 = 32;
/// Bytes of the smallest table, without hashes and with.
const SMALLEST: usize = (8 * 2 / 3) * PAIR + 8;
const SMALLEST_HASHED: usize = (8 * 2 / 3) * (PAIR + 8) + 8;

/// How fast the higher bits of a hash come into play when slots are taken.
const PERTURB_SHIFT: u32 = 5;

/// What a slot holds.
pub const EMPTY: u32 = 0;
pub const DELETED: u32 = 1;
pub const FIRST: u32 = 2;

impl Indexed {
    pub const fn new() -> Indexed {
        Indexed { block: NonNull::dangling(), len: 0, log2: 0, hashed: false }
    }

    /// The smallest table, empty: that of most dicts.
    #[inline]
    pub fn smallest(hashed: bool) -> Result<Indexed, OutOfMemory> {
        const { assert!(SMALLEST_HASHED <= pool::MAX_SMALL) };
        let size = if hashed { SMALLEST_HASHED } else { SMALLEST };
        let Some(block) = pool::current().allocate_block(size, pool::Kind::Storage) else {
            return Err(OutOfMemory);
        };
        let made = Indexed { block: block.cast(), len: 0, log2: MIN_LOG2 as u8, hashed };
        // SAFETY: eight slots of a byte end the block just allocated.
        unsafe { made.slots().cast::<[u8; 8]>().write([EMPTY as u8; 8]) };
        Ok(made)
    }

    /// `2^log2` empty slots, room for two thirds as many pairs.
    pub fn with_log2(log2: u32, hashed: bool) -> Result<Indexed, OutOfMemory> {
        if !(MIN_LOG2..=MAX_LOG2).contains(&log2) {
            return Err(OutOfMemory);
        }
        if log2 == MIN_LOG2 {
            return Indexed::smallest(hashed);
        }
        let mut made = Indexed { log2: log2 as u8, hashed, ..Indexed::new() };
        let block = pool::raw_allocate(made.layout());
        let Some(block) = block else {
            made.log2 = 0;
            return Err(OutOfMemory);
        };
        made.block = block.cast();
        // SAFETY: the slots lie inside the block just allocated.
        unsafe {
            match made.slot_bytes() {
                // The smallest, most of all there are: one word, no call.
                8 => core::ptr::write_bytes(made.slots(), 0, 8),
                bytes => core::ptr::write_bytes(made.slots(), 0, bytes),
            }
        };
        Ok(made)
    }

    #[inline(always)]
    pub fn slot_count(&self) -> usize {
        if self.log2 == 0 { 0 } else { 1 << self.log2 }
    }

    #[inline(always)]
    pub fn mask(&self) -> usize {
        (1usize << self.log2) - 1
    }

    #[inline(always)]
    pub fn has_slots(&self) -> bool {
        self.log2 != 0
    }

    /// Whether hashes are kept beside the pairs.
    #[inline(always)]
    pub fn is_hashed(&self) -> bool {
        self.hashed
    }

    #[inline(always)]
    pub fn capacity(&self) -> usize {
        self.slot_count() * 2 / 3
    }

    #[inline(always)]
    pub fn len(&self) -> usize {
        self.len as usize
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// log2 of the bytes a slot takes.
    #[inline(always)]
    fn slot_width(&self) -> u32 {
        match self.log2 {
            0..=8 => 0,
            9..=16 => 1,
            _ => 2,
        }
    }

    #[inline(always)]
    fn slot_bytes(&self) -> usize {
        self.slot_count() << self.slot_width()
    }

    fn layout(&self) -> Layout {
        let per_pair = PAIR + if self.hashed { 8 } else { 0 };
        let size = self.capacity() * per_pair + self.slot_bytes();
        // A size beyond the address space is refused by the allocation.
        Layout::from_size_align(size, align_of::<Pair>()).unwrap_or(Layout::new::<Pair>())
    }

    #[inline(always)]
    fn hash_area(&self) -> *mut i64 {
        // SAFETY: the area follows the pairs inside the block.
        unsafe { self.block.as_ptr().add(self.capacity()).cast() }
    }

    #[inline(always)]
    fn slots(&self) -> *mut u8 {
        let skip = if self.hashed { self.capacity() } else { 0 };
        // SAFETY: the slots follow the hashes, or the pairs, inside the block.
        unsafe { self.hash_area().add(skip).cast() }
    }

    #[inline(always)]
    pub fn pairs(&self) -> &[Pair] {
        // SAFETY: the first `len` pairs are initialised.
        unsafe { core::slice::from_raw_parts(self.block.as_ptr(), self.len as usize) }
    }

    #[inline(always)]
    pub fn pairs_mut(&mut self) -> &mut [Pair] {
        // SAFETY: as in `pairs`; borrowed exclusively.
        unsafe { core::slice::from_raw_parts_mut(self.block.as_ptr(), self.len as usize) }
    }

    /// The hashes of the pairs; empty when they are not kept.
    #[inline(always)]
    pub fn hashes(&self) -> &[i64] {
        if !self.hashed {
            return &[];
        }
        // SAFETY: a hash is written with each of the first `len` pairs.
        unsafe { core::slice::from_raw_parts(self.hash_area(), self.len as usize) }
    }

    /// Walks the slots where an entry of this hash may stand, until an empty one or until `visit`, which is given slot, index and
    /// pair, has an answer. The width of the slots is asked once.
    #[inline(always)]
    pub fn walk<T>(&self, hash: i64, visit: impl FnMut(usize, usize, &Pair) -> Option<T>) -> Option<T> {
        if !self.has_slots() {
            return None;
        }
        self.walk_to_end(hash, visit).ok()
    }

    /// As [`Indexed::walk`] in a table that has slots; without an answer, the empty slot where the walk ended.
    #[inline(always)]
    pub fn walk_to_end<T>(
        &self,
        hash: i64,
        mut visit: impl FnMut(usize, usize, &Pair) -> Option<T>,
    ) -> Result<T, usize> {
        debug_assert!(self.has_slots());
        match self.slot_width() {
            0 => self.walk_slots::<u8, T>(hash, &mut visit),
            1 => self.walk_slots::<u16, T>(hash, &mut visit),
            _ => self.walk_slots::<u32, T>(hash, &mut visit),
        }
    }

    #[inline(always)]
    fn walk_slots<S: Copy + Into<u32>, T>(
        &self,
        hash: i64,
        visit: &mut impl FnMut(usize, usize, &Pair) -> Option<T>,
    ) -> Result<T, usize> {
        let mask = self.mask();
        let slots = self.slots().cast::<S>();
        let mut perturb = hash as u64;
        let mut slot = hash as usize & mask;
        loop {
            // SAFETY: the index is masked, and `S` is as wide as a slot; wider slots stand behind words, so they are aligned.
            let entry: u32 = unsafe { *slots.add(slot) }.into();
            if entry >= FIRST {
                let at = entry - FIRST;
                if at < self.len {
                    // SAFETY: one of the first `len` pairs, which are initialised.
                    let pair = unsafe { &*self.block.as_ptr().add(at as usize) };
                    if let Some(answer) = visit(slot, at as usize, pair) {
                        return Ok(answer);
                    }
                }
            } else if entry == EMPTY {
                return Err(slot);
            }
            perturb >>= PERTURB_SHIFT;
            slot = slot.wrapping_mul(5).wrapping_add(perturb as usize).wrapping_add(1) & mask;
        }
    }

    /// What the slot at `at & mask` holds. There must be slots.
    #[inline(always)]
    pub fn slot(&self, at: usize) -> u32 {
        debug_assert!(self.has_slots());
        let at = at & self.mask();
        let slots = self.slots();
        // SAFETY: the index is masked; wider slots stand behind words, so they are aligned.
        unsafe {
            match self.slot_width() {
                0 => *slots.add(at) as u32,
                1 => *slots.cast::<u16>().add(at) as u32,
                _ => *slots.cast::<u32>().add(at),
            }
        }
    }

    /// As [`Indexed::slot`], written.
    #[inline(always)]
    pub fn set_slot(&mut self, at: usize, entry: u32) {
        debug_assert!(self.has_slots());
        let at = at & self.mask();
        let slots = self.slots();
        // SAFETY: as in `slot`.
        unsafe {
            match self.slot_width() {
                0 => *slots.add(at) = entry as u8,
                1 => *slots.cast::<u16>().add(at) = entry as u16,
                _ => *slots.cast::<u32>().add(at) = entry,
            }
        }
    }

    /// Appends a pair; there must be room. Slots are the caller's.
    #[inline(always)]
    pub fn push(&mut self, key: Option<Value>, value: Option<Value>, hash: i64) {
        assert!(self.len() < self.capacity(), "a table is grown before it is full");
        let at = self.len as usize;
        // SAFETY: below the capacity, so inside the block; not yet initialised.
        unsafe {
            self.block.as_ptr().add(at).write(Pair { key, value });
            if self.hashed {
                self.hash_area().add(at).write(hash);
            }
        }
        self.len += 1;
    }

    /// Appends a pair and gives it the slot, which is free and stands where a search for the hash comes; there must be room.
    #[inline(always)]
    pub fn append_at(&mut self, slot: usize, key: Option<Value>, value: Option<Value>, hash: i64) {
        let entry = self.len + FIRST;
        self.push(key, value, hash);
        self.set_slot(slot, entry);
    }

    /// Puts a pair in the place of a deleted one; its slot is the caller's.
    pub fn fill(&mut self, at: usize, key: Value, value: Value, hash: i64) {
        let hashes = if self.hashed { Some(self.hash_area()) } else { None };
        let Some(pair) = self.pairs_mut().get_mut(at) else { return };
        debug_assert!(pair.key.is_none() && pair.value.is_none());
        *pair = Pair { key: Some(key), value: Some(value) };
        if let Some(hashes) = hashes {
            // SAFETY: a hash stands for each of the first `len` pairs, of which this is one.
            unsafe { hashes.add(at).write(hash) };
        }
    }

    /// The first free slot of a hash. There must be slots.
    #[inline]
    pub fn free_slot(&self, hash: i64) -> usize {
        let mut perturb = hash as u64;
        let mut slot = hash as usize & self.mask();
        while self.slot(slot) > DELETED {
            perturb >>= PERTURB_SHIFT;
            slot = slot.wrapping_mul(5).wrapping_add(perturb as usize).wrapping_add(1) & self.mask();
        }
        slot
    }

    /// Appends a pair and gives it the first free slot of its hash; there must be room.
    #[inline(always)]
    pub fn append(&mut self, key: Option<Value>, value: Option<Value>, hash: i64) {
        let entry = self.len + FIRST;
        self.push(key, value, hash);
        match self.slot_width() {
            0 => self.place::<u8>(hash, entry as u8),
            1 => self.place::<u16>(hash, entry as u16),
            _ => self.place::<u32>(hash, entry),
        }
    }

    #[inline(always)]
    fn place<S: Copy + Into<u32>>(&mut self, hash: i64, entry: S) {
        let mask = self.mask();
        let slots = self.slots().cast::<S>();
        let mut perturb = hash as u64;
        let mut slot = hash as usize & mask;
        // SAFETY: the index is masked, and `S` is as wide as a slot.
        unsafe {
            while (*slots.add(slot)).into() > DELETED {
                perturb >>= PERTURB_SHIFT;
                slot = slot.wrapping_mul(5).wrapping_add(perturb as usize).wrapping_add(1) & mask;
            }
            *slots.add(slot) = entry;
        }
    }

    /// Forgets the pairs from `len` on, which the caller has emptied.
    pub fn truncate(&mut self, len: usize) {
        while self.len() > len {
            self.len -= 1;
            // SAFETY: the last initialised pair, which is no longer counted.
            drop(unsafe { self.block.as_ptr().add(self.len as usize).read() });
        }
    }

    /// Takes the pairs out: the table is left empty, its slots untouched.
    pub fn take_pairs(&mut self, mut each: impl FnMut(Pair, i64)) {
        let len = core::mem::take(&mut self.len) as usize;
        for at in 0..len {
            // SAFETY: each initialised pair is read once; the length says already that none is left.
            unsafe {
                let hash = if self.hashed { *self.hash_area().add(at) } else { 0 };
                each(self.block.as_ptr().add(at).read(), hash);
            }
        }
    }

    /// Lets the pairs without key go: the others move up, in order, and get new slots. `hash_of` tells the hash of a key where the table
    /// does not hold it.
    pub fn compact(&mut self, hash_of: impl Fn(&Value) -> i64) {
        if self.log2 == 0 {
            return;
        }
        let len = core::mem::take(&mut self.len) as usize;
        // SAFETY: the slots lie inside the block; each initialised pair is read once, before its place is written again: there are no
        // more pairs in front of it than it had.
        unsafe {
            core::ptr::write_bytes(self.slots(), 0, self.slot_bytes());
            for at in 0..len {
                let pair = self.block.as_ptr().add(at).read();
                if let Some(key) = &pair.key {
                    let hash = if self.hashed { *self.hash_area().add(at) } else { hash_of(key) };
                    self.append(pair.key, pair.value, hash);
                }
            }
        }
    }

    /// The same table, slot by slot.
    pub fn try_clone(&self) -> Result<Indexed, OutOfMemory> {
        if !self.has_slots() {
            return Ok(Indexed::new());
        }
        let mut copy = Indexed { block: NonNull::dangling(), len: 0, log2: self.log2, hashed: self.hashed };
        let Some(block) = pool::raw_allocate(self.layout()) else {
            copy.log2 = 0;
            return Err(OutOfMemory);
        };
        copy.block = block.cast();
        // SAFETY: both blocks have the same layout; pairs are cloned one by one, the rest holds no references.
        unsafe {
            for (at, pair) in self.pairs().iter().enumerate() {
                copy.block.as_ptr().add(at).write(Pair { key: another(&pair.key), value: another(&pair.value) });
            }
            if self.hashed {
                copy_values(self.hash_area(), copy.hash_area(), self.len());
            }
            copy_values(self.slots(), copy.slots(), self.slot_bytes());
        }
        copy.len = self.len;
        Ok(copy)
    }
}

impl Default for Indexed {
    fn default() -> Indexed {
        Indexed::new()
    }
}

/// A clone, for the walk over all pairs.
#[inline(always)]
fn another(word: &Option<Value>) -> Option<Value> {
    let value = word.as_ref()?;
    keep_branches_apart();
    Some(value.clone())
}

/// Drops a word in the walk over all pairs.
#[inline(always)]
fn give_up(word: Option<Value>) {
    if let Some(value) = word {
        keep_branches_apart();
        drop(value);
    }
}

impl Drop for Indexed {
    fn drop(&mut self) {
        if !self.has_slots() {
            return;
        }
        let (block, len) = (self.block, core::mem::take(&mut self.len) as usize);
        // SAFETY: the initialised pairs are dropped once, then the block goes back whole; small ones came from the pools.
        unsafe {
            let mut pair = block.as_ptr();
            let end = pair.add(len);
            while pair != end {
                let Pair { key, value } = pair.read();
                give_up(key);
                give_up(value);
                pair = pair.add(1);
            }
            if self.log2 == MIN_LOG2 as u8 {
                pool::current().free_block(block.cast());
            } else {
                pool::raw_free(block.cast(), self.layout());
            }
        }
    }
}

impl Trace for Indexed {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        visitor.each(self.pairs().iter().flat_map(|pair| [pair.value.as_ref(), pair.key.as_ref()]).flatten());
    }
    fn describe(&self, edges: &mut Edges<'_>) {
        for (i, pair) in self.pairs().iter().enumerate() {
            pair.key.describe(&mut edges.part(Part::Key(i)));
            let key = pair.key.as_ref().map_or(0, Value::bits);
            pair.value.describe(&mut edges.part(Part::ValueOf(key)));
        }
    }
}
