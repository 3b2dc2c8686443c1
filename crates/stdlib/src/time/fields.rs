//! Between `struct_time` and C's broken-down time, with the checks CPython makes.

use ophi_host::Tm;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Res, Str, Tuple, Value, Vm};

use super::STRUCT_TIME;
use crate::support::paths::fs_decode;
use crate::support::values::to_i32;

/// A `struct_time`.
pub fn struct_time(vm: &Vm, tm: &Tm) -> Res {
    let numbers = [
        i64::from(tm.year) + 1900,
        i64::from(tm.mon) + 1,
        i64::from(tm.mday),
        i64::from(tm.hour),
        i64::from(tm.min),
        i64::from(tm.sec),
        // Python's week starts on Monday.
        i64::from((tm.wday + 6) % 7),
        i64::from(tm.yday) + 1,
        i64::from(tm.isdst),
    ];
    let mut values = numbers.iter().map(|&i| vm.new_int(i)).collect::<Res<Vec<_>>>()?;
    values.push(fs_decode(vm, &tm.zone)?);
    values.push(vm.new_int(tm.gmtoff)?);
    STRUCT_TIME.make(vm, values)
}

/// The fields of a time tuple, as they stand (`gettmarg`).
pub fn from_tuple(vm: &Vm, value: &Value, function: &str) -> Res<Tm> {
    let Some(items) = value.downcast::<Tuple>() else {
        return Err(vm.type_error("Tuple or struct_time argument required"));
    };
    let items = items.as_slice();
    if items.len() != 9 {
        return Err(vm.type_error(format!("{function}(): illegal time tuple argument")));
    }
    let mut numbers = [0i32; 9];
    for (number, item) in numbers.iter_mut().zip(items) {
        *number = to_i32(vm, item)?;
    }
    let [year, month, mday, hour, min, sec, wday, yday, isdst] = numbers;
    let Some(year) = year.checked_sub(1900) else { return Err(vm.overflow_error("year out of range")) };
    let mut tm = Tm {
        sec,
        min,
        hour,
        mday,
        mon: month.wrapping_sub(1),
        year,
        wday: wday.wrapping_add(1) % 7,
        yday: yday.wrapping_sub(1),
        isdst,
        gmtoff: 0,
        zone: Vec::new(),
    };
    if vm.is_instance_of(value, STRUCT_TIME.def) {
        let zone = vm.get_attr_str(value, "tm_zone")?;
        if let Some(zone) = zone.downcast::<Str>() {
            tm.zone = zone.to_utf8_lossy().into_owned().into_bytes();
        }
        let offset = vm.get_attr_str(value, "tm_gmtoff")?;
        if !offset.is_none() {
            tm.gmtoff = crate::support::values::to_i64(vm, &offset)?;
        }
    }
    Ok(tm)
}

/// Refuses what C's formatting would trip over; zeros that mean "first" become so (`checktm`).
pub fn check(vm: &Vm, tm: &mut Tm) -> Res<()> {
    let wrong = |what: &str| Err(vm.value_error(format!("{what} out of range")));
    if tm.mon == -1 {
        tm.mon = 0;
    } else if !(0..=11).contains(&tm.mon) {
        return wrong("month");
    }
    if tm.mday == 0 {
        tm.mday = 1;
    } else if !(0..=31).contains(&tm.mday) {
        return wrong("day of month");
    }
    if !(0..=23).contains(&tm.hour) {
        return wrong("hour");
    }
    if !(0..=59).contains(&tm.min) {
        return wrong("minute");
    }
    if !(0..=61).contains(&tm.sec) {
        return wrong("seconds");
    }
    if tm.wday < 0 {
        return wrong("day of week");
    }
    if tm.yday == -1 {
        tm.yday = 0;
    } else if !(0..=365).contains(&tm.yday) {
        return wrong("day of year");
    }
    Ok(())
}

/// `Sun Jun 20 02:26:40 1993`
pub fn ascii(tm: &Tm) -> String {
    const DAYS: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let day = DAYS.get(tm.wday as usize).unwrap_or(&"???");
    let month = MONTHS.get(tm.mon as usize).unwrap_or(&"???");
    let year = i64::from(tm.year) + 1900;
    format!("{day} {month}{:3} {:02}:{:02}:{:02} {year}", tm.mday, tm.hour, tm.min, tm.sec)
}
