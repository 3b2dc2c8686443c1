//! Bytes, locations and exception ranges of a lowered graph in one walk, or two where jumps are long.
//!
//! Problem: laid out in general ([`super::offsets`]), a unit is written as a sequence, measured until no jump changes its
//! size, and then walked once a table. Method: nearly all units have jumps that fit one byte, so write all as if they did
//! and fill the distances in at the end. Where one does not fit, only the jumps are measured, in the rounds of the general
//! way, and the walk is done again; in large units they are measured before. What is not well-formed is left to the general
//! way, which says so, and so are units in which an instruction takes the place of the next.

use ophi_bytecode::code::{ExceptionEntry, LocationEncoder, Position};
use ophi_bytecode::instruction::CACHES;
use ophi_bytecode::{IrOpcode as Op, Opcode};

use super::offsets::END_SEND_OFFSET;
use crate::flowgraph::graph::Instr;
use crate::flowgraph::opcodes::{bits, class, is_pseudo};
use crate::flowgraph::{BlockId, Graph};
use crate::instruction_sequence::{Location, NEXT_LOCATION};

/// The tables of a unit; made anew for each in the memory of the last one's.
#[derive(Default)]
pub(super) struct Output {
    code: Vec<u8>,
    /// Where the instructions end in `code`: behind it are zeros, for caches are zeros and only what is not one is written.
    end: usize,
    pub locations: Vec<u8>,
    pub exceptions: Vec<ExceptionEntry>,
    /// Of the frame's slots; filled in when the code object is made.
    pub kinds: Vec<u8>,
    starts: Vec<Start>,
    /// How many instructions there are.
    count: u32,
    jumps: Vec<Jump>,
    /// The jumps' opargs, once they are known.
    distances: Vec<u32>,
    longer: Vec<u32>,
    /// Where the handler changes, and to which.
    handlers: Vec<(u32, BlockId)>,
}

/// Where a block starts.
#[derive(Clone, Copy)]
struct Start {
    /// In code units; [`AHEAD`] while it is not laid out.
    unit: u32,
    /// In instructions.
    index: u32,
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
/// With more instructions than these, some jump is likely to be long: the distances are measured first.
const MANY: usize = 128;
/// The distance of a jump that takes one unit.
const SHORT: u32 = 0xFF;
const _: () = assert!(MANY <= SHORT as usize);

struct Jump {
    at: u32,
    op: Opcode,
    target: BlockId,
}

impl Output {
    /// The instructions.
    pub(super) fn code(&self) -> &[u8] {
        &self.code[..self.end]
    }

    /// How many bytes of them fit into the memory.
    pub(super) fn capacity(&self) -> usize {
        self.code.capacity()
    }

    /// Replaces the instructions by what `write` appends to the empty vector.
    pub(super) fn write_code<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        self.code.clear();
        let result = write(&mut self.code);
        self.end = self.code.len();
        result
    }

    /// Writes the tables of `graph`, unless that is for the general way to do or to refuse.
    pub(super) fn write(&mut self, graph: &Graph, firstlineno: i32) -> bool {
        self.distances.clear();
        let count: usize = graph.layout().map(|(_, block)| block.len()).sum();
        let many = count > MANY;
        if many && !(self.find_jumps(graph) && self.measure_all()) {
            return false;
        }
        if !self.walk(graph, firstlineno) {
            return false;
        }
        if !many && !self.measure_short() {
            if !self.measure_all() {
                return false;
            }
            // Where some jump takes more than a unit: once more, now that all distances are known.
            if self.distances.iter().any(|distance| *distance > SHORT) && !self.walk(graph, firstlineno) {
                return false;
            }
        }
        for (jump, distance) in self.jumps.iter().zip(&self.distances) {
            // Behind the EXTENDED_ARGs, for those the walk has written.
            self.code[jump.at as usize * 2 + 1] = *distance as u8;
        }
        self.write_exceptions(graph);
        true
    }

    /// Finds where the blocks start and the jumps are, as if all distances fitted a byte.
    fn find_jumps(&mut self, graph: &Graph) -> bool {
        self.jumps.clear();
        self.starts.clear();
        self.starts.resize(graph.block_count(), Start { unit: AHEAD, index: 0 });
        let (mut unit, mut index) = (0, 0);
        for (id, block) in graph.layout() {
            self.starts[id.index()] = Start { unit, index };
            index += block.len() as u32;
            for instr in block.instrs() {
                let class = class(instr.op);
                if class & (bits::TARGET | bits::PSEUDO) == 0 {
                    unit += 1 + u32::from(CACHES[usize::from(instr.op.0 as u8)]) + extended(instr.arg);
                    continue;
                }
                if class & bits::TARGET == 0 {
                    return false;
                }
                let Some(real) = self.real_jump(instr) else { return false };
                self.jumps.push(Jump { at: unit, op: real, target: instr.target });
                unit += 1 + real.caches() as u32;
            }
        }
        true
    }

