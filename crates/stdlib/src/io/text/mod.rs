//! `TextIOWrapper`: characters over a buffered binary stream.
//!
//! Reading decodes chunk by chunk; `decoded` holds the text of the present chunk and `used` how much of it has been given
//! out. Writing encodes at once and collects the bytes until a chunk is full. For the encodings of [`Codec`] no codec object
//! exists: `tail` is the unfinished character and `newlines` the rest of the decoder's state. `snapshot` is the decoder's
//! state before the present chunk and the chunk's bytes: with it `tell` finds the way back (`position`).
//!
//! After CPython Modules/_io/textio.c.

mod chunks;
mod coding;
mod methods;
mod newline_mode;

pub use newline_mode::NewlineMode;

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, GilCell, Ref, Res, Str, Trace, TypeDef, TypeRef, Value, ValueCell, Visitor, Vm, layout};

use super::base::{FLAGS, IoBase, TEXT_IO_BASE, finalize, is_closed, next_line};
use super::codec::Codec;
use super::newline::Newlines;
use super::strings::find;

/// The decoder's state before the present chunk: flags, and the bytes from there on.
pub type Snapshot = (i64, Vec<u8>);

#[repr(C)]
pub struct Text {
    base: IoBase,
    pub buffer: ValueCell,
    encoding: ValueCell,
    pub errors: ValueCell,
    pub decoder: ValueCell,
    encoder: ValueCell,
    ok: Cell<bool>,
    detached: Cell<bool>,
    finalizing: Cell<bool>,
    line_buffering: Cell<bool>,
    write_through: Cell<bool>,
    pub seekable: Cell<bool>,
    /// False while lines are iterated over.
    pub telling: Cell<bool>,
    has_read1: Cell<bool>,
    pub reads: Cell<bool>,
    pub writes: Cell<bool>,
    pub codec: Cell<Codec>,
    pub mode: Cell<NewlineMode>,
    pub newlines: Newlines,
    /// Bytes of a character whose end has not been read.
    pub tail: GilCell<Vec<u8>>,
    chunk_size: Cell<usize>,
    /// Encoded and not yet handed on.
    pending: GilCell<Vec<u8>>,
    pub decoded: ValueCell,
    pub used: Cell<usize>,
    pub snapshot: GilCell<Option<Snapshot>>,
}

impl Trace for Text {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        for cell in [&self.buffer, &self.decoder, &self.encoder] {
            cell.trace(visitor);
        }
    }

    fn describe(&self, edges: &mut ophi_heap::Edges<'_>) {
        for (name, cell) in [
            ("buffer", &self.buffer),
            ("decoder", &self.decoder),
            ("encoder", &self.encoder),
            ("encoding", &self.encoding),
            ("errors", &self.errors),
            ("decoded", &self.decoded),
        ] {
            cell.describe(&mut edges.field(name));
        }
    }

    fn clear(&self) {
        for cell in [&self.buffer, &self.decoder, &self.encoder] {
            cell.clear();
        }
    }
}

impl Payload for Text {
    fn def() -> &'static TypeDef {
        &TEXT_IO_WRAPPER
    }
    const LAYOUT: &'static LayoutOf = layout!("TextIOWrapper", IoBase);
}

