//! `mmap`: files and memory mapped into the address space. After CPython Modules/mmapmodule.c.
//!
//! The mapping is the host's; its bytes are seen through an [`Exported`], as any buffer. While it is exported it cannot be moved
//! or closed.

use core::cell::Cell;
use ophi_heap::{Layout, Trace, Visitor};
use ophi_host::{Fd, HostError, Mapping};
use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::OS_ERROR;
use ophi_runtime::objects::int;
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::slice::Slice;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, Payload, Raised, Ref, Res, TypeDef, TypeFlags, TypeRef, Value, Vm, layout, methods};

use crate::support::buffer::{Readable, readable};
use crate::support::errors::{OrOsError, os_error};
use crate::support::host;

pub static MODULE: ModuleDef = ModuleDef { name: "mmap", doc: "", tables: &[], init };

const DEFAULT: i32 = 0;
const READ: i32 = 1;
const WRITE: i32 = 2;
const COPY: i32 = 3;

const CONSTANTS: &[(&str, i32)] = &[
    ("ACCESS_DEFAULT", DEFAULT),
    ("ACCESS_READ", READ),
    ("ACCESS_WRITE", WRITE),
    ("ACCESS_COPY", COPY),
    ("PROT_READ", libc::PROT_READ),
    ("PROT_WRITE", libc::PROT_WRITE),
    ("PROT_EXEC", libc::PROT_EXEC),
    ("MAP_SHARED", libc::MAP_SHARED),
    ("MAP_PRIVATE", libc::MAP_PRIVATE),
    ("MAP_DENYWRITE", libc::MAP_DENYWRITE),
    ("MAP_EXECUTABLE", libc::MAP_EXECUTABLE),
    ("MAP_ANON", libc::MAP_ANON),
    ("MAP_ANONYMOUS", libc::MAP_ANONYMOUS),
    ("MAP_POPULATE", libc::MAP_POPULATE),
    ("MAP_STACK", libc::MAP_STACK),
    ("MAP_NORESERVE", libc::MAP_NORESERVE),
    ("MADV_NORMAL", libc::MADV_NORMAL),
    ("MADV_RANDOM", libc::MADV_RANDOM),
    ("MADV_SEQUENTIAL", libc::MADV_SEQUENTIAL),
    ("MADV_WILLNEED", libc::MADV_WILLNEED),
    ("MADV_DONTNEED", libc::MADV_DONTNEED),
    ("MADV_REMOVE", libc::MADV_REMOVE),
    ("MADV_DONTFORK", libc::MADV_DONTFORK),
    ("MADV_DOFORK", libc::MADV_DOFORK),
    ("MADV_HWPOISON", libc::MADV_HWPOISON),
    ("MADV_MERGEABLE", libc::MADV_MERGEABLE),
    ("MADV_UNMERGEABLE", libc::MADV_UNMERGEABLE),
    ("MADV_HUGEPAGE", libc::MADV_HUGEPAGE),
    ("MADV_NOHUGEPAGE", libc::MADV_NOHUGEPAGE),
    ("MADV_DONTDUMP", libc::MADV_DONTDUMP),
    ("MADV_DODUMP", libc::MADV_DODUMP),
    ("MADV_FREE", libc::MADV_FREE),
];

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add(vm, "error", vm.ty(&OS_ERROR).to_value())?;
    module.add_type(vm, &MMAP)?;
    for (name, value) in CONSTANTS {
        module.add_int(vm, name, i64::from(*value))?;
    }
    #[cfg(target_arch = "x86_64")]
    module.add_int(vm, "MAP_32BIT", i64::from(libc::MAP_32BIT))?;
    let page = page_size(vm)?;
    module.add_int(vm, "PAGESIZE", page)?;
    module.add_int(vm, "ALLOCATIONGRANULARITY", page)
}

fn page_size(vm: &Vm) -> Res<i64> {
    Ok(host(vm).sysconf(libc::_SC_PAGESIZE).or_os_error(vm)?.unwrap_or(4096))
}

pub struct Map {
    /// `None`: closed.
    mapping: Cell<Option<Mapping>>,
    /// Our own descriptor of the file; -1: none.
    fd: Cell<Fd>,
    position: Cell<usize>,
    offset: i64,
    access: i32,
    shared: bool,
    tracks: bool,
    exports: Cell<usize>,
    host: std::sync::Arc<dyn ophi_host::Host>,
}

