//! Constant folding: operations whose operands were all loaded as constants just before.
//!
//! Operands are found by walking back from the operation over NOPs, at most [`STACK_USE_GUIDELINE`] of them; the loads
//! become NOPs without a line and the operation becomes the load of the result. Source: CPython Python/flowgraph.c
//! (`fold_tuple_of_constants`, `fold_constant_seq_into_load_const`, `optimize_lists_and_sets`, `fold_const_binop`,
//! `fold_const_unaryop`).

use num_bigint::BigInt;
use num_traits::FromPrimitive;
use ophi_bytecode::code::Constant;

use super::consts::Consts;
use super::evaluate;
use super::graph::Block;
use super::opcodes::{Op, bits, loads_const};
use crate::error::CompileError;
use crate::instruction_sequence::NO_LOCATION;

/// More operands than this are not put on the stack at once (CPython's `_PY_STACK_USE_GUIDELINE`).
const STACK_USE_GUIDELINE: usize = 30;
/// Shorter lists and sets are built item by item.
const MIN_CONST_SEQUENCE_SIZE: usize = 3;

pub const INTRINSIC_UNARY_POSITIVE: u32 = 5;
pub const INTRINSIC_LIST_TO_TUPLE: u32 = 6;

/// Positions of the loads of an operation's operands, in order.
struct Loads {
    at: [usize; STACK_USE_GUIDELINE],
    count: usize,
}

impl Loads {
    /// The `count` loads before position `end`, if nothing but NOPs is between them.
    fn before(block: &Block, end: usize, count: usize) -> Option<Loads> {
        if count > STACK_USE_GUIDELINE {
            return None;
        }
        let mut loads = Loads { at: [0; STACK_USE_GUIDELINE], count };
        let mut missing = count;
        for (at, instr) in block.instrs()[..end].iter().enumerate().rev() {
            if missing == 0 {
                break;
            }
            if instr.op == Op::NOP {
                continue;
            }
            if !loads_const(instr.op) {
                return None;
            }
            missing -= 1;
            loads.at[missing] = at;
        }
        (missing == 0).then_some(loads)
    }

    fn positions(&self) -> &[usize] {
        &self.at[..self.count]
    }

    fn values(&self, block: &Block, consts: &Consts) -> Result<Vec<Constant>, CompileError> {
        self.positions().iter().map(|&at| consts.loaded_by(&block.instrs()[at])).collect()
    }

    fn nop_out(&self, block: &mut Block) {
        for &at in self.positions() {
            nop_out(block, at);
        }
    }
}

fn nop_out(block: &mut Block, at: usize) {
    block.placeless = true;
    block.classes |= bits::NOP;
    let instr = &mut block.instrs_mut()[at];
    instr.make_nop();
    instr.loc = NO_LOCATION;
}

/// `BUILD_TUPLE` of constants.
pub fn tuple(block: &mut Block, at: usize, consts: &mut Consts) -> Result<(), CompileError> {
    let size = block.instrs()[at].arg as usize;
    if let Some(loads) = Loads::before(block, at, size) {
        let items = loads.values(block, consts)?;
        loads.nop_out(block);
        consts.make_load(&mut block.instrs_mut()[at], Constant::Tuple(items.into()));
    }
    Ok(())
}

/// A list or set grown item by item from constants: `BUILD_LIST 0`, (load, `LIST_APPEND 1`)..., and at `at` either the
/// intrinsic that makes a tuple of it or the last append (before a use that only iterates or searches).
pub fn grown_sequence(block: &mut Block, at: usize, consts: &mut Consts) -> Result<(), CompileError> {
    let end = block.instrs()[at];
    let is_intrinsic = end.op == Op::CALL_INTRINSIC_1;
    let append = if is_intrinsic { Op::LIST_APPEND } else { end.op };
    let build = if append == Op::LIST_APPEND { Op::BUILD_LIST } else { Op::BUILD_SET };
    let mut expect_append = is_intrinsic;
    let mut start = None;
    for (position, instr) in block.instrs()[..at].iter().enumerate().rev() {
        if instr.op == Op::NOP {
            continue;
        }
        if instr.op == build && instr.arg == 0 {
            start = expect_append.then_some(position);
            break;
        }
        let fits = if expect_append { instr.op == append && instr.arg == 1 } else { loads_const(instr.op) };
        if !fits {
            return Ok(());
        }
        expect_append = !expect_append;
    }
    let Some(start) = start else { return Ok(()) };
    let mut items = Vec::new();
    for position in start..at {
        let instr = block.instrs()[position];
        if loads_const(instr.op) {
            items.push(consts.loaded_by(&instr)?);
        }
        if instr.op != Op::NOP {
            nop_out(block, position);
        }
    }
    let folded = if build == Op::BUILD_SET { frozenset(items) } else { Constant::Tuple(items.into()) };
    if !is_intrinsic {
        // The append belongs to the sequence and loses its line with it (CPython's doing).
        block.placeless = true;
        block.instrs_mut()[at].loc = NO_LOCATION;
    }
    consts.make_load(&mut block.instrs_mut()[at], folded);
    Ok(())
}

