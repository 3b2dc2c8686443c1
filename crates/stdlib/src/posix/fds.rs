//! Operations on descriptors.

use std::io::{IoSlice, IoSliceMut};

use ophi_runtime::{Res, Value, Vm, methods};

use super::args::Id;
use crate::support::buffer::{Readable, Writable, readable, writable};
use crate::support::errors::{OrOsError, os_error};
use crate::support::paths::{DirFd, FileNumber, Path, dir, fs_decode};
use crate::support::values::{collect, to_i64, tuple};
use crate::support::{blocking, host};

/// An optional offset of `copy_file_range` and `splice`.
fn offset(vm: &Vm, value: Option<&Value>) -> Res<Option<i64>> {
    value.map(|value| to_i64(vm, value)).transpose()
}

/// Seconds as nanoseconds, rounded up towards more (`_PyTime_ROUND_CEILING`).
pub fn nanoseconds(vm: &Vm, value: &Value) -> Res<i64> {
    if let Some(seconds) = ophi_runtime::objects::float::view(value) {
        if seconds.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let ns = (seconds * 1e9).ceil();
        if !(-9.2e18..9.2e18).contains(&ns) {
            return Err(vm.overflow_error("timestamp too large to convert to C PyTime_t"));
        }
        return Ok(ns as i64);
    }
    match to_i64(vm, value)?.checked_mul(1_000_000_000) {
        Some(ns) => Ok(ns),
        None => Err(vm.overflow_error("timestamp too large to convert to C PyTime_t")),
    }
}

fn seconds_pair(vm: &Vm, (value, interval): (i64, i64)) -> Res {
    tuple(vm, vec![vm.new_float(value as f64 * 1e-9)?, vm.new_float(interval as f64 * 1e-9)?])
}

fn integer_pair(vm: &Vm, (value, interval): (i64, i64)) -> Res {
    tuple(vm, vec![vm.new_int(value)?, vm.new_int(interval)?])
}

fn fd_pair(vm: &Vm, (a, b): (i32, i32)) -> Res {
    tuple(vm, vec![Value::int32(a), Value::int32(b)])
}

pub struct Fds;

#[methods]
impl Fds {
    /// Open a file for low level IO.  Returns a file descriptor (integer).
    #[function(sig = "(path, flags, mode=511, *, dir_fd=None)")]
    fn open(vm: &Vm, path: Path, flags: i32, mode: i32, dir_fd: Option<DirFd>) -> Res<i32> {
        vm.audit("open", || Ok(vec![path.value.clone(), Value::NONE, Value::int32(flags | libc::O_CLOEXEC)]))?;
        blocking(vm, |host| host.open(dir(dir_fd), path.as_c(), flags, mode as u32))?
            .map_err(|error| path.fail(vm, error))
    }

    /// Close a file descriptor.
    #[function(sig = "(fd)")]
    fn close(vm: &Vm, fd: i32) -> Res<()> {
        let host = host(vm);
        crate::support::without_gil(vm, || host.close(fd)).or_os_error(vm)
    }

    /// Close all descriptors from fd_low up to, not including, fd_high. Errors do not count.
    #[function(sig = "(fd_low, fd_high, /)")]
    fn closerange(vm: &Vm, fd_low: i32, fd_high: i32) -> Res<()> {
        host(vm).close_range(fd_low, fd_high).or_os_error(vm)
    }

    /// Return a duplicate of a file descriptor.
    #[function(sig = "(fd, /)")]
    fn dup(vm: &Vm, fd: i32) -> Res<i32> {
        host(vm).dup(fd).or_os_error(vm)
    }

    /// Duplicate file descriptor.
    #[function(sig = "(fd, fd2, inheritable=True)")]
    fn dup2(vm: &Vm, fd: i32, fd2: i32, inheritable: bool) -> Res<i32> {
        if fd < 0 || fd2 < 0 {
            return Err(os_error(vm, ophi_host::HostError(libc::EBADF)));
        }
        blocking(vm, |host| host.dup2(fd, fd2, inheritable))?.or_os_error(vm)
    }

