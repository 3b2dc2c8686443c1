//! `datetime`: a date and a time of the day, with or without a zone.

use super::calendar;
use super::clock::{self, EPOCH};
use super::date::{self, DATE, Date, ctime, strptime, struct_time};
use super::delta::Delta;
use super::moment_make::{self, at_midnight};
use super::moment_math;
use super::text;
use super::time::{self, TIME, Time, clock_state, time_of};
use super::zone::{self, check_tzinfo};
use super::{kind, out_of_range};
use crate::support::args::{bind_keywords, bind_positional};
use crate::support::warn;
use ophi_runtime::objects::str::build::Builder;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::Slots;
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

pub use super::moment_make::moment_of;

/// The fields of a datetime but its zone.
#[derive(Clone, Copy, Default)]
pub struct Fields {
    pub year: i32,
    pub month: i32,
    pub day: i32,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub micro: i32,
    pub fold: i32,
}

#[repr(C)]
pub struct Moment {
    pub date: Date,
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub micro: i32,
    pub fold: i32,
    /// None, or a time zone.
    pub tzinfo: Value,
}

impl Trace for Moment {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        visitor.value(&self.tzinfo);
    }
}

impl Payload for Moment {
    fn def() -> &'static TypeDef {
        &DATETIME
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("datetime", Date);
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static DATETIME: TypeDef = TypeDef {
    module: "datetime",
    doc: "datetime(year, month, day[, hour[, minute[, second[, microsecond[,tzinfo]]]]])\n\nA date and a time of day. tzinfo is None or says what offset from UTC they mean.\n",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        new: Some(moment_make::construct),
        repr: Some(repr),
        str: Some(|vm, this| vm.call_method_str(this, "isoformat", &[vm.single(b' ' as u32)?.into_value()])),
        hash: Some(moment_math::hash),
        richcompare: Some(moment_math::compare),
        add: Some(moment_math::add),
        subtract: Some(moment_math::subtract),
        ..Slots::NONE
    },
    tables: &[Moment::METHODS],
    finish: Some(|vm, class| {
        let namespace = class.namespace();
        let made = |fields| Ok(vm.new_instance(class, Moment::bare(fields, Value::NONE))?.into_value());
        let first = Fields { year: 1, month: 1, day: 1, ..Fields::default() };
        let last = Fields { year: 9999, month: 12, day: 31, hour: 23, minute: 59, second: 59, micro: 999_999, fold: 0 };
        namespace.set_text(vm, "min", made(first)?)?;
        namespace.set_text(vm, "max", made(last)?)?;
        namespace.set_text(vm, "resolution", super::delta::new(vm, 0, 0, 1)?.into_value())
    }),
    ..TypeDef::of::<Moment>("datetime", &DATE)
};

pub const NAMES: [&str; 9] = ["year", "month", "day", "hour", "minute", "second", "microsecond", "tzinfo", "fold"];

impl Moment {
    /// Of fields that have been checked.
    pub fn bare(fields: Fields, tzinfo: Value) -> Moment {
        Moment {
            date: Date::bare(fields.year, fields.month, fields.day),
            hour: fields.hour,
            minute: fields.minute,
            second: fields.second,
            micro: fields.micro,
            fold: fields.fold,
            tzinfo,
        }
    }

    pub fn fields(&self) -> Fields {
        Fields {
            hour: self.hour,
            minute: self.minute,
            second: self.second,
            micro: self.micro,
            fold: self.fold,
            ..at_midnight(&self.date)
        }
    }

    pub fn clock(&self) -> [i32; 3] {
        [self.hour, self.minute, self.second]
    }

    /// As pickles hold it, without the fold.
    pub fn state(&self) -> [u8; 10] {
        let mut state = [0; 10];
        state[..4].copy_from_slice(&self.date.state());
        state[4..].copy_from_slice(&clock_state(self.hour, self.minute, self.second, self.micro));
        state
    }

    /// Seconds from the start of year 1, in the zone's time.
    pub fn seconds(&self) -> i64 {
        let date = &self.date;
        clock::seconds_of(date.year(), date.month(), date.day(), self.hour, self.minute, self.second)
    }

    /// As `seconds`, in microseconds.
    pub fn micros(&self) -> i128 {
        i128::from(self.seconds()) * 1_000_000 + i128::from(self.micro)
    }
}

pub fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Moment>> {
    ophi_runtime::native::receiver::<Moment>(vm, this, "datetime")
}

