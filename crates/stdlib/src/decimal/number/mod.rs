//! Decimal arithmetic without Python: Mike Cowlishaw's General Decimal Arithmetic Specification (version 1.70) on numbers of any
//! precision. The objects of `_decimal` are built on it.
//!
//! * [`natural`], [`multiply`], [`divide`]: coefficients
//! * [`decimal`]: the number; [`context`]: precision, range, rounding, status; [`round`]: fitting a number into a context
//! * [`text`]: reading and printing; [`arithmetic`], [`division`], [`compare`], [`miscellaneous`], [`logical`]: operations
//! * [`transcendental`], [`power`]: correctly rounded functions
//!
//! Every operation takes a [`Ctx`] and notes in its status what happened; signals are the caller's affair. The operands of an
//! operation are exact, its result fits the context.

pub mod arithmetic;
pub mod compare;
pub mod context;
pub mod decimal;
pub mod divide;
pub mod division;
pub mod logical;
pub mod miscellaneous;
pub mod multiply;
pub mod natural;
pub mod power;
pub mod round;
pub mod text;
pub mod transcendental;

pub use context::{Ctx, Rounding, status};
pub use decimal::{Kind, Number};
pub use natural::Natural;
