//! Cutting and joining text, by code points.

use ophi_runtime::objects::str::find::position;
use ophi_runtime::objects::str::{Data, Kind};
use ophi_runtime::{Ref, Res, Str, Vm};

/// The code points `from..to`.
pub fn slice(vm: &Vm, text: &Ref<Str>, from: usize, to: usize) -> Res<Ref<Str>> {
    if from == 0 && to == text.len() {
        return Ok(text.clone());
    }
    match text.data() {
        Data::Ascii(units) => vm.new_ascii(&units[from..to]),
        Data::Latin1(units) => vm.new_latin1(&units[from..to]),
        Data::Ucs2(units) => {
            let units = &units[from..to];
            let max = units.iter().copied().max().unwrap_or(0);
            vm.new_str_from(Kind::for_max(u32::from(max)), units.len(), units.iter().map(|&c| u32::from(c)))
        }
        Data::Ucs4(units) => vm.new_str_from_code_points(&units[from..to]),
    }
}

/// The parts one after another.
pub fn concat(vm: &Vm, parts: &[Ref<Str>]) -> Res<Ref<Str>> {
    let full: Vec<&Ref<Str>> = parts.iter().filter(|part| !part.is_empty()).collect();
    match full.as_slice() {
        [] => vm.new_str(""),
        [only] => Ok((*only).clone()),
        all => {
            let kind = all.iter().map(|part| part.kind()).max().unwrap_or(Kind::Ascii);
            let length = all.iter().map(|part| part.len()).sum();
            if kind <= Kind::Latin1 {
                return vm.new_str_with(kind, length, |out| {
                    let mut at = 0;
                    for part in all {
                        out[at..at + part.len()].copy_from_slice(part.raw());
                        at += part.len();
                    }
                });
            }
            vm.new_str_from(kind, length, all.iter().flat_map(|part| part.code_points()))
        }
    }
}

/// Position of a code point below 0x80 at or after `from`.
pub fn find(text: &Str, wanted: u8, from: usize) -> Option<usize> {
    match text.data() {
        Data::Ascii(units) | Data::Latin1(units) => memchr::memchr(wanted, units.get(from..)?).map(|at| at + from),
        Data::Ucs2(units) => position(units.get(from..)?, wanted).map(|at| at + from),
        Data::Ucs4(units) => position(units.get(from..)?, wanted).map(|at| at + from),
    }
}

/// The text with every line feed written as `newline`.
pub fn replace_line_feeds(vm: &Vm, text: &Ref<Str>, newline: &str) -> Res<Ref<Str>> {
    if newline == "\n" || find(text, b'\n', 0).is_none() {
        return Ok(text.clone());
    }
    let mut out = Vec::with_capacity(text.len() + 16);
    for c in text.code_points() {
        if c == u32::from('\n') {
            out.extend(newline.chars().map(u32::from));
        } else {
            out.push(c);
        }
    }
    vm.new_str_from_code_points(&out)
}
