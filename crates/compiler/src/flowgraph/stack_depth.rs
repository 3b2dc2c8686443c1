//! The depth of the operand stack on entry of each block, and the greatest anywhere.
//!
//! Method: from the entry, following fall-through and targets, each block once; an edge that disagrees with the depth found
//! before is an error of code generation. Source: CPython Python/flowgraph.c
//! (`calculate_stackdepth`, `get_stack_effects`).

use super::graph::{BlockId, Graph, Instr};
use super::opcodes::{Op, bits, class};
use crate::error::CompileError;

/// What an instruction adds to the stack depth when control goes on (`jump` false) or to its target.
fn effect(instr: &Instr, jump: bool) -> Result<i64, CompileError> {
    let effect = instr.op.stack_effect(instr.arg, jump).ok_or_else(|| {
        CompileError::System(format!("Invalid stack effect for opcode={}, arg={}", instr.op.0, instr.arg))
    })?;
    Ok(i64::from(effect))
}

/// Sets `start_depth` of every reachable block, which must not have been done before; returns the greatest depth.
///
/// Errors: ValueError on underflow or on edges that disagree.
pub fn calculate(graph: &mut Graph) -> Result<u32, CompileError> {
    let mut todo = graph.list();
    let mut greatest = 0i64;
    let mut id = graph.entry;
    reach(graph, &mut todo, id, 0)?;
    // Nearly all blocks stand behind one that leads to them.
    while id.is_some() {
        let next = graph[id].next;
        if graph[id].start_depth >= 0 {
            greatest = greatest.max(walk_block(graph, &mut todo, id)?);
        } else {
            graph[id].start_depth = PASSED_OVER;
        }
        id = next;
    }
    while let Some(id) = todo.pop() {
        greatest = greatest.max(walk_block(graph, &mut todo, id)?);
    }
    graph.give_list(todo);
    Ok(greatest as u32)
}

/// The depth at the start of a block that was passed over, for nothing had led to it; [`i32::MIN`] where its turn has not come.
const PASSED_OVER: i32 = i32::MIN + 1;

/// Finds the depths where a block leads to; returns the greatest in it.
#[inline]
fn walk_block(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) -> Result<i64, CompileError> {
    let mut depth = i64::from(graph[id].start_depth);
    let mut greatest = 0;
    let mut next = graph[id].next;
    let used = graph[id].len();
    let instrs = graph.take(id);
    for instr in &instrs[..used] {
        let net = match instr.op.linear_net_effect(instr.arg) {
            Some(net) => net,
            None => effect(instr, false)?,
        };
        let after = depth + net;
        if after < 0 {
            return Err(CompileError::Value("Invalid CFG, stack underflow".into()));
        }
        greatest = greatest.max(depth);
        let class = class(instr.op);
        if class & (bits::TARGET | bits::ENDS) == 0 {
            depth = after;
            continue;
        }
        if class & bits::TARGET != 0 && instr.op != Op::END_ASYNC_FOR {
            // Only what sets up a handler pushes more where it leads to.
            let at_target = if class & bits::PUSH == 0 { after } else { depth + effect(instr, true)? };
            reach(graph, todo, instr.target, at_target)?;
        }
        depth = after;
        if class & bits::ENDS != 0 {
            next = BlockId::NONE;
            break;
        }
    }
    graph.put_back(id, instrs);
    if next.is_some() {
        reach(graph, todo, next, depth)?;
    }
    Ok(greatest)
}

#[inline]
fn reach(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId, depth: i64) -> Result<(), CompileError> {
    let block = &mut graph[id];
    if i64::from(block.start_depth) == depth {
        return Ok(());
    }
    if block.start_depth >= 0 {
        return Err(CompileError::Value("Invalid CFG, inconsistent stackdepth".into()));
    }
    let passed_over = block.start_depth == PASSED_OVER;
    block.start_depth = i32::try_from(depth).map_err(|_| CompileError::Value("Invalid CFG, stack underflow".into()))?;
    if block.start_depth < 0 {
        return Err(CompileError::Value("Invalid CFG, stack underflow".into()));
    }
    if passed_over {
        todo.push(id);
    }
    Ok(())
}
