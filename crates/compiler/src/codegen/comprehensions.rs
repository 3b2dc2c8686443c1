//! Comprehensions and generator expressions.
//!
//! A generator expression is a function called at once with the iterator of its outermost iterable. The others are
//! inlined where the symbol table says so (PEP 709): the variables they bind become locals of the unit around, whose
//! values of the same names are saved on the stack and put back after, also when an exception passes.
//! Source: CPython Python/codegen.c (`codegen_comprehension`), Python/compile.c
//! (`_PyCompile_TweakInlinedComprehensionScopes`).

use ophi_bytecode::IrOpcode as Op;
use ophi_syntax::ast::Comprehension as Generator;
use ophi_syntax::ast::*;

use super::operands::RESUME_AFTER_AWAIT;
use super::unit::{BlockData, BlockType, ScopeKind, UnitStart};
use super::{Compiler, Result};
use crate::instruction_sequence::{Label, Location, NO_LOCATION};
use crate::location;
use crate::symtable::flags::{DEF_LOCAL, DEF_NONLOCAL};
use crate::symtable::{BlockKey, BlockKind, ScopeId, scope};

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Generator,
    List,
    Set,
    Dict,
}

/// What is made of each item.
#[derive(Clone, Copy)]
struct Item<'a> {
    kind: Kind,
    /// The element, or a dict's key.
    elt: &'a Expr<'a>,
    value: Option<&'a Expr<'a>>,
}

/// What was changed to compile an inlined comprehension in the unit around it.
#[derive(Default)]
struct Inlined {
    /// Names whose values are saved on the stack.
    pushed: Vec<u32>,
    /// Symbols of the unit around as they were.
    symbols: Vec<(u32, u32)>,
    fast_hidden: Vec<u32>,
    cleanup: Option<Label>,
}

