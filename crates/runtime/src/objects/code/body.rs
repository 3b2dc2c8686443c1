//! The part of a code object that is needed for running it, and reading it from the embedded library.

use super::Code;
use super::materialise::Materialiser;
use crate::objects::str::Str;
use crate::vm::{Raised, Res, Vm};
use crate::{Ref, Tuple, Value};
use num_bigint::{BigInt, Sign};
use ophi_bytecode::code::{CodeObject, ExceptionEntry, decode_exception_table};
use ophi_bytecode::stored::{Item, Items, Stored, Strings};
use std::sync::Arc;

/// Bytes of a table: in the binary, or shared with the plain form.
#[derive(Clone)]
pub enum Bytes {
    Static(&'static [u8]),
    Shared(Arc<[u8]>),
}

impl core::ops::Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match self {
            Bytes::Static(bytes) => bytes,
            Bytes::Shared(bytes) => bytes,
        }
    }
}

/// What code runs with, beside its head.
pub struct Body {
    pub consts: Ref<Tuple>,
    pub names: Box<[Ref<Str>]>,
    pub slot_names: Box<[Ref<Str>]>,
    pub exceptions: Box<[ExceptionEntry]>,
    /// `co_code`.
    pub stream: Bytes,
    pub linetable: Bytes,
}

/// The library in the binary is not what its build wrote.
pub fn damaged(vm: &Vm) -> Raised {
    vm.system_error("the embedded library is damaged")
}

pub fn exceptions(vm: &Vm, table: &[u8]) -> Res<Box<[ExceptionEntry]>> {
    match decode_exception_table(table) {
        Ok(entries) => Ok(entries.into_boxed_slice()),
        Err(_) => Err(vm.value_error("code: malformed exception table")),
    }
}

/// The interned string of this text.
pub fn name(vm: &Vm, text: &[u8]) -> Res<Ref<Str>> {
    match core::str::from_utf8(text) {
        Ok(text) => vm.intern(text),
        Err(_) => vm.intern_ref(&vm.new_wtf8(text)?),
    }
}

fn names(vm: &Vm, texts: Strings<'_>) -> Res<Box<[Ref<Str>]>> {
    let count = texts.len();
    let mut made = Vec::new();
    for text in texts {
        made.push(name(vm, text)?);
    }
    if made.len() == count { Ok(made.into_boxed_slice()) } else { Err(damaged(vm)) }
}

/// A tuple of constants. It is not the collector's: no cycle goes through constants, and making them late shall not be seen there.
pub fn constant_tuple(vm: &Vm, items: Vec<Value>) -> Res<Ref<Tuple>> {
    let tuple = Tuple::from_vec(vm, items)?;
    vm.untrack(tuple.as_value());
    Ok(tuple)
}

/// A frozenset of constants, in the same way.
pub fn constant_set(vm: &Vm, items: &[Value]) -> Res {
    let set = vm.new_frozenset(items)?;
    vm.untrack(&set);
    Ok(set)
}

impl Body {
    /// The body of compiled code.
    pub fn of_plain(texts: &Materialiser<'_>, plain: &CodeObject) -> Res<Body> {
        let exceptions = exceptions(texts.vm, &plain.exceptiontable)?;
        Body::with_tables(texts, plain, texts.constants(&plain.consts)?, exceptions)
    }

    pub fn with_tables(
        texts: &Materialiser<'_>,
        plain: &CodeObject,
        consts: Ref<Tuple>,
        exceptions: Box<[ExceptionEntry]>,
    ) -> Res<Body> {
        Ok(Body {
            consts,
            names: texts.names(&plain.names)?,
            slot_names: texts.names(&plain.localsplusnames)?,
            exceptions,
            stream: Bytes::Shared(plain.code.clone()),
            linetable: Bytes::Shared(plain.linetable.clone()),
        })
    }

    /// The body of code of the embedded library.
    pub fn read(vm: &Vm, stored: Stored<'static>, filename: &Ref<Str>) -> Res<Body> {
        let parts = stored.parts().ok_or_else(|| damaged(vm))?;
        Ok(Body {
            consts: constant_tuple(vm, constants(vm, parts.consts, filename)?)?,
            names: names(vm, parts.names)?,
            slot_names: names(vm, parts.slot_names)?,
            exceptions: exceptions(vm, parts.exceptiontable)?,
            stream: Bytes::Static(parts.code),
            linetable: Bytes::Static(parts.linetable),
        })
    }
}

fn constants(vm: &Vm, items: Items<'static>, filename: &Ref<Str>) -> Res<Vec<Value>> {
    let count = items.len();
    let mut made = Vec::new();
    for item in items {
        made.push(constant(vm, item, filename)?);
    }
    if made.len() == count { Ok(made) } else { Err(damaged(vm)) }
}

fn constant(vm: &Vm, item: Item<'static>, filename: &Ref<Str>) -> Res {
    Ok(match item {
        Item::None => Value::NONE,
        Item::Bool(truth) => Value::bool(truth),
        Item::Ellipsis => Value::ELLIPSIS,
        Item::StopIteration => vm.ty(&crate::objects::exceptions::STOP_ITERATION).to_value(),
        Item::Int(value) => vm.new_int(value)?,
        Item::BigInt(negative, magnitude) => {
            let sign = if negative { Sign::Minus } else { Sign::Plus };
            vm.new_bigint(BigInt::from_bytes_le(sign, magnitude))?
        }
        Item::Float(value) => vm.new_float(value)?,
        Item::Complex(value) => vm.new_complex(value.re, value.im)?,
        // As the compiler's: strings that look like identifiers are interned.
        Item::Str(text) if text.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_') => name(vm, text)?.into_value(),
        Item::Str(text) => vm.new_wtf8(text)?.into_value(),
        Item::Bytes(bytes) => vm.new_bytes_value(bytes)?,
        Item::Tuple(items) => constant_tuple(vm, constants(vm, items, filename)?)?.into_value(),
        Item::FrozenSet(items) => constant_set(vm, &constants(vm, items, filename)?)?,
        Item::Slice(items) => match &constants(vm, items, filename)?[..] {
            [start, stop, step] => vm.new_slice(start, stop, step)?,
            _ => return Err(damaged(vm)),
        },
        Item::Code(stored) => Code::from_stored(vm, stored, filename)?.into_value(),
    })
}
