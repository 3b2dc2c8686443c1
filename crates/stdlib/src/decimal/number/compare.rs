//! Comparisons, maximum and minimum, total order.

use super::context::{Ctx, status};
use super::{Kind, Number};
use core::cmp::Ordering;

/// The order of two numbers that are not NaN.
pub fn order(a: &Number, b: &Number) -> Ordering {
    let sign = |n: &Number| match (n.is_zero(), n.negative) {
        (true, _) => 0,
        (_, true) => -1,
        _ => 1,
    };
    let (x, y) = (sign(a), sign(b));
    if x != y {
        return x.cmp(&y);
    }
    let magnitude = magnitude_order(a, b);
    if x < 0 { magnitude.reverse() } else { magnitude }
}

/// The order of the absolute values of two numbers that are not NaN.
pub fn magnitude_order(a: &Number, b: &Number) -> Ordering {
    match (a.is_infinite(), b.is_infinite()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Greater,
        (false, true) => return Ordering::Less,
        _ => {}
    }
    match (a.coefficient.is_zero(), b.coefficient.is_zero()) {
        (true, true) => return Ordering::Equal,
        (true, false) => return Ordering::Less,
        (false, true) => return Ordering::Greater,
        _ => {}
    }
    if a.exponent == b.exponent {
        return a.coefficient.cmp(&b.coefficient);
    }
    a.adjusted().cmp(&b.adjusted()).then_with(|| {
        // The same number of digits after alignment: appending zeros costs at most the longer coefficient.
        if a.exponent > b.exponent {
            a.coefficient.shl((a.exponent - b.exponent) as usize).cmp(&b.coefficient)
        } else {
            a.coefficient.cmp(&b.coefficient.shl((b.exponent - a.exponent) as usize))
        }
    })
}

fn number_of(ordering: Ordering) -> Number {
    Number::small(match ordering {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    })
}

/// The total order over all representations: -NaN < -sNaN < -Infinity < finite numbers < Infinity < sNaN < NaN; equal numbers
/// by exponent.
pub fn total_order(a: &Number, b: &Number) -> Ordering {
    if a.negative != b.negative {
        return if a.negative { Ordering::Less } else { Ordering::Greater };
    }
    let magnitude = total_magnitude_order(a, b);
    if a.negative { magnitude.reverse() } else { magnitude }
}

pub fn total_magnitude_order(a: &Number, b: &Number) -> Ordering {
    let class = |n: &Number| match n.kind {
        Kind::Finite | Kind::Infinity => 0,
        Kind::SignalingNan => 1,
        Kind::QuietNan => 2,
    };
    class(a).cmp(&class(b)).then_with(|| match a.is_nan() {
        true => a.coefficient.cmp(&b.coefficient),
        false => magnitude_order(a, b).then_with(|| a.exponent.cmp(&b.exponent)),
    })
}

#[derive(Clone, Copy, PartialEq)]
pub enum Extreme {
    Max,
    Min,
}

impl Ctx<'_> {
    pub fn compare(&mut self, a: &Number, b: &Number) -> Number {
        match self.nan_of(&[a, b]) {
            Some(nan) => nan,
            None => number_of(order(a, b)),
        }
    }

    /// Quiet NaN signal too.
    pub fn compare_signal(&mut self, a: &Number, b: &Number) -> Number {
        if let Some(nan) = self.nan_of(&[a, b]) {
            self.note(status::INVALID_OPERATION);
            return nan;
        }
        number_of(order(a, b))
    }

    pub fn compare_total(&self, a: &Number, b: &Number) -> Number {
        number_of(total_order(a, b))
    }

    pub fn compare_total_magnitude(&self, a: &Number, b: &Number) -> Number {
        number_of(total_magnitude_order(a, b))
    }

    /// The larger or smaller operand; a number wins over a quiet NaN.
    pub fn extreme(&mut self, a: &Number, b: &Number, which: Extreme, by_magnitude: bool) -> Number {
        if a.is_nan() || b.is_nan() {
            if a.kind == Kind::QuietNan && !b.is_nan() {
                return self.finish(b.clone());
            }
            if b.kind == Kind::QuietNan && !a.is_nan() {
                return self.finish(a.clone());
            }
            if let Some(nan) = self.nan_of(&[a, b]) {
                return nan;
            }
        }
        let ordering = if by_magnitude { magnitude_order(a, b) } else { order(a, b) };
        let ordering = if ordering == Ordering::Equal { total_order(a, b) } else { ordering };
        let first = match which {
            Extreme::Max => ordering != Ordering::Less,
            Extreme::Min => ordering == Ordering::Less,
        };
        self.finish(if first { a.clone() } else { b.clone() })
    }
}
