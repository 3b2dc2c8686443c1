//! Processes: identity, groups and sessions, making, replacing, waiting for and ending them.

use std::ffi::{CStr, CString};

use crate::fork_exec::ForkExec;
use crate::limits::{RUsage, rusage_from};
use crate::signals::{SigInfo, siginfo_from};
use crate::spawn::{FileAction, SpawnAttributes};
use crate::{Fd, HostError, OsHost, Outcome};

/// What `wait4` tells of a child; `pid` 0 when `WNOHANG` found none.
#[derive(Clone, Copy, Debug, Default)]
pub struct ChildStatus {
    pub pid: i32,
    /// As the C call gives it: for `WIFEXITED` and the others.
    pub status: i32,
    pub usage: RUsage,
}

/// `times`, in seconds.
#[derive(Clone, Copy, Debug, Default)]
pub struct ProcessTimes {
    pub user: f64,
    pub system: f64,
    pub children_user: f64,
    pub children_system: f64,
    pub elapsed: f64,
}

door! {
    /// Processes.
    pub trait Processes {
        fn getpid(&self) -> i32;
        fn getppid(&self) -> i32;
        fn gettid(&self) -> i32;
        fn getuid(&self) -> u32;
        fn geteuid(&self) -> u32;
        fn getgid(&self) -> u32;
        fn getegid(&self) -> u32;
        /// (real, effective, saved)
        fn getresuid(&self) -> (u32, u32, u32);
        fn getresgid(&self) -> (u32, u32, u32);
        fn setuid(&self, uid: u32);
        fn seteuid(&self, uid: u32);
        fn setreuid(&self, real: u32, effective: u32);
        fn setresuid(&self, real: u32, effective: u32, saved: u32);
        fn setgid(&self, gid: u32);
        fn setegid(&self, gid: u32);
        fn setregid(&self, real: u32, effective: u32);
        fn setresgid(&self, real: u32, effective: u32, saved: u32);
        fn getgroups(&self) -> Vec<u32>;
        fn setgroups(&self, groups: &[u32]);
        fn initgroups(&self, name: &CStr, gid: u32);
        fn getgrouplist(&self, name: &CStr, gid: u32) -> Vec<u32>;
        fn getpgrp(&self) -> i32;
        fn getpgid(&self, pid: i32) -> i32;
        fn setpgid(&self, pid: i32, group: i32);
        fn getsid(&self, pid: i32) -> i32;
        fn setsid(&self) -> i32;
        fn kill(&self, pid: i32, signal: i32);
        fn killpg(&self, group: i32, signal: i32);
        fn waitpid(&self, pid: i32, options: i32) -> (i32, i32);
        fn wait4(&self, pid: i32, options: i32) -> ChildStatus;
        /// `None` when `WNOHANG` found no child.
        fn waitid(&self, id_type: u32, id: u32, options: i32) -> Option<SigInfo>;
        fn times(&self) -> ProcessTimes;
        /// Ends the process at once, without any clean-up.
        fn exit_now(&self, status: i32);
        fn abort(&self);
        /// Replaces the process; an answer is a failure.
        fn execve(&self, path: &CStr, argv: &[CString], envp: &[CString]);
        fn fexecve(&self, fd: Fd, argv: &[CString], envp: &[CString]);
        /// `fork`: 0 in the child. Only the calling thread lives on there; the caller restores what it must.
        fn fork(&self) -> i32;
        /// (pid, controlling descriptor); pid 0 in the child.
        fn forkpty(&self) -> (i32, Fd);
        fn posix_spawn(&self, path: &CStr, argv: &[CString], envp: &[CString], actions: &[FileAction], attributes: &SpawnAttributes, search_path: bool) -> i32;
        /// Starts a child as `subprocess` does; answers its pid. What fails in the child is told through its error pipe.
        fn fork_exec(&self, request: &ForkExec<'_>) -> i32;
        fn system(&self, command: &CStr) -> i32;
        fn unshare(&self, flags: i32);
        fn setns(&self, fd: Fd, flags: i32);
    }
}

/// The null-terminated pointer array that the exec family takes; borrows `strings`.
pub(crate) fn pointers(strings: &[CString]) -> Vec<*const libc::c_char> {
    strings.iter().map(|s| s.as_ptr()).chain(std::iter::once(std::ptr::null())).collect()
}

impl Processes for OsHost {
    fn getpid(&self) -> Outcome<i32> {
        Ok(os_plain!(libc::getpid()))
    }

    fn getppid(&self) -> Outcome<i32> {
        Ok(os_plain!(libc::getppid()))
    }

    fn gettid(&self) -> Outcome<i32> {
        Ok(os_plain!(libc::gettid()))
    }

    fn getuid(&self) -> Outcome<u32> {
        Ok(os_plain!(libc::getuid()))
    }

    fn geteuid(&self) -> Outcome<u32> {
        Ok(os_plain!(libc::geteuid()))
    }

    fn getgid(&self) -> Outcome<u32> {
        Ok(os_plain!(libc::getgid()))
    }

    fn getegid(&self) -> Outcome<u32> {
        Ok(os_plain!(libc::getegid()))
    }

    fn getresuid(&self) -> Outcome<(u32, u32, u32)> {
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        os!(libc::getresuid(&mut real, &mut effective, &mut saved))?;
        Ok((real, effective, saved))
    }

    fn getresgid(&self) -> Outcome<(u32, u32, u32)> {
        let (mut real, mut effective, mut saved) = (0, 0, 0);
        os!(libc::getresgid(&mut real, &mut effective, &mut saved))?;
        Ok((real, effective, saved))
    }

    fn setuid(&self, uid: u32) -> Outcome<()> {
        os!(libc::setuid(uid)).map(drop)
    }

    fn seteuid(&self, uid: u32) -> Outcome<()> {
        os!(libc::seteuid(uid)).map(drop)
    }

    fn setreuid(&self, real: u32, effective: u32) -> Outcome<()> {
        os!(libc::setreuid(real, effective)).map(drop)
    }

    fn setresuid(&self, real: u32, effective: u32, saved: u32) -> Outcome<()> {
        os!(libc::setresuid(real, effective, saved)).map(drop)
    }

    fn setgid(&self, gid: u32) -> Outcome<()> {
        os!(libc::setgid(gid)).map(drop)
    }

    fn setegid(&self, gid: u32) -> Outcome<()> {
        os!(libc::setegid(gid)).map(drop)
    }

    fn setregid(&self, real: u32, effective: u32) -> Outcome<()> {
        os!(libc::setregid(real, effective)).map(drop)
    }

    fn setresgid(&self, real: u32, effective: u32, saved: u32) -> Outcome<()> {
        os!(libc::setresgid(real, effective, saved)).map(drop)
    }

    fn getgroups(&self) -> Outcome<Vec<u32>> {
        let count = os!(libc::getgroups(0, std::ptr::null_mut()))?;
        let mut groups = vec![0; count as usize];
        let count = os!(libc::getgroups(count, groups.as_mut_ptr()))?;
        groups.truncate(count as usize);
        Ok(groups)
    }

    fn setgroups(&self, groups: &[u32]) -> Outcome<()> {
        os!(libc::setgroups(groups.len(), groups.as_ptr())).map(drop)
    }

    fn initgroups(&self, name: &CStr, gid: u32) -> Outcome<()> {
        os!(libc::initgroups(name.as_ptr(), gid)).map(drop)
    }

    fn getgrouplist(&self, name: &CStr, gid: u32) -> Outcome<Vec<u32>> {
        let mut groups = vec![0; 64];
        loop {
            let mut count = groups.len() as i32;
            if os_plain!(libc::getgrouplist(name.as_ptr(), gid, groups.as_mut_ptr(), &mut count)) >= 0 {
                groups.truncate(count as usize);
                return Ok(groups);
            }
            if groups.len() > 1 << 16 {
                return Err(HostError(libc::ENOMEM));
            }
            groups = vec![0; (groups.len() * 2).max(count.max(0) as usize)];
        }
    }

    fn getpgrp(&self) -> Outcome<i32> {
        Ok(os_plain!(libc::getpgrp()))
    }

    fn getpgid(&self, pid: i32) -> Outcome<i32> {
        os!(libc::getpgid(pid))
    }

    fn setpgid(&self, pid: i32, group: i32) -> Outcome<()> {
        os!(libc::setpgid(pid, group)).map(drop)
    }

    fn getsid(&self, pid: i32) -> Outcome<i32> {
        os!(libc::getsid(pid))
    }

    fn setsid(&self) -> Outcome<i32> {
        os!(libc::setsid())
    }

    fn kill(&self, pid: i32, signal: i32) -> Outcome<()> {
        os!(libc::kill(pid, signal)).map(drop)
    }

    fn killpg(&self, group: i32, signal: i32) -> Outcome<()> {
        os!(libc::killpg(group, signal)).map(drop)
    }

    fn waitpid(&self, pid: i32, options: i32) -> Outcome<(i32, i32)> {
        let mut status = 0;
        let pid = os!(libc::waitpid(pid, &mut status, options))?;
        Ok((pid, status))
    }

    fn wait4(&self, pid: i32, options: i32) -> Outcome<ChildStatus> {
        let (mut status, mut usage) = (0, zeroed!(libc::rusage));
        let pid = os!(libc::wait4(pid, &mut status, options, &mut usage))?;
        Ok(ChildStatus { pid, status, usage: rusage_from(&usage) })
    }

    fn waitid(&self, id_type: u32, id: u32, options: i32) -> Outcome<Option<SigInfo>> {
        let mut raw = zeroed!(libc::siginfo_t);
        os!(libc::waitid(id_type, id, &mut raw, options))?;
        let info = siginfo_from(&raw);
        Ok((info.pid != 0).then_some(info))
    }

    fn times(&self) -> Outcome<ProcessTimes> {
        let mut raw = zeroed!(libc::tms);
        let elapsed = os!(libc::times(&mut raw))?;
        let ticks = os_plain!(libc::sysconf(libc::_SC_CLK_TCK)) as f64;
        Ok(ProcessTimes {
            user: raw.tms_utime as f64 / ticks,
            system: raw.tms_stime as f64 / ticks,
            children_user: raw.tms_cutime as f64 / ticks,
            children_system: raw.tms_cstime as f64 / ticks,
            elapsed: elapsed as f64 / ticks,
        })
    }

    fn exit_now(&self, status: i32) -> Outcome<()> {
        // SAFETY: _exit has no precondition; it does not return.
        unsafe { libc::_exit(status) }
    }

    fn abort(&self) -> Outcome<()> {
        // SAFETY: abort has no precondition; it does not return.
        unsafe { libc::abort() }
    }

    fn execve(&self, path: &CStr, argv: &[CString], envp: &[CString]) -> Outcome<()> {
        let (argv, envp) = (pointers(argv), pointers(envp));
        os!(libc::execve(path.as_ptr(), argv.as_ptr(), envp.as_ptr())).map(drop)
    }

    fn fexecve(&self, fd: Fd, argv: &[CString], envp: &[CString]) -> Outcome<()> {
        let (argv, envp) = (pointers(argv), pointers(envp));
        os!(libc::fexecve(fd, argv.as_ptr(), envp.as_ptr())).map(drop)
    }

    fn fork(&self) -> Outcome<i32> {
        // SAFETY: the caller answers for locks held by other threads, which the child will find held (see the trait).
        crate::error::check(unsafe { libc::fork() })
    }

    fn forkpty(&self) -> Outcome<(i32, Fd)> {
        let mut main = -1;
        let nothing = std::ptr::null_mut::<libc::c_char>();
        // SAFETY: as `fork`; the pointers are a live local and nulls, which the call allows.
        let pid = unsafe { libc::forkpty(&mut main, nothing, std::ptr::null_mut(), std::ptr::null_mut()) };
        crate::error::check(pid)?;
        if pid != 0 {
            os!(libc::fcntl(main, libc::F_SETFD, libc::FD_CLOEXEC))?;
        }
        Ok((pid, main))
    }

    fn posix_spawn(
        &self,
        path: &CStr,
        argv: &[CString],
        envp: &[CString],
        actions: &[FileAction],
        attributes: &SpawnAttributes,
        search_path: bool,
    ) -> Outcome<i32> {
        crate::spawn::spawn(path, argv, envp, actions, attributes, search_path)
    }

    fn fork_exec(&self, request: &ForkExec<'_>) -> Outcome<i32> {
        crate::fork_exec::start(request)
    }

    fn system(&self, command: &CStr) -> Outcome<i32> {
        os!(libc::system(command.as_ptr()))
    }

    fn unshare(&self, flags: i32) -> Outcome<()> {
        os!(libc::unshare(flags)).map(drop)
    }

    fn setns(&self, fd: Fd, flags: i32) -> Outcome<()> {
        os!(libc::setns(fd, flags)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_agree() {
        let host = OsHost;
        assert_eq!(host.getresuid().unwrap().1, host.geteuid().unwrap());
        assert_eq!(host.getpgid(0).unwrap(), host.getpgrp().unwrap());
        assert_eq!(host.kill(i32::MAX, 0).unwrap_err().errno(), libc::ESRCH);
        assert_eq!(host.waitpid(i32::MAX, 0).unwrap_err().errno(), libc::ECHILD);
    }
}
