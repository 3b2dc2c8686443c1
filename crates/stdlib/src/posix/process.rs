//! Processes: waiting, ending, scheduling.

use ophi_host::RUsage;
use ophi_runtime::{Res, Value, Vm, methods};

use crate::struct_sequence;
use crate::support::errors::OrOsError;
use crate::support::values::{collect, to_i32, tuple};
use crate::support::{blocking, host, import};

struct_sequence! {
    "waitid_result: what waitid tells, as a tuple with names (si_pid, si_uid, si_signo, si_status, si_code).",
    pub WAITID_RESULT: WAITID_RESULT_TYPE = "posix" "waitid_result", 5 of 5 {
        "si_pid" "", "si_uid" "", "si_signo" "", "si_status" "", "si_code" "",
    }
}

/// (pid, status)
fn pid_and_status(vm: &Vm, (pid, status): (i32, i32)) -> Res {
    tuple(vm, vec![Value::int32(pid), Value::int32(status)])
}

/// `resource.struct_rusage`; the module is imported so that its class is complete.
fn usage(vm: &Vm, usage: &RUsage) -> Res {
    import(vm, "resource")?;
    crate::resource::usage_value(vm, usage)
}

fn wait_with_usage(vm: &Vm, pid: i32, options: i32) -> Res {
    let child = blocking(vm, |host| host.wait4(pid, options))?.or_os_error(vm)?;
    let usage = usage(vm, &child.usage)?;
    tuple(vm, vec![Value::int32(child.pid), Value::int32(child.status), usage])
}

pub struct Processes;

#[methods]
impl Processes {
    /// Wait for completion of a given child process.
    #[function(sig = "(pid, options, /)")]
    fn waitpid(vm: &Vm, pid: i32, options: i32) -> Res {
        pid_and_status(vm, blocking(vm, |host| host.waitpid(pid, options))?.or_os_error(vm)?)
    }

    /// Wait for completion of a child process.
    #[function(sig = "()")]
    fn wait(vm: &Vm) -> Res {
        pid_and_status(vm, blocking(vm, |host| host.waitpid(-1, 0))?.or_os_error(vm)?)
    }

    /// Wait for completion of a child process.
    #[function(sig = "(options)")]
    fn wait3(vm: &Vm, options: i32) -> Res {
        wait_with_usage(vm, -1, options)
    }

    /// Wait for completion of a specific child process.
    #[function(sig = "(pid, options)")]
    fn wait4(vm: &Vm, pid: i32, options: i32) -> Res {
        wait_with_usage(vm, pid, options)
    }

    /// Returns the result of waiting for a process or processes.
    #[function(sig = "(idtype, id, options, /)")]
    fn waitid(vm: &Vm, idtype: u32, id: i32, options: i32) -> Res {
        let info = blocking(vm, |host| host.waitid(idtype, id as u32, options))?.or_os_error(vm)?;
        let Some(info) = info else { return Ok(Value::NONE) };
        let values = vec![
            Value::int32(info.pid),
            vm.new_int(i64::from(info.uid))?,
            Value::int32(info.signo),
            Value::int32(info.status),
            Value::int32(info.code),
        ];
        WAITID_RESULT.make(vm, values)
    }

    /// Convert a wait status to an exit code.
    #[function(sig = "(status)")]
    fn waitstatus_to_exitcode(vm: &Vm, status: &Value) -> Res<i32> {
        let status = to_i32(vm, status)?;
        if libc::WIFEXITED(status) {
            return Ok(libc::WEXITSTATUS(status));
        }
        if libc::WIFSIGNALED(status) {
            return Ok(-libc::WTERMSIG(status));
        }
        if libc::WIFSTOPPED(status) {
            let signal = libc::WSTOPSIG(status);
            return Err(vm.value_error(format!("process stopped by delivery of signal {signal}")));
        }
        Err(vm.value_error(format!("invalid wait status: {status}")))
    }

