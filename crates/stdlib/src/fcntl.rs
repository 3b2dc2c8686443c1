//! `fcntl`: control of descriptors, locks. After CPython Modules/fcntlmodule.c.

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Ref, Res, Str, Value, Vm, methods};

use crate::control_constants::FCNTL;
use crate::support::blocking;
use crate::support::buffer::{readable, writable};
use crate::support::errors::OrOsError;
use crate::support::paths::{FileNumber, fs_encode};
use crate::support::values::to_i64;

pub static MODULE: ModuleDef = ModuleDef {
    name: "fcntl",
    doc: "Control of descriptors and devices: fcntl(), ioctl(), and locks on files.",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in FCNTL {
        module.add_int(vm, name, *value)?;
    }
    Ok(())
}

/// What a request's argument may be.
enum Argument {
    Number(i64),
    Bytes(Vec<u8>),
}

fn argument(vm: &Vm, value: Option<&Value>, function: &str) -> Res<Argument> {
    let Some(value) = value else { return Ok(Argument::Number(0)) };
    if vm.class(value).slots().index.is_some() {
        // Requests are bit patterns: unsigned numbers are as good as signed ones.
        let number =
            vm.index_as_i128(value)?.and_then(|i| i64::try_from(i).ok().or(u64::try_from(i).ok().map(|u| u as i64)));
        return number
            .map(Argument::Number)
            .ok_or_else(|| vm.overflow_error("Python int too large to convert to C long"));
    }
    if let Some(text) = value.downcast::<Str>() {
        return Ok(Argument::Bytes(fs_encode(vm, text)?));
    }
    if vm.class(value).slots().buffer.is_some() {
        return Ok(Argument::Bytes(readable(vm, value)?.as_slice().to_vec()));
    }
    let got = vm.type_name(value);
    Err(vm
        .type_error(format!("{function}() argument 3 must be an integer, a bytes-like object, or a string, not {got}")))
}

pub struct Functions;

#[methods]
impl Functions {
    /// Perform the operation `cmd` on file descriptor fd.
    #[function(sig = "(fd, cmd, arg=None, /)", text = "($module, fd, cmd, arg=0, /)")]
    fn fcntl(vm: &Vm, fd: FileNumber, cmd: i32, arg: Option<&Value>) -> Res {
        match argument(vm, arg, "fcntl")? {
            Argument::Number(number) => {
                let answer = blocking(vm, |host| host.fcntl_int(fd.0, cmd, number))?.or_os_error(vm)?;
                vm.new_int(i64::from(answer))
            }
            Argument::Bytes(mut bytes) => {
                blocking(vm, |host| host.fcntl_buffer(fd.0, cmd, &mut bytes))?.or_os_error(vm)?;
                Ok(vm.new_bytes(&bytes)?.into_value())
            }
        }
    }

    /// Perform the operation request on file descriptor fd.
    #[function(
        sig = "(fd, request, arg=None, mutate_flag=True, /)",
        text = "($module, fd, request, arg=0, mutate_flag=True, /)"
    )]
    fn ioctl(vm: &Vm, fd: FileNumber, request: &Value, arg: Option<&Value>, mutate_flag: bool) -> Res {
        let Some(request) = vm.index_as_i128(request)? else {
            return Err(vm.overflow_error("Python int too large to convert to C unsigned long"));
        };
        let request = request as u64 & 0xffff_ffff;
        if let Some(value) = arg
            && mutate_flag
            && vm.class(value).slots().index.is_none()
            && !value.is_a::<Str>()
            && let Ok(mut room) = writable(vm, value).map_err(|raised| vm.forget(raised))
        {
            let mut bytes = room.as_slice().to_vec();
            let answer = blocking(vm, |host| host.ioctl_buffer(fd.0, request, &mut bytes))?.or_os_error(vm)?;
            if let Some(to) = room.as_mut_slice() {
                to.copy_from_slice(&bytes);
            }
            return vm.new_int(i64::from(answer));
        }
        match argument(vm, arg, "ioctl")? {
            Argument::Number(number) => {
                let answer = blocking(vm, |host| host.ioctl_int(fd.0, request, number))?.or_os_error(vm)?;
                vm.new_int(i64::from(answer))
            }
            Argument::Bytes(mut bytes) => {
                blocking(vm, |host| host.ioctl_buffer(fd.0, request, &mut bytes))?.or_os_error(vm)?;
                Ok(vm.new_bytes(&bytes)?.into_value())
            }
        }
    }

    /// Perform the lock operation `operation` on file descriptor `fd`.
    #[function(sig = "(fd, operation, /)")]
    fn flock(vm: &Vm, fd: FileNumber, operation: i32) -> Res<()> {
        blocking(vm, |host| host.flock(fd.0, operation))?.or_os_error(vm)
    }

    /// A wrapper around the fcntl() locking calls.
    #[function(
        sig = "(fd, cmd, len=None, start=None, whence=0, /)",
        text = "($module, fd, cmd, len=0, start=0, whence=0, /)"
    )]
    fn lockf(vm: &Vm, fd: FileNumber, cmd: i32, len: Option<&Value>, start: Option<&Value>, whence: i32) -> Res<()> {
        let number = |value: Option<&Value>| value.map_or(Ok(0), |value| to_i64(vm, value));
        let (length, start) = (number(len)?, number(start)?);
        if cmd != libc::LOCK_UN && cmd & (libc::LOCK_SH | libc::LOCK_EX) == 0 {
            return Err(vm.value_error("unrecognized lockf argument"));
        }
        blocking(vm, |host| host.lockf(fd.0, cmd, length, start, whence))?.or_os_error(vm)
    }
}
