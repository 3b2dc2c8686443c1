//! The second pass: the scope of every name.
//!
//! A block is given the names bound around it (`bound`), the names declared global around it (`global`) and the type
//! parameters among them; it gives back the names that it and its children leave free. A name that a child leaves free
//! and that this block binds becomes a cell. Comprehensions other than generator expressions are merged into the block
//! that holds them (PEP 709), unless that block is an annotation scope that sees a class's names.
//! Source: CPython Python/symtable.c (`analyze_block`, `analyze_name`, `inline_comprehension`, `update_symbols`).

use rustc_hash::{FxHashMap, FxHashSet};

use super::entry::flags::*;
use super::{BlockKind, Comprehension, ScopeId, SymbolTable, scope};
use crate::error::CompileError;
use crate::instruction_sequence::Name;

type Names = FxHashSet<Name>;
type Result<T> = std::result::Result<T, CompileError>;

/// Decides the scopes of all names of `table`.
pub(super) fn analyze(table: &mut SymbolTable) -> Result<()> {
    let mut free = Names::default();
    let mut outer = Outer { bound: None, global: Names::default(), type_params: Names::default() };
    analyze_block(table, SymbolTable::TOP, &mut outer, &mut free, None)
}

/// What a block sees of the blocks around it; each block works on its own copy.
struct Outer {
    /// `None` for the module.
    bound: Option<Names>,
    global: Names,
    type_params: Names,
}

/// Scopes in the order in which names were decided, so that symbols copied from inlined comprehensions keep an order.
#[derive(Default)]
struct Scopes(FxHashMap<Name, u32>);

fn error_at_directive(table: &SymbolTable, id: ScopeId, name: &str, message: String) -> CompileError {
    match table[id].directives.iter().find(|d| &*d.name == name) {
        Some(directive) => CompileError::syntax(message, directive.loc),
        None => CompileError::system("BUG: internal directive bookkeeping broken"),
    }
}

fn analyze_block(
    table: &mut SymbolTable,
    id: ScopeId,
    outer: &mut Outer,
    free: &mut Names,
    class_entry: Option<ScopeId>,
) -> Result<()> {
    let mut local = Names::default();
    let mut scopes = Scopes::default();
    let mut new_free = Names::default();
    let mut inlined_cells = Names::default();
    let is_class = table[id].kind == BlockKind::Class;
    let function_like = table[id].is_function_like();

    // A class's names are invisible in its methods, so what the children see is taken before the class's own names.
    let mut child_outer =
        Outer { bound: Some(Names::default()), global: Names::default(), type_params: Names::default() };
    if is_class {
        child_outer.global = outer.global.clone();
        child_outer.bound = Some(outer.bound.clone().unwrap_or_default());
    }

    for i in 0..table[id].symbols.len() {
        let Some((name, flags)) = table[id].symbols.iter().nth(i).cloned() else { break };
        let decided = decide(table, id, &name, flags, outer, &mut local, free, class_entry)?;
        scopes.0.insert(name, decided);
    }

    if is_class {
        if let Some(bound) = &mut child_outer.bound {
            for name in ["__class__", "__classdict__", "__conditional_annotations__"] {
                bound.insert(name.into());
            }
        }
    } else {
        let mut bound = outer.bound.clone().unwrap_or_default();
        if function_like {
            bound.extend(local.iter().cloned());
        }
        child_outer.bound = Some(bound);
        child_outer.global = outer.global.clone();
    }
    child_outer.type_params = outer.type_params.clone();

    let sees_class = table[id].children.iter().any(|&child| table[child].can_see_class_scope);
    for child in table[id].children.clone() {
        let child_class = if !table[child].can_see_class_scope {
            None
        } else if is_class {
            Some(id)
        } else {
            class_entry
        };
        let inline = table[child].comprehension != Comprehension::None
            && !table[child].generator
            && !table[id].can_see_class_scope;
        let mut copy = Outer {
            bound: child_outer.bound.clone(),
            global: child_outer.global.clone(),
            type_params: child_outer.type_params.clone(),
        };
        let mut child_free = new_free.clone();
        analyze_block(table, child, &mut copy, &mut child_free, child_class)?;
        if inline {
            inline_comprehension(table, id, child, &mut scopes, &mut child_free, &mut inlined_cells);
            table[child].comp_inlined = true;
        }
        new_free.extend(child_free);
    }

    // The children of an inlined comprehension become children of this block.
    let mut children = Vec::with_capacity(table[id].children.len());
    for child in std::mem::take(&mut table[id].children) {
        if table[child].comp_inlined {
            children.extend(table[child].children.iter().copied());
        } else {
            children.push(child);
        }
    }
    table[id].children = children;

    if function_like {
        for (name, decided) in &mut scopes.0 {
            if *decided == scope::LOCAL && (new_free.contains(name) || inlined_cells.contains(name)) {
                *decided = scope::CELL;
                new_free.remove(name);
            }
        }
    } else if is_class {
        let entry = &mut table[id];
        entry.needs_class_closure |= new_free.remove("__class__");
        // Needed by every scope that sees the class's names, also where the class has a name `__classdict__` itself.
        entry.needs_classdict |= new_free.remove("__classdict__") || sees_class;
        entry.has_conditional_annotations |= new_free.remove("__conditional_annotations__");
    }

    update_symbols(table, id, &scopes, outer.bound.as_ref(), &new_free, &inlined_cells);
    free.extend(new_free);
    Ok(())
}

