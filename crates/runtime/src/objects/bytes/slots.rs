//! The operations of `bytes`.

use super::Bytes;
use crate::native::receiver;
use crate::objects::buffer::{Exported, flags};
use crate::objects::byte_string::{ByteString, decode, hex, repr_text};
use crate::payload::Downcast;
use crate::slots::CompareOp;
use crate::vm::{Res, Vm};
use crate::{Args, Ref, TypeRef, Value};

impl ByteString for Bytes {
    const NAME: &'static str = "bytes";
    /// An object begins with 33 bytes that are not the string's, as in CPython.
    const LONGEST: usize = isize::MAX as usize - 33;

    fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R {
        f(self.as_slice())
    }

    fn make(vm: &Vm, bytes: &[u8]) -> Res {
        Ok(vm.short_bytes(bytes)?.into_value())
    }

    fn make_with(vm: &Vm, len: usize, fill: impl FnOnce(&mut [u8])) -> Res {
        if len < 2 {
            // There is one object for each of these.
            let mut short = [0];
            fill(&mut short[..len]);
            return Bytes::make(vm, &short[..len]);
        }
        Ok(vm.new_exact_bytes(len, fill)?.into_value())
    }

    fn unchanged(vm: &Vm, this: &Ref<Bytes>) -> Res {
        if this.as_value().exact::<Bytes>(vm).is_some() {
            return Ok(this.to_value());
        }
        Bytes::make(vm, this.as_slice())
    }
}

pub fn repr(vm: &Vm, this: &Value) -> Res {
    let this = receiver::<Bytes>(vm, this, "__repr__")?;
    vm.check_room(this.len().saturating_mul(2))?;
    let mut out = Vec::with_capacity(this.len() + 3);
    repr_text(this.as_slice(), &mut out);
    Ok(vm.new_ascii(&out)?.into_value())
}

/// `str(bytes)`: the repr, and a warning under `-b`.
pub fn str(vm: &Vm, this: &Value) -> Res {
    super::super::byte_string::warn_text(vm, "str() on a bytes instance")?;
    repr(vm, this)
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let this = receiver::<Bytes>(vm, this, "__hash__")?;
    let known = this.hash.get();
    if known != -1 {
        return Ok(known);
    }
    let fresh = crate::objects::str::hash::hash_bytes(this.as_slice(), vm.interpreter().hash_key);
    this.hash.set(fresh);
    Ok(fresh)
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Bytes>(), b.downcast::<Bytes>()) else {
        return super::super::byte_string::not_comparable(vm, a, b, op, "bytes");
    };
    Ok(Value::bool(match op {
        CompareOp::Eq => a.is(b) || x.as_slice() == y.as_slice(),
        CompareOp::Ne => !a.is(b) && x.as_slice() != y.as_slice(),
        _ => op.matches(x.as_slice().cmp(y.as_slice())),
    }))
}

pub fn len(vm: &Vm, this: &Value) -> Res<usize> {
    Ok(receiver::<Bytes>(vm, this, "__len__")?.len())
}

pub fn repeat(vm: &Vm, this: &Value, n: isize) -> Res {
    let own = receiver::<Bytes>(vm, this, "__mul__")?;
    if n == 1 {
        return Bytes::unchanged(vm, own);
    }
    let Some(total) = own.len().checked_mul(n.max(0) as usize).filter(|t| *t <= isize::MAX as usize) else {
        return Err(vm.overflow_error("repeated bytes are too long"));
    };
    if total > Bytes::LONGEST {
        return Err(vm.no_memory());
    }
    let made = vm.new_exact_bytes(total, |out| crate::objects::str::slots::fill_repeated(out, own.as_slice()))?;
    Ok(made.into_value())
}

