//! `_datetime`: dates, times, durations and time zones. After CPython Modules/_datetimemodule.c.
//!
//! | file | holds |
//! |---|---|
//! | `calendar` | the proleptic Gregorian calendar as arithmetic |
//! | `delta`, `delta_math` | `timedelta` |
//! | `date` | `date`, and what `isocalendar` gives |
//! | `time` | `time` |
//! | `moment`, `moment_make`, `moment_math` | `datetime`: fields and methods, construction, arithmetic and comparison |
//! | `zone` | `tzinfo`, `timezone`, asking a time zone |
//! | `clock` | between POSIX timestamps and fields, local time |
//! | `text` | ISO 8601 both ways, `strftime` |
//!
//! Arithmetic gives values of the builtin classes at once; only subclasses are made by calling them.

mod calendar;
mod clock;
mod date;
mod delta;
mod delta_math;
mod moment;
mod moment_make;
mod moment_math;
mod text;
mod time;
mod zone;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Raised, Ref, Res, Value, ValueCell, Vm};
use std::rc::Rc;

pub static MODULE: ModuleDef =
    ModuleDef { name: "_datetime", doc: "Fast implementation of the datetime module.", tables: &[], init };

/// What the module keeps per interpreter.
#[derive(Default)]
pub struct State {
    utc: ValueCell,
}

pub fn state(vm: &Vm) -> Rc<State> {
    vm.interpreter().state::<State>()
}

/// `timezone.utc`
pub fn utc(vm: &Vm) -> Res {
    let state = state(vm);
    if let Some(utc) = state.utc.get() {
        return Ok(utc);
    }
    let made = zone::new_fixed(vm, delta::new(vm, 0, 0, 0)?, None)?;
    state.utc.set(Some(made.clone()));
    Ok(made)
}

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    // It has the class of time tuples.
    crate::support::import(vm, "time")?;
    for def in [&date::DATE, &moment::DATETIME, &time::TIME, &delta::TIMEDELTA, &zone::TZINFO, &zone::TIMEZONE] {
        module.add_type(vm, def)?;
    }
    module.add_int(vm, "MINYEAR", i64::from(calendar::MIN_YEAR))?;
    module.add_int(vm, "MAXYEAR", i64::from(calendar::MAX_YEAR))?;
    module.add(vm, "UTC", utc(vm)?)
}

/// OverflowError for dates outside of the calendar.
#[cold]
pub fn out_of_range(vm: &Vm) -> Raised {
    vm.overflow_error("date value out of range")
}

/// How unknown values are told in messages: `None`, or the class.
fn kind(vm: &Vm, value: &Value) -> String {
    if value.is_none() { "None".into() } else { vm.type_name(value) }
}