    /// Read from a file descriptor.  Returns a bytes object.
    #[function(sig = "(fd, length, /)")]
    fn read(vm: &Vm, fd: i32, length: i64) -> Res {
        if length < 0 {
            return Err(os_error(vm, ophi_host::HostError(libc::EINVAL)));
        }
        let mut room = vm.zeroed((length as usize).min(0x7fff_f000))?;
        let count = blocking(vm, |host| host.read(fd, &mut room))?.or_os_error(vm)?;
        Ok(vm.new_bytes(&room[..count])?.into_value())
    }

    /// Read into a buffer object from a file descriptor.
    #[function(sig = "(fd, buffer, /)")]
    fn readinto(vm: &Vm, fd: i32, mut buffer: Writable) -> Res<usize> {
        blocking(vm, |host| host.read(fd, buffer.bytes()))?.or_os_error(vm)
    }

    /// Read a number of bytes from a file descriptor starting at a particular offset.
    #[function(sig = "(fd, length, offset, /)")]
    fn pread(vm: &Vm, fd: i32, length: i32, offset: i64) -> Res {
        if length < 0 {
            return Err(os_error(vm, ophi_host::HostError(libc::EINVAL)));
        }
        let mut room = vm.zeroed(length as usize)?;
        let count = blocking(vm, |host| host.pread(fd, &mut room, offset))?.or_os_error(vm)?;
        Ok(vm.new_bytes(&room[..count])?.into_value())
    }

    /// Write a bytes object to a file descriptor.
    #[function(sig = "(fd, data, /)")]
    fn write(vm: &Vm, fd: i32, data: Readable) -> Res<usize> {
        blocking(vm, |host| host.write(fd, &data))?.or_os_error(vm)
    }

    /// Write bytes to a file descriptor starting at a particular offset.
    #[function(sig = "(fd, buffer, offset, /)")]
    fn pwrite(vm: &Vm, fd: i32, buffer: Readable, offset: i64) -> Res<usize> {
        blocking(vm, |host| host.pwrite(fd, &buffer, offset))?.or_os_error(vm)
    }

    /// Read from a file descriptor fd into an iterable of buffers.
    #[function(sig = "(fd, buffers, /)")]
    fn readv(vm: &Vm, fd: i32, buffers: &Value) -> Res<usize> {
        Fds::preadv_inner(vm, fd, buffers, None, "readv() arg 2 must be a sequence")
    }

    /// Reads from a file descriptor into a number of mutable bytes-like objects.
    #[function(sig = "(fd, buffers, offset, flags=0, /)")]
    fn preadv(vm: &Vm, fd: i32, buffers: &Value, offset: i64, flags: i32) -> Res<usize> {
        Fds::preadv_inner(vm, fd, buffers, Some((offset, flags)), "preadv2() arg 2 must be a sequence")
    }

    /// Iterate over buffers, and write the contents of each to a file descriptor.
    #[function(sig = "(fd, buffers, /)")]
    fn writev(vm: &Vm, fd: i32, buffers: &Value) -> Res<usize> {
        Fds::pwritev_inner(vm, fd, buffers, None, "writev() arg 2 must be a sequence")
    }

    /// Writes the contents of bytes-like objects to a file descriptor at a given offset.
    #[function(sig = "(fd, buffers, offset, flags=0, /)")]
    fn pwritev(vm: &Vm, fd: i32, buffers: &Value, offset: i64, flags: i32) -> Res<usize> {
        Fds::pwritev_inner(vm, fd, buffers, Some((offset, flags)), "pwritev() arg 2 must be a sequence")
    }

    /// Set the position of a file descriptor.  Return the new position.
    #[function(sig = "(fd, position, whence, /)")]
    fn lseek(vm: &Vm, fd: i32, position: i64, whence: i32) -> Res<i64> {
        host(vm).lseek(fd, position, whence).or_os_error(vm)
    }

