//! Sizes, offsets and jump distances, in 16-bit code units.
//!
//! A distance counts from the end of the jump's instruction (its cache units included). Whether a jump needs
//! EXTENDED_ARGs depends on the distance, which depends on sizes in between: rounds until nothing changes. Source:
//! CPython Python/assemble.c (`resolve_jump_offsets`, `resolve_unconditional_jumps`, `assemble_location_info`).

use ophi_bytecode::{Flags, IrOpcode as Op};

use crate::error::CompileError;
use crate::flowgraph::opcodes::is_terminator;
use crate::instruction_sequence::{Instr, InstructionSequence, NEXT_LOCATION, NO_LOCATION};

/// From `SEND` to the matching `END_SEND` in what `yield from` and `await` compile to: END_ASYNC_FOR's target is the
/// `SEND`, but monitoring wants the `END_SEND`.
pub(super) const END_SEND_OFFSET: u32 = 5;

fn is_jump(instr: &Instr) -> bool {
    instr.op.flags().has(Flags::JUMP)
}

/// Code units of the instruction: EXTENDED_ARGs, itself, caches.
#[inline]
pub fn size(instr: &Instr) -> u32 {
    let arg = instr.arg;
    if arg <= 0xFF {
        return 1 + instr.op.caches() as u32;
    }
    let extended = u32::from(arg > 0xFF) + u32::from(arg > 0xFFFF) + u32::from(arg > 0xFF_FFFF);
    extended + 1 + instr.op.caches() as u32
}

/// `JUMP` and `JUMP_NO_INTERRUPT` learn which way they go (their opargs are instruction indices), and instructions that
/// take the next one's location get it.
pub fn resolve_directions_and_locations(sequence: &mut InstructionSequence) {
    let mut following = NO_LOCATION;
    for (index, instr) in sequence.instrs.iter_mut().enumerate().rev() {
        if matches!(instr.op, Op::JUMP | Op::JUMP_NO_INTERRUPT) {
            let forward = instr.arg > index as u32;
            let real = match instr.op {
                _ if forward => Op::JUMP_FORWARD,
                Op::JUMP => Op::JUMP_BACKWARD,
                _ => Op::JUMP_BACKWARD_NO_INTERRUPT,
            };
            instr.op = real;
        }
        if instr.loc.line == NEXT_LOCATION.line && instr.loc == NEXT_LOCATION {
            instr.loc = if is_terminator(instr.op) { NO_LOCATION } else { following };
        }
        following = instr.loc;
    }
}

/// Replaces the opargs of jumps, instruction indices, by distances; `starts` gets the offset of every instruction and of
/// the code's end, and `jumps` is theirs to use.
pub fn resolve_distances(
    sequence: &mut InstructionSequence,
    starts: &mut Vec<u32>,
    jumps: &mut Vec<(u32, u32)>,
) -> Result<(), CompileError> {
    let instrs = &mut sequence.instrs;
    jumps.clear();
    for (index, instr) in instrs.iter().enumerate().filter(|(_, i)| is_jump(i)) {
        if instr.arg as usize >= instrs.len() {
            return Err(CompileError::system("jump behind the end of the code"));
        }
        jumps.push((index as u32, instr.arg));
    }
    starts.clear();
    starts.resize(instrs.len() + 1, 0);
    loop {
        let mut offset = 0;
        for (instr, start) in instrs.iter().zip(starts.iter_mut()) {
            *start = offset;
            offset += size(instr);
        }
        starts[instrs.len()] = offset;
        let mut changed = false;
        for &(index, target) in jumps.iter() {
            let (index, target) = (index as usize, target as usize);
            let instr = &mut instrs[index];
            let old_size = size(instr);
            let after = starts[index] + old_size;
            let goal = starts[target];
            let opcode = instr.op;
            instr.arg = if opcode == Op::END_ASYNC_FOR {
                after.saturating_sub(goal).saturating_sub(END_SEND_OFFSET)
            } else {
                let backward = goal < after;
                if backward != matches!(opcode, Op::JUMP_BACKWARD | Op::JUMP_BACKWARD_NO_INTERRUPT) {
                    return Err(CompileError::System(format!("{} goes the wrong way", opcode.name())));
                }
                goal.abs_diff(after)
            };
            changed |= size(instr) != old_size;
        }
        if !changed {
            return Ok(());
        }
    }
}
