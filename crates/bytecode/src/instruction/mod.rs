//! Instructions: the types derived from the one table (`table.rs`).
//!
//! [`Opcode`] is a real instruction, one byte of the stream. [`IrOpcode`] adds the compiler's pseudo-instructions
//! (numbers from 256); the assembler turns every one of them into real ones. Both are plain numbers with constants, so
//! a byte that names no instruction is representable and answers every query harmlessly ([`Opcode::is_defined`]).
//!
//! ```text
//! stream unit:  byte 0 opcode | byte 1 oparg      (little-endian u16: opcode low)
//! then `caches()` units of inline cache, zero in a code object that has not run
//! ```
//!
//! Opargs above 255 come from preceding EXTENDED_ARG units (eight high bits each, at most three).

mod operands;
mod table;

pub use operands::*;

use crate::for_each_op;

/// What an instruction needs and may do; the letters of the table's flag column (CPython's `HAS_*_FLAG`).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Flags(pub u32);

macro_rules! flags {
    ($($name:ident = $bit:literal, $doc:literal;)*) => {
        impl Flags {
            $(#[doc = $doc] pub const $name: Flags = Flags(1 << $bit);)*
        }
    };
}

flags! {
    ARG = 0, "The oparg means something.";
    CONST = 1, "The oparg indexes `co_consts`.";
    NAME = 2, "The oparg indexes `co_names` (shifted for LOAD_ATTR, LOAD_GLOBAL, LOAD_SUPER_ATTR).";
    JUMP = 3, "The oparg is a distance to a jump target.";
    FREE = 4, "The oparg indexes `localsplus` and the slot holds a cell.";
    LOCAL = 5, "The oparg indexes `localsplus`.";
    EVAL_BREAK = 6, "Checks for signals, GIL requests and the like.";
    DEOPT = 7, "May give up its specialisation.";
    ERROR = 8, "May raise.";
    ESCAPES = 9, "May run arbitrary code.";
    EXIT = 10, "May leave a trace (CPython's tier 2).";
    PURE = 11, "Only moves values.";
    PASSTHROUGH = 12, "Its inputs stay on the stack.";
    OPARG_AND_1 = 13, "Has two forms chosen by the lowest bit.";
    ERROR_NO_POP = 14, "May raise before its inputs are popped.";
    NO_SAVE_IP = 15, "Does not save the instruction pointer.";
    EXC = 16, "Starts a protected range; its target is an exception handler.";
    ABS = 17, "A jump whose oparg is a place, not a distance (before 3.12; see `isa`).";
    BACK = 18, "A jump whose distance counts backwards (see `isa`).";
    COMPARE = 19, "The oparg selects a comparison (see `isa`).";
}

impl Flags {
    /// Are all bits of `other` set?
    #[inline]
    pub const fn has(self, other: Flags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both sets of bits.
    pub const fn with(self, other: Flags) -> Flags {
        Flags(self.0 | other.0)
    }
}

/// Which part of the table an instruction stands in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Compilers emit it.
    Plain,
    /// The interpreter writes it over its base.
    Specialised,
    /// Written over its base while monitored.
    Instrumented,
    /// Ours: a specialisation or superinstruction on a number CPython leaves free.
    Ours,
    /// Known to the compiler only.
    Pseudo,
    /// No instruction has this number.
    Undefined,
}

/// One byte of the stream: a real instruction.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct Opcode(pub u8);

/// A real or pseudo instruction, as the compiler handles them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(transparent)]
pub struct IrOpcode(pub u16);

/// Everything the table says about one number.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Its name, or `"<n>"` for no instruction (as `opcode.opname`); see [`Opcode::name`].
    pub name: &'static str,
    /// Where it stands.
    pub kind: Kind,
    /// The instruction it is a form of.
    pub base: u16,
    /// For a superinstruction, the instruction that follows in the stream.
    pub second: Option<u8>,
    /// Cache units.
    pub caches: u8,
    /// What it needs and may do.
    pub flags: Flags,
    /// Stack picture and purpose.
    pub doc: &'static str,
}

/// Numbers below this are real instructions.
pub const PSEUDO_START: u16 = 256;
/// One more than the highest number, pseudo-instructions included.
pub const IR_OPCODE_END: u16 = 267;
/// Lowest number with an argument, as `opcode.HAVE_ARGUMENT` (3.14: the last opcode without).
pub const HAVE_ARGUMENT: u8 = 43;
/// Lowest number of a specialised instruction of CPython's.
pub const MIN_SPECIALIZED_OPCODE: u8 = 129;
/// Lowest number of an instrumented instruction.
pub const MIN_INSTRUMENTED_OPCODE: u8 = 234;

