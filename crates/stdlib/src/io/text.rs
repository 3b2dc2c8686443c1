//! `TextIOWrapper`: characters over a buffered binary stream.
//!
//! Reading decodes chunk by chunk; `decoded` holds the text of the present chunk and `used` how much of it has been given
//! out. Writing encodes at once and collects the bytes until a chunk is full. For the encodings of [`Codec`] no codec object
//! exists: `tail` is the unfinished character and `newlines` the rest of the decoder's state. `snapshot` is the decoder's
//! state before the present chunk and the chunk's bytes: with it `tell` finds the way back (`position`).
//!
//! After CPython Modules/_io/textio.c.

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Ref, Res, Str, Trace, TypeDef, TypeRef, Value, ValueCell, Visitor, Vm, layout, methods,
};

use super::base::{FLAGS, IoBase, TEXT_IO_BASE, finalize, is_closed, next_line, size, unsupported};
use super::codec::{Codec, look_up_text_encoding};
use super::newline::Newlines;
use super::strings::{concat, find, replace_line_feeds, slice};
use crate::support::buffer::readable as readable_bytes;
use crate::support::values::to_i64;

/// How lines end, by the `newline` argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum NewlineMode {
    /// None: any ending, shown as a line feed.
    #[default]
    Universal,
    /// `''`: any ending, as it is.
    Untranslated,
    Lf,
    Cr,
    CrLf,
}

impl NewlineMode {
    pub fn parse(vm: &Vm, value: &Value) -> Res<NewlineMode> {
        if value.is_none() {
            return Ok(NewlineMode::Universal);
        }
        let Some(text) = value.downcast::<Str>() else {
            let got = vm.type_name(value);
            return Err(vm.type_error(format!("newline must be str or None, not {got}")));
        };
        Ok(match text.as_ascii() {
            Some("") => NewlineMode::Untranslated,
            Some("\n") => NewlineMode::Lf,
            Some("\r") => NewlineMode::Cr,
            Some("\r\n") => NewlineMode::CrLf,
            _ => {
                return Err(vm.value_error(format!("illegal newline value: {}", text.to_utf8_lossy())));
            }
        })
    }

