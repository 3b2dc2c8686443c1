//! The rules a graph must keep, checked after optimisation and after lowering in debug builds.
//!
//! 1. A terminator is the last instruction of its block, and the code does not run off the end.
//! 2. What an instruction names as target or handler is laid out and leads to an instruction.
//! 3. `LOAD_CONST` indexes a constant.
//! 4. Lowered: conditional jumps go forward. (That no pseudo-instruction is left the assembler sees for itself.)
//!
//! A broken rule is a bug of ours or of the caller who made the sequence, reported as SystemError.

use super::cleanup;
use super::graph::Graph;
use super::opcodes::{has_const, has_target, is_conditional_jump};
use crate::error::CompileError;

fn broken(rule: &str, graph: &Graph) -> CompileError {
    CompileError::System(format!("flow graph of {} blocks: {rule}", graph.block_count()))
}

/// Rules 1 to 3.
pub fn optimized(graph: &Graph, nconsts: usize) -> Result<(), CompileError> {
    cleanup::check(graph)?;
    let mut laid_out = vec![false; graph.block_count()];
    for (id, _) in graph.layout() {
        laid_out[id.index()] = true;
    }
    let leads_on = |id: super::BlockId| id.is_some() && laid_out[id.index()] && graph.next_nonempty(id).is_some();
    for (_, block) in graph.layout() {
        for instr in block.instrs() {
            if has_target(instr.op) && !leads_on(instr.target) {
                return Err(broken("a jump leads nowhere", graph));
            }
            if instr.except.is_some() && !leads_on(instr.except) {
                return Err(broken("a handler is missing", graph));
            }
            if has_const(instr.op) && instr.arg as usize >= nconsts {
                return Err(broken("a constant is missing", graph));
            }
        }
        if !block.is_empty() && block.has_fallthrough() && graph.next_nonempty(block.next).is_none() {
            return Err(broken("the code runs off its end", graph));
        }
    }
    Ok(())
}

/// Rule 4.
pub fn lowered(graph: &Graph) -> Result<(), CompileError> {
    let mut seen = vec![false; graph.block_count()];
    for (id, block) in graph.layout() {
        seen[id.index()] = true;
        for instr in block.instrs() {
            if is_conditional_jump(instr.op) && seen[instr.target.index()] {
                return Err(broken("a conditional jump goes back", graph));
            }
        }
    }
    Ok(())
}