    /// Did the process leave a core file?
    #[function(name = "WCOREDUMP", sig = "(status, /)")]
    fn wcoredump(_vm: &Vm, status: i32) -> bool {
        libc::WCOREDUMP(status)
    }

    /// Return True if a particular process was continued from a job control stop.
    #[function(name = "WIFCONTINUED", sig = "(status)")]
    fn wifcontinued(_vm: &Vm, status: i32) -> bool {
        libc::WIFCONTINUED(status)
    }

    /// Return True if the process returning status was stopped.
    #[function(name = "WIFSTOPPED", sig = "(status)")]
    fn wifstopped(_vm: &Vm, status: i32) -> bool {
        libc::WIFSTOPPED(status)
    }

    /// Did a signal end the process?
    #[function(name = "WIFSIGNALED", sig = "(status)")]
    fn wifsignaled(_vm: &Vm, status: i32) -> bool {
        libc::WIFSIGNALED(status)
    }

    /// Did the process end by exiting?
    #[function(name = "WIFEXITED", sig = "(status)")]
    fn wifexited(_vm: &Vm, status: i32) -> bool {
        libc::WIFEXITED(status)
    }

    /// Return the process return code from status.
    #[function(name = "WEXITSTATUS", sig = "(status)")]
    fn wexitstatus(_vm: &Vm, status: i32) -> i32 {
        libc::WEXITSTATUS(status)
    }

    /// The signal that ended the process.
    #[function(name = "WTERMSIG", sig = "(status)")]
    fn wtermsig(_vm: &Vm, status: i32) -> i32 {
        libc::WTERMSIG(status)
    }

    /// The signal that stopped the process.
    #[function(name = "WSTOPSIG", sig = "(status)")]
    fn wstopsig(_vm: &Vm, status: i32) -> i32 {
        libc::WSTOPSIG(status)
    }

    /// Kill a process with a signal.
    #[function(sig = "(pid, signal, /)")]
    fn kill(vm: &Vm, pid: i32, signal: i32) -> Res<()> {
        vm.audit("os.kill", || Ok(vec![Value::int32(pid), Value::int32(signal)]))?;
        host(vm).kill(pid, signal).or_os_error(vm)?;
        crate::support::check_signals(vm)
    }

    /// Kill a process group with a signal.
    #[function(sig = "(pgid, signal, /)")]
    fn killpg(vm: &Vm, pgid: i32, signal: i32) -> Res<()> {
        vm.audit("os.killpg", || Ok(vec![Value::int32(pgid), Value::int32(signal)]))?;
        host(vm).killpg(pgid, signal).or_os_error(vm)?;
        crate::support::check_signals(vm)
    }

    /// End the process at once with this status: no cleaning up, no flushing.
    #[function(sig = "(status)")]
    fn _exit(vm: &Vm, status: i32) -> Res<()> {
        host(vm).exit_now(status).or_os_error(vm)
    }

    /// Abort the interpreter immediately.
    #[function(sig = "()")]
    fn abort(vm: &Vm) -> Res<()> {
        host(vm).abort().or_os_error(vm)
    }

    /// Add to this process's niceness and return what it is now.
    #[function(sig = "(increment, /)")]
    fn nice(vm: &Vm, increment: i32) -> Res<i32> {
        host(vm).nice(increment).or_os_error(vm)
    }

    /// Return program scheduling priority.
    #[function(sig = "(which, who)")]
    fn getpriority(vm: &Vm, which: i32, who: i32) -> Res<i32> {
        host(vm).getpriority(which as u32, who as u32).or_os_error(vm)
    }

    /// Set program scheduling priority.
    #[function(sig = "(which, who, priority)")]
    fn setpriority(vm: &Vm, which: i32, who: i32, priority: i32) -> Res<()> {
        host(vm).setpriority(which as u32, who as u32, priority).or_os_error(vm)
    }

    /// Voluntarily relinquish the CPU.
    #[function(sig = "()")]
    fn sched_yield(vm: &Vm) -> Res<()> {
        let host = host(vm);
        crate::support::without_gil(vm, || host.sched_yield()).or_os_error(vm)
    }

