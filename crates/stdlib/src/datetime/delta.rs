//! `timedelta`: days, seconds and microseconds, of which only the days may be negative.

use crate::support::args::bind_keywords;
use core::cell::Cell;
use ophi_runtime::objects::int::{self, IntView};
use ophi_runtime::objects::object::OBJECT;
use ophi_runtime::objects::{float, float::slots::to_integer};
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::{CompareOp, Slots};
use ophi_runtime::{Args, Payload, Ref, Res, Trace, TypeDef, TypeFlags, TypeRef, Value, Visitor, Vm, layout, methods};

pub const MAX_DAYS: i32 = 999_999_999;
const SECOND: i128 = 1_000_000;
const DAY: i128 = 86_400 * SECOND;

pub struct Delta {
    pub days: i32,
    pub seconds: i32,
    pub micros: i32,
    hash: Cell<i64>,
}

impl Trace for Delta {
    fn trace(&self, _: &mut Visitor<'_>) {}
}

impl Payload for Delta {
    fn def() -> &'static TypeDef {
        &TIMEDELTA
    }
    const LAYOUT: &'static ophi_heap::Layout = layout!("timedelta");
    const MAKE: ophi_heap::Make = ophi_heap::Make::Leaf;
}

pub static TIMEDELTA: TypeDef = TypeDef {
    module: "datetime",
    doc: "A span of time, kept as days, seconds and microseconds.\n\ntimedelta(days=0, seconds=0, microseconds=0, milliseconds=0, minutes=0, hours=0, weeks=0)\n\nArguments may be negative and need not be whole.",
    flags: TypeFlags::BASETYPE,
    slots: Slots {
        new: Some(construct),
        repr: Some(repr),
        str: Some(str),
        hash: Some(hash),
        richcompare: Some(compare),
        ..super::delta_math::SLOTS
    },
    tables: &[Delta::METHODS],
    finish: Some(|vm, class| {
        let namespace = class.namespace();
        let made = |days, seconds, micros| Ok(vm.new_instance(class, bare(days, seconds, micros))?.into_value());
        namespace.set_text(vm, "min", made(-MAX_DAYS, 0, 0)?)?;
        namespace.set_text(vm, "max", made(MAX_DAYS, 86_399, 999_999)?)?;
        namespace.set_text(vm, "resolution", made(0, 0, 1)?)
    }),
    ..TypeDef::of::<Delta>("timedelta", &OBJECT)
};

fn bare(days: i32, seconds: i32, micros: i32) -> Delta {
    Delta { days, seconds, micros, hash: Cell::new(-1) }
}

/// Brings fields of any size into their ranges; `None` when there are too many days for an `i64`.
fn normalized(days: i64, seconds: i64, micros: i64) -> Option<(i64, i32, i32)> {
    let seconds = seconds.checked_add(micros.div_euclid(1_000_000))?;
    let days = days.checked_add(seconds.div_euclid(86_400))?;
    Some((days, seconds.rem_euclid(86_400) as i32, micros.rem_euclid(1_000_000) as i32))
}

fn checked(vm: &Vm, class: &TypeRef, days: i64, seconds: i32, micros: i32) -> Res<Ref<Delta>> {
    let Ok(days) = i32::try_from(days) else {
        return Err(vm.overflow_error("Python int too large to convert to C int"));
    };
    if !(-MAX_DAYS..=MAX_DAYS).contains(&days) {
        return Err(vm.overflow_error(format!("days={days}; must have magnitude <= {MAX_DAYS}")));
    }
    vm.new_instance(class, bare(days, seconds, micros))
}

/// A duration from fields of any size; OverflowError beyond the limits.
pub fn new(vm: &Vm, days: i64, seconds: i64, micros: i64) -> Res<Ref<Delta>> {
    match normalized(days, seconds, micros) {
        Some((days, seconds, micros)) => checked(vm, vm.ty(&TIMEDELTA), days, seconds, micros),
        None => Err(vm.overflow_error("Python int too large to convert to C int")),
    }
}

/// A duration of so many microseconds.
pub fn from_micros(vm: &Vm, micros: i128) -> Res<Ref<Delta>> {
    from_micros_of(vm, vm.ty(&TIMEDELTA), micros)
}

fn from_micros_of(vm: &Vm, class: &TypeRef, micros: i128) -> Res<Ref<Delta>> {
    let days = i64::try_from(micros.div_euclid(DAY)).unwrap_or(i64::MAX);
    let rest = micros.rem_euclid(DAY);
    checked(vm, class, days, (rest / SECOND) as i32, (rest % SECOND) as i32)
}

impl Delta {
    pub fn total_micros(&self) -> i128 {
        (i128::from(self.days) * 86_400 + i128::from(self.seconds)) * SECOND + i128::from(self.micros)
    }

    pub fn fields(&self) -> (i32, i32, i32) {
        (self.days, self.seconds, self.micros)
    }

    pub fn is_zero(&self) -> bool {
        self.fields() == (0, 0, 0)
    }
}

