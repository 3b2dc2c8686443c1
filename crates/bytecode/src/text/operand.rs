//! What an oparg means, in the words of each version's `dis`.
//!
//! Source: `Lib/dis.py` and `Lib/opcode.py` of each version. An oparg that points nowhere (only a damaged file has one)
//! is shown as `<bad N>` where CPython's `dis` would raise IndexError.

use std::cell::Cell;

use super::{Repr, head};
use crate::code::{CodeObject, Constant, kinds};
use crate::decode::Decoded;
use crate::instruction::{
    CMP_OPS, COMMON_CONSTANTS, CONVERSIONS, FUNCTION_ATTRIBUTES, Flags, INTRINSICS_1, INTRINSICS_2, NB_OPS,
    SPECIAL_METHODS,
};
use crate::isa::Isa;
use crate::pystring::PyString;
use crate::version::Version;

/// Comparisons before 3.9.
const OLD_CMP_OPS: [&str; 12] =
    ["<", "<=", "==", "!=", ">", ">=", "in", "not in", "is", "is not", "exception match", "BAD"];

/// LOAD_COMMON_CONSTANT's constants that 3.15 added.
const COMMON_CONSTANTS_3_15: [&str; 7] = ["list", "set", "None", "''", "True", "False", "-1"];

/// Resolves the opargs of one code object.
pub struct Operands<'a> {
    isa: &'static Isa,
    code: &'a CodeObject,
    repr: Repr,
    locals: Vec<&'a PyString>,
    /// By oparg of the instructions that reach cells.
    cells: Vec<&'a PyString>,
    /// Bytes of text that may still be made.
    left: Cell<usize>,
}

/// The texts of one code object's operands are not longer in all: a damaged or hostile one can name its longest constant
/// in every instruction. A real one comes to a hundredth.
const MOST_TEXT: usize = 16 << 20;

/// How much is shown of an operand after that.
const LITTLE: usize = 40;

