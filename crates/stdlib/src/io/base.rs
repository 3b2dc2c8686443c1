//! `_IOBase` and the three abstract classes below it.
//!
//! Everything goes through the object's own methods, because subclasses written in Python override any of them.
//! After CPython Modules/_io/iobase.c.

use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Raised, Ref, Res, Trace, TypeDef, TypeFlags, Value, Visitor, Vm, layout, methods};

use super::buffered::Buffered;
use super::bytesio::BytesIO;
use super::state;
use super::stringio::StringIO;
use crate::support::values::{collect, to_i64};

/// The payload of `_IOBase`: nothing but the instance's namespace.
#[repr(C)]
#[derive(Default)]
pub struct IoBase;

impl Trace for IoBase {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for IoBase {
    fn def() -> &'static TypeDef {
        &IO_BASE
    }
    const LAYOUT: &'static LayoutOf = layout!("_IOBase");
}

pub const FLAGS: TypeFlags =
    TypeFlags::BASETYPE.with(TypeFlags::GC).with(TypeFlags::DICT).with(TypeFlags::WEAKREF).with(TypeFlags::FINALIZER);

pub static IO_BASE: TypeDef = TypeDef {
    module: "_io",
    doc: "_IOBase()\n--\n\nWhat every stream has in common.\n\nThe methods here are those of a stream that can neither be read nor written nor sought in;\nthe classes below replace what they can do.",
    flags: FLAGS,
    slots: Slots {
        new: Some(new),
        iter: Some(iter),
        iternext: Some(next_line),
        finalize: Some(finalize),
        ..Slots::NONE
    },
    tables: &[IoBase::METHODS],
    ..TypeDef::of::<IoBase>("_IOBase", &OBJECT)
};

pub static RAW_IO_BASE: TypeDef = TypeDef {
    module: "_io",
    doc: "What raw streams of bytes have in common.",
    flags: FLAGS,
    tables: &[IoBase::RAW],
    ..TypeDef::of::<IoBase>("_RawIOBase", &IO_BASE)
};

pub static BUFFERED_IO_BASE: TypeDef = TypeDef {
    module: "_io",
    doc: "What buffered streams of bytes have in common.",
    flags: FLAGS,
    tables: &[IoBase::BUFFERED],
    ..TypeDef::of::<IoBase>("_BufferedIOBase", &IO_BASE)
};

pub static TEXT_IO_BASE: TypeDef = TypeDef {
    module: "_io",
    doc: "What text streams have in common.",
    flags: FLAGS,
    tables: &[IoBase::TEXT],
    ..TypeDef::of::<IoBase>("_TextIOBase", &IO_BASE)
};

fn new(vm: &Vm, class: &ophi_runtime::TypeRef, args: ophi_runtime::Args<'_>) -> Res {
    if !args.values.is_empty() && !ophi_runtime::objects::object::overrides_init(class) {
        return Err(vm.type_error(format!("{}() takes no arguments", class.name())));
    }
    let object: Ref<IoBase> = vm.new_instance(class, IoBase)?;
    Ok(object.into_value())
}

/// `io.UnsupportedOperation(message)`.
#[cold]
pub fn unsupported(vm: &Vm, message: &str) -> Raised {
    match state(vm).unsupported.get() {
        Some(class) => vm.raise_class(&class, message),
        None => vm.value_error(message),
    }
}

#[cold]
pub fn closed_error(vm: &Vm) -> Raised {
    vm.value_error("I/O operation on closed file.")
}

/// Is the object's `closed` true?
pub fn is_closed(vm: &Vm, this: &Value) -> Res<bool> {
    if let Some(stream) = this.downcast::<Buffered>()
        && !vm.class(this).is_heap()
    {
        return stream.is_closed(vm);
    }
    let closed = vm.get_attr_str(this, "closed")?;
    vm.is_true(&closed)
}

pub fn check_closed(vm: &Vm, this: &Value) -> Res<()> {
    if is_closed(vm, this)? { Err(closed_error(vm)) } else { Ok(()) }
}

/// Raises UnsupportedOperation unless the method `what` answers true.
pub fn check_able(vm: &Vm, this: &Value, what: &str, message: &str) -> Res<()> {
    let answer = vm.call_method_str(this, what, &[])?;
    if answer.is_true() { Ok(()) } else { Err(unsupported(vm, message)) }
}

fn iter(vm: &Vm, this: &Value) -> Res {
    check_closed(vm, this)?;
    Ok(this.clone())
}

