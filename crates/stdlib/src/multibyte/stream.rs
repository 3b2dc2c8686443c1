//! `MultibyteStreamReader` and `MultibyteStreamWriter`: texts from and to files.

use super::codec::{codec_of, errors_of, set_errors};
use super::incremental::{Decoding, Encoding};
use ophi_heap::{Layout, trace_fields};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

pub struct StreamReader {
    decoding: Decoding,
    stream: Value,
}

impl Trace for Decoding {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.errors.trace(visitor);
    }
}
trace_fields!(StreamReader { decoding, stream });

impl Payload for StreamReader {
    fn def() -> &'static TypeDef {
        &READER
    }
    const LAYOUT: &'static Layout = layout!("MultibyteStreamReader");
}

pub static READER: TypeDef = TypeDef {
    module: "_multibytecodec",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots { new: Some(new_reader), init: Some(|_, _, _| Ok(())), ..Slots::NONE },
    tables: &[StreamReader::METHODS],
    ..TypeDef::of::<StreamReader>("MultibyteStreamReader", &OBJECT)
};

/// The first argument of a constructor.
fn stream_of(vm: &Vm, name: &str, args: Args<'_>) -> Res {
    match args.pos().first() {
        Some(stream) => Ok(stream.clone()),
        None => Err(vm.type_error(format!("{name}() missing required argument 'stream' (pos 1)"))),
    }
}

fn new_reader(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let stream = stream_of(vm, "StreamReader", args)?;
    let errors = errors_of(vm, "StreamReader", args, 1)?;
    let decoding = Decoding::new(codec_of(vm, cls)?, errors);
    Ok(vm.new_instance(cls, StreamReader { decoding, stream })?.into_value())
}

impl StreamReader {
    /// Reads by a method of the stream until there is a character, or to the end when no size is given.
    fn read_by(&self, vm: &Vm, method: &str, size: Option<isize>) -> Res<Ref<Str>> {
        let mut text = Vec::new();
        let mut size = size;
        if size == Some(0) {
            return vm.empty_str();
        }
        loop {
            let arguments = match size {
                Some(size) => vec![vm.new_int(size as i64)?],
                None => Vec::new(),
            };
            let read = vm.call_method_str(&self.stream, method, &arguments)?;
            let Some(bytes) = read.downcast::<Bytes>() else {
                let got = vm.type_name(&read);
                return Err(vm.type_error(format!("stream function returned a non-bytes object ({got})")));
            };
            let bytes = bytes.as_slice();
            let at_end = size.is_none() || bytes.is_empty();
            text.extend(self.decoding.feed(vm, bytes, false)?);
            if at_end && self.decoding.has_pending() {
                text.extend(self.decoding.feed(vm, &[], true)?);
            }
            if at_end || !text.is_empty() {
                return vm.new_str_from_code_points(&text);
            }
            // A character is still incomplete.
            size = Some(1);
        }
    }
}

/// A size argument: None and negative numbers mean all.
fn size(vm: &Vm, given: Option<&Value>) -> Res<Option<isize>> {
    let Some(given) = given.filter(|given| !given.is_none()) else { return Ok(None) };
    if vm.class(given).slots().index.is_none() {
        return Err(vm.type_error("arg 1 must be an integer"));
    }
    Ok(Some(vm.to_size(given)?).filter(|size| *size >= 0))
}

#[methods]
impl StreamReader {
    #[method(sig = "(sizeobj=None, /)")]
    fn read(vm: &Vm, this: &Ref<StreamReader>, sizeobj: Option<&Value>) -> Res<Ref<Str>> {
        this.read_by(vm, "read", size(vm, sizeobj)?)
    }

    #[method(sig = "(sizeobj=None, /)")]
    fn readline(vm: &Vm, this: &Ref<StreamReader>, sizeobj: Option<&Value>) -> Res<Ref<Str>> {
        this.read_by(vm, "readline", size(vm, sizeobj)?)
    }

