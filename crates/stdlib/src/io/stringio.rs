//! `StringIO`: a text stream in memory.
//!
//! The text is kept as code points, so that positions are characters. After CPython Modules/_io/stringio.c.

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, GilCell, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

use super::base::{FLAGS, IoBase, TEXT_IO_BASE, size};
use super::newline::Newlines;
use super::strings::replace_line_feeds;
use super::text::NewlineMode;
use crate::support::values::{to_i64, tuple};

/// Texts of so many characters are asked room for even when they fit.
const LONG: usize = 4096;

#[repr(C)]
pub struct StringIO {
    base: IoBase,
    text: GilCell<Vec<u32>>,
    at: Cell<usize>,
    closed: Cell<bool>,
    ready: Cell<bool>,
    mode: Cell<NewlineMode>,
    newlines: Newlines,
}

impl Trace for StringIO {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for StringIO {
    fn def() -> &'static TypeDef {
        &STRING_IO
    }
    const LAYOUT: &'static LayoutOf = layout!("StringIO", IoBase);
}

pub static STRING_IO: TypeDef = TypeDef {
    module: "_io",
    doc: "StringIO(initial_value='', newline='\\n')\n--\n\nA stream of text in memory.\n\nnewline is as for TextIOWrapper.",
    flags: FLAGS.without(TypeFlags::FINALIZER),
    slots: Slots { new: Some(new), init: Some(init), iternext: Some(next), ..Slots::NONE },
    tables: &[StringIO::METHODS],
    ..TypeDef::of::<StringIO>("StringIO", &TEXT_IO_BASE)
};

fn new(vm: &Vm, class: &TypeRef, _: Args<'_>) -> Res {
    let empty = StringIO {
        base: IoBase,
        text: GilCell::new(Vec::new()),
        at: Cell::new(0),
        closed: Cell::new(false),
        ready: Cell::new(false),
        mode: Cell::new(NewlineMode::Lf),
        newlines: Newlines::default(),
    };
    let stream: Ref<StringIO> = vm.new_instance(class, empty)?;
    Ok(stream.into_value())
}

static SIGNATURE: Signature = Signature {
    text: "(initial_value='', newline='\\n')",
    parameters: &[
        Parameter { name: "initial_value", kind: ParameterKind::Positional, required: false },
        Parameter { name: "newline", kind: ParameterKind::Positional, required: false },
    ],
};

fn init(vm: &Vm, this: &Value, args: Args<'_>) -> Res<()> {
    let Some(stream) = this.downcast::<StringIO>() else { return Err(vm.type_error("a StringIO is expected")) };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "StringIO", args, &mut bound)?;
    stream.start(vm, bound[0], bound[1])
}

fn next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(stream) = this.downcast::<StringIO>() else { return Ok(None) };
    if !vm.class(this).is(vm.ty(&STRING_IO)) {
        return super::base::next_line(vm, this);
    }
    stream.check(vm)?;
    let line = stream.take_line(vm, -1)?;
    if line.is_empty() { Ok(None) } else { Ok(Some(line.into_value())) }
}

impl StringIO {
    fn start(&self, vm: &Vm, initial: Option<&Value>, newline: Option<&Value>) -> Res<()> {
        let mode = match newline {
            None => NewlineMode::Lf,
            Some(value) if value.is_none() => NewlineMode::Universal,
            Some(value) => match value.downcast::<Str>() {
                Some(_) => match NewlineMode::parse(vm, value) {
                    Ok(mode) => mode,
                    Err(raised) => {
                        vm.forget(raised);
                        let shown = vm.repr(value)?;
                        return Err(vm.value_error(format!("illegal newline value: {}", shown.to_utf8_lossy())));
                    }
                },
                None => {
                    let got = vm.type_name(value);
                    return Err(vm.type_error(format!("newline must be str or None, not {got}")));
                }
            },
        };
        let initial = match initial {
            Some(value) if !value.is_none() => match value.downcast::<Str>() {
                Some(text) => Some(text.clone()),
                None => {
                    let got = vm.type_name(value);
                    return Err(vm.type_error(format!("initial_value must be str or None, not {got}")));
                }
            },
            _ => None,
        };
        self.mode.set(mode);
        self.newlines.reset();
        self.text.set(Vec::new());
        self.at.set(0);
        self.closed.set(false);
        self.ready.set(true);
        if let Some(initial) = initial {
            self.put(vm, &initial)?;
            self.at.set(0);
        }
        Ok(())
    }

