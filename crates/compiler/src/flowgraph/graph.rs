//! The control flow graph itself: blocks in an arena, linked in layout order, and the way in from and out to an
//! instruction sequence.
//!
//! Problem: the passes move, copy and append blocks freely, yet must stay linear on functions of 100 000 instructions.
//! Method: blocks live in one `Vec` and name each other by [`BlockId`]; layout order is the `next` chain from the entry.
//! Nothing is ever freed before the graph is; a graph can be built anew for the next unit in the memory of the last.
//!
//! Invariants: a terminator (jump or scope exit) is the last instruction of its block; only `instrs[..used]` of a block
//! counts. What lies behind `used` is deliberately kept: CPython shrinks a block without clearing its array, and an
//! instruction added later inherits the exception handler of the dead one in its place ([`Block::push`]), which shows
//! in the exception table. Source: CPython Python/flowgraph.c (`_PyCfg_FromInstructionSequence`, `basicblock_*`).

pub use super::block::Block;
use super::marks::Place;
use super::opcodes::{Op, bits, class, has_target, is_rewritten, is_terminator, is_unconditional_jump};
use crate::error::CompileError;
pub use crate::instruction_sequence::Instr;
use crate::instruction_sequence::{ExceptHandler, InstructionSequence, Location, NO_LOCATION};

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

#[derive(Clone, Debug)]
pub struct Graph {
    /// The first `count` are this graph's, the others are kept for their memory.
    blocks: Vec<Block>,
    count: usize,
    pub entry: BlockId,
    /// The last block in the order of the sequence.
    pub last_built: BlockId,
    /// Some instruction of the sequence starts a protected range,
    pub pushes: bool,
    /// ends one,
    pub pops: bool,
    /// can leave a local unbound.
    pub unbinds: bool,
    /// The classes ([`bits`]) of all instructions of the sequence.
    pub classes: u32,
    /// There may be NOPs.
    pub nops: bool,
    /// Who leads to whom may have changed since predecessors were counted.
    pub edges_changed: bool,
    /// Blocks may have been emptied, moved or made, or jumps turned, since jumps to where control goes anyway were removed.
    pub shape_changed: bool,
    /// The blocks that ended in an unconditional jump when the graph was built, in layout order.
    pub unconditional: Vec<BlockId>,
    /// The number of the walk at hand; blocks are made with 0, which is none.
    walk: u32,
    /// For `build`: the block that starts at an instruction, and the instructions with targets.
    block_at: Vec<BlockId>,
    jumps: Vec<(BlockId, u32)>,
    list: Vec<BlockId>,
    /// For the pass `lines`.
    pub(super) placeless: Vec<super::lines::Placeless>,
    /// For the pass `borrow`.
    pub(super) simulation: super::borrow::Simulation,
    /// For the pass `exceptions`.
    pub(super) range_walk: super::exceptions::RangeWalk,
}

impl Default for Graph {
    fn default() -> Self {
        Self {
            blocks: Vec::new(),
            count: 0,
            entry: BlockId::NONE,
            last_built: BlockId::NONE,
            pushes: false,
            pops: false,
            unbinds: false,
            classes: 0,
            nops: true,
            edges_changed: true,
            shape_changed: true,
            unconditional: Vec::new(),
            walk: 0,
            block_at: Vec::new(),
            jumps: Vec::new(),
            list: Vec::new(),
            placeless: Vec::new(),
            simulation: super::borrow::Simulation::default(),
            range_walk: super::exceptions::RangeWalk::default(),
        }
    }
}

impl std::ops::Index<BlockId> for Graph {
    type Output = Block;
    #[inline]
    fn index(&self, id: BlockId) -> &Block {
        &self.blocks[id.index()]
    }
}

impl std::ops::IndexMut<BlockId> for Graph {
    #[inline]
    fn index_mut(&mut self, id: BlockId) -> &mut Block {
        &mut self.blocks[id.index()]
    }
}

impl Graph {
    pub fn new_block(&mut self) -> BlockId {
        let id = BlockId(self.count as u32);
        match self.blocks.get_mut(self.count) {
            Some(old) => old.recycle(),
            None => self.blocks.push(Block::new()),
        }
        self.count += 1;
        self.shape_changed = true;
        id
    }

    /// Takes a block's instructions out, so that other blocks can be changed while they are walked over;
    /// [`Graph::put_back`] must follow.
    #[inline]
    pub fn take(&mut self, id: BlockId) -> Vec<Instr> {
        std::mem::take(&mut self[id].slots)
    }

    #[inline]
    pub fn put_back(&mut self, id: BlockId, slots: Vec<Instr>) {
        self[id].slots = slots;
    }

    /// An empty list of blocks to visit; [`Graph::give_list`] takes it back for the next pass.
    pub fn list(&mut self) -> Vec<BlockId> {
        let mut list = std::mem::take(&mut self.list);
        list.clear();
        list
    }

    pub fn give_list(&mut self, list: Vec<BlockId>) {
        self.list = list;
    }

