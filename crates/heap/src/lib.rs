//! Memory: the word a Python value is, the object behind it, and who gives it back.
//!
//! * [`value`]   the 64-bit tagged word [`Value`], owned and counted
//! * [`header`]  the 16 bytes every object starts with, the collector's prefix, and what a type tells the heap
//! * [`object`]  typed objects: [`Ref`], allocation, the tail of slots and attributes, deallocation
//! * [`cell`]    interior mutability under the GIL
//! * [`pool`]    pools of fixed-size blocks for small objects, accounting and limits
//! * [`gc`]      the generational cycle collector
//! * [`describe`] references by name, for the walk that explains every count
//! * [`native`]  the bytes that Rust's own collections hold
//! * [`zeal`]    (feature) collects at every n-th allocation, refuses the n-th, poisons what is freed
//! * [`buffer`]  accounted, fallible storage of lists and numbers
//! * [`copying`] copies between large blocks
//! * [`indexed`] the memory of a compact hash table
//! * [`places`]  the memory of an open hash table
//!
//! This crate knows no Python type and no interpreter. It is the home of `unsafe`: everything above sees owned values,
//! references bound by lifetimes, and results.
//!
//! Invariant: a thread may touch a value only while it is attached to the heap that owns it (it holds that interpreter's
//! GIL); [`attach`] says which heap that is, and dropping a value gives memory back to the attached heap.

pub mod buffer;
pub mod cell;
pub mod copying;
pub mod describe;
pub mod gc;
pub mod header;
pub mod indexed;
pub mod native;
pub mod object;
pub mod places;
pub mod pool;
pub mod value;
#[cfg(any(debug_assertions, feature = "zeal"))]
pub mod zeal;

pub use buffer::{
    Accounted, Buffer, OutOfMemory, TryPush, buffer_with_capacity, extend_bytes, in_registers, new_buffer, remove_from,
};
pub use cell::{GilCell, ValueCell};
pub use copying::{copy_bytes, copy_values};
pub use describe::{Edge, Edges, Part};
pub use header::{GcHead, Header, Layout, TypeFields, TypeFlags, TypeHead};
pub use indexed::Indexed;
pub use object::{Functions, Make, Object, Ref, Trace, Visitor, tail};
pub use places::{Place, REMOVED, copied_places, drop_places, find_place, free_place, unused_places};
pub use pool::{Heap, Hooks, attach, current};
pub use value::Value;
