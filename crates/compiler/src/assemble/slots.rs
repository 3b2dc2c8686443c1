//! Names and kinds of a frame's slots: locals, then cells that are not locals, then free variables.
//!
//! Source: CPython Python/assemble.c (`compute_localsplus_info`), Python/flowgraph.c (`fix_cell_offsets`).

use ophi_bytecode::code::{flags, kinds};
use ophi_bytecode::pystring::PyString;

use crate::instruction_sequence::CodeUnitInfo;

/// How the parameters can be passed, in slot order: kind and number of them.
fn parameter_kinds(unit: &CodeUnitInfo) -> [(u32, u8); 5] {
    let has = |flag: u32| u32::from(unit.flags & flag != 0);
    [
        (unit.posonlyargcount, kinds::ARG_POS),
        (unit.argcount, kinds::ARG_POS | kinds::ARG_KW),
        (unit.kwonlyargcount, kinds::ARG_KW),
        (has(flags::VARARGS), kinds::ARG_VAR | kinds::ARG_POS),
        (has(flags::VARKEYWORDS), kinds::ARG_VAR | kinds::ARG_KW),
    ]
}

/// The names, which are taken out of `unit`; the kinds replace those in `slot_kinds`.
pub fn localsplus(unit: &mut CodeUnitInfo, nlocalsplus: usize, slot_kinds: &mut Vec<u8>) -> Box<[PyString]> {
    slot_kinds.clear();
    let mut parameters = parameter_kinds(unit).into_iter().flat_map(|(n, kind)| std::iter::repeat_n(kind, n as usize));
    for name in unit.varnames.iter() {
        let mut kind = kinds::LOCAL | parameters.next().unwrap_or(0);
        if unit.fast_hidden.iter().any(|(hidden, _)| hidden == name) {
            kind |= kinds::HIDDEN;
        }
        if unit.cellvars.contains(name) {
            kind |= kinds::CELL;
        }
        slot_kinds.push(kind);
    }
    // Most functions have nothing else.
    if unit.cellvars.is_empty() && unit.freevars.is_empty() {
        return unit.varnames.take_strings();
    }
    let mut names: Vec<PyString> = Vec::with_capacity(nlocalsplus);
    names.extend(unit.varnames.iter().map(|name| name.string()));
    for name in unit.cellvars.iter().filter(|name| !unit.varnames.contains(name)) {
        names.push(name.string());
        slot_kinds.push(kinds::CELL);
    }
    for name in unit.freevars.iter() {
        names.push(name.string());
        slot_kinds.push(kinds::FREE);
    }
    names.into()
}
