//! Operations on paths.

use ophi_host::{HostError, TimeSpec, XattrTarget};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Res, Tuple, Value, Vm, methods};

use super::args::{Device, Id};
use crate::support::buffer::Readable;
use crate::support::errors::{OrOsError, os_error, os_error_between};
use crate::support::paths::{DirFd, FdPath, Path, PathArg, dir, fs_decode};
use crate::support::values::to_i64;
use crate::support::{blocking, host};

/// Runs a path operation that answers nothing.
fn act<const FD: bool, const NONE: bool>(
    vm: &Vm,
    path: &PathArg<FD, NONE>,
    call: impl FnMut(&dyn ophi_host::Host) -> ophi_host::Outcome<()>,
) -> Res<()> {
    blocking(vm, call)?.map_err(|error| path.fail(vm, error))
}

fn between(vm: &Vm, error: HostError, from: &Path, to: &Path) -> Raised {
    os_error_between(vm, error, &from.value, &to.value)
}

fn follow_flag(follow: bool) -> i32 {
    if follow { 0 } else { libc::AT_SYMLINK_NOFOLLOW }
}

fn target<'a>(vm: &Vm, path: &'a FdPath, follow: bool, function: &str) -> Res<XattrTarget<'a>> {
    match path.fd {
        Some(_) if !follow => Err(vm.value_error(format!("{function}: cannot use fd and follow_symlinks together"))),
        Some(fd) => Ok(XattrTarget::Fd(fd)),
        None if follow => Ok(XattrTarget::Follow(path.as_c())),
        None => Ok(XattrTarget::NoFollow(path.as_c())),
    }
}

/// Seconds as a float or int, to the nanosecond, rounded down (`_PyTime_ObjectToTimespec`).
fn seconds(vm: &Vm, value: &Value) -> Res<TimeSpec> {
    if let Some(time) = ophi_runtime::objects::float::view(value) {
        if time.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let whole = time.floor();
        if !(-9.2e18..9.2e18).contains(&whole) {
            return Err(vm.overflow_error("timestamp out of range for platform time_t"));
        }
        let mut nanoseconds = ((time - whole) * 1e9).floor() as i64;
        let mut whole = whole as i64;
        if nanoseconds >= 1_000_000_000 {
            nanoseconds -= 1_000_000_000;
            whole += 1;
        }
        return Ok(TimeSpec { seconds: whole, nanoseconds });
    }
    match vm.index_as_i128(value)?.and_then(|i| i64::try_from(i).ok()) {
        Some(seconds) => Ok(TimeSpec { seconds, nanoseconds: 0 }),
        None => Err(vm.overflow_error("timestamp out of range for platform time_t")),
    }
}

fn nanoseconds(vm: &Vm, value: &Value) -> Res<TimeSpec> {
    match vm.index_as_i128(value)? {
        Some(ns) => match i64::try_from(ns.div_euclid(1_000_000_000)) {
            Ok(seconds) => Ok(TimeSpec { seconds, nanoseconds: ns.rem_euclid(1_000_000_000) as i64 }),
            Err(_) => Err(vm.overflow_error("timestamp out of range for platform time_t")),
        },
        None => Err(vm.overflow_error("timestamp out of range for platform time_t")),
    }
}

pub struct Paths;

#[methods]
impl Paths {
    /// Use the real uid/gid to test for access to a path.
    #[function(sig = "(path, mode, *, dir_fd=None, effective_ids=False, follow_symlinks=True)")]
    fn access(
        vm: &Vm,
        path: Path,
        mode: i32,
        dir_fd: Option<DirFd>,
        effective_ids: bool,
        follow_symlinks: bool,
    ) -> Res<bool> {
        let flags = follow_flag(follow_symlinks) | if effective_ids { libc::AT_EACCESS } else { 0 };
        blocking(vm, |host| host.access_at(dir(dir_fd), path.as_c(), mode, flags))?.or_os_error(vm)
    }

