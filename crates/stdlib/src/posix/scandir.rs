//! `listdir`, `scandir` and `DirEntry`.
//!
//! An entry keeps what the directory said about its kind, so that most questions need no system call, and the answers of
//! `stat` once they were asked for.

use std::cell::{Cell, RefCell};
use std::ffi::CString;

use ophi_host::{DirStream, HostError, Stat};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Ref, Res, Trace, TypeDef, TypeFlags, Value, ValueCell, Visitor, Vm, layout, methods, trace_fields,
};

use super::stat::stat_value;
use crate::support::blocking;
use crate::support::errors::os_error_at;
use crate::support::paths::{PathArg, fs_decode};

type Folder = PathArg<true, true>;

fn open(vm: &Vm, path: &Folder) -> Res<Box<dyn DirStream>> {
    let stream = blocking(vm, |host| match path.fd {
        Some(fd) => host.open_dir_fd(fd),
        None => host.open_dir(path.as_c()),
    })?;
    stream.map_err(|error| path.fail(vm, error))
}

fn folder(vm: &Vm, path: Option<Folder>) -> Res<Folder> {
    match path {
        Some(path) => Ok(path),
        None => Folder::convert(vm, &Value::NONE, "scandir", "path"),
    }
}

pub struct Listing;

#[methods]
impl Listing {
    /// Return a list containing the names of the files in the directory.
    #[function(sig = "(path=None)")]
    fn listdir(vm: &Vm, path: Option<Folder>) -> Res {
        let path = folder(vm, path)?;
        vm.audit("os.listdir", || Ok(vec![path.value.clone()]))?;
        let mut stream = open(vm, &path)?;
        let mut names = Vec::new();
        loop {
            match stream.next_entry() {
                Ok(Some(entry)) => names.push(path.same_kind(vm, &entry.name)?),
                Ok(None) => break,
                Err(error) => return Err(path.fail(vm, error)),
            }
        }
        vm.new_list(names)
    }

    /// Return an iterator of DirEntry objects for given path.
    #[function(sig = "(path=None)")]
    fn scandir(vm: &Vm, path: Option<Folder>) -> Res {
        let path = folder(vm, path)?;
        vm.audit("os.scandir", || Ok(vec![path.value.clone()]))?;
        let stream = open(vm, &path)?;
        let shown = if path.is_none { vm.new_str(".")?.into_value() } else { path.value.clone() };
        let iterator = ScandirIterator {
            stream: RefCell::new(Some(stream)),
            path: ValueCell::new(Some(shown)),
            folder: path.bytes.as_bytes().to_vec(),
            fd: path.fd,
            is_bytes: path.is_bytes,
        };
        let iterator: Ref<ScandirIterator> = vm.new_instance(&vm.ty(&SCANDIR_ITERATOR).clone(), iterator)?;
        Ok(iterator.into_value())
    }
}

pub struct ScandirIterator {
    /// `None`: at the end, or closed.
    stream: RefCell<Option<Box<dyn DirStream>>>,
    path: ValueCell,
    folder: Vec<u8>,
    fd: Option<i32>,
    is_bytes: bool,
}

impl Trace for ScandirIterator {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.path.trace(visitor);
    }
}

impl Payload for ScandirIterator {
    fn def() -> &'static TypeDef {
        &SCANDIR_ITERATOR
    }
    const LAYOUT: &'static LayoutOf = layout!("ScandirIterator");
}

pub static SCANDIR_ITERATOR: TypeDef = TypeDef {
    module: "posix",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION).with(TypeFlags::FINALIZER),
    slots: Slots { iter: Some(same), iternext: Some(next), finalize: Some(finalize), ..Slots::NONE },
    tables: &[ScandirIterator::METHODS],
    ..TypeDef::of::<ScandirIterator>("ScandirIterator", &OBJECT)
};

