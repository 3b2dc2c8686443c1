//! What `bytes` and `bytearray` share: algorithms over byte slices, arguments that are bytes-like, and the method table.
//!
//! The slice of a bytearray may move when Python code runs. So every method converts its arguments first and then works
//! inside [`ByteString::with`], in which nothing runs Python code.

pub mod args;
pub mod decode;
pub mod hex;
#[macro_use]
pub mod methods;
pub mod algorithms;
pub mod translate;

use crate::objects::bytes::Bytes;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Payload, Ref, Value};

/// A payload that is a string of bytes.
pub trait ByteString: Payload {
    const NAME: &'static str;
    /// A length beyond this is told apart from memory that is not there.
    const LONGEST: usize = usize::MAX;

    /// Looks at the bytes. `f` runs no Python code.
    fn with<R>(&self, f: impl FnOnce(&[u8]) -> R) -> R;

    /// A new object of the exact type.
    fn make(vm: &Vm, bytes: &[u8]) -> Res;

    /// A new object of the exact type, of `len` bytes that are all written by `fill`.
    fn make_with(vm: &Vm, len: usize, fill: impl FnOnce(&mut [u8])) -> Res {
        vm.check_room(len)?;
        let mut bytes = vec![0; len];
        fill(&mut bytes);
        Self::make(vm, &bytes)
    }

    /// The object itself where it is immutable and of the exact type, else a copy.
    fn unchanged(vm: &Vm, this: &Ref<Self>) -> Res;

    /// The exports that have not ended, for bytes that can change their size.
    fn exports(&self) -> Option<&core::cell::Cell<usize>> {
        None
    }
}

/// Keeps bytes at their place and size while code of a program runs that could change them, as an export does.
pub struct Held<'a>(Option<&'a core::cell::Cell<usize>>);

