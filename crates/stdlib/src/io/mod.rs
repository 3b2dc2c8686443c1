//! `_io`: streams. Raw ([`fileio`]), buffered ([`buffered`], [`pair`], [`bytesio`]), text ([`text`], [`stringio`]).
//!
//! Invariant: no borrow of a stream's buffers is held while another object is called; the buffers are taken out, or
//! what is needed is copied first. After CPython Modules/_io.

pub mod base;
pub mod buffered;
pub mod bytesio;
pub mod codec;
pub mod fileio;
mod lock;
pub mod newline;
pub mod open;
pub mod pair;
pub mod position;
pub mod stringio;
pub mod strings;
pub mod text;

use std::rc::Rc;

use ophi_runtime::objects::exceptions::{OS_ERROR, VALUE_ERROR};
use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Dict, Ref, Res, Value, ValueCell, Vm};

use crate::support::builtin;

pub const DEFAULT_BUFFER_SIZE: usize = 128 * 1024;

/// What `_io` keeps per interpreter.
#[derive(Default)]
pub struct State {
    /// `io.UnsupportedOperation`
    pub unsupported: ValueCell,
}

pub fn state(vm: &Vm) -> Rc<State> {
    vm.interpreter().state::<State>()
}

/// `bytearray(length)`
pub fn new_bytearray(vm: &Vm, length: usize) -> Res {
    vm.call(&builtin(vm, "bytearray")?, &[vm.new_int(length as i64)?])
}

/// The part of `__setstate__` that puts an instance's attributes back.
pub fn restore_dict(vm: &Vm, this: &Value, saved: &Value, complaint: &str) -> Res<()> {
    if saved.is_none() {
        return Ok(());
    }
    let Some(saved) = saved.downcast::<Dict>() else {
        return Err(vm.type_error(format!("{complaint}{}", vm.type_name(saved))));
    };
    match vm.instance_dict(this)? {
        Some(dict) => dict.update_from(vm, saved),
        None => Ok(()),
    }
}

pub static MODULE: ModuleDef = ModuleDef {
    name: "_io",
    doc: "Streams: raw, buffered and of text, and open(), which makes the one that fits.\n\nIOBase is at the top of them. It separates neither readers from writers nor streams that can seek from\nthose that cannot: what a stream cannot do raises an OSError.",
    tables: &[open::Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    module.add_int(vm, "DEFAULT_BUFFER_SIZE", DEFAULT_BUFFER_SIZE as i64)?;
    let bases = vm.new_tuple(&[vm.ty(&OS_ERROR).to_value(), vm.ty(&VALUE_ERROR).to_value()])?;
    let namespace = vm.new_dict()?;
    namespace.set_text(vm, "__module__", vm.new_str("io")?.into_value())?;
    let name = vm.new_str("UnsupportedOperation")?.into_value();
    let class = vm.call(&builtin(vm, "type")?, &[name, bases, namespace.into_value()])?;
    state(vm).unsupported.set(Some(class.clone()));
    module.add(vm, "UnsupportedOperation", class)?;
    module.add(vm, "BlockingIOError", builtin(vm, "BlockingIOError")?)?;
    for def in [
        &base::IO_BASE,
        &base::RAW_IO_BASE,
        &base::BUFFERED_IO_BASE,
        &base::TEXT_IO_BASE,
        &fileio::FILE_IO,
        &bytesio::BYTES_IO,
        &bytesio::BYTES_IO_BUFFER,
        &stringio::STRING_IO,
        &buffered::BUFFERED_READER,
        &buffered::BUFFERED_WRITER,
        &buffered::BUFFERED_RANDOM,
        &pair::BUFFERED_RW_PAIR,
        &text::TEXT_IO_WRAPPER,
        &newline::INCREMENTAL_NEWLINE_DECODER,
    ] {
        module.add_type(vm, def)?;
    }
    Ok(())
}
