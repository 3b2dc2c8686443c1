//! `Vm`: the running thread, and proof that it holds the GIL. `Interpreter`: what the threads share.
//!
//! Every call that may run Python code or raise takes `vm: &Vm` first. An exception in flight sits in `Vm::raised`; the
//! `Err(Raised)` that travels says only that it is there. `Raised` is made by the `raise` family below and nowhere else.

pub mod bootstrap;
mod errors;
pub mod gil;
mod interpreter;
mod state;
pub mod threads;

pub use errors::{OrRaise, no_memory_at_all};
pub use interpreter::{Interpreter, InterpreterSettings};
pub use state::{Breaker, STACK_RESERVE, Vm};

/// An exception has been raised and sits on the thread. Returning `Ok` while one sits there is a bug of ours.
#[must_use = "an exception is in flight: return it, or take it with vm.take_raised()"]
#[derive(Debug)]
pub struct Raised(pub(crate) ());

/// What fallible operations return; eight bytes for values.
pub type Res<T = crate::Value> = Result<T, Raised>;