/// The next line by the object's own `readline`; empty ends.
pub fn next_line(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let line = vm.call_method_str(this, "readline", &[])?;
    let more = match vm.class(&line).slots().len {
        Some(len) => len(vm, &line)? > 0,
        None => return Err(vm.type_error(format!("object of type '{}' has no len()", vm.type_name(&line)))),
    };
    Ok(more.then_some(line))
}

/// Closes a forgotten file. What goes wrong there nobody can handle.
pub fn finalize(vm: &Vm, this: &Value) {
    // Memory is given back without closing.
    if this.exact::<StringIO>(vm).is_some() || this.exact::<BytesIO>(vm).is_some() {
        return;
    }
    let result = (|| -> Res<()> {
        let closed = match vm.get_attr_str_opt(this, "closed")? {
            Some(closed) => vm.is_true(&closed)?,
            None => false,
        };
        if !closed {
            vm.set_attr_str(this, "_finalizing", &Value::TRUE)?;
            vm.call_method_str(this, "close", &[])?;
        }
        Ok(())
    })();
    if let Err(raised) = result {
        vm.forget(raised);
    }
}

/// An optional size argument: None and absent are -1.
pub fn size(vm: &Vm, value: Option<&Value>) -> Res<i64> {
    match value {
        None => Ok(-1),
        Some(value) if value.is_none() => Ok(-1),
        Some(value) if vm.class(value).slots().index.is_none() => {
            Err(vm.type_error(format!("argument should be integer or None, not '{}'", vm.type_name(value))))
        }
        Some(value) => to_i64(vm, value),
    }
}