impl<'a> Held<'a> {
    pub fn new<T: ByteString>(this: &'a Ref<T>) -> Held<'a> {
        let exports = this.exports();
        if let Some(exports) = exports {
            exports.set(exports.get() + 1);
        }
        Held(exports)
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(exports) = self.0 {
            exports.set(exports.get().saturating_sub(1));
        }
    }
}

/// The bytes as a literal with the least escapes: `b'...'`.
pub fn repr_text(bytes: &[u8], out: &mut Vec<u8>) {
    quoted(bytes, false, out)
}

/// As [`repr_text`]; `always` puts a backslash before every `'`, as `repr(bytearray)` does whatever the quotes.
pub fn quoted(bytes: &[u8], always: bool, out: &mut Vec<u8>) {
    let quote = if bytes.contains(&b'\'') && !bytes.contains(&b'"') { b'"' } else { b'\'' };
    out.extend_from_slice(&[b'b', quote]);
    for &b in bytes {
        match b {
            b'\\' => out.extend_from_slice(b"\\\\"),
            b'\t' => out.extend_from_slice(b"\\t"),
            b'\n' => out.extend_from_slice(b"\\n"),
            b'\r' => out.extend_from_slice(b"\\r"),
            _ if b == quote || (always && b == b'\'') => out.extend_from_slice(&[b'\\', b]),
            0x20..0x7f => out.push(b),
            _ => {
                const HEX: &[u8; 16] = b"0123456789abcdef";
                out.extend_from_slice(&[b'\\', b'x', HEX[(b >> 4) as usize], HEX[(b & 15) as usize]]);
            }
        }
    }
    out.push(quote);
}

/// Warns under `-b` that bytes are taken for text.
pub fn warn_text(vm: &Vm, message: &str) -> Res<()> {
    if vm.interpreter().bytes_warning.get() == 0 {
        return Ok(());
    }
    vm.warn(&crate::objects::exceptions::BYTES_WARNING, message, 1)
}

/// NotImplemented for operands that are not both bytes-like; under `-b` equality with str and int warns.
pub fn not_comparable(vm: &Vm, a: &Value, b: &Value, op: crate::slots::CompareOp, name: &str) -> Res {
    use crate::slots::CompareOp;
    if vm.interpreter().bytes_warning.get() > 0 && matches!(op, CompareOp::Eq | CompareOp::Ne) {
        let is = |def| vm.class(a).is_subtype(vm.ty(def)) || vm.class(b).is_subtype(vm.ty(def));
        if is(&crate::objects::str::STR) {
            warn_text(vm, &format!("Comparison between {name} and string"))?;
        } else if name == "bytes" && is(&crate::objects::int::INT) {
            warn_text(vm, "Comparison between bytes and int")?;
        }
    }
    Ok(Value::NOT_IMPLEMENTED)
}

/// Equality and order with anything that exports bytes; NotImplemented for the rest.
pub fn compare(vm: &Vm, a: &Value, b: &Value, op: crate::slots::CompareOp) -> Res {
    let (Some(x), Some(y)) = (vm.class(a).slots().buffer, vm.class(b).slots().buffer) else {
        return not_comparable(vm, a, b, op, "bytearray");
    };
    let x = match x(vm, a, 0) {
        Ok(x) => x,
        Err(raised) => {
            vm.forget(raised);
            return Ok(Value::NOT_IMPLEMENTED);
        }
    };
    let y = match y(vm, b, 0) {
        Ok(y) => y,
        Err(raised) => {
            vm.forget(raised);
            return Ok(Value::NOT_IMPLEMENTED);
        }
    };
    let order = x.as_slice().cmp(y.as_slice());
    Ok(Value::bool(op.matches(order)))
}

/// `item in bytes`: an integer or a bytes-like object.
pub fn contains<T: ByteString>(vm: &Vm, this: &Value, item: &Value) -> Res<bool> {
    let this = crate::native::receiver::<T>(vm, this, "__contains__")?;
    if let Some(b) = item.as_small_int().and_then(|i| u8::try_from(i).ok()) {
        return Ok(this.with(|s| memchr::memchr(b, s).is_some()));
    }
    let _held = Held::new(this);
    if crate::objects::int::view(item).is_some() || vm.class(item).slots().index.is_some() {
        match vm.index_as_i128(item) {
            Ok(index) => {
                let Some(b) = index.and_then(|i| u8::try_from(i).ok()) else {
                    return Err(vm.value_error("byte must be in range(0, 256)"));
                };
                return Ok(this.with(|s| memchr::memchr(b, s).is_some()));
            }
            // What fails to be a number may still be bytes.
            Err(raised) => vm.forget(raised),
        }
    }
    let item = args::like(vm, item)?;
    Ok(this.with(|s| memchr::memmem::find(s, &item).is_some()))
}

/// One byte or a slice.
pub fn getitem<T: ByteString>(vm: &Vm, this: &Value, key: &Value) -> Res {
    let own = crate::native::receiver::<T>(vm, this, "__getitem__")?;
    use crate::payload::Downcast;
    if let Some(slice) = key.downcast::<crate::objects::slice::Slice>() {
        let bounds = slice.unpack(vm)?;
        let len = own.with(|s| s.len());
        let chosen = bounds.adjust(len);
        if chosen.step == 1 && chosen.len == len {
            return T::unchanged(vm, own);
        }
        // Making bytes runs no Python code.
        return own.with(|s| {
            if chosen.step == 1 {
                let start = chosen.start.max(0) as usize;
                return T::make(vm, &s[start..start + chosen.len]);
            }
            T::make_with(vm, chosen.len, |out| chosen.pick(s, out))
        });
    }
    if crate::objects::int::view(key).is_none() && vm.class(key).slots().index.is_none() {
        let kind = if T::NAME == "bytes" { "byte" } else { "bytearray" };
        return Err(vm.type_error(format!("{kind} indices must be integers or slices, not {}", vm.type_name(key))));
    }
    let i = vm.to_index(key)?;
    let found = own.with(|s| {
        let at = if i < 0 { i + s.len() as isize } else { i };
        if at < 0 { None } else { s.get(at as usize).copied() }
    });
    match found {
        Some(b) => Ok(Value::int32(b as i32)),
        None => {
            Err(vm.index_error(if T::NAME == "bytes" { "index out of range" } else { "bytearray index out of range" }))
        }
    }
}

/// `a + b` for bytes-like operands; the result has the type of `a`.
pub fn concat<T: ByteString>(vm: &Vm, a: &Value, b: &Value) -> Res {
    let own = crate::native::receiver::<T>(vm, a, "__add__")?;
    if let (Some(x), Some(y)) = (a.exact::<Bytes>(vm), b.exact::<Bytes>(vm)) {
        if x.is_empty() || y.is_empty() {
            return Ok(if x.is_empty() { b.clone() } else { a.clone() });
        }
        let joined = vm.new_exact_bytes(x.len() + y.len(), |out| {
            let (left, right) = out.split_at_mut(x.len());
            left.copy_from_slice(x.as_slice());
            right.copy_from_slice(y.as_slice());
        })?;
        return Ok(joined.into_value());
    }
    let Some(export) = vm.class(b).slots().buffer else {
        return Err(vm.type_error(format!("can't concat {} to {}", vm.type_name(b), vm.type_name(a))));
    };
    let other = export(vm, b, 0)?;
    if T::NAME == "bytes" && other.as_slice().is_empty() {
        return T::unchanged(vm, own);
    }
    let mut out = own.with(|s| s.to_vec());
    vm.check_room(other.len)?;
    out.extend_from_slice(other.as_slice());
    T::make(vm, &out)
}

/// How often `n` copies of `len` bytes may be.
pub fn repeated_len(vm: &Vm, len: usize, n: isize) -> Res<usize> {
    match len.checked_mul(n.max(0) as usize).filter(|t| *t <= isize::MAX as usize) {
        Some(total) => Ok(total),
        None => Err(vm.no_memory()),
    }
}