macro_rules! kind_of {
    (plain) => {
        Kind::Plain
    };
    (specialised) => {
        Kind::Specialised
    };
    (instrumented) => {
        Kind::Instrumented
    };
    (ours) => {
        Kind::Ours
    };
    (pseudo) => {
        Kind::Pseudo
    };
}

macro_rules! real_consts {
    (pseudo { $($rest:tt)* }) => {};
    ($section:ident { $($name:ident = $number:literal, $base:ident $(+ $second:ident)*, $caches:literal,
        [$($flag:ident)*], |$oparg:pat_param| $popped:expr => $pushed:expr, $doc:literal;)* }) => {
        impl Opcode { $(#[doc = $doc] pub const $name: Opcode = Opcode($number);)* }
    };
}

macro_rules! derive {
    ($($section:ident { $($name:ident = $number:literal, $base:ident $(+ $second:ident)*, $caches:literal,
        [$($flag:ident)*], |$oparg:pat_param| $popped:expr => $pushed:expr, $doc:literal;)* })*) => {
        $(real_consts! { $section { $($name = $number, $base $(+ $second)*, $caches,
            [$($flag)*], |$oparg| $popped => $pushed, $doc;)* } })*

        impl IrOpcode {
            $($(#[doc = $doc] pub const $name: IrOpcode = IrOpcode($number);)*)*

            /// How many values the instruction takes from the stack and puts on it. For an instruction that starts a
            /// protected range: on entering the handler. `None` for a number that is no instruction.
            pub const fn effect(self, arg: u32) -> Option<(i64, i64)> {
                let arg = arg as i64;
                match self {
                    $($(IrOpcode::$name => {
                        let $oparg = arg;
                        Some(($popped, $pushed))
                    })*)*
                    _ => None,
                }
            }
        }

        static ROWS: [Row; IR_OPCODE_END as usize] = {
            let none = Row {
                name: "", kind: Kind::Undefined, base: 0, second: None, caches: 0, flags: Flags(0), doc: "",
            };
            let mut rows = [none; IR_OPCODE_END as usize];
            $($(
                assert!(matches!(rows[$number].kind, Kind::Undefined), "two instructions share a number");
                rows[$number] = Row {
                    name: stringify!($name),
                    kind: kind_of!($section),
                    base: IrOpcode::$base.0,
                    second: { let _second: Option<u8> = None; $(let _second = Some(Opcode::$second.0);)* _second },
                    caches: $caches,
                    flags: Flags(0)$(.with(Flags::$flag))*,
                    doc: $doc,
                };
            )*)*
            rows
        };
    };
}
for_each_op!(derive);

/// `opname` texts of the numbers that name nothing, as CPython's `opcode.opname` has them.
fn undefined_name(number: u16) -> &'static str {
    static NAMES: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();
    let names = NAMES.get_or_init(|| (0..IR_OPCODE_END).map(|n| format!("<{n}>")).collect());
    names.get(number as usize).map_or("<unknown>", |s| s.as_str())
}

/// For each byte, the plain instruction that `co_code` shows for it; itself where nothing is to undo. Instrumented
/// instructions map to their plain twin where the twin is known without the code object's monitoring data.
pub static DEOPT: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match ROWS[i].kind {
            Kind::Undefined | Kind::Pseudo => i as u8,
            _ => ROWS[i].base as u8,
        };
        i += 1;
    }
    table
};

/// What the passes of the compiler ask of every instruction again and again, in a few bytes a number: see [`IrOpcode::flags`],
/// [`IrOpcode::caches`], [`IrOpcode::quick_effect`].
static IR_FLAGS: [Flags; IR_OPCODE_END as usize] = {
    let mut table = [Flags(0); IR_OPCODE_END as usize];
    let mut i = 0;
    while i < IR_OPCODE_END as usize {
        table[i] = ROWS[i].flags;
        i += 1;
    }
    table
};
static IR_CACHES: [u8; IR_OPCODE_END as usize] = {
    let mut table = [0; IR_OPCODE_END as usize];
    let mut i = 0;
    while i < IR_OPCODE_END as usize {
        table[i] = ROWS[i].caches;
        i += 1;
    }
    table
};
/// What an instruction takes or pushes: a number, so many times the oparg, and so many times its lowest bit.
#[derive(Clone, Copy)]
struct Linear {
    fixed: i8,
    by_oparg: i8,
    by_low_bit: i8,
}

impl Linear {
    #[inline(always)]
    const fn is_formula(self) -> bool {
        self.fixed != NO_FORMULA.fixed
    }

    #[inline(always)]
    const fn of(self, arg: i64) -> i64 {
        self.fixed as i64 + self.by_oparg as i64 * arg + self.by_low_bit as i64 * (arg & 1)
    }

    /// From the values for the opargs 0, 1 and 2.
    const fn through(zero: i64, one: i64, two: i64) -> Linear {
        let by_oparg = (two - zero) / 2;
        Linear { fixed: zero as i8, by_oparg: by_oparg as i8, by_low_bit: (one - zero - by_oparg) as i8 }
    }
}

/// [`IrOpcode::effect`] as a formula; [`NO_FORMULA`] where there is no instruction or no so simple a one.
static LINEAR_EFFECTS: [(Linear, Linear); IR_OPCODE_END as usize] = {
    const PROBES: [u32; 9] = [0, 1, 2, 3, 4, 7, 8, 255, 256];
    let mut table = [(NO_FORMULA, NO_FORMULA); IR_OPCODE_END as usize];
    let mut i = 0;
    while i < IR_OPCODE_END as usize {
        let op = IrOpcode(i as u16);
        if let (Some(zero), Some(one), Some(two)) = (op.effect(0), op.effect(1), op.effect(2)) {
            let popped = Linear::through(zero.0, one.0, two.0);
            let pushed = Linear::through(zero.1, one.1, two.1);
            let mut same = true;
            let mut probe = 0;
            while probe < PROBES.len() {
                let arg = PROBES[probe];
                if let Some(other) = op.effect(arg) {
                    same &= other.0 == popped.of(arg as i64) && other.1 == pushed.of(arg as i64);
                }
                probe += 1;
            }
            if same {
                table[i] = (popped, pushed);
            }
        }
        i += 1;
    }
    table
};

/// [`IrOpcode::stack_effect`] without a jump as a formula; [`NO_FORMULA`] where there is no instruction or no so simple a one.
static NET_EFFECTS: [Linear; IR_OPCODE_END as usize] = {
    let mut table = [NO_FORMULA; IR_OPCODE_END as usize];
    let mut i = 0;
    while i < IR_OPCODE_END as usize {
        if ROWS[i].flags.has(Flags::EXC) {
            table[i] = Linear { fixed: 0, by_oparg: 0, by_low_bit: 0 };
        } else if !matches!(ROWS[i].kind, Kind::Specialised | Kind::Ours | Kind::Undefined)
            && LINEAR_EFFECTS[i].0.is_formula()
        {
            let (popped, pushed) = LINEAR_EFFECTS[i];
            table[i] = Linear {
                fixed: pushed.fixed - popped.fixed,
                by_oparg: pushed.by_oparg - popped.by_oparg,
                by_low_bit: pushed.by_low_bit - popped.by_low_bit,
            };
        }
        i += 1;
    }
    table
};
const NO_FORMULA: Linear = Linear { fixed: i8::MIN, by_oparg: 0, by_low_bit: 0 };

/// Cache units after each byte's instruction.
pub static CACHES: [u8; 256] = {
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = ROWS[i].caches;
        i += 1;
    }
    table
};