    fn check(&self, vm: &Vm) -> Res<()> {
        if !self.ready.get() {
            return Err(vm.value_error("I/O operation on uninitialized object"));
        }
        if self.closed.get() { Err(vm.value_error("I/O operation on closed file")) } else { Ok(()) }
    }

    fn take(&self, count: i64) -> Vec<u32> {
        let at = self.at.get();
        let taken = self.text.with(|text| {
            let left = text.get(at..).unwrap_or_default();
            let count = if count < 0 { left.len() } else { left.len().min(count as usize) };
            left[..count].to_vec()
        });
        self.at.set(at + taken.len());
        taken
    }

    /// The next line; making a str runs no Python code.
    fn take_line(&self, vm: &Vm, limit: i64) -> Res<Ref<Str>> {
        let at = self.at.get();
        let mode = self.mode.get();
        let (made, length) = self.text.with(|text| {
            let left = text.get(at..).unwrap_or_default();
            let length = mode.line_end(left);
            let length = if limit < 0 { length } else { length.min(limit as usize) };
            (vm.new_str_from_code_points(&left[..length]), length)
        });
        let made = made?;
        self.at.set(at + length);
        Ok(made)
    }

    fn put(&self, vm: &Vm, text: &Ref<Str>) -> Res<()> {
        let mode = self.mode.get();
        let mut text = text.clone();
        if matches!(mode, NewlineMode::Universal | NewlineMode::Untranslated) {
            text = self.newlines.feed(vm, text, mode == NewlineMode::Universal, true)?;
        }
        if let Some(newline) = mode.written()
            && mode != NewlineMode::Universal
        {
            text = replace_line_feeds(vm, &text, newline)?;
        }
        let at = self.at.get();
        let held = self.text.with(Vec::capacity);
        let end = at.saturating_add(text.len());
        // The points of this text, and the buffer, which at least doubles when it grows.
        let growth = if end > held { end.max(2 * held) - held } else { 0 };
        if growth != 0 || text.len() > LONG {
            vm.check_room(growth.saturating_add(text.len()).saturating_mul(size_of::<u32>()))?;
        }
        let appended = self.text.with_mut(|all| {
            let appended = at == all.len();
            if appended {
                match text.as_ascii() {
                    Some(ascii) => all.extend(ascii.bytes().map(u32::from)),
                    None => all.extend(text.code_points()),
                }
            }
            appended
        });
        if appended {
            self.at.set(end);
            return Ok(());
        }
        let points: Vec<u32> = text.code_points().collect();
        if points.is_empty() {
            return Ok(());
        }
        self.text.with_mut(|all| {
            let end = at + points.len();
            if end > all.len() {
                all.resize(end, 0);
            }
            all[at..end].copy_from_slice(&points);
        });
        self.at.set(at + points.len());
        Ok(())
    }
}

#[methods]
impl StringIO {
    /// Retrieve the entire contents of the object.
    #[method(sig = "()")]
    fn getvalue(vm: &Vm, this: &Ref<StringIO>) -> Res<Ref<Str>> {
        this.check(vm)?;
        let text = this.text.with(Clone::clone);
        vm.new_str_from_code_points(&text)
    }

    /// Tell the current file position.
    #[method(sig = "()")]
    fn tell(vm: &Vm, this: &Ref<StringIO>) -> Res<usize> {
        this.check(vm).map(|()| this.at.get())
    }

    /// Read at most size characters, returned as a string.
    #[method(sig = "(size=-1, /)")]
    fn read(vm: &Vm, this: &Ref<StringIO>, limit: Option<&Value>) -> Res<Ref<Str>> {
        let limit = size(vm, limit)?;
        this.check(vm)?;
        vm.new_str_from_code_points(&this.take(limit))
    }

    /// Read until newline or EOF.
    #[method(sig = "(size=-1, /)")]
    fn readline(vm: &Vm, this: &Ref<StringIO>, limit: Option<&Value>) -> Res<Ref<Str>> {
        let limit = size(vm, limit)?;
        this.check(vm)?;
        this.take_line(vm, limit)
    }

    /// Truncate size to pos.
    #[method(sig = "(pos=None, /)")]
    fn truncate(vm: &Vm, this: &Ref<StringIO>, pos: Option<&Value>) -> Res<i64> {
        this.check(vm)?;
        let length = match pos {
            None => this.at.get() as i64,
            Some(pos) => to_i64(vm, pos)?,
        };
        if length < 0 {
            return Err(vm.value_error(format!("Negative size value {length}")));
        }
        this.text.with_mut(|text| text.truncate(length as usize));
        Ok(length)
    }

