//! One block's facts, and the ordered map from names to flags.
//!
//! The order of a block's symbols is the order in which the walk met them: code generation saves the variables of an
//! inlined comprehension in this order, so the bytecode depends on it.
//! Source: CPython Include/internal/pycore_symtable.h (`PySTEntryObject` and the DEF_ and scope constants).

use std::rc::Rc;

use rustc_hash::FxHashSet;

use super::ScopeId;
use crate::instruction_sequence::{Location, Name};
use crate::names::Places;

/// What is known of a name in a block; the scope sits above bit [`flags::SCOPE_OFFSET`].
pub mod flags {
    pub const DEF_GLOBAL: u32 = 1;
    pub const DEF_LOCAL: u32 = 2;
    pub const DEF_PARAM: u32 = 2 << 1;
    pub const DEF_NONLOCAL: u32 = 2 << 2;
    pub const USE: u32 = 2 << 3;
    pub const DEF_FREE_CLASS: u32 = 2 << 5;
    pub const DEF_IMPORT: u32 = 2 << 6;
    pub const DEF_ANNOT: u32 = 2 << 7;
    pub const DEF_COMP_ITER: u32 = 2 << 8;
    pub const DEF_TYPE_PARAM: u32 = 2 << 9;
    pub const DEF_COMP_CELL: u32 = 2 << 10;
    pub const DEF_BOUND: u32 = DEF_LOCAL | DEF_PARAM | DEF_IMPORT;
    pub const SCOPE_OFFSET: u32 = 12;
    pub const SCOPE_MASK: u32 = DEF_GLOBAL | DEF_LOCAL | DEF_PARAM | DEF_NONLOCAL;
}

/// A name's scope, as stored in its flags. 0 is "unknown here".
pub mod scope {
    pub const UNKNOWN: u32 = 0;
    pub const LOCAL: u32 = 1;
    pub const GLOBAL_EXPLICIT: u32 = 2;
    pub const GLOBAL_IMPLICIT: u32 = 3;
    pub const FREE: u32 = 4;
    pub const CELL: u32 = 5;

    /// The scope in a symbol's flags.
    pub fn of(symbol: u32) -> u32 {
        (symbol >> super::flags::SCOPE_OFFSET) & super::flags::SCOPE_MASK
    }
}

/// The kinds of block; the numbers are those of `_symtable`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum BlockKind {
    Function = 0,
    Class = 1,
    Module = 2,
    /// Annotations: evaluated lazily by `__annotate__`.
    Annotation = 3,
    TypeAlias = 4,
    TypeParameters = 5,
    /// The bound, constraints or default of one type parameter.
    TypeVariable = 6,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Comprehension {
    #[default]
    None,
    List,
    Dict,
    Set,
    Generator,
}

/// Where a name was declared global or nonlocal (or rebound by an assignment expression).
#[derive(Clone, Debug)]
pub struct Directive {
    pub name: Name,
    pub loc: Location,
}

/// Names in order of first insertion, by their numbers in the table's interner, with their flags.
#[derive(Clone, Debug, Default)]
pub struct Symbols {
    items: Vec<(u32, u32)>,
    places: Places,
}

impl Symbols {
    #[inline]
    pub(crate) fn get(&self, name: u32) -> Option<u32> {
        self.place(name).map(|place| self.items[place].1)
    }

    #[inline]
    fn place(&self, name: u32) -> Option<usize> {
        self.places.find(name, &self.items, |(name, _)| *name)
    }

    /// Sets a name's flags; a known name keeps its place.
    pub(crate) fn set(&mut self, name: u32, flags: u32) {
        *self.entry(name) = flags;
    }

    /// A name's flags, 0 when it is new.
    pub(crate) fn entry(&mut self, name: u32) -> &mut u32 {
        self.entry_hinted(name, &mut 0)
    }

    /// The same; `hint` is where the name was found last.
    #[inline]
    pub(crate) fn entry_hinted(&mut self, name: u32, hint: &mut u32) -> &mut u32 {
        if !self.is_at(name, *hint) {
            *hint = self.find_or_append(name);
        }
        &mut self.items[*hint as usize].1
    }

    #[inline]
    fn is_at(&self, name: u32, hint: u32) -> bool {
        self.items.get(hint as usize).is_some_and(|(known, _)| *known == name)
    }

    fn find_or_append(&mut self, name: u32) -> u32 {
        if let Some(place) = self.place(name) {
            return place as u32;
        }
        if self.items.is_empty() {
            self.items.reserve(8);
        }
        self.items.push((name, 0));
        self.places.grown(&self.items, |(name, _)| *name);
        self.items.len() as u32 - 1
    }