    /// Get the minimum scheduling priority for policy.
    #[function(sig = "(policy)")]
    fn sched_get_priority_min(vm: &Vm, policy: i32) -> Res<i32> {
        host(vm).sched_get_priority_min(policy).or_os_error(vm)
    }

    /// Get the maximum scheduling priority for policy.
    #[function(sig = "(policy)")]
    fn sched_get_priority_max(vm: &Vm, policy: i32) -> Res<i32> {
        host(vm).sched_get_priority_max(policy).or_os_error(vm)
    }

    /// Get the scheduling policy for the process identified by pid.
    #[function(sig = "(pid, /)")]
    fn sched_getscheduler(vm: &Vm, pid: i32) -> Res<i32> {
        host(vm).sched_getscheduler(pid).or_os_error(vm)
    }

    /// Set the scheduling policy for the process identified by pid.
    #[function(sig = "(pid, policy, param, /)")]
    fn sched_setscheduler(vm: &Vm, pid: i32, policy: i32, param: &Value) -> Res<()> {
        let priority = priority(vm, param)?;
        host(vm).sched_setscheduler(pid, policy, priority).or_os_error(vm)
    }

    /// Returns scheduling parameters for the process identified by pid.
    #[function(sig = "(pid, /)")]
    fn sched_getparam(vm: &Vm, pid: i32) -> Res {
        let priority = host(vm).sched_getparam(pid).or_os_error(vm)?;
        super::system::SCHED_PARAM.make(vm, vec![Value::int32(priority)])
    }

    /// Set scheduling parameters for the process identified by pid.
    #[function(sig = "(pid, param, /)")]
    fn sched_setparam(vm: &Vm, pid: i32, param: &Value) -> Res<()> {
        let priority = priority(vm, param)?;
        host(vm).sched_setparam(pid, priority).or_os_error(vm)
    }

    /// How long a turn is, in seconds, for a process scheduled round-robin.
    #[function(sig = "(pid, /)")]
    fn sched_rr_get_interval(vm: &Vm, pid: i32) -> Res<f64> {
        Ok(host(vm).sched_rr_get_interval(pid).or_os_error(vm)? as f64 * 1e-9)
    }

    /// The processors that a process (0: this one) may run on, as a set.
    #[function(sig = "(pid, /)")]
    fn sched_getaffinity(vm: &Vm, pid: i32) -> Res {
        let cpus = host(vm).sched_getaffinity(pid).or_os_error(vm)?;
        let cpus = cpus.iter().map(|&cpu| vm.new_int(cpu as i64)).collect::<Res<Vec<_>>>()?;
        vm.call(&crate::support::builtin(vm, "set")?, &[vm.new_list(cpus)?])
    }

    /// Set the CPU affinity of the process identified by pid to mask.
    #[function(sig = "(pid, mask, /)")]
    fn sched_setaffinity(vm: &Vm, pid: i32, mask: &Value) -> Res<()> {
        let mut cpus = Vec::new();
        for cpu in collect(vm, mask)? {
            if ophi_runtime::objects::int::view(&cpu).is_none() {
                let got = vm.type_name(&cpu);
                return Err(vm.type_error(format!("expected an iterator of ints, but iterator yielded {got}")));
            }
            match vm.index_as_i128(&cpu)? {
                Some(cpu) if cpu < 0 => return Err(vm.value_error("negative CPU number")),
                Some(cpu) if cpu < i128::from(i32::MAX) => cpus.push(cpu as usize),
                _ => return Err(vm.overflow_error("CPU number too large")),
            }
        }
        host(vm).sched_setaffinity(pid, &cpus).or_os_error(vm)
    }
}

fn priority(vm: &Vm, param: &Value) -> Res<i32> {
    if !vm.is_instance_of(param, super::system::SCHED_PARAM.def) {
        return Err(vm.type_error("must have a sched_param object"));
    }
    to_i32(vm, &vm.get_attr_str(param, "sched_priority")?)
}