fn same(_vm: &Vm, this: &Value) -> Res {
    Ok(this.clone())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(iterator) = this.downcast::<ScandirIterator>() else { return Ok(None) };
    let Some(mut stream) = iterator.stream.borrow_mut().take() else { return Ok(None) };
    let entry = match stream.next_entry() {
        Ok(Some(entry)) => entry,
        Ok(None) => return Ok(None),
        Err(error) => return Err(os_error_at(vm, error, &iterator.path.get_or_none())),
    };
    *iterator.stream.borrow_mut() = Some(stream);
    let full = match iterator.fd {
        Some(_) => entry.name.clone(),
        None => {
            let gap: &[u8] = if iterator.folder.ends_with(b"/") { b"" } else { b"/" };
            [&iterator.folder, gap, &entry.name].concat()
        }
    };
    let value = |bytes: &[u8]| -> Res {
        if iterator.is_bytes { Ok(vm.new_bytes(bytes)?.into_value()) } else { fs_decode(vm, bytes) }
    };
    let entry = DirEntry {
        name: ValueCell::new(Some(value(&entry.name)?)),
        path: ValueCell::new(Some(value(&full)?)),
        system: CString::new(full).unwrap_or_default(),
        dir: iterator.fd,
        kind: entry.kind,
        ino: entry.ino,
        stat: ValueCell::new(None),
        own_stat: ValueCell::new(None),
        mode: Cell::new(None),
    };
    let entry: Ref<DirEntry> = vm.new_instance(&vm.ty(&DIR_ENTRY).clone(), entry)?;
    Ok(Some(entry.into_value()))
}

fn finalize(vm: &Vm, this: &Value) {
    let Some(iterator) = this.downcast::<ScandirIterator>() else { return };
    if iterator.stream.borrow_mut().take().is_some() {
        let warned = vm.repr(this).and_then(|text| {
            let message = format!("unclosed scandir iterator {}", text.to_utf8_lossy());
            crate::support::warn_with_source(vm, "ResourceWarning", &message, 1, this)
        });
        if let Err(raised) = warned {
            vm.forget(raised);
        }
    }
}

#[methods]
impl ScandirIterator {
    #[method(sig = "()")]
    fn close(_vm: &Vm, this: &Ref<ScandirIterator>) {
        drop(this.stream.borrow_mut().take());
    }

    #[method(sig = "()")]
    fn __enter__(_vm: &Vm, this: &Value) -> Value {
        this.clone()
    }

    #[method]
    fn __exit__(_vm: &Vm, this: &Ref<ScandirIterator>, _args: Args<'_>) {
        drop(this.stream.borrow_mut().take());
    }
}

pub struct DirEntry {
    name: ValueCell,
    path: ValueCell,
    /// What the system is told: the full path, or the name below `dir`.
    system: CString,
    dir: Option<i32>,
    kind: u8,
    ino: u64,
    stat: ValueCell,
    own_stat: ValueCell,
    /// Mode of the target, once known.
    mode: Cell<Option<u32>>,
}

trace_fields!(DirEntry { name, path, stat, own_stat });

impl Payload for DirEntry {
    fn def() -> &'static TypeDef {
        &DIR_ENTRY
    }
    const LAYOUT: &'static LayoutOf = layout!("DirEntry");
}

pub static DIR_ENTRY: TypeDef = TypeDef {
    module: "posix",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { repr: Some(repr), ..Slots::NONE },
    tables: &[DirEntry::METHODS],
    ..TypeDef::of::<DirEntry>("DirEntry", &OBJECT)
};

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(entry) = this.downcast::<DirEntry>() else { return Err(vm.type_error("a DirEntry is expected")) };
    let name = vm.repr(&entry.name.get_or_none())?;
    let text = [b"<DirEntry ".as_slice(), &name.to_wtf8(), b">"].concat();
    Ok(vm.new_wtf8(&text)?.into_value())
}

impl DirEntry {
    fn ask(&self, vm: &Vm, follow: bool) -> Res<Result<Stat, HostError>> {
        let dir = self.dir.unwrap_or(libc::AT_FDCWD);
        blocking(vm, |host| host.stat_at(dir, &self.system, follow))
    }

