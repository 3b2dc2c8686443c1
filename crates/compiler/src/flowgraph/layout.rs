//! The order of blocks and the final forms of jumps and pseudo-instructions.
//!
//! Exception handlers and what only they reach are cold and move behind the warm code, in their order. Afterwards
//! every conditional jump goes forward (one that would go back jumps over an unconditional one instead), followed by
//! `NOT_TAKEN` for monitoring. Source: CPython Python/flowgraph.c (`push_cold_blocks_to_end`, `mark_cold`,
//! `normalize_jumps`, `convert_pseudo_conditional_jumps`, `convert_pseudo_ops`).

use super::cleanup::remove_nops_and_jumps;
use super::graph::{BlockId, Graph, Instr, jump};
use super::opcodes::{Op, bits, is_block_push, is_conditional_jump, is_jump, is_pseudo};
use crate::error::CompileError;
use crate::instruction_sequence::NO_LOCATION;

/// Marks what the entry reaches without exceptions.
fn mark_warm(graph: &mut Graph) {
    graph.start_walk();
    let entry = graph.entry;
    graph.visit(entry);
    let mut todo = graph.list();
    todo.push(entry);
    while let Some(id) = todo.pop() {
        graph[id].warm = true;
        let next = graph[id].next;
        if next.is_some() && graph[id].has_fallthrough() && graph.visit(next) {
            todo.push(next);
        }
        if let Some(&last) = graph[id].last()
            && is_jump(last.op)
            && graph.visit(last.target)
        {
            todo.push(last.target);
        }
    }
    graph.give_list(todo);
}

/// Marks handlers and what they reach, as far as it is not warm.
fn mark_cold(graph: &mut Graph) {
    mark_warm(graph);
    graph.start_walk();
    let mut todo = graph.list();
    let mut id = graph.entry;
    while id.is_some() {
        if graph[id].except_handler {
            graph.visit(id);
            todo.push(id);
        }
        id = graph[id].next;
    }
    while let Some(id) = todo.pop() {
        let block = &mut graph[id];
        block.cold = true;
        let fallthrough = if block.has_fallthrough() { block.next } else { BlockId::NONE };
        let target = block.last().filter(|last| is_jump(last.op)).map_or(BlockId::NONE, |last| last.target);
        for reached in [fallthrough, target] {
            if reached.is_some() && !graph[reached].warm && graph.visit(reached) {
                todo.push(reached);
            }
        }
    }
    graph.give_list(todo);
}

pub fn push_cold_to_end(graph: &mut Graph) -> Result<(), CompileError> {
    let entry = graph.entry;
    // Only handlers, and what they alone reach, are cold.
    if graph[entry].next.is_none() || !graph.pushes {
        return Ok(());
    }
    mark_cold(graph);
    // A cold block that falls into a warm one needs a jump, for they will part.
    let mut id = entry;
    while id.is_some() {
        let next = graph[id].next;
        if graph[id].cold && next.is_some() && graph[id].has_fallthrough() && graph[next].warm {
            graph[next].labelled = true;
            let bridge = graph.new_block();
            let block = &mut graph[bridge];
            block.push(jump(Op::JUMP_NO_INTERRUPT, next, NO_LOCATION));
            block.cold = true;
            block.predecessors = 1;
            block.next = next;
            graph[id].next = bridge;
        }
        id = next;
    }
    // Relink: warm blocks in order, then cold ones in order.
    let (mut last_warm, mut first_cold, mut last_cold) = (entry, BlockId::NONE, BlockId::NONE);
    let mut id = entry;
    while id.is_some() {
        let next = graph[id].next;
        if id == entry {
            // Stays first whatever it is.
        } else if !graph[id].cold {
            graph[last_warm].next = id;
            last_warm = id;
        } else if first_cold.is_none() {
            (first_cold, last_cold) = (id, id);
        } else {
            graph[last_cold].next = id;
            last_cold = id;
        }
        id = next;
    }
    graph[last_warm].next = first_cold;
    if first_cold.is_none() {
        return Ok(());
    }
    graph[last_cold].next = BlockId::NONE;
    graph.shape_changed = true;
    remove_nops_and_jumps(graph)
}

