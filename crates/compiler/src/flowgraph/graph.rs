//! The control flow graph itself: blocks in an arena, linked in layout order, and the way in from and out to an
//! instruction sequence.
//!
//! Problem: the passes move, copy and append blocks freely, yet must stay linear on functions of 100 000 instructions.
//! Method: blocks live in one `Vec` and name each other by [`BlockId`]; layout order is the `next` chain from the entry.
//! Nothing is ever freed before the graph is.
//!
//! Invariants: a terminator (jump or scope exit) is the last instruction of its block; only `instrs[..used]` of a block
//! counts. What lies behind `used` is deliberately kept: CPython shrinks a block without clearing its array, and an
//! instruction added later inherits the exception handler of the dead one in its place ([`Block::push`]), which shows
//! in the exception table. Source: CPython Python/flowgraph.c (`_PyCfg_FromInstructionSequence`, `basicblock_*`).

use super::opcodes::{Op, has_target, is_scope_exit, is_terminator, is_unconditional_jump};
use crate::error::CompileError;
use crate::instruction_sequence::{self as seq, ExceptHandler, InstructionSequence, Location, NO_LOCATION};

/// A block's place in [`Graph::blocks`]; `NONE` stands for "no block".
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct BlockId(u32);

impl BlockId {
    pub const NONE: Self = Self(u32::MAX);
    pub fn is_some(self) -> bool {
        self != Self::NONE
    }
    pub fn is_none(self) -> bool {
        self == Self::NONE
    }
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An instruction inside the graph. `target` is meaningful while the opcode has one; `except` is the handler that
/// protects it.
#[derive(Clone, Copy, Debug)]
pub struct Instr {
    pub op: Op,
    pub arg: u32,
    pub loc: Location,
    pub target: BlockId,
    pub except: BlockId,
}

impl Instr {
    pub fn new(op: Op, arg: u32, loc: Location) -> Self {
        Self { op, arg, loc, target: BlockId::NONE, except: BlockId::NONE }
    }

    /// Changes what the instruction does; place, target and handler stay.
    pub fn set(&mut self, op: Op, arg: u32) {
        self.op = op;
        self.arg = arg;
    }

    pub fn make_nop(&mut self) {
        self.set(Op::NOP, 0);
    }
}

#[derive(Clone, Debug)]
pub struct Block {
    /// Instructions, of which the first `used` count (see the module text).
    slots: Vec<Instr>,
    used: usize,
    /// The block that follows in the layout.
    pub next: BlockId,
    /// Some jump named this block when the graph was built, or it was made as a jump target.
    pub labelled: bool,
    pub predecessors: u32,
    /// Stack depth on entry; negative while unknown.
    pub start_depth: i32,
    pub preserve_lasti: bool,
    pub visited: bool,
    pub except_handler: bool,
    pub cold: bool,
    pub warm: bool,
    /// Locals 0..64 that may be unbound on entry.
    pub unsafe_locals: u64,
}

impl Block {
    fn new() -> Self {
        Self {
            slots: Vec::new(),
            used: 0,
            next: BlockId::NONE,
            labelled: false,
            predecessors: 0,
            start_depth: i32::MIN,
            preserve_lasti: false,
            visited: false,
            except_handler: false,
            cold: false,
            warm: false,
            unsafe_locals: 0,
        }
    }

    pub fn instrs(&self) -> &[Instr] {
        &self.slots[..self.used]
    }
    pub fn instrs_mut(&mut self) -> &mut [Instr] {
        &mut self.slots[..self.used]
    }
    pub fn len(&self) -> usize {
        self.used
    }
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    pub fn last(&self) -> Option<&Instr> {
        self.instrs().last()
    }
    pub fn last_mut(&mut self) -> Option<&mut Instr> {
        self.instrs_mut().last_mut()
    }

    /// Forgets the instructions from `len` on.
    pub fn truncate(&mut self, len: usize) {
        self.used = self.used.min(len);
    }

