//! The user and group databases.

use std::ffi::CStr;

use parking_lot::Mutex;

use crate::{HostError, OsHost, Outcome};

/// `struct passwd`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Passwd {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub uid: u32,
    pub gid: u32,
    pub gecos: Vec<u8>,
    pub dir: Vec<u8>,
    pub shell: Vec<u8>,
}

/// `struct group`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Group {
    pub name: Vec<u8>,
    pub password: Vec<u8>,
    pub gid: u32,
    pub members: Vec<Vec<u8>>,
}

door! {
    /// Users and groups. `None` is "no such entry".
    pub trait Users {
        fn user_by_id(&self, uid: u32) -> Option<Passwd>;
        fn user_by_name(&self, name: &CStr) -> Option<Passwd>;
        fn users(&self) -> Vec<Passwd>;
        fn group_by_id(&self, gid: u32) -> Option<Group>;
        fn group_by_name(&self, name: &CStr) -> Option<Group>;
        fn groups(&self) -> Vec<Group>;
        fn getlogin(&self) -> Vec<u8>;
    }
}

/// # Safety
/// `text` is null or a NUL-terminated string.
unsafe fn copied(text: *const libc::c_char) -> Vec<u8> {
    // SAFETY: the function's own contract.
    if text.is_null() { Vec::new() } else { unsafe { CStr::from_ptr(text) }.to_bytes().to_vec() }
}

/// # Safety
/// `raw` was filled by the C library and its buffer is live.
unsafe fn passwd(raw: &libc::passwd) -> Passwd {
    // SAFETY: the function's own contract: every field is a valid string.
    unsafe {
        Passwd {
            name: copied(raw.pw_name),
            password: copied(raw.pw_passwd),
            uid: raw.pw_uid,
            gid: raw.pw_gid,
            gecos: copied(raw.pw_gecos),
            dir: copied(raw.pw_dir),
            shell: copied(raw.pw_shell),
        }
    }
}

/// # Safety
/// `raw` was filled by the C library and its buffer is live.
unsafe fn group(raw: &libc::group) -> Group {
    let mut members = Vec::new();
    let mut next = raw.gr_mem;
    // SAFETY: the function's own contract: the strings are valid and the list ends in a null pointer.
    unsafe {
        while !next.is_null() && !(*next).is_null() {
            members.push(copied(*next));
            next = next.add(1);
        }
        Group { name: copied(raw.gr_name), password: copied(raw.gr_passwd), gid: raw.gr_gid, members }
    }
}

/// Calls one of the `get*_r` family with a growing buffer.
fn look_up<R, T>(
    mut call: impl FnMut(&mut R, &mut [u8], &mut *mut R) -> i32,
    convert: unsafe fn(&R) -> T,
) -> Outcome<Option<T>> {
    let mut room = vec![0u8; 1024];
    loop {
        let mut raw = zeroed!(R);
        let mut found = std::ptr::null_mut();
        match call(&mut raw, &mut room, &mut found) {
            0 if found.is_null() => return Ok(None),
            // SAFETY: the call succeeded and `room`, which the strings live in, is still here.
            0 => return Ok(Some(unsafe { convert(&raw) })),
            libc::ERANGE if room.len() < 1 << 20 => room = vec![0; room.len() * 4],
            libc::ENOENT | libc::ESRCH => return Ok(None),
            error => return Err(HostError(error)),
        }
    }
}

unsafe extern "C" {
    fn getlogin_r(room: *mut libc::c_char, size: usize) -> i32;
}

/// The enumerating calls share a position in the C library.
static ENUMERATION: Mutex<()> = Mutex::new(());

impl Users for OsHost {
    fn user_by_id(&self, uid: u32) -> Outcome<Option<Passwd>> {
        look_up(
            |raw, room, found| os_plain!(libc::getpwuid_r(uid, raw, room.as_mut_ptr().cast(), room.len(), found)),
            passwd,
        )
    }

    fn user_by_name(&self, name: &CStr) -> Outcome<Option<Passwd>> {
        let name = name.as_ptr();
        look_up(
            |raw, room, found| os_plain!(libc::getpwnam_r(name, raw, room.as_mut_ptr().cast(), room.len(), found)),
            passwd,
        )
    }

    fn users(&self) -> Outcome<Vec<Passwd>> {
        let _guard = ENUMERATION.lock();
        let mut all = Vec::new();
        // SAFETY: the lock keeps other enumerations out; each entry is copied before the next call.
        unsafe {
            libc::setpwent();
            loop {
                let entry = libc::getpwent();
                if entry.is_null() {
                    break;
                }
                all.push(passwd(&*entry));
            }
            libc::endpwent();
        }
        Ok(all)
    }

    fn group_by_id(&self, gid: u32) -> Outcome<Option<Group>> {
        look_up(
            |raw, room, found| os_plain!(libc::getgrgid_r(gid, raw, room.as_mut_ptr().cast(), room.len(), found)),
            group,
        )
    }

    fn group_by_name(&self, name: &CStr) -> Outcome<Option<Group>> {
        let name = name.as_ptr();
        look_up(
            |raw, room, found| os_plain!(libc::getgrnam_r(name, raw, room.as_mut_ptr().cast(), room.len(), found)),
            group,
        )
    }

    fn groups(&self) -> Outcome<Vec<Group>> {
        let _guard = ENUMERATION.lock();
        let mut all = Vec::new();
        // SAFETY: as in `users`.
        unsafe {
            libc::setgrent();
            loop {
                let entry = libc::getgrent();
                if entry.is_null() {
                    break;
                }
                all.push(group(&*entry));
            }
            libc::endgrent();
        }
        Ok(all)
    }

    fn getlogin(&self) -> Outcome<Vec<u8>> {
        let mut room = vec![0u8; 256];
        crate::error::check_number(os_plain!(getlogin_r(room.as_mut_ptr().cast(), room.len())))?;
        room.truncate(room.iter().position(|&b| b == 0).unwrap_or(0));
        Ok(room)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn root_is_known() {
        let root = OsHost.user_by_id(0).unwrap().unwrap();
        assert_eq!(root.name, b"root");
        assert_eq!(OsHost.user_by_name(c"root").unwrap().unwrap(), root);
        assert!(OsHost.users().unwrap().contains(&root));
        assert_eq!(OsHost.user_by_name(c"no such user").unwrap(), None);
        assert_eq!(OsHost.group_by_id(0).unwrap().unwrap().name, b"root");
    }
}
