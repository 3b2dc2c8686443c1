//! The front end: source text and positions, tokens, tree, and the errors about them.
//!
//! It knows neither bytecode nor objects: text goes in, plain data comes out.
#![forbid(unsafe_code)]

pub mod ast;
pub mod diagnostic;
pub mod lexer;
pub mod printable;
pub mod source;
pub mod token;
pub mod tokenize;
pub mod unicode;

pub use diagnostic::{DiagnosticKind, ErrorLocation, SourceWarning, SyntaxDiagnostic, WarningCategory};
pub use lexer::{LexOptions, Mode, Stop, Tokens, tokenize_all};
pub use source::Source;
pub use token::{Token, TokenKind};
