//! The front end: source text and positions, tokens, tree, and the errors about them.
//!
//! It knows neither bytecode nor objects: text goes in, plain data comes out.
#![forbid(unsafe_code)]

pub mod ast;
pub mod printable;
