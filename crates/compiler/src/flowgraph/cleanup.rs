//! Removing what no longer does anything: unreachable blocks, NOPs, jumps to the next block, push-pop pairs; and
//! inlining small exits into the blocks that jump to them.
//!
//! A NOP stays when it alone carries a line, because tracing must see that line (PEP 626). Every pass here only ever
//! removes jumps or instructions, which is why the loops end. Source: CPython Python/flowgraph.c
//! (`remove_unreachable`, `basicblock_remove_redundant_nops`, `remove_redundant_nops_and_pairs`,
//! `remove_redundant_jumps`, `basicblock_inline_small_or_no_lineno_blocks`, `check_cfg`).

use super::graph::{BlockId, Graph, Instr};
use super::opcodes::{Op, bits, class, is_block_push, is_jump, is_terminator, is_unconditional_jump, loads_const};
use crate::error::CompileError;

/// Exits of at most this many instructions are copied rather than jumped to.
const MAX_COPY_SIZE: usize = 4;

/// Terminators must be last in their block.
pub fn check(graph: &Graph) -> Result<(), CompileError> {
    for (_, block) in graph.layout() {
        let body = &block.instrs()[..block.len().saturating_sub(1)];
        if body.iter().any(|instr| is_terminator(instr.op)) {
            return Err(CompileError::system("malformed control flow graph."));
        }
    }
    Ok(())
}

/// Counts predecessors from the entry and empties the blocks that have none.
///
/// In layout order nearly every block is met after one that leads to it. What is not is passed over, and its turn comes when
/// a later block leads to it, if one does.
pub fn remove_unreachable(graph: &mut Graph) {
    if !graph.edges_changed {
        return;
    }
    graph.edges_changed = false;
    graph.forget_predecessors();
    let entry = graph.entry;
    graph[entry].predecessors = 1;
    graph.start_walk();
    let mut todo = graph.list();
    let mut passed_over = false;
    let mut id = entry;
    while id.is_some() {
        let next = graph[id].next;
        if graph[id].predecessors > 0 {
            count_edges(graph, &mut todo, id);
        } else {
            graph.pass_over(id);
            passed_over = true;
        }
        id = next;
    }
    if !passed_over {
        graph.give_list(todo);
        return;
    }
    graph.shape_changed = true;
    while let Some(id) = todo.pop() {
        count_edges(graph, &mut todo, id);
    }
    graph.give_list(todo);
    let mut id = entry;
    while id.is_some() {
        let block = &mut graph[id];
        if block.predecessors == 0 {
            block.truncate(0);
            (block.classes, block.placeless) = (0, false);
            block.except_handler = false;
        }
        id = block.next;
    }
}

/// Counts a block, which can be reached, as a predecessor of those it leads to.
#[inline]
fn count_edges(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) {
    let block = &graph[id];
    let (next, target, last_class) = match block.last() {
        Some(last) => (block.next, last.target, class(last.op)),
        None => (block.next, BlockId::NONE, 0),
    };
    if block.may_hold(bits::PUSH) {
        for i in 0..graph[id].len() {
            let instr = &graph[id].instrs()[i];
            if is_block_push(instr.op) {
                let handler = instr.target;
                graph[handler].predecessor = BlockId::NONE;
                count_edge(graph, todo, handler);
            }
        }
    }
    if next.is_some() && last_class & bits::ENDS == 0 {
        graph[next].predecessor = id;
        count_edge(graph, todo, next);
    }
    if last_class & bits::JUMP != 0 {
        graph[target].predecessor = id;
        count_edge(graph, todo, target);
    }
}

#[inline]
fn count_edge(graph: &mut Graph, todo: &mut Vec<BlockId>, target: BlockId) {
    graph[target].predecessors += 1;
    if graph.reach(target) {
        todo.push(target);
    }
}

/// The line the code at `id` starts with, NOPs without a line apart; -1 if it has none.
fn first_line(graph: &Graph, id: BlockId) -> i32 {
    let id = graph.next_nonempty(id);
    if id.is_none() {
        return -1;
    }
    let leading = graph[id].instrs().iter().find(|i| !(i.op == Op::NOP && i.loc.line < 0));
    leading.map_or(-1, |instr| instr.loc.line)
}

