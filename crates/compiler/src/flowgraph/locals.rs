//! Fast locals: which loads must check that the local is bound, and pairs of accesses in one instruction.
//!
//! The first 64 locals are tracked through the graph as a bit mask of "may be unbound"; beyond them each block is
//! looked at alone, which keeps functions with thousands of locals linear. Source: CPython Python/flowgraph.c
//! (`add_checks_for_loads_of_uninitialized_variables`, `fast_scan_many_locals`, `insert_superinstructions`).

use std::hint::select_unpredictable;

use super::cleanup::remove_nops_in_block;
use super::graph::{BlockId, Graph, Instr};
use super::opcodes::{Op, bits, class};
use super::stack_depth::Effect;

const TRACKED: usize = 64;

/// Turns `LOAD_FAST` of a possibly unbound local into `LOAD_FAST_CHECK`. The first `nparams` of `nlocals` are bound.
///
/// Every instruction that is of one of the classes `seen`, and others, are shown to `see`, once.
pub fn add_checks(graph: &mut Graph, nlocals: usize, nparams: usize, seen: u32, mut see: impl FnMut(&Instr)) {
    if nlocals > TRACKED {
        scan_many(graph, nlocals);
    }
    // Where everything is bound from the start, and stays so, there is nothing to check.
    if nparams >= nlocals.min(TRACKED) && !(graph.unbinds && nlocals > 0) {
        for (_, block) in graph.layout().filter(|(_, block)| block.may_hold(seen)) {
            block.instrs().iter().for_each(&mut see);
        }
        return;
    }
    graph.start_walk();
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
        scan_block(graph, &mut todo, id, seen, &mut see);
        id = graph[id].next;
    }
    while let Some(id) = todo.pop() {
        // Most were scanned in their turn, after they were put here.
        if graph.visited(id) {
            scan_block(graph, &mut todo, id, 0, &mut |_| {});
        }
    }
    graph.give_list(todo);
}

/// Notes what may be unbound on entry of a block; `visited` means that it waits in `todo`.
fn maybe_push(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId, unbound: u64) {
    let block = &mut graph[id];
    let both = block.unsafe_locals | unbound;
    if block.unsafe_locals != both {
        block.unsafe_locals = both;
        if graph.visit(id) {
            todo.push(id);
        }
    }
}

#[inline]
fn scan_block(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId, seen: u32, see: &mut impl FnMut(&Instr)) {
    graph.unmark(id);
    let mut unbound = graph[id].unsafe_locals;
    if graph.pushes {
        unbound = scan_protected(graph, todo, id, unbound, see);
    } else if graph[id].may_hold(bits::LOCAL | seen) {
        for instr in graph[id].instrs_mut() {
            see(instr);
            unbound = access(instr, unbound);
        }
    }
    let block = &graph[id];
    let next = block.next;
    let Some(last) = block.last() else {
        if next.is_some() {
            maybe_push(graph, todo, next, unbound);
        }
        return;
    };
    let (class, target) = (class(last.op), last.target);
    if next.is_some() && class & bits::ENDS == 0 {
        maybe_push(graph, todo, next, unbound);
    }
    if class & bits::JUMP != 0 {
        maybe_push(graph, todo, target, unbound);
    }
}

/// What may be unbound behind an instruction if it was `unbound` before; the load of a tracked local that may be must check.
/// Which instructions have to do with locals is hard to foretell: for the others the same is done with no local.
#[inline(always)]
fn access(instr: &mut Instr, unbound: u64) -> u64 {
    let class = class(instr.op);
    let tracked = class & bits::LOCAL != 0 && (instr.arg as usize) < TRACKED;
    let local = u64::from(tracked) << (instr.arg & 63);
    let checks = (unbound & local != 0) & (instr.op == Op::LOAD_FAST);
    instr.op = select_unpredictable(checks, Op::LOAD_FAST_CHECK, instr.op);
    let lost = if class & bits::UNBINDS != 0 { local } else { 0 };
    unbound & !local | lost
}

/// A block in which instructions may have handlers.
fn scan_protected(
    graph: &mut Graph,
    todo: &mut Vec<BlockId>,
    id: BlockId,
    mut unbound: u64,
    see: &mut impl FnMut(&Instr),
) -> u64 {
    let mut noted = (BlockId::NONE, 0);
    let used = graph[id].len();
    let mut instrs = graph.take(id);
    for instr in &mut instrs[..used] {
        let except = instr.except;
        if except.is_some() && noted != (except, unbound) {
            noted = (except, unbound);
            maybe_push(graph, todo, except, unbound);
        }
        see(instr);
        unbound = access(instr, unbound);
    }
    graph.put_back(id, instrs);
    unbound
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
fn join(first: &mut Instr, second: &mut Instr, joined: Op) -> bool {
    if first.loc.line >= 0 && second.loc.line >= 0 && first.loc.line != second.loc.line {
        return false;
    }
    if first.arg >= 16 || second.arg >= 16 {
        return false;
    }
    first.set(joined, (first.arg << 4) | second.arg);
    second.make_nop();
    true
}

/// Joins pairs, and finds what the blocks do to the stack depth. `change` is called with every instruction first.
pub fn insert_superinstructions(graph: &mut Graph, mut change: impl FnMut(&mut Instr)) {
    let mut id = graph.entry;
    while id.is_some() {
        let mut joined = false;
        let mut effect = Effect::NONE;
        let block = &mut graph[id];
        let mut rest = block.instrs_mut();
        while let [first, tail @ ..] = rest {
            change(first);
            if let [second, ..] = &mut *tail
                && class(first.op) & class(second.op) & bits::LOCAL != 0
            {
                joined |= match (first.op, second.op) {
                    (Op::LOAD_FAST, Op::LOAD_FAST) => join(first, second, Op::LOAD_FAST_LOAD_FAST),
                    (Op::STORE_FAST, Op::LOAD_FAST) => join(first, second, Op::STORE_FAST_LOAD_FAST),
                    (Op::STORE_FAST, Op::STORE_FAST) => join(first, second, Op::STORE_FAST_STORE_FAST),
                    _ => false,
                };
            }
            effect.add(first);
            rest = tail;
        }
        block.effect = effect.of_block(block.may_hold(bits::PUSH));
        // Elsewhere the last round has left only NOPs that must stay.
        if joined {
            block.classes |= bits::NOP;
            let (_, left) = remove_nops_in_block(graph, id);
            graph.nops |= left > 0;
        }
        id = graph[id].next;
    }
}
