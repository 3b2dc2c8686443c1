//! `bytes(...)` and `bytearray(...)`: bytes out of text, counts, buffers and iterables.

use crate::objects::int;
use crate::objects::str::Str;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Args, List, Ref, Tuple, Value};

/// The arguments `(source, encoding, errors)` of either constructor.
pub fn arguments<'a>(vm: &Vm, name: &str, args: Args<'a>) -> Res<[Option<&'a Value>; 3]> {
    let positional = args.pos();
    let given = args.values.len();
    if given > 3 {
        return Err(vm.type_error(format!(
            "{name}() takes at most 3 {}arguments ({given} given)",
            if positional.is_empty() { "keyword " } else { "" }
        )));
    }
    let mut bound: [Option<&Value>; 3] = [None; 3];
    for (slot, value) in bound.iter_mut().zip(positional) {
        *slot = Some(value);
    }
    for (key, value) in args.keywords().iter() {
        let key = key.downcast::<Str>().map(|n| n.to_utf8_lossy().into_owned()).unwrap_or_default();
        let Some(i) = ["source", "encoding", "errors"].iter().position(|n| *n == key) else {
            return Err(crate::native::unexpected_keyword(
                vm,
                name,
                args.keywords(),
                &["source", "encoding", "errors"],
            ));
        };
        if bound[i].is_some() {
            return Err(
                vm.type_error(format!("argument for {name}() given by name ('{key}') and position ({})", i + 1))
            );
        }
        bound[i] = Some(value);
    }
    Ok(bound)
}

fn name_argument<'a>(vm: &Vm, owner: &str, name: &str, value: Option<&'a Value>) -> Res<Option<&'a Ref<Str>>> {
    match value {
        None => Ok(None),
        Some(v) => match v.downcast::<Str>() {
            Some(text) => Ok(Some(text)),
            None => Err(vm.type_error(format!(
                "{owner}() argument '{name}' must be str, not {}",
                if v.is_none() { "None".to_string() } else { vm.type_name(v) }
            ))),
        },
    }
}

/// The text encoded, when `source` is text; errors for arguments that go with text only.
pub fn encoded(vm: &Vm, owner: &str, [source, encoding, errors]: [Option<&Value>; 3]) -> Res<Option<Value>> {
    let encoding = name_argument(vm, owner, "encoding", encoding)?;
    let errors = name_argument(vm, owner, "errors", errors)?;
    let Some(source) = source else {
        if encoding.is_some() {
            return Err(vm.type_error("encoding without a string argument"));
        }
        if errors.is_some() {
            return Err(vm.type_error("errors without a string argument"));
        }
        return Ok(None);
    };
    if let Some(text) = source.downcast::<Str>() {
        if encoding.is_none() {
            // A str of a class of its own may know how to be bytes.
            if owner == "bytes"
                && errors.is_none()
                && source.exact::<Str>(vm).is_none()
                && vm.class(source).lookup(vm, &vm.names().__bytes__).is_some()
            {
                return Ok(None);
            }
            return Err(vm.type_error("string argument without an encoding"));
        }
        let (encoding, errors) = (crate::codecs::c_name(vm, encoding)?, crate::codecs::c_name(vm, errors)?);
        return crate::codecs::encode_text(vm, text, encoding.as_deref(), errors.as_deref()).map(Some);
    }
    if encoding.is_some() {
        return Err(vm.type_error("encoding without a string argument"));
    }
    if errors.is_some() {
        return Err(vm.type_error("errors without a string argument"));
    }
    Ok(None)
}

/// A count of zero bytes, when `source` is an integer (and not a buffer or iterable only).
pub fn count(vm: &Vm, source: &Value) -> Res<Option<usize>> {
    if int::view(source).is_none() && vm.class(source).slots().index.is_none() {
        return Ok(None);
    }
    let n = vm.to_size(source);
    let Some(n) = vm.catch(n, &crate::objects::exceptions::TYPE_ERROR)? else { return Ok(None) };
    match usize::try_from(n) {
        Ok(n) => Ok(Some(n)),
        Err(_) => Err(vm.value_error("negative count")),
    }
}

/// One item of an iterable as a byte.
pub fn byte(vm: &Vm, item: &Value, owner: &str) -> Res<u8> {
    if let Some(i) = item.as_small_int()
        && let Ok(b) = u8::try_from(i)
    {
        return Ok(b);
    }
    match vm.index_as_i128(item)?.and_then(|i| u8::try_from(i).ok()) {
        Some(b) => Ok(b),
        None => Err(vm.value_error(if owner == "bytes" {
            "bytes must be in range(0, 256)"
        } else {
            "byte must be in range(0, 256)"
        })),
    }
}

/// The bytes of a buffer or an iterable of integers.
pub fn from_object(vm: &Vm, source: &Value, owner: &str) -> Res<Vec<u8>> {
    if let Some(export) = vm.class(source).slots().buffer {
        let exported = export(vm, source, crate::objects::buffer::flags::FULL_RO)?;
        return crate::objects::memoryview::contiguous(&exported, vm);
    }
    if let Some(list) = source.exact::<List>(vm) {
        vm.check_room(list.len())?;
        let mut out = Vec::with_capacity(list.len());
        let mut i = 0;
        while let Some(item) = list.get(i) {
            out.push(byte(vm, &item, owner)?);
            i += 1;
        }
        return Ok(out);
    }
    if let Some(tuple) = source.exact::<Tuple>(vm) {
        return tuple.as_slice().iter().map(|item| byte(vm, item, owner)).collect();
    }
    let words = || format!("cannot convert '{}' object to {owner}", vm.type_name(source));
    if source.is_a::<Str>() {
        return Err(vm.type_error(words()));
    }
    let mut out = Vec::new();
    let iterator = vm.iter_or(source, words)?;
    while let Some(item) = vm.next(&iterator)? {
        vm.push_within_limit(&mut out, byte(vm, &item, owner)?)?;
    }
    Ok(out)
}