    /// The argument this mode came from.
    pub fn text(self) -> Option<&'static str> {
        match self {
            NewlineMode::Universal => None,
            NewlineMode::Untranslated => Some(""),
            NewlineMode::Lf => Some("\n"),
            NewlineMode::Cr => Some("\r"),
            NewlineMode::CrLf => Some("\r\n"),
        }
    }

    /// What a written line feed becomes, when not itself.
    pub fn written(self) -> Option<&'static str> {
        match self {
            NewlineMode::Cr => Some("\r"),
            NewlineMode::CrLf => Some("\r\n"),
            _ => None,
        }
    }

    fn is_universal(self) -> bool {
        matches!(self, NewlineMode::Universal | NewlineMode::Untranslated)
    }

    /// Length of the first line of `points`, its ending included; all of it when no line ends there.
    pub fn line_end(self, points: &[u32]) -> usize {
        self.end_by(points.len(), |at| points[at]).unwrap_or(points.len())
    }

    /// The end of the first line in `text` from `from` on.
    fn find_end(self, text: &Str, from: usize) -> Option<usize> {
        match self {
            NewlineMode::Universal | NewlineMode::Lf => find(text, b'\n', from).map(|at| at + 1),
            NewlineMode::Cr => find(text, b'\r', from).map(|at| at + 1),
            _ => self.end_by(text.len() - from, |at| text.at(from + at)).map(|end| from + end),
        }
    }

    fn end_by(self, length: usize, at: impl Fn(usize) -> u32) -> Option<usize> {
        let (cr, lf) = (u32::from('\r'), u32::from('\n'));
        let pair = |i: usize| at(i) == cr && i + 1 < length && at(i + 1) == lf;
        (0..length).find_map(|i| match self {
            NewlineMode::Universal | NewlineMode::Lf => (at(i) == lf).then_some(i + 1),
            NewlineMode::Cr => (at(i) == cr).then_some(i + 1),
            NewlineMode::CrLf => pair(i).then_some(i + 2),
            NewlineMode::Untranslated if pair(i) => Some(i + 2),
            NewlineMode::Untranslated => (at(i) == cr || at(i) == lf).then_some(i + 1),
        })
    }
}

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

    fn choose_codec(&self, vm: &Vm, encoding: &Ref<Str>, errors: Value, mode: NewlineMode) -> Res<()> {
        let name = encoding.to_utf8_lossy();
        let codec = Codec::of(&name);
        if codec == Codec::Python {
            look_up_text_encoding(vm, encoding.as_value())?;
        }
        self.codec.set(codec);
        self.encoding.set(Some(encoding.to_value()));
        self.errors.set(Some(errors));
        self.mode.set(mode);
        Ok(())
    }

    /// Codec objects, where there is no codec of our own, and a fresh state where there is.
    fn make_coders(&self, vm: &Vm) -> Res<()> {
        self.newlines.reset();
        self.tail.set(Vec::new());
        self.decoder.set(None);
        self.encoder.set(None);
        if self.codec.get() != Codec::Python {
            return Ok(());
        }
        let info = look_up_text_encoding(vm, &self.encoding.get_or_none())?;
        let errors = self.errors.get_or_none();
        if self.reads.get() {
            self.decoder.set(Some(vm.call_method_str(&info, "incrementaldecoder", std::slice::from_ref(&errors))?));
        }
        if self.writes.get() {
            self.encoder.set(Some(vm.call_method_str(&info, "incrementalencoder", &[errors])?));
        }
        Ok(())
    }

    /// Encoders with a byte order mark must not write one in the middle of a file.
    fn start_of_stream(&self, vm: &Vm) -> Res<()> {
        let (Some(encoder), true) = (self.encoder.get(), self.seekable.get()) else { return Ok(()) };
        let at = vm.call_method_str(&self.buffer.get_or_none(), "tell", &[])?;
        if to_i64(vm, &at)? != 0 {
            vm.call_method_str(&encoder, "setstate", &[Value::int32(0)])?;
        }
        Ok(())
    }

    /// Encodes text without handing it on.
    fn encode(&self, vm: &Vm, text: &Ref<Str>) -> Res<Vec<u8>> {
        let Some(encoder) = self.encoder.get() else {
            return self.codec.get().encode(vm, text, &self.errors.get_or_none());
        };
        let bytes = vm.call_method_str(&encoder, "encode", &[text.to_value()])?;
        match bytes.downcast::<Bytes>() {
            Some(bytes) => Ok(bytes.as_slice().to_vec()),
            None => {
                let got = vm.type_name(&bytes);
                Err(vm.type_error(format!("encoder should return a bytes object, not '{got}'")))
            }
        }
    }

    /// Decodes the next bytes of the stream.
    pub fn decode(&self, vm: &Vm, bytes: &[u8], last: bool) -> Res<Ref<Str>> {
        let text = match self.decoder.get() {
            Some(decoder) => {
                let bytes = vm.new_bytes(bytes)?.into_value();
                let text = vm.call_method_str(&decoder, "decode", &[bytes, Value::bool(last)])?;
                match text.downcast::<Str>() {
                    Some(text) => text.clone(),
                    None => {
                        let got = vm.type_name(&text);
                        return Err(vm.type_error(format!("decoder should return a string result, not '{got}'")));
                    }
                }
            }
            None => {
                let mut tail = self.tail.replace(Vec::new());
                let errors = self.errors.get_or_none();
                if tail.is_empty() {
                    let (text, count) = self.codec.get().decode(vm, bytes, &errors, last)?;
                    self.tail.set(bytes[count..].to_vec());
                    text
                } else {
                    tail.extend_from_slice(bytes);
                    let (text, count) = self.codec.get().decode(vm, &tail, &errors, last)?;
                    self.tail.set(tail.split_off(count));
                    text
                }
            }
        };
        let mode = self.mode.get();
        if !mode.is_universal() {
            return Ok(text);
        }
        self.newlines.feed(vm, text, mode == NewlineMode::Universal, last)
    }

    /// The decoder's unfinished bytes and flags.
    pub fn decoder_state(&self, vm: &Vm) -> Res<(Vec<u8>, i64)> {
        let (bytes, flags) = match self.decoder.get() {
            None => (self.tail.with(Clone::clone), 0),
            Some(decoder) => {
                let state = vm.call_method_str(&decoder, "getstate", &[])?;
                match state.downcast::<ophi_runtime::Tuple>().map(|state| state.as_slice()) {
                    Some([bytes, flags]) => {
                        let Some(bytes) = bytes.downcast::<Bytes>() else {
                            let got = vm.type_name(bytes);
                            return Err(vm.type_error(format!(
                                "illegal decoder state: the first item should be a bytes object, not '{got}'"
                            )));
                        };
                        (bytes.as_slice().to_vec(), to_i64(vm, flags)?)
                    }
                    _ => return Err(vm.type_error("illegal decoder state")),
                }
            }
        };
        if self.mode.get().is_universal() {
            return Ok((bytes, flags << 1 | i64::from(self.newlines.pending_cr.get())));
        }
        Ok((bytes, flags))
    }

    pub fn set_decoder_state(&self, vm: &Vm, bytes: &[u8], mut flags: i64) -> Res<()> {
        if self.mode.get().is_universal() {
            self.newlines.pending_cr.set(flags & 1 != 0);
            flags >>= 1;
        }
        match self.decoder.get() {
            None => self.tail.set(bytes.to_vec()),
            Some(decoder) => {
                let state = vm.new_tuple(&[vm.new_bytes(bytes)?.into_value(), vm.new_int(flags)?])?;
                vm.call_method_str(&decoder, "setstate", &[state])?;
            }
        }
        Ok(())
    }

    pub fn reset_decoder(&self, vm: &Vm) -> Res<()> {
        self.newlines.reset();
        self.tail.set(Vec::new());
        if let Some(decoder) = self.decoder.get() {
            vm.call_method_str(&decoder, "reset", &[])?;
        }
        Ok(())
    }

    /// Sets the encoder back: to the start of the stream, or to its middle.
    pub fn reset_encoder(&self, vm: &Vm, at_start: bool) -> Res<()> {
        match self.encoder.get() {
            None => Ok(()),
            Some(encoder) if at_start => vm.call_method_str(&encoder, "reset", &[]).map(drop),
            Some(encoder) => vm.call_method_str(&encoder, "setstate", &[Value::int32(0)]).map(drop),
        }
    }

    /// Hands collected bytes to the buffer.
    pub fn write_pending(&self, vm: &Vm) -> Res<()> {
        let bytes = self.pending.replace(Vec::new());
        if bytes.is_empty() {
            return Ok(());
        }
        let bytes = vm.new_bytes(&bytes)?.into_value();
        vm.call_method_str(&self.buffer.get_or_none(), "write", &[bytes]).map(drop)
    }

    /// Reads and decodes the next chunk; false at the end of the stream.
    pub fn read_chunk(&self, vm: &Vm, hint: usize) -> Res<bool> {
        let state = if self.telling.get() { Some(self.decoder_state(vm)?) } else { None };
        let method = if self.has_read1.get() { "read1" } else { "read" };
        let wanted = self.chunk_size.get().max(hint);
        let chunk = vm.call_method_str(&self.buffer.get_or_none(), method, &[vm.new_int(wanted as i64)?])?;
        if vm.class(&chunk).slots().buffer.is_none() {
            let got = vm.type_name(&chunk);
            return Err(
                vm.type_error(format!("underlying {method}() should have returned a bytes-like object, not '{got}'"))
            );
        }
        let bytes = match chunk.downcast::<Bytes>() {
            Some(bytes) => bytes.as_slice().to_vec(),
            None => readable_bytes(vm, &chunk)?.as_slice().to_vec(),
        };
        let at_end = bytes.is_empty();
        let text = self.decode(vm, &bytes, at_end)?;
        let more = !at_end || !text.is_empty();
        self.used.set(0);
        self.decoded.set(Some(text.into_value()));
        if let Some((mut before, flags)) = state {
            before.extend_from_slice(&bytes);
            self.snapshot.set(Some((flags, before)));
        }
        Ok(more)
    }

    /// Gives out up to `count` characters of the present chunk.
    fn take(&self, vm: &Vm, count: usize) -> Res<Ref<Str>> {
        let decoded = self.decoded.get();
        let Some(decoded) = decoded.as_ref().and_then(|decoded| decoded.downcast::<Str>()) else {
            return vm.new_str("");
        };
        let from = self.used.get();
        let to = decoded.len().min(from.saturating_add(count));
        self.used.set(to);
        slice(vm, decoded, from, to)
    }

    fn present(&self) -> Option<Ref<Str>> {
        let decoded = self.decoded.get()?;
        decoded.downcast::<Str>().filter(|decoded| self.used.get() < decoded.len()).cloned()
    }

    /// The next line, at most `limit` characters of it when that is not negative.
    fn line(&self, vm: &Vm, limit: i64) -> Res<Option<Ref<Str>>> {
        if !self.reads.get() {
            return Err(unsupported(vm, "not readable"));
        }
        self.write_pending(vm)?;
        let mode = self.mode.get();
        let mut parts: Vec<Ref<Str>> = Vec::new();
        let mut length = 0usize;
        loop {
            let Some(mut text) = self.present() else {
                if !self.read_chunk(vm, 0)? {
                    self.forget_decoded();
                    self.snapshot.set(None);
                    break;
                }
                continue;
            };
            // A two-character ending may lie across two chunks: then the line so far is looked at as a whole.
            if mode == NewlineMode::CrLf && !parts.is_empty() {
                let rest = self.take(vm, usize::MAX)?;
                parts.push(rest);
                text = concat(vm, &parts)?;
                let before = length;
                parts.clear();
                length = 0;
                if let Some(end) = mode.find_end(&text, 0).filter(|&end| end > before) {
                    let end = if limit >= 0 { end.min(limit as usize) } else { end };
                    // What is beyond the line goes back to be read.
                    let kept = self.decoded.get();
                    let total = kept.as_ref().and_then(|kept| kept.downcast::<Str>()).map_or(0, |kept| kept.len());
                    self.used.set(total - (text.len() - end).min(total));
                    return slice(vm, &text, 0, end).map(Some);
                }
                length += text.len();
                parts.push(text);
                if limit >= 0 && length as i64 >= limit {
                    break;
                }
                continue;
            }
            let from = self.used.get();
            let room = if limit < 0 { usize::MAX } else { (limit as usize).saturating_sub(length) };
            let end = mode.find_end(&text, from);
            let to = end.unwrap_or(text.len()).min(from.saturating_add(room));
            self.used.set(to);
            let part = slice(vm, &text, from, to)?;
            length += part.len();
            let done = end == Some(to) || part.len() == room;
            if done && parts.is_empty() {
                return Ok(Some(part));
            }
            parts.push(part);
            if done {
                break;
            }
        }
        concat(vm, &parts).map(Some)
    }
}

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
                (Some(name), _) if name.eq_str("locale") => super::open::locale_encoding(vm)?,
                (Some(name), _) => name.clone(),
                (None, Some(name)) => name.clone(),
                (None, None) => super::open::locale_encoding(vm)?,
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
            let copy = match bytes.downcast::<Bytes>() {
                Some(bytes) => bytes.as_slice().to_vec(),
                None => readable_bytes(vm, &bytes)?.as_slice().to_vec(),
            };
            let rest = this.take(vm, usize::MAX)?;
            let text = this.decode(vm, &copy, true)?;
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
