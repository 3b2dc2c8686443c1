//! The classes of instructions the passes reason about, derived from the instruction table's flags.
//!
//! Every pass asks for them for every instruction, so they are one table of bits ([`class`]); a block knows which bits occur
//! in it, and a pass leaves the blocks alone that have nothing for it.
//! Source: CPython Include/internal/pycore_opcode_utils.h.

use ophi_bytecode::Flags;
pub use ophi_bytecode::IrOpcode as Op;
use ophi_bytecode::instruction::PSEUDO_START;

/// What [`class`] tells of an instruction.
pub(crate) mod bits {
    /// The oparg names a place in the code.
    pub const TARGET: u32 = 1;
    pub const JUMP: u32 = 1 << 1;
    /// Leaves the code object.
    pub const EXIT: u32 = 1 << 2;
    pub const UNCONDITIONAL: u32 = 1 << 3;
    pub const CONDITIONAL: u32 = 1 << 4;
    /// Starts a protected range; its target is a handler.
    pub const PUSH: u32 = 1 << 5;
    /// Ends one.
    pub const POP: u32 = 1 << 6;
    pub const EVAL_BREAK: u32 = 1 << 7;
    /// The oparg is an index into the constants.
    pub const CONST: u32 = 1 << 8;
    /// Pushes a constant.
    pub const LOADS_CONST: u32 = 1 << 9;
    /// The peephole pass has something to say of it.
    pub const REWRITTEN: u32 = 1 << 10;
    pub const SWAP: u32 = 1 << 11;
    pub const POP_TOP: u32 = 1 << 12;
    /// Can leave a local unbound.
    pub const UNBINDS: u32 = 1 << 13;
    /// Loads, stores or deletes one local.
    pub const LOCAL: u32 = 1 << 14;
    /// Loads locals, and may borrow them (or becomes such an instruction).
    pub const BORROWS: u32 = 1 << 15;
    /// The oparg is the number of a cell.
    pub const CELL: u32 = 1 << 16;
    /// A pseudo-instruction that becomes another one by itself.
    pub const LOWERED: u32 = 1 << 17;
    /// Where the code of a module's annotations is put in.
    pub const PLACEHOLDER: u32 = 1 << 18;
    /// Takes from the stack what the table says, and pushes new values: no rule of its own in the pass `borrow`.
    pub const PLAIN_EFFECT: u32 = 1 << 19;
    /// A pseudo-instruction that tests the top of the stack and leaves it there.
    pub const KEEPS_TESTED: u32 = 1 << 20;
    /// Does nothing.
    pub const NOP: u32 = 1 << 21;
    /// Behind a constant, the peephole pass has something to say of it.
    pub const TESTS: u32 = 1 << 22;
    /// A pseudo-instruction, which the assembler cannot write.
    pub const PSEUDO: u32 = 1 << 23;
    /// The peephole pass has something to say of it in front of one certain instruction only: three kinds, of which the bits
    /// from this one on say which, as the bits from [`WANTED`] on say of that instruction.
    pub const WANTS: u32 = 1 << 24;
    pub const WANTED: u32 = 1 << 27;
    pub const WANTS_ALL: u32 = 7 * WANTS;
    /// The peephole pass has something to say of it, which is no jump, whatever follows.
    pub const REWRITES: u32 = 1 << 30;
    pub const TERMINATOR: u32 = JUMP | EXIT;
    /// Control does not go on behind it.
    pub const ENDS: u32 = EXIT | UNCONDITIONAL;
}
use bits::*;

static CLASSES: [u32; 512] = {
    let mut table = [0; 512];
    let mut number = 0;
    while number < 512 {
        table[number] = compute_class(Op(number as u16));
        number += 1;
    }
    table
};

/// The [`bits`] of an instruction.
#[inline]
pub(crate) fn class(opcode: Op) -> u32 {
    // No instruction has a higher number, and what is none need not be told from one.
    CLASSES[(opcode.0 & 511) as usize]
}