    /// Give the file behind a descriptor this length.
    #[function(sig = "(fd, length, /)")]
    fn ftruncate(vm: &Vm, fd: i32, length: i64) -> Res<()> {
        blocking(vm, |host| host.ftruncate(fd, length))?.or_os_error(vm)
    }

    /// Force write of fd to disk.
    #[function(sig = "(fd)")]
    fn fsync(vm: &Vm, fd: FileNumber) -> Res<()> {
        blocking(vm, |host| host.fsync(fd.0))?.or_os_error(vm)
    }

    /// Have the file's data written to the disk, not what else is known of it.
    #[function(sig = "(fd)")]
    fn fdatasync(vm: &Vm, fd: FileNumber) -> Res<()> {
        blocking(vm, |host| host.fdatasync(fd.0))?.or_os_error(vm)
    }

    /// Force write of everything to disk.
    #[function(sig = "()")]
    fn sync(vm: &Vm) -> Res<()> {
        blocking(vm, |host| host.sync())?.or_os_error(vm)
    }

    /// Change to the directory of the given file descriptor.
    #[function(sig = "(fd)")]
    fn fchdir(vm: &Vm, fd: FileNumber) -> Res<()> {
        blocking(vm, |host| host.fchdir(fd.0))?.or_os_error(vm)
    }

    /// Change the access permissions of the file given by file descriptor fd.
    #[function(sig = "(fd, mode)")]
    fn fchmod(vm: &Vm, fd: i32, mode: i32) -> Res<()> {
        blocking(vm, |host| host.fchmod(fd, mode as u32))?.or_os_error(vm)
    }

    /// Change owner and group of the file behind a descriptor.
    #[function(sig = "(fd, uid, gid)")]
    fn fchown(vm: &Vm, fd: i32, uid: Id, gid: Id) -> Res<()> {
        blocking(vm, |host| host.fchown(fd, uid.0, gid.0))?.or_os_error(vm)
    }

    /// A limit of the file behind a descriptor, by its name or number.
    #[function(sig = "(fd, name, /)")]
    fn fpathconf(vm: &Vm, fd: FileNumber, name: &Value) -> Res<i64> {
        let name = super::system::conf_name(vm, name, super::constants::PATHCONF)?;
        Ok(host(vm).fpathconf(fd.0, name).or_os_error(vm)?.unwrap_or(-1))
    }

    /// Return True if the fd is connected to a terminal.
    #[function(sig = "(fd, /)")]
    fn isatty(vm: &Vm, fd: i32) -> Res<bool> {
        host(vm).isatty(fd).or_os_error(vm)
    }

    /// Create a pipe.
    #[function(sig = "()")]
    fn pipe(vm: &Vm) -> Res {
        fd_pair(vm, host(vm).pipe2(libc::O_CLOEXEC).or_os_error(vm)?)
    }

    /// Create a pipe with flags set atomically.
    #[function(sig = "(flags, /)")]
    fn pipe2(vm: &Vm, flags: i32) -> Res {
        fd_pair(vm, host(vm).pipe2(flags).or_os_error(vm)?)
    }

    /// Get the close-on-exe flag of the specified file descriptor.
    #[function(sig = "(fd, /)")]
    fn get_inheritable(vm: &Vm, fd: i32) -> Res<bool> {
        host(vm).get_inheritable(fd).or_os_error(vm)
    }

    /// Set the inheritable flag of the specified file descriptor.
    #[function(sig = "(fd, inheritable, /)")]
    fn set_inheritable(vm: &Vm, fd: i32, inheritable: i32) -> Res<()> {
        host(vm).set_inheritable(fd, inheritable != 0).or_os_error(vm)
    }

    /// Get the blocking mode of the file descriptor.
    #[function(sig = "(fd, /)")]
    fn get_blocking(vm: &Vm, fd: i32) -> Res<bool> {
        host(vm).get_blocking(fd).or_os_error(vm)
    }

