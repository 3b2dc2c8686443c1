//! Typed objects: `Ref<T>`, an owned pointer to a header and a payload `T`; allocation, tail words, deallocation.
//!
//! An instance is header, payload, then the *tail*: one word per `__slots__` entry, then (types with attributes) the dict
//! word and the inline attribute values. All tail words are `Option<Value>`, so the heap can drop and traverse them
//! without knowing what they mean. How many inline values are live stands in the low byte of the header's shape.
//!
//! * [`mod@reference`] the pointer; [`create`] making; [`free`] freeing; [`tail`] the words behind the payload
//! * [`trace`] what a payload tells of its references; [`walk`] whole objects; [`functions`] both as a type holds them

mod create;
mod free;
mod functions;
mod reference;
pub mod tail;
mod trace;
mod walk;

pub use create::extra_bytes;
pub use free::{free_general, free_object, release};
pub use functions::{Functions, Make};
pub use reference::Ref;
pub use trace::{Trace, Visitor};
pub use walk::{clear_object, describe_object, traverse_object};

use crate::header::Header;

#[repr(C)]
pub struct Object<T> {
    pub header: Header,
    pub payload: T,
}
