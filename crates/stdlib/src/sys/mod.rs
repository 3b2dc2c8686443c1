//! `sys`: what a program may know and change about its interpreter. After CPython Python/sysmodule.c.
//!
//! * `facts`   constants of the implementation: versions, sizes, `float_info`, `hash_info`, names of modules
//! * `state`   functions over the running interpreter: recursion, switch interval, interning, exceptions, frames
//! * `hooks`   `displayhook`, `excepthook`, `exit`, audit hooks
//! * `monitoring` `sys.monitoring`, trace functions, `sys._jit`
//! * `remote`  scripts that other processes ask this one to run
//! * `sizes`   `getsizeof`, `getrefcount`
//!
//! What depends on the command line (flags, `argv`, `path`, `prefix`, ...) is set by whoever starts the interpreter.

mod facts;
pub mod hooks;
mod jit;
mod monitoring;
mod preliminary;
pub mod remote;
pub mod repl;
mod sizes;
mod state;
mod threads;

use ophi_runtime::objects::module::{Module, ModuleDef};
use ophi_runtime::{Ref, Res, Vm};

pub use facts::{FLAGS, HEX_VERSION, VERSION, version_text};
pub use hooks::{audit, print_exception, print_exception_to, report, sys_attribute};
pub use preliminary::preliminary_stderr;
pub use state::{Finalizing, cpu_count, set_cpu_count};

pub struct Sys;

pub static MODULE: ModuleDef = ModuleDef {
    name: "sys",
    doc: "This module provides access to some objects used or maintained by the\ninterpreter and to functions that interact strongly with the interpreter.",
    tables: &[Sys::STATE, Sys::HOOKS, Sys::SIZES, Sys::TRACE, Sys::THREADS, Sys::REPL, Sys::REMOTE],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    facts::add(vm, module)?;
    jit::add(vm, module)?;
    monitoring::add(vm, module)
}
