//! Symbol tables: what each name of each block is (local, cell, free, global).
//!
//! Two passes, as in CPython: `build` walks the tree and records raw facts (this name is bound here, used there);
//! `analyze` then decides each name's scope from the outside in, letting free names travel outwards again. The result
//! is a flat list of [`Entry`]s that refer to each other by [`ScopeId`]; blocks are found by the node that opens them.
//! Invariant after analysis: every symbol of every entry has a scope in its flags.
//! Source: CPython Python/symtable.c, Include/internal/pycore_symtable.h; PEP 227, 572, 649, 695, 709.

mod analyze;
mod build;
mod build_expr;
mod entry;
mod mangle;

pub use build::build;
pub use entry::{BlockKind, Comprehension, Directive, Entry, Symbols, flags, scope};
pub(crate) use mangle::{mangle, maybe_mangle};

use std::cell::Cell;

use rustc_hash::FxHashMap;

use crate::instruction_sequence::{Interner, Location, Name};

/// A block's number in its table; the module is 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct ScopeId(pub u32);

/// What opens a block: a node's address, told apart by role where one node opens several.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub enum BlockKey {
    Module,
    /// A function, class, lambda or comprehension node, or a type alias's value.
    Node(usize),
    /// The annotations of a function, by its arguments node.
    FunctionAnnotations(usize),
    /// The deferred annotations of a module or class.
    ScopeAnnotations(ScopeId),
    /// The type parameters of a definition, by the definition's node.
    TypeParams(usize),
    /// The bound (or the only lazily evaluated part) of a type parameter, by the parameter's node.
    TypeParamBound(usize),
    TypeParamDefault(usize),
}

impl BlockKey {
    /// The key of a block opened by `node`.
    pub fn node<T>(node: &T) -> Self {
        Self::Node(address(node))
    }
}

/// A node's address, used only as an identity.
pub(crate) fn address<T>(node: &T) -> usize {
    std::ptr::from_ref(node).addr()
}

/// The symbol tables of one compilation.
#[derive(Debug, Default)]
pub struct SymbolTable {
    pub entries: Vec<Entry>,
    pub(crate) blocks: FxHashMap<BlockKey, ScopeId>,
    /// The names of all entries.
    pub(crate) names: Interner,
    /// Entries of the last compilation, for their memory.
    spare: Vec<Entry>,
}

thread_local! {
    /// The last compilation's tables, for the next one: most compile little, and would spend their time asking for memory.
    static SPARE: Cell<Option<SymbolTable>> = const { Cell::new(None) };
}

impl SymbolTable {
    pub const TOP: ScopeId = ScopeId(0);

    /// More entries are not kept for the next compilation,
    const MOST_ENTRIES: usize = 1 << 9;
    /// nor one with room for more names,
    const MOST_IN_ENTRY: usize = 1 << 8;
    /// nor the memory of more names in all.
    const MOST_NAMES: usize = 1 << 13;

    /// An empty one, in the memory of the last compilation's.
    fn new() -> Self {
        SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()
    }

    /// Leaves the memory to the next compilation.
    pub(crate) fn keep(mut self) {
        // The fewer go to the more: entries are large.
        if self.entries.len() > self.spare.len() {
            std::mem::swap(&mut self.entries, &mut self.spare);
        }
        self.spare.append(&mut self.entries);
        self.spare.truncate(Self::MOST_ENTRIES);
        self.spare.retain(|entry| entry.capacity() <= Self::MOST_IN_ENTRY);
        if self.blocks.capacity() > Self::MOST_ENTRIES * 2 {
            self.blocks = FxHashMap::default();
        }
        self.blocks.clear();
        if self.names.capacity() > Self::MOST_NAMES {
            self.names = Interner::default();
        }
        self.names.clear();
        // Without the thread's memory it goes, as it should at the thread's end.
        _ = SPARE.try_with(|spare| spare.set(Some(self)));
    }

    /// Adds the entry of a block.
    fn add(&mut self, name: Name, kind: BlockKind, loc: Location) -> ScopeId {
        let entry = match self.spare.pop() {
            Some(old) => old.reuse(name, kind, loc),
            None => Entry::new(name, kind, loc),
        };
        self.entries.push(entry);
        ScopeId(self.entries.len() as u32 - 1)
    }

    /// The names of one of its entries, in order of first insertion, with their flags.
    pub fn symbols<'t>(&'t self, entry: &'t Entry) -> impl Iterator<Item = (&'t Name, u32)> {
        entry.symbols.iter().map(|(name, flags)| (self.names.name(name), flags))
    }

    /// The parameters of one of its entries, in order.
    pub fn parameters<'t>(&'t self, entry: &'t Entry) -> impl Iterator<Item = &'t Name> {
        entry.varnames.iter().map(|name| self.names.name(*name))
    }

    pub fn lookup(&self, key: BlockKey) -> Option<ScopeId> {
        self.blocks.get(&key).copied()
    }

    pub fn top(&self) -> &Entry {
        &self[Self::TOP]
    }

    /// The number of `name` as block `id` inside class `private` sees it.
    #[inline]
    pub(crate) fn mangled_in(&mut self, id: ScopeId, private: Option<u32>, name: &str) -> u32 {
        maybe_mangle(&mut self.names, private, &self.entries[id.0 as usize], name)
    }
}

impl std::ops::Index<ScopeId> for SymbolTable {
    type Output = Entry;
    fn index(&self, id: ScopeId) -> &Entry {
        &self.entries[id.0 as usize]
    }
}

impl std::ops::IndexMut<ScopeId> for SymbolTable {
    fn index_mut(&mut self, id: ScopeId) -> &mut Entry {
        &mut self.entries[id.0 as usize]
    }
}
