//! Code objects as text: Python's `repr` of constants and what `dis` prints.

mod dis;
mod operand;
mod printable;
mod repr;

pub use dis::{DisOptions, dis};
pub use operand::{Operands, is_pair, name_shift};
pub use printable::{is_printable, is_printable_in};
pub use repr::{Repr, head, repr, repr_bytes, repr_str};
