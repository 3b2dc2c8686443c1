//! The environment and the machine.

use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Value, Vm, methods};

use super::args::{SystemString, system_string};
use super::constants::{CONFSTR, SYSCONF};
use crate::struct_sequence;
use crate::support::errors::OrOsError;
use crate::support::paths::fs_decode;
use crate::support::values::{to_i32, tuple};
use crate::support::{blocking, host};

struct_sequence! {
    "A terminal's width and height in characters: (columns, lines)",
    pub TERMINAL_SIZE: TERMINAL_SIZE_TYPE = "os" "terminal_size", 2 of 2 {
        "columns" "width of the terminal window in characters",
        "lines" "height of the terminal window in characters",
    }
}

struct_sequence! {
    "times_result: what os.times() tells, in seconds, as a tuple with names (user, system, children_user,\nchildren_system, elapsed).",
    pub TIMES_RESULT: TIMES_RESULT_TYPE = "posix" "times_result", 5 of 5 {
        "user" "user time",
        "system" "system time",
        "children_user" "user time of children",
        "children_system" "system time of children",
        "elapsed" "elapsed time since an arbitrary point in the past",
    }
}

struct_sequence! {
    "uname_result: what os.uname() tells, as a tuple with names (sysname, nodename, release, version, machine).",
    pub UNAME_RESULT: UNAME_RESULT_TYPE = "posix" "uname_result", 5 of 5 {
        "sysname" "operating system name",
        "nodename" "name of machine on network (implementation-defined)",
        "release" "operating system release",
        "version" "operating system version",
        "machine" "hardware identifier",
    }
}

struct_sequence! {
    "A scheduling parameter: sched_priority is all there is.",
    pub SCHED_PARAM: SCHED_PARAM_TYPE = "posix" "sched_param", 1 of 1 {
        "sched_priority" "the scheduling priority",
    }
}

/// `posix.environ`: a dict of bytes.
pub fn environ(vm: &Vm) -> Res {
    let dict = vm.new_dict()?;
    for (name, value) in host(vm).vars().unwrap_or_default() {
        let name = vm.new_bytes(&name)?.into_value();
        let value = vm.new_bytes(&value)?.into_value();
        // Of a name that stands there twice the first value counts, as for getenv.
        dict.set_default(vm, &name, value)?;
    }
    Ok(dict.into_value())
}

/// A configuration value's number, given as such or by name.
pub fn conf_name(vm: &Vm, name: &Value, table: &[(&str, i64)]) -> Res<i32> {
    if vm.class(name).slots().index.is_some() {
        return to_i32(vm, name);
    }
    let Some(text) = name.downcast::<Str>() else {
        return Err(vm.type_error("configuration names must be strings or integers"));
    };
    match table.iter().find(|(known, _)| text.eq_str(known)) {
        Some((_, number)) => Ok(*number as i32),
        None => Err(vm.value_error("unrecognized configuration name")),
    }
}

pub struct System;

#[methods]
impl System {
    /// Change or add an environment variable.
    #[function(sig = "(name, value, /)")]
    fn putenv(vm: &Vm, name: SystemString, value: &Value) -> Res<()> {
        let value = system_string(vm, value)?;
        if name.0.as_bytes().contains(&b'=') {
            return Err(vm.value_error("illegal environment variable name"));
        }
        vm.audit("os.putenv", || {
            Ok(vec![vm.new_bytes_value(name.0.as_bytes())?, vm.new_bytes_value(value.as_bytes())?])
        })?;
        host(vm).set_var(name.0.as_bytes(), value.as_bytes()).or_os_error(vm)
    }

    /// Delete an environment variable.
    #[function(sig = "(name, /)")]
    fn unsetenv(vm: &Vm, name: SystemString) -> Res<()> {
        vm.audit("os.unsetenv", || Ok(vec![vm.new_bytes_value(name.0.as_bytes())?]))?;
        host(vm).unset_var(name.0.as_bytes()).or_os_error(vm)
    }

    /// Create the environment dictionary.
    #[function(sig = "()")]
    fn _create_environ(vm: &Vm) -> Res {
        environ(vm)
    }

