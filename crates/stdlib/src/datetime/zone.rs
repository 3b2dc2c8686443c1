//! `tzinfo` and `timezone`, and how a time zone is asked.

use super::delta::{self, Delta};
use super::moment::{self, DATETIME, Moment};
use super::moment_math::plus;
use super::text::offset_text;
use super::{kind, utc};
use crate::support::args::bind_keywords;
use ophi_heap::trace_fields;
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{
    Args, Payload, Ref, Res, Str, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods,
};

/// The abstract class.
#[repr(C)]
pub struct TzInfo;

impl Trace for TzInfo {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for TzInfo {
    fn def() -> &'static TypeDef {
        &TZINFO
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("tzinfo");
}

pub static TZINFO: TypeDef = TypeDef {
    module: "datetime",
    doc: "Abstract base class for time zone info objects.",
    flags: TypeFlags::BASETYPE,
    slots: Slots { new: Some(|vm, cls, _| Ok(vm.new_instance(cls, TzInfo)?.into_value())), ..Slots::NONE },
    tables: &[TzInfo::METHODS],
    ..TypeDef::of::<TzInfo>("tzinfo", &OBJECT)
};

/// A fixed offset.
#[repr(C)]
pub struct Fixed {
    base: TzInfo,
    offset: Ref<Delta>,
    name: Option<Value>,
}
trace_fields!(Fixed { offset, name });

impl Payload for Fixed {
    fn def() -> &'static TypeDef {
        &TIMEZONE
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("timezone", TzInfo);
}

pub static TIMEZONE: TypeDef = TypeDef {
    module: "datetime",
    doc: "Fixed offset from UTC implementation of tzinfo.",
    slots: Slots {
        new: Some(construct),
        repr: Some(repr),
        str: Some(|vm, this| name_of(vm, fixed(vm, this)?)),
        hash: Some(|vm, this| vm.hash(fixed(vm, this)?.offset.as_value())),
        richcompare: Some(compare),
        ..Slots::NONE
    },
    tables: &[Fixed::METHODS],
    finish: Some(|vm, class| {
        let namespace = class.namespace();
        let made = |seconds: i64| {
            let offset = delta::new(vm, 0, seconds, 0)?;
            Ok(vm.new_instance(class, Fixed { base: TzInfo, offset, name: None })?.into_value())
        };
        let zero = made(0)?;
        let state = super::state(vm);
        if !state.utc.is_set() {
            state.utc.set(Some(zero));
        }
        namespace.set_text(vm, "utc", state.utc.get_or_none())?;
        namespace.set_text(vm, "min", made(-86_340)?)?;
        namespace.set_text(vm, "max", made(86_340)?)
    }),
    ..TypeDef::of::<Fixed>("timezone", &TZINFO)
};

fn fixed<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Fixed>> {
    ophi_runtime::native::receiver::<Fixed>(vm, this, "timezone")
}

/// ValueError unless the offset is less than a day.
fn check_offset(vm: &Vm, offset: &Ref<Delta>) -> Res<()> {
    let inside = (offset.days == -1 && (offset.seconds, offset.micros) > (0, 0)) || offset.days == 0;
    if inside {
        return Ok(());
    }
    let shown = vm.repr(offset.as_value())?;
    Err(vm.value_error(format!(
        "offset must be a timedelta strictly between -timedelta(hours=24) and timedelta(hours=24), not {}",
        shown.to_utf8_lossy()
    )))
}

/// A fixed offset, with a name when there is one. Without name and offset it is UTC.
pub fn new_fixed(vm: &Vm, offset: Ref<Delta>, name: Option<Value>) -> Res {
    check_offset(vm, &offset)?;
    if name.is_none() && offset.is_zero() && super::state(vm).utc.is_set() {
        return utc(vm);
    }
    Ok(vm.new_object(Fixed { base: TzInfo, offset, name })?.into_value())
}

fn construct(vm: &Vm, _: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 2];
    bind_keywords(vm, "timezone", &["offset", "name"], 1, args, &mut bound)?;
    let Some(offset) = bound[0] else { return Err(vm.type_error("timezone() needs an offset")) };
    let Some(delta) = offset.downcast::<Delta>() else {
        let got = kind(vm, offset);
        return Err(vm.type_error(format!("timezone() argument 1 must be datetime.timedelta, not {got}")));
    };
    if let Some(name) = bound[1]
        && !name.is_a::<Str>()
    {
        let got = kind(vm, name);
        return Err(vm.type_error(format!("timezone() argument 2 must be str, not {got}")));
    }
    new_fixed(vm, delta.clone(), bound[1].cloned())
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let zone = fixed(vm, this)?;
    let class = vm.type_name(this);
    if this.is(&utc(vm)?) {
        return Ok(vm.new_str(&format!("{class}.utc"))?.into_value());
    }
    let mut text = ophi_runtime::objects::text_builder::TextBuilder::new();
    text.push(&class);
    text.push("(");
    text.push_str(&*vm.repr(zone.offset.as_value())?);
    if let Some(name) = &zone.name {
        text.push(", ");
        text.push_str(&*vm.repr(name)?);
    }
    text.push(")");
    text.finish(vm)
}

