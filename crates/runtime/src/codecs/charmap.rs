//! Encodings of one byte a character, told by a mapping.

use super::errors::{Errors, Replacement};
use crate::objects::bytes::Bytes;
use crate::objects::dict::Dict;
use crate::objects::exceptions::{LOOKUP_ERROR, raise_unicode_encode};
use crate::objects::int;
use crate::objects::str::Str;
use crate::objects::str::build::Builder;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

const UNDEFINED: u32 = 0xfffe;
const REASON: &str = "character maps to <undefined>";

/// What the mapping has for a byte; `None`: undefined.
fn decoded(vm: &Vm, mapping: &Value, b: u8, out: &mut Builder) -> Res<bool> {
    if let Some(table) = mapping.exact::<Str>(vm) {
        return Ok(if (b as usize) < table.len() && table.at(b as usize) != UNDEFINED {
            out.push(table.at(b as usize));
            true
        } else {
            false
        });
    }
    let found = vm.get_item(mapping, &Value::int32(b as i32));
    let Some(found) = vm.catch(found, &LOOKUP_ERROR)? else { return Ok(false) };
    if found.is_none() {
        return Ok(false);
    }
    if let Some(text) = found.downcast::<Str>() {
        if text.len() == 1 && text.at(0) == UNDEFINED {
            return Ok(false);
        }
        out.push_str(text);
        return Ok(true);
    }
    match int::view(&found) {
        Some(i) => match i.to_i64().and_then(|i| u32::try_from(i).ok()).filter(|c| *c < 0x110000) {
            Some(UNDEFINED) => Ok(false),
            Some(c) => {
                out.push(c);
                Ok(true)
            }
            None => Err(vm.type_error("character mapping must be in range(0x110000)")),
        },
        None => Err(vm.type_error("character mapping must return integer, None or str")),
    }
}

pub fn decode(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>, mapping: &Value) -> Res<Ref<Str>> {
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len());
    let mut i = 0;
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let Some(&b) = bytes.get(i) else { break };
        if decoded(vm, mapping, b, &mut out)? {
            i += 1;
            continue;
        }
        let done = errors.decode(vm, "charmap", bytes, (i, i + 1), REASON)?;
        done.with.iter().for_each(|c| out.push(*c));
        i = done.next;
        owned = done.object.or(owned);
    }
    out.finish(vm)
}

/// Appends what the mapping has for a character; false: undefined.
fn encoded(vm: &Vm, mapping: &Value, c: u32, out: &mut Vec<u8>) -> Res<bool> {
    let found = vm.get_item(mapping, &vm.new_int(c as i64)?);
    let Some(found) = vm.catch(found, &LOOKUP_ERROR)? else { return Ok(false) };
    if found.is_none() {
        return Ok(false);
    }
    if let Some(bytes) = found.downcast::<Bytes>() {
        out.extend_from_slice(bytes.as_slice());
        return Ok(true);
    }
    match int::view(&found) {
        Some(i) => match i.to_i64().and_then(|i| u8::try_from(i).ok()) {
            Some(b) => {
                out.push(b);
                Ok(true)
            }
            None => Err(vm.type_error("character mapping must be in range(256)")),
        },
        None => Err(vm
            .type_error(format!("character mapping must return integer, bytes or None, not {}", vm.type_name(&found)))),
    }
}

pub fn encode(vm: &Vm, text: &Ref<Str>, errors: &mut Errors<'_>, mapping: &Value) -> Res<Ref<Bytes>> {
    let n = text.len();
    let mut out = Vec::with_capacity(n);
    let mut i = 0;
    while i < n {
        if encoded(vm, mapping, text.at(i), &mut out)? {
            i += 1;
            continue;
        }
        let mut end = i + 1;
        let mut scratch = Vec::new();
        while end < n && !encoded(vm, mapping, text.at(end), &mut scratch)? {
            end += 1;
        }
        let done = errors.encode(vm, "charmap", text, (i, end), REASON, None)?;
        match done.with {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(points) => {
                for c in points {
                    if !encoded(vm, mapping, c, &mut out)? {
                        return Err(raise_unicode_encode(vm, "charmap", text.as_value(), i, end, REASON));
                    }
                }
            }
        }
        i = done.next;
    }
    vm.new_bytes(&out)
}

/// The encoding map for a decoding table.
pub fn build(vm: &Vm, table: &Str) -> Res {
    let map = Dict::new(vm)?;
    for (i, c) in table.code_points().take(256).enumerate() {
        if c != UNDEFINED {
            map.set(vm, &vm.new_int(c as i64)?, Value::int32(i as i32))?;
        }
    }
    Ok(map.into_value())
}
