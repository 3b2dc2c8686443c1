//! `BufferedReader`, `BufferedWriter`, `BufferedRandom`: one payload, three classes.
//!
//! Two buffers that are never both filled: bytes read ahead of the program, and bytes the program wrote ahead of the raw
//! stream. Before writing, read-ahead is given back by seeking; before reading, what was written is flushed. The
//! position the program sees is the raw stream's minus read-ahead plus pending bytes. When the raw stream is exactly a
//! `FileIO`, it is called directly.
//!
//! After CPython Modules/_io/bufferedio.c (messages, sizes of raw requests, behaviour of streams that would block) and
//! Lib/_pyio.py (the two buffers).

mod common;
mod streaming;
mod transfer;

use std::cell::Cell;

use ophi_runtime::native::{Parameter, ParameterKind, Signature, bind};
use ophi_runtime::payload::{Downcast, LayoutOf, Payload};
use ophi_runtime::slots::Slots;
use ophi_runtime::{Args, GilCell, Ref, Res, TypeDef, TypeRef, Value, ValueCell, Vm, layout, trace_fields};

use super::base::{BUFFERED_IO_BASE, FLAGS, IoBase, check_able, finalize, next_line};
use super::lock::Lock;
use crate::support::values::ssize;

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
    /// Room for bytes read ahead, all of it initialised; they go up to `filled`, and those before `at` have been given out.
    ahead: GilCell<Vec<u8>>,
    filled: Cell<usize>,
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
            filled: Cell::new(0),
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
        Some(value) => ssize(vm, value)? as i64,
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
        if let Some(line) = stream.line_ahead(vm, this)? {
            return Ok(Some(line));
        }
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
