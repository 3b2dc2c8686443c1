//! `posix_spawn`: the request as plain data, and its execution.

use std::ffi::{CStr, CString};

use crate::error::check_number;
use crate::process::pointers;
use crate::signals::{SigSet, sigset_into};
use crate::{Fd, Outcome};

/// What the child does with descriptors before it runs the program, in order.
#[derive(Clone, Debug)]
pub enum FileAction {
    Open { fd: Fd, path: CString, flags: i32, mode: u32 },
    Close(Fd),
    Dup2(Fd, Fd),
    CloseFrom(Fd),
}

/// Attributes of the child; `None` leaves the parent's.
#[derive(Clone, Debug, Default)]
pub struct SpawnAttributes {
    pub group: Option<i32>,
    pub reset_ids: bool,
    pub new_session: bool,
    pub mask: Option<SigSet>,
    pub default_signals: Option<SigSet>,
    /// (policy, priority); a policy of `None` sets the priority only.
    pub scheduler: Option<(Option<i32>, i32)>,
}

struct Actions(libc::posix_spawn_file_actions_t);

impl Drop for Actions {
    fn drop(&mut self) {
        // SAFETY: initialised by `posix_spawn_file_actions_init` and destroyed only here.
        unsafe { libc::posix_spawn_file_actions_destroy(&mut self.0) };
    }
}

struct Attributes(libc::posix_spawnattr_t);

impl Drop for Attributes {
    fn drop(&mut self) {
        // SAFETY: initialised by `posix_spawnattr_init` and destroyed only here.
        unsafe { libc::posix_spawnattr_destroy(&mut self.0) };
    }
}

unsafe extern "C" {
    fn posix_spawn_file_actions_addclosefrom_np(actions: *mut libc::posix_spawn_file_actions_t, from: i32) -> i32;
}

/// glibc's number for "start a session of its own".
const POSIX_SPAWN_SETSID: i32 = 0x80;

fn actions_from(actions: &[FileAction]) -> Outcome<Actions> {
    let mut raw = zeroed!(libc::posix_spawn_file_actions_t);
    check_number(os_plain!(libc::posix_spawn_file_actions_init(&mut raw)))?;
    let mut out = Actions(raw);
    let to = &mut out.0;
    for action in actions {
        check_number(match action {
            FileAction::Open { fd, path, flags, mode } => {
                os_plain!(libc::posix_spawn_file_actions_addopen(to, *fd, path.as_ptr(), *flags, *mode))
            }
            FileAction::Close(fd) => os_plain!(libc::posix_spawn_file_actions_addclose(to, *fd)),
            FileAction::Dup2(fd, target) => os_plain!(libc::posix_spawn_file_actions_adddup2(to, *fd, *target)),
            FileAction::CloseFrom(fd) => os_plain!(posix_spawn_file_actions_addclosefrom_np(to, *fd)),
        })?;
    }
    Ok(out)
}

fn attributes_from(wanted: &SpawnAttributes) -> Outcome<Attributes> {
    let mut raw = zeroed!(libc::posix_spawnattr_t);
    check_number(os_plain!(libc::posix_spawnattr_init(&mut raw)))?;
    let mut out = Attributes(raw);
    let to = &mut out.0;
    let mut flags = 0;
    if let Some(group) = wanted.group {
        check_number(os_plain!(libc::posix_spawnattr_setpgroup(to, group)))?;
        flags |= libc::POSIX_SPAWN_SETPGROUP;
    }
    if wanted.reset_ids {
        flags |= libc::POSIX_SPAWN_RESETIDS;
    }
    if wanted.new_session {
        flags |= POSIX_SPAWN_SETSID;
    }
    if let Some(mask) = &wanted.mask {
        check_number(os_plain!(libc::posix_spawnattr_setsigmask(to, &sigset_into(*mask))))?;
        flags |= libc::POSIX_SPAWN_SETSIGMASK;
    }
    if let Some(signals) = &wanted.default_signals {
        check_number(os_plain!(libc::posix_spawnattr_setsigdefault(to, &sigset_into(*signals))))?;
        flags |= libc::POSIX_SPAWN_SETSIGDEF;
    }
    if let Some((policy, priority)) = wanted.scheduler {
        if let Some(policy) = policy {
            check_number(os_plain!(libc::posix_spawnattr_setschedpolicy(to, policy)))?;
            flags |= libc::POSIX_SPAWN_SETSCHEDULER;
        }
        let mut param = zeroed!(libc::sched_param);
        param.sched_priority = priority;
        check_number(os_plain!(libc::posix_spawnattr_setschedparam(to, &param)))?;
        flags |= libc::POSIX_SPAWN_SETSCHEDPARAM;
    }
    check_number(os_plain!(libc::posix_spawnattr_setflags(to, flags as i16)))?;
    Ok(out)
}

pub(crate) fn spawn(
    path: &CStr,
    argv: &[CString],
    envp: &[CString],
    actions: &[FileAction],
    attributes: &SpawnAttributes,
    search_path: bool,
) -> Outcome<i32> {
    let (actions, attributes) = (actions_from(actions)?, attributes_from(attributes)?);
    let (argv, envp) = (pointers(argv), pointers(envp));
    let call = if search_path { libc::posix_spawnp } else { libc::posix_spawn };
    let mut pid = 0;
    check_number(os_plain!(call(
        &mut pid,
        path.as_ptr(),
        &actions.0,
        &attributes.0,
        argv.as_ptr().cast(),
        envp.as_ptr().cast()
    )))?;
    Ok(pid)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fds, OsHost, Processes};

    #[test]
    fn spawns_with_redirection() {
        let (reader, writer) = OsHost.pipe2(libc::O_CLOEXEC).unwrap();
        let argv = [c"echo".to_owned(), c"hello".to_owned()];
        let actions = [FileAction::Dup2(writer, 1)];
        let pid = OsHost.posix_spawn(c"echo", &argv, &[], &actions, &SpawnAttributes::default(), true).unwrap();
        OsHost.close(writer).unwrap();
        let mut text = [0; 16];
        assert_eq!(OsHost.read(reader, &mut text).unwrap(), 6);
        assert_eq!(OsHost.waitpid(pid, 0).unwrap(), (pid, 0));
        OsHost.close(reader).unwrap();
    }
}
