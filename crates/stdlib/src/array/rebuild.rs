//! Pickled arrays name the machine's format; another machine's bytes are converted item by item.

use super::items::Code;
use super::{ARRAY, Array};
use ophi_runtime::payload::{Downcast, into_ref};
use ophi_runtime::{Res, Str, Type, Value, Vm, methods};

/// CPython's `enum machine_format_code` for this (little-endian, 64-bit) machine.
pub fn machine_format(code: Code) -> i64 {
    match code.0 {
        b'B' => 0,
        b'b' => 1,
        b'H' => 2,
        b'h' => 4,
        b'I' => 6,
        b'i' => 8,
        b'L' | b'Q' => 10,
        b'l' | b'q' => 12,
        b'f' => 14,
        b'd' => 16,
        _ => 20,
    }
}

/// (bytes of an item, big-endian, type code that reads it)
fn layout(format: i64) -> Option<(usize, bool, u8)> {
    Some(match format {
        0 => (1, false, b'B'),
        1 => (1, false, b'b'),
        2 | 3 => (2, format == 3, b'H'),
        4 | 5 => (2, format == 5, b'h'),
        6 | 7 => (4, format == 7, b'I'),
        8 | 9 => (4, format == 9, b'i'),
        10 | 11 => (8, format == 11, b'Q'),
        12 | 13 => (8, format == 13, b'q'),
        14 | 15 => (4, format == 15, b'f'),
        16 | 17 => (8, format == 17, b'd'),
        18 | 19 => (2, format == 19, b'H'),
        20 | 21 => (4, format == 21, b'w'),
        _ => return None,
    })
}

pub struct Functions;

#[methods]
impl Functions {
    #[function(doc = "Internal. Used for pickling support.", sig = "(arraytype, typecode, mformat_code, items, /)")]
    fn _array_reconstructor(vm: &Vm, arraytype: &Value, typecode: &Value, mformat_code: i64, items: &Value) -> Res {
        let Some(class) = arraytype.downcast::<Type>() else {
            let got = vm.type_name(arraytype);
            return Err(vm.type_error(format!("first argument must be a type object, not {got}")));
        };
        if !class.is_subtype(vm.ty(&ARRAY)) {
            return Err(vm.type_error(format!("{} is not a subtype of array.array", class.full_name())));
        }
        let Some(code) = typecode.downcast::<Str>().filter(|t| t.len() == 1).and_then(|t| Code::parse(t.at(0))) else {
            return Err(vm.value_error("second argument must be a valid type code"));
        };
        let Some((size, big_endian, reader)) = layout(mformat_code) else {
            return Err(vm.value_error("third argument must be a valid machine format code."));
        };
        let Some(bytes) = items.downcast::<ophi_runtime::objects::bytes::Bytes>().map(|b| b.as_slice().to_vec()) else {
            let got = vm.type_name(items);
            return Err(vm.type_error(format!("fourth argument should be bytes, not {got}")));
        };
        if bytes.len() % size != 0 {
            return Err(vm.value_error("bytes length not a multiple of item size"));
        }
        let made = vm.call(arraytype, core::slice::from_ref(typecode))?;
        let array = into_ref::<Array>(made).map_err(|_| vm.type_error("an array is required"))?;
        if !big_endian && size == code.size() && layout(machine_format(code)).is_some_and(|l| l.2 == reader) {
            array.add_bytes(vm, &bytes)?;
            return Ok(array.into_value());
        }
        if matches!(mformat_code, 18 | 19) {
            let units = bytes.chunks_exact(2).map(|unit| match big_endian {
                true => u16::from_be_bytes([unit[0], unit[1]]),
                false => u16::from_le_bytes([unit[0], unit[1]]),
            });
            for c in char::decode_utf16(units) {
                let point = c.map_or_else(|lone| u32::from(lone.unpaired_surrogate()), u32::from);
                array.push(vm, vm.new_char(point)?.as_value())?;
            }
            return Ok(array.into_value());
        }
        for item in bytes.chunks(size) {
            let mut word = [0u8; 8];
            word[..size].copy_from_slice(item);
            if big_endian {
                word[..size].reverse();
            }
            array.push(vm, &Code(reader).read(vm, word)?)?;
        }
        Ok(array.into_value())
    }
}