    fn fail(&self, vm: &Vm, error: HostError) -> ophi_runtime::Raised {
        os_error_at(vm, error, &self.path.get_or_none())
    }

    fn stat_of(&self, vm: &Vm, follow: bool) -> Res {
        let follow = follow && (self.kind == libc::DT_LNK || self.kind == libc::DT_UNKNOWN);
        let cell = if follow { &self.stat } else { &self.own_stat };
        if let Some(known) = cell.get() {
            return Ok(known);
        }
        let stat = self.ask(vm, follow)?.map_err(|error| self.fail(vm, error))?;
        let value = stat_value(vm, &stat)?;
        cell.set(Some(value.clone()));
        Ok(value)
    }

    /// Is the entry (or what it links to) of this kind?
    fn is_kind(&self, vm: &Vm, follow: bool, kind: u8, format: u32) -> Res<bool> {
        let link = self.kind == libc::DT_LNK;
        if self.kind != libc::DT_UNKNOWN && !(follow && link) {
            return Ok(self.kind == kind);
        }
        if follow && let Some(mode) = self.mode.get() {
            return Ok(mode & libc::S_IFMT == format);
        }
        match self.ask(vm, follow)? {
            Ok(stat) => {
                if follow {
                    self.mode.set(Some(stat.mode));
                }
                Ok(stat.mode & libc::S_IFMT == format)
            }
            // What is not there is of no kind.
            Err(error) if error.errno() == libc::ENOENT => Ok(false),
            Err(error) => Err(self.fail(vm, error)),
        }
    }
}

#[methods]
impl DirEntry {
    /// Return True if the entry is a directory; cached per entry.
    #[method(sig = "(*, follow_symlinks=True)")]
    fn is_dir(vm: &Vm, this: &Ref<DirEntry>, follow_symlinks: bool) -> Res<bool> {
        this.is_kind(vm, follow_symlinks, libc::DT_DIR, libc::S_IFDIR)
    }

    /// Return True if the entry is a file; cached per entry.
    #[method(sig = "(*, follow_symlinks=True)")]
    fn is_file(vm: &Vm, this: &Ref<DirEntry>, follow_symlinks: bool) -> Res<bool> {
        this.is_kind(vm, follow_symlinks, libc::DT_REG, libc::S_IFREG)
    }

    /// Is the entry a symbolic link? Asked once, then remembered.
    #[method(sig = "()")]
    fn is_symlink(vm: &Vm, this: &Ref<DirEntry>) -> Res<bool> {
        this.is_kind(vm, false, libc::DT_LNK, libc::S_IFLNK)
    }

    /// Return True if the entry is a junction; cached per entry.
    #[method(sig = "()")]
    fn is_junction(_vm: &Vm, _this: &Ref<DirEntry>) -> bool {
        false
    }

    /// Return stat_result object for the entry; cached per entry.
    #[method(sig = "(*, follow_symlinks=True)")]
    fn stat(vm: &Vm, this: &Ref<DirEntry>, follow_symlinks: bool) -> Res {
        this.stat_of(vm, follow_symlinks)
    }

    /// Return inode of the entry; cached per entry.
    #[method(sig = "()")]
    fn inode(_vm: &Vm, this: &Ref<DirEntry>) -> u64 {
        this.ino
    }

    /// Returns the path for the entry.
    #[method(sig = "()")]
    fn __fspath__(_vm: &Vm, this: &Ref<DirEntry>) -> Value {
        this.path.get_or_none()
    }

    #[classmethod(sig = "(object, /)")]
    fn __class_getitem__(vm: &Vm, cls: &ophi_runtime::TypeRef, object: &Value) -> Res {
        crate::support::generic_alias(vm, cls, object)
    }

    #[getter]
    fn name(_vm: &Vm, this: &Ref<DirEntry>) -> Value {
        this.name.get_or_none()
    }

    #[getter]
    fn path(_vm: &Vm, this: &Ref<DirEntry>) -> Value {
        this.path.get_or_none()
    }
}
