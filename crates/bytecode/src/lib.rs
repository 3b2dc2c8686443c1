//! The instruction set, code objects as plain data, and everything that reads or writes them as bytes or text.
//!
//! This crate knows no syntax tree and no Python object: a code object here is a value of Rust (`CodeObject`), made by
//! the compiler or read from a `.pyc`, and turned into objects by the runtime.

#![forbid(unsafe_code)]

pub mod code;
pub mod decode;
pub mod instruction;
pub mod isa;
pub mod lines;
pub mod marshal;
pub mod pyc;
pub mod pystring;
pub mod stored;
pub mod text;
pub mod varint;
pub mod verify;
pub mod version;

pub use code::{CodeObject, Complex, Constant, ExceptionEntry, Position};
pub use instruction::{Flags, IrOpcode, Opcode};
pub use pystring::PyString;
pub use version::Version;