/// Removes the NOPs of a block whose line shows elsewhere; returns how many, and how many are left.
#[inline]
pub fn remove_nops_in_block(graph: &mut Graph, id: BlockId) -> (usize, usize) {
    if !graph[id].may_hold(bits::NOP) {
        debug_assert!(graph[id].instrs().iter().all(|i| i.op != Op::NOP), "a NOP that its block does not know of");
        return (0, 0);
    }
    let (removed, left) = match graph[id].instrs().iter().position(|i| i.op == Op::NOP) {
        Some(first) => remove_nops_from(graph, id, first),
        None => (0, 0),
    };
    if left == 0 {
        graph[id].classes &= !bits::NOP;
    }
    (removed, left)
}

fn remove_nops_from(graph: &mut Graph, id: BlockId, first: usize) -> (usize, usize) {
    let len = graph[id].len();
    let following_line = {
        let block = &graph[id];
        let last = block.last();
        if last.is_some_and(|i| i.op == Op::NOP) { first_line(graph, block.next) } else { -1 }
    };
    let instrs = graph[id].instrs_mut();
    let mut kept = first;
    let mut left = 0;
    let mut previous_line = if first > 0 { instrs[first - 1].loc.line } else { -1 };
    for at in first..len {
        let line = instrs[at].loc.line;
        if instrs[at].op == Op::NOP {
            if line < 0 || previous_line == line {
                continue;
            }
            if at + 1 < len {
                let next_line = instrs[at + 1].loc.line;
                if next_line == line {
                    continue;
                }
                if next_line < 0 {
                    instrs[at + 1].loc = instrs[at].loc;
                    continue;
                }
            } else if following_line == line {
                continue;
            }
            left += 1;
        }
        if kept != at {
            instrs[kept] = instrs[at];
        }
        kept += 1;
        previous_line = line;
    }
    graph[id].truncate(kept);
    graph.shape_changed |= kept == 0;
    (len - kept, left)
}

/// How many NOPs were removed, and how many are left.
pub fn remove_nops(graph: &mut Graph) -> (usize, usize) {
    let (mut removed, mut left) = (0, 0);
    let mut id = graph.entry;
    while id.is_some() {
        let of_block = remove_nops_in_block(graph, id);
        removed += of_block.0;
        left += of_block.1;
        id = graph[id].next;
    }
    (removed, left)
}

/// Turns unconditional jumps to where control goes anyway into NOPs; returns how many.
fn remove_jumps(graph: &mut Graph) -> Result<usize, CompileError> {
    let mut removed = 0;
    let mut id = graph.entry;
    while id.is_some() {
        let block = &graph[id];
        let next = block.next;
        if let Some(last) = block.last()
            && is_unconditional_jump(last.op)
        {
            let target = graph.next_nonempty(last.target);
            if target.is_none() {
                return Err(CompileError::system("jump with NULL target"));
            }
            if target == graph.next_nonempty(next) {
                removed += 1;
                let block = &mut graph[id];
                block.classes |= bits::NOP;
                block.last_mut().expect("the block has a last instruction").make_nop();
            }
        }
        id = next;
    }
    Ok(removed)
}

pub fn remove_nops_and_jumps(graph: &mut Graph) -> Result<(), CompileError> {
    loop {
        let (removed, left) = if graph.nops { remove_nops(graph) } else { (0, 0) };
        let jumps = if std::mem::take(&mut graph.shape_changed) { remove_jumps(graph)? } else { 0 };
        graph.nops = left > 0 || jumps > 0;
        // Without a NOP another round would find what this one found.
        if jumps == 0 && (removed == 0 || left == 0) {
            return Ok(());
        }
    }
}

/// Is there a `POP_TOP` behind something it undoes? Looks at every instruction without a branch; there hardly ever is one.
/// `before`: what comes in front of the first is undone.
fn holds_pair(instrs: &[Instr], mut before: bool) -> bool {
    instrs.iter().fold(false, |found, instr| {
        let found = found | before & (instr.op == Op::POP_TOP);
        before = only_pushes(instr);
        found
    })
}

