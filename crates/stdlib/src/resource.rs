//! `resource`: limits and usage. After CPython Modules/resource.c.

use num_bigint::BigInt;
use ophi_host::{HostError, RUsage};
use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Raised, Ref, Res, Value, Vm, methods};

use crate::control_constants::RESOURCE;
use crate::struct_sequence;
use crate::support::errors::{OrOsError, os_error};
use crate::support::host;
use crate::support::values::{collect, tuple};

struct_sequence! {
    "struct_rusage: what getrusage tells, as a tuple with names that begin with ru_.",
    pub STRUCT_RUSAGE: STRUCT_RUSAGE_TYPE = "resource" "struct_rusage", 16 of 16 {
        "ru_utime" "user time used",
        "ru_stime" "system time used",
        "ru_maxrss" "max. resident set size",
        "ru_ixrss" "shared memory size",
        "ru_idrss" "unshared data size",
        "ru_isrss" "unshared stack size",
        "ru_minflt" "page faults not requiring I/O",
        "ru_majflt" "page faults requiring I/O",
        "ru_nswap" "number of swap outs",
        "ru_inblock" "block input operations",
        "ru_oublock" "block output operations",
        "ru_msgsnd" "IPC messages sent",
        "ru_msgrcv" "IPC messages received",
        "ru_nsignals" "signals received",
        "ru_nvcsw" "voluntary context switches",
        "ru_nivcsw" "involuntary context switches",
    }
}

pub static MODULE: ModuleDef = ModuleDef { name: "resource", doc: "", tables: &[Functions::METHODS], init };

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, value) in RESOURCE {
        module.add_int(vm, name, *value)?;
    }
    module.add(vm, "error", vm.ty(&OS_ERROR).to_value())?;
    module.add(vm, "struct_rusage", STRUCT_RUSAGE.register(vm)?)
}

/// A `struct_rusage`.
pub fn usage_value(vm: &Vm, usage: &RUsage) -> Res {
    let mut values = vec![vm.new_float(usage.user)?, vm.new_float(usage.system)?];
    for counter in usage.counters {
        values.push(vm.new_int(counter)?);
    }
    STRUCT_RUSAGE.make(vm, values)
}

/// "No limit" is -1 in Python.
fn limit_value(vm: &Vm, limit: u64) -> Res {
    if limit == u64::MAX { vm.new_int(-1) } else { vm.new_bigint(BigInt::from(limit)) }
}

fn pair(vm: &Vm, (soft, hard): (u64, u64)) -> Res {
    tuple(vm, vec![limit_value(vm, soft)?, limit_value(vm, hard)?])
}

fn limits(vm: &Vm, value: &Value) -> Res<(u64, u64)> {
    let items = collect(vm, value)?;
    let [soft, hard] = items.as_slice() else {
        return Err(vm.value_error("expected a tuple of 2 integers"));
    };
    let number = |value: &Value| -> Res<u64> {
        match vm.index_as_i128(value)? {
            Some(-1) => Ok(u64::MAX),
            Some(i) if i < 0 => Err(vm.value_error("Cannot convert negative int")),
            Some(i) => u64::try_from(i).map_err(|_| vm.overflow_error("Python int too large to convert to C rlim_t")),
            None => Err(vm.overflow_error("Python int too large to convert to C rlim_t")),
        }
    };
    Ok((number(soft)?, number(hard)?))
}

fn check(vm: &Vm, resource: i32) -> Res<u32> {
    if (0..16).contains(&resource) { Ok(resource as u32) } else { Err(vm.value_error("invalid resource specified")) }
}

fn set_error(vm: &Vm, error: HostError) -> Raised {
    match error.errno() {
        libc::EINVAL => vm.value_error("current limit exceeds maximum limit"),
        libc::EPERM => vm.value_error("not allowed to raise maximum limit"),
        _ => os_error(vm, error),
    }
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(sig = "(resource, /)")]
    fn getrlimit(vm: &Vm, resource: i32) -> Res {
        let resource = check(vm, resource)?;
        pair(vm, host(vm).getrlimit(resource).or_os_error(vm)?)
    }

    #[function(sig = "(resource, limits, /)")]
    fn setrlimit(vm: &Vm, resource: i32, value: &Value) -> Res<()> {
        let resource = check(vm, resource)?;
        let (soft, hard) = limits(vm, value)?;
        host(vm).setrlimit(resource, soft, hard).map_err(|error| set_error(vm, error))
    }

    #[function(sig = "(pid, resource, limits=None, /)")]
    fn prlimit(vm: &Vm, pid: i32, resource: i32, value: Option<&Value>) -> Res {
        let resource = check(vm, resource)?;
        let new = value.map(|value| limits(vm, value)).transpose()?;
        let old = host(vm).prlimit(pid, resource, new).map_err(|error| match error.errno() {
            libc::EINVAL => set_error(vm, error),
            _ => os_error(vm, error),
        })?;
        pair(vm, old)
    }

    #[function(sig = "(who, /)")]
    fn getrusage(vm: &Vm, who: i32) -> Res {
        match host(vm).getrusage(who) {
            Ok(usage) => usage_value(vm, &usage),
            Err(error) if error.errno() == libc::EINVAL => Err(vm.value_error("invalid who parameter")),
            Err(error) => Err(os_error(vm, error)),
        }
    }

    #[function(sig = "()")]
    fn getpagesize(vm: &Vm) -> Res<usize> {
        host(vm).page_size().or_os_error(vm)
    }
}
