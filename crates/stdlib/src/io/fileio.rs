//! `FileIO`: a descriptor as a raw stream.
//!
//! The operations are also plain Rust functions, which the buffered classes call directly when their raw stream is
//! exactly a `FileIO`. After CPython Modules/_io/fileio.c.

use std::cell::Cell;

use ophi_host::{Fd, HostError};
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Ref, Res, TypeDef, TypeRef, Value, Vm, layout, methods, trace_fields};

use super::base::{FLAGS, IoBase, RAW_IO_BASE, both, finalize, size, unsupported};
use crate::posix::system_string;
use crate::support::buffer::{Readable, Writable};
use crate::support::errors::{OrOsError, os_error, os_error_at};
use crate::support::values::{to_i32, to_i64};
use crate::support::{blocking, host, warn};

#[repr(C)]
pub struct FileIO {
    base: IoBase,
    /// -1: closed.
    pub fd: Cell<Fd>,
    created: Cell<bool>,
    readable: Cell<bool>,
    writable: Cell<bool>,
    appending: Cell<bool>,
    /// `None`: not yet asked.
    seekable: Cell<Option<bool>>,
    closefd: Cell<bool>,
    finalizing: Cell<bool>,
    pub block_size: Cell<i64>,
    /// The size when opened, a hint for `readall`.
    size_hint: Cell<i64>,
}

trace_fields!(FileIO { base });

impl Payload for FileIO {
    fn def() -> &'static TypeDef {
        &FILE_IO
    }
    const LAYOUT: &'static LayoutOf = layout!("FileIO", IoBase);
}

