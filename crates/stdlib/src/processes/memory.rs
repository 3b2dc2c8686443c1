//! `_posixshmem`: memory objects with a name. After CPython Modules/_multiprocessing/posixshmem.c.

use super::{name, text};
use crate::support::blocking;
use crate::support::errors::OrOsError;
use ophi_runtime::objects::module::ModuleDef;
use ophi_runtime::{Res, Value, Vm, methods};

pub static MODULE: ModuleDef = ModuleDef {
    name: "_posixshmem",
    doc: "Memory that processes share by name.",
    tables: &[Functions::METHODS],
    init: |_, _| Ok(()),
};

struct Functions;

#[methods]
impl Functions {
    /// Open the memory object of this name, or make one; a descriptor.
    #[function(sig = "(path, flags, mode=511)")]
    fn shm_open(vm: &Vm, path: &Value, flags: i32, mode: i32) -> Res<i32> {
        let given = name(vm, text(vm, path, "shm_open() argument 1")?)?;
        blocking(vm, |host| host.shm_open(&given, flags, mode as u32))?.or_os_error_at(vm, path)
    }

    /// Take the name away from a memory object, which is gone when no process has it mapped any more.
    #[function(sig = "(path)")]
    fn shm_unlink(vm: &Vm, path: &Value) -> Res<()> {
        let given = name(vm, text(vm, path, "shm_unlink() argument 1")?)?;
        blocking(vm, |host| host.shm_unlink(&given))?.or_os_error_at(vm, path)
    }
}