const NAMES: [&str; 7] = ["days", "seconds", "microseconds", "milliseconds", "minutes", "hours", "weeks"];
/// Microseconds in one of each, in the order in which they are added up.
const UNITS: [(usize, i128); 7] =
    [(2, 1), (3, 1000), (1, SECOND), (4, 60 * SECOND), (5, 3600 * SECOND), (0, DAY), (6, 7 * DAY)];

fn construct(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let mut bound = [None; 7];
    bind_keywords(vm, "__new__", &NAMES, 0, args, &mut bound)?;
    let too_large = || vm.overflow_error("Python int too large to convert to C int");
    let mut sum: i128 = 0;
    // What floats leave below a microsecond.
    let mut left = 0.0;
    for (i, factor) in UNITS {
        let Some(value) = bound[i] else { continue };
        let mut add = |n: i128| -> Res<()> {
            sum = n.checked_mul(factor).and_then(|n| sum.checked_add(n)).ok_or_else(too_large)?;
            Ok(())
        };
        if let Some(number) = int::view(value) {
            match number {
                IntView::Small(n) => add(i128::from(n))?,
                IntView::Big(_) => add(vm.index_as_i128(value)?.ok_or_else(too_large)?)?,
            }
        } else if let Some(f) = float::view(value) {
            let whole = to_integer(vm, f.trunc())?;
            add(vm.index_as_i128(&whole)?.ok_or_else(too_large)?)?;
            let part = f.fract() * factor as f64;
            sum += part.trunc() as i128;
            left += part.fract();
        } else {
            let (name, got) = (NAMES[i], vm.type_name(value));
            return Err(vm.type_error(format!("unsupported type for timedelta {name} component: {got}")));
        }
    }
    if left != 0.0 {
        // To the nearest, ties to the even sum.
        let mut whole = left.round();
        if (whole - left).abs() == 0.5 {
            let odd = (sum & 1) as f64;
            whole = 2.0 * ((left + odd) * 0.5).round() - odd;
        }
        sum += whole as i128;
    }
    Ok(from_micros_of(vm, cls, sum)?.into_value())
}

pub fn of<'a>(vm: &Vm, this: &'a Value) -> Res<&'a Ref<Delta>> {
    ophi_runtime::native::receiver::<Delta>(vm, this, "timedelta")
}

fn repr(vm: &Vm, this: &Value) -> Res {
    let delta = of(vm, this)?;
    let mut parts = Vec::new();
    for (name, value) in [("days", delta.days), ("seconds", delta.seconds), ("microseconds", delta.micros)] {
        if value != 0 {
            parts.push(format!("{name}={value}"));
        }
    }
    if parts.is_empty() {
        parts.push("0".into());
    }
    Ok(vm.new_str(&format!("{}({})", vm.type_name(this), parts.join(", ")))?.into_value())
}

fn str(vm: &Vm, this: &Value) -> Res {
    let delta = of(vm, this)?;
    let mut text = match delta.days {
        0 => String::new(),
        days => format!("{days} day{}, ", if days == 1 || days == -1 { "" } else { "s" }),
    };
    let (hours, rest) = (delta.seconds / 3600, delta.seconds % 3600);
    text += &format!("{hours}:{:02}:{:02}", rest / 60, rest % 60);
    if delta.micros != 0 {
        text += &format!(".{:06}", delta.micros);
    }
    Ok(vm.new_str(&text)?.into_value())
}

fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let delta = of(vm, this)?;
    if delta.hash.get() == -1 {
        delta.hash.set(vm.hash(&state_of(vm, delta)?)?);
    }
    Ok(delta.hash.get())
}

fn state_of(vm: &Vm, delta: &Delta) -> Res {
    vm.new_tuple(&[Value::int32(delta.days), Value::int32(delta.seconds), Value::int32(delta.micros)])
}

fn compare(_: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    match (a.downcast::<Delta>(), b.downcast::<Delta>()) {
        (Some(a), Some(b)) => Ok(Value::bool(op.matches(a.fields().cmp(&b.fields())))),
        _ => Ok(Value::NOT_IMPLEMENTED),
    }
}

#[methods]
impl Delta {
    /// Number of days.
    #[member]
    fn days(_: &Vm, this: &Ref<Delta>) -> i32 {
        this.days
    }

    /// Number of seconds (>= 0 and less than 1 day).
    #[member]
    fn seconds(_: &Vm, this: &Ref<Delta>) -> i32 {
        this.seconds
    }

    /// Number of microseconds (>= 0 and less than 1 second).
    #[member]
    fn microseconds(_: &Vm, this: &Ref<Delta>) -> i32 {
        this.micros
    }

    /// Total seconds in the duration.
    #[method(sig = "()")]
    fn total_seconds(vm: &Vm, this: &Ref<Delta>) -> Res {
        super::delta_math::ratio(vm, this.total_micros(), SECOND)
    }

    #[method(sig = "()", doc = "__reduce__() -> (cls, state)")]
    fn __reduce__(vm: &Vm, this: &Value) -> Res {
        let state = state_of(vm, of(vm, this)?)?;
        vm.new_tuple(&[vm.class(this).to_value(), state])
    }
}
