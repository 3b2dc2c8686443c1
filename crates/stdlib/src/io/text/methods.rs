//! The methods and attributes of `TextIOWrapper`.

use super::{NewlineMode, Text, text_argument};
use crate::io::base::{size, unsupported};
use crate::io::strings::{concat, find, replace_line_feeds};
use crate::support::buffer::readable as readable_bytes;
use crate::support::values::to_i64;
use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Args, Ref, Res, Str, Value, Vm, methods};
use std::cell::Cell;

#[methods]
impl Text {
    #[method(sig = "()")]
    fn detach(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(this.as_value(), "flush", &[])?;
        let buffer = this.buffer.take().unwrap_or(Value::NONE);
        this.detached.set(true);
        this.ok.set(false);
        Ok(buffer)
    }

    /// Flush, then change the settings that are given.
    #[method(text = "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)")]
    fn reconfigure(vm: &Vm, this: &Ref<Text>, args: Args<'_>) -> Res<()> {
        const fn option(name: &'static str) -> Parameter {
            Parameter { name, kind: ParameterKind::KeywordOnly, required: false }
        }
        static SIGNATURE: Signature = Signature {
            text: "($self, /, *, encoding=None, errors=None, newline=None, line_buffering=None, write_through=None)",
            parameters: &[
                option("encoding"),
                option("errors"),
                option("newline"),
                option("line_buffering"),
                option("write_through"),
            ],
        };
        let mut bound = [None; 5];
        bind(vm, Some(&SIGNATURE), "reconfigure", args, &mut bound)?;
        let [encoding, errors, newline, line_buffering, write_through] = bound;
        let given = |value: Option<&'_ Value>| value.is_some_and(|value| !value.is_none());
        let line_buffering = line_buffering.filter(|_| given(line_buffering));
        let write_through = write_through.filter(|_| given(write_through));
        this.check_ready(vm)?;
        let encoding = text_argument(vm, encoding, "encoding")?;
        let errors = text_argument(vm, errors, "errors")?;
        if (encoding.is_some() || errors.is_some() || newline.is_some()) && this.decoded.is_set() {
            return Err(unsupported(
                vm,
                "It is not possible to set the encoding or newline of stream after the first read",
            ));
        }
        let flag = |value: Option<&Value>, cell: &Cell<bool>| -> Res<bool> {
            match value {
                None => Ok(cell.get()),
                Some(value) => Ok(to_i64(vm, value)? != 0),
            }
        };
        let line_buffering = flag(line_buffering, &this.line_buffering)?;
        let write_through = flag(write_through, &this.write_through)?;
        let mode = match newline {
            Some(newline) => NewlineMode::parse(vm, newline)?,
            None => this.mode.get(),
        };
        vm.call_method_str(this.as_value(), "flush", &[])?;
        if encoding.is_some() || errors.is_some() || newline.is_some() {
            let handler = match (errors, encoding) {
                (Some(errors), _) => errors.to_value(),
                (None, Some(_)) => vm.intern("strict")?.into_value(),
                (None, None) => this.errors.get_or_none(),
            };
            let present = this.encoding.get_or_none();
            let name = match (encoding, present.downcast::<Str>()) {
                (Some(name), _) if name.eq_str("locale") => crate::io::open::locale_encoding(vm)?,
                (Some(name), _) => name.clone(),
                (None, Some(name)) => name.clone(),
                (None, None) => crate::io::open::locale_encoding(vm)?,
            };
            this.choose_codec(vm, &name, handler, mode)?;
            this.make_coders(vm)?;
            this.start_of_stream(vm)?;
        }
        this.line_buffering.set(line_buffering);
        this.write_through.set(write_through);
        Ok(())
    }

