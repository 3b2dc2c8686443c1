//! Reading directories.

use std::ffi::CStr;

use crate::error::clear_errno;
use crate::fds::Fd;
use crate::{HostError, OsHost, Outcome};

/// One entry, without `.` and `..`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct DirEntry {
    pub name: Vec<u8>,
    pub ino: u64,
    /// `DT_REG`, `DT_DIR`, ... or `DT_UNKNOWN`.
    pub kind: u8,
}

/// An open directory; dropping it closes it.
pub trait DirStream: Send {
    fn next_entry(&mut self) -> Outcome<Option<DirEntry>>;
}

door! {
    /// Directories.
    pub trait Dirs {
        fn open_dir(&self, path: &CStr) -> Box<dyn DirStream>;
        /// Reads the directory open on `fd`, from its start; `fd` stays the caller's.
        fn open_dir_fd(&self, fd: Fd) -> Box<dyn DirStream>;
    }
}

struct OsDir(*mut libc::DIR);

// SAFETY: a DIR may be used from any thread as long as it is one at a time, which `&mut self` guarantees.
unsafe impl Send for OsDir {}

impl Drop for OsDir {
    fn drop(&mut self) {
        // SAFETY: the pointer came from opendir or fdopendir and is closed only here.
        unsafe { libc::closedir(self.0) };
    }
}

impl DirStream for OsDir {
    fn next_entry(&mut self) -> Outcome<Option<DirEntry>> {
        loop {
            clear_errno();
            // SAFETY: the stream is open.
            let entry = unsafe { libc::readdir(self.0) };
            if entry.is_null() {
                let error = HostError::last();
                return if error.errno() == 0 { Ok(None) } else { Err(error) };
            }
            // SAFETY: readdir gave a valid entry, which lives until the next call on this stream; its name ends in NUL.
            let (name, ino, kind) =
                unsafe { (CStr::from_ptr((*entry).d_name.as_ptr()), (*entry).d_ino, (*entry).d_type) };
            if name != c"." && name != c".." {
                return Ok(Some(DirEntry { name: name.to_bytes().to_vec(), ino, kind }));
            }
        }
    }
}

impl Dirs for OsHost {
    fn open_dir(&self, path: &CStr) -> Outcome<Box<dyn DirStream>> {
        if let Some((folder, place)) = self.place(path) {
            return crate::folder::open_dir(folder, place);
        }
        let dir = os_plain!(libc::opendir(path.as_ptr()));
        if dir.is_null() { Err(HostError::last()) } else { Ok(Box::new(OsDir(dir))) }
    }

    fn open_dir_fd(&self, fd: Fd) -> Outcome<Box<dyn DirStream>> {
        let own = os!(libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, 0))?;
        let dir = os_plain!(libc::fdopendir(own));
        if dir.is_null() {
            let error = HostError::last();
            os_plain!(libc::close(own));
            return Err(error);
        }
        os_plain!(libc::rewinddir(dir));
        Ok(Box::new(OsDir(dir)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_directory() {
        let mut dir = OsHost.open_dir(c"/").unwrap();
        let mut names = Vec::new();
        while let Some(entry) = dir.next_entry().unwrap() {
            names.push(entry.name);
        }
        assert!(names.contains(&b"etc".to_vec()));
        assert!(!names.contains(&b".".to_vec()));
    }
}