pub static TEXT_IO_WRAPPER: TypeDef = TypeDef {
    module: "_io",
    doc: "TextIOWrapper(buffer, encoding=None, errors=None, newline=None,\n              line_buffering=False, write_through=False)\n--\n\nText over a buffered stream of bytes.\n\nencoding names the codec; None is the encoding of the locale. errors says what becomes of what the codec\ncannot decode or encode; None is 'strict'.\n\nnewline is None, '', '\\n', '\\r' or '\\r\\n'. On reading, None turns all three ends of lines into '\\n' and ''\nonly recognises them; one of the three is alone an end of a line. On writing, None turns '\\n' into os.linesep,\n'' and '\\n' leave it, and '\\r' and '\\r\\n' replace it.\n\nWith line_buffering, a line's end flushes; with write_through, nothing is kept back at all.",
    flags: FLAGS,
    slots: Slots {
        new: Some(new),
        init: Some(init),
        repr: Some(repr),
        iternext: Some(next),
        finalize: Some(finalize_text),
        ..Slots::NONE
    },
    tables: &[Text::METHODS, Text::POSITIONS],
    ..TypeDef::of::<Text>("TextIOWrapper", &TEXT_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let text: Ref<Text> = vm.new_instance(
        class,
        Text {
            base: IoBase,
            buffer: ValueCell::new(None),
            encoding: ValueCell::new(None),
            errors: ValueCell::new(None),
            decoder: ValueCell::new(None),
            encoder: ValueCell::new(None),
            ok: Cell::new(false),
            detached: Cell::new(false),
            finalizing: Cell::new(false),
            line_buffering: Cell::new(false),
            write_through: Cell::new(false),
            seekable: Cell::new(false),
            telling: Cell::new(false),
            has_read1: Cell::new(false),
            reads: Cell::new(false),
            writes: Cell::new(false),
            codec: Cell::new(Codec::Utf8),
            mode: Cell::new(NewlineMode::Universal),
            newlines: Newlines::default(),
            tail: GilCell::new(Vec::new()),
            chunk_size: Cell::new(8192),
            pending: GilCell::new(Vec::new()),
            decoded: ValueCell::new(None),
            used: Cell::new(0),
            snapshot: GilCell::new(None),
        },
    )?;
    Ok(text.into_value())
}

const fn parameter(name: &'static str, required: bool) -> Parameter {
    Parameter { name, kind: ParameterKind::Positional, required }
}

static SIGNATURE: Signature = Signature {
    text: "(buffer, encoding=None, errors=None, newline=None, line_buffering=False, write_through=False)",
    parameters: &[
        parameter("buffer", true),
        parameter("encoding", false),
        parameter("errors", false),
        parameter("newline", false),
        parameter("line_buffering", false),
        parameter("write_through", false),
    ],
};

/// A str argument; None counts as absent.
fn text_argument<'a>(vm: &Vm, value: Option<&'a Value>, what: &str) -> Res<Option<&'a Ref<Str>>> {
    match value {
        None => Ok(None),
        Some(value) if value.is_none() => Ok(None),
        Some(value) => match value.downcast::<Str>() {
            Some(text) if find(text, 0, 0).is_some() => Err(vm.value_error("embedded null character")),
            Some(text) => Ok(Some(text)),
            None => {
                let got = vm.type_name(value);
                Err(vm.type_error(format!("TextIOWrapper() argument '{what}' must be str or None, not {got}")))
            }
        },
    }
}

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(stream) = this.downcast::<Text>() else { return Err(vm.type_error("a TextIOWrapper is expected")) };
    let mut bound = [None; 6];
    bind(vm, Some(&SIGNATURE), "TextIOWrapper", args, &mut bound)?;
    let Some(buffer) = bound[0] else { return Ok(()) };
    stream.ok.set(false);
    stream.detached.set(false);
    let encoding = match text_argument(vm, bound[1], "encoding")? {
        Some(name) if name.eq_str("locale") => super::open::locale_encoding(vm)?,
        Some(name) => name.clone(),
        None => {
            super::open::warn_default_encoding(vm, 1)?;
            super::open::locale_encoding(vm)?
        }
    };
    let errors = match text_argument(vm, bound[2], "errors")? {
        Some(errors) => errors.to_value(),
        None => vm.intern("strict")?.into_value(),
    };
    let mode = NewlineMode::parse(vm, bound[3].unwrap_or(&Value::NONE))?;
    stream.line_buffering.set(bound[4].map_or(Ok(false), |value| vm.is_true(value))?);
    stream.write_through.set(bound[5].map_or(Ok(false), |value| vm.is_true(value))?);
    stream.buffer.set(Some(buffer.clone()));
    stream.forget_decoded();
    stream.pending.set(Vec::new());
    stream.chunk_size.set(8192);
    stream.choose_codec(vm, &encoding, errors, mode)?;
    let able = |what: &str| -> Res<bool> {
        let answer = vm.call_method_str(buffer, what, &[])?;
        vm.is_true(&answer)
    };
    stream.reads.set(able("readable")?);
    stream.writes.set(able("writable")?);
    stream.make_coders(vm)?;
    let seekable = able("seekable")?;
    stream.seekable.set(seekable);
    stream.telling.set(seekable);
    stream.has_read1.set(vm.get_attr_str_opt(buffer, "read1")?.is_some());
    stream.start_of_stream(vm)?;
    stream.ok.set(true);
    Ok(())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let Some(stream) = this.downcast::<Text>() else { return Err(vm.type_error("a TextIOWrapper is expected")) };
    stream.check_ready(vm)?;
    let mut text = format!("<{}", vm.type_name(this)).into_bytes();
    let name = match vm.get_attr_str_opt(this, "name") {
        Ok(name) => name,
        Err(raised) if vm.raised_is(&ophi_runtime::objects::exceptions::VALUE_ERROR) => {
            vm.forget(raised);
            None
        }
        Err(raised) => return Err(raised),
    };
    for (label, value) in [(" name=", name), (" mode=", vm.get_attr_str_opt(this, "mode")?)] {
        if let Some(value) = value {
            let shown = vm.recurse(" while getting the repr of an object", || vm.repr(&value))?;
            text.extend_from_slice(label.as_bytes());
            text.extend_from_slice(&shown.to_wtf8());
        }
    }
    text.extend_from_slice(b" encoding=");
    text.extend_from_slice(&vm.repr(&stream.encoding.get_or_none())?.to_wtf8());
    text.push(b'>');
    Ok(vm.new_wtf8(&text)?.into_value())
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(stream) = this.downcast::<Text>() else { return Ok(None) };
    stream.check_ready(vm)?;
    stream.telling.set(false);
    let line = if vm.class(this).is(vm.ty(&TEXT_IO_WRAPPER)) {
        stream.line(vm, -1)?.filter(|line| !line.is_empty()).map(Ref::into_value)
    } else {
        next_line(vm, this)?
    };
    if line.is_none() {
        stream.snapshot.set(None);
        stream.telling.set(stream.seekable.get());
    }
    Ok(line)
}

fn finalize_text(vm: &Vm, this: &Value) {
    if let Some(stream) = this.downcast::<Text>() {
        stream.finalizing.set(true);
        if !stream.ok.get() {
            return;
        }
    }
    finalize(vm, this);
}

impl Text {
    pub fn check_ready(&self, vm: &Vm) -> Res<()> {
        if self.ok.get() {
            return Ok(());
        }
        Err(vm.value_error(if self.detached.get() {
            "underlying buffer has been detached"
        } else {
            "I/O operation on uninitialized object"
        }))
    }

    pub fn check_open(&self, vm: &Vm, this: &Value) -> Res<()> {
        self.check_ready(vm)?;
        let closed = if vm.class(this).is(vm.ty(&TEXT_IO_WRAPPER)) {
            is_closed(vm, &self.buffer.get_or_none())?
        } else {
            is_closed(vm, this)?
        };
        if closed { Err(vm.value_error("I/O operation on closed file.")) } else { Ok(()) }
    }

    pub fn forget_decoded(&self) {
        self.decoded.set(None);
        self.used.set(0);
    }
}
