//! The interpreter: runs the instruction stream of code objects.
//!
//! [`dispatch`] jumps from handler to handler; the instructions' meaning stands in files by family. Python code that calls
//! Python code stays in the loop (a frame is pushed); native code that calls Python code enters it again through a shim frame whose
//! only instruction is INTERPRETER_EXIT.
#![allow(unsafe_code)]

mod arithmetic;
mod attributes;
pub mod border;
pub mod builtins;
mod calls;
mod containers;
mod control;
pub mod dispatch;
mod exceptions;
pub mod generators;
pub(crate) mod imports;
mod instrumented;
mod intrinsics;
mod names;
#[cfg(feature = "op-stats")]
pub mod op_stats;
mod patterns;
pub mod safepoint;
pub mod specialised;
pub mod superinstructions;
mod unwind;
pub mod witness;

pub use calls::{call_function, call_function_on, run_code};
pub use unwind::add_traceback;

use crate::Value;
use crate::frames::{Frame, HEADER_WORDS, Owner};
use crate::vm::{Res, Vm};
use dispatch::Exit;
use ophi_bytecode::instruction::Opcode;

/// What a frame entered from native code returns to: whether the callee returns (offset 0) or yields (offset 2).
static EXIT_UNITS: [u16; 4] = [Opcode::INTERPRETER_EXIT.0 as u16; 4];

/// A shim frame on the stack; the loop returns to native code when it is reached again.
pub struct Entry(*mut Frame);

impl Entry {
    /// Pushes the shim. Raises RecursionError when the machine stack or the frame stack is used up.
    pub fn push(vm: &Vm) -> Res<Entry> {
        if !vm.exec.known.ready.get() {
            vm.exec.known.fill(vm);
            specialised::loops::fill_known(vm);
        }
        if vm.stack_is_exhausted() {
            return Err(vm.recursion_error(""));
        }
        let Some(words) = vm.exec.room(HEADER_WORDS + 2) else { return Err(vm.recursion_error("")) };
        let shim = words.cast::<Frame>();
        // SAFETY: `room` gave the words; only these fields of a shim are ever read.
        unsafe {
            (*shim).pc = EXIT_UNITS.as_ptr() as *mut u16;
            (*shim).sp = crate::frames::locals_of(shim);
            (*shim).previous = vm.exec.frame.get();
            (&raw mut (*shim).object).write(Value::UNBOUND);
            (*shim).return_offset = 0;
            (*shim).owner = Owner::Interpreter;
            (*shim).dying = false;
            vm.exec.top.set(words.add(HEADER_WORDS + 2));
        }
        vm.exec.frame.set(shim);
        Ok(Entry(shim))
    }

    /// Takes the shim away when nothing was run under it.
    pub fn abandon(self, vm: &Vm) {
        // SAFETY: the shim heads the chain, as `push` left it.
        unsafe { vm.exec.frame.set((*self.0).previous) };
        vm.exec.top.set(self.0.cast());
    }

    /// Runs from the frame that heads the chain until the shim is reached again. What it returned or yielded, or what it raised.
    pub fn run(self, vm: &Vm) -> Res {
        // SAFETY: the frame at the head was pushed on top of this shim and is ready to run.
        match unsafe { dispatch::run(vm) } {
            // SAFETY: INTERPRETER_EXIT left an owned word.
            Exit::Done => Ok(unsafe { Value::from_bits(vm.exec.result.get()) }),
            _ => Err(unwind::pending(vm)),
        }
    }
}

use arithmetic::*;
use attributes::*;
use calls::*;
use containers::*;
use control::*;
use exceptions::*;
use generators::*;
use imports::*;
use instrumented::*;
use intrinsics::*;
use names::*;
use patterns::*;

use specialised::arithmetic::*;
use specialised::attributes::*;
use specialised::calls::*;
use specialised::containers::*;
use specialised::globals::*;
use specialised::loops::*;
use specialised::native_calls::*;
use specialised::pairs::*;
use superinstructions::*;
use witness::WITNESSED;

/// Forms of CPython's that we never choose run as their base.
macro_rules! specialised_or_base {
    (LOAD_ATTR_GETATTRIBUTE_OVERRIDDEN $base:ident) => {
        $base
    };
    ($name:ident $base:ident) => {
        $name
    };
}

/// Fills the dispatch table from the instruction table: every plain instruction has a handler of its own name (a missing one does not
/// compile); forms without a handler yet run as their base.
macro_rules! dispatch_table {
    ($($section:ident { $($name:ident = $number:literal, $base:ident $(+ $second:ident)*, $caches:literal,
        [$($flag:ident)*], |$oparg:pat_param| $popped:expr => $pushed:expr, $doc:literal;)* })*) => {
        pub(crate) const TABLE: &[dispatch::Handler; 256] = &{
            let mut table: [dispatch::Handler; 256] = [UNKNOWN; 256];
            $(dispatch_table!(@$section table, $($name $base $number;)*);)*
            table
        };
    };
    (@plain $table:ident, $($name:ident $base:ident $number:literal;)*) => { $($table[$number] = $name;)* };
    (@specialised $table:ident, $($name:ident $base:ident $number:literal;)*) => {
        $($table[$number] = specialised_or_base!($name $base);)*
    };
    (@instrumented $table:ident, $($name:ident $base:ident $number:literal;)*) => {
        $($table[$number] = $name;)*
    };
    (@ours $table:ident, $($name:ident $base:ident $number:literal;)*) => { $($table[$number] = $name;)* };
    (@pseudo $table:ident, $($rest:tt)*) => {};
}
ophi_bytecode::for_each_op!(dispatch_table);
