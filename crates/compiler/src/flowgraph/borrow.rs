//! Loads of locals that need not own what they push.
//!
//! A `LOAD_FAST` may borrow when the value is consumed before the local can change and is not itself stored in a
//! local. Method: run each block on a stack of abstract references, each knowing the instruction that pushed it and
//! the local it came from, and flag the instructions that break a rule; blocks start with anonymous references.
//! Instructions that leave some of their inputs on the stack are listed one by one, for nothing in the instruction
//! table says so.
//!
//! One oddity is CPython's and shows in its bytecode: the extra values pushed by instructions that consume nothing
//! are blamed on the first instructions of the block, not on the one that pushed them ([`Simulation::keep_inputs`]).
//! Source: CPython Python/flowgraph.c (`optimize_load_fast`).

use super::graph::{BlockId, Graph, Instr};
use super::opcodes::{Op, bits, class, is_block_push};

/// A value on the abstract stack.
#[derive(Clone, Copy, Debug)]
struct Reference {
    /// Index of the load of a local that pushed it; `NOBODY` for what was there on entry or was made by the way.
    by: u32,
    /// Its local, or `NO_LOCAL`.
    local: u32,
}

const NOBODY: u32 = u32::MAX;
const NO_LOCAL: u32 = u32::MAX;
const UNKNOWN: Reference = Reference { by: NOBODY, local: NO_LOCAL };

/// A load borrows until something speaks against it.
#[derive(Clone, Debug, Default)]
pub(super) struct Simulation {
    stack: Vec<Reference>,
}

impl Simulation {
    fn reset(&mut self, depth: usize) {
        self.stack.clear();
        self.stack.resize(depth, UNKNOWN);
    }
    fn push(&mut self, by: usize, local: u32) {
        self.stack.push(Reference { by: by as u32, local });
    }
    /// Underflow cannot happen after the stack depth was computed; it then reads as an unknown value.
    fn pop(&mut self) -> Reference {
        self.stack.pop().unwrap_or(UNKNOWN)
    }
    fn replace(&mut self, popped: usize, pushed: usize) {
        let left = self.stack.len().saturating_sub(popped);
        self.stack.truncate(left);
        for _ in 0..pushed {
            self.stack.push(UNKNOWN);
        }
    }
    fn kill(&mut self, local: u32, instrs: &mut [Instr]) {
        for reference in &self.stack {
            if reference.local == local {
                must_own(*reference, instrs);
            }
        }
    }
    fn store(&mut self, local: u32, instrs: &mut [Instr]) {
        let value = self.pop();
        self.kill(local, instrs);
        must_own(value, instrs);
    }
    /// Pushes `extra` values and blames the block's first instructions for them (see the module text).
    fn keep_inputs(&mut self, extra: usize) {
        for i in 0..extra {
            self.push(i, NO_LOCAL);
        }
    }
}

/// The value outlives the local, is stored, or is left over: its load may not borrow.
fn must_own(reference: Reference, instrs: &mut [Instr]) {
    if let Some(load) = instrs.get_mut(reference.by as usize) {
        match load.op {
            Op::LOAD_FAST_BORROW => load.op = Op::LOAD_FAST,
            Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW => load.op = Op::LOAD_FAST_LOAD_FAST,
            _ => {}
        }
    }
}

fn reach(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) {
    if graph.visit(id) {
        todo.push(id);
    }
}

/// Needs the start depths of [`super::stack_depth::calculate`]; blocks it did not reach are left alone.
pub fn optimize(graph: &mut Graph) {
    graph.start_walk();
    let mut sim = std::mem::take(&mut graph.simulation);
    let entry = graph.entry;
    graph[entry].start_depth = 0;
    graph.visit(entry);
    let mut todo = graph.list();
    todo.push(entry);
    while let Some(id) = todo.pop() {
        let len = graph[id].len();
        if graph[id].may_hold(bits::BORROWS) {
            sim.reset(graph[id].start_depth.max(0) as usize);
            let mut instrs = graph.take(id);
            simulate(graph, &mut todo, &mut sim, &mut instrs[..len]);
            graph.put_back(id, instrs);
        } else {
            // Nothing to flag here; only where control goes on matters. A jump has at most a NOT_TAKEN behind it.
            let first = if graph[id].may_hold(bits::PUSH) { 0 } else { len.saturating_sub(2) };
            for at in first..len {
                let instr = &graph[id].instrs()[at];
                if class(instr.op) & bits::TARGET != 0 {
                    let target = instr.target;
                    reach(graph, &mut todo, target);
                }
            }
        }
        let next = graph[id].next;
        if next.is_some() && len > 0 && graph[id].has_fallthrough() {
            reach(graph, &mut todo, next);
        }
    }
    graph.give_list(todo);
    graph.simulation = sim;
}

fn simulate(graph: &mut Graph, todo: &mut Vec<BlockId>, sim: &mut Simulation, instrs: &mut [Instr]) {
    for at in 0..instrs.len() {
        let instr = &mut instrs[at];
        if instr.op == Op::LOAD_FAST {
            instr.op = Op::LOAD_FAST_BORROW;
            sim.push(at, instr.arg);
        } else {
            let (popped, pushed) = instr.op.quick_effect(instr.arg).unwrap_or((0, 0));
            let (popped, pushed) = (popped.max(0) as usize, pushed.max(0) as usize);
            if class(instr.op) & bits::PLAIN_EFFECT != 0 {
                sim.replace(popped, pushed);
            } else {
                step(graph, todo, sim, instrs, at, popped, pushed);
            }
        }
    }
    for reference in sim.stack.drain(..) {
        must_own(reference, instrs);
    }
}

