//! The environment block and facts about the machine.

use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::{HostError, OsHost, Outcome};

/// `struct utsname`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Uname {
    pub sysname: Vec<u8>,
    pub nodename: Vec<u8>,
    pub release: Vec<u8>,
    pub version: Vec<u8>,
    pub machine: Vec<u8>,
}

door! {
    /// Environment variables, configuration values, the machine's name and load.
    pub trait Env {
        fn var(&self, name: &[u8]) -> Option<Vec<u8>>;
        fn vars(&self) -> Vec<(Vec<u8>, Vec<u8>)>;
        fn set_var(&self, name: &[u8], value: &[u8]);
        fn unset_var(&self, name: &[u8]);
        fn uname(&self) -> Uname;
        fn sysconf(&self, name: i32) -> Option<i64>;
        fn confstr(&self, name: i32) -> Option<Vec<u8>>;
        fn getloadavg(&self) -> [f64; 3];
        fn page_size(&self) -> usize;
        /// The command line as the process was started.
        fn arguments(&self) -> Vec<Vec<u8>>;
        /// The path of the running executable.
        fn executable(&self) -> Vec<u8>;
    }
}

/// Names with `=` or NUL, and values with NUL, cannot be kept; C's setenv answers EINVAL.
fn checked(name: &[u8], value: &[u8]) -> Outcome<()> {
    if name.is_empty() || name.contains(&b'=') || name.contains(&0) || value.contains(&0) {
        return Err(HostError(libc::EINVAL));
    }
    Ok(())
}

fn field(text: &[libc::c_char]) -> Vec<u8> {
    text.iter().map(|&c| c as u8).take_while(|&c| c != 0).collect()
}

impl Env for OsHost {
    fn var(&self, name: &[u8]) -> Outcome<Option<Vec<u8>>> {
        if name.is_empty() || name.contains(&b'=') || name.contains(&0) {
            return Ok(None);
        }
        Ok(std::env::var_os(OsStr::from_bytes(name)).map(|value| value.into_vec()))
    }

    fn vars(&self) -> Outcome<Vec<(Vec<u8>, Vec<u8>)>> {
        Ok(std::env::vars_os().map(|(name, value)| (name.into_vec(), value.into_vec())).collect())
    }

    fn set_var(&self, name: &[u8], value: &[u8]) -> Outcome<()> {
        checked(name, value)?;
        // SAFETY: std's own lock orders this with every reader in Rust. C library code that reads the environment
        // without a lock on another thread (getaddrinfo, tzset) can race, as it can under every Python.
        unsafe { std::env::set_var(OsStr::from_bytes(name), OsStr::from_bytes(value)) };
        Ok(())
    }

    fn unset_var(&self, name: &[u8]) -> Outcome<()> {
        checked(name, b"")?;
        // SAFETY: as in `set_var`.
        unsafe { std::env::remove_var(OsStr::from_bytes(name)) };
        Ok(())
    }

    fn uname(&self) -> Outcome<Uname> {
        let mut raw = zeroed!(libc::utsname);
        os!(libc::uname(&mut raw))?;
        Ok(Uname {
            sysname: field(&raw.sysname),
            nodename: field(&raw.nodename),
            release: field(&raw.release),
            version: field(&raw.version),
            machine: field(&raw.machine),
        })
    }

    fn sysconf(&self, name: i32) -> Outcome<Option<i64>> {
        crate::paths::conf(|| os_plain!(libc::sysconf(name)))
    }

    fn confstr(&self, name: i32) -> Outcome<Option<Vec<u8>>> {
        crate::error::clear_errno();
        let length = os_plain!(libc::confstr(name, std::ptr::null_mut(), 0));
        if length == 0 {
            let error = HostError::last();
            return if error.errno() == 0 { Ok(None) } else { Err(error) };
        }
        let mut room = vec![0u8; length];
        os_plain!(libc::confstr(name, room.as_mut_ptr().cast(), room.len()));
        room.pop();
        Ok(Some(room))
    }

    fn getloadavg(&self) -> Outcome<[f64; 3]> {
        let mut loads = [0.0; 3];
        if os_plain!(libc::getloadavg(loads.as_mut_ptr(), 3)) != 3 {
            return Err(HostError(libc::EIO));
        }
        Ok(loads)
    }

    fn page_size(&self) -> Outcome<usize> {
        os!(libc::sysconf(libc::_SC_PAGESIZE)).map(|size| size as usize)
    }

    fn arguments(&self) -> Outcome<Vec<Vec<u8>>> {
        Ok(std::env::args_os().map(|arg| arg.into_vec()).collect())
    }

    fn executable(&self) -> Outcome<Vec<u8>> {
        let path: &CStr = c"/proc/self/exe";
        crate::Paths::readlink_at(self, libc::AT_FDCWD, path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_come_and_go() {
        let host = OsHost;
        host.set_var(b"OPHI_HOST_TEST", b"v\xff").unwrap();
        assert_eq!(host.var(b"OPHI_HOST_TEST").unwrap().as_deref(), Some(&b"v\xff"[..]));
        assert!(host.vars().unwrap().contains(&(b"OPHI_HOST_TEST".to_vec(), b"v\xff".to_vec())));
        host.unset_var(b"OPHI_HOST_TEST").unwrap();
        assert_eq!(host.var(b"OPHI_HOST_TEST").unwrap(), None);
        assert_eq!(host.set_var(b"a=b", b"").unwrap_err().errno(), libc::EINVAL);
        assert_eq!(host.uname().unwrap().sysname, b"Linux");
    }
}
