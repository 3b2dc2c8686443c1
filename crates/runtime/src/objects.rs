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

/// Clears the weak references to a dying object and runs their callbacks. Without weak references there is nothing to do:
/// the heap calls this only for objects that carry the mark.
pub fn forget_weak_references(_vm: &crate::Vm, _object: core::ptr::NonNull<ophi_heap::Header>) {}
