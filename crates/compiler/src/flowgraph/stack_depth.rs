//! The depth of the operand stack on entry of each block, and the greatest anywhere.
//!
//! Method: from the entry, following fall-through and targets, each block once; an edge that disagrees with the depth found
//! before is an error of code generation. What a block does as a whole is found in a walk of another pass ([`Effect`]); only
//! blocks that this does not tell of, or that are made afterwards, are looked at instruction by instruction. Source: CPython Python/flowgraph.c
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

/// What a run of instructions does to the stack depth, as far as simple formulas tell.
#[derive(Clone, Copy, Debug)]
pub(super) struct Effect {
    /// What it adds.
    net: i64,
    /// The greatest depth in front of an instruction, and the least behind one, if it starts with none.
    greatest: i64,
    least: i64,
    known: bool,
}

impl Effect {
    pub(super) const NONE: Self = Self { net: 0, greatest: 0, least: 0, known: true };

    /// One more instruction at the end.
    #[inline]
    pub(super) fn add(&mut self, instr: &Instr) {
        let net = instr.op.linear_net_effect(instr.arg);
        self.known &= net.is_some();
        self.greatest = self.greatest.max(self.net);
        self.net += net.unwrap_or(0);
        self.least = self.least.min(self.net);
    }

    /// The effect of the whole block is told by its sum: it has no handlers, which are reached from the middle.
    pub(super) fn of_block(self, may_push: bool) -> Option<Self> {
        (self.known && !may_push).then_some(self)
    }

    /// The tested value was copied before the last instruction.
    pub(super) fn copy_at_end(&mut self) {
        self.greatest = self.greatest.max(self.net + 1);
    }
}

/// Sets `start_depth` of every reachable block, which must not have been done before; returns the greatest depth.
///
/// Errors: ValueError on underflow or on edges that disagree.
pub fn calculate(graph: &mut Graph) -> Result<u32, CompileError> {
    graph.start_walk();
    let mut todo = graph.list();
    let mut greatest = 0i64;
    let mut id = graph.entry;
    reach(graph, &mut todo, id, 0)?;
    // Nearly all blocks stand behind one that leads to them.
    while id.is_some() {
        let next = graph[id].next;
        if graph.visited(id) {
            greatest = greatest.max(walk_block(graph, &mut todo, id)?);
        } else {
            graph.pass_over(id);
        }
        id = next;
    }
    while let Some(id) = todo.pop() {
        greatest = greatest.max(walk_block(graph, &mut todo, id)?);
    }
    graph.give_list(todo);
    Ok(greatest as u32)
}

/// Finds the depths where a block leads to; returns the greatest in it.
#[inline]
fn walk_block(graph: &mut Graph, todo: &mut Vec<BlockId>, id: BlockId) -> Result<i64, CompileError> {
    let mut depth = i64::from(graph[id].start_depth);
    let mut next = graph[id].next;
    if let Some(effect) = graph[id].effect {
        if depth + effect.least < 0 {
            return Err(underflow());
        }
        let (class, target) = graph[id].last().map_or((0, BlockId::NONE), |last| match last.op {
            Op::END_ASYNC_FOR => (class(last.op) & !bits::TARGET, BlockId::NONE),
            op => (class(op), last.target),
        });
        let after = depth + effect.net;
        if class & bits::TARGET != 0 {
            reach(graph, todo, target, after)?;
        }
        if class & bits::ENDS == 0 && next.is_some() {
            reach(graph, todo, next, after)?;
        }
        return Ok(depth + effect.greatest);
    }
    let mut greatest = 0;
    let used = graph[id].len();
    let instrs = graph.take(id);
    for instr in &instrs[..used] {
        let net = match instr.op.linear_net_effect(instr.arg) {
            Some(net) => net,
            None => effect(instr, false)?,
        };
        let after = depth + net;
        if after < 0 {
            return Err(underflow());
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
    block.start_depth = i32::try_from(depth).map_err(|_| underflow())?;
    if block.start_depth < 0 {
        return Err(underflow());
    }
    if graph.reach(id) {
        todo.push(id);
    }
    Ok(())
}

fn underflow() -> CompileError {
    CompileError::Value("Invalid CFG, stack underflow".into())
}