impl Opcode {
    /// The table's row.
    #[inline]
    pub fn row(self) -> &'static Row {
        &ROWS[self.0 as usize]
    }

    /// Does an instruction have this number?
    pub fn is_defined(self) -> bool {
        self.row().kind != Kind::Undefined
    }

    /// Its name; `<n>` if no instruction has the number.
    pub fn name(self) -> &'static str {
        IrOpcode::from(self).name()
    }

    /// The real instruction of that name.
    pub fn from_name(name: &str) -> Option<Opcode> {
        IrOpcode::from_name(name)?.real()
    }

    /// 16-bit units of inline cache that follow it.
    #[inline]
    pub fn caches(self) -> usize {
        CACHES[self.0 as usize] as usize
    }

    /// The plain instruction `co_code` shows for it.
    #[inline]
    pub fn deopt(self) -> Opcode {
        Opcode(DEOPT[self.0 as usize])
    }

    /// Is it a specialised form (CPython's or ours)?
    pub fn is_specialised(self) -> bool {
        matches!(self.row().kind, Kind::Specialised | Kind::Ours)
    }

    /// Its instrumented twin, if it has one.
    pub fn instrumented(self) -> Option<Opcode> {
        (u16::from(MIN_INSTRUMENTED_OPCODE)..PSEUDO_START)
            .find(|&n| {
                let row = &ROWS[n as usize];
                row.kind == Kind::Instrumented && row.base == u16::from(self.0) && n != u16::from(self.0)
            })
            .map(|n| Opcode(n as u8))
    }

    /// The specialised forms of this base, in order of their numbers; CPython's only unless `ours`.
    pub fn family(self, ours: bool) -> impl Iterator<Item = Opcode> {
        Opcode::all().filter(move |op| {
            let row = op.row();
            row.base == u16::from(self.0) && (row.kind == Kind::Specialised || ours && row.kind == Kind::Ours)
        })
    }

    /// What it needs and may do.
    #[inline]
    pub fn flags(self) -> Flags {
        self.row().flags
    }

    /// Does its oparg mean anything?
    #[inline]
    pub fn has_arg(self) -> bool {
        self.flags().has(Flags::ARG)
    }

    /// Values popped and pushed; `None` if no instruction has the number.
    pub fn effect(self, arg: u32) -> Option<(i64, i64)> {
        IrOpcode::from(self).effect(arg)
    }

    /// Does it leave the frame or raise, so that nothing flows to the next instruction?
    pub fn is_exit(self) -> bool {
        matches!(
            self.deopt(),
            Opcode::RETURN_VALUE | Opcode::RAISE_VARARGS | Opcode::RERAISE | Opcode::INTERPRETER_EXIT
        )
    }

    /// Does control never reach the next instruction by falling through?
    pub fn is_unconditional(self) -> bool {
        let op = self.deopt();
        op.is_exit() || matches!(op, Opcode::JUMP_FORWARD | Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT)
    }

    /// Is it a jump whose distance counts backwards?
    pub fn is_backward_jump(self) -> bool {
        matches!(self.deopt(), Opcode::JUMP_BACKWARD | Opcode::JUMP_BACKWARD_NO_INTERRUPT | Opcode::END_ASYNC_FOR)
    }

    /// Every real instruction, by number.
    pub fn all() -> impl Iterator<Item = Opcode> {
        (0..=255u8).map(Opcode).filter(|op| op.is_defined())
    }
}

