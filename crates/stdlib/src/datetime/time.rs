//! `time`: a time of the day, with or without a zone.

use super::calendar::check_time;
use super::date::{formatted, pickled, strptime};
use super::delta;
use super::text;
use super::zone::{self, check_tzinfo};
use crate::support::args::{bind_keywords, bind_positional, c_int};
use crate::time::STRUCT_TIME;
use core::cell::Cell;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::str::hash::hash_bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{Args, Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods};

pub struct Time {
    pub hour: i32,
    pub minute: i32,
    pub second: i32,
    pub micro: i32,
    pub fold: i32,
    /// None, or a time zone.
    pub tzinfo: Value,
    hash: Cell<i64>,
}

impl Trace for Time {
    fn trace(&self, visitor: &mut Visitor<'_>) {
        visitor.value(&self.tzinfo);
    }
}

impl Payload for Time {
    fn def() -> &'static TypeDef {
        &TIME
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("time");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Collected;
}

pub static TIME: TypeDef = TypeDef {
    module: "datetime",
    doc: "time([hour[, minute[, second[, microsecond[, tzinfo]]]]]) --> a time object\n\nA time of day. tzinfo is None or says what offset from UTC it means.\n",
    flags: TypeFlags::BASETYPE.with(TypeFlags::GC),
    slots: Slots {
        new: Some(construct),
        repr: Some(repr),
        str: Some(|vm, this| vm.call_method_str(this, "isoformat", &[])),
        hash: Some(hash),
        richcompare: Some(compare),
        ..Slots::NONE
    },
    tables: &[Time::METHODS],
    finish: Some(|vm, class| {
        let namespace = class.namespace();
        let made = |h, m, s, us| Ok(vm.new_instance(class, Time::bare(h, m, s, us, 0, Value::NONE))?.into_value());
        namespace.set_text(vm, "min", made(0, 0, 0, 0)?)?;
        namespace.set_text(vm, "max", made(23, 59, 59, 999_999)?)?;
        namespace.set_text(vm, "resolution", delta::new(vm, 0, 0, 1)?.into_value())
    }),
    ..TypeDef::of::<Time>("time", &OBJECT)
};

/// The six bytes of a time of the day in a pickled state.
pub fn clock_state(hour: i32, minute: i32, second: i32, micro: i32) -> [u8; 6] {
    let [_, high, middle, low] = (micro as u32).to_be_bytes();
    [hour as u8, minute as u8, second as u8, high, middle, low]
}

pub fn micros_of_state(bytes: &[u8]) -> i32 {
    bytes.iter().fold(0, |all, b| all << 8 | i32::from(*b))
}

impl Time {
    fn bare(hour: i32, minute: i32, second: i32, micro: i32, fold: i32, tzinfo: Value) -> Time {
        Time { hour, minute, second, micro, fold, tzinfo, hash: Cell::new(-1) }
    }

    fn state(&self) -> [u8; 6] {
        clock_state(self.hour, self.minute, self.second, self.micro)
    }

    fn micros(&self) -> i128 {
        i128::from(self.hour * 3600 + self.minute * 60 + self.second) * 1_000_000 + i128::from(self.micro)
    }
}

pub fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Time>> {
    ophi_runtime::native::receiver::<Time>(vm, this, "time")
}

/// A time of class `cls`; subclasses are called.
pub fn time_of(vm: &Vm, cls: &TypeRef, parts: [i32; 4], tzinfo: &Value, fold: i32) -> Res {
    let [hour, minute, second, micro] = parts;
    if cls.is(vm.ty(&TIME)) {
        check_time(vm, hour, minute, second, micro, fold)?;
        check_tzinfo(vm, tzinfo)?;
        return Ok(vm.new_object(Time::bare(hour, minute, second, micro, fold, tzinfo.clone()))?.into_value());
    }
    let mut values: Vec<Value> = parts.iter().map(|i| Value::int32(*i)).collect();
    values.push(tzinfo.clone());
    super::moment_make::call_with_fold(vm, cls, values, fold)
}

const NAMES: [&str; 6] = ["hour", "minute", "second", "microsecond", "tzinfo", "fold"];