/// One name's scope from what this block says of it and what lies around.
#[expect(clippy::too_many_arguments, reason = "the state of one analysis step, used only here")]
fn decide(
    table: &SymbolTable,
    id: ScopeId,
    name: &Name,
    flags: u32,
    outer: &mut Outer,
    local: &mut Names,
    free: &mut Names,
    class_entry: Option<ScopeId>,
) -> Result<u32> {
    if flags & DEF_GLOBAL != 0 {
        if flags & DEF_NONLOCAL != 0 {
            return Err(error_at_directive(table, id, name, format!("name '{name}' is nonlocal and global")));
        }
        outer.global.insert(name.clone());
        if let Some(bound) = &mut outer.bound {
            bound.remove(name);
        }
        return Ok(scope::GLOBAL_EXPLICIT);
    }
    if flags & DEF_NONLOCAL != 0 {
        let Some(bound) = &outer.bound else {
            let message = "nonlocal declaration not allowed at module level".to_owned();
            return Err(error_at_directive(table, id, name, message));
        };
        if !bound.contains(name) {
            return Err(error_at_directive(table, id, name, format!("no binding for nonlocal '{name}' found")));
        }
        if outer.type_params.contains(name) {
            let message = format!("nonlocal binding not allowed for type parameter '{name}'");
            return Err(error_at_directive(table, id, name, message));
        }
        free.insert(name.clone());
        return Ok(scope::FREE);
    }
    if flags & DEF_BOUND != 0 {
        local.insert(name.clone());
        outer.global.remove(name);
        if flags & DEF_TYPE_PARAM != 0 {
            outer.type_params.insert(name.clone());
        } else {
            outer.type_params.remove(name);
        }
        return Ok(scope::LOCAL);
    }
    // In a scope that sees the names of a class, a name that the class binds is looked up in the class and then among
    // the globals, even where a function around the class binds it too.
    if let Some(class_entry) = class_entry {
        let class_flags = table[class_entry].symbol(name);
        if class_flags & DEF_GLOBAL != 0 {
            return Ok(scope::GLOBAL_EXPLICIT);
        }
        if class_flags & DEF_BOUND != 0 && class_flags & DEF_NONLOCAL == 0 {
            return Ok(scope::GLOBAL_IMPLICIT);
        }
    }
    if outer.bound.as_ref().is_some_and(|bound| bound.contains(name)) {
        free.insert(name.clone());
        return Ok(scope::FREE);
    }
    Ok(scope::GLOBAL_IMPLICIT)
}

