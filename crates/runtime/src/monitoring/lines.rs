//! Which instructions begin a line, so that a LINE event may belong to them.
//!
//! As CPython's `initialize_lines`: an instruction whose line differs from that of the one before it, every target of a jump and every
//! exception handler. Whether an event is really told depends on the line executed before. CPython knows that from the frame's
//! instruction pointer, which every instruction stores; ours do not, so a frame remembers the last *place* it passed
//! (`Frame::place`). Places are the line starts and those instructions that change the line silently: artificial ones without a
//! line, those that never get an event, and what follows a RESUME.

use super::code::{self, mark};
use crate::objects::code::Code;
use ophi_bytecode::code::decode_locations;
use ophi_bytecode::instruction::Opcode;

/// The line of every unit; -1: none.
pub fn of_units(code: &Code) -> Box<[i32]> {
    let mut lines = vec![-1; code.unit_count()].into_boxed_slice();
    let linetable = code.linetable();
    for entry in decode_locations(linetable, code.firstlineno) {
        let (start, end) = (entry.start as usize / 2, (entry.end as usize / 2).min(lines.len()));
        if start < end {
            lines[start..end].fill(entry.position.line);
        }
    }
    lines
}

/// Whether the instruction is passed over by the jumps that lead to its line, or must stay visible.
fn never_starts(op: Opcode) -> bool {
    matches!(op, Opcode::END_ASYNC_FOR | Opcode::END_FOR | Opcode::END_SEND | Opcode::RESUME | Opcode::POP_ITER)
}

/// Sets the marks of line starts and places.
pub fn mark_places(code: &Code, lines: &[i32], marks: &mut [u8]) {
    let first = code::first_traceable(code);
    let mut current = -1;
    let mut after_resume = false;
    for (at, op) in code::instructions(code).filter(|(at, _)| *at >= first) {
        if never_starts(op) {
            // An END_FOR is followed by a POP_ITER, a RESUME is a place by itself.
            if op != Opcode::RESUME && op != Opcode::END_FOR {
                marks[at] |= mark::PLACE;
            }
        } else {
            if lines[at] != current && lines[at] >= 0 {
                marks[at] |= mark::START;
            }
            if lines[at] < 0 || after_resume {
                marks[at] |= mark::PLACE;
            }
            current = lines[at];
        }
        after_resume = op == Opcode::RESUME;
    }
    let mut start = |target: usize, refused: Opcode| {
        if lines.get(target).is_some_and(|l| *l >= 0) && code::base_at(code, target) != refused {
            marks[target] |= mark::START;
        }
    };
    let mut arg = 0;
    for (at, op) in code::instructions(code).filter(|(at, _)| *at >= first) {
        arg = arg << 8 | code::arg_at(code, at);
        if op == Opcode::EXTENDED_ARG {
            continue;
        }
        let next = at + 1 + op.caches();
        let target = match op {
            Opcode::POP_JUMP_IF_FALSE
            | Opcode::POP_JUMP_IF_TRUE
            | Opcode::POP_JUMP_IF_NONE
            | Opcode::POP_JUMP_IF_NOT_NONE
            | Opcode::JUMP_FORWARD => Some(next + arg),
            // Past the END_FOR or END_SEND.
            Opcode::FOR_ITER | Opcode::SEND => Some(next + arg + 1),
            Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT => next.checked_sub(arg),
            _ => None,
        };
        if let Some(target) = target {
            start(target, Opcode::POP_ITER);
        }
        arg = 0;
    }
    for entry in code.exceptions() {
        // The end of an `async for` is no line of its own.
        start(entry.target as usize / 2, Opcode::END_ASYNC_FOR);
    }
}
