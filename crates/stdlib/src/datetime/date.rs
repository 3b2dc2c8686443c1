//! `date`, and the named tuple that `isocalendar` gives.

use super::calendar::{self, IsoError, MAX_ORDINAL};
use super::clock;
use super::delta::{self, Delta};
use super::moment::Moment;
use super::text;
use super::{kind, out_of_range};
use crate::support::args::{bind_keywords, c_int};
use crate::time::STRUCT_TIME;
use core::cell::Cell;
use ophi_runtime::objects::bytes::Bytes;
use ophi_runtime::objects::exceptions::OVERFLOW_ERROR;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::str::hash::hash_bytes;
use ophi_runtime::objects::tuple::TUPLE;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, Tuple, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

#[repr(C)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
    pub hash: Cell<i64>,
}

impl Trace for Date {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Date {
    fn def() -> &'static TypeDef {
        &DATE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("date");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

pub static DATE: TypeDef = TypeDef {
    module: "datetime",
    doc: "date(year, month, day) --> date object",
    flags: TypeFlags::BASETYPE,
    slots: Slots {
        new: Some(construct),
        repr: Some(repr),
        str: Some(|vm, this| vm.call_method_str(this, "isoformat", &[])),
        hash: Some(hash),
        richcompare: Some(compare),
        add: Some(add),
        subtract: Some(subtract),
        ..Slots::NONE
    },
    tables: &[Date::METHODS],
    finish: Some(|vm, class| {
        let namespace = class.namespace();
        let made = |y, m, d| Ok(vm.new_instance(class, Date::bare(y, m, d))?.into_value());
        namespace.set_text(vm, "min", made(1, 1, 1)?)?;
        namespace.set_text(vm, "max", made(9999, 12, 31)?)?;
        namespace.set_text(vm, "resolution", delta::new(vm, 1, 0, 0)?.into_value())
    }),
    ..TypeDef::of::<Date>("date", &OBJECT)
};

impl Date {
    /// Of fields that have been checked.
    pub fn bare(year: i32, month: i32, day: i32) -> Date {
        Date { year: year as u16, month: month as u8, day: day as u8, hash: Cell::new(-1) }
    }

    pub fn year(&self) -> i32 {
        self.year.into()
    }

    pub fn month(&self) -> i32 {
        self.month.into()
    }

    pub fn day(&self) -> i32 {
        self.day.into()
    }

    pub fn ordinal(&self) -> i32 {
        calendar::to_ordinal(self.year(), self.month(), self.day())
    }

    pub fn weekday(&self) -> i32 {
        (self.ordinal() + 6) % 7
    }