    #[method(sig = "(text, /)")]
    fn write(vm: &Vm, this: &Ref<Text>, text: &Value) -> Res<usize> {
        let Some(original) = text.downcast::<Str>() else {
            let got = vm.type_name(text);
            return Err(vm.type_error(format!("write() argument must be str, not {got}")));
        };
        this.check_open(vm, this.as_value())?;
        if !this.writes.get() {
            return Err(unsupported(vm, "not writable"));
        }
        let buffering = this.line_buffering.get();
        let mut text = original.clone();
        let line = buffering && (find(original, b'\n', 0).is_some() || find(original, b'\r', 0).is_some());
        if let Some(newline) = this.mode.get().written() {
            text = replace_line_feeds(vm, &text, newline)?;
        }
        let bytes = this.encode(vm, &text)?;
        let chunk = this.chunk_size.get();
        if this.pending.with(|pending| !pending.is_empty() && pending.len() + bytes.len() > chunk) {
            this.write_pending(vm)?;
        }
        this.pending.with_mut(|pending| pending.extend_from_slice(&bytes));
        if line || this.write_through.get() || this.pending.with(Vec::len) >= chunk {
            this.write_pending(vm)?;
        }
        if line {
            vm.call_method_str(&this.buffer.get_or_none(), "flush", &[])?;
        }
        if this.snapshot.with(Option::is_some) || this.decoded.is_set() {
            this.forget_decoded();
            this.snapshot.set(None);
            this.reset_decoder(vm)?;
        }
        Ok(original.len())
    }

    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<Text>, limit: Option<&Value>) -> Res<Ref<Str>> {
        let limit = size(vm, limit)?;
        this.check_open(vm, this.as_value())?;
        if !this.reads.get() {
            return Err(unsupported(vm, "not readable"));
        }
        this.write_pending(vm)?;
        if limit < 0 {
            let bytes = vm.call_method_str(&this.buffer.get_or_none(), "read", &[])?;
            if bytes.is_none() {
                let class = crate::support::builtin(vm, "BlockingIOError")?;
                return Err(vm.raise_class(&class, "Read returned None."));
            }
            let copy;
            let input = match bytes.downcast::<Bytes>() {
                Some(bytes) => bytes.as_slice(),
                None => {
                    copy = readable_bytes(vm, &bytes)?.as_slice().to_vec();
                    &copy
                }
            };
            let rest = this.take(vm, usize::MAX)?;
            let text = this.decode(vm, input, true)?;
            let all = concat(vm, &[rest, text])?;
            if this.snapshot.with(Option::is_some) {
                this.forget_decoded();
                this.snapshot.set(None);
            }
            return Ok(all);
        }
        let wanted = limit as usize;
        let mut parts = vec![this.take(vm, wanted)?];
        let mut length = parts[0].len();
        while length < wanted {
            if !this.read_chunk(vm, wanted - length)? {
                break;
            }
            let part = this.take(vm, wanted - length)?;
            length += part.len();
            parts.push(part);
        }
        concat(vm, &parts)
    }

    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Ref<Text>, limit: i64) -> Res<Ref<Str>> {
        this.check_open(vm, this.as_value())?;
        match this.line(vm, limit)? {
            Some(line) => Ok(line),
            None => vm.new_str(""),
        }
    }

    #[method(sig = "()")]
    fn flush(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_open(vm, this.as_value())?;
        this.telling.set(this.seekable.get());
        this.write_pending(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "flush", &[])
    }

    #[method(sig = "()")]
    fn close(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        let closed = vm.get_attr_str(this.as_value(), "closed")?;
        if vm.is_true(&closed)? {
            return Ok(Value::NONE);
        }
        let buffer = this.buffer.get_or_none();
        if this.finalizing.get()
            && let Some(method) = vm.get_attr_str_opt(&buffer, "_dealloc_warn")?
            && let Err(raised) = vm.call(&method, &[this.to_value()])
        {
            vm.forget(raised);
        }
        match vm.call_method_str(this.as_value(), "flush", &[]) {
            Ok(_) => vm.call_method_str(&buffer, "close", &[]),
            Err(raised) => {
                let first = vm.take_raised(raised);
                match vm.call_method_str(&buffer, "close", &[]) {
                    Ok(_) => Err(vm.raise_again(first)),
                    Err(raised) => {
                        let second = vm.take_raised(raised);
                        vm.set_attr_str(&second, "__context__", &first)?;
                        Err(vm.raise_again(second))
                    }
                }
            }
        }
    }

    #[method(sig = "()")]
    fn fileno(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "fileno", &[])
    }

    #[method(name = "seekable", sig = "()")]
    fn is_seekable(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "seekable", &[])
    }

    #[method(sig = "()")]
    fn readable(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "readable", &[])
    }

    #[method(sig = "()")]
    fn writable(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "writable", &[])
    }

    #[method(sig = "()")]
    fn isatty(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.call_method_str(&this.buffer.get_or_none(), "isatty", &[])
    }

    #[method(text = "($self, /)")]
    fn __getstate__(vm: &Vm, this: &Value, _args: Args<'_>) -> Res {
        Err(vm.type_error(format!("cannot pickle '{}' object", vm.type_name(this))))
    }

    #[getter(name = "buffer")]
    fn buffer_attribute(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        Ok(this.buffer.get_or_none())
    }

    #[getter(name = "encoding")]
    fn encoding_attribute(_vm: &Vm, this: &Ref<Text>) -> Value {
        this.encoding.get_or_none()
    }

    #[getter(name = "errors")]
    fn errors_attribute(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        Ok(this.errors.get_or_none())
    }

    #[getter(name = "newlines")]
    fn newlines_attribute(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        if this.mode.get().is_universal() { this.newlines.value(vm) } else { Ok(Value::NONE) }
    }

    #[getter(name = "line_buffering")]
    fn line_buffering_attribute(vm: &Vm, this: &Ref<Text>) -> Res<bool> {
        this.check_ready(vm).map(|()| this.line_buffering.get())
    }

    #[getter(name = "write_through")]
    fn write_through_attribute(vm: &Vm, this: &Ref<Text>) -> Res<bool> {
        this.check_ready(vm).map(|()| this.write_through.get())
    }

    #[getter]
    fn name(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.get_attr_str(&this.buffer.get_or_none(), "name")
    }

    #[getter]
    fn closed(vm: &Vm, this: &Ref<Text>) -> Res {
        this.check_ready(vm)?;
        vm.get_attr_str(&this.buffer.get_or_none(), "closed")
    }

    #[getter(name = "_CHUNK_SIZE")]
    fn chunk_size_attribute(vm: &Vm, this: &Ref<Text>) -> Res<usize> {
        this.check_ready(vm).map(|()| this.chunk_size.get())
    }

    #[setter(name = "_CHUNK_SIZE")]
    fn set_chunk_size(vm: &Vm, this: &Ref<Text>, value: Option<&Value>) -> Res<()> {
        this.check_ready(vm)?;
        let Some(value) = value else { return Err(vm.attribute_error("cannot delete attribute")) };
        let size = to_i64(vm, value)?;
        if size <= 0 {
            return Err(vm.value_error("a strictly positive integer is required"));
        }
        this.chunk_size.set(size as usize);
        Ok(())
    }

    #[getter]
    fn _finalizing(_vm: &Vm, this: &Ref<Text>) -> bool {
        this.finalizing.get()
    }

    #[setter(name = "_finalizing")]
    fn set_finalizing(vm: &Vm, this: &Ref<Text>, value: Option<&Value>) -> Res<()> {
        this.finalizing.set(value.map_or(Ok(false), |value| vm.is_true(value))?);
        Ok(())
    }
}
