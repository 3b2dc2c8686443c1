//! `BytesIO`: a stream over bytes in memory.
//!
//! While views of the buffer are out (`getbuffer`), its length may not change. After CPython Modules/_io/bytesio.c.

use std::cell::Cell;

use ophi_runtime::objects::buffer::Exported;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, ValueCell, Visitor, Vm, layout, methods,
};

use super::base::{BUFFERED_IO_BASE, FLAGS, IoBase, size};
use crate::support::buffer::{Writable, readable};
use crate::support::values::{to_i64, tuple};

#[repr(C)]
pub struct BytesIO {
    base: IoBase,
    data: GilCell<Vec<u8>>,
    at: Cell<usize>,
    closed: Cell<bool>,
    exports: Cell<usize>,
}

impl Trace for BytesIO {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for BytesIO {
    fn def() -> &'static TypeDef {
        &BYTES_IO
    }
    const LAYOUT: &'static LayoutOf = layout!("BytesIO", IoBase);
}

pub static BYTES_IO: TypeDef = TypeDef {
    module: "_io",
    doc: "BytesIO(initial_bytes=b'')\n--\n\nA stream of bytes in memory.",
    flags: FLAGS.without(TypeFlags::FINALIZER),
    slots: Slots { new: Some(new), init: Some(init), iternext: Some(next), ..Slots::NONE },
    tables: &[BytesIO::METHODS],
    ..TypeDef::of::<BytesIO>("BytesIO", &BUFFERED_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let empty = BytesIO {
        base: IoBase,
        data: GilCell::new(Vec::new()),
        at: Cell::new(0),
        closed: Cell::new(false),
        exports: Cell::new(0),
    };
    let stream: Ref<BytesIO> = vm.new_instance(class, empty)?;
    Ok(stream.into_value())
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(stream) = this.downcast::<BytesIO>() else { return Err(vm.type_error("a BytesIO is expected")) };
    let initial = match args.check_positional(vm, "BytesIO", 0, 1)? {
        [initial] => Some(initial),
        _ => args.keywords().get("initial_bytes"),
    };
    if args.values.len() > usize::from(initial.is_some()) {
        return Err(vm.type_error("BytesIO() takes at most 1 argument"));
    }
    stream.check_exports(vm)?;
    stream.closed.set(false);
    stream.at.set(0);
    let data = match initial {
        Some(initial) if !initial.is_none() => readable(vm, initial)?.as_slice().to_vec(),
        _ => Vec::new(),
    };
    stream.data.set(data);
    Ok(())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(stream) = this.downcast::<BytesIO>() else { return Ok(None) };
    if !vm.class(this).is(vm.ty(&BYTES_IO)) {
        return super::base::next_line(vm, this);
    }
    stream.check_open(vm)?;
    match stream.line_length(-1) {
        0 => Ok(None),
        length => stream.take_bytes(vm, length).map(Some),
    }
}

impl BytesIO {
    fn check_open(&self, vm: &Vm) -> Res<()> {
        if self.closed.get() { Err(vm.value_error("I/O operation on closed file.")) } else { Ok(()) }
    }

    fn check_exports(&self, vm: &Vm) -> Res<()> {
        if self.exports.get() > 0 {
            return Err(vm.buffer_error("Existing exports of data: object cannot be re-sized"));
        }
        Ok(())
    }

    /// The next bytes, copied once. Making bytes runs no Python code.
    fn take_bytes(&self, vm: &Vm, count: i64) -> Res {
        let at = self.at.get();
        let (made, length) = self.data.with(|data| {
            let left = data.get(at..).unwrap_or_default();
            let count = if count < 0 { left.len() } else { left.len().min(count as usize) };
            (vm.new_bytes(&left[..count]), count)
        });
        let made = made?;
        self.at.set(at + length);
        Ok(made.into_value())
    }

    fn take(&self, count: i64) -> Vec<u8> {
        let at = self.at.get();
        let taken = self.data.with(|data| {
            let left = data.get(at..).unwrap_or_default();
            let count = if count < 0 { left.len() } else { left.len().min(count as usize) };
            left[..count].to_vec()
        });
        self.at.set(at + taken.len());
        taken
    }

    fn take_line(&self, limit: i64) -> Vec<u8> {
        self.take(self.line_length(limit))
    }

    /// Bytes of the next line, at most `limit` if that is not negative.
    fn line_length(&self, limit: i64) -> i64 {
        let at = self.at.get();
        let length = self.data.with(|data| {
            let left = data.get(at..).unwrap_or_default();
            memchr::memchr(b'\n', left).map_or(left.len(), |end| end + 1)
        }) as i64;
        if limit < 0 { length } else { length.min(limit) }
    }

    fn put(&self, vm: &Vm, bytes: &[u8]) -> Res<usize> {
        self.check_open(vm)?;
        self.check_exports(vm)?;
        self.put_unchecked(vm, bytes)
    }

    /// The same into a stream that is open and of which no views are out.
    #[inline]
    fn put_unchecked(&self, vm: &Vm, bytes: &[u8]) -> Res<usize> {
        if bytes.is_empty() {
            return Ok(0);
        }
        let at = self.at.get();
        let Some(end) = at.checked_add(bytes.len()) else {
            return Err(vm.overflow_error("new buffer size too large"));
        };
        let held = self.data.with(Vec::capacity);
        if end > held {
            vm.check_room(end.max(held.saturating_mul(2)) - held)?;
        }
        self.data.with_mut(|data| {
            if at == data.len() {
                data.extend_from_slice(bytes);
                return;
            }
            if end > data.len() {
                data.resize(end, 0);
            }
            data[at..end].copy_from_slice(bytes);
        });
        self.at.set(end);
        Ok(bytes.len())
    }
}

#[methods]
impl BytesIO {
    #[method(sig = "()")]
    fn readable(vm: &Vm, this: &Ref<BytesIO>) -> Res<bool> {
        this.check_open(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn writable(vm: &Vm, this: &Ref<BytesIO>) -> Res<bool> {
        this.check_open(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn seekable(vm: &Vm, this: &Ref<BytesIO>) -> Res<bool> {
        this.check_open(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<BytesIO>) -> Res<()> {
        this.check_open(vm)
    }

    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<BytesIO>) -> Res<bool> {
        this.check_open(vm).map(|()| false)
    }

    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<BytesIO>) -> Res<usize> {
        this.check_open(vm).map(|()| this.at.get())
    }

    /// Retrieve the entire contents of the BytesIO object.
    #[method(sig = "()")]
    fn getvalue(vm: &Vm, this: &Ref<BytesIO>) -> Res {
        this.check_open(vm)?;
        let data = this.data.with(Clone::clone);
        Ok(vm.new_bytes(&data)?.into_value())
    }

    /// A writable view of the bytes. While it lives the stream cannot change its size.
    #[method(sig = "()")]
    fn getbuffer(vm: &Vm, this: &Ref<BytesIO>) -> Res {
        this.check_open(vm)?;
        let view = View { stream: ValueCell::new(Some(this.to_value())) };
        let view: Ref<View> = vm.new_instance(&vm.ty(&BYTES_IO_BUFFER).clone(), view)?;
        vm.call(&crate::support::builtin(vm, "memoryview")?, &[view.into_value()])
    }

    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<BytesIO>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.check_open(vm)?;
        this.take_bytes(vm, limit)
    }

    #[method(sig = "(size=-1, /)")]
    fn read1(vm: &Vm, this: &Ref<BytesIO>, limit: Option<&Value>) -> Res {
        BytesIO::read(vm, this, limit)
    }

    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Ref<BytesIO>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.check_open(vm)?;
        this.take_bytes(vm, this.line_length(limit))
    }

    #[method(sig = "(size=None, /)")]
    fn readlines(vm: &Vm, this: &Ref<BytesIO>, hint: Option<&Value>) -> Res {
        let hint = size(vm, hint)?;
        this.check_open(vm)?;
        let (mut all, mut length) = (Vec::new(), 0);
        loop {
            let line = this.take_line(-1);
            if line.is_empty() {
                break;
            }
            length += line.len() as i64;
            all.push(vm.new_bytes(&line)?.into_value());
            if hint > 0 && length >= hint {
                break;
            }
        }
        vm.new_list(all)
    }

    #[method(sig = "(buffer, /)")]
    fn readinto(vm: &Vm, this: &Ref<BytesIO>, mut buffer: Writable) -> Res<usize> {
        this.check_open(vm)?;
        let room = buffer.bytes();
        let data = this.take(room.len() as i64);
        room[..data.len()].copy_from_slice(&data);
        Ok(data.len())
    }

    #[method(sig = "(pos, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<BytesIO>, pos: &Value, whence: i32) -> Res<usize> {
        let pos = to_i64(vm, pos)?;
        this.check_open(vm)?;
        let from = match whence {
            0 if pos < 0 => return Err(vm.value_error(format!("negative seek value {pos}"))),
            0 => 0,
            1 => this.at.get() as i64,
            2 => this.data.with(Vec::len) as i64,
            _ => return Err(vm.value_error(format!("invalid whence ({whence}, should be 0, 1 or 2)"))),
        };
        let Some(target) = from.checked_add(pos) else { return Err(vm.overflow_error("new position too large")) };
        this.at.set(target.max(0) as usize);
        Ok(this.at.get())
    }

    #[method(sig = "(size=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<BytesIO>, size: Option<&Value>) -> Res<i64> {
        this.check_open(vm)?;
        this.check_exports(vm)?;
        let length = match size {
            None => this.at.get() as i64,
            Some(size) => to_i64(vm, size)?,
        };
        // The conversion may have closed or exported the stream.
        this.check_open(vm)?;
        this.check_exports(vm)?;
        if length < 0 {
            return Err(vm.value_error(format!("negative size value {length}")));
        }
        this.data.with_mut(|data| data.truncate(length as usize));
        Ok(length)
    }

    #[method(sig = "(b, /)")]
    fn write(vm: &Vm, this: &Ref<BytesIO>, b: &Value) -> Res<usize> {
        this.check_open(vm)?;
        if let Some(bytes) = b.exact::<Bytes>(vm)
            && this.exports.get() == 0
        {
            return this.put_unchecked(vm, bytes.as_slice());
        }
        // Exporters may be this very stream's view, which must not be read while the buffer grows.
        let bytes = readable(vm, b)?;
        let copy;
        let data = if this.exports.get() > 0 {
            copy = bytes.as_slice().to_vec();
            &copy
        } else {
            bytes.as_slice()
        };
        this.put(vm, data)
    }

    #[method(sig = "(lines, /)")]
    fn writelines(vm: &Vm, this: &Ref<BytesIO>, lines: &Value) -> Res<()> {
        this.check_open(vm)?;
        for line in crate::support::values::collect(vm, lines)? {
            BytesIO::write(vm, this, &line)?;
        }
        Ok(())
    }

    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<BytesIO>) -> Res<()> {
        this.check_exports(vm)?;
        this.closed.set(true);
        this.data.set(Vec::new());
        Ok(())
    }

    #[method(sig = "()")]
    fn __getstate__(vm: &Vm, this: &Ref<BytesIO>) -> Res {
        let value = BytesIO::getvalue(vm, this)?;
        let dict = match vm.instance_dict(this.as_value())? {
            Some(dict) => dict.copy(vm)?.into_value(),
            None => Value::NONE,
        };
        tuple(vm, vec![value, vm.new_int(this.at.get() as i64)?, dict])
    }

    #[method(sig = "(state, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<BytesIO>, state: &Value) -> Res<()> {
        let items = match state.downcast::<ophi_runtime::Tuple>() {
            Some(items) if items.len() >= 3 => items.clone(),
            _ => {
                let got = vm.type_name(state);
                return Err(vm.type_error(format!("BytesIO.__setstate__ argument should be 3-tuple, got {got}")));
            }
        };
        this.check_exports(vm)?;
        let [value, at, dict, ..] = items.as_slice() else { return Ok(()) };
        this.at.set(0);
        this.data.set(Vec::new());
        this.put(vm, readable(vm, value)?.as_slice())?;
        let at = match ophi_runtime::objects::int::view(at) {
            Some(_) => to_i64(vm, at)?,
            None => {
                let got = vm.type_name(at);
                return Err(vm.type_error(format!("second item of state must be an integer, not {got}")));
            }
        };
        if at < 0 {
            return Err(vm.value_error("position value cannot be negative"));
        }
        this.at.set(at as usize);
        super::restore_dict(vm, this.as_value(), dict, "third item of state should be a dict, got a ")
    }

    #[method(sig = "()")]
    fn __sizeof__(_vm: &Vm, this: &Ref<BytesIO>) -> usize {
        size_of::<BytesIO>() + 16 + this.data.with(Vec::capacity)
    }

    #[getter]
    fn closed(_vm: &Vm, this: &Ref<BytesIO>) -> bool {
        this.closed.get()
    }
}