fn name_of(vm: &Vm, zone: &Fixed) -> Res {
    if let Some(name) = &zone.name {
        return Ok(name.clone());
    }
    if zone.offset.is_zero() {
        return Ok(vm.intern("UTC")?.into_value());
    }
    Ok(vm.new_str(&format!("UTC{}", offset_text(&zone.offset, ":")))?.into_value())
}

fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(a), Some(b)) = (a.downcast::<Fixed>(), b.downcast::<Fixed>()) else { return Ok(Value::NOT_IMPLEMENTED) };
    let same = a.offset.fields() == b.offset.fields();
    match op {
        CompareOp::Eq => Ok(Value::bool(same)),
        CompareOp::Ne => Ok(Value::bool(!same)),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// TypeError unless it is None or a time zone.
pub fn check_tzinfo(vm: &Vm, value: &Value) -> Res<()> {
    if value.is_none() || value.is_a::<TzInfo>() {
        return Ok(());
    }
    let got = vm.type_name(value);
    Err(vm.type_error(format!("tzinfo argument must be None or of a tzinfo subclass, not type '{got}'")))
}

/// Asks a time zone for `utcoffset` or `dst` of an argument.
fn ask(vm: &Vm, zone: &Value, method: &str, argument: &Value) -> Res<Option<Ref<Delta>>> {
    if zone.is_none() {
        return Ok(None);
    }
    let answer = vm.call_method_str(zone, method, core::slice::from_ref(argument))?;
    if answer.is_none() {
        return Ok(None);
    }
    match answer.downcast::<Delta>() {
        Some(delta) => {
            check_offset(vm, delta)?;
            Ok(Some(delta.clone()))
        }
        None => {
            let got = vm.type_name(&answer);
            Err(vm.type_error(format!("tzinfo.{method}() must return None or timedelta, not '{got}'")))
        }
    }
}

/// The zone's offset from UTC at a time.
pub fn utc_offset(vm: &Vm, zone: &Value, argument: &Value) -> Res<Option<Ref<Delta>>> {
    match zone.exact::<Fixed>(vm) {
        Some(fixed) => Ok(Some(fixed.offset.clone())),
        None => ask(vm, zone, "utcoffset", argument),
    }
}

/// The zone's daylight saving at a time.
pub fn dst(vm: &Vm, zone: &Value, argument: &Value) -> Res<Option<Ref<Delta>>> {
    match zone.exact::<Fixed>(vm) {
        Some(_) => Ok(None),
        None => ask(vm, zone, "dst", argument),
    }
}

/// The zone's name at a time: text or None.
pub fn zone_name(vm: &Vm, zone: &Value, argument: &Value) -> Res {
    if zone.is_none() {
        return Ok(Value::NONE);
    }
    if let Some(fixed) = zone.exact::<Fixed>(vm) {
        return name_of(vm, fixed);
    }
    let answer = vm.call_method_str(zone, "tzname", core::slice::from_ref(argument))?;
    if answer.is_none() || answer.is_a::<Str>() {
        return Ok(answer);
    }
    let got = vm.type_name(&answer);
    Err(vm.type_error(format!("tzinfo.tzname() must return None or a string, not '{got}'")))
}

/// A duration or None.
pub fn shown(offset: Option<Ref<Delta>>) -> Value {
    offset.map_or(Value::NONE, |offset| offset.into_value())
}

fn abstract_method(vm: &Vm, name: &str) -> Res {
    Err(vm.not_implemented(format!("a tzinfo subclass must implement {name}()")))
}

#[methods]
impl TzInfo {
    /// datetime -> string name of time zone.
    #[method(sig = "(object, /)")]
    fn tzname(vm: &Vm, this: &Value, object: &Value) -> Res {
        let _ = (this, object);
        abstract_method(vm, "tzname")
    }

    /// datetime -> the offset from UTC as a timedelta, negative for the West
    #[method(sig = "(object, /)")]
    fn utcoffset(vm: &Vm, this: &Value, object: &Value) -> Res {
        let _ = (this, object);
        abstract_method(vm, "utcoffset")
    }

    /// datetime -> DST offset as timedelta positive east of UTC.
    #[method(sig = "(object, /)")]
    fn dst(vm: &Vm, this: &Value, object: &Value) -> Res {
        let _ = (this, object);
        abstract_method(vm, "dst")
    }

    /// datetime in UTC -> datetime in local time.
    #[method(sig = "(object, /)")]
    fn fromutc(vm: &Vm, this: &Value, object: &Value) -> Res {
        let moment = from_utc_argument(vm, this, object)?;
        let Some(offset) = moment::utc_offset(vm, object, moment)? else {
            return Err(vm.value_error("fromutc: non-None utcoffset() result required"));
        };
        let Some(saving) = dst(vm, &moment.tzinfo, object)? else {
            return Err(vm.value_error("fromutc: non-None dst() result required"));
        };
        let standard = delta::from_micros(vm, offset.total_micros() - saving.total_micros())?;
        let result = plus(vm, object, moment, &standard, 1)?;
        let Some(made) = result.downcast::<Moment>() else {
            return Err(vm.type_error("fromutc: a datetime is expected"));
        };
        match dst(vm, &made.tzinfo, &result)? {
            None => Err(vm.value_error("fromutc: tz.dst() gave inconsistent results; cannot convert")),
            Some(saving) if saving.is_zero() => Ok(result),
            Some(saving) => plus(vm, &result, made, &saving, 1),
        }
    }

    /// -> (cls, state)
    #[method(sig = "()")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let args = match vm.get_attr_str_opt(this, "__getinitargs__")? {
            Some(get) => vm.call(&get, &[])?,
            None => vm.new_tuple(&[])?,
        };
        let state = vm.call_method_str(this, "__getstate__", &[])?;
        vm.new_tuple(&[vm.class(this).to_value(), args, state])
    }
}