#[methods]
impl IoBase {
    /// Change the stream position to the given byte offset.
    #[method(text = "($self, offset, whence=0, /)")]
    fn seek(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "seek"))
    }

    /// Return current stream position.
    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Value) -> Res {
        vm.call_method_str(this, "seek", &[Value::int32(0), Value::int32(1)])
    }

    /// Truncate file to size bytes.
    #[method(text = "($self, size=None, /)")]
    fn truncate(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "truncate"))
    }

    /// Flush write buffers, if applicable.
    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Value) -> Res<()> {
        if own_closed(vm, this)? { Err(closed_error(vm)) } else { Ok(()) }
    }

    /// Flush and close the IO object.
    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Value) -> Res<()> {
        if own_closed(vm, this)? {
            return Ok(());
        }
        let flushed = vm.call_method_str(this, "flush", &[]).map(drop);
        let marked = vm.set_attr_str(this, "__IOBase_closed", &Value::TRUE);
        both(vm, flushed, marked)
    }

    /// Return whether object supports random access.
    #[method(sig = "()")]
    fn seekable(_vm: &Vm, _this: &Value) -> bool {
        false
    }

    /// Return whether object was opened for reading.
    #[method(sig = "()")]
    fn readable(_vm: &Vm, _this: &Value) -> bool {
        false
    }

    /// Return whether object was opened for writing.
    #[method(sig = "()")]
    fn writable(_vm: &Vm, _this: &Value) -> bool {
        false
    }

    #[method(name = "_checkClosed")]
    fn check_closed_method(vm: &Vm, this: &Value, _args: ophi_runtime::Args<'_>) -> Res<()> {
        check_closed(vm, this)
    }

    #[method(name = "_checkSeekable", text = "($self, /)")]
    fn check_seekable(vm: &Vm, this: &Value, _args: ophi_runtime::Args<'_>) -> Res<bool> {
        check_able(vm, this, "seekable", "File or stream is not seekable.").map(|()| true)
    }

    #[method(name = "_checkReadable", text = "($self, /)")]
    fn check_readable(vm: &Vm, this: &Value, _args: ophi_runtime::Args<'_>) -> Res<bool> {
        check_able(vm, this, "readable", "File or stream is not readable.").map(|()| true)
    }

    #[method(name = "_checkWritable", text = "($self, /)")]
    fn check_writable(vm: &Vm, this: &Value, _args: ophi_runtime::Args<'_>) -> Res<bool> {
        check_able(vm, this, "writable", "File or stream is not writable.").map(|()| true)
    }

    /// Return underlying file descriptor if one exists.
    #[method(sig = "()")]
    fn fileno(vm: &Vm, _this: &Value) -> Res {
        Err(unsupported(vm, "fileno"))
    }

    /// Return whether this is an 'interactive' stream.
    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Value) -> Res<bool> {
        check_closed(vm, this).map(|()| false)
    }

    #[method(sig = "()")]
    fn __enter__(vm: &Vm, this: &Value) -> Res {
        check_closed(vm, this)?;
        Ok(this.clone())
    }

    #[method]
    fn __exit__(vm: &Vm, this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        vm.call_method_str(this, "close", &[])
    }

    /// Read and return a line from the stream.
    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Value, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        let peek = vm.get_attr_str_opt(this, "peek")?;
        let mut line: Vec<u8> = Vec::new();
        while limit < 0 || (line.len() as i64) < limit {
            let mut wanted = 1i64;
            if let Some(peek) = &peek {
                let ahead = vm.call(peek, &[Value::int32(1)])?;
                let Some(ahead) = ahead.downcast::<Bytes>() else {
                    let got = vm.type_name(&ahead);
                    return Err(
                        vm.os_error_message(&format!("peek() should have returned a bytes object, not '{got}'"))
                    );
                };
                let ahead = ahead.as_slice();
                if !ahead.is_empty() {
                    let mut end = ahead.iter().position(|&b| b == b'\n').map_or(ahead.len(), |at| at + 1) as i64;
                    if limit >= 0 {
                        end = end.min(limit - line.len() as i64);
                    }
                    wanted = end;
                }
            }
            let part = vm.call_method_str(this, "read", &[vm.new_int(wanted)?])?;
            let Some(bytes) = part.downcast::<Bytes>() else {
                let got = vm.type_name(&part);
                return Err(vm.os_error_message(&format!("read() should have returned a bytes object, not '{got}'")));
            };
            if bytes.as_slice().is_empty() {
                break;
            }
            line.extend_from_slice(bytes.as_slice());
            if line.ends_with(b"\n") {
                break;
            }
        }
        Ok(vm.new_bytes(&line)?.into_value())
    }

    /// Return a list of lines from the stream.
    #[method(sig = "(hint=-1, /)")]
    fn readlines(vm: &Vm, this: &Value, hint: Option<&Value>) -> Res {
        let hint = size(vm, hint)?;
        if hint <= 0 {
            return vm.new_list(collect(vm, this)?);
        }
        let Some(iter) = vm.class(this).slots().iter else { return vm.new_list(Vec::new()) };
        let lines = iter(vm, this)?;
        let mut all = Vec::new();
        let mut length = 0;
        while let Some(next) = vm.class(&lines).slots().iternext
            && let Some(line) = next(vm, &lines)?
        {
            if let Some(len) = vm.class(&line).slots().len {
                length += len(vm, &line)? as i64;
            }
            vm.push_within_limit(&mut all, line)?;
            if length > hint {
                break;
            }
        }
        vm.new_list(all)
    }

    /// Write a list of lines to stream.
    #[method(sig = "(lines, /)")]
    fn writelines(vm: &Vm, this: &Value, lines: &Value) -> Res<()> {
        check_closed(vm, this)?;
        let Some(iter) = vm.class(lines).slots().iter else {
            return Err(vm.type_error(format!("'{}' object is not iterable", vm.type_name(lines))));
        };
        let lines = iter(vm, lines)?;
        while let Some(next) = vm.class(&lines).slots().iternext
            && let Some(line) = next(vm, &lines)?
        {
            vm.call_method_str(this, "write", &[line])?;
        }
        Ok(())
    }

    #[getter]
    fn closed(vm: &Vm, this: &Value) -> Res<bool> {
        own_closed(vm, this)
    }
}

fn own_closed(vm: &Vm, this: &Value) -> Res<bool> {
    Ok(vm.get_attr_str_opt(this, "__IOBase_closed")?.is_some())
}

/// The first error of two steps that both must be taken.
pub fn both(vm: &Vm, first: Res<()>, second: Res<()>) -> Res<()> {
    match (first, second) {
        (Ok(()), second) => second,
        (Err(raised), Ok(())) => Err(raised),
        (Err(first), Err(second)) => {
            // The one raised last is in flight; it tells the other as its context.
            let _ = (vm, first);
            Err(second)
        }
    }
}

