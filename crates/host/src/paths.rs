//! Operations on paths. A `dir` argument is a directory descriptor or `AT_FDCWD`, as in the C `*at` family.

use std::ffi::CStr;

use crate::error::clear_errno;
use crate::fds::{Fd, StatVfs, statvfs_from};
use crate::{HostError, OsHost, Outcome};

/// A point in time as the file system keeps it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct TimeSpec {
    pub seconds: i64,
    pub nanoseconds: i64,
}

/// `struct stat`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Stat {
    pub mode: u32,
    pub ino: u64,
    pub dev: u64,
    pub nlink: u64,
    pub uid: u32,
    pub gid: u32,
    pub size: i64,
    pub blksize: i64,
    pub blocks: i64,
    pub rdev: u64,
    pub atime: TimeSpec,
    pub mtime: TimeSpec,
    pub ctime: TimeSpec,
}

pub(crate) fn stat_from(raw: &libc::stat) -> Stat {
    Stat {
        mode: raw.st_mode,
        ino: raw.st_ino,
        dev: raw.st_dev,
        nlink: raw.st_nlink,
        uid: raw.st_uid,
        gid: raw.st_gid,
        size: raw.st_size,
        blksize: raw.st_blksize,
        blocks: raw.st_blocks,
        rdev: raw.st_rdev,
        atime: TimeSpec { seconds: raw.st_atime, nanoseconds: raw.st_atime_nsec },
        mtime: TimeSpec { seconds: raw.st_mtime, nanoseconds: raw.st_mtime_nsec },
        ctime: TimeSpec { seconds: raw.st_ctime, nanoseconds: raw.st_ctime_nsec },
    }
}

