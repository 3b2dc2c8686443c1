//! The machine that runs the code of `re`'s compiler (the format is described in the library's `re/_compiler.py`).
//!
//! Method: a backtracking machine with one explicit stack. Matching walks forward through the code; where more than one way
//! is open, the others are pushed as *choices*; what is changed on the way (marks of groups, counters of repeats) is pushed
//! with its old value. Failure pops: changes are undone, the first choice found is taken. Deep subjects need memory, not
//! machine stack.
//!
//! Sub-patterns that are matched on their own (assertions, atomic groups, possessive repeats) put a *barrier* on the stack;
//! when they succeed, the choices above it are dropped and the changes stay, so that they can still be undone.
//!
//! Invariant: `barriers` are the positions of the open barriers on the stack, ascending.

pub mod program;
mod run;
mod search;

pub use program::Program;
pub use run::{Machine, Scratch, UNSET};

/// The version of the code that this machine understands (`_sre.MAGIC`).
pub const MAGIC: i64 = 20230612;
/// Bytes of a unit of code.
pub const CODE_SIZE: usize = 4;
/// "No upper bound" of a repeat.
pub const MAX_REPEAT: u32 = u32::MAX;

/// A unit of a subject.
pub trait Unit: Copy + Into<u32> + PartialEq + 'static {
    /// The first unit equal to `c`.
    fn find(units: &[Self], c: u32) -> Option<usize>;
    /// The first place of `needle`, which has at least two units.
    fn find_all(units: &[Self], needle: &[u32]) -> Option<usize> {
        let last = units.len().checked_sub(needle.len())?;
        let mut from = 0;
        while from <= last {
            let at = from + Self::find(&units[from..=last], needle[0])?;
            if units[at..].iter().zip(needle).all(|(u, c)| (*u).into() == *c) {
                return Some(at);
            }
            from = at + 1;
        }
        None
    }
}

impl Unit for u8 {
    fn find(units: &[u8], c: u32) -> Option<usize> {
        memchr::memchr(u8::try_from(c).ok()?, units)
    }

    fn find_all(units: &[u8], needle: &[u32]) -> Option<usize> {
        let mut bytes: smallvec::SmallVec<[u8; 64]> = smallvec::SmallVec::new();
        for c in needle {
            bytes.push(u8::try_from(*c).ok()?);
        }
        memchr::memmem::find(units, &bytes)
    }
}

impl Unit for u16 {
    fn find(units: &[u16], c: u32) -> Option<usize> {
        let c = u16::try_from(c).ok()?;
        units.iter().position(|u| *u == c)
    }
}

impl Unit for u32 {
    fn find(units: &[u32], c: u32) -> Option<usize> {
        units.iter().position(|u| *u == c)
    }
}

/// Why a match could not be looked for.
#[derive(Debug, PartialEq, Eq)]
pub enum Failure {
    /// The code is not what the compiler makes.
    BadCode,
    OutOfMemory,
}