    /// How many instructions fit into the memory of its blocks.
    pub(crate) fn capacity(&self) -> usize {
        self.blocks.iter().map(|block| block.slots.capacity()).sum()
    }

    pub fn block_count(&self) -> usize {
        self.count
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

    /// Sets the counts of predecessors to none, of all blocks.
    pub fn forget_predecessors(&mut self) {
        for block in &mut self.blocks[..self.count] {
            block.predecessors = 0;
        }
    }

    /// Begins a walk that marks the blocks it has seen: none so far.
    pub fn start_walk(&mut self) {
        self.walk += 2;
    }

    /// Marks a block; was it unmarked?
    #[inline]
    pub fn visit(&mut self, id: BlockId) -> bool {
        let walk = self.walk;
        std::mem::replace(&mut self[id].visited, walk) != walk
    }

    #[inline]
    pub fn visited(&self, id: BlockId) -> bool {
        self[id].visited == self.walk
    }

    /// Notes, in a walk in layout order, that a block was passed over, for nothing had led to it.
    pub fn pass_over(&mut self, id: BlockId) {
        self[id].visited = self.walk - 1;
    }

    /// Marks a block that something leads to; was it [passed over](Graph::pass_over)?
    #[inline]
    pub fn reach(&mut self, id: BlockId) -> bool {
        let walk = self.walk;
        std::mem::replace(&mut self[id].visited, walk) == walk - 1
    }

    pub fn unmark(&mut self, id: BlockId) {
        self[id].visited = 0;
    }

    /// A graph of a sequence, see [`Graph::build`].
    ///
    /// Errors: a jump to a label that is not placed, or behind the last instruction.
    pub fn from_sequence(mut sequence: InstructionSequence) -> Result<Self, CompileError> {
        let mut graph = Graph::default();
        graph.build(&mut sequence)?;
        Ok(graph)
    }

    /// Forgets all blocks and cuts `sequence` into new ones. Its labels need not be applied yet. A label opens a block
    /// unless the current one is empty and unlabelled, and so does what follows a terminator.
    ///
    /// Errors: as for [`Graph::from_sequence`].
    pub(crate) fn build(&mut self, sequence: &mut InstructionSequence) -> Result<(), CompileError> {
        self.count = 0;
        self.walk = 0;
        (self.nops, self.edges_changed, self.shape_changed) = (true, true, true);
        self.classes = 0;
        self.jumps.clear();
        self.mark_targets(sequence)?;
        self.entry = self.new_block();
        let mut current = self.entry;
        let instrs = &sequence.instrs;
        let mut at = 0;
        while let Some(first) = instrs.get(at) {
            if first.op == Op::ANNOTATIONS_PLACEHOLDER {
                for added in sequence.annotations_code.iter().flat_map(|code| &code.instrs) {
                    if has_target(added.op) {
                        return Err(CompileError::system("jump in the annotations code"));
                    }
                    current = self.open_block(current, None);
                    self.append(current, std::slice::from_ref(added));
                }
                at += 1;
                continue;
            }
            let label = self.block_at[at] == TARGET;
            current = self.open_block(current, label.then_some(at));
            at += self.fill(current, &instrs[at..], at);
        }
        self.last_built = current;
        self.pushes = self.classes & bits::PUSH != 0;
        self.pops = self.classes & bits::POP != 0;
        self.unbinds = self.classes & bits::UNBINDS != 0;
        self.unconditional.clear();
        for i in 0..self.jumps.len() {
            let (id, place) = self.jumps[i];
            let instr = &mut self.blocks[id.index()].slots[place as usize];
            // Which are is hard to foretell: no branch.
            self.unconditional.push(id);
            self.unconditional.truncate(self.unconditional.len() - usize::from(!is_unconditional_jump(instr.op)));
            instr.target = self.block_at[instr.arg as usize];
            if instr.target.is_none() || instr.target == TARGET {
                return Err(CompileError::system("jump to a label that is not placed"));
            }
        }
        Ok(())
    }

    /// Turns labels into indices of instructions, and marks those in `block_at`.
    fn mark_targets(&mut self, sequence: &mut InstructionSequence) -> Result<(), CompileError> {
        let labels = std::mem::take(&mut sequence.label_map);
        self.block_at.clear();
        // One more, for what follows the last.
        self.block_at.resize(sequence.instrs.len() + 1, BlockId::NONE);
        for (at, instr) in sequence.marked() {
            if instr.op == Op::ANNOTATIONS_PLACEHOLDER {
                self.block_at[at] = if self.block_at[at] == TARGET { TARGET } else { PLACEHOLDER };
                continue;
            }
            let mut target = Some(instr.arg as usize);
            if !labels.is_empty() {
                target = labels.get(instr.arg as usize).and_then(|&at| usize::try_from(at).ok());
            }
            let place = target.and_then(|at| self.block_at.get_mut(at));
            *place.ok_or_else(|| CompileError::system("jump to a label that is not placed"))? = TARGET;
            instr.arg = target.unwrap_or(0) as u32;
        }
        sequence.label_map = labels;
        sequence.label_map.clear();
        Ok(())
    }

    /// The block that the instruction after `current` belongs to; `label` is its index if something jumps to it.
    fn open_block(&mut self, current: BlockId, label: Option<usize>) -> BlockId {
        let block = &self[current];
        let terminated = block.last().is_some_and(|last| is_terminator(last.op));
        let reuse = !terminated && (label.is_none() || block.is_empty() && !block.labelled);
        let id = if reuse { current } else { self.new_block() };
        if !reuse {
            self[current].next = id;
        }
        if let Some(label) = label {
            self[id].labelled = true;
            self.block_at[label] = id;
        }
        id
    }

    /// Appends the first of `instrs`, which start at `start`, and those behind it up to the end of the block; returns
    /// how many.
    fn fill(&mut self, id: BlockId, instrs: &[Instr], start: usize) -> usize {
        let (mut classes, mut placeless, mut count) = (0, false, 0);
        let block = &mut self.blocks[id.index()];
        let first = block.used;
        let (mut loads, mut rewritten) = (block.loads, block.rewritten);
        let mut before = block.last_class();
        let (mut place, mut place_before) = (Place::of(first), Place::of(first.saturating_sub(1)));
        for (instr, next) in instrs.iter().zip(&self.block_at[start + 1..]) {
            let class = class(instr.op);
            classes |= class;
            placeless |= instr.loc.line < 0;
            loads.note(place, class & bits::LOADS_CONST != 0);
            // Of the one before, now that what follows it is known.
            rewritten.note(place_before, is_rewritten(before, class));
            (before, place_before, place) = (class, place, place.next());
            count += 1;
            if *next != BlockId::NONE || class & bits::TERMINATOR != 0 {
                break;
            }
        }
        block.slots.extend_from_slice(&instrs[..count]);
        block.used = block.slots.len();
        rewritten.note(place_before, is_rewritten(before, 0));
        (block.loads, block.rewritten) = (loads, rewritten);
        block.classes |= classes;
        block.placeless |= placeless;
        self.classes |= classes;
        if classes & bits::PUSH != 0 {
            for (place, instr) in block.slots.iter().enumerate().skip(first) {
                if has_target(instr.op) {
                    self.jumps.push((id, place as u32));
                }
            }
        } else if classes & bits::TARGET != 0 {
            // A jump is the last of its block.
            self.jumps.push((id, block.used as u32 - 1));
        }
        count
    }

    /// Appends instructions without a target.
    fn append(&mut self, id: BlockId, instrs: &[Instr]) {
        for instr in instrs {
            self.classes |= class(instr.op);
            self[id].push_copy(*instr);
        }
    }

    /// The blocks in layout order; jump opargs become instruction indices.
    pub fn to_sequence(&mut self) -> InstructionSequence {
        let mut out = InstructionSequence::new();
        self.write_sequence(&mut out);
        out
    }

    /// The same into `out`, which is emptied.
    pub(crate) fn write_sequence(&mut self, out: &mut InstructionSequence) {
        // Where each block starts; the memory is that of `block_at`, which is done with.
        let mut first = std::mem::take(&mut self.block_at);
        first.clear();
        first.resize(self.count, BlockId(0));
        let mut count = 0;
        for (id, block) in self.layout() {
            first[id.index()] = BlockId(count);
            count += block.len() as u32;
        }
        out.clear();
        out.instrs.reserve(count as usize);
        let mut handler = (BlockId::NONE, ExceptHandler::NONE);
        for (_, block) in self.layout() {
            for instr in block.instrs() {
                let arg = if has_target(instr.op) && instr.target.is_some() {
                    first[instr.target.index()].0
                } else {
                    instr.arg
                };
                if instr.except != handler.0 {
                    let found = if instr.except.is_some() {
                        let block = &self[instr.except];
                        ExceptHandler {
                            label: first[instr.except.index()].0 as i32,
                            start_depth: block.start_depth,
                            preserve_lasti: block.preserve_lasti,
                        }
                    } else {
                        ExceptHandler::NONE
                    };
                    handler = (instr.except, found);
                }
                out.add(instr.op, arg, instr.loc);
                out.handlers.push(handler.1);
            }
        }
        self.block_at = first;
    }
}

/// In [`Graph::block_at`]: something jumps here, and no block starts here yet.
const TARGET: BlockId = BlockId(u32::MAX - 1);
/// The annotations are put in here, and nothing jumps here.
const PLACEHOLDER: BlockId = BlockId(u32::MAX - 2);

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

/// A jump to `target`, to be appended to a block.
pub fn jump(op: Op, target: BlockId, loc: Location) -> Instr {
    Instr { target, ..Instr::new(op, 0, loc) }
}

/// An instruction without a place.
pub fn placeless(op: Op, arg: u32) -> Instr {
    Instr::new(op, arg, NO_LOCATION)
}
