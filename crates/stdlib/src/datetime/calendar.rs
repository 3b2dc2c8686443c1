//! The proleptic Gregorian calendar: day 1 is the first of January of year 1.

use ophi_runtime::{Res, Vm};

pub const MIN_YEAR: i32 = 1;
pub const MAX_YEAR: i32 = 9999;
pub const MAX_ORDINAL: i32 = 3_652_059;
const DAYS_IN_400_YEARS: i32 = 146_097;

const DAYS: [i32; 13] = [0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
const BEFORE: [i32; 13] = [0, 0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];

pub fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

pub fn days_in_month(year: i32, month: i32) -> i32 {
    if month == 2 && is_leap(year) { 29 } else { DAYS[month as usize] }
}

/// Days of the year before the month.
pub fn days_before_month(year: i32, month: i32) -> i32 {
    BEFORE[month as usize] + (month > 2 && is_leap(year)) as i32
}

fn days_before_year(year: i32) -> i32 {
    let y = year - 1;
    y * 365 + y / 4 - y / 100 + y / 400
}

pub fn to_ordinal(year: i32, month: i32, day: i32) -> i32 {
    days_before_year(year) + days_before_month(year, month) + day
}

/// Year, month and day of a day's number, which is at least 1.
pub fn from_ordinal(ordinal: i32) -> (i32, i32, i32) {
    let n = ordinal - 1;
    let (n400, n) = (n / DAYS_IN_400_YEARS, n % DAYS_IN_400_YEARS);
    let (n100, n) = (n / 36524, n % 36524);
    let (n4, n) = (n / 1461, n % 1461);
    let (n1, n) = (n / 365, n % 365);
    let year = n400 * 400 + n100 * 100 + n4 * 4 + n1 + 1;
    if n1 == 4 || n100 == 4 {
        // The last day of a leap cycle.
        return (year - 1, 12, 31);
    }
    let mut month = (n + 50) >> 5;
    if days_before_month(year, month) > n {
        month -= 1;
    }
    (year, month, n - days_before_month(year, month) + 1)
}

/// The ordinal of the Monday that starts ISO week 1.
pub fn first_iso_monday(year: i32) -> i32 {
    let first = to_ordinal(year, 1, 1);
    let weekday = (first + 6) % 7;
    let monday = first - weekday;
    if weekday > 3 { monday + 7 } else { monday }
}

/// ISO year, week (from 1) and day of the week (from 1).
pub fn iso_calendar(year: i32, month: i32, day: i32) -> (i32, i32, i32) {
    let today = to_ordinal(year, month, day);
    let mut iso_year = year;
    let mut monday = first_iso_monday(year);
    if today < monday {
        iso_year -= 1;
        monday = first_iso_monday(iso_year);
    } else if today >= first_iso_monday(year + 1) {
        iso_year += 1;
        monday = first_iso_monday(iso_year);
    }
    (iso_year, (today - monday) / 7 + 1, (today - monday) % 7 + 1)
}

/// What is wrong with a day named by year, week and day of the week.
pub enum IsoError {
    Year,
    Week,
    Day,
}

/// The ordinal of a day named by ISO year, week and day of the week.
pub fn from_iso(year: i32, week: i32, day: i32) -> Result<i32, IsoError> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(IsoError::Year);
    }
    let weeks = (first_iso_monday(year + 1) - first_iso_monday(year)) / 7;
    if !(1..=weeks).contains(&week) {
        return Err(IsoError::Week);
    }
    if !(1..=7).contains(&day) {
        return Err(IsoError::Day);
    }
    Ok(first_iso_monday(year) + (week - 1) * 7 + day - 1)
}

/// ValueError unless there is such a day.
pub fn check_date(vm: &Vm, year: i32, month: i32, day: i32) -> Res<()> {
    if !(MIN_YEAR..=MAX_YEAR).contains(&year) {
        return Err(vm.value_error(format!("year must be in {MIN_YEAR}..{MAX_YEAR}, not {year}")));
    }
    if !(1..=12).contains(&month) {
        return Err(vm.value_error(format!("month must be in 1..12, not {month}")));
    }
    let last = days_in_month(year, month);
    if !(1..=last).contains(&day) {
        return Err(vm.value_error(format!("day {day} must be in range 1..{last} for month {month} in year {year}")));
    }
    Ok(())
}

/// ValueError unless there is such a time of the day.
pub fn check_time(vm: &Vm, hour: i32, minute: i32, second: i32, micro: i32, fold: i32) -> Res<()> {
    let wrong =
        |what: &str, range: &str, value: i32| Err(vm.value_error(format!("{what} must be {range}, not {value}")));
    if !(0..=23).contains(&hour) {
        return wrong("hour", "in 0..23", hour);
    }
    if !(0..=59).contains(&minute) {
        return wrong("minute", "in 0..59", minute);
    }
    if !(0..=59).contains(&second) {
        return wrong("second", "in 0..59", second);
    }
    if !(0..=999_999).contains(&micro) {
        return wrong("microsecond", "in 0..999999", micro);
    }
    if fold != 0 && fold != 1 {
        return wrong("fold", "either 0 or 1", fold);
    }
    Ok(())
}