pub static FILE_IO: TypeDef = TypeDef {
    module: "_io",
    doc: "FileIO(file, mode='r', closefd=True, opener=None)\n--\n\nA raw stream over a file or a descriptor.\n\nmode is one of 'r', 'w', 'x' and 'a', with '+' for both directions. With closefd=False the descriptor is\nleft open at the end. opener(name, flags), if given, opens the file in place of os.open().",
    flags: FLAGS,
    slots: Slots { new: Some(new), init: Some(init), repr: Some(repr), finalize: Some(finalize_file), ..Slots::NONE },
    tables: &[FileIO::METHODS],
    ..TypeDef::of::<FileIO>("FileIO", &RAW_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let file: Ref<FileIO> = vm.new_instance(
        class,
        FileIO {
            base: IoBase,
            fd: Cell::new(-1),
            created: Cell::new(false),
            readable: Cell::new(false),
            writable: Cell::new(false),
            appending: Cell::new(false),
            seekable: Cell::new(None),
            closefd: Cell::new(true),
            finalizing: Cell::new(false),
            block_size: Cell::new(8192),
            size_hint: Cell::new(-1),
        },
    )?;
    Ok(file.into_value())
}

static SIGNATURE: Signature = Signature {
    text: "(file, mode='r', closefd=True, opener=None)",
    parameters: &[
        Parameter { name: "file", kind: ParameterKind::Positional, required: true },
        Parameter { name: "mode", kind: ParameterKind::Positional, required: false },
        Parameter { name: "closefd", kind: ParameterKind::Positional, required: false },
        Parameter { name: "opener", kind: ParameterKind::Positional, required: false },
    ],
};

fn this_file<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<FileIO>> {
    this.downcast::<FileIO>().ok_or_else(|| vm.type_error("a FileIO object is expected"))
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let mut bound = [None; 4];
    bind(vm, Some(&SIGNATURE), "FileIO", args, &mut bound)?;
    let Some(name) = bound[0] else { return Ok(()) };
    let mode = match bound[1] {
        Some(mode) => vm.expect_str(mode, "FileIO() argument 'mode'")?.to_utf8_lossy().into_owned(),
        None => "r".to_owned(),
    };
    let closefd = bound[2].map_or(Ok(true), |value| vm.is_true(value))?;
    open(vm, this, name, &mode, closefd, bound[3].filter(|opener| !opener.is_none()))
}

/// Opens an instance made by `new`.
pub fn open(vm: &Vm, this: &Value, name: &Value, mode: &str, closefd: bool, opener: Option<&Value>) -> Res<()> {
    let file = this_file(vm, this)?;
    if file.fd.get() >= 0 {
        if file.closefd.get() {
            close_fd(vm, file)?;
        } else {
            file.fd.set(-1);
        }
    }
    if name.is_true() || name.is_false() {
        warn(vm, "RuntimeWarning", "bool is used as a file descriptor", 1)?;
    }
    let mut given = -1;
    if ophi_runtime::objects::int::view(name).is_some() {
        given = to_i32(vm, name)?;
        if given < 0 {
            return Err(vm.value_error("negative file descriptor"));
        }
    }
    let flags = parse_mode(vm, file, mode)?;
    vm.audit("open", || Ok(vec![name.clone(), vm.new_str(mode)?.into_value(), Value::int32(flags | libc::O_CLOEXEC)]))?;
    file.closefd.set(closefd);
    file.seekable.set(None);
    let mut opened_here = false;
    if given >= 0 {
        file.fd.set(given);
    } else {
        file.closefd.set(true);
        let path = match opener {
            None => Some(system_string(vm, name)?),
            Some(_) => None,
        };
        if !closefd {
            return Err(vm.value_error("Cannot use file name with closefd=False"));
        }
        let fd = match (opener, path) {
            (Some(opener), _) => {
                let fd = vm.call(opener, &[name.clone(), vm.new_int(i64::from(flags | libc::O_CLOEXEC))?])?;
                if ophi_runtime::objects::int::view(&fd).is_none() {
                    return Err(vm.type_error("expected integer from opener"));
                }
                let fd = to_i32(vm, &fd)?;
                if fd < 0 {
                    return Err(vm.value_error(format!("opener returned {fd}")));
                }
                host(vm).set_inheritable(fd, false).or_os_error(vm)?;
                fd
            }
            (None, Some(path)) => {
                blocking(vm, |host| host.open(libc::AT_FDCWD, &path, flags, 0o666))?.or_os_error_at(vm, name)?
            }
            (None, None) => -1,
        };
        file.fd.set(fd);
        opened_here = true;
    }
    let prepared = prepare(vm, this, file, name);
    if let Err(raised) = prepared {
        if opened_here {
            let _ = host(vm).close(file.fd.get());
        }
        file.fd.set(-1);
        return Err(raised);
    }
    Ok(())
}

/// Looks at what was opened, and names it.
fn prepare(vm: &Vm, this: &Value, file: &FileIO, name: &Value) -> Res<()> {
    let fd = file.fd.get();
    match host(vm).fstat(fd) {
        Ok(stat) => {
            if stat.mode & libc::S_IFMT == libc::S_IFDIR {
                return Err(os_error_at(vm, HostError(libc::EISDIR), name));
            }
            if stat.blksize > 1 {
                file.block_size.set(stat.blksize);
            }
            file.size_hint.set(stat.size);
        }
        Err(error) if error.errno() == libc::EBADF => return Err(os_error_at(vm, error, name)),
        Err(_) => {}
    }
    vm.set_attr_str(this, "name", name)?;
    if file.appending.get() {
        // A pipe cannot seek, and needs not.
        match host(vm).lseek(fd, 0, libc::SEEK_END) {
            Ok(_) => {}
            Err(error) if error.errno() == libc::ESPIPE => {}
            Err(error) => return Err(os_error(vm, error)),
        }
    }
    Ok(())
}

fn parse_mode(vm: &Vm, file: &FileIO, mode: &str) -> Res<i32> {
    const WRONG: &str = "Must have exactly one of create/read/write/append mode and at most one plus";
    let (mut main, mut plus, mut flags) = (false, false, 0);
    file.created.set(false);
    file.readable.set(false);
    file.writable.set(false);
    file.appending.set(false);
    for c in mode.chars() {
        match c {
            'x' | 'r' | 'w' | 'a' => {
                if main {
                    return Err(vm.value_error(WRONG));
                }
                main = true;
                match c {
                    'x' => {
                        file.created.set(true);
                        file.writable.set(true);
                        flags |= libc::O_EXCL | libc::O_CREAT;
                    }
                    'r' => file.readable.set(true),
                    'w' => {
                        file.writable.set(true);
                        flags |= libc::O_CREAT | libc::O_TRUNC;
                    }
                    _ => {
                        file.writable.set(true);
                        file.appending.set(true);
                        flags |= libc::O_APPEND | libc::O_CREAT;
                    }
                }
            }
            'b' => {}
            '+' => {
                if plus {
                    return Err(vm.value_error(WRONG));
                }
                file.readable.set(true);
                file.writable.set(true);
                plus = true;
            }
            _ => return Err(vm.value_error(format!("invalid mode: {mode}"))),
        }
    }
    if !main {
        return Err(vm.value_error(WRONG));
    }
    flags |= match (file.readable.get(), file.writable.get()) {
        (true, true) => libc::O_RDWR,
        (true, false) => libc::O_RDONLY,
        _ => libc::O_WRONLY,
    };
    Ok(flags)
}

fn close_fd(vm: &Vm, file: &FileIO) -> Res<()> {
    let fd = file.fd.replace(-1);
    if fd >= 0 {
        let host = host(vm);
        crate::support::without_gil(vm, || host.close(fd)).or_os_error(vm)?;
    }
    Ok(())
}

fn mode_text(file: &FileIO) -> &'static str {
    match (file.created.get(), file.appending.get(), file.readable.get(), file.writable.get()) {
        (true, _, true, _) => "xb+",
        (true, ..) => "xb",
        (_, true, true, _) => "ab+",
        (_, true, ..) => "ab",
        (_, _, true, true) => "rb+",
        (_, _, true, _) => "rb",
        _ => "wb",
    }
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let file = this_file(vm, this)?;
    let class = vm.type_name(this);
    if file.fd.get() < 0 {
        return Ok(vm.new_str(&format!("<{class} [closed]>"))?.into_value());
    }
    let closefd = if file.closefd.get() { "True" } else { "False" };
    let mode = mode_text(file);
    let text = match vm.get_attr_str_opt(this, "name")? {
        None => format!("<{class} fd={} mode='{mode}' closefd={closefd}>", file.fd.get()),
        Some(name) => {
            let name = vm.recurse(" while getting the repr of an object", || vm.repr(&name))?;
            format!("<{class} name={} mode='{mode}' closefd={closefd}>", name.to_utf8_lossy())
        }
    };
    Ok(vm.new_str(&text)?.into_value())
}

