//! `compress`, `dropwhile`, `filterfalse`, `islice`, `takewhile`.

use super::{iterator, parameter};
use core::cell::Cell;
use ophi_heap::trace_fields;
use ophi_runtime::native::{Signature, bind};
use ophi_runtime::payload::Downcast;
use ophi_runtime::protocol::steps::Steps;
use ophi_runtime::{Args, Res, TypeRef, Value, Vm};

pub struct Compress {
    data: Steps,
    selectors: Steps,
}
trace_fields!(Compress { data, selectors });
iterator!(
    Compress,
    COMPRESS,
    "compress",
    "compress(data, selectors)\n--\n\nThose items of data whose selector is true.",
    new_compress,
    compress_next
);

fn new_compress(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    static SIGNATURE: Signature =
        Signature { text: "(data, selectors)", parameters: &[parameter("data", true), parameter("selectors", true)] };
    let mut bound = [None; 2];
    bind(vm, Some(&SIGNATURE), "compress", args, &mut bound)?;
    let [Some(data), Some(selectors)] = bound else { return Err(vm.type_error("compress() missing arguments")) };
    let payload = Compress { data: Steps::over(vm, data)?, selectors: Steps::over(vm, selectors)? };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn compress_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Compress>() else { return Ok(None) };
    loop {
        let Some(item) = own.data.next(vm)? else { return Ok(None) };
        let Some(selector) = own.selectors.next(vm)? else { return Ok(None) };
        if vm.is_true(&selector)? {
            return Ok(Some(item));
        }
    }
}

fn predicate_and_source<'a>(
    vm: &Vm,
    cls: &TypeRef,
    base: &TypeRef,
    name: &str,
    args: Args<'a>,
) -> Res<(&'a Value, Steps)> {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, base, args, name)?;
    let given = args.check_positional(vm, name, 2, 2)?;
    Ok((&given[0], Steps::over(vm, &given[1])?))
}

fn holds(vm: &Vm, predicate: &Value, item: &Value) -> Res<bool> {
    let verdict = vm.call(predicate, core::slice::from_ref(item))?;
    vm.is_true(&verdict)
}

pub struct DropWhile {
    predicate: Value,
    source: Steps,
    started: Cell<bool>,
}
trace_fields!(DropWhile { predicate, source });
iterator!(
    DropWhile,
    DROP_WHILE,
    "dropwhile",
    "dropwhile(predicate, iterable, /)\n--\n\nThe items from the first one on for which the predicate is false.",
    new_drop_while,
    drop_while_next
);