    /// Change the current working directory to the specified path.
    #[function(sig = "(path)")]
    fn chdir(vm: &Vm, path: FdPath) -> Res<()> {
        vm.audit("os.chdir", || Ok(vec![path.value.clone()]))?;
        act(vm, &path, |host| match path.fd {
            Some(fd) => host.fchdir(fd),
            None => host.chdir(path.as_c()),
        })
    }

    /// Change root directory to path.
    #[function(sig = "(path)")]
    fn chroot(vm: &Vm, path: Path) -> Res<()> {
        act(vm, &path, |host| host.chroot(path.as_c()))
    }

    /// Change the access permissions of a file.
    #[function(
        sig = "(path, mode, *, dir_fd=None, follow_symlinks=True)",
        text = "($module, /, path, mode, *, dir_fd=None, follow_symlinks=(os.name != 'nt'))"
    )]
    fn chmod(vm: &Vm, path: FdPath, mode: i32, dir_fd: Option<DirFd>, follow_symlinks: bool) -> Res<()> {
        vm.audit("os.chmod", || {
            Ok(vec![path.value.clone(), Value::int32(mode), Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0))])
        })?;
        act(vm, &path, |host| match path.fd {
            Some(fd) => host.fchmod(fd, mode as u32),
            None => host.chmod_at(dir(dir_fd), path.as_c(), mode as u32, follow_flag(follow_symlinks)),
        })
    }

    /// Change the owner and group id of path to the numeric uid and gid.
    #[function(sig = "(path, uid, gid, *, dir_fd=None, follow_symlinks=True)")]
    fn chown(vm: &Vm, path: FdPath, uid: Id, gid: Id, dir_fd: Option<DirFd>, follow_symlinks: bool) -> Res<()> {
        vm.audit("os.chown", || {
            Ok(vec![
                path.value.clone(),
                vm.new_int(i64::from(uid.0))?,
                vm.new_int(i64::from(gid.0))?,
                Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0)),
            ])
        })?;
        if path.fd.is_some() && !follow_symlinks {
            return Err(vm.value_error("chown: cannot use fd and follow_symlinks together"));
        }
        act(vm, &path, |host| match path.fd {
            Some(fd) => host.fchown(fd, uid.0, gid.0),
            None => host.chown_at(dir(dir_fd), path.as_c(), uid.0, gid.0, follow_flag(follow_symlinks)),
        })
    }

    /// Change the owner and group id of path to the numeric uid and gid.
    #[function(sig = "(path, uid, gid)")]
    fn lchown(vm: &Vm, path: Path, uid: Id, gid: Id) -> Res<()> {
        vm.audit("os.chown", || {
            Ok(vec![path.value.clone(), vm.new_int(i64::from(uid.0))?, vm.new_int(i64::from(gid.0))?, Value::int32(-1)])
        })?;
        let flags = libc::AT_SYMLINK_NOFOLLOW;
        act(vm, &path, |host| host.chown_at(libc::AT_FDCWD, path.as_c(), uid.0, gid.0, flags))
    }

    /// The current directory.
    #[function(sig = "()")]
    fn getcwd(vm: &Vm) -> Res {
        fs_decode(vm, &host(vm).getcwd().or_os_error(vm)?)
    }

    /// The current directory, as bytes.
    #[function(sig = "()")]
    fn getcwdb(vm: &Vm) -> Res {
        Ok(vm.new_bytes(&host(vm).getcwd().or_os_error(vm)?)?.into_value())
    }

    /// Create a hard link to a file.
    #[function(
        sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=True)",
        text = "($module, /, src, dst, *, src_dir_fd=None, dst_dir_fd=None, follow_symlinks=(os.name != 'nt'))"
    )]
    fn link(
        vm: &Vm,
        src: Path,
        dst: Path,
        src_dir_fd: Option<DirFd>,
        dst_dir_fd: Option<DirFd>,
        follow_symlinks: bool,
    ) -> Res<()> {
        vm.audit("os.link", || {
            Ok(vec![
                src.value.clone(),
                dst.value.clone(),
                Value::int32(src_dir_fd.as_ref().map_or(-1, |d| d.0)),
                Value::int32(dst_dir_fd.as_ref().map_or(-1, |d| d.0)),
            ])
        })?;
        // Without saying so, the call does not follow; CPython's plain link() does neither on Linux.
        let flags =
            if follow_symlinks && (src_dir_fd.is_some() || dst_dir_fd.is_some()) { libc::AT_SYMLINK_FOLLOW } else { 0 };
        blocking(vm, |host| host.link_at(dir(src_dir_fd), src.as_c(), dir(dst_dir_fd), dst.as_c(), flags))?
            .map_err(|error| between(vm, error, &src, &dst))
    }

    /// Create a symbolic link pointing to src named dst.
    #[function(sig = "(src, dst, target_is_directory=False, *, dir_fd=None)")]
    fn symlink(vm: &Vm, src: Path, dst: Path, target_is_directory: bool, dir_fd: Option<DirFd>) -> Res<()> {
        vm.audit("os.symlink", || {
            Ok(vec![src.value.clone(), dst.value.clone(), Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0))])
        })?;
        let _ = target_is_directory;
        blocking(vm, |host| host.symlink_at(src.as_c(), dir(dir_fd), dst.as_c()))?
            .map_err(|error| between(vm, error, &src, &dst))
    }

    /// Return a string representing the path to which the symbolic link points.
    #[function(sig = "(path, *, dir_fd=None)")]
    fn readlink(vm: &Vm, path: Path, dir_fd: Option<DirFd>) -> Res {
        let target = blocking(vm, |host| host.readlink_at(dir(dir_fd), path.as_c()))?;
        path.same_kind(vm, &target.map_err(|error| path.fail(vm, error))?)
    }

    /// Create a directory.
    #[function(sig = "(path, mode=511, *, dir_fd=None)")]
    fn mkdir(vm: &Vm, path: Path, mode: i32, dir_fd: Option<DirFd>) -> Res<()> {
        vm.audit("os.mkdir", || {
            Ok(vec![path.value.clone(), Value::int32(mode), Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0))])
        })?;
        act(vm, &path, |host| host.mkdir_at(dir(dir_fd), path.as_c(), mode as u32))
    }

    /// Create a "fifo" (a POSIX named pipe).
    #[function(sig = "(path, mode=438, *, dir_fd=None)")]
    fn mkfifo(vm: &Vm, path: Path, mode: i32, dir_fd: Option<DirFd>) -> Res<()> {
        act(vm, &path, |host| host.mkfifo_at(dir(dir_fd), path.as_c(), mode as u32))
    }

    /// Create a node in the file system.
    #[function(
        sig = "(path, mode=384, device=None, *, dir_fd=None)",
        text = "($module, /, path, mode=384, device=0, *, dir_fd=None)"
    )]
    fn mknod(vm: &Vm, path: Path, mode: i32, device: Option<Device>, dir_fd: Option<DirFd>) -> Res<()> {
        let device = device.map_or(0, |device| device.0);
        act(vm, &path, |host| host.mknod_at(dir(dir_fd), path.as_c(), mode as u32, device))
    }

    /// Rename a file or directory.
    #[function(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn rename(vm: &Vm, src: Path, dst: Path, src_dir_fd: Option<DirFd>, dst_dir_fd: Option<DirFd>) -> Res<()> {
        vm.audit("os.rename", || {
            Ok(vec![
                src.value.clone(),
                dst.value.clone(),
                Value::int32(src_dir_fd.as_ref().map_or(-1, |d| d.0)),
                Value::int32(dst_dir_fd.as_ref().map_or(-1, |d| d.0)),
            ])
        })?;
        blocking(vm, |host| host.rename_at(dir(src_dir_fd), src.as_c(), dir(dst_dir_fd), dst.as_c()))?
            .map_err(|error| between(vm, error, &src, &dst))
    }

    /// Rename a file or directory, overwriting the destination.
    #[function(sig = "(src, dst, *, src_dir_fd=None, dst_dir_fd=None)")]
    fn replace(vm: &Vm, src: Path, dst: Path, src_dir_fd: Option<DirFd>, dst_dir_fd: Option<DirFd>) -> Res<()> {
        Paths::rename(vm, src, dst, src_dir_fd, dst_dir_fd)
    }

    /// Remove a directory.
    #[function(sig = "(path, *, dir_fd=None)")]
    fn rmdir(vm: &Vm, path: Path, dir_fd: Option<DirFd>) -> Res<()> {
        vm.audit("os.rmdir", || Ok(vec![path.value.clone(), Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0))]))?;
        act(vm, &path, |host| host.unlink_at(dir(dir_fd), path.as_c(), libc::AT_REMOVEDIR))
    }

    /// Remove a file (same as remove()).
    #[function(sig = "(path, *, dir_fd=None)")]
    fn unlink(vm: &Vm, path: Path, dir_fd: Option<DirFd>) -> Res<()> {
        vm.audit("os.remove", || Ok(vec![path.value.clone(), Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0))]))?;
        act(vm, &path, |host| host.unlink_at(dir(dir_fd), path.as_c(), 0))
    }

    /// Remove a file (same as unlink()).
    #[function(sig = "(path, *, dir_fd=None)")]
    fn remove(vm: &Vm, path: Path, dir_fd: Option<DirFd>) -> Res<()> {
        Paths::unlink(vm, path, dir_fd)
    }

    /// Truncate a file, specified by path, to a specific length.
    #[function(sig = "(path, length)")]
    fn truncate(vm: &Vm, path: FdPath, length: i64) -> Res<()> {
        vm.audit("os.truncate", || Ok(vec![path.value.clone(), vm.new_int(length)?]))?;
        act(vm, &path, |host| match path.fd {
            Some(fd) => host.ftruncate(fd, length),
            None => host.truncate(path.as_c(), length),
        })
    }

    /// Set the mask of permissions that new files do not get, and return the former one.
    #[function(sig = "(mask, /)")]
    fn umask(vm: &Vm, mask: i32) -> Res<u32> {
        host(vm).umask(mask as u32).or_os_error(vm)
    }

    /// Set the access and modified time of path.
    #[function(
        sig = "(path, times=None, *, ns=..., dir_fd=None, follow_symlinks=True)",
        text = "($module, /, path, times=None, *, ns=<unrepresentable>, dir_fd=None, follow_symlinks=True)"
    )]
    fn utime(
        vm: &Vm,
        path: FdPath,
        times: Option<&Value>,
        ns: Option<&Value>,
        dir_fd: Option<DirFd>,
        follow_symlinks: bool,
    ) -> Res<()> {
        if times.is_some() && ns.is_some() {
            return Err(vm.value_error("utime: you may specify either 'times' or 'ns' but not both"));
        }
        vm.audit("os.utime", || {
            let or_none = |value: Option<&Value>| value.cloned().unwrap_or(Value::NONE);
            let folder = Value::int32(dir_fd.as_ref().map_or(-1, |d| d.0));
            Ok(vec![path.value.clone(), or_none(times), or_none(ns), folder])
        })?;
        let pair = |value: &Value, message: &str| -> Res<[Value; 2]> {
            match value.downcast::<Tuple>().map(|pair| pair.as_slice()) {
                Some([atime, mtime]) => Ok([atime.clone(), mtime.clone()]),
                _ => Err(vm.type_error(message)),
            }
        };
        let when = match (times, ns) {
            (Some(times), _) => {
                let [atime, mtime] = pair(times, "utime: 'times' must be either a tuple of two ints or None")?;
                Some([seconds(vm, &atime)?, seconds(vm, &mtime)?])
            }
            (None, Some(ns)) => {
                let [atime, mtime] = pair(ns, "utime: 'ns' must be a tuple of two ints")?;
                Some([nanoseconds(vm, &atime)?, nanoseconds(vm, &mtime)?])
            }
            (None, None) => None,
        };
        if path.fd.is_some() && dir_fd.is_some_and(|dir| dir.0 != libc::AT_FDCWD) {
            return Err(vm.value_error("utime: can't specify dir_fd without matching path"));
        }
        if path.fd.is_some() && !follow_symlinks {
            return Err(vm.value_error("utime: cannot use fd and follow_symlinks together"));
        }
        act(vm, &path, |host| match path.fd {
            Some(fd) => host.utimens_at(fd, None, when, 0),
            None => host.utimens_at(dir(dir_fd), Some(path.as_c()), when, follow_flag(follow_symlinks)),
        })
    }

    /// Return the value of extended attribute attribute on path.
    #[function(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn getxattr(vm: &Vm, path: FdPath, attribute: Path, follow_symlinks: bool) -> Res {
        vm.audit("os.getxattr", || Ok(vec![path.value.clone(), attribute.value.clone()]))?;
        let target = target(vm, &path, follow_symlinks, "getxattr")?;
        let value = blocking(vm, |host| host.getxattr(target, attribute.as_c()))?;
        Ok(vm.new_bytes(&value.map_err(|error| path.fail(vm, error))?)?.into_value())
    }

    /// Set extended attribute attribute on path to value.
    #[function(sig = "(path, attribute, value, flags=0, *, follow_symlinks=True)")]
    fn setxattr(vm: &Vm, path: FdPath, attribute: Path, value: Readable, flags: i32, follow_symlinks: bool) -> Res<()> {
        vm.audit("os.setxattr", || {
            Ok(vec![path.value.clone(), attribute.value.clone(), vm.new_bytes_value(&value)?, Value::int32(flags)])
        })?;
        let target = target(vm, &path, follow_symlinks, "setxattr")?;
        act(vm, &path, |host| host.setxattr(target, attribute.as_c(), &value, flags))
    }

    /// Remove extended attribute attribute on path.
    #[function(sig = "(path, attribute, *, follow_symlinks=True)")]
    fn removexattr(vm: &Vm, path: FdPath, attribute: Path, follow_symlinks: bool) -> Res<()> {
        vm.audit("os.removexattr", || Ok(vec![path.value.clone(), attribute.value.clone()]))?;
        let target = target(vm, &path, follow_symlinks, "removexattr")?;
        act(vm, &path, |host| host.removexattr(target, attribute.as_c()))
    }

    /// Return a list of extended attributes on path.
    #[function(sig = "(path=None, *, follow_symlinks=True)")]
    fn listxattr(vm: &Vm, path: Option<FdPath>, follow_symlinks: bool) -> Res {
        let path = match path {
            Some(path) => path,
            None => FdPath::convert(vm, vm.new_str(".")?.as_value(), "listxattr", "path")?,
        };
        let target = target(vm, &path, follow_symlinks, "listxattr")?;
        let names = blocking(vm, |host| host.listxattr(target))?.map_err(|error| path.fail(vm, error))?;
        let names = names.split(|&b| b == 0).filter(|name| !name.is_empty());
        let names = names.map(|name| fs_decode(vm, name)).collect::<Res<Vec<_>>>()?;
        vm.new_list(names)
    }

    /// Return the configuration limit name for the file or directory path.
    #[function(sig = "(path, name)")]
    fn pathconf(vm: &Vm, path: FdPath, name: &Value) -> Res<i64> {
        let name = super::system::conf_name(vm, name, super::constants::PATHCONF)?;
        let value = match path.fd {
            Some(fd) => host(vm).fpathconf(fd, name),
            None => host(vm).pathconf(path.as_c(), name),
        };
        match value {
            Ok(value) => Ok(value.unwrap_or(-1)),
            Err(error) if error.errno() == libc::EINVAL => Err(os_error(vm, error)),
            Err(error) => Err(path.fail(vm, error)),
        }
    }

    /// Return the file system path representation of the object.
    #[function(sig = "(path)")]
    fn fspath(vm: &Vm, path: &Value) -> Res {
        crate::support::paths::fspath(vm, path)
    }

    /// Normalize path, eliminating double slashes, etc.
    #[function(sig = "(path)")]
    fn _path_normpath(vm: &Vm, path: &Value) -> Res {
        let path = crate::support::paths::fspath(vm, path)?;
        let is_bytes = path.is_a::<ophi_runtime::objects::bytes::Bytes>();
        let points: Vec<u32> = match path.downcast::<ophi_runtime::Str>() {
            Some(text) => text.code_points().collect(),
            None => path
                .downcast::<ophi_runtime::objects::bytes::Bytes>()
                .map(|bytes| bytes.as_slice().iter().map(|&b| u32::from(b)).collect())
                .unwrap_or_default(),
        };
        let normal = normalized(&points);
        if is_bytes {
            let bytes: Vec<u8> = normal.iter().map(|&c| c as u8).collect();
            return Ok(vm.new_bytes(&bytes)?.into_value());
        }
        Ok(vm.new_str_from_code_points(&normal)?.into_value())
    }

    /// Split a pathname into drive, root, and tail.
    #[function(sig = "(p)")]
    fn _path_splitroot_ex(vm: &Vm, p: &Value) -> Res {
        let p = crate::support::paths::fspath(vm, p)?;
        if let Some(bytes) = p.downcast::<ophi_runtime::objects::bytes::Bytes>() {
            let bytes = bytes.as_slice();
            let root = root_length(|i| bytes.get(i) == Some(&b'/'));
            let parts = [b"".as_slice(), &bytes[..root], &bytes[root..]];
            let parts = parts.iter().map(|part| Ok(vm.new_bytes(part)?.into_value())).collect::<Res<Vec<_>>>()?;
            return vm.new_tuple(&parts);
        }
        let Some(text) = p.downcast::<ophi_runtime::Str>() else { return Err(vm.type_error("expected a path")) };
        let root = root_length(|i| i < text.len() && text.at(i) == u32::from('/'));
        let parts = [
            vm.new_str("")?.into_value(),
            crate::io::strings::slice(vm, text, 0, root)?.into_value(),
            crate::io::strings::slice(vm, text, root, text.len())?.into_value(),
        ];
        vm.new_tuple(&parts)
    }

    /// Return the major number of a device.
    #[function(sig = "(device, /)")]
    fn major(_vm: &Vm, device: Device) -> i64 {
        if device.0 == u64::MAX { -1 } else { i64::from(libc::major(device.0)) }
    }

    /// Return the minor number of a device.
    #[function(sig = "(device, /)")]
    fn minor(_vm: &Vm, device: Device) -> i64 {
        if device.0 == u64::MAX { -1 } else { i64::from(libc::minor(device.0)) }
    }

    /// The device number made of these two.
    #[function(sig = "(major, minor, /)")]
    fn makedev(vm: &Vm, major: &Value, minor: &Value) -> Res<u64> {
        Ok(libc::makedev(to_i64(vm, major)? as u32, to_i64(vm, minor)? as u32))
    }
}

/// Two leading slashes are a root of their own, more are one.
fn root_length(is_slash: impl Fn(usize) -> bool) -> usize {
    match (is_slash(0), is_slash(1), is_slash(2)) {
        (false, ..) => 0,
        (true, true, false) => 2,
        (true, ..) => 1,
    }
}

fn normalized(path: &[u32]) -> Vec<u32> {
    let slash = u32::from('/');
    let dot = u32::from('.');
    // As in C, a null ends the path.
    let path = &path[..path.iter().position(|&c| c == 0).unwrap_or(path.len())];
    let slashes = root_length(|i| path.get(i) == Some(&slash));
    let mut parts: Vec<&[u32]> = Vec::new();
    for part in path.split(|&c| c == slash) {
        if part.is_empty() || part == [dot] {
            continue;
        }
        let up = part == [dot, dot];
        match parts.last() {
            _ if !up => parts.push(part),
            None if slashes > 0 => {}
            Some(&last) if last != [dot, dot] => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    let mut out = vec![slash; slashes];
    out.extend(parts.join(&slash));
    if out.is_empty() {
        out.push(dot);
    }
    out
}
