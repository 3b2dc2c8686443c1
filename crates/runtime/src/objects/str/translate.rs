//! `str.translate` and `str.maketrans`.

use super::Str;
use super::build::Builder;
use crate::objects::dict::Dict;
use crate::objects::exceptions::LOOKUP_ERROR;
use crate::objects::int;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Value};

/// What the table has for a character.
enum Entry {
    Same,
    Deleted,
    Char(u32),
    Text(Ref<Str>),
}

fn look_up(vm: &Vm, table: &Value, c: u32) -> Res<Entry> {
    let key = vm.new_int(c as i64)?;
    let found = match table.exact::<Dict>(vm) {
        Some(dict) => dict.get(vm, &key)?,
        None => vm.catch(vm.get_item(table, &key), &LOOKUP_ERROR)?,
    };
    let Some(found) = found else { return Ok(Entry::Same) };
    if found.is_none() {
        return Ok(Entry::Deleted);
    }
    if let Some(text) = found.downcast::<Str>() {
        return Ok(match text.len() {
            1 => Entry::Char(text.at(0)),
            _ => Entry::Text(text.clone()),
        });
    }
    match int::view(&found) {
        Some(i) => match i.to_i64().and_then(|i| u32::try_from(i).ok()).filter(|c| *c <= 0x10ffff) {
            Some(c) => Ok(Entry::Char(c)),
            None => Err(vm.value_error("character mapping must be in range(0x110000)")),
        },
        None => Err(vm.type_error("character mapping must return integer, None or str")),
    }
}

/// So many characters are translated at once when all are known.
const BLOCK: usize = 16;

/// What is known of an ASCII character: below 128 what it becomes, else one of these.
const UNKNOWN: u8 = 0xff;
const DELETED: u8 = 0xfe;
/// Not a single ASCII character.
const OTHER: u8 = 0xfd;

/// Looks an ASCII character up, which is done once for each.
fn learn(vm: &Vm, table: &Value, known: &mut [u8; 128], c: u8) -> Res<Entry> {
    let entry = look_up(vm, table, c as u32)?;
    known[c as usize] = match &entry {
        Entry::Same => c,
        Entry::Deleted => DELETED,
        Entry::Char(d) if *d < 128 => *d as u8,
        _ => OTHER,
    };
    Ok(entry)
}

pub fn translate(vm: &Vm, text: &Ref<Str>, table: &Value) -> Res {
    let mut known = [UNKNOWN; 128];
    // Beyond plain ASCII CPython asks the table for every character; only a dict does not notice.
    let keeps = table.exact::<Dict>(vm).is_some();
    let Some(ascii) = text.as_ascii() else {
        return translate_rest(vm, Builder::with_capacity(text.len()), text, 0, table, keeps.then_some(&mut known));
    };
    vm.check_room(ascii.len())?;
    let bytes = ascii.as_bytes();
    let mut made = vec![0u8; bytes.len()];
    let (mut len, mut i) = (0, 0);
    let mut block_end = 0;
    loop {
        // What is known already, many at a time; a block with something else in it, one by one.
        if i >= block_end {
            (i, len) = translate_known(bytes, i, &known, &mut made, len);
            block_end = i + BLOCK;
        }
        let Some(&b) = bytes.get(i) else { break };
        if known[b as usize & 127] == UNKNOWN {
            learn(vm, table, &mut known, b)?;
        }
        let to = known[b as usize & 127];
        if to == OTHER {
            // From here on anything may come.
            let mut out = Builder::with_capacity(ascii.len());
            out.push_data(super::Data::Ascii(&made[..len]));
            return translate_rest(vm, out, text, i, table, keeps.then_some(&mut known));
        }
        if let Some(place) = made.get_mut(len) {
            *place = to;
        }
        len += (to != DELETED) as usize;
        i += 1;
    }
    Ok(vm.new_str_of_data(super::Data::Ascii(&made[..len]))?.into_value())
}