fn new_drop_while(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let (predicate, source) = predicate_and_source(vm, cls, vm.ty(&DROP_WHILE), "dropwhile", args)?;
    let payload = DropWhile { predicate: predicate.clone(), source, started: Cell::new(false) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn drop_while_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<DropWhile>() else { return Ok(None) };
    loop {
        let Some(item) = own.source.next(vm)? else { return Ok(None) };
        if own.started.get() {
            return Ok(Some(item));
        }
        if !holds(vm, &own.predicate, &item)? {
            own.started.set(true);
            return Ok(Some(item));
        }
    }
}

pub struct TakeWhile {
    predicate: Value,
    source: Steps,
    stopped: Cell<bool>,
}
trace_fields!(TakeWhile { predicate, source });
iterator!(
    TakeWhile,
    TAKE_WHILE,
    "takewhile",
    "takewhile(predicate, iterable, /)\n--\n\nThe items up to, and without, the first one for which the predicate is false.",
    new_take_while,
    take_while_next
);

fn new_take_while(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let (predicate, source) = predicate_and_source(vm, cls, vm.ty(&TAKE_WHILE), "takewhile", args)?;
    let payload = TakeWhile { predicate: predicate.clone(), source, stopped: Cell::new(false) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn take_while_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<TakeWhile>() else { return Ok(None) };
    if own.stopped.get() {
        return Ok(None);
    }
    let Some(item) = own.source.next(vm)? else { return Ok(None) };
    if holds(vm, &own.predicate, &item)? {
        return Ok(Some(item));
    }
    own.stopped.set(true);
    Ok(None)
}

pub struct FilterFalse {
    predicate: Value,
    source: Steps,
}
trace_fields!(FilterFalse { predicate, source });
iterator!(
    FilterFalse,
    FILTER_FALSE,
    "filterfalse",
    "filterfalse(function, iterable, /)\n--\n\nThe items for which the function is false; with None, those that are false themselves.",
    new_filter_false,
    filter_false_next
);

fn new_filter_false(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    let (predicate, source) = predicate_and_source(vm, cls, vm.ty(&FILTER_FALSE), "filterfalse", args)?;
    let payload = FilterFalse { predicate: predicate.clone(), source };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn filter_false_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<FilterFalse>() else { return Ok(None) };
    let plain = own.predicate.is_none() || own.predicate.is(vm.ty(&ophi_runtime::objects::int::BOOL).as_value());
    while let Some(item) = own.source.next(vm)? {
        let good = if plain { vm.is_true(&item)? } else { holds(vm, &own.predicate, &item)? };
        if !good {
            return Ok(Some(item));
        }
    }
    Ok(None)
}

pub struct Slice {
    source: Steps,
    next: Cell<usize>,
    /// `None`: no end.
    stop: Option<usize>,
    step: usize,
    count: Cell<usize>,
}
trace_fields!(Slice { source });
iterator!(
    Slice,
    ISLICE,
    "islice",
    "islice(iterable, stop) --> islice object\nislice(iterable, start, stop[, step]) --> islice object\n\nThe items at the positions that the slice names. What comes before start is skipped; stop may be None.",
    new_islice,
    islice_next
);

/// A bound: `None` for None; ValueError with `message` for everything that is no number from `min` on.
fn bound(vm: &Vm, value: &Value, min: isize, message: &str) -> Res<Option<usize>> {
    if value.is_none() {
        return Ok(None);
    }
    match vm.to_size(value) {
        Ok(n) if n >= min => Ok(Some(n as usize)),
        Ok(_) => Err(vm.value_error(message)),
        Err(raised) => {
            vm.forget(raised);
            Err(vm.value_error(message))
        }
    }
}

fn new_islice(vm: &Vm, cls: &TypeRef, args: Args<'_>) -> Res {
    ophi_runtime::objects::iterators::refuse_keywords(vm, cls, vm.ty(&ISLICE), args, "islice")?;
    let given = args.check_positional(vm, "islice", 2, 4)?;
    const STOP: &str = "Stop argument for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    const BOTH: &str = "Indices for islice() must be None or an integer: 0 <= x <= sys.maxsize.";
    let (start, stop) = match given {
        [_, stop] => (0, bound(vm, stop, 0, STOP)?),
        [_, start, stop, ..] => {
            let stop = bound(vm, stop, 0, STOP)?;
            (bound(vm, start, 0, BOTH)?.unwrap_or(0), stop)
        }
        _ => (0, None),
    };
    let step = match given.get(3) {
        Some(step) => bound(vm, step, 1, "Step for islice() must be a positive integer or None.")?.unwrap_or(1),
        None => 1,
    };
    let payload =
        Slice { source: Steps::over(vm, &given[0])?, next: Cell::new(start), stop, step, count: Cell::new(0) };
    Ok(vm.new_instance(cls, payload)?.into_value())
}

fn islice_next(vm: &Vm, this: &Value) -> Res<Option<Value>> {
    let Some(own) = this.downcast::<Slice>() else { return Ok(None) };
    if own.source.has_ended() {
        return Ok(None);
    }
    let end = || {
        own.source.end();
        Ok(None)
    };
    let wanted = own.next.get();
    let stop = own.stop.unwrap_or(usize::MAX);
    let passed = wanted.min(stop).saturating_sub(own.count.get());
    if passed > 0 && own.source.skip(passed) {
        own.count.set(own.count.get() + passed);
    }
    while own.count.get() < wanted && own.count.get() < stop {
        match own.source.next(vm)? {
            Some(_) => own.count.set(own.count.get() + 1),
            None => return end(),
        }
    }
    if own.count.get() >= stop {
        return end();
    }
    let Some(item) = own.source.next(vm)? else { return end() };
    own.count.set(own.count.get() + 1);
    own.next.set(wanted.saturating_add(own.step).min(stop));
    Ok(Some(item))
}