impl Trace for Map {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Drop for Map {
    fn drop(&mut self) {
        self.release();
    }
}

impl Payload for Map {
    fn def() -> &'static TypeDef {
        &MMAP
    }
    const LAYOUT: &'static Layout = layout!("mmap");
}

pub static MMAP: TypeDef = TypeDef {
    module: "mmap",
    doc: "mmap(fileno, length[, flags[, prot[, access[, offset[, trackfd]]]]])\n\nMaps length bytes from the file specified by the file descriptor fileno,\nand returns a mmap object.  If length is larger than the current size\nof the file, the file is extended to contain length bytes.  If length is\n0, the maximum length of the map is the current size of the file.\n\nflags specifies the nature of the mapping, prot the desired memory\nprotection; access may be given instead of both. To map anonymous memory,\npass -1 as the fileno. trackfd tells whether the file's descriptor is kept\nopen for size() and resize().",
    flags: TypeFlags::BASETYPE.with(TypeFlags::WEAKREF),
    slots: Slots {
        new: Some(new),
        repr: Some(repr),
        len: Some(|vm, this| Ok(open(vm, of(vm, this)?)?.length)),
        getitem: Some(getitem),
        setitem: Some(setitem),
        iter: Some(|vm, this| {
            let class = vm.get_attr_str(&crate::support::import(vm, "_collections_abc")?, "Sequence")?;
            vm.call_method_str(&class, "__iter__", core::slice::from_ref(this))
        }),
        buffer: Some(buffer),
        ..Slots::NONE
    },
    tables: &[Map::METHODS],
    ..TypeDef::of::<Map>("mmap", &OBJECT)
};

fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Map>> {
    this.downcast::<Map>().ok_or_else(|| vm.type_error("an mmap is required"))
}

#[cold]
fn closed(vm: &Vm) -> Raised {
    vm.value_error("mmap closed or invalid")
}

fn open(vm: &Vm, map: &Map) -> Res<Mapping> {
    map.mapping.get().ok_or_else(|| closed(vm))
}

/// The bytes of an open mapping.
fn bytes(vm: &Vm, this: &Ref<Map>) -> Res<Exported> {
    let mapping = open(vm, this)?;
    Ok(Exported::bytes(this.to_value(), mapping.address, mapping.length, false, None))
}

/// The bytes for writing; TypeError when the access forbids it.
fn writable(vm: &Vm, this: &Ref<Map>) -> Res<Exported> {
    open(vm, this)?;
    if this.access == READ {
        return Err(vm.type_error("mmap can't modify a readonly memory map."));
    }
    bytes(vm, this)
}

/// Changes the bytes.
fn change<T>(exported: &mut Exported, f: impl FnOnce(&mut [u8]) -> T) -> T {
    f(exported.as_mut_slice().unwrap_or_default())
}

/// What the signal of a closed, exported mapping would be.
fn may_move(vm: &Vm, map: &Map) -> Res<()> {
    if map.exports.get() > 0 {
        return Err(vm.buffer_error("mmap can't resize with extant buffers exported."));
    }
    Ok(())
}

impl Map {
    fn release(&self) {
        if let Some(mapping) = self.mapping.take() {
            let _ = self.host.munmap(mapping);
        }
        let fd = self.fd.replace(-1);
        if fd >= 0 {
            let _ = self.host.close(fd);
        }
    }
}

const NAMES: [&str; 7] = ["fileno", "length", "flags", "prot", "access", "offset", "trackfd"];

