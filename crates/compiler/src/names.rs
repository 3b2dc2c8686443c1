//! Identifiers of a program: texts that are stored once a compilation, and tables that number them.
//!
//! Problem: every stage looks names up, and most of its time would go into hashing and copying their texts. Method: an
//! [`Interner`] gives every different text a number, once; from then on two names are compared, and looked up in the
//! tables of a scope, by that number. Most tables hold a handful of names, which are faster searched than hashed.
//!
//! Invariant: all numbered names that meet in one table come from one interner. A name made from a text alone (by a
//! caller that has no interner) has no number and is compared by its text.

use std::borrow::Borrow;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::ops::Deref;
use std::sync::Arc;

use ophi_bytecode::PyString;

use crate::slots::Slots;

/// An identifier of the program, shared between tables.
#[derive(Clone)]
pub struct Name {
    /// Code objects share it.
    text: Arc<str>,
    id: u32,
}

/// The number of a name that no interner gave out.
const NO_ID: u32 = u32::MAX;

impl Name {
    /// The name as a string of a code object, which shares the text.
    pub(crate) fn string(&self) -> PyString {
        PyString::from(Arc::clone(&self.text))
    }

    /// The same of a name that is not needed any more.
    pub(crate) fn into_string(self) -> PyString {
        PyString::from(self.text)
    }

    /// The interner's number; one that no name has for a name made from a text alone.
    #[inline]
    pub(crate) fn raw_id(&self) -> u32 {
        self.id
    }
}

impl From<&str> for Name {
    fn from(text: &str) -> Name {
        Name { text: text.into(), id: NO_ID }
    }
}

impl From<String> for Name {
    fn from(text: String) -> Name {
        Name { text: text.into(), id: NO_ID }
    }
}

impl Deref for Name {
    type Target = str;
    fn deref(&self) -> &str {
        &self.text
    }
}

impl AsRef<str> for Name {
    fn as_ref(&self) -> &str {
        &self.text
    }
}

impl Borrow<str> for Name {
    fn borrow(&self) -> &str {
        &self.text
    }
}

impl PartialEq for Name {
    fn eq(&self, other: &Name) -> bool {
        if self.id != NO_ID && other.id != NO_ID { self.id == other.id } else { self.text == other.text }
    }
}

impl Eq for Name {}

impl Hash for Name {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl PartialOrd for Name {
    fn partial_cmp(&self, other: &Name) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Name {
    fn cmp(&self, other: &Name) -> std::cmp::Ordering {
        self.text.cmp(&other.text)
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Gives out names, the same for the same text.
#[derive(Debug, Default)]
pub struct Interner {
    /// A table with open addressing, at most half full; its length is a power of two.
    slots: Vec<Slot>,
    /// What `slots` were before they grew, for the memory.
    old_slots: Vec<Slot>,
    names: Vec<Name>,
    /// Where each name was found last.
    hints: Vec<Hint>,
}

/// Where a name was found last. A place is only a hint: it may be another table's, so whoever looks there looks whether it is the name.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Hint {
    /// In the symbols of some block.
    pub(crate) symbol: u32,
    /// In the names of some code unit.
    pub(crate) name: u32,
    /// As a variable of the code unit with the number `unit`, as code generation keeps it.
    pub(crate) unit: u32,
    pub(crate) variable: u32,
}

/// A text's length and its first and last bytes: all of it, if it has at most [`Key::WHOLE`]; else a hash stands for the first.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
struct Key {
    first: u64,
    last: u64,
    len: u32,
}

const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;

impl Key {
    const WHOLE: usize = 16;

    #[inline]
    fn of(text: &str) -> Key {
        let bytes = text.as_bytes();
        let len = bytes.len() as u32;
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let mut first = u64::from_le_bytes(*first);
            if bytes.len() > Key::WHOLE {
                for chunk in bytes.as_chunks().0 {
                    first = (first.rotate_left(5) ^ u64::from_le_bytes(*chunk)).wrapping_mul(FACTOR);
                }
            }
            return Key { first, last: u64::from_le_bytes(*last), len };
        }
        if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
            let (first, last) = (u32::from_le_bytes(*first), u32::from_le_bytes(*last));
            return Key { first: u64::from(first), last: u64::from(last), len };
        }
        // At most three: the first, the middle and the last are all of them, however many there are.
        let [Some(a), Some(b), Some(c)] = [bytes.first(), bytes.get(bytes.len() / 2), bytes.last()] else {
            return Key::default();
        };
        Key { first: u64::from(u32::from_le_bytes([*a, *b, *c, 0])), last: 0, len }
    }

