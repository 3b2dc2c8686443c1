//! Fast locals: which loads must check that the local is bound, and pairs of accesses in one instruction.
//!
//! The first 64 locals are tracked through the graph as a bit mask of "may be unbound"; beyond them each block is
//! looked at alone, which keeps functions with thousands of locals linear. Source: CPython Python/flowgraph.c
//! (`add_checks_for_loads_of_uninitialized_variables`, `fast_scan_many_locals`, `insert_superinstructions`).

use super::cleanup::remove_nops;
use super::graph::{BlockId, Graph, Instr};
use super::opcodes::{Op, is_jump};

const TRACKED: usize = 64;

/// Turns `LOAD_FAST` of a possibly unbound local into `LOAD_FAST_CHECK`. The first `nparams` of `nlocals` are bound.
pub fn add_checks(graph: &mut Graph, nlocals: usize, nparams: usize) {
    if nlocals == 0 {
        return;
    }
    if nlocals > TRACKED {
        scan_many(graph, nlocals);
    }
    // Everything is bound from the start, and stays so.
    if nparams >= nlocals.min(TRACKED) && !graph.unbinds {
        return;
    }
    graph.clear_visited();
    let mut todo = graph.list();
    let mut unbound = 0u64;
    for local in nparams..nlocals.min(TRACKED) {
        unbound |= 1 << local;
    }
    let entry = graph.entry;
    maybe_push(graph, &mut todo, entry, unbound);
    // Every block once, for a `del` anywhere can unbind; then until nothing new is learnt.
    let mut id = entry;
    while id.is_some() {
        scan_block(graph, &mut todo, id);
        id = graph[id].next;
    }
    while let Some(id) = todo.pop() {
        graph[id].visited = false;
        scan_block(graph, &mut todo, id);
    }
    graph.give_list(todo);
}

/// Notes what may be unbound on entry of a block; `visited` means that it waits in `todo`.
fn maybe_push(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId, unbound: u64) {
    let block = &mut graph[id];
    let both = block.unsafe_locals | unbound;
    if block.unsafe_locals != both {
        block.unsafe_locals = both;
        if !block.visited {
            block.visited = true;
            todo.push(id);
        }
    }
}

fn scan_block(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) {
    let mut unbound = graph[id].unsafe_locals;
    let mut noted = (BlockId::NONE, 0);
    let used = graph[id].len();
    let mut instrs = graph.take(id);
    for instr in &mut instrs[..used] {
        let (op, arg, except) = (instr.op, instr.arg, instr.except);
        if op == Op::LOAD_FAST && (arg as usize) < TRACKED && unbound & 1 << arg != 0 {
            instr.op = Op::LOAD_FAST_CHECK;
        }
        if except.is_some() && noted != (except, unbound) {
            noted = (except, unbound);
            maybe_push(graph, todo, except, unbound);
        }
        match op {
            Op::STORE_FAST | Op::LOAD_FAST_CHECK | Op::LOAD_FAST if (arg as usize) < TRACKED => unbound &= !(1 << arg),
            Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL if (arg as usize) < TRACKED => {
                unbound |= 1 << arg;
            }
            _ => {}
        }
    }
    graph.put_back(id, instrs);
    let next = graph[id].next;
    if next.is_some() && graph[id].has_fallthrough() {
        maybe_push(graph, todo, next, unbound);
    }
    if let Some(&last) = graph[id].last()
        && is_jump(last.op)
    {
        maybe_push(graph, todo, last.target, unbound);
    }
}

/// Locals from 64 on: bound only if the same block bound or loaded them before.
fn scan_many(graph: &mut Graph, nlocals: usize) {
    let mut bound_in = vec![0usize; nlocals - TRACKED];
    let mut number = 0;
    let mut id = graph.entry;
    while id.is_some() {
        number += 1;
        for instr in graph[id].instrs_mut() {
            let slot = match (instr.arg as usize).checked_sub(TRACKED) {
                Some(slot) if slot < bound_in.len() => &mut bound_in[slot],
                _ => continue,
            };
            match instr.op {
                Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR | Op::STORE_FAST_MAYBE_NULL => *slot = number - 1,
                Op::STORE_FAST => *slot = number,
                Op::LOAD_FAST => {
                    if *slot != number {
                        instr.op = Op::LOAD_FAST_CHECK;
                    }
                    *slot = number;
                }
                _ => {}
            }
        }
        id = graph[id].next;
    }
}

/// Two locals below 16 on one line fit one instruction.
fn join(instrs: &mut [Instr], at: usize, joined: Op) {
    let (first, second) = (instrs[at], instrs[at + 1]);
    if first.loc.line >= 0 && second.loc.line >= 0 && first.loc.line != second.loc.line {
        return;
    }
    if first.arg >= 16 || second.arg >= 16 {
        return;
    }
    instrs[at].set(joined, (first.arg << 4) | second.arg);
    instrs[at + 1].make_nop();
}

pub fn insert_superinstructions(graph: &mut Graph) {
    let mut id = graph.entry;
    while id.is_some() {
        let instrs = graph[id].instrs_mut();
        for at in 0..instrs.len().saturating_sub(1) {
            match (instrs[at].op, instrs[at + 1].op) {
                (Op::LOAD_FAST, Op::LOAD_FAST) => join(instrs, at, Op::LOAD_FAST_LOAD_FAST),
                (Op::STORE_FAST, Op::LOAD_FAST) => join(instrs, at, Op::STORE_FAST_LOAD_FAST),
                (Op::STORE_FAST, Op::STORE_FAST) => join(instrs, at, Op::STORE_FAST_STORE_FAST),
                _ => {}
            }
        }
        id = graph[id].next;
    }
    remove_nops(graph);
}
