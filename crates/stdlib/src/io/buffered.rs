//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`: one payload, three classes.
//!
//! Two buffers that are never both filled: bytes read ahead of the program, and bytes the program wrote ahead of the raw
//! stream. Before writing, read-ahead is given back by seeking; before reading, what was written is flushed. The
//! position the program sees is the raw stream's minus read-ahead plus pending bytes. When the raw stream is exactly a
//! `FileIO`, it is called directly.
//!
//! After CPython Modules/_io/bufferedio.c (messages, sizes of raw requests, behaviour of streams that would block) and
//! Lib/_pyio.py (the two buffers).

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, GilCell, Ref, Res, TypeDef, TypeRef, Value, ValueCell, Vm, layout, methods, trace_fields};

use super::base::{
    BUFFERED_IO_BASE, FLAGS, IoBase, both, check_able, finalize, is_closed, next_line, size, unsupported,
};
use super::fileio::{FileIO, warn_unclosed};
use super::lock::Lock;
use crate::support::buffer::{Readable, Writable, readable as readable_bytes};
use crate::support::values::to_i64;

#[repr(C)]
pub struct Buffered {
    base: IoBase,
    pub raw: ValueCell,
    ok: Cell<bool>,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
    reads: Cell<bool>,
    writes: Cell<bool>,
    buffer_size: Cell<usize>,
    /// Bytes read ahead; those before `at` have been given out.
    ahead: GilCell<Vec<u8>>,
    at: Cell<usize>,
    /// Bytes not yet written to the raw stream.
    pending: GilCell<Vec<u8>>,
    lock: Locked,
}

/// A [`Lock`] that the collector need not look at.
#[derive(Default)]
struct Locked(Lock);

impl ophi_runtime::Trace for Locked {
    fn trace(&self, _: &mut ophi_runtime::Visitor<'_>) {}
}

trace_fields!(Buffered { raw });

impl Payload for Buffered {
    fn def() -> &'static TypeDef {
        &BUFFERED_READER
    }
    const LAYOUT: &'static LayoutOf = layout!("Buffered", IoBase);
}

const SLOTS: Slots =
    Slots { new: Some(new), repr: Some(repr), iternext: Some(next), finalize: Some(finalize_buffered), ..Slots::NONE };

pub static BUFFERED_READER: TypeDef = TypeDef {
    module: "_io",
    doc: "BufferedReader(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer around a raw stream, for reading.",
    flags: FLAGS,
    slots: Slots { init: Some(init_reader), ..SLOTS },
    tables: &[Buffered::COMMON, Buffered::READING],
    ..TypeDef::of::<Buffered>("BufferedReader", &BUFFERED_IO_BASE)
};

pub static BUFFERED_WRITER: TypeDef = TypeDef {
    module: "_io",
    doc: "BufferedWriter(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer around a raw stream, for writing.",
    flags: FLAGS,
    slots: Slots { init: Some(init_writer), ..SLOTS },
    tables: &[Buffered::COMMON, Buffered::WRITING],
    ..TypeDef::of::<Buffered>("BufferedWriter", &BUFFERED_IO_BASE)
};

pub static BUFFERED_RANDOM: TypeDef = TypeDef {
    module: "_io",
    doc: "BufferedRandom(raw, buffer_size=DEFAULT_BUFFER_SIZE)\n--\n\nA buffer around a raw stream that can seek, for reading and writing.",
    flags: FLAGS,
    slots: Slots { init: Some(init_random), ..SLOTS },
    tables: &[Buffered::COMMON, Buffered::READING, Buffered::WRITING],
    ..TypeDef::of::<Buffered>("BufferedRandom", &BUFFERED_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let stream: Ref<Buffered> = vm.new_instance(
        class,
        Buffered {
            base: IoBase,
            raw: ValueCell::new(None),
            ok: Cell::new(false),
            detached: Cell::new(false),
            finalizing: Cell::new(false),
            reads: Cell::new(false),
            writes: Cell::new(false),
            buffer_size: Cell::new(0),
            ahead: GilCell::new(Vec::new()),
            at: Cell::new(0),
            pending: GilCell::new(Vec::new()),
            lock: Locked::default(),
        },
    )?;
    Ok(stream.into_value())
}

static SIGNATURE: Signature = Signature {
    text: "(raw, buffer_size=131072)",
    parameters: &[
        Parameter { name: "raw", kind: ParameterKind::Positional, required: true },
        Parameter { name: "buffer_size", kind: ParameterKind::Positional, required: false },
    ],
};

fn init(vm: &Vm, this: &Value, name: &'static str, args: Args<'_>, reads: bool, writes: bool) -> Res<()> {
    let Some(stream) = this.downcast::<Buffered>() else { return Err(vm.type_error("a buffered stream is expected")) };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), name, args, &mut bound)?;
    let Some(raw) = bound[0] else { return Ok(()) };
    let buffer_size = match bound[1] {
        Some(value) => to_i64(vm, value)?,
        None => super::DEFAULT_BUFFER_SIZE as i64,
    };
    stream.ok.set(false);
    stream.detached.set(false);
    if reads && writes {
        check_able(vm, raw, "seekable", "File or stream is not seekable.")?;
    }
    if reads {
        check_able(vm, raw, "readable", "File or stream is not readable.")?;
    }
    if writes {
        check_able(vm, raw, "writable", "File or stream is not writable.")?;
    }
    stream.setup(vm, raw, buffer_size, reads, writes)
}

