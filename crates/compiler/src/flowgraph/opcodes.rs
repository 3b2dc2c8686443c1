//! The classes of instructions the passes reason about, derived from the instruction table's flags.
//!
//! Source: CPython Include/internal/pycore_opcode_utils.h.

use ophi_bytecode::Flags;
pub use ophi_bytecode::IrOpcode as Op;

/// Starts a protected range; its target is a handler.
#[inline]
pub fn is_block_push(opcode: Op) -> bool {
    matches!(opcode, Op::SETUP_FINALLY | Op::SETUP_WITH | Op::SETUP_CLEANUP)
}

#[inline]
pub fn is_jump(opcode: Op) -> bool {
    opcode.flags().has(Flags::JUMP)
}

/// The oparg names a place in the code.
#[inline]
pub fn has_target(opcode: Op) -> bool {
    opcode.has_target()
}

/// Leaves the code object.
#[inline]
pub fn is_scope_exit(opcode: Op) -> bool {
    matches!(opcode, Op::RETURN_VALUE | Op::RAISE_VARARGS | Op::RERAISE)
}

/// Must be the last of its block.
#[inline]
pub fn is_terminator(opcode: Op) -> bool {
    is_jump(opcode) || is_scope_exit(opcode)
}

#[inline]
pub fn is_unconditional_jump(opcode: Op) -> bool {
    matches!(
        opcode,
        Op::JUMP | Op::JUMP_NO_INTERRUPT | Op::JUMP_FORWARD | Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT
    )
}

pub fn is_conditional_jump(opcode: Op) -> bool {
    matches!(opcode, Op::POP_JUMP_IF_FALSE | Op::POP_JUMP_IF_TRUE | Op::POP_JUMP_IF_NONE | Op::POP_JUMP_IF_NOT_NONE)
}

/// Emitted by the assembler only.
pub fn is_assembler(opcode: Op) -> bool {
    matches!(opcode, Op::JUMP_FORWARD | Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT)
}

/// The oparg is an index into the constants.
#[inline]
pub fn has_const(opcode: Op) -> bool {
    opcode.flags().has(Flags::CONST)
}

#[inline]
pub fn loads_const(opcode: Op) -> bool {
    matches!(opcode, Op::LOAD_CONST | Op::LOAD_SMALL_INT)
}

/// Generators, coroutines and asynchronous generators (`co_flags`).
pub fn is_generator(code_flags: u32) -> bool {
    const GENERATOR: u32 = 0x20;
    const COROUTINE: u32 = 0x80;
    const ASYNC_GENERATOR: u32 = 0x200;
    code_flags & (GENERATOR | COROUTINE | ASYNC_GENERATOR) != 0
}
