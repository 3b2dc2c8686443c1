//! `select.poll` objects.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use ophi_host::{HostError, PollFd};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{LayoutOf, Payload};
use ophi_runtime::{Ref, Res, Trace, TypeDef, TypeFlags, Value, Visitor, Vm, layout, methods};

use super::{deadline, left};
use crate::support::blocking;
use crate::support::errors::{OrOsError, os_error};
use crate::support::paths::FileNumber;
use crate::support::values::tuple;

pub struct Poll {
    fds: RefCell<BTreeMap<i32, u16>>,
    polling: Cell<bool>,
}

impl Trace for Poll {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Poll {
    fn def() -> &'static TypeDef {
        &POLL
    }
    const LAYOUT: &'static LayoutOf = layout!("poll");
}

pub static POLL: TypeDef = TypeDef {
    module: "select",
    flags: TypeFlags::DISALLOW_INSTANTIATION,
    tables: &[Poll::METHODS],
    ..TypeDef::of::<Poll>("poll", &OBJECT)
};

pub fn new(vm: &Vm) -> Res {
    let poll: Ref<Poll> = vm.new_object(Poll { fds: RefCell::default(), polling: Cell::new(false) })?;
    Ok(poll.into_value())
}

/// An event mask; it must fit a C unsigned short.
fn mask(vm: &Vm, value: Option<&Value>) -> Res<u16> {
    let Some(value) = value else { return Ok((libc::POLLIN | libc::POLLPRI | libc::POLLOUT) as u16) };
    match vm.index_as_i128(value)? {
        Some(i) if i < 0 => Err(vm.value_error("value must be positive")),
        Some(i) if i <= 0xffff => Ok(i as u16),
        _ => Err(vm.overflow_error("Python int too large for C unsigned short")),
    }
}

/// Milliseconds as nanoseconds; None and negative numbers wait for ever.
pub fn milliseconds(vm: &Vm, value: Option<&Value>) -> Res<Option<i64>> {
    let Some(value) = value else { return Ok(None) };
    let ns = if let Some(ms) = ophi_runtime::objects::float::view(value) {
        if ms.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        if ms.abs() > 2_147_483_647.0 {
            return Err(vm.overflow_error("timeout is too large"));
        }
        // Rounded away from zero, to whole milliseconds, so that no wait ends before its time.
        let whole = if ms >= 0.0 { ms.ceil() } else { ms.floor() };
        whole as i64 * 1_000_000
    } else {
        if vm.class(value).slots().index.is_none() {
            return Err(vm.type_error("timeout must be an integer or None"));
        }
        match vm.index_as_i128(value)? {
            Some(ms) if (-2_147_483_648..=2_147_483_647).contains(&ms) => ms as i64 * 1_000_000,
            _ => return Err(vm.overflow_error("timeout is too large")),
        }
    };
    Ok((ns >= 0).then_some(ns))
}

#[methods]
impl Poll {
    /// Register a file descriptor with the polling object.
    #[method(sig = "(fd, eventmask=None, /)")]
    fn register(vm: &Vm, this: &Ref<Poll>, fd: FileNumber, eventmask: Option<&Value>) -> Res<()> {
        let mask = mask(vm, eventmask)?;
        this.fds.borrow_mut().insert(fd.0, mask);
        Ok(())
    }

    /// Modify an already registered file descriptor.
    #[method(sig = "(fd, eventmask, /)")]
    fn modify(vm: &Vm, this: &Ref<Poll>, fd: FileNumber, eventmask: &Value) -> Res<()> {
        let mask = mask(vm, Some(eventmask))?;
        match this.fds.borrow_mut().get_mut(&fd.0) {
            Some(known) => {
                *known = mask;
                Ok(())
            }
            None => Err(os_error(vm, HostError(libc::ENOENT))),
        }
    }

    /// Remove a file descriptor being tracked by the polling object.
    #[method(sig = "(fd, /)")]
    fn unregister(vm: &Vm, this: &Ref<Poll>, fd: FileNumber) -> Res<()> {
        let known = this.fds.borrow_mut().remove(&fd.0).is_some();
        if known { Ok(()) } else { Err(vm.key_error(&Value::int32(fd.0))) }
    }

    /// Polls the set of registered file descriptors.
    #[method(sig = "(timeout=None, /)")]
    fn poll(vm: &Vm, this: &Ref<Poll>, timeout: Option<&Value>) -> Res {
        let length = milliseconds(vm, timeout)?;
        if this.polling.replace(true) {
            return Err(vm.runtime_error("concurrent poll() invocation"));
        }
        let mut fds: Vec<PollFd> =
            this.fds.borrow().iter().map(|(&fd, &mask)| PollFd { fd, events: mask as i16, revents: 0 }).collect();
        let result =
            deadline(vm, length).and_then(|deadline| blocking(vm, |host| host.poll(&mut fds, left(host, deadline)?)));
        this.polling.set(false);
        result?.or_os_error(vm)?;
        let mut ready = Vec::new();
        for fd in fds.iter().filter(|fd| fd.revents != 0) {
            ready.push(tuple(vm, vec![Value::int32(fd.fd), Value::int32(i32::from(fd.revents as u16))])?);
        }
        vm.new_list(ready)
    }
}
