//! Bytes-like arguments.

use crate::native::{FromArg, Place};
use crate::objects::buffer::{Exported, flags};
use crate::objects::bytes::Bytes;
use crate::objects::int;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Tuple, Value};
use core::ops::Deref;

/// The bytes of an object that exports them; TypeError "a bytes-like object is required, not 'int'".
pub enum Like {
    /// A bytes object needs no export.
    Bytes(Ref<Bytes>),
    // Rare, and large: what is usual is handed about as two words.
    Other(Box<Exported>),
}

impl Deref for Like {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Like::Bytes(bytes) => bytes.as_slice(),
            Like::Other(exported) => exported.as_slice(),
        }
    }
}

#[inline]
pub fn like(vm: &Vm, value: &Value) -> Res<Like> {
    if let Some(bytes) = value.exact::<Bytes>(vm) {
        return Ok(Like::Bytes(bytes.clone()));
    }
    like_other(vm, value)
}

fn like_other(vm: &Vm, value: &Value) -> Res<Like> {
    match vm.class(value).slots().buffer {
        Some(export) => Ok(Like::Other(Box::new(export(vm, value, flags::SIMPLE)?))),
        None => Err(vm.type_error(format!("a bytes-like object is required, not '{}'", vm.type_name(value)))),
    }
}

impl<'a> FromArg<'a> for Like {
    fn from_arg(vm: &Vm, value: &'a Value, _: Place) -> Res<Self> {
        like(vm, value)
    }
}

/// What `find` and `count` look for: bytes, or one byte given as an integer.
pub enum Sought {
    Bytes(Like),
    Byte([u8; 1]),
}

impl Deref for Sought {
    type Target = [u8];
    #[inline]
    fn deref(&self) -> &[u8] {
        match self {
            Sought::Bytes(b) => b,
            Sought::Byte(b) => b,
        }
    }
}

#[inline]
pub fn sought(vm: &Vm, value: &Value) -> Res<Sought> {
    if let Some(bytes) = value.exact::<Bytes>(vm) {
        return Ok(Sought::Bytes(Like::Bytes(bytes.clone())));
    }
    sought_other(vm, value)
}

fn sought_other(vm: &Vm, value: &Value) -> Res<Sought> {
    if vm.class(value).slots().buffer.is_some() {
        return Ok(Sought::Bytes(like(vm, value)?));
    }
    if int::view(value).is_none() && vm.class(value).slots().index.is_none() {
        return Err(
            vm.type_error(format!("argument should be integer or bytes-like object, not '{}'", vm.type_name(value)))
        );
    }
    match vm.index_as_i128(value)?.and_then(|i| u8::try_from(i).ok()) {
        Some(b) => Ok(Sought::Byte([b])),
        None => Err(vm.value_error("byte must be in range(0, 256)")),
    }
}

/// `startswith` and `endswith`: one bytes-like object or a tuple of them.
pub fn any_affix(vm: &Vm, name: &str, part: &Value, matches: impl Fn(&[u8]) -> bool) -> Res<bool> {
    if let Some(parts) = part.downcast::<Tuple>() {
        for part in parts.as_slice() {
            if matches(&like(vm, part)?) {
                return Ok(true);
            }
        }
        return Ok(false);
    }
    if vm.class(part).slots().buffer.is_none() {
        return Err(
            vm.type_error(format!("{name} first arg must be bytes or a tuple of bytes, not {}", vm.type_name(part)))
        );
    }
    Ok(matches(&like(vm, part)?))
}

/// The fill byte of `center`, `ljust`, `rjust`.
pub struct Fill(pub u8);

impl<'a> FromArg<'a> for Fill {
    fn from_arg(vm: &Vm, value: &'a Value, place: Place) -> Res<Self> {
        let slice = match (
            value.downcast::<crate::objects::bytes::Bytes>(),
            value.downcast::<crate::objects::bytearray::ByteArray>(),
        ) {
            (Some(b), _) => b.as_slice().to_vec(),
            (_, Some(b)) => b.to_vec(),
            _ => return Err(place.bad(vm, "a byte string of length 1", value)),
        };
        match slice[..] {
            [b] => Ok(Fill(b)),
            _ => Err(vm.type_error(format!(
                "{}(): argument {} must be a byte string of length 1, not a {} object of length {}",
                place.function,
                place.position,
                vm.type_name(value),
                slice.len()
            ))),
        }
    }
}