    /// Set the blocking mode of the specified file descriptor.
    #[function(sig = "(fd, blocking, /)")]
    fn set_blocking(vm: &Vm, fd: i32, blocking: bool) -> Res<()> {
        host(vm).set_blocking(fd, blocking).or_os_error(vm)
    }

    /// Apply, test or remove a POSIX lock on an open file descriptor.
    #[function(sig = "(fd, command, length, /)")]
    fn lockf(vm: &Vm, fd: i32, command: i32, length: i64) -> Res<()> {
        vm.audit("os.lockf", || Ok(vec![Value::int32(fd), Value::int32(command), vm.new_int(length)?]))?;
        blocking(vm, |host| host.posix_lockf(fd, command, length))?.or_os_error(vm)
    }

    /// Have the system copy count bytes from one descriptor to another.
    #[function(sig = "(out_fd, in_fd, offset, count)")]
    fn sendfile(vm: &Vm, out_fd: i32, in_fd: i32, offset: &Value, count: i64) -> Res<usize> {
        let offset = if offset.is_none() { None } else { Some(to_i64(vm, offset)?) };
        if count < 0 {
            return Err(vm.value_error("negative value for 'count' not allowed"));
        }
        blocking(vm, |host| host.sendfile(out_fd, in_fd, offset, count as usize))?.or_os_error(vm)
    }

    /// Copy count bytes from one file descriptor to another.
    #[function(sig = "(src, dst, count, offset_src=None, offset_dst=None)")]
    fn copy_file_range(
        vm: &Vm,
        src: i32,
        dst: i32,
        count: i64,
        offset_src: Option<&Value>,
        offset_dst: Option<&Value>,
    ) -> Res<usize> {
        if count < 0 {
            return Err(vm.value_error("negative value for 'count' not allowed"));
        }
        let (from, to) = (offset(vm, offset_src)?, offset(vm, offset_dst)?);
        blocking(vm, |host| host.copy_file_range(src, dst, count as usize, from, to, 0))?.or_os_error(vm)
    }

    /// Transfer count bytes from one pipe to a descriptor or vice versa.
    #[function(sig = "(src, dst, count, offset_src=None, offset_dst=None, flags=0)")]
    fn splice(
        vm: &Vm,
        src: i32,
        dst: i32,
        count: i64,
        offset_src: Option<&Value>,
        offset_dst: Option<&Value>,
        flags: u32,
    ) -> Res<usize> {
        if count < 0 {
            return Err(vm.value_error("negative value for 'count' not allowed"));
        }
        let (from, to) = (offset(vm, offset_src)?, offset(vm, offset_dst)?);
        blocking(vm, |host| host.splice(src, dst, count as usize, from, to, flags))?.or_os_error(vm)
    }

    /// Ensure a file has allocated at least a particular number of bytes on disk.
    #[function(sig = "(fd, offset, length, /)")]
    fn posix_fallocate(vm: &Vm, fd: i32, offset: i64, length: i64) -> Res<()> {
        blocking(vm, |host| host.posix_fallocate(fd, offset, length))?.or_os_error(vm)
    }

    /// Announce an intention to access data in a specific pattern.
    #[function(sig = "(fd, offset, length, advice, /)")]
    fn posix_fadvise(vm: &Vm, fd: i32, offset: i64, length: i64, advice: i32) -> Res<()> {
        blocking(vm, |host| host.posix_fadvise(fd, offset, length, advice))?.or_os_error(vm)
    }

    #[function(sig = "(name, flags=1)", text = "($module, /, name, flags=MFD_CLOEXEC)")]
    fn memfd_create(vm: &Vm, name: Path, flags: u32) -> Res<i32> {
        host(vm).memfd_create(name.as_c(), flags).or_os_error(vm)
    }

    /// Creates and returns an event notification file descriptor.
    #[function(sig = "(initval, flags=0o2000000)", text = "($module, /, initval, flags=EFD_CLOEXEC)")]
    fn eventfd(vm: &Vm, initval: u32, flags: i32) -> Res<i32> {
        host(vm).eventfd(initval, flags).or_os_error(vm)
    }

