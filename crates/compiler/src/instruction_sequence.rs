//! The border between code generation and the flow graph: a linear list of instructions with symbolic jump targets,
//! and what the assembler must know about the code unit they belong to.
//!
//! Code generation appends [`Instr`]s (real and pseudo opcodes) and places labels; the flow graph cuts the list into
//! blocks at the labels. A jump's `oparg` is a label id until [`InstructionSequence::apply_label_map`] turns it into an
//! index into `instrs`. Invariant: every label used by a jump is placed exactly once before the sequence is handed over.
//! Source: CPython Python/instruction_sequence.c, Include/internal/pycore_compile.h (`_PyCompile_CodeUnitMetadata`).

use ophi_bytecode::{IrOpcode, PyString};

use crate::flowgraph::BlockId;
use crate::flowgraph::opcodes::{bits, class};

pub use crate::names::{Interner, Name, NameTable};

/// A source range in CPython's units: lines from 1, columns in UTF-8 bytes from 0; -1 where unknown.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash)]
pub struct Location {
    pub line: i32,
    pub end_line: i32,
    pub col: i32,
    pub end_col: i32,
}

/// An instruction that no line of the source is to blame for.
pub const NO_LOCATION: Location = Location { line: -1, end_line: -1, col: -1, end_col: -1 };
/// The instruction takes the location of the one after it (resolved by the flow graph).
pub const NEXT_LOCATION: Location = Location { line: -2, end_line: -2, col: -2, end_col: -2 };

impl Location {
    pub const fn new(line: i32, end_line: i32, col: i32, end_col: i32) -> Self {
        Self { line, end_line, col, end_col }
    }
}

/// The exception handler that protects an instruction, as the assembler's exception table needs it.
/// `label` is -1 when there is none.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ExceptHandler {
    pub label: i32,
    pub start_depth: i32,
    pub preserve_lasti: bool,
}

impl ExceptHandler {
    pub const NONE: Self = Self { label: -1, start_depth: -1, preserve_lasti: false };
}

/// A jump target's name. Ids are dense from 0 within one sequence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Hash, PartialOrd, Ord)]
pub struct Label(pub i32);

impl Label {
    /// The absent label.
    pub const NONE: Self = Self(-1);
    pub fn is_some(self) -> bool {
        self.0 >= 0
    }
}

/// An instruction, in a sequence as in the graph: a block is filled by copying. Only the graph uses `target`, which is
/// meaningful while the opcode has one, and `except`, the handler that protects the instruction.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Instr {
    /// An instruction of 3.14, pseudo-instructions (256 and above) included.
    pub op: IrOpcode,
    pub arg: u32,
    pub loc: Location,
    pub target: BlockId,
    pub except: BlockId,
}

impl Instr {
    #[inline]
    pub fn new(op: IrOpcode, arg: u32, loc: Location) -> Self {
        Self { op, arg, loc, target: BlockId::NONE, except: BlockId::NONE }
    }

    /// Changes what the instruction does; place, target and handler stay.
    pub fn set(&mut self, op: IrOpcode, arg: u32) {
        self.op = op;
        self.arg = arg;
    }

    pub fn make_nop(&mut self) {
        self.set(IrOpcode::NOP, 0);
    }
}

#[derive(Clone, Debug, Default)]
pub struct InstructionSequence {
    pub instrs: Vec<Instr>,
    /// The places of those that name a label, and of the annotations' placeholder.
    marked: Vec<u32>,
    /// The handlers that protect the instructions, once the graph has found them; empty before.
    pub handlers: Vec<ExceptHandler>,
    /// Label id -> index into `instrs`; -1 while not placed. Emptied by `apply_label_map`.
    pub label_map: Vec<i32>,
    next_label: i32,
    /// The sequences of functions made inside this one (only kept for introspection).
    pub nested: Vec<InstructionSequence>,
    /// Module annotations: spliced in where `ANNOTATIONS_PLACEHOLDER` stands when the flow graph is built.
    pub annotations_code: Option<Box<InstructionSequence>>,
}

impl InstructionSequence {
    pub fn new() -> Self {
        Self::default()
    }

