//! `select.epoll` objects.

use std::cell::Cell;

use ophi_host::HostError;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods};

use super::{deadline, left};
use crate::support::errors::{OrOsError, os_error};
use crate::support::paths::FileNumber;
use crate::support::values::{to_i32, tuple};
use crate::support::{blocking, host};
use crate::time::duration;

pub struct Epoll {
    /// -1: closed.
    fd: Cell<i32>,
}

impl Trace for Epoll {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Epoll {
    fn def() -> &'static TypeDef {
        &EPOLL
    }
    const LAYOUT: &'static LayoutOf = layout!("epoll");
}

pub static EPOLL: TypeDef = TypeDef {
    module: "select",
    doc: "select.epoll(sizehint=-1, flags=0)\n\nAn object that waits for events of many descriptors. sizehint is positive or -1 and has no effect today;\nflags is 0 or EPOLL_CLOEXEC, which is always set anyhow.",
    flags: TypeFlags::FINALIZER,
    slots: Slots { new: Some(new), finalize: Some(finalize), ..Slots::NONE },
    tables: &[Epoll::METHODS],
    ..TypeDef::of::<Epoll>("epoll", &OBJECT)
};

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let given = args.check_positional(vm, "epoll", 0, 2)?;
    let keywords = args.keywords();
    let hint = given.first().or_else(|| keywords.get("sizehint")).map_or(Ok(-1), |hint| to_i32(vm, hint))?;
    let flags = given.get(1).or_else(|| keywords.get("flags")).map_or(Ok(0), |flags| to_i32(vm, flags))?;
    if hint != -1 && hint <= 0 {
        return Err(vm.value_error("sizehint must be positive or -1"));
    }
    if flags != 0 && flags != libc::EPOLL_CLOEXEC {
        return Err(os_error(vm, HostError(libc::EINVAL)));
    }
    let fd = host(vm).epoll_create(0).or_os_error(vm)?;
    let epoll: Ref<Epoll> = vm.new_instance(class, Epoll { fd: Cell::new(fd) })?;
    Ok(epoll.into_value())
}

fn finalize(vm: &Vm, this: &Value) {
    use ophi_runtime::payload::Downcast;
    if let Some(epoll) = this.downcast::<Epoll>()
        && epoll.fd.get() >= 0
    {
        let _ = host(vm).close(epoll.fd.replace(-1));
    }
}

impl Epoll {
    fn open(&self, vm: &Vm) -> Res<i32> {
        if self.fd.get() < 0 {
            return Err(vm.value_error("I/O operation on closed epoll object"));
        }
        Ok(self.fd.get())
    }

    fn control(&self, vm: &Vm, operation: i32, fd: i32, events: u32) -> Res<()> {
        let epoll = self.open(vm)?;
        host(vm).epoll_ctl(epoll, operation, fd, events).or_os_error(vm)
    }
}

#[methods]
impl Epoll {
    /// Registers a new fd or raises an OSError if the fd is already registered.
    #[method(sig = "(fd, eventmask=None)")]
    fn register(vm: &Vm, this: &Ref<Epoll>, fd: FileNumber, eventmask: Option<u32>) -> Res<()> {
        let default = (libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLOUT) as u32;
        this.control(vm, libc::EPOLL_CTL_ADD, fd.0, eventmask.unwrap_or(default))
    }

    /// Modify event mask for a registered file descriptor.
    #[method(sig = "(fd, eventmask)")]
    fn modify(vm: &Vm, this: &Ref<Epoll>, fd: FileNumber, eventmask: u32) -> Res<()> {
        this.control(vm, libc::EPOLL_CTL_MOD, fd.0, eventmask)
    }

    /// Remove a registered file descriptor from the epoll object.
    #[method(sig = "(fd)")]
    fn unregister(vm: &Vm, this: &Ref<Epoll>, fd: FileNumber) -> Res<()> {
        this.control(vm, libc::EPOLL_CTL_DEL, fd.0, 0)
    }

    /// Wait for events on the epoll file descriptor.
    #[method(sig = "(timeout=None, maxevents=-1)")]
    fn poll(vm: &Vm, this: &Ref<Epoll>, timeout: Option<&Value>, maxevents: i32) -> Res {
        let epoll = this.open(vm)?;
        let length = match timeout {
            None => None,
            Some(timeout) => match duration(vm, timeout) {
                Err(raised) if vm.raised_is(&ophi_runtime::objects::exceptions::TYPE_ERROR) => {
                    vm.forget(raised);
                    return Err(vm.type_error("timeout must be an integer or None"));
                }
                length => Some(length?).filter(|&length| length >= 0),
            },
        };
        let most = match maxevents {
            -1 => libc::FD_SETSIZE - 1,
            n if n > 0 => n as usize,
            n => return Err(vm.value_error(format!("maxevents must be greater than 0, got {n}"))),
        };
        let deadline = deadline(vm, length)?;
        let mut events = Vec::new();
        blocking(vm, |host| host.epoll_wait(epoll, &mut events, most, left(host, deadline)?))?.or_os_error(vm)?;
        let mut ready = Vec::new();
        for event in &events {
            ready.push(tuple(vm, vec![Value::int32(event.fd), vm.new_int(i64::from(event.events))?])?);
        }
        vm.new_list(ready)
    }

    /// Close the epoll control file descriptor.
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Epoll>) -> Res<()> {
        let fd = this.fd.replace(-1);
        if fd >= 0 { host(vm).close(fd).or_os_error(vm) } else { Ok(()) }
    }

    /// Return the epoll control file descriptor.
    #[method(sig = "()")]
    fn fileno(vm: &Vm, this: &Ref<Epoll>) -> Res<i32> {
        this.open(vm)
    }

    /// Create an epoll object from a given control fd.
    #[classmethod(sig = "(fd, /)")]
    fn fromfd(vm: &Vm, class: &TypeRef, fd: i32) -> Res {
        let epoll: Ref<Epoll> = vm.new_instance(class, Epoll { fd: Cell::new(fd) })?;
        Ok(epoll.into_value())
    }

    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<Epoll>) -> Res {
        this.open(vm)?;
        Ok(this.to_value())
    }

    #[method]
    fn __exit__(vm: &Vm, this: &Ref<Epoll>, _args: Args<'_>) -> Res<()> {
        Epoll::close(vm, this)
    }

    #[getter]
    fn closed(_vm: &Vm, this: &Ref<Epoll>) -> bool {
        this.fd.get() < 0
    }
}
