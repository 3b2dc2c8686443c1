//! ISO 8601 texts both ways, and `strftime` with what it has beyond the C library's.

use super::calendar::{days_in_month, from_iso, from_ordinal, iso_calendar};
use super::delta::{self, Delta};
use super::moment::{Fields, Moment};
use super::time::Time;
use super::zone;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::{Raised, Ref, Res, Str, Value, Vm};
use std::borrow::Cow;

pub fn iso_date(year: i32, month: i32, day: i32) -> String {
    format!("{year:04}-{month:02}-{day:02}")
}

/// `HH[:MM[:SS[.mmm[uuu]]]]`
pub fn iso_time(vm: &Vm, hour: i32, minute: i32, second: i32, micro: i32, timespec: &str) -> Res<String> {
    let timespec = match timespec {
        "auto" if micro == 0 => "seconds",
        "auto" => "microseconds",
        other => other,
    };
    Ok(match timespec {
        "hours" => format!("{hour:02}"),
        "minutes" => format!("{hour:02}:{minute:02}"),
        "seconds" => format!("{hour:02}:{minute:02}:{second:02}"),
        "milliseconds" => format!("{hour:02}:{minute:02}:{second:02}.{:03}", micro / 1000),
        "microseconds" => format!("{hour:02}:{minute:02}:{second:02}.{micro:06}"),
        _ => return Err(vm.value_error("Unknown timespec value")),
    })
}

/// `+HH:MM[:SS[.ffffff]]`
pub fn offset_text(offset: &Delta, separator: &str) -> String {
    let micros = offset.total_micros();
    let sign = if micros < 0 { '-' } else { '+' };
    let (seconds, micros) = (micros.abs() / 1_000_000, micros.abs() % 1_000_000);
    let mut text = format!("{sign}{:02}{separator}{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 != 0 || micros != 0 {
        text += &format!("{separator}{:02}", seconds % 60);
    }
    if micros != 0 {
        text += &format!(".{micros:06}");
    }
    text
}

/// The offset of a zone at a time as text; nothing when there is none.
pub fn offset_of(vm: &Vm, tzinfo: &Value, argument: &Value, separator: &str) -> Res<String> {
    let offset = zone::utc_offset(vm, tzinfo, argument)?;
    Ok(offset.map_or_else(String::new, |offset| offset_text(&offset, separator)))
}

#[cold]
pub fn invalid(vm: &Vm, text: &Value) -> Raised {
    match vm.repr(text) {
        Ok(shown) => vm.value_error(format!("Invalid isoformat string: {}", shown.to_utf8_lossy())),
        Err(raised) => raised,
    }
}

/// The text's characters; what is not ASCII becomes a byte that no format has.
pub fn ascii_of<'a>(vm: &Vm, text: &'a Value) -> Res<Cow<'a, [u8]>> {
    let Some(text) = text.downcast::<Str>() else {
        return Err(vm.type_error("fromisoformat: argument must be str"));
    };
    Ok(match text.as_ascii() {
        Some(ascii) => Cow::Borrowed(ascii.as_bytes()),
        None => text.code_points().map(|c| u8::try_from(c).ok().filter(u8::is_ascii).unwrap_or(0xff)).collect(),
    })
}

/// Reads `n` digits at the front.
fn digits(text: &mut &[u8], n: usize) -> Option<i32> {
    let (head, rest) = text.split_at_checked(n)?;
    *text = rest;
    head.iter().try_fold(0, |all, b| b.is_ascii_digit().then(|| all * 10 + i32::from(b - b'0')))
}

fn eat(text: &mut &[u8], byte: u8) -> bool {
    match text.split_first() {
        Some((first, rest)) if *first == byte => {
            *text = rest;
            true
        }
        _ => false,
    }
}

/// Year, month and day of `YYYY-MM-DD`, `YYYYMMDD`, or the forms with weeks. Month and day are not checked.
pub fn parse_date(mut text: &[u8]) -> Option<(i32, i32, i32)> {
    let text = &mut text;
    let year = digits(text, 4)?;
    let dashed = eat(text, b'-');
    if eat(text, b'W') {
        let week = digits(text, 2)?;
        let mut day = 1;
        if !text.is_empty() {
            if dashed && !eat(text, b'-') {
                return None;
            }
            day = digits(text, 1)?;
        }
        if !text.is_empty() {
            return None;
        }
        return from_iso(year, week, day).ok().map(from_ordinal);
    }
    let month = digits(text, 2)?;
    if dashed && !eat(text, b'-') {
        return None;
    }
    let day = digits(text, 2)?;
    text.is_empty().then_some((year, month, day))
}