/// Is the instruction's effect on the abstract stack told here, not in the instruction table?
pub(super) const fn has_own_rule(op: Op) -> bool {
    matches!(
        op,
        Op::LOAD_FAST
            | Op::DELETE_FAST
            | Op::LOAD_FAST_AND_CLEAR
            | Op::LOAD_FAST_LOAD_FAST
            | Op::STORE_FAST
            | Op::STORE_FAST_LOAD_FAST
            | Op::STORE_FAST_STORE_FAST
            | Op::COPY
            | Op::SWAP
            | Op::FORMAT_SIMPLE
            | Op::GET_ANEXT
            | Op::GET_LEN
            | Op::GET_YIELD_FROM_ITER
            | Op::IMPORT_FROM
            | Op::MATCH_KEYS
            | Op::MATCH_MAPPING
            | Op::MATCH_SEQUENCE
            | Op::WITH_EXCEPT_START
            | Op::DICT_MERGE
            | Op::DICT_UPDATE
            | Op::LIST_APPEND
            | Op::LIST_EXTEND
            | Op::MAP_ADD
            | Op::RERAISE
            | Op::SET_ADD
            | Op::SET_UPDATE
            | Op::END_SEND
            | Op::SET_FUNCTION_ATTRIBUTE
            | Op::CHECK_EXC_MATCH
            | Op::FOR_ITER
            | Op::LOAD_ATTR
            | Op::LOAD_SUPER_ATTR
            | Op::LOAD_SPECIAL
            | Op::PUSH_EXC_INFO
            | Op::SEND
    )
}

fn step(
    graph: &mut Graph,
    todo: &mut Vec<BlockId>,
    sim: &mut Simulation,
    instrs: &mut [Instr],
    at: usize,
    popped: usize,
    pushed: usize,
) {
    let instr = instrs[at];
    match instr.op {
        Op::DELETE_FAST => sim.kill(instr.arg, instrs),
        Op::LOAD_FAST_AND_CLEAR => {
            sim.kill(instr.arg, instrs);
            sim.push(at, instr.arg);
        }
        Op::LOAD_FAST_LOAD_FAST => {
            instrs[at].op = Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW;
            sim.push(at, instr.arg >> 4);
            sim.push(at, instr.arg & 15);
        }
        Op::STORE_FAST => sim.store(instr.arg, instrs),
        Op::STORE_FAST_LOAD_FAST => {
            sim.store(instr.arg >> 4, instrs);
            sim.push(at, instr.arg & 15);
        }
        Op::STORE_FAST_STORE_FAST => {
            sim.store(instr.arg >> 4, instrs);
            sim.store(instr.arg & 15, instrs);
        }
        Op::COPY => {
            let place = sim.stack.len().checked_sub(instr.arg as usize);
            let copied = place.and_then(|i| sim.stack.get(i).copied()).unwrap_or(UNKNOWN);
            sim.stack.push(copied);
        }
        Op::SWAP => {
            let len = sim.stack.len();
            if let Some(place) = len.checked_sub(instr.arg as usize)
                && place < len
            {
                sim.stack.swap(place, len - 1);
            }
        }
        // These consume nothing (or may not: FORMAT_SIMPLE leaves a str, GET_YIELD_FROM_ITER a generator).
        Op::FORMAT_SIMPLE
        | Op::GET_ANEXT
        | Op::GET_LEN
        | Op::GET_YIELD_FROM_ITER
        | Op::IMPORT_FROM
        | Op::MATCH_KEYS
        | Op::MATCH_MAPPING
        | Op::MATCH_SEQUENCE
        | Op::WITH_EXCEPT_START => sim.keep_inputs(pushed.saturating_sub(popped)),
        // These consume their topmost inputs and push nothing.
        Op::DICT_MERGE
        | Op::DICT_UPDATE
        | Op::LIST_APPEND
        | Op::LIST_EXTEND
        | Op::MAP_ADD
        | Op::RERAISE
        | Op::SET_ADD
        | Op::SET_UPDATE => sim.replace(popped.saturating_sub(pushed), 0),
        // The top stays, what is below it goes.
        Op::END_SEND | Op::SET_FUNCTION_ATTRIBUTE => {
            let top = sim.pop();
            sim.pop();
            sim.stack.push(top);
        }
        Op::CHECK_EXC_MATCH => {
            sim.pop();
            sim.stack.push(UNKNOWN);
        }
        Op::FOR_ITER => {
            reach(graph, todo, instr.target);
            sim.stack.push(UNKNOWN);
        }
        Op::LOAD_ATTR | Op::LOAD_SUPER_ATTR => {
            let owner = sim.pop();
            if instr.op == Op::LOAD_SUPER_ATTR {
                sim.replace(2, 0);
            }
            sim.stack.push(UNKNOWN);
            if instr.arg & 1 != 0 {
                // A method call: the owner may come back as `self`.
                sim.stack.push(owner);
            }
        }
        Op::LOAD_SPECIAL | Op::PUSH_EXC_INFO => {
            let top = sim.pop();
            sim.stack.push(UNKNOWN);
            sim.stack.push(top);
        }
        Op::SEND => {
            reach(graph, todo, instr.target);
            sim.pop();
            sim.stack.push(UNKNOWN);
        }
        _ => {
            if class(instr.op) & bits::TARGET != 0 {
                reach(graph, todo, instr.target);
            }
            if !is_block_push(instr.op) {
                sim.replace(popped, pushed);
            }
        }
    }
}
