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

use std::hint::select_unpredictable;

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
    /// The first `top` are on the stack; what lies behind is room.
    stack: Vec<Reference>,
    top: usize,
}

impl Simulation {
    fn reset(&mut self, depth: usize) {
        if self.stack.len() < depth {
            self.stack.resize(depth * 2, UNKNOWN);
        }
        self.stack[..depth].fill(UNKNOWN);
        self.top = depth;
    }
    #[inline]
    fn put(&mut self, reference: Reference) {
        match self.stack.get_mut(self.top) {
            Some(place) => *place = reference,
            None => self.stack.push(reference),
        }
        self.top += 1;
    }
    #[inline]
    fn push(&mut self, by: usize, local: u32) {
        self.put(Reference { by: by as u32, local });
    }
    /// Underflow cannot happen after the stack depth was computed; it then reads as an unknown value.
    fn pop(&mut self) -> Reference {
        let Some(top) = self.top.checked_sub(1) else { return UNKNOWN };
        self.top = top;
        self.stack.get(top).copied().unwrap_or(UNKNOWN)
    }
    fn on_stack(&self) -> &[Reference] {
        &self.stack[..self.top]
    }
    /// The first of the values pushed is `first`.
    #[inline]
    fn replace(&mut self, popped: usize, pushed: usize, first: Reference) {
        self.top = self.top.saturating_sub(popped);
        // Hardly any pushes more than two; how many is hard to foretell, so both places are written.
        if pushed <= 2
            && let Some(places) = self.stack.get_mut(self.top..).and_then(|rest| rest.first_chunk_mut())
        {
            *places = [first, UNKNOWN];
            self.top += pushed;
            return;
        }
        for number in 0..pushed {
            self.put(if number == 0 { first } else { UNKNOWN });
        }
    }
    fn kill(&mut self, local: u32, instrs: &mut [Instr]) {
        for reference in &self.stack[..self.top] {
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

#[inline]
fn reach(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) {
    if graph.reach(id) {
        todo.push(id);
    }
}

/// Needs the start depths of [`super::stack_depth::calculate`]; handlers and what only they reach are left alone.
pub fn optimize(graph: &mut Graph) {
    if graph.classes & bits::BORROWS == 0 {
        return;
    }
    graph.start_walk();
    let mut sim = std::mem::take(&mut graph.simulation);
    let entry = graph.entry;
    graph[entry].start_depth = 0;
    graph.reach(entry);
    let mut todo = graph.list();
    // Nearly all blocks stand behind one that leads to them.
    let mut id = entry;
    while id.is_some() {
        let next = graph[id].next;
        if graph.visited(id) {
            optimize_block(graph, &mut todo, &mut sim, id);
        } else {
            graph.pass_over(id);
        }
        id = next;
    }
    while let Some(id) = todo.pop() {
        optimize_block(graph, &mut todo, &mut sim, id);
    }
    graph.give_list(todo);
    graph.simulation = sim;
}

#[inline]
fn optimize_block(graph: &mut Graph, todo: &mut Vec<BlockId>, sim: &mut Simulation, id: BlockId) {
    let len = graph[id].len();
    if graph[id].may_hold(bits::BORROWS) {
        sim.reset(graph[id].start_depth.max(0) as usize);
        let mut instrs = graph.take(id);
        simulate(graph, todo, sim, &mut instrs[..len]);
        graph.put_back(id, instrs);
    } else {
        // Nothing to flag here; only where control goes on matters. A jump has at most a NOT_TAKEN behind it.
        let first = if graph[id].may_hold(bits::PUSH) { 0 } else { len.saturating_sub(2) };
        for at in first..len {
            let instr = &graph[id].instrs()[at];
            if class(instr.op) & bits::TARGET != 0 {
                let target = instr.target;
                reach(graph, todo, target);
            }
        }
    }
    let next = graph[id].next;
    if next.is_some() && len > 0 && graph[id].has_fallthrough() {
        reach(graph, todo, next);
    }
}

fn simulate(graph: &mut Graph, todo: &mut Vec<BlockId>, sim: &mut Simulation, instrs: &mut [Instr]) {
    for at in 0..instrs.len() {
        let instr = &mut instrs[at];
        let (popped, pushed) = instr.op.quick_effect(instr.arg).unwrap_or((0, 0));
        let (popped, pushed) = (popped.max(0) as usize, pushed.max(0) as usize);
        // Whether one is a load is hard to foretell: both are done the same way, and chosen between without a branch.
        let loads = instr.op == Op::LOAD_FAST;
        if loads | (class(instr.op) & bits::PLAIN_EFFECT != 0) {
            let by = select_unpredictable(loads, at as u32, NOBODY);
            let local = select_unpredictable(loads, instr.arg, NO_LOCAL);
            instr.op = select_unpredictable(loads, Op::LOAD_FAST_BORROW, instr.op);
            sim.replace(popped, pushed, Reference { by, local });
        } else {
            step(graph, todo, sim, instrs, at, popped, pushed);
        }
    }
    for reference in sim.on_stack() {
        must_own(*reference, instrs);
    }
}

/// What an instruction does to the abstract stack.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rule {
    /// What the instruction table says: it takes values and pushes new ones.
    Table,
    Load,
    LoadTwo,
    LoadAndClear,
    Store,
    StoreAndLoad,
    StoreTwo,
    Delete,
    Copy,
    Swap,
    /// Consumes nothing (or may not: FORMAT_SIMPLE leaves a str, GET_YIELD_FROM_ITER a generator).
    KeepsInputs,
    /// Consumes its topmost inputs and pushes nothing.
    Consumes,
    /// The top stays, what is below it goes.
    TopStays,
    /// Another value takes the place of the top.
    NewTop,
    /// As `NewTop`, or jumps.
    NewTopOrJump,
    /// A value more, or a jump.
    PushOrJump,
    Attribute,
    SuperAttribute,
    /// A value comes under the top.
    PushUnder,
}

const fn rule(op: Op) -> Rule {
    match op {
        Op::LOAD_FAST => Rule::Load,
        Op::LOAD_FAST_LOAD_FAST => Rule::LoadTwo,
        Op::LOAD_FAST_AND_CLEAR => Rule::LoadAndClear,
        Op::STORE_FAST => Rule::Store,
        Op::STORE_FAST_LOAD_FAST => Rule::StoreAndLoad,
        Op::STORE_FAST_STORE_FAST => Rule::StoreTwo,
        Op::DELETE_FAST => Rule::Delete,
        Op::COPY => Rule::Copy,
        Op::SWAP => Rule::Swap,
        Op::FORMAT_SIMPLE
        | Op::GET_ANEXT
        | Op::GET_LEN
        | Op::GET_YIELD_FROM_ITER
        | Op::IMPORT_FROM
        | Op::MATCH_KEYS
        | Op::MATCH_MAPPING
        | Op::MATCH_SEQUENCE
        | Op::WITH_EXCEPT_START => Rule::KeepsInputs,
        Op::DICT_MERGE
        | Op::DICT_UPDATE
        | Op::LIST_APPEND
        | Op::LIST_EXTEND
        | Op::MAP_ADD
        | Op::RERAISE
        | Op::SET_ADD
        | Op::SET_UPDATE => Rule::Consumes,
        Op::END_SEND | Op::SET_FUNCTION_ATTRIBUTE => Rule::TopStays,
        Op::CHECK_EXC_MATCH => Rule::NewTop,
        Op::SEND => Rule::NewTopOrJump,
        Op::FOR_ITER => Rule::PushOrJump,
        Op::LOAD_ATTR => Rule::Attribute,
        Op::LOAD_SUPER_ATTR => Rule::SuperAttribute,
        Op::LOAD_SPECIAL | Op::PUSH_EXC_INFO => Rule::PushUnder,
        _ => Rule::Table,
    }
}

/// Is the instruction's effect on the abstract stack told here, not in the instruction table?
pub(super) const fn has_own_rule(op: Op) -> bool {
    !matches!(rule(op), Rule::Table)
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
    match rule(instr.op) {
        // Done by the caller.
        Rule::Load => {}
        Rule::Delete => sim.kill(instr.arg, instrs),
        Rule::LoadAndClear => {
            sim.kill(instr.arg, instrs);
            sim.push(at, instr.arg);
        }
        Rule::LoadTwo => {
            instrs[at].op = Op::LOAD_FAST_BORROW_LOAD_FAST_BORROW;
            sim.push(at, instr.arg >> 4);
            sim.push(at, instr.arg & 15);
        }
        Rule::Store => sim.store(instr.arg, instrs),
        Rule::StoreAndLoad => {
            sim.store(instr.arg >> 4, instrs);
            sim.push(at, instr.arg & 15);
        }
        Rule::StoreTwo => {
            sim.store(instr.arg >> 4, instrs);
            sim.store(instr.arg & 15, instrs);
        }
        Rule::Copy => {
            let place = sim.top.checked_sub(instr.arg as usize);
            let copied = place.and_then(|i| sim.on_stack().get(i).copied()).unwrap_or(UNKNOWN);
            sim.put(copied);
        }
        Rule::Swap => {
            let len = sim.top;
            if let Some(place) = len.checked_sub(instr.arg as usize)
                && place < len
            {
                sim.stack.swap(place, len - 1);
            }
        }
        Rule::KeepsInputs => sim.keep_inputs(pushed.saturating_sub(popped)),
        Rule::Consumes => sim.replace(popped.saturating_sub(pushed), 0, UNKNOWN),
        Rule::TopStays => {
            let top = sim.pop();
            sim.pop();
            sim.put(top);
        }
        Rule::NewTop => sim.replace(1, 1, UNKNOWN),
        Rule::NewTopOrJump => {
            reach(graph, todo, instr.target);
            sim.replace(1, 1, UNKNOWN);
        }
        Rule::PushOrJump => {
            reach(graph, todo, instr.target);
            sim.replace(0, 1, UNKNOWN);
        }
        Rule::Attribute | Rule::SuperAttribute => {
            let owner = sim.pop();
            let below = if rule(instr.op) == Rule::SuperAttribute { 2 } else { 0 };
            sim.replace(below, 1, UNKNOWN);
            if instr.arg & 1 != 0 {
                // A method call: the owner may come back as `self`.
                sim.put(owner);
            }
        }
        Rule::PushUnder => {
            let top = sim.pop();
            sim.put(UNKNOWN);
            sim.put(top);
        }
        Rule::Table => {
            if class(instr.op) & bits::TARGET != 0 {
                reach(graph, todo, instr.target);
            }
            if !is_block_push(instr.op) {
                sim.replace(popped, pushed, UNKNOWN);
            }
        }
    }
}