fn init_reader(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    init(vm, this, "BufferedReader", args, true, false)
}

fn init_writer(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    init(vm, this, "BufferedWriter", args, false, true)
}

fn init_random(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    init(vm, this, "BufferedRandom", args, true, true)
}

/// A stream of class `def` over `raw`, as `open` makes it.
pub fn make(vm: &Vm, def: &'static TypeDef, raw: &Value, buffer_size: i64) -> Res {
    let size = vm.new_int(buffer_size)?;
    vm.call(vm.ty(def).as_value(), &[raw.clone(), size])
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let class = vm.type_name(this);
    let name = vm.get_attr_str_opt(this, "name");
    let name = match name {
        Ok(name) => name,
        Err(raised) if vm.raised_is(&ophi_runtime::objects::exceptions::VALUE_ERROR) => {
            vm.forget(raised);
            None
        }
        Err(raised) => return Err(raised),
    };
    let text = match name {
        None => format!("<{class}>"),
        Some(name) => {
            let name = vm.recurse(" while getting the repr of an object", || vm.repr(&name))?;
            format!("<{class} name={}>", name.to_utf8_lossy())
        }
    };
    Ok(vm.new_str(&text)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let class = vm.class(this);
    if let Some(stream) = this.downcast::<Buffered>()
        && (class.is(vm.ty(&BUFFERED_READER)) || class.is(vm.ty(&BUFFERED_RANDOM)))
    {
        let line = stream.line(vm, this, -1)?;
        return if line.is_empty() { Ok(None) } else { Ok(Some(vm.new_bytes(&line)?.into_value())) };
    }
    next_line(vm, this)
}

fn finalize_buffered(vm: &Vm, this: &Value) {
    if let Some(stream) = this.downcast::<Buffered>() {
        stream.finalizing.set(true);
        if !stream.ok.get() {
            return;
        }
    }
    finalize(vm, this);
}

/// BlockingIOError with the number of bytes that went through.
fn would_block(vm: &Vm, written: usize) -> ophi_runtime::Raised {
    let build = || -> Res {
        let class = crate::support::builtin(vm, "BlockingIOError")?;
        let number = vm.new_int(i64::from(libc::EAGAIN))?;
        let text = vm.new_str("write could not complete without blocking")?.into_value();
        vm.call(&class, &[number, text, vm.new_int(written as i64)?])
    };
    match build() {
        Ok(exception) => vm.raise(exception),
        Err(raised) => raised,
    }
}

impl Buffered {
    fn setup(&self, vm: &Vm, raw: &Value, buffer_size: i64, reads: bool, writes: bool) -> Res<()> {
        if buffer_size <= 0 {
            return Err(vm.value_error("buffer size must be strictly positive"));
        }
        self.raw.set(Some(raw.clone()));
        self.buffer_size.set(buffer_size as usize);
        self.reads.set(reads);
        self.writes.set(writes);
        self.forget_ahead();
        self.pending.set(Vec::new());
        self.ok.set(true);
        Ok(())
    }

    /// The raw stream, or ValueError.
    pub fn raw(&self, vm: &Vm) -> Res {
        match self.raw.get() {
            Some(raw) if self.ok.get() => Ok(raw),
            _ if self.detached.get() => Err(vm.value_error("raw stream has been detached")),
            _ => Err(vm.value_error("I/O operation on uninitialized object")),
        }
    }

    fn is_closed(&self, vm: &Vm) -> Res<bool> {
        let raw = self.raw(vm)?;
        match raw.exact::<FileIO>(vm) {
            Some(file) => Ok(file.fd.get() < 0),
            None => is_closed(vm, &raw),
        }
    }

    /// Raises ValueError when the stream is closed and nothing read ahead is left.
    fn check_open(&self, vm: &Vm, message: &str) -> Res<()> {
        if self.is_closed(vm)? && self.left() == 0 { Err(vm.value_error(message)) } else { Ok(()) }
    }

    /// Bytes read ahead and not given out.
    fn left(&self) -> usize {
        self.ahead.with(Vec::len) - self.at.get()
    }

    fn forget_ahead(&self) {
        self.at.set(0);
        self.ahead.with_mut(Vec::clear);
    }

    /// Gives out up to `count` bytes of what was read ahead.
    fn take(&self, count: usize) -> Vec<u8> {
        let at = self.at.get();
        let count = count.min(self.left());
        self.at.set(at + count);
        self.ahead.with(|ahead| ahead[at..at + count].to_vec())
    }

    /// One request to the raw stream, into `room`; `None` when nothing is there yet.
    fn raw_read(&self, vm: &Vm, room: &mut [u8]) -> Res<Option<usize>> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.read_some(vm, room);
        }
        let target = super::new_bytearray(vm, room.len())?;
        let count = vm.call_method_str(&raw, "readinto", std::slice::from_ref(&target))?;
        if count.is_none() {
            return Ok(None);
        }
        let count = to_i64(vm, &count)?;
        if count < 0 || count > room.len() as i64 {
            return Err(vm.os_error_message(&format!(
                "raw readinto() returned invalid length {count} (should have been between 0 and {})",
                room.len()
            )));
        }
        let bytes = readable_bytes(vm, &target)?;
        let count = count as usize;
        match bytes.as_slice().get(..count) {
            Some(bytes) => room[..count].copy_from_slice(bytes),
            None => return Err(vm.os_error_message("raw readinto() resized its buffer")),
        }
        Ok(Some(count))
    }

    /// Fills the read-ahead, which is empty, with one request.
    fn fill(&self, vm: &Vm) -> Res<Option<usize>> {
        let mut room = self.ahead.replace(Vec::new());
        self.at.set(0);
        room.clear();
        room.resize(self.buffer_size.get(), 0);
        match self.raw_read(vm, &mut room) {
            Ok(Some(count)) => {
                room.truncate(count);
                self.ahead.set(room);
                Ok(Some(count))
            }
            other => other,
        }
    }

    /// One request to the raw stream to write; `None` when it takes nothing now.
    fn raw_write(&self, vm: &Vm, data: &[u8]) -> Res<Option<usize>> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.write_some(vm, data);
        }
        let count = vm.call_method_str(&raw, "write", &[vm.new_bytes(data)?.into_value()])?;
        if count.is_none() {
            return Ok(None);
        }
        let count = to_i64(vm, &count)?;
        if count < 0 || count > data.len() as i64 {
            return Err(vm.os_error_message(&format!(
                "raw write() returned invalid length {count} (should have been between 0 and {})",
                data.len()
            )));
        }
        Ok(Some(count as usize))
    }

    fn raw_seek(&self, vm: &Vm, target: i64, whence: i32) -> Res<i64> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.seek_to(vm, target, whence);
        }
        let at = vm.call_method_str(&raw, "seek", &[vm.new_int(target)?, Value::int32(whence)])?;
        self.position(vm, &at)
    }

    fn raw_tell(&self, vm: &Vm) -> Res<i64> {
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return file.seek_to(vm, 0, libc::SEEK_CUR);
        }
        let at = vm.call_method_str(&raw, "tell", &[])?;
        self.position(vm, &at)
    }

    fn position(&self, vm: &Vm, at: &Value) -> Res<i64> {
        let at = to_i64(vm, at)?;
        if at < 0 {
            return Err(vm.os_error_message(&format!("Raw stream returned invalid position {at}")));
        }
        Ok(at)
    }

    /// Hands all pending bytes to the raw stream; BlockingIOError when it takes no more.
    fn flush_pending(&self, vm: &Vm) -> Res<()> {
        loop {
            let data = self.pending.replace(Vec::new());
            if data.is_empty() {
                return Ok(());
            }
            let outcome = self.raw_write(vm, &data);
            // Bytes that came in meanwhile (from a signal handler) belong behind these.
            let written = outcome.as_ref().ok().copied().flatten().unwrap_or(0);
            self.pending.with_mut(|pending| {
                pending.splice(..0, data[written..].iter().copied());
            });
            if outcome?.is_none() {
                return Err(would_block(vm, 0));
            }
        }
    }

    /// Pending bytes out, read-ahead given back: the raw stream stands where the program believes to be.
    fn settle(&self, vm: &Vm) -> Res<()> {
        if self.writes.get() {
            self.flush_pending(vm)?;
        }
        if self.reads.get() && self.left() > 0 {
            let back = -(self.left() as i64);
            self.raw_seek(vm, back, libc::SEEK_CUR)?;
            self.forget_ahead();
        }
        Ok(())
    }

    /// Makes the stream ready to read.
    fn before_read(&self, vm: &Vm) -> Res<()> {
        if self.writes.get() && self.pending.with(|pending| !pending.is_empty()) {
            self.flush_pending(vm)?;
        }
        Ok(())
    }

    /// Reads `count` bytes, fewer at the end; `None` when nothing is there yet.
    fn read_exactly(&self, vm: &Vm, count: usize) -> Res<Option<Vec<u8>>> {
        let mut out = self.take(count);
        if out.len() == count {
            return Ok(Some(out));
        }
        self.before_read(vm)?;
        self.forget_ahead();
        let buffer_size = self.buffer_size.get();
        while out.len() < count {
            let missing = count - out.len();
            let whole = missing / buffer_size * buffer_size;
            let got = if whole > 0 {
                // Whole blocks go straight to where they are wanted.
                let start = out.len();
                out.resize(start + whole, 0);
                let got = self.raw_read(vm, &mut out[start..]);
                out.truncate(start + got.as_ref().ok().copied().flatten().unwrap_or(0));
                got?
            } else {
                let got = self.fill(vm)?;
                out.extend_from_slice(&self.take(missing));
                got
            };
            match got {
                Some(0) => break,
                Some(_) => {}
                None if out.is_empty() => return Ok(None),
                None => break,
            }
        }
        Ok(Some(out))
    }

    fn read_to_end(&self, vm: &Vm) -> Res {
        let mut out = self.take(usize::MAX);
        self.before_read(vm)?;
        self.forget_ahead();
        let raw = self.raw(vm)?;
        if let Some(file) = raw.exact::<FileIO>(vm) {
            return match file.read_to_end(vm)? {
                Some(rest) if out.is_empty() => Ok(vm.new_bytes(&rest)?.into_value()),
                Some(rest) => {
                    out.extend_from_slice(&rest);
                    Ok(vm.new_bytes(&out)?.into_value())
                }
                None if out.is_empty() => Ok(Value::NONE),
                None => Ok(vm.new_bytes(&out)?.into_value()),
            };
        }
        if let Some(readall) = vm.get_attr_str_opt(&raw, "readall")? {
            let rest = vm.call(&readall, &[])?;
            return match rest.downcast::<Bytes>() {
                Some(bytes) => {
                    out.extend_from_slice(bytes.as_slice());
                    Ok(vm.new_bytes(&out)?.into_value())
                }
                None if !rest.is_none() => Err(vm.type_error("readall() should return bytes")),
                None if out.is_empty() => Ok(Value::NONE),
                None => Ok(vm.new_bytes(&out)?.into_value()),
            };
        }
        loop {
            let part = vm.call_method_str(&raw, "read", &[])?;
            match part.downcast::<Bytes>() {
                Some(bytes) if bytes.as_slice().is_empty() => break,
                Some(bytes) => out.extend_from_slice(bytes.as_slice()),
                None if !part.is_none() => return Err(vm.type_error("read() should return bytes")),
                None if out.is_empty() => return Ok(Value::NONE),
                None => break,
            }
        }
        Ok(vm.new_bytes(&out)?.into_value())
    }

    /// A line, at most `limit` bytes of it when that is not negative.
    pub fn line(&self, vm: &Vm, this: &Value, limit: i64) -> Res<Vec<u8>> {
        self.check_open(vm, "readline of closed file")?;
        let _inside = self.lock.0.enter(vm, this)?;
        let mut out: Vec<u8> = Vec::new();
        self.before_read(vm)?;
        loop {
            let room = if limit < 0 { usize::MAX } else { limit as usize - out.len() };
            let at = self.at.get();
            let (part, done) = self.ahead.with(|ahead| {
                let left = &ahead[at..];
                let left = &left[..left.len().min(room)];
                match memchr::memchr(b'\n', left) {
                    Some(end) => (left[..=end].to_vec(), true),
                    None => (left.to_vec(), left.len() == room),
                }
            });
            self.at.set(at + part.len());
            if out.is_empty() {
                out = part;
            } else {
                out.extend_from_slice(&part);
            }
            if done {
                return Ok(out);
            }
            match self.fill(vm)? {
                Some(count) if count > 0 => {}
                _ => return Ok(out),
            }
        }
    }

    /// Takes bytes in, passing them on when the buffer is full. Answers how many were taken.
    pub fn write_bytes(&self, vm: &Vm, this: &Value, data: &[u8]) -> Res<usize> {
        let _inside = self.lock.0.enter(vm, this)?;
        if self.is_closed(vm)? {
            return Err(vm.value_error("write to closed file"));
        }
        if self.left() > 0 {
            let back = -(self.left() as i64);
            self.raw_seek(vm, back, libc::SEEK_CUR)?;
        }
        self.forget_ahead();
        let limit = self.buffer_size.get();
        if self.pending.with(Vec::len) + data.len() <= limit {
            self.pending.with_mut(|pending| pending.extend_from_slice(data));
            return Ok(data.len());
        }
        if let Err(raised) = self.flush_pending(vm) {
            return self.keep_what_fits(vm, raised, data);
        }
        let mut written = 0;
        while data.len() - written > limit {
            match self.raw_write(vm, &data[written..])? {
                Some(count) => written += count,
                None => {
                    let keep = (data.len() - written).min(limit);
                    self.pending.with_mut(|pending| pending.extend_from_slice(&data[written..written + keep]));
                    written += keep;
                    return if written < data.len() { Err(would_block(vm, written)) } else { Ok(written) };
                }
            }
            crate::support::check_signals(vm)?;
        }
        self.pending.with_mut(|pending| pending.extend_from_slice(&data[written..]));
        Ok(data.len())
    }

    /// The raw stream would block: what still fits into the buffer is taken, the rest is told.
    fn keep_what_fits(&self, vm: &Vm, raised: ophi_runtime::Raised, data: &[u8]) -> Res<usize> {
        let class = crate::support::builtin(vm, "BlockingIOError")?;
        let Some(exception) = vm.peek_raised() else { return Err(raised) };
        let blocked =
            class.downcast::<ophi_runtime::Type>().is_some_and(|class| vm.class(&exception).is_subtype(class));
        if !blocked {
            return Err(raised);
        }
        let room = self.buffer_size.get().saturating_sub(self.pending.with(Vec::len));
        let keep = room.min(data.len());
        self.pending.with_mut(|pending| pending.extend_from_slice(&data[..keep]));
        vm.forget(raised);
        if keep == data.len() { Ok(keep) } else { Err(would_block(vm, keep)) }
    }
}