    /// Read eventfd value
    #[function(sig = "(fd)")]
    fn eventfd_read(vm: &Vm, fd: i32) -> Res<u64> {
        let mut value = [0; 8];
        blocking(vm, |host| host.read(fd, &mut value))?.or_os_error(vm)?;
        Ok(u64::from_ne_bytes(value))
    }

    /// Write eventfd value.
    #[function(sig = "(fd, value)")]
    fn eventfd_write(vm: &Vm, fd: i32, value: u64) -> Res<()> {
        blocking(vm, |host| host.write(fd, &value.to_ne_bytes()))?.or_os_error(vm).map(drop)
    }

    /// Create and return a timer file descriptor.
    #[function(sig = "(clockid, /, *, flags=0o2000000)", text = "($module, clockid, /, *, flags=0)")]
    fn timerfd_create(vm: &Vm, clockid: i32, flags: i32) -> Res<i32> {
        host(vm).timerfd_create(clockid, flags | libc::TFD_CLOEXEC).or_os_error(vm)
    }

    /// Alter a timer file descriptor's internal timer in seconds.
    #[function(
        sig = "(fd, /, *, flags=0, initial=None, interval=None)",
        text = "($module, fd, /, *, flags=0, initial=0.0, interval=0.0)"
    )]
    fn timerfd_settime(vm: &Vm, fd: FileNumber, flags: i32, initial: Option<&Value>, interval: Option<&Value>) -> Res {
        let ns = |value: Option<&Value>| value.map_or(Ok(0), |value| nanoseconds(vm, value));
        let (initial, interval) = (ns(initial)?, ns(interval)?);
        seconds_pair(vm, host(vm).timerfd_settime(fd.0, flags, initial, interval).or_os_error(vm)?)
    }

    /// Alter a timer file descriptor's internal timer in nanoseconds.
    #[function(sig = "(fd, /, *, flags=0, initial=0, interval=0)")]
    fn timerfd_settime_ns(vm: &Vm, fd: FileNumber, flags: i32, initial: i64, interval: i64) -> Res {
        integer_pair(vm, host(vm).timerfd_settime(fd.0, flags, initial, interval).or_os_error(vm)?)
    }

    /// Return a tuple of a timer file descriptor's (interval, next expiration) in float seconds.
    #[function(sig = "(fd, /)")]
    fn timerfd_gettime(vm: &Vm, fd: FileNumber) -> Res {
        seconds_pair(vm, host(vm).timerfd_gettime(fd.0).or_os_error(vm)?)
    }

    /// Return a tuple of a timer file descriptor's (interval, next expiration) in nanoseconds.
    #[function(sig = "(fd, /)")]
    fn timerfd_gettime_ns(vm: &Vm, fd: FileNumber) -> Res {
        integer_pair(vm, host(vm).timerfd_gettime(fd.0).or_os_error(vm)?)
    }

    /// Return a file descriptor referring to the process *pid*.
    #[function(sig = "(pid, flags=0)")]
    fn pidfd_open(vm: &Vm, pid: i32, flags: u32) -> Res<i32> {
        host(vm).pidfd_open(pid, flags).or_os_error(vm)
    }

    /// Open a pseudo-terminal.
    #[function(sig = "()")]
    fn openpty(vm: &Vm) -> Res {
        fd_pair(vm, host(vm).openpty().or_os_error(vm)?)
    }

    /// Open and return a file descriptor for a master pseudo-terminal device.
    #[function(sig = "(oflag, /)")]
    fn posix_openpt(vm: &Vm, oflag: i32) -> Res<i32> {
        host(vm).posix_openpt(oflag).or_os_error(vm)
    }

    /// Grant access to the slave pseudo-terminal device.
    #[function(sig = "(fd, /)")]
    fn grantpt(vm: &Vm, fd: FileNumber) -> Res<()> {
        host(vm).grantpt(fd.0).or_os_error(vm)
    }

    /// Unlock a pseudo-terminal master/slave pair.
    #[function(sig = "(fd, /)")]
    fn unlockpt(vm: &Vm, fd: FileNumber) -> Res<()> {
        host(vm).unlockpt(fd.0).or_os_error(vm)
    }

    /// Return the name of the slave pseudo-terminal device.
    #[function(sig = "(fd, /)")]
    fn ptsname(vm: &Vm, fd: FileNumber) -> Res {
        fs_decode(vm, &host(vm).ptsname(fd.0).or_os_error(vm)?)
    }

    /// Prepare the tty of which fd is a file descriptor for a new login session.
    #[function(sig = "(fd, /)")]
    fn login_tty(vm: &Vm, fd: FileNumber) -> Res<()> {
        host(vm).login_tty(fd.0).or_os_error(vm)
    }

    /// Return the name of the terminal device connected to 'fd'.
    #[function(sig = "(fd, /)")]
    fn ttyname(vm: &Vm, fd: i32) -> Res {
        fs_decode(vm, &host(vm).ttyname(fd).or_os_error(vm)?)
    }

    /// The name of the terminal that controls this process.
    #[function(sig = "()")]
    fn ctermid(vm: &Vm) -> Res {
        fs_decode(vm, &host(vm).ctermid().or_os_error(vm)?)
    }

    /// The process group in the foreground of the terminal behind a descriptor.
    #[function(sig = "(fd, /)")]
    fn tcgetpgrp(vm: &Vm, fd: i32) -> Res<i32> {
        host(vm).tcgetpgrp(fd).or_os_error(vm)
    }

    /// Put a process group into the foreground of the terminal behind a descriptor.
    #[function(sig = "(fd, pgid, /)")]
    fn tcsetpgrp(vm: &Vm, fd: i32, pgid: i32) -> Res<()> {
        host(vm).tcsetpgrp(fd, pgid).or_os_error(vm)
    }

    /// Return a string describing the encoding of a terminal's file descriptor.
    #[function(sig = "(fd)")]
    fn device_encoding(vm: &Vm, fd: i32) -> Res {
        if host(vm).isatty(fd).or_os_error(vm)? {
            return Ok(crate::io::open::locale_encoding(vm)?.into_value());
        }
        Ok(Value::NONE)
    }
}

