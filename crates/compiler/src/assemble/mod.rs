//! The assembler: from the lowered instruction sequence to a code object.
//!
//! Jumps get their direction and distance ([`offsets`]), instructions their EXTENDED_ARGs and cache units, and the
//! line and exception tables are written from the locations and handlers of the instructions. Everything is linear;
//! distances are recomputed while the size of some jump still changes, a handful of rounds at most. Source: CPython
//! Python/assemble.c.

mod direct;
mod offsets;
mod slots;

use std::sync::Arc;

use ophi_bytecode::Opcode;
use ophi_bytecode::code::{
    CodeObject, Constant, ExceptionEntry, LocationEncoder, Position, encode_exception_table, flags,
};

use crate::error::CompileError;
use crate::flowgraph::{self, FrameSizes, Graph, Lowered};
use crate::instruction_sequence::{CodeUnitInfo, ExceptHandler, InstructionSequence, Location, NameTable};
use direct::Output;

/// What one unit after the other uses again, for its memory.
#[derive(Default)]
pub(crate) struct Scratch {
    graph: Graph,
    /// The lowered sequence.
    sequence: InstructionSequence,
    starts: Vec<u32>,
    jumps: Vec<(u32, u32)>,
    output: Output,
}

impl Scratch {
    /// How many instructions the memory would hold, about.
    pub(crate) fn capacity(&self) -> usize {
        self.graph.capacity() + self.sequence.instrs.capacity() + self.output.capacity() / 32
    }
}

/// All stages behind code generation. `consts` are the constants the `LOAD_CONST`s of `sequence` index.
pub fn optimize_and_assemble(
    unit: &CodeUnitInfo,
    mut sequence: InstructionSequence,
    mut consts: Vec<Constant>,
) -> Result<CodeObject, CompileError> {
    let (code, _) = assemble_unit(unit.clone(), &mut sequence, &mut consts, &mut Scratch::default())?;
    Ok(code)
}

/// The same within a compilation; the tables of names come back, for their memory. The labels of `sequence` are resolved,
/// `consts` is emptied.
pub(crate) fn assemble_unit(
    unit: CodeUnitInfo,
    sequence: &mut InstructionSequence,
    consts: &mut Vec<Constant>,
    scratch: &mut Scratch,
) -> Result<(CodeObject, [NameTable; 4]), CompileError> {
    let Scratch { graph, .. } = scratch;
    graph.build(sequence)?;
    flowgraph::optimize_code_unit(graph, consts, unit.varnames.len(), parameter_count(&unit))?;
    let sizes = flowgraph::lower_graph(graph, &unit)?;
    if !scratch.output.write(graph, unit.firstlineno) {
        graph.write_sequence(&mut scratch.sequence);
        lay_out(unit.firstlineno, scratch)?;
    }
    Ok(code_object(unit, sizes, consts, &mut scratch.output))
}

/// Assembles a sequence as it is, without optimising it (`_testinternalcapi.assemble_code_object`).
pub fn assemble_unoptimized(
    unit: &CodeUnitInfo,
    sequence: InstructionSequence,
    consts: Vec<Constant>,
) -> Result<CodeObject, CompileError> {
    let mut graph = Graph::from_sequence(sequence)?;
    flowgraph::label_only(&mut graph)?;
    let lowered = flowgraph::lower(&mut graph, unit)?;
    assemble(unit, lowered, consts)
}

/// All parameters, `*args` and `**kwargs` included: the first of the locals.
fn parameter_count(unit: &CodeUnitInfo) -> usize {
    let variadic = [flags::VARARGS, flags::VARKEYWORDS].iter().filter(|&&flag| unit.flags & flag != 0).count();
    (unit.posonlyargcount + unit.argcount + unit.kwonlyargcount) as usize + variadic
}

/// Lays a lowered sequence out.
///
/// Errors: SystemError for pseudo-instructions that should have been lowered, or a jump in the wrong direction.
pub fn assemble(unit: &CodeUnitInfo, lowered: Lowered, mut consts: Vec<Constant>) -> Result<CodeObject, CompileError> {
    let Lowered { sequence, stack_depth, nlocalsplus } = lowered;
    let mut scratch = Scratch { sequence, ..Scratch::default() };
    let sizes = FrameSizes { stack_depth, nlocalsplus };
    lay_out(unit.firstlineno, &mut scratch)?;
    Ok(code_object(unit.clone(), sizes, &mut consts, &mut scratch.output).0)
}

