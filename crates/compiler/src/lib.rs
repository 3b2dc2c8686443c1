//! From the syntax tree to a code object: symbol tables, code generation, flow graph, assembly.
//!
//! The stages are CPython's, because the aim is its bytecode to the byte: `preprocess` rewrites the tree a little,
//! `symtable` decides what each name is, `codegen` writes a linear instruction sequence, the flow graph optimises it,
//! the assembler lays it out.
#![forbid(unsafe_code)]

pub mod assemble;
mod error;
pub mod flowgraph;
pub mod future;
pub mod instruction_sequence;
pub mod preprocess;
pub mod symtable;

pub use error::{CompileError, Warning};
pub use instruction_sequence::{Location, NO_LOCATION};

use ophi_syntax::ast::Range;

/// `PyCF_ALLOW_TOP_LEVEL_AWAIT`: a module may await, and then is a coroutine.
pub const ALLOW_TOP_LEVEL_AWAIT: u32 = 0x2000;

/// A node's position as the later stages keep it.
pub(crate) fn location(range: Range) -> Location {
    Location {
        line: range.lineno as i32,
        end_line: range.end_lineno as i32,
        col: range.col_offset as i32,
        end_col: range.end_col_offset as i32,
    }
}