#[methods(COMMON)]
impl Buffered {
    #[method(sig = "()")]
    fn detach(vm: &Vm, this: &Ref<Buffered>) -> Res {
        this.raw(vm)?;
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let raw = this.raw.take().unwrap_or(Value::NONE);
        this.detached.set(true);
        this.ok.set(false);
        Ok(raw)
    }

    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if !this.writes.get() {
            return vm.call_method_str(&raw, "flush", &[]);
        }
        if this.is_closed(vm)? {
            return Err(vm.value_error("flush of closed file"));
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.settle(vm)?;
        Ok(Value::NONE)
    }

    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Buffered>) -> Res<()> {
        let raw = this.raw(vm)?;
        if this.is_closed(vm)? {
            return Ok(());
        }
        if this.finalizing.get() {
            Buffered::_dealloc_warn(vm, this, this.as_value())?;
        }
        let flushed = vm.call_method_str(this.as_value(), "flush", &[]).map(drop);
        let closed = match flushed {
            Ok(()) => vm.call_method_str(&raw, "close", &[]).map(drop),
            Err(raised) => {
                // The stream is closed all the same; the error of the flush is the one told, or the close's with it as context.
                let first = vm.take_raised(raised);
                return match vm.call_method_str(&raw, "close", &[]) {
                    Ok(_) => Err(vm.raise_again(first)),
                    Err(raised) => {
                        let second = vm.take_raised(raised);
                        vm.set_attr_str(&second, "__context__", &first)?;
                        Err(vm.raise_again(second))
                    }
                };
            }
        };
        this.pending.set(Vec::new());
        both(vm, Ok(()), closed)
    }

    #[method(sig = "()")]
    fn seekable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "seekable", &[])
    }

    #[method(sig = "()")]
    fn fileno(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "fileno", &[])
    }

    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.call_method_str(&this.raw(vm)?, "isatty", &[])
    }

    #[method(name = "readable", sig = "()")]
    fn is_readable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if this.reads.get() { vm.call_method_str(&raw, "readable", &[]) } else { Ok(Value::FALSE) }
    }

    #[method(name = "writable", sig = "()")]
    fn is_writable(vm: &Vm, this: &Ref<Buffered>) -> Res {
        let raw = this.raw(vm)?;
        if this.writes.get() { vm.call_method_str(&raw, "writable", &[]) } else { Ok(Value::FALSE) }
    }

    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<Buffered>) -> Res<i64> {
        let raw = this.raw_tell(vm)?;
        let at = raw - this.left() as i64 + this.pending.with(Vec::len) as i64;
        Ok(at.max(0))
    }

    #[method(sig = "(target, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<Buffered>, target: &Value, whence: i32) -> Res<i64> {
        let raw = this.raw(vm)?;
        if !(0..=4).contains(&whence) {
            return Err(vm.value_error(format!("whence value {whence} unsupported")));
        }
        this.check_open(vm, "seek of closed file")?;
        if raw.exact::<FileIO>(vm).is_none() {
            check_able(vm, &raw, "seekable", "File or stream is not seekable.")?;
        }
        let mut target = to_i64(vm, target)?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if this.reads.get() && (whence == 0 || whence == 1) && this.left() > 0 {
            // Inside what was read ahead nothing has to be asked for again.
            let current = this.raw_tell(vm)? - this.left() as i64;
            let offset = if whence == 0 { target - current } else { target };
            let at = this.at.get() as i64;
            if offset >= -at && offset <= this.left() as i64 {
                this.at.set((at + offset) as usize);
                return Ok(current + offset);
            }
        }
        if this.writes.get() {
            this.flush_pending(vm)?;
        }
        if whence == 1 {
            target -= this.left() as i64;
        }
        let at = this.raw_seek(vm, target, whence)?;
        this.forget_ahead();
        Ok(at)
    }

    #[method(sig = "(pos=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<Buffered>, pos: Option<&Value>) -> Res {
        let raw = this.raw(vm)?;
        if this.is_closed(vm)? {
            return Err(vm.value_error("truncate of closed file"));
        }
        if !this.writes.get() {
            return Err(unsupported(vm, "truncate"));
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.settle(vm)?;
        vm.call_method_str(&raw, "truncate", &[pos.cloned().unwrap_or(Value::NONE)])
    }

    #[method(sig = "(source, /)")]
    fn _dealloc_warn(vm: &Vm, this: &Ref<Buffered>, source: &Value) -> Res<()> {
        let Some(raw) = this.raw.get().filter(|_| this.ok.get()) else { return Ok(()) };
        match raw.downcast::<FileIO>() {
            Some(file) => warn_unclosed(vm, file, source),
            None => {
                if let Some(method) = vm.get_attr_str_opt(&raw, "_dealloc_warn")?
                    && let Err(raised) = vm.call(&method, std::slice::from_ref(source))
                {
                    vm.forget(raised);
                }
            }
        }
        Ok(())
    }

    #[method(text = "($self, /)")]
    fn __getstate__(vm: &Vm, this: &Value, _args: Args<'_>) -> Res {
        Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))))
    }

    #[method(sig = "()")]
    fn __sizeof__(_vm: &Vm, this: &Ref<Buffered>) -> usize {
        size_of::<Buffered>() + 16 + this.buffer_size.get()
    }

    #[getter(name = "raw")]
    fn raw_attribute(_vm: &Vm, this: &Ref<Buffered>) -> Value {
        this.raw.get_or_none()
    }

    #[getter]
    fn closed(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "closed")
    }

    #[getter]
    fn name(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "name")
    }

    #[getter]
    fn mode(vm: &Vm, this: &Ref<Buffered>) -> Res {
        vm.get_attr_str(&this.raw(vm)?, "mode")
    }

    #[getter]
    fn _finalizing(_vm: &Vm, this: &Ref<Buffered>) -> bool {
        this.finalizing.get()
    }

    #[setter(name = "_finalizing")]
    fn set_finalizing(vm: &Vm, this: &Ref<Buffered>, value: Option<&Value>) -> Res<()> {
        this.finalizing.set(value.map_or(Ok(false), |value| vm.is_true(value))?);
        Ok(())
    }
}