/// Hours, minutes, seconds and microseconds; all of the text. Where a zone follows (`zone_follows`), CPython reads over one character
/// behind complete terms that does not begin a fraction: `14:+06`.
fn parse_clock(mut text: &[u8], zone_follows: bool) -> Option<[i32; 4]> {
    let text = &mut text;
    let mut parts = [0; 4];
    let mut colons = false;
    for i in 0..3 {
        parts[i] = digits(text, 2)?;
        if text.is_empty() || zone_follows && matches!(text, [c] if c.is_ascii() && !matches!(c, b'.' | b',')) {
            return Some(parts);
        }
        let colon = eat(text, b':');
        if i == 0 {
            colons = colon;
        }
        if i == 2 {
            if colon || !(eat(text, b'.') || eat(text, b',')) {
                return None;
            }
        } else if colon != colons {
            return None;
        }
    }
    let n = text.len().min(6);
    if n == 0 {
        return None;
    }
    parts[3] = digits(text, n)? * 10i32.pow(6 - n as u32);
    text.iter().all(u8::is_ascii_digit).then_some(parts)
}

/// A time of the day and the zone that came with it.
pub struct Clock {
    pub parts: [i32; 4],
    pub zone: Value,
}

/// Reads a time with an optional offset. `None`: it is none; an error: the offset is too large.
pub fn parse_time(vm: &Vm, text: &[u8]) -> Res<Option<Clock>> {
    let zone_at = text.iter().position(|b| matches!(b, b'+' | b'-' | b'Z')).unwrap_or(text.len());
    let (clock, zone) = text.split_at(zone_at);
    let Some(parts) = parse_clock(clock, !zone.is_empty()) else { return Ok(None) };
    let zone = match zone.split_first() {
        None => Value::NONE,
        Some((b'Z', [])) => super::utc(vm)?,
        Some((b'Z', _)) => return Ok(None),
        Some((sign, rest)) => {
            let Some([hours, minutes, seconds, micros]) = parse_clock(rest, false) else { return Ok(None) };
            let sign = if *sign == b'-' { -1 } else { 1 };
            let seconds = i64::from(hours * 3600 + minutes * 60 + seconds);
            let offset = delta::new(vm, 0, sign * seconds, sign * i64::from(micros))?;
            zone::new_fixed(vm, offset, None)?
        }
    };
    Ok(Some(Clock { parts, zone }))
}

/// Midnight at the end of a day is the next day's start; ValueError for times after it.
pub fn settle_midnight(vm: &Vm, fields: &mut Fields) -> Res<()> {
    if fields.hour != 24 {
        return Ok(());
    }
    if fields.minute != 0 || fields.second != 0 || fields.micro != 0 {
        return Err(vm.value_error("minute, second, and microsecond must be 0 when hour is 24"));
    }
    fields.hour = 0;
    // Fields that are wrong are told by who makes the datetime.
    if (1..=12).contains(&fields.month) && fields.day <= days_in_month(fields.year, fields.month) {
        fields.day += 1;
        if fields.day > days_in_month(fields.year, fields.month) {
            fields.day = 1;
            fields.month += 1;
            if fields.month > 12 {
                fields.month = 1;
                fields.year += 1;
            }
        }
    }
    Ok(())
}

/// Where the date ends and the separator stands. `None`: nowhere.
pub fn separator_at(text: &[u8]) -> Option<usize> {
    let len = text.len();
    if len == 7 {
        return Some(7);
    }
    let digit_at = |i: usize| text.get(i).is_some_and(u8::is_ascii_digit);
    match (text.get(4)?, text.get(5)?) {
        (b'-', b'W') => match text.get(8) {
            _ if len < 8 => None,
            // `YYYY-Www-D`, or `YYYY-Www` with a dash as the separator when two digits follow.
            Some(b'-') if len == 9 => None,
            Some(b'-') if digit_at(10) => Some(8),
            Some(b'-') => Some(10),
            _ => Some(8),
        },
        (b'-', _) => Some(10),
        (b'W', _) => {
            let digits_end = (7..len).find(|i| !digit_at(*i)).unwrap_or(len);
            Some(match digits_end {
                0..=8 => digits_end,
                even if even % 2 == 0 => 7,
                _ => 8,
            })
        }
        _ => Some(8),
    }
}