impl<'a> Operands<'a> {
    /// For a code object of the instruction set's version.
    pub fn new(code: &'a CodeObject, isa: &'static Isa) -> Operands<'a> {
        let named = |kind: u8| {
            let slots = code.localsplusnames.iter().zip(code.localspluskinds.iter());
            slots.filter(move |(_, k)| **k & kind != 0).map(|(name, _)| name)
        };
        let (locals, cells) = if isa.version >= Version::V3_11 {
            let all: Vec<_> = code.localsplusnames.iter().collect();
            (all.clone(), all)
        } else {
            (named(kinds::LOCAL).collect(), named(kinds::CELL).chain(named(kinds::FREE)).collect())
        };
        Operands { isa, code, repr: Repr::new(isa.version), locals, cells, left: Cell::new(MOST_TEXT) }
    }

    /// The constant an instruction loads.
    pub fn constant(&self, instruction: &Decoded) -> Option<&'a Constant> {
        if !self.isa.flags(instruction.op).has(Flags::CONST) {
            return None;
        }
        self.code.consts.get(index(instruction.arg?)?)
    }

    /// The entry of `co_names` an instruction uses.
    pub fn name(&self, instruction: &Decoded) -> Option<&'a PyString> {
        if !self.isa.flags(instruction.op).has(Flags::NAME) {
            return None;
        }
        let shift = name_shift(self.isa, instruction.op);
        self.code.names.get(index(instruction.arg? >> shift)?)
    }

    /// The local variables or cells an instruction uses, in order of use.
    pub fn variables(&self, instruction: &Decoded) -> Vec<&'a PyString> {
        let flags = self.isa.flags(instruction.op);
        let names = if flags.has(Flags::LOCAL) {
            &self.locals
        } else if flags.has(Flags::FREE) {
            &self.cells
        } else {
            return Vec::new();
        };
        let arg = instruction.arg.unwrap_or(0);
        let slots = if is_pair(&self.isa.name(instruction.op)) { vec![arg >> 4, arg & 15] } else { vec![arg] };
        slots.into_iter().filter_map(|slot| names.get(index(slot)?).copied()).collect()
    }

    /// The text `dis` shows in parentheses; empty for none. `target` words a jump's target.
    pub fn text(&self, instruction: &Decoded, target: &dyn Fn(i64) -> String) -> String {
        let left = self.left.get();
        let text = self.cut_text(instruction, target, left);
        self.left.set(left.saturating_sub(text.len()));
        text
    }

    /// The text, made in little time when little may be shown.
    fn cut_text(&self, instruction: &Decoded, target: &dyn Fn(i64) -> String, left: usize) -> String {
        let flags = self.isa.flags(instruction.op);
        if left >= LITTLE || !(flags.has(Flags::CONST) || flags.has(Flags::NAME)) {
            return self.whole_text(instruction, target);
        }
        match (self.constant(instruction), self.name(instruction)) {
            (Some(constant), _) => Repr::short(self.isa.version, LITTLE).constant(constant),
            (None, Some(name)) if name.as_bytes().len() > LITTLE => format!("{}...", head(name, LITTLE)),
            _ => self.whole_text(instruction, target),
        }
    }

    fn whole_text(&self, instruction: &Decoded, target: &dyn Fn(i64) -> String) -> String {
        let Some(arg) = instruction.arg else { return String::new() };
        let (isa, version, op) = (self.isa, self.isa.version, instruction.op);
        let name = isa.name(op);
        let flags = isa.flags(op);
        if flags.has(Flags::CONST) {
            // 3.11 knows the constants of LOAD_CONST only.
            if version == Version::V3_11 && name != "LOAD_CONST" {
                return String::new();
            }
            return match index(arg).and_then(|index| self.code.consts.get(index)) {
                Some(constant) => self.repr.constant(constant),
                None => bad(arg),
            };
        }
        if flags.has(Flags::NAME) {
            return self.name_text(&name, op, arg);
        }
        if flags.has(Flags::JUMP) {
            let Some(place) = instruction.target(isa) else { return String::new() };
            // Before 3.10 only the relative jumps were worded.
            if flags.has(Flags::ABS) && version < Version::V3_10 {
                return String::new();
            }
            let preposition = if name == "END_ASYNC_FOR" { "from" } else { "to" };
            return format!("{preposition} {}", target(place));
        }
        if flags.has(Flags::LOCAL) && is_pair(&name) {
            return format!("{}, {}", variable(&self.locals, arg >> 4), variable(&self.locals, arg & 15));
        }
        if flags.has(Flags::LOCAL) {
            return variable(&self.locals, arg);
        }
        if flags.has(Flags::FREE) {
            return variable(&self.cells, arg);
        }
        if flags.has(Flags::COMPARE) {
            return comparison(version, arg);
        }
        self.other_text(&name, arg)
    }

    fn name_text(&self, name: &str, op: u8, arg: i64) -> String {
        let version = self.isa.version;
        let shift = name_shift(self.isa, op);
        let text = match index(arg >> shift).and_then(|index| self.code.names.get(index)) {
            Some(text) => text.to_string(),
            None => return bad(arg >> shift),
        };
        if text.is_empty() {
            return text;
        }
        let bit = arg & 1 != 0;
        match name {
            "IMPORT_NAME" if shift == 2 && bit => format!("{text} + lazy"),
            "IMPORT_NAME" if shift == 2 && arg & 2 != 0 => format!("{text} + eager"),
            "LOAD_GLOBAL" if shift == 1 && bit && version < Version::V3_13 => format!("NULL + {text}"),
            "LOAD_GLOBAL" if shift == 1 && bit => format!("{text} + NULL"),
            "LOAD_ATTR" | "LOAD_SUPER_ATTR" if shift > 0 && bit && version < Version::V3_13 => {
                format!("NULL|self + {text}")
            }
            "LOAD_ATTR" | "LOAD_SUPER_ATTR" if shift > 0 && bit => format!("{text} + NULL|self"),
            _ => text,
        }
    }

    /// Instructions whose opargs are told apart by name. Which of them exist is the instruction set's.
    fn other_text(&self, name: &str, arg: i64) -> String {
        let version = self.isa.version;
        let pick =
            |texts: &[&'static str]| index(arg).and_then(|i| texts.get(i)).map_or_else(|| bad(arg), |t| (*t).into());
        match name {
            "FORMAT_VALUE" => {
                let conversion = CONVERSIONS[(arg & 3) as usize];
                let format = if arg & 4 != 0 { "with format" } else { "" };
                let comma = if conversion.is_empty() || format.is_empty() { "" } else { ", " };
                format!("{conversion}{comma}{format}")
            }
            "CONVERT_VALUE" => pick(&CONVERSIONS),
            "MAKE_FUNCTION" if (Version::V3_8..Version::V3_13).contains(&version) => {
                bits(&FUNCTION_ATTRIBUTES[..4], arg)
            }
            "SET_FUNCTION_ATTRIBUTE" if version == Version::V3_13 => bits(&FUNCTION_ATTRIBUTES[..4], arg),
            "SET_FUNCTION_ATTRIBUTE" => bits(&FUNCTION_ATTRIBUTES, arg),
            "BINARY_OP" => index(arg).and_then(|i| NB_OPS.get(i)).map_or_else(|| bad(arg), |op| op.1.into()),
            "CALL_INTRINSIC_1" => pick(&INTRINSICS_1),
            "CALL_INTRINSIC_2" => pick(&INTRINSICS_2),
            "LOAD_COMMON_CONSTANT" => match index(arg) {
                Some(i) if i < COMMON_CONSTANTS.len() => COMMON_CONSTANTS[i].1.into(),
                Some(i) if version >= Version::V3_15 && i < COMMON_CONSTANTS.len() + COMMON_CONSTANTS_3_15.len() => {
                    COMMON_CONSTANTS_3_15[i - COMMON_CONSTANTS.len()].into()
                }
                _ => bad(arg),
            },
            "LOAD_SPECIAL" => pick(&SPECIAL_METHODS),
            "IS_OP" if version >= Version::V3_14 => if arg != 0 { "is not" } else { "is" }.into(),
            "CONTAINS_OP" if version >= Version::V3_14 => if arg != 0 { "not in" } else { "in" }.into(),
            _ => String::new(),
        }
    }
}

