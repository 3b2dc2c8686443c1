//! Arithmetic, comparison and hashing of datetimes; other time zones.
//!
//! Datetimes of one zone object compare by their fields; of different zones by UTC. One whose offset depends on its fold is
//! equal to none of another zone (PEP 495).

use super::calendar::{self, MAX_ORDINAL};
use super::clock::{self, EPOCH, local_zone};
use super::delta::{self, Delta};
use super::moment::{DATETIME, Fields, Moment, moment_of, of, utc_offset};
use super::out_of_range;
use ophi_runtime::objects::str::hash::hash_bytes;
use ophi_runtime::payload::Downcast;
use ophi_runtime::slots::CompareOp;
use ophi_runtime::{Ref, Res, Value, Vm};

/// The moment a duration later (`sign` 1) or earlier (-1), of the same class and zone.
pub fn plus(vm: &Vm, this: &Value, moment: &Moment, delta: &Delta, sign: i32) -> Res {
    let mut fields = Fields { fold: 0, ..moment.fields() };
    let mut days = i64::from(sign) * i64::from(delta.days);
    if delta.seconds != 0 || delta.micros != 0 {
        let micros = moment.micro + sign * delta.micros;
        let seconds = moment.hour * 3600
            + moment.minute * 60
            + moment.second
            + sign * delta.seconds
            + micros.div_euclid(1_000_000);
        days += i64::from(seconds.div_euclid(86_400));
        let rest = seconds.rem_euclid(86_400);
        (fields.hour, fields.minute, fields.second) = (rest / 3600, rest / 60 % 60, rest % 60);
        fields.micro = micros.rem_euclid(1_000_000);
    }
    let day = i64::from(fields.day) + days;
    if (1..=28).contains(&day) {
        // Every month has that day.
        fields.day = day as i32;
    } else {
        let ordinal = i64::from(moment.date.ordinal()) + days;
        if !(1..=i64::from(MAX_ORDINAL)).contains(&ordinal) {
            return Err(out_of_range(vm));
        }
        (fields.year, fields.month, fields.day) = calendar::from_ordinal(ordinal as i32);
    }
    moment_of(vm, vm.class(this), fields, &moment.tzinfo)
}

pub fn add(vm: &Vm, a: &Value, b: &Value) -> Res {
    let (object, moment, other) = match a.downcast::<Moment>() {
        Some(moment) => (a, moment, b),
        None => match b.downcast::<Moment>() {
            Some(moment) => (b, moment, a),
            None => return Ok(Value::NOT_IMPLEMENTED),
        },
    };
    match other.downcast::<Delta>() {
        Some(delta) => plus(vm, object, moment, delta, 1),
        None => Ok(Value::NOT_IMPLEMENTED),
    }
}

/// The offsets of two moments; none for both when they share a zone.
type Offsets = (Option<Ref<Delta>>, Option<Ref<Delta>>);

pub fn subtract(vm: &Vm, a: &Value, b: &Value) -> Res {
    let Some(moment) = a.downcast::<Moment>() else { return Ok(Value::NOT_IMPLEMENTED) };
    if let Some(delta) = b.downcast::<Delta>() {
        return plus(vm, a, moment, delta, -1);
    }
    let Some(other) = b.downcast::<Moment>() else { return Ok(Value::NOT_IMPLEMENTED) };
    let offsets: Offsets = match moment.tzinfo.is(&other.tzinfo) {
        true => (None, None),
        false => (utc_offset(vm, a, moment)?, utc_offset(vm, b, other)?),
    };
    let mut micros = moment.micros() - other.micros();
    match offsets {
        (Some(first), Some(second)) => micros += second.total_micros() - first.total_micros(),
        (None, None) => {}
        _ => return Err(vm.type_error("can't subtract offset-naive and offset-aware datetimes")),
    }
    Ok(delta::from_micros(vm, micros)?.into_value())
}

/// Whether the offset would be another one with the other fold.
fn depends_on_fold(vm: &Vm, moment: &Moment, offset: &Option<Ref<Delta>>) -> Res<bool> {
    let fields = Fields { fold: 1 - moment.fold, ..moment.fields() };
    let flipped = moment_of(vm, vm.ty(&DATETIME), fields, &moment.tzinfo)?;
    let other = utc_offset(vm, &flipped, moment)?;
    let value = |offset: &Option<Ref<Delta>>| offset.as_ref().map(|offset| offset.fields());
    Ok(value(offset) != value(&other))
}