impl IrOpcode {
    /// The table's row, if an instruction has the number.
    pub fn row(self) -> Option<&'static Row> {
        ROWS.get(self.0 as usize).filter(|row| row.kind != Kind::Undefined)
    }

    /// The real instruction, unless it is a pseudo one.
    #[inline]
    pub fn real(self) -> Option<Opcode> {
        u8::try_from(self.0).ok().map(Opcode)
    }

    /// Is it known to the compiler only?
    pub fn is_pseudo(self) -> bool {
        self.0 >= PSEUDO_START
    }

    /// Its name; `<n>` if no instruction has the number.
    pub fn name(self) -> &'static str {
        self.row().map_or_else(|| undefined_name(self.0), |row| row.name)
    }

    /// The instruction of that name.
    pub fn from_name(name: &str) -> Option<IrOpcode> {
        ROWS.iter().position(|row| row.name == name && row.kind != Kind::Undefined).map(|n| IrOpcode(n as u16))
    }

    /// What it needs and may do.
    #[inline]
    pub const fn flags(self) -> Flags {
        if self.0 < IR_OPCODE_END { IR_FLAGS[self.0 as usize] } else { Flags(0) }
    }

    /// Does its oparg mean anything?
    pub fn has_arg(self) -> bool {
        self.flags().has(Flags::ARG)
    }

    /// Does it carry a label: a jump or the start of a protected range?
    pub fn has_target(self) -> bool {
        self.flags().0 & (Flags::JUMP.0 | Flags::EXC.0) != 0
    }

    /// Does it start a protected range (SETUP_FINALLY, SETUP_CLEANUP, SETUP_WITH)?
    pub fn is_block_push(self) -> bool {
        self.flags().has(Flags::EXC)
    }

    /// 16-bit units of inline cache that follow it.
    #[inline]
    pub fn caches(self) -> usize {
        IR_CACHES.get(self.0 as usize).map_or(0, |&caches| caches as usize)
    }

    /// [`IrOpcode::effect`], by a formula where it is simple enough.
    #[inline]
    pub fn quick_effect(self, arg: u32) -> Option<(i64, i64)> {
        match LINEAR_EFFECTS.get(self.0 as usize) {
            Some((popped, pushed)) if popped.is_formula() => {
                Some((popped.of(i64::from(arg)), pushed.of(i64::from(arg))))
            }
            _ => self.effect(arg),
        }
    }

    /// Net effect on the stack depth, along the jump or falling through (CPython `Python/flowgraph.c`,
    /// `get_stack_effects`): only the block-pushing pseudo-instructions tell the two apart. `None` for specialised
    /// instructions and numbers that name nothing, as `dis.stack_effect` raises for them.
    pub fn stack_effect(self, arg: u32, jump: bool) -> Option<i32> {
        if !jump && self.flags().has(Flags::EXC) {
            return Some(0);
        }
        let row = self.row()?;
        if matches!(row.kind, Kind::Specialised | Kind::Ours) {
            return None;
        }
        let (popped, pushed) = self.quick_effect(arg)?;
        i32::try_from(pushed - popped).ok()
    }

    /// [`IrOpcode::stack_effect`] without a jump where it is a simple formula of the oparg, which is not extended twice.
    /// Without a branch that depends on the instruction, for the walk that asks this of every one.
    #[inline]
    pub fn linear_net_effect(self, arg: u32) -> Option<i64> {
        let net = NET_EFFECTS.get(self.0 as usize)?;
        (net.is_formula() && arg <= 0xFFFF).then(|| net.of(i64::from(arg)))
    }

    /// Every instruction, pseudo ones included, by number.
    pub fn all() -> impl Iterator<Item = IrOpcode> {
        (0..IR_OPCODE_END).map(IrOpcode).filter(|op| op.row().is_some())
    }
}

