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
use super::opcodes::{Op, has_target, is_block_push};

/// A value on the abstract stack.
#[derive(Clone, Copy, Debug)]
struct Reference {
    /// Index of the instruction that pushed it; `NOBODY` for what was there on entry.
    by: u32,
    /// Its local, or `NO_LOCAL`.
    local: u32,
}

const NOBODY: u32 = u32::MAX;
const NO_LOCAL: u32 = u32::MAX;
const UNKNOWN: Reference = Reference { by: NOBODY, local: NO_LOCAL };

#[derive(Clone, Debug, Default)]
pub(super) struct Simulation {
    stack: Vec<Reference>,
    /// By instruction: its value outlived the local, was stored, or was left over.
    must_own: Vec<bool>,
}

impl Simulation {
    fn reset(&mut self, depth: usize, len: usize) {
        self.stack.clear();
        self.stack.resize(depth, UNKNOWN);
        self.must_own.clear();
        self.must_own.resize(len, false);
    }
    fn push(&mut self, by: usize, local: u32) {
        self.stack.push(Reference { by: by as u32, local });
    }
    /// Underflow cannot happen after the stack depth was computed; it then reads as an unknown value.
    fn pop(&mut self) -> Reference {
        self.stack.pop().unwrap_or(UNKNOWN)
    }
    fn drop_many(&mut self, count: usize) {
        self.stack.truncate(self.stack.len().saturating_sub(count));
    }
    fn flag(&mut self, reference: Reference) {
        if let Some(flag) = self.must_own.get_mut(reference.by as usize) {
            *flag = true;
        }
    }
    fn kill(&mut self, local: u32) {
        for i in 0..self.stack.len() {
            if self.stack[i].local == local {
                self.flag(self.stack[i]);
            }
        }
    }
    fn store(&mut self, local: u32) {
        let value = self.pop();
        self.kill(local);
        self.flag(value);
    }
    /// Pushes `extra` values and blames the block's first instructions for them (see the module text).
    fn keep_inputs(&mut self, extra: usize) {
        for i in 0..extra {
            self.push(i, NO_LOCAL);
        }
    }
}

fn reach(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) {
    if !graph[id].visited {
        graph[id].visited = true;
        todo.push(id);
    }
}

/// Needs the start depths of [`super::stack_depth::calculate`]; blocks it did not reach are left alone.
pub fn optimize(graph: &mut Graph) {
    graph.clear_visited();
    let mut sim = std::mem::take(&mut graph.simulation);
    let entry = graph.entry;
    graph[entry].start_depth = 0;
    graph[entry].visited = true;
    let mut todo = graph.list();
    todo.push(entry);
    while let Some(id) = todo.pop() {
        let len = graph[id].len();
        if !graph[id].instrs().iter().any(|i| matches!(i.op, Op::LOAD_FAST | Op::LOAD_FAST_LOAD_FAST)) {
            // Nothing to flag here; only where control goes on matters.
            for at in 0..len {
                let instr = &graph[id].instrs()[at];
                if has_target(instr.op) {
                    let target = instr.target;
                    reach(graph, &mut todo, target);
                }
            }
            let next = graph[id].next;
            if next.is_some() && len > 0 && graph[id].has_fallthrough() {
                reach(graph, &mut todo, next);
            }
            continue;
        }
        sim.reset(graph[id].start_depth.max(0) as usize, len);
        let instrs = graph.take(id);
        for (at, instr) in instrs[..len].iter().enumerate() {
            step(graph, &mut todo, &mut sim, instr, at);
        }
        graph.put_back(id, instrs);
        let next = graph[id].next;
        if next.is_some() && len > 0 && graph[id].has_fallthrough() {
            reach(graph, &mut todo, next);
        }
        for i in 0..sim.stack.len() {
            sim.flag(sim.stack[i]);
        }
        for (instr, must_own) in graph[id].instrs_mut().iter_mut().zip(&sim.must_own) {
            match instr.op {
                Op::LOAD_FAST if !must_own => instr.op = Op::LOAD_FAST_BORROW,
                Op::LOAD_FAST_LOAD_FAST if !must_own => instr.op = Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW,
                _ => {}
            }
        }
    }
    graph.give_list(todo);
    graph.simulation = sim;
}

#[inline]
fn step(graph: &mut Graph, todo: &mut Vec<BlockId>, sim: &mut Simulation, instr: &Instr, at: usize) {
    if instr.op == Op::LOAD_FAST {
        sim.push(at, instr.arg);
        return;
    }
    let (popped, pushed) = instr.op.quick_effect(instr.arg).unwrap_or((0, 0));
    let (popped, pushed) = (popped.max(0) as usize, pushed.max(0) as usize);
    match instr.op {
        Op::DELETE_FAST => sim.kill(instr.arg),
        Op::LOAD_FAST => sim.push(at, instr.arg),
        Op::LOAD_FAST_AND_CLEAR => {
            sim.kill(instr.arg);
            sim.push(at, instr.arg);
        }
        Op::LOAD_FAST_LOAD_FAST => {
            sim.push(at, instr.arg >> 4);
            sim.push(at, instr.arg & 15);
        }
        Op::STORE_FAST => sim.store(instr.arg),
        Op::STORE_FAST_LOAD_FAST => {
            sim.store(instr.arg >> 4);
            sim.push(at, instr.arg & 15);
        }
        Op::STORE_FAST_STORE_FAST => {
            sim.store(instr.arg >> 4);
            sim.store(instr.arg & 15);
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
        | Op::SET_UPDATE => sim.drop_many(popped.saturating_sub(pushed)),
        // The top stays, what is below it goes.
        Op::END_SEND | Op::SET_FUNCTION_ATTRIBUTE => {
            let top = sim.pop();
            sim.pop();
            sim.stack.push(top);
        }
        Op::CHECK_EXC_MATCH => {
            sim.pop();
            sim.push(at, NO_LOCAL);
        }
        Op::FOR_ITER => {
            reach(graph, todo, instr.target);
            sim.push(at, NO_LOCAL);
        }
        Op::LOAD_ATTR | Op::LOAD_SUPER_ATTR => {
            let owner = sim.pop();
            if instr.op == Op::LOAD_SUPER_ATTR {
                sim.drop_many(2);
            }
            sim.push(at, NO_LOCAL);
            if instr.arg & 1 != 0 {
                // A method call: the owner may come back as `self`.
                sim.stack.push(owner);
            }
        }
        Op::LOAD_SPECIAL | Op::PUSH_EXC_INFO => {
            let top = sim.pop();
            sim.push(at, NO_LOCAL);
            sim.stack.push(top);
        }
        Op::SEND => {
            reach(graph, todo, instr.target);
            sim.pop();
            sim.push(at, NO_LOCAL);
        }
        _ => {
            if has_target(instr.op) {
                reach(graph, todo, instr.target);
            }
            if !is_block_push(instr.op) {
                sim.drop_many(popped);
                for _ in 0..pushed {
                    sim.push(at, NO_LOCAL);
                }
            }
        }
    }
}