/// A constant or a copy of the top: what a `POP_TOP` behind it undoes.
#[inline]
fn only_pushes(instr: &Instr) -> bool {
    loads_const(instr.op) | (instr.op == Op::COPY) & (instr.arg == 1)
}

/// Removes NOPs, and `POP_TOP` together with the constant or copy pushed just before it, until nothing changes.
pub fn remove_nops_and_pairs(graph: &mut Graph) {
    // Hardly any unit has such a pair.
    let (mut left, mut pairs) = (0, false);
    // The last instruction, wherever it stands, only pushes.
    let mut before = false;
    let mut id = graph.entry;
    while id.is_some() {
        left += remove_nops_in_block(graph, id).1;
        let block = &graph[id];
        before &= !block.labelled;
        pairs |= block.may_hold(bits::POP_TOP) && holds_pair(block.instrs(), before);
        before = block.last().map_or(before, only_pushes);
        id = block.next;
    }
    graph.nops = left > 0;
    if pairs {
        remove_pairs(graph);
    }
}

fn remove_pairs(graph: &mut Graph) {
    loop {
        let mut done = true;
        let mut left = 0;
        // The instruction control comes from without a jump, wherever it stands.
        let mut previous: Option<(BlockId, usize)> = None;
        let mut id = graph.entry;
        while id.is_some() {
            left += remove_nops_in_block(graph, id).1;
            if graph[id].labelled {
                previous = None;
            }
            let len = graph[id].len();
            if graph[id].may_hold(bits::POP_TOP) {
                let is_pop = |instr: &Instr| instr.op == Op::POP_TOP;
                let mut from = 0;
                while let Some(more) = graph[id].instrs()[from..].iter().position(is_pop) {
                    let at = from + more;
                    if at > 0 {
                        previous = Some((id, at - 1));
                    }
                    if let Some((block, place)) = previous {
                        let before = &mut graph[block].instrs_mut()[place];
                        if only_pushes(before) {
                            before.make_nop();
                            graph[block].classes |= bits::NOP;
                            graph[id].classes |= bits::NOP;
                            graph[id].instrs_mut()[at].make_nop();
                            done = false;
                        }
                    }
                    from = at + 1;
                }
            }
            if len > 0 {
                previous = Some((id, len - 1));
            }
            let jumped = previous.is_some_and(|(block, place)| is_jump(graph[block].instrs()[place].op));
            if jumped || !graph[id].has_fallthrough() {
                previous = None;
            }
            id = graph[id].next;
        }
        if done {
            graph.nops = left > 0;
            return;
        }
    }
}

/// If the block ends in an unconditional jump to a small exit, or to a block without lines that does not fall through,
/// replaces the jump by a copy of that block.
fn inline_into(graph: &mut Graph, id: BlockId) -> bool {
    let Some(last) = graph[id].last() else { return false };
    if !is_unconditional_jump(last.op) || last.target == id {
        return false;
    }
    let last = *last;
    let target = &graph[last.target];
    let small_exit = target.exits_scope() && target.len() <= MAX_COPY_SIZE;
    let placeless = target.has_no_line() && !target.has_fallthrough();
    if !small_exit && !placeless {
        return false;
    }
    let count = target.len();
    graph[id].classes |= bits::NOP;
    graph[id].last_mut().expect("the block has a last instruction").make_nop();
    for i in 0..count {
        let instr = graph[last.target].instrs()[i];
        graph[id].push_copy(instr);
    }
    let block = &mut graph[id];
    if placeless
        && last.op == Op::JUMP
        && let Some(new_last) = block.last_mut()
        && is_unconditional_jump(new_last.op)
    {
        // The jump that went away checked for interrupts; the one that replaces it must too.
        new_last.op = Op::JUMP;
    }
    let target = &mut graph[last.target];
    target.predecessors = target.predecessors.wrapping_sub(1);
    true
}

pub fn inline_small_exits(graph: &mut Graph) {
    let blocks = std::mem::take(&mut graph.unconditional);
    // A chain of jumps is no longer than there are blocks; only empty endless loops, which no source makes, go on.
    for _ in 0..=graph.block_count() {
        let inlined = blocks.iter().fold(false, |inlined, id| inlined | inline_into(graph, *id));
        if !inlined {
            break;
        }
    }
    graph.unconditional = blocks;
}
