//! `select`: waiting for descriptors. After CPython Modules/selectmodule.c.
//!
//! A wait that signals interrupt goes on with what is left of its time.

mod epoll;
mod poll;

use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Value, Vm, methods};

use crate::control_constants::SELECT;
use crate::support::errors::OrOsError;
use crate::support::paths::file_number;
use crate::support::values::{collect, tuple};
use crate::support::{blocking, host};
use crate::time::duration;

pub static MODULE: ModuleDef = ModuleDef {
    name: "select",
    doc: "Waiting for several descriptors at once: select(), poll(), epoll().",
    tables: &[Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in SELECT {
        module.add_int(vm, name, *value)?;
    }
    module.add(vm, "error", vm.ty(&OS_ERROR).to_value())?;
    module.add_type(vm, &epoll::EPOLL)
}

/// When a wait of `length` nanoseconds ends.
fn deadline(vm: &Vm, length: Option<i64>) -> Res<Option<i64>> {
    match length {
        None => Ok(None),
        Some(length) => Ok(Some(host(vm).now_monotonic().or_os_error(vm)?.saturating_add(length))),
    }
}

/// What is left until then.
fn left(host: &dyn ophi_host::Host, deadline: Option<i64>) -> ophi_host::Outcome<Option<i64>> {
    match deadline {
        None => Ok(None),
        Some(deadline) => Ok(Some(deadline.saturating_sub(host.now_monotonic()?).max(0))),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    /// Wait until one or more file descriptors are ready for some kind of I/O.
    #[function(sig = "(rlist, wlist, xlist, timeout=None, /)")]
    fn select(vm: &Vm, rlist: &Value, wlist: &Value, xlist: &Value, timeout: Option<&Value>) -> Res {
        let length = match timeout {
            None => None,
            Some(timeout) => {
                let length = match duration(vm, timeout) {
                    Err(raised) if vm.raised_is(&ophi_runtime::objects::exceptions::TYPE_ERROR) => {
                        vm.forget(raised);
                        return Err(vm.type_error("timeout must be a float or None"));
                    }
                    length => length?,
                };
                if length < 0 {
                    return Err(vm.value_error("timeout must be non-negative"));
                }
                Some(length)
            }
        };
        let mut objects = Vec::new();
        let mut numbers = Vec::new();
        for list in [rlist, wlist, xlist] {
            if !vm.is_iterable(list) {
                return Err(vm.type_error("arguments 1-3 must be sequences"));
            }
            let items = collect(vm, list)?;
            let mut fds = Vec::with_capacity(items.len());
            for item in &items {
                let fd = file_number(vm, item)?;
                if fd >= libc::FD_SETSIZE as i32 {
                    return Err(vm.value_error("filedescriptor out of range in select()"));
                }
                fds.push(fd);
            }
            objects.push(items);
            numbers.push(fds);
        }
        let deadline = deadline(vm, length)?;
        let mut ready = numbers.clone();
        blocking(vm, |host| {
            ready.clone_from(&numbers);
            let [read, write, except] = ready.as_mut_slice() else { return Ok(0) };
            host.select(read, write, except, left(host, deadline)?)
        })?
        .or_os_error(vm)?;
        let mut answer = Vec::new();
        for (index, items) in objects.iter().enumerate() {
            let chosen = items.iter().zip(&numbers[index]).filter(|(_, fd)| ready[index].contains(fd));
            answer.push(vm.new_list(chosen.map(|(item, _)| item.clone()).collect())?);
        }
        tuple(vm, answer)
    }

    /// Returns a polling object.
    #[function(sig = "()")]
    fn poll(vm: &Vm) -> Res {
        poll::new(vm)
    }
}
