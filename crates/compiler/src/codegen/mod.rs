//! Code generation: the tree and its symbol tables become instruction sequences, one a code unit.
//!
//! A stack of [`Unit`]s mirrors the nesting of functions and classes. A unit's sequence is finished (flow graph,
//! assembly) when its scope is left, and the resulting code object becomes a constant of the unit around. The order in
//! which instructions, names and constants are emitted is CPython's, because the bytes of the result depend on it.
//!
//! Files: `unit` (the state of a unit, scopes, frame blocks), `emit` (instructions), `names`, `module` (bodies and
//! annotations), `functions`, `classes`, `type_params`, `statements`, `control` (conditions, loops, jumps), `exceptions`
//! (try, with), `imports`, `expressions`, `strings`, `calls`, `comprehensions`, `patterns`, `checks` (warnings).
//! Source: CPython Python/codegen.c, Python/compile.c.

mod calls;
mod checks;
mod classes;
mod comprehensions;
mod control;
mod docstring;
mod emit;
mod exceptions;
mod expressions;
mod functions;
mod imports;
mod module;
mod names;
mod operands;
mod patterns;
mod statements;
mod strings;
mod type_params;
mod unit;

use std::cell::Cell;

use ophi_bytecode::{CodeObject, Constant, PyString};
use ophi_syntax::ast::*;

use crate::assemble::Scratch;
use crate::const_table::ConstTable;
use crate::error::{CompileError, Depth, Recursion, Warning};
use crate::instruction_sequence::{InstructionSequence, Location, NameTable};
use crate::location;
use crate::symtable::{BlockKey, SymbolTable};
use unit::{FrameBlock, ScopeKind, Unit, UnitStart};

pub use docstring::clean_doc;

type Result<T> = std::result::Result<T, CompileError>;

/// A display or call that could need more stack than this is built step by step instead.
const STACK_USE_GUIDELINE: usize = 30;

/// What code generation must know beside the tree.
pub(crate) struct CodegenInput {
    pub(crate) table: SymbolTable,
    pub(crate) filename: PyString,
    /// Future features and compiler flags in force.
    pub(crate) flags: u32,
    pub(crate) optimize: u8,
    pub(crate) recursion: Recursion,
    /// Keep the sequences of nested units for inspection.
    pub(crate) keep_nested: bool,
}

/// Compiles a preprocessed module to a code object.
pub(crate) fn compile(module: &Mod<'_>, input: CodegenInput, warnings: &mut Vec<Warning>) -> Result<CodeObject> {
    let mut compiler = Compiler::new(input, warnings);
    let add_none = compiler.module(module)?;
    let code = compiler.finish_unit(add_none);
    compiler.memory.keep();
    compiler.table.keep();
    code
}

/// The unoptimised instruction sequence of a module, with those of its units nested in it, and its constants
/// (`_testinternalcapi.compiler_codegen`).
pub(crate) fn sequence(
    module: &Mod<'_>,
    mut input: CodegenInput,
    warnings: &mut Vec<Warning>,
) -> Result<(InstructionSequence, Vec<Constant>)> {
    input.keep_nested = true;
    let mut compiler = Compiler::new(input, warnings);
    let add_none = compiler.module(module)?;
    compiler.return_at_end(add_none);
    let unit = compiler.units.pop().ok_or_else(|| CompileError::system("no code unit"))?;
    Ok((unit.seq, unit.consts.into_vec()))
}

pub(crate) struct Compiler<'a, 'w> {
    table: SymbolTable,
    filename: PyString,
    flags: u32,
    optimize: u8,
    interactive: bool,
    keep_nested: bool,
    /// Enclosing units first; the last is being compiled.
    units: Vec<Unit<'a>>,
    /// How many numbers were given to units; 0 is none's.
    unit_numbers: u32,
    warnings: &'w mut Vec<Warning>,
    /// Above 0 while code is emitted for the second time, which must not warn again.
    warnings_disabled: u32,
    depth: Depth,
    memory: Box<Memory>,
    /// Stacks of blocks that finished units leave empty.
    spare_blocks: Vec<Vec<FrameBlock<'a>>>,
}

/// What finished units leave empty, to be used again for its memory.
#[derive(Default)]
struct Memory {
    sequences: Vec<InstructionSequence>,
    consts: Vec<ConstTable>,
    /// A unit's names, locals, cells and free variables.
    names: Vec<[NameTable; 4]>,
    /// For a text that is put together and interned.
    text: String,
    scratch: Scratch,
}

thread_local! {
    /// The last compilation's, for the next one: most compile little, and would spend their time asking for memory.
    static SPARE: Cell<Option<Box<Memory>>> = const { Cell::new(None) };
}

impl Memory {
    /// More instructions, in all its parts, are not kept for the next compilation.
    const MOST_KEPT: usize = 1 << 15;

    fn take() -> Box<Memory> {
        SPARE.try_with(Cell::take).ok().flatten().unwrap_or_default()
    }

    fn keep(self: Box<Memory>) {
        let sequences: usize = self.sequences.iter().map(|sequence| sequence.instrs.capacity()).sum();
        if sequences + self.scratch.capacity() <= Self::MOST_KEPT {
            // Without the thread's memory it goes, as it should at the thread's end.
            _ = SPARE.try_with(|spare| spare.set(Some(self)));
        }
    }
}

impl<'a, 'w> Compiler<'a, 'w> {
    fn new(input: CodegenInput, warnings: &'w mut Vec<Warning>) -> Self {
        Self {
            table: input.table,
            filename: input.filename,
            flags: input.flags,
            optimize: input.optimize,
            interactive: false,
            keep_nested: input.keep_nested,
            units: Vec::new(),
            unit_numbers: 0,
            warnings,
            warnings_disabled: 0,
            depth: Depth::new(input.recursion),
            memory: Memory::take(),
            spare_blocks: Vec::new(),
        }
    }

    /// Emits the whole module; says whether falling off its end returns None.
    fn module(&mut self, module: &Mod<'a>) -> Result<bool> {
        self.enter_scope("<module>", ScopeKind::Module, BlockKey::Module, 1, None, UnitStart::default())?;
        match *module {
            Mod::Module { body, .. } => self.module_body(body, false)?,
            Mod::Interactive { body } => {
                self.interactive = true;
                self.module_body(body, true)?;
            }
            Mod::Expression { body } => {
                self.expr(body)?;
                return Ok(false);
            }
            Mod::FunctionType { .. } => {
                return Err(CompileError::system("this compiler does not handle FunctionTypes"));
            }
        }
        Ok(true)
    }

    fn module_body(&mut self, body: &'a [Stmt<'a>], interactive: bool) -> Result<()> {
        let loc = body.first().map_or(Location::new(1, 1, 0, 0), |s| location(s.range));
        self.start_module(loc, body, interactive)
    }

    fn error<T>(&self, loc: Location, message: impl Into<String>) -> Result<T> {
        Err(CompileError::syntax(message, loc))
    }

    fn warn(&mut self, loc: Location, message: String) {
        if self.warnings_disabled == 0 {
            self.warnings.push(Warning { message, loc });
        }
    }
}