    #[inline]
    fn hash(self) -> usize {
        let mixed = (self.first ^ u64::from(self.len)).wrapping_mul(FACTOR) ^ self.last.rotate_left(29);
        (mixed.wrapping_mul(FACTOR) >> 32) as usize
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    key: Key,
    /// [`NO_ID`] where there is none.
    id: u32,
}

const FREE_SLOT: Slot = Slot { key: Key { first: 0, last: 0, len: 0 }, id: NO_ID };

impl Interner {
    /// Room for more names is not made beforehand.
    const MOST_EXPECTED: usize = 1 << 12;

    /// The name with this text.
    pub fn intern(&mut self, text: &str) -> Name {
        let id = self.intern_id(text);
        self.names[id as usize].clone()
    }

    /// The number of the name with this text.
    #[inline]
    pub(crate) fn intern_id(&mut self, text: &str) -> u32 {
        let key = Key::of(text);
        let mask = self.slots.len().wrapping_sub(1);
        let mut place = key.hash();
        while let Some(slot) = self.slots.get(place & mask) {
            if slot.id == NO_ID {
                break;
            }
            if slot.key == key && (text.len() <= Key::WHOLE || *self.names[slot.id as usize].text == *text) {
                return slot.id;
            }
            place += 1;
        }
        self.add(key, text)
    }

    #[inline(never)]
    fn add(&mut self, key: Key, text: &str) -> u32 {
        if self.names.len() * 2 >= self.slots.len() {
            let count = (self.slots.len() * 4).max(64);
            std::mem::swap(&mut self.slots, &mut self.old_slots);
            self.slots.clear();
            self.slots.resize(count, FREE_SLOT);
            let old = std::mem::take(&mut self.old_slots);
            for slot in old.iter().filter(|slot| slot.id != NO_ID) {
                self.place(*slot);
            }
            self.old_slots = old;
        }
        let name = Name { text: text.into(), id: self.names.len() as u32 };
        self.place(Slot { key, id: name.id });
        self.names.push(name);
        self.hints.push(Hint::default());
        self.names.len() as u32 - 1
    }

    /// Puts a slot into the table, which has room.
    fn place(&mut self, slot: Slot) {
        let mask = self.slots.len() - 1;
        let mut place = slot.key.hash();
        while self.slots[place & mask].id != NO_ID {
            place += 1;
        }
        self.slots[place & mask] = slot;
    }

    /// The name that this interner numbered `id`.
    #[inline]
    pub(crate) fn name(&self, id: u32) -> &Name {
        &self.names[id as usize]
    }

    /// Where it was found last.
    #[inline]
    pub(crate) fn hint(&mut self, id: u32) -> &mut Hint {
        &mut self.hints[id as usize]
    }

    /// The name with the hint where it was found last.
    #[inline]
    pub(crate) fn name_and_hint(&mut self, id: u32) -> (&Name, &mut Hint) {
        (&self.names[id as usize], &mut self.hints[id as usize])
    }

    /// Makes the empty table large enough for about so many names at once, so that it need not grow on the way.
    pub(crate) fn expect(&mut self, count: usize) {
        if self.slots.is_empty() {
            self.slots.resize((count.min(Self::MOST_EXPECTED) * 2).next_power_of_two().max(64), FREE_SLOT);
        }
    }

    /// Forgets the names, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.slots.clear();
        self.names.clear();
        self.hints.clear();
    }

    /// How many names its memory has room for.
    pub(crate) fn capacity(&self) -> usize {
        self.slots.capacity().max(self.names.capacity())
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }
}

/// Lists of names up to this length are searched one by one, longer ones through a table.
const FEW: usize = 24;

/// What finds names in a list, whose items each tell their name's number.
#[derive(Clone, Debug, Default)]
pub(crate) struct Places {
    /// A bit for each name that is there, by its number: what has no bit is not.
    seen: u64,
    /// Of a list that has become long. The numbers, given out in order, are their own hashes.
    slots: Slots,
}

impl Places {
    /// The place of the name numbered `id` in the list.
    #[inline]
    pub(crate) fn find<T>(&self, id: u32, list: &[T], number: impl Fn(&T) -> u32) -> Option<usize> {
        if self.seen & 1 << (id & 63) == 0 {
            return None;
        }
        if self.slots.is_empty() {
            return list.iter().position(|item| number(item) == id);
        }
        self.slots.find(id as usize, |place| list.get(place).map(&number) == Some(id))
    }

    /// To be called after a name was appended.
    #[inline]
    pub(crate) fn grown<T>(&mut self, list: &[T], number: impl Fn(&T) -> u32) {
        let Some(id) = list.last().map(&number) else { return };
        self.seen |= 1 << (id & 63);
        if list.len() > FEW {
            self.slots.grown(list.len(), |place| number(&list[place]) as usize);
        }
    }

