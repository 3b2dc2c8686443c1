//! The second pass: the scope of every name.
//!
//! A block sees which names are bound around it and which of those are type parameters; it gives back the names that it
//! and its children leave free. What a block sees is kept in one array, a few bits a name, that every block changes for its
//! children and restores when it is left, so nothing is copied from block to block. A name that a child leaves free
//! and that this block binds becomes a cell. Comprehensions other than generator expressions are merged into the block
//! that holds them (PEP 709), unless that block is an annotation scope that sees a class's names.
//! Source: CPython Python/symtable.c (`analyze_block`, `analyze_name`, `inline_comprehension`, `update_symbols`).

use rustc_hash::FxHashSet;

use super::entry::flags::*;
use super::{BlockKind, Comprehension, ScopeId, SymbolTable, scope};
use crate::error::CompileError;
use crate::instruction_sequence::Name;

type Result<T> = std::result::Result<T, CompileError>;

/// A set of names by their numbers. Most are empty or have a handful, which need no memory of their own.
#[derive(Default)]
struct Ids {
    few: [u32; Ids::FEW],
    count: usize,
    /// All of them, where there are more than [`Ids::FEW`].
    many: Option<Box<FxHashSet<u32>>>,
}

impl Ids {
    const FEW: usize = 12;

    fn few(&self) -> &[u32] {
        &self.few[..self.count]
    }

    fn is_empty(&self) -> bool {
        self.count == 0 && self.many.as_ref().is_none_or(|many| many.is_empty())
    }

    fn contains(&self, id: u32) -> bool {
        match &self.many {
            None => self.few().contains(&id),
            Some(many) => many.contains(&id),
        }
    }

    fn insert(&mut self, id: u32) {
        if let Some(many) = &mut self.many {
            many.insert(id);
        } else if !self.few().contains(&id) {
            if let Some(place) = self.few.get_mut(self.count) {
                *place = id;
                self.count += 1;
            } else {
                let many = self.few.iter().copied().chain([id]).collect();
                self.count = 0;
                self.many = Some(Box::new(many));
            }
        }
    }

    /// Takes a name out; was it in?
    fn remove(&mut self, id: u32) -> bool {
        if let Some(many) = &mut self.many {
            return many.remove(&id);
        }
        let Some(place) = self.few().iter().position(|known| *known == id) else { return false };
        self.count -= 1;
        self.few.swap(place, self.count);
        true
    }

    fn iter(&self) -> impl Iterator<Item = u32> {
        self.few().iter().copied().chain(self.many.iter().flat_map(|many| many.iter().copied()))
    }

    /// Adds all of `other`.
    fn join(&mut self, other: Ids) {
        if self.is_empty() {
            *self = other;
        } else {
            other.iter().for_each(|id| self.insert(id));
        }
    }
}

/// The names that a class has without binding them.
const CLASS_CELLS: [&str; 3] = ["__class__", "__classdict__", "__conditional_annotations__"];

/// Decides the scopes of all names of `table`.
pub(super) fn analyze(table: &mut SymbolTable) -> Result<()> {
    let class_cells = CLASS_CELLS.map(|name| table.names.intern_id(name));
    let seen = vec![0; table.names.len()];
    let mut analyzer = Analyzer { seen, log: Vec::new(), scopes: Vec::new(), class_cells, table };
    analyzer.block(SymbolTable::TOP, &mut Ids::default(), None)
}

/// Bound in a block around that functions see.
const BOUND: u8 = 1;
/// Bound there as a type parameter.
const TYPE_PARAM: u8 = 2;

struct Analyzer<'t> {
    table: &'t mut SymbolTable,
    /// What the block at hand sees, by a name's number: [`BOUND`], [`TYPE_PARAM`].
    seen: Vec<u8>,
    /// What was changed in `seen`: the number and the bits before.
    log: Vec<(u32, u8)>,
    /// The scopes decided so far: those of the symbols of the block at hand in their order, behind those of the blocks around.
    scopes: Vec<u32>,
    class_cells: [u32; 3],
}

