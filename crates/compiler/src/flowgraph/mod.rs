//! The flow graph: from code generation's linear list of instructions to the optimised one the assembler lays out.
//!
//! Problem: bytecode must equal CPython 3.14's to the byte, so the passes, their order and their side effects on line
//! numbers and handlers must be CPython's. Method: the list is cut into basic blocks ([`graph`]), which a fixed
//! sequence of passes rewrites in place; each pass is linear in the code, loops aside that end because every round
//! removes something.
//!
//! ```text
//! sequence -> graph -> exceptions -> cleanup (inline exits, unreachable) -> lines -> peephole (constants, jumps, swaps)
//!          -> cleanup -> consts (unused) -> locals (checks, superinstructions) -> layout (cold blocks) -> lines
//!          -> layout (pseudo jumps) -> stack_depth -> prefix (cells, generators) -> layout (pseudo ops, forward jumps)
//!          -> borrow -> sequence
//! ```
//!
//! Source: CPython Python/flowgraph.c (`_PyCfg_OptimizeCodeUnit`, `_PyCfg_OptimizedCfgToInstructionSequence`,
//! `_PyCompile_OptimizeCfg`).

mod block;
mod borrow;
mod cleanup;
mod consts;
pub mod evaluate;
mod exceptions;
mod folding;
pub mod graph;
mod layout;
mod lines;
mod locals;
mod marks;
pub mod opcodes;
mod peephole;
mod prefix;
mod stack_depth;
mod swaps;
mod verify;

use ophi_bytecode::code::Constant;

use consts::Consts;
pub use graph::{Block, BlockId, Graph};
use opcodes::bits;

use crate::error::CompileError;
use crate::instruction_sequence::{CodeUnitInfo, InstructionSequence};

/// Everything up to and including the second line number pass (`_PyCfg_OptimizeCodeUnit`): the graph keeps its
/// pseudo-instructions. Constants are added to and removed from `consts`.
pub fn optimize_code_unit(
    graph: &mut Graph,
    consts: &mut Vec<Constant>,
    nlocals: usize,
    nparams: usize,
) -> Result<(), CompileError> {
    let mut table = Consts::new(std::mem::take(consts));
    let result = run_passes(graph, &mut table, nlocals, nparams);
    *consts = table.into_list();
    result?;
    if cfg!(debug_assertions) { verify::optimized(graph, consts.len()) } else { Ok(()) }
}

fn run_passes(graph: &mut Graph, consts: &mut Consts, nlocals: usize, nparams: usize) -> Result<(), CompileError> {
    exceptions::mark_handlers(graph);
    exceptions::label_targets(graph)?;

    cleanup::inline_small_exits(graph);
    cleanup::remove_unreachable(graph);
    lines::resolve(graph);
    peephole::optimize_loads(graph, consts)?;
    let mut id = graph.entry;
    while id.is_some() {
        peephole::optimize_block(graph, id, consts)?;
        id = graph[id].next;
    }
    cleanup::remove_nops_and_pairs(graph);
    cleanup::remove_unreachable(graph);
    cleanup::remove_nops_and_jumps(graph)?;

    // Constants have nothing to do with locals, but are looked at in the same walks where there are few.
    if consts.are_few() {
        let mut used = 0;
        locals::add_checks(graph, nlocals, nparams, bits::CONST, |instr| used |= consts::used_by(instr));
        match consts.retain_few(used) {
            Some(new) => locals::insert_superinstructions(graph, |instr| new.apply(instr)),
            None => locals::insert_superinstructions(graph, |_| {}),
        }
    } else {
        consts.remove_unused(graph);
        locals::add_checks(graph, nlocals, nparams, 0, |_| {});
        locals::insert_superinstructions(graph, |_| {});
    }
    layout::push_cold_to_end(graph)?;
    lines::resolve(graph);
    Ok(())
}

/// What the assembler needs beside the instructions.
pub struct Lowered {
    pub sequence: InstructionSequence,
    pub stack_depth: u32,
    /// Slots of the frame: locals, cells, free variables.
    pub nlocalsplus: u32,
}

/// [`Lowered`] without the instructions.
pub(crate) struct FrameSizes {
    pub(crate) stack_depth: u32,
    pub(crate) nlocalsplus: u32,
}

/// The rest of the way: pseudo-instructions become real ones (but for jumps, whose direction the assembler fixes), the
/// stack depth is computed and cells get their slots (`_PyCfg_OptimizedCfgToInstructionSequence`).
pub fn lower(graph: &mut Graph, unit: &CodeUnitInfo) -> Result<Lowered, CompileError> {
    let FrameSizes { stack_depth, nlocalsplus } = lower_graph(graph, unit)?;
    Ok(Lowered { sequence: graph.to_sequence(), stack_depth, nlocalsplus })
}

pub(crate) fn lower_graph(graph: &mut Graph, unit: &CodeUnitInfo) -> Result<FrameSizes, CompileError> {
    layout::convert_conditional_pseudo_jumps(graph);
    let stack_depth = stack_depth::calculate(graph)?;
    let nlocalsplus = prefix::prepare(graph, unit)?;
    layout::convert_pseudo_ops(graph)?;
    layout::normalize_jumps(graph);
    borrow::optimize(graph);
    if cfg!(debug_assertions) {
        verify::lowered(graph)?;
    }
    Ok(FrameSizes { stack_depth, nlocalsplus })
}

/// Fills in jump and handler targets of a graph that is not to be optimised (`_PyCfg_JumpLabelsToTargets`).
pub fn label_only(graph: &mut Graph) -> Result<(), CompileError> {
    exceptions::label_targets(graph)
}

/// `_testinternalcapi.optimize_cfg`: the optimised graph of a bare sequence, pseudo-instructions included, written out
/// again.
pub fn optimize_cfg(
    sequence: InstructionSequence,
    consts: &mut Vec<Constant>,
    nlocals: usize,
) -> Result<InstructionSequence, CompileError> {
    let mut graph = Graph::from_sequence(sequence)?;
    optimize_code_unit(&mut graph, consts, nlocals, 0)?;
    stack_depth::calculate(&mut graph)?;
    borrow::optimize(&mut graph);
    Ok(graph.to_sequence())
}
