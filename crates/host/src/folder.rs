//! A read-only folder that is on no disk, shown by the host among the system's own: the library inside the binary.
//!
//! Method: absolute paths are compared component by component with the folder's root. Files below it open as anonymous memory
//! files that hold their content, so that every operation on descriptors is the system's own; `stat`, `access`, `realpath`
//! and directory reading answer from the folder. Nothing below it can be written or be a working directory.

use std::collections::hash_map::DefaultHasher;
use std::ffi::CStr;
use std::hash::{Hash, Hasher};

use crate::fds::{Fd, Fds};
use crate::{DirEntry, DirStream, HostError, OsHost, Outcome, Stat};

/// What the folder holds. Paths are relative to its root, with `/`, without `.` and `..`; `""` is the root.
pub trait Folder: Send + Sync {
    /// The absolute path it seems to have.
    fn root(&self) -> &str;
    /// The length of a file; `None` when there is no such file.
    fn size(&self, path: &str) -> Option<usize>;
    fn content(&self, path: &str) -> Option<Vec<u8>>;
    /// The names in a folder, sorted; none when there is no such folder.
    fn list(&self, path: &str) -> Vec<String>;
}

/// What a path names.
pub(crate) enum Place {
    /// A folder above the root: the name of its only entry.
    Above(String),
    /// Below the root, or the root itself.
    Inside(String),
}

fn components(path: &str) -> Option<Vec<&str>> {
    let mut all = Vec::new();
    for part in path.strip_prefix('/')?.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                all.pop();
            }
            part => all.push(part),
        }
    }
    Some(all)
}

impl OsHost {
    /// Where in the folder `path` lies; `None` when it is the system's.
    pub(crate) fn place(&self, path: &CStr) -> Option<(&'static dyn Folder, Place)> {
        let folder = self.folder?;
        let bytes = path.to_bytes();
        let root = folder.root();
        // The first component decides for nearly every path.
        let first = root.get(1..)?.find('/').map_or(root.len(), |at| at + 1);
        if !bytes.starts_with(root.as_bytes().get(..first)?) {
            return None;
        }
        let path = components(std::str::from_utf8(bytes).ok()?)?;
        let root = components(root)?;
        if path.len() < root.len() {
            let is_above = !path.is_empty() && root.starts_with(&path);
            return is_above.then(|| (folder, Place::Above(root[path.len()].to_string())));
        }
        path.starts_with(&root).then(|| (folder, Place::Inside(path[root.len()..].join("/"))))
    }
}

const NOT_THERE: HostError = HostError(libc::ENOENT);

fn is_folder(folder: &dyn Folder, path: &str) -> bool {
    path.is_empty() || !folder.list(path).is_empty()
}

pub(crate) fn stat(folder: &dyn Folder, place: &Place) -> Outcome<Stat> {
    let mut hasher = DefaultHasher::new();
    let (mode, size) = match place {
        Place::Above(entry) => {
            entry.hash(&mut hasher);
            (libc::S_IFDIR | 0o555, 0)
        }
        Place::Inside(path) => {
            path.hash(&mut hasher);
            match folder.size(path) {
                Some(size) => (libc::S_IFREG | 0o444, size),
                None if is_folder(folder, path) => (libc::S_IFDIR | 0o555, 0),
                None => return Err(NOT_THERE),
            }
        }
    };
    Ok(Stat { mode, ino: hasher.finish() | 1, nlink: 1, size: size as i64, blksize: 4096, ..Stat::default() })
}

pub(crate) fn open(folder: &dyn Folder, place: &Place, flags: i32) -> Outcome<Fd> {
    let Place::Inside(path) = place else { return Err(HostError(libc::EOPNOTSUPP)) };
    let Some(content) = folder.content(path) else {
        let refused = if is_folder(folder, path) { libc::EOPNOTSUPP } else { libc::ENOENT };
        return Err(HostError(refused));
    };
    if flags & libc::O_ACCMODE != libc::O_RDONLY || flags & libc::O_TRUNC != 0 {
        return Err(HostError(libc::EROFS));
    }
    if flags & libc::O_DIRECTORY != 0 {
        return Err(HostError(libc::ENOTDIR));
    }
    let fd = OsHost.memfd_create(c"library", libc::MFD_CLOEXEC)?;
    let mut left = content.as_slice();
    while !left.is_empty() {
        match OsHost.write(fd, left) {
            Ok(written) => left = &left[written..],
            Err(error) if error.is_interrupted() => {}
            Err(error) => {
                let _ = OsHost.close(fd);
                return Err(error);
            }
        }
    }
    OsHost.lseek(fd, 0, libc::SEEK_SET)?;
    Ok(fd)
}

