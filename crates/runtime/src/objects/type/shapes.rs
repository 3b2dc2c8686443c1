//! Shapes (hidden classes): which names an instance's inline values hold, in what order.
//!
//! Each class with inline values has a root shape; storing a new attribute moves the instance along a transition. A shape's
//! word in the object header is `id << 8 | count`, so that equality of words means: same class, same names, same order,
//! and the heap can read the count. A root also fixes the room that its instances were made with; a class whose instances turn out to
//! need more gets another root for those to come. Word 0: no inline values, look into the dict. After Self maps and V8 hidden classes;
//! CPython's counterpart are split dictionaries with shared keys.

use crate::{GilCell, Ref, Str};

/// At most so many inline values (CPython's SHARED_KEYS_MAX_SIZE is 30).
pub const MAX_INLINE: usize = 30;
const MAX_SHAPES: usize = 1 << 23;

pub struct Shape {
    /// The shape without the last name; the root has itself.
    pub parent: u32,
    /// The word of the shape without names that this one grew from.
    pub root: u32,
    /// How many inline values its instances have room for.
    pub room: u8,
    /// Names in order of their values. Interned.
    pub names: Box<[Ref<Str>]>,
    /// Names that followed here, and where they led.
    transitions: Vec<(Ref<Str>, u32)>,
}

/// All shapes of an interpreter, by id.
#[derive(Default)]
pub struct Shapes {
    all: GilCell<Vec<Shape>>,
}

impl Shapes {
    /// A new root: no names yet. `None` when the numbers are used up (the class then keeps dicts).
    pub fn new_root(&self, room: u8) -> Option<u32> {
        self.add(0, None, room, Box::new([]))
    }

    fn add(&self, parent: u32, root: Option<u32>, room: u8, names: Box<[Ref<Str>]>) -> Option<u32> {
        let count = names.len() as u32;
        self.all.with_mut(|all| {
            if all.is_empty() {
                all.push(Shape { parent: 0, root: 0, room: 0, names: Box::new([]), transitions: Vec::new() });
            }
            if all.len() >= MAX_SHAPES {
                return None;
            }
            let word = ((all.len() as u32) << 8) | count;
            all.push(Shape { parent, root: root.unwrap_or(word), room, names, transitions: Vec::new() });
            Some(word)
        })
    }

    /// Every name that a shape holds.
    pub fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        use ophi_heap::Trace;
        self.all.with(|all| {
            for shape in all {
                shape.names.describe(edges);
                shape.transitions.iter().for_each(|(name, _)| name.describe(edges));
            }
        })
    }

    /// Where the value of `name` (interned) stands in instances of the shape.
    #[inline]
    pub fn find(&self, word: u32, name: &Ref<Str>) -> Option<usize> {
        self.all.with(|all| all.get((word >> 8) as usize)?.names.iter().position(|n| n.is(name)))
    }

    /// The shape after storing `name` (interned) in an instance of the shape; `None` when there is no room.
    pub fn after(&self, word: u32, name: &Ref<Str>) -> Option<u32> {
        let known = self
            .all
            .with(|all| all.get((word >> 8) as usize)?.transitions.iter().find(|(n, _)| n.is(name)).map(|(_, w)| *w));
        if known.is_some() {
            return known;
        }
        let mut names = self.names(word);
        let (root, room) = self.root(word);
        if names.len() >= room as usize {
            return None;
        }
        names.push(name.clone());
        let next = self.add(word, Some(root), room, names.into_boxed_slice())?;
        self.all.with_mut(|all| {
            if let Some(shape) = all.get_mut((word >> 8) as usize) {
                shape.transitions.push((name.clone(), next));
            }
        });
        Some(next)
    }

    /// The shape without names that this one grew from, and the room of its instances.
    pub fn root(&self, word: u32) -> (u32, u8) {
        self.all.with(|all| all.get((word >> 8) as usize).map_or((0, 0), |s| (s.root, s.room)))
    }

    /// The shape without the last name.
    pub fn parent(&self, word: u32) -> u32 {
        self.all.with(|all| all.get((word >> 8) as usize).map_or(0, |s| s.parent))
    }

    /// The names in order.
    pub fn names(&self, word: u32) -> Vec<Ref<Str>> {
        self.all.with(|all| all.get((word >> 8) as usize).map_or(Vec::new(), |s| s.names.to_vec()))
    }
}