/// What `getbuffer` hands to `memoryview`: it holds the stream and counts as an export while views exist.
pub struct View {
    stream: ValueCell,
}

ophi_runtime::trace_fields!(View { stream });

impl Payload for View {
    fn def() -> &'static TypeDef {
        &BYTES_IO_BUFFER
    }
    const LAYOUT: &'static LayoutOf = layout!("_BytesIOBuffer");
}

pub static BYTES_IO_BUFFER: TypeDef = TypeDef {
    module: "_io",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    slots: Slots { buffer: Some(export), ..Slots::NONE },
    ..TypeDef::of::<View>("_BytesIOBuffer", &OBJECT)
};

fn export(vm: &Vm, this: &Value, _flags: u32) -> Res<Exported> {
    let stream = this.downcast::<View>().and_then(|view| view.stream.get());
    let Some(stream) = stream.as_ref().and_then(|stream| stream.downcast::<BytesIO>()) else {
        return Err(vm.buffer_error("the stream is gone"));
    };
    stream.exports.set(stream.exports.get() + 1);
    let (start, length) = stream.data.with_mut(|data| (data.as_mut_ptr(), data.len()));
    Ok(Exported::bytes(this.clone(), start, length, false, Some(release)))
}

fn release(owner: &Value) {
    let stream = owner.downcast::<View>().and_then(|view| view.stream.get());
    if let Some(stream) = stream.as_ref().and_then(|stream| stream.downcast::<BytesIO>()) {
        stream.exports.set(stream.exports.get().saturating_sub(1));
    }
}