    pub fn state(&self) -> [u8; 4] {
        let [high, low] = self.year.to_be_bytes();
        [high, low, self.month, self.day]
    }
}

pub fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Date>> {
    ophi_runtime::native::receiver::<Date>(vm, this, "date")
}

/// A date of class `cls`; subclasses are called.
pub fn date_of(vm: &Vm, cls: &TypeRef, year: i32, month: i32, day: i32) -> Res {
    if cls.is(vm.ty(&DATE)) {
        calendar::check_date(vm, year, month, day)?;
        return Ok(vm.new_object(Date::bare(year, month, day))?.into_value());
    }
    vm.call(cls.as_value(), &[Value::int32(year), Value::int32(month), Value::int32(day)])
}

/// The bytes of a pickled state: bytes, or text of Latin-1 as Python 2 wrote it.
pub fn pickled(vm: &Vm, state: &Value, len: usize, what: &str, month_at: Option<usize>) -> Res<Option<Vec<u8>>> {
    // The month tells a state from a year.
    let sane = |month: u32| month_at.is_none() || (1..=12).contains(&(month & 0x7f));
    if let Some(bytes) = state.downcast::<Bytes>() {
        let bytes = bytes.as_slice();
        let fits = bytes.len() == len && sane(month_at.map_or(0, |at| bytes[at].into()));
        return Ok(fits.then(|| bytes.to_vec()));
    }
    let Some(text) = state.downcast::<Str>().filter(|text| text.len() == len) else { return Ok(None) };
    if !sane(month_at.map_or(0, |at| text.at(at))) {
        return Ok(None);
    }
    match text.code_points().map(u8::try_from).collect::<Result<Vec<u8>, _>>() {
        Ok(bytes) => Ok(Some(bytes)),
        Err(_) => Err(vm.value_error(format!(
            "Failed to encode latin1 string when unpickling a {what} object. pickle.load(data, encoding='latin1') is assumed."
        ))),
    }
}

fn construct(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    if let ([state], false) = (args.values, args.has_keywords())
        && let Some(bytes) = pickled(vm, state, 4, "date", Some(2))?
    {
        let year = u16::from_be_bytes([bytes[0], bytes[1]]);
        return Ok(vm.new_instance(cls, Date::bare(year.into(), bytes[2].into(), bytes[3].into()))?.into_value());
    }
    let mut bound = [None; 3];
    bind_keywords(vm, "", &["year", "month", "day"], 3, args, &mut bound)?;
    let [Some(year), Some(month), Some(day)] = bound else { return Err(vm.type_error("three fields are needed")) };
    let (year, month, day) = (c_int(vm, year)?, c_int(vm, month)?, c_int(vm, day)?);
    calendar::check_date(vm, year, month, day)?;
    Ok(vm.new_instance(cls, Date::bare(year, month, day))?.into_value())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let date = of(vm, this)?;
    let class = vm.type_name(this);
    Ok(vm.new_str(&format!("{class}({}, {}, {})", date.year, date.month, date.day))?.into_value())
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let date = of(vm, this)?;
    if date.hash.get() == -1 {
        date.hash.set(hash_bytes(&date.state(), vm.interpreter().hash_key));
    }
    Ok(date.hash.get())
}

/// A datetime is no date to compare with.
fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    match (a.downcast::<Date>(), b.downcast::<Date>()) {
        (Some(x), Some(y)) if !a.is_a::<Moment>() && !b.is_a::<Moment>() => {
            Ok(Value::bool(op.matches(x.state().cmp(&y.state()))))
        }
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// The date so many days later, of the same class.
fn shifted(vm: &Vm, this: &Value, date: &Date, days: i32) -> Res {
    let ordinal = date.ordinal() + days;
    if !(1..=MAX_ORDINAL).contains(&ordinal) {
        return Err(out_of_range(vm));
    }
    let (year, month, day) = calendar::from_ordinal(ordinal);
    date_of(vm, vm.class(this), year, month, day)
}

fn add(vm: &Vm, a: &Value, b: &Value) -> Res {
    if a.is_a::<Moment>() || b.is_a::<Moment>() {
        return Ok(Value::NOT_IMPLEMENTED);
    }
    match (a.downcast::<Date>(), b.downcast::<Delta>(), a.downcast::<Delta>(), b.downcast::<Date>()) {
        (Some(date), Some(delta), ..) => shifted(vm, a, date, delta.days),
        (_, _, Some(delta), Some(date)) => shifted(vm, b, date, delta.days),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some(date) = a.downcast::<Date>().filter(|_| !a.is_a::<Moment>() && !b.is_a::<Moment>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if let Some(other) = b.downcast::<Date>() {
        let days = date.ordinal() - other.ordinal();
        return Ok(delta::new(vm, days.into(), 0, 0)?.into_value());
    }
    match b.downcast::<Delta>() {
        Some(delta) => shifted(vm, a, date, -delta.days),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// A `struct_time`.
pub fn struct_time(vm: &Vm, date: &Date, clock: [i32; 3], dst: i32) -> Res {
    let (year, month) = (date.year(), date.month());
    let year_day = calendar::days_before_month(year, month) + date.day();
    let [hour, minute, second] = clock;
    let fields = [year, month, date.day(), hour, minute, second, date.weekday(), year_day, dst];
    STRUCT_TIME.make(vm, fields.iter().map(|i| Value::int32(*i)).collect())
}

/// `Sun Jun 20 02:26:40 1993`
pub fn ctime(vm: &Vm, date: &Date, clock: [i32; 3]) -> Res {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let [hour, minute, second] = clock;
    let (weekday, month) = (DAYS[date.weekday() as usize % 7], MONTHS[(date.month as usize + 11) % 12]);
    let text = format!("{weekday} {month} {:2} {hour:02}:{minute:02}:{second:02} {:04}", date.day, date.year);
    Ok(vm.new_str(&text)?.into_value())
}

/// `__format__` of all three classes.
pub fn formatted(vm: &Vm, this: &Value, format: &Value) -> Res {
    let text = text::format_argument(vm, "__format__", format)?;
    if text.is_empty() {
        return Ok(vm.str(this)?.into_value());
    }
    vm.call_method_str(this, "strftime", core::slice::from_ref(format))
}

/// Asks `_strptime`.
pub fn strptime(vm: &Vm, function: &str, cls: &TypeRef, args: Args<'_>) -> Res {
    args.no_keywords(vm, "strptime")?;
    let [string, format] = args.check_positional(vm, "strptime", 2, 2)? else {
        return Err(vm.type_error("strptime() takes exactly 2 arguments"));
    };
    for (i, value) in [string, format].into_iter().enumerate() {
        if !value.is_a::<Str>() {
            let got = kind(vm, value);
            return Err(vm.type_error(format!("strptime() argument {} must be str, not {got}", i + 1)));
        }
    }
    let function = vm.get_attr_str(&crate::support::import(vm, "_strptime")?, function)?;
    vm.call(&function, &[cls.to_value(), string.clone(), format.clone()])
}

#[methods]
impl Date {
    #[getter(name = "year")]
    fn year_value(_: &Vm, this: &Ref<Date>) -> i32 {
        this.year()
    }
    #[getter(name = "month")]
    fn month_value(_: &Vm, this: &Ref<Date>) -> i32 {
        this.month()
    }
    #[getter(name = "day")]
    fn day_value(_: &Vm, this: &Ref<Date>) -> i32 {
        this.day()
    }

    /// The local date at a number of seconds since the epoch, as time.time() counts them.
    #[classmethod(sig = "(timestamp, /)")]
    fn fromtimestamp(vm: &Vm, cls: &TypeRef, timestamp: &Value) -> Res {
        let tm = clock::local_fields(vm, clock::timestamp_floor(vm, timestamp)?)?;
        date_of(vm, cls, tm.year + 1900, tm.mon + 1, tm.mday)
    }

    /// int -> date corresponding to a proleptic Gregorian ordinal.
    #[classmethod(sig = "(ordinal, /)", text = "")]
    fn fromordinal(vm: &Vm, cls: &TypeRef, ordinal: &Value) -> Res {
        let ordinal = c_int(vm, ordinal)?;
        if ordinal < 1 {
            return Err(vm.value_error("ordinal must be >= 1"));
        }
        let (year, month, day) = calendar::from_ordinal(ordinal);
        date_of(vm, cls, year, month, day)
    }

    /// str -> Construct a date from a string in ISO 8601 format.
    #[classmethod(sig = "(object, /)")]
    fn fromisoformat(vm: &Vm, cls: &TypeRef, object: &Value) -> Res {
        let ascii = text::ascii_of(vm, object)?;
        let parsed = match ascii.len() {
            7 | 8 => text::parse_date(&ascii),
            // CPython looks at no more of a date without dashes.
            10 if ascii[4] != b'-' => text::parse_date(&ascii[..8]),
            10 => text::parse_date(&ascii),
            _ => None,
        };
        let Some((year, month, day)) = parsed else { return Err(text::invalid(vm, object)) };
        date_of(vm, cls, year, month, day)
    }

    #[classmethod(doc = "int, int, int -> The date of an ISO year, week and weekday, as isocalendar() names them.")]
    fn fromisocalendar(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        let mut bound = [None; 3];
        bind_keywords(vm, "fromisocalendar", &["year", "week", "day"], 3, args, &mut bound)?;
        let mut fields = [0; 3];
        for (field, value) in fields.iter_mut().zip(bound) {
            let Some(value) = value else { continue };
            let converted = c_int(vm, value);
            *field = match vm.catch(converted, &OVERFLOW_ERROR)? {
                Some(number) => number,
                None => return Err(vm.value_error("ISO calendar component out of range")),
            };
        }
        let [year, week, weekday] = fields;
        let ordinal = match calendar::from_iso(year, week, weekday) {
            Ok(ordinal) => ordinal,
            Err(IsoError::Year) => {
                return Err(vm.value_error(format!("year must be in 1..9999, not {year}")));
            }
            Err(IsoError::Week) => return Err(vm.value_error(format!("Invalid week: {week}"))),
            Err(IsoError::Day) => {
                return Err(vm.value_error(format!("Invalid weekday: {weekday} (range is [1, 7])")));
            }
        };
        let (year, month, day) = if ordinal < 1 { (0, 12, 31) } else { calendar::from_ordinal(ordinal) };
        date_of(vm, cls, year, month, day)
    }

    #[classmethod(
        doc = "string, format -> the date that the string names, read by the format as time.strptime() reads it."
    )]
    fn strptime(vm: &Vm, cls: &TypeRef, args: Args) -> Res {
        strptime(vm, "_strptime_datetime_date", cls, args)
    }

    /// Today's date in local time.
    #[classmethod(sig = "()")]
    fn today(vm: &Vm, cls: &TypeRef) -> Res {
        let (seconds, micros) = clock::now(vm)?;
        if cls.is(vm.ty(&DATE)) {
            let tm = clock::local_fields(vm, seconds)?;
            return date_of(vm, cls, tm.year + 1900, tm.mon + 1, tm.mday);
        }
        let now = vm.new_float(seconds as f64 + f64::from(micros) / 1e6)?;
        vm.call_method_str(cls.as_value(), "fromtimestamp", &[now])
    }

    /// Return ctime() style string.
    #[method(sig = "()")]
    fn ctime(vm: &Vm, this: &Ref<Date>) -> Res {
        ctime(vm, this, [0; 3])
    }

    /// format -> strftime() style string.
    #[method]
    fn strftime(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None];
        bind_keywords(vm, "strftime", &["format"], 1, args, &mut bound)?;
        let Some(format) = bound[0] else { return Err(vm.type_error("strftime() needs a format")) };
        let format = text::format_argument(vm, "strftime", format)?;
        let tuple = vm.call_method_str(this, "timetuple", &[])?;
        text::strftime(vm, this, format, &tuple, this)
    }

    #[method(sig = "(format, /)", doc = "Formats self with strftime.", text = "")]
    fn __format__(vm: &Vm, this: &Value, format: &Value) -> Res {
        formatted(vm, this, format)
    }

    /// Return string in ISO 8601 format, YYYY-MM-DD.
    #[method(sig = "()")]
    fn isoformat(vm: &Vm, this: &Ref<Date>) -> String {
        let _ = vm;
        text::iso_date(this.year(), this.month(), this.day())
    }

    /// The day of the week, from 1 (Monday) to 7 (Sunday).
    #[method(sig = "()")]
    fn isoweekday(_: &Vm, this: &Ref<Date>) -> i32 {
        this.weekday() + 1
    }

    /// ISO year, week and weekday, as a named tuple.
    #[method(sig = "()")]
    fn isocalendar(vm: &Vm, this: &Ref<Date>) -> Res {
        let (year, week, weekday) = calendar::iso_calendar(this.year(), this.month(), this.day());
        let items = [Value::int32(year), Value::int32(week), Value::int32(weekday)];
        Ok(Tuple::new_of(vm, &vm.ty(&ISO_CALENDAR_DATE).clone(), 3, items.into_iter())?.into_value())
    }

    /// Return time tuple, compatible with time.localtime().
    #[method(sig = "()")]
    fn timetuple(vm: &Vm, this: &Ref<Date>) -> Res {
        struct_time(vm, this, [0; 3], -1)
    }

    /// The number of the day: January 1 of the year 1 is day 1.
    #[method(sig = "()")]
    fn toordinal(_: &Vm, this: &Ref<Date>) -> i32 {
        this.ordinal()
    }

    /// The day of the week, from 0 (Monday) to 6 (Sunday).
    #[method(sig = "()", name = "weekday")]
    fn weekday_method(_: &Vm, this: &Ref<Date>) -> i32 {
        this.weekday()
    }

    /// Return date with new specified fields.
    #[method]
    fn replace(vm: &Vm, this: &Value, args: Args) -> Res {
        let mut bound = [None; 3];
        bind_keywords(vm, "replace", &["year", "month", "day"], 0, args, &mut bound)?;
        let date = of(vm, this)?;
        let field = |i: usize, old: i32| match bound[i] {
            Some(value) => crate::support::values::to_i32(vm, value),
            None => Ok(old),
        };
        let (year, month, day) = (field(0, date.year())?, field(1, date.month())?, field(2, date.day())?);
        date_of(vm, vm.class(this), year, month, day)
    }

    /// The same as replace().
    #[method(text = "($self, /, **changes)")]
    fn __replace__(vm: &Vm, this: &Value, args: Args) -> Res {
        Date::replace(vm, this, args)
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let state = vm.new_bytes(&of(vm, this)?.state())?.into_value();
        let args = vm.new_tuple(&[state])?;
        vm.new_tuple(&[vm.class(this).to_value(), args])
    }
}

/// What `isocalendar` gives; the payload is the tuple's.
pub static ISO_CALENDAR_DATE: TypeDef = TypeDef {
    module: "datetime",
    doc: "The result of date.isocalendar() or datetime.isocalendar()\n\nThis object may be accessed either as a tuple of\n  ((year, week, weekday)\nor via the object attributes as named in the above tuple.",
    flags: TypeFlags::GC,
    slots: Slots { new: Some(new_iso), repr: Some(repr_iso), ..Slots::NONE },
    tables: &[IsoCalendarDate::METHODS],
    ..TypeDef::of::<Tuple>("IsoCalendarDate", &TUPLE)
};

fn new_iso(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 3];
    bind_keywords(vm, "IsoCalendarDate", &["year", "week", "weekday"], 3, args, &mut bound)?;
    let mut items = Vec::new();
    for value in bound.into_iter().flatten() {
        items.push(Value::int32(c_int(vm, value)?));
    }
    Ok(Tuple::new_of(vm, cls, 3, items.into_iter())?.into_value())
}

fn part(vm: &Vm, this: &Value, i: usize) -> Res {
    match this.downcast::<Tuple>().and_then(|items| items.as_slice().get(i).cloned()) {
        Some(item) => Ok(item),
        None => Err(vm.type_error("an IsoCalendarDate is expected")),
    }
}

fn repr_iso(vm: &Vm, this: &Value) -> Res {
    let shown = |i| Ok(vm.repr(&part(vm, this, i)?)?.to_utf8_lossy().into_owned());
    let (year, week, weekday) = (shown(0)?, shown(1)?, shown(2)?);
    let class = vm.type_name(this);
    Ok(vm.new_str(&format!("{class}(year={year}, week={week}, weekday={weekday})"))?.into_value())
}

pub struct IsoCalendarDate;

#[methods]
impl IsoCalendarDate {
    #[getter]
    fn year(vm: &Vm, this: &Value) -> Res {
        part(vm, this, 0)
    }
    #[getter]
    fn week(vm: &Vm, this: &Value) -> Res {
        part(vm, this, 1)
    }
    #[getter]
    fn weekday(vm: &Vm, this: &Value) -> Res {
        part(vm, this, 2)
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let plain = vm.new_tuple(this.downcast::<Tuple>().map_or(&[], |items| items.as_slice()))?;
        let args = vm.new_tuple(&[plain])?;
        vm.new_tuple(&[vm.ty(&TUPLE).to_value(), args])
    }
}
