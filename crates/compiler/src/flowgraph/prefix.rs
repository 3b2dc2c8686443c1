//! What a frame does before its first line, and where its cells live.
//!
//! Cells and free variables follow the locals in `localsplus`, except cells that are parameters, which take their
//! parameter's slot. Source: CPython Python/flowgraph.c (`prepare_localsplus`, `build_cellfixedoffsets`,
//! `insert_prefix_instructions`, `fix_cell_offsets`).

use super::graph::{Graph, Instr, placeless};
use super::opcodes::{Op, is_generator};
use crate::error::CompileError;
use crate::instruction_sequence::{CodeUnitInfo, Location};

/// Inserts `COPY_FREE_VARS`, `MAKE_CELL`s and `RETURN_GENERATOR`, and turns the opargs of cell accesses into
/// `localsplus` slots. Returns the number of slots.
pub fn prepare(graph: &mut Graph, unit: &CodeUnitInfo) -> Result<u32, CompileError> {
    let nlocals = unit.varnames.len();
    let ncells = unit.cellvars.len();
    let nfree = unit.freevars.len();
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
        for instr in graph[id].instrs_mut() {
            if matches!(
                instr.op,
                Op::MAKE_CELL
                    | Op::LOAD_CLOSURE
                    | Op::LOAD_DEREF
                    | Op::STORE_DEREF
                    | Op::DELETE_DEREF
                    | Op::LOAD_FROM_DICT_OR_DEREF
            ) {
                let slot = slots.get(instr.arg as usize);
                instr.arg = *slot.ok_or_else(|| CompileError::system("access to a cell that does not exist"))?;
            }
        }
        id = graph[id].next;
    }
    Ok((nlocals + ncells + nfree) as u32 - shared)
}
