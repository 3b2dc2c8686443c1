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

/// At most so many names lead on from one shape: a program that makes names up gets dicts.
const MAX_TRANSITIONS: usize = 64;

pub struct Shape {
    /// The shape without the last name; for a root, the one its class had before (0: none).
    parent: u32,
    /// The word of the shape without names that this one grew from; a root has its own.
    root: u32,
    /// How many inline values its instances have room for.
    room: u8,
    /// Names in order of their values. Interned.
    names: Box<[Ref<Str>]>,
    /// Names that followed here, and where they led.
    transitions: Vec<(Ref<Str>, u32)>,
}

/// All shapes of an interpreter, by id. Those of a class that is gone are empty places: their words may still stand in inline caches,
/// so they are not used again.
#[derive(Default)]
pub struct Shapes {
    all: GilCell<Vec<Option<Box<Shape>>>>,
}

impl Shapes {
    /// A new root: no names yet. `before`: the class's root until now, or 0. `None` when the numbers are used up (the class then keeps
    /// dicts).
    pub fn new_root(&self, room: u8, before: u32) -> Option<u32> {
        self.add(before, None, room, Box::new([]))
    }

    fn add(&self, parent: u32, root: Option<u32>, room: u8, names: Box<[Ref<Str>]>) -> Option<u32> {
        let count = names.len() as u32;
        self.all.with_mut(|all| {
            if all.is_empty() {
                all.push(None);
            }
            if all.len() >= MAX_SHAPES {
                return None;
            }
            let word = ((all.len() as u32) << 8) | count;
            all.push(Some(Box::new(Shape {
                parent,
                root: root.unwrap_or(word),
                room,
                names,
                transitions: Vec::new(),
            })));
            Some(word)
        })
    }

    #[inline(always)]
    fn with<T>(&self, word: u32, f: impl FnOnce(&Shape) -> T) -> Option<T> {
        self.all.with(|all| all.get((word >> 8) as usize)?.as_deref().map(f))
    }

    /// A class is gone, and with it all instances: the shapes that grew from its last root, and from those before it.
    pub fn forget(&self, root: u32) {
        let mut work = vec![root];
        let mut gone = Vec::new();
        while let Some(word) = work.pop() {
            let shape = self.all.with_mut(|all| all.get_mut((word >> 8) as usize)?.take());
            if let Some(shape) = shape {
                work.extend(shape.transitions.iter().map(|(_, next)| *next));
                if shape.root == word {
                    work.push(shape.parent);
                }
                gone.push(shape);
            }
        }
    }

    /// Every name that a shape holds.
    pub fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        use ophi_heap::Trace;
        self.all.with(|all| {
            for shape in all.iter().flatten() {
                shape.names.describe(edges);
                shape.transitions.iter().for_each(|(name, _)| name.describe(edges));
            }
        })
    }

    /// Where the value of `name` (interned) stands in instances of the shape.
    #[inline]
    pub fn find(&self, word: u32, name: &Ref<Str>) -> Option<usize> {
        self.with(word, |shape| shape.names.iter().position(|n| n.is(name)))?
    }

    /// The shape after storing `name` (interned) in an instance of the shape; `None` when there is no room, or too many names followed
    /// here already.
    pub fn after(&self, word: u32, name: &Ref<Str>) -> Option<u32> {
        let (known, open) = self.with(word, |shape| {
            let known = shape.transitions.iter().find(|(n, _)| n.is(name)).map(|(_, w)| *w);
            (known, shape.names.len() < shape.room as usize && shape.transitions.len() < MAX_TRANSITIONS)
        })?;
        if known.is_some() || !open {
            return known;
        }
        let mut names = self.names(word);
        let (root, room) = self.root(word);
        names.push(name.clone());
        let next = self.add(word, Some(root), room, names.into_boxed_slice())?;
        self.all.with_mut(|all| {
            if let Some(Some(shape)) = all.get_mut((word >> 8) as usize) {
                shape.transitions.push((name.clone(), next));
            }
        });
        Some(next)
    }

    /// Whether instances of the shape have no room for another name.
    pub fn is_full(&self, word: u32) -> bool {
        self.with(word, |shape| shape.names.len() >= shape.room as usize).unwrap_or(false)
    }

    /// The shape without names that this one grew from, and the room of its instances.
    pub fn root(&self, word: u32) -> (u32, u8) {
        self.with(word, |shape| (shape.root, shape.room)).unwrap_or((0, 0))
    }

    /// The shape without the last name; only for shapes with one.
    pub fn parent(&self, word: u32) -> u32 {
        self.with(word, |shape| shape.parent).unwrap_or(0)
    }

    /// The shape with the same names in the same order but for the one at `index`; `None` when too many names followed one of them already.
    pub fn without(&self, word: u32, index: usize) -> Option<u32> {
        let count = (word & 0xff) as usize;
        let mut next = word;
        for _ in index..count {
            next = self.parent(next);
        }
        for later in index + 1..count {
            let name = self.with(word, |shape| shape.names.get(later).cloned())??;
            next = self.after(next, &name)?;
        }
        Some(next)
    }

    /// The names in order.
    pub fn names(&self, word: u32) -> Vec<Ref<Str>> {
        self.with(word, |shape| shape.names.to_vec()).unwrap_or_default()
    }
}