/// `BUILD_LIST` and `BUILD_SET`: a constant where they are only iterated or searched, else extended from a constant.
pub fn list_or_set(block: &mut Block, at: usize, next: Op, consts: &mut Consts) -> Result<(), CompileError> {
    let instr = block.instrs()[at];
    let size = instr.arg as usize;
    let only_read = next == Op::GET_ITER || next == Op::CONTAINS_OP;
    if size > STACK_USE_GUIDELINE || (size < MIN_CONST_SEQUENCE_SIZE && !only_read) {
        return Ok(());
    }
    let Some(loads) = Loads::before(block, at, size) else {
        if only_read && instr.op == Op::BUILD_LIST {
            block.instrs_mut()[at].op = Op::BUILD_TUPLE;
        }
        return Ok(());
    };
    let items = loads.values(block, consts)?;
    let folded = if instr.op == Op::BUILD_SET { frozenset(items) } else { Constant::Tuple(items.into()) };
    let index = consts.add(folded);
    loads.nop_out(block);
    let instrs = block.instrs_mut();
    if only_read {
        instrs[at].set(Op::LOAD_CONST, index);
    } else {
        instrs[at - 2].loc = instr.loc;
        instrs[at - 2].set(instr.op, 0);
        instrs[at - 1].set(Op::LOAD_CONST, index);
        let extend = if instr.op == Op::BUILD_LIST { Op::LIST_EXTEND } else { Op::SET_UPDATE };
        instrs[at].set(extend, 1);
    }
    Ok(())
}

pub fn binary(block: &mut Block, at: usize, consts: &mut Consts) -> Result<(), CompileError> {
    let Some(loads) = Loads::before(block, at, 2) else { return Ok(()) };
    let operator = block.instrs()[at].arg;
    let [left, right] = [loads.at[0], loads.at[1]].map(|at| consts.loaded_by(&block.instrs()[at]));
    if let Some(result) = evaluate::binary(operator, &left?, &right?) {
        loads.nop_out(block);
        consts.make_load(&mut block.instrs_mut()[at], result);
    }
    Ok(())
}

pub fn unary(block: &mut Block, at: usize, consts: &mut Consts) -> Result<(), CompileError> {
    let Some(loads) = Loads::before(block, at, 1) else { return Ok(()) };
    let operand = consts.loaded_by(&block.instrs()[loads.at[0]])?;
    let result = match block.instrs()[at].op {
        Op::UNARY_NEGATIVE => evaluate::negative(&operand),
        Op::UNARY_INVERT => evaluate::invert(&operand),
        Op::UNARY_NOT => Some(Constant::Bool(!evaluate::is_true(&operand))),
        // The same float again, a NaN too, keeps its place among the constants.
        _ if matches!(operand, Constant::Float(_) | Constant::Complex(_)) => {
            let load = block.instrs()[loads.at[0]];
            loads.nop_out(block);
            block.instrs_mut()[at].set(load.op, load.arg);
            return Ok(());
        }
        _ => evaluate::positive(&operand),
    };
    if let Some(result) = result {
        loads.nop_out(block);
        consts.make_load(&mut block.instrs_mut()[at], result);
    }
    Ok(())
}

/// A frozenset constant: of items that are equal in Python the first stays.
fn frozenset(items: Vec<Constant>) -> Constant {
    let mut distinct: Vec<Constant> = Vec::with_capacity(items.len());
    let mut seen: rustc_hash::FxHashSet<Constant> = rustc_hash::FxHashSet::default();
    for item in items {
        if seen.insert(numeric_key(&item)) {
            distinct.push(item);
        }
    }
    Constant::FrozenSet(distinct.into())
}

/// Maps constants that are equal in Python to one: True, 1, 1.0 and 1+0j; also inside tuples. NaNs stay apart only by
/// their bits, as one literal cannot write two.
fn numeric_key(constant: &Constant) -> Constant {
    match constant {
        Constant::Bool(value) => Constant::Int(i64::from(*value)),
        Constant::Float(value) if value.fract() == 0.0 => {
            BigInt::from_f64(*value).map_or_else(|| constant.clone(), Constant::from_bigint)
        }
        Constant::Complex(value) if value.im == 0.0 => numeric_key(&Constant::Float(value.re)),
        Constant::Tuple(items) => Constant::Tuple(items.iter().map(numeric_key).collect()),
        _ => constant.clone(),
    }
}
