//! Starting a child as `subprocess` does: CPython's `_posixsubprocess.fork_exec`.
//!
//! Between fork and exec only async-signal-safe calls are allowed, because other threads may hold any lock, the
//! allocator's among them. So everything the child needs is laid out before the fork ([`ForkExec`] borrows C strings,
//! the pointer arrays are built by the parent), and the child code below allocates nothing and touches no Rust
//! machinery that could. A preexec function runs Python in the child: the caller passes it as a plain callback and
//! answers for what that does, as CPython's documentation warns.
//!
//! Failure in the child travels through `errpipe_write` as `NAME:hex errno:message`, where the message `noexec` means
//! that everything before exec failed and `noexec:chdir` that it was the change of directory (the text `subprocess` parses).
//!
//! Source: CPython Modules/_posixsubprocess.c (`child_exec`).

use std::ffi::{CStr, CString};

use crate::error::check;
use crate::process::pointers;
use crate::{Fd, HostError, Outcome};

/// A change of identity in the child; `None` is "leave".
pub type IdChange = Option<u32>;

/// The request. Descriptors are -1 where there is none.
pub struct ForkExec<'a> {
    /// Full paths to try in turn.
    pub executables: &'a [CString],
    pub argv: &'a [CString],
    /// `None` keeps this process's environment.
    pub envp: Option<&'a [CString]>,
    pub cwd: Option<&'a CStr>,
    pub close_fds: bool,
    /// Sorted.
    pub fds_to_keep: &'a [Fd],
    pub p2cread: Fd,
    pub p2cwrite: Fd,
    pub c2pread: Fd,
    pub c2pwrite: Fd,
    pub errread: Fd,
    pub errwrite: Fd,
    pub errpipe_read: Fd,
    pub errpipe_write: Fd,
    pub restore_signals: bool,
    pub call_setsid: bool,
    /// `None` is "leave"; 0 makes a group of the child's own.
    pub group: Option<i32>,
    pub gid: IdChange,
    pub extra_groups: Option<&'a [u32]>,
    pub uid: IdChange,
    pub umask: Option<u32>,
    /// Runs in the child before exec; false stops the child with `SubprocessError:0:Exception occurred in preexec_fn.`
    pub preexec: Option<&'a dyn Fn() -> bool>,
}

/// What went wrong in the child: the text after the errno, "" being the exec itself.
type ChildResult = Result<(), &'static [u8]>;

fn ok(answer: i32) -> ChildResult {
    if answer == -1 { Err(b"noexec") } else { Ok(()) }
}

