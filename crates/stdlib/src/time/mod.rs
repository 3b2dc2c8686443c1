//! `time`: clocks, sleeping, broken-down time. After CPython Modules/timemodule.c.

mod fields;
pub(crate) mod functions;

pub use functions::duration;

use ophi_runtime::objects::module::{Module, ModuleDef, Namespace};
use ophi_runtime::{Ref, Res, Vm};

use crate::struct_sequence;
use crate::support::host;
use crate::support::paths::fs_decode;
use crate::support::values::tuple;

struct_sequence! {
    "A time as nine fields with names: tm_year, tm_mon, tm_mday, tm_hour, tm_min, tm_sec, tm_wday, tm_yday, tm_isdst;\ntm_zone and tm_gmtoff are attributes only.",
    pub STRUCT_TIME: STRUCT_TIME_TYPE = "time" "struct_time", 9 of 11 {
        "tm_year" "year, for example, 1993",
        "tm_mon" "month of year, range [1, 12]",
        "tm_mday" "day of month, range [1, 31]",
        "tm_hour" "hours, range [0, 23]",
        "tm_min" "minutes, range [0, 59]",
        "tm_sec" "seconds, range [0, 61])",
        "tm_wday" "day of week, range [0, 6], Monday is 0",
        "tm_yday" "day of year, range [1, 366]",
        "tm_isdst" "1 if summer time is in effect, 0 if not, and -1 if unknown",
        "tm_zone" "abbreviation of timezone name",
        "tm_gmtoff" "offset from UTC in seconds",
    }
}

pub static MODULE: ModuleDef = ModuleDef {
    name: "time",
    doc: "Clocks, and times as seconds since the epoch, as struct_time, and as text.\n",
    tables: &[functions::Functions::METHODS],
    init,
};

fn init(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    for (name, id) in [
        ("CLOCK_BOOTTIME", libc::CLOCK_BOOTTIME),
        ("CLOCK_MONOTONIC", libc::CLOCK_MONOTONIC),
        ("CLOCK_MONOTONIC_RAW", libc::CLOCK_MONOTONIC_RAW),
        ("CLOCK_PROCESS_CPUTIME_ID", libc::CLOCK_PROCESS_CPUTIME_ID),
        ("CLOCK_REALTIME", libc::CLOCK_REALTIME),
        ("CLOCK_TAI", libc::CLOCK_TAI),
        ("CLOCK_THREAD_CPUTIME_ID", libc::CLOCK_THREAD_CPUTIME_ID),
        ("_STRUCT_TM_ITEMS", 11),
    ] {
        module.add_int(vm, name, i64::from(id))?;
    }
    module.add(vm, "struct_time", STRUCT_TIME.register(vm)?)?;
    set_zone(vm, module)
}

/// `timezone`, `altzone`, `daylight` and `tzname`, read off the local time in January and July of this year.
pub fn set_zone(vm: &Vm, module: &Ref<Module>) -> Res<()> {
    const YEAR: i64 = (365 * 24 + 6) * 3600;
    let host = host(vm);
    let now = host.now_real().unwrap_or(0) / 1_000_000_000;
    let start = now / YEAR * YEAR;
    let january = host.localtime(start).unwrap_or_default();
    let july = host.localtime(start + YEAR / 2).unwrap_or_default();
    // South of the equator summer is in January.
    let (standard, summer) = if january.gmtoff <= july.gmtoff { (january, july) } else { (july, january) };
    module.add_int(vm, "timezone", -standard.gmtoff)?;
    module.add_int(vm, "altzone", -summer.gmtoff)?;
    module.add_int(vm, "daylight", i64::from(standard.gmtoff != summer.gmtoff))?;
    let names = tuple(vm, vec![fs_decode(vm, &standard.zone)?, fs_decode(vm, &summer.zone)?])?;
    module.add(vm, "tzname", names)
}