    /// Change stream position.
    #[method(sig = "(pos, whence=0, /)")]
    fn seek(vm: &Vm, this: &Ref<StringIO>, pos: &Value, whence: i32) -> Res<usize> {
        let pos = to_i64(vm, pos)?;
        this.check(vm)?;
        match whence {
            0 if pos < 0 => return Err(vm.value_error(format!("Negative seek position {pos}"))),
            0 => this.at.set(pos as usize),
            1 | 2 if pos != 0 => return Err(vm.os_error_message("Can't do nonzero cur-relative seeks")),
            1 => {}
            2 => this.at.set(this.text.with(Vec::len)),
            _ => return Err(vm.value_error(format!("Invalid whence ({whence}, should be 0, 1 or 2)"))),
        }
        Ok(this.at.get())
    }

    /// Write string to file.
    #[method(sig = "(s, /)")]
    fn write(vm: &Vm, this: &Ref<StringIO>, s: &Value) -> Res<usize> {
        if !this.ready.get() {
            this.check(vm)?;
        }
        let Some(text) = s.downcast::<Str>() else {
            let got = vm.type_name(s);
            return Err(vm.type_error(format!("string argument expected, got '{got}'")));
        };
        this.check(vm)?;
        this.put(vm, text)?;
        Ok(text.len())
    }

    /// Close the IO object.
    #[method(sig = "()")]
    fn close(_vm: &Vm, this: &Ref<StringIO>) {
        this.closed.set(true);
        this.text.set(Vec::new());
    }

    #[method(sig = "()")]
    fn readable(vm: &Vm, this: &Ref<StringIO>) -> Res<bool> {
        this.check(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn writable(vm: &Vm, this: &Ref<StringIO>) -> Res<bool> {
        this.check(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn seekable(vm: &Vm, this: &Ref<StringIO>) -> Res<bool> {
        this.check(vm).map(|()| true)
    }

    #[method(sig = "()")]
    fn __getstate__(vm: &Vm, this: &Ref<StringIO>) -> Res {
        let value = StringIO::getvalue(vm, this)?.into_value();
        let newline = match this.mode.get().text() {
            Some(text) => vm.new_str(text)?.into_value(),
            None => Value::NONE,
        };
        let dict = match vm.instance_dict(this.as_value())? {
            Some(dict) => dict.copy(vm)?.into_value(),
            None => Value::NONE,
        };
        tuple(vm, vec![value, newline, vm.new_int(this.at.get() as i64)?, dict])
    }

    #[method(sig = "(state, /)")]
    fn __setstate__(vm: &Vm, this: &Ref<StringIO>, state: &Value) -> Res<()> {
        let items = match state.downcast::<ophi_runtime::Tuple>() {
            Some(items) if items.len() >= 4 => items.clone(),
            _ => {
                let got = vm.type_name(state);
                let class = vm.type_name(this.as_value());
                return Err(vm.type_error(format!("{class}.__setstate__ argument should be 4-tuple, got {got}")));
            }
        };
        let [value, newline, at, dict, ..] = items.as_slice() else { return Ok(()) };
        if this.closed.get() {
            return Err(vm.value_error("I/O operation on closed file"));
        }
        if !value.is_none() && !value.is_a::<Str>() {
            let got = vm.type_name(value);
            return Err(vm.type_error(format!("initial_value must be str or None, not {got}")));
        }
        // The saved text is as it was kept: nothing in it may be translated again.
        this.start(vm, None, Some(newline))?;
        if let Some(text) = value.downcast::<Str>() {
            this.text.set(text.code_points().collect());
        }
        if ophi_runtime::objects::int::view(at).is_none() {
            let got = vm.type_name(at);
            return Err(vm.type_error(format!("third item of state must be an integer, got {got}")));
        }
        let at = to_i64(vm, at)?;
        if at < 0 {
            return Err(vm.value_error("position value cannot be negative"));
        }
        this.at.set(at as usize);
        super::restore_dict(vm, this.as_value(), dict, "fourth item of state should be a dict, got a ")
    }

    #[getter]
    fn closed(vm: &Vm, this: &Ref<StringIO>) -> Res<bool> {
        if !this.ready.get() {
            this.check(vm)?;
        }
        Ok(this.closed.get())
    }

    #[getter]
    fn line_buffering(vm: &Vm, this: &Ref<StringIO>) -> Res<bool> {
        this.check(vm).map(|()| false)
    }

    #[getter]
    fn newlines(vm: &Vm, this: &Ref<StringIO>) -> Res {
        this.check(vm)?;
        this.newlines.value(vm)
    }
}