impl Fds {
    fn preadv_inner(vm: &Vm, fd: i32, buffers: &Value, at: Option<(i64, i32)>, complaint: &str) -> Res<usize> {
        if vm.class(buffers).slots().getitem.is_none() {
            return Err(vm.type_error(complaint));
        }
        let mut rooms = Vec::new();
        for buffer in collect(vm, buffers)? {
            rooms.push(writable(vm, &buffer)?);
        }
        let mut slices: Vec<_> =
            rooms.iter_mut().map(|room| IoSliceMut::new(room.as_mut_slice().unwrap_or_default())).collect();
        blocking(vm, |host| match at {
            None => host.readv(fd, &mut slices),
            Some((offset, flags)) => host.preadv(fd, &mut slices, offset, flags),
        })?
        .or_os_error(vm)
    }

    fn pwritev_inner(vm: &Vm, fd: i32, buffers: &Value, at: Option<(i64, i32)>, complaint: &str) -> Res<usize> {
        if vm.class(buffers).slots().getitem.is_none() {
            return Err(vm.type_error(complaint));
        }
        let mut parts = Vec::new();
        for buffer in collect(vm, buffers)? {
            parts.push(readable(vm, &buffer)?);
        }
        let slices: Vec<_> = parts.iter().map(|part| IoSlice::new(part.as_slice())).collect();
        blocking(vm, |host| match at {
            None => host.writev(fd, &slices),
            Some((offset, flags)) => host.pwritev(fd, &slices, offset, flags),
        })?
        .or_os_error(vm)
    }
}