/// Everything the child does before exec.
///
/// # Safety
/// Runs in a freshly forked child; only async-signal-safe calls, no allocation (but for `preexec`).
unsafe fn prepare(r: &ForkExec<'_>) -> ChildResult {
    // SAFETY: all calls below are on plain descriptors and live C strings of the request.
    unsafe {
        for &fd in r.fds_to_keep {
            if fd != r.errpipe_write {
                let flags = libc::fcntl(fd, libc::F_GETFD);
                ok(libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC))?;
            }
        }
        for fd in [r.p2cwrite, r.c2pread, r.errread] {
            if fd >= 0 {
                ok(libc::close(fd))?;
            }
        }
        ok(libc::close(r.errpipe_read))?;
        // When the parent's own standard streams were closed, a pipe end may sit on 0, 1 or 2 and be overwritten below.
        let mut c2pwrite = r.c2pwrite;
        if c2pwrite == 0 {
            c2pwrite = libc::fcntl(c2pwrite, libc::F_DUPFD_CLOEXEC, 0);
            ok(c2pwrite)?;
        }
        let mut errwrite = r.errwrite;
        while errwrite == 0 || errwrite == 1 {
            errwrite = libc::fcntl(errwrite, libc::F_DUPFD_CLOEXEC, 0);
            ok(errwrite)?;
        }
        for (fd, target) in [(r.p2cread, 0), (c2pwrite, 1), (errwrite, 2)] {
            if fd == target {
                let flags = libc::fcntl(fd, libc::F_GETFD);
                ok(libc::fcntl(fd, libc::F_SETFD, flags & !libc::FD_CLOEXEC))?;
            } else if fd != -1 {
                ok(libc::dup2(fd, target))?;
            }
        }
        if let Some(cwd) = r.cwd
            && libc::chdir(cwd.as_ptr()) == -1
        {
            return Err(b"noexec:chdir");
        }
        if let Some(mask) = r.umask {
            libc::umask(mask);
        }
        if r.restore_signals {
            for signal in [libc::SIGPIPE, libc::SIGXFSZ] {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        if r.call_setsid {
            ok(libc::setsid())?;
        }
        if let Some(group) = r.group {
            ok(libc::setpgid(0, group))?;
        }
        if let Some(groups) = r.extra_groups {
            ok(libc::setgroups(groups.len(), groups.as_ptr()))?;
        }
        if let Some(gid) = r.gid {
            ok(libc::setregid(gid, gid))?;
        }
        if let Some(uid) = r.uid {
            ok(libc::setreuid(uid, uid))?;
        }
    }
    Ok(())
}

/// Closes every descriptor from 3 up but the ones to keep.
///
/// # Safety
/// As `prepare`.
unsafe fn close_others(keep: &[Fd]) {
    let mut low = 3u32;
    for &fd in keep.iter().chain(std::iter::once(&i32::MAX)) {
        if fd < 3 {
            continue;
        }
        let fd = fd as u32;
        if fd > low {
            // SAFETY: plain numbers; close_range and close accept any.
            unsafe {
                if libc::syscall(libc::SYS_close_range, low, fd - 1, 0u32) != 0 {
                    for fd in low..fd.min(65_536) {
                        libc::close(fd as i32);
                    }
                }
            }
        }
        low = fd.saturating_add(1);
    }
}

/// Tells the parent and ends the child.
///
/// # Safety
/// As `prepare`.
unsafe fn report(errpipe: Fd, name: &[u8], errno: i32, message: &[u8]) -> ! {
    let mut text = [0u8; 128];
    let mut length = 0;
    let mut push = |bytes: &[u8]| {
        for &byte in bytes {
            if length < text.len() {
                text[length] = byte;
                length += 1;
            }
        }
    };
    push(name);
    push(b":");
    let mut digits = [0u8; 8];
    let mut at = digits.len();
    let mut rest = errno.max(0) as u32;
    while at > 0 && (rest > 0 || at == digits.len()) {
        at -= 1;
        digits[at] = b"0123456789ABCDEF"[(rest & 15) as usize];
        rest >>= 4;
    }
    push(&digits[at..]);
    push(b":");
    push(message);
    // SAFETY: the text is live; _exit does not return.
    unsafe {
        libc::write(errpipe, text.as_ptr().cast(), length);
        libc::_exit(255)
    }
}

unsafe extern "C" {
    static mut environ: *const *const libc::c_char;
}

/// Forks and, in the child, prepares and runs the program.
pub(crate) fn start(request: &ForkExec<'_>) -> Outcome<i32> {
    let argv = pointers(request.argv);
    let envp = request.envp.map(pointers);
    // SAFETY: the child branch keeps to async-signal-safe calls (see the functions) and never returns.
    unsafe {
        let pid = libc::fork();
        if pid != 0 {
            return check(pid);
        }
        if let Err(message) = prepare(request) {
            report(request.errpipe_write, b"OSError", HostError::last().errno(), message);
        }
        if let Some(preexec) = request.preexec
            && !preexec()
        {
            report(request.errpipe_write, b"SubprocessError", 0, b"Exception occurred in preexec_fn.");
        }
        if request.close_fds {
            close_others(request.fds_to_keep);
        }
        // What is told is the first failure that is not merely "not there".
        let mut errno = 0;
        for path in request.executables {
            let envp = envp.as_ref().map_or(environ, |envp| envp.as_ptr());
            libc::execve(path.as_ptr(), argv.as_ptr(), envp);
            let now = HostError::last().errno();
            if now != libc::ENOENT && now != libc::ENOTDIR && errno == 0 {
                errno = now;
            }
        }
        let errno = if errno == 0 { HostError::last().errno() } else { errno };
        report(request.errpipe_write, b"OSError", errno, b"")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Fds, OsHost, Processes};

    fn run(path: &CStr, cwd: Option<&CStr>) -> (Vec<u8>, Vec<u8>, i32) {
        let host = OsHost;
        let (out_read, out_write) = host.pipe2(libc::O_CLOEXEC).unwrap();
        let (error_read, error_write) = host.pipe2(libc::O_CLOEXEC).unwrap();
        let request = ForkExec {
            executables: &[path.to_owned()],
            argv: &[c"sh".to_owned(), c"-c".to_owned(), c"pwd; exit 3".to_owned()],
            envp: None,
            cwd,
            close_fds: true,
            fds_to_keep: &[error_write],
            p2cread: -1,
            p2cwrite: -1,
            c2pread: out_read,
            c2pwrite: out_write,
            errread: -1,
            errwrite: -1,
            errpipe_read: error_read,
            errpipe_write: error_write,
            restore_signals: true,
            call_setsid: false,
            group: None,
            gid: None,
            extra_groups: None,
            uid: None,
            umask: None,
            preexec: None,
        };
        let pid = host.fork_exec(&request).unwrap();
        host.close(out_write).unwrap();
        host.close(error_write).unwrap();
        let (mut text, mut error) = ([0; 100], [0; 100]);
        let error_length = host.read(error_read, &mut error).unwrap();
        let length = host.read(out_read, &mut text).unwrap();
        host.close(out_read).unwrap();
        host.close(error_read).unwrap();
        let (_, status) = host.waitpid(pid, 0).unwrap();
        (text[..length].to_vec(), error[..error_length].to_vec(), libc::WEXITSTATUS(status))
    }

    #[test]
    fn children_start_and_failures_are_told() {
        assert_eq!(run(c"/bin/sh", Some(c"/")), (b"/\n".to_vec(), b"".to_vec(), 3));
        assert_eq!(run(c"/no/such/program", None), (b"".to_vec(), b"OSError:2:".to_vec(), 255));
        assert_eq!(run(c"/bin/sh", Some(c"/no/such/place")).1, b"OSError:2:noexec:chdir");
    }
}