/// The general way from the lowered sequence to the tables; [`direct`] is the short one.
fn lay_out(firstlineno: i32, scratch: &mut Scratch) -> Result<(), CompileError> {
    let Scratch { sequence, starts, jumps, output, .. } = scratch;
    offsets::resolve_directions_and_locations(sequence);
    offsets::resolve_distances(sequence, starts, jumps)?;
    output.write_code(|code| write_code(sequence, code))?;
    write_locations(sequence, starts, firstlineno, &mut output.locations);
    write_exceptions(sequence, starts, &mut output.exceptions);
    Ok(())
}

fn code_object(
    mut unit: CodeUnitInfo,
    sizes: FrameSizes,
    consts: &mut Vec<Constant>,
    output: &mut Output,
) -> (CodeObject, [NameTable; 4]) {
    let FrameSizes { stack_depth, nlocalsplus } = sizes;
    let localsplusnames = slots::localsplus(&mut unit, nlocalsplus as usize, &mut output.kinds);
    let code = CodeObject {
        argcount: unit.posonlyargcount + unit.argcount,
        posonlyargcount: unit.posonlyargcount,
        kwonlyargcount: unit.kwonlyargcount,
        // A code object has room for one value at least.
        stacksize: stack_depth.max(1),
        flags: unit.flags,
        code: Arc::from(output.code()),
        consts: consts.drain(..).collect(),
        names: unit.names.take_strings(),
        localsplusnames,
        localspluskinds: Arc::from(&output.kinds[..]),
        filename: unit.filename,
        name: unit.name.into_string(),
        qualname: unit.qualname.into_string(),
        firstlineno: unit.firstlineno,
        linetable: Arc::from(&output.locations[..]),
        exceptiontable: match &output.exceptions[..] {
            // All empty ones are one.
            [] => Arc::default(),
            exceptions => encode_exception_table(exceptions).into(),
        },
    };
    (code, [unit.names, unit.varnames, unit.cellvars, unit.freevars])
}

fn write_code(sequence: &InstructionSequence, code: &mut Vec<u8>) -> Result<(), CompileError> {
    // No instruction has as many caches.
    const CACHES: [u8; 32] = [0; 32];
    code.clear();
    for instr in &sequence.instrs {
        let real = instr
            .op
            .real()
            .ok_or_else(|| CompileError::System(format!("{} reached the assembler", instr.op.name())))?;
        let arg = instr.arg;
        if arg > 0xFF {
            for shift in [24, 16, 8] {
                if arg >> shift != 0 {
                    code.extend_from_slice(&[Opcode::EXTENDED_ARG.0, (arg >> shift) as u8]);
                }
            }
        }
        code.extend_from_slice(&[real.0, arg as u8]);
        match real.caches() {
            0 => {}
            1 => code.extend_from_slice(&[0; 2]),
            caches => code.extend_from_slice(CACHES.get(..2 * caches).unwrap_or(&CACHES)),
        }
    }
    Ok(())
}

fn write_locations(sequence: &InstructionSequence, starts: &[u32], firstlineno: i32, bytes: &mut Vec<u8>) {
    bytes.clear();
    let mut encoder = LocationEncoder::into(std::mem::take(bytes), firstlineno);
    for (instr, place) in sequence.instrs.iter().zip(starts.windows(2)) {
        let Location { line, end_line, col, end_col } = instr.loc;
        encoder.add(Position { line, end_line, col, end_col }, (place[1] - place[0]) as usize);
    }
    *bytes = encoder.finish();
}

/// Runs of instructions with one handler share an entry. `starts` are the offsets of instructions in code units.
fn write_exceptions(sequence: &InstructionSequence, starts: &[u32], entries: &mut Vec<ExceptionEntry>) {
    entries.clear();
    let mut handler = ExceptHandler::NONE;
    let mut start = 0;
    // Most code has no handler at all.
    if sequence.handlers.iter().all(|handler| handler.label < 0) {
        return;
    }
    let end_of_code = starts.last().copied().unwrap_or(0);
    let places = sequence.handlers.iter().copied().zip(starts.iter().copied());
    for (next, offset) in places.chain([(ExceptHandler::NONE, end_of_code)]) {
        if next.label == handler.label {
            continue;
        }
        if handler.label >= 0 {
            let target = starts[handler.label as usize];
            entries.push(exception_entry(start..offset, target, handler.start_depth, handler.preserve_lasti));
        }
        start = offset;
        handler = next;
    }
}

/// An entry of the exception table; places are in code units. `depth`: of the stack where the handler starts, the exception and, where
/// `lasti` is wanted, that among it.
fn exception_entry(range: std::ops::Range<u32>, target: u32, depth: i32, lasti: bool) -> ExceptionEntry {
    let depth = depth.saturating_sub(1 + i32::from(lasti)).max(0) as u32;
    ExceptionEntry { start: range.start * 2, end: range.end * 2, target: target * 2, depth, lasti }
}
