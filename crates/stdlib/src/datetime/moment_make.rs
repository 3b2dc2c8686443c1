//! Making datetimes: from fields, pickled states, dates and times, texts.

use super::calendar::{check_date, check_time};
use super::date::{Date, pickled};
use super::moment::{DATETIME, Fields, Moment, NAMES};
use super::text;
use super::time::micros_of_state;
use super::zone::check_tzinfo;
use crate::support::args::{bind_positional, c_int};
use ophi_runtime::{Args, Res, Tuple, TypeRef, Value, Vm};

/// `cls(*values)`, with `fold=1` when it is set.
pub fn call_with_fold(vm: &Vm, cls: &TypeRef, mut values: Vec<Value>, fold: i32) -> Res {
    if fold == 0 {
        return vm.call(cls.as_value(), &values);
    }
    values.push(Value::int32(fold));
    let names = Tuple::from_vec(vm, vec![vm.intern("fold")?.into_value()])?;
    vm.call_args(cls.as_value(), Args { values: &values, names: Some(&names) })
}

/// A datetime of class `cls`; subclasses are called.
pub fn moment_of(vm: &Vm, cls: &TypeRef, fields: Fields, tzinfo: &Value) -> Res {
    if cls.is(vm.ty(&DATETIME)) {
        return checked(vm, cls, fields, tzinfo);
    }
    let Fields { year, month, day, hour, minute, second, micro, fold } = fields;
    let mut values: Vec<Value> =
        [year, month, day, hour, minute, second, micro].iter().map(|i| Value::int32(*i)).collect();
    values.push(tzinfo.clone());
    call_with_fold(vm, cls, values, fold)
}

fn checked(vm: &Vm, cls: &TypeRef, fields: Fields, tzinfo: &Value) -> Res {
    check_date(vm, fields.year, fields.month, fields.day)?;
    check_time(vm, fields.hour, fields.minute, fields.second, fields.micro, fields.fold)?;
    check_tzinfo(vm, tzinfo)?;
    Ok(vm.new_instance(cls, Moment::bare(fields, tzinfo.clone()))?.into_value())
}

pub fn construct(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if let (1..=2, false) = (args.values.len(), args.has_keywords())
        && let Some(bytes) = pickled(vm, &args.values[0], 10, "datetime", Some(2))?
    {
        let tzinfo = args.values.get(1).cloned().unwrap_or(Value::NONE);
        if check_tzinfo(vm, &tzinfo).map_err(|raised| vm.forget(raised)).is_err() {
            return Err(vm.type_error("bad tzinfo state arg"));
        }
        let fields = Fields {
            year: i32::from(u16::from_be_bytes([bytes[0], bytes[1]])),
            month: i32::from(bytes[2] & 0x7f),
            day: bytes[3].into(),
            hour: bytes[4].into(),
            minute: bytes[5].into(),
            second: bytes[6].into(),
            micro: micros_of_state(&bytes[7..]),
            fold: i32::from(bytes[2] >> 7),
        };
        return Ok(vm.new_instance(cls, Moment::bare(fields, tzinfo))?.into_value());
    }
    let mut bound = [None; 9];
    bind_positional(vm, "", &NAMES, 3, 8, args, &mut bound)?;
    let field = |i: usize| bound[i].map_or(Ok(0), |value| c_int(vm, value));
    let fields = Fields {
        year: field(0)?,
        month: field(1)?,
        day: field(2)?,
        hour: field(3)?,
        minute: field(4)?,
        second: field(5)?,
        micro: field(6)?,
        fold: field(8)?,
    };
    checked(vm, cls, fields, &bound[7].cloned().unwrap_or(Value::NONE))
}

/// `datetime.fromisoformat`
pub fn from_iso_text(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
    let ascii = text::ascii_of(vm, object)?;
    let invalid = || Err(text::invalid(vm, object));
    if ascii.len() < 7 {
        return invalid();
    }
    let Some(at) = text::separator_at(&ascii) else { return invalid() };
    let Some((year, month, day)) = ascii.get(..at).and_then(text::parse_date) else { return invalid() };
    let mut fields = Fields { year, month, day, ..Fields::default() };
    let mut zone = Value::NONE;
    if ascii.len() > at {
        let Some(clock) = text::parse_time(vm, &ascii[at + 1..])? else { return invalid() };
        [fields.hour, fields.minute, fields.second, fields.micro] = clock.parts;
        zone = clock.zone;
        text::settle_midnight(vm, &mut fields)?;
    }
    moment_of(vm, cls, fields, &zone)
}

/// The fields of a date at midnight.
pub fn at_midnight(date: &Date) -> Fields {
    Fields { year: date.year(), month: date.month(), day: date.day(), ..Fields::default() }
}