pub fn utc_offset(vm: &Vm, this: &Value, moment: &Moment) -> Res<Option<Ref<Delta>>> {
    zone::utc_offset(vm, &moment.tzinfo, this)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let moment = of(vm, this)?;
    let Fields { year, month, day, hour, minute, second, micro, fold } = moment.fields();
    let mut text = format!("{}({year}, {month}, {day}, {hour}, {minute}", vm.type_name(this));
    if second != 0 || micro != 0 {
        text += &format!(", {second}");
    }
    if micro != 0 {
        text += &format!(", {micro}");
    }
    time::repr_end(vm, text, &moment.tzinfo, fold)
}

/// Now, in local time or as the zone has it.
fn best_now(vm: &Vm, cls: &TypeRef, tz: &Value, utc: bool) -> Res {
    let (seconds, micros) = clock::now(vm)?;
    clock::moment_at(vm, cls, seconds, micros, tz, utc)
}

fn state_tuple(vm: &Vm, moment: &Moment, protocol: i32) -> Res {
    let mut state = moment.state();
    if protocol > 3 && moment.fold != 0 {
        state[2] |= 0x80;
    }
    let state = vm.new_bytes(&state)?.into_value();
    if moment.tzinfo.is_none() { vm.new_tuple(&[state]) } else { vm.new_tuple(&[state, moment.tzinfo.clone()]) }
}

#[methods]
impl Moment {
    #[getter]
    fn hour(_: &Vm, this: &Ref<Moment>) -> i32 {
        this.hour
    }
    #[getter]
    fn minute(_: &Vm, this: &Ref<Moment>) -> i32 {
        this.minute
    }
    #[getter]
    fn second(_: &Vm, this: &Ref<Moment>) -> i32 {
        this.second
    }
    #[getter]
    fn microsecond(_: &Vm, this: &Ref<Moment>) -> i32 {
        this.micro
    }
    #[getter]
    fn tzinfo(_: &Vm, this: &Ref<Moment>) -> Value {
        this.tzinfo.clone()
    }
    #[getter]
    fn fold(_: &Vm, this: &Ref<Moment>) -> i32 {
        this.fold
    }

    /// The present date and time in the time zone tz, or local time without one.
    #[classmethod(sig = "(tz=None)")]
    fn now(vm: &Vm, cls: &TypeRef, tz: Option<&Value>) -> Res {
        let tz = tz.cloned().unwrap_or(Value::NONE);
        check_tzinfo(vm, &tz)?;
        best_now(vm, cls, &tz, false)
    }

    /// Return a new datetime representing UTC day and time.
    #[classmethod(sig = "()")]
    fn utcnow(vm: &Vm, cls: &TypeRef) -> Res {
        warn(
            vm,
            "DeprecationWarning",
            "datetime.datetime.utcnow() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to represent datetimes in UTC: datetime.datetime.now(datetime.UTC).",
            1,
        )?;
        best_now(vm, cls, &Value::NONE, true)
    }

    #[classmethod(doc = "timestamp[, tz] -> tz's local time from POSIX timestamp.")]
    fn fromtimestamp(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        let mut bound = [None; 2];
        bind_keywords(vm, "fromtimestamp", &["timestamp", "tz"], 1, args, &mut bound)?;
        let Some(timestamp) = bound[0] else { return Err(vm.type_error("fromtimestamp() needs a timestamp")) };
        let tz = bound[1].cloned().unwrap_or(Value::NONE);
        check_tzinfo(vm, &tz)?;
        let (seconds, micros) = clock::timestamp(vm, timestamp)?;
        clock::moment_at(vm, cls, seconds, micros, &tz, false)
    }

    /// Construct a naive UTC datetime from a POSIX timestamp.
    #[classmethod(sig = "(timestamp, /)", text = "")]
    fn utcfromtimestamp(vm: &Vm, cls: &TypeRef, timestamp: &Value) -> Res {
        warn(
            vm,
            "DeprecationWarning",
            "datetime.datetime.utcfromtimestamp() is deprecated and scheduled for removal in a future version. Use timezone-aware objects to represent datetimes in UTC: datetime.datetime.fromtimestamp(timestamp, datetime.UTC).",
            1,
        )?;
        let (seconds, micros) = clock::timestamp(vm, timestamp)?;
        clock::moment_at(vm, cls, seconds, micros, &Value::NONE, true)
    }

