//! A table with open addressing of places in a list, for lists that have become too long to be searched one by one.
//!
//! It knows no keys: whoever asks tells the hash and which place is the one. Invariants: at most half full, its length a power
//! of two; of two places with one hash the one put in first is found first.

/// Empty until the first [`Slots::rebuild`].
#[derive(Clone, Debug, Default)]
pub(crate) struct Slots {
    places: Vec<u32>,
}

/// No place: a list is not as long.
const FREE: u32 = u32::MAX;

impl Slots {
    pub(crate) fn is_empty(&self) -> bool {
        self.places.is_empty()
    }

    /// The first place of this hash that `is_it`, or none. The table is not empty.
    #[inline]
    pub(crate) fn find(&self, hash: usize, is_it: impl Fn(usize) -> bool) -> Option<usize> {
        let mask = self.places.len() - 1;
        let mut slot = hash;
        loop {
            let place = self.places[slot & mask];
            if place == FREE {
                return None;
            }
            if is_it(place as usize) {
                return Some(place as usize);
            }
            slot += 1;
        }
    }

    /// To be called after an item was appended: there are `count` now, and `hash_of` tells the hash at a place.
    #[inline]
    pub(crate) fn grown(&mut self, count: usize, hash_of: impl Fn(usize) -> usize) {
        if count * 2 > self.places.len() {
            self.rebuild(count, hash_of);
        } else {
            self.put(hash_of(count - 1), count - 1);
        }
    }

    /// Anew, for `count` items.
    pub(crate) fn rebuild(&mut self, count: usize, hash_of: impl Fn(usize) -> usize) {
        self.places.clear();
        self.places.resize((count * 4).next_power_of_two(), FREE);
        for place in 0..count {
            self.put(hash_of(place), place);
        }
    }

    fn put(&mut self, hash: usize, place: usize) {
        let mask = self.places.len() - 1;
        let mut slot = hash;
        while self.places[slot & mask] != FREE {
            slot += 1;
        }
        self.places[slot & mask] = place as u32;
    }

    /// Keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.places.clear();
    }
}