/// Merges the names of an inlined comprehension into the block that holds it.
fn inline_comprehension(
    table: &mut SymbolTable,
    id: ScopeId,
    comp: ScopeId,
    scopes: &mut Scopes,
    comp_free: &mut Names,
    inlined_cells: &mut Names,
) {
    let is_class = table[id].kind == BlockKind::Class;
    let mut removed = Vec::new();
    for (name, symbol) in table[comp].symbols.clone().iter() {
        // `.0`, the outermost iterable, is no parameter any more.
        if symbol & DEF_PARAM != 0 {
            continue;
        }
        let mut decided = scope::of(*symbol);
        let only_flags = symbol & ((1 << SCOPE_OFFSET) - 1);
        if decided == scope::CELL || only_flags & DEF_COMP_CELL != 0 {
            inlined_cells.insert(name.clone());
        }
        // A class's implicit cells are never free through the class scope: the comprehension itself sees a global, only
        // functions inside it see the cell.
        if decided == scope::FREE
            && is_class
            && matches!(&**name, "__class__" | "__classdict__" | "__conditional_annotations__")
        {
            decided = scope::GLOBAL_IMPLICIT;
            if !is_free_in_any_child(table, comp, name) {
                comp_free.remove(name);
            }
            removed.push(name.clone());
        }
        match table[id].symbols.get(name) {
            None => {
                table[id].symbols.set(name, only_flags);
                scopes.0.insert(name.clone(), decided);
            }
            Some(existing) => {
                // A free name of the comprehension that this block binds is simply local now, unless a block inside
                // the comprehension needs it as a cell.
                if existing & DEF_BOUND != 0 && !is_class {
                    if !is_free_in_any_child(table, comp, name) {
                        comp_free.remove(name);
                    }
                    if decided == scope::FREE {
                        table[id].symbols.set(name, existing | (only_flags & USE));
                    }
                } else if existing & DEF_NONLOCAL != 0 && decided == scope::FREE {
                    // Declared nonlocal here and read only inside the comprehension: it is read here now.
                    table[id].symbols.set(name, existing | (only_flags & USE));
                }
            }
        }
    }
    for name in removed {
        table[comp].symbols.remove(&name);
    }
}

fn is_free_in_any_child(table: &SymbolTable, id: ScopeId, name: &str) -> bool {
    table[id].children.iter().any(|&child| table[child].scope_of(name) == scope::FREE)
}

/// Writes the scopes into the symbols, and passes on the names that stay free.
fn update_symbols(
    table: &mut SymbolTable,
    id: ScopeId,
    scopes: &Scopes,
    bound: Option<&Names>,
    free: &Names,
    inlined_cells: &Names,
) {
    let entry = &mut table[id];
    let class_flag = entry.kind == BlockKind::Class || entry.can_see_class_scope;
    for (name, symbol) in entry.symbols.iter_mut() {
        if inlined_cells.contains(name) {
            *symbol |= DEF_COMP_CELL;
        }
        *symbol |= scopes.0.get(name).copied().unwrap_or(scope::GLOBAL_IMPLICIT) << SCOPE_OFFSET;
    }
    // CPython iterates a set here; the order of the names it adds is not observable in code objects, so take any fixed.
    let mut names: Vec<&Name> = free.iter().collect();
    names.sort_unstable();
    for name in names {
        match entry.symbols.get(name) {
            Some(symbol) => {
                // A method's free name that is also a name of the class.
                if class_flag {
                    entry.symbols.set(name, symbol | DEF_FREE_CLASS);
                }
            }
            None => {
                if bound.is_none_or(|bound| bound.contains(name)) {
                    entry.symbols.set(name, scope::FREE << SCOPE_OFFSET);
                }
            }
        }
    }
}