impl Analyzer<'_> {
    fn see(&mut self, id: u32, bits: u8) {
        let place = &mut self.seen[id as usize];
        if *place != bits {
            self.log.push((id, *place));
            *place = bits;
        }
    }

    fn undo(&mut self, to: usize) {
        while self.log.len() > to {
            if let Some((id, bits)) = self.log.pop() {
                self.seen[id as usize] = bits;
            }
        }
    }

    fn text(&self, name: u32) -> &Name {
        self.table.names.name(name)
    }

    fn error_at_directive(&self, id: ScopeId, name: u32, message: String) -> CompileError {
        match self.table[id].directives.iter().find(|d| d.name == *self.text(name)) {
            Some(directive) => CompileError::syntax(message, directive.loc),
            None => CompileError::system("BUG: internal directive bookkeeping broken"),
        }
    }

    fn block(&mut self, id: ScopeId, free: &mut Ids, class_entry: Option<ScopeId>) -> Result<()> {
        let is_class = self.table[id].kind == BlockKind::Class;
        let function_like = self.table[id].is_function_like();
        let entered = self.log.len();
        let mut inlined_cells = Ids::default();

        let first_scope = self.scopes.len();
        for at in 0..self.table[id].symbols.len() {
            let (name, flags) = self.table[id].symbols.as_slice()[at];
            let decided = self.decide(id, name, flags, function_like, free, class_entry)?;
            self.scopes.push(decided);
        }

        // A class's names are invisible in its methods: what the children see is what was bound around it. Type
        // parameters are an exception.
        if is_class {
            let changed: Vec<(u32, u8)> =
                self.log[entered..].iter().map(|&(name, _)| (name, self.seen[name as usize])).collect();
            self.undo(entered);
            for (name, bits) in changed {
                self.see(name, self.seen[name as usize] & BOUND | bits & TYPE_PARAM);
            }
            for name in self.class_cells {
                self.see(name, self.seen[name as usize] | BOUND);
            }
        }

        let mut new_free = Ids::default();
        let sees_class = self.table[id].children.iter().any(|&child| self.table[child].can_see_class_scope);
        let mut children = std::mem::take(&mut self.table[id].children);
        let mut inlined = false;
        for &child in &children {
            let child_class = if !self.table[child].can_see_class_scope {
                None
            } else if is_class {
                Some(id)
            } else {
                class_entry
            };
            let inline = self.table[child].comprehension != Comprehension::None
                && !self.table[child].generator
                && !self.table[id].can_see_class_scope;
            let before = self.log.len();
            let mut child_free = Ids::default();
            self.block(child, &mut child_free, child_class)?;
            self.undo(before);
            if inline {
                self.inline_comprehension(id, child, &mut child_free, &mut inlined_cells);
                self.table[child].comp_inlined = true;
                inlined = true;
            }
            new_free.join(child_free);
        }
        // The children of an inlined comprehension become children of this block.
        if inlined {
            let mut all = Vec::with_capacity(children.len());
            for child in children {
                if self.table[child].comp_inlined {
                    all.extend(self.table[child].children.iter().copied());
                } else {
                    all.push(child);
                }
            }
            children = all;
        }
        self.table[id].children = children;

        let entry = &mut self.table[id];
        if function_like {
            if !new_free.is_empty() || !inlined_cells.is_empty() {
                for ((name, _), decided) in entry.symbols.iter().zip(&mut self.scopes[first_scope..]) {
                    if *decided == scope::LOCAL && (new_free.contains(name) || inlined_cells.contains(name)) {
                        *decided = scope::CELL;
                        new_free.remove(name);
                    }
                }
            }
        } else if is_class {
            let [class, classdict, annotations] = self.class_cells.map(|cell| new_free.remove(cell));
            entry.needs_class_closure |= class;
            // Needed by every scope that sees the class's names, also where the class has a name `__classdict__` itself.
            entry.needs_classdict |= classdict || sees_class;
            entry.has_conditional_annotations |= annotations;
        }

        // What lies around this block decides which of the names that stay free it passes on.
        self.undo(entered);
        self.update_symbols(id, first_scope, &new_free, &inlined_cells);
        self.scopes.truncate(first_scope);
        free.join(new_free);
        Ok(())
    }

    /// One name's scope from what this block says of it and what lies around.
    fn decide(
        &mut self,
        id: ScopeId,
        name: u32,
        flags: u32,
        function_like: bool,
        free: &mut Ids,
        class_entry: Option<ScopeId>,
    ) -> Result<u32> {
        let seen = self.seen[name as usize];
        if flags & DEF_GLOBAL != 0 {
            if flags & DEF_NONLOCAL != 0 {
                let message = format!("name '{}' is nonlocal and global", self.text(name));
                return Err(self.error_at_directive(id, name, message));
            }
            self.see(name, seen & !BOUND);
            return Ok(scope::GLOBAL_EXPLICIT);
        }
        if flags & DEF_NONLOCAL != 0 {
            let message = if id == SymbolTable::TOP {
                "nonlocal declaration not allowed at module level".to_owned()
            } else if seen & BOUND == 0 {
                format!("no binding for nonlocal '{}' found", self.text(name))
            } else if seen & TYPE_PARAM != 0 {
                format!("nonlocal binding not allowed for type parameter '{}'", self.text(name))
            } else {
                free.insert(name);
                return Ok(scope::FREE);
            };
            return Err(self.error_at_directive(id, name, message));
        }
        if flags & DEF_BOUND != 0 {
            let bound = if function_like { BOUND } else { seen & BOUND };
            self.see(name, bound | if flags & DEF_TYPE_PARAM != 0 { TYPE_PARAM } else { 0 });
            return Ok(scope::LOCAL);
        }
        // In a scope that sees the names of a class, a name that the class binds is looked up in the class and then among
        // the globals, even where a function around the class binds it too.
        if let Some(class_entry) = class_entry {
            let class_flags = self.table[class_entry].symbol(name);
            if class_flags & DEF_GLOBAL != 0 {
                return Ok(scope::GLOBAL_EXPLICIT);
            }
            if class_flags & DEF_BOUND != 0 && class_flags & DEF_NONLOCAL == 0 {
                return Ok(scope::GLOBAL_IMPLICIT);
            }
        }
        if seen & BOUND != 0 {
            free.insert(name);
            return Ok(scope::FREE);
        }
        Ok(scope::GLOBAL_IMPLICIT)
    }

    /// Merges the names of an inlined comprehension into the block that holds it.
    fn inline_comprehension(&mut self, id: ScopeId, comp: ScopeId, comp_free: &mut Ids, inlined_cells: &mut Ids) {
        let is_class = self.table[id].kind == BlockKind::Class;
        let mut removed = Ids::default();
        for at in 0..self.table[comp].symbols.len() {
            let (name, symbol) = self.table[comp].symbols.as_slice()[at];
            // `.0`, the outermost iterable, is no parameter any more.
            if symbol & DEF_PARAM != 0 {
                continue;
            }
            let mut decided = scope::of(symbol);
            let only_flags = symbol & ((1 << SCOPE_OFFSET) - 1);
            if decided == scope::CELL || only_flags & DEF_COMP_CELL != 0 {
                inlined_cells.insert(name);
            }
            // A class's implicit cells are never free through the class scope: the comprehension itself sees a global,
            // only functions inside it see the cell.
            if decided == scope::FREE && is_class && self.class_cells.contains(&name) {
                decided = scope::GLOBAL_IMPLICIT;
                if !is_free_in_any_child(self.table, comp, name) {
                    comp_free.remove(name);
                }
                removed.insert(name);
            }
            match self.table[id].symbols.get(name) {
                None => {
                    self.table[id].symbols.set(name, only_flags);
                    self.scopes.push(decided);
                }
                Some(existing) => {
                    // A free name of the comprehension that this block binds is simply local now, unless a block inside
                    // the comprehension needs it as a cell.
                    if existing & DEF_BOUND != 0 && !is_class {
                        if !is_free_in_any_child(self.table, comp, name) {
                            comp_free.remove(name);
                        }
                        if decided == scope::FREE {
                            self.table[id].symbols.set(name, existing | (only_flags & USE));
                        }
                    } else if existing & DEF_NONLOCAL != 0 && decided == scope::FREE {
                        // Declared nonlocal here and read only inside the comprehension: it is read here now.
                        self.table[id].symbols.set(name, existing | (only_flags & USE));
                    }
                }
            }
        }
        for name in removed.iter() {
            self.table[comp].symbols.remove(name);
        }
    }

    /// Writes the scopes into the symbols, and passes on the names that stay free.
    fn update_symbols(&mut self, id: ScopeId, first_scope: usize, free: &Ids, inlined_cells: &Ids) {
        let SymbolTable { entries, names, .. } = &mut *self.table;
        let entry = &mut entries[id.0 as usize];
        let class_flag = entry.kind == BlockKind::Class || entry.can_see_class_scope;
        for ((name, symbol), decided) in entry.symbols.items_mut().iter_mut().zip(&self.scopes[first_scope..]) {
            if !inlined_cells.is_empty() && inlined_cells.contains(*name) {
                *symbol |= DEF_COMP_CELL;
            }
            *symbol |= decided << SCOPE_OFFSET;
        }
        // CPython iterates a set here; the order of the names it adds is not observable in code objects, so take any fixed.
        let mut sorted: Vec<u32> = free.iter().collect();
        sorted.sort_unstable_by(|a, b| names.name(*a).cmp(names.name(*b)));
        for name in sorted {
            match entry.symbols.get(name) {
                Some(symbol) => {
                    // A method's free name that is also a name of the class.
                    if class_flag {
                        entry.symbols.set(name, symbol | DEF_FREE_CLASS);
                    }
                }
                None => {
                    if id == SymbolTable::TOP || self.seen[name as usize] & BOUND != 0 {
                        entry.symbols.set(name, scope::FREE << SCOPE_OFFSET);
                    }
                }
            }
        }
    }
}

fn is_free_in_any_child(table: &SymbolTable, id: ScopeId, name: u32) -> bool {
    table[id].children.iter().any(|&child| table[child].scope_of(name) == scope::FREE)
}
