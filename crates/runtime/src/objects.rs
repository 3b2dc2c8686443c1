//! The builtin types, a folder each with the same file names:
//! `mod.rs` payload, definition, constructors; `methods.rs` the methods; `slots.rs` the operations; `iter.rs` its iterators.

pub mod abc;
pub mod buffer;
pub mod bytes;
pub mod classmethod;
pub mod collector;
pub mod complex;
pub mod dict;
pub mod exceptions;
pub mod finalize;
pub mod float;
pub mod frame_border;
pub mod generic_alias;
pub mod int;
pub mod list;
pub mod mappingproxy;
pub mod module;
pub mod namespace;
pub mod native_function;
pub mod object;
pub mod property;
pub mod singletons;
pub mod staticmethod;
pub mod str;
pub mod super_object;
pub mod tuple;
pub mod r#type;
pub mod union;
pub mod weakref;
pub mod wrapped_function;
