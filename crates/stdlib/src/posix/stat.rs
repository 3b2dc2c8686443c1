//! `stat` and `statvfs`.

use num_bigint::BigInt;
use ophi_host::{Stat, StatVfs, TimeSpec};
use ophi_runtime::{Res, Vm, methods};

use crate::struct_sequence;
use crate::support::blocking;
use crate::support::errors::OrOsError;
use crate::support::paths::{DirFd, FdPath, Path, dir};

struct_sequence! {
    "stat_result: what stat, fstat and lstat tell, as a tuple of ten fields with names (st_mode, st_ino, st_dev,\nst_nlink, st_uid, st_gid, st_size, st_atime, st_mtime, st_ctime); the rest are attributes only.",
    pub STAT_RESULT: STAT_RESULT_TYPE = "os" "stat_result", 10 of 19 {
        "st_mode" "protection bits",
        "st_ino" "inode",
        "st_dev" "device",
        "st_nlink" "number of hard links",
        "st_uid" "user ID of owner",
        "st_gid" "group ID of owner",
        "st_size" "total size, in bytes",
        "" "integer time of last access",
        "" "integer time of last modification",
        "" "integer time of last change",
        "st_atime" "time of last access",
        "st_mtime" "time of last modification",
        "st_ctime" "time of last change",
        "st_atime_ns" "time of last access in nanoseconds",
        "st_mtime_ns" "time of last modification in nanoseconds",
        "st_ctime_ns" "time of last change in nanoseconds",
        "st_blksize" "blocksize for filesystem I/O",
        "st_blocks" "number of blocks allocated",
        "st_rdev" "device type (if inode device)",
    }, defaults &[(10, 7), (11, 8), (12, 9)]
}

struct_sequence! {
    "statvfs_result: what statvfs and fstatvfs tell of a file system, as a tuple with names (f_bsize, f_frsize,\nf_blocks, f_bfree, f_bavail, f_files, f_ffree, f_favail, f_flag, f_namemax).",
    pub STATVFS_RESULT: STATVFS_RESULT_TYPE = "os" "statvfs_result", 10 of 11 {
        "f_bsize" "", "f_frsize" "", "f_blocks" "", "f_bfree" "", "f_bavail" "", "f_files" "", "f_ffree" "",
        "f_favail" "", "f_flag" "", "f_namemax" "", "f_fsid" "",
    }
}

/// A `stat_result`.
pub fn stat_value(vm: &Vm, stat: &Stat) -> Res {
    let int = |i: i64| vm.new_int(i);
    let unsigned = |i: u64| vm.new_bigint(BigInt::from(i));
    let seconds = |t: TimeSpec| vm.new_float(t.seconds as f64 + 1e-9 * t.nanoseconds as f64);
    let nanoseconds =
        |t: TimeSpec| vm.new_bigint(BigInt::from(i128::from(t.seconds) * 1_000_000_000 + i128::from(t.nanoseconds)));
    let times = [stat.atime, stat.mtime, stat.ctime];
    let mut values = vec![
        int(i64::from(stat.mode))?,
        unsigned(stat.ino)?,
        unsigned(stat.dev)?,
        unsigned(stat.nlink)?,
        int(i64::from(stat.uid))?,
        int(i64::from(stat.gid))?,
        int(stat.size)?,
    ];
    for time in times {
        values.push(int(time.seconds)?);
    }
    for time in times {
        values.push(seconds(time)?);
    }
    for time in times {
        values.push(nanoseconds(time)?);
    }
    values.extend([int(stat.blksize)?, int(stat.blocks)?, unsigned(stat.rdev)?]);
    STAT_RESULT.make(vm, values)
}

fn statvfs_value(vm: &Vm, s: &StatVfs) -> Res {
    let all = [s.bsize, s.frsize, s.blocks, s.bfree, s.bavail, s.files, s.ffree, s.favail, s.flag, s.namemax, s.fsid];
    let values = all.iter().map(|&i| vm.new_bigint(BigInt::from(i))).collect::<Res<Vec<_>>>()?;
    STATVFS_RESULT.make(vm, values)
}

pub struct Stats;

#[methods]
impl Stats {
    /// Perform a stat system call on the given path.
    #[function(sig = "(path, *, dir_fd=None, follow_symlinks=True)")]
    fn stat(vm: &Vm, path: FdPath, dir_fd: Option<DirFd>, follow_symlinks: bool) -> Res {
        if let Some(fd) = path.fd {
            if dir_fd.is_some_and(|dir| dir.0 != libc::AT_FDCWD) {
                return Err(vm.value_error("stat: can't specify dir_fd without matching path"));
            }
            if !follow_symlinks {
                return Err(vm.value_error("stat: cannot use fd and follow_symlinks together"));
            }
            let stat = blocking(vm, |host| host.fstat(fd))?.or_os_error_at(vm, &path.value)?;
            return stat_value(vm, &stat);
        }
        let stat = blocking(vm, |host| host.stat_at(dir(dir_fd), path.as_c(), follow_symlinks))?;
        stat_value(vm, &stat.map_err(|error| path.fail(vm, error))?)
    }

    /// Perform a stat system call on the given path, without following symbolic links.
    #[function(sig = "(path, *, dir_fd=None)")]
    fn lstat(vm: &Vm, path: Path, dir_fd: Option<DirFd>) -> Res {
        let stat = blocking(vm, |host| host.stat_at(dir(dir_fd), path.as_c(), false))?;
        stat_value(vm, &stat.map_err(|error| path.fail(vm, error))?)
    }

    /// Perform a stat system call on the given file descriptor.
    #[function(sig = "(fd)")]
    fn fstat(vm: &Vm, fd: i32) -> Res {
        let stat = blocking(vm, |host| host.fstat(fd))?.or_os_error(vm)?;
        stat_value(vm, &stat)
    }

    /// Perform a statvfs system call on the given path.
    #[function(sig = "(path)")]
    fn statvfs(vm: &Vm, path: FdPath) -> Res {
        let stat = match path.fd {
            Some(fd) => blocking(vm, |host| host.fstatvfs(fd))?,
            None => blocking(vm, |host| host.statvfs(path.as_c()))?,
        };
        statvfs_value(vm, &stat.map_err(|error| path.fail(vm, error))?)
    }

    /// Perform an fstatvfs system call on the given fd.
    #[function(sig = "(fd, /)")]
    fn fstatvfs(vm: &Vm, fd: i32) -> Res {
        statvfs_value(vm, &blocking(vm, |host| host.fstatvfs(fd))?.or_os_error(vm)?)
    }
}