door! {
    /// Names in the file system.
    pub trait Paths {
        fn stat_at(&self, dir: Fd, path: &CStr, follow: bool) -> Stat;
        fn statvfs(&self, path: &CStr) -> StatVfs;
        /// `faccessat`; `flags` may hold `AT_EACCESS` and `AT_SYMLINK_NOFOLLOW`. Errors other than "no" are errors.
        fn access_at(&self, dir: Fd, path: &CStr, mode: i32, flags: i32) -> bool;
        fn mkdir_at(&self, dir: Fd, path: &CStr, mode: u32);
        fn mkfifo_at(&self, dir: Fd, path: &CStr, mode: u32);
        fn mknod_at(&self, dir: Fd, path: &CStr, mode: u32, device: u64);
        /// Unlinks a file, or with `AT_REMOVEDIR` removes a directory.
        fn unlink_at(&self, dir: Fd, path: &CStr, flags: i32);
        fn rename_at(&self, from_dir: Fd, from: &CStr, to_dir: Fd, to: &CStr);
        fn link_at(&self, from_dir: Fd, from: &CStr, to_dir: Fd, to: &CStr, flags: i32);
        fn symlink_at(&self, target: &CStr, dir: Fd, path: &CStr);
        fn readlink_at(&self, dir: Fd, path: &CStr) -> Vec<u8>;
        fn chmod_at(&self, dir: Fd, path: &CStr, mode: u32, flags: i32);
        fn chown_at(&self, dir: Fd, path: &CStr, uid: u32, gid: u32, flags: i32);
        /// Sets access and modification time; `None` is now. With an empty-path convention: `path` `None` sets `dir`'s own.
        fn utimens_at(&self, dir: Fd, path: Option<&CStr>, times: Option<[TimeSpec; 2]>, flags: i32);
        fn truncate(&self, path: &CStr, length: i64);
        fn chdir(&self, path: &CStr);
        fn chroot(&self, path: &CStr);
        fn getcwd(&self) -> Vec<u8>;
        fn umask(&self, mask: u32) -> u32;
        fn pathconf(&self, path: &CStr, name: i32) -> Option<i64>;
        fn getxattr(&self, path: XattrTarget<'_>, name: &CStr) -> Vec<u8>;
        fn setxattr(&self, path: XattrTarget<'_>, name: &CStr, value: &[u8], flags: i32);
        fn removexattr(&self, path: XattrTarget<'_>, name: &CStr);
        /// NUL-separated names.
        fn listxattr(&self, path: XattrTarget<'_>) -> Vec<u8>;
        fn realpath(&self, path: &CStr) -> Vec<u8>;
    }
}

/// What an extended attribute hangs on.
#[derive(Clone, Copy, Debug)]
pub enum XattrTarget<'a> {
    Fd(Fd),
    Follow(&'a CStr),
    NoFollow(&'a CStr),
}

/// `sysconf`-like calls: -1 with errno 0 means "no limit".
pub(crate) fn conf(call: impl FnOnce() -> i64) -> Outcome<Option<i64>> {
    clear_errno();
    match call() {
        -1 if HostError::last().errno() == 0 => Ok(None),
        -1 => Err(HostError::last()),
        value => Ok(Some(value)),
    }
}

/// Repeats a call that fills a buffer until the answer fits.
fn growing(call: impl Fn(&mut [u8]) -> Outcome<usize>, too_small: i32) -> Outcome<Vec<u8>> {
    let mut room = vec![0; 256];
    loop {
        match call(&mut room) {
            Ok(length) if length < room.len() || too_small != 0 => {
                room.truncate(length);
                return Ok(room);
            }
            Err(error) if error.errno() != too_small || room.len() > 1 << 20 => return Err(error),
            _ => room = vec![0; room.len() * 4],
        }
    }
}

impl Paths for OsHost {
    fn stat_at(&self, dir: Fd, path: &CStr, follow: bool) -> Outcome<Stat> {
        if let Some((folder, place)) = self.place(path) {
            return crate::folder::stat(folder, &place);
        }
        let mut raw = zeroed!(libc::stat);
        let flags = if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW };
        os!(libc::fstatat(dir, path.as_ptr(), &mut raw, flags))?;
        Ok(stat_from(&raw))
    }

    fn statvfs(&self, path: &CStr) -> Outcome<StatVfs> {
        let mut raw = zeroed!(libc::statvfs);
        os!(libc::statvfs(path.as_ptr(), &mut raw))?;
        Ok(statvfs_from(&raw))
    }

    fn access_at(&self, dir: Fd, path: &CStr, mode: i32, flags: i32) -> Outcome<bool> {
        if let Some((folder, place)) = self.place(path) {
            return crate::folder::access(folder, &place, mode);
        }
        Ok(os_plain!(libc::faccessat(dir, path.as_ptr(), mode, flags)) == 0)
    }

    fn mkdir_at(&self, dir: Fd, path: &CStr, mode: u32) -> Outcome<()> {
        os!(libc::mkdirat(dir, path.as_ptr(), mode)).map(drop)
    }

    fn mkfifo_at(&self, dir: Fd, path: &CStr, mode: u32) -> Outcome<()> {
        os!(libc::mkfifoat(dir, path.as_ptr(), mode)).map(drop)
    }

    fn mknod_at(&self, dir: Fd, path: &CStr, mode: u32, device: u64) -> Outcome<()> {
        os!(libc::mknodat(dir, path.as_ptr(), mode, device)).map(drop)
    }

    fn unlink_at(&self, dir: Fd, path: &CStr, flags: i32) -> Outcome<()> {
        os!(libc::unlinkat(dir, path.as_ptr(), flags)).map(drop)
    }

    fn rename_at(&self, from_dir: Fd, from: &CStr, to_dir: Fd, to: &CStr) -> Outcome<()> {
        os!(libc::renameat(from_dir, from.as_ptr(), to_dir, to.as_ptr())).map(drop)
    }

    fn link_at(&self, from_dir: Fd, from: &CStr, to_dir: Fd, to: &CStr, flags: i32) -> Outcome<()> {
        os!(libc::linkat(from_dir, from.as_ptr(), to_dir, to.as_ptr(), flags)).map(drop)
    }

    fn symlink_at(&self, target: &CStr, dir: Fd, path: &CStr) -> Outcome<()> {
        os!(libc::symlinkat(target.as_ptr(), dir, path.as_ptr())).map(drop)
    }

    fn readlink_at(&self, dir: Fd, path: &CStr) -> Outcome<Vec<u8>> {
        growing(
            |room| os!(libc::readlinkat(dir, path.as_ptr(), room.as_mut_ptr().cast(), room.len())).map(|n| n as usize),
            0,
        )
    }

    fn chmod_at(&self, dir: Fd, path: &CStr, mode: u32, flags: i32) -> Outcome<()> {
        os!(libc::fchmodat(dir, path.as_ptr(), mode, flags)).map(drop)
    }

    fn chown_at(&self, dir: Fd, path: &CStr, uid: u32, gid: u32, flags: i32) -> Outcome<()> {
        os!(libc::fchownat(dir, path.as_ptr(), uid, gid, flags)).map(drop)
    }

    fn utimens_at(&self, dir: Fd, path: Option<&CStr>, times: Option<[TimeSpec; 2]>, flags: i32) -> Outcome<()> {
        let times = times.map(|t| t.map(|t| libc::timespec { tv_sec: t.seconds, tv_nsec: t.nanoseconds }));
        let times = times.as_ref().map_or(std::ptr::null(), |t| t.as_ptr());
        match path {
            Some(path) => os!(libc::utimensat(dir, path.as_ptr(), times, flags)),
            None => os!(libc::futimens(dir, times)),
        }
        .map(drop)
    }

    fn truncate(&self, path: &CStr, length: i64) -> Outcome<()> {
        os!(libc::truncate(path.as_ptr(), length)).map(drop)
    }

    fn chdir(&self, path: &CStr) -> Outcome<()> {
        os!(libc::chdir(path.as_ptr())).map(drop)
    }

    fn chroot(&self, path: &CStr) -> Outcome<()> {
        os!(libc::chroot(path.as_ptr())).map(drop)
    }

    fn getcwd(&self) -> Outcome<Vec<u8>> {
        growing(
            |room| {
                if os_plain!(libc::getcwd(room.as_mut_ptr().cast(), room.len())).is_null() {
                    return Err(HostError::last());
                }
                Ok(room.iter().position(|&b| b == 0).unwrap_or(room.len()))
            },
            libc::ERANGE,
        )
    }

    fn umask(&self, mask: u32) -> Outcome<u32> {
        Ok(os_plain!(libc::umask(mask)))
    }

    fn pathconf(&self, path: &CStr, name: i32) -> Outcome<Option<i64>> {
        conf(|| os_plain!(libc::pathconf(path.as_ptr(), name)))
    }

    fn getxattr(&self, path: XattrTarget<'_>, name: &CStr) -> Outcome<Vec<u8>> {
        let name = name.as_ptr();
        growing(
            |room| {
                let (to, size) = (room.as_mut_ptr().cast(), room.len());
                match path {
                    XattrTarget::Fd(fd) => os!(libc::fgetxattr(fd, name, to, size)),
                    XattrTarget::Follow(path) => os!(libc::getxattr(path.as_ptr(), name, to, size)),
                    XattrTarget::NoFollow(path) => os!(libc::lgetxattr(path.as_ptr(), name, to, size)),
                }
                .map(|n| n as usize)
            },
            libc::ERANGE,
        )
    }

    fn setxattr(&self, path: XattrTarget<'_>, name: &CStr, value: &[u8], flags: i32) -> Outcome<()> {
        let (name, from, size) = (name.as_ptr(), value.as_ptr().cast(), value.len());
        match path {
            XattrTarget::Fd(fd) => os!(libc::fsetxattr(fd, name, from, size, flags)),
            XattrTarget::Follow(path) => os!(libc::setxattr(path.as_ptr(), name, from, size, flags)),
            XattrTarget::NoFollow(path) => os!(libc::lsetxattr(path.as_ptr(), name, from, size, flags)),
        }
        .map(drop)
    }

    fn removexattr(&self, path: XattrTarget<'_>, name: &CStr) -> Outcome<()> {
        let name = name.as_ptr();
        match path {
            XattrTarget::Fd(fd) => os!(libc::fremovexattr(fd, name)),
            XattrTarget::Follow(path) => os!(libc::removexattr(path.as_ptr(), name)),
            XattrTarget::NoFollow(path) => os!(libc::lremovexattr(path.as_ptr(), name)),
        }
        .map(drop)
    }

    fn listxattr(&self, path: XattrTarget<'_>) -> Outcome<Vec<u8>> {
        growing(
            |room| {
                let (to, size) = (room.as_mut_ptr().cast(), room.len());
                match path {
                    XattrTarget::Fd(fd) => os!(libc::flistxattr(fd, to, size)),
                    XattrTarget::Follow(path) => os!(libc::listxattr(path.as_ptr(), to, size)),
                    XattrTarget::NoFollow(path) => os!(libc::llistxattr(path.as_ptr(), to, size)),
                }
                .map(|n| n as usize)
            },
            libc::ERANGE,
        )
    }

    fn realpath(&self, path: &CStr) -> Outcome<Vec<u8>> {
        if let Some((folder, place)) = self.place(path) {
            return crate::folder::real_path(folder, &place, path);
        }
        let mut room = vec![0u8; libc::PATH_MAX as usize];
        if os_plain!(libc::realpath(path.as_ptr(), room.as_mut_ptr().cast())).is_null() {
            return Err(HostError::last());
        }
        room.truncate(room.iter().position(|&b| b == 0).unwrap_or(0));
        Ok(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_and_stats() {
        let host = OsHost;
        let here = libc::AT_FDCWD;
        let name = std::ffi::CString::new(format!("/tmp/ophi-host-{}", std::process::id())).unwrap();
        host.symlink_at(c"/nowhere/at/all", here, &name).unwrap();
        assert_eq!(host.readlink_at(here, &name).unwrap(), b"/nowhere/at/all");
        assert_eq!(host.stat_at(here, &name, true).unwrap_err().errno(), libc::ENOENT);
        assert_eq!(host.stat_at(here, &name, false).unwrap().mode & libc::S_IFMT, libc::S_IFLNK);
        host.unlink_at(here, &name, 0).unwrap();
        assert!(!host.access_at(here, &name, libc::F_OK, 0).unwrap());
        assert!(host.getcwd().unwrap().starts_with(b"/"));
    }
}