pub(crate) fn access(folder: &dyn Folder, place: &Place, mode: i32) -> Outcome<bool> {
    let Ok(stat) = stat(folder, place) else { return Ok(false) };
    let is_file = stat.mode & libc::S_IFMT == libc::S_IFREG;
    Ok(mode & libc::W_OK == 0 && !(is_file && mode & libc::X_OK != 0))
}

struct Entries {
    names: std::vec::IntoIter<(String, bool)>,
}

impl DirStream for Entries {
    fn next_entry(&mut self) -> Outcome<Option<DirEntry>> {
        Ok(self.names.next().map(|(name, is_file)| DirEntry {
            ino: {
                let mut hasher = DefaultHasher::new();
                name.hash(&mut hasher);
                hasher.finish() | 1
            },
            name: name.into_bytes(),
            kind: if is_file { libc::DT_REG } else { libc::DT_DIR },
        }))
    }
}

pub(crate) fn open_dir(folder: &'static dyn Folder, place: Place) -> Outcome<Box<dyn DirStream>> {
    let names: Vec<(String, bool)> = match place {
        Place::Above(entry) => vec![(entry, false)],
        Place::Inside(path) if folder.size(&path).is_some() => return Err(HostError(libc::ENOTDIR)),
        Place::Inside(path) => {
            let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
            let names = folder.list(&path).into_iter();
            names.map(|name| (folder.size(&format!("{prefix}{name}")).is_some(), name)).map(|(f, n)| (n, f)).collect()
        }
    };
    if names.is_empty() {
        return Err(NOT_THERE);
    }
    Ok(Box::new(Entries { names: names.into_iter() }))
}

/// The path without `.`, `..` and doubled slashes.
pub(crate) fn real_path(folder: &dyn Folder, place: &Place, path: &CStr) -> Outcome<Vec<u8>> {
    stat(folder, place)?;
    let text = path.to_str().unwrap_or_default();
    let parts = components(text).unwrap_or_default();
    Ok(format!("/{}", parts.join("/")).into_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Dirs, Paths};

    struct Two;

    impl Folder for Two {
        fn root(&self) -> &str {
            "/<two>/lib"
        }
        fn size(&self, path: &str) -> Option<usize> {
            self.content(path).map(|content| content.len())
        }
        fn content(&self, path: &str) -> Option<Vec<u8>> {
            match path {
                "a.py" => Some(b"pass\n".to_vec()),
                "b/c.py" => Some(b"".to_vec()),
                _ => None,
            }
        }
        fn list(&self, path: &str) -> Vec<String> {
            match path {
                "" => vec!["a.py".into(), "b".into()],
                "b" => vec!["c.py".into()],
                _ => Vec::new(),
            }
        }
    }

    #[test]
    fn files_and_folders_below_the_root() {
        let host = OsHost::with_folder(&Two);
        assert_eq!(host.stat_at(libc::AT_FDCWD, c"/<two>/lib/a.py", true).unwrap().size, 5);
        assert_eq!(host.stat_at(libc::AT_FDCWD, c"/<two>", true).unwrap().mode & libc::S_IFMT, libc::S_IFDIR);
        assert_eq!(host.stat_at(libc::AT_FDCWD, c"/<two>/lib/x", true).unwrap_err().errno(), libc::ENOENT);
        assert!(host.access_at(libc::AT_FDCWD, c"/<two>/lib/b/../a.py", libc::R_OK, 0).unwrap());
        assert!(!host.access_at(libc::AT_FDCWD, c"/<two>/lib/a.py", libc::W_OK, 0).unwrap());
        let fd = host.open(libc::AT_FDCWD, c"/<two>/lib//a.py", libc::O_RDONLY, 0).unwrap();
        let mut text = [0; 8];
        assert_eq!(host.read(fd, &mut text).unwrap(), 5);
        host.close(fd).unwrap();
        assert_eq!(host.open(libc::AT_FDCWD, c"/<two>/lib/a.py", libc::O_RDWR, 0).unwrap_err().errno(), libc::EROFS);
        let mut stream = host.open_dir(c"/<two>/lib").unwrap();
        assert_eq!(stream.next_entry().unwrap().unwrap().name, b"a.py");
        assert_eq!(stream.next_entry().unwrap().unwrap().kind, libc::DT_DIR);
        assert!(stream.next_entry().unwrap().is_none());
        assert!(host.stat_at(libc::AT_FDCWD, c"/", true).is_ok());
    }
}