fn from_utc_argument<'a>(vm: &Vm, zone: &Value, object: &'a Value) -> Res<&'a Ref<Moment>> {
    let Some(moment) = object.downcast::<Moment>() else {
        return Err(vm.type_error("fromutc: argument must be a datetime"));
    };
    if !moment.tzinfo.is(zone) {
        return Err(vm.value_error("fromutc: dt.tzinfo is not self"));
    }
    Ok(moment)
}

fn check_argument(vm: &Vm, method: &str, object: &Value) -> Res<()> {
    if object.is_none() || vm.is_instance_of(object, &DATETIME) {
        return Ok(());
    }
    let got = vm.type_name(object);
    Err(vm.type_error(format!("{method}(dt) argument must be a datetime instance or None, not {got}")))
}

#[methods]
impl Fixed {
    /// The name given at creation, or the offset as 'UTC+HH:MM' or 'UTC-HH:MM'.
    #[method(sig = "(object, /)")]
    fn tzname(vm: &Vm, this: &Ref<Fixed>, object: &Value) -> Res {
        check_argument(vm, "tzname", object)?;
        name_of(vm, this)
    }

    /// Return fixed offset.
    #[method(sig = "(object, /)")]
    fn utcoffset(vm: &Vm, this: &Ref<Fixed>, object: &Value) -> Res {
        check_argument(vm, "utcoffset", object)?;
        Ok(this.offset.to_value())
    }

    /// Return None.
    #[method(sig = "(object, /)")]
    fn dst(vm: &Vm, this: &Value, object: &Value) -> Res {
        let _ = this;
        check_argument(vm, "dst", object)?;
        Ok(Value::NONE)
    }

    /// datetime in UTC -> datetime in local time.
    #[method(sig = "(object, /)")]
    fn fromutc(vm: &Vm, this: &Value, object: &Value) -> Res {
        let moment = from_utc_argument(vm, this, object)?;
        plus(vm, object, moment, &fixed(vm, this)?.offset, 1)
    }

    /// pickle support
    #[method(sig = "()")]
    fn __getinitargs__(vm: &Vm, this: &Ref<Fixed>) -> Res {
        match &this.name {
            Some(name) => vm.new_tuple(&[this.offset.to_value(), name.clone()]),
            None => vm.new_tuple(&[this.offset.to_value()]),
        }
    }
}
