//! The operand rule: what opargs index exists.

use super::{Check, Rule};
use crate::code::kinds;
use crate::decode::Decoded;
use crate::instruction::{
    CMP_OPS, COMMON_CONSTANTS, CONVERSIONS, Flags, INTRINSICS_1, INTRINSICS_2, NB_OPS, SPECIAL_METHODS,
};
use crate::text::{is_pair, name_shift};
use crate::version::Version;

impl Check<'_> {
    pub(super) fn operands(&mut self) {
        for i in 0..self.instructions.len() {
            let instruction = self.instructions[i];
            if let Some(arg) = instruction.arg.and_then(|arg| usize::try_from(arg).ok())
                && let Some(message) = self.operand(&instruction, arg)
            {
                self.fail(instruction.offset, Rule::Operand, message);
            }
        }
    }

    fn operand(&self, instruction: &Decoded, arg: usize) -> Option<String> {
        let (code, isa) = (self.code, self.isa);
        let flags = isa.flags(instruction.op);
        let name = isa.name(instruction.op);
        let below = |index: usize, len: usize, what: &str| {
            (index >= len).then(|| format!("{name} of {what} {index}; there are {len}"))
        };
        if flags.has(Flags::CONST) {
            return below(arg, code.consts.len(), "constant");
        }
        if flags.has(Flags::NAME) {
            return below(arg >> name_shift(isa, instruction.op), code.names.len(), "name");
        }
        if flags.has(Flags::LOCAL) && is_pair(&name) {
            return self.local(arg >> 4, &name).or_else(|| self.local(arg & 15, &name));
        }
        if flags.has(Flags::LOCAL) {
            return self.local(arg, &name).or_else(|| {
                // LOAD_DEREF's table row says local in 3.14; its slot is a cell all the same.
                (name == "LOAD_DEREF" && !self.is_cell(arg)).then(|| format!("slot {arg} is no cell"))
            });
        }
        if flags.has(Flags::FREE) {
            if self.version < Version::V3_11 {
                let cells = code.cellvars().count() + code.freevars().count();
                return below(arg, cells, "cell");
            }
            return below(arg, code.localsplusnames.len(), "slot")
                .or_else(|| (!self.is_cell(arg)).then(|| format!("{name}: slot {arg} is no cell")));
        }
        match &*name {
            "COMPARE_OP" if self.version >= Version::V3_13 => below(arg >> 5, CMP_OPS.len(), "comparison"),
            "BINARY_OP" if self.version < Version::V3_14 => below(arg, NB_OPS.len() - 1, "operator"),
            "BINARY_OP" => below(arg, NB_OPS.len(), "operator"),
            "CALL_INTRINSIC_1" => below(arg, INTRINSICS_1.len(), "helper"),
            "CALL_INTRINSIC_2" => below(arg, INTRINSICS_2.len(), "helper"),
            "LOAD_SPECIAL" => below(arg, SPECIAL_METHODS.len(), "special method"),
            "LOAD_COMMON_CONSTANT" if self.version == Version::V3_14 => below(arg, COMMON_CONSTANTS.len(), "constant"),
            "CONVERT_VALUE" => below(arg, CONVERSIONS.len(), "conversion"),
            "RAISE_VARARGS" => below(arg, if self.version == Version::V2_7 { 4 } else { 3 }, "form"),
            "COPY" if arg == 0 => Some("COPY of nothing".into()),
            "SWAP" if arg < 2 => Some(format!("SWAP {arg}")),
            "BUILD_SLICE" if !(2..=3).contains(&arg) => Some(format!("BUILD_SLICE of {arg}")),
            "COPY_FREE_VARS" => {
                let free = code.freevars().count();
                (arg != free).then(|| format!("COPY_FREE_VARS of {arg}; there are {free}"))
            }
            _ => None,
        }
    }

    fn local(&self, slot: usize, name: &str) -> Option<String> {
        let slots = if self.version >= Version::V3_11 { self.code.localsplusnames.len() } else { self.code.nlocals() };
        (slot >= slots).then(|| format!("{name} of slot {slot}; there are {slots}"))
    }

    fn is_cell(&self, slot: usize) -> bool {
        self.code.localspluskinds.get(slot).is_some_and(|kind| kind & (kinds::CELL | kinds::FREE) != 0)
    }
}