/// Translates blocks of characters of which each is known to become an ASCII character or nothing. From the `i`-th character on, writing from
/// `len` on; returns both as they are then.
fn translate_known(text: &[u8], mut i: usize, known: &[u8; 128], made: &mut [u8], mut len: usize) -> (usize, usize) {
    while let Some(block) = text.get(i..).and_then(|rest| rest.first_chunk::<BLOCK>())
        && let Some(out) = made.get_mut(len..).and_then(|rest| rest.first_chunk_mut::<BLOCK>())
    {
        let to = block.map(|b| known[b as usize & 127]);
        let mut kept = BLOCK;
        if to.iter().fold(0, |all, b| all | b) >= 0x80 {
            if to.iter().any(|b| *b == UNKNOWN || *b == OTHER) {
                break;
            }
            kept = 0;
            let mut packed = [0; BLOCK];
            for b in to {
                // There are no more than were looked at.
                packed[kept & (BLOCK - 1)] = b;
                kept += (b != DELETED) as usize;
            }
            *out = packed;
        } else {
            *out = to;
        }
        i += BLOCK;
        len += kept;
    }
    (i, len)
}

/// From the `i`-th character on. `known`: may be relied on and added to.
fn translate_rest(
    vm: &Vm,
    mut out: Builder,
    text: &Str,
    mut i: usize,
    table: &Value,
    mut known: Option<&mut [u8; 128]>,
) -> Res {
    while i < text.len() {
        let c = text.at(i);
        i += 1;
        let entry = match &mut known {
            Some(known) if c < 128 => match known[c as usize] {
                UNKNOWN => learn(vm, table, known, c as u8)?,
                DELETED => Entry::Deleted,
                OTHER => look_up(vm, table, c)?,
                to => Entry::Char(to as u32),
            },
            _ => look_up(vm, table, c)?,
        };
        if matches!(entry, Entry::Deleted) && known.is_none() {
            // CPython looks for the end of what is deleted, and asks for the character there again.
            while i < text.len() && matches!(look_up(vm, table, text.at(i))?, Entry::Deleted) {
                i += 1;
            }
        }
        emit(&mut out, c, entry);
    }
    Ok(out.finish(vm)?.into_value())
}

fn emit(out: &mut Builder, c: u32, entry: Entry) {
    match entry {
        Entry::Same => out.push(c),
        Entry::Deleted => {}
        Entry::Char(c) => out.push(c),
        Entry::Text(text) => out.push_str(&text),
    }
}

pub fn maketrans(vm: &Vm, x: &Value, y: Option<&Value>, z: Option<&Value>) -> Res {
    let table = Dict::new(vm)?;
    let Some(y) = y else {
        if x.exact::<Dict>(vm).is_none() {
            return Err(vm.type_error("if you give only one argument to maketrans it must be a dict"));
        }
        let Some(source) = x.downcast::<Dict>() else { return Err(vm.type_error("dict required")) };
        for (key, value) in source.items() {
            if let Some(text) = key.downcast::<Str>() {
                if text.len() != 1 {
                    return Err(vm.value_error("string keys in translatetable must be of length 1"));
                }
                table.set(vm, &vm.new_int(text.at(0) as i64)?, value)?;
            } else if int::view(&key).is_some() {
                table.set(vm, &key, value)?;
            } else {
                return Err(vm.type_error("keys in translatetable must be strings or integers"));
            }
        }
        return Ok(table.into_value());
    };
    let Some(from) = x.downcast::<Str>() else {
        return Err(vm.type_error("first maketrans argument must be a string if there is a second argument"));
    };
    let Some(to) = y.downcast::<Str>() else {
        return Err(vm.type_error(format!("maketrans() argument 2 must be str, not {}", vm.type_name(y))));
    };
    if from.len() != to.len() {
        return Err(vm.value_error("the first two maketrans arguments must have equal length"));
    }
    for (a, b) in from.code_points().zip(to.code_points()) {
        table.set(vm, &vm.new_int(a as i64)?, vm.new_int(b as i64)?)?;
    }
    if let Some(z) = z {
        let Some(deleted) = z.downcast::<Str>() else {
            return Err(vm.type_error(format!("maketrans() argument 3 must be str, not {}", vm.type_name(z))));
        };
        for c in deleted.code_points() {
            table.set(vm, &vm.new_int(c as i64)?, Value::NONE)?;
        }
    }
    Ok(table.into_value())
}
