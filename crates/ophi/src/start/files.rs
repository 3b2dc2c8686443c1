//! The few questions to the file system that must be answered before `os` exists.

use ophi_host::{HostError, Outcome};
use ophi_runtime::Vm;
use ophi_stdlib::support::host;
use std::ffi::CString;

const READ: i32 = libc::O_RDONLY | libc::O_CLOEXEC;
const HERE: i32 = libc::AT_FDCWD;

fn c(path: &[u8]) -> Outcome<CString> {
    CString::new(path).map_err(|_| HostError(libc::ENOENT))
}

pub fn current_folder(vm: &Vm) -> Vec<u8> {
    host(vm).getcwd().unwrap_or_default()
}

/// An environment variable.
pub fn variable(vm: &Vm, name: &str) -> Option<Vec<u8>> {
    host(vm).var(name.as_bytes()).ok().flatten()
}

pub fn is_folder(vm: &Vm, path: &[u8]) -> bool {
    let Ok(path) = c(path) else { return false };
    host(vm).stat_at(HERE, &path, true).is_ok_and(|s| s.mode & libc::S_IFMT == libc::S_IFDIR)
}

pub fn is_open(vm: &Vm, fd: i32) -> bool {
    host(vm).fstat(fd).is_ok()
}

pub fn is_terminal(vm: &Vm, fd: i32) -> bool {
    host(vm).isatty(fd).unwrap_or(false)
}

/// Everything from a descriptor.
pub fn read_all(vm: &Vm, fd: i32) -> Outcome<Vec<u8>> {
    let host = host(vm);
    let mut out = Vec::new();
    let mut chunk = vec![0; 64 << 10];
    loop {
        match host.read(fd, &mut chunk) {
            Ok(0) => return Ok(out),
            Ok(n) => out.extend_from_slice(&chunk[..n]),
            Err(error) if error.is_interrupted() => {}
            Err(error) => return Err(error),
        }
    }
}

pub fn read(vm: &Vm, path: &[u8]) -> Outcome<Vec<u8>> {
    let host = host(vm);
    let fd = host.open(HERE, &c(path)?, READ, 0)?;
    let content = read_all(vm, fd);
    let _ = host.close(fd);
    content
}

/// The first bytes of a file; none when it cannot be read.
pub fn head(vm: &Vm, path: &[u8]) -> Vec<u8> {
    let host = host(vm);
    let Ok(Ok(fd)) = c(path).map(|p| host.open(HERE, &p, READ, 0)) else { return Vec::new() };
    let mut head = vec![0; 4];
    let n = host.read(fd, &mut head).unwrap_or(0);
    let _ = host.close(fd);
    head.truncate(n);
    head
}

/// The path with symbolic links of the file itself followed; an absolute path is expected.
pub fn real_path(vm: &Vm, path: &[u8]) -> Vec<u8> {
    let host = host(vm);
    let mut at = path.to_vec();
    for _ in 0..40 {
        let Ok(Ok(link)) = c(&at).map(|p| host.readlink_at(HERE, &p)) else { break };
        at = if link.starts_with(b"/") {
            link
        } else {
            let folder = at.iter().rposition(|b| *b == b'/').map_or(&b""[..], |i| &at[..i + 1]);
            [folder, &link].concat()
        };
    }
    at
}