    /// To be called after a name was removed.
    pub(crate) fn rebuild<T>(&mut self, list: &[T], number: impl Fn(&T) -> u32) {
        self.slots.clear();
        if list.len() > FEW {
            self.slots.rebuild(list.len(), |place| number(&list[place]) as usize);
        }
    }

    /// To be called when the list is emptied; the memory is kept.
    pub(crate) fn clear(&mut self) {
        self.seen = 0;
        self.slots.clear();
    }
}

/// A set of names, by their numbers, in order of insertion.
#[derive(Clone, Debug, Default)]
pub(crate) struct NumberSet {
    numbers: Vec<u32>,
    places: Places,
}

impl NumberSet {
    pub(crate) fn insert(&mut self, number: u32) {
        if self.places.find(number, &self.numbers, |known| *known).is_none() {
            self.numbers.push(number);
            self.places.grown(&self.numbers, |known| *known);
        }
    }

    pub(crate) fn as_slice(&self) -> &[u32] {
        &self.numbers
    }
}

/// Names numbered in order of first use (`co_names`, `co_varnames`, ...).
#[derive(Clone, Debug, Default)]
pub struct NameTable {
    names: Vec<Name>,
    places: Places,
}

impl NameTable {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn with_capacity(capacity: usize) -> Self {
        Self { names: Vec::with_capacity(capacity), places: Places::default() }
    }

    /// Forgets the names, and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.names.clear();
        self.places.clear();
    }

    /// The number of the name with this text, which is added if it is new.
    pub fn add(&mut self, name: &str) -> u32 {
        self.add_name(&Name::from(name))
    }

    /// The number of `name`, which is added if it is new.
    #[inline]
    pub fn add_name(&mut self, name: &Name) -> u32 {
        if let Some(place) = self.get_name(name) {
            return place;
        }
        self.append(name.clone())
    }

    /// The same; `hint` is where the name was found last.
    #[inline]
    pub(crate) fn add_hinted(&mut self, name: &Name, hint: &mut u32) -> u32 {
        match self.names.get(*hint as usize) {
            Some(known) if known.id == name.id && name.id != NO_ID => *hint,
            _ => {
                *hint = self.add_name(name);
                *hint
            }
        }
    }

    #[inline(never)]
    fn append(&mut self, name: Name) -> u32 {
        self.names.push(name);
        self.places.grown(&self.names, |name| name.id);
        self.names.len() as u32 - 1
    }

    pub fn get(&self, name: &str) -> Option<u32> {
        self.names.iter().position(|known| &*known.text == name).map(|place| place as u32)
    }

    #[inline]
    pub fn get_name(&self, name: &Name) -> Option<u32> {
        if name.id == NO_ID {
            return self.get(name);
        }
        self.places.find(name.id, &self.names, |name| name.id).map(|place| place as u32)
    }

    pub fn contains(&self, name: &Name) -> bool {
        self.get_name(name).is_some()
    }

    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Takes the names out, as strings of a code object; they share the texts.
    pub(crate) fn take_strings(&mut self) -> Box<[PyString]> {
        self.places.clear();
        self.names.drain(..).map(Name::into_string).collect()
    }

    pub fn as_slice(&self) -> &[Name] {
        &self.names
    }

    pub fn iter(&self) -> impl Iterator<Item = &Name> {
        self.names.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_that_look_alike_are_told_apart() {
        let texts =
            ["", "a", "aa", "aaa", "aaaa", "a\0", "abcdefgh", "abcdefghi", "abcdefghijklmnopq", "abcdefghXjklmnopq"];
        let mut interner = Interner::default();
        for round in 0..2 {
            for (i, text) in texts.iter().enumerate() {
                let name = interner.intern(text);
                assert_eq!((&*name, name.raw_id()), (*text, i as u32), "round {round}");
            }
        }
    }

    #[test]
    fn names_are_numbered_in_order_and_found_again() {
        let mut interner = Interner::default();
        let mut table = NameTable::new();
        for round in 0..2 {
            for i in 0..100u32 {
                let name = interner.intern(&format!("name{i}"));
                assert_eq!(table.add_name(&name), i, "round {round}");
                assert_eq!(table.get(&name), Some(i));
            }
        }
        assert_eq!(table.len(), 100);
        assert!(!table.contains(&interner.intern("other")));
        let mut unnumbered = NameTable::new();
        assert_eq!([unnumbered.add("a"), unnumbered.add("b"), unnumbered.add("a")], [0, 1, 0]);
    }
}