fn construct(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if let (1..=2, false) = (args.values.len(), args.has_keywords())
        && let Some(bytes) = pickled(vm, &args.values[0], 6, "time", None)?
        && bytes[0] & 0x7f < 24
    {
        let tzinfo = args.values.get(1).cloned().unwrap_or(Value::NONE);
        if check_tzinfo(vm, &tzinfo).map_err(|raised| vm.forget(raised)).is_err() {
            return Err(vm.type_error("bad tzinfo state arg"));
        }
        let (hour, fold) = (i32::from(bytes[0] & 0x7f), i32::from(bytes[0] >> 7));
        let micro = micros_of_state(&bytes[3..]);
        let time = Time::bare(hour, bytes[1].into(), bytes[2].into(), micro, fold, tzinfo);
        return Ok(vm.new_instance(cls, time)?.into_value());
    }
    let mut bound = [None; 6];
    bind_positional(vm, "", &NAMES, 0, 5, args, &mut bound)?;
    let field = |i: usize| bound[i].map_or(Ok(0), |value| c_int(vm, value));
    let (hour, minute, second, micro) = (field(0)?, field(1)?, field(2)?, field(3)?);
    let fold = field(5)?;
    let tzinfo = bound[4].cloned().unwrap_or(Value::NONE);
    check_time(vm, hour, minute, second, micro, fold)?;
    check_tzinfo(vm, &tzinfo)?;
    Ok(vm.new_instance(cls, Time::bare(hour, minute, second, micro, fold, tzinfo))?.into_value())
}

/// The end of a repr: `tzinfo=...` and `fold=1` where they are.
pub fn repr_end(vm: &Vm, mut text: String, tzinfo: &Value, fold: i32) -> Res {
    if fold != 0 {
        text.push_str(", fold=1");
    }
    if tzinfo.is_none() {
        text.push(')');
        return Ok(vm.new_str(&text)?.into_value());
    }
    let mut out = ophi_runtime::objects::text_builder::TextBuilder::new();
    out.push(&text);
    out.push(", tzinfo=");
    out.push_str(&*vm.repr(tzinfo)?);
    out.push(")");
    out.finish(vm)
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let time = of(vm, this)?;
    let mut text = format!("{}({}, {}", vm.type_name(this), time.hour, time.minute);
    if time.second != 0 || time.micro != 0 {
        text += &format!(", {}", time.second);
    }
    if time.micro != 0 {
        text += &format!(", {}", time.micro);
    }
    repr_end(vm, text, &time.tzinfo, time.fold)
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let time = of(vm, this)?;
    if time.hash.get() == -1 {
        let offset = match time.fold {
            0 => zone::utc_offset(vm, &time.tzinfo, &Value::NONE)?,
            _ => {
                let parts = [time.hour, time.minute, time.second, time.micro];
                let first = time_of(vm, vm.ty(&TIME), parts, &time.tzinfo, 0)?;
                zone::utc_offset(vm, &of(vm, &first)?.tzinfo, &Value::NONE)?
            }
        };
        let hash = match offset {
            None => hash_bytes(&time.state(), vm.interpreter().hash_key),
            Some(offset) => {
                let since = delta::from_micros(vm, time.micros() - offset.total_micros())?;
                vm.hash(since.as_value())?
            }
        };
        time.hash.set(hash);
    }
    Ok(time.hash.get())
}

fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(a), Some(b)) = (a.downcast::<Time>(), b.downcast::<Time>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    if a.tzinfo.is(&b.tzinfo) {
        return Ok(Value::bool(op.matches(a.state().cmp(&b.state()))));
    }
    let first = zone::utc_offset(vm, &a.tzinfo, &Value::NONE)?;
    let second = zone::utc_offset(vm, &b.tzinfo, &Value::NONE)?;
    match (first, second) {
        (None, None) => Ok(Value::bool(op.matches(a.state().cmp(&b.state())))),
        (Some(first), Some(second)) => {
            let a = a.micros() - first.total_micros();
            let b = b.micros() - second.total_micros();
            Ok(Value::bool(op.matches(a.cmp(&b))))
        }
        _ => match op {
            CompareOp::Eq => Ok(Value::FALSE),
            CompareOp::Ne => Ok(Value::TRUE),
            _ => Err(vm.type_error("can't compare offset-naive and offset-aware times")),
        },
    }
}

/// What pickles hold: the state, and the zone when there is one.
fn state_tuple(vm: &Vm, time: &Time, protocol: i32) -> Res {
    let mut state = time.state();
    if protocol > 3 && time.fold != 0 {
        state[0] |= 0x80;
    }
    let state = vm.new_bytes(&state)?.into_value();
    if time.tzinfo.is_none() { vm.new_tuple(&[state]) } else { vm.new_tuple(&[state, time.tzinfo.clone()]) }
}

#[methods]
impl Time {
    #[getter]
    fn hour(_: &Vm, this: &Ref<Time>) -> i32 {
        this.hour
    }
    #[getter]
    fn minute(_: &Vm, this: &Ref<Time>) -> i32 {
        this.minute
    }
    #[getter]
    fn second(_: &Vm, this: &Ref<Time>) -> i32 {
        this.second
    }
    #[getter]
    fn microsecond(_: &Vm, this: &Ref<Time>) -> i32 {
        this.micro
    }
    #[getter]
    fn tzinfo(_: &Vm, this: &Ref<Time>) -> Value {
        this.tzinfo.clone()
    }
    #[getter]
    fn fold(_: &Vm, this: &Ref<Time>) -> i32 {
        this.fold
    }