    #[method(sig = "(sizehintobj=None, /)")]
    fn readlines(vm: &Vm, this: &Ref<StreamReader>, sizehintobj: Option<&Value>) -> Res {
        let text = this.read_by(vm, "read", size(vm, sizehintobj)?)?;
        vm.call_method_str(text.as_value(), "splitlines", &[Value::TRUE])
    }

    #[method(sig = "()")]
    fn reset(_: &Vm, this: &Ref<StreamReader>) {
        this.decoding.reset();
    }

    #[member]
    fn stream(_: &Vm, this: &Ref<StreamReader>) -> Value {
        this.stream.clone()
    }

    #[getter]
    fn errors(_: &Vm, this: &Ref<StreamReader>) -> Value {
        this.decoding.errors.get_or_none()
    }

    #[setter(name = "errors")]
    fn set_errors_(vm: &Vm, this: &Ref<StreamReader>, value: Option<&Value>) -> Res<()> {
        set_errors(vm, &this.decoding.errors, value)
    }
}

pub struct StreamWriter {
    encoding: Encoding,
    stream: Value,
}

impl Trace for Encoding {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        self.errors.trace(visitor);
    }
}
trace_fields!(StreamWriter { encoding, stream });

impl Payload for StreamWriter {
    fn def() -> &'static TypeDef {
        &WRITER
    }
    const LAYOUT: &'static Layout = layout!("MultibyteStreamWriter");
}

pub static WRITER: TypeDef = TypeDef {
    module: "_multibytecodec",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots { new: Some(new_writer), init: Some(|_, _, _| Ok(())), ..Slots::NONE },
    tables: &[StreamWriter::METHODS],
    ..TypeDef::of::<StreamWriter>("MultibyteStreamWriter", &OBJECT)
};

fn new_writer(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let stream = stream_of(vm, "StreamWriter", args)?;
    let errors = errors_of(vm, "StreamWriter", args, 1)?;
    let encoding = Encoding::new(codec_of(vm, cls)?, errors);
    Ok(vm.new_instance(cls, StreamWriter { encoding, stream })?.into_value())
}

impl StreamWriter {
    fn put(&self, vm: &Vm, text: &Value) -> Res<()> {
        let bytes = vm.new_bytes(&self.encoding.feed(vm, text, false)?)?;
        vm.call_method_str(&self.stream, "write", &[bytes.into_value()]).map(drop)
    }
}

#[methods]
impl StreamWriter {
    #[method(sig = "(strobj, /)")]
    fn write(vm: &Vm, this: &Ref<StreamWriter>, strobj: &Value) -> Res<()> {
        this.put(vm, strobj)
    }

    #[method(sig = "(lines, /)")]
    fn writelines(vm: &Vm, this: &Ref<StreamWriter>, lines: &Value) -> Res<()> {
        for line in crate::support::values::collect(vm, lines)? {
            this.put(vm, &line)?;
        }
        Ok(())
    }

    #[method(sig = "()")]
    fn reset(vm: &Vm, this: &Ref<StreamWriter>) -> Res<()> {
        // Without anything held back the charset in use stays as it is.
        if !this.encoding.has_pending() {
            return Ok(());
        }
        let rest = this.encoding.feed(vm, vm.empty_str()?.as_value(), true)?;
        if !rest.is_empty() {
            let bytes = vm.new_bytes(&rest)?;
            vm.call_method_str(&this.stream, "write", &[bytes.into_value()])?;
        }
        Ok(())
    }

    #[member]
    fn stream(_: &Vm, this: &Ref<StreamWriter>) -> Value {
        this.stream.clone()
    }

    #[getter]
    fn errors(_: &Vm, this: &Ref<StreamWriter>) -> Value {
        this.encoding.errors.get_or_none()
    }

    #[setter(name = "errors")]
    fn set_errors_(vm: &Vm, this: &Ref<StreamWriter>, value: Option<&Value>) -> Res<()> {
        set_errors(vm, &this.encoding.errors, value)
    }
}