#[methods(RAW)]
impl IoBase {
    #[method(name = "read", sig = "(size=-1, /)")]
    fn raw_read(vm: &Vm, this: &Value, limit: Option<&Value>) -> Res {
        let limit = size(vm, limit)?;
        if limit < 0 {
            return vm.call_method_str(this, "readall", &[]);
        }
        let room = super::new_bytearray(vm, limit as usize)?;
        let count = vm.call_method_str(this, "readinto", std::slice::from_ref(&room))?;
        if count.is_none() {
            return Ok(count);
        }
        let count = to_i64(vm, &count)?;
        let bytes = crate::support::buffer::readable(vm, &room)?;
        if count < 0 || count > bytes.len as i64 {
            return Err(vm.value_error(format!("readinto returned {count} outside buffer size {}", bytes.len)));
        }
        Ok(vm.new_bytes(&bytes.as_slice()[..count as usize])?.into_value())
    }

    /// Read until EOF, using multiple read() call.
    #[method(sig = "()")]
    fn readall(vm: &Vm, this: &Value) -> Res {
        let mut all: Vec<u8> = Vec::new();
        loop {
            let part = vm.call_method_str(this, "read", &[vm.new_int(super::DEFAULT_BUFFER_SIZE as i64)?])?;
            if part.is_none() {
                if all.is_empty() {
                    return Ok(part);
                }
                break;
            }
            let Some(bytes) = part.downcast::<Bytes>() else {
                return Err(vm.type_error("read() should return bytes"));
            };
            if bytes.as_slice().is_empty() {
                break;
            }
            all.extend_from_slice(bytes.as_slice());
        }
        Ok(vm.new_bytes(&all)?.into_value())
    }

    #[method(name = "readinto")]
    fn raw_readinto(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(vm.not_implemented(""))
    }

    #[method(name = "write")]
    fn raw_write(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(vm.not_implemented(""))
    }
}

/// `readinto` by way of a method that returns bytes.
fn read_into_by(vm: &Vm, this: &Value, method: &str, buffer: &Value) -> Res {
    let mut room = crate::support::buffer::writable(vm, buffer)?;
    let data = vm.call_method_str(this, method, &[vm.new_int(room.len as i64)?])?;
    let Some(bytes) = data.downcast::<Bytes>() else {
        return Err(vm.type_error(format!("{method}() should return bytes")));
    };
    let bytes = bytes.as_slice();
    if bytes.len() > room.len {
        let message =
            format!("{method}() returned too much data: {} bytes requested, {} returned", room.len, bytes.len());
        return Err(vm.value_error(message));
    }
    if let Some(to) = room.as_mut_slice() {
        to[..bytes.len()].copy_from_slice(bytes);
    }
    vm.new_int(bytes.len() as i64)
}

#[methods(BUFFERED)]
impl IoBase {
    /// Disconnect this buffer from its underlying raw stream and return it.
    #[method(name = "detach", text = "($self, /)")]
    fn buffered_detach(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "detach"))
    }

    #[method(name = "read", text = "($self, size=-1, /)")]
    fn buffered_read(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "read"))
    }

    #[method(name = "read1", text = "($self, size=-1, /)")]
    fn buffered_read1(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "read1"))
    }

    #[method(name = "write", text = "($self, b, /)")]
    fn buffered_write(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "write"))
    }

    #[method(name = "readinto", sig = "(buffer, /)")]
    fn buffered_readinto(vm: &Vm, this: &Value, buffer: &Value) -> Res {
        read_into_by(vm, this, "read", buffer)
    }

    #[method(name = "readinto1", sig = "(buffer, /)")]
    fn buffered_readinto1(vm: &Vm, this: &Value, buffer: &Value) -> Res {
        read_into_by(vm, this, "read1", buffer)
    }
}

#[methods(TEXT)]
impl IoBase {
    /// Separate the underlying buffer from the TextIOBase and return it.
    #[method(name = "detach", text = "($self, /)")]
    fn text_detach(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "detach"))
    }

    #[method(name = "read", text = "($self, size=-1, /)")]
    fn text_read(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "read"))
    }

    #[method(name = "readline", text = "($self, size=-1, /)")]
    fn text_readline(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "readline"))
    }

    #[method(name = "write", text = "($self, s, /)")]
    fn text_write(vm: &Vm, _this: &Value, _args: ophi_runtime::Args<'_>) -> Res {
        Err(unsupported(vm, "write"))
    }

    #[getter]
    fn encoding(_vm: &Vm, _this: &Value) -> Value {
        Value::NONE
    }

    #[getter]
    fn newlines(_vm: &Vm, _this: &Value) -> Value {
        Value::NONE
    }

    #[getter]
    fn errors(_vm: &Vm, _this: &Value) -> Value {
        Value::NONE
    }
}