    /// Appends an instruction; its handler is the one of the dead instruction whose place it takes, if there is one.
    pub fn push(&mut self, mut instr: Instr) {
        match self.slots.get_mut(self.used) {
            Some(slot) => {
                instr.except = slot.except;
                *slot = instr;
            }
            None => self.slots.push(instr),
        }
        self.used += 1;
    }

    /// Appends a copy of `instr`, handler included.
    pub fn push_copy(&mut self, instr: Instr) {
        match self.slots.get_mut(self.used) {
            Some(slot) => *slot = instr,
            None => self.slots.push(instr),
        }
        self.used += 1;
    }

    /// Puts `new` before position `at`. As many dead instructions as there are new ones are overwritten.
    pub fn insert_many(&mut self, at: usize, new: &[Instr]) {
        let dead = (self.slots.len() - self.used).min(new.len());
        self.slots.drain(self.used..self.used + dead);
        self.slots.splice(at..at, new.iter().copied());
        self.used += new.len();
    }

    pub fn has_fallthrough(&self) -> bool {
        !self.last().is_some_and(|last| is_scope_exit(last.op) || is_unconditional_jump(last.op))
    }
    pub fn exits_scope(&self) -> bool {
        self.last().is_some_and(|last| is_scope_exit(last.op))
    }
    pub fn has_no_line(&self) -> bool {
        self.instrs().iter().all(|instr| instr.loc.line < 0)
    }
}

#[derive(Clone, Debug)]
pub struct Graph {
    pub blocks: Vec<Block>,
    pub entry: BlockId,
}

impl std::ops::Index<BlockId> for Graph {
    type Output = Block;
    fn index(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }
}

impl std::ops::IndexMut<BlockId> for Graph {
    fn index_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id.index()]
    }
}

impl Graph {
    pub fn new_block(&mut self) -> BlockId {
        let id = BlockId(self.blocks.len() as u32);
        self.blocks.push(Block::new());
        id
    }

    /// The blocks in layout order, as it is now.
    pub fn layout(&self) -> Layout<'_> {
        Layout { graph: self, at: self.entry }
    }

    /// The first block at or behind `id` that has an instruction.
    pub fn next_nonempty(&self, mut id: BlockId) -> BlockId {
        while id.is_some() && self[id].is_empty() {
            id = self[id].next;
        }
        id
    }

    pub fn clear_visited(&mut self) {
        let mut id = self.entry;
        while id.is_some() {
            let block = &mut self[id];
            block.visited = false;
            id = block.next;
        }
    }

    /// Cuts a sequence into blocks. Labels of `sequence` need not be applied yet.
    ///
    /// Errors: a jump to a label that is not placed, or behind the last instruction.
    pub fn from_sequence(mut sequence: InstructionSequence) -> Result<Self, CompileError> {
        sequence.apply_label_map(|opcode| has_target(Op(opcode)));
        let instrs = &sequence.instrs;
        let mut is_target = vec![false; instrs.len()];
        for instr in instrs.iter().filter(|i| has_target(Op(i.opcode))) {
            let at = usize::try_from(instr.oparg).ok().and_then(|at| is_target.get_mut(at));
            *at.ok_or(CompileError::system("jump to a label that is not placed"))? = true;
        }
        let mut builder = Builder::new(instrs.len());
        for (index, instr) in instrs.iter().enumerate() {
            if Op(instr.opcode) == Op::ANNOTATIONS_PLACEHOLDER {
                for added in sequence.annotations_code.iter().flat_map(|code| &code.instrs) {
                    if has_target(Op(added.opcode)) {
                        return Err(CompileError::system("jump in the annotations code"));
                    }
                    builder.add(added);
                }
                continue;
            }
            if is_target[index] {
                builder.use_label(index);
            }
            builder.add(instr);
        }
        builder.finish()
    }

    /// Writes the blocks out in layout order; jump opargs become instruction indices.
    pub fn to_sequence(&self) -> InstructionSequence {
        let mut first = vec![0i32; self.blocks.len()];
        let mut count = 0;
        for (id, block) in self.layout() {
            first[id.index()] = count;
            count += block.len() as i32;
        }
        let mut out = InstructionSequence::new();
        out.instrs.reserve(count as usize);
        for (_, block) in self.layout() {
            for instr in block.instrs() {
                let oparg = if has_target(instr.op) && instr.target.is_some() {
                    first[instr.target.index()]
                } else {
                    instr.arg as i32
                };
                let handler = if instr.except.is_some() {
                    let handler = &self[instr.except];
                    ExceptHandler {
                        label: first[instr.except.index()],
                        start_depth: handler.start_depth,
                        preserve_lasti: handler.preserve_lasti,
                    }
                } else {
                    ExceptHandler::NONE
                };
                out.instrs.push(seq::Instr { opcode: instr.op.0, oparg, loc: instr.loc, handler });
            }
        }
        out
    }
}