    #[classmethod(
        doc = "string, format -> the date and time that the string names, read by the format as time.strptime() reads it."
    )]
    fn strptime(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        strptime(vm, "_strptime_datetime_datetime", cls, args)
    }

    #[classmethod(doc = "date, time -> datetime with same date and time fields")]
    fn combine(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        let mut bound = [None; 3];
        bind_keywords(vm, "combine", &["date", "time", "tzinfo"], 2, args, &mut bound)?;
        let [Some(date), Some(time), tzinfo] = bound else {
            return Err(vm.type_error("combine() needs a date and a time"));
        };
        let Some(day) = date.downcast::<Date>() else {
            let got = kind(vm, date);
            return Err(vm.type_error(format!("combine() argument 1 must be datetime.date, not {got}")));
        };
        let Some(clock) = time.downcast::<Time>() else {
            let got = kind(vm, time);
            return Err(vm.type_error(format!("combine() argument 2 must be datetime.time, not {got}")));
        };
        let fields = Fields {
            hour: clock.hour,
            minute: clock.minute,
            second: clock.second,
            micro: clock.micro,
            fold: clock.fold,
            ..at_midnight(day)
        };
        moment_of(vm, cls, fields, tzinfo.unwrap_or(&clock.tzinfo))
    }

    /// string -> datetime from a string in most ISO 8601 formats
    #[classmethod(sig = "(object, /)")]
    fn fromisoformat(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        moment_make::from_iso_text(vm, cls, object)
    }

    /// Return date object with same year, month and day.
    #[method(sig = "()", name = "date")]
    fn date_part(vm: &Vm, this: &Ref<Moment>) -> Res {
        date::date_of(vm, vm.ty(&DATE), this.date.year(), this.date.month(), this.date.day())
    }

    /// Return time object with same time but with tzinfo=None.
    #[method(sig = "()")]
    fn time(vm: &Vm, this: &Ref<Moment>) -> Res {
        time_of(vm, vm.ty(&TIME), [this.hour, this.minute, this.second, this.micro], &Value::NONE, this.fold)
    }

    /// Return time object with same time and tzinfo.
    #[method(sig = "()")]
    fn timetz(vm: &Vm, this: &Ref<Moment>) -> Res {
        time_of(vm, vm.ty(&TIME), [this.hour, this.minute, this.second, this.micro], &this.tzinfo, this.fold)
    }

    /// Return ctime() style string.
    #[method(sig = "()")]
    fn ctime(vm: &Vm, this: &Ref<Moment>) -> Res {
        ctime(vm, &this.date, this.clock())
    }

    /// Return time tuple, compatible with time.localtime().
    #[method(sig = "()")]
    fn timetuple(vm: &Vm, this: &Value) -> Res {
        let moment = of(vm, this)?;
        let saving = match zone::dst(vm, &moment.tzinfo, this)? {
            None => -1,
            Some(saving) => i32::from(!saving.is_zero()),
        };
        struct_time(vm, &moment.date, moment.clock(), saving)
    }

    /// Return UTC time tuple, compatible with time.localtime().
    #[method(sig = "()")]
    fn utctimetuple(vm: &Vm, this: &Value) -> Res {
        let moment = of(vm, this)?;
        let offset = utc_offset(vm, this, moment)?;
        let seconds = moment.micros() - offset.map_or(0, |offset| offset.total_micros());
        let seconds = seconds.div_euclid(1_000_000) as i64;
        let ordinal = seconds.div_euclid(86_400);
        if !(1..=i64::from(calendar::MAX_ORDINAL)).contains(&ordinal) {
            return Err(out_of_range(vm));
        }
        let (year, month, day) = calendar::from_ordinal(ordinal as i32);
        let rest = seconds.rem_euclid(86_400) as i32;
        struct_time(vm, &Date::bare(year, month, day), [rest / 3600, rest / 60 % 60, rest % 60], 0)
    }

    /// Return POSIX timestamp as float.
    #[method(sig = "()")]
    fn timestamp(vm: &Vm, this: &Value) -> Res {
        let moment = of(vm, this)?;
        if moment.tzinfo.is_none() {
            let seconds = clock::from_local(vm, moment.seconds(), moment.fold != 0)? - EPOCH;
            return vm.new_float(seconds as f64 + f64::from(moment.micro) / 1e6);
        }
        match utc_offset(vm, this, moment)? {
            Some(offset) => {
                let micros = moment.micros() - i128::from(EPOCH) * 1_000_000 - offset.total_micros();
                super::delta_math::ratio(vm, micros, 1_000_000)
            }
            None => Err(vm.type_error("can't subtract offset-naive and offset-aware datetimes")),
        }
    }

    #[method(
        doc = "[sep] -> ISO 8601 text, YYYY-MM-DDT[HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].\nsep stands between date and time. timespec says how exact the time is shown: 'auto', 'hours',\n'minutes', 'seconds', 'milliseconds' or 'microseconds'.\n"
    )]
    fn isoformat(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None; 2];
        bind_keywords(vm, "isoformat", &["sep", "timespec"], 0, args, &mut bound)?;
        let separator = match bound[0] {
            None => u32::from(b'T'),
            Some(value) => match value.downcast::<Str>() {
                Some(text) if text.len() == 1 => text.at(0),
                Some(text) => {
                    return Err(vm.type_error(format!(
                        "isoformat() argument 1 must be a unicode character, not a string of length {}",
                        text.len()
                    )));
                }
                None => {
                    let got = kind(vm, value);
                    return Err(vm.type_error(format!("isoformat() argument 1 must be a unicode character, not {got}")));
                }
            },
        };
        let timespec = text::timespec_argument(vm, 2, bound[1])?;
        let moment = of(vm, this)?;
        let mut out = Builder::with_capacity(32);
        out.push_text(&text::iso_date(moment.date.year(), moment.date.month(), moment.date.day()));
        out.push(separator);
        out.push_text(&text::iso_time(vm, moment.hour, moment.minute, moment.second, moment.micro, &timespec)?);
        out.push_text(&text::offset_of(vm, &moment.tzinfo, this, ":")?);
        Ok(out.finish(vm)?.into_value())
    }

    /// Return self.tzinfo.utcoffset(self).
    #[method(sig = "()")]
    fn utcoffset(vm: &Vm, this: &Value) -> Res {
        Ok(zone::shown(utc_offset(vm, this, of(vm, this)?)?))
    }

    /// Return self.tzinfo.tzname(self).
    #[method(sig = "()")]
    fn tzname(vm: &Vm, this: &Value) -> Res {
        zone::zone_name(vm, &of(vm, this)?.tzinfo, this)
    }

    /// Return self.tzinfo.dst(self).
    #[method(sig = "()")]
    fn dst(vm: &Vm, this: &Value) -> Res {
        Ok(zone::shown(zone::dst(vm, &of(vm, this)?.tzinfo, this)?))
    }

    /// Return datetime with new specified fields.
    #[method]
    fn replace(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None; 9];
        bind_positional(vm, "replace", &NAMES, 0, 8, args, &mut bound)?;
        let moment = of(vm, this)?;
        let old = moment.fields();
        let field = |i: usize, old: i32| match bound[i] {
            Some(value) => crate::support::values::to_i32(vm, value),
            None => Ok(old),
        };
        let fields = Fields {
            year: field(0, old.year)?,
            month: field(1, old.month)?,
            day: field(2, old.day)?,
            hour: field(3, old.hour)?,
            minute: field(4, old.minute)?,
            second: field(5, old.second)?,
            micro: field(6, old.micro)?,
            fold: field(8, old.fold)?,
        };
        if fields.fold != 0 && fields.fold != 1 {
            return Err(vm.value_error(format!("fold must be either 0 or 1, not {}", fields.fold)));
        }
        moment_of(vm, vm.class(this), fields, bound[7].unwrap_or(&moment.tzinfo))
    }

    /// The same as replace().
    #[method(text = "($self, /, **changes)")]
    fn __replace__(vm: &Vm, this: &Value, args: Args) -> Res {
        Moment::replace(vm, this, args)
    }

    #[method(doc = "tz -> convert to local time in new timezone tz\n")]
    fn astimezone(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None];
        bind_keywords(vm, "astimezone", &["tz"], 0, args, &mut bound)?;
        let tz = bound[0].cloned().unwrap_or(Value::NONE);
        check_tzinfo(vm, &tz)?;
        moment_math::as_time_zone(vm, this, &tz)
    }

    #[method(sig = "(protocol, /)", doc = "__reduce_ex__(proto) -> (cls, state)", text = "")]
    fn __reduce_ex__(vm: &Vm, this: &Value, protocol: i32) -> Res {
        let state = state_tuple(vm, of(vm, this)?, protocol)?;
        vm.new_tuple(&[vm.class(this).to_value(), state])
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        Moment::__reduce_ex__(vm, this, 2)
    }
}
