//! Local rewriting inside a block: tests of constants, jumps to jumps, pairs of instructions that one can do, folding.
//!
//! What is replaced leaves NOPs behind, removed afterwards, so no instruction moves: the graph has marked where to look when
//! it was built ([`Marks`]). Two walks: [`optimize_loads`] looks at constants and what follows them, for all blocks, before
//! [`optimize_block`] rewrites the rest. Source: CPython Python/flowgraph.c (`basicblock_optimize_load_const`,
//! `optimize_basic_block`, `jump_thread`).

use ophi_bytecode::code::Constant;
use ophi_bytecode::instruction::COMPARE_TO_BOOL;

use super::consts::{Consts, make_small_int};
use super::evaluate::is_true;
use super::folding::{self, INTRINSIC_LIST_TO_TUPLE, INTRINSIC_UNARY_POSITIVE};
use super::graph::{Block, BlockId, Graph, Instr, jump, placeless};
use super::marks::Marks;
use super::opcodes::{Op, bits, class, is_jump, is_rewritten, loads_const};
use super::swaps;
use crate::error::CompileError;

/// Small ints, and constants that are tested, compared with `None` by identity, or made a bool.
pub fn optimize_loads(graph: &mut Graph, consts: &mut Consts) -> Result<(), CompileError> {
    let mut id = graph.entry;
    while id.is_some() {
        let block = &mut graph[id];
        if block.may_hold(bits::LOADS_CONST) {
            block.classes |= bits::CONST;
            let decided = optimize_loads_in_block(block, consts)?;
            graph.edges_changed |= decided;
            graph.shape_changed |= decided;
        }
        id = graph[id].next;
    }
    Ok(())
}

/// Was the way that some jump takes decided?
fn optimize_loads_in_block(block: &mut Block, consts: &mut Consts) -> Result<bool, CompileError> {
    let mut decided = false;
    let mut loads = block.loads;
    while let Some(at) = loads.take_first() {
        if at < Marks::TAIL {
            decided |= optimize_load(block, at, consts)?;
            continue;
        }
        for at in at..block.len() {
            if loads_const(block.instrs()[at].op) {
                decided |= optimize_load(block, at, consts)?;
            }
        }
    }
    Ok(decided)
}

/// A load of a constant at `at`; was the way that a jump behind it takes decided?
fn optimize_load(block: &mut Block, mut at: usize, consts: &mut Consts) -> Result<bool, CompileError> {
    let load = &mut block.instrs_mut()[at];
    if load.op == Op::LOAD_CONST {
        make_small_int(load, consts.at(load.arg)?);
    }
    let mut load = (load.op, load.arg);
    while let Some(next) = block.instrs().get(at + 1) {
        let (next, next_arg) = (next.op, next.arg);
        if class(next) & bits::TESTS == 0 {
            // A copy of it right behind counts as the load.
            if next == Op::COPY && next_arg == 1 && load.0 == Op::LOAD_CONST {
                at += 1;
                continue;
            }
            break;
        }
        block.classes |= bits::NOP;
        let instrs = block.instrs_mut();
        match next {
            Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE => {
                let truth = is_true(&consts.loaded(load.0, load.1)?);
                if matches!(next, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE) {
                    instrs[at].make_nop();
                }
                let jumps_if = matches!(next, Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_TRUE);
                if truth == jumps_if {
                    instrs[at + 1].op = Op::JUMP;
                } else {
                    instrs[at + 1].make_nop();
                }
                return Ok(true);
            }
            Op::IS_OP if consts.loaded(load.0, load.1)? == Constant::None => {
                compare_with_none(instrs, at);
                break;
            }
            Op::TO_BOOL => {
                let truth = is_true(&consts.loaded(load.0, load.1)?);
                let index = consts.add(Constant::Bool(truth));
                instrs[at].make_nop();
                at += 1;
                instrs[at].set(Op::LOAD_CONST, index);
                load = (Op::LOAD_CONST, index);
            }
            _ => break,
        }
    }
    Ok(false)
}