fn finalize_file(vm: &Vm, this: &Value) {
    if let Some(file) = this.downcast::<FileIO>() {
        file.finalizing.set(true);
    }
    finalize(vm, this);
}

/// ResourceWarning for a file that nobody closed.
pub fn warn_unclosed(vm: &Vm, file: &FileIO, source: &Value) {
    if file.fd.get() >= 0 && file.closefd.get() {
        let result = vm.repr(source).and_then(|text| {
            crate::support::warn_with_source(
                vm,
                "ResourceWarning",
                &format!("unclosed file {}", text.to_utf8_lossy()),
                1,
                source,
            )
        });
        if let Err(raised) = result {
            vm.forget(raised);
        }
    }
}

impl FileIO {
    pub fn check_open(&self, vm: &Vm) -> Res<()> {
        if self.fd.get() < 0 { Err(vm.value_error("I/O operation on closed file")) } else { Ok(()) }
    }

    fn check_mode(&self, vm: &Vm, allowed: bool, action: &str) -> Res<()> {
        if allowed { Ok(()) } else { Err(unsupported(vm, &format!("File not open for {action}"))) }
    }

    /// Reads up to the buffer's length; `None` when nothing is there yet.
    pub fn read_some(&self, vm: &Vm, into: &mut [u8]) -> Res<Option<usize>> {
        self.check_open(vm)?;
        self.check_mode(vm, self.readable.get(), "reading")?;
        let fd = self.fd.get();
        match blocking(vm, |host| host.read(fd, into))? {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.is_would_block() => Ok(None),
            Err(error) => Err(os_error(vm, error)),
        }
    }

    /// Writes as much as the system takes; `None` when it takes nothing now.
    pub fn write_some(&self, vm: &Vm, data: &[u8]) -> Res<Option<usize>> {
        self.check_open(vm)?;
        self.check_mode(vm, self.writable.get(), "writing")?;
        let fd = self.fd.get();
        match blocking(vm, |host| host.write(fd, data))? {
            Ok(count) => Ok(Some(count)),
            Err(error) if error.is_would_block() => Ok(None),
            Err(error) => Err(os_error(vm, error)),
        }
    }

    /// How many bytes are left of a file, as far as its size tells; 0 if it does not.
    fn expected(&self, vm: &Vm) -> usize {
        let fd = self.fd.get();
        let Ok(at) = host(vm).lseek(fd, 0, libc::SEEK_CUR) else { return 0 };
        // What was written since the file was opened counts too.
        let hint = self.size_hint.get();
        let size = if hint > at { hint } else { host(vm).fstat(fd).map_or(0, |stat| stat.size) };
        (size - at).clamp(0, 1 << 30) as usize
    }

    /// Reads to the end; `None` when nothing is there yet.
    pub fn read_to_end(&self, vm: &Vm) -> Res<Option<Vec<u8>>> {
        self.check_open(vm)?;
        self.check_mode(vm, self.readable.get(), "reading")?;
        let expected = self.expected(vm);
        // One byte more, so that the read that finds the end needs no more room.
        let all = vm.zeroed(if expected > 0 { expected + 1 } else { 8192 })?;
        self.read_behind(vm, all, 0)
    }