const fn compute_class(opcode: Op) -> u32 {
    let flags = opcode.flags();
    let mut class = if opcode.0 >= PSEUDO_START { PSEUDO } else { 0 };
    if flags.0 & (Flags::JUMP.0 | Flags::EXC.0) != 0 {
        class |= TARGET;
    }
    if flags.has(Flags::JUMP) {
        class |= JUMP;
    }
    if flags.has(Flags::CONST) {
        class |= CONST;
    }
    if flags.has(Flags::EVAL_BREAK) {
        class |= EVAL_BREAK;
    }
    class |= match opcode {
        Op::RETURN_VALUE | Op::RAISE_VARARGS | Op::RERAISE => EXIT,
        Op::JUMP | Op::JUMP_NO_INTERRUPT | Op::JUMP_FORWARD | Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT => {
            UNCONDITIONAL
        }
        Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE => CONDITIONAL,
        Op::SETUP_FINALLY | Op::SETUP_WITH | Op::SETUP_CLEANUP => PUSH | LOWERED,
        Op::POP_BLOCK => POP,
        Op::LOAD_CONST | Op::LOAD_SMALL_INT => LOADS_CONST,
        Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE => KEEPS_TESTED,
        Op::NOP => NOP,
        Op::SWAP => SWAP | REWRITTEN,
        Op::POP_TOP => POP_TOP,
        Op::LOAD_FAST => LOCAL | BORROWS,
        Op::LOAD_FAST_LOAD_FAST => BORROWS,
        Op::LOAD_FAST_CHECK => LOCAL,
        Op::STORE_FAST => LOCAL | REWRITTEN,
        Op::DELETE_FAST | Op::LOAD_FAST_AND_CLEAR => LOCAL | UNBINDS,
        Op::STORE_FAST_MAYBE_NULL => LOCAL | UNBINDS | LOWERED,
        Op::LOAD_CLOSURE => CELL | LOWERED | BORROWS,
        Op::MAKE_CELL | Op::LOAD_DEREF | Op::STORE_DEREF | Op::DELETE_DEREF | Op::LOAD_FROM_DICT_OR_DEREF => CELL,
        Op::ANNOTATIONS_PLACEHOLDER => PLACEHOLDER,
        Op::BUILD_TUPLE
        | Op::BUILD_LIST
        | Op::BUILD_SET
        | Op::LIST_APPEND
        | Op::SET_ADD
        | Op::LOAD_GLOBAL
        | Op::COMPARE_OP
        | Op::CONTAINS_OP
        | Op::IS_OP
        | Op::TO_BOOL
        | Op::UNARY_NOT
        | Op::UNARY_INVERT
        | Op::UNARY_NEGATIVE
        | Op::CALL_INTRINSIC_1
        | Op::BINARY_OP => REWRITTEN,
        _ => 0,
    };
    if matches!(
        opcode,
        Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::JUMP_IF_FALSE | Op::JUMP_IF_TRUE | Op::IS_OP | Op::TO_BOOL
    ) {
        class |= TESTS;
    }
    class |= match opcode {
        Op::LOAD_GLOBAL => WANTS,
        Op::STORE_FAST => WANTS << 1 | WANTED << 1,
        Op::COMPARE_OP => WANTS << 2,
        Op::PUSH_NULL => WANTED,
        Op::TO_BOOL => WANTED << 2,
        _ => 0,
    };
    if class & (REWRITTEN | WANTS_ALL) == REWRITTEN {
        class |= REWRITES;
    }
    if class & TARGET != 0 {
        class |= REWRITTEN;
    } else if !super::borrow::has_own_rule(opcode) {
        class |= PLAIN_EFFECT;
    }
    class
}

/// Has the peephole pass something to say of an instruction, no jump, that one of the class `next` follows?
#[inline]
pub(crate) fn is_rewritten(class: u32, next: u32) -> bool {
    class & (((next / (WANTED / WANTS)) & WANTS_ALL) | REWRITES) != 0
}

/// A pseudo-instruction that the assembler cannot write.
#[inline]
pub(crate) fn is_pseudo(opcode: Op) -> bool {
    opcode.0 >= PSEUDO_START
}

/// Starts a protected range; its target is a handler.
#[inline]
pub fn is_block_push(opcode: Op) -> bool {
    class(opcode) & PUSH != 0
}

#[inline]
pub fn is_jump(opcode: Op) -> bool {
    class(opcode) & JUMP != 0
}

/// The oparg names a place in the code.
#[inline]
pub fn has_target(opcode: Op) -> bool {
    class(opcode) & TARGET != 0
}

/// Must be the last of its block.
#[inline]
pub fn is_terminator(opcode: Op) -> bool {
    class(opcode) & TERMINATOR != 0
}

#[inline]
pub fn is_unconditional_jump(opcode: Op) -> bool {
    class(opcode) & UNCONDITIONAL != 0
}

pub fn is_conditional_jump(opcode: Op) -> bool {
    class(opcode) & CONDITIONAL != 0
}

/// Emitted by the assembler only.
pub fn is_assembler(opcode: Op) -> bool {
    matches!(opcode, Op::JUMP_FORWARD | Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT)
}

/// The oparg is an index into the constants.
#[inline]
pub fn has_const(opcode: Op) -> bool {
    class(opcode) & CONST != 0
}

#[inline]
pub fn loads_const(opcode: Op) -> bool {
    class(opcode) & LOADS_CONST != 0
}

/// Generators, coroutines and asynchronous generators (`co_flags`).
pub fn is_generator(code_flags: u32) -> bool {
    const GENERATOR: u32 = 0x20;
    const COROUTINE: u32 = 0x80;
    const ASYNC_GENERATOR: u32 = 0x200;
    code_flags & (GENERATOR | COROUTINE | ASYNC_GENERATOR) != 0
}
