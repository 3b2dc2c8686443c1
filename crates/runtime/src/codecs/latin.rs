//! ASCII and Latin-1.

use super::errors::{Errors, Replacement};
use crate::Ref;
use crate::objects::bytes::Bytes;
use crate::objects::exceptions::raise_unicode_encode;
use crate::objects::str::build::Builder;
use crate::objects::str::{Data, Str};
use crate::vm::{Res, Vm};

/// Encodes characters below `limit` (128 or 256) as themselves.
pub fn encode(vm: &Vm, text: &Ref<Str>, limit: u32, errors: &mut Errors<'_>) -> Res<Ref<Bytes>> {
    match text.data() {
        Data::Ascii(d) => return vm.new_bytes(d),
        Data::Latin1(d) if limit == 256 => return vm.new_bytes(d),
        _ => {}
    }
    let (encoding, reason) =
        if limit == 128 { ("ascii", "ordinal not in range(128)") } else { ("latin-1", "ordinal not in range(256)") };
    let n = text.len();
    let mut out = Vec::with_capacity(n);
    let mut i = 0;
    while i < n {
        let c = text.at(i);
        if c < limit {
            out.push(c as u8);
            i += 1;
            continue;
        }
        let end = (i..n).find(|k| text.at(*k) < limit).unwrap_or(n);
        let done = errors.encode(vm, encoding, text, (i, end), reason, None)?;
        match done.with {
            Replacement::Bytes(bytes) => out.extend_from_slice(&bytes),
            Replacement::Text(points) => {
                for c in points {
                    if c >= limit {
                        return Err(raise_unicode_encode(vm, encoding, text.as_value(), i, end, reason));
                    }
                    out.push(c as u8);
                }
            }
        }
        i = done.next;
    }
    vm.new_bytes(&out)
}

pub fn decode_ascii(vm: &Vm, bytes: &[u8], errors: &mut Errors<'_>) -> Res<Ref<Str>> {
    if bytes.is_ascii() {
        return vm.new_str_of_data(Data::Ascii(bytes));
    }
    let mut owned: Option<Vec<u8>> = None;
    let mut out = Builder::with_capacity(bytes.len());
    let mut i = 0;
    loop {
        let bytes: &[u8] = owned.as_deref().unwrap_or(bytes);
        let Some(&b) = bytes.get(i) else { break };
        if b < 128 {
            out.push(b as u32);
            i += 1;
            continue;
        }
        let done = errors.decode(vm, "ascii", bytes, (i, i + 1), "ordinal not in range(128)")?;
        done.with.iter().for_each(|c| out.push(*c));
        i = done.next;
        if let Some(other) = done.object {
            owned = Some(other);
        }
    }
    out.finish(vm)
}