pub fn compare(vm: &Vm, a: &Value, b: &Value, op: CompareOp) -> Res {
    let (Some(x), Some(y)) = (a.downcast::<Moment>(), b.downcast::<Moment>()) else {
        return Ok(Value::NOT_IMPLEMENTED);
    };
    if x.tzinfo.is(&y.tzinfo) {
        return Ok(Value::bool(op.matches(x.state().cmp(&y.state()))));
    }
    let (first, second) = (utc_offset(vm, a, x)?, utc_offset(vm, b, y)?);
    let mut ordering = match (&first, &second) {
        (None, None) => x.state().cmp(&y.state()),
        (Some(first), Some(second)) => (x.micros() - first.total_micros()).cmp(&(y.micros() - second.total_micros())),
        _ => match op {
            CompareOp::Eq => return Ok(Value::FALSE),
            CompareOp::Ne => return Ok(Value::TRUE),
            _ => return Err(vm.type_error("can't compare offset-naive and offset-aware datetimes")),
        },
    };
    let for_equality = matches!(op, CompareOp::Eq | CompareOp::Ne);
    if for_equality && ordering.is_eq() && (depends_on_fold(vm, x, &first)? || depends_on_fold(vm, y, &second)?) {
        ordering = core::cmp::Ordering::Greater;
    }
    Ok(Value::bool(op.matches(ordering)))
}

pub fn hash(vm: &Vm, this: &Value) -> Res<i64> {
    let moment = of(vm, this)?;
    let known = moment.date.hash.get();
    if known != -1 {
        return Ok(known);
    }
    let offset = match moment.fold {
        0 => utc_offset(vm, this, moment)?,
        _ => {
            let fields = Fields { fold: 0, ..moment.fields() };
            let first = moment_of(vm, vm.ty(&DATETIME), fields, &moment.tzinfo)?;
            utc_offset(vm, &first, moment)?
        }
    };
    let hash = match offset {
        None => hash_bytes(&moment.state(), vm.interpreter().hash_key),
        Some(offset) => {
            let since = delta::from_micros(vm, moment.micros() - offset.total_micros())?;
            vm.hash(since.as_value())?
        }
    };
    moment.date.hash.set(hash);
    Ok(hash)
}

/// `this` in another zone; in the system's when `tz` is None.
pub fn as_time_zone(vm: &Vm, this: &Value, tz: &Value) -> Res {
    let moment = of(vm, this)?;
    let system_zone = || {
        let local = moment.seconds();
        let fold = moment.fold != 0;
        let mut seconds = clock::from_local(vm, local, fold)?;
        // In a gap the other side's offset is the one in force.
        let other = clock::from_local(vm, local, !fold)?;
        if other != seconds && (other > seconds) == fold {
            seconds = other;
        }
        local_zone(vm, seconds - EPOCH)
    };
    let mut own = moment.tzinfo.clone();
    let mut offset = None;
    if !own.is_none() {
        if own.is(tz) {
            return Ok(this.clone());
        }
        offset = utc_offset(vm, this, moment)?;
    }
    let offset = match offset {
        Some(offset) => offset,
        None => {
            // Without an offset it is taken to be in the system's zone.
            own = system_zone()?;
            if own.is(tz) {
                return Ok(this.clone());
            }
            match super::zone::utc_offset(vm, &own, this)? {
                Some(offset) => offset,
                None => return Err(vm.type_error("utcoffset() returned None, expected timedelta")),
            }
        }
    };
    // In UTC; the zone it is to be in is named before that zone is asked.
    let result = plus(vm, this, moment, &offset, -1)?;
    let Some(made) = result.downcast::<Moment>() else {
        return Err(vm.type_error("astimezone: a datetime is expected"));
    };
    let target = match tz.is_none() {
        false => tz.clone(),
        true => local_zone(vm, made.seconds() - EPOCH)?,
    };
    let result = match made.tzinfo.is(&target) {
        true => result.clone(),
        false => {
            let bare = Moment::bare(Fields { fold: 0, ..made.fields() }, target.clone());
            vm.new_instance(&vm.class(&result).clone(), bare)?.into_value()
        }
    };
    vm.call_method_str(&target, "fromutc", &[result])
}
