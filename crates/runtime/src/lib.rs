//! Values at work: types, frames, the interpreter, import, threads, exceptions.
//!
//! The map, from the bottom up:
//! * [`payload`]  how a native type is declared ([`TypeDef`]) and how a value is viewed through it
//! * [`slots`]    the operations of a type as function pointers, and the dunder methods they stand for
//! * [`native`]   native methods and functions: tables, argument binding, conversions
//! * [`vm`]       [`Vm`]: the running thread; [`Interpreter`]: what it shares; raising
//! * [`names`]    well-known interned names
//! * [`protocol`] the abstract operations (attribute, item, call, iterate, compare, number) on any value
//! * [`accounting`] every reference of every object explained
//! * [`objects`]  the builtin types, a folder each
//!
//! Rules for every file here:
//! * `vm: &Vm` comes first in every call that may run Python code or raise; fallible calls return [`Res`].
//! * `Raised` is made only by `vm.raise*`; the exception itself sits on the thread until someone takes it.
//! * No borrow of an object's inside is held across a drop of a value or a call that may run Python code.

extern crate self as ophi_runtime;

#[macro_use]
pub mod slots;
pub mod accounting;
pub mod ast;
pub mod builtins;
pub mod codecs;
pub mod format;
pub mod frames;
pub mod interpreter;
pub mod modules;
pub mod monitoring;
pub mod names;
pub mod native;
pub mod objects;
pub mod payload;
pub mod protocol;
pub mod traceback;
pub mod unicode;
pub mod vm;
pub mod warnings;

pub use native::{Args, FromArg, IntoRes};
pub use objects::dict::Dict;
pub use objects::int::Int;
pub use objects::list::List;
pub use objects::str::Str;
pub use objects::tuple::Tuple;
pub use objects::r#type::{Type, TypeRef};
pub use ophi_heap::{GilCell, OutOfMemory, Ref, Trace, TryPush, TypeFlags, Value, ValueCell, Visitor, trace_fields};
pub use ophi_macros::methods;
pub use payload::{Payload, TypeDef};
pub use vm::{Interpreter, Raised, Res, Vm};