    #[classmethod(
        doc = "string, format -> the time that the string names, read by the format as time.strptime() reads it."
    )]
    fn strptime(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        strptime(vm, "_strptime_datetime_time", cls, args)
    }

    #[method(
        doc = "ISO 8601 text, [HH[:MM[:SS[.mmm[uuu]]]]][+HH:MM].\n\ntimespec says how exact the time is shown: 'auto', 'hours', 'minutes', 'seconds', 'milliseconds' or\n'microseconds'.\n"
    )]
    fn isoformat(vm: &Vm, this: &Ref<Time>, args: Args) -> Res {
        let mut bound = [None];
        bind_keywords(vm, "isoformat", &["timespec"], 0, args, &mut bound)?;
        let timespec = text::timespec_argument(vm, 1, bound[0])?;
        let mut shown = text::iso_time(vm, this.hour, this.minute, this.second, this.micro, &timespec)?;
        shown += &text::offset_of(vm, &this.tzinfo, &Value::NONE, ":")?;
        Ok(vm.new_str(&shown)?.into_value())
    }

    /// format -> strftime() style string.
    #[method]
    fn strftime(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None];
        bind_keywords(vm, "strftime", &["format"], 1, args, &mut bound)?;
        let Some(format) = bound[0] else { return Err(vm.type_error("strftime() needs a format")) };
        let format = text::format_argument(vm, "strftime", format)?;
        let time = of(vm, this)?;
        // A date that every system can format.
        let fields = [1900, 1, 1, time.hour, time.minute, time.second, 0, 1, -1];
        let tuple = STRUCT_TIME.make(vm, fields.iter().map(|i| Value::int32(*i)).collect())?;
        text::strftime(vm, this, format, &tuple, &Value::NONE)
    }

    #[method(sig = "(format, /)", doc = "Formats self with strftime.", text = "")]
    fn __format__(vm: &Vm, this: &Value, format: &Value) -> Res {
        formatted(vm, this, format)
    }

    /// Return self.tzinfo.utcoffset(self).
    #[method(sig = "()")]
    fn utcoffset(vm: &Vm, this: &Ref<Time>) -> Res {
        Ok(zone::shown(zone::utc_offset(vm, &this.tzinfo, &Value::NONE)?))
    }

    /// Return self.tzinfo.tzname(self).
    #[method(sig = "()")]
    fn tzname(vm: &Vm, this: &Ref<Time>) -> Res {
        zone::zone_name(vm, &this.tzinfo, &Value::NONE)
    }

    /// Return self.tzinfo.dst(self).
    #[method(sig = "()")]
    fn dst(vm: &Vm, this: &Ref<Time>) -> Res {
        Ok(zone::shown(zone::dst(vm, &this.tzinfo, &Value::NONE)?))
    }

    /// Return time with new specified fields.
    #[method]
    fn replace(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None; 6];
        bind_positional(vm, "replace", &NAMES, 0, 5, args, &mut bound)?;
        let time = of(vm, this)?;
        let field = |i: usize, old: i32| match bound[i] {
            Some(value) => crate::support::values::to_i32(vm, value),
            None => Ok(old),
        };
        let parts = [field(0, time.hour)?, field(1, time.minute)?, field(2, time.second)?, field(3, time.micro)?];
        let fold = field(5, time.fold)?;
        if fold != 0 && fold != 1 {
            return Err(vm.value_error(format!("fold must be either 0 or 1, not {fold}")));
        }
        let tzinfo = bound[4].cloned().unwrap_or_else(|| time.tzinfo.clone());
        time_of(vm, vm.class(this), parts, &tzinfo, fold)
    }

    /// The same as replace().
    #[method(text = "($self, /, **changes)")]
    fn __replace__(vm: &Vm, this: &Value, args: Args) -> Res {
        Time::replace(vm, this, args)
    }

    /// string -> time from a string in ISO 8601 format
    #[classmethod(sig = "(object, /)")]
    fn fromisoformat(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        let ascii = text::ascii_of(vm, object)?;
        let body = ascii.strip_prefix(b"T").unwrap_or(&ascii);
        let Some(clock) = text::parse_time(vm, body)? else { return Err(text::invalid(vm, object)) };
        let mut parts = clock.parts;
        if parts[0] == 24 {
            if parts[1..] != [0, 0, 0] {
                return Err(vm.value_error("minute, second, and microsecond must be 0 when hour is 24"));
            }
            parts[0] = 0;
        }
        time_of(vm, cls, parts, &clock.zone, 0)
    }

    #[method(sig = "(protocol, /)", doc = "__reduce_ex__(proto) -> (cls, state)", text = "")]
    fn __reduce_ex__(vm: &Vm, this: &Value, protocol: i32) -> Res {
        let state = state_tuple(vm, of(vm, this)?, protocol)?;
        vm.new_tuple(&[vm.class(this).to_value(), state])
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        Time::__reduce_ex__(vm, this, 2)
    }
}