/// `JUMP_IF_TRUE` and `JUMP_IF_FALSE` keep the value they test: copy it, make it a bool, jump on that.
pub fn convert_conditional_pseudo_jumps(graph: &mut Graph) {
    if graph.classes & bits::KEEPS_TESTED == 0 {
        return;
    }
    let mut id = graph.entry;
    while id.is_some() {
        let block = &mut graph[id];
        if let Some(last) = block.last_mut() {
            let real = match last.op {
                Op::JUMP_IF_FALSE => Op::POP_JUMP_IF_FALSE,
                Op::JUMP_IF_TRUE => Op::POP_JUMP_IF_TRUE,
                _ => Op::NOP,
            };
            if real != Op::NOP {
                last.op = real;
                let before = |op: Op, arg: u32| Instr { except: last.except, ..Instr::new(op, arg, last.loc) };
                let inserted = [before(Op::COPY, 1), before(Op::TO_BOOL, 0)];
                let at = block.len() - 1;
                block.insert_many(at, &inserted);
                if let Some(effect) = &mut block.effect {
                    effect.copy_at_end();
                }
            }
        }
        id = block.next;
    }
}

pub fn convert_pseudo_ops(graph: &mut Graph) -> Result<(), CompileError> {
    let lowers = graph.classes & bits::LOWERED != 0;
    graph.nops |= lowers;
    let mut id = if lowers { graph.entry } else { BlockId::NONE };
    while id.is_some() {
        let block = &mut graph[id];
        if block.may_hold(bits::LOWERED) {
            block.classes |= bits::NOP;
            for instr in block.instrs_mut() {
                match instr.op {
                    op if !is_pseudo(op) => {}
                    op if is_block_push(op) => instr.make_nop(),
                    Op::LOAD_CLOSURE => instr.op = Op::LOAD_FAST,
                    Op::STORE_FAST_MAYBE_NULL => instr.op = Op::STORE_FAST,
                    _ => {}
                }
            }
        }
        id = block.next;
    }
    remove_nops_and_jumps(graph)
}

/// Makes every conditional jump a forward one. The order of blocks is final now, but for blocks added here.
pub fn normalize_jumps(graph: &mut Graph) {
    graph.start_walk();
    let mut id = graph.entry;
    while id.is_some() {
        graph.visit(id);
        let next = graph[id].next;
        if let Some(&last) = graph[id].last()
            && is_conditional_jump(last.op)
        {
            if graph.visited(last.target) {
                jump_back_over(graph, id, last);
            } else {
                graph[id].push(Instr::new(Op::NOT_TAKEN, 0, last.loc));
            }
        }
        id = next;
    }
}

/// Replaces "if c jump back to T" by "if not c jump to the next block; jump back to T".
fn jump_back_over(graph: &mut Graph, id: BlockId, last: Instr) {
    let reversed = match last.op {
        Op::POP_JUMP_IF_NOT_NONE => Op::POP_JUMP_IF_NONE,
        Op::POP_JUMP_IF_NONE => Op::POP_JUMP_IF_NOT_NONE,
        Op::POP_JUMP_IF_FALSE => Op::POP_JUMP_IF_TRUE,
        _ => Op::POP_JUMP_IF_FALSE,
    };
    let next = graph[id].next;
    let start_depth = graph[last.target].start_depth;
    let cold = graph[id].cold;
    let back = graph.new_block();
    let block = &mut graph[back];
    block.push(Instr::new(Op::NOT_TAKEN, 0, last.loc));
    block.push(jump(Op::JUMP, last.target, last.loc));
    block.start_depth = start_depth;
    block.cold = cold;
    block.next = next;
    graph.visit(back);
    let place = &mut graph[id];
    place.next = back;
    let instr = place.last_mut().expect("the block ends in a jump");
    instr.op = reversed;
    instr.target = next;
}