/// What `strftime` needs to know of the object beside the time tuple.
struct Formatted<'a> {
    year: i32,
    iso_year: i32,
    micro: i32,
    tzinfo: Value,
    /// What the zone is asked with.
    argument: &'a Value,
}

/// `time.strftime(format, tuple)` with `%f`, `%z`, `%:z` and `%Z` of the object, and years of four digits.
pub fn strftime(vm: &Vm, object: &Value, format: &Ref<Str>, tuple: &Value, argument: &Value) -> Res {
    let mut about = Formatted { year: 1900, iso_year: 1900, micro: 0, tzinfo: Value::NONE, argument };
    if let Some(time) = object.downcast::<Time>() {
        about.micro = time.micro;
        about.tzinfo = time.tzinfo.clone();
    } else if let Some(date) = object.downcast::<super::date::Date>() {
        about.year = date.year();
        about.iso_year = iso_calendar(date.year(), date.month(), date.day()).0;
        if let Some(moment) = object.downcast::<Moment>() {
            about.micro = moment.micro;
            about.tzinfo = moment.tzinfo.clone();
        }
    }
    let mut out = Builder::new();
    vm.check_room(format.len().saturating_mul(8))?;
    let points: Vec<u32> = format.code_points().collect();
    let mut i = 0;
    while i < points.len() {
        out.check(vm)?;
        let (c, next) = (points[i], points.get(i + 1).copied());
        i += 1;
        let Some(kind) = next.filter(|_| c == b'%' as u32) else {
            out.push(c);
            continue;
        };
        i += 1;
        match u8::try_from(kind).unwrap_or(0) {
            b'z' => out.push_text(&offset_of(vm, &about.tzinfo, about.argument, "")?),
            b':' if points.get(i) == Some(&(b'z' as u32)) => {
                i += 1;
                out.push_text(&offset_of(vm, &about.tzinfo, about.argument, ":")?);
            }
            b'Z' => {
                let name = zone::zone_name(vm, &about.tzinfo, about.argument)?;
                if !name.is_none() {
                    let (one, two) = (vm.new_str("%")?.into_value(), vm.new_str("%%")?.into_value());
                    let name = vm.call_method_str(&name, "replace", &[one, two])?;
                    match name.downcast::<Str>() {
                        Some(name) => out.push_str(name),
                        None => return Err(vm.type_error("tzname.replace() did not return a string")),
                    }
                }
            }
            b'f' => out.push_text(&format!("{:06}", about.micro)),
            b'Y' => out.push_text(&format!("{:04}", about.year)),
            b'G' => out.push_text(&format!("{:04}", about.iso_year)),
            b'F' => out.push_text(&format!("{:04}-%m-%d", about.year)),
            b'C' => out.push_text(&format!("{:02}", about.year / 100)),
            _ => {
                out.push(c);
                out.push(kind);
            }
        }
    }
    let function = vm.get_attr_str(&crate::support::import(vm, "time")?, "strftime")?;
    vm.call(&function, &[out.finish(vm)?.into_value(), tuple.clone()])
}

/// The argument of `strftime` and `__format__`.
pub fn format_argument<'a>(vm: &Vm, function: &str, format: &'a Value) -> Res<&'a Ref<Str>> {
    format.downcast::<Str>().ok_or_else(|| {
        let got = super::kind(vm, format);
        vm.type_error(format!("{function}() argument 1 must be str, not {got}"))
    })
}

/// A `str` argument of `isoformat`: which terms to show.
pub fn timespec_argument(vm: &Vm, position: usize, value: Option<&Value>) -> Res<String> {
    let Some(value) = value else { return Ok("auto".into()) };
    match value.downcast::<Str>() {
        Some(text) => Ok(text.to_utf8_lossy().into_owned()),
        None => {
            let got = super::kind(vm, value);
            Err(vm.type_error(format!("isoformat() argument {position} must be str, not {got}")))
        }
    }
}