    /// A name's flags; `hint` is where it was found last.
    #[inline]
    pub(crate) fn get_hinted(&self, name: u32, hint: &mut u32) -> Option<u32> {
        if !self.is_at(name, *hint) {
            *hint = self.place(name)? as u32;
        }
        self.items.get(*hint as usize).map(|(_, flags)| *flags)
    }

    pub(super) fn remove(&mut self, name: u32) {
        if let Some(place) = self.place(name) {
            self.items.remove(place);
            self.places.rebuild(&self.items, |(name, _)| *name);
        }
    }

    /// The names' numbers and flags; [`SymbolTable::symbols`](super::SymbolTable::symbols) tells their texts.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (u32, u32)> {
        self.items.iter().copied()
    }

    pub(crate) fn as_slice(&self) -> &[(u32, u32)] {
        &self.items
    }

    /// Forgets the names, and keeps the memory.
    fn clear(&mut self) {
        self.items.clear();
        self.places.clear();
    }

    pub fn len(&self) -> usize {
        self.items.len()
    }

    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    pub(super) fn items_mut(&mut self) -> &mut [(u32, u32)] {
        &mut self.items
    }
}

/// One block's symbol table.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: Name,
    pub kind: BlockKind,
    pub symbols: Symbols,
    /// Parameters in order, by their numbers; [`SymbolTable::parameters`](super::SymbolTable::parameters) tells their texts.
    pub(crate) varnames: Vec<u32>,
    pub children: Vec<ScopeId>,
    pub directives: Vec<Directive>,
    /// Names to which private name mangling applies in the type parameter block of a generic class; `None` mangles all.
    pub mangled_names: Option<Rc<std::cell::RefCell<FxHashSet<Name>>>>,
    /// What a `TypeVariable` block belongs to, for messages ("a TypeVar bound").
    pub scope_info: Option<&'static str>,
    pub nested: bool,
    pub generator: bool,
    pub coroutine: bool,
    pub annotations_used: bool,
    pub comprehension: Comprehension,
    pub varargs: bool,
    pub varkeywords: bool,
    pub returns_value: bool,
    pub needs_class_closure: bool,
    pub needs_classdict: bool,
    pub comp_inlined: bool,
    pub comp_iter_target: bool,
    pub can_see_class_scope: bool,
    pub has_docstring: bool,
    pub method: bool,
    pub has_conditional_annotations: bool,
    pub in_conditional_block: bool,
    pub in_unevaluated_annotation: bool,
    pub comp_iter_expr: u32,
    pub loc: Location,
    pub annotation_block: Option<ScopeId>,
}

impl Entry {
    pub fn new(name: Name, kind: BlockKind, loc: Location) -> Self {
        Self {
            name,
            kind,
            symbols: Symbols::default(),
            varnames: Vec::new(),
            children: Vec::new(),
            directives: Vec::new(),
            mangled_names: None,
            scope_info: None,
            nested: false,
            generator: false,
            coroutine: false,
            annotations_used: false,
            comprehension: Comprehension::None,
            varargs: false,
            varkeywords: false,
            returns_value: false,
            needs_class_closure: false,
            needs_classdict: false,
            comp_inlined: false,
            comp_iter_target: false,
            can_see_class_scope: false,
            has_docstring: false,
            method: false,
            has_conditional_annotations: false,
            in_conditional_block: false,
            in_unevaluated_annotation: false,
            comp_iter_expr: 0,
            loc,
            annotation_block: None,
        }
    }

    /// The block runs as a function: it has fast locals.
    pub fn is_function_like(&self) -> bool {
        !matches!(self.kind, BlockKind::Class | BlockKind::Module)
    }

    /// The flags of the name with that number, 0 if it is unknown here.
    pub(crate) fn symbol(&self, name: u32) -> u32 {
        self.symbols.get(name).unwrap_or(0)
    }

    /// Its scope, `scope::UNKNOWN` if it is unknown here.
    pub(crate) fn scope_of(&self, name: u32) -> u32 {
        scope::of(self.symbol(name))
    }

    /// The entry of another block in the memory of this one.
    pub(super) fn reuse(self, name: Name, kind: BlockKind, loc: Location) -> Self {
        let Self { mut symbols, mut varnames, mut children, mut directives, .. } = self;
        symbols.clear();
        varnames.clear();
        children.clear();
        directives.clear();
        Self { symbols, varnames, children, directives, ..Self::new(name, kind, loc) }
    }

    /// How many names its memory has room for.
    pub(super) fn capacity(&self) -> usize {
        self.symbols.items.capacity() + self.varnames.capacity() + self.children.capacity()
    }
}