impl<'a> Compiler<'a, '_> {
    pub(super) fn comprehension(&mut self, e: &'a Expr<'a>) -> Result<()> {
        let (name, item, generators) = match e.kind {
            ExprKind::GeneratorExp { elt, generators } => {
                ("<genexpr>", Item { kind: Kind::Generator, elt, value: None }, generators)
            }
            ExprKind::ListComp { elt, generators } => {
                ("<listcomp>", Item { kind: Kind::List, elt, value: None }, generators)
            }
            ExprKind::SetComp { elt, generators } => {
                ("<setcomp>", Item { kind: Kind::Set, elt, value: None }, generators)
            }
            ExprKind::DictComp { key, value, generators } => {
                ("<dictcomp>", Item { kind: Kind::Dict, elt: key, value: Some(value) }, generators)
            }
            _ => return Ok(()),
        };
        let Some(outermost) = generators.first() else { return Ok(()) };
        let loc = location(e.range);
        let key = BlockKey::node(e);
        let ste = self.lookup_block(key)?;
        let inlined = self.table[ste].comp_inlined;
        let is_async = self.table[ste].coroutine;
        let mut state = Inlined::default();
        if inlined {
            self.iterator(outermost)?;
            self.tweak_scopes(ste, &mut state);
            self.push_locals(loc, ste, &mut state)?;
        } else {
            let start = UnitStart { argcount: 1, ..UnitStart::default() };
            self.enter_scope(name, ScopeKind::Comprehension, key, loc.line, None, start)?;
        }
        let build = match item.kind {
            Kind::Generator => None,
            Kind::List => Some(Op::BUILD_LIST),
            Kind::Set => Some(Op::BUILD_SET),
            Kind::Dict => Some(Op::BUILD_MAP),
        };
        if let Some(build) = build {
            self.emit_arg(loc, build, 0);
            if inlined {
                self.emit_arg(loc, Op::SWAP, 2);
            }
        }
        self.generators(loc, generators, 0, 0, item, inlined)?;
        if inlined {
            self.pop_locals(loc, &mut state);
            self.revert_scopes(state);
            return Ok(());
        }
        if item.kind == Kind::Generator {
            self.wrap_in_stop_iteration_handler();
        } else {
            self.emit(loc, Op::RETURN_VALUE);
        }
        let code = self.finish_unit(true)?;
        self.make_closure(loc, code, 0)?;
        self.iterator(outermost)?;
        self.emit_arg(loc, Op::CALL, 0);
        if is_async && item.kind != Kind::Generator {
            self.await_top(loc, 0);
        }
        Ok(())
    }

    /// Pushes the iterator a generator loops over.
    fn iterator(&mut self, generator: &'a Generator<'a>) -> Result<()> {
        self.expr(generator.iter)?;
        let op = if generator.is_async != 0 { Op::GET_AITER } else { Op::GET_ITER };
        self.emit(location(generator.iter.range), op);
        Ok(())
    }

    /// The loops from generator `index` on. `depth` counts the iterators on the stack; `on_stack` tells that the first
    /// one is there already.
    fn generators(
        &mut self,
        loc: Location,
        generators: &'a [Generator<'a>],
        index: usize,
        depth: usize,
        item: Item<'a>,
        on_stack: bool,
    ) -> Result<()> {
        self.depth.enter()?;
        if generators[index].is_async != 0 {
            self.async_generator(loc, generators, index, depth, item, on_stack)?;
        } else {
            self.sync_generator(loc, generators, index, depth, item, on_stack)?;
        }
        self.depth.leave();
        Ok(())
    }

    fn sync_generator(
        &mut self,
        loc: Location,
        generators: &'a [Generator<'a>],
        index: usize,
        depth: usize,
        item: Item<'a>,
        on_stack: bool,
    ) -> Result<()> {
        let generator = &generators[index];
        let start = self.new_label();
        let if_cleanup = self.new_label();
        let anchor = self.new_label();
        let iter_loc = location(generator.iter.range);
        let mut depth = depth;
        let mut is_loop = true;
        if !on_stack {
            if index == 0 {
                self.emit_arg(loc, Op::LOAD_FAST, 0);
            } else {
                // `for y in [f(x)]` is an assignment.
                let only = match generator.iter.kind {
                    ExprKind::List { elts: [only], .. } | ExprKind::Tuple { elts: [only], .. } => Some(only),
                    _ => None,
                };
                match only {
                    Some(only) if !super::expressions::is_starred(only) => {
                        self.expr(only)?;
                        is_loop = false;
                    }
                    _ => self.iterator(generator)?,
                }
            }
        }
        if is_loop {
            depth += 1;
            self.place(start);
            self.emit_jump(iter_loc, Op::FOR_ITER, anchor);
        }
        self.expr(generator.target)?;
        for condition in generator.ifs {
            self.jump_if(loc, condition, if_cleanup, false)?;
        }
        let item_loc = self.inner(loc, generators, index, depth, item)?;
        self.place(if_cleanup);
        if is_loop {
            self.emit_jump(item_loc, Op::JUMP, start);
            self.place(anchor);
            self.emit(NO_LOCATION, Op::END_FOR);
            self.emit(NO_LOCATION, Op::POP_ITER);
        }
        Ok(())
    }

    fn async_generator(
        &mut self,
        loc: Location,
        generators: &'a [Generator<'a>],
        index: usize,
        depth: usize,
        item: Item<'a>,
        on_stack: bool,
    ) -> Result<()> {
        let generator = &generators[index];
        let start = self.new_label();
        let send = self.new_label();
        let except = self.new_label();
        let if_cleanup = self.new_label();
        if !on_stack {
            if index == 0 {
                self.emit_arg(loc, Op::LOAD_FAST, 0);
            } else {
                self.iterator(generator)?;
            }
        }
        self.place(start);
        self.push_block(loc, BlockType::AsyncComprehensionGenerator, start, Label::NONE, BlockData::None)?;
        self.emit_jump(loc, Op::SETUP_FINALLY, except);
        self.emit(loc, Op::GET_ANEXT);
        self.load_none(loc);
        self.place(send);
        self.yield_from(loc, RESUME_AFTER_AWAIT);
        self.emit(loc, Op::POP_BLOCK);
        self.expr(generator.target)?;
        for condition in generator.ifs {
            self.jump_if(loc, condition, if_cleanup, false)?;
        }
        let item_loc = self.inner(loc, generators, index, depth + 1, item)?;
        self.place(if_cleanup);
        self.emit_jump(item_loc, Op::JUMP, start);
        self.pop_block();
        self.place(except);
        self.emit_jump(loc, Op::END_ASYNC_FOR, send);
        Ok(())
    }

    /// The next generator, or the item in the innermost one. Yields the location of the jump back.
    fn inner(
        &mut self,
        loc: Location,
        generators: &'a [Generator<'a>],
        index: usize,
        depth: usize,
        item: Item<'a>,
    ) -> Result<Location> {
        let elt_loc = location(item.elt.range);
        if index + 1 < generators.len() {
            self.generators(loc, generators, index + 1, depth, item, false)?;
            return Ok(elt_loc);
        }
        self.expr(item.elt)?;
        match item.kind {
            Kind::Generator => {
                self.emit_yield(elt_loc);
                self.emit(elt_loc, Op::POP_TOP);
            }
            Kind::List => self.emit_arg(elt_loc, Op::LIST_APPEND, depth + 1),
            Kind::Set => self.emit_arg(elt_loc, Op::SET_ADD, depth + 1),
            Kind::Dict => {
                let mut both = elt_loc;
                if let Some(value) = item.value {
                    self.expr(value)?;
                    both.end_line = value.range.end_lineno as i32;
                    both.end_col = value.range.end_col_offset as i32;
                }
                self.emit_arg(both, Op::MAP_ADD, depth + 1);
                return Ok(both);
            }
        }
        Ok(elt_loc)
    }

    fn in_class_block(&mut self) -> bool {
        self.ste().kind == BlockKind::Class && self.unit().in_inlined_comp == 0
    }

    /// Gives the names that an inlined comprehension binds their scopes in it.
    fn tweak_scopes(&mut self, comp: ScopeId, state: &mut Inlined) {
        let in_class_block = self.in_class_block();
        self.unit().in_inlined_comp += 1;
        let number = self.new_unit_number();
        self.unit().number = number;
        let outer = self.unit().ste;
        let function_like = self.ste().is_function_like();
        for at in 0..self.table[comp].symbols.len() {
            let (name, symbol) = self.table[comp].symbols.as_slice()[at];
            let inside = scope::of(symbol);
            let outer_symbol = self.table[outer].symbol(name);
            let outside = scope::of(outer_symbol);
            // Free names are what they are outside; a cell inside that is free outside is reached the same way.
            let differs =
                inside != outside && inside != scope::FREE && !(inside == scope::CELL && outside == scope::FREE);
            if differs || in_class_block {
                self.table[outer].symbols.set(name, symbol);
                match state.symbols.iter_mut().find(|(n, _)| *n == name) {
                    Some(saved) => saved.1 = outer_symbol,
                    None => state.symbols.push((name, outer_symbol)),
                }
            }
            let bound = symbol & DEF_LOCAL != 0 && symbol & DEF_NONLOCAL == 0;
            if (bound || in_class_block) && !function_like {
                let unit = self.units.last_mut().expect("a unit is open while code is generated");
                let hidden = &mut unit.info.fast_hidden;
                match hidden.iter_mut().find(|(n, _)| n.raw_id() == name) {
                    Some((_, true)) => continue,
                    Some((_, fast)) => *fast = true,
                    None => hidden.push((self.table.names.name(name).clone(), true)),
                }
                state.fast_hidden.push(name);
            }
        }
    }

    fn revert_scopes(&mut self, state: Inlined) {
        self.unit().in_inlined_comp -= 1;
        let number = self.new_unit_number();
        self.unit().number = number;
        let outer = self.unit().ste;
        for &(name, symbol) in &state.symbols {
            self.table[outer].symbols.set(name, symbol);
        }
        // False, not absent: the assembler hides these locals.
        for (name, fast) in &mut self.unit().info.fast_hidden {
            if state.fast_hidden.contains(&name.raw_id()) {
                *fast = false;
            }
        }
    }

    /// Saves the values of the names that the comprehension binds.
    fn push_locals(&mut self, loc: Location, comp: ScopeId, state: &mut Inlined) -> Result<()> {
        // `tweak_scopes` has counted this comprehension already.
        let in_class_block = self.ste().kind == BlockKind::Class && self.unit_ref().in_inlined_comp == 0;
        let outer = self.unit().ste;
        for at in 0..self.table[comp].symbols.len() {
            let (name, symbol) = self.table[comp].symbols.as_slice()[at];
            let bound = symbol & DEF_LOCAL != 0 && symbol & DEF_NONLOCAL == 0;
            if !bound && !in_class_block {
                continue;
            }
            // Of a cell this saves the cell itself; the comprehension gets a new one.
            self.emit_varname(loc, Op::LOAD_FAST_AND_CLEAR, name);
            if scope::of(symbol) == scope::CELL {
                let free = self.table[outer].scope_of(name) == scope::FREE;
                let arg = if free { self.free_index(name) } else { self.cell_index(name) };
                self.emit_arg(loc, Op::MAKE_CELL, arg);
            }
            state.pushed.push(name);
        }
        if !state.pushed.is_empty() {
            // The outermost iterator goes back to the top.
            self.emit_arg(loc, Op::SWAP, state.pushed.len() + 1);
            let cleanup = self.new_label();
            state.cleanup = Some(cleanup);
            self.emit_jump(loc, Op::SETUP_FINALLY, cleanup);
            self.push_block(loc, BlockType::InlinedComprehension, cleanup, Label::NONE, BlockData::None)?;
        }
        Ok(())
    }

    fn restore_locals(&mut self, loc: Location, pushed: &[u32]) {
        // Result or exception stays on top; the SWAP undoes the one of `push_locals`.
        self.emit_arg(loc, Op::SWAP, pushed.len() + 1);
        for &name in pushed.iter().rev() {
            self.emit_varname(loc, Op::STORE_FAST_MAYBE_NULL, name);
        }
    }

    fn pop_locals(&mut self, loc: Location, state: &mut Inlined) {
        let Some(cleanup) = state.cleanup else { return };
        let pushed = std::mem::take(&mut state.pushed);
        self.pop_block();
        self.emit(NO_LOCATION, Op::POP_BLOCK);
        let end = self.new_label();
        self.emit_jump(NO_LOCATION, Op::JUMP_NO_INTERRUPT, end);
        self.place(cleanup);
        // The unfinished result lies below the exception.
        self.emit_arg(NO_LOCATION, Op::SWAP, 2);
        self.emit(NO_LOCATION, Op::POP_TOP);
        self.restore_locals(loc, &pushed);
        self.emit_arg(NO_LOCATION, Op::RERAISE, 0);
        self.place(end);
        self.restore_locals(loc, &pushed);
    }
}
