//! The instruction sets of the CPython versions this crate reads, seen alike.
//!
//! 3.14's comes from the one table in [`crate::instruction`]. The others are text tables, one file a version, recorded
//! from that version's own `opcode` and `dis` modules (2.7.18, 3.6.15, 3.7.16, 3.8.18, 3.9.18, 3.10.13, 3.11.7, 3.12.1,
//! 3.13.0, 3.15.2). A line reads
//!
//! ```text
//! number NAME flags cache-units effect [effect-along-the-jump]
//! ```
//!
//! An effect is a sum: numbers, `n` (the oparg), `2n`, `b0` (its lowest bit), `lo` and `hi` (low byte, the rest), `2hi`, `p4`,
//! `p5` (how many of the lowest 4 or 5 bits are set), `f4` (bit 2), `s3` (1 if it is 3); `?` where nobody says. 2.7's effects, which its `dis` does not
//! tell, are those of its `Python/compile.c` (`opcode_stack_effect`).

use std::sync::OnceLock;

use crate::instruction::{Flags, IrOpcode, Kind, Opcode};
use crate::version::Version;

/// One instruction of some version.
#[derive(Clone, Copy, Debug)]
pub struct IsaRow {
    /// Its name.
    pub name: &'static str,
    /// What its oparg means; of [`Flags`] only ARG, CONST, NAME, JUMP, ABS, BACK, LOCAL, FREE, COMPARE.
    pub flags: Flags,
    /// Cache units.
    pub caches: u8,
    effect: Effect,
    jump_effect: Effect,
}

#[derive(Clone, Copy, Debug)]
enum Effect {
    Unknown,
    /// 3.14's, by number.
    Table(u8),
    Sum(Sum),
}

/// An effect's terms with their factors; the fields are named as in the module text.
#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    number: i8,
    n: i8,
    b0: i8,
    lo: i8,
    hi: i8,
    p4: i8,
    p5: i8,
    f4: i8,
    s3: i8,
}

/// An instruction set.
#[derive(Debug)]
pub struct Isa {
    /// Whose it is.
    pub version: Version,
    rows: [Option<IsaRow>; 256],
    /// What is asked of every instruction of a stream, by number.
    facts: [Facts; 256],
    /// The number of EXTENDED_ARG.
    pub extended_arg: u8,
}

#[derive(Clone, Copy, Debug)]
struct Facts {
    flags: Flags,
    caches: u8,
    /// Of the constants below.
    roles: u8,
}

const TERMINATOR: u8 = 1;
const ANNOTATION: u8 = 2;
const SETUP: u8 = 4;

static TEXTS: [&str; 11] = [
    include_str!("tables/2.7.txt"),
    include_str!("tables/3.6.txt"),
    include_str!("tables/3.7.txt"),
    include_str!("tables/3.8.txt"),
    include_str!("tables/3.9.txt"),
    include_str!("tables/3.10.txt"),
    include_str!("tables/3.11.txt"),
    include_str!("tables/3.12.txt"),
    include_str!("tables/3.13.txt"),
    "",
    include_str!("tables/3.15.txt"),
];

