//! What a frame does before its first line, and where its cells live.
//!
//! Cells and free variables follow the locals in `localsplus`, except cells that are parameters, which take their
//! parameter's slot. Source: CPython Python/flowgraph.c (`prepare_localsplus`, `build_cellfixedoffsets`,
//! `insert_prefix_instructions`, `fix_cell_offsets`).

use super::graph::{Graph, Instr, placeless};
use super::opcodes::{Op, bits, class, is_generator};
use crate::error::CompileError;
use crate::instruction_sequence::{CodeUnitInfo, Location};

/// Inserts `COPY_FREE_VARS`, `MAKE_CELL`s and `RETURN_GENERATOR`, and turns the opargs of cell accesses into
/// `localsplus` slots. Returns the number of slots.
pub fn prepare(graph: &mut Graph, unit: &CodeUnitInfo) -> Result<u32, CompileError> {
    let nlocals = unit.varnames.len();
    let ncells = unit.cellvars.len();
    let nfree = unit.freevars.len();
    if ncells + nfree == 0 && !is_generator(unit.flags) {
        check_no_cells(graph)?;
        return Ok(nlocals as u32);
    }
    // Cell number (free variables after cells) -> slot, first as if nothing were shared.
    let mut slots: Vec<u32> = (nlocals..nlocals + ncells + nfree).map(|slot| slot as u32).collect();
    for (cell, name) in unit.cellvars.iter().enumerate() {
        if let Some(local) = unit.varnames.get_name(name) {
            slots[cell] = local;
        }
    }

    let mut prefix: Vec<Instr> = Vec::new();
    if nfree > 0 {
        prefix.push(placeless(Op::COPY_FREE_VARS, nfree as u32));
    }
    let mut cells: Vec<u32> = (0..ncells as u32).collect();
    cells.sort_by_key(|&cell| slots[cell as usize]);
    prefix.extend(cells.iter().map(|&cell| placeless(Op::MAKE_CELL, cell)));
    if is_generator(unit.flags) {
        let loc = Location::new(unit.firstlineno, unit.firstlineno, -1, -1);
        prefix.push(Instr::new(Op::RETURN_GENERATOR, 0, loc));
        prefix.push(Instr::new(Op::POP_TOP, 0, loc));
    }
    let entry = graph.entry;
    if !prefix.is_empty() {
        graph[entry].insert_many(0, &prefix);
    }

    // Close the gaps the shared cells leave.
    let mut shared = 0;
    for (cell, slot) in slots.iter_mut().enumerate() {
        if *slot as usize == nlocals + cell {
            *slot -= shared;
        } else {
            shared += 1;
        }
    }
    let mut id = entry;
    while id.is_some() {
        if graph[id].may_hold(bits::CELL) {
            for instr in graph[id].instrs_mut().iter_mut().filter(|i| class(i.op) & bits::CELL != 0) {
                instr.arg = *slots.get(instr.arg as usize).ok_or_else(no_cell)?;
            }
        }
        id = graph[id].next;
    }
    Ok((nlocals + ncells + nfree) as u32 - shared)
}

fn no_cell() -> CompileError {
    CompileError::system("access to a cell that does not exist")
}

/// Errors: SystemError if there is an access to a cell all the same.
fn check_no_cells(graph: &Graph) -> Result<(), CompileError> {
    if graph.classes & bits::CELL == 0 {
        return Ok(());
    }
    let accesses = |instr: &Instr| class(instr.op) & bits::CELL != 0;
    let blocks = graph.layout().map(|(_, block)| block);
    if blocks.filter(|block| block.may_hold(bits::CELL)).any(|block| block.instrs().iter().any(accesses)) {
        return Err(no_cell());
    }
    Ok(())
}
