//! The constants of a code unit while passes add to them, and the removal of those no instruction uses.
//!
//! Equal constants (type included) share an index, except NaNs, which are never equal to another. Source: CPython
//! Python/flowgraph.c (`add_const`, `remove_unused_consts`), Python/compile.c (`merge_const_one`).

use std::hash::{BuildHasher, BuildHasherDefault};

use ophi_bytecode::code::Constant;
use rustc_hash::{FxHashMap, FxHasher};

use super::evaluate::has_nan;
use super::graph::{Graph, Instr};
use super::opcodes::{Op, bits, has_const};
use crate::error::CompileError;

/// Ints `LOAD_SMALL_INT` can push.
const SMALL_INTS: std::ops::RangeInclusive<i64> = 0..=255;

/// Up to so many constants are searched one by one.
const FEW: usize = 24;

pub struct Consts {
    list: Vec<Constant>,
    /// Built when the first constant is added.
    index: FxHashMap<Constant, u32>,
    indexed: bool,
}

/// What constants are compared by: frozensets without regard to order.
fn key(constant: &Constant) -> Constant {
    let Constant::FrozenSet(items) = constant else { return constant.clone() };
    let hasher = BuildHasherDefault::<FxHasher>::default();
    let mut items: Vec<Constant> = items.to_vec();
    items.sort_by_cached_key(|item| hasher.hash_one(item));
    Constant::FrozenSet(items.into())
}

impl Consts {
    pub fn new(list: Vec<Constant>) -> Self {
        Self { list, index: FxHashMap::default(), indexed: false }
    }

    pub fn into_list(self) -> Vec<Constant> {
        self.list
    }

    /// The index of `constant`, which is appended if no equal one is there.
    pub fn add(&mut self, constant: Constant) -> u32 {
        let unordered = matches!(constant, Constant::FrozenSet(_));
        if !self.indexed && !unordered && self.list.len() <= FEW {
            // So few are compared one by one; a NaN is equal to none.
            let known = self.list.iter().position(|known| *known == constant).filter(|_| !has_nan(&constant));
            return known.map_or_else(
                || {
                    self.list.push(constant);
                    self.list.len() as u32 - 1
                },
                |place| place as u32,
            );
        }
        if !self.indexed {
            self.indexed = true;
            for (i, known) in self.list.iter().enumerate().filter(|(_, c)| !has_nan(c)) {
                self.index.entry(key(known)).or_insert(i as u32);
            }
        }
        let next = self.list.len() as u32;
        if !has_nan(&constant) {
            let found = *self.index.entry(key(&constant)).or_insert(next);
            if found != next {
                return found;
            }
        }
        self.list.push(constant);
        next
    }

    /// What a constant-loading instruction pushes.
    ///
    /// Errors: ValueError if the oparg is no index.
    pub fn loaded_by(&self, instr: &Instr) -> Result<Constant, CompileError> {
        self.loaded(instr.op, instr.arg)
    }

    pub fn loaded(&self, op: Op, arg: u32) -> Result<Constant, CompileError> {
        if op == Op::LOAD_SMALL_INT { Ok(Constant::Int(i64::from(arg))) } else { self.at(arg).cloned() }
    }

    /// The constant with that number.
    ///
    /// Errors: ValueError if there is none.
    pub fn at(&self, index: u32) -> Result<&Constant, CompileError> {
        self.list.get(index as usize).ok_or_else(|| {
            let len = self.list.len();
            CompileError::Value(format!("LOAD_CONST index {index} is out of range for consts (len={len})"))
        })
    }

    /// Makes `instr` load `constant` in the shortest way.
    pub fn make_load(&mut self, instr: &mut Instr, constant: Constant) {
        if !make_small_int(instr, &constant) {
            let index = self.add(constant);
            instr.set(Op::LOAD_CONST, index);
        }
    }

    /// Drops the constants nothing uses (but the first, which may be the docstring) and renumbers the rest.
    pub fn remove_unused(&mut self, graph: &mut Graph) {
        // The first one stays whatever uses it.
        if self.list.len() < 2 {
            return;
        }
        if self.list.len() <= 64 {
            self.remove_few(graph);
            return;
        }
        let mut used = vec![false; self.list.len()];
        used[0] = true;
        for (_, block) in graph.layout() {
            for instr in block.instrs().iter().filter(|i| has_const(i.op)) {
                if let Some(place) = used.get_mut(instr.arg as usize) {
                    *place = true;
                }
            }
        }
        if used.iter().all(|used| *used) {
            return;
        }
        let mut renumbered = vec![0u32; used.len()];
        let kept = renumbered.iter_mut().zip(&used).filter(|(_, used)| **used);
        for (count, (new, _)) in kept.enumerate() {
            *new = count as u32;
        }
        let mut keep = used.iter();
        self.list.retain(|_| keep.next().is_some_and(|used| *used));
        self.index.clear();
        self.indexed = false;
        let mut id = graph.entry;
        while id.is_some() {
            for instr in graph[id].instrs_mut().iter_mut().filter(|i| has_const(i.op)) {
                if let Some(new) = renumbered.get(instr.arg as usize) {
                    instr.arg = *new;
                }
            }
            id = graph[id].next;
        }
    }
}

impl Consts {
    /// The same for at most 64 constants.
    fn remove_few(&mut self, graph: &mut Graph) {
        let used = used_among_few(graph);
        if used == u64::MAX >> (64 - self.list.len()) {
            return;
        }
        let mut number = 0;
        self.list.retain(|_| {
            number += 1;
            used & 1 << (number - 1) != 0
        });
        self.index.clear();
        self.indexed = false;
        let mut id = graph.entry;
        while id.is_some() {
            if graph[id].may_hold(bits::CONST) {
                for instr in graph[id].instrs_mut().iter_mut().filter(|i| has_const(i.op)) {
                    if let Some(own) = 1u64.checked_shl(instr.arg)
                        && used & own != 0
                    {
                        instr.arg = (used & (own - 1)).count_ones();
                    }
                }
            }
            id = graph[id].next;
        }
    }
}

/// The first 64 constants that are used, as bits; the first one counts as used.
fn used_among_few(graph: &Graph) -> u64 {
    let mut used = 1;
    for (_, block) in graph.layout() {
        if block.may_hold(bits::CONST) {
            for instr in block.instrs().iter().filter(|i| has_const(i.op)) {
                used |= 1u64.checked_shl(instr.arg).unwrap_or(0);
            }
        }
    }
    used
}

/// Turns the load into `LOAD_SMALL_INT` if `constant` is an int (not a bool) it can push.
pub fn make_small_int(instr: &mut Instr, constant: &Constant) -> bool {
    match constant {
        Constant::Int(value) if SMALL_INTS.contains(value) => {
            instr.set(Op::LOAD_SMALL_INT, *value as u32);
            true
        }
        _ => false,
    }
}