impl Isa {
    /// The instruction set of a version.
    pub fn of(version: Version) -> &'static Isa {
        static SETS: [OnceLock<Isa>; 11] = [const { OnceLock::new() }; 11];
        let index = version as usize;
        SETS[index].get_or_init(|| match version {
            Version::V3_14 => Isa::ours(),
            _ => Isa::parse(version, TEXTS[index]),
        })
    }

    fn ours() -> Isa {
        let mut rows = [None; 256];
        for op in Opcode::all() {
            let row = op.row();
            if !matches!(row.kind, Kind::Plain | Kind::Instrumented) {
                continue;
            }
            let mut flags = row.flags;
            if flags.has(Flags::JUMP) && op.is_backward_jump() {
                flags = flags.with(Flags::BACK);
            }
            if op == Opcode::COMPARE_OP {
                flags = flags.with(Flags::COMPARE);
            }
            let effect = Effect::Table(op.0);
            rows[op.0 as usize] =
                Some(IsaRow { name: row.name, flags, caches: row.caches, effect, jump_effect: effect });
        }
        Isa::new(Version::V3_14, rows)
    }

    fn parse(version: Version, text: &'static str) -> Isa {
        let mut rows = [None; 256];
        for (number, row) in text.lines().filter_map(parse_row) {
            rows[usize::from(number)] = Some(row);
        }
        Isa::new(version, rows)
    }

    fn new(version: Version, rows: [Option<IsaRow>; 256]) -> Isa {
        let facts = std::array::from_fn(|op| match rows[op] {
            Some(IsaRow { name, flags, caches, .. }) => {
                let role = |is: bool, role: u8| if is { role } else { 0 };
                let roles = role(is_terminator(name), TERMINATOR)
                    | role(is_annotation(name), ANNOTATION)
                    | role(name.starts_with("SETUP_"), SETUP);
                Facts { flags, caches, roles }
            }
            // Before 3.13 every number from HAVE_ARGUMENT up has an argument, defined or not.
            None => {
                let flags = if version < Version::V3_13 && op >= 90 { Flags::ARG } else { Flags(0) };
                Facts { flags, caches: 0, roles: 0 }
            }
        });
        let extended = rows.iter().position(|row| row.is_some_and(|row| row.name == "EXTENDED_ARG"));
        Isa { version, rows, facts, extended_arg: extended.unwrap_or(0) as u8 }
    }

    /// The instruction with that number.
    pub fn row(&self, op: u8) -> Option<&IsaRow> {
        self.rows[op as usize].as_ref()
    }

    /// Its name; `<n>` for no instruction, as `opcode.opname`.
    pub fn name(&self, op: u8) -> std::borrow::Cow<'static, str> {
        match self.row(op) {
            Some(row) => row.name.into(),
            None => format!("<{op}>").into(),
        }
    }

    /// What its oparg means.
    pub fn flags(&self, op: u8) -> Flags {
        self.facts[usize::from(op)].flags
    }

    /// Cache units after it.
    pub fn caches(&self, op: u8) -> usize {
        self.facts[usize::from(op)].caches.into()
    }

    /// Does control never reach the next instruction by falling through?
    pub fn is_terminator(&self, op: u8) -> bool {
        self.facts[usize::from(op)].roles & TERMINATOR != 0
    }

    /// Is its jump only an annotation for monitoring?
    pub fn is_annotation(&self, op: u8) -> bool {
        self.facts[usize::from(op)].roles & ANNOTATION != 0
    }

    /// Does it push a handler (up to 3.10)?
    pub fn is_setup(&self, op: u8) -> bool {
        self.facts[usize::from(op)].roles & SETUP != 0
    }

    /// Net effect on the stack depth falling through or jumping; `None` if unknown.
    pub fn stack_effect(&self, op: u8, arg: u32, jump: bool) -> Option<i64> {
        let row = self.row(op)?;
        match if jump { row.jump_effect } else { row.effect } {
            Effect::Unknown => None,
            Effect::Table(op) => IrOpcode(op.into()).stack_effect(arg, jump).map(i64::from),
            Effect::Sum(sum) => Some(sum.value(arg.into())),
        }
    }

    /// Bytes of a code unit: before 3.6 instructions have one or three bytes.
    pub fn has_word_code(&self) -> bool {
        self.version > Version::V2_7
    }

    /// Every instruction by number.
    pub fn iter(&self) -> impl Iterator<Item = (u8, &IsaRow)> {
        self.rows.iter().enumerate().filter_map(|(number, row)| row.as_ref().map(|row| (number as u8, row)))
    }
}

/// Does control never reach the instruction after one of this name by falling through?
pub fn is_terminator(name: &str) -> bool {
    matches!(
        name,
        "RETURN_VALUE"
            | "RETURN_CONST"
            | "RAISE_VARARGS"
            | "RERAISE"
            | "INTERPRETER_EXIT"
            | "JUMP_FORWARD"
            | "JUMP_ABSOLUTE"
            | "JUMP_BACKWARD"
            | "JUMP_BACKWARD_NO_INTERRUPT"
            | "CONTINUE_LOOP"
            | "BREAK_LOOP"
            | "STOP_CODE"
    )
}

/// Is a jump, by name, only an annotation for monitoring?
pub fn is_annotation(name: &str) -> bool {
    name == "END_ASYNC_FOR"
}

fn parse_row(line: &'static str) -> Option<(u8, IsaRow)> {
    let mut words = line.split(' ');
    let number = words.next()?.parse().ok()?;
    let name = words.next()?;
    let mut flags = Flags(0);
    for flag in words.next()?.split('|') {
        flags = flags.with(match flag {
            "ARG" => Flags::ARG,
            "CONST" => Flags::CONST,
            "NAME" => Flags::NAME,
            "JUMP" => Flags::JUMP,
            "ABS" => Flags::ABS,
            "BACK" => Flags::BACK,
            "LOCAL" => Flags::LOCAL,
            "FREE" => Flags::FREE,
            "COMPARE" => Flags::COMPARE,
            _ => Flags(0),
        });
    }
    let caches = words.next()?.parse().ok()?;
    let effect = |word| Sum::parse(word).map_or(Effect::Unknown, Effect::Sum);
    let normal = effect(words.next()?);
    let jump_effect = words.next().map_or(normal, effect);
    Some((number, IsaRow { name, flags, caches, effect: normal, jump_effect }))
}