/// How far an oparg that names something is shifted left.
pub fn name_shift(isa: &Isa, op: u8) -> u32 {
    match &*isa.name(op) {
        "LOAD_GLOBAL" if isa.version >= Version::V3_11 => 1,
        "LOAD_ATTR" if isa.version >= Version::V3_12 => 1,
        "LOAD_SUPER_ATTR" => 2,
        "IMPORT_NAME" if isa.version >= Version::V3_15 => 2,
        _ => 0,
    }
}

/// Does the oparg hold two slots of four bits?
pub fn is_pair(name: &str) -> bool {
    matches!(
        name,
        "LOAD_FAST_LOAD_FAST" | "LOAD_FAST_BORROW_LOAD_FAST_BORROW" | "STORE_FAST_LOAD_FAST" | "STORE_FAST_STORE_FAST"
    )
}

fn comparison(version: Version, arg: i64) -> String {
    let shift = match version {
        Version::V3_12 => 4,
        v if v >= Version::V3_13 => 5,
        _ => 0,
    };
    let texts: &[&str] = if version < Version::V3_9 { &OLD_CMP_OPS } else { &CMP_OPS };
    let Some(text) = index(arg >> shift).and_then(|index| texts.get(index)) else { return bad(arg >> shift) };
    if shift == 5 && arg & 16 != 0 { format!("bool({text})") } else { (*text).into() }
}

fn variable(names: &[&PyString], slot: i64) -> String {
    index(slot).and_then(|slot| names.get(slot)).map_or_else(|| bad(slot), |name| name.to_string())
}

fn bits(names: &[&str], arg: i64) -> String {
    let set: Vec<&str> = names.iter().enumerate().filter(|(bit, _)| arg >> bit & 1 != 0).map(|(_, n)| *n).collect();
    set.join(", ")
}

fn bad(arg: i64) -> String {
    format!("<bad {arg}>")
}

fn index(arg: i64) -> Option<usize> {
    usize::try_from(arg).ok()
}
