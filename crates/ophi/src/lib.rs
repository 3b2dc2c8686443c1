//! The library face of `ophi`: configuration, the life of an interpreter, and the parts of the command that other programs
//! may use.

pub mod config;
pub mod inspect;
pub mod repl;
pub mod start;
