//! `[[fill]align][sign]["z"]["#"]["0"][width][grouping]["." precision [grouping]][type]`.

use crate::objects::str::build::Builder;
use crate::vm::{Raised, Res, Vm};
use crate::{Str, Value};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Align {
    Left,
    Right,
    Center,
    /// Padding between sign and digits.
    AfterSign,
}

#[derive(Clone, Debug)]
pub struct Spec {
    pub fill: u32,
    pub align: Option<Align>,
    pub sign: Option<char>,
    pub no_negative_zero: bool,
    pub alternate: bool,
    pub width: Option<usize>,
    /// `,` or `_` between groups of the whole part.
    pub grouping: Option<char>,
    pub precision: Option<usize>,
    /// `,` or `_` between groups of the fraction.
    pub fraction_grouping: Option<char>,
    /// Presentation type.
    pub kind: Option<u32>,
}

fn align_of(c: u32) -> Option<Align> {
    match char::from_u32(c)? {
        '<' => Some(Align::Left),
        '>' => Some(Align::Right),
        '^' => Some(Align::Center),
        '=' => Some(Align::AfterSign),
        _ => None,
    }
}

fn invalid(vm: &Vm, spec: &Str, value: &Value) -> Raised {
    vm.value_error(format!(
        "Invalid format specifier '{}' for object of type '{}'",
        spec.to_utf8_lossy(),
        vm.type_name(value)
    ))
}

/// Reads a specification; `default_align` only tells how `0` fills.
pub fn parse(vm: &Vm, text: &Str, value: &Value, is_number: bool) -> Res<Spec> {
    let n = text.len();
    let ascii = text.as_ascii().map(str::as_bytes);
    let at = |i: usize| match ascii {
        Some(ascii) => ascii.get(i).map(|b| *b as char),
        None if i < n => char::from_u32(text.at(i)),
        None => None,
    };
    let mut spec = Spec {
        fill: ' ' as u32,
        align: None,
        sign: None,
        no_negative_zero: false,
        alternate: false,
        width: None,
        grouping: None,
        precision: None,
        fraction_grouping: None,
        kind: None,
    };
    let mut i = 0;
    let mut fill_given = false;
    if n >= 2
        && let Some(align) = align_of(text.at(1))
    {
        spec.fill = text.at(0);
        fill_given = true;
        spec.align = Some(align);
        i = 2;
    } else if n > 0
        && let Some(align) = align_of(text.at(0))
    {
        spec.align = Some(align);
        i = 1;
    }
    if let Some(s @ ('+' | '-' | ' ')) = at(i) {
        spec.sign = Some(s);
        i += 1;
    }
    if at(i) == Some('z') {
        spec.no_negative_zero = true;
        i += 1;
    }
    if at(i) == Some('#') {
        spec.alternate = true;
        i += 1;
    }
    if !fill_given && at(i) == Some('0') {
        spec.fill = '0' as u32;
        if spec.align.is_none() && is_number {
            spec.align = Some(Align::AfterSign);
        }
        i += 1;
    }
    let digits = |i: &mut usize| -> Res<Option<usize>> {
        let start = *i;
        let mut n: usize = 0;
        while let Some(d) = at(*i).and_then(|c| c.to_digit(10)) {
            n = match n.checked_mul(10).and_then(|n| n.checked_add(d as usize)) {
                Some(n) if n <= isize::MAX as usize => n,
                _ => return Err(vm.value_error("Too many decimal digits in format string")),
            };
            *i += 1;
        }
        Ok((*i > start).then_some(n))
    };
    spec.width = digits(&mut i)?;
    let grouping = |i: &mut usize, whole: bool| -> Res<Option<char>> {
        let mut found = None;
        if at(*i) == Some(',') {
            found = Some(',');
            *i += 1;
        }
        if at(*i) == Some('_') {
            if found.is_some() {
                return Err(vm.value_error("Cannot specify both ',' and '_'."));
            }
            found = Some('_');
            *i += 1;
        }
        if at(*i) == Some(',') && found.is_some() {
            if found == Some('_') {
                return Err(vm.value_error("Cannot specify both ',' and '_'."));
            }
            if whole {
                return Err(vm.value_error("Cannot specify ',' with ','."));
            }
        }
        Ok(found)
    };
    spec.grouping = grouping(&mut i, true)?;
    if at(i) == Some('.') {
        i += 1;
        spec.precision = digits(&mut i)?;
        spec.fraction_grouping = grouping(&mut i, false)?;
        if spec.precision.is_none() && spec.fraction_grouping.is_none() {
            return Err(vm.value_error("Format specifier missing precision"));
        }
    }
    match n - i {
        0 => {}
        1 => spec.kind = Some(text.at(i)),
        _ => return Err(invalid(vm, text, value)),
    }
    if let Some(g) = spec.fraction_grouping
        && spec.kind == Some('n' as u32)
    {
        return Err(vm.value_error(format!("Cannot specify '{g}' with 'n'.")));
    }
    if let Some(g) = spec.grouping {
        let kind = spec.kind.and_then(char::from_u32).or((!is_number).then_some('s'));
        let ok = match kind {
            None | Some('d' | 'e' | 'f' | 'g' | 'E' | 'G' | '%' | 'F') => true,
            Some('b' | 'o' | 'x' | 'X') => g == '_',
            _ => false,
        };
        if !ok {
            return Err(match kind {
                Some(k) if (' ' as u32) < k as u32 && (k as u32) < 128 => {
                    vm.value_error(format!("Cannot specify '{g}' with '{k}'."))
                }
                _ => vm.value_error(format!("Cannot specify '{g}' with '\\x{:x}'.", spec.kind.unwrap_or(0))),
            });
        }
    }
    Ok(spec)
}

/// ValueError "Unknown format code 'y' for object of type 'int'".
pub fn unknown_code(vm: &Vm, kind: u32, value: &Value) -> Raised {
    let name = vm.type_name(value);
    match char::from_u32(kind) {
        Some(k) if kind > 32 && kind < 128 => {
            vm.value_error(format!("Unknown format code '{k}' for object of type '{name}'"))
        }
        _ => vm.value_error(format!("Unknown format code '\\x{kind:x}' for object of type '{name}'")),
    }
}

/// Appends what `body` writes (`len` code points), padded to the width; `default` is the alignment of the type.
pub fn pad(out: &mut Builder, spec: &Spec, len: usize, default: Align, body: impl FnOnce(&mut Builder)) {
    let missing = spec.width.unwrap_or(0).saturating_sub(len);
    let left = match spec.align.unwrap_or(default) {
        Align::Left => 0,
        Align::Right | Align::AfterSign => missing,
        Align::Center => missing / 2,
    };
    out.repeat(spec.fill, left);
    body(out);
    out.repeat(spec.fill, missing - left);
}
