//! Scheduling: priorities, policies, processor affinity.

use std::ffi::CStr;

use crate::error::{check_number, clear_errno};
use crate::{HostError, OsHost, Outcome};

door! {
    /// Scheduling.
    pub trait Sched {
        fn nice(&self, increment: i32) -> i32;
        fn getpriority(&self, which: u32, who: u32) -> i32;
        fn setpriority(&self, which: u32, who: u32, priority: i32);
        fn sched_yield(&self);
        fn sched_get_priority_min(&self, policy: i32) -> i32;
        fn sched_get_priority_max(&self, policy: i32) -> i32;
        fn sched_getscheduler(&self, pid: i32) -> i32;
        fn sched_setscheduler(&self, pid: i32, policy: i32, priority: i32);
        fn sched_getparam(&self, pid: i32) -> i32;
        fn sched_setparam(&self, pid: i32, priority: i32);
        /// The interval in nanoseconds.
        fn sched_rr_get_interval(&self, pid: i32) -> i64;
        fn sched_getaffinity(&self, pid: i32) -> Vec<usize>;
        fn sched_setaffinity(&self, pid: i32, cpus: &[usize]);
        /// The name that the system shows for the calling thread; at most 15 bytes are kept.
        fn set_thread_name(&self, name: &CStr);
        fn thread_name(&self) -> Vec<u8>;
        /// Processors on line.
        fn cpu_count(&self) -> usize;
    }
}

fn priority(value: i32) -> libc::sched_param {
    let mut param = zeroed!(libc::sched_param);
    param.sched_priority = value;
    param
}

impl Sched for OsHost {
    fn set_thread_name(&self, name: &CStr) -> Outcome<()> {
        check_number(os_plain!(libc::pthread_setname_np(libc::pthread_self(), name.as_ptr())))
    }

    fn thread_name(&self) -> Outcome<Vec<u8>> {
        let mut buffer = [0; 64];
        Ok(crate::thread_name(os_plain!(libc::pthread_self()) as u64, &mut buffer).to_vec())
    }

    fn nice(&self, increment: i32) -> Outcome<i32> {
        clear_errno();
        let value = os_plain!(libc::nice(increment));
        match HostError::last() {
            error if value == -1 && error.errno() != 0 => Err(error),
            _ => Ok(value),
        }
    }

    fn getpriority(&self, which: u32, who: u32) -> Outcome<i32> {
        clear_errno();
        let value = os_plain!(libc::getpriority(which, who));
        match HostError::last() {
            error if value == -1 && error.errno() != 0 => Err(error),
            _ => Ok(value),
        }
    }

    fn setpriority(&self, which: u32, who: u32, priority: i32) -> Outcome<()> {
        os!(libc::setpriority(which, who, priority)).map(drop)
    }

    fn sched_yield(&self) -> Outcome<()> {
        os!(libc::sched_yield()).map(drop)
    }

    fn sched_get_priority_min(&self, policy: i32) -> Outcome<i32> {
        os!(libc::sched_get_priority_min(policy))
    }

    fn sched_get_priority_max(&self, policy: i32) -> Outcome<i32> {
        os!(libc::sched_get_priority_max(policy))
    }

    fn sched_getscheduler(&self, pid: i32) -> Outcome<i32> {
        os!(libc::sched_getscheduler(pid))
    }

    fn sched_setscheduler(&self, pid: i32, policy: i32, value: i32) -> Outcome<()> {
        os!(libc::sched_setscheduler(pid, policy, &priority(value))).map(drop)
    }

    fn sched_getparam(&self, pid: i32) -> Outcome<i32> {
        let mut param = zeroed!(libc::sched_param);
        os!(libc::sched_getparam(pid, &mut param))?;
        Ok(param.sched_priority)
    }

    fn sched_setparam(&self, pid: i32, value: i32) -> Outcome<()> {
        os!(libc::sched_setparam(pid, &priority(value))).map(drop)
    }

    fn sched_rr_get_interval(&self, pid: i32) -> Outcome<i64> {
        let mut t = zeroed!(libc::timespec);
        os!(libc::sched_rr_get_interval(pid, &mut t))?;
        Ok(crate::fds::nanoseconds(t))
    }

    fn sched_getaffinity(&self, pid: i32) -> Outcome<Vec<usize>> {
        let mut mask = [0u64; 1024];
        let size = os!(libc::syscall(libc::SYS_sched_getaffinity, pid, size_of_val(&mask), mask.as_mut_ptr()))?;
        let bits = size as usize * 8;
        Ok((0..bits).filter(|cpu| mask[cpu / 64] >> (cpu % 64) & 1 == 1).collect())
    }

    fn sched_setaffinity(&self, pid: i32, cpus: &[usize]) -> Outcome<()> {
        let mut mask = [0u64; 1024];
        for &cpu in cpus {
            let word = mask.get_mut(cpu / 64).ok_or(HostError(libc::EINVAL))?;
            *word |= 1 << (cpu % 64);
        }
        os!(libc::syscall(libc::SYS_sched_setaffinity, pid, size_of_val(&mask), mask.as_ptr())).map(drop)
    }

    fn cpu_count(&self) -> Outcome<usize> {
        os!(libc::sysconf(libc::_SC_NPROCESSORS_ONLN)).map(|count| count.max(1) as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn affinity_round_trips() {
        let cpus = OsHost.sched_getaffinity(0).unwrap();
        assert!(!cpus.is_empty() && cpus.len() <= OsHost.cpu_count().unwrap().max(cpus.len()));
        OsHost.sched_setaffinity(0, &cpus).unwrap();
    }
}