    /// The same as a bytes object, into which a file of known size is read at once.
    pub fn read_all_bytes(&self, vm: &Vm) -> Res<Option<Ref<Bytes>>> {
        self.check_open(vm)?;
        self.check_mode(vm, self.readable.get(), "reading")?;
        let expected = self.expected(vm);
        if expected == 0 {
            return self.read_behind(vm, vm.zeroed(8192)?, 0)?.map(|all| vm.new_bytes(&all)).transpose();
        }
        let fd = self.fd.get();
        let (mut length, mut ended) = (0, None);
        let all = vm.new_bytes_of(vm.ty_of::<Bytes>(), expected, |room| {
            while length < expected && ended.is_none() {
                match blocking(vm, |host| host.read(fd, &mut room[length..])) {
                    Ok(Ok(count @ 1..)) => length += count,
                    other => ended = Some(other),
                }
            }
        })?;
        // The file may have grown meanwhile.
        let mut more = [0; 256];
        let ended = match ended {
            Some(ended) => ended,
            None => blocking(vm, |host| host.read(fd, &mut more)),
        };
        match ended? {
            Ok(0) if length == expected => Ok(Some(all)),
            Ok(0) => vm.new_bytes(&all.as_slice()[..length]).map(Some),
            Ok(count) => {
                let mut longer = vm.zeroed(length + count + 8192)?;
                longer[..length].copy_from_slice(all.as_slice());
                longer[length..length + count].copy_from_slice(&more[..count]);
                self.read_behind(vm, longer, length + count)?.map(|all| vm.new_bytes(&all)).transpose()
            }
            Err(error) if error.is_would_block() && length == 0 => Ok(None),
            Err(error) if error.is_would_block() => vm.new_bytes(&all.as_slice()[..length]).map(Some),
            Err(error) => Err(os_error(vm, error)),
        }
    }

    /// Reads to the end, behind the first `length` bytes of `all`, which has some room; `None` when nothing is there yet.
    fn read_behind(&self, vm: &Vm, mut all: Vec<u8>, mut length: usize) -> Res<Option<Vec<u8>>> {
        let fd = self.fd.get();
        loop {
            if length == all.len() {
                let more = if all.len() > 65_536 { all.len() / 4 } else { 256.max(all.len()) };
                vm.check_room(more)?;
                all.resize(all.len() + more, 0);
            }
            match blocking(vm, |host| host.read(fd, &mut all[length..]))? {
                Ok(0) => break,
                Ok(count) => length += count,
                Err(error) if error.is_would_block() => {
                    if length > 0 {
                        break;
                    }
                    return Ok(None);
                }
                Err(error) => return Err(os_error(vm, error)),
            }
        }
        all.truncate(length);
        Ok(Some(all))
    }

    pub fn seek_to(&self, vm: &Vm, offset: i64, whence: i32) -> Res<i64> {
        self.check_open(vm)?;
        let fd = self.fd.get();
        let at = host(vm).lseek(fd, offset, whence);
        if self.seekable.get().is_none() {
            self.seekable.set(Some(at.is_ok()));
        }
        at.or_os_error(vm)
    }
}

