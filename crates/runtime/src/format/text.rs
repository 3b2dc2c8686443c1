//! Text by a format specification.

use super::spec::{Align, pad, parse, unknown_code};
use crate::objects::str::build::Builder;
use crate::payload::Downcast;
use crate::vm::{Res, Vm};
use crate::{Ref, Str, Value};

/// `str.__format__`.
pub fn format_str(vm: &Vm, value: &Value, spec: &Ref<Str>) -> Res {
    let Some(text) = value.downcast::<Str>() else {
        return Err(vm.type_error("format_str needs a str"));
    };
    if spec.is_empty() {
        return Ok(vm.str(value)?.into_value());
    }
    let parsed = parse(vm, spec, value, false)?;
    match parsed.kind.and_then(char::from_u32) {
        None | Some('s') if parsed.kind.is_none() || parsed.kind == Some('s' as u32) => {}
        _ => return Err(unknown_code(vm, parsed.kind.unwrap_or(0), value)),
    }
    if parsed.sign.is_some() {
        return Err(vm.value_error(if parsed.sign == Some(' ') {
            "Space not allowed in string format specifier"
        } else {
            "Sign not allowed in string format specifier"
        }));
    }
    if parsed.no_negative_zero {
        return Err(vm.value_error("Negative zero coercion (z) not allowed in string format specifier"));
    }
    if parsed.alternate {
        return Err(vm.value_error("Alternate form (#) not allowed in string format specifier"));
    }
    if let Some(g) = parsed.grouping {
        return Err(vm.value_error(format!("Cannot specify '{g}' with 's'.")));
    }
    if parsed.align == Some(Align::AfterSign) {
        return Err(vm.value_error("'=' alignment not allowed in string format specifier"));
    }
    let width = parsed.width.unwrap_or(0);
    let keep = parsed.precision.unwrap_or(usize::MAX).min(text.len());
    if keep == text.len() && width <= text.len() {
        return Ok(vm.str(value)?.into_value());
    }
    vm.check_room(width)?;
    let mut out = Builder::with_capacity(width.max(keep));
    pad(&mut out, &parsed, keep, Align::Left, |out| out.push_data(text.data().part(0, keep)));
    Ok(out.finish(vm)?.into_value())
}
