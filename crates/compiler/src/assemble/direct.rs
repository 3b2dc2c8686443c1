//! Bytes, locations and exception ranges of a lowered graph in one walk, for units whose jumps are short.
//!
//! Problem: laid out in general ([`super::offsets`]), a unit is written as a sequence, measured until no jump changes its
//! size, and then walked once a table. Method: nearly all units have jumps that fit one byte, so write all as if they did,
//! fill the distances in at the end, and leave the unit to the general way where one does not fit. That way starts from
//! the indices of the targets as first guesses; [`Output::fill_jumps`] makes sure that it would find the same sizes.

use ophi_bytecode::code::{ExceptionEntry, LocationEncoder, Position};
use ophi_bytecode::instruction::CACHES;
use ophi_bytecode::{IrOpcode as Op, Opcode};

use super::offsets::END_SEND_OFFSET;
use crate::flowgraph::opcodes::{bits, class, is_pseudo};
use crate::flowgraph::{BlockId, Graph};
use crate::instruction_sequence::{Location, NEXT_LOCATION};

/// The tables of a unit; made anew for each in the memory of the last one's.
#[derive(Default)]
pub(super) struct Output {
    pub code: Vec<u8>,
    /// Where `code` ends while it is written: behind it are zeros.
    end: usize,
    pub locations: Vec<u8>,
    pub exceptions: Vec<ExceptionEntry>,
    /// Where each block starts, in code units; [`AHEAD`] while it is not laid out.
    starts: Vec<u32>,
    jumps: Vec<Jump>,
    /// Where the handler changes, and to which.
    handlers: Vec<(u32, BlockId)>,
}

const AHEAD: u32 = u32::MAX;
/// No instruction takes more, with all its EXTENDED_ARGs and caches.
const MOST_BYTES: usize = 2 * (3 + 1 + MOST_CACHES);
const MOST_CACHES: usize = {
    let (mut most, mut number) = (0, 0);
    while number < 256 {
        if CACHES[number] > most {
            most = CACHES[number];
        }
        number += 1;
    }
    most as usize
};
/// The distance of a jump that takes one unit.
const SHORT: u32 = 0xFF;

struct Jump {
    at: u32,
    op: Opcode,
    target: BlockId,
}

impl Output {
    /// Writes the tables of `graph`, unless that is for the general way to do or to refuse.
    pub(super) fn write(&mut self, graph: &Graph, firstlineno: i32) -> bool {
        self.code.clear();
        self.end = 0;
        self.exceptions.clear();
        self.jumps.clear();
        self.handlers.clear();
        self.starts.clear();
        self.starts.resize(graph.block_count(), AHEAD);
        self.locations.clear();
        let mut encoder = LocationEncoder::into(std::mem::take(&mut self.locations), firstlineno);
        let mut count = 0;
        let mut handler = BlockId::NONE;
        for (id, block) in graph.layout() {
            self.starts[id.index()] = self.units();
            count += block.len();
            // Caches are zeros: only what is not one is written.
            self.code.resize(self.end + block.len() * MOST_BYTES, 0);
            for instr in block.instrs() {
                if graph.pushes && instr.except != handler {
                    handler = instr.except;
                    self.handlers.push((self.units(), handler));
                }
                let (mut op, mut arg) = (instr.op, instr.arg);
                let is_jump = class(op) & bits::TARGET != 0;
                if is_jump {
                    if instr.target.is_none() {
                        return false;
                    }
                    op = direction(op, self.starts[instr.target.index()] == AHEAD);
                    arg = 0;
                }
                let Location { line, end_line, col, end_col } = instr.loc;
                let Some(real) = op.real().filter(|_| !is_pseudo(op) && line != NEXT_LOCATION.line) else {
                    return false;
                };
                let start = self.end;
                if arg > SHORT {
                    for shift in [24, 16, 8] {
                        if arg >> shift != 0 {
                            self.put(Opcode::EXTENDED_ARG, arg >> shift);
                        }
                    }
                }
                if is_jump {
                    self.jumps.push(Jump { at: self.units(), op: real, target: instr.target });
                }
                self.put(real, arg);
                self.end += real.caches() * 2;
                encoder.add(Position { line, end_line, col, end_col }, (self.end - start) / 2);
            }
        }
        self.code.truncate(self.end);
        self.locations = encoder.finish();
        self.fill_jumps(count) && self.write_exceptions(graph)
    }

    fn units(&self) -> u32 {
        self.end as u32 / 2
    }

    #[inline]
    fn put(&mut self, op: Opcode, arg: u32) {
        if let Some(unit) = self.code.get_mut(self.end..).and_then(|rest| rest.first_chunk_mut()) {
            *unit = [op.0, arg as u8];
        }
        self.end += 2;
    }

    /// Fills in the distances, if all of them are short and the general way, which takes the indices of the targets
    /// (below `count`) for distances at first, would find so.
    fn fill_jumps(&mut self, count: usize) -> bool {
        // With such indices a jump may look longer than it is by so much, and so may those it jumps over.
        let excess = match count {
            0..=0x100 => 0,
            0x101..=0x1_0000 => 1,
            _ => 3,
        };
        for (number, jump) in self.jumps.iter().enumerate() {
            let after = jump.at + 1 + jump.op.caches() as u32;
            let goal = self.starts[jump.target.index()];
            let distance = if jump.op == Opcode::END_ASYNC_FOR {
                after.saturating_sub(goal).saturating_sub(END_SEND_OFFSET)
            } else {
                let backward = matches!(jump.op, Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT);
                if backward != (goal < after) {
                    return false;
                }
                goal.abs_diff(after)
            };
            if goal == AHEAD || distance > SHORT {
                return false;
            }
            if excess > 0 {
                let far = self.jumps.partition_point(|other| other.at < goal);
                let slack = (far.abs_diff(number) as u32 + 1) * excess;
                if distance.saturating_add(slack) > SHORT {
                    return false;
                }
            }
            self.code[jump.at as usize * 2 + 1] = distance as u8;
        }
        true
    }

    /// Runs of instructions with one handler share an entry.
    fn write_exceptions(&mut self, graph: &Graph) -> bool {
        let end_of_code = (self.units(), BlockId::NONE);
        let (mut start, mut handler) = (0, BlockId::NONE);
        let target = |id: BlockId| if id.is_some() { self.starts[id.index()] } else { AHEAD };
        for (offset, next) in self.handlers.iter().copied().chain([end_of_code]) {
            if target(next) == target(handler) {
                continue;
            }
            if handler.is_some() {
                let block = &graph[handler];
                let depth = block.start_depth.saturating_sub(1 + i32::from(block.preserve_lasti));
                self.exceptions.push(ExceptionEntry {
                    start: start * 2,
                    end: offset * 2,
                    target: target(handler) * 2,
                    depth: depth.max(0) as u32,
                    lasti: block.preserve_lasti,
                });
            }
            (start, handler) = (offset, next);
        }
        true
    }
}

#[inline]
fn direction(op: Op, forward: bool) -> Op {
    match op {
        Op::JUMP | Op::JUMP_NO_INTERRUPT if forward => Op::JUMP_FORWARD,
        Op::JUMP => Op::JUMP_BACKWARD,
        Op::JUMP_NO_INTERRUPT => Op::JUMP_BACKWARD_NO_INTERRUPT,
        _ => op,
    }
}