/// See [`Graph::layout`].
pub struct Layout<'g> {
    graph: &'g Graph,
    at: BlockId,
}

impl<'g> Iterator for Layout<'g> {
    type Item = (BlockId, &'g Block);
    fn next(&mut self) -> Option<Self::Item> {
        if self.at.is_none() {
            return None;
        }
        let id = self.at;
        let block = &self.graph[id];
        self.at = block.next;
        Some((id, block))
    }
}

/// Grows a graph at its end. A label opens a block unless the current one is empty and unlabelled.
struct Builder {
    graph: Graph,
    current: BlockId,
    pending_label: Option<usize>,
    /// Block that starts at an instruction index.
    block_at: Vec<BlockId>,
}

impl Builder {
    fn new(len: usize) -> Self {
        let mut graph = Graph { blocks: Vec::new(), entry: BlockId::NONE };
        let entry = graph.new_block();
        graph.entry = entry;
        Self { graph, current: entry, pending_label: None, block_at: vec![BlockId::NONE; len] }
    }

    fn use_label(&mut self, label: usize) {
        self.pending_label = Some(label);
        self.maybe_start_block();
    }

    fn maybe_start_block(&mut self) {
        let current = &self.graph[self.current];
        let terminated = current.last().is_some_and(|last| is_terminator(last.op));
        if !terminated {
            match self.pending_label {
                None => return,
                Some(label) if current.is_empty() && !current.labelled => {
                    self.mark(self.current, label);
                    return;
                }
                Some(_) => {}
            }
        }
        let block = self.graph.new_block();
        self.graph[self.current].next = block;
        self.current = block;
        if let Some(label) = self.pending_label {
            self.mark(block, label);
        }
    }

    fn mark(&mut self, block: BlockId, label: usize) {
        self.pending_label = None;
        self.graph[block].labelled = true;
        self.block_at[label] = block;
    }

    fn add(&mut self, instr: &seq::Instr) {
        self.maybe_start_block();
        self.graph[self.current].push(Instr::new(Op(instr.opcode), instr.oparg as u32, instr.loc));
    }

    fn finish(mut self) -> Result<Graph, CompileError> {
        for block in &mut self.graph.blocks {
            for instr in block.instrs_mut() {
                if has_target(instr.op) {
                    instr.target = self.block_at[instr.arg as usize];
                    if instr.target.is_none() {
                        return Err(CompileError::system("jump to a label that is not placed"));
                    }
                }
            }
        }
        Ok(self.graph)
    }
}

/// A jump to `target`, to be appended to a block.
pub fn jump(op: Op, target: BlockId, loc: Location) -> Instr {
    Instr { target, ..Instr::new(op, 0, loc) }
}

/// An instruction without a place.
pub fn placeless(op: Op, arg: u32) -> Instr {
    Instr::new(op, arg, NO_LOCATION)
}