#[methods]
impl FileIO {
    /// Read at most size bytes, returned as bytes.
    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<FileIO>, limit: Option<&Value>) -> Res {
        this.check_open(vm)?;
        this.check_mode(vm, this.readable.get(), "reading")?;
        let limit = size(vm, limit)?;
        if limit < 0 {
            return FileIO::readall(vm, this);
        }
        let mut room = vm.zeroed((limit as usize).min(0x7fff_f000))?;
        match this.read_some(vm, &mut room)? {
            Some(count) => Ok(vm.new_bytes(&room[..count])?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    /// Read all data from the file, returned as bytes.
    #[method(sig = "()")]
    fn readall(vm: &Vm, this: &Ref<FileIO>) -> Res {
        Ok(this.read_all_bytes(vm)?.map_or(Value::NONE, Ref::into_value))
    }

    /// Same as RawIOBase.readinto().
    #[method(sig = "(buffer, /)")]
    fn readinto(vm: &Vm, this: &Ref<FileIO>, mut buffer: Writable) -> Res<Option<usize>> {
        this.read_some(vm, buffer.bytes())
    }

    /// Write buffer b to file, return number of bytes written.
    #[method(sig = "(b, /)")]
    fn write(vm: &Vm, this: &Ref<FileIO>, b: Readable) -> Res<Option<usize>> {
        this.write_some(vm, &b)
    }

    /// Move to new file position and return the file position.
    #[method(sig = "(pos, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<FileIO>, pos: &Value, whence: i32) -> Res<i64> {
        this.check_open(vm)?;
        if vm.class(pos).slots().index.is_none() {
            let got = vm.type_name(pos);
            return Err(vm.type_error(format!("'{got}' object cannot be interpreted as an integer")));
        }
        this.seek_to(vm, to_i64(vm, pos)?, whence)
    }

    /// Current file position.
    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<FileIO>) -> Res<i64> {
        this.seek_to(vm, 0, libc::SEEK_CUR)
    }

    /// Truncate the file to at most size bytes and return the truncated size.
    #[method(sig = "(size=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<FileIO>, size: Option<&Value>) -> Res {
        this.check_open(vm)?;
        this.check_mode(vm, this.writable.get(), "writing")?;
        let (length, answer) = match size {
            None => {
                let at = this.seek_to(vm, 0, libc::SEEK_CUR)?;
                (at, vm.new_int(at)?)
            }
            Some(size) => (to_i64(vm, size)?, size.clone()),
        };
        let fd = this.fd.get();
        blocking(vm, |host| host.ftruncate(fd, length))?.or_os_error(vm)?;
        this.size_hint.set(-1);
        Ok(answer)
    }

    /// Close the file.
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<FileIO>) -> Res<()> {
        // The base class flushes and marks; its method may be overridden, so that it is asked for by name.
        let base = vm.get_attr_str(vm.ty(&RAW_IO_BASE).as_value(), "close")?;
        let marked = vm.call(&base, &[this.to_value()]).map(drop);
        if !this.closefd.get() {
            this.fd.set(-1);
            return marked;
        }
        if this.finalizing.get() {
            warn_unclosed(vm, this, this.as_value());
        }
        let closed = close_fd(vm, this);
        both(vm, marked, closed)
    }

    /// True if file supports random-access.
    #[method(sig = "()")]
    fn seekable(vm: &Vm, this: &Ref<FileIO>) -> Res<bool> {
        this.check_open(vm)?;
        if let Some(known) = this.seekable.get() {
            return Ok(known);
        }
        let seekable = host(vm).lseek(this.fd.get(), 0, libc::SEEK_CUR).is_ok();
        this.seekable.set(Some(seekable));
        Ok(seekable)
    }

    /// True if file was opened in a read mode.
    #[method(sig = "()")]
    fn readable(vm: &Vm, this: &Ref<FileIO>) -> Res<bool> {
        this.check_open(vm).map(|()| this.readable.get())
    }

    /// True if file was opened in a write mode.
    #[method(sig = "()")]
    fn writable(vm: &Vm, this: &Ref<FileIO>) -> Res<bool> {
        this.check_open(vm).map(|()| this.writable.get())
    }

    /// Return the underlying file descriptor (an integer).
    #[method(sig = "()")]
    fn fileno(vm: &Vm, this: &Ref<FileIO>) -> Res<i32> {
        this.check_open(vm).map(|()| this.fd.get())
    }

    /// True if the file is connected to a TTY device.
    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<FileIO>) -> Res<bool> {
        this.check_open(vm)?;
        host(vm).isatty(this.fd.get()).or_os_error(vm)
    }

    #[method(sig = "()")]
    fn _isatty_open_only(vm: &Vm, this: &Ref<FileIO>) -> Res<bool> {
        FileIO::isatty(vm, this)
    }

    #[method(sig = "(source, /)")]
    fn _dealloc_warn(vm: &Vm, this: &Ref<FileIO>, source: &Value) {
        warn_unclosed(vm, this, source);
    }

    #[method(text = "($self, /)")]
    fn __getstate__(vm: &Vm, this: &Value, _args: Args<'_>) -> Res {
        Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))))
    }

    #[getter(doc = "True if the file is closed")]
    fn closed(_vm: &Vm, this: &Ref<FileIO>) -> bool {
        this.fd.get() < 0
    }

    #[getter]
    fn closefd(_vm: &Vm, this: &Ref<FileIO>) -> bool {
        this.closefd.get()
    }

    #[getter]
    fn mode(_vm: &Vm, this: &Ref<FileIO>) -> &'static str {
        mode_text(this)
    }

    #[getter]
    fn _blksize(_vm: &Vm, this: &Ref<FileIO>) -> i64 {
        this.block_size.get()
    }

    #[getter]
    fn _finalizing(_vm: &Vm, this: &Ref<FileIO>) -> bool {
        this.finalizing.get()
    }

    #[setter(name = "_finalizing")]
    fn set_finalizing(vm: &Vm, this: &Ref<FileIO>, value: Option<&Value>) -> Res<()> {
        this.finalizing.set(value.map_or(Ok(false), |value| vm.is_true(value))?);
        Ok(())
    }
}
