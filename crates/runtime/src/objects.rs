//! The builtin types, a folder each with the same file names:
//! `mod.rs` payload, definition, constructors; `methods.rs` the methods; `slots.rs` the operations; `iter.rs` its iterators.

pub mod buffer;
pub mod dict;
pub mod exceptions;
pub mod float;
pub mod int;
pub mod list;
pub mod object;
pub mod singletons;
pub mod str;
pub mod tuple;
pub mod r#type;
