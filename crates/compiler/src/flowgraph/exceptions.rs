//! Which handler protects each instruction.
//!
//! Problem: code generation brackets protected ranges with block pushes (`SETUP_*`) and `POP_BLOCK`; the exception
//! table wants a handler per instruction. Method: walk the graph once from the entry carrying the stack of open
//! ranges; a block is visited with the stack of the first edge that reaches it (all edges agree in well-formed code).
//! The stacks share their tails: each is a chain of nodes in one arena, so carrying one along an edge copies an index.
//! Source: CPython Python/flowgraph.c (`mark_except_handlers`, `label_exception_targets`).

use ophi_bytecode::instruction::{RESUME_AT_FUNC_START, RESUME_OPARG_DEPTH1_MASK};

use super::graph::{BlockId, Graph};
use super::opcodes::{Op, bits, class, is_block_push};
use crate::error::CompileError;

/// Marks the blocks that are handlers.
pub fn mark_handlers(graph: &mut Graph) {
    if !graph.pushes {
        return;
    }
    let mut id = graph.entry;
    while id.is_some() {
        if graph[id].may_hold(bits::PUSH) {
            for i in 0..graph[id].len() {
                let instr = &graph[id].instrs()[i];
                if is_block_push(instr.op) {
                    let target = instr.target;
                    graph[target].except_handler = true;
                }
            }
        }
        id = graph[id].next;
    }
}

/// What the walk needs, kept for its memory.
#[derive(Clone, Debug, Default)]
pub(super) struct RangeWalk {
    nodes: Vec<Open>,
    /// Blocks to visit, and the stacks they are reached with.
    todo: Vec<(BlockId, u32)>,
}

/// A node of the stack of open ranges; node 0 is the empty stack.
#[derive(Clone, Debug)]
struct Open {
    handler: BlockId,
    outer: u32,
    depth: u32,
}

/// Sets `except` of every reachable instruction and `preserve_lasti` of the handlers that want it; `POP_BLOCK` becomes
/// `NOP`, and `RESUME` learns whether it stands in exactly one range.
///
/// Errors: more `POP_BLOCK`s than pushes, or code that runs off the end.
pub fn label_targets(graph: &mut Graph) -> Result<(), CompileError> {
    // Without ranges there is nothing to find but code that runs off its end, which only the last block can do.
    if !graph.pushes && !graph.pops && !graph[graph.last_built].has_fallthrough() {
        return Ok(());
    }
    let RangeWalk { mut nodes, mut todo } = std::mem::take(&mut graph.range_walk);
    nodes.clear();
    nodes.push(Open { handler: BlockId::NONE, outer: 0, depth: 0 });
    graph.start_walk();
    let entry = graph.entry;
    graph.visit(entry);
    todo.clear();
    todo.push((entry, 0u32));
    while let Some((id, mut stack)) = todo.pop() {
        let mut last_yield_depth = None;
        let mut popped = false;
        let used = graph[id].len();
        let mut instrs = graph.take(id);
        for instr in &mut instrs[..used] {
            let handler = nodes[stack as usize].handler;
            let class = class(instr.op);
            if class & (bits::TARGET | bits::POP) == 0 && !matches!(instr.op, Op::YIELD_VALUE | Op::RESUME) {
                instr.except = handler;
                continue;
            }
            if class & bits::PUSH != 0 {
                let target = &mut graph[instr.target];
                if matches!(instr.op, Op::SETUP_WITH | Op::SETUP_CLEANUP) {
                    target.preserve_lasti = true;
                }
                if graph.visit(instr.target) {
                    todo.push((instr.target, stack));
                }
                let depth = nodes[stack as usize].depth + 1;
                nodes.push(Open { handler: instr.target, outer: stack, depth });
                stack = (nodes.len() - 1) as u32;
                continue;
            }
            if instr.op == Op::POP_BLOCK {
                if stack == 0 {
                    return Err(CompileError::system("POP_BLOCK outside a protected range"));
                }
                stack = nodes[stack as usize].outer;
                instr.make_nop();
                popped = true;
                continue;
            }
            instr.except = handler;
            match instr.op {
                Op::YIELD_VALUE => last_yield_depth = Some(nodes[stack as usize].depth),
                Op::RESUME if instr.arg != RESUME_AT_FUNC_START => {
                    let shallow = last_yield_depth.take() == Some(1);
                    instr.arg |= if shallow { RESUME_OPARG_DEPTH1_MASK } else { 0 };
                }
                _ if class & bits::JUMP != 0 && graph.visit(instr.target) => todo.push((instr.target, stack)),
                _ => {}
            }
        }
        graph.put_back(id, instrs);
        let block = &mut graph[id];
        block.classes |= if popped { bits::NOP } else { 0 };
        if block.has_fallthrough() {
            let next = block.next;
            if next.is_none() {
                return Err(CompileError::system("malformed control flow graph."));
            }
            if graph.visit(next) {
                todo.push((next, stack));
            }
        }
    }
    graph.range_walk = RangeWalk { nodes, todo };
    Ok(())
}
