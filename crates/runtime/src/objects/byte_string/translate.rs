//! `translate` and `maketrans` of bytes, and `join`.

use super::args::like;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{List, Tuple, Value};

/// The bytes without those of `deleted`, the others replaced through `table`; `None` when nothing changed. A table has 256 bytes.
pub fn translate(text: &[u8], table: Option<&[u8]>, deleted: &[u8]) -> Option<Vec<u8>> {
    if let (Some(table), []) = (table, deleted) {
        let out: Vec<u8> = text.iter().map(|b| table[*b as usize]).collect();
        return (out != text).then_some(out);
    }
    let mut gone = [false; 256];
    deleted.iter().for_each(|b| gone[*b as usize] = true);
    let same: [u8; 256] = core::array::from_fn(|i| i as u8);
    let table = table.and_then(|table| table.first_chunk::<256>()).unwrap_or(&same);
    let mut out = vec![0; text.len()];
    let mut len = 0;
    for &b in text {
        // Written over by the next one when it is to go.
        if let Some(place) = out.get_mut(len) {
            *place = table[b as usize];
        }
        len += !gone[b as usize] as usize;
    }
    out.truncate(len);
    (out != text).then_some(out)
}

pub fn maketrans(vm: &Vm, from: &[u8], to: &[u8]) -> Res {
    if from.len() != to.len() {
        return Err(vm.value_error("maketrans arguments must have same length"));
    }
    let mut table: [u8; 256] = core::array::from_fn(|i| i as u8);
    from.iter().zip(to).for_each(|(a, b)| table[*a as usize] = *b);
    Ok(vm.new_bytes(&table)?.into_value())
}

/// The items with `sep` between them.
pub fn join(vm: &Vm, sep: &[u8], iterable: &Value) -> Res<Vec<u8>> {
    let list = iterable.exact::<List>(vm);
    let items = if let Some(tuple) = iterable.exact::<Tuple>(vm) {
        tuple.as_slice().to_vec()
    } else if let Some(list) = list {
        list.to_vec()
    } else {
        vm.collect_or(iterable, || "can only join an iterable".into())?
    };
    let mut out = Vec::new();
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            out.extend_from_slice(sep);
        }
        if let Some(bytes) = item.downcast::<crate::objects::bytes::Bytes>() {
            vm.check_room(bytes.len())?;
            out.extend_from_slice(bytes.as_slice());
            continue;
        }
        if vm.class(item).slots().buffer.is_none() {
            return Err(
                vm.type_error(format!("sequence item {i}: expected a bytes-like object, {} found", vm.type_name(item)))
            );
        }
        // An export may run code; a list that it makes longer or shorter is given up.
        let part = like(vm, item)?;
        if list.is_some_and(|list| list.len() != items.len()) {
            return Err(vm.runtime_error("sequence changed size during iteration"));
        }
        vm.check_room(part.len())?;
        out.extend_from_slice(&part);
    }
    Ok(out)
}
