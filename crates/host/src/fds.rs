//! Operations on open descriptors: transfer, position, duplication, locks, control, mappings.
//!
//! Source of shapes: POSIX and Linux manual pages; the operations are those CPython's `os`, `fcntl` and `mmap` need.

use std::ffi::CStr;
use std::io::{IoSlice, IoSliceMut};

use crate::error::{check, check_number};
use crate::paths::{Stat, stat_from};
use crate::{HostError, OsHost, Outcome};

/// A descriptor number, as Python sees it.
pub type Fd = i32;

/// `statvfs` of a file system.
#[derive(Clone, Copy, Debug, Default)]
pub struct StatVfs {
    pub bsize: u64,
    pub frsize: u64,
    pub blocks: u64,
    pub bfree: u64,
    pub bavail: u64,
    pub files: u64,
    pub ffree: u64,
    pub favail: u64,
    pub flag: u64,
    pub namemax: u64,
    pub fsid: u64,
}

/// A mapping made by [`Fds::mmap`]; owned by the caller, who ends it with [`Fds::munmap`].
#[derive(Clone, Copy, Debug)]
pub struct Mapping {
    pub address: *mut u8,
    pub length: usize,
}

door! {
    /// Open descriptors.
    pub trait Fds {
        /// `openat`: `flags` and `mode` as the C call; `O_CLOEXEC` is added.
        fn open(&self, dir: Fd, path: &CStr, flags: i32, mode: u32) -> Fd;
        fn close(&self, fd: Fd);
        /// Closes every descriptor of `low..high`, ignoring errors.
        fn close_range(&self, low: Fd, high: Fd);
        fn read(&self, fd: Fd, into: &mut [u8]) -> usize;
        fn pread(&self, fd: Fd, into: &mut [u8], offset: i64) -> usize;
        fn write(&self, fd: Fd, data: &[u8]) -> usize;
        fn pwrite(&self, fd: Fd, data: &[u8], offset: i64) -> usize;
        fn readv(&self, fd: Fd, into: &mut [IoSliceMut<'_>]) -> usize;
        fn writev(&self, fd: Fd, data: &[IoSlice<'_>]) -> usize;
        fn preadv(&self, fd: Fd, into: &mut [IoSliceMut<'_>], offset: i64, flags: i32) -> usize;
        fn pwritev(&self, fd: Fd, data: &[IoSlice<'_>], offset: i64, flags: i32) -> usize;
        fn lseek(&self, fd: Fd, offset: i64, whence: i32) -> i64;
        fn ftruncate(&self, fd: Fd, length: i64);
        fn fsync(&self, fd: Fd);
        fn fdatasync(&self, fd: Fd);
        fn sync(&self);
        fn fstat(&self, fd: Fd) -> Stat;
        fn fstatvfs(&self, fd: Fd) -> StatVfs;
        fn fchmod(&self, fd: Fd, mode: u32);
        fn fchown(&self, fd: Fd, uid: u32, gid: u32);
        fn fchdir(&self, fd: Fd);
        fn fpathconf(&self, fd: Fd, name: i32) -> Option<i64>;
        fn isatty(&self, fd: Fd) -> bool;
        fn dup(&self, fd: Fd) -> Fd;
        fn dup2(&self, fd: Fd, target: Fd, inheritable: bool) -> Fd;
        fn pipe2(&self, flags: i32) -> (Fd, Fd);
        fn get_inheritable(&self, fd: Fd) -> bool;
        fn set_inheritable(&self, fd: Fd, inheritable: bool);
        fn get_blocking(&self, fd: Fd) -> bool;
        fn set_blocking(&self, fd: Fd, blocking: bool);
        fn fcntl_int(&self, fd: Fd, command: i32, arg: i64) -> i32;
        /// `fcntl` with a buffer that the call reads and may rewrite; the host makes sure that it is big enough.
        fn fcntl_buffer(&self, fd: Fd, command: i32, arg: &mut Vec<u8>) -> i32;
        fn flock(&self, fd: Fd, operation: i32);
        /// `fcntl.lockf`: a POSIX record lock by flock-style operation.
        fn lockf(&self, fd: Fd, operation: i32, length: i64, start: i64, whence: i32);
        /// `os.lockf`, the C library's.
        fn posix_lockf(&self, fd: Fd, command: i32, length: i64);
        /// `ioctl` with an integer argument. Some requests take it as an address: the caller is Python code that may
        /// do as much through ctypes; a host that walls in refuses this method.
        fn ioctl_int(&self, fd: Fd, request: u64, arg: i64) -> i32;
        /// `ioctl` with a buffer that the call may rewrite; the host makes sure that it is big enough.
        fn ioctl_buffer(&self, fd: Fd, request: u64, arg: &mut Vec<u8>) -> i32;
        fn sendfile(&self, out: Fd, from: Fd, offset: Option<i64>, count: usize) -> usize;
        fn copy_file_range(&self, from: Fd, to: Fd, count: usize, from_offset: Option<i64>, to_offset: Option<i64>, flags: u32) -> usize;
        fn splice(&self, from: Fd, to: Fd, count: usize, from_offset: Option<i64>, to_offset: Option<i64>, flags: u32) -> usize;
        fn posix_fallocate(&self, fd: Fd, offset: i64, length: i64);
        fn posix_fadvise(&self, fd: Fd, offset: i64, length: i64, advice: i32);
        fn memfd_create(&self, name: &CStr, flags: u32) -> Fd;
        fn eventfd(&self, initial: u32, flags: i32) -> Fd;
        fn timerfd_create(&self, clock: i32, flags: i32) -> Fd;
        /// Answers the former (value, interval), in nanoseconds as the arguments.
        fn timerfd_settime(&self, fd: Fd, flags: i32, value: i64, interval: i64) -> (i64, i64);
        fn timerfd_gettime(&self, fd: Fd) -> (i64, i64);
        fn pidfd_open(&self, pid: i32, flags: u32) -> Fd;
        fn mmap(&self, length: usize, prot: i32, flags: i32, fd: Fd, offset: i64) -> Mapping;
        /// Ends a mapping. The caller has given up every reference into it.
        fn munmap(&self, mapping: Mapping);
        fn mremap(&self, mapping: Mapping, length: usize) -> Mapping;
        fn msync(&self, mapping: Mapping, offset: usize, length: usize, flags: i32);
        fn madvise(&self, mapping: Mapping, offset: usize, length: usize, advice: i32);
        fn mprotect(&self, mapping: Mapping, prot: i32);
    }
}

/// The biggest transfer the kernel performs in one call; longer buffers are cut, as CPython does.
const TRANSFER_MAX: usize = 0x7fff_f000;

fn count(answer: isize) -> Outcome<usize> {
    check(answer).map(|n| n as usize)
}

fn fd_flag(fd: Fd, get: i32, set: i32, bit: i32, on: bool) -> Outcome<()> {
    let old = os!(libc::fcntl(fd, get))?;
    let new = if on { old | bit } else { old & !bit };
    if new != old {
        os!(libc::fcntl(fd, set, new))?;
    }
    Ok(())
}

fn offset_pointer(offset: &mut Option<i64>) -> *mut i64 {
    offset.as_mut().map_or(std::ptr::null_mut(), |o| o as *mut i64)
}

pub(crate) fn timespec(ns: i64) -> libc::timespec {
    libc::timespec { tv_sec: ns.div_euclid(1_000_000_000), tv_nsec: ns.rem_euclid(1_000_000_000) }
}

pub(crate) fn nanoseconds(t: libc::timespec) -> i64 {
    t.tv_sec.saturating_mul(1_000_000_000).saturating_add(t.tv_nsec)
}

pub(crate) fn statvfs_from(raw: &libc::statvfs) -> StatVfs {
    StatVfs {
        bsize: raw.f_bsize,
        frsize: raw.f_frsize,
        blocks: raw.f_blocks,
        bfree: raw.f_bfree,
        bavail: raw.f_bavail,
        files: raw.f_files,
        ffree: raw.f_ffree,
        favail: raw.f_favail,
        flag: raw.f_flag,
        namemax: raw.f_namemax,
        fsid: raw.f_fsid,
    }
}

/// Buffers for `ioctl` and `fcntl` are at least this long, so that a request cannot write past a short argument.
const CONTROL_BUFFER: usize = 1024;

fn with_room(arg: &mut Vec<u8>, call: impl FnOnce(*mut u8) -> Outcome<i32>) -> Outcome<i32> {
    let length = arg.len();
    if length < CONTROL_BUFFER {
        arg.resize(CONTROL_BUFFER, 0);
    }
    let answer = call(arg.as_mut_ptr());
    arg.truncate(length);
    answer
}

impl Fds for OsHost {
    fn open(&self, dir: Fd, path: &CStr, flags: i32, mode: u32) -> Outcome<Fd> {
        if let Some((folder, place)) = self.place(path) {
            return crate::folder::open(folder, &place, flags);
        }
        os!(libc::openat(dir, path.as_ptr(), flags | libc::O_CLOEXEC, mode))
    }

    fn close(&self, fd: Fd) -> Outcome<()> {
        os!(libc::close(fd)).map(drop)
    }

    fn close_range(&self, low: Fd, high: Fd) -> Outcome<()> {
        let low = low.max(0);
        if high > low && os_plain!(libc::syscall(libc::SYS_close_range, low as u32, high as u32 - 1, 0u32)) != 0 {
            for fd in low..high {
                os_plain!(libc::close(fd));
            }
        }
        Ok(())
    }

    fn read(&self, fd: Fd, into: &mut [u8]) -> Outcome<usize> {
        count(os_plain!(libc::read(fd, into.as_mut_ptr().cast(), into.len().min(TRANSFER_MAX))))
    }

    fn pread(&self, fd: Fd, into: &mut [u8], offset: i64) -> Outcome<usize> {
        count(os_plain!(libc::pread(fd, into.as_mut_ptr().cast(), into.len().min(TRANSFER_MAX), offset)))
    }

    fn write(&self, fd: Fd, data: &[u8]) -> Outcome<usize> {
        count(os_plain!(libc::write(fd, data.as_ptr().cast(), data.len().min(TRANSFER_MAX))))
    }

    fn pwrite(&self, fd: Fd, data: &[u8], offset: i64) -> Outcome<usize> {
        count(os_plain!(libc::pwrite(fd, data.as_ptr().cast(), data.len().min(TRANSFER_MAX), offset)))
    }

    // `IoSlice` and `IoSliceMut` are documented to have the layout of `iovec`.
    fn readv(&self, fd: Fd, into: &mut [IoSliceMut<'_>]) -> Outcome<usize> {
        count(os_plain!(libc::readv(fd, into.as_mut_ptr().cast(), into.len() as i32)))
    }

    fn writev(&self, fd: Fd, data: &[IoSlice<'_>]) -> Outcome<usize> {
        count(os_plain!(libc::writev(fd, data.as_ptr().cast(), data.len() as i32)))
    }

    fn preadv(&self, fd: Fd, into: &mut [IoSliceMut<'_>], offset: i64, flags: i32) -> Outcome<usize> {
        let parts = into.len() as i32;
        if flags == 0 {
            return count(os_plain!(libc::preadv(fd, into.as_mut_ptr().cast(), parts, offset)));
        }
        count(os_plain!(libc::preadv2(fd, into.as_mut_ptr().cast(), parts, offset, flags)))
    }

    fn pwritev(&self, fd: Fd, data: &[IoSlice<'_>], offset: i64, flags: i32) -> Outcome<usize> {
        let parts = data.len() as i32;
        if flags == 0 {
            return count(os_plain!(libc::pwritev(fd, data.as_ptr().cast(), parts, offset)));
        }
        count(os_plain!(libc::pwritev2(fd, data.as_ptr().cast(), parts, offset, flags)))
    }

    fn lseek(&self, fd: Fd, offset: i64, whence: i32) -> Outcome<i64> {
        os!(libc::lseek(fd, offset, whence))
    }

    fn ftruncate(&self, fd: Fd, length: i64) -> Outcome<()> {
        os!(libc::ftruncate(fd, length)).map(drop)
    }

    fn fsync(&self, fd: Fd) -> Outcome<()> {
        os!(libc::fsync(fd)).map(drop)
    }

    fn fdatasync(&self, fd: Fd) -> Outcome<()> {
        os!(libc::fdatasync(fd)).map(drop)
    }

    fn sync(&self) -> Outcome<()> {
        os_plain!(libc::sync());
        Ok(())
    }

    fn fstat(&self, fd: Fd) -> Outcome<Stat> {
        let mut raw = zeroed!(libc::stat);
        os!(libc::fstat(fd, &mut raw))?;
        Ok(stat_from(&raw))
    }

    fn fstatvfs(&self, fd: Fd) -> Outcome<StatVfs> {
        let mut raw = zeroed!(libc::statvfs);
        os!(libc::fstatvfs(fd, &mut raw))?;
        Ok(statvfs_from(&raw))
    }

    fn fchmod(&self, fd: Fd, mode: u32) -> Outcome<()> {
        os!(libc::fchmod(fd, mode)).map(drop)
    }

    fn fchown(&self, fd: Fd, uid: u32, gid: u32) -> Outcome<()> {
        os!(libc::fchown(fd, uid, gid)).map(drop)
    }

    fn fchdir(&self, fd: Fd) -> Outcome<()> {
        os!(libc::fchdir(fd)).map(drop)
    }

    fn fpathconf(&self, fd: Fd, name: i32) -> Outcome<Option<i64>> {
        crate::paths::conf(|| os_plain!(libc::fpathconf(fd, name)))
    }

    fn isatty(&self, fd: Fd) -> Outcome<bool> {
        Ok(os_plain!(libc::isatty(fd)) == 1)
    }

    fn dup(&self, fd: Fd) -> Outcome<Fd> {
        os!(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0))
    }

    fn dup2(&self, fd: Fd, target: Fd, inheritable: bool) -> Outcome<Fd> {
        if inheritable || fd == target {
            return os!(libc::dup2(fd, target));
        }
        os!(libc::dup3(fd, target, libc::O_CLOEXEC))
    }

    fn pipe2(&self, flags: i32) -> Outcome<(Fd, Fd)> {
        let mut ends = [0; 2];
        os!(libc::pipe2(ends.as_mut_ptr(), flags))?;
        Ok((ends[0], ends[1]))
    }

    fn get_inheritable(&self, fd: Fd) -> Outcome<bool> {
        Ok(os!(libc::fcntl(fd, libc::F_GETFD))? & libc::FD_CLOEXEC == 0)
    }

    fn set_inheritable(&self, fd: Fd, inheritable: bool) -> Outcome<()> {
        fd_flag(fd, libc::F_GETFD, libc::F_SETFD, libc::FD_CLOEXEC, !inheritable)
    }

    fn get_blocking(&self, fd: Fd) -> Outcome<bool> {
        Ok(os!(libc::fcntl(fd, libc::F_GETFL))? & libc::O_NONBLOCK == 0)
    }

    fn set_blocking(&self, fd: Fd, blocking: bool) -> Outcome<()> {
        fd_flag(fd, libc::F_GETFL, libc::F_SETFL, libc::O_NONBLOCK, !blocking)
    }

    fn fcntl_int(&self, fd: Fd, command: i32, arg: i64) -> Outcome<i32> {
        os!(libc::fcntl(fd, command, arg))
    }

    fn fcntl_buffer(&self, fd: Fd, command: i32, arg: &mut Vec<u8>) -> Outcome<i32> {
        with_room(arg, |room| os!(libc::fcntl(fd, command, room)))
    }

    fn flock(&self, fd: Fd, operation: i32) -> Outcome<()> {
        os!(libc::flock(fd, operation)).map(drop)
    }

    fn lockf(&self, fd: Fd, operation: i32, length: i64, start: i64, whence: i32) -> Outcome<()> {
        let kind = match operation & !libc::LOCK_NB {
            libc::LOCK_UN => libc::F_UNLCK,
            libc::LOCK_SH => libc::F_RDLCK,
            libc::LOCK_EX => libc::F_WRLCK,
            _ => return Err(HostError(libc::EINVAL)),
        };
        let mut lock = zeroed!(libc::flock);
        lock.l_type = kind as i16;
        lock.l_whence = whence as i16;
        lock.l_start = start;
        lock.l_len = length;
        let command = if operation & libc::LOCK_NB != 0 { libc::F_SETLK } else { libc::F_SETLKW };
        os!(libc::fcntl(fd, command, &lock)).map(drop)
    }

    fn posix_lockf(&self, fd: Fd, command: i32, length: i64) -> Outcome<()> {
        os!(libc::lockf(fd, command, length)).map(drop)
    }

    fn ioctl_int(&self, fd: Fd, request: u64, arg: i64) -> Outcome<i32> {
        os!(libc::ioctl(fd, request, arg))
    }

    fn ioctl_buffer(&self, fd: Fd, request: u64, arg: &mut Vec<u8>) -> Outcome<i32> {
        with_room(arg, |room| os!(libc::ioctl(fd, request, room)))
    }

    fn sendfile(&self, out: Fd, from: Fd, mut offset: Option<i64>, length: usize) -> Outcome<usize> {
        count(os_plain!(libc::sendfile(out, from, offset_pointer(&mut offset), length)))
    }

    fn copy_file_range(
        &self,
        from: Fd,
        to: Fd,
        length: usize,
        mut from_offset: Option<i64>,
        mut to_offset: Option<i64>,
        flags: u32,
    ) -> Outcome<usize> {
        let (from_at, to_at) = (offset_pointer(&mut from_offset), offset_pointer(&mut to_offset));
        count(os_plain!(libc::copy_file_range(from, from_at, to, to_at, length, flags)))
    }

    fn splice(
        &self,
        from: Fd,
        to: Fd,
        length: usize,
        mut from_offset: Option<i64>,
        mut to_offset: Option<i64>,
        flags: u32,
    ) -> Outcome<usize> {
        let (from_at, to_at) = (offset_pointer(&mut from_offset), offset_pointer(&mut to_offset));
        count(os_plain!(libc::splice(from, from_at, to, to_at, length, flags)))
    }

    fn posix_fallocate(&self, fd: Fd, offset: i64, length: i64) -> Outcome<()> {
        check_number(os_plain!(libc::posix_fallocate(fd, offset, length)))
    }

    fn posix_fadvise(&self, fd: Fd, offset: i64, length: i64, advice: i32) -> Outcome<()> {
        check_number(os_plain!(libc::posix_fadvise(fd, offset, length, advice)))
    }

    fn memfd_create(&self, name: &CStr, flags: u32) -> Outcome<Fd> {
        os!(libc::memfd_create(name.as_ptr(), flags))
    }

    fn eventfd(&self, initial: u32, flags: i32) -> Outcome<Fd> {
        os!(libc::eventfd(initial, flags))
    }

    fn timerfd_create(&self, clock: i32, flags: i32) -> Outcome<Fd> {
        os!(libc::timerfd_create(clock, flags))
    }

    fn timerfd_settime(&self, fd: Fd, flags: i32, value: i64, interval: i64) -> Outcome<(i64, i64)> {
        let new = libc::itimerspec { it_interval: timespec(interval), it_value: timespec(value) };
        let mut old = zeroed!(libc::itimerspec);
        os!(libc::timerfd_settime(fd, flags, &new, &mut old))?;
        Ok((nanoseconds(old.it_value), nanoseconds(old.it_interval)))
    }

    fn timerfd_gettime(&self, fd: Fd) -> Outcome<(i64, i64)> {
        let mut now = zeroed!(libc::itimerspec);
        os!(libc::timerfd_gettime(fd, &mut now))?;
        Ok((nanoseconds(now.it_value), nanoseconds(now.it_interval)))
    }

    fn pidfd_open(&self, pid: i32, flags: u32) -> Outcome<Fd> {
        os!(libc::syscall(libc::SYS_pidfd_open, pid, flags)).map(|fd| fd as Fd)
    }

    fn mmap(&self, length: usize, prot: i32, flags: i32, fd: Fd, offset: i64) -> Outcome<Mapping> {
        // A fixed address could displace memory that Rust owns.
        if flags & libc::MAP_FIXED != 0 {
            return Err(HostError(libc::EINVAL));
        }
        let address = os_plain!(libc::mmap(std::ptr::null_mut(), length, prot, flags, fd, offset));
        if address == libc::MAP_FAILED {
            Err(HostError::last())
        } else {
            Ok(Mapping { address: address.cast(), length })
        }
    }

    fn munmap(&self, mapping: Mapping) -> Outcome<()> {
        os!(libc::munmap(mapping.address.cast(), mapping.length)).map(drop)
    }

    fn mremap(&self, mapping: Mapping, length: usize) -> Outcome<Mapping> {
        let address = os_plain!(libc::mremap(mapping.address.cast(), mapping.length, length, libc::MREMAP_MAYMOVE));
        if address == libc::MAP_FAILED {
            Err(HostError::last())
        } else {
            Ok(Mapping { address: address.cast(), length })
        }
    }

    fn msync(&self, mapping: Mapping, offset: usize, length: usize, flags: i32) -> Outcome<()> {
        let (start, length) = part(mapping, offset, length)?;
        os!(libc::msync(start, length, flags)).map(drop)
    }

    fn madvise(&self, mapping: Mapping, offset: usize, length: usize, advice: i32) -> Outcome<()> {
        let (start, length) = part(mapping, offset, length)?;
        os!(libc::madvise(start, length, advice)).map(drop)
    }

    fn mprotect(&self, mapping: Mapping, prot: i32) -> Outcome<()> {
        os!(libc::mprotect(mapping.address.cast(), mapping.length, prot)).map(drop)
    }
}

/// A part of a mapping, refused when it is not inside.
fn part(mapping: Mapping, offset: usize, length: usize) -> Outcome<(*mut libc::c_void, usize)> {
    match offset.checked_add(length) {
        Some(end) if end <= mapping.length => Ok((mapping.address.wrapping_add(offset).cast(), length)),
        _ => Err(HostError(libc::EINVAL)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipes_carry_bytes_and_are_not_inherited() {
        let host = OsHost;
        let (reader, writer) = host.pipe2(libc::O_CLOEXEC).unwrap();
        assert_eq!(host.writev(writer, &[IoSlice::new(b"ab"), IoSlice::new(b"c")]).unwrap(), 3);
        let mut text = [0; 8];
        assert_eq!(host.read(reader, &mut text).unwrap(), 3);
        assert_eq!(&text[..3], b"abc");
        assert!(!host.get_inheritable(reader).unwrap());
        host.set_inheritable(reader, true).unwrap();
        assert!(host.get_inheritable(reader).unwrap());
        host.set_blocking(reader, false).unwrap();
        assert!(host.read(reader, &mut text).unwrap_err().is_would_block());
        host.close(reader).unwrap();
        assert_eq!(host.close(reader).unwrap_err().errno(), libc::EBADF);
        host.close(writer).unwrap();
    }

    #[test]
    fn memory_files_and_mappings() {
        let host = OsHost;
        let fd = host.memfd_create(c"t", libc::MFD_CLOEXEC).unwrap();
        host.ftruncate(fd, 4096).unwrap();
        assert_eq!(host.pwrite(fd, b"xyz", 10).unwrap(), 3);
        assert_eq!(host.fstat(fd).unwrap().size, 4096);
        let map = host.mmap(4096, libc::PROT_READ, libc::MAP_SHARED, fd, 0).unwrap();
        // SAFETY: the mapping is live, readable and 4096 bytes long.
        assert_eq!(unsafe { std::slice::from_raw_parts(map.address.add(10), 3) }, b"xyz");
        assert!(host.msync(map, 4000, 200, libc::MS_SYNC).is_err());
        host.munmap(map).unwrap();
        host.close(fd).unwrap();
    }
}
