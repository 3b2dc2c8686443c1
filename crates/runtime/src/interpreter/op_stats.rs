//! Which instructions run, and which follow each other: the figures from which superinstructions are chosen.
//!
//! Only in builds with the feature `op-stats`. Each dispatch of the running thread is counted under its opcode as it stands in the
//! stream (specialised forms apart) and under the pair it makes with the one before; superinstructions are not made in such builds, so
//! that the pairs are those of plain code. The table is printed by the `ophi` command when it ends.

use core::cell::Cell;
use core::fmt::Write;
use ophi_bytecode::instruction::Opcode;

pub struct OpStats {
    single: Box<[Cell<u64>]>,
    pairs: Box<[Cell<u64>]>,
    last: Cell<u8>,
}

impl Default for OpStats {
    fn default() -> OpStats {
        let zeros = |n: usize| vec![Cell::new(0); n].into_boxed_slice();
        OpStats { single: zeros(256), pairs: zeros(256 * 256), last: Cell::new(0) }
    }
}

impl OpStats {
    #[inline(always)]
    pub fn count(&self, opcode: u8) {
        let add = |cell: &Cell<u64>| cell.set(cell.get() + 1);
        add(&self.single[opcode as usize]);
        add(&self.pairs[self.last.replace(opcode) as usize * 256 + opcode as usize]);
    }

    /// All counts, the most frequent first: `op NAME COUNT` and `pair FIRST SECOND COUNT`, one a line.
    pub fn report(&self) -> String {
        let mut out = String::new();
        let name = |n: usize| Opcode(n as u8).name();
        let sorted = |cells: &[Cell<u64>]| {
            let mut rows: Vec<(u64, usize)> =
                cells.iter().enumerate().map(|(n, c)| (c.get(), n)).filter(|(count, _)| *count > 0).collect();
            rows.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
            rows
        };
        for (count, n) in sorted(&self.single) {
            let _ = writeln!(out, "op {} {count}", name(n));
        }
        for (count, n) in sorted(&self.pairs) {
            let _ = writeln!(out, "pair {} {} {count}", name(n / 256), name(n % 256));
        }
        out
    }
}