impl From<Opcode> for IrOpcode {
    #[inline]
    fn from(op: Opcode) -> IrOpcode {
        IrOpcode(u16::from(op.0))
    }
}

impl std::fmt::Debug for Opcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

impl std::fmt::Debug for IrOpcode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_instructions_stand_on_free_numbers_over_plain_ones() {
        for op in Opcode::all() {
            let row = op.row();
            let base = Opcode(row.base as u8);
            if row.kind == Kind::Ours {
                assert!(matches!(op.0, 121..=127 | 212..=233), "{op:?}");
            }
            if matches!(row.kind, Kind::Ours | Kind::Specialised) {
                assert_eq!(base.row().kind, Kind::Plain, "{op:?}");
                assert_eq!((op.caches(), op.deopt()), (base.caches(), base), "{op:?}");
            }
            if row.kind == Kind::Specialised || row.kind == Kind::Ours && row.second.is_none() {
                assert_eq!(op.effect(3), base.effect(3), "{op:?}");
            }
        }
    }

    #[test]
    fn the_quick_effect_is_the_effect() {
        for op in IrOpcode::all() {
            for arg in (0..600).chain([1 << 16, (1 << 16) + 1, 1 << 24, i32::MAX as u32]) {
                assert_eq!(op.quick_effect(arg), op.effect(arg), "{op:?} {arg}");
                if let Some(net) = op.linear_net_effect(arg) {
                    assert_eq!(op.stack_effect(arg, false), i32::try_from(net).ok(), "{op:?} {arg}");
                }
            }
        }
    }

    #[test]
    fn names_and_twins() {
        assert_eq!(Opcode::from_name("LOAD_FAST"), Some(Opcode::LOAD_FAST));
        assert_eq!(IrOpcode::from_name("SETUP_WITH"), Some(IrOpcode::SETUP_WITH));
        assert_eq!(Opcode::from_name("SETUP_WITH"), None);
        assert_eq!(Opcode(121).name(), "<121>");
        assert_eq!(Opcode::CALL.instrumented(), Some(Opcode::INSTRUMENTED_CALL));
        assert_eq!(Opcode::NOP.instrumented(), None);
        assert_eq!(IrOpcode::SETUP_CLEANUP.stack_effect(0, true), Some(2));
        assert_eq!(IrOpcode::SETUP_CLEANUP.stack_effect(0, false), Some(0));
        assert_eq!(IrOpcode::from(Opcode::CALL_LEN).stack_effect(1, false), None);
    }
}
