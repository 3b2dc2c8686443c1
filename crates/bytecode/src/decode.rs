//! From bytes to instructions: extended args folded, caches skipped, jump targets found; for every version.
//!
//! Source: each version's `Lib/dis.py` (`_unpack_opargs`, `findlabels`). Any bytes decode to something: an oparg cut off
//! by the end is 0, a number no instruction has stands alone.

use crate::instruction::Flags;
use crate::isa::Isa;
use crate::version::Version;

/// One instruction. EXTENDED_ARG stands as an instruction of its own, too, as `dis` shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// Byte offset of the opcode.
    pub offset: u32,
    /// Byte offset of its first EXTENDED_ARG, or its own.
    pub start: u32,
    /// Byte offset past its caches.
    pub end: u32,
    /// Its number.
    pub op: u8,
    /// The whole oparg, if the instruction has one. Wraps to negative as CPython's does.
    pub arg: Option<i64>,
}

/// The instructions of a stream.
pub fn decode<'a>(code: &'a [u8], isa: &'static Isa) -> Decoder<'a> {
    Decoder { code, isa, at: 0, start: None, extended: 0 }
}

/// Iterator of [`decode`].
#[derive(Clone, Debug)]
pub struct Decoder<'a> {
    code: &'a [u8],
    isa: &'static Isa,
    at: usize,
    start: Option<u32>,
    extended: i64,
}

impl Iterator for Decoder<'_> {
    type Item = Decoded;

    fn next(&mut self) -> Option<Decoded> {
        let offset = u32::try_from(self.at).ok()?;
        let &op = self.code.get(self.at)?;
        let byte = |at: usize| i64::from(self.code.get(at).copied().unwrap_or(0));
        let is_extension = op == self.isa.extended_arg;
        let has_arg = self.isa.flags(op).has(Flags::ARG);
        let mut arg = None;
        if self.isa.has_word_code() {
            if has_arg {
                arg = Some(byte(self.at + 1) | self.extended);
            }
            self.extended = match arg {
                Some(arg) if is_extension => i64::from((arg << 8) as i32),
                // Before 3.10 an instruction without an oparg leaves the extension for the next.
                None if self.isa.version < Version::V3_10 => self.extended,
                _ => 0,
            };
            self.at += 2 + 2 * self.isa.caches(op);
        } else if has_arg {
            let value = (byte(self.at + 1) | byte(self.at + 2) << 8) + self.extended;
            self.extended = if is_extension { (value << 16) & 0xFFFF_FFFF } else { 0 };
            arg = Some(value);
            self.at += 3;
        } else {
            self.at += 1;
        }
        let start = self.start.unwrap_or(offset);
        self.start = is_extension.then_some(start);
        let start = if is_extension { offset } else { start };
        Some(Decoded { offset, start, end: self.at.min(self.code.len()) as u32, op, arg })
    }
}

impl Decoded {
    /// Where a jump goes, in bytes; `None` for anything else. May lie outside the code.
    pub fn target(&self, isa: &Isa) -> Option<i64> {
        let arg = self.arg?;
        let flags = isa.flags(self.op);
        if !flags.has(Flags::JUMP) {
            return None;
        }
        let unit = if isa.version >= Version::V3_10 { 2 } else { 1 };
        if flags.has(Flags::ABS) {
            return Some(arg * unit);
        }
        let size = if isa.has_word_code() { 2 + 2 * isa.caches(self.op) as i64 } else { 3 };
        let distance = if flags.has(Flags::BACK) { -arg } else { arg };
        Some(i64::from(self.offset) + size + distance * unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extensions_and_caches() {
        use crate::instruction::Opcode as Op;
        let code = [Op::EXTENDED_ARG.0, 1, Op::LOAD_CONST.0, 2, Op::TO_BOOL.0, 0, 0, 0, 0, 0, 0, 0, Op::NOP.0, 0];
        let isa = Isa::of(Version::V3_14);
        let all: Vec<_> = decode(&code, isa).map(|i| (i.offset, i.start, i.end, i.arg)).collect();
        assert_eq!(all, [(0, 0, 2, Some(1)), (2, 0, 4, Some(0x102)), (4, 4, 12, None), (12, 12, 14, None)]);
        assert_eq!(decode(&code[..3], isa).last().unwrap().arg, Some(0x100));
    }

    #[test]
    fn jumps_of_each_age() {
        // JUMP_ABSOLUTE is 113 and FOR_ITER 93 from 2.7 to 3.10.
        let target = |version, code: &[u8]| decode(code, Isa::of(version)).next().unwrap().target(Isa::of(version));
        assert_eq!(target(Version::V2_7, &[113, 4, 1]), Some(260));
        assert_eq!(target(Version::V2_7, &[93, 4, 0]), Some(7));
        assert_eq!(target(Version::V3_9, &[93, 4]), Some(6));
        assert_eq!(target(Version::V3_10, &[93, 4]), Some(10));
        assert_eq!(target(Version::V3_10, &[113, 4]), Some(8));
        assert_eq!(target(Version::V3_12, &[93, 4]), Some(12));
        assert_eq!(target(Version::V3_14, &[crate::Opcode::JUMP_BACKWARD.0, 4, 0, 0]), Some(-4));
    }
}