fn c_int(vm: &Vm, value: &Value) -> Res<i32> {
    match vm.index_as_i128(value)?.and_then(|n| i32::try_from(n).ok()) {
        Some(n) => Ok(n),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

fn new(vm: &Vm, class: &TypeRef, args: Args<'_>) -> Res {
    let bound = crate::decimal::arguments::unpack(vm, args, NAMES, 2)?;
    let int = |i: usize, default: i32| bound[i].map_or(Ok(default), |value| c_int(vm, value));
    let size = |i: usize| -> Res<i64> {
        let Some(value) = bound[i] else { return Ok(0) };
        match vm.index_as_i128(value)?.and_then(|n| i64::try_from(n).ok()) {
            Some(n) => Ok(n),
            None => Err(vm.overflow_error("Python int too large to convert to C ssize_t")),
        }
    };
    let fd = int(0, -1)?;
    let length = size(1)?;
    let (mut flags, mut prot, access) =
        (int(2, libc::MAP_SHARED)?, int(3, libc::PROT_WRITE | libc::PROT_READ)?, int(4, DEFAULT)?);
    let offset = size(5)?;
    let tracks = bound[6].map_or(Ok(true), |value| vm.is_true(value))?;
    if length < 0 {
        return Err(vm.overflow_error("memory mapped length must be positive"));
    }
    if offset < 0 {
        return Err(vm.overflow_error("memory mapped offset must be positive"));
    }
    if access != DEFAULT && (flags != libc::MAP_SHARED || prot != libc::PROT_WRITE | libc::PROT_READ) {
        return Err(vm.value_error("mmap can't specify both access and flags, prot."));
    }
    let mut shown = access;
    match access {
        READ => (flags, prot) = (libc::MAP_SHARED, libc::PROT_READ),
        WRITE => (flags, prot) = (libc::MAP_SHARED, libc::PROT_READ | libc::PROT_WRITE),
        COPY => (flags, prot) = (libc::MAP_PRIVATE, libc::PROT_READ | libc::PROT_WRITE),
        DEFAULT => {
            // The protection tells the access.
            shown = match (prot & libc::PROT_READ != 0, prot & libc::PROT_WRITE != 0) {
                (true, true) => DEFAULT,
                (_, true) => WRITE,
                _ => READ,
            };
        }
        _ => return Err(vm.value_error("mmap invalid access parameter.")),
    }
    let host = host(vm);
    let mut length = length;
    if fd != -1 {
        let stat = host.fstat(fd).or_os_error(vm)?;
        if stat.mode & libc::S_IFMT == libc::S_IFREG {
            let file = stat.size;
            if length == 0 {
                if file == 0 {
                    return Err(vm.value_error("cannot mmap an empty file"));
                }
                if offset >= file {
                    return Err(vm.value_error("mmap offset is greater than file size"));
                }
                length = file - offset;
            } else if offset > file || file - offset < length {
                return Err(vm.value_error("mmap length is greater than file size"));
            }
        }
    }
    let own = if fd != -1 && tracks { host.dup(fd).or_os_error(vm)? } else { -1 };
    if fd == -1 {
        flags |= libc::MAP_ANONYMOUS;
    }
    let mapping = match host.mmap(length as usize, prot, flags, fd, offset) {
        Ok(mapping) => mapping,
        Err(error) => {
            if own >= 0 {
                let _ = host.close(own);
            }
            return Err(os_error(vm, error));
        }
    };
    let map = Map {
        mapping: Cell::new(Some(mapping)),
        fd: Cell::new(own),
        position: Cell::new(0),
        offset,
        access: shown,
        shared: flags & libc::MAP_SHARED != 0,
        tracks,
        exports: Cell::new(0),
        host,
    };
    Ok(vm.new_instance(class, map)?.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let map = of(vm, this)?;
    let class = vm.class(this).full_name();
    let text = match map.mapping.get() {
        None => format!("<{class} closed=True>"),
        Some(mapping) => {
            let access = ["ACCESS_DEFAULT", "ACCESS_READ", "ACCESS_WRITE", "ACCESS_COPY"];
            format!(
                "<{class} closed=False, access={}, length={}, pos={}, offset={}>",
                access.get(map.access as usize).copied().unwrap_or("ACCESS_DEFAULT"),
                mapping.length,
                map.position.get(),
                map.offset
            )
        }
    };
    Ok(vm.new_str(&text)?.into_value())
}

fn is_index(vm: &Vm, key: &Value) -> bool {
    int::view(key).is_some() || vm.class(key).slots().index.is_some()
}

/// The position that an index means.
fn place(vm: &Vm, this: &Ref<Map>, key: &Value) -> Res<usize> {
    let i = vm.to_index(key)?;
    let length = open(vm, this)?.length;
    let at = if i < 0 { i + length as isize } else { i };
    match usize::try_from(at) {
        Ok(at) if at < length => Ok(at),
        _ => Err(vm.index_error("mmap index out of range")),
    }
}

fn getitem(vm: &Vm, this: &Value, key: &Value) -> Res {
    let map = of(vm, this)?;
    open(vm, map)?;
    if let Some(slice) = key.downcast::<Slice>() {
        let unpacked = slice.unpack(vm)?;
        let all = bytes(vm, map)?;
        let selection = unpacked.adjust(all.as_slice().len());
        vm.check_room(selection.len.saturating_mul(2))?;
        let chosen: Vec<u8> = if selection.step == 1 {
            let start = selection.start.max(0) as usize;
            all.as_slice().get(start..start + selection.len).unwrap_or_default().to_vec()
        } else {
            selection.positions().map(|i| all.as_slice()[i]).collect()
        };
        return Ok(vm.new_bytes(&chosen)?.into_value());
    }
    if !is_index(vm, key) {
        return Err(vm.type_error("mmap indices must be integers"));
    }
    let at = place(vm, map, key)?;
    Ok(Value::int32(i32::from(bytes(vm, map)?.as_slice()[at])))
}

fn setitem(vm: &Vm, this: &Value, key: &Value, value: Option<&Value>) -> Res<()> {
    let map = of(vm, this)?;
    open(vm, map)?;
    if map.access == READ {
        return Err(vm.type_error("mmap can't modify a readonly memory map."));
    }
    let is_slice = key.is_a::<Slice>();
    let Some(value) = value else {
        return Err(vm.type_error(if is_slice {
            "mmap object doesn't support slice deletion"
        } else {
            "mmap doesn't support item deletion"
        }));
    };
    if let Some(slice) = key.downcast::<Slice>() {
        let unpacked = slice.unpack(vm)?;
        let source = readable(vm, value)?;
        let mut all = writable(vm, map)?;
        let selection = unpacked.adjust(all.as_slice().len());
        let new = source.as_slice().to_vec();
        if new.len() != selection.len {
            return Err(vm.index_error("mmap slice assignment is wrong size"));
        }
        change(&mut all, |all| {
            for (i, byte) in selection.positions().zip(new) {
                all[i] = byte;
            }
        });
        return Ok(());
    }
    if !is_index(vm, key) {
        return Err(vm.type_error("mmap indices must be integers"));
    }
    let at = place(vm, map, key)?;
    if !is_index(vm, value) {
        return Err(vm.type_error("mmap item value must be an int"));
    }
    let byte = match vm.index_as_i128(value)?.and_then(|n| u8::try_from(n).ok()) {
        Some(byte) => byte,
        None => return Err(vm.value_error("mmap item value must be in range(0, 256)")),
    };
    let mut all = writable(vm, map)?;
    change(&mut all, |all| {
        if let Some(slot) = all.get_mut(at) {
            *slot = byte;
        }
    });
    Ok(())
}

fn buffer(vm: &Vm, this: &Value, wanted: u32) -> Res<Exported> {
    let map = of(vm, this)?;
    let mapping = open(vm, map)?;
    let read_only = map.access == READ;
    if read_only && wanted & ophi_runtime::objects::buffer::flags::WRITABLE != 0 {
        return Err(vm.buffer_error("Object is not writable."));
    }
    map.exports.set(map.exports.get() + 1);
    let release = |owner: &Value| {
        if let Some(map) = owner.downcast::<Map>() {
            map.exports.set(map.exports.get().saturating_sub(1));
        }
    };
    Ok(Exported::bytes(this.clone(), mapping.address, mapping.length, read_only, Some(release)))
}

/// Bounds of a search as a slice would take them.
fn bounds(vm: &Vm, this: &Map, start: Option<&Value>, end: Option<&Value>, length: usize) -> Res<(usize, usize)> {
    let clamp = |value: Option<&Value>, default: usize| -> Res<usize> {
        match value.filter(|v| !v.is_none()) {
            None => Ok(default),
            Some(value) => {
                let i = vm.slice_index(value)?;
                let i = if i < 0 { i + length as isize } else { i };
                Ok(i.clamp(0, length as isize) as usize)
            }
        }
    };
    Ok((clamp(start, this.position.get().min(length))?, clamp(end, length)?))
}

fn search(vm: &Vm, this: &Ref<Map>, view: Readable, at: (Option<&Value>, Option<&Value>), last: bool) -> Res<i64> {
    let length = open(vm, this)?.length;
    let (start, end) = bounds(vm, this, at.0, at.1, length)?;
    let all = bytes(vm, this)?;
    let Some(part) = all.as_slice().get(start..end) else { return Ok(-1) };
    let found = if last { memchr::memmem::rfind(part, &view) } else { memchr::memmem::find(part, &view) };
    Ok(found.map_or(-1, |i| (i + start) as i64))
}

#[methods]
impl Map {
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Map>) -> Res<()> {
        if this.exports.get() > 0 {
            return Err(vm.buffer_error("cannot close exported pointers exist"));
        }
        this.release();
        Ok(())
    }

    #[getter]
    fn closed(_: &Vm, this: &Ref<Map>) -> bool {
        this.mapping.get().is_none()
    }

    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Ref<Map>) -> Res {
        open(vm, this)?;
        Ok(this.to_value())
    }

    #[method(sig = "(exc_type, exc_value, traceback, /)")]
    fn __exit__(vm: &Vm, this: &Ref<Map>, exc_type: &Value, exc_value: &Value, traceback: &Value) -> Res<()> {
        let _ = (exc_type, exc_value, traceback);
        Map::close(vm, this)
    }

    #[method(sig = "(view, start=None, end=None, /)")]
    fn find(vm: &Vm, this: &Ref<Map>, view: Readable, start: Option<&Value>, end: Option<&Value>) -> Res<i64> {
        search(vm, this, view, (start, end), false)
    }

    #[method(sig = "(view, start=None, end=None, /)")]
    fn rfind(vm: &Vm, this: &Ref<Map>, view: Readable, start: Option<&Value>, end: Option<&Value>) -> Res<i64> {
        search(vm, this, view, (start, end), true)
    }

    #[method(sig = "(n=None, /)")]
    fn read(vm: &Vm, this: &Ref<Map>, n: Option<&Value>) -> Res<Ref<Bytes>> {
        open(vm, this)?;
        let wanted = match n.filter(|n| !n.is_none()) {
            None => -1,
            Some(n) => vm.to_size(n)?,
        };
        let all = bytes(vm, this)?;
        let rest = all.as_slice().get(this.position.get()..).unwrap_or_default();
        let count = usize::try_from(wanted).map_or(rest.len(), |n| n.min(rest.len()));
        this.position.set(this.position.get() + count);
        vm.new_bytes(&rest[..count])
    }

    #[method(sig = "()")]
    fn read_byte(vm: &Vm, this: &Ref<Map>) -> Res<i64> {
        let all = bytes(vm, this)?;
        match all.as_slice().get(this.position.get()) {
            Some(byte) => {
                this.position.set(this.position.get() + 1);
                Ok(i64::from(*byte))
            }
            None => Err(vm.value_error("read byte out of range")),
        }
    }

    #[method(sig = "()")]
    fn readline(vm: &Vm, this: &Ref<Map>) -> Res<Ref<Bytes>> {
        let all = bytes(vm, this)?;
        let rest = all.as_slice().get(this.position.get()..).unwrap_or_default();
        let count = memchr::memchr(b'\n', rest).map_or(rest.len(), |i| i + 1);
        this.position.set(this.position.get() + count);
        vm.new_bytes(&rest[..count])
    }

    #[method(sig = "(bytes, /)")]
    fn write(vm: &Vm, this: &Ref<Map>, bytes: &Value) -> Res<usize> {
        open(vm, this)?;
        let source = readable(vm, bytes)?;
        let mut all = writable(vm, this)?;
        let source = source.as_slice().to_vec();
        let start = this.position.get();
        if start > all.len || all.len - start < source.len() {
            return Err(vm.value_error("data out of range"));
        }
        change(&mut all, |all| all[start..start + source.len()].copy_from_slice(&source));
        this.position.set(start + source.len());
        Ok(source.len())
    }

    #[method(sig = "(byte, /)")]
    fn write_byte(vm: &Vm, this: &Ref<Map>, byte: u8) -> Res<()> {
        let mut all = writable(vm, this)?;
        let at = this.position.get();
        if at >= all.len {
            return Err(vm.value_error("write byte out of range"));
        }
        change(&mut all, |all| all[at] = byte);
        this.position.set(at + 1);
        Ok(())
    }

    #[method(sig = "(pos, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<Map>, pos: isize, whence: i32) -> Res<usize> {
        let length = open(vm, this)?.length;
        let base = match whence {
            0 => 0,
            1 => this.position.get() as isize,
            2 => length as isize,
            _ => return Err(vm.value_error("unknown seek type")),
        };
        match base.checked_add(pos).map(usize::try_from) {
            Some(Ok(at)) if at <= length => {
                this.position.set(at);
                Ok(at)
            }
            _ => Err(vm.value_error("seek out of range")),
        }
    }

    #[method(sig = "()")]
    fn seekable(_: &Vm, this: &Ref<Map>) -> bool {
        let _ = this;
        true
    }

    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<Map>) -> Res<usize> {
        open(vm, this)?;
        Ok(this.position.get())
    }

    #[method(sig = "()")]
    fn size(vm: &Vm, this: &Ref<Map>) -> Res<i64> {
        open(vm, this)?;
        if this.fd.get() < 0 {
            return Err(os_error(vm, HostError(libc::EBADF)));
        }
        Ok(host(vm).fstat(this.fd.get()).or_os_error(vm)?.size)
    }

    #[method(sig = "(dest, src, count, /)")]
    fn r#move(vm: &Vm, this: &Ref<Map>, dest: isize, src: isize, count: isize) -> Res<()> {
        let mut all = writable(vm, this)?;
        let out_of_range = || vm.value_error("source, destination, or count out of range");
        let (Ok(dest), Ok(src), Ok(count)) = (usize::try_from(dest), usize::try_from(src), usize::try_from(count))
        else {
            return Err(out_of_range());
        };
        let length = all.len;
        if dest > length || src > length || length - dest < count || length - src < count {
            return Err(out_of_range());
        }
        change(&mut all, |all| all.copy_within(src..src + count, dest));
        Ok(())
    }

    #[method(sig = "(offset=0, size=None, /)")]
    fn flush(vm: &Vm, this: &Ref<Map>, offset: isize, size: Option<&Value>) -> Res<()> {
        let mapping = open(vm, this)?;
        let length = mapping.length as isize;
        let size = match size.filter(|s| !s.is_none()) {
            Some(size) => vm.to_size(size)?,
            None => length.saturating_sub(offset),
        };
        if offset < 0 || size < 0 || offset.checked_add(size).is_none_or(|end| end > length) {
            return Err(vm.value_error("flush values out of range"));
        }
        if this.access == READ || this.access == COPY {
            return Ok(());
        }
        // The system wants the start at a page.
        match host(vm).msync(mapping, offset as usize, size as usize, libc::MS_SYNC) {
            Ok(()) => Ok(()),
            Err(error) if offset as i64 % page_size(vm)? != 0 && error.errno() == libc::EINVAL => {
                Err(vm.value_error("flush values out of range"))
            }
            Err(error) => Err(os_error(vm, error)),
        }
    }

    #[method(sig = "(option, start=0, length=None, /)")]
    fn madvise(vm: &Vm, this: &Ref<Map>, option: i32, start: isize, length: Option<&Value>) -> Res<()> {
        let mapping = open(vm, this)?;
        let total = mapping.length as isize;
        let length = match length.filter(|l| !l.is_none()) {
            Some(length) => vm.to_size(length)?,
            None => total,
        };
        if start < 0 || start >= total {
            return Err(vm.value_error("madvise start out of bounds"));
        }
        if length < 0 {
            return Err(vm.value_error("madvise length invalid"));
        }
        if isize::MAX - start < length {
            return Err(vm.overflow_error("madvise length too large"));
        }
        let length = length.min(total - start);
        host(vm).madvise(mapping, start as usize, length as usize, option).or_os_error(vm)
    }

    #[method(sig = "(newsize, /)")]
    fn resize(vm: &Vm, this: &Ref<Map>, newsize: isize) -> Res<()> {
        let mapping = open(vm, this)?;
        may_move(vm, this)?;
        if this.access == READ || this.access == COPY {
            return Err(vm.type_error("mmap can't resize a readonly or copy-on-write memory map."));
        }
        if !this.tracks {
            return Err(vm.value_error("mmap can't resize with trackfd=False."));
        }
        let end = (newsize as i64).checked_add(this.offset).filter(|_| newsize >= 0);
        let Some(end) = end else { return Err(vm.value_error("new size out of range")) };
        let host = host(vm);
        if this.fd.get() >= 0 {
            host.ftruncate(this.fd.get(), end).or_os_error(vm)?;
        } else if this.shared && newsize as usize > mapping.length {
            return Err(vm.value_error("mmap: can't expand a shared anonymous mapping"));
        }
        let moved = host.mremap(mapping, newsize as usize).or_os_error(vm)?;
        this.mapping.set(Some(moved));
        Ok(())
    }

    #[method(sig = "()")]
    fn __sizeof__(_: &Vm, this: &Ref<Map>) -> usize {
        let _ = this;
        core::mem::size_of::<Map>()
    }
}