#[methods(READING)]
impl Buffered {
    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<Buffered>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.raw(vm)?;
        if limit < -1 {
            return Err(vm.value_error("read length must be non-negative or -1"));
        }
        this.check_open(vm, "read of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if limit == -1 {
            return this.read_to_end(vm);
        }
        match this.read_exactly(vm, limit as usize)? {
            Some(data) => Ok(vm.new_bytes(&data)?.into_value()),
            None => Ok(Value::NONE),
        }
    }

    #[method(sig = "(size=-1, /)")]
    fn read1(vm: &Vm, this: &Ref<Buffered>, limit: i64) -> Res {
        this.raw(vm)?;
        let count = if limit < 0 { this.buffer_size.get() } else { limit as usize };
        this.check_open(vm, "read of closed file")?;
        if count == 0 {
            return Ok(vm.new_bytes(b"")?.into_value());
        }
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        if this.left() > 0 {
            return Ok(vm.new_bytes(&this.take(count))?.into_value());
        }
        this.before_read(vm)?;
        this.forget_ahead();
        let mut room = vec![0; count.min(1 << 30)];
        let got = this.raw_read(vm, &mut room)?.unwrap_or(0);
        Ok(vm.new_bytes(&room[..got])?.into_value())
    }

    #[method(sig = "(buffer, /)")]
    fn readinto(vm: &Vm, this: &Ref<Buffered>, mut buffer: Writable) -> Res<Option<usize>> {
        this.check_open(vm, "readinto of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        let room = buffer.bytes();
        match this.read_exactly(vm, room.len())? {
            Some(data) => {
                room[..data.len()].copy_from_slice(&data);
                Ok(Some(data.len()))
            }
            None => Ok(None),
        }
    }

    #[method(sig = "(buffer, /)")]
    fn readinto1(vm: &Vm, this: &Ref<Buffered>, mut buffer: Writable) -> Res<Option<usize>> {
        this.check_open(vm, "readinto of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        let room = buffer.bytes();
        if room.is_empty() {
            return Ok(Some(0));
        }
        if this.left() == 0 {
            this.before_read(vm)?;
            this.forget_ahead();
            if room.len() > this.buffer_size.get() {
                return this.raw_read(vm, room);
            }
            if this.fill(vm)?.is_none() {
                return Ok(None);
            }
        }
        let data = this.take(room.len());
        room[..data.len()].copy_from_slice(&data);
        Ok(Some(data.len()))
    }

    #[method(sig = "(size=0, /)")]
    fn peek(vm: &Vm, this: &Ref<Buffered>, size: i64) -> Res {
        let _ = size;
        this.raw(vm)?;
        this.check_open(vm, "peek of closed file")?;
        let _inside = this.lock.0.enter(vm, this.as_value())?;
        this.before_read(vm)?;
        if this.left() == 0 {
            this.forget_ahead();
            this.fill(vm)?;
        }
        let at = this.at.get();
        let data = this.ahead.with(|ahead| ahead[at..].to_vec());
        Ok(vm.new_bytes(&data)?.into_value())
    }

    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Ref<Buffered>, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        this.raw(vm)?;
        let line = this.line(vm, this.as_value(), limit)?;
        Ok(vm.new_bytes(&line)?.into_value())
    }
}

#[methods(WRITING)]
impl Buffered {
    /// Write the given buffer to the IO stream.
    #[method(sig = "(buffer, /)")]
    fn write(vm: &Vm, this: &Ref<Buffered>, buffer: Readable) -> Res<usize> {
        this.raw(vm)?;
        this.write_bytes(vm, this.as_value(), &buffer)
    }
}