    /// Empties the sequence but keeps its memory.
    pub(crate) fn clear(&mut self) {
        self.instrs.clear();
        self.marked.clear();
        self.handlers.clear();
        self.label_map.clear();
        self.next_label = 0;
        self.nested.clear();
        self.annotations_code = None;
    }

    pub fn new_label(&mut self) -> Label {
        let label = Label(self.next_label);
        self.next_label += 1;
        label
    }

    /// Places `label` at the next instruction to be added.
    pub fn use_label(&mut self, label: Label) {
        let index = label.0 as usize;
        if self.label_map.len() <= index {
            self.label_map.resize(index + 1, -1);
        }
        self.label_map[index] = self.instrs.len() as i32;
    }

    pub fn add(&mut self, op: IrOpcode, arg: u32, loc: Location) {
        if is_marked(op) {
            self.add_marked(op, arg, loc);
        } else {
            self.add_plain(op, arg, loc);
        }
    }

    /// Adds an instruction that surely names no label.
    #[inline]
    pub(crate) fn add_plain(&mut self, op: IrOpcode, arg: u32, loc: Location) {
        debug_assert!(!is_marked(op), "{} names a label", op.name());
        self.instrs.push(Instr::new(op, arg, loc));
    }

    /// Adds an instruction that names a label, or the annotations' placeholder.
    pub(crate) fn add_marked(&mut self, op: IrOpcode, arg: u32, loc: Location) {
        debug_assert!(is_marked(op), "{} names no label", op.name());
        self.marked.push(self.instrs.len() as u32);
        self.instrs.push(Instr::new(op, arg, loc));
    }

    /// Those that name a label, and the annotations' placeholder, with their places.
    pub(crate) fn marked(&mut self) -> impl Iterator<Item = (usize, &mut Instr)> {
        let mut rest = self.instrs.iter_mut().enumerate();
        let mut next = 0;
        self.marked.iter().filter_map(move |&at| {
            let found = rest.nth(at as usize - next);
            next = at as usize + 1;
            found
        })
    }

    /// Inserts an instruction before `pos` and moves the labels behind it along.
    pub fn insert(&mut self, pos: usize, op: IrOpcode, arg: u32, loc: Location) {
        self.instrs.insert(pos, Instr::new(op, arg, loc));
        let next = self.marked.partition_point(|at| (*at as usize) < pos);
        self.marked.iter_mut().skip(next).for_each(|at| *at += 1);
        if is_marked(op) {
            self.marked.insert(next, pos as u32);
        }
        for target in &mut self.label_map {
            if *target >= pos as i32 {
                *target += 1;
            }
        }
    }

    /// Replaces label ids by instruction indices in the opargs of jumps and block pushes. Does nothing when it was done
    /// before.
    pub fn apply_label_map(&mut self) {
        if self.label_map.is_empty() {
            return;
        }
        let map = std::mem::take(&mut self.label_map);
        for (_, instr) in self.marked() {
            if class(instr.op) & bits::TARGET != 0 {
                instr.arg = map[instr.arg as usize] as u32;
            }
        }
    }
}

fn is_marked(op: IrOpcode) -> bool {
    class(op) & (bits::TARGET | bits::PLACEHOLDER) != 0
}

/// What the flow graph and the assembler must know of a code unit beside its instructions. The constants are handed
/// over separately (`const_table::ConstTable`), for the flow graph changes them.
#[derive(Clone, Debug)]
pub struct CodeUnitInfo {
    pub name: Name,
    pub qualname: Name,
    pub names: NameTable,
    /// Parameters first, then other locals.
    pub varnames: NameTable,
    /// Numbered from 0, sorted by name at scope entry as CPython does.
    pub cellvars: NameTable,
    /// Numbered from `cellvars.len()` in opargs; here from 0.
    pub freevars: NameTable,
    /// Fast locals that exist only inside inlined comprehensions of a module or class, in insertion order; true while
    /// (and so at the end: ever) to be treated as hidden fast locals.
    pub fast_hidden: Vec<(Name, bool)>,
    pub argcount: u32,
    pub posonlyargcount: u32,
    pub kwonlyargcount: u32,
    pub firstlineno: i32,
    /// `co_flags`, computed by the compiler from the symbol table entry.
    pub flags: u32,
    pub filename: PyString,
}