    /// Translate an error code to a message string.
    #[function(sig = "(code, /)")]
    fn strerror(_vm: &Vm, code: i32) -> String {
        ophi_host::HostError(code).message()
    }

    /// Return an object identifying the current operating system.
    #[function(sig = "()")]
    fn uname(vm: &Vm) -> Res {
        let name = host(vm).uname().or_os_error(vm)?;
        let parts = [name.sysname, name.nodename, name.release, name.version, name.machine];
        let parts = parts.iter().map(|part| fs_decode(vm, part)).collect::<Res<Vec<_>>>()?;
        UNAME_RESULT.make(vm, parts)
    }

    /// Return a collection containing process timing information.
    #[function(sig = "()")]
    fn times(vm: &Vm) -> Res {
        let t = host(vm).times().or_os_error(vm)?;
        let all = [t.user, t.system, t.children_user, t.children_system, t.elapsed];
        let all = all.iter().map(|&seconds| vm.new_float(seconds)).collect::<Res<Vec<_>>>()?;
        TIMES_RESULT.make(vm, all)
    }

    /// Return the size of the terminal window as (columns, lines).
    #[function(sig = "(fd=1, /)", text = "($module, fd=<unrepresentable>, /)")]
    fn get_terminal_size(vm: &Vm, fd: i32) -> Res {
        let (columns, lines) = host(vm).terminal_size(fd).or_os_error(vm)?;
        TERMINAL_SIZE.make(vm, vec![vm.new_int(i64::from(columns))?, vm.new_int(i64::from(lines))?])
    }

    /// Return the number of logical CPUs in the system.
    #[function(sig = "()")]
    fn cpu_count(vm: &Vm) -> Option<usize> {
        match crate::sys::cpu_count(vm) {
            Some(count) => Some(count as usize),
            None => host(vm).cpu_count().ok(),
        }
    }

    /// Return average recent system load information.
    #[function(sig = "()")]
    fn getloadavg(vm: &Vm) -> Res {
        match host(vm).getloadavg() {
            Ok(loads) => tuple(vm, loads.iter().map(|&load| vm.new_float(load)).collect::<Res<Vec<_>>>()?),
            Err(_) => Err(vm.os_error_message("Load averages are unobtainable")),
        }
    }

    /// Return an integer-valued system configuration variable.
    #[function(sig = "(name, /)")]
    fn sysconf(vm: &Vm, name: &Value) -> Res<i64> {
        let name = conf_name(vm, name, SYSCONF)?;
        Ok(host(vm).sysconf(name).or_os_error(vm)?.unwrap_or(-1))
    }

    /// Return a string-valued system configuration variable.
    #[function(sig = "(name, /)")]
    fn confstr(vm: &Vm, name: &Value) -> Res {
        let name = conf_name(vm, name, CONFSTR)?;
        match host(vm).confstr(name).or_os_error(vm)? {
            Some(text) => fs_decode(vm, &text),
            None => Ok(Value::NONE),
        }
    }

    /// So many random bytes from the system, good enough for secrets.
    #[function(sig = "(size, /)")]
    fn urandom(vm: &Vm, size: i64) -> Res {
        if size < 0 {
            return Err(vm.value_error("negative argument not allowed"));
        }
        let mut bytes = vm.zeroed(size as usize)?;
        host(vm).fill_random(&mut bytes).or_os_error(vm)?;
        Ok(vm.new_bytes(&bytes)?.into_value())
    }

    /// Obtain a series of random bytes.
    #[function(sig = "(size, flags=0)")]
    fn getrandom(vm: &Vm, size: i64, flags: i32) -> Res {
        if size < 0 {
            return Err(crate::support::errors::os_error(vm, ophi_host::HostError(libc::EINVAL)));
        }
        let mut bytes = vm.zeroed(size as usize)?;
        let count = blocking(vm, |host| host.getrandom(&mut bytes, flags as u32))?.or_os_error(vm)?;
        Ok(vm.new_bytes(&bytes[..count])?.into_value())
    }

    /// Is a function installed that runs while the prompt waits?
    #[function(sig = "()")]
    fn _is_inputhook_installed(_vm: &Vm) -> bool {
        false
    }

    /// Calls that function; there is none.
    #[function(sig = "()")]
    fn _inputhook(_vm: &Vm) {}
}
