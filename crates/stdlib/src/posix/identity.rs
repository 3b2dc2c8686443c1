//! Users, groups, sessions: who the process is.

use ophi_runtime::{Res, Value, Vm, methods};

use super::args::{Id, SystemString};
use crate::support::errors::OrOsError;
use crate::support::host;
use crate::support::paths::fs_decode;
use crate::support::values::{collect, list_of, tuple};

fn triple(vm: &Vm, (a, b, c): (u32, u32, u32)) -> Res {
    let all = [a, b, c].iter().map(|&id| vm.new_int(i64::from(id))).collect::<Res<Vec<_>>>()?;
    tuple(vm, all)
}

pub struct Identity;

#[methods]
impl Identity {
    /// Return the current process id.
    #[function(sig = "()")]
    fn getpid(vm: &Vm) -> Res<i32> {
        host(vm).getpid().or_os_error(vm)
    }

    /// Return the parent's process id.
    #[function(sig = "()")]
    fn getppid(vm: &Vm) -> Res<i32> {
        host(vm).getppid().or_os_error(vm)
    }

    /// Return the current process's user id.
    #[function(sig = "()")]
    fn getuid(vm: &Vm) -> Res<u32> {
        host(vm).getuid().or_os_error(vm)
    }

    /// Return the current process's effective user id.
    #[function(sig = "()")]
    fn geteuid(vm: &Vm) -> Res<u32> {
        host(vm).geteuid().or_os_error(vm)
    }

    /// Return the current process's group id.
    #[function(sig = "()")]
    fn getgid(vm: &Vm) -> Res<u32> {
        host(vm).getgid().or_os_error(vm)
    }

    /// Return the current process's effective group id.
    #[function(sig = "()")]
    fn getegid(vm: &Vm) -> Res<u32> {
        host(vm).getegid().or_os_error(vm)
    }

    /// Real, effective and saved user numbers of this process.
    #[function(sig = "()")]
    fn getresuid(vm: &Vm) -> Res {
        triple(vm, host(vm).getresuid().or_os_error(vm)?)
    }

    /// Real, effective and saved group numbers of this process.
    #[function(sig = "()")]
    fn getresgid(vm: &Vm) -> Res {
        triple(vm, host(vm).getresgid().or_os_error(vm)?)
    }

    /// Set the current process's user id.
    #[function(sig = "(uid, /)")]
    fn setuid(vm: &Vm, uid: Id) -> Res<()> {
        host(vm).setuid(uid.0).or_os_error(vm)
    }

    /// Set the current process's effective user id.
    #[function(sig = "(euid, /)")]
    fn seteuid(vm: &Vm, euid: Id) -> Res<()> {
        host(vm).seteuid(euid.0).or_os_error(vm)
    }

    /// Set the current process's real and effective user ids.
    #[function(sig = "(ruid, euid, /)")]
    fn setreuid(vm: &Vm, ruid: Id, euid: Id) -> Res<()> {
        host(vm).setreuid(ruid.0, euid.0).or_os_error(vm)
    }

    /// Set real, effective and saved user numbers of this process.
    #[function(sig = "(ruid, euid, suid, /)")]
    fn setresuid(vm: &Vm, ruid: Id, euid: Id, suid: Id) -> Res<()> {
        host(vm).setresuid(ruid.0, euid.0, suid.0).or_os_error(vm)
    }

    /// Set the current process's group id.
    #[function(sig = "(gid, /)")]
    fn setgid(vm: &Vm, gid: Id) -> Res<()> {
        host(vm).setgid(gid.0).or_os_error(vm)
    }

    /// Set the current process's effective group id.
    #[function(sig = "(egid, /)")]
    fn setegid(vm: &Vm, egid: Id) -> Res<()> {
        host(vm).setegid(egid.0).or_os_error(vm)
    }

    /// Set the current process's real and effective group ids.
    #[function(sig = "(rgid, egid, /)")]
    fn setregid(vm: &Vm, rgid: Id, egid: Id) -> Res<()> {
        host(vm).setregid(rgid.0, egid.0).or_os_error(vm)
    }

    /// Set real, effective and saved group numbers of this process.
    #[function(sig = "(rgid, egid, sgid, /)")]
    fn setresgid(vm: &Vm, rgid: Id, egid: Id, sgid: Id) -> Res<()> {
        host(vm).setresgid(rgid.0, egid.0, sgid.0).or_os_error(vm)
    }

    /// Return list of supplemental group IDs for the process.
    #[function(sig = "()")]
    fn getgroups(vm: &Vm) -> Res {
        let groups = host(vm).getgroups().or_os_error(vm)?;
        list_of(vm, groups, |vm, group| vm.new_int(i64::from(group)))
    }

    /// Set the groups of the current process to list.
    #[function(sig = "(groups, /)")]
    fn setgroups(vm: &Vm, groups: &Value) -> Res<()> {
        if vm.class(groups).slots().getitem.is_none() {
            return Err(vm.type_error("setgroups argument must be a sequence"));
        }
        let items = collect(vm, groups)?;
        if items.len() > 65_536 {
            return Err(vm.value_error("too many groups"));
        }
        let mut ids = Vec::new();
        for item in &items {
            match vm.index_as_i128(item)?.and_then(|i| u32::try_from(i).ok()) {
                Some(id) => ids.push(id),
                None => return Err(vm.overflow_error("group id out of range")),
            }
        }
        host(vm).setgroups(&ids).or_os_error(vm)
    }

    /// Initialize the group access list.
    #[function(sig = "(username, gid, /)")]
    fn initgroups(vm: &Vm, username: SystemString, gid: Id) -> Res<()> {
        host(vm).initgroups(&username.0, gid.0).or_os_error(vm)
    }

    /// Returns a list of groups to which a user belongs.
    #[function(sig = "(user, group, /)")]
    fn getgrouplist(vm: &Vm, user: SystemString, group: Id) -> Res {
        let groups = host(vm).getgrouplist(&user.0, group.0).or_os_error(vm)?;
        list_of(vm, groups, |vm, group| vm.new_int(i64::from(group)))
    }

    /// Return the actual login name.
    #[function(sig = "()")]
    fn getlogin(vm: &Vm) -> Res {
        fs_decode(vm, &host(vm).getlogin().or_os_error(vm)?)
    }

    /// Return the current process group id.
    #[function(sig = "()")]
    fn getpgrp(vm: &Vm) -> Res<i32> {
        host(vm).getpgrp().or_os_error(vm)
    }

    /// Make the current process the leader of its process group.
    #[function(sig = "()")]
    fn setpgrp(vm: &Vm) -> Res<()> {
        host(vm).setpgid(0, 0).or_os_error(vm)
    }

    /// Call the system call getpgid(), and return the result.
    #[function(sig = "(pid)")]
    fn getpgid(vm: &Vm, pid: i32) -> Res<i32> {
        host(vm).getpgid(pid).or_os_error(vm)
    }

    /// Call the system call setpgid(pid, pgrp).
    #[function(sig = "(pid, pgrp, /)")]
    fn setpgid(vm: &Vm, pid: i32, pgrp: i32) -> Res<()> {
        host(vm).setpgid(pid, pgrp).or_os_error(vm)
    }

    /// Call the system call getsid(pid) and return the result.
    #[function(sig = "(pid, /)")]
    fn getsid(vm: &Vm, pid: i32) -> Res<i32> {
        host(vm).getsid(pid).or_os_error(vm)
    }

    /// Call the system call setsid().
    #[function(sig = "()")]
    fn setsid(vm: &Vm) -> Res<()> {
        host(vm).setsid().or_os_error(vm).map(drop)
    }
}
