//! The assembler: from the lowered instruction sequence to a code object.
//!
//! Jumps get their direction and distance ([`offsets`]), instructions their EXTENDED_ARGs and cache units, and the
//! line and exception tables are written from the locations and handlers of the instructions. Everything is linear;
//! distances are recomputed while the size of some jump still changes, a handful of rounds at most. Source: CPython
//! Python/assemble.c.

mod offsets;
mod slots;

use ophi_bytecode::code::{
    CodeObject, Constant, ExceptionEntry, LocationEncoder, Position, encode_exception_table, flags,
};
use ophi_bytecode::{IrOpcode as Op, Opcode};

use crate::error::CompileError;
use crate::flowgraph::{self, Graph, Lowered};
use crate::instruction_sequence::{CodeUnitInfo, ExceptHandler, InstructionSequence, Location, Name};

/// All stages behind code generation. `consts` are the constants the `LOAD_CONST`s of `sequence` index.
pub fn optimize_and_assemble(
    unit: &CodeUnitInfo,
    sequence: InstructionSequence,
    mut consts: Vec<Constant>,
) -> Result<CodeObject, CompileError> {
    let mut graph = Graph::from_sequence(sequence)?;
    flowgraph::optimize_code_unit(&mut graph, &mut consts, unit.varnames.len(), parameter_count(unit))?;
    let lowered = flowgraph::lower(&mut graph, unit)?;
    assemble(unit, lowered, consts)
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
pub fn assemble(unit: &CodeUnitInfo, lowered: Lowered, consts: Vec<Constant>) -> Result<CodeObject, CompileError> {
    let Lowered { mut sequence, stack_depth, nlocalsplus } = lowered;
    offsets::resolve_directions(&mut sequence);
    offsets::resolve_next_locations(&mut sequence);
    let starts = offsets::resolve_distances(&mut sequence)?;
    let (names, kinds) = slots::localsplus(unit, nlocalsplus as usize);
    Ok(CodeObject {
        argcount: unit.posonlyargcount + unit.argcount,
        posonlyargcount: unit.posonlyargcount,
        kwonlyargcount: unit.kwonlyargcount,
        // A code object has room for one value at least.
        stacksize: stack_depth.max(1),
        flags: unit.flags,
        code: write_code(&sequence)?.into(),
        consts: consts.into(),
        names: unit.names.iter().map(string).collect(),
        localsplusnames: names.into(),
        localspluskinds: kinds.into(),
        filename: string(&unit.filename),
        name: string(&unit.name),
        qualname: string(&unit.qualname),
        firstlineno: unit.firstlineno,
        linetable: write_locations(&sequence, unit.firstlineno).into(),
        exceptiontable: write_exceptions(&sequence, &starts).into(),
    })
}

fn string(name: &Name) -> ophi_bytecode::pystring::PyString {
    (&**name).into()
}

fn write_code(sequence: &InstructionSequence) -> Result<Vec<u8>, CompileError> {
    let mut code = Vec::with_capacity(sequence.instrs.len() * 4);
    for instr in &sequence.instrs {
        let real = Op(instr.opcode)
            .real()
            .ok_or_else(|| CompileError::System(format!("{} reached the assembler", Op(instr.opcode).name())))?;
        let arg = instr.oparg as u32;
        for shift in [24, 16, 8] {
            if arg >> shift != 0 {
                code.extend([Opcode::EXTENDED_ARG.0, (arg >> shift) as u8]);
            }
        }
        code.extend([real.0, arg as u8]);
        code.resize(code.len() + 2 * real.caches(), 0);
    }
    Ok(code)
}

fn write_locations(sequence: &InstructionSequence, firstlineno: i32) -> Vec<u8> {
    let mut encoder = LocationEncoder::new(firstlineno);
    for instr in &sequence.instrs {
        let Location { line, end_line, col, end_col } = instr.loc;
        encoder.add(Position { line, end_line, col, end_col }, offsets::size(instr) as usize);
    }
    encoder.finish()
}

/// Runs of instructions with one handler share an entry. `starts` are the offsets of instructions in code units.
fn write_exceptions(sequence: &InstructionSequence, starts: &[u32]) -> Vec<u8> {
    let mut entries = Vec::new();
    let mut handler = ExceptHandler::NONE;
    let mut start = 0;
    let end_of_code = sequence.instrs.last().zip(starts.last()).map_or(0, |(i, start)| start + offsets::size(i));
    let places = sequence.instrs.iter().map(|i| i.handler).zip(starts.iter().copied());
    for (next, offset) in places.chain([(ExceptHandler::NONE, end_of_code)]) {
        if next.label == handler.label {
            continue;
        }
        if handler.label >= 0 {
            let depth = handler.start_depth.saturating_sub(1 + i32::from(handler.preserve_lasti));
            entries.push(ExceptionEntry {
                start: start * 2,
                end: offset * 2,
                target: starts[handler.label as usize] * 2,
                depth: depth.max(0) as u32,
                lasti: handler.preserve_lasti,
            });
        }
        start = offset;
        handler = next;
    }
    encode_exception_table(&entries)
}
