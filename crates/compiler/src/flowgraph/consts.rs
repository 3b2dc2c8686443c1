//! The constants of a code unit while passes add to them, and the removal of those no instruction uses.
//!
//! Equal constants (type included) share an index, except NaNs, which are never equal to another. Source: CPython
//! Python/flowgraph.c (`add_const`, `remove_unused_consts`), Python/compile.c (`merge_const_one`).

use std::hint::select_unpredictable;

use ophi_bytecode::code::Constant;

use super::evaluate::has_nan;
use super::graph::{Graph, Instr};
use super::opcodes::{Op, has_const};
use crate::const_table::{Keys, key};
use crate::error::CompileError;

/// Ints `LOAD_SMALL_INT` can push.
const SMALL_INTS: std::ops::RangeInclusive<i64> = 0..=255;

/// Up to so many constants are compared one by one.
const FEW: usize = 24;

pub struct Consts {
    list: Vec<Constant>,
    /// Those of the first constants of the list, made when a constant is added to a long list.
    keys: Keys,
}

impl Consts {
    pub fn new(list: Vec<Constant>) -> Self {
        Self { list, keys: Keys::default() }
    }

    pub fn into_list(self) -> Vec<Constant> {
        self.list
    }

    /// The index of `constant`, which is appended if no equal one is there.
    pub fn add(&mut self, constant: Constant) -> u32 {
        // A NaN is equal to none.
        if has_nan(&constant) {
            return self.push(constant);
        }
        if self.list.len() <= FEW {
            let known = self.list.iter().position(|known| *known == constant);
            return known.map_or_else(|| self.push(constant), |place| place as u32);
        }
        for known in &self.list[self.keys.len()..] {
            self.keys.push(key(known));
        }
        let found = self.keys.find(key(&constant), |at| self.list.get(at) == Some(&constant));
        found.unwrap_or_else(|| self.push(constant))
    }

    fn push(&mut self, constant: Constant) -> u32 {
        self.list.push(constant);
        self.list.len() as u32 - 1
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

    /// Are there at most 64 of them? Then [`used_by`] and [`Renumbering`] may go along with other walks.
    pub fn are_few(&self) -> bool {
        self.list.len() <= 64
    }

    /// Drops the constants, of [few](Consts::are_few), that are not among `used`. The first one, which may be the docstring,
    /// stays whatever uses it. If any goes, the instructions must be renumbered.
    pub fn retain_few(&mut self, used: u64) -> Option<Renumbering> {
        let used = used | 1;
        if self.list.is_empty() || used == u64::MAX >> (64 - self.list.len()) {
            return None;
        }
        let mut number = 0;
        self.list.retain(|_| {
            number += 1;
            used & 1 << (number - 1) != 0
        });
        self.keys.clear();
        Some(Renumbering { used })
    }

    /// Drops the constants nothing uses, but the first, and renumbers the rest.
    pub fn remove_unused(&mut self, graph: &mut Graph) {
        let mut used = vec![false; self.list.len()];
        if let Some(first) = used.first_mut() {
            *first = true;
        }
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
        self.keys.clear();
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

/// The constant an instruction uses, as a bit, if it is one of the first 64. Whether it uses one is hard to foretell: no branch.
#[inline]
pub fn used_by(instr: &Instr) -> u64 {
    u64::from(has_const(instr.op) && instr.arg < 64) << (instr.arg & 63)
}

/// The new numbers of constants, of which some have gone.
#[derive(Clone, Copy)]
pub struct Renumbering {
    used: u64,
}

impl Renumbering {
    #[inline]
    pub fn apply(self, instr: &mut Instr) {
        // No branch here either.
        let before = self.used & ((1 << (instr.arg & 63)) - 1);
        let renumbered = has_const(instr.op) & (instr.arg < 64);
        instr.arg = select_unpredictable(renumbered, before.count_ones(), instr.arg);
    }
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