/// `None` at `at`, `IS_OP` behind it: with the test that follows, one `POP_JUMP_IF_(NOT_)NONE`.
fn compare_with_none(instrs: &mut [Instr], at: usize) {
    let mut test = at + 2;
    if instrs.get(test).is_some_and(|i| i.op == Op::TO_BOOL) {
        instrs[test].make_nop();
        test += 1;
    }
    let jumps_if = match instrs.get(test).map(|i| i.op) {
        Some(Op::POP_JUMP_IF_TRUE) => true,
        Some(Op::POP_JUMP_IF_FALSE) => false,
        _ => return,
    };
    let is_not = instrs[at + 1].arg != 0;
    instrs[test].op = if jumps_if == is_not { Op::POP_JUMP_IF_NOT_NONE } else { Op::POP_JUMP_IF_NONE };
    instrs[at].make_nop();
    instrs[at + 1].make_nop();
}

/// Makes the jump that ends the block go where the jump it leads to goes. The old jump becomes a NOP, for its line.
///
/// `threaded` counts how often: more often than there are blocks means going round in an endless loop.
fn thread_jump(graph: &mut Graph, id: BlockId, at: usize, through: Instr, opcode: Op, threaded: &mut usize) {
    if graph[id].instrs()[at].target != through.target && *threaded <= graph.block_count() {
        *threaded += 1;
        (graph.edges_changed, graph.shape_changed) = (true, true);
        let block = &mut graph[id];
        block.classes |= bits::NOP;
        block.instrs_mut()[at].make_nop();
        block.push(jump(opcode, through.target, through.loc));
    }
}

/// Rewrites one block; see the module text.
pub fn optimize_block(graph: &mut Graph, id: BlockId, consts: &mut Consts) -> Result<(), CompileError> {
    if !graph[id].may_hold(bits::REWRITTEN) {
        return Ok(());
    }
    rewrite_block(&mut graph[id], consts)?;
    let mut threaded = 0;
    // A jump is the last of its block; what it becomes comes behind it.
    let mut at = graph[id].len().saturating_sub(1);
    while let Some(&instr) = graph[id].instrs().get(at).filter(|instr| is_jump(instr.op)) {
        let target = graph[instr.target].instrs().first().copied().unwrap_or(placeless(Op::NOP, 0));
        match instr.op {
            Op::POP_JUMP_IF_NOT_NONE | Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE
                if target.op == Op::JUMP =>
            {
                thread_jump(graph, id, at, target, instr.op, &mut threaded);
            }
            Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE => {
                let opposite = if instr.op == Op::JUMP_IF_FALSE { Op::JUMP_IF_TRUE } else { Op::JUMP_IF_FALSE };
                if target.op == Op::JUMP || target.op == instr.op {
                    thread_jump(graph, id, at, target, instr.op, &mut threaded);
                } else if target.op == opposite {
                    // The value is known to fail that test: go on behind it, and look again from here.
                    let behind = graph[instr.target].next;
                    if behind.is_some() {
                        (graph.edges_changed, graph.shape_changed) = (true, true);
                        graph[id].instrs_mut()[at].target = behind;
                        continue;
                    }
                }
            }
            Op::JUMP | Op::JUMP_NO_INTERRUPT => match target.op {
                Op::JUMP => thread_jump(graph, id, at, target, Op::JUMP, &mut threaded),
                Op::JUMP_NO_INTERRUPT => thread_jump(graph, id, at, target, instr.op, &mut threaded),
                _ => {}
            },
            _ => {}
        }
        at += 1;
    }
    if graph[id].may_hold(bits::SWAP) {
        swaps::optimize(&mut graph[id]);
    }
    Ok(())
}

/// Rewrites the instructions that are no jumps.
fn rewrite_block(block: &mut Block, consts: &mut Consts) -> Result<(), CompileError> {
    let mut marks = block.rewritten;
    while let Some(mut at) = marks.take_first() {
        if at < Marks::TAIL {
            rewrite(block, at, consts)?;
            continue;
        }
        while let Some(found) = next_rewritten(block.instrs(), at) {
            rewrite(block, found, consts)?;
            at = found + 1;
        }
    }
    Ok(())
}