    /// Writes all but the exception ranges; jumps get what EXTENDED_ARGs their distances need, as far as those are known.
    fn walk(&mut self, graph: &Graph, firstlineno: i32) -> bool {
        self.code[..self.end].fill(0);
        self.end = 0;
        self.jumps.clear();
        self.handlers.clear();
        self.starts.clear();
        self.starts.resize(graph.block_count(), Start { unit: AHEAD, index: 0 });
        self.locations.clear();
        let mut encoder = LocationEncoder::into(std::mem::take(&mut self.locations), firstlineno);
        self.count = 0;
        let mut handler = BlockId::NONE;
        for (id, block) in graph.layout() {
            self.starts[id.index()] = Start { unit: self.units(), index: self.count };
            self.count += block.len() as u32;
            let most = self.end + block.len() * MOST_BYTES;
            if self.code.len() < most {
                self.code.resize(most.max(self.code.len() * 2), 0);
            }
            for instr in block.instrs() {
                if graph.pushes && instr.except != handler {
                    handler = instr.except;
                    self.handlers.push((self.units(), handler));
                }
                let Location { line, end_line, col, end_col } = instr.loc;
                let start = self.end;
                let plain = class(instr.op) & (bits::TARGET | bits::PSEUDO) == 0;
                if plain && instr.arg <= SHORT && line != NEXT_LOCATION.line {
                    let number = instr.op.0 as u8;
                    if let Some(unit) = self.code.get_mut(start..start + 2) {
                        unit.copy_from_slice(&[number, instr.arg as u8]);
                    }
                    let units = 1 + usize::from(CACHES[number as usize]);
                    self.end = start + units * 2;
                    encoder.add(Position { line, end_line, col, end_col }, units);
                } else {
                    if !self.put_long(instr) {
                        return false;
                    }
                    encoder.add(Position { line, end_line, col, end_col }, (self.end - start) / 2);
                }
            }
        }
        self.locations = encoder.finish();
        true
    }

    /// Writes a jump, or an instruction with a long oparg; false if it is for the general way.
    fn put_long(&mut self, instr: &Instr) -> bool {
        let is_jump = class(instr.op) & bits::TARGET != 0;
        let (real, arg) = if is_jump {
            (self.real_jump(instr), self.distances.get(self.jumps.len()).copied().unwrap_or(0))
        } else {
            (real_instruction(instr.op), instr.arg)
        };
        let Some(real) = real.filter(|_| instr.loc.line != NEXT_LOCATION.line) else { return false };
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
        true
    }

    /// What a jump is called in its direction, with the blocks before it laid out; `None` if it is for the general way.
    fn real_jump(&self, instr: &Instr) -> Option<Opcode> {
        let ahead = instr.target.is_some() && self.starts[instr.target.index()].unit == AHEAD;
        real_instruction(direction(instr.op, ahead)).filter(|_| instr.target.is_some())
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

    /// Finds the distances if all of them fit a byte. The general way, which takes the indices of the targets for distances at
    /// first, finds so too: there are no more than [`MANY`] instructions.
    fn measure_short(&mut self) -> bool {
        for jump in &self.jumps {
            let after = jump.at + 1 + jump.op.caches() as u32;
            match distance(jump.op, after, self.starts[jump.target.index()].unit) {
                Some(distance @ ..=SHORT) => self.distances.push(distance),
                _ => return false,
            }
        }
        true
    }

    /// Finds the distances as the general way does: the indices of the targets are the first guesses, and what comes out
    /// of a round is the guess of the next, until no jump changes its size. False if a jump goes the wrong way or nowhere.
    fn measure_all(&mut self) -> bool {
        let Output { starts, jumps, distances, longer, .. } = self;
        if jumps.iter().any(|jump| starts[jump.target.index()].unit == AHEAD) {
            return false;
        }
        distances.clear();
        distances.extend(jumps.iter().map(|jump| starts[jump.target.index()].index));
        // How many jumps stand before each one's target.
        let before_target: Vec<usize> = jumps
            .iter()
            .map(|jump| jumps.partition_point(|other| other.at < starts[jump.target.index()].unit))
            .collect();
        loop {
            // By how much the jumps before each are longer than the walk has made them, all units of it.
            longer.clear();
            let mut sum = 0;
            for guess in distances.iter() {
                longer.push(sum);
                sum += extended(*guess);
            }
            longer.push(sum);
            let mut changed = false;
            for (number, jump) in jumps.iter().enumerate() {
                let old = extended(distances[number]);
                let after = jump.at + longer[number] + old + 1 + jump.op.caches() as u32;
                let goal = starts[jump.target.index()].unit + longer[before_target[number]];
                let Some(distance) = distance(jump.op, after, goal) else { return false };
                changed |= extended(distance) != old;
                distances[number] = distance;
            }
            if !changed {
                return true;
            }
        }
    }

    /// Runs of instructions with one handler share an entry.
    fn write_exceptions(&mut self, graph: &Graph) {
        self.exceptions.clear();
        let end_of_code = (self.units(), BlockId::NONE);
        let (mut start, mut handler) = (0, BlockId::NONE);
        let target = |id: BlockId| if id.is_some() { self.starts[id.index()].unit } else { AHEAD };
        for (offset, next) in self.handlers.iter().copied().chain([end_of_code]) {
            if target(next) == target(handler) {
                continue;
            }
            if handler.is_some() {
                let block = &graph[handler];
                let entry =
                    super::exception_entry(start..offset, target(handler), block.start_depth, block.preserve_lasti);
                self.exceptions.push(entry);
            }
            (start, handler) = (offset, next);
        }
    }
}

/// `None` for what the assembler cannot write.
#[inline]
fn real_instruction(op: Op) -> Option<Opcode> {
    op.real().filter(|_| !is_pseudo(op))
}

/// EXTENDED_ARGs in front of an instruction with that oparg.
fn extended(arg: u32) -> u32 {
    u32::from(arg > 0xFF) + u32::from(arg > 0xFFFF) + u32::from(arg > 0xFF_FFFF)
}

/// From behind a jump to its target; `None` if it goes the wrong way.
fn distance(op: Opcode, after: u32, goal: u32) -> Option<u32> {
    if op == Opcode::END_ASYNC_FOR {
        return Some(after.saturating_sub(goal).saturating_sub(END_SEND_OFFSET));
    }
    let backward = matches!(op, Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT);
    (backward == (goal < after)).then_some(goal.abs_diff(after))
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