impl Sum {
    /// Reads an effect's text; `None` for `?`.
    fn parse(text: &str) -> Option<Sum> {
        let mut sum = Sum::default();
        for term in text.replace('-', "+-").split('+').filter(|term| !term.is_empty()) {
            let (sign, body) = term.strip_prefix('-').map_or((1, term), |body| (-1, body));
            match body {
                "n" => sum.n += sign,
                "2n" => sum.n += 2 * sign,
                "2hi" => sum.hi += 2 * sign,
                "b0" => sum.b0 += sign,
                "lo" => sum.lo += sign,
                "hi" => sum.hi += sign,
                "p4" => sum.p4 += sign,
                "p5" => sum.p5 += sign,
                "f4" => sum.f4 += sign,
                "s3" => sum.s3 += sign,
                number => sum.number += sign * number.parse::<i8>().ok()?,
            }
        }
        Some(sum)
    }

    fn value(&self, n: i64) -> i64 {
        let count = |mask: i64| i64::from((n & mask).count_ones());
        i64::from(self.number)
            + i64::from(self.n) * n
            + i64::from(self.b0) * (n & 1)
            + i64::from(self.lo) * (n & 255)
            + i64::from(self.hi) * (n >> 8)
            + i64::from(self.p4) * count(15)
            + i64::from(self.p5) * count(31)
            + i64::from(self.f4) * (n >> 2 & 1)
            + i64::from(self.s3) * i64::from(n == 3)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARG: Flags = Flags::ARG;
    const CONST: Flags = Flags::CONST;
    const NAME: Flags = Flags::NAME;
    const JUMP: Flags = Flags::JUMP;
    const LOCAL: Flags = Flags::LOCAL;
    const FREE: Flags = Flags::FREE;
    const COMPARE: Flags = Flags::COMPARE;
    const BACK: Flags = Flags::BACK;

    #[test]
    fn the_instruction_table_is_cpythons() {
        let recorded = Isa::parse(Version::V3_14, include_str!("tables/3.14.txt"));
        let ours = Isa::of(Version::V3_14);
        for op in 0..=255 {
            let (Some(theirs), Some(row)) = (recorded.row(op), ours.row(op)) else {
                assert_eq!(recorded.row(op).is_some(), ours.row(op).is_some(), "{op}");
                continue;
            };
            let shown = [ARG, CONST, NAME, JUMP, LOCAL, FREE, COMPARE, BACK].map(|flag| row.flags.has(flag));
            assert_eq!(row.name, theirs.name);
            assert_eq!(
                shown,
                [ARG, CONST, NAME, JUMP, LOCAL, FREE, COMPARE, BACK].map(|flag| theirs.flags.has(flag)),
                "{}",
                row.name
            );
            for arg in [0, 1, 2, 3, 7, 255, 256, 770].into_iter().filter(|&arg| arg == 0 || theirs.flags.has(ARG)) {
                let effect = |isa: &Isa| [false, true].map(|jump| isa.stack_effect(op, arg, jump));
                assert_eq!(effect(ours), effect(&recorded), "{} {arg}", row.name);
            }
            // CPython's table has no caches for instrumented instructions; they stand on their twins' units.
            assert!(row.caches == theirs.caches || row.name.starts_with("INSTRUMENTED_"), "{}", row.name);
        }
    }

    #[test]
    fn every_line_of_every_table_is_understood() {
        for (version, text) in Version::ALL.into_iter().zip(TEXTS) {
            let isa = Isa::of(version);
            assert!(isa.extended_arg != 0, "{version}");
            for line in text.lines() {
                let (number, row) = parse_row(line).unwrap_or_else(|| panic!("{version}: {line}"));
                assert_eq!(isa.name(number), row.name);
                for jump in [false, true] {
                    assert!(isa.stack_effect(number, 1, jump).is_some(), "{version}: {line}");
                }
            }
        }
        assert_eq!(Isa::of(Version::V3_9).stack_effect(94, 0x203, false), Some(5));
        assert_eq!(Isa::of(Version::V3_9).stack_effect(122, 0, true), Some(6));
    }
}
