//! Between POSIX timestamps and fields: UTC and the system's local time.
//!
//! Seconds are counted from the start of year 1, so that they are never negative inside the calendar.

use super::calendar::{MAX_YEAR, MIN_YEAR, to_ordinal};
use super::moment::{Fields, moment_of};
use super::zone;
use crate::support::errors::OrOsError;
use crate::support::host;
use ophi_host::Tm;
use ophi_runtime::objects::float;
use ophi_runtime::{Raised, Res, TypeRef, Value, Vm};

/// 1970-01-01 in seconds from the start of year 1 (which is day 1).
pub const EPOCH: i64 = 719_163 * 86_400;
/// No change of a zone's offset is larger.
const MAX_FOLD: i64 = 24 * 3600;

pub fn seconds_of(year: i32, month: i32, day: i32, hour: i32, minute: i32, second: i32) -> i64 {
    (i64::from(to_ordinal(year, month, day)) * 24 + i64::from(hour)) * 3600 + i64::from(minute * 60 + second)
}

#[cold]
fn out_of_range(vm: &Vm) -> Raised {
    vm.overflow_error("timestamp out of range for platform time_t")
}

pub fn local_fields(vm: &Vm, seconds: i64) -> Res<Tm> {
    host(vm).localtime(seconds).or_os_error(vm)
}

/// Local time as seconds, of a moment in UTC.
fn local(vm: &Vm, utc: i64) -> Res<i64> {
    let tm = local_fields(vm, utc - EPOCH)?;
    let year = tm.year + 1900;
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(vm.value_error(format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}")));
    }
    Ok(seconds_of(year, tm.mon + 1, tm.mday, tm.hour, tm.min, tm.sec))
}

/// UTC seconds of a local time; `fold` chooses where there are two, and the side of a gap.
pub fn from_local(vm: &Vm, t: i64, fold: bool) -> Res<i64> {
    let a = local(vm, t)? - t;
    let first = t - a;
    let there = local(vm, first)?;
    let b;
    if there == t {
        // One solution. There may be an earlier (or later) one.
        let other = if fold { first + MAX_FOLD } else { first - MAX_FOLD };
        b = local(vm, other)? - other;
        if a == b {
            return Ok(first);
        }
    } else {
        b = there - first;
    }
    let second = t - b;
    if local(vm, second)? == t {
        return Ok(second);
    }
    if there == t {
        return Ok(first);
    }
    // A gap: neither offset gives this time.
    Ok(if fold { first.min(second) } else { first.max(second) })
}

/// Seconds and microseconds of a timestamp, rounded half to even.
pub fn timestamp(vm: &Vm, value: &Value) -> Res<(i64, i32)> {
    if let Some(f) = float::view(value) {
        if f.is_nan() {
            return Err(vm.value_error("Invalid value NaN (not a number)"));
        }
        let mut whole = f.trunc();
        let mut micros = (f.fract() * 1e6).round_ties_even();
        if micros >= 1e6 {
            micros -= 1e6;
            whole += 1.0;
        } else if micros < 0.0 {
            micros += 1e6;
            whole -= 1.0;
        }
        return Ok((whole_seconds(vm, whole)?, micros as i32));
    }
    if vm.class(value).slots().index.is_none() {
        return Err(vm.type_error(format!("argument must be int or float, not {}", vm.type_name(value))));
    }
    Ok((integer_seconds(vm, value)?, 0))
}

fn whole_seconds(vm: &Vm, f: f64) -> Res<i64> {
    if !(-9.223_372_036_854_775_8e18..9.223_372_036_854_775_8e18).contains(&f) {
        return Err(out_of_range(vm));
    }
    Ok(f as i64)
}

fn integer_seconds(vm: &Vm, value: &Value) -> Res<i64> {
    match vm.index_as_i128(value)?.and_then(|i| i64::try_from(i).ok()) {
        Some(seconds) => Ok(seconds),
        None => Err(out_of_range(vm)),
    }
}

/// Whole seconds of a timestamp, rounded down.
pub fn timestamp_floor(vm: &Vm, value: &Value) -> Res<i64> {
    match float::view(value) {
        Some(f) if f.is_nan() => Err(vm.value_error("Invalid value NaN (not a number)")),
        Some(f) => whole_seconds(vm, f.floor()),
        None => integer_seconds(vm, value),
    }
}

/// Now: seconds and microseconds.
pub fn now(vm: &Vm) -> Res<(i64, i32)> {
    let ns = host(vm).now_real().or_os_error(vm)?;
    Ok((ns.div_euclid(1_000_000_000), (ns.rem_euclid(1_000_000_000) / 1000) as i32))
}

/// A datetime of class `cls` from a timestamp: in local time without a zone (and unless `utc`), else what the zone makes of it.
pub fn moment_at(vm: &Vm, cls: &TypeRef, seconds: i64, micros: i32, zone: &Value, utc: bool) -> Res {
    let is_local = zone.is_none() && !utc;
    let tm = match is_local {
        true => local_fields(vm, seconds)?,
        false => host(vm).gmtime(seconds).or_os_error(vm)?,
    };
    let year = tm.year + 1900;
    // Leap seconds count as the one before.
    let second = tm.sec.min(59);
    let mut fold = 0;
    if is_local && (MIN_YEAR..=MAX_YEAR).contains(&year) && seconds + EPOCH - MAX_FOLD > 86_400 * 2 {
        // The same local time may have been before: when the clock was turned back within the last day.
        let here = seconds_of(year, tm.mon + 1, tm.mday, tm.hour, tm.min, second);
        let before = local(vm, EPOCH + seconds - MAX_FOLD)?;
        let turned = here - before - MAX_FOLD;
        if turned < 0 && local(vm, EPOCH + seconds + turned)? == here {
            fold = 1;
        }
    }
    let fields =
        Fields { year, month: tm.mon + 1, day: tm.mday, hour: tm.hour, minute: tm.min, second, micro: micros, fold };
    let made = moment_of(vm, cls, fields, zone)?;
    if zone.is_none() {
        return Ok(made);
    }
    vm.call_method_str(zone, "fromutc", &[made])
}

/// The system's local zone at a timestamp, as a fixed offset.
pub fn local_zone(vm: &Vm, seconds: i64) -> Res {
    let tm = local_fields(vm, seconds)?;
    let offset = super::delta::new(vm, 0, tm.gmtoff, 0)?;
    let name = crate::support::paths::fs_decode(vm, &tm.zone)?;
    zone::new_fixed(vm, offset, Some(name))
}