pub fn remainder(vm: &Vm, a: &Value, b: &Value) -> Res {
    match a.downcast::<Bytes>() {
        Some(format) => crate::format::percent::format_to_bytes(vm, format.as_slice(), b),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// Exports the bytes, read-only.
pub fn export(vm: &Vm, this: &Value, wanted: u32) -> Res<Exported> {
    let own = receiver::<Bytes>(vm, this, "__buffer__")?;
    if wanted & flags::WRITABLE != 0 {
        return Err(vm.buffer_error("Object is not writable."));
    }
    let bytes = own.as_slice();
    Ok(Exported::bytes(this.clone(), bytes.as_ptr().cast_mut(), bytes.len(), true, None))
}

pub fn new(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if let ([source], false) = (args.values, args.has_keywords())
        && source.is_small_int()
        && cls.is(vm.ty_of::<Bytes>())
    {
        return from_value(vm, source);
    }
    let bound = decode::arguments(vm, "bytes", args)?;
    let made = if let Some(encoded) = decode::encoded(vm, "bytes", bound)? {
        encoded
    } else {
        match bound[0] {
            None => Bytes::make(vm, b"")?,
            Some(source) => from_value(vm, source)?,
        }
    };
    if cls.is(vm.ty_of::<Bytes>()) {
        return Ok(made);
    }
    let Some(made) = made.downcast::<Bytes>() else { return Err(vm.type_error("bytes expected")) };
    Ok(vm.new_bytes_of(cls, made.len(), |out| out.copy_from_slice(made.as_slice()))?.into_value())
}

/// `bytes(value)` for what is no text.
pub fn from_value(vm: &Vm, source: &Value) -> Res {
    if let Some(n) = source.as_small_int()
        && let Ok(n) = usize::try_from(n)
        && n <= 1 << 16
    {
        return Bytes::make_with(vm, n, |out| out.fill(0));
    }
    if source.exact::<Bytes>(vm).is_some() {
        return Ok(source.clone());
    }
    if let Some(view) = source.exact::<crate::objects::memoryview::MemoryView>(vm)
        && !view.is_released()
        && let Some(bytes) = view.geometry.plain_bytes()
    {
        return Ok(vm.short_bytes(bytes)?.into_value());
    }
    if let Some(result) = vm.call_special(source, &vm.names().__bytes__, &[])? {
        return match result.is_a::<Bytes>() {
            true => Ok(result),
            false => Err(vm.type_error(format!("__bytes__ returned non-bytes (type {})", vm.type_name(&result)))),
        };
    }
    if source.is_a::<crate::Str>() {
        return Err(vm.type_error("string argument without an encoding"));
    }
    if let Some(n) = decode::count(vm, source)? {
        let class = vm.ty_of::<Bytes>().clone();
        return Ok(vm.new_bytes_of(&class, n, |_| {})?.into_value());
    }
    if let Some(export) = vm.class(source).slots().buffer {
        let exported = export(vm, source, crate::objects::buffer::flags::FULL_RO)?;
        if crate::objects::memoryview::Geometry::of(&exported).c_contiguous() {
            return Bytes::make(vm, exported.as_slice());
        }
    }
    Bytes::make(vm, &decode::from_object(vm, source, "bytes")?)
}

#[crate::methods]
impl Bytes {
    #[classmethod(
        doc = "The bytes that pairs of hexadecimal digits stand for. White space between pairs is skipped.",
        sig = "(string, /)"
    )]
    fn fromhex(vm: &Vm, cls: &TypeRef, string: &Value) -> Res {
        let made = Bytes::make(vm, &hex::from_hex(vm, string)?)?;
        if cls.is(vm.ty_of::<Bytes>()) { Ok(made) } else { vm.call(cls.as_value(), &[made]) }
    }

    #[method(doc = "Convert this value to exact type bytes.", sig = "()")]
    fn __bytes__(vm: &Vm, this: &Ref<Bytes>) -> Res {
        Bytes::unchanged(vm, this)
    }

    #[method(sig = "()")]
    fn __getnewargs__(vm: &Vm, this: &Ref<Bytes>) -> Res {
        let copy = Bytes::make(vm, this.as_slice())?;
        vm.new_tuple(&[copy])
    }
}