/// The first instruction from `at` on that [`rewrite`] has something to say of.
#[inline]
fn next_rewritten(instrs: &[Instr], at: usize) -> Option<usize> {
    let mut rest = instrs.get(at..)?.iter();
    let mut here = class(rest.next()?.op);
    let mut at = at;
    for instr in rest {
        let next = class(instr.op);
        if is_rewritten(here, next) {
            return Some(at);
        }
        here = next;
        at += 1;
    }
    is_rewritten(here, 0).then_some(at)
}

fn drop_instr(block: &mut Block, at: usize) {
    block.classes |= bits::NOP;
    block.instrs_mut()[at].make_nop();
}

/// Rewrites an instruction that is no jump, together with what follows it.
#[inline]
fn rewrite(block: &mut Block, at: usize, consts: &mut Consts) -> Result<(), CompileError> {
    let Some((instr, rest)) = block.instrs_mut()[at..].split_first_mut() else { return Ok(()) };
    let (next, next_arg, next_line) = match rest.first() {
        Some(next) => (next.op, next.arg, next.loc.line),
        None => (Op::CACHE, 0, -1),
    };
    let instr = *instr;
    // What it may become.
    block.classes |= match instr.op {
        Op::BUILD_TUPLE => bits::CONST | bits::SWAP,
        Op::STORE_FAST => bits::POP_TOP,
        _ => bits::CONST,
    };
    // Gives the place of the pair to its second instruction.
    let mut becomes = |opcode: Op, arg: u32| {
        block.classes |= bits::NOP;
        let instrs = block.instrs_mut();
        instrs[at].make_nop();
        instrs[at + 1].set(opcode, arg);
    };
    match instr.op {
        Op::BUILD_TUPLE => {
            let unpacked = next == Op::UNPACK_SEQUENCE && next_arg == instr.arg;
            match instr.arg {
                1 if unpacked => becomes(Op::NOP, 0),
                2 | 3 if unpacked => becomes(Op::SWAP, instr.arg),
                _ => folding::tuple(block, at, consts)?,
            }
        }
        Op::BUILD_LIST | Op::BUILD_SET => folding::list_or_set(block, at, next, consts)?,
        Op::LIST_APPEND | Op::SET_ADD if instr.arg == 1 && matches!(next, Op::GET_ITER | Op::CONTAINS_OP) => {
            folding::grown_sequence(block, at, consts)?;
        }
        Op::STORE_FAST if next == Op::STORE_FAST && next_arg == instr.arg && next_line == instr.loc.line => {
            block.instrs_mut()[at].set(Op::POP_TOP, 0);
        }
        Op::SWAP if instr.arg == 1 => drop_instr(block, at),
        Op::LOAD_GLOBAL if next == Op::PUSH_NULL && instr.arg & 1 == 0 => {
            block.instrs_mut()[at].arg |= 1;
            drop_instr(block, at + 1);
        }
        Op::COMPARE_OP if next == Op::TO_BOOL => becomes(Op::COMPARE_OP, instr.arg | COMPARE_TO_BOOL),
        Op::CONTAINS_OP | Op::IS_OP => match next {
            Op::TO_BOOL => becomes(instr.op, instr.arg),
            Op::UNARY_NOT => becomes(instr.op, instr.arg ^ 1),
            _ => {}
        },
        Op::TO_BOOL if next == Op::TO_BOOL => drop_instr(block, at),
        Op::UNARY_NOT if next == Op::TO_BOOL => becomes(Op::UNARY_NOT, 0),
        Op::UNARY_NOT if next == Op::UNARY_NOT => becomes(Op::NOP, 0),
        Op::UNARY_NOT | Op::UNARY_INVERT | Op::UNARY_NEGATIVE => folding::unary(block, at, consts)?,
        Op::CALL_INTRINSIC_1 if instr.arg == INTRINSIC_LIST_TO_TUPLE => {
            folding::grown_sequence(block, at, consts)?;
            if block.instrs()[at].op == Op::CALL_INTRINSIC_1 && next == Op::GET_ITER {
                drop_instr(block, at);
            }
        }
        Op::CALL_INTRINSIC_1 if instr.arg == INTRINSIC_UNARY_POSITIVE => folding::unary(block, at, consts)?,
        Op::BINARY_OP => folding::binary(block, at, consts)?,
        _ => {}
    }
    Ok(())
}
