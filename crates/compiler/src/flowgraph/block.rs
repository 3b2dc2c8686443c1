//! A basic block: its instructions, and what the passes note of it.

use super::graph::BlockId;
use super::marks::{Marks, Place};
use super::opcodes::{bits, class};
use crate::instruction_sequence::Instr;

#[derive(Clone, Debug)]
pub struct Block {
    /// Instructions, of which the first `used` count (see the text of [`super::graph`]).
    pub(super) slots: Vec<Instr>,
    pub(super) used: usize,
    /// The block that follows in the layout.
    pub next: BlockId,
    /// Some jump named this block when the graph was built, or it was made as a jump target.
    pub labelled: bool,
    pub predecessors: u32,
    /// The last counted of those that go on or jump here, not of those that only have it as a handler.
    pub predecessor: BlockId,
    /// Where it stands in the layout, as the line number pass has found last.
    pub position: u32,
    /// Stack depth on entry; negative while unknown.
    pub start_depth: i32,
    /// What it does to the depth, if that was found.
    pub(super) effect: Option<super::stack_depth::Effect>,
    pub preserve_lasti: bool,
    /// The walk that saw it last, see [`Graph::start_walk`](super::Graph::start_walk).
    pub(super) visited: u32,
    pub except_handler: bool,
    pub cold: bool,
    pub warm: bool,
    /// Locals 0..64 that may be unbound on entry.
    pub unsafe_locals: u64,
    /// The classes ([`bits`]) of the instructions that are or were in it: what is missing here surely does not occur.
    pub classes: u32,
    /// May hold an instruction without a line (it surely does not where this is false).
    pub placeless: bool,
    /// Where the peephole passes, which no instruction is moved before, have to look: at what pushes constants,
    pub loads: Marks,
    /// and at what they may rewrite.
    pub rewritten: Marks,
}

impl Block {
    pub(super) fn new() -> Self {
        Self {
            slots: Vec::new(),
            used: 0,
            next: BlockId::NONE,
            labelled: false,
            predecessors: 0,
            predecessor: BlockId::NONE,
            position: 0,
            start_depth: i32::MIN,
            effect: None,
            preserve_lasti: false,
            visited: 0,
            except_handler: false,
            cold: false,
            warm: false,
            unsafe_locals: 0,
            classes: 0,
            placeless: false,
            loads: Marks::default(),
            rewritten: Marks::default(),
        }
    }

    /// An empty block in the memory of an old one.
    pub(super) fn recycle(&mut self) {
        let mut slots = std::mem::take(&mut self.slots);
        slots.clear();
        *self = Self { slots, ..Self::new() };
    }

    #[inline]
    pub fn instrs(&self) -> &[Instr] {
        &self.slots[..self.used]
    }
    #[inline]
    pub fn instrs_mut(&mut self) -> &mut [Instr] {
        &mut self.slots[..self.used]
    }
    pub fn len(&self) -> usize {
        self.used
    }
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
    #[inline]
    pub fn last(&self) -> Option<&Instr> {
        self.instrs().last()
    }
    /// The class of the last instruction, 0 if there is none.
    #[inline]
    pub fn last_class(&self) -> u32 {
        self.last().map_or(0, |last| class(last.op))
    }
    /// May it hold an instruction of one of these classes?
    #[inline]
    pub fn may_hold(&self, bits: u32) -> bool {
        self.classes & bits != 0
    }
    /// Notes what an instruction is that comes in; returns its class.
    #[inline]
    fn note(&mut self, instr: &Instr) -> u32 {
        let class = class(instr.op);
        self.classes |= class;
        self.placeless |= instr.loc.line < 0;
        class
    }
    /// The same of one that goes to the end; what comes behind it is not known yet.
    #[inline]
    fn note_last(&mut self, instr: &Instr) {
        let class = self.note(instr);
        let place = Place::of(self.used);
        self.loads.note(place, class & bits::LOADS_CONST != 0);
        self.rewritten.note(place, class & (bits::REWRITES | bits::WANTS_ALL) != 0);
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
        self.note_last(&instr);
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
        self.note_last(&instr);
        match self.slots.get_mut(self.used) {
            Some(slot) => *slot = instr,
            None => self.slots.push(instr),
        }
        self.used += 1;
    }

    /// Puts `new` before position `at`. As many dead instructions as there are new ones are overwritten.
    pub fn insert_many(&mut self, at: usize, new: &[Instr]) {
        new.iter().for_each(|instr| _ = self.note(instr));
        let dead = (self.slots.len() - self.used).min(new.len());
        self.slots.drain(self.used..self.used + dead);
        self.slots.splice(at..at, new.iter().copied());
        self.used += new.len();
    }

    pub fn has_fallthrough(&self) -> bool {
        self.last_class() & bits::ENDS == 0
    }
    pub fn exits_scope(&self) -> bool {
        self.last_class() & bits::EXIT != 0
    }
    pub fn has_no_line(&self) -> bool {
        self.instrs().iter().all(|instr| instr.loc.line < 0)
    }
}
