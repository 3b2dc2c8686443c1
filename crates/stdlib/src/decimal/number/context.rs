//! What an operation is done under, and what it notes.

use super::{Natural, Number};

pub const MAX_PREC: i64 = 999_999_999_999_999_999;
pub const MAX_EMAX: i64 = 999_999_999_999_999_999;
pub const MIN_EMIN: i64 = -999_999_999_999_999_999;
pub const MIN_ETINY: i64 = MIN_EMIN - (MAX_PREC - 1);

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rounding {
    Up,
    Down,
    Ceiling,
    Floor,
    HalfUp,
    HalfDown,
    HalfEven,
    ZeroFiveUp,
}

/// Conditions as bits. The invalid operations of several kinds all raise the signal `InvalidOperation`.
pub mod status {
    pub const CLAMPED: u32 = 1;
    pub const CONVERSION_SYNTAX: u32 = 1 << 1;
    pub const DIVISION_BY_ZERO: u32 = 1 << 2;
    pub const DIVISION_IMPOSSIBLE: u32 = 1 << 3;
    pub const DIVISION_UNDEFINED: u32 = 1 << 4;
    pub const INEXACT: u32 = 1 << 6;
    pub const INVALID_CONTEXT: u32 = 1 << 7;
    pub const INVALID_OPERATION: u32 = 1 << 8;
    pub const NO_MEMORY: u32 = 1 << 9;
    pub const FLOAT_OPERATION: u32 = 1 << 10;
    pub const OVERFLOW: u32 = 1 << 11;
    pub const ROUNDED: u32 = 1 << 12;
    pub const SUBNORMAL: u32 = 1 << 13;
    pub const UNDERFLOW: u32 = 1 << 14;

    /// All that raise the signal InvalidOperation.
    pub const INVALID: u32 =
        CONVERSION_SYNTAX | DIVISION_IMPOSSIBLE | DIVISION_UNDEFINED | INVALID_CONTEXT | INVALID_OPERATION | NO_MEMORY;
}

#[derive(Clone)]
pub struct Ctx<'a> {
    pub prec: i64,
    pub emax: i64,
    pub emin: i64,
    pub rounding: Rounding,
    pub clamp: bool,
    pub status: u32,
    /// May this many bytes be used? Asked before a large coefficient is made.
    pub room: &'a dyn Fn(usize) -> bool,
}

impl<'a> Ctx<'a> {
    /// The widest context: what is representable at all stays exact.
    pub fn widest(room: &'a dyn Fn(usize) -> bool) -> Ctx<'a> {
        Ctx {
            prec: MAX_PREC,
            emax: MAX_EMAX,
            emin: MIN_EMIN,
            rounding: Rounding::HalfEven,
            clamp: false,
            status: 0,
            room,
        }
    }

    /// The exponent of the smallest subnormal.
    pub fn etiny(&self) -> i64 {
        self.emin - (self.prec - 1)
    }

    /// The largest exponent of a number with all digits.
    pub fn etop(&self) -> i64 {
        self.emax - (self.prec - 1)
    }

    pub fn note(&mut self, bits: u32) {
        self.status |= bits;
    }

    /// Is there room for a coefficient of this many digits? Notes its absence.
    pub fn fits(&mut self, digits: i64) -> bool {
        const ALWAYS: i64 = 10_000;
        if digits <= ALWAYS {
            return true;
        }
        let bytes = usize::try_from(digits / 18 * 8 + 8).unwrap_or(usize::MAX);
        // Operations need a few numbers of the size of their result.
        let wanted = bytes.saturating_mul(4);
        let mut probe: Vec<u8> = Vec::new();
        let ok = wanted < 1 << 36 && (self.room)(wanted) && probe.try_reserve_exact(wanted).is_ok();
        if !ok {
            self.note(status::NO_MEMORY);
        }
        ok
    }

    /// NaN, with the condition noted.
    pub fn invalid(&mut self, condition: u32) -> Number {
        self.note(condition);
        Number::nan()
    }

    /// `10^n` when there is room for it.
    pub fn power_of_ten(&mut self, n: i64) -> Option<Natural> {
        self.fits(n).then(|| Natural::power_of_ten(n.max(0) as usize))
    }

    /// `number * 10^n` when there is room for it.
    pub fn shifted(&mut self, number: &Natural, n: i64) -> Option<Natural> {
        if n == 0 || number.is_zero() {
            return Some(number.clone());
        }
        self.fits(number.digits() as i64 + n).then(|| number.shl(n as usize))
    }
}
