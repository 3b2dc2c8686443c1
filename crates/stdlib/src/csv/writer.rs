//! `writer`: joins and quotes fields, and gives each row to the file's `write`.

use super::dialect::{self, Dialect};
use super::error;
use ophi_heap::trace_fields;
use ophi_runtime::objects::exceptions as exc;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::{float, int};
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Payload, Ref, Res, Str, TypeDef, TypeFlags, Value, Vm, layout, methods};

pub struct Writer {
    write: Value,
    dialect: Ref<Dialect>,
}
trace_fields!(Writer { write, dialect });

impl Payload for Writer {
    fn def() -> &'static TypeDef {
        &WRITER
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("writer");
}

pub static WRITER: TypeDef = TypeDef {
    module: "_csv",
    doc: "Writes rows as CSV text.",
    flags: TypeFlags::GC.with(TypeFlags::DISALLOW_INSTANTIATION),
    tables: &[Writer::METHODS],
    ..TypeDef::of::<Writer>("writer", &OBJECT)
};

pub fn new(vm: &Vm, write: Value, dialect: Ref<Dialect>) -> Res {
    Ok(vm.new_object(Writer { write, dialect })?.into_value())
}

fn is_number(vm: &Vm, value: &Value) -> bool {
    let slots = vm.class(value).slots();
    int::view(value).is_some()
        || float::view(value).is_some()
        || slots.index.is_some()
        || slots.int.is_some()
        || slots.float.is_some()
}

/// Appends one field to the row.
fn append(vm: &Vm, d: &Dialect, out: &mut Vec<u32>, text: Option<&Str>, quoted: &mut bool) -> Res<()> {
    let length = text.map_or(0, |text| text.len());
    if !*quoted && let Some(plain) = text.and_then(|text| text.as_ascii()).filter(|text| !d.has_special(text)) {
        vm.reserve_within_limit(out, length + 2)?;
        out.extend(plain.bytes().map(u32::from));
        return Ok(());
    }
    let mut body = Vec::new();
    vm.reserve_within_limit(&mut body, length)?;
    for c in text.into_iter().flat_map(|t| t.code_points()) {
        let special = c == d.delimiter
            || Some(c) == d.escape
            || Some(c) == d.quote
            || c == '\r' as u32
            || c == '\n' as u32
            || d.terminator.contains(&c);
        if special {
            let mut want_escape = d.quoting == dialect::NONE;
            if !want_escape {
                if Some(c) == d.quote {
                    if d.double_quote {
                        body.push(c);
                    } else {
                        want_escape = true;
                    }
                } else if Some(c) == d.escape {
                    want_escape = true;
                }
                if !want_escape {
                    *quoted = true;
                }
            }
            if want_escape {
                let Some(escape) = d.escape else {
                    return Err(error(vm, "need to escape, but no escapechar set"));
                };
                body.push(escape);
            }
        }
        vm.push_within_limit(&mut body, c)?;
    }
    vm.reserve_within_limit(out, body.len() + 2)?;
    if let (true, Some(quote)) = (*quoted, d.quote) {
        out.push(quote);
        out.extend(body);
        out.push(quote);
    } else {
        out.extend(body);
    }
    Ok(())
}

fn write_row(vm: &Vm, writer: &Writer, row: &Value) -> Res {
    let d = &*writer.dialect;
    let iterator = vm.iter(row);
    let iterator = match vm.catch(iterator, &exc::TYPE_ERROR)? {
        Some(iterator) => iterator,
        None => return Err(error(vm, &format!("iterable expected, not {}", vm.type_name(row)))),
    };
    // Most rows are short.
    let mut out = Vec::with_capacity(64);
    let mut count = 0;
    let mut last_empty = false;
    let mut last_none = false;
    while let Some(field) = vm.next(&iterator)? {
        let mut quoted = match d.quoting {
            dialect::NON_NUMERIC => !is_number(vm, &field),
            dialect::ALL => true,
            dialect::STRINGS => field.is_a::<Str>(),
            dialect::NOT_NULL => !field.is_none(),
            _ => false,
        };
        if count > 0 {
            out.push(d.delimiter);
        }
        let text = if field.is_none() { None } else { Some(vm.str(&field)?) };
        let empty = text.as_ref().is_none_or(|t| t.is_empty());
        // A leading space would be skipped by a reader of this dialect.
        if empty && d.delimiter == ' ' as u32 && d.skip_initial_space {
            if d.quoting == dialect::NONE
                || (field.is_none() && (d.quoting == dialect::STRINGS || d.quoting == dialect::NOT_NULL))
            {
                return Err(error(
                    vm,
                    "empty field must be quoted if delimiter is a space and skipinitialspace is true",
                ));
            }
            quoted = true;
        }
        append(vm, d, &mut out, text.as_deref(), &mut quoted)?;
        last_empty = empty && !quoted;
        last_none = field.is_none();
        count += 1;
    }
    if count == 1 && last_empty {
        // Alone in its row an empty field would be no row at all.
        let none_is_bare = last_none && (d.quoting == dialect::STRINGS || d.quoting == dialect::NOT_NULL);
        if d.quoting == dialect::NONE || none_is_bare {
            return Err(error(vm, "single empty field record must be quoted"));
        }
        if let Some(quote) = d.quote {
            out.push(quote);
            out.push(quote);
        }
    }
    out.extend_from_slice(&d.terminator);
    let line = vm.new_str_from_code_points(&out)?.into_value();
    vm.call(&writer.write, &[line])
}

#[methods]
impl Writer {
    #[member]
    fn dialect(_: &Vm, this: &Ref<Writer>) -> Value {
        this.dialect.to_value()
    }

    #[method(doc = "Write one row. What is not a string is written as str() shows it.", sig = "(row, /)")]
    fn writerow(vm: &Vm, this: &Ref<Writer>, row: &Value) -> Res {
        write_row(vm, this, row)
    }

    #[method(doc = "Write each of the rows. What is not a string is written as str() shows it.", sig = "(rows, /)")]
    fn writerows(vm: &Vm, this: &Ref<Writer>, rows: &Value) -> Res<()> {
        let iterator = vm.iter(rows)?;
        while let Some(row) = vm.next(&iterator)? {
            write_row(vm, this, &row)?;
        }
        Ok(())
    }
}
