//! The front end: source text and positions, tokens, tree, and the errors about them.
//!
//! It knows neither bytecode nor objects: text goes in, plain data comes out.
#![forbid(unsafe_code)]

pub mod ast;
mod diagnose;
pub mod diagnostic;
pub mod lexer;
pub mod parser;
pub mod printable;
pub mod source;
pub mod token;
pub mod tokenize;
pub mod unicode;
pub mod unparse;

pub use diagnostic::{DiagnosticKind, ErrorLocation, SourceWarning, SyntaxDiagnostic, WarningCategory};
pub use lexer::{LexOptions, Mode, Stop, Tokens, tokenize_all};
pub use parser::{ParseFlags, parse, parse_with_warnings};
pub use source::Source;
pub use token::{Token, TokenKind};

/// Whether the machine stack has grown below the address `limit`. The stages that descend into a text or a tree ask it at every
/// level, for a caller may run on a small stack, or deep in one.
#[inline]
pub fn stack_is_below(limit: usize) -> bool {
    let here = 0u8;
    (&raw const here as usize) < limit
}
